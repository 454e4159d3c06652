//! A backup on its way into a folder: under another name until it is whole and on disk.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::NamedTempFile;

use super::BackupError;
use super::depot::Begun;
use super::unfinished::BACKUP_PREFIX;
use crate::domain::backup as rules;

/// A backup that is not there yet; dropped before [`Part::keep`], it is taken away again.
pub struct Part {
    to: PathBuf,
    folder: PathBuf,
    file: NamedTempFile,
}

impl Part {
    /// Begins the file `to`, beside it.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn beside(to: &Path) -> io::Result<Self> {
        let to = std::path::absolute(to)?;
        let folder = to.parent().unwrap_or(Path::new("/")).to_owned();
        let mode = Permissions::from_mode(0o600);
        let file = tempfile::Builder::new().prefix(BACKUP_PREFIX).permissions(mode).tempfile_in(&folder)?;
        // Where a file system knows no locks, nothing is swept either.
        let _ = file.as_file().try_lock();
        Ok(Self { to, folder, file })
    }

    /// Where it lies for now.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Moves it into its place once it is on disk. What is there already is replaced only if `replace` says so.
    ///
    /// # Errors
    /// When the system refuses; then it is not there.
    pub fn keep(self, replace: bool) -> io::Result<()> {
        self.file.as_file().sync_all()?;
        let kept = if replace { self.file.persist(&self.to) } else { self.file.persist_noclobber(&self.to) };
        kept.map_err(|e| e.error)?;
        File::open(&self.folder)?.sync_all()
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The place in `folder` of a backup taken at this instant.
pub fn place(folder: &Path, taken: Timestamp) -> PathBuf {
    folder.join(rules::name(taken))
}

impl Begun for Part {
    fn keep(self: Box<Self>) -> Result<(), BackupError> {
        let to = self.to.clone();
        (*self).keep(false).map_err(|e| BackupError::At(to, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("a");
        let count = || std::fs::read_dir(folder.path()).unwrap().count();
        Part::beside(&to).unwrap().write_all(b"half").unwrap();
        assert_eq!(count(), 0);
        let mut part = Part::beside(&to).unwrap();
        part.write_all(b"whole").unwrap();
        part.keep(false).unwrap();
        assert_eq!((std::fs::read(&to).unwrap(), count()), (b"whole".to_vec(), 1));
        assert!(Part::beside(&to).unwrap().keep(false).is_err(), "what is there is replaced only when asked for");
        assert_eq!((std::fs::read(&to).unwrap(), count()), (b"whole".to_vec(), 1));
        Part::beside(&to).unwrap().keep(true).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), b"");
    }

    #[test]
    fn nothing_but_backups_is_ever_removed_from_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (old, new) = (at("2020-01-01T00:00:00Z"), at("2026-11-22T03:15:00Z"));
        let own = ["notes.txt", "counterfoil-2020-01-01T000000Z.backup.age", "counterfoil-2020-01-02.backup"];
        own.iter().for_each(|name| std::fs::write(folder.path().join(name), "mine").unwrap());
        std::fs::create_dir(place(folder.path(), at("2020-01-03T00:00:00Z"))).unwrap();
        std::os::unix::fs::symlink("notes.txt", place(folder.path(), at("2020-01-04T00:00:00Z"))).unwrap();
        [old, new].iter().for_each(|x| std::fs::write(place(folder.path(), *x), "b").unwrap());
        let keep = crate::domain::backup::Keep { daily: 1, weekly: 0, monthly: 0 };
        let depot = super::super::FolderDepot::at(folder.path());
        let gone = super::super::whole::thin_out(&depot, new, keep).unwrap();
        assert_eq!(gone, [crate::domain::backup::Item::Whole(old)]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), own.len() + 3);
    }
}
