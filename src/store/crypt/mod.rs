//! The encrypted data file: a storage backend for redb that seals every page, and the keys that open it.
//!
//! Keeps the file's contents from whoever holds the file without a key, and damage from being served as data. It does
//! not tell an old copy of the whole file from a current one. Knows nothing of tables.

mod age_slot;
mod backend;
mod cipher;
mod disk;
mod error;
mod header;
mod holder;
mod layout;
mod open;
mod rotate;
mod slots;
mod superblock;
mod unlock;

#[cfg(test)]
pub(in crate::store) mod tests;

use std::{
    fs::{File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::Path,
};

pub use backend::EncryptedFile;
pub use cipher::Cipher;
pub use disk::{Disk, FileDisk};
pub use error::OpenError;
pub use header::{HeaderError, KeyHeader, SLOT_COUNT, SlotKind, parse_key_header};
pub use layout::{file_len, pages_in};
pub use open::Opened;
pub use rotate::{Rotated, rotate, rotation_left};
pub use slots::{SlotInfo, add_secret, list_slots, remove_slot, replace_secret};
pub use superblock::parse_superblock;

use crate::{secrets::Entropy, store::keys::Secret};

/// Only the owner reads and writes a data file.
pub(super) const FILE_MODE: u32 = 0o600;
/// A new file needs little of redb's cache.
const CREATE_CACHE_BYTES: usize = 1024 * 1024;

/// Creates a data file that each of `secrets` opens. It appears at `path` whole, or not at all.
///
/// # Errors
/// [`OpenError::AlreadyExists`] without touching what is there; [`OpenError::LastSlot`] without secrets.
pub fn create(path: &Path, secrets: &[Secret], cipher: Cipher, entropy: &Entropy) -> Result<(), OpenError> {
    if path.symlink_metadata().is_ok() {
        return Err(OpenError::AlreadyExists);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let unfinished = tempfile::Builder::new()
        .prefix(".counterfoil-")
        .suffix(".unfinished")
        .permissions(Permissions::from_mode(FILE_MODE))
        .tempfile_in(folder)
        .map_err(no_folder)?;
    let disk = FileDisk::lock(unfinished.reopen()?)?;
    create_on(disk, secrets, cipher, entropy)?;
    unfinished.as_file().sync_all()?;
    unfinished.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Opens and locks the data file at `path`. The lock lasts until redb closes the backend.
///
/// A wrong secret is reported before damage. Nothing is written unless the secret is right and the length is sound;
/// then a copy of a header that differs from its twin is mended.
///
/// # Errors
/// See [`OpenError`].
pub fn open(path: &Path, secret: &Secret, entropy: &Entropy) -> Result<Opened, OpenError> {
    open_on(FileDisk::open(path)?, secret, entropy)
}

/// As [`create`], on any disk.
///
/// # Errors
/// See [`OpenError`].
pub fn create_on<D: Disk>(disk: D, secrets: &[Secret], cipher: Cipher, entropy: &Entropy) -> Result<(), OpenError> {
    initialise(open::format(disk, secrets, cipher, entropy)?)
}

/// As [`open`], on any disk.
///
/// # Errors
/// See [`OpenError`].
pub fn open_on<D: Disk>(disk: D, secret: &Secret, entropy: &Entropy) -> Result<Opened<D>, OpenError> {
    open::unlock_disk(disk, secret, entropy)
}

/// A missing folder is not to be told as a missing data file.
fn no_folder(error: io::Error) -> OpenError {
    match error.kind() {
        io::ErrorKind::NotFound => OpenError::Io(io::Error::new(error.kind(), "the folder for it does not exist")),
        _ => error.into(),
    }
}

/// Lets redb write an empty database and close it. Its own first commit is one-phase, so a two-phase one follows.
fn initialise<D: Disk>(backend: EncryptedFile<D>) -> Result<(), OpenError> {
    let failed = |error: redb::Error| OpenError::Io(io::Error::other(error));
    let made = redb::Builder::new().set_cache_size(CREATE_CACHE_BYTES).create_with_backend(backend);
    let database = made.map_err(|error| failed(error.into()))?;
    let mut first = database.begin_write().map_err(|error| failed(error.into()))?;
    first.set_two_phase_commit(true);
    first.set_quick_repair(true);
    first.commit().map_err(|error| failed(error.into()))
}
