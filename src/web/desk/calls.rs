//! Noting a call about an open invoice: whether anybody was reached, and what came of it.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::document_form::{draw_once, once};
use super::form::{Id, again, errors_in, on_to};
use super::invoices::called;
use super::links;
use super::today_invoices::dialled;
use super::undo::issued;
use crate::actions::calls;
use crate::domain::ids::InvoiceId;
use crate::domain::refusal::Refusal;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Field, FieldError, Icon, Input, Look, csrf_input, hidden};
use crate::web::problem::Problem;

/// The page that notes a call about an invoice.
pub(super) fn address(id: InvoiceId) -> String {
    format!("{}/call", links::invoice(id))
}

/// `GET /desk/invoices/{id}/call`
pub async fn ask(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>) -> Result<Response, Problem> {
    let row = open(&desk, id)?;
    let fields = Fields::of([("reached", "yes".to_owned()), ("once", draw_once(&desk))]);
    Ok(form(&desk, &row, &fields, &[])?.into_response())
}

/// `POST /desk/invoices/{id}/call`
pub async fn note(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let row = open(&desk, id)?;
    let errors = match fields.get("reached") {
        "yes" | "no" => {
            let (reached, said) = (fields.get("reached") == "yes", fields.get("said").to_owned());
            let key = once(&fields);
            match desk.act(move |w, scope| calls::note(w, scope, id, key.as_deref(), (reached, &said))).await {
                // Sent twice, called once.
                Ok(()) | Err(ActError::Refused(Refusal::Repeated(_))) => return Ok(on_to(&links::invoice(id))),
                Err(error) => errors_in(error, "said")?,
            }
        }
        _ => vec![FieldError::new("reached", "Choose one of the two.")],
    };
    Ok(again(form(&desk, &row, &fields, &errors)?))
}

fn open(desk: &Desk, id: InvoiceId) -> Result<Row, Problem> {
    let row = issued(desk, id)?;
    if row.invoice.is_invoice() { Ok(row) } else { Err(Problem::NotFound) }
}

fn form(desk: &Desk, row: &Row, typed: &Fields, errors: &[FieldError]) -> Result<Markup, Problem> {
    let (name, page) = (called(&row.invoice), links::invoice(row.invoice.id));
    let title = format!("A call about {name}");
    let people = desk.read(|r| Ok(r.contacts_of(row.invoice.client)?))?;
    let field = |name: &'static str, label: &'static str| Field::new(name, label).value(typed.get(name)).errors(errors);
    let ends = [Choice::new("yes", "I reached them"), Choice::new("no", "Nobody answered")];
    let is_open = row.open().minor > 0;
    let people = people.iter().filter(|c| is_open && c.active && c.rights.billing && !c.phone.is_empty());
    let open = match is_open {
        true => format!("{} is open, due {}.", desk.locale().money(row.open()), desk.locale().date_long(row.due())),
        false => "Nothing is open of it any more, so there is nothing to call about.".to_owned(),
    };
    let body = html! {
        (parts::back(&page, &name))
        (parts::head(&title, open, ""))
        (parts::error_summary(errors))
        @for contact in people {
            p.row { (parts::link_icon(Look::Small, Icon::Phone, &format!("tel:{}", dialled(&contact.phone)), format!("{}, {}", contact.name, contact.phone))) }
        }
        @if is_open || !errors.is_empty() {
            form.gap-y method="post" action=(address(row.invoice.id)) {
                (csrf_input(&desk.csrf))
                (hidden("once", typed.get("once")))
                (parts::radios(&field("reached", "Did you reach anybody?"), &ends))
                (parts::input(&field("said", "What came of it").hint("For colleagues and the activity log; the client does not read it."), Input::Text))
                p.row { (parts::submit(Look::Primary, "Note the call")) (parts::link(Look::Plain, &page, "Leave it")) }
            }
        }
    };
    Ok(desk.page(DeskNav::Invoices, &parts::titled(&title, errors), body))
}
