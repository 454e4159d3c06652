//! What keeps an invoice's reminders back for a while, whatever it is: a pause, or a promise that is open.
//!
//! Knows no store. It ends by itself. Afterwards the rule of downtime holds: the latest missed step goes, once.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

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
}

impl Hold {
    /// The last civil day, in the firm's zone, on which none goes.
    pub fn until(&self) -> Date {
        match self {
            Self::Pause(pause) => pause.until,
            Self::Promise(promise) => promise.last(),
        }
    }

    /// When reminders go on: the first opening of the sending window after its last day.
    pub fn ends(&self, policy: &Policy, zone: &TimeZone) -> Option<Timestamp> {
        goes_on(self.until(), policy, zone)
    }

    /// Why a letter that waits is withdrawn.
    pub fn withdraws(&self) -> &'static str {
        match self {
            Self::Pause(_) => "its reminders are paused",
            Self::Promise(_) => PROMISED,
        }
    }

    /// As the plan of one invoice says it, with `until` in words: "Held: promise until 28 Nov".
    pub fn of_step(&self, until: &str) -> String {
        match self {
            Self::Pause(_) => format!("Held: paused until {until}"),
            Self::Promise(_) => format!("Held: promise until {until}"),
        }
    }

    /// As a plan of all invoices says it: "Held: promise until 28 November 2026".
    pub fn words(&self, locale: Locale) -> String {
        match self {
            Self::Pause(pause) => format!("Held while paused: {}", pause.reason),
            Self::Promise(promise) => format!("Held: promise until {}", locale.date_long(promise.last())),
        }
    }
}

/// Why a letter that waits is withdrawn when a payment is promised.
pub const PROMISED: &str = "a payment is promised";

/// The hold that lasts longest.
pub fn longest(holds: impl IntoIterator<Item = Hold>) -> Option<Hold> {
    holds.into_iter().max_by_key(Hold::until)
}
