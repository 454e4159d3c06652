//! Letters that tell of what happened to an account or to the firm, queued with the change itself.

use counterfoil::actions::{firm, people};
use counterfoil::domain::firm::Firm;
use counterfoil::domain::person::Role;
use counterfoil::store::prelude::*;

use super::{browser, link_in, signed_in};
use crate::house::{PASSWORD, TestHouse, dublin, email, hartmann, new_contact, rights};

const NEW: &str = "seven lanterns over wet slate";

fn plain(text: &str) {
    assert!(!text.contains("http") && !text.contains(NEW), "{text}");
}

#[tokio::test]
async fn whoever_s_password_is_set_or_changed_is_told_by_letter() {
    let house = TestHouse::new().await;
    browser(&house).post_as_is("/password", &[("email", "ana@marlow.example")]).await;
    house.tick().await;
    let link = link_in(&house.claim("ana@marlow.example").text);
    browser(&house).post_as_is(&link, &[("password", NEW)]).await;
    house.tick().await;
    let told = house.claim("ana@marlow.example");
    assert_eq!(told.subject, "Your password for Hartmann & Finch LLP was set");
    assert!(told.text.contains("on 23 November 2026 at 09:00 (Europe/Dublin)"), "{}", told.text);
    plain(&told.text);
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    orla.get("/desk/account").await;
    let changed = orla.post("/desk/account/password", &[("current", PASSWORD), ("new", NEW)]).await;
    assert_eq!(changed.location(), "/desk/account?done=1", "{}", changed.text());
    house.tick().await;
    plain(&house.claim("orla@hartmann.example").text);
}

#[tokio::test]
async fn a_new_address_is_told_to_the_old_one_and_to_the_new_one() {
    let house = TestHouse::new().await;
    let id = house.who.ana;
    let mut new = new_contact("Ana Ruiz", "ANA@marlow.example", rights(true, true, true));
    let same = new.clone();
    house.act(house.who.orla, move |w, scope| people::change_contact(w, scope, &dublin(), id, &same)).await.unwrap();
    house.tick().await;
    assert_eq!(house.unclaimed().len(), 0, "the same address, written otherwise");
    new.email = email("ana@kilns.example");
    house.act(house.who.orla, move |w, scope| people::change_contact(w, scope, &dublin(), id, &new)).await.unwrap();
    house.tick().await;
    let (old, new) = (house.claim("ana@marlow.example"), house.claim("ana@kilns.example"));
    assert!(old.subject.contains("no longer sign in") && old.text.contains("Orla Byrne changed"), "{}", old.text);
    assert!(new.subject.contains("with this address now"), "{}", new.subject);
    assert!(!old.text.contains("kilns") && !new.text.contains("marlow"), "neither address is told the other");
    [old, new].iter().for_each(|letter| plain(&letter.text));
}

#[tokio::test]
async fn new_bank_details_are_told_to_every_owner_and_nothing_else_is() {
    let house = TestHouse::new().await;
    let tom = house.who.tom;
    let owner = people::NewStaff {
        name: "Tom Hartmann".to_owned(),
        email: house.app.store.read(|r| r.staff(tom)).unwrap().unwrap().email,
        role: Role::Owner,
        only_clients: None,
        active: true,
        invite: false,
    };
    house.act(house.who.orla, move |w, scope| people::change_staff(w, scope, &dublin(), tom, &owner)).await.unwrap();
    house.tick().await;
    assert_eq!(house.claim_all(), 2, "a new owner is told to both");
    let mut new = hartmann();
    new.trade = String::new();
    let (other, known) = (new.clone(), hartmann());
    house
        .act(house.who.orla, move |w, scope| firm::change(w, scope, &dublin(), (&other, &known), "trade"))
        .await
        .unwrap();
    house.tick().await;
    assert_eq!(house.unclaimed().len(), 0);
    new.bank.iban = "IE29AIBK93115212345678".to_owned();
    let (bank, known) = (new.clone(), Firm { trade: String::new(), ..hartmann() });
    house
        .act(house.who.orla, move |w, scope| firm::change(w, scope, &dublin(), (&bank, &known), "bank"))
        .await
        .unwrap();
    house.tick().await;
    assert_eq!(house.unclaimed().len(), 2, "both owners");
    let told = house.claim("orla@hartmann.example");
    assert!(told.text.contains("Orla Byrne changed the bank details") && !told.text.contains("IE29"), "{}", told.text);
    house.claim_all();
    // Somebody who confirmed a change of the details as they were does not undo one that came in between.
    let stale = house
        .act(house.who.orla, move |w, scope| firm::change(w, scope, &dublin(), (&hartmann(), &hartmann()), "stale"))
        .await;
    assert!(stale.is_err());
    let (before, reached) = (new.clone(), Firm { phone: "+353 1 555 0199".to_owned(), ..new });
    house
        .act(house.who.orla, move |w, scope| firm::change(w, scope, &dublin(), (&reached, &before), "phone"))
        .await
        .unwrap();
    house.tick().await;
    let told = house.claim("orla@hartmann.example");
    assert!(told.text.contains("changed how clients reach Hartmann & Finch LLP"), "{}", told.text);
    assert_eq!(house.claim_all(), 1, "the other owner");
}
