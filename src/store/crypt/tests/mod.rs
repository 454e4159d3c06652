//! Tests of the encrypted file: what a user sees, what an attacker tries, what a power cut leaves.

mod backend;
pub(in crate::store) mod crash;
mod files;
pub(super) mod quick;
mod rotate;
pub(in crate::store) mod sim;
mod tamper;

use std::collections::BTreeMap;

use redb::{Builder, Database, DatabaseError, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use zeroize::Zeroizing;

use super::{Cipher, Disk, Opened, open};
use crate::{secrets::Entropy, store::keys::Secret};
use sim::SimDisk;

const TABLE: TableDefinition<u64, &[u8]> = TableDefinition::new("things");
const SMALL_CACHE: usize = 128 * 1024;

type Contents = BTreeMap<u64, Vec<u8>>;

fn key(seed: u8) -> Secret {
    Secret::KeyFile(Zeroizing::new([seed; 32]))
}

/// A new file on a simulated disk, with a few commits, closed.
fn new_disk(cipher: Cipher, seed: u64) -> (SimDisk, Contents) {
    let disk = SimDisk::default();
    let entropy = Entropy::seeded(seed);
    super::initialise(open::format(disk.clone(), &[key(1)], cipher, &entropy).unwrap()).unwrap();
    let opened = open::unlock_disk(disk.clone(), &key(1), &entropy).unwrap();
    let database = start(opened, false).unwrap();
    let mut contents = Contents::new();
    for n in 0..4 {
        contents = change(&contents, seed + n);
        commit(&database, &contents).unwrap();
    }
    drop(database);
    disk.settle();
    (disk, contents)
}

fn start<D: Disk>(opened: Opened<D>, always_check: bool) -> Result<Database, DatabaseError> {
    Builder::new()
        .set_cache_size(SMALL_CACHE)
        .set_check_integrity_on_open(always_check || opened.needs_check)
        .create_with_backend(opened.backend)
}

/// Opens a simulated disk and reads everything.
fn reopen(disk: &SimDisk, always_check: bool) -> Result<Contents, String> {
    let entropy = Entropy::seeded(77);
    let opened = open::unlock_disk(disk.clone(), &key(1), &entropy).map_err(|error| error.to_string())?;
    let database = start(opened, always_check).map_err(|error| error.to_string())?;
    read_all(&database).map_err(|error| error.to_string())
}

fn read_all(database: &Database) -> Result<Contents, redb::Error> {
    let table = match database.begin_read()?.open_table(TABLE) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Contents::new()),
        Err(error) => return Err(error.into()),
    };
    let mut out = Contents::new();
    for entry in table.iter()? {
        let (key, value) = entry?;
        out.insert(key.value(), value.value().to_vec());
    }
    Ok(out)
}

/// Makes the table hold exactly `wanted`, as the product commits.
fn commit(database: &Database, wanted: &Contents) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    transaction.set_quick_repair(true);
    transaction.set_durability(Durability::Immediate)?;
    {
        let mut table = transaction.open_table(TABLE)?;
        table.retain(|key, value| wanted.get(&key).is_some_and(|wanted| wanted == value))?;
        for (key, value) in wanted {
            if table.get(key)?.is_none() {
                table.insert(key, value.as_slice())?;
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

/// Other contents, from a seed: some entries new, some changed, some gone, a few larger than a page.
fn change(contents: &Contents, seed: u64) -> Contents {
    let entropy = Entropy::seeded(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1);
    let mut next = contents.clone();
    for _ in 0..=entropy.below(6) {
        let key = entropy.below(24);
        let len = if entropy.below(12) == 0 { 9_000 } else { 20 + entropy.below(900) };
        match entropy.below(4) {
            0 => drop(next.remove(&key)),
            _ => drop(next.insert(key, vec![entropy.below(256) as u8; len as usize])),
        }
    }
    next
}
