//! Certificates of delivery: gathered from a snapshot, signed with the firm's key, and checked without any data file.
//!
//! A certificate is one JSON object with two members, `certificate` and `signature`. What the signature covers is the
//! text of `certificate` without spaces between its tokens, as `jq -cj .certificate` prints it. Times are RFC 3339, the
//! document's digest is hexadecimal, everything else that is bytes is base64.
//!
//! `chain` proves that the lines stand in the log whose head is given. It begins at the head; each step's link,
//! reckoned as [`super::chain`] says from its number, `previous`, `skipped` and commitment, must be one that an earlier
//! step named (the head's for the first). A step that is shown carries `record`, the entry's stored bytes, and `key`,
//! whose HMAC-SHA-256 over them is the commitment; any other carries its commitment alone and tells nothing of its
//! entry. Names of people are the firm's word, under its signature; number, time, address, kind and digest are the
//! log's.

mod check;
mod make;

pub use self::check::{Flaw, Proven, check};
pub use self::make::gather;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::chain::ChainReads;
use super::error::StoreError;
use super::tx::Reader;
use crate::domain::certificate::{Certificate, Signed};
use crate::secrets;

/// Largest certificate that is read, in bytes.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The firm's public key, in base64.
///
/// # Errors
/// When the file can't be read or was never set up.
pub fn public_key(reader: &impl Reader) -> Result<String, StoreError> {
    let seed = reader.signing_seed()?;
    Ok(STANDARD.encode(secrets::ed25519_public(&seed)))
}

/// A public key as people compare it: the first half of its SHA-256, in groups of four.
pub fn fingerprint(key: &str) -> String {
    let bytes = STANDARD.decode(key).unwrap_or_default();
    let hex: String = secrets::sha256(&bytes)[..16].iter().map(|b| format!("{b:02X}")).collect();
    let fours: Vec<&str> = (0..hex.len() / 4).filter_map(|n| hex.get(n * 4..n * 4 + 4)).collect();
    fours.join(" ")
}

/// Signs a certificate; its file.
///
/// # Errors
/// When the key can't be read.
pub fn sign(reader: &impl Reader, certificate: Certificate) -> Result<(Signed, Vec<u8>), StoreError> {
    let failed = |e: serde_json::Error| StoreError::Broken(format!("a certificate can't be written: {e}"));
    let text = serde_json::to_vec(&certificate).map_err(failed)?;
    let signature = secrets::ed25519_sign(&*reader.signing_seed()?, &text);
    let signed = Signed { certificate, signature: STANDARD.encode(signature) };
    let mut file = serde_json::to_vec_pretty(&signed).map_err(failed)?;
    file.push(b'\n');
    Ok((signed, file))
}
