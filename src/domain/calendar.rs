//! Civil days and instants: what day it is in a zone, which days are business days, and when a wall clock shows a time.
//!
//! Knows no clock: `now` is an argument. A due date is a civil date and an event an instant; this file is the only
//! place where one becomes the other.

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time, Weekday},
    tz::{AmbiguousOffset, TimeZone},
};

use super::refusal::FieldFault;

/// The civil day that `now` falls on in `zone`.
pub fn today(now: Timestamp, zone: &TimeZone) -> Date {
    zone.to_datetime(now).date()
}

/// Whether letters go out on `day`: Monday to Friday.
pub fn is_business_day(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// `day` itself when it is a business day, else the last one before it.
pub fn previous_business_day(day: Date) -> Date {
    let mut day = day;
    while !is_business_day(day) {
        match day.yesterday() {
            Ok(earlier) => day = earlier,
            Err(_) => return day,
        }
    }
    day
}

/// `day` itself when it is a business day, else the first one after it.
pub fn next_business_day(day: Date) -> Date {
    let mut day = day;
    while !is_business_day(day) {
        match day.tomorrow() {
            Ok(later) => day = later,
            Err(_) => return day,
        }
    }
    day
}

/// The instant at which clocks in `zone` show `time` on `date`. A time that daylight saving skips gives the next valid
/// instant (the end of the gap); one that comes twice gives the first.
pub fn wall_clock(date: Date, time: Time, zone: &TimeZone) -> Timestamp {
    let local = DateTime::from_parts(date, time);
    let at = |offset: jiff::tz::Offset| offset.to_timestamp(local).unwrap_or_else(|_| bound(local));
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset),
        // Where a zone's rules change in that hour, only one of the two offsets may really have been in force.
        AmbiguousOffset::Fold { before, after } => {
            let first = at(before);
            if zone.to_offset(first) == before { first } else { at(after) }
        }
        AmbiguousOffset::Gap { before, after } => {
            let (earlier, later) = (at(after), at(before));
            let ends = zone.following(earlier).map(|x| x.timestamp()).find(|x| zone.to_offset(*x) == after);
            ends.filter(|x| *x <= later).unwrap_or(later)
        }
    }
}

/// Beyond the range of instants, the nearest of them.
fn bound(local: DateTime) -> Timestamp {
    if local.year() > 0 { Timestamp::MAX } else { Timestamp::MIN }
}

/// A time zone with a name in the IANA database, such as `Europe/Dublin`; stored by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Reads a zone's name.
    ///
    /// # Errors
    /// Names `field` when the database has no such zone.
    pub fn parse(field: &str, input: &str) -> Result<Self, FieldFault> {
        let known = TimeZone::get(input.trim()).ok().filter(|x| x.iana_name().is_some() && !x.is_unknown());
        known
            .map(Self)
            .ok_or_else(|| FieldFault::new(field, "Use a time zone's name, like Europe/Dublin or America/New_York."))
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The zone for arithmetic.
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    /// Every name in the database, in alphabetical order.
    pub fn names() -> Vec<String> {
        let mut all: Vec<String> = jiff::tz::db().available().map(|x| x.to_string()).collect();
        all.sort();
        all
    }
}

impl std::ops::Deref for Zone {
    type Target = TimeZone;
    fn deref(&self) -> &TimeZone {
        &self.0
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl serde::Serialize for Zone {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.name().serialize(s)
    }
}

impl<'de> serde::Deserialize<'de> for Zone {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        Self::parse("zone", &name).map_err(|fault| serde::de::Error::custom(fault.message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{
        Span,
        civil::{date, time},
    };
    use std::collections::BTreeSet;

    #[test]
    fn a_skipped_time_gives_the_end_of_the_gap_and_a_doubled_one_the_first() {
        let cases = [
            ("Europe/Dublin", date(2026, 11, 20), time(8, 0, 0, 0), "2026-11-20T08:00:00Z"),
            ("Europe/Dublin", date(2026, 7, 20), time(8, 0, 0, 0), "2026-07-20T07:00:00Z"),
            ("Europe/Dublin", date(2026, 3, 29), time(1, 30, 0, 0), "2026-03-29T01:00:00Z"),
            ("Europe/Dublin", date(2026, 10, 25), time(1, 30, 0, 0), "2026-10-25T00:30:00Z"),
            ("America/New_York", date(2026, 3, 8), time(2, 30, 0, 0), "2026-03-08T07:00:00Z"),
            ("America/New_York", date(2026, 11, 1), time(1, 30, 0, 0), "2026-11-01T05:30:00Z"),
            ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15, 0, 0), "2026-10-03T15:30:00Z"),
            ("Pacific/Apia", date(2011, 12, 30), time(8, 0, 0, 0), "2011-12-30T10:00:00Z"),
        ];
        for (zone, day, clock, instant) in cases {
            let zone = Zone::parse("zone", zone).unwrap();
            assert_eq!(wall_clock(day, clock, &zone).to_string(), instant, "{zone} {day} {clock}");
        }
    }

    #[test]
    fn in_every_zone_from_2020_to_2040_each_local_slot_comes_exactly_once() {
        let slots = [time(0, 0, 0, 0), time(1, 30, 0, 0), time(2, 30, 0, 0), time(8, 0, 0, 0), time(23, 30, 0, 0)];
        let (from, to) = (date(2020, 1, 1), date(2040, 12, 31));
        let names = Zone::names();
        assert!(names.len() > 400, "the whole database is in the binary");
        for name in names {
            let Ok(zone) = Zone::parse("zone", &name) else { continue };
            // Between transitions the offset is constant: the days around each, and some in between, are all there is.
            let mut days: BTreeSet<Date> = (0..7_600).step_by(97).map(|n| from + Span::new().days(n)).collect();
            let mut offsets = BTreeSet::from([zone.to_offset(wall_clock(from, slots[0], &zone)).seconds()]);
            for x in zone.following(wall_clock(from, slots[0], &zone)) {
                let day = today(x.timestamp(), &zone);
                if day > to {
                    break;
                }
                offsets.insert(zone.to_offset(x.timestamp()).seconds());
                days.extend((-2..=2).map(|n| day + Span::new().days(n)));
            }
            for slot in slots {
                let mut last = Timestamp::MIN;
                for &day in &days {
                    let at = wall_clock(day, slot, &zone);
                    assert!(at > last, "{name} {day} {slot}: after the day before");
                    last = at;
                    let local = DateTime::from_parts(day, slot);
                    let shown = offsets
                        .iter()
                        .map(|s| jiff::tz::Offset::from_seconds(*s).unwrap().to_timestamp(local).unwrap())
                        .filter(|x| zone.to_datetime(*x) == local)
                        .min();
                    match shown {
                        Some(first) => assert_eq!(at, first, "{name} {day} {slot}: the first that shows it"),
                        None => {
                            let before = at - jiff::SignedDuration::from_secs(1);
                            assert!(zone.to_datetime(at) > local && zone.to_datetime(before) < local, "{name} {local}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn weekends_roll_to_friday_or_monday() {
        let table = [(23, 23, 23), (27, 27, 27), (28, 27, 30), (29, 27, 30), (30, 30, 30)];
        for (day, before, after) in table {
            let day = date(2026, 11, day);
            assert_eq!(previous_business_day(day), date(2026, 11, before), "{day}");
            assert_eq!(next_business_day(day), date(2026, 11, after), "{day}");
        }
        assert_eq!(next_business_day(Date::MAX), Date::MAX);
        assert!(previous_business_day(Date::MIN) <= date(-9999, 1, 1));
    }

    #[test]
    fn a_zone_is_read_and_stored_by_its_name() {
        let zone = Zone::parse("zone", " Europe/Dublin ").unwrap();
        assert_eq!(zone.name(), "Europe/Dublin");
        let bytes = postcard::to_stdvec(&zone).unwrap();
        assert_eq!(postcard::from_bytes::<Zone>(&bytes).unwrap(), zone);
        assert_eq!(postcard::from_bytes::<Zone>(&postcard::to_stdvec(&Zone::utc()).unwrap()).unwrap().name(), "UTC");
        for bad in ["", "Dublin", "+01:00", "Europe/Nowhere", "../etc/passwd", "Etc/Unknown"] {
            assert_eq!(Zone::parse("zone", bad).unwrap_err().field, "zone", "{bad}");
        }
    }

    #[test]
    fn the_day_turns_at_local_midnight() {
        let zone = Zone::parse("zone", "Europe/Dublin").unwrap();
        let at = |text: &str| today(text.parse().unwrap(), &zone);
        assert_eq!(at("2026-07-01T22:59:59Z"), date(2026, 7, 1));
        assert_eq!(at("2026-07-01T23:00:00Z"), date(2026, 7, 2));
    }
}
