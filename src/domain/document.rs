//! Documents: any file, filed under a client's project, with versions of which the last one is current.
//!
//! A version is never changed. A document can be withdrawn, so that contacts see it no more, and a withdrawn one
//! erased, so that its bytes go while who got them stays on record.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::Actor;
use super::ids::{ClientId, DocumentId, FileRef, ProjectId};
use super::refusal::FieldFault;
use super::text;

/// Most versions of one document: its record is read whole.
pub const VERSIONS_MAX: usize = 200;
/// Longest title, in characters.
pub const TITLE_MAX: usize = 120;
/// Longest note on a version, in characters.
pub const NOTE_MAX: usize = 200;

/// A document of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Identifier.
    pub id: DocumentId,
    /// Whose.
    pub client: ClientId,
    /// Filed under; without one only contacts who see everything see it.
    pub project: Option<ProjectId>,
    /// What it is, for people.
    pub title: String,
    /// The oldest first; never empty.
    pub versions: Vec<Version>,
    /// Since when contacts don't see it any more.
    pub withdrawn: Option<Withdrawn>,
}

/// A version of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The file.
    pub file: FileRef,
    /// When it was posted.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What is new in it, for the client; may be empty.
    pub note: String,
}

/// How a document was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// Why, in the firm's own words to itself.
    pub reason: String,
    /// When its bytes were erased.
    pub erased: Option<Timestamp>,
}

impl Document {
    /// The number of the current version, from 1; as many as there are.
    pub fn current(&self) -> u32 {
        u32::try_from(self.versions.len()).unwrap_or(u32::MAX)
    }

    /// The version of a number.
    pub fn version(&self, number: u32) -> Option<&Version> {
        self.versions.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// The current version.
    pub fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }

    /// Whether its bytes are still kept.
    pub fn is_kept(&self) -> bool {
        self.withdrawn.as_ref().is_none_or(|w| w.erased.is_none())
    }

    /// Bytes that count towards the limits: of every version, also where two have the same content, so that a limit
    /// tells nothing of what others keep.
    pub fn bytes(&self) -> u64 {
        if !self.is_kept() {
            return 0;
        }
        self.versions.iter().fold(0, |sum, v| sum.saturating_add(v.file.length))
    }
}

/// The title that is typed, or the file's name without its ending where none is.
///
/// # Errors
/// Names the field `title`.
pub fn title(typed: &str, file_name: &str) -> Result<String, FieldFault> {
    let stem = file_name.rsplit_once('.').map_or(file_name, |x| x.0);
    let given = if typed.trim().is_empty() { stem } else { typed };
    text::required("title", given, TITLE_MAX, "Enter what the document is, as the client would call it.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_without_a_title_is_called_after_its_file() {
        assert_eq!(title(" ", "Lease, Unit 4.docx").unwrap(), "Lease, Unit 4");
        assert_eq!(title("Lease", "x.docx").unwrap(), "Lease");
        assert!(title("", "").is_err());
        assert!(title("a\u{202e}b", "x.docx").is_err());
    }
}
