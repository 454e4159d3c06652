//! The next sixty days of reminders: what the page says is what the scheduler does.

use counterfoil::actions::outlook::outlook;
use counterfoil::domain::letter::Purpose;
use counterfoil::store::prelude::*;
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

use crate::auth::signed_in;
use crate::house::{TestHouse, dublin};

/// (day, step) of what is foreseen to go until `until`.
fn foreseen(house: &TestHouse, until: Timestamp) -> Vec<(String, i16)> {
    let (settings, now) = (&house.app.settings, house.app.now());
    let all = house.app.store.read(|r| outlook(r, settings, now, until, |_| true)).unwrap();
    let day = |at: Timestamp| dublin().to_datetime(at).date().to_string();
    all.coming.iter().filter(|x| x.goes).map(|x| (day(x.at), x.step)).collect()
}

#[tokio::test]
async fn what_is_foreseen_is_what_goes() {
    let house = TestHouse::new().await;
    let marlow = house.who.marlow;
    let mut ids = Vec::new();
    for due in [date(2026, 11, 24), date(2026, 11, 29), date(2026, 12, 5), date(2026, 12, 6), date(2027, 1, 10)] {
        ids.push(house.issue(marlow, 100_00, due).await.0);
    }
    house.tick().await;
    house.claim_all();
    let until = dublin().to_timestamp(date(2027, 1, 22).at(0, 0, 0, 0)).unwrap();
    let expected = foreseen(&house, until);
    assert!(expected.len() > 10, "{expected:?}");
    let mut went = Vec::new();
    while house.app.now() < until {
        house.later(SignedDuration::from_hours(3));
        house.tick().await;
        let day = dublin().to_datetime(house.app.now()).date().to_string();
        for _ in 0..house.claim_all() {
            went.push(day.clone());
        }
    }
    // What falls on one day goes as one letter.
    let mut days: Vec<String> = expected.iter().map(|x| x.0.clone()).collect();
    days.dedup();
    assert!(days.len() < expected.len());
    assert_eq!(went, days);
    let mut steps = Vec::new();
    for id in ids {
        let letters = house.app.store.read(|r| r.letters_about(id)).unwrap();
        steps.extend(
            letters.iter().filter_map(|l| if let Purpose::Reminder(_, step) = l.purpose { Some(step) } else { None }),
        );
    }
    let mut said: Vec<i16> = expected.iter().map(|x| x.1).collect();
    steps.sort_unstable();
    said.sort_unstable();
    assert_eq!(steps, said);
}

#[tokio::test]
async fn the_page_shows_a_calendar_and_narrows_to_a_day_and_a_client() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (_, ours) = house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    let (_, other) = house.issue(house.who.kestrel, 100_00, date(2026, 12, 24)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get("/desk/reminders").await.text();
    assert!(page.contains("<table class=\"cal\">") && page.contains("day=2026%2D12%2D16"), "{page}");
    assert!(page.contains(ours.as_str()) && page.contains(other.as_str()));
    let day = orla.get("/desk/reminders?day=2026-12-16").await.text();
    assert!(day.contains(ours.as_str()) && !day.contains(other.as_str()), "{day}");
    let client = orla.get(&format!("/desk/reminders?client={}", house.who.kestrel)).await.text();
    assert!(!client.contains(ours.as_str()) && client.contains(other.as_str()));
    assert!(orla.get("/desk/reminders?day=nonsense&client=x").await.text().contains(ours.as_str()));
}

#[tokio::test]
async fn today_shows_what_goes_as_one_letter_as_one_line_with_its_invoices() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (_, one) = house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    let (_, two) = house.issue(house.who.marlow, 250_00, date(2026, 12, 23)).await;
    let (_, alone) = house.issue(house.who.kestrel, 75_00, date(2026, 12, 23)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get("/desk").await.text();
    let next = page.split("Going out next").nth(1).unwrap().split("</section>").next().unwrap();
    assert_eq!(next.matches("One letter about 2 invoices:").count(), 1, "{next}");
    assert_eq!(next.matches("Marlow Ceramics").count(), 1, "{next}");
    for part in [one.as_str(), two.as_str(), alone.as_str(), "€100.00", "€250.00", "Reminder a week before"] {
        assert!(next.contains(part), "{part} in {next}");
    }
}
