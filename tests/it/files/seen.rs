//! Who sees a document, what of it, and what that leaves.

use axum::http::{Method, StatusCode};
use counterfoil::actions::documents;
use counterfoil::actions::letters::POSTED_WAIT;
use counterfoil::domain::event::{Actor, Event};
use counterfoil::domain::ids::ContactId;
use counterfoil::store::files::CHUNK;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;

use super::arriving::text;
use crate::auth::signed_in;
use crate::browser::Browser;
use crate::house::TestHouse;

async fn contact(house: &TestHouse, id: ContactId) -> Browser {
    let email = house.app.store.read(|r| r.contact(id)).unwrap().unwrap().email;
    signed_in(house, email.as_str()).await
}

#[tokio::test]
async fn contacts_see_what_is_filed_where_they_may_look_and_the_current_version_is_plain() {
    let house = TestHouse::new().await.heedless_of_mail();
    let who = house.who;
    let lease = house.post(who.marlow, Some(who.glaze), "Lease of the kiln").await;
    house.post_version(lease, "Lease of the kiln, signed").await;
    let general = house.post(who.marlow, None, "Letter of engagement").await;
    let other = house.post(who.kestrel, None, "Nordhaven drawings").await;
    let (mut ana, mut joe, mut sofia) =
        (contact(&house, who.ana).await, contact(&house, who.joe).await, contact(&house, who.sofia).await);
    let page = ana.get("/documents").await.text();
    assert!(page.contains("Lease of the kiln") && page.contains("Letter of engagement"), "{page}");
    assert!(!page.contains("Nordhaven") && page.contains("1 earlier version"));
    // Joe sees one project, and nothing that is filed under none.
    let page = joe.get("/documents").await.text();
    assert!(page.contains("Lease of the kiln") && !page.contains("Letter of engagement"), "{page}");
    for (who, document, status) in [
        ("Joe", lease, StatusCode::OK),
        ("Joe", general, StatusCode::NOT_FOUND),
        ("Sofia", lease, StatusCode::NOT_FOUND),
        ("Sofia", other, StatusCode::OK),
    ] {
        let browser = if who == "Joe" { &mut joe } else { &mut sofia };
        for end in ["", "/file"] {
            let answer = browser.get(&format!("/documents/{document}/v/1{end}")).await;
            assert_eq!(answer.status, status, "{document}{end}");
        }
    }
    let old = ana.get(&format!("/documents/{lease}/v/1")).await.text();
    assert!(old.contains("version 1, an older one") && old.contains(&format!("/documents/{lease}/v/2")), "{old}");
    let current = ana.get(&format!("/documents/{lease}/v/2")).await.text();
    assert!(current.contains("This is the current version."), "{current}");
    assert_eq!(ana.get(&format!("/documents/{lease}/v/1/file")).await.body, b"Lease of the kiln");
    assert_eq!(ana.get(&format!("/documents/{lease}/v/2/file")).await.body, b"Lease of the kiln, signed");
}

#[tokio::test]
async fn a_look_is_logged_once_an_hour_and_every_download_with_person_version_and_time() {
    let house = TestHouse::new().await.heedless_of_mail();
    let document = house.post(house.who.marlow, None, "Lease").await;
    house.post_version(document, "Lease, signed").await;
    let mut ana = contact(&house, house.who.ana).await;
    let before = house.log().len();
    for _ in 0..2 {
        ana.get(&format!("/documents/{document}/v/2")).await;
        ana.get(&format!("/documents/{document}/v/1/file")).await;
    }
    ana.send(Method::HEAD, &format!("/documents/{document}/v/1/file"), None, Vec::new()).await;
    let log: Vec<Event> = house.log().split_off(before);
    let opened = |e: &&Event| matches!(e, Event::DocumentOpened { version: 2, document: d, .. } if *d == document);
    let taken = |e: &&Event| matches!(e, Event::DocumentDownloaded { version: 1, document: d, .. } if *d == document);
    assert_eq!((log.iter().filter(opened).count(), log.iter().filter(taken).count(), log.len()), (1, 2, 3), "{log:?}");
    let history = house.app.store.read(|r| r.log_of_document(document, None, 10)).unwrap();
    assert_eq!(history.len(), 5);
    assert_eq!(history[0].by.actor, Actor::Contact(house.who.ana));
    house.later(SignedDuration::from_hours(1));
    let mut ana = contact(&house, house.who.ana).await;
    ana.get(&format!("/documents/{document}/v/2")).await;
    assert_eq!(house.log().split_off(before).iter().filter(opened).count(), 2);
    let seen = |version| house.app.store.read(|r| r.document_seen(house.who.ana, document, version)).unwrap();
    assert!(seen(1).is_some() && seen(2).is_some_and(|at| at < house.app.now()));
}

#[tokio::test]
async fn a_file_is_served_whole_or_in_part_as_an_attachment_under_its_name() {
    let house = TestHouse::new().await.heedless_of_mail();
    let bytes = text(2 * CHUNK + 100);
    let arrived = house.arrive(house.who.marlow, "Grüße, “Plan”.txt", &bytes).await.unwrap();
    let place = documents::Place::New { client: house.who.marlow, project: None, title: String::new() };
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    let (id, _) = documents::post(&house.app, by, &scope, place, String::new(), arrived).await.unwrap();
    let mut ana = contact(&house, house.who.ana).await;
    let path = format!("/documents/{id}/v/1/file");
    let whole = ana.get(&path).await;
    assert!(whole.body == bytes);
    assert_eq!(whole.header("content-length"), bytes.len().to_string());
    assert_eq!(whole.header("content-type"), "text/plain; charset=utf-8");
    assert!(whole.header("content-disposition").starts_with("attachment; filename=\"Gr--e- -Plan-.txt\"; filename*="));
    assert!(whole.header("content-security-policy").contains("sandbox"));
    for (range, from, to) in [
        ("bytes=0-9".to_owned(), 0, 10),
        (format!("bytes={}-{}", CHUNK - 5, CHUNK + 4), CHUNK - 5, CHUNK + 5),
        (format!("bytes={}-", 2 * CHUNK), 2 * CHUNK, bytes.len()),
        ("bytes=-7".to_owned(), bytes.len() - 7, bytes.len()),
    ] {
        ana.headers = vec![("range".to_owned(), range.clone())];
        let part = ana.get(&path).await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert!(part.body == bytes[from..to], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {from}-{}/{}", to - 1, bytes.len()));
    }
    ana.headers = vec![("range".to_owned(), format!("bytes={}-", bytes.len()))];
    assert_eq!(ana.get(&path).await.status, StatusCode::RANGE_NOT_SATISFIABLE);
    ana.headers = vec![("range".to_owned(), "bytes=0-9".to_owned()), ("if-range".to_owned(), "\"another\"".to_owned())];
    assert_eq!(ana.get(&path).await.body.len(), bytes.len());
}

#[tokio::test]
async fn documents_posted_within_a_while_are_told_of_in_one_letter_to_those_who_see_them() {
    let house = TestHouse::new().await;
    let who = house.who;
    house.post(who.marlow, Some(who.glaze), "Lease").await;
    house.tick().await;
    assert_eq!(house.claim_all(), 0, "it waits for others");
    house.later(POSTED_WAIT - SignedDuration::from_mins(1));
    let mistaken = house.post(who.marlow, None, "By mistake").await;
    house.post(who.marlow, None, "Title report").await;
    house.act(who.orla, move |w, s| documents::withdraw(w, s, mistaken, "Wrong client")).await.unwrap();
    house.later(SignedDuration::from_mins(1));
    house.tick().await;
    // Ana only: Peter and Joe see them and want no letters.
    let letter = house.claim("ana@marlow.example");
    assert_eq!(letter.subject, "New: 2 documents");
    assert!(letter.text.contains("“Title report”") && letter.text.contains("“Lease”, for Glaze"), "{}", letter.text);
    assert!(!letter.text.contains("By mistake") && letter.text.contains("/documents"), "{}", letter.text);
    // One alone has a link of its own; one that is gone before it is told of has no letter.
    let lease = house.post(who.marlow, None, "Engagement letter").await;
    house.later(POSTED_WAIT);
    house.tick().await;
    let letter = house.claim("ana@marlow.example");
    assert_eq!(letter.subject, "New: Engagement letter");
    assert!(letter.text.contains(&format!("/documents/{lease}/v/1")), "{}", letter.text);
    let gone = house.post(who.marlow, None, "Gone").await;
    house.act(who.orla, move |w, s| documents::withdraw(w, s, gone, "Wrong client")).await.unwrap();
    house.later(POSTED_WAIT);
    house.tick().await;
    assert!(matches!(house.log().last(), Some(Event::LetterWithdrawn { .. })));
}

#[tokio::test]
async fn a_withdrawn_document_is_absent_for_clients_and_an_erased_one_has_no_file() {
    let house = TestHouse::new().await.heedless_of_mail();
    let document = house.post(house.who.marlow, None, "Lease").await;
    let (mut ana, mut orla) =
        (contact(&house, house.who.ana).await, crate::desk::desk_of(&house, house.who.orla).await);
    let own = format!("/desk/documents/{document}");
    orla.get(&format!("{own}/withdraw")).await;
    let refused = orla.post(&format!("{own}/withdraw"), &[("reason", "")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    orla.post(&format!("{own}/withdraw"), &[("reason", "Wrong client")]).await;
    for end in ["", "/file"] {
        assert_eq!(ana.get(&format!("/documents/{document}/v/1{end}")).await.status, StatusCode::NOT_FOUND);
    }
    assert!(!ana.get("/documents").await.text().contains("Lease"));
    assert_eq!(orla.get(&format!("{own}/v/1")).await.body, b"Lease", "staff still have it");
    let page = orla.get(&own).await.text();
    assert!(page.contains("Wrong client") && !page.contains("New version"), "{page}");
    orla.get(&format!("{own}/erase")).await;
    orla.post(&format!("{own}/erase"), &[]).await;
    assert_eq!(orla.get(&format!("{own}/v/1")).await.status, StatusCode::NOT_FOUND);
    assert!(orla.get(&own).await.text().contains("Its content was erased"));
    let list = orla.get(&format!("/desk/clients/{}/documents?state=withdrawn", house.who.marlow)).await;
    assert!(list.text().contains("Lease"));
    house.tick().await;
}

#[tokio::test]
async fn the_form_says_who_will_see_the_document_and_holds_nobody_who_came_since() {
    let house = TestHouse::new().await.heedless_of_mail();
    let who = house.who;
    let mut orla = crate::desk::desk_of(&house, who.orla).await;
    let new = format!("/desk/clients/{}/documents/new", who.marlow);
    let general = orla.get(&new).await.text();
    assert!(general.contains("Ana Ruiz") && general.contains("Peter Marlow") && !general.contains("Joe Hynes"));
    let glaze = orla.get(&format!("{new}?project={}", who.glaze)).await.text();
    assert!(glaze.contains("Joe Hynes"), "{glaze}");
    let seen = glaze.split("name=\"seen\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    house.act(who.orla, move |w, s| counterfoil::actions::people::revoke_contact(w, s, who.joe)).await.unwrap();
    let fields = [("csrf", orla.token()), ("seen", &seen)].map(|(n, v)| (n, v.to_owned()));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let path = format!("{new}?project={}", who.glaze);
    let answer = crate::gates::world::multipart(&mut orla, &path, &fields, Some(&crate::house::pdf("x"))).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("Somebody else changed this"), "{}", answer.text());
}
