//! Month-end statements: each once for its month, however late; frozen, shown, taken along and told of.

use axum::http::StatusCode;
use counterfoil::actions::statements::{self, Asked};
use counterfoil::domain::event::Event;
use counterfoil::domain::format::Format;
use counterfoil::domain::ids::{ClientId, StatementId};
use counterfoil::domain::monthly::{MonthStatement, When};
use counterfoil::store::prelude::*;
use counterfoil::store::statement::Books;
use jiff::civil::{Date, date};

use crate::auth::signed_in;
use crate::desk::desk_of;
use crate::house::*;

async fn choose(house: &TestHouse, client: Option<ClientId>, when: Option<When>) {
    house.act(house.who.orla, move |w, s| statements::choose(w, s, client, when)).await.unwrap();
}

fn of(house: &TestHouse, client: ClientId) -> Vec<MonthStatement> {
    house.app.store.read(|r| r.statements_of(client, None, 99)).unwrap()
}

fn months(house: &TestHouse, client: ClientId) -> Vec<String> {
    of(house, client).iter().rev().map(|x| x.month.strftime("%Y-%m").to_string()).collect()
}

async fn by_hand(house: &TestHouse, client: ClientId, month: Date) -> Result<StatementId, ActError> {
    let asked = Asked::ByHand(house.scope(house.who.orla));
    statements::publish(&house.app, house.by(house.who.orla), asked, client, month).await
}

#[tokio::test]
async fn each_month_has_one_statement_also_after_downtime_and_a_new_house_has_none_behind_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, kestrel) = (house.who.marlow, house.who.kestrel);
    house.at(date(2026, 11, 24), 9);
    assert_eq!(house.tick().await.statements, 0, "nothing is made of what was before");
    choose(&house, None, Some(When::WhenMoved)).await;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 12, 23)).await;
    house.at(date(2026, 11, 30), 23);
    assert_eq!(house.tick().await.statements, 0, "the month has not ended");
    house.at(date(2026, 12, 1), 0);
    assert_eq!((house.tick().await.statements, house.tick().await.statements), (1, 0), "at its first look, once");
    assert_eq!(months(&house, kestrel), Vec::<String>::new(), "nothing stood nor moved there");
    let first = of(&house, marlow).remove(0);
    assert_eq!((first.month, first.closing()), (date(2026, 11, 1), vec![eur(100_00)]));

    // Nobody is there until March; the invoice is paid in January.
    house.at(date(2027, 1, 15), 10);
    house.pay(marlow, 100_00, vec![id]).await;
    choose(&house, Some(kestrel), Some(When::Always)).await;
    house.at(date(2027, 3, 2), 6);
    house.trust_the_clock().await;
    assert_eq!(house.tick().await.statements, 2 + 3);
    assert_eq!(months(&house, marlow), ["2026-11", "2026-12", "2027-01"], "in February nothing stood nor moved");
    assert_eq!(months(&house, kestrel), ["2026-12", "2027-01", "2027-02"]);
    let all = of(&house, marlow);
    for (later, earlier) in all.iter().zip(&all[1..]) {
        assert_eq!(later.accounts[0].statement.opening, earlier.accounts[0].statement.closing, "{}", later.month);
    }
    choose(&house, Some(marlow), Some(When::Never)).await;
    choose(&house, Some(kestrel), None).await;
    house.issue(marlow, 5_00, date(2027, 3, 20)).await;
    house.at(date(2027, 4, 1), 9);
    assert_eq!(house.tick().await.statements, 0, "one wants none, and of the other nothing moved");
    assert!(house.verify().is_clean(), "{:?}", house.verify());
}

#[tokio::test]
async fn what_is_published_is_frozen_told_by_letter_and_fetched_as_evidence() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    house.tick().await;
    choose(&house, None, Some(When::Always)).await;
    house.issue(marlow, 100_00, date(2026, 12, 23)).await;
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 12, 1), 1);
    house.tick().await;
    assert_eq!(house.claim_all(), 0, "letters wait for the hour at which letters go");
    house.at(date(2026, 12, 1), 9);
    house.tick().await;
    let statement = of(&house, marlow).remove(0);
    let letter = house.claim("ana@marlow.example");
    assert_eq!(letter.subject, "Statement of November 2026: €100.00 owed");
    assert!(letter.text.contains(&format!("/statements/{}", statement.id)), "{}", letter.text);
    assert!(!house.unclaimed().iter().any(|x| x.letter.to_address == "joe@marlow.example"), "Joe sees no billing");

    // The firm and the client move, and more is recorded for November: what was published stays.
    let before = house.app.store.read(|r| r.file(statement.pdf.digest)).unwrap().unwrap();
    let late = house.receipt(marlow, 30_00, counterfoil::actions::payments::Apply::Exactly(vec![]));
    let late = counterfoil::actions::payments::NewReceipt { on: date(2026, 11, 28), ..late };
    house.act(house.who.orla, move |w, s| counterfoil::actions::payments::record(w, s, &late)).await.unwrap();
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let list = ana.get("/statement").await.text();
    let at = format!("/statements/{}", statement.id);
    assert!(list.contains("Published each month") && list.contains(&format!("href=\"{at}.pdf\"")), "{list}");
    let page = ana.get(&at).await.text();
    assert!(page.contains("Statement of November 2026") && page.contains("€100.00"), "{page}");
    ana.get(&at).await;
    let file = ana.get(&format!("{at}.pdf")).await;
    assert!(file.body == before, "the kept bytes");
    assert!(file.header("content-disposition").contains("statement-2026-11.pdf"));
    let csv = ana.get(&format!("{at}.csv")).await.text();
    assert!(csv.ends_with("\"EUR\",\"2026-11-30\",\"closing balance\",\"\",\"\",\"\",\"100.00\",\"\"\r\n"), "{csv}");
    assert!(ana.get(&format!("{at}.html")).await.text().contains("€100.00"));
    assert_eq!(ana.get(&format!("{at}.xml")).await.status, StatusCode::NOT_FOUND);
    let (id, month, digest) = (statement.id, statement.month, statement.pdf.digest);
    let visits: Vec<Event> = house
        .log()
        .into_iter()
        .filter(|e| matches!(e, Event::MonthOpened { .. } | Event::MonthDownloaded { .. }))
        .collect();
    let fetched = |format| Event::MonthDownloaded { statement: id, month, digest, format };
    let expected = [
        Event::MonthOpened { statement: id, month, digest },
        fetched(Format::Pdf),
        fetched(Format::Csv),
        fetched(Format::Html),
    ];
    assert_eq!(visits, expected, "opening is logged once an hour, each download always");

    // The desk says so, and publishes it again; the older one stays and says that it was replaced.
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let own = format!("/desk/clients/{marlow}/statements");
    let desk = orla.get(&own).await.text();
    assert!(desk.contains("November 2026 is not as it was published."), "{desk}");
    let again = orla.post(&own, &[("month", "2026-11")]).await;
    assert_eq!(again.location(), format!("{own}?done=published"), "{}", again.text());
    let both = of(&house, marlow);
    assert_eq!((both.len(), both[0].replaces, both[0].closing()), (2, Some(id), vec![eur(70_00)]));
    let older = ana.get(&at).await.text();
    assert!(older.contains("Replaced.") && older.contains(&format!("/statements/{}", both[0].id)), "{older}");
    let stands = orla.post(&own, &[("month", "2026-11")]).await;
    assert_eq!(stands.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stands.text().contains("is published, and nothing was recorded since that changes it"));
    assert!(orla.get(&own).await.text().contains("Replaced by the one above"));
    assert!(house.verify().is_clean(), "{:?}", house.verify());
}

#[tokio::test]
async fn a_month_by_hand_must_have_ended_and_the_zip_of_a_month_holds_its_statement() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut desk = desk_of(&house, house.who.orla).await;
    let marlow = house.who.marlow;
    house.publish(marlow, "OLD-1", 100_00, date(2026, 10, 10)).await;
    let too_early = by_hand(&house, marlow, date(2026, 11, 1)).await.unwrap_err().to_string();
    assert!(too_early.contains("November 2026 has not ended yet"), "{too_early}");
    let own = format!("/desk/clients/{marlow}/statements");
    desk.get(&own).await;
    for (month, words) in [("2026-11", "has not ended yet"), ("x", "Choose a month"), ("", "Choose a month")] {
        let answer = desk.post(&own, &[("month", month)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{month}");
        assert!(answer.text().contains(words), "{month}");
    }
    let id = by_hand(&house, marlow, date(2026, 10, 1)).await.unwrap();
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let zip = ana.get("/invoices.zip?month=2026-10").await.body;
    let holds = |bytes: &[u8], name: &str| bytes.windows(name.len()).any(|x| x == name.as_bytes());
    assert!(holds(&zip, "statement-2026-10.pdf"), "of the client");
    assert!(!holds(&ana.get("/invoices.zip?month=2026-11").await.body, "statement-"), "another month");
    assert!(!holds(&ana.get("/invoices.zip?month=2026-10&state=open").await.body, "statement-"), "a selection");
    let staff = desk.get("/desk/invoices.zip?month=2026-10").await.body;
    assert!(holds(&staff, &format!("statement-2026-10-client-{marlow}.pdf")), "of all clients");
    let log = house.log();
    let taken =
        |e: &&Event| matches!(e, Event::MonthDownloaded { statement, format: Format::Zip, .. } if *statement == id);
    assert_eq!(log.iter().filter(taken).count(), 1);
    let copied = |e: &&Event| matches!(e, Event::StaffMonthDownloaded { format: Format::Zip, .. });
    assert_eq!(log.iter().filter(copied).count(), 1);

    let settings = desk.post("/desk/settings/statements", &[("when", "moved")]).await;
    assert_eq!(settings.location(), "/desk/settings?saved=statements");
    assert!(desk.get("/desk/settings").await.text().contains("value=\"moved\" selected"));
    assert_eq!(desk.post("/desk/settings/statements", &[("when", "x")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let chosen = desk.post(&format!("{own}/choice"), &[("when", "always")]).await;
    assert_eq!(chosen.location(), format!("{own}?done=chosen"));
    let read = |r: &ReadTx| -> Result<_, StoreError> { Ok((r.statements_wanted(marlow)?, r.statement_choice(None)?)) };
    assert_eq!(house.app.store.read(read).unwrap(), (When::Always, Some(When::WhenMoved)));
}

#[tokio::test]
async fn what_the_books_say_is_what_is_published() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    house.publish(marlow, "OLD-1", 100_00, date(2026, 9, 10)).await;
    let paid = house.publish(marlow, "OLD-2", 50_00, date(2026, 10, 10)).await;
    house.pay(marlow, 50_00, vec![paid]).await;
    let id = by_hand(&house, marlow, date(2026, 10, 1)).await.unwrap();
    let read = |r: &ReadTx| -> Result<_, StoreError> {
        let (from, to) = (date(2026, 10, 1), date(2026, 10, 31));
        Ok((r.month_statement(id)?.unwrap(), Books::of(r, marlow, to)?.reckoned(from, to)))
    };
    let (statement, books) = house.app.store.read(read).unwrap();
    assert_eq!(statement.accounts, books);
    assert_eq!(statement.accounts[0].ageing.total(), statement.accounts[0].statement.closing);
}
