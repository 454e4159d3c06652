//! What is spoken over the control socket: frames of a kind byte, a length and a payload.
//!
//! A command sends one request, and its body if it has one; the server sends progress and data, then one answer. Only
//! processes of the same user get as far as this.

use std::io::{self, IoSlice, Read, Write};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::backup::Sealed;
use crate::backup::drill::Facts;
use crate::domain::backup::{Keep, SealedIdentity};
use crate::domain::backups::Drill;
use crate::domain::ids::Digest;

/// Longest payload of a frame, in bytes.
pub const FRAME_MAX: usize = 256 * 1024;
/// Bytes before a payload: what kind it is, and its length.
const HEAD: usize = 5;
/// Bytes of data in one frame.
pub const DATA_BYTES: usize = FRAME_MAX;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request, JSON.
    Request = b'Q' as isize,
    /// Part of a body.
    Data = b'D' as isize,
    /// How far it is, JSON.
    Progress = b'P' as isize,
    /// The answer, JSON; the last frame but for an acknowledgement.
    Answer = b'A' as isize,
    /// Why there is none, a sentence; the last frame.
    Failed = b'F' as isize,
    /// The command has kept what it got, as this, JSON.
    Kept = b'K' as isize,
    /// What the command is to do where backups lie, JSON; the one frame that the server asks with.
    Errand = b'E' as isize,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        let all = [Self::Request, Self::Data, Self::Progress, Self::Answer, Self::Failed, Self::Kept, Self::Errand];
        all.into_iter().find(|kind| *kind as isize == isize::from(byte))
    }
}

/// What a command asks of the server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Request {
    /// A backup as data frames, then [`Backup`]. The command says as what it kept it: [`crate::backup::Sealed`].
    Backup {
        /// To whom it is sealed.
        to: Whom,
    },
    /// A point, by errands (`backup::distant`), then [`Point`]; what follows is asked with [`OfPoint`].
    Point {
        /// No faster than so many megabytes a second; 0 is as fast as it goes.
        rate: u32,
    },
    /// What came of a drill, to be noted.
    Drilled(Drill),
    /// The recipients of backups, after a change; their texts.
    Recipients(Recipients),
    /// The data file read through, then [`super::verify::Found`].
    Verify,
    /// The activity log read through, then [`super::audit::Found`].
    Audit {
        /// Anchors to hold it against.
        anchors: Vec<String>,
    },
    /// An archive as data frames, each a piece of it, then [`super::export::Exported`].
    Export,
    /// How large the data file is, then [`crate::store::stats::Sizes`].
    Stats,
    /// Every series of numbers, then a [`crate::store::numbering::Report`] of each.
    Numbers,
    /// The reminders of the coming days, then [`super::reminders::Told`].
    Reminders {
        /// How many days.
        days: u16,
    },
    /// The reminder policy, then [`super::reminders::PolicyTold`].
    Policy,
    /// A link to set a password, then [`Link`].
    PasswordLink {
        /// Of whom.
        email: String,
    },
    /// A file posted as a document, which follows as data frames; then [`Posted`].
    Document(Document),
    /// A PDF published, which follows as data frames; then [`Published`].
    Publish(Publish),
    /// Drafts issued in one run, then [`super::issue::Told`].
    Issue {
        /// Whose; everybody's when `None`.
        client: Option<String>,
    },
    /// An import with its file as data frames, an undo or a list; then [`super::import::Told`].
    Import {
        /// Which of them.
        asked: super::import::Asked,
    },
}

/// What a command asks about the point that was just taken.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "of-point", rename_all = "kebab-case")]
pub enum OfPoint {
    /// Every file that points need read through and compared.
    ReadBack,
    /// What it holds, as a restore would read it: data frames.
    Content,
    /// What is no longer kept removed, then [`crate::backup::points::Thinned`].
    Thin {
        /// Which points stay; without it, all of them.
        keep: Option<Keep>,
    },
}

/// To whom a backup is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whom {
    /// To the recipients that the data file names, and this one, of an identity that is forgotten after a drill.
    Recipients(Option<String>),
    /// To nobody: the command itself seals it with a passphrase, which the server never gets.
    Nobody,
}

/// A change of the recipients of backups; none is a question.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Recipients {
    /// One more.
    pub add: Option<String>,
    /// One more, whose identity a passphrase opens.
    pub passphrase: Option<SealedIdentity>,
    /// One less.
    pub remove: Option<String>,
}

/// What is published, as typed; the options of `counterfoil publish` say what each is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Publish {
    pub client: Option<String>,
    pub number: Option<String>,
    pub issued: Option<Date>,
    pub due: Option<Date>,
    pub amount: Option<String>,
    pub currency: Option<String>,
    pub title: String,
    pub project: Option<String>,
    pub reference: String,
    pub credits: Option<String>,
    /// Length of the PDF that follows.
    pub bytes: u64,
}

/// What is posted, as typed; the options of `counterfoil document add` say what each is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Document {
    pub client: String,
    pub project: Option<String>,
    pub title: String,
    pub note: String,
    /// The document that it is a new version of.
    pub version_of: Option<u64>,
    /// The file's own name.
    pub name: String,
    /// Length of the file that follows.
    pub bytes: u64,
}

/// A document was posted.
#[derive(Debug, Serialize, Deserialize)]
pub struct Posted {
    /// Its identifier.
    pub document: u64,
    /// The number of the version.
    pub version: u32,
    /// What it is called.
    pub title: String,
    /// For whom.
    pub client: String,
    /// Who sees it.
    pub seen_by: Vec<String>,
    /// How many of them get a letter.
    pub letters: usize,
}

/// A backup was sent whole.
#[derive(Debug, Serialize, Deserialize)]
pub struct Backup {
    /// Length of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// Rows in it.
    pub rows: u64,
    /// What a file restored from it must agree in.
    pub facts: Facts,
}

/// A point was taken, and is in its place.
#[derive(Debug, Serialize, Deserialize)]
pub struct Point {
    /// When, as its name says.
    pub taken: Timestamp,
    /// Its own file.
    pub sealed: Sealed,
    /// Bytes of all files that it needs.
    pub bytes: u64,
    /// How many pieces those are.
    pub pieces: u64,
    /// Bytes that were written for it.
    pub added: u64,
    /// What a file restored from it must agree in.
    pub facts: Facts,
}

/// A link was granted.
#[derive(Debug, Serialize, Deserialize)]
pub struct Link {
    /// Works once.
    pub link: String,
    /// Whose.
    pub name: String,
}

/// A document was published.
#[derive(Debug, Serialize, Deserialize)]
pub struct Published {
    /// Its number.
    pub number: String,
    /// For whom.
    pub client: String,
    /// How many letters wait to be sent about it.
    pub letters: usize,
    /// That its client owes more than the credit limit now, in words; empty where not.
    pub over: String,
}

/// How far something is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Progress {
    /// What is being read.
    pub what: String,
    /// Of how much.
    pub done: u64,
    /// In all.
    pub all: u64,
}

/// Sends one frame.
///
/// # Errors
/// When the other side is gone or the payload is too long.
pub fn send(to: &mut impl Write, kind: Kind, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= FRAME_MAX);
    let length = length.ok_or_else(|| io::Error::other("a frame is too long"))?;
    let mut head = [kind as u8; HEAD];
    head[1..].copy_from_slice(&length.to_be_bytes());
    // One call for both where that can be: each wakes the other side up.
    let sent = match to.write_vectored(&[IoSlice::new(&head), IoSlice::new(payload)]) {
        Err(e) if e.kind() == io::ErrorKind::Interrupted => 0,
        sent => sent?,
    };
    to.write_all(&head[sent.min(HEAD)..])?;
    to.write_all(&payload[sent.saturating_sub(HEAD)..])
}

/// Sends a value as JSON.
///
/// # Errors
/// As [`send`].
pub fn send_json(to: &mut impl Write, kind: Kind, value: &impl Serialize) -> io::Result<()> {
    send(to, kind, &serde_json::to_vec(value)?)
}

/// Receives one frame.
///
/// # Errors
/// When the other side is gone or does not speak this protocol.
pub fn receive(from: &mut impl Read) -> io::Result<(Kind, Vec<u8>)> {
    let mut payload = Vec::new();
    Ok((receive_into(from, &mut payload)?, payload))
}

/// As [`receive`], into what is there already from an earlier frame.
///
/// # Errors
/// As [`receive`].
pub fn receive_into(from: &mut impl Read, payload: &mut Vec<u8>) -> io::Result<Kind> {
    let mut head = [0; HEAD];
    from.read_exact(&mut head)?;
    let [kind, length @ ..] = head;
    let foreign = || io::Error::new(io::ErrorKind::InvalidData, "the other side speaks another language");
    let kind = Kind::of(kind).ok_or_else(foreign)?;
    let length = u32::from_be_bytes(length) as usize;
    if length > FRAME_MAX {
        return Err(foreign());
    }
    payload.resize(length, 0);
    from.read_exact(payload)?;
    Ok(kind)
}

/// Writes a body as data frames.
pub struct DataFrames<'a, W: Write>(pub &'a mut W);

impl<W: Write> Write for DataFrames<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let part = &bytes[..bytes.len().min(DATA_BYTES)];
        send(self.0, Kind::Data, part)?;
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_received_as_sent_and_nothing_else_is() {
        let mut wire = Vec::new();
        send_json(&mut wire, Kind::Request, &Request::PasswordLink { email: "a@example.com".to_owned() }).unwrap();
        let (kind, payload) = receive(&mut wire.as_slice()).unwrap();
        assert_eq!(kind, Kind::Request);
        assert!(matches!(serde_json::from_slice(&payload).unwrap(), Request::PasswordLink { .. }));
        assert!(receive(&mut &wire[..wire.len() - 1]).is_err());
        assert!(receive(&mut [b'D', 255, 255, 255, 255].as_slice()).is_err());
        assert!(receive(&mut [b'!', 0, 0, 0, 0].as_slice()).is_err());
    }

    /// A socket that takes and gives three bytes at a time, and is interrupted first.
    #[derive(Default)]
    struct Narrow(Vec<u8>, bool);

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !std::mem::replace(&mut self.1, true) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let taken = bytes.len().min(3);
            self.0.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
            self.write(&parts.iter().flat_map(|part| part.iter().copied()).collect::<Vec<u8>>())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_survives_a_narrow_line_and_a_buffer_that_held_a_longer_one() {
        let body: Vec<u8> = (0..DATA_BYTES + 700).map(|n| (n / 3) as u8).collect();
        let mut wire = Narrow::default();
        DataFrames(&mut wire).write_all(&body).unwrap();
        let (mut from, mut payload, mut got) = (wire.0.as_slice(), Vec::new(), Vec::new());
        for _ in 0..2 {
            assert_eq!(receive_into(&mut from, &mut payload).unwrap(), Kind::Data);
            got.extend_from_slice(&payload);
        }
        assert!(got == body && from.is_empty());
    }
}
