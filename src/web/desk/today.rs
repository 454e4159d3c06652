//! Today: what needs a person.

use crate::store::letters::LetterShelf;
use crate::store::prelude::*;
use crate::web::guard::Desk;

/// Most things that are counted; more read as that many.
const COUNT_MAX: usize = 99;

/// How many things wait for a person.
pub fn count(desk: &Desk) -> usize {
    let waiting = desk.read(|r| {
        let failed = r.letters_on(LetterShelf::Failed, None, COUNT_MAX)?.len();
        Ok(failed + r.letters_on(LetterShelf::Uncertain, None, COUNT_MAX)?.len())
    });
    // A page without its count is better than no page.
    waiting.unwrap_or(0).min(COUNT_MAX)
}
