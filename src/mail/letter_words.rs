//! What every letter has in common: greeting, signature, and typed text made safe for one line.
//!
//! Must not know what a letter is about.

use super::letter_html::{Part, plain, rich};
use crate::domain::firm::Firm;

/// Forms of address that are no first name.
const HONORIFICS: [&str; 9] = ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "dame"];

/// A letter's words. `text` and `html` hold the slots where link, code and anchor go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// One line, with amount and state.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part, a whole document.
    pub html: String,
}

/// Greets, says the parts and signs.
pub(super) fn compose(firm: &Firm, to_name: &str, from_person: &str, subject: String, mut parts: Vec<Part>) -> Text {
    parts.insert(0, Part::Says(greeting(to_name)));
    parts.push(Part::Signed(signature(firm, from_person)));
    parts.push(Part::Anchor);
    let subject = flat(&subject);
    let html = rich(&subject, firm.locale.tag(), &firm.colour, &parts);
    Text { text: plain(&parts), html, subject }
}

pub(super) fn greeting(to_name: &str) -> String {
    let name = flat(to_name);
    let first = name.split(' ').next().unwrap_or_default();
    let title = HONORIFICS.contains(&first.trim_end_matches('.').to_lowercase().as_str());
    match (first, title) {
        ("", _) => "Hello,".to_owned(),
        (_, true) => format!("Dear {name},"),
        (first, false) => format!("Dear {},", first.trim_end_matches(',')),
    }
}

fn signature(firm: &Firm, from_person: &str) -> Vec<String> {
    let email = firm.email.as_ref().map(|x| x.as_str().to_owned()).unwrap_or_default();
    let mut lines = vec![flat(from_person), flat(&firm.party.name), flat(&firm.phone), flat(&email)];
    lines.retain(|x| !x.is_empty());
    lines.dedup();
    lines
}

/// " “Lease of Unit 4”": what a document is about, as its title says; empty without one.
pub(super) fn about(title: &str) -> String {
    match flat(title) {
        title if title.is_empty() => title,
        title => format!(" “{title}”"),
    }
}

/// "7 days late".
pub(super) fn days_late(days: i32) -> String {
    if days == 1 { "1 day late".to_owned() } else { format!("{days} days late") }
}

/// Text that somebody typed, in one line, without anything that reads as a slot: of brackets in a row one is kept.
pub(super) fn flat(typed: &str) -> String {
    let mut out = String::with_capacity(typed.len());
    for word in typed.split(|c: char| c.is_whitespace() && c != '\u{a0}' || c.is_control()).filter(|x| !x.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        for c in word.chars().filter(|c| !crate::domain::text::is_deceptive(*c)) {
            if !(c == '[' && out.ends_with('[')) {
                out.push(c);
            }
        }
    }
    out
}

/// "reply to this e-mail or ring 01 555 0142".
pub(super) fn tell_us(firm: &Firm) -> String {
    match flat(&firm.phone) {
        phone if phone.is_empty() => "reply to this e-mail".to_owned(),
        phone => format!("reply to this e-mail or ring {phone}"),
    }
}
