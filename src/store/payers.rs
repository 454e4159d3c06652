//! What a client's payer score is reckoned from: their invoices of the last two years and what settled them.
//!
//! Reads one client's records alone, and a bounded number of them however long the history is.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use redb::ReadableTable;

use super::day;
use super::disputes::DisputeReads;
use super::error::StoreError;
use super::invoices::{Cursor, InvoiceReads};
use super::overview::OverviewReads;
use super::payments::PaymentReads;
use super::promises::PromiseReads;
use super::tables::INVOICES_OF_CLIENT;
use super::tx::Reader;
use crate::domain::calendar::today;
use crate::domain::client::Client;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::invoice::Invoice;
use crate::domain::payment::{Allocation, Source};
use crate::domain::promise::{Part, Promised};
use crate::domain::score::{self, Facts, How, Owed, Settlement};

/// Most invoices that are read, the newest.
pub const INVOICES_MAX: usize = 300;
/// Most promises that are read, the newest.
const PROMISES_MAX: usize = 200;
/// Most disputes that are read, the newest.
const DISPUTES_MAX: usize = 200;
/// Most receipts that are read for those that were taken back, the newest.
const RECEIPTS_MAX: usize = 500;

/// Reading how a client pays.
pub trait PayerReads: Reader {
    /// What the score of `on` is reckoned from.
    fn payer_facts(&self, client: &Client, on: Date, zone: &TimeZone) -> Result<Facts, StoreError> {
        self.payer_facts_from(client, score::from(on), on, zone)
    }

    /// What the scores of the days from two years after `from` until `on` are reckoned from.
    fn payer_facts_from(&self, client: &Client, from: Date, on: Date, zone: &TimeZone) -> Result<Facts, StoreError> {
        let (invoices, first) = (newest(self, client.id, from, on)?, first_dated(self, client.id)?);
        let before = Cursor { day: day(on).saturating_add(1), id: 0 };
        let receipts = self.receipts_since(Some(client.id), from, Some(before), RECEIPTS_MAX)?;
        let mut owed = Vec::with_capacity(invoices.len());
        for invoice in invoices.iter().filter(|x| x.is_invoice()) {
            let Some(issue) = &invoice.issue else { continue };
            let mut settled: Vec<Settlement> = Vec::new();
            settled.extend(self.allocations_of(invoice.id)?.iter().map(|a| settlement(a, None)));
            for back in receipts.iter().filter_map(|x| x.reversed.as_ref()) {
                let parts = back.parts.iter().filter(|a| a.invoice == invoice.id);
                settled.extend(parts.map(|a| settlement(a, Some(back.on))));
            }
            owed.push(Owed {
                invoice: invoice.id,
                currency: invoice.currency,
                dated: invoice.dated,
                due: invoice.due,
                payable: issue.totals.payable,
                terms: invoice.terms.clone(),
                settled,
            });
        }
        let since = first.into_iter().chain([today(client.since, zone)]).min();
        let mut promises = Vec::new();
        for promise in self.promises_of(client.id, from, on, PROMISES_MAX)? {
            let mut parts = self.settled_parts(promise.invoice)?;
            for back in receipts.iter().filter_map(|x| x.reversed.as_ref()) {
                let gone = back.parts.iter().filter(|a| a.invoice == promise.invoice);
                parts.extend(gone.map(|a| Part::of(a, Some(back.on))));
            }
            promises.push(Promised { promise, parts });
        }
        let disputes = self.disputes_of(client.id, from, on, DISPUTES_MAX)?;
        Ok(Facts { owed, promises, disputes, since })
    }
}

impl<T: Reader + ?Sized> PayerReads for T {}

fn settlement(a: &Allocation, until: Option<Date>) -> Settlement {
    let how = match a.source {
        Source::Receipt(_) | Source::EarlyPayment(_) => How::Paid,
        Source::Credit(_) => How::Credited,
        Source::WrittenOff(_) => How::WrittenOff,
    };
    Settlement { on: a.on, until, amount: a.amount.minor, how }
}

/// A client's issued documents dated within the days, the newest first.
fn newest<R: Reader + ?Sized>(r: &R, client: ClientId, from: Date, to: Date) -> Result<Vec<Invoice>, StoreError> {
    let ids: Vec<u64> = {
        let table = r.table(INVOICES_OF_CLIENT)?;
        let rows = table.range((client.0, day(from), 0)..=(client.0, day(to), u64::MAX))?.rev().take(INVOICES_MAX);
        rows.map(|row| Ok(row?.0.value().2)).collect::<Result<_, StoreError>>()?
    };
    ids.into_iter().filter_map(|id| r.invoice(InvoiceId(id)).transpose()).collect()
}

fn first_dated<R: Reader + ?Sized>(r: &R, client: ClientId) -> Result<Option<Date>, StoreError> {
    let table = r.table(INVOICES_OF_CLIENT)?;
    let first = table.range((client.0, i32::MIN, 0)..=(client.0, i32::MAX, u64::MAX))?.next();
    Ok(first.transpose()?.map(|row| super::date_of(row.0.value().1)))
}
