//! Promises to pay, of each invoice in the order in which they were made; and what keeps an invoice's reminders back.
//!
//! What has become of a promise is kept with it, so that lists need not reckon; `verify` reckons it again.

use jiff::civil::Date;
use redb::ReadableTable;

use super::accounts::AccountReads;
use super::disputes::DisputeReads;
use super::error::StoreError;
use super::pauses::PauseReads;
use super::payments::PaymentReads;
use super::tables::{PROMISES, PROMISES_OF_CLIENT, PROMISES_OF_INVOICE, PROMISES_OPEN};
use super::tx::{Reader, WriteTx};
use super::{date_of, day};
use crate::domain::hold::{self, Hold};
use crate::domain::ids::{ClientId, InvoiceId, PromiseId};
use crate::domain::invoice::Invoice;
use crate::domain::promise::{Part, Promise};

/// Reading promises.
pub trait PromiseReads: Reader {
    /// A promise.
    fn promise(&self, id: PromiseId) -> Result<Option<Promise>, StoreError> {
        self.record_at(PROMISES, id.0)
    }

    /// The promises of an invoice, the oldest first; there are at most so many.
    fn promises_of_invoice(&self, invoice: InvoiceId) -> Result<Vec<Promise>, StoreError> {
        let ids: Vec<u64> = {
            let table = self.table(PROMISES_OF_INVOICE)?;
            let rows = table.range((invoice.0, 0)..=(invoice.0, u64::MAX))?;
            rows.map(|row| Ok(row?.0.value().1)).collect::<Result<_, StoreError>>()?
        };
        ids.into_iter().filter_map(|id| self.promise(PromiseId(id)).transpose()).collect()
    }

    /// The newest promise of an invoice, whatever became of it.
    fn newest_promise(&self, invoice: InvoiceId) -> Result<Option<Promise>, StoreError> {
        let id = {
            let table = self.table(PROMISES_OF_INVOICE)?;
            let mut rows = table.range((invoice.0, 0)..=(invoice.0, u64::MAX))?;
            rows.next_back().transpose()?.map(|row| row.0.value().1)
        };
        id.map_or(Ok(None), |id| self.promise(PromiseId(id)))
    }

    /// A client's promises made from `from` to `to`, both inclusive, the newest first, at most `limit`.
    fn promises_of(&self, client: ClientId, from: Date, to: Date, limit: usize) -> Result<Vec<Promise>, StoreError> {
        let ids: Vec<u64> = {
            let table = self.table(PROMISES_OF_CLIENT)?;
            let rows = table.range((client.0, day(from), 0)..=(client.0, day(to), u64::MAX))?.rev().take(limit);
            rows.map(|row| Ok(row?.0.value().2)).collect::<Result<_, StoreError>>()?
        };
        ids.into_iter().filter_map(|id| self.promise(PromiseId(id)).transpose()).collect()
    }

    /// Promises that are open as kept, the one that is over first at the front, at most `limit`.
    fn open_promises(&self, limit: usize) -> Result<Vec<Promise>, StoreError> {
        let ids: Vec<u64> = {
            let table = self.table(PROMISES_OPEN)?;
            table.iter()?.take(limit).map(|row| Ok(row?.0.value().1)).collect::<Result<_, StoreError>>()?
        };
        ids.into_iter().filter_map(|id| self.promise(PromiseId(id)).transpose()).collect()
    }

    /// Open promises that are broken on `today`, the longest first, at most `limit`.
    fn promises_over(&self, today: Date, limit: usize) -> Result<Vec<PromiseId>, StoreError> {
        let table = self.table(PROMISES_OPEN)?;
        let rows = table.range(..=(day(today), u64::MAX))?.take(limit);
        rows.map(|row| Ok(PromiseId(row?.0.value().1))).collect()
    }

    /// The day on which the next open promise is broken, unless it is kept.
    fn next_promise_over(&self) -> Result<Option<Date>, StoreError> {
        Ok(self.table(PROMISES_OPEN)?.first()?.map(|row| date_of(row.0.value().0)))
    }

    /// What settles an invoice, as a promise counts it.
    fn settled_parts(&self, invoice: InvoiceId) -> Result<Vec<Part>, StoreError> {
        Ok(self.allocations_of(invoice)?.iter().map(|a| Part::of(a, None)).collect())
    }

    /// What keeps an invoice's reminders back on `day`, of several what lasts longest: its pause or its client's, its
    /// open promise, or a dispute of all that is open.
    fn hold_on(&self, invoice: &Invoice, day: Date) -> Result<Option<Hold>, StoreError> {
        let pause = self.pause_on(invoice, day)?.map(Hold::Pause);
        let promise = self.newest_promise(invoice.id)?.filter(|x| x.holds_on(day)).map(Hold::Promise);
        let dispute = match self.standing_dispute(invoice.id)?.filter(|_| invoice.issue.is_some()) {
            Some(dispute) if dispute.holds(invoice.open(self.settled(invoice.id)?)) => {
                let with = self.staff(dispute.with)?.map_or_else(String::new, |x| x.name);
                Some(Hold::Dispute(dispute, with))
            }
            _ => None,
        };
        Ok(hold::longest(pause.into_iter().chain(promise).chain(dispute)))
    }
}

impl<T: Reader + ?Sized> PromiseReads for T {}

impl WriteTx<'_> {
    /// Keeps a promise and its places in the lists.
    pub fn put_promise(&mut self, promise: &Promise) -> Result<(), StoreError> {
        let (id, open) = (promise.id.0, (day(promise.breaks()), promise.id.0));
        self.change(PROMISES_OF_INVOICE)?.insert((promise.invoice.0, id), ())?;
        self.change(PROMISES_OF_CLIENT)?.insert((promise.client.0, day(promise.made), id), ())?;
        if promise.is_open() {
            self.change(PROMISES_OPEN)?.insert(open, ())?;
        } else {
            self.change(PROMISES_OPEN)?.remove(open)?;
        }
        self.put(PROMISES, id, promise)
    }
}
