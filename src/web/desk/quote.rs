//! The page of one quote, of its newest version or an older one, with the answer and what proves it; and its files.
//!
//! Files are logged when staff take them, which is evidence of nothing.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::form::id_of;
use super::links;
use super::moments::moment;
use super::names::NamesOf;
use super::quote_invoice;
use crate::actions::invoices::logo;
use crate::actions::{quotes, visits};
use crate::documents::quote::{OFFERED, Offer, quote_sheet, rendition};
use crate::documents::{Look as Looks, Sheet};
use crate::domain::access::Act;
use crate::domain::event::{Event, LogEntry};
use crate::domain::format::Format;
use crate::domain::ids::QuoteId;
use crate::domain::letter::Purpose;
use crate::domain::quote::{Answer, Choice, Given, Quote, Version, replaceable};
use crate::store::prelude::*;
use crate::web::download;
use crate::web::forms::Fields;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, FieldError, Icon, Look, Moment, Tone};
use crate::web::path::Path;
use crate::web::problem::{Problem, even_if_full};

/// Entries of the client's log that are searched for those about one quote.
const LOG_MAX: usize = 500;

/// A quote as its page shows it.
struct Shown {
    quote: Quote,
    /// The number of the version that is shown.
    number: u32,
}

impl Shown {
    fn find(desk: &Desk, r: &ReadTx, id: QuoteId, number: Option<u32>) -> Result<Self, Problem> {
        let quote = r.quote(id)?.filter(|q| desk.scope.sees(q.client)).ok_or(Problem::NotFound)?;
        let number = number.unwrap_or_else(|| quote.latest());
        quote.version(number).ok_or(Problem::NotFound)?;
        Ok(Self { quote, number })
    }

    fn version(&self) -> &Version {
        self.quote.version(self.number).unwrap_or(&self.quote.current)
    }

    fn is_current(&self) -> bool {
        self.number == self.quote.latest()
    }

    fn address(&self) -> String {
        if self.is_current() { links::quote(self.quote.id) } else { version_address(self.quote.id, self.number) }
    }
}

fn version_address(id: QuoteId, number: u32) -> String {
    format!("{}/v/{number}", links::quote(id))
}

/// `GET /desk/quotes/{id}`, and its files: `.pdf`, `.csv`, `.html`
pub async fn page(desk: Desk, Path(id): Path<String>) -> Result<Response, Problem> {
    let (id, format) = Format::split(&id);
    show(&desk, id_of(id)?, None, format).await
}

/// `GET /desk/quotes/{id}/v/{version}`, and its files
pub async fn version(desk: Desk, Path((id, version)): Path<(String, String)>) -> Result<Response, Problem> {
    let (version, format) = Format::split(&version);
    show(&desk, id_of(&id)?, Some(id_of(version)?), format).await
}

async fn show(desk: &Desk, id: QuoteId, number: Option<u32>, format: Option<Format>) -> Result<Response, Problem> {
    let Some(format) = format else {
        let fresh = Asked { fields: &Fields::default(), errors: &[] };
        return desk.read(|r| Ok(draw(desk, r, &Shown::find(desk, r, id, number)?, &fresh)?.into_response()));
    };
    let (shown, bytes) = desk.read(|r| {
        let shown = Shown::find(desk, r, id, number)?;
        let bytes = match format {
            Format::Pdf => r.file(shown.version().pdf.digest)?,
            other => rendition(other, &shown.quote, shown.version(), &sheet(desk, r, &shown)?),
        };
        Ok((shown, bytes.ok_or(Problem::NotFound)?))
    })?;
    let taken = (id, shown.number);
    even_if_full(desk.act(move |w, scope| visits::staff_quote_downloaded(w, scope, taken, format)).await)?;
    Ok(download::of(format, &shown.quote.file_name(shown.number, format.ending()), bytes))
}

fn sheet(desk: &Desk, r: &ReadTx, shown: &Shown) -> Result<Sheet, Problem> {
    let (quote, version) = (&shown.quote, shown.version());
    let project = quote.project.map(|id| r.project(id)).transpose()?.flatten().map(|p| p.name);
    let firm = version.letterhead.over(&desk.firm);
    let looks = Looks { firm: &firm, logo: logo(r, &desk.firm)? };
    let offer = Offer::of(&quote.number, shown.number, version, project.as_deref());
    Ok(quote_sheet(&looks, &version.seller, &version.buyer, &offer))
}

/// What was asked of the page's form and refused.
pub struct Asked<'a> {
    /// What was typed.
    pub fields: &'a Fields,
    /// What is to be put right.
    pub errors: &'a [FieldError],
}

/// The page of the newest version again, with what was refused.
///
/// # Errors
/// [`Problem::NotFound`] when it is not there, or the store fails.
pub fn page_with(desk: &Desk, r: &ReadTx, id: QuoteId, asked: &Asked<'_>) -> Result<Markup, Problem> {
    draw(desk, r, &Shown::find(desk, r, id, None)?, asked)
}

fn draw(desk: &Desk, r: &ReadTx, shown: &Shown, asked: &Asked<'_>) -> Result<Markup, Problem> {
    let (quote, version) = (&shown.quote, shown.version());
    let names = NamesOf::among(r, &desk.scope);
    let title = format!("Quote {}", quote.number);
    let about = html! {
        a href={ "/desk/clients/" (quote.client) } { (names.client(quote.client)) }
        @if !version.title.is_empty() { ". " (version.title) }
    };
    let sheet = sheet(desk, r, shown)?;
    let (zone, today) = (desk.zone(), desk.today());
    let log = log_of(r, quote)?;
    let moments: Vec<Moment> = log.iter().map(|e| moment(e, &names, desk.locale(), zone, today)).collect();
    let body = html! {
        (parts::back("/desk/quotes", "Quotes"))
        (parts::error_summary(asked.errors))
        (parts::head(html! { "Quote " (parts::nw(quote.number.as_str())) }, about, actions(desk, shown)))
        (banner(desk, shown))
        (answer_section(desk, version))
        @if shown.is_current() { (quote_invoice::section(desk, r, quote, asked)?) }
        (versions(desk, shown))
        div.sec-m { div.panel { (crate::documents::html(&sheet)) } (formats(shown)) }
        (parts::section("timeline", "What happened", "", parts::timeline(&moments)))
    };
    Ok(desk.page(DeskNav::Quotes, &parts::titled(&title, asked.errors), body))
}

fn actions(desk: &Desk, shown: &Shown) -> Markup {
    let (quote, at) = (&shown.quote, shown.address());
    let follows = shown.is_current() && desk.may(Act::Work) && replaceable(quote, quote.latest()).is_ok();
    html! {
        @if follows { (parts::link(Look::Plain, &format!("{}/new", links::quote(quote.id)), "New version")) }
        (parts::link_icon(Look::Plain, Icon::Down, &format!("{at}.pdf"), "Download PDF"))
    }
}

/// The formats beside the PDF.
fn formats(shown: &Shown) -> Markup {
    let at = shown.address();
    let of = format!("of {}", shown.quote.number);
    let links: Vec<(String, &str)> =
        OFFERED.iter().filter(|x| **x != Format::Pdf).map(|x| (format!("{at}.{}", x.ending()), x.words())).collect();
    let links: Vec<(&str, &str, &str)> = links.iter().map(|(href, words)| (&**href, *words, &*of)).collect();
    parts::downloads("Download as", &links)
}

fn banner(desk: &Desk, shown: &Shown) -> Markup {
    let (locale, version) = (desk.locale(), shown.version());
    if !shown.is_current() {
        let current = links::quote(shown.quote.id);
        let latest = shown.quote.latest();
        let words = format!("This is version {}, an older one.", shown.number);
        let on = html! { a href=(current) { "Go to the one that counts, version " (latest) } };
        return parts::note(Tone::Warn, Icon::Alert, words, on);
    }
    let day = |at: &jiff::Timestamp| locale.instant_short(*at, desk.zone(), desk.today());
    let until = locale.date_weekday(version.valid_until, desk.today());
    let amount = locale.money(version.totals.payable());
    match &version.answer {
        Answer::Accepted(given, choice) => {
            let total = locale.money(choice.total);
            parts::note(Tone::Ok, Icon::Check, "Accepted.", format!("By {}, {}. {total}.", given.name, day(&given.at)))
        }
        Answer::Declined(given, _) => {
            parts::note(Tone::Bad, Icon::Cross, "Declined.", format!("By {}, {}.", given.name, day(&given.at)))
        }
        Answer::Open if version.expired(desk.today()) => {
            parts::note(Tone::Plain, Icon::Clock, "Expired.", format!("It could be accepted until {until}. {amount}."))
        }
        Answer::Open => {
            parts::note(Tone::Info, Icon::Clock, "Waiting for an answer.", format!("{amount}, until {until}."))
        }
    }
}

/// The answer with what proves it; nothing while there is none.
fn answer_section(desk: &Desk, version: &Version) -> Markup {
    let mut facts = Vec::new();
    let given = match &version.answer {
        Answer::Open => return html! {},
        Answer::Accepted(given, _) => given,
        Answer::Declined(given, reason) => {
            facts.push(("Reason", html! { (reason) }));
            given
        }
    };
    facts.extend(evidence(desk, given));
    if let Answer::Accepted(_, choice) = &version.answer {
        facts.extend(accepted(desk, version, choice));
    }
    parts::section("answer", "The answer", "", parts::facts(&facts))
}

fn evidence(desk: &Desk, given: &Given) -> [(&'static str, Markup); 4] {
    let when = desk.locale().instant_short(given.at, desk.zone(), desk.today());
    let from = given.address.map_or_else(|| "Not known".to_owned(), |address| address.to_string());
    [
        ("By", html! { (given.name) }),
        ("When", parts::time(given.at, when)),
        ("From the network address", html! { span.mono { (from) } }),
        ("To the PDF with SHA-256", html! { span.mono { (given.pdf) } }),
    ]
}

/// What was accepted beside the document.
fn accepted(desk: &Desk, version: &Version, choice: &Choice) -> Vec<(&'static str, Markup)> {
    let mut facts = Vec::new();
    if !version.options.is_empty() {
        let chosen = html! {
            @if choice.options.is_empty() { "None" }
            @for (at, option) in choice.options.iter().enumerate() {
                @if at > 0 { br; }
                "Option " (option) ": " (version.option_name(*option))
            }
        };
        facts.push(("Options chosen", chosen));
    }
    facts.push(("Total", html! { (desk.locale().money(choice.total)) }));
    let same = quotes::terms_digest(version) == choice.terms;
    let terms = html! {
        @if version.terms.is_empty() { "The quote had none" }
        @else { "Those of the document, with SHA-256 " span.mono { (choice.terms) } @if !same { ", which they have no longer" } }
    };
    facts.push(("On terms", terms));
    facts
}

/// Every version, the newest first; nothing while there is one only.
fn versions(desk: &Desk, shown: &Shown) -> Markup {
    let (quote, locale) = (&shown.quote, desk.locale());
    if quote.older.is_empty() {
        return html! {};
    }
    let mut rows: Vec<_> = quote
        .versions()
        .map(|(number, version)| {
            let current = number == quote.latest();
            let href = if current { links::quote(quote.id) } else { version_address(quote.id, number) };
            let sent = locale.instant_short(version.at, desk.zone(), desk.today());
            let name = html! {
                @if number == shown.number { b { "Version " (number) } } @else { a href=(href) { "Version " (number) } }
                @if current { " " (parts::tag(Tone::Ok, "Counts")) }
                @if let Answer::Declined(..) = version.answer { " " (parts::tag(Tone::Bad, "Declined")) }
            };
            let about = html! { "Sent " (sent) @if !version.news.is_empty() { ". New: " (version.news) } };
            (name, about, html! { span.num { (locale.money(version.totals.payable())) } })
        })
        .collect();
    rows.reverse();
    parts::section("versions", "Versions", "", parts::rows(&rows))
}

/// What the client's log has about this quote, newest first.
fn log_of(r: &ReadTx, quote: &Quote) -> Result<Vec<LogEntry>, Problem> {
    let mut log = r.log_of_client(quote.client, None, LOG_MAX)?;
    log.retain(|e| about_quote(&e.event) == Some(quote.id));
    Ok(log)
}

fn about_quote(event: &Event) -> Option<QuoteId> {
    match event {
        Event::QuoteSent { quote, .. }
        | Event::QuoteOpened { quote, .. }
        | Event::QuoteDownloaded { quote, .. }
        | Event::StaffQuoteDownloaded { quote, .. }
        | Event::QuoteAccepted { quote, .. }
        | Event::QuoteBilled { quote, .. }
        | Event::QuoteDeclined { quote, .. } => Some(*quote),
        Event::LetterQueued { purpose, .. } | Event::LetterAccepted { purpose, .. } => match purpose {
            Purpose::Quote(id) | Purpose::QuoteAnswered(id) => Some(*id),
            _ => None,
        },
        _ => None,
    }
}
