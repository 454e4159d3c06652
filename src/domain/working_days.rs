//! The days on which the firm works: its weekdays, and the public holidays that it keeps, each with its name.
//!
//! Knows no zone and no store. Where a day off moves a letter is said here alone.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::refusal::{Faults, FieldFault};
use super::text;

/// Most holidays that are kept: those of a dozen years in a country of many.
pub const HOLIDAYS_MAX: usize = 500;
/// Longest name of a holiday, in characters.
pub const NAME_MAX: usize = 80;
/// What a holiday is called that has no name.
pub const UNNAMED: &str = "Public holiday";

/// The weekdays with their names and the words that forms have for them, Monday first.
pub const WEEKDAYS: [(Weekday, &str, &str); 7] = [
    (Weekday::Monday, "mon", "Monday"),
    (Weekday::Tuesday, "tue", "Tuesday"),
    (Weekday::Wednesday, "wed", "Wednesday"),
    (Weekday::Thursday, "thu", "Thursday"),
    (Weekday::Friday, "fri", "Friday"),
    (Weekday::Saturday, "sat", "Saturday"),
    (Weekday::Sunday, "sun", "Sunday"),
];

/// When the firm works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingDays {
    /// One bit for each weekday, Monday the lowest. Without any, every day counts as a working day.
    weekdays: u8,
    /// The days off beside, with their names.
    pub holidays: BTreeMap<Date, String>,
}

impl Default for WorkingDays {
    /// Monday to Friday, and no holidays.
    fn default() -> Self {
        Self { weekdays: 0b001_1111, holidays: BTreeMap::new() }
    }
}

impl WorkingDays {
    /// These weekdays, less these holidays.
    pub fn new(weekdays: impl IntoIterator<Item = Weekday>, holidays: BTreeMap<Date, String>) -> Self {
        let weekdays = weekdays.into_iter().fold(0, |all, day| all | bit(day));
        Self { weekdays, holidays }
    }

    /// Whether the firm works on this weekday, holidays apart.
    pub fn has(&self, weekday: Weekday) -> bool {
        self.weekdays & bit(weekday) != 0
    }

    /// Whether letters go on `day`.
    pub fn works(&self, day: Date) -> bool {
        (self.has(day.weekday()) && !self.holidays.contains_key(&day)) || self.weekdays == 0
    }

    /// `day` itself when it is a working day, else the last one before it.
    pub fn previous(&self, day: Date) -> Date {
        let mut day = day;
        while !self.works(day) {
            match day.yesterday() {
                Ok(earlier) => day = earlier,
                Err(_) => return day,
            }
        }
        day
    }

    /// `day` itself when it is a working day, else the first one after it.
    pub fn next(&self, day: Date) -> Date {
        let mut day = day;
        while !self.works(day) {
            match day.tomorrow() {
                Ok(later) => day = later,
                Err(_) => return day,
            }
        }
        day
    }

    /// Why a letter of `day` does not go on it: the holidays between that day and the one on which it goes, or that no
    /// work is done; `None` when it stays.
    pub fn why_moved(&self, day: Date, to: Date) -> Option<String> {
        if day == to {
            return None;
        }
        let between = self.holidays.range(day.min(to)..=day.max(to));
        let mut names: Vec<&str> = between.map(|x| x.1.as_str()).collect();
        names.dedup();
        Some(if names.is_empty() { "not a working day".to_owned() } else { names.join(", ") })
    }

    /// The weekdays in words: "Monday to Friday", "Monday, Wednesday and Friday".
    pub fn weekday_words(&self) -> String {
        let held: Vec<usize> = (0..WEEKDAYS.len()).filter(|n| self.has(WEEKDAYS[*n].0)).collect();
        let name = |n: &usize| WEEKDAYS[*n].2;
        match held.as_slice() {
            [] => "every day".to_owned(),
            [only] => name(only).to_owned(),
            [first, .., last] if held.len() > 2 && last - first + 1 == held.len() => {
                format!("{} to {}", name(first), name(last))
            }
            [most @ .., last] => format!("{} and {}", most.iter().map(name).collect::<Vec<_>>().join(", "), name(last)),
        }
    }

    /// Whether it can be kept.
    pub fn check(&self, faults: &mut Faults) {
        if self.weekdays == 0 {
            faults.add("weekdays", "Choose at least one day of the week.");
        }
        if self.holidays.len() > HOLIDAYS_MAX {
            faults.add("holidays", format!("At most {HOLIDAYS_MAX} holidays can be kept. Leave out past ones."));
        }
    }

    /// The holidays as text, one a line: "2027-03-17 St Patrick’s Day".
    pub fn lines(&self) -> String {
        self.holidays.iter().map(|(day, name)| format!("{day} {name}\n")).collect()
    }
}

fn bit(weekday: Weekday) -> u8 {
    1 << weekday.to_monday_zero_offset()
}

/// Adds a holiday; two of one day share it, each named once.
pub fn add(holidays: &mut BTreeMap<Date, String>, day: Date, name: &str) {
    let name = if name.is_empty() { UNNAMED } else { name };
    match holidays.get_mut(&day) {
        None => {
            holidays.insert(day, name.to_owned());
        }
        Some(known) if known.split(", ").any(|x| x == name) || known.chars().count() + name.len() > NAME_MAX => {}
        Some(known) => known.push_str(&format!(", {name}")),
    }
}

/// Reads holidays, one a line: the date and the name.
///
/// # Errors
/// Names `field`, with the first line that is no holiday.
pub fn read(field: &str, typed: &str) -> Result<BTreeMap<Date, String>, FieldFault> {
    let mut out = BTreeMap::new();
    for (n, typed) in typed.lines().enumerate().filter(|line| !line.1.trim().is_empty()) {
        let (day, name) = typed.trim().split_once(char::is_whitespace).unwrap_or((typed.trim(), ""));
        let fault = |what: &str| FieldFault::new(field, format!("Line {}: {what}", n + 1));
        let day = day.parse::<Date>().ok().filter(|_| day.len() == 10);
        let day = day.ok_or_else(|| fault("begin it with a date, like 2026-12-25, then the name."))?;
        let name = text::line(field, name, NAME_MAX).map_err(|x| fault(&x.message))?;
        add(&mut out, day, &name);
    }
    Ok(out)
}

/// What `new` does otherwise than `old`, a sentence for each difference.
pub fn differences(old: &WorkingDays, new: &WorkingDays, date: impl Fn(Date) -> String) -> Vec<String> {
    let mut out = Vec::new();
    if old.weekdays != new.weekdays {
        out.push(format!("Working days: {}; before: {}.", new.weekday_words(), old.weekday_words()));
    }
    let (added, gone) = (missing_in(&old.holidays, &new.holidays), missing_in(&new.holidays, &old.holidays));
    out.extend(told("Added", &added, &date));
    out.extend(told("Removed", &gone, &date));
    let renamed = new.holidays.iter().filter(|(day, name)| old.holidays.get(day).is_some_and(|x| x != *name)).count();
    if renamed > 0 {
        out.push(format!(
            "{renamed} of the public holidays {} another name.",
            if renamed == 1 { "has" } else { "have" }
        ));
    }
    out
}

fn missing_in<'d>(here: &BTreeMap<Date, String>, of: &'d BTreeMap<Date, String>) -> Vec<(Date, &'d str)> {
    of.iter().filter(|x| !here.contains_key(x.0)).map(|(day, name)| (*day, name.as_str())).collect()
}

/// Days that a sentence names; the others are counted.
const NAMED_MAX: usize = 4;

fn told(what: &str, days: &[(Date, &str)], date: impl Fn(Date) -> String) -> Option<String> {
    let first: Vec<String> =
        days.iter().take(NAMED_MAX).map(|(day, name)| format!("{name} ({})", date(*day))).collect();
    let more = days.len().saturating_sub(NAMED_MAX);
    let noun = if days.len() == 1 { "public holiday" } else { "public holidays" };
    let and = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!days.is_empty()).then(|| format!("{what}: {} {noun}: {}{and}.", days.len(), first.join(", ")))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn easter() -> WorkingDays {
        let text = "2026-04-03 Good Friday\n\n2026-04-06 Easter Monday\n2026-05-25\tWhit Monday\n2026-12-25\n";
        WorkingDays { holidays: read("holidays", text).unwrap(), ..WorkingDays::default() }
    }

    #[test]
    fn holidays_move_a_day_across_weekends_and_say_why() {
        let days = easter();
        let table = [
            (date(2026, 4, 2), date(2026, 4, 2), date(2026, 4, 2)),
            (date(2026, 4, 3), date(2026, 4, 2), date(2026, 4, 7)),
            (date(2026, 4, 5), date(2026, 4, 2), date(2026, 4, 7)),
            (date(2026, 5, 25), date(2026, 5, 22), date(2026, 5, 26)),
        ];
        for (day, before, after) in table {
            assert_eq!((days.previous(day), days.next(day)), (before, after), "{day}");
        }
        let why = |from: Date, to| days.why_moved(from, to);
        assert_eq!(why(date(2026, 5, 25), date(2026, 5, 26)).as_deref(), Some("Whit Monday"));
        assert_eq!(why(date(2026, 4, 5), date(2026, 4, 7)).as_deref(), Some("Easter Monday"));
        assert_eq!(why(date(2026, 4, 5), date(2026, 4, 2)).as_deref(), Some("Good Friday"));
        assert_eq!(why(date(2026, 4, 11), date(2026, 4, 13)).as_deref(), Some("not a working day"));
        assert_eq!(why(date(2026, 4, 2), date(2026, 4, 2)), None);
        assert_eq!(days.holidays[&date(2026, 12, 25)], UNNAMED);
    }

    #[test]
    fn weekdays_are_told_as_people_say_them() {
        let words = |days: &[Weekday]| WorkingDays::new(days.iter().copied(), BTreeMap::new()).weekday_words();
        use Weekday::*;
        assert_eq!(WorkingDays::default().weekday_words(), "Monday to Friday");
        assert_eq!(
            words(&[Sunday, Monday, Tuesday, Wednesday, Thursday]),
            "Monday, Tuesday, Wednesday, Thursday and Sunday"
        );
        assert_eq!(words(&[Monday, Tuesday]), "Monday and Tuesday");
        assert_eq!(words(&[Friday]), "Friday");
    }

    #[test]
    fn each_line_is_a_date_and_a_name_and_a_wrong_one_is_pointed_at() {
        assert_eq!(read("holidays", &easter().lines()).unwrap(), easter().holidays, "what is shown reads back");
        for (bad, line) in [("2026-12-25 Christmas\n26/12/2026 St Stephen’s", "Line 2"), ("Christmas", "Line 1")] {
            let fault = read("holidays", bad).unwrap_err();
            assert!(fault.field == "holidays" && fault.message.starts_with(line), "{fault:?}");
        }
        assert!(read("holidays", &format!("2026-12-25 {}", "x".repeat(NAME_MAX + 1))).is_err());
        let twice = read("holidays", "2026-05-14 Ascension\n2026-05-14 Town fair\n2026-05-14 Ascension").unwrap();
        assert_eq!(twice[&date(2026, 5, 14)], "Ascension, Town fair");
    }

    #[test]
    fn differences_name_the_first_holidays_and_count_the_others() {
        let (old, new) = (WorkingDays::default(), easter());
        let say = |old: &WorkingDays, new: &WorkingDays| differences(old, new, |day| day.to_string());
        let told = "Added: 4 public holidays: Good Friday (2026-04-03), Easter Monday (2026-04-06), Whit Monday \
                    (2026-05-25), Public holiday (2026-12-25).";
        assert_eq!(say(&old, &new), [told]);
        let mut fewer = new.clone();
        fewer.holidays.remove(&date(2026, 12, 25));
        assert_eq!(say(&new, &fewer), ["Removed: 1 public holiday: Public holiday (2026-12-25)."]);
        let all_week = WorkingDays::new(WEEKDAYS.map(|x| x.0), BTreeMap::new());
        assert_eq!(say(&old, &all_week), ["Working days: Monday to Sunday; before: Monday to Friday."]);
        let mut faults = Faults::default();
        WorkingDays::new([], BTreeMap::new()).check(&mut faults);
        assert!(!faults.is_empty());
    }

    proptest! {
        #[test]
        fn the_day_found_is_the_nearest_working_day_on_its_side(
            bits in 1_u8..128, off in prop::collection::btree_set(0_i64..60, 0..40), from in 0_i64..60,
        ) {
            let start = date(2026, 3, 1);
            let day = |n: i64| start + jiff::Span::new().days(n);
            let weekdays = WEEKDAYS.iter().enumerate().filter(|(n, _)| bits & (1 << n) != 0).map(|x| x.1.0);
            let days = WorkingDays::new(weekdays, off.iter().map(|n| (day(*n), UNNAMED.to_owned())).collect());
            let (before, after) = (days.previous(day(from)), days.next(day(from)));
            prop_assert!(days.works(before) && days.works(after) && before <= day(from) && day(from) <= after);
            let mut between = before.series(jiff::Span::new().days(1)).skip(1).take_while(|x| *x < after);
            prop_assert!(!between.any(|x| days.works(x) && x != day(from)));
        }
    }
}
