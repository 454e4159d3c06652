//! What desk pages say of small promises, of letters that wait and of what is over: no more and no less than is so.

use axum::http::StatusCode;
use counterfoil::actions::outlook::outlook;
use counterfoil::actions::{disputes, people, policies, promises};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::dispute::{self, Ground, Part};
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::letter::Purpose;
use counterfoil::domain::person::{Person, Role};
use counterfoil::domain::promise::Wish;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::{Date, date};

use super::calendar::by_clocks_of;
use crate::auth::signed_in;
use crate::house::{TestHouse, dublin, email, eur, new_contact, rights};

async fn promise(house: &TestHouse, id: InvoiceId, day: Date, minor: i64) {
    let wish = Wish { day, amount: eur(minor), note: String::new() };
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::record(w, s, id, &wish, &dublin());
    house.act(house.who.tom, act).await.unwrap();
}

#[tokio::test]
async fn a_small_promise_that_runs_is_expected_on_its_day_and_is_not_called_broken() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    promise(&house, id, date(2026, 12, 11), 40_00).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let client = orla.get(&format!("/desk/clients/{}", house.who.marlow)).await.text();
    assert!(client.contains("Promised for 11 December") && !client.contains("Promise not kept."), "{client}");
    let today = orla.get("/desk").await.text();
    assert!(today.contains("id=\"promised\"") && today.contains("€40.00, "), "{today}");
    let csv = orla.get("/desk/receivables/expected.csv").await.text();
    for line in ["\"EUR\",\"2026-11-30\",\"60.00\"", "\"EUR\",\"2026-12-11\",\"40.00\""] {
        assert!(csv.contains(line), "{line}: {csv}");
    }
    house.at(date(2026, 12, 15), 9);
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let client = orla.get(&format!("/desk/clients/{}", house.who.marlow)).await.text();
    assert!(client.contains("Promise not kept."), "{client}");
}

#[tokio::test]
async fn the_page_of_a_letter_that_waits_says_by_whose_clocks_it_goes() {
    let house = TestHouse::new().await.heedless_of_mail();
    by_clocks_of(&house, house.who.ana, "America/New_York").await;
    // Somebody in Dublin has it looked at in Dublin's morning.
    let (marlow, new) = (house.who.marlow, new_contact("Una Bell", "una@marlow.example", rights(true, true, true)));
    house.act(house.who.orla, move |w, s| people::add_contact(w, s, marlow, &new)).await.unwrap();
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    house.tick().await;
    house.at(date(2026, 11, 24), 9);
    house.tick().await;
    let all = house.app.store.read(|r| r.letters_about(id)).unwrap();
    let waits = all.iter().find(|x| x.state.waits() && x.purpose == Purpose::Reminder(id, 0));
    let Some(waits) = waits else { panic!("{all:?}") };
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get(&format!("/desk/letters/{}", waits.id)).await.text();
    assert!(page.contains("08:00 by the clocks of America/New_York), on 24 Nov 13:00."), "{page}");
}

#[tokio::test]
async fn a_copy_is_planned_for_when_the_first_of_its_letters_goes() {
    let house = TestHouse::new().await.heedless_of_mail();
    let kept = house.app.store.read(|r| r.policy_now()).unwrap();
    let (mut policy, tom) = (kept.policy, house.who.tom);
    policy.steps.iter_mut().for_each(|step| step.copies = vec![tom]);
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, kept.version, &policy, "to see them");
    house.act(house.who.orla, act).await.unwrap();
    by_clocks_of(&house, house.who.ana, "Asia/Tokyo").await;
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 11, 26)).await;
    let planned = |house: &TestHouse| {
        let until = house.app.now() + SignedDuration::from_hours(24 * 30);
        let all = house.app.store.read(|r| outlook(r, &house.app.settings, house.app.now(), until, |_| true)).unwrap();
        let of = |person: Person| {
            let mut to = all.coming.iter().filter(|x| x.step == 0 && x.row.invoice.id == id);
            to.find(|x| x.to.iter().any(|to| to.person == person)).map(|x| x.at)
        };
        (of(Person::Contact(house.who.ana)), of(Person::Staff(tom)))
    };
    // 08:00 in Tokyo is the evening before in Dublin.
    let eve = dublin().to_timestamp(date(2026, 11, 25).at(23, 0, 0, 0)).unwrap();
    assert_eq!(planned(&house), (Some(eve), Some(eve)));

    // Another letter goes to her that day: the original waits for the next one, and its copy with it.
    house.issue(house.who.marlow, 50_00, date(2026, 11, 26)).await;
    let second = house.issue(house.who.marlow, 70_00, date(2026, 11, 25)).await.0;
    promise(&house, id, date(2026, 11, 27), 100_00).await;
    house.app.clock.set(eve);
    house.tick().await;
    assert!(house.app.store.read(|r| r.letters_about(second)).unwrap().len() > 1);
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::withdraw_recorded(w, s, id, &dublin());
    house.act(house.who.tom, act).await.unwrap();
    house.later(SignedDuration::from_mins(2));
    house.tick().await;
    let (theirs, copy) = planned(&house);
    assert!(theirs.is_some_and(|at| at > house.app.now() + SignedDuration::from_hours(8)), "{theirs:?}");
    assert_eq!(copy, theirs);
}

#[tokio::test]
async fn a_dispute_with_somebody_who_left_waits_for_somebody_to_be_chosen() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = house.publish(house.who.marlow, "P-1", 100_00, date(2026, 12, 11)).await;
    let wish = dispute::Wish { part: Part::Whole, ground: Ground::Price, words: "1. price\n2. freight".to_owned() };
    let tom = house.who.tom;
    let raise = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::record(w, s, id, &wish, &dublin());
    house.act(house.who.orla, raise).await.unwrap();
    let pass = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::pass_on(w, s, id, tom, &dublin());
    house.act(house.who.orla, pass).await.unwrap();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let form = format!("/desk/invoices/{id}/dispute");
    let page = orla.get(&form).await.text();
    assert!(page.contains("selected>Tom Harbour") && !page.contains("Choose somebody<"), "{page}");
    assert!(page.contains("<span class=\"pre\">1. price\n2. freight</span>"), "{page}");
    let gone = people::NewStaff {
        name: "Tom Harbour".to_owned(),
        email: email("tom@hartmann.example"),
        role: Role::Manager,
        only_clients: None,
        active: false,
        invite: false,
    };
    house.act(house.who.orla, move |w, s| people::change_staff(w, s, &dublin(), tom, &gone)).await.unwrap();
    let page = orla.get(&form).await.text();
    assert!(page.contains("<option value=\"\"") && page.contains("Choose somebody<"), "{page}");
    let nobody = orla.post(&format!("{form}/person"), &[("with", "")]).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
}
