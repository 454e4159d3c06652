//! A document as it is drawn: its sheet, its PDF, the firm's logo.

use super::super::found;
use super::draft::editable;
use crate::app::App;
use crate::documents::invoice::invoice_sheet;
use crate::documents::{self, Look, Meta};
use crate::domain::access::StaffScope;
use crate::domain::client::{Client, Party};
use crate::domain::firm::Firm;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::{Invoice, Kind};
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::tax::Totals;
use crate::store::prelude::*;

/// The PDF of a draft as it would be issued, marked as a draft.
///
/// # Errors
/// When the scope does not allow it or the draft is not fit to print.
pub fn preview(app: &App, reader: &impl Reader, scope: &StaffScope, id: InvoiceId) -> Result<Vec<u8>, ActError> {
    let invoice = editable(reader, scope, id)?;
    let totals = invoice.ready()?;
    let (firm, client) = (reader.firm()?, found(reader.client(invoice.client)?)?);
    draw(app, reader, &firm, &client, &invoice, None, &totals)
}

/// The description of a document from which page and PDF are drawn.
///
/// # Errors
/// When the store fails.
pub fn sheet(
    reader: &impl Reader,
    firm: &Firm,
    parties: (&Party, &Party),
    invoice: &Invoice,
    number: Option<&DocumentNumber>,
    totals: &Totals,
) -> Result<documents::Sheet, StoreError> {
    let logo = logo(reader, firm)?;
    let project = match invoice.project {
        Some(id) => reader.project(id)?.map(|p| p.name),
        None => None,
    };
    let credits = match invoice.kind {
        Kind::CreditNote(of) => reader.invoice(of)?.and_then(|i| i.number().cloned()),
        Kind::Invoice => None,
    };
    let look = Look { firm, logo };
    let (seller, buyer) = parties;
    Ok(invoice_sheet(&look, seller, buyer, invoice, number, totals, project.as_deref(), credits.as_ref()))
}

/// The firm's logo as documents want it.
///
/// # Errors
/// When the store fails.
pub fn logo(reader: &impl Reader, firm: &Firm) -> Result<Option<documents::Logo>, StoreError> {
    let Some(logo) = &firm.logo else { return Ok(None) };
    let format = match logo.file.media_type.as_str() {
        "image/png" => documents::LogoFormat::Png,
        _ => documents::LogoFormat::Jpeg,
    };
    Ok(reader.file(logo.file.digest)?.map(|bytes| documents::Logo { format, bytes: bytes.into() }))
}

/// Draws a sheet as PDF.
///
/// # Errors
/// When the document can't be drawn; the sentence says why.
pub fn render(app: &App, sheet: &documents::Sheet, firm: &Firm) -> Result<Vec<u8>, ActError> {
    let meta = Meta {
        title: format!("{} {}", sheet.title, sheet.number).trim().to_owned(),
        author: firm.party.name.clone(),
        created: app.now(),
        document_id: sheet.number.clone(),
    };
    documents::pdf(sheet, &app.fonts, &meta)
        .map_err(|e| FieldFault::new("document", e.to_string()))
        .map_err(|fault| Refusal::from(fault).into())
}

pub(super) fn draw(
    app: &App,
    reader: &impl Reader,
    firm: &Firm,
    client: &Client,
    invoice: &Invoice,
    number: Option<&DocumentNumber>,
    totals: &Totals,
) -> Result<Vec<u8>, ActError> {
    let sheet = sheet(reader, firm, (&firm.party, &client.party), invoice, number, totals)?;
    render(app, &sheet, firm)
}
