//! Credit limits and holds: set and lifted by staff for a reason, and what they say to an invoice that is to go out.

use super::found;
use crate::domain::access::{Act, StaffScope};
use crate::domain::credit_terms::{CreditTerms, Hold, Limit, Over};
use crate::domain::event::{Actor, Event};
use crate::domain::ids::{ClientId, StaffId};
use crate::domain::invoice::Invoice;
use crate::domain::money::Money;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::text;
use crate::store::prelude::*;

const WHY: &str = "Say why, in a few words.";

/// What whoever issues an invoice knows of the client’s credit limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Beyond {
    /// It may not be exceeded.
    #[default]
    Refused,
    /// They were warned, and issue all the same.
    Acknowledged,
}

/// Sets how much a client may owe, or takes the limit away.
///
/// # Errors
/// When the scope does not allow it, the limit is below zero, or the reason is missing.
pub fn set_limit(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    client: ClientId,
    limit: Option<Money>,
    reason: &str,
) -> Result<Done<()>, ActError> {
    let (mut terms, by) = theirs(w, scope, client)?;
    if limit.is_some_and(|x| x.minor < 0) {
        return Err(Refusal::from(FieldFault::new("limit", "Enter an amount of 0 or more.")).into());
    }
    let reason = text::required("reason", reason, text::LINE_MAX, WHY).map_err(Refusal::from)?;
    terms.limit = limit.map(|amount| Limit { amount, reason: reason.clone(), by, since: w.now });
    w.put_credit_terms(&terms)?;
    Ok(w.record(About::client(client), Event::CreditLimitSet { client, limit, reason })?.done(()))
}

/// Puts a client on hold: nothing is issued to them until it is lifted. An earlier hold is replaced.
///
/// # Errors
/// When the scope does not allow it, or the reason is missing.
pub fn hold(w: &mut WriteTx<'_>, scope: &StaffScope, client: ClientId, reason: &str) -> Result<Done<()>, ActError> {
    let (mut terms, by) = theirs(w, scope, client)?;
    let reason = text::required("hold_reason", reason, text::LINE_MAX, WHY).map_err(Refusal::from)?;
    terms.hold = Some(Hold { reason: reason.clone(), by, since: w.now });
    w.put_credit_terms(&terms)?;
    Ok(w.record(About::client(client), Event::CreditHeld { client, reason })?.done(()))
}

/// Lifts a hold.
///
/// # Errors
/// When the scope does not allow it, or there is none.
pub fn lift(w: &mut WriteTx<'_>, scope: &StaffScope, client: ClientId) -> Result<Done<()>, ActError> {
    let (mut terms, _) = theirs(w, scope, client)?;
    found(terms.hold.take())?;
    w.put_credit_terms(&terms)?;
    Ok(w.record(About::client(client), Event::CreditHoldLifted { client })?.done(()))
}

fn theirs(w: &WriteTx<'_>, scope: &StaffScope, client: ClientId) -> Result<(CreditTerms, StaffId), ActError> {
    found(w.client(client)?.filter(|c| scope.sees(c.id)))?;
    scope.may(Act::Work)?;
    let Actor::Staff(by) = w.by.actor else { return Err(Refusal::NotFound.into()) };
    Ok((w.credit_terms(client)?, by))
}

/// Refuses what a hold forbids, of an invoice of this client.
///
/// # Errors
/// [`Refusal::CreditHeld`]
pub fn refuse_held(r: &impl Reader, client: ClientId) -> Result<(), ActError> {
    match r.credit_terms(client)?.hold {
        Some(hold) => Err(Refusal::CreditHeld(hold.reason).into()),
        None => Ok(()),
    }
}

/// Whether a document lets its client owe more for something done for them. What late payment costs is owed whether it
/// is written down or not.
pub fn extends_credit(invoice: &Invoice) -> bool {
    invoice.is_invoice() && invoice.late.is_none()
}

/// By what an invoice would exceed its client’s credit limit. A credit note never does, nor a late payment note.
///
/// # Errors
/// When the store fails.
pub fn over(r: &impl Reader, invoice: &Invoice) -> Result<Option<Over>, StoreError> {
    over_by(r, invoice.client, invoice.payable(), extends_credit(invoice))
}

/// As [`over`], of what is to be paid.
///
/// # Errors
/// When the store fails.
pub fn over_by(r: &impl Reader, client: ClientId, more: Money, is_invoice: bool) -> Result<Option<Over>, StoreError> {
    let terms = r.credit_terms(client)?;
    if terms.limit.is_none() || !is_invoice {
        return Ok(None);
    }
    Ok(terms.exceeded(r.owed_by(client, more.currency)?, more))
}

/// What a client’s credit terms say to an invoice that is about to be issued: by what it exceeds the limit, where that
/// was acknowledged.
///
/// # Errors
/// [`Refusal::CreditHeld`], [`Refusal::OverLimit`].
pub(super) fn check(r: &impl Reader, invoice: &Invoice, beyond: Beyond) -> Result<Option<Over>, ActError> {
    if !extends_credit(invoice) {
        return Ok(None);
    }
    refuse_held(r, invoice.client)?;
    match over(r, invoice)? {
        Some(over) if beyond == Beyond::Refused => Err(Refusal::OverLimit(over.limit, over.owed).into()),
        other => Ok(other),
    }
}
