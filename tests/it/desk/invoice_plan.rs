//! The reminders on the page of an invoice: the plan of those ahead, and what became of those that were.

use counterfoil::actions::{promises, stops};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::policy::{Channel, Reach};
use counterfoil::domain::promise;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::plan::change;
use crate::auth::signed_in;
use crate::house::{TestHouse, dublin, eur};

/// The reminders on an invoice’s page.
async fn on_the_page(house: &TestHouse, id: InvoiceId) -> String {
    let mut orla = signed_in(house, "orla@hartmann.example").await;
    let page = orla.get(&format!("/desk/invoices/{id}")).await.text();
    page.split("id=\"reminders\"").nth(1).unwrap().split("</section>").next().unwrap().to_owned()
}

#[tokio::test]
async fn the_page_of_an_invoice_says_what_the_plan_says_and_what_became_of_what_was() {
    let house = TestHouse::new().await.heedless_of_mail();
    change(&house, |policy| {
        policy.steps[2].only.over = Some(eur(500_00));
        policy.steps[3].by = Channel::Call;
        policy.steps[4].to = Reach::Lead;
    })
    .await;
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    let (late, _) = house.issue(house.who.marlow, 100_00, date(2026, 11, 26)).await;
    house.tick().await;
    let told = on_the_page(&house, id).await;
    for part in [
        "Times of Europe/Dublin",
        "The next one goes on Tuesday 24 November at 08:00.",
        "24 Nov 08:00",
        "Goes to Ana Ruiz",
        "8 Dec 08:00",
        "Not sent, as things stand: too little is open for this step",
        "15 Dec 08:00",
        "Staff are asked to call",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    for day in [24, 25, 26, 27, 28, 29, 30] {
        house.at(date(2026, 11, day), 9);
        house.tick().await;
    }
    for day in 1..=8 {
        house.at(date(2026, 12, day), 9);
        house.tick().await;
    }
    let told = on_the_page(&house, id).await;
    for part in ["Went to Ana", "24 Nov 09:00", "Not sent: too little is open for this step"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let told = on_the_page(&house, late).await;
    assert!(told.contains("Not sent: it would have fallen before the invoice was published"), "{told}");
    // Nobody who gets reminders is left.
    let ana = house.who.ana;
    let stop = move |w: &mut WriteTx<'_>, s: &StaffScope| stops::by_staff(w, s, ana, "asked for it");
    house.act(house.who.orla, stop).await.unwrap();
    let told = on_the_page(&house, id).await;
    assert!(told.contains("Not sent: nobody at the client gets reminders"), "{told}");
    assert!(!told.contains("The next one goes") && told.contains("No further reminder goes."), "{told}");
}

#[tokio::test]
async fn what_fell_before_publication_is_not_held_by_a_promise() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 11, 26)).await;
    let wish = promise::Wish { day: date(2026, 12, 1), amount: eur(100_00), note: String::new() };
    let promised = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::record(w, s, id, &wish, &dublin());
    house.act(house.who.orla, promised).await.unwrap();
    let told = on_the_page(&house, id).await;
    assert!(told.contains("Not sent: it would fall before the invoice was published"), "{told}");
    assert_eq!(told.matches("a week before").count(), 1, "{told}");
    assert!(told.contains("Held: promise until"), "{told}");
}
