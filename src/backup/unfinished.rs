//! Files and folders that are not complete yet: how they are called, and how those of a killed process are told from
//! those somebody still works on. Knows places only, not what is made there.

use std::fs::{DirEntry, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What the names of unfinished folders and files begin with.
pub const PREFIX: &str = ".unfinished-";
/// What the names of unfinished backups begin with.
pub const BACKUP_PREFIX: &str = ".unfinished-backup-";
/// What the names of data files end in before they are complete.
const ENDING: &str = ".unfinished";

/// Locks an unfinished file or folder for as long as the answer lives, so that nobody takes it for a dead process's.
///
/// # Errors
/// When the system refuses.
pub fn lock(place: &Path) -> io::Result<File> {
    File::open(place).and_then(|file| file.try_lock().map(|()| file).map_err(io::Error::from))
}

/// Removes the unfinished folders in `parent` that processes left which were killed: nobody has them locked, they are
/// this user's, and hold nothing but files called as in `known`. Which they were.
pub fn sweep(parent: &Path, known: &[&str]) -> Vec<PathBuf> {
    let is_known = |entry: io::Result<DirEntry>| {
        let name = entry.map(|e| e.file_name().to_string_lossy().into_owned()).unwrap_or_default();
        known.contains(&name.as_str()) || name.ends_with(ENDING)
    };
    let mut left = found(parent, PREFIX);
    left.retain(|path| {
        is_own(path, true)
            && std::fs::read_dir(path).is_ok_and(|mut entries| entries.all(is_known))
            && lock(path).is_ok_and(|_held| std::fs::remove_dir_all(path).is_ok())
    });
    left
}

/// Removes the unfinished backups in `folder` that processes left which were killed. Which they were.
pub fn sweep_backups(folder: &Path) -> Vec<PathBuf> {
    let mut left = found(folder, BACKUP_PREFIX);
    left.retain(|path| is_own(path, false) && lock(path).is_ok_and(|_held| std::fs::remove_file(path).is_ok()));
    left
}

fn found(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> =
        entries.filter(|e| e.file_name().to_string_lossy().starts_with(prefix)).map(|e| e.path()).collect();
    all.sort();
    all
}

fn is_own(path: &Path, folder: bool) -> bool {
    let own = rustix::process::geteuid().as_raw();
    path.symlink_metadata()
        .is_ok_and(|facts| (if folder { facts.is_dir() } else { facts.is_file() }) && facts.uid() == own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_folders_that_nobody_works_in_are_swept() {
        let parent = tempfile::tempdir().unwrap();
        let make = |name: &str, file: &str| {
            let folder = parent.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join(file), "x").unwrap();
            folder
        };
        let (dead, alive) = (make(".unfinished-1", "a"), make(".unfinished-2", ".counterfoil-1.unfinished"));
        let (foreign, named) = (make(".unfinished-3", "b"), make("finished", "a"));
        let held = lock(&alive).unwrap();
        assert_eq!(sweep(parent.path(), &["a"]), [dead]);
        drop(held);
        assert_eq!(sweep(parent.path(), &["a"]), [alive]);
        assert!(foreign.exists() && named.exists());
    }

    #[test]
    fn only_backups_that_nobody_writes_are_swept() {
        let folder = tempfile::tempdir().unwrap();
        let names = [".unfinished-backup-1", ".unfinished-backup-2", ".unfinished-other", "counterfoil.backup"];
        let paths = names.map(|name| folder.path().join(name));
        paths.iter().for_each(|path| std::fs::write(path, "x").unwrap());
        std::fs::create_dir(folder.path().join(".unfinished-backup-folder")).unwrap();
        std::os::unix::fs::symlink(&paths[3], folder.path().join(".unfinished-backup-link")).unwrap();
        let held = lock(&paths[1]).unwrap();
        assert_eq!(sweep_backups(folder.path()), paths[..1]);
        drop(held);
        assert_eq!(sweep_backups(folder.path()), paths[1..2]);
        assert!(paths[2..].iter().all(|path| path.exists()));
    }
}
