//! One letter a day for each person: what it says, what drops out of it, and that each invoice keeps its own record.

use counterfoil::actions::letters::{self, Decision};
use counterfoil::actions::{digest, people, policies, promises};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::{InvoiceId, StaffId};
use counterfoil::domain::language::Language;
use counterfoil::domain::letter::{Letter, Purpose};
use counterfoil::domain::promise::Wish;
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
    let also = "Also open:\n\nInvoice HF-2026-0003 “Lease of Unit 4”: €999.00, due on 20 December.\nSee it: https://";
    assert!(text.contains(also) && !text.contains("[["), "{text}");
    let html = letter.html.unwrap();
    assert_eq!(html.matches("/sign-in/link/").count(), 3, "{html}");
    assert_eq!(html.matches("padding:6px 14px").count(), 3, "each has a button: {html}");
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
    assert!(text_of(&letter).contains("Also open:\n\nInvoice HF-2026-0003"), "{}", text_of(&letter));
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
    assert!(house.claim("paula@marlow.example").subject.starts_with("Due today: 2 invoices"));
    assert!(house.claim(ANA).subject.starts_with("Due today: 2 invoices"));
    assert!(house.claim("sofia@kestrel.example").subject.starts_with("Due today: €100.00"));
    let page = signed_in(&house, "orla@hartmann.example").await.get("/desk/reminders").await.text();
    assert!(page.contains(", as one letter"), "{page}");
}

/// The firm's staff get a copy of every step.
async fn copies_to(house: &TestHouse, staff: StaffId) {
    let kept = house.app.store.read(|r| r.policy_now()).unwrap();
    let mut policy = kept.policy;
    policy.steps.iter_mut().for_each(|step| step.copies = vec![staff]);
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, kept.version, &policy, "to see them");
    house.act(house.who.orla, act).await.unwrap();
}

async fn promise(house: &TestHouse, id: InvoiceId, day: jiff::civil::Date, minor: i64) {
    let wish = Wish { day, amount: eur(minor), note: String::new() };
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::record(w, s, id, &wish, &dublin());
    house.act(house.who.tom, act).await.unwrap();
}

#[tokio::test]
async fn a_second_letter_on_one_day_waits_for_the_next_morning_whatever_looked_anew() {
    let house = TestHouse::new().await;
    let marlow = house.who.marlow;
    let (due, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    let (held, _) = house.issue(marlow, 77_00, date(2026, 11, 24)).await;
    promise(&house, held, date(2026, 12, 9), 77_00).await;
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 12, 1), 9);
    assert_eq!(house.tick().await.letters, 1);
    let letter = house.claim(ANA);
    assert!(letter.subject.starts_with("Due today: €100.00"), "{}", letter.subject);
    assert!(
        letter.text.contains("Also open:") && letter.text.contains("€77.00, promised by 9 December"),
        "{}",
        letter.text
    );
    // Withdrawn two minutes later: its step is looked at at once.
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::withdraw_recorded(w, s, held, &dublin());
    house.act(house.who.tom, act).await.unwrap();
    house.later(SignedDuration::from_mins(2));
    assert_eq!(house.tick().await.letters, 0, "a letter went to her today");
    let waiting = reminder(&house, held, 7);
    assert_eq!(waiting.state.words(), "queued");
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get(&format!("/desk/letters/{}", waiting.id)).await.text();
    assert!(page.contains("A letter went to them today"), "{page}");
    let why = house.app.store.read(|r| digest::why_it_waits(r, &waiting, house.app.now(), &dublin())).unwrap();
    assert_eq!(why, Some("waits: a letter went to them today"));
    house.at(date(2026, 12, 1), 17);
    assert_eq!(house.tick().await.letters, 0);
    // Send again by staff is not hindered by it.
    house.at(date(2026, 12, 2), 8);
    house.mail.answer_next(Verdict::Uncertain { reason: "broke off".to_owned() });
    assert_eq!(house.tick().await.letters, 1);
    assert!(house.claim(ANA).subject.contains("8 days late"));
    assert_eq!(reminder(&house, due, 0).state.words(), "accepted");
    let again = move |w: &mut WriteTx<'_>, s: &StaffScope| letters::decide(w, s, waiting.id, Decision::SendAgain);
    house.act(house.who.tom, again).await.unwrap();
    assert_eq!(house.tick().await.letters, 1, "at once, on the same day");
    house.claim_all();
}

#[tokio::test]
async fn each_reminder_lists_what_else_is_open_and_counts_what_it_does_not_name() {
    let house = TestHouse::new().await;
    let marlow = house.who.marlow;
    house.publish(marlow, "A-1", 100_00, date(2026, 12, 1)).await;
    for n in 0..23 {
        house.publish(marlow, &format!("B-{n:02}"), 10_00, date(2027, 2, 1)).await;
    }
    house.publish(house.who.kestrel, "K-1", 10_00, date(2027, 2, 1)).await;
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 12, 1), 9);
    assert_eq!(house.tick().await.letters, 1);
    let letter = house.claim(ANA);
    assert!(letter.subject.starts_with("Due today: €100.00"), "what it asks for now: {}", letter.subject);
    assert_eq!(letter.text.matches("See it: https://portal.hartmann.example/sign-in/link/").count(), 20);
    for part in
        ["and 3 more, €30.00 in all.", "See all open invoices and pay:\nhttps://portal.hartmann.example/invoices\n"]
    {
        assert!(letter.text.contains(part), "{part} in {}", letter.text);
    }
    assert!(!letter.text.contains("K-1") && !letter.text.contains("[["), "{}", letter.text);
    let link = letter.text.split("See it: https://portal.hartmann.example").nth(2).unwrap().lines().next().unwrap();
    let mut visitor = browser(&house);
    visitor.get(link).await;
    let opened = visitor.post(link, &[]).await;
    assert!(visitor.follow(opened).await.text().contains("B-01"), "each opens its own");
}

#[tokio::test]
async fn a_copy_to_staff_is_the_very_letter_that_the_client_got() {
    let house = TestHouse::new().await;
    let marlow = house.who.marlow;
    let ana = house.app.store.read(|r| r.contact(house.who.ana)).unwrap().unwrap();
    let new = people::NewContact {
        language: Some(Language::German),
        ..new_contact(&ana.name, ana.email.as_str(), ana.rights)
    };
    let contact = house.who.ana;
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| people::change_contact(w, s, &dublin(), contact, &new);
    house.act(house.who.orla, act).await.unwrap();
    copies_to(&house, house.who.tom).await;
    let (one, _) = house.issue(marlow, 100_00, date(2026, 12, 1)).await;
    house.issue(marlow, 50_00, date(2026, 12, 1)).await;
    house.issue(marlow, 20_00, date(2027, 2, 1)).await;
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 12, 1), 9);
    assert_eq!(house.tick().await.letters, 2, "one to the client, and then its copy");
    let (theirs, copy) = (house.claim(ANA), house.claim("tom@hartmann.example"));
    assert_eq!(copy.subject, format!("Copy: {}", theirs.subject));
    assert!(theirs.subject.starts_with("Heute fällig: 2 Rechnungen"), "{}", theirs.subject);
    let marks =
        ["This is your copy of a letter to Marlow", "HF-2026-0001", "HF-2026-0002", "Außerdem offen:", "Guten Tag"];
    for mark in marks {
        assert!(copy.text.contains(mark), "{mark} in {}", copy.text);
    }
    let both = format!("{}{}", copy.text, copy.html.unwrap());
    assert!(!both.contains("/sign-in/") && !both.contains("/reminders/stop/") && !both.contains("[["), "{both}");
    assert!(both.contains(&format!("https://portal.hartmann.example/desk/invoices/{one}")), "{both}");
    // What did not go has no copy.
    house.mail.answer_next(Verdict::Refused { reason: "no such mailbox".to_owned() });
    house.at(date(2026, 12, 8), 9);
    house.tick().await;
    house.later(SignedDuration::from_hours(2));
    assert_eq!(house.tick().await.letters, 0);
    assert_eq!(house.unclaimed().len(), 0);
}
