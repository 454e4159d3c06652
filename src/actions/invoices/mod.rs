//! Invoices and credit notes: drafting, issuing, publishing a PDF, crediting.

mod complete;
mod credit;
mod draft;
mod from_quote;
mod issue;
mod issue_many;
mod paper;
mod publish;
mod series;

pub(super) use complete::{begin_reminders, issued_by, keep_pdf};
pub use credit::{Crediting, credit, credit_in, credit_part};
pub(super) use draft::check_parts;
pub use draft::{Draft, as_invoice, discard, save_draft, save_seen, terms_of};
pub use from_quote::{billing, draft_from_quote};
pub use issue::{issue, issue_in, issue_seen};
pub use issue_many::{Outcome, drafts, issue_many};
pub use paper::{credited, logo, original, pdf_of, preview, render, sheet};
pub use publish::{Publication, publish, publish_in, publish_seen};
pub use series::next_number;
pub(crate) use series::series;
