//! `counterfoil backup`: one snapshot into a file, a folder or standard output, from the running server or from the
//! data file itself.

mod carried;
mod distant;
mod drill;
mod errands;
mod list;
mod points;
mod recipients;
mod target;
mod whole;

use std::path::PathBuf;

use self::target::{Place, Target};
use self::whole::Taking;
use super::control::{Line, Peer};
use super::new_key::new_passphrase;
use super::protocol::{Recipients, Whom};
use super::{Failure, house, terminal};
use crate::app::App;
use crate::backup::identity::{BackupIdentity, Opener};
use crate::backup::pace::Rate;
use crate::backup::passphrase::Passphrase;
use crate::backup::s3::S3Depot;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::backup::Keep;
use crate::domain::backups::Drill;
use crate::secrets::Entropy;

pub use self::points::serve as serve_point;
pub use self::whole::serve;

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
    #[command(flatten)]
    seal: SealArgs,
    /// Write only what changed, as a point that shares its pieces with the others of the folder or bucket
    #[arg(long, conflicts_with_all = ["to", "passphrase", "passphrase_file"])]
    incremental: bool,
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
    /// Take out the identity that a passphrase opens, as a file for the tool age
    Identity(carried::Args),
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

#[derive(Debug, clap::Args)]
#[group(skip)]
struct SealArgs {
    /// Encrypt this one to a passphrase alone, which is asked for twice; `age -d` opens it. For a passphrase that opens
    /// every backup beside other recipients: `backup recipients add --passphrase`
    #[arg(long, requires = "to")]
    passphrase: bool,
    /// As --passphrase, and read it from the only line of this file (mode 0600)
    #[arg(long, value_name = "FILE", requires = "to")]
    passphrase_file: Option<PathBuf>,
}

impl SealArgs {
    fn words(&self) -> Result<Option<Passphrase>, Failure> {
        if !self.passphrase && self.passphrase_file.is_none() {
            return Ok(None);
        }
        let words = new_passphrase("of this backup", self.passphrase_file.as_deref())?;
        Ok(Some(Passphrase::new(&words)))
    }
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
        Some(Verb::Identity(args)) => return carried::run(&args),
        None => {}
    }
    let config_path = args.config.ok_or_else(|| Failure::new("Name the configuration with --config."))?;
    let config = Config::load(&config_path)?;
    let place = args.place.place(&config)?;
    let scratch = args.drill.then(|| args.scratch.unwrap_or_else(|| place.beside()));
    if args.incremental {
        let config_text = std::fs::read_to_string(&config_path).ok();
        return points::run(&config, config_text, points::Options { place, rate: args.rate, scratch });
    }
    let words = args.seal.words()?;
    let (entropy, clock) = (Entropy::system(), Clock::system());
    // A passphrase is asked for before a bar is drawn.
    let mut house = match Line::connect(&config.data)? {
        Some(line) => Ok(line),
        None => Err(house::open_store(&config, &entropy)?),
    };
    let (is_output, taken) = (matches!(place, Place::Output), clock.now());
    if is_output && scratch.is_some() {
        return Err(Failure::new(
            "What went to standard output can't be read back. Use --drill with --to or --folder.",
        ));
    }
    let identity = (scratch.is_some() && words.is_none()).then(BackupIdentity::generate);
    let whom = match &words {
        Some(_) => Whom::Nobody,
        None => Whom::Recipients(identity.as_ref().map(BackupIdentity::recipient)),
    };
    let target = Target::begin(place, taken, args.rate.and_then(Rate::megabytes), words.as_ref())?;
    let to = target.path().to_owned();
    let taking = Taking { target, to: to.clone(), whom };
    let (made, kept) = match &mut house {
        Ok(line) => taking.ask_server(line)?,
        Err(store) => taking.read_store(store, &clock, std::fs::read_to_string(&config_path).ok())?,
    };
    kept.read_back()?;
    let line = format!("{} bytes, SHA-256 {}", kept.sealed().bytes, kept.sealed().digest);
    if is_output {
        terminal::complain(&line)
    } else {
        terminal::say(&format!("{}: {line}", to.display()))
    }
    let thinned = kept.thin_out();
    let store = house.as_ref().err();
    let opener = identity.as_ref().map(|x| x as &Opener).or(words.as_ref().map(|x| x as &Opener));
    if let (Some(scratch), Some(opener)) = (&scratch, opener) {
        drill::tell(&drill::run(&*kept.trial(), scratch, opener, &made.facts, taken)?, &config, store)?;
    }
    store.inspect(|store| store.close());
    thinned
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
