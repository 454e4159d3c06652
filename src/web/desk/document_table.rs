//! What the lists of invoices and of quotes share: whose documents they show, the table, the way to the next page.
//!
//! Must not know what a document's state is nor how it is read.

use maud::{Markup, html};

use super::client::tabs;
use super::names::NamesOf;
use crate::domain::access::StaffScope;
use crate::domain::client::Client;
use crate::domain::ids::ClientId;
use crate::store::invoices::Cursor;
use crate::store::prelude::*;
use crate::web::forms::Fields;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col};
use crate::web::problem::Problem;

/// One document in a list.
pub struct Line {
    /// The box that takes it along, or nothing.
    pub tick: Markup,
    /// Its page.
    pub href: String,
    /// Its number, or that it is a draft.
    pub called: String,
    /// For whom.
    pub client: ClientId,
    /// What it is about.
    pub title: String,
    /// Its state, as a tag.
    pub state: Markup,
    /// A date and amounts: the cells of the list's own columns.
    pub figures: Vec<Markup>,
}

/// The table: number, client, subject, state, then the columns of `figures`. On a phone the number, what belongs to it
/// and all figures but the first.
pub fn table(r: &ReadTx, scope: &StaffScope, label: &str, figures: &[&'static str], lines: Vec<Line>) -> Markup {
    let names = NamesOf::among(r, scope);
    let mut cols = vec![Col::name("Number")];
    cols.extend(["Client", "For", "State"].map(|name| Col::text(name).wide()));
    cols.extend(
        figures.iter().enumerate().map(|(n, name)| if n == 0 { Col::num(name).wide() } else { Col::num(name) }),
    );
    let row = |line: Line| -> parts::Row {
        let client = names.client(line.client);
        let mut cells = vec![
            html! {
                span.nw { (line.tick) a href=(line.href) { (line.called) } }
                small.narrow { (client) @if !line.title.is_empty() { ". " (line.title) } }
                small.narrow { (line.state) }
            },
            html! { a href={ "/desk/clients/" (line.client) } { (client) } },
            html! { (line.title) },
            line.state.clone(),
        ];
        cells.extend(line.figures);
        cells.into()
    };
    let rows: Vec<parts::Row> = lines.into_iter().map(row).collect();
    parts::scroller(label, &cols, &rows, None)
}

/// The client that `?client=` names, if there is one within the scope; anything else is as if nothing was asked.
///
/// # Errors
/// When the store fails.
pub fn client_asked(desk: &Desk, r: &ReadTx, query: &Fields) -> Result<Option<Client>, Problem> {
    match query.get("client").parse() {
        Ok(id) if desk.scope.sees(id) => Ok(r.client(id)?),
        _ => Ok(None),
    }
}

/// Whose documents are read: the client's that was asked for, those of the scope, or everybody's (`None`).
pub fn whose<'a>(desk: &'a Desk, asked: Option<&'a Client>) -> Option<Vec<ClientId>> {
    match asked {
        Some(client) => Some(vec![client.id]),
        None => desk.scope.only().map(|all| all.to_vec()),
    }
}

/// The top of the list: the firm's own, or one client's with the way back and the client's tabs. `tab` names it there.
pub fn head(title: &str, tab: &str, client: Option<&Client>, about: &str, actions: Markup) -> Markup {
    html! {
        @if let Some(client) = client {
            (parts::back(&format!("/desk/clients/{}", client.id), &client.party.name))
            (parts::head(title, &client.party.name, actions))
            (tabs(client, tab))
        } @else { (parts::head(title, about, actions)) }
    }
}

/// Where a list belongs among the desk's pages.
pub fn nav(client: Option<&Client>, own: DeskNav) -> DeskNav {
    if client.is_some() { DeskNav::Clients } else { own }
}

/// The address of a list's first page.
pub fn address(path: &str, state: Option<&str>, client: Option<&Client>) -> String {
    let state = state.map(|code| format!("state={code}"));
    let client = client.map(|c| format!("client={}", c.id));
    let query: Vec<String> = [state, client].into_iter().flatten().collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// The ways to the first and the next page of a list whose first page is at `first`.
pub fn pager(first: &str, after: Option<Cursor>, next: Option<Cursor>) -> Markup {
    let mark = if first.contains('?') { '&' } else { '?' };
    let next = next.map(|cursor| format!("{first}{mark}after={cursor}"));
    parts::pager(after.map(|_| (first, "First page")), next.as_deref().map(|href| (href, "Next page")))
}
