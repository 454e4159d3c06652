//! Another data key for a closed file: each block is opened and sealed again in a new file beside it, which then takes
//! its place.
//!
//! Until the last step the old file is as it was. A rotation that was cut off goes on where it stopped. Who holds an
//! older copy of the file and its key reads that copy for ever; nothing can change that.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{
    FILE_MODE,
    backend::Keys,
    cipher::{Cipher, DataKey},
    disk::{Disk, FileDisk},
    error::OpenError,
    header::{KeyHeader, SLOT_COUNT},
    layout::{BLOCK_LEN, DATA_START, STRIDE, SUPERBLOCK_LEN, block_at, key_header_at, physical_len, superblock_at},
    open::{choose, key_headers, part, read_start, unlock_disk},
    superblock::{HEAD_LEN, Head, Superblock},
    unlock::{Unlocked, unlock},
};
use crate::{
    secrets::{Entropy, sha256},
    store::keys::Secret,
};

/// What the new file is called until it is whole: the old name with this ending.
const UNFINISHED: &str = "rotating";
/// Begins block 0 of an unfinished file, so that it is never taken for a database.
const MARK: &[u8; 16] = b"ROTATING-NOT-YET";
/// Blocks between two fsyncs, 4 MiB; so much is done again after a kill.
const BLOCKS_PER_SYNC: u64 = 1_024;
/// redb's cache while the new file is checked, in bytes.
const CHECK_CACHE_BYTES: usize = 16 * 1024 * 1024;

/// What a rotation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// Blocks that an earlier rotation, cut off, had done already.
    pub resumed_at: u64,
    /// Keys that opened the old file and do not open the new one: only whoever knows them can add them again.
    pub lost: usize,
}

/// Gives the file at `path` a new data key, which `secret` opens and, of all the keys it had, no other. `progress` gets
/// (blocks done, blocks in all). The file must not be in use.
///
/// # Errors
/// [`OpenError::WrongSecret`], [`OpenError::Damaged`], [`OpenError::Locked`]; the file is then as it was.
pub fn rotate(
    path: &Path,
    secret: &Secret,
    entropy: &Entropy,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Rotated, OpenError> {
    let old = FileDisk::open(path)?;
    let beside = unfinished(path);
    let rotated = copy(&old, &new_disk(&beside)?, secret, entropy, BLOCKS_PER_SYNC, progress)?;
    if let Err(error) = check(&beside, secret, entropy) {
        // Going on from a copy that is not whole would never end well.
        fs::remove_file(&beside)?;
        return Err(error);
    }
    fs::rename(&beside, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    old.release()?;
    Ok(rotated)
}

/// What a rotation of this file left that was cut off and not begun again; the file itself is whole.
pub fn rotation_left(path: &Path) -> Option<PathBuf> {
    Some(unfinished(path)).filter(|left| left.exists())
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(UNFINISHED);
    name.into()
}

fn new_disk(path: &Path) -> Result<FileDisk, OpenError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(FILE_MODE).open(path)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    FileDisk::lock(file)
}

/// Reads the whole new file through redb, which finds a block that should be there and is not.
fn check(path: &Path, secret: &Secret, entropy: &Entropy) -> Result<(), OpenError> {
    let opened = unlock_disk(FileDisk::open(path)?, secret, entropy)?;
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CHECK_CACHE_BYTES).set_check_integrity_on_open(true);
    let database = builder.create_with_backend(opened.backend);
    database.map(drop).map_err(|error| OpenError::Damaged(format!("it does not read as a whole ({error})")))
}

/// The old file, opened: what the new one must come to hold.
struct Source {
    keys: Keys,
    superblock: Superblock,
    slots: usize,
}

/// Fills `new` from `old`, or goes on filling it, noting every `per_sync` blocks how far it is.
pub(super) fn copy<D: Disk, E: Disk>(
    old: &D,
    new: &E,
    secret: &Secret,
    entropy: &Entropy,
    per_sync: u64,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Rotated, OpenError> {
    let source = source(old, secret)?;
    let blocks = source.superblock.len / BLOCK_LEN as u64;
    let mark = mark(&source);
    let (keys, resumed_at) = match resume(new, secret, &source, &mark)? {
        Some(going) => going,
        None => (begin(new, secret, &source, &mark, entropy)?, 1),
    };
    let mut batch = Batch::new();
    for block in resumed_at..blocks {
        batch.carry(block, old, new, &source.keys, &keys, entropy)?;
        if block % per_sync == 0 {
            new.sync()?;
            write_mark(new, &keys, &source, &mark, block + 1, entropy)?;
            progress(block, blocks);
        }
    }
    new.set_len(physical(source.superblock.len)?)?;
    new.sync()?;
    finish(new, &keys, &source, entropy)?;
    progress(blocks, blocks);
    Ok(Rotated { resumed_at, lost: source.slots - 1 })
}

fn source<D: Disk>(old: &D, secret: &Secret) -> Result<Source, OpenError> {
    let start = read_start(old)?;
    let Unlocked { header, key, .. } = unlock(key_headers(&start), secret)?;
    let keys = Keys::new(header.cipher, &key, header.file_id);
    let superblock = choose(&start, &keys)?.superblock;
    let (found, expected) = (old.length()?, physical(superblock.len)?);
    if found < expected {
        return Err(OpenError::Damaged(format!("it has been cut short by {} bytes", expected - found)));
    }
    let slots = (0..SLOT_COUNT).filter(|n| header.is_taken(*n)).count();
    Ok(Source { keys, superblock, slots })
}

/// What the head of an unfinished file holds: of which file, in which state, it is a copy.
fn mark(source: &Source) -> Head {
    let mut head = [0; HEAD_LEN];
    head[..16].copy_from_slice(MARK);
    head[16..32].copy_from_slice(&source.keys.file_id);
    head[32..40].copy_from_slice(&source.superblock.seq.to_le_bytes());
    head[40..72].copy_from_slice(&sha256(&source.superblock.head));
    head
}

/// The keys of an unfinished copy of the same state, and the block at which to go on.
fn resume<E: Disk>(new: &E, secret: &Secret, source: &Source, mark: &Head) -> Result<Option<(Keys, u64)>, OpenError> {
    if new.length()? < DATA_START {
        return Ok(None);
    }
    let start = read_start(new)?;
    let Ok(Unlocked { header, key, .. }) = unlock(key_headers(&start), secret) else { return Ok(None) };
    let keys = Keys::new(header.cipher, &key, header.file_id);
    let marks = [0, 1].map(|copy| {
        Superblock::open(part(&start, superblock_at(copy), SUPERBLOCK_LEN), copy, &keys.supers, &keys.file_id)
    });
    let done = marks.iter().flatten().filter(|m| m.head == *mark && m.len == source.superblock.len).map(|m| m.seq);
    // A finished copy was never checked to the end: it is made again.
    let finished = marks.iter().flatten().any(Superblock::is_initialised);
    Ok(done.max().filter(|_| !finished).map(|next| (keys, next)))
}

/// Starts an empty copy, whose only key is `secret`.
fn begin<E: Disk>(
    new: &E,
    secret: &Secret,
    source: &Source,
    mark: &Head,
    entropy: &Entropy,
) -> Result<Keys, OpenError> {
    new.set_len(0)?;
    new.set_len(DATA_START)?;
    // The old file may come from a machine that another cipher suits.
    let (key, cipher) = (DataKey::draw(entropy), Cipher::for_this_machine());
    let header = KeyHeader::create(std::slice::from_ref(secret), cipher, &key, entropy)?;
    let keys = Keys::new(cipher, &key, header.file_id);
    for copy in [0, 1] {
        new.write_at(key_header_at(copy), header.bytes())?;
    }
    new.sync()?;
    write_mark(new, &keys, source, mark, 1, entropy)?;
    Ok(keys)
}

/// Notes, in both copies one after the other, that all blocks before `next` last.
fn write_mark<E: Disk>(
    new: &E,
    keys: &Keys,
    source: &Source,
    mark: &Head,
    next: u64,
    entropy: &Entropy,
) -> io::Result<()> {
    write_superblocks(new, keys, &Superblock { seq: next, len: source.superblock.len, head: *mark }, entropy)
}

/// Makes the copy a data file: it goes on counting where the old one stood.
fn finish<E: Disk>(new: &E, keys: &Keys, source: &Source, entropy: &Entropy) -> io::Result<()> {
    let Superblock { seq, len, head } = source.superblock;
    write_superblocks(new, keys, &Superblock { seq: seq + 1, len, head }, entropy)
}

fn write_superblocks<E: Disk>(new: &E, keys: &Keys, superblock: &Superblock, entropy: &Entropy) -> io::Result<()> {
    for copy in [0, 1] {
        let bytes = superblock.seal(copy, &keys.supers, &keys.file_id, entropy)?;
        new.write_at(superblock_at(copy), &bytes)?;
        new.sync()?;
    }
    Ok(())
}

/// One block on its way, wiped at the end.
struct Batch {
    sealed: Box<[u8; STRIDE]>,
    plain: zeroize::Zeroizing<[u8; BLOCK_LEN]>,
}

impl Batch {
    fn new() -> Self {
        Self { sealed: Box::new([0; STRIDE]), plain: zeroize::Zeroizing::new([0; BLOCK_LEN]) }
    }

    /// Seals a block again. One that does not authenticate was never part of a commit, or is damage: it stays a hole,
    /// and the check of the whole at the end tells the one from the other.
    fn carry<D: Disk, E: Disk>(
        &mut self,
        block: u64,
        old: &D,
        new: &E,
        from: &Keys,
        to: &Keys,
        entropy: &Entropy,
    ) -> Result<(), OpenError> {
        let at = block_at(block).ok_or_else(too_long)?;
        old.read_at(at, self.sealed.as_mut_slice())?;
        let (number, used) = (block.to_le_bytes(), from.blocks.overhead() + BLOCK_LEN);
        if from.blocks.open(&number, &self.sealed[..used], self.plain.as_mut_slice()).is_err() {
            return Ok(());
        }
        let used = to.blocks.overhead() + BLOCK_LEN;
        self.sealed.fill(0);
        to.blocks.seal(entropy, &number, self.plain.as_slice(), &mut self.sealed[..used])?;
        Ok(new.write_at(at, self.sealed.as_slice())?)
    }
}

fn physical(logical: u64) -> Result<u64, OpenError> {
    physical_len(logical).ok_or_else(too_long)
}

fn too_long() -> OpenError {
    OpenError::Damaged("its recorded length is impossible".to_owned())
}
