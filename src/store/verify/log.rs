//! The activity log.

use super::Check;
use crate::domain::event::LogEntry;
use crate::domain::fairness;
use crate::store::error::StoreError;
use crate::store::events::EventReads;
use crate::store::tables::*;
use crate::store::tx::Reader;
use redb::ReadableTable;

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let Check { r, progress, .. } = c;
    match r.check_chain(|read, all| progress("activity", read, all)) {
        Err(StoreError::Broken(what)) => c.fault(format!("The chain is broken: {what}.")),
        Err(error @ StoreError::Record(_)) => c.fault(format!("The chain is broken: {error}.")),
        other => other?,
    }
    let (mut of_clients, mut of_invoices, mut of_documents, mut seen, mut exceptions) = (0, 0, 0, 0, 0);
    c.every("activity lists", EVENTS, |c, key: u64, entry: LogEntry| {
        if fairness::kind(&entry.event).is_some() {
            exceptions += 1;
            let listed = c.has(EXCEPTIONS, key)?;
            c.claim(listed, || format!("Log entry {key} is missing from the list of exceptions."));
        }
        if let Some(client) = entry.client {
            of_clients += 1;
            let listed = c.has(EVENTS_OF_CLIENT, (client.0, key))?;
            c.claim(listed, || format!("Log entry {key} is missing from the list of client {client}."));
        }
        if let Some(invoice) = entry.invoice {
            of_invoices += 1;
            let listed = c.has(EVENTS_OF_INVOICE, (invoice.0, key))?;
            c.claim(listed, || format!("Log entry {key} is missing from the list of invoice {invoice}."));
        }
        if let Some(document) = entry.event.document() {
            of_documents += 1;
            let listed = c.has(EVENTS_OF_DOCUMENT, (document.0, key))?;
            c.claim(listed, || format!("Log entry {key} is missing from the list of document {document}."));
        }
        if let Some((contact, document, version)) = entry.visit_to_document() {
            let first = c.r.table(DOCUMENT_SEEN)?.get((contact.0, document.0, version))?.map(|x| x.value());
            seen += u64::from(first == Some(key));
            c.claim(first.is_some_and(|first| first <= key), || {
                format!("That contact {contact} saw document {document} at log entry {key} is not noted.")
            });
        }
        Ok(())
    })?;
    c.sized(EXCEPTIONS, exceptions)?;
    c.sized(DOCUMENT_SEEN, seen)?;
    c.sized(EVENTS_OF_CLIENT, of_clients)?;
    c.sized(EVENTS_OF_INVOICE, of_invoices)?;
    c.sized(EVENTS_OF_DOCUMENT, of_documents)
}
