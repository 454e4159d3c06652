//! What is charged for late payment: off or on, the rates with their days, the fixed sums, and from when a note is
//! offered. Each kept version stands below the form.

use axum::response::Response;
use maud::{Markup, html};

use super::form::{Typed, again, errors_in, on_to};
use super::links;
use super::names::NamesOf;
use super::settings::tabs;
use crate::actions::late_payment;
use crate::domain::event::Actor;
use crate::domain::late_interest::{RateFrom, YearlyRate};
use crate::domain::late_payment::{
    AFTER_MAX, FIXED_MAX, LEAST_MAX, LateException, LatePayment, LatePaymentVersion, RATES_MAX,
};
use crate::domain::money::{Currency, Money};
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::sentence::Names;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, Query, date_within_years, errors_from};
use crate::web::guard::{Desk, DeskGovern};
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Icon, Input, Look, Tone, csrf_input, hidden, time};
use crate::web::problem::Problem;

/// The page.
pub(super) const PAGE: &str = "/desk/settings/late-payment";
/// Empty rows that the form offers.
const SPARE: usize = 2;
/// The rows of the form: what they hold, and most of them.
const RATES: ([&str; 2], usize) = (["from", "rate"], RATES_MAX);
const FIXED: ([&str; 2], usize) = (["fixed", "currency"], FIXED_MAX);
const LEAST: ([&str; 2], usize) = (["least", "least_currency"], LEAST_MAX);
/// Clients who are left out that the page lists.
const LEFT_OUT_SHOWN: usize = 100;

/// `GET /desk/settings/late-payment?saved=`
pub async fn show(DeskGovern(desk): DeskGovern, Query(query): Query) -> Result<Markup, Problem> {
    let now = desk.read(|r| Ok(r.late_payment_now()?))?;
    page(&desk, Typed::fresh(&kept(&desk, &now)), query.has("saved"))
}

/// `POST /desk/settings/late-payment`
pub async fn save(DeskGovern(desk): DeskGovern, Posted(fields): Posted) -> Result<Response, Problem> {
    let fields = close_up(&fields);
    let errors = match read(&fields) {
        Err(refusal) => errors_from(&refusal, "on"),
        Ok(policy) => {
            let known = fields.get("version").parse().unwrap_or(u32::MAX);
            let now = desk.read(|r| Ok(r.late_payment_now()?))?;
            // Pressed twice: it was kept the first time.
            if now.policy == policy && now.version.checked_sub(1) == Some(known) {
                return Ok(on_to(&format!("{PAGE}?saved=yes")));
            }
            let reason = fields.get("reason").to_owned();
            match desk.act(move |w, scope| late_payment::change(w, scope, known, &policy, &reason)).await {
                Ok(_) => {
                    desk.app.wake.notify_one();
                    return Ok(on_to(&format!("{PAGE}?saved=yes")));
                }
                Err(error) => errors_in(error, "on")?,
            }
        }
    };
    Ok(again(page(&desk, Typed { fields: &fields, errors: &errors }, false)?))
}

/// What the form says of a version as kept.
fn kept(desk: &Desk, now: &LatePaymentVersion) -> Fields {
    let policy = &now.policy;
    let mut pairs = vec![
        ("version".to_owned(), now.version.to_string()),
        ("on".to_owned(), if policy.on { "yes" } else { "no" }.to_owned()),
        ("after".to_owned(), policy.after.to_string()),
    ];
    if policy.by_itself {
        pairs.push(("by_itself".to_owned(), "on".to_owned()));
    }
    for (n, one) in policy.rates.iter().enumerate() {
        pairs.push((format!("from_{n}"), one.from.to_string()));
        pairs.push((format!("rate_{n}"), one.rate.to_string()));
    }
    for (sums, [amount, currency]) in [(&policy.fixed, FIXED.0), (&policy.least, LEAST.0)] {
        for (n, sum) in sums.iter().enumerate() {
            pairs.push((format!("{amount}_{n}"), desk.locale().amount(*sum)));
            pairs.push((format!("{currency}_{n}"), sum.currency.to_string()));
        }
    }
    Fields::of(pairs)
}

/// Whether anything was typed into a row.
fn is_typed(fields: &Fields, names: [&str; 2], n: usize) -> bool {
    names.iter().any(|name| !fields.get(&format!("{name}_{n}")).trim().is_empty())
}

/// The form with its typed rows moved up over empty ones, so that each fault finds its row. One row more than there may
/// be is kept, so that it is refused.
fn close_up(fields: &Fields) -> Fields {
    let mut out = Fields::default();
    for name in ["version", "on", "after", "by_itself", "reason"] {
        if fields.has(name) {
            out.set(name, fields.get(name));
        }
    }
    for (names, most) in [RATES, FIXED, LEAST] {
        let typed = (0..most + SPARE).filter(|n| is_typed(fields, names, *n)).take(most + 1);
        for (to, from) in typed.enumerate() {
            for name in names {
                out.set(&format!("{name}_{to}"), fields.get(&format!("{name}_{from}")));
            }
        }
    }
    out
}

/// Rows in which something was typed; they stand first.
fn rows(fields: &Fields, (names, most): ([&str; 2], usize)) -> usize {
    (0..=most).take_while(|n| is_typed(fields, names, *n)).count()
}

fn read(fields: &Fields) -> Result<LatePayment, Refusal> {
    let mut faults = Faults::default();
    let mut rates = Vec::new();
    for n in 0..rows(fields, RATES) {
        let [from, rate] = RATES.0.map(|name| format!("{name}_{n}"));
        let day = faults.take_opt(date_within_years(&from, fields.get(&from)));
        let percent = faults.take_opt(YearlyRate::parse(&rate, fields.get(&rate)));
        rates.extend(day.zip(percent).map(|(from, rate)| RateFrom { from, rate }));
    }
    rates.sort_by_key(|x| x.from);
    let [fixed, least] = [FIXED, LEAST].map(|of| sums(fields, of, &mut faults));
    let days = fields.get("after").trim().parse::<u16>();
    let wrong = || FieldFault::new("after", format!("Enter whole days from 1 to {AFTER_MAX}."));
    let after = faults.take_opt(days.map_err(|_| wrong())).unwrap_or(1);
    let on = match fields.get("on") {
        "yes" => true,
        "no" => false,
        _ => {
            faults.add("on", "Choose whether late payment is charged.");
            false
        }
    };
    let policy = LatePayment { on, rates, fixed, after, by_itself: fields.has("by_itself"), least };
    if faults.is_empty() {
        policy.check(&mut faults);
    }
    faults.check()?;
    Ok(policy)
}

/// The amounts of rows, each in its currency.
fn sums(fields: &Fields, of: ([&str; 2], usize), faults: &mut Faults) -> Vec<Money> {
    let mut out = Vec::new();
    for n in 0..rows(fields, of) {
        let [sum, currency] = of.0.map(|name| format!("{name}_{n}"));
        let of = fields.get(&currency).parse::<Currency>();
        let of = faults.take_opt(of.map_err(|f| FieldFault::new(&currency, f.message)));
        let Some(of) = of else { continue };
        out.extend(faults.take_opt(Money::parse(&sum, fields.get(&sum), of)));
    }
    out
}

fn page(desk: &Desk, typed: Typed<'_>, saved: bool) -> Result<Markup, Problem> {
    let versions = desk.read(|r| Ok(r.late_payment_versions()?))?;
    let about =
        "Interest and a fixed sum for what businesses pay late, as a note of its own. An invoice never changes.";
    desk.read(|r| {
        let names = NamesOf::among(r, &desk.scope);
        let body = html! {
            (parts::head("Late payment", about, ""))
            (tabs("late"))
            @if saved { (parts::status(Tone::Ok, Icon::Check, "Saved.", "Notes that were issued stay as they are.")) }
            div.sec-m { (parts::error_summary(typed.errors)) }
            div.rail.sec-m {
                (form(desk, typed))
                aside aria-label="About late payment" {
                    (parts::section("law", "What the law says", "", law()))
                    (parts::section("left-out", "Left out", "", left_out(&names, &r.late_exceptions(LEFT_OUT_SHOWN)?)))
                    (parts::section("versions", "Versions", "", history(desk, &names, &versions)))
                }
            }
        };
        Ok(desk.page(DeskNav::Settings, &parts::titled("Late payment", typed.errors), body))
    })
}

fn form(desk: &Desk, typed: Typed<'_>) -> Markup {
    let choices = [
        Choice::new("no", "Nothing is charged for late payment"),
        Choice::new("yes", "Late payment notes can be made"),
    ];
    let by_itself = if typed.fields.has("by_itself") { "on" } else { "" };
    let box_label = "Make a draft by itself then, once for each invoice";
    let by_itself = parts::Field::new("by_itself", box_label).value(by_itself).errors(typed.errors);
    html! {
        form.panel.stack method="post" action=(PAGE) {
            (csrf_input(&desk.csrf))
            (hidden("version", typed.fields.get("version")))
            (parts::radios(&typed.field("on", "Late payment"), &choices))
            h2 { "Interest" }
            p.hint { "Percent a year, from each day on until the next. Empty rows are left out." }
            @for n in 0..(rows(typed.fields, RATES) + SPARE).min(RATES_MAX) { (rate_row(typed, n)) }
            h2 { "Fixed sum" }
            p.hint { "Charged once for each invoice that was paid late, in its currency." }
            @for n in 0..(rows(typed.fields, FIXED) + SPARE).min(FIXED_MAX) { (sum_row(typed, FIXED.0, n, "")) }
            h2 { "When" }
            (parts::input(&typed.field("after", "Days past due from which a note is offered").short(), Input::Number))
            (parts::checkbox(&by_itself.hint("It waits on Today until somebody has looked through it and issues it. What is that late already gets one too.")))
            p.hint { "No draft by itself of less than this, in each currency; with none, of any amount. What is less waits until it has grown." }
            @for n in 0..(rows(typed.fields, LEAST) + 1).min(LEAST_MAX) { (sum_row(typed, LEAST.0, n, "Least ")) }
            (parts::input(&typed.field("reason", "Why is it changed?").hint("Stands with the version, for everybody who works here."), Input::Text))
            p.row { (parts::submit(Look::Primary, "Save")) a href=(PAGE) { "Cancel" } }
        }
    }
}

fn rate_row(typed: Typed<'_>, n: usize) -> Markup {
    let [from, rate] = RATES.0.map(|name| format!("{name}_{n}"));
    let [first, second] = ["From", "% a year"].map(|label| format!("{label}, rate {}", n + 1));
    html! {
        div.grid4 {
            (parts::date(&typed.field(&from, &first), None, None))
            (parts::input(&typed.field(&rate, &second), Input::Number))
        }
    }
}

/// An amount and its currency; `of` begins the label, so that no two fields have the same.
fn sum_row(typed: Typed<'_>, names: [&str; 2], n: usize, of: &str) -> Markup {
    let [amount, currency] = names.map(|name| format!("{name}_{n}"));
    let label = |what: &str| if of.is_empty() { what.to_owned() } else { format!("{of}{}", what.to_lowercase()) };
    let [first, second] = ["Amount", "Currency"].map(|what| format!("{} {}", label(what), n + 1));
    html! {
        div.grid4 {
            (parts::input(&typed.field(&amount, &first), Input::Number))
            (parts::input(&typed.field(&currency, &second).short(), Input::Text))
        }
    }
}

fn law() -> Markup {
    html! {
        p.small { "Directive 2011/7/EU, between businesses: simple interest from the day after the due date, at the reference rate of the half-year and at least 8 percentage points more (Art. 2 and 3), and a fixed sum of at least €40 (Art. 6)." }
        p.small.gap-y { "Your country’s law may name a higher rate, and your contracts another one. A year counts 365 days here." }
        p.small.gap-y { "Leave a client out, such as a consumer, on the client’s page under Credit." }
    }
}

/// Who is charged nothing, and why.
fn left_out(names: &NamesOf<'_, ReadTx>, all: &[LateException]) -> Markup {
    html! {
        @if all.is_empty() { p.mut { "Nobody." } }
        @for one in all {
            p.small { a href={ (links::client(one.client)) "/credit#late-payment" } { (names.client(one.client)) } ". " (one.reason) }
        }
        @if all.len() == LEFT_OUT_SHOWN { p.small.mut { "There may be more." } }
    }
}

/// The versions, the newest first.
fn history(desk: &Desk, names: &NamesOf<'_, ReadTx>, versions: &[LatePaymentVersion]) -> Markup {
    let locale = desk.locale();
    let by = |actor: &Actor| match actor {
        Actor::Staff(id) => names.staff(*id),
        _ => "Counterfoil".to_owned(),
    };
    html! {
        @if versions.is_empty() { p.mut { "Off, until somebody switches it on." } }
        @for one in versions {
            p {
                b { "Version " (one.version) ": " (one.reason) } br;
                span.mut { (by(&one.by)) ", " (time(one.at, locale.instant_short(one.at, desk.zone(), desk.today()))) }
            }
            ul.small { @for line in one.policy.told(locale) { li { (line) } } }
        }
    }
}
