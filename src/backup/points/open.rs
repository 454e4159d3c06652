//! Reading a point: its pieces one after the other, as the stream of a whole backup.

use std::io::{self, BufReader, Read};

use jiff::Timestamp;

use super::super::BackupError;
use super::super::depot::Depot;
use super::super::identity::Opener;
use super::super::manifest::{FIELD_MAX, Tally};
use super::super::read::{self, Source};
use super::cut::named;
use super::lists::{PointLine, PointLines};
use crate::domain::backup::Item;
use crate::domain::ids::Digest;

/// Longest piece, in bytes: a row of the longest fields after a long piece.
const PIECE_MAX: u64 = 4 * FIELD_MAX as u64;

/// A point to restore.
pub struct PointSource<'a> {
    depot: &'a dyn Depot,
    taken: Timestamp,
}

impl<'a> PointSource<'a> {
    /// The point taken at this instant.
    pub fn new(depot: &'a dyn Depot, taken: Timestamp) -> Self {
        Self { depot, taken }
    }
}

impl Source for PointSource<'_> {
    fn open<'s>(&'s self, identity: &'s Opener) -> Result<Box<dyn Read + 's>, BackupError> {
        let fetch = |name, bytes, key: &[u8; 32]| piece(self.depot, identity, name, bytes, key);
        Ok(Box::new(Pieces::begin(self.depot, self.taken, identity, Box::new(fetch))?))
    }
}

/// Reads, opens and checks one piece.
pub(super) fn piece(
    depot: &dyn Depot,
    identity: &Opener,
    name: Digest,
    bytes: u64,
    key: &[u8; 32],
) -> Result<Vec<u8>, BackupError> {
    let item = Item::Piece(name);
    let file = depot.open(item).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => BackupError::Damaged(format!("{item}, which it needs, is missing")),
        _ => BackupError::from(e),
    })?;
    let read = read::opened(file, identity).and_then(|file| read::at_most(file, bytes));
    match read {
        Ok(piece) if piece.len() as u64 == bytes && named(key, &piece) == name => Ok(piece),
        Err(said @ (BackupError::Io(_) | BackupError::Far(..))) => Err(said),
        Ok(_) => Err(BackupError::Damaged(format!("{item} holds something else than it is called after"))),
        Err(BackupError::CutShort) => Err(BackupError::Damaged(format!("{item} is cut short"))),
        Err(_) => Err(BackupError::Damaged(format!("{item} was altered, or belongs to other backups"))),
    }
}

type Fetch<'a> = Box<dyn FnMut(Digest, u64, &[u8; 32]) -> Result<Vec<u8>, BackupError> + 'a>;

/// The pieces of a point as one stream. One piece is in memory.
pub(super) struct Pieces<'a> {
    lines: PointLines<BufReader<Box<dyn Read + 'a>>>,
    fetch: Fetch<'a>,
    piece: io::Cursor<Vec<u8>>,
    count: u64,
    whole: Tally<io::Sink>,
    ended: bool,
}

impl<'a> Pieces<'a> {
    /// Opens the point; `fetch` gives each piece that it names, checked.
    pub fn begin(
        depot: &'a dyn Depot,
        taken: Timestamp,
        identity: &'a Opener,
        fetch: Fetch<'a>,
    ) -> Result<Self, BackupError> {
        let file = depot.open(Item::Point(taken)).map_err(|e| depot.about(Item::Point(taken), e))?;
        let lines = PointLines::begin(BufReader::new(read::opened(file, identity)?))?;
        if crate::domain::backup::second(lines.taken) != taken {
            return Err(BackupError::Damaged("its point is that of another time".to_owned()));
        }
        let (piece, whole) = (io::Cursor::default(), Tally::new(io::sink()));
        Ok(Self { lines, fetch, piece, count: 0, whole, ended: false })
    }

    /// Whether there is another piece.
    fn next(&mut self) -> Result<bool, BackupError> {
        match self.lines.next()? {
            PointLine::Piece(_, bytes) if bytes == 0 || bytes > PIECE_MAX => {
                Err(BackupError::Damaged("a piece that it names has a length that none has".to_owned()))
            }
            PointLine::Piece(name, bytes) => {
                let piece = (self.fetch)(name, bytes, &self.lines.key)?;
                self.count += 1;
                io::copy(&mut piece.as_slice(), &mut self.whole).map_err(BackupError::from)?;
                self.piece = io::Cursor::new(piece);
                Ok(true)
            }
            PointLine::Stream(count, bytes, digest)
                if (count, bytes, digest.0) == (self.count, self.whole.bytes, self.whole.digest()) =>
            {
                Ok(false)
            }
            PointLine::Stream(..) => {
                Err(BackupError::Damaged("its pieces are not those that it was made of".to_owned()))
            }
        }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.piece.read(out)? {
                0 if !self.ended && !out.is_empty() => {
                    // What is wrong goes through as it is: `read::broken` takes it out again.
                    self.ended = !self.next().map_err(io::Error::other)?;
                }
                got => return Ok(got),
            }
        }
    }
}
