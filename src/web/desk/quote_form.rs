//! Writing a quote: the form, the preview, and sending it. A quote is kept only once it is sent; until then its form
//! carries it from page to page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::document_form::{self, Form, Head, Paper};
use super::form::errors_in;
use crate::actions::invoices::logo;
use crate::actions::quotes::{self, NewQuote};
use crate::documents::Look as Looks;
use crate::documents::quote::{Offer, quote_sheet};
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::tax::{Totals, totals};
use crate::store::prelude::*;
use crate::web::forms::{Fields, PostedLong, Query};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, CSRF_FIELD, Look, csrf_input, hidden};
use crate::web::problem::Problem;

const ACTION: &str = "/desk/quotes/new";

/// `GET /desk/quotes/new?client=`
pub async fn new(DeskWork(desk): DeskWork, Query(query): Query) -> Result<Markup, Problem> {
    let pairs = document_form::blank(&desk, query.get("client"));
    desk.read(|r| {
        let mut form = Form::load(&desk, r, Fields::of(pairs), Paper::Quote)?;
        form.follow_terms(&desk);
        Ok(draw(&desk, &form))
    })
}

/// `POST /desk/quotes/new`
pub async fn create(DeskWork(desk): DeskWork, PostedLong(fields): PostedLong) -> Result<Response, Problem> {
    let send = fields.get("do") == "send";
    let mut form = desk.read(|r| Form::load(&desk, r, fields, Paper::Quote))?;
    if form.edit(&desk) {
        return Ok(draw(&desk, &form).into_response());
    }
    let mut faults = Faults::default();
    let head = form.read(&desk, &mut faults);
    let sums = head.as_ref().and_then(|head| fit(&form, head, &mut faults));
    if form.refuse(faults) {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, draw(&desk, &form)).into_response());
    }
    // Without a fault there is a head with totals.
    let (Some(head), Some(sums)) = (head, sums) else { return Err(Problem::Refused(Refusal::TryAgain)) };
    if !send {
        return Ok(desk.read(|r| preview(&desk, r, &form, &head, &sums))?.into_response());
    }
    let Head { client, project, title, currency, issued, until: valid_until, note, content, .. } = head;
    let once = document_form::once(&form.fields);
    let quote = NewQuote { client, project, title, currency, issued, valid_until, lines: content.lines, note, once };
    match quotes::send(&desk.app, desk.by(), &desk.scope, quote).await {
        Ok(number) => {
            desk.app.wake.notify_one();
            let sent = desk.read(|r| r.quote_numbered(&number)?.ok_or(Problem::NotFound))?;
            Ok(Redirect::to(&format!("/desk/quotes/{}", sent.id)).into_response())
        }
        // Pressed twice, sent once.
        Err(ActError::Refused(Refusal::Repeated(id))) => {
            Ok(Redirect::to(&format!("/desk/quotes/{id}")).into_response())
        }
        Err(error) => {
            form.errors = errors_in(error, "client")?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, draw(&desk, &form)).into_response())
        }
    }
}

/// What a quote needs beyond what can be read: lines, a sum within the limits, somebody who sees it.
fn fit(form: &Form, head: &Head, faults: &mut Faults) -> Option<Totals> {
    if head.content.lines.is_empty() {
        faults.add("lines", "Add at least one line.");
    }
    if form.contacts.is_empty() {
        faults.add("client", Refusal::NobodyToSee.to_string());
    }
    let sums = totals(&head.content, head.currency).filter(|t| t.payable >= 0);
    if sums.is_none() {
        faults.add("lines", "The total is below zero or too large; check quantities and prices.");
    }
    sums
}

fn draw(desk: &Desk, form: &Form) -> Markup {
    let title = "New quote";
    let body = html! {
        (parts::back("/desk/quotes", "Quotes"))
        (parts::head(title, "It gets its number when you send it. Until then it is not kept: preview and send it in one go.", ""))
        (parts::error_summary(&form.errors))
        form.desk-edit action=(ACTION) method="post" {
            // Enter in a field presses the first button of a form: this one, which changes nothing.
            button.vh name="do" value="recalc" tabindex="-1" aria-hidden="true" { "Recalculate" }
            (csrf_input(&desk.csrf))
            (form.draw_head())
            (form.draw_lines(desk))
            (super::invoice_lines::buttons(&[("preview", "Preview and send"), ("recalc", "Recalculate")]))
        }
    };
    desk.page(DeskNav::Quotes, &parts::titled(title, &form.errors), body)
}

fn preview(desk: &Desk, r: &ReadTx, form: &Form, head: &Head, sums: &Totals) -> Result<Markup, Problem> {
    let Some(client) = &form.client.chosen else { return Err(Problem::NotFound) };
    let project = head.project.map(|id| r.project(id)).transpose()?.flatten().map(|p| p.name);
    let looks = Looks { firm: &desk.firm, logo: logo(r, &desk.firm)? };
    let offer = Offer {
        number: None,
        title: &head.title,
        issued: head.issued,
        valid_until: head.until,
        lines: &head.content.lines,
        totals: sums,
        note: &head.note,
        project: project.as_deref(),
    };
    let sheet = quote_sheet(&looks, &desk.firm.party, &client.party, &offer);
    let people: Vec<_> =
        form.contacts.iter().map(|c| (html! { b { (c.name) } }, html! { (c.email) }, html! {})).collect();
    let amount = desk.locale().money(sums.payable());
    let seen_by = html! {
        (parts::rows(&people))
        p.small.mut { "They get a letter with its number, and find it when they sign in." }
    };
    let body = html! {
        (parts::head("Preview", "It gets its number when you send it. Nothing has been sent yet.", ""))
        form method="post" action=(ACTION) {
            (csrf_input(&desk.csrf))
            @for (name, value) in form.fields.pairs().filter(|x| x.0 != CSRF_FIELD && x.0 != "do") { (hidden(name, value)) }
            div.rail {
                div { div.panel { (crate::documents::html(&sheet)) } }
                aside aria-label="Who will see this" { (parts::section("seen-by", "Who will see this", "", seen_by)) }
            }
            (parts::dock(html! {
                (parts::submit_as(Look::Primary, "do", "send", format!("Send the quote for {amount}")))
                (parts::submit_as(Look::Plain, "do", "edit", "Back to edit"))
            }))
        }
    };
    Ok(desk.page(DeskNav::Quotes, "Preview of the quote", body))
}
