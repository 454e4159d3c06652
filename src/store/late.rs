//! Late payment: what is charged for it, who is excepted, and which notes charged what of an invoice.

use jiff::civil::Date;
use redb::ReadableTable;

use super::error::StoreError;
use super::invoices::{Cursor, InvoiceReads, OPEN, PART_PAID};
use super::payments::PaymentReads;
use super::records::Record;
use super::tables::{CLIENT_SHELVES, LATE_EXCEPTIONS, LATE_LOOKS, LATE_NOTES, LATE_PAYMENT, SHELVES};
use super::tx::{Reader, WriteTx};
use super::{date_of, day};
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::invoice::{Invoice, Kind};
use crate::domain::late_payment::{LateException, LatePayment, LatePaymentVersion};
use crate::domain::payment::{Allocation, Source};
use crate::domain::score::{How, Owed, Settlement};

/// The last due date, in days since 1970, of which late payment notes were drafted.
const DRAFTED: &str = "late/drafted";

/// What is looked at for a late payment note by itself, beside what becomes late enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateLook {
    /// An invoice.
    Invoice(InvoiceId),
    /// What is open of a client.
    Client(ClientId),
}

impl LateLook {
    fn key(self, from: i32) -> (i32, u8, u64) {
        match self {
            Self::Invoice(id) => (from, 0, id.0),
            Self::Client(id) => (from, 1, id.0),
        }
    }
}

/// Reading late payment.
pub trait LateReads: Reader {
    /// The newest version of what is charged; off before any was kept.
    fn late_payment_now(&self) -> Result<LatePaymentVersion, StoreError> {
        let table = self.table(LATE_PAYMENT)?;
        let last = table.last()?.map(|row| LatePaymentVersion::decode(row.1.value())).transpose()?;
        Ok(last.unwrap_or_else(LatePaymentVersion::standard))
    }

    /// What is charged now.
    fn late_payment(&self) -> Result<LatePayment, StoreError> {
        Ok(self.late_payment_now()?.policy)
    }

    /// Every version that was kept, the newest first.
    fn late_payment_versions(&self) -> Result<Vec<LatePaymentVersion>, StoreError> {
        let table = self.table(LATE_PAYMENT)?;
        table.iter()?.rev().map(|row| LatePaymentVersion::decode(row?.1.value())).collect()
    }

    /// Why a client is charged nothing, if so.
    fn late_exception(&self, client: ClientId) -> Result<Option<LateException>, StoreError> {
        self.record_at(LATE_EXCEPTIONS, client.0)
    }

    /// Clients who are charged nothing, at most `limit`.
    fn late_exceptions(&self, limit: usize) -> Result<Vec<LateException>, StoreError> {
        let table = self.table(LATE_EXCEPTIONS)?;
        table.iter()?.take(limit).map(|row| LateException::decode(row?.1.value())).collect()
    }

    /// The late payment notes for an invoice, drafts too, the oldest first.
    fn late_notes_of(&self, invoice: InvoiceId) -> Result<Vec<Invoice>, StoreError> {
        let table = self.table(LATE_NOTES)?;
        let rows = table.range((invoice.0, 0)..=(invoice.0, u64::MAX))?;
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.invoice(InvoiceId(r.0.value().1))).transpose())
            .collect()
    }

    /// What an issued invoice asked for and what settled it: what was credited of it, whether or not anything was open
    /// for it, and money and credits of other documents from the day on which the firm had them.
    fn owed_of(&self, invoice: &Invoice) -> Result<Option<Owed>, StoreError> {
        let Some(issue) = &invoice.issue else { return Ok(None) };
        let mut settled = Vec::new();
        for allocation in self.allocations_of(invoice.id)? {
            settled.extend(settlement(self, invoice.id, &allocation)?);
        }
        for credit in self.credit_notes_for(invoice)? {
            let (on, amount) = (credit.dated, credit.payable().minor);
            settled.push(Settlement { on, until: None, amount, how: How::Credited });
        }
        let (payable, terms) = (issue.totals.payable, invoice.terms.clone());
        let Invoice { id, currency, dated, due, .. } = *invoice;
        Ok(Some(Owed { invoice: id, currency, dated, due, payable, terms, settled }))
    }

    /// Open invoices whose earliest open due date is `from` to `to`, after a place in that order, at most `limit`.
    fn open_due(&self, from: Date, to: Date, after: Option<Cursor>, limit: usize) -> Result<Vec<Cursor>, StoreError> {
        let table = self.table(SHELVES)?;
        let start = after.map_or((day(from), 0), |x| (x.day, x.id.saturating_add(1)));
        let mut out = Vec::new();
        if start.0 > day(to) {
            return Ok(out);
        }
        for shelf in [OPEN, PART_PAID] {
            for row in table.range((shelf, start.0, start.1)..=(shelf, day(to), u64::MAX))?.take(limit) {
                let (_, day, id) = row?.0.value();
                out.push(Cursor { day, id });
            }
        }
        out.sort();
        out.truncate(limit);
        Ok(out)
    }

    /// As [`LateReads::open_due`] until `to`, of one client.
    fn open_due_of(
        &self,
        client: ClientId,
        to: Date,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Cursor>, StoreError> {
        let table = self.table(CLIENT_SHELVES)?;
        let start = after.map_or((i32::MIN, 0), |x| (x.day, x.id.saturating_add(1)));
        let mut out = Vec::new();
        if start.0 > day(to) {
            return Ok(out);
        }
        for shelf in [OPEN, PART_PAID] {
            let (from, to) = ((client.0, shelf, start.0, start.1), (client.0, shelf, day(to), u64::MAX));
            for row in table.range(from..=to)?.take(limit) {
                let (_, _, day, id) = row?.0.value();
                out.push(Cursor { day, id });
            }
        }
        out.sort();
        out.truncate(limit);
        Ok(out)
    }

    /// What is to be looked at on `today`, each with the day from which on it is, the longest first, at most `limit`.
    fn late_looks(&self, today: Date, limit: usize) -> Result<Vec<(Date, LateLook)>, StoreError> {
        let table = self.table(LATE_LOOKS)?;
        let mut out = Vec::new();
        for row in table.range(..=(day(today), u8::MAX, u64::MAX))?.take(limit) {
            let (from, kind, id) = row?.0.value();
            let look = if kind == 0 { LateLook::Invoice(InvoiceId(id)) } else { LateLook::Client(ClientId(id)) };
            out.push((date_of(from), look));
        }
        Ok(out)
    }

    /// The due date for which a note of an invoice was drafted last, also one that was discarded since.
    fn late_drafted_for(&self, invoice: InvoiceId) -> Result<Option<Date>, StoreError> {
        let count = self.last_in_series(&series_of(invoice))?;
        Ok(i32::try_from(count).ok().filter(|x| *x > 0).map(date_of))
    }

    /// The last due date of which late payment notes were drafted; `None` before any was.
    fn late_drafted(&self) -> Result<Option<Date>, StoreError> {
        let count = self.last_in_series(DRAFTED)?;
        Ok(i32::try_from(count).ok().filter(|x| *x > 0).map(date_of))
    }
}

impl<T: Reader + ?Sized> LateReads for T {}

fn series_of(invoice: InvoiceId) -> String {
    format!("late/of/{invoice}")
}

/// How an allocation settles the invoice; `None` for a credit of it, which counts whole.
fn settlement<R: Reader + ?Sized>(
    reader: &R,
    invoice: InvoiceId,
    allocation: &Allocation,
) -> Result<Option<Settlement>, StoreError> {
    let (held, how) = match allocation.source {
        Source::Receipt(id) => (reader.receipt(id)?.map(|x| x.on), How::Paid),
        Source::EarlyPayment(_) => (None, How::Paid),
        Source::WrittenOff(_) => (None, How::WrittenOff),
        Source::Credit(id) => match reader.invoice(id)? {
            Some(credit) if credit.kind == Kind::CreditNote(invoice) => return Ok(None),
            credit => (credit.map(|x| x.dated), How::Paid),
        },
    };
    let on = held.map_or(allocation.on, |held| held.min(allocation.on));
    Ok(Some(Settlement { on, until: None, amount: allocation.amount.minor, how }))
}

impl WriteTx<'_> {
    /// Keeps a new version of what is charged for late payment, which follows the newest one.
    ///
    /// # Errors
    /// When it does not follow, or the file can't be written.
    pub fn put_late_payment(&mut self, version: &LatePaymentVersion) -> Result<(), StoreError> {
        if version.version != self.late_payment_now()?.version.saturating_add(1) {
            return Err(StoreError::Broken("a version of late payment does not follow the last".to_owned()));
        }
        self.put(LATE_PAYMENT, u64::from(version.version), version)
    }

    /// Keeps that a client is charged nothing.
    pub fn put_late_exception(&mut self, exception: &LateException) -> Result<(), StoreError> {
        self.put(LATE_EXCEPTIONS, exception.client.0, exception)
    }

    /// A client is charged again; whether they were not.
    pub fn end_late_exception(&mut self, client: ClientId) -> Result<bool, StoreError> {
        Ok(self.change(LATE_EXCEPTIONS)?.remove(client.0)?.is_some())
    }

    /// Notes of which due dates late payment notes were drafted; with `None`, that all are to be looked at.
    pub fn set_late_drafted(&mut self, due: Option<Date>) -> Result<(), StoreError> {
        self.remember(DRAFTED, due.and_then(|x| u64::try_from(day(x)).ok()).unwrap_or(0))
    }

    /// Notes that a note of an invoice was drafted, which was due on `due` then.
    pub fn set_late_drafted_for(&mut self, invoice: InvoiceId, due: Date) -> Result<(), StoreError> {
        self.remember(&series_of(invoice), u64::try_from(day(due)).unwrap_or(0))
    }

    /// Has something looked at for a late payment note, from `from` on; at once without a day.
    pub fn put_late_look(&mut self, from: Option<Date>, look: LateLook) -> Result<(), StoreError> {
        self.change(LATE_LOOKS)?.insert(look.key(from.map_or(0, day)), ())?;
        Ok(())
    }

    /// Takes away what was put there for that day.
    pub fn end_late_look(&mut self, from: Date, look: LateLook) -> Result<(), StoreError> {
        self.change(LATE_LOOKS)?.remove(look.key(day(from)))?;
        Ok(())
    }
}
