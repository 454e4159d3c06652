//! Which letter another goes on from, so that mail programs show them as one conversation: the letters about one
//! invoice to one person, and those about several invoices of one client to one person.

use crate::domain::ids::{InvoiceId, LetterId};
use crate::domain::letter::{Letter, person_key};
use crate::store::prelude::*;

/// The first letter about the same invoice that went to the same person by itself before this one.
pub(super) fn of_invoice(r: &impl Reader, letter: &Letter) -> Result<Option<String>, StoreError> {
    let Some(invoice) = letter.purpose.invoice() else { return Ok(None) };
    let before = r.letters_about(invoice)?.into_iter().take_while(|x| x.id < letter.id);
    let mut went = before.filter(|x| x.to == letter.to && x.with.is_none() && x.carries.is_empty() && x.state.is_out());
    Ok(went.next().map(|x| x.message_id))
}

/// Most letters of invoices that a letter about several names as its thread.
const NAMED_MAX: usize = 10;

/// The last letters about each of these invoices that went to the same person, those of the first of them last, so that
/// their threads go on in a letter about all.
pub(super) fn of_invoices(
    r: &impl Reader,
    letter: &Letter,
    invoices: impl IntoIterator<Item = InvoiceId>,
) -> Result<Vec<String>, StoreError> {
    let mut out: Vec<String> = Vec::new();
    for invoice in invoices.into_iter().take(NAMED_MAX) {
        let mut before = r.letters_about(invoice)?.into_iter().rev();
        let last = before.find(|x| x.to == letter.to && x.message_id != letter.message_id && x.state.is_out());
        out.extend(last.map(|x| x.message_id).filter(|id| !out.contains(id)));
    }
    out.reverse();
    Ok(out)
}

/// The last letter about several invoices of the same client that went to the same person.
pub(super) fn last_digest(r: &impl Reader, letter: &Letter) -> Result<Option<String>, StoreError> {
    remembered(r, "last", letter)
}

/// The first of them.
pub(super) fn first_digest(r: &impl Reader, letter: &Letter) -> Result<Option<String>, StoreError> {
    remembered(r, "first", letter)
}

fn remembered(r: &impl Reader, which: &str, letter: &Letter) -> Result<Option<String>, StoreError> {
    let id = r.last_in_series(&series(which, letter))?;
    Ok(r.letter(LetterId(id))?.map(|x| x.message_id).filter(|id| *id != letter.message_id))
}

/// Notes that a letter went, if it was about several invoices.
pub(super) fn remember(w: &mut WriteTx<'_>, letter: &Letter) -> Result<(), StoreError> {
    if letter.carries.is_empty() {
        return Ok(());
    }
    if w.last_in_series(&series("first", letter))? == 0 {
        w.remember(&series("first", letter), letter.id.0)?;
    }
    w.remember(&series("last", letter), letter.id.0)
}

/// Where such a letter to a person about a client's invoices is remembered.
fn series(which: &str, letter: &Letter) -> String {
    let client = letter.client.map_or(0, |x| x.0);
    format!("several/{which}/{}/{client}", person_key(letter.to))
}

/// A Message-ID of the same sender, from its local part.
pub(super) fn beside(message_id: &str, local: &str) -> String {
    format!("{local}@{}", message_id.rsplit_once('@').map_or("localhost", |x| x.1))
}
