//! `counterfoil export --html`: everything that a firm kept, as a folder that any browser reads without this program.
//!
//! Through the running server or without one; one snapshot, in the memory of one client.

mod archive;
mod months;
mod pages;
mod registers;
mod settings;
mod write;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use self::archive::{Folder, Pieces};
use self::write::Counts;
use super::control::{Line, Peer, Said};
use super::protocol::{self, Request};
use super::{Failure, house, terminal};
use crate::actions::firm;
use crate::app::{App, Settings};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::calendar;
use crate::domain::event::By;
use crate::secrets::Entropy;
use crate::store::prelude::*;

/// Options of `counterfoil export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
    /// The new or empty folder for pages, PDFs and tables that any browser and spreadsheet reads; it is not encrypted
    #[arg(long, value_name = "DIR")]
    html: PathBuf,
}

/// An archive was written.
#[derive(Debug, Serialize, Deserialize)]
pub struct Exported {
    /// What is in it.
    counts: Counts,
}

/// Writes the archive.
///
/// # Errors
/// A sentence; the folder then holds no index.
pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    let (entropy, clock) = (Entropy::system(), Clock::system());
    // A passphrase is asked for before a folder is made.
    let house = match Line::connect(&config.data)? {
        Some(line) => Ok(line),
        None => Err(house::open_store(&config, &entropy)?),
    };
    let mut folder = Folder::new(&args.html)?;
    let bar = terminal::bar("Exporting");
    let mut tick = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let (counts, written) = match house {
        Ok(mut line) => {
            let exported: Exported = line.ask(&Request::Export, &[], |said| match said {
                Said::Data(piece) => folder.take(piece),
                Said::Progress(p) => {
                    tick(p.done, p.all);
                    Ok(())
                }
            })?;
            let written = folder.finish()?;
            line.kept(&());
            (exported.counts, written)
        }
        Err(store) => {
            let settings = house::settings(&config, &store.read(|r| r.firm())?)?;
            let today = calendar::today(clock.now(), &settings.zone);
            let counts = store.read(|r| write::write(r, &settings, today, &mut folder, &mut tick))?;
            let written = folder.finish()?;
            note(&store, &clock, counts)?;
            store.close();
            (counts, written)
        }
    };
    bar.finish_and_clear();
    terminal::say(&format!(
        "{}: {} clients, {} invoices and credit notes, {} quotes and {} log entries, in {} files ({} bytes). It is not \
         encrypted: keep it where only the firm can read it. Begin with index.html.",
        args.html.display(),
        counts.clients,
        counts.documents,
        counts.quotes,
        counts.entries,
        written.0,
        written.1
    ));
    Ok(())
}

/// The server's part: sends the archive in pieces, and notes it once the command has kept it.
///
/// # Errors
/// When the store can't be read, or the command is gone.
pub fn serve(peer: &mut Peer, app: &App) -> Result<(), Failure> {
    let line = std::cell::RefCell::new(peer);
    let mut told = 0;
    let settings: &Settings = &app.settings;
    let counts = app.store.read(|r| {
        let gone = |e: std::io::Error| Failure::new(format!("The command is gone: {e}."));
        let send = |piece: &[u8]| protocol::send(&mut **line.borrow_mut(), protocol::Kind::Data, piece).map_err(gone);
        let mut pieces = Pieces::new(send);
        pieces.flush()?;
        let counts = write::write(r, settings, app.today(), &mut pieces, &mut |done, all| {
            let hundredth = done.saturating_mul(100) / all.max(1);
            if hundredth > told {
                told = hundredth;
                line.borrow_mut().progress("clients and entries", done, all);
            }
        })?;
        pieces.flush()?;
        Ok::<_, Failure>(counts)
    })?;
    let peer = line.into_inner();
    peer.answer(&Exported { counts })?;
    peer.was_kept::<()>().map_or(Ok(()), |()| note(&app.store, &app.clock, counts))
}

fn note(store: &Store, clock: &Clock, counts: Counts) -> Result<(), Failure> {
    let documents = counts.documents.saturating_add(counts.quotes);
    Ok(store.write_blocking(By::command_line(), clock.now(), move |w| firm::note_export(w, documents))?)
}
