//! From the bytes of a file to a backend that redb can use: unlock, choose the superblock, mend its twin.
//!
//! Nothing is written before the secret has proved right and the file's length has proved sound.

use super::{
    backend::{EncryptedFile, Keys},
    cipher::{Cipher, DataKey},
    disk::{Disk, FileDisk},
    error::OpenError,
    header::KeyHeader,
    layout::{DATA_START, KEY_HEADER_LEN, SUPERBLOCK_LEN, key_header_at, physical_len, superblock_at},
    superblock::Superblock,
    unlock::{Unlocked, unlock},
};
use crate::{secrets::Entropy, store::keys::Secret};

/// An opened file.
#[derive(Debug)]
pub struct Opened<D: Disk = FileDisk> {
    /// For `redb::Builder::create_with_backend`.
    pub backend: EncryptedFile<D>,
    /// Whether redb should check all pages on opening (`set_check_integrity_on_open`): the first copy of the superblock
    /// was unreadable or older than the second, which no crash explains.
    pub needs_check: bool,
    /// The engine did not close the file: a crash or a kill, which needs no check, since commits are two-phase and
    /// every block authenticates.
    pub unclean: bool,
    /// Rises with every commit. A value lower than one seen before means that an old file was put in place.
    pub sequence: u64,
    /// Whether a copy of a header differed from its twin and was written again.
    pub mended: bool,
}

/// Writes the headers of a new file. redb has yet to initialise it.
pub(super) fn format<D: Disk>(
    disk: D,
    secrets: &[Secret],
    cipher: Cipher,
    entropy: &Entropy,
) -> Result<EncryptedFile<D>, OpenError> {
    let key = DataKey::draw(entropy);
    let header = KeyHeader::create(secrets, cipher, &key, entropy)?;
    let keys = Keys::new(cipher, &key, header.file_id);
    let blank = Superblock::blank();
    disk.set_len(DATA_START)?;
    for copy in [0, 1] {
        disk.write_at(key_header_at(copy), header.bytes())?;
        disk.write_at(superblock_at(copy), &blank.seal(copy, &keys.supers, &keys.file_id, entropy)?)?;
    }
    disk.sync()?;
    Ok(EncryptedFile::new(disk, keys, blank, entropy.clone()))
}

/// Opens a locked disk with `secret`.
pub(super) fn unlock_disk<D: Disk>(disk: D, secret: &Secret, entropy: &Entropy) -> Result<Opened<D>, OpenError> {
    let start = read_start(&disk)?;
    let Unlocked { header, key, stale, .. } = unlock(key_headers(&start), secret)?;
    let keys = Keys::new(header.cipher, &key, header.file_id);
    let chosen = choose(&start, &keys)?;
    let expected = physical_len(chosen.superblock.len)
        .ok_or_else(|| OpenError::Damaged("its recorded length is impossible".to_owned()))?;
    let found = disk.length()?;
    if found < expected {
        return Err(OpenError::Damaged(format!("it has been cut short by {} bytes", expected - found)));
    }
    // A killed process leaves writes that only the page cache holds; they must last before anything builds on them.
    disk.sync()?;
    let mended = stale != [false; 2] || chosen.stale.is_some();
    write_key_headers(&disk, &header, stale)?;
    if let Some(copy) = chosen.stale {
        let bytes = chosen.superblock.seal(copy, &keys.supers, &keys.file_id, entropy)?;
        disk.write_at(superblock_at(copy), &bytes)?;
        disk.sync()?;
    }
    if found > expected {
        disk.set_len(expected)?;
    }
    Ok(Opened {
        needs_check: chosen.suspect,
        unclean: chosen.superblock.is_unclean(),
        sequence: chosen.superblock.seq,
        mended,
        backend: EncryptedFile::new(disk, keys, chosen.superblock, entropy.clone()),
    })
}

/// The first part of the file, or what there is of it.
pub(super) fn read_start<D: Disk>(disk: &D) -> Result<Vec<u8>, OpenError> {
    let mut start = vec![0; disk.length()?.min(DATA_START) as usize];
    disk.read_at(0, &mut start)?;
    Ok(start)
}

/// The two copies of the key header in the file's first part.
pub(super) fn key_headers(start: &[u8]) -> [&[u8]; 2] {
    [0, 1].map(|copy| part(start, key_header_at(copy), KEY_HEADER_LEN))
}

/// As much of a part as is there.
pub(super) fn part(start: &[u8], at: u64, len: usize) -> &[u8] {
    let rest = start.get(at as usize..).unwrap_or_default();
    &rest[..rest.len().min(len)]
}

/// Writes the copies marked, and waits for each: at any moment one of them is whole.
pub(super) fn write_key_headers<D: Disk>(disk: &D, header: &KeyHeader, copies: [bool; 2]) -> Result<(), OpenError> {
    for copy in [0, 1] {
        if copies[copy] {
            disk.write_at(key_header_at(copy), header.bytes())?;
            disk.sync()?;
        }
    }
    Ok(())
}

pub(super) struct Chosen {
    pub(super) superblock: Superblock,
    /// The copy that differs from it.
    stale: Option<usize>,
    /// Whether the copies are such as no crash leaves.
    suspect: bool,
}

pub(super) fn choose(start: &[u8], keys: &Keys) -> Result<Chosen, OpenError> {
    let copies = [0, 1].map(|copy| {
        let bytes = part(start, superblock_at(copy), SUPERBLOCK_LEN);
        Superblock::open(bytes, copy, &keys.supers, &keys.file_id)
    });
    let chosen = match copies {
        [Some(first), Some(second)] if first == second => Chosen { superblock: first, stale: None, suspect: false },
        [Some(first), Some(second)] if first.seq > second.seq => {
            let suspect = first.seq > second.seq + 1;
            Chosen { superblock: first, stale: Some(1), suspect }
        }
        [Some(first), None] => Chosen { superblock: first, stale: Some(1), suspect: false },
        [_, Some(second)] => Chosen { superblock: second, stale: Some(0), suspect: true },
        [None, None] => return Err(OpenError::Damaged("both copies of its superblock are unreadable".to_owned())),
    };
    if !chosen.superblock.is_initialised() {
        return Err(OpenError::Damaged("it was never completed, or was put back to its first moment".to_owned()));
    }
    Ok(chosen)
}
