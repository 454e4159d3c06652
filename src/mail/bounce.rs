//! Messages that come back: what a mail server says about a letter that it could not deliver (RFC 3464), and which
//! letter that was.
//!
//! Whoever knows the address can write anything here, so size, parts and depth have limits, and what is not understood
//! is only counted. Must not know letters, nor where messages come from.

use mail_parser::{Message, MessageParser, MimeHeaders, PartType};

/// Bytes of a message that are read; what stands behind is the returned letter’s own text.
pub const MESSAGE_MAX: usize = 256 << 10;
/// Parts that a message may have; each says its type.
const PARTS_MAX: usize = 100;
/// Most recipients that one message tells of.
const RECIPIENTS_MAX: usize = 100;
/// Characters of the server's words that are kept.
const WORDS_MAX: usize = 500;
/// For the parser: enough for whatever depth that many bytes can have.
const STACK: usize = 64 << 20;

/// What a message turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A letter of this Message-ID was not delivered.
    Bounced(Bounce),
    /// Nothing that failed: a delay, a receipt, an answer, anything else that a person or machine wrote.
    Other,
    /// Not a message, or one beyond the limits.
    Refused,
}

/// A letter that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounce {
    /// The letter's Message-ID, `local@host`.
    pub message_id: String,
    /// The server's words, in one line.
    pub words: String,
}

/// Reads a message.
pub fn read(bytes: &[u8]) -> Reading {
    let bytes = &bytes[..bytes.len().min(MESSAGE_MAX)];
    if parts(bytes) > PARTS_MAX {
        return Reading::Refused;
    }
    // On a stack of its own, since messages within messages are let go of one inside the other.
    std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || parse(bytes));
        reader.ok().and_then(|reader| reader.join().ok()).unwrap_or(Reading::Refused)
    })
}

/// How many parts say their type.
fn parts(bytes: &[u8]) -> usize {
    const NAME: &[u8] = b"content-type";
    bytes.windows(NAME.len()).filter(|window| window.eq_ignore_ascii_case(NAME)).count()
}

fn parse(bytes: &[u8]) -> Reading {
    let Some(message) = MessageParser::default().parse(bytes) else { return Reading::Refused };
    let words = match status(&message) {
        Some(status) => failure(&status),
        None => undelivered(&message),
    };
    let Some(words) = words else { return Reading::Other };
    match returned(&message) {
        Some(message_id) => Reading::Bounced(Bounce { message_id, words }),
        None => Reading::Other,
    }
}

fn is(part: &impl MimeHeadersOf, kinds: &[&str]) -> bool {
    part.kind().is_some_and(|kind| kinds.iter().any(|k| kind.eq_ignore_ascii_case(k)))
}

/// The type of a part.
trait MimeHeadersOf {
    fn kind(&self) -> Option<String>;
}

impl MimeHeadersOf for mail_parser::MessagePart<'_> {
    fn kind(&self) -> Option<String> {
        let kind = self.content_type()?;
        Some(format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()))
    }
}

/// The fields of the delivery status, if the message has one.
fn status(message: &Message<'_>) -> Option<String> {
    let kinds = ["message/delivery-status", "message/global-delivery-status"];
    let part = message.parts.iter().find(|part| is(*part, &kinds))?;
    Some(String::from_utf8_lossy(part.contents()).into_owned())
}

/// Why it failed, of the first recipient that the status says so of; `None` when nothing failed for good.
fn failure(status: &str) -> Option<String> {
    let unix = status.replace("\r\n", "\n");
    let blocks = unix.split("\n\n").filter(|block| !block.trim().is_empty());
    let failed = blocks
        .take(RECIPIENTS_MAX)
        .find(|block| field(block, "action").is_some_and(|action| action.to_ascii_lowercase().starts_with("failed")))?;
    let typed = |name| field(failed, name).map(|x| x.split_once(';').map_or(x.clone(), |x| x.1.trim().to_owned()));
    let why = typed("diagnostic-code").or_else(|| field(failed, "status")).unwrap_or_default();
    let to = typed("final-recipient").or_else(|| typed("original-recipient")).unwrap_or_default();
    Some(flat(&match (to.is_empty(), why.is_empty()) {
        (false, false) => format!("{to}: {why}"),
        (false, true) => format!("{to}: not delivered"),
        (true, false) => why,
        (true, true) => "not delivered".to_owned(),
    }))
}

/// A field's value, unfolded.
fn field(block: &str, name: &str) -> Option<String> {
    let mut lines = block.lines();
    let first = lines.find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then_some(value)
    })?;
    let mut value = first.trim().to_owned();
    for line in lines.take_while(|line| line.starts_with([' ', '\t'])) {
        value.push(' ');
        value.push_str(line.trim());
    }
    Some(value)
}

/// What a server without a delivery status says that could not deliver: Exim names the recipients in a header.
fn undelivered(message: &Message<'_>) -> Option<String> {
    let failed = message.header("X-Failed-Recipients")?.as_text()?;
    let body = message.body_text(0).unwrap_or_default();
    // The server's answer stands indented below the address.
    let said = body.lines().map(str::trim).find(|line| {
        let code = line.split([' ', '-']).find(|w| w.len() == 3 && w.bytes().all(|b| b.is_ascii_digit()));
        code.is_some_and(|code| code.starts_with('5'))
    });
    Some(flat(&format!("{failed}: {}", said.unwrap_or("not delivered"))))
}

/// The Message-ID of the letter that came back: of the message within, of its headers alone, or where they stand in the
/// text.
fn returned(message: &Message<'_>) -> Option<String> {
    let within = message.parts.iter().find_map(|part| match &part.body {
        PartType::Message(letter) => letter.message_id().map(str::to_owned),
        _ => None,
    });
    let headers = || {
        let part = message.parts.iter().find(|p| is(*p, &["text/rfc822-headers", "message/global-headers"]))?;
        in_text(&String::from_utf8_lossy(part.contents()))
    };
    let text = || (0..message.text_body_count()).find_map(|n| in_text(&message.body_text(n)?));
    within.or_else(headers).or_else(text).filter(|id| id.len() <= super::message::MAX_IDENTIFIER_BYTES)
}

/// The last Message-ID that a text names as a header.
fn in_text(text: &str) -> Option<String> {
    let value = text.lines().rev().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("message-id").then_some(value.trim())
    })?;
    Some(value.strip_prefix('<')?.strip_suffix('>')?.to_owned())
}

/// One line of printable text, cut.
fn flat(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let plain: String = plain.filter(|c| !crate::domain::text::is_deceptive(*c)).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS_MAX).collect()
}

#[cfg(test)]
#[path = "bounce_tests.rs"]
mod tests;
