//! What the person at the console sees: lines, progress, and questions whose answers are not shown.

use std::fs::OpenOptions;
use std::io::{IsTerminal, Read, Write};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use jiff::civil::Date;
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

/// A day as an option's value.
///
/// # Errors
/// Says how a day is written.
pub fn day(text: &str) -> Result<Date, String> {
    let refused = || format!("\"{}\" is not a day; write it as YYYY-MM-DD, like 2026-03-02", text.escape_debug());
    text.parse().map_err(|_| refused())
}

/// A progress bar on standard error; nothing is drawn when that is no terminal.
pub fn bar(what: &'static str) -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() };
    // Until it is known how much there is, there is no share of it to tell.
    let told = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        if let Some(all) = state.len().filter(|all| *all > 0) {
            let _ = write!(out, "{:>3} %  {} of {all}", state.pos().saturating_mul(100) / all, state.pos());
        }
    };
    let style = ProgressStyle::with_template("{msg:12} {bar:32} {told}").map(|style| style.with_key("told", told));
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what);
    bar
}

/// Longest answer, in bytes; what is typed beyond is not taken.
const ANSWER_MAX: usize = 4096;

/// Asks at the terminal, without showing what is typed; `otherwise` says what to do where there is none.
///
/// # Errors
/// When there is no terminal, or Ctrl-C or Ctrl-D was typed.
pub fn ask_secret(question: &str, otherwise: &str) -> Result<Zeroizing<String>, Failure> {
    let no_terminal = |_| Failure::new(format!("{question}: there is no terminal to ask at. {otherwise}"));
    let mut tty = OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(no_terminal)?;
    let before = tcgetattr(&tty).map_err(|e| no_terminal(e.into()))?;
    let mut silent = before.clone();
    // Ctrl-C is read like a letter: as a signal it would leave the terminal silent.
    silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    let _ = write!(tty, "{question}: ");
    tcsetattr(&tty, OptionalActions::Flush, &silent).map_err(|e| no_terminal(e.into()))?;
    let answer = read_answer(&mut tty);
    let _ = tcsetattr(&tty, OptionalActions::Flush, &before);
    let _ = writeln!(tty);
    match answer.map_err(no_terminal)? {
        Some(bytes) => std::str::from_utf8(&bytes)
            .map(|text| Zeroizing::new(text.to_owned()))
            .map_err(|_| Failure::new(format!("{question}: what was typed is not UTF-8 text."))),
        None => Err(Failure::new("Stopped. Nothing was done.")),
    }
}

/// One line, byte by byte; `None` when whoever types wants to stop.
fn read_answer(from: &mut impl Read) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    const CTRL_C: u8 = 3;
    const CTRL_D: u8 = 4;
    const BACKSPACE: u8 = 8;
    const CTRL_U: u8 = 21;
    const DELETE: u8 = 127;
    let mut answer = Zeroizing::new(Vec::with_capacity(ANSWER_MAX));
    let mut byte = [0];
    loop {
        if from.read(&mut byte)? == 0 {
            return Ok(None);
        }
        match byte[0] {
            b'\n' | b'\r' => return Ok(Some(answer)),
            CTRL_C | CTRL_D => return Ok(None),
            CTRL_U => answer.clear(),
            // A character's later bytes all begin with the bits 10.
            BACKSPACE | DELETE => while answer.pop().is_some_and(|last| last & 0b1100_0000 == 0b1000_0000) {},
            typed if answer.len() < ANSWER_MAX => answer.push(typed),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_what_is_left_after_its_corrections() {
        let read =
            |typed: &str| read_answer(&mut typed.as_bytes()).unwrap().map(|x| String::from_utf8(x.to_vec()).unwrap());
        assert_eq!(read("wrong\x15na\u{ef}x\x7f\x7f\u{ef}ve\r").as_deref(), Some("na\u{ef}ve"));
        assert_eq!(read("\x7fa\n").as_deref(), Some("a"));
        assert_eq!(read("half\x03"), None);
        assert_eq!(read("half"), None);
    }
}
