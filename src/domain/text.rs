//! Text that people typed, taken in at the door: trimmed, bounded, free of characters that deceive.
//!
//! Control characters and bidirectional overrides are refused rather than dropped: a name that needs them is an attack
//! on a letter's header or on a reader's eye.

use super::refusal::FieldFault;

/// Longest single line, in characters, unless a field states its own limit.
pub const LINE_MAX: usize = 200;
/// Longest free text, in characters.
pub const PARAGRAPH_MAX: usize = 4_000;
/// Longest e-mail address in bytes (RFC 5321 §4.5.3.1).
pub const EMAIL_MAX: usize = 254;

/// One line of text, trimmed; may be empty.
///
/// # Errors
/// Names `field` when the text is too long or holds line breaks, control or bidirectional characters.
pub fn line(field: &str, input: &str, max: usize) -> Result<String, FieldFault> {
    let text = input.trim();
    if text.chars().count() > max {
        return Err(FieldFault::new(field, format!("Use {max} characters or fewer.")));
    }
    if text.chars().any(char::is_control) || deceives(text) {
        return Err(FieldFault::new(
            field,
            "Remove line breaks and invisible control characters; type the text instead of pasting it.",
        ));
    }
    Ok(text.to_owned())
}

/// As [`line`], and not empty; `missing` says what to enter.
///
/// # Errors
/// As [`line`], or `missing` when nothing is left after trimming.
pub fn required(field: &str, input: &str, max: usize, missing: &str) -> Result<String, FieldFault> {
    let text = line(field, input, max)?;
    if text.is_empty() { Err(FieldFault::new(field, missing)) } else { Ok(text) }
}

/// Free text with line breaks, trimmed, `\r\n` made `\n`; may be empty.
///
/// # Errors
/// Names `field` when the text is longer than [`PARAGRAPH_MAX`] or holds control or bidirectional characters.
pub fn paragraph(field: &str, input: &str) -> Result<String, FieldFault> {
    let text = input.trim().replace("\r\n", "\n");
    if text.chars().count() > PARAGRAPH_MAX {
        return Err(FieldFault::new(field, format!("Use {PARAGRAPH_MAX} characters or fewer.")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') || deceives(&text) {
        return Err(FieldFault::new(
            field,
            "Remove invisible control characters; type the text instead of pasting it.",
        ));
    }
    Ok(text)
}

/// Characters that reorder or hide what stands around them: Unicode bidirectional controls, blanks of no width,
/// invisible operators and fillers, soft hyphens, BOM, tags.
///
/// The joiners U+200C and U+200D are not among them: Persian, Kurdish, Malayalam, Sinhala and other names are misspelt
/// without them. [`line`] and [`paragraph`] take them only inside words of such scripts, and in emoji.
pub fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}'
        | '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}' | '\u{2060}'..='\u{2065}'
        | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FFA0}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
        | '\u{2028}' | '\u{2029}' | '\u{E0000}'..='\u{E007F}')
}

/// Whether a text holds a character that deceives, or a joiner where none is needed.
fn deceives(text: &str) -> bool {
    let is_joiner = |c: char| matches!(c, '\u{200C}' | '\u{200D}');
    let mut before = None;
    for c in text.chars() {
        if is_deceptive(c) || is_joiner(c) && !before.is_some_and(is_joined) {
            return true;
        }
        before = Some(c);
    }
    // A joiner joins what follows; at the end there is nothing.
    before.is_some_and(is_joiner)
}

/// Letters and signs after which a joiner changes how a word is written: of the scripts from Arabic to Mandaic, of
/// India, Sri Lanka, Myanmar, Cambodia and Mongolia; and emoji.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{0600}'..='\u{08FF}' | '\u{0900}'..='\u{0DFF}' | '\u{1000}'..='\u{109F}'
        | '\u{1780}'..='\u{18AF}' | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}'
        | '\u{2600}'..='\u{27BF}' | '\u{FE0F}' | '\u{1F000}'..='\u{1FAFF}')
}

/// An e-mail address that letters may go to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address such as `ana@marlow.example`. A domain with accents is taken in its ASCII form (RFC 5891), in
    /// which mail servers look for it.
    ///
    /// # Errors
    /// Names `field` when the text is not one plain address.
    pub fn parse(field: &str, input: &str) -> Result<Self, FieldFault> {
        let text = input.trim();
        let written = match text.rsplit_once('@') {
            Some((local, domain)) if !domain.is_ascii() && text.len() <= EMAIL_MAX => {
                idna::domain_to_ascii_strict(domain)
                    .map_or_else(|_| text.to_owned(), |ascii| format!("{local}@{ascii}"))
            }
            _ => text.to_owned(),
        };
        if is_plain_address(&written) {
            return Ok(Self(written));
        }
        let accents = text.rsplit_once('@').is_some_and(|x| !x.0.is_ascii());
        let message = match accents {
            true => "Before the @, only letters without accents, digits and signs like . - _ are taken.",
            false => "Enter an e-mail address, like name@company.example.",
        };
        Err(FieldFault::new(field, message))
    }

    /// The address as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form under which the address is looked up: lower case.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl std::fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A dot-atom local part and a domain of letters, digits, hyphens (RFC 5321 without quoted strings or literals).
fn is_plain_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let atom = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
    };
    let label = |part: &str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    text.len() <= EMAIL_MAX && local.len() <= 64 && local.split('.').all(atom) && domain.split('.').all(label)
}

/// With its first letter large.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_addresses_are_taken_and_tricks_are_refused() {
        for good in ["ana@marlow.example", " o'brien+x@a-b.example ", "a@localhost"] {
            assert!(EmailAddress::parse("email", good).is_ok(), "{good}");
        }
        let long = format!("{}@a.example", "x".repeat(65));
        for bad in [
            "",
            "ana",
            "@a.example",
            "a@",
            "a b@c.example",
            "a@b..example",
            "a@-b.example",
            "a\r\nBcc:x@y.example",
            "a@b.example,c@d.example",
            "\"a\"@b.example",
            &long,
        ] {
            assert!(EmailAddress::parse("email", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_domain_with_accents_is_taken_in_its_ascii_form() {
        let parse = |text: &str| EmailAddress::parse("email", text).map(|x| x.0);
        assert_eq!(parse("k.petersen@möbel.example").as_deref(), Ok("k.petersen@xn--mbel-5qa.example"));
        assert_eq!(parse("a@BÜCHER.example").as_deref(), Ok("a@xn--bcher-kva.example"));
        for bad in ["a@mö bel.example", "a@möbel..example", "a@ö\u{202E}.example", "a@-ö.example"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert!(parse("jürgen@moebel.example").unwrap_err().message.contains("Before the @"));
    }

    #[test]
    fn joiners_are_taken_where_a_script_needs_them_and_nowhere_else() {
        // A Persian and a Sinhala name, which are misspelt without their joiner, and a person at a computer.
        for good in ["علی\u{200C}رضا", "ශ්\u{200D}රී ලංකා", "👩\u{200D}💻"] {
            assert_eq!(line("name", good, LINE_MAX).as_deref(), Ok(good));
        }
        for bad in ["An\u{200D}a", "Marlow\u{200C}", "\u{200D}Marlow", "علی\u{200C}", "علی\u{200C}\u{200C}رضا"]
        {
            assert!(line("name", bad, LINE_MAX).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_with_line_breaks_or_overrides_are_refused() {
        for bad in ["Ana\r\nBcc: x@y.example", "Ana\u{202E}txt", "a\0b", "a\u{2066}b"] {
            assert!(line("name", bad, LINE_MAX).is_err(), "{bad:?}");
        }
        assert_eq!(line("name", "  Zoë O’Neil ", LINE_MAX).unwrap(), "Zoë O’Neil");
        for c in "\u{200B}\u{2060}\u{2061}\u{2064}\u{FEFF}\u{AD}\u{3164}\u{E0041}".chars() {
            assert!(line("name", &format!("Ana{c}Ruiz"), LINE_MAX).is_err(), "{c:?}");
            assert!(paragraph("note", &format!("Ana{c}Ruiz")).is_err(), "{c:?}");
        }
        assert!(line("name", &"x".repeat(10_000_000), LINE_MAX).is_err());
    }
}
