//! How amounts, parts of amounts and periods are typed in the form of a document, and how kept ones are put back.
//!
//! Knows no store and no route.

use std::collections::HashMap;

use jiff::civil::Date;
use maud::{Markup, html};
use rust_decimal::Decimal;

use crate::domain::firm::Firm;
use crate::domain::money::{Currency, Money};
use crate::domain::refusal::FieldFault;
use crate::domain::tax::{Period, Portion, Vat, VatCategory, parse_number};
use crate::web::forms::{self, Fields};
use crate::web::parts::{self, FieldError, field_id};

/// Most decimals of a percentage.
pub const PERCENT_DIGITS: u32 = 2;

/// What a number without a sign means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bare {
    /// Percent; an amount is told by its currency.
    Percent,
    /// An amount; a percentage is told by its sign.
    Amount,
}

/// Reads `10`, `10%` or `50 EUR`; nothing is nothing.
///
/// # Errors
/// Names `field` when it is none of these, below zero, or more than all of it.
pub fn portion(field: &str, typed: &str, currency: Currency, bare: Bare) -> Result<Portion, FieldFault> {
    let text = typed.trim();
    let folded = text.to_ascii_uppercase();
    let in_money = folded.contains(currency.code()) || text.contains(['€', '$', '£', '¥']);
    match (text.is_empty(), text.ends_with('%') || bare == Bare::Percent && !in_money) {
        (true, _) => Ok(Portion::default()),
        (_, true) => percent(field, text.trim_end_matches('%')).map(Portion::Percent),
        _ => amount(field, &folded.replace(currency.code(), ""), currency).map(Portion::Amount),
    }
}

/// Reads a percentage from 0 to 100.
fn percent(field: &str, typed: &str) -> Result<Decimal, FieldFault> {
    let number = parse_number(field, typed, PERCENT_DIGITS)?;
    let fits = (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&number);
    if fits { Ok(number) } else { Err(FieldFault::new(field, "Enter a discount from 0 to 100 percent.")) }
}

/// Reads an amount of 0 or more, in minor units; nothing is 0.
///
/// # Errors
/// Names `field` when it is no amount, or below zero.
pub fn amount(field: &str, typed: &str, currency: Currency) -> Result<i64, FieldFault> {
    if typed.trim().is_empty() {
        return Ok(0);
    }
    match Money::parse(field, typed, currency)?.minor {
        ..0 => Err(FieldFault::new(field, "Enter an amount of 0 or more.")),
        minor => Ok(minor),
    }
}

/// A portion as it is typed.
pub fn portion_words(portion: Portion, currency: Currency, bare: Bare) -> String {
    match (portion, bare) {
        _ if portion.is_zero() => String::new(),
        (Portion::Percent(percent), Bare::Percent) => percent.normalize().to_string(),
        (Portion::Percent(percent), Bare::Amount) => format!("{}%", percent.normalize()),
        (Portion::Amount(minor), Bare::Percent) => format!("{} {currency}", Money::new(minor, currency).decimal()),
        (Portion::Amount(minor), Bare::Amount) => Money::new(minor, currency).decimal().to_string(),
    }
}

/// An amount as it is typed; nothing for 0.
pub fn amount_words(minor: i64, currency: Currency) -> String {
    if minor == 0 { String::new() } else { Money::new(minor, currency).decimal().to_string() }
}

/// Reads a date that may be left empty.
///
/// # Errors
/// Names `field` when it is no date of the years that documents may have.
pub fn optional_date(field: &str, typed: &str) -> Result<Option<Date>, FieldFault> {
    if typed.trim().is_empty() { Ok(None) } else { forms::date_within_years(field, typed).map(Some) }
}

/// Reads a period that may be left empty; its faults are named under `to`.
///
/// # Errors
/// When a day is no date, one of the two is missing, or the last is before the first.
pub fn period(to: &str, first: &str, last: &str) -> Result<Option<Period>, FieldFault> {
    match (optional_date(to, first)?, optional_date(to, last)?) {
        (None, None) => Ok(None),
        (Some(from), Some(until)) if from <= until => Ok(Some(Period { from, to: until })),
        (Some(from), Some(_)) => Err(FieldFault::new(to, format!("Enter {from} or a later day."))),
        _ => Err(FieldFault::new(to, "Enter both days, or neither.")),
    }
}

/// `S:23`: category and rate, as the choice sends them.
pub fn vat_code(vat: Vat) -> String {
    format!("{}:{}", vat.category.code(), vat.rate.normalize())
}

/// Reads category and rate.
///
/// # Errors
/// When it is no such choice; the field is not named.
pub fn read_vat(typed: &str) -> Result<Vat, FieldFault> {
    let parts = typed
        .split_once(':')
        .and_then(|(category, rate)| Some((VatCategory::from_code(category)?, rate.parse::<Decimal>().ok()?)));
    let (category, rate) = parts.ok_or_else(|| FieldFault::new("", "Choose a VAT rate."))?;
    Vat::new("", category, rate)
}

/// The firm's usual VAT, as a choice.
pub fn usual_vat(firm: &Firm) -> String {
    let vat = firm.vat_rates.first().copied().unwrap_or_default();
    if vat.category == VatCategory::Standard && vat.rate.is_zero() { "O:0".to_owned() } else { vat_code(vat) }
}

/// The firm's rates, the categories without one, and the one that is chosen if it is none of these.
pub fn vat_choices(firm: &Firm, chosen: &str) -> Vec<(String, String)> {
    let words = |vat: Vat| match vat.category {
        VatCategory::Standard => firm.locale.percent(vat.rate),
        other if other.has_rates() => format!("{} {}", other.words(), firm.locale.percent(vat.rate)),
        other => other.words().to_owned(),
    };
    let none = VatCategory::ALL.into_iter().filter(|c| !c.has_rates());
    let charged = |vat: &Vat| vat.category != VatCategory::Standard || !vat.rate.is_zero();
    let rates = firm.vat_rates.iter().copied().filter(charged);
    let all = rates.chain(none.map(|category| Vat { category, rate: Decimal::ZERO }));
    let mut out: Vec<(String, String)> = all.map(|vat| (vat_code(vat), words(vat))).collect();
    if !out.iter().any(|x| x.0 == chosen) {
        match read_vat(chosen) {
            Ok(vat) => out.push((chosen.to_owned(), words(vat))),
            Err(_) => out.insert(0, (String::new(), "Choose".to_owned())),
        }
    }
    out
}

/// The rows of a form whose fields are called `{letter}{row}.{part}`, each row as long as `parts`: as long as rows were
/// sent, at most `most`.
pub fn rows(fields: &Fields, letter: char, parts: &[&str], most: usize) -> Vec<Vec<String>> {
    let all: HashMap<&str, &str> = fields.pairs().collect();
    let name = |at: usize, part: &str| format!("{letter}{at}.{part}");
    let value = |at: usize, part: &str| all.get(name(at, part).as_str()).map_or("", |x| *x).to_owned();
    (0..=most)
        .take_while(|at| parts.iter().any(|part| all.contains_key(name(*at, part).as_str())))
        .map(|at| parts.iter().map(|part| value(at, part)).collect())
        .collect()
}

/// A control of a row, with its error.
pub struct Cell<'a> {
    name: String,
    label: String,
    error: Option<&'a str>,
}

impl<'a> Cell<'a> {
    /// The control named `name`, called `label` by those who hear the page.
    pub fn new(name: String, label: String, errors: &'a [FieldError]) -> Self {
        let error = errors.iter().find(|e| e.key == name).map(|e| e.message.as_str());
        Self { label, error, name }
    }

    fn around(&self, control: Markup) -> Markup {
        html! {
            @if let Some(error) = self.error { p.err.small id={ (field_id(&self.name)) "-e" } { (error) } }
            (control)
        }
    }

    fn described_by(&self) -> Option<String> {
        self.error.map(|_| format!("{}-e", field_id(&self.name)))
    }

    fn invalid(&self) -> Option<&'static str> {
        self.error.map(|_| "true")
    }

    /// Words of several lines.
    pub fn area(&self, value: &str) -> Markup {
        self.around(html! {
            textarea id=(field_id(&self.name)) name=(self.name) aria-label=(self.label) rows="1"
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()] { (value) }
        })
    }

    /// A line of words.
    pub fn text(&self, value: &str) -> Markup {
        self.around(html! {
            input id=(field_id(&self.name)) name=(self.name) aria-label=(self.label) autocomplete="off" value=(value)
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
        })
    }

    /// A day.
    pub fn date(&self, value: &str) -> Markup {
        self.around(html! {
            input type="date" id=(field_id(&self.name)) name=(self.name) aria-label=(self.label) value=(value)
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
        })
    }

    /// A number, under the classes of its column.
    pub fn number(&self, value: &str, class: &str) -> Markup {
        self.around(html! {
            input.(class) id=(field_id(&self.name)) name=(self.name) aria-label=(self.label) inputmode="decimal"
                autocomplete="off" value=(value) aria-invalid=[self.invalid()] aria-describedby=[self.described_by()];
        })
    }

    /// One of a list.
    pub fn select(&self, value: &str, choices: &[(String, String)]) -> Markup {
        self.around(html! {
            select id=(field_id(&self.name)) name=(self.name) aria-label=(self.label)
                aria-invalid=[self.invalid()] aria-describedby=[self.described_by()] {
                @for (code, words) in choices { option value=(code) selected[code == value] { (words) } }
            }
        })
    }
}

/// What is wrong with a list as a whole.
pub fn whole_fault(key: &str, errors: &[FieldError]) -> Markup {
    let wrong = errors.iter().find(|e| e.key == key);
    html! { @if let Some(error) = wrong { p.err { span.vh { "Error:" } " " (error.message) } } }
}

/// A part of the form that most documents do without: closed while nothing is in it and nothing is wrong with it.
pub fn rare(icon: parts::Icon, summary: &str, used: bool, body: Markup) -> Markup {
    parts::act(icon, summary, used, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_are_percent_or_amounts_as_they_are_typed() {
        let dec = |text: &str| text.parse::<Decimal>().unwrap();
        for (typed, bare, read) in [
            ("", Bare::Percent, Portion::default()),
            ("12.5", Bare::Percent, Portion::Percent(dec("12.5"))),
            ("10 %", Bare::Amount, Portion::Percent(dec("10"))),
            ("50 EUR", Bare::Percent, Portion::Amount(5_000)),
            ("€ 50,25", Bare::Percent, Portion::Amount(5_025)),
            ("12.34", Bare::Amount, Portion::Amount(1_234)),
        ] {
            assert_eq!(portion("p", typed, Currency::EUR, bare), Ok(read), "{typed}");
            let again = portion_words(read, Currency::EUR, bare);
            assert_eq!(portion("p", &again, Currency::EUR, bare), Ok(read), "{again}");
        }
        for typed in ["101", "-1", "-5 EUR", "ten", "10.001%", "1.234 EUR 5"] {
            assert!(portion("p", typed, Currency::EUR, Bare::Percent).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_period_has_both_days_in_order_or_neither() {
        assert_eq!(period("to", "", " "), Ok(None));
        assert!(period("to", "2026-10-01", "2026-10-01").unwrap().is_some());
        for (from, to) in [("2026-10-01", ""), ("", "2026-10-01"), ("2026-10-02", "2026-10-01"), ("x", "2026-10-01")] {
            assert_eq!(period("to", from, to).unwrap_err().field, "to");
        }
    }
}
