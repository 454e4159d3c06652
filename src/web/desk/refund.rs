//! Recording that money was paid back out of a payment or credit note, and that a refund came back.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::form::{Id, Typed, again, errors_in, on_to};
use super::links;
use super::names::NamesOf;
use super::payment::{Funds, find};
use crate::actions::refunds::{self, NewRefund};
use crate::domain::access::StaffScope;
use crate::domain::ids::RefundId;
use crate::domain::money::Money;
use crate::domain::payment::{Method, Refund};
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::text::{self, capital};
use crate::secrets::Token;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, date, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Input, Look, csrf_input};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// `GET /desk/payments/{id}/refund`
pub async fn ask(DeskWork(desk): DeskWork, Path(id): Path<String>) -> Result<Response, Problem> {
    let money = desk.read(|r| find(r, &desk, &id))?;
    if money.left.minor == 0 {
        return Ok(on_to(&links::source(money.source)));
    }
    let once = Token::draw(&desk.app.entropy).reveal();
    let (amount, on) = (money.left.decimal().to_string(), desk.today().to_string());
    let fields = Fields::of([("amount", amount.as_str()), ("on", &on), ("method", "transfer"), ("once", &once)]);
    Ok(desk.read(|r| Ok(page(r, &desk, &money, Typed::fresh(&fields))))?.into_response())
}

/// `POST /desk/payments/{id}/refund`
pub async fn record(
    DeskWork(desk): DeskWork,
    Path(id): Path<String>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let money = desk.read(|r| find(r, &desk, &id))?;
    let done = format!("{}?done=refunded", links::source(money.source));
    let errors = match read(&desk, &money, &fields) {
        Err(refusal) => errors_from(&refusal, "amount"),
        Ok(new) => match desk.act(move |w, scope: &StaffScope| refunds::record(w, scope, &new)).await {
            // Pressed twice, recorded once.
            Ok(_) | Err(ActError::Refused(Refusal::Repeated(_))) => return Ok(on_to(&done)),
            Err(error) => errors_in(error, "amount")?,
        },
    };
    let typed = Typed { fields: &fields, errors: &errors };
    Ok(again(desk.read(|r| Ok(page(r, &desk, &money, typed)))?))
}

fn read(desk: &Desk, money: &Funds, fields: &Fields) -> Result<NewRefund, Refusal> {
    let mut faults = Faults::default();
    let currency = money.left.currency;
    let amount = faults.take_opt(Money::parse("amount", fields.get("amount"), currency));
    let on = faults.take_opt(date("on", fields.get("on"))).unwrap_or(desk.today());
    if on > desk.today() {
        faults.add("on", "Enter the day on which it was paid back: today or earlier.");
    }
    let method = Method::from_code(fields.get("method"));
    if method.is_none() {
        faults.add("method", "Choose how it was paid back.");
    }
    let reference = faults.take(text::line("reference", fields.get("reference"), text::LINE_MAX));
    faults.check()?;
    let once = Token::parse(fields.get("once")).map(|x| x.reveal());
    let (amount, method) = (amount.unwrap_or(Money::zero(currency)), method.unwrap_or_default());
    Ok(NewRefund { source: money.source, amount, on, method, reference, once })
}

fn page(r: &ReadTx, desk: &Desk, money: &Funds, typed: Typed<'_>) -> Markup {
    let (own, locale, names) = (links::source(money.source), desk.locale(), NamesOf::among(r, &desk.scope));
    let title = "Record a refund";
    let words = Method::ALL.map(|x| (x.code(), capital(x.words())));
    let methods: Vec<Choice<'_>> = words.iter().map(|(value, label)| Choice::new(value, label)).collect();
    let today = desk.today().to_string();
    let reference =
        typed.field("reference", "Reference").optional().hint("As your bank shows it; the client reads it.");
    let body = html! {
        (parts::back(&own, "Back"))
        (parts::head(title, html! { "To " a href=(links::client(money.client)) { (names.client(money.client)) } }, ""))
        (parts::error_summary(typed.errors))
        p {
            (locale.money(money.left)) " is applied to nothing and can be paid back. "
            "Nothing is sent from here: pay with your bank, then record it. The client’s statement shows it."
        }
        form.gap-y method="post" action={ (own) "/refund" } {
            (csrf_input(&desk.csrf))
            (parts::hidden("once", typed.fields.get("once")))
            (parts::money(&typed.field("amount", "How much"), money.left.currency.code()))
            (parts::date(&typed.field("on", "Paid back on"), None, Some(&today)))
            (parts::select(&typed.field("method", "How"), &methods))
            (parts::input(&reference, Input::Text))
            p.row { (parts::submit(Look::Primary, "Record the refund")) (parts::link(Look::Plain, &own, "Leave it")) }
        }
    };
    desk.page(DeskNav::Payments, &parts::titled(title, typed.errors), body)
}

/// `GET /desk/refunds/{id}/return`
pub async fn ask_return(DeskWork(desk): DeskWork, Id(id): Id<RefundId>) -> Result<Response, Problem> {
    let refund = refund_of(&desk, id)?;
    if refund.returned.is_some() {
        return Ok(on_to(&came_back(&refund)));
    }
    let fields = Fields::of([("on", desk.today().to_string())]);
    Ok(return_page(&desk, &refund, Typed::fresh(&fields)).into_response())
}

/// `POST /desk/refunds/{id}/return`
pub async fn give_back(
    DeskWork(desk): DeskWork,
    Id(id): Id<RefundId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let refund = refund_of(&desk, id)?;
    let mut faults = Faults::default();
    let on = faults.take_opt(date("on", fields.get("on"))).unwrap_or(desk.today());
    if on > desk.today() {
        faults.add("on", "Enter the day on which it came back: today or earlier.");
    }
    let reason = text::required("reason", fields.get("reason"), text::LINE_MAX, "Say why, in a few words.");
    let reason = faults.take(reason);
    let errors = match faults.check() {
        Err(refusal) => errors_from(&refusal, "reason"),
        Ok(()) => {
            let act = move |w: &mut WriteTx<'_>, scope: &StaffScope| refunds::give_back(w, scope, id, on, &reason);
            match desk.act(act).await {
                Ok(()) | Err(ActError::Refused(Refusal::Repeated(_))) => return Ok(on_to(&came_back(&refund))),
                Err(error) => errors_in(error, "reason")?,
            }
        }
    };
    Ok(again(return_page(&desk, &refund, Typed { fields: &fields, errors: &errors })))
}

fn refund_of(desk: &Desk, id: RefundId) -> Result<Refund, Problem> {
    let refund = desk.read(|r| Ok(r.refund(id)?))?;
    refund.filter(|x| desk.scope.sees(x.client)).ok_or(Problem::NotFound)
}

fn came_back(refund: &Refund) -> String {
    format!("{}?done=returned", links::source(refund.source))
}

fn return_page(desk: &Desk, refund: &Refund, typed: Typed<'_>) -> Markup {
    let (own, amount) = (links::source(refund.source), desk.locale().money(refund.amount));
    let title = format!("The refund of {amount} came back");
    let about = "It counts no longer, and the money can be applied or paid back again. Nothing is deleted.";
    let (first, last) = (refund.on.to_string(), desk.today().to_string());
    let reason = typed.field("reason", "Why").hint("For the activity log; the client does not read it.");
    let body = html! {
        (parts::back(&own, "Back"))
        (parts::head(&title, about, ""))
        (parts::error_summary(typed.errors))
        form.gap-y method="post" action={ "/desk/refunds/" (refund.id) "/return" } {
            (csrf_input(&desk.csrf))
            (parts::date(&typed.field("on", "As of"), Some(&first), Some(&last)))
            (parts::input(&reason, Input::Text))
            p.row { (parts::submit(Look::Primary, "It came back")) (parts::link(Look::Plain, &own, "Leave it as it is")) }
        }
    };
    desk.page(DeskNav::Payments, &parts::titled(&title, typed.errors), body)
}
