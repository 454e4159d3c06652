//! Large files through the real server: beside everybody else, and nothing left of one that a kill
//! cut off.

use std::io::Write;
use std::os::unix::net::UnixStream;

use counterfoil::domain::ids::DocumentId;
use counterfoil::store::verify;

use super::*;

const MIB: usize = 1 << 20;
/// Stands all over the file.
const MARK: &[u8] = b"the client's own words!";

/// One mebibyte of a file: never the same, and with the mark in it.
fn mebibyte(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = Vec::with_capacity(MIB);
    while out.len() < MIB {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend(state.to_le_bytes());
    }
    out[..4].copy_from_slice(b"PK\x03\x04");
    out[100..100 + MARK.len()].copy_from_slice(MARK);
    out
}

fn write_file(path: &Path, mebibytes: u64) {
    let all: Vec<u8> = (0..mebibytes).flat_map(mebibyte).collect();
    std::fs::write(path, all).unwrap();
}

/// Whether the mark stands anywhere in a file.
fn holds_the_mark(path: &Path) -> bool {
    let (mut file, mut part) = (BufReader::new(std::fs::File::open(path).unwrap()), Vec::new());
    let (last, rest) = MARK.split_last().unwrap();
    loop {
        part.clear();
        if file.read_until(*last, &mut part).unwrap() == 0 {
            return false;
        }
        if part.strip_suffix(&[*last]).is_some_and(|part| part.ends_with(rest)) {
            return true;
        }
    }
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![kind];
    frame.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
    frame.extend(payload);
    frame
}

/// Begins to post a file of so many mebibytes over the control socket, and sends some of them.
fn begin(made: &Made, all: u64, sent: u64) -> UnixStream {
    let mut stream = UnixStream::connect(made.path("house/control.sock")).unwrap();
    let request = serde_json::json!({
        "do": "document", "client": "1", "project": null, "title": "", "note": "", "version_of": null,
        "name": "film.zip", "bytes": all << 20,
    });
    stream.write_all(&frame(b'Q', &serde_json::to_vec(&request).unwrap())).unwrap();
    for number in 0..sent {
        for part in mebibyte(number).chunks(64 << 10) {
            stream.write_all(&frame(b'D', part)).unwrap();
        }
    }
    stream
}

fn stats(made: &Made) -> serde_json::Value {
    serde_json::from_str(&said(&made.on("house", &["stats", "--json"]))).unwrap()
}

fn rows(stats: &serde_json::Value, name: &str) -> u64 {
    stats["tables"].as_array().unwrap().iter().find(|t| t["name"] == name).unwrap()["rows"].as_u64().unwrap()
}

/// Asks until it is so; the test's own time limit ends one that never is.
fn until(made: &Made, so: impl Fn(&serde_json::Value) -> bool) {
    while !so(&stats(made)) {}
}

/// What a file that never arrived has left in the data file, beside so many chunks that others brought meanwhile.
fn left(before: &serde_json::Value, after: &serde_json::Value, chunks: u64) -> Option<String> {
    let of = |stats: &serde_json::Value| {
        let arriving = stats["documents"]["arriving"].as_u64().unwrap();
        (arriving, rows(stats, "left_over"), rows(stats, "documents"), rows(stats, "chunks"))
    };
    let (now, wanted) = (of(after), (0, 0, 0, rows(before, "chunks") + chunks));
    (now != wanted).then(|| format!("{now:?} and not {wanted:?}"))
}

#[test]
fn the_test_of_a_kill_in_mid_upload_catches_a_start_that_gives_nothing_up() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    let serving = Serving::of(&made, "house");
    let before = stats(&made);
    let upload = begin(&made, 40, 9);
    until(&made, |now| now["documents"]["arriving"].as_u64().unwrap() >= 4 << 20);
    drop(serving); // kill -9
    drop(upload);
    // Planted: no start gives up what the dead process was taking in; this reads the file as it was left.
    assert!(left(&before, &stats(&made), 0).is_some(), "what a kill leaves is not seen");
    let serving = Serving::of(&made, "house");
    until(&made, |now| left(&before, now, 0).is_none());
    serving.stop();
}

#[test]
fn a_file_in_mid_upload_keeps_nobody_waiting_is_nowhere_readable_and_is_gone_after_a_kill() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    let serving = Serving::of(&made, "house");
    let before = stats(&made);
    let upload = begin(&made, 40, 20);
    until(&made, |now| now["documents"]["arriving"].as_u64().unwrap() >= 16 << 20);
    // Others write meanwhile.
    assert!(said(&made.publish("Marlow Ltd", "2026-0117")).contains("is published"));
    assert_eq!(names(&made.path("house")), ["control.sock", "counterfoil.toml", "firm.counterfoil", "tls"]);
    let file = made.path("house/firm.counterfoil");
    assert!(file.metadata().unwrap().len() > 16 << 20 && !holds_the_mark(&file), "its words can be read on the disk");
    assert!(holds_the_mark(&{
        let path = made.path("plain");
        write_file(&path, 2);
        path
    }));
    drop(serving); // kill -9
    drop(upload);
    let store = made.store("house");
    assert_eq!(store.read(|r| r.arriving()).unwrap().len(), 1, "nothing was under way");
    let report = store.read(|r| verify::whole(r, |_, _, _| {})).unwrap();
    assert!(report.is_clean(), "{:#?}", report.faults);
    assert_eq!(store.read(|r| r.document_sizes(None)).unwrap().bytes, 0);
    store.close();
    drop(store);
    let serving = Serving::of(&made, "house");
    until(&made, |now| now["documents"]["arriving"] == 0 && rows(now, "left_over") == 0);
    let after = stats(&made);
    // The one chunk is the invoice's.
    assert_eq!(left(&before, &after, 1), None);
    // A command that is cut off, with the server still there, leaves nothing either.
    drop(begin(&made, 40, 9));
    until(&made, |now| now["documents"]["arriving"] == 0 && rows(now, "left_over") == 0);
    assert_eq!(rows(&stats(&made), "chunks"), rows(&after, "chunks"));
    serving.stop();
}

#[test]
fn a_file_is_posted_by_the_command_line_with_and_without_a_server_or_refused_with_what_to_do() {
    let made = Made::new();
    made.add_client("Marlow Ltd");
    let post = |name: &str, bytes: &[u8], more: &[&str]| {
        std::fs::write(made.path(name), bytes).unwrap();
        let what = ["document", "add", &made.text(name), "--client", "Marlow Ltd"];
        made.on("house", &[what.as_slice(), more].concat())
    };
    let told = said(&post("plan.txt", b"first", &["--title", "Site plan"]));
    assert!(told.contains("“Site plan” is posted for Marlow Ltd, as document 1; seen by Ana, 1 of them"), "{told}");
    let serving = Serving::of(&made, "house");
    let told = said(&post("plan.txt", b"second", &["--version-of", "1", "--note", "Signed"]));
    assert!(told.contains("Version 2 of “Site plan”"), "{told}");
    assert!(refused(&post("page.html", b"<html>", &[])).contains("Files of this kind are not taken"));
    assert!(refused(&post("plan.pdf", b"no PDF", &[])).contains("its content is something else"));
    assert!(refused(&post("plan.txt", b"x", &["--version-of", "7"])).contains("no document with the number 7"));
    assert!(refused(&post("plan.txt", b"", &[])).contains("The file is empty"));
    serving.stop();
    let store = made.store("house");
    let kept = store.read(|r| r.document(DocumentId(1))).unwrap().unwrap();
    let read = |n: u32| store.read(|r| r.file(kept.version(n).unwrap().file.digest)).unwrap().unwrap();
    assert_eq!((read(1), read(2), kept.versions[1].note.as_str()), (b"first".to_vec(), b"second".to_vec(), "Signed"));
}
