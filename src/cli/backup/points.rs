//! `counterfoil backup --incremental`: a point now, in a folder or a bucket, from the running server or from the data
//! file itself.
//!
//! The server alone has the keys that name pieces and the snapshot; the command alone may be allowed to write to the
//! place. So the server takes the point, and the command does its errands there (`distant.rs`, `errands.rs`).

use std::cell::RefCell;
use std::io::Read;
use std::path::PathBuf;
use std::sync::TryLockError;

use indicatif::ProgressBar;

use super::super::control::{Line, Peer, gone};
use super::super::protocol::{self, Kind, OfPoint, Point, Request};
use super::super::{Failure, house, terminal};
use super::distant::Distant;
use super::drill;
use super::errands::{Runner, ServerTrial};
use super::target::Place;
use super::whole::{note, show};
use crate::app::App;
use crate::backup::drill::Trial;
use crate::backup::identity::{BackupIdentity, Opener};
use crate::backup::pace::Rate;
use crate::backup::points::{self, Job, PointTrial, Taken, Thinned};
use crate::backup::{BackupError, Depot, FolderDepot, Source};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::backup::{Item, Keep, second};
use crate::secrets::Entropy;
use crate::store::prelude::*;

/// How a point is taken.
pub struct Options {
    /// Where it goes.
    pub place: Place,
    /// No faster than so many megabytes a second.
    pub rate: Option<u32>,
    /// Where it is restored on trial, if it is.
    pub scratch: Option<PathBuf>,
}

/// Takes a point, restores it on trial if that was asked for, and removes what is no longer kept.
///
/// # Errors
/// A sentence; the points that were there are there.
pub fn run(config: &Config, config_text: Option<String>, options: Options) -> Result<(), Failure> {
    // A passphrase is asked for before a bar is drawn.
    let mut house = match Line::connect(&config.data)? {
        Some(line) => Ok(line),
        None => Err(house::open_store(config, &Entropy::system())?),
    };
    let (depot, keep): (Box<dyn Depot>, _) = match options.place {
        Place::Folder(folder, keep) => (Box::new(FolderDepot::for_points(&folder)?), keep),
        Place::Bucket(bucket, keep) => (Box::new(bucket), keep),
        Place::File(..) | Place::Output => {
            return Err(Failure::new("A point shares its pieces with others: name a folder or a bucket."));
        }
    };
    let asked = Asked { config, depot: &*depot, keep, rate: options.rate.unwrap_or(0), scratch: options.scratch };
    match &mut house {
        Ok(line) => asked.of_server(line),
        Err(store) => {
            let done = asked.of_store(store, config_text);
            store.close();
            done
        }
    }
}

struct Asked<'a> {
    config: &'a Config,
    depot: &'a dyn Depot,
    keep: Option<Keep>,
    rate: u32,
    scratch: Option<PathBuf>,
}

impl Asked<'_> {
    fn of_server(&self, line: &mut Line) -> Result<(), Failure> {
        let (mut runner, bar) = (Runner::new(line, self.depot), terminal::bar("Backing up"));
        let point: Point = runner.ask(&Request::Point { rate: self.rate }, &mut |told| {
            show(&bar, told.done, told.all);
            Ok(())
        })?;
        tell(&bar, &point);
        // The server opens what it reads; nothing is left to open here.
        self.drill(&ServerTrial(RefCell::new(&mut runner)), &BackupIdentity::generate(), &point, None)?;
        tell_thinned(&runner.ask(&OfPoint::Thin { keep: self.keep }, &mut |_| Ok(()))?);
        Ok(())
    }

    fn of_store(&self, store: &Store, config: Option<String>) -> Result<(), Failure> {
        let (snapshot, identity, bar) = (store.snapshot()?, BackupIdentity::generate(), terminal::bar("Backing up"));
        let clock = Clock::system();
        let rate = Rate::megabytes(self.rate);
        let job = Job { taken: clock.now(), config: config.clone(), rate, identity: &identity, stop: &|| false };
        let taken = points::take(&snapshot, &job, self.depot, |done, all| show(&bar, done, all));
        let taken = taken.map_err(|error| match error {
            BackupError::Io(e) => self.depot.about(Item::Point(second(job.taken)), e),
            other => other,
        })?;
        let point = answer(&taken);
        note(store, &clock, point.sealed)?;
        tell(&bar, &point);
        let trial = PointTrial { depot: self.depot, snapshot: &snapshot, config, taken: &taken };
        self.drill(&trial, &identity, &point, Some(store))?;
        tell_thinned(&points::thin_out(self.depot, &snapshot, point.taken, self.keep)?);
        Ok(())
    }

    /// Older points go only after that: should this one be worth nothing, they are what is left.
    fn drill(&self, trial: &dyn Trial, opener: &Opener, point: &Point, store: Option<&Store>) -> Result<(), Failure> {
        let Some(scratch) = &self.scratch else { return Ok(()) };
        drill::tell(&drill::run(trial, scratch, opener, &point.facts, point.taken)?, self.config, store)
    }
}

/// The server's part.
///
/// # Errors
/// When there is nobody to encrypt to, another point is being taken, or the command is gone.
pub fn serve(peer: &mut Peer, app: &App, config: Option<String>, rate: u32) -> Result<(), Failure> {
    let busy = || Failure::new("The server is taking another point at this moment. Wait until it is done.");
    let _alone = match app.points.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(busy()),
        // One that broke off left nothing half done.
        Err(TryLockError::Poisoned(left)) => left.into_inner(),
        Ok(alone) => alone,
    };
    let (snapshot, identity, mut told) = (app.store.snapshot()?, BackupIdentity::generate(), 0);
    let depot = Distant::over(peer);
    let rate = Rate::megabytes(rate);
    let job = Job { taken: app.now(), config: config.clone(), rate, identity: &identity, stop: &|| false };
    let taken = points::take(&snapshot, &job, &depot, |done, all| {
        let hundredth = done.saturating_mul(100) / all.max(1);
        if hundredth > told {
            told = hundredth;
            depot.peer().progress("records", done, all);
        }
    })?;
    note(&app.store, &app.clock, taken.point)?;
    depot.peer().answer(&answer(&taken))?;
    let trial = PointTrial { depot: &depot, snapshot: &snapshot, config, taken: &taken };
    loop {
        let asked = depot.peer().next_request();
        match asked {
            Some(OfPoint::ReadBack) => {
                trial.read_back(&mut |done, all| {
                    depot.peer().progress("files", done, all);
                    Ok(())
                })?;
                depot.peer().answer(&())?;
            }
            Some(OfPoint::Content) => {
                send_content(&depot, &mut *trial.open(&identity)?)?;
                depot.peer().answer(&())?;
            }
            Some(OfPoint::Thin { keep }) => {
                let gone = points::thin_out(&depot, &snapshot, taken.taken, keep)?;
                depot.peer().answer(&gone)?;
            }
            None => return Ok(()),
        }
    }
}

/// Reading it takes errands, which come between its parts.
fn send_content(depot: &Distant<'_>, content: &mut dyn Read) -> Result<(), Failure> {
    let mut part = vec![0; protocol::DATA_BYTES];
    loop {
        match content.read(&mut part).map_err(BackupError::from)? {
            0 => return Ok(()),
            read => protocol::send(&mut **depot.peer(), Kind::Data, &part[..read]).map_err(gone)?,
        }
    }
}

fn answer(taken: &Taken) -> Point {
    Point {
        taken: taken.taken,
        sealed: taken.point,
        bytes: taken.bytes,
        pieces: taken.pieces,
        added: taken.added,
        facts: taken.facts.clone(),
    }
}

fn tell(bar: &ProgressBar, point: &Point) {
    bar.finish_and_clear();
    let (file, digest) = (Item::Point(point.taken), point.sealed.digest);
    let Point { bytes, pieces, added, .. } = point;
    terminal::say(&format!(
        "{file}: {bytes} bytes in {pieces} pieces; {added} bytes were written for it. Its SHA-256 {digest}"
    ));
}

fn tell_thinned(gone: &Thinned) {
    gone.points.iter().for_each(|taken| terminal::say(&format!("{} is no longer kept.", Item::Point(*taken))));
    if gone.pieces > 0 {
        terminal::say(&format!("{} pieces that no point needs are removed, {} bytes.", gone.pieces, gone.bytes));
    }
}
