//! The portal as a client's contacts meet it, in a browser without a network.

mod again;
mod asks;
mod formats;
mod languages;
mod quote_choices;
mod quotes;
mod receipts;
mod statement;

use axum::http::{Method, StatusCode};
use counterfoil::actions::invoices::Draft;
use counterfoil::actions::{clients, firm, invoices};
use counterfoil::domain::event::Event;
use counterfoil::domain::firm::Locale;
use jiff::SignedDuration;
use jiff::civil::date;

use crate::auth::signed_in;
use crate::house::{TestHouse, dublin, hartmann, pdf};

fn opened(house: &TestHouse) -> usize {
    house.log().into_iter().filter(|e| matches!(e, Event::Opened { .. })).count()
}

fn downloaded(house: &TestHouse) -> usize {
    house.log().into_iter().filter(|e| matches!(e, Event::Downloaded { .. })).count()
}

#[tokio::test]
async fn home_says_what_is_owed_and_what_of_it_is_late() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    house.issue(marlow, 12_300, date(2026, 12, 23)).await;
    let late = house.publish(marlow, "A/7", 100_000, date(2026, 11, 10)).await;
    house.pay(marlow, 40_000, vec![late]).await;
    house.issue(house.who.kestrel, 99_900, date(2026, 12, 1)).await;
    let page = signed_in(&house, "ana@marlow.example").await.get("/").await.text();
    assert!(page.contains("Marlow Ceramics owes <b>€723.00</b>"), "{page}");
    assert!(page.contains("Two invoices are open.") && page.contains("€600.00 was due on 10 November."), "{page}");
    assert!(page.contains("Part paid. Overdue 13 days") && page.contains("/invoices/A%2F7"));
    assert!(!page.contains("999"), "nothing of another client");
    assert!(page.find("A/7").unwrap() < page.find("Lease of Unit 4").unwrap(), "the overdue one comes first");
}

#[tokio::test]
async fn nothing_to_pay_is_said_as_such() {
    let house = TestHouse::new().await;
    let page = signed_in(&house, "ana@marlow.example").await.get("/").await.text();
    assert!(page.contains("You’re all square with Hartmann &amp; Finch LLP."), "{page}");
}

#[tokio::test]
async fn opening_counts_once_an_hour_and_every_download_counts() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (_, number) = house.issue(house.who.marlow, 12_300, date(2026, 12, 23)).await;
    let (page, file) = (format!("/invoices/{number}"), format!("/invoices/{number}.pdf"));
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    for method in [Method::HEAD, Method::HEAD] {
        ana.send(method, &page, None, Vec::new()).await;
    }
    let mut ahead = ana.clone();
    ahead.headers.push(("sec-purpose".to_owned(), "prefetch".to_owned()));
    ahead.get(&page).await;
    assert_eq!(opened(&house), 0, "nobody looked yet");
    let text = ana.get(&page).await.text();
    assert!(text.contains("You opened this invoice."), "{text}");
    assert!(text.contains("sees the same list, with the network address each visit came from."));
    ana.get(&page).await;
    assert_eq!(opened(&house), 1);
    signed_in(&house, "peter@marlow.example").await.get(&page).await;
    assert_eq!(opened(&house), 2, "another contact counts apart");
    house.later(SignedDuration::from_mins(59));
    ana.get(&page).await;
    assert_eq!(opened(&house), 2, "the same hour");
    house.later(SignedDuration::from_mins(1));
    ana.get(&page).await;
    assert_eq!(opened(&house), 3, "the next hour counts again");
    for n in 1..=3 {
        let answer = ana.get(&file).await;
        assert_eq!((answer.status, downloaded(&house)), (StatusCode::OK, n));
    }
}

#[tokio::test]
async fn a_published_pdf_arrives_byte_for_byte_as_an_attachment() {
    let house = TestHouse::new().await.heedless_of_mail();
    house.publish(house.who.marlow, "2026/4 711", 100_000, date(2026, 12, 10)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = ana.get("/invoices/2026%2F4%20711").await;
    assert!(page.text().contains("The document is the PDF.") && page.text().contains("2026/4 711"), "{}", page.text());
    let file = ana.get("/invoices/2026%2F4%20711.pdf").await;
    assert_eq!(file.body, pdf("2026/4 711"));
    let expected = "attachment; filename=\"2026-4-711.pdf\"; filename*=UTF-8''2026-4-711.pdf";
    assert_eq!(file.header("content-disposition"), expected);
    assert_eq!(file.header("content-type"), "application/pdf");
    assert_eq!(file.header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert_eq!(file.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_foreign_document_and_an_absent_one_are_the_same_answer() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (_, foreign) = house.issue(house.who.kestrel, 12_300, date(2026, 12, 23)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    for suffix in ["", ".pdf", ".xml"] {
        let there = ana.get(&format!("/invoices/{foreign}{suffix}")).await;
        let absent = ana.get(&format!("/invoices/HF-2026-9999{suffix}")).await;
        assert_eq!(there.status, StatusCode::NOT_FOUND);
        assert_eq!((&there.body, &there.headers), (&absent.body, &absent.headers));
    }
    assert_eq!((opened(&house), downloaded(&house)), (0, 0));
    let mut joe = signed_in(&house, "joe@marlow.example").await;
    assert_eq!(joe.get(&format!("/invoices/{foreign}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_may_not_see_billing_reads_politely_why() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (_, number) = house.issue(house.who.marlow, 12_300, date(2026, 12, 23)).await;
    let mut joe = signed_in(&house, "joe@marlow.example").await;
    for path in ["/", "/invoices", "/statement", "/quotes"] {
        let page = joe.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text().contains("has not opened this part of the account to you"), "{path}");
        assert!(!page.text().contains("123.00"));
    }
    assert_eq!(joe.get(&format!("/invoices/{number}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_list_filters_by_state() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (first, paid) = house.issue(marlow, 12_300, date(2026, 12, 23)).await;
    let (_, open) = house.issue(marlow, 4_500, date(2026, 12, 24)).await;
    house.pay(marlow, 12_300, vec![first]).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    for (state, paid_shown, open_shown) in [
        ("all", true, true),
        ("paid", true, false),
        ("open", false, true),
        ("overdue", false, false),
        ("draft", true, true),
    ] {
        let page = ana.get(&format!("/invoices?state={state}&after=nonsense")).await.text();
        assert_eq!(page.contains(paid.as_str()), paid_shown, "{state}");
        assert_eq!(page.contains(open.as_str()), open_shown, "{state}");
    }
    let page = ana.get(&format!("/invoices/{paid}")).await.text();
    assert!(page.contains("There is nothing left to pay.") && page.contains("By bank transfer"), "{page}");
}

#[tokio::test]
async fn the_statement_leads_from_opening_to_closing_and_keeps_what_was_typed() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    house.publish(marlow, "OLD-1", 100_000, date(2026, 8, 10)).await;
    let (id, number) = house.issue(marlow, 12_300, date(2026, 12, 23)).await;
    house.pay(marlow, 2_300, vec![id]).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = ana.get("/statement").await.text();
    for part in ["1,000.00", "123.00", "−23.00", "€1,100.00", number.as_str(), "Over 90 days late"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("OLD-1"), "it was before the period");
    ana.get("/statement").await;
    let looks = house.log().into_iter().filter(|e| *e == Event::StatementOpened).count();
    assert_eq!(looks, 1);
    let bad = ana.get("/statement?from=tomorrow&to=9999-01-01").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = bad.text();
    assert!(text.contains("<title>Error: ") && text.contains("tomorrow") && text.contains("9999-01-01"), "{text}");
    let whole = ana.get("/statement?from=2026-01-01&to=2026-12-31").await.text();
    assert!(whole.contains("OLD-1") && whole.contains("Opening balance"));
}

#[tokio::test]
async fn an_issued_invoice_shows_the_account_of_its_day_and_warns_when_it_changed() {
    let house = TestHouse::new().await.heedless_of_mail();
    let account = |iban: &str, phone: &str| {
        let mut firm = hartmann();
        (firm.bank.iban, firm.phone) = (iban.to_owned(), phone.to_owned());
        firm
    };
    let (old, new) = (account("IE29AIBK93115212345678", "01 555 0142"), account("DE89370400440532013000", "+1 666"));
    let (first, known) = (old.clone(), hartmann());
    house.act(house.who.orla, move |w, s| firm::change(w, s, &dublin(), (&first, &known), "bank")).await.unwrap();
    let (_, number) = house.issue(house.who.marlow, 12_300, date(2026, 12, 23)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = format!("/invoices/{number}");
    assert!(ana.get(&page).await.text().contains("IE29 AIBK"));
    house.act(house.who.orla, move |w, s| firm::change(w, s, &dublin(), (&new, &old), "bank")).await.unwrap();
    let text = ana.get(&page).await.text();
    let bill = text.split("<article").nth(1).unwrap().split("</article").next().unwrap();
    assert!(bill.contains("01 555 0142") && !bill.contains("+1 666"), "as the PDF says: {bill}");
    assert!(!text.contains("DE89"), "a new account does not slip into what was sent long ago");
    assert!(text.contains("Our bank account has changed since this was sent.") && text.contains("01 555 0142"));
}

#[tokio::test]
async fn a_document_that_was_drawn_before_shows_what_has_changed_since() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (scope, by) = (house.scope(house.who.orla), house.by(house.who.orla));
    let draft =
        Draft { project: Some(house.who.glaze), ..house.draft_of(house.who.marlow, 12_300, date(2026, 12, 23)) };
    let id = house.act(house.who.orla, move |w, s| invoices::save_draft(w, s, None, &draft)).await.unwrap();
    let number = invoices::issue(&house.app, by, &scope, id).await.unwrap();
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = format!("/invoices/{number}");
    let article = |text: &str| text.split("<article").nth(1).unwrap().split("</article").next().unwrap().to_owned();
    let first = article(&ana.get(&page).await.text());
    assert!(first.contains("Glaze"), "{first}");
    assert_eq!(article(&ana.get(&page).await.text()), first);
    let glaze = house.who.glaze;
    house.act(house.who.orla, move |w, s| clients::change_project(w, s, glaze, "Kiln", true)).await.unwrap();
    let renamed = article(&ana.get(&page).await.text());
    assert!(renamed.contains("Kiln") && !renamed.contains("Glaze"), "{renamed}");
    let (mut other, known) = (hartmann(), hartmann());
    other.locale = Locale::EnglishContinental;
    house.act(house.who.orla, move |w, s| firm::change(w, s, &dublin(), (&other, &known), "locale")).await.unwrap();
    let again = article(&ana.get(&page).await.text());
    assert!(again.contains("123.00") && again == renamed, "its figures are written as when it was issued: {again}");
}
