//! What became of the backups that are taken by themselves: noted in the data file together with its line of the log,
//! and told to the owners when something is wrong, once for each time that it goes wrong.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::notices;
use crate::domain::backups::{DRILLS_MAX, Drill, Failed, Made, Trouble};
use crate::domain::event::Event;
use crate::store::prelude::*;

/// Longest reason that is kept, in characters.
const REASON_MAX: usize = 500;

/// Notes that backups are to be taken from now on, if that is not known; lateness counts from here. Part of
/// `Store::housekeep`.
///
/// # Errors
/// When the store fails.
pub fn begin(w: &mut WriteTx<'_>) -> Result<(), ActError> {
    let mut all = w.backups()?;
    if all.since.is_none() {
        all.since = Some(w.now);
        w.put_backups(&all)?;
    }
    Ok(())
}

/// Notes the backup of a day, which is in its place.
///
/// # Errors
/// When the store fails.
pub fn note_made(w: &mut WriteTx<'_>, day: Date, made: &Made) -> Result<Done<()>, ActError> {
    let mut all = w.backups()?;
    (all.day, all.last, all.failure, all.told) = (Some(day), Some(made.clone()), None, false);
    w.put_backups(&all)?;
    Ok(w.record(About::FIRM, Event::BackupMade { bytes: made.bytes, digest: made.digest })?.done(()))
}

/// Notes that a backup could not be made, and why.
///
/// # Errors
/// When the store fails.
pub fn note_failed(w: &mut WriteTx<'_>, zone: &TimeZone, reason: &str) -> Result<Done<()>, ActError> {
    let (mut all, reason) = (w.backups()?, cut(reason));
    let attempts = all.failure.as_ref().map_or(0, |failure| failure.attempts).saturating_add(1);
    all.failure = Some(Failed { at: w.now, reason: reason.clone(), attempts });
    let tell = !std::mem::replace(&mut all.told, true);
    w.put_backups(&all)?;
    if tell {
        notices::backup_trouble(w, zone, &Trouble::Failed(reason.clone()))?;
    }
    Ok(w.record(About::FIRM, Event::BackupFailed { reason })?.done(()))
}

/// Tells the owners that the newest backup is too old.
///
/// # Errors
/// When it is not, or they know; or when the store fails.
pub fn note_late(w: &mut WriteTx<'_>, zone: &TimeZone) -> Result<Done<()>, ActError> {
    let mut all = w.backups()?;
    let since: Timestamp = super::found(all.late(w.now).filter(|_| !all.told))?;
    all.told = true;
    w.put_backups(&all)?;
    notices::backup_trouble(w, zone, &Trouble::Late(since))?;
    Ok(w.record(About::FIRM, Event::BackupLate { since })?.done(()))
}

/// Notes how a trial restore went.
///
/// # Errors
/// When the store fails.
pub fn note_drill(w: &mut WriteTx<'_>, zone: &TimeZone, drill: &Drill) -> Result<Done<()>, ActError> {
    let (mut all, mut drill) = (w.backups()?, drill.clone());
    drill.fault = drill.fault.map(|fault| cut(&fault));
    let tell = drill.fault.clone().filter(|_| !all.drill_told);
    all.drill_told = drill.fault.is_some();
    let event = match &drill.fault {
        None => Event::DrillPassed { taken: drill.taken, rows: drill.rows },
        Some(reason) => Event::DrillFailed { taken: drill.taken, reason: reason.clone() },
    };
    all.drills.insert(0, drill);
    all.drills.truncate(DRILLS_MAX);
    w.put_backups(&all)?;
    if let Some(fault) = tell {
        notices::backup_trouble(w, zone, &Trouble::Drill(fault))?;
    }
    Ok(w.record(About::FIRM, event)?.done(()))
}

fn cut(reason: &str) -> String {
    reason.chars().take(REASON_MAX).collect()
}
