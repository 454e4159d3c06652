//! Money that arrived: the list of receipts.

use jiff::civil::Date;
use maud::{Markup, html};

use super::links;
use super::names::NamesOf;
use crate::domain::access::Act;
use crate::domain::ids::ClientId;
use crate::domain::money::Money;
use crate::domain::payment::{Receipt, Source};
use crate::store::invoices::Cursor;
use crate::store::overview::place_of;
use crate::store::prelude::*;
use crate::web::forms::Query;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Icon, Look, Row, Tone, time};
use crate::web::problem::Problem;

/// Receipts on a page.
const PAGE: usize = 50;

/// `GET /desk/payments?client=&after=`: what arrived, newest first.
pub async fn list(desk: Desk, Query(query): Query) -> Result<Markup, Problem> {
    let client = query.get("client").parse::<ClientId>().ok();
    let after = query.get("after").parse::<Cursor>().ok();
    desk.read(|r| {
        if client.is_some_and(|c| !desk.scope.sees(c)) {
            return Err(Problem::NotFound);
        }
        let (receipts, next) = page_of(r, &desk, client, after)?;
        let names = NamesOf::among(r, &desk.scope);
        let rows = receipts.iter().map(|x| receipt_row(r, &desk, &names, x)).collect::<Result<Vec<_>, _>>()?;
        let name = client.map(|c| names.client(c)).unwrap_or_default();
        Ok(desk.page(DeskNav::Payments, "Payments", list_body(&desk, client, &name, &rows, next)))
    })
}

fn page_of(
    r: &ReadTx,
    desk: &Desk,
    client: Option<ClientId>,
    after: Option<Cursor>,
) -> Result<(Vec<Receipt>, Option<Cursor>), Problem> {
    let whose = client.map_or_else(|| links::reach(&desk.scope), |c| vec![Some(c)]);
    let mut all = Vec::new();
    for one in whose {
        all.extend(r.receipts_since(one, Date::MIN, after, PAGE + 1)?);
    }
    all.sort_by_key(|x| std::cmp::Reverse((x.on, x.id)));
    let more = all.len() > PAGE;
    all.truncate(PAGE);
    let next = all.last().filter(|_| more).map(place_of);
    Ok((all, next))
}

fn receipt_row(r: &ReadTx, desk: &Desk, names: &NamesOf<'_, ReadTx>, receipt: &Receipt) -> Result<Row, Problem> {
    let (locale, today) = (desk.locale(), desk.today());
    let left = r.unapplied_left(receipt.client, Source::Receipt(receipt.id))?;
    let client = names.client(receipt.client);
    let left = (left > 0).then(|| locale.money(Money::new(left, receipt.amount.currency)));
    Ok(Row {
        tone: if left.is_some() { Tone::Warn } else { Tone::Plain },
        cells: vec![
            time(receipt.on, locale.date_short(receipt.on, today)),
            html! {
                a href=(links::client(receipt.client)) { (client) }
                small.narrow { "By " (receipt.method.words()) @if receipt.reversed.is_some() { ", taken back" } }
                @if let Some(left) = &left { small.narrow { (parts::toned(Tone::Warn, left)) " not applied" } }
            },
            html! {
                (receipt.method.words()) @if !receipt.reference.is_empty() { small { (receipt.reference) } }
            },
            html! { a href=(links::source(Source::Receipt(receipt.id))) { (locale.money(receipt.amount)) } },
            html! {
                @if let Some(left) = &left { (parts::toned(Tone::Warn, left)) }
                @if receipt.reversed.is_some() { (parts::tag(Tone::Warn, "Taken back")) }
            },
        ],
        ..Row::default()
    })
}

fn list_body(desk: &Desk, client: Option<ClientId>, name: &str, rows: &[Row], next: Option<Cursor>) -> Markup {
    let of = client.map(|c| c.to_string()).unwrap_or_default();
    let record = links::with_query("/desk/payments/new", &[("client", &of)]);
    let older = next.map(|n| links::with_query("/desk/payments", &[("client", &of), ("after", &n.to_string())]));
    let cols = [
        Col::short("Date"),
        Col::text("Client"),
        Col::text("How").wide(),
        Col::num("Amount"),
        Col::num("Not applied").wide(),
    ];
    html! {
        (parts::head(
            "Payments",
            html! { @if name.is_empty() { "Money that arrived, newest first." } @else { "Money from " (name) ". " a href="/desk/payments" { "From everybody" } } },
            html! { @if desk.may(Act::Work) { (parts::link_icon(Look::Primary, Icon::Plus, &record, "Record a payment")) } },
        ))
        @if rows.is_empty() {
            (parts::empty("No payments here yet.", "When money arrives, record it and the invoices it settles."))
        } @else {
            (parts::scroller("Payments", &cols, rows, None))
        }
        (parts::pager(None, older.as_deref().map(|href| (href, "Older payments"))))
    }
}
