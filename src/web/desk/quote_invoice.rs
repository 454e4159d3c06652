//! What of an accepted quote was invoiced and what is left, and the form that makes a draft invoice for the next part:
//! all of it, a share in percent, or some lines.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::document_form;
use super::form::{Id, errors_in};
use super::invoices::called;
use super::links;
use super::quote::{Asked, page_with};
use super::standing;
use crate::actions::invoices::{billing, draft_from_quote};
use crate::domain::access::Act;
use crate::domain::ids::{InvoiceId, QuoteId};
use crate::domain::money::Money;
use crate::domain::quote::Quote;
use crate::domain::quote_billing::{Billing, Part};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::tax::parse_number;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted};
use crate::web::guard::{Desk, DeskWork};
use crate::web::parts::{self, Choice, Col, Field, Fig, Input, Look, csrf_input, hidden, nw};
use crate::web::problem::Problem;

/// Most decimals of a share in percent that are read.
const PERCENT_DIGITS: u32 = 2;

/// `POST /desk/quotes/{id}/invoice`: makes a draft for a part of an accepted quote.
pub async fn invoice(
    DeskWork(desk): DeskWork,
    Id(id): Id<QuoteId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let made = match part(&fields) {
        Ok(part) => {
            let (key, today) = (document_form::once(&fields), desk.today());
            desk.act(move |w, scope| draft_from_quote(w, scope, key.as_deref(), (id, &part), today)).await
        }
        Err(fault) => Err(Refusal::from(fault).into()),
    };
    match made {
        Ok(id) => Ok(to_draft(id)),
        // Pressed twice, made once.
        Err(ActError::Refused(Refusal::Repeated(id))) => Ok(to_draft(InvoiceId(id))),
        Err(error) => {
            let errors = errors_in(error, "part")?;
            let page = desk.read(|r| page_with(&desk, r, id, &Asked { fields: &fields, errors: &errors }))?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

fn to_draft(id: InvoiceId) -> Response {
    Redirect::to(&format!("/desk/invoices/{id}/edit")).into_response()
}

/// The part that was chosen.
fn part(fields: &Fields) -> Result<Part, FieldFault> {
    match fields.get("part") {
        "whole" => Ok(Part::Whole),
        "rest" => Ok(Part::Rest),
        "percent" => {
            let typed = fields.get("percent").trim().trim_end_matches('%');
            parse_number("percent", typed, PERCENT_DIGITS).map(Part::Percent)
        }
        "lines" => {
            let lines: Result<Vec<u32>, _> = fields.all("line").map(str::parse).collect();
            lines.map(Part::Lines).map_err(|_| FieldFault::new("line", "Choose among the lines of the quote."))
        }
        _ => Err(FieldFault::new("part", "Choose what is invoiced.")),
    }
}

/// The section; nothing for a quote that nobody accepted.
pub fn section(desk: &Desk, r: &ReadTx, quote: &Quote, asked: &Asked<'_>) -> Result<Markup, Problem> {
    let Some(billing) = billing(r, quote)? else { return Ok(html! {}) };
    let locale = desk.locale();
    let figs = [
        Fig::new("Accepted", locale.money(billing.total())),
        Fig::new("Invoiced", locale.money(billing.invoiced())),
        Fig::new("Left", locale.money(billing.left())),
    ];
    let body = html! {
        (parts::figs(&figs))
        (invoices(desk, r, quote)?)
        @if billing.left().minor > 0 && desk.may(Act::Work) { (form(desk, quote, &billing, asked)) }
    };
    Ok(parts::section("invoiced", "Invoiced of it", "Drafts count; what was credited does not", body))
}

/// The invoices that charge parts of it, drafts too.
fn invoices(desk: &Desk, r: &ReadTx, quote: &Quote) -> Result<Markup, Problem> {
    let locale = desk.locale();
    let cols = [Col::name("Invoice"), Col::text("What"), Col::text("State").wide(), Col::num("Amount")];
    let mut rows: Vec<parts::Row> = Vec::new();
    for invoice in r.invoices_from(quote.id)? {
        let (settled, gross) = (r.settled(invoice.id)?, invoice.totals().map_or(0, |x| x.gross));
        let (tone, state) = standing::words(invoice.standing(settled, desk.today()));
        let part = invoice.quote.as_ref().map_or_else(String::new, |x| words(desk, &x.part));
        let cells = vec![
            html! { a href=(links::invoice(invoice.id)) { (nw(called(&invoice))) } },
            html! { (part) },
            parts::tag(tone, state),
            html! { (locale.money(Money::new(gross, invoice.currency))) },
        ];
        rows.push(cells.into());
    }
    Ok(html! { @if !rows.is_empty() { (parts::ledger("Invoices of this quote", &cols, &rows, None)) } })
}

fn words(desk: &Desk, part: &Part) -> String {
    match part {
        Part::Whole => "All of it".to_owned(),
        Part::Rest => "All that was left".to_owned(),
        Part::Percent(percent) => desk.locale().percent(*percent),
        Part::Lines(lines) if lines.len() == 1 => "1 line".to_owned(),
        Part::Lines(lines) => format!("{} lines", lines.len()),
    }
}

fn form(desk: &Desk, quote: &Quote, billing: &Billing, asked: &Asked<'_>) -> Markup {
    let locale = desk.locale();
    let (left, lines) = (locale.money(billing.left()), billing.by_line());
    let whole = format!("All of it, {left}");
    let rest = format!("All that is left, {left}");
    let mut choices = Vec::new();
    if billing.is_untouched() {
        choices.push(Choice::new("whole", &whole));
    } else {
        choices.push(Choice::new("rest", &rest));
    }
    if billing.by_percent() {
        choices.push(Choice::new("percent", "A share, in percent of what was accepted"));
    }
    if lines.len() > 1 {
        choices.push(Choice::new("lines", "Some lines"));
    }
    let field = |name: &'static str, label: &'static str| {
        Field::new(name, label).value(asked.fields.get(name)).errors(asked.errors)
    };
    let named: Vec<(String, String)> = lines
        .iter()
        .map(|(number, line)| {
            let amount = line.amount(billing.currency()).map(|x| locale.amount(x)).unwrap_or_default();
            (number.to_string(), format!("{}, {amount}", line.name()))
        })
        .collect();
    let ticks: Vec<Choice<'_>> = named.iter().map(|(value, label)| Choice::new(value, label)).collect();
    let ticked: Vec<&str> = asked.fields.all("line").collect();
    let once = match asked.fields.get("once") {
        "" => document_form::draw_once(desk),
        typed => typed.to_owned(),
    };
    html! {
        form.panel.gap-y method="post" action={ (links::quote(quote.id)) "/invoice" } {
            (csrf_input(&desk.csrf))
            (hidden("once", &once))
            (parts::radios(&field("part", "Invoice next"), &choices))
            @if billing.by_percent() {
                (parts::input(&field("percent", "Share in percent").short().hint("For a share: like 30 for a deposit."), Input::Number))
            }
            @if lines.len() > 1 { (parts::checks(&field("line", "Lines").hint("For some lines: which they are."), &ticks, &ticked)) }
            p.hint { "It makes a draft, which you can still date, note and check before you issue it." }
            (parts::submit(Look::Primary, "Make the draft invoice"))
        }
    }
}
