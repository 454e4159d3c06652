//! The public holidays of whole countries, by the rules of a library: they need no file and no network.
//!
//! Knows no policy and no clock. Holidays of a state, canton or town are not among them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use holidays_rs::{Calendar, Country};
use jiff::civil::Date;

use super::working_days::{NAME_MAX, add};

/// Left out, since most of their holidays are set by decree from year to year.
const BY_DECREE: [Country; 1] = [Country::Indonesia];

/// The English names of the countries whose holidays are known, in their order.
pub fn countries() -> Vec<&'static str> {
    let mut names: Vec<&str> = known().map(Country::name).collect();
    names.sort_unstable();
    names
}

fn known() -> impl Iterator<Item = Country> {
    Country::ALL.iter().copied().filter(|country| !BY_DECREE.contains(country))
}

/// The holidays of these years in the country of that English name, on the days on which they are kept, by their names
/// there; `None` when the country is not known.
pub fn of(country: &str, years: RangeInclusive<i16>) -> Option<BTreeMap<Date, String>> {
    let calendar = Calendar::new(known().find(|known| known.name() == country)?);
    let mut out = BTreeMap::new();
    for (day, name) in years.flat_map(|year| calendar.holidays_in(i32::from(year))) {
        let (Ok(year), Ok(month), Ok(date)) = (day.year.try_into(), day.month.try_into(), day.day.try_into()) else {
            continue;
        };
        let Ok(day) = Date::new(year, month, date) else { continue };
        add(&mut out, day, &name.chars().take(NAME_MAX).collect::<String>());
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::working_days::{HOLIDAYS_MAX, WorkingDays, read};

    #[test]
    fn they_fall_where_governments_say() {
        // As published: gov.uk, citizensinformation.ie, opm.gov, bmi.bund.de, service-public.gouv.fr.
        for (country, day, name) in [
            ("United Kingdom", date(2027, 12, 27), "Christmas"),
            ("United Kingdom", date(2027, 12, 28), "Boxing"),
            ("Ireland", date(2026, 2, 2), "Brigid"),
            ("Ireland", date(2026, 3, 17), "Patrick"),
            ("United States", date(2026, 7, 3), "Independence"),
            ("United States", date(2026, 11, 26), "Thanksgiving"),
            ("Germany", date(2027, 3, 29), "Ostermontag"),
            ("Germany", date(2026, 10, 3), "Einheit"),
            ("France", date(2027, 5, 6), "Ascension"),
            ("Netherlands", date(2027, 4, 27), "Koning"),
            ("Greece", date(2026, 4, 13), ""),
        ] {
            let found = of(country, 2026..=2027).unwrap();
            assert!(found.get(&day).is_some_and(|x| x.contains(name)), "{country} {day} {found:?}");
        }
        assert_eq!(of("Atlantis", 2026..=2027), None);
        assert_eq!(of("Indonesia", 2026..=2027), None);
    }

    #[test]
    fn each_country_s_of_a_dozen_years_can_be_kept_and_read_back() {
        let all = countries();
        assert!(all.len() > 80 && all.is_sorted(), "{all:?}");
        for country in all {
            let holidays = of(country, 2026..=2037).unwrap();
            assert!((12 * 4..=HOLIDAYS_MAX).contains(&holidays.len()), "{country}: {}", holidays.len());
            let days = WorkingDays::new([], holidays);
            assert_eq!(read("holidays", &days.lines()).unwrap(), days.holidays, "{country}");
        }
    }
}
