//! `counterfoil mail test`: one letter on the way that all letters go, and the way back of those that bounce, each step
//! told, with what to do about the one that failed. Changes nothing in the data file and does not open it, so that it
//! runs beside the server.

use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::{Failure, house, serve, terminal};
use crate::clock::Clock;
use crate::config::{Config, MailTransport};
use crate::mail::returns::ReturnPlace;
use crate::mail::walkthrough::{Step, Walked, trial_letter};
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
    /// Send a letter to this address, or look where letters come back to; tell each step, and what to do where it fails
    Test(Test),
}

/// Options of `counterfoil mail test`.
#[derive(Debug, clap::Args)]
struct Test {
    /// Who gets the letter: best an address at another provider than the firm's
    #[arg(required_unless_present = "bounces")]
    address: Option<String>,
    /// See whether what comes back can be read, as [bounces] names it; nothing there is changed
    #[arg(long)]
    bounces: bool,
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
}

/// Sends the letter, and looks at what comes back.
///
/// # Errors
/// A sentence: the configuration, the address, or the step that failed.
pub fn run(args: Args) -> Result<(), Failure> {
    let What::Test(test) = args.what;
    let config = Config::load(&test.config)?;
    let shown = test.config.display().to_string();
    if let Some(address) = &test.address {
        send_to(&config, &shown, address)?;
    }
    if test.bounces { look_back(&config, &shown) } else { Ok(()) }
}

fn send_to(config: &Config, shown: &str, address: &str) -> Result<(), Failure> {
    let Some(mail) = &config.mail else {
        return Err(Failure::new(format!(
            "{shown} has no [mail] section, so letters wait in the outbox. Write one, as config.example.toml shows."
        )));
    };
    if check_address(address).is_none() {
        let given = address.escape_debug();
        return Err(Failure::new(format!("\"{given}\" is no e-mail address. Write it alone, like ana@example.net.")));
    }
    let name = mail.from_name.clone().unwrap_or_else(|| "Counterfoil".to_owned());
    let id = Token::draw(&Entropy::system()).reveal();
    let now = Clock::system().now();
    let letter = trial_letter((&name, &mail.from_address), address, config.url.host(), &id, now);
    let mailer = house::mailer(config)?;
    if let MailTransport::Folder(folder) = &mail.transport {
        terminal::say(&format!("Letters become files in {}; none goes to a mail server.", folder.display()));
    }
    serve::runtime()?.block_on(send(&mailer, &letter))
}

/// Whether what comes back can be read.
fn look_back(config: &Config, shown: &str) -> Result<(), Failure> {
    let Some(bounces) = &config.bounces else {
        return Err(Failure::new(format!(
            "{shown} has no [bounces] section, so nobody looks at what comes back. Write one, as config.example.toml shows."
        )));
    };
    let maildir = match house::bounce_plan(bounces)?.place {
        ReturnPlace::Maildir(maildir) => maildir,
        ReturnPlace::Imap(mailbox) => {
            let walk = async { mailbox.walk_through(&mut |step| terminal::say(&told(&step))).await };
            return match serve::runtime()?.block_on(walk) {
                true => Ok(()),
                false => Err(Failure::new("What comes back can’t be read. What to do stands above.")),
            };
        }
    };
    usable(&maildir)?;
    let count = std::fs::read_dir(maildir.join("new")).map_or(0, Iterator::count);
    terminal::say(&format!("{:<WIDTH$} {} can be read; {count} new in it", "Maildir", maildir.display()));
    Ok(())
}

/// Refuses a Maildir from which messages can't be taken.
///
/// # Errors
/// What is wrong with it.
pub(super) fn usable(maildir: &Path) -> Result<(), Failure> {
    let new = maildir.join("new");
    std::fs::read_dir(&new).map_err(|error| Failure::file(&new, &error))?;
    let rights = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    // `cur` is made when it is first needed.
    let cur = maildir.join("cur");
    for place in [new.as_path(), if cur.exists() { &cur } else { maildir }] {
        if rustix::fs::access(place, rights).is_err() {
            return Err(Failure::new(format!(
                "{}: messages can’t be taken from it or moved into it. The server’s user needs to read and write it.",
                place.display()
            )));
        }
    }
    Ok(())
}

async fn send(mailer: &Mailer, letter: &Outgoing) -> Result<(), Failure> {
    match mailer {
        Mailer::Smtp(smtp) => {
            let composed = letter.compose().map_err(|e| Failure::new(format!("The letter can't be written: {e}.")))?;
            let composed = smtp.signed(composed, letter.date);
            let walked = smtp.walk_through(&composed, &mut |step| terminal::say(&told(&step))).await;
            terminal::say(&signature(smtp));
            ended(walked, letter)
        }
        other => match other.send(letter).await {
            Verdict::Accepted { response, .. } => {
                terminal::say(&told(&Step { what: "Letter", outcome: Ok(response), advice: String::new() }));
                terminal::say(&format!("\nThe letter to {} is a file there, and went to nobody.", letter.to_address));
                Ok(())
            }
            Verdict::Deferred { reason } | Verdict::Refused { reason } => Err(Failure::new(reason)),
            Verdict::Uncertain { reason } | Verdict::Poison { reason } => Err(Failure::new(reason)),
        },
    }
}

/// What to make of a conversation with the mail server.
fn ended(walked: Walked, letter: &Outgoing) -> Result<(), Failure> {
    match walked {
        Walked::Taken => {
            terminal::say(&format!(
                "\nThe letter to {} was taken over. If it doesn’t arrive, look among the spam there, and whether SPF and \
                 DKIM of {} name this way out.",
                letter.to_address,
                domain(&letter.from_address)
            ));
            Ok(())
        }
        Walked::NotTaken => Err(Failure::new("No letter went. What to do stands above.")),
        Walked::Unknown => Err(Failure::new(
            "Nobody knows whether the letter went: it was sent whole, and the answer got lost. See whether it arrives.",
        )),
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
