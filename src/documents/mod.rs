//! Room: one description of a billing document ([`Sheet`]), made from an invoice, quote or statement and drawn as PDF
//! and as HTML.
//!
//! The builders format what the domain has reckoned; from the sheet on, nothing knows what an invoice is and every
//! string is finished. Must not reckon money, nor know where documents are kept. The only room that uses krilla and
//! harfrust.
#![expect(clippy::float_arithmetic, reason = "geometry in points; money arrives here as finished text")]

mod bill;
mod bill_lines;
#[cfg(test)]
mod bill_tests;
pub mod certificate;
mod code;
mod csv;
pub mod einvoice;
mod embedded;
mod facturx;
mod fonts;
mod html;
mod html_file;
pub mod ics;
pub mod invoice;
mod layout;
mod logo;
pub mod open_items;
mod pdf;
pub mod pdf_check;
pub mod quote;
pub mod receipt;
mod rendition;
mod shape;
mod sheet;
pub mod statement;
mod words;

#[cfg(test)]
mod tests;

pub use bill::{Look, transfer_code};
pub use code::{code, svg};
pub use csv::{COLUMNS, Csv, line as csv_line};
pub use embedded::{Hidden, embedded_xml};
pub use fonts::Fonts;
pub use html::html;
pub use html_file::html_file;
pub use logo::{check_logo, only_picture};
pub use pdf::{Meta, factur_x, pdf};
pub use rendition::{CSV, XML, offered, register_rows, rendition};
pub use sheet::*;
pub use words::{LateDays, credit_words, late_words, part_words};

use std::fmt;

/// Why a document could not be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// The fallback font file is not a font that can be embedded.
    Font,
    /// The logo is not a readable PNG or JPEG, or it is larger than [`MAX_LOGO_SIDE`] pixels.
    Logo(String),
    /// The document would have more pages than this limit.
    TooManyPages(usize),
    /// The PDF writer refused the document.
    Writer(String),
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Font => f.write_str("The fallback font cannot be read. Choose an OpenType or TrueType file."),
            Self::Logo(why) => write!(
                f,
                "The logo cannot be used ({why}). Choose a PNG or JPEG of at most {MAX_LOGO_SIDE} pixels a side."
            ),
            Self::TooManyPages(limit) => {
                write!(f, "The document would be longer than {limit} pages. Divide it into several documents.")
            }
            Self::Writer(why) => write!(f, "The PDF could not be written: {why}."),
        }
    }
}

impl std::error::Error for DocumentError {}
