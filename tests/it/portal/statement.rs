//! The statement as a file: the figures of the page, and a line of the log for each that leaves.

use axum::http::StatusCode;
use counterfoil::actions::invoices::render;
use counterfoil::actions::payments::{self, Apply, NewReceipt};
use counterfoil::documents::statement::reckoned_sheet;
use counterfoil::documents::{Look, Sheet};
use counterfoil::domain::event::Event;
use counterfoil::domain::format::Format;
use counterfoil::domain::ids::Digest;
use counterfoil::secrets::sha256;
use counterfoil::store::prelude::*;
use counterfoil::store::statement::Books;
use jiff::civil::{Date, date};

use crate::auth::signed_in;
use crate::house::TestHouse;

const FROM: Date = date(2026, 9, 1);
const TO: Date = date(2026, 12, 31);

/// The sheet of Marlow's statement, reckoned apart from any page.
fn sheet_of(house: &TestHouse) -> Sheet {
    let marlow = house.who.marlow;
    let read = |r: &ReadTx| -> Result<_, StoreError> {
        let all = Books::of(r, marlow, TO)?.reckoned(FROM, TO);
        let (firm, client) = (r.firm()?, r.client(marlow)?.unwrap());
        Ok(reckoned_sheet(
            &Look { firm: &firm, logo: None },
            &client.party,
            &all,
            (FROM, TO),
            &r.anchor()?.code().to_string(),
        ))
    };
    house.app.store.read(read).unwrap()
}

/// Every figure of a sheet's tables and totals.
fn figures(sheet: &Sheet) -> Vec<&str> {
    let mut all = Vec::new();
    for section in &sheet.sections {
        all.extend(section.table.rows.iter().flat_map(|row| row.cells.iter().skip(2).map(String::as_str)));
        all.extend(section.totals.iter().map(|total| total.value.as_str()));
        all.extend(
            section.breakdown.iter().flat_map(|t| t.rows.iter()).flat_map(|row| row.cells.iter().map(String::as_str)),
        );
    }
    all.retain(|text| !text.is_empty());
    all
}

fn logged(house: &TestHouse) -> Vec<Event> {
    let told = |e: &Event| {
        let forward = matches!(e, Event::StatementDownloaded { .. } | Event::StaffStatementDownloaded { .. });
        forward || matches!(e, Event::OpenItemsDownloaded { .. } | Event::StaffOpenItemsDownloaded { .. })
    };
    house.log().into_iter().filter(told).collect()
}

#[tokio::test]
async fn the_file_has_the_figures_of_the_page_and_each_download_is_evidence() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    house.publish(marlow, "OLD-1", 100_000, date(2026, 8, 10)).await;
    let (id, _) = house.issue(marlow, 12_300, date(2026, 12, 23)).await;
    house.pay(marlow, 2_300, vec![id]).await;
    let sheet = sheet_of(&house);
    let firm = house.app.store.read(|r| r.firm()).unwrap();
    let drawn = || render(&house.app, &sheet_of(&house), &firm).unwrap();
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let query = format!("from={FROM}&to={TO}");
    let page = ana.get(&format!("/statement?{query}")).await.text();
    assert!(page.contains(&format!("/statement.pdf?from={FROM}&amp;to={TO}")), "{page}");
    let all = figures(&sheet);
    assert!(all.len() > 12, "{all:?}");
    for figure in all {
        assert!(page.contains(figure), "{figure} in {page}");
    }
    let expected = drawn();
    let file = ana.get(&format!("/statement.pdf?{query}")).await;
    assert_eq!(file.header("content-type"), "application/pdf");
    assert!(file.header("content-disposition").contains("statement-2026-09-01-to-2026-12-31.pdf"));
    assert!(file.body == expected, "the file is not what the sheet draws");
    let digest = Digest(sha256(&file.body));
    assert_eq!(logged(&house), [Event::StatementDownloaded { from: FROM, to: TO, digest, format: Format::Pdf }]);

    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let desk = orla.get(&format!("/desk/clients/{marlow}/statement?{query}")).await.text();
    assert!(desk.contains(&format!("/desk/clients/{marlow}/statement.pdf?from={FROM}&amp;to={TO}")), "{desk}");
    let expected = drawn();
    let copy = orla.get(&format!("/desk/clients/{marlow}/statement.pdf?{query}")).await;
    assert!(copy.body == expected, "staff see what the client sees");
    assert_eq!(logged(&house)[1..], [Event::StaffStatementDownloaded { from: FROM, to: TO, format: Format::Pdf }]);
}

#[tokio::test]
async fn open_items_are_the_same_on_both_sides_and_come_to_the_closing_balance() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    house.publish(marlow, "PAID-1", 5_000, date(2026, 8, 10)).await;
    house.pay(marlow, 5_000, vec![]).await;
    let (part, number) = house.issue(marlow, 12_300, date(2026, 12, 23)).await;
    house.pay(marlow, 2_300, vec![part]).await;
    house.publish(marlow, "LATE-1", 100_000, date(2026, 8, 10)).await;
    let extra = house.receipt(marlow, 777, Apply::Exactly(vec![]));
    house.act(house.who.orla, move |w, scope| payments::record(w, scope, &extra)).await.unwrap();
    let books = house.app.store.read(|r| Books::of(r, marlow, TO)).unwrap();
    let closing = books.reckoned(FROM, TO).remove(0);
    assert_eq!((closing.statement.closing, closing.ageing.total()), (109_223, 109_223));

    let query = format!("kind=open&to={TO}");
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let desk_path = |ending: &str| format!("/desk/clients/{marlow}/statement{ending}?{query}");
    let portal = ana.get(&format!("/statement?{query}")).await.text();
    let desk = orla.get(&desk_path("")).await.text();
    let html = ana.get(&format!("/statement.html?{query}")).await.text();
    for (side, page) in [("portal", &portal), ("desk", &desk), ("file", &html)] {
        for part in ["LATE-1", number.as_str(), "123.00", "23.00", "100.00", "1,000.00", "-7.77", "143", "1,092.23"] {
            let part = part.replace('-', "\u{2212}");
            let plain = part.replace('\u{2212}', "-");
            assert!(page.contains(&part) || page.contains(&plain), "{side}: {part} in {page}");
        }
        assert!(!page.contains("PAID-1"), "{side}: what is settled is not there");
    }
    assert!(portal.contains(&format!("/statement.pdf?kind=open&amp;to={TO}")), "{portal}");
    assert!(portal.contains("<option value=\"open\" selected>"), "{portal}");

    let csv = ana.get(&format!("/statement.csv?{query}")).await;
    assert!(csv.header("content-disposition").contains("open-items-2026-12-31.csv"));
    let text = csv.text();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 5, "{text}");
    assert!(
        rows[1].contains("\"LATE-1\"") && rows[1].ends_with("\"143\",\"1000.00\",\"0.00\",\"1000.00\",\"\""),
        "{text}"
    );
    assert!(rows[2].ends_with("\"2026-12-23\",\"8\",\"123.00\",\"23.00\",\"100.00\",\"\""), "{text}");
    assert!(
        rows[3].contains("\"payment\",\"R-2026-0003\"") && rows[3].ends_with("\"-7.77\",\"0.00\",\"-7.77\",\"\""),
        "{text}"
    );
    assert!(rows[4].contains("\"total\"") && rows[4].ends_with("\"1092.23\",\"\""), "{text}");
    assert_eq!(orla.get(&desk_path(".csv")).await.body, csv.body, "staff see what the client sees");
    let pdf = orla.get(&desk_path(".pdf")).await;
    assert!(pdf.body.starts_with(b"%PDF") && pdf.header("content-disposition").contains("open-items-2026-12-31.pdf"));

    let digest = |bytes: &[u8]| Digest(sha256(bytes));
    assert_eq!(
        logged(&house),
        [
            Event::OpenItemsDownloaded { on: TO, digest: digest(html.as_bytes()), format: Format::Html },
            Event::OpenItemsDownloaded { on: TO, digest: digest(&csv.body), format: Format::Csv },
            Event::StaffOpenItemsDownloaded { on: TO, format: Format::Csv },
            Event::StaffOpenItemsDownloaded { on: TO, format: Format::Pdf },
        ]
    );
}

#[tokio::test]
async fn an_open_item_statement_looks_back_and_may_be_empty() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = house.publish(house.who.marlow, "LATE-1", 100_000, date(2026, 8, 10)).await;
    house.pay(house.who.marlow, 100_000, vec![id]).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let day = house.app.today().yesterday().unwrap();
    let before = ana.get(&format!("/statement?kind=open&to={day}")).await.text();
    let now = ana.get("/statement?kind=open").await.text();
    assert!(now.contains("Nothing is open.") && !now.contains("LATE-1"), "{now}");
    let was = house.app.store.read(|r| r.invoice(id)).unwrap().unwrap().dated <= day;
    assert_eq!(before.contains("LATE-1"), was, "paid only today: {before}");
    assert!(ana.get("/statement.html?kind=open").await.text().contains("Nothing is open"));
}

#[tokio::test]
async fn open_items_say_what_was_recorded_after_their_day_on_both_sides() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let id = house.publish(marlow, "LATE-1", 100_000, date(2026, 8, 10)).await;
    let day = house.app.today();
    house.later(jiff::SignedDuration::from_hours(48));
    let paid = NewReceipt { on: day, ..house.receipt(marlow, 2_300, Apply::Default(vec![id])) };
    house.act(house.who.orla, move |w, scope| payments::record(w, scope, &paid)).await.unwrap();
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    for (to, told) in [(day, true), (house.app.today(), false)] {
        let portal = ana.get(&format!("/statement?kind=open&to={to}")).await.text();
        let desk = orla.get(&format!("/desk/clients/{marlow}/statement?kind=open&to={to}")).await.text();
        for page in [portal, desk] {
            assert!(page.contains("LATE-1") && page.contains("977.00"), "{page}");
            assert_eq!(page.contains("What is settled was recorded on "), told, "{to}: {page}");
        }
    }
}

#[tokio::test]
async fn what_was_paid_whole_by_what_was_recorded_after_the_day_is_named_everywhere() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let id = house.publish(marlow, "GONE-1", 100_000, date(2026, 8, 10)).await;
    let day = house.app.today();
    house.later(jiff::SignedDuration::from_hours(48));
    let paid = NewReceipt { on: day, ..house.receipt(marlow, 100_000, Apply::Default(vec![id])) };
    house.act(house.who.orla, move |w, scope| payments::record(w, scope, &paid)).await.unwrap();
    let today = house.app.today();
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    for (to, told) in [(day, true), (today, false)] {
        let portal = ana.get(&format!("/statement?kind=open&to={to}")).await.text();
        let desk = orla.get(&format!("/desk/clients/{marlow}/statement?kind=open&to={to}")).await.text();
        let file = ana.get(&format!("/statement.html?kind=open&to={to}")).await.text();
        for (side, page) in [("portal", portal), ("desk", desk), ("file", file)] {
            assert_eq!(page.contains("GONE-1"), told, "{side}, {to}: {page}");
            assert_eq!(page.contains("Not listed, since it is settled by what was recorded"), told, "{side}, {to}");
        }
        let csv = ana.get(&format!("/statement.csv?kind=open&to={to}")).await.text();
        let row = csv.lines().find(|row| row.contains("\"GONE-1\""));
        assert_eq!(row.is_some(), told, "{csv}");
        assert!(row.is_none_or(|row| row.ends_with(&format!("\"1000.00\",\"0.00\",\"{today}\""))), "{csv}");
        let forward = ana.get(&format!("/statement.csv?from={day}&to={to}")).await.text();
        assert_eq!(forward.contains(&format!(",\"{today}\"\r\n")), told, "{forward}");
    }
}

#[tokio::test]
async fn a_kind_that_is_none_is_named_and_what_was_typed_stays() {
    let house = TestHouse::new().await;
    let marlow = house.who.marlow;
    for (who, path) in [
        ("ana@marlow.example", "/statement".to_owned()),
        ("orla@hartmann.example", format!("/desk/clients/{marlow}/statement")),
    ] {
        let mut browser = signed_in(&house, who).await;
        for ending in ["", ".pdf"] {
            let answer = browser.get(&format!("{path}{ending}?kind=closed&from=2026-03-01&to=2026-03-31")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            let page = answer.text();
            for part in ["Choose balance forward or open items.", "href=\"#f-kind\"", "2026-03-01", "2026-03-31"] {
                assert!(page.contains(part), "{part} in {page}");
            }
        }
        let answer = browser.get(&format!("{path}?kind=open&from=nonsense&to=2026-03-31")).await;
        assert_eq!(answer.status, StatusCode::OK, "the first day counts for nothing");
    }
    let mut joe = signed_in(&house, "joe@marlow.example").await;
    assert!(joe.get("/statement.csv?kind=open").await.text().contains("has not opened this part"));
    assert_eq!(logged(&house), []);
}

#[tokio::test]
async fn a_period_that_makes_no_sense_is_asked_for_again() {
    let house = TestHouse::new().await;
    let marlow = house.who.marlow;
    for (who, path) in [
        ("ana@marlow.example", "/statement.pdf".to_owned()),
        ("orla@hartmann.example", format!("/desk/clients/{marlow}/statement.pdf")),
    ] {
        let mut browser = signed_in(&house, who).await;
        let answer = browser.get(&format!("{path}?from=2026-12-01&to=2026-01-01")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(answer.text().contains("The last day must be the first day or later"), "{path}");
    }
    let mut joe = signed_in(&house, "joe@marlow.example").await;
    assert!(joe.get("/statement.pdf").await.text().contains("has not opened this part"));
    assert_eq!(logged(&house), []);
}
