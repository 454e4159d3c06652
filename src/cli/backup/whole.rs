//! A backup that is whole by itself, from the running server or from the data file: its bytes on their way to their
//! place.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::super::control::{Line, Peer, Said};
use super::super::protocol::{Backup, DATA_BYTES, DataFrames, Request, Whom};
use super::super::{Failure, terminal};
use super::target::{Kept, Target};
use crate::actions::firm;
use crate::app::App;
use crate::backup::aside::lower_priority;
use crate::backup::{self, BackupError, Sealed, Written};
use crate::clock::Clock;
use crate::domain::event::By;
use crate::domain::ids::Digest;
use crate::store::prelude::*;

/// A backup under way.
pub struct Taking {
    /// Where it goes.
    pub target: Target,
    /// That, for sentences.
    pub to: PathBuf,
    /// To whom it is sealed.
    pub whom: Whom,
}

impl Taking {
    /// From the running server.
    ///
    /// # Errors
    /// A sentence; then there is no backup.
    pub fn ask_server(mut self, line: &mut Line) -> Result<(Backup, Kept), Failure> {
        // As the server's own threads for it: whoever looks at a page goes first.
        lower_priority();
        let bar = terminal::bar("Backing up");
        let made: Backup = line.ask(&Request::Backup { to: self.whom }, &[], |said| match said {
            Said::Data(bytes) => self.target.write_all(bytes).map_err(|e| Failure::file(&self.to, &e)),
            Said::Progress(p) => {
                show(&bar, p.done, p.all);
                Ok(())
            }
        })?;
        let kept = self.target.keep(&made)?;
        line.kept(&kept.sealed());
        bar.finish_and_clear();
        Ok((made, kept))
    }

    /// From the data file, which nobody serves.
    ///
    /// # Errors
    /// As [`Taking::ask_server`].
    pub fn read_store(mut self, store: &Store, clock: &Clock, text: Option<String>) -> Result<(Backup, Kept), Failure> {
        let bar = terminal::bar("Backing up");
        let tick = |done, all| show(&bar, done, all);
        let written = store.read(|tx| write(tx, clock.now(), text, &self.whom, &mut self.target, tick));
        let written = written.map_err(|error| match error {
            BackupError::Io(e) => Failure::file(&self.to, &e),
            other => other.into(),
        })?;
        let made = answer(&written);
        let kept = self.target.keep(&made)?;
        note(store, clock, kept.sealed())?;
        bar.finish_and_clear();
        Ok((made, kept))
    }
}

/// How far it is.
pub fn show(bar: &indicatif::ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}

/// The server's part: takes the snapshot, sends it encrypted, and notes it once the command has kept it.
///
/// # Errors
/// When there is nobody to encrypt to, or the command is gone.
pub fn serve(peer: &mut Peer, app: &App, config_text: Option<String>, whom: &Whom) -> Result<(), Failure> {
    let (taken, mut told) = (app.now(), 0);
    // Data and progress come from two threads, and take turns on one socket.
    let line = Mutex::new(peer);
    let out = BufWriter::with_capacity(DATA_BYTES, Shared(&line));
    let tell = |done: u64, all: u64| {
        let hundredth = done.saturating_mul(100) / all.max(1);
        if hundredth > told {
            told = hundredth;
            lock(&line).progress("records", done, all);
        }
    };
    let written = app.store.read(|tx| write(tx, taken, config_text, whom, out, tell))?;
    let peer = line.into_inner().unwrap_or_else(PoisonError::into_inner);
    peer.answer(&answer(&written))?;
    peer.was_kept().map_or(Ok(()), |kept| note(&app.store, &app.clock, kept))
}

struct Shared<'a, 'p>(&'a Mutex<&'p mut Peer>);

fn lock<'l, 'p>(line: &'l Mutex<&'p mut Peer>) -> MutexGuard<'l, &'p mut Peer> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Write for Shared<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        DataFrames(&mut **lock(self.0)).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        lock(self.0).flush()
    }
}

fn write(
    tx: &ReadTx,
    taken: Timestamp,
    config: Option<String>,
    whom: &Whom,
    out: impl Write + Send,
    tick: impl FnMut(u64, u64),
) -> Result<Written, BackupError> {
    match whom {
        Whom::Recipients(also) => backup::write_also(tx, taken, config, also.as_deref(), out, tick),
        Whom::Nobody => backup::write_clear(tx, taken, config, out, tick),
    }
}

/// Notes a backup in the activity log.
///
/// # Errors
/// When the store fails.
pub fn note(store: &Store, clock: &Clock, kept: Sealed) -> Result<(), Failure> {
    let Sealed { bytes, digest } = kept;
    Ok(store.write_blocking(By::command_line(), clock.now(), move |w| firm::note_backup(w, bytes, digest))?)
}

fn answer(written: &Written) -> Backup {
    Backup { bytes: written.bytes, digest: Digest(written.digest), rows: written.rows, facts: written.facts.clone() }
}
