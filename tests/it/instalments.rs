//! Reminders of an invoice in instalments when what is asked for goes from one to the next and back: by a payment, by
//! one that was taken back, and by a dispute.

use counterfoil::actions::{disputes, payments, policies};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::dispute::{Ground, Part, Wish};
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::{InvoiceId, ReceiptId};
use counterfoil::domain::letter::{Letter, Purpose};
use counterfoil::domain::payment::Cause;
use counterfoil::domain::policy::Channel;
use counterfoil::mail::Verdict;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::{Date, date};

use crate::handover::{Slow, meanwhile};
use crate::house::*;

const ANA: &str = "ana@marlow.example";

/// Instalments of €400.00 on 1 December, 12 January and 12 February.
async fn in_three(house: &TestHouse) -> InvoiceId {
    let days = [date(2026, 12, 1), date(2027, 1, 12), date(2027, 2, 12)];
    house.in_instalments(&days, 400_00).await.0
}

async fn dispute(house: &TestHouse, id: InvoiceId) {
    let wish = Wish { part: Part::Amount(400_00), ground: Ground::Price, words: "Not agreed.".to_owned() };
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::record(w, s, id, &wish, &dublin());
    house.act(house.who.tom, act).await.unwrap();
}

async fn take_it_back(house: &TestHouse, id: InvoiceId) {
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::withdraw_recorded(w, s, id, &dublin());
    house.act(house.who.tom, act).await.unwrap();
}

async fn returned(house: &TestHouse, receipt: ReceiptId) {
    let (settings, on) = (house.app.settings.clone(), house.app.today());
    let back = payments::TakingBack { on, cause: Cause::Returned, reason: String::new() };
    house.act(house.who.tom, move |w, s| payments::reverse(w, s, &settings, receipt, &back)).await.unwrap();
}

/// Goes to the middle of a day, has the scheduler look twice, and gives the subjects of Ana's reminders.
async fn on(house: &TestHouse, day: Date) -> Vec<String> {
    house.at(day, 12);
    house.tick().await;
    house.later(SignedDuration::from_mins(5));
    house.tick().await;
    let all = house.unclaimed().into_iter().filter(|x| x.letter.to_address == ANA);
    let out = all.map(|x| x.letter.subject).collect();
    house.claim_all();
    out
}

/// The newest letter of a step.
fn of_step(house: &TestHouse, id: InvoiceId, step: i16) -> Letter {
    let mut all = house.app.store.read(|r| r.letters_about(id)).unwrap();
    all.retain(|x| x.purpose == Purpose::Reminder(id, step));
    all.pop().unwrap()
}

#[tokio::test]
async fn what_is_paid_or_disputed_while_the_letter_goes_is_not_replaced_by_the_next_instalment() {
    for disputed in [false, true] {
        let mut house = TestHouse::new().await;
        let id = in_three(&house).await;
        on(&house, date(2026, 11, 25)).await;
        house.at(date(2026, 12, 1), 9);
        let (slow, memory) = (Slow::at("RCPT").await, house.app.mailer.clone());
        house.app.mailer = slow.mailer();
        let what = async {
            match disputed {
                true => dispute(&house, id).await,
                false => drop(house.pay(house.who.marlow, 400_00, vec![id]).await),
            }
            // Staff are told of a dispute.
            slow.let_all_go();
        };
        meanwhile(&house, &slow, what).await;
        assert_eq!(of_step(&house, id, 0).state.words(), "deferred");
        house.app.mailer = memory;
        assert_eq!(on(&house, date(2026, 12, 1)).await, Vec::<String>::new(), "the next is due in January");
        let letter = of_step(&house, id, 0);
        assert_eq!(letter.state.words(), "withdrawn", "{:?}", letter.state);
        if disputed {
            take_it_back(&house, id).await;
            assert_eq!(on(&house, date(2026, 12, 2)).await.len(), 1, "its day passed, and it is asked for again");
            assert_eq!(of_step(&house, id, 0).id, letter.id, "the same letter");
        }
        assert_eq!(on(&house, date(2027, 1, 5)).await.len(), 1, "the reminder before the second");
    }
}

#[tokio::test]
async fn a_dispute_that_is_over_asks_for_no_second_call_and_the_log_stays_true() {
    let house = TestHouse::new().await;
    let id = in_three(&house).await;
    let mut policy = house.app.store.read(|r| r.policy()).unwrap();
    policy.steps.iter_mut().filter(|x| x.offset == 7).for_each(|x| x.by = Channel::Call);
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, 0, &policy, "calls");
    house.act(house.who.orla, act).await.unwrap();
    on(&house, date(2026, 11, 23)).await;
    for (day, letters) in [(date(2026, 11, 24), 1), (date(2026, 12, 1), 1), (date(2026, 12, 8), 0)] {
        assert_eq!(on(&house, day).await.len(), letters, "{day}");
    }
    let calls = |house: &TestHouse| house.log().iter().filter(|x| matches!(x, Event::CallAskedFor { .. })).count();
    assert_eq!(calls(&house), 1);
    for day in [10, 12] {
        house.at(date(2026, 12, day), 9);
        dispute(&house, id).await;
        assert_eq!(on(&house, date(2026, 12, day)).await.len(), 0);
        house.at(date(2026, 12, day + 1), 9);
        take_it_back(&house, id).await;
        assert_eq!(on(&house, date(2026, 12, day + 1)).await.len(), 0, "what was done is done");
    }
    assert_eq!(calls(&house), 1, "nobody is called twice");
    let untrue = |x: &&Event| matches!(x, Event::ReminderSuperseded { .. } | Event::ReminderExpired { .. });
    assert_eq!(house.log().iter().filter(untrue).count(), 0, "what went did go");
    assert_eq!(on(&house, date(2026, 12, 15)).await.len(), 1, "the next step");
    assert!(house.verify().is_clean(), "{:#?}", house.verify());
}

#[tokio::test]
async fn a_letter_that_waited_for_the_second_instalment_goes_once_the_first_is_paid_again() {
    let house = TestHouse::new().await;
    let id = in_three(&house).await;
    on(&house, date(2026, 11, 24)).await;
    let receipt = house.pay(house.who.marlow, 400_00, vec![id]).await;
    on(&house, date(2026, 12, 1)).await;
    house.at(date(2027, 1, 5), 9);
    house.mail.answer_to(ANA, Some(Verdict::Deferred { reason: "busy".to_owned() }));
    house.tick().await;
    let waits = of_step(&house, id, -7);
    assert_eq!(waits.state.words(), "deferred");
    returned(&house, receipt).await;
    assert_eq!(of_step(&house, id, -7).state.words(), "withdrawn", "the first is asked for again");
    house.pay(house.who.marlow, 400_00, vec![id]).await;
    house.mail.answer_to(ANA, None);
    assert_eq!(on(&house, date(2027, 1, 5)).await.len(), 1);
    let went = of_step(&house, id, -7);
    assert_eq!((went.id, went.state.words()), (waits.id, "accepted"), "the same letter");
    assert_eq!(on(&house, date(2027, 1, 6)).await.len(), 0, "once");
}
