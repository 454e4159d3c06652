//! `counterfoil backup --drill`: the file that was written is restored on trial, here and now, and its outcome noted.

use std::path::Path;
use std::sync::atomic::Ordering;

use jiff::{Timestamp, tz::TimeZone};

use super::super::control::{Line, Peer};
use super::super::protocol::Request;
use super::super::unfinished::told_to_stop;
use super::super::{Failure, house, terminal};
use crate::actions::backups;
use crate::app::App;
use crate::backup::BackupError;
use crate::backup::drill::{Drill, Facts, Trial};
use crate::backup::identity::Opener;
use crate::clock::{Clock, Stopwatch};
use crate::config::Config;
use crate::domain::backups as state;
use crate::domain::event::By;
use crate::secrets::Entropy;
use crate::store::Store;

/// Restores the backup of a snapshot with these facts in a scratch folder, with a progress bar; what came of it.
///
/// # Errors
/// When it was stopped.
pub fn run(
    backup: &dyn Trial,
    scratch: &Path,
    identity: &Opener,
    facts: &Facts,
    taken: Timestamp,
) -> Result<state::Drill, Failure> {
    let (bar, watch, told) = (terminal::bar("Checking"), Stopwatch::start(), told_to_stop()?);
    let (entropy, stop) = (Entropy::system(), || told.load(Ordering::Relaxed));
    let drill = Drill { identity, facts, scratch, entropy: &entropy, stop: &stop };
    let done = drill.run(backup, &mut |what, done, all| {
        bar.set_message(what);
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let (rows, fault) = match done {
        Ok(rows) => (rows, None),
        Err(BackupError::Stopped) => {
            return Err(Failure::new(
                "Stopped. The backup is there; whether it can be restored was not tried to the end.",
            ));
        }
        Err(BackupError::Io(e)) => (0, Some(Failure::file(scratch, &e).to_string())),
        Err(error) => (0, Some(error.to_string())),
    };
    let seconds = u32::try_from(watch.elapsed().as_secs()).unwrap_or(u32::MAX);
    Ok(state::Drill { at: Clock::system().now(), taken, rows, seconds, fault })
}

/// Notes the outcome, through the running server or in the data file itself, and tells it.
///
/// # Errors
/// The fault, if there is one.
pub fn tell(drill: &state::Drill, config: &Config, store: Option<&Store>) -> Result<(), Failure> {
    match store {
        Some(store) => note(store, &Clock::system(), &house::zone(config)?, drill)?,
        None => {
            let gone = || Failure::new("The server is gone, so that the outcome of the trial was not noted.");
            let mut line = Line::connect(&config.data)?.ok_or_else(gone)?;
            line.ask::<()>(&Request::Drilled(drill.clone()), &[], |_| Ok(()))?;
        }
    }
    match &drill.fault {
        Some(fault) => Err(Failure::new(format!("The backup could not be restored on trial. {fault}"))),
        None => {
            terminal::say(&format!("Restored on trial: {} records, all as they were.", drill.rows));
            Ok(())
        }
    }
}

/// The server's part.
///
/// # Errors
/// When the store fails, or the command is gone.
pub fn serve(peer: &mut Peer, app: &App, drill: &state::Drill) -> Result<(), Failure> {
    note(&app.store, &app.clock, &app.settings.zone, drill)?;
    peer.answer(&())
}

fn note(store: &Store, clock: &Clock, zone: &TimeZone, drill: &state::Drill) -> Result<(), Failure> {
    let (drill, zone) = (drill.clone(), zone.clone());
    Ok(store.write_blocking(By::command_line(), clock.now(), move |w| backups::note_drill(w, &zone, &drill))?)
}
