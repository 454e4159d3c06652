//! Sheets: the slip with its stub, which is the counterfoil, and what opens inside a stub.
//!
//! Must not know which state an invoice is in; pages choose the words.

use maud::{Markup, Render, html};

use super::{Icon, Tone, icon};

/// An open item on a list: what it is, and its stub with amount and action.
#[derive(Clone, Debug)]
pub struct Slip {
    /// Unique on the page; names the heading.
    pub id: String,
    /// Tags and the document's number.
    pub tags: Markup,
    /// A link to the whole.
    pub title: Markup,
    /// A sentence or two, then links; each its own element.
    pub body: Markup,
    /// Usually [`amount`], a date and one button.
    pub stub: Markup,
    /// The stub's tone.
    pub tone: Tone,
}

/// One slip.
pub fn slip(slip: &Slip) -> Markup {
    html! {
        article.slip aria-labelledby=(slip.id) {
            div.stack { p.row.small { (slip.tags) } h3 id=(slip.id) { (slip.title) } (slip.body) }
            div.stub.(slip.tone.class()) { (slip.stub) }
        }
    }
}

/// Slips under one another, under a heading that is only heard.
pub fn slips(id: &str, heading: &str, slips: &[Slip]) -> Markup {
    html! {
        section.sec.slips aria-labelledby=(id) { h2.vh id=(id) { (heading) } @for one in slips { (slip(one)) } }
    }
}

/// A slip's amount and the words before it, which are only heard: `To pay`.
pub fn amount(heard: &str, amount: &str) -> Markup {
    html! { p.amt { span.vh { (heard) " " } (amount) } }
}

/// A paid slip's stamp.
pub fn stamp(word: &str) -> Markup {
    html! { p.gap-y { span.stamp { (word) } } }
}

/// A whole document beside its stub; on a phone the stub comes first. `label` names the stub: `Pay or answer`.
pub fn document(label: &str, stub: impl Render, bill: impl Render) -> Markup {
    html! {
        div.slip.big {
            aside.stub aria-label=(label) { div.stick { (stub) } }
            (bill)
        }
    }
}

/// The amount that opens a document's stub, its name seen.
pub fn amount_big(name: &str, amount: &str) -> Markup {
    html! { p { span.lbl { (name) } br; span.amt { (amount) } } }
}

/// A way out of a bill that opens inside the stub: one element, such as a form. `open` after a refused form.
pub fn act(picture: Icon, summary: impl Render, open: bool, body: impl Render) -> Markup {
    html! { details.act open[open] { summary { (icon(picture)) (summary) } (body) } }
}

/// The last line of a stub: what can be downloaded, as (address, short word, what it is of).
pub fn downloads(words: &str, links: &[(&str, &str, &str)]) -> Markup {
    html! {
        div.act.dls {
            (icon(Icon::Down)) b { (words) }
            ul.row {
                @for (href, word, of) in links { li { a href=(href) { (word) span.vh { " " (of) } } } }
            }
        }
    }
}

/// A name and its value, in a stub: `IBAN`, with a button that copies it if `copied` is true.
pub fn detail(name: &str, value: &str, copied: bool) -> Markup {
    html! {
        div { dt.lbl { (name) } dd.row.spread { span.mono { (value) } @if copied { (super::copy(value, "Copy")) } } }
    }
}
