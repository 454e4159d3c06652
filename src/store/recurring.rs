//! Recurring templates, what was made of them, and when the scheduler looks at them again.

use std::collections::BTreeSet;

use jiff::Timestamp;
use redb::ReadableTable;

use super::error::StoreError;
use super::records::Record;
use super::tables::{RECURRING, RECURRING_DUE, RECURRING_MADE};
use super::tx::{Reader, WriteTx};
use crate::domain::ids::{ClientId, InvoiceId, QuoteId, RecurringId};
use crate::domain::recurring::Recurring;

/// What became of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A draft or invoice.
    Invoice(InvoiceId),
    /// A quote.
    Quote(QuoteId),
    /// It fell into a pause, or somebody left it out; it is never made.
    Skipped,
    /// A quote that waits for somebody to look through it and send it.
    Waits,
}

impl Made {
    fn row(self) -> (u8, u64) {
        match self {
            Self::Invoice(id) => (0, id.0),
            Self::Quote(id) => (1, id.0),
            Self::Skipped => (2, 0),
            Self::Waits => (3, 0),
        }
    }

    pub(super) fn of((tag, id): (u8, u64)) -> Self {
        match tag {
            0 => Self::Invoice(InvoiceId(id)),
            1 => Self::Quote(QuoteId(id)),
            3 => Self::Waits,
            _ => Self::Skipped,
        }
    }
}

/// Reading them.
pub trait RecurringReads: Reader {
    /// A template.
    fn recurring(&self, id: RecurringId) -> Result<Option<Recurring>, StoreError> {
        self.record_at(RECURRING, id.0)
    }

    /// Every template, of a client or of all, in the order in which they were made.
    fn recurring_of(&self, client: Option<ClientId>) -> Result<Vec<Recurring>, StoreError> {
        let table = self.table(RECURRING)?;
        let all = table.iter()?.map(|row| Recurring::decode(row?.1.value()));
        all.filter(|x| x.as_ref().map_or(true, |x| client.is_none_or(|id| id == x.client))).collect()
    }

    /// What was made of a template, by period key, the newest first.
    fn made_of(&self, id: RecurringId) -> Result<Vec<(String, Made)>, StoreError> {
        let table = self.table(RECURRING_MADE)?;
        let (from, to) = (made_key(id, ""), made_key(RecurringId(id.0.saturating_add(1)), ""));
        let rows = table.range(from.as_str()..to.as_str())?.rev();
        let key = |k: &str| k.split_once('/').map_or("", |x| x.1).to_owned();
        rows.map(|row| row.map(|(k, v)| (key(k.value()), Made::of(v.value()))).map_err(Into::into)).collect()
    }

    /// What became of a period.
    fn made_for(&self, id: RecurringId, key: &str) -> Result<Option<Made>, StoreError> {
        Ok(self.table(RECURRING_MADE)?.get(made_key(id, key).as_str())?.map(|x| Made::of(x.value())))
    }

    /// The period keys of which something became.
    fn keys_of(&self, id: RecurringId) -> Result<BTreeSet<String>, StoreError> {
        Ok(self.made_of(id)?.into_iter().map(|x| x.0).collect())
    }

    /// Templates that are to be looked at by `now`, the longest waiting first, at most `limit`.
    fn recurring_due(&self, now: Timestamp, limit: usize) -> Result<Vec<RecurringId>, StoreError> {
        let table = self.table(RECURRING_DUE)?;
        let rows = table.range(..=(now.as_millisecond(), u64::MAX))?.take(limit);
        rows.map(|row| row.map(|r| RecurringId(r.0.value().1)).map_err(Into::into)).collect()
    }

    /// When a template is to be looked at next.
    fn recurring_next(&self) -> Result<Option<Timestamp>, StoreError> {
        let table = self.table(RECURRING_DUE)?;
        let first = table.first()?.map(|row| row.0.value().0);
        Ok(first.and_then(|ms| Timestamp::from_millisecond(ms).ok()))
    }
}

impl<T: Reader + ?Sized> RecurringReads for T {}

fn made_key(id: RecurringId, key: &str) -> String {
    format!("{:016x}/{key}", id.0)
}

impl WriteTx<'_> {
    /// Keeps a template, and its place among those to be looked at.
    pub fn put_recurring(&mut self, recurring: &Recurring) -> Result<(), StoreError> {
        let before = self.recurring(recurring.id)?.and_then(|x| x.wake);
        let mut due = self.change(RECURRING_DUE)?;
        if let Some(at) = before {
            due.remove((at.as_millisecond(), recurring.id.0))?;
        }
        if let Some(at) = recurring.wake {
            due.insert((at.as_millisecond(), recurring.id.0), ())?;
        }
        drop(due);
        self.put(RECURRING, recurring.id.0, recurring)
    }

    /// Notes what became of an occurrence.
    pub fn put_made(&mut self, id: RecurringId, key: &str, made: Made) -> Result<(), StoreError> {
        self.change(RECURRING_MADE)?.insert(made_key(id, key).as_str(), made.row())?;
        Ok(())
    }
}
