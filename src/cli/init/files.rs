//! Files that appear together or not at all: what a command that failed had made is taken away again.

use std::fs::{DirBuilder, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cli::Failure;

/// Only the owner enters the data folder.
const FOLDER_MODE: u32 = 0o700;

/// What was made so far. Dropped before [`Staged::finish`], it takes everything away again.
pub(in crate::cli) struct Staged {
    /// The folder, if it was made here.
    made_folder: Option<PathBuf>,
    made: Vec<PathBuf>,
    work: Option<TempDir>,
    finished: bool,
}

impl Staged {
    /// Makes `folder` unless it is there, and a working folder within it.
    pub fn in_folder(folder: &Path) -> Result<Self, Failure> {
        let mut staged = Self { made_folder: None, made: Vec::new(), work: None, finished: false };
        match DirBuilder::new().mode(FOLDER_MODE).create(folder) {
            Ok(()) => staged.made_folder = Some(folder.to_owned()),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && folder.is_dir() => {
                let mode = folder.metadata().map_err(|e| Failure::file(folder, &e))?.permissions().mode();
                if mode & 0o077 != 0 {
                    return Err(Failure::new(format!(
                        "{0} can be entered by other users of this machine (mode {1:04o}). Run: chmod 700 {0}",
                        folder.display(),
                        mode & 0o7777
                    )));
                }
            }
            Err(e) => return Err(Failure::file(folder, &e)),
        }
        let work = tempfile::Builder::new().prefix(".unfinished-").tempdir_in(folder);
        staged.work = Some(work.map_err(|e| Failure::file(folder, &e))?);
        Ok(staged)
    }

    /// A place in the working folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.work.as_ref().map_or_else(|| PathBuf::from(name), |work| work.path().join(name))
    }

    /// Writes a file that nobody else can read; it appears whole, and never replaces another.
    pub fn write(&mut self, path: &Path, text: &str) -> Result<(), Failure> {
        let failed = |e: std::io::Error| Failure::file(path, &e);
        let folder = path.parent().unwrap_or(Path::new("/"));
        let mut file = tempfile::Builder::new()
            .prefix(".unfinished-")
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(folder)
            .map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist_noclobber(path).map_err(|e| failed(e.error))?;
        self.made.push(path.to_owned());
        sync_folder(folder)
    }

    /// Moves the last file from the working folder into its place, and keeps everything.
    pub fn finish(mut self, from: &Path, to: &Path) -> Result<(), Failure> {
        let folder = to.parent().unwrap_or(Path::new("/"));
        // A link fails where a rename would replace what somebody put there meanwhile.
        std::fs::hard_link(from, to).map_err(|e| Failure::file(to, &e))?;
        self.finished = true;
        sync_folder(folder)?;
        drop(self.work.take());
        sync_folder(folder.parent().unwrap_or(Path::new("/")))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        drop(self.work.take());
        if self.finished {
            return;
        }
        for path in &self.made {
            let _ = std::fs::remove_file(path);
        }
        if let Some(folder) = &self.made_folder {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

fn sync_folder(folder: &Path) -> Result<(), Failure> {
    let synced = File::open(folder).and_then(|f| f.sync_all());
    // A folder that this user may write to but not read can't be synced; its file was.
    match synced {
        Err(e) if e.kind() != std::io::ErrorKind::PermissionDenied => Err(Failure::file(folder, &e)),
        _ => Ok(()),
    }
}
