//! The page of a receipt or credit note as funds, drawn.

use jiff::civil::Date;
use maud::{Markup, html};

use super::Funds;
use crate::domain::access::Act;
use crate::domain::format::Format;
use crate::domain::ids::InvoiceId;
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{Refund, Reversal, Source};
use crate::domain::sentence::Names;
use crate::domain::text::capital;
use crate::secrets::Token;
use crate::store::prelude::*;
use crate::web::desk::links;
use crate::web::desk::names::NamesOf;
use crate::web::forms::Fields;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Col, Field, FieldError, Icon, Look, Row, Tone, nw, time};

/// Open invoices that the form to apply what is left offers, the earliest due first.
const OPEN_OFFERED: usize = 200;

/// The page: what it is, what it settles, and applying what is left.
pub(super) fn page(
    r: &ReadTx,
    desk: &Desk,
    money: &Funds,
    fields: &Fields,
    errors: &[FieldError],
    done: &str,
) -> Result<Markup, StoreError> {
    let names = NamesOf::among(r, &desk.scope);
    let title = match &money.credit {
        Some(number) => format!("Credit note {number}"),
        None => format!("Payment of {}", desk.locale().money(money.whole)),
    };
    let offered = if money.left.minor > 0 && desk.may(Act::Work) { offered(r, money)? } else { Vec::new() };
    let body = html! {
        (parts::back("/desk/payments", "Payments"))
        (parts::error_summary(errors))
        (outcome(desk, money, done))
        (parts::head(&title, html! { "From " a href=(links::client(money.client)) { (names.client(money.client)) } }, actions(desk, money)))
        @if let Some(reversal) = money.reversal() { (taken_back(desk, reversal)) }
        (facts(desk, money, &names))
        (settles(desk, money, &names))
        (paid_back(desk, money))
        @if money.left.minor > 0 { (rest(desk, money, &names, &offered, fields, errors)) }
    };
    Ok(desk.page(DeskNav::Payments, &parts::titled(&title, errors), body))
}

/// The client's open invoices in the currency of what is left.
fn offered(r: &ReadTx, money: &Funds) -> Result<Vec<(InvoiceId, Money, Date)>, StoreError> {
    let of = |x: &(crate::domain::payment::Open, Currency)| x.1 == money.whole.currency;
    let open = r.open_of(money.client)?.into_iter().filter(of).take(OPEN_OFFERED);
    Ok(open.map(|(x, currency)| (x.invoice, Money::new(x.open, currency), x.due)).collect())
}

/// The receipt as the payer gets it, and the way to take it back while it counts.
fn actions(desk: &Desk, money: &Funds) -> Markup {
    let counts = money.receipt.as_ref().is_some_and(|x| x.reversed.is_none());
    let href = format!("{}/reverse", links::source(money.source));
    let file = format!("{}.pdf", links::source(money.source));
    html! {
        @if money.receipt.is_some() { (parts::link_icon(Look::Plain, Icon::Down, &file, "Download PDF")) }
        @if counts && desk.may(Act::Work) { (parts::link(Look::Plain, &href, "Take back")) }
    }
}

fn taken_back(desk: &Desk, reversal: &Reversal) -> Markup {
    let day = desk.locale().date_long(reversal.on);
    let rest = format!("It was {}. From {day} on it settles nothing.", reversal.cause.words());
    html! { div.sec-m { (parts::note(Tone::Warn, Icon::Alert, "This payment was taken back.", rest)) } }
}

fn outcome(desk: &Desk, money: &Funds, done: &str) -> Markup {
    let left = desk.locale().money(money.left);
    let rest = if money.left.minor > 0 {
        format!("{left} of it is not applied to any invoice yet; it stays on the client’s account.")
    } else {
        "All of it is applied.".to_owned()
    };
    match done {
        "reversed" if money.reversal().is_some() => {
            parts::status(Tone::Ok, Icon::Check, "Taken back.", "What it had settled is open again.")
        }
        _ if money.reversal().is_some() => html! {},
        "recorded" => parts::status(Tone::Ok, Icon::Check, "The payment is recorded.", rest),
        "refunded" => parts::status(Tone::Ok, Icon::Check, "The refund is recorded.", rest),
        "returned" => parts::status(Tone::Ok, Icon::Check, "It is recorded that the refund came back.", rest),
        "applied" => parts::status(Tone::Ok, Icon::Check, "Applied.", rest),
        _ => html! {},
    }
}

fn facts(desk: &Desk, money: &Funds, names: &NamesOf<'_, ReadTx>) -> Markup {
    let locale = desk.locale();
    let mut all = vec![("Amount", html! { (locale.money(money.whole)) })];
    if let Some(x) = &money.receipt {
        let also = html! { span.row.small { @for format in [Format::Csv, Format::Html] {
            a href={ (links::source(money.source)) "." (format.ending()) } { (format.words()) span.vh { " of " (x.number) } }
        } } };
        all.push(("Receipt", html! { (nw(x.number.as_str())) }));
        all.push(("Also as", also));
        all.push(("Received on", time(x.on, locale.date_long(x.on))));
        all.push(("How", html! { (x.method.words()) }));
        if !x.reference.is_empty() {
            all.push(("Reference", html! { (x.reference) }));
        }
        let at = locale.instant_short(x.at, desk.zone(), desk.today());
        all.push(("Recorded", html! { (time(x.at, at)) @if x.by.0 != 0 { " by " (names.staff(x.by)) } }));
    }
    if let Some(x) = money.reversal() {
        let at = locale.instant_short(x.at, desk.zone(), desk.today());
        all.push(("Taken back", html! { (time(x.at, at)) @if x.by.0 != 0 { " by " (names.staff(x.by)) } }));
        all.push(("Why", html! { (capital(x.cause.words())) ". " (x.reason) }));
    }
    if let Source::Credit(id) = money.source {
        all.push(("Document", html! { a href=(links::invoice(id)) { (nw(names.document(id))) } }));
    }
    parts::facts(&all)
}

fn settles(desk: &Desk, money: &Funds, names: &NamesOf<'_, ReadTx>) -> Markup {
    let locale = desk.locale();
    let cols = [Col::short("Date"), Col::name("Invoice"), Col::num("Amount")];
    let rows: Vec<Row> = money
        .settled
        .iter()
        .map(|a| {
            let link = html! { a href=(links::invoice(a.invoice)) { (nw(names.document(a.invoice))) } };
            let on = time(a.on, locale.date_short(a.on, desk.today()));
            vec![on, link, html! { (locale.money(a.amount)) }].into()
        })
        .collect();
    if money.reversal().is_some() {
        let body = html! {
            @if rows.is_empty() { p.mut { "Nothing." } }
            @else { (parts::ledger("What it had settled", &cols, &rows, None)) }
        };
        return parts::section("settles", "What it had settled", "All of this is open again", body);
    }
    let sum = parts::Sum { label: "Not applied", cells: vec![html! { (locale.money(money.left)) }] };
    let hint = "To take a part back, open its invoice";
    let body = html! {
        @if rows.is_empty() { (parts::empty("It settles nothing yet.", "All of it stays on the client’s account.")) }
        @else { (parts::ledger("What it settles", &cols, &rows, Some(&sum))) }
    };
    parts::section("settles", "What it settles", hint, body)
}

/// What was paid back of it, if anything.
fn paid_back(desk: &Desk, money: &Funds) -> Markup {
    let (locale, today) = (desk.locale(), desk.today());
    let cols = [Col::short("Date"), Col::name("How"), Col::num("Amount"), Col::text("")];
    let row = |x: &Refund| -> Row {
        let how = html! {
            (capital(x.method.words())) @if !x.reference.is_empty() { ", " (x.reference) }
            @if let Some(back) = &x.returned {
                small { "Came back on " (locale.date_medium(back.on, today)) ": " (back.reason) }
            }
        };
        let back = html! {
            @if x.returned.is_none() && desk.may(Act::Work) {
                a href={ "/desk/refunds/" (x.id) "/return" } { "It came back" span.vh { ", " (locale.money(x.amount)) } }
            }
        };
        let cells = vec![time(x.on, locale.date_short(x.on, today)), how, html! { (locale.money(x.amount)) }, back];
        Row { void: x.returned.is_some(), ..cells.into() }
    };
    let rows: Vec<Row> = money.refunds.iter().map(row).collect();
    html! {
        @if !rows.is_empty() {
            (parts::section("refunds", "What was paid back", "", parts::scroller("What was paid back", &cols, &rows, None)))
        }
    }
}

fn rest(
    desk: &Desk,
    money: &Funds,
    names: &NamesOf<'_, ReadTx>,
    offered: &[(InvoiceId, Money, Date)],
    fields: &Fields,
    errors: &[FieldError],
) -> Markup {
    let locale = desk.locale();
    let left = locale.money(money.left);
    if !desk.may(Act::Work) {
        return html! {};
    }
    let words: Vec<(String, String)> = offered
        .iter()
        .map(|(id, open, due)| {
            let due = locale.date_medium(*due, desk.today());
            (id.to_string(), format!("{}, {} open, due {due}", names.document(*id), locale.money(*open)))
        })
        .collect();
    let choices: Vec<Choice<'_>> = words.iter().map(|(id, text)| Choice::new(id, text)).collect();
    let first = offered.iter().map(|x| x.1.minor.min(money.left.minor)).next().unwrap_or(0);
    let typed = if fields.has("amount") {
        fields.get("amount").to_owned()
    } else {
        Money::new(first, money.whole.currency).decimal().to_string()
    };
    let once = match fields.get("once") {
        "" => Token::draw(&desk.app.entropy).reveal(),
        typed => typed.to_owned(),
    };
    let form = html! {
        form.panel method="post" action=(format!("{}/apply", links::source(money.source))) {
            (parts::csrf_input(&desk.csrf))
            (parts::hidden("once", &once))
            (parts::select(&Field::new("invoice", "Invoice").value(fields.get("invoice")).errors(errors), &choices))
            (parts::money(&Field::new("amount", "Amount").value(&typed).errors(errors), money.whole.currency.code()))
            (parts::submit(Look::Primary, "Apply"))
        }
    };
    let body = html! {
        @if offered.is_empty() {
            (parts::empty(format!("{left} is on the client’s account."), "No invoice is open in this currency; it can settle the next one."))
        } @else { (form) }
        p.gap-y { (parts::link(Look::Plain, &format!("{}/refund", links::source(money.source)), format!("Pay back, up to {left}"))) }
    };
    parts::section("rest", format!("Apply the remaining {left}"), "", body)
}
