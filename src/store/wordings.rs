//! The firm's words of letters in their versions, and whether PDFs go along with letters.

use std::ops::Bound;

use jiff::Timestamp;
use redb::ReadableTable;

use super::error::StoreError;
use super::records::Record;
use super::tables::{META, WORDINGS};
use super::tx::{Reader, WriteTx};
use crate::domain::language::Language;
use crate::domain::wording::{LetterKind, Wording, Words};

/// Whether PDFs go along with letters: 1, or absent.
const PDFS_ALONG: &str = "pdfs_along";

/// Reading the words of letters.
pub trait WordingReads: Reader {
    /// The versions of a letter's words in a language, the newest first, at most `limit`.
    fn wordings(&self, kind: LetterKind, language: Language, limit: usize) -> Result<Vec<Wording>, StoreError> {
        let ((tag, of), table) = (shelf(kind, language), self.table(WORDINGS)?);
        let rows = table.range((tag, of, 0)..=(tag, of, u64::MAX))?.rev().take(limit);
        rows.map(|row| Wording::decode(row?.1.value())).collect()
    }

    /// The newest version; `None` where the firm never chose any.
    fn wording_now(&self, kind: LetterKind, language: Language) -> Result<Option<Wording>, StoreError> {
        Ok(self.wordings(kind, language, 1)?.pop())
    }

    /// The firm's words of a letter in a language as they were at an instant; `None` where they were ours.
    fn words_at(&self, kind: LetterKind, language: Language, at: Timestamp) -> Result<Option<Words>, StoreError> {
        let ((tag, of), table) = (shelf(kind, language), self.table(WORDINGS)?);
        for row in table.range((tag, of, 0)..=(tag, of, u64::MAX))?.rev() {
            let one = Wording::decode(row?.1.value())?;
            if one.at <= at {
                return Ok(one.words);
            }
        }
        Ok(None)
    }

    /// Every letter and language of which words were ever chosen, in the order of a list, single steps last.
    fn worded(&self) -> Result<Vec<(LetterKind, Language)>, StoreError> {
        let (table, mut out, mut after) = (self.table(WORDINGS)?, Vec::new(), Bound::Unbounded);
        while let Some(row) = table.range((after, Bound::Unbounded))?.next() {
            let (key, bytes) = row?;
            let one = Wording::decode(bytes.value())?;
            out.push((one.kind, one.language));
            let (tag, of, _) = key.value();
            after = Bound::Excluded((tag, of, u64::MAX));
        }
        Ok(out)
    }

    /// Whether the PDFs of invoices go along with the letters about them; else they are linked.
    fn pdfs_along(&self) -> Result<bool, StoreError> {
        Ok(self.table(META)?.get(PDFS_ALONG)?.is_some_and(|x| x.value() == [1]))
    }
}

impl<T: Reader + ?Sized> WordingReads for T {}

/// Where the versions of a letter's words in a language stand: for a single step's, its name and tone stand above the
/// language in the second number.
pub(super) fn shelf(kind: LetterKind, language: Language) -> (u8, u64) {
    let of = match kind {
        LetterKind::Step(id, tone) => u64::from(id) << 16 | u64::from(LetterKind::Reminder(tone).tag()) << 8,
        LetterKind::Issued | LetterKind::Reminder(_) | LetterKind::Several(_) => 0,
    };
    (kind.tag(), of | language_tag(language))
}

/// The number under which a language is stored.
fn language_tag(language: Language) -> u64 {
    match language {
        Language::English => 0,
        Language::German => 1,
    }
}

impl WriteTx<'_> {
    /// Keeps a new version of a letter's words, which follows the newest one.
    ///
    /// # Errors
    /// When it does not follow, or the file can't be written.
    pub fn put_wording(&mut self, one: &Wording) -> Result<(), StoreError> {
        let last = self.wording_now(one.kind, one.language)?.map_or(0, |x| x.version);
        if one.version != last.saturating_add(1) {
            return Err(StoreError::Broken("a version of a letter's words does not follow the last".to_owned()));
        }
        let ((tag, of), bytes) = (shelf(one.kind, one.language), one.encode()?);
        self.change(WORDINGS)?.insert((tag, of, u64::from(one.version)), bytes.as_slice())?;
        Ok(())
    }

    /// Sets whether PDFs go along with letters.
    pub fn set_pdfs_along(&mut self, along: bool) -> Result<(), StoreError> {
        let mut table = self.change(META)?;
        if along {
            table.insert(PDFS_ALONG, [1].as_slice())?;
        } else {
            table.remove(PDFS_ALONG)?;
        }
        Ok(())
    }
}
