//! `counterfoil user`: help for people of the firm who can't sign in.

use std::path::PathBuf;

use jiff::Timestamp;

use super::control::Line;
use super::protocol::{Link, Request};
use super::{Failure, house, terminal};
use crate::actions::sessions;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::event::By;
use crate::domain::grant::SET_PASSWORD_HOURS;
use crate::domain::person::Person;
use crate::domain::text::EmailAddress;
use crate::secrets::{Entropy, Token};
use crate::store::prelude::*;

/// Options of `counterfoil user`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Print a link with which a person of the firm sets a new password; it works once
    Link {
        /// The address that they sign in with
        email: String,
        /// The configuration of the house
        #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
        config: PathBuf,
    },
}

/// Does what was asked.
///
/// # Errors
/// A sentence.
pub fn run(args: Args) -> Result<(), Failure> {
    let Verb::Link { email, config } = args.verb;
    let config = Config::load(&config)?;
    let granted: Link = match Line::connect(&config.data)? {
        Some(mut line) => line.ask(&Request::PasswordLink { email }, &[], |_| Ok(()))?,
        None => {
            let entropy = Entropy::system();
            let store = house::open_store(&config, &entropy)?;
            let granted = grant(&store, Clock::system().now(), &entropy, &config.url.origin(), &email)?;
            store.close();
            granted
        }
    };
    terminal::say(&format!(
        "{} sets a password with this link, once, within {SET_PASSWORD_HOURS} hours:",
        granted.name
    ));
    terminal::say(&granted.link);
    Ok(())
}

/// Grants the link.
///
/// # Errors
/// When nobody of the firm signs in with that address.
pub fn grant(store: &Store, now: Timestamp, entropy: &Entropy, url: &str, email: &str) -> Result<Link, Failure> {
    let email = EmailAddress::parse("email", email)?;
    let unknown = || Failure::new(format!("Nobody of the firm signs in with {email}. Check the address."));
    let (id, name) = store
        .read(|r| match r.login(&email)? {
            Some(Person::Staff(id)) => Ok(r.staff(id)?.filter(|s| s.active).map(|s| (id, s.name))),
            _ => Ok::<_, StoreError>(None),
        })?
        .ok_or_else(unknown)?;
    let token = Token::draw(entropy);
    let digest = token.digest();
    store.write_blocking(By::command_line(), now, move |w| sessions::grant_password_link(w, id, digest))?;
    Ok(Link { link: format!("{url}/password/{}", token.reveal()), name })
}
