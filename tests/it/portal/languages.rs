//! Documents in the client's language: frozen into what is issued, and followed by what is drawn anew.

use axum::http::StatusCode;
use counterfoil::actions::clients::{self, NewClient};
use counterfoil::actions::payments::Apply;
use counterfoil::actions::people::{self, NewContact};
use counterfoil::domain::ids::ClientId;
use counterfoil::domain::language::Language;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use crate::auth::signed_in;
use crate::house::{TestHouse, dublin, new_contact};

async fn speaks(house: &TestHouse, id: ClientId, language: Option<Language>) {
    let client = house.app.store.read(|r| r.client(id)).unwrap().unwrap();
    let new = NewClient {
        party: client.party,
        reference: client.reference,
        language,
        currency: client.currency,
        terms: client.terms,
        manager: client.manager,
        note: client.note,
    };
    house.act(house.who.orla, move |w, scope| clients::change(w, scope, id, &new)).await.unwrap();
}

#[tokio::test]
async fn a_document_is_in_the_client_s_language_and_stays_in_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    speaks(&house, marlow, Some(Language::German)).await;
    let (_, number) = house.issue(marlow, 123_456, date(2026, 12, 23)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = ana.get(&format!("/invoices/{number}")).await.text();
    for part in ["lang=\"de\"", "Rechnung", "Fällig am", "23. Dezember 2026", "Gesamtbetrag in Euro", "1.234,56"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let file = ana.get(&format!("/invoices/{number}.html")).await.text();
    assert!(
        file.starts_with("<!DOCTYPE html><html lang=\"de\">") && file.contains("Bitte zahlen Sie innerhalb"),
        "{file}"
    );
    assert!(ana.get(&format!("/invoices/{number}.cii.xml")).await.text().contains("Zahlbar bis 2026-12-23."));
    let csv = ana.get(&format!("/invoices/{number}.csv")).await.text();
    assert!(csv.contains("\"document\",\"number\"") && csv.contains("1234.56"), "what programs read has no language");
    let pdf = ana.get(&format!("/invoices/{number}.pdf")).await.body;

    speaks(&house, marlow, None).await;
    assert_eq!(ana.get(&format!("/invoices/{number}.html")).await.text(), file, "frozen as it was issued");
    assert_eq!(ana.get(&format!("/invoices/{number}.pdf")).await.body, pdf);
    let (_, next) = house.issue(marlow, 123_456, date(2026, 12, 23)).await;
    let english = ana.get(&format!("/invoices/{next}.html")).await.text();
    assert!(english.contains("lang=\"en-IE\"") && english.contains("Total in euro"), "{english}");
}

#[tokio::test]
async fn statement_and_receipt_follow_the_language_of_today() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let invoice = house.publish(marlow, "A-1", 10_000, date(2026, 12, 23)).await;
    let new = house.receipt(marlow, 4_000, Apply::Exactly(vec![(invoice, crate::house::eur(4_000))]));
    house.act(house.who.orla, move |w, scope| counterfoil::actions::payments::record(w, scope, &new)).await.unwrap();
    speaks(&house, marlow, Some(Language::German)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let desk = format!("/desk/clients/{marlow}/statement.html");
    for statement in [ana.get("/statement.html").await, orla.get(&desk).await] {
        assert_eq!(statement.status, StatusCode::OK);
        let says = ["Kontoauszug", "Anfangssaldo", "Rechnung A-1", "Eingegangen per Überweisung", "unseres Protokolls"];
        assert!(says.iter().all(|part| statement.text().contains(part)), "{}", statement.text());
    }
    let receipt = ana.get("/receipts/R-2026-0001.html").await.text();
    assert!(receipt.contains("Zahlungsbeleg") && receipt.contains("Wir haben 40,00\u{a0}€ von"), "{receipt}");
    speaks(&house, marlow, None).await;
    assert!(ana.get("/statement.html").await.text().contains("Opening balance"));
}

#[tokio::test]
async fn letters_go_in_the_contact_s_language_else_the_client_s_else_the_firm_s() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    house.publish(marlow, "A-1", 10_000, date(2026, 12, 23)).await;
    house.tick().await;
    assert!(house.claim("ana@marlow.example").text.starts_with("Dear "));
    speaks(&house, marlow, Some(Language::German)).await;
    house.publish(marlow, "A-2", 10_000, date(2026, 12, 23)).await;
    house.tick().await;
    let letter = house.claim("ana@marlow.example");
    assert!(letter.subject.starts_with("Rechnung A-2: 100,00\u{a0}€, fällig am"), "{}", letter.subject);
    assert!(letter.text.contains("Rechnung ansehen und bezahlen:") && letter.html.unwrap().contains("lang=\"de\""));

    let ana = house.app.store.read(|r| r.contacts_of(marlow)).unwrap();
    let ana = ana.into_iter().find(|x| x.email.as_str() == "ana@marlow.example").unwrap();
    let (id, zone) = (ana.id, dublin());
    let new =
        NewContact { language: Some(Language::English), ..new_contact(&ana.name, ana.email.as_str(), ana.rights) };
    house.act(house.who.orla, move |w, scope| people::change_contact(w, scope, &zone, id, &new)).await.unwrap();
    let (_, number) = house.issue(marlow, 10_000, date(2026, 12, 23)).await;
    house.tick().await;
    assert!(house.claim("ana@marlow.example").text.starts_with("Dear "), "the contact’s own language comes first");
    let page = signed_in(&house, "ana@marlow.example").await.get(&format!("/invoices/{number}")).await.text();
    assert!(page.contains("Gesamtbetrag in Euro"), "the document is the client’s");
}
