//! Month-end statements at the desk: what was published, publishing one by hand, and who gets them by themselves.

use axum::response::{IntoResponse, Response};
use jiff::Span;
use jiff::civil::Date;
use maud::{Markup, html};

use super::client_form::client_of;
use super::form::{Id, Typed, again, errors_in, on_to};
use crate::actions::statements::{self, Asked};
use crate::actions::{invoices, visits};
use crate::domain::access::Act;
use crate::domain::client::Client;
use crate::domain::format::Format;
use crate::domain::ids::ClientId;
use crate::domain::monthly::{self, MonthStatement, When};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::store::prelude::*;
use crate::web::download;
use crate::web::forms::{Fields, Posted, Query};
use crate::web::guard::{Desk, DeskGovern, DeskWork};
use crate::web::month_file::{file_name, id_and_format, made, owed};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Col, FieldError, Icon, Look, Tone, csrf_input};
use crate::web::path::Path;
use crate::web::problem::{Problem, even_if_full};

/// Months on a page, and months that can be published by hand.
const MONTHS: usize = 24;
const OFFERED: i32 = 24;
/// The value that means: as for all others.
const AS_ALL: &str = "all";

/// `GET /desk/clients/{id}/statements?done=&before=`
pub async fn list(desk: Desk, Id(id): Id<ClientId>, Query(query): Query) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    let fields = Fields::default();
    Ok(page(&desk, &client, &query, Typed::fresh(&fields))?.into_response())
}

/// `POST /desk/clients/{id}/statements`: publishes a month's.
pub async fn publish(
    DeskWork(desk): DeskWork,
    Id(id): Id<ClientId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    let done = match month(&fields) {
        Ok(month) => {
            let asked = Asked::ByHand(desk.scope.clone());
            statements::publish(&desk.app, desk.by(), asked, id, month).await.map(drop)
        }
        Err(fault) => Err(Refusal::from(fault).into()),
    };
    match done {
        Ok(()) => Ok(on_to(&format!("{}?done=published", address(id)))),
        Err(error) => {
            let errors = errors_in(error, "month")?;
            Ok(again(page(&desk, &client, &Fields::default(), Typed { fields: &fields, errors: &errors })?))
        }
    }
}

/// `POST /desk/clients/{id}/statements/choice`: whether they come by themselves.
pub async fn choose(
    DeskWork(desk): DeskWork,
    Id(id): Id<ClientId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    let done = match choice(&fields, true) {
        Ok(when) => desk.act(move |w, scope| statements::choose(w, scope, Some(id), when)).await,
        Err(fault) => Err(Refusal::from(fault).into()),
    };
    match done {
        Ok(()) => Ok(on_to(&format!("{}?done=chosen", address(id)))),
        Err(error) => {
            let errors = errors_in(error, "when")?;
            Ok(again(page(&desk, &client, &Fields::default(), Typed { fields: &fields, errors: &errors })?))
        }
    }
}

/// `POST /desk/settings/statements`: the same for all clients without a choice of their own.
pub async fn choose_for_all(DeskGovern(desk): DeskGovern, Posted(fields): Posted) -> Result<Response, Problem> {
    let done = match choice(&fields, false) {
        Ok(when) => desk.act(move |w, scope| statements::choose(w, scope, None, when)).await,
        Err(fault) => Err(Refusal::from(fault).into()),
    };
    match done {
        Ok(()) => Ok(on_to("/desk/settings?saved=statements")),
        Err(error) => {
            let errors = errors_in(error, "when")?;
            Ok(again(super::settings::page_of_statements(&desk, &errors)?))
        }
    }
}

/// `GET /desk/statements/{id}.pdf`, `.csv`, `.html`: the client's own files; that staff took one is logged apart.
pub async fn file(desk: Desk, Path(segment): Path<String>) -> Result<Response, Problem> {
    let (id, format) = id_and_format(&segment).ok_or(Problem::NotFound)?;
    let format = format.ok_or(Problem::NotFound)?;
    let (statement, bytes) = desk.read(|r| {
        let statement = r.month_statement(id)?.filter(|x| desk.scope.sees(x.client)).ok_or(Problem::NotFound)?;
        let bytes = match format {
            Format::Pdf => r.file(statement.pdf.digest)?,
            _ => made((&desk.firm, invoices::logo(r, &desk.firm)?), desk.zone(), &statement, format),
        };
        Ok((statement, bytes.ok_or(Problem::NotFound)?))
    })?;
    even_if_full(desk.act(move |w, scope| visits::staff_month_downloaded(w, scope, id, format)).await)?;
    Ok(download::of(format, &file_name(&statement, format), bytes))
}

fn month(fields: &Fields) -> Result<Date, FieldFault> {
    monthly::from_code(fields.get("month")).ok_or_else(|| FieldFault::new("month", "Choose a month, like 2026-10."))
}

/// The choice in a form; `None` is as for all others.
fn choice(fields: &Fields, own: bool) -> Result<Option<When>, FieldFault> {
    let code = fields.get("when");
    if own && code == AS_ALL {
        return Ok(None);
    }
    When::from_code(code).map(Some).ok_or_else(|| FieldFault::new("when", "Choose when statements are published."))
}

fn address(client: ClientId) -> String {
    format!("/desk/clients/{client}/statements")
}

fn page(desk: &Desk, client: &Client, query: &Fields, typed: Typed<'_>) -> Result<Markup, Problem> {
    let before = monthly::from_code(query.get("before"));
    let (mut all, own, firm) = desk.read(|r| {
        let all = r.statements_of(client.id, before, MONTHS + 1)?;
        Ok((all, r.statement_choice(Some(client.id))?, r.statement_choice(None)?.unwrap_or_default()))
    })?;
    let mut months: Vec<Date> = all.iter().map(|x| x.month).collect();
    months.dedup();
    let last = months.get(MONTHS).and_then(|_| months.get(MONTHS - 1)).copied();
    all.retain(|x| last.is_none_or(|last| x.month >= last));
    let next = last.map(|month| format!("{}?before={}", address(client.id), monthly::code(month)));
    let restated = restated(desk, client, &all)?;
    let title = format!("Month-end statements of {}", client.party.name);
    let body = html! {
        (parts::back(&format!("/desk/clients/{}/statement", client.id), "Statement of account"))
        (parts::head("Month-end statements", &client.party.name, html! {}))
        (super::client::tabs(client, "statement"))
        div.sec-m { (told(query.get("done"))) (parts::error_summary(typed.errors)) }
        @for x in &restated { (again_note(desk, x)) }
        @if desk.may(Act::Work) { (forms(desk, client, own, firm, typed)) }
        @if all.is_empty() {
            (parts::empty("None published yet.", "Each is kept as it was published, and the client finds it beside their statement."))
        } @else { div.sec-m { (parts::scroll("Month-end statements", &table(desk, &all))) } }
        (parts::pager(before.map(|_| (address(client.id), "Latest")).as_ref().map(|x| (x.0.as_str(), x.1)),
            next.as_deref().map(|h| (h, "Earlier"))))
    };
    Ok(desk.page(DeskNav::Clients, &parts::titled(&title, typed.errors), body))
}

/// The statements that stand and would say something else by now.
fn restated(desk: &Desk, client: &Client, all: &[MonthStatement]) -> Result<Vec<MonthStatement>, Problem> {
    let (mut out, mut last) = (Vec::new(), None);
    for one in all {
        if last.replace(one.month) != Some(one.month)
            && one.differs_from(&desk.read(|r| Ok(r.month_accounts(client, one.month)?))?)
        {
            out.push(one.clone());
        }
    }
    Ok(out)
}

fn again_note(desk: &Desk, one: &MonthStatement) -> Markup {
    let words = monthly::words(one.month);
    let strong = format!("{words} is not as it was published.");
    let button = html! {
        @if desk.may(Act::Work) {
            form method="post" action=(address(one.client)) {
                (csrf_input(&desk.csrf))
                (parts::hidden("month", &monthly::code(one.month)))
                (parts::submit(Look::Plain, "Publish it again"))
            }
        }
    };
    let rest =
        "Something that counts in that month was recorded later. What was published stays; a new one takes its place.";
    parts::note_actions(Tone::Warn, Icon::Alert, strong, rest, button)
}

fn told(done: &str) -> Markup {
    match done {
        "published" => parts::status(
            Tone::Ok,
            Icon::Check,
            "Published.",
            "It stands in the client’s area, and whoever sees the account and gets letters is told.",
        ),
        "chosen" => parts::status(Tone::Ok, Icon::Check, "Saved.", "It holds from the present month on."),
        _ => html! {},
    }
}

fn forms(desk: &Desk, client: &Client, own: Option<When>, firm: When, typed: Typed<'_>) -> Markup {
    let latest = monthly::last_ended(desk.today());
    let months: Vec<(String, String)> = (0..OFFERED)
        .map(|back| latest.saturating_sub(Span::new().months(back)))
        .map(|month| (monthly::code(month), monthly::words(month)))
        .collect();
    let months: Vec<Choice<'_>> = months.iter().map(|(code, words)| Choice::new(code, words)).collect();
    let chosen = match typed.fields.get("when") {
        "" => own.map_or(AS_ALL, When::code),
        typed => typed,
    };
    let as_all = format!("As for all: {}", firm.words());
    let words = When::ALL.map(|when| crate::domain::text::capital(when.words()));
    let mut choices = vec![Choice::new(AS_ALL, &as_all)];
    choices.extend(When::ALL.iter().zip(&words).map(|(when, words)| Choice::new(when.code(), words)));
    html! {
        form.filters.sec-m method="post" action=(address(client.id)) {
            (csrf_input(&desk.csrf))
            (parts::select(&typed.field("month", "Publish the statement of"), &months))
            (parts::submit(Look::Plain, "Publish now"))
        }
        form.filters.sec-m method="post" action={ (address(client.id)) "/choice" } {
            (csrf_input(&desk.csrf))
            (parts::select(&typed.field("when", "By themselves, when a month has ended").value(chosen), &choices))
            (parts::submit(Look::Plain, "Save"))
        }
    }
}

/// The choice that holds for all clients, in the settings.
pub fn for_all(desk: &Desk, errors: &[FieldError]) -> Result<Markup, Problem> {
    let kept = desk.read(|r| Ok(r.statement_choice(None)?.unwrap_or_default()))?;
    let words = When::ALL.map(|when| crate::domain::text::capital(when.words()));
    let choices: Vec<Choice<'_>> =
        When::ALL.iter().zip(&words).map(|(when, words)| Choice::new(when.code(), words)).collect();
    let field = parts::Field::new("when", "Publish them by themselves").value(kept.code()).errors(errors);
    Ok(parts::section(
        "months",
        "Month-end statements",
        html! {},
        html! {
            p.hint {
                "On the first of a month each client’s statement of the month before is made, stands in their area as a PDF "
                "and as CSV, and whoever sees the account is told by letter. A client can have a choice of their own."
            }
            form.filters method="post" action="/desk/settings/statements" {
                (csrf_input(&desk.csrf))
                (parts::select(&field, &choices))
                (parts::submit(Look::Plain, "Save"))
            }
        },
    ))
}

fn table(desk: &Desk, all: &[MonthStatement]) -> Markup {
    let cols = [Col::name("Month"), Col::text("Published").wide(), Col::text("At the month’s end"), Col::text("Files")];
    let mut last = None;
    let rows: Vec<parts::Row> = all
        .iter()
        .map(|x| {
            let (at, month) = (format!("/desk/statements/{}", x.id), monthly::words(x.month));
            let replaced = last.replace(x.month) == Some(x.month);
            let cells = vec![
                html! { (month) @if replaced { small { "Replaced by the one above" } } },
                html! { (desk.locale().instant_short(x.at, desk.zone(), desk.today())) },
                html! { (owed(x, desk.locale())) },
                html! {
                    @for (n, format) in [Format::Pdf, Format::Csv, Format::Html].into_iter().enumerate() {
                        @if n > 0 { " · " }
                        a href={ (at) "." (format.ending()) } { (format.words()) span.vh { " of " (month) } }
                    }
                },
            ];
            parts::Row { void: replaced, ..cells.into() }
        })
        .collect();
    parts::ledger("Month-end statements", &cols, &rows, None)
}
