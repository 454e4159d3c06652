//! Receivables: the cash that is expected, days sales outstanding, who owes most; and the sums beneath them.

use counterfoil::actions::payments::{self, TakingBack};
use counterfoil::actions::promises;
use counterfoil::domain::money::Money;
use counterfoil::domain::payment::Cause;
use counterfoil::domain::promise::Wish;
use counterfoil::store::prelude::*;
use jiff::civil::{Date, date};

use super::desk_of;
use crate::house::*;

/// Issues an invoice and lets it be paid in full on a day.
async fn paid_on(house: &TestHouse, minor: i64, due: Date, paid: Date) {
    let (id, _) = house.issue(house.who.marlow, minor, due).await;
    house.at(paid, 10);
    house.pay(house.who.marlow, minor, vec![id]).await;
}

#[tokio::test]
async fn expected_cash_is_shifted_by_what_a_client_usually_does() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    for (due, paid) in [
        (date(2026, 11, 24), date(2026, 12, 4)),
        (date(2026, 12, 10), date(2026, 12, 22)),
        (date(2026, 12, 23), date(2027, 1, 2)),
    ] {
        paid_on(&house, 100_00, due, paid).await;
    }
    assert_eq!(house.app.store.read(|r| r.habit(marlow)).unwrap(), 10, "of 10, 12 and 10 days");
    house.at(date(2027, 1, 4), 9); // a Monday
    let (id, _) = house.issue(marlow, 250_00, date(2027, 1, 11)).await;
    house.issue(house.who.kestrel, 50_00, date(2027, 1, 11)).await;
    let mut tom = desk_of(&house, house.who.tom).await;
    let csv = tom.get("/desk/receivables/expected.csv").await.text().replace('"', "");
    assert!(csv.contains("2027-01-21,250.00") && csv.contains("2027-01-11,50.00"), "{csv}");
    let page = tom.get("/desk/receivables").await.text();
    for words in
        ["Expected cash", "€300.00 are expected in the next 8 weeks", "Days sales outstanding", "Who owes most"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    let (first, second) = (page.rfind("Marlow Ceramics").unwrap(), page.rfind("Kestrel").unwrap());
    assert!(first < second, "who owes more comes first");
    let debtors = tom.get("/desk/receivables/debtors.csv").await.text().replace('"', "");
    assert!(debtors.contains("EUR,Marlow Ceramics") && debtors.contains(",250.00,0.00,10"), "{debtors}");
    let mut maeve = desk_of(&house, house.who.maeve).await;
    for path in ["/desk/receivables", "/desk/receivables/expected.csv", "/desk/receivables/debtors.csv"] {
        let text = maeve.get(path).await.text();
        assert!(text.contains("250.00") && !text.contains("Kestrel") && !text.contains("300.00"), "{path}: {text}");
    }
    // What is promised is expected on the promised day, and the rest when they usually pay.
    let amount = Money::new(200_00, "EUR".parse().unwrap());
    let (zone, wish) = (dublin(), Wish { day: date(2027, 1, 14), amount, note: String::new() });
    house.act(house.who.tom, move |w, s| promises::record(w, s, id, &wish, &zone)).await.unwrap();
    for who in [house.who.tom, house.who.maeve] {
        let csv = desk_of(&house, who).await.get("/desk/receivables/expected.csv").await.text().replace('"', "");
        assert!(csv.contains("2027-01-14,200.00") && csv.contains("2027-01-21,50.00"), "{csv}");
    }
}

#[tokio::test]
async fn days_sales_outstanding_follow_what_was_charged_and_settled_in_each_month() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 300_00, date(2026, 12, 23)).await;
    house.issue(marlow, 100_00, date(2026, 12, 23)).await;
    house.at(date(2026, 11, 30), 9);
    let receipt = house.pay(marlow, 300_00, vec![id]).await;
    let mut tom = desk_of(&house, house.who.tom).await;
    // 100 of 400 are open after a month of 30 days; the months before it have 92 in three.
    let csv = tom.get("/desk/receivables/dso.csv").await.text().replace('"', "");
    assert!(csv.contains("EUR,2026-11,100.00,22.8,7.5"), "{csv}");
    assert_eq!(csv.lines().count(), 13, "{csv}");
    // A payment that comes back in December leaves November as it was.
    house.at(date(2026, 12, 5), 9);
    let settings = house.app.settings.clone();
    let back = TakingBack { on: date(2026, 12, 5), cause: Cause::Returned, reason: "No funds".to_owned() };
    house.act(house.who.tom, move |w, s| payments::reverse(w, s, &settings, receipt, &back)).await.unwrap();
    let mut tom = desk_of(&house, house.who.tom).await;
    let csv = tom.get("/desk/receivables/dso.csv").await.text().replace('"', "");
    assert!(csv.contains("EUR,2026-11,100.00,22.8,7.5") && csv.contains("EUR,2026-12,400.00"), "{csv}");
}
