//! The list of quotes.

use maud::{Markup, html};

use super::document_table::{self, Line};
use super::invoices::PAGE;
use super::names::NamesOf;
use super::recurring::waiting_address;
use crate::actions::recurring;
use crate::domain::access::Act;
use crate::domain::client::Client;
use crate::domain::quote::{Answer, Quote};
use crate::store::invoices::Cursor;
use crate::store::prelude::*;
use crate::web::forms::Query;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Icon, Look, Tone};
use crate::web::problem::Problem;

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
            @if after.is_none() { (waiting(&desk, r, client)?) }
            @if quotes.is_empty() { (parts::empty("No quotes here.", "A quote appears once it is sent.")) }
            @else { (table(&desk, r, &quotes)) }
            (document_table::pager(&document_table::address("/desk/quotes", None, client), after, next))
        };
        Ok(desk.page(document_table::nav(client, DeskNav::Quotes), "Quotes", body))
    })
}

/// Quotes of recurring templates that somebody has to look through before they are sent.
fn waiting(desk: &Desk, r: &ReadTx, client: Option<&Client>) -> Result<Markup, Problem> {
    let names = NamesOf::among(r, &desk.scope);
    let mut all = recurring::all_waiting(r, &desk.scope)?;
    all.retain(|x| client.is_none_or(|client| client.id == x.0.client));
    let rows: Vec<_> = all
        .iter()
        .map(|(kept, key)| {
            let amount = kept.occurrence(key).and_then(|x| kept.amount_of(&x));
            let what = html! { a href=(waiting_address(kept.id, key)) { (kept.title) ", " (key) } small { (names.client(kept.client)) } };
            (what, html! { "Not sent yet" }, html! { span.num { @if let Some(x) = amount { (desk.locale().money(x)) } } })
        })
        .collect();
    Ok(
        html! { @if !rows.is_empty() { (parts::section("waiting", "To look through", "Of recurring ones", parts::rows(&rows))) } },
    )
}

fn place(quote: &Quote) -> Cursor {
    Cursor { day: crate::store::day(quote.current.issued), id: quote.id.0 }
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
    let sent = desk.locale().date_short(quote.current.issued, desk.today());
    Line {
        tick: html! {},
        href: format!("/desk/quotes/{}", quote.id),
        called: match quote.latest() {
            1 => quote.number.to_string(),
            version => format!("{}, version {version}", quote.number),
        },
        client: quote.client,
        title: quote.current.title.clone(),
        state: state(desk, quote),
        figures: vec![
            parts::time(quote.current.issued, sent),
            html! { (desk.locale().money(quote.current.totals.payable())) },
        ],
    }
}

/// The state as a tag.
pub(super) fn state(desk: &Desk, quote: &Quote) -> Markup {
    match &quote.current.answer {
        Answer::Accepted(..) => parts::tag(Tone::Ok, "Accepted"),
        Answer::Declined(..) => parts::tag(Tone::Bad, "Declined"),
        Answer::Open if quote.current.expired(desk.today()) => parts::tag(Tone::Plain, "Expired"),
        Answer::Open => {
            let until = desk.locale().date_short(quote.current.valid_until, desk.today());
            parts::tag(Tone::Info, format!("Waiting, until {until}"))
        }
    }
}
