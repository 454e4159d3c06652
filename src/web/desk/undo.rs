//! Taking an allocation back.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::form::{again, errors_in, id_of, on_to};
use super::invoice::source;
use super::invoices::called;
use super::links;
use crate::actions::payments;
use crate::domain::access::StaffScope;
use crate::domain::event::{Event, LogEntry};
use crate::domain::ids::{AllocationId, InvoiceId};
use crate::domain::payment::Allocation;
use crate::domain::refusal::Refusal;
use crate::domain::text;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::forms::{Posted, errors_of};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Field, FieldError, Input, Look, csrf_input};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// Entries of an invoice's log that are looked through for an allocation that was undone.
const LOG_MAX: usize = 1_000;
const WHY: &str = "Say why, in a few words.";

/// An issued document within the scope.
///
/// # Errors
/// [`Problem::NotFound`] when there is none, or not for this member of staff.
pub(super) fn issued(desk: &Desk, id: InvoiceId) -> Result<Row, Problem> {
    let row = desk.read(|r| Ok(r.invoice_row(id)?))?;
    let mine = row.filter(|x| desk.scope.sees(x.invoice.client) && x.invoice.issue.is_some());
    mine.ok_or(Problem::NotFound)
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
