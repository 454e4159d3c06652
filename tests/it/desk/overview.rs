//! Today, receivables, letters, reminders and finding.

use counterfoil::mail::Verdict;
use jiff::civil::date;

use super::desk_of;
use crate::house::*;

#[tokio::test]
async fn today_says_so_when_nothing_waits_and_counts_what_does() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut desk = desk_of(&house, house.who.orla).await;
    let quiet = desk.get("/desk").await.text();
    assert!(quiet.contains("Monday 23 November") && quiet.contains("Nothing waiting."), "{quiet}");
    house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    house.draft(house.who.kestrel, 50_00, date(2026, 12, 24)).await;
    house.pay(house.who.kestrel, 30_00, vec![]).await;
    house.at(date(2026, 12, 1), 9);
    let mut desk = desk_of(&house, house.who.orla).await;
    let page = desk.get("/desk").await.text();
    assert!(page.contains("<title>Today: 3 waiting"), "{page}");
    for words in ["Sent, never opened", ", 8 days", ", overdue. Send it again", "Money to apply", "Drafts waiting"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("/desk/payments/1") && page.contains("/desk/snooze/unopened-1"), "{page}");
    let mut maeve = desk_of(&house, house.who.maeve).await;
    let hers = maeve.get("/desk").await.text();
    assert!(hers.contains("<title>Today: 1 waiting") && !hers.contains("Kestrel"), "{hers}");
}

#[tokio::test]
async fn the_count_on_every_page_is_bounded() {
    let house = TestHouse::new().await.heedless_of_mail();
    for _ in 0..120 {
        house.draft(house.who.kestrel, 50_00, date(2026, 12, 24)).await;
    }
    let mut desk = desk_of(&house, house.who.orla).await;
    let page = desk.get("/desk").await.text();
    assert!(page.contains("99 things or more need a person"), "{page}");
    assert_eq!(page.matches("Finish it").count(), 20);
}

#[tokio::test]
async fn an_invoice_that_nobody_opened_for_a_week_is_named() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (_, number) = house.issue(house.who.marlow, 100_00, date(2027, 1, 24)).await;
    house.at(date(2026, 11, 29), 9);
    let mut desk = desk_of(&house, house.who.orla).await;
    assert!(!desk.get("/desk").await.text().contains("never opened"));
    house.at(date(2026, 11, 30), 9);
    let mut desk = desk_of(&house, house.who.orla).await;
    let page = desk.get("/desk").await.text();
    assert!(page.contains("Sent, never opened") && page.contains(number.as_str()), "{page}");
}

#[tokio::test]
async fn a_refused_letter_waits_for_a_person_and_goes_again() {
    let house = TestHouse::new().await.heedless_of_mail();
    house.mail.answer_next(Verdict::Refused { reason: "550 no <such> mailbox".to_owned() });
    house.issue(house.who.marlow, 100_00, date(2026, 12, 20)).await;
    house.tick().await;
    let mut desk = desk_of(&house, house.who.orla).await;
    let page = desk.get("/desk").await.text();
    assert!(page.contains("Mail that was refused") && page.contains("550 no &lt;such&gt; mailbox"), "{page}");
    let letter = desk.get("/desk/letters/1").await.text();
    assert!(letter.contains("[link]") && !letter.contains("[[link]]"), "{letter}");
    assert_eq!(desk.post("/desk/letters/1/decide", &[("do", "burn")]).await.status, 400);
    let done = desk.post("/desk/letters/1/decide", &[("do", "again")]).await;
    assert_eq!(done.location(), "/desk/letters/1");
    assert_eq!(house.tick().await.letters, 1);
    assert!(desk.get("/desk/letters/1").await.text().contains("Handed to the mail server"));
    assert_eq!(desk.post("/desk/letters/1/decide", &[("do", "again")]).await.status, 409);
    let mut auditor = desk_of(&house, house.who.jonas).await;
    auditor.get("/desk/letters/1").await;
    assert_eq!(auditor.post("/desk/letters/1/decide", &[("do", "leave")]).await.status, 403);
}

#[tokio::test]
async fn an_uncertain_reminder_is_sent_again_only_by_somebody_who_knows_the_risk() {
    let house = TestHouse::new().await.heedless_of_mail();
    house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    house.tick().await;
    house.at(date(2026, 12, 1), 9);
    house.mail.answer_next(Verdict::Uncertain { reason: "the line broke".to_owned() });
    house.tick().await;
    let mut desk = desk_of(&house, house.who.orla).await;
    let list = desk.get("/desk/letters?state=uncertain").await.text();
    let id = list.split_once("/desk/letters/").and_then(|x| x.1.split('"').next()).unwrap().to_owned();
    let (path, decide) = (format!("/desk/letters/{id}"), format!("/desk/letters/{id}/decide"));
    let page = desk.get(&path).await.text();
    assert!(page.contains("it may arrive twice"), "{page}");
    let unsure = desk.post(&decide, &[("do", "again")]).await;
    assert_eq!(unsure.status, 422);
    assert!(unsure.text().contains("href=\"#f-sure\""), "{}", unsure.text());
    assert_eq!(desk.post(&decide, &[("do", "again"), ("sure", "on")]).await.location(), path);
}

#[tokio::test]
async fn a_member_of_one_client_sees_no_other_letters_reminders_or_finds() {
    let house = TestHouse::new().await.heedless_of_mail();
    house.issue(house.who.kestrel, 80_00, date(2026, 12, 20)).await;
    house.tick().await;
    let (_, number) = house.issue(house.who.marlow, 100_00, date(2026, 12, 20)).await;
    let mut maeve = desk_of(&house, house.who.maeve).await;
    let find = "/desk/find?q=k";
    for path in ["/desk/letters", "/desk/letters?state=accepted", "/desk/reminders", "/desk/receivables", find, "/desk"]
    {
        let page = maeve.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        assert!(!page.text().contains("Kestrel") && !page.text().contains("Sofia"), "{path}: {}", page.text());
    }
    assert_eq!(maeve.get("/desk/letters/1").await.status, 404);
    assert!(maeve.get("/desk/receivables").await.text().contains("€100.00"));
    assert_eq!(maeve.get("/desk/find?q=HF-2026-0001").await.status, 200, "not hers, so not there");
    let found = maeve.get(&format!("/desk/find?q={}", number.as_str().to_lowercase())).await;
    assert_eq!(found.location(), "/desk/invoices/2");
}

#[tokio::test]
async fn receivables_add_up_and_reminders_say_what_comes() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (late, _) = house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    house.issue(house.who.kestrel, 80_00, date(2026, 12, 20)).await;
    house.tick().await;
    house.pay(house.who.marlow, 40_00, vec![late]).await;
    let mut desk = desk_of(&house, house.who.orla).await;
    let page = desk.get("/desk/receivables?on=2026-12-25").await.text();
    for words in ["€140.00", "31–60 days late", "60.00", "if nothing more is paid"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let past = desk.get("/desk/receivables?on=2020-01-01").await.text();
    assert!(past.contains("<title>Error: ") && past.contains("href=\"#f-on\""), "{past}");
    assert!(desk.get("/desk/receivables.csv").await.text().contains("\"EUR\",\"2026-12-20\",\"80.00\",\"1\",\"0\""));
    let on = desk.get("/desk/receivables.csv?on=2026-12-25").await.text();
    assert!(on.contains("\"EUR\",\"2026-12-20\",\"80.00\",\"1\",\"5\""), "{on}");
    assert_eq!(desk.get("/desk/receivables.csv?on=2020-01-01").await.status, 400);
    let ahead = desk.get("/desk/reminders").await.text();
    assert!(ahead.contains("On its due date") && ahead.contains("Goes to Ana Ruiz"), "{ahead}");
    let nothing = desk.get("/desk/find?q=zzz").await.text();
    assert!(nothing.contains("Nothing begins like that."), "{nothing}");
    assert!(desk.get("/desk/find?q=marl").await.text().contains("Marlow Ceramics"));
}
