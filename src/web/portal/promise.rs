//! A contact's promise to pay an invoice: the small form on the invoice's page, what is promised, and withdrawing it.
//!
//! Works without scripts. A refused form comes back on the invoice's page with what was typed.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Span;
use jiff::civil::Date;
use maud::{Markup, html};

use super::invoice;
use crate::actions::promises;
use crate::domain::number::DocumentNumber;
use crate::domain::promise::{Outcome, Promise};
use crate::domain::refusal::Refusal;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::store::scope::ClientView;
use crate::web::auth::back::number_and_format;
use crate::web::forms::{Fields, Posted, errors_from};
use crate::web::guard::Viewer;
use crate::web::parts::{self, FieldError, Icon, Look, csrf_input};
use crate::web::path::Path;
use crate::web::problem::Problem;
use crate::web::promise_form::{self, Asks, PROPOSED};

/// Which form of an invoice's page was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum About {
    /// That of a promise.
    #[default]
    Promise,
    /// That of a dispute.
    Dispute,
}

/// What was asked of an invoice's page and refused: what was typed, and why.
#[derive(Default)]
pub(super) struct Asked {
    /// With which form.
    pub about: About,
    /// As typed; nothing before anything was.
    pub typed: Option<Fields>,
    /// Of fields.
    pub errors: Vec<FieldError>,
    /// Of the whole.
    pub told: Option<String>,
}

/// What a page knows of the promises of an invoice.
pub struct Promised {
    newest: Option<Promise>,
    days: u16,
}

impl Promised {
    /// Reads it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn load<R: Reader>(view: &ClientView<'_, R>, row: &Row) -> Result<Self, StoreError> {
        Ok(Self { newest: view.newest_promise(row)?, days: view.promise_days()? })
    }

    /// The open one, if reminders wait for it.
    pub fn held(&self, today: Date) -> Option<&Promise> {
        self.newest.as_ref().filter(|x| x.holds_on(today))
    }

    fn open(&self, viewer: &Viewer) -> Option<&Promise> {
        self.newest.as_ref().filter(|x| x.runs_on(viewer.today()))
    }
}

/// `POST /invoices/{number}/promise`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn make(viewer: Viewer, Path(segment): Path<String>, Posted(typed): Posted) -> Result<Response, Problem> {
    let number = number_of(&segment)?;
    let row = invoice_of(&viewer, &number)?;
    let refusal = match promise_form::read(&typed, row.open()) {
        _ if !viewer.contact().rights.answer => Refusal::NotAllowed,
        _ if row.open().minor <= 0 => Refusal::NothingOpen,
        Err(refusal) => refusal,
        Ok(wish) => {
            let (zone, of) = (viewer.zone().clone(), number.clone());
            match viewer.act(move |w, pass| promises::promise(w, pass, &of, &wish, &zone)).await {
                // Sent twice, promised once.
                Ok(_) | Err(ActError::Refused(Refusal::Repeated(_))) => return Ok(done(&viewer, &number)),
                Err(ActError::Refused(refusal)) => refusal,
                Err(error) => return Err(error.into()),
            }
        }
    };
    refused(&viewer, &number, refusal, About::Promise, Some(typed))
}

/// `POST /invoices/{number}/promise/withdrawal`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn withdraw(viewer: Viewer, Path(segment): Path<String>, Posted(_): Posted) -> Result<Response, Problem> {
    let number = number_of(&segment)?;
    invoice_of(&viewer, &number)?;
    let (zone, of) = (viewer.zone().clone(), number.clone());
    match viewer.act(move |w, pass| promises::withdraw(w, pass, &of, &zone)).await {
        Ok(()) => Ok(done(&viewer, &number)),
        // Pressed twice, or kept or broken in between: the page shows how it stands.
        Err(ActError::Refused(Refusal::NotFound)) => Ok(done(&viewer, &number)),
        Err(ActError::Refused(refusal)) => refused(&viewer, &number, refusal, About::Promise, None),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn invoice_of(viewer: &Viewer, number: &DocumentNumber) -> Result<Row, Problem> {
    let row = viewer.read(|view| Ok(view.invoice(number)?))?;
    row.filter(|row| row.invoice.is_invoice()).ok_or(Problem::NotFound)
}

pub(super) fn number_of(segment: &str) -> Result<DocumentNumber, Problem> {
    match number_and_format(segment) {
        Some((number, None)) => Ok(number),
        _ => Err(Problem::NotFound),
    }
}

pub(super) fn done(viewer: &Viewer, number: &DocumentNumber) -> Response {
    viewer.wake();
    Redirect::to(&format!("/invoices/{}", number.in_url())).into_response()
}

pub(super) fn refused(
    viewer: &Viewer,
    number: &DocumentNumber,
    refusal: Refusal,
    about: About,
    typed: Option<Fields>,
) -> Result<Response, Problem> {
    let (status, errors, told) = match &refusal {
        Refusal::NotFound => return Err(Problem::NotFound),
        Refusal::Fields(_) => (StatusCode::UNPROCESSABLE_ENTITY, errors_from(&refusal, "day"), None),
        Refusal::NotAllowed => (StatusCode::FORBIDDEN, Vec::new(), Some(not_yours(about).to_owned())),
        other => (StatusCode::CONFLICT, Vec::new(), Some(other.to_string())),
    };
    let page = invoice::asked_again(viewer, number, &Asked { about, typed, errors, told })?;
    Ok((status, page).into_response())
}

/// What a contact reads who may not answer.
fn not_yours(about: About) -> &'static str {
    match about {
        About::Promise => {
            "A colleague with the right to answer promises a payment. If that should be you, please tell us."
        }
        About::Dispute => {
            "A colleague with the right to answer disputes an invoice. If that should be you, please tell us."
        }
    }
}

/// Whether it can be promised by this contact.
fn offered(viewer: &Viewer, row: &Row) -> bool {
    viewer.contact().rights.answer && row.invoice.is_invoice() && row.open().minor > 0
}

/// What is promised, in a sentence for the top of the page; nothing where nothing is open.
pub(super) fn sentence(viewer: &Viewer, promised: &Promised) -> Option<String> {
    let (locale, today) = (viewer.locale(), viewer.today());
    let promise = promised.newest.as_ref()?;
    let (amount, day) = (locale.money(promise.amount), locale.date_weekday(promise.day, today));
    match promise.outcome {
        Outcome::Open if promise.runs_on(today) && !promise.is_enough() => Some(format!(
            "{amount} is promised by {day}. As we ask for more than twice that by then, we still send reminders."
        )),
        Outcome::Open if promise.runs_on(today) => {
            let kept_back = locale.date_weekday(promise.last(), today);
            Some(format!("{amount} is promised by {day}. We send no reminder of it until the end of {kept_back}."))
        }
        Outcome::Open | Outcome::Broken(_) => {
            Some(format!("{amount} was promised by {day}, and did not reach us in time."))
        }
        Outcome::Kept(_) | Outcome::Replaced(_) | Outcome::Withdrawn(_) => None,
    }
}

/// As [`part`], beside a dispute of all that is open: only what was promised, or typed, can be put right.
pub(super) fn part_beside(viewer: &Viewer, row: &Row, promised: &Promised, asked: &Asked) -> Markup {
    let typed = asked.typed.is_some() && asked.about == About::Promise;
    if typed || promised.open(viewer).is_some() {
        part(viewer, row, promised, asked)
    } else {
        html! {}
    }
}

/// The form in the part about paying, with the open promise to change or withdraw.
pub(super) fn part(viewer: &Viewer, row: &Row, promised: &Promised, asked: &Asked) -> Markup {
    let typed = asked.typed.as_ref().filter(|_| asked.about == About::Promise);
    if !offered(viewer, row) {
        let facts = typed.map(promise_form::facts);
        return facts.map_or_else(|| html! {}, |facts| unsent(Icon::Clock, facts));
    }
    let open = promised.open(viewer);
    let at = format!("/invoices/{}/promise", row.invoice.number().map_or_else(String::new, DocumentNumber::in_url));
    let summary = if open.is_some() { "Change what you promised" } else { "Promise a payment" };
    html! {
        (parts::act(Icon::Clock, summary, typed.is_some(), form(viewer, row, promised, (typed, asked), &at)))
        @if open.is_some() {
            div.gap-y { (parts::post_button(Look::Small, &format!("{at}/withdrawal"), viewer.csrf(), "Withdraw the promise")) }
        }
    }
}

/// What was typed where there is no form any more to send it with, as nothing is open or the right to answer went: it
/// can still be read, and said some other way.
pub(super) fn unsent(icon: Icon, mut facts: Vec<(&'static str, Markup)>) -> Markup {
    facts.retain(|(_, value)| !value.0.is_empty());
    parts::act(icon, "What you typed, not sent", true, parts::facts(&facts))
}

fn form(
    viewer: &Viewer,
    row: &Row,
    promised: &Promised,
    (typed, asked): (Option<&Fields>, &Asked),
    at: &str,
) -> Markup {
    let (locale, today, open) = (viewer.locale(), viewer.today(), promised.open(viewer));
    let last = today.saturating_add(Span::new().days(promised.days));
    let usual = today.saturating_add(Span::new().days(PROPOSED.min(promised.days.into())));
    let proposed = Fields::of([
        ("day", open.map_or(usual, |x| x.day.min(last)).to_string()),
        ("amount", locale.amount(open.map_or(row.open(), |x| x.amount))),
        ("note", open.map_or_else(String::new, |x| x.note.clone())),
    ]);
    let errors: &[FieldError] = if typed.is_some() { &asked.errors } else { &[] };
    let typed = typed.unwrap_or(&proposed);
    let until = format!("Until {} at the latest.", locale.date_long(last));
    let asks = Asks { day: "You pay by", until: &until, note: "" };
    html! {
        form method="post" action=(at) {
            (csrf_input(viewer.csrf()))
            (promise_form::inputs((typed, errors), &asks, row.invoice.currency, (today, promised.days)))
            p.small.mut { "We send no reminder of this invoice until then, if it is at least half of what we ask for by then." }
            div.row.gap-y { (parts::submit(Look::Plain, if open.is_some() { "Change the promise" } else { "Promise this payment" })) }
        }
    }
}
