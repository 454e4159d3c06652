//! The activity log: reading it, and checking its chain.

use redb::{ReadableTable, TableDefinition};

use super::chain::{ChainReads, Walk};
use super::error::StoreError;
use super::records::Record;
use super::tables::{EVENTS, EVENTS_OF_CLIENT, EVENTS_OF_INVOICE, EXCEPTIONS, VISITS};
use super::tx::{Reader, WriteTx};
use crate::domain::anchor::{Anchor, AnchorCode};
use crate::domain::event::LogEntry;
use crate::domain::ids::{ClientId, ContactId, DocumentId, InvoiceId, QuoteId, ReceiptId, StatementId};

/// What a visit was to.
#[derive(Clone, Copy, Debug)]
pub enum Visited {
    /// An invoice's page.
    Invoice(InvoiceId),
    /// A version of a quote.
    Quote(QuoteId, u32),
    /// The statement.
    Statement(ClientId),
    /// A version of a document.
    Document(DocumentId, u32),
    /// A receipt.
    Receipt(ReceiptId),
    /// A month-end statement.
    Month(StatementId),
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

    /// Entries from sequence `from` to before `to` that say where somebody was treated otherwise than the policy has
    /// it, oldest first, at most `limit`.
    fn exceptions(&self, from: u64, to: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        let (index, events) = (self.table(EXCEPTIONS)?, self.table(EVENTS)?);
        let mut out = Vec::new();
        for row in index.range(from..to)?.take(limit) {
            let sequence = row?.0.value();
            let missing = || StoreError::Broken(format!("log entry {sequence} is missing"));
            out.push(LogEntry::decode(events.get(sequence)?.ok_or_else(missing)?.value())?);
        }
        Ok(out)
    }

    /// How many entries there are.
    fn log_length(&self) -> Result<u64, StoreError> {
        Ok(self.table(EVENTS)?.last()?.map_or(0, |row| row.0.value()))
    }

    /// Whether this visit was logged in this hour already.
    fn visit_logged(&self, contact: ContactId, visited: Visited, hour: i64) -> Result<bool, StoreError> {
        let (tag, id) = visit_key(visited);
        Ok(self.table(VISITS)?.get((contact.0, tag, id, hour))?.is_some())
    }

    /// As [`EventReads::audit`] without anchors; what is wrong with the chain is an error.
    fn check_chain(&self, progress: impl FnMut(u64, u64)) -> Result<(), StoreError>
    where
        Self: Sized,
    {
        self.audit(&[], progress)?.fault.map_or(Ok(()), |fault| Err(StoreError::Broken(fault)))
    }

    /// Reads the whole chain: a gapless sequence, each entry carrying the link of the one before, the head matching and
    /// sealed; and says of each anchor whether the log still holds it. Calls `progress` with (entries read, in all).
    fn audit(&self, anchors: &[AnchorCode], mut progress: impl FnMut(u64, u64)) -> Result<Audit, StoreError>
    where
        Self: Sized,
    {
        let head = self.anchor()?;
        let table = self.table(EVENTS)?;
        let mut held = vec![None; anchors.len()];
        let mut fault = None;
        let mut walk = Walk::new(self.chain_key()?);
        weigh(&walk, anchors, &mut held);
        for row in table.iter()? {
            let (key, value) = row?;
            let place = key.value();
            if !walk.take(place, value.value())? {
                fault.get_or_insert_with(|| format!("the activity log was altered at entry {place} or before"));
            }
            weigh(&walk, anchors, &mut held);
            progress(walk.at.count, head.count);
        }
        if fault.is_none() && walk.at != head {
            let (found, said) = (walk.at.count, head.count);
            fault = Some(format!("the activity log has {found} entries, and its head says otherwise ({said})"));
        }
        if fault.is_none() && !self.head_is_sealed()? {
            fault = Some("the activity log's head was not written by this house".to_owned());
        }
        let anchors = anchors.iter().zip(held).map(|(code, held)| (*code, held)).collect();
        Ok(Audit { found: walk.at, fault, anchors })
    }
}

/// What reading the whole chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The log as its entries give it.
    pub found: Anchor,
    /// The first thing that is wrong with the chain itself.
    pub fault: Option<String>,
    /// Each anchor, and whether the log still holds it; `None` when the log has fewer entries.
    pub anchors: Vec<(AnchorCode, Option<bool>)>,
}

fn weigh(walk: &Walk, anchors: &[AnchorCode], held: &mut [Option<bool>]) {
    for (code, held) in anchors.iter().zip(held).filter(|(code, _)| code.count() == walk.at.count) {
        *held = Some(code.names(&walk.at));
    }
}

impl<T: Reader + ?Sized> EventReads for T {}

pub(super) fn entries<R: Reader + ?Sized>(
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
        // Versions are few, so the two fit into one number.
        Visited::Quote(id, version) => (1, id.0 << 8 | u64::from(version & 0xff)),
        Visited::Statement(id) => (2, id.0),
        Visited::Document(id, version) => (3, id.0 << 8 | u64::from(version & 0xff)),
        Visited::Receipt(id) => (4, id.0),
        Visited::Month(id) => (5, id.0),
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
