//! What a command makes before it is complete, taken away when the process is told to stop. Knows places only, not what
//! is made there.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Failure, terminal};
use crate::web::listener::stop_signal;

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

/// True once SIGINT or SIGTERM came.
///
/// # Errors
/// When the system gives no signals or threads.
pub fn told_to_stop() -> Result<Arc<AtomicBool>, Failure> {
    let failed = |e: io::Error| Failure::new(format!("Signals can't be listened for: {e}."));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let signal = runtime.block_on(async { stop_signal() }).map_err(failed)?;
    let told = Arc::new(AtomicBool::new(false));
    let tell = Arc::clone(&told);
    let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(signal);
        tell.store(true, Ordering::Relaxed);
    });
    thread.map(|_| told).map_err(failed)
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
