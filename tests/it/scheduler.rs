//! The scheduler's promises: what goes, what waits, what is never sent twice.

use counterfoil::actions::{invoices, letters, people};
use counterfoil::domain::event::By;
use counterfoil::domain::letter::{LetterState, Purpose};
use counterfoil::domain::person::Person;
use counterfoil::mail::{Mailer, Verdict};
use counterfoil::scheduler;
use counterfoil::store::letters::StepOutcome;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;
use std::sync::Arc;
use std::time::Duration;

use crate::house::*;

fn deferred() -> Verdict {
    Verdict::Deferred { reason: "busy".to_owned() }
}

fn states(house: &TestHouse, id: counterfoil::domain::ids::InvoiceId) -> Vec<(Purpose, &'static str)> {
    let all = house.app.store.read(|r| r.letters_about(id)).unwrap();
    all.iter().map(|l| (l.purpose, l.state.words())).collect()
}

#[tokio::test]
async fn without_a_way_out_letters_wait() {
    let mut house = TestHouse::new().await;
    let open = Arc::clone(&house.app.mailer);
    house.app.mailer = Arc::new(Mailer::Nowhere);
    let id = house.publish(house.who.marlow, "A-1", 100, date(2026, 12, 23)).await;
    assert_eq!(house.tick().await.letters, 0);
    assert_eq!(states(&house, id), [(Purpose::Issued(id), "queued")]);
    house.app.mailer = open;
    house.tick().await;
    house.claim("ana@marlow.example");
}

#[tokio::test]
async fn after_a_restore_only_letters_that_let_somebody_in_go_until_the_owner_releases_the_others() {
    use counterfoil::actions::{restored, sessions};
    use counterfoil::secrets::{Entropy, Token};
    let house = TestHouse::new().await.heedless_of_mail();
    let ask = |seed: u64| {
        let request = Token::draw(&Entropy::seeded(seed)).digest();
        let ana = email("ana@marlow.example");
        let act = move |w: &mut WriteTx<'_>| sessions::ask_sign_in(w, &ana, request, None);
        house.app.store.write(By::command_line(), house.app.now(), act)
    };
    ask(1).await.unwrap();
    let id = house.publish(house.who.marlow, "A-1", 100, date(2026, 12, 23)).await;
    house.later(SignedDuration::from_mins(1));
    let taken = house.app.now();
    let noted = house.app.store.write(By::command_line(), taken, move |w| restored::note_restore(w, taken));
    noted.await.unwrap();
    assert_eq!(house.tick().await.letters, 0, "neither the invoice nor the sign-in letter of the backup goes");
    house.later(SignedDuration::from_mins(1));
    ask(2).await.unwrap();
    let ana = email("ana@marlow.example");
    let asked = house.app.store.write(By::command_line(), house.app.now(), move |w| sessions::ask_password(w, &ana));
    asked.await.unwrap();
    house.publish(house.who.marlow, "A-2", 100, date(2026, 12, 23)).await;
    assert_eq!(house.tick().await.letters, 2);
    let sent: Vec<_> = house.mail.letters().into_iter().map(|k| k.letter.subject).collect();
    assert_eq!(sent.len(), 2, "{sent:?}");
    assert_eq!(states(&house, id), [(Purpose::Issued(id), "queued")]);
    house.release_letters().await;
    house.tick().await;
    assert_eq!(states(&house, id), [(Purpose::Issued(id), "accepted")]);
}

#[tokio::test]
async fn notes_of_visits_are_cleared_away_after_a_day() {
    use counterfoil::actions::visits::{self, hour_of};
    use counterfoil::store::events::Visited;
    let house = TestHouse::new().await.heedless_of_mail();
    let id = house.publish(house.who.marlow, "A-1", 100, date(2026, 12, 23)).await;
    let open = || {
        let (ana, number) = (house.who.ana, "A-1".parse().unwrap());
        let pass = counterfoil::store::scope::Pass { contact: ana, only: None };
        house.app.store.write(By::command_line(), house.app.now(), move |w| visits::opened(w, pass, &number))
    };
    let noted = |hour| {
        let (ana, what) = (house.who.ana, Visited::Invoice(id));
        house.app.store.read(|r| r.visit_logged(ana, what, hour)).unwrap()
    };
    let first = hour_of(house.app.now());
    open().await.unwrap();
    house.later(SignedDuration::from_hours(20));
    let second = hour_of(house.app.now());
    open().await.unwrap();
    house.tick().await;
    assert!(noted(first) && noted(second));
    house.later(SignedDuration::from_hours(6));
    house.tick().await;
    assert!(!noted(first) && noted(second));
}

#[tokio::test]
async fn one_refused_letter_keeps_no_other_waiting() {
    let house = TestHouse::new().await;
    let (a, b) = (house.who.marlow, house.who.kestrel);
    house.mail.answer_next(Verdict::Refused { reason: "no such mailbox".to_owned() });
    let first = house.publish(a, "A-1", 100, date(2026, 12, 23)).await;
    let second = house.publish(b, "A-2", 100, date(2026, 12, 23)).await;
    house.tick().await;
    let mut words = [states(&house, first)[0].1, states(&house, second)[0].1];
    words.sort_unstable();
    assert_eq!(words, ["accepted", "failed"]);
    assert_eq!(house.claim_all(), 1);
}

#[tokio::test]
async fn after_downtime_only_the_latest_missed_step_goes() {
    let house = TestHouse::new().await;
    let id = house.publish(house.who.marlow, "A-1", 100, date(2026, 12, 23)).await;
    house.tick().await;
    house.claim("ana@marlow.example");
    house.at(date(2027, 1, 8), 10); // −7, 0, 7 and 14 days have passed
    house.tick().await;
    assert!(house.claim("ana@marlow.example").auto_submitted);
    assert_eq!(states(&house, id)[1..], [(Purpose::Reminder(id, 14), "accepted")]);
    let steps = house.app.store.read(|r| r.reminder_steps(id)).unwrap();
    let expected = [
        (-7, StepOutcome::Expired),
        (0, StepOutcome::Superseded),
        (7, StepOutcome::Superseded),
        (14, StepOutcome::Sent),
    ];
    assert_eq!(steps, expected);
}

#[tokio::test]
async fn a_reminder_that_waits_gives_way_to_payment_and_to_a_later_step() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = house.publish(house.who.marlow, "A-1", 100, date(2026, 12, 22)).await;
    house.tick().await;
    house.at(date(2026, 12, 22), 9);
    house.mail.answer_next(deferred());
    house.tick().await;
    house.at(date(2026, 12, 29), 9);
    house.mail.answer_next(deferred());
    house.tick().await;
    let expected = [(Purpose::Reminder(id, 0), "withdrawn"), (Purpose::Reminder(id, 7), "deferred")];
    assert_eq!(states(&house, id)[1..], expected, "the later step took the place of the first");
    house.pay(house.who.marlow, 100, vec![]).await;
    house.later(SignedDuration::from_hours(1));
    assert_eq!(house.tick().await.letters, 0);
    assert_eq!(states(&house, id)[2].1, "withdrawn");
}

#[tokio::test]
async fn a_deferred_reminder_waits_for_the_next_sending_window() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = house.publish(house.who.marlow, "A-1", 100, date(2026, 12, 18)).await; // a Friday
    house.tick().await;
    house.at(date(2026, 12, 18), 17);
    for _ in 0..2 {
        house.mail.answer_next(deferred());
        house.tick().await;
        house.later(SignedDuration::from_mins(40));
    }
    assert_eq!(house.tick().await.letters, 0, "it is after six");
    house.at(date(2026, 12, 20), 12);
    assert_eq!(house.tick().await.letters, 0, "it is Sunday");
    house.at(date(2026, 12, 21), 8);
    house.tick().await;
    assert_eq!(states(&house, id)[1], (Purpose::Reminder(id, 0), "accepted"));
}

#[tokio::test]
async fn what_a_crash_left_in_mid_send_is_uncertain_and_a_reminder_is_not_sent_again() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = house.publish(house.who.marlow, "A-1", 100, date(2026, 12, 22)).await;
    let first = begin(&house).await;
    assert_eq!(scheduler::recover(&house.app).await.unwrap(), 1);
    assert_eq!(states(&house, id), [(Purpose::Issued(id), "deferred")], "an issue letter is tried again");
    house.later(SignedDuration::from_mins(5));
    house.tick().await;
    assert_eq!(house.claim("ana@marlow.example").message_id, first, "with the same Message-ID");

    house.at(date(2026, 12, 22), 9);
    let look = move |w: &mut WriteTx<'_>| {
        let rules = counterfoil::actions::reminders::Rules::now(w, &dublin())?;
        counterfoil::actions::reminders::look(w, id, &rules)
    };
    house.app.store.housekeep(house.app.now(), look).await.unwrap();
    begin(&house).await;
    scheduler::recover(&house.app).await.unwrap();
    for _ in 0..48 {
        house.later(SignedDuration::from_mins(30));
        house.tick().await;
    }
    assert_eq!(states(&house, id)[1], (Purpose::Reminder(id, 0), "uncertain"));
    assert_eq!(house.unclaimed().len(), 0);
}

/// Begins the hand-over of the letter that is due, and goes no further; its Message-ID.
async fn begin(house: &TestHouse) -> String {
    let (app, now) = (&house.app, house.app.now());
    let id = app.store.read(|r| r.letters_due(now, 1)).unwrap()[0];
    let (entropy, settings) = (app.entropy.clone(), app.settings.clone());
    let sender = letters::Sender::of(&settings);
    let parcel = app.store.housekeep(now, move |w| letters::begin(w, id, &entropy, &sender)).await.unwrap();
    parcel.unwrap().outgoing.message_id
}

#[tokio::test]
async fn nobody_revoked_or_without_the_right_gets_a_letter() {
    let house = TestHouse::new().await;
    let who = house.who;
    let id = house.publish(who.marlow, "A-1", 100, date(2026, 12, 22)).await;
    house.act(who.tom, move |w, s| people::revoke_contact(w, s, who.ana)).await.unwrap();
    house.tick().await;
    assert_eq!(states(&house, id), [(Purpose::Issued(id), "withdrawn")]);
    house.at(date(2026, 12, 22), 9);
    house.tick().await;
    let steps = house.app.store.read(|r| r.reminder_steps(id)).unwrap();
    assert_eq!(steps.last(), Some(&(0, StepOutcome::Skipped)), "nobody is left to remind, and the log says so");
}

#[tokio::test]
async fn a_letter_given_up_is_tried_again_from_the_start_when_staff_say_so() {
    let house = TestHouse::new().await;
    let who = house.who;
    let id = house.publish(who.marlow, "A-1", 100, date(2026, 12, 22)).await;
    for _ in 0..counterfoil::domain::letter::ATTEMPTS_MAX {
        house.mail.answer_next(deferred());
        house.tick().await;
        house.later(SignedDuration::from_hours(7));
    }
    let letter = house.app.store.read(|r| r.letters_about(id)).unwrap().remove(0);
    assert!(matches!(letter.state, LetterState::Failed(..)), "{:?}", letter.state);
    assert_eq!((letter.to, letter.attempts), (Person::Contact(who.ana), counterfoil::domain::letter::ATTEMPTS_MAX));
    let decide = move |w: &mut WriteTx<'_>, s: &_| letters::decide(w, s, letter.id, letters::Decision::SendAgain);
    house.act(who.tom, decide).await.unwrap();
    house.mail.answer_next(deferred());
    house.tick().await;
    assert_eq!(states(&house, id), [(Purpose::Issued(id), "deferred")]);
    house.later(SignedDuration::from_mins(2));
    house.tick().await;
    house.claim("ana@marlow.example");
}

#[tokio::test]
async fn the_running_scheduler_wakes_when_called_and_stops_when_told() {
    let house = TestHouse::new().await;
    let (tell, stop) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(scheduler::run(house.app.clone(), stop));
    tokio::time::sleep(Duration::from_millis(50)).await;
    house.publish(house.who.marlow, "A-1", 100, date(2026, 12, 22)).await;
    house.app.wake.notify_one();
    for _ in 0..100 {
        if !house.unclaimed().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    house.claim("ana@marlow.example");
    tell.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(5), running).await.expect("it stops").unwrap();
}

#[tokio::test]
async fn expired_sessions_and_links_are_swept_once_an_hour() {
    let house = TestHouse::new().await;
    let publication = house.publication(house.who.marlow, "A-1", 100, date(2027, 12, 22));
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    invoices::publish(&house.app, by, &scope, publication).await.unwrap();
    house.tick().await;
    house.claim_all();
    let mut rota = scheduler::Rota::default();
    house.at(date(2027, 3, 1), 7);
    house.trust_the_clock().await;
    assert_eq!(rota.tick(&house.app).await.swept, 1, "the document's link of November");
    assert_eq!(rota.tick(&house.app).await.swept, 0);
}
