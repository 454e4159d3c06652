//! Filling a new data file from a backup, and proving that it holds the same.

use std::io;

use super::BackupError;
use super::identity::Opener;
use super::read::{Progress, Source, Summary, each_batch};
use super::write::stream_named;
use crate::store::dump::Loader;
use crate::store::migrate::Schema;
use crate::store::prelude::*;

/// The schema of what a backup holds: a store that is to be filled with it is opened as this.
pub fn schema_of(checked: &Summary) -> Schema {
    Schema { version: checked.manifest.schema, steps: &[] }
}

/// Fills `store`, which was created and nothing more, with the backup that [`super::read::check`] found whole, then
/// reads it out again and compares. `progress` gets (rows done, rows in all) of both passes.
///
/// # Errors
/// When the backup changed meanwhile, its rows don't fit their tables, or the store holds something else afterwards.
pub fn fill<S: Source + ?Sized>(
    source: &S,
    identity: &Opener,
    checked: &Summary,
    store: &Store,
    mut progress: impl FnMut(u64, u64),
) -> Result<(), BackupError> {
    fill_while(source, identity, checked, store, &mut |done, all| {
        progress(done, all);
        Ok(())
    })
}

/// As [`fill`]; `progress` may break it off.
pub(super) fn fill_while<S: Source + ?Sized>(
    source: &S,
    identity: &Opener,
    checked: &Summary,
    store: &Store,
    progress: &mut Progress<'_>,
) -> Result<(), BackupError> {
    let mut loader = Loader::new(store);
    let mut each = |table: &str, rows: &[_]| match loader.fill(table, rows)? {
        true => Ok(()),
        false => Err(BackupError::Damaged(format!("records in it don't fit the table \"{}\"", table.escape_debug()))),
    };
    let all = checked.manifest.rows().saturating_mul(2);
    let read = each_batch(source, identity, &mut each, &mut |done, _| progress(done, all))?;
    loader.finish()?;
    if read != *checked {
        return Err(BackupError::Damaged("it changed while it was read".to_owned()));
    }
    let half = checked.manifest.rows();
    let held = store.read(|tx| {
        // This pass writes nothing and is not broken off.
        stream_named(tx, &checked.text, half, io::sink(), &mut |done, _| drop(progress(half.saturating_add(done), all)))
    })?;
    if held != checked.digest {
        return Err(BackupError::Damaged("what was restored is not what the backup holds".to_owned()));
    }
    if checked.manifest.anchor() != Some(store.read(|tx| tx.anchor())?) {
        return Err(BackupError::Damaged("its activity log is not the one that it names".to_owned()));
    }
    Ok(())
}
