//! Whole backups in a place that keeps items: one item each. A folder's are written by `folder.rs`, a bucket's in
//! parts.

use std::io::Read;

use jiff::Timestamp;

use super::BackupError;
use super::depot::{Depot, Sealed};
use super::drill::Trial;
use super::identity::Opener;
use super::manifest::Tally;
use super::read::{self, Source};
use crate::domain::backup::{self as rules, Item, Keep};
use crate::domain::ids::Digest;

/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

/// A whole backup.
pub struct WholeSource<'a> {
    /// Where it lies.
    pub depot: &'a dyn Depot,
    /// Which.
    pub item: Item,
}

impl WholeSource<'_> {
    fn file(&self) -> Result<Box<dyn Read + Send + '_>, BackupError> {
        self.depot.open(self.item).map_err(|e| self.depot.about(self.item, e))
    }
}

impl Source for WholeSource<'_> {
    fn open<'s>(&'s self, identity: &'s Opener) -> Result<Box<dyn Read + 's>, BackupError> {
        read::opened(self.file()?, identity)
    }
}

/// A whole backup that was just written.
pub struct WholeTrial<'a> {
    /// Which.
    pub source: WholeSource<'a>,
    /// What was written.
    pub sealed: Sealed,
}

impl Source for WholeTrial<'_> {
    fn open<'s>(&'s self, identity: &'s Opener) -> Result<Box<dyn Read + 's>, BackupError> {
        self.source.open(identity)
    }
}

impl Trial for WholeTrial<'_> {
    fn read_back(&self, progress: &mut dyn FnMut(u64, u64) -> Result<(), BackupError>) -> Result<(), BackupError> {
        let mut file = Tally::new(self.source.file()?);
        let mut buffer = vec![0; READ_BYTES];
        while file.read(&mut buffer).map_err(BackupError::from)? > 0 {
            progress(file.bytes, self.sealed.bytes)?;
        }
        match (Sealed { bytes: file.bytes, digest: Digest(file.digest()) }) == self.sealed {
            true => Ok(()),
            false => Err(BackupError::Damaged("what is kept is not what was written".to_owned())),
        }
    }
}

/// Removes the whole backups that `keep` does not keep, after the one `made` last is there. Which they were, oldest
/// first.
///
/// # Errors
/// When the place can't be read, or one can't be removed.
pub fn thin_out(depot: &dyn Depot, made: Timestamp, keep: Keep) -> Result<Vec<Item>, BackupError> {
    let whole = |(item, _)| match item {
        Item::Whole(taken) => Some(taken),
        _ => None,
    };
    let all: Vec<Timestamp> = depot.items()?.into_iter().filter_map(whole).collect();
    let gone: Vec<Item> = rules::superseded(&all, made, keep).into_iter().map(Item::Whole).collect();
    gone.iter().try_for_each(|item| depot.remove(*item))?;
    Ok(gone)
}
