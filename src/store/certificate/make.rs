//! Gathers what a certificate says from one snapshot.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use redb::ReadableTable;

use super::public_key;
use crate::domain::certificate::{Certificate, Document, FORMAT, Head, Line, Link, Word};
use crate::domain::event::{Actor, Event, LogEntry};
use crate::domain::invoice::{Invoice, Issue};
use crate::store::accounts::AccountReads;
use crate::store::chain::{ChainReads, skip};
use crate::store::clients::ClientReads;
use crate::store::error::StoreError;
use crate::store::events::EventReads;
use crate::store::firm::FirmReads;
use crate::store::records::Record;
use crate::store::tables::EVENTS;
use crate::store::tx::Reader;

/// Most lines of a certificate; the oldest are the ones that count.
const LINES_MAX: usize = 300;
/// Entries read at once.
const PAGE: usize = 500;

/// The certificate of an issued document, unsigned.
///
/// # Errors
/// When the file can't be read.
pub fn gather(
    r: &impl Reader,
    invoice: &Invoice,
    issue: &Issue,
    portal: &str,
    made: Timestamp,
) -> Result<Certificate, StoreError> {
    let mut entries = entries_about(r, invoice)?;
    let left_out = entries.len().saturating_sub(LINES_MAX) as u64;
    entries.truncate(LINES_MAX);
    let mut lines = Vec::with_capacity(entries.len());
    for (word, entry) in &entries {
        lines.push(line(r, *word, entry)?);
    }
    let (evidence, staff) = lines.into_iter().partition(|line: &Line| line.what.is_evidence());
    let anchor = r.anchor()?;
    Ok(Certificate {
        format: FORMAT.to_owned(),
        made,
        firm: r.firm()?.party.name,
        portal: portal.to_owned(),
        key: public_key(r)?,
        document: document(invoice, issue),
        evidence,
        staff,
        left_out,
        head: Head { count: anchor.count, link: STANDARD.encode(anchor.link), anchor: anchor.code().to_string() },
        chain: way(r, entries.iter().map(|(_, entry)| entry.sequence).collect())?,
    })
}

fn document(invoice: &Invoice, issue: &Issue) -> Document {
    let amount = invoice.payable();
    Document {
        kind: if invoice.is_invoice() { "invoice" } else { "credit note" }.to_owned(),
        number: issue.number.to_string(),
        title: invoice.title.clone(),
        dated: invoice.dated,
        due: invoice.is_invoice().then_some(invoice.due),
        amount: amount.decimal().to_string(),
        currency: amount.currency.code().to_owned(),
        seller: issue.seller.clone(),
        buyer: issue.buyer.clone(),
        sha256: issue.pdf.digest.to_string(),
        bytes: issue.pdf.length,
        file: issue.pdf.name.clone(),
    }
}

/// What the log has about the document, oldest first. A credit note stands in the log of its invoice too, and the other
/// way round; each certificate speaks of one.
fn entries_about(r: &impl Reader, invoice: &Invoice) -> Result<Vec<(Word, LogEntry)>, StoreError> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = r.log_of_invoice(invoice.id, before, PAGE)?;
        let Some(last) = page.last().map(|entry| entry.sequence) else { break };
        before = Some(last);
        let ours = page.into_iter().filter(|entry| about(&entry.event).is_none_or(|id| id == invoice.id));
        all.extend(ours.filter_map(|entry| Word::of(&entry.event).map(|word| (word, entry))));
    }
    all.reverse();
    Ok(all)
}

/// The document that an event names itself.
fn about(event: &Event) -> Option<crate::domain::ids::InvoiceId> {
    match event {
        Event::InvoiceIssued { invoice, .. }
        | Event::InvoicePublished { invoice, .. }
        | Event::DocumentImported { invoice, .. }
        | Event::CreditNoteIssued { credit: invoice, .. }
        | Event::Opened { invoice, .. }
        | Event::Downloaded { invoice, .. } => Some(*invoice),
        Event::LetterAccepted { purpose, .. } => purpose.invoice(),
        _ => None,
    }
}

fn line(r: &impl Reader, what: Word, entry: &LogEntry) -> Result<Line, StoreError> {
    let (mut who, mut note) = (actor(r, &entry.by.actor)?, String::new());
    if let Event::LetterAccepted { to, response, .. } = &entry.event {
        (who, note) = (to.clone(), response.clone());
    }
    Ok(Line { entry: entry.sequence, at: entry.at, what, who, from: entry.by.address, note })
}

fn actor(r: &impl Reader, actor: &Actor) -> Result<String, StoreError> {
    Ok(match actor {
        Actor::Staff(id) => r.staff(*id)?.map_or_else(|| "Somebody of the firm".to_owned(), |s| s.name),
        Actor::Contact(id) => r.contact(*id)?.map_or_else(|| "A contact".to_owned(), |c| c.name),
        Actor::Visitor => "A visitor".to_owned(),
        Actor::Counterfoil(_) => "Counterfoil itself".to_owned(),
        Actor::CommandLine => "The command line".to_owned(),
    })
}

/// The way from the head to each of `shown`, which ascend.
fn way(r: &impl Reader, mut shown: Vec<u64>) -> Result<Vec<Link>, StoreError> {
    let (head, key) = (r.anchor()?, r.chain_key()?);
    let events = r.table(EVENTS)?;
    let mut steps = BTreeMap::new();
    let mut at = head.count;
    while let Some(wanted) = shown.pop() {
        while at > wanted {
            steps.entry(at).or_insert(false);
            at = if skip(at) >= wanted { skip(at) } else { at - 1 };
        }
        steps.insert(at, true);
    }
    let mut chain = Vec::with_capacity(steps.len());
    for (entry, is_shown) in steps.into_iter().rev() {
        let missing = || StoreError::Broken(format!("log entry {entry} is missing"));
        let row = events.get(entry)?.ok_or_else(missing)?;
        let stored = row.value();
        let previous = LogEntry::decode(stored)?.previous;
        let skipped = r.link_of(skip(entry), &head)?;
        let hidden = (!is_shown).then(|| STANDARD.encode(key.commit(entry, stored)));
        chain.push(Link {
            entry,
            previous: STANDARD.encode(previous),
            skipped: STANDARD.encode(skipped),
            commitment: hidden,
            key: is_shown.then(|| STANDARD.encode(key.of_entry(entry))),
            record: is_shown.then(|| STANDARD.encode(stored)),
        });
    }
    Ok(chain)
}
