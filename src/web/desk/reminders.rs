//! What the reminders will do next, and why. Read only.

use std::collections::BTreeSet;

use jiff::Timestamp;
use maud::{Markup, html};

use super::links;
use super::names::NamesOf;
use crate::actions::letters::recipients;
use crate::domain::ids::InvoiceId;
use crate::domain::reminder::{Policy, Review, plan, review};
use crate::domain::sentence::{Names, step_words};
use crate::domain::text::capital;
use crate::store::invoices::Row as Document;
use crate::store::prelude::*;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Row, Tone, nw, time};
use crate::web::problem::Problem;

/// Looks that the page shows.
const SHOWN: usize = 40;
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

/// `GET /desk/reminders`
pub async fn show(desk: Desk) -> Result<Markup, Problem> {
    desk.read(|r| {
        let looks = ahead(r, &desk, SHOWN)?;
        let names = NamesOf::among(r, &desk.scope);
        let rows: Vec<Row> = looks.iter().map(|look| row(&desk, look, &names)).collect();
        Ok(desk.page(DeskNav::Letters, "Reminders", body(&desk, &rows)))
    })
}

fn row(desk: &Desk, look: &Look, names: &NamesOf<'_, ReadTx>) -> Row {
    let locale = desk.locale();
    let invoice = &look.document.invoice;
    let id: InvoiceId = invoice.id;
    let step = look.step.map(|step| capital(&step_words(step))).unwrap_or_default();
    Row {
        tone: if look.sends { Tone::Info } else { Tone::Plain },
        cells: vec![
            time(look.at, locale.instant_short(look.at, desk.zone(), desk.today())),
            html! {
                a href=(links::invoice(id)) { (nw(names.document(id))) }
                small { (locale.money(look.document.open())) }
            },
            html! { a href=(links::client(invoice.client)) { (names.client(invoice.client)) } },
            html! { (step) },
            html! { (look.what) },
        ],
        ..Row::default()
    }
}

fn body(desk: &Desk, rows: &[Row]) -> Markup {
    let cols =
        [Col::short("When"), Col::text("Invoice"), Col::text("Client"), Col::text("Step"), Col::text("What happens")];
    html! {
        (parts::head("Reminders", "Polite, on time, and they stop by themselves the moment something changes.", html! {}))
        (super::letters::tabs("reminders"))
        (parts::section("rules", "The rules", "The same for every client", rules(desk, &desk.app.settings.policy)))
        (parts::section("ahead", "What comes next", format!("The next {SHOWN}, if nothing changes until then"), html! {
            @if rows.is_empty() { (parts::empty("No reminder is ahead.", "Each open invoice brings its own, a week before it is due.")) }
            @else { (parts::scroller("Reminders ahead", &cols, rows, None)) }
        }))
    }
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
