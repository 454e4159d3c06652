//! The encrypting backend: blocks sealed one by one, and the order of writing that keeps the last commit whole.
//!
//! Each superblock follows the data it speaks of: data, fsync, copy 0, fsync, copy 1. So bytes that do not
//! authenticate are never the trace of a crash, and always damage. Knows nothing of passphrases or paths.

use std::{
    cell::RefCell,
    fmt, io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use super::{
    cipher::{Cipher, DataKey, Sealer},
    disk::{Disk, FileDisk},
    layout::{BLOCK_LEN, STRIDE, block_at, physical_len, superblock_at},
    superblock::{HEAD_LEN, Head, Superblock, differs_only_in_unread_slot},
};
use crate::secrets::Entropy;

/// Blocks that are read at once: what is sealed stays in the processor's near cache until it is opened.
const WINDOW: usize = 16;

thread_local! {
    /// Blocks as they come from the disk, sealed; never anything else. Kept, since a new one would be cleared first.
    static SEALED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// redb's storage, encrypted.
pub struct EncryptedFile<D: Disk = FileDisk> {
    disk: D,
    entropy: Entropy,
    file_id: [u8; 16],
    blocks: Sealer,
    supers: Sealer,
    /// The length that redb sees.
    len: AtomicU64,
    /// Block 0 as redb last wrote it.
    pending: Mutex<Head>,
    /// The superblock that lasts. Held while one is written, so that superblocks are written one after another.
    durable: Mutex<Superblock>,
    /// Whether anything was written since the last fsync.
    unsynced: AtomicBool,
    /// Whether a write of a superblock or an fsync failed: what the disk holds is then unknown, and nothing more is
    /// written. Asking again after a failed fsync would get a false yes.
    failed: AtomicBool,
}

impl<D: Disk> fmt::Debug for EncryptedFile<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedFile").field("disk", &self.disk).finish_non_exhaustive()
    }
}

/// What both superblocks and blocks are sealed with.
pub(super) struct Keys {
    pub(super) file_id: [u8; 16],
    pub(super) blocks: Sealer,
    pub(super) supers: Sealer,
}

impl Keys {
    pub(super) fn new(cipher: Cipher, key: &DataKey, file_id: [u8; 16]) -> Self {
        let blocks = Sealer::new(cipher, &key.subkey(&file_id, "block"));
        let supers = Sealer::new(cipher, &key.subkey(&file_id, "super"));
        Self { file_id, blocks, supers }
    }
}

impl<D: Disk> EncryptedFile<D> {
    /// `durable` is what both superblocks hold.
    pub(super) fn new(disk: D, keys: Keys, durable: Superblock, entropy: Entropy) -> Self {
        let Keys { file_id, blocks, supers } = keys;
        Self {
            disk,
            entropy,
            file_id,
            blocks,
            supers,
            len: AtomicU64::new(durable.len),
            pending: Mutex::new(durable.head),
            durable: Mutex::new(durable),
            unsynced: AtomicBool::new(true),
            failed: AtomicBool::new(false),
        }
    }

    /// Forgets what was written since the last commit, so that redb can be started anew on what that commit left.
    ///
    /// # Errors
    /// After a failed fsync or superblock: what the disk holds is then unknown.
    pub(in crate::store) fn back_to_last_commit(&self) -> io::Result<()> {
        let durable = lock(&self.durable);
        self.check()?;
        *lock(&self.pending) = durable.head;
        self.len.store(durable.len, Ordering::Release);
        self.unsynced.store(true, Ordering::Release);
        Ok(())
    }

    /// Bytes that may still be written; `None` where nobody knows.
    ///
    /// # Errors
    /// As the operating system reports.
    pub(in crate::store) fn disk_room(&self) -> io::Result<Option<u64>> {
        self.disk.room()
    }

    fn check(&self) -> io::Result<()> {
        if self.failed.load(Ordering::Acquire) {
            return Err(io::Error::other("the data file failed earlier and is closed to writing until it is reopened"));
        }
        Ok(())
    }

    /// Passes a result on, and closes the file to writing if it is an error.
    fn latch<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.failed.store(true, Ordering::Release);
        }
        result
    }

    fn flush(&self) -> io::Result<()> {
        if self.unsynced.swap(false, Ordering::AcqRel) {
            self.latch(self.disk.sync())?;
        }
        Ok(())
    }

    /// Makes `head` and `len` what the file holds. All data they speak of must have been synced.
    fn write_superblock(&self, durable: &mut Superblock, head: Head, len: u64) -> io::Result<()> {
        let next = Superblock { seq: durable.seq + 1, len, head };
        self.latch(self.write_copy(&next, 0))?;
        self.latch(self.disk.sync())?;
        *durable = next;
        // Not waited for: `unsynced` has it synced before copy 0 changes again.
        let second = self.latch(self.write_copy(durable, 1));
        self.unsynced.store(true, Ordering::Release);
        second
    }

    fn write_copy(&self, superblock: &Superblock, copy: usize) -> io::Result<()> {
        let bytes = superblock.seal(copy, &self.supers, &self.file_id, &self.entropy)?;
        self.disk.write_at(superblock_at(copy), &bytes)
    }

    /// Refuses places beyond the end.
    fn bounds(&self, offset: u64, len: usize) -> io::Result<()> {
        let end = offset.checked_add(len as u64);
        if end.is_none_or(|end| end > self.len.load(Ordering::Acquire)) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "this place lies beyond the end of the data"));
        }
        Ok(())
    }

    fn read_head(&self, offset: usize, out: &mut [u8]) {
        let head = lock(&self.pending);
        for (n, byte) in out.iter_mut().enumerate() {
            *byte = head.get(offset + n).copied().unwrap_or(0);
        }
    }

    /// Reads whole blocks. On failure `out` is all zeros.
    fn read_blocks(&self, first: u64, out: &mut [u8]) -> io::Result<()> {
        if out.len() == BLOCK_LEN {
            return self.read_block(first, out);
        }
        let result = SEALED.with_borrow_mut(|sealed| {
            sealed.resize(WINDOW * STRIDE, 0);
            let mut windows = (first..).step_by(WINDOW).zip(out.chunks_mut(WINDOW * BLOCK_LEN));
            windows.try_for_each(|(first, out)| {
                let sealed = &mut sealed[..out.len() / BLOCK_LEN * STRIDE];
                self.disk.read_at(place(first)?, sealed)?;
                self.open_blocks(first, sealed, out)
            })
        });
        if result.is_err() {
            out.fill(0);
        }
        result
    }

    /// Reads one block, as nearly every read is. One read into a buffer that is kept and a copy of what is warm by
    /// then cost less than a read that is scattered into two places.
    fn read_block(&self, block: u64, out: &mut [u8]) -> io::Result<()> {
        let result = SEALED.with_borrow_mut(|sealed| {
            sealed.resize(WINDOW * STRIDE, 0);
            let sealed = &mut sealed[..self.blocks.overhead() + BLOCK_LEN];
            self.disk.read_at(place(block)?, sealed)?;
            self.blocks.open(&block.to_le_bytes(), sealed, out).map_err(|_| damaged(block))
        });
        if result.is_err() {
            out.fill(0);
        }
        result
    }

    fn open_blocks(&self, first: u64, sealed: &[u8], out: &mut [u8]) -> io::Result<()> {
        let used = self.blocks.overhead() + BLOCK_LEN;
        for ((block, sealed), out) in (first..).zip(sealed.chunks_exact(STRIDE)).zip(out.chunks_exact_mut(BLOCK_LEN)) {
            self.blocks.open(&block.to_le_bytes(), &sealed[..used], out).map_err(|_| damaged(block))?;
        }
        Ok(())
    }

    /// Reads a part of one block.
    fn read_part(&self, block: u64, from: usize, out: &mut [u8]) -> io::Result<()> {
        if block == 0 {
            self.read_head(from, out);
            return Ok(());
        }
        let mut whole = zeroize::Zeroizing::new([0; BLOCK_LEN]);
        let result = self.read_blocks(block, whole.as_mut_slice());
        out.copy_from_slice(&whole[from..from + out.len()]);
        result
    }

    fn shrink(&self, len: u64) -> io::Result<()> {
        let mut durable = lock(&self.durable);
        let head = *lock(&self.pending);
        self.flush()?;
        self.len.store(len, Ordering::Release);
        self.write_superblock(&mut durable, head, len)?;
        // Only now: a file shorter than its superblock says is refused for ever.
        self.disk.set_len(physical(len)?)?;
        self.unsynced.store(true, Ordering::Release);
        Ok(())
    }
}

impl<D: Disk> redb::StorageBackend for EncryptedFile<D> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len.load(Ordering::Acquire))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if let Err(error) = self.bounds(offset, out.len()) {
            out.fill(0);
            return Err(error);
        }
        let (block, from) = (offset / BLOCK_LEN as u64, (offset % BLOCK_LEN as u64) as usize);
        if block > 0 && from == 0 && out.len().is_multiple_of(BLOCK_LEN) {
            return self.read_blocks(block, out);
        }
        // Not a way redb reads, but for its header.
        let (first, rest) = out.split_at_mut(out.len().min(BLOCK_LEN - from));
        self.read_part(block, from, first)?;
        for (block, part) in (block + 1..).zip(rest.chunks_mut(BLOCK_LEN)) {
            self.read_part(block, 0, part)?;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check()?;
        if !len.is_multiple_of(BLOCK_LEN as u64) {
            return Err(unsupported("a length that is no whole number of blocks"));
        }
        let now = self.len.load(Ordering::Acquire);
        if len < now {
            return self.shrink(len);
        }
        if len > now {
            self.disk.set_len(physical(len)?)?;
            self.unsynced.store(true, Ordering::Release);
            self.len.store(len, Ordering::Release);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut durable = lock(&self.durable);
        self.check()?;
        // As they were before the fsync: what comes later may speak of data that is not synced.
        let (head, len) = (*lock(&self.pending), self.len.load(Ordering::Acquire));
        self.flush()?;
        // A larger length alone speaks of nothing either: until the header uses the room, a crash may take it back.
        if len >= durable.len && differs_only_in_unread_slot(&durable.head, &head) {
            return Ok(());
        }
        self.write_superblock(&mut durable, head, len)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check()?;
        self.bounds(offset, data.len())?;
        if offset < BLOCK_LEN as u64 {
            let start = offset as usize;
            let end = start + data.len();
            let mut pending = lock(&self.pending);
            let place = pending.get_mut(start..end).ok_or_else(|| unsupported("a header of this length"))?;
            place.copy_from_slice(data);
            return Ok(());
        }
        if !offset.is_multiple_of(BLOCK_LEN as u64) || !data.len().is_multiple_of(BLOCK_LEN) {
            return Err(unsupported("writing a part of a block"));
        }
        let first = offset / BLOCK_LEN as u64;
        let used = self.blocks.overhead() + BLOCK_LEN;
        let mut sealed = vec![0; data.len() / BLOCK_LEN * STRIDE];
        for ((block, plain), out) in (first..).zip(data.chunks_exact(BLOCK_LEN)).zip(sealed.chunks_exact_mut(STRIDE)) {
            self.blocks.seal(&self.entropy, &block.to_le_bytes(), plain, &mut out[..used])?;
        }
        let written = self.disk.write_at(place(first)?, &sealed);
        // After the write, and after a failed one too: an fsync in between may not have covered it.
        self.unsynced.store(true, Ordering::Release);
        written
    }

    fn close(&self) -> io::Result<()> {
        let last = if self.failed.load(Ordering::Acquire) { Ok(()) } else { self.flush() };
        last.and(self.disk.release())
    }
}

/// A poisoned lock guards plain bytes that are whole at any moment, so it is taken over.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn damaged(block: u64) -> io::Error {
    let what = format!("block {block} of the data file is damaged: restore the file from a backup");
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn unsupported(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("the encrypted file was asked for {what}"))
}

fn place(block: u64) -> io::Result<u64> {
    block_at(block).ok_or_else(|| unsupported("a place beyond what a file can hold"))
}

fn physical(len: u64) -> io::Result<u64> {
    physical_len(len).ok_or_else(|| unsupported("a length beyond what a file can hold"))
}

const _: () = assert!(HEAD_LEN <= BLOCK_LEN);
