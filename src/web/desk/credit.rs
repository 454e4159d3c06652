//! Taking back: an invoice in full with a credit note, or one allocation.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::form::{Id, again, errors_in, id_of, on_to};
use super::invoice::source;
use super::invoices::called;
use super::links;
use crate::actions::{invoices, payments};
use crate::domain::access::StaffScope;
use crate::domain::event::{Event, LogEntry};
use crate::domain::ids::{AllocationId, InvoiceId};
use crate::domain::invoice::Body;
use crate::domain::payment::Allocation;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::text;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::forms::{Posted, errors_of};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Field, FieldError, Icon, Input, Look, Tone, csrf_input};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// Entries of an invoice's log that are looked through for an allocation that was undone.
const LOG_MAX: usize = 1_000;
const WHY: &str = "Say why, in a few words.";

/// `GET /desk/invoices/{id}/credit`
pub async fn ask(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>) -> Result<Markup, Problem> {
    let row = issued(&desk, id)?;
    desk.read(|r| ask_page(&desk, r, &row, "", &[]))
}

/// `POST /desk/invoices/{id}/credit`
pub async fn credit(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let row = issued(&desk, id)?;
    let typed = fields.get("reason");
    let errors = match text::paragraph("reason", typed) {
        Err(fault) => errors_of(&[fault]),
        Ok(reason) if reason.is_empty() => errors_of(&[FieldFault::new("reason", WHY)]),
        Ok(reason) => {
            let credited = invoices::credit(&desk.app, desk.by(), &desk.scope, row.invoice.id, reason).await;
            desk.app.wake.notify_one();
            match credited {
                Ok(number) => {
                    let id = desk.read(|r| Ok(r.invoice_numbered(&number)?))?.unwrap_or(row.invoice.id);
                    return Ok(Redirect::to(&format!("/desk/invoices/{id}")).into_response());
                }
                Err(error) => errors_in(error, "reason")?,
            }
        }
    };
    Ok(again(desk.read(|r| ask_page(&desk, r, &row, typed, &errors))?))
}

/// An issued document within the scope.
///
/// # Errors
/// [`Problem::NotFound`] when there is none, or not for this member of staff.
pub(super) fn issued(desk: &Desk, id: InvoiceId) -> Result<Row, Problem> {
    let row = desk.read(|r| Ok(r.invoice_row(id)?))?;
    let mine = row.filter(|x| desk.scope.sees(x.invoice.client) && x.invoice.issue.is_some());
    mine.ok_or(Problem::NotFound)
}

fn ask_page(desk: &Desk, r: &ReadTx, row: &Row, typed: &str, errors: &[FieldError]) -> Result<Markup, Problem> {
    let invoice = &row.invoice;
    let page = format!("/desk/invoices/{}", invoice.id);
    let title = format!("Credit {} in full", called(invoice));
    let before = r.credit_notes_for(invoice)?;
    let body = html! {
        (parts::back(&page, called(invoice)))
        @if !invoice.is_invoice() {
            (parts::head("Nothing to credit", "", ""))
            p { "This document can’t be credited, because it is a credit note." }
        } @else if !before.is_empty() {
            (parts::head("Nothing to credit", "", ""))
            @for note in &before {
                p {
                    (called(invoice)) " was credited already, with the credit note "
                    a href=(links::invoice(note.id)) { (called(note)) }
                    ". What is left of it can be applied where it stands."
                }
            }
        } @else if matches!(invoice.body, Body::Published(_)) {
            (parts::head(&title, "", ""))
            (published(row))
        } @else {
            (parts::head(&title, "A credit note takes the invoice back; the invoice itself stays as it is.", ""))
            (parts::error_summary(errors))
            (form(desk, row, typed, errors))
        }
    };
    Ok(desk.page(DeskNav::Invoices, &parts::titled(&title, errors), body))
}

fn published(row: &Row) -> Markup {
    let invoice = &row.invoice;
    let href = format!(
        "/desk/publish?kind=credit&of={}&client={}",
        invoice.number().map_or(String::new(), |n| n.in_url()),
        invoice.client
    );
    html! {
        (parts::note(Tone::Info, Icon::File, "This invoice was made in your accounting system.",
            "So is its credit note: make it there, then publish its PDF here, and it will settle this invoice."))
        p.gap-y { (parts::link(Look::Primary, &href, "Publish the credit note")) }
    }
}

fn form(desk: &Desk, row: &Row, typed: &str, errors: &[FieldError]) -> Markup {
    let (locale, invoice) = (desk.locale(), &row.invoice);
    let (total, open) = (invoice.payable(), row.open());
    let page = format!("/desk/invoices/{}", invoice.id);
    let field = Field::new("reason", "Why").hint("Printed on the credit note; the client reads it.").value(typed);
    html! {
        p {
            "The credit note is for " b { (locale.money(total)) } ". " (locale.money(open)) " is still open and will be settled by it"
            @if open.minor < total.minor { "; the rest stays as credit of the client, to be applied or paid back" }
            ". The same people get a letter about it, and no further reminders go."
        }
        form.gap-y method="post" action={ (page) "/credit" } {
            (csrf_input(&desk.csrf))
            (parts::textarea(&field.errors(errors), 3))
            p.row {
                (parts::submit(Look::Primary, format!("Credit {}", locale.money(total))))
                (parts::link(Look::Plain, &page, "Leave it as it is"))
            }
        }
    }
}

/// `GET /desk/invoices/{id}/allocations/{allocation}/undo`
pub async fn ask_undo(
    DeskWork(desk): DeskWork,
    Path((id, allocation)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (row, allocation) = allocated(&desk, &id, &allocation)?;
    match allocation {
        Some(allocation) => Ok(desk.read(|r| undo_page(&desk, r, &row, &allocation, "", &[]))?.into_response()),
        None => Ok(on_to(&links::invoice(row.invoice.id))),
    }
}

/// `POST /desk/invoices/{id}/allocations/{allocation}/undo`
pub async fn undo(
    DeskWork(desk): DeskWork,
    Path((id, allocation)): Path<(String, String)>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let (row, allocation) = allocated(&desk, &id, &allocation)?;
    // Pressed twice, undone once.
    let Some(allocation) = allocation else { return Ok(on_to(&links::invoice(row.invoice.id))) };
    let typed = fields.get("reason");
    let (invoice, which, settings) = (row.invoice.id, allocation.id, desk.app.settings.clone());
    let errors = match text::required("reason", typed, text::LINE_MAX, WHY) {
        Err(fault) => errors_of(&[fault]),
        Ok(reason) => {
            let act = move |w: &mut WriteTx<'_>, scope: &StaffScope| {
                payments::undo(w, scope, &settings, (invoice, which), &reason)
            };
            match desk.act(act).await {
                Ok(()) | Err(ActError::Refused(Refusal::NotFound)) => return Ok(on_to(&links::invoice(invoice))),
                Err(error) => errors_in(error, "reason")?,
            }
        }
    };
    Ok(again(desk.read(|r| undo_page(&desk, r, &row, &allocation, typed, &errors))?))
}

/// An invoice, and its allocation unless one of its allocations was undone and there is no such one.
fn allocated(desk: &Desk, id: &str, allocation: &str) -> Result<(Row, Option<Allocation>), Problem> {
    let row = issued(desk, id_of(id)?)?;
    let which: AllocationId = id_of(allocation)?;
    let all = desk.read(|r| Ok(r.allocations_of(row.invoice.id)?))?;
    let found = all.into_iter().find(|a| a.id == which);
    let undone = |entry: &LogEntry| matches!(entry.event, Event::AllocationUndone { .. });
    let log = desk.read(|r| Ok(r.log_of_invoice(row.invoice.id, None, LOG_MAX)?))?;
    if found.is_none() && !log.iter().any(undone) {
        return Err(Problem::NotFound);
    }
    Ok((row, found))
}

fn undo_page(
    desk: &Desk,
    r: &ReadTx,
    row: &Row,
    allocation: &Allocation,
    typed: &str,
    errors: &[FieldError],
) -> Result<Markup, Problem> {
    let (number, amount) = (called(&row.invoice), desk.locale().money(allocation.amount));
    let page = format!("/desk/invoices/{}", row.invoice.id);
    let title = format!("Undo {amount} on {number}");
    let field = Field::new("reason", "Why").hint("For the activity log; the client does not read it.").value(typed);
    let body = html! {
        (parts::back(&page, &number))
        (parts::head(&title, "The money stays with the client as unapplied; the invoice is open again by as much.", ""))
        (parts::error_summary(errors))
        p { "It came from: " (source(r, allocation.source)?) "." }
        form.gap-y method="post" action={ (page) "/allocations/" (allocation.id) "/undo" } {
            (csrf_input(&desk.csrf))
            (parts::input(&field.errors(errors), Input::Text))
            p.row { (parts::submit(Look::Primary, "Undo the allocation")) (parts::link(Look::Plain, &page, "Leave it as it is")) }
        }
    };
    Ok(desk.page(DeskNav::Invoices, &parts::titled(&title, errors), body))
}
