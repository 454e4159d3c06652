//! The statement of account, balance brought forward or as open items: one section for each currency, dates as the
//! client chooses.

mod accounts;
pub mod file;
mod period;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use maud::{Markup, html};

use self::period::Period;
use super::{Looking, logged, months, not_shared, receipt};
use crate::actions::visits;
use crate::domain::format::Format;
use crate::domain::money::{Currency, Money};
use crate::domain::open_items::OpenItems;
use crate::domain::statement::{Ageing, Entry, EntryKind, Row};
use crate::store::events::Visited;
use crate::store::statement::Reckoned;
use crate::web::forms::{Fields, Query, errors_of};
use crate::web::guard::{FullViewer, Viewer};
use crate::web::open_items::OpenPage;
use crate::web::page::PortalNav;
use crate::web::parts::{self, Col, Field, FieldError, Fig, Icon, Look, Sum, Tone};
use crate::web::problem::Problem;
use crate::web::statement_file::{ANCHOR_WORDS, Accounts, Kind, kind_choice};

const TITLE: &str = "Statement of account";

/// `GET /statement?from=&to=`.
///
/// # Errors
/// When the store fails.
pub async fn show(FullViewer(viewer): FullViewer, looking: Looking, Query(query): Query) -> Result<Response, Problem> {
    if !viewer.read(|view| Ok(view.sees_account()))? {
        return Ok(not_shared(&viewer, PortalNav::Statement, TITLE));
    }
    let period = match Period::read(&query, viewer.today()) {
        Ok(period) => period,
        Err(faults) => return Ok(refused(&viewer, &query, &errors_of(&faults))),
    };
    let (accounts, visited, anchor) = viewer.read(|view| {
        let visited = Visited::Statement(view.client().id);
        let logged = view.visit_logged(visited, visits::hour_of(viewer.now()))?;
        Ok((accounts::of_kind(view, &period, viewer.zone())?, logged, view.anchor()?))
    })?;
    if looking.0 && !visited {
        logged(viewer.act(visits::statement_opened).await)?;
    }
    let (locale, lately) = (viewer.locale(), months::lately(&viewer)?);
    let span = match period.kind {
        Kind::Forward => format!("{} to {}", locale.date_long(period.from), locale.date_long(period.to)),
        Kind::Open => format!("open items on {}", locale.date_long(period.to)),
    };
    let body = html! {
        h1 { (TITLE) }
        p.mut { (viewer.client_name()) ", " (span) }
        p.gap-y.no-print {
            (parts::link_icon(Look::Plain, Icon::Down, &period.file(Format::Pdf), "Download PDF"))
            " " a.small href=(period.file(Format::Csv)) { "CSV" } " · " a.small href=(period.file(Format::Html)) { "HTML" }
        }
        (form(&viewer, &period.as_fields(), &[]))
        @match &accounts {
            Accounts::Forward(all) => {
                @for account in all { (section(&viewer, account, &period, all.len() > 1)) }
            },
            Accounts::Open(all) => {
                @for account in all { (open_section(&viewer, account, &period, all.len() > 1)) }
            },
        }
        (lately)
        p.gap-y.small.mut { (ANCHOR_WORDS) " " (parts::nw(anchor.to_string())) }
    };
    Ok(viewer.page(PortalNav::Statement, TITLE, body).into_response())
}

fn refused(viewer: &Viewer, typed: &Fields, errors: &[FieldError]) -> Response {
    let body = html! { h1 { (TITLE) } (parts::error_summary(errors)) (form(viewer, typed, errors)) };
    let page = viewer.page(PortalNav::Statement, &parts::titled(TITLE, errors), body);
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

fn form(viewer: &Viewer, typed: &Fields, errors: &[FieldError]) -> Markup {
    let from = Field::new("from", "From").value(typed.get("from")).errors(errors);
    let to = Field::new("to", "To").value(typed.get("to")).errors(errors);
    let kind = Field::new("kind", "Kind").value(typed.get("kind")).errors(errors);
    html! {
        form.filters.sec-m.no-print action="/statement" method="get" {
            (kind_choice(&kind))
            div.row.nwr { (parts::date(&from, None, None)) (parts::date(&to, None, None)) }
            (parts::submit(Look::Plain, "Show"))
            p.row.small {
                @for (words, period) in Period::offered(viewer.today()) { a href=(period.address()) { (words) } }
            }
        }
    }
}

fn section(viewer: &Viewer, account: &Reckoned, period: &Period, several: bool) -> Markup {
    let (locale, statement) = (viewer.locale(), &account.statement);
    let figure = |minor| locale.amount(Money::new(minor, account.currency));
    let closing = locale.money(Money::new(statement.closing, account.currency));
    let day = |date: Date| locale.date_medium(date, viewer.today());
    let (before, after) = (format!("Owed before {}", day(period.from)), format!("Owed on {}", day(period.to)));
    html! {
        @if several { h2.sec { "In " (account.currency.code()) } }
        div.sec-m {
            (parts::equation(&[
                ("", &before, &figure(statement.opening)),
                ("+", "Charged", &figure(statement.charged)),
                ("−", "Paid or credited", &figure(statement.settled)),
                ("=", &after, &closing),
            ]))
        }
        div.sec-m { (ledger(viewer, account, period, &after)) }
        (ageing(viewer, (account.currency, &account.ageing), period))
    }
}

fn open_section(viewer: &Viewer, account: &OpenItems, period: &Period, several: bool) -> Markup {
    let link = |entry: &Entry| match &entry.receipt {
        Some(number) => Some(receipt::address(number)),
        None => accounts::address(entry),
    };
    let (locale, today, zone) = (viewer.locale(), viewer.today(), viewer.zone());
    html! {
        @if several { h2.sec { "In " (account.currency.code()) } }
        (OpenPage { account, to: period.to, locale, today, zone, link: &link }.draw())
        (ageing(viewer, (account.currency, &account.ageing), period))
    }
}

fn ledger(viewer: &Viewer, account: &Reckoned, period: &Period, after: &str) -> Markup {
    let (locale, statement) = (viewer.locale(), &account.statement);
    let figure = |minor| locale.amount(Money::new(minor, account.currency));
    let cols = [
        Col::short("Date"),
        Col::text("What"),
        Col::num("Charged").wide(),
        Col::num("Paid or credited").wide(),
        Col::num("Balance"),
    ];
    let opening = vec![
        parts::time(period.from, locale.date_short(period.from, viewer.today())),
        html! { "Opening balance" },
        html! {},
        html! {},
        html! { (figure(statement.opening)) },
    ];
    let mut rows: Vec<parts::Row> = vec![opening.into()];
    rows.extend(statement.rows.iter().map(|row| line(viewer, account, period, row)));
    let sum = Sum {
        label: after,
        cells: vec![
            html! { (figure(statement.charged)) },
            html! { (figure(statement.settled.saturating_neg())) },
            html! { (locale.money(Money::new(statement.closing, account.currency))) },
        ],
    };
    let caption = "Every charge and payment, oldest first, with the balance after each";
    parts::ledger(caption, &cols, &rows, Some(&sum))
}

fn line(viewer: &Viewer, account: &Reckoned, period: &Period, row: &Row) -> parts::Row {
    let (locale, today, entry) = (viewer.locale(), viewer.today(), &row.entry);
    let figure = |minor| html! { (locale.amount(Money::new(minor, account.currency))) };
    let charge = entry.kind.charges();
    let restated = entry.restates(period.to, viewer.zone());
    let what = html! {
        (what(row))
        @if restated { small { "Recorded on " (locale.instant_short(entry.recorded_at, viewer.zone(), today)) } }
        small.narrow { (figure(entry.amount)) }
    };
    let cells = vec![
        parts::time(entry.date, locale.date_short(entry.date, today)),
        what,
        if charge {
            figure(entry.amount)
        } else {
            html! {}
        },
        if charge {
            html! {}
        } else {
            figure(entry.amount)
        },
        figure(row.balance),
    ];
    cells.into()
}

fn what(row: &Row) -> Markup {
    let entry = &row.entry;
    let link = accounts::address(entry);
    html! {
        @match entry.kind {
            EntryKind::Invoice | EntryKind::EarlyPayment | EntryKind::WrittenOff => "Invoice ",
            EntryKind::LateNote | EntryKind::LateNoteWrittenOff => "Late payment note ",
            EntryKind::CreditNote => "Credit note ",
            EntryKind::Receipt => "Payment, thank you",
            EntryKind::Reversal => "Payment taken back",
            EntryKind::Refund => "Paid back to you",
            EntryKind::RefundReturned => "Refund returned",
        }
        @if let Some(number) = entry.receipt.as_ref().filter(|_| entry.kind == EntryKind::Receipt) {
            small { a href=(receipt::address(number)) { "Receipt " (parts::nw(number.as_str())) } }
        }
        @if let Some(href) = link { a href=(href) { (parts::nw(&entry.number)) } }
        @if entry.invoice.is_none() && !entry.number.is_empty() { small { (entry.title) ", " (parts::nw(&entry.number)) } }
        @else if !entry.title.is_empty() { small { (entry.title) } }
    }
}

fn ageing(viewer: &Viewer, (currency, ageing): (Currency, &Ageing), period: &Period) -> Markup {
    let locale = viewer.locale();
    let Ageing { current, d1_30, d31_60, d61_90, over_90, unapplied } = *ageing;
    let columns = [
        ("Not due yet", current, false),
        ("1–30 days late", d1_30, true),
        ("31–60 days late", d31_60, true),
        ("61–90 days late", d61_90, true),
        ("Over 90 days late", over_90, true),
    ];
    let figure = |minor| locale.amount(Money::new(minor, currency));
    let mut figs: Vec<Fig> = columns
        .into_iter()
        .map(|(label, minor, late)| {
            let tone = if late && minor > 0 { Tone::Bad } else { Tone::Plain };
            Fig::new(label, figure(minor)).tone(tone)
        })
        .collect();
    if unapplied != 0 {
        figs.push(Fig::new("Paid, not yet applied", figure(unapplied.saturating_neg())));
    }
    let id = format!("age-{}", currency.code());
    let aside = format!("On {}", locale.date_medium(period.to, viewer.today()));
    parts::section(&id, "How old it is", aside, parts::figs(&figs))
}
