//! A letter and its MIME form.
//!
//! Every value is checked here, at the border, because names and subjects come from people: what could break a message
//! open is refused with a [`MessageError`], never repaired into something else. Nothing here reads the clock or draws
//! randomness, so the same letter always becomes the same bytes. Must not know how letters travel.

use std::fmt;
use std::time::SystemTime;

use lettre::Address;
use lettre::message::header::{
    ContentDisposition, ContentTransferEncoding, ContentType, Date, HeaderName, HeaderValue,
};
use lettre::message::{Message, MultiPart, MultiPartBuilder, SinglePart};

use super::headers;
use crate::secrets::sha256;

/// Longest display name, in characters.
pub const MAX_NAME_CHARS: usize = 200;
/// Longest subject, in characters.
pub const MAX_SUBJECT_CHARS: usize = 300;
/// Longest address, in bytes (RFC 5321's path without its brackets).
pub const MAX_ADDRESS_BYTES: usize = 254;
/// Longest Message-ID and longest unsubscribe address, in bytes.
pub const MAX_IDENTIFIER_BYTES: usize = 500;
/// Most text in a letter's plain part, and again in its HTML part, in bytes.
pub const MAX_TEXT_BYTES: usize = 1 << 20;
/// Most bytes of all attachments together, before encoding.
pub const MAX_ATTACHMENT_BYTES: usize = 20 << 20;
/// Most attachments of one letter.
pub const MAX_ATTACHMENTS: usize = 20;
/// The longest line that mail may carry, without its line break (RFC 5322).
const MAX_LINE_BYTES: usize = 998;

/// A letter to one person, ready to be sent as often as it takes: its `message_id` stays the same over all attempts.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Outgoing {
    /// `local@host` without angle brackets; derived by the caller, stable over retries.
    pub message_id: String,
    /// The sender's name; may be empty.
    pub from_name: String,
    /// The sender's address.
    pub from_address: String,
    /// Where it comes back to when it can't be delivered, if not to the sender.
    pub return_path: Option<String>,
    /// Name and address that answers go to, if not the sender.
    pub reply_to: Option<(String, String)>,
    /// The recipient's name; may be empty.
    pub to_name: String,
    /// The recipient's address.
    pub to_address: String,
    /// One line.
    pub subject: String,
    /// The plain text, lines ended by `\n`.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// The Message-IDs, `local@host`, of the letters that its thread has beside the one this answers, oldest first.
    pub thread: Vec<String>,
    /// The Message-ID this answers, `local@host`.
    pub in_reply_to: Option<String>,
    /// Says that a machine wrote this, so that machines do not answer.
    pub auto_submitted: bool,
    /// An `https:` address at which the recipient can stop letters like this, by one post (RFC 8058).
    pub list_unsubscribe: Option<String>,
    /// Files that come with the letter.
    pub attachments: Vec<Attachment>,
    /// The date the letter bears.
    pub date: jiff::Timestamp,
}

/// A file that comes with a letter.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Attachment {
    /// A file name without folders.
    pub name: String,
    /// Such as `application/pdf`.
    pub content_type: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// A letter as it goes over the wire: lines end in CRLF, all ASCII. Addresses are checked, their domains ASCII.
#[derive(Clone, PartialEq, Eq)]
pub struct Composed {
    /// Sender for the envelope.
    pub from: String,
    /// Recipient for the envelope.
    pub to: String,
    /// Headers and body.
    pub mime: Vec<u8>,
}

/// Why a letter cannot be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageError {
    /// Not an e-mail address that can be written to; carries which one it is ("the recipient's address").
    Address(&'static str),
    /// A line break or another control character where one line of text belongs.
    Control(&'static str),
    /// Longer than this program sends.
    TooLong(&'static str),
    /// The Message-ID is not of the form `local@host`.
    MessageId,
    /// Not an `https:` address.
    Unsubscribe,
    /// An attachment's name is empty or contains a folder.
    AttachmentName,
    /// An attachment's type is not a media type for a file.
    ContentType,
    /// The date lies before 1970.
    Date,
    /// The finished message breaks a rule of mail; nothing was sent.
    Malformed,
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(which) => write!(f, "{which} is not a valid e-mail address; correct it and send again"),
            Self::Control(which) => write!(f, "{which} contains a line break or control character; remove it"),
            Self::TooLong(which) => write!(f, "{which} is too long to be sent; shorten it"),
            Self::MessageId => f.write_str("the letter's Message-ID is not of the form name@host"),
            Self::Unsubscribe => f.write_str("the address for unsubscribing does not begin with https://"),
            Self::AttachmentName => f.write_str("an attachment's file name is empty or contains a folder; rename it"),
            Self::ContentType => f.write_str("an attachment's type is not one that can be sent as a file"),
            Self::Date => f.write_str("the letter's date lies before 1970"),
            Self::Malformed => f.write_str("the finished letter breaks a rule of mail and was not sent"),
        }
    }
}

impl std::error::Error for MessageError {}

impl Outgoing {
    /// Checks the letter and writes it as MIME: text and HTML quoted-printable, attachments base64.
    pub fn compose(&self) -> Result<Composed, MessageError> {
        self.check_sizes()?;
        let from = check_address(&self.from_address).ok_or(MessageError::Address("the sender's address"))?;
        let to = check_address(&self.to_address).ok_or(MessageError::Address("the recipient's address"))?;
        let back = self.return_path.as_deref().map_or(Some(from.clone()), check_address);
        let back = back.ok_or(MessageError::Address("the address for what comes back"))?;
        let mut letter = Message::builder()
            .header(Date::new(self.system_date()?))
            .raw_header(mailbox_header("From", &line(&self.from_name, "the sender's name", MAX_NAME_CHARS)?, &from))
            .raw_header(mailbox_header("To", &line(&self.to_name, "the recipient's name", MAX_NAME_CHARS)?, &to));
        for header in self.optional_headers()? {
            letter = letter.raw_header(header);
        }
        let whole = match self.body()? {
            Body::Single(part) => letter.singlepart(part),
            Body::Multi(parts) => letter.multipart(parts),
        };
        let mime = whole.map_err(|_| MessageError::Malformed)?.formatted();
        if well_formed(&mime) { Ok(Composed { from: back, to, mime }) } else { Err(MessageError::Malformed) }
    }

    fn check_sizes(&self) -> Result<(), MessageError> {
        let html = self.html.as_ref().map_or(0, String::len);
        if self.text.len().max(html) > MAX_TEXT_BYTES {
            return Err(MessageError::TooLong("the text"));
        }
        let attached: usize = self.attachments.iter().map(|a| a.bytes.len()).sum();
        if attached > MAX_ATTACHMENT_BYTES || self.attachments.len() > MAX_ATTACHMENTS {
            return Err(MessageError::TooLong("the list of attachments"));
        }
        Ok(())
    }

    fn system_date(&self) -> Result<SystemTime, MessageError> {
        // The date's printer panics before 1970, so such a date must not reach it.
        if self.date < jiff::Timestamp::UNIX_EPOCH { Err(MessageError::Date) } else { Ok(self.date.into()) }
    }

    /// Subject, Message-ID and whatever else this letter has.
    fn optional_headers(&self) -> Result<Vec<HeaderValue>, MessageError> {
        let subject = line(&self.subject, "the subject", MAX_SUBJECT_CHARS)?;
        let mut out = vec![
            ready("Subject", headers::unstructured(&subject)),
            ready("Message-ID", bracketed_id(&self.message_id)?),
        ];
        if let Some((name, address)) = &self.reply_to {
            let name = line(name, "the name for answers", MAX_NAME_CHARS)?;
            let address = check_address(address).ok_or(MessageError::Address("the address for answers"))?;
            out.push(mailbox_header("Reply-To", &name, &address));
        }
        if let Some(id) = &self.in_reply_to {
            let id = bracketed_id(id)?;
            out.push(ready("In-Reply-To", id.clone()));
            let mut all = self.thread.iter().map(|id| bracketed_id(id)).collect::<Result<Vec<_>, _>>()?;
            all.retain(|other| *other != id);
            all.push(id);
            // Folded: two of the longest would not fit on one line.
            out.push(ready("References", all.join("\r\n ")));
        }
        if self.auto_submitted {
            out.push(ready("Auto-Submitted", "auto-generated".to_owned()));
        }
        if let Some(url) = &self.list_unsubscribe {
            let printable = url.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b','));
            if !printable || !url.starts_with("https://") || url.len() > MAX_IDENTIFIER_BYTES {
                return Err(MessageError::Unsubscribe);
            }
            out.push(ready("List-Unsubscribe", format!("<{url}>")));
            // The form that mail programs post there for their reader's one click (RFC 8058).
            out.push(ready("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()));
        }
        Ok(out)
    }

    fn body(&self) -> Result<Body, MessageError> {
        let text = text_part(ContentType::TEXT_PLAIN, &self.text);
        let inner = match &self.html {
            None => Body::Single(text),
            Some(html) => {
                let parts = self.bounded(MultiPart::alternative(), "alternative").singlepart(text);
                Body::Multi(parts.singlepart(text_part(ContentType::TEXT_HTML, html)))
            }
        };
        if self.attachments.is_empty() {
            return Ok(inner);
        }
        let mixed = self.bounded(MultiPart::mixed(), "mixed");
        let mut mixed = match inner {
            Body::Single(part) => mixed.singlepart(part),
            Body::Multi(parts) => mixed.multipart(parts),
        };
        for attachment in &self.attachments {
            mixed = mixed.singlepart(attachment.part()?);
        }
        Ok(Body::Multi(mixed))
    }

    /// Sets a boundary that depends on the text, so that no text can contain its own.
    fn bounded(&self, parts: MultiPartBuilder, level: &str) -> MultiPartBuilder {
        let html = self.html.as_deref().unwrap_or_default();
        let seed = [level, &self.message_id, &self.text, html].join("\0");
        let digest = sha256(seed.as_bytes());
        let hex: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
        parts.boundary(hex)
    }
}

impl Attachment {
    fn part(&self) -> Result<SinglePart, MessageError> {
        let name = line(&self.name, "an attachment's name", MAX_NAME_CHARS)?;
        if name.is_empty() || name.contains(['/', '\\', '"']) {
            return Err(MessageError::AttachmentName);
        }
        let kind = self.content_type.as_str();
        let printable = kind.bytes().all(|b| (b' '..=b'~').contains(&b));
        if !printable || kind.len() > MAX_NAME_CHARS || kind.starts_with("multipart/") || kind.starts_with("message/") {
            return Err(MessageError::ContentType);
        }
        let kind = ContentType::parse(kind).map_err(|_| MessageError::ContentType)?;
        let part = SinglePart::builder().header(kind).header(ContentDisposition::attachment(&name));
        Ok(part.header(ContentTransferEncoding::Base64).body(self.bytes.clone()))
    }
}

impl fmt::Debug for Outgoing {
    /// Leaves out the text: it may hold a link that opens an account.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.attachments.len();
        write!(f, "Outgoing {{ message_id: {:?}, subject: {:?}, files: {files} }}", self.message_id, self.subject)
    }
}

impl fmt::Debug for Composed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Composed {{ {} bytes }}", self.mime.len())
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment {{ name: {:?}, bytes: {} }}", self.name, self.bytes.len())
    }
}

/// Reads an e-mail address and gives the form that servers understand (domain in ASCII, lower case); `None` when it is
/// not one, or when its part before the `@` is not plain ASCII, which too few servers accept.
pub fn check_address(address: &str) -> Option<String> {
    let ok: Address = address.parse().ok()?;
    let plain = ok.user().bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b','));
    let domain = idna::domain_to_ascii(ok.domain()).ok()?;
    let domain_ok = domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let whole = format!("{}@{domain}", ok.user());
    (plain && domain_ok && !domain.is_empty() && whole.len() <= MAX_ADDRESS_BYTES).then_some(whole)
}

enum Body {
    Single(SinglePart),
    Multi(MultiPart),
}

fn text_part(kind: ContentType, text: &str) -> SinglePart {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(text)
}

fn line(text: &str, which: &'static str, max_chars: usize) -> Result<String, MessageError> {
    let text = headers::clean(text).ok_or(MessageError::Control(which))?;
    if text.chars().count() > max_chars { Err(MessageError::TooLong(which)) } else { Ok(text) }
}

fn bracketed_id(id: &str) -> Result<String, MessageError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.@[]:".contains(&b);
    let (local, host) = id.split_once('@').ok_or(MessageError::MessageId)?;
    let whole = !local.is_empty() && !host.is_empty() && !host.contains('@') && id.bytes().all(allowed);
    if whole && id.len() <= MAX_IDENTIFIER_BYTES { Ok(format!("<{id}>")) } else { Err(MessageError::MessageId) }
}

/// lettre reads the raw form of an address header back, so that one holds the checked address and nothing else; the
/// name stands only in the encoded form, which is ours.
fn mailbox_header(name: &'static str, person: &str, address: &str) -> HeaderValue {
    let encoded = headers::mailbox(person, address);
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), address.to_owned(), encoded)
}

/// A header whose value was checked or encoded here.
fn ready(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

/// The last look before a letter leaves: ASCII, no line break but CRLF, no overlong line.
fn well_formed(mime: &[u8]) -> bool {
    let lines = mime.strip_suffix(b"\r\n").unwrap_or(mime);
    let no_bare = |line: &[u8]| !line.contains(&b'\r') && line.len() <= MAX_LINE_BYTES;
    let mut lines = lines.split(|b| *b == b'\n').peekable();
    while let Some(line) = lines.next() {
        let line = match (line.strip_suffix(b"\r"), lines.peek()) {
            (Some(line), Some(_)) => line,
            (None, None) => line,
            _ => return false,
        };
        if !no_bare(line) || !line.iter().all(|b| b.is_ascii() && *b != 0) {
            return false;
        }
    }
    true
}
