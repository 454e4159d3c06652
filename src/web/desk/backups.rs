//! Backups: the last and the next, how old and how large, and whether it could be restored.

use maud::{Markup, html};

use super::backup_identity;
use super::form::Typed;
use crate::app::BackupPlan;
use crate::config::BackupPlace;
use crate::domain::access::Act;
use crate::domain::backup::SealedIdentity;
use crate::domain::backups::{Backups, Drill, Made, Trouble};
use crate::domain::firm::Locale;
use crate::store::prelude::*;
use crate::web::forms::Fields;
use crate::web::guard::{Desk, DeskGovern};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Fig, Icon, Row, Tone, time};
use crate::web::problem::Problem;

/// Where it is.
pub const PAGE: &str = "/desk/backups";
/// Seconds beyond which a span is told in minutes.
const SECONDS_MAX: u32 = 120;

/// `GET /desk/backups`
pub async fn show(DeskGovern(desk): DeskGovern) -> Result<Markup, Problem> {
    page(&desk, Typed::fresh(&Fields::default()))
}

/// The page, with the form that downloads a sealed identity as it was typed.
///
/// # Errors
/// When the store fails.
pub(super) fn page(desk: &Desk, typed: Typed<'_>) -> Result<Markup, Problem> {
    desk.read(|r| {
        let (all, recipients, sealed) = (r.backups()?, r.backup_recipients()?, r.sealed_identities()?);
        let title = "Backups";
        let body = html! {
            (parts::head(title, "Copies of everything, which this server itself can’t open.", html! {}))
            (super::settings::tabs("backups"))
            @if !typed.errors.is_empty() { div.sec-m { (parts::error_summary(typed.errors)) } }
            @match &desk.app.settings.backup {
                None => (unconfigured()),
                Some(plan) => (configured(desk, plan, &all)),
            }
            (parts::section("recipients", "Who can open them", "", whom(&recipients, &sealed)))
            @if !sealed.is_empty() {
                (parts::section("identity", "Keep a sealed identity", "", backup_identity::form(desk, typed, &sealed)))
            }
        };
        Ok(desk.page(DeskNav::Backups, &parts::titled(title, typed.errors), body))
    })
}

/// Red on *Today*, for owners, when something is wrong with the backups.
///
/// # Errors
/// When the store fails.
pub(super) fn banner(r: &ReadTx, desk: &Desk) -> Result<Markup, StoreError> {
    if desk.app.settings.backup.is_none() || !desk.may(Act::Govern) {
        return Ok(html! {});
    }
    let troubles = r.backups()?.troubles(desk.app.now());
    let link = || parts::link(parts::Look::Plain, PAGE, "Backups");
    Ok(html! {
        @for trouble in &troubles {
            @let (strong, rest) = words(desk, trouble);
            div.gap-y { (parts::note_actions(Tone::Bad, Icon::Disk, strong, rest, link())) }
        }
    })
}

fn words(desk: &Desk, trouble: &Trouble) -> (&'static str, String) {
    match trouble {
        Trouble::Failed(reason) => ("The last backup failed.", format!("{reason} It is tried again within the hour.")),
        Trouble::Late(since) => {
            let since = desk.locale().instant_short(*since, desk.zone(), desk.today());
            ("The newest backup is too old.", format!("There is none since {since}."))
        }
        Trouble::Drill(fault) => ("The newest backup could not be restored on trial.", fault.clone()),
    }
}

fn unconfigured() -> Markup {
    html! {
        div.sec-m {
            (parts::empty("This server takes no backups by itself.", "Whoever runs it adds these lines to its configuration, with a folder on another disk, and starts it again:"))
            pre.gap-y { "[backup]\nfolder = \"/var/backups/counterfoil\"\nat = \"03:15\"" }
            p.hint { "By hand, or by a timer: " code { "counterfoil backup --folder DIR" } ". Those are in the activity log." }
        }
    }
}

fn configured(desk: &Desk, plan: &BackupPlan, all: &Backups) -> Markup {
    html! {
        div.sec-m {
            @for trouble in &all.troubles(desk.app.now()) {
                @let (strong, rest) = words(desk, trouble);
                (parts::note(Tone::Bad, Icon::Disk, strong, rest))
            }
        }
        (parts::figs(&figures(desk, plan, all)))
        (parts::section("where", "Where they are", "", facts(plan, all)))
        (parts::section("drills", "Restored on trial", "", drills(desk, plan, all)))
    }
}

fn figures(desk: &Desk, plan: &BackupPlan, all: &Backups) -> Vec<Fig> {
    let (now, locale) = (desk.app.now(), desk.locale());
    let short = |at| locale.instant_short(at, desk.zone(), desk.today());
    let next = Fig::new("Next", short(all.next(now, plan.at, desk.zone())))
        .note(format!("Every day at {}", locale.time(plan.at)));
    let Some(last) = &all.last else {
        return vec![Fig::new("Last", "None yet").note("The first is taken soon"), next];
    };
    let late = if all.late(now).is_some() { Tone::Bad } else { Tone::Ok };
    let (verified, tone) = match all.drills.first() {
        _ if plan.scratch.is_none() => ("Not tried", Tone::Warn),
        Some(drill) if drill.taken == last.taken && drill.fault.is_none() => ("Yes", Tone::Ok),
        Some(drill) if drill.taken == last.taken => ("No", Tone::Bad),
        _ => ("Not yet", Tone::Warn),
    };
    vec![
        Fig::new("Last", short(last.taken)).note(age(now.duration_since(last.taken).as_secs())).tone(late),
        next,
        Fig::new("Size", locale.bytes(last.bytes)).note(written(locale, plan, last)),
        Fig::new("Restored on trial", verified).tone(tone),
    ]
}

fn written(locale: Locale, plan: &BackupPlan, last: &Made) -> String {
    match plan.incremental {
        true => format!("{} of it written, in {}", locale.bytes(last.added), span(last.seconds)),
        false => format!("Written in {}", span(last.seconds)),
    }
}

fn facts(plan: &BackupPlan, all: &Backups) -> Markup {
    let kind = match plan.incremental {
        true => "Incremental: each writes what changed, and every point that is kept can be restored",
        false => "Whole: each is a file of its own",
    };
    let kept = format!("{} days, {} weeks, {} months", plan.keep.daily, plan.keep.weekly, plan.keep.monthly);
    let mut facts =
        vec![place(&plan.place), ("Kind", html! { (kind) }), ("Kept", html! { "The newest of each of " (kept) })];
    if let Some(last) = &all.last {
        facts.push(("Newest file", html! { span.mono { (last.file) } }));
        facts.push(("Its SHA-256", html! { span.mono { (last.digest) } }));
    }
    if let Some(failure) = &all.failure {
        let times = if failure.attempts == 1 { "once".to_owned() } else { format!("{} times", failure.attempts) };
        facts.push(("Failed since", html! { (times) ": " (failure.reason) }));
    }
    parts::facts(&facts)
}

fn place(place: &BackupPlace) -> (&'static str, Markup) {
    match place {
        BackupPlace::Folder(folder) => ("Folder", html! { span.mono { (folder.display()) } }),
        BackupPlace::Bucket(bucket) => ("Bucket", html! { span.mono { (bucket.place()) } }),
    }
}

fn drills(desk: &Desk, plan: &BackupPlan, all: &Backups) -> Markup {
    if plan.scratch.is_none() {
        return parts::empty(
            "Backups are not restored on trial.",
            "Whoever runs this server can set drill = true under [backup].",
        );
    }
    if all.drills.is_empty() {
        return parts::empty(
            "None was restored yet.",
            "It is tried right after each backup: the file is read back, restored to a scratch folder, and compared.",
        );
    }
    let cols = [Col::short("When"), Col::text("Outcome").wide(), Col::num("Records"), Col::num("Took")];
    let rows: Vec<Row> = all.drills.iter().map(|drill| drill_row(desk, drill)).collect();
    parts::scroller("Restored on trial", &cols, &rows, None)
}

fn drill_row(desk: &Desk, drill: &Drill) -> Row {
    let (tone, word) = if drill.fault.is_none() { (Tone::Ok, "Restored") } else { (Tone::Bad, "Failed") };
    Row {
        tone,
        cells: vec![
            time(drill.at, desk.locale().instant_short(drill.at, desk.zone(), desk.today())),
            html! { (parts::tag(tone, word)) @if let Some(fault) = &drill.fault { small { (fault) } } },
            html! { @if drill.fault.is_none() { (drill.rows) } },
            html! { (span(drill.seconds)) },
        ],
        ..Row::default()
    }
}

fn whom(recipients: &[String], sealed: &[SealedIdentity]) -> Markup {
    let by_passphrase = |recipient: &String| sealed.iter().any(|identity| identity.recipient == *recipient);
    html! {
        ul.stack {
            @for recipient in recipients {
                li {
                    span.mono { (recipient) }
                    @if by_passphrase(recipient) { p.hint { "With a passphrase: every backup carries this identity, sealed with it." } }
                }
            }
        }
        p.hint { "Each stands for an identity that is kept away from this server. At the server, " code { "counterfoil backup recipients" } " adds and removes them; a change is in the activity log." }
    }
}

fn age(seconds: i64) -> String {
    match seconds / 3_600 {
        0 => "Less than an hour old".to_owned(),
        1 => "An hour old".to_owned(),
        hours @ ..48 => format!("{hours} hours old"),
        hours => format!("{} days old", hours / 24),
    }
}

fn span(seconds: u32) -> String {
    match seconds {
        0 | 1 => "a second".to_owned(),
        ..=SECONDS_MAX => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds / 60),
    }
}
