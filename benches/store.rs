//! The data file: durable commits alone and in a crowd, and what encrypting costs beside plain redb in the same run.
//!
//! Interleaved, so that a busy machine slows both alike. Ratios are what counts.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench measures time and tells it")]
#![expect(clippy::float_arithmetic, reason = "ratios of durations, no money")]

use std::path::Path;
use std::time::{Duration, Instant};

use counterfoil::secrets::Entropy;
use counterfoil::store::crypt::{self, Cipher};
use counterfoil::store::keys::Secret;
use counterfoil::store::{Store, prelude::*};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

type Broken = Box<dyn std::error::Error>;

const TABLE: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("things");
/// Rows, and bytes of one.
const ROWS: u64 = 40_000;
const ROW: usize = 600;
/// Rows of one transaction while loading.
const BATCH: u64 = 1_000;
const ROUNDS: usize = 3;
const COMMITS: u64 = 60;
const WARM: usize = 256 << 20;
const COLD: usize = 4 << 20;
/// How long writers are counted.
const CROWD: Duration = Duration::from_secs(3);

fn main() -> Result<(), Broken> {
    crowd()?;
    let folder = tempfile::tempdir_in(".")?;
    let mut sums = [[Duration::ZERO; 2]; 5];
    for round in 0..ROUNDS {
        let order = if round.is_multiple_of(2) { [0, 1] } else { [1, 0] };
        for sealed in order {
            let path = folder.path().join(format!("{round}-{sealed}"));
            for (sum, took) in sums.iter_mut().zip(once(&path, sealed == 1)?) {
                sum[sealed] += took;
            }
            std::fs::remove_file(&path)?;
        }
    }
    let names = ["bulk load", "durable commits", "point reads, warm", "point reads, 4 MiB cache", "scan, 4 MiB cache"];
    for (name, [plain, sealed]) in names.iter().zip(sums) {
        println!(
            "{name}: plain {plain:.2?}, encrypted {sealed:.2?}, ratio {:.2}",
            sealed.as_secs_f64() / plain.as_secs_f64()
        );
    }
    Ok(())
}

fn database(path: &Path, sealed: bool, cache: usize) -> Result<Database, Broken> {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(cache);
    if !sealed {
        return Ok(builder.create(path)?);
    }
    let (key, entropy) = (Secret::KeyFile([7; 32].into()), Entropy::system());
    if !path.exists() {
        crypt::create(path, std::slice::from_ref(&key), Cipher::for_this_machine(), &entropy)?;
    }
    Ok(builder.create_with_backend(crypt::open(path, &key, &entropy)?.backend)?)
}

fn write(database: &Database, rows: impl Iterator<Item = u64>) -> Result<(), Broken> {
    let mut tx = database.begin_write()?;
    tx.set_two_phase_commit(true);
    tx.set_quick_repair(true);
    {
        let mut table = tx.open_table(TABLE)?;
        for row in rows {
            table.insert(row.wrapping_mul(0x9E37_79B9_7F4A_7C15), [row as u8; ROW].as_slice())?;
        }
    }
    Ok(tx.commit()?)
}

fn once(path: &Path, sealed: bool) -> Result<[Duration; 5], Broken> {
    let warm = database(path, sealed, WARM)?;
    let load = timed(|| (0..ROWS / BATCH).try_for_each(|n| write(&warm, n * BATCH..(n + 1) * BATCH)))?;
    let commits = timed(|| (0..COMMITS).try_for_each(|n| write(&warm, std::iter::once(n))))?;
    points(&warm)?;
    let hot = timed(|| points(&warm))?;
    drop(warm);
    let cold = database(path, sealed, COLD)?;
    let reads = timed(|| points(&cold))?;
    let scan = timed(|| {
        let table = cold.begin_read()?.open_table(TABLE)?;
        let mut sum = 0;
        for entry in table.iter()? {
            sum += entry?.1.value().len();
        }
        assert_eq!(sum, ROWS as usize * ROW);
        Ok(())
    })?;
    Ok([load, commits, hot, reads, scan])
}

fn points(database: &Database) -> Result<(), Broken> {
    let table = database.begin_read()?.open_table(TABLE)?;
    for n in 0..ROWS {
        let row = n.wrapping_mul(7_919) % ROWS;
        assert!(table.get(row.wrapping_mul(0x9E37_79B9_7F4A_7C15))?.is_some());
    }
    Ok(())
}

fn timed(work: impl FnOnce() -> Result<(), Broken>) -> Result<Duration, Broken> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}

/// Durable acts per second through the product's own writer.
fn crowd() -> Result<(), Broken> {
    let folder = tempfile::tempdir_in(".")?;
    let (path, key, entropy) = (folder.path().join("data"), Secret::KeyFile([7; 32].into()), Entropy::system());
    crypt::create(&path, std::slice::from_ref(&key), Cipher::for_this_machine(), &entropy)?;
    let store = Store::open(crypt::open(&path, &key, &entropy)?.backend, WARM, false)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rates = Vec::new();
    for writers in [1, 64, 1, 64] {
        let begun = Instant::now();
        let done: u64 = runtime.block_on(async {
            let mut all = tokio::task::JoinSet::new();
            for _ in 0..writers {
                let store = store.clone();
                all.spawn(async move {
                    let mut done = 0;
                    while begun.elapsed() < CROWD {
                        let act = |w: &mut WriteTx<'_>| w.next("bench").map_err(ActError::from);
                        done += u64::from(store.housekeep(jiff::Timestamp::UNIX_EPOCH, act).await.is_ok());
                    }
                    done
                });
            }
            all.join_all().await.into_iter().sum()
        });
        let rate = done as f64 / begun.elapsed().as_secs_f64();
        println!("{writers} writers: {rate:.0} durable acts/s");
        rates.push(rate);
    }
    println!("64 writers to one: {:.1}", (rates[1] + rates[3]) / (rates[0] + rates[2]));
    Ok(())
}
