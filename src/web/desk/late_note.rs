//! What late payment of an invoice has cost so far, the notes that charge it, and the button that makes a note.

use axum::response::Response;
use maud::{Markup, html};

use super::form::{Id, on_to};
use super::invoices::called;
use super::{links, standing};
use crate::actions::late_notes::{self, Anew, Late};
use crate::domain::access::Act;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::Invoice;
use crate::domain::late_interest::{LateCharge, Stretch};
use crate::domain::money::{Currency, Money};
use crate::domain::refusal::Refusal;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::forms::Posted;
use crate::web::guard::{Desk, DeskWork};
use crate::web::parts::{self, Col, Icon, Look, Sum, Tone, nw};
use crate::web::problem::Problem;

/// `POST /desk/invoices/{id}/late-note`: drafts a late payment note for an invoice.
pub async fn make(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>, _: Posted) -> Result<Response, Problem> {
    let today = desk.today();
    match desk.act(move |w, scope| late_notes::draft(w, scope, id, today)).await {
        Ok(note) => Ok(on_to(&links::draft(note))),
        // Pressed twice, or somebody else was first: made once.
        Err(ActError::Refused(Refusal::Repeated(note))) => Ok(on_to(&links::draft(InvoiceId(note)))),
        // Paid, switched off or charged meanwhile: the page says how it stands.
        Err(ActError::Refused(Refusal::Fields(_))) => Ok(on_to(&format!("{}#late", links::invoice(id)))),
        Err(error) => Err(error.into()),
    }
}

/// The section of an invoice's page; nothing where nothing was late, or nothing is charged and never was.
///
/// # Errors
/// When the store fails.
pub(super) fn section(desk: &Desk, r: &ReadTx, row: &Row) -> Result<Markup, Problem> {
    let invoice = &row.invoice;
    let Some(late) = late_notes::so_far(r, invoice, desk.today())? else { return Ok(html! {}) };
    if late.notes.is_empty() && !(late.policy.on && late.accrued.late.is_some()) {
        return Ok(html! {});
    }
    let aside = html! { @if desk.may(Act::Govern) { a href=(super::late_payment::PAGE) { "What is charged" } } };
    let body = html! {
        @if late.policy.on { (so_far(desk, invoice, &late)) }
        @if !late.notes.is_empty() { (notes(desk, r, &late)?) }
    };
    Ok(parts::section("late", "Late payment", aside, body))
}

fn so_far(desk: &Desk, invoice: &Invoice, late: &Late) -> Markup {
    let money = |minor| desk.locale().money(Money::new(minor, invoice.currency));
    let days = late.accrued.days_late();
    html! {
        @if let Some(exception) = &late.exception {
            p { "Nothing is charged: this client is left out. " (exception.reason) " "
                a href={ (links::client(invoice.client)) "/credit#late-payment" } { "Change it" } }
        } @else {
            p { "Late interest so far: " b { (money(late.accrued.interest())) }
                @if let Some(fixed) = late.fixed { ", and the fixed sum of " (desk.locale().money(fixed)) }
                "." @if !late.notes.is_empty() { " Without what notes charge already." } }
            @if !late.accrued.stretches.is_empty() { (periods(desk, invoice.currency, &late.accrued.stretches)) }
            @if late.is_offered() && desk.may(Act::Work) {
                div.gap-y { (parts::post_button(Look::Plain, &format!("{}/late-note", links::invoice(invoice.id)), &desk.csrf, "Make a late payment note")) }
                p.small.mut { "It makes a draft of " (money(late.total())) ", which you look through and issue. This invoice stays as it is." }
            } @else if let Some(waiting) = late.waiting() {
                p { a href=(links::draft(waiting)) { "A draft of a late payment note" } " waits to be issued." }
            } @else if days < i32::from(late.policy.after) {
                p.small.mut { "A note is offered from " (late.policy.after) " days past due; it was late for " (days) "." }
            }
        }
    }
}

/// Days by open amount and rate, with what they cost.
pub(super) fn periods(desk: &Desk, currency: Currency, stretches: &[Stretch]) -> Markup {
    let locale = desk.locale();
    let money = |minor| locale.money(Money::new(minor, currency));
    let row = |x: &Stretch| -> parts::Row {
        let day = |day| parts::time(day, locale.date_medium(day, desk.today()));
        vec![
            html! { (day(x.from)) " to " (day(x.to)) },
            html! { (x.days()) },
            html! { (money(x.open)) },
            html! { (locale.percent(x.rate.percent())) },
            html! { (money(x.interest)) },
        ]
        .into()
    };
    let cols =
        [Col::text("Days"), Col::num("How many"), Col::num("Open"), Col::num("A year").wide(), Col::num("Interest")];
    let rows: Vec<parts::Row> = stretches.iter().map(row).collect();
    let sum = stretches.iter().fold(0_i64, |sum, x| sum.saturating_add(x.interest));
    parts::scroller(
        "Late interest by period",
        &cols,
        &rows,
        Some(&Sum { label: "Interest", cells: vec![html! { (money(sum)) }] }),
    )
}

fn notes(desk: &Desk, r: &ReadTx, late: &Late) -> Result<Markup, Problem> {
    let locale = desk.locale();
    let cols = [Col::name("Late payment note"), Col::text("Until"), Col::text("State"), Col::num("Amount")];
    let mut rows: Vec<parts::Row> = Vec::new();
    for (note, counts) in &late.notes {
        let settled = r.settled(note.id)?;
        let (tone, state) = standing::words(note.standing(settled, desk.today()));
        let until = note.late.as_ref().map(|x| parts::time(x.until, locale.date_medium(x.until, desk.today())));
        let cells = vec![
            html! { a href=(address(note)) { (nw(called(note))) } },
            html! { @if let Some(until) = until { (until) } },
            html! { (parts::tag(tone, state)) @if !counts { small { "Its days can be charged again" } } (in_short(desk, r, note)?) },
            html! { (locale.money(note.payable())) },
        ];
        rows.push(parts::Row { void: !counts, ..cells.into() });
    }
    Ok(parts::scroller("Late payment notes", &cols, &rows, None))
}

/// In the list of notes, that one would be another today.
fn in_short(desk: &Desk, r: &ReadTx, note: &Invoice) -> Result<Markup, Problem> {
    let Some(anew) = late_notes::anew(r, note)? else { return Ok(html! {}) };
    let (now, by) = amounts(desk, note, &anew);
    Ok(html! {
        small {
            "Today it would be " (now) ", " (by)
            @if anew.less > 0 && desk.may(Act::Work) { ": " (credit_link(note, &anew)) }
        }
    })
}

/// "€31.10", "€11.98 less".
fn amounts(desk: &Desk, note: &Invoice, anew: &Anew) -> (String, String) {
    let money = |minor| desk.locale().money(Money::new(minor, note.currency));
    let word = if anew.less > 0 { "less" } else { "more" };
    (money(anew.now), format!("{} {word}", money(anew.less.saturating_abs())))
}

fn credit_link(note: &Invoice, anew: &Anew) -> Markup {
    html! { a href={ (links::invoice(note.id)) "/credit?less=" (anew.less) } { "Credit the difference" } }
}

/// On the page of a note: what it would be today, where that is another amount, and what can be done about it.
///
/// # Errors
/// When the store fails.
pub(super) fn today(desk: &Desk, r: &ReadTx, row: &Row) -> Result<Markup, Problem> {
    let note = &row.invoice;
    let (Some(late), Some(anew)) = (&note.late, late_notes::anew(r, note)?) else { return Ok(html! {}) };
    let (now, by) = amounts(desk, note, &anew);
    let days: Vec<String> = anew.paid.iter().map(|day| desk.locale().date_medium(*day, desk.today())).collect();
    let with = match days.as_slice() {
        [] => format!("By what is recorded of {} now", late.number),
        [day] => format!("With the payment of {day} recorded since"),
        [first @ .., last] => format!("With the payments of {} and {last} recorded since", first.join(", ")),
    };
    let body = html! {
        "Nothing changes by itself. "
        @if anew.less < 0 {
            (rest(desk, r, late)?)
        } @else if desk.may(Act::Work) {
            (credit_link(note, &anew)) "."
        }
    };
    Ok(parts::note(Tone::Warn, Icon::Clock, format!("{with}, this note would be {now}, {by}."), body))
}

/// What charges what a note asks for too little: a further one, drafted or not. What a draft says may be so no more.
fn rest(desk: &Desk, r: &ReadTx, note: &LateCharge) -> Result<Markup, Problem> {
    let so_far = match r.invoice(note.of)? {
        Some(of) => late_notes::so_far(r, &of, desk.today())?,
        None => None,
    };
    let draft = so_far.as_ref().and_then(|x| x.notes.iter().map(|x| &x.0).find(|x| x.issue.is_none()));
    if let Some(draft) = draft {
        let link = html! { a href=(links::draft(draft.id)) { "The draft of a further note" } };
        return match late_notes::check(r, draft) {
            Ok(()) => Ok(html! { (link) " charges the rest." }),
            Err(ActError::Refused(_)) => {
                Ok(html! { (link) " does not charge the rest, and can’t be issued as it is." })
            }
            Err(error) => Err(error.into()),
        };
    }
    Ok(html! {
        @if so_far.is_some_and(|x| x.is_offered()) {
            "A further note charges the rest: see "
            a href={ (links::invoice(note.of)) "#late" } { (nw(note.number.as_str())) } "."
        } @else { "Nothing charges the rest as things stand." }
    })
}

fn address(note: &Invoice) -> String {
    if note.issue.is_some() { links::invoice(note.id) } else { links::draft(note.id) }
}

/// That a draft is a late payment note, and for what.
pub(super) fn about(desk: &Desk, late: &LateCharge) -> Markup {
    let until = desk.locale().date_long(late.until);
    html! {
        p.sec-m {
            "A late payment note for " a href=(links::invoice(late.of)) { (nw(late.number.as_str())) }
            ", reckoned until " (until) ". What accrues later is for the next one."
        }
    }
}
