//! Pauses of reminders, by client and by invoice beneath it; and contacts who want none.

use jiff::civil::Date;
use redb::ReadableTable;

use super::error::StoreError;
use super::records::Record;
use super::tables::{PAUSES, STOPPED, STOPPED_NEW};
use super::tx::{Reader, WriteTx};
use crate::domain::ids::{ClientId, ContactId};
use crate::domain::invoice::Invoice;
use crate::domain::pause::{Pause, Paused, Stopped, longest};

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

    /// The wish of a contact for no reminders, while it stands.
    fn stopped(&self, contact: ContactId) -> Result<Option<Stopped>, StoreError> {
        self.record_at(STOPPED, contact.0)
    }

    /// Contacts to whom no reminders go, at most `limit`.
    fn stopped_all(&self, limit: usize) -> Result<Vec<Stopped>, StoreError> {
        let table = self.table(STOPPED)?;
        table.iter()?.take(limit).map(|row| Stopped::decode(row?.1.value())).collect()
    }

    /// Wishes that staff have not noted yet, at most `limit`.
    fn stopped_new(&self, limit: usize) -> Result<Vec<Stopped>, StoreError> {
        let table = self.table(STOPPED_NEW)?;
        let rows = table.iter()?.take(limit);
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.stopped(ContactId(r.0.value()))).transpose())
            .collect()
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

    /// Keeps the wish of a contact for no reminders.
    pub fn put_stopped(&mut self, stopped: &Stopped) -> Result<(), StoreError> {
        let id = stopped.contact.0;
        if stopped.noted {
            self.change(STOPPED_NEW)?.remove(id)?;
        } else {
            self.change(STOPPED_NEW)?.insert(id, ())?;
        }
        self.put(STOPPED, id, stopped)
    }

    /// Lets reminders go to a contact again; whether they had been stopped.
    pub fn end_stopped(&mut self, contact: ContactId) -> Result<bool, StoreError> {
        self.change(STOPPED_NEW)?.remove(contact.0)?;
        Ok(self.change(STOPPED)?.remove(contact.0)?.is_some())
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
