//! What the reminders will do next, and why. Read only.

use std::collections::BTreeSet;

use jiff::Timestamp;
use maud::{Markup, html};

use super::names::NamesOf;
use super::{disputes, outlook, pauses, policy, promises};
use crate::actions::letters::{Reached, reached};
use crate::actions::reminders::Rules;
use crate::domain::calendar;
use crate::domain::hold::Hold;
use crate::domain::ids::ContactId;
use crate::domain::policy::Channel;
use crate::domain::reminder::{Review, plan, review_if};
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
    /// To whom at the client, when they do.
    pub to: Vec<ContactId>,
    /// The step that it is about, if one.
    pub step: Option<i16>,
    /// What will happen, as far as is known now.
    pub what: String,
}

/// The next looks, soonest first, at most `limit`.
pub(super) fn ahead(r: &ReadTx, desk: &Desk, limit: usize) -> Result<Vec<Look>, StoreError> {
    let looked = if desk.scope.only().is_some() { LOOKED_MAX } else { limit };
    let (now, rules) = (desk.app.now(), Rules::now(r, desk.zone())?);
    let mut out = Vec::new();
    for (at, id) in r.reminders_ahead(looked)? {
        if out.len() == limit {
            break;
        }
        let Some(document) = r.invoice_row(id)?.filter(|d| desk.scope.sees(d.invoice.client)) else { continue };
        out.push(foresee(r, desk, &rules, document, at.max(now))?);
    }
    Ok(out)
}

/// What a look at `at` will find, if nothing changes until then.
fn foresee(r: &ReadTx, desk: &Desk, rules: &Rules, document: Document, at: Timestamp) -> Result<Look, StoreError> {
    let rules = &rules.of(r, &document.invoice, document.due())?;
    let (policy, zone) = (&rules.policy, &rules.zone);
    let look = |document, step, what: &str| {
        Ok(Look { at, document, sends: false, to: Vec::new(), step, what: what.to_owned() })
    };
    if document.open().minor <= 0 {
        return look(document, None, "Nothing is open any more; no letter");
    }
    let Some(published) = document.invoice.issue.as_ref().map(|i| i.at) else {
        return look(document, None, "Not issued; no letter");
    };
    let day = calendar::today(at, desk.zone());
    if let Some(hold) = r.hold_on(&document.invoice, day)? {
        let held = hold.of_step(desk.locale(), desk.today());
        let why = if let Hold::Pause(pause) = &hold { format!(", {}", pause.reason) } else { String::new() };
        return look(document, None, &format!("{held}{why}"));
    }
    let settled: BTreeSet<i16> = r.reminder_steps(document.invoice.id)?.into_iter().map(|x| x.0).collect();
    let due = document.due();
    let failing = rules.failing(r, &document, at)?;
    let holds = |step| failing.iter().all(|x| x.0 != step);
    let plan = plan(due, policy, zone);
    let found = review_if(&plan, published, due, &settled, at, zone, policy, holds);
    let to = match found.send.and_then(|x| policy.step(x.step)) {
        Some(step) => reached(r, &document.invoice, step)?,
        None => Reached::default(),
    };
    match found.send {
        Some(step) if policy.step(step.step).is_some_and(|x| x.by == Channel::Call) => {
            look(document, Some(step.step), "Staff are asked to call")
        }
        Some(step) if to.contacts.is_empty() => {
            look(document, Some(step.step), "Not sent: nobody at the client gets reminders")
        }
        Some(step) => {
            let what = format!("Goes to {}", to.words());
            let to = to.contacts.iter().map(|c| c.id).collect();
            Ok(Look { at, document, sends: true, to, step: Some(step.step), what })
        }
        None => {
            let what = quiet(desk, &found);
            look(document, None, &what)
        }
    }
}

fn quiet(desk: &Desk, found: &Review) -> String {
    let next = found.wake.map(|at| desk.locale().instant_short(at, desk.zone(), desk.today()));
    let reason = if !found.skipped.is_empty() {
        "Not sent: it would fall before the invoice was published"
    } else if !found.expired.is_empty() {
        "Not sent: the due date has passed"
    } else if !found.unmet.is_empty() {
        "Not sent, as things stand: its condition does not hold"
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
        let promised = promises::all(r, &desk, &names)?;
        let disputed = disputes::all(r, &desk, &names)?;
        let body = html! {
            (parts::head("Reminders", "Polite, on time, and they stop by themselves the moment something changes.", html! {}))
            (super::letters::tabs("reminders"))
            (parts::section("rules", "The rules", html! { a href="/desk/fairness" { "Fair treatment" } }, policy::short(&desk, &r.policy()?, &names, r.pdfs_along()?)))
            (parts::section("paused", "Paused", "Each ends by itself", paused))
            (parts::section("promised", "Promised", "No reminder goes until then", promised))
            (parts::section("disputed", "Disputed", "Not asked for until somebody answers", disputed))
            (ahead)
        };
        Ok(desk.page(DeskNav::Letters, "Reminders", body))
    })
}
