//! Telephone calls about an open invoice, and what came of them.

use super::found;
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::Event;
use crate::domain::ids::InvoiceId;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::text;
use crate::store::prelude::*;

/// Notes that somebody called about an invoice. Whatever call the policy asked for is made with it; for some days the
/// invoice wants nobody.
///
/// # Errors
/// When the scope does not allow it, the invoice is not there or nothing is open of it, or nothing is said.
pub fn note(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    id: InvoiceId,
    reached: bool,
    said: &str,
) -> Result<Done<()>, ActError> {
    let row = found(w.invoice_row(id)?.filter(|row| scope.sees(row.invoice.client) && row.invoice.is_invoice()))?;
    scope.may(Act::Work)?;
    if row.invoice.issue.is_none() {
        return Err(Refusal::NotIssued.into());
    }
    if row.open().minor <= 0 {
        return Err(Refusal::from(FieldFault::new("said", "Nothing is open of this invoice any more.")).into());
    }
    let said = text::required("said", said, text::LINE_MAX, "Say what came of it, in a few words.");
    let said = said.map_err(Refusal::from)?;
    w.called(id)?;
    Ok(w.record(About::invoice(row.invoice.client, id), Event::Called { invoice: id, reached, said })?.done(()))
}
