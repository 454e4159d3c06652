//! Drafts of invoices: kept, changed and thrown away while nobody outside the firm sees them.

use jiff::civil::Date;

use super::super::{found, late_notes};
use super::from_quote;
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::Event;
use crate::domain::ids::{ClientId, ContactId, InvoiceId, ProjectId};
use crate::domain::invoice::{Body, Invoice, Kind, References, check_dates, days_between};
use crate::domain::money::Currency;
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::tax::{Content, Period};
use crate::domain::terms::Terms;
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
    /// Instalments and early payment.
    pub terms: Terms,
    /// The buyer's reference.
    pub reference: String,
    /// Order, contract, and whose attention.
    pub references: References,
    /// The day of delivery.
    pub delivered: Option<Date>,
    /// The period that is invoiced.
    pub period: Option<Period>,
    /// Below the lines.
    pub note: String,
    /// Lines and all that is charged; may still be nothing.
    pub content: Content,
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
    let kept = match id {
        // A credit note is not edited: it has the lines of what it credits.
        Some(id) => Some(found(Some(editable(w, scope, id)?).filter(Invoice::is_invoice))?),
        None => None,
    };
    let mut faults = Faults::default();
    check_dates(&mut faults, draft.dated, draft.due);
    faults.check()?;
    let id = match id {
        Some(id) => id,
        None => InvoiceId(w.next("invoice")?),
    };
    let mut invoice = as_invoice(id, draft, w.now);
    if let Some(kept) = kept {
        from_quote::carry_on(w, &kept, &mut invoice)?;
        late_notes::carry_on(&kept, &mut invoice)?;
    }
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
    let draft = draft.clone();
    Invoice {
        id,
        client: draft.client,
        project: draft.project,
        kind: Kind::Invoice,
        title: draft.title,
        currency: draft.currency,
        dated: draft.dated,
        due: draft.due,
        terms: draft.terms,
        reference: draft.reference,
        references: draft.references,
        delivered: draft.delivered,
        period: draft.period,
        note: draft.note,
        body: Body::Composed(draft.content),
        recipients: draft.recipients,
        quote: None,
        late: None,
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
pub(in super::super) fn check_parts(
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

/// Days from issue to due date, for forms.
pub fn terms_of(invoice: &Invoice) -> i32 {
    days_between(invoice.dated, invoice.due)
}
