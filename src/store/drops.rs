//! Files that were taken from the drop folder, each once by its digest.

use redb::ReadableTable;

use super::error::StoreError;
use super::files::FileUse;
use super::tables::{DROP_DIGESTS, DROPS, DROPS_WAITING};
use super::tx::{Reader, WriteTx};
use crate::domain::drop::Dropped;
use crate::domain::ids::{Digest, DropId};

/// Reading dropped files.
pub trait DropReads: Reader {
    /// A dropped file.
    fn dropped(&self, id: DropId) -> Result<Option<Dropped>, StoreError> {
        self.record_at(DROPS, id.0)
    }

    /// The dropped file of these bytes.
    fn dropped_as(&self, digest: Digest) -> Result<Option<Dropped>, StoreError> {
        let id = self.table(DROP_DIGESTS)?.get(digest.0)?.map(|x| x.value());
        id.map_or(Ok(None), |id| self.dropped(DropId(id)))
    }

    /// Those that wait for a person, the oldest first, at most `limit`.
    fn drops_waiting(&self, limit: usize) -> Result<Vec<Dropped>, StoreError> {
        let ids: Vec<u64> = {
            let table = self.table(DROPS_WAITING)?;
            let rows = table.iter()?.take(limit);
            rows.map(|row| row.map(|x| x.0.value())).collect::<Result<_, _>>()?
        };
        ids.into_iter().filter_map(|id| self.dropped(DropId(id)).transpose()).collect()
    }
}

impl<T: Reader + ?Sized> DropReads for T {}

impl WriteTx<'_> {
    /// Keeps what became of a file; its bytes, which `put_file` kept, are held only while it waits.
    pub fn put_drop(&mut self, drop: &Dropped) -> Result<(), StoreError> {
        self.change(DROP_DIGESTS)?.insert(drop.file.digest.0, drop.id.0)?;
        self.put(DROPS, drop.id.0, drop)?;
        if drop.waits() {
            self.change(DROPS_WAITING)?.insert(drop.id.0, ())?;
            return self.use_file(drop.file.digest, FileUse::Drop(drop.id));
        }
        let waited = self.change(DROPS_WAITING)?.remove(drop.id.0)?.is_some();
        if waited { self.release_file(drop.file.digest, FileUse::Drop(drop.id)) } else { Ok(()) }
    }
}
