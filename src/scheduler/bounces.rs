//! Fetches the messages that came back from a Maildir: what each says is committed under its digest before it moves
//! from `new` to `cur`, so that a stop in between loses none and takes none twice.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use crate::actions::bounces::{self, Taken};
use crate::app::App;
use crate::domain::event::By;
use crate::mail::bounce::{self, MESSAGE_MAX, Reading};
use crate::secrets::sha256;
use crate::store::prelude::*;
use crate::store::returned::Returned;

/// How often the Maildir is looked at.
pub(super) const EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Messages taken in one look; the others are taken in the next.
const AT_ONCE: usize = 200;

/// Takes what lies there; how many letters bounced.
///
/// # Errors
/// When the store fails.
pub(super) async fn run(app: &App) -> Result<usize, ActError> {
    let Some(plan) = &app.settings.bounces else { return Ok(0) };
    let paths = match waiting(&plan.maildir) {
        Ok(paths) => paths,
        Err(error) => {
            tracing::error!(maildir = %plan.maildir.display(), %error, "the Maildir of what came back can't be read");
            return Ok(0);
        }
    };
    let (mut bounced, mut refused) = (0, 0);
    for path in paths {
        match one(app, path.clone()).await? {
            Ok(Taken::As(Returned::Bounce)) => bounced += 1,
            Ok(Taken::As(Returned::Refused)) => refused += 1,
            Ok(_) => {}
            Err(error) => tracing::error!(file = %path.display(), %error, "a message could not be read or moved"),
        }
    }
    if refused > 0 {
        tracing::warn!(refused, "messages that came back could not be read");
    }
    Ok(bounced)
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
    let (digest, reading) = match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
        Ok(read) => read,
        Err(error) => return Ok(Err(error)),
    };
    let act = move |w: &mut WriteTx<'_>| {
        w.by = By::job("bounces");
        bounces::take(w, digest, &reading)
    };
    let taken = app.store.housekeep(app.now(), act).await?;
    Ok(match taken {
        Taken::Later => Ok(taken),
        Taken::As(_) | Taken::Before => put_away(&path).map(|()| taken),
    })
}

/// A message's digest and what it says. Of a long one the beginning counts.
fn read(path: &Path) -> io::Result<([u8; 32], Reading)> {
    let file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.take(MESSAGE_MAX as u64).read_to_end(&mut bytes)?;
    let mut named = length.to_be_bytes().to_vec();
    named.extend_from_slice(&bytes);
    Ok((sha256(&named), bounce::read(&bytes)))
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
