//! Which points stay, and which pieces go with those that don't.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::BackupError;
use super::super::depot::Depot;
use super::check::Lists;
use super::cut::Naming;
use crate::domain::backup::{self as rules, Item, Keep};
use crate::domain::ids::Digest;
use crate::store::prelude::*;

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thinned {
    /// Points, oldest first.
    pub points: Vec<Timestamp>,
    /// Pieces that no other point needs.
    pub pieces: u64,
    /// Bytes of those.
    pub bytes: u64,
}

/// Removes the points that `keep` does not keep after the one `made` last, and the pieces that no remaining point
/// needs. Without `keep` all points stay, and only what none of them needs goes.
///
/// # Errors
/// When the place refuses, or a list is missing: then pieces stay, since one of them may be needed.
pub fn thin_out(depot: &dyn Depot, tx: &ReadTx, made: Timestamp, keep: Option<Keep>) -> Result<Thinned, BackupError> {
    let mut lists = Lists::read(depot, &Naming::of(tx)?)?;
    // Points that nobody knows are left alone.
    let known: Vec<Timestamp> = lists.points.iter().filter(|(_, list)| list.is_some()).map(|x| x.0).collect();
    let gone = keep.map_or_else(Vec::new, |keep| rules::superseded(&known, made, keep));
    for taken in &gone {
        depot.remove(Item::Point(*taken))?;
    }
    // A list goes after its point: while the point is there, what it needs can be told.
    depot.settle()?;
    for taken in gone.iter().chain(&lists.left) {
        depot.remove(Item::List(*taken))?;
    }
    lists.points.retain(|(taken, _)| !gone.contains(taken));
    let mut out = Thinned { points: gone, ..Thinned::default() };
    let needed = needed(&lists)?;
    for (name, bytes) in lists.pieces.iter().filter(|(name, _)| !needed.contains(name)) {
        depot.remove(Item::Piece(*name))?;
        out.pieces += 1;
        out.bytes = out.bytes.saturating_add(*bytes);
    }
    depot.settle()?;
    Ok(out)
}

fn needed(lists: &Lists) -> Result<HashSet<Digest>, BackupError> {
    let mut out = HashSet::new();
    for (taken, list) in &lists.points {
        let list = list.as_ref().ok_or(BackupError::Unlisted(*taken))?;
        out.extend(list.pieces.iter().map(|x| x.0));
    }
    Ok(out)
}
