//! `counterfoil verify`: the whole data file read through, and the activity chain followed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::control::{Line, Peer, Said};
use super::protocol::Request;
use super::{Failure, house, terminal};
use crate::app::App;
use crate::config::Config;
use crate::secrets::Entropy;
use crate::store::Store;
use crate::store::verify;

/// Options of `counterfoil verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
}

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Found {
    /// Records read.
    pub records: u64,
    /// One sentence for each fault.
    pub faults: Vec<String>,
    /// Faults beyond those.
    pub untold: u64,
}

/// Reads everything. Nothing is changed.
///
/// # Errors
/// When something contradicts something else, or can't be read.
pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    // A passphrase is asked for before a bar is drawn.
    let asked = match Line::connect(&config.data)? {
        Some(line) => Ok(line),
        None => Err(house::secret(&config.key)?),
    };
    let bar = terminal::bar("Verifying");
    let tick = |what: &str, done, all| {
        bar.set_message(what.to_owned());
        bar.set_length(all);
        bar.set_position(done);
    };
    let (found, pages) = match asked {
        Ok(mut line) => {
            let found: Found = line.ask(&Request::Verify, &[], |said| {
                if let Said::Progress(p) = said {
                    tick(&p.what, p.done, p.all);
                }
                Ok(())
            })?;
            (found, false)
        }
        Err(secret) => {
            let path = house::data_file(&config.data);
            let store = house::open_with(&path, &secret, config.limits.cache_bytes(), true, &Entropy::system())?;
            let found = whole(&store, tick)?;
            store.close();
            (found, true)
        }
    };
    bar.finish_and_clear();
    report(&found, pages)
}

/// The server's part.
///
/// # Errors
/// When the file can't be read or the command is gone.
pub fn serve(peer: &mut Peer, app: &App) -> Result<(), Failure> {
    let found = whole(&app.store, |what, done, all| peer.progress(what, done, all))?;
    peer.answer(&found)
}

fn whole(store: &Store, progress: impl FnMut(&str, u64, u64)) -> Result<Found, Failure> {
    let report = store.read(|tx| verify::whole(tx, progress))?;
    Ok(Found { records: report.records, faults: report.faults, untold: report.untold })
}

fn report(found: &Found, pages: bool) -> Result<(), Failure> {
    if found.faults.is_empty() {
        let how = if pages { "every page and record" } else { "every record, while the server runs" };
        terminal::say(&format!(
            "The data file is whole: {} records read ({how}); the activity chain holds.",
            found.records
        ));
        return Ok(());
    }
    found.faults.iter().for_each(|fault| terminal::say(fault));
    let count = found.faults.len() as u64 + found.untold;
    Err(Failure::new(format!("{count} faults in the data file. Keep a copy of it, and restore the last good backup.")))
}
