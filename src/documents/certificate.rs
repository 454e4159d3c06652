//! A certificate of delivery as a [`Sheet`]: for people to read. What proves it is the certificate's file.
//!
//! Formats what was gathered; must not check anything itself.

use jiff::tz::TimeZone;

use super::bill::Look;
use super::sheet::{Column, Fact, Row, Section, Sheet, Table};
use crate::domain::certificate::{Certificate, Line, Word};
use crate::domain::client::Party;

/// Base64 characters in a group, so that a signature breaks anywhere.
const GROUP: usize = 22;

/// The sheet of a certificate; `signature` and `fingerprint` as the certificate's file and its key give them.
pub fn certificate_sheet(
    look: &Look,
    certificate: &Certificate,
    signature: &str,
    fingerprint: &str,
    zone: &TimeZone,
) -> Sheet {
    let (locale, document) = (look.firm.locale, &certificate.document);
    let what = if document.kind == "invoice" { "Invoice" } else { "Credit note" };
    let mut facts =
        vec![Fact::new(what, document.number.as_str()), Fact::new("Dated", locale.date_long(document.dated))];
    facts.extend(document.due.map(|due| Fact::new("Due", locale.date_long(due))));
    facts.push(Fact::new("Amount", format!("{} {}", document.amount, document.currency)));
    facts.push(Fact::new("About", document.title.as_str()));
    facts.push(Fact::new("Certified", stamp(certificate.made, zone)));
    facts.retain(|fact| !fact.value.is_empty());
    let seller: &Party = &document.seller;
    Sheet {
        number: document.number.clone(),
        facts,
        intro: vec![format!(
            "This is what {}’s activity log holds of how {} {} reached its client. The five words of evidence never \
             stand for one another: published is not handed to the mail server, that is not opened, opened is not \
             downloaded, and none of them is acknowledged.",
            certificate.firm, document.kind, document.number
        )],
        sections: sections(certificate, zone),
        notes: notes(certificate, signature, fingerprint),
        ..look.sheet("Certificate of delivery", seller, &document.buyer)
    }
}

fn stamp(at: jiff::Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

fn sections(certificate: &Certificate, zone: &TimeZone) -> Vec<Section> {
    let evidence = table("Evidence, oldest first", &certificate.evidence, zone);
    let mut sections = vec![
        Section { heading: "In short".to_owned(), table: counts(&certificate.evidence, zone), ..Section::default() },
        Section { heading: "Evidence".to_owned(), table: evidence, ..Section::default() },
    ];
    if !certificate.staff.is_empty() {
        sections.push(Section {
            heading: "Looked at by the firm’s own people: no evidence of anything".to_owned(),
            table: table("Looked at by the firm’s own people", &certificate.staff, zone),
            ..Section::default()
        });
    }
    sections
}

fn counts(evidence: &[Line], zone: &TimeZone) -> Table {
    let row = |word: Word| {
        let mut those = evidence.iter().filter(|line| line.what == word);
        let first = those.next();
        let count = first.map_or(0, |_| 1 + those.count());
        let first = first.map_or_else(|| "Never".to_owned(), |line| stamp(line.at, zone));
        let count = if count == 0 { "–".to_owned() } else { count.to_string() };
        Row { cells: vec![word.words().to_owned(), first, count], ..Row::default() }
    };
    Table {
        caption: "Each word of evidence".to_owned(),
        columns: vec![Column::text("What"), Column::text("First"), Column::figures("Times")],
        rows: Word::EVIDENCE.into_iter().map(row).collect(),
        main: 0,
    }
}

fn table(caption: &str, lines: &[Line], zone: &TimeZone) -> Table {
    let row = |line: &Line| {
        let mut notes = Vec::new();
        notes.extend(line.from.map(|address| format!("From the network address {address}")));
        notes.extend(Some(&line.note).filter(|note| !note.is_empty()).cloned());
        Row {
            cells: vec![stamp(line.at, zone), line.what.words().to_owned(), line.who.clone(), line.entry.to_string()],
            notes,
            ..Row::default()
        }
    };
    Table {
        caption: caption.to_owned(),
        columns: vec![
            Column { heading: "When".to_owned(), ..Column::default() },
            Column { heading: "What".to_owned(), ..Column::default() },
            Column::text("Who"),
            Column::figures("Entry"),
        ],
        rows: lines.iter().map(row).collect(),
        main: 2,
    }
}

fn notes(certificate: &Certificate, signature: &str, fingerprint: &str) -> Vec<String> {
    let (document, portal) = (&certificate.document, &certificate.portal);
    let mut notes = vec![format!(
        "The document: {}, {} bytes, SHA-256 {}.",
        document.file,
        document.bytes,
        grouped(&document.sha256)
    )];
    if certificate.left_out > 0 {
        notes.push(format!("{} later lines are left out, for lack of room.", certificate.left_out));
    }
    notes.push(format!(
        "The activity log then had {} entries; its anchor was {}. The same codes stand at the foot of our letters and \
         statements.",
        certificate.head.count, certificate.head.anchor
    ));
    notes.push(format!(
        "Signed with the Ed25519 key {} (fingerprint {fingerprint}), which {portal}/certificate shows. Signature: {}.",
        certificate.key,
        grouped(signature)
    ));
    notes.push(format!(
        "To check it, take the certificate’s JSON file, which holds all of this with the links of the log that prove \
         it, to {portal}/certificate, to the same page of any other Counterfoil, or to the command “counterfoil \
         certificate verify”."
    ));
    notes
}

fn grouped(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}
