//! The plan of reminders tells the truth: to whom, at which time by whose clocks, and what is one letter.

use counterfoil::actions::outlook::{Outlook, as_letters, outlook, outlook_of, soon};
use counterfoil::actions::{people, policies, restored};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::By;
use counterfoil::domain::ids::ContactId;
use counterfoil::domain::policy::{Policy, Reach};
use counterfoil::store::prelude::*;
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

use super::calendar::by_clocks_of;
use crate::auth::signed_in;
use crate::house::{TestHouse, new_contact, rights};

/// One more contact of Marlow.
async fn another(house: &TestHouse, name: &str, address: &str, leads: bool) -> ContactId {
    let marlow = house.who.marlow;
    let new = people::NewContact { leads, ..new_contact(name, address, rights(true, true, !leads)) };
    house
        .act(house.who.orla, move |w: &mut WriteTx<'_>, s: &StaffScope| people::add_contact(w, s, marlow, &new))
        .await
        .unwrap()
}

pub(super) async fn change(house: &TestHouse, edit: impl FnOnce(&mut Policy)) {
    let kept = house.app.store.read(|r| r.policy_now()).unwrap();
    let mut policy = kept.policy;
    edit(&mut policy);
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, kept.version, &policy, "tried it");
    house.act(house.who.orla, act).await.unwrap();
}

fn until(house: &TestHouse, days: i64) -> Timestamp {
    house.app.now() + SignedDuration::from_hours(24 * days)
}

/// (when, to whom, how many invoices) of the letters ahead.
fn letters(all: &Outlook) -> Vec<(String, String, usize)> {
    let goes = as_letters(&all.coming).into_iter().filter(|x| x.goes);
    goes.map(|x| (x.at.to_string(), x.words, x.about.len())).collect()
}

/// What the three views of the plan say, which is the same.
fn ahead(house: &TestHouse, days: i64) -> Vec<(String, String, usize)> {
    let (settings, now, end) = (&house.app.settings, house.app.now(), until(house, days));
    let (all, of_one, soon) = house
        .app
        .store
        .read(|r| -> Result<_, StoreError> {
            let of_one = outlook_of(r, settings, now, end, house.who.marlow)?;
            Ok((outlook(r, settings, now, end, |_| true)?, of_one, soon(r, settings, now, 100, |_| true)?))
        })
        .unwrap();
    let first = letters(&all);
    assert_eq!(letters(&of_one), first, "of the client");
    assert_eq!(letters(&soon)[..first.len()], first, "of today");
    first
}

#[tokio::test]
async fn everybody_is_in_the_plan_at_their_own_morning_also_once_the_letter_is_queued() {
    let house = TestHouse::new().await.heedless_of_mail();
    let nell = another(&house, "Nell York", "nell@marlow.example", false).await;
    by_clocks_of(&house, house.who.ana, "Pacific/Auckland").await;
    by_clocks_of(&house, nell, "America/New_York").await;
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    house.tick().await;
    let ana = "Goes to Ana Ruiz (16 Dec 08:00 by the clocks of Pacific/Auckland)";
    let nell = "Goes to Nell York (16 Dec 08:00 by the clocks of America/New_York)";
    let line = |at: &str, words: &str| (at.to_owned(), words.to_owned(), 1);
    let expected = [line("2026-12-15T19:00:00Z", ana), line("2026-12-16T13:00:00Z", nell)];
    let told = ahead(&house, 25);
    let name = |x: &(String, String, usize)| (x.0.clone(), x.1.split(" (").nth(1).map(str::to_owned));
    assert_eq!(told.iter().map(name).collect::<Vec<_>>(), expected.iter().map(name).collect::<Vec<_>>(), "{told:?}");
    // Ana’s went; Nell’s waits in the outbox for her morning.
    house.at(date(2026, 12, 15), 19);
    house.tick().await;
    let told = ahead(&house, 2);
    assert_eq!(told.iter().map(name).collect::<Vec<_>>(), [name(&expected[1])], "{told:?}");
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let waiting = orla.get("/desk/letters?state=waiting").await.text();
    for part in ["on 16 Dec 13:00", "16 Dec 08:00 by the clocks of America/New_York"] {
        assert!(waiting.contains(part), "{part} in {waiting}");
    }
    let calendar = orla.get("/desk/reminders?day=2026-12-16").await.text();
    assert!(calendar.contains("Nell York (16 Dec 08:00") && !calendar.contains("Goes to Ana"), "{calendar}");
    house.at(date(2026, 12, 16), 13);
    house.tick().await;
    assert_eq!(house.app.store.read(|r| r.reminders_waiting(9)).unwrap(), []);
    let states = house.app.store.read(|r| r.letters_about(id)).unwrap();
    assert!(states.iter().all(|x| x.state.words() == "accepted"), "{states:?}");
}

#[tokio::test]
async fn a_person_is_told_of_all_that_falls_on_a_day_in_one_letter_whoever_else_gets_some_of_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    another(&house, "Paula Marlow", "paula@marlow.example", true).await;
    change(&house, |policy| {
        policy.steps.iter_mut().find(|x| x.offset == 0).unwrap().to = Reach::Both;
        policy.steps.iter_mut().find(|x| x.offset == 7).unwrap().to = Reach::Lead;
    })
    .await;
    house.issue(house.who.marlow, 100_00, date(2026, 12, 8)).await;
    house.issue(house.who.marlow, 200_00, date(2026, 12, 1)).await;
    house.at(date(2026, 12, 7), 9);
    house.tick().await;
    let told = ahead(&house, 2);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|x| x.1.starts_with("Goes to Ana") && x.2 == 1), "{told:?}");
    assert!(told.iter().any(|x| x.1 == "Goes to Paula Marlow" && x.2 == 2), "{told:?}");
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get("/desk").await.text();
    let next = page.split("Going out next").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(next.matches("One letter about 2 invoices:").count(), 1, "{next}");
    house.claim_all();
    house.at(date(2026, 12, 8), 9);
    house.tick().await;
    assert_eq!(house.unclaimed().len(), 2, "as the plan says");
}

#[tokio::test]
async fn while_letters_are_held_back_the_plan_says_that_none_goes() {
    let house = TestHouse::new().await.heedless_of_mail();
    house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    house.later(SignedDuration::from_mins(1));
    let taken = house.app.now();
    house.later(SignedDuration::from_hours(1));
    let note = move |w: &mut WriteTx<'_>| restored::note_restore(w, taken);
    house.app.store.write(By::command_line(), house.app.now(), note).await.unwrap();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let ahead = orla.get("/desk/reminders").await.text();
    let ahead = ahead.split("id=\"ahead\"").nth(1).unwrap();
    for part in ["Letters are held back.", "once an owner lets letters go"] {
        assert!(ahead.contains(part), "{part} in {ahead}");
    }
    let waiting = orla.get("/desk/letters?state=waiting").await.text();
    assert!(waiting.contains("Held back until an owner lets letters go"), "{waiting}");
    let today = orla.get("/desk").await.text();
    assert!(today.split("Going out next").nth(1).unwrap().contains("held back until an owner"), "{today}");
}
