//! Taking a point: what is not there yet is written, read back and opened; then the point is put in its place.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::super::depot::{Depot, Sealed};
use super::super::drill::Facts;
use super::super::identity::{self, BackupIdentity};
use super::super::manifest::Tally;
use super::super::pace::{Pace, Rate};
use super::super::write::{manifest, stream};
use super::super::{BackupError, read};
use super::check::Lists;
use super::cut::{Cutter, Naming};
use super::lists::{self, List};
use crate::domain::backup::{self as rules, Item, SealedIdentity};
use crate::domain::ids::Digest;
use crate::store::prelude::*;

/// What a point is taken with.
pub struct Job<'a> {
    /// When, by the clock.
    pub taken: Timestamp,
    /// The configuration, which goes along.
    pub config: Option<String>,
    /// How fast it may write.
    pub rate: Option<Rate>,
    /// Drawn for this one and forgotten soon: every new piece is encrypted to it as well, read back, and opened.
    pub identity: &'a BackupIdentity,
    /// Whether to break off.
    pub stop: &'a dyn Fn() -> bool,
}

/// A point that is in its place.
#[derive(Debug)]
pub struct Taken {
    /// When, as its name says.
    pub taken: Timestamp,
    /// Its own file.
    pub point: Sealed,
    /// Bytes of all files that it needs.
    pub bytes: u64,
    /// Bytes that were written for it.
    pub added: u64,
    /// Pieces that it needs.
    pub pieces: u64,
    /// Rows in it.
    pub rows: u64,
    /// What a file restored from it must agree in.
    pub facts: Facts,
    /// Its pieces that were written for it.
    pub(super) fresh: HashSet<Digest>,
}

/// Takes a point of the snapshot. `progress` gets (rows done, rows in all).
///
/// # Errors
/// When there is no recipient, or reading or writing fails; then there is no such point, and all others are as they
/// were.
pub fn take(
    tx: &ReadTx,
    job: &Job<'_>,
    depot: &dyn Depot,
    mut progress: impl FnMut(u64, u64),
) -> Result<Taken, BackupError> {
    let (naming, taken) = (Naming::of(tx)?, rules::second(job.taken));
    let lists = Lists::read(depot, &naming)?;
    lists.refuse_taken(taken, depot)?;
    let recipients = tx.backup_recipients()?;
    let mut work = Work {
        job,
        depot,
        naming: &naming,
        recipients: recipients.iter().cloned().chain([job.identity.recipient()]).collect(),
        carried: tx.sealed_identities()?,
        known: lists.known(),
        pace: Pace::new(job.rate),
        order: Vec::new(),
        list: Vec::new(),
        here: HashMap::new(),
        fresh: HashSet::new(),
        added: 0,
    };
    identity::recipients(&recipients)?;
    let manifest = manifest(tx, taken, job.config.clone())?;
    let mut piece = |name: Digest, bytes: &[u8]| work.piece(name, bytes);
    let mut whole = Tally::new(Cutter::new(&naming, &mut piece));
    stream(tx, &manifest, &mut whole, &mut progress)?;
    let (bytes, digest) = (whole.bytes, Digest(whole.digest()));
    let point = work.point(taken, bytes, digest)?;
    Ok(Taken {
        taken,
        point: point.point,
        bytes: point.bytes(),
        added: work.added,
        pieces: point.pieces.len() as u64,
        rows: manifest.rows(),
        facts: Facts::of(tx)?,
        fresh: work.fresh,
    })
}

struct Work<'a> {
    job: &'a Job<'a>,
    depot: &'a dyn Depot,
    naming: &'a Naming,
    recipients: Vec<String>,
    /// What the point itself carries; whoever has opened that opens its pieces too.
    carried: Vec<SealedIdentity>,
    /// What lists of earlier points say is there.
    known: HashMap<Digest, Sealed>,
    pace: Pace,
    /// Pieces in order, with their lengths before encryption.
    order: Vec<(Digest, u64)>,
    /// Pieces, each once.
    list: Vec<(Digest, Sealed)>,
    /// What was found there, or put there, by now.
    here: HashMap<Digest, Sealed>,
    fresh: HashSet<Digest>,
    added: u64,
}

impl Work<'_> {
    fn piece(&mut self, name: Digest, bytes: &[u8]) -> Result<(), BackupError> {
        if (self.job.stop)() {
            return Err(BackupError::Stopped);
        }
        self.order.push((name, bytes.len() as u64));
        if self.here.contains_key(&name) {
            return Ok(());
        }
        let sealed = match self.there(name)? {
            Some(sealed) => sealed,
            None => self.write(name, bytes)?,
        };
        self.here.insert(name, sealed);
        self.list.push((name, sealed));
        Ok(())
    }

    /// What an earlier point left under this name, if it is still exactly that.
    fn there(&self, name: Digest) -> Result<Option<Sealed>, BackupError> {
        let Some(known) = self.known.get(&name) else { return Ok(None) };
        let found = self.depot.sealed(Item::Piece(name)).map_err(BackupError::from)?;
        Ok(found.filter(|found| found == known))
    }

    fn write(&mut self, name: Digest, bytes: &[u8]) -> Result<Sealed, BackupError> {
        let sealed = identity::seal(&self.recipients, &[], bytes)?;
        let facts = Sealed::of(&sealed);
        self.put(Item::Piece(name), &sealed)?;
        self.fresh.insert(name);
        let back = read::opened(self.depot.open(Item::Piece(name)).map_err(BackupError::from)?, self.job.identity);
        let back = back.and_then(|file| read::at_most(file, bytes.len() as u64))?;
        if self.naming.name(&back) != name {
            return Err(BackupError::Damaged(format!("the piece {name} was read back and is not what was written")));
        }
        Ok(facts)
    }

    /// Puts the list and then the point.
    fn point(&mut self, taken: Timestamp, bytes: u64, digest: Digest) -> Result<List, BackupError> {
        let text = lists::point(taken, self.naming, &self.order, bytes, digest);
        let sealed = identity::seal(&self.recipients, &self.carried, text.as_bytes())?;
        let list = List { point: Sealed::of(&sealed), pieces: std::mem::take(&mut self.list) };
        self.depot.settle()?;
        self.put(Item::List(taken), list.text(self.naming).as_bytes())?;
        self.depot.settle()?;
        self.put(Item::Point(taken), &sealed)?;
        self.depot.settle()?;
        Ok(list)
    }

    fn put(&mut self, item: Item, bytes: &[u8]) -> Result<(), BackupError> {
        self.depot.put(item, bytes)?;
        self.added += bytes.len() as u64;
        self.pace.passed(bytes.len() as u64);
        Ok(())
    }
}
