//! Files on their way into the store: chunk by chunk, encrypted as everything is, and in bounded memory.
//!
//! What arrives is written a batch at a time, each in a small commit of its own between those of others, and counts
//! towards the limits from its first byte. It becomes a file only in the act that puts it to use; an upload that is let
//! go before, for whatever reason, is given up and leaves nothing. What a stopped process left is given up at the next
//! start, see [`sweep`].

use super::found;
use crate::app::{App, FileLimits};
use crate::domain::access::{Act, StaffScope};
use crate::domain::file_type::{self, FileType, HEAD};
use crate::domain::ids::{ClientId, ContentId, Digest, FileRef};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::secrets::Sha256;
use crate::store::files::CHUNK;
use crate::store::prelude::*;

/// Chunks that are written in one commit.
const BATCH_CHUNKS: usize = 8;
/// Bytes that are gathered before they are written.
pub const BATCH: usize = BATCH_CHUNKS * CHUNK;
/// Files that may arrive at once: each holds a batch in memory.
pub const ARRIVING_MAX: usize = 16;
/// Chunks of what was given up or erased that are cleared away in one commit.
const CLEARED_AT_ONCE: usize = 256;

/// A file that is arriving. Dropped before it was put to use, it is given up.
pub struct Upload {
    app: App,
    client: ClientId,
    content: ContentId,
    name: String,
    kind: Option<FileType>,
    gathered: Vec<u8>,
    length: u64,
    digest: Sha256,
    kept: bool,
}

/// A file that has arrived whole and waits to be put to use.
pub struct Arrived {
    upload: Upload,
    /// What it is.
    pub file: FileRef,
}

impl Upload {
    /// Begins a file called `name` for a client; `announced` is how long it says that it is.
    ///
    /// # Errors
    /// When the client is outside the scope, the name promises no kind of file that is taken, or it can't fit.
    pub async fn begin(
        app: &App,
        scope: &StaffScope,
        client: ClientId,
        name: &str,
        announced: Option<u64>,
    ) -> Result<Self, ActError> {
        file_type::promised(name).map_err(fault)?;
        let (scope, limits, at_least) = (scope.clone(), app.settings.files, announced.unwrap_or(1));
        let begin = move |w: &mut WriteTx<'_>| {
            found(w.client(client)?.filter(|c| scope.sees(c.id)))?;
            scope.may(Act::Work)?;
            if at_least > limits.file {
                return Err(Refusal::FileTooLarge(limits.file).into());
            }
            if w.arriving()?.len() >= ARRIVING_MAX {
                return Err(Refusal::ManyArriving.into());
            }
            check_room(w, client, at_least, &limits)?;
            Ok(w.begin_content(client)?)
        };
        let content = app.store.housekeep(app.now(), begin).await?;
        let (app, name) = (app.clone(), name.to_owned());
        let (gathered, digest) = (Vec::new(), Sha256::default());
        Ok(Self { app, client, content, name, kind: None, gathered, length: 0, digest, kept: false })
    }

    /// Takes the next bytes; waits while a batch is written.
    ///
    /// # Errors
    /// When the file is not of its kind, too large, or finds no room. It can't go on then.
    pub async fn push(&mut self, mut bytes: &[u8]) -> Result<(), ActError> {
        self.length = self.length.saturating_add(bytes.len() as u64);
        if self.length > self.app.settings.files.file {
            return Err(Refusal::FileTooLarge(self.app.settings.files.file).into());
        }
        self.digest.update(bytes);
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(BATCH - self.gathered.len()));
            self.gathered.extend_from_slice(now);
            bytes = rest;
            if self.kind.is_none() && self.gathered.len() >= HEAD {
                self.judge()?;
            }
            if self.gathered.len() == BATCH {
                self.write().await?;
            }
        }
        Ok(())
    }

    fn judge(&mut self) -> Result<FileType, ActError> {
        let head = &self.gathered[..self.gathered.len().min(HEAD)];
        let kind = file_type::judge(&self.name, head).map_err(fault)?;
        self.kind = Some(kind);
        Ok(kind)
    }

    async fn write(&mut self) -> Result<(), ActError> {
        let batch = std::mem::take(&mut self.gathered);
        let (content, client, limits) = (self.content, self.client, self.app.settings.files);
        let add = move |w: &mut WriteTx<'_>| {
            check_room(w, client, batch.len() as u64, &limits)?;
            match w.add_content(content, &batch)? {
                true => Ok(()),
                false => Err(Refusal::CutOff.into()),
            }
        };
        self.app.store.housekeep(self.app.now(), add).await
    }

    /// The file is whole.
    ///
    /// # Errors
    /// As [`Upload::push`].
    pub async fn finish(mut self) -> Result<Arrived, ActError> {
        let kind = match self.kind {
            Some(kind) => kind,
            None => self.judge()?,
        };
        if !self.gathered.is_empty() {
            self.write().await?;
        }
        let file = FileRef {
            digest: Digest(std::mem::take(&mut self.digest).finish()),
            length: self.length,
            name: self.name.clone(),
            media_type: kind.media_type.to_owned(),
        };
        Ok(Arrived { upload: self, file })
    }
}

impl Arrived {
    /// Under which number its bytes lie.
    pub fn content(&self) -> ContentId {
        self.upload.content
    }

    /// It was put to use.
    pub fn kept(mut self) {
        self.upload.kept = true;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let content = self.content;
        // Behind whatever of it still waits to be written.
        self.app.store.housekeep_later(self.app.now(), move |w| Ok(w.give_up_content(content)?));
        self.app.wake.notify_one();
    }
}

/// Refuses what would not fit beside what is kept and what is arriving.
fn check_room(w: &WriteTx<'_>, client: ClientId, more: u64, limits: &FileLimits) -> Result<(), ActError> {
    let arriving = w.arriving()?;
    let sum = |of: Option<ClientId>| -> u64 {
        arriving.iter().filter(|a| of.is_none_or(|c| c == a.client)).fold(0, |sum, a| sum.saturating_add(a.bytes))
    };
    let taken = |of| -> Result<u64, StoreError> { Ok(w.document_sizes(of)?.bytes.saturating_add(sum(of))) };
    if taken(Some(client))?.saturating_add(more) > limits.client {
        return Err(Refusal::ClientFull(limits.client).into());
    }
    if taken(None)?.saturating_add(more) > limits.all {
        return Err(Refusal::DocumentsFull(limits.all).into());
    }
    Ok(())
}

fn fault(sentence: String) -> ActError {
    Refusal::from(FieldFault::new("file", sentence)).into()
}

/// Before anything arrives: gives up what the last process left unfinished; how many files.
///
/// # Errors
/// When the store fails.
pub fn sweep(w: &mut WriteTx<'_>) -> Result<usize, ActError> {
    let left = w.arriving()?;
    for one in &left {
        w.give_up_content(one.content)?;
    }
    Ok(left.len())
}

/// Clears away what was given up or erased, some chunks in each commit; how many chunks.
///
/// # Errors
/// When the store fails.
pub async fn clear(app: &App) -> Result<usize, ActError> {
    let mut all = 0;
    while app.store.read(|r| r.has_left_overs())? {
        all += app.store.housekeep(app.now(), |w| Ok(w.clear_left_overs(CLEARED_AT_ONCE)?)).await?;
    }
    Ok(all)
}
