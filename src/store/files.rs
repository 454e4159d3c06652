//! File content: stored once per digest, in chunks.

use redb::ReadableTable;

use super::error::StoreError;
use super::tables::{CHUNKS, FILES};
use super::tx::{Reader, WriteTx};
use crate::domain::ids::Digest;
use crate::secrets;

/// Bytes of one chunk.
pub const CHUNK: usize = 256 * 1024;

/// Reading files.
pub trait FileReads: Reader {
    /// The bytes of a file.
    fn file(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(length) = self.file_length(digest)? else { return Ok(None) };
        let broken = || StoreError::Broken(format!("the file {digest} is not whole"));
        let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(|_| broken())?);
        let chunks = self.table(CHUNKS)?;
        for row in chunks.range((digest.0, 0)..=(digest.0, u32::MAX))? {
            bytes.extend_from_slice(row?.1.value());
        }
        if bytes.len() as u64 == length { Ok(Some(bytes)) } else { Err(broken()) }
    }

    /// Length of a file in bytes.
    fn file_length(&self, digest: Digest) -> Result<Option<u64>, StoreError> {
        Ok(self.table(FILES)?.get(digest.0)?.map(|x| x.value()))
    }
}

impl<T: Reader + ?Sized> FileReads for T {}

impl WriteTx<'_> {
    /// Keeps `bytes`, unless content of the same digest is there already.
    pub fn put_file(&mut self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest(secrets::sha256(bytes));
        if self.file_length(digest)?.is_some() {
            return Ok(digest);
        }
        let mut chunks = self.change(CHUNKS)?;
        for (number, chunk) in (0_u32..).zip(bytes.chunks(CHUNK)) {
            chunks.insert((digest.0, number), chunk)?;
        }
        drop(chunks);
        self.change(FILES)?.insert(digest.0, bytes.len() as u64)?;
        Ok(digest)
    }
}
