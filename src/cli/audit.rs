//! `counterfoil audit verify`: the activity log read through, and held against anchors that were kept elsewhere.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::control::{Line, Peer, Said};
use super::protocol::Request;
use super::{Failure, house, terminal};
use crate::app::App;
use crate::config::Config;
use crate::domain::anchor::AnchorCode;
use crate::secrets::Entropy;
use crate::store::prelude::*;

/// Options of `counterfoil audit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Read the whole activity log and say whether it is the one that the anchors were made of
    Verify {
        /// The configuration of the house
        #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
        config: PathBuf,
        /// An anchor from the foot of a letter or statement, from a backup or the desk; may be given several times
        #[arg(long = "anchor", value_name = "CODE", value_parser = anchor)]
        anchors: Vec<AnchorCode>,
    },
}

fn anchor(text: &str) -> Result<AnchorCode, String> {
    text.parse().map_err(|e| format!("\"{}\" {e}", text.escape_debug()))
}

/// Most anchors that a server is asked about at once.
const ANCHORS_MAX: usize = 1_000;

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Found {
    /// Entries read.
    pub entries: u64,
    /// The anchor of all of them.
    pub anchor: String,
    /// What is wrong with the chain itself.
    pub fault: Option<String>,
    /// Each anchor asked about, and whether the log holds it; nothing when the log is shorter.
    pub anchors: Vec<(String, Option<bool>)>,
}

/// Reads the log. Nothing is changed.
///
/// # Errors
/// When the log was altered, or is not the one that an anchor was made of.
pub fn run(args: Args) -> Result<(), Failure> {
    let What::Verify { config, anchors } = args.what;
    let config = Config::load(&config)?;
    // A passphrase is asked for before a bar is drawn.
    let house = match Line::connect(&config.data)? {
        Some(line) => Ok(line),
        None => Err(house::open_store(&config, &Entropy::system())?),
    };
    let bar = terminal::bar("Auditing");
    let tick = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let found = match house {
        Ok(mut line) => {
            let asked = anchors.iter().map(ToString::to_string).collect();
            line.ask(&Request::Audit { anchors: asked }, &[], |said| {
                if let Said::Progress(p) = said {
                    tick(p.done, p.all);
                }
                Ok(())
            })?
        }
        Err(store) => {
            let found = whole(&store, &anchors, tick)?;
            store.close();
            found
        }
    };
    bar.finish_and_clear();
    report(&found)
}

/// The server's part.
///
/// # Errors
/// When the file can't be read, an anchor is none, or the command is gone.
pub fn serve(peer: &mut Peer, app: &App, anchors: &[String]) -> Result<(), Failure> {
    let read: Result<Vec<AnchorCode>, String> = anchors.iter().take(ANCHORS_MAX).map(|text| anchor(text)).collect();
    let read = read.map_err(Failure::new)?;
    let mut told = 0;
    let found = whole(&app.store, &read, |done, all| {
        let hundredth = done.saturating_mul(100) / all.max(1);
        if hundredth > told {
            told = hundredth;
            peer.progress("entries", done, all);
        }
    })?;
    peer.answer(&found)
}

fn whole(store: &Store, anchors: &[AnchorCode], progress: impl FnMut(u64, u64)) -> Result<Found, Failure> {
    let audit = store.read(|r| r.audit(anchors, progress))?;
    Ok(Found {
        entries: audit.found.count,
        anchor: audit.found.code().to_string(),
        fault: audit.fault,
        anchors: audit.anchors.iter().map(|(code, held)| (code.to_string(), *held)).collect(),
    })
}

fn report(found: &Found) -> Result<(), Failure> {
    for (code, held) in &found.anchors {
        terminal::say(&match held {
            Some(true) => format!("{code}: holds. Everything up to there is as it was when this was written down."),
            Some(false) => format!(
                "{code}: DOES NOT HOLD. Something up to there was rewritten, or the anchor is of another house."
            ),
            None => format!(
                "{code}: MISSING. The log ends before, at entry {}: it was cut, or restored from an older backup.",
                found.entries
            ),
        });
    }
    if let Some(fault) = &found.fault {
        return Err(Failure::new(format!("The chain is broken: {fault}. Keep a copy of the data file as it is.")));
    }
    if found.anchors.iter().any(|(_, held)| *held != Some(true)) {
        return Err(Failure::new(
            "The activity log is not the one that was anchored. Keep a copy of the data file as it is, and compare it \
             with a backup from that time.",
        ));
    }
    terminal::say(&format!("The activity log is whole: {} entries. Its anchor now: {}", found.entries, found.anchor));
    Ok(())
}
