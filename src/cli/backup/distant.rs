//! The server's end of a place where points lie and only the command can reach: every call of it is an errand that the
//! command does, in its own name and with its own rights.

use std::io::{self, Cursor, Read, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::super::control::Peer;
use super::super::protocol::{self, DataFrames, Kind};
use crate::backup::{BackupError, Begun, Depot, Sealed};
use crate::domain::backup::Item;

/// Most bytes that an errand brings: the longest list, or piece.
const BROUGHT_MAX: usize = 256 << 20;

/// What the command is to do. Items go by their names.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Errand {
    /// Bring the names of all items with their lengths, a line each.
    Items,
    /// Put an item, whose bytes follow as data frames.
    Put {
        /// Which.
        item: String,
        /// How many bytes follow.
        bytes: u64,
    },
    /// Make last what was put and removed.
    Settle,
    /// Bring an item.
    Open {
        /// Which.
        item: String,
    },
    /// Say how an item lies there.
    Look {
        /// Which.
        item: String,
    },
    /// Remove an item.
    Remove {
        /// Which.
        item: String,
    },
}

/// What came of an errand, after the data frames that it brought.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Errands {
    /// It is done.
    Done,
    /// There is no such item.
    Absent,
    /// How the item lies there.
    Lies(Sealed),
}

/// The place.
pub struct Distant<'p>(Mutex<&'p mut Peer>);

impl<'p> Distant<'p> {
    /// Where the command at the other end writes.
    pub fn over(peer: &'p mut Peer) -> Self {
        Self(Mutex::new(peer))
    }

    /// To say something else in between.
    pub fn peer(&self) -> MutexGuard<'_, &'p mut Peer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, errand: &Errand, body: &[u8]) -> io::Result<(Errands, Vec<u8>)> {
        let (mut peer, mut brought) = (self.peer(), Vec::new());
        protocol::send_json(&mut **peer, Kind::Errand, errand)?;
        DataFrames(&mut **peer).write_all(body)?;
        loop {
            match protocol::receive(&mut **peer)? {
                (Kind::Data, part) if brought.len() + part.len() > BROUGHT_MAX => {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
                (Kind::Data, part) => brought.extend(part),
                (Kind::Answer, done) => return Ok((serde_json::from_slice(&done)?, brought)),
                // What went wrong is the command's to tell.
                _ => return Err(io::Error::other(BackupError::Stopped)),
            }
        }
    }

    fn run(&self, errand: &Errand, body: &[u8]) -> Result<(), BackupError> {
        self.send(errand, body).map(drop).map_err(BackupError::from)
    }
}

impl Depot for Distant<'_> {
    fn about(&self, item: Item, error: io::Error) -> BackupError {
        match BackupError::from(error) {
            BackupError::Io(error) => BackupError::At(PathBuf::from(item.to_string()), error),
            said => said,
        }
    }

    fn items(&self) -> Result<Vec<(Item, u64)>, BackupError> {
        let (_, lines) = self.send(&Errand::Items, &[]).map_err(BackupError::from)?;
        let lines = String::from_utf8_lossy(&lines);
        let line = |line: &str| {
            line.split_once(' ').and_then(|(length, item)| Some((Item::named(item)?, length.parse().ok()?)))
        };
        Ok(lines.lines().filter_map(line).collect())
    }

    fn put(&self, item: Item, bytes: &[u8]) -> Result<(), BackupError> {
        self.run(&Errand::Put { item: item.to_string(), bytes: bytes.len() as u64 }, bytes)
    }

    fn begin(&self, _: Item) -> Result<Box<dyn Begun>, BackupError> {
        // Points need it for nothing: a piece fits in memory.
        Err(BackupError::Io(io::ErrorKind::Unsupported.into()))
    }

    fn settle(&self) -> Result<(), BackupError> {
        self.run(&Errand::Settle, &[])
    }

    fn open(&self, item: Item) -> io::Result<Box<dyn Read + Send + '_>> {
        match self.send(&Errand::Open { item: item.to_string() }, &[])? {
            (Errands::Absent, _) => Err(io::ErrorKind::NotFound.into()),
            (_, bytes) => Ok(Box::new(Cursor::new(bytes))),
        }
    }

    fn remove(&self, item: Item) -> Result<(), BackupError> {
        self.run(&Errand::Remove { item: item.to_string() }, &[])
    }

    fn sealed(&self, item: Item) -> io::Result<Option<Sealed>> {
        match self.send(&Errand::Look { item: item.to_string() }, &[])?.0 {
            Errands::Lies(sealed) => Ok(Some(sealed)),
            _ => Ok(None),
        }
    }
}
