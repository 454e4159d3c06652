//! A backup of a large house beside `age` over the bytes of its data file, and the pages meanwhile.
//!
//! `cargo bench --bench backup` makes a data file of about 2 GiB first, which takes some minutes; a number of invoices
//! behind `--` makes another. Needs Debian's `age`. Backup and age take turns, so that a busy machine slows both.
#![expect(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints figures")]

#[expect(dead_code, reason = "shared with the benchmark of pages, which compares with a bare server too")]
mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use support::{Demo, Load, now, processor_ticks};

/// Invoices of a data file of about 2 GiB.
const INVOICES: u64 = 700_000;
const ROUNDS: usize = 5;
/// Pages asked for at once, and how long each waits for its next turn: far from what the server can do, as in a house.
const READERS: u64 = 4;
const PAUSE: Duration = Duration::from_millis(20);
/// How long pages are asked for without a backup.
const IDLE: Duration = Duration::from_secs(8);

/// Seconds on the wall and of the processor.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    processor: f64,
}

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let invoices = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(INVOICES);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let demo = runtime.block_on(Demo::start(Some(invoices)));
    support::describe_machine();
    let (file, out) = (demo.file("firm.counterfoil"), demo.file("out"));
    let bytes = file.metadata().expect("a data file").len() as f64;
    println!("{}: a data file of {:.2} GiB", demo.name, bytes / f64::from(1 << 30));
    let (mut backups, mut ages) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        backups.push(backup(&demo, &out));
        ages.push(age(&demo, &file, &out));
    }
    let speed = |of: fn(&Took) -> f64| {
        median(ages.iter().zip(&backups).map(|(age, backup)| of(age) / of(backup)).collect::<Vec<_>>())
    };
    let told = |name: &str, all: &[Took]| {
        let (wall, processor) = (all.iter().map(|t| t.wall).collect(), all.iter().map(|t| t.processor).collect());
        println!("{name}: {:.2} s, {:.2} s of the processor", median::<Vec<f64>>(wall), median::<Vec<f64>>(processor));
    };
    told("backup", &backups);
    told("age", &ages);
    println!("speed of a backup ÷ age: {:.2}; by processor {:.2}", speed(|t| t.wall), speed(|t| t.processor));
    runtime.block_on(pages(&demo, &out));
}

fn timed(processor: impl Fn() -> f64, work: impl FnOnce()) -> Took {
    let (begun, before) = (now(), processor());
    work();
    Took { wall: begun.elapsed().as_secs_f64(), processor: processor() - before }
}

/// By the running server, as every night.
fn backup(demo: &Demo, out: &Path) -> Took {
    let server = || processor_ticks(demo.pid()) as f64 / 100.0;
    timed(server, || run(Command::new(env!("CARGO_BIN_EXE_counterfoil")).args(backup_args(demo, out)).arg("--replace")))
}

fn backup_args(demo: &Demo, out: &Path) -> [String; 5] {
    let text = |path: &Path| path.display().to_string();
    ["backup".into(), "--config".into(), text(&demo.file("counterfoil.toml")), "--to".into(), text(out)]
}

fn age(demo: &Demo, file: &Path, out: &Path) -> Took {
    let identity = std::fs::read_to_string(demo.file("demo.backup-identity.txt")).expect("an identity");
    let identity = counterfoil::backup::identity::BackupIdentity::parse(&identity).expect("an identity");
    let children = || {
        // Of children that have ended: fields 16 and 17 of stat.
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let after = stat.rsplit_once(')').map_or("", |x| x.1);
        after.split_whitespace().skip(13).take(2).filter_map(|n| n.parse::<f64>().ok()).sum::<f64>() / 100.0
    };
    timed(children, || {
        run(Command::new("age").args(["--encrypt", "-r", &identity.recipient(), "-o"]).arg(out).arg(file));
        // The backup waits until it lies on the disk.
        std::fs::File::open(out).and_then(|file| file.sync_all()).expect("it lies on the disk");
    })
}

fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program is installed");
    assert!(status.success(), "{command:?}");
}

/// How long pages take, without a backup and with one after another, in turns.
async fn pages(demo: &Demo, out: &Path) {
    for page in demo.pages().await.iter().take(2) {
        let (mut idle, mut busy) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            idle.push(Latencies::of(demo.load(page), tokio::time::sleep(IDLE)).await);
            let mut child = tokio::task::spawn_blocking({
                let (program, args) = (env!("CARGO_BIN_EXE_counterfoil"), backup_args(demo, out));
                move || run(Command::new(program).args(args).arg("--replace"))
            });
            busy.push(Latencies::of(demo.load(page), async { (&mut child).await.expect("a backup") }).await);
        }
        let ratio = |of: fn(&Latencies) -> f64| {
            median(busy.iter().zip(&idle).map(|(busy, idle)| of(busy) / of(idle)).collect::<Vec<_>>())
        };
        println!("{}: idle {}", page.0, Latencies::all(&idle));
        println!("{}: during a backup {}", page.0, Latencies::all(&busy));
        println!("{}: ratio of p50 {:.2}, of p99 {:.2}", page.0, ratio(|l| l.at(0.5)), ratio(|l| l.at(0.99)));
    }
}

/// Times of pages in milliseconds, ascending.
struct Latencies(Vec<f64>);

impl Latencies {
    /// Of pages asked for until `until` is done.
    async fn of(load: Load, until: impl Future<Output = ()>) -> Self {
        let (load, over) = (Arc::new(load), Arc::new(AtomicBool::new(false)));
        let mut readers = tokio::task::JoinSet::new();
        for _ in 0..READERS {
            let (load, over) = (Arc::clone(&load), Arc::clone(&over));
            readers.spawn(async move {
                let (mut stream, mut took) = (load.connect().await, Vec::new());
                while !over.load(Ordering::Relaxed) {
                    let begun = now();
                    load.ask(&mut stream).await;
                    took.push(begun.elapsed().as_secs_f64() * 1e3);
                    tokio::time::sleep(PAUSE).await;
                }
                took
            });
        }
        until.await;
        over.store(true, Ordering::Relaxed);
        let mut all: Vec<f64> = readers.join_all().await.into_iter().flatten().collect();
        all.sort_by(f64::total_cmp);
        Self(all)
    }

    fn at(&self, part: f64) -> f64 {
        self.0[((self.0.len() as f64 * part) as usize).min(self.0.len() - 1)]
    }

    fn all(rounds: &[Self]) -> String {
        let each = |part: f64| median(rounds.iter().map(|l| l.at(part)).collect::<Vec<_>>());
        let count: usize = rounds.iter().map(|l| l.0.len()).sum();
        format!("p50 {:.2} ms, p99 {:.2} ms, of {count} pages", each(0.5), each(0.99))
    }
}

fn median<T: Into<Vec<f64>>>(numbers: T) -> f64 {
    let mut numbers: Vec<f64> = numbers.into();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
