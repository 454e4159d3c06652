//! The ways out: a mail server, a folder, or memory; and what became of a letter.
//!
//! Must not retry or remember letters for longer than their way asks for.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::message::{Composed, Outgoing};
use super::settings::CONNECTIONS;
use super::smtp::{Connection, SmtpMailer};
use crate::mutants::Mutant;

/// Letters that memory holds; older ones are forgotten.
pub const MEMORY_LETTERS: usize = 500;
/// Longest file name of a letter in a folder, in bytes, without its ending.
const MAX_FILE_STEM: usize = 150;

/// What became of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The server has taken it over.
    Accepted {
        /// The server's words.
        response: String,
        /// Host and address of the server.
        server: String,
    },
    /// Certainly not taken; a later attempt may succeed.
    Deferred {
        /// Why, for staff to read.
        reason: String,
    },
    /// Certainly not taken, and trying again is useless.
    Refused {
        /// Why, for staff to read.
        reason: String,
    },
    /// The whole letter was sent, but the answer never came: sending again may deliver it twice.
    Uncertain {
        /// Why, for staff to read.
        reason: String,
    },
    /// The letter cannot be written as mail; it must be set aside.
    Poison {
        /// Why, for staff to read.
        reason: String,
    },
}

/// Whether what a letter says is still so: asked once more as late as can be before it is handed over.
pub type Still<'a> = &'a (dyn Fn() -> bool + Send + Sync);

/// A way out that stands open for one letter: towards a mail server, a connection that has signed in.
#[derive(Debug)]
pub struct Line(Option<Box<Connection>>);

/// A way out for letters. Share it in an `Arc`.
#[derive(Debug)]
pub enum Mailer {
    /// To a mail server.
    Smtp(Box<SmtpMailer>),
    /// Into a folder, as `.eml` files.
    Folder(FolderMailer),
    /// Into memory, for tests and the demo's mailbox.
    Memory(MemoryMailer),
    /// No way out is configured: letters wait in the outbox until there is one.
    Nowhere,
}

impl Mailer {
    /// Sends one letter and says what became of it. Takes no lock between letters, so several may be under way.
    pub async fn send(&self, letter: &Outgoing) -> Verdict {
        let composed = match letter.compose() {
            Ok(composed) => composed,
            Err(e) => return Verdict::Poison { reason: e.to_string() },
        };
        match self.open().await {
            Ok(line) => self.deliver(line, letter, composed, &|| true).await,
            Err(reason) => Verdict::Deferred { reason },
        }
    }

    /// Opens the way for one letter: towards a mail server connects and signs in, which may take minutes. What is
    /// committed meanwhile can still keep the letter back, as long as it is not begun before.
    ///
    /// # Errors
    /// Why no letter can go now, for staff to read.
    pub async fn open(&self) -> Result<Line, String> {
        match self {
            Self::Smtp(smtp) => smtp.open().await.map(|connection| Line(Some(Box::new(connection)))),
            Self::Folder(_) | Self::Memory(_) => Ok(Line(None)),
            Self::Nowhere => Err("no way to send mail is configured".to_owned()),
        }
    }

    /// Sends one letter on a line and says what became of it. It is deferred, and certainly not taken, when it is not
    /// `still` true after the mail server has answered to its addresses, or just before its end.
    pub async fn send_on(&self, line: Line, letter: &Outgoing, still: Still<'_>) -> Verdict {
        match letter.compose() {
            Ok(composed) => self.deliver(line, letter, composed, still).await,
            Err(e) => {
                self.put_back(line);
                Verdict::Poison { reason: e.to_string() }
            }
        }
    }

    /// Keeps a line for the next letter, as this one does not go.
    pub fn put_back(&self, line: Line) {
        if let (Self::Smtp(smtp), Some(connection)) = (self, line.0) {
            smtp.keep(*connection);
        }
    }

    async fn deliver(&self, line: Line, letter: &Outgoing, composed: Composed, still: Still<'_>) -> Verdict {
        match (self, line.0) {
            (Self::Smtp(smtp), Some(connection)) => {
                smtp.deliver(*connection, &smtp.signed(composed, letter.date), still).await
            }
            (Self::Folder(folder), _) => folder.deliver(&letter.message_id, composed).await,
            (Self::Memory(memory), _) => memory.deliver(letter, composed, still).await,
            (Self::Smtp(_) | Self::Nowhere, _) => Verdict::Deferred { reason: "no line was open".to_owned() },
        }
    }

    /// Whether there is a way out at all.
    pub fn leads_out(&self) -> bool {
        !matches!(self, Self::Nowhere)
    }

    /// How many letters may be under way at once.
    pub fn at_once(&self) -> usize {
        match self {
            Self::Smtp(smtp) => smtp.settings.limits.connections.max(1) as usize,
            Self::Memory(memory) if memory.memory().one_by_one => 1,
            _ => CONNECTIONS as usize,
        }
    }

    /// Takes the turn of one letter.
    ///
    /// # Errors
    /// When it may go instead, because of the limits of the mail server or because it is left alone for a while.
    pub fn turn(&self, now: Timestamp) -> Result<(), Timestamp> {
        match self {
            Self::Smtp(smtp) => smtp.pace().turn(now),
            _ => Ok(()),
        }
    }

    /// When the next letter may go: `now`, or later.
    pub fn next_turn(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Smtp(smtp) => smtp.pace().next_turn(now),
            _ => now,
        }
    }

    /// Whether the mail server could not be reached when it was last tried.
    pub fn is_down(&self) -> bool {
        matches!(self, Self::Smtp(smtp) if smtp.is_down())
    }

    /// Leaves the mail server alone for a while that grows each time; `chance` varies it.
    pub fn rest(&self, now: Timestamp, chance: u64) {
        if let Self::Smtp(smtp) = self {
            smtp.pace().rest(now, chance);
        }
    }

    /// Ends what was kept open for a burst of letters.
    pub async fn close_idle(&self) {
        if let Self::Smtp(smtp) = self {
            smtp.close_idle().await;
        }
    }
}

/// Writes each letter to a file named after its Message-ID; the same letter again replaces its file.
#[derive(Clone, Debug)]
pub struct FolderMailer {
    folder: PathBuf,
}

impl FolderMailer {
    /// Letters go into `folder`, which is made when the first one comes.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    async fn deliver(&self, message_id: &str, letter: Composed) -> Verdict {
        let path = self.folder.join(format!("{}.eml", file_stem(message_id)));
        let server = self.folder.display().to_string();
        let written = tokio::task::spawn_blocking(move || write_whole(&path, &letter.mime)).await;
        match written.unwrap_or_else(|e| Err(io::Error::other(e))) {
            Ok(()) => Verdict::Accepted { response: "written".to_owned(), server },
            Err(e) => Verdict::Deferred { reason: format!("the letter could not be written to {server}: {e}") },
        }
    }
}

/// Keeps letters in memory, the newest [`MEMORY_LETTERS`]. Clones share what they keep.
#[derive(Clone, Debug, Default)]
pub struct MemoryMailer(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    letters: VecDeque<Kept>,
    script: VecDeque<Scripted>,
    refused: BTreeMap<String, Verdict>,
    stop: Option<(Moment, mpsc::UnboundedSender<Waiting>)>,
    one_by_one: bool,
    count: u64,
}

#[derive(Debug)]
struct Scripted {
    verdict: Verdict,
    kept: bool,
}

/// A moment at which memory makes itself awaited, as a mail server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The letter is begun, and its end is not said.
    BeforeTheEnd,
    /// It is taken or refused, and nobody has heard that.
    BeforeTheAnswer,
}

/// A letter that waits at a moment; dropped, it goes on.
pub type Waiting = oneshot::Sender<Infallible>;

/// A letter in memory.
#[derive(Clone)]
pub struct Kept {
    /// Counts from 1 over all letters ever kept.
    pub number: u64,
    /// The letter as it was given.
    pub letter: Outgoing,
    /// The letter as it would have gone over the wire.
    pub mime: Vec<u8>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kept {{ number: {}, letter: {:?} }}", self.number, self.letter)
    }
}

impl MemoryMailer {
    /// All letters that are still kept, oldest first.
    pub fn letters(&self) -> Vec<Kept> {
        self.memory().letters.iter().cloned().collect()
    }

    /// Letters to this address, oldest first.
    pub fn letters_to(&self, address: &str) -> Vec<Kept> {
        let memory = self.memory();
        memory.letters.iter().filter(|k| k.letter.to_address.eq_ignore_ascii_case(address)).cloned().collect()
    }

    /// Takes a letter without a runtime: as [`Mailer::send`], for a history that is written down as a whole.
    pub fn keep(&self, letter: &Outgoing) -> Verdict {
        match letter.compose() {
            Ok(composed) => self.take(letter, composed),
            Err(e) => Verdict::Poison { reason: e.to_string() },
        }
    }

    /// Gives `verdict` to one of the next letters, after those scripted before it; only an accepted or uncertain letter
    /// is kept. Without a script every letter is accepted.
    pub fn answer_next(&self, verdict: Verdict) {
        let kept = matches!(verdict, Verdict::Accepted { .. } | Verdict::Uncertain { .. });
        self.memory().script.push_back(Scripted { verdict, kept });
    }

    /// As [`MemoryMailer::answer_next`]: the line is lost behind the whole letter, which was not taken.
    pub fn lose_next(&self, reason: &str) {
        let verdict = Verdict::Uncertain { reason: reason.to_owned() };
        self.memory().script.push_back(Scripted { verdict, kept: false });
    }

    /// Gives every letter to this address the same verdict, and keeps none, until told otherwise.
    pub fn answer_to(&self, address: &str, verdict: Option<Verdict>) {
        let (mut memory, address) = (self.memory(), address.to_owned());
        match verdict {
            Some(verdict) => drop(memory.refused.insert(address, verdict)),
            None => drop(memory.refused.remove(&address)),
        }
    }

    /// From now on no letter is begun before the one ahead of it is done with, so that all happens in one order.
    pub fn one_by_one(&self) {
        self.memory().one_by_one = true;
    }

    /// From now on every letter waits at this moment of its hand-over, until what is received of it is dropped; none
    /// waits any more once the receiver is.
    pub fn stop_at(&self, moment: Moment) -> mpsc::UnboundedReceiver<Waiting> {
        let (stop, stopped) = mpsc::unbounded_channel();
        self.memory().stop = Some((moment, stop));
        stopped
    }

    async fn deliver(&self, letter: &Outgoing, composed: Composed, still: Still<'_>) -> Verdict {
        self.wait_at(Moment::BeforeTheEnd).await;
        if !(Mutant::AsksNoMore.is_on() || still()) {
            return Verdict::Deferred { reason: "what the letter says changed meanwhile".to_owned() };
        }
        let verdict = self.take(letter, composed);
        self.wait_at(Moment::BeforeTheAnswer).await;
        verdict
    }

    async fn wait_at(&self, moment: Moment) {
        let stop = self.memory().stop.as_ref().filter(|x| x.0 == moment).map(|x| x.1.clone());
        let Some(stop) = stop else { return };
        let (go_on, told) = oneshot::channel();
        if stop.send(go_on).is_ok() {
            let _ = told.await;
        }
    }

    fn take(&self, letter: &Outgoing, composed: Composed) -> Verdict {
        let mut memory = self.memory();
        if let Some(verdict) = memory.refused.get(&letter.to_address) {
            return verdict.clone();
        }
        let accepted = || Verdict::Accepted { response: "kept in memory".to_owned(), server: "memory".to_owned() };
        let scripted = memory.script.pop_front();
        let Scripted { verdict, kept } = scripted.unwrap_or_else(|| Scripted { verdict: accepted(), kept: true });
        if kept {
            memory.count += 1;
            let kept = Kept { number: memory.count, letter: letter.clone(), mime: composed.mime };
            memory.letters.push_back(kept);
            if memory.letters.len() > MEMORY_LETTERS {
                memory.letters.pop_front();
            }
        }
        verdict
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file name that cannot leave its folder; distinct for distinct ids up to its length.
fn file_stem(message_id: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '@') { c } else { '_' };
    format!("m-{}", message_id.chars().map(safe).take(MAX_FILE_STEM).collect::<String>())
}

/// The file appears whole or not at all, and survives a power cut once this returns.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::other("no folder"))?;
    fs::create_dir_all(folder)?;
    let mut part = tempfile::NamedTempFile::new_in(folder)?;
    part.write_all(bytes)?;
    part.as_file().sync_all()?;
    part.persist(path).map_err(|e| e.error)?;
    File::open(folder)?.sync_all()
}
