//! Invoices and credit notes, and the indexes that make lists cost what they show.
//!
//! Each document stands on one *shelf* by what has settled it, sorted by due date; what is overdue follows from the
//! shelf and the day. Open amounts are summed per currency and due date. All of it is derived from documents and
//! allocations in the transaction that changes them, and `verify` derives it again.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use redb::ReadableTable;

use super::error::StoreError;
use super::files::FileUse;
use super::payments::PaymentReads;
use super::sums::{Growth, month};
use super::tables::{
    CLIENT_SHELVES, INVOICE_NUMBERS, INVOICES, INVOICES_BY_DATE, INVOICES_OF_CLIENT, INVOICES_OF_QUOTE, LATE_NOTES,
    OPEN_TOTALS, SHELF_OF, SHELVES,
};
use super::tx::{Reader, WriteTx};
use super::{date_of, day};
use crate::domain::ids::{ClientId, InvoiceId, QuoteId};
use crate::domain::invoice::{Invoice, Kind};
use crate::domain::money::{Currency, Money};
use crate::domain::number::DocumentNumber;
use crate::domain::payment::{Open, Settled};

/// Which documents a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Filter {
    /// Everything issued, newest first.
    #[default]
    All,
    /// Drafts, the latest due first.
    Draft,
    /// Everything open, the earliest due first.
    Open,
    /// Open and not past due.
    Due,
    /// Open and past due, the oldest first.
    Overdue,
    /// Open, and something was paid or credited.
    PartPaid,
    /// Settled with money, the latest due first.
    Paid,
    /// Settled by credit notes alone.
    Credited,
    /// Settled, with something written off.
    WrittenOff,
    /// Credit notes.
    CreditNotes,
}

impl Filter {
    /// All of them, in the order in which lists offer them.
    pub const ALL: [Self; 10] = [
        Self::All,
        Self::Open,
        Self::Due,
        Self::Overdue,
        Self::PartPaid,
        Self::Paid,
        Self::Credited,
        Self::WrittenOff,
        Self::CreditNotes,
        Self::Draft,
    ];

    /// The word in a query.
    pub fn code(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Due => "due",
            Self::Overdue => "overdue",
            Self::PartPaid => "part-paid",
            Self::Paid => "paid",
            Self::Credited => "credited",
            Self::WrittenOff => "written-off",
            Self::CreditNotes => "credit-notes",
        }
    }

    /// The filter of a query's word; everything for an unknown one.
    pub fn from_code(code: &str) -> Self {
        Self::ALL.into_iter().find(|x| x.code() == code).unwrap_or_default()
    }
}

pub(super) const DRAFT: u8 = 0;
pub(super) const OPEN: u8 = 1;
pub(super) const PART_PAID: u8 = 2;
pub(super) const PAID: u8 = 3;
const CREDITED: u8 = 4;
const CREDIT_NOTE: u8 = 5;
const WRITTEN_OFF: u8 = 6;

/// The shelf of a document after `settled`.
pub(super) fn shelf(invoice: &Invoice, settled: Settled) -> u8 {
    match &invoice.issue {
        None => DRAFT,
        Some(_) if !invoice.is_invoice() => CREDIT_NOTE,
        Some(issue) if settled.total() >= issue.totals.payable => {
            // As `Invoice::standing` has it.
            match settled {
                Settled { written_off: 1.., .. } => WRITTEN_OFF,
                Settled { credited: 1.., received: 0, .. } => CREDITED,
                _ => PAID,
            }
        }
        Some(_) if settled.total() > 0 => PART_PAID,
        Some(_) => OPEN,
    }
}

/// What an issued document adds to its month, or takes out of it.
pub(super) fn growth(invoice: &Invoice, sign: i64) -> Growth {
    let amount = invoice.payable().minor * sign;
    if invoice.is_invoice() { (amount, 0, 0) } else { (0, amount, 0) }
}

/// A place in a list, from which the next page goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The sorting date, as days since 1970-01-01.
    pub day: i32,
    /// The document's or receipt's identifier.
    pub id: u64,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.day, self.id)
    }
}

impl std::str::FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (day, id) = text.split_once('_').ok_or(())?;
        Ok(Self { day: day.parse().map_err(|_| ())?, id: id.parse().map_err(|_| ())? })
    }
}

/// A document with what has settled it.
#[derive(Clone, Debug)]
pub struct Row {
    /// The document.
    pub invoice: Invoice,
    /// What has settled it.
    pub settled: Settled,
}

impl Row {
    /// What is open of it.
    pub fn open(&self) -> Money {
        self.invoice.open(self.settled)
    }

    /// The earliest due date of what is open; the document's when nothing is.
    pub fn due(&self) -> Date {
        self.invoice.next_due(self.settled)
    }
}

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Its rows.
    pub rows: Vec<Row>,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

/// The sum of open amounts of one due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenTotal {
    /// The due date.
    pub due: Date,
    /// The sum.
    pub sum: Money,
    /// Of how many invoices.
    pub count: u64,
}

/// Reading invoices and credit notes.
pub trait InvoiceReads: Reader {
    /// A document, draft or issued.
    fn invoice(&self, id: InvoiceId) -> Result<Option<Invoice>, StoreError> {
        self.record_at(INVOICES, id.0)
    }

    /// A document with what has settled it.
    fn invoice_row(&self, id: InvoiceId) -> Result<Option<Row>, StoreError> {
        let Some(invoice) = self.invoice(id)? else { return Ok(None) };
        Ok(Some(Row { settled: self.settled(id)?, invoice }))
    }

    /// The document of a number.
    fn invoice_numbered(&self, number: &DocumentNumber) -> Result<Option<InvoiceId>, StoreError> {
        Ok(self.table(INVOICE_NUMBERS)?.get(number.folded().as_str())?.map(|x| InvoiceId(x.value())))
    }

    /// Documents whose number starts with `starts`, in capitals or not, at most `limit`.
    fn invoices_starting(&self, starts: &str, limit: usize) -> Result<Vec<InvoiceId>, StoreError> {
        let starts = starts.to_ascii_uppercase();
        let starts = starts.as_str();
        let table = self.table(INVOICE_NUMBERS)?;
        let mut out = Vec::new();
        for row in table.range(starts..)? {
            let (key, value) = row?;
            if !key.value().starts_with(starts) || out.len() == limit {
                break;
            }
            out.push(InvoiceId(value.value()));
        }
        Ok(out)
    }

    /// A page of documents of one client or of all, after `after`, as of `today`.
    fn invoice_page(
        &self,
        client: Option<ClientId>,
        filter: Filter,
        today: Date,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let now = day(today);
        let all = i32::MIN..=i32::MAX;
        let mut found = match filter {
            Filter::All => by_date(self, client, after, limit + 1)?,
            Filter::Draft => on_shelves(self, client, &[DRAFT], all, after, true, limit + 1)?,
            Filter::Open => on_shelves(self, client, &[OPEN, PART_PAID], all, after, false, limit + 1)?,
            Filter::Due => on_shelves(self, client, &[OPEN, PART_PAID], now..=i32::MAX, after, false, limit + 1)?,
            Filter::Overdue => {
                on_shelves(self, client, &[OPEN, PART_PAID], i32::MIN..=now - 1, after, false, limit + 1)?
            }
            Filter::PartPaid => on_shelves(self, client, &[PART_PAID], all, after, false, limit + 1)?,
            Filter::Paid => on_shelves(self, client, &[PAID], all, after, true, limit + 1)?,
            Filter::Credited => on_shelves(self, client, &[CREDITED], all, after, true, limit + 1)?,
            Filter::WrittenOff => on_shelves(self, client, &[WRITTEN_OFF], all, after, true, limit + 1)?,
            Filter::CreditNotes => on_shelves(self, client, &[CREDIT_NOTE], all, after, true, limit + 1)?,
        };
        let more = found.len() > limit;
        found.truncate(limit);
        let next = if more { found.last().copied() } else { None };
        let rows = found.into_iter().filter_map(|x| self.invoice_row(InvoiceId(x.id)).transpose());
        Ok(Page { rows: rows.collect::<Result<_, _>>()?, next })
    }

    /// A client's issued documents dated up to `to`, oldest first.
    fn invoices_dated(&self, client: ClientId, to: Date) -> Result<Vec<Invoice>, StoreError> {
        let table = self.table(INVOICES_OF_CLIENT)?;
        let rows = table.range((client.0, i32::MIN, 0)..=(client.0, day(to), u64::MAX))?;
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.invoice(InvoiceId(r.0.value().2))).transpose())
            .collect()
    }

    /// Invoices that charge a part of an accepted quote, drafts too, the oldest first.
    fn invoices_from(&self, quote: QuoteId) -> Result<Vec<Invoice>, StoreError> {
        let table = self.table(INVOICES_OF_QUOTE)?;
        let rows = table.range((quote.0, 0)..=(quote.0, u64::MAX))?;
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.invoice(InvoiceId(r.0.value().1))).transpose())
            .collect()
    }

    /// The credit notes that were issued for `invoice`. Reads the client's credit notes, of which there are few.
    fn credit_notes_for(&self, invoice: &Invoice) -> Result<Vec<Invoice>, StoreError> {
        let mut out = Vec::new();
        let of = invoice.client.0;
        let table = self.table(CLIENT_SHELVES)?;
        for row in table.range((of, CREDIT_NOTE, i32::MIN, 0)..=(of, CREDIT_NOTE, i32::MAX, u64::MAX))? {
            let credit = self.invoice(InvoiceId(row?.0.value().3))?;
            out.extend(credit.filter(|x| x.kind == Kind::CreditNote(invoice.id)));
        }
        Ok(out)
    }

    /// A client's open invoices: due date and open amount, the earliest due first.
    fn open_of(&self, client: ClientId) -> Result<Vec<(Open, Currency)>, StoreError> {
        let rows = on_open_shelves(self, client)?;
        let mut out: Vec<(Open, Currency)> = rows.into_iter().map(|(open, _, currency)| (open, currency)).collect();
        out.sort_by_key(|(open, _)| (open.due, open.invoice));
        Ok(out)
    }

    /// What a client owes by due date, the earliest first: one for each invoice, or for each of its instalments with
    /// something open. Reads documents only where later instalments are open.
    fn open_parts_of(&self, client: ClientId) -> Result<Vec<(Open, Currency)>, StoreError> {
        let mut out = Vec::new();
        for (open, first, currency) in on_open_shelves(self, client)? {
            let later = if first < open.open { self.invoice(open.invoice)? } else { None };
            match later {
                None => out.push((open, currency)),
                Some(invoice) => out.extend(
                    invoice
                        .terms
                        .parts(open.open, invoice.due)
                        .into_iter()
                        .map(|part| (Open { invoice: open.invoice, due: part.due, open: part.amount }, currency)),
                ),
            }
        }
        out.sort_by_key(|(open, _)| (open.due, open.invoice));
        Ok(out)
    }

    /// Open amounts of the whole firm per currency and due date.
    fn open_totals(&self) -> Result<Vec<OpenTotal>, StoreError> {
        let table = self.table(OPEN_TOTALS)?;
        table
            .iter()?
            .map(|row| {
                let (key, value) = row?;
                let ((code, due), (sum, count)) = (key.value(), value.value());
                let currency = code.parse().map_err(|_| StoreError::Record("currency"))?;
                Ok(OpenTotal { due: date_of(due), sum: Money::new(sum, currency), count })
            })
            .collect()
    }

    /// What is open in the whole firm, per currency: its code, the sum in minor units, of how many documents.
    fn open_sums(&self) -> Result<Vec<(String, i64, u64)>, StoreError> {
        let mut sums: Vec<(String, i64, u64)> = Vec::new();
        // Sorted by currency first.
        for row in self.table(OPEN_TOTALS)?.iter()? {
            let (key, value) = row?;
            let ((code, _), (sum, count)) = (key.value(), value.value());
            match sums.last_mut().filter(|last| last.0 == code) {
                Some(last) => (last.1, last.2) = (last.1.saturating_add(sum), last.2.saturating_add(count)),
                None => sums.push((code.to_owned(), sum, count)),
            }
        }
        Ok(sums)
    }
}

impl<T: Reader + ?Sized> InvoiceReads for T {}

/// A client's open invoices with what is open at the due date under which they stand, in no particular order.
fn on_open_shelves<R: Reader + ?Sized>(reader: &R, client: ClientId) -> Result<Vec<(Open, i64, Currency)>, StoreError> {
    let table = reader.table(CLIENT_SHELVES)?;
    let rows = table.range((client.0, OPEN, i32::MIN, 0)..=(client.0, PART_PAID, i32::MAX, u64::MAX))?;
    rows.map(|row| {
        let (key, value) = row?;
        let ((_, _, due, id), (code, open, first)) = (key.value(), value.value());
        let currency = code.parse().map_err(|_| StoreError::Record("currency"))?;
        Ok((Open { invoice: InvoiceId(id), due: date_of(due), open }, first, currency))
    })
    .collect()
}

fn by_date<R: Reader + ?Sized>(
    reader: &R,
    client: Option<ClientId>,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Cursor>, StoreError> {
    let to = after.unwrap_or(Cursor { day: i32::MAX, id: u64::MAX });
    match client {
        None => {
            let table = reader.table(INVOICES_BY_DATE)?;
            let rows = table.range(..(to.day, to.id))?.rev().take(limit);
            rows.map(|row| row.map(|r| Cursor { day: r.0.value().0, id: r.0.value().1 }).map_err(Into::into)).collect()
        }
        Some(client) => {
            let table = reader.table(INVOICES_OF_CLIENT)?;
            let rows = table.range((client.0, i32::MIN, 0)..(client.0, to.day, to.id))?.rev().take(limit);
            rows.map(|row| row.map(|r| Cursor { day: r.0.value().1, id: r.0.value().2 }).map_err(Into::into)).collect()
        }
    }
}

/// Places on several shelves as one list sorted by due date and identifier.
fn on_shelves<R: Reader + ?Sized>(
    reader: &R,
    client: Option<ClientId>,
    shelves: &[u8],
    days: RangeInclusive<i32>,
    after: Option<Cursor>,
    latest_first: bool,
    limit: usize,
) -> Result<Vec<Cursor>, StoreError> {
    let (mut from, mut to) = (Cursor { day: *days.start(), id: 0 }, Cursor { day: *days.end(), id: u64::MAX });
    if let Some(after) = after {
        if latest_first {
            to = before(after);
        } else {
            from = Cursor { id: after.id.saturating_add(1), ..after };
        }
    }
    let mut out = Vec::new();
    for &shelf in shelves {
        one_shelf(reader, client, shelf, from..=to, latest_first, limit, &mut out)?;
    }
    out.sort();
    if latest_first {
        out.reverse();
    }
    out.truncate(limit);
    Ok(out)
}

fn before(cursor: Cursor) -> Cursor {
    match cursor.id.checked_sub(1) {
        Some(id) => Cursor { id, ..cursor },
        None => Cursor { day: cursor.day.saturating_sub(1), id: u64::MAX },
    }
}

fn one_shelf<R: Reader + ?Sized>(
    reader: &R,
    client: Option<ClientId>,
    shelf: u8,
    places: RangeInclusive<Cursor>,
    latest_first: bool,
    limit: usize,
    out: &mut Vec<Cursor>,
) -> Result<(), StoreError> {
    let (from, to) = places.into_inner();
    if from > to {
        return Ok(());
    }
    match client {
        None => {
            let table = reader.table(SHELVES)?;
            let rows = table.range((shelf, from.day, from.id)..=(shelf, to.day, to.id))?;
            let cursor = |key: (u8, i32, u64)| Cursor { day: key.1, id: key.2 };
            take(rows, latest_first, limit, cursor, out)
        }
        Some(client) => {
            let table = reader.table(CLIENT_SHELVES)?;
            let rows = table.range((client.0, shelf, from.day, from.id)..=(client.0, shelf, to.day, to.id))?;
            let cursor = |key: (u64, u8, i32, u64)| Cursor { day: key.2, id: key.3 };
            take(rows, latest_first, limit, cursor, out)
        }
    }
}

fn take<K: redb::Key + 'static, V: redb::Value + 'static>(
    rows: redb::Range<'_, K, V>,
    latest_first: bool,
    limit: usize,
    cursor: impl Fn(K::SelfType<'_>) -> Cursor,
    out: &mut Vec<Cursor>,
) -> Result<(), StoreError> {
    if latest_first {
        for row in rows.rev().take(limit) {
            out.push(cursor(row?.0.value()));
        }
    } else {
        for row in rows.take(limit) {
            out.push(cursor(row?.0.value()));
        }
    }
    Ok(())
}

impl WriteTx<'_> {
    /// Keeps a document and its places in the lists.
    pub fn put_invoice(&mut self, invoice: &Invoice) -> Result<(), StoreError> {
        if let Some(issue) = &invoice.issue {
            self.change(INVOICE_NUMBERS)?.insert(issue.number.folded().as_str(), invoice.id.0)?;
            let dated = day(invoice.dated);
            self.change(INVOICES_BY_DATE)?.insert((dated, invoice.id.0), ())?;
            let known = self.change(INVOICES_OF_CLIENT)?.insert((invoice.client.0, dated, invoice.id.0), ())?.is_some();
            if !known {
                self.add_month(invoice.client, invoice.currency, month(invoice.dated), growth(invoice, 1))?;
            }
            self.use_file(issue.pdf.digest, FileUse::Invoice(invoice.id))?;
        }
        if let Some(from) = &invoice.quote {
            self.change(INVOICES_OF_QUOTE)?.insert((from.quote.0, invoice.id.0), ())?;
        }
        if let Some(late) = &invoice.late {
            self.change(LATE_NOTES)?.insert((late.of.0, invoice.id.0), ())?;
        }
        self.put(INVOICES, invoice.id.0, invoice)?;
        self.reshelve(invoice).map(drop)
    }

    /// Takes an issued document out of the sums of its month.
    pub(super) fn forget_month(&mut self, invoice: &Invoice) -> Result<(), StoreError> {
        self.add_month(invoice.client, invoice.currency, month(invoice.dated), growth(invoice, -1))
    }

    /// Throws a draft away.
    pub fn remove_draft(&mut self, invoice: &Invoice) -> Result<(), StoreError> {
        self.unshelve(invoice)?;
        if let Some(from) = &invoice.quote {
            self.change(INVOICES_OF_QUOTE)?.remove((from.quote.0, invoice.id.0))?;
        }
        if let Some(late) = &invoice.late {
            self.change(LATE_NOTES)?.remove((late.of.0, invoice.id.0))?;
        }
        self.change(INVOICES)?.remove(invoice.id.0)?;
        Ok(())
    }

    /// Puts a document on the shelf that its allocations ask for; gives what has settled it.
    pub fn reshelve(&mut self, invoice: &Invoice) -> Result<Settled, StoreError> {
        let before = self.unshelve(invoice)?;
        let settled = self.settled(invoice.id)?;
        let (shelf, parts) = (shelf(invoice, settled), invoice.open_parts(settled));
        let (due, open, code) = (day(invoice.next_due(settled)), invoice.open(settled), invoice.currency.code());
        let first = parts.first().map_or(0, |x| x.amount);
        self.change(SHELVES)?.insert((shelf, due, invoice.id.0), (code, open.minor))?;
        self.change(CLIENT_SHELVES)?.insert((invoice.client.0, shelf, due, invoice.id.0), (code, open.minor, first))?;
        self.change(SHELF_OF)?.insert(invoice.id.0, (invoice.client.0, shelf, due))?;
        for part in parts {
            self.add_open(invoice, day(part.due), part.amount, 1)?;
        }
        if shelf == PAID || before == Some(PAID) {
            self.review_habit(invoice.client)?;
        }
        self.redispute(invoice, settled)?;
        self.begin_attention(invoice, open.minor > 0, invoice.next_due(settled))?;
        Ok(settled)
    }

    /// Takes a document from its shelf; which it was.
    pub(super) fn unshelve(&mut self, invoice: &Invoice) -> Result<Option<u8>, StoreError> {
        let old = self.change(SHELF_OF)?.remove(invoice.id.0)?.map(|x| x.value());
        let Some((client, shelf, due)) = old else { return Ok(None) };
        self.change(CLIENT_SHELVES)?.remove((client, shelf, due, invoice.id.0))?;
        let place = self.change(SHELVES)?.remove((shelf, due, invoice.id.0))?.map(|x| {
            let (code, open) = x.value();
            (code.parse::<Currency>(), open)
        });
        // Only a draft's terms change, and nothing is open of a draft: the parts are those that were added.
        if let Some((Ok(_), open)) = place {
            for part in invoice.terms.parts(open, invoice.due) {
                self.add_open(invoice, day(part.due), -part.amount, -1)?;
            }
        }
        Ok(Some(shelf))
    }

    fn add_open(&mut self, invoice: &Invoice, due: i32, minor: i64, count: i64) -> Result<(), StoreError> {
        let currency = invoice.currency;
        self.add_debt(invoice.client, currency, due, minor, count)?;
        let mut table = self.change(OPEN_TOTALS)?;
        let (sum, of) = table.get((currency.code(), due))?.map_or((0, 0), |x| x.value());
        let (sum, of) = (sum + minor, of.saturating_add_signed(count));
        if of == 0 {
            table.remove((currency.code(), due))?;
        } else {
            table.insert((currency.code(), due), (sum, of))?;
        }
        Ok(())
    }
}
