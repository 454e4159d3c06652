//! Publishing a PDF of another system: the upload outlives typing errors, and only PDFs get in.

use axum::http::{Method, StatusCode};
use counterfoil::actions::credit_terms;
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::Event;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::{between, signed_in};
use crate::browser::{Answer, Browser};
use crate::house::{TestHouse, eur, pdf};

const BOUNDARY: &str = "a-line-that-stands-in-no-field";

fn typed(house: &TestHouse) -> Vec<(String, String)> {
    let all = [
        ("client", house.who.marlow.to_string()),
        ("kind", "invoice".to_owned()),
        ("number", "2026/17".to_owned()),
        ("issued", "2026-11-20".to_owned()),
        ("due", "2026-12-20".to_owned()),
        ("amount", "1 234,50".to_owned()),
        ("currency", "EUR".to_owned()),
        ("title", "Year-end accounts".to_owned()),
        ("do", "check".to_owned()),
    ];
    all.map(|(n, v)| (n.to_owned(), v)).to_vec()
}

async fn upload(browser: &mut Browser, fields: &[(String, String)], file: Option<&[u8]>) -> Answer {
    let page = browser.get("/desk/publish").await.text();
    let token = between(&page, "name=\"csrf\" value=\"", "\"").to_owned();
    let mut body = Vec::new();
    let all = fields.iter().map(|x| (x.0.as_str(), x.1.as_str())).chain([("csrf", token.as_str())]);
    for (name, value) in all {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    let (name, bytes) = file.map_or(("", &b""[..]), |bytes| ("Invoice 17.pdf", bytes));
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    body.extend(head.into_bytes());
    body.extend(bytes);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    browser.send(Method::POST, "/desk/publish", Some(&kind), body).await
}

fn but(fields: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let kept = fields.iter().filter(|x| x.0 != name).cloned();
    kept.chain([(name.to_owned(), value.to_owned())]).collect()
}

#[tokio::test]
async fn a_pdf_is_checked_confirmed_and_published_byte_for_byte() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let bytes = pdf("17");
    let checked = upload(&mut orla, &typed(&house), Some(&bytes)).await;
    assert_eq!(checked.status, StatusCode::SEE_OTHER, "{}", checked.text());
    let confirmation = orla.get(checked.location()).await.text();
    for words in ["Publish 2026/17?", "€1,234.50", "20 December 2026", "Invoice 17.pdf", "Gets the letter"] {
        assert!(confirmation.contains(words), "{words} in {confirmation}");
    }
    assert_eq!(orla.get(&format!("{}/file", checked.location())).await.body, bytes);
    let published = orla.post(checked.location(), &[]).await;
    assert_eq!(published.status, StatusCode::SEE_OTHER, "{}", published.text());
    let page = orla.follow(published.clone()).await.text();
    assert!(page.contains("2026/17") && page.contains("byte for byte"), "{page}");
    assert_eq!(orla.get(&format!("{}.pdf", published.location())).await.body, bytes);
    let again = upload(&mut orla, &typed(&house), Some(&bytes)).await;
    assert!(again.text().contains("already used by another document"), "{}", again.text());
}

#[tokio::test]
async fn a_typing_error_does_not_cost_the_upload() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    for (name, value) in [
        ("amount", "-5"),
        ("amount", "0"),
        ("amount", "99999999999999999999"),
        ("amount", "a lot"),
        ("due", "9999-12-31"),
        ("due", "2026-01-01"),
        ("number", "a\u{202e}b"),
        ("number", "17\r\nX"),
        ("currency", "???"),
    ] {
        let answer = upload(&mut orla, &but(&typed(&house), name, value), Some(&pdf("17"))).await;
        let page = answer.text();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}={value}");
        assert!(page.contains(&format!("href=\"#f-{name}\"")) && page.contains("Invoice 17.pdf is kept"), "{page}");
        assert!(page.contains("Year-end accounts"));
        let kept = between(&page, "name=\"kept\" value=\"", "\"").to_owned();
        let mended = upload(&mut orla, &but(&typed(&house), "kept", &kept), None).await;
        assert_eq!(mended.status, StatusCode::SEE_OTHER, "{}", mended.text());
        let mut tom = signed_in(&house, "tom@hartmann.example").await;
        assert_ne!(tom.get(mended.location()).await.status, StatusCode::OK, "another session has no part in it");
    }
    assert!(orla.get("/desk/invoices").await.text().contains("No invoices here."));
}

#[tokio::test]
async fn what_is_no_pdf_or_too_large_is_refused() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let (form, whole) = (typed(&house), pdf("17"));
    for (bytes, words) in [
        (b"PK\x03\x04 word/document.xml".as_slice(), "a Word file"),
        (b"hello", "not a PDF"),
        (&whole[..250], "cut off"),
        (b"<html>%PDF-1.7", "web page"),
    ] {
        let answer = upload(&mut orla, &form, Some(bytes)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(words) && answer.text().contains("#f-file"), "{words}: {}", answer.text());
        assert!(answer.text().contains("Year-end accounts"), "what was typed comes back");
    }
    let none = upload(&mut orla, &form, None).await;
    assert!(none.text().contains("Choose the PDF."));
    let huge = vec![b'x'; (10 << 20) + 1];
    assert_eq!(upload(&mut orla, &form, Some(&huge)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(orla.get("/desk/invoices").await.text().contains("No invoices here."));
}

#[tokio::test]
async fn a_published_invoice_is_taken_back_by_publishing_its_credit_note() {
    let house = TestHouse::new().await.heedless_of_mail();
    let due = jiff::civil::date(2026, 12, 20);
    let id = house.publish(house.who.marlow, "2026/16", 5_000, due).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get(&format!("/desk/invoices/{id}/credit")).await.text();
    assert!(page.contains("/desk/publish?kind=credit&amp;of=2026%2F16"), "{page}");
    let note = but(&but(&but(&typed(&house), "kind", "credit"), "of", "2026/16"), "amount", "50");
    let unknown = upload(&mut orla, &but(&note, "of", "2026/99"), Some(&pdf("17"))).await;
    assert!(unknown.text().contains("There is no invoice of this client with that number."));
    let checked = upload(&mut orla, &note, Some(&pdf("17"))).await;
    assert_eq!(checked.status, StatusCode::SEE_OTHER, "{}", checked.text());
    assert_eq!(orla.post(checked.location(), &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.open(id), 0);
}

#[tokio::test]
async fn beyond_the_credit_limit_it_is_published_only_by_whoever_says_so() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let limit =
        move |w: &mut WriteTx<'_>, s: &StaffScope| credit_terms::set_limit(w, s, marlow, Some(eur(1_000_00)), "New");
    house.act(house.who.orla, limit).await.unwrap();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let checked = upload(&mut orla, &typed(&house), Some(&pdf("17"))).await;
    let asked = orla.get(checked.location()).await.text();
    for words in ["Over the credit limit.", "€1,234.50", "Publish it although it exceeds the credit limit"] {
        assert!(asked.contains(words), "{words} in {asked}");
    }
    let unsaid = orla.post(checked.location(), &[]).await;
    assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = unsaid.text();
    assert!(
        page.contains("Tick this to publish it beyond the credit limit") && page.contains("Publish 2026/17?"),
        "{page}"
    );
    assert!(!house.log().iter().any(|e| matches!(e, Event::InvoicePublished { .. })));
    let said = orla.post(checked.location(), &[("over", "on")]).await;
    assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text());
    let exceeded = |e: &Event| matches!(e, Event::CreditLimitExceeded { owed, .. } if *owed == eur(1_234_50));
    assert_eq!(house.log().iter().filter(|e| exceeded(e)).count(), 1);
    // What a command or the drop folder brings in was sent out before: it is taken, and that is logged.
    house.publish(marlow, "OLD-18", 10_00, date(2026, 12, 20)).await;
    assert_eq!(house.log().iter().filter(|e| matches!(e, Event::CreditLimitExceeded { .. })).count(), 2);
}

#[tokio::test]
async fn a_file_that_is_refused_is_named_alone_while_nothing_was_typed() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let links = |page: &str| page.matches("href=\"#f-").count();
    let empty = upload(&mut orla, &[("do".to_owned(), "check".to_owned())], Some(b"no PDF at all")).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let page = empty.text();
    assert!(page.contains("This is not a PDF.") && links(&page) == 1, "{page}");
    let wrong = but(&typed(&house), "amount", "a lot");
    let page = upload(&mut orla, &wrong, Some(b"no PDF at all")).await.text();
    assert!(page.contains("href=\"#f-amount\"") && links(&page) == 2, "what was typed is looked at: {page}");
    let page = upload(&mut orla, &[("do".to_owned(), "check".to_owned())], None).await.text();
    assert!(links(&page) > 2, "without a file all that is missing is named: {page}");
}
