//! Why a command did not do what it was asked: one sentence (or a few) for the person at the console.

use std::path::Path;

use crate::backup::{BackupError, refused_at};
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
        Self(format!("{}.", refused_at(path, error)))
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
