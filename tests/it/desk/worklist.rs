//! Today: what wants a person and when, putting it off, and reaching zero.

use axum::http::StatusCode;
use counterfoil::domain::attention::Item;
use counterfoil::domain::event::Event;
use jiff::civil::date;

use super::desk_of;
use crate::auth::signed_in;
use crate::house::*;

#[tokio::test]
async fn an_overdue_invoice_waits_once_three_days_brought_no_reaction_to_its_reminder() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    for (day, waits) in [
        (date(2026, 11, 30), false),
        // The reminder of seven days after goes, and they have three days.
        (date(2026, 12, 1), false),
        (date(2026, 12, 3), false),
        (date(2026, 12, 4), true),
    ] {
        house.at(day, 12);
        house.tick().await;
        let mut tom = desk_of(&house, house.who.tom).await;
        let page = tom.get("/desk").await.text();
        assert_eq!(page.contains("id=\"overdue\""), waits, "{day}: {page}");
    }
    let mut tom = desk_of(&house, house.who.tom).await;
    let page = tom.get("/desk").await.text();
    assert!(page.contains("2 reminders, never opened") && page.contains(number.as_str()), "{page}");
    for act in ["/desk/payments/new?invoice=", "/call\">Note call", "/desk/snooze/silent-"] {
        assert!(page.contains(act), "{act}: {page}");
    }
    // They open it: that is a reaction, and they have a week, or until the next reminder.
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    assert_eq!(ana.get(&format!("/invoices/{}", number.in_url())).await.status, StatusCode::OK);
    assert!(!desk_of(&house, house.who.tom).await.get("/desk").await.text().contains("id=\"overdue\""));
    house.at(date(2026, 12, 11), 13);
    assert!(desk_of(&house, house.who.tom).await.get("/desk").await.text().contains("id=\"overdue\""));
    house.pay(house.who.marlow, 100_00, vec![id]).await;
    let done = desk_of(&house, house.who.tom).await.get("/desk").await.text();
    assert!(done.contains("All done. Nothing waiting."), "{done}");
}

#[tokio::test]
async fn what_is_put_off_comes_back_by_itself_and_its_absence_is_counted() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2027, 1, 24)).await;
    house.at(date(2026, 12, 1), 9);
    let mut tom = desk_of(&house, house.who.tom).await;
    let page = tom.get("/desk").await.text();
    let path = format!("/desk/snooze/unopened-{id}");
    assert!(page.contains("<title>Today: 1 waiting") && page.contains(&path), "{page}");
    tom.get(&path).await;
    let past = tom.post(&path, &[("until", "2026-11-30"), ("reason", "Ana is ill")]).await;
    assert_eq!(past.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(past.text().contains("This day has passed") && past.text().contains("Ana is ill"));
    let done = tom.post(&path, &[("until", "2026-12-03"), ("reason", "Ana is ill")]).await;
    assert_eq!(done.location(), "/desk");
    for day in [date(2026, 12, 1), date(2026, 12, 3)] {
        house.at(day, 23);
        let page = desk_of(&house, house.who.orla).await.get("/desk").await.text();
        assert!(page.contains("<title>Today ") && page.contains("All done."), "{page}");
        assert!(page.contains("Put off") && page.contains("Tom") && page.contains("Ana is ill"), "{page}");
    }
    house.at(date(2026, 12, 4), 1);
    let page = desk_of(&house, house.who.orla).await.get("/desk").await.text();
    assert!(page.contains("<title>Today: 1 waiting") && !page.contains("Ana is ill"), "{page}");
    house.at(date(2026, 12, 1), 10);
    let mut tom = desk_of(&house, house.who.tom).await;
    tom.get("/desk").await;
    for _ in 0..2 {
        assert_eq!(tom.post(&format!("{path}/end"), &[]).await.location(), "/desk", "also pressed twice");
    }
    assert!(tom.get("/desk").await.text().contains("<title>Today: 1 waiting"));
    let log = house.log();
    assert!(log.iter().any(|e| matches!(e, Event::PutOff { item, .. } if *item == Item::Unopened(id))));
    assert_eq!(log.iter().filter(|e| matches!(e, Event::ShownAgain { .. })).count(), 1);
}

#[tokio::test]
async fn what_waits_no_more_is_not_put_off_any_more() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2027, 1, 24)).await;
    house.at(date(2026, 12, 1), 9);
    let (mut tom, path) = (desk_of(&house, house.who.tom).await, format!("/desk/snooze/unopened-{id}"));
    tom.get(&path).await;
    tom.post(&path, &[("until", "2026-12-20"), ("reason", "she is away")]).await;
    assert!(tom.get("/desk").await.text().contains("she is away"));
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    assert_eq!(ana.get(&format!("/invoices/{}", number.in_url())).await.status, StatusCode::OK);
    assert!(!tom.get("/desk").await.text().contains("she is away"), "opened, it wants nobody");
}

#[tokio::test]
async fn every_kind_can_be_put_off_so_that_zero_is_reached() {
    let house = TestHouse::new().await.heedless_of_mail();
    house.mail.answer_next(counterfoil::mail::Verdict::Refused { reason: "550 no".to_owned() });
    house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    house.tick().await;
    let draft = house.draft(house.who.kestrel, 50_00, date(2026, 12, 24)).await;
    let receipt = house.pay(house.who.kestrel, 30_00, vec![]).await;
    house.at(date(2026, 12, 1), 7);
    let mut tom = desk_of(&house, house.who.tom).await;
    let items =
        ["letter-1".to_owned(), "unopened-1".to_owned(), format!("draft-{draft}"), format!("payment-{receipt}")];
    for (left, item) in (0..items.len()).rev().zip(&items) {
        let path = format!("/desk/snooze/{item}");
        assert!(tom.get("/desk").await.text().contains(&path), "{item}");
        tom.get(&path).await;
        tom.post(&path, &[("until", "2026-12-08"), ("reason", "Later")]).await;
        let title = if left == 0 { "<title>Today ".to_owned() } else { format!("<title>Today: {left} waiting") };
        let page = tom.get("/desk").await.text();
        assert!(page.contains(&title), "after {item}: {page}");
    }
    assert!(tom.get("/desk").await.text().contains("All done. Nothing waiting."));
    let mut maeve = desk_of(&house, house.who.maeve).await;
    let page = maeve.get("/desk").await.text();
    assert!(page.contains("Later") && !page.contains("Kestrel"), "{page}");
    assert_eq!(maeve.get(&format!("/desk/snooze/draft-{draft}")).await.status, StatusCode::NOT_FOUND);
    let mut auditor = desk_of(&house, house.who.jonas).await;
    assert!(!auditor.get("/desk").await.text().contains("/desk/snooze/"));
}
