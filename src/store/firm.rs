//! The firm's own particulars: one record.

use super::error::StoreError;
use super::files::FileUse;
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
    /// Keeps the firm's particulars; a logo that was replaced goes.
    pub fn put_firm(&mut self, firm: &Firm) -> Result<(), StoreError> {
        let logo = |firm: &Firm| firm.logo.as_ref().map(|logo| logo.file.digest);
        let before = if self.is_set_up()? { logo(&self.firm()?) } else { None };
        if let Some(digest) = logo(firm) {
            self.use_file(digest, FileUse::Logo)?;
        }
        if let Some(gone) = before.filter(|digest| Some(*digest) != logo(firm)) {
            self.release_file(gone, FileUse::Logo)?;
        }
        let bytes = firm.encode()?;
        self.change(META)?.insert("firm", bytes.as_slice())?;
        Ok(())
    }
}
