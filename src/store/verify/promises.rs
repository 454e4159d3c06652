//! Promises to pay: of invoices that exist, listed where they belong, and what became of each as the ledger has it.

use jiff::civil::Date;
use redb::ReadableTable;

use super::Check;
use crate::domain::attention::Want;
use crate::domain::ids::InvoiceId;
use crate::domain::promise::{Outcome, Promise};
use crate::store::day;
use crate::store::error::StoreError;
use crate::store::invoices::{InvoiceReads, OPEN, PART_PAID};
use crate::store::promises::PromiseReads;
use crate::store::tables::*;
use crate::store::tx::Reader;

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let (mut highest, mut open) = (0, 0);
    let all = c.every("promises", PROMISES, |c, key: u64, promise: Promise| {
        highest = key;
        let of = c.r.invoice(promise.invoice)?;
        // What was asked for may be less than what was promised.
        let fits = of.is_some_and(|x| {
            let can = 1..=x.payable().minor;
            let sums = can.contains(&promise.amount.minor) && can.contains(&promise.open);
            sums && x.client == promise.client && x.currency == promise.amount.currency
        });
        c.claim(promise.id.0 == key && fits, || {
            format!("The promise {key} is of no invoice, or of another amount than it can be.")
        });
        let listed = c.has(PROMISES_OF_INVOICE, (promise.invoice.0, key))?
            && c.has(PROMISES_OF_CLIENT, (promise.client.0, day(promise.made), key))?;
        c.claim(listed, || format!("The promise {key} is missing from the lists of its invoice and client."));
        open += u64::from(promise.is_open());
        let waits = c.has(PROMISES_OPEN, (day(promise.breaks()), key))?;
        c.claim(waits == promise.is_open(), || {
            format!("The promise {key} waits: {waits}; it is {:?}.", promise.outcome)
        });
        outcome(c, &promise)
    })?;
    c.given("promise", highest)?;
    c.sized(PROMISES_OF_INVOICE, all)?;
    c.sized(PROMISES_OF_CLIENT, all)?;
    c.sized(PROMISES_OPEN, open)?;
    wanting(c)
}

/// What became of it, reckoned again. Which day it is does not matter: one that is open is so by what settled its
/// invoice, and one that is broken was so on the day that is kept.
fn outcome(c: &mut Check<'_>, promise: &Promise) -> Result<(), StoreError> {
    let today = match promise.outcome {
        Outcome::Broken(on) => on,
        _ => Date::MIN,
    };
    let found = promise.now(&c.r.settled_parts(promise.invoice)?, today);
    c.claim(found == promise.outcome, || {
        format!("The promise {} is kept as {:?}, and the ledger makes it {found:?}.", promise.id, promise.outcome)
    });
    Ok(())
}

/// No other invoice wants somebody for a broken promise than an open one whose newest is broken, and none that is
/// disputed. One may not: somebody called since.
fn wanting(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut broken = 0;
    let mut last = None;
    let mut of = |c: &mut Check<'_>, invoice: u64| -> Result<(), StoreError> {
        let newest = c.r.newest_promise(InvoiceId(invoice))?;
        let is_broken = newest.is_some_and(|x| matches!(x.outcome, Outcome::Broken(_)));
        let shelf = c.r.table(SHELF_OF)?.get(invoice)?.map(|x| x.value().1);
        let open = matches!(shelf, Some(OPEN | PART_PAID));
        let why = c.r.table(ATTENTION_OF)?.get(invoice)?.map(|x| x.value().1);
        let told = why == Some(Want::Broken.tag());
        broken += u64::from(told);
        let disputed = c.has(DISPUTED_OF, invoice)?;
        c.claim(!told || (is_broken && open && !disputed), || {
            format!("Invoice {invoice} wants somebody for a broken promise, and has none, is disputed or not open.")
        });
        Ok(())
    };
    c.rows(PROMISES_OF_INVOICE, |c, (invoice, _): (u64, u64), ()| match last.replace(invoice) {
        Some(same) if same == invoice => Ok(()),
        _ => of(c, invoice),
    })?;
    let mut told = 0;
    c.rows(ATTENTION_OF, |_, _: u64, (_, why, _): (u64, u8, i64)| {
        told += u64::from(why == Want::Broken.tag());
        Ok(())
    })?;
    c.claim(told == broken, || format!("{told} invoices want somebody for a broken promise, and {broken} have one."));
    Ok(())
}
