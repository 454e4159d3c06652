//! The letter that says that documents were posted: one for all that are posted within a while, to each contact who may
//! see them and wants letters.
//!
//! Its words follow from the documents themselves, again when it goes: what was withdrawn meanwhile is not told of.

use jiff::{SignedDuration, Timestamp};

use super::people::{Addressee, writing};
use super::queue::queue;
use crate::domain::document::Document;
use crate::domain::ids::ClientId;
use crate::domain::letter::{Letter, LetterState, Purpose, posted_key};
use crate::domain::person::{Contact, Person};
use crate::mail::letters::{self as words, Posted, Text};
use crate::store::documents::DocumentShelf;
use crate::store::prelude::*;

/// How long the letter about a document waits for others to be told of in the same one.
pub const POSTED_WAIT: SignedDuration = SignedDuration::from_mins(10);
/// Most of the newest documents that are looked through for those that a letter tells of.
const LOOKED_AT: usize = 200;

/// Has a document that was just posted told of, to everybody who gets letters and may see it.
pub(in super::super) fn queue_posted(w: &mut WriteTx<'_>, document: &Document) -> Result<(), ActError> {
    for contact in posted_to(w, document.client, document.project)? {
        match last_letter(w, &contact)?.filter(|letter| gathers(letter, w.now)) {
            Some(letter) => reword(w, letter)?,
            None => begin(w, &contact, document)?,
        }
    }
    Ok(())
}

/// Who gets the letter about a document filed under `project`.
pub fn posted_to(
    reader: &impl Reader,
    client: ClientId,
    project: Option<crate::domain::ids::ProjectId>,
) -> Result<Vec<Contact>, StoreError> {
    let mut all = reader.contacts_of(client)?;
    all.retain(|c| c.rights.letters && c.sees_document(client, project));
    Ok(all)
}

/// After a document was withdrawn: letters that still wait tell of it no more.
pub(in super::super) fn reword_posted(w: &mut WriteTx<'_>, client: ClientId) -> Result<(), ActError> {
    for contact in w.contacts_of(client)? {
        if let Some(letter) = last_letter(w, &contact)?.filter(|letter| letter.state == LetterState::Queued) {
            reword(w, letter)?;
        }
    }
    Ok(())
}

fn begin(w: &mut WriteTx<'_>, contact: &Contact, document: &Document) -> Result<(), ActError> {
    let key = posted_key(document.id, document.current(), Person::Contact(contact.id));
    let text = text(w, (Person::Contact(contact.id), &contact.name), std::slice::from_ref(document))?;
    if !queue(w, &Addressee::from(contact), key.clone(), Purpose::Posted(document.id), None, text)? {
        return Ok(());
    }
    let Some(id) = w.letter_keyed(&key)? else { return Ok(()) };
    w.remember(&series(contact), id.0)?;
    if let Some(letter) = w.letter(id)? {
        w.move_letter(&letter, &letter.state, Some(until(&letter)))?;
    }
    Ok(())
}

/// Writes a waiting letter's words again; one that has nothing left to tell is found out when it is to go.
fn reword(w: &mut WriteTx<'_>, letter: Letter) -> Result<(), ActError> {
    let told = told(w, &letter)?;
    if told.is_empty() {
        return Ok(());
    }
    let Text { subject, text, html } = text(w, (letter.to, &letter.to_name), &told)?;
    let reworded = Letter { subject, text, html, ..letter };
    Ok(w.move_letter(&reworded, &reworded.state, Some(until(&reworded)))?)
}

/// The letter in words of what it tells of now; `None` when that is nothing any more.
pub(super) fn refreshed(w: &WriteTx<'_>, letter: &Letter) -> Result<Option<Letter>, StoreError> {
    let told = told(w, letter)?;
    if told.is_empty() {
        return Ok(None);
    }
    let Text { subject, text, html } = text(w, (letter.to, &letter.to_name), &told)?;
    Ok(Some(Letter { subject, text, html, ..letter.clone() }))
}

/// The documents that a letter tells of, newest first: posted while it gathered, and still to be seen by its reader.
pub(super) fn told(r: &impl Reader, letter: &Letter) -> Result<Vec<Document>, StoreError> {
    let Person::Contact(id) = letter.to else { return Ok(Vec::new()) };
    let Some(contact) = r.contact(id)? else { return Ok(Vec::new()) };
    let at = |d: &Document| d.newest().map_or(Timestamp::MIN, |v| v.at);
    let all = r.documents_of(contact.client, DocumentShelf::Posted, None, LOOKED_AT)?;
    let within = all.into_iter().take_while(|d| at(d) >= letter.queued).filter(|d| at(d) <= until(letter));
    Ok(within.filter(|d| contact.sees_document(d.client, d.project)).collect())
}

fn text(r: &impl Reader, (to, to_name): (Person, &str), told: &[Document]) -> Result<Text, StoreError> {
    let mut all = Vec::new();
    for document in told {
        let project = document.project.map(|id| r.project(id)).transpose()?.flatten().map(|p| p.name);
        all.push(Posted { title: &document.title, project, version: document.current() });
    }
    let firm = r.firm()?;
    Ok(words::posted(&*writing(r, &firm, to)?, to_name, &all))
}

/// Until when a letter takes in what is posted.
fn until(letter: &Letter) -> Timestamp {
    letter.queued.saturating_add(POSTED_WAIT).unwrap_or(letter.queued)
}

fn gathers(letter: &Letter, now: Timestamp) -> bool {
    letter.state == LetterState::Queued && now >= letter.queued && now <= until(letter)
}

fn last_letter(r: &impl Reader, contact: &Contact) -> Result<Option<Letter>, StoreError> {
    match r.last_in_series(&series(contact))? {
        0 => Ok(None),
        id => r.letter(crate::domain::ids::LetterId(id)),
    }
}

/// Where the last letter of this kind to a contact is remembered.
fn series(contact: &Contact) -> String {
    format!("posted/{}", contact.id)
}
