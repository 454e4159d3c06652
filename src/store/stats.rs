//! How large the data file is and what takes the room: per table, and what lies free.
//!
//! Reads the pages that hold each table's tree, so it takes longer the larger the file is; nobody waits for it.

use redb::{ReadableTableMetadata, TableDefinition, TableHandle};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::snapshot::ReadTx;
use super::tx::{Keyed, Reader, Valued};
use super::{crypt, tables};

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
