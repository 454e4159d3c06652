//! Clients, their people and projects, as each role sees and changes them.

use axum::http::StatusCode;
use counterfoil::actions::{clients, people};
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::{ClientId, ContactId};
use counterfoil::domain::person::ProjectAccess;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::desk_of;
use crate::house::{TestHouse, dublin, eur, new_client, new_contact, rights};

const FORM: [(&str, &str); 8] = [
    ("name", "Osprey Joinery"),
    ("address", "2 Quay Street\nGalway"),
    ("country", "ie"),
    ("vat_id", "IE 6388047 V"),
    ("reference", "K-104"),
    ("currency", "GBP"),
    ("terms", "14"),
    ("note", "Rings before nine."),
];

/// The form with some fields changed.
fn with<'a>(form: &[(&'a str, &'a str)], changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = form.iter().filter(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    kept.chain(changed).copied().collect()
}

#[tokio::test]
async fn a_client_is_added_listed_and_changed() {
    let house = TestHouse::new().await;
    let mut orla = desk_of(&house, house.who.orla).await;
    assert!(orla.get("/desk/clients/new").await.text().contains("value=\"EUR\""));
    let added = orla.post("/desk/clients/new", &FORM).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
    let page = orla.follow(added.clone()).await.text();
    for expected in
        ["Osprey Joinery", "VAT IE6388047V", "Pays in 14 days", "Rings before nine.", "£0.00", "Nobody yet."]
    {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    let path = added.location().to_owned();
    assert!(orla.get(&format!("{path}/edit")).await.text().contains("2 Quay Street\nGalway"));
    let renamed = with(&FORM, &[("name", "Osprey & Daughters")]);
    assert_eq!(orla.post(&format!("{path}/edit"), &renamed).await.location(), path);
    let found = orla.get("/desk/clients?q=osp").await.text();
    assert!(found.contains("Osprey &amp; Daughters") && !found.contains("Kestrel"), "{found}");
    assert!(orla.get("/desk/clients?q=zzz").await.text().contains("No client’s name starts with that."));
    assert!(house.log().iter().any(|e| matches!(e, Event::ClientChanged { what, .. } if what == "name")));
}

#[tokio::test]
async fn a_second_client_of_one_name_is_meant_and_told_apart() {
    let house = TestHouse::new().await;
    let mut orla = desk_of(&house, house.who.orla).await;
    orla.get("/desk/clients/new").await;
    orla.post("/desk/clients/new", &FORM).await;
    let again = with(&FORM, &[("name", "osprey joinery "), ("reference", "")]);
    let refused = orla.post("/desk/clients/new", &again).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("There is a client called Osprey Joinery already (K-104)."), "{}", refused.text());
    let added = orla.post("/desk/clients/new", &with(&again, &[("namesake", "on")])).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER);
    let number = format!("number {}", added.location().rsplit('/').next().unwrap());
    for list in ["/desk/clients", "/desk/invoices/new"] {
        let page = orla.get(list).await.text();
        assert!(page.contains("K-104") && page.contains(&number), "{list}: {page}");
    }
    // What is changed under its own name asks for nothing.
    let path = added.location().to_owned();
    assert_eq!(orla.post(&format!("{path}/edit"), &again).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn hostile_particulars_are_refused_all_at_once_and_come_back_as_typed() {
    let house = TestHouse::new().await;
    let mut orla = desk_of(&house, house.who.orla).await;
    orla.get("/desk/clients/new").await;
    let long = "x".repeat(300);
    let bad = [
        ("name", "Osprey\r\nBcc: x@y.example"),
        ("address", "1\n2\n3\n4\n5\n6\n7"),
        ("country", "Atlantis"),
        ("vat_id", "<script>"),
        ("reference", &long),
        ("currency", "XYZ"),
        ("terms", "-1"),
        ("manager", "99"),
        ("note", "up\u{202E}side down"),
    ];
    let answer = orla.post("/desk/clients/new", &bad).await;
    let page = answer.text();
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("<title>Error: New client") && page.contains("There are 9 problems"), "{page}");
    for (name, _) in bad {
        assert!(page.contains(&format!("href=\"#f-{name}\"")), "{name} in {page}");
    }
    assert!(page.contains("value=\"&lt;script&gt;\"") && page.contains(&long));
    assert!(!page.contains("<script>"));
    let twice = with(&FORM, &[("name", " \u{2066} ")]);
    assert_eq!(orla.post("/desk/clients/new", &twice).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(house.app.store.read(|r| r.clients_by_name("", None, 10)).unwrap().len(), 2, "nothing was added");
}

#[tokio::test]
async fn a_member_of_one_client_finds_no_other() {
    let house = TestHouse::new().await;
    let who = house.who;
    let mut maeve = desk_of(&house, who.maeve).await;
    let list = maeve.get("/desk/clients").await.text();
    assert!(list.contains("Marlow Ceramics") && !list.contains("Kestrel") && !list.contains("New client"), "{list}");
    assert_eq!(maeve.get(&format!("/desk/clients/{}", who.marlow)).await.status, StatusCode::OK);
    assert!(!maeve.get(&format!("/desk/clients?after={}", who.kestrel)).await.text().contains("Kestrel"));
    let (foreign, absent) = (format!("/desk/clients/{}", who.kestrel), "/desk/clients/999".to_owned());
    for own in ["", "/statement", "/edit", "/contacts/new"] {
        let [seen, gone] = [&foreign, &absent].map(|path| format!("{path}{own}"));
        let (seen, gone) = (maeve.get(&seen).await, maeve.get(&gone).await);
        assert_eq!((seen.status, seen.text()), (gone.status, gone.text()), "{own}");
        assert_eq!(seen.status, StatusCode::NOT_FOUND);
    }
    let sofia = format!("/desk/contacts/{}", who.sofia);
    assert_eq!(maeve.get(&sofia).await.status, StatusCode::NOT_FOUND);
    for path in
        [format!("{sofia}/revoke"), format!("{sofia}/invite"), format!("{foreign}/edit"), format!("{foreign}/projects")]
    {
        assert_eq!(maeve.post(&path, &FORM).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(maeve.post("/desk/clients/new", &FORM).await.status, StatusCode::FORBIDDEN);
    for nonsense in ["x", "-1", "18446744073709551616", "%FF", "1%00"] {
        let path = format!("/desk/clients/{nonsense}");
        assert_eq!(maeve.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn an_auditor_reads_everything_and_changes_nothing() {
    let house = TestHouse::new().await;
    let who = house.who;
    let mut jonas = desk_of(&house, who.jonas).await;
    let client = format!("/desk/clients/{}", who.kestrel);
    let page = jonas.get(&client).await.text();
    assert!(page.contains("Sofia Lindqvist"));
    for act in ["New invoice", "Record a payment", "Add someone", "Add project", "/edit"] {
        assert!(!page.contains(act), "{act} in {page}");
    }
    let contact = format!("/desk/contacts/{}", who.sofia);
    let refused = [
        "/desk/clients/new".to_owned(),
        format!("{client}/edit"),
        format!("{client}/contacts/new"),
        format!("{client}/projects"),
        format!("{contact}/revoke"),
        contact,
        "/desk/settings/firm".to_owned(),
        "/desk/settings/staff/new".to_owned(),
    ];
    for path in refused {
        assert_eq!(jonas.post(&path, &FORM).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn the_page_says_what_is_owed_seen_and_done() {
    let house = TestHouse::new().await.heedless_of_mail();
    let who = house.who;
    let (_, first) = house.issue(who.marlow, 4_136_30, date(2026, 11, 27)).await;
    house.issue(who.marlow, 1_107_00, date(2026, 12, 20)).await;
    house.at(date(2026, 12, 9), 10);
    house.pay(who.marlow, 6_00, vec![]).await;
    let mut orla = desk_of(&house, who.orla).await;
    let client = format!("/desk/clients/{}", who.marlow);
    let page = orla.get(&client).await.text();
    for expected in
        ["€5,237.30", "€4,130.30", "Overdue 12 days, part paid", "Due in 11 days", "Not yet", first.as_str()]
    {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    assert!(page.contains(&format!("{}", who.marlow)) && page.contains("Orla Byrne issued"));
    let money = orla.get(&format!("{client}?topic=money")).await.text();
    assert!(money.contains("recorded a payment of €6.00") && !money.contains("added the contact"), "{money}");
    let settings = orla.get(&format!("{client}?topic=settings&before=5")).await.text();
    assert!(settings.contains("Newest") && !settings.contains("recorded a payment"));
    let statement = orla.get(&format!("{client}/statement?from=2026-11-01&to=2026-12-31")).await.text();
    assert!(statement.contains("€5,237.30") && statement.contains("Received by bank transfer"), "{statement}");
    let wrong = orla.get(&format!("{client}/statement?from=2026-12-31&to=2026-11-01")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.text().contains("The last day must be the first day or later.") && wrong.text().contains("2026-12-31")
    );
    for page in ["statement", "statement.pdf"] {
        let far = orla.get(&format!("{client}/{page}?from=2026-11-01&to=9999-12-31")).await;
        assert_eq!(far.status, StatusCode::UNPROCESSABLE_ENTITY, "{page}");
        assert!(far.text().contains("Enter a date from ") && far.text().contains("9999-12-31"), "{}", far.text());
    }
    let list = orla.get("/desk/clients").await.text();
    assert!(list.contains("€5,237.30") && list.contains("€4,130.30"), "{list}");
}

#[tokio::test]
async fn what_is_dear_in_another_currency_is_never_added_up() {
    let house = TestHouse::new().await.heedless_of_mail();
    let who = house.who;
    house.issue(who.marlow, 100_00, date(2026, 12, 20)).await;
    let gbp = "GBP".parse().unwrap();
    let mut pounds = house.publication(who.marlow, "P-1", 70_00, date(2026, 12, 20));
    pounds.amount = counterfoil::domain::money::Money::new(eur(70_00).minor, gbp);
    let (by, scope) = (house.by(who.orla), house.scope(who.orla));
    counterfoil::actions::invoices::publish(&house.app, by, &scope, pounds).await.unwrap();
    let mut orla = desk_of(&house, who.orla).await;
    let page = orla.get(&format!("/desk/clients/{}", who.marlow)).await.text();
    assert!(page.contains("Owes, EUR") && page.contains("Owes, GBP") && page.contains("£70.00"), "{page}");
    assert!(!page.contains("170.00"));
}

const CONTACT: [(&str, &str); 7] = [
    ("name", "Niamh Daly"),
    ("title", "Their accountant"),
    ("email", "niamh@daly.example"),
    ("phone", "01 555 0163"),
    ("rights", "billing"),
    ("rights", "letters"),
    ("projects", "all"),
];

fn contacts(house: &TestHouse, client: ClientId) -> Vec<counterfoil::domain::person::Contact> {
    house.app.store.read(|r| r.contacts_of(client)).unwrap()
}

#[tokio::test]
async fn a_contact_is_invited_limited_and_revoked() {
    let house = TestHouse::new().await;
    let who = house.who;
    let mut orla = desk_of(&house, who.orla).await;
    let new = format!("/desk/clients/{}/contacts/new", who.marlow);
    orla.get(&new).await;
    let added = orla.post(&new, &with(&CONTACT, &[("invite", "on")])).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
    house.tick().await;
    assert!(house.claim("niamh@daly.example").text.contains("/password/"));
    let niamh = contacts(&house, who.marlow).into_iter().find(|c| c.name == "Niamh Daly").unwrap();
    assert!(niamh.rights.billing && niamh.rights.letters && !niamh.rights.answer);
    let own = format!("/desk/contacts/{}", niamh.id);
    let glaze = who.glaze.to_string();
    let only = with(&CONTACT, &[("projects", "only"), ("project", &glaze)]);
    assert_eq!(orla.post(&own, &only).await.status, StatusCode::SEE_OTHER);
    let again = orla.get(&own).await;
    assert!(again.text().contains("niamh@daly.example"));
    let projects = contacts(&house, who.marlow).into_iter().find(|c| c.id == niamh.id).unwrap().rights.projects;
    assert_eq!(projects, ProjectAccess::Only(vec![who.glaze]));
    house.later(jiff::SignedDuration::from_mins(1));
    orla.post(&format!("{own}/invite"), &[]).await;
    house.tick().await;
    house.claim("niamh@daly.example");
    assert!(orla.get(&format!("{own}/revoke")).await.text().contains("Revoke Niamh Daly’s access?"));
    assert_eq!(orla.post(&format!("{own}/revoke"), &[]).await.status, StatusCode::SEE_OTHER);
    assert!(orla.get(&format!("/desk/clients/{}", who.marlow)).await.text().contains("Revoked"));
    assert_eq!(orla.post(&format!("{own}/invite"), &[]).await.status, StatusCode::NOT_FOUND);
    let kept = || contacts(&house, who.marlow).into_iter().find(|c| c.id == niamh.id).unwrap();
    assert_eq!(orla.post(&own, &with(&only, &[("title", "Of old")])).await.status, StatusCode::SEE_OTHER);
    assert!(!kept().active && kept().title == "Of old", "a form that was open before lets nobody in");
    let page = orla.get(&own).await.text();
    assert!(page.contains("Let them in again") && page.contains("Access revoked."), "{page}");
    let admitted = orla.post(&format!("{own}/admit"), &[]).await;
    assert_eq!(admitted.location(), own, "{}", admitted.text());
    assert!(kept().active && !orla.follow(admitted).await.text().contains("Let them in again"));
    let last = house.log().pop().unwrap();
    assert!(matches!(&last, Event::ContactChanged { what, .. } if what == "let in again"), "{last:?}");
}

#[tokio::test]
async fn whoever_is_let_in_again_has_no_password_and_no_one_else_s_address() {
    let house = TestHouse::new().await;
    let who = house.who;
    let person = counterfoil::domain::person::Person::Contact(who.ana);
    assert!(house.app.store.read(|r| r.password_hash(person)).unwrap().is_some());
    house.act(who.orla, move |w, s| counterfoil::actions::people::revoke_contact(w, s, who.ana)).await.unwrap();
    assert!(house.app.store.read(|r| r.password_hash(person)).unwrap().is_none(), "forgotten");
    let mut orla = desk_of(&house, who.orla).await;
    let own = format!("/desk/contacts/{}", who.ana);
    orla.get(&own).await;
    let new = format!("/desk/clients/{}/contacts/new", who.marlow);
    let other = orla.post(&new, &with(&CONTACT, &[("email", "ana@marlow.example")])).await;
    assert_eq!(other.status, StatusCode::SEE_OTHER, "{}", other.text());
    let refused = orla.post(&format!("{own}/admit"), &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("href=\"#f-email\""), "{}", refused.text());
    assert_eq!(orla.post(&own, &with(&CONTACT, &[("email", "ana@kilns.example")])).await.status, StatusCode::SEE_OTHER);
    assert_eq!(orla.post(&format!("{own}/admit"), &[]).await.location(), own);
    assert!(house.app.store.read(|r| r.password_hash(person)).unwrap().is_none());
    let revoke = format!("{own}/revoke");
    orla.post(&revoke, &[]).await;
    orla.post(&revoke, &[]).await;
}

#[tokio::test]
async fn whoever_of_the_firm_comes_back_has_no_password_either() {
    let house = TestHouse::new().await;
    let who = house.who;
    let person = counterfoil::domain::person::Person::Staff(who.tom);
    let kept = || house.app.store.read(|r| r.password_hash(person)).unwrap();
    let tom = house.app.store.read(|r| r.staff(who.tom)).unwrap().unwrap();
    let as_now = |active| people::NewStaff {
        name: tom.name.clone(),
        email: tom.email.clone(),
        role: tom.role,
        only_clients: None,
        active,
        invite: false,
    };
    assert!(kept().is_some());
    for active in [true, false, true] {
        let new = as_now(active);
        let change = move |w: &mut WriteTx<'_>, s: &_| people::change_staff(w, s, &dublin(), who.tom, &new);
        let had = kept().is_some();
        house.act(who.orla, change).await.unwrap();
        assert_eq!(kept().is_some(), had && active, "{active}");
    }
    let mut orla = desk_of(&house, who.orla).await;
    let page = orla.get(&format!("/desk/settings/staff/{}", who.tom)).await.text();
    assert!(page.contains("Mail a link to set a password"), "{page}");
}

#[tokio::test]
async fn clients_of_one_name_are_told_apart_in_every_list_by_whoever_sees_both() {
    let house = TestHouse::new().await.heedless_of_mail();
    let who = house.who;
    let add = |reference: &str| clients::NewClient { reference: reference.to_owned(), ..new_client("Marlow Ceramics") };
    let twin = add("M-2");
    let twin = house.act(who.orla, move |w, s| clients::add(w, s, &twin)).await.unwrap();
    let reader = new_contact("Ned Marlow", "ned@twin.example", rights(true, false, true));
    house.act(who.orla, move |w, s| people::add_contact(w, s, twin, &reader)).await.unwrap();
    for client in [who.marlow, twin] {
        house.publish(client, &format!("T-{client}"), 12_300, date(2026, 12, 1)).await;
        house.pay(client, 1_00, vec![]).await;
    }
    let (marked, other) = (format!("Marlow Ceramics (number {})", who.marlow), "Marlow Ceramics (M-2)");
    let mut orla = desk_of(&house, who.orla).await;
    for path in ["/desk/invoices", "/desk/payments", "/desk/find?q=marl", "/desk/payments/new?q=m", "/desk/activity"] {
        let page = orla.get(path).await.text();
        assert!(page.contains(other), "{path}: {page}");
        assert!(page.contains(&marked) || page.contains("Marlow Ceramics (M"), "{path}: {page}");
    }
    // Maeve sees one of them only, and learns nothing of the other.
    let mut maeve = desk_of(&house, who.maeve).await;
    let page = maeve.get("/desk/invoices").await.text();
    assert!(page.contains("Marlow Ceramics") && !page.contains("Marlow Ceramics ("), "{page}");
}

#[tokio::test]
async fn a_taken_address_and_a_stranger_s_project_are_field_errors() {
    let house = TestHouse::new().await;
    let who = house.who;
    let mut orla = desk_of(&house, who.orla).await;
    let new = format!("/desk/clients/{}/contacts/new", who.kestrel);
    orla.get(&new).await;
    for taken in ["Ana@Marlow.example", "orla@hartmann.example"] {
        let answer = orla.post(&new, &with(&CONTACT, &[("email", taken)])).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            answer.text().contains("can’t be used for one more sign-in") && answer.text().contains("href=\"#f-email\"")
        );
        assert!(answer.text().contains("value=\"Niamh Daly\""), "what was typed comes back");
    }
    let glaze = who.glaze.to_string();
    let foreign = orla.post(&new, &with(&CONTACT, &[("projects", "only"), ("project", &glaze)])).await;
    assert_eq!(foreign.status, StatusCode::UNPROCESSABLE_ENTITY, "Marlow’s project at Kestrel");
    assert_eq!(contacts(&house, who.kestrel).len(), 1);
}

#[tokio::test]
async fn a_form_without_its_token_or_from_another_session_changes_nothing() {
    let house = TestHouse::new().await;
    let who = house.who;
    let mut orla = desk_of(&house, who.orla).await;
    let mut tom = desk_of(&house, who.tom).await;
    orla.get("/desk/clients/new").await;
    let page = tom.get("/desk/clients/new").await.text();
    let token = page.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let stolen = with(&FORM, &[("csrf", &token)]);
    assert_eq!(orla.post_as_is("/desk/clients/new", &stolen).await.status, StatusCode::FORBIDDEN);
    assert_eq!(orla.post_as_is("/desk/clients/new", &FORM).await.status, StatusCode::FORBIDDEN);
    let revoke = format!("/desk/contacts/{}/revoke", who.ana);
    assert_eq!(orla.post_as_is(&revoke, &[]).await.status, StatusCode::FORBIDDEN);
    assert!(contacts(&house, who.marlow).iter().any(|c| c.id == ContactId(who.ana.0) && c.active));
}

#[tokio::test]
async fn projects_are_added_renamed_and_closed() {
    let house = TestHouse::new().await;
    let who = house.who;
    let mut orla = desk_of(&house, who.orla).await;
    orla.get(&format!("/desk/clients/{}", who.kestrel)).await;
    let path = format!("/desk/clients/{}/projects", who.kestrel);
    assert_eq!(orla.post(&path, &[("name", "Alder Wharf")]).await.status, StatusCode::SEE_OTHER);
    let refused = orla.post(&path, &[("name", "a\u{202E}b")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let project = house.app.store.read(|r| r.projects_of(who.kestrel)).unwrap().remove(0);
    let own = format!("/desk/projects/{}", project.id);
    assert!(orla.get(&own).await.text().contains("value=\"Alder Wharf\""));
    orla.post(&own, &[("name", "Alder Wharf, Unit 4")]).await;
    let project = house.app.store.read(|r| r.project(project.id)).unwrap().unwrap();
    assert_eq!((project.name.as_str(), project.open), ("Alder Wharf, Unit 4", false));
}

#[tokio::test]
async fn a_long_list_is_paged_by_name() {
    let house = TestHouse::new().await;
    for n in 0..60 {
        let new = new_client(&format!("Zinc {n:02}"));
        house.act(house.who.orla, move |w, s| counterfoil::actions::clients::add(w, s, &new)).await.unwrap();
    }
    let mut orla = desk_of(&house, house.who.orla).await;
    let first = orla.get("/desk/clients?q=Zinc").await.text();
    assert!(first.contains("Zinc 49") && !first.contains("Zinc 50"));
    let next = first.split_once("class=\"pager").unwrap().1.split_once("href=\"").unwrap().1.split_once('"').unwrap().0;
    let second = orla.get(&next.replace("&amp;", "&")).await.text();
    assert!(second.contains("Zinc 50") && second.contains("Zinc 59") && !second.contains("Zinc 49"));
}
