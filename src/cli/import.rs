//! `counterfoil import`: what other programs made, brought in as a whole, tried first, and undone as a whole.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use serde::{Deserialize, Serialize};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::control::{Line, Peer, Said};
use super::protocol::Request;
use super::{Failure, house, terminal};
use crate::actions::imports::columns::{Field, Listing};
use crate::actions::imports::files::{BYTES_MAX, FILES_MAX, NamedFile, intake};
use crate::actions::imports::intake::{Intake, Remark};
use crate::actions::imports::table::{DateOrder, Reading};
use crate::actions::imports::{self, Brought, Choices, Count, Report};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::access::StaffScope;
use crate::domain::event::By;
use crate::domain::firm::Locale;
use crate::domain::ids::ImportId;
use crate::domain::money::{Currency, Money};
use crate::secrets::Entropy;
use crate::store::prelude::*;

/// Most remarks that are told; the others are counted.
const TOLD_MAX: usize = 200;
/// Longest remark that is told, in characters.
const REMARK_MAX: usize = 400;
/// Imports that are listed.
const LISTED: usize = 20;
/// How a command writes counts.
const COUNTED: Locale = Locale::EnglishIreland;

/// Options of `counterfoil import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// E-invoices (UBL 2.1, CII, Factur-X), tables (CSV), ZIP archives of them, or folders
    #[arg(required_unless_present_any = ["list", "undo"])]
    files: Vec<PathBuf>,
    /// Say what would come in, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// What a table lists, where its headings don't say it
    #[arg(long, value_name = "LISTING", value_parser = ["clients", "contacts", "invoices", "payments"])]
    what: Option<String>,
    /// What a column holds, by its heading: --column "Kunde=client"; see the documentation for the words
    #[arg(long, value_name = "HEADING=FIELD", value_parser = column)]
    column: Vec<(String, Option<Field>)>,
    /// In which order dates are written: day or month first
    #[arg(long, value_parser = ["dmy", "mdy"])]
    dates: Option<String>,
    /// ISO 4217 code of amounts that state none [default: the firm's]
    #[arg(long)]
    currency: Option<String>,
    /// Prices of tables include VAT
    #[arg(long)]
    prices_with_vat: bool,
    /// Where an invoice's lines don't come to the total that a table states, take the total
    #[arg(long)]
    trust_totals: bool,
    /// Refuse documents of clients that are not here, instead of adding them
    #[arg(long)]
    no_new_clients: bool,
    /// Take documents that name another seller than the firm
    #[arg(long)]
    any_seller: bool,
    /// Send reminders of what is open; else what comes in is history, of which nobody is reminded
    #[arg(long)]
    remind: bool,
    /// Leave out what can't come in, and bring in the rest
    #[arg(long)]
    leave_out: bool,
    /// List the newest imports
    #[arg(long, conflicts_with = "files")]
    list: bool,
    /// Take away again all that an import brought
    #[arg(long, value_name = "IMPORT", conflicts_with_all = ["files", "list"])]
    undo: Option<u64>,
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
}

/// What is asked of whoever has the data file open.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// To bring in the file that follows as data frames, or to try it.
    Import(Options),
    /// To undo an import.
    Undo(u64),
    /// To list the newest.
    List,
}

/// The options as typed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Options {
    name: String,
    /// Length of the file that follows.
    bytes: u64,
    dry_run: bool,
    what: Option<String>,
    columns: Vec<(String, Option<String>)>,
    dates: Option<String>,
    currency: Option<String>,
    prices_with_vat: bool,
    trust_totals: bool,
    choices: (bool, bool, bool, bool),
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub enum Told {
    /// What came in, or would.
    Report {
        /// How much.
        count: Count,
        /// Whether something keeps it from coming in.
        refused: bool,
        /// What was noticed, a line each.
        remarks: Vec<String>,
        /// How many more.
        untold: usize,
        /// The import that was made: its identifier, and what it brought.
        brought: Option<(u64, String)>,
    },
    /// What was undone, or the list: lines to be said.
    Lines(Vec<String>),
}

fn column(text: &str) -> Result<(String, Option<Field>), String> {
    let (heading, word) = text.rsplit_once('=').ok_or("write HEADING=FIELD")?;
    if word.is_empty() || word == "nothing" {
        return Ok((heading.to_owned(), None));
    }
    let known = Listing::ALL.iter().flat_map(|x| x.fields()).find(|x| x.word() == word);
    known.map(|x| (heading.to_owned(), Some(*x))).ok_or_else(|| format!("{word:?} is no field that is known"))
}

/// Imports, through the running server or into the data file itself.
///
/// # Errors
/// A sentence; then nothing was changed.
pub fn run(args: Args) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    let (asked, body) = match args.undo {
        Some(id) => (Asked::Undo(id), Vec::new()),
        None if args.list => (Asked::List, Vec::new()),
        None => {
            let (name, body) = packed(&args.files)?;
            (Asked::Import(options(args, name, body.len() as u64)), body)
        }
    };
    let bar = terminal::bar("Importing");
    let tick = |what: &str, done, all| {
        bar.set_message(what.to_owned());
        bar.set_length(all);
        bar.set_position(done);
    };
    let told: Told = match Line::connect(&config.data)? {
        Some(mut line) => line.ask(&Request::Import { asked }, &body, |said| {
            if let Said::Progress(p) = said {
                tick(&p.what, p.done, p.all);
            }
            Ok(())
        })?,
        None => {
            let entropy = Entropy::system();
            let store = house::open_store(&config, &entropy)?;
            let app = house::build_app(&config, store, Clock::system(), entropy)?;
            let told = perform(&app, asked, body, tick)?;
            app.store.close();
            told
        }
    };
    bar.finish_and_clear();
    report(told)
}

fn options(args: Args, name: String, bytes: u64) -> Options {
    Options {
        name,
        bytes,
        dry_run: args.dry_run,
        what: args.what,
        columns: args.column.into_iter().map(|(heading, x)| (heading, x.map(|x| x.word().to_owned()))).collect(),
        dates: args.dates,
        currency: args.currency,
        prices_with_vat: args.prices_with_vat,
        trust_totals: args.trust_totals,
        choices: (!args.no_new_clients, args.remind, args.leave_out, args.any_seller),
    }
}

/// One file as it is, or several as an archive of them.
fn packed(paths: &[PathBuf]) -> Result<(String, Vec<u8>), Failure> {
    let mut files = Vec::new();
    for path in paths {
        gather(path, &mut files)?;
    }
    let (name, room) = (name_of(&files), BYTES_MAX);
    if let [only] = files.as_slice() {
        return Ok((name, read(only, room)?));
    }
    let packing = |e: zip::result::ZipError| Failure::new(format!("The files can’t be packed: {e}."));
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut left = room;
    for path in &files {
        let bytes = read(path, left)?;
        left = left.saturating_sub(bytes.len() as u64);
        let name = path.file_name().map_or_else(String::new, |x| x.to_string_lossy().into_owned());
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        // Files of one name in several folders are all wanted.
        zip.start_file(format!("{}/{name}", left), stored).map_err(packing)?;
        zip.write_all(&bytes).map_err(|e| packing(e.into()))?;
    }
    Ok((name, zip.finish().map_err(packing)?.into_inner()))
}

fn gather(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |e| Failure::file(path, &e);
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let inner = entry.map_err(failed)?.path();
        let hidden = inner.file_name().is_some_and(|x| x.to_string_lossy().starts_with('.'));
        if inner.is_file() && !hidden {
            inside.push(inner);
        }
    }
    inside.sort();
    files.append(&mut inside);
    if files.len() > FILES_MAX {
        return Err(Failure::new(format!("{}: more than {FILES_MAX} files.", path.display())));
    }
    Ok(())
}

fn name_of(files: &[PathBuf]) -> String {
    let first =
        files.first().and_then(|x| x.file_name()).map_or_else(String::new, |x| x.to_string_lossy().into_owned());
    match files.len() {
        0 | 1 => first,
        n => format!("{first} and {} more", n - 1),
    }
}

fn read(path: &Path, max: u64) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let failed = |e| Failure::file(path, &e);
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(max + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > max {
        let mib = BYTES_MAX >> 20;
        return Err(Failure::new(format!("{}: the files are larger than {mib} MiB together.", path.display())));
    }
    Ok(bytes)
}

/// The server's part.
///
/// # Errors
/// When it is refused or the command is gone.
pub fn serve(peer: &mut Peer, app: &App, asked: Asked) -> Result<(), Failure> {
    let mut body = Vec::new();
    if let Asked::Import(options) = &asked {
        if options.bytes > BYTES_MAX {
            return Err(Failure::new(format!("The files are larger than {} MiB together.", BYTES_MAX >> 20)));
        }
        while (body.len() as u64) < options.bytes {
            body.extend(peer.part()?);
        }
    }
    let told = perform(app, asked, body, |what, done, all| peer.progress(what, done, all))?;
    peer.answer(&told)
}

/// Does what was asked.
///
/// # Errors
/// A sentence; then nothing was changed.
pub fn perform(
    app: &App,
    asked: Asked,
    body: Vec<u8>,
    mut progress: impl FnMut(&str, u64, u64),
) -> Result<Told, Failure> {
    match asked {
        Asked::List => Ok(Told::Lines(list(app)?)),
        Asked::Undo(id) => {
            if app.store.read(|r| r.import(ImportId(id)))?.is_none() {
                return Err(Failure::new(format!("There is no import {id}. --list names those that there are.")));
            }
            let settings = app.settings.clone();
            let undo = move |w: &mut WriteTx<'_>, tell: &mut dyn FnMut(u64, u64)| {
                imports::undo(w, &StaffScope::all(), &settings, ImportId(id), tell)
            };
            told_along(app, undo, |done, all| progress("Undoing", done, all))?;
            Ok(Told::Lines(vec![format!("The import {id} is undone: all that it brought is gone.")]))
        }
        Asked::Import(options) => {
            let (reading, choices) = (options.reading()?, options.choices());
            let fallback = app.store.read(|r| r.firm())?.currency;
            let files = [NamedFile { name: options.name.clone(), bytes: body }];
            let read = intake(&files, &reading, fallback, |done, all| progress("Reading", done, all));
            let report = app.store.read(|r| imports::look(r, &StaffScope::all(), &read, choices))?;
            let refused = report.is_empty() || report.grave() > 0 && !choices.leave_out;
            if options.dry_run || refused {
                return Ok(told(&report, refused, None));
            }
            let brought = bring(app, read, choices, |done, all| progress("Importing", done, all))?;
            app.wake.notify_one();
            Ok(told(&report, false, Some((brought.id.0, brought.words))))
        }
    }
}

impl Options {
    fn reading(&self) -> Result<Reading, Failure> {
        let columns = self.columns.iter().map(|(heading, word)| {
            let word = word.as_deref().unwrap_or_default();
            column(&format!("{heading}={word}")).map_err(Failure::new)
        });
        Ok(Reading {
            listing: self.what.as_deref().and_then(Listing::from_word),
            columns: columns.collect::<Result<_, _>>()?,
            dates: self.dates.as_deref().and_then(DateOrder::from_word),
            gross: self.prices_with_vat,
            currency: self.currency.as_deref().map(str::parse::<Currency>).transpose()?,
            trust_totals: self.trust_totals,
        })
    }

    fn choices(&self) -> Choices {
        let (add_clients, remind, leave_out, any_seller) = self.choices;
        Choices { add_clients, remind, leave_out, any_seller }
    }
}

/// Brings it in on the writer's thread, and tells meanwhile how far it is.
fn bring(app: &App, read: Intake, choices: Choices, progress: impl FnMut(u64, u64)) -> Result<Brought, Failure> {
    let settings = app.settings.clone();
    let act = move |w: &mut WriteTx<'_>, tell: &mut dyn FnMut(u64, u64)| {
        imports::perform(w, &StaffScope::all(), &settings, &read, choices, tell)
    };
    told_along(app, act, progress)
}

/// Acts on the writer's thread, and tells meanwhile how far it is.
fn told_along<T: Send + 'static>(
    app: &App,
    act: impl Fn(&mut WriteTx<'_>, &mut dyn FnMut(u64, u64)) -> Result<Done<T>, ActError> + Send + 'static,
    mut progress: impl FnMut(u64, u64),
) -> Result<T, Failure> {
    let (sender, steps) = mpsc::channel();
    let act = move |w: &mut WriteTx<'_>| {
        // A command that is gone hears nothing more.
        act(w, &mut |done, all| sender.send((done, all)).unwrap_or_default())
    };
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| app.store.write_blocking(By::command_line(), app.now(), act));
        // Ends when the act, and its sender with it, is gone.
        for (done, all) in steps {
            progress(done, all);
        }
        let done = writing.join().map_err(|_| Failure::new("This broke off. Nothing was changed."))?;
        Ok(done?)
    })
}

fn told(report: &Report, refused: bool, brought: Option<(u64, String)>) -> Told {
    let remarks: Vec<String> = report.remarks.iter().take(TOLD_MAX).map(sentence).collect();
    let untold = report.remarks.len().saturating_sub(remarks.len());
    Told::Report { count: report.count.clone(), refused, remarks, untold, brought }
}

/// "invoices.csv, row 7, Due Date: …"
fn sentence(x: &Remark) -> String {
    let mut out = x.file.to_string();
    if x.row > 0 {
        out.push_str(&format!(", row {}", x.row));
    }
    if !x.column.is_empty() {
        out.push_str(&format!(", {}", x.column));
    }
    let mark = if x.grave { "" } else { "(note) " };
    format!("{mark}{out}: {}", x.message).chars().filter(|c| !c.is_control()).take(REMARK_MAX).collect()
}

fn list(app: &App) -> Result<Vec<String>, Failure> {
    let all = app.store.read(|r| r.imports(LISTED))?;
    if all.is_empty() {
        return Ok(vec!["Nothing was imported yet.".to_owned()]);
    }
    let locale = app.store.read(|r| r.firm())?.locale;
    let line = |x: &crate::domain::import::Import| {
        let undone = x.undone.map_or_else(String::new, |x| format!(" (undone on {})", x.at.strftime("%Y-%m-%d")));
        format!("{}  {}  {} from {}{undone}", x.id, x.at.strftime("%Y-%m-%d %H:%M UTC"), x.words(locale), x.files)
    };
    Ok(all.iter().map(line).collect())
}

fn report(told: Told) -> Result<(), Failure> {
    let (count, refused, remarks, untold, brought) = match told {
        Told::Lines(lines) => {
            lines.iter().for_each(|line| terminal::say(line));
            return Ok(());
        }
        Told::Report { count, refused, remarks, untold, brought } => (count, refused, remarks, untold, brought),
    };
    remarks.iter().for_each(|line| terminal::say(line));
    if untold > 0 {
        let remarks = if untold == 1 { "remark" } else { "remarks" };
        terminal::say(&format!("And {} {remarks} more.", COUNTED.count(untold as u64)));
    }
    match brought {
        Some((id, words)) => {
            terminal::say(&format!(
                "Import {id}: {words}. Undo it with --undo {id} as long as nothing is built on it."
            ));
            Ok(())
        }
        None if refused => Err(Failure::new(
            "Nothing was imported. Mend what is named above, or leave it out with --leave-out.".to_owned(),
        )),
        None => {
            terminal::say(&format!("This would come in: {}. Nothing was changed.", words(&count)));
            Ok(())
        }
    }
}

fn words(count: &Count) -> String {
    let all = [
        (count.clients, "new client"),
        (count.contacts, "contact"),
        (count.invoices, "invoice"),
        (count.credits, "credit note"),
        (count.payments, "payment"),
    ];
    let several = |n: &usize| if *n == 1 { "" } else { "s" };
    let said =
        all.iter().filter(|x| x.0 > 0).map(|(n, what)| format!("{} {what}{}", COUNTED.count(*n as u64), several(n)));
    let mut out: Vec<String> = said.collect();
    for (code, [invoiced, credited, paid]) in &count.sums {
        let Ok(currency) = code.parse::<Currency>() else { continue };
        for (minor, what) in [(invoiced, "invoiced"), (credited, "credited"), (paid, "paid")] {
            if *minor != 0 {
                out.push(format!("{} {what}", Money::new(*minor, currency)));
            }
        }
    }
    if out.is_empty() { "nothing".to_owned() } else { out.join(", ") }
}
