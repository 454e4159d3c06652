//! `counterfoil compact`: gives back the room that the data file does not need. The server must be stopped.
//!
//! Stopped or killed in the middle, it leaves the file whole; the next start, or the next `compact`, goes on.

use std::path::PathBuf;

use super::stats::size;
use super::{Failure, house, terminal};
use crate::config::Config;
use crate::secrets::Entropy;
use crate::store::{compact, crypt};

/// Options of `counterfoil compact`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
}

/// Checks every page, then compacts the file in place.
///
/// # Errors
/// When a server has the file open, or a page is damaged.
pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    let path = house::find_data_file(&config)?;
    house::refuse_in_use(&path)?;
    let secret = house::secret(&config.key)?;
    let length = || path.metadata().map(|facts| facts.len()).map_err(|e| Failure::file(&path, &e));
    let before = length()?;
    let opened = crypt::open(&path, &secret, &Entropy::system()).map_err(|e| house::about(&path, &e))?;
    let bar = terminal::bar("Compacting");
    let shown = bar.clone();
    let told = move |read: u64, written: u64| {
        shown.set_message(format!("Compacting: {} read, {} moved", size(read), size(written)));
        shown.tick();
    };
    compact::compact(opened.backend, config.limits.cache_bytes(), Box::new(told))?;
    bar.finish_and_clear();
    let after = length()?;
    terminal::say(&match before.saturating_sub(after) {
        0 => format!("There was nothing to give back: the data file has {}.", size(after)),
        saved => format!("The data file had {} and has {} now: {} given back.", size(before), size(after), size(saved)),
    });
    Ok(())
}
