//! The sums that receivables are drawn from, derived again from documents and what settled them.

use std::collections::BTreeMap;

use redb::ReadableTable;

use super::Check;
use crate::domain::client::Client;
use crate::domain::ids::ClientId;
use crate::domain::invoice::Invoice;
use crate::domain::money::Currency;
use crate::domain::payment::{Allocation, Receipt};
use crate::store::day;
use crate::store::error::StoreError;
use crate::store::invoices::growth;
use crate::store::payments::PaymentReads;
use crate::store::sums::{Growth, SumReads, month, settles};
use crate::store::tables::*;
use crate::store::tx::Reader;

/// Sums as the records give them.
#[derive(Default)]
struct Sums {
    months: BTreeMap<(u64, Currency, i32), Growth>,
    expected: BTreeMap<(Currency, i32), (i64, u64)>,
    debts: BTreeMap<(u64, Currency), i64>,
}

impl Sums {
    fn month(&mut self, client: u64, currency: Currency, month: i32, more: Growth) {
        for of in [client, 0] {
            let sum = self.months.entry((of, currency, month)).or_default();
            *sum = (sum.0 + more.0, sum.1 + more.1, sum.2 + more.2);
        }
    }
}

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut habits: BTreeMap<u64, i32> = BTreeMap::new();
    c.every("habits of clients", CLIENTS, |c, key: u64, _: Client| {
        let habit = c.r.shown_habit(ClientId(key))?;
        let kept = c.r.habit(ClientId(key))?;
        c.claim(kept == habit, || format!("Client {key} usually pays {habit} days late, and {kept} is kept."));
        if habit != 0 {
            habits.insert(key, habit);
        }
        Ok(())
    })?;
    c.sized(HABITS, habits.len() as u64)?;
    let mut sums = Sums::default();
    c.every("sums of invoices", INVOICES, |c, _: u64, invoice: Invoice| {
        if invoice.issue.is_none() {
            return Ok(());
        }
        let (client, currency) = (invoice.client.0, invoice.currency);
        sums.month(client, currency, month(invoice.dated), growth(&invoice, 1));
        for part in invoice.open_parts(c.r.settled(invoice.id)?) {
            let on = day(part.due).saturating_add(habits.get(&client).copied().unwrap_or(0));
            let sum = sums.expected.entry((currency, on)).or_default();
            *sum = (sum.0 + part.amount, sum.1 + 1);
            *sums.debts.entry((client, currency)).or_default() += part.amount;
        }
        Ok(())
    })?;
    settled(c, &mut sums)?;
    compare(c, sums)
}

fn client_of(c: &Check<'_>, invoice: u64) -> Result<u64, StoreError> {
    Ok(c.r.table(SHELF_OF)?.get(invoice)?.map_or(0, |x| x.value().0))
}

fn settled(c: &mut Check<'_>, sums: &mut Sums) -> Result<(), StoreError> {
    c.every("sums of allocations", ALLOCATIONS, |c, (invoice, _): (u64, u64), a: Allocation| {
        let client = client_of(c, invoice)?;
        settles(&a, None).for_each(|(month, more)| sums.month(client, a.amount.currency, month, more));
        Ok(())
    })?;
    c.every("sums of payments", RECEIPTS, |c, _: u64, receipt: Receipt| {
        let Some(back) = &receipt.reversed else { return Ok(()) };
        for a in &back.parts {
            let client = client_of(c, a.invoice.0)?;
            settles(a, Some(back.on)).for_each(|(month, more)| sums.month(client, a.amount.currency, month, more));
        }
        Ok(())
    })?;
    Ok(())
}

fn compare(c: &mut Check<'_>, mut sums: Sums) -> Result<(), StoreError> {
    sums.months.retain(|_, sum| *sum != (0, 0, 0));
    for ((client, currency, month), sum) in &sums.months {
        let kept = c.r.table(MONTHS)?.get((currency.code(), *client, *month))?.map(|x| x.value());
        c.claim(kept == Some(*sum), || {
            let month = crate::store::date_of(*month);
            format!(
                "In the month of {month}, of client {client} in {currency}, {kept:?} is kept where {sum:?} belongs."
            )
        });
    }
    c.sized(MONTHS, sums.months.len() as u64)?;
    for ((currency, on), sum) in &sums.expected {
        let kept = c.r.table(EXPECTED)?.get((currency.code(), *on))?.map(|x| x.value());
        c.claim(kept == Some(*sum), || {
            format!("Expected in {currency} on {} are {sum:?}, and {kept:?} is kept.", crate::store::date_of(*on))
        });
    }
    c.sized(EXPECTED, sums.expected.len() as u64)?;
    for ((client, currency), open) in &sums.debts {
        let kept = c.r.table(DEBTS)?.get((currency.code(), *client))?.map(|x| x.value());
        let listed = c.has(DEBTORS, (currency.code(), *open, *client))?;
        c.claim(kept == Some(*open) && listed, || {
            format!("Client {client} owes {open} in {currency}, in minor units, and {kept:?} is kept.")
        });
    }
    c.sized(DEBTS, sums.debts.len() as u64)?;
    c.sized(DEBTORS, sums.debts.len() as u64)
}
