//! The one click that stops reminders: what a reminder carries, what a scanner and a mail program do with it, and how
//! staff learn of it and lift it.

use axum::http::{Method, StatusCode};
use counterfoil::actions::{clients, stops};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::Event;
use counterfoil::domain::language::Language;
use counterfoil::domain::letter::Purpose;
use counterfoil::mail::Outgoing;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;

use crate::auth::{HOST, signed_in};
use crate::browser::Browser;
use crate::gates::world::hardened;
use crate::house::{TestHouse, new_client};

const ANA: &str = "ana@marlow.example";

/// A house in which Ana got a reminder on its due day.
async fn reminded() -> (TestHouse, Outgoing) {
    let house = TestHouse::new().await;
    house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    house.tick().await;
    let issued = house.claim(ANA);
    assert_eq!(issued.list_unsubscribe, None, "an issue letter is no reminder");
    assert!(!issued.text.contains("/reminders/stop/"));
    house.at(date(2026, 11, 24), 9);
    house.tick().await;
    let letter = house.claim(ANA);
    (house, letter)
}

/// The path of the link that stops reminders.
fn link(letter: &Outgoing) -> String {
    let url = letter.list_unsubscribe.clone().unwrap();
    url.strip_prefix("https://portal.hartmann.example").unwrap().to_owned()
}

/// A mail program's post: no cookie, no origin, from anywhere.
async fn one_click(house: &TestHouse, path: &str, kind: &str, body: &str) -> (StatusCode, String) {
    let mut program = Browser::new(hardened(house), HOST);
    program.site = "cross-site".to_owned();
    let answer = program.send(Method::POST, path, Some(kind), body.as_bytes().to_vec()).await;
    (answer.status, answer.text())
}

#[tokio::test]
async fn a_reminder_offers_one_click_in_its_headers_and_at_its_end() {
    let (_house, letter) = reminded().await;
    let mime = String::from_utf8(letter.compose().unwrap().mime).unwrap();
    for header in ["List-Unsubscribe: <https://", "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"] {
        assert!(mime.contains(header), "{header} in {mime}");
    }
    assert!(mime.contains("Auto-Submitted: auto-generated\r\n"));
    let url = letter.list_unsubscribe.clone().unwrap();
    let (text, html) = (letter.text.clone(), letter.html.clone().unwrap());
    assert!(text.contains(&format!("One click stops them, without signing in:\n{url}\n\nOur activity log")), "{text}");
    assert!(html.contains(&format!("href=\"{url}\"")) && html.ends_with("</html>"), "{html}");
}

#[tokio::test]
async fn a_scanner_that_follows_the_link_stops_nothing_and_a_post_without_cookie_does() {
    let (house, letter) = reminded().await;
    let path = link(&letter);
    let mut scanner = Browser::new(hardened(&house), HOST);
    for _ in 0..3 {
        let page = scanner.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text().contains("Stop the reminders") && page.text().contains("<form"), "{}", page.text());
    }
    assert_eq!(house.app.store.read(|r| r.stopped(house.who.ana)).unwrap(), None);
    let kinds = [
        ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
        (
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n",
        ),
        ("text/plain", ""),
    ];
    for (kind, body) in kinds {
        let (status, text) = one_click(&house, &path, kind, body).await;
        assert_eq!(status, StatusCode::OK, "no redirect, and as often as they like");
        assert!(text.contains("No more reminders"), "{text}");
    }
    let stops = house.log().iter().filter(|e| matches!(e, Event::ContactStopped { .. })).count();
    assert_eq!(stops, 1, "posted three times, stopped once");
    house.tick().await;
    let notice = house.claim("orla@hartmann.example");
    assert!(notice.subject.contains("Ana") && notice.subject.contains("no more reminders"), "{}", notice.subject);
    assert!(notice.list_unsubscribe.is_none());
    // The next step falls a week later, and nobody gets it.
    house.at(date(2026, 12, 1), 9);
    assert_eq!(house.tick().await.letters, 0);
    assert!(
        house.log().iter().any(|e| matches!(e, Event::ReminderSkipped { reason, .. } if reason.contains("nobody")))
    );
    // What is issued still goes to her.
    house.issue(house.who.marlow, 50_00, date(2027, 1, 24)).await;
    house.tick().await;
    house.claim(ANA);
}

#[tokio::test]
async fn whoever_looks_after_the_client_gets_the_answers_and_the_news() {
    let house = TestHouse::new().await;
    let (marlow, tom) = (house.who.marlow, house.who.tom);
    let known = house.app.store.read(|r| r.client(marlow)).unwrap().unwrap();
    let changed = clients::NewClient { manager: Some(tom), ..new_client(&known.party.name) };
    house.act(house.who.orla, move |w, s| clients::change(w, s, marlow, &changed)).await.unwrap();
    house.issue(marlow, 100_00, date(2026, 11, 24)).await;
    house.tick().await;
    house.claim(ANA);
    house.at(date(2026, 11, 24), 9);
    house.tick().await;
    let letter = house.claim(ANA);
    assert_eq!(letter.reply_to.as_ref().map(|x| x.1.as_str()), Some("tom@hartmann.example"));
    one_click(&house, &link(&letter), "text/plain", "").await;
    house.tick().await;
    house.claim("tom@hartmann.example");
}

#[tokio::test]
async fn a_reminder_that_waits_is_withdrawn_and_links_of_others_stop_nothing() {
    let (house, letter) = reminded().await;
    let path = link(&letter);
    let other = format!("/reminders/stop/{}", "A".repeat(43));
    assert_eq!(one_click(&house, &other, "text/plain", "").await.0, StatusCode::NOT_FOUND);
    // The link of a letter's document is for that and nothing else, and the other way round.
    let document = letter.text.split_whitespace().find(|w| w.contains("/sign-in/link/")).unwrap();
    let document = document.rsplit('/').next().unwrap();
    let crossed = format!("/reminders/stop/{document}");
    assert_eq!(one_click(&house, &crossed, "text/plain", "").await.0, StatusCode::NOT_FOUND);
    let mut browser = Browser::new(hardened(&house), HOST);
    let crossed = path.replace("/reminders/stop/", "/sign-in/link/");
    assert_eq!(browser.get(&crossed).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.post_as_is(&crossed, &[]).await.status, StatusCode::NOT_FOUND);
    // Queued, then stopped before it left.
    house.at(date(2026, 12, 1), 9);
    let zone = house.app.settings.zone.clone();
    let id = house.app.store.read(|r| r.letters(None, 1)).unwrap()[0].purpose.invoice().unwrap();
    let look = move |w: &mut WriteTx<'_>| {
        let rules = counterfoil::actions::reminders::Rules::now(w, &zone)?;
        counterfoil::actions::reminders::look(w, id, &rules)
    };
    assert_eq!(house.app.store.housekeep(house.app.now(), look).await.unwrap(), 1);
    one_click(&house, &path, "text/plain", "").await;
    house.tick().await;
    house.claim("orla@hartmann.example");
    let withdrawn = |e: &Event| matches!(e, Event::LetterWithdrawn { reason, .. } if reason.contains("no reminders"));
    assert!(house.log().iter().any(withdrawn));
}

#[tokio::test]
async fn the_link_outlives_a_new_password_and_ends_with_its_time() {
    let (house, letter) = reminded().await;
    let ana = counterfoil::domain::person::Person::Contact(house.who.ana);
    house.app.store.housekeep(house.app.now(), move |w| Ok(w.shut_out(ana)?)).await.unwrap();
    let mut browser = Browser::new(hardened(&house), HOST);
    assert_eq!(browser.get(&link(&letter)).await.status, StatusCode::OK);
    house.later(SignedDuration::from_hours(24 * 401));
    assert_eq!(browser.get(&link(&letter)).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn staff_see_it_under_today_note_it_and_lift_it_with_a_reason() {
    let (house, letter) = reminded().await;
    let house = house.heedless_of_mail();
    one_click(&house, &link(&letter), "text/plain", "").await;
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let (page, today) = (format!("/desk/contacts/{}/reminders", house.who.ana), "asked for no reminders");
    assert!(tom.get("/desk").await.text().contains(today));
    assert!(tom.get(&format!("/desk/clients/{}", house.who.marlow)).await.text().contains("No reminders"));
    assert!(tom.get(&page).await.text().contains("They asked for none, with the link in a letter"));
    tom.post(&page, &[("do", "note")]).await;
    assert!(!tom.get("/desk").await.text().contains(today), "noted, it waits no more");
    tom.get(&page).await;
    let bare = tom.post(&page, &[("do", "lift"), ("reason", " ")]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bare.text().contains("Say why, in a few words."), "{}", bare.text());
    let done = tom.post(&page, &[("do", "lift"), ("reason", "she agreed on the phone")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(house.log().iter().any(|e| matches!(e, Event::ContactResumed { reason, .. } if reason.contains("phone"))));
    assert_eq!(tom.post(&page, &[("do", "lift"), ("reason", "again")]).await.status, StatusCode::SEE_OTHER);
    house.at(date(2026, 12, 1), 9);
    house.tick().await;
    let to_ana = house.mail.letters_to(ANA).len();
    assert_eq!(to_ana, 3, "issued, due, and a week later");
    let last = house.app.store.read(|r| r.letters(None, 1)).unwrap().remove(0);
    assert!(matches!(last.purpose, Purpose::Reminder(_, 7)));
}

#[tokio::test]
async fn staff_stop_reminders_for_somebody_who_rang() {
    let house = TestHouse::new().await;
    let (ana, auditor) = (house.who.ana, house.who.jonas);
    let refused = house.act(auditor, move |w, s| stops::by_staff(w, s, ana, "rang")).await;
    assert!(refused.is_err(), "an auditor changes nothing");
    house.act(house.who.tom, move |w, s| stops::by_staff(w, s, ana, "rang")).await.unwrap();
    let kept = house.app.store.read(|r| r.stopped(ana)).unwrap().unwrap();
    assert!(kept.noted && kept.by == Some(house.who.tom), "whoever noted it knows of it");
    let hers = house.who.sofia;
    let foreign = house.act(house.who.maeve, move |w, s| stops::by_staff(w, s, hers, "rang")).await;
    assert!(foreign.is_err(), "not one of her clients");
}

#[tokio::test]
async fn the_page_that_stops_reminders_speaks_its_reader_s_language() {
    let house = TestHouse::new().await;
    let (marlow, orla) = (house.who.marlow, house.who.orla);
    let new = clients::NewClient { language: Some(Language::German), ..new_client("Marlow Ceramics") };
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| clients::change(w, s, marlow, &new);
    house.act(orla, act).await.unwrap();
    house.issue(marlow, 100_00, date(2026, 11, 24)).await;
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 11, 24), 9);
    house.tick().await;
    let url = house.claim(ANA).list_unsubscribe.unwrap();
    let path = url.strip_prefix("https://portal.hartmann.example").unwrap();
    let mut visitor = Browser::new(hardened(&house), HOST);
    let page = visitor.get(path).await.text();
    assert!(page.contains("<html lang=\"de\"") && page.contains("erinnert Ana Ruiz per E-Mail"), "{page}");
    assert!(!page.contains("Stop the reminders") && page.contains("Erinnerungen abbestellen"), "{page}");
    let done = visitor.post(path, &[]).await.text();
    assert!(done.contains("sendet Ihnen keine Erinnerungen mehr"), "{done}");
    let gone = visitor.get("/reminders/stop/nothing").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(gone.text().contains("<html lang=\"en") && gone.text().contains("This link no longer works"));
    house.tick().await;
    house.claim_all();
}
