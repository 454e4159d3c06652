//! Settings, staff, logo and one's own account.

use axum::http::{Method, StatusCode};
use counterfoil::domain::event::Event;
use counterfoil::domain::person::Role;
use counterfoil::store::prelude::*;
use counterfoil::web::guard::SESSION_COOKIE;

use super::desk_of;
use crate::browser::{Answer, Browser};
use crate::house::{PASSWORD, TestHouse};

pub const FIRM: [(&str, &str); 21] = [
    ("name", "Hartmann & Finch LLP"),
    ("address", "4 Mill Lane"),
    ("city", "Dublin 8"),
    ("country", "IE"),
    ("vat_id", "IE3456789KH"),
    ("trade", "Solicitors"),
    ("registration", "Registered in Dublin 412 207"),
    ("email", "accounts@hartmann.example"),
    ("phone", "+353 1 555 0100"),
    ("correspondent", "Orla Byrne"),
    ("colour", "#1f4d3a"),
    ("currency", "EUR"),
    ("terms", "30"),
    ("vat_rates", "23 13.5 0"),
    ("series_invoice", "HF-{YYYY}-{0000}"),
    ("series_credit", "CN-{YYYY}-{0000}"),
    ("series_quote", "Q-{YYYY}-{0000}"),
    ("series_receipt", "R-{YYYY}-{0000}"),
    ("locale", "en-IE"),
    ("language", "en"),
    ("paper", "a4"),
];
const BANK: [(&str, &str); 3] =
    [("account_name", "Hartmann & Finch"), ("iban", "IE29 AIBK 9311 5212 3456 78"), ("bic", "AIBKIE2D")];

fn changed_events(house: &TestHouse) -> Vec<String> {
    let of = |event| match event {
        Event::FirmChanged { what } => Some(what),
        _ => None,
    };
    house.log().into_iter().filter_map(of).collect()
}

#[tokio::test]
async fn only_owners_reach_the_settings() {
    let house = TestHouse::new().await;
    let who = house.who;
    for staff in [who.tom, who.maeve, who.jonas] {
        let mut browser = desk_of(&house, staff).await;
        for path in ["/desk/settings", "/desk/settings/staff", "/desk/settings/staff/new", "/desk/settings/staff/1"] {
            assert_eq!(browser.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
        assert_eq!(browser.get("/desk/account").await.status, StatusCode::OK);
        assert!(browser.get("/desk/shortcuts").await.text().contains("New invoice"));
        assert_eq!(browser.post("/desk/settings/firm", &FIRM).await.status, StatusCode::FORBIDDEN);
        assert_eq!(browser.post("/desk/settings/logo/remove", &[]).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn new_bank_details_take_the_password_and_leave_a_trace() {
    let house = TestHouse::new().await;
    let mut orla = desk_of(&house, house.who.orla).await;
    orla.get("/desk/settings").await;
    let unchanged = orla.post("/desk/settings/firm", &FIRM).await;
    assert_eq!(unchanged.location(), "/desk/settings?saved=firm", "{}", unchanged.text());
    assert!(changed_events(&house).is_empty());
    let bank: Vec<_> = FIRM.iter().chain(&BANK).copied().collect();
    for password in ["", "not the right password"] {
        let mut form = bank.clone();
        form.push(("password", password));
        let answer = orla.post("/desk/settings/firm", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            answer.text().contains("href=\"#f-password\"") && answer.text().contains("IE29 AIBK"),
            "{}",
            answer.text()
        );
    }
    assert!(house.app.store.read(|r| r.firm()).unwrap().bank.iban.is_empty());
    let mut form = bank;
    form.push(("password", PASSWORD));
    let saved = orla.post("/desk/settings/firm", &form).await;
    assert_eq!(saved.location(), "/desk/settings?saved=bank", "{}", saved.text());
    assert!(orla.follow(saved).await.text().contains("Saved, with new bank details."));
    assert_eq!(house.app.store.read(|r| r.firm()).unwrap().bank.iban, "IE29AIBK93115212345678");
    assert_eq!(changed_events(&house), ["bank details"]);
    house.tick().await;
    house.claim("orla@hartmann.example");
    for name in ["email", "phone", "correspondent"] {
        let mut form = form.clone();
        form.retain(|f| f.0 != "password");
        form.iter_mut().filter(|f| f.0 == name).for_each(|f| f.1 = "other@hartmann.example");
        let answer = orla.post("/desk/settings/firm", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(answer.text().contains("href=\"#f-password\"") && answer.text().contains("other@hartmann.example"));
        form.push(("password", PASSWORD));
        assert_eq!(orla.post("/desk/settings/firm", &form).await.location(), "/desk/settings?saved=firm");
        house.tick().await;
        assert!(house.claim("orla@hartmann.example").text.contains("changed how clients reach"));
    }
    assert!(house.log().iter().any(|e| matches!(e, Event::SignInRefused { .. })), "the wrong password is logged");
}

#[tokio::test]
async fn a_firm_with_errors_comes_back_as_typed() {
    let house = TestHouse::new().await;
    let mut orla = desk_of(&house, house.who.orla).await;
    orla.get("/desk/settings").await;
    let mut form: Vec<_> = FIRM.to_vec();
    form[0].1 = "Hartmann\u{202E}Finch";
    form[10].1 = "url(x)";
    form.extend([("account_name", "Us"), ("iban", "IE29 AIBK 9311 5212 3456 79")]);
    let answer = orla.post("/desk/settings/firm", &form).await;
    let page = answer.text();
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.contains("There are 3 problems") && page.contains("3456 79") && page.contains("value=\"url(x)\""),
        "{page}"
    );
    assert!(changed_events(&house).is_empty());
}

/// One grey pixel.
pub const PIXEL: &[u8] = &[
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 58, 126, 155,
    85, 0, 0, 0, 10, 73, 68, 65, 84, 120, 156, 99, 104, 0, 0, 0, 130, 0, 129, 119, 205, 114, 182, 0, 0, 0, 0, 73, 69,
    78, 68, 174, 66, 96, 130,
];

async fn send_logo(browser: &mut Browser, token: &str, bytes: &[u8]) -> Answer {
    let mut body = format!("--b\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n").into_bytes();
    let file = "--b\r\ncontent-disposition: form-data; name=\"logo\"; filename=\"../../x.php\"\r\n";
    body.extend_from_slice(file.as_bytes());
    body.extend_from_slice(b"content-type: image/png\r\n\r\n");
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--b--\r\n");
    browser.send(Method::POST, "/desk/settings/logo", Some("multipart/form-data; boundary=b"), body).await
}

#[tokio::test]
async fn a_logo_is_a_whole_picture_of_ours_or_is_refused() {
    let house = TestHouse::new().await;
    let mut orla = desk_of(&house, house.who.orla).await;
    let page = orla.get("/desk/settings").await.text();
    let token = page.split_once("name=\"csrf\" value=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    assert_eq!(send_logo(&mut orla, "forged", PIXEL).await.status, StatusCode::FORBIDDEN);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".as_slice();
    let large = [PIXEL, &vec![0; 1 << 20]].concat();
    for bad in [b"".as_slice(), svg, &PIXEL[..40], b"\xFF\xD8\xFF", &large] {
        let answer = send_logo(&mut orla, &token, bad).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{} bytes", bad.len());
        assert!(answer.text().contains("href=\"#f-logo\""));
    }
    assert!(house.app.store.read(|r| r.firm()).unwrap().logo.is_none());
    let sent = send_logo(&mut orla, &token, PIXEL).await;
    assert_eq!(sent.location(), "/desk/settings?saved=logo", "{}", sent.text());
    let logo = house.app.store.read(|r| r.firm()).unwrap().logo.unwrap();
    assert_eq!(
        (logo.width, logo.height, logo.file.name.as_str(), logo.file.media_type.as_str()),
        (1, 1, "logo", "image/png")
    );
    orla.get("/desk/settings").await;
    orla.post("/desk/settings/logo/remove", &[]).await;
    assert!(house.app.store.read(|r| r.firm()).unwrap().logo.is_none());
    let broken =
        orla.send(Method::POST, "/desk/settings/logo", Some("multipart/form-data; boundary=b"), b"--b\r\n".to_vec());
    assert_eq!(broken.await.status, StatusCode::BAD_REQUEST);
    let other = orla.send(Method::POST, "/desk/settings/logo", Some("text/plain"), b"x".to_vec()).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST);
}

const CAREN: [(&str, &str); 5] = [
    ("name", "Caren Doyle"),
    ("email", "caren@hartmann.example"),
    ("role", "member"),
    ("clients", "only"),
    ("only", "marlow ceramics\nKestrel Architects\n"),
];

#[tokio::test]
async fn somebody_joins_the_firm_and_leaves_it() {
    let house = TestHouse::new().await;
    let who = house.who;
    let mut orla = desk_of(&house, who.orla).await;
    let list = orla.get("/desk/settings/staff").await.text();
    assert!(list.contains("Maeve Finch") && list.contains("Only 1"), "{list}");
    orla.get("/desk/settings/staff/new").await;
    let mut form = CAREN.to_vec();
    form.push(("invite", "on"));
    for wrong in [vec![], vec![("password", "not the right password")]] {
        let form: Vec<_> = form.iter().chain(&wrong).copied().collect();
        let answer = orla.post("/desk/settings/staff/new", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = answer.text();
        assert!(page.contains("href=\"#f-password\"") && page.contains("value=\"Caren Doyle\""), "{page}");
        assert_eq!(house.app.store.read(|r| r.all_staff()).unwrap().len(), 4, "nobody was added");
    }
    form.push(("password", PASSWORD));
    let added = orla.post("/desk/settings/staff/new", &form).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
    house.tick().await;
    house.claim("caren@hartmann.example");
    let told = house.claim("orla@hartmann.example");
    assert!(told.text.contains("Orla Byrne added Caren Doyle to the staff"), "{}", told.text);
    let caren = house.app.store.read(|r| r.all_staff()).unwrap().pop().unwrap();
    assert_eq!(caren.only_clients, Some(vec![who.marlow, who.kestrel]));
    let own = format!("/desk/settings/staff/{}", caren.id);
    let edit = orla.get(&own).await.text();
    assert!(
        edit.contains("Marlow Ceramics\nKestrel Architects") && edit.contains("value=\"member\" checked"),
        "{edit}"
    );
    let unsure = orla.post(&format!("{own}/invite"), &[]).await;
    assert_eq!(unsure.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unsure.text().contains("href=\"#f-password\"") && unsure.text().contains("caren@hartmann.example"));
    house.later(jiff::SignedDuration::from_mins(1));
    orla.post(&format!("{own}/invite"), &[("password", PASSWORD)]).await;
    house.tick().await;
    house.claim("caren@hartmann.example");
    for (name, wrong) in
        [("only", "Marlow"), ("only", ""), ("role", "king"), ("email", "orla@hartmann.example"), ("name", "\0")]
    {
        let mut form = CAREN.to_vec();
        form.iter_mut().filter(|f| f.0 == name).for_each(|f| f.1 = wrong);
        form.push(("password", PASSWORD));
        let answer = orla.post(&own, &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name} {wrong}");
        assert!(answer.text().contains(&format!("href=\"#f-{name}\"")), "{name}: {}", answer.text());
    }
    orla.post(&own, &CAREN).await;
    assert!(house.app.store.read(|r| r.staff(caren.id)).unwrap().unwrap().active, "not without the password");
    let left: Vec<_> = CAREN.iter().copied().chain([("password", PASSWORD)]).collect();
    orla.post(&own, &left).await;
    assert!(!house.app.store.read(|r| r.staff(caren.id)).unwrap().unwrap().active, "the box was not ticked");
}

#[tokio::test]
async fn another_role_or_address_takes_the_password_and_is_told_to_every_owner_and_another_name_is_not() {
    let house = TestHouse::new().await;
    let who = house.who;
    let mut orla = desk_of(&house, who.orla).await;
    let own = format!("/desk/settings/staff/{}", who.tom);
    orla.get(&own).await;
    let form = |name, email, role, password| {
        [("name", name), ("email", email), ("role", role), ("active", "on"), ("clients", "all"), ("password", password)]
    };
    let renamed = orla.post(&own, &form("Thomas Harbour", "tom@hartmann.example", "manager", "")).await;
    assert_eq!(renamed.status, StatusCode::SEE_OTHER, "{}", renamed.text());
    for (email, role) in [("tom@hartmann.example", "owner"), ("tom@elsewhere.example", "manager")] {
        let answer = orla.post(&own, &form("Thomas Harbour", email, role, "")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains("href=\"#f-password\"") && answer.text().contains(email));
    }
    house.tick().await;
    assert!(house.unclaimed().is_empty());
    orla.post(&own, &form("Thomas Harbour", "tom@hartmann.example", "owner", PASSWORD)).await;
    house.tick().await;
    for owner in ["orla@hartmann.example", "tom@hartmann.example"] {
        let told = house.claim(owner);
        assert!(told.text.contains("made Thomas Harbour an owner"), "{}", told.text);
    }
    orla.post(&own, &form("Thomas Harbour", "tom@elsewhere.example", "owner", PASSWORD)).await;
    house.tick().await;
    let told = house.claim("orla@hartmann.example");
    assert!(told.text.contains("the e-mail address that Thomas Harbour signs in with"), "{}", told.text);
    house.claim_all();
}

#[tokio::test]
async fn the_last_owner_stays_one() {
    let house = TestHouse::new().await;
    let who = house.who;
    let mut orla = desk_of(&house, who.orla).await;
    let own = format!("/desk/settings/staff/{}", who.orla);
    orla.get(&own).await;
    let base = [("name", "Orla Byrne"), ("email", "orla@hartmann.example")];
    for rest in [vec![("role", "owner")], vec![("role", "manager"), ("active", "on")]] {
        let form: Vec<_> = base.iter().chain(&rest).copied().chain([("password", PASSWORD)]).collect();
        let answer = orla.post(&own, &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains("at least one owner") && answer.text().contains("href=\"#f-role\""));
    }
    let kept = house.app.store.read(|r| r.staff(who.orla)).unwrap().unwrap();
    assert!(kept.active && kept.role == Role::Owner);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_every_other_session() {
    const NEW: &str = "seven lanterns over wet slate";
    let house = TestHouse::new().await;
    let mut other = desk_of(&house, house.who.jonas).await;
    let mut jonas = desk_of(&house, house.who.jonas).await;
    jonas.get("/desk/account").await;
    let before = jonas.cookie(SESSION_COOKIE).unwrap().to_owned();
    for (current, new, field) in [("wrong", NEW, "current"), (PASSWORD, "short", "new"), ("", "", "current")] {
        let answer = jonas.post("/desk/account/password", &[("current", current), ("new", new)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains(&format!("href=\"#f-{field}\"")) && !answer.text().contains(NEW));
    }
    let done = jonas.post("/desk/account/password", &[("current", PASSWORD), ("new", NEW)]).await;
    assert_eq!(done.location(), "/desk/account?done=1", "{}", done.text());
    assert_ne!(jonas.cookie(SESSION_COOKIE).unwrap(), before);
    assert!(jonas.follow(done).await.text().contains("Password changed."));
    assert!(other.get("/desk/account").await.status.is_redirection(), "signed out elsewhere");
    jonas.get("/desk/account").await;
    let mut busy = 0;
    for _ in 0..12 {
        let answer = jonas.post("/desk/account/password", &[("current", "wrong"), ("new", NEW)]).await;
        busy += usize::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(busy > 0, "guessing is put off");
}
