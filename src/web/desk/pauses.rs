//! Pausing reminders of an invoice or of a client until a day, with the reason; and how pages show a pause.

use axum::response::{IntoResponse, Response};
use jiff::Span;
use maud::{Markup, html};

use super::client_form::client_of;
use super::form::{Id, again, errors_in, on_to};
use super::invoices::called;
use super::names::NamesOf;
use super::undo::issued;
use super::{contact_reminders, links};
use crate::actions::pauses;
use crate::domain::access::Act;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::pause::{DAYS_MAX, Pause, Paused, Stopped};
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::sentence::Names;
use crate::domain::text;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, date, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Field, FieldError, Icon, Input, Look, Row, Tone, csrf_input};
use crate::web::problem::Problem;

/// Days that the form proposes.
const PROPOSED: i64 = 14;
/// Pauses that the list of all of them shows, and contacts to whom none go.
const SHOWN: usize = 200;

/// What a page pauses, with its name and the page that it belongs to.
struct Subject {
    of: Paused,
    name: String,
    page: String,
    nav: DeskNav,
}

fn invoice(desk: &Desk, id: InvoiceId) -> Result<Subject, Problem> {
    let row = issued(desk, id)?;
    if !row.invoice.is_invoice() {
        return Err(Problem::NotFound);
    }
    let of = Paused { client: row.invoice.client, invoice: Some(id) };
    Ok(Subject { of, name: called(&row.invoice), page: links::invoice(id), nav: DeskNav::Invoices })
}

fn client(desk: &Desk, id: ClientId) -> Result<Subject, Problem> {
    let client = client_of(desk, id)?;
    let of = Paused { client: id, invoice: None };
    Ok(Subject { of, name: client.party.name, page: links::client(id), nav: DeskNav::Clients })
}

/// `GET /desk/invoices/{id}/pause`
pub async fn ask_of_invoice(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>) -> Result<Response, Problem> {
    let subject = invoice(&desk, id)?;
    ask(&desk, &subject)
}

/// `GET /desk/clients/{id}/pause`
pub async fn ask_of_client(DeskWork(desk): DeskWork, Id(id): Id<ClientId>) -> Result<Response, Problem> {
    let subject = client(&desk, id)?;
    ask(&desk, &subject)
}

/// `POST /desk/invoices/{id}/pause`
pub async fn pause_invoice(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let subject = invoice(&desk, id)?;
    pause(&desk, &subject, &fields).await
}

/// `POST /desk/clients/{id}/pause`
pub async fn pause_client(
    DeskWork(desk): DeskWork,
    Id(id): Id<ClientId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let subject = client(&desk, id)?;
    pause(&desk, &subject, &fields).await
}

/// `POST /desk/invoices/{id}/go-on`
pub async fn go_on_with_invoice(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(_): Posted,
) -> Result<Response, Problem> {
    let subject = invoice(&desk, id)?;
    go_on(&desk, &subject).await
}

/// `POST /desk/clients/{id}/go-on`
pub async fn go_on_with_client(
    DeskWork(desk): DeskWork,
    Id(id): Id<ClientId>,
    Posted(_): Posted,
) -> Result<Response, Problem> {
    let subject = client(&desk, id)?;
    go_on(&desk, &subject).await
}

fn ask(desk: &Desk, subject: &Subject) -> Result<Response, Problem> {
    let (known, days) = desk.read(|r| Ok((r.pause(subject.of)?, r.policy()?.days)))?;
    let known = known.filter(|pause| pause.holds_on(desk.today()));
    let usual = days.next(desk.today().saturating_add(Span::new().days(PROPOSED)));
    let (until, reason) = known.map_or((usual, String::new()), |pause| (pause.until, pause.reason));
    let fields = Fields::of([("until", until.to_string()), ("reason", reason)]);
    Ok(form(desk, subject, &fields, &[]).into_response())
}

async fn pause(desk: &Desk, subject: &Subject, fields: &Fields) -> Result<Response, Problem> {
    let (of, settings) = (subject.of, desk.app.settings.clone());
    let errors = match read(fields) {
        Err(refusal) => errors_from(&refusal, "until"),
        Ok((until, reason)) => {
            match desk.act(move |w, scope| pauses::pause(w, scope, &settings, of, until, &reason)).await {
                Ok(()) => return Ok(on_to(&subject.page)),
                Err(error) => errors_in(error, "until")?,
            }
        }
    };
    Ok(again(form(desk, subject, fields, &errors)))
}

async fn go_on(desk: &Desk, subject: &Subject) -> Result<Response, Problem> {
    let of = subject.of;
    // Pressed twice, or over by itself in between.
    if desk.read(|r| Ok(r.pause(of)?))?.is_some() {
        desk.act(move |w, scope| pauses::go_on(w, scope, of)).await?;
    }
    Ok(on_to(&subject.page))
}

fn read(fields: &Fields) -> Result<(jiff::civil::Date, String), Refusal> {
    let mut faults = Faults::default();
    let until = faults.take_opt(date("until", fields.get("until")));
    let reason = text::required("reason", fields.get("reason"), text::LINE_MAX, "Say why, in a few words.");
    let reason = faults.take(reason);
    faults.check()?;
    Ok((until.ok_or(Refusal::TryAgain)?, reason))
}

fn form(desk: &Desk, subject: &Subject, typed: &Fields, errors: &[FieldError]) -> Markup {
    let Subject { of, name, page, nav } = subject;
    let title = format!("Pause the reminders {} {name}", if of.invoice.is_some() { "for" } else { "to" });
    let about = "They go on by themselves after the day. Issue letters, and what people ask for, still go.";
    let field = |name: &'static str, label: &'static str| Field::new(name, label).value(typed.get(name)).errors(errors);
    let (today, last) = (desk.today(), desk.today().saturating_add(Span::new().days(DAYS_MAX)));
    let (today, last) = (today.to_string(), last.to_string());
    let body = html! {
        (parts::back(page, name))
        (parts::head(&title, about, ""))
        (parts::error_summary(errors))
        form.gap-y method="post" action={ (page) "/pause" } {
            (csrf_input(&desk.csrf))
            (parts::date(&field("until", "Until the end of"), Some(&today), Some(&last)))
            (parts::input(&field("reason", "Why").hint("For colleagues and the activity log; the client does not read it."), Input::Text))
            p.mut.small { "What is missed meanwhile is not sent one by one: afterwards the latest missed step goes, once." }
            p.row { (parts::submit(Look::Primary, "Pause")) (parts::link(Look::Plain, page, "Leave as it is")) }
        }
    };
    desk.page(*nav, &parts::titled(&title, errors), body)
}

/// The pause that holds, with the way to end it; without one, the way to pause. `page` is of the invoice or client.
pub(super) fn part(desk: &Desk, held: Option<&Pause>, of: Paused, page: &str) -> Markup {
    let work = desk.may(Act::Work);
    html! {
        @match held {
            Some(pause) => {
                (parts::note(Tone::Warn, Icon::Clock, words(desk, pause), &pause.reason))
                @if work && pause.of == of {
                    div.row {
                        (parts::post_button(Look::Small, &format!("{page}/go-on"), &desk.csrf, "Go on now"))
                        a.small href={ (page) "/pause" } { "Change" }
                    }
                } @else if pause.of != of {
                    p.small.mut { "All reminders to " a href=(links::client(pause.of.client)) { "this client" } " are paused." }
                }
            }
            None => { @if work { p.small { a href={ (page) "/pause" } { "Pause the reminders" } } } }
        }
    }
}

/// "Paused until 28 November."
pub(super) fn words(desk: &Desk, pause: &Pause) -> String {
    format!("Paused until {}.", desk.locale().date_weekday(pause.until, desk.today()))
}

/// All that is paused now and that they may see.
///
/// # Errors
/// When the store fails.
pub(super) fn all(r: &ReadTx, desk: &Desk, names: &NamesOf<'_, ReadTx>) -> Result<Markup, StoreError> {
    let (mut pauses, mut stopped) = (Vec::new(), Vec::new());
    for client in links::reach(&desk.scope) {
        match client {
            None => {
                pauses = r.pauses(SHOWN)?;
                stopped = r.stopped_all(SHOWN)?;
            }
            Some(client) => {
                pauses.extend(r.pauses_of(client)?);
                for contact in r.contacts_of(client)? {
                    stopped.extend(r.stopped(contact.id)?);
                }
            }
        }
    }
    let more = pauses.len() >= SHOWN || stopped.len() >= SHOWN;
    let held = pauses.iter().filter(|pause| pause.holds_on(desk.today())).take(SHOWN);
    let mut rows: Vec<Row> = held.map(|x| row(desk, x, names)).collect();
    rows.extend(stopped.iter().take(SHOWN).map(|x| stopped_row(x, names)));
    let cols = [
        parts::Col::name("What"),
        parts::Col::text("Until"),
        parts::Col::text("Why"),
        parts::Col::text("Paused by").wide(),
    ];
    Ok(html! {
        @if rows.is_empty() { p.mut { "Nothing is paused: everybody is treated the same." } }
        @else { (parts::scroller("Paused reminders", &cols, &rows, None)) }
        @if more { p.small.mut { "There may be more; each stands on the page of its invoice or client." } }
    })
}

fn stopped_row(stopped: &Stopped, names: &NamesOf<'_, ReadTx>) -> Row {
    let what = html! {
        a href=(contact_reminders::address(stopped.contact)) { (names.contact(stopped.contact)) }
        small { (names.client(stopped.client)) }
    };
    let by = stopped.by.map_or_else(|| names.contact(stopped.contact), |id| names.staff(id));
    let why = if stopped.reason.is_empty() { "By the link in a letter" } else { &stopped.reason };
    vec![what, html! { "Until they are let go on" }, html! { (why) }, html! { (by) }].into()
}

fn row(desk: &Desk, pause: &Pause, names: &NamesOf<'_, ReadTx>) -> Row {
    let what = html! {
        @match pause.of.invoice {
            Some(id) => {
                a href=(links::invoice(id)) { (parts::nw(names.document(id))) }
                small { (names.client(pause.of.client)) }
            }
            None => { a href=(links::client(pause.of.client)) { (names.client(pause.of.client)) } small { "All invoices" } }
        }
    };
    let until = parts::time(pause.until, desk.locale().date_medium(pause.until, desk.today()));
    vec![what, until, html! { (pause.reason) }, html! { (names.staff(pause.by)) }].into()
}
