//! The activity log: reading it, and checking its chain.

use redb::{ReadableTable, ReadableTableMetadata, TableDefinition};

use super::error::StoreError;
use super::records::Record;
use super::tables::{EVENTS, EVENTS_OF_CLIENT, EVENTS_OF_INVOICE, VISITS};
use super::tx::{Reader, WriteTx, chain_head, link_hash};
use crate::domain::event::LogEntry;
use crate::domain::ids::{ClientId, ContactId, InvoiceId, QuoteId};

/// What a visit was to.
#[derive(Clone, Copy, Debug)]
pub enum Visited {
    /// An invoice's page.
    Invoice(InvoiceId),
    /// A quote's page.
    Quote(QuoteId),
    /// The statement.
    Statement(ClientId),
}

/// Reading the log.
pub trait EventReads: Reader {
    /// Entries before sequence `before` (all when `None`), newest first, until `take` says stop (false).
    fn log_backwards(&self, before: Option<u64>, mut take: impl FnMut(LogEntry) -> bool) -> Result<(), StoreError>
    where
        Self: Sized,
    {
        let table = self.table(EVENTS)?;
        for row in table.range(..before.unwrap_or(u64::MAX))?.rev() {
            if !take(LogEntry::decode(row?.1.value())?) {
                break;
            }
        }
        Ok(())
    }

    /// A client's entries before `before`, newest first, at most `limit`.
    fn log_of_client(&self, client: ClientId, before: Option<u64>, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        entries(self, EVENTS_OF_CLIENT, client.0, before, limit)
    }

    /// An invoice's entries before `before`, newest first, at most `limit`.
    fn log_of_invoice(
        &self,
        invoice: InvoiceId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        entries(self, EVENTS_OF_INVOICE, invoice.0, before, limit)
    }

    /// How many entries there are.
    fn log_length(&self) -> Result<u64, StoreError> {
        Ok(chain_head_of(self)?.0)
    }

    /// Whether this visit was logged in this hour already.
    fn visit_logged(&self, contact: ContactId, visited: Visited, hour: i64) -> Result<bool, StoreError> {
        let (tag, id) = visit_key(visited);
        Ok(self.table(VISITS)?.get((contact.0, tag, id, hour))?.is_some())
    }

    /// Reads the whole chain: gapless sequence, each entry carrying the hash of the one before, the head matching.
    /// Calls `progress` with (entries read, entries in all).
    fn check_chain(&self, mut progress: impl FnMut(u64, u64)) -> Result<(), StoreError>
    where
        Self: Sized,
    {
        let (last, head) = chain_head(self)?;
        let table = self.table(EVENTS)?;
        if table.len()? != last {
            return Err(StoreError::Broken(format!(
                "the activity log has {} entries, its head says {last}",
                table.len()?
            )));
        }
        let (mut expected, mut previous) = (1, [0; 32]);
        for row in table.iter()? {
            let (key, value) = row?;
            let entry = LogEntry::decode(value.value())?;
            if key.value() != expected || entry.sequence != expected || entry.previous != previous {
                return Err(StoreError::Broken(format!("the activity log was altered at entry {}", key.value())));
            }
            previous = link_hash(value.value());
            progress(expected, last);
            expected += 1;
        }
        if previous == head || last == 0 {
            Ok(())
        } else {
            Err(StoreError::Broken("the activity log was cut or altered at its end".to_owned()))
        }
    }
}

impl<T: Reader + ?Sized> EventReads for T {}

fn chain_head_of<R: Reader + ?Sized>(reader: &R) -> Result<(u64, ()), StoreError> {
    let table = reader.table(EVENTS)?;
    Ok((table.last()?.map_or(0, |row| row.0.value()), ()))
}

fn entries<R: Reader + ?Sized>(
    reader: &R,
    index: TableDefinition<'static, (u64, u64), ()>,
    of: u64,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<LogEntry>, StoreError> {
    let (index, events) = (reader.table(index)?, reader.table(EVENTS)?);
    let mut out = Vec::new();
    for row in index.range((of, 0)..(of, before.unwrap_or(u64::MAX)))?.rev().take(limit) {
        let sequence = row?.0.value().1;
        let missing = || StoreError::Broken(format!("log entry {sequence} is missing"));
        out.push(LogEntry::decode(events.get(sequence)?.ok_or_else(missing)?.value())?);
    }
    Ok(out)
}

/// Notes of visits cleared away at once.
const SWEEP_MAX: usize = 5_000;

fn visit_key(visited: Visited) -> (u8, u64) {
    match visited {
        Visited::Invoice(id) => (0, id.0),
        Visited::Quote(id) => (1, id.0),
        Visited::Statement(id) => (2, id.0),
    }
}

impl WriteTx<'_> {
    /// Notes that a visit was logged in this hour; false when it was noted before.
    pub fn note_visit(&mut self, contact: ContactId, visited: Visited, hour: i64) -> Result<bool, StoreError> {
        if self.visit_logged(contact, visited, hour)? {
            return Ok(false);
        }
        let (tag, id) = visit_key(visited);
        self.change(VISITS)?.insert((contact.0, tag, id, hour), ())?;
        Ok(true)
    }

    /// Clears away that visits were logged in hours before `hour`, some at a time; how many.
    pub fn sweep_visits(&mut self, hour: i64) -> Result<usize, StoreError> {
        let old: Vec<_> = {
            let table = self.table(VISITS)?;
            // What is kept is a day's visits, so reading past them costs little.
            let past = table.iter()?.map(|row| row.map(|row| row.0.value()));
            past.filter(|key| key.as_ref().map_or(true, |key| key.3 < hour))
                .take(SWEEP_MAX)
                .collect::<Result<_, _>>()?
        };
        let mut table = self.change(VISITS)?;
        for key in &old {
            table.remove(*key)?;
        }
        Ok(old.len())
    }
}
