//! The example firm made in a process of its own, which ends: what making two years of a firm takes of memory is given
//! back with it, so that a first start serves with as little as every later one.
//!
//! The maker is this same program. It gives back the letters of the last weeks, whose links are kept nowhere else, over
//! its standard output; the data file is what it leaves behind.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::civil::Date;

use super::Args;
use crate::cli::Failure;
use crate::mail::Outgoing;

/// How often the maker is looked at, and whether it should stop.
const LOOK: Duration = Duration::from_millis(10);
const UNKNOWN: &str = "The example firm could not be made; please report what was said above.";

/// What the maker gives back: its letters, oldest first, or why there is no firm.
pub type Made = Result<Vec<Outgoing>, String>;

/// What the maker is told beside the options that it has in common with the demo.
pub struct Order<'a> {
    /// The demo's options.
    pub args: &'a Args,
    /// Its folder, which is there.
    pub folder: &'a Path,
    /// The address that the demo listens on.
    pub origin: &'a str,
    /// The day that it starts on.
    pub today: Date,
}

/// Makes the firm of `order` in a process of its own. `None` when none can be begun, as where this program can't be
/// found again: then it is to be made here.
///
/// # Errors
/// Why the firm could not be made, in the maker's words; also when it was `stopped`.
pub fn make(order: &Order<'_>, stopped: &AtomicBool) -> Result<Option<Vec<Outgoing>>, Failure> {
    let Some(mut maker) = begin(order) else { return Ok(None) };
    let mut output = maker.stdout.take().ok_or_else(|| Failure::new(UNKNOWN))?;
    let reading = std::thread::spawn(move || {
        let mut text = Vec::new();
        output.read_to_end(&mut text).map(|_| text)
    });
    attend(&mut maker, stopped).map_err(|e| Failure::new(format!("{UNKNOWN} ({e})")))?;
    let text = reading.join().ok().and_then(Result::ok).unwrap_or_default();
    let made: Made = serde_json::from_slice(&text).map_err(|_| Failure::new(UNKNOWN))?;
    made.map(Some).map_err(Failure::new)
}

/// Gives `made` back to the process that waits for it.
///
/// # Errors
/// When nobody waits any more.
pub fn give_back(made: &Made) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    let written = serde_json::to_writer(&mut output, made).map_err(io::Error::from).and_then(|()| output.flush());
    written.map_err(|e| Failure::new(format!("The process that waits for the firm is gone: {e}.")))
}

/// A maker goes when the demo that waits for it goes, however that ended: its standard input ends then.
pub fn go_with_parent() {
    std::thread::spawn(|| {
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        std::process::exit(1);
    });
}

fn begin(order: &Order<'_>) -> Option<Child> {
    let Order { args, folder, origin, today } = order;
    let mut command = Command::new(program()?);
    command.arg("demo").arg("--make-for").arg(origin).arg("--data").arg(folder).arg("--today").arg(today.to_string());
    for (name, value) in [("--seed", args.seed), ("--clients", args.clients), ("--invoices", args.invoices)] {
        if let Some(value) = value {
            command.arg(name).arg(value.to_string());
        }
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()
}

/// This program: by the system's word, else (where there is no `/proc`, as in a bare chroot) by the name it was called.
fn program() -> Option<PathBuf> {
    std::env::current_exe().ok().or_else(|| std::env::args_os().next().map(PathBuf::from))
}

/// Waits until the maker has ended, or ends it.
fn attend(maker: &mut Child, stopped: &AtomicBool) -> io::Result<()> {
    while maker.try_wait()?.is_none() {
        if stopped.load(Ordering::Relaxed) {
            maker.kill()?;
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}
