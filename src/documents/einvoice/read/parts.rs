//! Small things of both vocabularies: figures, dates, and what must be there.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Fault;
use super::tree::Element;

/// Longest figure, in characters.
const FIGURE_MAX: usize = 30;

/// A decimal number as XML Schema writes it, kept as it is written; empty for an absent element.
pub(super) fn figure(element: Option<&Element>) -> Result<String, Fault> {
    let Some(element) = element else { return Ok(String::new()) };
    let text = element.text.as_str();
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = body.bytes().all(|b| b.is_ascii_digit() || b == b'.') && body.bytes().any(|b| b.is_ascii_digit());
    let fine = plain && text.len() <= FIGURE_MAX && text.trim_start_matches('+').parse::<Decimal>().is_ok();
    let shown: String = text.chars().take(FIGURE_MAX).collect();
    if fine {
        Ok(text.trim_start_matches('+').to_owned())
    } else {
        Err(Fault::of(element, format!("{shown:?} is no number.")))
    }
}

/// A figure in the document's currency; another currency is refused.
pub(super) fn amount(element: Option<&Element>, currency: &str) -> Result<String, Fault> {
    let figure = figure(element)?;
    if let Some(element) = element {
        let other = element.attribute("currencyID");
        if !other.is_empty() && other != currency {
            return Err(Fault::of(element, format!("It is in {other:?}, and the document is in {currency}.")));
        }
    }
    Ok(figure)
}

/// A day as UBL writes it, `2026-11-27`, with or without a zone behind it.
pub(super) fn day(element: Option<&Element>) -> Result<Option<Date>, Fault> {
    let Some(element) = element.filter(|x| !x.text.is_empty()) else { return Ok(None) };
    let text = element.text.as_str();
    let day = text.get(..10).and_then(|x| x.parse::<Date>().ok());
    let zone = text.get(10..).is_none_or(|x| x.is_empty() || x == "Z" || x.starts_with(['+', '-']));
    day.filter(|_| zone).map(Some).ok_or_else(|| Fault::of(element, "This is no date such as 2026-11-27."))
}

/// A day as CII writes it, `20261127`: the only form that EN 16931 knows, 102.
pub(super) fn compact_day(element: Option<&Element>) -> Result<Option<Date>, Fault> {
    let Some(element) = element else { return Ok(None) };
    let Some(inner) = element.child("DateTimeString") else { return Ok(None) };
    let text = inner.text.as_str();
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    let part = |from: usize, to: usize| text.get(from..to).and_then(|x| x.parse::<i16>().ok());
    let day = part(0, 4)
        .zip(part(4, 6))
        .zip(part(6, 8))
        .and_then(|((year, month), day)| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok());
    let known = matches!(inner.attribute("format"), "102" | "");
    day.filter(|_| digits && known).map(Some).ok_or_else(|| Fault::of(inner, "This is no date such as 20261127."))
}

/// Text that must be there.
pub(super) fn must(parent: &Element, path: &str, rule: &str, what: &str) -> Result<String, Fault> {
    let text = parent.text_at(path);
    if text.is_empty() {
        Err(Fault::of(parent, format!("{rule}: {what} is missing ({path}).")))
    } else {
        Ok(text.to_owned())
    }
}

/// A yes or no.
pub(super) fn is_true(element: Option<&Element>) -> Result<bool, Fault> {
    match element.map(|x| (x, x.text.as_str())) {
        Some((_, "true" | "1")) => Ok(true),
        Some((_, "false" | "0")) => Ok(false),
        Some((element, _)) => Err(Fault::of(element, "Neither true nor false.")),
        None => Err(Fault::whole("An allowance or charge does not say which of the two it is.")),
    }
}

/// Every filled text of a name, one below the other.
pub(super) fn lines<'a>(texts: impl Iterator<Item = &'a Element>) -> String {
    let all: Vec<&str> = texts.map(|x| x.text.as_str()).filter(|x| !x.is_empty()).collect();
    all.join("\n")
}
