//! Pauses of reminders: by client, and by invoice beneath it.

use jiff::civil::Date;
use redb::ReadableTable;

use super::error::StoreError;
use super::records::Record;
use super::tables::PAUSES;
use super::tx::{Reader, WriteTx};
use crate::domain::ids::ClientId;
use crate::domain::invoice::Invoice;
use crate::domain::pause::{Pause, Paused, longest};

/// Stands for the whole client in the key; no invoice has it.
const WHOLE: u64 = 0;

fn key(of: Paused) -> (u64, u64) {
    (of.client.0, of.invoice.map_or(WHOLE, |id| id.0))
}

/// Reading pauses.
pub trait PauseReads: Reader {
    /// The pause of exactly this, ended or not.
    fn pause(&self, of: Paused) -> Result<Option<Pause>, StoreError> {
        self.table(PAUSES)?.get(key(of))?.map(|row| Pause::decode(row.value())).transpose()
    }

    /// The pause that keeps an invoice's reminders back on `day`: its own or its client's, whichever lasts longer.
    fn pause_on(&self, invoice: &Invoice, day: Date) -> Result<Option<Pause>, StoreError> {
        let (client, own) = (Paused { client: invoice.client, invoice: None }, Some(invoice.id));
        let all = [self.pause(client)?, self.pause(Paused { invoice: own, ..client })?];
        Ok(longest(all.into_iter().flatten(), day))
    }

    /// The pauses of one client, its own first.
    fn pauses_of(&self, client: ClientId) -> Result<Vec<Pause>, StoreError> {
        let table = self.table(PAUSES)?;
        let rows = table.range((client.0, 0)..=(client.0, u64::MAX))?;
        rows.map(|row| Pause::decode(row?.1.value())).collect()
    }

    /// All that is paused, by client, at most `limit`.
    fn pauses(&self, limit: usize) -> Result<Vec<Pause>, StoreError> {
        self.table(PAUSES)?.iter()?.take(limit).map(|row| Pause::decode(row?.1.value())).collect()
    }
}

impl<T: Reader + ?Sized> PauseReads for T {}

impl WriteTx<'_> {
    /// Keeps a pause in the place of an earlier one of the same.
    pub fn put_pause(&mut self, pause: &Pause) -> Result<(), StoreError> {
        let bytes = pause.encode()?;
        self.change(PAUSES)?.insert(key(pause.of), bytes.as_slice())?;
        Ok(())
    }

    /// Takes a pause away; whether there was one.
    pub fn end_pause(&mut self, of: Paused) -> Result<bool, StoreError> {
        Ok(self.change(PAUSES)?.remove(key(of))?.is_some())
    }

    /// Clears away pauses whose last day is before `today`; how many.
    pub fn sweep_pauses(&mut self, today: Date) -> Result<usize, StoreError> {
        let mut over = Vec::new();
        for row in self.table(PAUSES)?.iter()? {
            let pause = Pause::decode(row?.1.value())?;
            if !pause.holds_on(today) {
                over.push(pause.of);
            }
        }
        for of in &over {
            self.end_pause(*of)?;
        }
        Ok(over.len())
    }
}
