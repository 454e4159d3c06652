//! Invoices, credit notes and quotes: their numbers, their places in the lists, and the bytes they stand for.

use redb::ReadableTable;
use std::collections::BTreeMap;

use super::Check;
use crate::domain::ids::FileRef;
use crate::domain::import::Import;
use crate::domain::invoice::{Body, Invoice, Issue, Kind};
use crate::domain::money::Currency;
use crate::domain::payment::Settled;
use crate::domain::quote::{Answer, Quote, fixed};
use crate::domain::tax::{Totals, totals};
use crate::store::clients::ClientReads;
use crate::store::day;
use crate::store::error::StoreError;
use crate::store::files::{FileReads, FileUse};
use crate::store::imports::ImportReads;
use crate::store::invoices::{InvoiceReads, shelf};
use crate::store::payments::PaymentReads;
use crate::store::quotes::QuoteReads;
use crate::store::tables::*;
use crate::store::tx::Reader;

/// Open amounts as the invoices give them: by currency and due day, the sum and how many.
type OpenSums = BTreeMap<(Currency, i32), (i64, u64)>;

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let (mut issued, mut highest, mut open, mut quoted, mut late) = (0, 0, OpenSums::new(), 0, 0);
    let all = c.every("invoices", INVOICES, |c, key: u64, invoice: Invoice| {
        highest = key;
        c.claim(invoice.id.0 == key, || format!("The invoice at {key} says to be {}.", invoice.id));
        belongs(c, &invoice)?;
        quoted += u64::from(of_quote(c, &invoice)?);
        late += u64::from(of_late(c, &invoice)?);
        let settled = c.r.settled(invoice.id)?;
        shelved(c, &invoice, settled, &mut open)?;
        if let Some(issue) = &invoice.issue {
            issued += 1;
            standing(c, &invoice, issue, settled)?;
        }
        Ok(())
    })?;
    c.given("invoice", highest)?;
    c.sized(INVOICES_BY_DATE, issued)?;
    c.sized(INVOICE_NUMBERS, issued)?;
    c.sized(INVOICES_OF_CLIENT, issued)?;
    c.sized(INVOICES_OF_QUOTE, quoted)?;
    c.sized(LATE_NOTES, late)?;
    c.sized(SHELVES, all)?;
    c.sized(CLIENT_SHELVES, all)?;
    c.sized(SHELF_OF, all)?;
    open_sums(c, &open)?;
    imports(c)?;
    quotes(c)
}

fn imports(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut highest = 0;
    c.every("imports", IMPORTS, |c, key: u64, import: Import| {
        highest = key;
        c.claim(import.id.0 == key, || format!("The import at {key} says to be {}.", import.id));
        Ok(())
    })?;
    c.given("import", highest)
}

fn belongs(c: &mut Check<'_>, invoice: &Invoice) -> Result<(), StoreError> {
    let (id, client) = (invoice.id, invoice.client);
    let known = c.has(CLIENTS, client.0)?;
    c.claim(known, || format!("Invoice {id} is of client {client}, which does not exist."));
    if let Some(project) = invoice.project {
        let own = c.r.project(project)?.is_some_and(|p| p.client == client);
        c.claim(own, || format!("Invoice {id} is filed under project {project}, which is not its client's."));
    }
    for &contact in &invoice.recipients {
        let own = c.r.contact(contact)?.is_some_and(|x| x.client == client);
        c.claim(own, || format!("Invoice {id} goes to contact {contact}, who is not its client's."));
    }
    if let Kind::CreditNote(of) = invoice.kind {
        let credited = c.r.invoice(of)?;
        let fine = credited.is_some_and(|x| x.client == client && x.is_invoice() && x.issue.is_some());
        c.claim(fine, || format!("Credit note {id} credits {of}, which is no issued invoice of its client."));
    }
    Ok(())
}

/// Whether it charges a part of a quote, which then is an accepted one of its client's, and lists it.
fn of_quote(c: &mut Check<'_>, invoice: &Invoice) -> Result<bool, StoreError> {
    let Some(from) = &invoice.quote else { return Ok(false) };
    let (id, quote) = (invoice.id, from.quote);
    let known = c.r.quote(quote)?;
    let own = known.is_some_and(|q| q.client == invoice.client && q.number == from.number && q.accepted().is_some());
    c.claim(own, || format!("Invoice {id} charges a part of quote {quote}, which its client did not accept."));
    let listed = c.has(INVOICES_OF_QUOTE, (quote.0, id.0))?;
    c.claim(listed, || format!("Invoice {id} is missing from the list of its quote."));
    Ok(true)
}

/// Whether it is a late payment note, which then is for an issued invoice of its client that is none, and listed there.
fn of_late(c: &mut Check<'_>, invoice: &Invoice) -> Result<bool, StoreError> {
    let Some(late) = &invoice.late else { return Ok(false) };
    let (id, of) = (invoice.id, late.of);
    let known = c.r.invoice(of)?;
    let own = known.is_some_and(|x| {
        x.client == invoice.client && x.is_invoice() && x.late.is_none() && x.number() == Some(&late.number)
    });
    c.claim(own && invoice.is_invoice(), || format!("Late payment note {id} is for {of}, which is no such invoice."));
    let apart = late.stretches.is_sorted_by(|a, b| a.to < b.from);
    c.claim(apart && late.stretches.iter().all(|x| x.from <= x.to && x.to <= late.until), || {
        format!("The days that late payment note {id} charges can’t be right.")
    });
    let listed = c.has(LATE_NOTES, (of.0, id.0))?;
    c.claim(listed, || format!("Late payment note {id} is missing from the list of its invoice."));
    Ok(true)
}

fn shelved(c: &mut Check<'_>, invoice: &Invoice, settled: Settled, sums: &mut OpenSums) -> Result<(), StoreError> {
    let (id, due, open) = (invoice.id.0, day(invoice.next_due(settled)), invoice.open(settled).minor);
    let parts = invoice.open_parts(settled);
    let first = parts.first().map_or(0, |x| x.amount);
    let (client, shelf) = (invoice.client.0, shelf(invoice, settled));
    let place = c.r.table(SHELF_OF)?.get(id)?.map(|x| x.value());
    let code = invoice.currency.code();
    let on_all = c.r.table(SHELVES)?.get((shelf, due, id))?.is_some_and(|x| x.value() == (code, open));
    let own = c.r.table(CLIENT_SHELVES)?;
    let on_own = own.get((client, shelf, due, id))?.is_some_and(|x| x.value() == (code, open, first));
    c.claim(place == Some((client, shelf, due)) && on_all && on_own, || {
        format!("Invoice {id} is not in the lists where its amount and payments place it.")
    });
    for part in parts {
        let sum = sums.entry((invoice.currency, day(part.due))).or_default();
        *sum = (sum.0.saturating_add(part.amount), sum.1 + 1);
    }
    Ok(())
}

fn standing(c: &mut Check<'_>, invoice: &Invoice, issue: &Issue, settled: Settled) -> Result<(), StoreError> {
    let (id, number, dated) = (invoice.id, &issue.number, day(invoice.dated));
    let found = c.r.table(INVOICE_NUMBERS)?.get(number.folded().as_str())?.map(|x| x.value());
    c.claim(found == Some(id.0), || format!("The number {number} of invoice {id} leads to {found:?}."));
    let listed =
        c.has(INVOICES_BY_DATE, (dated, id.0))? && c.has(INVOICES_OF_CLIENT, (invoice.client.0, dated, id.0))?;
    c.claim(listed, || format!("{number} is missing from a list by date."));
    let follow = match (&invoice.body, issue.elsewhere) {
        (_, Some(_)) => issue.totals.hold(),
        (Body::Composed(content), None) => totals(content, invoice.currency).as_ref() == Some(&issue.totals),
        (Body::Published(amount), None) => Totals::only(*amount) == issue.totals,
    };
    c.claim(follow, || format!("The totals of {number} do not follow from its lines."));
    if let Some(import) = issue.elsewhere.and_then(|x| x.import) {
        let known = c.r.import(import)?.is_some_and(|x| x.undone.is_none() && x.documents.has(id.0));
        c.claim(known, || format!("{number} was brought by the import {import}, which does not say so."));
    }
    let limit = if invoice.is_invoice() { issue.totals.payable } else { 0 };
    c.claim(settled.total() <= limit.max(0), || {
        format!("{number} asks for {limit} and is settled with {}, in minor units.", settled.total())
    });
    kept(c, &issue.pdf, number.as_str(), FileUse::Invoice(id))
}

fn kept(c: &mut Check<'_>, file: &FileRef, number: &str, by: FileUse) -> Result<(), StoreError> {
    let length = c.r.file_length(file.digest)?;
    c.claim(length == Some(file.length), || format!("The PDF of {number} is missing or has another length."));
    let noted = c.has(FILE_USES, by.key(file.digest))?;
    c.claim(noted, || format!("That {number} uses its PDF is not noted."));
    Ok(())
}

fn open_sums(c: &mut Check<'_>, sums: &OpenSums) -> Result<(), StoreError> {
    for ((currency, due), expected) in sums {
        let found = c.r.table(OPEN_TOTALS)?.get((currency.code(), *due))?.map(|x| x.value());
        c.claim(found == Some(*expected), || {
            let due = crate::store::date_of(*due);
            format!("Open in {currency} and due on {due} are {expected:?}, and {found:?} is kept.")
        });
    }
    c.sized(OPEN_TOTALS, sums.len() as u64)
}

fn quotes(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut highest = 0;
    let count = c.every("quotes", QUOTES, |c, key: u64, quote: Quote| {
        highest = key;
        let (number, on) = (&quote.number, day(quote.current.issued));
        c.claim(quote.id.0 == key, || format!("The quote at {key} says to be {}.", quote.id));
        let found = c.r.table(QUOTE_NUMBERS)?.get(number.as_str())?.map(|x| x.value());
        c.claim(found == Some(key), || format!("The number {number} of quote {key} leads to {found:?}."));
        let listed = c.has(QUOTES_BY_DATE, (on, key))? && c.has(QUOTES_OF_CLIENT, (quote.client.0, on, key))?;
        c.claim(listed, || format!("{number} is missing from a list by date."));
        let known = c.has(CLIENTS, quote.client.0)?;
        c.claim(known, || format!("{number} is of client {}, which does not exist.", quote.client));
        let spoken = quote.older.iter().all(|x| !matches!(x.answer, Answer::Accepted(..)));
        c.claim(spoken, || format!("An older version of {number} was accepted, and a newer one took its place."));
        for (version, offer) in quote.versions() {
            let reckoned = totals(&fixed(&offer.content, &offer.options), offer.currency());
            c.claim(reckoned.as_ref() == Some(&offer.totals), || {
                format!("The totals of {number}, version {version}, do not follow from its lines.")
            });
            kept(c, &offer.pdf, number.as_str(), FileUse::Quote(quote.id))?;
        }
        Ok(())
    })?;
    c.given("quote", highest)?;
    c.sized(QUOTE_NUMBERS, count)?;
    c.sized(QUOTES_BY_DATE, count)?;
    c.sized(QUOTES_OF_CLIENT, count)
}
