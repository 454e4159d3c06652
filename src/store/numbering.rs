//! The series of numbers that were given, and the documents that have them.

use redb::ReadableTable;

use super::error::StoreError;
use super::invoices::InvoiceReads;
use super::payments::PaymentReads;
use super::quotes::QuoteReads;
use super::tables::{INVOICE_NUMBERS, QUOTE_NUMBERS, RECEIPT_NUMBERS, SEQUENCES};
use super::tx::Reader;
use crate::domain::calendar::today;
use crate::domain::credit::Credited;
use crate::domain::ids::{InvoiceId, QuoteId, ReceiptId};
use crate::domain::invoice::{Body, Invoice};
use crate::domain::number::{DocumentNumber, Pattern};
use crate::domain::numbering::{Finding, Given, review};

/// What a series numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbered {
    /// Invoices.
    Invoice,
    /// Credit notes.
    CreditNote,
    /// Quotes.
    Quote,
    /// Receipts.
    Receipt,
}

impl Numbered {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Invoice, "invoice", "Invoices"),
        (Self::CreditNote, "credit-note", "Credit notes"),
        (Self::Quote, "quote", "Quotes"),
        (Self::Receipt, "receipt", "Receipts"),
    ];

    /// The words on screen.
    pub fn words(self) -> &'static str {
        Self::ALL.iter().find(|x| x.0 == self).map_or("", |x| x.2)
    }
}

/// A series in which a number was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Of what.
    pub of: Numbered,
    /// How its numbers are written.
    pub pattern: Pattern,
    /// Of which year, if the sequence starts again each year.
    pub year: Option<i16>,
    /// The last sequence that was counted.
    pub last: u64,
}

/// What is to be said of a series.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// Of what.
    pub of: Numbered,
    /// The pattern.
    pub pattern: String,
    /// The year, if the sequence starts again each year.
    pub year: Option<i16>,
    /// The last number that was counted; empty for none.
    pub last: String,
    /// How many documents have a number of it.
    pub given: u64,
    /// In the order of the series.
    pub findings: Vec<Finding>,
}

impl Report {
    /// "Invoices 2026".
    pub fn name(&self) -> String {
        self.year.map_or_else(|| self.of.words().to_owned(), |year| format!("{} {year}", self.of.words()))
    }
}

/// Reading them.
pub trait NumberReads: Reader {
    /// Every series in which a number was given, by kind, then the newest year first.
    fn series_given(&self) -> Result<Vec<Series>, StoreError> {
        let mut all = Vec::new();
        let table = self.table(SEQUENCES)?;
        for (of, name, _) in Numbered::ALL {
            let (from, to) = (format!("{name}/"), format!("{name}0"));
            for row in table.range(from.as_str()..to.as_str())? {
                let (key, last) = row?;
                let rest = key.value().get(from.len()..).and_then(|x| x.rsplit_once('/'));
                let Some((pattern, year)) = rest else { continue };
                let Ok(pattern) = Pattern::parse("pattern", pattern) else { continue };
                all.push(Series { of, pattern, year: year.parse().ok(), last: last.value() });
            }
        }
        all.sort_by(|a, b| (a.of, b.year).cmp(&(b.of, a.year)));
        Ok(all)
    }

    /// What is to be said of a series. Reads every document of it.
    fn series_report(&self, series: &Series) -> Result<Report, StoreError> {
        let year = series.year.unwrap_or_default();
        let mut given = match series.of {
            Numbered::Quote => self.quotes_given(series, year)?,
            Numbered::Receipt => self.receipts_given(series, year)?,
            Numbered::Invoice | Numbered::CreditNote => self.invoices_given(series, year)?,
        };
        given.sort_by_key(|x| x.sequence);
        let write = |n| series.pattern.write(year, n).map_or_else(|_| n.to_string(), |x| x.to_string());
        let findings = review(&given, series.last, write);
        let last = if series.last == 0 { String::new() } else { write(series.last) };
        let (of, pattern, year) = (series.of, series.pattern.as_str().to_owned(), series.year);
        Ok(Report { of, pattern, year, last, given: given.len() as u64, findings })
    }

    /// The invoices or credit notes that have a number of the series.
    fn invoices_given(&self, series: &Series, year: i16) -> Result<Vec<Given>, StoreError> {
        let (starts, mut found) = (series.pattern.begins(year).to_ascii_uppercase(), Vec::new());
        {
            let table = self.table(INVOICE_NUMBERS)?;
            for row in table.range(starts.as_str()..)? {
                let (key, id) = row?;
                if !key.value().starts_with(&starts) {
                    break;
                }
                found.push(InvoiceId(id.value()));
            }
        }
        let mut all = Vec::new();
        for invoice in found.into_iter().filter_map(|id| self.invoice(id).transpose()) {
            let invoice = invoice?;
            let Some(number) = invoice.number() else { continue };
            let Some(sequence) = series.pattern.sequence_of(year, number) else { continue };
            let published = matches!(invoice.body, Body::Published(_));
            let cancelled_by = if published { None } else { cancelled(self, &invoice)? };
            all.push(Given { sequence, number: number.to_string(), dated: invoice.dated, cancelled_by, published });
        }
        Ok(all)
    }

    /// The quotes that have a number of the series.
    fn quotes_given(&self, series: &Series, year: i16) -> Result<Vec<Given>, StoreError> {
        let (starts, mut found) = (series.pattern.begins(year), Vec::new());
        {
            let table = self.table(QUOTE_NUMBERS)?;
            for row in table.range(starts.as_str()..)? {
                let (key, id) = row?;
                if !key.value().starts_with(&starts) {
                    break;
                }
                let number = key.value().parse::<DocumentNumber>().ok();
                found.extend(number.map(|number| (number, QuoteId(id.value()))));
            }
        }
        let mut all = Vec::new();
        for (number, id) in found {
            let (Some(quote), Some(sequence)) = (self.quote(id)?, series.pattern.sequence_of(year, &number)) else {
                continue;
            };
            let (number, dated) = (number.to_string(), quote.current.issued);
            all.push(Given { sequence, number, dated, cancelled_by: None, published: false });
        }
        Ok(all)
    }

    /// The receipts that have a number of the series, by the days on which they were recorded: money may be dated back.
    fn receipts_given(&self, series: &Series, year: i16) -> Result<Vec<Given>, StoreError> {
        let (starts, mut found) = (series.pattern.begins(year), Vec::new());
        {
            let table = self.table(RECEIPT_NUMBERS)?;
            for row in table.range(starts.as_str()..)? {
                let (key, id) = row?;
                if !key.value().starts_with(&starts) {
                    break;
                }
                found.push(ReceiptId(id.value()));
            }
        }
        let mut all = Vec::new();
        for receipt in found.into_iter().filter_map(|id| self.receipt(id).transpose()) {
            let receipt = receipt?;
            let Some(sequence) = series.pattern.sequence_of(year, &receipt.number) else { continue };
            let (number, dated) = (receipt.number.to_string(), today(receipt.at, &jiff::tz::TimeZone::UTC));
            all.push(Given { sequence, number, dated, cancelled_by: None, published: false });
        }
        Ok(all)
    }
}

impl<T: Reader + ?Sized> NumberReads for T {}

/// The credit notes of an invoice of which nothing is left.
fn cancelled<R: Reader + ?Sized>(reader: &R, invoice: &Invoice) -> Result<Option<String>, StoreError> {
    // A shelf tells at once whether anything was credited at all.
    if !invoice.is_invoice()
        || reader.settled(invoice.id)?.credited == 0 && reader.credit_notes_for(invoice)?.is_empty()
    {
        return Ok(None);
    }
    let notes = reader.credit_notes_for(invoice)?;
    let whole = Credited::of(invoice, &notes).is_some_and(|x| !x.is_left());
    let numbers: Vec<String> = notes.iter().filter_map(|x| Some(x.number()?.to_string())).collect();
    Ok((whole && !numbers.is_empty()).then(|| numbers.join(", ")))
}
