//! An issued document in each of the formats in which it can be had, beside the PDF that is kept.
//!
//! Must not know who asks. What an issued document says never changes, so that neither do these. Of a document that was
//! made elsewhere the XML is its own: as it came where its vocabulary is asked for, and written from it for the other.

use super::einvoice::read::{Syntax, read};
use super::einvoice::{Bill, Frozen, cii, ubl};
use super::{Sheet, csv, embedded_xml, html_file};
use crate::domain::format::Format;
use crate::domain::invoice::{Body, Invoice, Issue};
use crate::domain::rules;

/// The media type of a document that was imported as XML.
pub const XML: &str = "application/xml";
/// The media type of one that was imported as rows of a table.
pub const CSV: &str = "text/csv";

/// The formats of an issued document, in the order in which pages offer them: of a published PDF that PDF alone, and no
/// XML where an amount has more decimals than EN 16931 knows.
pub fn offered(invoice: &Invoice) -> Vec<Format> {
    let (Body::Composed(_), Some(issue)) = (&invoice.body, &invoice.issue) else { return vec![Format::Pdf] };
    // A table of another program says too little for an e-invoice.
    let xml = rules::fits_xml(&issue.totals) && issue.pdf.media_type != CSV;
    Format::OF_ONE.into_iter().filter(|x| xml || !matches!(x, Format::Ubl | Format::Cii)).collect()
}

/// The document's file in `format`, which is one of those [`offered`] and not the PDF; `credits` is the invoice that a
/// credit note takes back, `original` the bytes of a document that was made elsewhere. `None` for any other format.
pub fn rendition(
    format: Format,
    invoice: &Invoice,
    credits: Option<&Invoice>,
    sheet: &Sheet,
    original: Option<&[u8]>,
) -> Option<Vec<u8>> {
    let issue = invoice.issue.as_ref()?;
    if !offered(invoice).contains(&format) {
        return None;
    }
    let own = original.filter(|_| issue.elsewhere.is_some()).and_then(|bytes| its_own(issue, bytes));
    let kind = if invoice.is_invoice() { "invoice" } else { "credit note" };
    let as_it_came = |wanted: Syntax| own.as_ref().filter(|x| x.0 == wanted).map(|x| x.2.clone());
    let bill = || match &own {
        Some((_, bill, _)) => Some(bill.clone()),
        None => Bill::of(invoice, &Frozen::of(issue, credits)),
    };
    match format {
        Format::Ubl => as_it_came(Syntax::Ubl).or_else(|| Some(ubl(&bill()?).into_bytes())),
        Format::Cii => as_it_came(Syntax::Cii).or_else(|| Some(cii(&bill()?).into_bytes())),
        Format::Csv => Some(csv::document(&bill()?, kind).into_bytes()),
        Format::Html => Some(html_file(sheet).into_bytes()),
        Format::Pdf | Format::Zip => None,
    }
}

/// The rows of an issued document in a table of many, as [`csv::COLUMNS`]: one for each line, or one for the whole
/// where only that is known. Empty for a draft.
pub fn register_rows(invoice: &Invoice, credits: Option<&Invoice>, original: Option<&[u8]>) -> String {
    let Some(issue) = &invoice.issue else { return String::new() };
    let kind = if invoice.is_invoice() { "invoice" } else { "credit note" };
    let own = original.filter(|_| issue.elsewhere.is_some()).and_then(|bytes| its_own(issue, bytes));
    let bill = own.map(|x| x.1).or_else(|| Bill::of(invoice, &Frozen::of(issue, credits)));
    if let Some(bill) = bill.filter(|x| !x.lines.is_empty()) {
        return csv::rows(&bill, kind);
    }
    let due = if invoice.is_invoice() { invoice.due.to_string() } else { String::new() };
    let credits = credits.and_then(|x| x.number()).map_or_else(String::new, ToString::to_string);
    csv::whole(&[
        ("document", kind.to_owned()),
        ("number", issue.number.to_string()),
        ("issued", invoice.dated.to_string()),
        ("due", due),
        ("currency", invoice.currency.to_string()),
        ("seller", issue.seller.name.clone()),
        ("seller_vat_id", issue.seller.vat_id.clone()),
        ("buyer", issue.buyer.name.clone()),
        ("buyer_vat_id", issue.buyer.vat_id.clone()),
        ("buyer_reference", invoice.reference.clone()),
        ("credits", credits),
        ("note", invoice.note.clone()),
        ("item", invoice.title.clone()),
        ("payable", issue.totals.payable().decimal().to_string()),
    ])
}

/// The XML that a document was read from, and what it says.
fn its_own(issue: &Issue, bytes: &[u8]) -> Option<(Syntax, Bill, Vec<u8>)> {
    let xml = match issue.pdf.media_type.as_str() {
        XML => bytes.to_vec(),
        CSV => return None,
        _ => embedded_xml(bytes).ok().flatten()?,
    };
    let (syntax, bill) = read(&xml).ok()?;
    Some((syntax, bill, xml))
}
