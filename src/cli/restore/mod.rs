//! `counterfoil restore`: a new data folder from a backup, with a new key; never into one that is in use.
//!
//! The whole backup is read and checked before anything is made. The folder is built under another name and moved into
//! place when it has proved to hold what the backup holds.

mod opener;
mod origin;

use std::fs::{DirBuilder, File, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use jiff::Timestamp;
use tempfile::TempDir;

use self::opener::OpenerArgs;
pub use self::origin::{Origin, OriginArgs};
use super::init::CONFIG_FILE;
use super::new_key::{KeyArgs, NewKey};
use super::stats::size;
use super::unfinished::Unfinished;
use super::{Failure, house, terminal};
use crate::actions::restored;
use crate::backup::{self, Summary, unfinished};
use crate::clock::Clock;
use crate::config::{self, PublicUrl};
use crate::domain::event::By;
use crate::secrets::Entropy;
use crate::store::crypt::{self, Cipher};
use crate::store::keys::Secret;
use crate::store::migrate::{self, CURRENT};
use crate::store::{CACHE_DEFAULT, compact, verify};

/// Faults that are shown before the rest is counted.
const FAULTS_SHOWN: usize = 5;

/// Options of `counterfoil restore`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    origin: OriginArgs,
    /// Folder to build; it must not be there yet, or be empty
    #[arg(long, value_name = "NEWDIR")]
    data: PathBuf,
    #[command(flatten)]
    opener: OpenerArgs,
    #[command(flatten)]
    key: KeyArgs,
    /// Restore even if the records of the backup contradict each other
    #[arg(long)]
    accept_faults: bool,
}

/// Restores.
///
/// # Errors
/// A sentence; then nothing was made.
pub fn run(args: Args) -> Result<(), Failure> {
    let place = Place::of(&args)?;
    for left in unfinished::sweep(&place.parent, &[house::DATA_FILE, CONFIG_FILE]) {
        terminal::say(&format!("{} was left by a restore that was interrupted, and is removed.", left.display()));
    }
    let origin = Origin::of(&args.origin)?;
    let source = origin.source();
    let opened = args.opener.opened(&origin.header()?)?;
    let identity = opened.opener();
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let key = args.key.make(place.key_file.as_deref(), &entropy)?;
    let bar = terminal::bar("Checking");
    let about = |error| origin.about(opened.about(error));
    let checked = backup::check(&*source, identity, |done, all| show(&bar, done, all)).map_err(about)?;
    let built = Built::new(&place)?;
    let secret = key.secret();
    let path = house::data_file(built.folder.path());
    crypt::create(&path, std::slice::from_ref(&secret), Cipher::for_this_machine(), &entropy)?;
    bar.set_message("Restoring");
    let store = house::open_as(&path, &secret, &backup::schema_of(&checked), &entropy)?;
    backup::fill(&*source, identity, &checked, &store, |done, all| show(&bar, done, all)).map_err(about)?;
    store.close();
    drop(store);
    bar.set_message("Bringing up to this version");
    migrate::bring_up_new(&path, &secret, &CURRENT, &entropy, |done, all| show(&bar, done.into(), all.into()))
        .map_err(|error| Failure::new(error.to_string()))?;
    bar.set_message("Verifying");
    let store = house::open_with(&path, &secret, CACHE_DEFAULT, false, &entropy)?;
    let report = store.read(|tx| verify::whole(tx, |_, done, all| show(&bar, done, all)))?;
    store.close();
    drop(store);
    refuse_faults(&report, args.accept_faults)?;
    let shown = bar.clone();
    let moved = move |read, written| {
        shown.set_message(format!("Compacting: {} read, {} moved", size(read), size(written)));
        shown.tick();
    };
    compact::compact(crypt::open(&path, &secret, &entropy)?.backend, CACHE_DEFAULT, Box::new(moved))?;
    note(&path, &secret, checked.manifest.taken, &clock, &entropy)?;
    built.config(&place, &key, &checked)?;
    built.put_in_place(&place, &key)?;
    bar.finish_and_clear();
    explain(&place, &key, &checked);
    Ok(())
}

fn show(bar: &ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}

fn refuse_faults(report: &verify::Report, accepted: bool) -> Result<(), Failure> {
    if report.is_clean() || accepted {
        return Ok(());
    }
    report.faults.iter().take(FAULTS_SHOWN).for_each(|fault| terminal::complain(fault));
    let count = report.faults.len() as u64 + report.untold;
    Err(Failure::new(format!(
        "The backup is whole, but its records contradict each other in {count} places, as the data file's did when it \
         was taken. Use an earlier backup, or add --accept-faults."
    )))
}

/// Notes in the new file where it comes from, and holds its letters back: they may have been sent since.
fn note(path: &Path, secret: &Secret, taken: Timestamp, clock: &Clock, entropy: &Entropy) -> Result<(), Failure> {
    let store = house::open_with(path, secret, CACHE_DEFAULT, false, entropy)?;
    store.write_blocking(By::command_line(), clock.now(), move |w| restored::note_restore(w, taken))?;
    store.close();
    Ok(())
}

/// Where the new house goes.
struct Place {
    data: PathBuf,
    parent: PathBuf,
    /// `None` when a passphrase is the key.
    key_file: Option<PathBuf>,
}

impl Place {
    fn of(args: &Args) -> Result<Self, Failure> {
        let absolute = |path: &Path| std::path::absolute(path).map_err(|e| Failure::file(path, &e));
        let data = absolute(&args.data)?;
        let key_file = args.key.place(&data)?;
        let occupied = match std::fs::read_dir(&data) {
            Ok(mut entries) => entries.next().is_some(),
            Err(e) => e.kind() != std::io::ErrorKind::NotFound,
        };
        let key = key_file.iter().map(|path| (path, path.symlink_metadata().is_ok()));
        for (path, there) in std::iter::once((&data, occupied)).chain(key) {
            if there {
                let path = path.display();
                return Err(Failure::new(format!(
                    "{path} is there already, and nothing was touched. Choose another place, or move it away."
                )));
            }
        }
        let parent = data.parent().unwrap_or(Path::new("/")).to_owned();
        if !parent.is_dir() {
            let parent = parent.display();
            return Err(Failure::new(format!("The folder {parent} is not there. Check the path, or make the folder.")));
        }
        Ok(Self { data, parent, key_file })
    }
}

/// The folder before it is in place; dropped before that, or stopped by a signal, it is taken away again.
struct Built {
    watch: Unfinished,
    _lock: File,
    folder: TempDir,
}

impl Built {
    fn new(place: &Place) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new()
            .prefix(unfinished::PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&place.parent)
            .map_err(|e| Failure::file(&place.parent, &e))?;
        let lock = unfinished::lock(folder.path()).map_err(|e| Failure::file(folder.path(), &e))?;
        Ok(Self { watch: Unfinished::watch(folder.path())?, _lock: lock, folder })
    }

    /// Writes the configuration that the backup holds, for the new place.
    fn config(&self, place: &Place, key: &NewKey, checked: &Summary) -> Result<(), Failure> {
        let text = match &checked.manifest.config {
            Some(text) => config::moved(text, &place.data, &key.source()),
            None => {
                let url: PublicUrl =
                    "https://portal.example.com".parse().map_err(|why| Failure::new(format!("{why}.")))?;
                config::starting_file(&url, &place.data, &key.source())
            }
        };
        write_new(&self.folder.path().join(CONFIG_FILE), &text)
    }

    fn put_in_place(self, place: &Place, key: &NewKey) -> Result<(), Failure> {
        self.watch.complete();
        if let Some((path, text)) = key.file() {
            write_new(path, &text)?;
        }
        let moved = sync(self.folder.path())
            .and_then(|()| make_if_absent(&place.data))
            .and_then(|()| std::fs::rename(self.folder.path(), &place.data))
            .and_then(|()| sync(&place.parent))
            .map_err(|e| Failure::file(&place.data, &e));
        if let (Err(_), Some((path, _))) = (&moved, key.file()) {
            let _ = std::fs::remove_file(path);
        }
        moved
    }
}

/// So that a rename onto it can only succeed when it is an empty folder.
fn make_if_absent(folder: &Path) -> std::io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    use std::io::Write;
    let written = File::options().write(true).create_new(true).mode(0o600).open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|e| Failure::file(path, &e))
}

fn explain(place: &Place, key: &NewKey, checked: &Summary) {
    let manifest = &checked.manifest;
    let (data, config) = (place.data.display(), place.data.join(CONFIG_FILE));
    terminal::say(&format!(
        "{firm} is restored as of {taken}, in {data}.

{key}
Sessions, links  All ended: everybody signs in again. Passwords are as they were.
Letters          Held back: what waits in this backup may have been sent since. An owner looks
                 through them on the desk, withdraws those, and lets the others go. Meanwhile only letters to sign in
                 and to set a password go, and notices of what people do from now on.
Numbers          Held back: invoices, credit notes and quotes wait until an owner says on the desk which number was
                 given last in each series, so that none is given twice.
{drop}Backups          As before: the same identities and passphrases open them.

1. Stop the old server, if it still runs, and look through {config}.
2. counterfoil serve --config {config}",
        firm = manifest.firm,
        taken = manifest.taken.strftime("%Y-%m-%d %H:%M UTC"),
        key = key_words(key),
        drop = drop_words(checked),
        config = config.display(),
    ));
}

/// What a configuration with a drop folder means here; nothing for one without.
fn drop_words(checked: &Summary) -> String {
    let folder = checked.manifest.config.as_deref().and_then(config::drop_folder);
    let words = |folder: String| {
        format!(
            "Drop folder      {folder}\n                 The configuration still names it. Nothing is taken from it until an \
             owner has said on the desk\n                 what happened since the backup; the old server must not take \
             from it any more by then.\n"
        )
    };
    folder.map(words).unwrap_or_default()
}

fn key_words(key: &NewKey) -> String {
    match key.file() {
        Some((path, _)) => format!(
            "Key              {}\n                 New, and for this data file alone. Keep a copy away from this machine.",
            path.display()
        ),
        None => "Passphrase       The one that you chose, asked for at every start. It is kept nowhere.".to_owned(),
    }
}
