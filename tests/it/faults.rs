//! A house on a disk that fails: each act is answered truly, nothing that was acknowledged is lost, and what can go on
//! goes on.

use std::io::ErrorKind;
use std::sync::OnceLock;
use std::time::Duration;

use counterfoil::actions::clients;
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::By;
use counterfoil::domain::ids::{ClientId, StaffId};
use counterfoil::secrets::Entropy;
use counterfoil::store::crypt::{self, Cipher, Disk};
use counterfoil::store::prelude::*;
use counterfoil::store::{ROOM_KEPT, verify};
use jiff::Timestamp;
use jiff::civil::date;

use self::disk::{Call, FaultDisk, Way};
use crate::house::*;

mod blocks;
pub mod disk;

/// So small that what is read comes from the disk.
const CACHE: usize = 128 << 10;
/// Acts in each round.
const ACTS: usize = 5;
/// Every so many-th write and read is made to fail; `COUNTERFOIL_FAULTS=all` for each.
const STRIDE: usize = 4;

fn open(disk: &FaultDisk) -> Result<Store, String> {
    let opened = crypt::open_on(disk.clone(), &key(), &Entropy::seeded(5)).map_err(|e| e.to_string())?;
    Store::open(opened.backend, CACHE, opened.needs_check).map_err(|e| e.to_string())
}

/// The bytes of a small house: two clients, people, an invoice that is part paid.
fn furnished() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let disk = FaultDisk::default();
        crypt::create_on(disk.clone(), &[key()], Cipher::for_this_machine(), &Entropy::seeded(4)).unwrap();
        furnish(open(&disk).unwrap());
        disk.bytes()
    })
}

/// Makes a new store a small house, and closes it.
fn furnish(store: Store) {
    let furnish = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let house = TestHouse::on_store(store).await.heedless_of_mail();
            house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
            house.pay(house.who.marlow, 40_00, vec![]).await;
            house.tick().await;
        });
    };
    // On a thread of its own, since some tests are in a runtime already.
    std::thread::spawn(furnish).join().unwrap();
}

fn add(name: &str) -> impl FnMut(&mut WriteTx<'_>) -> Result<Done<ClientId>, ActError> + Send + 'static {
    // A note longer than a page, so that the file grows.
    let new = clients::NewClient { note: "x".repeat(9_000), ..new_client(name) };
    move |w| clients::add(w, &StaffScope::all(), &new)
}

fn names(store: &Store) -> Result<Vec<String>, StoreError> {
    let found = store.read(|r| r.clients_by_name("act ", None, 10_000))?;
    Ok(found.into_iter().map(|client| client.party.name).collect())
}

/// What was answered in one round of acts.
#[derive(Default, Debug)]
struct Answers {
    done: Vec<String>,
    refused: Vec<String>,
    /// The sentence of the first refusal.
    why: String,
}

fn act(store: &Store, round: &str) -> Answers {
    let mut answers = Answers::default();
    for n in 0..ACTS {
        let name = format!("Act {round} {n}");
        match store.write_blocking(By::command_line(), Timestamp::UNIX_EPOCH, add(&name)) {
            Ok(_) => answers.done.push(name),
            Err(error) => {
                if answers.refused.is_empty() {
                    answers.why = error.to_string();
                }
                answers.refused.push(name);
            }
        }
    }
    answers
}

/// Opens what is on the disk now and holds it against the answers. `in_doubt` acts may be there or not.
fn hold_against(disk: &FaultDisk, answers: &Answers, in_doubt: usize) -> Result<(), String> {
    let store = open(&FaultDisk::of(disk.bytes()))?;
    let found = names(&store).map_err(|e| e.to_string())?;
    let lost: Vec<_> = answers.done.iter().filter(|name| !found.contains(name)).collect();
    if !lost.is_empty() {
        return Err(format!("{lost:?} were acknowledged and are gone"));
    }
    let too_many: Vec<_> = answers.refused.iter().skip(in_doubt).filter(|name| found.contains(name)).collect();
    if !too_many.is_empty() {
        return Err(format!("{too_many:?} were refused and are there"));
    }
    let faults = store.read(|r| verify::whole(r, |_, _, _| {})).map_err(|e: StoreError| e.to_string())?.faults;
    if faults.is_empty() { Ok(()) } else { Err(format!("{faults:?}")) }
}

/// Runs a round for every n until the n-th call of this kind does not come any more; how many came.
fn every_n(call: Call, way: Way, mut round: impl FnMut(usize, &FaultDisk, &Store)) -> usize {
    let all = std::env::var_os("COUNTERFOIL_FAULTS").is_some();
    let stride = if all || matches!(call, Call::Sync | Call::SetLen) { 1 } else { STRIDE };
    for n in (0..).step_by(stride) {
        let disk = FaultDisk::of(furnished().to_vec());
        let store = open(&disk).unwrap();
        disk.fail(call, n, way);
        round(n, &disk, &store);
        if !disk.has_failed() {
            return n;
        }
    }
    unreachable!("there are fewer calls than numbers")
}

#[test]
fn after_the_nth_fsync_fails_nothing_is_acknowledged_or_tried_again() {
    let syncs = every_n(Call::Sync, Way::Once(ErrorKind::Other), |n, disk, store| {
        let answers = act(store, "sync");
        hold_against(disk, &answers, 1).unwrap_or_else(|why| panic!("fsync {n}: {why}: {answers:?}"));
        if !disk.has_failed() {
            return assert!(answers.refused.is_empty(), "fsync {n}: {answers:?}");
        }
        assert!(answers.why.contains("nothing more is written"), "fsync {n}: {answers:?}");
        assert_eq!(disk.calls_after(), 0, "fsync {n}: something was written after it failed");
        // Who waits for it is told, so that the process ends.
        let told = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let told = told.block_on(async { tokio::time::timeout(Duration::from_secs(5), store.failed()).await });
        assert!(told.is_ok(), "fsync {n}: nobody was told");
    });
    assert!(syncs >= ACTS * 2, "{syncs}");
}

#[test]
fn these_tests_catch_superblocks_that_are_lost_in_silence() {
    let (mut caught, mut rounds) = (0, 0);
    every_n(Call::Write, Way::Silently, |_, disk, store| {
        let answers = act(store, "lost");
        let held = std::panic::catch_unwind(|| hold_against(disk, &answers, 0));
        caught += usize::from(!matches!(held, Ok(Ok(()))));
        rounds += 1;
    });
    assert!(caught > rounds / 2, "{caught} of {rounds}");
}

#[test]
fn the_nth_write_without_room_refuses_one_act_and_the_next_goes_on() {
    let (call, least) = (Call::Write, ACTS * 3);
    let calls = every_n(call, Way::Once(ErrorKind::StorageFull), |n, disk, store| {
        let answers = act(store, "full");
        let failed = store.write_blocking(By::command_line(), Timestamp::UNIX_EPOCH, add("Last"));
        let last = failed.as_ref().err().map_or(String::new(), ToString::to_string);
        let grave = [&answers.why, &last].iter().any(|why| why.contains("nothing more is written"));
        if disk.has_failed() && grave {
            // It hit the superblock, of which nobody knows then what it holds: that is as grave as an fsync.
            assert!(failed.is_err());
        } else {
            assert!(answers.refused.len() <= 1, "{call:?} {n}: {answers:?}");
            assert!(answers.why.is_empty() || answers.why.contains("the disk is full"), "{call:?} {n}: {answers:?}");
            // If none of them, it was this one that was hit.
            assert!(failed.is_ok() || answers.refused.is_empty(), "{call:?} {n}: it did not go on");
            let read = names(store).unwrap_or_else(|e| panic!("{call:?} {n}: reading stopped: {e}"));
            assert_eq!(read.len(), answers.done.len(), "{call:?} {n}");
        }
        hold_against(disk, &answers, 1).unwrap_or_else(|why| panic!("{call:?} {n}: {why}: {answers:?}"));
    });
    assert!(calls >= least, "{call:?}: {calls}");
}

#[test]
fn a_disk_that_is_full_is_read_and_takes_writes_again_when_it_has_room() {
    let disk = FaultDisk::of(furnished().to_vec());
    let store = open(&disk).unwrap();
    disk.set_full(true);
    let mut answers = Answers::default();
    for round in 0..40 {
        let now = act(&store, &format!("{round}"));
        answers.done.extend(now.done);
        answers.refused.extend(now.refused);
        if answers.refused.len() > 3 * ACTS {
            break;
        }
        assert_eq!(names(&store).unwrap().len(), answers.done.len(), "reading stopped in round {round}");
    }
    assert!(answers.refused.len() > 3 * ACTS, "it was never full");
    disk.set_full(false);
    let again = act(&store, "again");
    assert!(again.refused.is_empty(), "{again:?}");
    answers.done.extend(again.done);
    store.close();
    drop(store);
    hold_against(&disk, &answers, 0).unwrap();
}

/// Acts on a disk with little room, and whether a write came to it. The planted disk does not say how much it has.
fn with_little_room(says: bool) -> (FaultDisk, Store, Answers) {
    let disk = FaultDisk::of(furnished().to_vec());
    let store = open(&disk).unwrap();
    disk.set_room(says.then_some(ROOM_KEPT - 1));
    disk.fail(Call::Write, 0, Way::Once(ErrorKind::StorageFull));
    let answers = act(&store, "little");
    (disk, store, answers)
}

#[test]
fn nothing_is_begun_where_the_last_room_would_be_taken() {
    let (disk, store, answers) = with_little_room(true);
    assert_eq!((answers.done.len(), disk.has_failed()), (0, false), "{answers:?}");
    assert!(answers.why.contains("the disk is full"), "{answers:?}");
    disk.fail(Call::Write, usize::MAX, Way::Once(ErrorKind::StorageFull));
    disk.set_room(Some(ROOM_KEPT));
    assert!(act(&store, "enough").refused.is_empty());
}

#[test]
fn the_test_of_little_room_catches_a_store_that_is_not_told() {
    let (disk, _, answers) = with_little_room(false);
    assert!(disk.has_failed() && !answers.done.is_empty(), "{answers:?}");
}

#[test]
fn a_write_that_fails_for_another_reason_ends_writing_and_loses_nothing() {
    let mut ended = 0;
    let writes = every_n(Call::Write, Way::Once(ErrorKind::ReadOnlyFilesystem), |n, disk, store| {
        let answers = act(store, "eio");
        hold_against(disk, &answers, 1).unwrap_or_else(|why| panic!("write {n}: {why}: {answers:?}"));
        // A write that the engine tried without need may fail and be made again.
        let told = answers.why.is_empty() || answers.why.contains("nothing more is written");
        assert!(told, "write {n}: {answers:?}");
        ended += usize::from(!answers.why.is_empty());
    });
    assert!(writes >= ACTS * 3 && ended > writes / STRIDE / 2, "{ended} of {writes}");
}

#[test]
fn the_nth_read_that_fails_is_told_and_everything_goes_on() {
    let reads = every_n(Call::Read, Way::Once(ErrorKind::Other), |n, disk, store| {
        let first = names(store);
        let answers = act(store, "read");
        assert!(answers.refused.len() <= 1, "read {n}: {answers:?}");
        assert!(first.is_ok() || disk.has_failed(), "read {n}");
        // The failure may hit this read; the writer then starts the engine again.
        let there = (0..200).find_map(|_| {
            let found = names(store).ok();
            std::thread::sleep(Duration::from_millis(if found.is_some() { 0 } else { 5 }));
            found
        });
        let there = there.map_or(0, |names| names.len());
        assert!((answers.done.len()..=ACTS).contains(&there), "read {n}: {there}, {answers:?}");
        hold_against(disk, &answers, 1).unwrap_or_else(|why| panic!("read {n}: {why}: {answers:?}"));
    });
    assert!(reads > 4, "{reads}");
}

#[test]
fn a_block_that_does_not_authenticate_fails_who_reads_it_and_nobody_else() {
    let disk = FaultDisk::of(furnished().to_vec());
    let store = open(&disk).unwrap();
    assert!(act(&store, "before").refused.is_empty());
    // Reads from here on fail until the disk is sound again.
    disk.fail(Call::Read, 0, Way::FromThenOn(ErrorKind::InvalidData));
    let all = |store: &Store| store.read(|r| verify::whole(r, |_, _, _| {}));
    assert!(all(&store).is_err());
    disk.fail(Call::Read, usize::MAX, Way::Once(ErrorKind::Other));
    let answers = act(&store, "after");
    assert!(answers.refused.len() <= 1, "{answers:?}");
    assert!(all(&store).unwrap().is_clean());
}

#[tokio::test]
async fn pages_are_read_while_the_disk_is_full_and_a_form_says_that_nothing_was_lost() {
    let disk = FaultDisk::of(furnished().to_vec());
    let store = open(&disk).unwrap();
    let names = store.read(|r| r.clients_by_name("marlow", None, 1)).unwrap();
    let app = app_on(store, "2026-11-23T09:00:00Z".parse().unwrap(), counterfoil::mail::Mailer::Nowhere, 3);
    let mut desk = crate::desk::desk_in(&app, StaffId(1)).await;
    let path = format!("/desk/clients/{}", names[0].id.0);
    assert_eq!(desk.get(&path).await.status, 200);
    disk.set_room(Some(0));
    assert_eq!(desk.get(&path).await.status, 200);
    assert_eq!(desk.get("/desk/invoices/1").await.status, 200);
    let answer = desk.post(&format!("{path}/projects"), &[("name", "Kiln")]).await;
    assert_eq!(answer.status, 507, "{}", answer.text());
    assert!(answer.text().contains("The disk of this portal is full"), "{}", answer.text());
    disk.set_room(None);
    assert!(desk.post(&format!("{path}/projects"), &[("name", "Kiln")]).await.status.is_redirection());
}
