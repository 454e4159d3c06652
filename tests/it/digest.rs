//! One letter a day for each person: what it says, what drops out of it, and that each invoice keeps its own record.

use counterfoil::actions::letters::{self, Decision};
use counterfoil::actions::people;
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::language::Language;
use counterfoil::domain::letter::{Letter, Purpose};
use counterfoil::mail::{Outgoing, Verdict};
use counterfoil::scheduler;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;

use crate::auth::{browser, signed_in};
use crate::house::*;

const ANA: &str = "ana@marlow.example";

/// Three of Marlow's invoices, of which two have a step on the 8th of December (7 days late, and due a week later) and
/// one has none; up to the evening before.
async fn three(house: &TestHouse) -> [InvoiceId; 3] {
    let marlow = house.who.marlow;
    let (late, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    let (soon, _) = house.issue(marlow, 250_50, date(2026, 12, 15)).await;
    let (other, _) = house.issue(marlow, 999_00, date(2026, 12, 20)).await;
    house.tick().await;
    for day in [24, 25, 26, 27, 30] {
        house.at(date(2026, 11, day), 9);
        house.tick().await;
    }
    for day in 1..=7 {
        house.at(date(2026, 12, day), 9);
        house.tick().await;
    }
    house.claim_all();
    [late, soon, other]
}

/// The reminder of an invoice's step.
fn reminder(house: &TestHouse, id: InvoiceId, step: i16) -> Letter {
    let all = house.app.store.read(|r| r.letters_about(id)).unwrap();
    all.into_iter().find(|l| l.purpose == Purpose::Reminder(id, step)).unwrap()
}

fn state(house: &TestHouse, id: InvoiceId, step: i16) -> &'static str {
    reminder(house, id, step).state.words()
}

fn text_of(letter: &Outgoing) -> String {
    letter.text.clone()
}

#[tokio::test]
async fn what_is_due_for_one_person_on_a_day_goes_as_one_letter_under_a_key_each() {
    let house = TestHouse::new().await;
    let [late, soon, other] = three(&house).await;
    house.at(date(2026, 12, 8), 8);
    assert_eq!(house.tick().await.letters, 1);
    let letter = house.claim(ANA);
    assert_eq!(letter.subject, "2 invoices open, 1 of them overdue: €350.50");
    let text = text_of(&letter);
    for part in [
        "These 2 invoices are open, €350.50 in all, of which €100.00 is overdue.",
        "Invoice HF-2026-0001 “Lease of Unit 4”: €100.00, due on 1 December, 7 days late.\nSee it: https://",
        "Invoice HF-2026-0002 “Lease of Unit 4”: €250.50, due on 15 December.\nSee it: https://",
        "See all of them and pay:\nhttps://portal.hartmann.example/invoices\n",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("HF-2026-0003") && !text.contains("[["), "{text}");
    let html = letter.html.unwrap();
    assert_eq!(html.matches("/sign-in/link/").count(), 2, "{html}");
    assert_eq!((state(&house, late, 7), state(&house, soon, -7)), ("accepted", "accepted"));
    let (lead, along) = (reminder(&house, late, 7), reminder(&house, soon, -7));
    assert_eq!((lead.carries.as_slice(), along.with), ([along.id].as_slice(), Some(lead.id)));
    assert_eq!(along.message_id, lead.message_id, "one letter, one Message-ID");
    assert!(lead.key != along.key && lead.key.contains("/7/") && along.key.contains("/-7/"));
    let accepted = |e: &Event| matches!(e, Event::LetterAccepted { purpose: Purpose::Reminder(..), .. });
    for id in [late, soon] {
        let log = house.app.store.read(|r| r.log_of_invoice(id, None, 100)).unwrap();
        assert!(log.iter().any(|entry| accepted(&entry.event)), "the hand-over stands with each of them");
    }
    assert_eq!(house.app.store.read(|r| r.reminder_steps(other)).unwrap(), []);
    // Each link opens its document, and that alone.
    for (n, number) in ["HF-2026-0001", "HF-2026-0002"].into_iter().enumerate() {
        let link = text.split("/sign-in/link/").nth(n + 1).unwrap().split('\n').next().unwrap();
        let mut visitor = browser(&house);
        let path = format!("/sign-in/link/{link}");
        visitor.get(&path).await;
        let opened = visitor.post(&path, &[]).await;
        assert!(visitor.follow(opened).await.text().contains(number), "{number}");
    }
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get(&format!("/desk/letters/{}", along.id)).await.text();
    assert!(page.contains("In one letter with") && page.contains("HF-2026-0001"), "{page}");
    let page = orla.get(&format!("/desk/letters/{}", lead.id)).await.text();
    assert!(page.contains("See it: [link]") && !page.contains("[["), "{page}");
}

#[tokio::test]
async fn what_is_paid_before_it_goes_drops_out() {
    let house = TestHouse::new().await;
    let [late, soon, _] = three(&house).await;
    // Held up for a moment after it was queued.
    house.at(date(2026, 12, 8), 8);
    house.mail.answer_next(Verdict::Deferred { reason: "busy".to_owned() });
    house.tick().await;
    assert_eq!((state(&house, late, 7), state(&house, soon, -7)), ("deferred", "deferred"));
    house.pay(house.who.marlow, 100_00, vec![late]).await;
    house.later(SignedDuration::from_mins(5));
    assert_eq!(house.tick().await.letters, 1);
    let letter = house.claim(ANA);
    assert!(letter.subject.starts_with("Due next Tuesday"), "the letter of one alone: {}", letter.subject);
    assert!(!text_of(&letter).contains("HF-2026-0001"), "{}", text_of(&letter));
    assert_eq!((state(&house, late, 7), state(&house, soon, -7)), ("withdrawn", "accepted"));
}

#[tokio::test]
async fn part_of_it_paid_the_letter_says_what_is_left_and_all_of_it_paid_none_goes() {
    let house = TestHouse::new().await;
    let [late, soon, _] = three(&house).await;
    house.at(date(2026, 12, 8), 8);
    house.mail.answer_next(Verdict::Deferred { reason: "busy".to_owned() });
    house.tick().await;
    let first = reminder(&house, late, 7).message_id;
    house.pay(house.who.marlow, 40_00, vec![late]).await;
    house.mail.answer_next(Verdict::Deferred { reason: "busy".to_owned() });
    house.later(SignedDuration::from_mins(5));
    house.tick().await;
    let lead = reminder(&house, late, 7);
    assert_eq!(lead.subject, "2 invoices open, 1 of them overdue: €310.50");
    assert!(lead.text.contains("€60.00 open of €100.00"), "{}", lead.text);
    assert_eq!(lead.message_id, first, "the same at every attempt");
    house.pay(house.who.marlow, 310_50, vec![late, soon]).await;
    house.later(SignedDuration::from_hours(1));
    assert_eq!(house.tick().await.letters, 0);
    assert_eq!((state(&house, late, 7), state(&house, soon, -7)), ("withdrawn", "withdrawn"));
}

#[tokio::test]
async fn it_speaks_the_reader_s_language_and_the_tone_of_the_most_pressing() {
    let house = TestHouse::new().await;
    let ana = house.app.store.read(|r| r.contact(house.who.ana)).unwrap().unwrap();
    let new = people::NewContact {
        language: Some(Language::German),
        ..new_contact(&ana.name, ana.email.as_str(), ana.rights)
    };
    let contact = house.who.ana;
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| people::change_contact(w, s, &dublin(), contact, &new);
    house.act(house.who.orla, act).await.unwrap();
    let marlow = house.who.marlow;
    for due in [date(2026, 12, 1), date(2026, 12, 31)] {
        house.issue(marlow, 100_00, due).await;
    }
    while dublin().to_datetime(house.app.now()).date() < date(2026, 12, 31) {
        house.tick().await;
        house.later(SignedDuration::from_hours(3));
    }
    house.claim_all();
    house.at(date(2026, 12, 31), 9);
    assert_eq!(house.tick().await.letters, 1);
    let letter = house.claim(ANA);
    assert_eq!(letter.subject, "Letzte Mahnung: 2 Rechnungen offen, davon 1 überfällig: 200,00\u{a0}€");
    let text = text_of(&letter);
    for part in [
        "diese 2 Rechnungen sind offen, zusammen 200,00\u{a0}€; davon sind 100,00\u{a0}€ überfällig.",
        "fällig am 1. Dezember, 30 Tage überfällig: letzte Mahnung.\nAnsehen: https://",
        "heute fällig.\nAnsehen: https://",
        "Alle ansehen und bezahlen:\n",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn after_a_crash_none_goes_by_itself_and_one_word_decides_about_all() {
    let house = TestHouse::new().await;
    let [late, soon, _] = three(&house).await;
    house.at(date(2026, 12, 8), 8);
    house.mail.answer_next(Verdict::Uncertain { reason: "broke off".to_owned() });
    house.tick().await;
    let first = reminder(&house, late, 7).message_id;
    scheduler::recover(&house.app).await.unwrap();
    house.later(SignedDuration::from_hours(2));
    house.tick().await;
    assert_eq!((state(&house, late, 7), state(&house, soon, -7)), ("uncertain", "uncertain"));
    house.claim_all();
    let id = reminder(&house, soon, -7).id;
    let again = move |w: &mut WriteTx<'_>, s: &StaffScope| letters::decide(w, s, id, Decision::SendAgain);
    house.act(house.who.tom, again).await.unwrap();
    assert_eq!(house.tick().await.letters, 1);
    assert_eq!(house.claim(ANA).message_id.split('@').next(), Some(first.as_str()));
    assert_eq!((state(&house, late, 7), state(&house, soon, -7)), ("accepted", "accepted"));
}

#[tokio::test]
async fn people_and_clients_each_get_their_own() {
    let house = TestHouse::new().await;
    let who = house.who;
    let second = new_contact("Paula Marlow", "paula@marlow.example", rights(true, true, true));
    let marlow = who.marlow;
    house.act(who.orla, move |w, s| people::add_contact(w, s, marlow, &second)).await.unwrap();
    for (client, n) in [(who.marlow, 2), (who.kestrel, 1)] {
        for _ in 0..n {
            house.issue(client, 100_00, date(2026, 12, 1)).await;
        }
    }
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 12, 1), 9);
    assert_eq!(house.tick().await.letters, 3);
    assert!(house.claim("paula@marlow.example").subject.starts_with("Due today or soon: 2 invoices"));
    assert!(house.claim(ANA).subject.starts_with("Due today or soon: 2 invoices"));
    assert!(house.claim("sofia@kestrel.example").subject.starts_with("Due today: €100.00"));
    let page = signed_in(&house, "orla@hartmann.example").await.get("/desk/reminders").await.text();
    assert!(page.contains(", as one letter"), "{page}");
}
