//! A client's receipt for a payment: numbered when it is recorded, true to what it settles, void once it is taken back.

use axum::http::StatusCode;
use counterfoil::actions::payments::{self, Apply, TakingBack};
use counterfoil::domain::event::Event;
use counterfoil::domain::payment::Cause;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use crate::auth::signed_in;
use crate::house::{TestHouse, eur};

#[tokio::test]
async fn a_payment_has_a_receipt_that_says_what_it_settles_and_who_took_it_is_logged() {
    let house = TestHouse::new().await.heedless_of_mail();
    let invoice = house.publish(house.who.marlow, "A-1", 10_000, date(2026, 12, 23)).await;
    let new = house.receipt(house.who.marlow, 12_000, Apply::Exactly(vec![(invoice, eur(10_000))]));
    let id = house.act(house.who.orla, move |w, scope| payments::record(w, scope, &new)).await.unwrap();
    let receipt = house.app.store.read(|r| r.receipt(id)).unwrap().unwrap();
    assert_eq!((receipt.number.as_str(), receipt.payer.name.as_str()), ("R-2026-0001", "Marlow Ceramics"));

    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = ana.get("/invoices/A-1").await.text();
    assert!(page.contains("href=\"/receipts/R-2026-0001\""), "{page}");
    assert!(ana.get("/statement").await.text().contains("href=\"/receipts/R-2026-0001\""));
    let page = ana.get("/receipts/R-2026-0001").await.text();
    for part in ["Invoice A-1", "100.00", "Not applied yet, on your account", "20.00", "€120.00", "We received €120.00"]
    {
        assert!(page.contains(part), "{part} in {page}");
    }
    let pdf = ana.get("/receipts/R-2026-0001.pdf").await;
    assert!(pdf.body.starts_with(b"%PDF") && pdf.header("content-disposition").contains("R-2026-0001.pdf"));
    let again = ana.get("/receipts/R-2026-0001.pdf").await;
    assert_eq!(pdf.body, again.body, "the same facts, the same bytes");
    assert!(ana.get("/receipts/R-2026-0001.html").await.text().contains("Invoice A-1"));
    let csv = ana.get("/receipts/R-2026-0001.csv").await.text();
    let rows: Vec<&str> = csv.lines().collect();
    assert!(rows.len() == 3 && rows[1].contains("\"R-2026-0001\"") && rows[1].contains("\"120.00\""), "{csv}");
    assert!(rows[1].contains("\"A-1\"") && rows[1].ends_with("\"100.00\""), "{csv}");
    assert!(rows[2].ends_with("\"\",\"\",\"20.00\""), "{csv}");
    assert_eq!(ana.get("/receipts/R-2026-0001.xml").await.status, StatusCode::NOT_FOUND);
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let kept = orla.get(&format!("/desk/payments/{id}")).await.text();
    assert!(kept.contains("R-2026-0001") && kept.contains("Download PDF"), "{kept}");
    for ending in ["pdf", "csv", "html"] {
        assert!(page.contains(&format!("href=\"/receipts/R-2026-0001.{ending}\"")), "{ending} in {page}");
        assert!(kept.contains(&format!("href=\"/desk/payments/{id}.{ending}\"")), "{ending} in {kept}");
    }
    assert_eq!(orla.get(&format!("/desk/payments/{id}.pdf")).await.status, StatusCode::OK);
    assert_eq!(orla.get(&format!("/desk/payments/{id}.csv")).await.text(), csv, "staff see what the client sees");
    let log = house.log();
    let count = |of: &dyn Fn(&Event) -> bool| log.iter().filter(|e| of(e)).count();
    assert_eq!(count(&|e| matches!(e, Event::ReceiptDownloaded { .. })), 4);
    assert_eq!(count(&|e| matches!(e, Event::ReceiptOpened { .. })), 1);
    assert_eq!(count(&|e| matches!(e, Event::StaffReceiptDownloaded { .. })), 2);

    let mut peter = signed_in(&house, "sofia@kestrel.example").await;
    assert_eq!(peter.get("/receipts/R-2026-0001").await.status, StatusCode::NOT_FOUND, "another client's");

    let (on, reason) = (house.app.today(), "Bounced".to_owned());
    let back = TakingBack { on, cause: Cause::Returned, reason };
    let settings = house.app.settings.clone();
    house.act(house.who.orla, move |w, scope| payments::reverse(w, scope, &settings, id, &back)).await.unwrap();
    let page = ana.get("/receipts/R-2026-0001").await.text();
    assert!(page.contains("VOID – this payment was taken back") && page.contains("What it had settled"), "{page}");
    assert!(!page.contains("Bounced"), "the firm’s own words stay with it");
    let new = house.receipt(house.who.marlow, 100, Apply::Exactly(vec![]));
    let next = house.act(house.who.orla, move |w, scope| payments::record(w, scope, &new)).await.unwrap();
    let number = house.app.store.read(|r| r.receipt(next)).unwrap().unwrap().number;
    assert_eq!(number.as_str(), "R-2026-0002", "the number of a void one is not given again");
}
