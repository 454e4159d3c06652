//! Money paid back: what a client paid too much, or what a credit note left over, once the firm has sent it.
//!
//! A refund is recorded, not made: the money goes by the firm's bank. It counts against the receipt or credit that it
//! was paid out of, and stays in the books when it comes back.

use jiff::civil::Date;

use super::payments::{check_amount, source_of};
use super::{author, found, once};
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::Event;
use crate::domain::ids::RefundId;
use crate::domain::invoice::YEARS;
use crate::domain::money::Money;
use crate::domain::payment::{Method, Refund, Returned, Source};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::store::prelude::*;

/// Money paid back, as a form gives it.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// Out of which receipt or credit.
    pub source: Source,
    /// How much.
    pub amount: Money,
    /// On which civil date.
    pub on: Date,
    /// How.
    pub method: Method,
    /// The firm's reference; may be empty.
    pub reference: String,
    /// What the form drew for itself, so that sent twice it records once.
    pub once: Option<String>,
}

/// Records that money was paid back.
///
/// # Errors
/// When the scope does not allow it, the amount is not above zero or more than what settles nothing, the day is before
/// that of the receipt or credit or out of range, or the same form was recorded before ([`Refusal::Repeated`] with that
/// refund).
pub fn record(w: &mut WriteTx<'_>, scope: &StaffScope, new: &NewRefund) -> Result<Done<RefundId>, ActError> {
    let NewRefund { source, amount, on, method, reference, once } = new.clone();
    let (client, whole) = source_of(w, source)?;
    found(scope.sees(client).then_some(()))?;
    scope.may(Act::Work)?;
    check_amount(amount).map_err(Refusal::from)?;
    check_day(on, dated(w, source)?).map_err(Refusal::from)?;
    let once = once.map(|key| once::series("refund", &key));
    if let Some(before) = once.as_ref().map(|series| once::made(w, series)).transpose()?.flatten() {
        return Err(Refusal::Repeated(before).into());
    }
    if amount.currency != whole.currency {
        return Err(Refusal::OtherCurrency.into());
    }
    let left = Money::new(whole.minor.saturating_sub(w.used_of(source)?), whole.currency);
    if amount.minor > left.minor {
        return Err(Refusal::MoreThanUnapplied(left).into());
    }
    let id = RefundId(w.next("refund")?);
    if let Some(key) = once {
        w.remember(&key, id.0)?;
    }
    let by = author(w);
    w.put_refund(&Refund { id, client, source, amount, on, method, reference, at: w.now, by, returned: None })?;
    w.put_unapplied(client, source, whole)?;
    Ok(w.record(about(client, source), Event::Refunded { refund: id, amount, on })?.done(id))
}

/// Records that a refund came back or never went out: what it was paid out of is there again.
///
/// # Errors
/// When the scope does not allow it, the day is before the refund's own or out of range, or it came back before
/// ([`Refusal::Repeated`] with that refund).
pub fn give_back(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    id: RefundId,
    on: Date,
    reason: &str,
) -> Result<Done<()>, ActError> {
    let refund = found(w.refund(id)?.filter(|x| scope.sees(x.client)))?;
    scope.may(Act::Work)?;
    if refund.returned.is_some() {
        return Err(Refusal::Repeated(id.0).into());
    }
    check_day(on, refund.on).map_err(Refusal::from)?;
    let returned = Returned { on, reason: reason.to_owned(), at: w.now, by: author(w) };
    let (client, source, amount) = (refund.client, refund.source, refund.amount);
    w.put_refund(&Refund { returned: Some(returned), ..refund })?;
    let whole = source_of(w, source)?.1;
    w.put_unapplied(client, source, whole)?;
    let event = Event::RefundReturned { refund: id, amount, on, reason: reason.to_owned() };
    Ok(w.record(about(client, source), event)?.done(()))
}

/// The day of a receipt or credit note.
fn dated(w: &WriteTx<'_>, source: Source) -> Result<Date, ActError> {
    Ok(match source {
        Source::Receipt(id) => found(w.receipt(id)?)?.on,
        Source::Credit(id) => found(w.invoice(id)?)?.dated,
        Source::EarlyPayment(_) | Source::WrittenOff(_) => return Err(Refusal::NotFound.into()),
    })
}

/// What a refund's line of the log is about: a credit note's own page tells of it too.
fn about(client: crate::domain::ids::ClientId, source: Source) -> About {
    match source {
        Source::Credit(id) => About::invoice(client, id),
        _ => About::client(client),
    }
}

fn check_day(on: Date, first: Date) -> Result<(), FieldFault> {
    if !YEARS.contains(&on.year()) {
        return Err(FieldFault::new("on", format!("Enter a date from {} to {}.", YEARS.start(), YEARS.end())));
    }
    if on < first {
        return Err(FieldFault::new("on", format!("Enter {} or a later day.", first.strftime("%-d %B %Y"))));
    }
    Ok(())
}
