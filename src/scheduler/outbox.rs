//! Hands over the letters that are due: begun in one commit, sent, and their outcome kept in another.
//!
//! Letters go several at a time, and none waits for another. A process that dies in between leaves letters *sending*;
//! `recover` marks them at the next start.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::fresh::Fresh;
use crate::actions::{digest, letters};
use crate::app::App;
use crate::domain::event::By;
use crate::domain::ids::LetterId;
use crate::mail::{Outgoing, Verdict};
use crate::store::prelude::*;

/// The longest wait for a letter's turn within a round; for a longer one the round ends.
const TURN_MAX: SignedDuration = SignedDuration::from_secs(2);
/// Letters read from the outbox at once; at the end of a batch its last letters are waited for.
const BATCH: usize = 2_000;

/// When the next letter that may leave is due; `None` when none waits, or there is no way out.
pub(super) fn next_due(app: &App, reader: &ReadTx) -> Result<Option<Timestamp>, StoreError> {
    if !app.mailer.leads_out() {
        return Ok(None);
    }
    let due = match reader.held_since()? {
        Some(since) => reader.letters_due_while_held(since, 1)?.first().map(|due| due.0),
        None => reader.next_letter_due()?,
    };
    Ok(due.map(|due| due.max(app.mailer.next_turn(app.now()))))
}

/// Letters that may leave and are due by `now`, oldest first, at most `limit`.
fn due(reader: &ReadTx, now: Timestamp, limit: usize) -> Result<Vec<LetterId>, StoreError> {
    let Some(since) = reader.held_since()? else { return reader.letters_due(now, limit) };
    let mut waiting = reader.letters_due_while_held(since, limit)?;
    waiting.retain(|(at, _)| *at <= now);
    Ok(waiting.into_iter().map(|(_, id)| id).collect())
}

/// Hands over everything that is due; how many letters.
pub(super) async fn run(app: &App, stop: Option<watch::Receiver<bool>>) -> Result<usize, ActError> {
    let (mut count, mut fresh) = (0, Fresh::new());
    let stopped = || stop.as_ref().is_some_and(|x| *x.borrow());
    while !stopped() && app.mailer.leads_out() {
        let due = fresh.next(BATCH, |limit| app.store.read(|r| due(r, app.now(), limit)))?;
        if due.is_empty() {
            break;
        }
        let round = round(app, due, &stopped).await;
        count += round.begun;
        if app.mailer.is_down() {
            app.mailer.rest(app.now(), app.entropy.below(u64::MAX));
        }
        if round.cut_short {
            break;
        }
    }
    if count > 0 {
        app.mailer.close_idle().await;
    }
    Ok(count)
}

/// What came of a round.
struct Round {
    begun: usize,
    /// The rest has to wait: for its turn, or until the mail server can be reached.
    cut_short: bool,
}

/// Hands over these letters, some at a time. When the mail server turns out not to be there, the rest does not each
/// find that out alone.
async fn round(app: &App, due: Vec<LetterId>, stopped: &impl Fn() -> bool) -> Round {
    let (room, was_down) = (Arc::new(Semaphore::new(app.mailer.at_once())), app.mailer.is_down());
    let (mut cut_short, mut begun_with) = (false, None);
    let mut under_way = JoinSet::new();
    for id in due {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
        if stopped() {
            break;
        }
        if begun_with.is_some_and(|_| app.mailer.is_down()) || !takes_turn(app).await {
            cut_short = true;
            break;
        }
        begun_with = Some(id);
        let handed = app.clone();
        under_way.spawn(async move { hand_over(&handed, id, permit).await });
        if was_down {
            // One looks whether it is there again; the permit comes back when it knows.
            drop(room.acquire_many(u32::try_from(app.mailer.at_once()).unwrap_or(1)).await);
        }
    }
    let mut begun = 0;
    while let Some(went) = under_way.join_next().await {
        match went {
            Ok(Ok(went)) => begun += usize::from(went),
            Ok(Err(error)) => tracing::error!(%error, "a letter's hand-over could not be kept"),
            Err(error) => tracing::error!(%error, "a letter's hand-over broke off"),
        }
    }
    Round { begun, cut_short: cut_short || app.mailer.is_down() }
}

/// Takes a letter's turn at the mail server, after a short wait if need be.
async fn takes_turn(app: &App) -> bool {
    let Err(at) = app.mailer.turn(app.now()) else { return true };
    let wait = at.duration_since(app.now());
    if wait > TURN_MAX {
        return false;
    }
    tokio::time::sleep(Duration::try_from(wait).unwrap_or_default() / app.clock.speed().max(1)).await;
    app.mailer.turn(app.now()).is_ok()
}

/// Hands over one letter; false when it did not want to go any more. The next may go once the mail server has answered:
/// it does not wait until the answer is kept.
async fn hand_over(app: &App, id: LetterId, place: OwnedSemaphorePermit) -> Result<bool, ActError> {
    let (settings, entropy) = (app.settings.clone(), app.entropy.clone());
    let sender = letters::Sender::of(&settings);
    let begin = move |w: &mut WriteTx<'_>| {
        w.by = By::job("outbox");
        digest::begin(w, id, &settings.zone, &entropy, &sender)
    };
    let mut parcel = match app.store.housekeep(app.now(), begin).await {
        Ok(Some(parcel)) => parcel,
        Ok(None) => return Ok(false),
        Err(ActError::Refused(why)) => return set_aside(app, id, format!("it could not be prepared: {why}")).await,
        Err(ActError::Store(StoreError::Record(what))) => {
            return set_aside(app, id, format!("it could not be prepared: the {what} it is about can't be read")).await;
        }
        Err(error) => return Err(error),
    };
    // What goes together is carried by one of them, which may be another.
    let id = parcel.id;
    let verdict = match app.store.read(|r| letters::attach(r, &mut parcel)) {
        Ok(()) => send(app, parcel.outgoing).await,
        // Nothing was sent, and the letter says that it comes with its files.
        Err(error) => Verdict::Deferred { reason: format!("what goes along with it can't be read: {error}") },
    };
    drop(place);
    if !matches!(verdict, Verdict::Accepted { .. }) {
        tracing::warn!(letter = id.0, ?verdict, "a letter was not taken");
    }
    let chance = app.entropy.below(u64::MAX);
    app.store.write(By::job("outbox"), app.now(), move |w| letters::finish(w, id, &verdict, chance)).await?;
    Ok(true)
}

/// Sets a letter aside that fails by itself, so that it is not tried for ever and the others go on.
async fn set_aside(app: &App, id: LetterId, reason: String) -> Result<bool, ActError> {
    tracing::error!(letter = id.0, reason, "a letter was set aside");
    app.store.write(By::job("outbox"), app.now(), move |w| letters::quarantine(w, id, &reason)).await?;
    Ok(false)
}

/// Sends in a task of its own: should it panic, nobody knows whether the letter went, and that is what is kept.
async fn send(app: &App, outgoing: Outgoing) -> Verdict {
    let mailer = Arc::clone(&app.mailer);
    let sent = tokio::spawn(async move { mailer.send(&outgoing).await }).await;
    sent.unwrap_or_else(|_| Verdict::Uncertain { reason: "sending broke off inside this program".to_owned() })
}
