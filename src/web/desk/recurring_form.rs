//! Writing a recurring template: the invoice's form, and beside it when its documents come, until when, and what prices
//! become.

mod schedule;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::document_form::{self, Form, Head, Paper};
use super::form::{Id, errors_in, on_to};
use super::invoice_form;
use super::recurring::{address, template_of};
use crate::actions::once;
use crate::actions::recurring::{self as acts, Template};
use crate::domain::access::StaffScope;
use crate::domain::ids::RecurringId;
use crate::domain::invoice::days_between;
use crate::domain::recurring::Recurring;
use crate::domain::refusal::{Faults, Refusal};
use crate::store::prelude::*;
use crate::web::forms::{Fields, PostedLong, Query};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Look};
use crate::web::problem::Problem;

/// `GET /desk/recurring/new?client=`
pub async fn new(DeskWork(desk): DeskWork, Query(query): Query) -> Result<Markup, Problem> {
    let mut pairs = document_form::blank(&desk, query.get("client"));
    pairs.extend(schedule::blank());
    desk.read(|r| {
        let mut form = Form::load(&desk, r, Fields::of(pairs), Paper::Invoice)?;
        form.follow_terms(&desk);
        Ok(draw(&desk, None, &form))
    })
}

/// `POST /desk/recurring/new`
pub async fn create(DeskWork(desk): DeskWork, PostedLong(fields): PostedLong) -> Result<Response, Problem> {
    submit(&desk, None, fields).await
}

/// `GET /desk/recurring/{id}/edit`
pub async fn edit(DeskWork(desk): DeskWork, Id(id): Id<RecurringId>) -> Result<Markup, Problem> {
    let kept = template_of(&desk, id)?;
    desk.read(|r| {
        let mut form = Form::load(&desk, r, fields_of(&desk, &kept), Paper::Invoice)?;
        if kept.recipients.is_empty() {
            let usual: Vec<_> = form.contacts.iter().filter(|c| c.rights.letters).map(|c| c.id).collect();
            form.tick(&usual);
        }
        Ok(draw(&desk, Some(&kept), &form))
    })
}

/// `POST /desk/recurring/{id}/edit`
pub async fn save(
    DeskWork(desk): DeskWork,
    Id(id): Id<RecurringId>,
    PostedLong(fields): PostedLong,
) -> Result<Response, Problem> {
    let kept = template_of(&desk, id)?;
    submit(&desk, Some(kept), fields).await
}

async fn submit(desk: &Desk, kept: Option<Recurring>, fields: Fields) -> Result<Response, Problem> {
    let mut form = desk.read(|r| Form::load(desk, r, fields, Paper::Invoice))?;
    if form.edit(desk) {
        return Ok(draw(desk, kept.as_ref(), &form).into_response());
    }
    let mut faults = Faults::default();
    let head = form.read(desk, &mut faults);
    let recipients = form.recipients(&mut faults);
    let plan = schedule::read(&form.fields, head.as_ref().map(|x| x.issued), &mut faults);
    let refused = form.refuse(faults);
    let (Some(head), Some(plan), false) = (head, plan, refused) else {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, draw(desk, kept.as_ref(), &form)).into_response());
    };
    let template = template(head, plan, recipients);
    let (id, settings) = (kept.as_ref().map(|x| x.id), desk.app.settings.clone());
    let key = document_form::once(&form.fields).filter(|_| id.is_none());
    let act = move |w: &mut WriteTx<'_>, scope: &StaffScope| match &key {
        Some(key) => once::new_recurring(w, scope, &settings, key, &template),
        None => acts::save(w, scope, &settings, id, &template),
    };
    match desk.act(act).await {
        Ok(id) => {
            desk.app.wake.notify_one();
            Ok(on_to(&address(id)))
        }
        // Pressed twice, saved once.
        Err(ActError::Refused(Refusal::Repeated(id))) => Ok(on_to(&address(RecurringId(id)))),
        Err(error) => {
            form.errors = errors_in(error, "client")?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, draw(desk, kept.as_ref(), &form)).into_response())
        }
    }
}

fn template(head: Head, plan: schedule::Plan, recipients: Vec<crate::domain::ids::ContactId>) -> Template {
    let days = u16::try_from(days_between(head.issued, head.until)).unwrap_or(u16::MAX);
    Template {
        client: head.client,
        makes: plan.makes,
        project: head.project,
        title: head.title,
        currency: head.currency,
        schedule: plan.schedule,
        days,
        reference: head.reference,
        references: head.circumstances.references,
        note: head.note,
        content: head.content,
        changes: plan.changes,
        recipients,
        by_itself: plan.by_itself,
    }
}

fn fields_of(desk: &Desk, kept: &Recurring) -> Fields {
    let mut fields = invoice_form::fields_of(desk, &as_draft(kept));
    for (name, value) in schedule::pairs_of(kept) {
        fields.set(&name, value);
    }
    fields
}

/// The template as the draft of its first document, whose form it is written in.
fn as_draft(kept: &Recurring) -> crate::domain::invoice::Invoice {
    use crate::actions::invoices::{Draft, as_invoice};
    let first = kept.schedule.first;
    let draft = Draft {
        client: kept.client,
        project: kept.project,
        title: kept.title.clone(),
        currency: kept.currency,
        dated: first,
        due: first.saturating_add(jiff::Span::new().days(i64::from(kept.days))),
        terms: crate::domain::terms::Terms::default(),
        reference: kept.reference.clone(),
        references: kept.references.clone(),
        delivered: None,
        period: None,
        note: kept.note.clone(),
        content: kept.content.clone(),
        recipients: kept.recipients.clone(),
    };
    as_invoice(crate::domain::ids::InvoiceId(0), &draft, kept.changed)
}

fn draw(desk: &Desk, kept: Option<&Recurring>, form: &Form) -> Markup {
    let title = if kept.is_some() { "Recurring document" } else { "New recurring document" };
    let action = kept.map_or("/desk/recurring/new".to_owned(), |x| format!("{}/edit", address(x.id)));
    let back = kept.map_or("/desk/recurring".to_owned(), |x| address(x.id));
    let body = html! {
        (parts::back(&back, "Recurring"))
        (parts::head(title, "Written as the first document; the others follow by the schedule.", ""))
        (parts::error_summary(&form.errors))
        form.desk-edit action=(action) method="post" {
            // Enter in a field presses the first button of a form: this one, which changes nothing.
            button.vh name="do" value="recalc" tabindex="-1" aria-hidden="true" { "Recalculate" }
            (parts::csrf_input(&desk.csrf))
            div.rail {
                div {
                    (form.draw_head())
                    (schedule::draw(&form.fields, &form.errors))
                    (form.draw_lines(desk))
                    (schedule::draw_changes(&form.fields, &form.errors))
                    (form.draw_more(desk))
                }
                aside aria-label="Sending" { (invoice_form::who(form)) (schedule::placeholders()) }
            }
            (parts::dock(html! {
                (parts::submit_as(Look::Primary, "do", "save", "Save"))
                (parts::link(Look::Plain, &back, "Leave it"))
            }))
        }
    };
    desk.page(DeskNav::Invoices, &parts::titled(title, &form.errors), body)
}
