//! `counterfoil mail test`: one letter on the way that all letters go, each step told, with what to do about the one
//! that failed. Changes nothing in the data file and does not open it, so that it runs beside the server.

use std::path::PathBuf;

use super::{Failure, house, serve, terminal};
use crate::clock::Clock;
use crate::config::{Config, MailTransport};
use crate::mail::walkthrough::{Step, trial_letter};
use crate::mail::{Mailer, Outgoing, SmtpMailer, Verdict, check_address};
use crate::secrets::{Entropy, Token};

/// How wide the names of the steps stand.
const WIDTH: usize = 12;

/// Options of `counterfoil mail`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Send a letter to this address, tell each step of the conversation, and what to do where it fails
    Test(Test),
}

/// Options of `counterfoil mail test`.
#[derive(Debug, clap::Args)]
struct Test {
    /// Who gets the letter: best an address at another provider than the firm's
    address: String,
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
}

/// Sends the letter.
///
/// # Errors
/// A sentence: the configuration, the address, or the step that failed.
pub fn run(args: Args) -> Result<(), Failure> {
    let What::Test(test) = args.what;
    let config = Config::load(&test.config)?;
    let Some(mail) = &config.mail else {
        return Err(Failure::new(format!(
            "{} has no [mail] section, so letters wait in the outbox. Write one, as config.example.toml shows.",
            test.config.display()
        )));
    };
    if check_address(&test.address).is_none() {
        let given = test.address.escape_debug();
        return Err(Failure::new(format!("\"{given}\" is no e-mail address. Write it alone, like ana@example.net.")));
    }
    let name = mail.from_name.clone().unwrap_or_else(|| "Counterfoil".to_owned());
    let id = Token::draw(&Entropy::system()).reveal();
    let now = Clock::system().now();
    let letter = trial_letter((&name, &mail.from_address), &test.address, config.url.host(), &id, now);
    let mailer = house::mailer(&config)?;
    if let MailTransport::Folder(folder) = &mail.transport {
        terminal::say(&format!("Letters become files in {}; none goes to a mail server.", folder.display()));
    }
    serve::runtime()?.block_on(send(&mailer, &letter))
}

async fn send(mailer: &Mailer, letter: &Outgoing) -> Result<(), Failure> {
    let done = match mailer {
        Mailer::Smtp(smtp) => {
            let composed = letter.compose().map_err(|e| Failure::new(format!("The letter can't be written: {e}.")))?;
            let composed = smtp.signed(composed, letter.date);
            let done = smtp.walk_through(&composed, &mut |step| terminal::say(&told(&step))).await;
            terminal::say(&signature(smtp));
            done
        }
        other => match other.send(letter).await {
            Verdict::Accepted { response, .. } => {
                terminal::say(&told(&Step { what: "Letter", outcome: Ok(response), advice: String::new() }));
                true
            }
            Verdict::Deferred { reason } | Verdict::Refused { reason } => return Err(Failure::new(reason)),
            Verdict::Uncertain { reason } | Verdict::Poison { reason } => return Err(Failure::new(reason)),
        },
    };
    match done {
        true => {
            terminal::say(&format!(
                "\nThe letter to {} was taken over. If it doesn’t arrive, look among the spam there, and whether SPF and \
                 DKIM of {} name this way out.",
                letter.to_address,
                domain(&letter.from_address)
            ));
            Ok(())
        }
        false => Err(Failure::new("No letter went. What to do stands above.")),
    }
}

/// What signs letters, and what the DNS has to say of it.
fn signature(smtp: &SmtpMailer) -> String {
    match smtp.signer() {
        Some(signer) => {
            let line = signer.zone_line();
            format!("{:<WIDTH$} DKIM; others can check it once this stands in the DNS:\n\n{line}", "Signature")
        }
        None => format!("{:<WIDTH$} none; [dkim] names a key, unless the mail server signs by itself", "Signature"),
    }
}

/// A step as lines: its name, what came of it, and what to do.
fn told(step: &Step) -> String {
    match &step.outcome {
        Ok(found) => format!("{:<WIDTH$} {found}", step.what),
        Err(why) => format!("{:<WIDTH$} FAILED: {why}\n{:<WIDTH$} {}", step.what, "", step.advice),
    }
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |parts| parts.1)
}
