//! Taking a receipt back whole: the bank returned it, or it never was as recorded.
//!
//! Nothing is deleted: the receipt stays and its reversal beside it, each a line of its own date. What it settled is
//! open again.

use jiff::civil::Date;

use super::reopen;
use crate::actions::{author, found, waivers};
use crate::app::Settings;
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::Event;
use crate::domain::ids::ReceiptId;
use crate::domain::invoice::YEARS;
use crate::domain::money::Money;
use crate::domain::payment::{Cause, Receipt, Reversal, Source};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::store::prelude::*;

/// How a receipt is taken back, as a form gives it.
#[derive(Clone, Debug)]
pub struct TakingBack {
    /// Civil date on which it stops counting.
    pub on: Date,
    /// Why.
    pub cause: Cause,
    /// In the firm's own words, for the activity log.
    pub reason: String,
}

/// Takes a receipt back: what it settled is open again, and reminders go on from now with the steps still to come.
///
/// # Errors
/// When the scope does not allow it, the day is before the receipt's own or out of range, some of it was paid back
/// ([`Refusal::PaidBack`]), or it was taken back before ([`Refusal::Repeated`] with that receipt).
pub fn reverse(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    settings: &Settings,
    id: ReceiptId,
    back: &TakingBack,
) -> Result<Done<()>, ActError> {
    let receipt = found(w.receipt(id)?.filter(|r| scope.sees(r.client)))?;
    scope.may(Act::Work)?;
    if receipt.reversed.is_some() {
        return Err(Refusal::Repeated(id.0).into());
    }
    let refunds = w.refunds_from(Source::Receipt(id))?;
    let paid_back = refunds.iter().fold(0_i64, |sum, x| sum.saturating_add(x.worth().minor));
    if paid_back > 0 {
        return Err(Refusal::PaidBack(Money::new(paid_back, receipt.amount.currency)).into());
    }
    check_day(&receipt, back.on).map_err(Refusal::from)?;
    let source = Source::Receipt(id);
    let parts = w.allocations_from(source)?;
    let TakingBack { on, cause, reason } = back.clone();
    let about = Event::ReceiptReversed { receipt: id, amount: receipt.amount, on, cause, reason: reason.clone() };
    let recorded = w.record(About::client(receipt.client), about)?;
    for part in &parts {
        let row = found(w.invoice_row(part.invoice)?)?;
        w.remove_allocation(part.invoice, part.id)?;
        let left_open = reopen(w, settings, &row)?;
        let (invoice, amount) = (part.invoice, part.amount);
        let event = Event::PaymentTakenBack { invoice, receipt: id, amount, left_open, cause };
        let _ = w.record(About::invoice(receipt.client, invoice), event)?;
        waivers::give_back_early(w, scope, settings, invoice)?;
    }
    let reversal = Reversal { on, cause, reason, at: w.now, by: author(w), parts };
    let receipt = Receipt { reversed: Some(reversal), ..receipt };
    w.put_receipt(&receipt)?;
    w.put_unapplied(receipt.client, source, receipt.worth())?;
    Ok(recorded.done(()))
}

fn check_day(receipt: &Receipt, on: Date) -> Result<(), FieldFault> {
    if !YEARS.contains(&on.year()) {
        return Err(FieldFault::new("on", format!("Enter a date from {} to {}.", YEARS.start(), YEARS.end())));
    }
    if on < receipt.on {
        let day = receipt.on.strftime("%-d %B %Y");
        return Err(FieldFault::new("on", format!("The payment arrived on {day}; enter that day or a later one.")));
    }
    Ok(())
}
