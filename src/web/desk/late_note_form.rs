//! The edit page of a draft late payment note: what may change of it, beside the lines as they were reckoned.
//!
//! Must not edit lines, amounts, client or currency: a form that names any of them is refused with words.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};

use super::document_form::{Form, Paper};
use super::form::errors_in;
use super::invoice_form::{fields_of, stamp, then, who};
use super::issue::SEEN;
use super::{late_note, links};
use crate::actions::invoices::{self, Draft};
use crate::actions::late_notes::AS_RECKONED;
use crate::domain::ids::ContactId;
use crate::domain::invoice::{Body, Invoice, check_dates};
use crate::domain::money::Money;
use crate::domain::refusal::Faults;
use crate::domain::tax::Content;
use crate::domain::text;
use crate::store::prelude::*;
use crate::web::forms::{self, Fields};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, CSRF_FIELD, Col, Field, FieldError, Input, Look, Sum};
use crate::web::problem::Problem;

/// What may change.
const MAY: [&str; 5] = ["title", "issued", "due", "reference", "note"];
/// What else the form sends.
const BESIDE: [&str; 4] = ["to", "do", SEEN, CSRF_FIELD];

/// Saves what was typed of a draft note.
pub(super) async fn submit(desk: &Desk, kept: &Invoice, typed: &Fields) -> Result<Response, Problem> {
    let mut form = desk.read(|r| Form::load(desk, r, over(desk, kept, typed), Paper::Invoice))?;
    if typed.pairs().any(|(name, _)| !MAY.contains(&name) && !BESIDE.contains(&name)) {
        form.errors = vec![FieldError::new("lines", AS_RECKONED)];
        return again(desk, StatusCode::UNPROCESSABLE_ENTITY, kept, &form);
    }
    let preview = match typed.get("do") {
        "preview" => true,
        "save" => false,
        _ => return again(desk, StatusCode::OK, kept, &form),
    };
    let mut faults = Faults::default();
    let draft = read(kept, &form, &mut faults);
    let refused = form.refuse(faults);
    let Some(draft) = draft.filter(|_| !refused) else {
        return again(desk, StatusCode::UNPROCESSABLE_ENTITY, kept, &form);
    };
    let (id, seen) = (kept.id, typed.get(SEEN).parse().unwrap_or(Timestamp::MIN));
    match desk.act(move |w, scope| invoices::save_seen(w, scope, id, seen, &draft)).await {
        Ok(id) if preview => Ok(Redirect::to(&format!("{}/preview", links::invoice(id))).into_response()),
        Ok(id) => Ok(Redirect::to(&links::draft(id)).into_response()),
        Err(error) => {
            form.errors = errors_in(error, "lines")?;
            again(desk, StatusCode::UNPROCESSABLE_ENTITY, kept, &form)
        }
    }
}

/// The fields of the draft as kept, with what was typed of those that may change.
fn over(desk: &Desk, kept: &Invoice, typed: &Fields) -> Fields {
    let is_typed = |name: &str| name == "to" || (MAY.contains(&name) && typed.has(name));
    let base = fields_of(desk, kept);
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let base = base.pairs().filter(|x| !is_typed(x.0)).map(owned);
    let new = typed.pairs().filter(|x| MAY.contains(&x.0) || matches!(x.0, "to" | "do" | SEEN)).map(owned);
    Fields::of(base.chain(new).collect::<Vec<_>>())
}

fn read(kept: &Invoice, form: &Form, faults: &mut Faults) -> Option<Draft> {
    let typed = &form.fields;
    let title = faults.take(text::line("title", typed.get("title"), text::LINE_MAX));
    let dated = faults.take_opt(forms::date("issued", typed.get("issued")));
    let due = faults.take_opt(forms::date("due", typed.get("due")));
    if let (Some(dated), Some(due)) = (dated, due) {
        check_dates(faults, dated, due);
    }
    let reference = faults.take(text::line("reference", typed.get("reference"), text::LINE_MAX));
    let note = faults.take(text::paragraph("note", typed.get("note")));
    let recipients = form.recipients(faults);
    Some(Draft { title, dated: dated?, due: due?, reference, note, ..as_kept(kept, recipients) })
}

fn as_kept(kept: &Invoice, recipients: Vec<ContactId>) -> Draft {
    Draft {
        client: kept.client,
        project: kept.project,
        title: kept.title.clone(),
        currency: kept.currency,
        dated: kept.dated,
        due: kept.due,
        terms: kept.terms.clone(),
        reference: kept.reference.clone(),
        references: kept.references.clone(),
        delivered: kept.delivered,
        period: kept.period,
        note: kept.note.clone(),
        content: content(kept),
        recipients,
    }
}

fn content(kept: &Invoice) -> Content {
    match &kept.body {
        Body::Composed(content) => content.clone(),
        Body::Published(_) => Content::default(),
    }
}

fn again(desk: &Desk, status: StatusCode, kept: &Invoice, form: &Form) -> Result<Response, Problem> {
    let page = desk.read(|r| page(desk, r, kept, form))?;
    Ok((status, page).into_response())
}

/// The page.
///
/// # Errors
/// When the store fails.
pub(super) fn page(desk: &Desk, r: &ReadTx, kept: &Invoice, form: &Form) -> Result<Markup, Problem> {
    let title = "Draft late payment note";
    let saved = desk.locale().instant_short(kept.changed, desk.zone(), desk.today());
    let body = html! {
        (parts::back("/desk/invoices", "Invoices"))
        (parts::head(title, format!("Saved {saved}. It gets its number when you issue it."), ""))
        (parts::error_summary(&form.errors))
        @if let Some(late) = &kept.late { (late_note::about(desk, late)) }
        form.desk-edit.gap-y action=(links::draft(kept.id)) method="post" {
            // Enter in a field presses the first button of a form: this one, which changes nothing.
            button.vh name="do" value="recalc" tabindex="-1" aria-hidden="true" { "Recalculate" }
            (parts::csrf_input(&desk.csrf))
            (parts::hidden(SEEN, &stamp(form, kept)))
            div.rail {
                div { (head(form)) (lines(desk, kept)) }
                aside aria-label="Sending" { (who(form)) (then(desk, r, form)?) }
            }
            (parts::dock(html! {
                (parts::submit_as(Look::Primary, "do", "preview", "Preview and issue"))
                (parts::submit_as(Look::Plain, "do", "save", "Save draft"))
                (parts::link(Look::Danger, &format!("{}/discard", links::invoice(kept.id)), "Discard draft"))
            }))
        }
    };
    Ok(desk.page(DeskNav::Invoices, &parts::titled(title, &form.errors), body))
}

/// What may change.
fn head(form: &Form) -> Markup {
    let field = |name: &'static str, label: &'static str| {
        Field::new(name, label).value(form.fields.get(name)).errors(&form.errors)
    };
    let note = field("note", "Note to the client").optional().hint("Printed under the lines.");
    let body = html! {
        div.grid4 {
            (parts::input(&field("title", "What it is about").optional().class("g2"), Input::Text))
            (parts::date(&field("issued", "Issue date"), None, None))
            (parts::date(&field("due", "Due date"), None, None))
            (parts::input(&field("reference", "Client’s reference").optional().class("g2"), Input::Text))
        }
        div.gap-y { (parts::textarea(&note, 2)) }
    };
    parts::section("text", "Text and dates", "", body)
}

/// The lines, to read.
fn lines(desk: &Desk, kept: &Invoice) -> Markup {
    let money = |minor| desk.locale().money(Money::new(minor, kept.currency));
    let charged = kept.late.iter().flat_map(|x| x.stretches.iter().map(|s| s.interest).chain(x.fixed));
    let content = content(kept);
    let rows: Vec<parts::Row> = content
        .lines
        .iter()
        .zip(charged)
        .map(|(line, minor)| vec![html! { (line.description) }, html! { (money(minor)) }].into())
        .collect();
    let total = Sum { label: "To pay", cells: vec![html! { (money(kept.payable().minor)) }] };
    let body = html! {
        div id=(parts::field_id("lines")) tabindex="-1" {
            (parts::scroller("Lines", &[Col::text("What it charges"), Col::num("Amount")], &rows, Some(&total)))
        }
        p.small.mut.gap-y {
            "They are reckoned and not edited by hand, and compared once more when you issue the note. \
             If they are not so any more by then, discard this draft and make a new one."
        }
    };
    parts::section("lines", "Lines", "", body)
}
