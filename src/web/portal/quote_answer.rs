//! The client's answer to a quote: what can be chosen, a review of the choice with its total and the terms, the two
//! forms; once it is answered, the answer.
//!
//! Works without scripts: choosing options leads to a page that reviews them, and nothing is accepted before that.
//! Every form carries the version that was read, so that nobody accepts what they have not seen.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::quote::{Shown, address, number_of, page};
use crate::actions::quotes::{self, Reply, answerable};
use crate::domain::money::Money;
use crate::domain::quote::{Answer, Choice, Given, REASON_MAX, Version};
use crate::domain::refusal::Refusal;
use crate::domain::tax::Totals;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, Query, errors_from};
use crate::web::guard::{FullViewer, Viewer};
use crate::web::page::PortalNav;
use crate::web::parts::{self, Field, FieldError, Icon, Look, field_id};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// What a contact reads who sees quotes and may not answer them.
pub const NOT_YOURS: &str = "You can read this quote; a colleague with the right to answer accepts or declines it. If that should be you, please tell us.";

/// What was asked of a quote's page and refused: what was typed, and why.
#[derive(Default)]
pub struct Asked<'a> {
    /// The reason for declining, as typed.
    pub reason: &'a str,
    /// The options ticked.
    pub options: &'a [u32],
    /// Of fields.
    pub errors: &'a [FieldError],
    /// Of the whole.
    pub told: Option<&'a str>,
}

/// `GET /quotes/{number}/acceptance?version=&option=`: what was chosen, before it is accepted.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn review(
    FullViewer(viewer): FullViewer,
    Path(segment): Path<String>,
    Query(query): Query,
) -> Result<Response, Problem> {
    let shown = Shown::load(&viewer, &number_of(&segment)?, None)?;
    let reply = Reply::Accept(options(&query));
    if !viewer.contact().rights.answer {
        return Ok(refused(&viewer, &shown, &Refusal::NotAllowed, &reply));
    }
    let version = query.get("version").parse().unwrap_or(0);
    if let Err(refusal) = answerable(&shown.quote, version, viewer.today()) {
        return Ok(refused(&viewer, &shown, &refusal, &reply));
    }
    match shown.version().choose(&options(&query)) {
        Ok((options, sums)) => Ok(draw_review(&viewer, &shown, &options, &sums).into_response()),
        Err(fault) => Ok(refused(&viewer, &shown, &fault.into(), &reply)),
    }
}

/// `POST /quotes/{number}/acceptance`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn accept(
    FullViewer(viewer): FullViewer,
    Path(number): Path<String>,
    Posted(typed): Posted,
) -> Result<Response, Problem> {
    answer(&viewer, &number, &typed, Reply::Accept(options(&typed))).await
}

/// `POST /quotes/{number}/decline`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn decline(
    FullViewer(viewer): FullViewer,
    Path(number): Path<String>,
    Posted(typed): Posted,
) -> Result<Response, Problem> {
    answer(&viewer, &number, &typed, Reply::Decline(typed.get("reason").to_owned())).await
}

/// The options ticked; what is no number is none that a quote has.
fn options(fields: &Fields) -> Vec<u32> {
    fields.all("option").map(|x| x.parse().unwrap_or(0)).collect()
}

async fn answer(viewer: &Viewer, segment: &str, typed: &Fields, reply: Reply) -> Result<Response, Problem> {
    let number = number_of(segment)?;
    let version = typed.get("version").parse().unwrap_or(0);
    let (zone, asked, said) = (viewer.zone().clone(), number.clone(), reply.clone());
    let refusal = match viewer.act(move |w, pass| quotes::answer(w, pass, (&asked, version), &said, &zone)).await {
        Ok(()) => {
            viewer.wake();
            return Ok(Redirect::to(&address(&number)).into_response());
        }
        Err(ActError::Refused(Refusal::NotFound)) => return Err(Problem::NotFound),
        Err(ActError::Refused(refusal)) => refusal,
        Err(error) => return Err(error.into()),
    };
    let shown = Shown::load(viewer, &number, None)?;
    let same = match (&shown.quote.current.answer, &reply) {
        (Answer::Accepted(_, choice), Reply::Accept(options)) => {
            shown.version().choose(options).is_ok_and(|x| x.0 == choice.options)
        }
        (Answer::Declined(..), Reply::Decline(_)) => true,
        _ => false,
    };
    if refusal == Refusal::QuoteAnswered && same {
        // The form was sent twice; the first one did it.
        return Ok(Redirect::to(&address(&number)).into_response());
    }
    Ok(refused(viewer, &shown, &refusal, &reply))
}

/// The quote's page again, with why the answer was not taken.
fn refused(viewer: &Viewer, shown: &Shown, refusal: &Refusal, reply: &Reply) -> Response {
    let (reason, options): (&str, &[u32]) = match reply {
        Reply::Accept(options) => ("", options),
        Reply::Decline(reason) => (reason, &[]),
    };
    let (status, errors, told) = match refusal {
        Refusal::Fields(_) => (StatusCode::UNPROCESSABLE_ENTITY, errors_from(refusal, "reason"), None),
        Refusal::NotAllowed => (StatusCode::FORBIDDEN, Vec::new(), Some(NOT_YOURS.to_owned())),
        other => (StatusCode::CONFLICT, Vec::new(), Some(other.to_string())),
    };
    let asked = Asked { reason, options, errors: &errors, told: told.as_deref() };
    (status, page(viewer, shown, &asked)).into_response()
}

/// Whether this contact is asked for an answer now.
pub(super) fn wanted(viewer: &Viewer, shown: &Shown) -> bool {
    viewer.contact().rights.answer && shown.is_current() && shown.quote.waits(viewer.today())
}

/// The section, or nothing when there is neither an answer nor somebody who may give one.
pub(super) fn section(viewer: &Viewer, shown: &Shown, asked: &Asked<'_>) -> Markup {
    let version = shown.version();
    let body = match &version.answer {
        Answer::Accepted(given, choice) => answered(viewer, "Accepted", given, accepted(viewer, version, choice)),
        Answer::Declined(given, why) => answered(viewer, "Declined", given, vec![("Reason", html! { (why) })]),
        Answer::Open if wanted(viewer, shown) => forms(viewer, shown, asked),
        Answer::Open => return html! {},
    };
    html! { div.no-print { (parts::section("answer", "Your answer", html! {}, body)) } }
}

fn answered(viewer: &Viewer, word: &str, given: &Given, more: Vec<(&'static str, Markup)>) -> Markup {
    let when = viewer.locale().instant_short(given.at, viewer.zone(), viewer.today());
    let mut facts =
        vec![("Answer", html! { (word) }), ("By", html! { (given.name) }), ("When", parts::time(given.at, when))];
    facts.extend(more);
    html! { (parts::facts(&facts)) p.small.mut.gap-y { (viewer.firm().party.name) " has been told." } }
}

fn accepted(viewer: &Viewer, version: &Version, choice: &Choice) -> Vec<(&'static str, Markup)> {
    let mut facts = Vec::new();
    if !version.options.is_empty() {
        facts.push(("Options", named(version, &choice.options)));
    }
    facts.push(("Total", html! { (viewer.locale().money(choice.total)) }));
    facts
}

fn named(version: &Version, options: &[u32]) -> Markup {
    html! {
        @if options.is_empty() { "None" }
        @for (at, option) in options.iter().enumerate() { @if at > 0 { br; } (version.option_name(*option)) }
    }
}

fn forms(viewer: &Viewer, shown: &Shown, asked: &Asked<'_>) -> Markup {
    let (locale, at, version) = (viewer.locale(), address(&shown.quote.number), shown.version());
    let chooses = !version.options.is_empty();
    let mut facts = vec![
        ("Quote", parts::nw(shown.quote.number.as_str())),
        (if chooses { "Total without options" } else { "Total" }, html! { (locale.money(version.totals.payable())) }),
        ("Good until", html! { "The end of " (locale.date_weekday(version.valid_until, viewer.today())) }),
    ];
    if shown.quote.latest() > 1 {
        facts.insert(1, ("Version", html! { (shown.number) }));
    }
    html! {
        (parts::facts(&facts))
        @if chooses { (choosing(viewer, shown, &at, asked)) }
        @else { (terms(version)) (accepting(viewer, shown, &at, &[])) }
        div.gap-y.prose {
            (parts::act(Icon::Cross, "Decline it instead", asked.errors.iter().any(|e| e.key == "reason"), declining(viewer, shown, &at, asked)))
        }
    }
}

/// The options as boxes, which lead to the review.
fn choosing(viewer: &Viewer, shown: &Shown, at: &str, asked: &Asked<'_>) -> Markup {
    let (locale, version) = (viewer.locale(), shown.version());
    let wrong = asked.errors.iter().find(|e| e.key == "option");
    let without = version.totals.payable();
    let costs = |option: u32| -> Option<Money> { version.totals_with(&[option])?.payable().minus(without) };
    html! {
        form.gap-y method="get" action={ (at) "/acceptance" } {
            (parts::hidden("version", &shown.number.to_string()))
            fieldset id=(field_id("option")) tabindex="-1" {
                legend { "Choose the options that you want" }
                @if let Some(error) = wrong { p.err { span.vh { "Error:" } " " (error.message) } }
                @for (option, _) in (1..).zip(&version.options) {
                    label.pick {
                        input type="checkbox" name="option" value=(option) checked[asked.options.contains(&option)];
                        span {
                            (version.option_name(option))
                            small { "Option " (option) @if let Some(more) = costs(option) { ", " (locale.money(more)) @if more.minor != 0 && has_vat(version) { " with VAT" } } }
                        }
                    }
                }
            }
            p.small.mut { "Next you see the total of what you chose, and the terms. Nothing is accepted before that." }
            div.row.gap-y { (parts::submit(Look::Primary, "Review your choice")) }
        }
    }
}

fn has_vat(version: &Version) -> bool {
    version.content.vats().any(|vat| vat.category.has_rates())
}

fn draw_review(viewer: &Viewer, shown: &Shown, options: &[u32], sums: &Totals) -> Markup {
    let (locale, version, at) = (viewer.locale(), shown.version(), address(&shown.quote.number));
    let title = format!("Accept quote {}", shown.quote.number);
    let chosen = version.chosen(options);
    let lines: Vec<_> = chosen
        .lines
        .iter()
        .map(|line| {
            let amount = line.amount(sums.currency).map(|x| locale.amount(x)).unwrap_or_default();
            (html! { (line.name()) }, html! {}, html! { span.num { (amount) } })
        })
        .collect();
    let left: Vec<&str> =
        (1..).zip(&version.options).filter(|x| !options.contains(&x.0)).map(|x| version.option_name(x.0)).collect();
    let body = html! {
        (parts::back(&at, "The quote"))
        h1 { (title) }
        p.mut { (version.title) @if shown.quote.latest() > 1 { ", version " (shown.number) } }
        (parts::section("chosen", "What you chose", "", html! {
            (parts::rows(&lines))
            (parts::totals(&crate::web::desk::total_lines(sums, locale)))
            @if !left.is_empty() { p.small.mut.gap-y { "Not chosen: " (left.join("; ")) "." } }
        }))
        (parts::section("answer", "Accept it", "", html! {
            (terms(version))
            (accepting(viewer, shown, &at, options))
            p.gap-y { a href={ (at) "#answer" } { "Choose otherwise" } }
        }))
    };
    viewer.page(PortalNav::Quotes, &title, body)
}

/// The terms, in full.
fn terms(version: &Version) -> Markup {
    html! {
        @if !version.terms.is_empty() {
            div.gap-y {
                h3 { "Terms" }
                @for text in version.terms.split("\n\n").filter(|x| !x.trim().is_empty()) {
                    p.small.gap-y { @for (at, line) in text.lines().enumerate() { @if at > 0 { br; } (line) } }
                }
            }
        }
    }
}

/// What accepting means, what is kept with it, and the button.
fn accepting(viewer: &Viewer, shown: &Shown, at: &str, options: &[u32]) -> Markup {
    let (firm, version) = (&viewer.firm().party.name, shown.version());
    let on = if version.terms.is_empty() { "that it states" } else { "above" };
    let kept = if version.options.is_empty() { "" } else { ", the options that you chose" };
    html! {
        p.gap-y { "With “Accept” you order from " (firm) " what this quote describes, on the terms " (on) "." }
        p.small.mut {
            "Kept with it: your name, " (viewer.contact().name) ", the time, your network address" (kept)
            @if !version.terms.is_empty() { ", the terms" } ", and the PDF as it is now."
        }
        form.gap-y method="post" action={ (at) "/acceptance" } {
            (parts::csrf_input(viewer.csrf()))
            (parts::hidden("version", &shown.number.to_string()))
            @for option in options { (parts::hidden("option", &option.to_string())) }
            (parts::submit(Look::Primary, "Accept this quote"))
        }
    }
}

fn declining(viewer: &Viewer, shown: &Shown, at: &str, asked: &Asked<'_>) -> Markup {
    let hint = format!("We read it, and it helps us to make a better one. At most {REASON_MAX} characters.");
    let why = Field::new("reason", "Why?").hint(&hint).value(asked.reason).errors(asked.errors);
    html! {
        form method="post" action={ (at) "/decline" } {
            (parts::csrf_input(viewer.csrf()))
            (parts::hidden("version", &shown.number.to_string()))
            (parts::textarea(&why, 4))
            div.row.gap-y { (parts::submit(Look::Plain, "Decline this quote")) }
        }
    }
}
