//! The list of invoices and credit notes, by state.

use jiff::civil::Date;
use maud::{Markup, html};

use super::document_table::{self, Line};
use super::{disputes, standing};
use crate::domain::access::Act;
use crate::domain::client::Client;
use crate::domain::ids::ClientId;
use crate::domain::invoice::Invoice;
use crate::store::invoices::{Cursor, Filter, Page, Row};
use crate::store::prelude::*;
use crate::web::bundle_choice::form;
use crate::web::forms::{Fields, Query};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, FieldError, Icon, Look, Tab, Tone};
use crate::web::problem::Problem;
use crate::web::ticked;

/// Rows of a page.
pub(super) const PAGE: usize = 50;

/// `GET /desk/invoices?state=&client=&after=`
pub async fn list(desk: Desk, Query(query): Query) -> Result<Markup, Problem> {
    let plain = ["state", "client", "after"].map(|name| (name, query.get(name)));
    listed(&desk, &Fields::of(plain), &[])
}

/// The page of the list that `asked` names; with `errors` as the answer to what was ticked on it.
pub(super) fn listed(desk: &Desk, asked: &Fields, errors: &[FieldError]) -> Result<Markup, Problem> {
    let filter = Filter::from_code(asked.get("state"));
    let after = asked.get("after").parse::<Cursor>().ok();
    desk.read(|r| {
        let client = document_table::client_asked(desk, r, asked)?;
        let client = client.as_ref();
        let page = page(desk, r, client, filter, after)?;
        let table = || match filter {
            Filter::Draft => table(desk, r, &page.rows, None),
            _ => {
                let kept = ["state", "client", "after"].map(|name| (name, asked.get(name)));
                ticked::form("/desk/invoices.zip", &kept, &table(desk, r, &page.rows, Some(asked)))
            }
        };
        let body = html! {
            (document_table::head("Invoices", "invoices", client, about(filter), actions(desk, filter, client)))
            (parts::error_summary(errors))
            (tabs(filter, client))
            @if page.rows.is_empty() { (nothing(filter, after.is_some())) } @else { (table()) }
            (document_table::pager(&address(filter, client), after, page.next))
            @if !page.rows.is_empty() && filter != Filter::Draft { (archive(desk, filter, client)) }
        };
        Ok(desk.page(document_table::nav(client, DeskNav::Invoices), &parts::titled("Invoices", errors), body))
    })
}

/// A month, or this list, as one file.
fn archive(desk: &Desk, filter: Filter, client: Option<&Client>) -> Markup {
    let id = client.map_or_else(String::new, |c| c.id.to_string());
    let kept: &[(&str, &str)] = if client.is_some() { &[("client", &id)] } else { &[] };
    let whole = document_table::address("/desk/invoices.zip", Some(filter.code()), client);
    html! {
        (form("/desk/invoices.zip", kept, desk.today()))
        p.row.small {
            a href=(whole) { "Or all of this list as ZIP" }
            a href=(document_table::address("/desk/invoices.csv", Some(filter.code()), client)) { "Its lines as CSV" }
            a href=(document_table::address("/desk/invoices.xml.zip", Some(filter.code()), client)) { "Its e-invoices as XML" }
        }
    }
}

fn address(filter: Filter, client: Option<&Client>) -> String {
    document_table::address("/desk/invoices", Some(filter.code()), client)
}

/// A page of what the scope sees: of the whole firm, or put together from the pages of the clients named.
pub(super) fn page(
    desk: &Desk,
    r: &ReadTx,
    client: Option<&Client>,
    filter: Filter,
    after: Option<Cursor>,
) -> Result<Page, Problem> {
    let today = desk.today();
    match document_table::whose(desk, client) {
        None => Ok(r.invoice_page(None, filter, today, after, PAGE)?),
        Some(clients) => merged(r, &clients, filter, today, after),
    }
}

/// Reads at most one page of each client, so that what others have never counts.
fn merged(
    r: &ReadTx,
    clients: &[ClientId],
    filter: Filter,
    today: Date,
    after: Option<Cursor>,
) -> Result<Page, Problem> {
    let mut rows = Vec::new();
    let mut more = false;
    for &client in clients {
        let page = r.invoice_page(Some(client), filter, today, after, PAGE)?;
        more |= page.next.is_some();
        rows.extend(page.rows);
    }
    rows.sort_by_key(|row| place(row, filter));
    if latest_first(filter) {
        rows.reverse();
    }
    more |= rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|row| place(row, filter));
    Ok(Page { rows, next })
}

/// Where a row stands in the list of a filter, as the store sorts it.
fn place(row: &Row, filter: Filter) -> Cursor {
    let date = if filter == Filter::All { row.invoice.dated } else { row.due() };
    Cursor { day: crate::store::day(date), id: row.invoice.id.0 }
}

fn latest_first(filter: Filter) -> bool {
    !matches!(filter, Filter::Open | Filter::Due | Filter::Overdue | Filter::PartPaid)
}

fn actions(desk: &Desk, filter: Filter, client: Option<&Client>) -> Markup {
    html! {
        @if desk.may(Act::Work) && filter == Filter::Draft {
            (parts::link_icon(Look::Plain, Icon::Check, &document_table::address("/desk/invoices/issue", None, client), "Issue several"))
        }
        @if desk.may(Act::Work) {
            (parts::link_icon(Look::Primary, Icon::Plus, "/desk/invoices/new", "New invoice"))
            (parts::link_icon(Look::Plain, Icon::Up, "/desk/publish", "Publish a PDF"))
        }
        (parts::link_icon(Look::Plain, Icon::Redo, "/desk/recurring", "Recurring"))
    }
}

/// A filter's words on its tab.
fn words(filter: Filter) -> &'static str {
    match filter {
        Filter::All => "All",
        Filter::Draft => "Drafts",
        Filter::Open => "Open",
        Filter::Due => "Due",
        Filter::Overdue => "Overdue",
        Filter::PartPaid => "Part paid",
        Filter::Paid => "Paid",
        Filter::Credited => "Credited",
        Filter::WrittenOff => "Written off",
        Filter::CreditNotes => "Credit notes",
    }
}

fn about(filter: Filter) -> &'static str {
    match filter {
        Filter::All => "Everything issued, the newest first.",
        Filter::Draft => "Not issued yet, so without a number; clients do not see these.",
        Filter::Open => "Not settled yet, the earliest due date first.",
        Filter::Due => "Open and not past the due date.",
        Filter::Overdue => "Open and past the due date, the oldest first.",
        Filter::PartPaid => "Something was paid or credited, and something is still open.",
        Filter::Paid => "Settled, the latest due date first.",
        Filter::Credited => "Settled by credit notes alone.",
        Filter::WrittenOff => "Settled, with something that was given up.",
        Filter::CreditNotes => "What was taken back.",
    }
}

fn tabs(current: Filter, client: Option<&Client>) -> Markup {
    let hrefs = Filter::ALL.map(|f| address(f, client));
    let tabs: Vec<Tab<'_>> =
        Filter::ALL.iter().zip(&hrefs).map(|(f, href)| Tab { href, text: words(*f), current: *f == current }).collect();
    parts::tabs("Invoices by state", &tabs)
}

fn nothing(filter: Filter, later: bool) -> Markup {
    match (later, filter) {
        (true, _) => parts::empty("Nothing further.", html! { a href="/desk/invoices" { "Back to the first page" } }),
        (false, Filter::Overdue) => {
            parts::empty("Nothing is overdue.", "Invoices move here the day after their due date.")
        }
        (false, Filter::Draft) => {
            parts::empty("No drafts.", html! { a href="/desk/invoices/new" { "Write an invoice" } })
        }
        (false, _) => parts::empty("No invoices here.", "They appear as soon as one is in this state."),
    }
}

/// The rows, with boxes as they are in the form that was sent, if they can be ticked.
fn table(desk: &Desk, r: &ReadTx, rows: &[Row], asked: Option<&Fields>) -> Markup {
    let tick = |at: usize, row: &Row| match asked {
        Some(asked) => ticked::tick(asked, &row.invoice.id.to_string(), &called(&row.invoice), at == 0),
        None => html! {},
    };
    // A row without its tag is better than no list.
    let disputed = |row: &Row| disputes::tag(r, row).unwrap_or_default();
    let lines = rows.iter().enumerate().map(|(at, row)| line(desk, row, tick(at, row), &disputed(row))).collect();
    document_table::table(r, &desk.scope, "Invoices", &["Due", "Amount", "Open"], lines)
}

fn line(desk: &Desk, row: &Row, tick: Markup, disputed: &Markup) -> Line {
    let (locale, today) = (desk.locale(), desk.today());
    let invoice = &row.invoice;
    let open = row.open();
    Line {
        tick,
        href: format!("/desk/invoices/{}", invoice.id),
        called: called(invoice),
        client: invoice.client,
        title: invoice.title.clone(),
        state: html! { (standing::standing_tag(invoice.standing(row.settled, today))) " " (disputed) },
        figures: vec![
            html! { @if invoice.is_invoice() { (parts::time(row.due(), locale.date_short(row.due(), today))) } },
            html! { (locale.money(invoice.payable())) },
            html! { @if open.minor > 0 { (locale.money(open)) } },
        ],
    }
}

/// A document's number, or that it is a draft.
pub(super) fn called(invoice: &Invoice) -> String {
    match invoice.number() {
        Some(number) => number.to_string(),
        None if invoice.is_invoice() => "Draft".to_owned(),
        None => "Draft credit note".to_owned(),
    }
}

/// The state in words, with its tone.
pub(super) fn state_words(desk: &Desk, row: &Row) -> (Tone, String) {
    standing::words(row.invoice.standing(row.settled, desk.today()))
}
