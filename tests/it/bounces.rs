//! Letters that came back, from the Maildir to the desk: each message counts once, whatever happens in between.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use counterfoil::actions::letters::{self, Decision};
use counterfoil::app::{BouncePlan, Settings};
use counterfoil::domain::event::Event;
use counterfoil::domain::letter::LetterState;
use counterfoil::mail::returns::{Health, ReturnPlace};
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;

use crate::auth::signed_in;
use crate::house::TestHouse;

pub const ANA: &str = "ana@marlow.example";
pub const WORDS: &str = "550 5.1.1 no such mailbox here";

/// A house whose letters come back to a Maildir, and the Message-ID of a letter that Ana was sent.
async fn house(maildir: &Path) -> (TestHouse, String) {
    for folder in ["new", "cur", "tmp"] {
        fs::create_dir_all(maildir.join(folder)).unwrap();
    }
    house_with(ReturnPlace::Maildir(maildir.to_owned())).await
}

/// A house whose letters come back there.
pub async fn house_with(place: ReturnPlace) -> (TestHouse, String) {
    let mut house = TestHouse::new().await;
    let return_path = Some("bounces@hartmann.example".to_owned());
    let plan = BouncePlan { place, return_path, health: Health::default() };
    house.app.settings = Arc::new(Settings { bounces: Some(plan), ..(*house.app.settings).clone() });
    house.issue(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    house.tick().await;
    let letter = house.claim(ANA);
    assert_eq!(letter.compose().unwrap().from, "bounces@hartmann.example", "it comes back to where it is looked for");
    (house, letter.message_id)
}

pub fn report(message_id: &str, action: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example\nTo: bounces@hartmann.example\nSubject: Undelivered Mail\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nSorry.\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n\
         Final-Recipient: rfc822; {ANA}\nAction: {action}\nStatus: 5.1.1\nDiagnostic-Code: smtp; {WORDS}\n\n\
         --b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{message_id}>\n\n--b--\n"
    )
}

fn deliver(maildir: &Path, name: &str, text: &str) {
    fs::write(maildir.join("new").join(name), text).unwrap();
}

/// How often a letter was said to have come back.
pub fn count(house: &TestHouse) -> usize {
    house.log().iter().filter(|e| matches!(e, Event::LetterBounced { .. })).count()
}

#[tokio::test]
async fn a_letter_that_came_back_is_bounced_once_with_the_server_s_words() {
    let folder = tempfile::tempdir().unwrap();
    let (house, id) = house(folder.path()).await;
    deliver(folder.path(), "1.a", &report(&id, "delayed"));
    assert_eq!(house.tick().await.bounced, 0, "a delay is no bounce");
    deliver(folder.path(), "2.b", &report(&id, "failed"));
    assert_eq!(house.tick().await.bounced, 1);
    assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 0);
    assert!(folder.path().join("cur/2.b:2,S").exists());
    let letter = house.app.store.read(|r| r.letters(None, 1)).unwrap().remove(0);
    assert!(matches!(&letter.state, LetterState::Bounced(_, words) if words.contains(WORDS)), "{:?}", letter.state);
    // The same once more, and another about the same letter.
    deliver(folder.path(), "2.b", &report(&id, "failed"));
    deliver(folder.path(), "3.c", &report(&id, "failed").replace("Sorry.", "Sorry again."));
    house.later(SignedDuration::from_mins(2));
    assert_eq!(house.tick().await.bounced, 0);
    assert_eq!(count(&house), 1);
}

#[tokio::test]
async fn a_stop_between_the_commit_and_the_move_takes_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (house, id) = house(folder.path()).await;
    deliver(folder.path(), "1.a", &report(&id, "failed"));
    house.tick().await;
    // As if it had not been moved yet, and the letter had been sent again since.
    fs::rename(folder.path().join("cur/1.a:2,S"), folder.path().join("new/1.a")).unwrap();
    let letter = house.app.store.read(|r| r.letters(None, 1)).unwrap().remove(0).id;
    house.act(house.who.tom, move |w, s| letters::decide(w, s, letter, Decision::SendAgain)).await.unwrap();
    house.tick().await;
    let again = house.claim(ANA);
    assert_eq!(again.message_id, id, "the same letter");
    assert_eq!(count(&house), 1, "the old message says nothing about the new attempt");
    assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 0);
}

#[tokio::test]
async fn strangers_messages_junk_and_links_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (house, id) = house(folder.path()).await;
    deliver(folder.path(), "1.a", &report("0000@hartmann.example", "failed"));
    deliver(folder.path(), "2.b", "");
    deliver(folder.path(), "3.c", &"Content-Type: message/rfc822\n\n".repeat(9_000));
    fs::write(folder.path().join("secret"), report(&id, "failed")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("secret"), folder.path().join("new/4.d")).unwrap();
    let before = house.log().len();
    assert_eq!(house.tick().await.bounced, 0);
    assert_eq!(house.log().len(), before);
    let left: Vec<_> = fs::read_dir(folder.path().join("new")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["4.d"], "all but the link was taken");
}

#[tokio::test]
async fn staff_see_it_under_today_on_the_letter_the_invoice_and_the_contact() {
    let folder = tempfile::tempdir().unwrap();
    let (house, id) = house(folder.path()).await;
    deliver(folder.path(), "1.a", &report(&id, "failed"));
    house.tick().await;
    let letter = house.app.store.read(|r| r.letters(None, 1)).unwrap().remove(0);
    let invoice = letter.purpose.invoice().unwrap();
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    for (page, words) in [
        ("/desk".to_owned(), "Mail that came back"),
        ("/desk/letters?state=bounced".to_owned(), ANA),
        (format!("/desk/letters/{}", letter.id), "Bounced"),
        (format!("/desk/invoices/{invoice}"), "came back undelivered"),
        (format!("/desk/contacts/{}", house.who.ana), "A letter to them came back."),
    ] {
        let text = tom.get(&page).await.text();
        assert!(text.contains(words) && text.contains(WORDS) || page.contains('?'), "{page}: {text}");
    }
    tom.post(&format!("/desk/letters/{}/decide", letter.id), &[("do", "leave")]).await;
    assert!(!tom.get("/desk").await.text().contains("Mail that came back"), "decided, it waits no more");
}
