//! What staff see.

mod client_choice;
pub mod credit;
mod document_form;
pub mod files;
pub mod invoice;
mod invoice_evidence;
pub mod invoice_form;
mod invoice_lines;
pub mod invoices;
pub mod issue;
pub mod names;
pub mod publish;
pub mod publish_kept;
mod publish_upload;
pub mod quote_form;
pub mod quotes;
pub mod today;

use std::str::FromStr;

use crate::domain::refusal::Refusal;
use crate::store::prelude::*;
use crate::web::problem::Problem;

/// An identifier in a path; what is none names nothing.
pub(crate) fn id_of<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::NotFound)
}

/// The refusal that a form can show; what it can't show stays a problem.
pub(crate) fn refused(error: ActError) -> Result<Refusal, Problem> {
    match error {
        ActError::Refused(refusal @ (Refusal::NotFound | Refusal::NotAllowed)) => Err(refusal.into()),
        ActError::Refused(refusal) => Ok(refusal),
        ActError::Store(error) => Err(error.into()),
    }
}
