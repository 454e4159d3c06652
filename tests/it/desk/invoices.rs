//! Writing, previewing and issuing an invoice, with everything that can be mistyped.

use axum::http::StatusCode;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::tax::LINES_MAX;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::{between, signed_in};
use crate::browser::hidden;
use crate::house::TestHouse;

const NEW: &str = "/desk/invoices/new";

/// A form that can be saved, for Marlow.
fn typed(house: &TestHouse) -> Vec<(String, String)> {
    let marlow = house.who.marlow.to_string();
    let all = [
        ("client", marlow.as_str()),
        ("was", marlow.as_str()),
        ("title", "Supply agreement"),
        ("issued", "2026-11-23"),
        ("due", "2026-12-23"),
        ("currency", "EUR"),
        ("to", &house.who.ana.to_string()),
        ("l0.description", "Reviewing the second draft"),
        ("l0.quantity", "6.25"),
        ("l0.unit", "HUR"),
        ("l0.price", "220"),
        ("l0.discount", ""),
        ("l0.vat", "S:23"),
        ("do", "save"),
    ];
    all.map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec()
}

/// The form with some fields typed otherwise, or added.
fn but<'a>(form: &'a [(String, String)], other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = form.iter().map(|x| (x.0.as_str(), x.1.as_str())).filter(|x| other.iter().all(|o| o.0 != x.0));
    kept.chain(other.iter().copied()).collect()
}

fn drafts(house: &TestHouse) -> usize {
    let ids = (1..200).map(InvoiceId);
    house.app.store.read(|r| Ok::<_, StoreError>(ids.filter(|id| r.invoice(*id).unwrap().is_some()).count())).unwrap()
}

#[tokio::test]
async fn an_invoice_goes_from_an_empty_form_to_its_number() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let blank = orla.get(&format!("{NEW}?client={}", house.who.marlow)).await;
    assert_eq!(blank.status, StatusCode::OK);
    assert!(blank.text().contains(r#"value="2026-12-23""#), "due by the client's terms");
    let form = typed(&house);
    let saved = orla.post(NEW, &but(&form, &[("do", "preview")])).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let preview = orla.follow(saved.clone()).await.text();
    for words in ["HF-2026-0001", "or later", "€1,691.25", "Ana ", "DRAFT", "Gets the letter"] {
        assert!(preview.contains(words), "{words} in {preview}");
    }
    let pdf = orla.get(&format!("{}.pdf", saved.location())).await;
    assert!(pdf.body.starts_with(b"%PDF-") && pdf.header("content-disposition").starts_with("attachment"));
    let seen = hidden(&preview, "seen");
    let issued = orla.post(&saved.location().replace("/preview", "/issue"), &[("seen", &seen)]).await;
    assert_eq!(issued.status, StatusCode::SEE_OTHER, "{}", issued.text());
    let page = orla.follow(issued.clone()).await.text();
    for words in ["HF-2026-0001", "Due in 30 days", "€1,691.25", "Not yet", "Reviewing the second draft", "issued"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let pressed_twice = orla.post(&saved.location().replace("/preview", "/issue"), &[]).await;
    assert_eq!(pressed_twice.location(), issued.location());
    let second = orla.post(NEW, &but(&form, &[("do", "preview")])).await;
    assert!(orla.follow(second).await.text().contains("HF-2026-0002"));
    let list = orla.get("/desk/invoices").await.text();
    assert!(list.contains("HF-2026-0001") && !list.contains("HF-2026-0002"));
    assert!(orla.get("/desk/invoices?state=draft").await.text().contains("Supply agreement"));
}

#[tokio::test]
async fn a_refused_form_comes_back_as_it_was_typed_with_each_field_named() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    orla.get(NEW).await;
    let (before, form) = (drafts(&house), typed(&house));
    let long = "x".repeat(300);
    let table: &[(&str, &str, &str)] = &[
        ("l0.quantity", "six", "Line 1, quantity: "),
        ("l0.price", "-5", "Line 1, price: "),
        ("l0.price", "99999999999999999999999999", "Line 1, price: "),
        ("l0.discount", "101", "Line 1, discount: "),
        ("l0.vat", "S:0", "Line 1, VAT: "),
        ("l0.unit", "<b>", "Line 1, unit: "),
        ("l0.description", "paid \u{202e}tom", "Line 1, what was done: "),
        ("issued", "9999-12-31", "Enter a date from 1990 to 2199."),
        ("due", "2026-01-01", "The due date must be"),
        ("due", "tomorrow", "Enter a date"),
        ("currency", "XQZ", "three-letter"),
        ("title", "a\u{202e}b", "invisible control characters"),
        ("title", &long, "200 characters or fewer"),
        ("reference", "a\r\nBcc: b", "line breaks"),
        ("client", "999999", "No client’s name starts with “999999”."),
    ];
    for (name, value, message) in table {
        let answer = orla.post(NEW, &but(&form, &[(name, value)])).await;
        let page = answer.text();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}={value}");
        let summary = between(&page, "role=\"alert\"", "</ul>");
        assert!(summary.contains(message), "{name}={value}: {summary}");
        assert!(summary.contains(&format!("#f-{name}\"")), "{name}={value}: {summary}");
        assert!(page.contains(&format!("id=\"f-{name}\"")) && page.contains("<title>Error: "), "{name}");
        assert!(page.contains("Supply agreement") || *name == "title");
        let typed = value.replace('<', "&lt;").replace('>', "&gt;");
        assert!(page.contains(&typed) || ["client", "l0.unit", "l0.vat"].contains(name), "{name}={value}: {page}");
    }
    assert_eq!(drafts(&house), before, "nothing was saved");
}

#[tokio::test]
async fn lines_are_added_and_removed_without_losing_what_was_typed() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    orla.get(NEW).await;
    let form = typed(&house);
    let wrong = but(&form, &[("l0.quantity", "six & a bit"), ("add", "line")]);
    let added = orla.post(NEW, &wrong).await;
    let page = added.text();
    assert_eq!(added.status, StatusCode::OK);
    assert!(page.contains("six &amp; a bit") && page.contains("name=\"l1.description\""), "{page}");
    let second = [
        ("l1.description", "Courier"),
        ("l1.quantity", "1"),
        ("l1.unit", "C62"),
        ("l1.price", "38.50"),
        ("l1.vat", "O:0"),
    ];
    let both = but(&form, &second);
    let all = orla
        .post(NEW, &both.iter().copied().chain([("do", "recalc")]).filter(|x| *x != ("do", "save")).collect::<Vec<_>>())
        .await
        .text();
    assert!(all.contains("€1,729.75") && all.contains("1,375.00"), "{all}");
    let removed = orla.post(NEW, &both.iter().copied().chain([("remove", "0")]).collect::<Vec<_>>()).await.text();
    assert!(removed.contains("Courier") && !removed.contains("Reviewing") && !removed.contains("l1."), "{removed}");
    assert_eq!(drafts(&house), 0);
}

#[tokio::test]
async fn more_lines_than_a_document_may_have_are_refused() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    orla.get(NEW).await;
    let form = typed(&house);
    let names: Vec<(String, String)> = (1..=LINES_MAX)
        .flat_map(|n| [(format!("l{n}.description"), "x".to_owned()), (format!("l{n}.quantity"), "1".to_owned())])
        .collect();
    let mut many = but(&form, &[]);
    many.extend(names.iter().map(|x| (x.0.as_str(), x.1.as_str())));
    let answer = orla.post(NEW, &many).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.text().contains("Use 1000 lines or fewer."));
}

#[tokio::test]
async fn what_is_oversized_or_not_text_is_refused_and_changes_nothing() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    orla.get(NEW).await;
    let form = typed(&house);
    let huge = "x".repeat(10 << 20);
    let answer = orla.post(NEW, &but(&form, &[("note", &huge)])).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let kind = Some("application/x-www-form-urlencoded");
    let answer = orla.send(axum::http::Method::POST, NEW, kind, b"client=%FF%FE".to_vec()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let forged = orla.post_as_is(NEW, &but(&form, &[])).await;
    assert!(forged.status.is_client_error(), "no form token");
    assert_eq!(drafts(&house), 0);
}

#[tokio::test]
async fn a_total_beyond_the_limits_or_below_zero_is_not_issued() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    orla.get(NEW).await;
    let form = typed(&house);
    let table = [("l0.quantity", "999999999", "l0.price", "999999999"), ("l0.quantity", "-1", "l0.price", "220")];
    for (a, x, b, y) in table {
        let saved = orla.post(NEW, &but(&form, &[(a, x), (b, y), ("do", "preview")])).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER);
        let preview = orla.get(saved.location()).await;
        assert_eq!(preview.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(preview.text().contains("/edit#f-lines"), "{}", preview.text());
        let seen = hidden(&preview.text(), "seen");
        let answer = orla.post(&saved.location().replace("/preview", "/issue"), &[("seen", &seen)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert!(house.log().iter().all(|e| !matches!(e, counterfoil::domain::event::Event::InvoiceIssued { .. })));
}

#[tokio::test]
async fn a_member_sees_only_the_clients_that_are_theirs() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (ours, _) = house.issue(house.who.marlow, 10_000, date(2026, 12, 20)).await;
    let (theirs, _) = house.issue(house.who.kestrel, 20_000, date(2026, 12, 20)).await;
    let draft = house.draft(house.who.kestrel, 30_000, date(2026, 12, 20)).await;
    let mut maeve = signed_in(&house, "maeve@hartmann.example").await;
    let list = maeve.get("/desk/invoices").await.text();
    assert!(list.contains(&format!("/desk/invoices/{ours}")) && !list.contains(&format!("/desk/invoices/{theirs}\"")));
    assert_eq!(maeve.get(&format!("/desk/invoices/{ours}")).await.status, StatusCode::OK);
    for path in [
        format!("/desk/invoices/{theirs}"),
        format!("/desk/invoices/{theirs}.pdf"),
        format!("/desk/invoices/{theirs}/credit"),
        format!("/desk/invoices/{draft}/edit"),
        format!("/desk/invoices/{draft}/preview"),
        "/desk/invoices/9999".to_owned(),
        "/desk/invoices/x".to_owned(),
    ] {
        assert_eq!(maeve.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let foreign = house.who.kestrel.to_string();
    let form = typed(&house);
    let refused = maeve.post(NEW, &but(&form, &[("client", &foreign)])).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!refused.text().contains("Kestrel"));
}

#[tokio::test]
async fn a_look_of_staff_is_logged_once_an_hour_and_proves_nothing() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, _) = house.issue(house.who.marlow, 10_000, date(2026, 12, 20)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let looks = |house: &TestHouse| {
        let looked = |e: &&counterfoil::domain::event::Event| {
            matches!(e, counterfoil::domain::event::Event::StaffPreviewed { .. })
        };
        house.log().iter().filter(looked).count()
    };
    for _ in 0..3 {
        let page = orla.get(&format!("/desk/invoices/{id}")).await.text();
        assert!(page.contains("Handed to the mail server") && page.contains("Not yet"));
    }
    assert_eq!(looks(&house), 1);
    for looked in [1, 1, 1, 2] {
        // In steps, so that the session stays alive.
        house.later(jiff::SignedDuration::from_mins(16));
        assert_eq!(orla.get(&format!("/desk/invoices/{id}")).await.status, StatusCode::OK);
        assert_eq!(looks(&house), looked);
    }
}

#[tokio::test]
async fn an_invoice_is_credited_in_full_with_a_reason_and_only_once() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 10_000, date(2026, 12, 20)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let path = format!("/desk/invoices/{id}/credit");
    assert!(orla.get(&path).await.text().contains(number.as_str()));
    let without = orla.post(&path, &[("reason", " ")]).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    let credited = orla.post(&path, &[("reason", "Billed twice")]).await;
    assert_eq!(credited.status, StatusCode::SEE_OTHER, "{}", credited.text());
    assert!(orla.follow(credited).await.text().contains("Billed twice"));
    assert_eq!(house.open(id), 0);
    assert_eq!(orla.post(&path, &[("reason", "Again")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_allocation_is_undone_with_a_reason() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, _) = house.issue(house.who.marlow, 10_000, date(2026, 12, 20)).await;
    house.pay(house.who.marlow, 4_000, vec![id]).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get(&format!("/desk/invoices/{id}")).await.text();
    let path = format!("/desk/invoices/{id}/allocations/{}/undo", between(&page, "/allocations/", "/undo"));
    assert_eq!(orla.get(&path).await.status, StatusCode::OK, "{path}");
    assert_eq!(orla.post(&path, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(house.open(id), 6_000);
    assert_eq!(orla.post(&path, &[("reason", "It was for another client")]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.open(id), 10_000);
    let own = format!("/desk/invoices/{id}");
    assert_eq!(orla.post(&path, &[("reason", "x")]).await.location(), own, "pressed twice");
}

#[tokio::test]
async fn a_quote_is_written_previewed_and_sent() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let path = "/desk/quotes/new";
    assert!(orla.get(path).await.text().contains("Valid until"));
    let form = typed(&house);
    let quote = |act: &'static str| [("valid_until", "2026-12-31"), ("do", act)];
    let preview = orla.post(path, &but(&form, &quote("preview"))).await;
    assert_eq!(preview.status, StatusCode::OK);
    assert!(preview.text().contains("Send the quote for €1,691.25") && preview.text().contains("Ana "));
    let wrong = orla.post(path, &but(&form, &[("valid_until", "9999-12-31"), ("do", "send")])).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let sent = orla.post(path, &but(&form, &quote("send"))).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let page = orla.follow(sent.clone()).await.text();
    assert!(page.contains("Q-2026-0001") && page.contains("Waiting for an answer"), "{page}");
    assert!(orla.get("/desk/quotes").await.text().contains("Q-2026-0001"));
    let pdf = orla.get(&format!("{}.pdf", sent.location())).await;
    assert!(pdf.body.starts_with(b"%PDF-"));
}

#[tokio::test]
async fn a_clients_own_lists_hold_that_clients_documents_only() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, kestrel) = (house.who.marlow, house.who.kestrel);
    let (_, own) = house.issue(marlow, 12_300, date(2026, 12, 23)).await;
    let (_, other) = house.issue(kestrel, 45_600, date(2026, 12, 23)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get(&format!("/desk/invoices?client={marlow}")).await.text();
    assert!(page.contains(own.as_str()) && !page.contains(other.as_str()), "{page}");
    assert!(page.contains(&format!("/desk/invoices?state=open&amp;client={marlow}")), "the tabs keep the client");
    assert!(orla.get(&format!("/desk/quotes?client={marlow}")).await.text().contains("No quotes here."));
    // Maeve sees Marlow only: another client is as if nobody had been named.
    let mut maeve = signed_in(&house, "maeve@hartmann.example").await;
    let foreign = maeve.get(&format!("/desk/invoices?client={kestrel}")).await.text();
    assert!(foreign.contains(own.as_str()) && !foreign.contains(other.as_str()), "{foreign}");
}

#[tokio::test]
async fn what_was_previewed_is_issued_and_nothing_that_was_changed_meanwhile() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    orla.get(NEW).await;
    let form = typed(&house);
    let saved = orla.post(NEW, &but(&form, &[("do", "preview")])).await;
    let (preview, edit) = (saved.location().to_owned(), saved.location().replace("/preview", "/edit"));
    let (first, form_seen) =
        (hidden(&orla.get(&preview).await.text(), "seen"), hidden(&orla.get(&edit).await.text(), "seen"));
    house.later(jiff::SignedDuration::from_secs(5));
    let dearer = but(&form, &[("l0.price", "99999"), ("seen", &form_seen)]);
    assert_eq!(orla.post(&edit, &dearer).await.status, StatusCode::SEE_OTHER);
    let issue = preview.replace("/preview", "/issue");
    for stale in [&[("seen", first.as_str())][..], &[]] {
        let answer = orla.post(&issue, stale).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains("Somebody changed this draft"), "{}", answer.text());
    }
    // An older form is not saved over a newer one, keeps what was typed, and the second press means it.
    let older = but(&form, &[("title", "Typed in the other window"), ("seen", &form_seen)]);
    let answer = orla.post(&edit, &older).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = answer.text();
    assert!(text.contains("Somebody changed this draft") && text.contains("Typed in the other window"), "{text}");
    let now = hidden(&text, "seen");
    assert_ne!(now, form_seen);
    let meant = but(&form, &[("title", "Typed in the other window"), ("seen", &now)]);
    assert_eq!(orla.post(&edit, &meant).await.status, StatusCode::SEE_OTHER);
    assert!(house.log().iter().all(|e| !matches!(e, counterfoil::domain::event::Event::InvoiceIssued { .. })));
}

#[tokio::test]
async fn vat_categories_that_need_vat_numbers_are_not_issued_without() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    orla.get(NEW).await;
    let form = typed(&house);
    for (vat, other, rule) in [("K:0", "K:0", "BR-IC-02"), ("AE:0", "AE:0", "BR-AE-02"), ("O:0", "S:23", "BR-O-11")] {
        let second = [("l1.description", "More"), ("l1.quantity", "1"), ("l1.price", "10"), ("l1.unit", "HUR")];
        let mut fields = but(&form, &[("l0.vat", vat), ("do", "preview")]);
        fields.extend(second);
        fields.extend([("l1.discount", ""), ("l1.vat", other)]);
        let saved = orla.post(NEW, &fields).await;
        assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
        let preview = orla.get(saved.location()).await;
        assert_eq!(preview.status, StatusCode::UNPROCESSABLE_ENTITY, "{vat}");
        assert!(preview.text().contains(rule), "{vat}: {}", preview.text());
        let seen = hidden(&preview.text(), "seen");
        let answer = orla.post(&saved.location().replace("/preview", "/issue"), &[("seen", &seen)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{vat}");
    }
}
