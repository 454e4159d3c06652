//! The command's end: it does the errands that the server asks for while it takes a point, and reads what the server
//! says meanwhile.

use std::cell::RefCell;
use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::control::{Line, gone};
use super::super::protocol::{self, DataFrames, Kind, OfPoint, Progress};
use super::distant::{Errand, Errands};
use crate::backup::drill::Trial;
use crate::backup::identity::Opener;
use crate::backup::{BackupError, Depot, Source};
use crate::domain::backup::Item;

/// The running server, in sentences about what it found.
const SERVER: &str = "The running server";

/// What comes from the server that is no errand.
enum Said {
    Progress(Progress),
    Data(Vec<u8>),
    Answer(Vec<u8>),
}

/// Does errands at a place.
pub struct Runner<'a> {
    line: &'a mut Line,
    depot: &'a dyn Depot,
    /// Why an errand could not be done: better told here than by the server, who only knows that it was not.
    failed: Option<BackupError>,
}

impl<'a> Runner<'a> {
    /// Over this line, in this place.
    pub fn new(line: &'a mut Line, depot: &'a dyn Depot) -> Self {
        Self { line, depot, failed: None }
    }

    /// Asks, does what errands that takes, and gets the answer. `progress` may break off.
    ///
    /// # Errors
    /// When an errand fails, the server refuses, or it is gone.
    pub fn ask<A: DeserializeOwned>(
        &mut self,
        request: &impl Serialize,
        progress: &mut dyn FnMut(&Progress) -> Result<(), BackupError>,
    ) -> Result<A, BackupError> {
        self.send(request)?;
        loop {
            match self.next()? {
                Said::Progress(told) => progress(&told)?,
                Said::Data(_) => return Err(strange()),
                Said::Answer(answer) => return serde_json::from_slice(&answer).map_err(|_| strange()),
            }
        }
    }

    fn send(&mut self, request: &impl Serialize) -> Result<(), BackupError> {
        protocol::send_json(self.line, Kind::Request, request).map_err(broken)
    }

    /// What the server says next, once it has no errand.
    fn next(&mut self) -> Result<Said, BackupError> {
        loop {
            let (kind, payload) = protocol::receive(self.line).map_err(broken)?;
            match kind {
                Kind::Errand => self.errand(&payload)?,
                Kind::Progress => return Ok(Said::Progress(serde_json::from_slice(&payload).map_err(|_| strange())?)),
                Kind::Data => return Ok(Said::Data(payload)),
                Kind::Answer => return Ok(Said::Answer(payload)),
                Kind::Failed => {
                    let said = String::from_utf8_lossy(&payload).into_owned();
                    return Err(self.failed.take().unwrap_or(BackupError::Far(SERVER.to_owned(), said)));
                }
                Kind::Request | Kind::Kept => return Err(strange()),
            }
        }
    }

    fn errand(&mut self, payload: &[u8]) -> Result<(), BackupError> {
        let errand = serde_json::from_slice(payload).map_err(|_| strange())?;
        match self.run(errand)? {
            Ok(done) => protocol::send_json(self.line, Kind::Answer, &done).map_err(broken),
            Err(error) => {
                self.failed = Some(error);
                protocol::send(self.line, Kind::Failed, &[]).map_err(broken)
            }
        }
    }

    /// Outside, what breaks the talk off; within, what keeps this errand from being done.
    fn run(&mut self, errand: Errand) -> Result<Result<Errands, BackupError>, BackupError> {
        let depot = self.depot;
        Ok(match errand {
            Errand::Items => match depot.items() {
                Ok(items) => {
                    let lines: Vec<String> = items.iter().map(|(item, bytes)| format!("{bytes} {item}\n")).collect();
                    self.bring(lines.concat().as_bytes())?;
                    Ok(Errands::Done)
                }
                Err(error) => Err(error),
            },
            Errand::Put { item, bytes } => {
                let body = self.body(bytes)?;
                depot.put(named(&item)?, &body).map(|()| Errands::Done)
            }
            Errand::Settle => depot.settle().map(|()| Errands::Done),
            Errand::Open { item } => return self.open(named(&item)?),
            Errand::Look { item } => {
                let item = named(&item)?;
                let found = depot.sealed(item).map_err(|e| depot.about(item, e));
                found.map(|found| found.map_or(Errands::Absent, Errands::Lies))
            }
            Errand::Remove { item } => depot.remove(named(&item)?).map(|()| Errands::Done),
        })
    }

    fn open(&mut self, item: Item) -> Result<Result<Errands, BackupError>, BackupError> {
        let about = |e| Ok(Err(self.depot.about(item, e)));
        let mut file = match self.depot.open(item) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Ok(Errands::Absent)),
            Err(e) => return about(e),
        };
        let mut part = vec![0; protocol::DATA_BYTES];
        loop {
            match file.read(&mut part) {
                Ok(0) => return Ok(Ok(Errands::Done)),
                Ok(read) => protocol::send(self.line, Kind::Data, &part[..read]).map_err(broken)?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return about(e),
            }
        }
    }

    fn bring(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        DataFrames(self.line).write_all(bytes).map_err(broken)
    }

    fn body(&mut self, bytes: u64) -> Result<Vec<u8>, BackupError> {
        let length = usize::try_from(bytes).map_err(|_| strange())?;
        let mut body = Vec::new();
        while body.len() < length {
            match protocol::receive(self.line).map_err(broken)? {
                (Kind::Data, part) if part.len() <= length - body.len() => body.extend(part),
                _ => return Err(strange()),
            }
        }
        Ok(body)
    }
}

fn named(item: &str) -> Result<Item, BackupError> {
    Item::named(item).ok_or_else(strange)
}

fn strange() -> BackupError {
    broken(io::ErrorKind::InvalidData.into())
}

fn broken(error: io::Error) -> BackupError {
    BackupError::Far(SERVER.to_owned(), gone(error).to_string())
}

/// The point that was just taken, for a drill: the server reads it, by errands, since the keys that name its pieces are
/// there; the command restores it.
pub struct ServerTrial<'r, 'a>(pub RefCell<&'r mut Runner<'a>>);

impl Source for ServerTrial<'_, '_> {
    fn open<'s>(&'s self, _: &'s Opener) -> Result<Box<dyn Read + 's>, BackupError> {
        self.0.borrow_mut().send(&OfPoint::Content)?;
        Ok(Box::new(Content { trial: self, part: io::Cursor::default(), ended: false }))
    }
}

impl Trial for ServerTrial<'_, '_> {
    fn read_back(&self, progress: &mut dyn FnMut(u64, u64) -> Result<(), BackupError>) -> Result<(), BackupError> {
        self.0.borrow_mut().ask(&OfPoint::ReadBack, &mut |told| progress(told.done, told.all))
    }
}

struct Content<'s, 'r, 'a> {
    trial: &'s ServerTrial<'r, 'a>,
    part: io::Cursor<Vec<u8>>,
    ended: bool,
}

impl Read for Content<'_, '_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.part.read(out)? {
                0 if !self.ended && !out.is_empty() => {
                    // What is wrong goes through as it is: the reader takes it out again.
                    match self.trial.0.borrow_mut().next().map_err(io::Error::other)? {
                        Said::Data(part) => self.part = io::Cursor::new(part),
                        Said::Progress(_) => {}
                        Said::Answer(_) => self.ended = true,
                    }
                }
                read => return Ok(read),
            }
        }
    }
}
