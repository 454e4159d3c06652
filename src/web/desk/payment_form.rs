//! Recording a payment: choosing the client, what arrived, and what it settles.
//!
//! Blank amounts let the default order apply: the invoice that the form was opened for, then the oldest due. What is
//! more than the open amount stays unapplied, and the form says so before and after.

mod draw;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use self::draw::draw;
use super::links;
use super::names::NamesOf;
use super::payment::is_fields;
use crate::actions::payments::{self as acts, Apply, NewReceipt};
use crate::domain::client::Client;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{Method, Open, allocate};
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::text::{self, LINE_MAX};
use crate::secrets::Token;
use crate::store::prelude::*;
use crate::web::forms::{self, Fields, Posted, Query, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Field, Input, Look};
use crate::web::problem::Problem;

/// Clients offered for choosing.
const CLIENTS_OFFERED: usize = 30;
const TITLE: &str = "Record a payment";

/// A client with what is open.
struct Account {
    client: Client,
    open: Vec<(Open, Currency)>,
    named: Option<InvoiceId>,
}

/// `GET /desk/payments/new?client=&invoice=&q=`
pub async fn new(DeskWork(desk): DeskWork, Query(query): Query) -> Result<Markup, Problem> {
    desk.read(|r| {
        let Some(client) = whose(r, &query)? else { return choose(r, &desk, query.get("q")) };
        let account = account(r, &desk, client, &query)?;
        let mut fields = Fields::default();
        fields.set("currency", first_currency(&account).code());
        fields.set("on", desk.today().to_string());
        fields.set("apply", "default");
        fields.set("once", Token::draw(&desk.app.entropy).reveal());
        fields.set("invoice", query.get("invoice"));
        if let Some(open) = account.named.and_then(|id| account.open.iter().find(|x| x.0.invoice == id)) {
            fields.set("amount", Money::new(open.0.open, open.1).decimal().to_string());
        }
        Ok(draw(r, &desk, &account, &fields, &[], None))
    })
}

/// `POST /desk/payments/new`
pub async fn record(DeskWork(desk): DeskWork, Posted(fields): Posted) -> Result<Response, Problem> {
    let read = desk.read(|r| {
        let client = fields.get("client").parse::<ClientId>().map_err(|_| Problem::NotFound)?;
        let account = account(r, &desk, client, &fields)?;
        let read = read(&desk, &account, &fields);
        match &read {
            Ok(new) if fields.get("do") == "preview" => {
                let plan = plan(&account, new);
                Ok(Err(draw(r, &desk, &account, &fields, &[], Some(&plan)).into_response()))
            }
            _ => Ok(Ok(read)),
        }
    })?;
    let outcome = match read {
        Err(preview) => return Ok(preview),
        Ok(Ok(new)) => desk.act(move |w, scope| acts::record(w, scope, &new)).await,
        Ok(Err(refusal)) => Err(refusal.into()),
    };
    match outcome {
        Ok(id) => Ok(Redirect::to(&format!("/desk/payments/{id}?done=recorded")).into_response()),
        // Pressed twice, recorded once.
        Err(ActError::Refused(Refusal::Repeated(id))) => {
            Ok(Redirect::to(&format!("/desk/payments/{id}?done=recorded")).into_response())
        }
        Err(ActError::Refused(refusal)) if is_fields(&refusal) => again(&desk, &fields, &refusal),
        Err(error) => Err(error.into()),
    }
}

/// The form once more, with what was typed.
fn again(desk: &Desk, fields: &Fields, refusal: &Refusal) -> Result<Response, Problem> {
    let errors = errors_from(refusal, "apply");
    let page = desk.read(|r| {
        let client = fields.get("client").parse::<ClientId>().map_err(|_| Problem::NotFound)?;
        let account = account(r, desk, client, fields)?;
        Ok(draw(r, desk, &account, fields, &errors, None))
    })?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// The client asked for, or that of the invoice asked for.
fn whose(r: &ReadTx, query: &Fields) -> Result<Option<ClientId>, Problem> {
    if let Ok(client) = query.get("client").parse() {
        return Ok(Some(client));
    }
    let Ok(invoice) = query.get("invoice").parse::<InvoiceId>() else { return Ok(None) };
    Ok(Some(r.invoice(invoice)?.ok_or(Problem::NotFound)?.client))
}

fn account(r: &ReadTx, desk: &Desk, client: ClientId, fields: &Fields) -> Result<Account, Problem> {
    let client = r.client(client)?.filter(|c| desk.scope.sees(c.id)).ok_or(Problem::NotFound)?;
    let mut open = r.open_of(client.id)?;
    let named = fields.get("invoice").parse::<InvoiceId>().ok().filter(|id| open.iter().any(|x| x.0.invoice == *id));
    open.sort_by_key(|x| (Some(x.0.invoice) != named, x.0.due, x.0.invoice));
    Ok(Account { client, open, named })
}

/// The currency of the invoice the form was opened for, else of the oldest due, else the client's.
fn first_currency(account: &Account) -> Currency {
    account.open.first().map_or(account.client.currency, |x| x.1)
}

fn part_field(id: InvoiceId) -> String {
    format!("part-{id}")
}

/// Reads the form; every fault at its field.
fn read(desk: &Desk, account: &Account, fields: &Fields) -> Result<NewReceipt, Refusal> {
    let mut faults = Faults::default();
    let currency = faults.take_opt(fields.get("currency").parse::<Currency>()).unwrap_or(account.client.currency);
    let amount = faults.take_opt(Money::parse("amount", fields.get("amount"), currency));
    let amount = amount.unwrap_or(Money::zero(currency));
    if faults.is_empty() && amount.minor <= 0 {
        faults.add("amount", "Enter an amount above zero.");
    }
    let on = faults.take_opt(forms::date("on", fields.get("on"))).unwrap_or(desk.today());
    if on > desk.today() {
        faults.add("on", "Enter the day on which the money arrived: today or earlier.");
    }
    let method = Method::from_code(fields.get("method"));
    if method.is_none() {
        faults.add("method", "Choose how the money arrived.");
    }
    let reference = faults.take(text::line("reference", fields.get("reference"), LINE_MAX));
    let apply = read_parts(&mut faults, account, fields, amount);
    faults.check()?;
    let (client, method) = (account.client.id, method.unwrap_or_default());
    let once = Token::parse(fields.get("once")).map(|token| token.reveal());
    Ok(NewReceipt { client, amount, on, method, reference, apply, once })
}

fn read_parts(faults: &mut Faults, account: &Account, fields: &Fields, amount: Money) -> Apply {
    let mut parts = Vec::new();
    for (open, currency) in &account.open {
        let field = part_field(open.invoice);
        let typed = fields.get(&field).trim();
        if typed.is_empty() {
            continue;
        }
        let Some(part) = faults.take_opt(Money::parse(&field, typed, *currency)) else { continue };
        if part.currency != amount.currency {
            faults.add(
                &field,
                format!("This invoice is in {currency}; a payment in {} can’t settle it.", amount.currency),
            );
        } else if part.minor < 0 {
            faults.add(&field, "Enter an amount above zero, or leave it blank.");
        } else if part.minor > open.open {
            faults.add(&field, format!("Only {} of this invoice is open.", Money::new(open.open, *currency)));
        }
        parts.push((open.invoice, part));
    }
    if fields.get("apply") != "exact" {
        if !parts.is_empty() {
            faults.add("apply", "You wrote amounts below. Choose “As written below”, or clear them.");
        }
        return Apply::Default(account.named.into_iter().collect());
    }
    let sum = parts.iter().fold(0_i64, |sum, x| sum.saturating_add(x.1.minor));
    if sum > amount.minor && faults.is_empty() {
        let sum = Money::new(sum, amount.currency);
        faults.add("apply", format!("The amounts below come to {sum}, which is more than the {amount} that arrived."));
    }
    Apply::Exactly(parts)
}

/// What would be applied to which invoice, and what would be left.
struct Plan {
    parts: Vec<(InvoiceId, Money)>,
    left: Money,
}

fn plan(account: &Account, new: &NewReceipt) -> Plan {
    let currency = new.amount.currency;
    let parts: Vec<(InvoiceId, Money)> = match &new.apply {
        Apply::Exactly(parts) => parts.iter().filter(|x| x.1.minor > 0).copied().collect(),
        Apply::Default(named) => {
            let open = account.open.iter().filter(|x| x.1 == currency).map(|x| x.0).collect();
            let parts = allocate(new.amount.minor, named, open);
            parts.into_iter().map(|(id, minor)| (id, Money::new(minor, currency))).collect()
        }
    };
    let applied = parts.iter().fold(0_i64, |sum, x| sum.saturating_add(x.1.minor));
    Plan { parts, left: Money::new(new.amount.minor.saturating_sub(applied), currency) }
}

/// Choosing the client, by the beginning of the name.
fn choose(r: &ReadTx, desk: &Desk, q: &str) -> Result<Markup, Problem> {
    let found = match desk.scope.only() {
        None => r.clients_by_name(q, None, CLIENTS_OFFERED)?,
        Some(some) => own_clients(r, some, q)?,
    };
    let names = NamesOf::among(r, &desk.scope);
    let rows: Vec<(Markup, Markup, Markup)> = found
        .iter()
        .map(|c| {
            let href = links::with_query("/desk/payments/new", &[("client", &c.id.to_string())]);
            (html! { a href=(href) { b { (names.client(c.id)) } } }, html! { (c.reference) }, html! {})
        })
        .collect();
    let body = html! {
        (parts::back("/desk/payments", "Payments"))
        (parts::head(TITLE, "Who paid?", html! {}))
        form.filters method="get" action="/desk/payments/new" {
            (parts::input(&Field::new("q", "Client").hint("The beginning of the name").value(q).class("grow"), Input::Search))
            (parts::submit(Look::Plain, "Find"))
        }
        @if rows.is_empty() {
            (parts::empty("No client’s name begins like that.", "Try fewer letters."))
        } @else { (parts::rows(&rows)) }
    };
    Ok(desk.page(DeskNav::Payments, TITLE, body))
}

/// A restricted member's clients whose names begin with `q`.
pub(super) fn own_clients(r: &ReadTx, some: &[ClientId], q: &str) -> Result<Vec<Client>, StoreError> {
    let q = crate::store::clients::fold(q);
    let mut out = Vec::new();
    for id in some {
        out.extend(r.client(*id)?.filter(|c| crate::store::clients::fold(&c.party.name).starts_with(&q)));
    }
    out.sort_by_key(|c| crate::store::clients::fold(&c.party.name));
    out.truncate(CLIENTS_OFFERED);
    Ok(out)
}
