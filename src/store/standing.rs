//! Standing facts about the data file itself: who can read its backups, and whether letters may leave it.

use redb::ReadableTable;

use super::error::StoreError;
use super::tables::META;
use super::tx::{Reader, WriteTx};

const RECIPIENTS: &str = "backup_recipients";
const SENDING_HELD: &str = "sending_held";

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

    /// Whether letters are held back since a restore, until an owner releases them: what waits in an old backup may
    /// have been sent since.
    fn sending_held(&self) -> Result<bool, StoreError> {
        Ok(self.table(META)?.get(SENDING_HELD)?.is_some())
    }
}

impl<T: Reader + ?Sized> StandingReads for T {}

impl WriteTx<'_> {
    /// Keeps the age recipients of backups.
    pub fn put_backup_recipients(&mut self, recipients: &[String]) -> Result<(), StoreError> {
        self.change(META)?.insert(RECIPIENTS, recipients.join("\n").as_bytes())?;
        Ok(())
    }

    /// Holds letters back, or lets them go.
    pub fn hold_sending(&mut self, held: bool) -> Result<(), StoreError> {
        let mut table = self.change(META)?;
        if held {
            table.insert(SENDING_HELD, [].as_slice())?;
        } else {
            table.remove(SENDING_HELD)?;
        }
        Ok(())
    }
}
