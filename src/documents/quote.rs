//! Quotes as a [`Sheet`].
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

use jiff::civil::Date;

use super::Sheet;
use super::invoice::Look;
use crate::domain::client::Party;
use crate::domain::number::DocumentNumber;
use crate::domain::quote::Quote;
use crate::domain::tax::{Line, Totals};

/// What a quote says, also before it has a number.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// `None` for a draft.
    pub number: Option<&'a DocumentNumber>,
    /// What it is about.
    pub title: &'a str,
    /// Civil date of issue.
    pub issued: Date,
    /// Last civil day on which it can be accepted.
    pub valid_until: Date,
    /// What is offered.
    pub lines: &'a [Line],
    /// Printed as they are.
    pub totals: &'a Totals,
    /// Free text below the lines.
    pub note: &'a str,
    /// Name of the project.
    pub project: Option<&'a str>,
}

impl<'a> Offer<'a> {
    /// What a sent quote says.
    pub fn of(quote: &'a Quote, project: Option<&'a str>) -> Self {
        Self {
            number: Some(&quote.number),
            title: &quote.title,
            issued: quote.issued,
            valid_until: quote.valid_until,
            lines: &quote.lines,
            totals: &quote.totals,
            note: &quote.note,
            project,
        }
    }
}

/// The sheet of a quote.
pub fn quote_sheet(look: &Look, seller: &Party, buyer: &Party, offer: &Offer) -> Sheet {
    let _ = (look, seller, buyer, offer);
    Sheet::default()
}
