//! The time machine under an unchanged policy: it differs only where people or standstills made a difference, and says
//! which.

use counterfoil::actions::letters::{self, Decision};
use counterfoil::actions::policy_effect::Changed;
use counterfoil::actions::policy_past::{Past, past};
use counterfoil::actions::policy_why::why;
use counterfoil::actions::{disputes, invoices, promises, stops};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::dispute::{Ground, Part, Wish as Disputed};
use counterfoil::domain::letter::{Letter, LetterState, Purpose};
use counterfoil::domain::promise::Wish;
use counterfoil::domain::terms::{Instalment, Terms};
use counterfoil::mail::Verdict;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::{Date, date};

use super::calendar::by_clocks_of;
use crate::auth::signed_in;
use crate::house::{TestHouse, dublin, eur};

async fn live(house: &TestHouse, until: Date) {
    while dublin().to_datetime(house.app.now()).date() <= until {
        house.tick().await;
        house.claim_all();
        house.later(SignedDuration::from_hours(4));
    }
}

fn looked_back(house: &TestHouse) -> Past {
    house.app.store.read(|r| past(r, &dublin(), &r.policy()?, house.app.now(), |_| true)).unwrap()
}

#[tokio::test]
async fn it_goes_by_the_clocks_of_the_readers_and_counts_what_may_have_gone() {
    let house = TestHouse::new().await;
    by_clocks_of(&house, house.who.ana, "Pacific/Kiritimati").await;
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 9)).await;
    live(&house, date(2026, 11, 29)).await;
    house.mail.answer_next(Verdict::Uncertain { reason: "broke off".to_owned() });
    live(&house, date(2026, 12, 20)).await;
    let uncertain = house.app.store.read(|r| r.letters_about(id)).unwrap();
    let uncertain = uncertain.iter().find(|x| matches!(x.state, LetterState::Uncertain(..))).unwrap();
    assert_eq!(uncertain.purpose, Purpose::Reminder(id, -7));
    let found = looked_back(&house);
    assert!(found.did() == 3 && found.changed.is_empty(), "{found:?}");
    // Whether it went stays unknown once staff leave it as it is.
    let letter = uncertain.id;
    let leave = move |w: &mut WriteTx<'_>, s: &StaffScope| letters::decide(w, s, letter, Decision::Leave);
    house.act(house.who.orla, leave).await.unwrap();
    let found = looked_back(&house);
    assert!(found.did() == 3 && found.changed.is_empty(), "{found:?}");
}

#[tokio::test]
async fn each_instalment_is_looked_at_for_itself() {
    let house = TestHouse::new().await;
    let at = |due, amount| Instalment { due, amount };
    let (first, last) = (date(2026, 12, 9), date(2027, 1, 13));
    let mut draft = house.draft_of(house.who.marlow, 1_000_00, last);
    draft.terms = Terms { instalments: vec![at(first, 400_00), at(last, 600_00)], early: None };
    let save = move |w: &mut WriteTx<'_>, s: &StaffScope| invoices::save_draft(w, s, None, &draft);
    let id = house.act(house.who.orla, save).await.unwrap();
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    invoices::issue(&house.app, by, &scope, id).await.unwrap();
    live(&house, date(2026, 12, 12)).await;
    house.pay(house.who.marlow, 400_00, vec![id]).await;
    live(&house, date(2027, 1, 22)).await;
    let found = looked_back(&house);
    // A week before each, on each day, and a week after the second.
    assert!(found.did() == 5 && found.changed.is_empty(), "{found:?}");
}

#[tokio::test]
async fn where_it_differs_it_says_what_made_the_difference() {
    let house = TestHouse::new().await;
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    live(&house, date(2026, 11, 27)).await;
    let wish = Wish { day: date(2026, 12, 3), amount: eur(100_00), note: String::new() };
    let promise = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::record(w, s, id, &wish, &dublin());
    house.act(house.who.orla, promise).await.unwrap();
    live(&house, date(2026, 12, 13)).await;
    let ana = house.who.ana;
    house.act(house.who.orla, move |w, s| stops::by_staff(w, s, ana, "on leave")).await.unwrap();
    live(&house, date(2026, 12, 16)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get("/desk/reminders/policy/past").await.text();
    for part in [
        "It differs for 1",
        "On its due date: a payment was promised.",
        "14 days after it was due: nobody at the client gets reminders.",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[tokio::test]
async fn a_dispute_is_the_reason_and_a_promise_that_held_nothing_is_none() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (first, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    let (second, _) = house.issue(house.who.kestrel, 100_00, date(2026, 12, 1)).await;
    live(&house, date(2026, 11, 27)).await;
    let disputed = Disputed { part: Part::Whole, ground: Ground::Price, words: "Two, not three.".to_owned() };
    let raise = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::record(w, s, first, &disputed, &dublin());
    house.act(house.who.orla, raise).await.unwrap();
    let wish = Wish { day: date(2026, 12, 3), amount: eur(1), note: String::new() };
    let promise = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::record(w, s, second, &wish, &dublin());
    house.act(house.who.orla, promise).await.unwrap();
    let sofia = house.who.sofia;
    let stop = move |w: &mut WriteTx<'_>, s: &StaffScope| stops::by_staff(w, s, sofia, "on leave");
    house.act(house.who.orla, stop).await.unwrap();
    live(&house, date(2026, 12, 5)).await;
    let reject = move |w: &mut WriteTx<'_>, s: &StaffScope| {
        disputes::reject(w, s, (first, None), "Three were delivered.", &dublin())
    };
    house.act(house.who.orla, reject).await.unwrap();
    live(&house, date(2026, 12, 9)).await;
    let found = looked_back(&house);
    let why = |id| {
        let of = found.changed.iter().find(|x| x.row.invoice.id == id).unwrap();
        house.app.store.read(|r| why(r, &dublin(), &r.policy()?, of)).unwrap()
    };
    assert_eq!(why(first), ["On its due date: all that is open is disputed."]);
    assert_eq!(why(second)[0], "On its due date: nobody at the client gets reminders.");
}

#[tokio::test]
async fn a_letter_that_was_sent_again_went_when_it_went_first() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    live(&house, date(2026, 12, 1)).await;
    let all = house.app.store.read(|r| r.letters_about(id)).unwrap();
    let letter = all.iter().find(|x| x.purpose == Purpose::Reminder(id, 0)).unwrap().clone();
    let bounce = move |w: &mut WriteTx<'_>| {
        let gone = Letter { state: LetterState::Bounced(w.now, "no such mailbox".to_owned()), ..letter.clone() };
        w.move_letter(&gone, &letter.state, None)?;
        Ok(())
    };
    house.app.store.housekeep(house.app.now(), bounce).await.unwrap();
    house.at(date(2026, 12, 4), 9);
    let letter = all.iter().find(|x| x.purpose == Purpose::Reminder(id, 0)).unwrap().id;
    let again = move |w: &mut WriteTx<'_>, s: &StaffScope| letters::decide(w, s, letter, Decision::SendAgain);
    house.act(house.who.orla, again).await.unwrap();
    live(&house, date(2026, 12, 5)).await;
    let found = looked_back(&house);
    assert!(found.did() == 2 && found.changed.is_empty(), "{found:?}");
}

#[tokio::test]
async fn what_waited_since_a_letter_had_gone_that_day_stood_not_still() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (first, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    house.issue(house.who.marlow, 50_00, date(2026, 12, 1)).await;
    live(&house, date(2026, 12, 2)).await;
    let row = house.app.store.read(|r| r.invoice_row(first)).unwrap().unwrap();
    // As if it had been one too many for the letter of its day; and on a day of no letter.
    for (falls, reason) in [
        (date(2026, 12, 1), "On its due date: a letter had gone to them that day, and it went later."),
        (date(2026, 11, 30), "On its due date: letters stood still on its day, and it went later."),
    ] {
        let of = Changed { row: row.clone(), before: vec![(0, date(2026, 12, 2))], after: vec![(0, falls)] };
        let why = house.app.store.read(|r| why(r, &dublin(), &r.policy()?, &of)).unwrap();
        assert_eq!(why, [reason]);
    }
}
