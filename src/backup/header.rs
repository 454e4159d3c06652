//! What the header of an age file says to somebody who has no key: whether a passphrase opens the file, and which
//! sealed identities it carries. It is not proved: the key that would prove it lies within.
//!
//! An identity stands there as a stanza of a kind that age's tools pass over:
//!
//! ```text
//! -> counterfoil-identity
//! ‹the identity's file, encrypted with a passphrase; base64 without padding, in lines of 64›
//! ```

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::BackupError;
use super::read::{AGE, HEADER_MAX};

/// The stanza's kind.
pub(super) const CARRIED: &str = "counterfoil-identity";
/// Of age's own for a passphrase.
const SCRYPT: &str = "scrypt";
/// Characters of a stanza's full line. A shorter one, which may be empty, ends it.
const LINE: usize = 64;

/// What the header of a backup says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// A passphrase opens it, and nothing else.
    pub passphrase: bool,
    /// Identities that passphrases open, as files of age.
    pub identities: Vec<Vec<u8>>,
}

impl Header {
    /// Reads the beginning of a file.
    ///
    /// # Errors
    /// When it can't be read, or is not a file that age encrypted.
    pub fn read(file: impl Read) -> Result<Self, BackupError> {
        let mut start = Vec::new();
        file.take(HEADER_MAX as u64).read_to_end(&mut start).map_err(BackupError::from)?;
        let Some(rest) = start.strip_prefix(AGE) else {
            return Err(if AGE.starts_with(&start) { BackupError::CutShort } else { BackupError::NotABackup });
        };
        let (mut out, mut lines) = (Self::default(), rest.split(|byte| *byte == b'\n'));
        // The first line that is none of a stanza ends them.
        while let Some(stanza) = lines.next().and_then(|line| line.strip_prefix(b"-> ")) {
            let mut body = Vec::new();
            for line in lines.by_ref() {
                body.extend_from_slice(line);
                if line.len() < LINE {
                    break;
                }
            }
            match stanza.split(|byte| *byte == b' ').next() {
                Some(kind) if kind == CARRIED.as_bytes() => {
                    out.identities.extend(STANDARD_NO_PAD.decode(&body).ok().filter(|file| !file.is_empty()));
                }
                Some(kind) if kind == SCRYPT.as_bytes() => out.passphrase = true,
                _ => {}
            }
        }
        Ok(out)
    }

    /// Whether a file is one that age encrypted with a passphrase.
    pub fn is_sealed(file: &[u8]) -> bool {
        Self::read(file).is_ok_and(|header| header.passphrase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Header, BackupError> {
        Header::read(text.as_bytes())
    }

    #[test]
    fn a_header_tells_what_it_carries_and_nothing_is_read_beyond_it() {
        let long = STANDARD_NO_PAD.encode([7; 48]);
        assert_eq!(long.len(), LINE);
        let text = format!(
            "age-encryption.org/v1\n-> X25519 abc\nZm9v\n-> counterfoil-identity\n{long}\n\n-> counterfoil-identity\nZm9v\n\
             --- mac\n-> counterfoil-identity\nZm9v\n"
        );
        let header = read(&text).unwrap();
        assert_eq!(header, Header { passphrase: false, identities: vec![vec![7; 48], b"foo".to_vec()] });
        assert!(Header::is_sealed(b"age-encryption.org/v1\n-> scrypt c2FsdA 18\nZm9v\n--- mac\n"));
        assert!(!Header::is_sealed(text.as_bytes()));
    }

    #[test]
    fn what_is_no_header_is_told_apart_from_one_that_is_cut() {
        assert!(matches!(read("age-encr"), Err(BackupError::CutShort)));
        assert!(matches!(read("AGE-SECRET-KEY-1…"), Err(BackupError::NotABackup)));
        for strange in ["-> counterfoil-identity\n!!!\n", "-> counterfoil-identity", "-> \n", ""] {
            assert_eq!(read(&format!("age-encryption.org/v1\n{strange}")).unwrap(), Header::default(), "{strange}");
        }
    }
}
