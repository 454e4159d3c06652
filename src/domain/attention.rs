//! What waits for a person on Today, and putting it off until a day.
//!
//! An open invoice wants somebody a while after it was sent and never opened; once it was opened or is overdue, a while
//! after the last reminder or the last thing that the client did; at once when a step of the policy asks for a call, a
//! promise to pay it is broken (until somebody called) or it is disputed, and not before while a promise is open. Knows
//! no store. A snooze ends by itself.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::{InvoiceId, LetterId, ReceiptId, StaffId};
use super::refusal::FieldFault;

/// Days after which an invoice that nobody opened wants somebody.
pub const UNOPENED_DAYS: i32 = 7;
/// Days that a client has for an answer after the due date or after a reminder.
pub const ANSWER_DAYS: i32 = 3;
/// Days after which a call about a broken promise that nobody answered is tried again.
pub const CALL_AGAIN_DAYS: i32 = 1;
/// Days that a client has after opening the invoice or paying a part of it.
pub const REACTION_DAYS: i32 = 7;
/// The longest that anything is put off, in days.
pub const SNOOZE_DAYS_MAX: i64 = 92;

/// Why an open invoice wants somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// It was sent, and nobody opened it.
    Unopened,
    /// It is overdue, and there was no reaction since the last reminder.
    Silent,
    /// A step of the policy asks somebody to call.
    Call,
    /// A payment of it was promised, and the promise broken.
    Broken,
    /// It is disputed, and the client waits for an answer.
    Disputed,
}

impl Want {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Unopened, Self::Silent, Self::Call, Self::Broken, Self::Disputed];

    /// The number under which it is kept.
    pub fn tag(self) -> u8 {
        match self {
            Self::Unopened => 0,
            Self::Silent => 1,
            Self::Call => 2,
            Self::Broken => 3,
            Self::Disputed => 4,
        }
    }
}

/// From when on an invoice that was sent at `at` and never opened wants somebody.
pub fn unopened_from(at: Timestamp) -> Timestamp {
    days_after(at, UNOPENED_DAYS)
}

/// From when on an invoice due on `due` wants somebody, if nothing happens for `days` after `at`. Days end at midnight
/// UTC here: a few hours more or less do not matter.
pub fn silent_from(due: Date, at: Timestamp, days: i32) -> Timestamp {
    let after = due.tomorrow().unwrap_or(due).to_zoned(TimeZone::UTC).map_or(at, |x| x.timestamp());
    days_after(at.max(after), days)
}

/// So many times 24 hours later.
pub fn days_after(at: Timestamp, days: i32) -> Timestamp {
    at.saturating_add(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MAX)
}

/// One thing on Today that can be put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Item {
    /// An invoice that nobody opened.
    Unopened(InvoiceId),
    /// An overdue invoice without a reaction.
    Silent(InvoiceId),
    /// A letter that failed or of which nobody knows; the newest to its address.
    Letter(LetterId),
    /// Money that is not applied.
    Payment(ReceiptId),
    /// A credit note that is not applied.
    Credit(InvoiceId),
    /// A draft.
    Draft(InvoiceId),
    /// An invoice about which somebody is to call.
    Call(InvoiceId),
    /// An invoice of which a promise was broken.
    Broken(InvoiceId),
    /// An invoice that is disputed.
    Disputed(InvoiceId),
}

impl Item {
    /// The number of its kind, and its identifier: where its snooze is kept.
    pub fn key(self) -> (u8, u64) {
        match self {
            Self::Unopened(id) => (0, id.0),
            Self::Silent(id) => (1, id.0),
            Self::Letter(id) => (2, id.0),
            Self::Payment(id) => (3, id.0),
            Self::Credit(id) => (4, id.0),
            Self::Draft(id) => (5, id.0),
            Self::Call(id) => (6, id.0),
            Self::Broken(id) => (7, id.0),
            Self::Disputed(id) => (8, id.0),
        }
    }

    /// The invoice or credit note that it is about.
    pub fn invoice(self) -> Option<InvoiceId> {
        match self {
            Self::Unopened(id) | Self::Silent(id) | Self::Credit(id) => Some(id),
            Self::Draft(id) | Self::Call(id) | Self::Broken(id) | Self::Disputed(id) => Some(id),
            Self::Letter(_) | Self::Payment(_) => None,
        }
    }

    /// What it says, in a few words, behind the name of the document where it is about one.
    pub fn words(self) -> &'static str {
        match self {
            Self::Unopened(_) => "never opened",
            Self::Silent(_) => "overdue without a reaction",
            Self::Letter(_) => "a letter that did not arrive",
            Self::Payment(_) => "money to apply",
            Self::Credit(_) => "credit to apply",
            Self::Draft(_) => "waiting to be issued",
            Self::Call(_) => "a call to make",
            Self::Broken(_) => "promise broken",
            Self::Disputed(_) => "disputed",
        }
    }
}

impl std::fmt::Display for Item {
    /// As in addresses: `silent-12`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self {
            Self::Unopened(_) => "unopened",
            Self::Silent(_) => "silent",
            Self::Letter(_) => "letter",
            Self::Payment(_) => "payment",
            Self::Credit(_) => "credit",
            Self::Draft(_) => "draft",
            Self::Call(_) => "call",
            Self::Broken(_) => "broken",
            Self::Disputed(_) => "disputed",
        };
        write!(f, "{word}-{}", self.key().1)
    }
}

impl FromStr for Item {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (word, id) = text.split_once('-').ok_or(())?;
        Ok(match word {
            "unopened" => Self::Unopened(id.parse().map_err(|_| ())?),
            "silent" => Self::Silent(id.parse().map_err(|_| ())?),
            "letter" => Self::Letter(id.parse().map_err(|_| ())?),
            "payment" => Self::Payment(id.parse().map_err(|_| ())?),
            "credit" => Self::Credit(id.parse().map_err(|_| ())?),
            "draft" => Self::Draft(id.parse().map_err(|_| ())?),
            "call" => Self::Call(id.parse().map_err(|_| ())?),
            "broken" => Self::Broken(id.parse().map_err(|_| ())?),
            "disputed" => Self::Disputed(id.parse().map_err(|_| ())?),
            _ => return Err(()),
        })
    }
}

/// Something put off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snooze {
    /// What.
    pub item: Item,
    /// The last civil day, in the firm's zone, on which it is not shown.
    pub until: Date,
    /// Why; staff read it.
    pub reason: String,
    /// Who put it off.
    pub by: StaffId,
    /// When.
    pub since: Timestamp,
}

impl Snooze {
    /// Whether it holds on `day`: its last day counts whole.
    pub fn holds_on(&self, day: Date) -> bool {
        day <= self.until
    }
}

/// The last day of a snooze that begins on `today`.
///
/// # Errors
/// Names the field `until` when the day has passed or is more than [`SNOOZE_DAYS_MAX`] days ahead.
pub fn last_day(until: Date, today: Date) -> Result<Date, FieldFault> {
    let latest = today.saturating_add(Span::new().days(SNOOZE_DAYS_MAX));
    match until {
        day if day < today => Err(FieldFault::new("until", "This day has passed. Enter today or a later day.")),
        day if day > latest => Err(FieldFault::new("until", "Enter a day within three months.")),
        day => Ok(day),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn items_are_read_as_they_are_written() {
        let all = [
            Item::Unopened(InvoiceId(1)),
            Item::Silent(InvoiceId(2)),
            Item::Letter(LetterId(3)),
            Item::Payment(ReceiptId(4)),
            Item::Credit(InvoiceId(5)),
            Item::Draft(InvoiceId(6)),
            Item::Call(InvoiceId(7)),
            Item::Broken(InvoiceId(8)),
            Item::Disputed(InvoiceId(9)),
        ];
        for item in all {
            assert_eq!(item.to_string().parse(), Ok(item));
        }
        let keys: std::collections::BTreeSet<_> = all.map(|x| x.key().0).into();
        assert_eq!(keys.len(), all.len(), "each kind has a number of its own");
        for text in ["", "silent", "silent-", "silent-x", "other-1", "draft-1-2"] {
            assert_eq!(text.parse::<Item>(), Err(()), "{text}");
        }
    }

    #[test]
    fn an_answer_is_waited_for_from_the_due_date_or_the_last_reminder() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let due = date(2026, 11, 24);
        let early = silent_from(due, at("2026-11-01T10:00:00Z"), ANSWER_DAYS);
        assert_eq!(early, at("2026-11-28T00:00:00Z"), "three whole days after the due date");
        let late = silent_from(due, at("2026-12-01T10:00:00Z"), REACTION_DAYS);
        assert_eq!(late, at("2026-12-08T10:00:00Z"));
        assert_eq!(unopened_from(at("2026-11-23T09:00:00Z")), at("2026-11-30T09:00:00Z"));
        assert_eq!(silent_from(Date::MAX, Timestamp::MAX, 7), Timestamp::MAX, "the end of time");
    }

    #[test]
    fn a_snooze_is_of_today_at_least_and_ends_by_itself() {
        let today = date(2026, 11, 24);
        assert_eq!(last_day(today, today), Ok(today));
        for bad in [date(2026, 11, 23), date(2027, 2, 25), date(9999, 12, 31)] {
            assert_eq!(last_day(bad, today).unwrap_err().field, "until", "{bad}");
        }
        let item = Item::Draft(InvoiceId(1));
        let one = Snooze { item, until: today, reason: String::new(), by: StaffId(1), since: Timestamp::UNIX_EPOCH };
        assert!(one.holds_on(today) && !one.holds_on(date(2026, 11, 25)));
    }
}
