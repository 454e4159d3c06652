//! A backup of a large house beside `age` over the bytes of its data file, and the pages meanwhile.
//!
//! `cargo bench --bench backup` fills a demo with documents to 2 GiB first; numbers behind `--` are of other MiB, and
//! of rounds. Needs Debian's `age`. Backup and age take turns, so that a busy machine slows both. What age gets is the
//! data file without the room that redb keeps for later, so that both have the same bytes to encrypt.
#![expect(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints figures")]

#[expect(dead_code, reason = "shared with the benchmark of pages, which compares with a bare server too")]
mod support;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use support::latency::{Latencies, median};
use support::{Demo, now, processor_ticks};

/// Mebibytes of documents, and of one of them.
const FILLED: u64 = 2_048;
const DOCUMENT: usize = 16;
const ROUNDS: u64 = 5;
/// Pages asked for at once.
const READERS: u64 = 4;
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
    let mut numbers = std::env::args().skip(1).filter_map(|arg| arg.parse().ok());
    let (filled, rounds) = (numbers.next().unwrap_or(FILLED), numbers.next().unwrap_or(ROUNDS));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let demo = runtime.block_on(Demo::start(None));
    support::describe_machine();
    fill(&demo, filled);
    let (same, out) = (demo.file("same"), demo.file("out"));
    let content = first_bytes(&demo.file("firm.counterfoil"), &same, backup_length(&demo, &out));
    println!("{filled} MiB of documents: {:.2} GiB to encrypt", content as f64 / f64::from(1 << 30));
    let (mut backups, mut ages) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        backups.push(backup(&demo, &out));
        ages.push(age(&demo, &same, &out));
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
    runtime.block_on(pages(&demo, &out, rounds));
}

/// Publishes documents that nobody has seen before.
fn fill(demo: &Demo, mebibytes: u64) {
    let mut pdf = b"%PDF-1.7\n%00000000".to_vec();
    pdf.resize(DOCUMENT << 20, 0);
    counterfoil::secrets::Entropy::system().fill(&mut pdf[32..]);
    pdf.extend(b"\nstartxref\n9\n%%EOF\n");
    let (path, config) = (demo.file("document.pdf"), demo.file("counterfoil.toml").display().to_string());
    for n in 0..mebibytes / DOCUMENT as u64 {
        pdf[10..18].copy_from_slice(format!("{n:08}").as_bytes());
        std::fs::write(&path, &pdf).expect("a document");
        let (number, dates) = (format!("BENCH-{n}"), ["--issued", "2026-03-02", "--due", "2099-12-30"]);
        let what = ["--client", "1", "--number", &number, "--amount", "1.00", "--config", &config];
        run(Command::new(env!("CARGO_BIN_EXE_counterfoil")).arg("publish").arg(&path).args(what).args(dates));
    }
}

/// The length of a backup, which is what there is to encrypt.
fn backup_length(demo: &Demo, out: &Path) -> u64 {
    backup(demo, out);
    out.metadata().expect("a backup").len()
}

/// The first bytes of the data file, as many as a backup has; how many there were.
fn first_bytes(file: &Path, to: &Path, length: u64) -> u64 {
    use std::io::Read;
    let from = std::fs::File::open(file).expect("a data file");
    let mut out = std::fs::File::create(to).expect("a file beside it");
    std::io::copy(&mut from.take(length), &mut out).expect("it is copied")
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
async fn pages(demo: &Demo, out: &Path, rounds: u64) {
    for page in demo.pages().await.iter().take(2) {
        let (mut idle, mut busy) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            idle.push(Latencies::of(demo.load(page), READERS, tokio::time::sleep(IDLE)).await);
            let mut child = tokio::task::spawn_blocking({
                let (program, args) = (env!("CARGO_BIN_EXE_counterfoil"), backup_args(demo, out));
                move || run(Command::new(program).args(args).arg("--replace"))
            });
            let until = async { (&mut child).await.expect("a backup") };
            busy.push(Latencies::of(demo.load(page), READERS, until).await);
        }
        let ratio = |of: fn(&Latencies) -> f64| {
            median(busy.iter().zip(&idle).map(|(busy, idle)| of(busy) / of(idle)).collect::<Vec<_>>())
        };
        println!("{}: idle {}", page.0, Latencies::all(&idle));
        println!("{}: during a backup {}", page.0, Latencies::all(&busy));
        println!("{}: ratio of p50 {:.2}, of p99 {:.2}", page.0, ratio(|l| l.at(0.5)), ratio(|l| l.at(0.99)));
    }
}
