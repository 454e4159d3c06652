//! Lists: timeline, queue, figures, facts, files.
//!
//! Must not know where their rows come from or in which order they belong.

use maud::{Markup, html};

use super::{Icon, Tone, icon, toned};

/// One thing that happened, or will.
#[derive(Clone, Debug)]
pub struct Moment {
    /// For machines: `2025-11-21T09:12Z`.
    pub iso: String,
    /// For people: `14 Nov 09:12`.
    pub when: String,
    /// Colours the icon.
    pub tone: Tone,
    /// Says what kind of thing it is.
    pub icon: Option<Icon>,
    /// The sentence.
    pub what: Markup,
    /// Smaller words under it; empty for none.
    pub more: String,
    /// Whether it is still to come.
    pub next: bool,
}

/// What happened, newest first.
pub fn timeline(moments: &[Moment]) -> Markup {
    html! {
        ol.tl reversed {
            @for moment in moments {
                li.(moment.tone.class()).next[moment.next] {
                    time datetime=(moment.iso) { (moment.when) }
                    div {
                        @if let Some(picture) = moment.icon { (icon(picture)) }
                        (moment.what)
                        @if !moment.more.is_empty() { small { (moment.more) } }
                    }
                }
            }
        }
    }
}

/// Something that waits for a person.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Colours the icon.
    pub tone: Tone,
    /// Says what kind of thing it is.
    pub icon: Icon,
    /// Who and what, with a link.
    pub what: Markup,
    /// Smaller words under it.
    pub more: Markup,
    /// How much it is about: `€3,936.00`; empty for none.
    pub amount: String,
    /// Under the amount, usually a link to the invoice.
    pub reference: Markup,
    /// Up to two buttons and a menu; the first is what Enter presses.
    pub actions: Markup,
}

/// What waits for a person, most urgent first.
pub fn queue(items: &[Waiting]) -> Markup {
    html! {
        ol.queue {
            @for item in items {
                li.(item.tone.class()) {
                    (icon(item.icon))
                    div { (item.what) small { (item.more) } }
                    p.num { b { (item.amount) } small { (item.reference) } }
                    div.go { (item.actions) }
                }
            }
        }
    }
}

/// One number with its name.
#[derive(Clone, Debug, Default)]
pub struct Fig {
    /// What it counts.
    pub label: String,
    /// The number, in words.
    pub value: String,
    /// A few words under it; empty for none.
    pub note: String,
    /// Its colour.
    pub tone: Tone,
}

impl Fig {
    /// A plain figure without a note.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), ..Self::default() }
    }

    /// With a few words under the number.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// In a tone.
    #[must_use]
    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

/// The few figures that a page opens with.
pub fn figs(figs: &[Fig]) -> Markup {
    html! {
        dl.figs {
            @for fig in figs {
                div {
                    dt.lbl { (fig.label) }
                    dd.t.(fig.tone.class()) { (fig.value) }
                    @if !fig.note.is_empty() { dd.small.mut { (fig.note) } }
                }
            }
        }
    }
}

/// Names and values in two columns, one rule each: a side column's figures.
pub fn pairs(figs: &[Fig]) -> Markup {
    html! {
        dl.pairs { @for fig in figs { div { dt { (fig.label) } dd { (toned(fig.tone, &fig.value)) } } } }
    }
}

/// Names and values in two columns, without rules: a bill's particulars.
pub fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! { dl.dl { @for (name, value) in facts { dt { (name) } dd { (value) } } } }
}

/// A sum written out, as (sign, name, amount): `("", "Owed on 1 September", "1,476.00")`, `("+", …)`, `("=", …)`.
pub fn equation(terms: &[(&str, &str, &str)]) -> Markup {
    html! {
        dl.eq {
            @for (sign, name, amount) in terms {
                div { dt.lbl { (name) } dd data-op=[(!sign.is_empty()).then_some(sign)] { (amount) } }
            }
        }
    }
}

/// Rows of a name with smaller words under it, and what stands at the row's end.
pub fn rows(rows: &[(Markup, Markup, Markup)]) -> Markup {
    html! { ul.list { @for (name, about, end) in rows { li { div { (name) small { (about) } } (end) } } } }
}

/// What comes when, in a side column: a short date, a name, smaller words.
pub fn agenda(items: &[(String, Markup, Markup)]) -> Markup {
    html! { ul.plain { @for (when, what, about) in items { li { span { (when) } div { (what) small { (about) } } } } } }
}

/// A file to fetch.
#[derive(Clone, Debug)]
pub struct FileRow {
    /// Where it is fetched.
    pub href: String,
    /// Its name.
    pub name: String,
    /// `New`, `Signed`; empty markup for none.
    pub tag: Markup,
    /// `PDF, 86 kB. Sent by Maeve Finch on 19 November`.
    pub about: String,
    /// Earlier versions and the like; empty markup for none.
    pub more: Markup,
}

/// Files to fetch, each with a button.
pub fn files(files: &[FileRow]) -> Markup {
    html! {
        ul.files {
            @for file in files {
                li {
                    (icon(Icon::File))
                    div { a href=(file.href) { b { (file.name) } } " " (file.tag) small { (file.about) } (file.more) }
                    a.btn href=(file.href) { (icon(Icon::Down)) span { "Download" span.vh { " " (file.name) } } }
                }
            }
        }
    }
}

/// How much of the day's work is done.
pub fn progress(done: usize, of: usize) -> Markup {
    html! {
        label.small.mut.lbl-in for="done" { (done) " of " (of) " done" }
        progress id="done" value=(done) max=(of.max(1)) { (done) " of " (of) }
    }
}
