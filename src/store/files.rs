//! File content: stored once per digest, in chunks, and gone when nothing refers to it any more.
//!
//! The narrow way through: a digest leads to a [`Content`], and a content to its chunks by number. Content that is
//! still arriving lies in the same chunks under a number of its own, so that keeping it moves no bytes; its digest is
//! known only at its end. A number is never given twice, so whoever reads chunk after chunk never meets another file's.

use redb::ReadableTable;

use super::error::StoreError;
use super::tables::{ARRIVING, CHUNKS, FILE_USES, FILES, LEFT_OVER};
use super::tx::{Reader, WriteTx};
use crate::domain::ids::{ClientId, ContentId, Digest, DocumentId, DropId, InvoiceId, QuoteId, StatementId};
use crate::secrets;

/// Bytes of one chunk: with its key it fills 64 pages of the engine, which gives pages out in powers of two.
pub const CHUNK: usize = 252 * 1024;

/// The bytes of a file as they lie in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Under which number.
    pub id: ContentId,
    /// How many there are.
    pub length: u64,
}

impl Content {
    /// How many chunks it has.
    pub fn chunks(self) -> u32 {
        u32::try_from(self.length.div_ceil(CHUNK as u64)).unwrap_or(u32::MAX)
    }

    /// Bytes of a chunk.
    pub fn chunk_length(self, number: u32) -> u64 {
        self.length.saturating_sub(u64::from(number).saturating_mul(CHUNK as u64)).min(CHUNK as u64)
    }
}

/// What refers to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileUse {
    /// An issued invoice or credit note.
    Invoice(InvoiceId),
    /// A quote.
    Quote(QuoteId),
    /// The firm's logo.
    Logo,
    /// A document, in any of its versions.
    Document(DocumentId),
    /// A file from the drop folder that waits for a person.
    Drop(DropId),
    /// A month-end statement.
    Statement(StatementId),
}

impl FileUse {
    pub(super) fn key(self, digest: Digest) -> ([u8; 32], u8, u64) {
        let (tag, id) = match self {
            Self::Invoice(id) => (0, id.0),
            Self::Quote(id) => (1, id.0),
            Self::Logo => (2, 0),
            Self::Document(id) => (3, id.0),
            Self::Drop(id) => (4, id.0),
            Self::Statement(id) => (5, id.0),
        };
        (digest.0, tag, id)
    }
}

/// Content on its way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arriving {
    /// Under which number.
    pub content: ContentId,
    /// For whom.
    pub client: ClientId,
    /// Bytes so far.
    pub bytes: u64,
}

/// Reading files.
pub trait FileReads: Reader {
    /// The bytes of a file, all at once: for those that are small by a limit of their own.
    fn file(&self, digest: Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(content) = self.content(digest)? else { return Ok(None) };
        let broken = || StoreError::Broken(format!("the file {digest} is not whole"));
        let mut bytes = Vec::with_capacity(usize::try_from(content.length).map_err(|_| broken())?);
        for number in 0..content.chunks() {
            bytes.extend_from_slice(&self.chunk(content, number)?.ok_or_else(broken)?);
        }
        Ok(Some(bytes))
    }

    /// Length of a file in bytes.
    fn file_length(&self, digest: Digest) -> Result<Option<u64>, StoreError> {
        Ok(self.content(digest)?.map(|c| c.length))
    }

    /// Where the bytes of a file lie.
    fn content(&self, digest: Digest) -> Result<Option<Content>, StoreError> {
        let found = self.table(FILES)?.get(digest.0)?.map(|x| x.value());
        Ok(found.map(|(length, id)| Content { id: ContentId(id), length }))
    }

    /// A chunk of content, from 0; `None` when it is not there or not as long as it should be, as after the file went.
    fn chunk(&self, content: Content, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.table(CHUNKS)?.get((content.id.0, number))?.map(|x| x.value().to_vec());
        Ok(found.filter(|bytes| bytes.len() as u64 == content.chunk_length(number)))
    }

    /// What is arriving at this moment.
    fn arriving(&self) -> Result<Vec<Arriving>, StoreError> {
        let one = |content, (client, bytes)| Arriving { content: ContentId(content), client: ClientId(client), bytes };
        self.table(ARRIVING)?
            .iter()?
            .map(|row| row.map(|(k, v)| one(k.value(), v.value())).map_err(Into::into))
            .collect()
    }

    /// Whether chunks wait to be cleared away.
    fn has_left_overs(&self) -> Result<bool, StoreError> {
        Ok(self.table(LEFT_OVER)?.first()?.is_some())
    }
}

impl<T: Reader + ?Sized> FileReads for T {}

impl WriteTx<'_> {
    /// Keeps `bytes`, unless content of the same digest is there already. Something that uses them is put in the same
    /// transaction.
    pub fn put_file(&mut self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest(secrets::sha256(bytes));
        if self.content(digest)?.is_some() {
            return Ok(digest);
        }
        let id = ContentId(self.next("content")?);
        self.put_chunks(id, 0, bytes)?;
        self.change(FILES)?.insert(digest.0, (bytes.len() as u64, id.0))?;
        Ok(digest)
    }

    fn put_chunks(&mut self, id: ContentId, first: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let mut chunks = self.change(CHUNKS)?;
        for (number, chunk) in (first..).zip(bytes.chunks(CHUNK)) {
            chunks.insert((id.0, number), chunk)?;
        }
        Ok(())
    }

    /// Notes that something refers to a file.
    pub(super) fn use_file(&mut self, digest: Digest, by: FileUse) -> Result<(), StoreError> {
        self.change(FILE_USES)?.insert(by.key(digest), ())?;
        Ok(())
    }

    /// Notes that something refers to a file no more; with the last one the file goes.
    pub(super) fn release_file(&mut self, digest: Digest, by: FileUse) -> Result<(), StoreError> {
        let mut uses = self.change(FILE_USES)?;
        uses.remove(by.key(digest))?;
        let used = uses.range((digest.0, 0, 0)..=(digest.0, u8::MAX, u64::MAX))?.next().transpose()?.is_some();
        drop(uses);
        if used {
            return Ok(());
        }
        let gone = self.change(FILES)?.remove(digest.0)?.map(|x| x.value().1);
        if let Some(id) = gone {
            self.change(LEFT_OVER)?.insert(id, ())?;
        }
        Ok(())
    }

    /// Begins content for a client; until it is kept, nothing of it can be read.
    pub fn begin_content(&mut self, client: ClientId) -> Result<ContentId, StoreError> {
        let id = ContentId(self.next("content")?);
        self.change(ARRIVING)?.insert(id.0, (client.0, 0))?;
        Ok(id)
    }

    /// Adds to content that arrives: whole chunks, but for the last ones. False when it was given up meanwhile.
    pub fn add_content(&mut self, id: ContentId, bytes: &[u8]) -> Result<bool, StoreError> {
        let Some((client, before)) = self.table(ARRIVING)?.get(id.0)?.map(|x| x.value()) else { return Ok(false) };
        let ends_whole = before.is_multiple_of(CHUNK as u64);
        let first = u32::try_from(before / CHUNK as u64).ok().filter(|_| ends_whole);
        let first = first.ok_or_else(|| StoreError::Broken("content was added to after its end".to_owned()))?;
        self.put_chunks(id, first, bytes)?;
        self.change(ARRIVING)?.insert(id.0, (client, before + bytes.len() as u64))?;
        Ok(true)
    }

    /// Keeps content that has arrived, under its digest: one row, whatever its length. When a file of this digest is
    /// there already, that one stays and this content is left over. False when it was given up meanwhile.
    pub fn keep_content(&mut self, id: ContentId, digest: Digest) -> Result<bool, StoreError> {
        let Some((_, length)) = self.change(ARRIVING)?.remove(id.0)?.map(|x| x.value()) else { return Ok(false) };
        if self.content(digest)?.is_some() {
            self.change(LEFT_OVER)?.insert(id.0, ())?;
        } else {
            self.change(FILES)?.insert(digest.0, (length, id.0))?;
        }
        Ok(true)
    }

    /// Gives content up that was arriving; whether it still was.
    pub fn give_up_content(&mut self, id: ContentId) -> Result<bool, StoreError> {
        let arriving = self.table(ARRIVING)?.get(id.0)?.is_some();
        if arriving {
            self.change(ARRIVING)?.remove(id.0)?;
            self.change(LEFT_OVER)?.insert(id.0, ())?;
        }
        Ok(arriving)
    }

    /// Clears away at most `max` chunks that nothing refers to, of as many files as that is; how many, 0 when none is
    /// left. A file without chunks counts as one.
    pub fn clear_left_overs(&mut self, max: usize) -> Result<usize, StoreError> {
        let mut cleared = 0;
        while cleared < max {
            let Some(id) = self.table(LEFT_OVER)?.first()?.map(|row| row.0.value()) else { break };
            let (room, numbers) = (max - cleared, self.chunks_of(id, max - cleared)?);
            let mut chunks = self.change(CHUNKS)?;
            for number in &numbers {
                chunks.remove((id, *number))?;
            }
            drop(chunks);
            if numbers.len() < room {
                self.change(LEFT_OVER)?.remove(id)?;
            }
            cleared += numbers.len().max(1);
        }
        Ok(cleared)
    }

    fn chunks_of(&self, id: u64, max: usize) -> Result<Vec<u32>, StoreError> {
        let table = self.table(CHUNKS)?;
        let rows = table.range((id, 0)..=(id, u32::MAX))?.take(max);
        rows.map(|row| Ok(row?.0.value().1)).collect()
    }
}
