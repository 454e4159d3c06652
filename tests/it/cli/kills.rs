//! The real server, killed at random moments of its start and under load: what it acknowledged is there.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use counterfoil::clock::Stopwatch;
use counterfoil::secrets::Entropy;
use counterfoil::store::prelude::*;
use counterfoil::store::verify;

use super::{Made, Serving, command};
use crate::house;

/// Kills; `COUNTERFOIL_KILLS=3000` for longer.
fn kills() -> usize {
    std::env::var("COUNTERFOIL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(30)
}

/// Who asks for changes at once.
const WRITERS: usize = 3;
/// Kills of one house. A new one then keeps its file small, so that thousands of them are soon done.
const KILLS_OF_ONE: usize = 100;
/// Kills between two readings of the whole file.
const KILLS_UNVERIFIED: usize = 10;
/// Most that is kept before a kill, longest wait for it, and longest time from then to the kill.
const KEPT_MAX: u64 = 8;
const WAIT_MAX: Duration = Duration::from_secs(10);
const LATER_MAX: Duration = Duration::from_millis(15);
/// Longest time from the start of the process until a kill that does not wait for it to serve.
const START_MAX: Duration = Duration::from_millis(80);

/// When a writer takes something for kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// At the server's answer.
    Answered,
    /// Planted: as soon as it was asked for, as if the server answered before its commit.
    Asked,
}

/// What became of a house.
#[derive(Default)]
struct Outcome {
    kept: usize,
    /// Kills before which something was kept.
    under_load: usize,
    lost: Vec<String>,
}

/// Publishes over the control socket, as `counterfoil publish` does; whether it is taken for kept.
fn publish_over(socket: &Path, number: &str, when: Kept) -> bool {
    let body = house::pdf(number);
    let request = serde_json::json!({
        "do": "publish", "client": "1", "number": number, "issued": "2026-03-02", "due": "2026-04-01",
        "amount": "1.00", "currency": null, "title": "", "project": null, "reference": "", "credits": null,
        "bytes": body.len(),
    });
    let frame = |kind: u8, payload: &[u8]| {
        let mut frame = vec![kind];
        frame.extend((payload.len() as u32).to_be_bytes());
        frame.extend(payload);
        frame
    };
    let asked = UnixStream::connect(socket).and_then(|mut stream| {
        stream.write_all(&frame(b'Q', &serde_json::to_vec(&request)?))?;
        stream.write_all(&frame(b'D', &body))?;
        let mut kind = [0];
        if when == Kept::Asked {
            return Ok([b'A']);
        }
        stream.read_exact(&mut kind)?;
        if kind == [b'F'] {
            let mut why = String::new();
            stream.read_to_string(&mut why)?;
            panic!("{number} was refused: {why}");
        }
        Ok(kind)
    });
    asked.is_ok_and(|kind| kind == [b'A'])
}

/// Serves under load until so much is kept and a moment has passed, and is killed; what writers took for kept.
fn kill_under_load(made: &Made, next: &AtomicUsize, enough: usize, later: Duration, when: Kept) -> Vec<String> {
    let serving = Serving::of(made, "house");
    let (socket, kept, over) = (made.path("house/control.sock"), Mutex::new(Vec::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let number = format!("K-{}", next.fetch_add(1, Ordering::Relaxed));
                    if publish_over(&socket, &number, when) {
                        kept.lock().unwrap().push(number);
                    }
                }
            });
        }
        let waited = Stopwatch::start();
        while kept.lock().unwrap().len() < enough && waited.elapsed() < WAIT_MAX {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(later);
        drop(serving); // kill -9
        over.store(true, Ordering::Relaxed);
    });
    kept.into_inner().unwrap()
}

/// Kills the server while it starts: it may be recovering from the kill before.
fn kill_at_start(made: &Made, wait: Duration) {
    let mut child = command(&["serve", "--config", &made.config("house")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(wait);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn below(entropy: &Entropy, most: Duration) -> Duration {
    Duration::from_micros(entropy.below(most.as_micros() as u64))
}

/// A house of its own, killed so many times.
fn killed(times: usize, when: Kept) -> Outcome {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    let (entropy, next, mut outcome, mut all) = (Entropy::system(), AtomicUsize::new(0), Outcome::default(), vec![]);
    for round in 1..=times {
        let kept = match round % 5 {
            0 => {
                kill_at_start(&made, below(&entropy, START_MAX));
                vec![]
            }
            // Now and then before anything was acknowledged.
            1 => kill_under_load(&made, &next, 0, below(&entropy, LATER_MAX), when),
            _ => {
                let enough = 1 + entropy.below(KEPT_MAX) as usize;
                kill_under_load(&made, &next, enough, below(&entropy, LATER_MAX), when)
            }
        };
        outcome.under_load += usize::from(!kept.is_empty());
        let store = made.store("house");
        let is_there = |n: &String| store.read(|r| r.invoice_numbered(&n.parse().unwrap())).unwrap().is_some();
        let whole = round.is_multiple_of(KILLS_UNVERIFIED) || round == times;
        let looked_for = if whole { &all } else { &kept };
        let lost = looked_for.iter().chain(&kept).filter(|n| !is_there(n));
        outcome.lost.extend(lost.map(|n| format!("kill {round}: {n} was acknowledged and is gone")));
        if whole {
            let report = store.read(|r| verify::whole(r, |_, _, _| {})).map_err(|e: StoreError| e.to_string()).unwrap();
            assert!(report.is_clean(), "kill {round}: {:#?}", report.faults);
        }
        store.close();
        all.extend(kept);
    }
    outcome.kept = all.len();
    outcome
}

#[test]
fn a_server_killed_at_any_moment_under_load_has_kept_what_it_acknowledged() {
    let (mut done, mut under_load, mut kept) = (0, 0, 0);
    while done < kills() {
        let times = KILLS_OF_ONE.min(kills() - done);
        let outcome = killed(times, Kept::Answered);
        assert!(outcome.lost.is_empty(), "{:#?}", outcome.lost);
        (done, under_load, kept) = (done + times, under_load + outcome.under_load, kept + outcome.kept);
        // A long run can be looked at, with --nocapture.
        let told = format!("{done} kills, {under_load} of them under load; {kept} acknowledged, none lost\n");
        std::io::stderr().write_all(told.as_bytes()).unwrap();
    }
    assert!(under_load > kills() / 3, "{under_load} of {done}");
}

#[test]
fn the_test_of_kills_catches_an_acknowledgement_before_the_commit() {
    // Each kill by itself may hit a moment without anything under way.
    let lost: usize = (0..5).map(|_| killed(4, Kept::Asked).lost.len()).sum();
    assert!(lost > 0, "nothing was missed");
}
