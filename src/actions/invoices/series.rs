//! The series that numbers are given from: in sequence, over any number that a published PDF took.

use jiff::civil::Date;

use crate::domain::firm::Firm;
use crate::domain::invoice::{Invoice, Kind};
use crate::domain::number::{DocumentNumber, Pattern};
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;

/// The number that the series of a document gives next: in sequence, over any that a published PDF took.
///
/// # Errors
/// When the store fails or the pattern gives no number for that year.
pub fn next_number(reader: &impl Reader, firm: &Firm, invoice: &Invoice) -> Result<DocumentNumber, ActError> {
    let (name, pattern) = match invoice.kind {
        Kind::Invoice => ("invoice", &firm.series.invoice),
        Kind::CreditNote(_) => ("credit-note", &firm.series.credit_note),
    };
    let mut sequence = reader.last_in_series(&series(name, pattern, invoice.dated))? + 1;
    loop {
        let number = pattern.write(invoice.dated.year(), sequence).map_err(Refusal::from)?;
        if reader.invoice_numbered(&number)?.is_none() {
            return Ok(number);
        }
        sequence += 1;
    }
}

/// Counts the series up to `number`.
pub(super) fn advance(
    w: &mut WriteTx<'_>,
    firm: &Firm,
    invoice: &Invoice,
    number: &DocumentNumber,
) -> Result<(), ActError> {
    let (name, pattern) = match invoice.kind {
        Kind::Invoice => ("invoice", &firm.series.invoice),
        Kind::CreditNote(_) => ("credit-note", &firm.series.credit_note),
    };
    let series = series(name, pattern, invoice.dated);
    loop {
        let sequence = w.next_in_series(&series)?;
        if pattern.write(invoice.dated.year(), sequence).map_err(Refusal::from)? == *number {
            return Ok(());
        }
    }
}

/// The series that a pattern counts in: by year where the pattern has one.
pub(crate) fn series(name: &str, pattern: &Pattern, dated: Date) -> String {
    let year = if pattern.yearly() { dated.year().to_string() } else { String::new() };
    format!("{name}/{}/{year}", pattern.as_str())
}
