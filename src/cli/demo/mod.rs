//! `counterfoil demo`: a complete example firm, told through the same acts that people use, and served.
//!
//! The real thing but for three: its clock can start on another day and run faster, its letters stay in a mailbox at
//! `/demo/mail`, and its key lies beside its data.

mod accounting;
mod apart;
mod bulk;
mod firm;
mod folder;
mod greeting;
mod plan;
mod reopen;
mod story;
mod work;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::civil::{Date, time};
use jiff::tz::TimeZone;

use self::folder::Folder;
use self::greeting::Greeting;
use self::reopen::Made;
use super::{Failure, serve, terminal};
use crate::actions::firm as firm_actions;
use crate::app::{App, FileLimits, Settings};
use crate::clock::Clock;
use crate::config::{Config, PublicUrl};
use crate::documents::Fonts;
use crate::domain::access::StaffScope;
use crate::domain::calendar;
use crate::domain::event::By;
use crate::mail::{Mailer, MemoryMailer};
use crate::secrets::{self, Entropy};
use crate::store::prelude::*;
use crate::web::layers::Hardening;
use crate::web::listener::{ListenPlan, Listening, stop_signal};

/// Months that the story covers.
const MONTHS: i64 = 24;
/// Most clients and invoices that are generated.
const CLIENTS_MAX: u64 = 100_000;
const INVOICES_MAX: u64 = 10_000_000;
/// Invoices per client when only one of the two is asked for.
const INVOICES_PER_CLIENT: u64 = 100;
/// Cache while very much is generated, in bytes.
const BULK_CACHE: usize = 512 << 20;
/// From this many invoices on.
const BULK_CACHE_FROM: u64 = 100_000;
/// The bar while much is generated, with its rate and what is left to wait.
const BULK_BAR: &str = "{msg} {bar:32} {percent:>3} %  {human_pos} of {human_len}, {per_sec}, {eta} left";
/// Fastest clock: a year in five minutes.
const SPEED_MAX: u32 = 100_000;

/// Options of `counterfoil demo`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Keep the demo in this folder, or open the one that is there [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// In place of the story, generate this many clients, for a look at scale
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=CLIENTS_MAX))]
    clients: Option<u64>,
    /// In place of the story, generate this many invoices
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=INVOICES_MAX))]
    invoices: Option<u64>,
    /// What chooses the story's details; the same seed and day give the same story [default: 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The day on which the demo's clock starts, at 09:00 in Dublin; never before what it has reached [default: today]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = terminal::day)]
    today: Option<Date>,
    /// Run the demo's clock this many times faster, to watch weeks of reminders arrive
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(SPEED_MAX)))]
    speed: u32,
    /// When ready, print one line of JSON on standard output in place of the table
    #[arg(long)]
    json: bool,
    /// Make the firm of the demo at this origin, give its letters back, and end: how a demo makes its firm
    #[arg(long, value_name = "ORIGIN", hide = true, requires = "data")]
    make_for: Option<PublicUrl>,
}

/// Builds the example firm, or opens an earlier one, and serves it until it is told to stop.
///
/// # Errors
/// A sentence: the folder, the port, the data file.
pub fn run(args: Args) -> Result<(), Failure> {
    // Warnings only: the table is what there is to see.
    serve::start_log("warn");
    match &args.make_for {
        Some(origin) => make_apart(&args, origin),
        None => serve::runtime()?.block_on(demo(&args)),
    }
}

/// The part of a demo that makes the firm, in a process of its own.
fn make_apart(args: &Args, origin: &PublicUrl) -> Result<(), Failure> {
    apart::go_with_parent();
    let make = || {
        let folder = Folder::prepared(args.data.as_deref().unwrap_or(Path::new(".")));
        let config = Config { url: origin.clone(), ..folder.kept_config()? };
        let mailbox = MemoryMailer::default();
        Build::new(args, &config, Entropy::system(), Arc::default())?.make(&folder, &mailbox)?;
        Ok(mailbox.letters().into_iter().map(|kept| kept.letter).collect())
    };
    apart::give_back(&make().map_err(|failure: Failure| failure.to_string()))
}

async fn demo(args: &Args) -> Result<(), Failure> {
    let signals = stop_signal().map_err(|e| Failure::new(format!("The demo can't listen for signals: {e}.")))?;
    let mut signals = pin!(signals);
    let folder = Folder::prepare(args.data.as_deref())?;
    let mut config = folder.config(args.listen)?;
    let listening = Listening::bind(ListenPlan::from_config(&config, Clock::system())).await?;
    config.url = config.url.with_port(listening.address().port());
    let (entropy, stopped) = (Entropy::system(), Arc::new(AtomicBool::new(false)));
    let build = Build::new(args, &config, entropy.clone(), Arc::clone(&stopped))?;
    let (folder, built) = {
        let building = tokio::task::spawn_blocking(move || {
            let built = build.run(&folder);
            (folder, built)
        });
        let mut building = pin!(building);
        let done = tokio::select! {
            done = &mut building => done,
            () = &mut signals => {
                stopped.store(true, Ordering::Relaxed);
                // It stops at its next day, and the folder goes with it.
                let _ = building.await;
                return Ok(());
            }
        };
        done.map_err(|_| Failure::new("The example firm could not be made; please report what was said above."))?
    };
    let app = built?;
    announce(args, &app, &folder, &listening)?;
    let hardening = Hardening::from_config(&config, entropy);
    serve::attend(app, &config, hardening, listening, signals).await?;
    drop(folder);
    Ok(())
}

fn announce(args: &Args, app: &App, folder: &Folder, listening: &Listening) -> Result<(), Failure> {
    let people = greeting::people(&app.store, reopen::password_hash(folder.path()))?;
    let greeting = Greeting {
        url: &app.settings.url,
        certificate: listening.certificate_path(),
        data: folder.path(),
        people: &people,
    };
    if args.json {
        terminal::say(&greeting::as_json(&greeting)?);
    } else {
        terminal::say(&greeting::as_table(&greeting, folder.is_temporary()));
    }
    Ok(())
}

/// How much is to be generated; `None` for the story.
fn size(args: &Args) -> Option<bulk::Size> {
    match (args.clients, args.invoices) {
        (None, None) => None,
        (Some(clients), None) => Some(bulk::Size { clients, invoices: clients * INVOICES_PER_CLIENT }),
        (None, Some(invoices)) => Some(bulk::Size { clients: invoices.div_ceil(INVOICES_PER_CLIENT), invoices }),
        (Some(clients), Some(invoices)) => Some(bulk::Size { clients, invoices }),
    }
}

/// What building the firm takes, apart from its folder.
struct Build {
    args: Args,
    size: Option<bulk::Size>,
    speed: u32,
    today: Date,
    start: Timestamp,
    cache: usize,
    settings: Settings,
    entropy: Entropy,
    stopped: Arc<AtomicBool>,
}

impl Build {
    fn new(args: &Args, config: &Config, entropy: Entropy, stopped: Arc<AtomicBool>) -> Result<Self, Failure> {
        let settings = settings(config.url.origin(), config.limits.upload_bytes(), super::house::file_limits(config))?;
        let today = args.today.unwrap_or_else(|| calendar::today(Clock::system().now(), &settings.zone));
        if !(2010..=2100).contains(&today.year()) {
            return Err(Failure::new("--today: choose a day from 2010 to 2100."));
        }
        let start = calendar::wall_clock(today, time(9, 0, 0, 0), &settings.zone);
        let cache = config.limits.cache_bytes();
        Ok(Self {
            args: args.clone(),
            size: size(args),
            speed: args.speed,
            today,
            start,
            cache,
            settings,
            entropy,
            stopped,
        })
    }

    /// The firm in `folder`: the earlier one, or a new one.
    fn run(self, folder: &Folder) -> Result<App, Failure> {
        let mailbox = MemoryMailer::default();
        if folder.holds_demo() {
            return self.open(folder, &mailbox);
        }
        let origin = &self.settings.url;
        let order = apart::Order { args: &self.args, folder: folder.path(), origin, today: self.today };
        match apart::make(&order, &self.stopped)? {
            Some(letters) => letters.iter().for_each(|letter| drop(mailbox.keep(letter))),
            None => self.make(folder, &mailbox)?,
        }
        let made = Made::of(&self.args);
        made.keep(folder.path())?;
        folder.complete()?;
        let store = folder.open(self.cache, &self.entropy)?;
        made.hashed(greeting::first_hash(&store)?).keep(folder.path())?;
        Ok(self.app(store, Clock::paced(self.start, self.speed), &mailbox))
    }

    /// A new firm, whose data file is closed again but not in its place yet.
    fn make(&self, folder: &Folder, mailbox: &MemoryMailer) -> Result<(), Failure> {
        let much = self.size.is_some_and(|size| size.invoices >= BULK_CACHE_FROM);
        let store = folder.begin(if much { BULK_CACHE } else { self.cache }, &self.entropy)?;
        self.tell(&store, &self.app(store.clone(), Clock::fixed(self.start), mailbox), mailbox)?;
        self.let_back_up(folder, &store, self.start)?;
        store.close();
        Ok(())
    }

    /// The earlier firm, which goes on after its last entry: time never goes back.
    fn open(&self, folder: &Folder, mailbox: &MemoryMailer) -> Result<App, Failure> {
        let store = folder.open(self.cache, &self.entropy)?;
        let last = reopen::last_entry(&store)?.unwrap_or(self.start);
        reopen::refuse_others(&self.args, folder.path(), reopen::day_of(last, &self.settings))?;
        let from = self.start.max(last);
        self.let_back_up(folder, &store, from)?;
        reopen::refill(mailbox, &store, &self.settings)?;
        Ok(self.app(store, Clock::paced(from, self.speed), mailbox))
    }

    /// Names the folder's identity as the one that opens backups, unless the firm has one.
    fn let_back_up(&self, folder: &Folder, store: &Store, now: Timestamp) -> Result<(), Failure> {
        if store.read(|r| r.backup_recipients())?.is_empty() {
            let recipients = vec![folder.identity()?];
            store.write_blocking(By::command_line(), now, move |w| {
                firm_actions::set_backup_recipients(w, &StaffScope::all(), &recipients)
            })?;
        }
        Ok(())
    }

    fn app(&self, store: Store, clock: Clock, mailbox: &MemoryMailer) -> App {
        App {
            store,
            clock,
            entropy: self.entropy.clone(),
            mailer: Arc::new(Mailer::Memory(mailbox.clone())),
            fonts: Arc::new(Fonts::embedded()),
            settings: Arc::new(self.settings.clone()),
            wake: Arc::default(),
            points: Arc::default(),
        }
    }

    fn tell(&self, store: &Store, app: &App, mailbox: &MemoryMailer) -> Result<(), Failure> {
        let password_hash = secrets::hash_password(firm::PASSWORD, &self.entropy).map_err(Failure::new)?;
        let setting = story::Setting {
            end: self.start,
            months: MONTHS,
            seed: self.args.seed.unwrap_or(reopen::SEED),
            password_hash,
        };
        let bar = terminal::bar(if self.size.is_some() { "Invoices" } else { "Days" });
        if let (Some(_), Ok(style)) = (self.size, ProgressStyle::with_template(BULK_BAR)) {
            bar.set_style(style);
        }
        let progress = progress(&bar, &self.stopped);
        match self.size {
            Some(size) => bulk::fill(store, app, &setting, size, &progress)?,
            None => story::tell(store, app, mailbox, setting, progress)?,
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// Moves the bar, and says whether to go on.
fn progress(bar: &ProgressBar, stopped: &Arc<AtomicBool>) -> story::Progress {
    let (bar, stopped) = (bar.clone(), Arc::clone(stopped));
    Arc::new(move |done, of| {
        bar.set_length(of);
        bar.set_position(done);
        !stopped.load(Ordering::Relaxed)
    })
}

/// The settings of every demo.
fn settings(url: String, upload_max: usize, files: FileLimits) -> Result<Settings, Failure> {
    let zone = TimeZone::get(firm::ZONE).map_err(|_| Failure::new(format!("{} is no time zone.", firm::ZONE)))?;
    Ok(Settings {
        url,
        zone,
        from: (firm::FROM.0.to_owned(), firm::FROM.1.to_owned()),
        reply_to: None,
        upload_max,
        files,
        backup: None,
        drop: None,
        bounces: None,
        demo: true,
    })
}
