//! The activity log and the files.

use super::Check;
use crate::domain::event::LogEntry;
use crate::domain::ids::Digest;
use crate::secrets::sha256;
use crate::store::error::StoreError;
use crate::store::events::EventReads;
use crate::store::files::{CHUNK, FileReads};
use crate::store::tables::*;

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let Check { r, progress, .. } = c;
    match r.check_chain(|read, all| progress("activity", read, all)) {
        Err(StoreError::Broken(what)) => c.fault(format!("The chain is broken: {what}.")),
        Err(error @ StoreError::Record(_)) => c.fault(format!("The chain is broken: {error}.")),
        other => other?,
    }
    let (mut of_clients, mut of_invoices) = (0, 0);
    c.every("activity lists", EVENTS, |c, key: u64, entry: LogEntry| {
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
        Ok(())
    })?;
    c.sized(EVENTS_OF_CLIENT, of_clients)?;
    c.sized(EVENTS_OF_INVOICE, of_invoices)?;
    files(c)
}

fn files(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut chunks = 0;
    let mut read = 0;
    c.rows(FILES, |c, digest, length| {
        chunks += length.div_ceil(CHUNK as u64);
        let digest = Digest(digest);
        let whole = match c.r.file(digest) {
            Ok(bytes) => bytes.is_some_and(|x| sha256(&x) == digest.0),
            Err(StoreError::Broken(_)) => false,
            Err(other) => return Err(other),
        };
        c.claim(whole, || format!("The file {digest} does not have the bytes that its name promises."));
        read += 1;
        (c.progress)("files", read, read);
        Ok(())
    })?;
    c.sized(CHUNKS, chunks)
}
