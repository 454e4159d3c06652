//! Many drafts issued in one run: choosing them, watching how far it is, and the report of what was refused and why.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::document_table;
use super::form::{again, on_to};
use super::links;
use super::names::NamesOf;
use super::runs::{self, Run};
use crate::actions::invoices::{self, Outcome};
use crate::domain::ids::InvoiceId;
use crate::secrets::Token;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, Query};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, FieldError, Icon, Look, Tone, csrf_input};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// Most drafts of one run.
const DRAFTS_MAX: usize = 2_000;
const TITLE: &str = "Issue drafts";

/// How far a run is.
#[derive(Clone, Debug, Default)]
pub struct Far {
    /// What came of each draft so far.
    pub outcomes: Vec<Outcome>,
    /// How many drafts there are in all.
    pub all: usize,
    /// Whether nothing more comes.
    pub ended: bool,
    /// Why it broke off, if it did.
    pub broken: Option<String>,
}

/// `GET /desk/invoices/issue?client=`
pub async fn ask(DeskWork(desk): DeskWork, Query(query): Query) -> Result<Response, Problem> {
    Ok(choose(&desk, &query, &[])?.into_response())
}

/// `POST /desk/invoices/issue`: begins a run.
pub async fn begin(DeskWork(desk): DeskWork, Posted(fields): Posted) -> Result<Response, Problem> {
    let mut drafts: Vec<InvoiceId> = fields.all("draft").filter_map(|x| x.parse().ok()).collect();
    if drafts.is_empty() || drafts.len() > DRAFTS_MAX {
        let message = format!("Choose at least one draft, and {DRAFTS_MAX} at most.");
        return Ok(again(choose(&desk, &fields, &[FieldError::new("draft", message)])?));
    }
    // Numbers go by date, whatever the order in which a form sends them.
    let order = desk.read(|r| Ok(invoices::drafts(r, &desk.scope, None, usize::MAX)?))?;
    let place = |id: &InvoiceId| order.iter().position(|x| x.id == *id).unwrap_or(usize::MAX);
    drafts.sort_by_cached_key(place);
    drafts.dedup();
    // The form drew its token, so that pressed twice it is one run.
    let drawn = Token::parse(fields.get("once")).unwrap_or_else(|| Token::draw(&desk.app.entropy));
    let (token, now) = (drawn.reveal(), desk.app.now());
    let far = Far { all: drafts.len(), ..Far::default() };
    let Some(run) = desk.web.runs.begin(Run::new(&token, desk.session, far, now), now) else {
        return Ok(on_to(&address(&token)));
    };
    let (app, by, scope) = (desk.app.clone(), desk.by(), desk.scope.clone());
    tokio::spawn(async move {
        let tell = |outcomes| {
            run.note(|far| far.outcomes.extend(outcomes));
            true
        };
        let done = invoices::issue_many(&app, by, &scope, &drafts, tell).await;
        run.note(|far| (far.ended, far.broken) = (true, done.err().map(|error| error.to_string())));
    });
    Ok(on_to(&address(&token)))
}

/// `GET /desk/invoices/issue/{run}`: how far a run is; at its end the report.
pub async fn show(DeskWork(desk): DeskWork, Path(run): Path<String>) -> Result<Response, Problem> {
    let found: Option<Arc<Run<Far>>> = desk.web.runs.get(&run, desk.session);
    let far = found.ok_or(Problem::NotFound)?.far();
    if far.ended {
        return Ok(report(&desk, &far)?.into_response());
    }
    Ok(runs::under_way(under_way(&desk, &far, &run)))
}

fn address(token: &str) -> String {
    format!("/desk/invoices/issue/{token}")
}

fn choose(desk: &Desk, query: &Fields, errors: &[FieldError]) -> Result<Markup, Problem> {
    desk.read(|r| {
        let client = document_table::client_asked(desk, r, query)?;
        let all = invoices::drafts(r, &desk.scope, client.as_ref().map(|x| x.id), DRAFTS_MAX)?;
        let names = NamesOf::among(r, &desk.scope);
        let (locale, today) = (desk.locale(), desk.today());
        let cols = [Col::short(""), Col::name("Draft"), Col::text("Client").wide(), Col::short("Dated"), Col::num("Amount")];
        let rows: Vec<parts::Row> = all
            .iter()
            .map(|x| {
                let (id, name) = (format!("d-{}", x.id), names.client(x.client));
                let cells = vec![
                    html! { input type="checkbox" id=(id) name="draft" value=(x.id) checked; },
                    html! {
                        label for=(id) { (if x.title.is_empty() { "Draft" } else { x.title.as_str() }) }
                        small.narrow { (name) }
                        " " a.small href={ (links::invoice(x.id)) "/preview" } { "Preview" span.vh { " " (x.title) } }
                    },
                    html! { (name) },
                    html! { (parts::time(x.dated, locale.date_short(x.dated, today))) },
                    html! { (locale.money(x.payable())) },
                ];
                cells.into()
            })
            .collect();
        let body = html! {
            (parts::back("/desk/invoices?state=draft", "Drafts"))
            (parts::head(TITLE, "Each gets its number, in the order of their dates, and goes to whom it belongs.", ""))
            (parts::error_summary(errors))
            @if all.is_empty() {
                (parts::empty("No drafts.", html! { a href="/desk/invoices/new" { "Write an invoice" } }))
            } @else {
                form method="post" action="/desk/invoices/issue" {
                    (csrf_input(&desk.csrf))
                    (parts::hidden("once", &Token::draw(&desk.app.entropy).reveal()))
                    (parts::scroller("Drafts to issue", &cols, &rows, None))
                    @if all.len() == DRAFTS_MAX { p.hint { "These are the first " (DRAFTS_MAX) "." } }
                    p.hint { "Nothing that was issued can be taken back but by a credit note." }
                    div.row { (parts::submit(Look::Primary, "Issue those ticked")) a href="/desk/invoices?state=draft" { "Cancel" } }
                }
            }
        };
        Ok(desk.page(DeskNav::Invoices, &parts::titled(TITLE, errors), body))
    })
}

fn under_way(desk: &Desk, far: &Far, run: &str) -> Markup {
    let (done, all) = (far.outcomes.len(), far.all);
    let body = html! {
        (parts::back("/desk/invoices?state=draft", "Drafts"))
        (parts::head("Issuing", format!("{done} of {all} are done."), ""))
        p { progress max=(all) value=(done) aria-label="Drafts that are done" { (done) " of " (all) } }
        p.mut { "This page asks again by itself. You can leave it; issuing goes on. " a href=(address(run)) { "Look now" } }
    };
    desk.page(DeskNav::Invoices, "Issuing", body)
}

fn report(desk: &Desk, far: &Far) -> Result<Markup, Problem> {
    let issued: Vec<_> = far.outcomes.iter().filter_map(|x| Some((x.draft, x.came.as_ref().ok()?))).collect();
    let refused: Vec<_> = far.outcomes.iter().filter_map(|x| Some((x.draft, x.came.as_ref().err()?))).collect();
    let rows = desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let row = |(id, why): &(InvoiceId, &String)| -> Result<parts::Row, Problem> {
            let draft = r.invoice(*id)?.filter(|x| desk.scope.sees(x.client));
            let (title, client) = draft.map_or_else(Default::default, |x| (x.title, names.client(x.client)));
            let href = format!("{}/preview", links::invoice(*id));
            let name = if title.is_empty() { format!("Draft {id}") } else { title };
            Ok(vec![html! { a href=(href) { (name) } small { (client) } }, html! { (why) }].into())
        };
        refused.iter().map(row).collect::<Result<Vec<_>, _>>()
    })?;
    let (count, left) = (issued.len(), refused.len());
    let strong = if count == 1 { "1 was issued.".to_owned() } else { format!("{count} were issued.") };
    let span = match (issued.first(), issued.last()) {
        (Some(first), Some(last)) if count > 1 => format!("From {} to {}.", first.1, last.1),
        (Some(only), _) => format!("It is {}.", only.1),
        _ => String::new(),
    };
    let body = html! {
        (parts::back("/desk/invoices?state=draft", "Drafts"))
        (parts::head("Drafts issued", "", ""))
        @if count > 0 { (parts::status(Tone::Ok, Icon::Check, strong, span)) }
        @if let Some(why) = &far.broken {
            (parts::status(Tone::Bad, Icon::Alert, "It broke off.", why))
        }
        @if left > 0 {
            (parts::section("refused", format!("{left} not issued"), "", parts::scroller(
                "Drafts that were not issued, and why", &[Col::name("Draft"), Col::text("Why")], &rows, None)))
        }
        p { (parts::link(Look::Plain, "/desk/invoices", "All invoices")) }
    };
    Ok(desk.page(DeskNav::Invoices, "Drafts issued", body))
}
