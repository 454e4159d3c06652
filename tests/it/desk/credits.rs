//! Crediting a part of an invoice at the desk, and what becomes of it.

use counterfoil::domain::event::Event;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::invoice::Invoice;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::{between, desk_of};
use crate::auth::signed_in;
use crate::house::*;
use crate::money::{account, listed_balance};

/// Fields of the form, with the key that a page drew.
fn form<'a>(once: &'a str, fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![("once", once), ("reason", "Charged twice"), ("use", "settle")];
    all.retain(|x| fields.iter().all(|f| f.0 != x.0));
    all.extend(fields);
    all
}

fn notes(house: &TestHouse, of: InvoiceId) -> Vec<Invoice> {
    house.app.store.read(|r| r.invoice(of).and_then(|i| r.credit_notes_for(&i.unwrap()))).unwrap()
}

#[tokio::test]
async fn a_part_is_credited_once_settles_what_is_open_and_never_exceeds() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 12, 20)).await;
    let mut desk = desk_of(&house, house.who.orla).await;
    let path = format!("/desk/invoices/{id}/credit");
    let page = desk.get(&path).await.text();
    let once = between(&page, "name=\"once\" value=\"", "\"").to_owned();
    assert!(page.contains("€100.00") && page.contains("1 of 1"), "{page}");

    let shown = desk.post(&path, &form(&once, &[("take", "lines"), ("q0", "0.4"), ("show", "1")])).await.text();
    assert!(shown.contains("What it comes to") && shown.contains("€40.00"), "{shown}");
    assert!(notes(&house, id).is_empty(), "looking issues nothing");

    let wanted = form(&once, &[("take", "lines"), ("q0", "0.4")]);
    let first = desk.post(&path, &wanted).await;
    let again = desk.post(&path, &wanted).await;
    assert_eq!(first.location(), again.location(), "pressed twice, credited once");
    assert_eq!((notes(&house, id).len(), house.open(id)), (1, 60_00));
    let page = desk.follow(first).await.text();
    assert!(page.contains("Credit note CN-2026-0001") && page.contains(&format!("Credit for {number}")), "{page}");

    let second = desk.get(&path).await.text();
    assert!(second.contains("€60.00") && second.contains("0.6 of 1") && second.contains("CN-2026-0001"), "{second}");
    for (fields, says) in [
        (vec![("take", "lines"), ("q0", "0.7")], "0.6 is left to credit"),
        (vec![("take", "lines"), ("q0", "many")], "Enter a number"),
        (vec![("take", "lines")], "Enter for at least one line"),
        (vec![("take", "amounts"), ("g0", "60.01")], "EUR 60.00 is left to credit"),
        (vec![("take", "amounts")], "Enter at least one amount"),
        (vec![("take", "rest"), ("reason", " ")], "Say why"),
    ] {
        let refused = desk.post(&path, &form("", &fields)).await;
        assert_eq!(refused.status, 422, "{fields:?}");
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    assert_eq!((notes(&house, id).len(), house.open(id)), (1, 60_00), "a refusal leaves no trace");

    desk.post(&path, &form("", &[("take", "amounts"), ("g0", "20.00")])).await;
    desk.post(&path, &form("", &[("take", "rest")])).await;
    let all = notes(&house, id);
    assert_eq!(all.iter().map(|x| x.payable().minor).collect::<Vec<_>>(), [40_00, 20_00, 40_00]);
    assert_eq!((house.open(id), listed_balance(&house.app, house.who.marlow)), (0, 0));
    assert!(desk.get(&path).await.text().contains("was credited already, with the credit notes"));
    assert!(!desk.get(&format!("/desk/invoices/{id}")).await.text().contains(&path), "nothing is left to credit");

    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let own = ana.get("/invoices/CN-2026-0001").await.text();
    assert!(own.contains("€40.00") && own.contains("Charged twice") && own.contains(number.as_str()), "{own}");
    let xml = ana.get("/invoices/CN-2026-0001.xml").await.text();
    assert!(
        xml.contains("<cbc:CreditNoteTypeCode>381<") && xml.contains(&format!("<cbc:ID>{number}</cbc:ID>")),
        "{xml}"
    );
}

#[tokio::test]
async fn credit_that_is_held_stays_with_the_client_and_settles_another_invoice() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 12, 20)).await;
    let (other, _) = house.issue(marlow, 25_00, date(2026, 12, 20)).await;
    let mut desk = desk_of(&house, house.who.orla).await;
    let path = format!("/desk/invoices/{id}/credit");
    desk.get(&path).await;
    for (field, says) in [("use", "Choose what becomes of it."), ("take", "Choose what is credited.")] {
        let odd = desk.post(&path, &form("", &[(field, "bogus")])).await;
        assert_eq!(odd.status, axum::http::StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(odd.text().contains(says), "{field}: {}", odd.text());
    }
    let held = form("", &[("take", "amounts"), ("g0", "30"), ("use", "hold")]);
    let answer = desk.post(&path, &held).await;
    assert!(answer.status.is_redirection(), "{}", answer.text());
    let note = notes(&house, id)[0].id;
    assert_eq!((house.open(id), listed_balance(&house.app, marlow)), (100_00, 95_00));
    let fields = [("invoice", other.to_string()), ("amount", "25.00".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|x| (x.0, x.1.as_str())).collect();
    assert!(desk.post(&format!("/desk/payments/credit-{note}/apply"), &fields).await.status.is_redirection());
    assert_eq!((house.open(id), house.open(other)), (100_00, 0));
    let (entries, account) = account(&house.app, marlow);
    let to = date(2026, 12, 31);
    let closing = counterfoil::domain::statement::balance_forward(entries, date(2026, 11, 1), to).closing;
    assert_eq!((closing, account.ageing(to).total(), account.unapplied(to)), (95_00, 95_00, 5_00));
    assert!(house.log().iter().any(|e| matches!(e, Event::CreditNoteIssued { .. })));
}
