//! Recording payments at the desk.

use counterfoil::domain::event::Event;
use counterfoil::domain::ids::ReceiptId;
use counterfoil::domain::payment::Source;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::desk_of;
use crate::house::*;

#[tokio::test]
async fn a_payment_without_amounts_settles_the_named_invoice_and_then_the_oldest_due() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (old, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    let (new, number) = house.issue(marlow, 80_00, date(2026, 12, 20)).await;
    let mut desk = desk_of(&house, house.who.orla).await;
    let page = desk.get(&format!("/desk/payments/new?invoice={new}")).await;
    assert!(page.text().contains(&format!("{number} first, then the oldest due")), "{}", page.text());
    assert!(page.text().contains("value=\"80.00\""), "the open amount is proposed");
    let fields = [
        ("client", marlow.to_string()),
        ("invoice", new.to_string()),
        ("currency", "EUR".into()),
        ("amount", "120,00".into()),
        ("on", "2026-11-23".into()),
        ("method", "transfer".into()),
        ("reference", "LEASE 4".into()),
        ("apply", "default".into()),
    ];
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    fields.push(("do", "preview"));
    let preview = desk.post("/desk/payments/new", &fields).await;
    assert!(preview.status.is_success() && preview.text().contains("Nothing is recorded yet"), "{}", preview.text());
    assert_eq!(house.open(new), 80_00);
    fields.pop();
    let done = desk.post("/desk/payments/new", &fields).await;
    assert_eq!(done.location(), "/desk/payments/1?done=recorded", "{}", done.text());
    assert_eq!((house.open(old), house.open(new)), (60_00, 0));
    let page = desk.follow(done).await;
    assert!(page.text().contains("All of it is applied"), "{}", page.text());
    assert!(desk.get("/desk/payments").await.text().contains("LEASE 4"));
}

#[tokio::test]
async fn exact_parts_are_kept_to_and_the_rest_is_applied_later_with_one_line_in_the_log() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (old, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    let (new, _) = house.issue(marlow, 80_00, date(2026, 12, 20)).await;
    let mut desk = desk_of(&house, house.who.orla).await;
    desk.get(&format!("/desk/payments/new?client={marlow}")).await;
    let (client, part) = (marlow.to_string(), format!("part-{new}"));
    let fields = [
        ("client", client.as_str()),
        ("currency", "EUR"),
        ("amount", "50"),
        ("on", "2026-11-23"),
        ("method", "cash"),
        ("apply", "exact"),
        (part.as_str(), "30"),
    ];
    let done = desk.post("/desk/payments/new", &fields).await;
    let page = desk.follow(done).await.text();
    assert!(page.contains("€20.00 of it is not applied to any invoice yet"), "{page}");
    assert_eq!((house.open(old), house.open(new)), (100_00, 50_00));

    let old = old.to_string();
    let refused = desk.post("/desk/payments/1/apply", &[("invoice", &old), ("amount", "20.01")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("value=\"20.01\"") && refused.text().contains("href=\"#f-amount\""));
    let done = desk.post("/desk/payments/1/apply", &[("invoice", &old), ("amount", "20.00")]).await;
    assert_eq!(done.location(), "/desk/payments/1?done=applied", "{}", done.text());
    let allocated = house.log().iter().filter(|e| matches!(e, Event::Allocated { .. })).count();
    assert_eq!(allocated, 2, "one line for each part");
    let source = Source::Receipt(ReceiptId(1));
    assert_eq!(house.app.store.read(|r| r.unapplied_left(marlow, source)).unwrap(), 0);
}

#[tokio::test]
async fn a_refused_payment_comes_back_as_it_was_typed_and_changes_nothing() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    let mut desk = desk_of(&house, house.who.orla).await;
    desk.get(&format!("/desk/payments/new?client={marlow}")).await;
    let (client, part, field) = (marlow.to_string(), format!("part-{id}"), format!("#f-part-{id}"));
    let before = house.log().len();
    let table = [
        ("0", "2026-11-23", "default", "", "#f-amount"),
        ("-5", "2026-11-23", "default", "", "#f-amount"),
        ("much", "2026-11-23", "default", "", "#f-amount"),
        ("99999999999999999999", "2026-11-23", "default", "", "#f-amount"),
        ("10", "2026-11-24", "default", "", "#f-on"),
        ("10", "9999-99-99", "default", "", "#f-on"),
        ("10", "1066-10-14", "default", "", "#f-on"),
        ("200", "2026-11-23", "exact", "100.01", &field),
        ("10", "2026-11-23", "exact", "-1", &field),
        ("10", "2026-11-23", "exact", "10.01", "#f-apply"),
        ("10", "2026-11-23", "default", "5", "#f-apply"),
    ];
    for (amount, on, apply, typed, at) in table {
        let fields = [
            ("client", client.as_str()),
            ("currency", "EUR"),
            ("amount", amount),
            ("on", on),
            ("method", "transfer"),
            ("reference", "kept <as> typed"),
            ("apply", apply),
            (part.as_str(), typed),
        ];
        let answer = desk.post("/desk/payments/new", &fields).await;
        let page = answer.text();
        assert_eq!(answer.status, 422, "{amount} {on} {apply} {typed}: {page}");
        assert!(page.contains(&format!("href=\"{at}\"")), "{amount} {on} {apply} {typed}: {page}");
        assert!(page.contains("kept &lt;as&gt; typed") && page.contains("<title>Error: "), "{page}");
        assert!(page.contains(&format!("value=\"{amount}\"")), "{page}");
    }
    assert_eq!((house.open(id), house.log().len()), (100_00, before));
}

#[tokio::test]
async fn an_auditor_and_a_member_of_other_clients_record_nothing() {
    let house = TestHouse::new().await.heedless_of_mail();
    house.pay(house.who.kestrel, 10_00, vec![]).await;
    let mut auditor = desk_of(&house, house.who.jonas).await;
    assert_eq!(auditor.get("/desk/payments/new").await.status, 403);
    assert_eq!(auditor.get("/desk/payments/1").await.status, 200);
    let mut maeve = desk_of(&house, house.who.maeve).await;
    for path in ["/desk/payments/1", "/desk/payments/99", "/desk/payments/credit-1", "/desk/payments/new?client=2"] {
        assert_eq!(maeve.get(path).await.status, 404, "{path}");
    }
    assert!(!maeve.get("/desk/payments").await.text().contains("Kestrel"));
    assert!(!maeve.get("/desk/payments/new?q=k").await.text().contains("Kestrel"));
}
