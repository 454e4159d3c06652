//! Which of the two key headers counts, and whether a secret opens it.
//!
//! Knows nothing of superblocks and blocks.

use super::{
    cipher::DataKey,
    error::OpenError,
    header::{HeaderError, KeyHeader, parse_key_header},
    layout::FORMAT_VERSION,
};
use crate::store::keys::Secret;

/// A header that a secret opened and the data key proved.
pub(super) struct Unlocked {
    pub(super) header: KeyHeader,
    pub(super) key: DataKey,
    /// The slot that the secret opened.
    pub(super) slot: usize,
    /// Which copies differ from `header` and want writing again.
    pub(super) stale: [bool; 2],
}

/// Opens the newest authentic copy with `secret`.
///
/// A wrong secret is told before damage: a re-wrap that was cut off leaves one copy torn and one under the other key.
pub(super) fn unlock(copies: [&[u8]; 2], secret: &Secret) -> Result<Unlocked, OpenError> {
    let parsed = copies.map(parse_key_header);
    let mut headers: Vec<&KeyHeader> = parsed.iter().flatten().collect();
    if headers.is_empty() {
        return Err(no_header(&parsed));
    }
    headers.sort_by_key(|header| std::cmp::Reverse(header.generation));
    headers.dedup();
    let opened = headers.iter().find_map(|header| header.unwrap(secret).map(|(key, slot)| (*header, key, slot)));
    let (opened, key, slot) = opened.ok_or(OpenError::WrongSecret)?;
    let header = headers
        .into_iter()
        .find(|header| header.is_authentic(&key))
        .ok_or_else(|| OpenError::Damaged("both copies of the key header have been altered".to_owned()))?;
    let (key, slot) = if header == opened {
        (key, slot)
    } else {
        // A key that was taken away still opens the older copy, and must not.
        header.unwrap(secret).ok_or(OpenError::WrongSecret)?
    };
    let stale = [0, 1].map(|n| parsed[n].as_ref() != Ok(header));
    Ok(Unlocked { header: header.clone(), key, slot, stale })
}

/// What to say of a file without one readable header.
pub(super) fn no_header(parsed: &[Result<KeyHeader, HeaderError>; 2]) -> OpenError {
    let errors: Vec<HeaderError> = parsed.iter().filter_map(|copy| copy.as_ref().err().copied()).collect();
    if let Some(found) = errors.iter().find_map(|error| match error {
        HeaderError::Newer(found) => Some(*found),
        _ => None,
    }) {
        return OpenError::NewerFormat { found, known: FORMAT_VERSION };
    }
    if let Some(found) = errors.iter().find_map(|error| match error {
        HeaderError::NewerCipher(found) => Some(*found),
        _ => None,
    }) {
        return OpenError::NewerCipher(found);
    }
    let malformed = errors.iter().find_map(|error| match error {
        HeaderError::Malformed(why) => Some(*why),
        _ => None,
    });
    malformed.map_or(OpenError::NotOurs, |why| OpenError::Damaged(why.to_owned()))
}
