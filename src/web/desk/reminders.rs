//! What the reminders will do next, and why. Read only.

use std::collections::BTreeSet;

use jiff::Timestamp;
use maud::{Markup, html};

use super::names::NamesOf;
use super::{outlook, pauses};
use crate::actions::letters::recipients;
use crate::domain::calendar;
use crate::domain::reminder::{Policy, Review, plan, review};
use crate::domain::sentence::step_words;
use crate::domain::text::capital;
use crate::store::invoices::Row as Document;
use crate::store::prelude::*;
use crate::web::forms::Query;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts;
use crate::web::problem::Problem;

/// Looks read to find those that a member of few clients may see.
const LOOKED_MAX: usize = 1_000;

/// One look at an invoice's reminders that lies ahead.
pub(super) struct Look {
    /// When.
    pub at: Timestamp,
    /// At which invoice.
    pub document: Document,
    /// Whether letters will go.
    pub sends: bool,
    /// The step that it is about, if one.
    pub step: Option<i16>,
    /// What will happen, as far as is known now.
    pub what: String,
}

/// The next looks, soonest first, at most `limit`.
pub(super) fn ahead(r: &ReadTx, desk: &Desk, limit: usize) -> Result<Vec<Look>, StoreError> {
    let looked = if desk.scope.only().is_some() { LOOKED_MAX } else { limit };
    let now = desk.app.now();
    let mut out = Vec::new();
    for (at, id) in r.reminders_ahead(looked)? {
        if out.len() == limit {
            break;
        }
        let Some(document) = r.invoice_row(id)?.filter(|d| desk.scope.sees(d.invoice.client)) else { continue };
        out.push(foresee(r, desk, document, at.max(now))?);
    }
    Ok(out)
}

/// What a look at `at` will find, if nothing changes until then.
fn foresee(r: &ReadTx, desk: &Desk, document: Document, at: Timestamp) -> Result<Look, StoreError> {
    let policy = &desk.app.settings.policy;
    let look = |document, sends, step, what: &str| Ok(Look { at, document, sends, step, what: what.to_owned() });
    if document.open().minor <= 0 {
        return look(document, false, None, "Nothing is open any more; no letter");
    }
    let Some(published) = document.invoice.issue.as_ref().map(|i| i.at) else {
        return look(document, false, None, "Not issued; no letter");
    };
    let day = calendar::today(at, desk.zone());
    if let Some(pause) = r.pause_on(&document.invoice, day)? {
        let until = desk.locale().date_short(pause.until, desk.today());
        return look(document, false, None, &format!("Held: paused until {until}, {}", pause.reason));
    }
    let settled: BTreeSet<i16> = r.reminder_steps(document.invoice.id)?.into_iter().map(|x| x.0).collect();
    let due = document.due();
    let found = review(&plan(due, policy, desk.zone()), published, due, &settled, at, desk.zone(), policy);
    let to = recipients(r, &document.invoice)?;
    match found.send {
        Some(step) if to.is_empty() => {
            look(document, false, Some(step.step), "Not sent: nobody at the client gets reminders")
        }
        Some(step) => {
            let names: Vec<&str> = to.iter().map(|c| c.name.as_str()).collect();
            look(document, true, Some(step.step), &format!("Goes to {}", names.join(", ")))
        }
        None => {
            let what = quiet(desk, &found);
            look(document, false, None, &what)
        }
    }
}

fn quiet(desk: &Desk, found: &Review) -> String {
    let next = found.wake.map(|at| desk.locale().instant_short(at, desk.zone(), desk.today()));
    let reason = if !found.skipped.is_empty() {
        "Not sent: it would fall before the invoice was published"
    } else if !found.expired.is_empty() {
        "Not sent: the due date has passed"
    } else if !found.superseded.is_empty() {
        "Not sent: a later one is due too"
    } else {
        "Looks at what is due"
    };
    next.map_or_else(|| reason.to_owned(), |at| format!("{reason}; next on {at}"))
}

/// `GET /desk/reminders?day=&client=`
pub async fn show(desk: Desk, Query(fields): Query) -> Result<Markup, Problem> {
    let asked = outlook::Asked::of(&fields);
    desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let (ahead, paused) = (outlook::section(r, &desk, &names, &asked)?, pauses::all(r, &desk, &names)?);
        let body = html! {
            (parts::head("Reminders", "Polite, on time, and they stop by themselves the moment something changes.", html! {}))
            (super::letters::tabs("reminders"))
            (parts::section("rules", "The rules", "The same for every client", rules(&desk, &desk.app.settings.policy)))
            (parts::section("paused", "Paused", "Each ends by itself", paused))
            (ahead)
        };
        Ok(desk.page(DeskNav::Letters, "Reminders", body))
    })
}

fn rules(desk: &Desk, policy: &Policy) -> Markup {
    let locale = desk.locale();
    let mut steps: Vec<i16> = policy.steps.iter().map(|s| s.offset).collect();
    steps.sort_unstable();
    let zone = desk.zone().iana_name().unwrap_or("UTC");
    html! {
        ul { @for step in steps { li { (capital(&step_words(step))) } } }
        p.gap-y {
            "Letters go on working days from " (locale.time(policy.at)) " to " (locale.time(policy.window_end)) " (" (zone) "). "
            "Before the due date, a day off moves a letter to the working day before; after it, to the next one. "
            "After a standstill only the latest missed step is sent, once. Nothing goes after payment."
        }
    }
}
