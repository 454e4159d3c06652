//! Quotes with options, and in versions: what a client chooses, sees and accepts is what is kept, and no older version
//! can be accepted.

use axum::http::StatusCode;
use counterfoil::actions::quotes::{self, Following, NewQuote};
use counterfoil::domain::event::Event;
use counterfoil::domain::money::Currency;
use counterfoil::domain::number::DocumentNumber;
use counterfoil::domain::quote::{Answer, Quote};
use counterfoil::domain::refusal::Refusal;
use counterfoil::domain::tax::Line;
use counterfoil::store::prelude::*;
use jiff::civil::{Date, date};

use crate::auth::signed_in;
use crate::house::{TestHouse, eur, line};

const LAST_DAY: Date = date(2026, 12, 4);

fn named(name: &str, minor: i64) -> Line {
    Line { description: name.to_owned(), ..line(minor) }
}

fn offer(house: &TestHouse) -> NewQuote {
    let lines = vec![named("Kiln", 400_000), named("Second shelf", 30_000), named("Training day", 45_000)];
    let days = (house.app.today(), LAST_DAY);
    let offer = NewQuote::plain(house.who.marlow, "Kiln room", Currency::EUR, days, lines);
    NewQuote { options: vec![2, 3], terms: "Half before we begin.".to_owned(), ..offer }
}

async fn offered(house: &TestHouse) -> DocumentNumber {
    let (by, scope) = (house.by(house.who.tom), house.scope(house.who.tom));
    let number = quotes::send(&house.app, by, &scope, offer(house)).await.unwrap();
    house.tick().await;
    let letter = house.claim("ana@marlow.example");
    assert!(letter.text.contains("with all of them the total is €4,750.00"), "{}", letter.text);
    number
}

async fn follow(house: &TestHouse, number: &DocumentNumber, after: u32) -> Result<DocumentNumber, ActError> {
    let quote = kept(house, number).id;
    let lines = vec![named("Kiln", 380_000)];
    let new = NewQuote { content: counterfoil::domain::tax::Content::of(lines), options: vec![], ..offer(house) };
    let news = "The kiln is cheaper, the options are gone.".to_owned();
    let (by, scope) = (house.by(house.who.tom), house.scope(house.who.tom));
    quotes::send_version(&house.app, by, &scope, new, Following { quote, after, news }).await
}

fn kept(house: &TestHouse, number: &DocumentNumber) -> Quote {
    house.app.store.read(|r| r.quote_numbered(number)).unwrap().unwrap()
}

#[tokio::test]
async fn what_is_ticked_is_reviewed_with_its_total_and_terms_and_is_what_is_accepted() {
    let house = TestHouse::new().await;
    let number = offered(&house).await;
    let page = format!("/quotes/{number}");
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let text = ana.get(&page).await.text();
    assert!(text.contains("Review your choice") && !text.contains("Accept this quote"), "nothing before the review");
    assert!(text.contains("Total without options") && text.contains("Option 2, €450.00"), "{text}");

    let before = house.log().len();
    let review = ana.get(&format!("{page}/acceptance?version=1&option=2")).await;
    assert_eq!(review.status, StatusCode::OK);
    let text = review.text();
    let button = text.find("Accept this quote").unwrap();
    for shown in ["Training day", "€4,450.00", "Not chosen: Second shelf.", "Half before we begin."] {
        assert!(text[..button].contains(shown), "{shown} before the signature: {text}");
    }
    assert_eq!(house.log().len(), before, "a review changes nothing");
    let none = ana.get(&format!("{page}/acceptance?version=1")).await.text();
    assert!(none.contains("€4,000.00") && none.contains("Not chosen: Second shelf; Training day."), "{none}");
    let wrong = ana.get(&format!("{page}/acceptance?version=1&option=3")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("Choose among the options of this quote."), "{}", wrong.text());

    let accepted = ana.post(&format!("{page}/acceptance"), &[("version", "1"), ("option", "2")]).await;
    let text = ana.follow(accepted).await.text();
    assert!(text.contains("Ana Ruiz accepted it") && text.contains("€4,450.00"), "{text}");
    let quote = kept(&house, &number);
    let (given, choice) = quote.accepted().unwrap();
    assert_eq!((choice.options.as_slice(), choice.total), (&[2][..], eur(445_000)));
    assert_eq!(given.pdf, quote.current.pdf.digest);
    assert!(house.log().iter().any(|e| matches!(e, Event::QuoteAccepted { options, .. } if options == &[2])));
    let other = ana.post(&format!("{page}/acceptance"), &[("version", "1"), ("option", "1")]).await;
    assert_eq!(other.status, StatusCode::CONFLICT, "another choice is another answer");

    house.tick().await;
    let letter = house.claim("tom@hartmann.example");
    assert_eq!(letter.subject, format!("Quote {number} accepted by Ana Ruiz: €4,450.00"));
    assert!(letter.text.contains("With the options chosen: Training day."), "{}", letter.text);
    let desk = format!("/desk/quotes/{}", quote.id);
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let text = tom.get(&desk).await.text();
    assert!(text.contains("Option 2: Training day") && text.contains("with option 2, €4,450.00"), "{text}");
    assert!(!text.contains("New version"), "an accepted quote stands");
    assert_eq!(tom.get(&format!("{desk}/new")).await.location(), desk);
    assert!(matches!(follow(&house, &number, 1).await, Err(ActError::Refused(_))));
}

#[tokio::test]
async fn a_new_version_takes_the_place_of_the_one_before_which_stays_readable() {
    let house = TestHouse::new().await;
    let number = offered(&house).await;
    let page = format!("/quotes/{number}");
    let first = kept(&house, &number);
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    ana.get(&page).await;
    follow(&house, &number, 1).await.unwrap();
    house.tick().await;
    let letter = house.claim("ana@marlow.example");
    assert_eq!(letter.subject, format!("Quote {number}, version 2: €3,800.00, valid until 4 December"));
    assert!(letter.text.contains("What is new: The kiln is cheaper, the options are gone."), "{}", letter.text);

    let stale = ana.post(&format!("{page}/acceptance"), &[("version", "1"), ("option", "1")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text().contains("We sent a new version of this quote after you opened it"), "{}", stale.text());
    let declined = ana.post(&format!("{page}/decline"), &[("version", "1")]).await;
    assert_eq!(declined.status, StatusCode::CONFLICT, "what is declined was read too");
    let stale = ana.get(&format!("{page}/acceptance?version=1")).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!(kept(&house, &number).current.answer, Answer::Open);

    let old = ana.get(&format!("{page}/v/1")).await.text();
    assert!(old.contains("Replaced by a newer version") && old.contains("€4,000.00"), "{old}");
    assert!(!old.contains("Accept this quote") && !old.contains("Review your choice"), "{old}");
    let pdf = ana.get(&format!("{page}/v/1.pdf")).await;
    assert!(pdf.header("content-disposition").contains(&format!("{number}.pdf")));
    let kept_pdf = house.app.store.read(|r| r.file(first.current.pdf.digest)).unwrap().unwrap();
    assert_eq!(pdf.body, kept_pdf, "the bytes of then");
    assert!(ana.get(&page).await.text().contains("What is new."));
    let seen: Vec<(u32, bool)> = house
        .log()
        .iter()
        .filter_map(|e| match e {
            Event::QuoteOpened { version, .. } => Some((*version, false)),
            Event::QuoteDownloaded { version, .. } => Some((*version, true)),
            _ => None,
        })
        .collect();
    assert_eq!(seen, [(1, false), (1, true), (2, false)], "each version is proved by itself");

    let done = ana.post(&format!("{page}/acceptance"), &[("version", "2")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    let quote = kept(&house, &number);
    assert_eq!(quote.older, std::slice::from_ref(&first.current), "the first version as it was");
    assert_eq!(quote.accepted().unwrap().0.pdf, quote.current.pdf.digest);
    house.tick().await;
    house.claim("tom@hartmann.example");
}

#[tokio::test]
async fn a_declined_quote_may_be_mended_and_two_people_do_not_mend_it_at_once() {
    let house = TestHouse::new().await.heedless_of_mail();
    let number = offered(&house).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    ana.get(&format!("/quotes/{number}")).await;
    ana.post(&format!("/quotes/{number}/decline"), &[("version", "1"), ("reason", "Too dear")]).await;
    follow(&house, &number, 1).await.unwrap();
    let again = follow(&house, &number, 1).await;
    assert!(matches!(again, Err(ActError::Refused(Refusal::ChangedMeanwhile))), "{again:?}");
    let quote = kept(&house, &number);
    assert!(matches!(&quote.older[0].answer, Answer::Declined(_, why) if why == "Too dear"));
    assert!(ana.get(&format!("/quotes/{number}/v/1")).await.text().contains("Too dear"), "the answer stays with it");
}

#[tokio::test]
async fn a_quotes_table_has_its_options_apart_from_its_totals() {
    let house = TestHouse::new().await;
    let number = offered(&house).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let csv = ana.get(&format!("/quotes/{number}.csv")).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let rows: Vec<String> = csv.text().lines().map(str::to_owned).collect();
    assert_eq!(rows.len(), 4);
    assert!(rows[0].ends_with("\"payable\",\"optional\""), "{}", rows[0]);
    assert!(rows[1].starts_with(&format!("\"quote\",\"{number}\",\"2026-11-23\",\"2026-12-04\"")), "{}", rows[1]);
    assert!(rows[1].ends_with("\"4000.00\",\"\",\"4000.00\",\"\""), "{}", rows[1]);
    assert!(rows[2].contains("Second shelf") && rows[2].ends_with("\"4000.00\",\"yes\""), "{}", rows[2]);
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let id = kept(&house, &number).id;
    for ending in ["pdf", "csv", "html"] {
        assert_eq!(tom.get(&format!("/desk/quotes/{id}.{ending}")).await.status, StatusCode::OK);
    }
    let log = house.log();
    let taken = log.iter().filter(|e| matches!(e, Event::StaffQuoteDownloaded { version: 1, .. })).count();
    assert_eq!(taken, 3, "what staff take is logged, and as theirs");
    assert_eq!(log.iter().filter(|e| matches!(e, Event::QuoteDownloaded { .. })).count(), 1);
}
