//! `counterfoil issue`: issues drafts in one run, all or those of a client, and tells what was refused and why.

use std::path::PathBuf;

use super::control::{Line, Peer, Said};
use super::protocol::Request;
use super::publish::find_client;
use super::{Failure, house, serve as server, terminal};
use crate::actions::invoices;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::access::StaffScope;
use crate::domain::event::By;
use crate::domain::ids::InvoiceId;
use crate::secrets::Entropy;
use crate::store::prelude::*;

/// Options of `counterfoil issue`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
    /// Issue every draft
    #[arg(long, required_unless_present = "client", conflicts_with = "client")]
    all: bool,
    /// Issue the drafts of this client: name, reference or identifier
    #[arg(long, allow_hyphen_values = true)]
    client: Option<String>,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

/// What came of a run.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// The numbers that were given, in their order.
    issued: Vec<String>,
    /// What was refused.
    refused: Vec<Refused>,
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Refused {
    draft: u64,
    client: String,
    title: String,
    why: String,
}

/// Issues them, through the running server or in the data file itself.
///
/// # Errors
/// When the data file can't be changed, or some drafts were refused; the others are issued then.
pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    let bar = terminal::bar("Issuing");
    let mut tick = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let told: Told = match Line::connect(&config.data)? {
        Some(mut line) => line.ask(&Request::Issue { client: args.client }, &[], |said| {
            if let Said::Progress(p) = said {
                tick(p.done, p.all);
            }
            Ok(())
        })?,
        None => {
            let entropy = Entropy::system();
            let store = house::open_store(&config, &entropy)?;
            let app = house::build_app(&config, store, Clock::system(), entropy)?;
            let told = server::runtime()?.block_on(perform(&app, args.client.as_deref(), &mut tick))?;
            app.store.close();
            told
        }
    };
    bar.finish_and_clear();
    tell(&told, args.json)
}

/// The server's part.
///
/// # Errors
/// When the client is unknown or the store fails.
pub fn serve(peer: &mut Peer, app: &App, client: Option<&str>) -> Result<(), Failure> {
    let mut tick = |done, all| peer.progress("drafts", done, all);
    let told = tokio::runtime::Handle::current().block_on(perform(app, client, &mut tick))?;
    peer.answer(&told)
}

async fn perform(app: &App, client: Option<&str>, tick: &mut impl FnMut(u64, u64)) -> Result<Told, Failure> {
    let scope = StaffScope::all();
    let ids: Vec<InvoiceId> = app.store.read(|r| -> Result<_, Failure> {
        let client = client.map(|asked| find_client(r, asked)).transpose()?;
        Ok(invoices::drafts(r, &scope, client.map(|x| x.id), usize::MAX)?.into_iter().map(|x| x.id).collect())
    })?;
    let (mut told, mut refused, mut done) = (Told::default(), Vec::new(), 0_u64);
    invoices::issue_many(app, By::command_line(), &scope, &ids, |outcomes| {
        done += outcomes.len() as u64;
        tick(done, ids.len() as u64);
        for outcome in outcomes {
            match outcome.came {
                Ok(number) => told.issued.push(number.to_string()),
                Err(why) => refused.push((outcome.draft, why)),
            }
        }
        true
    })
    .await?;
    for (id, why) in refused {
        told.refused.push(app.store.read(|r| -> Result<_, StoreError> {
            let draft = r.invoice(id)?;
            let client = draft.as_ref().map(|x| r.client(x.client)).transpose()?.flatten();
            let client = client.map_or_else(String::new, |x| x.party.name);
            Ok(Refused { draft: id.0, client, title: draft.map_or_else(String::new, |x| x.title), why })
        })?);
    }
    Ok(told)
}

fn tell(told: &Told, json: bool) -> Result<(), Failure> {
    if json {
        let text = serde_json::to_string(told).map_err(|e| Failure::new(format!("The report can't be told: {e}.")))?;
        terminal::say(&text);
    } else {
        match (told.issued.first(), told.issued.last()) {
            (Some(first), Some(last)) if first != last => {
                terminal::say(&format!("{} issued, from {first} to {last}.", told.issued.len()));
            }
            (Some(only), _) => terminal::say(&format!("1 issued: {only}.")),
            _ => terminal::say("None was issued."),
        }
        for x in &told.refused {
            terminal::say(&format!("Not issued: {}, {:?} (draft {}): {}", x.client, x.title, x.draft, x.why));
        }
    }
    match told.refused.len() {
        0 => Ok(()),
        1 => Err(Failure::new("1 draft was not issued; why stands above.")),
        n => Err(Failure::new(format!("{n} drafts were not issued; why stands above."))),
    }
}
