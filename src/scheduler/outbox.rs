//! Hands over the letters that are due: begun in one commit, sent, and their outcome kept in another.
//!
//! Letters go several at a time, and none waits for another. A process that dies in between leaves letters *sending*;
//! `recover` marks them at the next start.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::actions::{digest, letters};
use crate::app::App;
use crate::domain::event::By;
use crate::domain::ids::LetterId;
use crate::mail::{Outgoing, Verdict};
use crate::store::prelude::*;

/// Letters under way at once: what a small mail server takes from one client without complaint.
const AT_ONCE: usize = 4;
/// Letters read from the outbox at once.
const BATCH: usize = 100;

/// When the next letter that may leave is due; `None` when none waits, or there is no way out.
pub(super) fn next_due(app: &App, reader: &ReadTx) -> Result<Option<Timestamp>, StoreError> {
    if !app.mailer.leads_out() {
        return Ok(None);
    }
    match reader.held_since()? {
        Some(since) => Ok(reader.letters_due_while_held(since, 1)?.first().map(|due| due.0)),
        None => reader.next_letter_due(),
    }
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
    let (mut count, mut seen) = (0, HashSet::new());
    let stopped = || stop.as_ref().is_some_and(|x| *x.borrow());
    while !stopped() && app.mailer.leads_out() {
        let mut due = app.store.read(|r| due(r, app.now(), BATCH + seen.len()))?;
        due.retain(|id| seen.insert(*id));
        if due.is_empty() {
            break;
        }
        count += round(app, due, &stopped).await;
    }
    if count > 0 {
        app.mailer.close_idle().await;
    }
    Ok(count)
}

/// Hands over these letters, some at a time; how many were begun.
async fn round(app: &App, due: Vec<LetterId>, stopped: &impl Fn() -> bool) -> usize {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    for id in due {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
        if stopped() {
            break;
        }
        let app = app.clone();
        under_way.spawn(async move {
            let went = hand_over(&app, id).await;
            drop(permit);
            went
        });
    }
    let mut begun = 0;
    while let Some(went) = under_way.join_next().await {
        match went {
            Ok(Ok(went)) => begun += usize::from(went),
            Ok(Err(error)) => tracing::error!(%error, "a letter's hand-over could not be kept"),
            Err(error) => tracing::error!(%error, "a letter's hand-over broke off"),
        }
    }
    begun
}

/// Hands over one letter; false when it did not want to go any more.
async fn hand_over(app: &App, id: LetterId) -> Result<bool, ActError> {
    let (settings, entropy) = (app.settings.clone(), app.entropy.clone());
    let sender = letters::Sender::of(&settings);
    let begin = move |w: &mut WriteTx<'_>| {
        w.by = By::job("outbox");
        digest::begin(w, id, &settings.zone, &entropy, &sender)
    };
    let Some(parcel) = app.store.housekeep(app.now(), begin).await? else { return Ok(false) };
    // What goes together is carried by one of them, which may be another.
    let id = parcel.id;
    let verdict = send(app, parcel.outgoing).await;
    if !matches!(verdict, Verdict::Accepted { .. }) {
        tracing::warn!(letter = id.0, ?verdict, "a letter was not taken");
    }
    app.store.write(By::job("outbox"), app.now(), move |w| letters::finish(w, id, &verdict)).await?;
    Ok(true)
}

/// Sends in a task of its own: should it panic, nobody knows whether the letter went, and that is what is kept.
async fn send(app: &App, outgoing: Outgoing) -> Verdict {
    let mailer = Arc::clone(&app.mailer);
    let sent = tokio::spawn(async move { mailer.send(&outgoing).await }).await;
    sent.unwrap_or_else(|_| Verdict::Uncertain { reason: "sending broke off inside this program".to_owned() })
}
