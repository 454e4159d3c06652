//! A payment: from the bank's line to a settled invoice and a reminder that never goes.

use counterfoil::domain::event::Event;
use counterfoil::store::invoices::Filter;
use counterfoil::store::prelude::*;
use jiff::civil::{Date, date};

use crate::house::*;

fn listed(house: &TestHouse, filter: Filter, today: Date) -> usize {
    let page = house.app.store.read(|r| r.invoice_page(Some(house.who.marlow), filter, today, None, 50));
    page.unwrap().rows.len()
}

#[tokio::test]
async fn a_payment_settles_the_oldest_first_and_moves_the_lists() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (old, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    let (new, _) = house.issue(marlow, 80_00, date(2026, 12, 20)).await;
    let day = date(2026, 12, 2);
    house.at(day, 10);
    assert_eq!((listed(&house, Filter::Overdue, day), listed(&house, Filter::Due, day)), (1, 1));
    house.pay(marlow, 120_00, vec![]).await;
    assert_eq!((house.open(old), house.open(new)), (0, 60_00));
    let lists = [Filter::Paid, Filter::PartPaid, Filter::Overdue, Filter::Open].map(|f| listed(&house, f, day));
    assert_eq!(lists, [1, 1, 0, 1]);
    let log = house.log();
    let money: Vec<&Event> =
        log.iter().filter(|e| matches!(e, Event::ReceiptRecorded { .. } | Event::Allocated { .. })).collect();
    assert_eq!(money.len(), 3, "{money:?}");
    let totals = house.app.store.read(|r| r.open_totals()).unwrap();
    assert_eq!((totals.len(), totals[0].sum, totals[0].count), (1, eur(60_00), 1));
}

#[tokio::test]
async fn what_is_paid_too_much_waits_for_the_next_invoice() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    house.pay(marlow, 150_00, vec![id]).await;
    let left = house.app.store.read(|r| r.unapplied_of(marlow)).unwrap();
    assert_eq!((left.len(), left[0].left), (1, eur(50_00)));
}

#[tokio::test]
async fn no_reminder_follows_a_payment() {
    let house = TestHouse::new().await;
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    house.tick().await;
    house.claim("ana@marlow.example");
    house.at(date(2026, 12, 1), 7);
    house.pay(house.who.marlow, 100_00, vec![id]).await;
    for day in 0..60 {
        house.at(date(2026, 12, 1) + jiff::Span::new().days(day), 9);
        assert_eq!(house.tick().await.letters, 0);
    }
}
