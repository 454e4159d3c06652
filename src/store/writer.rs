//! The single writer: a thread that runs acts one after another and commits those that wait together in one durable
//! commit.
//!
//! Acts of one group share a transaction. An act that is refused before it changed anything leaves no trace and the
//! group goes on; if it had changed something, the whole transaction is undone and the group's acts run again, each in
//! a transaction of its own. An act is therefore a function that can be run again, and answers only after its commit.

use std::panic::AssertUnwindSafe;
use std::sync::mpsc;

use jiff::Timestamp;
use redb::Database;
use tokio::sync::oneshot;

use super::engine::Engine;
use super::error::{ActError, StoreError};
use super::tx::{Done, WriteTx};
use crate::domain::event::By;

/// Most acts in one commit.
const GROUP_MAX: usize = 64;

/// What the writer thread receives.
pub(super) type Job = Box<dyn Work>;

/// An act on its way through the writer.
pub(super) trait Work: Send {
    /// Runs the act; false when it failed after changing something, so that the transaction must be undone.
    fn run(&mut self, tx: &redb::WriteTransaction) -> bool;
    /// Whether the act succeeded, so that there is something to commit.
    fn succeeded(&self) -> bool;
    /// Answers, after the commit.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

pub(super) struct Act<T, F> {
    pub act: F,
    pub by: By,
    pub now: Timestamp,
    pub outcome: Option<Result<T, ActError>>,
    pub reply: oneshot::Sender<Result<T, ActError>>,
}

impl<T: Send, F: FnMut(&mut WriteTx<'_>) -> Result<Done<T>, ActError> + Send> Work for Act<T, F> {
    fn run(&mut self, tx: &redb::WriteTransaction) -> bool {
        let mut write = WriteTx::new(tx, self.by.clone(), self.now);
        // An act that panics fails alone: the one writer must go on for everybody else.
        let ran = std::panic::catch_unwind(AssertUnwindSafe(|| (self.act)(&mut write)));
        let broken = || Err(StoreError::Broken("an act broke off inside this program".to_owned()).into());
        let (outcome, whole) = match ran {
            Ok(outcome) => (outcome.map(|done| done.value), true),
            Err(_) => (broken(), false),
        };
        let clean = whole && (outcome.is_ok() || !write.touched());
        self.outcome = Some(outcome);
        clean
    }

    fn succeeded(&self) -> bool {
        matches!(self.outcome, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (committed, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Err(error), Some(Ok(_) | Err(ActError::Store(_)))) => Err(error.into()),
            (_, Some(Err(error))) => Err(error),
            (committed, None) => Err(committed.err().unwrap_or(StoreError::Closed).into()),
        };
        // Whoever asked may have gone away; the act stands all the same.
        let _ = self.reply.send(answer);
    }
}

/// Ends the process when the writer panics: a server that can't write must not look alive, and what is acknowledged is
/// safe in the file.
struct EndWithWriter;

impl Drop for EndWithWriter {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the store's writer panicked; the process ends so that a supervisor can start it again");
            std::process::abort();
        }
    }
}

/// Has the writer look after the engine, and does nothing else.
pub(super) struct Nudge;

impl Work for Nudge {
    fn run(&mut self, _: &redb::WriteTransaction) -> bool {
        true
    }

    fn succeeded(&self) -> bool {
        false
    }

    fn answer(self: Box<Self>, _: Result<(), StoreError>) {}
}

/// Runs until every sender is gone.
pub(super) fn run(engine: &Engine, jobs: &mpsc::Receiver<Job>) {
    let _end = EndWithWriter;
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX {
            match jobs.try_recv() {
                Ok(job) => group.push(job),
                Err(_) => break,
            }
        }
        commit_group(engine, group);
    }
}

fn commit_group(engine: &Engine, mut group: Vec<Job>) {
    if group.len() > 1 {
        match engine.ready().and_then(|()| try_together(engine, &mut group)) {
            Ok(true) => return group.into_iter().for_each(|job| job.answer(Ok(()))),
            Ok(false) => {}
            Err(error) => return fail_all(group, &error),
        }
    }
    for mut job in group {
        let committed = engine.ready().and_then(|()| commit_one(engine, job.as_mut()));
        job.answer(committed);
    }
}

/// True when the group is committed, false when it must run one by one.
fn try_together(engine: &Engine, group: &mut [Job]) -> Result<bool, StoreError> {
    let run = |group: &mut [Job]| {
        let tx = begin(&*engine.database()?)?;
        for job in group.iter_mut() {
            if !job.run(&tx) {
                tx.abort()?;
                return Ok(false);
            }
        }
        let succeeded = group.iter().any(|job| job.succeeded());
        finish(tx, succeeded, engine)
    };
    match run(group) {
        Ok(true) => Ok(true),
        Ok(false) => engine.settle(None).map(|()| false),
        Err(error) => engine.settle(Some(error)).map(|()| false),
    }
}

fn commit_one(engine: &Engine, job: &mut dyn Work) -> Result<(), StoreError> {
    let run = |job: &mut dyn Work| {
        let tx = begin(&*engine.database()?)?;
        job.run(&tx);
        finish(tx, job.succeeded(), engine)
    };
    match run(job) {
        Ok(true) => Ok(()),
        Ok(false) => engine.settle(None),
        Err(error) => engine.settle(Some(error)),
    }
}

/// Begins a transaction in the only mode the data file uses: two-phase, with the allocator's state saved, so that
/// opening after a crash takes no scan.
pub(super) fn begin(database: &Database) -> Result<redb::WriteTransaction, StoreError> {
    let mut tx = database.begin_write()?;
    tx.set_two_phase_commit(true);
    tx.set_quick_repair(true);
    Ok(tx)
}

/// True when there was something to commit and it is committed.
fn finish(tx: redb::WriteTransaction, succeeded: bool, engine: &Engine) -> Result<bool, StoreError> {
    if !succeeded {
        tx.abort()?;
        return Ok(false);
    }
    tx.commit()?;
    engine.committed();
    // What is committed is committed: a snapshot that can't be opened fails the next read, not this act.
    if let Err(error) = engine.renew_snapshot() {
        tracing::error!("the state that was committed can't be opened for reading: {error}");
    }
    Ok(true)
}

fn fail_all(group: Vec<Job>, error: &StoreError) {
    for job in group {
        job.answer(Err(error.again()));
    }
}
