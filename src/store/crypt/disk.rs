//! What the encrypted file lies on: a file of the operating system, locked against a second process.
//!
//! Knows nothing of what the bytes mean. Tests put a simulated disk in its place.

use std::{
    fmt,
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
};

use super::{error::OpenError, holder};

/// Bytes that can be read and written at any place, and forced to last.
pub trait Disk: fmt::Debug + Send + Sync + 'static {
    /// Fills `out` from `offset`; fails when there are too few bytes.
    ///
    /// # Errors
    /// As the operating system reports.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;
    /// Writes all of `data` at `offset`.
    ///
    /// # Errors
    /// As the operating system reports; part may then have been written.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;
    /// The length in bytes.
    ///
    /// # Errors
    /// As the operating system reports.
    fn length(&self) -> io::Result<u64>;
    /// Cuts or extends with a hole.
    ///
    /// # Errors
    /// As the operating system reports.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Returns when all that was written before lasts through a power cut.
    ///
    /// # Errors
    /// As the operating system reports; nothing may then be believed about what was written.
    fn sync(&self) -> io::Result<()>;
    /// Bytes that may still be written; `None` where nobody knows.
    ///
    /// # Errors
    /// As the operating system reports.
    fn room(&self) -> io::Result<Option<u64>> {
        Ok(None)
    }
    /// Gives the lock back. Nothing else is called afterwards.
    ///
    /// # Errors
    /// As the operating system reports.
    fn release(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A locked file.
#[derive(Debug)]
pub struct FileDisk(File);

impl FileDisk {
    /// Opens and locks the file at `path`.
    ///
    /// # Errors
    /// [`OpenError::NotFound`], [`OpenError::ReadOnly`], [`OpenError::Locked`], [`OpenError::Io`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        // A restore may put another file in this place between the opening and the locking.
        for _ in 0..OPEN_ATTEMPTS {
            let file = OpenOptions::new().read(true).write(true).open(path)?;
            let disk = Self::lock(file)?;
            let (here, there) = (disk.0.metadata()?, std::fs::metadata(path)?);
            if (here.dev(), here.ino()) == (there.dev(), there.ino()) {
                return if here.is_file() { Ok(disk) } else { Err(OpenError::NotOurs) };
            }
        }
        Err(OpenError::Locked { holder: None })
    }

    /// Locks a file that is already open.
    pub(super) fn lock(file: File) -> Result<Self, OpenError> {
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(OpenError::Locked { holder: holder::of(&file) }),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

const OPEN_ATTEMPTS: usize = 10;

impl Disk for FileDisk {
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(out, offset)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_all_at(data, offset)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn room(&self) -> io::Result<Option<u64>> {
        let facts = rustix::fs::fstatvfs(&self.0)?;
        Ok(Some(facts.f_bavail.saturating_mul(facts.f_frsize)))
    }

    fn release(&self) -> io::Result<()> {
        self.0.unlock()
    }
}
