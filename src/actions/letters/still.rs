//! Whether a letter that is being handed over is still true: asked once more as late as can be, because a mail server
//! may take minutes to answer to its addresses, and somebody may pay meanwhile.

use jiff::civil::Date;

use super::copies::is_copy;
use super::hand_over::Parcel;
use super::stop::moot;
use crate::domain::ids::{ClientId, InvoiceId, LetterId};
use crate::domain::letter::{ALSO_MAX, Letter, Purpose};
use crate::domain::payment::Settled;
use crate::store::prelude::*;

/// What a letter says as it is begun: each that goes in it, and how the invoices stand whose amounts it names.
#[derive(Clone, Debug, Default)]
pub struct Spoken {
    letters: Vec<LetterId>,
    invoices: Vec<(InvoiceId, Standing)>,
    /// All that is open of the client, where it sums up what it does not name.
    all: Option<(ClientId, Vec<(InvoiceId, i64)>)>,
}

/// How an invoice stands: what settled it, and of how much that was open how much is disputed.
type Standing = (Settled, Option<(i64, i64)>);

fn standing(r: &impl Reader, id: InvoiceId) -> Result<Standing, StoreError> {
    Ok((r.settled(id)?, r.disputed_of(id)?))
}

fn all_open(r: &impl Reader, client: ClientId) -> Result<Vec<(InvoiceId, i64)>, StoreError> {
    Ok(r.open_of(client)?.into_iter().map(|(x, _)| (x.invoice, x.open)).collect())
}

/// What a letter just begun says.
///
/// # Errors
/// When the store fails.
pub fn spoken(r: &impl Reader, parcel: &Parcel) -> Result<Spoken, StoreError> {
    let Some(lead) = r.letter(parcel.id)? else { return Ok(Spoken::default()) };
    let mut said = Spoken::default();
    let mut named = parcel.named.clone();
    for letter in std::iter::once(Ok(Some(lead.clone()))).chain(lead.carries.iter().map(|id| r.letter(*id))) {
        let Some(letter) = letter? else { continue };
        said.letters.push(letter.id);
        named.extend(asks_for(&letter));
    }
    if let Some(client) = lead.client.filter(|_| parcel.named.len() == ALSO_MAX) {
        said.all = Some((client, all_open(r, client)?));
    }
    for id in named {
        said.invoices.push((id, standing(r, id)?));
    }
    Ok(said)
}

/// Whether it may go all the same: nobody paid, disputed, asked for no more or was revoked, and nothing holds it
/// `today`. A promise for one that it only names beside is let go.
///
/// # Errors
/// When the store fails.
pub fn still(r: &impl Reader, said: &Spoken, today: Date) -> Result<bool, StoreError> {
    for (id, was) in &said.invoices {
        if standing(r, *id)? != *was {
            return Ok(false);
        }
    }
    if let Some((client, was)) = &said.all
        && all_open(r, *client)? != *was
    {
        return Ok(false);
    }
    for id in &said.letters {
        let Some(letter) = r.letter(*id)? else { return Ok(false) };
        if moot(r, &letter)?.is_some() || held(r, &letter, today)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The invoice that a reminder asks for. A copy asks for nothing: it is of a letter that went.
fn asks_for(letter: &Letter) -> Option<InvoiceId> {
    let Purpose::Reminder(id, _) = letter.purpose else { return None };
    Some(id).filter(|_| !is_copy(letter))
}

fn held(r: &impl Reader, letter: &Letter, today: Date) -> Result<bool, StoreError> {
    let Some(id) = asks_for(letter) else { return Ok(false) };
    let Some(invoice) = r.invoice(id)? else { return Ok(true) };
    Ok(r.hold_on(&invoice, today)?.is_some())
}
