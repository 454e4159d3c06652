//! Writing an invoice off: what nobody expects any more, with the reason for the log.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::form::{Id, again, errors_in, on_to};
use super::invoices::called;
use super::links;
use super::undo::issued;
use crate::actions::waivers;
use crate::domain::ids::InvoiceId;
use crate::domain::money::Money;
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::text;
use crate::store::invoices::Row;
use crate::web::forms::{Fields, Posted, date_within_years, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Field, FieldError, Input, Look, csrf_input};
use crate::web::problem::Problem;

/// `GET /desk/invoices/{id}/write-off`
pub async fn ask(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>) -> Result<Response, Problem> {
    let row = issued(&desk, id)?;
    if row.open().minor == 0 {
        return Ok(on_to(&links::invoice(id)));
    }
    let usual = [("amount", row.open().decimal().to_string()), ("on", desk.today().max(row.invoice.dated).to_string())];
    Ok(page(&desk, &row, &Fields::of(usual), &[]).into_response())
}

/// `POST /desk/invoices/{id}/write-off`
pub async fn write_off(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let row = issued(&desk, id)?;
    // Pressed twice, written off once.
    if row.open().minor == 0 {
        return Ok(on_to(&links::invoice(id)));
    }
    let errors = match read(&row, &fields) {
        Err(refusal) => errors_from(&refusal, "amount"),
        Ok((amount, on, reason)) => {
            match desk.act(move |w, scope| waivers::write_off(w, scope, id, amount, on, &reason)).await {
                Ok(()) => return Ok(on_to(&links::invoice(id))),
                Err(error) => errors_in(error, "amount")?,
            }
        }
    };
    Ok(again(page(&desk, &row, &fields, &errors)))
}

fn read(row: &Row, fields: &Fields) -> Result<(Money, jiff::civil::Date, String), Refusal> {
    let mut faults = Faults::default();
    let amount = Money::parse("amount", fields.get("amount"), row.invoice.currency);
    let amount = amount.and_then(|x| {
        let above = FieldFault::new("amount", "Enter an amount above zero.");
        if x.minor > 0 { Ok(x) } else { Err(above) }
    });
    let amount = faults.take_opt(amount);
    let on = faults.take_opt(date_within_years("on", fields.get("on")));
    let reason = text::required("reason", fields.get("reason"), text::LINE_MAX, "Say why, in a few words.");
    let reason = faults.take(reason);
    faults.check()?;
    let (amount, on) = amount.zip(on).ok_or(Refusal::TryAgain)?;
    Ok((amount, on, reason))
}

fn page(desk: &Desk, row: &Row, typed: &Fields, errors: &[FieldError]) -> Markup {
    let invoice = &row.invoice;
    let page = links::invoice(invoice.id);
    let title = format!("Write {} off", called(invoice));
    let about =
        "The invoice itself stays as it is. What is written off is no longer owed, and no reminder asks for it.";
    let field = |name: &'static str, label: &'static str| Field::new(name, label).value(typed.get(name)).errors(errors);
    let body = html! {
        (parts::back(&page, called(invoice)))
        (parts::head(&title, about, ""))
        (parts::error_summary(errors))
        p { (desk.locale().money(row.open())) " is open. The client’s statement will show what was written off, without the reason." }
        form.gap-y method="post" action={ (page) "/write-off" } {
            (csrf_input(&desk.csrf))
            (parts::money(&field("amount", "How much"), invoice.currency.code()))
            (parts::date(&field("on", "On which day"), None, None))
            (parts::input(&field("reason", "Why").hint("For the activity log and your accountant; the client does not read it."), Input::Text))
            p.row { (parts::submit(Look::Primary, "Write it off")) (parts::link(Look::Plain, &page, "Leave it open")) }
        }
    };
    desk.page(DeskNav::Invoices, &parts::titled(&title, errors), body)
}
