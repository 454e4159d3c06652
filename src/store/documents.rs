//! Documents: files with versions, filed under projects, with the lists and sums that follow from them.

use jiff::Timestamp;
use redb::ReadableTable;

use super::error::StoreError;
use super::files::FileUse;
use super::tables::{
    DOCUMENT_SEEN, DOCUMENT_SIZES, DOCUMENTS, DOCUMENTS_OF_CLIENT, DOCUMENTS_OF_PROJECT, EVENTS, EVENTS_OF_DOCUMENT,
};
use super::tx::{Reader, WriteTx};
use super::{events, records::Record};
use crate::domain::document::Document;
use crate::domain::event::LogEntry;
use crate::domain::ids::{ClientId, ContactId, DocumentId, ProjectId};

/// Stands for all clients together in the table of sizes.
const ALL: u64 = 0;

/// Where a document stands in the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DocumentShelf {
    /// Contacts see it.
    Posted = 0,
    /// They see it no more.
    Withdrawn = 1,
}

/// Where a list goes on: the instant of the newest version in milliseconds, and the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentCursor(pub i64, pub u64);

impl DocumentCursor {
    /// The place of a document.
    pub fn of(document: &Document) -> Self {
        Self(posted(document), document.id.0)
    }
}

impl std::fmt::Display for DocumentCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.0, self.1)
    }
}

impl std::str::FromStr for DocumentCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, id) = text.split_once('_').ok_or(())?;
        Ok(Self(at.parse().map_err(drop)?, id.parse().map_err(drop)?))
    }
}

/// What documents take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DocumentSizes {
    /// Bytes of all versions.
    pub bytes: u64,
    /// Versions.
    pub versions: u64,
}

/// Reading documents.
pub trait DocumentReads: Reader {
    /// A document.
    fn document(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        self.record_at(DOCUMENTS, id.0)
    }

    /// Documents filed under a project of a client, or under none, newest first, from after `before`, at most `limit`.
    fn documents_of_project(
        &self,
        client: ClientId,
        project: Option<ProjectId>,
        shelf: DocumentShelf,
        before: Option<DocumentCursor>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let (of, shelf) = (project.map_or(0, |p| p.0), shelf as u8);
        let DocumentCursor(at, id) = before.unwrap_or(DocumentCursor(i64::MAX, u64::MAX));
        let table = self.table(DOCUMENTS_OF_PROJECT)?;
        let rows = table.range((client.0, of, shelf, i64::MIN, 0)..(client.0, of, shelf, at, id))?.rev().take(limit);
        rows.map(|row| listed(self, row?.0.value().4)).collect()
    }

    /// A client's documents, as [`DocumentReads::documents_of_project`].
    fn documents_of(
        &self,
        client: ClientId,
        shelf: DocumentShelf,
        before: Option<DocumentCursor>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let shelf = shelf as u8;
        let DocumentCursor(at, id) = before.unwrap_or(DocumentCursor(i64::MAX, u64::MAX));
        let table = self.table(DOCUMENTS_OF_CLIENT)?;
        let rows = table.range((client.0, shelf, i64::MIN, 0)..(client.0, shelf, at, id))?.rev().take(limit);
        rows.map(|row| listed(self, row?.0.value().3)).collect()
    }

    /// What the documents of a client take, or of all of them.
    fn document_sizes(&self, client: Option<ClientId>) -> Result<DocumentSizes, StoreError> {
        let found = self.table(DOCUMENT_SIZES)?.get(client.map_or(ALL, |c| c.0))?.map(|x| x.value());
        Ok(found.map_or(DocumentSizes::default(), |(bytes, versions)| DocumentSizes { bytes, versions }))
    }

    /// When a contact opened or downloaded a version first.
    fn document_seen(
        &self,
        contact: ContactId,
        document: DocumentId,
        version: u32,
    ) -> Result<Option<Timestamp>, StoreError> {
        let first = self.table(DOCUMENT_SEEN)?.get((contact.0, document.0, version))?.map(|x| x.value());
        let Some(first) = first else { return Ok(None) };
        let entry = self.table(EVENTS)?.get(first)?.map(|bytes| LogEntry::decode(bytes.value())).transpose()?;
        Ok(entry.map(|entry| entry.at))
    }

    /// A document's log entries before `before`, newest first, at most `limit`.
    fn log_of_document(
        &self,
        document: DocumentId,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<LogEntry>, StoreError> {
        events::entries(self, EVENTS_OF_DOCUMENT, document.0, before, limit)
    }
}

impl<T: Reader + ?Sized> DocumentReads for T {}

fn listed<R: Reader + ?Sized>(reader: &R, id: u64) -> Result<Document, StoreError> {
    let missing = || StoreError::Broken(format!("the document {id} is in a list and missing"));
    let found = reader.table(DOCUMENTS)?.get(id)?.map(|bytes| Document::decode(bytes.value())).transpose()?;
    found.ok_or_else(missing)
}

fn posted(document: &Document) -> i64 {
    document.newest().map_or(0, |v| v.at.as_millisecond())
}

/// A document's key in the list of its project: client, project, shelf, newest version in milliseconds, document.
type InProject = (u64, u64, u8, i64, u64);
/// The same in the list of its client.
type InClient = (u64, u8, i64, u64);

/// A document's keys in the lists of its project and its client.
pub(super) fn places(document: &Document) -> (InProject, InClient) {
    let shelf = if document.withdrawn.is_some() { DocumentShelf::Withdrawn } else { DocumentShelf::Posted } as u8;
    let (client, project, at) = (document.client.0, document.project.map_or(0, |p| p.0), posted(document));
    ((client, project, shelf, at, document.id.0), (client, shelf, at, document.id.0))
}

/// What a document counts for.
pub(super) fn weight(document: &Document) -> DocumentSizes {
    let versions = if document.is_kept() { document.versions.len() as u64 } else { 0 };
    DocumentSizes { bytes: document.bytes(), versions }
}

impl WriteTx<'_> {
    /// Keeps a document, its places in the lists, what it counts for and which files it uses. An erased one releases
    /// its files.
    pub fn put_document(&mut self, document: &Document) -> Result<(), StoreError> {
        let old = self.document(document.id)?;
        let before = old.as_ref().map_or(DocumentSizes::default(), weight);
        if let Some(old) = &old {
            let (of_project, of_client) = places(old);
            self.change(DOCUMENTS_OF_PROJECT)?.remove(of_project)?;
            self.change(DOCUMENTS_OF_CLIENT)?.remove(of_client)?;
        }
        let (of_project, of_client) = places(document);
        self.change(DOCUMENTS_OF_PROJECT)?.insert(of_project, ())?;
        self.change(DOCUMENTS_OF_CLIENT)?.insert(of_client, ())?;
        self.put(DOCUMENTS, document.id.0, document)?;
        for of in [document.client.0, ALL] {
            self.weigh(of, before, weight(document))?;
        }
        let by = FileUse::Document(document.id);
        for version in &document.versions {
            match document.is_kept() {
                true => self.use_file(version.file.digest, by)?,
                false => self.release_file(version.file.digest, by)?,
            }
        }
        Ok(())
    }

    fn weigh(&mut self, of: u64, before: DocumentSizes, after: DocumentSizes) -> Result<(), StoreError> {
        let mut table = self.change(DOCUMENT_SIZES)?;
        let (bytes, versions) = table.get(of)?.map_or((0, 0), |x| x.value());
        let moved = |sum: u64, before: u64, after: u64| sum.saturating_sub(before).saturating_add(after);
        let (bytes, versions) =
            (moved(bytes, before.bytes, after.bytes), moved(versions, before.versions, after.versions));
        table.insert(of, (bytes, versions))?;
        Ok(())
    }
}
