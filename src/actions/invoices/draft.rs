//! Drafts of invoices: kept, changed and thrown away while nobody outside the firm sees them.

use jiff::civil::Date;

use super::super::found;
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::Event;
use crate::domain::ids::{ClientId, ContactId, InvoiceId, ProjectId};
use crate::domain::invoice::{Body, Invoice, Kind, check_dates, days_between};
use crate::domain::money::Currency;
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::tax::Line;
use crate::store::prelude::*;

/// A draft as a form gives it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// For whom.
    pub client: ClientId,
    /// Filed under.
    pub project: Option<ProjectId>,
    /// What it is about.
    pub title: String,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Wished date of issue.
    pub dated: Date,
    /// Due date.
    pub due: Date,
    /// The buyer's reference.
    pub reference: String,
    /// Below the lines.
    pub note: String,
    /// The lines; may still be none.
    pub lines: Vec<Line>,
    /// Who gets letters; all with the right when empty.
    pub recipients: Vec<ContactId>,
}

/// Saves a draft, new or known.
///
/// # Errors
/// When the scope does not allow it, the document was issued, or dates are out of range.
pub fn save_draft(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    id: Option<InvoiceId>,
    draft: &Draft,
) -> Result<Done<InvoiceId>, ActError> {
    found(w.client(draft.client)?)?;
    scope.may_for(Act::Work, draft.client)?;
    check_parts(w, draft.client, draft.project, &draft.recipients)?;
    if let Some(id) = id {
        // A credit note is not edited: it has the lines of what it credits.
        found(Some(editable(w, scope, id)?).filter(Invoice::is_invoice))?;
    }
    let mut faults = Faults::default();
    check_dates(&mut faults, draft.dated, draft.due);
    faults.check()?;
    let id = match id {
        Some(id) => id,
        None => InvoiceId(w.next("invoice")?),
    };
    let invoice = as_invoice(id, draft, w.now);
    w.put_invoice(&invoice)?;
    let about = About::invoice(draft.client, id);
    Ok(w.record(about, Event::DraftSaved { invoice: id, total: invoice.payable() })?.done(id))
}

/// Saves a draft again, if it is still the one that was last changed at `seen`.
///
/// # Errors
/// As [`save_draft`]; [`Refusal::DraftChanged`].
pub fn save_seen(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    id: InvoiceId,
    seen: jiff::Timestamp,
    draft: &Draft,
) -> Result<Done<InvoiceId>, ActError> {
    if editable(w, scope, id)?.changed != seen {
        return Err(Refusal::DraftChanged.into());
    }
    save_draft(w, scope, Some(id), draft)
}

/// The document that a draft would be, without number.
pub fn as_invoice(id: InvoiceId, draft: &Draft, changed: jiff::Timestamp) -> Invoice {
    let Draft { client, project, title, currency, dated, due, reference, note, lines, recipients } = draft.clone();
    let (kind, body) = (Kind::Invoice, Body::Composed(lines));
    Invoice {
        id,
        client,
        project,
        kind,
        title,
        currency,
        dated,
        due,
        reference,
        note,
        body,
        recipients,
        issue: None,
        changed,
    }
}

/// Throws a draft away.
///
/// # Errors
/// When the scope does not allow it or the document was issued.
pub fn discard(w: &mut WriteTx<'_>, scope: &StaffScope, id: InvoiceId) -> Result<Done<()>, ActError> {
    let invoice = editable(w, scope, id)?;
    w.remove_draft(&invoice)?;
    Ok(w.record(About::client(invoice.client), Event::DraftDiscarded { invoice: id })?.done(()))
}

/// A draft within the scope.
pub(super) fn editable(reader: &impl Reader, scope: &StaffScope, id: InvoiceId) -> Result<Invoice, ActError> {
    let invoice = found(reader.invoice(id)?.filter(|i| scope.sees(i.client)))?;
    scope.may(Act::Work)?;
    if invoice.issue.is_some() { Err(Refusal::NotADraft.into()) } else { Ok(invoice) }
}

/// That a document is filed under the client's own project and goes to its own people.
pub(super) fn check_parts(
    w: &WriteTx<'_>,
    client: ClientId,
    project: Option<ProjectId>,
    recipients: &[ContactId],
) -> Result<(), ActError> {
    if let Some(project) = project {
        found(w.project(project)?.filter(|p| p.client == client))?;
    }
    for &contact in recipients {
        found(w.contact(contact)?.filter(|c| c.client == client))?;
    }
    Ok(())
}

/// The due date that a client's terms give to a document of `dated`.
pub fn due_by_terms(dated: Date, terms_days: u16) -> Date {
    dated.checked_add(jiff::Span::new().days(i64::from(terms_days))).unwrap_or(dated)
}

/// Days from issue to due date, for forms.
pub fn terms_of(invoice: &Invoice) -> i32 {
    days_between(invoice.dated, invoice.due)
}
