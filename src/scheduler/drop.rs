//! The drop folder: files that the accounting program puts there are taken when they are complete, and moved away with
//! a text beside them that says what became of them.
//!
//! What became of a file is committed before it is moved. A crash in between moves it at the next look, since its
//! digest is known by then. What is remembered here is only how files looked the last time, and up to where the log was
//! looked through for clients and contacts of whom files that wait may be.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rustix::fs::{FlockOperation, flock};
use tokio::sync::Mutex;

use crate::actions::{drops, restored};
use crate::app::{App, DropPlan};
use crate::domain::drop::{Dropped, Fate};
use crate::domain::ids::DropId;
use crate::store::prelude::*;

/// Files taken in one round; the others are taken in the next.
const AT_ONCE: usize = 50;
/// Files of the folder that are looked at; a folder with more is no drop folder.
const LOOKED_MAX: usize = 10_000;
/// Names under which programs write what is not complete.
const UNFINISHED: [&str; 6] = [".tmp", ".part", ".partial", ".crdownload", ".filepart", "~"];
/// Where files lie that wait for a person.
const TO_FILE: &str = "to-file";
/// Where those lie that became a document.
const DONE: &str = "done";
/// Where those lie that did not.
const REFUSED: &str = "refused";
/// Why something is not taken.
const EMPTY: &str = "It is empty: print it again.";
const LINK: &str = "It is a link; put the file itself there.";
const FOLDER: &str = "It is a folder; put its files into the drop folder itself.";
const NO_FILE: &str = "It is no file.";
const OWN: &str = "It has the name of a folder that is made here: give it another.";

/// What the last looks saw.
#[derive(Debug, Default)]
pub struct Watch {
    /// How the files looked: length, time of the last change, and since when they look so.
    seen: HashMap<PathBuf, (u64, Option<std::time::SystemTime>, Timestamp)>,
    /// Up to where the log was looked through for clients and contacts.
    log_seen: Option<u64>,
    /// Files that wait for somebody to be known and are to be judged again.
    again: Vec<DropId>,
}

/// How often the folder is looked at.
pub const EVERY: SignedDuration = SignedDuration::from_secs(2);

/// Looks at the folder, if there is one.
///
/// # Errors
/// As [`look`].
pub async fn run(app: &App, watch: &Mutex<Watch>) -> Result<usize, ActError> {
    let Some(plan) = &app.settings.drop else { return Ok(0) };
    look(app, plan, &mut *watch.lock().await).await
}

/// Takes the files that are complete, and moves those that a person decided about. How many were moved. None after a
/// restore, before an owner has said what happened since the backup.
///
/// # Errors
/// When the store or the folder fails; nothing is taken twice for it.
async fn look(app: &App, plan: &DropPlan, watch: &mut Watch) -> Result<usize, ActError> {
    if app.store.read(restored::undecided)? {
        return Ok(0);
    }
    acquainted(app, plan, watch).await?;
    let mut moved = decided(app, plan).await?;
    let (paths, mut passed) = files(&plan.folder).unwrap_or_else(|error| {
        tracing::error!(folder = %plan.folder.display(), %error, "the drop folder can’t be read");
        Default::default()
    });
    watch.seen.retain(|path, _| paths.contains(path));
    passed.extend(empty(watch, app.now(), plan.settle));
    passed.sort();
    for (name, why) in plan.passed.note(passed) {
        tracing::warn!(%name, why, "something in the drop folder is not taken");
    }
    for path in paths {
        if moved >= AT_ONCE {
            break;
        }
        match one(app, plan, watch, &path).await {
            Ok(was) => moved += usize::from(was),
            // One file that can't be read or moved must not keep the others from being taken.
            Err(error) => {
                tracing::error!(file = %path.display(), %error, "a dropped file could not be taken; it is tried again")
            }
        }
    }
    Ok(moved)
}

async fn one(app: &App, plan: &DropPlan, watch: &mut Watch, path: &Path) -> Result<bool, Trouble> {
    let Some(length) = complete(watch, path, app.now(), plan.settle)? else { return Ok(false) };
    if length > app.settings.upload_max as u64 {
        let mib = app.settings.upload_max >> 20;
        move_to(plan, path, REFUSED, &format!("It is larger than {mib} MiB, the limit in [limits] upload_mib."))?;
        return Ok(true);
    }
    let Some(bytes) = read(path, app.settings.upload_max)? else { return Ok(false) };
    let name = name_of(path);
    let fate = drops::take(app, plan.pattern.as_ref(), &name, bytes).await?;
    settle(app, plan, path, &fate)?;
    watch.seen.remove(path);
    Ok(true)
}

/// Moves a file to where its fate belongs.
fn settle(app: &App, plan: &DropPlan, path: &Path, fate: &Fate) -> Result<(), Trouble> {
    match fate {
        Fate::Waits { reason, stranger } => move_to(plan, path, TO_FILE, &waiting_text(reason, *stranger)),
        Fate::Refused { reason, .. } => move_to(plan, path, REFUSED, reason),
        Fate::Published(id) => {
            let found = app.store.read(|r| r.invoice(*id))?;
            let number = found.as_ref().and_then(|x| x.number()).map_or_else(String::new, ToString::to_string);
            move_to(plan, path, DONE, &format!("It was published as {number}."))
        }
    }
}

/// What lies beside a file that waits.
fn waiting_text(reason: &str, stranger: bool) -> String {
    let itself = "It goes by itself once a client or contact is here that it is of.\n";
    let itself = if stranger { itself } else { "" };
    format!("{reason}\n{itself}It waits on the desk, under Today, for somebody to file or refuse it.")
}

/// Judges those again that wait for somebody to be known, when the log tells of a client or contact since: some at a
/// time. At the start all are, since nobody remembers when they were last.
async fn acquainted(app: &App, plan: &DropPlan, watch: &mut Watch) -> Result<(), ActError> {
    let (seen, length) = (watch.log_seen, app.store.read(|r| r.log_length())?);
    if seen != Some(length) {
        let known = seen.map_or(Ok(true), |seen| app.store.read(|r| told_of_people(r, seen)))?;
        if known {
            let waiting = app.store.read(|r| r.drops_waiting(LOOKED_MAX))?;
            watch.again = waiting.iter().filter(|x| x.is_of_strangers()).map(|x| x.id).collect();
        }
        watch.log_seen = Some(length);
    }
    let rest = watch.again.split_off(watch.again.len().min(AT_ONCE));
    for id in std::mem::replace(&mut watch.again, rest) {
        match drops::again(app, plan.pattern.as_ref(), id).await {
            Ok(Some(Dropped { file, fate: Fate::Waits { reason, stranger }, .. })) => {
                // Its text says why it waits now; a file that somebody took out of the folder has none.
                let text = text_beside(&plan.folder.join(TO_FILE).join(&file.name));
                if text.exists() {
                    fs::write(text, format!("{}\n", waiting_text(&reason, stranger))).unwrap_or_default();
                }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!(drop = %id, %error, "a dropped file that waits could not be looked at; it is tried again");
                watch.again.push(id);
            }
        }
    }
    Ok(())
}

/// Whether the log after `seen` tells of a client or contact.
fn told_of_people(r: &ReadTx, seen: u64) -> Result<bool, StoreError> {
    let mut told = false;
    r.log_backwards(None, |entry| {
        told = entry.sequence > seen && drops::makes_known(&entry.event);
        entry.sequence > seen && !told
    })?;
    Ok(told)
}

/// Files that waited, and were filed or refused since.
async fn decided(app: &App, plan: &DropPlan) -> Result<usize, ActError> {
    let folder = plan.folder.join(TO_FILE);
    let Ok((paths, _)) = files(&folder) else { return Ok(0) };
    let waiting = app.store.read(|r| r.drops_waiting(LOOKED_MAX))?;
    // Only what no longer waits is read; its name is that of the record, or nearly.
    let mut moved = 0;
    for path in paths.into_iter().filter(|x| x.extension().is_none_or(|x| x != "txt")) {
        if waiting.iter().any(|x| path.ends_with(&x.file.name)) || moved >= AT_ONCE {
            continue;
        }
        let Ok(Some(bytes)) = read(&path, app.settings.upload_max) else { continue };
        match app.store.read(|r| drops::known(r, &bytes))? {
            None | Some(Fate::Waits { .. }) => {}
            Some(fate) => {
                let beside = text_beside(&path);
                if let Err(error) = settle(app, plan, &path, &fate) {
                    tracing::error!(file = %path.display(), %error, "a filed document could not be moved; it is tried again");
                    continue;
                }
                let _ = fs::remove_file(beside);
                moved += 1;
            }
        }
    }
    Ok(moved)
}

/// What went wrong with one file.
#[derive(Debug)]
enum Trouble {
    Disk(io::Error),
    Act(ActError),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Disk(error) => error.fmt(f),
            Self::Act(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<ActError> for Trouble {
    fn from(error: ActError) -> Self {
        Self::Act(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Act(error.into())
    }
}

/// What is not taken, by name, with why.
type Passed = Vec<(String, &'static str)>;

/// The plain files of a folder that may be complete, by name; and what else lies there that somebody may have meant to
/// be taken, with why it is not.
fn files(folder: &Path) -> io::Result<(Vec<PathBuf>, Passed)> {
    let (mut all, mut passed) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)?.take(LOOKED_MAX) {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let unfinished = name.starts_with('.') || name.starts_with('~') || UNFINISHED.iter().any(|x| name.ends_with(x));
        // What is unfinished is not asked about: it may be gone by now.
        let kind = if unfinished { None } else { kind(&entry)? };
        let Some(kind) = kind else { continue };
        let own = [TO_FILE, DONE, REFUSED].contains(&name.as_str());
        // A link could lead anywhere, so that only files themselves are taken.
        match () {
            // What is put away may lie elsewhere, by a link to a folder.
            () if own && entry.path().is_dir() => {}
            () if own => passed.push((name_of(&entry.path()), OWN)),
            () if kind.is_file() => all.push(entry.path()),
            () if kind.is_symlink() => passed.push((name_of(&entry.path()), LINK)),
            () if kind.is_dir() => passed.push((name_of(&entry.path()), FOLDER)),
            () => passed.push((name_of(&entry.path()), NO_FILE)),
        }
    }
    all.sort();
    Ok((all, passed))
}

/// What lies there; `None` when it is gone.
fn kind(entry: &fs::DirEntry) -> io::Result<Option<fs::FileType>> {
    match entry.file_type() {
        Err(gone) if gone.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// Files that have been empty for long enough that nobody writes into them any more.
fn empty(watch: &Watch, now: Timestamp, settle: SignedDuration) -> Vec<(String, &'static str)> {
    let stood = |since: Timestamp| now.duration_since(since) >= settle;
    let seen = watch.seen.iter().filter(|(_, (length, _, since))| *length == 0 && stood(*since));
    seen.map(|(path, _)| (name_of(path), EMPTY)).collect()
}

/// The length of a file that has looked the same for long enough and that nobody holds.
fn complete(watch: &mut Watch, path: &Path, now: Timestamp, settle: SignedDuration) -> io::Result<Option<u64>> {
    let about = fs::metadata(path)?;
    let (length, changed) = (about.len(), about.modified().ok());
    let before = watch.seen.get(path).filter(|x| x.0 == length && x.1 == changed);
    let since = match before {
        // A clock that went back begins anew.
        Some((.., since)) if *since <= now => *since,
        _ => {
            watch.seen.insert(path.to_owned(), (length, changed, now));
            now
        }
    };
    Ok((now.duration_since(since) >= settle && length > 0).then_some(length))
}

/// The bytes of a file; `None` while somebody holds a lock on it.
fn read(path: &Path, max: usize) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    // Where locks are unknown, length and time have to do.
    if flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(max as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= max).then_some(bytes))
}

/// Writes why, then moves the file, so that none lies there without its text.
fn move_to(plan: &DropPlan, path: &Path, place: &str, why: &str) -> Result<(), Trouble> {
    let folder = plan.folder.join(place);
    fs::create_dir_all(&folder)?;
    let target = free(&folder, &name_of(path));
    let mut text = File::create(text_beside(&target))?;
    writeln!(text, "{why}")?;
    text.sync_all()?;
    fs::rename(path, &target)?;
    Ok(())
}

/// A name that nothing in the folder has: a number is put before the ending where one is needed.
fn free(folder: &Path, name: &str) -> PathBuf {
    let (stem, ending) = name.rsplit_once('.').map_or((name, String::new()), |(a, b)| (a, format!(".{b}")));
    let names = std::iter::once(name.to_owned()).chain((2..).map(|n: u32| format!("{stem} ({n}){ending}")));
    names.map(|x| folder.join(x)).find(|x| !x.exists()).unwrap_or_else(|| folder.join(name))
}

fn text_beside(path: &Path) -> PathBuf {
    path.with_file_name(format!("{}.txt", name_of(path)))
}

fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |x| x.to_string_lossy().into_owned())
}
