//! A mail server that makes itself awaited, and a payment meanwhile: what is committed before a letter leaves counts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use counterfoil::actions::{disputes, people};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::dispute::{Ground, Part, Wish};
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::letter::{Letter, Purpose};
use counterfoil::mail::{Limits, Mailer};
use counterfoil::scheduler;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::house::*;
use crate::outbox::mailer_to;

/// A mail server that waits at one point, until it is told to go on.
pub struct Slow {
    port: u16,
    at: Arc<Point>,
}

struct Point {
    /// The command at which it waits; empty for the greeting.
    verb: &'static str,
    reached: Semaphore,
    go_on: Semaphore,
    /// What it was given, as lines of the wire.
    letters: Mutex<Vec<String>>,
    connections: AtomicUsize,
}

impl Slow {
    pub async fn at(verb: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let point = Point {
            verb,
            reached: Semaphore::new(0),
            go_on: Semaphore::new(0),
            letters: Mutex::default(),
            connections: AtomicUsize::new(0),
        };
        let at = Arc::new(point);
        let kept = Arc::clone(&at);
        tokio::spawn(async move {
            while let Ok((wire, _)) = listener.accept().await {
                kept.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(speak(wire, Arc::clone(&kept)));
            }
        });
        Self { port, at }
    }

    pub fn mailer(&self) -> Arc<Mailer> {
        mailer_to(self.port, Limits { connections: 1, ..Limits::default() })
    }

    /// Waits for nobody any more.
    pub fn let_all_go(&self) {
        self.at.go_on.add_permits(1_000);
    }

    /// Waits until one waits.
    async fn reached(&self) {
        self.at.reached.acquire().await.unwrap().forget();
    }

    /// Waits for the next that waits, and lets it go on.
    async fn go_on(&self) {
        self.reached().await;
        self.at.go_on.add_permits(1);
    }

    fn connections(&self) -> usize {
        self.at.connections.load(Ordering::Relaxed)
    }

    fn letters(&self) -> usize {
        self.at.letters.lock().unwrap().len()
    }
}

impl Point {
    async fn wait(&self, verb: &str) {
        if verb == self.verb {
            self.reached.add_permits(1);
            self.go_on.acquire().await.unwrap().forget();
        }
    }
}

async fn speak(wire: TcpStream, at: Arc<Point>) -> Option<()> {
    let (mut wire, mut line) = (BufReader::new(wire), String::new());
    at.wait("").await;
    wire.write_all(b"220 slow\r\n").await.ok()?;
    loop {
        line.clear();
        if wire.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let verb = line.split([' ', '\r']).next().unwrap_or_default().to_owned();
        at.wait(&verb).await;
        let answer = if verb == "DATA" { "354 go on\r\n" } else { "250 ok\r\n" };
        wire.write_all(answer.as_bytes()).await.ok()?;
        let mut letter = String::new();
        while verb == "DATA" && line != ".\r\n" {
            letter.push_str(&line);
            line.clear();
            if wire.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
        }
        if verb == "DATA" {
            at.letters.lock().unwrap().push(letter);
            wire.write_all(b"250 taken\r\n").await.ok()?;
        }
    }
}

/// A house on the day on which a reminder of its invoice of €100 goes.
async fn due_today() -> (TestHouse, InvoiceId) {
    let house = TestHouse::new().await;
    let id = house.publish(house.who.marlow, "A-1", 100_00, date(2026, 12, 22)).await;
    house.tick().await;
    house.claim("ana@marlow.example");
    house.at(date(2026, 12, 22), 9);
    (house, id)
}

fn reminder(house: &TestHouse, id: InvoiceId) -> Letter {
    let all = house.app.store.read(|r| r.letters_about(id)).unwrap();
    all.into_iter().find(|x| x.purpose == Purpose::Reminder(id, 0)).unwrap()
}

/// Begins the reminder, pays so much while the server waits, and lets it go on; letters handed over.
async fn pay_meanwhile(house: &TestHouse, id: InvoiceId, slow: &Slow, minor: i64) -> usize {
    meanwhile(house, slow, async {
        if minor > 0 {
            house.pay(house.who.marlow, minor, vec![id]).await;
        }
    })
    .await
}

/// Begins what is due, lets something happen while the server waits, and lets it go on; letters handed over.
pub async fn meanwhile(house: &TestHouse, slow: &Slow, what: impl Future<Output = ()>) -> usize {
    let app = house.app.clone();
    let round = tokio::spawn(async move { scheduler::tick(&app).await });
    slow.reached().await;
    what.await;
    slow.at.go_on.add_permits(1);
    assert_eq!(round.await.unwrap().failures, 0);
    slow.letters()
}

#[tokio::test]
async fn a_payment_while_the_server_does_not_greet_keeps_the_reminder_back() {
    let (mut house, id) = due_today().await;
    let slow = Slow::at("").await;
    house.app.mailer = slow.mailer();
    assert_eq!(pay_meanwhile(&house, id, &slow, 100_00).await, 0);
    let letter = reminder(&house, id);
    assert_eq!((letter.state.words(), letter.attempts), ("withdrawn", 0), "it was not even begun");
}

#[tokio::test]
async fn a_payment_while_the_server_thinks_about_the_addresses_keeps_the_reminder_back() {
    for verb in ["MAIL", "RCPT", "DATA"] {
        let (mut house, id) = due_today().await;
        let slow = Slow::at(verb).await;
        house.app.mailer = slow.mailer();
        assert_eq!(pay_meanwhile(&house, id, &slow, 100_00).await, 0, "{verb}");
        assert_eq!(reminder(&house, id).state.words(), "deferred", "{verb}: certainly not taken");
        house.later(SignedDuration::from_mins(2));
        house.tick().await;
        assert_eq!((reminder(&house, id).state.words(), slow.letters()), ("withdrawn", 0), "{verb}");
    }
}

#[tokio::test]
async fn a_part_paid_meanwhile_is_in_the_letter_that_goes_then() {
    let (mut house, id) = due_today().await;
    let slow = Slow::at("RCPT").await;
    house.app.mailer = slow.mailer();
    assert_eq!(pay_meanwhile(&house, id, &slow, 40_00).await, 0);
    house.later(SignedDuration::from_mins(2));
    slow.at.go_on.add_permits(1);
    house.tick().await;
    let letter = reminder(&house, id);
    assert_eq!((letter.state.words(), slow.letters()), ("accepted", 1));
    assert!(letter.text.contains("€60.00"), "{}", letter.text);
    // Quoted-printable: long lines are broken, and a euro is three bytes.
    let given = slow.at.letters.lock().unwrap()[0].replace("=\r\n", "");
    assert!(given.contains("=E2=82=AC60.00") || given.contains("€60.00"), "{given}");
}

#[tokio::test]
async fn what_is_paid_meanwhile_is_not_named_as_open_beside_what_is_asked_for() {
    let mut house = TestHouse::new().await;
    let id = house.publish(house.who.marlow, "A-1", 100_00, date(2026, 12, 22)).await;
    let other = house.publish(house.who.marlow, "A-2", 50_00, date(2027, 2, 1)).await;
    house.tick().await;
    house.claim_all();
    let slow = Slow::at("RCPT").await;
    house.app.mailer = slow.mailer();
    house.at(date(2026, 12, 22), 9);
    assert_eq!(pay_meanwhile(&house, other, &slow, 50_00).await, 0);
    house.later(SignedDuration::from_mins(2));
    slow.at.go_on.add_permits(1);
    house.tick().await;
    let letter = reminder(&house, id);
    assert_eq!((letter.state.words(), slow.letters()), ("accepted", 1));
    assert!(!letter.text.contains("A-2"), "{}", letter.text);
}

#[tokio::test]
async fn a_part_disputed_meanwhile_is_not_asked_for() {
    let (mut house, id) = due_today().await;
    let slow = Slow::at("RCPT").await;
    house.app.mailer = slow.mailer();
    let wish = Wish { part: Part::Amount(40_00), ground: Ground::Price, words: "Too dear.".to_owned() };
    let dispute = async {
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::record(w, s, id, &wish, &dublin());
        house.act(house.who.orla, act).await.unwrap();
    };
    assert_eq!(meanwhile(&house, &slow, dispute).await, 0);
    house.later(SignedDuration::from_mins(2));
    slow.at.go_on.add_permits(1);
    house.tick().await;
    let letter = reminder(&house, id);
    assert_eq!(letter.state.words(), "accepted", "{:?}", letter.state);
    assert!(letter.text.contains("€60.00") && letter.text.contains("disputed"), "{}", letter.text);
}

#[tokio::test]
async fn a_server_that_takes_its_time_gets_the_letter_that_is_still_true() {
    for verb in ["", "RCPT", "DATA"] {
        let (mut house, id) = due_today().await;
        let slow = Slow::at(verb).await;
        house.app.mailer = slow.mailer();
        assert_eq!(pay_meanwhile(&house, id, &slow, 0).await, 1, "{verb}");
        assert_eq!(reminder(&house, id).state.words(), "accepted", "{verb}");
    }
}

#[tokio::test]
async fn told_to_stop_while_the_server_does_not_greet_nothing_is_begun() {
    let (mut house, id) = due_today().await;
    let slow = Slow::at("").await;
    house.app.mailer = slow.mailer();
    let (tell, stop) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(scheduler::run(house.app.clone(), stop));
    slow.reached().await;
    tell.send(true).unwrap();
    running.await.unwrap();
    let letter = reminder(&house, id);
    assert_eq!((letter.state.words(), letter.attempts, slow.letters()), ("queued", 0, 0));
}

/// Until something is so, which another task sees to: it goes on as soon as it is, and gives up after minutes only.
async fn until(so: impl Fn() -> bool) {
    for _ in 0..12_000 {
        if so() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("it does not come");
}

/// Reminders to five people, for a server that two may go to at once; the invoices.
async fn five_people(house: &mut TestHouse, slow: &Slow) -> [InvoiceId; 2] {
    let (orla, marlow) = (house.who.orla, house.who.marlow);
    for name in ["paula", "pia", "pat"] {
        let new = new_contact(name, &format!("{name}@marlow.example"), rights(true, true, true));
        house.act(orla, move |w, s| people::add_contact(w, s, marlow, &new)).await.unwrap();
    }
    let due = date(2026, 12, 22);
    let ids =
        [house.publish(marlow, "A-1", 100_00, due).await, house.publish(house.who.kestrel, "K-1", 50_00, due).await];
    house.tick().await;
    house.claim_all();
    house.at(due, 9);
    house.app.mailer = mailer_to(slow.port, Limits { connections: 2, ..Limits::default() });
    ids
}

fn reminders_in(house: &TestHouse, ids: [InvoiceId; 2], state: &str) -> usize {
    let all = |id| house.app.store.read(|r| r.letters_about(id)).unwrap();
    let due = |x: &Letter| matches!(x.purpose, Purpose::Reminder(_, 0)) && x.state.words() == state;
    ids.into_iter().flat_map(all).filter(due).count()
}

/// Lets one letter go, and waits until another one is begun beside the two that have a connection.
async fn one_begun_without_connection(house: &TestHouse, ids: [InvoiceId; 2], slow: &Slow) {
    until(|| reminders_in(house, ids, "sending") == 2).await;
    slow.go_on().await;
    until(|| reminders_in(house, ids, "sending") == 3).await;
    assert_eq!((reminders_in(house, ids, "accepted"), slow.connections()), (1, 2), "as many as are allowed");
}

#[tokio::test]
async fn a_letter_that_is_begun_while_all_connections_are_in_use_is_kept_back_by_a_payment() {
    for paid in [false, true] {
        let mut house = TestHouse::new().await;
        let slow = Slow::at("RCPT").await;
        let ids = five_people(&mut house, &slow).await;
        let app = house.app.clone();
        let round = tokio::spawn(async move { scheduler::tick(&app).await });
        one_begun_without_connection(&house, ids, &slow).await;
        if paid {
            house.pay(house.who.marlow, 100_00, vec![ids[0]]).await;
            house.pay(house.who.kestrel, 50_00, vec![ids[1]]).await;
        }
        for _ in 0..if paid { 3 } else { 4 } {
            slow.go_on().await;
        }
        assert_eq!(round.await.unwrap().failures, 0);
        assert_eq!((slow.letters(), slow.connections()), (if paid { 1 } else { 5 }, 2));
        assert_eq!(reminders_in(&house, ids, "deferred"), if paid { 3 } else { 0 });
        house.later(SignedDuration::from_mins(5));
        house.tick().await;
        assert_eq!(reminders_in(&house, ids, "withdrawn"), if paid { 4 } else { 0 }, "nothing is open any more");
    }
}

#[tokio::test]
async fn told_to_stop_what_is_begun_without_a_connection_is_put_off() {
    let mut house = TestHouse::new().await;
    let slow = Slow::at("RCPT").await;
    let ids = five_people(&mut house, &slow).await;
    let (tell, stop) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(scheduler::run(house.app.clone(), stop));
    one_begun_without_connection(&house, ids, &slow).await;
    tell.send(true).unwrap();
    until(|| reminders_in(&house, ids, "deferred") == 1).await;
    for _ in 0..2 {
        slow.go_on().await;
    }
    running.await.unwrap();
    assert_eq!((reminders_in(&house, ids, "accepted"), slow.letters()), (3, 3));
    assert_eq!((reminders_in(&house, ids, "deferred"), reminders_in(&house, ids, "queued")), (1, 1));
}
