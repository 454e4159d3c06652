//! Finding a client, an invoice or a quote by the beginning of its name or number.

use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::links;
use super::names::NamesOf;
use super::payment_form::own_clients;
use crate::domain::client::Client;
use crate::domain::ids::InvoiceId;
use crate::domain::number::DocumentNumber;
use crate::domain::quote::Quote;
use crate::domain::sentence::Names;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::forms::Query;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, nw};
use crate::web::problem::Problem;

/// Things of each kind that are shown.
const SHOWN: usize = 20;
/// Numbers looked at to find those that a member of few clients may see.
const LOOKED_MAX: usize = 500;
/// Longest text that is looked for, in characters.
const QUERY_MAX: usize = 200;

/// What was found.
#[derive(Default)]
struct Found {
    clients: Vec<Client>,
    invoices: Vec<Row>,
    quotes: Vec<Quote>,
}

/// `GET /desk/find?q=`: an exact number leads to its document.
pub async fn show(desk: Desk, Query(query): Query) -> Result<Response, Problem> {
    let q: String = query.get("q").trim().chars().take(QUERY_MAX).collect();
    desk.read(|r| {
        if let Some(id) = exact(r, &desk, &q)? {
            return Ok(Redirect::to(&links::invoice(id)).into_response());
        }
        let found = if q.is_empty() { Found::default() } else { find(r, &desk, &q)? };
        let title = if q.is_empty() { "Find".to_owned() } else { format!("Find “{q}”") };
        let names = NamesOf::among(r, &desk.scope);
        Ok(desk.page(DeskNav::Elsewhere, &title, body(&desk, &title, &q, &found, &names)).into_response())
    })
}

/// A number as typed, and in capitals: `hf-2026-0412` is HF-2026-0412.
fn spellings(q: &str) -> Vec<String> {
    let mut all = vec![q.to_owned(), q.to_uppercase()];
    all.dedup();
    all
}

fn exact(r: &ReadTx, desk: &Desk, q: &str) -> Result<Option<InvoiceId>, Problem> {
    for number in spellings(q) {
        let Ok(number) = number.parse::<DocumentNumber>() else { continue };
        let Some(id) = r.invoice_numbered(&number)? else { continue };
        if r.invoice(id)?.is_some_and(|i| desk.scope.sees(i.client)) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

fn find(r: &ReadTx, desk: &Desk, q: &str) -> Result<Found, Problem> {
    let mut out = Found {
        clients: match desk.scope.only() {
            None => r.clients_by_name(q, None, SHOWN)?,
            Some(some) => own_clients(r, some, q)?,
        },
        ..Found::default()
    };
    let looked = if desk.scope.only().is_some() { LOOKED_MAX } else { SHOWN };
    for spelling in spellings(q) {
        for id in r.invoices_starting(&spelling, looked)? {
            let left = SHOWN - out.invoices.len().min(SHOWN);
            out.invoices.extend(r.invoice_row(id)?.filter(|row| left > 0 && desk.scope.sees(row.invoice.client)));
        }
        let quotes = r.quotes_starting(&spelling, looked)?.into_iter().filter(|x| desk.scope.sees(x.client));
        out.quotes.extend(quotes.take(SHOWN));
    }
    Ok(out)
}

fn body(desk: &Desk, title: &str, q: &str, found: &Found, names: &NamesOf<'_, ReadTx>) -> Markup {
    let nothing = found.clients.is_empty() && found.invoices.is_empty() && found.quotes.is_empty();
    html! {
        (parts::head(title, html! {}, html! {}))
        @if q.is_empty() {
            (parts::empty("What are you looking for?", "Type the beginning of a client’s name or of a document’s number."))
        } @else if nothing {
            (parts::empty("Nothing begins like that.", "Try fewer letters, or the beginning of a document’s number."))
        }
        @if !found.clients.is_empty() { (parts::section("clients", "Clients", "", clients(found, names))) }
        @if !found.invoices.is_empty() { (parts::section("invoices", "Invoices and credit notes", "", invoices(desk, found, names))) }
        @if !found.quotes.is_empty() { (parts::section("quotes", "Quotes", "", quotes(desk, found, names))) }
    }
}

fn clients(found: &Found, names: &NamesOf<'_, ReadTx>) -> Markup {
    let row = |c: &Client| {
        (html! { a href=(links::client(c.id)) { b { (names.client(c.id)) } } }, html! { (c.reference) }, html! {})
    };
    parts::rows(&found.clients.iter().map(row).collect::<Vec<_>>())
}

fn invoices(desk: &Desk, found: &Found, names: &NamesOf<'_, ReadTx>) -> Markup {
    let row = |row: &Row| {
        let invoice = &row.invoice;
        let open = row.open();
        let state = if open.minor > 0 { format!("{} open", desk.locale().money(open)) } else { String::new() };
        (
            html! { a href=(links::invoice(invoice.id)) { b { (nw(names.document(invoice.id))) } } " " (names.client(invoice.client)) },
            html! { (invoice.title) @if !state.is_empty() { " " (state) } },
            html! { span.num { (desk.locale().money(invoice.payable())) } },
        )
    };
    parts::rows(&found.invoices.iter().map(row).collect::<Vec<_>>())
}

fn quotes(desk: &Desk, found: &Found, names: &NamesOf<'_, ReadTx>) -> Markup {
    let row = |quote: &Quote| {
        (
            html! { a href=(links::quote(quote.id)) { b { (nw(quote.number.as_str())) } } " " (names.client(quote.client)) },
            html! { (quote.current.title) },
            html! { span.num { (desk.locale().money(quote.current.totals.payable())) } },
        )
    };
    parts::rows(&found.quotes.iter().map(row).collect::<Vec<_>>())
}
