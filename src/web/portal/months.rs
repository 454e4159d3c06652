//! Month-end statements as they were published: the list, the page of one, and its files.
//!
//! For whoever sees the whole account. The first look of each hour and every download are logged before the page or
//! the file leaves.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::{Looking, logged, not_shared};
use crate::actions::visits;
use crate::documents::{self, Logo, LogoFormat};
use crate::domain::format::Format;
use crate::domain::ids::StatementId;
use crate::domain::monthly::{self, MonthStatement};
use crate::store::events::Visited;
use crate::web::download;
use crate::web::forms::Query;
use crate::web::guard::{FullViewer, Viewer};
use crate::web::month_file::{file_name, id_and_format, made, owed, sheet};
use crate::web::page::PortalNav;
use crate::web::parts::{self, Col, Icon, Tone};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// Months on a page of the list.
const MONTHS: usize = 24;
/// Months that the statement's page shows.
pub(super) const LATELY: usize = 6;
const TITLE: &str = "Statements of each month";

/// `GET /statements?before=2026-10`.
///
/// # Errors
/// When the store fails.
pub async fn list(FullViewer(viewer): FullViewer, Query(query): Query) -> Result<Response, Problem> {
    if !viewer.read(|view| Ok(view.sees_account()))? {
        return Ok(not_shared(&viewer, PortalNav::Statement, TITLE));
    }
    let before = monthly::from_code(query.get("before"));
    let mut all = viewer.read(|view| Ok(view.month_statements(before, MONTHS + 1)?))?;
    let next = cut(&mut all, MONTHS).map(|month| format!("/statements?before={}", monthly::code(month)));
    let body = html! {
        (parts::back("/statement", "Statement"))
        h1 { (TITLE) }
        div.sec-m {
            @if all.is_empty() {
                (parts::empty("Nothing here yet.", "When a month’s statement is published, you’ll find it here."))
            } @else { (table(&viewer, &all)) }
            (parts::pager(before.map(|_| ("/statements", "Latest")), next.as_deref().map(|h| (h, "Earlier"))))
        }
    };
    Ok(viewer.page(PortalNav::Statement, TITLE, body).into_response())
}

/// Leaves so many months; the last of them, when there are more.
fn cut(all: &mut Vec<MonthStatement>, months: usize) -> Option<jiff::civil::Date> {
    let mut seen: Vec<jiff::civil::Date> = all.iter().map(|x| x.month).collect();
    seen.dedup();
    seen.get(months)?;
    let last = seen.get(months.checked_sub(1)?).copied()?;
    all.retain(|x| x.month >= last);
    Some(last)
}

/// The latest months, on the statement's own page; nothing when there are none.
///
/// # Errors
/// When the store fails.
pub(super) fn lately(viewer: &Viewer) -> Result<Markup, Problem> {
    let mut all = viewer.read(|view| Ok(view.month_statements(None, LATELY + 1)?))?;
    if all.is_empty() {
        return Ok(html! {});
    }
    let more = cut(&mut all, LATELY).is_some();
    let aside = html! { @if more { a.small href="/statements" { "All of them" } } };
    Ok(parts::section("months", "Published each month", aside, table(viewer, &all)))
}

fn table(viewer: &Viewer, all: &[MonthStatement]) -> Markup {
    let (locale, today) = (viewer.locale(), viewer.today());
    let cols = [Col::name("Month"), Col::text("Published").wide(), Col::text("At the month’s end"), Col::text("Files")];
    let mut last = None;
    let rows: Vec<parts::Row> = all
        .iter()
        .map(|x| {
            let (at, month) = (format!("/statements/{}", x.id), monthly::words(x.month));
            let replaced = last.replace(x.month) == Some(x.month);
            let cells = vec![
                html! { a href=(at) { (month) } @if replaced { small { "Replaced by the one above" } } },
                html! { (locale.instant_short(x.at, viewer.zone(), today)) },
                html! { (owed(x, locale)) },
                html! { (files(&at, &month)) },
            ];
            parts::Row { void: replaced, ..cells.into() }
        })
        .collect();
    parts::ledger(TITLE, &cols, &rows, None)
}

/// The ways to take a statement along.
fn files(at: &str, month: &str) -> Markup {
    html! {
        a href={ (at) ".pdf" } { "PDF" span.vh { " of " (month) } } " · "
        a href={ (at) ".csv" } { "CSV" span.vh { " of " (month) } }
    }
}

/// `GET /statements/{id}`, and its files: `.pdf`, `.csv`, `.html`.
///
/// # Errors
/// [`Problem::NotFound`] for what is not there or not theirs.
pub async fn show(
    FullViewer(viewer): FullViewer,
    looking: Looking,
    Path(segment): Path<String>,
) -> Result<Response, Problem> {
    let (id, format) = id_and_format(&segment).ok_or(Problem::NotFound)?;
    let statement = viewer.read(|view| view.month_statement(id)?.ok_or(Problem::NotFound))?;
    match format {
        Some(format) => download(&viewer, &looking, &statement, format).await,
        None => open(&viewer, &looking, &statement).await,
    }
}

async fn open(viewer: &Viewer, looking: &Looking, statement: &MonthStatement) -> Result<Response, Problem> {
    let id = statement.id;
    let (visited, standing) = viewer.read(|view| {
        let visited = view.visit_logged(Visited::Month(id), visits::hour_of(viewer.now()))?;
        Ok((visited, view.month_statement_of(statement.month)?.map(|x| x.id)))
    })?;
    if looking.0 && !visited {
        logged(viewer.act(move |w, pass| visits::month_opened(w, pass, id)).await)?;
    }
    let month = monthly::words(statement.month);
    let title = format!("Statement of {month}");
    let at = address(id);
    // The page draws the logo by its style; the sheet only needs to know that there is one.
    let logo = viewer.firm().logo.is_some().then(|| Logo { format: LogoFormat::Png, bytes: [].into() });
    let stub = html! {
        @for sum in statement.closing() { (parts::amount_big("Owed at the month’s end", &viewer.locale().money(sum))) }
        p.pay { (parts::link_icon(parts::Look::Wide, Icon::Down, &format!("{at}.pdf"), "Download PDF")) }
        (parts::downloads("Download as", &[
            (&format!("{at}.csv"), "CSV", &format!("of {month}")),
            (&format!("{at}.html"), "HTML", &format!("of {month}")),
        ]))
    };
    let body = html! {
        (parts::back("/statements", TITLE))
        h1 { (title) }
        @if let Some(newer) = standing.filter(|newer| *newer != id) {
            (parts::status(Tone::Warn, Icon::Alert, "Replaced.", html! {
                "More was recorded for this month since. " a href=(address(newer)) { "See the statement that counts" } "."
            }))
        }
        div.sec-m {
            (parts::document("The statement in short, and its files", stub, documents::html(&sheet(viewer.firm(), logo, statement))))
        }
    };
    Ok(viewer.page(PortalNav::Statement, &title, body).into_response())
}

fn address(id: StatementId) -> String {
    format!("/statements/{id}")
}

async fn download(
    viewer: &Viewer,
    looking: &Looking,
    statement: &MonthStatement,
    format: Format,
) -> Result<Response, Problem> {
    let bytes = match format {
        Format::Pdf => viewer.read(|view| view.month_pdf(statement)?.ok_or(Problem::NotFound))?,
        _ => made((viewer.firm(), viewer.logo()?), viewer.zone(), statement, format).ok_or(Problem::NotFound)?,
    };
    if looking.0 {
        let id = statement.id;
        logged(viewer.act(move |w, pass| visits::month_downloaded(w, pass, id, format)).await)?;
    }
    Ok(download::of(format, &file_name(statement, format), bytes))
}
