//! One receipt, with what it settles, and applying what is left of it.
//!
//! A credit note with something left has the same page, under `credit-` and its identifier.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use maud::{Markup, html};

use super::links;
use super::names::NamesOf;
use crate::actions::once;
use crate::actions::payments as acts;
use crate::domain::access::Act;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{Allocation, Receipt, Reversal, Source};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::sentence::Names;
use crate::domain::text::capital;
use crate::secrets::Token;
use crate::store::invoices::Row as Document;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, Query, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Col, Field, FieldError, Icon, Look, Row, Tone, nw, time};
use crate::web::path::Path;
use crate::web::problem::Problem;

/// Open invoices that the form to apply what is left offers, the earliest due first.
const OPEN_OFFERED: usize = 200;

/// What a page shows: a receipt, or a credit note.
struct Funds {
    source: Source,
    client: ClientId,
    whole: Money,
    left: Money,
    receipt: Option<Receipt>,
    credit: Option<String>,
    /// What it settles, or had settled until it was taken back.
    settled: Vec<Allocation>,
}

impl Funds {
    fn reversal(&self) -> Option<&Reversal> {
        self.receipt.as_ref()?.reversed.as_ref()
    }
}

/// Finds a receipt or credit note by the last part of its address.
fn find(r: &ReadTx, desk: &Desk, id: &str) -> Result<Funds, Problem> {
    let found = match id.strip_prefix("credit-") {
        Some(id) => credit(r, id.parse().map_err(|_| Problem::NotFound)?)?,
        None => receipt(r, id)?,
    };
    let (source, client, whole, receipt, credit) = found.ok_or(Problem::NotFound)?;
    if !desk.scope.sees(client) {
        return Err(Problem::NotFound);
    }
    let left = Money::new(r.unapplied_left(client, source)?, whole.currency);
    let settled = match receipt.as_ref().and_then(|x| x.reversed.as_ref()) {
        Some(reversal) => reversal.parts.clone(),
        None => r.allocations_from(source)?,
    };
    Ok(Funds { source, client, whole, left, receipt, credit, settled })
}

type Found = Option<(Source, ClientId, Money, Option<Receipt>, Option<String>)>;

fn receipt(r: &ReadTx, id: &str) -> Result<Found, Problem> {
    let found = r.receipt(id.parse().map_err(|_| Problem::NotFound)?)?;
    Ok(found.map(|x| (Source::Receipt(x.id), x.client, x.amount, Some(x), None)))
}

fn credit(r: &ReadTx, id: InvoiceId) -> Result<Found, Problem> {
    let found = r.invoice(id)?.filter(|i| !i.is_invoice());
    Ok(found.and_then(|i| {
        let number = i.number()?.to_string();
        Some((Source::Credit(id), i.client, i.payable(), None, Some(number)))
    }))
}

/// `GET /desk/payments/{id}`: one receipt, what it settles, what is left.
pub async fn show(desk: Desk, Path(id): Path<String>, Query(query): Query) -> Result<Markup, Problem> {
    desk.read(|r| {
        let money = find(r, &desk, &id)?;
        let done = query.get("done");
        let mut fields = Fields::default();
        fields.set("invoice", query.get("invoice"));
        Ok(page(r, &desk, &money, &fields, &[], done)?)
    })
}

/// `POST /desk/payments/{id}/apply`: applies what is left, or part of it, to an invoice.
pub async fn apply(
    DeskWork(desk): DeskWork,
    Path(id): Path<String>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let (source, read) = desk.read(|r| {
        let money = find(r, &desk, &id)?;
        let read = read_apply(r, &fields, &money)?;
        Ok((money.source, read))
    })?;
    let on = desk.today();
    let outcome = match read {
        Ok(part) => match Token::parse(fields.get("once")).map(|token| token.reveal()) {
            Some(key) => desk.act(move |w, scope| once::apply_more(w, scope, &key, source, part, on)).await,
            None => desk.act(move |w, scope| acts::apply_more(w, scope, source, part.0, part.1, on)).await,
        },
        Err(refusal) => Err(refusal.into()),
    };
    match outcome {
        // Pressed twice, applied once.
        Ok(()) | Err(ActError::Refused(Refusal::Repeated(_))) => {
            Ok(Redirect::to(&format!("{}?done=applied", links::source(source))).into_response())
        }
        Err(ActError::Refused(refusal)) if is_fields(&refusal) => {
            let errors = errors_from(&refusal, "amount");
            let page = desk.read(|r| Ok(page(r, &desk, &find(r, &desk, &id)?, &fields, &errors, "")?))?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a refusal is drawn on the form rather than on a page of its own.
pub(super) fn is_fields(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Fields(_)
            | Refusal::MoreThanOpen(_)
            | Refusal::MoreThanUnapplied(_)
            | Refusal::OtherCurrency
            | Refusal::TryAgain
    )
}

fn read_apply(r: &ReadTx, fields: &Fields, money: &Funds) -> Result<Result<(InvoiceId, Money), Refusal>, Problem> {
    let choose = || FieldFault::new("invoice", "Choose an invoice.");
    let Ok(id) = fields.get("invoice").parse::<InvoiceId>() else { return Ok(Err(choose().into())) };
    let Some(row) = r.invoice_row(id)?.filter(|x| x.invoice.client == money.client) else {
        return Ok(Err(choose().into()));
    };
    let amount = match Money::parse("amount", fields.get("amount"), money.whole.currency) {
        Ok(amount) => amount,
        Err(fault) => return Ok(Err(fault.into())),
    };
    Ok(check_part("amount", amount, &row, money.left).map(|()| (id, amount)).map_err(Refusal::from))
}

/// Refuses a part that its invoice or its source can't take, at `field`.
fn check_part(field: &str, amount: Money, row: &Document, left: Money) -> Result<(), FieldFault> {
    let open = row.open();
    if open.currency != amount.currency {
        return Err(FieldFault::new(field, format!("This invoice is in {}.", open.currency)));
    }
    if amount.minor <= 0 {
        return Err(FieldFault::new(field, "Enter an amount above zero."));
    }
    if amount.minor > open.minor {
        return Err(FieldFault::new(field, format!("Only {open} of this invoice is open.")));
    }
    if amount.minor > left.minor {
        return Err(FieldFault::new(field, format!("Only {left} is not applied yet.")));
    }
    Ok(())
}

fn page(
    r: &ReadTx,
    desk: &Desk,
    money: &Funds,
    fields: &Fields,
    errors: &[FieldError],
    done: &str,
) -> Result<Markup, StoreError> {
    let names = NamesOf::new(r);
    let title = match &money.credit {
        Some(number) => format!("Credit note {number}"),
        None => format!("Payment of {}", desk.locale().money(money.whole)),
    };
    let offered = if money.left.minor > 0 && desk.may(Act::Work) { offered(r, money)? } else { Vec::new() };
    let body = html! {
        (parts::back("/desk/payments", "Payments"))
        (parts::error_summary(errors))
        (outcome(desk, money, done))
        (parts::head(&title, html! { "From " a href=(links::client(money.client)) { (names.client(money.client)) } }, back(desk, money)))
        @if let Some(reversal) = money.reversal() { (taken_back(desk, reversal)) }
        (facts(desk, money, &names))
        (settles(desk, money, &names))
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

/// The way to take a receipt back, while it counts.
fn back(desk: &Desk, money: &Funds) -> Markup {
    let counts = money.receipt.as_ref().is_some_and(|x| x.reversed.is_none());
    let href = format!("{}/reverse", links::source(money.source));
    html! { @if counts && desk.may(Act::Work) { (parts::link(Look::Plain, &href, "Take back")) } }
}

fn taken_back(desk: &Desk, reversal: &Reversal) -> Markup {
    let day = desk.locale().date_long(reversal.on);
    let rest = format!("It counts as {} from {day} on, and settles nothing.", reversal.cause.words());
    parts::note(Tone::Warn, Icon::Alert, "This payment was taken back.", rest)
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
        "applied" => parts::status(Tone::Ok, Icon::Check, "Applied.", rest),
        _ => html! {},
    }
}

fn facts(desk: &Desk, money: &Funds, names: &NamesOf<'_, ReadTx>) -> Markup {
    let locale = desk.locale();
    let mut all = vec![("Amount", html! { (locale.money(money.whole)) })];
    if let Some(x) = &money.receipt {
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
    };
    parts::section("rest", format!("Apply the remaining {left}"), "", body)
}
