//! `counterfoil demo`: a complete example firm, told through the same acts that people use, and served.
//!
//! The real thing but for three: its clock can start on another day and run faster, its letters stay in a mailbox at
//! `/demo/mail`, and its key lies beside its data.

mod accounting;
mod firm;
mod folder;
mod greeting;
mod plan;
mod story;
mod work;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;
use jiff::Timestamp;
use jiff::civil::{Date, time};
use jiff::tz::TimeZone;

use self::folder::Folder;
use self::greeting::Greeting;
use super::{Failure, serve, terminal};
use crate::app::{App, Settings};
use crate::clock::Clock;
use crate::config::Config;
use crate::documents::Fonts;
use crate::domain::calendar;
use crate::domain::reminder::Policy;
use crate::mail::{Mailer, MemoryMailer};
use crate::secrets::{self, Entropy};
use crate::store::prelude::*;
use crate::web::layers::Hardening;
use crate::web::listener::{ListenPlan, Listening, stop_signal};

/// Months that the story covers.
const MONTHS: i64 = 24;
/// Fastest clock: a year in five minutes.
const SPEED_MAX: u32 = 100_000;

/// Options of `counterfoil demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Keep the demo in this folder, or open the one that is there [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// What chooses the story's details; the same seed and day give the same story
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The day on which the demo's clock starts, at 09:00 in Dublin [default: today]
    #[arg(long, value_name = "DATE")]
    today: Option<Date>,
    /// Run the demo's clock this many times faster, to watch weeks of reminders arrive
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(SPEED_MAX)))]
    speed: u32,
    /// When ready, print one line of JSON on standard output in place of the table
    #[arg(long)]
    json: bool,
}

/// Builds the example firm, or opens an earlier one, and serves it until it is told to stop.
///
/// # Errors
/// A sentence: the folder, the port, the data file.
pub fn run(args: Args) -> Result<(), Failure> {
    start_log();
    serve::runtime()?.block_on(demo(&args))
}

/// Warnings only, unless `RUST_LOG` asks for more: the table is what there is to see.
fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).try_init();
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
    let people = greeting::people(&app.store)?;
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

/// What building the firm takes, apart from its folder.
struct Build {
    seed: u64,
    speed: u32,
    start: Timestamp,
    cache: usize,
    settings: Settings,
    entropy: Entropy,
    stopped: Arc<AtomicBool>,
}

impl Build {
    fn new(args: &Args, config: &Config, entropy: Entropy, stopped: Arc<AtomicBool>) -> Result<Self, Failure> {
        let settings = settings(config.url.origin(), config.limits.upload_bytes())?;
        let date = args.today.unwrap_or_else(|| calendar::today(Clock::system().now(), &settings.zone));
        if !(2010..=2100).contains(&date.year()) {
            return Err(Failure::new("--today: choose a day from 2010 to 2100."));
        }
        let start = calendar::wall_clock(date, time(9, 0, 0, 0), &settings.zone);
        let cache = config.limits.cache_bytes();
        Ok(Self { seed: args.seed, speed: args.speed, start, cache, settings, entropy, stopped })
    }

    /// The firm in `folder`: the earlier one, or a new one.
    fn run(self, folder: &Folder) -> Result<App, Failure> {
        let mailbox = MemoryMailer::default();
        let opened = folder.holds_demo();
        let store =
            if opened { folder.open(self.cache, &self.entropy) } else { folder.begin(self.cache, &self.entropy) }?;
        let app = App {
            store: store.clone(),
            clock: Clock::fixed(self.start),
            entropy: self.entropy.clone(),
            mailer: Arc::new(Mailer::Memory(mailbox.clone())),
            fonts: Arc::new(Fonts::embedded()),
            settings: Arc::new(self.settings.clone()),
            wake: Arc::default(),
        };
        let mut from = self.start;
        if opened {
            // Time never goes back: an earlier demo goes on after its last entry.
            store.read(|r| {
                r.log_backwards(None, |entry| {
                    from = from.max(entry.at);
                    false
                })
            })?;
        } else {
            self.tell(&store, &app, &mailbox)?;
            folder.complete()?;
        }
        Ok(App { clock: Clock::paced(from, self.speed), ..app })
    }

    fn tell(&self, store: &Store, app: &App, mailbox: &MemoryMailer) -> Result<(), Failure> {
        let password_hash = secrets::hash_password(firm::PASSWORD, &self.entropy).map_err(Failure::new)?;
        let setting = story::Setting { end: self.start, months: MONTHS, seed: self.seed, password_hash };
        let bar = terminal::bar("Two years");
        story::tell(store, app, mailbox, setting, progress(&bar, &self.stopped))?;
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
fn settings(url: String, upload_max: usize) -> Result<Settings, Failure> {
    let zone = TimeZone::get(firm::ZONE).map_err(|_| Failure::new(format!("{} is no time zone.", firm::ZONE)))?;
    Ok(Settings {
        url,
        zone,
        policy: Policy::standard(),
        from: (firm::FROM.0.to_owned(), firm::FROM.1.to_owned()),
        upload_max,
        demo: true,
    })
}
