//! The latest committed state, opened once and read by everybody until the next commit.
//!
//! Beginning a transaction and finding a table in the engine's directory cost more than reading a record. Both are done
//! once per commit here instead of once per record. Knows tables only by name; must not know nouns.

use std::any::Any;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::ops::RangeBounds;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use redb::{
    AccessGuard, Database, Range, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata, StorageError,
    TableDefinition, TableHandle, TableStats,
};

use super::error::StoreError;
use super::tx::{Keyed, Reader, Valued};
use crate::domain::firm::Firm;

/// A consistent snapshot.
pub struct ReadTx {
    tx: redb::ReadTransaction,
    /// Tells snapshots of this process apart.
    serial: u64,
    /// Opened tables by name.
    tables: RwLock<HashMap<String, Arc<dyn Any + Send + Sync>>>,
    firm: OnceLock<Arc<Firm>>,
}

impl ReadTx {
    pub(super) fn begin(database: &Database) -> Result<Self, StoreError> {
        let tx = database.begin_read()?;
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Self { tx, serial, tables: RwLock::default(), firm: OnceLock::new() })
    }

    /// A number that no other snapshot of this process has.
    pub(super) fn serial(&self) -> u64 {
        self.serial
    }

    /// The engine's own transaction.
    pub(super) fn raw(&self) -> &redb::ReadTransaction {
        &self.tx
    }

    /// The firm, read once per snapshot, since every page names it.
    ///
    /// # Errors
    /// As [`super::firm::FirmReads::firm`].
    pub fn shared_firm(&self) -> Result<Arc<Firm>, StoreError> {
        if let Some(firm) = self.firm.get() {
            return Ok(Arc::clone(firm));
        }
        let firm = Arc::new(super::firm::FirmReads::firm(self)?);
        Ok(Arc::clone(self.firm.get_or_init(|| firm)))
    }

    fn opened<K: Keyed, V: Valued>(&self, name: &str) -> Option<Opened<K, V>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tables.get(name)?).downcast().ok().map(Opened)
    }
}

impl Reader for ReadTx {
    type Table<'t, K: Keyed, V: Valued> = Opened<K, V>;

    fn table<K: Keyed, V: Valued>(&self, table: TableDefinition<'static, K, V>) -> Result<Opened<K, V>, StoreError> {
        if let Some(opened) = self.opened(table.name()) {
            return Ok(opened);
        }
        let opened = Arc::new(self.tx.open_table(table)?);
        let kept: Arc<dyn Any + Send + Sync> = Arc::<ReadOnlyTable<K, V>>::clone(&opened);
        self.tables.write().unwrap_or_else(PoisonError::into_inner).insert(table.name().to_owned(), kept);
        Ok(Opened(opened))
    }
}

/// A table that a snapshot holds open.
pub struct Opened<K: Keyed, V: Valued>(Arc<ReadOnlyTable<K, V>>);

impl<K: Keyed, V: Valued> ReadableTableMetadata for Opened<K, V> {
    fn stats(&self) -> Result<TableStats, StorageError> {
        self.0.stats()
    }

    fn len(&self) -> Result<u64, StorageError> {
        self.0.len()
    }
}

impl<K: Keyed, V: Valued> ReadableTable<K, V> for Opened<K, V> {
    fn get<'a>(&self, key: impl Borrow<K::SelfType<'a>>) -> Result<Option<AccessGuard<'_, V>>, StorageError> {
        ReadableTable::get(&*self.0, key)
    }

    fn range<'a, KR>(&self, range: impl RangeBounds<KR> + 'a) -> Result<Range<'_, K, V>, StorageError>
    where
        KR: Borrow<K::SelfType<'a>> + 'a,
    {
        ReadableTable::range(&*self.0, range)
    }

    fn first(&self) -> Result<Option<(AccessGuard<'_, K>, AccessGuard<'_, V>)>, StorageError> {
        self.0.first()
    }

    fn last(&self) -> Result<Option<(AccessGuard<'_, K>, AccessGuard<'_, V>)>, StorageError> {
        self.0.last()
    }
}

/// Where the latest snapshot is found. The writer renews it after every commit and before it answers, so that whoever
/// was answered reads what they wrote.
#[derive(Default)]
pub(super) struct Latest(RwLock<Option<Arc<ReadTx>>>);

impl Latest {
    /// The latest snapshot, opened if there is none.
    pub fn get(&self, database: impl FnOnce() -> Result<Arc<Database>, StoreError>) -> Result<Arc<ReadTx>, StoreError> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        match held {
            Some(snapshot) => Ok(snapshot),
            None => self.renew(database),
        }
    }

    /// Opens the state that was committed last and lets the one before go.
    pub fn renew(
        &self,
        database: impl FnOnce() -> Result<Arc<Database>, StoreError>,
    ) -> Result<Arc<ReadTx>, StoreError> {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // The old one goes first: should the new one fail, nobody goes on reading what is past.
        *held = None;
        let snapshot = Arc::new(ReadTx::begin(&*database()?)?);
        *held = Some(Arc::clone(&snapshot));
        Ok(snapshot)
    }

    /// Puts what `make` gives in the place of the snapshot. Readers wait meanwhile.
    pub fn replace(&self, make: impl FnOnce() -> Result<ReadTx, StoreError>) -> Result<(), StoreError> {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *held = None;
        *held = Some(Arc::new(make()?));
        Ok(())
    }

    /// Lets the snapshot go, so that the file can close.
    pub fn let_go(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::super::tables::SEQUENCES;
    use super::*;

    fn committed(database: &Database, value: u64) {
        let tx = database.begin_write().unwrap();
        tx.open_table(SEQUENCES).unwrap().insert("one", value).unwrap();
        tx.commit().unwrap();
    }

    #[test]
    fn a_snapshot_stays_as_it_was_and_the_next_one_is_new() {
        let database = Arc::new(Database::builder().create_with_backend(InMemoryBackend::new()).unwrap());
        let open = || Ok(Arc::clone(&database));
        let latest = Latest::default();
        committed(&database, 1);
        let (first, same) = (latest.get(open).unwrap(), latest.get(open).unwrap());
        assert!(Arc::ptr_eq(&first, &same));
        committed(&database, 2);
        let second = latest.renew(open).unwrap();
        assert_eq!(first.last_in_series("one").unwrap(), 1);
        assert_eq!(second.last_in_series("one").unwrap(), 2);
        // Again, from the table that is open by now.
        assert_eq!(first.last_in_series("one").unwrap(), 1);
        latest.let_go();
        assert_eq!(latest.get(open).unwrap().last_in_series("one").unwrap(), 2);
    }
}
