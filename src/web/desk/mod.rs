//! What staff see.

use crate::domain::sentence::Mark;
use crate::web::parts::{Icon, Tone};

pub mod activity;
pub mod activity_scan;
pub mod client;
pub mod client_form;
pub mod client_money;
pub mod client_people;
pub mod client_timeline;
pub mod clients;
pub mod contact_form;
pub mod contacts;
pub mod csv;
pub mod find;
pub mod form;
pub mod letters;
pub mod links;
pub mod moments;
pub mod names;
pub mod party_form;
pub mod payment_form;
pub mod payments;
pub mod projects;
pub mod receivables;
pub mod reminders;
pub mod standing;
pub mod today;
mod today_queue;
mod today_side;

/// The tone of a line of the log.
pub fn tone_of(mark: Mark) -> Tone {
    match mark {
        Mark::Plain => Tone::Plain,
        Mark::Good => Tone::Ok,
        Mark::Warn => Tone::Warn,
        Mark::Bad => Tone::Bad,
    }
}

/// The icon of a sentence's name for it.
pub fn icon_of(name: &str) -> Option<Icon> {
    Icon::ALL.iter().copied().find(|icon| icon.id().strip_prefix("i-") == Some(name))
}
