//! After a restore: what was given or sent since the backup is unknown here, so nothing is given or sent again before
//! an owner has said what was.

use std::collections::BTreeSet;

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
use crate::secrets;
use crate::store::prelude::*;

/// How far identifiers leap at a restore: more than any firm gives between two backups.
const LEAP: u64 = 1_000_000;
/// How far a stated number may lie above the last known one: beyond it is a slip of the hand.
const STATED_MAX: u64 = 1_000_000;
/// Bytes of the digest of a list of letters.
const SEEN_BYTES: usize = 16;

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

/// The letters that wait since a restore or a leap of the clock, as an owner looks through them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Those that are listed one by one, newest first.
    pub listed: Vec<LetterId>,
    /// The older ones, of which the list tells the number.
    pub rest: Vec<LetterId>,
}

impl Held {
    /// Says of which letters a list was drawn.
    pub fn seen(&self) -> String {
        let told = |ids: &[LetterId]| {
            let all: BTreeSet<LetterId> = ids.iter().copied().collect();
            all.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        };
        let digest = secrets::sha256(format!("{}/{}", told(&self.listed), told(&self.rest)).as_bytes());
        digest[..SEEN_BYTES].iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// What becomes of the letters beyond those that are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// They go as well.
    Goes,
    /// They are withdrawn.
    Withdrawn,
}

/// An owner's word on the letters held back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// The letters that were listed.
    pub listed: Vec<LetterId>,
    /// Those of them that go; the others are withdrawn.
    pub go: Vec<LetterId>,
    /// What becomes of the others.
    pub rest: Option<Rest>,
    /// [`Held::seen`] of the list.
    pub seen: String,
}

impl Release {
    /// Everything that waits goes.
    pub fn all(held: &Held) -> Self {
        let (listed, seen) = (held.listed.clone(), held.seen());
        Self { go: listed.clone(), listed, rest: Some(Rest::Goes), seen }
    }
}

/// The letters held back, of which `limit` are listed one by one.
///
/// # Errors
/// When the store fails, or nothing is held back.
pub fn held(r: &impl Reader, limit: usize) -> Result<Held, ActError> {
    let mut listed = r.letters_held(found(r.held_since()?)?)?;
    let rest = listed.split_off(limit.min(listed.len()));
    Ok(Held { listed, rest })
}

/// Lets letters go that were held back since a restore or a leap of the clock, but for those that an owner keeps back
/// for good. What the list did not tell of is not let go: nothing is then, and the list is to be looked through anew.
///
/// # Errors
/// When the role does not allow it, nothing is held back, the list is another by now (the field is `go`), or nothing is
/// said of those beyond it (`rest`).
pub fn release_sending(w: &mut WriteTx<'_>, scope: &StaffScope, asked: &Release) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    let all = held(w, usize::MAX)?.listed;
    let (listed, go) = (set(&asked.listed), set(&asked.go));
    let oldest = listed.first().copied();
    let (rest, came): (Vec<LetterId>, Vec<LetterId>) =
        all.iter().copied().filter(|id| !listed.contains(id)).partition(|id| oldest.is_some_and(|oldest| *id < oldest));
    let seen = |rest: &[LetterId]| Held { listed: asked.listed.clone(), rest: rest.to_vec() }.seen() == asked.seen;
    let fault = |field, words: String| Err(Refusal::Fields(vec![FieldFault::new(field, words)]).into());
    if !came.is_empty() || !seen(&rest) {
        // Of a list that told of none beyond it, all the others are new.
        let more = if seen(&[]) { came.len() + rest.len() } else { came.len() };
        let what = match more {
            0 => "The list is another by now.".to_owned(),
            1 => "1 more came meanwhile.".to_owned(),
            some => format!("{some} more came meanwhile."),
        };
        return fault("go", format!("{what} No letter went: look through them as they wait now."));
    }
    if !rest.is_empty() && asked.rest.is_none() {
        let those = if rest.len() == 1 { "one that is".to_owned() } else { format!("{} that are", rest.len()) };
        return fault("rest", format!("Say what becomes of the {those} not listed."));
    }
    let rest_goes = asked.rest == Some(Rest::Goes);
    for id in all {
        let goes = if listed.contains(&id) { go.contains(&id) } else { rest_goes };
        if let Some(letter) = w.letter(id)?.filter(|_| !goes) {
            letters::withdraw(w, letter, "an owner kept it back")?;
        }
    }
    letters::release_sending(w, scope)
}

fn set(ids: &[LetterId]) -> BTreeSet<LetterId> {
    ids.iter().copied().collect()
}
