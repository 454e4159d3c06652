//! Ten thousand clients with a reminder due on one morning: how soon they are planned and queued, in how much memory,
//! how fast the letters leave beside what the mail server takes, and what pages cost meanwhile.
//!
//! `cargo bench --bench morning`; a number behind `--` is of other clients. Tells whether each aim is met and asserts
//! none: what else runs on the machine counts.
#![expect(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints figures")]

#[path = "support/due_house.rs"]
mod due_house;
#[path = "support/sink.rs"]
mod sink;
#[expect(dead_code, reason = "shared with the benchmarks of pages, which start the real binary")]
mod support;

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use counterfoil::app::App;
use counterfoil::clock::Clock;
use counterfoil::scheduler::{Rota, Ticked};
use counterfoil::secrets::Entropy;
use counterfoil::store::CACHE_DEFAULT;
use counterfoil::store::letters::LetterShelf;
use counterfoil::store::prelude::*;
use counterfoil::web::layers::{Hardening, harden};
use counterfoil::web::listener::{ListenPlan, Listening};
use counterfoil::web::{problem, routes};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use due_house::{CONTACT, House, OWNER};
use sink::Sink;
use support::latency::Latencies;
use support::{Load, now, processor_ticks};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENTS: u64 = 10_000;
/// Memory is compared with that of a house so many times as large: a small one does not fill its caches.
const MORE: u64 = 4;
/// The data file's cache in MiB: as it usually is, and for comparing memory so small that either house fills it.
const CACHE: usize = CACHE_DEFAULT >> 20;
const SMALL_CACHE: usize = 8;
/// How long the mail server takes for a letter.
const DELAY: Duration = Duration::from_millis(20);
/// Readers of each page, and how long they ask while nothing else goes on.
const READERS: u64 = 2;
const IDLE: Duration = Duration::from_secs(15);
/// The folder of the house that this process is to open, to measure its memory.
const WANTED: &str = "COUNTERFOIL_BENCH_MORNING";

fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    if let Some(folder) = std::env::var_os(WANTED) {
        return tell_memory(Path::new(&folder));
    }
    support::describe_machine();
    let clients = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(CLIENTS);
    memory(clients);
    times(clients);
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts")
}

fn verdict(name: &str, measured: f64, aim: f64) {
    let word = if measured <= aim { "met" } else { "missed" };
    println!("{name}: {measured:.2}, aim {aim}: {word}");
}

/// What a round of the scheduler did, and in how many seconds, on the runtime's own threads as in the server.
fn tick(runtime: &Runtime, mut rota: Rota, app: App) -> (Rota, Ticked, f64) {
    let begun = now();
    let round = async move {
        let ticked = rota.tick(&app).await;
        (rota, ticked)
    };
    let (rota, ticked) = runtime.block_on(runtime.spawn(round)).expect("a round");
    (rota, ticked, begun.elapsed().as_secs_f64())
}

fn made(clients: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    House::make(folder.path(), clients);
    folder
}

/// Queueing in processes of their own, which did not make the house: a large one may not take more than a small one.
fn memory(clients: u64) {
    let peak = |clients: u64| {
        let (folder, mut child) = (made(clients), Command::new(std::env::current_exe().expect("this program")));
        let output = child.env(WANTED, folder.path()).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut figures = told.split_whitespace().filter_map(|x| x.parse::<u64>().ok());
        let [queued, before, peak] = std::array::from_fn(|_| figures.next().expect("a figure"));
        assert_eq!(queued, clients, "one letter for each");
        println!("queueing {clients} letters, cache of {SMALL_CACHE} MiB: {before} MB before, {peak} MB at the peak");
        peak as f64
    };
    let (few, many) = (peak(clients), peak(clients * MORE));
    verdict(&format!("peak memory ÷ that of {clients} clients"), many / few, 1.1);
}

/// In the child: letters queued, and megabytes before and at the peak.
fn tell_memory(folder: &Path) {
    let house = House::open(folder, 25, SMALL_CACHE);
    let runtime = runtime();
    let (rota, ..) = tick(&runtime, Rota::new(None), house.without_mail());
    house.app.clock.set(house.morning);
    // Proc(5): 5 makes the peak start anew from what is resident now.
    std::fs::write("/proc/self/clear_refs", "5").expect("the peak is reset");
    let before = own_mb("VmRSS:");
    let (_, ticked, _) = tick(&runtime, rota, house.without_mail());
    println!("{} {before} {}", ticked.reminders, own_mb("VmHWM:"));
}

fn own_mb(name: &str) -> u64 {
    support::status_mb(std::process::id(), name)
}

/// Planning, sending, and pages meanwhile.
fn times(clients: u64) {
    let (sink, begun) = (Sink::start(DELAY), now());
    let folder = made(clients);
    println!("a house of {clients} clients made in {:.1} s", begun.elapsed().as_secs_f64());
    let house = House::open(folder.path(), sink.port, CACHE);
    let runtime = runtime();
    // What the months before ask for is done on the evening before.
    let (rota, ..) = tick(&runtime, Rota::new(None), house.without_mail());
    house.app.clock.set(house.morning);
    let pages = serve(&runtime, &house);
    let idle = read(&pages, async { tokio::time::sleep(IDLE).await }).join().expect("pages");
    let (over, mut told) = watch::channel(false);
    let busy = read(&pages, async move {
        let _ = told.wait_for(|x| *x).await;
    });
    let before = processor_ticks(std::process::id());
    let (rota, ticked, planned) = tick(&runtime, rota, house.without_mail());
    assert_eq!(ticked.reminders as u64, clients, "{ticked:?}");
    let (_, ticked, sent) = tick(&runtime, rota, house.app.clone());
    over.send_replace(true);
    let busy = busy.join().expect("pages");
    let accepted = house.app.store.read(|r| r.letters_on(LetterShelf::Accepted, None, usize::MAX)).expect("letters");
    assert_eq!((accepted.len(), sink.taken()), (ticked.letters, ticked.letters), "every letter went once");
    let connections = house.app.mailer.at_once() as f64;
    let least = ticked.letters as f64 * DELAY.as_secs_f64() / connections;
    let processor = (processor_ticks(std::process::id()) - before) as f64 / 100.0;
    println!(
        "{} letters over {connections} connections, {} ms each: {sent:.1} s; {processor:.1} s of the processor, readers \
         and mail server with them",
        ticked.letters,
        DELAY.as_millis()
    );
    verdict("seconds to plan and queue", planned, 2.0);
    verdict("time of sending ÷ (letters × delay ÷ connections)", sent / least, 1.2);
    for (((name, _), idle), busy) in pages.iter().zip(&idle).zip(&busy) {
        let told = |x: &Latencies| format!("p50 {:.2} ms, p99 {:.2} ms", x.at(0.5), x.at(0.99));
        println!("{name}: idle {}; meanwhile {}", told(idle), told(busy));
        verdict(&format!("{name}: p99 meanwhile ÷ idle"), busy.at(0.99) / idle.at(0.99), 2.0);
    }
}

type Page = (&'static str, Load);

/// Listens as `serve` does; a page of the desk and one of the portal.
fn serve(runtime: &Runtime, house: &House) -> Vec<Page> {
    let listening = runtime.block_on(Listening::bind(ListenPlan::from_config(&house.config, Clock::system())));
    let listening = listening.expect("a port");
    let (address, certificate) = (listening.address(), listening.certificate_path().expect("a certificate").to_owned());
    let hardening = Hardening {
        slow_routes: routes::SLOW.to_vec(),
        from_anywhere: routes::FROM_ANYWHERE.to_vec(),
        problem: problem::early,
        ..Hardening::from_config(&house.config, Entropy::system())
    };
    let router = harden(routes::router(house.app.clone()), hardening);
    runtime.spawn(listening.run(router, std::future::pending()));
    let load = |cookie, path: &str| Load { address, certificate: certificate.clone(), cookie, path: path.to_owned() };
    vec![
        ("desk: invoices", load(house.cookie(OWNER), "/desk/invoices")),
        ("client: invoices", load(house.cookie(CONTACT), "/invoices")),
    ]
}

/// Readers in a thread of their own, until `until` is done.
fn read(pages: &[Page], until: impl Future<Output = ()> + Send + 'static) -> thread::JoinHandle<Vec<Latencies>> {
    let loads: Vec<Load> = pages.iter().map(|x| x.1.clone()).collect();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        runtime.block_on(async move {
            let (over, told) = watch::channel(false);
            let mut reading = Vec::new();
            for load in loads {
                let mut told = told.clone();
                reading.push(tokio::spawn(Latencies::of(load, READERS, async move {
                    let _ = told.wait_for(|x| *x).await;
                })));
            }
            until.await;
            over.send_replace(true);
            let mut all = Vec::new();
            for one in reading {
                all.push(one.await.expect("pages"));
            }
            all
        })
    })
}
