//! The form to record a payment, drawn.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{Account, Plan, TITLE, first_currency, part_field};
use crate::domain::money::{Currency, Money};
use crate::domain::payment::{Method, Open};
use crate::domain::sentence::Names;
use crate::domain::text::capital;
use crate::store::prelude::*;
use crate::web::desk::links;
use crate::web::desk::names::NamesOf;
use crate::web::forms::Fields;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Field, FieldError, Icon, Input, Look, Tone, nw};

/// Open invoices that the form lists, the earliest due first; the default order knows them all.
const LISTED_MAX: usize = 100;

/// The form, with what it would settle if that was asked for.
pub(super) fn draw(
    r: &ReadTx,
    desk: &Desk,
    account: &Account,
    fields: &Fields,
    errors: &[FieldError],
    plan: Option<&Plan>,
) -> Markup {
    let names = NamesOf::among(r, &desk.scope);
    let name = &account.client.party.name;
    let body = html! {
        (parts::back(&links::client(account.client.id), name))
        (parts::error_summary(errors))
        @if let Some(plan) = plan { (planned(desk, plan, &names)) }
        (parts::head(TITLE, html! { "From " a href=(links::client(account.client.id)) { (name) } ". " a href="/desk/payments/new" { "Somebody else" } }, html! {}))
        form.desk-edit method="post" action="/desk/payments/new" {
            (parts::csrf_input(&desk.csrf))
            (parts::hidden("once", fields.get("once")))
            (parts::hidden("client", &account.client.id.to_string()))
            @if let Some(named) = account.named { (parts::hidden("invoice", &named.to_string())) }
            (parts::section("arrived", "What arrived", "", arrived(desk, account, fields, errors)))
            (parts::section("settles", "What it settles", "", settles(desk, account, fields, errors, &names)))
            (parts::dock(html! {
                (parts::submit(Look::Primary, "Record the payment"))
                (parts::submit_as(Look::Plain, "do", "preview", "See what it would settle"))
            }))
        }
    };
    desk.page(DeskNav::Payments, &parts::titled(TITLE, errors), body)
}

fn planned(desk: &Desk, plan: &Plan, names: &NamesOf<'_, ReadTx>) -> Markup {
    let locale = desk.locale();
    let rest = html! {
        @for (id, part) in &plan.parts { (locale.money(*part)) " goes to " (nw(names.document(*id))) ". " }
        @if plan.left.minor > 0 { (locale.money(plan.left)) " settles nothing and stays on the client’s account, unapplied." }
    };
    parts::status(Tone::Info, Icon::Eye, "Nothing is recorded yet.", rest)
}

fn arrived(desk: &Desk, account: &Account, fields: &Fields, errors: &[FieldError]) -> Markup {
    let field =
        |name: &'static str, label: &'static str| Field::new(name, label).value(fields.get(name)).errors(errors);
    let currencies = currencies(account);
    let codes: Vec<Choice<'_>> = currencies.iter().map(|c| Choice::new(c.code(), c.code())).collect();
    let methods = Method::ALL.map(|m| (m.code(), capital(m.words())));
    let methods: Vec<Choice<'_>> = methods.iter().map(|(code, words)| Choice::new(code, words)).collect();
    let currency = fields.get("currency");
    let today = desk.today().to_string();
    html! {
        div.grid4 {
            (parts::money(&field("amount", "Amount"), currency))
            @if codes.len() > 1 { (parts::select(&field("currency", "Currency"), &codes)) }
            @else { (parts::hidden("currency", currency)) }
            (parts::date(&field("on", "Arrived on"), None, Some(&today)))
            (parts::select(&field("method", "How"), &methods))
            (parts::input(&field("reference", "Payer’s reference").optional(), Input::Text))
        }
    }
}

/// The currencies that a payment of this client may come in, the likeliest first.
fn currencies(account: &Account) -> Vec<Currency> {
    let mut all = vec![first_currency(account)];
    for currency in account.open.iter().map(|x| x.1).chain([account.client.currency]) {
        if !all.contains(&currency) {
            all.push(currency);
        }
    }
    all
}

fn settles(
    desk: &Desk,
    account: &Account,
    fields: &Fields,
    errors: &[FieldError],
    names: &NamesOf<'_, ReadTx>,
) -> Markup {
    let locale = desk.locale();
    if account.open.is_empty() {
        return html! {
            (parts::hidden("apply", "default"))
            (parts::empty("Nothing is open.", "The whole payment stays on the client’s account, unapplied, until an invoice is issued."))
        };
    }
    let first = match account.named {
        Some(id) => format!("{} first, then the oldest due", names.document(id)),
        None => "The oldest due first".to_owned(),
    };
    let choices = [
        Choice { value: "default", label: &first, hint: "Leave the amounts below blank." },
        Choice {
            value: "exact",
            label: "As written below",
            hint: "What is not written stays on the client’s account.",
        },
    ];
    let mut sums: BTreeMap<Currency, i64> = BTreeMap::new();
    for (open, currency) in &account.open {
        let sum = sums.entry(*currency).or_default();
        *sum = sum.saturating_add(open.open);
    }
    let sums: Vec<String> = sums.into_iter().map(|(c, minor)| locale.money(Money::new(minor, c))).collect();
    html! {
        (parts::radios(&Field::new("apply", "Apply it to").value(fields.get("apply")).errors(errors), &choices))
        p.hint { (sums.join(" and ")) " is open in all. Anything above that stays on the client’s account, unapplied." }
        @for (open, currency) in account.open.iter().take(LISTED_MAX) {
            (one_part(desk, open, *currency, fields, errors, names))
        }
        @if account.open.len() > LISTED_MAX {
            p.small.mut { "The " (LISTED_MAX) " oldest of " (account.open.len()) " open invoices are shown; the default order reaches the others." }
        }
    }
}

fn one_part(
    desk: &Desk,
    open: &Open,
    currency: Currency,
    fields: &Fields,
    errors: &[FieldError],
    names: &NamesOf<'_, ReadTx>,
) -> Markup {
    let locale = desk.locale();
    let (name, number) = (part_field(open.invoice), names.document(open.invoice));
    let label = format!("{number}, {} open", locale.money(Money::new(open.open, currency)));
    let due = locale.date_medium(open.due, desk.today());
    let hint = format!("Due {due}, {}", locale.days_words(open.due, desk.today()));
    let field = Field::new(&name, &label).hint(&hint).value(fields.get(&name)).errors(errors);
    parts::money(&field, currency.code())
}
