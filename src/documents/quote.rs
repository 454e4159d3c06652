//! Quotes as a [`Sheet`], and in the other formats in which they can be had.
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

use jiff::civil::Date;

use super::bill::Look;
use super::bill_lines::{options, section, vat_notes};
use super::einvoice::{Bill, Frozen};
use super::sheet::{Clauses, Fact, Sheet};
use super::{csv, html_file};
use crate::domain::client::Party;
use crate::domain::format::Format;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::{Body, Invoice, Kind, References};
use crate::domain::number::DocumentNumber;
use crate::domain::quote::{Quote, Version, fixed};
use crate::domain::tax::{Content, Totals, totals};
use crate::domain::terms::Terms;

/// The formats of a quote, in the order in which pages offer them.
pub const OFFERED: [Format; 3] = [Format::Pdf, Format::Csv, Format::Html];

/// What a version of a quote says, also before it has a number.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// `None` for a draft.
    pub number: Option<&'a DocumentNumber>,
    /// Which version of that number, from 1.
    pub version: u32,
    /// What it is about.
    pub title: &'a str,
    /// Civil date of issue.
    pub issued: Date,
    /// Last civil day on which it can be accepted.
    pub valid_until: Date,
    /// What is offered, options too.
    pub content: &'a Content,
    /// The lines that are options, by number.
    pub options: &'a [u32],
    /// Of what is not an option; printed as they are.
    pub totals: &'a Totals,
    /// Of everything, where there are options.
    pub with_all: Option<Totals>,
    /// When it would be delivered.
    pub delivery: &'a str,
    /// Free text below the lines.
    pub note: &'a str,
    /// What whoever accepts agrees to.
    pub terms: &'a str,
    /// Name of the project.
    pub project: Option<&'a str>,
}

impl<'a> Offer<'a> {
    /// What a version of a sent quote says.
    pub fn of(number: &'a DocumentNumber, version: u32, of: &'a Version, project: Option<&'a str>) -> Self {
        Self {
            number: Some(number),
            version,
            title: &of.title,
            issued: of.issued,
            valid_until: of.valid_until,
            content: &of.content,
            options: &of.options,
            totals: &of.totals,
            with_all: of.totals_with_all(),
            delivery: &of.delivery,
            note: &of.note,
            terms: &of.terms,
            project,
        }
    }
}

/// The sheet of a quote; without a number it is a draft and says so.
pub fn quote_sheet(look: &Look, seller: &Party, buyer: &Party, offer: &Offer) -> Sheet {
    let (locale, words) = (look.firm.locale, look.words());
    let number = offer.number.map(DocumentNumber::as_str);
    let fixed = fixed(offer.content, offer.options);
    let mut sections = Vec::new();
    if !fixed.lines.is_empty() {
        sections.push(section(locale, offer.title, &fixed, offer.totals, None));
    }
    sections.extend(offer.with_all.as_ref().map(|all| options(locale, offer.content, offer.options, all)));
    if let Some(first) = sections.first_mut().filter(|_| fixed.lines.is_empty()) {
        first.heading =
            [offer.title, &first.heading].into_iter().filter(|x| !x.is_empty()).collect::<Vec<_>>().join(". ");
    }
    Sheet {
        number: number.unwrap_or_default().to_owned(),
        facts: facts(look, offer),
        sections,
        notes: notes(look, seller, offer),
        clauses: clauses(words.quote.terms, offer.terms),
        banner: number.is_none().then(|| words.quote.draft.to_owned()),
        ..look.sheet(words.quote.title, seller, buyer)
    }
}

fn facts(look: &Look, offer: &Offer) -> Vec<Fact> {
    let (locale, words) = (look.firm.locale, look.words());
    let (sheet, names) = (&words.sheet, &words.quote);
    let version = match offer.version {
        1 => String::new(),
        version => (names.in_place_of)(&version.to_string(), &version.saturating_sub(1).to_string()),
    };
    let mut facts = vec![
        Fact::new(sheet.number, offer.number.map_or("", DocumentNumber::as_str)),
        Fact::new(names.version, version),
        Fact::new(sheet.issued, locale.date_long(offer.issued)),
        Fact::new(names.valid_until, locale.date_long(offer.valid_until)),
        Fact::new(names.delivery, offer.delivery),
        Fact::new(sheet.project, offer.project.unwrap_or_default()),
    ];
    facts.retain(|x| !x.value.is_empty());
    facts
}

fn notes(look: &Look, seller: &Party, offer: &Offer) -> Vec<String> {
    let (locale, words) = (look.firm.locale, &look.words().quote);
    let stands = if offer.terms.is_empty() { words.stands } else { words.stands_on_terms };
    let until = stands(&locale.date_long(offer.valid_until));
    let mut notes = vec![offer.note.to_owned()];
    let groups = offer.with_all.as_ref().unwrap_or(offer.totals);
    notes.extend(vat_notes(locale, offer.content, groups, seller));
    notes.push([until, look.questions()].join(" ").trim().to_owned());
    notes.retain(|x| !x.trim().is_empty());
    notes
}

/// The terms, paragraph by paragraph; `None` without any.
fn clauses(heading: &str, terms: &str) -> Option<Clauses> {
    let texts: Vec<String> = terms.split("\n\n").map(str::trim).filter(|x| !x.is_empty()).map(str::to_owned).collect();
    (!texts.is_empty()).then(|| Clauses { heading: heading.to_owned(), texts })
}

/// A version's file in a format of [`OFFERED`] that is not the PDF; `None` for any other.
pub fn rendition(format: Format, quote: &Quote, version: &Version, sheet: &Sheet) -> Option<Vec<u8>> {
    match format {
        Format::Html => Some(html_file(sheet).into_bytes()),
        Format::Csv => Some(csv::document(&bill(quote, version)?, "quote").into_bytes()),
        Format::Pdf | Format::Ubl | Format::Cii | Format::Zip => None,
    }
}

/// The quote in the terms of the table that invoices are in as well: every line, and the sums without the options.
fn bill(quote: &Quote, version: &Version) -> Option<Bill> {
    let all = totals(&version.content, version.currency())?;
    let mut bill = bill_of(quote, version, version.content.clone(), &all)?;
    let without = bill_of(quote, version, fixed(&version.content, &version.options), &version.totals)?;
    (bill.sums, bill.groups) = (without.sums, without.groups);
    for (number, item) in (1..).zip(&mut bill.lines) {
        item.optional = version.options.contains(&number);
    }
    Some(bill)
}

fn bill_of(quote: &Quote, version: &Version, content: Content, totals: &Totals) -> Option<Bill> {
    let invoice = Invoice {
        id: InvoiceId(0),
        client: quote.client,
        project: quote.project,
        kind: Kind::Invoice,
        title: version.title.clone(),
        currency: version.currency(),
        dated: version.issued,
        due: version.valid_until,
        terms: Terms::default(),
        reference: String::new(),
        references: References::default(),
        delivered: None,
        period: None,
        note: version.note.clone(),
        body: Body::Composed(content),
        recipients: Vec::new(),
        quote: None,
        late: None,
        issue: None,
        changed: version.at,
    };
    let Version { seller, buyer, letterhead, .. } = version;
    Bill::of(&invoice, &Frozen { number: &quote.number, seller, buyer, letterhead, totals, credits: None })
}
