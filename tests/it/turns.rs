//! Whose letter goes first: what somebody waits for, then news, then what goes to everybody; and none waits for ever.

use counterfoil::actions::reminders::{self, Rules};
use counterfoil::actions::sessions;
use counterfoil::clock::Clock;
use counterfoil::domain::event::By;
use counterfoil::domain::ids::LetterId;
use counterfoil::domain::letter::{Letter, Purpose, Urgency};
use counterfoil::scheduler::Rota;
use counterfoil::secrets::{Entropy, Token};
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;

use crate::house::*;
use crate::outbox::Sink;

/// Somebody asks to be let in; the letter.
async fn ask(house: &TestHouse) -> Letter {
    let request = Token::draw(&Entropy::seeded(1)).digest();
    let ana = email("ana@marlow.example");
    let act = move |w: &mut WriteTx<'_>| sessions::ask_sign_in(w, &ana, request, None);
    house.app.store.write(By::command_line(), house.app.now(), act).await.unwrap();
    house.app.store.read(|r| r.letters(None, 1)).unwrap().remove(0)
}

/// So many more letters as this one.
async fn copies(house: &TestHouse, letter: Letter, count: u64) {
    let act = move |w: &mut WriteTx<'_>| {
        for n in 0..count {
            let (key, message_id) = (format!("{}/{n}", letter.key), format!("{}-{n}", letter.message_id));
            let copy = Letter { id: LetterId(w.next("letter")?), key, message_id, ..letter.clone() };
            w.put_new_letter(&copy)?;
        }
        Ok::<_, ActError>(())
    };
    house.app.store.housekeep(house.app.now(), act).await.unwrap();
}

/// What the sink took so far, in order.
fn urgencies(house: &TestHouse, sink: &Sink) -> Vec<Urgency> {
    let local = |id: &String| id.trim_matches(['<', '>']).split('@').next().unwrap().to_owned();
    let letter = |id: &String| house.app.store.read(|r| r.letter_of_message(&local(id))).unwrap().unwrap();
    let of = |id: &String| house.app.store.read(|r| r.letter(letter(id))).unwrap().unwrap().purpose.urgency();
    sink.taken().iter().map(of).collect()
}

#[tokio::test]
async fn a_sign_in_letter_goes_before_ten_thousand_that_wait_for_their_turn() {
    let sink = Sink::start().await;
    let mut house = TestHouse::new().await.heedless_of_mail().heedless_of_store();
    house.app.mailer = sink.mailer(20, 1);
    let id = house.publish(house.who.marlow, "A-1", 100_00, date(2026, 12, 23)).await;
    let letter = house.app.store.read(|r| r.letters_about(id)).unwrap().remove(0);
    copies(&house, letter, 10_000).await;
    assert_eq!(house.tick().await.letters, 1);
    house.later(SignedDuration::from_secs(1));
    ask(&house).await;
    house.later(SignedDuration::from_secs(2));
    assert_eq!(house.tick().await.letters, 1);
    house.later(SignedDuration::from_secs(3));
    assert_eq!(house.tick().await.letters, 1);
    assert_eq!(urgencies(&house, &sink), [Urgency::News, Urgency::Awaited, Urgency::News]);
}

#[tokio::test]
async fn a_sign_in_letter_goes_before_news_and_news_before_reminders() {
    let house = TestHouse::new().await.heedless_of_mail();
    let first = house.publish(house.who.marlow, "A-1", 100_00, date(2026, 12, 22)).await;
    house.tick().await;
    house.at(date(2026, 12, 22), 9);
    let zone = house.app.settings.zone.clone();
    let look = move |w: &mut WriteTx<'_>| {
        let rules = Rules::now(w, &zone)?;
        reminders::look(w, first, &rules)
    };
    assert_eq!(house.app.store.housekeep(house.app.now(), look).await.unwrap(), 1);
    house.later(SignedDuration::from_secs(1));
    house.publish(house.who.marlow, "A-2", 100_00, date(2027, 1, 22)).await;
    house.later(SignedDuration::from_secs(1));
    ask(&house).await;
    let due = house.app.store.read(|r| r.letters_due(house.app.now(), 10)).unwrap();
    let purpose = |id: &LetterId| house.app.store.read(|r| r.letter(*id)).unwrap().unwrap().purpose;
    let kinds: Vec<Urgency> = due.iter().map(|id| purpose(id).urgency()).collect();
    assert_eq!(kinds, [Urgency::Awaited, Urgency::News, Urgency::Bulk]);
    assert!(due.iter().any(|id| matches!(purpose(id), Purpose::Reminder(_, 0))));
    assert_eq!(house.app.store.read(|r| r.letters_due(house.app.now(), 2)).unwrap(), due[..2]);
    let next = house.app.store.read(|r| r.next_letter_due()).unwrap().unwrap();
    assert_eq!(next, house.app.now() - SignedDuration::from_secs(2), "the soonest of all kinds");
}

#[tokio::test]
async fn many_that_somebody_waits_for_do_not_keep_the_others_waiting_for_ever() {
    let sink = Sink::start().await;
    let mut house = TestHouse::new().await.heedless_of_mail().heedless_of_store();
    house.app.mailer = sink.mailer(20, 1);
    house.publish(house.who.marlow, "A-1", 100_00, date(2026, 12, 23)).await;
    let letter = ask(&house).await;
    copies(&house, letter, 20).await;
    let mut rota = Rota::new(None);
    for _ in 0..6 {
        assert_eq!(rota.tick(&house.app).await.letters, 1);
        house.later(SignedDuration::from_secs(3));
    }
    let (first, news) = (Urgency::Awaited, Urgency::News);
    assert_eq!(urgencies(&house, &sink), [first, first, first, first, news, first]);
}

#[tokio::test]
async fn a_run_ends_after_a_minute_so_that_the_rest_of_the_scheduler_has_its_turn() {
    let sink = Sink::start().await;
    let mut house = TestHouse::new().await.heedless_of_mail().heedless_of_store();
    let id = house.publish(house.who.marlow, "A-1", 100_00, date(2026, 12, 23)).await;
    let letter = house.app.store.read(|r| r.letters_about(id)).unwrap().remove(0);
    copies(&house, letter, 200).await;
    house.app.mailer = sink.mailer(60, 1);
    house.app.clock = Clock::paced(house.app.now(), 50);
    let mut rota = Rota::new(None);
    let first = rota.tick(&house.app).await.letters;
    assert!((1..=65).contains(&first), "a letter a second: {first}");
    assert!(rota.next_due(&house.app).unwrap().is_some_and(|at| at <= house.app.now() + SignedDuration::from_secs(60)));
    assert!(rota.tick(&house.app).await.letters > 0, "and the next goes on");
}
