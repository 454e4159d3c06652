//! A migration whose power is cut at any moment: the file is as before or after a step, and goes on from there.

use std::collections::BTreeMap;

use redb::{Builder, ReadableDatabase, ReadableTable, TableDefinition, TableError, WriteTransaction};

use super::crypt::tests::crash::MODES;
use super::crypt::tests::sim::SimDisk;
use super::crypt::{Cipher, create_on, open_on};
use super::keys::Secret;
use super::migrate::{CURRENT, Schema, Step};
use super::{Store, StoreError, stored_version};
use crate::secrets::Entropy;

/// What the steps leave behind: each its own number.
const LEFT: TableDefinition<'static, u64, u64> = TableDefinition::new("planted");
const CACHE: usize = 1 << 20;

fn leave(tx: &WriteTransaction, number: u64) -> Result<(), StoreError> {
    // A step that was cut off left nothing, so it is not there yet.
    match tx.open_table(LEFT)?.insert(number, number * 10)? {
        None => Ok(()),
        Some(_) => Err(StoreError::Broken(format!("step {number} ran twice"))),
    }
}

fn first(tx: &WriteTransaction) -> Result<(), StoreError> {
    leave(tx, 1)
}

fn second(tx: &WriteTransaction) -> Result<(), StoreError> {
    leave(tx, 2)
}

fn nothing(_: &WriteTransaction) -> Result<(), StoreError> {
    Ok(())
}

fn both(tx: &WriteTransaction) -> Result<(), StoreError> {
    first(tx).and_then(|()| second(tx))
}

const WHOLE: Schema = Schema { version: 3, steps: &[Step { from: 1, run: first }, Step { from: 2, run: second }] };
/// Planted: the version rises in an earlier commit than what it stands for.
const EARLY: Schema = Schema { version: 3, steps: &[Step { from: 1, run: nothing }, Step { from: 2, run: both }] };

fn key() -> Secret {
    Secret::KeyFile([7; 32].into())
}

/// A closed file of the first schema.
fn file() -> SimDisk {
    let (disk, entropy) = (SimDisk::default(), Entropy::seeded(2));
    create_on(disk.clone(), &[key()], Cipher::QuickForTests, &entropy).unwrap();
    let opened = open_on(disk.clone(), &key(), &entropy).unwrap();
    drop(Store::open_as(opened.backend, CACHE, false, &CURRENT).unwrap());
    disk.settle();
    disk
}

fn migrate(disk: &SimDisk, schema: &Schema) -> Result<(), String> {
    let opened = open_on(disk.clone(), &key(), &Entropy::seeded(3)).map_err(|e| e.to_string())?;
    Store::migrate(opened.backend, CACHE, schema, |_, _| ()).map_err(|e| e.to_string())
}

/// The version of a file, and what the steps left in it.
fn found(disk: &SimDisk) -> Result<(u32, BTreeMap<u64, u64>), String> {
    let opened = open_on(disk.clone(), &key(), &Entropy::seeded(4)).map_err(|e| e.to_string())?;
    let read = || -> Result<_, StoreError> {
        let database = Builder::new().set_cache_size(CACHE).create_with_backend(opened.backend)?;
        let version = stored_version(&database)?.unwrap_or(0);
        let left = match database.begin_read()?.open_table(LEFT) {
            Ok(table) => table.iter()?.map(|row| row.map(|(k, v)| (k.value(), v.value()))).collect::<Result<_, _>>()?,
            Err(TableError::TableDoesNotExist(_)) => BTreeMap::new(),
            Err(error) => return Err(error.into()),
        };
        Ok((version, left))
    };
    read().map_err(|e| e.to_string())
}

/// Whether what a cut left is as after a step, and is taken to the end by the next start.
fn is_sound(disk: &SimDisk, schema: &Schema) -> Result<(), String> {
    let as_after = |version: u32| (1..u64::from(version)).map(|n| (n, n * 10)).collect::<BTreeMap<_, _>>();
    let (version, left) = found(disk)?;
    if !(1..=3).contains(&version) || left != as_after(version) {
        return Err(format!("version {version} with {left:?}"));
    }
    migrate(disk, schema)?;
    match found(disk)? {
        (3, left) if left == as_after(3) => Ok(()),
        other => Err(format!("went on to {other:?}")),
    }
}

/// Cuts the power at every operation, in every way; what was not sound, and how many images were tried.
fn cuts(schema: &Schema) -> (Vec<String>, usize) {
    let (base, entropy) = (file(), Entropy::seeded(5));
    let whole = base.copy();
    whole.cut_at(usize::MAX);
    migrate(&whole, schema).unwrap();
    let (mut failed, mut images) = (Vec::new(), 0);
    for cut in 0..whole.ops() {
        let disk = base.copy();
        disk.cut_at(cut);
        let _ = migrate(&disk, schema);
        let crashed = MODES.map(|mode| (format!("{mode:?}"), disk.after_power_cut(mode, &entropy)));
        for (how, crashed) in crashed.into_iter().chain([("killed".to_owned(), disk.killed())]) {
            images += 1;
            if let Err(why) = is_sound(&crashed.killed(), schema) {
                failed.push(format!("cut {cut}, {how}: {why}"));
            }
        }
    }
    (failed, images)
}

#[test]
fn a_migration_that_is_cut_off_anywhere_leaves_whole_steps_and_goes_on() {
    let (failed, images) = cuts(&WHOLE);
    assert!(failed.is_empty() && images > 100, "{} of {images}: {failed:#?}", failed.len());
}

#[test]
fn the_test_of_migrations_catches_a_version_that_rises_before_its_step() {
    let (failed, images) = cuts(&EARLY);
    assert!(failed.len() > 5, "{} of {images}", failed.len());
}
