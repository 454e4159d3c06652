//! Whether a letter that is being handed over is still true: asked once more as late as can be, because a mail server
//! may take minutes to answer to its addresses, and somebody may pay meanwhile.

use jiff::civil::Date;

use super::stop::moot;
use crate::domain::ids::LetterId;
use crate::domain::letter::{Letter, Purpose};
use crate::domain::money::Money;
use crate::store::prelude::*;

/// What a letter says as it is begun: each that goes in it, with what a reminder says is open.
#[derive(Clone, Debug)]
pub struct Spoken(Vec<(LetterId, Option<Money>)>);

/// What a letter just begun says.
///
/// # Errors
/// When the store fails.
pub fn spoken(r: &impl Reader, id: LetterId) -> Result<Spoken, StoreError> {
    let Some(lead) = r.letter(id)? else { return Ok(Spoken(Vec::new())) };
    let mut all = vec![(id, open(r, &lead)?)];
    for other in &lead.carries {
        if let Some(letter) = r.letter(*other)? {
            all.push((*other, open(r, &letter)?));
        }
    }
    Ok(Spoken(all))
}

/// Whether it may go all the same: nobody paid, asked for no more or was revoked, and nothing holds it `today`.
///
/// # Errors
/// When the store fails.
pub fn still(r: &impl Reader, said: &Spoken, today: Date) -> Result<bool, StoreError> {
    for (id, was) in &said.0 {
        let Some(letter) = r.letter(*id)? else { return Ok(false) };
        if moot(r, &letter)?.is_some() || open(r, &letter)? != *was || held(r, &letter, today)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What is open of the invoice that a reminder speaks of.
fn open(r: &impl Reader, letter: &Letter) -> Result<Option<Money>, StoreError> {
    let Purpose::Reminder(id, _) = letter.purpose else { return Ok(None) };
    Ok(r.invoice_row(id)?.map(|row| row.open()))
}

fn held(r: &impl Reader, letter: &Letter, today: Date) -> Result<bool, StoreError> {
    let Purpose::Reminder(id, _) = letter.purpose else { return Ok(false) };
    let Some(invoice) = r.invoice(id)? else { return Ok(true) };
    Ok(r.hold_on(&invoice, today)?.is_some())
}
