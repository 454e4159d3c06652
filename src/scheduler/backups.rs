//! The backups that the server takes by itself: when one is due. What is done then is in `night.rs`.
//!
//! Runs beside the rounds, on a thread of its own and at low priority: a backup takes minutes, and letters must not
//! wait for it.

use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::night::Night;
use crate::actions::backups;
use crate::app::App;
use crate::backup::aside::lower_priority;
use crate::domain::event::By;
use crate::store::prelude::*;

/// Longest sleep between two looks.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// Sleep after a look that failed.
const SLEEP_AFTER_FAILURE: Duration = Duration::from_secs(5);

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
    let zone = app.settings.zone.clone();
    app.store.write(By::job("backup"), app.now(), move |w| backups::note_late(w, &zone)).await?;
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
        lower_priority();
        let _ = tell.send(night.pass(day));
    });
    let broken = |why: &str| ActError::Store(StoreError::Broken(format!("the backup's thread {why}")));
    thread.map_err(|e| broken(&format!("can't start: {e}")))?;
    told.await.map_err(|_| broken("broke off"))??;
    Ok(true)
}
