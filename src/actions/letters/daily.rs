//! At most one letter of reminders a day to one person about one client: when one went to them last, and what else
//! waits therefore for the next morning on which letters go.
//!
//! Noted beside the letters, because a letter may be sent again, come back or be left since.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::domain::calendar::today;
use crate::domain::ids::LetterId;
use crate::domain::letter::{Letter, LetterState, person_key};
use crate::domain::policy::Policy;
use crate::store::prelude::*;

/// When a reminder is looked at again while another one to the same person is on its way.
const MEANWHILE: SignedDuration = SignedDuration::from_mins(1);
/// How long a hand-over takes at most; after that its outcome is not known.
const STUCK: SignedDuration = SignedDuration::from_mins(30);

/// Until when a reminder waits, because another one went to the same person today or is on its way; `None` when it need
/// not.
///
/// # Errors
/// When the store fails.
pub fn waits_until(
    r: &impl Reader,
    letter: &Letter,
    policy: &Policy,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Option<Timestamp>, StoreError> {
    if is_again(r, letter.id)? {
        return Ok(None);
    }
    if went_today(r, letter, now, zone)? {
        return Ok(Some(policy.next_opening(now, zone).unwrap_or(Timestamp::MAX)));
    }
    let under_way = LetterId(r.last_in_series(&series("begun", letter))?);
    let Some(LetterState::Sending(since)) = r.letter(under_way)?.map(|x| x.state) else { return Ok(None) };
    // One whose outcome could not be kept stays so until the next start: it may have gone on its day, and no longer.
    if today(since, zone) != today(now, zone) {
        return Ok(None);
    }
    let lately = now.duration_since(since) < STUCK;
    let next = if lately { now.saturating_add(MEANWHILE).ok() } else { policy.next_opening(now, zone) };
    Ok(Some(next.unwrap_or(Timestamp::MAX)))
}

/// Whether a letter of reminders about the same client went to the same person on the civil day that it is `now` in
/// `zone`, and this one is none that staff said be sent again.
pub(in super::super) fn waits_for_another_day(
    r: &impl Reader,
    letter: &Letter,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<bool, StoreError> {
    Ok(letter.state.waits() && !is_again(r, letter.id)? && went_today(r, letter, now, zone)?)
}

fn went_today(r: &impl Reader, letter: &Letter, now: Timestamp, zone: &TimeZone) -> Result<bool, StoreError> {
    Ok(last_went(r, letter)?.is_some_and(|at| today(at, zone) == today(now, zone)))
}

fn last_went(r: &impl Reader, letter: &Letter) -> Result<Option<Timestamp>, StoreError> {
    let at = r.last_in_series(&series("went", letter))?;
    Ok(i64::try_from(at).ok().filter(|at| *at > 0).and_then(|at| Timestamp::from_millisecond(at).ok()))
}

/// Notes that the hand-over of a letter of reminders began.
pub(super) fn note_begun(w: &mut WriteTx<'_>, letter: &Letter) -> Result<(), StoreError> {
    w.remember(&series("begun", letter), letter.id.0)
}

/// Notes that a letter of reminders went `at` an instant, or may have; nothing of any other.
pub(super) fn note_went(w: &mut WriteTx<'_>, letter: &Letter, at: Timestamp) -> Result<(), StoreError> {
    if !letter.purpose.reminds() {
        return Ok(());
    }
    // What is found after a crash may be older than what went since.
    let now = w.now;
    if last_went(w, letter)?.is_none_or(|kept| kept <= at || kept > now) {
        w.remember(&series("went", letter), u64::try_from(at.as_millisecond()).unwrap_or_default())?;
    }
    forget_again(w, letter)
}

/// Notes that staff said that a reminder be sent again, whatever went today.
pub(super) fn note_again(w: &mut WriteTx<'_>, letter: &Letter) -> Result<(), StoreError> {
    if letter.purpose.reminds() { w.remember(&again(letter.id), 1) } else { Ok(()) }
}

/// Forgets it: the letter was taken back since.
pub(super) fn forget_again(w: &mut WriteTx<'_>, letter: &Letter) -> Result<(), StoreError> {
    if is_again(w, letter.id)? { w.remember(&again(letter.id), 0) } else { Ok(()) }
}

/// Whether staff said that a reminder be sent again, and it did not go since.
pub(super) fn is_again(r: &impl Reader, id: LetterId) -> Result<bool, StoreError> {
    Ok(r.last_in_series(&again(id))? != 0)
}

fn again(id: LetterId) -> String {
    format!("reminder/again/{id}")
}

/// Where it is noted of a person and a client.
fn series(what: &str, letter: &Letter) -> String {
    let client = letter.client.map_or(0, |x| x.0);
    format!("reminder/{what}/{}/{client}", person_key(letter.to))
}
