//! An accepted quote becomes invoices without retyping: whole, by percentage, by line, and never more than it.

use axum::http::StatusCode;
use counterfoil::actions::invoices::{self, Crediting};
use counterfoil::actions::quotes::{self, NewQuote, Reply};
use counterfoil::domain::credit::Take;
use counterfoil::domain::ids::{InvoiceId, QuoteId};
use counterfoil::domain::money::Currency;
use counterfoil::domain::refusal::Refusal;
use counterfoil::domain::tax::Line;
use counterfoil::store::prelude::*;
use counterfoil::store::scope::Pass;
use jiff::civil::date;

use super::desk_of;
use crate::browser::{Answer, Browser, hidden};
use crate::house::{TestHouse, dublin, line};

/// A quote of three lines, the third an option, accepted with it: 1,000.01 + 500.02 + 99.97 and no VAT.
async fn accepted(house: &TestHouse) -> QuoteId {
    let named = |name: &str, minor| Line { description: name.to_owned(), ..line(minor) };
    let lines = vec![named("Kiln", 100_001), named("Shelf", 50_002), named("Training", 9_997)];
    let days = (house.app.today(), date(2026, 12, 23));
    let offer = NewQuote::plain(house.who.marlow, "Kiln room", Currency::EUR, days, lines);
    let offer = NewQuote { options: vec![3], ..offer };
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    let number = quotes::send(&house.app, by, &scope, offer).await.unwrap();
    let (pass, now) = (Pass { contact: house.who.ana, only: None }, house.app.now());
    let by = counterfoil::domain::event::By {
        actor: counterfoil::domain::event::Actor::Contact(house.who.ana),
        address: None,
    };
    let asked = number.clone();
    let act = move |w: &mut WriteTx<'_>| quotes::answer(w, pass, (&asked, 1), &Reply::Accept(vec![1]), &dublin());
    house.app.store.write(by, now, act).await.unwrap();
    house.app.store.read(|r| r.quote_numbered(&number)).unwrap().unwrap().id
}

async fn next(orla: &mut Browser, quote: QuoteId, fields: &[(&str, &str)]) -> Answer {
    let once = hidden(&orla.get(&format!("/desk/quotes/{quote}")).await.text(), "once");
    let fields: Vec<_> = fields.iter().copied().chain([("once", once.as_str())]).collect();
    orla.post(&format!("/desk/quotes/{quote}/invoice"), &fields).await
}

fn draft_of(answer: &Answer) -> InvoiceId {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.location().split('/').nth(3).unwrap().parse().unwrap()
}

fn payable(house: &TestHouse, id: InvoiceId) -> i64 {
    house.app.store.read(|r| r.invoice(id)).unwrap().unwrap().payable().minor
}

#[tokio::test]
async fn a_deposit_and_the_rest_name_the_quote_and_are_it_to_the_cent() {
    let house = TestHouse::new().await.heedless_of_mail();
    let quote = accepted(&house).await;
    let mut orla = desk_of(&house, house.who.orla).await;
    let page = orla.get(&format!("/desk/quotes/{quote}")).await.text();
    assert!(page.contains("Invoice next") && page.contains("All of it, €1,600.00"), "{page}");
    let odd = next(&mut orla, quote, &[("part", "percent"), ("percent", "0")]).await;
    assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(odd.text().contains("Enter a percentage above 0 and up to 100"), "{}", odd.text());

    let once = hidden(&page, "once");
    let form = [("part", "percent"), ("percent", "30%"), ("once", once.as_str())];
    let path = format!("/desk/quotes/{quote}/invoice");
    let answers = [orla.post(&path, &form).await, orla.post(&path, &form).await];
    assert_eq!(answers[0].location(), answers[1].location(), "pressed twice, one draft");
    let deposit = draft_of(&answers[0]);
    assert_eq!(payable(&house, deposit), 48_000);
    let draft = orla.get(answers[0].location()).await.text();
    assert!(draft.contains("A part of the accepted quote") && draft.contains("30% of quote"), "{draft}");

    let page = orla.get(&format!("/desk/quotes/{quote}")).await.text();
    assert!(page.contains("All that is left, €1,120.00") && !page.contains("Some lines"), "{page}");
    let much = next(&mut orla, quote, &[("part", "percent"), ("percent", "90")]).await;
    assert_eq!(much.status, StatusCode::UNPROCESSABLE_ENTITY);
    let much = much.text();
    assert!(much.contains("70% of quote") && much.contains("is left, €1,120.00 in all. Enter 70 or less"), "{much}");
    assert!(
        much.contains("value=\"90\"") && much.contains("value=\"percent\" checked"),
        "what was typed stays: {much}"
    );
    let rest = draft_of(&next(&mut orla, quote, &[("part", "rest")]).await);
    assert_eq!(payable(&house, rest), 112_000);
    let page = orla.get(&format!("/desk/quotes/{quote}")).await.text();
    assert!(!page.contains("Invoice next"), "nothing is left: {page}");

    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    let number = invoices::issue(&house.app, by.clone(), &scope, deposit).await.unwrap();
    let shown = orla.get(&format!("/desk/invoices/{deposit}")).await.text();
    assert!(shown.contains("Our quote") && shown.contains(&format!("href=\"/desk/quotes/{quote}\"")), "{shown}");
    let log = orla.get(&format!("/desk/quotes/{quote}")).await.text();
    assert!(log.contains("made a draft invoice of €480.00 from the quote") && log.contains(number.as_str()), "{log}");

    // Credited in part: so much can be invoiced again.
    let take = Take::Amounts(vec![(line(1).vat, 10_000)]);
    let crediting = Crediting { take, ..Crediting::rest(deposit, "Too much".to_owned()) };
    invoices::credit_part(&house.app, by, &scope, crediting).await.unwrap();
    let page = orla.get(&format!("/desk/quotes/{quote}")).await.text();
    assert!(page.contains("All that is left, €100.00"), "{page}");

    // Thrown away: what they charged can be invoiced again.
    house.act(house.who.orla, move |w, scope| invoices::discard(w, scope, rest)).await.unwrap();
    let page = orla.get(&format!("/desk/quotes/{quote}")).await.text();
    assert!(page.contains("All that is left, €1,220.00"), "{page}");
}

#[tokio::test]
async fn lines_are_invoiced_once_each_and_a_draft_is_not_raised_above_the_quote() {
    let house = TestHouse::new().await.heedless_of_mail();
    let quote = accepted(&house).await;
    let mut orla = desk_of(&house, house.who.orla).await;
    let shelf = draft_of(&next(&mut orla, quote, &[("part", "lines"), ("line", "2"), ("line", "3")]).await);
    assert_eq!(payable(&house, shelf), 59_999);
    let again = next(&mut orla, quote, &[("part", "lines"), ("line", "2")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.text().contains("Choose among the lines that were not invoiced yet."), "{}", again.text());
    let share = next(&mut orla, quote, &[("part", "percent"), ("percent", "10")]).await;
    assert!(share.text().contains("Other parts of this quote were invoiced by line"), "{}", share.text());

    let kept = house.app.store.read(|r| r.invoice(shelf)).unwrap().unwrap();
    let same = invoices::Draft {
        client: kept.client,
        project: kept.project,
        title: "Another title".to_owned(),
        currency: kept.currency,
        dated: kept.dated,
        due: kept.due,
        terms: kept.terms.clone(),
        reference: kept.reference.clone(),
        references: kept.references.clone(),
        delivered: None,
        period: None,
        note: String::new(),
        content: match &kept.body {
            counterfoil::domain::invoice::Body::Composed(content) => content.clone(),
            other => panic!("{other:?}"),
        },
        recipients: vec![],
    };
    let mut more = same.clone();
    more.content.lines.push(line(100_002));
    let refused = house.act(house.who.orla, move |w, scope| invoices::save_draft(w, scope, Some(shelf), &more)).await;
    let Err(ActError::Refused(Refusal::Fields(faults))) = refused else { panic!("{refused:?}") };
    assert_eq!(faults[0].field, "lines");
    assert!(faults[0].message.contains("is left to invoice"), "{}", faults[0].message);
    house.act(house.who.orla, move |w, scope| invoices::save_draft(w, scope, Some(shelf), &same)).await.unwrap();
    let saved = house.app.store.read(|r| r.invoice(shelf)).unwrap().unwrap();
    assert_eq!(
        (saved.title.as_str(), saved.quote == kept.quote, saved.body == kept.body),
        ("Another title", true, true)
    );

    let kiln = draft_of(&next(&mut orla, quote, &[("part", "rest")]).await);
    assert_eq!(payable(&house, kiln), 100_001);
}

#[tokio::test]
async fn a_quote_that_nobody_accepted_becomes_no_invoice() {
    let house = TestHouse::new().await.heedless_of_mail();
    let days = (house.app.today(), date(2026, 12, 23));
    let offer = NewQuote::plain(house.who.marlow, "Kiln room", Currency::EUR, days, vec![line(100)]);
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    let number = quotes::send(&house.app, by, &scope, offer).await.unwrap();
    let id = house.app.store.read(|r| r.quote_numbered(&number)).unwrap().unwrap().id;
    let mut orla = desk_of(&house, house.who.orla).await;
    assert!(!orla.get(&format!("/desk/quotes/{id}")).await.text().contains("Invoiced of it"));
    let answer = orla.post(&format!("/desk/quotes/{id}/invoice"), &[("part", "whole")]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
