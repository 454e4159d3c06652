//! What a command makes before it is complete: taken away when the process is told to stop, and found by the next run
//! when it was killed. Knows places only, not what is made there.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Failure, terminal};
use crate::web::listener::stop_signal;

/// What the names of unfinished folders and files begin with.
pub const PREFIX: &str = ".unfinished-";
/// What the names of data files end in before they are complete.
const ENDING: &str = ".unfinished";
/// Tries to remove a folder in which the work still goes on.
const REMOVALS: usize = 5;

/// Watches over an unfinished folder or file while it lives.
pub struct Unfinished {
    place: Arc<Mutex<Option<PathBuf>>>,
}

impl Unfinished {
    /// From now on, SIGINT or SIGTERM removes `place`, says so, and ends the process.
    ///
    /// # Errors
    /// When the system gives no signals or threads.
    pub fn watch(place: &Path) -> Result<Self, Failure> {
        let failed = |e: io::Error| Failure::new(format!("Signals can't be listened for: {e}."));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let signal = runtime.block_on(async { stop_signal() }).map_err(failed)?;
        let place = Arc::new(Mutex::new(Some(place.to_owned())));
        let watched = Arc::clone(&place);
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                runtime.block_on(signal);
                let mut place = watched.lock().unwrap_or_else(PoisonError::into_inner);
                // Held until the process ends, so that nothing is put in place meanwhile.
                if let Some(path) = place.take() {
                    stop(&path);
                }
            })
            .map_err(failed)?;
        Ok(Self { place })
    }

    /// What comes now takes a moment and is not broken off.
    pub fn complete(&self) {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.complete();
    }
}

fn stop(path: &Path) -> ! {
    let removed = (0..REMOVALS).any(|_| remove(path).is_ok());
    terminal::complain(&if removed {
        "Stopped. Nothing was put in place, and what was unfinished is removed.".to_owned()
    } else {
        format!("Stopped. Nothing was put in place. {} is unfinished; remove it.", path.display())
    });
    std::process::exit(1)
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Locks an unfinished folder for as long as the answer lives, so that nobody takes it for a dead process's.
///
/// # Errors
/// When the system refuses.
pub fn lock(folder: &Path) -> Result<File, Failure> {
    let locked = File::open(folder).and_then(|file| file.try_lock().map(|()| file).map_err(io::Error::from));
    locked.map_err(|e| Failure::file(folder, &e))
}

/// Removes the unfinished folders in `parent` that processes left which were killed: nobody has them locked, they are
/// this user's, and hold nothing but files called as in `known`. Which they were.
pub fn sweep(parent: &Path, known: &[&str]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut left: Vec<PathBuf> =
        entries.filter(|e| e.file_name().to_string_lossy().starts_with(PREFIX)).map(|e| e.path()).collect();
    left.sort();
    left.retain(|path| is_abandoned(path, known) && remove(path).is_ok());
    left
}

fn is_abandoned(path: &Path, known: &[&str]) -> bool {
    let own = rustix::process::geteuid().as_raw();
    let is_own_folder = path.symlink_metadata().is_ok_and(|facts| facts.is_dir() && facts.uid() == own);
    let is_known = |entry: io::Result<std::fs::DirEntry>| {
        let name = entry.map(|e| e.file_name().to_string_lossy().into_owned()).unwrap_or_default();
        known.contains(&name.as_str()) || name.ends_with(ENDING)
    };
    is_own_folder
        && std::fs::read_dir(path).is_ok_and(|mut entries| entries.all(is_known))
        && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
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
}
