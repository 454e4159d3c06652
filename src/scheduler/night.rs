//! One night's backup, whole or incremental, and its restore drill. Runs on a thread of its own; what came of it is
//! noted in the data file.

use std::path::Path;
use std::sync::PoisonError;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::watch;

use crate::actions::backups;
use crate::app::{App, BackupPlan};
use crate::backup::drill::{Drill, Facts, Trial};
use crate::backup::identity::BackupIdentity;
use crate::backup::pace::{Paced, Rate};
use crate::backup::points::{self, Job, PointTrial};
use crate::backup::s3::S3Depot;
use crate::backup::whole::{self, WholeSource, WholeTrial};
use crate::backup::{self, BackupError, Begun, Depot, FolderDepot, Sealed, Written, unfinished};
use crate::clock::{Clock, Stopwatch};
use crate::config::BackupPlace;
use crate::domain::backup::{self as rules, Item};
use crate::domain::backups::{self as state, Made};
use crate::domain::event::By;
use crate::domain::ids::Digest;
use crate::store::prelude::*;

/// One backup and its drill.
pub(super) struct Night {
    /// Of which house.
    pub app: App,
    /// How.
    pub plan: BackupPlan,
    /// What breaks it off.
    pub stop: Option<watch::Receiver<bool>>,
}

impl Night {
    /// Takes the backup of a day, notes it, removes what is no longer kept, and restores it on trial.
    ///
    /// # Errors
    /// When the store fails; a backup that fails is noted and no error.
    pub fn pass(&self, day: Date) -> Result<(), ActError> {
        let passed = if self.plan.incremental { self.point(day) } else { self.whole(day) };
        match passed {
            Err(Broken::Store(error)) => Err(error),
            Err(Broken::Backup(error)) if self.stopped() || matches!(error, BackupError::Stopped) => Ok(()),
            Err(Broken::Backup(error)) => {
                let reason = error.to_string();
                tracing::error!(%reason, "a backup could not be made");
                self.note(move |w, zone| backups::note_failed(w, zone, &reason))
            }
            Ok(()) => Ok(()),
        }
    }

    fn whole(&self, day: Date) -> Result<(), Broken> {
        let identity = self.plan.scratch.is_some().then(BackupIdentity::generate);
        let (taken, watch) = (rules::second(self.app.now()), Stopwatch::start());
        let depot = self.depot()?;
        let written = self.take(&*depot, taken, identity.as_ref())?;
        let (bytes, digest) = (written.bytes, Digest(written.digest));
        let file = rules::name(taken);
        let source = WholeSource { depot: &*depot, item: Item::Whole(taken) };
        let backup = WholeTrial { source, sealed: Sealed { bytes, digest } };
        if self.plan.scratch.is_none() && matches!(self.plan.place, BackupPlace::Bucket(_)) {
            // What lies elsewhere counts once it was read back; a drill does that as well.
            backup.read_back(&mut |_, _| if self.stopped() { Err(BackupError::Stopped) } else { Ok(()) })?;
        }
        self.made(day, Made { taken, file, bytes, added: bytes, digest, seconds: seconds(watch) })?;
        // The new one is noted: what fails now costs room, not a backup.
        if let Err(error) = whole::thin_out(&*depot, taken, self.plan.keep) {
            tracing::warn!(%error, "older backups could not be removed");
        }
        if let (Some(identity), Some(scratch)) = (identity, &self.plan.scratch) {
            self.drill(taken, &identity, &written.facts, &backup, scratch)?;
        }
        Ok(())
    }

    fn take(&self, depot: &dyn Depot, taken: Timestamp, also: Option<&BackupIdentity>) -> Result<Written, BackupError> {
        let mut begun = depot.begin(Item::Whole(taken))?;
        let out = Paced::new(Stopping { begun: &mut *begun, night: self }, Rate::megabytes(self.plan.rate));
        let (config, also) = (self.plan.config.clone(), also.map(BackupIdentity::recipient));
        let written = self.app.store.read(|tx| backup::write_also(tx, taken, config, also.as_deref(), out, |_, _| ()));
        let written = written.map_err(|error| self.placed(error))?;
        begun.keep()?;
        Ok(written)
    }

    fn point(&self, day: Date) -> Result<(), Broken> {
        let (taken, watch, identity) = (rules::second(self.app.now()), Stopwatch::start(), BackupIdentity::generate());
        let snapshot = self.app.store.snapshot().map_err(BackupError::Store)?;
        let (config, stop) = (self.plan.config.clone(), || self.stopped());
        // A command that broke off holding it left nothing half done.
        let _alone = self.app.points.lock().unwrap_or_else(PoisonError::into_inner);
        let depot = self.depot()?;
        let rate = Rate::megabytes(self.plan.rate);
        let job = Job { taken, config: config.clone(), rate, identity: &identity, stop: &stop };
        let point = points::take(&snapshot, &job, &*depot, |_, _| ()).map_err(|error| self.placed(error))?;
        let (file, bytes, added) = (Item::Point(taken).to_string(), point.bytes, point.added);
        self.made(day, Made { taken, file, bytes, added, digest: point.point.digest, seconds: seconds(watch) })?;
        if let Err(error) = points::thin_out(&*depot, &snapshot, taken, Some(self.plan.keep)) {
            tracing::warn!(%error, "older points could not be removed");
        }
        if let Some(scratch) = &self.plan.scratch {
            let backup = PointTrial { depot: &*depot, snapshot: &snapshot, config, taken: &point };
            self.drill(taken, &identity, &point.facts, &backup, scratch)?;
        }
        Ok(())
    }

    fn made(&self, day: Date, made: Made) -> Result<(), ActError> {
        tracing::info!(file = made.file, bytes = made.bytes, added = made.added, "a backup was made");
        self.note(move |w, _| backups::note_made(w, day, &made))
    }

    fn drill(
        &self,
        taken: Timestamp,
        identity: &BackupIdentity,
        facts: &Facts,
        backup: &dyn Trial,
        scratch: &Path,
    ) -> Result<(), ActError> {
        let (watch, stop) = (Stopwatch::start(), || self.stopped());
        let drill = Drill { identity, facts, scratch, entropy: &self.app.entropy, stop: &stop };
        let (rows, fault) = match drill.run(backup, &mut |_, _, _| ()) {
            Ok(rows) => (rows, None),
            Err(BackupError::Stopped) => return Ok(()),
            Err(BackupError::Io(e)) => (0, Some(BackupError::At(scratch.to_owned(), e).to_string())),
            Err(error) => (0, Some(error.to_string())),
        };
        if let Some(fault) = &fault {
            tracing::error!(%fault, "a backup could not be restored on trial");
        }
        let drill = state::Drill { at: self.app.now(), taken, rows, seconds: seconds(watch), fault };
        self.note(move |w, zone| backups::note_drill(w, zone, &drill))
    }

    fn note(
        &self,
        mut act: impl FnMut(&mut WriteTx<'_>, &TimeZone) -> Result<Done<()>, ActError> + Send + 'static,
    ) -> Result<(), ActError> {
        let zone = self.app.settings.zone.clone();
        self.app.store.write_blocking(By::job("backup"), self.app.now(), move |w| act(w, &zone))?;
        // It may have queued letters.
        self.app.wake.notify_one();
        Ok(())
    }

    fn stopped(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| *stop.borrow())
    }

    fn depot(&self) -> Result<Box<dyn Depot>, BackupError> {
        Ok(match &self.plan.place {
            BackupPlace::Folder(folder) if self.plan.incremental => Box::new(FolderDepot::for_points(folder)?),
            BackupPlace::Folder(folder) => {
                unfinished::sweep_backups(folder);
                Box::new(FolderDepot::at(folder))
            }
            // A service compares the time with its own: an example firm's is another.
            BackupPlace::Bucket(config) => Box::new(S3Depot::new(config, Clock::system())?),
        })
    }

    fn placed(&self, error: BackupError) -> BackupError {
        match (error, &self.plan.place) {
            (BackupError::Io(e), BackupPlace::Folder(folder)) => BackupError::At(folder.clone(), e),
            (other, _) => other,
        }
    }
}

/// Why a night did not come to its end.
enum Broken {
    /// The backup was not made.
    Backup(BackupError),
    /// What became of it could not be noted.
    Store(ActError),
}

impl From<BackupError> for Broken {
    fn from(error: BackupError) -> Self {
        Self::Backup(error)
    }
}

impl From<ActError> for Broken {
    fn from(error: ActError) -> Self {
        Self::Store(error)
    }
}

fn seconds(watch: Stopwatch) -> u32 {
    u32::try_from(watch.elapsed().as_secs()).unwrap_or(u32::MAX)
}

/// A backup's file that fails once the server stops.
struct Stopping<'a> {
    begun: &'a mut dyn Begun,
    night: &'a Night,
}

impl std::io::Write for Stopping<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.night.stopped() {
            return Err(std::io::Error::other("the server is stopping"));
        }
        self.begun.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.begun.flush()
    }
}
