//! Documents in the formats that a client chooses, each logged as what it is; and several of them as one archive.

use std::io::{Cursor, Read};

use axum::http::StatusCode;
use counterfoil::domain::event::Event;
use counterfoil::domain::format::Format;
use counterfoil::secrets::sha256;
use jiff::civil::date;

use crate::auth::signed_in;
use crate::house::TestHouse;

fn logged(house: &TestHouse) -> Vec<Format> {
    let of = |event| match event {
        Event::Downloaded { format, .. } => Some(format),
        _ => None,
    };
    house.log().into_iter().filter_map(of).collect()
}

#[tokio::test]
async fn a_client_takes_a_document_in_the_format_that_suits_and_each_is_logged_as_it_is() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (_, number) = house.issue(house.who.marlow, 12_300, date(2026, 12, 23)).await;
    house.publish(house.who.marlow, "OLD-1", 100_000, date(2026, 12, 10)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = ana.get(&format!("/invoices/{number}")).await.text();
    for (format, says) in [
        (Format::Ubl, "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"),
        (Format::Cii, "<rsm:CrossIndustryInvoice"),
        (Format::Csv, "\"document\",\"number\",\"issued\""),
        (Format::Html, "<!DOCTYPE html>"),
        (Format::Pdf, "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>"),
    ] {
        let address = format!("/invoices/{number}.{}", format.ending());
        assert!(page.contains(&format!("href=\"{address}\"")), "{address}");
        let file = ana.get(&address).await;
        assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, format.media_type()));
        assert!(file.header("content-disposition").starts_with("attachment"), "{format:?}");
        assert!(file.text().contains(says) && (format == Format::Pdf || file.text().contains("123.00")), "{format:?}");
    }
    assert_eq!(logged(&house), [Format::Ubl, Format::Cii, Format::Csv, Format::Html, Format::Pdf]);
    assert_eq!(ana.get("/invoices/OLD-1.xml").await.status, StatusCode::NOT_FOUND);
    assert!(!ana.get("/invoices/OLD-1").await.text().contains("Download as"));
}

#[tokio::test]
async fn a_month_is_one_archive_with_a_manifest_that_proves_each_file() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    house.issue(marlow, 12_300, date(2026, 12, 23)).await;
    house.publish(marlow, "OLD-1", 100_000, date(2026, 12, 10)).await;
    house.issue(house.who.kestrel, 99_900, date(2026, 12, 1)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let answer = ana.get("/invoices.zip").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/zip"));
    let mut archive = zip::ZipArchive::new(Cursor::new(answer.body)).unwrap();
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        archive.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    let manifest = String::from_utf8(read("manifest.csv")).unwrap();
    assert_eq!(manifest.lines().count(), 3, "{manifest}");
    assert!(!manifest.contains("999.00") && manifest.contains("\"no\""), "{manifest}");
    let hex = |bytes: &[u8]| sha256(bytes).iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(logged(&house), [Format::Zip, Format::Zip], "each document by itself");
    let kept = ana.get("/invoices/OLD-1.pdf").await.body;
    assert!(read("OLD-1.pdf") == kept && manifest.contains(&hex(&kept)));

    let november = ana.get("/invoices.zip?month=2026-11&state=open").await;
    assert!(november.header("content-disposition").contains("invoices-open-2026-11.zip"));
    let before = logged(&house).len();
    let bogus = ana.get("/invoices.zip?state=bogus").await;
    assert_eq!(bogus.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bogus.text().contains("That is no state of invoices"), "{}", bogus.text());
    assert_eq!(ana.get("/invoices.zip?month=2020-01").await.status, StatusCode::OK);
    assert_eq!(ana.get("/invoices.zip?month=x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(logged(&house).len(), before, "nothing was in them");
}

#[tokio::test]
async fn a_statement_as_a_table_leads_from_one_balance_to_the_other() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 12_300, date(2026, 12, 23)).await;
    house.pay(marlow, 2_300, vec![id]).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let table = ana.get("/statement.csv?from=2026-09-01&to=2026-12-31").await.text();
    let rows: Vec<Vec<&str>> = table.lines().map(|row| row.trim_start_matches('"').split("\",\"").collect()).collect();
    let figures: Vec<_> = rows.iter().skip(1).map(|row| (row[2], row[5], row[6])).collect();
    let expected = [
        ("opening balance", "", "0.00"),
        ("invoice", "123.00", "123.00"),
        ("payment", "-23.00", "100.00"),
        ("closing balance", "", "100.00"),
    ];
    assert_eq!(figures, expected);
    assert!(ana.get("/statement.html").await.text().starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn a_contact_chooses_which_format_comes_first_and_only_where_there_is_such() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (_, number) = house.issue(house.who.marlow, 12_300, date(2026, 12, 23)).await;
    house.publish(house.who.marlow, "OLD-1", 100_000, date(2026, 12, 10)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = ana.get(&format!("/invoices/{number}")).await.text();
    assert!(page.contains("Download PDF"), "{page}");
    assert!(ana.get("/account").await.text().contains("Format of documents"));
    let kept = ana.post("/account/format", &[("format", "csv")]).await;
    assert_eq!(kept.location(), "/account?note=format-chosen");
    assert!(ana.get("/account?note=format-chosen").await.text().contains("value=\"csv\" checked"));
    let page = ana.get(&format!("/invoices/{number}")).await.text();
    let at = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part} in {page}"));
    assert!(
        page.contains("Download CSV")
            && at(&format!("/invoices/{number}.csv")) < at(&format!("/invoices/{number}.pdf"))
    );
    assert!(ana.get("/invoices/OLD-1").await.text().contains("Download PDF"), "it can’t be had as CSV");
    assert_eq!(ana.post("/account/format", &[("format", "zip")]).await.status, StatusCode::NOT_FOUND);
    let said = |e: &Event| matches!(e, Event::ContactChanged { what, .. } if what == "format of documents");
    assert_eq!(house.log().iter().filter(|e| said(e)).count(), 1);
    ana.post("/account/format", &[("format", "")]).await;
    assert!(ana.get(&format!("/invoices/{number}")).await.text().contains("Download PDF"));
    // What the desk changes of a contact leaves the choice alone, and another client's contact has their own.
    let mut sofia = signed_in(&house, "sofia@kestrel.example").await;
    assert!(sofia.get("/account").await.text().contains("value=\"\" checked"));
}

/// The names in an archive, in order, without the manifest’s.
fn names(bytes: Vec<u8>) -> Vec<String> {
    let archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let all = (0..archive.len()).map(|at| archive.name_for_index(at).unwrap().unwrap().into_owned());
    all.filter(|name| name != "manifest.csv").collect()
}

#[tokio::test]
async fn single_documents_are_ticked_and_go_along_as_one_archive() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (_, first) = house.issue(marlow, 12_300, date(2026, 12, 23)).await;
    house.issue(marlow, 45_600, date(2026, 12, 24)).await;
    house.publish(marlow, "A/1", 100_000, date(2026, 12, 10)).await;
    house.publish(marlow, "A-1", 200_000, date(2026, 12, 10)).await;
    let (_, foreign) = house.issue(house.who.kestrel, 99_900, date(2026, 12, 1)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = ana.get("/invoices?state=open").await.text();
    for part in
        [&format!("name=\"pick\" value=\"{first}\""), &format!("aria-label=\"Select {first}\""), "value=\"A/1\""]
    {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(page.contains("Download the selected as ZIP") && !page.contains("checked"), "{page}");
    let answer = ana.get(&format!("/invoices.zip?ticked=1&state=open&pick={first}&pick=A%2F1&pick=A-1")).await;
    assert!(answer.header("content-disposition").contains("invoices-selected.zip"));
    let bytes = answer.body.clone();
    assert_eq!(names(answer.body), [format!("{first}.pdf"), "A-1.pdf".to_owned(), "A-1-2.pdf".to_owned()]);
    let mut manifest = String::new();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    archive.by_name("manifest.csv").unwrap().read_to_string(&mut manifest).unwrap();
    assert!(manifest.contains("\"A-1-2.pdf\",\"A-1\""), "each name says whose file it is: {manifest}");
    assert_eq!(logged(&house), [Format::Zip, Format::Zip, Format::Zip]);

    // Another client's document and none at all are one answer, on the page from which it was asked.
    let there = ana.get(&format!("/invoices.zip?ticked=1&pick={first}&pick={foreign}")).await;
    let absent = ana.get(&format!("/invoices.zip?ticked=1&pick={first}&pick=HF-2026-9999")).await;
    assert_eq!(there.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(there.body == absent.body && !there.text().contains(foreign.as_str()));
    assert!(
        there.text().contains("is not in this list any more") && there.text().contains("checked"),
        "what was ticked"
    );
    let none = ana.get("/invoices.zip?ticked=1&state=open").await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text().contains("Tick the documents that you want") && none.text().contains("<title>Error: "));
    let many: String = (0..=100).map(|n| format!("&pick=X{n}")).collect();
    assert!(ana.get(&format!("/invoices.zip?ticked=1{many}")).await.text().contains("Tick 100 documents at most"));
    assert_eq!(logged(&house).len(), 3, "nothing more was taken");
    // Who may not see billing gets nothing, whatever is named.
    let mut joe = signed_in(&house, "joe@marlow.example").await;
    let hidden = joe.get(&format!("/invoices.zip?ticked=1&pick={first}")).await.text();
    assert!(hidden.contains("has not opened this part of the account to you"));
}

#[tokio::test]
async fn staff_tick_documents_within_their_scope() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.issue(house.who.marlow, 12_300, date(2026, 12, 23)).await;
    let kestrel = house.issue(house.who.kestrel, 99_900, date(2026, 12, 1)).await;
    let draft = house.draft(house.who.marlow, 700, date(2026, 12, 23)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get("/desk/invoices").await.text();
    assert!(page.contains(&format!("name=\"pick\" value=\"{}\"", kestrel.0)), "{page}");
    assert!(!orla.get("/desk/invoices?state=draft").await.text().contains("name=\"pick\""), "a draft has no PDF");
    let answer = orla.get(&format!("/desk/invoices.zip?ticked=1&pick={}&pick={}", kestrel.0, marlow.0)).await;
    assert_eq!(names(answer.body), [kestrel.1.file_name("pdf"), marlow.1.file_name("pdf")]);
    for wrong in [format!("pick={draft}"), "pick=999".to_owned(), "pick=x".to_owned(), "state=open".to_owned()] {
        let refused = orla.get(&format!("/desk/invoices.zip?ticked=1&{wrong}")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(refused.text().contains("id=\"errs\"") && refused.text().contains("id=\"f-pick\""), "{wrong}");
    }
    let mut maeve = signed_in(&house, "maeve@hartmann.example").await;
    let refused = maeve.get(&format!("/desk/invoices.zip?ticked=1&pick={}", kestrel.0)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "not within her scope");
    assert!(!refused.text().contains(kestrel.1.as_str()));
    let taken = |e: &Event| matches!(e, Event::StaffDownloaded { format: Format::Zip, .. });
    assert_eq!(house.log().iter().filter(|e| taken(e)).count(), 2);
}
