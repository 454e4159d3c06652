//! After a restore: what was given or sent since the backup is unknown here, so nothing is given or sent again before
//! an owner has said what was.

use jiff::Timestamp;
use jiff::civil::Date;

use super::found;
use super::invoices::series;
use super::letters;
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::Event;
use crate::domain::ids::LetterId;
use crate::domain::number::{DocumentNumber, Pattern};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::store::prelude::*;

/// How far identifiers leap at a restore: more than any firm gives between two backups.
const LEAP: u64 = 1_000_000;
/// How far a stated number may lie above the last known one: beyond it is a slip of the hand.
const STATED_MAX: u64 = 1_000_000;

/// A series of numbers as a restored file knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Of what, and of which year if it has one: `Invoices 2026`.
    pub name: String,
    /// The last one known to be given; 0 for none.
    pub last: u64,
    /// That number as it is written.
    pub number: Option<DocumentNumber>,
    key: String,
    pattern: Pattern,
    year: i16,
}

/// Notes in a restored file when its backup was taken, holds its letters and numbers back, and lets its identifiers
/// leap, so that none is given again.
///
/// # Errors
/// When the store fails.
pub fn note_restore(w: &mut WriteTx<'_>, taken: Timestamp) -> Result<Done<()>, ActError> {
    w.hold_sending(Some(w.now))?;
    w.hold_numbers(Some(taken))?;
    w.leap_identifiers(LEAP)?;
    // Those were taken by another house.
    w.put_backups(&crate::domain::backups::Backups::default())?;
    Ok(w.record(About::FIRM, Event::Restored { taken })?.done(()))
}

/// Whether an owner has yet to say what happened since the backup, of numbers or of letters. Until then nothing is
/// taken from the drop folder either: what was taken since is unknown here, and the house before may still take from
/// it.
///
/// # Errors
/// When the store fails.
pub fn undecided(r: &impl Reader) -> Result<bool, StoreError> {
    Ok(r.numbers_held_since()?.is_some() || r.sending_held()?)
}

/// Refuses while numbers are held back.
///
/// # Errors
/// [`Refusal::NumbersHeld`], or when the store fails.
pub(super) fn refuse_held(r: &impl Reader) -> Result<(), ActError> {
    match r.numbers_held_since()? {
        None => Ok(()),
        Some(_) => Err(Refusal::NumbersHeld.into()),
    }
}

/// The series in which numbers may have been given since the backup: of the years about it and about today.
///
/// # Errors
/// When the store fails, or no numbers are held back.
pub fn series_held(r: &impl Reader, today: Date) -> Result<Vec<Series>, ActError> {
    let taken = found(r.numbers_held_since()?)?;
    let from = taken.to_zoned(jiff::tz::TimeZone::UTC).year().saturating_sub(1);
    let firm = r.firm()?;
    let patterns = [
        ("invoice", "Invoices", firm.series.invoice),
        ("credit-note", "Credit notes", firm.series.credit_note),
        ("quote", "Quotes", firm.series.quote),
        ("receipt", "Receipts", firm.series.receipt),
    ];
    let mut all = Vec::new();
    for (noun, words, pattern) in patterns {
        // A document may be dated a little back or ahead.
        let years = if pattern.yearly() { from..=today.year().saturating_add(1) } else { today.year()..=today.year() };
        for year in years {
            let key = series(noun, &pattern, Date::new(year, 1, 1).unwrap_or(today));
            let last = r.last_in_series(&key)?;
            let number = if last == 0 { None } else { pattern.write(year, last).ok() };
            let name = if pattern.yearly() { format!("{words} {year}") } else { words.to_owned() };
            all.push(Series { name, last, number, key, pattern: pattern.clone(), year });
        }
    }
    Ok(all)
}

/// Takes an owner's word for the last number given in each of [`series_held`], in that order, and lets numbers be
/// given again: the next ones follow these.
///
/// # Errors
/// When the role does not allow it, a number is too low or out of reach (the field is `last_` and its place), or none
/// are held back.
pub fn state_numbers(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    stated: &[u64],
    today: Date,
) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    let all = series_held(w, today)?;
    if all.len() != stated.len() {
        return Err(Refusal::TryAgain.into());
    }
    let mut faults = Vec::new();
    for (n, (series, last)) in all.iter().zip(stated).enumerate() {
        if !(series.last..=series.last.saturating_add(STATED_MAX)).contains(last) {
            let least = series.last;
            faults.push(FieldFault::new(&format!("last_{n}"), format!("{}: use {least} or more.", series.name)));
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::Fields(faults).into());
    }
    let mut told = Vec::new();
    for (series, last) in all.iter().zip(stated).filter(|(_, last)| **last > 0) {
        w.set_series(&series.key, *last)?;
        told.push(series.pattern.write(series.year, *last).map_err(Refusal::from)?.to_string());
    }
    w.hold_numbers(None)?;
    Ok(w.record(About::FIRM, Event::NumbersStated { last: told.join(", ") })?.done(()))
}

/// Lets letters go that were held back since a restore or a leap of the clock, but for those that an owner keeps back
/// for good.
///
/// # Errors
/// When the role does not allow it, or nothing is held back.
pub fn release_sending(w: &mut WriteTx<'_>, scope: &StaffScope, not: &[LetterId]) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    found(w.held_since()?)?;
    for id in not {
        let letter = found(w.letter(*id)?)?;
        if letter.state.waits() {
            letters::withdraw(w, letter, "an owner kept it back")?;
        }
    }
    letters::release_sending(w, scope)
}
