//! Every table as rows of bytes, out of one snapshot and into a new file: what backups are made of.
//!
//! Rows that come from outside are checked for their table's shape before the engine sees them. A table that is not on
//! the list of [`super::tables`] is an error: a backup that silently lacks one would be none. Secrets of sign-ins never
//! leave: sessions, links and codes end with a restore.

use redb::{Key, ReadableTable, ReadableTableMetadata, TableDefinition, TableHandle, Value};

use super::error::StoreError;
use super::snapshot::ReadTx;
use super::{Store, writer};

/// Tables that no backup holds.
const LEFT_OUT: [&str; 5] = ["sessions", "sessions_of_person", "grants", "grants_of_person", "codes"];
/// Bytes of rows after which loading commits, so that memory stays bounded.
const COMMIT_BYTES: usize = 32 << 20;

/// A row: key and value as stored.
pub type Row = (Vec<u8>, Vec<u8>);

/// The tables that a backup holds, by name, with their numbers of rows.
///
/// # Errors
/// When the file can't be read, or holds a table that this program doesn't know.
pub fn survey(tx: &ReadTx) -> Result<Vec<(String, u64)>, StoreError> {
    let known = tables();
    for table in tx.raw().list_tables()? {
        if known.iter().all(|t| t.name() != table.name()) && !LEFT_OUT.contains(&table.name()) {
            return Err(StoreError::Broken(format!("it holds an unknown table \"{}\"", table.name())));
        }
    }
    if let Some(table) = tx.raw().list_multimap_tables()?.next() {
        return Err(StoreError::Broken(format!(
            "it holds an unknown table \"{}\"",
            redb::MultimapTableHandle::name(&table)
        )));
    }
    known.iter().map(|t| Ok((t.name().to_owned(), t.count(tx)?))).collect()
}

/// Gives every row of every table of [`survey`], in that order, to `each`.
///
/// # Errors
/// When the file can't be read, or what `each` says.
pub fn dump<E: From<StoreError>>(
    tx: &ReadTx,
    mut each: impl FnMut(&str, &[u8], &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    for table in tables() {
        let mut outcome = Ok(());
        table.each(tx, &mut |key, value| {
            outcome = each(table.name(), key, value);
            outcome.is_ok()
        })?;
        outcome?;
    }
    Ok(())
}

/// Fills a store that nobody uses yet.
pub struct Loader<'a> {
    store: &'a Store,
    tables: Vec<Box<dyn Rows>>,
    tx: Option<redb::WriteTransaction>,
    pending: usize,
}

impl<'a> Loader<'a> {
    /// For a `store` that was created and nothing more.
    pub fn new(store: &'a Store) -> Self {
        Self { store, tables: tables(), tx: None, pending: 0 }
    }

    /// Adds rows to a table; whether they have its shape and their keys ascend. When not, the store is of no more use.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn fill(&mut self, table: &str, rows: &[Row]) -> Result<bool, StoreError> {
        let Some(table) = self.tables.iter().find(|t| t.name() == table) else { return Ok(false) };
        let tx = match self.tx.take() {
            Some(tx) => tx,
            None => writer::begin(&*self.store.0.engine.database()?)?,
        };
        if !table.fill(&tx, rows)? {
            tx.abort()?;
            return Ok(false);
        }
        self.pending += rows.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        if self.pending >= COMMIT_BYTES {
            self.pending = 0;
            tx.commit()?;
        } else {
            self.tx = Some(tx);
        }
        Ok(true)
    }

    /// Makes all of it last.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn finish(self) -> Result<(), StoreError> {
        self.tx.map_or(Ok(()), |tx| Ok(tx.commit()?))
    }
}

/// A table whatever its types are.
trait Rows {
    fn name(&self) -> &str;
    fn count(&self, tx: &ReadTx) -> Result<u64, StoreError>;
    /// Until `each` says false.
    fn each(&self, tx: &ReadTx, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError>;
    /// False when a row has another shape or doesn't come after the last one.
    fn fill(&self, tx: &redb::WriteTransaction, rows: &[Row]) -> Result<bool, StoreError>;
}

struct Typed<K: Key + 'static, V: Value + 'static>(TableDefinition<'static, K, V>);

impl<K: Key + Shape + 'static, V: Value + Shape + 'static> Rows for Typed<K, V> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn count(&self, tx: &ReadTx) -> Result<u64, StoreError> {
        Ok(tx.raw().open_table(self.0)?.len()?)
    }

    fn each(&self, tx: &ReadTx, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        for row in tx.raw().open_table(self.0)?.iter()? {
            let (key, value) = row?;
            if !each(K::as_bytes(&key.value()).as_ref(), V::as_bytes(&value.value()).as_ref()) {
                break;
            }
        }
        Ok(())
    }

    fn fill(&self, tx: &redb::WriteTransaction, rows: &[Row]) -> Result<bool, StoreError> {
        let mut table = tx.open_table(self.0)?;
        // The schema's version is there from the creation; every other table is empty at first.
        let mut last = match table.last()? {
            Some((key, _)) if self.name() != "meta" => Some(K::as_bytes(&key.value()).as_ref().to_vec()),
            _ => None,
        };
        for (key, value) in rows {
            let follows = K::fits(key) && V::fits(value) && last.as_ref().is_none_or(|l| K::compare(l, key).is_lt());
            if !follows {
                return Ok(false);
            }
            table.insert(K::from_bytes(key), V::from_bytes(value))?;
            last = Some(key.clone());
        }
        Ok(true)
    }
}

/// Every table that a backup holds, by name.
fn tables() -> Vec<Box<dyn Rows>> {
    use super::tables::*;
    let mut all: Vec<Box<dyn Rows>> = Vec::new();
    macro_rules! add {
        ($table:ident) => {
            all.push(Box::new(Typed($table)))
        };
    }
    crate::every_table!(add);
    all.retain(|table| !LEFT_OUT.contains(&table.name()));
    all.sort_by(|a, b| a.name().cmp(b.name()));
    all
}

/// Whether bytes are a value of the type, so that reading them as one can't fail.
trait Shape {
    fn fits(bytes: &[u8]) -> bool;
}

macro_rules! fixed {
    ($($type:ty),+ $(,)?) => {$(
        impl Shape for $type {
            fn fits(bytes: &[u8]) -> bool {
                <Self as Value>::fixed_width() == Some(bytes.len())
            }
        }
    )+};
}

fixed!(
    (),
    u8,
    i32,
    u64,
    i64,
    [u8; 32],
    (u8, u64),
    (u64, u64),
    (u64, i16),
    (u64, i32),
    (u64, u64, u32),
    (i32, u64),
    (i64, u64),
    (i64, i64),
    (u64, u32),
    ([u8; 32], u8, u64),
    (u8, i64, u64),
    (u8, u64, u64),
    (u8, u64, [u8; 32]),
    (u8, i32, u64),
    (i32, u8, u64),
    (i64, i64, i64),
    (u64, u8, i32),
    (u64, u8, i64),
    (u64, u8, u64),
    (u64, i32, u64),
    (u64, u8, i32, u64),
    (u64, u8, i64, u64),
    (u64, u8, u64, i64),
    (u64, u64, u8, i64, u64),
);

impl Shape for &'static [u8] {
    fn fits(_: &[u8]) -> bool {
        true
    }
}

impl Shape for &'static str {
    fn fits(bytes: &[u8]) -> bool {
        std::str::from_utf8(bytes).is_ok()
    }
}

macro_rules! named {
    ($($second:ty),+) => {$(
        impl Shape for (&'static str, $second) {
            fn fits(bytes: &[u8]) -> bool {
                named_fits(bytes, <$second as Value>::fixed_width().unwrap_or(usize::MAX))
            }
        }
    )+};
}

named!(u64, i64, i32);

impl Shape for (&'static str, i64, i64) {
    fn fits(bytes: &[u8]) -> bool {
        named_fits(bytes, 2 * size_of::<i64>())
    }
}

impl Shape for (&'static str, i64, u64) {
    fn fits(bytes: &[u8]) -> bool {
        named_fits(bytes, size_of::<i64>() + size_of::<u64>())
    }
}

impl Shape for (&'static str, u64, i32) {
    fn fits(bytes: &[u8]) -> bool {
        named_fits(bytes, size_of::<u64>() + size_of::<i32>())
    }
}

/// A pair of text and something of fixed width: the text's length as redb writes it, the text, the rest.
fn named_fits(bytes: &[u8], rest: usize) -> bool {
    let (length, header) = match bytes {
        [254, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 3),
        [255, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 5),
        [length @ 0..=253, ..] => (usize::from(*length), 1),
        _ => return false,
    };
    let text = length.checked_add(header).and_then(|end| bytes.get(header..end).map(|text| (end, text)));
    text.is_some_and(|(end, text)| std::str::from_utf8(text).is_ok() && bytes.len() - end == rest)
}

#[cfg(test)]
mod tests {
    use redb::Value;

    use super::*;

    #[test]
    fn pairs_with_a_text_are_known_by_their_bytes() {
        for text in ["", "Ünder", &"x".repeat(300), &"x".repeat(70_000)] {
            let bytes = <(&str, u64)>::as_bytes(&(text, 7));
            assert!(<(&'static str, u64)>::fits(&bytes));
            assert!(!<(&'static str, u64)>::fits(&bytes[..bytes.len() - 1]));
            assert!(!<(&'static str, i32)>::fits(&bytes));
        }
        for broken in [&[][..], &[254, 1], &[255, 1, 1, 1], &[5, b'a'], &[1, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]] {
            assert!(!<(&'static str, u64)>::fits(broken), "{broken:?}");
        }
    }

    #[test]
    fn no_secret_of_a_sign_in_is_among_the_tables_of_a_backup() {
        let tables = tables();
        let names: Vec<_> = tables.iter().map(|t| t.name()).collect();
        assert!(names.contains(&"events") && names.contains(&"chunks"));
        assert!(LEFT_OUT.iter().all(|secret| !names.contains(secret)));
    }
}
