//! Telephone calls about an open invoice, and what came of them.

use super::{found, once};
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::Event;
use crate::domain::ids::InvoiceId;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::text;
use crate::store::prelude::*;

/// Notes that somebody called about an invoice, once for each form of this key. Whatever call the policy asked for is
/// made with it; for some days the invoice wants nobody, after a promise was broken too. Where nobody answered about
/// one, it wants somebody again tomorrow.
///
/// # Errors
/// When the scope does not allow it, the invoice is not there or nothing is open of it, nothing is said, or
/// [`Refusal::Repeated`] with the invoice when the form was sent before.
pub fn note(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    id: InvoiceId,
    key: Option<&str>,
    (reached, said): (bool, &str),
) -> Result<Done<()>, ActError> {
    let row = found(w.invoice_row(id)?.filter(|row| scope.sees(row.invoice.client) && row.invoice.is_invoice()))?;
    scope.may(Act::Work)?;
    let series = key.map(|key| once::series("call", key));
    if let Some(made) = series.as_deref().map(|series| once::made(w, series)).transpose()?.flatten() {
        return Err(Refusal::Repeated(made).into());
    }
    if row.invoice.issue.is_none() {
        return Err(Refusal::NotIssued.into());
    }
    if row.open().minor <= 0 {
        return Err(Refusal::from(FieldFault::new("said", "Nothing is open of this invoice any more.")).into());
    }
    let said = text::required("said", said, text::LINE_MAX, "Say what came of it, in a few words.");
    let said = said.map_err(Refusal::from)?;
    w.called(id, reached)?;
    if let Some(series) = series {
        w.remember(&series, id.0)?;
    }
    Ok(w.record(About::invoice(row.invoice.client, id), Event::Called { invoice: id, reached, said })?.done(()))
}
