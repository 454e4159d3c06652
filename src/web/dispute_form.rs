//! The form of a dispute, as portal and desk share it: which lines or how much, why, and in which words.
//!
//! Must not know who fills it in. Nothing ticked and no amount is the whole invoice.

use maud::{Markup, html};

use super::forms::Fields;
use super::parts::{self, Choice, Field, FieldError, Look, csrf_input, hidden};
use crate::domain::dispute::{Dispute, Ground, Part, WORDS_MAX, Wish, line_shares};
use crate::domain::firm::Locale;
use crate::domain::ids::DisputeId;
use crate::domain::invoice::{Body, Invoice};
use crate::domain::money::Money;
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::tax::Line;

/// The hidden field that names the dispute which the form was drawn for.
const SEEN: &str = "seen";

/// The open dispute that the form changes, as it was when it was drawn; `None` where it raises one.
pub fn seen(fields: &Fields) -> Option<(DisputeId, u32)> {
    let (id, changes) = fields.get(SEEN).split_once('-')?;
    Some((id.parse().ok()?, changes.parse().ok()?))
}

/// What somebody wrote of a dispute, with its line breaks.
pub fn typed(words: &str) -> Markup {
    html! { @if !words.is_empty() { span.pre { (words) } } }
}

/// The hidden field that [`seen`] reads.
pub fn seen_input(open: &Dispute) -> Markup {
    hidden(SEEN, &format!("{}-{}", open.id, open.changes))
}

/// What was typed, as a wish.
///
/// # Errors
/// Names the fields `lines`, `disputed` and `ground`, all at once.
pub fn read(fields: &Fields, invoice: &Invoice) -> Result<Wish, Refusal> {
    let mut faults = Faults::default();
    let part = faults.take_opt(part(fields, invoice));
    let ground = faults.take_opt(Ground::parse(fields.get("ground")));
    faults.check()?;
    let (Some(part), Some(ground)) = (part, ground) else { return Err(Refusal::TryAgain) };
    Ok(Wish { part, ground, words: fields.get("words").to_owned() })
}

fn part(fields: &Fields, invoice: &Invoice) -> Result<Part, FieldFault> {
    let typed = fields.get("disputed").trim();
    if fields.has("lines") {
        let read = |text: &str| text.parse().map_err(|_| FieldFault::new("lines", "Choose lines of this invoice."));
        return Ok(Part::Lines(fields.all("lines").map(read).collect::<Result<_, _>>()?));
    }
    if typed.is_empty() {
        return Ok(Part::Whole);
    }
    Ok(Part::Amount(Money::parse("disputed", typed, invoice.currency)?.minor))
}

/// The form as it is filled for the first time: empty, or as the open dispute has it.
pub fn proposed(open: Option<&Dispute>, locale: Locale) -> Fields {
    let Some(dispute) = open else { return Fields::default() };
    let mut fields = vec![("ground", dispute.ground.code().to_owned()), ("words", dispute.words.clone())];
    match &dispute.part {
        Part::Whole => {}
        Part::Lines(lines) => fields.extend(lines.iter().map(|at| ("lines", at.to_string()))),
        Part::Amount(_) => fields.push(("disputed", locale.amount(dispute.amount))),
    }
    Fields::of(fields)
}

/// Where a form posts, and who is asked.
#[derive(Clone, Copy, Debug)]
pub struct Drawn<'a> {
    /// The address that it is posted to.
    pub action: &'a str,
    /// The form's token.
    pub csrf: &'a str,
    /// What the button says.
    pub button: &'a str,
    /// What the field of the words is called.
    pub words: &'a str,
    /// The open dispute that it changes.
    pub open: Option<&'a Dispute>,
}

/// The form with what was typed, or what is kept.
pub fn form(drawn: Drawn<'_>, invoice: &Invoice, locale: Locale, typed: &Fields, errors: &[FieldError]) -> Markup {
    let field = |name: &'static str, label| Field::new(name, label).value(typed.get(name)).errors(errors);
    let at_most = format!("At most {WORDS_MAX} characters.");
    let grounds: Vec<Choice<'_>> = Ground::ALL.iter().map(|x| Choice::new(x.code(), x.words())).collect();
    html! {
        form method="post" action=(drawn.action) {
            (csrf_input(drawn.csrf))
            @if let Some(open) = drawn.open { (seen_input(open)) }
            @if let Some(lines) = lines(invoice, locale, typed, errors) { (lines) } @else {
                (parts::money(
                    &field("disputed", "Amount").optional().hint("Leave it empty to dispute the whole invoice."),
                    invoice.currency.code(),
                ))
            }
            (parts::radios(&field("ground", "What is wrong?"), &grounds))
            (parts::textarea(&field("words", drawn.words).hint(&at_most), 5))
            div.row.gap-y { (parts::submit(Look::Plain, drawn.button)) }
        }
    }
}

/// What was typed, to read where there is no form to send it with.
pub fn facts(fields: &Fields, invoice: &Invoice) -> Vec<(&'static str, Markup)> {
    let named: Vec<&str> = match &invoice.body {
        Body::Composed(content) => {
            let lines = fields.all("lines").filter_map(|at| content.lines.get(at.parse::<usize>().ok()?));
            lines.map(Line::name).collect()
        }
        Body::Published(_) => Vec::new(),
    };
    let amount = fields.get("disputed").trim();
    let what = match (named.as_slice(), amount) {
        ([], "") => "The whole invoice".to_owned(),
        ([], amount) => format!("{amount} of it"),
        (lines, _) => lines.join(", "),
    };
    let why = Ground::parse(fields.get("ground")).map_or("", Ground::words);
    vec![("What", html! { (what) }), ("Why", html! { (why) }), ("In your words", typed(fields.get("words")))]
}

/// The lines to tick, with what each comes to; `None` where there is no choice.
fn lines(invoice: &Invoice, locale: Locale, typed: &Fields, errors: &[FieldError]) -> Option<Markup> {
    let Body::Composed(content) = &invoice.body else { return None };
    let shares = line_shares(invoice).filter(|x| x.len() > 1 && x.len() == content.lines.len())?;
    let named: Vec<(String, String)> = content
        .lines
        .iter()
        .zip(&shares)
        .enumerate()
        .map(|(at, (line, share))| {
            let name = if line.name().is_empty() { format!("Line {}", at + 1) } else { line.name().to_owned() };
            (at.to_string(), format!("{name}, {}", locale.money(*share)))
        })
        .collect();
    let choices: Vec<Choice<'_>> = named.iter().map(|(at, label)| Choice::new(at, label)).collect();
    let ticked: Vec<&str> = typed.all("lines").collect();
    let field = Field::new("lines", "Which lines?").errors(errors);
    let field = field.hint("Amounts with VAT. Tick none to dispute the whole invoice.");
    Some(parts::checks(&field, &choices, &ticked))
}
