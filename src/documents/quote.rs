//! Quotes as a [`Sheet`].
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

use jiff::civil::Date;

use super::bill::Look;
use super::bill_lines::{section, vat_notes};
use super::sheet::{Fact, Sheet};
use crate::domain::client::Party;
use crate::domain::number::DocumentNumber;
use crate::domain::quote::Quote;
use crate::domain::tax::{Content, Line, Totals};

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

/// The sheet of a quote; without a number it is a draft and says so.
pub fn quote_sheet(look: &Look, seller: &Party, buyer: &Party, offer: &Offer) -> Sheet {
    let locale = look.firm.locale;
    let number = offer.number.map(DocumentNumber::as_str);
    let mut facts = vec![
        Fact::new("Number", number.unwrap_or_default()),
        Fact::new("Issued", locale.date_long(offer.issued)),
        Fact::new("Valid until", locale.date_long(offer.valid_until)),
        Fact::new("Project", offer.project.unwrap_or_default()),
    ];
    facts.retain(|x| !x.value.is_empty());
    let until = format!(
        "This offer stands until the end of {}. You can accept it online or in writing.",
        locale.date_long(offer.valid_until)
    );
    let mut notes = vec![offer.note.to_owned()];
    let content = Content::of(offer.lines.to_vec());
    notes.extend(vat_notes(locale, &content, offer.totals, seller));
    notes.push([until, look.questions()].join(" ").trim().to_owned());
    notes.retain(|x| !x.trim().is_empty());
    Sheet {
        number: number.unwrap_or_default().to_owned(),
        facts,
        sections: vec![section(locale, offer.title, &content, offer.totals, "Total")],
        notes,
        banner: number.is_none().then(|| "DRAFT – not a quote".to_owned()),
        ..look.sheet("Quote", seller, buyer)
    }
}
