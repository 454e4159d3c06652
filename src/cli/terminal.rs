//! What the person at the console sees: lines, progress, and questions whose answers are not shown.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::Failure;

/// One line on standard output. A reader that went away is no failure.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// One line on standard error.
pub fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "counterfoil: {line}");
}

/// A progress bar on standard error; nothing is drawn when that is no terminal.
pub fn bar(what: &'static str) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{msg:12} {bar:32} {percent:>3} %  {pos}/{len}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what);
    bar
}

/// Asks at the terminal, without showing what is typed.
///
/// # Errors
/// When there is no terminal.
pub fn ask_secret(question: &str) -> Result<Zeroizing<String>, Failure> {
    let no_terminal = |_| Failure::new(format!("{question}: there is no terminal to ask at."));
    let mut tty = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(no_terminal)?;
    let before = tcgetattr(&tty).map_err(|e| no_terminal(e.into()))?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    let _ = write!(tty, "{question}: ");
    tcsetattr(&tty, OptionalActions::Flush, &silent).map_err(|e| no_terminal(e.into()))?;
    let mut answer = Zeroizing::new(String::with_capacity(1024));
    let read = BufReader::new(&tty).read_line(&mut answer);
    let _ = tcsetattr(&tty, OptionalActions::Flush, &before);
    let _ = writeln!(tty);
    read.map_err(no_terminal)?;
    Ok(Zeroizing::new(answer.trim_end_matches(['\r', '\n']).to_owned()))
}
