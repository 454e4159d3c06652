//! Hands over the letters that are due: begun in one commit, sent, and their outcome kept in another.
//!
//! Letters go several at a time, and none waits for another. The way to the mail server is open before a letter is
//! begun: what is committed until then, as a payment, keeps it back. A process that dies in between leaves letters
//! *sending*; `recover` marks them at the next start.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::turns::{Shares, Turns};
use crate::actions::{digest, letters};
use crate::app::App;
use crate::domain::calendar;
use crate::domain::event::By;
use crate::domain::ids::LetterId;
use crate::domain::letter::Urgency;
use crate::mail::{Line, Outgoing, Verdict};
use crate::store::prelude::*;

/// The longest wait for a letter's turn within a round; for a longer one the round ends.
const TURN_MAX: SignedDuration = SignedDuration::from_secs(2);

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

/// Letters of one urgency that may leave and are due by `now`, oldest first, at most `limit`.
fn due(reader: &ReadTx, urgency: Urgency, now: Timestamp, limit: usize) -> Result<Vec<LetterId>, StoreError> {
    let Some(since) = reader.held_since()? else { return reader.letters_due_of(urgency, now, limit) };
    if urgency != Urgency::Awaited {
        return Ok(Vec::new());
    }
    let mut waiting = reader.letters_due_while_held(since, limit)?;
    waiting.retain(|(at, _)| *at <= now);
    Ok(waiting.into_iter().map(|(_, id)| id).collect())
}

type Stop = Option<watch::Receiver<bool>>;

fn stopped(stop: &Stop) -> bool {
    stop.as_ref().is_some_and(|x| *x.borrow())
}

/// Hands over everything that is due, and what that calls up: a copy goes once the letter that it is of went. How many
/// letters.
pub(super) async fn run(app: &App, stop: Stop, shares: &mut Shares) -> Result<usize, ActError> {
    if !app.mailer.leads_out() {
        return Ok(0);
    }
    let mut count = 0;
    loop {
        let went = round(app, &stop, shares).await?;
        count += went;
        if went == 0 || app.mailer.is_down() || stopped(&stop) {
            return Ok(count);
        }
    }
}

async fn round(app: &App, stop: &Stop, shares: &mut Shares) -> Result<usize, ActError> {
    let mut under_way = JoinSet::new();
    let begun = begin_all(app, stop, shares, &mut under_way).await;
    let mut count = 0;
    while let Some(went) = under_way.join_next().await {
        match went {
            Ok(Ok(went)) => count += usize::from(went),
            Ok(Err(error)) => tracing::error!(%error, "a letter's hand-over could not be kept"),
            Err(error) => tracing::error!(%error, "a letter's hand-over broke off"),
        }
    }
    if begun? > 0 {
        if app.mailer.is_down() {
            app.mailer.rest(app.now(), app.entropy.below(u64::MAX));
        }
        app.mailer.close_idle().await;
    }
    Ok(count)
}

/// Begins to hand over what is due, some at a time, until nothing is or the rest has to wait for its turn; how many.
/// When the mail server turns out not to be there, the rest does not each find that out alone.
async fn begin_all(
    app: &App,
    stop: &Stop,
    shares: &mut Shares,
    under_way: &mut JoinSet<Result<bool, ActError>>,
) -> Result<usize, ActError> {
    let (room, was_down) = (Arc::new(Semaphore::new(app.mailer.at_once())), app.mailer.is_down());
    let mut turns = Turns::new(shares, |urgency, limit| app.store.read(|r| due(r, urgency, app.now(), limit)));
    let mut begun = 0;
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
        let gone = begun > 0 && app.mailer.is_down();
        if gone || stopped(stop) || !turns.any()? || !takes_turn(app).await {
            break;
        }
        // Asked now: while it waited for its turn somebody may have asked to be let in.
        let Some(id) = turns.next()? else { break };
        begun += 1;
        let (handed, stop) = (app.clone(), stop.clone());
        under_way.spawn(async move { hand_over(&handed, id, permit, stop).await });
        if was_down && begun == 1 {
            // One looks whether it is there again; the permit comes back when it knows.
            drop(room.acquire_many(u32::try_from(app.mailer.at_once()).unwrap_or(1)).await);
        }
    }
    Ok(begun)
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
async fn hand_over(app: &App, id: LetterId, place: OwnedSemaphorePermit, stop: Stop) -> Result<bool, ActError> {
    // One that went along with another meanwhile needs no connection.
    if !app.store.read(|r| r.letter_waits(id))? {
        return Ok(false);
    }
    let line = tokio::select! {
        line = open(app) => line,
        () = told_to_stop(stop) => return Ok(false),
    };
    let (mut parcel, said) = match begin(app, id).await {
        Ok(Some(begun)) => begun,
        other => {
            if let Ok(line) = line {
                app.mailer.put_back(line);
            }
            return match other {
                Ok(_) => Ok(false),
                Err(ActError::Refused(why)) => set_aside(app, id, format!("it could not be prepared: {why}")).await,
                Err(ActError::Store(StoreError::Record(what))) => {
                    let why = format!("it could not be prepared: the {what} it is about can't be read");
                    set_aside(app, id, why).await
                }
                Err(error) => Err(error),
            };
        }
    };
    // What goes together is carried by one of them, which may be another.
    let id = parcel.id;
    let verdict = match (line, app.store.read(|r| letters::attach(r, &mut parcel))) {
        (Ok(line), Ok(())) => send(app, line, parcel.outgoing, said).await,
        (Err(reason), _) => Verdict::Deferred { reason },
        (Ok(line), Err(error)) => {
            app.mailer.put_back(line);
            // Nothing was sent, and the letter says that it comes with its files.
            Verdict::Deferred { reason: format!("what goes along with it can't be read: {error}") }
        }
    };
    drop(place);
    if !matches!(verdict, Verdict::Accepted { .. }) {
        tracing::warn!(letter = id.0, ?verdict, "a letter was not taken");
    }
    let chance = app.entropy.below(u64::MAX);
    app.store.write(By::job("outbox"), app.now(), move |w| letters::finish(w, id, &verdict, chance)).await?;
    Ok(true)
}

/// Opens the way to the mail server, in a task of its own: should it panic, no letter was begun.
async fn open(app: &App) -> Result<Line, String> {
    let mailer = Arc::clone(&app.mailer);
    let opened = tokio::spawn(async move { mailer.open().await }).await;
    opened.unwrap_or_else(|_| Err("connecting broke off inside this program".to_owned()))
}

async fn told_to_stop(stop: Stop) {
    match stop {
        Some(mut stop) => drop(stop.wait_for(|x| *x).await),
        None => std::future::pending().await,
    }
}

/// Begins a letter's hand-over, with what it says as it is begun; `None` when it does not go now.
async fn begin(app: &App, id: LetterId) -> Result<Option<(letters::Parcel, letters::Spoken)>, ActError> {
    let (settings, entropy) = (app.settings.clone(), app.entropy.clone());
    let sender = letters::Sender::of(&settings);
    let begin = move |w: &mut WriteTx<'_>| {
        w.by = By::job("outbox");
        let Some(parcel) = digest::begin(w, id, &settings.zone, &entropy, &sender)? else { return Ok(None) };
        let said = letters::spoken(w, parcel.id)?;
        Ok(Some((parcel, said)))
    };
    app.store.housekeep(app.now(), begin).await
}

/// Sets a letter aside that fails by itself, so that it is not tried for ever and the others go on.
async fn set_aside(app: &App, id: LetterId, reason: String) -> Result<bool, ActError> {
    tracing::error!(letter = id.0, reason, "a letter was set aside");
    app.store.write(By::job("outbox"), app.now(), move |w| letters::quarantine(w, id, &reason)).await?;
    Ok(false)
}

/// Sends in a task of its own: should it panic, nobody knows whether the letter went, and that is what is kept.
async fn send(app: &App, line: Line, outgoing: Outgoing, said: letters::Spoken) -> Verdict {
    let app = app.clone();
    let sent = tokio::spawn(async move {
        let today = || calendar::today(app.now(), &app.settings.zone);
        // What can't be read is not sent either; it is tried again.
        let still = || app.store.read(|r| letters::still(r, &said, today())).unwrap_or(false);
        app.mailer.send_on(line, &outgoing, &still).await
    });
    sent.await.unwrap_or_else(|_| Verdict::Uncertain { reason: "sending broke off inside this program".to_owned() })
}
