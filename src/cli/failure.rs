//! Why a command did not do what it was asked: one sentence (or a few) for the person at the console.

use std::path::Path;

use crate::backup::BackupError;
use crate::config::{ConfigError, SecretFileError};
use crate::store::crypt::OpenError;
use crate::store::migrate::MigrationError;
use crate::store::{ActError, StoreError};
use crate::web::listener::ListenError;

/// Why a command failed, in words that say what to do.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with these words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// A file or folder could not be written or read.
    pub fn file(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as E;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let shown = path.display();
        Self(match error.kind() {
            E::NotFound => match parent.filter(|parent| !parent.exists()) {
                Some(parent) => {
                    format!(
                        "{shown}: the folder {} is not there. Check the path, or make the folder.",
                        parent.display()
                    )
                }
                None => format!("{shown} is not there. Check the path."),
            },
            E::PermissionDenied => format!("{shown}: this user may not read or write it. Check its owner and mode."),
            E::StorageFull => format!("{shown}: the disk is full. Make room and try again."),
            E::IsADirectory => format!("{shown} is a folder. Name a file."),
            E::NotADirectory => format!("{shown}: part of this path is a file and not a folder. Check the path."),
            _ => format!("{shown}: {error}."),
        })
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

macro_rules! sentences {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self(sentence(&error.to_string()))
            }
        }
    )+};
}

sentences!(BackupError, ConfigError, SecretFileError, OpenError, StoreError, MigrationError, ActError, ListenError);

impl From<crate::domain::refusal::FieldFault> for Failure {
    fn from(fault: crate::domain::refusal::FieldFault) -> Self {
        Self(format!("--{}: {}", fault.field, fault.message))
    }
}

/// With a full stop at its end.
fn sentence(words: &str) -> String {
    let words = words.trim_end();
    if words.ends_with(['.', '!', '?']) { words.to_owned() } else { format!("{words}.") }
}
