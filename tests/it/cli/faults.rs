//! The real binary where the disk is full, read-only or broken, and where two want one file.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use counterfoil::store::prelude::*;

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

/// Whether strace is here; `tests/run` installs it.
fn has_strace() -> bool {
    let here = Command::new("strace").arg("-V").output().is_ok();
    assert!(here || !cfg!(feature = "peers"), "strace is missing; tests/run installs it");
    here
}

/// A server some of whose calls to the system are answered by strace.
fn serve_under_strace(made: &Made, house: &str, calls: &str, answers: &[&str]) -> Serving {
    let mut traced = Command::new("strace");
    // -D: what is started is the server itself, and strace its companion.
    traced.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
    traced.args(answers.iter().flat_map(|answer| ["-e".to_owned(), format!("inject={answer}")]));
    traced.args([env!("CARGO_BIN_EXE_counterfoil"), "serve", "--config", &made.config(house)]);
    Serving::started(traced.env_remove("COUNTERFOIL_CONFIG").stderr(Stdio::piped()))
}

/// What is said of an invoice that the full disk must refuse.
fn refused_as_full(output: &std::process::Output, number: &str) -> Result<(), String> {
    let sentence = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(1) if sentence.contains("the disk is full: nothing was changed") => Ok(()),
        code => Err(format!("{number}: {code:?}: {sentence}")),
    }
}

/// Fills the disk under a server and makes room again; the first thing that is not as it should be.
fn on_a_full_disk(made: &Made, serving: Serving) -> Result<(), String> {
    said(&publish(made, "A-1"));
    let filler = made.path("disk/filler");
    std::fs::write(&filler, vec![7; 60 << 20]).unwrap();
    for n in 2..5 {
        refused_as_full(&publish(made, &format!("A-{n}")), &format!("A-{n}"))?;
    }
    assert!(said(&made.on("disk/house", &["verify"])).contains("The data file is whole"));
    assert!(said(&made.on("disk/house", &["stats"])).contains("events"));
    // Full to the last byte, it is still read.
    let rest = std::fs::OpenOptions::new().append(true).open(&filler).unwrap();
    while (&rest).write(&[7; 1 << 16]).is_ok() {}
    refused(&publish(made, "A-5"));
    said(&made.on("disk/house", &["verify"]));
    drop(rest);
    std::fs::remove_file(&filler).unwrap();
    said(&publish(made, "A-6"));
    serving.stop();
    assert!(said(&made.on("disk/house", &["verify"])).contains("The data file is whole"));
    let store = made.store("disk/house");
    let there = |number: &str| store.read(|r| r.invoice_numbered(&number.parse().unwrap())).unwrap().is_some();
    match ["A-1", "A-2", "A-5", "A-6"].map(there) {
        [true, false, false, true] => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn a_full_disk_is_read_from_and_written_to_again_when_there_is_room() {
    let Some((made, _mounted)) = on_small_disk("110m") else { return };
    add_client(&made, "disk/house");
    let serving = Serving::of(&made, "disk/house");
    on_a_full_disk(&made, serving).unwrap();
}

#[test]
fn the_test_of_full_disks_catches_a_server_that_neither_asks_for_room_nor_hears_of_failing_writes() {
    let Some((made, _mounted)) = on_small_disk("110m").filter(|_| has_strace()) else { return };
    add_client(&made, "disk/house");
    // Every write is one of whole sectors, of which each is told as done.
    let answers = ["fstatfs:error=ENOSYS", "pwrite64:retval=512:when=400+"];
    let serving = serve_under_strace(&made, "disk/house", "fstatfs,pwrite64", &answers);
    on_a_full_disk(&made, serving).unwrap_err();
}

/// What commands do to a data file that can't be written: those that did not refuse it as they should.
fn on_a_read_only_disk(read_only: bool) -> Option<Vec<String>> {
    let (made, mounted) = on_small_disk("110m")?;
    let file = made.path("disk/house/firm.counterfoil");
    let before = std::fs::read(&file).unwrap();
    if read_only {
        mounted.remount("ro");
    }
    let mut wrong = Vec::new();
    for what in ["verify", "stats", "compact"] {
        let output = made.on("disk/house", &[what]);
        let sentence = String::from_utf8_lossy(&output.stderr);
        let told = sentence.contains("The data file can not be written by this user. Check its owner");
        if output.status.code() != Some(1) || !told {
            wrong.push(format!("{what}: {sentence}"));
        }
    }
    if read_only {
        assert!(refused(&made.on("disk/house", &["serve"])).contains("can not be written by this user"));
    }
    if std::fs::read(file).unwrap() != before {
        wrong.push("the file was changed".to_owned());
    }
    Some(wrong)
}

#[test]
fn a_data_file_on_a_read_only_disk_is_refused_with_what_to_look_at() {
    let Some(wrong) = on_a_read_only_disk(true) else { return };
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn the_test_of_read_only_disks_catches_commands_that_write() {
    let Some(wrong) = on_a_read_only_disk(false) else { return };
    assert_eq!(wrong.len(), 4, "{wrong:?}");
}

/// Whether each command that must have the file alone is refused, and told by whom it is held. Planted: the server's
/// file is replaced by a copy, so that its lock holds nothing.
fn all_refused_beside_a_server(lock_holds: bool) -> bool {
    let made = Made::new();
    let serving = Serving::of(&made, "house");
    if !lock_holds {
        let (path, copy) = (made.path("house/firm.counterfoil"), made.path("house/copy"));
        std::fs::copy(&path, &copy).unwrap();
        std::fs::rename(&copy, &path).unwrap();
    }
    let holder = format!("in use by counterfoil (process {})", serving.0.id());
    let refused = [&["compact"][..], &["keys", "rotate"]].into_iter().all(|what| {
        let output = made.on("house", what);
        output.status.code() == Some(1) && String::from_utf8_lossy(&output.stderr).contains(&holder)
    });
    serving.stop();
    refused
}

#[test]
fn two_processes_never_have_one_file() {
    assert!(all_refused_beside_a_server(true));
}

#[test]
fn the_test_of_two_processes_catches_a_lock_that_holds_nothing() {
    assert!(!all_refused_beside_a_server(false));
}

/// Publishes until the server's fsync fails, as strace answers it; the first thing that is not as it should be.
fn with_a_failing_fsync(answer: &str) -> Result<(), String> {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    let mut serving = serve_under_strace(&made, "house", "fdatasync", &[answer]);
    let mut kept = Vec::new();
    let ended = (0..40).any(|n| {
        // The failing fsync may be one of the server's own; then it is gone before a command is refused.
        if serving.0.try_wait().unwrap().is_some() {
            return true;
        }
        let number = format!("A-{n}");
        let output = made.publish("1", &number);
        if output.status.success() {
            kept.push(number);
            return false;
        }
        let sentence = refused(&output);
        let told = "nothing more is written, and what was acknowledged is in the data file";
        // On its way out it takes no command any more, and holds its file still.
        let going = sentence.contains("broke off") || sentence.contains("The data file is in use by");
        assert!(sentence.contains(told) || going, "{sentence}");
        true
    });
    if !ended {
        return Err(format!("all of {} were acknowledged", kept.len()));
    }
    let (status, log) = serving.ended();
    assert_eq!(status.code(), Some(1));
    assert!(log.contains("the disk failed") && log.contains("so the server has ended."), "{log}");
    assert!(said(&made.on("house", &["verify"])).contains("The data file is whole"));
    let store = made.store("house");
    let is_there = |number: &String| store.read(|r| r.invoice_numbered(&number.parse().unwrap())).unwrap().is_some();
    kept.iter().find(|number| !is_there(number)).map_or(Ok(()), |number| Err(format!("{number} is gone")))
}

#[test]
fn a_server_whose_fsync_fails_ends_with_a_sentence_and_has_kept_what_it_acknowledged() {
    if has_strace() {
        with_a_failing_fsync("fdatasync:error=EIO:when=16+").unwrap();
    }
}

#[test]
fn the_test_of_failing_fsyncs_catches_a_server_that_does_not_hear_of_them() {
    if has_strace() {
        with_a_failing_fsync("fdatasync:retval=0:when=16+").unwrap_err();
    }
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

#[test]
fn a_log_that_finds_no_room_ends_nothing() {
    let made = Made::new();
    add_client(&made, "house");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let _serving = Serving::started(command(&["serve", "--config", &made.config("house")]).stderr(full));
    said(&made.publish("1", "A-1"));
    said(&made.publish("1", "A-2"));
}
