//! `counterfoil backup`: one snapshot into a file, a folder or standard output, from the running server or from the
//! data file itself.

mod drill;
mod list;
mod recipients;
mod target;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::target::{Kept, Place, Target};
use super::control::{Line, Peer, Said};
use super::protocol::{Backup, DATA_BYTES, DataFrames, Recipients, Request};
use super::{Failure, house, terminal};
use crate::actions::firm;
use crate::app::App;
use crate::backup::identity::BackupIdentity;
use crate::backup::pace::Rate;
use crate::backup::s3::S3Depot;
use crate::backup::{self, BackupError, Written};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::backup::Keep;
use crate::domain::backups::Drill;
use crate::domain::event::By;
use crate::domain::ids::Digest;
use crate::secrets::Entropy;
use crate::store::Store;

/// Options of `counterfoil backup`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[group(skip)]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG", required = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceArgs,
    /// Write no faster than so many megabytes a second
    #[arg(long, value_name = "MB/S", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Read the file back and restore it on trial, in a scratch folder that is then removed
    #[arg(long)]
    drill: bool,
    /// Where the scratch folder is made [default: beside the backup; of a bucket, the current folder]
    #[arg(long, value_name = "DIR", requires = "drill")]
    scratch: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// To whom backups are encrypted: list, add and remove
    #[command(subcommand)]
    Recipients(recipients::Verb),
    /// List what a folder of backups holds: points of incremental ones, and whole ones
    List(list::Args),
}

#[derive(Debug, clap::Args)]
#[group(skip)]
struct PlaceArgs {
    /// The file to write, encrypted to the backup recipients; - is standard output
    #[arg(long, value_name = "FILE", required_unless_present_any = ["folder", "s3"], conflicts_with = "folder")]
    to: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, conflicts_with_all = ["folder", "s3"])]
    replace: bool,
    /// The folder to write a file into that is called after the time, counterfoil-2026-11-22T031500Z.backup
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Into the bucket of the configuration's section [s3], called after the time as well
    #[arg(long, conflicts_with_all = ["to", "folder"])]
    s3: bool,
    /// Keep the newest of so many days and remove the others [default: 0 if another --keep is given, else all stay]
    #[arg(long, value_name = "N", conflicts_with = "to")]
    keep_daily: Option<u32>,
    /// Keep the newest of so many weeks
    #[arg(long, value_name = "N", conflicts_with = "to")]
    keep_weekly: Option<u32>,
    /// Keep the newest of so many months
    #[arg(long, value_name = "N", conflicts_with = "to")]
    keep_monthly: Option<u32>,
}

impl PlaceArgs {
    fn place(self, config: &Config) -> Result<Place, Failure> {
        let named = [self.keep_daily, self.keep_weekly, self.keep_monthly];
        let [daily, weekly, monthly] = named.map(Option::unwrap_or_default);
        let keep = named.iter().any(Option::is_some).then_some(Keep { daily, weekly, monthly });
        match (self.folder, self.to) {
            _ if self.s3 => Ok(Place::Bucket(bucket(config)?, keep)),
            (Some(folder), _) => Ok(Place::Folder(folder, keep)),
            (None, Some(to)) => Place::file(to, self.replace),
            (None, None) => Err(Failure::new("Say where the backup goes, with --to, --folder or --s3.")),
        }
    }
}

/// The bucket of a configuration.
///
/// # Errors
/// When it names none, or what it names can't be used.
pub fn bucket(config: &Config) -> Result<S3Depot, Failure> {
    let named = config.s3.as_ref().ok_or_else(|| {
        Failure::new("The configuration has no section [s3] that names a bucket; config.example.toml shows one.")
    })?;
    Ok(S3Depot::new(named, Clock::system())?)
}

/// Writes a backup; a file appears whole or not at all.
///
/// # Errors
/// A sentence; then there is no file.
pub fn run(args: Args) -> Result<(), Failure> {
    match args.verb {
        Some(Verb::Recipients(verb)) => return recipients::run(verb),
        Some(Verb::List(args)) => return list::run(&args),
        None => {}
    }
    let config_path = args.config.ok_or_else(|| Failure::new("Name the configuration with --config."))?;
    let config = Config::load(&config_path)?;
    let place = args.place.place(&config)?;
    let (entropy, clock) = (Entropy::system(), Clock::system());
    // A passphrase is asked for before a bar is drawn.
    let mut house = match Line::connect(&config.data)? {
        Some(line) => Ok(line),
        None => Err(house::open_store(&config, &entropy)?),
    };
    let (is_output, taken) = (matches!(place, Place::Output), clock.now());
    if is_output && args.drill {
        return Err(Failure::new(
            "What went to standard output can't be read back. Use --drill with --to or --folder.",
        ));
    }
    let identity = args.drill.then(BackupIdentity::generate);
    let target = Target::begin(place, taken, args.rate.and_then(Rate::megabytes))?;
    let to = target.path().to_owned();
    let taking = Taking { target, to: to.clone(), also: identity.as_ref().map(BackupIdentity::recipient) };
    let (made, kept) = match &mut house {
        Ok(line) => taking.ask_server(line)?,
        Err(store) => taking.read_store(store, &clock, std::fs::read_to_string(&config_path).ok())?,
    };
    kept.read_back()?;
    let line = format!("{} bytes, SHA-256 {}", made.bytes, made.digest);
    if is_output {
        terminal::complain(&line)
    } else {
        terminal::say(&format!("{}: {line}", to.display()))
    }
    let thinned = kept.thin_out();
    let store = house.as_ref().err();
    if let Some(identity) = &identity {
        let beside = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let scratch = args.scratch.as_deref().unwrap_or(beside);
        drill::tell(&drill::run(&*kept.trial(), scratch, identity, &made, taken)?, &config, store)?;
    }
    store.inspect(|store| store.close());
    thinned
}

/// A backup under way.
struct Taking {
    target: Target,
    to: PathBuf,
    also: Option<String>,
}

impl Taking {
    fn ask_server(mut self, line: &mut Line) -> Result<(Backup, Kept), Failure> {
        let bar = terminal::bar("Backing up");
        let made: Backup = line.ask(&Request::Backup { also: self.also }, &[], |said| match said {
            Said::Data(bytes) => self.target.write_all(bytes).map_err(|e| Failure::file(&self.to, &e)),
            Said::Progress(p) => {
                show(&bar, p.done, p.all);
                Ok(())
            }
        })?;
        let kept = self.target.keep(&made)?;
        line.kept();
        bar.finish_and_clear();
        Ok((made, kept))
    }

    fn read_store(mut self, store: &Store, clock: &Clock, text: Option<String>) -> Result<(Backup, Kept), Failure> {
        let bar = terminal::bar("Backing up");
        let (also, tick) = (self.also.as_deref(), |done, all| show(&bar, done, all));
        let written = store.read(|tx| backup::write_also(tx, clock.now(), text, also, &mut self.target, tick));
        let written = written.map_err(|error| match error {
            BackupError::Io(e) => Failure::file(&self.to, &e),
            other => other.into(),
        })?;
        let made = answer(&written);
        let kept = self.target.keep(&made)?;
        note(store, clock, &written)?;
        bar.finish_and_clear();
        Ok((made, kept))
    }
}

fn show(bar: &indicatif::ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}

/// The server's part: takes the snapshot, sends it encrypted, and notes it once the command has kept it.
///
/// # Errors
/// When there is nobody to encrypt to, or the command is gone.
pub fn serve(peer: &mut Peer, app: &App, config_text: Option<String>, also: Option<&str>) -> Result<(), Failure> {
    let (taken, mut told) = (app.now(), 0);
    // Data and progress come from two threads, and take turns on one socket.
    let line = Mutex::new(peer);
    let out = BufWriter::with_capacity(DATA_BYTES, Shared(&line));
    let written = app.store.read(|tx| {
        backup::write_also(tx, taken, config_text, also, out, |done, all| {
            let hundredth = done.saturating_mul(100) / all.max(1);
            if hundredth > told {
                told = hundredth;
                lock(&line).progress("records", done, all);
            }
        })
    })?;
    let peer = line.into_inner().unwrap_or_else(PoisonError::into_inner);
    peer.answer(&answer(&written))?;
    if peer.was_kept() { note(&app.store, &app.clock, &written) } else { Ok(()) }
}

/// The server's part of `counterfoil backup recipients`.
///
/// # Errors
/// A sentence; then the recipients are as they were.
pub fn serve_recipients(peer: &mut Peer, app: &App, change: &Recipients) -> Result<(), Failure> {
    recipients::serve(peer, &app.store, &app.clock, change)
}

/// The server's part of a drill: notes its outcome.
///
/// # Errors
/// When the store fails, or the command is gone.
pub fn serve_drill(peer: &mut Peer, app: &App, drilled: &Drill) -> Result<(), Failure> {
    drill::serve(peer, app, drilled)
}

struct Shared<'a, 'p>(&'a Mutex<&'p mut Peer>);

fn lock<'l, 'p>(line: &'l Mutex<&'p mut Peer>) -> MutexGuard<'l, &'p mut Peer> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Write for Shared<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        DataFrames(&mut **lock(self.0)).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        lock(self.0).flush()
    }
}

fn note(store: &Store, clock: &Clock, written: &Written) -> Result<(), Failure> {
    let (bytes, digest) = (written.bytes, Digest(written.digest));
    Ok(store.write_blocking(By::command_line(), clock.now(), move |w| firm::note_backup(w, bytes, digest))?)
}

fn answer(written: &Written) -> Backup {
    Backup { bytes: written.bytes, digest: Digest(written.digest), rows: written.rows, facts: written.facts.clone() }
}
