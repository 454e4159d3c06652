//! SQLite in its write-ahead mode with every commit synced, and the same with SQLCipher's encryption and defaults.

use std::path::Path;

use rusqlite::Connection;

use crate::{Broken, Engine, key, value};

pub struct Sqlite(Connection);

/// What was compiled in.
pub fn versions() -> Result<String, Broken> {
    let memory = Connection::open_in_memory()?;
    memory.pragma_update(None, "key", "x")?;
    let text = |pragma| memory.pragma_query_value(None, pragma, |row| row.get::<_, String>(0));
    let (cipher, provider) = (text("cipher_version")?, text("cipher_provider_version")?);
    Ok(format!("SQLite {}, SQLCipher {cipher} on {provider}", rusqlite::version()))
}

impl Engine for Sqlite {
    fn open(path: &Path, sealed: bool, cache: usize) -> Result<Self, Broken> {
        let file = Connection::open(path)?;
        if sealed {
            // A raw key, so that deriving one from a passphrase is no part of the comparison.
            file.pragma_update(None, "key", format!("x'{}'", "07".repeat(32)))?;
        }
        file.pragma_update(None, "journal_mode", "WAL")?;
        file.pragma_update(None, "synchronous", "FULL")?;
        // Negative: kibibytes.
        file.pragma_update(None, "cache_size", -i64::try_from(cache / 1024)?)?;
        file.execute_batch("CREATE TABLE IF NOT EXISTS things (id INTEGER PRIMARY KEY, value BLOB NOT NULL)")?;
        Ok(Self(file))
    }

    fn put(&mut self, rows: impl Iterator<Item = u64>) -> Result<(), Broken> {
        let tx = self.0.transaction()?;
        {
            let mut put = tx.prepare_cached("INSERT OR REPLACE INTO things VALUES (?1, ?2)")?;
            for row in rows {
                put.execute((key(row), value(row).as_slice()))?;
            }
        }
        Ok(tx.commit()?)
    }

    fn points(&mut self, rows: u64) -> Result<(), Broken> {
        let tx = self.0.transaction()?;
        let mut get = tx.prepare_cached("SELECT value FROM things WHERE id = ?1")?;
        for n in 0..rows {
            let row = n.wrapping_mul(7_919) % rows;
            let right = get.query_row((key(row),), |found| {
                Ok(found.get_ref(0)?.as_blob().is_ok_and(|bytes| bytes[..8] == row.to_le_bytes()))
            })?;
            assert!(right);
        }
        Ok(())
    }

    fn scan(&mut self) -> Result<(u64, usize), Broken> {
        let mut all = self.0.prepare_cached("SELECT id, value FROM things ORDER BY id")?;
        let (mut rows, mut count, mut bytes) = (all.query(())?, 0, 0);
        while let Some(row) = rows.next()? {
            count += 1;
            bytes += row.get_ref(1)?.as_blob()?.len();
        }
        Ok((count, bytes))
    }
}
