//! Everything of a kind, one after the other, so that what reads all of it needs the memory of one.

use redb::{ReadableTable, TableDefinition};

use super::error::StoreError;
use super::files::FileReads;
use super::records::Record;
use super::tables::{
    ALLOCATIONS, CHUNKS, CONTACTS, DISPUTES, DOCUMENTS, EVENTS, INVOICES, PROJECTS, PROMISES, QUOTES, RECEIPTS,
    REFUNDS, STATEMENTS,
};
use super::tx::Reader;
use crate::domain::dispute::Dispute;
use crate::domain::document::Document;
use crate::domain::event::LogEntry;
use crate::domain::ids::Digest;
use crate::domain::invoice::Invoice;
use crate::domain::monthly::MonthStatement;
use crate::domain::payment::{Allocation, Receipt, Refund};
use crate::domain::person::Contact;
use crate::domain::project::Project;
use crate::domain::promise::Promise;
use crate::domain::quote::Quote;

/// Walks through tables, in the order of identifiers, until `each` fails.
pub trait WalkReads: Reader {
    /// Every contact.
    fn each_contact<E: From<StoreError>>(&self, each: impl FnMut(Contact) -> Result<(), E>) -> Result<(), E> {
        walk(self, CONTACTS, each)
    }

    /// Every project.
    fn each_project<E: From<StoreError>>(&self, each: impl FnMut(Project) -> Result<(), E>) -> Result<(), E> {
        walk(self, PROJECTS, each)
    }

    /// Every invoice and credit note, drafts too.
    fn each_invoice<E: From<StoreError>>(&self, each: impl FnMut(Invoice) -> Result<(), E>) -> Result<(), E> {
        walk(self, INVOICES, each)
    }

    /// Every quote.
    fn each_quote<E: From<StoreError>>(&self, each: impl FnMut(Quote) -> Result<(), E>) -> Result<(), E> {
        walk(self, QUOTES, each)
    }

    /// Every document.
    fn each_document<E: From<StoreError>>(&self, each: impl FnMut(Document) -> Result<(), E>) -> Result<(), E> {
        walk(self, DOCUMENTS, each)
    }

    /// Every receipt.
    fn each_receipt<E: From<StoreError>>(&self, each: impl FnMut(Receipt) -> Result<(), E>) -> Result<(), E> {
        walk(self, RECEIPTS, each)
    }

    /// Every refund.
    fn each_refund<E: From<StoreError>>(&self, each: impl FnMut(Refund) -> Result<(), E>) -> Result<(), E> {
        walk(self, REFUNDS, each)
    }

    /// Every promise to pay.
    fn each_promise<E: From<StoreError>>(&self, each: impl FnMut(Promise) -> Result<(), E>) -> Result<(), E> {
        walk(self, PROMISES, each)
    }

    /// Every dispute.
    fn each_dispute<E: From<StoreError>>(&self, each: impl FnMut(Dispute) -> Result<(), E>) -> Result<(), E> {
        walk(self, DISPUTES, each)
    }

    /// Every month-end statement.
    fn each_statement<E: From<StoreError>>(&self, each: impl FnMut(MonthStatement) -> Result<(), E>) -> Result<(), E> {
        walk(self, STATEMENTS, each)
    }

    /// Every line of the activity log, oldest first.
    fn each_entry<E: From<StoreError>>(&self, each: impl FnMut(LogEntry) -> Result<(), E>) -> Result<(), E> {
        walk(self, EVENTS, each)
    }

    /// Every allocation, invoice by invoice.
    fn each_allocation<E: From<StoreError>>(&self, each: impl FnMut(Allocation) -> Result<(), E>) -> Result<(), E> {
        walk(self, ALLOCATIONS, each)
    }

    /// The bytes of a file, piece by piece; how many there were.
    fn each_chunk<E: From<StoreError>>(
        &self,
        digest: Digest,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        let Some(content) = self.content(digest)? else { return Ok(0) };
        let table = self.table(CHUNKS)?;
        let mut bytes = 0;
        for row in table.range((content.id.0, 0)..=(content.id.0, u32::MAX)).map_err(StoreError::from)? {
            let (_, chunk) = row.map_err(StoreError::from)?;
            bytes += chunk.value().len() as u64;
            each(chunk.value())?;
        }
        Ok(bytes)
    }
}

impl<T: Reader + ?Sized> WalkReads for T {}

fn walk<R, K, T, E>(
    reader: &T,
    table: TableDefinition<'static, K, &'static [u8]>,
    mut each: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E>
where
    R: Record,
    K: super::tx::Keyed,
    T: Reader + ?Sized,
    E: From<StoreError>,
{
    let table = reader.table(table)?;
    for row in table.iter().map_err(StoreError::from)? {
        let (_, record) = row.map_err(StoreError::from)?;
        each(R::decode(record.value())?)?;
    }
    Ok(())
}
