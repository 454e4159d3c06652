//! Public holidays out of a calendar file (RFC 5545), as other programs and public offices hand them out.
//!
//! All-day events count, once or every year; what is of a time of day, or recurs in a way that is not understood, is
//! named and left out. Knows nothing of policies.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use icalendar::parser::{Component, Property, read_calendar, unfold};
use jiff::Span;
use jiff::civil::{Date, Weekday};

use crate::domain::text;
use crate::domain::working_days::{NAME_MAX, UNNAMED, add};

/// Largest file, in bytes: a holiday takes a few hundred.
pub const BYTES_MAX: usize = 1 << 20;
/// Most events of a file.
const EVENTS_MAX: usize = 5_000;
/// How deep components may lie in each other; the reader goes down by recursion.
const DEPTH_MAX: usize = 5;
/// Longest event, in days.
const DAYS_MAX: i32 = 31;
/// The earliest year in which something that recurs may begin.
const BEGINS: i16 = 1_900;

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Days with their names.
    pub holidays: BTreeMap<Date, String>,
    /// Events that were left out, each with why.
    pub left_out: Vec<String>,
}

/// Reads the holidays of these years.
///
/// # Errors
/// In a sentence, when it is no calendar file, or too large.
pub fn holidays(bytes: &[u8], years: RangeInclusive<i16>) -> Result<Found, String> {
    const NONE: &str = "This is no calendar file. Choose one whose name ends in .ics.";
    if bytes.len() > BYTES_MAX {
        return Err("The file is larger than 1 MB. Choose one with the holidays alone.".to_owned());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| NONE.to_owned())?.trim_start_matches('\u{feff}');
    if !shallow(text) {
        return Err(NONE.to_owned());
    }
    let unfolded = unfold(text);
    let calendar = read_calendar(&unfolded).map_err(|_| NONE.to_owned())?;
    let events: Vec<&Component<'_>> = calendar.components.iter().filter(|x| x.name.as_str() == "VEVENT").collect();
    if events.len() > EVENTS_MAX {
        return Err(format!("The file has more than {EVENTS_MAX} events. Choose one with the holidays alone."));
    }
    // An occurrence that was moved stands as an event of its own, and not where the rule has it.
    let moved = events.iter().filter_map(|x| Some((value(x, "UID")?, day(value(x, "RECURRENCE-ID")?)?)));
    let moved: BTreeSet<(&str, Date)> = moved.collect();
    let mut found = Found::default();
    for event in events.into_iter().filter(|x| value(x, "STATUS") != Some("CANCELLED")) {
        let name = name(event);
        match days(event, &years, &moved) {
            Ok(days) => days.into_iter().for_each(|day| add(&mut found.holidays, day, &name)),
            Err(why) => found.left_out.push(format!("{name}: {why}")),
        }
    }
    Ok(found)
}

/// Whether components begin and end as they should, and not too deep.
fn shallow(text: &str) -> bool {
    let mut depth = 0_usize;
    for line in text.lines() {
        let head = line.get(..6).unwrap_or_default().to_ascii_uppercase();
        if head == "BEGIN:" {
            depth += 1;
        } else if head.starts_with("END:") {
            match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            }
        }
        if depth > DEPTH_MAX {
            return false;
        }
    }
    depth == 0 && text.trim_start().starts_with("BEGIN:VCALENDAR")
}

fn property<'c>(event: &'c Component<'_>, name: &str) -> Option<&'c Property<'c>> {
    event.find_prop(name)
}

fn value<'c>(event: &'c Component<'_>, name: &str) -> Option<&'c str> {
    Some(property(event, name)?.val.as_str().trim())
}

fn name(event: &Component<'_>) -> String {
    let raw = value(event, "SUMMARY").unwrap_or_default();
    let plain = raw.chars().map(|c| if c.is_control() { ' ' } else { c });
    let plain: String = plain.filter(|c| !text::is_deceptive(*c)).take(NAME_MAX).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.is_empty() { UNNAMED.to_owned() } else { plain }
}

/// `20261225`, and nothing with a time of day.
fn day(text: &str) -> Option<Date> {
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    let part = |from, to| text.get(from..to)?.parse::<i16>().ok();
    let small = |n: i16| i8::try_from(n).ok();
    digits.then_some(())?;
    Date::new(part(0, 4)?, small(part(4, 6)?)?, small(part(6, 8)?)?).ok()
}

/// The days of an event within `years`, or why it is left out.
fn days(
    event: &Component<'_>,
    years: &RangeInclusive<i16>,
    moved: &BTreeSet<(&str, Date)>,
) -> Result<BTreeSet<Date>, &'static str> {
    let start = value(event, "DTSTART").ok_or("it has no date")?;
    let start = day(start).ok_or("it is at a time of day, and no whole day")?;
    let long = length(event, start)?;
    let mut begins: BTreeSet<Date> = match value(event, "RRULE") {
        None => [start].into(),
        Some(rule) => Rule::read(rule)?.days(start, *years.end())?,
    };
    let uid = value(event, "UID").unwrap_or_default();
    let own = property(event, "RECURRENCE-ID").is_some();
    begins.retain(|day| own || !moved.contains(&(uid, *day)));
    for p in event.properties.iter() {
        let listed = p.val.as_str().split(',').filter_map(|x| day(x.trim()));
        match p.name.as_str() {
            "EXDATE" => listed.for_each(|day| {
                begins.remove(&day);
            }),
            "RDATE" => begins.extend(listed),
            _ => {}
        }
    }
    let whole = |day: Date| (0..long).map(move |n| day.saturating_add(Span::new().days(n)));
    Ok(begins.into_iter().flat_map(whole).filter(|day| years.contains(&day.year())).collect())
}

/// How many days an event lasts.
fn length(event: &Component<'_>, start: Date) -> Result<i32, &'static str> {
    const LONG: &str = "it lasts too long for a holiday";
    let days = match (value(event, "DTEND"), value(event, "DURATION")) {
        (Some(end), _) => (day(end).ok_or("it ends at a time of day")? - start).get_days(),
        (None, Some(duration)) => {
            let n = duration.strip_prefix('P').and_then(|x| x.strip_suffix('D').map(|n| n.parse::<i32>()));
            n.and_then(Result::ok).ok_or("its length is not one of whole days")?
        }
        (None, None) => 1,
    };
    // Some programs write the day itself where the first day after it belongs.
    if days > DAYS_MAX { Err(LONG) } else { Ok(days.max(1)) }
}

/// A rule of what comes every year, or every few.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rule {
    interval: u32,
    count: Option<u32>,
    until: Option<Date>,
    months: Vec<i8>,
    month_days: Vec<i8>,
    /// Weekdays, each with its number within the month, or within the year without months; 0 for all of them.
    weekdays: Vec<(i16, Weekday)>,
}

impl Rule {
    fn read(text: &str) -> Result<Self, &'static str> {
        const OTHER: &str = "it recurs in a way that is not understood here";
        let mut rule = Self { interval: 1, ..Self::default() };
        let mut yearly = false;
        for part in text.split(';').filter(|x| !x.is_empty()) {
            let (key, value) = part.split_once('=').ok_or(OTHER)?;
            let all = || value.split(',');
            match key.to_ascii_uppercase().as_str() {
                "FREQ" => yearly = value.eq_ignore_ascii_case("YEARLY"),
                "INTERVAL" => rule.interval = value.parse().ok().filter(|n| (1..=100).contains(n)).ok_or(OTHER)?,
                "COUNT" => rule.count = Some(value.parse().map_err(|_| OTHER)?),
                "UNTIL" => rule.until = Some(value.get(..8).and_then(day).ok_or(OTHER)?),
                "BYMONTH" => {
                    rule.months = all().map(|x| x.parse().map_err(|_| OTHER)).collect::<Result<_, _>>()?;
                }
                "BYMONTHDAY" => {
                    rule.month_days = all().map(|x| x.parse().map_err(|_| OTHER)).collect::<Result<_, _>>()?;
                }
                "BYDAY" => rule.weekdays = all().map(|x| weekday(x).ok_or(OTHER)).collect::<Result<_, _>>()?,
                "WKST" => {}
                _ => return Err(OTHER),
            }
        }
        if yearly { Ok(rule) } else { Err(OTHER) }
    }

    /// The days on which it falls, from `start` to the end of the year `last`.
    fn days(&self, start: Date, last: i16) -> Result<BTreeSet<Date>, &'static str> {
        if start.year() < BEGINS {
            return Err("it begins too long ago");
        }
        let step = usize::try_from(self.interval).unwrap_or(1);
        let all = (start.year()..=last).step_by(step).flat_map(|year| self.of_year(year, start));
        let until = self.until.unwrap_or(Date::MAX);
        let count = self.count.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        Ok(all.filter(|day| *day >= start).take_while(|day| *day <= until).take(count).collect())
    }

    fn of_year(&self, year: i16, start: Date) -> Vec<Date> {
        if self.month_days.is_empty() && self.weekdays.is_empty() {
            let own = [start.month()];
            let months = if self.months.is_empty() { &own[..] } else { &self.months };
            return months.iter().filter_map(|month| Date::new(year, *month, start.day()).ok()).collect();
        }
        let Ok(first) = Date::new(year, 1, 1) else { return Vec::new() };
        let within = first.series(Span::new().days(1)).take_while(|day| day.year() == year);
        within.filter(|day| self.falls_on(*day)).collect()
    }

    fn falls_on(&self, day: Date) -> bool {
        let last = day.days_in_month();
        let month = self.months.is_empty() || self.months.contains(&day.month());
        let month_day = |n: &i8| *n == day.day() || (*n < 0 && last + 1 + *n == day.day());
        let month_day = self.month_days.is_empty() || self.month_days.iter().any(month_day);
        month && month_day && (self.weekdays.is_empty() || self.weekdays.iter().any(|x| self.is_weekday(day, *x)))
    }

    fn is_weekday(&self, day: Date, (n, weekday): (i16, Weekday)) -> bool {
        let (place, days) = if self.months.is_empty() {
            (day.day_of_year(), day.days_in_year())
        } else {
            (i16::from(day.day()), i16::from(day.days_in_month()))
        };
        let nth = match n {
            0 => true,
            1.. => (place - 1) / 7 + 1 == n,
            _ => (days - place) / 7 + 1 == -n,
        };
        day.weekday() == weekday && nth
    }
}

/// `MO`, `1MO`, `-1MO`.
fn weekday(text: &str) -> Option<(i16, Weekday)> {
    let (n, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let weekday = match name {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    };
    Some((if n.is_empty() { 0 } else { n.parse().ok()? }, weekday))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn file(events: &[&str]) -> String {
        let events: Vec<String> = events.iter().map(|x| format!("BEGIN:VEVENT\r\n{x}\r\nEND:VEVENT\r\n")).collect();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\n{}END:VCALENDAR\r\n", events.concat())
    }

    fn read(events: &[&str]) -> Found {
        holidays(file(events).as_bytes(), 2026..=2028).unwrap()
    }

    fn shown(found: &Found) -> Vec<String> {
        found.holidays.iter().map(|(day, name)| format!("{day} {name}")).collect()
    }

    #[test]
    fn whole_days_come_in_with_their_names_and_others_are_named() {
        let found = read(&[
            "UID:1\r\nDTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261227\r\nSUMMARY:Christmas\\, both days",
            "UID:2\r\nDTSTART;VALUE=DATE:20270317\r\nSUMMARY;LANGUAGE=en:St Pat\r\n rick’s Day\r\nTRANSP:TRANSPARENT",
            "UID:3\r\nDTSTART:20270101T090000Z\r\nSUMMARY:Meeting",
            "UID:4\r\nDTSTART;VALUE=DATE:20270501\r\nSTATUS:CANCELLED\r\nSUMMARY:Not held",
            "UID:5\r\nDTSTART;VALUE=DATE:20251225\r\nSUMMARY:Long ago",
            "UID:6\r\nDTSTART;VALUE=DATE:20270601\r\nDTEND;VALUE=DATE:20270901\r\nSUMMARY:Summer",
            "UID:7\r\nDTSTART;VALUE=DATE:20270106\r\nDURATION:P1D",
        ]);
        let expected = [
            "2026-12-25 Christmas, both days",
            "2026-12-26 Christmas, both days",
            "2027-01-06 Public holiday",
            "2027-03-17 St Patrick’s Day",
        ];
        assert_eq!(shown(&found), expected);
        let left = ["Meeting: it is at a time of day, and no whole day", "Summer: it lasts too long for a holiday"];
        assert_eq!(found.left_out, left);
    }

    #[test]
    fn what_recurs_every_year_falls_where_the_standard_says() {
        let rule = |start: &str, rule: &str| {
            let found = read(&[&format!("DTSTART;VALUE=DATE:{start}\r\nRRULE:{rule}\r\nSUMMARY:X")]);
            if found.left_out.is_empty() {
                found.holidays.into_keys().map(|x| x.to_string()).collect()
            } else {
                found.left_out
            }
        };
        let table: [(&str, &str, &[&str]); 9] = [
            ("20001225", "FREQ=YEARLY", &["2026-12-25", "2027-12-25", "2028-12-25"]),
            ("20000229", "FREQ=YEARLY", &["2028-02-29"]),
            // The last Monday in May, and the first one in a year.
            ("20200525", "FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO", &["2026-05-25", "2027-05-31", "2028-05-29"]),
            ("20200106", "FREQ=YEARLY;BYDAY=1MO", &["2026-01-05", "2027-01-04", "2028-01-03"]),
            ("20200831", "FREQ=YEARLY;BYMONTH=8;BYMONTHDAY=-1", &["2026-08-31", "2027-08-31", "2028-08-31"]),
            ("20250501", "FREQ=YEARLY;COUNT=2", &["2026-05-01"]),
            ("20200501", "FREQ=YEARLY;UNTIL=20270430", &["2026-05-01"]),
            ("20200501", "FREQ=YEARLY;INTERVAL=4;WKST=MO", &["2028-05-01"]),
            ("20200501", "FREQ=MONTHLY", &["X: it recurs in a way that is not understood here"]),
        ];
        for (start, text, expected) in table {
            assert_eq!(rule(start, text), expected, "{start} {text}");
        }
    }

    #[test]
    fn exceptions_and_moved_occurrences_are_kept_to() {
        let found = read(&[
            "UID:1\r\nDTSTART;VALUE=DATE:20250501\r\nRRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20260501\r\nSUMMARY:May Day",
            "UID:1\r\nRECURRENCE-ID;VALUE=DATE:20270501\r\nDTSTART;VALUE=DATE:20270503\r\nSUMMARY:May Day (observed)",
        ]);
        assert_eq!(shown(&found), ["2027-05-03 May Day (observed)", "2028-05-01 May Day"]);
    }

    #[test]
    fn what_is_no_calendar_is_refused_and_nothing_makes_the_reader_fall() {
        let deep = format!("{}{}", "BEGIN:VCALENDAR\n".repeat(50_000), "END:VCALENDAR\n".repeat(50_000));
        let large = " ".repeat(BYTES_MAX + 1);
        let cut = file(&["DTSTART;VALUE=DATE:20261225"]);
        for bad in ["", "PK\u{3}\u{4}", "BEGIN:VCALENDAR", "BEGIN:VCALENDAR\nEND:VEVENT", &deep, &large, &cut[..60]] {
            assert!(holidays(bad.as_bytes(), 2026..=2028).is_err(), "{}", &bad[..bad.len().min(40)]);
        }
        assert!(holidays(&[0xff, 0xfe], 2026..=2028).is_err());
        let odd = read(&["SUMMARY:\\", "DTSTART:€€€", "DTSTART;VALUE=DATE:20261301\r\nRRULE:BYDAY=€", "RRULE:FREQ"]);
        assert_eq!((odd.holidays.len(), odd.left_out.len()), (0, 4));
        assert_eq!(
            shown(&read(&["DTSTART;VALUE=DATE:20261231\r\nDTEND:20261231\r\nSUMMARY:a\\nb\\\\c\\;"])),
            ["2026-12-31 a b\\c;"]
        );
        assert_eq!(day("20261225"), Some(date(2026, 12, 25)));
    }
}
