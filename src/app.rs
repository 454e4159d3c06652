//! Composition: what a running Counterfoil is made of, put together once and passed on.
//!
//! Knows the rooms below it and how they fit; holds no rule of its own.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::config::BackupPlace;
use crate::documents::Fonts;
use crate::domain::backup::Keep;
use crate::domain::calendar;
use crate::domain::drop::NamePattern;
use crate::mail::Mailer;
use crate::mail::returns::{Health, ReturnPlace};
use crate::secrets::Entropy;
use crate::store::Store;

/// Everything that entrances share. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The data file.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// Where letters go.
    pub mailer: Arc<Mailer>,
    /// For documents.
    pub fonts: Arc<Fonts>,
    /// What entrances need to know of the configuration.
    pub settings: Arc<Settings>,
    /// Wakes the scheduler early: a letter was queued.
    pub wake: Arc<tokio::sync::Notify>,
    /// Held while points are written or removed: a bucket has no locks, and one may remove what another just wrote.
    pub points: Arc<Mutex<()>>,
}

/// The configuration as the rooms above the store use it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Public address without a slash at its end: `https://portal.example.com`. Links in letters begin with it.
    pub url: String,
    /// The firm's zone: civil dates and sending times are its own.
    pub zone: TimeZone,
    /// Name and address that letters come from.
    pub from: (String, String),
    /// Where answers to letters go; the firm's own address when there is none.
    pub reply_to: Option<String>,
    /// Largest upload in bytes.
    pub upload_max: usize,
    /// What documents may take.
    pub files: FileLimits,
    /// The backups that are taken by themselves; `None` when there are none.
    pub backup: Option<BackupPlan>,
    /// The folder into which the accounting program prints; `None` when there is none.
    pub drop: Option<DropPlan>,
    /// Where letters come back to that can't be delivered; `None` where nobody looks.
    pub bounces: Option<BouncePlan>,
    /// Whether letters can be read at `/demo/mail`.
    pub demo: bool,
}

/// Where letters come back to.
#[derive(Clone, Debug)]
pub struct BouncePlan {
    /// The place.
    pub place: ReturnPlace,
    /// The address that ends there; the sender's own when there is none.
    pub return_path: Option<String>,
    /// How the last looks there went.
    pub health: Health,
}

/// A folder that is watched for PDFs.
#[derive(Clone, Debug)]
pub struct DropPlan {
    /// The folder.
    pub folder: PathBuf,
    /// How its files are named.
    pub pattern: Option<NamePattern>,
    /// For how long a file must have stood still.
    pub settle: SignedDuration,
    /// What lies in it and is not taken.
    pub passed: PassedOver,
}

/// What lay in the drop folder at the last look and is not taken: its name, and why. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct PassedOver(Arc<Mutex<Vec<(String, &'static str)>>>);

impl PassedOver {
    /// Notes what a look passed over; what of it is new.
    pub fn note(&self, all: Vec<(String, &'static str)>) -> Vec<(String, &'static str)> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = all.iter().filter(|x| !held.contains(x)).cloned().collect();
        *held = all;
        new
    }

    /// All of it, by name.
    pub fn all(&self) -> Vec<(String, &'static str)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the files of documents may take, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// One file.
    pub file: u64,
    /// All documents of one client.
    pub client: u64,
    /// All documents of all clients.
    pub all: u64,
}

impl FileLimits {
    /// From settings in MiB.
    pub fn of_mib(file: u64, client: u64, all: u64) -> Self {
        let bytes = |mib: u64| mib.saturating_mul(1 << 20);
        Self { file: bytes(file), client: bytes(client), all: bytes(all) }
    }
}

/// How backups are taken by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupPlan {
    /// Where they lie.
    pub place: BackupPlace,
    /// Whether only what changed is written, as points that share their pieces.
    pub incremental: bool,
    /// At which time of day in the firm's zone.
    pub at: Time,
    /// Which of them stay.
    pub keep: Keep,
    /// Megabytes in a second at most; 0 for as fast as it goes.
    pub rate: u32,
    /// Where each is restored on trial; `None` when it is not.
    pub scratch: Option<PathBuf>,
    /// The text of the configuration, which goes into the backup.
    pub config: Option<String>,
}

impl App {
    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The civil date in the firm's zone.
    pub fn today(&self) -> Date {
        calendar::today(self.now(), &self.settings.zone)
    }
}
