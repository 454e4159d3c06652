//! How a client pays: the score with its reasons, as of any day, and the credit limit that it suggests. For staff only.

use jiff::civil::Date;
use maud::{Markup, html};

use super::client::tabs;
use super::client_form::client_of;
use super::credit_terms::{self, Forms};
use super::form::Id;
use super::late_exception;
use super::links;
use crate::domain::client::Client;
use crate::domain::ids::ClientId;
use crate::domain::money::Money;
use crate::domain::score::{self, Score};
use crate::store::payers::INVOICES_MAX;
use crate::store::prelude::*;
use crate::web::forms::{self, Fields, Query};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Field, FieldError, Look, Sum, Tone};
use crate::web::problem::Problem;

/// The score below which it is marked as bad, and from which on as good.
const BANDS: (u8, u8) = (50, 80);

/// What is known of how a client pays.
pub(super) struct Payer {
    score: Option<Score>,
    suggested: Option<Money>,
}

/// How a client paid, as of `on`.
///
/// # Errors
/// When the store fails.
pub(super) fn read(r: &ReadTx, desk: &Desk, client: &Client, on: Date) -> Result<Payer, StoreError> {
    let facts = r.payer_facts(client, on, desk.zone())?;
    let score = score::score(&facts, on);
    let suggested = score.as_ref().and_then(|x| score::suggested_limit(&facts, x, client.currency, on));
    Ok(Payer { score, suggested })
}

/// `GET /desk/clients/{id}/credit?on=`
pub async fn show(desk: Desk, Id(id): Id<ClientId>, Query(fields): Query) -> Result<Markup, Problem> {
    let client = client_of(&desk, id)?;
    let (on, errors) = asked_on(&desk, fields.get("on").trim());
    page(&desk, &client, on, &Forms { fields: &Fields::default(), errors: &errors })
}

/// The page about a client's credit, with what was typed into its forms.
///
/// # Errors
/// When the store fails.
pub(super) fn page(desk: &Desk, client: &Client, on: Date, forms: &Forms<'_>) -> Result<Markup, Problem> {
    desk.read(|r| {
        let payer = read(r, desk, client, on)?;
        let (terms, late) =
            (credit_terms::part(r, desk, client, forms)?, late_exception::part(r, desk, client, forms)?);
        let terms = html! { (terms) (late) };
        let title = parts::titled("Credit", forms.errors);
        Ok(desk.page(DeskNav::Clients, &title, body(desk, client, &payer, on, forms.errors, &terms)))
    })
}

/// The day asked for, not after today: a score looks back.
fn asked_on(desk: &Desk, text: &str) -> (Date, Vec<FieldError>) {
    let today = desk.today();
    match forms::date_within_years("on", text) {
        _ if text.is_empty() => (today, Vec::new()),
        Ok(on) if on > today => (today, vec![FieldError::new("on", "Enter today’s date or an earlier one.")]),
        Ok(on) => (on, Vec::new()),
        Err(wrong) => (today, vec![FieldError::new("on", wrong.message)]),
    }
}

fn body(desk: &Desk, client: &Client, payer: &Payer, on: Date, errors: &[FieldError], terms: &Markup) -> Markup {
    let (asked, today) = (on.to_string(), desk.today().to_string());
    let about = "How they paid, and how far you go with them. None of it is for the client’s eyes.";
    html! {
        (parts::back(&links::client(client.id), &client.party.name))
        (parts::error_summary(errors))
        (parts::head("Credit", about, html! {
            form.filters method="get" action={ (links::client(client.id)) "/credit" } {
                (parts::date(&Field::new("on", "Score as of").value(&asked).errors(errors), None, Some(&today)))
                (parts::submit(Look::Plain, "Show"))
            }
        }))
        (tabs(client, "credit"))
        div.sec-m { (whole(desk, payer, on)) (terms) }
    }
}

/// The score with all its reasons.
fn whole(desk: &Desk, payer: &Payer, on: Date) -> Markup {
    let as_of = html! { "As of " (parts::time(on, desk.locale().date_medium(on, desk.today()))) };
    let body = match &payer.score {
        None => nothing(),
        Some(score) => html! {
            p { (tag(score)) " " (of(score)) }
            (table(score))
            @if let Some(limit) = payer.suggested { p.gap-y { (suggestion(desk, limit, score)) } }
            p.small.mut {
                "From invoices of the last " (score::MONTHS) " months, the newest " (INVOICES_MAX) " at most, and what settled them by that day. "
                "What is recorded later for an earlier day counts, as in a statement."
            }
        },
    };
    parts::section("score", "Payer score", as_of, body)
}

/// The score as the client's page shows it: the points and each reason in a sentence.
pub(super) fn short(client: ClientId, payer: &Payer) -> Markup {
    let more = html! { a href={ (links::client(client)) "/credit" } { "Credit" } };
    let body = match &payer.score {
        None => nothing(),
        Some(score) => html! {
            p { (tag(score)) }
            (table(score))
            p.small.mut.gap-y { "For staff only." }
        },
    };
    parts::section("score", "Payer score", more, body)
}

fn nothing() -> Markup {
    html! { p.mut { "No score yet: nothing of the last " (score::MONTHS) " months was due or paid." } }
}

fn tag(score: &Score) -> Markup {
    let tone = match score.points {
        points if points < BANDS.0 => Tone::Bad,
        points if points < BANDS.1 => Tone::Warn,
        _ => Tone::Ok,
    };
    parts::tag(tone, format!("{} of 100", score.points))
}

fn of(score: &Score) -> String {
    match score.invoices {
        1 => format!("From 1 invoice in {}.", score.currency),
        n => format!("From {n} invoices in {}.", score.currency),
    }
}

fn table(score: &Score) -> Markup {
    let cols = [Col::name("Why"), Col::num("Points"), Col::num("Of")];
    let row = |x: &score::Reason| -> parts::Row {
        vec![html! { (x.sentence) }, html! { (x.points) }, html! { (x.matter.most()) }].into()
    };
    let rows: Vec<parts::Row> = score.reasons.iter().map(row).collect();
    let cells = vec![html! { (score.points) }, html! { "100" }];
    parts::scroller("What the points are for", &cols, &rows, Some(&Sum { label: "Score", cells }))
}

fn suggestion(desk: &Desk, limit: Money, score: &Score) -> String {
    let amount = desk.locale().money(limit);
    format!(
        "A credit limit of {amount} would suit: {}% of what three months charge on average, from the last twelve.",
        score.points
    )
}
