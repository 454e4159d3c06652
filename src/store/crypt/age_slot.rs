//! A slot's wrapping key as a small age file, so that an identity that lies elsewhere opens the data file.

use std::io::{Read, Write};

use age::x25519::{Identity, Recipient};
use zeroize::Zeroizing;

use super::error::OpenError;

/// age adds a piece of chance to some headers, which a slot may have no room for; how often another one is tried.
const TRIES: usize = 64;

/// `key` encrypted to `recipient`, in at most `max` bytes.
pub(super) fn seal(key: &[u8; 32], recipient: &Recipient, max: usize) -> Result<Vec<u8>, OpenError> {
    for _ in 0..TRIES {
        let file = encrypt(key, recipient).map_err(|error| OpenError::Io(std::io::Error::other(error)))?;
        if file.len() <= max {
            return Ok(file);
        }
    }
    Err(OpenError::Io(std::io::Error::other("the key did not fit into its slot; try again")))
}

fn encrypt(key: &[u8; 32], recipient: &Recipient) -> Result<Vec<u8>, age::EncryptError> {
    let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient as &dyn age::Recipient))?;
    let mut file = Vec::new();
    let mut writer = encryptor.wrap_output(&mut file)?;
    writer.write_all(key)?;
    writer.finish()?;
    Ok(file)
}

/// The key in `file`; `None` when the identity does not open it, or it holds something else.
pub(super) fn open(file: &[u8], identity: &Identity) -> Option<Zeroizing<[u8; 32]>> {
    let decryptor = age::Decryptor::new_buffered(file).ok()?;
    let mut reader = decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)).ok()?;
    let mut key = Zeroizing::new([0; 32]);
    reader.read_exact(key.as_mut_slice()).ok()?;
    // Nothing follows, and the end was reached whole.
    (reader.read(&mut [0]).ok()? == 0).then_some(key)
}
