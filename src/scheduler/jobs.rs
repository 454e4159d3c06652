//! Every job and its cadence.
//!
//! A job that fails or panics is logged and the others go on; it is tried again in the next round.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, watch};

use super::drop::{self, Watch};
use super::fresh::Fresh;
use super::turns::Shares;
use super::{backups, bounces, late_notes, outbox, recurring, statements};
use crate::actions::reminders::{self, Rules};
use crate::actions::visits::hour_of;
use crate::actions::{clock, policies, promises, uploads};
use crate::app::App;
use crate::domain::calendar;
use crate::domain::event::By;
use crate::domain::ids::InvoiceId;
use crate::domain::leap::Leap;
use crate::mutants::Mutant;
use crate::store::prelude::*;

/// Invoices whose reminders are looked at in one commit.
const REMINDERS_AT_ONCE: usize = 200;
/// Promises that are noted as broken in one commit.
const PROMISES_AT_ONCE: usize = 100;
/// Invoices of which a change of the policy is carried out in one commit.
const REPLANNED_AT_ONCE: usize = 200;
/// Hours for which it is kept that a visit was logged; it is asked for within one.
const VISIT_HOURS: i64 = 24;

/// What the scheduler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Sees whether the clock leapt, before anything is done by it.
    Clock,
    /// Makes the recurring documents that are due.
    Recurring,
    /// Publishes the statements of a month that has ended.
    Statements,
    /// Drafts the late payment notes of what became late enough.
    LateNotes,
    /// Carries a change of the reminder policy out.
    Replan,
    /// Notes promises as broken whose day and grace have passed.
    Promises,
    /// Looks at the reminders that are due and queues letters.
    Reminders,
    /// Tells the owners when the newest backup is too old. Taking them has its own loop, in `backups.rs`.
    BackupAge,
    /// Takes the files that lie in the drop folder.
    Drop,
    /// Fetches the letters that came back to a Maildir. A mailbox has its own loop, in `mailbox.rs`.
    Bounces,
    /// Hands over the letters that are due.
    Outbox,
    /// Clears away the content of files that were given up or erased.
    Clear,
    /// Clears away sessions, links, codes and pauses that have ended, and which visits were logged in hours long past.
    Sweep,
}

impl Job {
    /// All of them, in the order of a round: what a look queues is sent in the same round.
    pub const ALL: [Self; 13] = [
        Self::Clock,
        Self::Statements,
        Self::Recurring,
        Self::LateNotes,
        Self::Replan,
        Self::Promises,
        Self::Reminders,
        Self::BackupAge,
        Self::Drop,
        Self::Bounces,
        Self::Outbox,
        Self::Clear,
        Self::Sweep,
    ];

    /// How long after its last run it runs again; `None` for every round, when the data file says that something is
    /// due.
    pub fn cadence(self) -> Option<SignedDuration> {
        match self {
            Self::Sweep => Some(SignedDuration::from_hours(1)),
            Self::Bounces => Some(bounces::EVERY),
            _ => None,
        }
    }

    /// Whether it would settle, or clear away, on a day that may be wrong what can't be taken back. It waits after a
    /// leap of the clock, and goes on where it was when an owner has looked.
    fn goes_by_the_day(self) -> bool {
        let by_the_day =
            [Self::Statements, Self::Recurring, Self::LateNotes, Self::Promises, Self::Reminders, Self::Sweep];
        by_the_day.contains(&self)
    }

    /// How many things it did.
    async fn run(
        self,
        app: App,
        stop: Option<watch::Receiver<bool>>,
        (watch, shares): (Arc<Mutex<Watch>>, Arc<Mutex<Shares>>),
        last: Option<(Timestamp, SignedDuration)>,
    ) -> Result<usize, ActError> {
        match self {
            Self::Clock => look_at_clock(&app, last).await,
            Self::Statements => statements::run(&app).await,
            Self::Recurring => recurring::run(&app).await,
            Self::LateNotes => late_notes::run(&app).await,
            Self::Replan => replan(&app).await,
            Self::Promises => pass_promises(&app).await,
            Self::Reminders => look(&app).await,
            Self::BackupAge => backups::watch_age(&app).await,
            Self::Drop => drop::run(&app, &watch).await,
            Self::Bounces => bounces::run(&app).await,
            Self::Outbox => outbox::run(&app, stop, &mut *shares.lock().await).await,
            Self::Clear => uploads::clear(&app).await,
            Self::Sweep => {
                let zone = app.settings.zone.clone();
                let sweep = move |w: &mut WriteTx<'_>| {
                    let visits = w.sweep_visits(hour_of(w.now) - VISIT_HOURS)?;
                    let today = calendar::today(w.now, &zone);
                    Ok(w.sweep_accounts(w.now)? + visits + w.sweep_pauses(today)? + w.sweep_snoozes(today)?)
                };
                app.store.housekeep(app.now(), sweep).await
            }
        }
    }
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ticked {
    /// Leaps of the clock.
    pub leaps: usize,
    /// Statements published.
    pub statements: usize,
    /// Recurring documents made.
    pub recurring: usize,
    /// Promises looked at whose day has passed.
    pub promises: usize,
    /// Late payment notes drafted.
    pub late_notes: usize,
    /// Reminder letters queued.
    pub reminders: usize,
    /// Files of the drop folder that were moved.
    pub dropped: usize,
    /// Letters that turned out to have come back.
    pub bounced: usize,
    /// Letters handed over, whatever became of them.
    pub letters: usize,
    /// Chunks of files cleared away.
    pub cleared: usize,
    /// Sessions, links, codes and notes of visits cleared away.
    pub swept: usize,
    /// Jobs that failed or panicked.
    pub failures: usize,
}

/// When the jobs with a cadence ran last, and what stops the others.
#[derive(Debug, Default)]
pub struct Rota {
    swept: Option<Timestamp>,
    fetched: Option<Timestamp>,
    /// What the clock showed at the last look, and how long the machine had run.
    looked: Option<(Timestamp, SignedDuration)>,
    stop: Option<watch::Receiver<bool>>,
    watch: Arc<Mutex<Watch>>,
    shares: Arc<Mutex<Shares>>,
}

impl Rota {
    /// A rota on which everything is still to be done.
    pub fn new(stop: Option<watch::Receiver<bool>>) -> Self {
        Self { stop, ..Self::default() }
    }

    /// Runs the jobs that are due, one after the other.
    pub async fn tick(&mut self, app: &App) -> Ticked {
        let mut out = Ticked::default();
        let uptime = app.clock.uptime();
        let last = uptime.zip(self.looked).map(|(now, (at, then))| (at, now.saturating_sub(then)));
        self.looked = uptime.map(|uptime| (app.now(), uptime));
        for job in Job::ALL {
            if !self.is_due(job, app.now()) || (job.goes_by_the_day() && doubts_the_clock(app)) {
                continue;
            }
            let kept = (Arc::clone(&self.watch), Arc::clone(&self.shares));
            match guarded(job.run(app.clone(), self.stop.clone(), kept, last), job).await {
                Some(count) => self.note(job, count, app.now(), &mut out),
                None => out.failures += 1,
            }
        }
        out
    }

    fn is_due(&self, job: Job, now: Timestamp) -> bool {
        // A clock that went back must not put a job off for as long as it went.
        let since = |last: Timestamp| now.duration_since(last).abs();
        let last = if job == Job::Bounces { self.fetched } else { self.swept };
        job.cadence().is_none_or(|every| last.is_none_or(|last| since(last) >= every))
    }

    fn note(&mut self, job: Job, count: usize, now: Timestamp, out: &mut Ticked) {
        match job {
            Job::Clock => out.leaps += count,
            Job::Statements => out.statements += count,
            Job::Recurring => out.recurring += count,
            Job::Promises => out.promises += count,
            Job::LateNotes => out.late_notes += count,
            Job::Reminders => out.reminders += count,
            // Its letters are counted when they go.
            Job::BackupAge | Job::Replan => {}
            Job::Drop => out.dropped += count,
            Job::Clear => out.cleared += count,
            Job::Bounces => {
                out.bounced += count;
                self.fetched = Some(now);
            }
            Job::Outbox => out.letters += count,
            Job::Sweep => {
                out.swept += count;
                self.swept = Some(now);
            }
        }
    }

    /// When something is due next; `None` when nothing is ahead.
    ///
    /// # Errors
    /// When the store fails.
    pub fn next_due(&self, app: &App) -> Result<Option<Timestamp>, StoreError> {
        let sweep = self.swept.zip(Job::Sweep.cadence()).and_then(|(last, every)| last.checked_add(every).ok());
        app.store.read(|r| {
            let goes_on = r.clock_leapt()?.is_none();
            let reminder = r.reminders_ahead(1)?.first().map(|x| x.0).filter(|_| goes_on);
            let recurring = r.recurring_next()?.filter(|_| goes_on);
            let held = r.numbers_held_since()?.is_some();
            let promise = r.next_promise_over()?.filter(|_| goes_on && !held);
            let promise = promise.and_then(|day| Some(day.to_zoned(app.settings.zone.clone()).ok()?.timestamp()));
            let statements = Some(statements::next_due(app)).filter(|_| goes_on);
            let letter = outbox::next_due(app, r)?;
            let drop = app.settings.drop.as_ref().and_then(|_| app.now().checked_add(drop::EVERY).ok());
            let fetch =
                app.settings.bounces.as_ref().and(self.fetched).and_then(|at| at.checked_add(bounces::EVERY).ok());
            let sweep = sweep.filter(|_| goes_on).into_iter().chain(fetch).chain(drop).chain(statements).min();
            Ok(sweep.into_iter().chain(reminder).chain(letter).chain(recurring).chain(promise).min())
        })
    }
}

/// Runs a job in a task of its own, so that its panic is only its own.
async fn guarded(run: impl Future<Output = Result<usize, ActError>> + Send + 'static, job: Job) -> Option<usize> {
    match tokio::spawn(run).await {
        Ok(Ok(count)) => Some(count),
        Ok(Err(error)) => {
            tracing::error!(?job, %error, "a job failed; it is tried again in the next round");
            None
        }
        Err(error) => {
            tracing::error!(?job, %error, "a job broke off; it is tried again in the next round");
            None
        }
    }
}

/// Whether an owner has yet to look, since the clock leapt. A store that does not answer is in doubt as well.
fn doubts_the_clock(app: &App) -> bool {
    app.store.read(|r| r.clock_leapt()).map_or(true, |leap: Option<Leap>| leap.is_some())
}

/// Keeps what the clock shows, and holds letters back when it leapt. An example firm's clock is set as its visitor
/// likes.
async fn look_at_clock(app: &App, last: Option<(Timestamp, SignedDuration)>) -> Result<usize, ActError> {
    if app.settings.demo {
        return Ok(0);
    }
    let now = app.now();
    let Some(found) = app.store.read(|r| clock::found(r, now, last))? else { return Ok(0) };
    let keep = move |w: &mut WriteTx<'_>| {
        w.by = By::job("clock");
        clock::keep(w, found)
    };
    app.store.housekeep(now, keep).await?;
    let clock::Found::Leapt(leap) = found else { return Ok(0) };
    tracing::error!(from = %leap.from, to = %leap.to, "the clock leapt: letters wait until an owner lets them go");
    Ok(1)
}

/// Carries a change of the policy out, some invoices in each commit; how many.
async fn replan(app: &App) -> Result<usize, ActError> {
    let mut count = 0;
    while app.store.read(|r| r.replanning())?.is_some() {
        let settings = app.settings.clone();
        let act = move |w: &mut WriteTx<'_>| {
            w.by = By::job("reminders");
            let rules = Rules::now(w, &settings.zone)?;
            policies::replan(w, &rules, REPLANNED_AT_ONCE)
        };
        count += app.store.housekeep(app.now(), act).await?;
    }
    Ok(count)
}

/// Notes promises as broken whose day and grace have passed, some in each commit; how many.
async fn pass_promises(app: &App) -> Result<usize, ActError> {
    // After a restore what was paid since the backup can't be recorded yet.
    if app.store.read(|r| r.numbers_held_since())?.is_some() {
        return Ok(0);
    }
    let (mut count, mut last) = (0, None);
    loop {
        let (zone, today) = (app.settings.zone.clone(), calendar::today(app.now(), &app.settings.zone));
        let first = app.store.read(|r| r.promises_over(today, 1))?.first().copied();
        // One that stands there once more is listed by a fault, which `verify` tells.
        if first.is_none() || first == last {
            return Ok(count);
        }
        last = first;
        let act = move |w: &mut WriteTx<'_>| {
            w.by = By::job("promises");
            promises::pass(w, &zone, PROMISES_AT_ONCE)
        };
        match app.store.housekeep(app.now(), act).await? {
            0 => return Ok(count),
            some => count += some,
        }
    }
}

/// Looks at every invoice whose reminders are due, some in each commit; how many letters were queued.
async fn look(app: &App) -> Result<usize, ActError> {
    let (mut queued, mut fresh, mut failed) = (0, Fresh::new(), None);
    loop {
        let due = fresh.next(REMINDERS_AT_ONCE, |limit| app.store.read(|r| r.reminders_due(app.now(), limit)))?;
        if due.is_empty() {
            return failed.map_or(Ok(queued), Err);
        }
        match look_at(app, due.clone()).await {
            Ok(count) => queued += count,
            // One invoice that can't be read must not keep the others from being looked at.
            Err(_) => {
                for id in due {
                    match look_at(app, vec![id]).await {
                        Ok(count) => queued += count,
                        Err(error) => failed = Some(error),
                    }
                }
            }
        }
    }
}

async fn look_at(app: &App, ids: Vec<InvoiceId>) -> Result<usize, ActError> {
    let settings = app.settings.clone();
    let all = ids.clone();
    let act = move |w: &mut WriteTx<'_>| {
        w.by = By::job("reminders");
        let rules = Rules::now(w, &settings.zone)?;
        ids.iter().try_fold(0, |sum, id| Ok(sum + reminders::look(w, *id, &rules)?))
    };
    let queued = app.store.housekeep(app.now(), act).await?;
    if !Mutant::EnqueuesOutside.is_on() {
        return Ok(queued);
    }
    let zone = app.settings.zone.clone();
    let act = move |w: &mut WriteTx<'_>| {
        w.by = By::job("reminders");
        let rules = Rules::now(w, &zone)?;
        all.iter().try_fold(0, |sum, id| Ok(sum + reminders::queue_outside(w, *id, &rules)?))
    };
    app.store.housekeep(app.now(), act).await
}
