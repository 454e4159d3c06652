//! The engine and its keeper: starts it, holds the latest snapshot, and after a failure starts it anew or ends writing.
//!
//! After a failed fsync nothing is written or acknowledged again: asking once more would get a false yes. A full disk
//! and a block that can't be read end nothing. Knows no acts; see `writer`.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use redb::{Builder, Database};
use tokio::sync::watch;

use super::backing::{Backing, Call, Meaning, Trip, Watched};
use super::error::StoreError;
use super::snapshot::{Latest, ReadTx};

/// Room that is left on the disk at the least, in bytes: below it nothing new is begun, so that what was begun can end.
pub const ROOM_KEPT: u64 = 64 << 20;

pub(super) struct Engine {
    backend: Arc<dyn Backing>,
    cache: usize,
    /// `None` while it could not be started again, and when the store is gone.
    database: RwLock<Option<Arc<Database>>>,
    latest: Latest,
    trip: Arc<Mutex<Option<Trip>>>,
    /// Whether the log has been told that the disk is full.
    full: Mutex<bool>,
    /// Why nothing is written any more, once that is so.
    failed: watch::Sender<Option<String>>,
}

impl Engine {
    /// Starts the engine; with `check`, every page is read first.
    pub fn start(backend: impl Backing, cache: usize, check: bool) -> Result<Self, StoreError> {
        let backend: Arc<dyn Backing> = Arc::new(backend);
        let trip = Arc::default();
        let database = match run(&backend, &trip, cache, check) {
            Ok(database) => database,
            Err(error) => {
                // The file is given back: whoever comes next finds it free.
                let _ = backend.close();
                return Err(error);
            }
        };
        Ok(Self {
            backend,
            cache,
            database: RwLock::new(Some(Arc::new(database))),
            latest: Latest::default(),
            trip,
            full: Mutex::new(false),
            failed: watch::Sender::new(None),
        })
    }

    /// The engine itself. Let go of it before the next failure is settled.
    pub fn database(&self) -> Result<Arc<Database>, StoreError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        database.as_ref().map(Arc::clone).ok_or(StoreError::Closed)
    }

    /// The latest committed state.
    pub fn snapshot(&self) -> Result<Arc<ReadTx>, StoreError> {
        self.latest.get(|| self.database())
    }

    /// Makes what was just committed the latest state.
    pub fn renew_snapshot(&self) -> Result<(), StoreError> {
        self.latest.renew(|| self.database()).map(drop)
    }

    /// Pages in the file.
    pub fn pages(&self) -> Result<u64, StoreError> {
        Ok(super::crypt::pages_in(self.backend.len().map_err(redb::Error::from)?))
    }

    /// Whether something failed that the writer should look at.
    pub fn needs_care(&self) -> bool {
        self.trip.lock().unwrap_or_else(PoisonError::into_inner).is_some()
            || self.database.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Whether writing can be begun: the engine runs and there is room.
    pub fn ready(&self) -> Result<(), StoreError> {
        if let Some(why) = self.failed.borrow().as_ref() {
            return Err(StoreError::Failed(why.clone()));
        }
        if self.needs_care() {
            let trip = self.take_trip();
            if let Some(error) = trip.and_then(|trip| self.care(&trip)) {
                return Err(error);
            }
            if self.database().is_err() {
                self.restart()?;
            }
        }
        let room = self.backend.room().unwrap_or_else(|error| {
            tracing::debug!(%error, "the system does not say how much room the disk has");
            None
        });
        self.tell_room(room.is_some_and(|room| room < ROOM_KEPT))
    }

    /// After a commit that succeeded: a write that redb tried without need may have failed on the way.
    pub fn committed(&self) {
        let mut trip = self.trip.lock().unwrap_or_else(PoisonError::into_inner);
        if trip.as_ref().is_some_and(|trip| trip.call == Call::Write) {
            *trip = None;
        }
    }

    /// After anything else: what to answer instead, if the disk was the cause.
    pub fn settle(&self, error: Option<StoreError>) -> Result<(), StoreError> {
        let instead = self.take_trip().and_then(|trip| self.care(&trip));
        instead.or(error).map_or(Ok(()), Err)
    }

    /// Done when writing has ended for good, with the reason.
    pub async fn failed(&self) -> String {
        let mut told = self.failed.subscribe();
        let reason = told.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        match reason {
            Some(reason) => reason,
            None => std::future::pending().await,
        }
    }

    fn take_trip(&self) -> Option<Trip> {
        self.trip.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Does what a failed call asks for; what to answer to whom it hit.
    fn care(&self, trip: &Trip) -> Option<StoreError> {
        match trip.meaning() {
            Meaning::Fatal => return Some(self.fail(&trip.text)),
            Meaning::Full => drop(self.tell_room(true)),
            Meaning::Unread => tracing::error!("the data file could not be read: {}", trip.text),
        }
        match (self.restart(), trip.meaning()) {
            (Err(error @ StoreError::Failed(_)), _) => Some(error),
            (_, Meaning::Full) => Some(StoreError::Full),
            (Err(error), _) => Some(error),
            (Ok(()), _) => None,
        }
    }

    /// Starts the engine anew on what was committed last. Readers wait for it.
    fn restart(&self) -> Result<(), StoreError> {
        self.latest.replace(|| {
            let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
            drop(database.take());
            self.backend.renew().map_err(|error| self.fail(&error.to_string()))?;
            let started = run(&self.backend, &self.trip, self.cache, false);
            let started = Arc::new(started.map_err(|error| self.restart_failed(error))?);
            let snapshot = ReadTx::begin(&started)?;
            *database = Some(started);
            tracing::info!("the engine of the data file was started again after a failure; nothing was lost");
            Ok(snapshot)
        })
    }

    fn restart_failed(&self, error: StoreError) -> StoreError {
        match self.take_trip() {
            Some(trip) if trip.meaning() == Meaning::Fatal => self.fail(&trip.text),
            Some(trip) if trip.meaning() == Meaning::Full => StoreError::Full,
            _ => error,
        }
    }

    fn fail(&self, why: &str) -> StoreError {
        tracing::error!(
            "the disk failed: {why}; nothing more is written, and what was acknowledged is in the data file"
        );
        self.failed.send_replace(Some(why.to_owned()));
        StoreError::Failed(why.to_owned())
    }

    /// Tells the log once when the disk is full, and once when it is not any more.
    fn tell_room(&self, full: bool) -> Result<(), StoreError> {
        let mut told = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        if full != *told {
            match full {
                true => tracing::error!("the disk is full: reading goes on, and writing when there is room again"),
                false => tracing::info!("the disk has room again: writing goes on"),
            }
            *told = full;
        }
        if full { Err(StoreError::Full) } else { Ok(()) }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // A snapshot that outlived the database would keep it open.
        self.latest.let_go();
        drop(self.database.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        if let Err(error) = self.backend.close() {
            tracing::warn!(%error, "the data file did not close cleanly");
        }
    }
}

fn run(
    backend: &Arc<dyn Backing>,
    trip: &Arc<Mutex<Option<Trip>>>,
    cache: usize,
    check: bool,
) -> Result<Database, StoreError> {
    let watched = Watched::new(Arc::clone(backend), Arc::clone(trip));
    let mut builder = Builder::new();
    builder.set_cache_size(cache).set_check_integrity_on_open(check);
    Ok(builder.create_with_backend(watched)?)
}
