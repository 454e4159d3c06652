//! Transactions: reading a consistent snapshot, and writing with a log entry for every change.
//!
//! *No silent change*: a write commits only a [`Done`], and a `Done` is made only from a [`Recorded`], which only
//! [`WriteTx::record`] gives.

use jiff::Timestamp;
use redb::{Key, ReadableTable, Table, TableDefinition, Value};

use super::attention;
use super::error::StoreError;
use super::records::Record;
use super::tables::{
    DOCUMENT_SEEN, EVENTS, EVENTS_OF_CLIENT, EVENTS_OF_DOCUMENT, EVENTS_OF_INVOICE, EXCEPTIONS, SEQUENCES,
};
use crate::domain::attention::REACTION_DAYS;
use crate::domain::event::{By, Event, LogEntry};
use crate::domain::fairness;
use crate::domain::ids::{ClientId, InvoiceId};

/// Everything that has identifiers.
const NOUNS: [&str; 20] = [
    "allocation",
    "client",
    "contact",
    "content",
    "dispute",
    "document",
    "drop",
    "import",
    "invoice",
    "letter",
    "letter-again",
    "project",
    "promise",
    "quote",
    "receipt",
    "recurring",
    "refund",
    "secret-letter",
    "staff",
    "statement",
];

/// What can be a key: redb's keys that threads may share, which all of ours are.
pub trait Keyed: Key + Send + Sync + 'static {}
impl<T: Key + Send + Sync + 'static> Keyed for T {}

/// What can be a value, likewise.
pub trait Valued: Value + Send + Sync + 'static {}
impl<T: Value + Send + Sync + 'static> Valued for T {}

/// Either kind of transaction, for reading. Each noun's reads are a trait over this one.
pub trait Reader {
    /// An open table.
    type Table<'t, K: Keyed, V: Valued>: ReadableTable<K, V>
    where
        Self: 't;

    /// Opens a table. A write transaction opens a table once at a time: let one go before opening it again.
    ///
    /// # Errors
    /// When the file can't be read.
    fn table<K: Keyed, V: Valued>(
        &self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<Self::Table<'_, K, V>, StoreError>;

    /// Reads one record by identifier.
    ///
    /// # Errors
    /// When the file or the record can't be read.
    fn record_at<R: Record>(
        &self,
        table: TableDefinition<'static, u64, &'static [u8]>,
        id: u64,
    ) -> Result<Option<R>, StoreError> {
        self.table(table)?.get(id)?.map(|bytes| R::decode(bytes.value())).transpose()
    }

    /// The last number given in a series; 0 for a new one.
    ///
    /// # Errors
    /// When the file can't be read.
    fn last_in_series(&self, series: &str) -> Result<u64, StoreError> {
        Ok(self.table(SEQUENCES)?.get(series)?.map_or(0, |x| x.value()))
    }
}

/// A change in the making, by somebody, at an instant.
pub struct WriteTx<'a> {
    tx: &'a redb::WriteTransaction,
    /// Who changes, and from where.
    pub by: By,
    /// When.
    pub now: Timestamp,
    /// Whether anything was changed yet; a refusal after that undoes the transaction.
    touched: bool,
}

impl Reader for WriteTx<'_> {
    type Table<'t, K: Keyed, V: Valued>
        = Table<'t, K, V>
    where
        Self: 't;

    fn table<K: Keyed, V: Valued>(&self, table: TableDefinition<'static, K, V>) -> Result<Table<'_, K, V>, StoreError> {
        Ok(self.tx.open_table(table)?)
    }
}

/// What an event is about, for the log's indexes.
#[derive(Clone, Copy, Debug, Default)]
pub struct About {
    /// The client concerned.
    pub client: Option<ClientId>,
    /// The invoice concerned.
    pub invoice: Option<InvoiceId>,
}

impl About {
    /// Nobody in particular.
    pub const FIRM: Self = Self { client: None, invoice: None };

    /// A client.
    pub fn client(client: ClientId) -> Self {
        Self { client: Some(client), invoice: None }
    }

    /// An invoice of a client.
    pub fn invoice(client: ClientId, invoice: InvoiceId) -> Self {
        Self { client: Some(client), invoice: Some(invoice) }
    }
}

/// Proof that a change was logged.
#[derive(Debug)]
#[must_use = "a change is only complete with its proof"]
pub struct Recorded(());

impl Recorded {
    /// The act's result.
    pub fn done<T>(self, value: T) -> Done<T> {
        Done { value, proof: self }
    }
}

/// An act that is complete: its changes stand in the transaction and at least one event with them.
#[derive(Debug)]
pub struct Done<T> {
    pub(super) value: T,
    proof: Recorded,
}

/// A change that needs no line in the log; only [`super::Store::housekeep`] uses it.
pub(super) fn unlogged<T>(value: T) -> Done<T> {
    Recorded(()).done(value)
}

impl<T> Done<T> {
    /// The act's result, for an act that is part of a larger one.
    pub fn value(self) -> T {
        self.value
    }

    /// A look at the act's result.
    pub fn get(&self) -> &T {
        &self.value
    }

    /// The same act with another result.
    ///
    /// # Errors
    /// None; the result type lets an act end with it.
    pub fn map_done<U, E>(self, value: U) -> Result<Done<U>, E> {
        Ok(self.proof.done(value))
    }
}

impl<'a> WriteTx<'a> {
    pub(super) fn new(tx: &'a redb::WriteTransaction, by: By, now: Timestamp) -> Self {
        Self { tx, by, now, touched: false }
    }

    pub(super) fn touched(&self) -> bool {
        self.touched
    }

    /// Opens a table to change it.
    pub(super) fn change<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<Table<'a, K, V>, StoreError> {
        self.touched = true;
        Ok(self.tx.open_table(table)?)
    }

    pub(super) fn put<R: Record>(
        &mut self,
        table: TableDefinition<'static, u64, &'static [u8]>,
        id: u64,
        record: &R,
    ) -> Result<(), StoreError> {
        let bytes = record.encode()?;
        self.change(table)?.insert(id, bytes.as_slice())?;
        Ok(())
    }

    /// Counts a series of numbers up by one and gives the new last one.
    pub fn next_in_series(&mut self, series: &str) -> Result<u64, StoreError> {
        let next = self.last_in_series(series)? + 1;
        self.change(SEQUENCES)?.insert(series, next)?;
        Ok(next)
    }

    /// Remembers what a form that may be sent twice made, under a key that it drew; read by `last_in_series`.
    pub fn remember(&mut self, key: &str, id: u64) -> Result<(), StoreError> {
        self.change(SEQUENCES)?.insert(key, id)?;
        Ok(())
    }

    /// Sets the last number given in a series.
    pub fn set_series(&mut self, series: &str, last: u64) -> Result<(), StoreError> {
        self.change(SEQUENCES)?.insert(series, last)?;
        Ok(())
    }

    /// Lets the identifiers of every noun leap, in a file restored from a backup since which some were given.
    pub fn leap_identifiers(&mut self, by: u64) -> Result<(), StoreError> {
        let mut table = self.change(SEQUENCES)?;
        for noun in NOUNS {
            let last = table.get(noun)?.map_or(0, |x| x.value());
            table.insert(noun, last.saturating_add(by))?;
        }
        Ok(())
    }

    /// The next identifier of `noun`, from 1; never given twice.
    pub fn next(&mut self, noun: &'static str) -> Result<u64, StoreError> {
        debug_assert!(NOUNS.contains(&noun), "{noun} is not among the nouns, and would not leap after a restore");
        let mut table = self.change(SEQUENCES)?;
        let next = table.get(noun)?.map_or(0, |x| x.value()) + 1;
        table.insert(noun, next)?;
        Ok(next)
    }

    /// Writes one line of the activity log and links it into the chain.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn record(&mut self, about: About, event: Event) -> Result<Recorded, StoreError> {
        let mut tip = self.chain_tip()?;
        let (sequence, previous) = tip.next();
        let entry = LogEntry {
            sequence,
            at: self.now,
            by: self.by.clone(),
            client: about.client,
            invoice: about.invoice,
            event,
            previous,
        };
        let reacted = attention::reacted(&entry.event, &entry.by.actor);
        let broke = matches!(entry.event, Event::PromiseBroken { .. });
        let excepts = fairness::kind(&entry.event).is_some();
        let (document, visit) = (entry.event.document(), entry.visit_to_document());
        let bytes = entry.encode()?;
        let mut events = self.change(EVENTS)?;
        tip.push(&events, &bytes)?;
        events.insert(sequence, bytes.as_slice())?;
        drop(events);
        if excepts {
            self.change(EXCEPTIONS)?.insert(sequence, ())?;
        }
        if let Some(client) = about.client {
            self.change(EVENTS_OF_CLIENT)?.insert((client.0, sequence), ())?;
        }
        if let Some(invoice) = about.invoice {
            self.change(EVENTS_OF_INVOICE)?.insert((invoice.0, sequence), ())?;
        }
        if let Some(document) = document {
            self.change(EVENTS_OF_DOCUMENT)?.insert((document.0, sequence), ())?;
        }
        if let Some((contact, document, version)) = visit {
            let (mut seen, key) = (self.change(DOCUMENT_SEEN)?, (contact.0, document.0, version));
            if seen.get(key)?.is_none() {
                seen.insert(key, sequence)?;
            }
        }
        self.end_chain(&tip)?;
        if let Some(invoice) = reacted {
            self.touch(invoice, self.now, (REACTION_DAYS, broke))?;
        }
        Ok(Recorded(()))
    }
}
