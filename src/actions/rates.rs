//! How often secrets are mailed to a person and how often codes are tried at one: counted in the data file, so that a
//! restart forgets nothing.
//!
//! Whoever asks is told the same whether a limit was reached or not: that somebody has an account here is nobody's
//! business.

use crate::domain::ids::LetterId;
use crate::domain::letter::person_key;
use crate::domain::person::Person;
use crate::domain::rate::Rate;
use crate::store::prelude::*;

/// Letters of one kind to one person: three at once, then one each twelve minutes. A sign-in link lasts fifteen, so
/// whoever asks in another's name can't keep that person from having one that works.
const LETTERS: Rate = Rate::hourly(3, 5);
/// Letters of one kind to one person that may wait to be sent, while the mail server takes none.
const UNSENT_MAX: usize = 3;
/// Wrong codes at one person, whoever typed them: ten at once, then ten an hour. Beyond that no code is taken, and the
/// link in the letter is the way.
const WRONG_CODES: Rate = Rate::hourly(10, 10);

/// A kind of letter that anybody can have sent by typing an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    SignIn,
    Reset,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Reset => "reset",
        }
    }
}

/// Sends one more letter of a kind to a person with `queue`, unless it is one too many; whether it was sent.
pub(super) fn letter(
    w: &mut WriteTx<'_>,
    kind: Kind,
    to: Person,
    queue: impl FnOnce(&mut WriteTx<'_>) -> Result<LetterId, ActError>,
) -> Result<bool, ActError> {
    let series = format!("rate/{}/{}", kind.words(), person_key(to));
    let Some(forgotten) = LETTERS.take(counted(w, &series)?, w.now) else { return Ok(false) };
    let Some(slot) = free_slot(w, &series)? else { return Ok(false) };
    let id = queue(w)?;
    w.remember(&slot, id.0)?;
    count(w, &series, forgotten)?;
    Ok(true)
}

/// The place of a letter that has gone, or of none yet.
fn free_slot(w: &WriteTx<'_>, series: &str) -> Result<Option<String>, StoreError> {
    for n in 0..UNSENT_MAX {
        let slot = format!("{series}/{n}");
        let before = LetterId(w.last_in_series(&slot)?);
        if !w.letter(before)?.is_some_and(|l| l.state.waits()) {
            return Ok(Some(slot));
        }
    }
    Ok(None)
}

/// Whether codes of a person are taken at all now.
pub(super) fn takes_codes(w: &WriteTx<'_>, person: Person) -> Result<bool, StoreError> {
    Ok(!WRONG_CODES.is_spent(counted(w, &codes(person))?, w.now))
}

/// Counts a wrong code at a person.
pub(super) fn wrong_code(w: &mut WriteTx<'_>, person: Person) -> Result<(), StoreError> {
    let series = codes(person);
    match WRONG_CODES.take(counted(w, &series)?, w.now) {
        Some(forgotten) => count(w, &series, forgotten),
        None => Ok(()),
    }
}

fn codes(person: Person) -> String {
    format!("rate/code/{}", person_key(person))
}

fn counted(w: &WriteTx<'_>, series: &str) -> Result<i64, StoreError> {
    Ok(i64::try_from(w.last_in_series(series)?).unwrap_or(i64::MAX))
}

fn count(w: &mut WriteTx<'_>, series: &str, forgotten: i64) -> Result<(), StoreError> {
    w.remember(series, u64::try_from(forgotten).unwrap_or(0))
}
