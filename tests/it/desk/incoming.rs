//! What comes in on the desk: a PDF that says itself what it is, and files of other programs.

use axum::http::{Method, StatusCode};
use counterfoil::actions::invoices;
use counterfoil::documents::einvoice::{Bill, Frozen, cii};
use counterfoil::documents::{Meta, factur_x};
use counterfoil::domain::event::Event;
use counterfoil::domain::refusal::Refusal;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::{between, signed_in};
use crate::browser::{Answer, Browser};
use crate::house::TestHouse;

const BOUNDARY: &str = "a-line-that-stands-in-no-field";

async fn send(browser: &mut Browser, path: &str, fields: &[(&str, &str)], file: Option<(&str, &[u8])>) -> Answer {
    let page = browser.get(path).await.text();
    let token = between(&page, "name=\"csrf\" value=\"", "\"").to_owned();
    let mut body = Vec::new();
    for (name, value) in fields.iter().copied().chain([("csrf", token.as_str())]) {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    let (name, bytes) = file.unwrap_or(("", b""));
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    body.extend(head.into_bytes());
    body.extend(bytes);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    browser.send(Method::POST, path, Some(&format!("multipart/form-data; boundary={BOUNDARY}")), body).await
}

/// A Factur-X for Marlow as another system of the firm made it, with a change to what it says.
async fn printed(change: impl FnOnce(&mut Bill)) -> Vec<u8> {
    let other = TestHouse::seeded(7).await.heedless_of_mail();
    let (id, number) = other.issue(other.who.marlow, 123_00, date(2026, 12, 23)).await;
    let invoice = other.app.store.read(|r| r.invoice(id)).unwrap().unwrap();
    let issue = invoice.issue.as_ref().unwrap();
    let mut bill = Bill::of(&invoice, &Frozen::of(issue, None)).unwrap();
    change(&mut bill);
    let sheet = |r: &ReadTx| {
        let firm = r.firm()?;
        invoices::sheet(r, &firm, (&issue.seller, &issue.buyer), &invoice, Some(&number), &issue.totals)
    };
    let sheet = other.app.store.read(sheet).unwrap();
    let text = |x: &str| x.to_owned();
    let meta =
        Meta { title: text("x"), author: text("x"), created: jiff::Timestamp::UNIX_EPOCH, document_id: text("x") };
    factur_x(&sheet, &other.app.fonts, &meta, cii(&bill)).unwrap()
}

#[tokio::test]
async fn a_pdf_that_says_what_it_is_fills_the_form_and_nothing_typed_may_contradict_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let pdf = printed(|bill| bill.number = "RE-2026-7".to_owned()).await;
    let filled = send(&mut orla, "/desk/publish", &[("do", "check")], Some(("re.pdf", &pdf))).await;
    let page = filled.text();
    assert_eq!(filled.status, StatusCode::OK, "nothing goes on before somebody has looked");
    for words in ["Read from the document", "Its sums add up", "value=\"RE-2026-7\"", "value=\"123.00\"", "Advice"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let marlow = house.who.marlow.to_string();
    assert!(page.contains(&format!("value=\"{marlow}\" selected")), "{page}");
    let kept = between(&page, "name=\"kept\" value=\"", "\"").to_owned();
    let typed = |amount: &'static str| {
        vec![
            ("do", "check"),
            ("kind", "invoice"),
            ("number", "RE-2026-7"),
            ("issued", "2026-11-23"),
            ("due", "2026-12-23"),
            ("currency", "EUR"),
            ("amount", amount),
        ]
    };
    let wrong = [typed("124.00"), vec![("kept", &*kept), ("client", &*marlow)]].concat();
    let refused = send(&mut orla, "/desk/publish", &wrong, None).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("The e-invoice inside the PDF says EUR 123.00."), "{}", refused.text());
    let right = [typed("123.00"), vec![("kept", &*kept), ("client", &*marlow)]].concat();
    let checked = send(&mut orla, "/desk/publish", &right, None).await;
    assert_eq!(checked.status, StatusCode::SEE_OTHER, "{}", checked.text());
    assert!(orla.get(checked.location()).await.text().contains("Lines read from the document"));
    let published = orla.post(checked.location(), &[]).await;
    let page = orla.follow(published.clone()).await.text();
    assert!(page.contains("byte for byte") && page.contains("Advice"), "{page}");
    assert_eq!(orla.get(&format!("{}.pdf", published.location())).await.body, pdf);
    let xml = orla.get(&format!("{}.cii.xml", published.location())).await.text();
    assert!(xml.contains("<ram:ID>RE-2026-7</ram:ID>"), "{xml}");
}

#[tokio::test]
async fn a_pdf_whose_own_sums_disagree_is_refused_with_the_disagreement_named() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let pdf = printed(|bill| bill.sums.gross = "122.00".to_owned()).await;
    let refused = send(&mut orla, "/desk/publish", &[("do", "check")], Some(("re.pdf", &pdf))).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let words = "BR-CO-15: The total with VAT is 122.00, but net and VAT come to 123.00.";
    assert!(refused.text().contains(words), "{}", refused.text());
    assert!(orla.get("/desk/invoices").await.text().contains("No invoices here."));
}

#[tokio::test]
async fn files_are_looked_at_brought_in_and_taken_away_again() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let table = b"Invoice number,Client,Date,Item,Quantity,Price\nZ-1,Newcomer Ltd,2026-09-01,Advice,2,50.00\n";
    let taken = send(&mut orla, "/desk/import", &[], Some(("z.csv", table))).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
    let kept = taken.location().to_owned();
    let page = orla.get(&kept).await.text();
    for words in ["All of it can come in.", "Nothing has been kept yet.", "€100.00", "A table of invoices"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let ticked = |name: &str| page.contains(&format!("name=\"{name}\" value=\"on\" checked"));
    assert!(ticked("add_clients") && !ticked("remind"), "{page}");
    // Without new clients there is nobody to whom it could belong.
    let looked = orla.post(&kept, &[("do", "look")]).await;
    assert!(orla.follow(looked).await.text().contains("No client is called"));
    let refused = orla.post(&kept, &[("do", "import")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = orla.post(&kept, &[("do", "import"), ("add_clients", "on")]).await;
    assert_eq!(done.location(), "/desk/imports/1?done=imported");
    let page = orla.get(done.location()).await.text();
    assert!(page.contains("It is here.") && page.contains("Newcomer Ltd") && page.contains("Z-1"), "{page}");
    // Pressed twice, it came in once.
    let again = orla.post(&kept, &[("do", "import"), ("add_clients", "on")]).await;
    assert_eq!(again.location(), done.location());
    let undone = orla.post("/desk/imports/1/undo", &[]).await;
    assert!(orla.follow(undone).await.text().contains("It was undone."));
    assert!(!orla.get("/desk/clients").await.text().contains("Newcomer Ltd"));
    let undone = |e: &Event| matches!(e, Event::ImportUndone { what, .. } if what.contains("1 client, 1 document"));
    assert!(house.log().iter().any(undone));
}

#[tokio::test]
async fn what_a_column_holds_is_said_on_the_page() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let table = b"Kunde,Betrag,Tag\nMarlow Ceramics,10.00,02/03/2026\n";
    let kept = send(&mut orla, "/desk/import", &[], Some(("k.csv", table))).await.location().to_owned();
    assert!(orla.get(&kept).await.text().contains("Its headings are not understood."));
    let columns = [("column:Kunde", "client"), ("column:Betrag", "amount"), ("column:Tag", "date")];
    let said = [&[("what", "payments"), ("do", "look")], columns.as_slice()].concat();
    let looked = orla.post(&kept, &said).await;
    let page = orla.follow(looked).await.text();
    assert!(page.contains("whether day or month stands first") && page.contains("How dates are written"), "{page}");
    let again = [&[("what", "payments"), ("dates", "dmy"), ("do", "import")], columns.as_slice()].concat();
    let done = orla.post(&kept, &again).await;
    assert_eq!(done.location(), "/desk/imports/1?done=imported");
    let receipt = house.app.store.read(|r| r.receipts(None, 9)).unwrap().remove(0);
    assert_eq!((receipt.on, receipt.amount.minor), (date(2026, 3, 2), 10_00));
}

/// Something else holds the writer until what is given is called.
fn holding_the_writer(house: &TestHouse) -> impl FnOnce() + use<> {
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let (begun, holds) = std::sync::mpsc::channel();
    let (app, by) = (house.app.clone(), house.by(house.who.orla));
    let held = std::thread::spawn(move || {
        let wait = move |_: &mut WriteTx<'_>| -> Result<Done<()>, ActError> {
            let _ = begun.send(());
            let _ = wait.recv();
            Err(Refusal::NotFound.into())
        };
        app.store.write_blocking(by, app.now(), wait)
    });
    holds.recv().unwrap();
    move || {
        drop(go_on);
        assert!(held.join().unwrap().is_err());
    }
}

#[tokio::test]
async fn an_import_that_takes_a_while_says_how_far_it_is_and_ends_on_what_it_brought() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let mut table = "Invoice number,Client,Date,Item,Quantity,Price\n".to_owned();
    table.extend((1..=200).map(|n| format!("Z-{n},Newcomer Ltd,2026-09-01,Advice,2,50.00\n")));
    let kept = send(&mut orla, "/desk/import", &[], Some(("z.csv", table.as_bytes()))).await.location().to_owned();
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let release = holding_the_writer(&house);
    let form = [("do", "import"), ("add_clients", "on")];
    let asked = orla.post(&kept, &form).await;
    assert_eq!(asked.location(), kept, "it takes too long to wait for");
    let page = orla.get(&kept).await;
    assert!(page.headers.contains_key("refresh"), "it asks again by itself");
    let text = page.text();
    assert!(text.contains("Importing") && text.contains("<progress") && text.contains("You can leave it"), "{text}");
    assert_eq!(orla.post(&kept, &form).await.location(), kept, "pressed twice, it is one import");
    assert!(tom.get(&kept).await.location().contains("gone"), "each their own");

    release();
    let mut page = orla.get(&kept).await;
    for _ in 0..600 {
        if page.location() == "/desk/imports/1?done=imported" {
            break;
        }
        assert!(page.headers.contains_key("refresh"), "{}", page.text());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        page = orla.get(&kept).await;
    }
    let done = orla.follow(page).await.text();
    assert!(done.contains("It is here.") && done.contains("200 documents"), "{done}");
    assert_eq!(orla.post(&kept, &form).await.location(), "/desk/imports/1?done=imported", "it came in once");
    // So is undoing it, after which the same files can come in again.
    let release = holding_the_writer(&house);
    assert_eq!(orla.post("/desk/imports/1/undo", &[]).await.location(), "/desk/imports/1");
    let page = orla.get("/desk/imports/1").await;
    let text = page.text();
    assert!(page.headers.contains_key("refresh") && text.contains("Undoing the import"), "{text}");
    let said = ["It has begun.", " are taken away."].map(|part| text.matches(part).count());
    assert_eq!(said.iter().sum::<usize>(), 1, "how far it is, once: {text}");
    assert_eq!(orla.post("/desk/imports/1/undo", &[]).await.location(), "/desk/imports/1", "pressed twice");
    release();
    let mut page = orla.get("/desk/imports/1").await;
    for _ in 0..600 {
        if !page.headers.contains_key("refresh") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        page = orla.get("/desk/imports/1").await;
    }
    assert!(page.text().contains("It was undone already."), "{}", page.text());
    assert!(orla.get(&kept).await.text().contains("All of it can come in."));
}
