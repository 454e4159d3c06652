//! Passphrases that open backups. age takes one only if it is alone in a file; so there are two ways.
//!
//! - One backup, encrypted to a passphrase and to nobody else: `age -d` asks for it.
//! - A passphrase among other recipients: an identity is drawn and kept as `age -p` would keep it, encrypted with the
//!   passphrase. The server has that file, which it can't open, and the recipient; and each backup carries the file in
//!   its header (`header.rs`), so that nothing but the passphrase has to be kept.

use std::collections::HashSet;
use std::io::{self, Write};

use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use age_core::format::{FileKey, Stanza};
use zeroize::Zeroizing;

use super::BackupError;
use super::depot::Sealed;
use super::header::{CARRIED, Header};
use super::identity::BackupIdentity;
use super::manifest::Tally;
use super::read::at_most;
use crate::domain::backup::SealedIdentity;
use crate::domain::ids::Digest;

/// scrypt takes 2^18 rounds and 256 MiB, as age's own tool has it: about a second for each guess.
const WORK: u8 = 18;
/// The most that a file may ask for: 1 GiB.
const WORK_MAX: u8 = 20;
/// Bytes of an age file that a passphrase opens, beside a short content: lines of 22, 36, 44 and 48, nonce and tag.
const AROUND: usize = 22 + 36 + 44 + 48 + 16 + 16;
/// How a file in ASCII armour begins.
const ARMOUR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
/// Longest identity file, in bytes.
const IDENTITY_MAX: u64 = 4 * 1024;

/// A passphrase, for a backup that is encrypted to nothing else.
#[derive(Clone)]
pub struct Passphrase(SecretString);

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(***)")
    }
}

impl Passphrase {
    /// These words.
    pub fn new(words: &str) -> Self {
        Self(SecretString::from(words.to_owned()))
    }

    /// Draws an identity and seals it.
    ///
    /// # Errors
    /// When there is no memory for scrypt.
    pub fn draw_identity(&self) -> Result<SealedIdentity, BackupError> {
        let identity = BackupIdentity::generate();
        let (recipient, secret) = (identity.recipient(), identity.reveal());
        let mut text = Zeroizing::new(format!(
            "# Opens backups of Counterfoil.\n# public key: {recipient}\n{}\n",
            secret.as_str()
        ));
        // Its base64 then needs no padding, which a header does not have and `base64 -d` wants.
        while !(AROUND + text.len()).is_multiple_of(3) {
            text.push('\n');
        }
        let mut sealing = self.seal(Vec::new())?;
        sealing.write_all(text.as_bytes()).map_err(BackupError::Io)?;
        Ok(SealedIdentity { recipient, file: sealing.finish().map_err(BackupError::Io)?.0 })
    }

    /// Opens an identity's file that is encrypted with it; `None` when it is with another one.
    ///
    /// # Errors
    /// When it is no such file.
    pub fn open_identity(&self, file: &[u8]) -> Result<Option<BackupIdentity>, BackupError> {
        let opened = match super::read::opened(file, self) {
            Err(BackupError::OtherIdentity) => return Ok(None),
            opened => opened?,
        };
        let text = Zeroizing::new(at_most(opened, IDENTITY_MAX)?);
        let text = std::str::from_utf8(&text).map_err(|_| BackupError::NoIdentity)?;
        BackupIdentity::parse(text).map(Some)
    }

    /// Encrypts to this passphrase what is written, into `out`.
    ///
    /// # Errors
    /// When `out` can't be written.
    pub fn seal<W: Write>(&self, out: W) -> Result<Sealing<W>, BackupError> {
        let mut recipient = age::scrypt::Recipient::new(self.0.clone());
        recipient.set_work_factor(WORK);
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
        let encryptor = encryptor.map_err(|e| BackupError::Io(io::Error::other(e.to_string())))?;
        Ok(Sealing(encryptor.wrap_output(Tally::new(out)).map_err(BackupError::from)?))
    }
}

/// An identity's file as bytes, whether it is one in ASCII armour (`age -p -a`) or not.
///
/// # Errors
/// When the armour is broken, or cut short.
pub fn unarmoured(file: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, BackupError> {
    if !file.trim_ascii_start().starts_with(ARMOUR) {
        return Ok(file);
    }
    at_most(ArmoredReader::new(file.trim_ascii()), IDENTITY_MAX).map(Zeroizing::new).map_err(|_| BackupError::BadArmour)
}

/// Refuses what is no identity sealed with a passphrase, or too long to be carried by every backup.
///
/// # Errors
/// Says so.
pub fn check_sealed(identity: &SealedIdentity) -> Result<(), BackupError> {
    match identity.file.len() as u64 <= IDENTITY_MAX / 4 && Header::is_sealed(&identity.file) {
        true => Ok(()),
        false => Err(BackupError::NoIdentity),
    }
}

impl age::Identity for Passphrase {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, age::DecryptError>> {
        let mut identity = age::scrypt::Identity::new(self.0.clone());
        identity.set_max_work_factor(WORK_MAX);
        identity.unwrap_stanza(stanza)
    }
}

/// What is written through it is encrypted to a passphrase.
pub struct Sealing<W: Write>(age::stream::StreamWriter<Tally<W>>);

impl<W: Write> Sealing<W> {
    /// Ends the file; where it went, and what it is.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn finish(self) -> io::Result<(W, Sealed)> {
        let mut out = self.0.finish()?;
        out.flush()?;
        let sealed = Sealed { bytes: out.bytes, digest: Digest(out.digest()) };
        Ok((out.inner, sealed))
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Puts a sealed identity into the header of an age file, beside its recipients. It wraps no key.
pub(super) struct Carried(pub Vec<u8>);

impl age::Recipient for Carried {
    fn wrap_file_key(&self, _: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), age::EncryptError> {
        let stanza = Stanza { tag: CARRIED.to_owned(), args: Vec::new(), body: self.0.clone() };
        Ok((vec![stanza], HashSet::new()))
    }
}

#[cfg(test)]
mod tests {
    use age::armor::{ArmoredWriter, Format};

    use super::*;

    #[test]
    fn an_identity_is_opened_by_its_passphrase_alone() {
        let words = Passphrase::new("seven grey herons at the weir");
        let drawn = words.draw_identity().unwrap();
        assert_eq!(drawn.file.len() % 3, 0, "{} bytes", drawn.file.len());
        check_sealed(&drawn).unwrap();
        let opened = words.open_identity(&drawn.file).unwrap().unwrap();
        assert_eq!(opened.recipient(), drawn.recipient);
        assert!(Passphrase::new("seven grey herons").open_identity(&drawn.file).unwrap().is_none());
        let plain = SealedIdentity { file: opened.reveal().as_bytes().to_vec(), ..drawn };
        assert!(check_sealed(&plain).is_err(), "an identity that nothing protects is carried by every backup");
    }

    #[test]
    fn an_identity_in_armour_is_the_same_one_and_a_cut_one_is_told() {
        let plain = |bytes: &[u8]| unarmoured(Zeroizing::new(bytes.to_vec()));
        let mut armour = ArmoredWriter::wrap_output(b"\n\n".to_vec(), Format::AsciiArmor).unwrap();
        armour.write_all(&[7; 500]).unwrap();
        let mut file = armour.finish().unwrap();
        file.extend_from_slice(b"\r\n\n");
        assert_eq!(*plain(&file).unwrap(), vec![7; 500]);
        for cut in [20, 36, 100, file.len() - 20] {
            let got = plain(&file[..cut]);
            assert!(cut < ARMOUR.len() || matches!(got, Err(BackupError::BadArmour)), "{cut}: {got:?}");
        }
        assert_eq!(*plain(b"age-encryption.org/v1\n").unwrap(), b"age-encryption.org/v1\n");
    }

    #[test]
    fn a_file_that_asks_for_more_work_than_a_backup_does_is_not_tried() {
        let stanza = format!(
            "age-encryption.org/v1\n-> scrypt {} 30\n{}\n--- {}\n",
            "A".repeat(22),
            "A".repeat(43),
            "A".repeat(43)
        );
        let refused = Passphrase::new("words").open_identity(&[stanza.as_bytes(), &[0; 64]].concat());
        assert!(matches!(refused, Err(BackupError::NotABackup)), "{refused:?}");
    }
}
