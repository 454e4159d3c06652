//! Setting and changing passwords.

use axum::http::StatusCode;
use counterfoil::domain::event::Event;

use super::{SESSION, browser, comparable, link_in, signed_in, with_password};
use crate::house::{PASSWORD, TestHouse};

const NEW: &str = "seven lanterns over wet slate";

#[tokio::test]
async fn a_password_is_set_by_letter_once_and_signs_nobody_in() {
    let house = TestHouse::new().await;
    let mut before = signed_in(&house, "ana@marlow.example").await;
    let mut ana = browser(&house);
    let known = ana.post_as_is("/password", &[("email", "ana@marlow.example")]).await;
    let unknown = browser(&house).post_as_is("/password", &[("email", "eve@marlow.example")]).await;
    assert_eq!(comparable(&known), comparable(&unknown));
    house.tick().await;
    let link = link_in(&house.claim("ana@marlow.example").text);
    assert!(link.starts_with("/password/"), "{link}");
    for _ in 0..5 {
        assert_eq!(ana.get(&link).await.status, StatusCode::OK);
    }
    assert!(ana.get(&link).await.text().contains("value=\"ana@marlow.example\""), "for the password manager");
    let weak = ana.post_as_is(&link, &[("password", "hartmann and finch")]).await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(weak.text().contains("<title>Error: ") && !weak.text().contains("hartmann and finch"));
    let set = ana.post_as_is(&link, &[("password", NEW)]).await;
    assert_eq!(set.location(), "/sign-in?note=password-set");
    let next = browser(&house).get(set.location()).await.text();
    assert!(next.contains("Your password is set.") && next.contains(" open>"), "the password form is open: {next}");
    assert!(!browser(&house).get("/sign-in").await.text().contains(" open>"));
    assert!(ana.cookie(SESSION).is_none(), "nobody is signed in by it");
    assert!(before.get("/").await.status.is_redirection(), "other sessions end");
    assert_eq!(ana.post_as_is(&link, &[("password", NEW)]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(with_password(&mut ana, "ana@marlow.example", PASSWORD).await.status.as_u16(), 422);
    assert!(with_password(&mut ana, "ana@marlow.example", NEW).await.status.is_redirection());
    assert!(house.log().contains(&Event::PasswordSet));
}

#[tokio::test]
async fn a_link_for_one_purpose_serves_no_other() {
    let house = TestHouse::new().await;
    browser(&house).post_as_is("/password", &[("email", "ana@marlow.example")]).await;
    house.tick().await;
    let link = link_in(&house.claim("ana@marlow.example").text).replace("/password/", "/sign-in/link/");
    assert_eq!(browser(&house).get(&link).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser(&house).post_as_is(&link, &[]).await.status, StatusCode::NOT_FOUND);
    browser(&house).post_as_is("/sign-in/link", &[("email", "ana@marlow.example")]).await;
    house.tick().await;
    let link = link_in(&house.claim("ana@marlow.example").text).replace("/sign-in/link/", "/password/");
    assert_eq!(browser(&house).post_as_is(&link, &[("password", NEW)]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn changing_a_password_needs_the_present_one_and_ends_every_other_session() {
    let house = TestHouse::new().await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let mut phone = signed_in(&house, "ana@marlow.example").await;
    assert!(ana.get("/account").await.text().contains("Present password"));
    let wrong = ana.post("/account/password", &[("current", "something else here"), ("password", NEW)]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("This is not your present password"));
    let old = ana.cookie(SESSION).unwrap().to_owned();
    let done = ana.post("/account/password", &[("current", PASSWORD), ("password", NEW)]).await;
    assert_eq!(done.location(), "/account?note=password-changed");
    assert_ne!(ana.cookie(SESSION).unwrap(), old);
    assert_eq!(ana.get("/account").await.status, StatusCode::OK);
    assert!(phone.get("/").await.status.is_redirection());
}

#[tokio::test]
async fn who_signed_in_by_letter_is_offered_a_link_to_set_a_password() {
    let house = TestHouse::new().await;
    let mut ana = browser(&house);
    ana.post_as_is("/sign-in/link", &[("email", "ana@marlow.example")]).await;
    house.tick().await;
    let link = link_in(&house.claim("ana@marlow.example").text);
    ana.post_as_is(&link, &[]).await;
    assert!(!ana.get("/account").await.text().contains("Present password"));
    let refused = ana.post("/account/password", &[("current", PASSWORD), ("password", NEW)]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(ana.post("/account/password/link", &[]).await.location(), "/account?note=mailed");
    house.tick().await;
    assert!(link_in(&house.claim("ana@marlow.example").text).starts_with("/password/"));
}
