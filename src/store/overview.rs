//! What the desk's overview asks: counts up to a limit and first rows, over the indexes of several nouns.
//!
//! Every read here costs what it shows, however much the firm keeps; none decodes a record just to count it.

use jiff::civil::Date;
use redb::{Key, Range, ReadableTable, Value};

use super::day;
use super::error::StoreError;
use super::invoices::{Cursor, DRAFT, OPEN, PART_PAID};
use super::letters::LetterShelf;
use super::payments::source_key;
use super::payments::{PaymentReads, Unapplied};
use super::quotes::QuoteReads;
use super::tables::{
    CLIENT_SHELVES, LETTERS_BY_STATE, QUOTE_NUMBERS, RECEIPTS_BY_DATE, RECEIPTS_OF_CLIENT, SHELVES, UNAPPLIED,
};
use super::tx::Reader;
use crate::domain::ids::{ClientId, InvoiceId, QuoteId, ReceiptId};
use crate::domain::money::Money;
use crate::domain::payment::{Receipt, Source};
use crate::domain::quote::Quote;

/// Counts and first rows. `client` narrows a read to one client; limits bound what is looked at.
pub trait OverviewReads: Reader {
    /// How many drafts there are, counted up to `limit`.
    fn count_drafts(&self, client: Option<ClientId>, limit: usize) -> Result<usize, StoreError> {
        count_shelf(self, client, DRAFT, i32::MAX, limit)
    }

    /// How many open invoices were due before `today`, counted up to `limit`.
    fn count_overdue(&self, client: Option<ClientId>, today: Date, limit: usize) -> Result<usize, StoreError> {
        let last = day(today).saturating_sub(1);
        let open = count_shelf(self, client, OPEN, last, limit)?;
        Ok(open + count_shelf(self, client, PART_PAID, last, limit - open)?)
    }

    /// How many letters stand on a shelf, counted up to `limit`.
    fn count_letters(&self, shelf: LetterShelf, limit: usize) -> Result<usize, StoreError> {
        let tag = shelf as u8;
        counted(self.table(LETTERS_BY_STATE)?.range((tag, 0)..=(tag, u64::MAX))?, limit)
    }

    /// How many receipts and credits have something left to apply, counted up to `limit`.
    fn count_unapplied(&self, client: Option<ClientId>, limit: usize) -> Result<usize, StoreError> {
        let (from, to) = clients(client);
        counted(self.table(UNAPPLIED)?.range((from, 0, 0)..=(to, u8::MAX, u64::MAX))?, limit)
    }

    /// Receipts and credits with something left to apply, by client, at most `limit`.
    fn unapplied_first(
        &self,
        client: Option<ClientId>,
        limit: usize,
    ) -> Result<Vec<(ClientId, Unapplied)>, StoreError> {
        let table = self.table(UNAPPLIED)?;
        let (from, to) = clients(client);
        let rows = table.range((from, 0, 0)..=(to, u8::MAX, u64::MAX))?.take(limit);
        rows.map(|row| {
            let (key, value) = row?;
            let ((client, tag, id), (code, minor)) = (key.value(), value.value());
            let currency = code.parse().map_err(|_| StoreError::Record("currency"))?;
            let source = if tag == 0 { Source::Receipt(ReceiptId(id)) } else { Source::Credit(InvoiceId(id)) };
            Ok((ClientId(client), Unapplied { source, left: Money::new(minor, currency) }))
        })
        .collect()
    }

    /// What is left of a receipt or credit of `client`, in minor units.
    fn unapplied_left(&self, client: ClientId, source: Source) -> Result<i64, StoreError> {
        let (tag, id) = source_key(source);
        Ok(self.table(UNAPPLIED)?.get((client.0, tag, id))?.map_or(0, |row| row.value().1))
    }

    /// Receipts dated `from` or later, newest first, before a place, at most `limit`.
    fn receipts_since(
        &self,
        client: Option<ClientId>,
        from: Date,
        before: Option<Cursor>,
        limit: usize,
    ) -> Result<Vec<Receipt>, StoreError> {
        let to = before.unwrap_or(Cursor { day: i32::MAX, id: u64::MAX });
        let from = day(from);
        if to.day < from {
            return Ok(Vec::new());
        }
        let ids: Vec<u64> = match client {
            None => {
                let table = self.table(RECEIPTS_BY_DATE)?;
                let rows = table.range((from, 0)..(to.day, to.id))?.rev().take(limit);
                rows.map(|row| Ok(row?.0.value().1)).collect::<Result<_, StoreError>>()?
            }
            Some(client) => {
                let table = self.table(RECEIPTS_OF_CLIENT)?;
                let rows = table.range((client.0, from, 0)..(client.0, to.day, to.id))?.rev().take(limit);
                rows.map(|row| Ok(row?.0.value().2)).collect::<Result<_, StoreError>>()?
            }
        };
        ids.into_iter().filter_map(|id| self.receipt(ReceiptId(id)).transpose()).collect()
    }

    /// Quotes whose number starts with `starts`, at most `limit`.
    fn quotes_starting(&self, starts: &str, limit: usize) -> Result<Vec<Quote>, StoreError> {
        let table = self.table(QUOTE_NUMBERS)?;
        let mut ids = Vec::new();
        for row in table.range(starts..)? {
            let (key, value) = row?;
            if !key.value().starts_with(starts) || ids.len() == limit {
                break;
            }
            ids.push(QuoteId(value.value()));
        }
        ids.into_iter().filter_map(|id| self.quote(id).transpose()).collect()
    }
}

impl<T: Reader + ?Sized> OverviewReads for T {}

/// The place of a receipt in the list of receipts.
pub fn place_of(receipt: &Receipt) -> Cursor {
    Cursor { day: day(receipt.on), id: receipt.id.0 }
}

fn clients(one: Option<ClientId>) -> (u64, u64) {
    one.map_or((0, u64::MAX), |client| (client.0, client.0))
}

fn count_shelf<R: Reader + ?Sized>(
    reader: &R,
    client: Option<ClientId>,
    shelf: u8,
    last: i32,
    limit: usize,
) -> Result<usize, StoreError> {
    match client {
        None => {
            let table = reader.table(SHELVES)?;
            counted(table.range((shelf, i32::MIN, 0)..=(shelf, last, u64::MAX))?, limit)
        }
        Some(client) => {
            let table = reader.table(CLIENT_SHELVES)?;
            counted(table.range((client.0, shelf, i32::MIN, 0)..=(client.0, shelf, last, u64::MAX))?, limit)
        }
    }
}

fn counted<K: Key + 'static, V: Value + 'static>(rows: Range<'_, K, V>, limit: usize) -> Result<usize, StoreError> {
    let mut count = 0;
    for row in rows.take(limit) {
        row?;
        count += 1;
    }
    Ok(count)
}
