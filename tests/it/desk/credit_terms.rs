//! The payer score, the credit limit and the hold: what staff see, and what they do to an invoice.

use axum::http::StatusCode;
use counterfoil::actions::{credit_terms, invoices};
use counterfoil::domain::event::Event;
use counterfoil::domain::refusal::Refusal;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::desk_of;
use crate::house::*;

#[tokio::test]
async fn a_client_s_page_tells_how_they_pay_and_the_score_of_an_earlier_day_stays() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 11, 24)).await;
    let mut tom = desk_of(&house, house.who.tom).await;
    let page = tom.get(&format!("/desk/clients/{marlow}")).await.text();
    assert!(page.contains("No score yet: nothing of the last 24 months was due or paid."), "{page}");
    house.at(date(2026, 12, 4), 9);
    let mut tom = desk_of(&house, house.who.tom).await;
    let late = tom.get(&format!("/desk/clients/{marlow}")).await.text();
    assert!(late.contains("payments are 10 days late"), "{late}");
    house.pay(marlow, 100_00, vec![id]).await;
    house.at(date(2027, 3, 1), 9);
    let mut tom = desk_of(&house, house.who.tom).await;
    let credit = format!("/desk/clients/{marlow}/credit");
    let then = tom.get(&format!("{credit}?on=2026-12-03")).await.text();
    assert!(then.contains("payments are 9 days late") && then.contains("From 1 invoice in EUR."), "{then}");
    assert!(tom.get(&credit).await.text().contains("payments are 10 days late"));
    let before = tom.get(&format!("{credit}?on=2026-11-24")).await.text();
    assert!(before.contains("No score yet"), "due that day is not late: {before}");
    let ahead = tom.get(&format!("{credit}?on=2027-03-02")).await;
    assert!(ahead.text().contains("Enter today’s date or an earlier one."));
    let mut auditor = desk_of(&house, house.who.jonas).await;
    let seen = auditor.get(&credit).await.text();
    assert!(seen.contains("Payer score") && !seen.contains("Put on hold"), "{seen}");
}

#[tokio::test]
async fn an_invoice_beyond_the_limit_is_issued_only_by_whoever_says_so() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    house.issue(marlow, 100_00, date(2026, 12, 24)).await;
    let mut tom = desk_of(&house, house.who.tom).await;
    let credit = format!("/desk/clients/{marlow}/credit");
    tom.get(&credit).await;
    let bare = tom.post(&format!("{credit}/limit"), &[("limit", "150,00"), ("reason", "")]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bare.text().contains("Say why") && bare.text().contains("150,00"), "{}", bare.text());
    let done = tom.post(&format!("{credit}/limit"), &[("limit", "150,00"), ("reason", "New client")]).await;
    assert_eq!(done.location(), credit);
    let page = tom.get(&credit).await.text();
    assert!(page.contains("€150.00") && page.contains("New client") && page.contains("€100.00"), "{page}");

    let draft = house.draft(marlow, 50_01, date(2026, 12, 24)).await;
    let (by, scope) = (house.by(house.who.tom), house.scope(house.who.tom));
    let refused = invoices::issue(&house.app, by, &scope, draft).await;
    let over = Refusal::OverLimit(eur(150_00), eur(150_01));
    assert!(matches!(refused, Err(ActError::Refused(why)) if why == over));
    let preview = tom.get(&format!("/desk/invoices/{draft}/preview")).await.text();
    assert!(preview.contains("Over the credit limit.") && preview.contains("€150.01"), "{preview}");
    let seen = preview.split_once("name=\"seen\" value=\"").and_then(|x| x.1.split('"').next()).unwrap().to_owned();
    let issue = format!("/desk/invoices/{draft}/issue");
    let unsaid = tom.post(&issue, &[("seen", &seen)]).await;
    assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unsaid.text().contains("Tick this to issue it") && unsaid.text().contains("Issue and send"));
    let said = tom.post(&issue, &[("seen", &seen), ("over", "on")]).await;
    assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.text());
    let exceeded = |e: &Event| matches!(e, Event::CreditLimitExceeded { owed, .. } if *owed == eur(150_01));
    assert!(house.log().iter().any(exceeded));
    let client = tom.get(&format!("/desk/clients/{marlow}")).await.text();
    assert!(client.contains("Over the credit limit.") && client.contains("beyond the credit limit of €150.00"));
    tom.get(&credit).await;
    tom.post(&format!("{credit}/limit"), &[("limit", ""), ("reason", "Known for years")]).await;
    assert!(tom.get(&credit).await.text().contains("There is no limit."));
}

#[tokio::test]
async fn on_hold_nothing_is_issued_or_published_until_somebody_lifts_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (owed, _) = house.issue(marlow, 100_00, date(2026, 12, 24)).await;
    let draft = house.draft(marlow, 50_00, date(2026, 12, 24)).await;
    let mut tom = desk_of(&house, house.who.tom).await;
    let credit = format!("/desk/clients/{marlow}/credit");
    tom.get(&credit).await;
    let bare = tom.post(&format!("{credit}/hold"), &[("hold_reason", " ")]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    tom.post(&format!("{credit}/hold"), &[("hold_reason", "Two cheques bounced")]).await;
    for page in [credit.clone(), format!("/desk/clients/{marlow}"), "/desk".to_owned()] {
        assert!(tom.get(&page).await.text().contains("Two cheques bounced"), "{page}");
    }
    let preview = tom.get(&format!("/desk/invoices/{draft}/preview")).await;
    assert_eq!(preview.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(preview.text().contains("on credit hold") && !preview.text().contains("Issue and send"));
    let (by, scope) = (house.by(house.who.tom), house.scope(house.who.tom));
    let refused = invoices::issue(&house.app, by.clone(), &scope, draft).await;
    assert!(matches!(refused, Err(ActError::Refused(Refusal::CreditHeld(why))) if why == "Two cheques bounced"));
    // What is taken back may go out all the same.
    invoices::credit(&house.app, by.clone(), &scope, owed, "Billed twice".to_owned()).await.unwrap();
    tom.post(&format!("{credit}/lift"), &[]).await;
    let twice = tom.post(&format!("{credit}/lift"), &[]).await;
    assert_eq!(twice.status, StatusCode::SEE_OTHER, "pressed twice");
    assert!(!tom.get("/desk").await.text().contains("Two cheques bounced"));
    invoices::issue(&house.app, by, &scope, draft).await.unwrap();
    let lifted = house.log().into_iter().filter(|e| matches!(e, Event::CreditHoldLifted { .. })).count();
    assert_eq!(lifted, 1);
}

#[tokio::test]
async fn nobody_sets_the_credit_of_a_client_they_do_not_see_and_clients_read_nothing_of_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (kestrel, marlow) = (house.who.kestrel, house.who.marlow);
    let act = house.act(house.who.maeve, move |w, s| credit_terms::hold(w, s, kestrel, "why not")).await;
    assert!(matches!(act, Err(ActError::Refused(Refusal::NotFound))));
    let act = house.act(house.who.jonas, move |w, s| credit_terms::hold(w, s, marlow, "why not")).await;
    assert!(matches!(act, Err(ActError::Refused(Refusal::NotAllowed))));
    house.act(house.who.tom, move |w, s| credit_terms::hold(w, s, marlow, "a secret reason")).await.unwrap();
    house
        .act(house.who.tom, move |w, s| credit_terms::set_limit(w, s, marlow, Some(eur(1)), "a secret"))
        .await
        .unwrap();
    let mut ana = crate::auth::signed_in(&house, "ana@marlow.example").await;
    for page in ["/", "/invoices", "/statement"] {
        let text = ana.get(page).await.text();
        assert!(!text.contains("secret") && !text.to_lowercase().contains("credit hold"), "{page}");
    }
}
