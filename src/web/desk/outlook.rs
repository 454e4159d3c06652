//! The next sixty days of reminders, as a calendar and line by line: what goes, to whom, and what does not, and why.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;
use maud::{Markup, html};

use super::letters::held_back;
use super::links;
use super::names::NamesOf;
use crate::actions::outlook::{INVOICES_MAX, OneLetter, Outlook, as_letters, outlook, outlook_of};
use crate::domain::calendar;
use crate::domain::forecast::horizon;
use crate::domain::ids::ClientId;
use crate::domain::person::Person;
use crate::domain::policy::{Policy, moved_words};
use crate::domain::sentence::{Names, step_words};
use crate::domain::text::capital;
use crate::store::prelude::*;
use crate::web::forms::Fields;
use crate::web::guard::Desk;
use crate::web::parts::{self, Col, Row, Tone, nw, time};

/// Days that lie ahead on the page.
const DAYS: u16 = 60;
/// Lines of the list; the calendar leads to the others.
const LINES: usize = 40;
const WEEK: usize = 7;
const WEEKDAYS: [&str; WEEK] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// What of it is asked for.
pub(super) struct Asked {
    day: Option<Date>,
    client: Option<ClientId>,
}

impl Asked {
    /// From the query `day=&client=`; what is no day or client asks for all.
    pub fn of(fields: &Fields) -> Self {
        Self { day: fields.get("day").parse().ok(), client: fields.get("client").parse().ok() }
    }

    fn query(&self, day: Option<Date>) -> String {
        let day = day.map_or_else(String::new, |x| x.to_string());
        let client = self.client.map_or_else(String::new, |x| x.to_string());
        format!("{}#ahead", links::with_query("/desk/reminders", &[("day", &day), ("client", &client)]))
    }
}

/// The section.
///
/// # Errors
/// When the store fails.
pub(super) fn section(
    r: &ReadTx,
    desk: &Desk,
    names: &NamesOf<'_, ReadTx>,
    asked: &Asked,
) -> Result<Markup, StoreError> {
    let (now, zone, settings) = (desk.app.now(), desk.zone(), &desk.app.settings);
    let until = horizon(now, DAYS, zone);
    let Outlook { coming, more, held } = match asked.client {
        Some(only) if desk.scope.sees(only) => outlook_of(r, settings, now, until, only)?,
        Some(_) => Outlook::default(),
        None => outlook(r, settings, now, until, |client| desk.scope.sees(client))?,
    };
    let day_of = |x: &OneLetter<'_>| calendar::today(x.at, zone);
    let letters = as_letters(&coming);
    let mut counts: BTreeMap<Date, usize> = BTreeMap::new();
    for x in letters.iter().filter(|x| x.goes) {
        let clients = x.to.iter().filter(|to| matches!(to.person, Person::Contact(_))).count();
        *counts.entry(day_of(x)).or_default() += clients;
    }
    let chosen: Vec<OneLetter<'_>> =
        letters.into_iter().filter(|x| asked.day.is_none_or(|day| day == day_of(x))).collect();
    let rows: Vec<Row> = chosen.iter().take(LINES).filter_map(|x| row(desk, x, names, asked)).collect();
    let cols =
        [Col::short("When"), Col::text("Invoice"), Col::text("Client"), Col::text("Step"), Col::text("What happens")];
    let going: usize = counts.values().sum();
    let aside = format!(
        "{going} {} in {DAYS} days, {}",
        if going == 1 { "letter" } else { "letters" },
        if held { "once an owner lets letters go" } else { "if nothing changes until then" }
    );
    Ok(parts::section(
        "ahead",
        "What comes next",
        aside,
        html! {
            @if held { (held_back(desk, r.clock_leapt()?)) }
            (grid(desk, asked, &r.policy()?, &counts))
            (filter(desk, names, asked))
            @if rows.is_empty() {
                (parts::empty("No reminder is ahead.", "Each open invoice brings its own, a week before it is due."))
            } @else { (parts::scroller("Reminders ahead", &cols, &rows, None)) }
            @if chosen.len() > LINES { p.mut.small { "The first " (LINES) " of " (chosen.len()) ". Choose a day to see the others." } }
            @if more { p.mut.small { "More invoices wait than the " (INVOICES_MAX) " that were looked at." } }
        },
    ))
}

/// What the list is narrowed to, and the way back.
fn filter(desk: &Desk, names: &NamesOf<'_, ReadTx>, asked: &Asked) -> Markup {
    let (day, client) = (asked.day, asked.client.filter(|client| desk.scope.sees(*client)));
    html! {
        @if day.is_some() || client.is_some() {
            p {
                "Only "
                @if let Some(client) = client { b { (names.client(client)) } }
                @if day.is_some() && client.is_some() { ", " }
                @if let Some(day) = day { b { (desk.locale().date_weekday(day, desk.today())) } }
                ". " a href="/desk/reminders#ahead" { "Show all" }
            }
        }
    }
}

/// Weeks from this one on, each day with how many letters go.
fn grid(desk: &Desk, asked: &Asked, policy: &Policy, counts: &BTreeMap<Date, usize>) -> Markup {
    let today = desk.today();
    let monday = today.saturating_sub(Span::new().days(i64::from(today.weekday().to_monday_zero_offset())));
    let last = today.saturating_add(Span::new().days(i64::from(DAYS)));
    let days: Vec<Date> = monday.series(Span::new().days(1)).take_while(|day| *day <= last).collect();
    html! {
        table.cal {
            caption.vh { "Reminders by day" }
            thead { tr { @for name in WEEKDAYS { th scope="col" { (name) } } } }
            tbody { @for week in days.chunks(WEEK) {
                tr { @for day in week { (cell(desk, asked, policy, *day, counts.get(day).copied().unwrap_or(0))) } }
            } }
        }
    }
}

fn cell(desk: &Desk, asked: &Asked, policy: &Policy, day: Date, count: usize) -> Markup {
    let today = desk.today();
    let name =
        if day.day() == 1 || day == today { desk.locale().date_short(day, today) } else { day.day().to_string() };
    html! {
        td.now[day == today].off[!policy.days.works(day) || day < today] title=[policy.days.holidays.get(&day)] {
            time datetime=(day) { (name) }
            @if let Some(holiday) = policy.days.holidays.get(&day) { (parts::heard(format!(", {holiday}"))) }
            @if count > 0 {
                a href=(asked.query(Some(day))) aria-current=[(asked.day == Some(day)).then_some("true")] {
                    (count) (parts::heard(if count == 1 { " letter" } else { " letters" }))
                }
            }
        }
    }
}

/// What goes as one letter, or one step that does not go.
fn row(desk: &Desk, line: &OneLetter<'_>, names: &NamesOf<'_, ReadTx>, asked: &Asked) -> Option<Row> {
    let all = &line.about;
    let x = all.first()?;
    let (locale, invoice) = (desk.locale(), &x.row.invoice);
    let of_client = Asked { day: asked.day, client: Some(invoice.client) }.query(asked.day);
    let cells = vec![
        time(line.at, locale.instant_short(line.at, desk.zone(), desk.today())),
        html! {
            @for one in all {
                div {
                    a href=(links::invoice(one.row.invoice.id)) { (nw(names.document(one.row.invoice.id))) }
                    small { (locale.money(one.row.open())) }
                }
            }
        },
        html! { a href=(of_client) { (names.client(invoice.client)) } },
        html! { @for one in all { div { (capital(&step_words(one.step))) } } },
        html! {
            (line.words)
            @if all.len() > 1 { ", as one letter" }
            @for one in all {
                @if let Some(moved) = &one.moved { small { (capital(&moved_words(locale, desk.today(), moved))) } }
            }
        },
    ];
    Some(Row { tone: if line.goes { Tone::Info } else { Tone::Plain }, cells, ..Row::default() })
}
