//! Receipts, allocations and what is left unapplied.

use super::Check;
use crate::domain::ids::ClientId;
use crate::domain::invoice::Invoice;
use crate::domain::money::Money;
use crate::domain::payment::{Allocation, Receipt, Refund, Source};
use crate::store::day;
use crate::store::error::StoreError;
use crate::store::invoices::InvoiceReads;
use crate::store::payments::{PaymentReads, source_key};
use crate::store::tables::*;
use crate::store::tx::Reader;
use redb::ReadableTable;

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let (mut highest, mut unapplied) = (0, 0);
    let receipts = c.every("payments", RECEIPTS, |c, key: u64, receipt: Receipt| {
        highest = key;
        let (client, on) = (receipt.client, day(receipt.on));
        c.claim(receipt.id.0 == key, || format!("The payment at {key} says to be {}.", receipt.id));
        let known = c.has(CLIENTS, client.0)?;
        c.claim(known, || format!("Payment {key} is of client {client}, which does not exist."));
        let listed = c.has(RECEIPTS_BY_DATE, (on, key))? && c.has(RECEIPTS_OF_CLIENT, (client.0, on, key))?;
        c.claim(listed, || format!("Payment {key} is missing from a list by date."));
        let found = c.r.table(RECEIPT_NUMBERS)?.get(receipt.number.as_str())?.map(|x| x.value());
        c.claim(found == Some(key), || format!("The number {} of payment {key} leads to {found:?}.", receipt.number));
        let back = receipt.reversed.as_ref().is_none_or(|x| x.on >= receipt.on);
        c.claim(back, || format!("Payment {key} was taken back before it arrived."));
        unapplied += u64::from(left(c, client, Source::Receipt(receipt.id), receipt.worth())?);
        Ok(())
    })?;
    c.given("receipt", highest)?;
    c.sized(RECEIPT_NUMBERS, receipts)?;
    c.sized(RECEIPTS_BY_DATE, receipts)?;
    c.sized(RECEIPTS_OF_CLIENT, receipts)?;
    c.every("credit notes", INVOICES, |c, _: u64, credit: Invoice| {
        if credit.issue.is_some() && !credit.is_invoice() {
            unapplied += u64::from(left(c, credit.client, Source::Credit(credit.id), credit.payable())?);
        }
        Ok(())
    })?;
    c.sized(UNAPPLIED, unapplied)?;
    refunds(c)?;
    allocations(c)
}

/// Compares what is left of a receipt or credit with what is kept of it; whether anything is left.
fn left(c: &mut Check<'_>, client: ClientId, source: Source, whole: Money) -> Result<bool, StoreError> {
    let used = c.r.used_of(source)?;
    c.claim(used <= whole.minor, || {
        format!("{source:?} is {} and settles or was paid back with {used}, in minor units.", whole.minor)
    });
    let (left, (tag, id)) = (whole.minor.saturating_sub(used), source_key(source));
    let table = c.r.table(UNAPPLIED)?;
    let kept = table.get((client.0, tag, id))?.map(|x| x.value() == (whole.currency.code(), left));
    c.claim(kept == (left > 0).then_some(true), || format!("What is left of {source:?} is not kept as {left}."));
    Ok(left > 0)
}

fn refunds(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut highest = 0;
    let count = c.every("refunds", REFUNDS, |c, key: u64, refund: Refund| {
        highest = key;
        let (client, on, (tag, source)) = (refund.client, day(refund.on), source_key(refund.source));
        c.claim(refund.id.0 == key, || format!("The refund at {key} says to be {}.", refund.id));
        c.claim(refund.amount.minor > 0, || format!("Refund {key} is not above zero."));
        let listed = c.has(REFUNDS_OF_CLIENT, (client.0, on, key))? && c.has(REFUNDS_OF_SOURCE, (tag, source, key))?;
        c.claim(listed, || format!("Refund {key} is missing from a list."));
        let from = match refund.source {
            Source::Receipt(id) => c.r.receipt(id)?.map(|x| (x.client, x.amount.currency, x.on)),
            Source::Credit(id) => c.r.invoice(id)?.map(|x| (x.client, x.currency, x.dated)),
            Source::EarlyPayment(_) | Source::WrittenOff(_) => None,
        };
        let fits = from.is_some_and(|x| (x.0, x.1) == (client, refund.amount.currency) && x.2 <= refund.on);
        c.claim(fits, || format!("Refund {key} is of another client, currency or day than what it was paid out of."));
        let back = refund.returned.as_ref().is_none_or(|x| x.on >= refund.on);
        c.claim(back, || format!("Refund {key} came back before it went out."));
        Ok(())
    })?;
    c.given("refund", highest)?;
    c.sized(REFUNDS_OF_CLIENT, count)?;
    c.sized(REFUNDS_OF_SOURCE, count)
}

fn allocations(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut highest = 0;
    let count = c.every("allocations", ALLOCATIONS, |c, (invoice, id): (u64, u64), a: Allocation| {
        highest = highest.max(id);
        c.claim((a.invoice.0, a.id.0) == (invoice, id), || {
            format!("Allocation {id} of invoice {invoice} is misplaced.")
        });
        c.claim(a.amount.minor > 0, || format!("Allocation {id} is not above zero."));
        let (tag, source) = source_key(a.source);
        let found = c.r.table(ALLOCATIONS_OF_SOURCE)?.get((tag, source, id))?.map(|x| x.value());
        c.claim(found == Some(invoice), || format!("Allocation {id} is missing from its source's list."));
        let from = match a.source {
            Source::Receipt(id) => c.r.receipt(id)?.map(|x| (x.client, x.amount.currency)),
            Source::Credit(id) => c.r.invoice(id)?.map(|x| (x.client, x.currency)),
            Source::EarlyPayment(client) | Source::WrittenOff(client) => Some((client, a.amount.currency)),
        };
        let to = c.r.invoice(a.invoice)?.map(|x| (x.client, x.currency));
        c.claim(from.is_some() && from == to && to.is_some_and(|x| x.1 == a.amount.currency), || {
            format!("Allocation {id} joins two clients, two currencies or something that does not exist.")
        });
        Ok(())
    })?;
    c.given("allocation", highest)?;
    c.sized(ALLOCATIONS_OF_SOURCE, count)
}
