//! The data file beside SQLCipher: the same rows and the same work in one run, each engine plain and encrypted.
//!
//! Rounds are interleaved, so that a busy machine slows all alike, and what is told are medians of the rounds' ratios
//! of encrypted to plain. `cargo run --release -- ROWS ROUNDS` changes how much is done.

mod redb_side;
mod sqlite_side;

use std::path::Path;
use std::time::{Duration, Instant};

pub type Broken = Box<dyn std::error::Error>;

/// Bytes of a row; more than a cache line and less than a page.
pub const ROW: usize = 600;
/// Rows of one transaction while loading.
pub const BATCH: u64 = 1_000;
/// Durable commits of one row each.
pub const COMMITS: u64 = 100;
/// The engine's cache: all of the data, and so little that nearly every read goes to the file.
pub const WARM: usize = 512 << 20;
pub const COLD: usize = 8 << 20;

/// An engine that does the work; the file is closed by dropping it.
pub trait Engine: Sized {
    fn open(path: &Path, sealed: bool, cache: usize) -> Result<Self, Broken>;
    /// One durable transaction that puts these rows.
    fn put(&mut self, rows: impl Iterator<Item = u64>) -> Result<(), Broken>;
    /// Reads so many rows one by one, in an order far from that of their keys.
    fn points(&mut self, rows: u64) -> Result<(), Broken>;
    /// Reads all rows in order; their number and bytes.
    fn scan(&mut self) -> Result<(u64, usize), Broken>;
}

/// The key of a row: spread over all numbers, so that loading fills pages in no order.
pub fn key(row: u64) -> i64 {
    row.wrapping_mul(0x9E37_79B9_7F4A_7C15).cast_signed()
}

/// What a row holds.
pub fn value(row: u64) -> [u8; ROW] {
    let mut out = [row as u8; ROW];
    out[..8].copy_from_slice(&row.to_le_bytes());
    out
}

/// How long something took: on the wall, and of the processor.
#[derive(Clone, Copy, Default)]
struct Took {
    wall: Duration,
    cpu: Duration,
}

const WORK: [&str; 6] = [
    "bulk load",
    "durable commits",
    "point reads, warm",
    "point reads, small cache",
    "scan, warm",
    "scan, small cache",
];

/// What one engine needed for one pass, and the bytes of its file.
struct Pass {
    took: [Took; WORK.len()],
    bytes: u64,
}

fn main() -> Result<(), Broken> {
    let mut numbers = std::env::args().skip(1).map(|arg| arg.parse::<u64>());
    let rows = numbers.next().transpose()?.unwrap_or(100_000);
    let rounds = numbers.next().transpose()?.unwrap_or(5);
    println!("{rows} rows of {ROW} bytes, {rounds} rounds; {}", sqlite_side::versions()?);
    let folder = tempfile::tempdir_in(".")?;
    let mut all: [Vec<[Pass; 2]>; 2] = Default::default();
    for round in 0..rounds {
        let path = folder.path().join("file");
        for (engine, all) in all.iter_mut().enumerate() {
            // Who comes first changes from round to round.
            let first = round % 2 == 1;
            let mut pass = |sealed| match engine {
                0 => one::<redb_side::Redb>(&path, sealed, rows),
                _ => one::<sqlite_side::Sqlite>(&path, sealed, rows),
            };
            let (one, other) = (pass(first)?, pass(!first)?);
            all.push(if first { [other, one] } else { [one, other] });
        }
    }
    tell("redb, and the encrypted data file", &all[0]);
    tell("SQLite, and SQLCipher", &all[1]);
    Ok(())
}

/// All of the work, on a new file.
fn one<E: Engine>(path: &Path, sealed: bool, rows: u64) -> Result<Pass, Broken> {
    let mut warm = E::open(path, sealed, WARM)?;
    let load = timed(|| (0..rows / BATCH).try_for_each(|n| warm.put(n * BATCH..(n + 1) * BATCH)))?;
    let commits = timed(|| (0..COMMITS).try_for_each(|n| warm.put(std::iter::once(n))))?;
    warm.points(rows)?;
    let points = timed(|| warm.points(rows))?;
    let scan = timed(|| whole(&mut warm, rows))?;
    drop(warm);
    let mut cold = E::open(path, sealed, COLD)?;
    let cold_points = timed(|| cold.points(rows))?;
    let cold_scan = timed(|| whole(&mut cold, rows))?;
    drop(cold);
    let bytes = std::fs::metadata(path)?.len();
    std::fs::remove_file(path)?;
    Ok(Pass { took: [load, commits, points, cold_points, scan, cold_scan], bytes })
}

fn whole(engine: &mut impl Engine, rows: u64) -> Result<(), Broken> {
    let found = engine.scan()?;
    assert_eq!(found, (rows / BATCH * BATCH, (rows / BATCH * BATCH) as usize * ROW), "rows are missing");
    Ok(())
}

fn timed(work: impl FnOnce() -> Result<(), Broken>) -> Result<Took, Broken> {
    let (begun, before) = (Instant::now(), processor_time());
    work()?;
    Ok(Took { wall: begun.elapsed(), cpu: processor_time() - before })
}

fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

fn tell(name: &str, rounds: &[[Pass; 2]]) {
    println!("\n{name}: median of each, and of the rounds' ratios\n");
    println!("| Work | plain, wall | encrypted, wall | ratio | plain, processor | encrypted, processor | ratio |");
    println!("|---|---|---|---|---|---|---|");
    for (n, work) in WORK.iter().enumerate() {
        let wall = columns(rounds, |pass| pass.took[n].wall.as_secs_f64());
        let cpu = columns(rounds, |pass| pass.took[n].cpu.as_secs_f64());
        println!("| {work} | {wall} | {cpu} |");
    }
    let bytes = rounds.iter().map(|[plain, sealed]| sealed.bytes as f64 / plain.bytes as f64).collect();
    println!("| bytes of the file | | | {:.3} | | | |", median(bytes));
}

fn columns(rounds: &[[Pass; 2]], of: impl Fn(&Pass) -> f64) -> String {
    let each = |side: usize| median(rounds.iter().map(|round| of(&round[side])).collect());
    let ratio = median(rounds.iter().map(|[plain, sealed]| of(sealed) / of(plain)).collect());
    format!("{:.3} s | {:.3} s | {ratio:.2}", each(0), each(1))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len().is_multiple_of(2) { (numbers[middle - 1] + numbers[middle]) / 2.0 } else { numbers[middle] }
}
