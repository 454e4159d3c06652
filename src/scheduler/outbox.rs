//! Hands over the letters that are due: begun in one commit, sent, and their outcome kept in another.
//!
//! Letters go several at a time, and none waits for another. A letter is begun when the mail server has been reached:
//! what is committed until then, as a payment, keeps it back, and so does what is committed before its last dot. A
//! process that dies in between leaves letters *sending*; `recover` marks them at the next start.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};

use super::turns::{Shares, Turns};
use crate::actions::digest::{self, Company};
use crate::actions::letters;
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

/// Where the letters of a round go out: places at the mail server, and one more, for a letter that is begun while all
/// of those are taken. A connection would stand idle for the commit otherwise.
#[derive(Clone)]
struct Room {
    letters: Arc<Semaphore>,
    lines: Arc<Semaphore>,
    /// Whether the mail server was reached in this round: before, no letter is begun without a line.
    reached: Arc<AtomicBool>,
}

impl Room {
    fn of(app: &App) -> Self {
        let lines = app.mailer.at_once();
        // Where letters go one by one, each is begun when the one before is done with.
        let letters = if lines > 1 { lines + 1 } else { lines };
        let semaphore = |places| Arc::new(Semaphore::new(places));
        Self { letters: semaphore(letters), lines: semaphore(lines), reached: Arc::default() }
    }
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
    let (room, was_down) = (Room::of(app), app.mailer.is_down());
    let mut turns = Turns::new(shares, |urgency, limit| app.store.read(|r| due(r, urgency, app.now(), limit)));
    loop {
        let Ok(permit) = Arc::clone(&room.letters).acquire_owned().await else { break };
        round.note_ended();
        let gone = round.begun > 0 && app.mailer.is_down();
        let over = gone || round.failures >= FAILURES_MAX || stopped(stop) || is_long(app, started);
        if over || !turns.any()? || !takes_turn(app).await {
            break;
        }
        // Asked now: while it waited for its turn somebody may have asked to be let in, and others went along.
        let Some(id) = next_that_waits(app, &mut turns)? else { break };
        round.begun += 1;
        let (handed, room_of_it, stop) = (app.clone(), room.clone(), stop.clone());
        round.under_way.spawn(async move { hand_over(&handed, id, (permit, &room_of_it), stop).await });
        if was_down && round.begun == 1 {
            // One looks whether it is there again.
            round.end().await;
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

/// A letter's place among those of a round, and at the mail server.
type Places = (OwnedSemaphorePermit, OwnedSemaphorePermit);

/// Hands over one letter; false when it did not want to go any more.
async fn hand_over(
    app: &App,
    id: LetterId,
    (letter, room): (OwnedSemaphorePermit, &Room),
    stop: Stop,
) -> Result<bool, ActError> {
    let line = match Arc::clone(&room.lines).try_acquire_owned() {
        Ok(line) => line,
        Err(_) if room.reached.load(Ordering::Relaxed) => return begin_meanwhile(app, id, (letter, room), stop).await,
        Err(_) => tokio::select! {
            line = Arc::clone(&room.lines).acquire_owned() => line.map_err(|_| StoreError::Closed)?,
            () = told_to_stop(stop.clone()) => return Ok(false),
        },
    };
    open_and_begin(app, id, (letter, line), room, stop).await
}

/// Opens the way to the mail server, begins a letter, and sends it.
async fn open_and_begin(app: &App, id: LetterId, places: Places, room: &Room, stop: Stop) -> Result<bool, ActError> {
    let line = tokio::select! {
        line = open(app) => line,
        () = told_to_stop(stop) => return Ok(false),
    };
    let line = match line {
        Ok(line) => line,
        Err(reason) => {
            drop(places);
            return put_off(app, id, reason).await;
        }
    };
    room.reached.store(true, Ordering::Relaxed);
    match begin(app, id).await {
        Ok(Some(whole)) => send_and_finish(app, line, whole, places).await,
        other => {
            app.mailer.put_back(line);
            match other {
                Ok(_) => Ok(false),
                Err(error) => set_aside(app, id, error).await,
            }
        }
    }
}

/// Begins a letter while all connections are in use, and sends it on the first that is free. What is committed
/// meanwhile, as a payment, keeps it back before its end.
async fn begin_meanwhile(
    app: &App,
    id: LetterId,
    (letter, room): (OwnedSemaphorePermit, &Room),
    stop: Stop,
) -> Result<bool, ActError> {
    let whole = match begin(app, id).await {
        Ok(Some(whole)) => whole,
        Ok(None) => return Ok(false),
        Err(error) => return set_aside(app, id, error).await,
    };
    let id = whole.0.id;
    let line = tokio::select! {
        line = Arc::clone(&room.lines).acquire_owned() => line.ok(),
        () = told_to_stop(stop) => None,
    };
    let Some(place) = line else {
        return finish(app, id, Verdict::Deferred { reason: "sending was stopped before its turn".to_owned() }).await;
    };
    match open(app).await {
        Ok(line) => send_and_finish(app, line, whole, (letter, place)).await,
        Err(reason) => {
            drop((letter, place));
            finish(app, id, Verdict::Deferred { reason }).await
        }
    }
}

/// Sends a letter that was begun. The next may go once the mail server has answered: it does not wait until the answer
/// is kept.
async fn send_and_finish(
    app: &App,
    line: Line,
    (mut parcel, said): (letters::Parcel, letters::Spoken),
    places: Places,
) -> Result<bool, ActError> {
    // What goes together is carried by one of them, which may be another than the one whose turn it was.
    let id = parcel.id;
    let verdict = match app.store.read(|r| letters::attach(r, &mut parcel)) {
        Ok(()) => send(app, line, parcel.outgoing, said).await,
        Err(error) => {
            app.mailer.put_back(line);
            // Nothing was sent, and the letter says that it comes with its files.
            Verdict::Deferred { reason: format!("what goes along with it can't be read: {error}") }
        }
    };
    drop(places);
    finish(app, id, verdict).await
}

/// Keeps what became of a letter.
async fn finish(app: &App, id: LetterId, verdict: Verdict) -> Result<bool, ActError> {
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
    let (chance, verdict) = (app.entropy.below(u64::MAX), Verdict::Deferred { reason });
    note(id, &verdict);
    let act = |company| {
        let (begin, verdict) = (beginning(app, id, company), verdict.clone());
        move |w: &mut WriteTx<'_>| {
            let Some((parcel, _)) = begin(w)? else { return Ok(false) };
            letters::finish(w, parcel.id, &verdict, chance).map(|_| true)
        }
    };
    match with_others_or_alone(app, act).await {
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
type Whole = Option<(letters::Parcel, letters::Spoken)>;

/// Begins a letter's hand-over; `None` when it does not go now.
async fn begin(app: &App, id: LetterId) -> Result<Whole, ActError> {
    with_others_or_alone(app, |company| beginning(app, id, company)).await
}

/// Does what begins a letter together with others, and where that fails for the sake of a letter, with that one alone:
/// it may be one of the others that can't be read, whose own turn comes.
async fn with_others_or_alone<T, A>(app: &App, act: impl Fn(Company) -> A) -> Result<T, ActError>
where
    T: Send + 'static,
    A: FnMut(&mut WriteTx<'_>) -> Result<T, ActError> + Send + 'static,
{
    match app.store.housekeep(app.now(), act(Company::Others)).await {
        Err(error) if fault(&error).is_some() => app.store.housekeep(app.now(), act(Company::None)).await,
        done => done,
    }
}

fn beginning(
    app: &App,
    id: LetterId,
    company: Company,
) -> impl Fn(&mut WriteTx<'_>) -> Result<Whole, ActError> + Send + 'static {
    let (zone, entropy, sender) = (app.settings.zone.clone(), app.entropy.clone(), letters::Sender::of(&app.settings));
    move |w| {
        w.by = By::job("outbox");
        let Some(parcel) = digest::begin(w, id, company, &zone, &entropy, &sender)? else { return Ok(None) };
        let said = letters::spoken(w, &parcel)?;
        Ok(Some((parcel, said)))
    }
}

/// What is wrong with a letter that can't be begun; `None` when it is the store that fails.
fn fault(error: &ActError) -> Option<String> {
    match error {
        ActError::Refused(why) => Some(why.to_string()),
        ActError::Store(StoreError::Record(what)) => Some(format!("the {what} it is about can't be read")),
        // So does what panics.
        ActError::Store(StoreError::Broken(what)) => Some(what.clone()),
        ActError::Store(_) => None,
    }
}

/// Sets a letter aside that fails by itself, so that it is not tried for ever and the others go on.
///
/// # Errors
/// When it is the store that fails.
async fn set_aside(app: &App, id: LetterId, error: ActError) -> Result<bool, ActError> {
    let Some(why) = fault(&error) else { return Err(error) };
    let reason = format!("it could not be prepared: {why}");
    tracing::error!(letter = id.0, reason, "a letter was set aside");
    let act = move |w: &mut WriteTx<'_>| letters::quarantine(w, id, &reason);
    match app.store.write(By::job("outbox"), app.now(), act).await {
        // Its own record can't be read, which `verify` tells: all that can be done is to ask for it no more.
        Err(error) if fault(&error).is_some() => {
            app.store.housekeep(app.now(), move |w| Ok(w.drop_from_outbox(id)?)).await?;
        }
        done => done?,
    }
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
