//! What keeps an invoice's reminders back, whatever it is: a pause, a promise that is open, or a dispute of all that is
//! open of it.
//!
//! Knows no store. A pause and a promise end by themselves; a dispute holds until somebody ends it. Afterwards the rule
//! of downtime holds: the latest missed step goes, once.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::dispute::Dispute;
use super::firm::Locale;
use super::pause::{Pause, goes_on};
use super::promise::Promise;
use super::reminder::Policy;

/// Why no reminder of an invoice goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Somebody paused them.
    Pause(Pause),
    /// A payment of it is promised, and its day and grace have not passed.
    Promise(Promise),
    /// All that is open of it is disputed; with whom the dispute is, by name.
    Dispute(Dispute, String),
}

impl Hold {
    /// The last civil day, in the firm's zone, on which none goes; the last of all while nobody knows when it ends.
    pub fn until(&self) -> Date {
        match self {
            Self::Pause(pause) => pause.until,
            Self::Promise(promise) => promise.last(),
            Self::Dispute(..) => Date::MAX,
        }
    }

    /// When reminders go on: the first opening of the sending window after its last day; `None` while nobody knows.
    pub fn ends(&self, policy: &Policy, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Dispute(..) => None,
            Self::Pause(_) | Self::Promise(_) => goes_on(self.until(), policy, zone),
        }
    }

    /// Why a letter that waits is withdrawn.
    pub fn withdraws(&self) -> &'static str {
        match self {
            Self::Pause(_) => PAUSED,
            Self::Promise(_) => PROMISED,
            Self::Dispute(..) => DISPUTED,
        }
    }

    /// As the plan of one invoice says it on `today`: "Held: promise until 28 Nov".
    pub fn of_step(&self, locale: Locale, today: Date) -> String {
        match self {
            Self::Pause(pause) => format!("Held: paused until {}", locale.date_short(pause.until, today)),
            Self::Promise(promise) => format!("Held: promise until {}", locale.date_short(promise.last(), today)),
            Self::Dispute(dispute, _) if dispute.waits => TO_BE_CREDITED.to_owned(),
            Self::Dispute(dispute, _) => format!("Held: disputed since {}", locale.date_short(dispute.made, today)),
        }
    }

    /// As a plan of all invoices says it: "Held: disputed since 12 November 2026, with Orla Byrne".
    pub fn words(&self, locale: Locale) -> String {
        match self {
            Self::Pause(pause) => format!("Held while paused: {}", pause.reason),
            Self::Promise(promise) => format!("Held: promise until {}", locale.date_long(promise.last())),
            Self::Dispute(dispute, _) if dispute.waits => TO_BE_CREDITED.to_owned(),
            Self::Dispute(dispute, with) => {
                format!("Held: disputed since {}, with {with}", locale.date_long(dispute.made))
            }
        }
    }
}

/// Why a letter that waits is withdrawn when its reminders are paused.
pub const PAUSED: &str = "its reminders are paused";
/// What a plan says of a dispute that was upheld and is not credited yet: nobody looks into it any more.
const TO_BE_CREDITED: &str = "Held: to be credited";
/// Why a letter that waits is withdrawn when a payment is promised.
pub const PROMISED: &str = "a payment is promised";
/// Why a letter that waits is withdrawn when all that is open is disputed.
pub const DISPUTED: &str = "all that is open is disputed";
/// Why a letter that waits is withdrawn when the instalment that it asks for is disputed, and not all that is open.
pub const PART_DISPUTED: &str = "the instalment that it asks for is disputed";

/// Why a letter that waits is withdrawn when another instalment than its own is the next to be asked for.
pub const ANOTHER_NEXT: &str = "another instalment is due next";

/// Whether a letter that was withdrawn for this reason was so by a hold alone: what it asks for may be asked for again.
pub fn is_hold(reason: &str) -> bool {
    [PAUSED, PROMISED, DISPUTED, PART_DISPUTED, ANOTHER_NEXT].contains(&reason)
}

/// The hold that lasts longest.
pub fn longest(holds: impl IntoIterator<Item = Hold>) -> Option<Hold> {
    holds.into_iter().max_by_key(Hold::until)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::dispute::Outcome;

    #[test]
    fn what_was_agreed_on_is_held_to_be_credited_and_nobody_looks_into_it() {
        let (open, on) = (Dispute::of_test(), date(2026, 11, 20));
        let agreed = Dispute { outcome: Outcome::Upheld(on), waits: true, ..open.clone() };
        let words = |dispute| {
            let hold = Hold::Dispute(dispute, "Orla Byrne".to_owned());
            (hold.of_step(Locale::EnglishIreland, on), hold.words(Locale::EnglishIreland))
        };
        assert_eq!(words(open).1, "Held: disputed since 12 November 2026, with Orla Byrne");
        let credited = "Held: to be credited".to_owned();
        assert_eq!(words(agreed), (credited.clone(), credited));
    }
}
