//! Many new documents at once: what `put_invoice`, `put_receipt` and the rest keep, table by table in the order of
//! their keys, so that a million rows take minutes.
//!
//! For documents that are new and settled only by what comes with them. Keeps the same records, indexes and log lines
//! as the acts one by one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use redb::ReadableTable;

use super::attention::{beginning, reacted};
use super::day;
use super::error::StoreError;
use super::files::FileUse;
use super::invoices::{growth, shelf};
use super::payments::source_key;
use super::records::Record;
use super::sums::{Growth, month, settles};
use super::tables::{
    ALLOCATIONS, ALLOCATIONS_OF_SOURCE, CLIENT_SHELVES, EVENTS, EVENTS_OF_CLIENT, EVENTS_OF_INVOICE, EXCEPTIONS,
    FILE_USES, INVOICE_NUMBERS, INVOICES, INVOICES_BY_DATE, INVOICES_OF_CLIENT, OPEN_TOTALS, RECEIPT_NUMBERS, RECEIPTS,
    RECEIPTS_BY_DATE, RECEIPTS_OF_CLIENT, REMINDER_OF_INVOICE, REMINDERS_DUE, SEQUENCES, SHELF_OF, SHELVES, UNAPPLIED,
};
use super::tx::{About, Recorded, WriteTx};
use crate::domain::attention::REACTION_DAYS;
use crate::domain::event::{By, Event, LogEntry};
use crate::domain::fairness;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::invoice::Invoice;
use crate::domain::money::Currency;
use crate::domain::payment::{Allocation, Receipt, Settled};

/// A line of the log to be.
#[derive(Clone, Debug)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: By,
    /// About what.
    pub about: About,
    /// What.
    pub event: Event,
}

/// New documents with everything that settles them.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Issued documents under reserved identifiers, ascending.
    pub documents: Vec<Invoice>,
    /// Money received, ascending by identifier.
    pub receipts: Vec<Receipt>,
    /// What it and the credit notes among the documents settle: documents of this batch only.
    pub allocations: Vec<Allocation>,
    /// When the scheduler looks at reminders.
    pub reminders: Vec<(InvoiceId, Timestamp)>,
    /// The last number given in a series, or the last identifier of a noun.
    pub sequences: Vec<(String, u64)>,
    /// Lines of the log in their order; also of earlier batches' documents.
    pub lines: Vec<Line>,
}

/// Where a document stands.
#[derive(Clone, Copy)]
struct Place {
    shelf: u8,
    due: i32,
    id: u64,
    client: u64,
}

impl WriteTx<'_> {
    /// Keeps a batch; `None` when it brings no line for the log, so that nothing proves it.
    pub fn put_batch(&mut self, batch: &Batch) -> Result<Option<Recorded>, StoreError> {
        let settled = settled(&batch.allocations);
        self.put_documents(batch)?;
        self.put_shelves(batch, &settled)?;
        self.put_receipts(batch)?;
        self.put_allocations(batch)?;
        self.put_looks(batch)?;
        let mut sequences = self.change(SEQUENCES)?;
        for (name, last) in &batch.sequences {
            sequences.insert(name.as_str(), last)?;
        }
        drop(sequences);
        self.put_sums(batch, &settled)?;
        let recorded = self.put_lines(&batch.lines)?;
        self.put_wants(batch, &settled)?;
        Ok(recorded)
    }

    fn put_documents(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut table = self.change(INVOICES)?;
        for document in &batch.documents {
            table.insert(document.id.0, document.encode()?.as_slice())?;
        }
        drop(table);
        let issued = batch.documents.iter().filter_map(|d| d.number().map(|number| (d, number)));
        let mut numbers: Vec<(String, u64)> = issued.map(|(d, number)| (number.folded(), d.id.0)).collect();
        numbers.sort_unstable();
        let mut table = self.change(INVOICE_NUMBERS)?;
        for (number, id) in numbers {
            table.insert(number.as_str(), id)?;
        }
        drop(table);
        let dated = batch.documents.iter().map(|d| (day(d.dated), d.id.0));
        insert_keys(&mut self.change(INVOICES_BY_DATE)?, dated)?;
        let used = batch.documents.iter().filter_map(|d| d.issue.as_ref().map(|issue| (d.id, issue.pdf.digest)));
        insert_keys(&mut self.change(FILE_USES)?, used.map(|(id, digest)| FileUse::Invoice(id).key(digest)))?;
        let of_client = batch.documents.iter().map(|d| (d.client.0, day(d.dated), d.id.0));
        insert_keys(&mut self.change(INVOICES_OF_CLIENT)?, of_client)
    }

    fn put_shelves(&mut self, batch: &Batch, settled: &HashMap<InvoiceId, Settled>) -> Result<(), StoreError> {
        let mut totals: BTreeMap<(&str, i32), (i64, u64)> = BTreeMap::new();
        let mut places = Vec::with_capacity(batch.documents.len());
        for document in &batch.documents {
            let by = settled.get(&document.id).copied().unwrap_or_default();
            let (due, open) = (day(document.next_due(by)), document.open(by).minor);
            let parts = document.open_parts(by);
            let first = parts.first().map_or(0, |x| x.amount);
            let place = Place { shelf: shelf(document, by), due, id: document.id.0, client: document.client.0 };
            places.push((place, document.currency, open, first));
            for part in parts {
                let total = totals.entry((document.currency.code(), day(part.due))).or_default();
                *total = (total.0 + part.amount, total.1 + 1);
            }
        }
        let mut table = self.change(SHELF_OF)?;
        for (p, ..) in &places {
            table.insert(p.id, (p.client, p.shelf, p.due))?;
        }
        drop(table);
        places.sort_unstable_by_key(|(p, ..)| (p.shelf, p.due, p.id));
        let mut table = self.change(SHELVES)?;
        for (p, currency, open, _) in &places {
            table.insert((p.shelf, p.due, p.id), (currency.code(), *open))?;
        }
        drop(table);
        places.sort_unstable_by_key(|(p, ..)| (p.client, p.shelf, p.due, p.id));
        let mut table = self.change(CLIENT_SHELVES)?;
        for (p, currency, open, first) in &places {
            table.insert((p.client, p.shelf, p.due, p.id), (currency.code(), *open, *first))?;
        }
        drop(table);
        let mut table = self.change(OPEN_TOTALS)?;
        for (key, (sum, count)) in totals {
            let (old, of) = table.get(key)?.map_or((0, 0), |x| x.value());
            table.insert(key, (old + sum, of + count))?;
        }
        Ok(())
    }

    fn put_receipts(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut table = self.change(RECEIPTS)?;
        for receipt in &batch.receipts {
            table.insert(receipt.id.0, receipt.encode()?.as_slice())?;
        }
        drop(table);
        let mut numbers: Vec<(&str, u64)> = batch.receipts.iter().map(|r| (r.number.as_str(), r.id.0)).collect();
        numbers.sort_unstable();
        let mut table = self.change(RECEIPT_NUMBERS)?;
        for (number, id) in numbers {
            table.insert(number, id)?;
        }
        drop(table);
        insert_keys(&mut self.change(RECEIPTS_BY_DATE)?, batch.receipts.iter().map(|r| (day(r.on), r.id.0)))?;
        let of_client = batch.receipts.iter().map(|r| (r.client.0, day(r.on), r.id.0));
        insert_keys(&mut self.change(RECEIPTS_OF_CLIENT)?, of_client)
    }

    fn put_allocations(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut all: Vec<&Allocation> = batch.allocations.iter().collect();
        all.sort_unstable_by_key(|a| (a.invoice, a.id));
        let mut table = self.change(ALLOCATIONS)?;
        for a in &all {
            table.insert((a.invoice.0, a.id.0), a.encode()?.as_slice())?;
        }
        drop(table);
        let mut applied: HashMap<(u8, u64), i64> = HashMap::new();
        let mut of_source: Vec<_> = all.iter().map(|a| (source_key(a.source), a.id.0, a.invoice.0)).collect();
        all.iter().for_each(|a| *applied.entry(source_key(a.source)).or_default() += a.amount.minor);
        of_source.sort_unstable();
        let mut table = self.change(ALLOCATIONS_OF_SOURCE)?;
        for ((tag, source), id, invoice) in of_source {
            table.insert((tag, source, id), invoice)?;
        }
        drop(table);
        let credits = batch.documents.iter().filter(|d| !d.is_invoice());
        let credits = credits.map(|d| (d.client.0, (1, d.id.0), d.payable()));
        let received = batch.receipts.iter().map(|r| (r.client.0, (0, r.id.0), r.amount));
        let mut table = self.change(UNAPPLIED)?;
        for (client, (tag, id), whole) in received.chain(credits) {
            let left = whole.minor - applied.get(&(tag, id)).copied().unwrap_or(0);
            if left > 0 {
                table.insert((client, tag, id), (whole.currency.code(), left))?;
            }
        }
        Ok(())
    }

    fn put_looks(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let due = batch.reminders.iter().map(|(id, at)| (at.as_millisecond(), id.0));
        insert_keys(&mut self.change(REMINDERS_DUE)?, due)?;
        let mut table = self.change(REMINDER_OF_INVOICE)?;
        for (id, at) in &batch.reminders {
            table.insert(id.0, at.as_millisecond())?;
        }
        Ok(())
    }

    /// What clients owe, when it is expected, and what happened in which month.
    fn put_sums(&mut self, batch: &Batch, settled: &HashMap<InvoiceId, Settled>) -> Result<(), StoreError> {
        let mut months: BTreeMap<(u64, Currency, i32), Growth> = BTreeMap::new();
        let mut add = |client: ClientId, currency, month, more: Growth| {
            let sum = months.entry((client.0, currency, month)).or_default();
            *sum = (sum.0 + more.0, sum.1 + more.1, sum.2 + more.2);
        };
        let of: HashMap<InvoiceId, ClientId> = batch.documents.iter().map(|d| (d.id, d.client)).collect();
        for document in &batch.documents {
            add(document.client, document.currency, month(document.dated), growth(document, 1));
        }
        for a in &batch.allocations {
            let Some(client) = of.get(&a.invoice) else { continue };
            settles(a, None).for_each(|(month, more)| add(*client, a.amount.currency, month, more));
        }
        for ((client, currency, month), more) in months {
            self.add_month(ClientId(client), currency, month, more)?;
        }
        for document in &batch.documents {
            for part in document.open_parts(settled.get(&document.id).copied().unwrap_or_default()) {
                self.add_debt(document.client, document.currency, day(part.due), part.amount, 1)?;
            }
        }
        let clients: BTreeSet<ClientId> = of.into_values().collect();
        clients.into_iter().try_for_each(|client| self.review_habit(client))
    }

    /// What wants a person, as the lines of the log leave it.
    fn put_wants(&mut self, batch: &Batch, settled: &HashMap<InvoiceId, Settled>) -> Result<(), StoreError> {
        for document in &batch.documents {
            let by = settled.get(&document.id).copied().unwrap_or_default();
            if document.open(by).minor > 0 {
                let at = document.issue.as_ref().map_or(self.now, |issue| issue.at);
                let (want, from) = beginning(document, document.next_due(by), at);
                self.put_attention(document.client, document.id, want, from)?;
            }
        }
        for line in &batch.lines {
            if let Some(invoice) = reacted(&line.event, &line.by.actor) {
                let broke = matches!(line.event, Event::PromiseBroken { .. });
                self.touch(invoice, line.at, (REACTION_DAYS, broke))?;
            }
        }
        Ok(())
    }

    /// As [`WriteTx::record`], for many lines.
    fn put_lines(&mut self, lines: &[Line]) -> Result<Option<Recorded>, StoreError> {
        let Some((first, rest)) = lines.split_first() else { return Ok(None) };
        let (now, by) = (self.now, self.by.clone());
        (self.now, self.by) = (first.at, first.by.clone());
        let recorded = self.record(first.about, first.event.clone())?;
        (self.now, self.by) = (now, by);
        let mut tip = self.chain_tip()?;
        let (mut of_client, mut of_invoice) = (Vec::with_capacity(rest.len()), Vec::with_capacity(rest.len()));
        let mut exceptions = Vec::new();
        let mut table = self.change(EVENTS)?;
        for line in rest {
            let (sequence, previous) = tip.next();
            let Line { at, by, about, event } = line.clone();
            let excepts = fairness::kind(&event).is_some();
            let entry = LogEntry { sequence, at, by, client: about.client, invoice: about.invoice, event, previous };
            let bytes = entry.encode()?;
            tip.push(&table, &bytes)?;
            table.insert(sequence, bytes.as_slice())?;
            exceptions.extend(excepts.then_some(sequence));
            of_client.extend(about.client.map(|c| (c.0, sequence)));
            of_invoice.extend(about.invoice.map(|i| (i.0, sequence)));
        }
        drop(table);
        insert_keys(&mut self.change(EXCEPTIONS)?, exceptions)?;
        insert_keys(&mut self.change(EVENTS_OF_CLIENT)?, of_client)?;
        insert_keys(&mut self.change(EVENTS_OF_INVOICE)?, of_invoice)?;
        self.end_chain(&tip)?;
        Ok(Some(recorded))
    }
}

fn settled(allocations: &[Allocation]) -> HashMap<InvoiceId, Settled> {
    let mut out: HashMap<InvoiceId, Settled> = HashMap::with_capacity(allocations.len());
    for allocation in allocations {
        let part = Settled::of([allocation]);
        let sum = out.entry(allocation.invoice).or_default();
        *sum = Settled {
            received: sum.received + part.received,
            credited: sum.credited + part.credited,
            discounted: sum.discounted + part.discounted,
            written_off: sum.written_off + part.written_off,
        };
    }
    out
}

fn insert_keys<K>(table: &mut redb::Table<'_, K, ()>, keys: impl IntoIterator<Item = K>) -> Result<(), StoreError>
where
    K: Ord + redb::Key + for<'k> redb::Value<SelfType<'k> = K> + 'static,
{
    let mut keys: Vec<K> = keys.into_iter().collect();
    keys.sort_unstable();
    for key in keys {
        table.insert(key, ())?;
    }
    Ok(())
}
