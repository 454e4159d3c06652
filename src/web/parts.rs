//! The parts that pages are made of: small functions from values to markup. The look is in `assets/css`.
//!
//! Must not know the store, sessions or routes, nor format money and dates: every text arrives in words, as a string or
//! as markup. Nothing here is inline style or script, and nothing is `PreEscaped`.

use maud::{Markup, Render, html};

mod forms;
mod icons;
mod lists;
mod sheets;
mod tables;

pub use forms::*;
pub use icons::*;
pub use lists::*;
pub use sheets::*;
pub use tables::*;

/// What a state means. Colour never says it alone: the words do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// Good: paid, kept, accepted.
    Ok,
    /// Soon or doubtful: due in a few days, a promise not kept.
    Warn,
    /// Late, refused, wrong.
    Bad,
    /// On its way, or someone's turn: promised, disputed, part paid.
    Info,
}

impl Tone {
    /// The class that colours a part; empty for plain.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
        }
    }
}

/// How a button looks. One [`Look::Primary`] per slip or form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// White with an edge.
    #[default]
    Plain,
    /// The one that most people want.
    Primary,
    /// Looks like a link.
    Quiet,
    /// Destroys something; looks like a link, in red.
    Danger,
    /// Small and plain, for rows.
    Small,
    /// Small and primary.
    SmallPrimary,
    /// As wide as its column.
    Wide,
    /// As wide as its column, and the one that most people want.
    WidePrimary,
}

impl Look {
    const fn class(self) -> &'static str {
        match self {
            Self::Plain => "btn",
            Self::Primary => "btn pri",
            Self::Quiet => "btn quiet",
            Self::Danger => "btn quiet danger",
            Self::Small => "btn sm",
            Self::SmallPrimary => "btn pri sm",
            Self::Wide => "btn wide",
            Self::WidePrimary => "btn pri wide",
        }
    }
}

/// A state in a word or two, in a row: `Overdue 12 days`.
pub fn tag(tone: Tone, text: impl Render) -> Markup {
    html! { span.tag.(tone.class()) { (text) } }
}

/// A tag with an icon before its words.
pub fn tag_icon(tone: Tone, picture: Icon, text: impl Render) -> Markup {
    html! { span.tag.(tone.class()) { (icon(picture)) (text) } }
}

/// Words in a tone's colour, inside a sentence.
pub fn toned(tone: Tone, text: impl Render) -> Markup {
    html! { span.t.(tone.class()) { (text) } }
}

/// The state of a whole page: an icon, a strong first sentence and the rest.
pub fn note(tone: Tone, picture: Icon, strong: impl Render, rest: impl Render) -> Markup {
    html! { div.note.(tone.class()) { (icon(picture)) div { strong { (strong) } " " (rest) } } }
}

/// A note that is read out when the page arrives, such as the outcome of a form.
pub fn status(tone: Tone, picture: Icon, strong: impl Render, rest: impl Render) -> Markup {
    html! { div.note.band.(tone.class()) role="status" { (icon(picture)) div { strong { (strong) } " " (rest) } } }
}

/// A note with buttons at its end.
pub fn note_actions(tone: Tone, picture: Icon, strong: impl Render, rest: impl Render, actions: impl Render) -> Markup {
    html! {
        div.note.(tone.class()) { (icon(picture)) div { strong { (strong) } " " (rest) } div.row { (actions) } }
    }
}

/// A document number or the like, which never breaks across lines.
pub fn nw(text: impl Render) -> Markup {
    html! { span.nw { (text) } }
}

/// Text that is heard but not seen.
pub fn heard(text: impl Render) -> Markup {
    html! { span.vh { (text) } }
}

/// A time: `iso` for machines (`2025-11-21` or `2025-11-21T09:12Z`), `text` for people.
pub fn time(iso: impl std::fmt::Display, text: impl Render) -> Markup {
    html! { time datetime=(iso) { (text) } }
}

/// The form's submitting button.
pub fn submit(look: Look, text: impl Render) -> Markup {
    html! { button.(look.class()) { (text) } }
}

/// A submitting button that says which one was pressed: `name=value`.
pub fn submit_as(look: Look, name: &str, value: &str, text: impl Render) -> Markup {
    html! { button.(look.class()) name=(name) value=(value) { (text) } }
}

/// A submitting button that sends its form elsewhere.
pub fn submit_to(look: Look, action: &str, text: impl Render) -> Markup {
    html! { button.(look.class()) formaction=(action) { (text) } }
}

/// A link that looks like a button.
pub fn link(look: Look, href: &str, text: impl Render) -> Markup {
    html! { a.(look.class()) href=(href) { (text) } }
}

/// A link that looks like a button, with an icon before its words.
pub fn link_icon(look: Look, picture: Icon, href: &str, text: impl Render) -> Markup {
    html! { a.(look.class()) href=(href) { (icon(picture)) span { (text) } } }
}

/// A form of one button, for what a link must not do.
pub fn post_button(look: Look, action: &str, csrf: &str, text: impl Render) -> Markup {
    html! { form.inline method="post" action=(action) { (csrf_input(csrf)) button.(look.class()) { (text) } } }
}

/// The way back to the list that a page belongs to.
pub fn back(href: &str, text: impl Render) -> Markup {
    html! { p { a.back href=(href) { (icon(Icon::Left)) (text) } } }
}

/// A page's heading at the desk: title, a sentence under it, actions beside it. `html! {}` where there is none.
pub fn head(title: impl Render, about: impl Render, actions: impl Render) -> Markup {
    html! { div.ph { div { h1 { (title) } p.mut { (about) } } div.row.no-print { (actions) } } }
}

/// A section with a heading, something small beside it (a link, a hint) and a body. `id` is of the heading.
pub fn section(id: &str, heading: impl Render, aside: impl Render, body: impl Render) -> Markup {
    html! {
        section.sec aria-labelledby=(id) {
            div.sh { h2 id=(id) { (heading) } div.small.mut { (aside) } }
            (body)
        }
    }
}

/// A count after a heading: `Disputes 2`.
pub fn count(n: usize) -> Markup {
    html! { " " span.cnt { (n) } }
}

/// The state of having nothing: a line of fact, a sentence of what happens next.
pub fn empty(fact: impl Render, next: impl Render) -> Markup {
    html! { p.empty { span.serif { (fact) } br; (next) } }
}

/// Earlier and later pages, as (address, words).
pub fn pager(previous: Option<(&str, &str)>, next: Option<(&str, &str)>) -> Markup {
    html! {
        @if previous.is_some() || next.is_some() {
            nav.pager.no-print aria-label="Pages" {
                @if let Some((href, text)) = previous { a href=(href) rel="prev" { (text) } }
                @if let Some((href, text)) = next { a href=(href) rel="next" { (text) } }
            }
        }
    }
}

/// One page of a few that share a heading.
#[derive(Clone, Copy, Debug)]
pub struct Tab<'a> {
    /// Where it leads.
    pub href: &'a str,
    /// Its words.
    pub text: &'a str,
    /// Whether this is the page shown.
    pub current: bool,
}

/// The pages that share a heading. `label` names the set, for those who hear the page.
pub fn tabs(label: &str, tabs: &[Tab<'_>]) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            @for tab in tabs { a href=(tab.href) aria-current=[tab.current.then_some("page")] { (tab.text) } }
        }
    }
}

/// What opens a menu of further acts, each a line: a link, or a button of one form that posts to `action` with
/// `do=value`. `label` names whom or what it is about.
pub fn menu(label: &str, action: &str, csrf: &str, acts: &[(&str, &str)]) -> Markup {
    html! {
        details.menu name="menu" {
            summary { (icon(Icon::Dots)) (heard(format_args!("More for {label}"))) }
            form method="post" action=(action) {
                (csrf_input(csrf))
                ul { @for (value, text) in acts { li { button name="do" value=(value) { (text) } } } }
            }
        }
    }
}

/// A few more lines under a few words; closed at first.
pub fn more(summary: impl Render, body: impl Render) -> Markup {
    html! { details.more { summary { (summary) } (body) } }
}

/// A button that copies `text`; it stays away where copying does not work.
pub fn copy(text: &str, words: &str) -> Markup {
    html! { button.btn.sm.no-print type="button" hidden data-copy=(text) data-done="Copied" { (words) } }
}

/// The bar of buttons that stays at the bottom of a long form.
pub fn dock(buttons: impl Render) -> Markup {
    html! { div.dock { (buttons) } }
}

/// The desk's keys, as a list.
pub fn keys() -> Markup {
    const KEYS: &[(&str, &str)] = &[
        ("/", "Find"),
        ("G T", "Today"),
        ("G R", "Receivables"),
        ("G C", "Clients"),
        ("G I", "Invoices"),
        ("N", "New invoice"),
        ("J K", "Next, previous"),
        ("Enter", "Do the first action"),
        ("S", "Snooze to Monday"),
        ("E", "Mark done"),
        ("U", "Undo"),
        ("Ctrl Enter", "Save"),
        ("?", "This list"),
    ];
    html! {
        dl.keys {
            @for (keys, what) in KEYS {
                div { dt { @for key in keys.split(' ') { kbd { (key) } " " } } dd { (what) } }
            }
        }
    }
}

#[cfg(test)]
mod tests;
