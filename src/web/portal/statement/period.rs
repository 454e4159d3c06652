//! From when to when a statement goes: reading it, and the periods that are offered.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::format::Format;
use crate::domain::refusal::FieldFault;
use crate::web::forms::{Fields, date_within_years};

/// Whole months before the present one in the period that is shown first.
const MONTHS_BEFORE: i32 = 2;
const MONTHS_OF_QUARTER: i8 = 3;

/// Two civil dates, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

impl Period {
    /// The period of a query; without dates, the present month and those just before it.
    ///
    /// # Errors
    /// Every field to mend.
    pub fn read(query: &Fields, today: Date) -> Result<Self, Vec<FieldFault>> {
        let usual = Self::usual(today);
        let mut faults = Vec::new();
        let mut one = |name: &str, usual: Date| {
            let typed = query.get(name).trim();
            let read = if typed.is_empty() { Ok(usual) } else { date_within_years(name, typed) };
            read.unwrap_or_else(|fault| {
                faults.push(fault);
                usual
            })
        };
        let to = one("to", usual.to);
        let from = one("from", usual.from.min(to.first_of_month()));
        if faults.is_empty() && from > to {
            faults.push(FieldFault::new("to", "The last day must be the first day or later."));
        }
        if faults.is_empty() { Ok(Self { from, to }) } else { Err(faults) }
    }

    fn usual(today: Date) -> Self {
        let first = today.first_of_month();
        Self { from: first.checked_sub(MONTHS_BEFORE.months()).unwrap_or(first), to: today }
    }

    /// The periods that the page offers, each to today at the latest.
    pub fn offered(today: Date) -> Vec<(String, Self)> {
        let first = |month: i8| Date::new(today.year(), month, 1).unwrap_or(today);
        let quarter = (today.month() - 1) / MONTHS_OF_QUARTER * MONTHS_OF_QUARTER + 1;
        let last_year = today.year() - 1;
        let whole = Date::new(last_year, 1, 1).and_then(|from| Ok(Self { from, to: Date::new(last_year, 12, 31)? }));
        let mut all = vec![
            ("This month".to_owned(), Self { from: today.first_of_month(), to: today }),
            ("This quarter".to_owned(), Self { from: first(quarter), to: today }),
            (today.year().to_string(), Self { from: first(1), to: today }),
        ];
        all.extend(whole.ok().map(|period| (last_year.to_string(), period)));
        all
    }

    /// The address of the statement of this period.
    pub fn address(&self) -> String {
        format!("/statement?from={}&to={}", self.from, self.to)
    }

    /// The address of its file.
    pub fn file(&self, format: Format) -> String {
        format!("/statement.{}?from={}&to={}", format.ending(), self.from, self.to)
    }

    /// As the form's fields.
    pub fn as_fields(&self) -> Fields {
        Fields::of([("from", self.from.to_string()), ("to", self.to.to_string())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;

    #[test]
    fn a_period_is_read_or_each_bad_date_is_named() {
        let today = day(2026, 11, 23);
        let read = |from: &str, to: &str| Period::read(&Fields::of([("from", from), ("to", to)]), today);
        assert_eq!(read("", "").unwrap(), Period { from: day(2026, 9, 1), to: today });
        assert_eq!(read("2026-01-01", "31.3.2026").unwrap(), Period { from: day(2026, 1, 1), to: day(2026, 3, 31) });
        assert_eq!(read("", "2020-05-20").unwrap().from, day(2020, 5, 1));
        let named = |from: &str, to: &str| {
            read(from, to).unwrap_err().into_iter().map(|f| f.field).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(named("x", "9999-01-01"), "to from");
        assert_eq!(named("2026-02-01", "2026-01-01"), "to");
    }

    #[test]
    fn the_offered_periods_start_where_their_names_say() {
        let offered = Period::offered(day(2026, 11, 23));
        let from: Vec<String> = offered.iter().map(|(words, p)| format!("{words} {} {}", p.from, p.to)).collect();
        assert_eq!(
            from,
            [
                "This month 2026-11-01 2026-11-23",
                "This quarter 2026-10-01 2026-11-23",
                "2026 2026-01-01 2026-11-23",
                "2025 2025-01-01 2025-12-31",
            ]
        );
    }
}
