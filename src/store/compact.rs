//! Compacting a closed data file: its pages are moved together and what is left at the end is given back.
//!
//! In place, so that it works where the disk is full. Each step is a two-phase commit of the engine, so a kill or a
//! power cut leaves the file as after one of them, whole; `crypt::tests::crash` cuts the power in the middle of it.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use redb::StorageBackend;

use super::crypt::EncryptedFile;
use super::error::StoreError;

/// Told of how many bytes were read and written so far.
pub type Told = Box<dyn Fn(u64, u64) + Send + Sync>;

/// Checks every page of a closed file, so that damage is not moved about, and compacts it.
///
/// # Errors
/// When the file can't be read or written, or a page is not what it was.
pub fn compact(backend: EncryptedFile, cache: usize, told: Told) -> Result<(), StoreError> {
    let watched = Counted { inner: backend, read: AtomicU64::new(0), written: AtomicU64::new(0), told };
    let mut database = redb::Builder::new().set_cache_size(cache).create_with_backend(watched)?;
    if !database.check_integrity()? {
        return Err(StoreError::Broken("its pages needed repair".to_owned()));
    }
    database.compact().map_err(|e| StoreError::Engine(e.into()))?;
    Ok(())
}

struct Counted {
    inner: EncryptedFile,
    read: AtomicU64,
    written: AtomicU64,
    told: Told,
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Counted {
    fn count(&self, counter: &AtomicU64, bytes: usize) {
        counter.fetch_add(bytes as u64, Ordering::Relaxed);
        (self.told)(self.read.load(Ordering::Relaxed), self.written.load(Ordering::Relaxed));
    }
}

impl StorageBackend for Counted {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.count(&self.read, out.len());
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.inner.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.count(&self.written, data.len());
        self.inner.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }
}
