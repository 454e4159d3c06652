//! Links, codes and passwords.

use axum::http::{Method, StatusCode};
use counterfoil::actions::people;
use counterfoil::domain::event::{Entrance, Event};
use jiff::SignedDuration;
use jiff::civil::date;

use super::{HOST, SESSION, browser, code_in, comparable, link_in, signed_in, with_password};
use crate::house::{PASSWORD, TestHouse};

async fn letter(house: &TestHouse, address: &str) -> String {
    house.tick().await;
    house.claim(address).text
}

#[tokio::test]
async fn a_link_that_a_scanner_fetched_fifty_times_still_signs_its_person_in_once() {
    let house = TestHouse::new().await;
    let mut ana = browser(&house);
    let sent = ana.post_as_is("/sign-in/link", &[("email", "ana@marlow.example"), ("back", "/statement")]).await;
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, "/sign-in/code?back=/statement"));
    let link = link_in(&letter(&house, "ana@marlow.example").await);
    let before = house.log().len();
    let mut scanner = browser(&house);
    for n in 0..50 {
        let method = if n % 2 == 0 { Method::GET } else { Method::HEAD };
        let page = scanner.send(method, &link, None, Vec::new()).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(scanner.cookie(SESSION).is_none());
    }
    assert_eq!(house.log().len(), before, "fetching changes nothing");
    let entered = ana.post_as_is(&link, &[]).await;
    assert_eq!((entered.status, entered.location()), (StatusCode::SEE_OTHER, "/"));
    assert!(ana.get("/").await.text().contains("Nothing to pay"));
    let again = browser(&house).post_as_is(&link, &[]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "spent");
    assert!(again.text().contains("This link has expired"));
}

#[tokio::test]
async fn a_code_works_once_with_or_without_its_blank() {
    let house = TestHouse::new().await;
    let mut ana = browser(&house);
    ana.post_as_is("/sign-in/link", &[("email", "Ana@Marlow.example")]).await;
    let code = code_in(&letter(&house, "ana@marlow.example").await);
    let mut other = browser(&house);
    other.post_as_is("/sign-in/link", &[("email", "nobody@marlow.example")]).await;
    let elsewhere = other.post_as_is("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(elsewhere.status, StatusCode::UNPROCESSABLE_ENTITY, "only for the browser that asked");
    let request = ana.cookie("__Host-request").unwrap().to_owned();
    let back = [("code", code.as_str()), ("back", "/invoices")];
    let entered = ana.post_as_is("/sign-in/code", &back).await;
    assert_eq!((entered.status, entered.location()), (StatusCode::SEE_OTHER, "/invoices"));
    ana.set_cookie("__Host-request", &request);
    let again = ana.post_as_is("/sign-in/code", &back).await;
    assert!(again.text().contains("has expired or was tried too often"));
    assert!(house.log().contains(&Event::SignedIn { entrance: Entrance::Code }));
}

#[tokio::test]
async fn five_wrong_codes_end_the_request_and_known_looks_like_unknown_all_the_way() {
    let house = TestHouse::new().await;
    let (mut known, mut unknown) = (browser(&house), browser(&house));
    let ask = |email: &'static str| [("email", email)];
    let (a, b) = (
        known.post_as_is("/sign-in/link", &ask("ana@marlow.example")).await,
        unknown.post_as_is("/sign-in/link", &ask("nobody@marlow.example")).await,
    );
    assert_eq!(comparable(&a), comparable(&b));
    assert_eq!(known.get("/sign-in/code").await.text(), unknown.get("/sign-in/code").await.text());
    let code = code_in(&letter(&house, "ana@marlow.example").await);
    let wrong = if code == "000 000" { "000001" } else { "000000" };
    for _ in 0..5 {
        let (a, b) = (
            known.post_as_is("/sign-in/code", &[("code", wrong)]).await,
            unknown.post_as_is("/sign-in/code", &[("code", wrong)]).await,
        );
        assert_eq!(a.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(comparable(&a), comparable(&b));
    }
    let right = known.post_as_is("/sign-in/code", &[("code", &code)]).await;
    assert!(right.text().contains("has expired or was tried too often"));
    assert!(known.cookie(SESSION).is_none());
}

#[tokio::test]
async fn unknown_wrong_and_revoked_get_the_same_answer_and_each_is_logged() {
    let house = TestHouse::new().await;
    let mut answers = Vec::new();
    for (address, password) in [
        ("ana@marlow.example", "not her password at all"),
        ("eve@marlow.example", "not her password at all"),
        ("rita@marlow.example", PASSWORD),
    ] {
        let mut browser = browser(&house);
        let answer = with_password(&mut browser, address, password).await;
        assert!(browser.cookie(SESSION).is_none());
        let (status, to, text) = comparable(&answer);
        answers.push((status, to, text.replace(address, "ADDRESS")));
    }
    assert_eq!(answers[0].0, 422);
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    let refused = house.log().into_iter().filter(|e| matches!(e, Event::SignInRefused { .. })).count();
    assert_eq!(refused, 3);
}

#[tokio::test]
async fn guessing_a_password_is_slowed_down_and_leaves_the_mailed_link_open() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut eve = browser(&house);
    let mut last = StatusCode::OK;
    for n in 0..12 {
        last = with_password(&mut eve, "ana@marlow.example", &format!("guess number {n}")).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let asked = eve.post_as_is("/sign-in/link", &[("email", "ana@marlow.example")]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn every_sign_in_begins_a_fresh_session_and_ends_the_old_one() {
    let house = TestHouse::new().await;
    let mut ana = browser(&house);
    let planted = "A".repeat(43);
    ana.set_cookie(SESSION, &planted);
    with_password(&mut ana, "ana@marlow.example", PASSWORD).await;
    let first = ana.cookie(SESSION).unwrap().to_owned();
    assert_ne!(first, planted);
    with_password(&mut ana, "ana@marlow.example", PASSWORD).await;
    assert_ne!(ana.cookie(SESSION).unwrap(), first);
    let mut old = browser(&house);
    old.set_cookie(SESSION, &first);
    assert_eq!(old.get("/").await.location(), "/sign-in?back=/");
}

#[tokio::test]
async fn signing_out_ends_the_session_on_the_server() {
    let house = TestHouse::new().await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let session = ana.cookie(SESSION).unwrap().to_owned();
    assert_eq!(ana.get("/").await.status, StatusCode::OK);
    let forged = ana.post_as_is("/sign-out", &[("csrf", "wrong")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    assert_eq!(ana.post("/sign-out", &[]).await.location(), "/sign-in?note=signed-out");
    ana.set_cookie(SESSION, &session);
    assert!(ana.get("/").await.status.is_redirection());
}

#[tokio::test]
async fn a_revoked_contact_is_out_at_the_next_request() {
    let house = TestHouse::new().await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    assert_eq!(ana.get("/").await.status, StatusCode::OK);
    let id = house.who.ana;
    house.act(house.who.orla, move |w, scope| people::revoke_contact(w, scope, id)).await.unwrap();
    assert!(ana.get("/").await.location().starts_with("/sign-in"));
    assert_eq!(with_password(&mut ana, "ana@marlow.example", PASSWORD).await.status.as_u16(), 422);
}

#[tokio::test]
async fn staff_land_at_the_desk_and_nobody_lands_elsewhere() {
    let house = TestHouse::new().await;
    for (address, back, lands) in [
        ("orla@hartmann.example", "/desk/clients/1", "/desk/clients/1"),
        ("orla@hartmann.example", "/invoices", "/desk"),
        ("ana@marlow.example", "/desk", "/"),
        ("ana@marlow.example", "//evil.example", "/"),
        ("ana@marlow.example", "/invoices/2025%2F7", "/invoices/2025%2F7"),
    ] {
        let fields = [("email", address), ("password", PASSWORD), ("back", back)];
        let answer = browser(&house).post_as_is("/sign-in/password", &fields).await;
        assert_eq!(answer.location(), lands, "{back}");
    }
    assert!(!browser(&house).get("/sign-in?back=//evil.example").await.text().contains("evil"));
}

#[tokio::test]
async fn a_path_with_escapes_survives_the_way_through_the_sign_in_page() {
    let house = TestHouse::new().await;
    let mut ana = browser(&house);
    let sent = ana.get("/invoices/2025%2F7").await;
    let page = ana.follow(sent).await;
    assert!(page.text().contains(r#"name="back" value="/invoices/2025%2F7""#), "{}", page.text());
}

#[tokio::test]
async fn a_document_link_opens_its_document_and_nothing_else() {
    let house = TestHouse::new().await;
    let (_, number) = house.issue(house.who.marlow, 12_300, date(2026, 12, 23)).await;
    let (_, second) = house.issue(house.who.marlow, 4_500, date(2026, 12, 24)).await;
    house.tick().await;
    let letters = [house.claim("ana@marlow.example"), house.claim("ana@marlow.example")];
    let about = letters.iter().find(|letter| letter.subject.contains(number.as_str())).unwrap();
    let link = link_in(&about.text);
    let mut ana = browser(&house);
    let entered = ana.post_as_is(&link, &[]).await;
    assert_eq!(entered.location(), format!("/invoices/{number}"));
    let page = ana.follow(entered).await;
    assert!(page.status.is_success() && page.text().contains("€123.00"), "{}", page.text());
    assert_eq!(ana.get(&format!("/invoices/{number}.pdf")).await.status, StatusCode::OK);
    assert_eq!(ana.get("/").await.location(), format!("/invoices/{number}"));
    assert_eq!(ana.get(&format!("/invoices/{second}")).await.status, StatusCode::NOT_FOUND);
    for path in ["/invoices", "/statement", "/quotes", "/account"] {
        assert_eq!(ana.get(path).await.location(), format!("/sign-in?back={path}"));
    }
    let second_time = browser(&house).post_as_is(&link, &[]).await;
    assert!(second_time.status.is_redirection(), "a document's link may be followed again");
    house.later(SignedDuration::from_hours(24 * 91));
    assert_eq!(browser(&house).post_as_is(&link, &[]).await.status, StatusCode::NOT_FOUND, "expired");
}

#[tokio::test]
async fn a_document_link_takes_no_stronger_session_away() {
    let house = TestHouse::new().await;
    let (_, number) = house.issue(house.who.marlow, 12_300, date(2026, 12, 23)).await;
    let link = link_in(&letter(&house, "ana@marlow.example").await);
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let entered = ana.post_as_is(&link, &[]).await;
    assert_eq!(entered.location(), format!("/invoices/{number}"));
    assert_eq!(ana.get("/statement").await.status, StatusCode::OK);
    let mut peter = signed_in(&house, "peter@marlow.example").await;
    peter.post_as_is(&link, &[]).await;
    assert!(peter.get("/statement").await.status.is_redirection(), "another person's session gives way");
    assert!(link.starts_with("/sign-in/link/"), "{HOST}{link}");
}
