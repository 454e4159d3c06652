//! The restore drill: a backup that was made is read from its disk and restored, to a scratch folder that goes again.
//!
//! The server can't read its own backups. For the drill one identity is drawn in memory, the backup is encrypted to it
//! as well, and it is forgotten when the drill is over: what is tried is the very file that a restore would read.

use std::fs::{File, Permissions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::identity::Opener;
use super::manifest::Tally;
use super::read::Source;
use super::restore::fill_while;
use super::unfinished;
use super::{BackupError, read};
use crate::secrets::Entropy;
use crate::store::chain::ChainReads;
use crate::store::crypt::{self, Cipher};
use crate::store::keys::Secret;
use crate::store::prelude::*;
use crate::store::verify;

/// The scratch data file's name.
const SCRATCH_FILE: &str = "drill.counterfoil";
/// Its cache, in bytes.
const CACHE: usize = 16 << 20;

/// What a restored file must agree with its snapshot in, beyond its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The last sequence of the activity log.
    pub sequence: u64,
    /// The hash of that entry.
    pub head: [u8; 32],
    /// Per currency, what is open in minor units and of how many documents.
    pub open: Vec<(String, i64, u64)>,
}

impl Facts {
    /// Of a snapshot.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn of(tx: &ReadTx) -> Result<Self, StoreError> {
        let head = tx.anchor()?;
        Ok(Self { sequence: head.count, head: head.link, open: tx.open_sums()? })
    }
}

/// What a drill goes by.
#[derive(Clone, Copy)]
pub struct Drill<'a> {
    /// Opens the backup, which was encrypted to it as well.
    pub identity: &'a Opener,
    /// Facts of the snapshot.
    pub facts: &'a Facts,
    /// Where the scratch folder is made.
    pub scratch: &'a Path,
    /// For the scratch data file's key.
    pub entropy: &'a Entropy,
    /// Whether to break off.
    pub stop: &'a dyn Fn() -> bool,
}

/// A backup that is restored on trial.
pub trait Trial: Source {
    /// Reads what lies there and compares it with what was written, without opening it. `progress` hears how much is
    /// done of how much, and may break it off.
    ///
    /// # Errors
    /// What differs.
    fn read_back(&self, progress: &mut dyn FnMut(u64, u64) -> Result<(), BackupError>) -> Result<(), BackupError>;
}

/// A backup that is one file.
pub struct FileTrial<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its length when it was written.
    pub bytes: u64,
    /// SHA-256 of it then.
    pub digest: [u8; 32],
}

impl Source for FileTrial<'_> {
    fn open<'s>(&'s self, identity: &'s Opener) -> Result<Box<dyn Read + 's>, BackupError> {
        self.path.open(identity)
    }
}

impl Trial for FileTrial<'_> {
    fn read_back(&self, progress: &mut dyn FnMut(u64, u64) -> Result<(), BackupError>) -> Result<(), BackupError> {
        let mut file = Tally::new(BufReader::new(File::open(self.path).map_err(BackupError::Io)?));
        let mut buffer = vec![0; 64 * 1024];
        while file.read(&mut buffer).map_err(BackupError::Io)? > 0 {
            progress(file.bytes, self.bytes)?;
        }
        match file.digest() == self.digest {
            true => Ok(()),
            false => Err(BackupError::Damaged("what is on the disk is not what was written".to_owned())),
        }
    }
}

impl Drill<'_> {
    /// Restores the backup and takes it away again; how many records it held. `progress` gets what is done, how much of
    /// it, and how much there is.
    ///
    /// # Errors
    /// What would keep a restore from working; [`BackupError::Stopped`] when it was broken off.
    pub fn run<T: Trial + ?Sized>(
        &self,
        backup: &T,
        progress: &mut dyn FnMut(&'static str, u64, u64),
    ) -> Result<u64, BackupError> {
        unfinished::sweep(self.scratch, &[SCRATCH_FILE]);
        let mut told = |what, done, all| {
            progress(what, done, all);
            if (self.stop)() { Err(BackupError::Stopped) } else { Ok(()) }
        };
        backup.read_back(&mut |done, all| told("Reading back", done, all))?;
        let checked = read::check_while(backup, self.identity, &mut |done, all| told("Checking", done, all))?;
        let mode = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix(unfinished::PREFIX).permissions(mode).tempdir_in(self.scratch);
        let folder = folder.map_err(BackupError::Io)?;
        let _lock = unfinished::lock(folder.path()).map_err(BackupError::Io)?;
        let store = self.scratch_store(&folder.path().join(SCRATCH_FILE))?;
        fill_while(backup, self.identity, &checked, &store, &mut |done, all| told("Restoring", done, all))?;
        let compared = store.read(|tx| self.compare(tx, progress));
        store.close();
        drop(store);
        folder.close().map_err(BackupError::Io)?;
        compared.map(|()| checked.manifest.rows())
    }

    fn scratch_store(&self, path: &Path) -> Result<Store, BackupError> {
        let secret = Secret::KeyFile(self.entropy.bytes::<32>().into());
        let failed = |e: crypt::OpenError| BackupError::Io(io::Error::other(e.to_string()));
        crypt::create(path, std::slice::from_ref(&secret), Cipher::for_this_machine(), self.entropy)
            .map_err(|e| BackupError::Io(io::Error::other(e.to_string())))?;
        let opened = crypt::open(path, &secret, self.entropy).map_err(failed)?;
        Ok(Store::open(opened.backend, CACHE, false)?)
    }

    fn compare(&self, tx: &ReadTx, progress: &mut dyn FnMut(&'static str, u64, u64)) -> Result<(), BackupError> {
        let report = verify::whole(tx, |_, done, all| progress("Verifying", done, all))?;
        if let Some(first) = report.faults.first() {
            return Err(BackupError::Damaged(format!("its records contradict each other: {first}")));
        }
        let (now, then) = (Facts::of(tx)?, self.facts);
        if (now.sequence, now.head) != (then.sequence, then.head) {
            return Err(BackupError::Damaged("its activity log ends elsewhere than it did".to_owned()));
        }
        match now.open == then.open {
            true => Ok(()),
            false => Err(BackupError::Damaged("what is owed in it is not what was owed".to_owned())),
        }
    }
}
