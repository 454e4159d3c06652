//! `counterfoil stats`: how large the data file is and what takes the room.

use std::path::PathBuf;

use super::control::{Line, Peer, Said};
use super::protocol::Request;
use super::{Failure, house, terminal};
use crate::app::App;
use crate::config::Config;
use crate::secrets::Entropy;
use crate::store::Store;
use crate::store::stats::{self, Sizes};

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
    let sizes = match (line, secret) {
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
            let sizes = measure(&store, tick)?;
            store.close();
            sizes
        }
    };
    bar.finish_and_clear();
    tell(&sizes, args.json)
}

/// The server's part.
///
/// # Errors
/// When the file can't be read or the command is gone.
pub fn serve(peer: &mut Peer, app: &App) -> Result<(), Failure> {
    let sizes = measure(&app.store, |done, all| peer.progress("Measuring", done, all))?;
    peer.answer(&sizes)
}

fn measure(store: &Store, progress: impl FnMut(u64, u64)) -> Result<Sizes, Failure> {
    let pages = store.pages()?;
    Ok(store.read(|tx| stats::measure(tx, pages, progress))?)
}

fn tell(sizes: &Sizes, json: bool) -> Result<(), Failure> {
    if json {
        let text = serde_json::to_string(sizes).map_err(|e| Failure::new(format!("The sizes can't be told: {e}.")))?;
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
    Ok(())
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
