//! One letter a day for each person: reminders that wait for somebody about the same client go together.
//!
//! Each is looked at by itself first, as if it went alone; what may not go now stays behind.

use jiff::tz::TimeZone;

use super::letters::{self, CARRIED_MAX, Parcel, Sender};
use super::reminders::{self, Rules};
use crate::domain::ids::LetterId;
use crate::domain::letter::Purpose;
use crate::secrets::Entropy;
use crate::store::prelude::*;

/// Begins the hand-over of a letter; of a reminder together with the others that wait for the same person about the
/// same client's invoices. `None` when it does not go now. The letter that carries them all need not be `id`.
///
/// # Errors
/// When the store fails.
pub fn begin(
    w: &mut WriteTx<'_>,
    id: LetterId,
    firm_zone: &TimeZone,
    entropy: &Entropy,
    sender: &Sender,
) -> Result<Option<Parcel>, ActError> {
    let rules = Rules::now(w, firm_zone)?;
    if !reminders::renew(w, id, firm_zone, &rules)? {
        return Ok(None);
    }
    let Some(letter) = w.letter(id)?.filter(|x| matches!(x.purpose, Purpose::Reminder(..))) else {
        return letters::begin(w, id, entropy, sender);
    };
    let mut going = vec![id];
    for other in w.reminders_waiting_for(letter.to)? {
        if going.len() == CARRIED_MAX {
            break;
        }
        if other.id != id && other.client == letter.client && reminders::renew(w, other.id, firm_zone, &rules)? {
            going.push(other.id);
        }
    }
    let zone = reminders::clocks_of(w, letter.to, firm_zone)?;
    letters::begin_together(w, &going, &zone, entropy, sender)
}
