//! An issued document in each of the formats in which it can be had, beside the PDF that is kept.
//!
//! Must not know who asks. What an issued document says never changes, so that neither do these.

use super::einvoice::{Bill, Frozen, cii, ubl};
use super::{Sheet, csv, html_file};
use crate::domain::format::Format;
use crate::domain::invoice::{Body, Invoice};
use crate::domain::rules;

/// The formats of an issued document, in the order in which pages offer them: of a published PDF that PDF alone, and no
/// XML where an amount has more decimals than EN 16931 knows.
pub fn offered(invoice: &Invoice) -> Vec<Format> {
    let (Body::Composed(_), Some(issue)) = (&invoice.body, &invoice.issue) else { return vec![Format::Pdf] };
    let xml = rules::fits_xml(&issue.totals);
    Format::OF_ONE.into_iter().filter(|x| xml || !matches!(x, Format::Ubl | Format::Cii)).collect()
}

/// The document's file in `format`, which is one of those [`offered`] and not the PDF; `credits` is the invoice that a
/// credit note takes back. `None` for any other format.
pub fn rendition(format: Format, invoice: &Invoice, credits: Option<&Invoice>, sheet: &Sheet) -> Option<Vec<u8>> {
    if !offered(invoice).contains(&format) {
        return None;
    }
    let bill = || Bill::of(invoice, &Frozen::of(invoice.issue.as_ref()?, credits));
    let kind = if invoice.is_invoice() { "invoice" } else { "credit note" };
    match format {
        Format::Ubl => Some(ubl(&bill()?).into_bytes()),
        Format::Cii => Some(cii(&bill()?).into_bytes()),
        Format::Csv => Some(csv::document(&bill()?, kind).into_bytes()),
        Format::Html => Some(html_file(sheet).into_bytes()),
        Format::Pdf | Format::Zip => None,
    }
}
