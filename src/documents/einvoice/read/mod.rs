//! E-invoices of others: UBL 2.1 and CII, taken apart into a [`Bill`] whose sums add up.
//!
//! Reads what EN 16931 knows and passes over the rest, attachments among it. Whatever can't be read is refused with its
//! element and line; nothing is guessed and no sum is mended.

mod check;
mod cii;
mod parts;
pub mod tree;
mod ubl;

use std::fmt;

use rust_decimal::Decimal;

use self::tree::Element;
use super::{Bill, Change};
pub use check::check;

/// Which of the two vocabularies it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// OASIS UBL 2.1.
    Ubl,
    /// UN/CEFACT CII D16B, also within a PDF.
    Cii,
}

/// Why a document can't be read: where, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1; 0 when it is about the whole.
    pub line: u32,
    /// The element; may be empty.
    pub element: String,
    /// What is wrong.
    pub message: String,
}

impl Fault {
    fn whole(message: impl Into<String>) -> Self {
        Self { line: 0, element: String::new(), message: message.into() }
    }

    fn at(line: u32, element: &str, message: impl Into<String>) -> Self {
        Self { line, element: element.chars().take(NAME_SHOWN).collect(), message: message.into() }
    }

    fn of(element: &Element, message: impl Into<String>) -> Self {
        Self::at(element.line, &element.name, message)
    }
}

/// Characters of an element's name that are told.
const NAME_SHOWN: usize = 80;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.element.as_str()) {
            (0, _) => f.write_str(&self.message),
            (line, "") => write!(f, "Line {line}: {}", self.message),
            (line, element) => write!(f, "Line {line}, {element}: {}", self.message),
        }
    }
}

impl std::error::Error for Fault {}

/// Reads an invoice or credit note and checks its sums.
///
/// # Errors
/// Names element and line, or the sums that disagree.
pub fn read(bytes: &[u8]) -> Result<(Syntax, Bill), Fault> {
    let root = tree::parse(bytes)?;
    let read = match root.name.as_str() {
        "Invoice" | "CreditNote" => (Syntax::Ubl, ubl::read(&root)?),
        "CrossIndustryInvoice" => (Syntax::Cii, cii::read(&root)?),
        "CrossIndustryDocument" => {
            return Err(Fault::of(&root, "This is ZUGFeRD 1.0, which EN 16931 replaced. Save it as Factur-X."));
        }
        _ => return Err(Fault::of(&root, "This is no invoice in UBL 2.1 or UN/CEFACT CII.")),
    };
    check(&read.1)?;
    Ok(read)
}

/// What allowances and charges of a line take off together.
pub fn taken_off(changes: &[Change]) -> Decimal {
    let signed = changes.iter().filter_map(|x| {
        let amount: Decimal = x.amount.parse().ok()?;
        Some(if x.charge { -amount } else { amount })
    });
    signed.fold(Decimal::ZERO, Decimal::saturating_add)
}

#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod tests;
