//! Where the key of the data file comes from, and what that protects from: the rows of the threat table.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::config::{Config, KeySource};

/// A row of the threat table, with what the sentence about it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace<'a> {
    /// A passphrase that somebody types at each start.
    Passphrase,
    /// A credential that systemd hands over; whether a TPM seals it can't be seen from here.
    Credential(&'a str),
    /// A file on the file system that holds the data, too.
    SameDisk(&'a Path),
    /// A file on another file system.
    OtherDisk(&'a Path),
}

impl<'a> KeyPlace<'a> {
    /// The row of a configuration.
    pub fn of(config: &'a Config) -> Self {
        // Of a file that is not there, the folder where it should be.
        let device = |path: &Path| path.ancestors().find_map(|at| std::fs::metadata(at).ok()).map(|m| m.dev());
        match &config.key {
            KeySource::Prompt => Self::Passphrase,
            KeySource::Credential(name) => Self::Credential(name),
            KeySource::File(path) if device(path).is_some() && device(path) == device(&config.data) => {
                Self::SameDisk(path)
            }
            KeySource::File(path) => Self::OtherDisk(path),
        }
    }

    /// Whether a stolen disk can be read with what lies on it.
    pub fn opens_a_stolen_disk(&self) -> bool {
        matches!(self, Self::SameDisk(_))
    }

    /// What it protects from and what it does not, and how to do better.
    pub fn words(&self) -> String {
        match self {
            Self::Passphrase => {
                "The key is a passphrase typed at each start: a stolen disk, or the whole machine stolen \
                                 while switched off, reveals nothing. The server can't start by itself."
                    .to_owned()
            }
            Self::Credential(name) => format!(
                "The key is the systemd credential \"{name}\": the server starts by itself. A stolen disk reveals \
                 nothing only if the credential is sealed to this machine's TPM or kept on another medium."
            ),
            Self::SameDisk(path) => format!(
                "The key is {}, on the same file system as the data: a copied data file reveals nothing, but whoever \
                 takes the whole disk can read it. Keep the key on another medium, or as a systemd credential sealed \
                 to the TPM, to protect against that.",
                path.display()
            ),
            Self::OtherDisk(path) => format!(
                "The key is {}, on another file system than the data: the data's disk alone reveals nothing, the whole \
                 machine reveals everything.",
                path.display()
            ),
        }
    }
}
