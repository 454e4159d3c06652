//! The real binary where the disk is full, read-only or broken, and where it is killed under load.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use counterfoil::secrets::Entropy;
use counterfoil::store::prelude::*;
use counterfoil::store::verify;

use super::{Made, Serving, command, refused, run, said};
use crate::house;

/// A file system of its own, in memory. Needs root.
struct Mounted(PathBuf);

impl Mounted {
    fn at(path: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let size = format!("size={size},mode=0700");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(path).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Self(path.to_owned()))
    }

    fn remount(&self, how: &str) {
        let options = format!("remount,{how}");
        assert!(Command::new("mount").args(["-o", &options]).arg(&self.0).status().unwrap().success());
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A house on a small file system of its own; `None` where nothing can be mounted.
fn on_small_disk(size: &str) -> Option<(Made, Mounted)> {
    let made = Made { folder: tempfile::tempdir().unwrap(), port: super::free_port() };
    let mounted = Mounted::at(&made.path("disk"), size)?;
    said(&made.init("disk/house"));
    Some((made, mounted))
}

fn publish(made: &Made, number: &str) -> std::process::Output {
    let pdf = made.path("document.pdf");
    std::fs::write(&pdf, house::pdf(number)).unwrap();
    let what = ["publish", pdf.to_str().unwrap(), "--client", "1", "--number", number];
    let rest = ["--issued", "2026-03-02", "--due", "2026-04-01", "--amount", "1.00"];
    made.on("disk/house", &[what.as_slice(), &rest].concat())
}

fn add_client(made: &Made, house: &str) {
    made.add_client_to(house, "Marlow Ltd");
}

#[test]
fn a_full_disk_is_read_from_and_written_to_again_when_there_is_room() {
    let Some((made, _mounted)) = on_small_disk("110m") else { return };
    add_client(&made, "disk/house");
    let serving = Serving::of(&made, "disk/house");
    said(&publish(&made, "A-1"));
    let filler = made.path("disk/filler");
    std::fs::write(&filler, vec![7; 60 << 20]).unwrap();
    for n in 2..5 {
        let sentence = refused(&publish(&made, &format!("A-{n}")));
        assert!(sentence.contains("the disk is full: nothing was changed"), "{sentence}");
    }
    assert!(said(&made.on("disk/house", &["verify"])).contains("The data file is whole"));
    assert!(said(&made.on("disk/house", &["stats"])).contains("events"));
    // Full to the last byte, it is still read.
    let rest = std::fs::OpenOptions::new().append(true).open(&filler).unwrap();
    while (&rest).write(&[7; 1 << 16]).is_ok() {}
    refused(&publish(&made, "A-5"));
    said(&made.on("disk/house", &["verify"]));
    drop(rest);
    std::fs::remove_file(&filler).unwrap();
    said(&publish(&made, "A-6"));
    serving.stop();
    assert!(said(&made.on("disk/house", &["verify"])).contains("The data file is whole"));
    let store = made.store("disk/house");
    let there = |number: &str| store.read(|r| r.invoice_numbered(&number.parse().unwrap())).unwrap().is_some();
    assert_eq!(["A-1", "A-2", "A-5", "A-6"].map(there), [true, false, false, true]);
}

#[test]
fn a_data_file_on_a_read_only_disk_is_refused_with_what_to_look_at() {
    let Some((made, mounted)) = on_small_disk("110m") else { return };
    let before = std::fs::read(made.path("disk/house/firm.counterfoil")).unwrap();
    mounted.remount("ro");
    for what in ["serve", "verify", "stats", "compact"] {
        let sentence = refused(&made.on("disk/house", &[what]));
        assert!(
            sentence.contains("The data file can not be written by this user. Check its owner"),
            "{what}: {sentence}"
        );
    }
    assert_eq!(std::fs::read(made.path("disk/house/firm.counterfoil")).unwrap(), before);
}

#[test]
fn two_processes_never_have_one_file() {
    let made = Made::new();
    let serving = Serving::of(&made, "house");
    let holder = format!("in use by counterfoil (process {})", serving.0.id());
    for what in [&["compact"][..], &["keys", "rotate"]] {
        let sentence = refused(&made.on("house", what));
        assert!(sentence.contains(&holder), "{what:?}: {sentence}");
    }
    serving.stop();
}

/// Under strace, which makes one fsync after another fail.
#[test]
fn a_server_whose_fsync_fails_ends_with_a_sentence_and_has_kept_what_it_acknowledged() {
    if Command::new("strace").arg("-V").output().is_err() {
        if cfg!(feature = "peers") {
            panic!("strace is missing; tests/run installs it");
        }
        return;
    }
    let made = Made::new();
    made.add_client("Marlow Ltd");
    let failing = "inject=fdatasync:error=EIO:when=16+";
    let mut serving = Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", failing])
        .args([env!("CARGO_BIN_EXE_counterfoil"), "serve", "--config", &made.config("house")])
        .env_remove("COUNTERFOIL_CONFIG")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 7];
    serving.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    let mut kept = Vec::new();
    for n in 0..40 {
        // The failing fsync may be one of the server's own; then it is gone before a command is refused.
        if serving.try_wait().unwrap().is_some() {
            break;
        }
        let number = format!("A-{n}");
        let output = made.publish("1", &number);
        if !output.status.success() {
            let sentence = refused(&output);
            let told = "nothing more is written, and what was acknowledged is in the data file";
            assert!(sentence.contains(told) || sentence.contains("broke off"), "{sentence}");
            break;
        }
        kept.push(number);
    }
    let ended = serving.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let log = String::from_utf8_lossy(&ended.stderr);
    assert!(log.contains("the disk failed") && log.contains("so the server has ended."), "{log}");
    assert!(said(&made.on("house", &["verify"])).contains("The data file is whole"));
    let store = made.store("house");
    for number in kept {
        assert!(store.read(|r| r.invoice_numbered(&number.parse().unwrap())).unwrap().is_some(), "{number} is gone");
    }
}

/// Kills of the server under load; `COUNTERFOIL_KILLS=3000` for longer.
fn kills() -> usize {
    std::env::var("COUNTERFOIL_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(30)
}

/// Who asks for changes at once.
const WRITERS: usize = 3;

/// Publishes over the control socket, as `counterfoil publish` does; whether it was acknowledged.
fn publish_over(socket: &Path, number: &str) -> bool {
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

#[test]
fn a_server_killed_at_any_moment_under_load_has_kept_what_it_acknowledged() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    let socket = made.path("house/control.sock");
    let (kept, next) = (Mutex::new(Vec::<String>::new()), AtomicUsize::new(0));
    let entropy = Entropy::system();
    let (mut checked, mut under_load) = (0, 0);
    for round in 0..kills() {
        let serving = Serving::of(&made, "house");
        let before = kept.lock().unwrap().len();
        let over = AtomicBool::new(false);
        // Now and then before anything was acknowledged.
        let wait = Duration::from_micros(entropy.below(if round % 5 == 0 { 40_000 } else { 400_000 }));
        std::thread::scope(|scope| {
            for _ in 0..WRITERS {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        let number = format!("K-{}", next.fetch_add(1, Ordering::Relaxed));
                        if publish_over(&socket, &number) {
                            kept.lock().unwrap().push(number);
                        }
                    }
                });
            }
            std::thread::sleep(wait);
            drop(serving); // kill -9
            over.store(true, Ordering::Relaxed);
        });
        under_load += usize::from(kept.lock().unwrap().len() > before);
        let store = made.store("house");
        let kept = kept.lock().unwrap();
        for number in &kept[checked..] {
            let found = store.read(|r| r.invoice_numbered(&number.parse().unwrap())).unwrap();
            assert!(found.is_some(), "round {round}: {number} was acknowledged and is gone");
        }
        checked = kept.len();
        let report = store.read(|r| verify::whole(r, |_, _, _| {})).map_err(|e: StoreError| e.to_string()).unwrap();
        assert!(report.is_clean(), "round {round}: {:#?}", report.faults);
    }
    assert!(under_load > kills() / 3, "{under_load} of {}", kills());
    let store = made.store("house");
    let all = kept.lock().unwrap();
    assert!(all.iter().all(|n| store.read(|r| r.invoice_numbered(&n.parse().unwrap())).unwrap().is_some()));
}

#[test]
fn a_file_is_compacted_and_its_sizes_are_told_with_and_without_a_server() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    for n in 0..3 {
        said(&made.publish("1", &format!("A-{n}")));
    }
    let offline = said(&made.on("house", &["stats"]));
    assert!(offline.contains("invoices") && offline.contains("The data file: "), "{offline}");
    let serving = Serving::of(&made, "house");
    let live = said(&made.on("house", &["stats", "--json"]));
    let live: serde_json::Value = serde_json::from_str(&live).unwrap();
    let rows = |name: &str| {
        let table = live["tables"].as_array().unwrap().iter().find(|t| t["name"] == name).unwrap();
        table["rows"].as_u64().unwrap()
    };
    assert_eq!((rows("invoices"), rows("clients"), live["schema"].as_u64()), (3, 1, Some(1)));
    serving.stop();
    let path = made.path("house/firm.counterfoil");
    let before = path.metadata().unwrap().len();
    let told = said(&made.on("house", &["compact"]));
    let after = path.metadata().unwrap().len();
    assert!(told.contains("given back") && after < before, "{told}");
    assert!(said(&made.on("house", &["verify"])).contains("The data file is whole"));
    said(&made.on("house", &["compact"]));
    assert!(path.metadata().unwrap().len() <= before);
    assert!(refused(&run(&["compact", "--config", "/nonexistent.toml"])).contains("nonexistent"));
}

#[test]
fn a_compaction_that_is_killed_leaves_the_file_whole() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    for n in 0..3 {
        said(&made.publish("1", &format!("A-{n}")));
    }
    let path = made.path("house/firm.counterfoil");
    let file = std::fs::read(&path).unwrap();
    let mut finished = 0;
    for n in 0..12_u64 {
        std::fs::write(&path, &file).unwrap();
        let mut child = command(&["compact", "--config", &made.config("house")]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(10 + n * 6));
        finished += usize::from(child.try_wait().unwrap().is_some());
        child.kill().unwrap();
        child.wait().unwrap();
        let told = said(&made.on("house", &["verify"]));
        assert!(told.contains("The data file is whole"), "{n}: {told}");
    }
    assert!(finished < 12);
}
