//! The words of letters that a firm may choose: of which letters, with which variables, and their versions.
//!
//! A firm chooses subject, opening and closing; greeting, amounts, buttons and whatever else a letter must say stay the
//! product's own. Knows no letter's own words: those stand in `mail`.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::event::Actor;
use super::invoice::days_between;
use super::language::Language;
use super::policy::{Channel, Policy, Step, Tone};
use super::refusal::{Faults, Refusal};
use super::sentence::step_words;
use super::text::{self, capital};

/// Longest subject, in characters, before its variables are filled.
pub const SUBJECT_MAX: usize = 150;
/// Characters of what was typed that a fault repeats.
const SHOWN_MAX: usize = 30;

/// A letter whose words the firm may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LetterKind {
    /// Tells of an issued invoice that there is something to pay of.
    Issued,
    /// Reminds of one invoice.
    Reminder(Tone),
    /// Reminds of several, in the tone of the most pressing.
    Several(Tone),
    /// Reminds of one invoice by the step of the policy that has this name ([`Step::id`]), while it speaks in this
    /// tone. Where the firm chose none, [`LetterKind::Reminder`]'s words hold.
    Step(u16, Tone),
}

impl LetterKind {
    /// All but those of single steps, in the order of a list. The place of each is how it is stored: new ones come at
    /// the end, before them [`LetterKind::Step`].
    pub const ALL: [Self; 11] = [
        Self::Issued,
        Self::Reminder(Tone::Upcoming),
        Self::Reminder(Tone::DueToday),
        Self::Reminder(Tone::Overdue),
        Self::Reminder(Tone::Firm),
        Self::Reminder(Tone::Final),
        Self::Several(Tone::Upcoming),
        Self::Several(Tone::DueToday),
        Self::Several(Tone::Overdue),
        Self::Several(Tone::Firm),
        Self::Several(Tone::Final),
    ];

    /// The reminder of `tone` as it is true `today`: before, on or after the due date, whatever was planned.
    pub fn reminder(tone: Tone, due: Date, today: Date) -> Self {
        Self::Reminder(match (days_between(due, today), tone) {
            (..=-1, _) => Tone::Upcoming,
            (0, _) => Tone::DueToday,
            (_, Tone::Firm | Tone::Final) => tone,
            _ => Tone::Overdue,
        })
    }

    /// The reminder by a step of the policy; `None` where that asks for a call.
    pub fn of_step(step: &Step) -> Option<Self> {
        (step.by == Channel::Letter).then_some(Self::Step(step.id, step.tone))
    }

    /// The step of a policy whose words these are.
    pub fn step_in(self, policy: &Policy) -> Option<&Step> {
        policy.steps.iter().find(|step| Self::of_step(step) == Some(self))
    }

    /// The tone of a reminder; an issued invoice's is as before the due date.
    pub fn tone(self) -> Tone {
        match self {
            Self::Issued => Tone::Upcoming,
            Self::Reminder(tone) | Self::Several(tone) | Self::Step(_, tone) => tone,
        }
    }

    /// The letter whose words hold where the firm chose none of this one; `None` where those are ours.
    pub fn instead(self) -> Option<Self> {
        match self {
            Self::Step(_, tone) => Some(Self::Reminder(tone)),
            _ => None,
        }
    }

    /// The number under which it is stored; those of single steps share one.
    pub fn tag(self) -> u8 {
        let last = u8::try_from(Self::ALL.len()).unwrap_or(u8::MAX);
        (0..).zip(Self::ALL).find(|x| x.1 == self).map_or(last, |x| x.0)
    }

    /// The word in addresses.
    pub fn code(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Issued => "issued",
            Self::Reminder(Tone::Upcoming) => "upcoming",
            Self::Reminder(Tone::DueToday) => "due-today",
            Self::Reminder(Tone::Overdue) => "overdue",
            Self::Reminder(Tone::Firm) => "firm",
            Self::Reminder(Tone::Final) => "final",
            Self::Several(Tone::Upcoming) => "several-upcoming",
            Self::Several(Tone::DueToday) => "several-due-today",
            Self::Several(Tone::Overdue) => "several-overdue",
            Self::Several(Tone::Firm) => "several-firm",
            Self::Several(Tone::Final) => "several-final",
            Self::Step(id, tone) => return Cow::Owned(format!("step-{id}-{}", Self::Reminder(tone).code())),
        })
    }

    /// The letter and language of a word in an address: `overdue-de`.
    pub fn from_code(code: &str) -> Option<(Self, Language)> {
        let (kind, language) = code.rsplit_once('-')?;
        let kind = Self::ALL.into_iter().find(|x| x.code() == kind).or_else(|| Self::step_from_code(kind))?;
        Some((kind, Language::ALL.into_iter().find(|x| x.code() == language)?))
    }

    fn step_from_code(code: &str) -> Option<Self> {
        let (id, tone) = code.strip_prefix("step-")?.split_once('-')?;
        let tone = Self::ALL.into_iter().find(|x| matches!(x, Self::Reminder(_)) && x.code() == tone)?.tone();
        let kind = Self::Step(id.parse().ok()?, tone);
        // One address for each: no sign and no leading zero.
        (kind.code() == code).then_some(kind)
    }

    /// As [`Self::words`], with the day of a step of this policy: `the letter 14 days after it was due: firm`.
    pub fn words_in(self, policy: &Policy) -> String {
        match self.step_in(policy) {
            Some(step) => format!("the letter {}: {}", step_words(step.offset), step.tone.words()),
            None => self.words(),
        }
    }

    /// As words: `the final notice`.
    pub fn words(self) -> String {
        let tone = |tone| match tone {
            Tone::Upcoming => "reminder before the due date",
            Tone::DueToday => "reminder on the due date",
            Tone::Overdue => "polite reminder after the due date",
            Tone::Firm => "firm reminder",
            Tone::Final => "final notice",
        };
        match self {
            Self::Issued => "the letter about a new invoice".to_owned(),
            Self::Reminder(x) => format!("the {}", tone(x)),
            Self::Several(x) => format!("the {}, of several invoices", tone(x)),
            Self::Step(_, x) => format!("one step’s {}", tone(x)),
        }
    }

    /// What it may speak of, in the order of a list.
    pub fn variables(self) -> Vec<Variable> {
        Variable::ALL.into_iter().filter(|x| x.fits(self)).collect()
    }
}

/// How a reminder of one invoice speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// The tone of its step on the day it goes.
    pub tone: Tone,
    /// The step that it goes by ([`Step::id`]); `None` where the policy has it no longer.
    pub step: Option<u16>,
}

impl Voice {
    /// That of the step at `offset` of a policy, which has this tone on the day.
    pub fn of(policy: &Policy, offset: i16, tone: Tone) -> Self {
        Self { tone, step: policy.step(offset).map(|x| x.id) }
    }

    /// The letters whose words it may have, its own step's first; what isn't true `today` of an invoice due on `due` is
    /// not among them.
    pub fn kinds(self, due: Date, today: Date) -> impl Iterator<Item = LetterKind> {
        let of_tone = LetterKind::reminder(self.tone, due, today);
        self.step.map(|id| LetterKind::Step(id, of_tone.tone())).into_iter().chain([of_tone])
    }
}

/// What stands in braces in a firm's words, and is filled when the letter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// Who reads it.
    Contact,
    /// The client, as on the invoice.
    Client,
    /// The firm.
    Firm,
    /// The invoice's number.
    Number,
    /// What the invoice is about.
    Title,
    /// How many invoices the letter names.
    Count,
    /// What is asked for, at the moment the letter goes.
    Amount,
    /// The part of it that is overdue.
    AmountOverdue,
    /// By when it is due.
    DueDate,
    /// For how long it has been due.
    DaysOverdue,
    /// The last day that a final notice leaves.
    PayBy,
}

impl Variable {
    const ALL: [Self; 11] = [
        Self::Contact,
        Self::Client,
        Self::Firm,
        Self::Number,
        Self::Title,
        Self::Count,
        Self::Amount,
        Self::AmountOverdue,
        Self::DueDate,
        Self::DaysOverdue,
        Self::PayBy,
    ];

    /// What stands between the braces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Client => "client",
            Self::Firm => "firm",
            Self::Number => "number",
            Self::Title => "title",
            Self::Count => "count",
            Self::Amount => "amount",
            Self::AmountOverdue => "amount overdue",
            Self::DueDate => "due date",
            Self::DaysOverdue => "days overdue",
            Self::PayBy => "pay by",
        }
    }

    /// What it becomes.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Contact => "who reads the letter: Ana Ruiz",
            Self::Client => "the client, as on the invoice",
            Self::Firm => "your firm’s name",
            Self::Number => "the invoice’s number",
            Self::Title => "what the invoice is about; nothing where it has no title",
            Self::Count => "how many invoices the letter names: 3",
            Self::Amount => "what is asked for when the letter goes; of instalments, what is due of them",
            Self::AmountOverdue => "the part of it that is overdue",
            Self::DueDate => "by when it is due: 4 December",
            Self::DaysOverdue => "for how long it has been due: 14 days",
            Self::PayBy => "the last day that a final notice leaves",
        }
    }

    fn fits(self, kind: LetterKind) -> bool {
        let (one, tone) = (!matches!(kind, LetterKind::Several(_)), kind.tone());
        match self {
            Self::Contact | Self::Client | Self::Firm | Self::Amount => true,
            Self::Number | Self::Title | Self::DueDate => one,
            Self::Count => !one,
            Self::AmountOverdue => !one && tone >= Tone::Overdue,
            Self::DaysOverdue => one && tone >= Tone::Overdue,
            Self::PayBy => tone == Tone::Final,
        }
    }

    fn named(typed: &str) -> Option<Self> {
        let name = typed.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        Self::ALL.into_iter().find(|x| x.name() == name)
    }
}

/// A firm's own words of a letter. Subject and opening are never empty; paragraphs are parted by an empty line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// One line.
    pub subject: String,
    /// Between the greeting and what the letter says of itself: the invoices, their amounts, the button.
    pub opening: String,
    /// Between those and the signature; may be empty.
    pub closing: String,
}

impl Words {
    /// Reads what was typed for `kind`.
    ///
    /// # Errors
    /// Every field to mend, with the place of each variable that is unknown, unclosed, or not to be filled.
    pub fn read(kind: LetterKind, subject: &str, opening: &str, closing: &str) -> Result<Self, Refusal> {
        let mut faults = Faults::default();
        let subject = faults.take(text::required("subject", subject, SUBJECT_MAX, "Enter a subject."));
        let mut paragraphs = |name, typed: &str| faults.take(text::paragraph(name, typed));
        let (opening, closing) = (paragraphs("opening", opening), paragraphs("closing", closing));
        faults.check()?;
        let mut faults = Faults::default();
        if opening.is_empty() {
            faults.add("opening", "Enter what the letter says before the invoice and its amount.");
        }
        for (field, text) in [("subject", &subject), ("opening", &opening), ("closing", &closing)] {
            for slip in scan(kind, text).1 {
                faults.add(field, slip);
            }
        }
        faults.check()?;
        Ok(Self { subject, opening, closing })
    }
}

/// The words of a letter in a language as they were from an instant on. Never altered once it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wording {
    /// Of which letter.
    pub kind: LetterKind,
    /// In which language.
    pub language: Language,
    /// Counts from 1, for each letter and language by itself.
    pub version: u32,
    /// The firm's words; `None` where it went back to ours.
    pub words: Option<Words>,
    /// Who chose them.
    pub by: Actor,
    /// Since when.
    pub at: Timestamp,
}

/// A text with its variables filled; `None` when it holds anything that `kind` can't be filled with.
pub fn fill(kind: LetterKind, text: &str, value: impl Fn(Variable) -> String) -> Option<String> {
    let (pieces, slips) = scan(kind, text);
    let one = |piece: &Piece<'_>| match piece {
        Piece::Says(text) => (*text).to_owned(),
        Piece::Filled(variable) => value(*variable),
    };
    slips.is_empty().then(|| pieces.iter().map(one).collect())
}

enum Piece<'t> {
    Says(&'t str),
    Filled(Variable),
}

/// A text in pieces, and a sentence for each thing in it that can't be filled.
fn scan(kind: LetterKind, text: &str) -> (Vec<Piece<'_>>, Vec<String>) {
    let (mut pieces, mut slips, mut at) = (Vec::new(), Vec::new(), 0);
    while let Some(found) = text.get(at..).and_then(|rest| rest.find(['{', '}'])) {
        let (brace, place) = (at + found, place(text, at + found));
        pieces.push(Piece::Says(text.get(at..brace).unwrap_or_default()));
        let rest = text.get(brace + 1..).unwrap_or_default();
        at = brace + 1;
        if text.get(brace..).is_some_and(|x| x.starts_with('}')) {
            slips.push(format!("{place}: “}}” closes nothing. Remove it; braces are for variables only."));
            continue;
        }
        let end = rest.find(['{', '}', '\n']).filter(|end| rest.get(*end..).is_some_and(|x| x.starts_with('}')));
        let Some(end) = end else {
            let from = shown(rest.lines().next().unwrap_or_default());
            slips.push(format!("{place}: “{{{from}” is never closed. Close it with “}}”, or remove the brace."));
            continue;
        };
        let name = rest.get(..end).unwrap_or_default();
        at += end + 1;
        match Variable::named(name) {
            Some(variable) if variable.fits(kind) => pieces.push(Piece::Filled(variable)),
            known => {
                let why = if known.is_some() { "this letter can’t fill" } else { "there is no variable" };
                slips.push(format!("{place}: {why} “{{{}}}”. There are {}.", shown(name), listed(kind)));
            }
        }
    }
    pieces.push(Piece::Says(text.get(at..).unwrap_or_default()));
    (pieces, slips)
}

/// The variables of a letter in a sentence.
fn listed(kind: LetterKind) -> String {
    let names: Vec<String> = kind.variables().iter().map(|x| format!("{{{}}}", x.name())).collect();
    match names.split_last() {
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Where a byte of a text stands, for people: "Line 2, character 14".
fn place(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let character = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    capital(&if text.contains('\n') {
        format!("line {line}, character {character}")
    } else {
        format!("character {character}")
    })
}

fn shown(typed: &str) -> String {
    let mut out: String = typed.chars().take(SHOWN_MAX).collect();
    if out.len() < typed.len() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const OVERDUE: LetterKind = LetterKind::Reminder(Tone::Overdue);

    fn faults(kind: LetterKind, subject: &str, opening: &str, closing: &str) -> Vec<(String, String)> {
        match Words::read(kind, subject, opening, closing) {
            Err(Refusal::Fields(all)) => all.into_iter().map(|x| (x.field, x.message)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_variable_that_is_unknown_unclosed_or_not_to_be_filled_is_named_with_its_place() {
        let told = faults(OVERDUE, "About {amont}", "One\nof {number and\n{pay by}", "}");
        assert_eq!(
            told.iter().map(|x| (x.0.as_str(), x.1.split('.').next().unwrap())).collect::<Vec<_>>(),
            [
                ("subject", "Character 7: there is no variable “{amont}”"),
                ("opening", "Line 2, character 4: “{number and” is never closed"),
                ("opening", "Line 3, character 1: this letter can’t fill “{pay by}”"),
                ("closing", "Character 1: “}” closes nothing"),
            ]
        );
        assert!(told[0].1.ends_with(
            "There are {contact}, {client}, {firm}, {number}, {title}, {amount}, {due date} and {days overdue}."
        ));
        assert_eq!(faults(OVERDUE, "{{client}}", "x", "").len(), 2, "doubled braces are no variable of ours");
        assert_eq!(faults(OVERDUE, " ", "x", "")[0].0, "subject");
        assert_eq!(faults(OVERDUE, "x", "\n\n", "")[0].0, "opening");
    }

    #[test]
    fn no_line_break_or_override_gets_into_a_subject_and_it_is_bounded() {
        for bad in ["a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\u{2028}b", "a\u{202e}b", "a\0", &"x".repeat(151)] {
            assert_eq!(faults(OVERDUE, bad, "x", "")[0].0, "subject", "{bad:?}");
        }
        assert!(Words::read(OVERDUE, &"x".repeat(150), "x", "").is_ok());
        assert_eq!(faults(OVERDUE, "x", &"x".repeat(4_001), "")[0].0, "opening");
    }

    #[test]
    fn names_are_read_in_any_case_and_with_any_blanks() {
        let words = fill(OVERDUE, "A { Due  Date }, {AMOUNT}: {number}.", |x| x.name().to_uppercase());
        assert_eq!(words.as_deref(), Some("A DUE DATE, AMOUNT: NUMBER."));
        assert_eq!(fill(LetterKind::Issued, "{days overdue}", |_| String::new()), None);
    }

    #[test]
    fn a_reminder_is_the_one_that_is_true_today() {
        let due = date(2026, 12, 1);
        let on = |day, tone| LetterKind::reminder(tone, due, day);
        assert_eq!(on(date(2026, 11, 30), Tone::Final), LetterKind::Reminder(Tone::Upcoming));
        assert_eq!(on(due, Tone::Firm), LetterKind::Reminder(Tone::DueToday));
        assert_eq!(on(date(2026, 12, 2), Tone::Upcoming), OVERDUE);
        assert_eq!(on(date(2026, 12, 2), Tone::Firm), LetterKind::Reminder(Tone::Firm));
    }

    #[test]
    fn each_letter_has_a_code_a_number_and_variables_of_its_own() {
        for (n, kind) in LetterKind::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.tag()), n);
            for language in Language::ALL {
                let code = format!("{}-{}", kind.code(), language.code());
                assert_eq!(LetterKind::from_code(&code), Some((kind, language)), "{code}");
            }
            assert!(kind.variables().len() >= 5, "{kind:?}");
        }
        let step = LetterKind::Step(7, Tone::Firm);
        assert_eq!(LetterKind::from_code("step-7-firm-en"), Some((step, Language::English)));
        assert_eq!(
            (usize::from(step.tag()), step.variables()),
            (LetterKind::ALL.len(), LetterKind::Reminder(Tone::Firm).variables())
        );
        for wrong in [
            "",
            "overdue",
            "overdue-fr",
            "-de",
            "x-de",
            "overdue-de-de",
            "step-65536-firm-de",
            "step-+7-firm-de",
            "step-7-issued-de",
        ] {
            assert_eq!(LetterKind::from_code(wrong), None, "{wrong}");
        }
    }

    fn of_pieces() -> impl Strategy<Value = Vec<&'static str>> {
        let some = ["{amount}", "{ Firm }", "{number}", "{count}", "{pay by}", "{x}", "{", "}", "ß", "\n", "pay by"];
        prop::collection::vec(prop::sample::select(some.to_vec()), 0..8)
    }

    proptest! {
        /// Whatever is taken can be filled, keeps every other character, and has no brace left.
        #[test]
        fn what_is_taken_can_be_filled(pieces in of_pieces(), kind in 0..LetterKind::ALL.len()) {
            let (kind, text) = (LetterKind::ALL[kind], pieces.concat());
            let taken = scan(kind, &text).1.is_empty();
            let filled = fill(kind, &text, |_| "\u{1}".to_owned());
            prop_assert_eq!(taken, filled.is_some());
            if let Some(filled) = filled {
                let braces = filled.contains(['{', '}']);
                prop_assert!(!braces);
                prop_assert_eq!(filled.matches('\u{1}').count(), text.matches('{').count());
            }
        }
    }
}
