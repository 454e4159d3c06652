//! A client's quotes: the list, one of them, its PDF. Answering comes later; until then they are read.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::{Looking, PAGE, logged, not_shared, words};
use crate::actions::visits;
use crate::documents::invoice::Look;
use crate::documents::quote::{Offer, quote_sheet};
use crate::documents::{self, Logo, LogoFormat};
use crate::domain::number::DocumentNumber;
use crate::domain::quote::{Answer, Quote};
use crate::store::events::Visited;
use crate::store::invoices::Cursor;
use crate::web::auth::back::number_and_suffix;
use crate::web::download;
use crate::web::forms::Query;
use crate::web::guard::{FullViewer, Viewer};
use crate::web::page::PortalNav;
use crate::web::parts::{self, Col, Icon};
use crate::web::problem::Problem;

/// `GET /quotes?after=`.
///
/// # Errors
/// When the store fails.
pub async fn list(FullViewer(viewer): FullViewer, Query(query): Query) -> Result<Response, Problem> {
    if !viewer.contact().rights.billing {
        return Ok(not_shared(&viewer, PortalNav::Quotes, "Quotes"));
    }
    let after: Option<Cursor> = query.get("after").parse().ok();
    let mut quotes = viewer.read(|view| Ok(view.quotes(after, PAGE + 1)?))?;
    let more = quotes.len() > PAGE;
    quotes.truncate(PAGE);
    let next = quotes.last().filter(|_| more).map(|last| {
        let cursor = Cursor { day: crate::store::day(last.issued), id: last.id.0 };
        format!("/quotes?after={cursor}")
    });
    let body = html! {
        h1 { "Quotes" }
        div.sec-m {
            @if quotes.is_empty() {
                (parts::empty("Nothing here yet.", format_args!("When {} sends a quote, you’ll find it here.", viewer.firm().party.name)))
            } @else { (table(&viewer, &quotes)) }
            (parts::pager(after.map(|_| ("/quotes", "First page")), next.as_deref().map(|h| (h, "More"))))
        }
    };
    Ok(viewer.page(PortalNav::Quotes, "Quotes", body).into_response())
}

fn table(viewer: &Viewer, quotes: &[Quote]) -> Markup {
    let (locale, today) = (viewer.locale(), viewer.today());
    let cols = [Col::short("Sent"), Col::name("What"), Col::text("State").wide(), Col::num("Amount")];
    let rows: Vec<parts::Row> = quotes
        .iter()
        .map(|quote| {
            let said = words::quote(quote, locale, today);
            let cells = vec![
                parts::time(quote.issued, locale.date_short(quote.issued, today)),
                html! {
                    a href={ "/quotes/" (quote.number.in_url()) } { (quote.title) }
                    small { (parts::nw(quote.number.as_str())) }
                    small.narrow { (parts::toned(said.tone, &said.text)) }
                },
                said.tag(),
                html! { (locale.money(quote.totals.payable())) },
            ];
            parts::Row { tone: said.tone, ..cells.into() }
        })
        .collect();
    parts::ledger("Quotes", &cols, &rows, None)
}

/// `GET /quotes/{number}` and `GET /quotes/{number}.pdf`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn show(
    FullViewer(viewer): FullViewer,
    looking: Looking,
    Path(segment): Path<String>,
) -> Result<Response, Problem> {
    let (number, file) = number_and_suffix(&segment).ok_or(Problem::NotFound)?;
    if file { download(&viewer, &looking, number).await } else { open(&viewer, &looking, number).await }
}

async fn download(viewer: &Viewer, looking: &Looking, number: DocumentNumber) -> Result<Response, Problem> {
    let bytes = viewer.read(|view| {
        let quote = view.quote(&number)?.ok_or(Problem::NotFound)?;
        view.quote_pdf(&quote)?.ok_or(Problem::NotFound)
    })?;
    let name = number.file_name("pdf");
    if looking.0 {
        viewer.act(move |w, pass| visits::quote_downloaded(w, pass, &number)).await?;
    }
    Ok(download::pdf(&name, bytes))
}

async fn open(viewer: &Viewer, looking: &Looking, number: DocumentNumber) -> Result<Response, Problem> {
    let (quote, project, visited) = viewer.read(|view| {
        let quote = view.quote(&number)?.ok_or(Problem::NotFound)?;
        let project = match quote.project {
            Some(id) => view.project_name(id)?,
            None => None,
        };
        let visited = view.visit_logged(Visited::Quote(quote.id), visits::hour_of(viewer.now()))?;
        Ok((quote, project, visited))
    })?;
    if looking.0 && !visited {
        logged(viewer.act(move |w, pass| visits::quote_opened(w, pass, &number)).await)?;
    }
    let title = format!("Quote {}", quote.number);
    Ok(viewer.page(PortalNav::Quotes, &title, body(viewer, &quote, project.as_deref())).into_response())
}

fn body(viewer: &Viewer, quote: &Quote, project: Option<&str>) -> Markup {
    let (locale, today) = (viewer.locale(), viewer.today());
    let said = words::quote(quote, locale, today);
    let logo = viewer.firm().logo.is_some().then(|| Logo { format: LogoFormat::Png, bytes: [].into() });
    let look = Look { firm: viewer.firm(), logo };
    let sheet = quote_sheet(&look, &quote.seller, &quote.buyer, &Offer::of(quote, project));
    let file = format!("/quotes/{}.pdf", quote.number.in_url());
    let stub = html! {
        (parts::amount_big("Total", &locale.money(quote.totals.payable())))
        p.mut { "Good until " (locale.date_weekday(quote.valid_until, today)) }
        p.pay { (parts::link_icon(parts::Look::Wide, Icon::Down, &file, html! {
            "Download PDF" (parts::heard(format_args!(", {}", locale.bytes(quote.pdf.length))))
        })) }
    };
    html! {
        (parts::back("/quotes", "All quotes"))
        h1 { (quote.title) }
        p.mut { "Quote " (parts::nw(quote.number.as_str())) }
        (parts::status(said.tone, said.icon, format_args!("{}.", said.text), next_step(viewer, quote)))
        (parts::document("The quote in short, and its PDF", stub, documents::html(&sheet)))
    }
}

fn next_step(viewer: &Viewer, quote: &Quote) -> String {
    let firm = viewer.firm();
    let whom = if firm.correspondent.is_empty() { &firm.party.name } else { &firm.correspondent };
    let day = |at| viewer.locale().instant_short(at, viewer.zone(), viewer.today());
    match &quote.answer {
        Answer::Accepted(at, by) => format!("{by} accepted it on {}.", day(*at)),
        Answer::Declined(at, _) => format!("It was declined on {}.", day(*at)),
        Answer::Open if quote.expired(viewer.today()) => format!("Ask {whom} if you would like a new one."),
        Answer::Open => format!("To accept it, tell {whom}; the address is at the foot of the page."),
    }
}
