//! Header text: what may stand in a header, and how words beyond ASCII are written there (RFC 2047).
//!
//! Knows nothing of letters. Everything it returns is printable ASCII, folded at line breaks of its own making only, so
//! no value can start a header of its own.

use base64::{Engine, engine::general_purpose::STANDARD};

/// Bytes of text in one encoded word; with its frame a word then stays within 60 columns.
const WORD_BYTES: usize = 36;
/// A value up to this length stays on the header's own line; longer ones are folded.
const PLAIN_COLUMNS: usize = 64;

/// Removes characters that reorder the text around them, and blanks at both ends. `None` when a control character or a
/// line break is left: such text was made to break out of its header.
pub(super) fn clean(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(|c| !reorders(*c)).collect();
    let bad = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    (!kept.contains(bad)).then(|| kept.trim().to_owned())
}

/// A display name before an address: a quoted string where the plain letters suffice, else encoded words.
pub(super) fn phrase(name: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '-' | '_' | '\'');
    if name.len() <= PLAIN_COLUMNS && name.chars().all(simple) { format!("\"{name}\"") } else { encoded_words(name) }
}

/// A subject: as it is where it is short printable ASCII, else encoded words.
pub(super) fn unstructured(text: &str) -> String {
    let plain = text.bytes().all(|b| (b' '..=b'~').contains(&b)) && !text.contains("=?");
    if plain && text.len() <= PLAIN_COLUMNS { text.to_owned() } else { encoded_words(text) }
}

/// `name <address>`, or the address alone when the name is empty.
pub(super) fn mailbox(name: &str, address: &str) -> String {
    if name.is_empty() { address.to_owned() } else { format!("{}\r\n <{address}>", phrase(name)) }
}

fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(WORD_BYTES));
        words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(word)));
        rest = after;
    }
    words.join("\r\n ")
}

/// Marks, overrides and isolates of the bidirectional algorithm: `invoice<RLO>fdp.exe` reads as `invoiceexe.pdf`.
fn reorders(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_refused_and_reordering_ones_removed() {
        for bad in ["a\rb", "a\nb", "a\r\nBcc: x@y.z", "a\0", "a\u{7f}", "a\u{85}b", "a\u{2028}b", "tab\there"] {
            assert_eq!(clean(bad), None, "{bad:?}");
        }
        assert_eq!(clean(" invoice\u{202E}fdp.exe "), Some("invoicefdp.exe".to_owned()));
    }

    #[test]
    fn long_words_are_folded_between_characters() {
        let folded = unstructured(&"é€😀".repeat(40));
        for line in folded.split("\r\n ") {
            assert!(line.len() <= 60, "{line}");
            let inner = line.strip_prefix("=?utf-8?B?").and_then(|l| l.strip_suffix("?=")).unwrap();
            assert!(String::from_utf8(STANDARD.decode(inner).unwrap()).is_ok());
        }
    }

    #[test]
    fn a_name_cannot_pose_as_an_address_or_an_encoded_word() {
        assert_eq!(mailbox("Ann Example", "a@b.example"), "\"Ann Example\"\r\n <a@b.example>");
        assert!(mailbox("x\" <evil@c.example>", "a@b.example").starts_with("=?utf-8?B?"));
        assert!(unstructured("=?utf-8?Q?hi?=").starts_with("=?utf-8?B?"));
    }
}
