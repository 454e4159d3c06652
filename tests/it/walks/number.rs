//! An invoice's number: given inside the issuing transaction, in sequence, once, and the same everywhere.

use counterfoil::actions::{invoices, visits};
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::Digest;
use counterfoil::domain::refusal::Refusal;
use counterfoil::secrets::sha256;
use counterfoil::store::prelude::*;
use counterfoil::store::scope::{ClientView, Pass};
use jiff::civil::date;

use crate::house::*;

#[tokio::test]
async fn a_number_goes_from_the_series_to_the_client_and_stays() {
    let house = TestHouse::new().await;
    let who = house.who;
    let (id, number) = house.issue(who.marlow, 413_630, date(2026, 12, 23)).await;
    assert_eq!(number.as_str(), "HF-2026-0001");
    house.tick().await;
    house.claim("ana@marlow.example");

    let pass = Pass { contact: who.ana, only: None };
    let seen = house.app.store.read(|r| {
        let view = ClientView::open(r, pass)?.unwrap();
        let row = view.invoice(&number)?.unwrap();
        Ok::<_, StoreError>((row.invoice.clone(), view.original(&row)?.unwrap()))
    });
    let (invoice, pdf) = seen.unwrap();
    let issue = invoice.issue.unwrap();
    assert_eq!((invoice.id, issue.pdf.length), (id, pdf.len() as u64));
    assert_eq!(issue.pdf.digest, Digest(sha256(&pdf)), "the bytes are those that were issued");
    assert_eq!(issue.pdf.name, "HF-2026-0001.pdf");

    let n = number.clone();
    let by =
        counterfoil::domain::event::By { actor: counterfoil::domain::event::Actor::Contact(who.ana), address: None };
    house.app.store.write(by, house.app.now(), move |w| visits::opened(w, pass, &n)).await.unwrap();
    let evidence = Event::Opened { invoice: id, digest: issue.pdf.digest };
    assert_eq!(house.log().last(), Some(&evidence));
}

#[tokio::test]
async fn numbers_given_at_the_same_moment_are_gapless_and_unique() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut drafts = Vec::new();
    for _ in 0..6 {
        drafts.push(house.draft(house.who.marlow, 100, date(2026, 12, 23)).await);
    }
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    let mut tasks = tokio::task::JoinSet::new();
    for id in drafts {
        let (app, by, scope) = (house.app.clone(), by.clone(), scope.clone());
        tasks.spawn(async move { invoices::issue(&app, by, &scope, id).await.unwrap().to_string() });
    }
    let mut given = tasks.join_all().await;
    given.sort();
    let expected: Vec<String> = (1..=6).map(|n| format!("HF-2026-000{n}")).collect();
    assert_eq!(given, expected);
}

#[tokio::test]
async fn a_published_number_is_stepped_over_and_never_taken_twice() {
    let house = TestHouse::new().await.heedless_of_mail();
    house.publish(house.who.marlow, "HF-2026-0001", 100, date(2026, 12, 23)).await;
    let (_, number) = house.issue(house.who.marlow, 100, date(2026, 12, 23)).await;
    assert_eq!(number.as_str(), "HF-2026-0002");
    let again = house.publication(house.who.kestrel, "HF-2026-0002", 100, date(2026, 12, 23));
    let (by, scope) = (house.by(house.who.tom), house.scope(house.who.tom));
    let refused = invoices::publish(&house.app, by, &scope, again).await.unwrap_err();
    assert!(matches!(refused, ActError::Refused(Refusal::NumberTaken(_))), "{refused}");
}

#[tokio::test]
async fn another_clients_number_is_as_absent_as_one_that_never_was() {
    let house = TestHouse::new().await.heedless_of_mail();
    let who = house.who;
    let (_, number) = house.issue(who.marlow, 100, date(2026, 12, 23)).await;
    for contact in [who.sofia, who.joe] {
        let pass = Pass { contact, only: None };
        let found = house.app.store.read(|r| {
            let view = ClientView::open(r, pass)?.unwrap();
            Ok::<_, StoreError>(view.invoice(&number)?.is_some())
        });
        assert!(!found.unwrap(), "{contact:?}");
    }
    let peter = Pass { contact: who.peter, only: None };
    let found = house.app.store.read(|r| ClientView::open(r, peter)?.unwrap().invoice(&number));
    assert!(found.unwrap().is_some(), "a colleague with the right sees it");
    let rita = Pass { contact: who.rita, only: None };
    assert!(house.app.store.read(|r| Ok::<_, StoreError>(ClientView::open(r, rita)?.is_none())).unwrap());
}

#[tokio::test]
async fn an_issued_document_keeps_what_it_was_issued_with() {
    let house = TestHouse::new().await.heedless_of_mail();
    let who = house.who;
    let (id, _) = house.issue(who.marlow, 100, date(2026, 12, 23)).await;
    let before = house.app.store.read(|r| r.invoice(id)).unwrap();
    let renamed = new_client("Marlow Porcelain");
    house.act(who.tom, move |w, s| counterfoil::actions::clients::change(w, s, who.marlow, &renamed)).await.unwrap();
    let draft = house.draft_of(who.marlow, 999, date(2027, 1, 1));
    let edit = house.act(who.tom, move |w, s| invoices::save_draft(w, s, Some(id), &draft)).await;
    assert!(matches!(edit, Err(ActError::Refused(Refusal::NotADraft))), "{edit:?}");
    let discard = house.act(who.tom, move |w, s| invoices::discard(w, s, id)).await;
    assert!(matches!(discard, Err(ActError::Refused(Refusal::NotADraft))), "{discard:?}");
    assert_eq!(house.app.store.read(|r| r.invoice(id)).unwrap(), before);
}
