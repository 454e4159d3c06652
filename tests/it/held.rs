//! Reminders that wait when a hold comes: they are taken back, and afterwards the latest missed one goes, once and to
//! whom it had not gone; and copies, which go as their letter went.

use counterfoil::actions::letters::{self, Decision};
use counterfoil::actions::payments::{self, TakingBack};
use counterfoil::actions::reminders::{self, Rules};
use counterfoil::actions::{disputes, outlook, pauses, people, policies, promises};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::dispute::{Ground, Part, Wish as Disputed};
use counterfoil::domain::ids::{ContactId, InvoiceId};
use counterfoil::domain::letter::{Letter, Purpose};
use counterfoil::domain::pause::Paused;
use counterfoil::domain::payment::Cause;
use counterfoil::domain::person::Person;
use counterfoil::domain::promise::Wish as Promised;
use counterfoil::mail::{Mailer, Verdict};
use counterfoil::store::letters::StepOutcome;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::{Date, date};

use crate::auth::signed_in;
use crate::house::*;

const ANA: &str = "ana@marlow.example";
const PAULA: &str = "paula@marlow.example";

async fn promise(house: &TestHouse, id: InvoiceId, day: Date, minor: i64) {
    let wish = Promised { day, amount: eur(minor), note: String::new() };
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::record(w, s, id, &wish, &dublin());
    house.act(house.who.tom, act).await.unwrap();
}

async fn dispute(house: &TestHouse, id: InvoiceId) {
    let wish = Disputed { part: Part::Whole, ground: Ground::Price, words: "We ordered two.".to_owned() };
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::record(w, s, id, &wish, &dublin());
    house.act(house.who.tom, act).await.unwrap();
}

async fn reject(house: &TestHouse, id: InvoiceId) {
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::reject(w, s, (id, None), "We did not.", &dublin());
    house.act(house.who.orla, act).await.unwrap();
}

async fn pause(house: &TestHouse, id: InvoiceId, until: Date) {
    let (settings, of) = (house.app.settings.clone(), Paused { client: house.who.marlow, invoice: Some(id) });
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| pauses::pause(w, s, &settings, of, until, "they rang");
    house.act(house.who.tom, act).await.unwrap();
}

/// The reminder of a step to one person.
fn reminder(house: &TestHouse, id: InvoiceId, step: i16, to: Person) -> Option<Letter> {
    let all = house.app.store.read(|r| r.letters_about(id)).unwrap();
    all.into_iter().find(|l| l.purpose == Purpose::Reminder(id, step) && l.to == to)
}

fn state(house: &TestHouse, id: InvoiceId, step: i16, to: ContactId) -> &'static str {
    reminder(house, id, step, Person::Contact(to)).map_or("none", |x| x.state.words())
}

/// An invoice of €77 with a reminder of its step 7 on the 1st of December: Paula has got it; Ana, to whom another
/// letter went that day, is to get it the next morning.
async fn half_gone(house: &TestHouse) -> (InvoiceId, ContactId) {
    let (orla, marlow) = (house.who.orla, house.who.marlow);
    house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    let (id, _) = house.issue(marlow, 77_00, date(2026, 11, 24)).await;
    promise(house, id, date(2026, 12, 9), 77_00).await;
    house.tick().await;
    house.at(date(2026, 12, 1), 9);
    assert_eq!(house.tick().await.letters, 1);
    let new = new_contact("Paula Marlow", PAULA, rights(true, true, true));
    let paula = house.act(orla, move |w, s| people::add_contact(w, s, marlow, &new)).await.unwrap();
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::withdraw_recorded(w, s, id, &dublin());
    house.act(house.who.tom, act).await.unwrap();
    house.later(SignedDuration::from_mins(2));
    house.tick().await;
    house.claim_all();
    assert_eq!([state(house, id, 7, paula), state(house, id, 7, house.who.ana)], ["accepted", "queued"]);
    (id, paula)
}

#[tokio::test]
async fn a_letter_that_waits_when_a_hold_comes_goes_once_when_it_is_over() {
    let until = date(2026, 12, 2);
    // With its grace the promise is over on Saturday the 5th.
    for (hold, goes_on) in [("dispute", 3), ("pause", 3), ("promise", 7)] {
        let house = TestHouse::new().await;
        let (id, paula) = half_gone(&house).await;
        let first = reminder(&house, id, 7, Person::Contact(house.who.ana)).unwrap();
        house.later(SignedDuration::from_hours(5));
        match hold {
            "dispute" => dispute(&house, id).await,
            "pause" => pause(&house, id, until).await,
            _ => promise(&house, id, until, 77_00).await,
        }
        assert_eq!([state(&house, id, 7, paula), state(&house, id, 7, house.who.ana)], ["accepted", "withdrawn"]);
        house.tick().await;
        let page = signed_in(&house, "orla@hartmann.example").await.get(&format!("/desk/invoices/{id}")).await.text();
        for part in ["Went to Paula Marlow", "Withdrawn, to Ana Ruiz", "Held: "] {
            assert!(page.contains(part), "{hold}: {part} in {page}");
        }
        house.at(until, 12);
        house.tick().await;
        house.claim_all();
        if hold == "dispute" {
            house.at(date(2026, 12, goes_on), 8);
            reject(&house, id).await;
        }
        house.at(date(2026, 12, goes_on), 9);
        house.tick().await;
        let to_ana = house.unclaimed().into_iter().filter(|x| x.letter.to_address == ANA);
        let late: Vec<String> = to_ana.map(|x| x.letter.subject).filter(|x| x.contains("late")).collect();
        let days = format!("{} days late", goes_on + 6);
        assert!(late.len() == 1 && late[0].contains(&days), "{hold}: {late:?}");
        let again = reminder(&house, id, 7, Person::Contact(house.who.ana)).unwrap();
        assert_eq!(
            (again.id, again.state.words(), again.attempts),
            (first.id, "accepted", 1),
            "{hold}: the same letter"
        );
        let to_paula = house.unclaimed().into_iter().filter(|x| x.letter.to_address == PAULA);
        assert_eq!(to_paula.filter(|x| x.letter.subject.contains("late")).count(), 0, "{hold}: she had it");
        house.claim_all();
        let steps = house.app.store.read(|r| r.reminder_steps(id)).unwrap();
        assert!(steps.contains(&(7, StepOutcome::Sent)), "{hold}: {steps:?}");
        house.later(SignedDuration::from_hours(2));
        assert_eq!(house.tick().await.letters, 0, "{hold}: once");
    }
}

#[tokio::test]
async fn where_a_later_step_fell_during_the_hold_that_one_goes_alone() {
    let house = TestHouse::new().await;
    let (id, paula) = half_gone(&house).await;
    dispute(&house, id).await;
    // The step of 14 days falls on the 8th.
    house.at(date(2026, 12, 9), 8);
    house.tick().await;
    house.claim_all();
    reject(&house, id).await;
    house.later(SignedDuration::from_mins(1));
    house.tick().await;
    house.at(date(2026, 12, 10), 9);
    house.tick().await;
    house.claim_all();
    for to in [house.who.ana, paula] {
        assert_eq!(state(&house, id, 14, to), "accepted");
    }
    assert_eq!([state(&house, id, 7, paula), state(&house, id, 7, house.who.ana)], ["accepted", "withdrawn"]);
}

#[tokio::test]
async fn what_was_paid_during_a_hold_is_not_reminded_in_arrears_of_it() {
    let house = TestHouse::new().await;
    let (id, _) = half_gone(&house).await;
    dispute(&house, id).await;
    let receipt = house.pay(house.who.marlow, 77_00, vec![id]).await;
    house.at(date(2026, 12, 3), 9);
    house.tick().await;
    let back = TakingBack { on: date(2026, 12, 3), cause: Cause::Returned, reason: "bounced".to_owned() };
    let settings = house.app.settings.clone();
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| payments::reverse(w, s, &settings, receipt, &back);
    house.act(house.who.tom, act).await.unwrap();
    reject(&house, id).await;
    house.later(SignedDuration::from_hours(1));
    house.tick().await;
    house.claim_all();
    assert_eq!(state(&house, id, 7, house.who.ana), "withdrawn");
}

/// Tom gets a copy of every step.
async fn copies_to_tom(house: &TestHouse) {
    let kept = house.app.store.read(|r| r.policy_now()).unwrap();
    let (mut policy, tom) = (kept.policy, house.who.tom);
    policy.steps.iter_mut().for_each(|step| step.copies = vec![tom]);
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, kept.version, &policy, "to see them");
    house.act(house.who.orla, act).await.unwrap();
}

#[tokio::test]
async fn a_copy_goes_as_its_letter_went_whatever_holds_meanwhile() {
    for (verdict, slow) in [(deferred(), false), (refused(), false), (refused(), true)] {
        let mut house = TestHouse::new().await;
        copies_to_tom(&house).await;
        let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
        house.tick().await;
        house.claim_all();
        house.at(date(2026, 12, 1), 9);
        house.mail.answer_next(Verdict::Accepted { response: String::new(), server: String::new() });
        house.mail.answer_next(verdict);
        house.tick().await;
        house.claim(ANA);
        let to = Person::Staff(house.who.tom);
        let copy = reminder(&house, id, 0, to).unwrap();
        promise(&house, id, date(2026, 12, 20), 100_00).await;
        if copy.state.words() == "failed" {
            let again = move |w: &mut WriteTx<'_>, s: &StaffScope| letters::decide(w, s, copy.id, Decision::SendAgain);
            house.act(house.who.orla, again).await.unwrap();
        }
        house.later(SignedDuration::from_mins(3));
        // A mail server, other than memory, has it asked once more whether the letter is still so.
        let sink = crate::outbox::Sink::start().await;
        if slow {
            house.app.mailer = sink.mailer(0, 1);
        }
        house.tick().await;
        let copy = reminder(&house, id, 0, to).unwrap();
        assert_eq!(copy.state.words(), "accepted", "{:?}", copy.state);
        house.claim_all();
    }
}

fn deferred() -> Verdict {
    Verdict::Deferred { reason: "busy".to_owned() }
}

fn refused() -> Verdict {
    Verdict::Refused { reason: "full".to_owned() }
}

#[tokio::test]
async fn what_goes_out_next_is_told_however_many_letters_wait_for_others() {
    let mut house = TestHouse::new().await.heedless_of_mail();
    house.app.mailer = std::sync::Arc::new(Mailer::Nowhere);
    let mut ids = Vec::new();
    for n in 0..35 {
        ids.push(house.publish(house.who.marlow, &format!("M-{n}"), 100_00, date(2026, 12, 1)).await);
    }
    let last = house.publish(house.who.kestrel, "K-1", 100_00, date(2026, 12, 1)).await;
    ids.push(last);
    house.at(date(2026, 12, 1), 9);
    let zone = house.app.settings.zone.clone();
    let look = move |w: &mut WriteTx<'_>| {
        let rules = Rules::now(w, &zone)?;
        ids.iter().try_fold(0, |sum, id| Ok::<_, ActError>(sum + reminders::look(w, *id, &rules)?))
    };
    assert_eq!(house.app.store.housekeep(house.app.now(), look).await.unwrap(), 36);
    let (settings, now, kestrel) = (house.app.settings.clone(), house.app.now(), house.who.kestrel);
    let soon = |of: Option<_>| {
        let sees = |client| of.is_none_or(|of| of == client);
        house.app.store.read(|r| outlook::soon(r, &settings, now, 30, sees)).unwrap()
    };
    let theirs = soon(Some(kestrel));
    assert!(theirs.coming.iter().any(|x| x.waits && x.row.invoice.id == last), "{theirs:?}");
    assert!(soon(None).more, "more wait than were read");
}
