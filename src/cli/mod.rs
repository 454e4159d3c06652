//! The command line: one file per command. The only room that knows clap, and the only one that prints.
//!
//! Exit codes: 0 done, 1 refused or failed with a sentence on standard error, 2 wrong usage.

mod audit;
mod backup;
mod certificate;
mod compact;
mod control;
pub mod demo;
mod doctor;
mod document;
mod export;
pub mod failure;
pub mod house;
mod import;
mod init;
mod issue;
mod key_place;
mod keys;
mod mail;
mod new_key;
mod numbers;
mod protocol;
mod publish;
mod reminders;
mod restore;
mod serve;
mod stats;
pub mod terminal;
mod unfinished;
mod user;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use self::failure::Failure;

/// A client extranet that a small firm hosts itself.
#[derive(Debug, Parser)]
#[command(name = "counterfoil", version, propagate_version = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create the encrypted data file, its key and a configuration
    Init(init::Args),
    /// Serve the portal
    Serve(serve::Args),
    /// Serve a complete example firm, to look around
    Demo(demo::Args),
    /// Write a backup, also while the server runs
    Backup(backup::Args),
    /// Build a new data folder from a backup
    Restore(restore::Args),
    /// Read the whole data file and the activity chain
    Verify(verify::Args),
    /// Check the activity log against anchors that were kept elsewhere
    Audit(audit::Args),
    /// Check a certificate of delivery
    Certificate(certificate::Args),
    /// Write everything as a folder that any browser reads
    Export(export::Args),
    /// Show how large the data file is and what takes the room, also while the server runs
    Stats(stats::Args),
    /// Tell which numbers of documents are missing, void or out of order, also while the server runs
    Numbers(numbers::Args),
    /// Give back the room that the data file does not need; the server must be stopped
    Compact(compact::Args),
    /// List, add and remove the keys of the data file, or draw its data key anew
    Keys(keys::Args),
    /// Look at a house and say what could be better; changes nothing
    Doctor(doctor::Args),
    /// Publish a PDF that the accounting system made
    Publish(publish::Args),
    /// Issue drafts in one run, and tell what was refused
    Issue(issue::Args),
    /// Bring in clients, contacts, invoices and payments of other programs, try it first, undo it
    Import(import::Args),
    /// Post files for a client
    Document(document::Args),
    /// Show what the reminders of the coming days will do, also while the server runs
    Reminders(reminders::Args),
    /// Send one letter and tell each step of it: for when no letter arrives
    Mail(mail::Args),
    /// Help a person of the firm to sign in
    User(user::Args),
}

/// Reads the arguments, runs the command, and says what went wrong if something did.
pub fn run() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Init(args) => init::run(args),
        Command::Serve(args) => serve::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Backup(args) => backup::run(args),
        Command::Restore(args) => restore::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Certificate(args) => certificate::run(args),
        Command::Export(args) => export::run(args),
        Command::Stats(args) => stats::run(args),
        Command::Numbers(args) => numbers::run(args),
        Command::Compact(args) => compact::run(args),
        Command::Keys(args) => keys::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Publish(args) => publish::run(args),
        Command::Issue(args) => issue::run(args),
        Command::Import(args) => import::run(args),
        Command::Document(args) => document::run(args),
        Command::Reminders(args) => reminders::run(args),
        Command::Mail(args) => mail::run(args),
        Command::User(args) => user::run(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::complain(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_commands_and_their_options_fit_together() {
        super::Arguments::command().debug_assert();
    }
}
