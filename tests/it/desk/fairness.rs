//! The fair-treatment report: what was done otherwise than the policy has it, by whom, why and how often.

use counterfoil::actions::{letters, pauses, stops};
use counterfoil::domain::pause::Paused;
use jiff::civil::date;

use super::desk_of;
use crate::house::*;

#[tokio::test]
async fn a_contact_who_gets_no_reminders_is_an_exception_with_its_reason() {
    let house = TestHouse::new().await.heedless_of_mail();
    let ana = house.who.ana;
    let mut tom = desk_of(&house, house.who.tom).await;
    assert!(tom.get("/desk/reminders").await.text().contains("Nothing is paused"));
    house.act(house.who.tom, move |w, s| stops::by_staff(w, s, ana, "an old friend")).await.unwrap();
    for path in ["/desk/fairness", "/desk/fairness.csv", "/desk/reminders"] {
        let text = tom.get(path).await.text();
        assert!(text.contains("an old friend") && text.contains("Tom"), "{path}: {text}");
        assert!(!text.contains("everybody is treated the same"), "{path}: {text}");
    }
    assert!(tom.get("/desk/fairness").await.text().contains("Contacts stopped or resumed"));
}

#[tokio::test]
async fn exceptions_are_counted_by_client_and_by_member_of_staff_with_their_reasons() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    let (other, _) = house.issue(house.who.kestrel, 100_00, date(2026, 12, 23)).await;
    let mut tom = desk_of(&house, house.who.tom).await;
    assert!(tom.get("/desk/fairness").await.text().contains("No exceptions."));
    for (client, invoice) in [(house.who.marlow, Some(id)), (house.who.kestrel, Some(other)), (house.who.marlow, None)]
    {
        let settings = house.app.settings.clone();
        let of = Paused { client, invoice };
        let until = date(2026, 12, 1);
        house.act(house.who.tom, move |w, s| pauses::pause(w, s, &settings, of, until, "on holiday")).await.unwrap();
    }
    house.later(jiff::SignedDuration::from_hours(1));
    let (ana, today) = (house.who.ana, house.app.today());
    house.act(house.who.orla, move |w, s| letters::send_again(w, s, id, ana, today)).await.unwrap();
    // An hour without a page ends a session of the desk.
    let mut tom = desk_of(&house, house.who.tom).await;
    let page = tom.get("/desk/fairness").await.text();
    for words in ["Pauses", "Sent by hand", "on holiday", "Tom", "Orla", "Marlow Ceramics", "Kestrel", number.as_str()]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    let csv = tom.get("/desk/fairness.csv").await.text().replace('"', "");
    assert_eq!(csv.lines().count(), 5, "{csv}");
    assert!(csv.contains("Pauses,Tom") && csv.contains(",on holiday"), "{csv}");
    assert!(csv.contains("asked for on the document’s page"), "{csv}");
    let before = tom.get("/desk/fairness?from=2026-01-01&to=2026-11-22").await.text();
    assert!(before.contains("No exceptions."), "{before}");
    let wrong = tom.get("/desk/fairness?from=2026-11-23&to=2026-11-22").await.text();
    assert!(wrong.contains("Enter the first day’s date or a later one."));
    let mut maeve = desk_of(&house, house.who.maeve).await;
    for path in ["/desk/fairness", "/desk/fairness.csv"] {
        let text = maeve.get(path).await.text();
        assert!(text.contains("on holiday") && !text.contains("Kestrel"), "{path}: {text}");
    }
}
