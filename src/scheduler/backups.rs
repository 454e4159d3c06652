//! The backups that the server takes by itself, and their restore drill.
//!
//! Runs beside the rounds, on a thread of its own and at low priority: a backup takes minutes, and letters must not
//! wait for it.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use tokio::sync::{oneshot, watch};

use crate::actions::backups;
use crate::app::{App, BackupPlan};
use crate::backup::drill::Drill;
use crate::backup::folder::{self, Part};
use crate::backup::identity::BackupIdentity;
use crate::backup::pace::{Paced, Rate};
use crate::backup::{self, BackupError, Written, unfinished};
use crate::clock::Stopwatch;
use crate::domain::backup as rules;
use crate::domain::backups::{self as state, Made};
use crate::domain::event::By;
use crate::domain::ids::Digest;
use crate::store::prelude::*;

/// Longest sleep between two looks.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// Sleep after a look that failed.
const SLEEP_AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How much lower than others the thread's priority is.
const NICE: i32 = 10;

/// Looks again and again until `stop` says true or its sender is gone; a backup under way is broken off then.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    if app.settings.backup.is_none() {
        return;
    }
    while !*stop.borrow() {
        let pause = match look(&app, Some(stop.clone())).await {
            Ok(_) => SLEEP_MAX,
            Err(error) => {
                tracing::error!(%error, "what became of a backup could not be noted");
                SLEEP_AFTER_FAILURE
            }
        };
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { break },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Tells the owners if the newest backup is too old. Part of every round, so that a backup that hangs is noticed.
///
/// # Errors
/// When the store fails.
pub async fn watch_age(app: &App) -> Result<usize, ActError> {
    if app.settings.backup.is_none() {
        return Ok(0);
    }
    let all = app.store.read(|r| r.backups())?;
    if all.told || all.late(app.now()).is_none() {
        return Ok(0);
    }
    app.store.write(By::job("backup"), app.now(), backups::note_late).await?;
    Ok(1)
}

/// Takes the backup that is due, if one is, tries to restore it, and notes what became of it; whether one was due.
///
/// # Errors
/// When the store fails; a backup that fails is noted and no error.
pub async fn look(app: &App, stop: Option<watch::Receiver<bool>>) -> Result<bool, ActError> {
    let Some(plan) = app.settings.backup.clone() else { return Ok(false) };
    let all = app.store.read(|r| r.backups())?;
    if all.since.is_none() {
        app.store.housekeep(app.now(), backups::begin).await?;
    }
    let Some(day) = all.due(app.now(), plan.at, &app.settings.zone) else { return Ok(false) };
    let (tell, told) = oneshot::channel();
    let night = Night { app: app.clone(), plan, stop };
    let thread = std::thread::Builder::new().name("backup".to_owned()).spawn(move || {
        // On this thread alone; where it is refused, the backup goes at the usual priority.
        let _ = rustix::process::setpriority_process(None, NICE);
        let _ = tell.send(night.pass(day));
    });
    let broken = |why: &str| ActError::Store(StoreError::Broken(format!("the backup's thread {why}")));
    thread.map_err(|e| broken(&format!("can't start: {e}")))?;
    told.await.map_err(|_| broken("broke off"))??;
    Ok(true)
}

/// One backup and its drill.
struct Night {
    app: App,
    plan: BackupPlan,
    stop: Option<watch::Receiver<bool>>,
}

impl Night {
    fn pass(&self, day: Date) -> Result<(), ActError> {
        let identity = self.plan.scratch.is_some().then(BackupIdentity::generate);
        let (taken, watch) = (self.app.now(), Stopwatch::start());
        let written = match self.take(taken, identity.as_ref()) {
            Ok(written) => written,
            Err(BackupError::Stopped) => return Ok(()),
            Err(error) => {
                let reason = error.to_string();
                tracing::error!(%reason, "a backup could not be made");
                return self.note(move |w| backups::note_failed(w, &reason));
            }
        };
        let (bytes, digest) = (written.bytes, Digest(written.digest));
        let made = Made { taken, file: rules::name(taken), bytes, digest, seconds: seconds(watch) };
        tracing::info!(file = made.file, bytes, "a backup was made");
        self.note(move |w| backups::note_made(w, day, &made))?;
        // The new one is noted: what fails now costs room, not a backup.
        if let Err(error) = folder::thin_out(&self.plan.folder, taken, self.plan.keep) {
            tracing::warn!(%error, "older backups could not be removed");
        }
        match (identity, &self.plan.scratch) {
            (Some(identity), Some(scratch)) => self.drill(taken, &identity, &written, scratch),
            _ => Ok(()),
        }
    }

    fn take(&self, taken: Timestamp, also: Option<&BackupIdentity>) -> Result<Written, BackupError> {
        unfinished::sweep_backups(&self.plan.folder);
        let about = |e| BackupError::At(self.plan.folder.clone(), e);
        let mut part = Part::beside(&folder::place(&self.plan.folder, taken)).map_err(about)?;
        let out = Paced::new(Stopping { part: &mut part, night: self }, Rate::megabytes(self.plan.rate));
        let (config, also) = (self.plan.config.clone(), also.map(BackupIdentity::recipient));
        let written = self.app.store.read(|tx| backup::write_also(tx, taken, config, also.as_deref(), out, |_, _| ()));
        let written = written.map_err(|error| match error {
            _ if self.stopped() => BackupError::Stopped,
            BackupError::Io(e) => about(e),
            other => other,
        })?;
        part.keep(false).map_err(about)?;
        Ok(written)
    }

    fn drill(
        &self,
        taken: Timestamp,
        identity: &BackupIdentity,
        written: &Written,
        scratch: &Path,
    ) -> Result<(), ActError> {
        let (watch, stop) = (Stopwatch::start(), || self.stopped());
        let (facts, entropy) = (&written.facts, &self.app.entropy);
        let drill = Drill { identity, digest: written.digest, facts, scratch, entropy, stop: &stop };
        let path = folder::place(&self.plan.folder, taken);
        let (rows, fault) = match drill.run(&path, &mut |_, _, _| ()) {
            Ok(rows) => (rows, None),
            Err(BackupError::Stopped) => return Ok(()),
            Err(BackupError::Io(e)) => (0, Some(BackupError::At(scratch.to_owned(), e).to_string())),
            Err(error) => (0, Some(error.to_string())),
        };
        if let Some(fault) = &fault {
            tracing::error!(%fault, "a backup could not be restored on trial");
        }
        let drill = state::Drill { at: self.app.now(), taken, rows, seconds: seconds(watch), fault };
        self.note(move |w| backups::note_drill(w, &drill))
    }

    fn note(
        &self,
        act: impl FnMut(&mut WriteTx<'_>) -> Result<Done<()>, ActError> + Send + 'static,
    ) -> Result<(), ActError> {
        self.app.store.write_blocking(By::job("backup"), self.app.now(), act)?;
        // It may have queued letters.
        self.app.wake.notify_one();
        Ok(())
    }

    fn stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| *stop.borrow())
    }
}

fn seconds(watch: Stopwatch) -> u32 {
    u32::try_from(watch.elapsed().as_secs()).unwrap_or(u32::MAX)
}

/// A backup's file that fails once the server stops.
struct Stopping<'a> {
    part: &'a mut Part,
    night: &'a Night,
}

impl std::io::Write for Stopping<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.night.stopped() {
            return Err(std::io::Error::other("the server is stopping"));
        }
        self.part.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.part.flush()
    }
}
