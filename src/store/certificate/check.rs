//! Checks a certificate with nothing but the certificate: what it says, what its chain proves and who signed it.
//!
//! What comes in is somebody's file: nothing in it is believed before it is proved, and every part is bounded.

use std::collections::{BTreeMap, HashMap};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{MAX_BYTES, fingerprint};
use crate::domain::anchor::Anchor;
use crate::domain::certificate::{Certificate, FORMAT, Line, Link, Signed, Word};
use crate::domain::event::{Event, LogEntry};
use crate::domain::ids::{Digest, InvoiceId};
use crate::secrets;
use crate::store::chain::{commitment, link, skip};
use crate::store::records::Record;

/// A certificate that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// What it says.
    pub certificate: Certificate,
    /// The fingerprint of the key that signed it. Whose key that is, the certificate can't prove: compare it.
    pub fingerprint: String,
    /// The digest of the document.
    pub document: Digest,
}

/// Why a certificate proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is longer than [`MAX_BYTES`].
    TooLarge,
    /// It is no certificate of a version known here.
    NotACertificate,
    /// The signature is not that of the key, or something was changed after signing.
    Signature,
    /// The chain does not lead from the head to the lines.
    Chain,
    /// A line says something else than the log.
    Line(u64),
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge => write!(f, "The file is larger than {} MiB; no certificate is.", MAX_BYTES >> 20),
            Self::NotACertificate => f.write_str(
                "This is not a certificate of delivery. Choose the JSON file, as it was downloaded; the PDF is for \
                 reading only.",
            ),
            Self::Signature => f.write_str(
                "The signature does not fit: something was changed after signing, or it was never signed with the key \
                 that it names.",
            ),
            Self::Chain => f.write_str("The chain does not lead from the head of the log to the lines."),
            Self::Line(entry) => write!(f, "Line {entry} says something else than the entry of the log that it names."),
        }
    }
}

impl std::error::Error for Flaw {}

/// Checks a certificate's file.
///
/// # Errors
/// The first flaw; then nothing in it is proved.
pub fn check(file: &[u8]) -> Result<Proven, Flaw> {
    if file.len() > MAX_BYTES {
        return Err(Flaw::TooLarge);
    }
    let Signed { certificate, signature } = serde_json::from_slice(file).map_err(|_| Flaw::NotACertificate)?;
    if certificate.format != FORMAT {
        return Err(Flaw::NotACertificate);
    }
    let text = serde_json::to_vec(&certificate).map_err(|_| Flaw::NotACertificate)?;
    let (key, signature) = (STANDARD.decode(&certificate.key), STANDARD.decode(&signature));
    let (key, signature) = key.ok().zip(signature.ok()).ok_or(Flaw::Signature)?;
    if !secrets::ed25519_verify(&key, &text, &signature) {
        return Err(Flaw::Signature);
    }
    let document = Digest::from_hex(&certificate.document.sha256).ok_or(Flaw::NotACertificate)?;
    lines(&certificate, document, shown(&certificate)?)?;
    let fingerprint = fingerprint(&certificate.key);
    Ok(Proven { certificate, fingerprint, document })
}

fn bytes(text: &str) -> Result<[u8; 32], Flaw> {
    STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(Flaw::Chain)
}

/// Follows the chain from the head; the entries that it shows.
fn shown(certificate: &Certificate) -> Result<BTreeMap<u64, LogEntry>, Flaw> {
    let head = Anchor { count: certificate.head.count, link: bytes(&certificate.head.link)? };
    if head.code().to_string() != certificate.head.anchor {
        return Err(Flaw::Chain);
    }
    let mut known = HashMap::from([(head.count, head.link)]);
    let mut shown = BTreeMap::new();
    for step in &certificate.chain {
        let (previous, skipped) = (bytes(&step.previous)?, bytes(&step.skipped)?);
        let (commitment, entry) = opened(step)?;
        if step.entry == 0 || known.remove(&step.entry) != Some(link(step.entry, &previous, &skipped, &commitment)) {
            return Err(Flaw::Chain);
        }
        if let Some(entry) = entry {
            if entry.sequence != step.entry || entry.previous != previous {
                return Err(Flaw::Chain);
            }
            shown.insert(step.entry, entry);
        }
        known.insert(step.entry - 1, previous);
        known.insert(skip(step.entry), skipped);
    }
    Ok(shown)
}

/// A step's commitment, and its entry when it is shown.
fn opened(step: &Link) -> Result<([u8; 32], Option<LogEntry>), Flaw> {
    match (&step.commitment, &step.key, &step.record) {
        (Some(commitment), None, None) => Ok((bytes(commitment)?, None)),
        (None, Some(key), Some(record)) => {
            let stored = STANDARD.decode(record).map_err(|_| Flaw::Chain)?;
            let entry = LogEntry::decode(&stored).map_err(|_| Flaw::Chain)?;
            Ok((commitment(&bytes(key)?, &stored), Some(entry)))
        }
        _ => Err(Flaw::Chain),
    }
}

/// Holds every line against its entry: each shown entry has one line, and each line says what its entry says.
fn lines(certificate: &Certificate, document: Digest, mut shown: BTreeMap<u64, LogEntry>) -> Result<(), Flaw> {
    let mut about = None;
    let mut last = (0, 0);
    let sides = [(true, &certificate.evidence), (false, &certificate.staff)];
    for (evidence, line) in sides.into_iter().flat_map(|(evidence, lines)| lines.iter().map(move |l| (evidence, l))) {
        let flaw = Flaw::Line(line.entry);
        let entry = shown.remove(&line.entry).ok_or(flaw)?;
        let before = if evidence { &mut last.0 } else { &mut last.1 };
        let ascends = std::mem::replace(before, line.entry) < line.entry;
        let invoice = *about.get_or_insert(entry.invoice);
        let one = invoice.is_some() && entry.invoice == invoice;
        if !(ascends && one && line.what.is_evidence() == evidence && says(line, &entry, certificate, document)) {
            return Err(flaw);
        }
    }
    let published = certificate.evidence.first().is_some_and(|line| line.what == Word::Published);
    if shown.is_empty() && published { Ok(()) } else { Err(Flaw::Chain) }
}

fn says(line: &Line, entry: &LogEntry, certificate: &Certificate, document: Digest) -> bool {
    let ours = |invoice: &InvoiceId| Some(*invoice) == entry.invoice;
    let same = Word::of(&entry.event) == Some(line.what) && entry.at == line.at && entry.by.address == line.from;
    same && match &entry.event {
        Event::InvoiceIssued { invoice, number, digest, .. }
        | Event::InvoicePublished { invoice, number, digest, .. }
        | Event::DocumentImported { invoice, number, digest, .. }
        | Event::CreditNoteIssued { credit: invoice, number, digest, .. } => {
            ours(invoice) && *digest == document && number.as_str() == certificate.document.number
        }
        Event::LetterAccepted { to, response, purpose, .. } => {
            purpose.invoice() == entry.invoice && *to == line.who && *response == line.note
        }
        Event::Opened { invoice, digest } | Event::Downloaded { invoice, digest, .. } => {
            ours(invoice) && *digest == document
        }
        Event::StaffPreviewed { invoice } | Event::StaffDownloaded { invoice, .. } => ours(invoice),
        _ => false,
    }
}
