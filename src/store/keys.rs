//! The secrets that open a data file: passphrases, key files and their text form, and the key each one yields.
//!
//! Knows nothing of where the wrapped data key is kept; that is `crypt`'s matter.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::secrets::{Entropy, sha256};

/// What opens a data file. Wiped from memory when dropped.
#[derive(Clone)]
pub enum Secret {
    /// Words that a person types; stretched with Argon2id.
    Passphrase(Zeroizing<String>),
    /// 32 random bytes from a key file, for a start without a person.
    KeyFile(Zeroizing<[u8; 32]>),
    /// An age X25519 identity: one line `AGE-SECRET-KEY-1…`.
    AgeIdentity(age::x25519::Identity),
    /// Its public half, `age1…`: it can be given a file, and opens none.
    AgeRecipient(age::x25519::Recipient),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Passphrase(_) => "Secret::Passphrase(***)",
            Self::KeyFile(_) => "Secret::KeyFile(***)",
            Self::AgeIdentity(_) => "Secret::AgeIdentity(***)",
            Self::AgeRecipient(_) => "Secret::AgeRecipient",
        })
    }
}

impl Secret {
    /// What opens a file that was given an age recipient; `None` for a text without one identity.
    pub fn age_identity(text: &str) -> Option<Self> {
        identity_in(text).map(Self::AgeIdentity)
    }

    /// Reads a recipient of age, `age1…`. `None` for any other text.
    pub fn age_recipient(text: &str) -> Option<Self> {
        text.trim().parse().ok().map(Self::AgeRecipient)
    }
}

/// Reads an identity file of age: comments, empty lines, and one line `AGE-SECRET-KEY-1…`. `None` for any other text.
pub fn identity_in(text: &str) -> Option<age::x25519::Identity> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match (lines.next(), lines.next()) {
        (Some(line), None) => line.parse().ok(),
        _ => None,
    }
}

/// The first line's prefix of a key file's text form. The number is its version.
const KEY_TEXT_PREFIX: &str = "COUNTERFOIL-KEY-1";
const KEY_TEXT_FAMILY: &str = "COUNTERFOIL-KEY-";
/// Letters and digits that are hard to confuse (RFC 4648, base 32).
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Characters after the prefix: 32 bytes of key and 3 of checksum, five bits each.
const KEY_TEXT_CHARS: usize = 56;
const KEY_TEXT_GROUP: usize = 8;
const CHECKSUM_LEN: usize = 3;

/// Why a text is not a key. Told apart from a well-formed key that belongs to another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyTextError {
    /// It does not begin like a key.
    NotAKey,
    /// A key of a later version of the form.
    NewerVersion,
    /// Too few or too many characters.
    WrongLength {
        /// Characters found after the prefix.
        found: usize,
    },
    /// Characters were mistyped: a sign that no key holds, or a checksum that does not match.
    Mistyped,
}

impl fmt::Display for KeyTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAKey => {
                write!(f, "This is not a Counterfoil key: it should be one line that begins with {KEY_TEXT_PREFIX}.")
            }
            Self::NewerVersion => {
                f.write_str("This key was written by a newer version of Counterfoil. Install that version to use it.")
            }
            Self::WrongLength { found } if *found < KEY_TEXT_CHARS => write!(
                f,
                "This key is cut short: {found} of {KEY_TEXT_CHARS} characters are there. Copy the whole line."
            ),
            Self::WrongLength { found } => {
                write!(f, "This key is too long: {found} characters in place of {KEY_TEXT_CHARS}. Copy the line alone.")
            }
            Self::Mistyped => f.write_str("This key was mistyped: its check characters do not match. Copy it again."),
        }
    }
}

impl std::error::Error for KeyTextError {}

/// Draws the bytes of a new key file.
pub fn generate_key_file(entropy: &Entropy) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    entropy.fill(key.as_mut_slice());
    key
}

/// The key as one line without its line end, in groups of eight characters.
pub fn key_to_text(key: &[u8; 32]) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0u8; 32 + CHECKSUM_LEN]);
    bytes[..32].copy_from_slice(key);
    bytes[32..].copy_from_slice(&checksum(key));
    let mut text = Zeroizing::new(String::with_capacity(96));
    text.push_str(KEY_TEXT_PREFIX);
    for n in 0..KEY_TEXT_CHARS {
        if n % KEY_TEXT_GROUP == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(five_bits(bytes.as_slice(), n))]));
    }
    text
}

/// Reads what [`key_to_text`] wrote. Case, spaces, line ends and the dashes between groups do not matter.
///
/// # Errors
/// A text that is no key, is cut short or was mistyped; a whole key of another file is not an error here.
pub fn key_from_text(text: &str) -> Result<Zeroizing<[u8; 32]>, KeyTextError> {
    let mut compact = Zeroizing::new(String::with_capacity(text.len()));
    compact.extend(text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()));
    let body = match compact.strip_prefix(KEY_TEXT_PREFIX) {
        Some(rest) if rest.is_empty() || rest.starts_with('-') => rest,
        _ if KEY_TEXT_PREFIX.starts_with(compact.as_str()) && !compact.is_empty() => "",
        _ if compact.starts_with(KEY_TEXT_FAMILY) => return Err(KeyTextError::NewerVersion),
        _ => return Err(KeyTextError::NotAKey),
    };
    let found = body.chars().filter(|c| *c != '-').count();
    if found != KEY_TEXT_CHARS {
        return Err(KeyTextError::WrongLength { found });
    }
    let mut bytes = Zeroizing::new([0u8; 32 + CHECKSUM_LEN]);
    for (n, c) in body.chars().filter(|c| *c != '-').enumerate() {
        put_five_bits(bytes.as_mut_slice(), n, value_of(c).ok_or(KeyTextError::Mistyped)?);
    }
    let mut key = Zeroizing::new([0u8; 32]);
    key.copy_from_slice(&bytes[..32]);
    if checksum(&key) != bytes[32..] {
        return Err(KeyTextError::Mistyped);
    }
    Ok(key)
}

/// What Argon2id costs, as recorded in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Argon2Cost {
    /// The cost of new slots: 64 MiB, three passes.
    pub const DEFAULT: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    /// The most that is accepted from a file: an altered header must not exhaust the machine.
    pub const MAX: Self = Self { memory_kib: 1024 * 1024, passes: 32, lanes: 8 };
    /// The least that Argon2 itself can compute with.
    const MIN_MEMORY_PER_LANE_KIB: u32 = 8;

    /// Whether a new slot would cost more to try.
    pub fn is_weak(self) -> bool {
        self.memory_kib < Self::DEFAULT.memory_kib || self.passes < Self::DEFAULT.passes
    }

    /// Whether a file may ask for this cost.
    pub fn is_acceptable(self) -> bool {
        (1..=Self::MAX.passes).contains(&self.passes)
            && (1..=Self::MAX.lanes).contains(&self.lanes)
            && self.memory_kib >= self.lanes * Self::MIN_MEMORY_PER_LANE_KIB
            && self.memory_kib <= Self::MAX.memory_kib
    }
}

/// The key that a passphrase yields with this salt and cost; `None` when the cost is not acceptable.
pub(super) fn stretch_passphrase(passphrase: &str, salt: &[u8; 32], cost: Argon2Cost) -> Option<Zeroizing<[u8; 32]>> {
    if !cost.is_acceptable() {
        return None;
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).ok()?;
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, out.as_mut_slice())
        .ok()?;
    Some(out)
}

/// A key for one purpose from a key that is already random.
pub(super) fn derive(key: &[u8; 32], salt: &[u8], purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand(purpose.as_bytes(), out.as_mut_slice())
        .expect("32 bytes are within what HKDF can give");
    out
}

fn checksum(key: &[u8; 32]) -> [u8; CHECKSUM_LEN] {
    let mut input = Zeroizing::new([0u8; KEY_TEXT_PREFIX.len() + 32]);
    input[..KEY_TEXT_PREFIX.len()].copy_from_slice(KEY_TEXT_PREFIX.as_bytes());
    input[KEY_TEXT_PREFIX.len()..].copy_from_slice(key);
    let mut digest = sha256(input.as_slice());
    let out = [digest[0], digest[1], digest[2]];
    digest.zeroize();
    out
}

fn five_bits(bytes: &[u8], n: usize) -> u8 {
    (0..5).fold(0, |value, bit| {
        let at = n * 5 + bit;
        value << 1 | (bytes[at / 8] >> (7 - at % 8)) & 1
    })
}

fn put_five_bits(bytes: &mut [u8], n: usize, value: u8) {
    for bit in 0..5 {
        let at = n * 5 + bit;
        bytes[at / 8] |= ((value >> (4 - bit)) & 1) << (7 - at % 8);
    }
}

/// Reads one character; the three digits that the alphabet lacks are taken for the letters they resemble.
fn value_of(c: char) -> Option<u8> {
    let c = match c {
        '0' => 'O',
        '1' => 'I',
        '8' => 'B',
        other => other,
    };
    ALPHABET.iter().position(|a| char::from(*a) == c).and_then(|n| u8::try_from(n).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_from_its_text_however_it_was_copied() {
        for seed in 0..50 {
            let key = generate_key_file(&Entropy::seeded(seed));
            let text = key_to_text(&key);
            assert_eq!(*key_from_text(&text).unwrap(), *key);
            let relaxed = format!("  {}\r\n", text.to_lowercase().replace('O', "0"));
            assert_eq!(*key_from_text(&relaxed).unwrap(), *key);
        }
    }

    #[test]
    fn a_mistyped_or_cut_key_is_told_apart_from_a_wrong_one() {
        let text = key_to_text(&generate_key_file(&Entropy::seeded(9)));
        for at in KEY_TEXT_PREFIX.len() + 1..text.len() {
            if text.as_bytes()[at] == b'-' {
                continue;
            }
            let mut wrong = text.as_bytes().to_vec();
            wrong[at] = if wrong[at] == b'A' { b'C' } else { b'A' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert_eq!(key_from_text(&wrong).unwrap_err(), KeyTextError::Mistyped, "{at}");
        }
        for length in 1..text.len() {
            let error = key_from_text(&text[..length]).unwrap_err();
            assert!(matches!(error, KeyTextError::WrongLength { .. }), "{length}: {error:?}");
        }
        assert_eq!(key_from_text("").unwrap_err(), KeyTextError::NotAKey);
        assert_eq!(key_from_text("AGE-SECRET-KEY-1XYZ").unwrap_err(), KeyTextError::NotAKey);
        assert_eq!(key_from_text("COUNTERFOIL-KEY-2-AAAA").unwrap_err(), KeyTextError::NewerVersion);
        assert_eq!(key_from_text(&format!("{}é", text.as_str())).unwrap_err(), KeyTextError::WrongLength { found: 57 });
    }

    #[test]
    fn a_cost_beyond_the_cap_is_never_computed() {
        let costs = [(u32::MAX, 1, 1), (64, u32::MAX, 1), (64, 1, u32::MAX), (0, 0, 0), (7, 1, 1), (1 << 20, 1, 9)];
        for (memory_kib, passes, lanes) in costs {
            assert!(stretch_passphrase("a", &[0; 32], Argon2Cost { memory_kib, passes, lanes }).is_none());
        }
        assert!(stretch_passphrase("a", &[0; 32], Argon2Cost { memory_kib: 8, passes: 1, lanes: 1 }).is_some());
    }
}
