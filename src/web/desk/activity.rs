//! The activity log: everything anyone did, newest first, with filters that can be bookmarked, and as CSV.

use axum::response::Response;
use jiff::civil::Date;
use maud::{Markup, html};

use super::activity_scan::{Asked, Found, LOOKED_MAX, Line, Who, scan};
use super::links;
use super::names::NamesOf;
use crate::documents::Csv;
use crate::domain::anchor::Anchor;
use crate::domain::calendar;
use crate::domain::event::{Actor, Topic};
use crate::domain::ids::ClientId;
use crate::domain::sentence::Names;
use crate::store::prelude::*;
use crate::web::download;
use crate::web::forms::{Fields, Query};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Field, FieldError, Icon, Input, Look, icon, nw, time};
use crate::web::problem::Problem;

/// Lines on a page.
const PAGE: usize = 100;
/// Lines of a CSV, and entries that it looks at.
const CSV_MAX: usize = 10_000;
const CSV_LOOKED: usize = 50_000;
/// Clients that the filter offers.
const CLIENTS_OFFERED: usize = 200;

/// The fields of the filter, as they stand in addresses.
const FILTERS: [&str; 6] = ["q", "who", "what", "client", "from", "to"];

fn address(path: &str, query: &Fields, before: &str) -> String {
    let mut pairs: Vec<(&str, &str)> = FILTERS.iter().map(|name| (*name, query.get(name).trim())).collect();
    pairs.push(("before", before));
    links::with_query(path, &pairs)
}

/// Reads a query; a client that is not for whoever asks is as absent.
fn asked(desk: &Desk, query: &Fields) -> Result<(Asked, Vec<FieldError>), Problem> {
    let (asked, errors) = Asked::read(query);
    if asked.client.is_some_and(|client| !desk.scope.sees(client)) {
        return Err(Problem::NotFound);
    }
    Ok((asked, errors))
}

/// `GET /desk/activity?q=&who=&what=&client=&from=&to=&before=`
pub async fn show(desk: Desk, Query(query): Query) -> Result<Markup, Problem> {
    let (asked, errors) = asked(&desk, &query)?;
    desk.read(|r| {
        let found = scan(r, &desk.scope, (desk.locale(), desk.zone()), &asked, PAGE, LOOKED_MAX)?;
        let names = NamesOf::among(r, &desk.scope);
        let clients = offered(r, &desk, asked.client, &names)?;
        let body = html! {
            (parts::error_summary(&errors))
            (parts::head(
                "Activity",
                "Everything anyone did, here and in the portal. Nothing can be edited or deleted.",
                parts::link_icon(Look::Plain, Icon::Down, &address("/desk/activity.csv", &query, ""), "CSV of this view"),
            ))
            (filters(&query, &clients, &errors))
            p.gap-y.small.mut role="status" { (summary(&desk, &found)) }
            @if found.lines.is_empty() && found.stopped.is_none() {
                (parts::empty("No entries match.", html! { a href="/desk/activity" { "Clear the filters" } "." }))
            } @else if !found.lines.is_empty() { (log(&desk, &found.lines, &names)) }
            (further(&query, &found, asked.before.is_some()))
            (anchor(&desk, r.anchor()?))
        };
        Ok(desk.page(DeskNav::Activity, &parts::titled("Activity", &errors), body))
    })
}

/// What the whole log is, to be kept elsewhere; not for those who see a part of it.
fn anchor(desk: &Desk, anchor: Anchor) -> Markup {
    html! {
        @if desk.scope.only().is_none() {
            p.gap-y.small.mut {
                "The whole log has " (anchor.count) " entries. Its anchor at this moment: "
                (nw(anchor.code().to_string()))
                ". Kept elsewhere, it shows later whether anything up to here was rewritten or cut: "
                span.mono { "counterfoil audit verify --anchor" } "."
            }
        }
    }
}

/// Clients for the filter: the first by name, and the one chosen.
fn offered(
    r: &ReadTx,
    desk: &Desk,
    chosen: Option<ClientId>,
    names: &NamesOf<'_, ReadTx>,
) -> Result<Vec<(String, String)>, StoreError> {
    let mut all: Vec<(ClientId, String)> = match desk.scope.only() {
        None => r.clients_by_name("", None, CLIENTS_OFFERED)?.iter().map(|c| (c.id, names.client(c.id))).collect(),
        Some(some) => some.iter().take(CLIENTS_OFFERED).map(|id| (*id, names.client(*id))).collect(),
    };
    if let Some(id) = chosen.filter(|id| all.iter().all(|x| x.0 != *id)) {
        all.push((id, names.client(id)));
    }
    Ok(all.into_iter().map(|(id, name)| (id.to_string(), name)).collect())
}

fn filters(query: &Fields, clients: &[(String, String)], errors: &[FieldError]) -> Markup {
    let field = |name: &'static str, label: &'static str| Field::new(name, label).value(query.get(name)).errors(errors);
    let who: Vec<Choice<'_>> =
        [Choice::new("", "Anyone")].into_iter().chain(Who::ALL.map(|x| Choice::new(x.1, who_words(x.0)))).collect();
    let what: Vec<Choice<'_>> = [Choice::new("", "Anything")]
        .into_iter()
        .chain(Topic::ALL.map(|x| Choice::new(x.code(), what_words(x))))
        .collect();
    let clients: Vec<Choice<'_>> = [Choice::new("", "All clients")]
        .into_iter()
        .chain(clients.iter().map(|(id, name)| Choice::new(id, name)))
        .collect();
    html! {
        form.filters.panel method="get" action="/desk/activity" {
            (parts::input(&field("q", "Words").class("grow"), Input::Search))
            (parts::select(&field("who", "Who"), &who))
            (parts::select(&field("what", "What"), &what))
            (parts::select(&field("client", "Client"), &clients))
            div.row.nwr { (parts::date(&field("from", "From"), None, None)) (parts::date(&field("to", "To"), None, None)) }
            (parts::submit(Look::Primary, "Show"))
            (parts::link(Look::Quiet, "/desk/activity", "Clear"))
        }
    }
}

fn who_words(who: Who) -> &'static str {
    match who {
        Who::Staff => "Staff",
        Who::Clients => "Clients",
        Who::Counterfoil => "Counterfoil itself",
    }
}

fn what_words(what: Topic) -> &'static str {
    match what {
        Topic::Money => "Money",
        Topic::Mail => "Mail",
        Topic::Visits => "Opens and downloads",
        Topic::SignIns => "Sign-ins",
        Topic::Settings => "Settings",
    }
}

fn summary(desk: &Desk, found: &Found) -> String {
    let entries = match found.lines.len() {
        1 => "1 entry".to_owned(),
        n => format!("{n} entries"),
    };
    match found.stopped.filter(|_| found.limited) {
        Some((_, at)) => {
            let at = desk.locale().instant_short(at, desk.zone(), desk.today());
            format!("{entries}. Looked back as far as {at}, over {LOOKED_MAX} entries.")
        }
        None => format!("{entries} shown, the newest first."),
    }
}

fn further(query: &Fields, found: &Found, paged: bool) -> Markup {
    let newest = address("/desk/activity", query, "");
    let older = found.stopped.map(|(sequence, _)| address("/desk/activity", query, &sequence.to_string()));
    let words = if found.limited { "Go on looking further back" } else { "Older entries" };
    parts::pager(paged.then_some((newest.as_str(), "Newest")), older.as_deref().map(|href| (href, words)))
}

fn log(desk: &Desk, lines: &[Line], names: &NamesOf<'_, ReadTx>) -> Markup {
    let day = |line: &Line| calendar::today(line.entry.at, desk.zone());
    let days = lines.chunk_by(|a, b| day(a) == day(b));
    parts::scroll(
        "Activity log",
        &html! {
            table.log {
                thead { tr {
                    @for name in ["Time", "Who", "What"] { th scope="col" { (name) } }
                    @for name in ["About", "From"] { th.wide-only scope="col" { (name) } }
                } }
                @for lines in days {
                    tbody {
                        @if let Some(first) = lines.first() { tr.day { th colspan="5" scope="rowgroup" { (heading(desk, day(first))) } } }
                        @for line in lines { (row(desk, line, names)) }
                    }
                }
            }
        },
    )
}

fn heading(desk: &Desk, day: Date) -> Markup {
    let today = desk.today();
    html! { @if day == today { "Today, " } (desk.locale().date_weekday(day, today)) }
}

fn row(desk: &Desk, line: &Line, names: &NamesOf<'_, ReadTx>) -> Markup {
    let entry = &line.entry;
    let clock = desk.zone().to_datetime(entry.at).time().strftime("%H:%M:%S").to_string();
    let from_client = matches!(entry.by.actor, Actor::Contact(_));
    let (text, detail) = (without_name(line), note(line));
    html! {
        tr.(line.told.mark.class()) {
            td { (time(entry.at, clock)) }
            td { (line.who) @if from_client { @if let Some(id) = entry.client { small { (names.client(id)) } } } }
            td {
                @if let Some(picture) = super::icon_of(line.told.icon) { (icon(picture)) }
                span.t { (text) }
                @if !detail.is_empty() { small { (detail) } }
                small.narrow { (about(line, names)) }
            }
            td.wide-only { (about(line, names)) }
            td.wide-only { (origin(line)) }
        }
    }
}

/// The sentence without the name that begins it, which has a column of its own.
fn without_name(line: &Line) -> String {
    let rest = line.told.text.strip_prefix(&line.who).and_then(|rest| rest.strip_prefix(' '));
    let Some(rest) = rest else { return line.told.text.clone() };
    let mut letters = rest.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The small print without the network address, which has a column of its own.
fn note(line: &Line) -> String {
    let detail = line.told.detail.as_deref().unwrap_or_default();
    let Some(address) = line.entry.by.address else { return detail.to_owned() };
    let from = format!("From {address}");
    detail.strip_suffix(&from).unwrap_or(detail).trim_end_matches(" · ").to_owned()
}

fn origin(line: &Line) -> String {
    match (&line.entry.by.address, &line.entry.by.actor) {
        (Some(address), _) => address.to_string(),
        (None, Actor::Counterfoil(_) | Actor::CommandLine) => "Server".to_owned(),
        (None, _) => String::new(),
    }
}

fn about(line: &Line, names: &NamesOf<'_, ReadTx>) -> Markup {
    html! {
        @if let Some(id) = line.entry.client { a href=(links::client(id)) { (names.client(id)) } }
        @if let Some(id) = line.entry.invoice {
            @let href = if names.is_draft(id) { links::draft(id) } else { links::invoice(id) };
            ", " a href=(href) { (nw(names.document(id))) }
        }
    }
}

/// `GET /desk/activity.csv`, with the filters of the page.
pub async fn csv(desk: Desk, Query(query): Query) -> Result<Response, Problem> {
    let (asked, _) = asked(&desk, &query)?;
    let csv = desk.read(|r| {
        let found = scan(r, &desk.scope, (desk.locale(), desk.zone()), &asked, CSV_MAX, CSV_LOOKED)?;
        Ok(table(&desk, &found, &NamesOf::among(r, &desk.scope)))
    })?;
    Ok(download::csv(&format!("activity-{}.csv", desk.today()), csv))
}

fn table(desk: &Desk, found: &Found, names: &NamesOf<'_, ReadTx>) -> Csv {
    let mut csv = Csv::new(&["Entry", "Time", "Zone", "Who", "What", "Note", "Client", "Document", "From"]);
    let zone = desk.zone().iana_name().unwrap_or("UTC");
    for line in &found.lines {
        let entry = &line.entry;
        let local = desk.zone().to_datetime(entry.at).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let client = entry.client.map(|id| names.client(id)).unwrap_or_default();
        let document = entry.invoice.map(|id| names.document(id)).unwrap_or_default();
        let (sequence, note, origin) = (entry.sequence.to_string(), note(line), origin(line));
        csv.row(&[&sequence, &local, zone, &line.who, &line.told.text, &note, &client, &document, &origin]);
    }
    if let Some((sequence, _)) = found.stopped {
        csv.row(&[format!("There is more before entry {sequence}; narrow the dates for the rest.")]);
    }
    csv
}
