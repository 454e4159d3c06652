//! `counterfoil stats`: how large the data file is, what takes the room, what the limits leave and how it grows.

use std::path::PathBuf;

use super::control::{Line, Peer, Said};
use super::protocol::Request;
use super::{Failure, house, terminal};
use crate::app::App;
use crate::app::FileLimits;
use crate::config::Config;
use crate::secrets::Entropy;
use crate::store::prelude::*;
use crate::store::stats::{self, Month, Sizes};

/// Clients named as those whose documents take most.
const FULLEST: usize = 3;
/// Months of growth that are told in words; JSON has all.
const MONTHS: usize = 12;

/// What is told.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Told {
    #[serde(flatten)]
    sizes: Sizes,
    /// Newest month first.
    growth: Vec<Month>,
    documents: Taken,
}

/// What documents take, and may take, in bytes.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Taken {
    bytes: u64,
    versions: u64,
    /// Of files that are arriving at this moment.
    arriving: u64,
    all_max: u64,
    client_max: u64,
    file_max: u64,
    /// The clients whose documents take most.
    fullest: Vec<(String, u64)>,
}

/// Options of `counterfoil stats`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Measures the data file. Nothing is changed.
///
/// # Errors
/// When it can't be read.
pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    let line = Line::connect(&config.data)?;
    let secret = if line.is_none() { Some(house::secret(&config.key)?) } else { None };
    let bar = terminal::bar("Measuring");
    let tick = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let told = match (line, secret) {
        (Some(mut line), _) => line.ask(&Request::Stats, &[], |said| {
            if let Said::Progress(p) = said {
                tick(p.done, p.all);
            }
            Ok(())
        })?,
        (None, secret) => {
            let secret = secret.ok_or_else(|| Failure::new("There is no key."))?;
            let path = house::find_data_file(&config)?;
            let store = house::open_with(&path, &secret, config.limits.cache_bytes(), false, &Entropy::system())?;
            let told = measure(&store, &house::file_limits(&config), tick)?;
            store.close();
            told
        }
    };
    bar.finish_and_clear();
    tell(&told, args.json)
}

/// The server's part.
///
/// # Errors
/// When the file can't be read or the command is gone.
pub fn serve(peer: &mut Peer, app: &App) -> Result<(), Failure> {
    let told = measure(&app.store, &app.settings.files, |done, all| peer.progress("Measuring", done, all))?;
    peer.answer(&told)
}

fn measure(store: &Store, limits: &FileLimits, progress: impl FnMut(u64, u64)) -> Result<Told, Failure> {
    let pages = store.pages()?;
    Ok(store.read(|tx| -> Result<_, StoreError> {
        let (sizes, growth) = (stats::measure(tx, pages, progress)?, stats::growth(tx)?);
        Ok(Told { sizes, growth, documents: taken(tx, limits)? })
    })?)
}

fn taken(tx: &ReadTx, limits: &FileLimits) -> Result<Taken, StoreError> {
    let (all, mut fullest) = (tx.document_sizes(None)?, Vec::new());
    for (client, bytes) in stats::fullest(tx, FULLEST)? {
        let name = tx.client(client)?.map_or_else(|| client.to_string(), |c| c.party.name);
        fullest.push((name, bytes));
    }
    Ok(Taken {
        bytes: all.bytes,
        versions: all.versions,
        arriving: tx.arriving()?.iter().map(|a| a.bytes).sum(),
        all_max: limits.all,
        client_max: limits.client,
        file_max: limits.file,
        fullest,
    })
}

fn tell(told: &Told, json: bool) -> Result<(), Failure> {
    let sizes = &told.sizes;
    if json {
        let text = serde_json::to_string(told).map_err(|e| Failure::new(format!("The sizes can't be told: {e}.")))?;
        terminal::say(&text);
        return Ok(());
    }
    terminal::say(&format!("{:<24} {:>12} {:>12} {:>12}", "Table", "rows", "contents", "in the file"));
    for table in sizes.tables.iter().filter(|table| table.rows > 0) {
        let (bytes, pages) = (size(table.bytes), size(table.in_pages));
        terminal::say(&format!("{:<24} {:>12} {bytes:>12} {pages:>12}", table.name, table.rows));
    }
    terminal::say("");
    terminal::say(&format!(
        "The data file: {}, of which {} is free or the engine’s own. Schema {}.",
        size(sizes.file),
        size(sizes.free),
        sizes.schema
    ));
    if sizes.free > sizes.file / 2 {
        terminal::say("What is free is used again as the file grows; `counterfoil compact` gives it back now.");
    }
    tell_documents(&told.documents);
    tell_growth(&told.growth);
    Ok(())
}

fn tell_documents(taken: &Taken) {
    terminal::say("");
    terminal::say(&format!(
        "Documents: {} in {} versions, of {} (documents_mib). One client may take {} (client_documents_mib), one file \
         {} (document_mib).",
        size(taken.bytes),
        taken.versions,
        size(taken.all_max),
        size(taken.client_max),
        size(taken.file_max)
    ));
    if taken.arriving > 0 {
        terminal::say(&format!("Arriving at this moment: {}.", size(taken.arriving)));
    }
    for (name, bytes) in taken.fullest.iter().filter(|(_, bytes)| *bytes > 0) {
        let percent = u128::from(*bytes).saturating_mul(100) / u128::from(taken.client_max.max(1));
        terminal::say(&format!("  {name}: {}, {percent} % of what one client may take", size(*bytes)));
    }
}

fn tell_growth(growth: &[Month]) {
    if growth.is_empty() {
        return;
    }
    terminal::say("");
    terminal::say(&format!("{:<24} {:>12} {:>12} {:>12} {:>12}", "Added in", "billing", "bytes", "versions", "bytes"));
    for month in growth.iter().take(MONTHS) {
        let (billing, versions) = (size(month.billing_bytes), size(month.version_bytes));
        let Month { month, billing: bills, versions: kept, .. } = month;
        terminal::say(&format!("{month:<24} {bills:>12} {billing:>12} {kept:>12} {versions:>12}"));
    }
}

/// In the unit that leaves few digits.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "kB", "MB", "GB"];
    let (mut whole, mut tenth, mut unit) = (bytes, 0, 0);
    while whole >= 1_000 && unit + 1 < UNITS.len() {
        (tenth, whole, unit) = (whole % 1_000 / 100, whole / 1_000, unit + 1);
    }
    if unit == 0 { format!("{whole} B") } else { format!("{whole}.{tenth} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sizes_are_told_in_few_digits() {
        let told = [0, 999, 1_000, 1_512_345, 2_147_483_648, 5_000_000_000_000].map(super::size);
        assert_eq!(told, ["0 B", "999 B", "1.0 kB", "1.5 MB", "2.1 GB", "5000.0 GB"]);
    }
}
