//! What can go wrong in the store, as opposed to what is refused.

use std::io::ErrorKind;

use crate::domain::refusal::Refusal;

/// The data file could not be read or written.
#[derive(Debug)]
pub enum StoreError {
    /// The database engine's complaint: input or output failed, or a block did not authenticate.
    Engine(redb::Error),
    /// A stored record of this kind can't be read.
    Record(&'static str),
    /// The store is closing, or its writer ended after an error.
    Closed,
    /// The disk has no room: nothing was changed, and writing goes on by itself when there is some.
    Full,
    /// The disk failed; nothing is written until the server is started again. Says how.
    Failed(String),
    /// The file was written by a later version.
    NewerSchema {
        /// The version of its schema.
        found: u32,
        /// The one that this program knows.
        known: u32,
    },
    /// The file was written by an earlier version and has to be taken to this one first.
    OlderSchema {
        /// The version of its schema.
        found: u32,
        /// The one that this program wants.
        known: u32,
    },
    /// An invariant between records does not hold; says which.
    Broken(String),
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Engine(redb::Error::Io(error)) if why_refused(error.kind()).is_some() => {
                write!(f, "the data file can't be read or written: {}", why_refused(error.kind()).unwrap_or_default())
            }
            Self::Engine(error) => write!(f, "the data file can't be read or written: {error}"),
            Self::Record(name) => write!(f, "a stored {name} can't be read; run `counterfoil verify`"),
            Self::Full => f.write_str("the disk is full: nothing was changed; make room and try again"),
            Self::Failed(how) => write!(
                f,
                "the disk failed ({how}): nothing more is written, and what was acknowledged is in the data file; look \
                 after the disk, then start the server again"
            ),
            Self::NewerSchema { found, known } => write!(
                f,
                "the data file has schema {found}, and this program knows schema {known}: use a newer counterfoil, one \
                 that knows schema {found}; the file was left as it is"
            ),
            Self::OlderSchema { found, known } => write!(
                f,
                "the data file has schema {found} and must be taken to schema {known}, to which this program knows no \
                 way: use the version of counterfoil that came in between; the file was left as it is"
            ),
            Self::Closed => f.write_str("the data file is closed"),
            Self::Broken(what) => write!(f, "the data file contradicts itself: {what}; run `counterfoil verify`"),
        }
    }
}

impl std::error::Error for StoreError {}

impl StoreError {
    /// The same for another who waited.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Full => Self::Full,
            Self::Closed => Self::Closed,
            Self::NewerSchema { found, known } => Self::NewerSchema { found: *found, known: *known },
            Self::OlderSchema { found, known } => Self::OlderSchema { found: *found, known: *known },
            Self::Failed(how) => Self::Failed(how.clone()),
            Self::Record(name) => Self::Record(name),
            Self::Engine(error) => Self::Engine(redb::Error::Io(std::io::Error::other(error.to_string()))),
            Self::Broken(what) => Self::Broken(what.clone()),
        }
    }
}

/// What a refusal of the system means and what to do about it: a clause without its full stop. `None` for what has no
/// better words than the system's own, and for a missing file or folder, of which the one who looked knows more.
pub fn why_refused(kind: ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::StorageFull => "the disk is full; make room and try again",
        ErrorKind::QuotaExceeded => "the quota of this user is used up; make room and try again",
        ErrorKind::ReadOnlyFilesystem => "it is on a disk that can only be read; choose another, or mount it writable",
        ErrorKind::PermissionDenied => "this user may not read or write it; check its owner and mode",
        ErrorKind::NotADirectory => "part of this path is a file and not a folder; check the path",
        ErrorKind::StaleNetworkFileHandle => "its network drive went away; mount it again and try again",
        _ => return None,
    })
}

macro_rules! engine_errors {
    ($($type:ty),+) => {$(
        impl From<$type> for StoreError {
            fn from(error: $type) -> Self {
                Self::Engine(error.into())
            }
        }
    )+};
}

engine_errors!(
    redb::Error,
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::DatabaseError,
    redb::SetDurabilityError
);

/// Why an act did not happen: refused by a rule, or the store failed.
#[derive(Debug)]
pub enum ActError {
    /// A rule said no; the person reads why.
    Refused(Refusal),
    /// The store failed; the person reads that nothing was lost.
    Store(StoreError),
}

impl std::fmt::Display for ActError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ActError {}

impl From<Refusal> for ActError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E: Into<StoreError>> From<E> for ActError {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}
