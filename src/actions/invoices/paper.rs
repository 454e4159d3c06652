//! A document as it is drawn: its sheet, its PDF, the firm's logo.

use super::super::found;
use super::draft::editable;
use crate::app::App;
use crate::documents::einvoice::{self, Bill, Frozen};
use crate::documents::invoice::invoice_sheet;
use crate::documents::{self, DocumentError, Look, Meta};
use crate::domain::access::StaffScope;
use crate::domain::client::{Client, Party};
use crate::domain::firm::{Firm, Letterhead};
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::{Invoice, Issue, Kind};
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
    let firm = firm.speaking(client.language);
    let sheet = sheet(reader, &firm, (&firm.party, &client.party), &invoice, None, &totals)?;
    render(app, &sheet, &firm)
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
    let credits = credited(reader, invoice)?.and_then(|i| i.number().cloned());
    let look = Look { firm, logo };
    let (seller, buyer) = parties;
    Ok(invoice_sheet(&look, seller, buyer, invoice, number, totals, project.as_deref(), credits.as_ref()))
}

/// The PDF of an issued document: the bytes that are kept, or of one that was imported without, a copy drawn of what
/// was read.
///
/// # Errors
/// When the store fails or the copy can't be drawn.
pub fn pdf_of(app: &App, reader: &impl Reader, invoice: &Invoice) -> Result<Option<Vec<u8>>, ActError> {
    let Some(issue) = &invoice.issue else { return Ok(None) };
    if issue.is_pdf() {
        return Ok(reader.file(issue.pdf.digest)?);
    }
    let firm = reader.firm()?;
    let firm = issue.letterhead.over(&firm);
    let sheet = sheet(reader, &firm, (&issue.seller, &issue.buyer), invoice, Some(&issue.number), &issue.totals)?;
    render(app, &sheet, &firm).map(Some)
}

/// The bytes that a document was read from, if it was made elsewhere.
///
/// # Errors
/// When the store fails.
pub fn original(reader: &impl Reader, issue: &Issue) -> Result<Option<Vec<u8>>, StoreError> {
    if issue.elsewhere.is_some() { reader.file(issue.pdf.digest) } else { Ok(None) }
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
    documents::pdf(sheet, &app.fonts, &meta(app, sheet, firm)).map_err(refused)
}

fn meta(app: &App, sheet: &documents::Sheet, firm: &Firm) -> Meta {
    Meta {
        title: format!("{} {}", sheet.title, sheet.number).trim().to_owned(),
        author: firm.party.name.clone(),
        created: app.now(),
        document_id: sheet.number.clone(),
    }
}

fn refused(error: DocumentError) -> ActError {
    Refusal::from(FieldFault::new("document", error.to_string())).into()
}

/// The PDF of a document with its number: Factur-X, unless an amount has more decimals than EN 16931 knows.
pub(super) fn draw(
    app: &App,
    reader: &impl Reader,
    firm: &Firm,
    client: &Client,
    invoice: &Invoice,
    number: &DocumentNumber,
    totals: &Totals,
) -> Result<Vec<u8>, ActError> {
    let sheet = sheet(reader, firm, (&firm.party, &client.party), invoice, Some(number), totals)?;
    let (credits, letterhead) = (credited(reader, invoice)?, Letterhead::of(firm));
    let (seller, buyer) = (&firm.party, &client.party);
    let frozen = Frozen { number, seller, buyer, letterhead: &letterhead, totals, credits: credits.as_ref() };
    match Bill::of(invoice, &frozen).filter(|bill| bill.exact) {
        Some(bill) => {
            documents::factur_x(&sheet, &app.fonts, &meta(app, &sheet, firm), einvoice::cii(&bill)).map_err(refused)
        }
        None => render(app, &sheet, firm),
    }
}

/// The invoice that a credit note takes back.
///
/// # Errors
/// When the store fails.
pub fn credited(reader: &impl Reader, invoice: &Invoice) -> Result<Option<Invoice>, StoreError> {
    match invoice.kind {
        Kind::CreditNote(of) => reader.invoice(of),
        Kind::Invoice => Ok(None),
    }
}
