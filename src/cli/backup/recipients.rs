//! `counterfoil backup recipients`: to whom backups are encrypted. They are kept in the data file.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};

use super::super::control::{Line, Peer};
use super::super::new_key::new_passphrase;
use super::super::protocol::{Recipients, Request};
use super::super::{Failure, house, terminal};
use crate::actions::firm;
use crate::backup::passphrase::Passphrase;
use crate::backup::{identity, passphrase};
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
    /// Encrypt the backups from now on to another one as well, or let a passphrase open them
    Add(Add),
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
pub struct Add {
    #[command(flatten)]
    house: House,
    /// An age recipient (age1…), the public half of an identity
    #[arg(value_name = "RECIPIENT", required_unless_present_any = ["passphrase", "passphrase_file"])]
    recipient: Option<String>,
    /// Draw an identity, and encrypt it with a passphrase that is asked for here, twice. Every backup from now on
    /// carries it, so that the passphrase alone restores it; the server gets to know neither. Choose a long one:
    /// whoever has a backup can guess at it
    #[arg(long, conflicts_with = "recipient")]
    passphrase: bool,
    /// As --passphrase, and read it from the only line of this file (mode 0600); remove the file afterwards
    #[arg(long, value_name = "FILE", conflicts_with = "recipient")]
    passphrase_file: Option<PathBuf>,
}

impl Add {
    fn change(self) -> Result<(House, Recipients), Failure> {
        let passphrase = match self.recipient {
            Some(_) => None,
            None => {
                let words = new_passphrase("of the backups", self.passphrase_file.as_deref())?;
                Some(Passphrase::new(&words).draw_identity()?)
            }
        };
        Ok((self.house, Recipients { add: self.recipient, passphrase, remove: None }))
    }
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
        Verb::Add(add) => add.change()?,
        Verb::Remove(change) => (change.house, Recipients { remove: Some(change.recipient), ..Recipients::default() }),
    };
    let (config, entropy) = (Config::load(&house.config)?, Entropy::system());
    let now: Vec<Recipient> = match Line::connect(&config.data)? {
        Some(mut line) => line.ask(&Request::Recipients(change), &[], |_| Ok(()))?,
        None => {
            let store = house::open_store(&config, &entropy)?;
            let now = perform(&store, &Clock::system(), &change)?;
            store.close();
            now
        }
    };
    now.iter().for_each(|recipient| terminal::say(&recipient.words()));
    Ok(())
}

/// One of them.
#[derive(Debug, Serialize, Deserialize)]
struct Recipient {
    recipient: String,
    /// Whether a passphrase opens its identity, which every backup carries.
    passphrase: bool,
}

impl Recipient {
    fn words(&self) -> String {
        let Self { recipient, passphrase } = self;
        if *passphrase { format!("{recipient}  (with a passphrase)") } else { recipient.clone() }
    }
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
fn perform(store: &Store, clock: &Clock, change: &Recipients) -> Result<Vec<Recipient>, Failure> {
    let write = |act: fn(&mut WriteTx<'_>, &str) -> Result<Done<()>, ActError>, text: &str| {
        let text = text.trim().to_owned();
        store.write_blocking(By::command_line(), clock.now(), move |w| act(w, &text))
    };
    if let Some(text) = &change.add {
        identity::check_recipient(text.trim())?;
        write(firm::add_backup_recipient, text)?;
    }
    if let Some(sealed) = change.passphrase.clone() {
        identity::check_recipient(&sealed.recipient)?;
        passphrase::check_sealed(&sealed)?;
        store.write_blocking(By::command_line(), clock.now(), move |w| firm::add_backup_passphrase(w, &sealed))?;
    }
    if let Some(text) = &change.remove {
        write(firm::remove_backup_recipient, text)?;
    }
    let (all, sealed) = store.read(|r| Ok::<_, StoreError>((r.backup_recipients()?, r.sealed_identities()?)))?;
    let passphrase = |recipient: &String| sealed.iter().any(|identity| identity.recipient == *recipient);
    Ok(all.into_iter().map(|recipient| Recipient { passphrase: passphrase(&recipient), recipient }).collect())
}
