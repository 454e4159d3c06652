//! The statement as a file: the figures of the page, and a line of the log for each that leaves.

use axum::http::StatusCode;
use counterfoil::actions::invoices::render;
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
    let told = |e: &Event| matches!(e, Event::StatementDownloaded { .. } | Event::StaffStatementDownloaded { .. });
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
