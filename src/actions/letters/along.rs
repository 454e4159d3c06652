//! What goes along with a letter about invoices: their PDFs, where the firm has chosen so, as far as they fit.
//!
//! Read only after the hand-over is begun, so that no large file holds up whoever writes.

use super::hand_over::Parcel;
use crate::domain::ids::FileRef;
use crate::domain::invoice::Invoice;
use crate::domain::letter::{Letter, Purpose};
use crate::domain::person::Person;
use crate::mail::Attachment;
use crate::mail::message::MAX_ATTACHMENTS;
use crate::store::prelude::*;

/// Most bytes of the PDFs that go along with one letter, together; the others are linked, and the letter says so.
pub const ATTACHED_MAX: u64 = 10 << 20;

/// What goes along with a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Along {
    /// Names and files, in the order in which the letter names their invoices.
    pub files: Vec<(String, FileRef)>,
    /// The names of those that don't fit.
    pub linked: Vec<String>,
}

/// What goes along with a letter by itself, as things stand.
///
/// # Errors
/// When the store fails.
pub fn along(r: &impl Reader, letter: &Letter) -> Result<Along, StoreError> {
    match letter.purpose.invoice().map(|id| r.invoice(id)).transpose()?.flatten() {
        Some(invoice) => along_of(r, letter, [&invoice]),
        None => Ok(Along::default()),
    }
}

/// What goes along with a letter about these invoices: nothing with a copy for staff, who have the desk.
pub(super) fn along_of<'i>(
    r: &impl Reader,
    letter: &Letter,
    invoices: impl IntoIterator<Item = &'i Invoice>,
) -> Result<Along, StoreError> {
    let mut out = Along::default();
    let about = matches!(letter.purpose, Purpose::Issued(_) | Purpose::Reminder(..));
    if !about || !matches!(letter.to, Person::Contact(_)) || !r.pdfs_along()? {
        return Ok(out);
    }
    let mut whole = 0_u64;
    for issue in invoices.into_iter().filter_map(|x| x.issue.as_ref()).filter(|x| x.is_pdf()) {
        let name = issue.number.file_name("pdf");
        let larger = whole.saturating_add(issue.pdf.length);
        if larger <= ATTACHED_MAX && out.files.len() < MAX_ATTACHMENTS {
            whole = larger;
            out.files.push((name, issue.pdf.clone()));
        } else {
            out.linked.push(name);
        }
    }
    Ok(out)
}

/// Reads what goes along and puts it into the letter.
///
/// # Errors
/// When a file can't be read.
pub fn attach(r: &impl Reader, parcel: &mut Parcel) -> Result<(), StoreError> {
    for (name, file) in &parcel.files {
        let gone = || StoreError::Broken(format!("the file {} is not there", file.digest));
        let (name, content_type) = (name.clone(), file.media_type.clone());
        let bytes = r.file(file.digest)?.ok_or_else(gone)?;
        parcel.outgoing.attachments.push(Attachment { name, content_type, bytes });
    }
    Ok(())
}
