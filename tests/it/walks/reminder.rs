//! A reminder: planned at issue, queued and sent once at each step, in the window, until the money comes.

use counterfoil::actions::payments;
use counterfoil::domain::letter::Purpose;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;

use crate::house::*;

#[tokio::test]
async fn five_steps_go_once_each_in_the_morning_of_a_business_day() {
    let house = TestHouse::new().await;
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    house.tick().await;
    let first = house.claim("ana@marlow.example");
    let mut went = Vec::new();
    for _ in 0..24 * 75 {
        house.later(SignedDuration::from_hours(1));
        house.tick().await;
        for kept in house.unclaimed() {
            let letter = house.claim("ana@marlow.example");
            assert_eq!(letter.in_reply_to.as_ref(), Some(&first.message_id), "one invoice's letters thread");
            assert_eq!(kept.letter.message_id, letter.message_id);
            went.push(dublin().to_datetime(house.app.now()).date().to_string());
        }
    }
    // Seven days after 23 December, and 14: a Wednesday each. 30 days after: Friday 22 January.
    assert_eq!(went, ["2026-12-16", "2026-12-23", "2026-12-30", "2027-01-06", "2027-01-22"]);
    let letters = house.app.store.read(|r| r.letters_about(id)).unwrap();
    let steps: Vec<i16> = letters
        .iter()
        .filter_map(|l| match l.purpose {
            Purpose::Reminder(_, step) => Some(step),
            _ => None,
        })
        .collect();
    assert_eq!(steps, [-7, 0, 7, 14, 30]);
}

#[tokio::test]
async fn a_part_paid_invoice_is_reminded_and_a_paid_one_taken_back_is_again() {
    let house = TestHouse::new().await;
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    house.tick().await;
    house.claim("ana@marlow.example");
    house.pay(marlow, 40_00, vec![]).await;
    house.at(date(2026, 12, 1), 9);
    house.tick().await;
    house.claim("ana@marlow.example");
    house.pay(marlow, 60_00, vec![]).await;
    let last = house.app.store.read(|r| r.allocations_of(id)).unwrap().pop().unwrap().id;
    let settings = house.app.settings.clone();
    let undo = move |w: &mut WriteTx<'_>, s: &_| payments::undo(w, s, &settings, (id, last), "wrong one");
    house.act(house.who.tom, undo).await.unwrap();
    house.at(date(2026, 12, 8), 9);
    house.tick().await;
    house.claim("ana@marlow.example");
}

#[tokio::test]
async fn an_invoice_published_late_is_not_reminded_of_steps_before() {
    let house = TestHouse::new().await;
    let id = house.publish(house.who.marlow, "OLD-1", 100, date(2026, 11, 13)).await; // ten days past due
    house.tick().await;
    house.claim("ana@marlow.example");
    for day in 24..27 {
        house.at(date(2026, 11, day), 9);
        assert_eq!(house.tick().await.letters, 0, "no letter the morning after");
    }
    house.at(date(2026, 11, 27), 9);
    house.tick().await;
    house.claim("ana@marlow.example");
    assert_eq!(house.app.store.read(|r| r.reminder_steps(id)).unwrap().len(), 4);
}
