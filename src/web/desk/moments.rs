//! A line of the log as a moment of a timeline at the desk.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::{Markup, html};

use super::names::NamesOf;
use super::{icon_of, tone_of};
use crate::domain::event::LogEntry;
use crate::domain::firm::Locale;
use crate::domain::sentence::{Names, for_staff};
use crate::store::prelude::*;
use crate::web::parts::Moment;

/// The line with its time on the firm's wall clocks, and a link to the document it names.
pub fn moment<R: Reader>(
    entry: &LogEntry,
    names: &NamesOf<'_, R>,
    locale: Locale,
    zone: &TimeZone,
    today: Date,
) -> Moment {
    let sentence = for_staff(entry, names, locale);
    let what = match entry.invoice.filter(|id| !names.is_draft(*id)) {
        None if entry.event.document().is_some() => filed(&sentence.text, entry),
        Some(id) => linked(&sentence.text, &names.document(id), &format!("/desk/invoices/{id}")),
        None => html! { (sentence.text) },
    };
    Moment {
        iso: entry.at.strftime("%Y-%m-%dT%H:%MZ").to_string(),
        when: locale.instant_short(entry.at, zone, today),
        tone: tone_of(sentence.mark),
        icon: icon_of(sentence.icon),
        what,
        more: sentence.detail.unwrap_or_default(),
        next: false,
    }
}

/// A sentence about a document, with its title as a link.
fn filed(text: &str, entry: &LogEntry) -> Markup {
    let title = text.split_once('“').and_then(|(_, rest)| rest.rsplit_once('”')).map_or("", |(title, _)| title);
    let href = entry.event.document().map(|id| format!("/desk/documents/{id}")).unwrap_or_default();
    match text.split_once(title).filter(|_| !title.is_empty()) {
        Some((before, after)) => html! { (before) a href=(href) { (title) } (after) },
        None => html! { (text) },
    }
}

/// `text` with its first mention of `number` as a link.
fn linked(text: &str, number: &str, href: &str) -> Markup {
    match text.split_once(number) {
        Some((before, after)) => html! { (before) a.nw href=(href) { (number) } (after) },
        None => html! { (text) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_links_the_document_that_it_names() {
        let text = linked("Ana <b> opened HF-1", "HF-1", "/desk/invoices/1").into_string();
        assert_eq!(text, "Ana &lt;b&gt; opened <a class=\"nw\" href=\"/desk/invoices/1\">HF-1</a>");
        assert_eq!(linked("Nothing named", "HF-1", "/x").into_string(), "Nothing named");
        assert_eq!(icon_of("eye"), Some(crate::web::parts::Icon::Eye));
    }
}
