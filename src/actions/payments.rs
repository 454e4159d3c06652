//! Money received and what it settles.

mod reverse;

pub use reverse::{TakingBack, reverse};

use jiff::civil::Date;

use super::anew::begin_anew;
use super::invoices::series;
use super::{author, disputes, found, late_notes, letters, once, promises, reminders, restored, waivers};
use crate::app::Settings;
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::client::Party;
use crate::domain::event::Event;
use crate::domain::hold::ANOTHER_NEXT;
use crate::domain::ids::{AllocationId, ClientId, InvoiceId, ReceiptId};
use crate::domain::invoice::YEARS;
use crate::domain::money::{AMOUNT_MAX, Money};
use crate::domain::number::DocumentNumber;
use crate::domain::payment::{self, Allocation, Method, Receipt, Source};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::store::invoices::Row;
use crate::store::prelude::*;

/// Which invoices a receipt settles.
#[derive(Clone, Debug)]
pub enum Apply {
    /// Those named first, then the oldest due.
    Default(Vec<InvoiceId>),
    /// Exactly these parts; the rest stays unapplied.
    Exactly(Vec<(InvoiceId, Money)>),
}

/// Money received, as a form gives it.
#[derive(Clone, Debug)]
pub struct NewReceipt {
    /// From whom.
    pub client: ClientId,
    /// How much.
    pub amount: Money,
    /// On which civil date.
    pub on: Date,
    /// How.
    pub method: Method,
    /// The payer's reference; may be empty.
    pub reference: String,
    /// What it settles.
    pub apply: Apply,
    /// What the form drew for itself, so that sent twice it records once.
    pub once: Option<String>,
}

/// Records money received and applies it.
///
/// # Errors
/// When the scope does not allow it, the amount is not above zero, a date is out of range, a part exceeds its invoice
/// or the receipt, or the same form was recorded before ([`Refusal::Repeated`] with that receipt).
pub fn record(w: &mut WriteTx<'_>, scope: &StaffScope, new: &NewReceipt) -> Result<Done<ReceiptId>, ActError> {
    let payer = found(w.client(new.client)?)?.party;
    scope.may_for(Act::Work, new.client)?;
    check_amount(new.amount).map_err(Refusal::from)?;
    if !YEARS.contains(&new.on.year()) {
        let years = format!("Enter a date from {} to {}.", YEARS.start(), YEARS.end());
        return Err(Refusal::from(FieldFault::new("on", years)).into());
    }
    let once = new.once.as_ref().map(|key| once::series("receipt", key));
    if let Some(before) = once.as_ref().map(|series| once::made(w, series)).transpose()?.flatten() {
        return Err(Refusal::Repeated(before).into());
    }
    restored::refuse_held(w)?;
    let parts = parts(w, new)?;
    let (number, payee) = next_number(w, new.on)?;
    let id = ReceiptId(w.next("receipt")?);
    if let Some(key) = once {
        w.remember(&key, id.0)?;
    }
    let by = author(w);
    let NewReceipt { client, amount, on, method, reference, .. } = new.clone();
    let (at, reversed, named) = (w.now, None, number.clone());
    w.put_receipt(&Receipt { id, client, number, payer, payee, amount, on, method, reference, at, by, reversed })?;
    let event = Event::ReceiptRecorded { receipt: id, number: named, amount };
    let recorded = w.record(About::client(client), event)?;
    for (invoice, part) in parts {
        let _ = apply(w, client, Source::Receipt(id), invoice, part, on)?;
    }
    w.put_unapplied(client, Source::Receipt(id), amount)?;
    Ok(recorded.done(id))
}

/// The next number of a receipt dated `on`, over any that another pattern gave; and the firm, who gives it.
pub(super) fn next_number(w: &mut WriteTx<'_>, on: Date) -> Result<(DocumentNumber, Party), ActError> {
    let firm = w.firm()?;
    let pattern = &firm.series.receipt;
    let series = series("receipt", pattern, on);
    loop {
        let sequence = w.next_in_series(&series)?;
        let number = pattern.write(on.year(), sequence).map_err(Refusal::from)?;
        if w.receipt_numbered(&number)?.is_none() {
            return Ok((number, firm.party));
        }
    }
}

/// Refuses amounts that no document or payment may have.
pub(super) fn check_amount(amount: Money) -> Result<(), FieldFault> {
    match amount.minor {
        ..=0 => Err(FieldFault::new("amount", "Enter an amount above zero.")),
        minor if minor > AMOUNT_MAX => Err(FieldFault::new("amount", "This amount is too large; check its digits.")),
        _ => Ok(()),
    }
}

/// The parts that a new receipt is applied in, checked as a whole.
fn parts(w: &WriteTx<'_>, new: &NewReceipt) -> Result<Vec<(InvoiceId, Money)>, ActError> {
    let currency = new.amount.currency;
    match &new.apply {
        Apply::Default(named) => {
            let open = w.open_of(new.client)?.into_iter().filter(|x| x.1 == currency).map(|x| x.0).collect();
            let parts = payment::allocate(new.amount.minor, named, open);
            Ok(parts.into_iter().map(|(id, minor)| (id, Money::new(minor, currency))).collect())
        }
        Apply::Exactly(parts) => {
            let sum =
                parts.iter().try_fold(Money::zero(currency), |sum, x| sum.plus(x.1)).ok_or(Refusal::OtherCurrency)?;
            if sum.minor > new.amount.minor {
                return Err(Refusal::MoreThanUnapplied(new.amount).into());
            }
            Ok(parts.iter().filter(|x| x.1.minor != 0).copied().collect())
        }
    }
}

/// Applies part of a receipt or credit to an invoice, and takes its discount for early payment where that settles it.
fn apply(
    w: &mut WriteTx<'_>,
    client: ClientId,
    source: Source,
    invoice: InvoiceId,
    amount: Money,
    on: Date,
) -> Result<Recorded, ActError> {
    let row = found(w.invoice_row(invoice)?.filter(|r| r.invoice.client == client && r.invoice.issue.is_some()))?;
    let recorded = allocate(w, &row, source, amount, on, "")?;
    waivers::take_early(w, invoice)?;
    Ok(recorded)
}

/// Settles part of an invoice from `source`.
pub(super) fn allocate(
    w: &mut WriteTx<'_>,
    row: &Row,
    source: Source,
    amount: Money,
    on: Date,
    reason: &str,
) -> Result<Recorded, ActError> {
    if row.invoice.currency != amount.currency {
        return Err(Refusal::OtherCurrency.into());
    }
    if amount.minor <= 0 || amount.minor > row.open().minor {
        return Err(Refusal::MoreThanOpen(row.open()).into());
    }
    let (id, at, reason) = (AllocationId(w.next("allocation")?), w.now, reason.to_owned());
    w.put_allocation(&Allocation { id, source, invoice: row.invoice.id, amount, on, at, reason: reason.clone() })?;
    let (invoice, left_open) = (row.invoice.id, reshelve(w, row)?);
    let event = match source {
        Source::Receipt(_) | Source::Credit(_) => Event::Allocated { invoice, amount, left_open },
        Source::EarlyPayment(_) => Event::EarlyPaymentTaken { invoice, amount, left_open },
        Source::WrittenOff(_) => Event::WrittenOff { invoice, amount, left_open, reason },
    };
    let recorded = w.record(About::invoice(row.invoice.client, invoice), event)?;
    if left_open.minor == 0 {
        w.set_reminder(invoice, None)?;
        letters::withdraw_reminders(w, invoice, "nothing is open any more")?;
    }
    promises::paid(w, &row.invoice)?;
    disputes::moved(w, row, on)?;
    if let Source::Credit(id) = source {
        let note = found(w.invoice(id)?)?;
        disputes::credited(w, invoice, &note)?;
    }
    Ok(recorded)
}

/// After an allocation came or went: the invoice's new place, and its reminders from the beginning where another
/// instalment is the next to be asked for now. What is open after it.
fn reshelve(w: &mut WriteTx<'_>, before: &Row) -> Result<Money, ActError> {
    let (invoice, asked) = (&before.invoice, w.asked_due(before)?);
    let settled = w.reshelve(invoice)?;
    begin_anew(w, invoice, asked, ANOTHER_NEXT)?;
    if invoice.next_due(settled) != before.due() {
        late_notes::looked_past(w, invoice.id)?;
    }
    Ok(invoice.open(settled))
}

/// Applies more of what is unapplied of a receipt or credit to an invoice.
///
/// # Errors
/// When the scope does not allow it, or the amount exceeds what is unapplied or open.
pub fn apply_more(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    source: Source,
    invoice: InvoiceId,
    amount: Money,
    on: Date,
) -> Result<Done<()>, ActError> {
    let (client, whole) = source_of(w, source)?;
    found(scope.sees(client).then_some(()))?;
    scope.may(Act::Work)?;
    let left = w
        .unapplied_of(client)?
        .into_iter()
        .find(|u| u.source == source)
        .map_or(Money::zero(whole.currency), |u| u.left);
    if amount.currency != whole.currency {
        return Err(Refusal::OtherCurrency.into());
    }
    if amount.minor > left.minor {
        return Err(Refusal::MoreThanUnapplied(left).into());
    }
    let recorded = apply(w, client, source, invoice, amount, on)?;
    w.put_unapplied(client, source, whole)?;
    Ok(recorded.done(()))
}

pub(super) fn source_of(w: &WriteTx<'_>, source: Source) -> Result<(ClientId, Money), ActError> {
    Ok(match source {
        Source::Receipt(id) => found(w.receipt(id)?.map(|r| (r.client, r.worth())))?,
        Source::Credit(id) => {
            found(w.invoice(id)?.filter(|i| i.issue.is_some() && !i.is_invoice()).map(|i| (i.client, i.payable())))?
        }
        // Nothing came in, so nothing of it can be applied elsewhere.
        Source::EarlyPayment(_) | Source::WrittenOff(_) => return Err(Refusal::NotFound.into()),
    })
}

/// Takes an allocation back: the invoice is open again by that much, and its reminders go on with the steps to come.
///
/// # Errors
/// When the scope does not allow it or there is no such allocation.
pub fn undo(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    settings: &Settings,
    (invoice, allocation): (InvoiceId, AllocationId),
    reason: &str,
) -> Result<Done<()>, ActError> {
    let row = found(w.invoice_row(invoice)?.filter(|r| scope.sees(r.invoice.client)))?;
    scope.may(Act::Work)?;
    let old = found(w.allocations_of(invoice)?.into_iter().find(|a| a.id == allocation))?;
    w.remove_allocation(invoice, allocation)?;
    reopen(w, settings, &row)?;
    if !old.source.is_waived() {
        let (client, whole) = source_of(w, old.source)?;
        w.put_unapplied(client, old.source, whole)?;
    }
    if !old.source.is_waived() {
        waivers::give_back_early(w, scope, settings, invoice)?;
    }
    let event = Event::AllocationUndone { invoice, amount: old.amount, reason: reason.to_owned() };
    Ok(w.record(About::invoice(row.invoice.client, invoice), event)?.done(()))
}

/// After something that had settled an invoice is gone: its new place, and its reminders again if nothing was open of
/// it. What is open now.
pub(super) fn reopen(w: &mut WriteTx<'_>, settings: &Settings, before: &Row) -> Result<Money, ActError> {
    let open = reshelve(w, before)?;
    if before.open().minor == 0 && open.minor > 0 {
        reminders::resume(w, &before.invoice, settings)?;
    }
    let today = calendar::today(w.now, &settings.zone);
    promises::reopened(w, &before.invoice, &settings.zone)?;
    disputes::moved(w, before, today)?;
    late_notes::looked_past(w, before.invoice.id)?;
    Ok(open)
}
