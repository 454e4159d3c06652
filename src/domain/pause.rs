//! Pauses: reminders that wait until a day, for a reason, of one invoice or of a whole client.
//!
//! Knows no store. A pause ends by itself: nothing has to happen for reminders to go on.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::ids::{ClientId, ContactId, InvoiceId, StaffId};
use super::refusal::FieldFault;
use super::reminder::Policy;

/// The longest pause, in days: whoever should never be reminded is a contact without letters.
pub const DAYS_MAX: i64 = 366;

/// What is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Paused {
    /// Of this client;
    pub client: ClientId,
    /// only this invoice of it, or all.
    pub invoice: Option<InvoiceId>,
}

/// A pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Of what.
    pub of: Paused,
    /// The last civil day, in the firm's zone, on which no reminder goes.
    pub until: Date,
    /// Why; staff read it.
    pub reason: String,
    /// Who paused.
    pub by: StaffId,
    /// When.
    pub since: Timestamp,
}

/// A contact who is sent no reminders, because they asked for that, until staff lift it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// Who.
    pub contact: ContactId,
    /// Their client.
    pub client: ClientId,
    /// Who noted their wish; `None` when they used the link in a letter themselves.
    pub by: Option<StaffId>,
    /// Why, as staff wrote it down; empty for the link.
    pub reason: String,
    /// When.
    pub since: Timestamp,
    /// Whether staff know and leave it so; until then Today tells of it.
    pub noted: bool,
}

impl Pause {
    /// Whether it holds on `day`: its last day counts whole.
    pub fn holds_on(&self, day: Date) -> bool {
        day <= self.until
    }

    /// When reminders go on: the first opening of the sending window after its last day.
    pub fn ends(&self, policy: &Policy, zone: &TimeZone) -> Option<Timestamp> {
        goes_on(self.until, policy, zone)
    }
}

/// The first opening of the sending window after the end of a day; `None` at the end of time.
pub fn goes_on(after: Date, policy: &Policy, zone: &TimeZone) -> Option<Timestamp> {
    let midnight = after.tomorrow().ok()?.to_zoned(zone.clone()).ok()?.timestamp();
    let just_before = midnight.checked_sub(jiff::SignedDuration::from_millis(1)).ok()?;
    policy.next_opening(just_before, zone)
}

/// The last day of a pause that begins on `today`.
///
/// # Errors
/// Names the field `until` when the day has passed or is more than [`DAYS_MAX`] days ahead.
pub fn last_day(until: Date, today: Date) -> Result<Date, FieldFault> {
    let days = i64::from((until - today).get_days());
    match days {
        ..0 => Err(FieldFault::new("until", "This day has passed. Enter today or a later day.")),
        0..=DAYS_MAX => Ok(until),
        _ => Err(FieldFault::new("until", "Enter a day within a year; a pause can be made longer when it ends.")),
    }
}

/// The pause that holds longest on `day`, of those of an invoice and of its client.
pub fn longest(pauses: impl IntoIterator<Item = Pause>, day: Date) -> Option<Pause> {
    pauses.into_iter().filter(|pause| pause.holds_on(day)).max_by_key(|pause| pause.until)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::calendar::Zone;

    fn until(day: Date) -> Pause {
        let of = Paused { client: ClientId(1), invoice: None };
        Pause { of, until: day, reason: "asked".to_owned(), by: StaffId(1), since: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn reminders_go_on_at_the_first_opening_after_the_last_day() {
        let zone = Zone::parse("zone", "Europe/Dublin").unwrap();
        for (last, goes_on) in [
            (date(2026, 11, 24), "2026-11-25T08:00:00Z"),
            // Friday: Monday is the next working day.
            (date(2026, 11, 27), "2026-11-30T08:00:00Z"),
            // The night in which clocks go forward.
            (date(2026, 3, 28), "2026-03-30T07:00:00Z"),
        ] {
            let ends = until(last).ends(&Policy::standard(), &zone);
            assert_eq!(ends.unwrap().to_string(), goes_on, "{last}");
        }
        assert_eq!(until(Date::MAX).ends(&Policy::standard(), &zone), None, "the end of time");
    }

    #[test]
    fn a_pause_is_of_today_at_least_and_of_a_year_at_most() {
        let today = date(2026, 11, 24);
        assert_eq!(last_day(today, today).unwrap(), today);
        assert_eq!(last_day(date(2027, 11, 25), today).unwrap(), date(2027, 11, 25));
        for bad in [date(2026, 11, 23), date(2027, 11, 26), date(9999, 12, 31)] {
            assert_eq!(last_day(bad, today).unwrap_err().field, "until", "{bad}");
        }
    }

    #[test]
    fn of_several_pauses_the_one_that_holds_longest_counts() {
        let (short, long) = (until(date(2026, 11, 24)), until(date(2026, 11, 30)));
        assert_eq!(longest([short.clone(), long.clone()], date(2026, 11, 24)), Some(long.clone()));
        assert_eq!(longest([short.clone(), long], date(2026, 12, 1)), None);
        assert_eq!(longest([short], date(2026, 11, 25)), None);
    }
}
