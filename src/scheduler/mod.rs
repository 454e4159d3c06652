//! The scheduler: one task inside the process that does what time asks for.
//!
//! It looks at the clock it is given, does everything that is due, and sleeps until the next due thing or until
//! somebody wakes it. Whatever it has to remember lies in the data file, so that a stopped process misses nothing.
//! Knows nothing of HTTP and holds no rule of its own: those are in `domain` and `actions`.

mod backups;
mod bounces;
mod drop;
mod fresh;
mod jobs;
mod late_notes;
mod mailbox;
mod night;
mod outbox;
mod recurring;
mod statements;
mod turns;

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use tokio::sync::watch;

use crate::actions::{letters, uploads};
use crate::app::App;
use crate::domain::event::By;
use crate::store::prelude::*;

pub use self::jobs::{Job, Rota, Ticked};

/// Longest sleep, by the machine's clock: after it the time is looked at again, should somebody have set it.
const SLEEP_MAX: Duration = Duration::from_secs(60);
/// Shortest sleep between two rounds, so that no fault can make the scheduler spin.
const SLEEP_MIN: Duration = Duration::from_millis(20);
/// Sleep after a round in which a job failed.
const SLEEP_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Runs until `stop` says true or its sender is gone. A round under way is finished; no letter is begun after the stop.
pub async fn run(app: App, mut stop: watch::Receiver<bool>) {
    match recover(&app).await {
        Ok(0) => {}
        Ok(letters) => tracing::warn!(letters, "the last stop left letters in mid-send; they are marked"),
        Err(error) => tracing::error!(%error, "letters left in mid-send could not be marked"),
    }
    let nights = tokio::spawn(backups::run(app.clone(), stop.clone()));
    let mailbox = tokio::spawn(mailbox::run(app.clone(), stop.clone()));
    let mut rota = Rota::new(Some(stop.clone()));
    while !*stop.borrow() {
        let ticked = rota.tick(&app).await;
        let pause = if ticked.failures > 0 { SLEEP_AFTER_FAILURE } else { until_next(&app, &rota) };
        tokio::select! {
            changed = stop.changed() => if changed.is_err() { break },
            () = app.wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    // A backup under way breaks off by itself, and so does a look into the mailbox.
    let _ = (nights.await, mailbox.await);
}

/// Does everything that is due at the clock's present instant, once.
pub async fn tick(app: &App) -> Ticked {
    Rota::new(None).tick(app).await
}

/// Takes the backup that is due at the clock's present instant, if one is, and tries to restore it; whether one was.
///
/// # Errors
/// When the store fails; a backup that fails is noted and no error.
pub async fn back_up(app: &App) -> Result<bool, ActError> {
    backups::look(app, None).await
}

/// Looks once into the mailbox to which letters come back, where one is read by IMAP; how many letters bounced.
///
/// # Errors
/// When the store fails; a mailbox that can't be read is noted and no error.
pub async fn read_mailbox(app: &App) -> Result<usize, ActError> {
    read_mailbox_from(app, &AtomicU32::new(0)).await
}

/// As [`read_mailbox`], of several looks: each goes on behind the message that `from` keeps.
///
/// # Errors
/// As [`read_mailbox`].
pub async fn read_mailbox_from(app: &App, from: &AtomicU32) -> Result<usize, ActError> {
    mailbox::look(app, from).await
}

/// At start: letters that a crash left in mid-send become uncertain, or wait again if somebody waits for them. How
/// many.
///
/// # Errors
/// When the store fails.
pub async fn recover(app: &App) -> Result<usize, ActError> {
    let entropy = app.entropy.clone();
    let act = move |w: &mut WriteTx<'_>| {
        w.by = By::job("outbox");
        letters::recover(w, &entropy)
    };
    app.store.housekeep(app.now(), act).await
}

/// Before visitors are let in: files that were arriving when the last process ended are given up. How many.
///
/// # Errors
/// When the store fails.
pub async fn give_up_uploads(app: &App) -> Result<usize, ActError> {
    app.store.housekeep(app.now(), uploads::sweep).await
}

/// How long to sleep by the machine's clock, which an example firm's clock may outrun.
fn until_next(app: &App, rota: &Rota) -> Duration {
    let Ok(next) = rota.next_due(app) else { return SLEEP_AFTER_FAILURE };
    let Some(next) = next else { return SLEEP_MAX };
    let wait = Duration::try_from(next.duration_since(app.now())).unwrap_or_default();
    (wait / app.clock.speed().max(1)).clamp(SLEEP_MIN, SLEEP_MAX)
}
