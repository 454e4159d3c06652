//! Pages that are asked for again: the same while nothing changed, and never what is past or somebody else's.

use axum::http::StatusCode;
use counterfoil::actions::people;
use jiff::SignedDuration;
use jiff::civil::date;

use crate::auth::signed_in;
use crate::browser::hidden;
use crate::house::TestHouse;

#[tokio::test]
async fn a_page_asked_for_again_is_the_same_until_something_is_committed() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, number) = house.issue(marlow, 12_300, date(2026, 12, 23)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let invoice = format!("/invoices/{number}");
    ana.get(&invoice).await;
    for path in ["/", "/invoices", "/invoices?state=paid", &invoice] {
        let first = ana.get(path).await;
        let again = ana.get(path).await;
        assert_eq!((first.status, &first.body), (StatusCode::OK, &again.body), "{path}");
        assert_eq!(first.headers, again.headers, "{path}");
    }
    house.pay(marlow, 12_300, vec![id]).await;
    assert!(ana.get("/").await.text().contains("all square"));
    assert!(ana.get("/invoices?state=paid").await.text().contains(number.as_str()));
    assert!(ana.get(&invoice).await.text().contains("There is nothing left to pay."));
}

#[tokio::test]
async fn what_one_session_got_is_for_no_other() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (_, number) = house.issue(house.who.marlow, 12_300, date(2026, 12, 23)).await;
    let page = format!("/invoices/{number}");
    let (mut phone, mut desktop) =
        (signed_in(&house, "ana@marlow.example").await, signed_in(&house, "ana@marlow.example").await);
    let mut stranger = signed_in(&house, "sofia@kestrel.example").await;
    phone.get(&page).await;
    let (first, second) = (phone.get(&page).await.text(), desktop.get(&page).await.text());
    assert_ne!(hidden(&first, "csrf"), hidden(&second, "csrf"), "each form token is of its own session");
    assert_eq!(hidden(&first, "csrf"), hidden(&phone.get(&page).await.text(), "csrf"));
    assert_eq!(stranger.get(&page).await.status, StatusCode::NOT_FOUND);
    phone.post("/sign-out", &[]).await;
    assert_eq!(phone.get(&page).await.status, StatusCode::SEE_OTHER, "signed out");
    let ana = house.who.ana;
    house.act(house.who.orla, move |w, s| people::revoke_contact(w, s, ana)).await.unwrap();
    assert_eq!(desktop.get(&page).await.status, StatusCode::SEE_OTHER, "revoked");
}

#[tokio::test]
async fn a_new_day_draws_its_page_anew() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (_, number) = house.issue(house.who.marlow, 12_300, date(2026, 11, 24)).await;
    let page = format!("/invoices/{number}");
    house.at(date(2026, 11, 24), 23);
    house.later(SignedDuration::from_mins(40));
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    for _ in 0..2 {
        assert!(ana.get(&page).await.text().contains("Please pay"));
    }
    house.later(SignedDuration::from_mins(30));
    for _ in 0..2 {
        let text = ana.get(&page).await.text();
        assert!(text.contains("was due on"), "{text}");
    }
}
