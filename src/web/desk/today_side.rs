//! Beside the queue: what came in, what is owed, what goes out next.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::credit_terms;
use super::links;
use super::names::NamesOf;
use super::receivables::{books, monday_of, open_totals};
use crate::actions::outlook::{Coming, OneLetter, as_letters, soon};
use crate::domain::forecast::Fate;
use crate::domain::ids::InvoiceId;
use crate::domain::money::{Currency, Money};
use crate::domain::promise::Promise;
use crate::domain::sentence::{Names, step_words};
use crate::domain::text::capital;
use crate::store::prelude::*;
use crate::web::guard::Desk;
use crate::web::parts::{self, Fig, Tone, nw};

/// Receipts of this week that are read; beyond it the sums are said to be more.
const RECEIPTS_MAX: usize = 500;
/// Looks at reminders that are shown, and read to find those that send.
const AHEAD: usize = 6;
const AHEAD_READ: usize = 30;
/// Looks read to find those that a member of few clients may see.
const LOOKED_MAX: usize = 1_000;
/// Open promises that are read for the first few; who sees few clients may not find theirs beyond them.
const PROMISES_READ: usize = 200;

type Lookup<'a> = NamesOf<'a, ReadTx>;

/// The side column.
pub(super) fn aside(r: &ReadTx, desk: &Desk, names: &Lookup<'_>) -> Result<Markup, StoreError> {
    let figures = figures(r, desk)?;
    let looked = if desk.scope.only().is_some() { LOOKED_MAX } else { AHEAD_READ };
    let mut ahead = soon(r, &desk.app.settings, desk.app.now(), looked, |client| desk.scope.sees(client))?;
    // Of each invoice what comes next.
    let mut first: BTreeMap<InvoiceId, i16> = BTreeMap::new();
    let next_of = |x: &Coming| *first.entry(x.row.invoice.id).or_insert(x.step) == x.step;
    ahead.coming.retain(|x| x.fate == Fate::Goes);
    ahead.coming.retain(next_of);
    let next: Vec<_> = as_letters(&ahead.coming).iter().take(AHEAD).filter_map(|one| next(desk, one, names)).collect();
    let all = html! { a href="/desk/receivables" { "Receivables" } };
    let rules = html! { a href="/desk/reminders" { "All and rules" } };
    let promised = promised(r, desk, names)?;
    let holds = credit_terms::on_hold(r, desk, names)?;
    Ok(html! {
        (parts::section("money", "Money", all, parts::pairs(&figures)))
        (parts::section("next", "Going out next", rules, html! {
            @if ahead.held { p.mut { "Letters are held back until an owner lets them go." } }
            @if next.is_empty() { p.mut { "Nothing is due to go out soon." } } @else { (parts::agenda(&next)) }
        }))
        @if !promised.is_empty() {
            (parts::section("promised", "Promised", html! { a href="/desk/reminders#promised" { "All" } }, parts::agenda(&promised)))
        }
        (holds)
    })
}

/// The promises whose days come next.
fn promised(r: &ReadTx, desk: &Desk, names: &Lookup<'_>) -> Result<Vec<(String, Markup, Markup)>, StoreError> {
    let open = r.open_promises(PROMISES_READ)?;
    let mine = open.iter().filter(|x| x.runs_on(desk.today()) && desk.scope.sees(x.client)).take(AHEAD);
    let line = |x: &Promise| {
        (
            desk.locale().date_short(x.day, desk.today()),
            html! { a href=(links::client(x.client)) { b { (names.client(x.client)) } } },
            html! { (desk.locale().money(x.amount)) ", " a href=(links::invoice(x.invoice)) { (nw(names.document(x.invoice))) } },
        )
    };
    Ok(mine.map(line).collect())
}

fn next(desk: &Desk, one: &OneLetter<'_>, names: &Lookup<'_>) -> Option<(String, Markup, Markup)> {
    let first = one.about.first()?;
    let day = crate::domain::calendar::today(one.at, desk.zone());
    let about = |x: &Coming| {
        html! {
            (desk.locale().money(x.row.open())) ", "
            a href=(links::invoice(x.row.invoice.id)) { (nw(names.document(x.row.invoice.id))) }
        }
    };
    let client = first.row.invoice.client;
    Some((
        desk.locale().date_short(day, desk.today()),
        html! { a href=(links::client(client)) { b { (names.client(client)) } } },
        html! {
            @if one.about.len() > 1 {
                "One letter about " (one.about.len()) " invoices:"
                @for x in &one.about { br; (capital(&step_words(x.step))) ", " (about(x)) }
            } @else {
                "Reminder " (step_words(first.step)) ", " (about(first))
            }
            br; (one.words)
        },
    ))
}

/// What came in, per currency: today and this week.
#[derive(Default)]
struct In {
    today: i64,
    week: i64,
}

fn figures(r: &ReadTx, desk: &Desk) -> Result<Vec<Fig>, StoreError> {
    let (mut came, mut more) = (BTreeMap::<Currency, In>::new(), false);
    for client in links::reach(&desk.scope) {
        let receipts = r.receipts_since(client, monday_of(desk.today()), None, RECEIPTS_MAX)?;
        more |= receipts.len() == RECEIPTS_MAX;
        for receipt in receipts.iter().filter(|x| x.on <= desk.today() && x.reversed.is_none()) {
            let sum = came.entry(receipt.amount.currency).or_default();
            sum.week = sum.week.saturating_add(receipt.amount.minor);
            if receipt.on == desk.today() {
                sum.today = sum.today.saturating_add(receipt.amount.minor);
            }
        }
    }
    let owed: BTreeMap<Currency, (Money, Money)> = books(&open_totals(r, desk)?, desk.today(), desk.firm.currency)
        .iter()
        .map(|b| (b.currency, (b.owed(), b.overdue())))
        .collect();
    let mut currencies: Vec<Currency> = came.keys().chain(owed.keys()).copied().collect();
    // The firm's own currency stands first, and also when there is nothing in it.
    currencies.push(desk.firm.currency);
    currencies.sort_by_key(|c| (*c != desk.firm.currency, *c));
    currencies.dedup();
    let of = |c: &Currency| lines(desk, *c, came.get(c), owed.get(c), more);
    Ok(currencies.iter().flat_map(of).collect())
}

fn lines(desk: &Desk, currency: Currency, came: Option<&In>, owed: Option<&(Money, Money)>, more: bool) -> Vec<Fig> {
    let money = |minor| desk.locale().money(Money::new(minor, currency));
    let at_least = |minor| if more { format!("over {}", money(minor)) } else { money(minor) };
    let zero = Money::zero(currency);
    let (open, late) = owed.copied().unwrap_or((zero, zero));
    let (today, week) = came.map_or((0, 0), |x| (x.today, x.week));
    // Another currency is named: on a phone its figures stand under one another, away from the firm's own.
    let label = |words: &str| match currency == desk.firm.currency {
        true => words.to_owned(),
        false => format!("{words}, {currency}"),
    };
    let late_tone = if late.minor > 0 { Tone::Bad } else { Tone::Plain };
    let all = vec![
        Fig::new(label("In today"), at_least(today)).tone(if today > 0 { Tone::Ok } else { Tone::Plain }),
        Fig::new(label("In this week"), at_least(week)),
        Fig::new(label("Owed to you"), desk.locale().money(open)),
        Fig::new(label("of it overdue"), desk.locale().money(late)).tone(late_tone),
    ];
    // Of other currencies only what there is.
    let there = [today, week, open.minor, late.minor];
    let shown = |minor: &i64| *minor != 0 || currency == desk.firm.currency;
    all.into_iter().zip(there).filter(|x| shown(&x.1)).map(|x| x.0).collect()
}
