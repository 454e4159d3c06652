//! Letters in the words that a firm chose: its subject, opening and closing around what each letter says by itself,
//! which are the invoice with its amount and state, the button, and the signature.
//!
//! Words that can't be true of an invoice give way to ours, and so do those that speak of an invoice where a letter is
//! about a late payment note. Knows no more of how a letter goes than
//! [`super::letters`] does.

use super::letter_html::Part;
use super::letter_words::{Text, compose, days_late_alone, flat};
use super::letters::{self, Subject};
use super::letters_digest::{Entry, by, by_in_german, line};
use super::letters_german as german;
use super::message::MAX_SUBJECT_CHARS;
use crate::domain::invoice::days_between;
use crate::domain::language::Language;
use crate::domain::reminder::Tone;
use crate::domain::wording::{LetterKind, Variable, Words, fill};

/// As [`letters::issued`], in the firm's `own` words where it has any and there is something to pay.
pub fn issued(s: &Subject, own: Option<&Words>) -> Text {
    let own = own.filter(|_| s.open.minor > 0 && !s.is_late_note());
    own.and_then(|own| in_own_words(s, LetterKind::Issued, Tone::Upcoming, own)).unwrap_or_else(|| letters::issued(s))
}

/// As [`letters::reminder`], in the firm's `own` words of [`LetterKind::reminder`] where it has any.
pub fn reminder(s: &Subject, tone: Tone, own: Option<&Words>) -> Text {
    let (kind, own) = (LetterKind::reminder(tone, s.due, s.today), own.filter(|_| !s.is_late_note()));
    own.and_then(|own| in_own_words(s, kind, tone, own)).unwrap_or_else(|| letters::reminder(s, tone))
}

fn in_own_words(s: &Subject, kind: LetterKind, tone: Tone, own: &Words) -> Option<Text> {
    let value = |variable| match variable {
        Variable::Number => s.invoice.number().map(|x| x.to_string()).unwrap_or_default(),
        Variable::Title => s.invoice.title.clone(),
        Variable::Amount => s.money(s.asked),
        Variable::DueDate => s.due(),
        Variable::DaysOverdue => days_late_alone(s.firm, days_between(s.due, s.today)),
        other => common(s, other),
    };
    let (subject, opening, closing) = own_words(kind, own, value)?;
    let pay = match s.firm.locale.language() {
        Language::English => s.pay(),
        Language::German => german::pay(s),
    };
    let mut parts: Vec<Part> = opening.into_iter().map(Part::Says).collect();
    parts.push(Part::Says(line(&Entry { about: *s, tone, broken: None })));
    parts.push(Part::Button(pay));
    parts.extend(closing.into_iter().map(Part::Says));
    parts.extend(s.also_open());
    Some(compose(s.firm, s.to_name, s.from_person, subject, parts))
}

/// What every letter can be filled with.
pub(super) fn common(s: &Subject, variable: Variable) -> String {
    match variable {
        Variable::Contact => s.to_name.to_owned(),
        Variable::Client => s.invoice.issue.as_ref().map(|x| x.buyer.name.clone()).unwrap_or_default(),
        Variable::Firm => s.firm.party.name.clone(),
        Variable::PayBy => match s.firm.locale.language() {
            Language::English => by(s),
            Language::German => by_in_german(s),
        },
        _ => String::new(),
    }
}

/// Subject, opening and closing, filled; `None` when they hold what this letter can't be filled with.
pub(super) fn own_words(
    kind: LetterKind,
    own: &Words,
    value: impl Fn(Variable) -> String,
) -> Option<(String, Vec<String>, Vec<String>)> {
    let fill = |text: &str| fill(kind, text, |variable| flat(&value(variable)));
    let subject = flat(&fill(&own.subject)?).chars().take(MAX_SUBJECT_CHARS).collect();
    Some((subject, paragraphs(&fill(&own.opening)?), paragraphs(&fill(&own.closing)?)))
}

/// The paragraphs of a text, parted by empty lines; in each line nothing that reads as a slot.
fn paragraphs(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut fresh = true;
    for line in text.split('\n').map(flat) {
        match out.last_mut() {
            _ if line.is_empty() => fresh = true,
            Some(last) if !fresh => {
                last.push('\n');
                last.push_str(&line);
            }
            _ => {
                out.push(line);
                fresh = false;
            }
        }
    }
    out
}
