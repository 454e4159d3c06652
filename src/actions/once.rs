//! Forms that may be sent twice: a form draws a key for itself, and what it made is remembered under it.

use super::{clients, found, invoices, payments, recurring};
use crate::app::Settings;
use crate::domain::access::StaffScope;
use crate::domain::ids::{ClientId, InvoiceId, ProjectId, RecurringId};
use crate::domain::money::Money;
use crate::domain::payment::Source;
use crate::domain::refusal::Refusal;
use crate::store::prelude::*;
use jiff::civil::Date;

/// The series of a form's key.
pub(super) fn series(what: &str, key: &str) -> String {
    format!("once/{what}/{key}")
}

/// What a form made before, if anything.
pub(super) fn made(w: &impl Reader, series: &str) -> Result<Option<u64>, StoreError> {
    Ok(Some(w.last_in_series(series)?).filter(|id| *id > 0))
}

/// Saves a new draft; the same form sent again saves the same draft, with what is typed now.
///
/// # Errors
/// As [`invoices::save_draft`].
pub fn new_draft(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    key: &str,
    draft: &invoices::Draft,
) -> Result<Done<InvoiceId>, ActError> {
    let series = series("invoice", key);
    let before = made(w, &series)?.map(InvoiceId);
    // One that was discarded meanwhile is not brought back: the form makes another.
    let kept = match before {
        Some(id) => w.invoice(id)?.map(|_| id),
        None => None,
    };
    let done = invoices::save_draft(w, scope, kept, draft)?;
    let id = *done.get();
    w.remember(&series, id.0)?;
    Ok(done)
}

/// The client that a form made before, if it was sent before.
///
/// # Errors
/// When the store fails.
pub fn client_made(r: &impl Reader, key: &str) -> Result<Option<ClientId>, StoreError> {
    Ok(made(r, &series("client", key))?.map(ClientId))
}

/// Adds a client, once for each form.
///
/// # Errors
/// As [`clients::add`], and [`Refusal::Repeated`] with that client when the form was sent before.
pub fn new_client(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    key: &str,
    new: &clients::NewClient,
) -> Result<Done<ClientId>, ActError> {
    if let Some(id) = client_made(w, key)? {
        return Err(Refusal::Repeated(id.0).into());
    }
    let done = clients::add(w, scope, new)?;
    w.remember(&series("client", key), done.get().0)?;
    Ok(done)
}

/// Adds a project to a client, once for each form.
///
/// # Errors
/// As [`clients::add_project`], and [`Refusal::Repeated`] when the form was sent before.
pub fn new_project(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    key: &str,
    client: ClientId,
    name: &str,
) -> Result<Done<ProjectId>, ActError> {
    let series = series("project", key);
    if let (Some(id), true) = (made(w, &series)?, scope.sees(client)) {
        return Err(Refusal::Repeated(id).into());
    }
    let done = clients::add_project(w, scope, client, name)?;
    w.remember(&series, done.get().0)?;
    Ok(done)
}

/// Saves a new recurring template, once for each form.
///
/// # Errors
/// As [`recurring::save`], and [`Refusal::Repeated`] with that template when the form was sent before.
pub fn new_recurring(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    settings: &Settings,
    key: &str,
    template: &recurring::Template,
) -> Result<Done<RecurringId>, ActError> {
    let series = series("recurring", key);
    if let (Some(id), true) = (made(w, &series)?, scope.sees(template.client)) {
        return Err(Refusal::Repeated(id).into());
    }
    let done = recurring::save(w, scope, settings, None, template)?;
    w.remember(&series, done.get().0)?;
    Ok(done)
}

/// Applies more of a receipt or credit to an invoice, once for each form.
///
/// # Errors
/// As [`payments::apply_more`], and [`Refusal::Repeated`] when the form was sent before.
pub fn apply_more(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    key: &str,
    source: Source,
    (invoice, amount): (InvoiceId, Money),
    on: Date,
) -> Result<Done<()>, ActError> {
    let series = series("apply", key);
    let client = found(w.invoice(invoice)?)?.client;
    if let (Some(id), true) = (made(w, &series)?, scope.sees(client)) {
        return Err(Refusal::Repeated(id).into());
    }
    let done = payments::apply_more(w, scope, source, invoice, amount, on)?;
    w.remember(&series, invoice.0)?;
    Ok(done)
}
