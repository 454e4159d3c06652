//! `counterfoil reminders`: what the reminders of the coming days will do, and why, and the policy that they follow.
//! Changes nothing.

use std::path::{Path, PathBuf};

use super::control::{Line, Peer};
use super::protocol::Request;
use super::{Failure, house, terminal};
use crate::actions::outlook::{Coming, INVOICES_MAX, OneLetter, Outlook, as_letters, outlook};
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::forecast::horizon;
use crate::domain::policy::{Step, moved_words, step_line};
use crate::domain::promise::HOLDS;
use crate::domain::sentence::step_words;
use crate::secrets::Entropy;
use crate::store::prelude::*;

/// The first line of why nothing goes.
const HELD: &str = "None goes now: letters are held back since a restore or a leap of the clock, until an owner";
/// Public holidays that are printed.
const HOLIDAYS_TOLD: usize = 15;
/// Days that can be looked ahead.
const DAYS_MAX: i64 = 366;

/// Options of `counterfoil reminders`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List what will go in the coming days, to whom, and what will not, and why
    Preview(Preview),
    /// Print the policy that holds now
    Policy(PolicyArgs),
}

/// Options of `counterfoil reminders policy`.
#[derive(Debug, clap::Args)]
struct PolicyArgs {
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Options of `counterfoil reminders preview`.
#[derive(Debug, clap::Args)]
struct Preview {
    /// The configuration of the house
    #[arg(long, value_name = "FILE", env = "COUNTERFOIL_CONFIG")]
    config: PathBuf,
    /// How many days ahead
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=DAYS_MAX))]
    days: u16,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

/// What is told: what goes to somebody as one letter is one, and what does not go is each one.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct Told {
    reminders: Vec<One>,
    /// Whether more invoices wait than were looked at.
    more: bool,
    /// Whether letters are held back since a restore or a leap of the clock: none goes before an owner lets them.
    held: bool,
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct One {
    /// Local date and time in the firm's zone.
    at: String,
    zone: String,
    client: String,
    goes: bool,
    words: String,
    /// To whom, those who go by clocks of their own with the time that these show; nobody when it does not go.
    to: Vec<String>,
    invoices: Vec<About>,
}

/// An invoice that a letter reminds of.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct About {
    number: String,
    open: String,
    /// Days from the due date.
    step: i16,
    /// Why it goes on another day than its own; empty when it does not.
    moved: String,
}

/// Tells what lies ahead.
///
/// # Errors
/// When the data file can't be read.
pub fn run(args: Args) -> Result<(), Failure> {
    match args.what {
        What::Preview(args) => {
            tell(&answer(&args.config, &Request::Reminders { days: args.days }, |app| look(app, args.days))?, &args)
        }
        What::Policy(args) => tell_policy(&answer(&args.config, &Request::Policy, policy)?, args.json),
    }
}

/// Asks the running server, or the data file itself.
fn answer<T: serde::de::DeserializeOwned>(
    config: &Path,
    request: &Request,
    ask: impl FnOnce(&App) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let config = Config::load(config)?;
    if let Some(mut line) = Line::connect(&config.data)? {
        return line.ask(request, &[], |_| Ok(()));
    }
    let secret = house::secret(&config.key)?;
    let path = house::find_data_file(&config)?;
    let store = house::open_with(&path, &secret, config.limits.cache_bytes(), false, &Entropy::system())?;
    let app = house::build_app(&config, store, Clock::system(), Entropy::system())?;
    let told = ask(&app)?;
    app.store.close();
    Ok(told)
}

/// The server's part.
///
/// # Errors
/// When the file can't be read or the command is gone.
pub fn serve(peer: &mut Peer, app: &App, days: u16) -> Result<(), Failure> {
    peer.answer(&look(app, days)?)
}

/// The server's part of `policy`.
///
/// # Errors
/// When the file can't be read or the command is gone.
pub fn serve_policy(peer: &mut Peer, app: &App) -> Result<(), Failure> {
    peer.answer(&policy(app)?)
}

/// The policy as it is told.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct PolicyTold {
    version: u32,
    /// Local date and time in the firm's zone; empty of the standard policy, which nobody made.
    since: String,
    reason: String,
    zone: String,
    /// Wall-clock times.
    from: String,
    until: String,
    /// The days of the week, in words.
    weekdays: String,
    /// Public holidays that are known from today on.
    holidays: Vec<HolidayTold>,
    steps: Vec<StepTold>,
    /// How payments are promised, in words.
    promises: String,
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct StepTold {
    /// Days from the due date.
    offset: i16,
    words: String,
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct HolidayTold {
    /// Its date, ISO 8601.
    on: String,
    name: String,
}

fn policy(app: &App) -> Result<PolicyTold, Failure> {
    let zone = &app.settings.zone;
    Ok(app.store.read(|r| -> Result<_, StoreError> {
        let (kept, locale, staff) = (r.policy_now()?, r.firm()?.locale, r.all_staff()?);
        let name = |id| staff.iter().find(|s| s.id == id).map_or_else(|| format!("staff {id}"), |s| s.name.clone());
        let step = |x: &Step| StepTold { offset: x.offset, words: step_line(x, locale, name) };
        let since = zone.to_datetime(kept.at).strftime("%Y-%m-%d %H:%M").to_string();
        Ok(PolicyTold {
            version: kept.version,
            since: if kept.version == 0 { String::new() } else { since },
            reason: kept.reason,
            zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            from: locale.time(kept.policy.at),
            until: locale.time(kept.policy.window_end),
            weekdays: kept.policy.days.weekday_words(),
            holidays: kept
                .policy
                .days
                .holidays
                .range(app.today()..)
                .map(|(day, name)| HolidayTold { on: day.to_string(), name: name.clone() })
                .collect(),
            steps: kept.policy.steps.iter().map(step).collect(),
            promises: kept.policy.promises.words(),
        })
    })?)
}

fn tell_policy(told: &PolicyTold, json: bool) -> Result<(), Failure> {
    if json {
        let text = serde_json::to_string(told).map_err(|e| Failure::new(format!("The policy can't be told: {e}.")))?;
        terminal::say(&text);
        return Ok(());
    }
    match told.version {
        0 => terminal::say(&format!("{}.", told.reason)),
        n => terminal::say(&format!("Version {n}, since {}: {}.", told.since, told.reason)),
    }
    for step in &told.steps {
        terminal::say(&format!("  {}", step.words));
    }
    if told.steps.is_empty() {
        terminal::say("  No reminders are sent.");
    }
    let PolicyTold { from, until, zone, weekdays, holidays, promises, .. } = told;
    terminal::say(&format!("Payments are promised {promises}; {HOLDS}."));
    terminal::say(&format!("Letters go on working days, {weekdays}, from {from} to {until}, {zone}."));
    for holiday in holidays.iter().take(HOLIDAYS_TOLD) {
        terminal::say(&format!("  Not on {}, {}.", holiday.on, holiday.name));
    }
    match holidays.len().saturating_sub(HOLIDAYS_TOLD) {
        0 if holidays.is_empty() => terminal::say("  No public holiday is known; owners add them on the desk."),
        0 => {}
        1 => terminal::say("  And 1 public holiday after these; --json lists it too."),
        more => terminal::say(&format!("  And {more} public holidays after these; --json lists them all.")),
    }
    Ok(())
}

fn look(app: &App, days: u16) -> Result<Told, Failure> {
    let (settings, now) = (&app.settings, app.now());
    let until = horizon(now, days, &settings.zone);
    Ok(app.store.read(|r| -> Result<_, StoreError> {
        let Outlook { coming, more, held } = outlook(r, settings, now, until, |_| true)?;
        let (mut reminders, locale) = (Vec::new(), r.firm()?.locale);
        let today = settings.zone.to_datetime(now).date();
        for OneLetter { at, goes, to, words, about: all } in as_letters(&coming) {
            let Some(first) = all.first() else { continue };
            let about = |x: &Coming| About {
                number: x.row.invoice.number().map_or_else(String::new, ToString::to_string),
                open: locale.money(x.row.open()),
                step: x.step,
                moved: x.moved.as_ref().map_or_else(String::new, |moved| moved_words(locale, today, moved)),
            };
            reminders.push(One {
                at: settings.zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string(),
                zone: settings.zone.iana_name().unwrap_or("UTC").to_owned(),
                client: r.client(first.row.invoice.client)?.map_or_else(String::new, |client| client.party.name),
                goes,
                words,
                to: to.iter().map(|x| x.words.clone()).collect(),
                invoices: all.into_iter().map(about).collect(),
            });
        }
        Ok(Told { reminders, more, held })
    })?)
}

fn tell(told: &Told, args: &Preview) -> Result<(), Failure> {
    if args.json {
        let text = serde_json::to_string(told).map_err(|e| Failure::new(format!("The preview can't be told: {e}.")))?;
        terminal::say(&text);
        return Ok(());
    }
    if told.reminders.is_empty() {
        let days = if args.days == 1 { "day".to_owned() } else { format!("{} days", args.days) };
        terminal::say(&format!("No reminder is ahead in the next {days}."));
        if told.held {
            terminal::say(HELD);
            terminal::say("lets them go on the desk.");
        }
        return Ok(());
    }
    for x in &told.reminders {
        terminal::say(&lines(x));
    }
    let going = told.reminders.iter().filter(|x| x.goes).count();
    let zone = told.reminders.first().map_or("UTC", |x| x.zone.as_str());
    let all = told.reminders.len();
    if told.held {
        terminal::say(HELD);
        terminal::say(&format!("lets them go on the desk. After that {going} of {all} would go. Times of {zone}."));
    } else {
        let go = if going == 1 { "goes" } else { "go" };
        terminal::say(&format!("{going} of {all} {go}, if nothing changes until then. Times of {zone}."));
    }
    if told.more {
        terminal::say(&format!("More invoices wait than the {INVOICES_MAX} that were looked at; ask for fewer days."));
    }
    Ok(())
}

/// What goes as one letter, with its invoices below it when there are several.
fn lines(x: &One) -> String {
    let about = |one: &About| format!("{} ({}), {}", one.number, one.open, step_words(one.step));
    let moved = |one: &About| if one.moved.is_empty() { String::new() } else { format!(", {}", one.moved) };
    match &x.invoices[..] {
        [one] => format!("{}  {}, {}. {}{}.", x.at, x.client, about(one), x.words, moved(one)),
        all => {
            let head = format!("{}  {}, {} invoices. {}, as one letter:", x.at, x.client, all.len(), x.words);
            let indent = " ".repeat(x.at.len() + 2);
            all.iter().fold(head, |text, one| format!("{text}\n{indent}{}{}", about(one), moved(one)))
        }
    }
}
