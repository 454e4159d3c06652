//! Quotes.

use redb::ReadableTable;

use super::day;
use super::error::StoreError;
use super::files::FileUse;
use super::tables::{QUOTE_NUMBERS, QUOTES, QUOTES_BY_DATE, QUOTES_OF_CLIENT};
use super::tx::{Reader, WriteTx};
use crate::domain::ids::{ClientId, QuoteId};
use crate::domain::number::DocumentNumber;
use crate::domain::quote::Quote;

/// Reading quotes.
pub trait QuoteReads: Reader {
    /// A quote.
    fn quote(&self, id: QuoteId) -> Result<Option<Quote>, StoreError> {
        self.record_at(QUOTES, id.0)
    }

    /// The quote of a number.
    fn quote_numbered(&self, number: &DocumentNumber) -> Result<Option<Quote>, StoreError> {
        let id = self.table(QUOTE_NUMBERS)?.get(number.as_str())?.map(|x| x.value());
        id.map_or(Ok(None), |id| self.quote(QuoteId(id)))
    }

    /// Quotes, newest first, before (day, id), at most `limit`.
    fn quotes(&self, before: Option<(i32, u64)>, limit: usize) -> Result<Vec<Quote>, StoreError> {
        let table = self.table(QUOTES_BY_DATE)?;
        let rows = table.range(..before.unwrap_or((i32::MAX, u64::MAX)))?.rev().take(limit);
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.quote(QuoteId(r.0.value().1))).transpose())
            .collect()
    }

    /// A client's quotes, newest first, before (day, id), at most `limit`.
    fn quotes_of(&self, client: ClientId, before: Option<(i32, u64)>, limit: usize) -> Result<Vec<Quote>, StoreError> {
        let table = self.table(QUOTES_OF_CLIENT)?;
        let (day, id) = before.unwrap_or((i32::MAX, u64::MAX));
        let rows = table.range((client.0, i32::MIN, 0)..(client.0, day, id))?.rev().take(limit);
        rows.filter_map(|row| row.map_err(Into::into).and_then(|r| self.quote(QuoteId(r.0.value().2))).transpose())
            .collect()
    }
}

impl<T: Reader + ?Sized> QuoteReads for T {}

impl WriteTx<'_> {
    /// Keeps a quote; it stands where its newest version belongs.
    pub fn put_quote(&mut self, quote: &Quote) -> Result<(), StoreError> {
        let on = day(quote.current.issued);
        if let Some(before) = self.quote(quote.id)?.map(|q| day(q.current.issued)).filter(|before| *before != on) {
            self.change(QUOTES_BY_DATE)?.remove((before, quote.id.0))?;
            self.change(QUOTES_OF_CLIENT)?.remove((quote.client.0, before, quote.id.0))?;
        }
        self.change(QUOTE_NUMBERS)?.insert(quote.number.as_str(), quote.id.0)?;
        self.change(QUOTES_BY_DATE)?.insert((on, quote.id.0), ())?;
        self.change(QUOTES_OF_CLIENT)?.insert((quote.client.0, on, quote.id.0), ())?;
        for (_, version) in quote.versions() {
            self.use_file(version.pdf.digest, FileUse::Quote(quote.id))?;
        }
        self.put(QUOTES, quote.id.0, quote)
    }
}
