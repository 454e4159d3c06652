//! Fetches the messages that came back from a Maildir: what each says is committed under its digest before it moves
//! from `new` to `cur`, so that a stop in between loses none and takes none twice. `mailbox.rs` does the same by IMAP.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use crate::actions::bounces::{self, Taken};
use crate::app::{App, BouncePlan};
use crate::domain::event::By;
use crate::mail::bounce::{self, MESSAGE_MAX};
use crate::mail::returns::ReturnPlace;
use crate::secrets::sha256;
use crate::store::prelude::*;
use crate::store::returned::Returned;

/// How often the Maildir is looked at.
pub(super) const EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Messages taken in one look; the others are taken in the next.
const AT_ONCE: usize = 200;

/// What a look found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub bounced: usize,
    refused: usize,
}

impl Tally {
    pub fn add(&mut self, taken: Taken) {
        match taken {
            Taken::As(Returned::Bounce) => self.bounced += 1,
            Taken::As(Returned::Refused) => self.refused += 1,
            _ => {}
        }
    }
}

/// Takes what lies in the Maildir, where there is one; how many letters bounced.
///
/// # Errors
/// When the store fails.
pub(super) async fn run(app: &App) -> Result<usize, ActError> {
    let Some(plan) = &app.settings.bounces else { return Ok(0) };
    let ReturnPlace::Maildir(maildir) = &plan.place else { return Ok(0) };
    let mut tally = Tally::default();
    let paths = match waiting(maildir) {
        Ok(paths) => paths,
        Err(error) => {
            note(plan, app.now(), Err(error.to_string()), tally);
            return Ok(0);
        }
    };
    for path in paths {
        match one(app, path.clone()).await? {
            Ok(taken) => tally.add(taken),
            Err(error) => tracing::error!(file = %path.display(), %error, "a message could not be read or moved"),
        }
    }
    note(plan, app.now(), Ok(()), tally);
    Ok(tally.bounced)
}

/// Keeps how a look went, for the desk, and says it in the log when it is new.
pub(super) fn note(plan: &BouncePlan, now: Timestamp, looked: Result<(), String>, tally: Tally) {
    let place = plan.place.words();
    if tally.refused > 0 {
        tracing::warn!(refused = tally.refused, "messages that came back could not be read");
    }
    match looked {
        Ok(()) if plan.health.well().is_some() => tracing::info!(place, "what comes back can be read again"),
        Ok(()) => {}
        Err(reason) if plan.health.failed(now, &reason) => {
            tracing::error!(place, reason, "what comes back can't be read; it is tried again");
        }
        Err(_) => {}
    }
}

/// Takes one message of this length, of which these are the first bytes, in a commit of its own.
///
/// # Errors
/// When the store fails.
pub(super) async fn take(app: &App, length: u64, mut bytes: Vec<u8>) -> Result<Taken, ActError> {
    bytes.truncate(MESSAGE_MAX);
    let read = tokio::task::spawn_blocking(move || {
        let mut named = length.to_be_bytes().to_vec();
        named.extend_from_slice(&bytes);
        (sha256(&named), bounce::read(&bytes))
    });
    // Reading has a thread of its own for what may break; this can only be a stop of the process.
    let Ok((digest, reading)) = read.await else { return Ok(Taken::Later) };
    let act = move |w: &mut WriteTx<'_>| {
        w.by = By::job("bounces");
        bounces::take(w, digest, &reading)
    };
    app.store.housekeep(app.now(), act).await
}

/// The messages in `new`, by name, which begins with the time of their delivery.
fn waiting(maildir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for entry in fs::read_dir(maildir.join("new"))? {
        let entry = entry?;
        // A link could lead anywhere.
        if entry.file_type()?.is_file() {
            out.push(entry.path());
        }
    }
    out.sort();
    out.truncate(AT_ONCE);
    Ok(out)
}

async fn one(app: &App, path: PathBuf) -> Result<io::Result<Taken>, ActError> {
    let from = path.clone();
    let read = tokio::task::spawn_blocking(move || read(&from)).await;
    let (length, bytes) = match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    let taken = take(app, length, bytes).await?;
    Ok(match taken {
        Taken::Later => Ok(taken),
        Taken::As(_) | Taken::Before => put_away(&path).map(|()| taken),
    })
}

/// A message's length and beginning.
fn read(path: &Path) -> io::Result<(u64, Vec<u8>)> {
    let file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.take(MESSAGE_MAX as u64).read_to_end(&mut bytes)?;
    Ok((length, bytes))
}

/// Moves a message to `cur`, as seen.
fn put_away(path: &Path) -> io::Result<()> {
    let missing = || io::Error::other("not in a Maildir");
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(missing)?;
    let cur = path.parent().and_then(Path::parent).ok_or_else(missing)?.join("cur");
    let base = name.split(":2,").next().unwrap_or(name);
    fs::create_dir_all(&cur)?;
    fs::rename(path, cur.join(format!("{base}:2,S")))
}
