//! The firm's own particulars: one record.

use super::error::StoreError;
use super::records::Record;
use super::tables::META;
use super::tx::{Reader, WriteTx};
use crate::domain::firm::Firm;
use redb::ReadableTable;

/// Reading the firm.
pub trait FirmReads: Reader {
    /// The firm; an error in a file that was never set up.
    fn firm(&self) -> Result<Firm, StoreError> {
        let table = self.table(META)?;
        let Some(bytes) = table.get("firm")? else {
            return Err(StoreError::Broken("it holds no firm; create one with `counterfoil init`".to_owned()));
        };
        Firm::decode(bytes.value())
    }

    /// Whether the file was set up.
    fn is_set_up(&self) -> Result<bool, StoreError> {
        Ok(self.table(META)?.get("firm")?.is_some())
    }
}

impl<T: Reader + ?Sized> FirmReads for T {}

impl WriteTx<'_> {
    /// Keeps the firm's particulars.
    pub fn put_firm(&mut self, firm: &Firm) -> Result<(), StoreError> {
        let bytes = firm.encode()?;
        self.change(META)?.insert("firm", bytes.as_slice())?;
        Ok(())
    }
}
