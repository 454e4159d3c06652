//! Issued documents as drawn for their page, kept for the next look: what is frozen at issue need not be drawn again.
//!
//! Must not be asked before the reader's own view has found the document. Everything that a document was drawn from is
//! kept beside it and compared, so that nothing can be stale and nobody gets what was drawn for other rights.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use maud::Markup;

use crate::domain::firm::Firm;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::Invoice;
use crate::domain::number::DocumentNumber;

/// Most documents that are kept; when there are more, all go.
const KEPT_MAX: usize = 256;
/// The longest that is kept, in bytes: all of them together stay below 16 MiB.
const LENGTH_MAX: usize = 32 * 1024;

/// All that the drawing of a document follows from.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// The firm.
    pub firm: &'a Arc<Firm>,
    /// The document.
    pub invoice: &'a Invoice,
    /// The name of its project, if the reader may know it.
    pub project: Option<&'a str>,
    /// The number of the invoice that a credit note takes back.
    pub credits: Option<&'a DocumentNumber>,
}

struct One {
    firm: Arc<Firm>,
    invoice: Invoice,
    project: Option<String>,
    credits: Option<DocumentNumber>,
    article: Arc<Markup>,
}

impl One {
    fn new(origin: Origin<'_>, article: Arc<Markup>) -> Self {
        Self {
            firm: Arc::clone(origin.firm),
            invoice: origin.invoice.clone(),
            project: origin.project.map(str::to_owned),
            credits: origin.credits.cloned(),
            article,
        }
    }

    fn is_of(&self, origin: Origin<'_>) -> bool {
        (Arc::ptr_eq(&self.firm, origin.firm) || self.firm == *origin.firm)
            && self.project.as_deref() == origin.project
            && self.credits.as_ref() == origin.credits
            && self.invoice == *origin.invoice
    }
}

/// The documents that are kept, and the codes of transfers by their text.
#[derive(Default)]
pub struct Drawn {
    documents: Mutex<HashMap<InvoiceId, One>>,
    codes: Mutex<HashMap<String, Arc<Markup>>>,
}

impl Drawn {
    /// The code that says `text` as drawn before, or as `draw` gives it now.
    pub fn code(&self, text: String, draw: impl FnOnce() -> Option<Markup>) -> Option<Arc<Markup>> {
        if let Some(code) = self.codes.lock().unwrap_or_else(PoisonError::into_inner).get(&text) {
            return Some(Arc::clone(code));
        }
        let code = Arc::new(draw()?);
        let mut all = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT_MAX {
            all.clear();
        }
        all.insert(text, Arc::clone(&code));
        Some(code)
    }

    /// The document as drawn before from the same, or as `draw` gives it now.
    pub fn get(&self, origin: Origin<'_>, draw: impl FnOnce() -> Markup) -> Arc<Markup> {
        if let Some(article) = self.find(origin) {
            return article;
        }
        let article = Arc::new(draw());
        if article.0.len() <= LENGTH_MAX {
            let mut all = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= KEPT_MAX {
                all.clear();
            }
            all.insert(origin.invoice.id, One::new(origin, Arc::clone(&article)));
        }
        article
    }

    fn find(&self, origin: Origin<'_>) -> Option<Arc<Markup>> {
        let all = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&origin.invoice.id).filter(|one| one.is_of(origin)).map(|one| Arc::clone(&one.article))
    }
}
