//! One receipt, with what it settles, and applying what is left of it.
//!
//! A credit note with something left has the same page, under `credit-` and its identifier.

mod draw;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use self::draw::page;
use super::links;
use crate::actions::invoices::{logo, render};
use crate::actions::payments as acts;
use crate::actions::{once, visits};
use crate::documents::receipt::{Beside, receipt_csv, receipt_sheet};
use crate::documents::{Look, html_file};
use crate::domain::format::Format;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::money::Money;
use crate::domain::payment::{Allocation, Receipt, Refund, Reversal, Source};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::secrets::Token;
use crate::store::invoices::Row as Document;
use crate::store::prelude::*;
use crate::store::scope::settled_by;
use crate::web::download;
use crate::web::forms::{Fields, Posted, Query, errors_from};
use crate::web::guard::{Desk, DeskWork};
use crate::web::path::Path;
use crate::web::problem::{Problem, even_if_full};

/// What a page shows: a receipt, or a credit note.
pub(super) struct Funds {
    pub(super) source: Source,
    pub(super) client: ClientId,
    whole: Money,
    pub(super) left: Money,
    receipt: Option<Receipt>,
    credit: Option<String>,
    /// What it settles, or had settled until it was taken back.
    settled: Vec<Allocation>,
    /// What was paid back of it.
    refunds: Vec<Refund>,
}

impl Funds {
    fn reversal(&self) -> Option<&Reversal> {
        self.receipt.as_ref()?.reversed.as_ref()
    }
}

/// Finds a receipt or credit note by the last part of its address.
///
/// # Errors
/// [`Problem::NotFound`] when there is none, or not for this member of staff.
pub(super) fn find(r: &ReadTx, desk: &Desk, id: &str) -> Result<Funds, Problem> {
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
    let refunds = r.refunds_from(source)?;
    Ok(Funds { source, client, whole, left, receipt, credit, settled, refunds })
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

/// `GET /desk/payments/{id}`: one receipt, what it settles, what is left; and as the payer gets it: `.pdf`, `.csv`,
/// `.html`.
pub async fn show(desk: Desk, Path(id): Path<String>, Query(query): Query) -> Result<Response, Problem> {
    if let (id, Some(format)) = Format::split(&id) {
        return file(&desk, id, format).await;
    }
    desk.read(|r| {
        let money = find(r, &desk, &id)?;
        let done = query.get("done");
        let mut fields = Fields::default();
        fields.set("invoice", query.get("invoice"));
        Ok(page(r, &desk, &money, &fields, &[], done)?.into_response())
    })
}

/// The receipt as a file, drawn when it is asked for; that staff took it is logged.
async fn file(desk: &Desk, id: &str, format: Format) -> Result<Response, Problem> {
    if !matches!(format, Format::Pdf | Format::Html | Format::Csv) {
        return Err(Problem::NotFound);
    }
    let (receipt, sheet, csv) = desk.read(|r| {
        let money = find(r, desk, id)?;
        let receipt = money.receipt.ok_or(Problem::NotFound)?;
        let parts = settled_by(r, &receipt)?;
        let settles = Beside { parts: &parts, left: money.left, on: desk.today() };
        let client = r.client(receipt.client)?.and_then(|x| x.language);
        let firm = desk.firm.speaking(client);
        let look = Look { firm: &firm, logo: logo(r, &firm)? };
        let (sheet, csv) = (receipt_sheet(&look, &receipt, &settles), receipt_csv(&receipt, &settles));
        Ok((receipt, sheet, csv))
    })?;
    let bytes = match format {
        Format::Csv => csv.into_bytes(),
        Format::Html => html_file(&sheet).into_bytes(),
        _ => render(&desk.app, &sheet, &desk.firm)?,
    };
    let taken = receipt.id;
    even_if_full(desk.act(move |w, scope| visits::staff_receipt_downloaded(w, scope, taken, format)).await)?;
    Ok(download::of(format, &receipt.number.file_name(format.ending()), bytes))
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
