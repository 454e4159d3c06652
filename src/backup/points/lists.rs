//! The two texts of a point: what is sealed within it for whoever restores it, and the list beside it for the server,
//! which can't open it. Lines of words with single spaces between them; numbers are decimal, digests hexadecimal.
//!
//! Within the point, after `age -d`:
//!
//! ```text
//! COUNTERFOIL-POINT 1
//! taken ‹instant›
//! named-with ‹key, by which pieces are named›
//! ‹name› ‹length of the piece›                     for each piece, in order
//! stream ‹how many pieces› ‹length› ‹SHA-256›      of all pieces one after the other
//! ```
//!
//! In the list:
//!
//! ```text
//! COUNTERFOIL-PIECES 1
//! point ‹length› ‹SHA-256›                         of the point's file
//! ‹name› ‹length› ‹SHA-256›                        of each piece's file, once
//! seal ‹HMAC-SHA256 of everything before, with a key of the data file›
//! ```

use std::io::{BufRead, Read};

use jiff::Timestamp;

use super::super::BackupError;
use super::super::depot::Sealed;
use super::super::read::broken;
use super::cut::Naming;
use crate::domain::ids::Digest;

const POINT: &str = "COUNTERFOIL-POINT";
const LIST: &str = "COUNTERFOIL-PIECES";
const VERSION: &str = "1";
/// Longest line of either, in bytes.
const LINE_MAX: u64 = 256;

/// The text within a point.
pub fn point(taken: Timestamp, naming: &Naming, pieces: &[(Digest, u64)], bytes: u64, digest: Digest) -> String {
    let mut out = format!("{POINT} {VERSION}\ntaken {taken}\nnamed-with {}\n", Digest(*naming.key()));
    pieces.iter().for_each(|(name, bytes)| out.push_str(&format!("{name} {bytes}\n")));
    out.push_str(&format!("stream {} {bytes} {digest}\n", pieces.len()));
    out
}

/// The text within a point, read line by line.
pub struct PointLines<R> {
    lines: R,
    /// When it was taken.
    pub taken: Timestamp,
    /// By which key its pieces are named.
    pub key: [u8; 32],
}

/// A line of a point.
pub enum PointLine {
    /// A piece: its name and its length.
    Piece(Digest, u64),
    /// The last: how many pieces, their length together, and its digest.
    Stream(u64, u64, Digest),
}

impl<R: BufRead> PointLines<R> {
    /// Reads the first lines.
    ///
    /// # Errors
    /// When it is none, or of a newer version.
    pub fn begin(mut lines: R) -> Result<Self, BackupError> {
        let first = line(&mut lines)?;
        match first.split_once(' ') {
            Some((POINT, VERSION)) => {}
            Some((POINT, newer)) => {
                return Err(BackupError::Newer(format!("points of version {}", newer.escape_debug())));
            }
            _ => return Err(BackupError::Foreign),
        }
        let (taken, key) = (line(&mut lines)?, line(&mut lines)?);
        let taken = taken.strip_prefix("taken ").and_then(|text| text.parse().ok()).ok_or_else(unreadable)?;
        let key = key.strip_prefix("named-with ").and_then(Digest::from_hex).ok_or_else(unreadable)?;
        Ok(Self { lines, taken, key: key.0 })
    }

    /// The next line; after the last one there is nothing.
    ///
    /// # Errors
    /// When it can't be read, or something follows the last.
    pub fn next(&mut self) -> Result<PointLine, BackupError> {
        let text = line(&mut self.lines)?;
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["stream", count, bytes, digest] => {
                let all = (count.parse().ok(), bytes.parse().ok(), Digest::from_hex(digest));
                let (Some(count), Some(bytes), Some(digest)) = all else { return Err(unreadable()) };
                match self.lines.read(&mut [0]).map_err(broken)? {
                    0 => Ok(PointLine::Stream(count, bytes, digest)),
                    _ => Err(unreadable()),
                }
            }
            [name, bytes] => match (Digest::from_hex(name), bytes.parse().ok()) {
                (Some(name), Some(bytes)) => Ok(PointLine::Piece(name, bytes)),
                _ => Err(unreadable()),
            },
            _ => Err(unreadable()),
        }
    }
}

fn line(lines: &mut impl BufRead) -> Result<String, BackupError> {
    let mut text = String::new();
    let read = lines.by_ref().take(LINE_MAX).read_line(&mut text);
    read.map_err(|e| if e.kind() == std::io::ErrorKind::InvalidData { BackupError::Foreign } else { broken(e) })?;
    match text.strip_suffix('\n') {
        Some(text) => Ok(text.to_owned()),
        None if text.is_empty() => Err(BackupError::CutShort),
        None => Err(BackupError::Foreign),
    }
}

fn unreadable() -> BackupError {
    BackupError::Damaged("the lines of its point can't be read".to_owned())
}

/// Which files a point needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its own.
    pub point: Sealed,
    /// Its pieces, each once, in the order in which they were first needed.
    pub pieces: Vec<(Digest, Sealed)>,
}

impl List {
    /// Its text, sealed.
    pub fn text(&self, naming: &Naming) -> String {
        let mut out = format!("{LIST} {VERSION}\npoint {} {}\n", self.point.bytes, self.point.digest);
        self.pieces.iter().for_each(|(name, x)| out.push_str(&format!("{name} {} {}\n", x.bytes, x.digest)));
        let seal = naming.seal(out.as_bytes());
        out.push_str(&format!("seal {seal}\n"));
        out
    }

    /// Reads a list that this data file wrote; `None` for any other.
    pub fn sealed(text: &[u8], naming: &Naming) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (list, seal) = split_seal(text)?;
        naming.is_sealed(list.as_bytes(), seal).then(|| Self::lines(list)).flatten()
    }

    /// Reads a list, whoever wrote it: to be looked at, not to be relied on.
    pub fn unproved(text: &[u8]) -> Option<Self> {
        Self::lines(split_seal(std::str::from_utf8(text).ok()?)?.0)
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().fold(self.point.bytes, |sum, (_, piece)| sum.saturating_add(piece.bytes))
    }

    fn lines(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()?.split_once(' ') != Some((LIST, VERSION)) {
            return None;
        }
        let point = sealed_words(lines.next()?.strip_prefix("point ")?)?;
        let piece = |line: &str| {
            let (name, rest) = line.split_once(' ')?;
            Some((Digest::from_hex(name)?, sealed_words(rest)?))
        };
        Some(Self { point, pieces: lines.map(piece).collect::<Option<_>>()? })
    }
}

fn split_seal(text: &str) -> Option<(&str, Digest)> {
    let (list, seal) = text.rsplit_once("seal ")?;
    Some((list, Digest::from_hex(seal.strip_suffix('\n')?)?))
}

fn sealed_words(text: &str) -> Option<Sealed> {
    let (bytes, digest) = text.split_once(' ')?;
    Some(Sealed { bytes: bytes.parse().ok()?, digest: Digest::from_hex(digest)? })
}
