//! The backups that are taken by themselves: which is the last, when the next is due, what is wrong with them, and
//! whether the last could be restored.
//!
//! Knows no disk. A day has one backup; it falls due at the firm's wall-clock time and is caught up after a stop.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::calendar;
use super::ids::Digest;

/// How long after the first failure it is tried again, and after each further one twice as long: what failed in passing
/// is soon made good.
pub const RETRY_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// How long after a failure at the most.
pub const RETRY_MAX: SignedDuration = SignedDuration::from_hours(1);
/// How old the newest backup may be: a day, the longest hour that clocks are put back, and time to write it.
pub const AGE_MAX: SignedDuration = SignedDuration::from_hours(27);
/// Restore drills that are remembered.
pub const DRILLS_MAX: usize = 30;

/// What is known of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backups {
    /// Since when they are to be taken.
    pub since: Option<Timestamp>,
    /// The day, in the firm's zone, whose backup was made last.
    pub day: Option<Date>,
    /// The newest.
    pub last: Option<Made>,
    /// What went wrong since then.
    pub failure: Option<Failed>,
    /// Whether the owners were told that one failed or is late; until the next one is made.
    pub told: bool,
    /// Trial restores, the newest first, at most [`DRILLS_MAX`].
    pub drills: Vec<Drill>,
    /// Whether the owners were told that one failed; until the next one passes.
    pub drill_told: bool,
}

/// A backup that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Of which instant.
    pub taken: Timestamp,
    /// Its file's name, without folders.
    pub file: String,
    /// Its length; of one that shares pieces with others, that of everything it needs.
    pub bytes: u64,
    /// How much of that was written for it.
    pub added: u64,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// How long it took.
    pub seconds: u32,
}

/// A backup that was not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// When it was last tried.
    pub at: Timestamp,
    /// Why it failed then: a sentence.
    pub reason: String,
    /// How often it was tried since the last one that was made.
    pub attempts: u32,
}

impl Failed {
    /// How long after this failure it is tried again.
    pub fn pause(&self) -> SignedDuration {
        let doublings = self.attempts.saturating_sub(1).min(8);
        (RETRY_AFTER * (1 << doublings)).min(RETRY_MAX)
    }
}

/// A trial restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// When it ended.
    pub at: Timestamp,
    /// Of the backup of which instant.
    pub taken: Timestamp,
    /// Records restored.
    pub rows: u64,
    /// How long it took.
    pub seconds: u32,
    /// What was wrong: a sentence; `None` when nothing was.
    pub fault: Option<String>,
}

/// What is wrong with the backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The last attempt failed, for this reason.
    Failed(String),
    /// There is none since this instant, which is too long.
    Late(Timestamp),
    /// The last one could not be restored, for this reason.
    Drill(String),
}

impl Backups {
    /// The day whose backup is to be made now; `None` when none is.
    pub fn due(&self, now: Timestamp, at: Time, zone: &TimeZone) -> Option<Date> {
        let day = day_of(now, at, zone);
        // Another day, not a later one: a clock that was wrong once must not put backups off for years.
        (self.day != Some(day) && self.failure.as_ref().is_none_or(|f| may_retry(f, now))).then_some(day)
    }

    /// When the next one is to be made; `now` when one is due.
    pub fn next(&self, now: Timestamp, at: Time, zone: &TimeZone) -> Timestamp {
        let day = day_of(now, at, zone);
        match &self.failure {
            _ if self.day == Some(day) => calendar::wall_clock(day.tomorrow().unwrap_or(day), at, zone),
            Some(failure) if !may_retry(failure, now) => failure.at.saturating_add(failure.pause()).unwrap_or(now),
            _ => now,
        }
    }

    /// Everything that is wrong, the worst first.
    pub fn troubles(&self, now: Timestamp) -> Vec<Trouble> {
        let mut all = Vec::new();
        all.extend(self.failure.as_ref().map(|failure| Trouble::Failed(failure.reason.clone())));
        all.extend(self.late(now).map(Trouble::Late));
        all.extend(self.drills.first().and_then(|drill| drill.fault.clone()).map(Trouble::Drill));
        all
    }

    /// The instant since which there is none, when that is too long.
    pub fn late(&self, now: Timestamp) -> Option<Timestamp> {
        let newest = self.last.as_ref().map(|made| made.taken).or(self.since)?;
        (now.duration_since(newest) > AGE_MAX).then_some(newest)
    }
}

/// The latest day whose backup time has come.
fn day_of(now: Timestamp, at: Time, zone: &TimeZone) -> Date {
    let today = calendar::today(now, zone);
    if calendar::wall_clock(today, at, zone) <= now { today } else { today.yesterday().unwrap_or(today) }
}

fn may_retry(failure: &Failed, now: Timestamp) -> bool {
    now.duration_since(failure.at).abs() >= failure.pause()
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    const AT: Time = time(3, 15, 0, 0);

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Dublin").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn made(day: Date, taken: Timestamp) -> Backups {
        let last = Made { taken, file: String::new(), bytes: 1, added: 1, digest: Digest([0; 32]), seconds: 1 };
        Backups { day: Some(day), last: Some(last), ..Backups::default() }
    }

    #[test]
    fn a_day_has_one_backup_at_the_wall_clocks_time_and_a_missed_one_is_caught_up() {
        let none = Backups::default();
        assert_eq!(none.due(at("2026-07-02T02:14:59Z"), AT, &zone()), Some(date(2026, 7, 1)));
        assert_eq!(none.due(at("2026-07-02T02:15:00Z"), AT, &zone()), Some(date(2026, 7, 2)));
        let one = made(date(2026, 7, 1), at("2026-07-01T02:15:00Z"));
        let before = at("2026-07-02T02:14:59Z");
        assert_eq!(one.due(before, AT, &zone()), None);
        assert_eq!(one.next(before, AT, &zone()), at("2026-07-02T02:15:00Z"));
        let later = at("2026-07-09T12:00:00Z");
        assert_eq!(one.due(later, AT, &zone()), Some(date(2026, 7, 9)), "once, not once for each day");
        assert_eq!(one.next(later, AT, &zone()), later);
        let future = made(date(2036, 1, 1), at("2036-01-01T03:15:00Z"));
        assert_eq!(future.due(later, AT, &zone()), Some(date(2026, 7, 9)));
    }

    #[test]
    fn across_a_year_of_clock_changes_each_day_has_exactly_one() {
        let (mut state, mut days, mut now) = (Backups::default(), Vec::new(), at("2026-01-01T12:00:00Z"));
        while now < at("2027-01-01T12:00:00Z") {
            if let Some(day) = state.due(now, time(1, 30, 0, 0), &zone()) {
                days.push(day);
                state = made(day, now);
            }
            assert_eq!(state.late(now), None, "{now}");
            now += SignedDuration::from_mins(20);
        }
        assert_eq!(days.len(), 366);
        assert!(days.windows(2).all(|two| two[0].tomorrow().unwrap() == two[1]));
    }

    #[test]
    fn after_a_failure_it_is_tried_again_soon_and_then_less_often() {
        let failed_at = at("2026-07-02T02:15:00Z");
        let failure = Some(Failed { at: failed_at, reason: "Full.".to_owned(), attempts: 1 });
        let state = Backups { failure, ..made(date(2026, 7, 1), at("2026-07-01T02:15:00Z")) };
        let soon = failed_at + SignedDuration::from_mins(9);
        assert_eq!((state.due(soon, AT, &zone()), state.next(soon, AT, &zone())), (None, failed_at + RETRY_AFTER));
        assert_eq!(state.due(failed_at + RETRY_AFTER, AT, &zone()), Some(date(2026, 7, 2)));
        assert_eq!(state.troubles(soon), [Trouble::Failed("Full.".to_owned())]);
        let pause = |attempts| Failed { at: failed_at, reason: String::new(), attempts }.pause().as_mins();
        assert_eq!([0, 1, 2, 3, 4, 5, u32::MAX].map(pause), [10, 10, 20, 40, 60, 60, 60]);
    }

    #[test]
    fn what_is_too_old_and_what_could_not_be_restored_is_trouble() {
        let taken = at("2026-07-01T02:15:00Z");
        let mut state = made(date(2026, 7, 1), taken);
        assert_eq!(state.troubles(taken + AGE_MAX), []);
        let late = taken + AGE_MAX + SignedDuration::from_secs(1);
        assert_eq!(state.troubles(late), [Trouble::Late(taken)]);
        state.drills = vec![Drill { at: taken, taken, rows: 0, seconds: 1, fault: Some("Bad.".to_owned()) }];
        assert_eq!(state.troubles(taken), [Trouble::Drill("Bad.".to_owned())]);
        let never = Backups { since: Some(taken), ..Backups::default() };
        assert_eq!(never.troubles(late), [Trouble::Late(taken)]);
        assert_eq!(Backups::default().troubles(late), []);
    }
}
