//! `counterfoil backup recipients`: to whom backups are encrypted. They are kept in the data file.

use std::path::PathBuf;

use clap::Subcommand;

use super::super::control::{Line, Peer};
use super::super::protocol::{Recipients, Request};
use super::super::{Failure, house, terminal};
use crate::actions::firm;
use crate::backup::identity;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::event::By;
use crate::secrets::Entropy;
use crate::store::prelude::*;

/// What to do about the recipients.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List to whom backups are encrypted
    List(House),
    /// Encrypt the backups from now on to another one as well
    Add(Change),
    /// Encrypt them no longer to this one; never the last one. Older backups stay readable to it
    Remove(Change),
}

#[derive(Debug, clap::Args)]
pub struct House {
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct Change {
    #[command(flatten)]
    house: House,
    /// An age recipient (age1…), the public half of an identity
    #[arg(value_name = "RECIPIENT")]
    recipient: String,
}

/// Runs the verb, through the running server if there is one.
///
/// # Errors
/// A sentence; then the recipients are as they were.
pub fn run(verb: Verb) -> Result<(), Failure> {
    let (house, change) = match verb {
        Verb::List(house) => (house, Recipients::default()),
        Verb::Add(change) => (change.house, Recipients { add: Some(change.recipient), remove: None }),
        Verb::Remove(change) => (change.house, Recipients { add: None, remove: Some(change.recipient) }),
    };
    let (config, entropy) = (Config::load(&house.config)?, Entropy::system());
    let now: Vec<String> = match Line::connect(&config.data)? {
        Some(mut line) => line.ask(&Request::Recipients(change), &[], |_| Ok(()))?,
        None => {
            let store = house::open_store(&config, &entropy)?;
            let now = perform(&store, &Clock::system(), &change)?;
            store.close();
            now
        }
    };
    now.iter().for_each(|recipient| terminal::say(recipient));
    Ok(())
}

/// The server's part.
///
/// # Errors
/// As [`run`].
pub fn serve(peer: &mut Peer, store: &Store, clock: &Clock, change: &Recipients) -> Result<(), Failure> {
    let now = perform(store, clock, change)?;
    peer.answer(&now)
}

/// The recipients after the change, if there is one.
fn perform(store: &Store, clock: &Clock, change: &Recipients) -> Result<Vec<String>, Failure> {
    let write = |act: fn(&mut WriteTx<'_>, &str) -> Result<Done<()>, ActError>, text: &str| {
        let text = text.trim().to_owned();
        store.write_blocking(By::command_line(), clock.now(), move |w| act(w, &text))
    };
    if let Some(text) = &change.add {
        identity::check_recipient(text.trim())?;
        write(firm::add_backup_recipient, text)?;
    }
    if let Some(text) = &change.remove {
        write(firm::remove_backup_recipient, text)?;
    }
    Ok(store.read(|r| r.backup_recipients())?)
}
