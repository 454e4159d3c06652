//! The boxes beside the rows of a list, and the archive of those that are ticked.
//!
//! A plain form around the table, sent by GET: the address says which documents are wished. Must not know what a
//! document is nor whose; whoever reads finds each one again in what they may see.

use std::str::FromStr;

use maud::{Markup, html};

use super::forms::Fields;
use super::parts::{self, Look, field_id};
use crate::domain::refusal::FieldFault;

/// Most documents that one form names: as many as the longest page of a list shows.
pub const TICKED_MAX: usize = 100;
/// What each box sends.
const BOX: &str = "pick";
/// Says that it is this form, also when nothing is ticked.
const FORM: &str = "ticked";

/// What the query of an archive's address names, each once; `None` when it does not come from this form.
///
/// # Errors
/// When nothing is ticked, more than [`TICKED_MAX`], or something that is no document.
pub fn read<T: FromStr + Ord>(query: &Fields) -> Option<Result<Vec<T>, FieldFault>> {
    if !query.has(FORM) && !query.has(BOX) {
        return None;
    }
    let mut all = Vec::new();
    for text in query.all(BOX) {
        match text.parse() {
            Ok(_) if all.len() == TICKED_MAX => {
                return Some(Err(fault(&format!("Tick {TICKED_MAX} documents at most"))));
            }
            Ok(one) if all.contains(&one) => {}
            Ok(one) => all.push(one),
            Err(_) => return Some(Err(missing())),
        }
    }
    Some(if all.is_empty() { Err(fault("Tick the documents that you want")) } else { Ok(all) })
}

/// One that is ticked is not there, or not for whoever asks: the two are never told apart.
pub fn missing() -> FieldFault {
    fault("A document that you ticked is not in this list any more; look again at what is ticked")
}

fn fault(message: &str) -> FieldFault {
    FieldFault::new(BOX, message)
}

/// The form around a list’s table; `kept` are the fields that lead back to the same page of the list.
pub fn form(action: &str, kept: &[(&str, &str)], table: &Markup) -> Markup {
    html! {
        form method="get" action=(action) {
            (parts::hidden(FORM, "1"))
            @for (name, value) in kept { @if !value.is_empty() { (parts::hidden(name, value)) } }
            (table)
            div.row.no-print { (parts::submit(Look::Plain, "Download the selected as ZIP")) }
        }
    }
}

/// The box of a row: its value, the document’s name for those who hear the page, and whether it is the page’s first.
pub fn tick(query: &Fields, value: &str, name: &str, first: bool) -> Markup {
    let on = query.all(BOX).any(|x| x == value);
    html! {
        input.tick type="checkbox" name=(BOX) value=(value) id=[first.then(|| field_id(BOX))] checked[on]
            aria-label={ "Select " (name) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::InvoiceId;

    #[test]
    fn what_is_ticked_is_read_once_each_and_never_too_much() {
        let read = |text: &str| read::<InvoiceId>(&Fields::parse(text).unwrap());
        assert_eq!(read("month=2026-10"), None);
        assert_eq!(read("ticked=1&pick=7&pick=5&pick=7"), Some(Ok(vec![InvoiceId(7), InvoiceId(5)])));
        assert_eq!(read("ticked=1&pick=x"), Some(Err(missing())));
        assert!(read("ticked=1").unwrap().unwrap_err().message.contains("Tick the documents"));
        let many = |n: usize| (1..=n).map(|n| format!("pick={n}")).collect::<Vec<_>>().join("&");
        assert_eq!(read(&many(TICKED_MAX)).unwrap().unwrap().len(), TICKED_MAX);
        assert!(read(&many(TICKED_MAX + 1)).unwrap().unwrap_err().message.contains("100"));
    }
}
