//! Taking recorded payments back.

use counterfoil::actions::payments::{self, TakingBack};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::ReceiptId;
use counterfoil::domain::payment::Cause;
use counterfoil::store::prelude::*;
use jiff::civil::{Date, date};

use super::desk_of;
use crate::auth::signed_in;
use crate::house::*;
use crate::money::{account, listed_balance};

async fn take_back(house: &TestHouse, receipt: ReceiptId, on: Date) -> Result<(), ActError> {
    let back = TakingBack { on, cause: Cause::Returned, reason: "Refer to drawer".to_owned() };
    let settings = house.app.settings.clone();
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| payments::reverse(w, s, &settings, receipt, &back);
    house.act(house.who.tom, act).await
}

#[tokio::test]
async fn a_bounced_payment_opens_its_invoices_and_stands_on_the_statement_with_its_reversal() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (old, number) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    let (new, _) = house.issue(marlow, 80_00, date(2026, 12, 20)).await;
    let receipt = house.pay(marlow, 150_00, vec![]).await;
    assert_eq!((house.open(old), house.open(new)), (0, 30_00));
    house.at(date(2026, 11, 27), 10);
    let mut desk = desk_of(&house, house.who.orla).await;
    let page = desk.get(&format!("/desk/payments/{receipt}")).await.text();
    assert!(page.contains(&format!("href=\"/desk/payments/{receipt}/reverse\"")), "{page}");
    let path = format!("/desk/payments/{receipt}/reverse");
    let asked = desk.get(&path).await.text();
    assert!(asked.contains(number.as_str()) && asked.contains("€100.00") && asked.contains("€50.00"), "{asked}");
    let form = [("cause", "returned"), ("on", "2026-11-26"), ("reason", "Refer to drawer")];
    let done = desk.post(&path, &form).await;
    let page = desk.follow(done).await.text();
    assert!(page.contains("This payment was taken back.") && page.contains("Refer to drawer"), "{page}");
    assert!(page.contains("What it had settled") && page.contains(number.as_str()), "{page}");
    assert!(!page.contains("/reverse\"") && !page.contains("/apply\""), "{page}");
    assert_eq!((house.open(old), house.open(new), listed_balance(&house.app, marlow)), (100_00, 80_00, 180_00));
    assert!(desk.get("/desk/payments").await.text().contains("Taken back"));

    let (entries, account) = account(&house.app, marlow);
    for (on, owed) in [(25, 30_00), (26, 180_00), (30, 180_00)] {
        let to = date(2026, 11, on);
        let statement = counterfoil::domain::statement::balance_forward(entries.clone(), date(2026, 11, 1), to);
        assert_eq!((statement.closing, account.ageing(to).total()), (owed, owed), "{on} November");
        assert_eq!(account.unapplied(to), 0, "{on} November");
    }

    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let statement = ana.get("/statement?from=2026-11-01&to=2026-11-30").await.text();
    assert!(statement.contains("Payment, thank you") && statement.contains("Payment taken back"), "{statement}");
    assert!(statement.contains("Returned by the bank") && !statement.contains("Refer to drawer"), "{statement}");
    assert_eq!(ana.get("/statement.pdf?from=2026-11-01&to=2026-11-30").await.status, 200);
    let own = desk.get(&format!("/desk/clients/{marlow}/statement?from=2026-11-01&to=2026-11-30")).await.text();
    assert!(own.contains("Returned by the bank") && own.contains("€180.00"), "{own}");
    let invoice = ana.get(&format!("/invoices/{number}")).await.text();
    let told = "The payment of €100.00 was returned by the bank, so it no longer counts; €100.00 is open.";
    assert!(invoice.contains(told) && !invoice.contains("Refer to drawer"), "{invoice}");
    assert!(house.verify().is_clean());
}

#[tokio::test]
async fn a_refused_reversal_comes_back_as_it_was_typed_and_changes_nothing() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    house.at(date(2026, 11, 25), 10);
    let receipt = house.pay(marlow, 100_00, vec![]).await;
    let mut desk = desk_of(&house, house.who.orla).await;
    let path = format!("/desk/payments/{receipt}/reverse");
    desk.get(&path).await;
    let before = house.log().len();
    let table = [
        ("", "2026-11-25", "Bounced <it>", "#f-cause"),
        ("lost", "2026-11-25", "Bounced <it>", "#f-cause"),
        ("mistaken", "2026-11-24", "Bounced <it>", "#f-on"),
        ("mistaken", "2026-11-26", "Bounced <it>", "#f-on"),
        ("mistaken", "soon", "Bounced <it>", "#f-on"),
        ("mistaken", "9999-12-31", "Bounced <it>", "#f-on"),
        ("mistaken", "2026-11-25", " ", "#f-reason"),
    ];
    for (cause, on, reason, at) in table {
        let answer = desk.post(&path, &[("cause", cause), ("on", on), ("reason", reason)]).await;
        let page = answer.text();
        assert_eq!(answer.status, 422, "{cause} {on}: {page}");
        assert!(page.contains(&format!("href=\"{at}\"")) && page.contains("<title>Error: "), "{cause} {on}: {page}");
        assert!(reason == " " || page.contains("Bounced &lt;it&gt;"), "{page}");
    }
    assert_eq!((house.open(id), house.log().len()), (0, before));
    let mut auditor = desk_of(&house, house.who.jonas).await;
    assert!(!auditor.get(&format!("/desk/payments/{receipt}")).await.text().contains("/reverse"));
}

#[tokio::test]
async fn after_a_reversal_reminders_go_on_with_the_steps_to_come_and_none_goes_twice() {
    let house = TestHouse::new().await;
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    house.tick().await;
    house.claim("ana@marlow.example");
    house.at(date(2026, 11, 24), 9);
    house.tick().await;
    house.claim("ana@marlow.example"); // a week before
    let receipt = house.pay(marlow, 100_00, vec![]).await;
    for day in [1, 8, 10] {
        house.at(date(2026, 12, day), 9);
        house.tick().await;
    }
    take_back(&house, receipt, date(2026, 12, 10)).await.unwrap();
    house.tick().await;
    house.at(date(2026, 12, 14), 17);
    house.tick().await;
    let skipped = |e: &&Event| matches!(e, Event::ReminderSkipped { step: 0 | 7, .. });
    assert_eq!(house.log().iter().filter(skipped).count(), 2, "what fell while it was paid is not caught up");
    house.at(date(2026, 12, 15), 9);
    house.tick().await;
    house.claim("ana@marlow.example");
    let steps: Vec<i16> = house.app.store.read(|r| r.reminder_steps(id)).unwrap().into_iter().map(|x| x.0).collect();
    assert_eq!(steps, [-7, 0, 7, 14]);
    let again = take_back(&house, receipt, date(2026, 12, 10)).await;
    assert!(format!("{again:?}").contains("Repeated"), "{again:?}");
}

#[tokio::test]
async fn what_was_taken_back_settles_nothing_more() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let receipt = house.pay(marlow, 50_00, vec![]).await;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    take_back(&house, receipt, house.app.today()).await.unwrap();
    assert_eq!(listed_balance(&house.app, marlow), 100_00);
    let mut desk = desk_of(&house, house.who.orla).await;
    desk.get(&format!("/desk/payments/{receipt}")).await;
    let (path, id) = (format!("/desk/payments/{receipt}/apply"), id.to_string());
    let refused = desk.post(&path, &[("invoice", &id), ("amount", "1.00")]).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    let mut maeve = desk_of(&house, house.who.maeve).await;
    let theirs = house.pay(house.who.kestrel, 1_00, vec![]).await;
    assert_eq!(maeve.get(&format!("/desk/payments/{theirs}/reverse")).await.status, 404);
}
