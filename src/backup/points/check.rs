//! What lies in a folder of points: which there are, and whether what they need is there, as far as that can be told
//! without opening anything.

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::BackupError;
use super::super::depot::{Depot, Sealed};
use super::cut::Naming;
use super::lists::List;
use crate::domain::backup::Item;
use crate::domain::ids::Digest;
use crate::store::prelude::*;

/// Longest list, in bytes: of a million pieces.
const LIST_MAX: u64 = 160 << 20;

/// The lists of a folder, as far as this data file wrote them.
pub(super) struct Lists {
    /// Points that are there, oldest first, each with its list if there is one to rely on.
    pub points: Vec<(Timestamp, Option<List>)>,
    /// Lists without a point: of one that was not finished, or is half removed.
    pub left: Vec<Timestamp>,
    /// Pieces that are there, with their lengths.
    pub pieces: Vec<(Digest, u64)>,
}

impl Lists {
    pub fn read(depot: &dyn Depot, naming: &Naming) -> Result<Self, BackupError> {
        Self::read_with(depot, |text| List::sealed(text, naming))
    }

    fn read_with(depot: &dyn Depot, list: impl Fn(&[u8]) -> Option<List>) -> Result<Self, BackupError> {
        let mut out = Self { points: Vec::new(), left: Vec::new(), pieces: Vec::new() };
        for (item, bytes) in depot.items()? {
            match item {
                Item::Point(taken) => {
                    let text = match depot.whole(Item::List(taken), LIST_MAX) {
                        Ok(text) => Some(text),
                        Err(e) if is_absent(&e) => None,
                        Err(e) => return Err(BackupError::from(e)),
                    };
                    out.points.push((taken, text.and_then(|text| list(&text))));
                }
                Item::List(taken) => out.left.push(taken),
                Item::Piece(name) => out.pieces.push((name, bytes)),
                Item::Whole(_) => {}
            }
        }
        out.points.sort_by_key(|(taken, _)| *taken);
        out.left.retain(|taken| out.points.iter().all(|(point, _)| point != taken));
        Ok(out)
    }

    /// Refuses a second point of the same instant.
    pub fn refuse_taken(&self, taken: Timestamp, depot: &dyn Depot) -> Result<(), BackupError> {
        match self.points.iter().any(|(point, _)| *point == taken) {
            true => Err(depot.about(Item::Point(taken), std::io::ErrorKind::AlreadyExists.into())),
            false => Ok(()),
        }
    }

    /// How each piece lies there, by the newest list that names it: a piece that was found damaged is written anew.
    pub fn known(&self) -> HashMap<Digest, Sealed> {
        let lists = self.points.iter().filter_map(|(_, list)| list.as_ref());
        lists.flat_map(|list| list.pieces.iter().copied()).collect()
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    // What is longer than any list is none.
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::FileTooLarge)
}

/// A point that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// When it was taken.
    pub taken: Timestamp,
    /// Bytes of all files that it needs, and how many pieces; `None` when its list can't be read.
    pub needs: Option<(u64, u64)>,
    /// Bytes of the pieces that no earlier point needs.
    pub added: u64,
}

/// The points of a folder, oldest first, by their lists, which are taken at their word.
///
/// # Errors
/// When the place can't be read.
pub fn points(depot: &dyn Depot) -> Result<Vec<Standing>, BackupError> {
    let mut seen = std::collections::HashSet::new();
    let standing = |(taken, list): (Timestamp, Option<List>)| {
        let pieces = list.iter().flat_map(|list| &list.pieces);
        let added = pieces.filter(|(name, _)| seen.insert(*name)).fold(0_u64, |sum, x| sum.saturating_add(x.1.bytes));
        let needs = list.map(|list| (list.bytes(), list.pieces.len() as u64));
        Standing { taken, needs, added }
    };
    Ok(Lists::read_with(depot, List::unproved)?.points.into_iter().map(standing).collect())
}

/// Reads every file that any point of the folder needs, and compares it with what was written. `progress` gets (files
/// done, files in all); how many there are.
///
/// # Errors
/// What the first point that can't be restored lacks; [`BackupError::Stopped`] when it was broken off.
pub fn inspect(
    depot: &dyn Depot,
    tx: &ReadTx,
    progress: &mut dyn FnMut(u64, u64) -> Result<(), BackupError>,
) -> Result<u64, BackupError> {
    let lists = Lists::read(depot, &Naming::of(tx)?)?;
    let mut needed: Vec<(Item, Sealed)> = Vec::new();
    for (taken, list) in &lists.points {
        let list = list.as_ref().ok_or(BackupError::Unlisted(*taken))?;
        needed.push((Item::Point(*taken), list.point));
    }
    needed.extend(lists.known().into_iter().map(|(name, sealed)| (Item::Piece(name), sealed)));
    let all = needed.len() as u64;
    for (done, (item, sealed)) in (0_u64..).zip(&needed) {
        progress(done, all)?;
        let found = depot.sealed(*item).map_err(BackupError::from)?;
        match found {
            Some(found) if found == *sealed => {}
            Some(_) => return Err(BackupError::Damaged(format!("{item} is not what was written"))),
            None => return Err(BackupError::Damaged(format!("{item} is missing"))),
        }
    }
    Ok(all)
}
