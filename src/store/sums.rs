//! Sums that receivables are drawn from: what each client owes, when it is expected, and what happened in each month.
//!
//! Kept in the transaction that changes what they are sums of, so that the pages cost the same however many invoices
//! there are; `verify` derives them again. A client's habit (`domain::habit`) shifts when their money is expected.

use std::collections::BTreeMap;

use jiff::civil::Date;
use redb::ReadableTable;

use super::error::StoreError;
use super::invoices::{InvoiceReads, PAID};
use super::payments::PaymentReads;
use super::tables::{CLIENT_SHELVES, DEBTORS, DEBTS, EXPECTED, HABITS, MONTHS, SHELF_OF};
use super::tx::{Reader, WriteTx};
use super::{date_of, day};
use crate::domain::dso::Month;
use crate::domain::habit;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{Allocation, Receipt, Source};

/// Stands for all clients in the key; no client has it.
const ALL: u64 = 0;

/// What a month's sums grow by: charged, credited, settled.
pub(super) type Growth = (i64, i64, i64);

/// Reading the sums.
pub trait SumReads: Reader {
    /// By how many days a client usually pays late.
    fn habit(&self, client: ClientId) -> Result<i32, StoreError> {
        Ok(self.table(HABITS)?.get(client.0)?.map_or(0, |x| x.value()))
    }

    /// What is open in the whole firm, by currency and the day on which it is expected.
    fn expected(&self) -> Result<Vec<(Date, Money)>, StoreError> {
        let table = self.table(EXPECTED)?;
        let rows = table.iter()?.map(|row| {
            let (key, value) = row?;
            let (code, on) = key.value();
            Ok((date_of(on), Money::new(value.value().0, currency(code)?)))
        });
        rows.collect()
    }

    /// Who owes most in a currency, at most `limit`.
    fn debtors(&self, currency: Currency, limit: usize) -> Result<Vec<(ClientId, i64)>, StoreError> {
        let table = self.table(DEBTORS)?;
        let code = currency.code();
        let rows = table.range((code, i64::MIN, 0)..=(code, i64::MAX, u64::MAX))?.rev().take(limit);
        rows.map(|row| row.map(|x| (ClientId(x.0.value().2), x.0.value().1)).map_err(Into::into)).collect()
    }

    /// What is open of a client in a currency, in minor units.
    fn debt(&self, client: ClientId, currency: Currency) -> Result<i64, StoreError> {
        Ok(self.table(DEBTS)?.get((currency.code(), client.0))?.map_or(0, |x| x.value()))
    }

    /// What happened in each month, of a client or of all, by currency.
    fn months(&self, client: Option<ClientId>) -> Result<BTreeMap<Currency, Vec<Month>>, StoreError> {
        let of = client.map_or(ALL, |c| c.0);
        let table = self.table(MONTHS)?;
        let mut out: BTreeMap<Currency, Vec<Month>> = BTreeMap::new();
        // From currency to currency: there are few.
        let mut after = String::new();
        while let Some(row) = table.range((after.as_str(), 0, i32::MIN)..)?.next() {
            let code = row?.0.value().0.to_owned();
            let mut months = Vec::new();
            for row in table.range((code.as_str(), of, i32::MIN)..=(code.as_str(), of, i32::MAX))? {
                let (key, value) = row?;
                let (charged, credited, settled) = value.value();
                months.push(Month { first: date_of(key.value().2), charged, credited, settled });
            }
            if !months.is_empty() {
                out.insert(currency(&code)?, months);
            }
            after = code + "\0";
        }
        Ok(out)
    }

    /// The habit that a client's paid invoices show. Reads the last of them.
    fn shown_habit(&self, client: ClientId) -> Result<i32, StoreError> {
        let (of, paid) = (client.0, PAID);
        let last: Vec<(i32, u64)> = {
            let table = self.table(CLIENT_SHELVES)?;
            let rows = table.range((of, paid, i32::MIN, 0)..=(of, paid, i32::MAX, u64::MAX))?.rev();
            let rows = rows.take(habit::PAID_MAX);
            rows.map(|row| row.map(|x| (x.0.value().2, x.0.value().3))).collect::<Result<_, _>>()?
        };
        let mut days = Vec::with_capacity(last.len());
        for (due, invoice) in last {
            let all = self.allocations_of(InvoiceId(invoice))?;
            let paid = all.iter().filter(|a| matches!(a.source, Source::Receipt(_) | Source::EarlyPayment(_)));
            days.extend(paid.map(|a| day(a.on)).max().map(|on| on - due));
        }
        Ok(habit::usual(&days))
    }
}

impl<T: Reader + ?Sized> SumReads for T {}

fn currency(code: &str) -> Result<Currency, StoreError> {
    code.parse().map_err(|_| StoreError::Record("currency"))
}

/// The month of a day, as it is kept.
pub(super) fn month(on: Date) -> i32 {
    day(on.first_of_month())
}

/// What an allocation adds to the months: it counts on its day and, of a payment that was taken back, until another.
pub(super) fn settles(a: &Allocation, until: Option<Date>) -> impl Iterator<Item = (i32, Growth)> {
    let back = until.map(|until| (month(until), (0, 0, -a.amount.minor)));
    std::iter::once((month(a.on), (0, 0, a.amount.minor))).chain(back)
}

impl WriteTx<'_> {
    /// What an open part of an invoice adds to what its client owes and to what is expected.
    pub(super) fn add_debt(
        &mut self,
        client: ClientId,
        currency: Currency,
        due: i32,
        minor: i64,
        count: i64,
    ) -> Result<(), StoreError> {
        let habit = self.habit(client)?;
        self.add_expected(currency, due.saturating_add(habit), minor, count)?;
        let (code, of) = (currency.code(), client.0);
        let old = self.debt(client, currency)?;
        let new = old.saturating_add(minor);
        let mut debtors = self.change(DEBTORS)?;
        debtors.remove((code, old, of))?;
        if new != 0 {
            debtors.insert((code, new, of), ())?;
        }
        drop(debtors);
        let mut debts = self.change(DEBTS)?;
        if new == 0 {
            debts.remove((code, of))?;
        } else {
            debts.insert((code, of), new)?;
        }
        Ok(())
    }

    fn add_expected(&mut self, currency: Currency, on: i32, minor: i64, count: i64) -> Result<(), StoreError> {
        let mut table = self.change(EXPECTED)?;
        let (sum, of) = table.get((currency.code(), on))?.map_or((0, 0), |x| x.value());
        let (sum, of) = (sum.saturating_add(minor), of.saturating_add_signed(count));
        if of == 0 {
            table.remove((currency.code(), on))?;
        } else {
            table.insert((currency.code(), on), (sum, of))?;
        }
        Ok(())
    }

    /// Looks at a client's habit again, and moves what is expected of them if it changed.
    pub(super) fn review_habit(&mut self, client: ClientId) -> Result<(), StoreError> {
        let (old, new) = (self.habit(client)?, self.shown_habit(client)?);
        if old == new {
            return Ok(());
        }
        for (open, currency) in self.open_parts_of(client)? {
            let due = day(open.due);
            self.add_expected(currency, due.saturating_add(old), open.open.saturating_neg(), -1)?;
            self.add_expected(currency, due.saturating_add(new), open.open, 1)?;
        }
        let mut habits = self.change(HABITS)?;
        if new == 0 {
            habits.remove(client.0)?;
        } else {
            habits.insert(client.0, new)?;
        }
        Ok(())
    }

    /// Adds to what happened in a month, of a client and of all.
    pub(super) fn add_month(
        &mut self,
        client: ClientId,
        currency: Currency,
        month: i32,
        more: Growth,
    ) -> Result<(), StoreError> {
        let mut table = self.change(MONTHS)?;
        for of in [client.0, ALL] {
            let key = (currency.code(), of, month);
            let old = table.get(key)?.map_or((0, 0, 0), |x| x.value());
            let new = (old.0 + more.0, old.1 + more.1, old.2 + more.2);
            if new == (0, 0, 0) {
                table.remove(key)?;
            } else {
                table.insert(key, new)?;
            }
        }
        Ok(())
    }

    /// Adds what an allocation settles to its months, or takes it out again.
    pub(super) fn add_settled(&mut self, a: &Allocation, until: Option<Date>, sign: i64) -> Result<(), StoreError> {
        let client = self.table(SHELF_OF)?.get(a.invoice.0)?.map(|x| x.value().0);
        let Some(client) = client else {
            return Err(StoreError::Broken(format!("invoice {} stands nowhere", a.invoice)));
        };
        for (month, (.., settled)) in settles(a, until) {
            self.add_month(ClientId(client), a.amount.currency, month, (0, 0, settled * sign))?;
        }
        Ok(())
    }

    /// What a payment settled until it was taken back still counts in its months until then.
    pub(super) fn add_reversed(&mut self, receipt: &Receipt, sign: i64) -> Result<(), StoreError> {
        let Some(back) = &receipt.reversed else { return Ok(()) };
        for part in &back.parts {
            self.add_settled(part, Some(back.on), sign)?;
        }
        Ok(())
    }
}
