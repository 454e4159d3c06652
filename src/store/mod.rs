//! The store: everything the firm keeps, in one encrypted file.
//!
//! Reads see a consistent snapshot and never wait for writers. Writes go through one writer thread and commit only with
//! a log entry. Nothing above this room knows tables, records or the engine.

pub mod accounts;
pub mod attention;
pub mod backing;
pub mod bulk;
pub mod certificate;
pub mod chain;
pub mod clients;
pub mod compact;
pub mod credit_terms;
pub mod crypt;
pub mod disputes;
pub mod documents;
pub mod drops;
pub mod dump;
mod engine;
pub mod error;
pub mod events;
pub mod files;
pub mod firm;
pub mod imports;
pub mod invoices;
pub mod keys;
pub mod late;
pub mod letters;
pub mod migrate;
#[cfg(test)]
mod migrate_tests;
pub mod monthly;
pub mod numbering;
pub mod overview;
pub mod pauses;
pub mod payers;
pub mod payments;
pub mod policies;
pub mod promises;
pub mod quotes;
pub mod records;
pub mod recurring;
pub mod refunds;
pub mod returned;
pub mod scope;
mod snapshot;
pub mod standing;
pub mod statement;
pub mod stats;
pub mod sums;
mod tables;
pub mod tx;
pub mod verify;
pub mod walk;
pub mod wordings;
mod writer;

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use jiff::{Timestamp, civil::Date};
use redb::{Database, ReadableDatabase};
use tokio::sync::oneshot;

use self::backing::Backing;
use self::engine::Engine;
pub use self::engine::ROOM_KEPT;
pub use self::error::{ActError, StoreError};
use self::migrate::Schema;
pub use self::snapshot::ReadTx;
pub use self::tables::SCHEMA_VERSION;
pub use self::tx::{About, Done, Reader, Recorded, WriteTx};
use self::writer::{Act, Job, Nudge};
use crate::domain::event::By;

/// Everything a room needs to read and write nouns.
pub mod prelude {
    pub use super::accounts::AccountReads;
    pub use super::attention::AttentionReads;
    pub use super::chain::ChainReads;
    pub use super::clients::ClientReads;
    pub use super::credit_terms::CreditTermsReads;
    pub use super::disputes::DisputeReads;
    pub use super::documents::DocumentReads;
    pub use super::drops::DropReads;
    pub use super::events::EventReads;
    pub use super::files::FileReads;
    pub use super::firm::FirmReads;
    pub use super::imports::ImportReads;
    pub use super::invoices::InvoiceReads;
    pub use super::late::LateReads;
    pub use super::letters::LetterReads;
    pub use super::monthly::MonthlyReads;
    pub use super::numbering::NumberReads;
    pub use super::overview::OverviewReads;
    pub use super::pauses::PauseReads;
    pub use super::payers::PayerReads;
    pub use super::payments::PaymentReads;
    pub use super::policies::PolicyReads;
    pub use super::promises::PromiseReads;
    pub use super::quotes::QuoteReads;
    pub use super::recurring::RecurringReads;
    pub use super::refunds::RefundReads;
    pub use super::returned::ReturnedReads;
    pub use super::standing::StandingReads;
    pub use super::sums::SumReads;
    pub use super::wordings::WordingReads;
    pub use super::{About, ActError, Done, ReadTx, Reader, Recorded, Store, StoreError, WriteTx};
}

/// Smallest and usual cache of the engine, in bytes.
pub const CACHE_DEFAULT: usize = 64 << 20;

/// A handle on the data file. Cheap to clone; the file closes when the last handle goes.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    /// `None` once closing: the writer ends when its queue is gone.
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the store on a backend: the encrypted file, or memory in tests. A new one gets its tables; one of a newer
    /// schema is refused untouched.
    ///
    /// # Errors
    /// When the backend fails or the schema is unknown.
    pub fn open(backend: impl Backing, cache: usize, check: bool) -> Result<Self, StoreError> {
        Self::open_as(backend, cache, check, &migrate::CURRENT)
    }

    /// As [`Store::open`], for a program whose schema is `schema`.
    ///
    /// # Errors
    /// As [`Store::open`]; [`StoreError::OlderSchema`] asks for [`Store::migrate`].
    pub fn open_as(backend: impl Backing, cache: usize, check: bool, schema: &Schema) -> Result<Self, StoreError> {
        let engine = Arc::new(Engine::start(backend, cache, check)?);
        prepare(&*engine.database()?, schema)?;
        let (queue, jobs) = mpsc::channel();
        let shared = Arc::clone(&engine);
        let writer =
            std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || writer::run(&shared, &jobs));
        let writer = writer.map_err(|e| StoreError::Broken(format!("the writer thread can't start: {e}")))?;
        let inner = Inner { engine, queue: Mutex::new(Some(queue)), writer: Mutex::new(Some(writer)) };
        Ok(Self(Arc::new(inner)))
    }

    /// Takes the file of an older schema to `schema`, and closes it. Keep a copy of the file first.
    ///
    /// # Errors
    /// When a step fails: the file is then as after the step before, and this can be called again.
    pub fn migrate(
        backend: impl Backing,
        cache: usize,
        schema: &Schema,
        mut progress: impl FnMut(u32, u32),
    ) -> Result<(), StoreError> {
        let engine = Engine::start(backend, cache, false)?;
        let database = engine.database()?;
        let found = stored_version(&database)?.unwrap_or(schema.version);
        migrate::run(&database, found, schema, &mut progress)
    }

    /// Reads a consistent snapshot.
    ///
    /// # Errors
    /// When the file can't be read, or what `read` says.
    pub fn read<T, E: From<StoreError>>(&self, read: impl FnOnce(&ReadTx) -> Result<T, E>) -> Result<T, E> {
        let done = self.0.engine.snapshot().map_err(E::from).and_then(|snapshot| read(&snapshot));
        if done.is_err() && self.0.engine.needs_care() {
            self.nudge();
        }
        done
    }

    /// A consistent snapshot to hold on to, for what takes long. The file can't reuse room while it is held.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn snapshot(&self) -> Result<Arc<ReadTx>, StoreError> {
        self.0.engine.snapshot()
    }

    /// The engine's pages in the file.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn pages(&self) -> Result<u64, StoreError> {
        self.0.engine.pages()
    }

    /// Done when a failed disk has ended writing for good, with the reason. What was acknowledged is in the file.
    pub async fn failed(&self) -> String {
        self.0.engine.failed().await
    }

    /// Has the writer look after an engine that could not read. A store that is closing needs none.
    fn nudge(&self) {
        if let Some(queue) = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            let _ = queue.send(Box::new(Nudge));
        }
    }

    /// Runs an act and answers after its durable commit.
    ///
    /// # Errors
    /// What the act refuses, or the store's failure; then nothing was changed.
    pub async fn write<T, F>(&self, by: By, now: Timestamp, act: F) -> Result<T, ActError>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteTx<'_>) -> Result<Done<T>, ActError> + Send + 'static,
    {
        self.submit(by, now, act)?.await.unwrap_or(Err(ActError::Store(StoreError::Closed)))
    }

    /// As [`Store::write`], for callers outside the runtime.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_blocking<T, F>(&self, by: By, now: Timestamp, act: F) -> Result<T, ActError>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteTx<'_>) -> Result<Done<T>, ActError> + Send + 'static,
    {
        self.submit(by, now, act)?.blocking_recv().unwrap_or(Err(ActError::Store(StoreError::Closed)))
    }

    /// Changes that nobody would call a change: a session's last use, expired secrets cleared away, a letter's
    /// hand-over begun. Not logged; see `accounts` and `letters` for what uses it.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn housekeep<T, F>(&self, now: Timestamp, mut act: F) -> Result<T, ActError>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteTx<'_>) -> Result<T, ActError> + Send + 'static,
    {
        self.write(By::job("housekeeping"), now, move |w| act(w).map(tx::unlogged)).await
    }

    /// As [`Store::housekeep`], for whoever can't wait for it: done in its turn, and what comes of it is not told.
    pub fn housekeep_later<T, F>(&self, now: Timestamp, mut act: F)
    where
        T: Send + 'static,
        F: FnMut(&mut WriteTx<'_>) -> Result<T, ActError> + Send + 'static,
    {
        // A store that is closing does nothing more; what should have been done is found at the next start.
        let _ = self.submit(By::job("housekeeping"), now, move |w| act(w).map(tx::unlogged));
    }

    fn submit<T, F>(&self, by: By, now: Timestamp, act: F) -> Result<oneshot::Receiver<Result<T, ActError>>, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut WriteTx<'_>) -> Result<Done<T>, ActError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(Act { act, by, now, outcome: None, reply });
        let queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().ok_or(StoreError::Closed)?.send(job).map_err(|_| StoreError::Closed)?;
        Ok(answer)
    }

    /// Lets the writer finish what is queued and ends it. Reads go on; later writes are refused.
    pub fn close(&self) {
        drop(self.0.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // A writer that panicked has already failed its acts; closing goes on.
            let _ = writer.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.queue.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // The last handle may go with an act, on the writer's own thread, which can't wait for itself and is ending.
        if let Some(writer) = writer.filter(|w| w.thread().id() != std::thread::current().id()) {
            let _ = writer.join();
        }
    }
}

/// Creates the tables of a new file, or checks the schema of an existing one.
fn prepare(database: &Database, schema: &Schema) -> Result<(), StoreError> {
    if let Some(found) = stored_version(database)? {
        return migrate::check(found, schema);
    }
    let tx = writer::begin(database)?;
    {
        use tables::*;
        macro_rules! create {
            ($table:ident) => {
                drop(tx.open_table($table)?)
            };
        }
        crate::every_table!(create);
        tx.open_table(META)?.insert("schema", schema.version.to_be_bytes().as_slice())?;
    }
    Ok(tx.commit()?)
}

fn stored_version(database: &Database) -> Result<Option<u32>, StoreError> {
    let tx = database.begin_read()?;
    let table = match tx.open_table(tables::META) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        other => other?,
    };
    let Some(version) = table.get("schema")? else { return Ok(None) };
    let bytes =
        version.value().try_into().map_err(|_| StoreError::Broken("the schema version is not a number".to_owned()))?;
    Ok(Some(u32::from_be_bytes(bytes)))
}

/// Days since 1970-01-01.
pub(crate) fn day(date: Date) -> i32 {
    crate::domain::invoice::days_between(Date::new(1970, 1, 1).unwrap_or(Date::MIN), date)
}

/// The civil date of a day number that [`day`] gave.
pub(crate) fn date_of(day: i32) -> Date {
    let epoch = Date::new(1970, 1, 1).unwrap_or(Date::MIN);
    epoch.checked_add(jiff::Span::new().days(day)).unwrap_or(Date::MAX)
}
