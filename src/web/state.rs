//! What handlers share: the application, throttles, and the slots in which passwords are hashed.

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::desk::import_run::{Importing, Looking};
use super::desk::issue_many::Far;
use super::desk::publish_kept::Kept;
use super::desk::runs::Runs;
use super::portal::again::Pages;
use super::portal::drawn::Drawn;
use super::throttle::Throttle;
use crate::app::App;
use crate::secrets;

/// Requests that may wait for a hashing slot; more are told to come back.
const HASH_QUEUE: usize = 64;

/// The router's state. A clone is one count: every request makes a few.
#[derive(Clone)]
pub struct Web(Arc<Shared>);

/// What a [`Web`] points to.
pub struct Shared {
    /// The application.
    pub app: App,
    /// How often what can be guessed may be tried.
    pub throttle: Throttle,
    /// Where passwords are hashed and checked.
    pub hashing: Hashing,
    /// PDFs that wait to be published.
    pub kept: Kept,
    /// Runs in which many drafts are issued.
    pub runs: Runs<Far>,
    /// Imports that take a while.
    pub imports: Runs<Importing>,
    /// Looks at what an import would bring.
    pub looks: Runs<Looking>,
    /// Imports that are being undone.
    pub undos: Runs<Importing>,
    /// Documents as drawn for their pages.
    pub drawn: Drawn,
    /// Pages of the portal as their sessions got them last.
    pub pages: Pages,
}

impl Web {
    /// The state for `app`.
    pub fn new(app: App) -> Self {
        let hashing = Hashing::new(&app);
        Self(Arc::new(Shared {
            app,
            throttle: Throttle::default(),
            hashing,
            kept: Kept::default(),
            runs: Runs::default(),
            imports: Runs::default(),
            looks: Runs::default(),
            undos: Runs::default(),
            drawn: Drawn::default(),
            pages: Pages::default(),
        }))
    }
}

impl Deref for Web {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Hashing slots: Argon2id takes memory and a core, so only so many run at once and only so many wait.
pub struct Hashing {
    slots: Semaphore,
    queue: Semaphore,
    /// Checked against when an address is unknown, so that the answer takes as long.
    dummy: String,
    entropy: secrets::Entropy,
}

/// Too many people are signing in at this moment.
#[derive(Debug)]
pub struct Busy;

impl Hashing {
    fn new(app: &App) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let dummy = secrets::hash_of_nobody(&app.entropy);
        let slots = Semaphore::new(cores.saturating_sub(1).max(1));
        Self { slots, queue: Semaphore::new(HASH_QUEUE), dummy, entropy: app.entropy.clone() }
    }

    /// Whether `password` is the one hashed; with no hash, false after the same time.
    ///
    /// # Errors
    /// [`Busy`] when too many wait already.
    pub async fn verify(&self, hash: Option<&str>, password: String) -> Result<bool, Busy> {
        let (known, hash) = (hash.is_some(), hash.unwrap_or(&self.dummy).to_owned());
        let right = self.run(move || secrets::verify_password(&hash, &password)).await?;
        Ok(right && known)
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`Busy`] when too many wait already, or there is no memory for it.
    pub async fn hash(&self, password: String) -> Result<String, Busy> {
        let entropy = self.entropy.clone();
        self.run(move || secrets::hash_password(&password, &entropy)).await?.map_err(|_| Busy)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let _waiting = self.queue.try_acquire().map_err(|_| Busy)?;
        let _slot = self.slots.acquire().await.map_err(|_| Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Busy)
    }
}
