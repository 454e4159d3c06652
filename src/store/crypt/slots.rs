//! Giving a closed data file another key, or taking one away. The data itself is not touched.
//!
//! Taking a key away does not help against someone who holds an older copy of the file and that key.

use std::{fs::File, os::unix::fs::FileExt, path::Path};

use super::{
    disk::{Disk, FileDisk},
    error::OpenError,
    header::{KeyHeader, Slot, SlotKind, parse_key_header},
    layout::KEY_HEADER_LEN,
    open::{key_headers, read_start, write_key_headers},
    unlock::{Unlocked, no_header, unlock},
};
use crate::{secrets::Entropy, store::keys::Secret};

/// One key of a file, as its header tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotInfo {
    /// Its number, from 0.
    pub index: usize,
    /// What kind of key it is.
    pub kind: SlotKind,
}

/// Lets `new` open the file as well. Returns its slot's number. The file must not be in use.
///
/// # Errors
/// [`OpenError::WrongSecret`] if `known` does not open the file; [`OpenError::NoFreeSlot`].
pub fn add_secret(path: &Path, known: &Secret, new: &Secret, entropy: &Entropy) -> Result<usize, OpenError> {
    add_on(&FileDisk::open(path)?, known, new, entropy)
}

/// Puts `new` into the place of `old` in one step. The file must not be in use.
///
/// # Errors
/// [`OpenError::WrongSecret`] if `old` does not open the file.
pub fn replace_secret(path: &Path, old: &Secret, new: &Secret, entropy: &Entropy) -> Result<(), OpenError> {
    replace_on(&FileDisk::open(path)?, old, new, entropy)
}

/// Takes the key in slot `index` away, which is never the last. The file must not be in use.
///
/// # Errors
/// [`OpenError::WrongSecret`] if `known` does not open the file; [`OpenError::NoSuchSlot`]; [`OpenError::LastSlot`].
pub fn remove_slot(path: &Path, known: &Secret, index: usize) -> Result<(), OpenError> {
    remove_on(&FileDisk::open(path)?, known, index)
}

/// The keys of a file, as its header says. Needs no secret and no lock, and proves nothing.
///
/// # Errors
/// [`OpenError::NotFound`], [`OpenError::NotOurs`], [`OpenError::NewerFormat`], [`OpenError::Damaged`].
pub fn list_slots(path: &Path) -> Result<Vec<SlotInfo>, OpenError> {
    let file = File::open(path)?;
    let there = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut start = vec![0; there.min(2 * KEY_HEADER_LEN)];
    file.read_exact_at(&mut start, 0)?;
    let copies = key_headers(&start).map(parse_key_header);
    let newest = copies.iter().flatten().max_by_key(|header| header.generation);
    newest.map(list).ok_or_else(|| no_header(&copies))
}

pub(super) fn add_on<D: Disk>(disk: &D, known: &Secret, new: &Secret, entropy: &Entropy) -> Result<usize, OpenError> {
    let mut unlocked = unlocked(disk, known)?;
    let index = unlocked.header.add(new, &unlocked.key, entropy)?;
    write(disk, unlocked)?;
    Ok(index)
}

pub(super) fn replace_on<D: Disk>(disk: &D, old: &Secret, new: &Secret, entropy: &Entropy) -> Result<(), OpenError> {
    let mut unlocked = unlocked(disk, old)?;
    unlocked.header.slots[unlocked.slot] = Slot::wrap(new, &unlocked.key, &unlocked.header.file_id, entropy)?;
    write(disk, unlocked)
}

pub(super) fn remove_on<D: Disk>(disk: &D, known: &Secret, index: usize) -> Result<(), OpenError> {
    let mut unlocked = unlocked(disk, known)?;
    let taken = list(&unlocked.header);
    if taken.iter().all(|slot| slot.index != index) {
        return Err(OpenError::NoSuchSlot);
    }
    if taken.len() < 2 {
        return Err(OpenError::LastSlot);
    }
    unlocked.header.slots[index] = Slot::EMPTY;
    write(disk, unlocked)
}

/// The header, with both its copies whole and lasting, so that writing one may destroy it.
fn unlocked<D: Disk>(disk: &D, secret: &Secret) -> Result<Unlocked, OpenError> {
    let start = read_start(disk)?;
    let unlocked = unlock(key_headers(&start), secret)?;
    disk.sync()?;
    write_key_headers(disk, &unlocked.header, unlocked.stale)?;
    Ok(unlocked)
}

fn write<D: Disk>(disk: &D, unlocked: Unlocked) -> Result<(), OpenError> {
    let header = unlocked.header.next(&unlocked.key);
    write_key_headers(disk, &header, [true; 2])?;
    disk.release()?;
    Ok(())
}

fn list(header: &KeyHeader) -> Vec<SlotInfo> {
    let slots = header.slots.iter().enumerate();
    slots
        .filter_map(|(index, slot)| Some(SlotInfo { index, kind: slot.kind()? }))
        .filter(|slot| slot.kind != SlotKind::Empty)
        .collect()
}
