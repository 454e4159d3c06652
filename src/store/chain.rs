//! The links of the activity log.
//!
//! Entry *n*, stored as the bytes *eₙ*, has
//!
//! - a key *kₙ* = HMAC-SHA-256(chain key, `entry` ‖ *n*),
//! - a commitment *cₙ* = HMAC-SHA-256(*kₙ*, *eₙ*),
//! - a link *lₙ* = SHA-256(`counterfoil-link-1` ‖ *n* ‖ *lₙ₋₁* ‖ *lₛ* ‖ *cₙ*), with *s* = *n* without its lowest
//!   one bit;
//!
//! *n* is eight bytes, big endian, and *l₀* is zeros. Nobody without the chain key can make a link; whoever is shown
//! *kₙ* and *eₙ* can check entry *n* and no other; the second link back makes the way from any entry to the head short.
//! The head is sealed with HMAC-SHA-256(chain key, `head` ‖ count ‖ link): it can't be put back without the key.
//!
//! Must not know what an entry says.

use redb::ReadableTable;
use zeroize::Zeroizing;

use super::error::StoreError;
use super::records::Record;
use super::tables::{EVENTS, META};
use super::tx::{Reader, WriteTx};
use crate::domain::anchor::Anchor;
use crate::domain::event::LogEntry;
use crate::secrets::{Entropy, hmac_sha256, same_secret, sha256};

const CHAIN_KEY: &str = "chain-key";
const SIGNING_KEY: &str = "signing-key";
const HEAD: &str = "chain";
/// The link before the first.
pub const START: [u8; 32] = [0; 32];

/// The secrets of a house's evidence, drawn when it is set up. They stay in the data file and its backups.
#[derive(Clone)]
pub struct EvidenceKeys {
    chain: Zeroizing<[u8; 32]>,
    signing: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for EvidenceKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EvidenceKeys(***)")
    }
}

impl EvidenceKeys {
    /// Draws new ones.
    pub fn draw(entropy: &Entropy) -> Self {
        Self { chain: Zeroizing::new(entropy.bytes()), signing: Zeroizing::new(entropy.bytes()) }
    }
}

/// What links are keyed with.
pub struct ChainKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainKey(***)")
    }
}

impl ChainKey {
    /// The key of one entry, which opens nothing else.
    pub fn of_entry(&self, sequence: u64) -> [u8; 32] {
        hmac_sha256(&self.0[..], &[b"entry".as_slice(), &sequence.to_be_bytes()].concat())
    }

    /// The commitment to an entry's stored bytes.
    pub fn commit(&self, sequence: u64, stored: &[u8]) -> [u8; 32] {
        commitment(&self.of_entry(sequence), stored)
    }

    /// A key that names the pieces of incremental backups, and tells nothing of the others.
    pub fn of_backups(&self) -> [u8; 32] {
        hmac_sha256(&self.0[..], b"backups")
    }

    fn seal(&self, head: &Anchor) -> [u8; 32] {
        hmac_sha256(&self.0[..], &[b"head".as_slice(), &head.count.to_be_bytes(), &head.link].concat())
    }
}

/// The commitment to an entry's stored bytes under its own key.
pub fn commitment(entry_key: &[u8; 32], stored: &[u8]) -> [u8; 32] {
    hmac_sha256(entry_key, stored)
}

/// The earlier entry that entry `sequence` also links to: without its lowest one bit.
pub fn skip(sequence: u64) -> u64 {
    sequence & sequence.wrapping_sub(1)
}

/// The link of an entry.
pub fn link(sequence: u64, previous: &[u8; 32], skipped: &[u8; 32], commitment: &[u8; 32]) -> [u8; 32] {
    let parts = [b"counterfoil-link-1".as_slice(), &sequence.to_be_bytes(), previous, skipped, commitment];
    sha256(&parts.concat())
}

/// Reading the chain.
pub trait ChainReads: Reader {
    /// The log as it stands.
    ///
    /// # Errors
    /// When the file can't be read or the head is broken.
    fn anchor(&self) -> Result<Anchor, StoreError> {
        Ok(stored_head(self)?.map_or(Anchor { count: 0, link: START }, |(head, _)| head))
    }

    /// The link of entry `sequence`, at most the head's.
    ///
    /// # Errors
    /// When the file can't be read or lacks the entry.
    fn link_of(&self, sequence: u64, head: &Anchor) -> Result<[u8; 32], StoreError>
    where
        Self: Sized,
    {
        match sequence {
            0 => Ok(START),
            n if n == head.count => Ok(head.link),
            n => previous_in(&self.table(EVENTS)?, n + 1),
        }
    }

    /// The key of the chain.
    ///
    /// # Errors
    /// When the file can't be read or was never set up.
    fn chain_key(&self) -> Result<ChainKey, StoreError> {
        secret(self, CHAIN_KEY).map(ChainKey)
    }

    /// The seed of the firm's Ed25519 key.
    ///
    /// # Errors
    /// When the file can't be read or was never set up.
    fn signing_seed(&self) -> Result<Zeroizing<[u8; 32]>, StoreError> {
        secret(self, SIGNING_KEY)
    }

    /// Whether the head's seal is that of whoever has the key.
    ///
    /// # Errors
    /// When the file can't be read or was never set up.
    fn head_is_sealed(&self) -> Result<bool, StoreError> {
        let Some((head, seal)) = stored_head(self)? else { return Ok(true) };
        Ok(same_secret(&seal, &self.chain_key()?.seal(&head)))
    }
}

impl<T: Reader + ?Sized> ChainReads for T {}

fn secret<R: Reader + ?Sized>(reader: &R, name: &str) -> Result<Zeroizing<[u8; 32]>, StoreError> {
    let broken = || StoreError::Broken(format!("it holds no {name}; a data file gets one when it is set up"));
    let table = reader.table(META)?;
    let key = table.get(name)?.ok_or_else(broken)?;
    key.value().try_into().map(Zeroizing::new).map_err(|_| broken())
}

fn stored_head<R: Reader + ?Sized>(reader: &R) -> Result<Option<(Anchor, [u8; 32])>, StoreError> {
    let table = reader.table(META)?;
    let Some(head) = table.get(HEAD)? else { return Ok(None) };
    let parts = |bytes: &[u8]| {
        let (count, rest) = bytes.split_first_chunk()?;
        let (link, seal) = rest.split_first_chunk()?;
        Some((Anchor { count: u64::from_be_bytes(*count), link: *link }, seal.try_into().ok()?))
    };
    let broken = || StoreError::Broken("the head of the activity chain is not 72 bytes".to_owned());
    parts(head.value()).map(Some).ok_or_else(broken)
}

/// The link that entry `sequence` carries of the one before.
fn previous_in(events: &impl ReadableTable<u64, &'static [u8]>, sequence: u64) -> Result<[u8; 32], StoreError> {
    let missing = || StoreError::Broken(format!("log entry {sequence} is missing"));
    Ok(LogEntry::decode(events.get(sequence)?.ok_or_else(missing)?.value())?.previous)
}

/// Appends to the chain, keeping its head in memory until [`WriteTx::end_chain`].
pub(super) struct Tip {
    key: ChainKey,
    head: Anchor,
}

impl Tip {
    /// Sequence and previous link of the entry to come.
    pub fn next(&self) -> (u64, [u8; 32]) {
        (self.head.count + 1, self.head.link)
    }

    /// Links the entry whose bytes are stored next; `events` holds all before it.
    pub fn push(&mut self, events: &impl ReadableTable<u64, &'static [u8]>, stored: &[u8]) -> Result<(), StoreError> {
        let (sequence, previous) = self.next();
        let skipped = match skip(sequence) {
            0 => START,
            s if s == self.head.count => self.head.link,
            s => previous_in(events, s + 1)?,
        };
        let link = link(sequence, &previous, &skipped, &self.key.commit(sequence, stored));
        self.head = Anchor { count: sequence, link };
        Ok(())
    }
}

impl WriteTx<'_> {
    /// Keeps the secrets of a new house's evidence.
    pub fn put_evidence_keys(&mut self, keys: &EvidenceKeys) -> Result<(), StoreError> {
        let mut table = self.change(META)?;
        table.insert(CHAIN_KEY, keys.chain.as_slice())?;
        table.insert(SIGNING_KEY, keys.signing.as_slice())?;
        Ok(())
    }

    pub(super) fn chain_tip(&self) -> Result<Tip, StoreError> {
        Ok(Tip { key: self.chain_key()?, head: self.anchor()? })
    }

    pub(super) fn end_chain(&mut self, tip: &Tip) -> Result<(), StoreError> {
        let head = [tip.head.count.to_be_bytes().as_slice(), &tip.head.link, &tip.key.seal(&tip.head)].concat();
        self.change(META)?.insert(HEAD, head.as_slice())?;
        Ok(())
    }
}

/// Reckons every link again from what is stored, in order.
#[derive(Debug)]
pub(super) struct Walk {
    key: ChainKey,
    /// The last entry read and its link.
    pub at: Anchor,
    /// The latest link by how many zero bits its sequence ends with.
    latest: [[u8; 32]; 64],
}

impl Walk {
    pub fn new(key: ChainKey) -> Self {
        Self { key, at: Anchor { count: 0, link: START }, latest: [START; 64] }
    }

    /// Takes the next entry's stored bytes; whether it stands in its place and carries the link of the one before.
    pub fn take(&mut self, place: u64, stored: &[u8]) -> Result<bool, StoreError> {
        let entry = LogEntry::decode(stored)?;
        let sequence = self.at.count + 1;
        let holds = place == sequence && entry.sequence == sequence && entry.previous == self.at.link;
        let skipped = match skip(sequence) {
            0 => START,
            s => self.latest[s.trailing_zeros() as usize],
        };
        let link = link(sequence, &self.at.link, &skipped, &self.key.commit(sequence, stored));
        self.latest[sequence.trailing_zeros() as usize] = link;
        self.at = Anchor { count: sequence, link };
        Ok(holds)
    }
}
