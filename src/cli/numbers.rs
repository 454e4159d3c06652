//! `counterfoil numbers`: the gap report of every series of numbers, for whoever audits the books.

use std::path::PathBuf;

use super::control::{Line, Peer};
use super::protocol::Request;
use super::{Failure, house, terminal};
use crate::app::App;
use crate::config::Config;
use crate::secrets::Entropy;
use crate::store::numbering::Report;
use crate::store::prelude::*;

/// Options of `counterfoil numbers`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Reads every series and tells what is missing, void or out of order. Nothing is changed.
///
/// # Errors
/// When the data file can't be read.
pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    let told = match Line::connect(&config.data)? {
        Some(mut line) => line.ask(&Request::Numbers, &[], |_| Ok(()))?,
        None => {
            let secret = house::secret(&config.key)?;
            let path = house::find_data_file(&config)?;
            let store = house::open_with(&path, &secret, config.limits.cache_bytes(), false, &Entropy::system())?;
            let told = read(&store)?;
            store.close();
            told
        }
    };
    tell(&told, args.json)
}

/// The server's part.
///
/// # Errors
/// When the file can't be read or the command is gone.
pub fn serve(peer: &mut Peer, app: &App) -> Result<(), Failure> {
    let told = read(&app.store)?;
    peer.answer(&told)
}

fn read(store: &Store) -> Result<Vec<Report>, Failure> {
    Ok(store.read(|r| -> Result<_, StoreError> {
        let all = r.series_given()?;
        all.iter().map(|series| r.series_report(series)).collect()
    })?)
}

fn tell(told: &[Report], json: bool) -> Result<(), Failure> {
    if json {
        let text = serde_json::to_string(told).map_err(|e| Failure::new(format!("The report can't be told: {e}.")))?;
        terminal::say(&text);
        return Ok(());
    }
    if told.is_empty() {
        terminal::say("No number was given yet.");
    }
    for report in told {
        let last = if report.last.is_empty() { String::new() } else { format!(", the last {}", report.last) };
        terminal::say(&format!("{}: {} given as {}{last}.", report.name(), report.given, report.pattern));
        for finding in &report.findings {
            terminal::say(&format!("  {:<13} {}  {}", finding.word(), finding.numbers(), finding.words()));
        }
        if report.findings.is_empty() {
            terminal::say("  No gaps.");
        }
    }
    Ok(())
}
