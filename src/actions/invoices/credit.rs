//! Crediting what was composed here, in full: a credit note with the invoice's lines, of its own series, drawn and
//! issued in one commit.

use jiff::civil::Date;

use super::super::found;
use super::issue::{Wanted, issue_wanted, issue_wanted_in};
use crate::app::App;
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::event::By;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::{Body, Invoice, Kind};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::Refusal;
use crate::domain::terms::Terms;
use crate::store::prelude::*;

/// Credits an invoice that was composed here, in full.
///
/// # Errors
/// When the scope does not allow it, the document is a draft, a credit note or a published PDF (whose credit note comes
/// from the system that made it), or it was credited already.
pub async fn credit(
    app: &App,
    by: By,
    scope: &StaffScope,
    of: InvoiceId,
    reason: String,
) -> Result<DocumentNumber, ActError> {
    let on = app.today();
    issue_wanted(app, by, scope, Wanted::CreditNote { of, reason, on }).await
}

/// As [`credit`], inside a transaction and at its instant; see [`super::issue_in`].
///
/// # Errors
/// As [`credit`].
pub fn credit_in(
    w: &mut WriteTx<'_>,
    app: &App,
    scope: &StaffScope,
    of: InvoiceId,
    reason: &str,
) -> Result<Done<DocumentNumber>, ActError> {
    let on = calendar::today(w.now, &app.settings.zone);
    issue_wanted_in(w, app, scope, &Wanted::CreditNote { of, reason: reason.to_owned(), on })
}

/// The credit note that an invoice would get, without id and number.
pub(super) fn credit_note(
    reader: &impl Reader,
    scope: &StaffScope,
    of: InvoiceId,
    reason: &str,
    on: Date,
) -> Result<Invoice, ActError> {
    let invoice = found(reader.invoice(of)?.filter(|i| scope.sees(i.client)))?;
    scope.may(Act::Work)?;
    let Some(issue) = &invoice.issue else { return Err(Refusal::NotIssued.into()) };
    let Body::Composed(_) = &invoice.body else { return Err(Refusal::NotAllowed.into()) };
    if !invoice.is_invoice() || reader.credited_already(&invoice)? {
        return Err(Refusal::MoreThanOpen(Money::zero(invoice.currency)).into());
    }
    let (title, dated) = (format!("Credit for {}", issue.number), on.max(invoice.dated));
    Ok(Invoice {
        id: InvoiceId(0),
        kind: Kind::CreditNote(of),
        title,
        dated,
        due: dated,
        terms: Terms::default(),
        note: reason.to_owned(),
        issue: None,
        ..invoice
    })
}
