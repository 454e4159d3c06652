//! Crediting an invoice, whole or in part: all that is left, so much of its lines, or an amount for each VAT rate.
//!
//! What it comes to can be looked at before it is issued. Must not reckon anything itself.

mod draw;

use axum::response::{IntoResponse, Response};
use rust_decimal::Decimal;

use super::form::{Id, Typed, again, errors_in, on_to};
use super::links;
use super::undo::issued;
use crate::actions::invoices::{Crediting, credit_part};
use crate::domain::agreed::proposed;
use crate::domain::credit::{Credited, Take};
use crate::domain::ids::InvoiceId;
use crate::domain::money::Money;
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::tax::{FINE_DIGITS, Totals, parse_number, totals};
use crate::domain::text;
use crate::secrets::Token;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::web::forms::{Fields, Posted, Query, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::parts::FieldError;
use crate::web::problem::Problem;

const WHY: &str = "Say why, in a few words.";
/// The value of a chosen `use` that leaves all of it as credit of the client.
const HOLD: &str = "hold";
/// And of one that settles its invoice.
const SETTLE: &str = "settle";

/// `GET /desk/invoices/{id}/credit?less=`: `less` proposes an amount, in minor units; without one, what was agreed on
/// in a dispute and waits to be credited is proposed.
pub async fn ask(DeskWork(desk): DeskWork, Id(id): Id<InvoiceId>, Query(query): Query) -> Result<Response, Problem> {
    let row = issued(&desk, id)?;
    let once = Token::draw(&desk.app.entropy).reveal();
    let mut fields = Fields::of([("take", "rest"), ("use", "settle"), ("once", once.as_str())]);
    if let Some(less) = query.get("less").parse::<i64>().ok().filter(|x| *x > 0) {
        fields.set("take", "amounts");
        fields.set("g0", desk.locale().amount(Money::new(less, row.invoice.currency)));
    } else {
        desk.read(|r| Ok(propose(&desk, r, &row, &mut fields)?))?;
    }
    Ok(desk.read(|r| draw::page(&desk, r, &row, Typed::fresh(&fields), None))?.into_response())
}

/// Fills in what was agreed on in a dispute, with what the client was answered as the reason.
fn propose(desk: &Desk, r: &ReadTx, row: &Row, fields: &mut Fields) -> Result<(), StoreError> {
    let Some(dispute) = r.agreed_dispute(row.invoice.id)? else { return Ok(()) };
    if let Some(answer) = &dispute.answer {
        fields.set("reason", &answer.words);
    }
    let notes = r.credit_notes_for(&row.invoice)?;
    let Some(credited) = Credited::of(&row.invoice, &notes) else { return Ok(()) };
    match proposed(&dispute, &credited) {
        Some(Take::Lines(lines)) => {
            fields.set("take", "lines");
            for (at, quantity) in lines {
                fields.set(&format!("q{at}"), quantity.normalize().to_string());
            }
        }
        Some(Take::Amounts(amounts)) => {
            fields.set("take", "amounts");
            for (at, group) in credited.groups().iter().enumerate() {
                if let Some((_, minor)) = amounts.iter().find(|x| x.0 == group.vat) {
                    let amount = Money::new(*minor, row.invoice.currency);
                    fields.set(&format!("g{at}"), desk.locale().amount(amount));
                }
            }
        }
        Some(Take::Rest) => {}
        None => fields.set("take", "amounts"),
    }
    Ok(())
}

/// `POST /desk/invoices/{id}/credit`: issues the credit note, or shows what it comes to.
pub async fn credit(
    DeskWork(desk): DeskWork,
    Id(id): Id<InvoiceId>,
    Posted(fields): Posted,
) -> Result<Response, Problem> {
    let row = issued(&desk, id)?;
    let read = desk.read(|r| Ok(read(r, &row, &fields)?))?;
    let (crediting, shown) = match read {
        Ok(read) => read,
        Err(refusal) => return refused(&desk, &row, &fields, &errors_from(&refusal, "take")),
    };
    if fields.has("show") {
        let typed = Typed::fresh(&fields);
        return Ok(desk.read(|r| draw::page(&desk, r, &row, typed, Some(&shown)))?.into_response());
    }
    let credited = credit_part(&desk.app, desk.by(), &desk.scope, crediting).await;
    desk.app.wake.notify_one();
    match credited {
        Ok(number) => {
            let id = desk.read(|r| Ok(r.invoice_numbered(&number)?))?.unwrap_or(row.invoice.id);
            Ok(on_to(&links::invoice(id)))
        }
        // Pressed twice, credited once.
        Err(ActError::Refused(Refusal::Repeated(note))) => Ok(on_to(&links::invoice(InvoiceId(note)))),
        Err(error) => refused(&desk, &row, &fields, &errors_in(error, "take")?),
    }
}

fn refused(desk: &Desk, row: &Row, fields: &Fields, errors: &[FieldError]) -> Result<Response, Problem> {
    let typed = Typed { fields, errors };
    Ok(again(desk.read(|r| draw::page(desk, r, row, typed, None))?))
}

/// What the form asks for, and what it comes to.
fn read(r: &ReadTx, row: &Row, fields: &Fields) -> Result<Result<(Crediting, Totals), Refusal>, StoreError> {
    let invoice = &row.invoice;
    let credits = r.credit_notes_for(invoice)?;
    let nothing = || Refusal::MoreThanOpen(Money::zero(invoice.currency));
    let Some(credited) = Credited::of(invoice, &credits) else { return Ok(Err(nothing())) };
    let mut faults = Faults::default();
    let take = read_take(&credited, fields, &mut faults);
    let content = if faults.is_empty() { faults.take_refusal(credited.content(&take)) } else { None };
    let reason = match text::paragraph("reason", fields.get("reason")) {
        Ok(reason) if reason.is_empty() => {
            faults.add("reason", WHY);
            reason
        }
        read => faults.take(read),
    };
    if !["", SETTLE, HOLD].contains(&fields.get("use")) {
        faults.add("use", "Choose what becomes of it.");
    }
    let totals = content.as_ref().and_then(|x| totals(x, invoice.currency));
    if let Err(refusal) = faults.check() {
        return Ok(Err(refusal));
    }
    let once = Token::parse(fields.get("once")).map(|x| x.reveal());
    let crediting = Crediting { of: invoice.id, take, reason, hold: fields.get("use") == HOLD, once };
    Ok(totals.map(|totals| (crediting, totals)).ok_or_else(nothing))
}

fn read_take(credited: &Credited<'_>, fields: &Fields, faults: &mut Faults) -> Take {
    match fields.get("take") {
        "lines" => {
            let wanted = (0..credited.lines().len()).map(|at| {
                let field = format!("q{at}");
                let typed = fields.get(&field).trim();
                let read = if typed.is_empty() { Ok(Decimal::ZERO) } else { parse_number(&field, typed, FINE_DIGITS) };
                (at, faults.take(read))
            });
            Take::Lines(wanted.collect())
        }
        "amounts" => {
            let wanted = credited.groups().into_iter().enumerate().map(|(at, group)| {
                let field = format!("g{at}");
                let typed = fields.get(&field).trim();
                let read = if typed.is_empty() {
                    Ok(0)
                } else {
                    Money::parse(&field, typed, credited.currency()).map(|x| x.minor)
                };
                (group.vat, faults.take(read))
            });
            Take::Amounts(wanted.collect())
        }
        "" | "rest" => Take::Rest,
        _ => {
            faults.add("take", "Choose what is credited.");
            Take::Rest
        }
    }
}
