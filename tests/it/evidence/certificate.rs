//! A certificate of delivery says what the log says, and nothing that was changed in it passes.

use axum::http::{Method, StatusCode};
use counterfoil::actions::certificates;
use counterfoil::domain::certificate::{Certificate, Signed, Word};
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::secrets::{Entropy, sha256};
use counterfoil::store::certificate::{Flaw, MAX_BYTES, check, fingerprint, public_key, sign};
use counterfoil::store::prelude::*;
use jiff::SignedDuration;

use crate::auth::{browser, signed_in};
use crate::browser::{Answer, Browser};
use crate::desk::desk_of;
use crate::house::*;

/// An invoice that was mailed, opened and downloaded by Ana, looked at by Orla, among other people's doings.
async fn delivered(house: &TestHouse) -> InvoiceId {
    let (id, number) = house.issue(house.who.marlow, 100_00, house.app.today()).await;
    house.tick().await;
    house.claim("ana@marlow.example");
    let mut ana = signed_in(house, "ana@marlow.example").await;
    for n in 0..20 {
        house.pay(house.who.kestrel, 100 + n, vec![]).await;
    }
    ana.get(&format!("/invoices/{}", number.in_url())).await;
    house.later(SignedDuration::from_mins(1));
    ana.get(&format!("/invoices/{}.pdf", number.in_url())).await;
    desk_of(house, house.who.orla).await.get(&format!("/desk/invoices/{id}")).await;
    for n in 0..20 {
        house.pay(house.who.kestrel, 200 + n, vec![]).await;
    }
    id
}

async fn certified(house: &TestHouse, id: InvoiceId) -> certificates::Made {
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    certificates::make(&house.app, by, &scope, id).await.unwrap()
}

fn words(certificate: &Certificate) -> Vec<Word> {
    certificate.evidence.iter().map(|line| line.what).collect()
}

#[tokio::test]
async fn a_certificate_has_every_word_once_and_tells_nothing_of_others() {
    let house = TestHouse::new().await;
    let id = delivered(&house).await;
    let made = certified(&house, id).await;
    let proven = check(&made.json).unwrap();
    let certificate = &proven.certificate;
    assert_eq!(words(certificate), [Word::Published, Word::Handed, Word::Opened, Word::Downloaded]);
    assert_eq!(certificate.staff.len(), 1, "what staff look at stands apart");
    assert_eq!(certificate.evidence[1].who, "ana@marlow.example");
    assert_eq!(certificate.evidence[2].who, "Ana Ruiz");
    let issue = house.app.store.read(|r| r.invoice(id)).unwrap().unwrap().issue.unwrap();
    assert_eq!(proven.document, issue.pdf.digest);
    assert!(certificate.chain.len() < 60, "the way is short: {}", certificate.chain.len());
    let text = String::from_utf8(made.json.clone()).unwrap();
    assert!(!text.contains("Kestrel"), "{text}");
    let anchor = certificate.head.anchor.parse().unwrap();
    let audit = house.app.store.read(|r| r.audit(&[anchor], |_, _| ())).unwrap();
    assert_eq!(audit.anchors, [(anchor, Some(true))]);
    let digest = counterfoil::domain::ids::Digest(sha256(&made.json));
    assert_eq!(house.log().last(), Some(&Event::CertificateMade { invoice: id, digest }));
    assert!(made.pdf.starts_with(b"%PDF") && made.name.starts_with("certificate-HF-2026-"));
    // Later documents and a credit note have certificates of their own, from anywhere in the log.
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    let number = counterfoil::actions::invoices::credit(&house.app, by, &scope, id, "Twice".into()).await.unwrap();
    let credit = house.app.store.read(|r| r.invoice_numbered(&number)).unwrap().unwrap();
    let of_credit = check(&certified(&house, credit).await.json).unwrap();
    assert_eq!(of_credit.certificate.document.kind, "credit note");
    assert_eq!(words(&of_credit.certificate), [Word::Published]);
    assert_eq!(words(&check(&certified(&house, id).await.json).unwrap().certificate), words(certificate));
    house.tick().await;
    house.claim_all();
}

/// Signs a changed certificate with the firm's key again, as the firm could.
fn resigned(house: &TestHouse, json: &[u8], change: impl FnOnce(&mut Certificate)) -> Result<(), Flaw> {
    let Signed { mut certificate, .. } = serde_json::from_slice(json).unwrap();
    change(&mut certificate);
    let (_, file) = house.app.store.read(|r| sign(r, certificate)).unwrap();
    check(&file).map(drop)
}

#[tokio::test]
async fn nothing_that_was_changed_passes() {
    let house = TestHouse::new().await;
    let id = delivered(&house).await;
    let json = certified(&house, id).await.json;
    let text = String::from_utf8(json.clone()).unwrap();
    for (from, to) in [
        ("Ana Ruiz", "Ann Ruiz"),
        ("\"opened\"", "\"acknowledged\""),
        ("\"amount\": \"100.00\"", "\"amount\": \"900.00\""),
        ("\"left_out\": 0", "\"left_out\": 1"),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(check(text.replacen(from, to, 1).as_bytes()).unwrap_err(), Flaw::Signature, "{to}");
    }
    let extra = text.replacen("\"left_out\"", "\"note\": 1, \"left_out\"", 1);
    assert_eq!(check(extra.as_bytes()).unwrap_err(), Flaw::NotACertificate);
    for at in (0..json.len()).step_by(json.len() / 400) {
        let mut flipped = json.clone();
        flipped[at] ^= 1;
        // Spaces between tokens are not signed.
        assert!(check(&flipped).is_err() || json[at].is_ascii_whitespace(), "byte {at} of {text}");
    }
    for cut in [0, 1, json.len() / 2, json.len() - 3] {
        assert_eq!(check(&json[..cut]).unwrap_err(), Flaw::NotACertificate);
    }
    assert_eq!(check(&vec![b' '; MAX_BYTES + 1]).unwrap_err(), Flaw::TooLarge);

    assert_eq!(resigned(&house, &json, |_| ()), Ok(()));
    let planted: [fn(&mut Certificate); 8] = [
        |c| c.evidence[2].what = Word::Acknowledged,
        |c| c.evidence[2].at = jiff::Timestamp::UNIX_EPOCH,
        |c| c.evidence[1].who = "peter@marlow.example".to_owned(),
        |c| drop(c.evidence.remove(3)),
        |c| c.document.number = "HF-2026-0099".to_owned(),
        |c| c.document.sha256 = "00".repeat(32),
        |c| drop(c.chain.remove(1)),
        |c| {
            let line = c.staff.remove(0);
            c.evidence.push(line);
        },
    ];
    for (n, change) in planted.into_iter().enumerate() {
        assert!(resigned(&house, &json, change).is_err(), "the firm itself can't make {n} stand");
    }
}

async fn sent(browser: &mut Browser, file: &[u8]) -> Answer {
    let head = "--zz\r\nContent-Disposition: form-data; name=\"certificate\"; filename=\"c.json\"\r\n\r\n";
    let body = [head.as_bytes(), file, b"\r\n--zz--\r\n"].concat();
    browser.send(Method::POST, "/certificate", Some("multipart/form-data; boundary=zz"), body).await
}

#[tokio::test]
async fn anybody_can_check_a_certificate_and_a_key_of_another_firm_is_named_so() {
    let (house, other) = (TestHouse::new().await, TestHouse::new().await);
    let id = delivered(&house).await;
    let json = certified(&house, id).await.json;
    let mut visitor = browser(&house);
    let mark = fingerprint(&house.app.store.read(public_key).unwrap());
    let page = visitor.get("/certificate").await.text();
    assert!(page.contains(&mark), "{page}");
    let before = house.log().len();
    let page = sent(&mut visitor, &json).await.text();
    assert!(page.contains("The certificate holds") && page.contains("It is our own"), "{page}");
    let changed = String::from_utf8(json.clone()).unwrap().replacen("Ana Ruiz", "Ann Ruiz", 1);
    let answer = sent(&mut visitor, changed.as_bytes()).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("proves nothing") && !answer.text().contains("Ann Ruiz"), "{}", answer.text());
    let answer = sent(&mut visitor, b"%PDF-1.7").await;
    assert!(answer.text().contains("This is not a certificate of delivery"), "{}", answer.text());
    let answer = sent(&mut visitor, &vec![b' '; 3 << 20]).await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
    assert_eq!(house.log().len(), before, "nothing is kept");

    // The other house has keys of its own.
    let keys = counterfoil::store::chain::EvidenceKeys::draw(&Entropy::seeded(99));
    let other = other.heedless_of_store();
    let now = other.app.now();
    let swap = move |w: &mut WriteTx<'_>| Ok(w.put_evidence_keys(&keys)?);
    other.app.store.housekeep(now, swap).await.unwrap();
    let page = sent(&mut browser(&other), &json).await.text();
    assert!(page.contains("key of another firm, not ours") && page.contains(&mark), "{page}");

    let mut tried = 0;
    while sent(&mut visitor, b"{}").await.status != StatusCode::TOO_MANY_REQUESTS {
        tried += 1;
        assert!(tried < 50, "nobody is slowed down");
    }
}

#[tokio::test]
async fn the_desk_hands_out_both_forms() {
    let house = TestHouse::new().await;
    let id = delivered(&house).await;
    let mut jonas = desk_of(&house, house.who.jonas).await;
    let page = jonas.get(&format!("/desk/invoices/{id}")).await.text();
    for (ending, kind) in [("pdf", "application/pdf"), ("json", "application/json")] {
        let path = format!("/desk/invoices/{id}/certificate.{ending}");
        assert!(page.contains(&path), "{page}");
        let answer = jonas.get(&path).await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, kind));
        assert!(answer.header("content-disposition").contains(&format!("certificate-HF-2026-0001.{ending}")));
    }
    let made = house.log().iter().filter(|e| matches!(e, Event::CertificateMade { .. })).count();
    assert_eq!(made, 2);
    let draft = house.draft(house.who.marlow, 100, house.app.today()).await;
    let answer = jonas.get(&format!("/desk/invoices/{draft}/certificate.pdf")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
