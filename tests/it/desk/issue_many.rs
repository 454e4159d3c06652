//! Many drafts in one run: each gets its number or a reason, and lists of any length go along as a file.

use axum::http::StatusCode;
use counterfoil::actions::invoices::{self, Draft, Outcome};
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::desk_of;
use crate::browser::{Browser, hidden};
use crate::house::*;

async fn draft(house: &TestHouse, title: &str, minor: i64, dated: jiff::civil::Date) -> InvoiceId {
    let of = house.draft_of(house.who.marlow, minor, date(2026, 12, 23));
    let draft = Draft { title: title.to_owned(), dated, ..of };
    house.act(house.who.orla, move |w, s| invoices::save_draft(w, s, None, &draft)).await.unwrap()
}

/// The page of a run once it has ended.
async fn ended(browser: &mut Browser, path: &str) -> String {
    for _ in 0..400 {
        let page = browser.get(path).await;
        if !page.headers.contains_key("refresh") {
            return page.text();
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the run does not end");
}

#[tokio::test]
async fn drafts_are_issued_in_the_order_of_their_dates_and_the_others_say_why_not() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = desk_of(&house, house.who.orla).await;
    let second = draft(&house, "Second", 20_00, date(2026, 11, 22)).await;
    let first = draft(&house, "First", 10_00, date(2026, 11, 20)).await;
    let stays = draft(&house, "Stays", 30_00, date(2026, 11, 20)).await;
    // A client without anybody who could see it.
    let nobody =
        house.act(house.who.orla, |w, s| counterfoil::actions::clients::add(w, s, &new_client("Nobody"))).await;
    let of = house.draft_of(nobody.unwrap(), 5_00, date(2026, 12, 23));
    let unseen = house.act(house.who.orla, move |w, s| invoices::save_draft(w, s, None, &of)).await.unwrap();

    let list = orla.get("/desk/invoices?state=draft").await.text();
    assert!(list.contains("href=\"/desk/invoices/issue\""), "{list}");
    let page = orla.get("/desk/invoices/issue").await.text();
    for id in [first, second, stays, unseen] {
        assert!(page.contains(&format!("name=\"draft\" value=\"{id}\" checked")), "{page}");
    }
    let none = orla.post("/desk/invoices/issue", &[]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text().contains("Choose at least one draft"));
    let ids = [second, first, unseen].map(|x| x.to_string());
    let once = hidden(&page, "once");
    let form = [("draft", &*ids[0]), ("draft", &*ids[1]), ("draft", &*ids[2]), ("once", &*once)];
    let answers = [orla.post("/desk/invoices/issue", &form).await, orla.post("/desk/invoices/issue", &form).await];
    assert_eq!(answers[0].location(), answers[1].location(), "pressed twice, one run");
    let report = ended(&mut orla, answers[0].location()).await;
    assert!(report.contains("2 were issued.") && report.contains("From HF-2026-0001 to HF-2026-0002."), "{report}");
    assert!(
        report.contains("1 not issued") && report.contains(&format!("/desk/invoices/{unseen}/preview")),
        "{report}"
    );
    let number = |id| house.app.store.read(|r| r.invoice(id)).unwrap().unwrap().number().map(ToString::to_string);
    assert_eq!(number(first).unwrap(), "HF-2026-0001");
    assert_eq!(number(second).unwrap(), "HF-2026-0002");
    assert_eq!((number(stays), number(unseen)), (None, None));
    let mut tom = desk_of(&house, house.who.tom).await;
    assert_eq!(tom.get(answers[0].location()).await.status, StatusCode::NOT_FOUND, "each their own");
    assert!(house.verify().is_clean());
}

#[tokio::test]
async fn many_are_issued_without_gaps_while_others_issue_too() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut ids = Vec::new();
    for n in 0..25 {
        ids.push(draft(&house, &format!("Draft {n}"), 10_00 + n, date(2026, 11, 20)).await);
    }
    let alone = draft(&house, "Alone", 1_00, date(2026, 11, 20)).await;
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    let (mut all, mut steps) = (Vec::<Outcome>::new(), 0);
    let run = invoices::issue_many(&house.app, by.clone(), &scope, &ids, |some| {
        all.extend(some);
        steps += 1;
        true
    });
    let (run, one) = tokio::join!(run, invoices::issue(&house.app, by.clone(), &scope, alone));
    assert_eq!((run.unwrap(), steps, one.is_ok()), (25, 3, true));
    let mut numbers: Vec<String> = all.into_iter().map(|x| x.came.unwrap().to_string()).collect();
    numbers.push(one.unwrap().to_string());
    numbers.sort();
    let expected: Vec<String> = (1..=26).map(|n| format!("HF-2026-{n:04}")).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn a_list_goes_along_as_a_table_of_lines_and_as_e_invoices() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = desk_of(&house, house.who.orla).await;
    let marlow = house.who.marlow;
    // More than a page of the list.
    for n in 0..60_i64 {
        let id = draft(&house, &format!("Work {n}"), 100_00 + n, date(2026, 11, 20)).await;
        let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
        invoices::issue(&house.app, by, &scope, id).await.unwrap();
    }
    house.publish(marlow, "OLD-1", 77_00, date(2026, 11, 10)).await;
    house.publish(house.who.kestrel, "OLD-2", 88_00, date(2026, 11, 10)).await;
    let csv = orla.get("/desk/invoices.csv").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let text = csv.text();
    assert!(text.starts_with("\u{feff}\"document\",\"number\""), "{text}");
    assert_eq!(text.lines().count(), 1 + 60 + 2);
    assert!(text.contains("\"OLD-1\"") && text.contains("\"77.00\"") && text.contains("\"HF-2026-0060\""));
    let columns: Vec<usize> = text.lines().map(|x| x.matches("\",\"").count()).collect();
    assert!(columns.iter().all(|x| *x == columns[0]), "{columns:?}");
    let of_marlow = orla.get(&format!("/desk/invoices.csv?client={marlow}")).await.text();
    assert!(of_marlow.contains("OLD-1") && !of_marlow.contains("OLD-2"));
    assert_eq!(orla.get("/desk/invoices.csv?month=2026-01").await.text().lines().count(), 1);
    assert_eq!(orla.get("/desk/invoices.csv?month=x").await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let bytes = orla.get("/desk/invoices.xml.zip").await.body;
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!(zip.len(), 60, "a PDF alone is no e-invoice");
    let mut one = String::new();
    std::io::Read::read_to_string(&mut zip.by_name("HF-2026-0007.xml").unwrap(), &mut one).unwrap();
    assert!(one.contains("<cbc:ID>HF-2026-0007</cbc:ID>"), "{one}");
    let taken = house.log().into_iter().filter(|e| matches!(e, Event::RegisterTaken { .. })).count();
    assert_eq!(taken, 4);
}
