//! The outbox towards a mail server: a letter that can't be prepared is set aside alone, and letters keep the pace that
//! the server's operator asked for.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use counterfoil::actions::policies;
use counterfoil::actions::reminders::{self, Rules};
use counterfoil::app::App;
use counterfoil::clock::Clock;
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::letter::{Letter, LetterState};
use counterfoil::mail::{Limits, Mailer, Security, SmtpMailer, SmtpSettings, Timeouts};
use counterfoil::scheduler::{self, Rota};
use counterfoil::secrets::Entropy;
use counterfoil::store::ROOM_KEPT;
use counterfoil::store::crypt::{self, Cipher};
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;
use redb::{Database, TableDefinition};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::auth::signed_in;
use crate::faults::disk::FaultDisk;
use crate::house::*;
use crate::store::plain;

const INVOICES: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("invoices");
const POLICIES: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("policies");

fn letter(app: &App, id: InvoiceId) -> Letter {
    app.store.read(|r| r.letters_about(id)).unwrap().remove(0)
}

#[tokio::test]
async fn a_letter_that_can_t_be_prepared_is_set_aside_with_its_error_and_the_others_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut house = TestHouse::seeded_on_store(plain(&path), 1).await.heedless_of_store();
    let mut ids = Vec::new();
    for n in 1..=3 {
        ids.push(house.publish(house.who.marlow, &format!("A-{n}"), 100_00, date(2026, 12, 23)).await);
    }
    // What the second is about can't be read any more.
    house.app.store.close();
    house.app.store = {
        let database = Database::open(&path).unwrap();
        let tx = database.begin_write().unwrap();
        let cut = |table: &mut redb::Table<'_, u64, &[u8]>| {
            let bytes = redb::ReadableTable::get(table, ids[1].0).unwrap().unwrap().value()[..3].to_vec();
            table.insert(ids[1].0, bytes.as_slice()).unwrap();
        };
        cut(&mut tx.open_table(INVOICES).unwrap());
        tx.commit().unwrap();
        drop(database);
        plain(&path)
    };
    scheduler::tick(&house.app).await;
    let state = |n: usize| letter(&house.app, ids[n]).state;
    for sent in [0, 2] {
        assert!(matches!(state(sent), LetterState::Accepted(..)), "{:?}", state(sent));
    }
    let LetterState::Failed(_, why) = state(1) else { panic!("{:?}", state(1)) };
    assert!(why.contains("could not be prepared") && why.contains("invoice"), "{why}");
    assert_eq!(house.claim_all(), 2);
    // Nobody tries it again by itself.
    house.later(SignedDuration::from_hours(5));
    scheduler::tick(&house.app).await;
    assert_eq!(house.claim_all(), 0);
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let failed = orla.get("/desk/letters?state=failed").await.text();
    assert!(failed.contains("Not delivered") && failed.contains("could not be prepared"), "{failed}");
}

#[tokio::test]
async fn a_letter_on_which_the_data_file_contradicts_itself_is_set_aside_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut house = TestHouse::seeded_on_store(plain(&path), 1).await.heedless_of_store();
    let id = house.publish(house.who.marlow, "A-1", 100_00, date(2026, 12, 22)).await;
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 12, 22), 9);
    let zone = house.app.settings.zone.clone();
    let look = move |w: &mut WriteTx<'_>| {
        let rules = Rules::now(w, &zone)?;
        reminders::look(w, id, &rules)
    };
    assert_eq!(house.app.store.housekeep(house.app.now(), look).await.unwrap(), 1);
    for version in 0..2 {
        let mut policy = house.app.store.read(|r| r.policy()).unwrap();
        policy.steps.truncate(4 - version as usize);
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, version, &policy, "fewer");
        house.act(house.who.orla, act).await.unwrap();
    }
    // The version in between is gone.
    house.app.store.close();
    house.app.store = {
        let database = Database::open(&path).unwrap();
        let tx = database.begin_write().unwrap();
        tx.open_table(POLICIES).unwrap().remove(1).unwrap().unwrap();
        tx.commit().unwrap();
        drop(database);
        plain(&path)
    };
    scheduler::tick(&house.app).await;
    let all = house.app.store.read(|r| r.letters_about(id)).unwrap();
    let LetterState::Failed(_, why) = &all.last().unwrap().state else { panic!("{all:?}") };
    assert!(why.contains("could not be prepared: version 1 of the reminder policy is not there"), "{why}");
}

#[tokio::test]
async fn while_the_store_takes_nothing_the_mail_server_is_not_asked_without_a_pause() {
    let (sink, disk) = (Sink::start().await, FaultDisk::default());
    crypt::create_on(disk.clone(), &[key()], Cipher::for_this_machine(), &Entropy::seeded(4)).unwrap();
    let opened = crypt::open_on(disk.clone(), &key(), &Entropy::seeded(5)).unwrap();
    let store = Store::open(opened.backend, 8 << 20, opened.needs_check).unwrap();
    let mut house = TestHouse::on_store(store).await.heedless_of_mail();
    let mut rota = Rota::new(None);
    rota.tick(&house.app).await;
    for n in 0..15 {
        house.publish(house.who.marlow, &format!("A-{n}"), 100_00, date(2026, 12, 23)).await;
    }
    house.app.mailer = sink.mailer(0, 1);
    disk.set_room(Some(ROOM_KEPT - 1));
    let ticked = rota.tick(&house.app).await;
    assert_eq!((ticked.failures, ticked.letters), (1, 0), "so that the scheduler waits before it goes on");
    assert_eq!((sink.connections(), sink.count()), (1, 0));
    disk.set_room(None);
    assert_eq!((rota.tick(&house.app).await.letters, sink.count()), (15, 15));
}

/// A mailer to a server of this machine that takes letters without a sign-in.
pub fn mailer_to(port: u16, limits: Limits) -> Arc<Mailer> {
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        security: Security::PlainLoopback,
        username: None,
        password: None,
        ca_file: None,
        hello_name: "portal.example".to_owned(),
        dns: Vec::new(),
        dkim: None,
        limits,
        timeouts: Timeouts::default(),
    };
    Arc::new(Mailer::Smtp(Box::new(SmtpMailer::new(settings).unwrap())))
}

/// Takes every letter; the Message-IDs, in order.
pub struct Sink {
    port: u16,
    taken: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let (kept, count) = (Arc::clone(&taken), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((wire, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(take(wire, Arc::clone(&kept)));
            }
        });
        Self { port, taken, connections }
    }

    /// How often somebody connected.
    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// A mailer to it that hands over so many letters a minute, up to `burst` at once.
    pub fn mailer(&self, per_minute: u32, burst: u32) -> Arc<Mailer> {
        mailer_to(self.port, Limits { connections: burst, per_minute, ..Limits::default() })
    }

    /// The Message-IDs so far, in the order in which they came.
    pub fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.taken.lock().unwrap().len()
    }

    fn distinct(&self) -> usize {
        self.taken.lock().unwrap().iter().collect::<HashSet<_>>().len()
    }
}

async fn take(wire: TcpStream, taken: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let (mut wire, mut line, mut within) = (BufReader::new(wire), String::new(), false);
    wire.write_all(b"220 sink\r\n").await.ok()?;
    loop {
        line.clear();
        if wire.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if within {
            if let Some(id) = line.strip_prefix("Message-ID: ") {
                taken.lock().unwrap().push(id.trim().to_owned());
            }
            within = line != ".\r\n";
        } else {
            within = line.starts_with("DATA");
        }
        let answer = match line.split([' ', '\r']).next().unwrap_or_default() {
            "DATA" => "354 go on\r\n",
            "QUIT" => "221 bye\r\n",
            _ if within => "",
            _ => "250 ok\r\n",
        };
        wire.write_all(answer.as_bytes()).await.ok()?;
    }
}

/// A house with five letters that wait for that sink.
async fn five(sink: &Sink, per_minute: u32, burst: u32) -> (TestHouse, Vec<InvoiceId>) {
    let mut house = TestHouse::new().await;
    house.app.mailer = sink.mailer(per_minute, burst);
    let mut ids = Vec::new();
    for n in 1..=5 {
        ids.push(house.publish(house.who.marlow, &format!("A-{n}"), 100_00, date(2026, 12, 23)).await);
    }
    (house, ids)
}

#[tokio::test]
async fn letters_beyond_the_pace_wait_for_their_turn_and_none_fails() {
    let sink = Sink::start().await;
    // Every three seconds one: longer than a round waits.
    let (house, ids) = five(&sink, 20, 2).await;
    assert_eq!((house.tick().await.letters, sink.count()), (2, 2), "a burst at once");
    for sent in 3..=5 {
        assert_eq!(house.tick().await.letters, 0, "not before its turn");
        let next = Rota::new(None).next_due(&house.app).unwrap().unwrap();
        assert_eq!(next, house.app.now() + SignedDuration::from_secs(3), "and the scheduler sleeps until then");
        house.later(SignedDuration::from_secs(3));
        assert_eq!((house.tick().await.letters, sink.count()), (1, sent));
    }
    assert_eq!(sink.distinct(), 5);
    let states = ids.iter().map(|id| letter(&house.app, *id));
    for letter in states {
        assert!(matches!(letter.state, LetterState::Accepted(..)) && letter.attempts == 1, "{letter:?}");
    }
}

#[tokio::test]
async fn a_short_wait_for_the_next_turn_is_part_of_the_round() {
    let sink = Sink::start().await;
    let (mut house, _) = five(&sink, 60, 1).await;
    let started = house.app.now();
    house.app.clock = Clock::paced(started, 20);
    assert_eq!((house.tick().await.letters, sink.distinct()), (5, 5));
    let took = house.app.now().duration_since(started);
    assert!(took >= SignedDuration::from_secs(4), "four turns of a second each: {took:?}");
}

#[tokio::test]
async fn what_goes_along_with_another_takes_no_turn() {
    let sink = Sink::start().await;
    let mut house = TestHouse::new().await.heedless_of_mail();
    for n in 1..=12 {
        house.publish(house.who.marlow, &format!("A-{n}"), 100_00, date(2026, 12, 22)).await;
    }
    house.publish(house.who.kestrel, "K-1", 100_00, date(2026, 12, 22)).await;
    house.tick().await;
    house.at(date(2026, 12, 22), 9);
    house.app.mailer = sink.mailer(60, 1);
    let started = house.app.now();
    house.app.clock = Clock::paced(started, 5);
    house.tick().await;
    assert_eq!(sink.count(), 2, "one letter for each");
    let took = house.app.now().duration_since(started);
    assert!(took < SignedDuration::from_secs(9), "a turn of a second for each letter: {took:?}");
}
