//! The reminder policy: what it says now, and every version with who made it, when, why, and what it changed.

use maud::{Markup, html};

use super::links;
use super::names::NamesOf;
use super::{policy_days, wordings};
use crate::domain::access::Act;
use crate::domain::event::Actor;
use crate::domain::policy::{Policy, PolicyVersion, differences, step_line};
use crate::domain::promise::HOLDS;
use crate::domain::sentence::Names;
use crate::store::prelude::*;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Icon, Look, Tone, time};
use crate::web::problem::Problem;

/// The page.
pub(super) const PAGE: &str = "/desk/reminders/policy";
/// Where it shows the public holidays.
pub(super) const HOLIDAYS_ID: &str = "holidays";

/// `GET /desk/reminders/policy`
pub async fn show(desk: Desk) -> Result<Markup, Problem> {
    desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let (now, mut versions) = (r.policy_now()?, r.policy_versions()?);
        versions.push(PolicyVersion::standard());
        let edit = html! {
            @if desk.may(Act::Govern) { (parts::link(Look::Primary, super::policy_form::PAGE, "Change the policy")) }
        };
        let busy = r.replanning()?.is_some();
        let body = html! {
            (parts::back("/desk/reminders", "Reminders"))
            (parts::head("Reminder policy", "The same for every client and every member of staff.", edit))
            @if busy {
                (parts::note(Tone::Info, Icon::Clock, "The last change is being carried out.", "Each open invoice gets its new days in turn; what was sent stays sent."))
            }
            (parts::section("now", "What holds now", "", html! {
                (rules(&desk, &now.policy, &names, r.pdfs_along()?))
                p { a href=(super::policy_past::PAGE) { "The last year under this policy" } }
            }))
            (policy_days::known(&desk, &now.policy, desk.may(Act::Govern)))
            (parts::section("versions", "Versions", "Kept as they were", history(&desk, &names, &versions)))
        };
        Ok(desk.page(DeskNav::Letters, "Reminder policy", body))
    })
}

/// A policy in words.
pub(super) fn rules(desk: &Desk, policy: &Policy, names: &NamesOf<'_, ReadTx>, along: bool) -> Markup {
    let locale = desk.locale();
    let zone = desk.zone().iana_name().unwrap_or("UTC");
    html! {
        @if policy.steps.is_empty() { p { "No reminders are sent." } }
        ul { @for step in &policy.steps { li { (step_line(step, locale, |id| names.staff(id))) } } }
        @if desk.may(Act::Govern) { p.small { a href={ (wordings::PAGE) "#" (wordings::STEPS_ID) } { "What each step’s letter says" } } }
        p.gap-y {
            "Letters go on working days, " (policy.days.weekday_words())
            @if !policy.days.holidays.is_empty() { ", but not on " a href={ (PAGE) "#" (HOLIDAYS_ID) } { "public holidays" } }
            ", from " (locale.time(policy.at)) " to " (locale.time(policy.window_end)) " (" (zone) "). "
            "Before the due date, a day off moves a letter to the working day before; after it, to the next one. "
            "After a standstill only the latest missed step is sent, once. Nothing goes after payment. "
            "Payments are promised " (policy.promises.words()) "; " (HOLDS) "."
            @if along { " Each invoice’s PDF goes along with its letter." }
        }
    }
}

/// The versions, the newest first, each with what it changed.
fn history(desk: &Desk, names: &NamesOf<'_, ReadTx>, versions: &[PolicyVersion]) -> Markup {
    let locale = desk.locale();
    let changed = |n: usize, one: &PolicyVersion| {
        let before = versions.get(n + 1)?;
        Some(differences(&before.policy, &one.policy, locale, |id| names.staff(id)))
    };
    html! {
        @for (n, one) in versions.iter().enumerate() {
            @if one.version == 0 { p { b { (one.reason) } ", before any other" } } @else {
                p {
                    b { "Version " (one.version) ": " (one.reason) } br;
                    span.mut { (by(names, &one.by)) ", " (time(one.at, locale.instant_short(one.at, desk.zone(), desk.today()))) }
                }
                ul { @for line in changed(n, one).unwrap_or_default() { li { (line) } } }
            }
        }
    }
}

fn by(names: &NamesOf<'_, ReadTx>, actor: &Actor) -> String {
    match actor {
        Actor::Staff(id) => names.staff(*id),
        _ => "Counterfoil".to_owned(),
    }
}

/// The policy in short, for the page of reminders.
pub(super) fn short(desk: &Desk, policy: &Policy, names: &NamesOf<'_, ReadTx>, along: bool) -> Markup {
    html! {
        (rules(desk, policy, names, along))
        p { a href=(PAGE) { "Versions" @if desk.may(Act::Govern) { ", and changing it" } } @if desk.may(Act::Govern) { " · " a href=(wordings::PAGE) { "What letters say" } " · " a href=(super::late_payment::PAGE) { "Late payment" } } " · " a href=(links::with_query("/desk/activity", &[("topic", "mail")])) { "What happened" } }
    }
}
