//! A client's quotes: the list.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::{PAGE, not_shared, words};
use crate::domain::quote::Quote;
use crate::store::invoices::Cursor;
use crate::web::forms::Query;
use crate::web::guard::{FullViewer, Viewer};
use crate::web::page::PortalNav;
use crate::web::parts::{self, Col};
use crate::web::problem::Problem;

/// `GET /quotes?after=`.
///
/// # Errors
/// When the store fails.
pub async fn show(FullViewer(viewer): FullViewer, Query(query): Query) -> Result<Response, Problem> {
    if !viewer.contact().rights.billing {
        return Ok(not_shared(&viewer, PortalNav::Quotes, "Quotes"));
    }
    let after: Option<Cursor> = query.get("after").parse().ok();
    let mut quotes = viewer.read(|view| Ok(view.quotes(after, PAGE + 1)?))?;
    let more = quotes.len() > PAGE;
    quotes.truncate(PAGE);
    let next = quotes.last().filter(|_| more).map(|last| {
        let cursor = Cursor { day: crate::store::day(last.current.issued), id: last.id.0 };
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
            let said = words::quote(&quote.current, true, locale, today);
            let cells = vec![
                parts::time(quote.current.issued, locale.date_short(quote.current.issued, today)),
                html! {
                    a href={ "/quotes/" (quote.number.in_url()) } { (quote.current.title) }
                    small { (parts::nw(quote.number.as_str())) }
                    small.narrow { (parts::toned(said.tone, &said.text)) }
                },
                said.tag(),
                html! { (locale.money(quote.current.totals.payable())) },
            ];
            parts::Row { tone: said.tone, ..cells.into() }
        })
        .collect();
    parts::ledger("Quotes", &cols, &rows, None)
}
