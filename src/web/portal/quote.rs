//! One quote in its newest version or an older one: its state, the document itself, its files, and the client's answer.
//!
//! The first look of each hour and every download are logged before the page or the file leaves.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::quote_answer::{self, Asked};
use super::{Looking, logged, words};
use crate::actions::visits;
use crate::documents::invoice::Look;
use crate::documents::quote::{OFFERED, Offer, quote_sheet, rendition};
use crate::documents::{self, Logo, LogoFormat};
use crate::domain::format::Format;
use crate::domain::number::DocumentNumber;
use crate::domain::quote::{Answer, Quote, Version};
use crate::store::events::Visited;
use crate::web::auth::back::number_and_format;
use crate::web::desk::form::id_of;
use crate::web::download;
use crate::web::guard::{FullViewer, Viewer};
use crate::web::page::PortalNav;
use crate::web::parts::{self, Icon, Tone};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// `GET /quotes/{number}`, and its files: `.pdf`, `.csv`, `.html`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn show(
    FullViewer(viewer): FullViewer,
    looking: Looking,
    Path(segment): Path<String>,
) -> Result<Response, Problem> {
    let (number, format) = number_and_format(&segment).ok_or(Problem::NotFound)?;
    answer(&viewer, &looking, number, None, format).await
}

/// `GET /quotes/{number}/v/{version}`, and its files.
///
/// # Errors
/// As [`show`].
pub async fn version(
    FullViewer(viewer): FullViewer,
    looking: Looking,
    Path((number, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (version, format) = Format::split(&version);
    let version = id_of(version)?;
    answer(&viewer, &looking, number_of(&number)?, Some(version), format).await
}

/// The number of an address that names no format.
///
/// # Errors
/// [`Problem::NotFound`] when it does, or is no number.
pub(super) fn number_of(segment: &str) -> Result<DocumentNumber, Problem> {
    match number_and_format(segment) {
        Some((number, None)) => Ok(number),
        _ => Err(Problem::NotFound),
    }
}

async fn answer(
    viewer: &Viewer,
    looking: &Looking,
    number: DocumentNumber,
    version: Option<u32>,
    format: Option<Format>,
) -> Result<Response, Problem> {
    match format {
        Some(format) => download(viewer, looking, number, version, format).await,
        None => open(viewer, looking, number, version).await,
    }
}

/// The address of a quote's page.
pub(super) fn address(number: &DocumentNumber) -> String {
    format!("/quotes/{}", number.in_url())
}

async fn download(
    viewer: &Viewer,
    looking: &Looking,
    number: DocumentNumber,
    version: Option<u32>,
    format: Format,
) -> Result<Response, Problem> {
    let (name, version, bytes) = viewer.read(|view| {
        let quote = view.quote(&number)?.ok_or(Problem::NotFound)?;
        let version = version.unwrap_or_else(|| quote.latest());
        let of = quote.version(version).ok_or(Problem::NotFound)?;
        let bytes = match format {
            Format::Pdf => view.quote_pdf(&quote, of)?,
            other => {
                let project = quote.project.map(|id| view.project_name(id)).transpose()?.flatten();
                let sheet = sheet(viewer, (&quote, version, of), project.as_deref(), viewer.logo()?);
                rendition(other, &quote, of, &sheet)
            }
        };
        Ok((quote.file_name(version, format.ending()), version, bytes.ok_or(Problem::NotFound)?))
    })?;
    if looking.0 {
        logged(viewer.act(move |w, pass| visits::quote_downloaded(w, pass, (&number, version), format)).await)?;
    }
    Ok(download::of(format, &name, bytes))
}

async fn open(
    viewer: &Viewer,
    looking: &Looking,
    number: DocumentNumber,
    version: Option<u32>,
) -> Result<Response, Problem> {
    let shown = Shown::load(viewer, &number, version)?;
    if looking.0 && !shown.visited {
        let version = shown.number;
        logged(viewer.act(move |w, pass| visits::quote_opened(w, pass, &number, version)).await)?;
    }
    Ok(page(viewer, &shown, &Asked::default()).into_response())
}

/// A quote as its page shows it.
pub(super) struct Shown {
    pub(super) quote: Quote,
    /// The number of the version that is shown.
    pub(super) number: u32,
    project: Option<String>,
    visited: bool,
}

impl Shown {
    /// The version of a number, or the one that counts.
    pub(super) fn load(viewer: &Viewer, number: &DocumentNumber, version: Option<u32>) -> Result<Self, Problem> {
        viewer.read(|view| {
            let quote = view.quote(number)?.ok_or(Problem::NotFound)?;
            let number = version.unwrap_or_else(|| quote.latest());
            quote.version(number).ok_or(Problem::NotFound)?;
            let project = match quote.project {
                Some(id) => view.project_name(id)?,
                None => None,
            };
            let visited = view.visit_logged(Visited::Quote(quote.id, number), visits::hour_of(viewer.now()))?;
            Ok(Self { quote, number, project, visited })
        })
    }

    /// The version that is shown.
    pub(super) fn version(&self) -> &Version {
        self.quote.version(self.number).unwrap_or(&self.quote.current)
    }

    /// Whether it is the one that counts.
    pub(super) fn is_current(&self) -> bool {
        self.number == self.quote.latest()
    }

    fn address(&self) -> String {
        let at = address(&self.quote.number);
        if self.is_current() { at } else { format!("{at}/v/{}", self.number) }
    }
}

/// The page, with what was asked of it and refused.
pub(super) fn page(viewer: &Viewer, shown: &Shown, asked: &Asked<'_>) -> Markup {
    let (quote, version) = (&shown.quote, shown.version());
    let (locale, today) = (viewer.locale(), viewer.today());
    let said = words::quote(version, shown.is_current(), locale, today);
    let title = format!("Quote {}: {}", quote.number, words::after_colon(&said.text));
    // The page draws the logo by its style; the sheet only needs to know that there is one.
    let logo = viewer.firm().logo.is_some().then(|| Logo { format: LogoFormat::Png, bytes: [].into() });
    let drawn = sheet(viewer, (quote, shown.number, version), shown.project.as_deref(), logo);
    let body = html! {
        (parts::back("/quotes", "All quotes"))
        h1 { (version.title) }
        p.mut { "Quote " (parts::nw(quote.number.as_str())) @if quote.latest() > 1 { ", version " (shown.number) } }
        (parts::error_summary(asked.errors))
        @if let Some(why) = asked.told { (parts::status(Tone::Bad, Icon::Alert, "Your answer was not taken.", why)) }
        (parts::status(said.tone, said.icon, format_args!("{}.", said.text), next_step(viewer, shown)))
        @if shown.is_current() && !version.news.is_empty() {
            (parts::note(Tone::Info, Icon::File, "What is new.", &version.news))
        }
        (parts::document("The quote in short, and its files", stub(viewer, shown), documents::html(&drawn)))
        (versions(viewer, shown))
        (quote_answer::section(viewer, shown, asked))
    };
    viewer.page(PortalNav::Quotes, &parts::titled(&title, asked.errors), body)
}

fn sheet(
    viewer: &Viewer,
    (quote, number, version): (&Quote, u32, &Version),
    project: Option<&str>,
    logo: Option<Logo>,
) -> documents::Sheet {
    let firm = version.letterhead.over(viewer.firm());
    let look = Look { firm: &firm, logo };
    quote_sheet(&look, &version.seller, &version.buyer, &Offer::of(&quote.number, number, version, project))
}

fn stub(viewer: &Viewer, shown: &Shown) -> Markup {
    let (locale, today, version) = (viewer.locale(), viewer.today(), shown.version());
    let file = format!("{}.pdf", shown.address());
    let (name, total) = match &version.answer {
        Answer::Accepted(_, choice) => ("Total", choice.total),
        _ if version.options.is_empty() => ("Total", version.totals.payable()),
        _ => ("Total without options", version.totals.payable()),
    };
    html! {
        (parts::amount_big(name, &locale.money(total)))
        @match &version.answer {
            Answer::Accepted(..) => (parts::stamp("Accepted")),
            Answer::Declined(..) => (parts::stamp("Declined")),
            Answer::Open if !shown.is_current() => (parts::stamp("Replaced")),
            Answer::Open => p.mut { "Good until " (locale.date_weekday(version.valid_until, today)) },
        }
        @if quote_answer::wanted(viewer, shown) {
            p.pay { (parts::link(parts::Look::WidePrimary, "#answer", "Accept or decline")) }
        }
        p.pay { (parts::link_icon(parts::Look::Wide, Icon::Down, &file, html! {
            "Download PDF" (parts::heard(format_args!(", {}", locale.bytes(version.pdf.length))))
        })) }
        (formats(shown))
    }
}

/// The formats beside the PDF.
fn formats(shown: &Shown) -> Markup {
    let (at, of) = (shown.address(), format!("of {}", shown.quote.number));
    let links: Vec<(String, &str)> =
        OFFERED.iter().filter(|x| **x != Format::Pdf).map(|x| (format!("{at}.{}", x.ending()), x.words())).collect();
    let links: Vec<(&str, &str, &str)> = links.iter().map(|(href, words)| (&**href, *words, &*of)).collect();
    parts::downloads("Download as", &links)
}

/// Every version, the newest first; nothing while there is one only.
fn versions(viewer: &Viewer, shown: &Shown) -> Markup {
    let (quote, locale) = (&shown.quote, viewer.locale());
    if quote.older.is_empty() {
        return html! {};
    }
    let mut rows: Vec<_> = quote
        .versions()
        .map(|(number, version)| {
            let at = address(&quote.number);
            let current = number == quote.latest();
            let href = if current { at } else { format!("{at}/v/{number}") };
            let name = html! {
                @if number == shown.number { b { "Version " (number) } } @else { a href=(href) { "Version " (number) } }
                @if current { " " (parts::tag(Tone::Ok, "Current")) }
            };
            let sent = locale.date_medium(version.issued, viewer.today());
            let about = html! { "Sent on " (sent) @if !version.news.is_empty() { ". New: " (version.news) } };
            (name, about, html! { span.num { (locale.money(version.totals.payable())) } })
        })
        .collect();
    rows.reverse();
    parts::section("versions", "Versions", "", parts::rows(&rows))
}

fn next_step(viewer: &Viewer, shown: &Shown) -> Markup {
    let (firm, version) = (viewer.firm(), shown.version());
    let whom = if firm.correspondent.is_empty() { &firm.party.name } else { &firm.correspondent };
    let when = |at| viewer.locale().instant_short(at, viewer.zone(), viewer.today());
    let until = viewer.locale().date_weekday(version.valid_until, viewer.today());
    html! {
        @match &version.answer {
            _ if !shown.is_current() => {
                a href=(address(&shown.quote.number)) { "Go to the current one, version " (shown.quote.latest()) } "."
            }
            Answer::Accepted(given, _) => { (given.name) " accepted it, " (when(given.at)) ". Thank you." }
            Answer::Declined(given, _) => { (given.name) " declined it, " (when(given.at)) "." }
            Answer::Open if version.expired(viewer.today()) => {
                "It could be accepted until the end of " (until) ". Ask " (whom) " if you would like a new one."
            }
            Answer::Open if quote_answer::wanted(viewer, shown) => "Read it, then accept or decline it below.",
            Answer::Open => (quote_answer::NOT_YOURS),
        }
    }
}
