//! A client's statement of account as staff read it, balance brought forward or as open items: the same as the client's
//! own.

use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use maud::{Markup, html};

use super::client::tabs;
use super::client_form::client_of;
use super::client_money::ageing_body;
use super::form::{Id, Typed, again};
use crate::actions::invoices::{logo, render};
use crate::actions::visits;
use crate::documents;
use crate::domain::access::StaffScope;
use crate::domain::client::Client;
use crate::domain::format::Format;
use crate::domain::ids::ClientId;
use crate::domain::money::{Currency, Money};
use crate::domain::open_items::OpenItems;
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::statement::{Entry, Row};
use crate::store::ReadTx;
use crate::store::prelude::*;
use crate::store::statement::{Books, Reckoned};
use crate::web::download;
use crate::web::forms::{Fields, Query, date_within_years, errors_from};
use crate::web::guard::Desk;
use crate::web::open_items::OpenPage;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Col, FieldError, Icon, Look, Sum};
use crate::web::problem::{Problem, even_if_full};
use crate::web::statement_file::{Accounts, Kind, TOO_LONG, file_name, kind_choice, too_long_at};

/// What is asked for: a kind, and two civil dates, both inclusive.
type Asked = (Kind, (Date, Date));

/// `GET /desk/clients/{id}/statement?kind=&from=&to=`
pub async fn show(desk: Desk, Id(id): Id<ClientId>, Query(query): Query) -> Result<Response, Problem> {
    let client = client_of(&desk, id)?;
    match period(&query, usual(&desk)) {
        Ok(asked) => {
            let accounts = desk.read(|r| accounts_of(&desk, r, &client, asked))?;
            let fields = typed(&query, usual(&desk));
            Ok(page(&desk, &client, Some((&accounts, asked)), Typed::fresh(&fields)).into_response())
        }
        Err(refusal) => Ok(refused(&desk, &client, &query, &errors_from(&refusal, "from"))),
    }
}

/// `GET /desk/clients/{id}/statement.pdf?from=&to=`: the client's own PDF; that staff took it is logged apart.
pub async fn pdf(desk: Desk, Id(id): Id<ClientId>, Query(query): Query) -> Result<Response, Problem> {
    file(&desk, id, &query, Format::Pdf).await
}

/// `GET /desk/clients/{id}/statement.csv?from=&to=`
pub async fn csv(desk: Desk, Id(id): Id<ClientId>, Query(query): Query) -> Result<Response, Problem> {
    file(&desk, id, &query, Format::Csv).await
}

/// `GET /desk/clients/{id}/statement.html?from=&to=`
pub async fn html_file(desk: Desk, Id(id): Id<ClientId>, Query(query): Query) -> Result<Response, Problem> {
    file(&desk, id, &query, Format::Html).await
}

async fn file(desk: &Desk, id: ClientId, query: &Fields, format: Format) -> Result<Response, Problem> {
    let client = client_of(desk, id)?;
    let (kind, span) = match period(query, usual(desk)) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(refused(desk, &client, query, &errors_from(&refusal, "from"))),
    };
    let (accounts, logo, anchor) =
        desk.read(|r| Ok((accounts_of(desk, r, &client, (kind, span))?, logo(r, &desk.firm)?, r.anchor()?.code())))?;
    let firm = desk.firm.speaking(client.language);
    let look = documents::Look { firm: &firm, logo };
    let drawn = || accounts.sheet(&look, &client.party, span, (desk.today(), desk.zone()), &anchor.to_string());
    let made = match format {
        Format::Csv => Ok(accounts.csv(span, desk.zone()).into_bytes()),
        Format::Html => Ok(documents::html_file(&drawn()).into_bytes()),
        _ => render(&desk.app, &drawn(), &desk.firm),
    };
    let bytes = match made {
        Ok(bytes) => bytes,
        Err(ActError::Refused(_)) => {
            return Ok(refused(desk, &client, query, &[FieldError::new(too_long_at(kind), TOO_LONG)]));
        }
        Err(error) => return Err(error.into()),
    };
    let taken = move |w: &mut WriteTx<'_>, scope: &StaffScope| match kind {
        Kind::Forward => visits::staff_statement_downloaded(w, scope, id, span, format),
        Kind::Open => visits::staff_open_items_downloaded(w, scope, id, span.1, format),
    };
    even_if_full(desk.act(taken).await)?;
    Ok(download::of(format, &file_name(kind, span, format), bytes))
}

fn refused(desk: &Desk, client: &Client, query: &Fields, errors: &[FieldError]) -> Response {
    let fields = typed(query, usual(desk));
    again(page(desk, client, None, Typed { fields: &fields, errors }))
}

fn usual(desk: &Desk) -> (Date, Date) {
    (month_start(desk.today()), desk.today())
}

fn accounts_of(desk: &Desk, r: &ReadTx, client: &Client, (kind, (from, to)): Asked) -> Result<Accounts, Problem> {
    let books = Books::of(r, client.id, to)?;
    Ok(match kind {
        Kind::Forward => Accounts::Forward(books.reckoned(from, to)),
        Kind::Open => Accounts::Open(books.open_items(to, client.currency, desk.zone())),
    })
}

/// The first of the month, two months back: what most questions are about.
fn month_start(today: Date) -> Date {
    today.saturating_sub(jiff::Span::new().months(2)).first_of_month()
}

fn period(query: &Fields, usual: (Date, Date)) -> Result<Asked, Refusal> {
    let mut faults = Faults::default();
    let kind = faults.take_opt(Kind::read(query));
    let mut read = |field: &str, usual: Date| {
        let text = query.get(field);
        if text.is_empty() { Some(usual) } else { faults.take_opt(date_within_years(field, text)) }
    };
    let to = read("to", usual.1);
    // Open items need no first day, whatever stands in its field.
    let from = if kind == Some(Kind::Open) { to } else { read("from", usual.0) };
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        faults.add("to", "The last day must be the first day or later.");
    }
    faults.check()?;
    kind.zip(from.zip(to)).ok_or(Refusal::TryAgain)
}

fn typed(query: &Fields, usual: (Date, Date)) -> Fields {
    let or = |field: &str, usual: Date| match query.get(field) {
        "" => usual.to_string(),
        text => text.to_owned(),
    };
    let kind = query.get("kind").to_owned();
    Fields::of([("kind", kind), ("from", or("from", usual.0)), ("to", or("to", usual.1))])
}

fn page(desk: &Desk, client: &Client, shown: Option<(&Accounts, Asked)>, typed: Typed<'_>) -> Markup {
    let own = format!("/desk/clients/{}", client.id);
    let title = format!("Statement of {}", client.party.name);
    let body = html! {
        (parts::back(&own, &client.party.name))
        (parts::head("Statement of account", &client.party.name, html! {
            @if let Some((_, (kind, span))) = shown {
                @let query = kind.query(span);
                (parts::link_icon(Look::Plain, Icon::Down, &format!("{own}/statement.pdf?{query}"), "Download PDF"))
                a href={ (own) "/statement.csv?" (query) } { "CSV" }
                a href={ (own) "/statement.html?" (query) } { "HTML" }
            }
            a href={ (own) "/statements" } { "Month-end statements" }
        }))
        (tabs(client, "statement"))
        div.sec-m { (parts::error_summary(typed.errors)) (chooser(&own, typed)) }
        @match shown {
            Some((Accounts::Forward(all), (_, (from, to)))) => {
                @if all.is_empty() {
                    (parts::empty("Nothing on this account.", "Invoices and payments up to the last day would stand here."))
                }
                @for section in all { (one(desk, section, from, to)) }
            },
            Some((Accounts::Open(all), (_, (_, to)))) => { @for account in all { (open(desk, account, to)) } },
            None => {},
        }
    };
    desk.page(DeskNav::Clients, &parts::titled(&title, typed.errors), body)
}

fn chooser(own: &str, typed: Typed<'_>) -> Markup {
    html! {
        form.filters method="get" action={ (own) "/statement" } {
            (kind_choice(&typed.field("kind", "Kind")))
            (parts::date(&typed.field("from", "From"), None, None))
            (parts::date(&typed.field("to", "To"), None, None))
            div.row { (parts::submit(Look::Plain, "Show")) }
        }
    }
}

fn one(desk: &Desk, section: &Reckoned, from: Date, to: Date) -> Markup {
    let (locale, today, s) = (desk.locale(), desk.today(), &section.statement);
    let id = format!("st-{}", section.currency);
    let money = |minor| locale.money(Money::new(minor, section.currency));
    let terms = [
        ("", format!("Owed before {}", locale.date_medium(from, today)), money(s.opening)),
        ("+", "Charged".to_owned(), money(s.charged)),
        ("−", "Paid and credited".to_owned(), money(s.settled)),
        ("=", format!("Owed on {}", locale.date_medium(to, today)), money(s.closing)),
    ];
    let terms: Vec<(&str, &str, &str)> =
        terms.iter().map(|(op, name, sum)| (*op, name.as_str(), sum.as_str())).collect();
    let body = html! {
        (parts::equation(&terms))
        div.rail.sec-m {
            div { (ledger(desk, section, to)) }
            aside aria-label="Ageing" {
                section.sec { div.sh { h3 { "By age on " (locale.date_medium(to, today)) } }
                    (ageing_body(desk, section.currency, &section.ageing)) }
            }
        }
    };
    parts::section(&id, format!("In {}", section.currency), html! {}, body)
}

fn open(desk: &Desk, account: &OpenItems, to: Date) -> Markup {
    let link = |entry: &Entry| entry.invoice.map(|id| format!("/desk/invoices/{id}"));
    let (locale, today, zone) = (desk.locale(), desk.today(), desk.zone());
    let body = html! {
        (OpenPage { account, to, locale, today, zone, link: &link }.draw())
        @if !account.lines.is_empty() {
            div.sh { h3 { "By age on " (locale.date_medium(to, today)) } }
            (ageing_body(desk, account.currency, &account.ageing))
        }
    };
    parts::section(&format!("st-{}", account.currency), format!("In {}", account.currency), html! {}, body)
}

fn ledger(desk: &Desk, section: &Reckoned, to: Date) -> Markup {
    let cols = [
        Col::short("Date"),
        Col::name("What"),
        Col::num("Charged").wide(),
        Col::num("Paid or credited").wide(),
        Col::num("Balance"),
    ];
    let amount = |minor| desk.locale().amount(Money::new(minor, section.currency));
    if section.statement.rows.is_empty() {
        return parts::empty("Nothing happened in this period.", "The balance is carried forward.");
    }
    let rows: Vec<parts::Row> =
        section.statement.rows.iter().map(|row| cells(desk, row, section.currency, to).into()).collect();
    let sum = Sum {
        label: "In all",
        cells: vec![
            html! { (amount(section.statement.charged)) },
            html! { (amount(section.statement.settled)) },
            html! { (amount(section.statement.closing)) },
        ],
    };
    parts::scroll("Statement", &parts::ledger("Statement", &cols, &rows, Some(&sum)))
}

fn cells(desk: &Desk, row: &Row, currency: Currency, to: Date) -> Vec<Markup> {
    let (locale, entry) = (desk.locale(), &row.entry);
    let amount = |minor| locale.amount(Money::new(minor, currency));
    let charge = entry.kind.charges();
    vec![
        html! { (parts::time(entry.date, locale.date_short(entry.date, desk.today()))) },
        html! {
            @match entry.invoice {
                Some(id) => { a.nw href={ "/desk/invoices/" (id) } { (entry.number) } " " (entry.title) },
                None => { (entry.title) @if !entry.number.is_empty() { ", " (parts::nw(&entry.number)) } },
            }
            small.narrow { (amount(entry.amount)) }
            @if entry.restates(to, desk.zone()) { small { "Recorded later; an earlier statement did not have it." } }
        },
        html! { @if charge { (amount(entry.amount)) } },
        html! { @if !charge { (amount(entry.amount.saturating_neg())) } },
        html! { (amount(row.balance)) },
    ]
}
