//! The texts of letters: one pure function each.
//!
//! Knows what is said and to whom; must not know when, how often or by which server a letter goes. Links and codes stay
//! slots ([`LINK_SLOT`], [`CODE_SLOT`]) until the letter is sent.

use jiff::civil::Date;

use crate::domain::firm::Firm;
use crate::domain::invoice::Invoice;
use crate::domain::letter::{CODE_SLOT, LINK_SLOT};
use crate::domain::money::Money;
use crate::domain::quote::Quote;
use crate::domain::reminder::Tone;

/// A letter's words. `text` and `html` hold the slots where link and code go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// One line, with amount and state.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part, a whole document.
    pub html: String,
}

/// What a letter about an invoice or credit note is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Who writes.
    pub firm: &'a Firm,
    /// Full name of the reader, who is greeted by the first.
    pub to_name: &'a str,
    /// The document, issued.
    pub invoice: &'a Invoice,
    /// What of it is open today.
    pub open: Money,
    /// The civil day on which the letter goes.
    pub today: Date,
    /// Who signs: the firm's correspondent, or the firm.
    pub from_person: &'a str,
}

/// A document was issued, or a PDF published.
pub fn issued(s: &Subject) -> Text {
    stub(&s.invoice.title, LINK_SLOT)
}

/// A credit note on the invoice `of_number` was issued.
pub fn credit_note(s: &Subject, of_number: &str) -> Text {
    stub(of_number, LINK_SLOT)
}

/// An open invoice, before, on or after its due date.
pub fn reminder(s: &Subject, tone: Tone) -> Text {
    let _ = tone;
    stub(&s.invoice.title, LINK_SLOT)
}

/// Somebody asked to sign in: a link and a six-digit code.
pub fn sign_in(firm: &Firm, to_name: &str) -> Text {
    let _ = to_name;
    stub(&firm.party.name, &format!("{LINK_SLOT} {CODE_SLOT}"))
}

/// A link to set a password, for somebody who was `invited` or who asked for a new one.
pub fn set_password(firm: &Firm, to_name: &str, invited: bool) -> Text {
    let _ = (to_name, invited);
    stub(&firm.party.name, LINK_SLOT)
}

/// A quote was sent.
pub fn quote_sent(firm: &Firm, to_name: &str, quote: &Quote, today: Date) -> Text {
    let _ = (firm, to_name, today);
    stub(&quote.title, LINK_SLOT)
}

fn stub(subject: &str, text: &str) -> Text {
    Text { subject: subject.to_owned(), text: text.to_owned(), html: text.to_owned() }
}
