//! What opens a backup: an identity in a file, which may be protected by a passphrase; a passphrase and the identity
//! that the backup carries; or a passphrase alone.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::super::{Failure, terminal};
use crate::backup::BackupError;
use crate::backup::header::Header;
use crate::backup::identity::{BackupIdentity, Opener};
use crate::backup::passphrase::{Passphrase, unarmoured};
use crate::config;

/// How the text of an identity begins.
const IDENTITY_START: &str = "AGE-SECRET-KEY-1";

/// Options that name it. A passphrase is never one of them: other users can read command lines.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct OpenerArgs {
    /// File with the backup identity that `init` wrote, or one that a passphrase protects (`age -p`, also with `-a`)
    /// [default: asked for at the terminal]
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    /// File with the passphrase that opens the backup, or its identity, in its only line (mode 0600) [default: asked
    /// for at the terminal]
    #[arg(long, value_name = "FILE")]
    backup_passphrase_file: Option<PathBuf>,
}

/// What opens a backup.
pub enum Opened {
    /// An identity.
    Identity(BackupIdentity),
    /// A passphrase, which is all that it is encrypted to.
    Passphrase(Passphrase),
}

impl Opened {
    /// For the readers of backups.
    pub fn opener(&self) -> &Opener {
        match self {
            Self::Identity(identity) => identity,
            Self::Passphrase(words) => words,
        }
    }

    /// Tells a wrong passphrase as that.
    pub fn about(&self, error: BackupError) -> BackupError {
        match (self, error) {
            (Self::Passphrase(_), BackupError::OtherIdentity) => BackupError::OtherPassphrase,
            (_, other) => other,
        }
    }
}

impl OpenerArgs {
    /// What opens a backup with this header: read from files, or asked for.
    ///
    /// # Errors
    /// When a file can't be read, a passphrase opens nothing, or there is no terminal.
    pub fn opened(&self, header: &Header) -> Result<Opened, Failure> {
        match &self.identity {
            Some(file) => self.in_file(file),
            None if header.passphrase => {
                Ok(Opened::Passphrase(Passphrase::new(&self.passphrase("Passphrase of the backup")?)))
            }
            None if !header.identities.is_empty() => self.carried(&header.identities),
            None if self.backup_passphrase_file.is_some() => Err(Failure::new(
                "No passphrase opens this backup: it was made before one was added, or carries none. Name the file of \
                 its identity with --identity.",
            )),
            None => {
                let text =
                    terminal::ask_secret("Backup identity (AGE-SECRET-KEY-1…)", "Name its file with --identity.")?;
                Ok(Opened::Identity(BackupIdentity::parse(&text)?))
            }
        }
    }

    fn in_file(&self, file: &Path) -> Result<Opened, Failure> {
        let about = |error: BackupError| Failure::new(format!("{}: {error}", file.display()));
        let bytes = unarmoured(config::read_secret(file)?).map_err(about)?;
        if !Header::is_sealed(&bytes) {
            let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
            return BackupIdentity::parse(&text).map(Opened::Identity).map_err(about);
        }
        let words = Passphrase::new(&self.passphrase(&format!("Passphrase of {}", file.display()))?);
        let opened = words.open_identity(&bytes).map_err(about)?;
        opened.map(Opened::Identity).ok_or_else(|| about(BackupError::OtherPassphrase))
    }

    /// Whoever has the identity may type that.
    fn carried(&self, identities: &[Vec<u8>]) -> Result<Opened, Failure> {
        let words = self.passphrase("Passphrase of the backups, or backup identity (AGE-SECRET-KEY-1…)")?;
        if words.trim().starts_with(IDENTITY_START) {
            return Ok(Opened::Identity(BackupIdentity::parse(&words)?));
        }
        let words = Passphrase::new(&words);
        for file in identities {
            if let Some(identity) = words.open_identity(file)? {
                return Ok(Opened::Identity(identity));
            }
        }
        Err(BackupError::OtherPassphrase.into())
    }

    fn passphrase(&self, question: &str) -> Result<Zeroizing<String>, Failure> {
        match &self.backup_passphrase_file {
            Some(file) => Ok(config::read_secret_line(file)?),
            None => terminal::ask_secret(question, "Name its file with --backup-passphrase-file, or --identity."),
        }
    }
}
