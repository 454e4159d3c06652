//! A client answers a quote: once, in time, with the right to, and with what proves it.

use std::net::SocketAddr;

use axum::Extension;
use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use counterfoil::actions::quotes::{self, NewQuote, Reply};
use counterfoil::domain::event::{Actor, By, Event};
use counterfoil::domain::ids::Digest;
use counterfoil::domain::money::Currency;
use counterfoil::domain::number::DocumentNumber;
use counterfoil::domain::quote::{Answer, Choice, Quote};
use counterfoil::domain::refusal::Refusal;
use counterfoil::secrets::sha256;
use counterfoil::store::prelude::*;
use counterfoil::store::scope::Pass;
use counterfoil::web::routes;
use jiff::civil::{Date, date};

use crate::auth::{HOST, link_in, signed_in, with_password};
use crate::browser::Browser;
use crate::house::{PASSWORD, TestHouse, dublin, eur, line};

const LAST_DAY: Date = date(2026, 12, 4);
const TERMS: &str = "Half is due before we begin.\n\nThe kiln stays ours until it is paid.";
const FIRST: (&str, &str) = ("version", "1");

async fn offered(house: &TestHouse) -> DocumentNumber {
    let days = (house.app.today(), LAST_DAY);
    let lines = vec![line(420_000)];
    let offer = NewQuote::plain(house.who.marlow, "Kiln room", Currency::EUR, days, lines);
    let offer = NewQuote { note: "Outlays are charged at cost.".to_owned(), terms: TERMS.to_owned(), ..offer };
    let (by, scope) = (house.by(house.who.tom), house.scope(house.who.tom));
    let number = quotes::send(&house.app, by, &scope, offer).await.unwrap();
    house.tick().await;
    house.claim("ana@marlow.example");
    number
}

fn kept(house: &TestHouse, number: &DocumentNumber) -> Quote {
    house.app.store.read(|r| r.quote_numbered(number)).unwrap().unwrap()
}

fn answers(house: &TestHouse) -> Vec<Event> {
    let said = |e: &Event| matches!(e, Event::QuoteAccepted { .. } | Event::QuoteDeclined { .. });
    house.log().into_iter().filter(said).collect()
}

#[tokio::test]
async fn accepting_keeps_who_when_where_and_which_pdf_and_tells_who_sent_it() {
    let house = TestHouse::new().await;
    let number = offered(&house).await;
    let address = SocketAddr::from(([192, 0, 2, 7], 4711));
    let router = routes::router(house.app.clone()).layer(Extension(ConnectInfo(address)));
    let mut ana = Browser::new(router, HOST);
    with_password(&mut ana, "ana@marlow.example", PASSWORD).await;
    let page = ana.get(&format!("/quotes/{number}")).await.text();
    let button = page.find("Accept this quote").unwrap();
    for shown in ["Half is due before we begin.", "The kiln stays ours until it is paid.", "on the terms above"] {
        assert!(page[..button].matches(shown).count() >= 1, "{shown} before the signature: {page}");
    }
    let terms = page.find("on the terms above").unwrap();
    assert!(page.find("The end of Friday 4 December").unwrap() < button && terms < button, "{page}");
    let to = format!("/quotes/{number}/acceptance");
    let answer = ana.post(&to, &[FIRST]).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, &*format!("/quotes/{number}")));
    let page = ana.follow(answer).await.text();
    assert!(page.contains("Accepted.") && page.contains("Ana Ruiz accepted it"), "{page}");
    assert!(!page.contains("Accept this quote"));

    let quote = kept(&house, &number);
    let Answer::Accepted(given, choice) = &quote.current.answer else { panic!("{:?}", quote.current.answer) };
    assert_eq!((given.contact, given.name.as_str(), given.at), (house.who.ana, "Ana Ruiz", house.app.now()));
    assert_eq!((given.address, given.pdf), (Some(address.ip()), quote.current.pdf.digest));
    let (digest, terms) = (quote.current.pdf.digest, Digest(sha256(TERMS.as_bytes())));
    assert_eq!(*choice, Choice { options: vec![], terms, total: eur(420_000) });
    let (options, total) = (vec![], eur(420_000));
    let event = Event::QuoteAccepted { quote: quote.id, version: 1, digest, terms, options, total };
    assert_eq!(answers(&house), std::slice::from_ref(&event));

    let again = ana.post(&to, &[FIRST]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "sent twice, it counts once");
    let other = ana.post(&format!("/quotes/{number}/decline"), &[FIRST, ("reason", "Too dear")]).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    assert!(other.text().contains("the first answer stands"), "{}", other.text());
    assert_eq!(answers(&house), [event]);

    house.tick().await;
    let letter = house.claim("tom@hartmann.example");
    assert_eq!(letter.subject, format!("Quote {number} accepted by Ana Ruiz: €4,200.00"));
    assert!(letter.text.contains("Ana Ruiz of Marlow Ceramics accepted our quote"), "{}", letter.text);
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let desk = tom.get(&link_in(&letter.text)).await.text();
    for part in ["By Ana Ruiz", "192.0.2.7", &digest.to_string(), &terms.to_string(), "Ana Ruiz accepted the quote"] {
        assert!(desk.contains(part), "{part} in {desk}");
    }
}

#[tokio::test]
async fn declining_takes_a_reason() {
    let house = TestHouse::new().await;
    let number = offered(&house).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    ana.get(&format!("/quotes/{number}")).await;
    let to = format!("/quotes/{number}/decline");
    let long = "x".repeat(1_001);
    for (typed, why) in [(&*long, "Use 1000 characters or fewer"), ("", "Say why"), (" \r\n ", "Say why")] {
        let refused = ana.post(&to, &[FIRST, ("reason", typed)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = refused.text();
        assert!(page.contains(why) && page.contains("<title>Error: "), "{page}");
        assert!(page.contains("<details class=\"act\" open"), "what was typed is seen: {page}");
        assert!(page.contains(typed), "and comes back: {page}");
    }
    assert_eq!((kept(&house, &number).current.answer, answers(&house)), (Answer::Open, vec![]));

    let page = ana.post(&to, &[FIRST, ("reason", "  Too dear\r\nthis year ")]).await;
    let page = ana.follow(page).await.text();
    assert!(page.contains("Ana Ruiz declined it"), "{page}");
    let Answer::Declined(_, reason) = kept(&house, &number).current.answer else { panic!() };
    assert_eq!(reason, "Too dear\nthis year");
    house.tick().await;
    let letter = house.claim("tom@hartmann.example");
    assert!(letter.text.contains("The reason: “Too dear this year”"), "{}", letter.text);
}

#[tokio::test]
async fn no_entrance_declines_without_a_reason() {
    let house = TestHouse::new().await.heedless_of_mail();
    let number = offered(&house).await;
    let by = By { actor: Actor::Contact(house.who.ana), address: None };
    for (typed, taken) in [("", false), (" \n\t", false), ("No.", true)] {
        let (pass, asked) = (Pass { contact: house.who.ana, only: None }, number.clone());
        let reply = Reply::Decline(typed.to_owned());
        let act = move |w: &mut WriteTx<'_>| quotes::answer(w, pass, (&asked, 1), &reply, &dublin());
        let done = house.app.store.write(by.clone(), house.app.now(), act).await;
        match done {
            Ok(()) => assert!(taken, "{typed:?}"),
            Err(ActError::Refused(Refusal::Fields(faults))) => {
                assert_eq!((faults[0].field.as_str(), taken), ("reason", false), "{typed:?}");
            }
            other => panic!("{typed:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_quote_stands_until_the_end_of_its_last_day_in_the_firms_zone() {
    let house = TestHouse::new().await;
    let number = offered(&house).await;
    let (page, to) = (format!("/quotes/{number}"), format!("/quotes/{number}/acceptance"));
    house.at(LAST_DAY, 23);
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    assert!(ana.get(&page).await.text().contains("Accept this quote"));
    house.at(LAST_DAY.tomorrow().unwrap(), 0);
    ana = signed_in(&house, "ana@marlow.example").await;
    ana.get(&page).await;
    let late = ana.post(&to, &[FIRST]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    let text = late.text();
    assert!(text.contains("This quote could be accepted until the end of 4 December 2026."), "{text}");
    assert!(!text.contains("Accept this quote") && ana.get(&page).await.text().contains("Expired."));
    assert_eq!((kept(&house, &number).current.answer, answers(&house)), (Answer::Open, vec![]));
}

#[tokio::test]
async fn only_who_may_answer_is_asked_and_heard() {
    let house = TestHouse::new().await;
    let number = offered(&house).await;
    let to = format!("/quotes/{number}/acceptance");
    let mut peter = signed_in(&house, "peter@marlow.example").await;
    let page = peter.get(&format!("/quotes/{number}")).await.text();
    assert!(page.contains("a colleague with the right to answer") && !page.contains("Accept this quote"), "{page}");
    let refused = peter.post(&to, &[FIRST]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text().contains("Your answer was not taken."));
    let mut sofia = signed_in(&house, "sofia@kestrel.example").await;
    sofia.get("/").await;
    assert_eq!(sofia.post(&to, &[FIRST]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(answers(&house), []);
}
