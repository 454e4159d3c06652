//! The rules of EN 16931 that a document would break, named before it goes out: by the identifier that validators use,
//! with a sentence that says what to do and the field to do it in.
//!
//! Only what can be broken here is looked at; what the types rule out (a missing number, a line without unit) is not,
//! and lines, periods and reasons are looked at by [`Invoice::ready`] (BR-16, BR-29, BR-30, BR-33, BR-38). A field of
//! the firm's settings begins with `settings.`, one of the client's form with `client.`, and any other is one of the
//! document's own form. Must not know how a document is written down.

mod sums;
#[cfg(test)]
mod tests;

mod vat;

use super::client::Party;
use super::country;
use super::invoice::{Body, Invoice};
use super::party::Endpoint;
use super::refusal::{Faults, Refusal};
use super::tax::{Content, Totals};

pub use sums::fits_xml;

/// A rule that a document would break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its identifier in EN 16931 ("BR-AE-02").
    pub rule: &'static str,
    /// The field to mend.
    pub field: String,
    /// What to do.
    pub advice: String,
}

/// What is looked at: the document with the parties as they would be frozen.
struct Case<'a> {
    invoice: &'a Invoice,
    content: &'a Content,
    seller: &'a Party,
    buyer: &'a Party,
    broken: Vec<Broken>,
}

impl Case<'_> {
    fn add(&mut self, rule: &'static str, field: impl Into<String>, advice: impl Into<String>) {
        self.broken.push(Broken { rule, field: field.into(), advice: advice.into() });
    }

    fn require(&mut self, kept: bool, rule: &'static str, field: &str, advice: &str) {
        if !kept {
            self.add(rule, field, advice);
        }
    }
}

/// Every rule that the document would break, sent by `seller` to `buyer`. None for a published PDF, whose content is
/// its own matter.
pub fn broken(invoice: &Invoice, totals: Option<&Totals>, seller: &Party, buyer: &Party) -> Vec<Broken> {
    let Body::Composed(content) = &invoice.body else { return Vec::new() };
    let mut case = Case { invoice, content, seller, buyer, broken: Vec::new() };
    parties(&mut case);
    lines(&mut case);
    vat::check(&mut case);
    if let Some(totals) = totals {
        sums::check(&mut case, totals);
    }
    case.broken
}

/// As [`broken`], refusing: each sentence begins with its rule, as in "BR-AE-02: …".
///
/// # Errors
/// Every field to mend.
pub fn check(invoice: &Invoice, totals: Option<&Totals>, seller: &Party, buyer: &Party) -> Result<(), Refusal> {
    let mut faults = Faults::default();
    for Broken { rule, field, advice } in broken(invoice, totals, seller, buyer) {
        faults.add(&field, format!("{rule}: {advice}"));
    }
    faults.check()
}

fn parties(case: &mut Case<'_>) {
    let (seller, buyer) = (case.seller.clone(), case.buyer.clone());
    let identified = !seller.vat_id.is_empty() || !seller.legal_id.is_empty();
    case.require(!seller.name.trim().is_empty(), "BR-06", "settings.name", "Enter the firm’s name in Settings.");
    case.require(!buyer.name.trim().is_empty(), "BR-07", "client.name", "Enter the client’s name.");
    for (party, rule, field, of) in [
        (&seller, "BR-09", "settings.country", "the firm’s country in Settings"),
        (&buyer, "BR-11", "client.country", "the client’s country"),
    ] {
        if party.country.is_empty() {
            case.add(rule, field, format!("Choose {of}; an invoice needs both."));
        } else if country::name(&party.country).is_none() {
            case.add("BR-CL-14", field, format!("Choose {of} again: {} is no code of ISO 3166.", party.country));
        }
    }
    let advice = "Enter the firm’s VAT number, or its register number, in Settings, so that the client can tell who \
        sent the invoice.";
    case.require(identified, "BR-CO-26", "settings.vat_id", advice);
    for (party, field, whose) in [(&seller, "settings.vat_id", "firm’s"), (&buyer, "client.vat_id", "client’s")] {
        if !party.vat_id.is_empty() && !country::leads_vat_id(&party.vat_id) {
            case.add("BR-CO-09", field, format!("Begin the {whose} VAT number with its country, as in IE6388047V."));
        }
    }
    for (party, rule, field) in [(&seller, "BR-62", "settings.endpoint"), (&buyer, "BR-63", "client.endpoint")] {
        let Endpoint { scheme, id } = &party.endpoint;
        let kept = id.is_empty() || !scheme.is_empty();
        case.require(kept, rule, field, "Choose what kind of electronic address it is.");
    }
}

fn lines(case: &mut Case<'_>) {
    let content = case.content;
    for (at, line) in content.lines.iter().enumerate() {
        let n = at + 1;
        if line.name().is_empty() {
            case.add("BR-25", format!("l{at}.description"), format!("Say in line {n} what is charged."));
        }
        if line.price.is_sign_negative() && !line.price.is_zero() {
            case.add(
                "BR-27",
                format!("l{at}.price"),
                format!("Make the price of line {n} positive; to take something back, its quantity is negative."),
            );
        }
    }
}
