//! Paying back what is applied to nothing.

use counterfoil::domain::event::Event;
use counterfoil::domain::statement::balance_forward;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::{between, desk_of};
use crate::auth::signed_in;
use crate::house::*;
use crate::money::{account, listed_balance};

#[tokio::test]
async fn what_was_paid_too_much_is_paid_back_once_and_stands_everywhere() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    let receipt = house.pay(marlow, 150_00, vec![]).await;
    house.at(date(2026, 11, 27), 10);
    let mut desk = desk_of(&house, house.who.orla).await;
    let own = format!("/desk/payments/{receipt}");
    assert!(desk.get(&own).await.text().contains("Pay back, up to €50.00"));
    let path = format!("{own}/refund");
    let page = desk.get(&path).await.text();
    let once = between(&page, "name=\"once\" value=\"", "\"").to_owned();
    for (amount, on, says) in [
        ("50.01", "2026-11-27", "That is more than the EUR 50.00 not yet applied"),
        ("0", "2026-11-27", "Enter an amount above zero"),
        ("50", "2026-11-28", "today or earlier"),
        ("50", "2026-11-20", "Enter 23 November 2026 or a later day"),
    ] {
        let form = [("once", &*once), ("amount", amount), ("on", on), ("method", "transfer"), ("reference", "Back 1")];
        let refused = desk.post(&path, &form).await;
        assert_eq!(refused.status, 422, "{amount} {on}");
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    assert_eq!(listed_balance(&house.app, marlow), -50_00);
    let form =
        [("once", &*once), ("amount", "30"), ("on", "2026-11-26"), ("method", "transfer"), ("reference", "Back 1")];
    let first = desk.post(&path, &form).await;
    let again = desk.post(&path, &form).await;
    assert_eq!(first.location(), again.location(), "pressed twice, recorded once");
    let page = desk.follow(first).await.text();
    assert!(page.contains("The refund is recorded.") && page.contains("Back 1") && page.contains("€20.00"), "{page}");
    assert_eq!(listed_balance(&house.app, marlow), -20_00);
    let all = house.log().into_iter().filter(|e| matches!(e, Event::Refunded { .. })).count();
    assert_eq!(all, 1);

    let (entries, account) = account(&house.app, marlow);
    for (on, owed) in [(25, -50_00), (26, -20_00), (30, -20_00)] {
        let to = date(2026, 11, on);
        let statement = balance_forward(entries.clone(), date(2026, 11, 1), to);
        assert_eq!((statement.closing, account.ageing(to).total()), (owed, owed), "{on} November");
    }
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let statement = ana.get("/statement?from=2026-11-01&to=2026-11-30").await.text();
    assert!(statement.contains("Paid back to you") && statement.contains("Back 1"), "{statement}");
    assert_eq!(ana.get("/statement.pdf?from=2026-11-01&to=2026-11-30").await.status, 200);
    let csv = ana.get("/statement.csv?from=2026-11-01&to=2026-11-30").await.text();
    assert!(
        csv.contains(r#""EUR","2026-11-26","refund","Back 1","Paid back by bank transfer","30.00","-20.00""#),
        "{csv}"
    );

    let back = format!("{own}/reverse");
    desk.get(&back).await;
    let refused = desk.post(&back, &[("cause", "returned"), ("on", "2026-11-27"), ("reason", "Bounced")]).await;
    assert!(refused.text().contains("EUR 30.00 of it was paid back"), "{}", refused.text());
    let refund = house.app.store.read(|r| r.refunds_of(marlow, date(2026, 12, 31))).unwrap()[0].id;
    let path = format!("/desk/refunds/{refund}/return");
    assert!(desk.get(&path).await.text().contains("The refund of €30.00 came back"));
    assert_eq!(desk.post(&path, &[("on", "2026-11-25"), ("reason", "Closed account")]).await.status, 422);
    let done = desk.post(&path, &[("on", "2026-11-27"), ("reason", "Closed account")]).await;
    let page = desk.follow(done).await.text();
    assert!(page.contains("Came back on") && page.contains("Closed account") && page.contains("€50.00"), "{page}");
    assert_eq!(listed_balance(&house.app, marlow), -50_00);
    let statement = ana.get("/statement?from=2026-11-01&to=2026-11-30").await.text();
    assert!(statement.contains("Refund returned") && !statement.contains("Closed account"), "{statement}");
    let done = desk.post(&back, &[("cause", "returned"), ("on", "2026-11-27"), ("reason", "Bounced")]).await;
    assert!(done.status.is_redirection(), "nothing of it is paid back any more: {}", done.text());
}
