//! The time machine: the last year under a policy, beside what went. By the policy that is kept, on a page of its own;
//! by one that is typed, beside its effect.

use maud::{Markup, html};

use super::names::NamesOf;
use super::{policy, policy_form};
use crate::actions::policy_past::{Month, Past, past};
use crate::actions::policy_why::why;
use crate::domain::policy::Policy;
use crate::store::prelude::*;
use crate::web::charts::{self, Pair};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Row};
use crate::web::problem::Problem;

/// The page.
pub(super) const PAGE: &str = "/desk/reminders/policy/past";
/// Invoices that are listed.
const LINES: usize = 40;

/// `GET /desk/reminders/policy/past`
pub async fn show(desk: Desk) -> Result<Markup, Problem> {
    desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let body = html! {
            (parts::back(policy::PAGE, "Reminder policy"))
            (parts::head("The last year under this policy", "What would have gone, beside what went", ""))
            (drawn(&desk, r, &names, &r.policy()?)?)
        };
        Ok(desk.page(DeskNav::Letters, "The last year under this policy", body))
    })
}

/// The last year under `policy`, as a section.
pub(super) fn drawn(
    desk: &Desk,
    r: &ReadTx,
    names: &NamesOf<'_, ReadTx>,
    policy: &Policy,
) -> Result<Markup, StoreError> {
    let found = past(r, desk.zone(), policy, desk.app.now(), |client| desk.scope.sees(client))?;
    let body = html! {
        p { (said(&found)) }
        @if found.did() + found.would() > 0 { (chart(desk, &found)) }
        (list(desk, r, names, policy, &found)?)
        p.small.mut.gap-y {
            "Each invoice was looked at from its publication until nothing was open of it, with what was open and opened then. "
            "What was paused, promised or disputed then, or stood still, is not taken off what would have gone; the list says it."
        }
    };
    let since = format!("Invoices dated since {}", desk.locale().date_short(found.from, desk.today()));
    Ok(parts::section("past", "Over the last year", since, body))
}

fn said(found: &Past) -> String {
    let Past { invoices, changed, more, .. } = found;
    if *invoices == 0 {
        return "No invoice of the last year is one that is reminded of.".to_owned();
    }
    let reminders = |n: usize| if n == 1 { "1 reminder".to_owned() } else { format!("{n} reminders") };
    let only = if *more { format!(" Only the newest {invoices} invoices were looked at.") } else { String::new() };
    format!(
        "Of {invoices} {}, {} went; {} would have gone. It differs for {}.{only}",
        if *invoices == 1 { "invoice" } else { "invoices" },
        reminders(found.did()),
        reminders(found.would()),
        changed.len()
    )
}

fn chart(desk: &Desk, found: &Past) -> Markup {
    let pair = |x: &Month| Pair {
        label: x.first.strftime("%b").to_string(),
        long: desk.locale().month_and_year(x.first),
        counts: [x.did, x.would],
    };
    let pairs: Vec<Pair> = found.months.iter().map(pair).collect();
    charts::pairs("past-d", "past", &said(found), ["Went", "Would have gone", "Month"], &pairs)
}

fn list(
    desk: &Desk,
    r: &ReadTx,
    names: &NamesOf<'_, ReadTx>,
    policy: &Policy,
    found: &Past,
) -> Result<Markup, StoreError> {
    let cols = [
        Col::text("Invoice"),
        Col::text("Client"),
        Col::short("Went"),
        Col::short("Would have gone"),
        Col::text("Why"),
    ];
    let mut rows: Vec<Row> = Vec::new();
    for x in found.changed.iter().take(LINES) {
        let (mut row, why) = (policy_form::row(desk, names, x), why(r, desk.zone(), policy, x)?);
        row.cells.push(html! { @for one in &why { div { (one) } } });
        rows.push(row);
    }
    Ok(html! {
        @if !rows.is_empty() { (parts::scroller("Invoices for which it differs", &cols, &rows, None)) }
        @if found.changed.len() > LINES { p.mut.small { "The newest " (LINES) " of " (found.changed.len()) "." } }
    })
}
