//! What lies under the engine, and the watch that is kept on it: which call failed first, and what that means.
//!
//! redb gives up for good at the first failing call. A full disk or one damaged block must not stop a server for good,
//! and a failed fsync must: this tells them apart. Knows neither tables nor the writer.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use redb::StorageBackend;
use redb::backends::{FileBackend, InMemoryBackend};

use super::crypt::{Disk, EncryptedFile};

/// A backend that can go on after a failure that lost nothing.
pub trait Backing: StorageBackend {
    /// Goes back to what the last commit left, so that the engine can be started anew on it.
    ///
    /// # Errors
    /// When what the disk holds is not known for certain, as after a failed fsync.
    fn renew(&self) -> io::Result<()> {
        Err(io::Error::new(ErrorKind::Unsupported, "what the disk holds is not known for certain"))
    }

    /// Bytes that may still be written to the disk; `None` where nobody knows.
    ///
    /// # Errors
    /// As the operating system reports.
    fn room(&self) -> io::Result<Option<u64>> {
        Ok(None)
    }
}

impl Backing for InMemoryBackend {}
impl Backing for FileBackend {}

impl<D: Disk> Backing for EncryptedFile<D> {
    fn renew(&self) -> io::Result<()> {
        self.back_to_last_commit()
    }

    fn room(&self) -> io::Result<Option<u64>> {
        self.disk_room()
    }
}

/// What kind of call failed, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    /// A read, or a block that did not authenticate.
    Read,
    /// A write, or a change of length.
    Write,
    /// An fsync: what lies on the disk is unknown from here on.
    Sync,
}

/// A call that failed.
#[derive(Clone, Debug)]
pub(super) struct Trip {
    pub call: Call,
    kind: ErrorKind,
    pub text: String,
}

/// What a failed call means for the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// No room: nothing was lost, and writing goes on when there is some.
    Full,
    /// Something could not be read: whoever asked is told, everybody else goes on.
    Unread,
    /// What the disk does can't be relied on: nothing is acknowledged any more.
    Fatal,
}

impl Trip {
    pub fn meaning(&self) -> Meaning {
        let full = matches!(self.kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge);
        match self.call {
            Call::Read => Meaning::Unread,
            Call::Write if full => Meaning::Full,
            Call::Write | Call::Sync => Meaning::Fatal,
        }
    }
}

/// The backend as one start of the engine sees it. When that engine is closed, nothing of it can write any more,
/// however late one of its readers comes round.
#[derive(Debug)]
pub(super) struct Watched {
    inner: Arc<dyn Backing>,
    closed: RwLock<bool>,
    trip: Arc<Mutex<Option<Trip>>>,
}

impl Watched {
    /// `trip` is told of the gravest failure.
    pub fn new(inner: Arc<dyn Backing>, trip: Arc<Mutex<Option<Trip>>>) -> Self {
        Self { inner, closed: RwLock::new(false), trip }
    }

    fn changing(&self, call: Call, change: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let closed = self.closed.read().unwrap_or_else(PoisonError::into_inner);
        if *closed {
            return Err(io::Error::other("this start of the engine is over"));
        }
        self.noting(call, change())
    }

    fn noting<T>(&self, call: Call, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            let mut trip = self.trip.lock().unwrap_or_else(PoisonError::into_inner);
            if trip.as_ref().is_none_or(|known| known.call < call) {
                *trip = Some(Trip { call, kind: error.kind(), text: error.to_string() });
            }
        }
        result
    }
}

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.noting(Call::Read, self.inner.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.noting(Call::Read, self.inner.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.changing(Call::Write, || self.inner.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.changing(Call::Sync, || self.inner.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.changing(Call::Write, || self.inner.write(offset, data))
    }

    /// The backend itself stays open for the engine's next start.
    fn close(&self) -> io::Result<()> {
        *self.closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        Ok(())
    }
}
