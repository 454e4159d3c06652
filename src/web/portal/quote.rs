//! One quote: its state, the document itself, its PDF, and the client's answer to it.
//!
//! The first look of each hour and every download are logged before the page or the file leaves.

use crate::web::path::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::{Looking, logged, quote_answer, words};
use crate::actions::quotes::{self, Reply};
use crate::actions::visits;
use crate::documents::invoice::Look;
use crate::documents::quote::{Offer, quote_sheet};
use crate::documents::{self, Logo, LogoFormat};
use crate::domain::format::Format;
use crate::domain::number::DocumentNumber;
use crate::domain::quote::{Answer, Quote};
use crate::domain::refusal::Refusal;
use crate::store::events::Visited;
use crate::store::prelude::*;
use crate::web::auth::back::number_and_format;
use crate::web::download;
use crate::web::forms::{Posted, errors_from};
use crate::web::guard::{FullViewer, Viewer};
use crate::web::page::PortalNav;
use crate::web::parts::{self, FieldError, Icon, Tone};
use crate::web::problem::Problem;

/// `GET /quotes/{number}`, and its files: `.pdf`, `.html`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn show(
    FullViewer(viewer): FullViewer,
    looking: Looking,
    Path(segment): Path<String>,
) -> Result<Response, Problem> {
    match number_and_format(&segment).ok_or(Problem::NotFound)? {
        (number, Some(format)) => download(&viewer, &looking, number, format).await,
        (number, None) => open(&viewer, &looking, number).await,
    }
}

/// `POST /quotes/{number}/acceptance`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn accept(
    FullViewer(viewer): FullViewer,
    Path(number): Path<String>,
    _: Posted,
) -> Result<Response, Problem> {
    answer(&viewer, &number, Reply::Accept).await
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
    answer(&viewer, &number, Reply::Decline(typed.get("reason").to_owned())).await
}

async fn answer(viewer: &Viewer, segment: &str, reply: Reply) -> Result<Response, Problem> {
    let (number, None) = number_and_format(segment).ok_or(Problem::NotFound)? else { return Err(Problem::NotFound) };
    let (zone, asked, said) = (viewer.zone().clone(), number.clone(), reply.clone());
    let refusal = match viewer.act(move |w, pass| quotes::answer(w, pass, &asked, &said, &zone)).await {
        Ok(()) => {
            viewer.wake();
            return Ok(Redirect::to(&address(&number)).into_response());
        }
        Err(ActError::Refused(Refusal::NotFound)) => return Err(Problem::NotFound),
        Err(ActError::Refused(refusal)) => refusal,
        Err(error) => return Err(error.into()),
    };
    let shown = Shown::load(viewer, &number)?;
    let same = matches!(
        (&shown.quote.answer, &reply),
        (Answer::Accepted(_), Reply::Accept) | (Answer::Declined(..), Reply::Decline(_))
    );
    if refusal == Refusal::QuoteAnswered && same {
        // The form was sent twice; the first one did it.
        return Ok(Redirect::to(&address(&number)).into_response());
    }
    Ok(refused(viewer, &shown, &refusal, &reply))
}

/// The page again, with why the answer was not taken.
fn refused(viewer: &Viewer, shown: &Shown, refusal: &Refusal, reply: &Reply) -> Response {
    let typed = match reply {
        Reply::Accept => "",
        Reply::Decline(reason) => reason,
    };
    let (status, errors, told) = match refusal {
        Refusal::Fields(_) => (StatusCode::UNPROCESSABLE_ENTITY, errors_from(refusal, "reason"), None),
        Refusal::NotAllowed => (StatusCode::FORBIDDEN, Vec::new(), Some(quote_answer::NOT_YOURS.to_owned())),
        other => (StatusCode::CONFLICT, Vec::new(), Some(other.to_string())),
    };
    let page = page(viewer, shown, typed, &errors, told.as_deref());
    (status, page).into_response()
}

/// The address of a quote's page.
pub(super) fn address(number: &DocumentNumber) -> String {
    format!("/quotes/{}", number.in_url())
}

async fn download(
    viewer: &Viewer,
    looking: &Looking,
    number: DocumentNumber,
    format: Format,
) -> Result<Response, Problem> {
    let bytes = viewer.read(|view| {
        let quote = view.quote(&number)?.ok_or(Problem::NotFound)?;
        let bytes = match format {
            Format::Pdf => view.quote_pdf(&quote)?,
            Format::Html => {
                let project = quote.project.map(|id| view.project_name(id)).transpose()?.flatten();
                let sheet = sheet(viewer, &quote, project.as_deref(), viewer.logo()?);
                Some(documents::html_file(&sheet).into_bytes())
            }
            _ => None,
        };
        bytes.ok_or(Problem::NotFound)
    })?;
    let name = number.file_name(format.ending());
    if looking.0 {
        logged(viewer.act(move |w, pass| visits::quote_downloaded(w, pass, &number, format)).await)?;
    }
    Ok(download::of(format, &name, bytes))
}

async fn open(viewer: &Viewer, looking: &Looking, number: DocumentNumber) -> Result<Response, Problem> {
    let shown = Shown::load(viewer, &number)?;
    if looking.0 && !shown.visited {
        logged(viewer.act(move |w, pass| visits::quote_opened(w, pass, &number)).await)?;
    }
    Ok(page(viewer, &shown, "", &[], None).into_response())
}

/// A quote as its page shows it.
struct Shown {
    quote: Quote,
    project: Option<String>,
    visited: bool,
}

impl Shown {
    fn load(viewer: &Viewer, number: &DocumentNumber) -> Result<Self, Problem> {
        viewer.read(|view| {
            let quote = view.quote(number)?.ok_or(Problem::NotFound)?;
            let project = match quote.project {
                Some(id) => view.project_name(id)?,
                None => None,
            };
            let visited = view.visit_logged(Visited::Quote(quote.id), visits::hour_of(viewer.now()))?;
            Ok(Self { quote, project, visited })
        })
    }
}

fn page(viewer: &Viewer, shown: &Shown, typed: &str, errors: &[FieldError], told: Option<&str>) -> Markup {
    let quote = &shown.quote;
    let (locale, today) = (viewer.locale(), viewer.today());
    let said = words::quote(quote, locale, today);
    let title = format!("Quote {}: {}", quote.number, words::after_colon(&said.text));
    // The page draws the logo by its style; the sheet only needs to know that there is one.
    let logo = viewer.firm().logo.is_some().then(|| Logo { format: LogoFormat::Png, bytes: [].into() });
    let drawn = sheet(viewer, quote, shown.project.as_deref(), logo);
    let body = html! {
        (parts::back("/quotes", "All quotes"))
        h1 { (quote.title) }
        p.mut { "Quote " (parts::nw(quote.number.as_str())) }
        (parts::error_summary(errors))
        @if let Some(why) = told { (parts::status(Tone::Bad, Icon::Alert, "Your answer was not taken.", why)) }
        (parts::status(said.tone, said.icon, format_args!("{}.", said.text), next_step(viewer, quote)))
        (parts::document("The quote in short, and its PDF", stub(viewer, quote), documents::html(&drawn)))
        (quote_answer::section(viewer, quote, typed, errors))
    };
    viewer.page(PortalNav::Quotes, &parts::titled(&title, errors), body)
}

fn sheet(viewer: &Viewer, quote: &Quote, project: Option<&str>, logo: Option<Logo>) -> documents::Sheet {
    let look = Look { firm: viewer.firm(), logo };
    quote_sheet(&look, &quote.seller, &quote.buyer, &Offer::of(quote, project))
}

fn stub(viewer: &Viewer, quote: &Quote) -> Markup {
    let (locale, today) = (viewer.locale(), viewer.today());
    let file = format!("{}.pdf", address(&quote.number));
    html! {
        (parts::amount_big("Total", &locale.money(quote.totals.payable())))
        @match &quote.answer {
            Answer::Accepted(_) => (parts::stamp("Accepted")),
            Answer::Declined(..) => (parts::stamp("Declined")),
            Answer::Open => p.mut { "Good until " (locale.date_weekday(quote.valid_until, today)) },
        }
        @if quote_answer::wanted(viewer, quote) {
            p.pay { (parts::link(parts::Look::WidePrimary, "#answer", "Accept or decline")) }
        }
        p.pay { (parts::link_icon(parts::Look::Wide, Icon::Down, &file, html! {
            "Download PDF" (parts::heard(format_args!(", {}", locale.bytes(quote.pdf.length))))
        })) }
    }
}

fn next_step(viewer: &Viewer, quote: &Quote) -> String {
    let firm = viewer.firm();
    let whom = if firm.correspondent.is_empty() { &firm.party.name } else { &firm.correspondent };
    let when = |at| viewer.locale().instant_short(at, viewer.zone(), viewer.today());
    let until = viewer.locale().date_weekday(quote.valid_until, viewer.today());
    match &quote.answer {
        Answer::Accepted(given) => format!("{} accepted it, {}. Thank you.", given.name, when(given.at)),
        Answer::Declined(given, _) => format!("{} declined it, {}.", given.name, when(given.at)),
        Answer::Open if quote.expired(viewer.today()) => {
            format!("It could be accepted until the end of {until}. Ask {whom} if you would like a new one.")
        }
        Answer::Open if quote_answer::wanted(viewer, quote) => "Read it, then accept or decline it below.".to_owned(),
        Answer::Open => quote_answer::NOT_YOURS.to_owned(),
    }
}
