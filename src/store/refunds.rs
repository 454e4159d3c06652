//! Refunds: money paid back out of receipts and credits.

use jiff::civil::Date;
use redb::ReadableTable;

use super::day;
use super::error::StoreError;
use super::payments::source_key;
use super::tables::{REFUNDS, REFUNDS_OF_CLIENT, REFUNDS_OF_SOURCE};
use super::tx::{Reader, WriteTx};
use crate::domain::ids::{ClientId, RefundId};
use crate::domain::payment::{Refund, Source};

/// Reading refunds.
pub trait RefundReads: Reader {
    /// A refund.
    fn refund(&self, id: RefundId) -> Result<Option<Refund>, StoreError> {
        self.record_at(REFUNDS, id.0)
    }

    /// A client's refunds dated up to `to`, oldest first.
    fn refunds_of(&self, client: ClientId, to: Date) -> Result<Vec<Refund>, StoreError> {
        let table = self.table(REFUNDS_OF_CLIENT)?;
        let rows = table.range((client.0, i32::MIN, 0)..=(client.0, day(to), u64::MAX))?;
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.refund(RefundId(r.0.value().2))).transpose())
            .collect()
    }

    /// What was paid back out of a receipt or credit, oldest first.
    fn refunds_from(&self, source: Source) -> Result<Vec<Refund>, StoreError> {
        let ids: Vec<u64> = {
            let (tag, id) = source_key(source);
            let table = self.table(REFUNDS_OF_SOURCE)?;
            let rows = table.range((tag, id, 0)..=(tag, id, u64::MAX))?;
            rows.map(|row| row.map(|r| r.0.value().2)).collect::<Result<_, _>>()?
        };
        ids.into_iter().filter_map(|id| self.refund(RefundId(id)).transpose()).collect()
    }
}

impl<T: Reader + ?Sized> RefundReads for T {}

impl WriteTx<'_> {
    /// Keeps a refund; what is left of its source is kept by `put_unapplied`.
    pub fn put_refund(&mut self, refund: &Refund) -> Result<(), StoreError> {
        let (id, (tag, source)) = (refund.id.0, source_key(refund.source));
        self.change(REFUNDS_OF_CLIENT)?.insert((refund.client.0, day(refund.on), id), ())?;
        self.change(REFUNDS_OF_SOURCE)?.insert((tag, source, id), ())?;
        self.put(REFUNDS, id, refund)
    }
}
