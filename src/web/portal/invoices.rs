//! The list of a client's invoices and credit notes, by state.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::home::{address, has_title, title};
use super::{PAGE, dispute, due, not_shared, words};
use crate::domain::dispute::Dispute;
use crate::domain::ids::InvoiceId;
use crate::domain::promise::Promise;
use crate::store::ReadTx;
use crate::store::invoices::{Cursor, Filter, Page, Row};
use crate::store::scope::ClientView;
use crate::web::bundle_choice::form;
use crate::web::forms::{Fields, Query};
use crate::web::guard::{FullViewer, Viewer};
use crate::web::page::PortalNav;
use crate::web::parts::{self, Col, FieldError, Tab};
use crate::web::problem::Problem;
use crate::web::ticked;

/// The states that clients choose from.
const OFFERED: [(Filter, &str); 7] = [
    (Filter::All, "All"),
    (Filter::Open, "Open"),
    (Filter::Overdue, "Overdue"),
    (Filter::PartPaid, "Part paid"),
    (Filter::Paid, "Paid"),
    (Filter::Credited, "Credited"),
    (Filter::CreditNotes, "Credit notes"),
];

/// `GET /invoices?state=&after=`.
///
/// # Errors
/// When the store fails.
pub async fn show(FullViewer(viewer): FullViewer, Query(query): Query) -> Result<Response, Problem> {
    if !viewer.contact().rights.billing {
        return Ok(not_shared(&viewer, PortalNav::Invoices, "Invoices"));
    }
    let (filter, after) = place(&query);
    let what = format!("/invoices?{}&{}", filter.code(), query.get("after"));
    if let Some(page) = viewer.again(&what) {
        return Ok(page);
    }
    let (listed, state) = viewer.read(|view| Ok((Listed::load(&viewer, view, filter, after)?, view.state())))?;
    let body = body(&viewer, (filter, after), &listed, (&Fields::default(), &[]));
    Ok(viewer.kept_page(&what, state, viewer.page(PortalNav::Invoices, "Invoices", body)))
}

/// The page of the list from which an archive was asked that can't be made, with what was ticked.
///
/// # Errors
/// When the store fails.
pub(super) fn again(viewer: &Viewer, asked: &Fields, errors: &[FieldError]) -> Result<Response, Problem> {
    let (filter, after) = place(asked);
    let listed = viewer.read(|view| Listed::load(viewer, view, filter, after))?;
    let body = body(viewer, (filter, after), &listed, (asked, errors));
    let page = viewer.page(PortalNav::Invoices, &parts::titled("Invoices", errors), body);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// A page of the list.
struct Listed {
    page: Page,
    /// Promises that run, or were not kept.
    promised: BTreeMap<InvoiceId, Promise>,
    /// Open disputes.
    disputed: BTreeMap<InvoiceId, Dispute>,
}

impl Listed {
    fn load(
        viewer: &Viewer,
        view: &ClientView<'_, ReadTx>,
        filter: Filter,
        after: Option<Cursor>,
    ) -> Result<Self, Problem> {
        let page = view.invoices(filter, viewer.today(), after, PAGE)?;
        let promised = view.promised(&page.rows, viewer.today())?;
        let disputed = view.disputed(&page.rows)?;
        Ok(Self { page, promised, disputed })
    }
}

/// The list and the page of it that a query names.
fn place(query: &Fields) -> (Filter, Option<Cursor>) {
    let wished = Filter::from_code(query.get("state"));
    let filter = OFFERED.iter().map(|x| x.0).find(|f| *f == wished).unwrap_or_default();
    (filter, query.get("after").parse().ok())
}

fn body(
    viewer: &Viewer,
    (filter, after): (Filter, Option<Cursor>),
    listed: &Listed,
    (asked, errors): (&Fields, &[FieldError]),
) -> Markup {
    let page = &listed.page;
    let links: Vec<String> = OFFERED.iter().map(|(f, _)| href(*f)).collect();
    let tabs: Vec<Tab<'_>> =
        OFFERED.iter().zip(&links).map(|((f, text), href)| Tab { href, text, current: *f == filter }).collect();
    let first = href(filter);
    let next = page.next.map(|cursor| {
        let joint = if first.contains('?') { '&' } else { '?' };
        format!("{first}{joint}after={cursor}")
    });
    let here = after.map_or_else(String::new, |x| x.to_string());
    let kept = [("state", filter.code()), ("after", &here)];
    html! {
        h1 { "Invoices" }
        (parts::error_summary(errors))
        div.sec-m { (parts::tabs("Invoices by state", &tabs)) }
        div.sec-m {
            @if page.rows.is_empty() { (nothing(viewer, filter)) }
            @else { (ticked::form("/invoices.zip", &kept, &list(viewer, listed, asked))) }
            (parts::pager(after.map(|_| (first.as_str(), "First page")), next.as_deref().map(|h| (h, "More"))))
        }
        @if !page.rows.is_empty() {
            (form("/invoices.zip", &[], viewer.today()))
            p.row.small.no-print { a href={ "/invoices.zip?state=" (filter.code()) } { "Or all of this list as ZIP" } }
        }
    }
}

fn href(filter: Filter) -> String {
    if filter == Filter::All { "/invoices".to_owned() } else { format!("/invoices?state={}", filter.code()) }
}

fn nothing(viewer: &Viewer, filter: Filter) -> Markup {
    let firm = &viewer.firm().party.name;
    match filter {
        Filter::All => {
            parts::empty("Nothing here yet.", format_args!("When {firm} sends an invoice, you’ll get an e-mail."))
        }
        Filter::Open | Filter::Overdue | Filter::Due => {
            parts::empty("Nothing to pay.", format_args!("You’re all square with {firm}."))
        }
        _ => parts::empty("No invoice is in this state.", html! { a href="/invoices" { "See all invoices" } }),
    }
}

fn list(viewer: &Viewer, listed: &Listed, asked: &Fields) -> Markup {
    let cols = [
        Col::short("Issued"),
        Col::name("What"),
        Col::text("State").wide(),
        Col::num("Amount").wide(),
        Col::num("Open"),
    ];
    let rows = listed.page.rows.iter().enumerate();
    let rows: Vec<parts::Row> = rows.map(|(at, row)| line(viewer, listed, row, at == 0, asked)).collect();
    parts::ledger("Invoices and credit notes", &cols, &rows, None)
}

fn line(viewer: &Viewer, listed: &Listed, row: &Row, first: bool, asked: &Fields) -> parts::Row {
    let (locale, today, invoice) = (viewer.locale(), viewer.today(), &row.invoice);
    let (promised, disputed) = (listed.promised.get(&invoice.id), listed.disputed.get(&invoice.id));
    let said = due::said(row, disputed, locale, today);
    let said = if words::is_held(row, promised, disputed, today) { said.calm() } else { said };
    let promised = promised.and_then(|x| words::promised(x, locale, today));
    let credit = !invoice.is_invoice();
    let open = row.open();
    let cells = vec![
        html! {
            @if let Some(number) = invoice.number() { (ticked::tick(asked, number.as_str(), number.as_str(), first)) }
            (parts::time(invoice.dated, locale.date_short(invoice.dated, today)))
        },
        html! {
            a href=(address(invoice)) { (title(invoice)) }
            @if let Some(number) = invoice.number().filter(|_| has_title(invoice)) {
                small { (parts::nw(number.as_str())) }
            }
            // A tag would keep its words on one line and make the table wider than a phone.
            small.narrow {
                (parts::toned(said.tone, &said.text))
                @if let Some(disputed) = disputed { ". " (disputed.in_short(row.open())) }
                @if let Some(promised) = &promised { ". " (promised) }
                ", " (locale.money(invoice.payable()))
            }
        },
        html! { (said.tag()) @if let Some(disputed) = disputed { " " (dispute::tag(disputed, row)) } @if let Some(promised) = &promised { small { (promised) } } },
        html! { @if credit { "−" } (locale.money(invoice.payable())) },
        html! { @if !credit && open.minor > 0 { (locale.money(open)) } },
    ];
    parts::Row { tone: said.tone, ..cells.into() }
}
