//! The only writers: one file per noun, verbs inside.
//!
//! Portal, desk, command line and scheduler all come through here. An act finds its record again inside the
//! transaction, through the scope of whoever asks, and commits change, event and letters together or not at all. What
//! takes long (a PDF) is made before the transaction, which checks that nothing moved in between. Knows nothing of
//! HTTP.

mod anew;
pub mod backups;
pub mod bounces;
pub mod calls;
pub mod certificates;
pub mod clients;
pub mod clock;
pub mod credit_terms;
pub mod digest;
pub mod disputes;
pub mod documents;
pub mod drops;
pub mod firm;
pub mod imports;
pub mod invoices;
pub mod late_notes;
pub mod late_payment;
pub mod letters;
mod notices;
pub mod once;
pub mod outlook;
pub mod outlook_people;
pub mod pauses;
pub mod payments;
pub mod people;
pub mod policies;
pub mod policy_effect;
pub mod policy_past;
pub mod policy_why;
pub mod promises;
pub mod quotes;
mod rates;
pub mod recurring;
pub mod refunds;
pub mod reminders;
pub mod restored;
pub mod sessions;
pub mod snoozes;
pub mod statements;
pub mod stops;
pub mod uploads;
pub mod visits;
pub mod waivers;
pub mod wordings;

use crate::domain::event::Actor;
use crate::domain::ids::StaffId;
use crate::domain::refusal::Refusal;
use crate::store::prelude::WriteTx;

/// Refuses when a record is not as whoever acts knew it.
///
/// # Errors
/// [`Refusal::TryAgain`] when it changed in between, [`Refusal::NotFound`] when it is gone.
pub fn unchanged<T: PartialEq>(now: Option<&T>, known: &T) -> Result<(), Refusal> {
    if found(now)? == known { Ok(()) } else { Err(Refusal::TryAgain) }
}

/// Who of the firm acts; nobody when it is the process or the command line.
fn author(w: &WriteTx<'_>) -> StaffId {
    match w.by.actor {
        Actor::Staff(id) => id,
        _ => StaffId(0),
    }
}

/// What was found, or the refusal that there is nothing.
///
/// # Errors
/// [`Refusal::NotFound`] for `None`.
pub(crate) fn found<T>(thing: Option<T>) -> Result<T, Refusal> {
    thing.ok_or(Refusal::NotFound)
}
