//! Anchors: what the activity log was at one moment, short enough to be copied by hand.
//!
//! Pure: knows how an anchor is written and read, not how a link is reckoned. Printed where the firm can't take it back
//! (letters, statements, backups), an anchor finds a log that was rewritten or cut later.

use std::fmt;
use std::str::FromStr;

/// The log after its entry `count`: that entry's link, which follows from every entry up to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Entries; 0 for an empty log.
    pub count: u64,
    /// The last one's link; zeros for an empty log.
    pub link: [u8; 32],
}

/// 32 characters none of which looks like another.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters for the link's first 70 bits.
const LINK_CHARS: usize = 14;
/// Characters that find a slip of the pen.
const CHECK_CHARS: usize = 2;
/// The largest prime that two characters hold.
const CHECK_PRIME: u32 = 1021;

/// An anchor as people copy it: `A-1284-7K3F-9QXM-2D4T-8H2K`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchorCode {
    count: u64,
    start: [u8; LINK_CHARS],
}

impl Anchor {
    /// Its short form.
    pub fn code(&self) -> AnchorCode {
        let bit = |n: usize| self.link[n / 8] >> (7 - n % 8) & 1;
        let start = std::array::from_fn(|c| (0..5).fold(0, |value, n| value << 1 | bit(c * 5 + n)));
        AnchorCode { count: self.count, start }
    }
}

impl AnchorCode {
    /// How many entries the log had.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether it is the short form of `anchor`.
    pub fn names(&self, anchor: &Anchor) -> bool {
        anchor.code() == *self
    }

    /// Changes with every single character, and with two neighbours that change places.
    fn check(&self) -> [u8; CHECK_CHARS] {
        let digits = self.count.to_string().into_bytes();
        let values = digits.iter().map(|d| u32::from(*d - b'0')).chain(self.start.iter().map(|v| u32::from(*v)));
        let sum = values.fold(7, |sum, value| (sum * 37 + value) % CHECK_PRIME);
        [(sum / 32) as u8, (sum % 32) as u8]
    }
}

impl fmt::Display for AnchorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "A-{}", self.count)?;
        for (n, value) in self.start.iter().chain(&self.check()).enumerate() {
            let dash = if n % 4 == 0 { "-" } else { "" };
            write!(f, "{dash}{}", char::from(ALPHABET[usize::from(*value)]))?;
        }
        Ok(())
    }
}

/// Why a text is no anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnchor;

impl fmt::Display for NoAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "is no anchor, or was miscopied; one looks like A-1284-7K3F-9QXM-2D4T-8H2K, with its hyphens, and stands at \
             the foot of letters and statements",
        )
    }
}

impl std::error::Error for NoAnchor {}

impl FromStr for AnchorCode {
    type Err = NoAnchor;

    /// Small letters are read as large ones, O as 0, I and L as 1; spaces are passed over.
    fn from_str(text: &str) -> Result<Self, NoAnchor> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
        let (count, rest) = text.strip_prefix("A-").and_then(|x| x.split_once('-')).ok_or(NoAnchor)?;
        let plain = count.bytes().all(|b| b.is_ascii_digit()) && (count == "0" || !count.starts_with('0'));
        let count = count.parse().ok().filter(|_| plain).ok_or(NoAnchor)?;
        let values: Option<Vec<u8>> = rest.bytes().filter(|b| *b != b'-').map(value).collect();
        let values = values.filter(|v| v.len() == LINK_CHARS + CHECK_CHARS).ok_or(NoAnchor)?;
        let (start, check) = values.split_at(LINK_CHARS);
        let code = Self { count, start: start.try_into().map_err(|_| NoAnchor)? };
        if code.check() == check { Ok(code) } else { Err(NoAnchor) }
    }
}

fn value(character: u8) -> Option<u8> {
    let meant = match character {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    ALPHABET.iter().position(|c| *c == meant).and_then(|at| u8::try_from(at).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anchor() -> Anchor {
        Anchor { count: 1284, link: std::array::from_fn(|n| (n as u8).wrapping_mul(37).wrapping_add(11)) }
    }

    #[test]
    fn a_code_is_read_back_also_as_people_copy_it() {
        let code = anchor().code();
        let text = code.to_string();
        assert_eq!(text.len(), "A-1284-7K3F-9QXM-2D4T-8H2K".len(), "{text}");
        let careless = text.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " - ");
        for copied in [text.clone(), careless.replacen('l', "1", 1), format!("  {text}\n")] {
            assert_eq!(copied.parse(), Ok(code), "{copied}");
        }
        assert!(code.names(&anchor()));
        assert!(!code.names(&Anchor { count: 1285, ..anchor() }));
        let empty = Anchor { count: 0, link: [0; 32] }.code();
        assert_eq!(empty.to_string().parse(), Ok(empty));
    }

    #[test]
    fn every_slip_of_the_pen_is_found() {
        let text = anchor().code().to_string();
        for at in 2..text.len() {
            for other in ALPHABET {
                let mut slipped = text.clone().into_bytes();
                if slipped[at] == b'-' || slipped[at] == *other {
                    continue;
                }
                slipped[at] = *other;
                let slipped = String::from_utf8(slipped).unwrap();
                assert_eq!(slipped.parse::<AnchorCode>(), Err(NoAnchor), "{slipped}");
            }
        }
        for wrong in
            ["", "A", "A-1", "A--1", "A-01-0000-0000-0000-0000", "B-1-0000", "A-1-ÄÄÄÄ", &text[..text.len() - 1]]
        {
            assert_eq!(wrong.parse::<AnchorCode>(), Err(NoAnchor), "{wrong}");
        }
    }
}
