//! The single writer: a thread that runs acts one after another and commits those that wait together in one durable
//! commit.
//!
//! Acts of one group share a transaction. An act that is refused before it changed anything leaves no trace and the
//! group goes on; if it had changed something, the whole transaction is undone and the group's acts run again, each in
//! a transaction of its own. An act is therefore a function that can be run again, and answers only after its commit.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, mpsc};

use jiff::Timestamp;
use redb::Database;
use tokio::sync::oneshot;

use super::error::{ActError, StoreError};
use super::snapshot::Latest;
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
            (Err(error), Some(Ok(_))) => Err(error.into()),
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

/// Runs until every sender is gone.
pub(super) fn run(database: &Arc<Database>, latest: &Latest, jobs: &mpsc::Receiver<Job>) {
    let _end = EndWithWriter;
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX {
            match jobs.try_recv() {
                Ok(job) => group.push(job),
                Err(_) => break,
            }
        }
        commit_group(database, latest, group);
    }
}

fn commit_group(database: &Database, latest: &Latest, mut group: Vec<Job>) {
    if group.len() > 1 {
        match try_together(database, latest, &mut group) {
            Ok(true) => return group.into_iter().for_each(|job| job.answer(Ok(()))),
            Ok(false) => {}
            Err(error) => return fail_all(group, &error),
        }
    }
    for mut job in group {
        let committed = commit_one(database, latest, job.as_mut());
        job.answer(committed);
    }
}

/// True when the group is committed, false when it must run one by one.
fn try_together(database: &Database, latest: &Latest, group: &mut [Job]) -> Result<bool, StoreError> {
    let tx = begin(database)?;
    for job in group.iter_mut() {
        if !job.run(&tx) {
            tx.abort()?;
            return Ok(false);
        }
    }
    let succeeded = group.iter().any(|job| job.succeeded());
    finish(tx, succeeded, database, latest)?;
    Ok(true)
}

fn commit_one(database: &Database, latest: &Latest, job: &mut dyn Work) -> Result<(), StoreError> {
    let tx = begin(database)?;
    job.run(&tx);
    finish(tx, job.succeeded(), database, latest)
}

/// Begins a transaction in the only mode the data file uses: two-phase, with the allocator's state saved, so that
/// opening after a crash takes no scan.
pub(super) fn begin(database: &Database) -> Result<redb::WriteTransaction, StoreError> {
    let mut tx = database.begin_write()?;
    tx.set_two_phase_commit(true);
    tx.set_quick_repair(true);
    Ok(tx)
}

fn finish(tx: redb::WriteTransaction, succeeded: bool, database: &Database, latest: &Latest) -> Result<(), StoreError> {
    if !succeeded {
        return Ok(tx.abort()?);
    }
    tx.commit()?;
    // What is committed is committed: a snapshot that can't be opened fails the next read, not this act.
    if let Err(error) = latest.renew(database) {
        tracing::error!("the state that was committed can't be opened for reading: {error}");
    }
    Ok(())
}

fn fail_all(group: Vec<Job>, error: &StoreError) {
    let text = error.to_string();
    for job in group {
        job.answer(Err(StoreError::Broken(text.clone())));
    }
}
