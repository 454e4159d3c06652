//! A log that was edited, reordered, cut or restamped is found, by the chain or by an anchor kept outside.

use std::path::Path;

use counterfoil::domain::anchor::{Anchor, AnchorCode};
use counterfoil::domain::event::{By, Event, LogEntry};
use counterfoil::secrets::{Entropy, hmac_sha256};
use counterfoil::store::chain::{self, EvidenceKeys};
use counterfoil::store::events::Audit;
use counterfoil::store::prelude::*;
use counterfoil::store::records::Record;
use jiff::{SignedDuration, Timestamp};
use redb::{Database, TableDefinition};

use crate::auth::signed_in;
use crate::desk::desk_of;
use crate::house::*;

const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");
const EVENTS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("events");
const ENTRIES: u64 = 40;

fn open(path: &Path) -> Store {
    let file = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap();
    Store::open(redb::backends::FileBackend::new(file).unwrap(), 1 << 20, false).unwrap()
}

/// A data file that is not encrypted, with a log of [`ENTRIES`]; the anchors after each entry.
fn logged(path: &Path) -> Vec<AnchorCode> {
    let store = open(path);
    let keys = EvidenceKeys::draw(&Entropy::seeded(5));
    let mut anchors = Vec::new();
    for n in 0..ENTRIES {
        let keys = keys.clone();
        let act = move |w: &mut WriteTx<'_>| {
            if n == 0 {
                w.put_evidence_keys(&keys)?;
            }
            Ok(w.record(About::FIRM, Event::FirmChanged { what: format!("change {n}") })?.done(()))
        };
        store.write_blocking(By::command_line(), Timestamp::UNIX_EPOCH, act).unwrap();
        anchors.push(store.read(|r| r.anchor()).unwrap().code());
    }
    store.close();
    anchors
}

type Damage = fn(&mut redb::Table<'_, u64, &'static [u8]>, &mut redb::Table<'_, &'static str, &'static [u8]>);

/// The audit of a log of [`ENTRIES`] after this damage, with the anchors of all entries.
fn damaged(damage: Damage) -> Audit {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let anchors = logged(&path);
    let database = Database::open(&path).unwrap();
    let tx = database.begin_write().unwrap();
    damage(&mut tx.open_table(EVENTS).unwrap(), &mut tx.open_table(META).unwrap());
    tx.commit().unwrap();
    drop(database);
    open(&path).read(|r| r.audit(&anchors, |_, _| ())).unwrap()
}

fn entry(events: &redb::Table<'_, u64, &'static [u8]>, at: u64) -> LogEntry {
    LogEntry::decode(redb::ReadableTable::get(events, at).unwrap().unwrap().value()).unwrap()
}

fn held(audit: &Audit) -> Vec<bool> {
    audit.anchors.iter().map(|(_, held)| *held == Some(true)).collect()
}

#[test]
fn a_whole_log_holds_every_anchor_that_was_ever_made_of_it() {
    let audit = damaged(|_, _| ());
    assert_eq!((audit.fault.as_deref(), audit.found.count), (None, ENTRIES));
    assert!(held(&audit).iter().all(|held| *held), "{audit:?}");
}

#[test]
fn an_edited_or_reordered_log_is_found_without_any_anchor() {
    let edit: Damage = |events, _| {
        let changed = LogEntry { event: Event::FirmChanged { what: "nothing".into() }, ..entry(events, 17) };
        events.insert(17, changed.encode().unwrap().as_slice()).unwrap();
    };
    let swap: Damage = |events, _| {
        let (a, b) = (entry(events, 17), entry(events, 18));
        let a = LogEntry { sequence: 18, previous: b.previous, ..a };
        let b = LogEntry { sequence: 17, previous: entry(events, 17).previous, ..b };
        events.insert(17, b.encode().unwrap().as_slice()).unwrap();
        events.insert(18, a.encode().unwrap().as_slice()).unwrap();
    };
    let drop_one: Damage = |events, _| drop(events.remove(17).unwrap());
    for damage in [edit, swap, drop_one] {
        let audit = damaged(damage);
        assert!(audit.fault.is_some(), "{audit:?}");
        let held = held(&audit);
        assert!(held[..16].iter().all(|held| *held) && held[16..].iter().all(|held| !held), "{held:?}");
    }
}

/// Cuts the log after entry 30, and puts this seal under the head that stood there.
fn cut(
    events: &mut redb::Table<'_, u64, &'static [u8]>,
    meta: &mut redb::Table<'_, &'static str, &'static [u8]>,
    seal: impl Fn(&[u8], &[u8]) -> [u8; 32],
) {
    let link = entry(events, 31).previous;
    (31..=ENTRIES).for_each(|n| drop(events.remove(n).unwrap()));
    let key = redb::ReadableTable::get(meta, "chain-key").unwrap().unwrap().value().to_vec();
    let head = [30_u64.to_be_bytes().as_slice(), &link].concat();
    let head = [head.as_slice(), &seal(&key, &head)].concat();
    meta.insert("chain", head.as_slice()).unwrap();
}

#[test]
fn a_log_cut_at_its_end_is_found_by_its_seal_and_with_the_key_by_an_anchor() {
    let audit = damaged(|events, meta| cut(events, meta, |_, _| [0; 32]));
    assert!(audit.fault.unwrap().contains("not written by this house"));
    let audit = damaged(|events, meta| {
        cut(events, meta, |key, head| hmac_sha256(key, &[b"head".as_slice(), head].concat()));
    });
    assert_eq!(audit.fault, None, "whoever has the key leaves no trace in the file");
    let fates: Vec<Option<bool>> = audit.anchors.iter().map(|(_, held)| *held).collect();
    assert!(fates[..30].iter().all(|x| *x == Some(true)) && fates[30..].iter().all(Option::is_none), "{fates:?}");
}

/// Rewrites entry 17 and everything after it, as somebody can who has the running server's key.
fn restamp(events: &mut redb::Table<'_, u64, &'static [u8]>, meta: &mut redb::Table<'_, &'static str, &'static [u8]>) {
    let key = redb::ReadableTable::get(meta, "chain-key").unwrap().unwrap().value().to_vec();
    let mut links: Vec<[u8; 32]> = (1..=17).map(|n| entry(events, n).previous).collect();
    for n in 17..=ENTRIES {
        let old = entry(events, n);
        let event = if n == 17 { Event::FirmChanged { what: "planted".into() } } else { old.event.clone() };
        let stored = LogEntry { event, previous: links[n as usize - 1], ..old }.encode().unwrap();
        let entry_key = hmac_sha256(&key, &[b"entry".as_slice(), &n.to_be_bytes()].concat());
        let commitment = chain::commitment(&entry_key, &stored);
        let (previous, skipped) = (links[n as usize - 1], links[chain::skip(n) as usize]);
        links.push(chain::link(n, &previous, &skipped, &commitment));
        events.insert(n, stored.as_slice()).unwrap();
    }
    let head = [ENTRIES.to_be_bytes().as_slice(), &links[ENTRIES as usize]].concat();
    let seal = hmac_sha256(&key, &[b"head".as_slice(), &head].concat());
    meta.insert("chain", [head.as_slice(), &seal].concat().as_slice()).unwrap();
}

#[test]
fn a_log_restamped_with_the_key_is_found_by_the_anchors_alone() {
    let audit = damaged(restamp);
    assert_eq!(audit.fault, None, "the chain by itself is as good as new");
    let held = held(&audit);
    assert!(held[..16].iter().all(|held| *held) && held[16..].iter().all(|held| !held), "{held:?}");
}

#[test]
fn an_anchor_of_another_house_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    logged(&path);
    let foreign = Anchor { count: 3, link: [9; 32] }.code();
    let audit = open(&path).read(|r| r.audit(&[foreign], |_, _| ())).unwrap();
    assert_eq!(audit.anchors, [(foreign, Some(false))]);
}

/// The first anchor in a text.
fn anchor_in(text: &str) -> AnchorCode {
    let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.find_map(|word| word.parse().ok()).unwrap_or_else(|| panic!("no anchor in {text}"))
}

#[tokio::test]
async fn letters_statements_and_the_desk_carry_anchors_that_hold() {
    let house = TestHouse::new().await;
    house.issue(house.who.marlow, 100_00, house.app.today()).await;
    house.tick().await;
    let letter = house.claim("ana@marlow.example");
    let html = letter.html.clone().unwrap();
    let mut codes = vec![anchor_in(&letter.text), anchor_in(&html)];
    assert_eq!(codes[0], codes[1]);
    assert!(!letter.text.contains("[[") && !html.contains("[["), "{}", letter.text);
    house.later(SignedDuration::from_mins(5));
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    codes.push(anchor_in(&ana.get("/statement").await.text()));
    let mut desk = desk_of(&house, house.who.orla).await;
    codes.push(anchor_in(&desk.get("/desk/activity").await.text()));
    let mut maeve = desk_of(&house, house.who.maeve).await;
    let part = maeve.get("/desk/activity").await.text();
    assert!(!part.contains("audit verify"), "who sees a part is told nothing of the whole");
    let audit = house.app.store.read(|r| r.audit(&codes, |_, _| ())).unwrap();
    assert!(audit.fault.is_none() && held(&audit).iter().all(|held| *held), "{audit:?}");
}
