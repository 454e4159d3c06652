//! Why a data file cannot be opened, created or given another key, in sentences for the person at the console.

use std::{fmt, io};

/// Why a data file cannot be used.
#[derive(Debug)]
pub enum OpenError {
    /// There is no such file.
    NotFound,
    /// The file to be created is already there.
    AlreadyExists,
    /// It is not a Counterfoil data file.
    NotOurs,
    /// It was written by a later version.
    NewerFormat {
        /// The version found in the file.
        found: u32,
        /// The latest version this program knows.
        known: u32,
    },
    /// It is sealed with a cipher that only a later version knows.
    NewerCipher(u8),
    /// Another process has it open.
    Locked {
        /// That process, as far as the system tells: `counterfoil (process 123)`.
        holder: Option<String>,
    },
    /// The passphrase or key file opens no slot.
    WrongSecret,
    /// The contents are not what was written; the text says where.
    Damaged(String),
    /// The file may not be read and written by this user, or lies on a read-only file system.
    ReadOnly,
    /// All slots for keys are taken.
    NoFreeSlot,
    /// The slot named holds no key.
    NoSuchSlot,
    /// The last key can not be taken away.
    LastSlot,
    /// The operating system refused.
    Io(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("There is no data file at this place. Check the path, or set up a firm with `counterfoil init`."),
            Self::AlreadyExists => f.write_str(
                "There is already a file at this place, and it was left as it is. Choose another path, or move the file away.",
            ),
            Self::NotOurs => f.write_str("This is not a Counterfoil data file. Check the path."),
            Self::NewerFormat { found, known } => write!(
                f,
                "This data file was written by a newer version of Counterfoil (format {found}; this program knows \
                 {known}). Install the newer version. The file was left as it is."
            ),
            Self::NewerCipher(found) => write!(
                f,
                "This data file is sealed with a cipher that this program does not know (number {found}), as a newer \
                 version of Counterfoil does. Install the newer version. The file was left as it is."
            ),
            Self::Locked { holder: Some(holder) } => write!(
                f,
                "The data file is in use by {holder}. Stop that process first, or ask it for what you need."
            ),
            Self::Locked { holder: None } => {
                f.write_str("The data file is in use by another process. Stop the running server first.")
            }
            Self::WrongSecret => f.write_str(
                "This passphrase or key does not open the data file. Check that it belongs to this file. The file was \
                 left as it is.",
            ),
            Self::Damaged(what) => write!(f, "The data file is damaged: {what}. Restore it from a backup."),
            Self::ReadOnly => f.write_str(
                "The data file can not be written by this user. Check its owner, its permissions and the file system.",
            ),
            Self::NoFreeSlot => f.write_str("All seven places for keys are taken. Remove a key first."),
            Self::NoSuchSlot => f.write_str("There is no key in this place. List the keys to see their numbers."),
            Self::LastSlot => f.write_str("A data file needs at least one key. Add another key first."),
            Self::Io(error) => write!(f, "The data file can not be read or written: {error}."),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::AlreadyExists => Self::AlreadyExists,
            io::ErrorKind::IsADirectory => Self::NotOurs,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Io(error),
        }
    }
}
