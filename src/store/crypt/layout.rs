//! Where things lie in the file. Little endian throughout; ARCHITECTURE.md has the table.

/// The version this program writes, and the latest it reads.
pub(super) const FORMAT_VERSION: u32 = 1;
/// One copy of the key header; the copies lie at 0 and 4096.
pub(super) const KEY_HEADER_LEN: usize = 4096;
/// One copy of the superblock; the copies lie at 8192 and 12288.
pub(super) const SUPERBLOCK_LEN: usize = 4096;
/// Where block 0 would lie. Block 0 itself lives in the superblock, and its place is a hole.
pub(super) const DATA_START: u64 = 16_384;
/// A block is a page of redb: it never reads or writes less, so no block is ever partly rewritten.
pub(super) const BLOCK_LEN: usize = 4096;
/// A block with its nonce and tag, rounded up so that neighbours share no 512-byte sector.
pub(super) const STRIDE: usize = 4608;

/// Where a copy of the key header begins.
pub(super) fn key_header_at(copy: usize) -> u64 {
    (copy * KEY_HEADER_LEN) as u64
}

/// Where a copy of the superblock begins.
pub(super) fn superblock_at(copy: usize) -> u64 {
    (2 * KEY_HEADER_LEN + copy * SUPERBLOCK_LEN) as u64
}

/// Where a block begins; `None` beyond what a file can hold.
pub(super) fn block_at(index: u64) -> Option<u64> {
    index.checked_mul(STRIDE as u64)?.checked_add(DATA_START)
}

/// The file's length when redb sees `logical` bytes, which is a whole number of blocks.
pub(super) fn physical_len(logical: u64) -> Option<u64> {
    block_at(logical / BLOCK_LEN as u64)
}

/// The engine's pages in a file that it sees as `logical` bytes long.
pub fn pages_in(logical: u64) -> u64 {
    logical / BLOCK_LEN as u64
}

/// The length of a file with so many pages, in bytes.
pub fn file_len(pages: u64) -> u64 {
    block_at(pages).unwrap_or(u64::MAX)
}
