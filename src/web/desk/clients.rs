//! The list of clients: who they are, what they owe, what of it is late.

use maud::{Markup, html};

use super::client_choice::{mark, shares_name};
use super::form::Typed;
use crate::domain::access::Act;
use crate::domain::client::Client;
use crate::domain::firm::Locale;
use crate::domain::ids::ClientId;
use crate::domain::money::{Currency, Money};
use crate::domain::statement::Ageing;
use crate::domain::text::LINE_MAX;
use crate::store::ReadTx;
use crate::store::clients::fold;
use crate::store::prelude::*;
use crate::store::statement::ageing_now;
use crate::web::forms::{Fields, Query};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Icon, Input, Look, Tone};
use crate::web::problem::Problem;

/// Clients on one page.
const PAGE: usize = 50;

/// `GET /desk/clients?q=&after=`
pub async fn list(desk: Desk, Query(fields): Query) -> Result<Markup, Problem> {
    let starts: String = fields.get("q").trim().chars().take(LINE_MAX).collect();
    let page = desk.read(|r| page_of(&desk, r, &starts, fields.get("after").parse().ok()))?;
    Ok(desk.page(DeskNav::Clients, "Clients", body(&desk, &page, &starts)))
}

/// A client with what they owe, per currency.
struct Listed {
    client: Client,
    manager: String,
    owed: Vec<(Currency, Ageing)>,
}

struct Page {
    rows: Vec<Listed>,
    next: Option<ClientId>,
}

fn page_of(desk: &Desk, r: &ReadTx, starts: &str, after: Option<ClientId>) -> Result<Page, Problem> {
    let after = match after.filter(|id| desk.scope.sees(*id)) {
        Some(id) => r.client(id)?.map(|c| (fold(&c.party.name), c.id)),
        None => None,
    };
    let mut clients = match desk.scope.only() {
        Some(only) => among(r, only, starts, after.as_ref())?,
        None => r.clients_by_name(starts, after.as_ref().map(|(name, id)| (name.as_str(), *id)), PAGE + 1)?,
    };
    let more = clients.len() > PAGE;
    clients.truncate(PAGE);
    let next = clients.last().map(|c| c.id).filter(|_| more);
    let rows = clients.into_iter().map(|client| listed(desk, r, client)).collect::<Result<_, StoreError>>()?;
    Ok(Page { rows, next })
}

/// Of the few clients that a member sees, those that belong on the page, by name.
fn among(
    r: &ReadTx,
    only: &[ClientId],
    starts: &str,
    after: Option<&(String, ClientId)>,
) -> Result<Vec<Client>, StoreError> {
    let mut found = Vec::new();
    for id in only {
        found.extend(r.client(*id)?);
    }
    let key = |c: &Client| (fold(&c.party.name), c.id);
    found.retain(|c| fold(&c.party.name).starts_with(&fold(starts)) && after.is_none_or(|a| key(c) > *a));
    found.sort_by_cached_key(key);
    found.truncate(PAGE + 1);
    Ok(found)
}

fn listed(desk: &Desk, r: &ReadTx, client: Client) -> Result<Listed, StoreError> {
    let owed = ageing_now(&r.open_parts_of(client.id)?, &[], desk.today()).into_iter().collect();
    let manager = client.manager.map_or(Ok(None), |id| r.staff(id))?.map_or_else(String::new, |s| s.name);
    Ok(Listed { client, manager, owed })
}

fn body(desk: &Desk, page: &Page, starts: &str) -> Markup {
    let may_add = desk.may(Act::Work) && desk.scope.only().is_none();
    let add = html! {
        @if may_add {
            (parts::link_icon(Look::Plain, Icon::Down, "/desk/import", "Import"))
            (parts::link_icon(Look::Primary, Icon::Plus, "/desk/clients/new", "New client"))
        }
    };
    html! {
        (parts::head("Clients", "", add))
        (finder(starts))
        @if page.rows.is_empty() { (nothing(starts, may_add)) } @else { div.sec-m { (table(desk.locale(), page)) } }
        @if let Some(after) = page.next {
            (parts::pager(None, Some((&next_page(starts, after), "More clients"))))
        }
    }
}

fn finder(starts: &str) -> Markup {
    let fields = Fields::of([("q", starts)]);
    let field = Typed::fresh(&fields).field("q", "Name starts with").class("grow");
    html! {
        form.filters role="search" method="get" action="/desk/clients" {
            (parts::input(&field, Input::Search))
            div.row { (parts::submit(Look::Plain, "Find")) @if !starts.is_empty() { a href="/desk/clients" { "Show all" } } }
        }
    }
}

fn nothing(starts: &str, may_add: bool) -> Markup {
    if starts.is_empty() {
        let next = if may_add { "Add the first one; then invoices can be written and published." } else { "" };
        parts::empty("No clients yet.", next)
    } else {
        parts::empty("No client’s name starts with that.", "Try fewer letters, or show all.")
    }
}

fn next_page(starts: &str, after: ClientId) -> String {
    let typed = percent_encoding::utf8_percent_encode(starts, percent_encoding::NON_ALPHANUMERIC);
    format!("/desk/clients?q={typed}&after={after}")
}

fn table(locale: Locale, page: &Page) -> Markup {
    let cols = [Col::name("Client"), Col::text("Looked after by").wide(), Col::num("Owes"), Col::num("Overdue")];
    let rows: Vec<parts::Row> =
        (0..page.rows.len()).filter_map(|at| cells(locale, &page.rows, at)).map(Into::into).collect();
    parts::scroller("Clients", &cols, &rows, None)
}

fn cells(locale: Locale, rows: &[Listed], at: usize) -> Option<Vec<Markup>> {
    let row = rows.get(at)?;
    let Client { id, party, reference, .. } = &row.client;
    let shared = shares_name(at, |at| rows.get(at).map(|row| &row.client));
    let amounts = |of: fn(&Ageing) -> i64| -> Vec<String> {
        let all = row.owed.iter().map(|(currency, ageing)| Money::new(of(ageing), *currency));
        all.filter(|m| m.minor != 0).map(|m| locale.money(m)).collect()
    };
    let owes = amounts(|a| a.current.saturating_add(a.overdue()));
    let overdue = amounts(Ageing::overdue);
    Some(vec![
        html! {
            a href={ "/desk/clients/" (id) } { (party.name) }
            @if shared || !reference.is_empty() { small { (mark(&row.client)) } }
        },
        html! { (row.manager) },
        several(&owes, Tone::Plain),
        several(&overdue, Tone::Bad),
    ])
}

/// Amounts of several currencies, one under the other.
fn several(amounts: &[String], tone: Tone) -> Markup {
    html! { @for (at, amount) in amounts.iter().enumerate() { @if at > 0 { br; } (parts::toned(tone, amount)) } }
}
