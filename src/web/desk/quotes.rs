//! The list of quotes, and the page of one.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::document_table::{self, Line};
use super::form::id_of;
use super::invoices::PAGE;
use super::moments::moment;
use super::names::NamesOf;
use crate::actions::invoices::logo;
use crate::documents::Look as Looks;
use crate::documents::quote::{Offer, quote_sheet};
use crate::domain::access::Act;
use crate::domain::client::Client;
use crate::domain::event::{Event, LogEntry};
use crate::domain::format::Format;
use crate::domain::ids::QuoteId;
use crate::domain::letter::Purpose;
use crate::domain::quote::{Answer, Quote};
use crate::store::invoices::Cursor;
use crate::store::prelude::*;
use crate::web::download;
use crate::web::forms::Query;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Icon, Look, Moment, Tone};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// Entries of the client's log that are searched for those about one quote.
const LOG_MAX: usize = 500;

/// `GET /desk/quotes?client=&after=`
pub async fn list(desk: Desk, Query(query): Query) -> Result<Markup, Problem> {
    let after = query.get("after").parse::<Cursor>().ok();
    desk.read(|r| {
        let client = document_table::client_asked(&desk, r, &query)?;
        let client = client.as_ref();
        let (quotes, next) = page_of(&desk, r, client, after)?;
        let actions = html! {
            @if desk.may(Act::Work) { (parts::link_icon(Look::Primary, Icon::Plus, "/desk/quotes/new", "New quote")) }
        };
        let body = html! {
            (document_table::head("Quotes", "quotes", client, "Everything sent, the newest first.", actions))
            @if quotes.is_empty() { (parts::empty("No quotes here.", "A quote appears once it is sent.")) }
            @else { (table(&desk, r, &quotes)) }
            (document_table::pager(&document_table::address("/desk/quotes", None, client), after, next))
        };
        Ok(desk.page(document_table::nav(client, DeskNav::Quotes), "Quotes", body))
    })
}

fn place(quote: &Quote) -> Cursor {
    Cursor { day: crate::store::day(quote.issued), id: quote.id.0 }
}

/// A page of what the scope sees, and where the next one starts.
fn page_of(
    desk: &Desk,
    r: &ReadTx,
    client: Option<&Client>,
    after: Option<Cursor>,
) -> Result<(Vec<Quote>, Option<Cursor>), Problem> {
    let before = after.map(|c| (c.day, c.id));
    let mut quotes = match document_table::whose(desk, client) {
        None => r.quotes(before, PAGE + 1)?,
        Some(clients) => {
            let mut all = Vec::new();
            for client in clients {
                all.extend(r.quotes_of(client, before, PAGE + 1)?);
            }
            all.sort_by_key(|q| std::cmp::Reverse(place(q)));
            all
        }
    };
    let more = quotes.len() > PAGE;
    quotes.truncate(PAGE);
    let next = quotes.last().filter(|_| more).map(place);
    Ok((quotes, next))
}

fn table(desk: &Desk, r: &ReadTx, quotes: &[Quote]) -> Markup {
    let lines = quotes.iter().map(|quote| line(desk, quote)).collect();
    document_table::table(r, &desk.scope, "Quotes", &["Sent", "Amount"], lines)
}

fn line(desk: &Desk, quote: &Quote) -> Line {
    let sent = desk.locale().date_short(quote.issued, desk.today());
    Line {
        href: format!("/desk/quotes/{}", quote.id),
        called: quote.number.to_string(),
        client: quote.client,
        title: quote.title.clone(),
        state: state(desk, quote),
        figures: vec![parts::time(quote.issued, sent), html! { (desk.locale().money(quote.totals.payable())) }],
    }
}

/// The state as a tag.
fn state(desk: &Desk, quote: &Quote) -> Markup {
    match &quote.answer {
        Answer::Accepted(..) => parts::tag(Tone::Ok, "Accepted"),
        Answer::Declined(..) => parts::tag(Tone::Bad, "Declined"),
        Answer::Open if quote.expired(desk.today()) => parts::tag(Tone::Plain, "Expired"),
        Answer::Open => {
            let until = desk.locale().date_short(quote.valid_until, desk.today());
            parts::tag(Tone::Info, format!("Waiting, until {until}"))
        }
    }
}

/// `GET /desk/quotes/{id}`, and its files: `.pdf`, `.html`
pub async fn page(desk: Desk, Path(id): Path<String>) -> Result<Response, Problem> {
    let (id, format) = Format::split(&id);
    let id = id_of::<QuoteId>(id)?;
    desk.read(|r| {
        let quote = r.quote(id)?.filter(|q| desk.scope.sees(q.client)).ok_or(Problem::NotFound)?;
        let bytes = match format {
            None => return Ok(draw(&desk, r, &quote)?.into_response()),
            Some(Format::Pdf) => r.file(quote.pdf.digest)?.ok_or(Problem::NotFound)?,
            Some(Format::Html) => crate::documents::html_file(&sheet(&desk, r, &quote)?).into_bytes(),
            Some(_) => return Err(Problem::NotFound),
        };
        let format = format.unwrap_or_default();
        Ok(download::of(format, &quote.number.file_name(format.ending()), bytes))
    })
}

fn sheet(desk: &Desk, r: &ReadTx, quote: &Quote) -> Result<crate::documents::Sheet, Problem> {
    let project = quote.project.map(|id| r.project(id)).transpose()?.flatten().map(|p| p.name);
    let looks = Looks { firm: &desk.firm, logo: logo(r, &desk.firm)? };
    Ok(quote_sheet(&looks, &quote.seller, &quote.buyer, &Offer::of(quote, project.as_deref())))
}

fn draw(desk: &Desk, r: &ReadTx, quote: &Quote) -> Result<Markup, Problem> {
    let names = NamesOf::among(r, &desk.scope);
    let title = format!("Quote {}", quote.number);
    let about = html! {
        a href={ "/desk/clients/" (quote.client) } { (names.client(quote.client)) }
        @if !quote.title.is_empty() { ". " (quote.title) }
    };
    let sheet = sheet(desk, r, quote)?;
    let (zone, today) = (desk.zone(), desk.today());
    let log = log_of(r, quote)?;
    let moments: Vec<Moment> = log.iter().map(|e| moment(e, &names, desk.locale(), zone, today)).collect();
    let body = html! {
        (parts::back("/desk/quotes", "Quotes"))
        (parts::head(html! { "Quote " (parts::nw(quote.number.as_str())) }, about,
            parts::link_icon(Look::Plain, Icon::Down, &format!("/desk/quotes/{}.pdf", quote.id), "Download PDF")))
        (banner(desk, quote))
        (answer_section(desk, quote))
        div.sec-m { div.panel { (crate::documents::html(&sheet)) } }
        (parts::section("timeline", "What happened", "", parts::timeline(&moments)))
    };
    Ok(desk.page(DeskNav::Quotes, &title, body))
}

fn banner(desk: &Desk, quote: &Quote) -> Markup {
    let locale = desk.locale();
    let day = |at: &jiff::Timestamp| locale.instant_short(*at, desk.zone(), desk.today());
    let until = locale.date_weekday(quote.valid_until, desk.today());
    let amount = locale.money(quote.totals.payable());
    match &quote.answer {
        Answer::Accepted(given) => {
            parts::note(Tone::Ok, Icon::Check, "Accepted.", format!("By {}, {}. {amount}.", given.name, day(&given.at)))
        }
        Answer::Declined(given, _) => {
            parts::note(Tone::Bad, Icon::Cross, "Declined.", format!("By {}, {}.", given.name, day(&given.at)))
        }
        Answer::Open if quote.expired(desk.today()) => {
            parts::note(Tone::Plain, Icon::Clock, "Expired.", format!("It could be accepted until {until}. {amount}."))
        }
        Answer::Open => {
            parts::note(Tone::Info, Icon::Clock, "Waiting for an answer.", format!("{amount}, until {until}."))
        }
    }
}

/// The answer with what proves it; nothing while there is none.
fn answer_section(desk: &Desk, quote: &Quote) -> Markup {
    let (given, reason) = match &quote.answer {
        Answer::Open => return html! {},
        Answer::Accepted(given) => (given, None),
        Answer::Declined(given, reason) => (given, Some(reason)),
    };
    let when = desk.locale().instant_short(given.at, desk.zone(), desk.today());
    let from = given.address.map_or_else(|| "Not known".to_owned(), |address| address.to_string());
    let mut facts = vec![
        ("By", html! { (given.name) }),
        ("When", parts::time(given.at, when)),
        ("From the network address", html! { span.mono { (from) } }),
        ("To the PDF with SHA-256", html! { span.mono { (given.pdf) } }),
    ];
    if let Some(reason) = reason {
        let none = reason.is_empty();
        facts.insert(0, ("Reason", html! { @if none { span.mut { "None was given" } } @else { (reason) } }));
    }
    parts::section("answer", "The answer", "", parts::facts(&facts))
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
        | Event::QuoteAccepted { quote, .. }
        | Event::QuoteDeclined { quote, .. } => Some(*quote),
        Event::LetterQueued { purpose, .. } | Event::LetterAccepted { purpose, .. } => match purpose {
            Purpose::Quote(id) | Purpose::QuoteAnswered(id) => Some(*id),
            _ => None,
        },
        _ => None,
    }
}
