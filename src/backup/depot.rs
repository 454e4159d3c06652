//! Where incremental backups lie: a place that keeps items whole or not at all. Knows the items' names, not what is in
//! them.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::BackupError;
use super::folder::Part;
use super::manifest::Tally;
use super::unfinished::{self, BACKUP_PREFIX};
use crate::domain::backup::Item;
use crate::domain::ids::Digest;

/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;
/// The folder of the pieces, within that of the points.
const PIECES: &str = "pieces";

/// How an item lies there: enough to know whether it is still what was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, which are encrypted.
    pub digest: Digest,
}

impl Sealed {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { bytes: bytes.len() as u64, digest: Digest(crate::secrets::sha256(bytes)) }
    }
}

/// An item on its way, of any length; dropped before it is kept, it is taken back.
pub trait Begun: Write + Send {
    /// Puts it in its place, once all of it is there. What is there already stays, in a folder.
    ///
    /// # Errors
    /// When the place refuses; then it is not there.
    fn keep(self: Box<Self>) -> Result<(), BackupError>;
}

/// A place that keeps items. What was put lasts once [`Depot::settle`] has returned.
pub trait Depot: Send + Sync {
    /// What went wrong about an item, with its place.
    fn about(&self, item: Item, error: io::Error) -> BackupError;

    /// Every item that is there, with its length. What has another name is not seen.
    ///
    /// # Errors
    /// When the place can't be read.
    fn items(&self) -> Result<Vec<(Item, u64)>, BackupError>;

    /// Puts an item in its place, whole or not at all, over what was there.
    ///
    /// # Errors
    /// When the place can't be written; then what was there is there.
    fn put(&self, item: Item, bytes: &[u8]) -> Result<(), BackupError>;

    /// Begins to write an item of any length.
    ///
    /// # Errors
    /// When the place can't be written.
    fn begin(&self, item: Item) -> Result<Box<dyn Begun>, BackupError>;

    /// Makes last what was put and taken away.
    ///
    /// # Errors
    /// When the place refuses.
    fn settle(&self) -> Result<(), BackupError>;

    /// An item's bytes.
    ///
    /// # Errors
    /// When it is not there, or can't be read.
    fn open(&self, item: Item) -> io::Result<Box<dyn Read + Send + '_>>;

    /// Takes an item away.
    ///
    /// # Errors
    /// When the place refuses.
    fn remove(&self, item: Item) -> Result<(), BackupError>;

    /// How an item lies there, read to its end; `None` when it does not.
    ///
    /// # Errors
    /// When the place can't be read.
    fn sealed(&self, item: Item) -> io::Result<Option<Sealed>> {
        let mut file = match self.open(item) {
            Ok(file) => Tally::new(file),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let mut buffer = vec![0; READ_BYTES];
        while file.read(&mut buffer)? > 0 {}
        Ok(Some(Sealed { bytes: file.bytes, digest: Digest(file.digest()) }))
    }

    /// All of a small item.
    ///
    /// # Errors
    /// When it is not there, can't be read, or is longer than `max` bytes.
    fn whole(&self, item: Item, max: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(item)?.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > max { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
    }
}

/// A folder on a disk.
#[derive(Debug)]
pub struct FolderDepot {
    folder: PathBuf,
    /// Held while points are written, so that two never work in one folder.
    _lock: Option<File>,
}

impl FolderDepot {
    /// For whole backups, and to read from. Nobody is kept from writing meanwhile: what is taken away then is missed,
    /// and said.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), _lock: None }
    }

    /// To write points to. What a killed process left unfinished goes.
    ///
    /// # Errors
    /// When it is not there, or another backup is being written to it.
    pub fn for_points(folder: &Path) -> Result<Self, BackupError> {
        let lock = match unfinished::lock(folder) {
            Ok(lock) => Some(lock),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Err(BackupError::Busy(folder.to_owned())),
            // Not every file system has locks; a folder that is not there is found by what comes next.
            Err(_) => None,
        };
        let pieces = folder.join(PIECES);
        match DirBuilder::new().mode(0o700).create(&pieces) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(BackupError::At(folder.to_owned(), e)),
            _ => {}
        }
        unfinished::sweep_backups(folder);
        unfinished::sweep_backups(&pieces);
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    fn path(&self, item: Item) -> PathBuf {
        self.folder.join(item.to_string())
    }

    fn failed(&self, error: io::Error) -> BackupError {
        BackupError::At(self.folder.clone(), error)
    }

    fn listed(&self, within: &str, out: &mut Vec<(Item, u64)>) -> io::Result<()> {
        for entry in std::fs::read_dir(self.folder.join(within))? {
            let entry = entry?;
            let named = Path::new(within).join(entry.file_name());
            let Some(item) = named.to_str().and_then(Item::named) else { continue };
            // A link that is called so is not ours.
            let facts = entry.metadata()?;
            if facts.is_file() {
                out.push((item, facts.len()));
            }
        }
        Ok(())
    }
}

impl Depot for FolderDepot {
    fn about(&self, item: Item, error: io::Error) -> BackupError {
        BackupError::At(self.path(item), error)
    }

    fn items(&self) -> Result<Vec<(Item, u64)>, BackupError> {
        let mut out = Vec::new();
        self.listed("", &mut out).map_err(|e| self.failed(e))?;
        match self.listed(PIECES, &mut out) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(self.failed(e)),
            _ => {}
        }
        out.sort();
        Ok(out)
    }

    fn put(&self, item: Item, bytes: &[u8]) -> Result<(), BackupError> {
        let path = self.path(item);
        let put = || {
            let mode = Permissions::from_mode(0o600);
            let beside = path.parent().unwrap_or(&self.folder);
            let mut file = tempfile::Builder::new().prefix(BACKUP_PREFIX).permissions(mode).tempfile_in(beside)?;
            let _ = file.as_file().try_lock();
            file.write_all(bytes)?;
            file.as_file().sync_all()?;
            file.persist(&path).map(drop).map_err(|e| e.error)
        };
        put().map_err(|e| self.failed(e))
    }

    fn begin(&self, item: Item) -> Result<Box<dyn Begun>, BackupError> {
        Ok(Box::new(Part::beside(&self.path(item)).map_err(|e| self.failed(e))?))
    }

    fn settle(&self) -> Result<(), BackupError> {
        let sync = |folder: &Path| File::open(folder)?.sync_all();
        sync(&self.folder.join(PIECES)).and_then(|()| sync(&self.folder)).map_err(|e| self.failed(e))
    }

    fn open(&self, item: Item) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(File::open(self.path(item))?))
    }

    fn remove(&self, item: Item) -> Result<(), BackupError> {
        match std::fs::remove_file(self.path(item)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(self.failed(e)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_items_and_sees_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let depot = FolderDepot::for_points(folder.path()).unwrap();
        let piece = Item::Piece(Digest([7; 32]));
        std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        std::os::unix::fs::symlink("notes.txt", folder.path().join("counterfoil-2026-11-22T031500Z.point")).unwrap();
        depot.put(piece, b"first").unwrap();
        depot.put(piece, b"second").unwrap();
        depot.settle().unwrap();
        assert_eq!(depot.items().unwrap(), [(piece, 6)]);
        assert_eq!(depot.sealed(piece).unwrap(), Some(Sealed::of(b"second")));
        assert_eq!(depot.whole(piece, 6).unwrap(), b"second");
        assert!(depot.whole(piece, 5).is_err());
        depot.remove(piece).unwrap();
        depot.remove(piece).unwrap();
        assert_eq!(depot.sealed(piece).unwrap(), None);
        assert!(folder.path().join("notes.txt").exists());
    }

    #[test]
    fn two_never_write_to_one_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderDepot::for_points(folder.path()).unwrap();
        assert!(matches!(FolderDepot::for_points(folder.path()), Err(BackupError::Busy(_))));
        drop(first);
        FolderDepot::for_points(folder.path()).unwrap();
        let nowhere = FolderDepot::for_points(&folder.path().join("nowhere")).unwrap_err();
        assert!(nowhere.to_string().contains("nowhere"));
    }
}
