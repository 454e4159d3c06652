//! Disputes, of each invoice in the order in which they were raised, and the sums of what is disputed.
//!
//! The sums are kept in the transaction that changes what is open or disputed, so that receivables without what is
//! disputed cost the same however many invoices there are; `verify` derives them again.

use std::collections::BTreeMap;

use jiff::civil::Date;
use redb::ReadableTable;

use super::error::StoreError;
use super::invoices::{InvoiceReads, OpenTotal, Row};
use super::payments::PaymentReads;
use super::tables::{DISPUTED, DISPUTED_OF, DISPUTES, DISPUTES_OF_CLIENT, DISPUTES_OF_INVOICE, DISPUTES_OPEN};
use super::tx::{Reader, WriteTx};
use super::{date_of, day};
use crate::domain::dispute::Dispute;
use crate::domain::ids::{ClientId, DisputeId, InvoiceId};
use crate::domain::invoice::Invoice;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::Settled;
use crate::domain::terms::Instalment;

/// Stands for all clients in the key; no client has it.
const ALL: u64 = 0;

/// Reading disputes.
pub trait DisputeReads: Reader {
    /// A dispute.
    fn dispute(&self, id: DisputeId) -> Result<Option<Dispute>, StoreError> {
        self.record_at(DISPUTES, id.0)
    }

    /// The disputes of an invoice, the oldest first; there are at most so many.
    fn disputes_of_invoice(&self, invoice: InvoiceId) -> Result<Vec<Dispute>, StoreError> {
        let ids: Vec<u64> = {
            let table = self.table(DISPUTES_OF_INVOICE)?;
            let rows = table.range((invoice.0, 0)..=(invoice.0, u64::MAX))?;
            rows.map(|row| Ok(row?.0.value().1)).collect::<Result<_, StoreError>>()?
        };
        ids.into_iter().filter_map(|id| self.dispute(DisputeId(id)).transpose()).collect()
    }

    /// The newest dispute of an invoice, whatever became of it.
    fn newest_dispute(&self, invoice: InvoiceId) -> Result<Option<Dispute>, StoreError> {
        let id = {
            let table = self.table(DISPUTES_OF_INVOICE)?;
            let mut rows = table.range((invoice.0, 0)..=(invoice.0, u64::MAX))?;
            rows.next_back().transpose()?.map(|row| row.0.value().1)
        };
        id.map_or(Ok(None), |id| self.dispute(DisputeId(id)))
    }

    /// The dispute of an invoice that was agreed on and is not credited yet, whatever is open of it.
    fn agreed_dispute(&self, invoice: InvoiceId) -> Result<Option<Dispute>, StoreError> {
        Ok(self.newest_dispute(invoice)?.filter(|x| x.waits))
    }

    /// The dispute of an invoice that stands, open or not credited yet, while anything is open: one at a time does.
    fn standing_dispute(&self, invoice: InvoiceId) -> Result<Option<Dispute>, StoreError> {
        if self.disputed_of(invoice)?.is_none_or(|(open, _)| open <= 0) {
            return Ok(None);
        }
        Ok(self.newest_dispute(invoice)?.filter(Dispute::stands))
    }

    /// Of an invoice with a dispute that stands: what was open when that was reckoned last, and how much is disputed.
    fn disputed_of(&self, invoice: InvoiceId) -> Result<Option<(i64, i64)>, StoreError> {
        Ok(self.table(DISPUTED_OF)?.get(invoice.0)?.map(|x| x.value()))
    }

    /// The dispute of an invoice that waits for an answer.
    fn open_dispute(&self, invoice: InvoiceId) -> Result<Option<Dispute>, StoreError> {
        Ok(self.standing_dispute(invoice)?.filter(Dispute::is_open))
    }

    /// A client's disputes raised from `from` to `to`, both inclusive, the newest first, at most `limit`.
    fn disputes_of(&self, client: ClientId, from: Date, to: Date, limit: usize) -> Result<Vec<Dispute>, StoreError> {
        let ids: Vec<u64> = {
            let table = self.table(DISPUTES_OF_CLIENT)?;
            let rows = table.range((client.0, day(from), 0)..=(client.0, day(to), u64::MAX))?.rev().take(limit);
            rows.map(|row| Ok(row?.0.value().2)).collect::<Result<_, StoreError>>()?
        };
        ids.into_iter().filter_map(|id| self.dispute(DisputeId(id)).transpose()).collect()
    }

    /// Disputes of a client, or of all, that stand while anything is open, the oldest first, at most `limit`.
    fn standing_disputes(&self, client: Option<ClientId>, limit: usize) -> Result<Vec<Dispute>, StoreError> {
        let of = client.map_or(ALL, |x| x.0);
        let ids: Vec<u64> = {
            let table = self.table(DISPUTES_OPEN)?;
            let rows = table.range((of, 0)..=(of, u64::MAX))?.take(limit);
            rows.map(|row| Ok(row?.0.value().1)).collect::<Result<_, StoreError>>()?
        };
        ids.into_iter().filter_map(|id| self.dispute(DisputeId(id)).transpose()).collect()
    }

    /// Disputes that were agreed on and are not credited yet although nothing of their invoices is open, by invoice, at
    /// most `limit`. There are few: each waits for a credit note.
    fn agreed_and_settled(&self, limit: usize) -> Result<Vec<Dispute>, StoreError> {
        let mut invoices = Vec::new();
        for row in self.table(DISPUTED_OF)?.iter()? {
            let (invoice, kept) = row?;
            if kept.value().0 <= 0 {
                invoices.push(InvoiceId(invoice.value()));
            }
            if invoices.len() == limit {
                break;
            }
        }
        invoices.into_iter().filter_map(|id| self.agreed_dispute(id).transpose()).collect()
    }

    /// What has settled an invoice, and beside that what is disputed of it, as nobody asks for either. Where all that
    /// is open is disputed, what has settled it alone: then nothing is asked for, and its due date stays.
    fn unasked(&self, row: &Row) -> Result<Settled, StoreError> {
        let disputed = self.standing_dispute(row.invoice.id)?.map_or(0, |x| x.disputed(row.open()).minor);
        let part = disputed < row.open().minor;
        Ok(if part { row.settled.and(disputed) } else { row.settled })
    }

    /// The due date by which an invoice is reminded of: of instalments, that of the first one which is not disputed
    /// whole. What is disputed is of the earliest open ones.
    fn asked_due(&self, row: &Row) -> Result<Date, StoreError> {
        if row.invoice.terms.instalments.is_empty() {
            return Ok(row.due());
        }
        Ok(row.invoice.next_due(self.unasked(row)?))
    }

    /// That due date where the invoice has instalments: reminders’ keys tell them apart by it.
    fn asked_instalment(&self, row: &Row) -> Result<Option<Date>, StoreError> {
        Ok(Some(self.asked_due(row)?).filter(|_| !row.invoice.terms.instalments.is_empty()))
    }

    /// How much of what is open is disputed, of a client or of all, per currency and due date.
    fn disputed_totals(&self, client: Option<ClientId>) -> Result<Vec<OpenTotal>, StoreError> {
        let of = client.map_or(ALL, |x| x.0);
        let table = self.table(DISPUTED)?;
        let (mut out, mut after) = (Vec::new(), String::new());
        // From currency to currency: there are few.
        while let Some(row) = table.range((after.as_str(), 0, i32::MIN)..)?.next() {
            let code = row?.0.value().0.to_owned();
            let currency = code.parse().map_err(|_| StoreError::Record("currency"))?;
            for row in table.range((code.as_str(), of, i32::MIN)..=(code.as_str(), of, i32::MAX))? {
                let (key, value) = row?;
                let (sum, count) = value.value();
                out.push(OpenTotal { due: date_of(key.value().2), sum: Money::new(sum, currency), count });
            }
            after = code + "\0";
        }
        Ok(out)
    }
}

impl<T: Reader + ?Sized> DisputeReads for T {}

/// What is disputed of an invoice by due date, the earliest first: of instalments, the earliest open ones.
pub(super) fn disputed_parts(invoice: &Invoice, open: i64, disputed: i64) -> Vec<Instalment> {
    let mut left = disputed.min(open);
    let mut out = Vec::new();
    for part in invoice.terms.parts(open, invoice.due) {
        let amount = part.amount.min(left);
        if amount > 0 {
            out.push(Instalment { amount, ..part });
            left -= amount;
        }
    }
    out
}

/// Adds what is disputed of an invoice to sums per (currency, client or 0, due date).
pub(super) fn add_disputed(
    sums: &mut BTreeMap<(Currency, u64, i32), (i64, u64)>,
    invoice: &Invoice,
    open: i64,
    disputed: i64,
) {
    for part in disputed_parts(invoice, open, disputed) {
        for of in [invoice.client.0, ALL] {
            let sum = sums.entry((invoice.currency, of, day(part.due))).or_default();
            *sum = (sum.0.saturating_add(part.amount), sum.1 + 1);
        }
    }
}

impl WriteTx<'_> {
    /// Keeps a dispute, its places in the lists, and what of its invoice is disputed by it.
    pub fn put_dispute(&mut self, dispute: &Dispute) -> Result<(), StoreError> {
        let id = dispute.id.0;
        self.change(DISPUTES_OF_INVOICE)?.insert((dispute.invoice.0, id), ())?;
        self.change(DISPUTES_OF_CLIENT)?.insert((dispute.client.0, day(dispute.made), id), ())?;
        self.list_dispute(dispute, false)?;
        self.put(DISPUTES, id, dispute)?;
        let Some(invoice) = self.invoice(dispute.invoice)? else { return Ok(()) };
        self.forget_disputed(&invoice)?;
        let settled = self.settled(invoice.id)?;
        self.sum_disputed(&invoice, settled, Some(dispute))
    }

    /// After what is open of an invoice changed: what of it is disputed now.
    pub(super) fn redispute(&mut self, invoice: &Invoice, settled: Settled) -> Result<(), StoreError> {
        if self.table(DISPUTED_OF)?.get(invoice.id.0)?.is_none() {
            return Ok(());
        }
        self.forget_disputed(invoice)?;
        let dispute = self.newest_dispute(invoice.id)?;
        self.sum_disputed(invoice, settled, dispute.as_ref())
    }

    fn sum_disputed(
        &mut self,
        invoice: &Invoice,
        settled: Settled,
        dispute: Option<&Dispute>,
    ) -> Result<(), StoreError> {
        let Some(dispute) = dispute.filter(|x| x.stands()) else { return Ok(()) };
        let open = invoice.open(settled);
        let disputed = dispute.disputed(open).minor;
        self.list_dispute(dispute, open.minor > 0)?;
        self.change(DISPUTED_OF)?.insert(invoice.id.0, (open.minor, disputed))?;
        self.move_disputed(invoice, open.minor, disputed, 1)
    }

    /// Puts a dispute among those that stand, or takes it from there.
    fn list_dispute(&mut self, dispute: &Dispute, stands: bool) -> Result<(), StoreError> {
        for of in [dispute.client.0, ALL] {
            if stands {
                self.change(DISPUTES_OPEN)?.insert((of, dispute.id.0), ())?;
            } else {
                self.change(DISPUTES_OPEN)?.remove((of, dispute.id.0))?;
            }
        }
        Ok(())
    }

    fn forget_disputed(&mut self, invoice: &Invoice) -> Result<(), StoreError> {
        let known = self.change(DISPUTED_OF)?.remove(invoice.id.0)?.map(|x| x.value());
        let Some((open, disputed)) = known else { return Ok(()) };
        self.move_disputed(invoice, open, disputed, -1)
    }

    fn move_disputed(&mut self, invoice: &Invoice, open: i64, disputed: i64, sign: i64) -> Result<(), StoreError> {
        for part in disputed_parts(invoice, open, disputed) {
            let mut table = self.change(DISPUTED)?;
            for of in [invoice.client.0, ALL] {
                let key = (invoice.currency.code(), of, day(part.due));
                let (sum, count) = table.get(key)?.map_or((0, 0), |x| x.value());
                let (sum, count) = (sum + part.amount * sign, count.saturating_add_signed(sign));
                if count == 0 {
                    table.remove(key)?;
                } else {
                    table.insert(key, (sum, count))?;
                }
            }
        }
        Ok(())
    }
}
