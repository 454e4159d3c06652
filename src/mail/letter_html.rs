//! A letter's paragraphs as its two parts: plain text, and HTML that mail programs of every age can show.
//!
//! Styles stand inline because many mail programs drop style sheets; no images, no tables, nothing fetched from
//! outside. Must not know what a letter is about.

use maud::{DOCTYPE, Markup, html};

use crate::domain::letter::{ALL_SLOT, ANCHOR_SLOT, CODE_SLOT, LINK_SLOT};

/// The colour of a firm that has not chosen one, as on the pages.
const COLOUR: &str = "#1d4d5e";
/// How the paragraph of the anchor begins, which comes last in every letter.
const LAST: &str = "<p style=\"margin:24px 0 0;font-size:12px\">";
/// How the part begins that holds every paragraph.
const FIRST: &str = "<div style=\"max-width:34em;margin:0 auto\">";
/// Lightness, of 255, above which a button's words are dark instead of white.
const BRIGHT: u32 = 150;

/// What stands around a letter's parts, in its language.
pub(super) struct Frame {
    /// Before the address that a button leads to.
    pub(super) nothing_happens: &'static str,
    /// Before the anchor.
    pub(super) anchor: &'static str,
}

/// A piece of a letter, in reading order.
pub(super) enum Part {
    /// A paragraph; a line break in it stays one.
    Says(String),
    /// The action, with its words; its link is the letter's.
    Button(&'static str),
    /// One of several things, with a link of its own: what it is, the link's words, and the slot of its address.
    Item { says: String, words: &'static str, slot: String },
    /// The way to all that is open, beside the action, with its words.
    All(&'static str),
    /// The six-digit code.
    Code,
    /// Who signs, one line each.
    Signed(Vec<String>),
    /// What the activity log was when the letter went.
    Anchor,
}

/// The plain part.
pub(super) fn plain(frame: &Frame, parts: &[Part]) -> String {
    let piece = |part: &Part| match part {
        Part::Says(text) => text.clone(),
        Part::Button(words) => format!("{words}:\n{LINK_SLOT}"),
        Part::Item { says, words, slot } => format!("{says}\n{words}: {slot}"),
        Part::All(words) => format!("{words}:\n{ALL_SLOT}"),
        Part::Code => format!("    {CODE_SLOT}"),
        Part::Signed(lines) => lines.join("\n"),
        Part::Anchor => format!("{} {ANCHOR_SLOT}", frame.anchor),
    };
    let mut text = parts.iter().map(piece).collect::<Vec<_>>().join("\n\n");
    text.push('\n');
    text
}

/// The HTML part, a whole document under `title` in a language with its frame, with buttons in `colour`.
pub(super) fn rich(title: &str, (language, frame): (&str, &Frame), colour: &str, parts: &[Part]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang=(language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="supported-color-schemes" content="light dark";
                title { (title) }
            }
            body style="margin:0;padding:24px 16px;font:16px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif" {
                div style="max-width:34em;margin:0 auto" { @for part in parts { (piece(frame, part, colour)) } }
            }
        }
    };
    page.into_string()
}

/// The HTML part with one more paragraph before its last: small, `words` and then the address `link`, if there is one.
pub(super) fn footed(html: &str, words: &str, link: Option<&str>) -> String {
    let foot = html! {
        p style="margin:24px 0 0;font-size:12px" { (words) @if let Some(link) = link { " " a href=(link) { (link) } } }
    };
    match html.rfind(LAST).map(|at| html.split_at(at)) {
        Some((before, last)) => format!("{before}{}{last}", foot.into_string()),
        None => html.to_owned(),
    }
}

/// The plain part with one more paragraph before its last.
pub(super) fn plain_footed(text: &str, words: &str, link: Option<&str>) -> String {
    let link = link.map_or_else(String::new, |link| format!("\n{link}"));
    match text.rsplit_once("\n\n") {
        Some((before, last)) => format!("{before}\n\n{words}{link}\n\n{last}"),
        None => text.to_owned(),
    }
}

/// The HTML part with one more paragraph before its first.
pub(super) fn headed(html: &str, words: &str) -> String {
    let head = html! { p style="margin:0 0 16px" { (words) } };
    match html.find(FIRST).map(|at| html.split_at(at + FIRST.len())) {
        Some((before, after)) => format!("{before}{}{after}", head.into_string()),
        None => html.to_owned(),
    }
}

fn piece(frame: &Frame, part: &Part, colour: &str) -> Markup {
    const PARAGRAPH: &str = "margin:0 0 16px";
    html! {
        @match part {
            Part::Says(text) => p style=(PARAGRAPH) {
                @for (i, line) in text.split('\n').enumerate() { @if i > 0 { br; } (line) }
            },
            Part::Button(words) => {
                p style="margin:24px 0 8px" { a href=(LINK_SLOT) style=(button(colour)) { (words) } }
                p style="margin:0 0 24px;font-size:13px;word-break:break-all" {
                    (frame.nothing_happens) a href=(LINK_SLOT) { (LINK_SLOT) }
                }
            },
            Part::Item { says, words, slot } => {
                p style="margin:0 0 8px" { (says) }
                p style=(PARAGRAPH) { a href=(slot) style=(small_button(colour)) { (words) } }
            },
            Part::All(words) => p style="margin:24px 0" { a href=(ALL_SLOT) style=(small_button(colour)) { (words) } },
            Part::Code => p style="margin:0 0 16px;font:600 28px/1.3 ui-monospace,Consolas,monospace;letter-spacing:.15em" {
                (CODE_SLOT)
            },
            Part::Signed(lines) => p style="margin:24px 0 0" {
                @for (i, line) in lines.iter().enumerate() { @if i > 0 { br; } (line) }
            },
            Part::Anchor => p style="margin:24px 0 0;font-size:12px" { (frame.anchor) " " (ANCHOR_SLOT) },
        }
    }
}

fn button(colour: &str) -> String {
    let colour = if lightness(colour).is_some() { colour } else { COLOUR };
    let ink = if lightness(colour).is_some_and(|x| x > BRIGHT) { "#111111" } else { "#ffffff" };
    // The border is the button where a mail program replaces backgrounds in its dark colours.
    format!(
        "display:inline-block;padding:12px 20px;border:1px solid {colour};border-radius:4px;background:{colour};\
         color:{ink};font-weight:600;text-decoration:none"
    )
}

/// A button beside the letter's action.
fn small_button(colour: &str) -> String {
    button(colour).replacen("padding:12px 20px", "padding:6px 14px", 1)
}

/// How light a colour `#rrggbb` looks, 0 to 255; `None` for anything else.
fn lightness(colour: &str) -> Option<u32> {
    let hex = colour.strip_prefix('#').filter(|x| x.len() == 6 && x.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let [_, red, green, blue] = u32::from_str_radix(hex, 16).ok()?.to_be_bytes().map(u32::from);
    Some((red * 299 + green * 587 + blue * 114) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_s_words_stay_readable_on_its_colour() {
        assert!(button("#1d5c63").contains("color:#ffffff"));
        assert!(button("#ffee00").contains("color:#111111"));
        assert!(button("red;background:url(x)").contains(COLOUR), "only a plain colour is taken");
    }

    #[test]
    fn nothing_is_fetched_from_outside() {
        let frame = Frame { nothing_happens: "", anchor: "" };
        let page = rich("T", ("en-IE", &frame), "#1d5c63", &[Part::Says("a".into()), Part::Button("See"), Part::Code]);
        for mark in ["http", "<img", "url(", "@import", "<link", "<script", "<table"] {
            assert!(!page.contains(mark), "{mark} in {page}");
        }
    }
}
