//! The page of crediting, drawn.

use maud::{Markup, html};

use crate::domain::credit::Credited;
use crate::domain::invoice::{Body, Invoice};
use crate::domain::money::Money;
use crate::domain::tax::{Prices, Totals};
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::desk::form::Typed;
use crate::web::desk::invoices::called;
use crate::web::desk::links;
use crate::web::guard::Desk;
use crate::web::page::DeskNav;
use crate::web::parts::{self, Choice, Field, Icon, Input, Look, Tone, csrf_input};
use crate::web::problem::Problem;

/// The page: what is left, the form, and what it comes to where that was asked for.
pub(super) fn page(
    desk: &Desk,
    r: &ReadTx,
    row: &Row,
    typed: Typed<'_>,
    shown: Option<&Totals>,
) -> Result<Markup, Problem> {
    let invoice = &row.invoice;
    let own = links::invoice(invoice.id);
    let title = format!("Credit {}", called(invoice));
    let notes = r.credit_notes_for(invoice)?;
    let credited = Credited::of(invoice, &notes);
    let body = html! {
        (parts::back(&own, called(invoice)))
        @if !invoice.is_invoice() {
            (parts::head("Nothing to credit", "", ""))
            p { "This document can’t be credited, because it is a credit note." }
        } @else if matches!(invoice.body, Body::Published(_)) {
            (parts::head(&title, "", ""))
            (published(row))
        } @else if let Some(credited) = credited.filter(Credited::is_left) {
            (parts::head(&title, "A credit note takes the invoice back, whole or in part; the invoice itself stays as it is.", ""))
            (parts::error_summary(typed.errors))
            @if let Some(totals) = shown { (comes_to(desk, totals)) }
            p {
                "Of " b { (desk.locale().money(Money::new(credited.gross(), invoice.currency))) } ", VAT included, "
                b { (desk.locale().money(Money::new(credited.left(), invoice.currency))) } " is left to credit; "
                (desk.locale().money(row.open())) " is open."
            }
            @if !notes.is_empty() { p { "Some of it was credited before, with " (named(&notes)) "." } }
            (form(desk, row, &credited, typed))
        } @else {
            (parts::head("Nothing to credit", "", ""))
            p { (called(invoice)) " was credited already, with " (named(&notes)) ". What is left of it can be applied where it stands." }
        }
    };
    Ok(desk.page(DeskNav::Invoices, &parts::titled(&title, typed.errors), body))
}

/// "the credit note CN-1", "the credit notes CN-1, CN-2".
fn named(notes: &[Invoice]) -> Markup {
    html! {
        "the credit note" @if notes.len() > 1 { "s" } " "
        @for (at, note) in notes.iter().enumerate() {
            @if at > 0 { ", " }
            a href=(links::invoice(note.id)) { (parts::nw(called(note))) }
        }
    }
}

fn published(row: &Row) -> Markup {
    let invoice = &row.invoice;
    let href = format!(
        "/desk/publish?kind=credit&of={}&client={}",
        invoice.number().map_or(String::new(), |n| n.in_url()),
        invoice.client
    );
    html! {
        (parts::note(Tone::Info, Icon::File, "This invoice was made in your accounting system.",
            "So is its credit note: make it there, then publish its PDF here, and it will settle this invoice."))
        p.gap-y { (parts::link(Look::Primary, &href, "Publish the credit note")) }
    }
}

/// What the credit note would come to.
fn comes_to(desk: &Desk, totals: &Totals) -> Markup {
    let money = |minor| desk.locale().money(Money::new(minor, totals.currency));
    let mut sums = vec![("Without VAT".to_owned(), money(totals.net))];
    for group in totals.groups.iter().filter(|x| x.tax != 0) {
        sums.push((
            format!("{} {}", group.vat.category.words(), desk.locale().percent(group.vat.rate)),
            money(group.tax),
        ));
    }
    if totals.prepaid != 0 {
        sums.push(("Paid before the invoice".to_owned(), money(totals.prepaid.saturating_neg())));
    }
    sums.push(("Credited".to_owned(), money(totals.payable)));
    html! {
        div.panel.sec-m role="status" {
            h2 { "What it comes to" }
            p.mut { "Nothing is issued yet." }
            (parts::totals(&sums))
        }
    }
}

fn form(desk: &Desk, row: &Row, credited: &Credited<'_>, typed: Typed<'_>) -> Markup {
    let own = links::invoice(row.invoice.id);
    let takes = [
        Choice { value: "rest", label: "All that is left", hint: "Every line, with its VAT." },
        Choice { value: "lines", label: "Some lines", hint: "So much of each; allowances and charges in proportion." },
        Choice { value: "amounts", label: "An amount", hint: "For each VAT rate, of no line in particular." },
    ];
    let uses = [
        Choice {
            value: super::SETTLE,
            label: "It settles this invoice",
            hint: "As far as that is open; what is left over stays as credit of the client.",
        },
        Choice {
            value: super::HOLD,
            label: "All of it stays as credit",
            hint: "To be applied to another invoice, or paid back.",
        },
    ];
    let chosen = typed.fields.get("take");
    let why = typed.field("reason", "Why").hint("Printed on the credit note; the client reads it.");
    html! {
        form.gap-y method="post" action={ (own) "/credit" } {
            (csrf_input(&desk.csrf))
            (parts::hidden("once", typed.fields.get("once")))
            (parts::radios(&typed.field("take", "What is credited?"), &takes))
            (parts::act(Icon::Invoice, "Lines", chosen == "lines", lines(desk, row, credited, typed)))
            (parts::act(Icon::Invoice, "Amounts", chosen == "amounts", amounts(row, credited, typed)))
            div.gap-y { (parts::radios(&typed.field("use", "What becomes of it?"), &uses)) }
            (parts::textarea(&why, 3))
            p.mut { "The same people get a letter about it." }
            p.row {
                (parts::submit(Look::Primary, "Issue the credit note"))
                (parts::submit_as(Look::Plain, "show", "1", "Show what it comes to"))
                (parts::link(Look::Plain, &own, "Leave it as it is"))
            }
        }
    }
}

/// How much of each line.
fn lines(desk: &Desk, row: &Row, credited: &Credited<'_>, typed: Typed<'_>) -> Markup {
    let (locale, currency) = (desk.locale(), row.invoice.currency);
    html! {
        @for (at, line) in credited.lines().iter().enumerate() {
            @let left = credited.quantity_left(at).normalize();
            @if !left.is_zero() {
                @let (name, label) = (format!("q{at}"), format!("{}. {}", at + 1, line.name()));
                @let hint = format!(
                    "{} of {} {}left, {}", locale.number(left), locale.number(line.quantity.normalize()),
                    spaced(line.unit.suffix()), locale.money(Money::new(credited.amount_left(at), currency))
                );
                (parts::input(&field(&name, &label, &hint, typed), Input::Number))
            }
        }
        p.mut { "Leave empty what is not credited." }
    }
}

/// How much of each VAT rate.
fn amounts(row: &Row, credited: &Credited<'_>, typed: Typed<'_>) -> Markup {
    let currency = row.invoice.currency;
    let of = if credited.prices() == Prices::Net { "without VAT" } else { "VAT included" };
    html! {
        @for (at, group) in credited.groups().iter().enumerate() {
            @if group.left != 0 {
                @let (name, label) = (format!("g{at}"), format!("At {} % VAT, {of}", group.vat.rate.normalize()));
                @let hint = format!("{} is left.", Money::new(group.left, currency));
                (parts::money(&field(&name, &label, &hint, typed), currency.code()))
            }
        }
    }
}

fn field<'a>(name: &'a str, label: &'a str, hint: &'a str, typed: Typed<'a>) -> Field<'a> {
    Field::new(name, label).hint(hint).value(typed.fields.get(name)).errors(typed.errors)
}

fn spaced(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!("{unit} ") }
}
