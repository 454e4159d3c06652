//! How large the data file is and what takes the room: per table, and what lies free.
//!
//! Reads the pages that hold each table's tree, so it takes longer the larger the file is; nobody waits for it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use redb::{ReadableTable, ReadableTableMetadata, TableDefinition, TableHandle};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::snapshot::ReadTx;
use super::tx::{Keyed, Reader, Valued};
use super::walk::WalkReads;
use super::{crypt, tables};
use crate::domain::ids::ClientId;

/// A page of the engine, in bytes.
const PAGE: u64 = 4096;

/// What one table takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSize {
    /// Its name.
    pub name: String,
    /// Rows in it.
    pub rows: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
    /// Bytes of the pages that hold them.
    pub in_pages: u64,
}

/// What the data file takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// The schema's version.
    pub schema: u32,
    /// Tables, the largest first.
    pub tables: Vec<TableSize>,
    /// Length of the file, in bytes.
    pub file: u64,
    /// Pages that hold no row: free, or the engine's own, in bytes as they lie in the file.
    pub free: u64,
}

/// Measures a file of so many pages, which `tx` reads; `progress` gets (tables done, tables in all).
///
/// # Errors
/// When the file can't be read.
pub fn measure(tx: &ReadTx, pages: u64, mut progress: impl FnMut(u64, u64)) -> Result<Sizes, StoreError> {
    use tables::*;
    let mut measured = Vec::new();
    let mut all = 0;
    macro_rules! count {
        ($table:ident) => {
            all += u64::from(!$table.name().is_empty())
        };
    }
    crate::every_table!(count);
    macro_rules! measure {
        ($table:ident) => {
            measured.push(table(tx, $table)?);
            progress(measured.len() as u64, all);
        };
    }
    crate::every_table!(measure);
    measured.sort_by(|a, b| b.in_pages.cmp(&a.in_pages).then_with(|| a.name.cmp(&b.name)));
    let used: u64 = measured.iter().map(|t| t.in_pages / PAGE).sum();
    let (file, bare) = (crypt::file_len(pages), crypt::file_len(used.min(pages)));
    Ok(Sizes { schema: SCHEMA_VERSION, tables: measured, file, free: file - bare })
}

/// What was added in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Month {
    /// Year and month in UTC: `2026-11`.
    pub month: String,
    /// Billing documents issued or published.
    pub billing: u64,
    /// Bytes of their PDFs.
    pub billing_bytes: u64,
    /// Versions of documents that were posted and are still kept.
    pub versions: u64,
    /// Bytes of their files.
    pub version_bytes: u64,
}

/// What was added month by month, the newest first; months in which nothing was are left out. Reads every record once.
///
/// # Errors
/// When the file can't be read.
pub fn growth(tx: &ReadTx) -> Result<Vec<Month>, StoreError> {
    let mut months: BTreeMap<String, Month> = BTreeMap::new();
    fn of(months: &mut BTreeMap<String, Month>, at: Timestamp) -> &mut Month {
        let month = at.strftime("%Y-%m").to_string();
        let empty = Month { month: month.clone(), billing: 0, billing_bytes: 0, versions: 0, version_bytes: 0 };
        months.entry(month).or_insert(empty)
    }
    tx.each_invoice(|invoice| {
        if let Some(issue) = invoice.issue {
            let month = of(&mut months, issue.at);
            month.billing += 1;
            month.billing_bytes = month.billing_bytes.saturating_add(issue.pdf.length);
        }
        Ok::<_, StoreError>(())
    })?;
    tx.each_document(|document| {
        for version in document.versions.iter().filter(|_| document.is_kept()) {
            let month = of(&mut months, version.at);
            month.versions += 1;
            month.version_bytes = month.version_bytes.saturating_add(version.file.length);
        }
        Ok::<_, StoreError>(())
    })?;
    Ok(months.into_values().rev().collect())
}

/// The clients whose documents take most, at most `limit`: their identifiers and bytes.
///
/// # Errors
/// When the file can't be read.
pub fn fullest(tx: &ReadTx, limit: usize) -> Result<Vec<(ClientId, u64)>, StoreError> {
    let mut all = Vec::new();
    for row in tx.table(tables::DOCUMENT_SIZES)?.range(1..)? {
        let (client, sizes) = row?;
        all.push((ClientId(client.value()), sizes.value().0));
    }
    all.sort_by_key(|(client, bytes)| (std::cmp::Reverse(*bytes), *client));
    all.truncate(limit);
    Ok(all)
}

fn table<K: Keyed, V: Valued>(tx: &ReadTx, table: TableDefinition<'static, K, V>) -> Result<TableSize, StoreError> {
    let open = tx.table(table)?;
    let stats = open.stats()?;
    let whole = stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes();
    Ok(TableSize {
        name: table.name().to_owned(),
        rows: open.len()?,
        bytes: stats.stored_bytes(),
        in_pages: whole.next_multiple_of(PAGE),
    })
}
