//! One letter a day for each person: reminders that wait for somebody about the same client go together.
//!
//! Each is looked at by itself first, as if it went alone; what may not go now stays behind. On a day on
//! which one went, all but what staff said be sent again waits for the next.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::letters::{self, CARRIED_MAX, Parcel, Sender};
use super::reminders::{self, Rules};
use crate::domain::ids::LetterId;
use crate::domain::letter::{Letter, Purpose};
use crate::secrets::Entropy;
use crate::store::prelude::*;

/// Whether a reminder that is begun takes others along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// Those that wait for the same person about the same client's invoices.
    Others,
    /// None: one of them can't be read.
    None,
}

/// Begins the hand-over of a letter; of a reminder in `company`. `None` when it does not go now. The letter that
/// carries them all need not be `id`.
///
/// # Errors
/// When the store fails.
pub fn begin(
    w: &mut WriteTx<'_>,
    id: LetterId,
    company: Company,
    firm_zone: &TimeZone,
    entropy: &Entropy,
    sender: &Sender,
) -> Result<Option<Parcel>, ActError> {
    if let Some(copy) = w.letter(id)?.filter(|x| x.state.waits() && letters::is_copy(x)) {
        return letters::begin_copy(w, copy, firm_zone, sender);
    }
    let rules = Rules::now(w, firm_zone)?;
    if !reminders::renew(w, id, firm_zone, &rules)? {
        return Ok(None);
    }
    let Some(letter) = w.letter(id)?.filter(|x| matches!(x.purpose, Purpose::Reminder(..))) else {
        return letters::begin(w, id, entropy, sender);
    };
    let zone = reminders::clocks_of(w, letter.to, firm_zone)?;
    if let Some(until) = letters::waits_until(w, &letter, &rules.policy, w.now, &zone)? {
        w.move_letter(&letter, &letter.state, Some(until))?;
        return Ok(None);
    }
    let mut going = vec![id];
    let others = match company {
        Company::Others => w.reminders_waiting_for(letter.to)?,
        Company::None => Vec::new(),
    };
    for other in others {
        if going.len() == CARRIED_MAX {
            break;
        }
        let may = other.id != id
            && other.client == letter.client
            && letters::waits_until(w, &other, &rules.policy, w.now, &zone)?.is_none();
        if may && reminders::renew(w, other.id, firm_zone, &rules)? {
            going.push(other.id);
        }
    }
    letters::begin_together(w, &going, &zone, entropy, sender)
}

/// Why a letter in the outbox does not go with the next round, as a plan says it: another one to the same person about
/// the same client went today. `None` where that is no reason.
///
/// # Errors
/// When the store fails.
pub fn why_it_waits(
    r: &impl Reader,
    letter: &Letter,
    now: Timestamp,
    firm_zone: &TimeZone,
) -> Result<Option<&'static str>, StoreError> {
    if !letter.purpose.reminds() {
        return Ok(None);
    }
    let zone = reminders::clocks_of(r, letter.to, firm_zone)?;
    let waits = letters::waits_for_another_day(r, letter, now, &zone)?;
    Ok(waits.then_some("waits: a letter went to them today"))
}
