//! The store's promises: what is acknowledged lasts, what is refused leaves no trace, and damage is told.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use counterfoil::actions::clients;
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::By;
use counterfoil::domain::ids::{AllocationId, ClientId, InvoiceId, ProjectId};
use counterfoil::domain::person::Person;
use counterfoil::domain::project::Project;
use counterfoil::domain::refusal::Refusal;
use counterfoil::secrets::Entropy;
use counterfoil::store::chain::EvidenceKeys;
use counterfoil::store::crypt::{self, OpenError};
use counterfoil::store::keys::Secret;
use counterfoil::store::prelude::*;
use counterfoil::store::verify;
use jiff::Timestamp;
use jiff::civil::date;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use crate::house::*;

mod records;

const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");
const EVENTS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("events");

fn add(name: String) -> impl FnMut(&mut WriteTx<'_>) -> Result<Done<ClientId>, ActError> + Send + 'static {
    move |w| clients::add(w, &StaffScope::all(), &new_client(&name))
}

fn faults(store: &Store) -> Vec<String> {
    store.read(|r| verify::whole(r, |_, _, _| {})).unwrap().faults
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_that_wait_together_are_each_answered_and_one_refusal_harms_none() {
    let house = TestHouse::new().await;
    let (store, now) = (house.app.store.clone(), house.app.now());
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..64 {
        let store = store.clone();
        writers
            .spawn(async move { (n, store.write(By::command_line(), now, add(format!("Writer {n}"))).await.is_ok()) });
        if n % 16 == 7 {
            let store = store_of(&house);
            writers.spawn(async move {
                let refused = |w: &mut WriteTx<'_>| {
                    w.put_project(&Project {
                        id: ProjectId(9_999),
                        client: ClientId(1),
                        name: "No".into(),
                        open: true,
                    })?;
                    Err::<Done<()>, _>(Refusal::NotAllowed.into())
                };
                (100, store.write(By::command_line(), now, refused).await.is_ok())
            });
        }
        if n == 40 {
            let store = store_of(&house);
            writers.spawn(async move {
                let broken = |_: &mut WriteTx<'_>| -> Result<Done<()>, ActError> { panic!("planted") };
                (101, store.write(By::command_line(), now, broken).await.is_ok())
            });
        }
    }
    let all = writers.join_all().await;
    assert!(all.iter().all(|(n, ok)| *ok == (*n < 100)), "{all:?}");
    let clients = store.read(|r| r.clients_by_name("writer", None, 100)).unwrap();
    assert_eq!(clients.len(), 64);
    assert!(store.read(|r| r.project(ProjectId(9_999))).unwrap().is_none(), "a refusal leaves no trace");
}

fn store_of(house: &TestHouse) -> Store {
    house.app.store.clone()
}

#[tokio::test]
async fn a_closed_store_refuses_writes_and_still_reads() {
    let house = TestHouse::new().await;
    house.app.store.close();
    let refused = house.app.store.write(By::command_line(), house.app.now(), add("Late".into())).await;
    assert!(matches!(refused, Err(ActError::Store(StoreError::Closed))));
    assert_eq!(house.app.store.read(|r| r.firm()).unwrap().party.name, "Hartmann & Finch LLP");
}

/// A data file without encryption, for tests that reach into it.
pub fn plain(path: &Path) -> Store {
    let file = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap();
    Store::open(redb::backends::FileBackend::new(file).unwrap(), 1 << 20, false).unwrap()
}

#[test]
fn a_newer_schema_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    drop(plain(&path));
    let database = Database::open(&path).unwrap();
    let tx = database.begin_write().unwrap();
    tx.open_table(META).unwrap().insert("schema", 2_u32.to_be_bytes().as_slice()).unwrap();
    tx.commit().unwrap();
    drop(database);
    let file = std::fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let error = Store::open(redb::backends::FileBackend::new(file).unwrap(), 1 << 20, false).unwrap_err();
    assert!(error.to_string().contains("one that knows schema 2"), "{error}");
    let database = Database::open(&path).unwrap();
    let tx = database.begin_read().unwrap();
    let kept = tx.open_table(META).unwrap().get("schema").unwrap().unwrap().value().to_vec();
    assert_eq!(kept, 2_u32.to_be_bytes());
}

/// Data files of every released schema, one each, which the key of the tests opens.
const STORES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stores");

/// Not a test by itself: makes the data file to keep when a schema is released. See `tests/stores/README.md`.
#[tokio::test]
async fn a_store_of_this_schema_is_made_where_it_is_asked_for() {
    let Ok(path) = std::env::var("COUNTERFOIL_MAKE_STORE") else { return };
    let path = Path::new(&path);
    let house = TestHouse::in_file(path).await.heedless_of_mail();
    house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    house.publish(house.who.kestrel, "B-7", 250_00, date(2026, 11, 24)).await;
    house.tick().await;
    house.pay(house.who.marlow, 40_00, vec![]).await;
    drop(house);
    let opened = crypt::open(path, &key(), &counterfoil::secrets::Entropy::system()).unwrap();
    counterfoil::store::compact::compact(opened.backend, 1 << 20, Box::new(|_, _| ())).unwrap();
}

#[test]
fn a_data_file_of_every_released_schema_opens_and_is_whole() {
    let mut opened = 0;
    for entry in std::fs::read_dir(STORES).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "counterfoil") {
            continue;
        }
        assert!(path.metadata().unwrap().len() < 400_000, "{path:?}");
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("firm.counterfoil");
        std::fs::copy(&path, &copy).unwrap();
        let system = counterfoil::secrets::Entropy::system();
        let store = counterfoil::cli::house::open_with(&copy, &key(), 1 << 20, true, &system).unwrap();
        assert_eq!(faults(&store), Vec::<String>::new(), "{path:?}");
        store
            .read(|r| {
                assert_eq!(r.firm()?.party.name, "Hartmann & Finch LLP");
                let invoice = r.invoice_numbered(&"HF-2026-0001".parse().unwrap())?.unwrap();
                assert_eq!(r.invoice_row(invoice)?.unwrap().open(), eur(60_00));
                Ok::<_, StoreError>(())
            })
            .unwrap();
        opened += 1;
    }
    assert_eq!(opened, counterfoil::store::SCHEMA_VERSION, "a schema lacks its data file");
}

#[test]
fn an_altered_a_removed_and_a_cut_log_are_told() {
    type Damage = fn(&mut redb::Table<'_, u64, &'static [u8]>);
    let alter: Damage = |t| {
        let mut bytes = t.get(3).unwrap().unwrap().value().to_vec();
        let at = bytes.len() - 40;
        bytes[at] ^= 1;
        t.insert(3, bytes.as_slice()).unwrap();
    };
    let remove: Damage = |t| drop(t.remove(4).unwrap());
    let cut: Damage = |t| drop(t.remove(6).unwrap());
    for damage in [alter, remove, cut] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        let store = plain(&path);
        let keys = EvidenceKeys::draw(&Entropy::seeded(3));
        let keep = move |w: &mut WriteTx<'_>| {
            w.put_evidence_keys(&keys)?;
            add("First".to_owned())(w)
        };
        store.write_blocking(By::command_line(), Timestamp::UNIX_EPOCH, keep).unwrap();
        for n in 0..5 {
            store.write_blocking(By::command_line(), Timestamp::UNIX_EPOCH, add(format!("C{n}"))).unwrap();
        }
        store.close();
        drop(store);
        let database = Database::open(&path).unwrap();
        let tx = database.begin_write().unwrap();
        damage(&mut tx.open_table(EVENTS).unwrap());
        tx.commit().unwrap();
        drop(database);
        let faults = faults(&plain(&path));
        assert!(faults.iter().any(|f| f.contains("The chain is broken")), "{faults:?}");
    }
}

/// Each kind of damage is named by the store's own check.
#[tokio::test]
async fn what_contradicts_itself_is_named() {
    type Damage = fn(&mut WriteTx<'_>, &People) -> Result<(), ActError>;
    let table: [(&str, Damage); 11] = [
        ("can't sign in", |w, _| Ok(w.remove_login(&email("ana@marlow.example"))?)),
        ("still signs them in", |w, who| {
            Ok(w.put_login(Person::Contact(who.rita), None, &email("rita@marlow.example"))?)
        }),
        ("not in the lists", |w, _| w.remove_allocation(InvoiceId(1), AllocationId(1)).map(drop).map_err(Into::into)),
        ("What is left", |w, who| {
            let (client, source) = (who.marlow, counterfoil::domain::payment::Source::Receipt(first_receipt()));
            Ok(w.put_unapplied(client, source, eur(9_999)).map(drop)?)
        }),
        ("next look at the reminders", |w, _| Ok(w.set_reminder(InvoiceId(77), Some(Timestamp::UNIX_EPOCH))?)),
        ("can't be right", |w, _| {
            Ok(w.settle_step(InvoiceId(77), 7, counterfoil::store::letters::StepOutcome::Sent)?)
        }),
        ("the last that was given", |w, who| {
            Ok(w.put_project(&Project { id: ProjectId(50), client: who.marlow, name: "New".into(), open: true })?)
        }),
        ("is of client 60, which does not exist", |w, _| {
            Ok(w.put_project(&Project { id: ProjectId(1), client: ClientId(60), name: "New".into(), open: true })?)
        }),
        ("The number HF-2026-0001", |w, _| {
            let mut twin = w.invoice(InvoiceId(1))?.ok_or(Refusal::NotFound)?;
            twin.id = InvoiceId(w.next("invoice")?);
            Ok(w.put_invoice(&twin)?)
        }),
        ("is missing or has another length", |w, _| {
            let mut invoice = w.invoice(InvoiceId(1))?.ok_or(Refusal::NotFound)?;
            if let Some(issue) = &mut invoice.issue {
                issue.pdf.digest.0[0] ^= 1;
            }
            Ok(w.put_invoice(&invoice)?)
        }),
        ("in the outbox: true; it waits: false", |w, _| {
            let letter = w.letters(None, 1)?.remove(0);
            Ok(w.move_letter(&letter, &letter.state, Some(w.now))?)
        }),
    ];
    for (expected, damage) in table {
        let house = TestHouse::new().await.heedless_of_mail().heedless_of_store();
        house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
        house.tick().await;
        house.pay(house.who.marlow, 40_00, vec![]).await;
        assert_eq!(house.verify().faults, Vec::<String>::new());
        let who = house.who;
        house.app.store.housekeep(house.app.now(), move |w| damage(w, &who)).await.unwrap();
        let faults = house.verify().faults;
        assert!(faults.iter().any(|f| f.contains(expected)), "{expected}: {faults:#?}");
    }
}

fn first_receipt() -> counterfoil::domain::ids::ReceiptId {
    counterfoil::domain::ids::ReceiptId(1)
}

#[tokio::test]
async fn nothing_of_a_client_is_readable_in_the_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counterfoil.data");
    let house = TestHouse::in_file(&path).await.heedless_of_mail();
    house.publish(house.who.marlow, "CANARY-77", 100, date(2026, 12, 23)).await;
    house.issue(house.who.marlow, 100, date(2026, 12, 23)).await;
    house.tick().await;
    let canaries = ["Marlow", "Hartmann", "ana@marlow", "CANARY-77", "Lease of Unit 4", "%PDF-", "$argon2id$", "redb"];
    let look = |when: &str| {
        let mut files = 0;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            files += 1;
            for canary in canaries {
                let found = bytes.windows(canary.len()).any(|x| x.eq_ignore_ascii_case(canary.as_bytes()));
                assert!(!found, "{canary} is readable {when}");
            }
        }
        assert!(files > 0);
    };
    look("while the file is open");
    drop(house);
    look("after it was closed");
}

#[tokio::test]
async fn a_wrong_key_opens_nothing_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counterfoil.data");
    drop(TestHouse::in_file(&path).await);
    let before = std::fs::read(&path).unwrap();
    let wrong = crypt::open(&path, &Secret::KeyFile([8; 32].into()), &counterfoil::secrets::Entropy::system());
    assert!(matches!(wrong, Err(OpenError::WrongSecret)), "{wrong:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let again = open_file(&path);
    assert_eq!(again.read(|r| r.firm()).unwrap().party.name, "Hartmann & Finch LLP");
}

/// Names the data file to the child below.
const CHILD: &str = "COUNTERFOIL_TEST_CHILD";
/// Rounds of starting, killing and looking.
const KILLS: usize = 6;

/// Not a test by itself: what the next one starts and kills. It adds clients and tells each once it is acknowledged.
#[test]
fn a_child_writes_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let store = open_file(Path::new(&path));
    let begin = store.read(|r| r.log_length()).unwrap();
    if begin == 0 {
        let keys = EvidenceKeys::draw(&Entropy::seeded(3));
        let keep = move |w: &mut WriteTx<'_>| {
            w.put_evidence_keys(&keys)?;
            add("First".to_owned())(w)
        };
        store.write_blocking(By::command_line(), Timestamp::UNIX_EPOCH, keep).unwrap();
    }
    for n in begin.. {
        store.write_blocking(By::command_line(), Timestamp::UNIX_EPOCH, add(format!("kept-{n:06}"))).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(out, "kept-{n:06}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn what_was_acknowledged_survives_kill_nine() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("counterfoil.data");
    drop(open_file(&path));
    let mut kept: Vec<String> = Vec::new();
    for round in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::a_child_writes_until_it_is_killed", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        kept.extend(lines.by_ref().filter(|l| l.starts_with("kept-")).take(5 + round * 9));
        child.kill().unwrap();
        child.wait().unwrap();
        kept.extend(lines.filter(|l| l.starts_with("kept-") && l.len() == 11));
        let store = open_file(&path);
        let found = store.read(|r| r.clients_by_name("kept-", None, 10_000)).unwrap();
        let found: std::collections::HashSet<String> = found.into_iter().map(|c| c.party.name).collect();
        let lost: Vec<&String> = kept.iter().filter(|k| !found.contains(*k)).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} of {} were acknowledged and are gone", kept.len());
        // Only the firm is missing: the child sets none up.
        assert_eq!(faults(&store).len(), 1, "{:?}", faults(&store));
    }
    assert!(kept.len() >= KILLS * 5);
}
