//! `counterfoil backup`: one snapshot into one file, from the running server or from the data file itself.

use std::fs::{File, Permissions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::control::{Line, Peer, Said};
use super::protocol::{Backup, DATA_BYTES, DataFrames, Request};
use super::unfinished::{PREFIX, Unfinished};
use super::{Failure, house, terminal};
use crate::actions::firm;
use crate::app::App;
use crate::backup::{self, Written};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::event::By;
use crate::domain::ids::Digest;
use crate::secrets::Entropy;
use crate::store::Store;

/// Options of `counterfoil backup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
    /// The file to write, encrypted to the backup identity's public half
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    replace: bool,
}

/// Writes a backup; the file appears whole or not at all.
///
/// # Errors
/// A sentence; then there is no file.
pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    if !args.replace && args.to.symlink_metadata().is_ok() {
        let to = args.to.display();
        return Err(Failure::new(format!("{to} is there already. Choose another name, or add --replace.")));
    }
    let entropy = Entropy::system();
    // A passphrase is asked for before a bar is drawn.
    let house = match Line::connect(&config.data)? {
        Some(line) => Ok(line),
        None => Err(house::open_store(&config, &entropy)?),
    };
    let mut part = Part::beside(&args.to)?;
    let bar = terminal::bar("Backing up");
    let mut tick = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let made = match house {
        Ok(mut line) => {
            let made: Backup = line.ask(&Request::Backup, &[], |said| match said {
                Said::Data(bytes) => part.write_all(bytes).map_err(|e| Failure::file(&args.to, &e)),
                Said::Progress(p) => {
                    tick(p.done, p.all);
                    Ok(())
                }
            })?;
            part.keep(&made)?;
            line.kept();
            made
        }
        Err(store) => {
            let clock = Clock::system();
            let text = std::fs::read_to_string(&args.config).ok();
            let written = store.read(|tx| backup::write(tx, clock.now(), text, &mut part, &mut tick))?;
            let made = answer(&written);
            part.keep(&made)?;
            note(&store, &clock, &written)?;
            store.close();
            made
        }
    };
    bar.finish_and_clear();
    terminal::say(&format!("{}: {} bytes, SHA-256 {}", args.to.display(), made.bytes, made.sha256));
    Ok(())
}

/// The server's part: takes the snapshot, sends it encrypted, and notes it once the command has kept it.
///
/// # Errors
/// When there is nobody to encrypt to, or the command is gone.
pub fn serve(peer: &mut Peer, app: &App, config_text: Option<String>) -> Result<(), Failure> {
    let (taken, mut told) = (app.now(), 0);
    // Data and progress take turns on one socket.
    let line = std::cell::RefCell::new(peer);
    let out = BufWriter::with_capacity(DATA_BYTES, Shared(&line));
    let written = app.store.read(|tx| {
        backup::write(tx, taken, config_text, out, |done, all| {
            let hundredth = done.saturating_mul(100) / all.max(1);
            if hundredth > told {
                told = hundredth;
                line.borrow_mut().progress("records", done, all);
            }
        })
    })?;
    let peer = line.into_inner();
    peer.answer(&answer(&written))?;
    if peer.was_kept() { note(&app.store, &app.clock, &written) } else { Ok(()) }
}

struct Shared<'a, 'p>(&'a std::cell::RefCell<&'p mut Peer>);

impl Write for Shared<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        DataFrames(&mut **self.0.borrow_mut()).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

fn note(store: &Store, clock: &Clock, written: &Written) -> Result<(), Failure> {
    let (bytes, digest) = (written.bytes, Digest(written.digest));
    Ok(store.write_blocking(By::command_line(), clock.now(), move |w| firm::note_backup(w, bytes, digest))?)
}

fn answer(written: &Written) -> Backup {
    Backup { bytes: written.bytes, sha256: Digest(written.digest).to_string(), rows: written.rows }
}

/// A backup that is not there yet.
struct Part {
    to: PathBuf,
    folder: PathBuf,
    watch: Unfinished,
    file: NamedTempFile,
    bytes: u64,
    digest: ring::digest::Context,
}

impl Part {
    fn beside(to: &Path) -> Result<Self, Failure> {
        let to = std::path::absolute(to).map_err(|e| Failure::file(to, &e))?;
        let folder = to.parent().unwrap_or(Path::new("/")).to_owned();
        let file = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(&folder)
            .map_err(|e| Failure::file(&folder, &e))?;
        let watch = Unfinished::watch(file.path())?;
        Ok(Self { to, folder, watch, file, bytes: 0, digest: ring::digest::Context::new(&ring::digest::SHA256) })
    }

    /// Moves it into its place, if it is what was sent.
    fn keep(self, sent: &Backup) -> Result<(), Failure> {
        let digest: [u8; 32] = self.digest.finish().as_ref().try_into().unwrap_or_default();
        if self.bytes != sent.bytes || Digest(digest).to_string() != sent.sha256 {
            return Err(Failure::new("What arrived is not what the server sent, so nothing was kept. Try again."));
        }
        let failed = |e| Failure::file(&self.to, &e);
        self.file.as_file().sync_all().map_err(failed)?;
        self.watch.complete();
        self.file.persist(&self.to).map_err(|e| failed(e.error))?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = self.file.write(bytes)?;
        self.bytes += taken as u64;
        self.digest.update(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
