//! Documents, and the files of everything: whole, used, and counted.

use std::collections::{BTreeMap, BTreeSet};

use redb::{ReadableTable, ReadableTableMetadata};

use super::Check;
use crate::domain::document::Document;
use crate::domain::drop::Dropped;
use crate::domain::ids::{ContentId, Digest, DocumentId, DropId, InvoiceId, QuoteId, StatementId};
use crate::secrets::Sha256;
use crate::store::clients::ClientReads;
use crate::store::documents::{DocumentReads, places, weight};
use crate::store::drops::DropReads;
use crate::store::error::StoreError;
use crate::store::files::{CHUNK, Content, FileReads, FileUse};
use crate::store::firm::FirmReads;
use crate::store::invoices::InvoiceReads;
use crate::store::monthly::MonthlyReads;
use crate::store::quotes::QuoteReads;
use crate::store::tables::*;
use crate::store::tx::Reader;

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    documents(c)?;
    drops(c)?;
    uses(c)?;
    files(c)
}

fn documents(c: &mut Check<'_>) -> Result<(), StoreError> {
    let (mut highest, mut sizes) = (0, BTreeMap::<u64, (u64, u64)>::new());
    let count = c.every("documents", DOCUMENTS, |c, key: u64, document: Document| {
        highest = key;
        c.claim(document.id.0 == key, || format!("The document at {key} says to be {}.", document.id));
        let known = c.has(CLIENTS, document.client.0)?;
        c.claim(known, || format!("Document {key} is of client {}, which does not exist.", document.client));
        if let Some(project) = document.project {
            let own = c.r.project(project)?.is_some_and(|p| p.client == document.client);
            c.claim(own, || format!("Document {key} is filed under project {project}, which is not its client's."));
        }
        c.claim(!document.versions.is_empty(), || format!("Document {key} has no version."));
        let (of_project, of_client) = places(&document);
        let listed = c.has(DOCUMENTS_OF_PROJECT, of_project)? && c.has(DOCUMENTS_OF_CLIENT, of_client)?;
        c.claim(listed, || format!("Document {key} is missing from a list."));
        let weight = weight(&document);
        for of in [document.client.0, 0] {
            let sum = sizes.entry(of).or_default();
            *sum = (sum.0.saturating_add(weight.bytes), sum.1.saturating_add(weight.versions));
        }
        kept(c, &document)
    })?;
    c.given("document", highest)?;
    c.sized(DOCUMENTS_OF_PROJECT, count)?;
    c.sized(DOCUMENTS_OF_CLIENT, count)?;
    for (of, expected) in &sizes {
        let found = c.r.table(DOCUMENT_SIZES)?.get(*of)?.map(|x| x.value());
        c.claim(found == Some(*expected), || format!("The documents of client {of} are counted as {found:?}."));
    }
    c.sized(DOCUMENT_SIZES, sizes.len() as u64)
}

/// The files of a document that is not erased are there.
fn kept(c: &mut Check<'_>, document: &Document) -> Result<(), StoreError> {
    for (number, version) in (1..).zip(&document.versions).filter(|_| document.is_kept()) {
        let (digest, id) = (version.file.digest, document.id);
        let there = c.r.file_length(digest)? == Some(version.file.length);
        c.claim(there, || format!("The file of document {id}, version {number}, is missing or has another length."));
        let used = c.has(FILE_USES, FileUse::Document(id).key(digest))?;
        c.claim(used, || format!("That document {id} uses its file is not noted."));
    }
    Ok(())
}

/// What was dropped is known by its digest, and its file is there while it waits.
fn drops(c: &mut Check<'_>) -> Result<(), StoreError> {
    let (mut highest, mut waiting) = (0, 0);
    let count = c.every("dropped files", DROPS, |c, key: u64, drop: Dropped| {
        highest = key;
        let digest = drop.file.digest;
        let found = c.r.table(DROP_DIGESTS)?.get(digest.0)?.map(|x| x.value());
        c.claim(drop.id.0 == key && found == Some(key), || {
            format!("The dropped file {key} is not known by its digest.")
        });
        if drop.waits() {
            waiting += 1;
            let listed = c.has(DROPS_WAITING, key)? && c.has(FILE_USES, FileUse::Drop(drop.id).key(digest))?;
            let there = c.r.file_length(digest)? == Some(drop.file.length);
            c.claim(listed && there, || format!("The dropped file {key} waits and is not kept."));
        }
        Ok(())
    })?;
    c.given("drop", highest)?;
    c.sized(DROP_DIGESTS, count)?;
    c.sized(DROPS_WAITING, waiting)
}

/// Every note of a use is true; that none is missing is seen where the records are.
fn uses(c: &mut Check<'_>) -> Result<(), StoreError> {
    let logo = c.r.firm().ok().and_then(|firm| firm.logo).map(|logo| logo.file.digest);
    if let Some(digest) = logo {
        let noted = c.has(FILE_USES, FileUse::Logo.key(digest))?;
        c.claim(noted, || "That the firm uses its logo is not noted.".to_owned());
    }
    c.rows(FILE_USES, |c, (digest, tag, id), ()| {
        let digest = Digest(digest);
        let holds = match tag {
            0 => c.r.invoice(InvoiceId(id))?.and_then(|i| i.issue).is_some_and(|issue| issue.pdf.digest == digest),
            1 => c.r.quote(QuoteId(id))?.is_some_and(|q| q.versions().any(|x| x.1.pdf.digest == digest)),
            2 => logo == Some(digest),
            5 => c.r.month_statement(StatementId(id))?.is_some_and(|x| x.pdf.digest == digest),
            4 => c.r.dropped(DropId(id))?.is_some_and(|x| x.waits() && x.file.digest == digest),
            _ => {
                let document = c.r.document(DocumentId(id))?.filter(Document::is_kept);
                document.is_some_and(|d| d.versions.iter().any(|v| v.file.digest == digest))
            }
        };
        let there = c.has(FILES, digest.0)?;
        c.claim(holds && there, || format!("The file {digest} is said to be used by {tag}/{id}, and is not."));
        Ok(())
    })?;
    Ok(())
}

fn files(c: &mut Check<'_>) -> Result<(), StoreError> {
    let (mut chunks, mut read, mut seen) = (0, 0, BTreeSet::new());
    let all = c.r.table(FILES)?.len()?;
    c.rows(FILES, |c, digest, (length, id)| {
        let (digest, content) = (Digest(digest), Content { id: ContentId(id), length });
        chunks += u64::from(content.chunks());
        let alone = seen.insert(id);
        let whole = whole(c, digest, content)?;
        c.claim(alone && whole, || format!("The file {digest} does not have the bytes that its name promises."));
        let used = c.r.table(FILE_USES)?.range((digest.0, 0, 0)..=(digest.0, u8::MAX, u64::MAX))?.next().is_some();
        c.claim(used, || format!("Nothing refers to the file {digest}."));
        read += 1;
        c.tell("files", read, all);
        Ok(())
    })?;
    for one in c.r.arriving()? {
        chunks += one.bytes.div_ceil(CHUNK as u64);
    }
    c.rows(LEFT_OVER, |c, id, ()| {
        for row in c.r.table(CHUNKS)?.range((id, 0)..=(id, u32::MAX))? {
            row?;
            chunks += 1;
        }
        Ok(())
    })?;
    c.sized(CHUNKS, chunks)
}

/// Whether the chunks of a file give its digest, read one at a time.
fn whole(c: &Check<'_>, digest: Digest, content: Content) -> Result<bool, StoreError> {
    let mut sum = Sha256::default();
    for number in 0..content.chunks() {
        match c.r.chunk(content, number)? {
            Some(bytes) => sum.update(&bytes),
            None => return Ok(false),
        }
    }
    Ok(sum.finish() == digest.0)
}
