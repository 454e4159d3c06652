//! Which passwords are taken: long ones that are not easily guessed. No composition rules, no expiry (NIST SP
//! 800-63B-4).
//!
//! Knows neither hashing nor storage; it sees a password only for the moment of the check.

use super::person::{PASSWORD_MAX, PASSWORD_MIN};
use super::refusal::FieldFault;

/// Fewest characters that must be left when known words are taken out, and when runs such as `1234` count as one.
const OWN_CHARACTERS_MIN: usize = 8;
/// Fewest characters that are no continuation of a run or a repetition.
const FRESH_CHARACTERS_MIN: usize = 6;
/// Words shorter than this are not looked for.
const WORD_MIN: usize = 4;

/// Words and phrases that the lists of leaked passwords are full of, folded to letters and digits.
const COMMON: &[&str] = &[
    "correcthorsebatterystaple",
    "thequickbrownfox",
    "jumpsoverthelazydog",
    "maytheforcebewithyou",
    "tobeornottobe",
    "iloveyou",
    "letmein",
    "changeme",
    "password",
    "passw0rd",
    "p4ssw0rd",
    "passphrase",
    "passwort",
    "motdepasse",
    "contrasena",
    "welcome",
    "administrator",
    "administrador",
    "qwertyuiop",
    "qwerty",
    "azerty",
    "qwertz",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "zaq12wsx",
    "trustno1",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "monkey",
    "dragon",
    "master",
    "shadow",
    "secret",
    "abc123",
    "summer",
    "winter",
    "spring",
    "autumn",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "admin",
    "login",
    "counterfoil",
    "invoice",
    "example",
    "test",
];
/// Keys in a row.
const ROWS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Whether `password` may be set; `known` is what others know about its owner: the firm's name, their name, their
/// e-mail address.
///
/// # Errors
/// Names `field` with what to do instead.
pub fn check(field: &str, password: &str, known: &[&str]) -> Result<(), FieldFault> {
    let refuse = |message: String| Err(FieldFault::new(field, message));
    if password.len() > PASSWORD_MAX {
        return refuse(format!("Use a password of at most {PASSWORD_MAX} bytes."));
    }
    if password.chars().count() < PASSWORD_MIN {
        return refuse(format!("Use at least {PASSWORD_MIN} characters. A few unrelated words are easy to remember."));
    }
    let folded = fold(password);
    if repeats(&folded) || fresh_characters(&folded) < FRESH_CHARACTERS_MIN {
        return refuse("This repeats itself or follows the keyboard. Use a few unrelated words instead.".to_owned());
    }
    if without(&folded, &known_words(known)).len() < OWN_CHARACTERS_MIN {
        return refuse("This is too close to your firm’s name, your name or your e-mail address.".to_owned());
    }
    let common: Vec<String> = COMMON.iter().map(|x| fold(x).into_iter().collect()).collect();
    let both: Vec<String> = common.into_iter().chain(known_words(known)).collect();
    if without(&folded, &both).len() < OWN_CHARACTERS_MIN {
        return refuse("This is among the first that attackers try. Use a few unrelated words instead.".to_owned());
    }
    Ok(())
}

/// Lower case without blanks and punctuation; the text itself when nothing else is in it.
fn fold(text: &str) -> Vec<char> {
    let lower: Vec<char> = text.to_lowercase().chars().collect();
    let plain: Vec<char> = lower.iter().copied().filter(|c| c.is_alphanumeric()).collect();
    if plain.is_empty() { lower } else { plain }
}

/// The whole of each known text and its single words, the longest first.
fn known_words(known: &[&str]) -> Vec<String> {
    let parts = known.iter().flat_map(|x| std::iter::once(*x).chain(x.split(|c: char| !c.is_alphanumeric())));
    let mut words: Vec<String> =
        parts.map(|x| fold(x).into_iter().collect()).filter(|x: &String| x.chars().count() >= WORD_MIN).collect();
    words.sort_by_key(|x| std::cmp::Reverse(x.len()));
    words
}

/// What is left of `text` when every word is taken out.
fn without(text: &[char], words: &[String]) -> Vec<char> {
    let mut left: String = text.iter().collect();
    for word in words {
        left = left.replace(word.as_str(), " ");
    }
    left.chars().filter(|c| *c != ' ').collect()
}

/// Whether `text` is one unit written at least twice, such as `passwordpassword` or `abcabcabcabcab`.
fn repeats(text: &[char]) -> bool {
    (1..=text.len() / 2).any(|unit| text.iter().zip(text.iter().skip(unit)).all(|(a, b)| a == b))
}

/// Characters that do not merely continue the one before: not the same, not the next or previous in the alphabet, among
/// figures or on the keyboard.
fn fresh_characters(text: &[char]) -> usize {
    let continues = |pair: &[char]| match *pair {
        [a, b] => u32::from(a).abs_diff(u32::from(b)) <= 1 || ROWS.iter().any(|row| adjacent(row, a, b)),
        _ => false,
    };
    text.len() - text.windows(2).filter(|pair| continues(pair)).count()
}

fn adjacent(row: &str, a: char, b: char) -> bool {
    matches!((row.find(a), row.find(b)), (Some(x), Some(y)) if x.abs_diff(y) <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["Harcourt Flynn LLP", "Orla Byrne", "orla.byrne@harcourtflynn.example"];

    #[test]
    fn long_passwords_of_any_characters_are_taken() {
        let long = "lamp otter gravel ".repeat(3) + "wide mossy tin ".repeat(3).as_str();
        for good in [
            "gravel otter lamp wide",
            "ёлка и мандарины 31",
            "kX9$vL2@qW7!mN4",
            "correct-lamp-otter-staple",
            "Orla likes 14 green ferries",
            "雨の日は家で本を読むのが好きです",
            "in november the otters sleep",
            &long,
        ] {
            assert_eq!(check("password", good, &KNOWN), Ok(()), "{good}");
        }
    }

    #[test]
    fn short_overlong_and_guessable_ones_are_refused_with_advice() {
        let long = "ab9".repeat(400);
        for bad in [
            "",
            "fourteen chars",
            "kX9$vL2@qW7!mN",
            &long,
            "aaaaaaaaaaaaaaaa",
            "               ",
            "!!!!!!!!!!!!!!!!!",
            "passwordpassword",
            "Password-Password",
            "abcabcabcabcabca",
            "123456789012345",
            "abcdefghijklmnop",
            "qwertyuiopasdfghjkl",
            "987654321987654",
            "aaaaabbbbbcccccc",
            "correct horse battery staple",
            "Welcome-Password-1",
            "letmein changeme 1",
            "HarcourtFlynn2026!",
            "Harcourt Flynn LLP 1",
            "orla.byrne@harcourtflynn.example",
            "Byrne Harcourt Orla",
            "OrlaByrnePassword1",
            "September October 26",
        ] {
            let fault = check("password", bad, &KNOWN).expect_err(bad);
            assert_eq!(fault.field, "password");
            assert!(fault.message.starts_with("Use") || fault.message.starts_with("This"), "{}", fault.message);
        }
    }

    #[test]
    fn nothing_is_known_and_nothing_panics() {
        assert_eq!(check("password", "gravel otter lamp wide", &[]), Ok(()));
        assert_eq!(check("password", "gravel otter lamp wide", &["", "a", "--"]), Ok(()));
        assert!(
            check("password", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}", &[])
                .is_err()
        );
    }
}
