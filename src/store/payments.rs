//! Receipts and allocations: the ledger from which every balance is derived.

use jiff::civil::Date;
use redb::ReadableTable;

use super::day;
use super::error::StoreError;
use super::records::Record;
use super::refunds::RefundReads;
use super::tables::{
    ALLOCATIONS, ALLOCATIONS_OF_SOURCE, RECEIPT_NUMBERS, RECEIPTS, RECEIPTS_BY_DATE, RECEIPTS_OF_CLIENT, UNAPPLIED,
};
use super::tx::{Reader, WriteTx};
use crate::domain::ids::{AllocationId, ClientId, InvoiceId, ReceiptId};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::payment::{Allocation, Receipt, Settled, Source};

/// A receipt or credit with something left to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unapplied {
    /// The receipt or credit.
    pub source: Source,
    /// What is left of it.
    pub left: Money,
}

/// Reading the ledger.
pub trait PaymentReads: Reader {
    /// A receipt.
    fn receipt(&self, id: ReceiptId) -> Result<Option<Receipt>, StoreError> {
        self.record_at(RECEIPTS, id.0)
    }

    /// The receipt of a number.
    fn receipt_numbered(&self, number: &DocumentNumber) -> Result<Option<Receipt>, StoreError> {
        let id = self.table(RECEIPT_NUMBERS)?.get(number.as_str())?.map(|x| x.value());
        id.map_or(Ok(None), |id| self.receipt(ReceiptId(id)))
    }

    /// Receipts, newest first, before (day, id), at most `limit`.
    fn receipts(&self, before: Option<(i32, u64)>, limit: usize) -> Result<Vec<Receipt>, StoreError> {
        let table = self.table(RECEIPTS_BY_DATE)?;
        let rows = table.range(..before.unwrap_or((i32::MAX, u64::MAX)))?.rev().take(limit);
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.receipt(ReceiptId(r.0.value().1))).transpose())
            .collect()
    }

    /// A client's receipts dated up to `to` (a day), oldest first.
    fn receipts_of(&self, client: ClientId, to: i32) -> Result<Vec<Receipt>, StoreError> {
        let table = self.table(RECEIPTS_OF_CLIENT)?;
        let rows = table.range((client.0, i32::MIN, 0)..=(client.0, to, u64::MAX))?;
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.receipt(ReceiptId(r.0.value().2))).transpose())
            .collect()
    }

    /// A client's receipts dated from `from` to `to`, both inclusive, oldest first.
    fn receipts_within(&self, client: ClientId, from: Date, to: Date) -> Result<Vec<Receipt>, StoreError> {
        let table = self.table(RECEIPTS_OF_CLIENT)?;
        let rows = table.range((client.0, day(from), 0)..=(client.0, day(to), u64::MAX))?;
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.receipt(ReceiptId(r.0.value().2))).transpose())
            .collect()
    }

    /// What settles an invoice, oldest first.
    fn allocations_of(&self, invoice: InvoiceId) -> Result<Vec<Allocation>, StoreError> {
        let table = self.table(ALLOCATIONS)?;
        let rows = table.range((invoice.0, 0)..=(invoice.0, u64::MAX))?;
        rows.map(|row| Allocation::decode(row?.1.value())).collect()
    }

    /// What a receipt or credit settles, oldest first.
    fn allocations_from(&self, source: Source) -> Result<Vec<Allocation>, StoreError> {
        let (tag, id) = source_key(source);
        let keys: Vec<(u64, u64)> = {
            let table = self.table(ALLOCATIONS_OF_SOURCE)?;
            let rows = table.range((tag, id, 0)..=(tag, id, u64::MAX))?;
            rows.map(|row| row.map(|(k, v)| (v.value(), k.value().2))).collect::<Result<_, _>>()?
        };
        let table = self.table(ALLOCATIONS)?;
        keys.into_iter()
            .filter_map(|key| {
                table.get(key).map_err(StoreError::from).transpose().map(|row| Allocation::decode(row?.value()))
            })
            .collect()
    }

    /// What of a receipt or credit settles something or was paid back, in minor units.
    fn used_of(&self, source: Source) -> Result<i64, StoreError> {
        let applied = self.allocations_from(source)?.iter().fold(0_i64, |sum, a| sum.saturating_add(a.amount.minor));
        let refunds = self.refunds_from(source)?;
        Ok(refunds.iter().fold(applied, |sum, x| sum.saturating_add(x.worth().minor)))
    }

    /// What has settled an invoice so far.
    fn settled(&self, invoice: InvoiceId) -> Result<Settled, StoreError> {
        Ok(Settled::of(&self.allocations_of(invoice)?))
    }

    /// What was waived of a client's invoices, by early payment and written off, in no particular order.
    fn waived_of(&self, client: ClientId) -> Result<Vec<Allocation>, StoreError> {
        let mut out = self.allocations_from(Source::EarlyPayment(client))?;
        out.extend(self.allocations_from(Source::WrittenOff(client))?);
        Ok(out)
    }

    /// A client's receipts and credits with something left to apply.
    fn unapplied_of(&self, client: ClientId) -> Result<Vec<Unapplied>, StoreError> {
        let table = self.table(UNAPPLIED)?;
        let rows = table.range((client.0, 0, 0)..=(client.0, u8::MAX, u64::MAX))?;
        rows.map(|row| {
            let (key, value) = row?;
            let ((_, tag, id), (code, minor)) = (key.value(), value.value());
            let currency = code.parse().map_err(|_| StoreError::Record("currency"))?;
            let source = if tag == 0 { Source::Receipt(ReceiptId(id)) } else { Source::Credit(InvoiceId(id)) };
            Ok(Unapplied { source, left: Money::new(minor, currency) })
        })
        .collect()
    }
}

impl<T: Reader + ?Sized> PaymentReads for T {}

pub(super) fn source_key(source: Source) -> (u8, u64) {
    match source {
        Source::Receipt(id) => (0, id.0),
        Source::Credit(id) => (1, id.0),
        Source::EarlyPayment(id) => (2, id.0),
        Source::WrittenOff(id) => (3, id.0),
    }
}

impl WriteTx<'_> {
    /// Keeps a receipt; its unapplied part is kept by `put_unapplied`.
    pub fn put_receipt(&mut self, receipt: &Receipt) -> Result<(), StoreError> {
        let on = day(receipt.on);
        if receipt.reversed.is_some() && self.receipt(receipt.id)?.is_none_or(|old| old.reversed.is_none()) {
            self.add_reversed(receipt, 1)?;
        }
        self.change(RECEIPT_NUMBERS)?.insert(receipt.number.as_str(), receipt.id.0)?;
        self.change(RECEIPTS_BY_DATE)?.insert((on, receipt.id.0), ())?;
        self.change(RECEIPTS_OF_CLIENT)?.insert((receipt.client.0, on, receipt.id.0), ())?;
        self.put(RECEIPTS, receipt.id.0, receipt)
    }

    /// Keeps an allocation. The caller re-shelves the invoice and the source.
    pub fn put_allocation(&mut self, allocation: &Allocation) -> Result<(), StoreError> {
        let (tag, id) = source_key(allocation.source);
        let bytes = allocation.encode()?;
        self.add_settled(allocation, None, 1)?;
        self.change(ALLOCATIONS)?.insert((allocation.invoice.0, allocation.id.0), bytes.as_slice())?;
        self.change(ALLOCATIONS_OF_SOURCE)?.insert((tag, id, allocation.id.0), allocation.invoice.0)?;
        Ok(())
    }

    /// Takes an allocation back; it is returned if it was there. The caller re-shelves the invoice and the source.
    pub fn remove_allocation(
        &mut self,
        invoice: InvoiceId,
        id: AllocationId,
    ) -> Result<Option<Allocation>, StoreError> {
        let old = self
            .change(ALLOCATIONS)?
            .remove((invoice.0, id.0))?
            .map(|row| Allocation::decode(row.value()))
            .transpose()?;
        if let Some(old) = &old {
            let (tag, source) = source_key(old.source);
            self.change(ALLOCATIONS_OF_SOURCE)?.remove((tag, source, id.0))?;
            self.add_settled(old, None, -1)?;
        }
        Ok(old)
    }

    /// Notes what is left of a receipt or credit of `whole`, from its allocations; gives that amount.
    pub fn put_unapplied(&mut self, client: ClientId, source: Source, whole: Money) -> Result<Money, StoreError> {
        let left = whole.minor.saturating_sub(self.used_of(source)?);
        let (tag, id) = source_key(source);
        let mut table = self.change(UNAPPLIED)?;
        if left > 0 {
            table.insert((client.0, tag, id), (whole.currency.code(), left))?;
        } else {
            table.remove((client.0, tag, id))?;
        }
        Ok(Money::new(left, whole.currency))
    }
}
