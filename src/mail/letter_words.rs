//! What every letter has in common: greeting, signature, and typed text made safe for one line.
//!
//! Must not know what a letter is about.

use super::letter_html::{Frame, Part, footed, headed, plain, plain_footed, rich};
use super::message::MAX_SUBJECT_CHARS;
use crate::domain::firm::Firm;
use crate::domain::language::Language;

/// What every letter says in a language beside what it is about.
struct Words {
    /// To nobody in particular, to somebody by title and name, and to somebody with a first name.
    hello: &'static str,
    titled: fn(&str) -> String,
    named: fn(&str) -> String,
    reply: &'static str,
    or_ring: fn(&str) -> String,
    quoted: fn(&str) -> String,
    late: fn(i32) -> String,
    stop: &'static str,
    frame: Frame,
}

/// The words of `firm`'s language here.
fn words(firm: &Firm) -> &'static Words {
    match firm.locale.language() {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    }
}

static ENGLISH: Words = Words {
    hello: "Hello,",
    titled: |name| format!("Dear {name},"),
    named: |name| format!("Dear {},", name.split(' ').next().unwrap_or_default().trim_end_matches(',')),
    reply: "reply to this e-mail",
    or_ring: |phone| format!("reply to this e-mail or ring {phone}"),
    quoted: |title| format!(" “{title}”"),
    late: |days| if days == 1 { "1 day late".to_owned() } else { format!("{days} days late") },
    stop: "You would rather get no reminders? One click stops them, without signing in:",
    frame: Frame {
        nothing_happens: "If the button does nothing, open this address: ",
        anchor: "Our activity log when this was sent:",
    },
};

/// A full name may be a woman's or a man's, and a first name alone is too familiar: „Guten Tag“ suits everybody.
static GERMAN: Words = Words {
    hello: "Guten Tag,",
    titled: |name| format!("Guten Tag {name},"),
    named: |name| format!("Guten Tag {name},"),
    reply: "antworten Sie bitte auf diese E-Mail",
    or_ring: |phone| format!("antworten Sie bitte auf diese E-Mail oder rufen Sie uns an ({phone})"),
    quoted: |title| format!(" „{title}“"),
    late: |days| if days == 1 { "1 Tag überfällig".to_owned() } else { format!("{days} Tage überfällig") },
    stop: "Sie möchten keine Erinnerungen mehr? Ein Klick genügt, ohne Anmeldung:",
    frame: Frame {
        nothing_happens: "Falls der Knopf nichts bewirkt, öffnen Sie diese Adresse: ",
        anchor: "Stand unseres Protokolls beim Versand:",
    },
};

/// Forms of address that are no first name.
const HONORIFICS: [&str; 11] = ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "dame", "herr", "frau"];

/// A letter's words. `text` and `html` hold the slots where link, code and anchor go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// One line, with amount and state.
    pub subject: String,
    /// The plain part.
    pub text: String,
    /// The HTML part, a whole document.
    pub html: String,
}

/// Greets, says the parts and signs.
pub(super) fn compose(firm: &Firm, to_name: &str, from_person: &str, subject: String, mut parts: Vec<Part>) -> Text {
    parts.insert(0, Part::Says(greeting(firm, to_name)));
    parts.push(Part::Signed(signature(firm, from_person)));
    parts.push(Part::Anchor);
    let subject = flat(&subject);
    let frame = &words(firm).frame;
    let html = rich(&subject, (firm.locale.tag(), frame), &firm.colour, &parts);
    Text { text: plain(frame, &parts), html, subject }
}

/// The copy for the firm's people of a letter that went to `to_name` of `client`: the very letter, called a copy in the
/// language that the firm is speaking.
pub fn copy(firm: &Firm, of: &Text, client: &str, to_name: &str) -> Text {
    let (client, name) = (flat(client), flat(to_name));
    let (subject, says) = match firm.locale.language() {
        Language::English => (
            format!("Copy: {}", of.subject),
            format!("This is your copy of a letter to {client}, to {name}. Its links lead to the desk."),
        ),
        Language::German => (
            format!("Kopie: {}", of.subject),
            format!(
                "Das ist Ihre Kopie einer E-Mail an {client}, an {name}. Die Verweise führen zu den Rechnungen in \
                 Counterfoil."
            ),
        ),
    };
    let subject = subject.chars().take(MAX_SUBJECT_CHARS).collect();
    Text { subject, text: format!("{says}\n\n{}", of.text), html: headed(&of.html, &says) }
}

/// A letter's two parts with the line that tells how to stop letters like it, at `link`, in the language that the firm
/// is speaking. It stands before the anchor.
pub fn offering_stop(firm: &Firm, (text, html): (&str, &str), link: &str) -> (String, String) {
    let words = words(firm).stop;
    (plain_footed(text, words, Some(link)), footed(html, words, Some(link)))
}

/// A letter's two parts with what goes along with it, and what would but is too large and `linked` instead: by file
/// name. `max` is how many bytes one letter carries. Before the anchor, too.
pub fn noting_files(
    firm: &Firm,
    (text, html): (&str, &str),
    along: &[String],
    linked: &[String],
    max: u64,
) -> (String, String) {
    let (mut says, mb) = (Vec::new(), max >> 20);
    let (along, linked) = (along.join(", "), linked.join(", "));
    let german = match firm.locale.language() {
        Language::English => false,
        Language::German => true,
    };
    match (along.is_empty(), german) {
        (true, _) => {}
        (_, false) => says.push(format!("Attached: {along}.")),
        (_, true) => says.push(format!("Im Anhang: {along}.")),
    }
    match (linked.is_empty(), german) {
        (true, _) => {}
        (_, false) => says.push(format!(
            "Not attached, but behind the link above: {linked}. One letter carries at most {mb} MB of files."
        )),
        (_, true) => says.push(format!(
            "Nicht im Anhang, aber über den Link oben zu finden: {linked}. Eine E-Mail trägt höchstens {mb} MB Dateien."
        )),
    }
    let words = says.join(" ");
    if words.is_empty() {
        return (text.to_owned(), html.to_owned());
    }
    (plain_footed(text, &words, None), footed(html, &words, None))
}

pub(super) fn greeting(firm: &Firm, to_name: &str) -> String {
    let words = words(firm);
    let name = flat(to_name);
    let first = name.split(' ').next().unwrap_or_default();
    let title = HONORIFICS.contains(&first.trim_end_matches('.').to_lowercase().as_str());
    match (first, title) {
        ("", _) => words.hello.to_owned(),
        (_, true) => (words.titled)(&name),
        (_, false) => (words.named)(&name),
    }
}

fn signature(firm: &Firm, from_person: &str) -> Vec<String> {
    let email = firm.email.as_ref().map(|x| x.as_str().to_owned()).unwrap_or_default();
    let mut lines = vec![flat(from_person), flat(&firm.party.name), flat(&firm.phone), flat(&email)];
    lines.retain(|x| !x.is_empty());
    lines.dedup();
    lines
}

/// " “Lease of Unit 4”": what a document is about, as its title says; empty without one.
pub(super) fn about(firm: &Firm, title: &str) -> String {
    match flat(title) {
        title if title.is_empty() => title,
        title => (words(firm).quoted)(&title),
    }
}

/// "7 days late".
pub(super) fn days_late(firm: &Firm, days: i32) -> String {
    (words(firm).late)(days)
}

/// "7 days".
pub(super) fn days_late_alone(firm: &Firm, days: i32) -> String {
    match (firm.locale.language(), days) {
        (Language::English, 1) => "1 day".to_owned(),
        (Language::English, _) => format!("{days} days"),
        (Language::German, 1) => "1 Tag".to_owned(),
        (Language::German, _) => format!("{days} Tage"),
    }
}

/// Text that somebody typed, in one line, without anything that reads as a slot: of brackets in a row one is kept.
pub(super) fn flat(typed: &str) -> String {
    let mut out = String::with_capacity(typed.len());
    for word in typed.split(|c: char| c.is_whitespace() && c != '\u{a0}' || c.is_control()).filter(|x| !x.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        for c in word.chars().filter(|c| !crate::domain::text::is_deceptive(*c)) {
            if !(c == '[' && out.ends_with('[')) {
                out.push(c);
            }
        }
    }
    out
}

/// "reply to this e-mail or ring 01 555 0142".
pub(super) fn tell_us(firm: &Firm) -> String {
    match flat(&firm.phone) {
        phone if phone.is_empty() => words(firm).reply.to_owned(),
        phone => (words(firm).or_ring)(&phone),
    }
}
