//! Reminders that are paused, of one invoice and of a client, and how they go on.

use axum::http::StatusCode;
use counterfoil::actions::pauses;
use counterfoil::domain::event::Event;
use counterfoil::domain::letter::Purpose;
use counterfoil::domain::pause::Paused;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::{Date, date};

use crate::auth::signed_in;
use crate::house::TestHouse;

/// Days and steps of the reminders that leave until `last`, looked for every two hours.
async fn gone(house: &TestHouse, last: Date) -> Vec<(Date, i16)> {
    let mut out = Vec::new();
    loop {
        let day = crate::house::dublin().to_datetime(house.app.now()).date();
        if day > last {
            return out;
        }
        house.tick().await;
        let number = house.unclaimed().len();
        house.claim_all();
        if number > 0 {
            let settled = house.app.store.read(|r| {
                let mut waiting = r.letters(None, 8)?;
                waiting.truncate(number);
                Ok::<_, StoreError>(waiting)
            });
            for letter in settled.unwrap() {
                if let Purpose::Reminder(_, step) = letter.purpose {
                    out.push((day, step));
                }
            }
        }
        house.later(SignedDuration::from_hours(2));
    }
}

async fn pause(house: &TestHouse, of: Paused, until: Date) -> Result<(), ActError> {
    let settings = house.app.settings.clone();
    house.act(house.who.tom, move |w, s| pauses::pause(w, s, &settings, of, until, "on holiday")).await
}

#[tokio::test]
async fn a_pause_keeps_reminders_back_and_afterwards_only_the_latest_missed_one_goes() {
    let house = TestHouse::new().await;
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    house.tick().await;
    house.claim_all();
    let of = Paused { client: house.who.marlow, invoice: Some(id) };
    pause(&house, of, date(2026, 12, 11)).await.unwrap();
    // The steps of 30 November and 7 December fall into the pause, the one of the 14th does not.
    assert_eq!(gone(&house, date(2026, 12, 13)).await, []);
    assert_eq!(gone(&house, date(2026, 12, 18)).await, [(date(2026, 12, 14), 14)]);
    let superseded = house.log().into_iter().filter(|e| matches!(e, Event::ReminderSuperseded { .. })).count();
    assert_eq!(superseded, 2, "both missed ones gave way to the one of that day");
    assert_eq!(house.app.store.read(|r| r.pause(of)).unwrap(), None, "what is over is swept away");
}

#[tokio::test]
async fn a_client_on_pause_is_reminded_of_nothing_until_somebody_ends_it() {
    let house = TestHouse::new().await;
    let marlow = house.who.marlow;
    house.issue(marlow, 100_00, date(2026, 11, 24)).await;
    let (_, other) = house.issue(house.who.kestrel, 100_00, date(2026, 11, 24)).await;
    house.tick().await;
    house.claim_all();
    let of = Paused { client: marlow, invoice: None };
    pause(&house, of, date(2027, 3, 1)).await.unwrap();
    assert_eq!(gone(&house, date(2026, 11, 25)).await.len(), 1, "{other} of another client, on its day");
    assert_eq!(gone(&house, date(2026, 11, 29)).await, []);
    house.act(house.who.tom, move |w, s| pauses::go_on(w, s, of)).await.unwrap();
    // The due day is long past; its step is the latest that was missed.
    assert_eq!(gone(&house, date(2026, 11, 30)).await, [(date(2026, 11, 30), 0)]);
}

#[tokio::test]
async fn a_reminder_that_waits_is_withdrawn_by_a_pause() {
    let house = TestHouse::new().await;
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 11, 24), 8);
    let zone = house.app.settings.zone.clone();
    let look = move |w: &mut WriteTx<'_>| {
        let rules = counterfoil::actions::reminders::Rules::now(w, &zone)?;
        counterfoil::actions::reminders::look(w, id, &rules)
    };
    assert_eq!(house.app.store.housekeep(house.app.now(), look).await.unwrap(), 1);
    pause(&house, Paused { client: house.who.marlow, invoice: Some(id) }, date(2026, 11, 24)).await.unwrap();
    assert_eq!(house.tick().await.letters, 0);
    assert!(
        house.log().iter().any(|e| matches!(e, Event::LetterWithdrawn { reason, .. } if reason.contains("paused")))
    );
}

#[tokio::test]
async fn staff_pause_on_the_page_and_a_refused_form_keeps_what_was_typed() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let page = format!("/desk/invoices/{id}");
    assert!(tom.get(&page).await.text().contains("Pause the reminders"));
    tom.get(&format!("{page}/pause")).await;
    let past = tom.post(&format!("{page}/pause"), &[("until", "2026-11-01"), ("reason", "the builder is ill")]).await;
    assert_eq!(past.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        past.text().contains("This day has passed") && past.text().contains("the builder is ill"),
        "{}",
        past.text()
    );
    let bare = tom.post(&format!("{page}/pause"), &[("until", "2026-12-30"), ("reason", " ")]).await;
    assert!(bare.text().contains("Say why, in a few words.") && bare.text().contains("2026-12-30"));
    let done = tom.post(&format!("{page}/pause"), &[("until", "2026-12-30"), ("reason", "the builder is ill")]).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, page.as_str()));
    let text = tom.get(&page).await.text();
    assert!(text.contains("Paused until") && text.contains("the builder is ill"), "{text}");
    assert!(text.contains("Held: paused until 30"), "{text}");
    let list = tom.get("/desk/reminders").await.text();
    assert!(list.contains(number.as_str()) && list.contains("Held while paused: the builder is ill"), "{list}");
    tom.post(&format!("{page}/go-on"), &[]).await;
    let again = tom.post(&format!("{page}/go-on"), &[]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "pressed twice");
    assert!(!tom.get(&page).await.text().contains("Paused until"));
    assert!(tom.get("/desk/reminders").await.text().contains("Nothing is paused"));
}
