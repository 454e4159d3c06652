//! The keys of backups: age X25519 recipients, to which backups are encrypted, and identities, which open them.
//!
//! The server keeps recipients only, so it can't read its own backups.

use std::io::Write;

use age::secrecy::ExposeSecret;
use age::x25519::{Identity, Recipient};
use age_core::format::{FileKey, Stanza};
use zeroize::Zeroizing;

use super::BackupError;
use super::passphrase::Carried;
use crate::domain::backup::SealedIdentity;
use crate::store::keys::identity_in;

/// What opens backups: an identity, or a passphrase.
pub type Opener = dyn age::Identity;

/// What opens a backup; its text form is what age's own tools read.
#[derive(Clone)]
pub struct BackupIdentity(pub(super) Identity);

impl std::fmt::Debug for BackupIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BackupIdentity(***)")
    }
}

impl BackupIdentity {
    /// Draws a new one; age draws it from the operating system itself.
    pub fn generate() -> Self {
        Self(Identity::generate())
    }

    /// Reads an identity file of age: comments, empty lines, and one line `AGE-SECRET-KEY-1…`.
    ///
    /// # Errors
    /// When there is no such line, or more than one.
    pub fn parse(text: &str) -> Result<Self, BackupError> {
        identity_in(text).map(Self).ok_or(BackupError::NoIdentity)
    }

    /// The secret line.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// The recipient that belongs to it: public.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }
}

/// Whether a text is a recipient.
///
/// # Errors
/// When it is not of the form `age1…`.
pub fn check_recipient(text: &str) -> Result<(), BackupError> {
    recipients(&[text.to_owned()]).map(drop)
}

impl age::Identity for BackupIdentity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        self.0.unwrap_stanza(stanza)
    }
}

/// Encrypts a few bytes to recipients; their file carries these identities.
///
/// # Errors
/// When there is no recipient, or one of them is not of the form `age1…`.
pub(super) fn seal(to: &[String], carried: &[SealedIdentity], bytes: &[u8]) -> Result<Vec<u8>, BackupError> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 1024 + 1024);
    let mut sealing = encryptor(&recipients(to)?, carried)?.wrap_output(&mut out).map_err(BackupError::Io)?;
    sealing.write_all(bytes).and_then(|()| sealing.finish().map(drop)).map_err(BackupError::Io)?;
    Ok(out)
}

/// Encrypts a file to recipients that carries these identities.
pub(super) fn encryptor(to: &[Recipient], carried: &[SealedIdentity]) -> Result<age::Encryptor, BackupError> {
    let carried: Vec<Carried> = carried.iter().map(|identity| Carried(identity.file.clone())).collect();
    let to = to.iter().map(|recipient| recipient as &dyn age::Recipient);
    let all = to.chain(carried.iter().map(|identity| identity as &dyn age::Recipient));
    age::Encryptor::with_recipients(all).map_err(|e| BackupError::Io(std::io::Error::other(e.to_string())))
}

/// Reads recipients.
///
/// # Errors
/// When there is none, or one of them is not of the form `age1…`.
pub(super) fn recipients(texts: &[String]) -> Result<Vec<Recipient>, BackupError> {
    if texts.is_empty() {
        return Err(BackupError::NoRecipients);
    }
    texts.iter().map(|text| text.parse().map_err(|_| BackupError::BadRecipient(text.clone()))).collect()
}
