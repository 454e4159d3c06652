//! `counterfoil serve`: the house open to visitors until it is told to stop.
//!
//! Looks first whether another process has the data file, then binds, so that a taken port is said before a passphrase
//! is asked for. Stops in order: requests finish, the
//! scheduler and the control socket end, the data file is closed.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use super::control::Control;
use super::key_place::KeyPlace;
use super::{Failure, house, terminal};
use crate::actions::policies;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::scheduler;
use crate::secrets::Entropy;
use crate::store::prelude::*;
use crate::web::layers::{Hardening, harden};
use crate::web::listener::{ListenPlan, Listening, STOP_WITHIN, stop_signal};
use crate::web::{problem, routes};

/// Options of `counterfoil serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration that `init` wrote
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
}

/// Serves until SIGTERM or Ctrl-C.
///
/// # Errors
/// A sentence: the configuration, the port, the certificate, the key or the data file.
pub fn run(args: Args) -> Result<(), Failure> {
    start_log("info");
    let config = Config::load(&args.config)?;
    let text = std::fs::read_to_string(&args.config).ok();
    runtime()?.block_on(serve(&config, text))
}

/// The runtime that a serving command runs in.
///
/// # Errors
/// When the system gives no threads.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let made = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    made.map_err(|e| Failure::new(format!("The server can't start its threads: {e}.")))
}

/// Log lines go to standard error, as `RUST_LOG` says, else from `level` on.
pub fn start_log(level: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A line that can't be written is lost. To complain of it on the same standard error would be a panic, and a log on
    // the disk that is full would end the server.
    let log = log.log_internal_errors(false);
    // A second subscriber is refused; the first one stays.
    let _ = log.with_target(false).with_ansi(colours).try_init();
}

async fn serve(config: &Config, text: Option<String>) -> Result<(), Failure> {
    let signals = stop_signal().map_err(|e| Failure::new(format!("The server can't listen for signals: {e}.")))?;
    // A hang-up, as certificate renewals send it, stops nothing: changed certificate files are noticed by themselves.
    let _hang_ups = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())
        .map_err(|e| Failure::new(format!("The server can't listen for signals: {e}.")))?;
    let clock = Clock::system();
    let entropy = Entropy::system();
    // Before anything is made in the data folder: a mistyped one must not come into being.
    let path = house::find_data_file(config)?;
    house::refuse_in_use(&path)?;
    let listening = Listening::bind(ListenPlan::from_config(config, clock.clone())).await?;
    let store = house::open_store(config, &entropy)?;
    let mut app = house::build_app(config, store, clock, entropy.clone())?;
    if let Some(plan) = &mut Arc::make_mut(&mut app.settings).backup {
        plan.config.clone_from(&text);
    }
    take_policy(config, &app).await;
    tracing::info!("{}", KeyPlace::of(config).words());
    if config.mail.is_none() {
        tracing::warn!("no mail server is configured: letters wait in the outbox");
    }
    if app.store.read(|r| r.sending_held())? {
        tracing::warn!(
            "letters are held back since a restore or a leap of the clock, but for sign-in, new passwords and notices of what people do since then, until an owner releases them on the desk"
        );
    }
    let control = Control::bind(&config.data, app.clone(), text)?;
    announce(config, &listening);
    stand(app, control, hardening(config, entropy), listening, signals).await
}

/// The reminder policy of an older configuration becomes the first that the data file keeps.
async fn take_policy(config: &Config, app: &App) {
    let policy = house::first_policy(config);
    let begin = move |w: &mut WriteTx<'_>| policies::begin(w, &policy);
    match app.store.housekeep(app.now(), begin).await {
        Ok(true) => tracing::info!("the reminder policy of the configuration is kept in the data file from now on"),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "the reminder policy of the configuration could not be kept"),
    }
}

/// The layers as `config` says, with the portal's own pages for refusals.
pub fn hardening(config: &Config, entropy: Entropy) -> Hardening {
    Hardening {
        slow_routes: routes::SLOW.to_vec(),
        from_anywhere: routes::FROM_ANYWHERE.to_vec(),
        problem: problem::early,
        ..Hardening::from_config(config, entropy)
    }
}

fn announce(config: &Config, listening: &Listening) {
    terminal::say(&format!("Serving {} on {}", config.url, listening.address()));
    if let Some(address) = listening.redirect_address() {
        terminal::say(&format!("Sending plain HTTP on from {address}"));
    }
    if let Some(path) = listening.certificate_path() {
        tracing::info!(certificate = %path.display(), "certificate in use");
    }
}

/// Serves `app` until `stop` is done, then ends everything in order: requests, letters and commands under way, the data
/// file. Also what the demo runs.
///
/// # Errors
/// When the control socket can't be made, or the disk failed while it served.
pub async fn attend(
    app: App,
    config: &Config,
    hardening: Hardening,
    listening: Listening,
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let control = Control::bind(&config.data, app.clone(), None)?;
    stand(app, control, hardening, listening, stop).await
}

async fn stand(
    app: App,
    control: Control,
    hardening: Hardening,
    listening: Listening,
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    match scheduler::give_up_uploads(&app).await {
        Ok(0) => {}
        Ok(files) => tracing::warn!(files, "files were arriving when the last process ended; nothing of them is kept"),
        Err(error) => tracing::error!(%error, "files that were arriving when the last process ended still take room"),
    }
    let (tell, told) = watch::channel(false);
    let scheduler = tokio::spawn(scheduler::run(app.clone(), told.clone()));
    let control = tokio::spawn(control.run(told));
    let router = harden(routes::router(app.clone()), hardening);
    let store = app.store.clone();
    let mut failed = None;
    let stop = async {
        tokio::select! {
            () = stop => {}
            // Nothing can be acknowledged any more. Starting anew finds out what the disk holds; trying again can't.
            why = store.failed() => failed = Some(why),
        }
        tracing::info!("stopping: requests have {} seconds to finish", STOP_WITHIN.as_secs());
    };
    listening.run(router, stop).await;
    tell.send_replace(true);
    // A task that panicked has said where; the data file is closed all the same.
    let _ = scheduler.await;
    let _ = control.await;
    drop(app);
    // It joins a thread, so it does not run here.
    let _ = tokio::task::spawn_blocking(move || store.close()).await;
    tracing::info!("stopped");
    failed.map_or(Ok(()), |why| {
        Err(Failure::new(format!(
            "The disk failed ({why}), so the server has ended. What was acknowledged is in the data file. Look after the \
             disk, then start the server again."
        )))
    })
}
