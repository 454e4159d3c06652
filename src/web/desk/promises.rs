//! Recording a promise that a client made to staff, withdrawing one, and how desk pages show promises.

use axum::response::{IntoResponse, Response};
use jiff::Span;
use maud::{Markup, html};

use super::form::{Id, again, errors_in, on_to};
use super::invoices::called;
use super::links;
use super::names::NamesOf;
use super::undo::issued;
use crate::actions::promises;
use crate::domain::access::Act;
use crate::domain::ids::InvoiceId;
use crate::domain::person::Person;
use crate::domain::promise::{Outcome, Promise, STAFF_DAYS};
use crate::domain::refusal::Refusal;
use crate::domain::sentence::Names;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, FieldError, Icon, Look, Tone, csrf_input};
use crate::web::problem::Problem;
use crate::web::promise_form::{self, Asks, PROPOSED};

/// Why reminders go on beside a promise.
const TOO_LITTLE: &str = "It is less than half of what was asked for by then, so reminders of the invoice go on.";
/// Promises that the list of all of them shows.
const SHOWN: usize = 200;
/// Open promises that are read for it; who sees few clients may not find theirs beyond them.
const LOOKED_MAX: usize = 2_000;

/// `GET /desk/invoices/{id}/promise`
pub async fn ask(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>) -> Result<Response, Problem> {
    let row = invoice(&desk, id)?;
    let days = desk.read(|r| Ok(r.policy()?.days))?;
    let usual = days.next(desk.today().saturating_add(Span::new().days(PROPOSED)));
    let amount = desk.locale().amount(row.open());
    let fields = Fields::of([("day", usual.to_string()), ("amount", amount), ("note", String::new())]);
    Ok(form(&desk, &row, &fields, &[]).into_response())
}

/// `POST /desk/invoices/{id}/promise`
pub async fn record(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let row = invoice(&desk, id)?;
    let zone = desk.zone().clone();
    let errors = match promise_form::read(&fields, row.open()) {
        Err(refusal) => errors_from(&refusal, "day"),
        Ok(wish) => match desk.act(move |w, scope| promises::record(w, scope, id, &wish, &zone)).await {
            // Sent twice, promised once.
            Ok(_) | Err(ActError::Refused(Refusal::Repeated(_))) => return Ok(on_to(&links::invoice(id))),
            Err(error) => errors_in(error, "day")?,
        },
    };
    Ok(again(form(&desk, &row, &fields, &errors)))
}

/// `POST /desk/invoices/{id}/promise/withdrawal`
pub async fn withdraw(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>, Posted(_): Posted) -> Result<Response, Problem> {
    invoice(&desk, id)?;
    let zone = desk.zone().clone();
    // Pressed twice, or kept or broken in between: the page shows how it stands.
    if desk.read(|r| Ok(r.newest_promise(id)?))?.is_some_and(|x| x.runs_on(desk.today())) {
        desk.act(move |w, scope| promises::withdraw_recorded(w, scope, id, &zone)).await?;
    }
    Ok(on_to(&links::invoice(id)))
}

fn invoice(desk: &Desk, id: InvoiceId) -> Result<Row, Problem> {
    Some(issued(desk, id)?).filter(|row| row.invoice.is_invoice()).ok_or(Problem::NotFound)
}

fn form(desk: &Desk, row: &Row, typed: &Fields, errors: &[FieldError]) -> Markup {
    let (id, page) = (row.invoice.id, links::invoice(row.invoice.id));
    let title = format!("Record a promise for {}", called(&row.invoice));
    let about = "What the client told you, by telephone or otherwise. No reminder of this invoice goes until then, if it \
                 is at least half of what is asked for by then.";
    let asks = Asks { day: "They pay by", until: "", note: "The client reads it too. " };
    let body = html! {
        (parts::back(&page, called(&row.invoice)))
        (parts::head(&title, about, ""))
        (parts::error_summary(errors))
        form.gap-y method="post" action={ "/desk/invoices/" (id) "/promise" } {
            (csrf_input(&desk.csrf))
            (promise_form::inputs((typed, errors), &asks, row.invoice.currency, (desk.today(), STAFF_DAYS)))
            p.row { (parts::submit(Look::Primary, "Record the promise")) (parts::link(Look::Plain, &page, "Leave it")) }
        }
    };
    desk.page(DeskNav::Invoices, &parts::titled(&title, errors), body)
}

/// The promises of an invoice on its page: the open one with what can be done about it, and those before it. Nothing
/// where none was made and none can be.
///
/// # Errors
/// When the store fails.
pub(super) fn section(
    desk: &Desk,
    r: &ReadTx,
    names: &NamesOf<'_, ReadTx>,
    row: &Row,
) -> Result<Option<Markup>, StoreError> {
    let all = r.promises_of_invoice(row.invoice.id)?;
    let can = row.invoice.is_invoice() && row.open().minor > 0 && desk.may(Act::Work);
    if all.is_empty() && !can {
        return Ok(None);
    }
    let open = all.last().filter(|x| x.runs_on(desk.today()));
    let page = format!("{}/promise", links::invoice(row.invoice.id));
    let past: Vec<_> = all.iter().rev().filter(|x| open.is_none_or(|open| open.id != x.id)).collect();
    let lines: Vec<_> = past.iter().map(|x| line(desk, names, x)).collect();
    let body = html! {
        @if let Some(open) = open {
            (parts::note(Tone::Ok, Icon::Clock, words(desk, open), &open.note))
            p.small.mut {
                (made(desk, names, open)) ". "
                @if open.is_enough() { "Reminders go on after " (desk.locale().date_weekday(open.last(), desk.today())) "." }
                @else { (TOO_LITTLE) }
            }
        }
        @if can {
            div.row.gap-y {
                (parts::link(Look::Small, &page, if open.is_some() { "Change" } else { "Record a promise" }))
                @if open.is_some() {
                    (parts::post_button(Look::Small, &format!("{page}/withdrawal"), &desk.csrf, "Withdraw"))
                }
            }
        }
        @if !lines.is_empty() { (parts::rows(&lines)) }
    };
    Ok(Some(parts::section("promises", "Promises to pay", "", body)))
}

fn line(desk: &Desk, names: &NamesOf<'_, ReadTx>, promise: &Promise) -> (Markup, Markup, Markup) {
    let what = html! {
        (desk.locale().money(promise.amount)) " by " (desk.locale().date_medium(promise.day, desk.today()))
        small { (made(desk, names, promise)) @if !promise.note.is_empty() { ". " (promise.note) } }
    };
    let (tone, word) = match promise.outcome {
        Outcome::Kept(_) => (Tone::Ok, "Kept"),
        Outcome::Broken(_) => (Tone::Bad, "Broken"),
        Outcome::Open => (Tone::Plain, "Over"),
        Outcome::Replaced(_) => (Tone::Plain, "Replaced"),
        Outcome::Withdrawn(_) => (Tone::Plain, "Withdrawn"),
    };
    let since = promise.outcome.since().map(|on| desk.locale().date_medium(on, desk.today()));
    (what, html! { @if let Some(since) = since { (word) " on " (since) } }, parts::tag(tone, word))
}

/// All that is promised now and that they may see.
///
/// # Errors
/// When the store fails.
pub(super) fn all(r: &ReadTx, desk: &Desk, names: &NamesOf<'_, ReadTx>) -> Result<Markup, StoreError> {
    let mine = |x: &&Promise| x.runs_on(desk.today()) && desk.scope.sees(x.client);
    let open = r.open_promises(LOOKED_MAX)?;
    let rows: Vec<parts::Row> = open.iter().filter(mine).take(SHOWN).map(|x| row(desk, names, x)).collect();
    let more = open.len() == LOOKED_MAX || open.iter().filter(mine).nth(SHOWN).is_some();
    let cols = [
        parts::Col::name("Invoice"),
        parts::Col::text("Promised for"),
        parts::Col::num("Amount"),
        parts::Col::text("By whom").wide(),
    ];
    Ok(html! {
        @if rows.is_empty() { p.mut { "Nothing is promised." } }
        @else { (parts::scroller("Promised payments", &cols, &rows, None)) }
        @if more { p.small.mut { "There are more; those that end first are shown." } }
    })
}

fn row(desk: &Desk, names: &NamesOf<'_, ReadTx>, promise: &Promise) -> parts::Row {
    let locale = desk.locale();
    let what = html! {
        a href=(links::invoice(promise.invoice)) { (parts::nw(names.document(promise.invoice))) }
        small { (names.client(promise.client)) }
    };
    let until = html! {
        (parts::time(promise.day, locale.date_medium(promise.day, desk.today())))
        small { @if promise.is_enough() { "Held until " (locale.date_medium(promise.last(), desk.today())) } @else { "Holds no reminders" } }
    };
    vec![what, until, html! { (locale.money(promise.amount)) }, html! { (made(desk, names, promise)) }].into()
}

/// In a list of open invoices: "Promised for 4 December", "Promise of 4 December broken"; nothing of what is over.
pub(super) fn in_short(desk: &Desk, promise: &Promise) -> Option<String> {
    let day = desk.locale().date_medium(promise.day, desk.today());
    match promise.outcome {
        Outcome::Open if promise.runs_on(desk.today()) => Some(format!("Promised for {day}")),
        Outcome::Open | Outcome::Broken(_) => Some(format!("Promise of {day} broken")),
        Outcome::Kept(_) | Outcome::Replaced(_) | Outcome::Withdrawn(_) => None,
    }
}

/// On a client's page: that a promise was not kept, with what to do next; nothing of one that was, or is still open.
pub(super) fn broken(desk: &Desk, row: &Row, promise: Option<&Promise>) -> Markup {
    let missed = |x: &&Promise| matches!(x.outcome, Outcome::Open | Outcome::Broken(_)) && !x.runs_on(desk.today());
    let Some(promise) = promise.filter(missed) else { return html! {} };
    let (locale, page) = (desk.locale(), links::invoice(row.invoice.id));
    let words = html! {
        (locale.money(promise.amount)) " of " a href=(page) { (parts::nw(called(&row.invoice))) } " was promised by "
        (locale.date_medium(promise.day, desk.today())) ". " (locale.money(row.open())) " is still open."
    };
    let actions = html! {
        @if desk.may(Act::Work) {
            (parts::link(Look::Small, &super::calls::address(row.invoice.id), "Note a call"))
            (parts::link(Look::Small, &format!("{page}/promise"), "New promise"))
        }
    };
    parts::note_actions(Tone::Warn, Icon::Clock, "Promise not kept.", words, actions)
}

/// "€500.00 promised by Friday 4 December."
fn words(desk: &Desk, promise: &Promise) -> String {
    let day = desk.locale().date_weekday(promise.day, desk.today());
    format!("{} promised by {day}.", desk.locale().money(promise.amount))
}

/// "Ana Ruiz promised it on 24 November", "Tom Keane recorded it on 24 November".
fn made(desk: &Desk, names: &NamesOf<'_, ReadTx>, promise: &Promise) -> String {
    let on = desk.locale().date_medium(promise.made, desk.today());
    match promise.by {
        Person::Contact(id) => format!("{} promised it on {on}", names.contact(id)),
        Person::Staff(id) => format!("{} recorded it on {on}", names.staff(id)),
    }
}
