//! The key of a data file that is about to be made: drawn into a key file, or a passphrase that somebody chooses.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{Failure, house, terminal};
use crate::config::{self, KeySource};
use crate::domain::password;
use crate::secrets::Entropy;
use crate::store::keys::{Secret, generate_key_file, key_to_text};

/// What to do where nobody can be asked.
const NO_TERMINAL: &str =
    "Write the passphrase into a file that only you can read, and name it with --passphrase-file.";

/// Options that choose the key. A passphrase is never one of them: other users can read command lines.
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    /// Where to put the new key [default: beside the folder, DIR.key]
    #[arg(long, value_name = "PATH")]
    key_file: Option<PathBuf>,
    /// Protect the data file with a passphrase in place of a key file; asked for here, twice, and at every start
    #[arg(long, conflicts_with = "key_file")]
    passphrase: bool,
    /// As --passphrase, and read it from the only line of this file (mode 0600); remove the file afterwards
    #[arg(long, value_name = "FILE", conflicts_with = "key_file")]
    passphrase_file: Option<PathBuf>,
}

impl KeyArgs {
    /// Where the key file goes; `None` for a passphrase.
    ///
    /// # Errors
    /// When the path can't be made absolute.
    pub fn place(&self, data: &Path) -> Result<Option<PathBuf>, Failure> {
        self.place_or(data, ".key")
    }

    /// As [`KeyArgs::place`], beside the folder with another ending.
    ///
    /// # Errors
    /// As [`KeyArgs::place`].
    pub fn place_or(&self, data: &Path, ending: &str) -> Result<Option<PathBuf>, Failure> {
        if self.passphrase || self.passphrase_file.is_some() {
            return Ok(None);
        }
        match &self.key_file {
            Some(path) => std::path::absolute(path).map(Some).map_err(|e| Failure::file(path, &e)),
            None => Ok(Some(house::beside(data, ending))),
        }
    }

    /// Draws the key for `place`, or reads or asks for the passphrase.
    ///
    /// # Errors
    /// When there is no terminal, the two answers differ, or the passphrase is too easy.
    pub fn make(&self, place: Option<&Path>, entropy: &Entropy) -> Result<NewKey, Failure> {
        if let Some(path) = place {
            return Ok(NewKey::File(path.to_owned(), generate_key_file(entropy)));
        }
        new_passphrase("of the data file", self.passphrase_file.as_deref()).map(NewKey::Passphrase)
    }
}

/// Reads a passphrase that somebody chooses from its file, or asks for it twice.
///
/// # Errors
/// When there is no terminal, the two answers differ, or the passphrase is too easy.
pub fn new_passphrase(of: &str, file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    let words = match file {
        Some(file) => config::read_secret_line(file)?,
        None => ask_twice(of)?,
    };
    password::check("passphrase", &words, &[]).map_err(|fault| {
        Failure::new(format!("The passphrase: {}", fault.message.replace("password", "passphrase")))
    })?;
    Ok(words)
}

fn ask_twice(of: &str) -> Result<Zeroizing<String>, Failure> {
    let words = terminal::ask_secret(&format!("New passphrase {of}"), NO_TERMINAL)?;
    if words != terminal::ask_secret("The same again", NO_TERMINAL)? {
        return Err(Failure::new("The two passphrases differ. Nothing was made; start again."));
    }
    Ok(words)
}

/// A key that opens the new data file.
pub enum NewKey {
    /// Goes into a file at this place.
    File(PathBuf, Zeroizing<[u8; 32]>),
    /// Is kept nowhere.
    Passphrase(Zeroizing<String>),
}

impl NewKey {
    /// What opens the data file.
    pub fn secret(&self) -> Secret {
        match self {
            Self::File(_, key) => Secret::KeyFile(key.clone()),
            Self::Passphrase(words) => Secret::Passphrase(words.clone()),
        }
    }

    /// How the configuration names it.
    pub fn source(&self) -> KeySource {
        match self {
            Self::File(path, _) => KeySource::File(path.clone()),
            Self::Passphrase(_) => KeySource::Prompt,
        }
    }

    /// The key file's place and content, if there is one.
    pub fn file(&self) -> Option<(&Path, Zeroizing<String>)> {
        match self {
            Self::File(path, key) => Some((path, Zeroizing::new(format!("{}\n", key_to_text(key).as_str())))),
            Self::Passphrase(_) => None,
        }
    }
}
