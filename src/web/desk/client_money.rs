//! The money on a client's page: figures, open invoices, ageing.

use maud::{Markup, html};

use super::client::Overview;
use super::promises;
use super::standing::standing_tag;
use crate::domain::event::{Actor, Event};
use crate::domain::invoice::Invoice;
use crate::domain::money::{Currency, Money};
use crate::domain::promise::Promise;
use crate::domain::statement::Ageing;
use crate::store::ReadTx;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::charts::{self, Age};
use crate::web::guard::Desk;
use crate::web::parts::{self, Col, Fig, Sum, Tone};

/// Lines of a document's log that are looked through for who saw it last.
const SEEN_LOOK: usize = 50;

/// Who of the client opened a document last, and when.
pub struct Seen {
    name: String,
    at: jiff::Timestamp,
}

/// Who opened it last, if anybody of the client did.
///
/// # Errors
/// When the store fails.
pub fn seen(r: &ReadTx, invoice: &Invoice) -> Result<Option<Seen>, StoreError> {
    for entry in r.log_of_invoice(invoice.id, None, SEEN_LOOK)? {
        if let (Event::Opened { .. }, Actor::Contact(id)) = (&entry.event, &entry.by.actor) {
            let contact = r.contact(*id)?;
            return Ok(contact.map(|c| Seen { name: c.first_name().to_owned(), at: entry.at }));
        }
    }
    Ok(None)
}

/// What they owe, what of it is late, what is unapplied, what they paid in a year; once per currency.
pub fn figures(desk: &Desk, overview: &Overview) -> Markup {
    let currencies = currencies(overview);
    let several = currencies.len() > 1;
    let figs: Vec<Fig> = currencies.into_iter().flat_map(|c| figures_in(desk, overview, c, several)).collect();
    parts::figs(&figs)
}

fn currencies(overview: &Overview) -> Vec<Currency> {
    let mut all: Vec<Currency> = overview.ageing.keys().chain(overview.paid.keys()).copied().collect();
    if all.is_empty() {
        all.push(overview.client.currency);
    }
    all.sort();
    all.dedup();
    all
}

fn figures_in(desk: &Desk, overview: &Overview, currency: Currency, several: bool) -> Vec<Fig> {
    let ageing = overview.ageing.get(&currency).copied().unwrap_or_default();
    let paid = overview.paid.get(&currency).copied().unwrap_or_default();
    let money = |minor| desk.locale().money(Money::new(minor, currency));
    let label = |text: &str| if several { format!("{text}, {currency}") } else { text.to_owned() };
    let owes = ageing.current.saturating_add(ageing.overdue());
    let late = if ageing.overdue() > 0 { Tone::Bad } else { Tone::Plain };
    let mut figs =
        vec![Fig::new(label("Owes"), money(owes)), Fig::new(label("Overdue"), money(ageing.overdue())).tone(late)];
    if ageing.unapplied != 0 {
        figs.push(Fig::new(label("Not applied yet"), money(ageing.unapplied)).note("Money and credits on account"));
    }
    figs.push(Fig::new(label("Paid in 12 months"), money(paid)));
    figs
}

/// The open invoices, the earliest due first.
pub fn open_invoices(desk: &Desk, overview: &Overview) -> Markup {
    let all = format!("/desk/invoices?client={}", overview.client.id);
    let heading = html! { "Open invoices" (parts::count(overview.open_count)) };
    let body = if overview.open.is_empty() {
        parts::empty("Nothing is open.", "What is issued next stands here until it’s paid.")
    } else {
        open_table(desk, overview)
    };
    parts::section("oi", heading, html! { a href=(all) { "All invoices" } }, body)
}

fn open_table(desk: &Desk, overview: &Overview) -> Markup {
    let cols =
        [Col::name("Invoice"), Col::text("State").wide(), Col::short("Seen").wide(), Col::num("Due"), Col::num("Open")];
    let rows: Vec<parts::Row> = overview
        .open
        .iter()
        .map(|(row, seen, promised, disputed)| open_row(desk, row, seen.as_ref(), promised.as_ref(), disputed).into())
        .collect();
    let sum = match overview.ageing.iter().filter(|(_, a)| a.current != 0 || a.overdue() != 0).collect::<Vec<_>>()[..] {
        [(currency, ageing)] => {
            let owes = Money::new(ageing.current.saturating_add(ageing.overdue()), *currency);
            Some(Sum { label: "Owes", cells: vec![html! { (desk.locale().money(owes)) }] })
        }
        _ => None,
    };
    let more = overview.open_count.saturating_sub(overview.open.len());
    html! {
        (parts::scroller("Open invoices", &cols, &rows, sum.as_ref()))
        @if more > 0 {
            p.small.gap-y {
                a href={ "/desk/invoices?client=" (overview.client.id) "&state=open" } { (more) " more open" }
            }
        }
    }
}

fn open_row(desk: &Desk, row: &Row, seen: Option<&Seen>, promised: Option<&Promise>, disputed: &Markup) -> Vec<Markup> {
    let (locale, today) = (desk.locale(), desk.today());
    let invoice = &row.invoice;
    let number = invoice.number().map_or("", |n| n.as_str());
    let open = row.open();
    let mixed = invoice.currency != desk.firm.currency;
    let promised = promised.and_then(|x| promises::in_short(desk, x));
    vec![
        html! {
            a.nw href={ "/desk/invoices/" (invoice.id) } { (number) }
            small { (invoice.title) }
            small.narrow { (standing_tag(invoice.standing(row.settled, today))) " " (disputed) }
            @if let Some(promised) = &promised { small { (promised) } }
        },
        html! { (standing_tag(invoice.standing(row.settled, today))) " " (disputed) },
        match seen {
            Some(seen) => {
                let day = desk.zone().to_datetime(seen.at).date();
                html! { (seen.name) ", " (locale.date_short(day, today)) }
            }
            None => html! { span.mut { "Not yet" } },
        },
        html! { (parts::time(row.due(), locale.date_short(row.due(), today))) },
        html! { (if mixed { locale.money(open) } else { locale.amount(open) }) },
    ]
}

/// What is owed by age: a bar and its figures, once per currency.
pub fn ageing(desk: &Desk, overview: &Overview) -> Markup {
    html! {
        @for (currency, ageing) in &overview.ageing {
            @let several = overview.ageing.len() > 1;
            section.sec aria-label={ "Ageing, " (currency) } {
                div.sh { h2 { "Ageing" @if several { ", " (currency) } } }
                (ageing_body(desk, *currency, ageing))
            }
        }
    }
}

/// The bar and the figures of one currency.
pub fn ageing_body(desk: &Desk, currency: Currency, ageing: &Ageing) -> Markup {
    let amount = |minor| desk.locale().amount(Money::new(minor, currency));
    let columns = [
        ("Not due yet", ageing.current),
        ("1–30 days late", ageing.d1_30),
        ("31–60 days late", ageing.d31_60),
        ("61–90 days late", ageing.d61_90),
        ("Over 90 days late", ageing.over_90),
    ];
    let age = |(label, size): (&str, i64)| Age {
        label: label.to_owned(),
        href: String::new(),
        size,
        amount: amount(size),
        count: 0,
    };
    let mut pairs: Vec<Fig> = columns
        .iter()
        .enumerate()
        .map(|(at, (label, size))| {
            let tone = if at > 0 && *size > 0 { Tone::Bad } else { Tone::Plain };
            Fig::new(*label, amount(*size)).tone(tone)
        })
        .collect();
    if ageing.unapplied != 0 {
        pairs.push(Fig::new("Not applied yet", amount(ageing.unapplied.saturating_neg())));
    }
    pairs.push(Fig::new("Balance", amount(ageing.total())));
    html! {
        (charts::ageing_bar(&columns.map(age)))
        div.gap-y { (parts::pairs(&pairs)) }
    }
}
