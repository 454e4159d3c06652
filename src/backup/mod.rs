//! Backups: one consistent snapshot of the data file as one age-encrypted file, and back again.
//!
//! The stream is documented in `manifest.rs`. Knows tables only by name and rows only as bytes.

pub mod aside;
mod beside;
mod depot;
pub mod drill;
pub mod folder;
pub mod header;
pub mod identity;
mod manifest;
pub mod pace;
pub mod passphrase;
pub mod points;
mod read;
mod restore;
pub mod s3;
#[cfg(test)]
mod tests;
pub mod unfinished;
pub mod whole;
mod write;

pub use depot::{Begun, Depot, FolderDepot, Sealed};
pub use manifest::{Manifest, Table};
#[cfg(fuzzing)]
pub use read::check_stream;
pub use read::{Source, Summary, check};
pub use restore::{fill, schema_of};
pub use write::{Written, write, write_also, write_clear};

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::domain::backup::Item;
use crate::store::{StoreError, error::why_refused};

/// Why a backup was not made, or not read. Its text says what to do.
#[derive(Debug)]
pub enum BackupError {
    /// The text holds no identity, or several.
    NoIdentity,
    /// The text around an identity in ASCII armour is not whole.
    BadArmour,
    /// The data file names nobody who could open its backups.
    NoRecipients,
    /// One of the recipients is none.
    BadRecipient(String),
    /// The file is not encrypted by age, or asks for more than a backup does.
    NotABackup,
    /// The identity opens other backups, not this one.
    OtherIdentity,
    /// The passphrase opens something else.
    OtherPassphrase,
    /// The file ends too early.
    CutShort,
    /// The contents are not what was written; the text says where.
    Damaged(String),
    /// It was written by a newer version.
    Newer(String),
    /// Another backup is being written to the same folder.
    Busy(PathBuf),
    /// The list of the point of this instant can't be relied on.
    Unlisted(Timestamp),
    /// Its contents are no backup of Counterfoil.
    Foreign,
    /// The operating system refused.
    Io(std::io::Error),
    /// The operating system refused, about this place.
    At(PathBuf, std::io::Error),
    /// A service elsewhere refused, or can't be reached: its address, and a sentence.
    Far(String, String),
    /// It was broken off, since the process ends.
    Stopped,
    /// The data file refused.
    Store(StoreError),
}

impl std::fmt::Display for BackupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoIdentity => f.write_str(
                "This is no backup identity. It should hold one line that begins with AGE-SECRET-KEY-1, as \
                 `counterfoil init` wrote it.",
            ),
            Self::BadArmour => f.write_str(
                "This identity is not whole: its armour is altered or cut short, between BEGIN AGE ENCRYPTED FILE and \
                 END. Copy it again.",
            ),
            Self::NoRecipients => {
                f.write_str("The data file names no backup recipient, so nobody could read the backup.")
            }
            Self::BadRecipient(text) => {
                write!(f, "\"{}\" is no backup recipient; one begins with age1.", text.escape_debug())
            }
            Self::NotABackup => f.write_str("This is not a Counterfoil backup: it is not a file that age encrypted."),
            Self::OtherIdentity => f.write_str(
                "This identity does not open this file: it was encrypted for another one, or its beginning was altered, \
                 or it is not a Counterfoil backup. Use the identity that belongs to it, or another copy.",
            ),
            Self::OtherPassphrase => f.write_str("The passphrase does not open it. Type it again, or use another one."),
            Self::CutShort => f.write_str("The backup is cut short. Copy it again, or use another one."),
            Self::Damaged(what) => write!(f, "The backup is damaged: {what}. Copy it again, or use another one."),
            Self::Newer(what) => write!(f, "The backup was written by a newer version ({what}). Install that version."),
            Self::Foreign => f.write_str("The file opens, but what it holds is not a Counterfoil backup."),
            Self::Busy(place) => {
                write!(f, "{}: another backup is being written there. Wait until it is done.", place.display())
            }
            Self::Unlisted(taken) => write!(
                f,
                "{} is missing, altered, or of another data file, so that it can't be told what {} needs. No piece is \
                 removed while that is so; move both away once that point is not wanted any more.",
                Item::List(*taken),
                Item::Point(*taken)
            ),
            Self::At(place, error) => write!(f, "{}.", refused_at(place, error)),
            Self::Far(place, what) => write!(f, "{place}: {what}"),
            Self::Stopped => f.write_str("It was broken off."),
            Self::Io(error) => match why_refused(error.kind()) {
                Some(why) => write!(f, "Reading or writing failed: {why}."),
                None => write!(f, "Reading or writing failed: {error}."),
            },
            Self::Store(error) => write!(f, "{error}."),
        }
    }
}

impl std::error::Error for BackupError {}

/// What the system refused about this file or folder, and what to do; without its full stop.
pub fn refused_at(place: &Path, error: &std::io::Error) -> String {
    use std::io::ErrorKind as E;
    let shown = place.display();
    let parent = place.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.exists());
    match (error.kind(), parent) {
        (E::NotFound, Some(parent)) => {
            format!("{shown}: the folder {} is not there; check the path, or make the folder", parent.display())
        }
        (E::NotFound, None) => format!("{shown} is not there; check the path"),
        (E::IsADirectory, _) => format!("{shown} is a folder; name a file"),
        (kind, _) => match why_refused(kind) {
            Some(why) => format!("{shown}: {why}"),
            None => format!("{shown}: {error}"),
        },
    }
}

impl From<std::io::Error> for BackupError {
    /// What a reader has to say goes through `std::io` as it is, and comes out again here.
    fn from(error: std::io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Io)
    }
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
