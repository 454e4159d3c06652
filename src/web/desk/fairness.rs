//! Fair treatment: where clients were treated otherwise than the reminder policy has it in a period, by whom and why.
//!
//! Read from the log along an index of exceptions, so that it costs what it shows however long the log is.

use std::collections::BTreeMap;

use axum::response::Response;
use jiff::Span;
use jiff::civil::{Date, Time};
use maud::{Markup, html};

use super::activity_scan::{first_at_or_after, may_read};
use super::links;
use super::names::NamesOf;
use crate::documents::{Csv, csv_line};
use crate::domain::calendar::wall_clock;
use crate::domain::event::{Actor, LogEntry};
use crate::domain::fairness::{self, Counts, Kind, Tally};
use crate::domain::format::Format;
use crate::domain::sentence::{Names, for_staff};
use crate::store::prelude::*;
use crate::web::bundle::stream;
use crate::web::charts::{self, Bar};
use crate::web::forms::{self, Fields, Query};
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, Field, FieldError, Fig, Icon, Look};
use crate::web::problem::Problem;

/// Days that are shown unless others are asked for.
const DAYS: i64 = 90;
/// The longest period, in days.
const DAYS_MAX: i32 = 732;
/// Exceptions that a page counts, and shows.
const COUNTED: usize = 10_000;
const SHOWN: usize = 100;
/// Bars of a drawing.
const BARS: usize = 20;
/// Exceptions read at once for a CSV.
const PIECE: usize = 500;

/// The first and the last day.
#[derive(Clone, Copy)]
struct Period {
    from: Date,
    to: Date,
}

fn asked(desk: &Desk, query: &Fields) -> (Period, Vec<FieldError>) {
    let usual = Period { from: desk.today().saturating_sub(Span::new().days(DAYS)), to: desk.today() };
    let mut errors = Vec::new();
    let mut day = |field: &str, usual: Date| match query.get(field).trim() {
        "" => usual,
        text => forms::date_within_years(field, text).unwrap_or_else(|fault| {
            errors.push(FieldError::new(fault.field, fault.message));
            usual
        }),
    };
    let period = Period { from: day("from", usual.from), to: day("to", usual.to) };
    if period.to < period.from {
        errors.push(FieldError::new("to", "Enter the first day’s date or a later one."));
    } else if crate::domain::invoice::days_between(period.from, period.to) > DAYS_MAX {
        errors.push(FieldError::new("from", "Choose two years or less."));
    }
    if errors.is_empty() { (period, errors) } else { (usual, errors) }
}

/// The entries of a period: from this sequence to before that one.
fn sequences(r: &ReadTx, desk: &Desk, period: Period) -> Result<(u64, u64), StoreError> {
    let midnight = |day: Date| wall_clock(day, Time::midnight(), desk.zone());
    let end = period.to.tomorrow().unwrap_or(period.to);
    Ok((first_at_or_after(r, midnight(period.from))?, first_at_or_after(r, midnight(end))?))
}

/// What a period holds: the counts, the newest lines, and whether there was more than is counted.
struct Found {
    tally: Tally,
    newest: Vec<LogEntry>,
    more: bool,
}

fn find(r: &ReadTx, desk: &Desk, period: Period) -> Result<Found, StoreError> {
    let (from, to) = sequences(r, desk, period)?;
    let entries = r.exceptions(from, to, COUNTED)?;
    let more = entries.len() == COUNTED;
    let mut tally = Tally::default();
    let mine: Vec<LogEntry> = entries.into_iter().filter(|entry| may_read(&desk.scope, entry)).collect();
    mine.iter().for_each(|entry| tally.add(entry));
    Ok(Found { tally, newest: mine.into_iter().rev().take(SHOWN).collect(), more })
}

/// `GET /desk/fairness?from=&to=`
pub async fn show(desk: Desk, Query(query): Query) -> Result<Markup, Problem> {
    let (period, errors) = asked(&desk, &query);
    desk.read(|r| {
        let found = find(r, &desk, period)?;
        let body = body(&desk, period, &errors, &found, &NamesOf::among(r, &desk.scope));
        Ok(desk.page(DeskNav::Letters, &parts::titled("Fair treatment", &errors), body))
    })
}

fn body(desk: &Desk, period: Period, errors: &[FieldError], found: &Found, names: &NamesOf<'_, ReadTx>) -> Markup {
    let (from, to, today) = (period.from.to_string(), period.to.to_string(), desk.today().to_string());
    let csv = links::with_query("/desk/fairness.csv", &[("from", &from), ("to", &to)]);
    let filters = html! {
        form.filters method="get" action="/desk/fairness" {
            (parts::date(&Field::new("from", "From").value(&from).errors(errors), None, Some(&today)))
            (parts::date(&Field::new("to", "To").value(&to).errors(errors), None, Some(&today)))
            (parts::submit(Look::Plain, "Show"))
            (parts::link_icon(Look::Plain, Icon::Down, &csv, "CSV"))
        }
    };
    let all = fairness::sum(&found.tally.all);
    html! {
        (parts::back("/desk/reminders", "Reminders"))
        (parts::error_summary(errors))
        (parts::head("Fair treatment", "Where somebody was treated otherwise than the reminder policy has it: by whom, why and how often.", filters))
        @if all == 0 {
            (parts::empty("No exceptions.", "In this period everybody was treated as the policy has it."))
        } @else {
            @if found.more { p.small.mut { "Only the first " (COUNTED) " of the period are counted; the CSV has all." } }
            div.sec { (parts::figs(&figures(&found.tally.all))) }
            (clients(found, names))
            (staff(found, names))
            (lines(desk, found, names))
        }
    }
}

fn figures(all: &Counts) -> Vec<Fig> {
    all.iter().map(|(kind, count)| Fig::new(kind.words(), count.to_string())).collect()
}

/// The columns that any of the rows has something in.
fn kinds(all: &Counts) -> Vec<Kind> {
    Kind::ALL.into_iter().filter(|kind| all.contains_key(kind)).collect()
}

fn bars<K: Ord + Copy>(
    found: &BTreeMap<K, Counts>,
    all: &Counts,
    name: impl Fn(K) -> (String, String),
) -> (Vec<&'static str>, Vec<Bar>) {
    let kinds = kinds(all);
    let mut rows: Vec<(&K, &Counts)> = found.iter().collect();
    rows.sort_by_key(|(key, counts)| (std::cmp::Reverse(fairness::sum(counts)), **key));
    let bar = |(key, counts): (&K, &Counts)| {
        let (label, href) = name(*key);
        let sum = fairness::sum(counts);
        let cell = |kind: &Kind| counts.get(kind).copied().unwrap_or(0).to_string();
        let cells = std::iter::once(sum.to_string()).chain(kinds.iter().map(cell)).collect();
        Bar { label, href, size: i64::try_from(sum).unwrap_or(i64::MAX), cells }
    };
    let bars = rows.into_iter().take(BARS).map(bar).collect();
    (std::iter::once("All").chain(kinds.iter().map(|kind| kind.words())).collect(), bars)
}

fn clients(found: &Found, names: &NamesOf<'_, ReadTx>) -> Markup {
    let name = |id: Option<_>| match id {
        Some(id) => (names.client(id), links::client(id)),
        None => ("The firm itself".to_owned(), String::new()),
    };
    let (cols, rows) = bars(&found.tally.clients, &found.tally.all, name);
    let body = charts::bars("Exceptions by client", "Client", &cols, &rows);
    parts::section("by-client", "By client", format!("The first {BARS}"), body)
}

fn staff(found: &Found, names: &NamesOf<'_, ReadTx>) -> Markup {
    let name = |id: Option<_>| (id.map_or("Counterfoil itself".to_owned(), |id| names.staff(id)), String::new());
    let (cols, rows) = bars(&found.tally.staff, &found.tally.all, name);
    let body = charts::bars("Exceptions by member of staff", "Who", &cols, &rows);
    parts::section("by-staff", "By member of staff", "", body)
}

fn who(entry: &LogEntry, names: &NamesOf<'_, ReadTx>) -> String {
    match entry.by.actor {
        Actor::Staff(id) => names.staff(id),
        Actor::Contact(id) => names.contact(id),
        _ => "Counterfoil itself".to_owned(),
    }
}

fn lines(desk: &Desk, found: &Found, names: &NamesOf<'_, ReadTx>) -> Markup {
    let cols = [Col::name("What"), Col::text("Client").wide(), Col::text("Who").wide(), Col::text("When")];
    let row = |entry: &LogEntry| -> parts::Row {
        let told = for_staff(entry, names, desk.locale());
        let why = fairness::reason(&entry.event);
        let client = html! { @if let Some(id) = entry.client { a href=(links::client(id)) { (names.client(id)) } } };
        let when = desk.locale().instant_short(entry.at, desk.zone(), desk.today());
        vec![
            html! { (told.text) @if !why.is_empty() { small { (why) } } },
            client,
            html! { (who(entry, names)) },
            html! { (parts::time(entry.at, when)) },
        ]
        .into()
    };
    let rows: Vec<parts::Row> = found.newest.iter().map(row).collect();
    let hint = format!("The newest {SHOWN}");
    parts::section(
        "exceptions",
        "Each exception",
        hint,
        parts::scroller("Exceptions, newest first", &cols, &rows, None),
    )
}

/// `GET /desk/fairness.csv?from=&to=`: every exception of the period, oldest first.
pub async fn csv(desk: Desk, Query(query): Query) -> Result<Response, Problem> {
    let (period, _) = asked(&desk, &query);
    let name = format!("fairness-{}-{}.csv", period.from, period.to);
    let (mut from, to) = desk.read(|r| Ok(sequences(r, &desk, period)?))?;
    Ok(stream(Format::Csv, &name, move |out| {
        let head = Csv::new(&["Entry", "Time", "Kind", "Who", "Client", "Document", "What", "Why"]);
        out.write_all(head.text().as_bytes())?;
        loop {
            // A piece in one reading, so that no snapshot is held while a slow reader takes its time.
            let piece = desk.read(|r| {
                let entries = r.exceptions(from, to, PIECE)?;
                let names = NamesOf::among(r, &desk.scope);
                let mine = entries.iter().filter(|entry| may_read(&desk.scope, entry));
                let rows: String = mine.map(|entry| csv_row(&desk, entry, &names)).collect();
                Ok((rows, entries.last().filter(|_| entries.len() == PIECE).map(|entry| entry.sequence + 1)))
            });
            let (rows, next) = piece.map_err(|_| std::io::Error::other("the log can't be read any more"))?;
            out.write_all(rows.as_bytes())?;
            match next {
                Some(next) => from = next,
                None => return Ok(()),
            }
        }
    }))
}

fn csv_row(desk: &Desk, entry: &LogEntry, names: &NamesOf<'_, ReadTx>) -> String {
    let local = desk.zone().to_datetime(entry.at).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let kind = fairness::kind(&entry.event).map_or("", Kind::words);
    let client = entry.client.map(|id| names.client(id)).unwrap_or_default();
    let document = entry.invoice.map(|id| names.document(id)).unwrap_or_default();
    let told = for_staff(entry, names, desk.locale()).text;
    let (sequence, who, why) = (entry.sequence.to_string(), who(entry, names), fairness::reason(&entry.event));
    csv_line(&[&sequence, &local, kind, &who, &client, &document, &told, why])
}
