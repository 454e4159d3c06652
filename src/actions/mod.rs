//! The only writers: one file per noun, verbs inside.
//!
//! Portal, desk, command line and scheduler all come through here. An act finds its record again inside the
//! transaction, through the scope of whoever asks, and commits change, event and letters together or not at all. What
//! takes long (a PDF) is made before the transaction, which checks that nothing moved in between. Knows nothing of
//! HTTP.

pub mod backups;
pub mod certificates;
pub mod clients;
pub mod firm;
pub mod invoices;
pub mod letters;
mod notices;
pub mod once;
pub mod payments;
pub mod people;
pub mod quotes;
mod rates;
pub mod reminders;
pub mod restored;
pub mod sessions;
pub mod visits;

use crate::domain::refusal::Refusal;

/// Refuses when a record is not as whoever acts knew it.
///
/// # Errors
/// [`Refusal::TryAgain`] when it changed in between, [`Refusal::NotFound`] when it is gone.
pub fn unchanged<T: PartialEq>(now: Option<&T>, known: &T) -> Result<(), Refusal> {
    if found(now)? == known { Ok(()) } else { Err(Refusal::TryAgain) }
}

/// What was found, or the refusal that there is nothing.
///
/// # Errors
/// [`Refusal::NotFound`] for `None`.
pub(crate) fn found<T>(thing: Option<T>) -> Result<T, Refusal> {
    thing.ok_or(Refusal::NotFound)
}
