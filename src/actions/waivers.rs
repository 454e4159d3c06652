//! What settles an invoice although nothing came in: what is written off, and the discount for paying early.
//!
//! Both are allocations of their own, with an event and a line on the statement; the invoice itself never changes.

use jiff::civil::Date;

use super::{found, payments};
use crate::app::Settings;
use crate::domain::access::{Act, StaffScope};
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::YEARS;
use crate::domain::money::Money;
use crate::domain::payment::Source;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::store::prelude::*;

/// Writes `amount` of an invoice off, for a reason that staff read: nobody expects it of the client any more, no
/// reminder asks for it, and the statement shows it on `on`.
///
/// # Errors
/// When the scope does not allow it, nothing or less is open, or `on` is before the invoice's date or out of range.
pub fn write_off(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    invoice: InvoiceId,
    amount: Money,
    on: Date,
    reason: &str,
) -> Result<Done<()>, ActError> {
    let row = found(w.invoice_row(invoice)?.filter(|r| scope.sees(r.invoice.client)))?;
    scope.may(Act::Work)?;
    if row.invoice.issue.is_none() {
        return Err(Refusal::NotIssued.into());
    }
    if on < row.invoice.dated || !YEARS.contains(&on.year()) {
        let from = format!("Enter a day from {}, the date of the invoice, on.", row.invoice.dated);
        return Err(Refusal::from(FieldFault::new("on", from)).into());
    }
    let source = Source::WrittenOff(row.invoice.client);
    Ok(payments::allocate(w, &row, source, amount, on, reason)?.done(()))
}

/// Takes the discount for early payment, if what is open is no more than that and all that was paid came in time.
pub(super) fn take_early(w: &mut WriteTx<'_>, invoice: InvoiceId) -> Result<(), ActError> {
    let row = found(w.invoice_row(invoice)?)?;
    let (open, credited) = (row.open(), Money::new(row.settled.credited, row.invoice.currency));
    let paid = w.allocations_of(invoice)?.into_iter().filter(|a| matches!(a.source, Source::Receipt(_)));
    let Some(last) = paid.map(|a| a.on).max() else { return Ok(()) };
    let owed = row.invoice.payable().minus(credited);
    let off = owed.and_then(|owed| row.invoice.terms.early_off(owed, last));
    if off.is_some_and(|off| (1..=off.minor).contains(&open.minor)) {
        let source = Source::EarlyPayment(row.invoice.client);
        let _ = payments::allocate(w, &row, source, open, last, "")?;
    }
    Ok(())
}

/// Gives the discount for early payment back to what is owed, because a payment that earned it counts no longer.
pub(super) fn give_back_early(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    settings: &Settings,
    invoice: InvoiceId,
) -> Result<(), ActError> {
    let taken = w.allocations_of(invoice)?.into_iter().find(|a| matches!(a.source, Source::EarlyPayment(_)));
    if let Some(taken) = taken {
        let why = "the payment that it was given for counts no longer";
        let _ = payments::undo(w, scope, settings, (invoice, taken.id), why)?;
    }
    Ok(())
}
