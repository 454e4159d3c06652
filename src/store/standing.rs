//! Standing facts about the data file itself: who can read its backups, and whether letters may leave it.

use jiff::Timestamp;
use redb::ReadableTable;

use super::error::StoreError;
use super::records::Record;
use super::tables::META;
use super::tx::{Reader, WriteTx};
use crate::domain::backup::{SealedIdentities, SealedIdentity};
use crate::domain::backups::Backups;
use crate::domain::leap::Leap;

const RECIPIENTS: &str = "backup_recipients";
const SEALED: &str = "backup_identities";
const BACKUPS: &str = "backups";
const NUMBERS_HELD: &str = "numbers_held";
const SENDING_HELD: &str = "sending_held";
const CLOCK_SEEN: &str = "clock_seen";
const CLOCK_LEAPT: &str = "clock_leapt";

/// Reading them.
pub trait StandingReads: Reader {
    /// The age recipients that backups are encrypted to.
    fn backup_recipients(&self) -> Result<Vec<String>, StoreError> {
        let table = self.table(META)?;
        let Some(text) = table.get(RECIPIENTS)? else { return Ok(Vec::new()) };
        let text = std::str::from_utf8(text.value());
        let text = text.map_err(|_| StoreError::Broken("the backup recipients are not text".to_owned()))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The recipients among them whose identities passphrases open, with those identities, sealed.
    fn sealed_identities(&self) -> Result<Vec<SealedIdentity>, StoreError> {
        let table = self.table(META)?;
        let kept = table.get(SEALED)?.map(|kept| SealedIdentities::decode(kept.value())).transpose()?;
        Ok(kept.unwrap_or_default().0)
    }

    /// When the backup was taken from which this data was restored, while no numbers are given: which were given since
    /// is unknown here. `None` when they are.
    fn numbers_held_since(&self) -> Result<Option<Timestamp>, StoreError> {
        let table = self.table(META)?;
        let Some(kept) = table.get(NUMBERS_HELD)? else { return Ok(None) };
        let millisecond = <[u8; 8]>::try_from(kept.value()).map(i64::from_be_bytes).ok();
        Ok(Some(millisecond.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::UNIX_EPOCH)))
    }

    /// What is known of the backups that are taken by themselves.
    fn backups(&self) -> Result<Backups, StoreError> {
        let table = self.table(META)?;
        table.get(BACKUPS)?.map_or(Ok(Backups::default()), |kept| Backups::decode(kept.value()))
    }

    /// What the clock showed when the scheduler last kept it; `None` before that.
    fn clock_seen(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.table(META)?.get(CLOCK_SEEN)?.and_then(|kept| instants::<1>(kept.value())).map(|[at]| at))
    }

    /// The leap of the clock since which letters are held back; `None` when that is not why, or they are not.
    fn clock_leapt(&self) -> Result<Option<Leap>, StoreError> {
        let kept = self.table(META)?.get(CLOCK_LEAPT)?.and_then(|kept| instants::<2>(kept.value()));
        Ok(kept.map(|[from, to]| Leap { from, to }))
    }

    /// Whether letters are held back since a restore or a leap of the clock, until an owner releases them: what waits
    /// may have been sent before, or be due another day.
    fn sending_held(&self) -> Result<bool, StoreError> {
        Ok(self.held_since()?.is_some())
    }

    /// The restore or leap of the clock since which letters are held back; `None` when they are not. What was queued
    /// before lay in the backup, or was queued by another time.
    fn held_since(&self) -> Result<Option<Timestamp>, StoreError> {
        let table = self.table(META)?;
        let Some(kept) = table.get(SENDING_HELD)? else { return Ok(None) };
        let millisecond = <[u8; 8]>::try_from(kept.value()).map(i64::from_be_bytes).ok();
        // Whatever can't be read holds back everything.
        Ok(Some(millisecond.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX)))
    }
}

impl<T: Reader + ?Sized> StandingReads for T {}

/// Instants in milliseconds, big-endian, one after the other; `None` for any other bytes.
fn instants<const N: usize>(bytes: &[u8]) -> Option<[Timestamp; N]> {
    let (each, rest) = bytes.as_chunks::<8>();
    let all: Option<Vec<_>> = each.iter().map(|ms| Timestamp::from_millisecond(i64::from_be_bytes(*ms)).ok()).collect();
    all.filter(|_| rest.is_empty())?.try_into().ok()
}

fn instants_as_bytes(all: &[Timestamp]) -> Vec<u8> {
    all.iter().flat_map(|at| at.as_millisecond().to_be_bytes()).collect()
}

impl WriteTx<'_> {
    /// Keeps the age recipients of backups.
    pub fn put_backup_recipients(&mut self, recipients: &[String]) -> Result<(), StoreError> {
        self.change(META)?.insert(RECIPIENTS, recipients.join("\n").as_bytes())?;
        Ok(())
    }

    /// Keeps the identities of backups that passphrases open.
    pub fn put_sealed_identities(&mut self, all: Vec<SealedIdentity>) -> Result<(), StoreError> {
        let bytes = SealedIdentities(all).encode()?;
        self.change(META)?.insert(SEALED, bytes.as_slice())?;
        Ok(())
    }

    /// Gives no numbers since a restore from a backup of this instant, or gives them again.
    pub fn hold_numbers(&mut self, taken: Option<Timestamp>) -> Result<(), StoreError> {
        let mut table = self.change(META)?;
        match taken {
            Some(at) => table.insert(NUMBERS_HELD, at.as_millisecond().to_be_bytes().as_slice())?,
            None => table.remove(NUMBERS_HELD)?,
        };
        Ok(())
    }

    /// Keeps what is known of the backups.
    pub fn put_backups(&mut self, all: &Backups) -> Result<(), StoreError> {
        let bytes = all.encode()?;
        self.change(META)?.insert(BACKUPS, bytes.as_slice())?;
        Ok(())
    }

    /// Keeps what the clock shows.
    pub fn note_clock(&mut self, now: Timestamp) -> Result<(), StoreError> {
        self.change(META)?.insert(CLOCK_SEEN, instants_as_bytes(&[now]).as_slice())?;
        Ok(())
    }

    /// Keeps that the clock leapt, or that an owner knows.
    pub fn note_leap(&mut self, leap: Option<Leap>) -> Result<(), StoreError> {
        let mut table = self.change(META)?;
        match leap {
            Some(Leap { from, to }) => table.insert(CLOCK_LEAPT, instants_as_bytes(&[from, to]).as_slice())?,
            None => table.remove(CLOCK_LEAPT)?,
        };
        Ok(())
    }

    /// Holds letters back since a restore or a leap of the clock, or lets them go.
    pub fn hold_sending(&mut self, since: Option<Timestamp>) -> Result<(), StoreError> {
        let mut table = self.change(META)?;
        match since {
            Some(at) => table.insert(SENDING_HELD, at.as_millisecond().to_be_bytes().as_slice())?,
            None => table.remove(SENDING_HELD)?,
        };
        Ok(())
    }
}
