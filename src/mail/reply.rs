//! Answers of a mail server: their form, and what they offer. Knows nothing of the wire.

use std::fmt;

/// How much of an answer is kept for people to read, in characters.
const KEPT_REPLY_CHARS: usize = 500;

/// An answer of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Three digits, 200 to 599.
    pub code: u16,
    /// Its lines, without control characters.
    pub lines: Vec<String>,
}

/// What the server offers, from its answer to EHLO.
#[derive(Clone, Debug, Default)]
pub(super) struct Offers {
    pub starttls: bool,
    pub auth_plain: bool,
    pub auth_login: bool,
    /// Largest letter in bytes, when the server names one.
    pub size: Option<u64>,
}

impl Reply {
    /// The first digit of the code.
    pub fn class(&self) -> u16 {
        self.code / 100
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.lines.join(" ").chars().take(KEPT_REPLY_CHARS).collect();
        write!(f, "{} {}", self.code, text.trim())
    }
}

impl Offers {
    /// Reads the answer to EHLO; what is not understood is not offered.
    pub fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']);
            match words.next() {
                Some("STARTTLS") => offers.starttls = true,
                Some("SIZE") => offers.size = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0),
                Some("AUTH") => {
                    for word in words {
                        offers.auth_plain |= word == "PLAIN";
                        offers.auth_login |= word == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        offers
    }
}

/// `250-text` or `250 text`: code, whether it is the last line, text without control characters.
pub(super) fn reply_line(line: &[u8]) -> Option<(u16, bool, String)> {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end_matches(['\r', '\n']);
    let code: u16 = line.get(..3).filter(|c| c.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    let (mark, text) = (line.as_bytes().get(3), line.get(4..).unwrap_or_default());
    let last = match mark {
        None | Some(b' ') => true,
        Some(b'-') => false,
        Some(_) => return None,
    };
    let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    (200..600).contains(&code).then_some((code, last, text))
}

/// Reads an answer to EHLO as the dialogue does. For `fuzz/`.
#[cfg(fuzzing)]
pub fn read_answer(bytes: &[u8]) -> String {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').map_while(reply_line);
    let (codes, lines): (Vec<u16>, Vec<String>) = lines.map(|(code, _, text)| (code, text)).unzip();
    let reply = Reply { code: codes.first().copied().unwrap_or(500), lines };
    format!("{reply} {} {:?}", reply.class(), Offers::read(&reply))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_strictly() {
        assert_eq!(reply_line(b"250-SIZE 5\r\n"), Some((250, false, "SIZE 5".to_owned())));
        assert_eq!(reply_line(b"354\r\n"), Some((354, true, String::new())));
        for bad in [&b"HTTP/1.1 400\r\n"[..], b"25\r\n", b"999 x\r\n", b"250x\r\n", b"100 x\r\n", b"\xff\xff\xff ok\n"]
        {
            assert_eq!(reply_line(bad), None);
        }
    }
}
