//! Taking a recorded payment back: what that opens again, why, and as of which day.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::form::{Id, Typed, again, errors_in, on_to};
use super::links;
use super::names::NamesOf;
use crate::actions::payments::{TakingBack, reverse as act};
use crate::domain::access::StaffScope;
use crate::domain::ids::ReceiptId;
use crate::domain::payment::{Allocation, Cause, Receipt, Source};
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::sentence::Names;
use crate::domain::text::{self, capital};
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, date, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Input, Look, csrf_input, nw};
use crate::web::problem::Problem;

const WHY: &str = "Say why, in a few words.";

/// `GET /desk/payments/{id}/reverse`
pub async fn ask(DeskWork(desk): DeskWork, Id(id): Id<ReceiptId>) -> Result<Response, Problem> {
    let receipt = receipt_of(&desk, id)?;
    if receipt.reversed.is_some() {
        return Ok(on_to(&taken_back(id)));
    }
    let fields = Fields::of([("on", desk.today().to_string())]);
    Ok(draw(&desk, &receipt, Typed::fresh(&fields))?.into_response())
}

/// `POST /desk/payments/{id}/reverse`
pub async fn reverse(
    DeskWork(desk): DeskWork,
    Id(id): Id<ReceiptId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let receipt = receipt_of(&desk, id)?;
    let settings = desk.app.settings.clone();
    let errors = match read(&desk, &fields) {
        // Pressed twice, taken back once.
        _ if receipt.reversed.is_some() => return Ok(on_to(&taken_back(id))),
        Err(refusal) => errors_from(&refusal, "reason"),
        Ok(back) => {
            let write = move |w: &mut WriteTx<'_>, scope: &StaffScope| act(w, scope, &settings, id, &back);
            match desk.act(write).await {
                Ok(()) | Err(ActError::Refused(Refusal::Repeated(_))) => return Ok(on_to(&taken_back(id))),
                Err(error) => errors_in(error, "reason")?,
            }
        }
    };
    Ok(again(draw(&desk, &receipt, Typed { fields: &fields, errors: &errors })?))
}

fn taken_back(id: ReceiptId) -> String {
    format!("{}?done=reversed", links::source(Source::Receipt(id)))
}

fn receipt_of(desk: &Desk, id: ReceiptId) -> Result<Receipt, Problem> {
    let receipt = desk.read(|r| Ok(r.receipt(id)?))?;
    receipt.filter(|x| desk.scope.sees(x.client)).ok_or(Problem::NotFound)
}

/// Reads the form; every fault at its field.
fn read(desk: &Desk, fields: &Fields) -> Result<TakingBack, Refusal> {
    let mut faults = Faults::default();
    let cause = Cause::from_code(fields.get("cause"));
    if cause.is_none() {
        faults.add("cause", "Choose what happened.");
    }
    let on = faults.take_opt(date("on", fields.get("on"))).unwrap_or(desk.today());
    if on > desk.today() {
        faults.add("on", "Enter the day on which it stopped counting: today or earlier.");
    }
    let reason = faults.take(text::required("reason", fields.get("reason"), text::LINE_MAX, WHY));
    faults.check()?;
    Ok(TakingBack { on, cause: cause.unwrap_or(Cause::Mistaken), reason })
}

fn draw(desk: &Desk, receipt: &Receipt, typed: Typed<'_>) -> Result<Markup, Problem> {
    let source = Source::Receipt(receipt.id);
    let (page, locale) = (links::source(source), desk.locale());
    let amount = locale.money(receipt.amount);
    let title = format!("Take back the payment of {amount}");
    desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let parts_of = r.allocations_from(source)?;
        let about = html! {
            "From " a href=(links::client(receipt.client)) { (names.client(receipt.client)) }
            ", received on " (locale.date_long(receipt.on)) "."
        };
        let body = html! {
            (parts::back(&page, "The payment"))
            (parts::head(&title, about, ""))
            (parts::error_summary(typed.errors))
            (consequences(desk, &names, &parts_of))
            (form(desk, receipt, &page, typed))
        };
        Ok(desk.page(DeskNav::Payments, &parts::titled(&title, typed.errors), body))
    })
}

fn consequences(desk: &Desk, names: &NamesOf<'_, ReadTx>, settled: &[Allocation]) -> Markup {
    let locale = desk.locale();
    html! {
        @if settled.is_empty() {
            p { "It settles no invoice, so none opens again." }
        } @else {
            p { "These will be open again by as much, and their reminders go on with the steps that are still to come:" }
            ul.gap-y {
                @for part in settled {
                    li {
                        a href=(links::invoice(part.invoice)) { (nw(names.document(part.invoice))) }
                        ", " (locale.money(part.amount))
                    }
                }
            }
        }
        p.gap-y {
            "Nothing is deleted. The client’s statement shows the payment and that it was taken back, each on its own day, "
            "and the pages of the invoices say so."
        }
    }
}

fn form(desk: &Desk, receipt: &Receipt, page: &str, typed: Typed<'_>) -> Markup {
    let words = Cause::ALL.map(|cause| (cause.code(), capital(cause.words())));
    let hints = ["A cheque that bounced, a direct debit called back.", "It never arrived, or not like this."];
    let choices: Vec<Choice<'_>> =
        words.iter().zip(hints).map(|((value, label), hint)| Choice { value, label, hint }).collect();
    let (first, last) = (receipt.on.to_string(), desk.today().to_string());
    let on = typed.field("on", "As of").hint("From this day on it does not count.");
    let reason = typed.field("reason", "Why").hint("For the activity log; the client does not read it.");
    html! {
        form.gap-y method="post" action={ (page) "/reverse" } {
            (csrf_input(&desk.csrf))
            (parts::radios(&typed.field("cause", "What happened?"), &choices))
            (parts::date(&on, Some(&first), Some(&last)))
            (parts::input(&reason, Input::Text))
            p.row {
                (parts::submit(Look::Primary, "Take it back"))
                (parts::link(Look::Plain, page, "Leave it as it is"))
            }
        }
    }
}
