//! How often letters are sent and codes are tried: by the person, not by the browser. Every browser here has a router
//! of its own, so what is counted is counted in the data file, as after a restart.

use axum::http::StatusCode;
use counterfoil::domain::event::Event;
use jiff::SignedDuration;

use super::{SESSION, browser, code_in, comparable, link_in};
use crate::browser::Browser;
use crate::house::TestHouse;

const ANA: &str = "ana@marlow.example";
const ASK: &[(&str, &str)] = &[("email", ANA)];

async fn ask(house: &TestHouse) -> (Browser, String) {
    let mut browser = browser(house);
    browser.post_as_is("/sign-in/link", ASK).await;
    house.tick().await;
    let text = house.claim(ANA).text;
    (browser, text)
}

fn wrong(code: &str) -> &'static str {
    if code == "000 000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn asking_in_somebody_s_name_sends_three_letters_and_then_one_each_twelve_minutes() {
    for path in ["/sign-in/link", "/password"] {
        let house = TestHouse::new().await;
        for _ in 0..8 {
            let known = browser(&house).post_as_is(path, ASK).await;
            let unknown = browser(&house).post_as_is(path, &[("email", "nobody@marlow.example")]).await;
            assert_eq!(comparable(&known), comparable(&unknown));
            house.tick().await;
        }
        assert_eq!(house.claim_all(), 3, "{path}");
        let too_many = |e: &&Event| matches!(e, Event::SignInRefused { reason, .. } if reason.contains("too many"));
        assert_eq!(house.log().iter().filter(too_many).count(), 5);
        for _ in 0..4 {
            house.later(SignedDuration::from_mins(12));
            browser(&house).post_as_is(path, ASK).await;
            browser(&house).post_as_is(path, ASK).await;
            house.tick().await;
            assert_eq!(house.claim_all(), 1, "a link that works is always in the mailbox: {path}");
        }
    }
}

#[tokio::test]
async fn at_most_three_letters_wait_while_no_mail_server_takes_them() {
    let house = TestHouse::new().await;
    for _ in 0..24 {
        browser(&house).post_as_is("/sign-in/link", ASK).await;
        house.later(SignedDuration::from_mins(30));
    }
    house.tick().await;
    assert_eq!(house.claim_all(), 3);
}

#[tokio::test]
async fn ten_wrong_codes_at_a_person_close_the_codes_and_leave_the_links() {
    let house = TestHouse::new().await;
    for _ in 0..2 {
        let (mut eve, text) = ask(&house).await;
        for _ in 0..5 {
            let answer = eve.post_as_is("/sign-in/code", &[("code", wrong(&code_in(&text)))]).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
    }
    let (mut ana, text) = ask(&house).await;
    let mut nobody = browser(&house);
    nobody.post_as_is("/sign-in/link", &[("email", "nobody@marlow.example")]).await;
    let code = code_in(&text);
    let right = ana.post_as_is("/sign-in/code", &[("code", &code)]).await;
    let unknown = nobody.post_as_is("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(comparable(&right), comparable(&unknown), "the answer does not tell");
    assert!(ana.cookie(SESSION).is_none());
    assert!(ana.post_as_is(&link_in(&text), &[]).await.status.is_redirection());
    assert!(ana.cookie(SESSION).is_some(), "the link is the way");
    house.later(SignedDuration::from_mins(60));
    let (mut ana, text) = ask(&house).await;
    ana.post_as_is("/sign-in/code", &[("code", &code_in(&text))]).await;
    assert!(ana.cookie(SESSION).is_some(), "never for good");
}

#[tokio::test]
async fn a_browser_that_asks_again_gives_up_its_older_code_and_nobody_else_s() {
    let house = TestHouse::new().await;
    let (mut ana, first) = ask(&house).await;
    let older = ana.cookie("__Host-request").unwrap().to_owned();
    let (mut phone, on_phone) = ask(&house).await;
    ana.post_as_is("/sign-in/link", ASK).await;
    house.tick().await;
    let second = house.claim(ANA).text;
    let newer = ana.cookie("__Host-request").unwrap().to_owned();
    ana.set_cookie("__Host-request", &older);
    let old = ana.post_as_is("/sign-in/code", &[("code", &code_in(&first))]).await;
    assert!(old.text().contains("has expired"), "{}", old.text());
    ana.set_cookie("__Host-request", &newer);
    assert!(ana.post_as_is("/sign-in/code", &[("code", &code_in(&second))]).await.status.is_redirection());
    assert!(phone.post_as_is("/sign-in/code", &[("code", &code_in(&on_phone))]).await.status.is_redirection());
}

#[tokio::test]
async fn a_letter_signs_in_once_whether_by_its_link_or_by_its_code() {
    let house = TestHouse::new().await;
    let (mut by_code, text) = ask(&house).await;
    assert!(by_code.post_as_is("/sign-in/code", &[("code", &code_in(&text))]).await.status.is_redirection());
    assert_eq!(browser(&house).post_as_is(&link_in(&text), &[]).await.status, StatusCode::NOT_FOUND);
    let (mut by_link, text) = ask(&house).await;
    assert!(browser(&house).post_as_is(&link_in(&text), &[]).await.status.is_redirection());
    let spent = by_link.post_as_is("/sign-in/code", &[("code", &code_in(&text))]).await;
    assert!(spent.text().contains("has expired"), "{}", spent.text());
    assert!(by_link.cookie(SESSION).is_none());
}
