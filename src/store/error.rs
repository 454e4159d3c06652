//! What can go wrong in the store, as opposed to what is refused.

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
    /// An invariant between records does not hold; says which.
    Broken(String),
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Engine(error) => write!(f, "the data file can't be read or written: {error}"),
            Self::Record(name) => write!(f, "a stored {name} can't be read; run `counterfoil verify`"),
            Self::Closed => f.write_str("the data file is closed"),
            Self::Broken(what) => write!(f, "the data file contradicts itself: {what}; run `counterfoil verify`"),
        }
    }
}

impl std::error::Error for StoreError {}

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
