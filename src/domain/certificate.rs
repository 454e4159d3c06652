//! What a certificate of delivery says of one document: its facts, and what proves that it reached the client.
//!
//! Pure data in the order in which it is written. How it is gathered, signed and checked is `store::certificate`.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::client::Party;
use super::event::Event;

/// The first member of every certificate: what it is, and the version of its form.
pub const FORMAT: &str = "counterfoil-certificate-1";

/// A certificate with the firm's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// What is signed: these members, in this order, as JSON without spaces.
    pub certificate: Certificate,
    /// Ed25519, in base64.
    pub signature: String,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// [`FORMAT`].
    pub format: String,
    /// When it was made.
    pub made: Timestamp,
    /// The firm's name.
    pub firm: String,
    /// The address of its Counterfoil, where its key can be compared.
    pub portal: String,
    /// The firm's Ed25519 public key, in base64.
    pub key: String,
    /// The document.
    pub document: Document,
    /// What proves that it reached the client, oldest first.
    pub evidence: Vec<Line>,
    /// What the firm's own people looked at; no evidence of anything.
    pub staff: Vec<Line>,
    /// Later lines for which there was no room.
    pub left_out: u64,
    /// The activity log at that moment.
    pub head: Head,
    /// The way from the head back to every line, newest first.
    pub chain: Vec<Link>,
}

/// The document that is certified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// `invoice` or `credit note`.
    pub kind: String,
    /// Its number.
    pub number: String,
    /// What it is about.
    pub title: String,
    /// Its date.
    pub dated: Date,
    /// When it is due; a credit note is not.
    pub due: Option<Date>,
    /// What is to be paid or credited, as a decimal number.
    pub amount: String,
    /// In this currency.
    pub currency: String,
    /// Who issued it, as printed on it.
    pub seller: Party,
    /// For whom, as printed on it.
    pub buyer: Party,
    /// SHA-256 of the PDF, hexadecimal.
    pub sha256: String,
    /// Length of the PDF.
    pub bytes: u64,
    /// Name of the PDF.
    pub file: String,
}

/// What a line of a certificate is. None of the first five ever stands for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Word {
    /// It could be seen in the client's area.
    #[serde(rename = "published")]
    Published,
    /// The mail server took a letter about it.
    #[serde(rename = "handed to the mail server")]
    Handed,
    /// A contact who had proved who they are looked at it.
    #[serde(rename = "opened")]
    Opened,
    /// Such a contact took the PDF.
    #[serde(rename = "downloaded")]
    Downloaded,
    /// Such a contact said that they have it.
    #[serde(rename = "acknowledged")]
    Acknowledged,
    /// Somebody of the firm looked at it.
    #[serde(rename = "previewed by staff")]
    StaffPreviewed,
    /// Somebody of the firm took the PDF.
    #[serde(rename = "downloaded by staff")]
    StaffDownloaded,
}

impl Word {
    /// The words of evidence.
    pub const EVIDENCE: [Self; 5] = [Self::Published, Self::Handed, Self::Opened, Self::Downloaded, Self::Acknowledged];

    /// As it is printed.
    pub fn words(self) -> &'static str {
        match self {
            Self::Published => "Published",
            Self::Handed => "Handed to the mail server",
            Self::Opened => "Opened",
            Self::Downloaded => "Downloaded",
            Self::Acknowledged => "Acknowledged",
            Self::StaffPreviewed => "Previewed by staff",
            Self::StaffDownloaded => "Downloaded by staff",
        }
    }

    /// Whether it proves anything about the client.
    pub fn is_evidence(self) -> bool {
        Self::EVIDENCE.contains(&self)
    }

    /// What an event about a document is in a certificate; `None` for those that have no place there.
    pub fn of(event: &Event) -> Option<Self> {
        match event {
            Event::InvoiceIssued { .. }
            | Event::InvoicePublished { .. }
            | Event::DocumentImported { .. }
            | Event::CreditNoteIssued { .. } => Some(Self::Published),
            Event::LetterAccepted { .. } => Some(Self::Handed),
            Event::Opened { .. } => Some(Self::Opened),
            Event::Downloaded { .. } => Some(Self::Downloaded),
            Event::StaffPreviewed { .. } => Some(Self::StaffPreviewed),
            Event::StaffDownloaded { .. } => Some(Self::StaffDownloaded),
            _ => None,
        }
    }
}

/// One line: an entry of the activity log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its number in the log.
    pub entry: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Word,
    /// Who, by the name that the firm knows; of a letter, to which address.
    pub who: String,
    /// From which network address, if it came over a network.
    pub from: Option<IpAddr>,
    /// Of a letter, what the mail server answered.
    pub note: String,
}

/// The activity log at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Entries.
    pub count: u64,
    /// The last one's link, in base64.
    pub link: String,
    /// The same as people copy it.
    pub anchor: String,
}

/// One step of the way through the log, everything in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The entry's number.
    pub entry: u64,
    /// The link of the entry before.
    pub previous: String,
    /// The link of the entry that this one skips back to.
    pub skipped: String,
    /// The commitment to an entry that is not shown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub commitment: Option<String>,
    /// The key of an entry that is shown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<String>,
    /// The bytes of an entry that is shown, as they are stored.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record: Option<String>,
}
