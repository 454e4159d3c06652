//! The superblock: redb's own header and the file's length, the only bytes that are overwritten in place. Kept twice.
//!
//! Knows the few bytes of redb's header that decide the order of writing; nothing of keys in slots.

use std::io;

use super::{
    cipher::Sealer,
    layout::{BLOCK_LEN, SUPERBLOCK_LEN},
};
use crate::secrets::Entropy;

const MAGIC: [u8; 8] = *b"RDBESUP1";
const SEALED_START: usize = 16;
/// The bytes of block 0 that redb uses (it writes 320), with room to grow.
pub(super) const HEAD_LEN: usize = 1024;
const PLAIN_LEN: usize = 16 + HEAD_LEN;

// redb 4.5, page_store/header.rs.
const REDB_MAGIC: [u8; 9] = [b'r', b'e', b'd', b'b', 0x1A, 0x0A, 0xA9, 0x0D, 0x0A];
const GOD_BYTE: usize = 9;
const PRIMARY_BIT: u8 = 1;
const RECOVERY_REQUIRED: u8 = 2;
const COMMIT_SLOTS_START: usize = 64;
const COMMIT_SLOT_LEN: usize = 128;

/// The first bytes of redb's block 0.
pub(super) type Head = [u8; HEAD_LEN];

/// A superblock's contents.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Superblock {
    /// Rises by one with every superblock written.
    pub(super) seq: u64,
    /// The length that redb sees, in bytes.
    pub(super) len: u64,
    pub(super) head: Head,
}

/// The outer form of a superblock: its sequence number and the sealed rest. Pure, and total.
pub fn parse_superblock(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let bytes: &[u8; SUPERBLOCK_LEN] = bytes.first_chunk()?;
    let seq = bytes[8..].first_chunk().map(|seq| u64::from_le_bytes(*seq))?;
    (bytes[..8] == MAGIC).then_some((seq, &bytes[SEALED_START..]))
}

impl Superblock {
    /// The superblock of a file that redb has not initialised yet.
    pub(super) fn blank() -> Self {
        Self { seq: 1, len: 0, head: [0; HEAD_LEN] }
    }

    /// Reads a copy; `None` when it is not authentic.
    pub(super) fn open(bytes: &[u8], copy: usize, sealer: &Sealer, file_id: &[u8; 16]) -> Option<Self> {
        let (seq, sealed) = parse_superblock(bytes)?;
        let mut plain = [0; PLAIN_LEN];
        let sealed = &sealed[..sealer.overhead() + PLAIN_LEN];
        sealer.open(&aad(file_id, copy, seq), sealed, &mut plain).ok()?;
        let len = plain.first_chunk().map(|len| u64::from_le_bytes(*len))?;
        let head = *plain[16..].first_chunk()?;
        (len % BLOCK_LEN as u64 == 0).then_some(Self { seq, len, head })
    }

    /// The bytes of a copy.
    pub(super) fn seal(
        &self,
        copy: usize,
        sealer: &Sealer,
        file_id: &[u8; 16],
        entropy: &Entropy,
    ) -> io::Result<[u8; SUPERBLOCK_LEN]> {
        let mut out = [0; SUPERBLOCK_LEN];
        out[..8].copy_from_slice(&MAGIC);
        out[8..16].copy_from_slice(&self.seq.to_le_bytes());
        let mut plain = [0; PLAIN_LEN];
        plain[..8].copy_from_slice(&self.len.to_le_bytes());
        plain[16..].copy_from_slice(&self.head);
        let sealed = &mut out[SEALED_START..SEALED_START + sealer.overhead() + PLAIN_LEN];
        sealer.seal(entropy, &aad(file_id, copy, self.seq), &plain, sealed)?;
        Ok(out)
    }

    /// Whether redb has initialised the file. One it has not would be taken for an empty database.
    pub(super) fn is_initialised(&self) -> bool {
        self.len > 0 && self.head.starts_with(&REDB_MAGIC)
    }

    /// Whether redb did not close the file.
    pub(super) fn is_unclean(&self) -> bool {
        self.head[GOD_BYTE] & RECOVERY_REQUIRED != 0
    }
}

/// Whether `pending` differs from `durable` in the commit slot that nobody reads yet, and nowhere else: the first half
/// of a two-phase commit, which need not reach the disk before the second.
pub(super) fn differs_only_in_unread_slot(durable: &Head, pending: &Head) -> bool {
    let unread = usize::from(durable[GOD_BYTE] & PRIMARY_BIT == 0);
    let start = COMMIT_SLOTS_START + unread * COMMIT_SLOT_LEN;
    let end = start + COMMIT_SLOT_LEN;
    durable[..start] == pending[..start] && durable[end..] == pending[end..]
}

fn aad(file_id: &[u8; 16], copy: usize, seq: u64) -> [u8; 40] {
    let mut out = [0; 40];
    out[..8].copy_from_slice(&MAGIC);
    out[8..24].copy_from_slice(file_id);
    out[24..32].copy_from_slice(&(copy as u64).to_le_bytes());
    out[32..].copy_from_slice(&seq.to_le_bytes());
    out
}
