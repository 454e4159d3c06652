//! Messages that came back: which were taken, and what each was.

use redb::ReadableTable;

use super::error::StoreError;
use super::tables::RETURNED;
use super::tx::{Reader, WriteTx};

/// What a message that came back was; the tag is the stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Returned {
    /// It told that a letter was not delivered.
    Bounce = 0,
    /// It told of a letter that nobody knows, or of one that is settled.
    Unknown = 1,
    /// It told of nothing that failed.
    Other = 2,
    /// It could not be read, or was beyond the limits.
    Refused = 3,
}

impl Returned {
    /// The highest tag.
    pub(super) const MAX: u8 = Self::Refused as u8;
}

/// Reading what came back.
pub trait ReturnedReads: Reader {
    /// Whether the message of this digest was taken.
    fn was_returned(&self, digest: [u8; 32]) -> Result<bool, StoreError> {
        Ok(self.table(RETURNED)?.get(digest)?.is_some())
    }
}

impl<T: Reader + ?Sized> ReturnedReads for T {}

impl WriteTx<'_> {
    /// Notes that a message was taken.
    pub fn put_returned(&mut self, digest: [u8; 32], what: Returned) -> Result<(), StoreError> {
        self.change(RETURNED)?.insert(digest, what as u8)?;
        Ok(())
    }
}
