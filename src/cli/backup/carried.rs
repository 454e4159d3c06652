//! `counterfoil backup identity`: the identity that a backup carries and a passphrase opens, taken out for age's tools.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use super::super::restore::{Origin, OriginArgs};
use super::super::{Failure, terminal};

/// How to go on from there.
const BY_HAND: &str = "\
The identity goes to standard output, still encrypted with its passphrase. With it, age opens the backup:

  counterfoil backup identity --from firm.age > identity.age
  age -d -i identity.age firm.age

Where Counterfoil is not at hand, this takes it out as well:

  sed -n '/^-> counterfoil-identity$/,/^-/p' firm.age | grep -av '^-' | base64 -d > identity.age";

/// Options of `counterfoil backup identity`.
#[derive(Debug, clap::Args)]
#[command(after_help = BY_HAND)]
pub struct Args {
    #[command(flatten)]
    origin: OriginArgs,
    /// Which one, if the backup carries several
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u8).range(1..))]
    nth: u8,
}

/// Writes it to standard output.
///
/// # Errors
/// When the backup carries none, or it would go to a terminal.
pub fn run(args: &Args) -> Result<(), Failure> {
    let identities = Origin::of(&args.origin)?.header()?.identities;
    let count = identities.len();
    let Some(identity) = identities.get(usize::from(args.nth) - 1) else {
        return Err(Failure::new(match count {
            0 => "This backup carries no identity that a passphrase opens.".to_owned(),
            _ => format!("This backup carries {count} identities; --nth {} is none of them.", args.nth),
        }));
    };
    if io::stdout().is_terminal() {
        return Err(Failure::new("An identity's file is no text to look at. Send it on: … > identity.age"));
    }
    if count > 1 {
        terminal::complain(&format!(
            "it carries {count} identities, one for each passphrase; this is number {}",
            args.nth
        ));
    }
    let failed = |e: io::Error| Failure::new(format!("Standard output: {e}."));
    let mut out = io::stdout().as_fd().try_clone_to_owned().map(File::from).map_err(failed)?;
    out.write_all(identity).map_err(failed)
}
