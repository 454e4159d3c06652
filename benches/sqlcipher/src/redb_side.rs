//! redb on a plain file, and on the product's encrypted one; commits as the product makes them.

use std::path::Path;

use counterfoil::secrets::Entropy;
use counterfoil::store::crypt::{self, Cipher};
use counterfoil::store::keys::Secret;
use redb::{Builder, Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::{Broken, Engine, key, value};

const TABLE: TableDefinition<'static, i64, &[u8]> = TableDefinition::new("things");

pub struct Redb(Database);

impl Engine for Redb {
    fn open(path: &Path, sealed: bool, cache: usize) -> Result<Self, Broken> {
        let mut builder = Builder::new();
        builder.set_cache_size(cache);
        if !sealed {
            return Ok(Self(builder.create(path)?));
        }
        let (secret, entropy) = (Secret::KeyFile([7; 32].into()), Entropy::system());
        if !path.exists() {
            crypt::create(path, std::slice::from_ref(&secret), Cipher::for_this_machine(), &entropy)?;
        }
        Ok(Self(builder.create_with_backend(crypt::open(path, &secret, &entropy)?.backend)?))
    }

    fn put(&mut self, rows: impl Iterator<Item = u64>) -> Result<(), Broken> {
        let mut tx = self.0.begin_write()?;
        tx.set_two_phase_commit(true);
        tx.set_quick_repair(true);
        {
            let mut table = tx.open_table(TABLE)?;
            for row in rows {
                table.insert(key(row), value(row).as_slice())?;
            }
        }
        Ok(tx.commit()?)
    }

    fn points(&mut self, rows: u64) -> Result<(), Broken> {
        let table = self.0.begin_read()?.open_table(TABLE)?;
        for n in 0..rows {
            let row = n.wrapping_mul(7_919) % rows;
            assert!(table.get(key(row))?.is_some_and(|found| found.value()[..8] == row.to_le_bytes()));
        }
        Ok(())
    }

    fn scan(&mut self) -> Result<(u64, usize), Broken> {
        let (mut count, mut bytes) = (0, 0);
        for entry in self.0.begin_read()?.open_table(TABLE)?.iter()? {
            count += 1;
            bytes += entry?.1.value().len();
        }
        Ok((count, bytes))
    }
}
