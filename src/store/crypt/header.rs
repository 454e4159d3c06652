//! The key header: which keys open the file. Kept twice; sealed with a code that only the data key yields.
//!
//! Knows nothing of blocks or of redb.

use zeroize::Zeroizing;

use super::{
    age_slot,
    cipher::{Cipher, DataKey, Sealer},
    error::OpenError,
    layout::{BLOCK_LEN, DATA_START, FORMAT_VERSION, KEY_HEADER_LEN, STRIDE},
};
use crate::{
    secrets::{Entropy, hmac_sha256, same_secret},
    store::keys::{self, Argon2Cost, Secret},
};

const MAGIC: [u8; 8] = *b"RDBENC\x1a\n";
/// Places for keys in one header.
pub const SLOT_COUNT: usize = 7;
const SLOTS_START: usize = 64;
const SLOT_LEN: usize = 512;
const MAC_START: usize = KEY_HEADER_LEN - 32;
const WRAP_LABEL: &[u8] = b"redb-enc/v1/slot";
/// The part of a slot that is bound to its wrapped key: kind, cost, salt.
const SLOT_BOUND: usize = 48;
const WRAPPED_START: usize = 48;
const WRAPPED_LEN: usize = 24 + 16 + 32;
/// Length and place of the age file that holds the wrapping key of an age slot.
const AGE_LEN_AT: usize = 120;
const AGE_START: usize = 128;
const AGE_MAX: usize = SLOT_LEN - AGE_START;

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// Nothing.
    Empty,
    /// A passphrase, with what it costs to try one.
    Passphrase(Argon2Cost),
    /// An age X25519 recipient.
    Age,
    /// A key file.
    KeyFile,
}

/// Why bytes are no key header of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// They do not begin like one.
    NotOurs,
    /// A later version.
    Newer(u32),
    /// Sealed with a cipher of this number, which only a newer version knows.
    NewerCipher(u8),
    /// They begin like one, and hold values that are never written.
    Malformed(&'static str),
}

/// A key header as read: well-formed, and not yet proved authentic.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyHeader {
    pub(super) generation: u64,
    pub(super) file_id: [u8; 16],
    pub(super) cipher: Cipher,
    pub(super) slots: [Slot; SLOT_COUNT],
    bytes: Box<[u8; KEY_HEADER_LEN]>,
}

impl std::fmt::Debug for KeyHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyHeader").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// Reads one copy of the key header. Pure, and total: any bytes give a header or a reason.
///
/// # Errors
/// See [`HeaderError`].
pub fn parse_key_header(bytes: &[u8]) -> Result<KeyHeader, HeaderError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(HeaderError::NotOurs);
    }
    let bytes: &[u8; KEY_HEADER_LEN] =
        bytes.first_chunk().ok_or(HeaderError::Malformed("the key header is cut short"))?;
    let version = u32_at(bytes, 8);
    if version > FORMAT_VERSION {
        return Err(HeaderError::Newer(version));
    }
    let sizes = [version, u32_at(bytes, 12), u32_at(bytes, 44), u32_at(bytes, 56)];
    if sizes != [FORMAT_VERSION, KEY_HEADER_LEN as u32, BLOCK_LEN as u32, STRIDE as u32]
        || u64_at(bytes, 48) != DATA_START
        || usize::from(bytes[41]) != SLOT_COUNT
    {
        return Err(HeaderError::Malformed("the key header has impossible sizes"));
    }
    let cipher = Cipher::from_id(bytes[40]).ok_or(HeaderError::NewerCipher(bytes[40]))?;
    let mut slots = [Slot::EMPTY; SLOT_COUNT];
    for (slot, raw) in slots.iter_mut().zip(bytes[SLOTS_START..].chunks_exact(SLOT_LEN)) {
        slot.raw.copy_from_slice(raw);
        slot.kind().ok_or(HeaderError::Malformed("a key slot holds impossible values"))?;
    }
    Ok(KeyHeader {
        generation: u64_at(bytes, 16),
        file_id: array_at(bytes, 24),
        cipher,
        slots,
        bytes: Box::new(*bytes),
    })
}

impl KeyHeader {
    /// A header of a new file, with a slot for each secret.
    pub(super) fn create(
        secrets: &[Secret],
        cipher: Cipher,
        key: &DataKey,
        entropy: &Entropy,
    ) -> Result<Self, OpenError> {
        if secrets.is_empty() {
            return Err(OpenError::LastSlot);
        }
        let empty = Box::new([0; KEY_HEADER_LEN]);
        let (file_id, slots) = (entropy.bytes(), [Slot::EMPTY; SLOT_COUNT]);
        let mut header = Self { generation: 0, file_id, cipher, slots, bytes: empty };
        for secret in secrets {
            header.add(secret, key, entropy)?;
        }
        Ok(header.next(key))
    }

    /// The slots as they are now, as the next generation, sealed.
    pub(super) fn next(mut self, key: &DataKey) -> Self {
        self.generation += 1;
        let bytes = &mut *self.bytes;
        bytes.fill(0);
        bytes[..8].copy_from_slice(&MAGIC);
        put(bytes, 8, &FORMAT_VERSION.to_le_bytes());
        put(bytes, 12, &(KEY_HEADER_LEN as u32).to_le_bytes());
        put(bytes, 16, &self.generation.to_le_bytes());
        put(bytes, 24, &self.file_id);
        bytes[40] = self.cipher.id();
        bytes[41] = SLOT_COUNT as u8;
        put(bytes, 44, &(BLOCK_LEN as u32).to_le_bytes());
        put(bytes, 48, &DATA_START.to_le_bytes());
        put(bytes, 56, &(STRIDE as u32).to_le_bytes());
        for (slot, raw) in self.slots.iter().zip(bytes[SLOTS_START..].chunks_exact_mut(SLOT_LEN)) {
            raw.copy_from_slice(&slot.raw);
        }
        let mac = mac_of(bytes, &self.file_id, key);
        put(bytes, MAC_START, &mac);
        self
    }

    /// The sealed bytes, as they lie in the file.
    pub(super) fn bytes(&self) -> &[u8; KEY_HEADER_LEN] {
        &self.bytes
    }

    /// Puts a secret into the first free slot; its number.
    pub(super) fn add(&mut self, secret: &Secret, key: &DataKey, entropy: &Entropy) -> Result<usize, OpenError> {
        let free = self.slots.iter().position(|slot| slot.kind() == Some(SlotKind::Empty));
        let index = free.ok_or(OpenError::NoFreeSlot)?;
        self.slots[index] = Slot::wrap(secret, key, &self.file_id, entropy)?;
        Ok(index)
    }

    /// The data key and the slot that yielded it, if this secret opens one.
    pub(super) fn unwrap(&self, secret: &Secret) -> Option<(DataKey, usize)> {
        self.slots.iter().enumerate().find_map(|(n, slot)| Some((slot.unwrap(secret, &self.file_id)?, n)))
    }

    /// Whether slot `index` holds a key.
    pub(super) fn is_taken(&self, index: usize) -> bool {
        self.slots.get(index).is_some_and(|slot| slot.kind() != Some(SlotKind::Empty))
    }

    /// Whether the whole header is as it was written by someone with the data key.
    pub(super) fn is_authentic(&self, key: &DataKey) -> bool {
        same_secret(&mac_of(&self.bytes, &self.file_id, key), &self.bytes[MAC_START..])
    }
}

/// One place for a key, as it lies in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    raw: [u8; SLOT_LEN],
}

impl Slot {
    pub(super) const EMPTY: Self = Self { raw: [0; SLOT_LEN] };

    /// What the slot holds; `None` for values that are never written.
    pub(super) fn kind(&self) -> Option<SlotKind> {
        match self.raw[0] {
            0 => Some(SlotKind::Empty),
            1 => {
                let cost = Argon2Cost {
                    memory_kib: u32_at(&self.raw, 4),
                    passes: u32_at(&self.raw, 8),
                    lanes: u32_at(&self.raw, 12),
                };
                cost.is_acceptable().then_some(SlotKind::Passphrase(cost))
            }
            2 => Some(SlotKind::Age),
            3 => Some(SlotKind::KeyFile),
            _ => None,
        }
    }

    pub(super) fn wrap(
        secret: &Secret,
        key: &DataKey,
        file_id: &[u8; 16],
        entropy: &Entropy,
    ) -> Result<Self, OpenError> {
        let mut raw = [0; SLOT_LEN];
        match secret {
            Secret::Passphrase(_) => {
                let cost = Argon2Cost::DEFAULT;
                raw[0] = 1;
                put(&mut raw, 4, &cost.memory_kib.to_le_bytes());
                put(&mut raw, 8, &cost.passes.to_le_bytes());
                put(&mut raw, 12, &cost.lanes.to_le_bytes());
            }
            Secret::KeyFile(_) => raw[0] = 3,
            Secret::AgeIdentity(_) | Secret::AgeRecipient(_) => raw[0] = 2,
        }
        entropy.fill(&mut raw[16..SLOT_BOUND]);
        let mut slot = Self { raw };
        let wrapping = match secret {
            Secret::AgeIdentity(identity) => slot.put_age(&identity.to_public(), entropy)?,
            Secret::AgeRecipient(recipient) => slot.put_age(recipient, entropy)?,
            Secret::Passphrase(_) | Secret::KeyFile(_) => slot.wrapping_key(secret).ok_or_else(|| {
                OpenError::Io(std::io::Error::other("there is too little memory to stretch a passphrase"))
            })?,
        };
        let aad = slot.aad(file_id);
        let sealer = Sealer::new(Cipher::XChaCha20Poly1305, &wrapping);
        let wrapped = &mut slot.raw[WRAPPED_START..WRAPPED_START + WRAPPED_LEN];
        sealer.seal(entropy, &aad, key.0.as_slice(), wrapped)?;
        Ok(slot)
    }

    fn unwrap(&self, secret: &Secret, file_id: &[u8; 16]) -> Option<DataKey> {
        let wrapping = self.wrapping_key(secret)?;
        let mut key = Zeroizing::new([0; 32]);
        let wrapped = &self.raw[WRAPPED_START..WRAPPED_START + WRAPPED_LEN];
        let sealer = Sealer::new(Cipher::XChaCha20Poly1305, &wrapping);
        sealer.open(&self.aad(file_id), wrapped, key.as_mut_slice()).ok()?;
        Some(DataKey(key))
    }

    /// The key that wraps the data key here; `None` when the secret is of another kind.
    fn wrapping_key(&self, secret: &Secret) -> Option<Zeroizing<[u8; 32]>> {
        let salt: [u8; 32] = array_at(&self.raw, 16);
        match (self.kind()?, secret) {
            (SlotKind::Passphrase(cost), Secret::Passphrase(text)) => keys::stretch_passphrase(text, &salt, cost),
            (SlotKind::KeyFile, Secret::KeyFile(key)) => Some(keys::derive(key, &salt, "redb-enc/v1/key-file")),
            (SlotKind::Age, Secret::AgeIdentity(identity)) => age_slot::open(self.age_file()?, identity),
            _ => None,
        }
    }

    /// Draws a wrapping key and puts it here, encrypted to `recipient`.
    fn put_age(
        &mut self,
        recipient: &age::x25519::Recipient,
        entropy: &Entropy,
    ) -> Result<Zeroizing<[u8; 32]>, OpenError> {
        let key = keys::generate_key_file(entropy);
        let file = age_slot::seal(&key, recipient, AGE_MAX)?;
        let length = u16::try_from(file.len()).unwrap_or(u16::MAX);
        put(&mut self.raw, AGE_LEN_AT, &length.to_le_bytes());
        put(&mut self.raw, AGE_START, &file);
        Ok(key)
    }

    /// The age file that holds the wrapping key; `None` for an impossible length.
    fn age_file(&self) -> Option<&[u8]> {
        let length = u16::from_le_bytes(array_at(&self.raw, AGE_LEN_AT));
        self.raw[AGE_START..].get(..usize::from(length))
    }

    fn aad(&self, file_id: &[u8; 16]) -> Vec<u8> {
        [WRAP_LABEL, file_id, &self.raw[..SLOT_BOUND]].concat()
    }
}

fn mac_of(bytes: &[u8; KEY_HEADER_LEN], file_id: &[u8; 16], key: &DataKey) -> [u8; 32] {
    hmac_sha256(key.subkey(file_id, "header-mac").as_slice(), &bytes[..MAC_START])
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}
