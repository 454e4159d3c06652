//! Blocks of a store's file that are swapped, altered or put back behind its back, while it runs and while it doesn't.

use std::process::Command;
use std::sync::Arc;

use counterfoil::store::backing::Backing;
use redb::StorageBackend;

use super::*;

/// A page of the engine, and its place on an encrypted disk.
const PAGE: usize = 4_096;
const SEALED: usize = 4_608;
const HEADERS: usize = 16_384;
/// Every so many-th block is altered; `COUNTERFOIL_FAULTS=all` for each.
const BLOCKS: usize = 3;
/// After so many refusals it is tried whether the store goes on.
const GOES_ON: usize = 3;

/// A store's disk, and where its blocks lie there.
struct Laid {
    disk: FaultDisk,
    start: usize,
    length: usize,
}

/// Planted: a backing that neither encrypts nor authenticates.
#[derive(Debug)]
struct Plain(FaultDisk);

impl StorageBackend for Plain {
    fn len(&self) -> std::io::Result<u64> {
        self.0.length()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read_at(offset, out)
    }

    fn set_len(&self, len: u64) -> std::io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write_at(offset, data)
    }
}

impl Backing for Plain {}

impl Laid {
    fn sealed(bytes: Vec<u8>) -> Self {
        Self { disk: FaultDisk::of(bytes), start: HEADERS, length: SEALED }
    }

    fn plain(bytes: Vec<u8>) -> Self {
        Self { disk: FaultDisk::of(bytes), start: 0, length: PAGE }
    }

    fn open(&self) -> Store {
        match self.length {
            SEALED => open(&self.disk).unwrap(),
            _ => Store::open(Plain(self.disk.clone()), CACHE, false).unwrap(),
        }
    }

    /// The blocks that hold something.
    fn written(&self) -> Vec<usize> {
        let bytes = self.disk.bytes();
        let is_written = |n: &usize| bytes[self.start + n * self.length..][..self.length].iter().any(|b| *b != 0);
        (1..(bytes.len() - self.start) / self.length).filter(is_written).collect()
    }

    fn swap(&self, one: usize, other: usize) {
        let (one, other) = (self.start + one * self.length, self.start + other * self.length);
        self.disk.alter(|bytes| (0..self.length).for_each(|n| bytes.swap(one + n, other + n)));
    }

    fn flip(&self, block: usize, place: usize) {
        self.disk.alter(|bytes| bytes[self.start + block * self.length + place] ^= 0x20);
    }
}

/// What can be read of a store: names of clients, and what a check of everything finds.
fn all(store: &Store) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let found = store.read(|r| r.clients_by_name("", None, 10_000))?;
    let names = found.into_iter().map(|client| client.party.name).collect();
    Ok((names, store.read(|r| verify::whole(r, |_, _, _| {}))?.faults))
}

/// Alters blocks under a running store, and puts them right again; what was answered wrongly, and how many alterations
/// were refused.
fn altered(laid: &dyn Fn() -> Laid, alter: &dyn Fn(&Laid, usize, usize), go_on: bool) -> (Vec<String>, usize) {
    let (mut wrong, mut refused, mut tried) = (Vec::new(), 0, 0);
    let (blocks, before) = (laid().written(), all(&laid().open()).unwrap());
    let stride = if std::env::var_os("COUNTERFOIL_FAULTS").is_some() { 1 } else { BLOCKS };
    for pair in blocks.windows(2).step_by(stride) {
        let laid = laid();
        let store = Arc::new(laid.open());
        alter(&laid, pair[0], pair[1]);
        let reader = Arc::clone(&store);
        match std::thread::spawn(move || all(&reader)).join() {
            Ok(Ok(now)) if now == before => {}
            Ok(Ok(now)) => wrong.push(format!("{pair:?}: {now:?}")),
            Ok(Err(_)) => refused += 1,
            Err(_) => wrong.push(format!("{pair:?}: a panic")),
        }
        if !go_on {
            std::mem::forget(store);
            continue;
        }
        if refused == tried || refused > GOES_ON {
            continue;
        }
        tried = refused;
        alter(&laid, pair[0], pair[1]);
        let answers = act(&store, "after");
        assert!(answers.refused.len() <= 1, "{pair:?}: it did not go on: {answers:?}");
        hold_against(&laid.disk, &answers, 1).unwrap_or_else(|why| panic!("{pair:?}: {why}"));
    }
    (wrong, refused)
}

fn furnished_and_sealed() -> Laid {
    Laid::sealed(furnished().to_vec())
}

#[test]
fn blocks_swapped_under_a_running_store_are_refused_and_it_goes_on_when_they_are_back() {
    let (wrong, refused) = altered(&furnished_and_sealed, &Laid::swap, true);
    assert!(wrong.is_empty() && refused > 2, "{refused} refused: {wrong:#?}");
}

#[test]
fn blocks_altered_under_a_running_store_are_refused_and_it_goes_on_when_they_are_whole() {
    let (wrong, refused) = altered(&furnished_and_sealed, &|laid, block, _| laid.flip(block, 1_000), true);
    assert!(wrong.is_empty() && refused > 1, "{refused} refused: {wrong:#?}");
}

/// The same house on a disk that is not encrypted.
fn unsealed() -> Vec<u8> {
    let disk = FaultDisk::default();
    furnish(Store::open(Plain(disk.clone()), CACHE, false).unwrap());
    disk.bytes()
}

#[test]
fn the_tests_of_altered_blocks_catch_a_backing_that_does_not_authenticate() {
    let bytes = unsealed();
    let laid = || Laid::plain(bytes.clone());
    let flips = [100, 300, 600, 1_000, 1_500, 2_000, 2_600, 3_200]
        .map(|at| altered(&laid, &|laid, block, _| laid.flip(block, at), false).0);
    assert!(flips.iter().any(|wrong| !wrong.is_empty()), "flips");
    let (wrong, _) = altered(&laid, &Laid::swap, false);
    assert!(!wrong.is_empty(), "swaps");
}

/// Puts each block of an earlier state back into the closed file and opens it; what was answered wrongly, and how many
/// files were refused.
fn replayed(check: bool) -> (Vec<String>, usize) {
    let laid = furnished_and_sealed();
    let old = laid.disk.bytes();
    let store = laid.open();
    assert!(act(&store, "newer").refused.is_empty());
    let before = all(&store).unwrap();
    drop(store);
    let now = laid.disk.bytes();
    let (mut wrong, mut refused) = (Vec::new(), 0);
    for block in laid.written() {
        let at = HEADERS + block * SEALED;
        let Some(replay) = old.get(at..at + SEALED).filter(|old| *old != &now[at..at + SEALED]) else { continue };
        let mut bytes = now.clone();
        bytes[at..at + SEALED].copy_from_slice(replay);
        let read = std::thread::spawn(move || {
            let disk = FaultDisk::of(bytes);
            let opened = crypt::open_on(disk, &key(), &Entropy::seeded(5)).map_err(|e| e.to_string())?;
            let store = Store::open(opened.backend, CACHE, check || opened.needs_check).map_err(|e| e.to_string())?;
            all(&store).map_err(|e| e.to_string())
        });
        match read.join() {
            Ok(Ok(now)) if now == before => {}
            Ok(Ok(now)) => wrong.push(format!("block {block}: {now:?}")),
            Ok(Err(_)) => refused += 1,
            Err(_) => wrong.push(format!("block {block}: a panic")),
        }
    }
    (wrong, refused)
}

#[test]
fn an_old_block_put_back_into_a_closed_file_is_refused_by_the_check_of_all_pages() {
    let (wrong, refused) = replayed(true);
    assert!(wrong.is_empty() && refused > 2, "{refused} refused: {wrong:#?}");
}

/// In a process of its own: without the check, which is the planted defect, the engine may abort.
#[test]
fn the_test_of_old_blocks_catches_an_opening_without_the_check() {
    const UNCHECKED: &str = "COUNTERFOIL_TEST_UNCHECKED";
    const NAME: &str = "faults::blocks::the_test_of_old_blocks_catches_an_opening_without_the_check";
    if std::env::var_os(UNCHECKED).is_some() {
        let (wrong, _) = replayed(false);
        assert!(wrong.is_empty(), "{wrong:?}");
        return;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    let ended = child.args(["--exact", NAME, "--nocapture"]).env(UNCHECKED, "1").output().unwrap();
    let output = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(output.contains("running 1 test") && !ended.status.success(), "{output}");
}
