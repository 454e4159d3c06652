//! The fields of a promise to pay, as portal and desk ask for them, and what they say when they are read.

use jiff::Span;
use jiff::civil::Date;
use maud::{Markup, html};

use super::dispute_form;
use super::forms::Fields;
use super::parts::{self, Field, FieldError};
use crate::domain::money::{Currency, Money};
use crate::domain::promise::{self, NOTE_MAX, Wish};
use crate::domain::refusal::{Faults, Refusal};

/// Days ahead that a form proposes.
pub(super) const PROPOSED: i64 = 7;

/// What the two forms say otherwise.
pub(super) struct Asks<'a> {
    /// The label of the day.
    pub day: &'a str,
    /// Below it.
    pub until: &'a str,
    /// Before the limit of the note.
    pub note: &'a str,
}

/// The wish that was typed, of an invoice of which so much is open.
///
/// # Errors
/// Names the fields `day` and `amount`.
pub(super) fn read(fields: &Fields, open: Money) -> Result<Wish, Refusal> {
    let mut faults = Faults::default();
    let day = faults.take_opt(promise::day(fields.get("day")));
    let amount = faults.take_opt(promise::amount(fields.get("amount"), open));
    faults.check()?;
    let (Some(day), Some(amount)) = (day, amount) else { return Err(Refusal::TryAgain) };
    Ok(Wish { day, amount, note: fields.get("note").to_owned() })
}

/// What was typed, to read where there is no form to send it with.
pub(super) fn facts(typed: &Fields) -> Vec<(&'static str, Markup)> {
    let line = |name| html! { (typed.get(name)) };
    vec![("You pay by", line("day")), ("Amount", line("amount")), ("Note", dispute_form::typed(typed.get("note")))]
}

/// Day, amount and note; the day from `today` on, at most `days` ahead.
pub(super) fn inputs(
    (typed, errors): (&Fields, &[FieldError]),
    asks: &Asks<'_>,
    currency: Currency,
    (today, days): (Date, u16),
) -> Markup {
    fn field<'a>((name, label): (&'a str, &'a str), typed: &'a Fields, errors: &'a [FieldError]) -> Field<'a> {
        Field::new(name, label).value(typed.get(name)).errors(errors)
    }
    let [day, amount, about] =
        [("day", asks.day), ("amount", "Amount"), ("note", "Note")].map(|x| field(x, typed, errors));
    let last = today.saturating_add(Span::new().days(days)).to_string();
    let note = format!("{}At most {NOTE_MAX} characters.", asks.note);
    html! {
        (parts::date(&day.hint(asks.until), Some(&today.to_string()), Some(&last)))
        (parts::money(&amount, currency.code()))
        (parts::textarea(&about.optional().hint(&note), 3))
    }
}
