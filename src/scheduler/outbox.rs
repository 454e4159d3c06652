//! Hands over the letters that are due: begun in one commit, sent, and their outcome kept in another.
//!
//! Letters go several at a time, and none waits for another. The way to the mail server is open before a letter is
//! begun: what is committed until then, as a payment, keeps it back. A process that dies in between leaves letters
//! *sending*; `recover` marks them at the next start.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

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
/// How long letters are begun in one run. What else the scheduler does waits meanwhile, and what was put off comes
/// again only in the next; that one goes on at once where letters are left.
const RUN_MAX: SignedDuration = SignedDuration::from_mins(1);
/// Letters that may fail for the store's sake before a round ends: one that can't be read must not keep the others, and
/// a store that takes nothing must not have the mail server asked again and again.
const FAILURES_MAX: usize = 10;

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

/// Hands over what is due, and what that calls up: a copy goes once the letter that it is of went. How many letters.
pub(super) async fn run(app: &App, stop: Stop, shares: &mut Shares) -> Result<usize, ActError> {
    if !app.mailer.leads_out() {
        return Ok(0);
    }
    let (mut count, started) = (0, app.now());
    loop {
        let went = round(app, &stop, shares, started).await?;
        count += went;
        if went == 0 || app.mailer.is_down() || stopped(&stop) || is_long(app, started) {
            return Ok(count);
        }
    }
}

fn is_long(app: &App, started: Timestamp) -> bool {
    app.now().duration_since(started) >= RUN_MAX
}

/// The letters of a round: those under way, and what came of the others.
#[derive(Default)]
struct Round {
    under_way: JoinSet<Result<bool, ActError>>,
    begun: usize,
    went: usize,
    /// How many failed for the store's sake, and why the first did.
    failures: usize,
    failed: Option<ActError>,
}

impl Round {
    /// Notes those that have ended: so that no more is kept of a long round than what is under way.
    fn note_ended(&mut self) {
        while let Some(ended) = self.under_way.try_join_next() {
            self.note(ended);
        }
    }

    async fn end(&mut self) {
        while let Some(ended) = self.under_way.join_next().await {
            self.note(ended);
        }
    }

    fn note(&mut self, ended: Result<Result<bool, ActError>, JoinError>) {
        let error = match ended {
            Ok(Ok(went)) => return self.went += usize::from(went),
            Ok(Err(error)) => error,
            Err(broke) => StoreError::Broken(format!("a letter's hand-over broke off: {broke}")).into(),
        };
        tracing::error!(%error, "a letter's hand-over could not be kept");
        self.failures += 1;
        self.failed.get_or_insert(error);
    }
}

async fn round(app: &App, stop: &Stop, shares: &mut Shares, started: Timestamp) -> Result<usize, ActError> {
    let mut round = Round::default();
    let begun = begin_all(app, stop, shares, &mut round, started).await;
    round.end().await;
    if round.begun > 0 {
        if app.mailer.is_down() {
            app.mailer.rest(app.now(), app.entropy.below(u64::MAX));
        }
        app.mailer.close_idle().await;
    }
    begun?;
    round.failed.map_or(Ok(round.went), Err)
}

/// Begins to hand over what is due, some at a time, until nothing is or the rest has to wait for its turn. When the
/// mail server turns out not to be there, the rest does not each find that out alone.
async fn begin_all(
    app: &App,
    stop: &Stop,
    shares: &mut Shares,
    round: &mut Round,
    started: Timestamp,
) -> Result<(), ActError> {
    let (room, was_down) = (Arc::new(Semaphore::new(app.mailer.at_once())), app.mailer.is_down());
    let mut turns = Turns::new(shares, |urgency, limit| app.store.read(|r| due(r, urgency, app.now(), limit)));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
        round.note_ended();
        let gone = round.begun > 0 && app.mailer.is_down();
        let over = gone || round.failures >= FAILURES_MAX || stopped(stop) || is_long(app, started);
        if over || !turns.any()? || !takes_turn(app).await {
            break;
        }
        // Asked now: while it waited for its turn somebody may have asked to be let in, and others went along.
        let Some(id) = next_that_waits(app, &mut turns)? else { break };
        round.begun += 1;
        let (handed, stop) = (app.clone(), stop.clone());
        round.under_way.spawn(async move { hand_over(&handed, id, permit, stop).await });
        if was_down && round.begun == 1 {
            // One looks whether it is there again; the permit comes back when it knows.
            drop(room.acquire_many(u32::try_from(app.mailer.at_once()).unwrap_or(1)).await);
        }
    }
    Ok(())
}

/// The next letter that still waits: one that went along with another needs no turn and no connection.
fn next_that_waits<R>(app: &App, turns: &mut Turns<'_, R>) -> Result<Option<LetterId>, StoreError>
where
    R: Fn(Urgency, usize) -> Result<Vec<LetterId>, StoreError>,
{
    while let Some(id) = turns.next()? {
        if app.store.read(|r| r.letter_waits(id))? {
            return Ok(Some(id));
        }
    }
    Ok(None)
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
    let line = tokio::select! {
        line = open(app) => line,
        () = told_to_stop(stop) => return Ok(false),
    };
    let line = match line {
        Ok(line) => line,
        Err(reason) => {
            drop(place);
            return put_off(app, id, reason).await;
        }
    };
    let (mut parcel, said) = match begin(app, id).await {
        Ok(Some(begun)) => begun,
        other => {
            app.mailer.put_back(line);
            return match other {
                Ok(_) => Ok(false),
                Err(error) => set_aside(app, id, error).await,
            };
        }
    };
    // What goes together is carried by one of them, which may be another.
    let id = parcel.id;
    let verdict = match app.store.read(|r| letters::attach(r, &mut parcel)) {
        Ok(()) => send(app, line, parcel.outgoing, said).await,
        Err(error) => {
            app.mailer.put_back(line);
            // Nothing was sent, and the letter says that it comes with its files.
            Verdict::Deferred { reason: format!("what goes along with it can't be read: {error}") }
        }
    };
    drop(place);
    note(id, &verdict);
    let chance = app.entropy.below(u64::MAX);
    app.store.write(By::job("outbox"), app.now(), move |w| letters::finish(w, id, &verdict, chance)).await?;
    Ok(true)
}

fn note(id: LetterId, verdict: &Verdict) {
    if !matches!(verdict, Verdict::Accepted { .. }) {
        tracing::warn!(letter = id.0, ?verdict, "a letter was not taken");
    }
}

/// Puts a letter off to which no way was open: begun and put off in one commit, so that no stop in between leaves one
/// that may have gone, as far as anybody knows. False when it did not want to go any more.
async fn put_off(app: &App, id: LetterId, reason: String) -> Result<bool, ActError> {
    let (begin, chance, verdict) = (beginning(app, id), app.entropy.below(u64::MAX), Verdict::Deferred { reason });
    note(id, &verdict);
    let act = move |w: &mut WriteTx<'_>| {
        let Some((parcel, _)) = begin(w)? else { return Ok(false) };
        letters::finish(w, parcel.id, &verdict, chance).map(|_| true)
    };
    match app.store.housekeep(app.now(), act).await {
        Err(error) => set_aside(app, id, error).await,
        done => done,
    }
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

/// A letter as it is begun, and what it says then.
type Begun = Option<(letters::Parcel, letters::Spoken)>;

/// Begins a letter's hand-over; `None` when it does not go now.
async fn begin(app: &App, id: LetterId) -> Result<Begun, ActError> {
    app.store.housekeep(app.now(), beginning(app, id)).await
}

fn beginning(app: &App, id: LetterId) -> impl Fn(&mut WriteTx<'_>) -> Result<Begun, ActError> + Send + 'static {
    let (zone, entropy, sender) = (app.settings.zone.clone(), app.entropy.clone(), letters::Sender::of(&app.settings));
    move |w| {
        w.by = By::job("outbox");
        let Some(parcel) = digest::begin(w, id, &zone, &entropy, &sender)? else { return Ok(None) };
        let said = letters::spoken(w, &parcel)?;
        Ok(Some((parcel, said)))
    }
}

/// Sets a letter aside that fails by itself, so that it is not tried for ever and the others go on.
///
/// # Errors
/// When it is the store that fails.
async fn set_aside(app: &App, id: LetterId, error: ActError) -> Result<bool, ActError> {
    let why = match error {
        ActError::Refused(why) => why.to_string(),
        ActError::Store(StoreError::Record(what)) => format!("the {what} it is about can't be read"),
        // So does what panics.
        ActError::Store(StoreError::Broken(what)) => what,
        error => return Err(error),
    };
    let reason = format!("it could not be prepared: {why}");
    tracing::error!(letter = id.0, reason, "a letter was set aside");
    app.store.write(By::job("outbox"), app.now(), move |w| letters::quarantine(w, id, &reason)).await?;
    Ok(false)
}

/// Sends in a task of its own: should it panic, nobody knows whether the letter went, and that is what is kept.
async fn send(app: &App, line: Line, outgoing: Outgoing, said: letters::Spoken) -> Verdict {
    let app = app.clone();
    let sent = tokio::spawn(async move {
        let today = || calendar::today(app.now(), &app.settings.zone);
        let unread = OnceLock::new();
        // What can't be read is not sent either; it is tried again.
        let still = || match app.store.read(|r| letters::still(r, &said, today())) {
            Ok(still) => still,
            Err(error) => {
                unread.get_or_init(|| error);
                false
            }
        };
        let verdict = app.mailer.send_on(line, &outgoing, &still).await;
        match (verdict, unread.get()) {
            (Verdict::Deferred { .. }, Some(error)) => Verdict::Deferred {
                reason: format!("whether what it says is still so can't be read, so it was not handed over: {error}"),
            },
            (verdict, _) => verdict,
        }
    });
    sent.await.unwrap_or_else(|_| Verdict::Uncertain { reason: "sending broke off inside this program".to_owned() })
}
