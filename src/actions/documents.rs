//! Posting, withdrawing and erasing documents, and what looking at them leaves.

use super::uploads::Arrived;
use super::visits::hour_of;
use super::{found, letters};
use crate::app::App;
use crate::domain::access::{Act, StaffScope};
use crate::domain::document::{self, Document, NOTE_MAX, VERSIONS_MAX, Version, Withdrawn};
use crate::domain::event::{By, Event};
use crate::domain::ids::{ClientId, ContentId, DocumentId, FileRef, ProjectId};
use crate::domain::refusal::Refusal;
use crate::domain::text;
use crate::store::events::Visited;
use crate::store::prelude::*;
use crate::store::scope::{ClientView, Pass};

/// Where a file goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A new document.
    New {
        /// Of whom.
        client: ClientId,
        /// Filed under.
        project: Option<ProjectId>,
        /// What it is; after the file's name when empty.
        title: String,
    },
    /// A new version of this one.
    Version(DocumentId),
}

impl Place {
    /// Whose document it becomes; the place must be there and in the scope.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for what is not there or outside the scope.
    pub fn client(&self, r: &impl Reader, scope: &StaffScope) -> Result<ClientId, ActError> {
        let (client, project) = match self {
            Self::New { client, project, .. } => (*client, *project),
            Self::Version(id) => (found(r.document(*id)?)?.client, None),
        };
        found(r.client(client)?.filter(|c| scope.sees(c.id)))?;
        if let Some(project) = project {
            found(r.project(project)?.filter(|p| p.client == client && p.open))?;
        }
        Ok(client)
    }
}

/// Puts a file that has arrived to use: the document or its new version, its line in the log and its letters are one
/// commit. Gives the document and the number of the version.
///
/// # Errors
/// When the scope does not allow it or a field is out of range; the file is then given up.
pub async fn post(
    app: &App,
    by: By,
    scope: &StaffScope,
    place: Place,
    note: String,
    arrived: Arrived,
) -> Result<(DocumentId, u32), ActError> {
    let (scope, file, content) = (scope.clone(), arrived.file.clone(), arrived.content());
    let act = move |w: &mut WriteTx<'_>| post_in(w, &scope, &place, &note, &file, content);
    let done = app.store.write(by, app.now(), act).await?;
    arrived.kept();
    app.wake.notify_one();
    Ok(done)
}

/// As [`post`], inside a transaction and at its instant: for a history that is written down as a whole.
///
/// # Errors
/// As [`post`].
pub fn post_in(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    place: &Place,
    note: &str,
    file: &FileRef,
    content: ContentId,
) -> Result<Done<(DocumentId, u32)>, ActError> {
    let client = place.client(w, scope)?;
    scope.may(Act::Work)?;
    let note = text::line("note", note, NOTE_MAX).map_err(Refusal::from)?;
    let version = Version { file: file.clone(), at: w.now, by: w.by.actor.clone(), note };
    let mut document = match place {
        Place::New { project, title, .. } => {
            let title = document::title(title, &file.name).map_err(Refusal::from)?;
            let (id, project) = (DocumentId(w.next("document")?), *project);
            Document { id, client, project, title, versions: Vec::new(), withdrawn: None }
        }
        Place::Version(id) => found(w.document(*id)?)?,
    };
    if document.withdrawn.is_some() {
        return Err(Refusal::DocumentWithdrawn.into());
    }
    if document.versions.len() >= VERSIONS_MAX {
        return Err(Refusal::VersionsFull(VERSIONS_MAX).into());
    }
    if !w.keep_content(content, file.digest)? {
        return Err(Refusal::CutOff.into());
    }
    document.versions.push(version);
    w.put_document(&document)?;
    letters::queue_posted(w, &document)?;
    let (document, version, title) = (document.id, document.current(), document.title);
    let event = Event::DocumentPosted { document, version, title, digest: file.digest, bytes: file.length };
    Ok(w.record(About::client(client), event)?.done((document, version)))
}

/// Contacts see the document no more; letters about it that still wait say so no more either.
///
/// # Errors
/// When it is outside the scope or withdrawn already, or no reason is given.
pub fn withdraw(w: &mut WriteTx<'_>, scope: &StaffScope, id: DocumentId, reason: &str) -> Result<Done<()>, ActError> {
    let mut document = found(w.document(id)?.filter(|d| scope.sees(d.client)))?;
    scope.may(Act::Work)?;
    if document.withdrawn.is_some() {
        return Err(Refusal::DocumentWithdrawn.into());
    }
    let reason = text::required("reason", reason, text::LINE_MAX, "Enter why; only the firm reads it.")
        .map_err(Refusal::from)?;
    let (at, by) = (w.now, w.by.actor.clone());
    document.withdrawn = Some(Withdrawn { at, by, reason: reason.clone(), erased: None });
    w.put_document(&document)?;
    letters::reword_posted(w, document.client)?;
    let event = Event::DocumentWithdrawn { document: id, title: document.title, reason };
    Ok(w.record(About::client(document.client), event)?.done(()))
}

/// The bytes of a withdrawn document go; that it was there, and who got it, stays on record.
///
/// # Errors
/// When it is outside the scope, or not withdrawn, or erased already.
pub fn erase(w: &mut WriteTx<'_>, scope: &StaffScope, id: DocumentId) -> Result<Done<()>, ActError> {
    let mut document = found(w.document(id)?.filter(|d| scope.sees(d.client)))?;
    scope.may(Act::Govern)?;
    let (bytes, now) = (document.bytes(), w.now);
    let withdrawn = document.withdrawn.as_mut().filter(|x| x.erased.is_none()).ok_or(Refusal::NotToErase)?;
    withdrawn.erased = Some(now);
    w.put_document(&document)?;
    let event = Event::DocumentErased { document: id, title: document.title, bytes };
    Ok(w.record(About::client(document.client), event)?.done(()))
}

/// A contact opened the page of a version.
///
/// # Errors
/// [`Refusal::NotFound`] when it is not theirs to see, [`Refusal::TryAgain`] when this hour's visit is logged already.
pub fn opened(w: &mut WriteTx<'_>, pass: Pass, id: DocumentId, version: u32) -> Result<Done<()>, ActError> {
    let (about, title, digest) = theirs(w, pass, id, version)?;
    if !w.note_visit(pass.contact, Visited::Document(id, version), hour_of(w.now))? {
        return Err(Refusal::TryAgain.into());
    }
    Ok(w.record(about, Event::DocumentOpened { document: id, version, title, digest })?.done(()))
}

/// A contact downloaded a version.
///
/// # Errors
/// [`Refusal::NotFound`] when it is not theirs to see.
pub fn downloaded(w: &mut WriteTx<'_>, pass: Pass, id: DocumentId, version: u32) -> Result<Done<()>, ActError> {
    let (about, title, digest) = theirs(w, pass, id, version)?;
    Ok(w.record(about, Event::DocumentDownloaded { document: id, version, title, digest })?.done(()))
}

fn theirs(
    w: &WriteTx<'_>,
    pass: Pass,
    id: DocumentId,
    version: u32,
) -> Result<(About, String, crate::domain::ids::Digest), ActError> {
    let document = found(found(ClientView::open(w, pass)?)?.document(id)?)?;
    let digest = found(document.version(version))?.file.digest;
    Ok((About::client(document.client), document.title, digest))
}

/// Staff downloaded a version.
///
/// # Errors
/// When it is outside the scope.
pub fn staff_downloaded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    id: DocumentId,
    version: u32,
) -> Result<Done<()>, ActError> {
    let document = found(w.document(id)?.filter(|d| scope.sees(d.client) && d.is_kept()))?;
    found(document.version(version))?;
    let event = Event::StaffDocumentDownloaded { document: id, version, title: document.title };
    Ok(w.record(About::client(document.client), event)?.done(()))
}
