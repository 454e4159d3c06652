//! Invoices with all that most of them do without: the form, instalments, early payment, and what is written off.

use axum::http::StatusCode;
use counterfoil::actions::invoices;
use counterfoil::actions::payments::{self, Apply};
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::invoice::{Body, Invoice, Standing};
use counterfoil::domain::tax::{Content, Direction, Portion, Prices, VatCategory};
use counterfoil::domain::terms::{EarlyPayment, Instalment, Terms};
use counterfoil::store::prelude::*;
use counterfoil::store::statement::ageing_now;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::{between, signed_in};
use crate::house::{TestHouse, eur};

const NEW: &str = "/desk/invoices/new";

fn kept(house: &TestHouse, id: InvoiceId) -> Invoice {
    house.app.store.read(|r| r.invoice(id)).unwrap().unwrap()
}

fn content(invoice: &Invoice) -> &Content {
    let Body::Composed(content) = &invoice.body else { panic!("composed") };
    content
}

/// An issued invoice of 1,000.00 with these terms.
async fn issued(house: &TestHouse, terms: Terms) -> InvoiceId {
    let due = terms.instalments.last().map_or(date(2026, 12, 23), |x| x.due);
    let draft = invoices::Draft { terms, ..house.draft_of(house.who.marlow, 1_000_00, due) };
    let orla = house.who.orla;
    let id = house.act(orla, move |w, scope| invoices::save_draft(w, scope, None, &draft)).await.unwrap();
    invoices::issue(&house.app, house.by(orla), &house.scope(orla), id).await.unwrap();
    id
}

#[tokio::test]
async fn everything_that_is_typed_is_kept_and_comes_back() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    orla.get(NEW).await;
    let marlow = house.who.marlow.to_string();
    let fields = [
        ("client", marlow.as_str()),
        ("was", &marlow),
        ("issued", "2026-11-23"),
        ("due", "2026-12-23"),
        ("currency", "GBP"),
        ("to", &house.who.ana.to_string()),
        ("l0.description", "Advice\nOn the kiln"),
        ("l0.quantity", "4"),
        ("l0.unit", "WEE"),
        ("l0.price", "250.1234"),
        ("l0.discount", "50 GBP"),
        ("l0.vat", "S:23"),
        ("l0.from", "2026-11-01"),
        ("l0.to", "2026-11-20"),
        ("l0.why", "Agreed"),
        ("l0.item", "K-7"),
        ("l0.order", "3"),
        ("a0.direction", "less"),
        ("a0.reason", "Loyalty"),
        ("a0.portion", "5%"),
        ("a0.vat", "S:23"),
        ("a1.direction", "more"),
        ("a1.reason", "Postage"),
        ("a1.portion", "12.30"),
        ("a1.vat", "E:0"),
        ("prepaid", "100"),
        ("round_to", "5"),
        ("early_percent", "2"),
        ("early_until", "2026-12-01"),
        ("order", "PO 7"),
        ("attention", "Ana Ruiz"),
        ("delivered", "2026-11-20"),
        ("period_from", "2026-11-01"),
        ("period_to", "2026-11-20"),
        ("reason_E", "Postage is exempt here."),
        ("accounting_currency", "EUR"),
        ("accounting_rate", "1.1402"),
        ("accounting_on", "2026-11-20"),
        ("do", "save"),
    ];
    let saved = orla.post(NEW, &fields).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let edit = saved.location();
    let id: InvoiceId = InvoiceId(between(edit, "/desk/invoices/", "/edit").parse().unwrap());
    let draft = kept(&house, id);
    let all = content(&draft);
    let line = &all.lines[0];
    assert_eq!((line.name(), line.detail(), line.unit.code()), ("Advice", "On the kiln", "WEE"));
    assert_eq!((line.discount.portion, line.discount.reason.as_str()), (Portion::Amount(50_00), "Agreed"));
    assert_eq!((line.item.as_str(), line.order_line.as_str(), line.period.is_some()), ("K-7", "3", true));
    assert_eq!(
        all.adjustments.iter().map(|x| x.direction).collect::<Vec<_>>(),
        [Direction::Allowance, Direction::Charge]
    );
    assert_eq!((all.prepaid, all.round_to, all.prices), (100_00, 5, Prices::Net));
    assert_eq!(all.exemptions[0].category, VatCategory::Exempt);
    assert_eq!((draft.references.order.as_str(), draft.delivered), ("PO 7", Some(date(2026, 11, 20))));
    // 4 × 250.1234 − 50 = 950.49; less 5% (47.52), plus 12.30; 23% of 902.97 = 207.68; less 100; to 5.
    let t = draft.totals().unwrap();
    assert_eq!((t.lines, t.allowances, t.charges, t.net), (950_49, 47_52, 12_30, 915_27));
    assert_eq!((t.vat, t.gross, t.rounding, t.payable), (207_68, 1_122_95, 0, 1_022_95));
    assert_eq!(t.accounting_vat, Some(eur(236_80)));
    let page = orla.get(edit).await.text();
    for (name, value) in fields.iter().filter(|x| {
        !x.1.contains(':')
            && !["less", "more", "WEE", "5"].contains(&x.1)
            && !["to", "do", "was", "client", "l0.description", "l0.discount"].contains(&x.0)
    }) {
        let named = format!("name=\"{name}\"");
        assert!(page.contains(&named), "{name} in {page}");
        assert!(page.contains(&format!("value=\"{value}\"")), "{name}={value} in {page}");
    }
    let seen = crate::browser::hidden(&page, "seen");
    let again: Vec<(&str, &str)> = fields.iter().copied().chain([("seen", seen.as_str())]).collect();
    assert_eq!(orla.post(edit, &again).await.status, StatusCode::SEE_OTHER);
    assert_eq!(Invoice { changed: draft.changed, ..kept(&house, id) }, draft, "saved again as it came back");
    let preview = orla.get(&edit.replace("edit", "preview")).await.text();
    for words in
        ["Loyalty, 5%", "Postage", "Paid already", "£1,022.95", "€236.80", "Postage is exempt here.", "Item K-7"]
    {
        assert!(preview.contains(words), "{words} in {preview}");
    }
}

#[tokio::test]
async fn what_is_mistyped_is_named_where_it_stands() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    orla.get(NEW).await;
    let marlow = house.who.marlow.to_string();
    let ana = house.who.ana.to_string();
    let fine = [
        ("client", marlow.as_str()),
        ("was", &marlow),
        ("issued", "2026-11-23"),
        ("due", "2026-12-23"),
        ("currency", "EUR"),
        ("to", &ana),
        ("l0.description", "Advice"),
        ("l0.quantity", "1"),
        ("l0.unit", "HUR"),
        ("l0.price", "10"),
        ("l0.vat", "S:23"),
    ];
    let table: &[(&[(&str, &str)], &str)] = &[
        (&[("l0.from", "2026-11-23")], "l0.to"),
        (&[("l0.discount", "-4 EUR")], "l0.discount"),
        (&[("a0.portion", "5"), ("a0.vat", "S:23")], "a0.reason"),
        (&[("a0.reason", "Loyalty"), ("a0.portion", "much"), ("a0.vat", "S:23")], "a0.portion"),
        (&[("prepaid", "-1")], "prepaid"),
        (&[("early_percent", "2")], "early_until"),
        (&[("i0.due", "soon"), ("i0.amount", "1")], "i0.due"),
        (&[("period_to", "2026-11-23")], "period_to"),
        (
            &[("accounting_currency", "EUR"), ("accounting_rate", "1"), ("accounting_on", "2026-11-23")],
            "accounting_currency",
        ),
        (&[("round_to", "7")], "round_to"),
    ];
    for (typed, field) in table {
        let form: Vec<(&str, &str)> = fine.iter().chain(*typed).copied().chain([("do", "save")]).collect();
        let answer = orla.post(NEW, &form).await;
        let page = answer.text();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed:?}");
        let summary = between(&page, "role=\"alert\"", "</ul>");
        assert!(summary.contains(&format!("#f-{field}\"")), "{typed:?}: {summary}");
        assert!(page.contains(&format!("id=\"f-{field}\"")), "{field} in {page}");
    }
    let split: Vec<(&str, &str)> = fine.iter().copied().chain([("split", "3"), ("do", "split")]).collect();
    let page = orla.post(NEW, &split).await.text();
    for words in ["value=\"2027-02-23\"", "value=\"4.10\"", "name=\"i2.due\""] {
        assert!(page.contains(words), "{words} in {page}");
    }
}

#[tokio::test]
async fn instalments_fall_due_one_after_the_other() {
    let house = TestHouse::new().await.heedless_of_mail();
    let at = |month, amount| Instalment { due: date(2026, month, 10), amount };
    let id = issued(
        &house,
        Terms { instalments: vec![at(12, 400_00), Instalment { due: date(2027, 1, 10), amount: 600_00 }], early: None },
    )
    .await;
    let standing = |day: Date| {
        house.app.store.read(|r| r.invoice_row(id)).unwrap().map(|row| row.invoice.standing(row.settled, day)).unwrap()
    };
    let day = date(2026, 12, 20);
    assert_eq!(standing(day), Standing::Overdue { days: 10, part_paid: false });
    let ages = |house: &TestHouse| {
        let read = |r: &ReadTx| Ok::<_, StoreError>((r.open_parts_of(house.who.marlow)?, r.open_totals()?));
        let (parts, sums) = house.app.store.read(read).unwrap();
        let age = ageing_now(&parts, &[], day).remove(&eur(0).currency).unwrap_or_default();
        (age.d1_30, age.current, sums.iter().map(|x| (x.due, x.sum.minor)).collect::<Vec<_>>())
    };
    let (first, last) = (date(2026, 12, 10), date(2027, 1, 10));
    assert_eq!(ages(&house), (400_00, 600_00, vec![(first, 400_00), (last, 600_00)]));
    assert!(house.verify().is_clean(), "{:?}", house.verify());
    house.pay(house.who.marlow, 450_00, vec![id]).await;
    assert_eq!(standing(day), Standing::Due { days: 21, part_paid: true });
    assert_eq!(ages(&house), (0, 550_00, vec![(last, 550_00)]));
    house.pay(house.who.marlow, 550_00, vec![id]).await;
    assert_eq!((standing(day), ages(&house)), (Standing::Paid, (0, 0, vec![])));
    assert!(house.verify().is_clean(), "{:?}", house.verify());
}

#[tokio::test]
async fn each_instalment_has_its_own_reminders() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (first, last) = (date(2026, 12, 10), date(2027, 1, 11));
    let parts = vec![Instalment { due: first, amount: 400_00 }, Instalment { due: last, amount: 600_00 }];
    let id = issued(&house, Terms { instalments: parts, early: None }).await;
    let reminders = || {
        let keys = house.app.store.read(|r| r.letters_about(id)).unwrap();
        let mut keys: Vec<String> = keys.into_iter().map(|l| l.key).filter(|k| k.starts_with("reminder/")).collect();
        keys.sort();
        keys
    };
    house.at(date(2026, 12, 3), 9);
    house.tick().await;
    let before = reminders();
    assert!(!before.is_empty() && before.iter().all(|k| k.contains("/2026-12-10/-7/")), "{before:?}");
    house.pay(house.who.marlow, 400_00, vec![id]).await;
    house.at(date(2027, 1, 4), 9);
    house.tick().await;
    let after = reminders();
    assert!(after.iter().any(|k| k.contains("/2027-01-11/-7/")), "{after:?}");
    assert!(after.iter().all(|k| !k.contains("/2026-12-10/0/")), "the first is paid: {after:?}");
    assert!(house.verify().is_clean(), "{:?}", house.verify());
}

#[tokio::test]
async fn paying_early_settles_with_the_discount_and_undoing_gives_it_back() {
    let house = TestHouse::new().await.heedless_of_mail();
    let early = Some(EarlyPayment { percent: Decimal::TWO, until: date(2026, 12, 1) });
    let id = issued(&house, Terms { instalments: Vec::new(), early }).await;
    house.pay(house.who.marlow, 979_99, vec![id]).await;
    assert_eq!(house.open(id), 20_01, "a cent short");
    house.pay(house.who.marlow, 1, vec![id]).await;
    assert_eq!(house.open(id), 0);
    let taken = |e: &Event| matches!(e, Event::EarlyPaymentTaken { amount, .. } if *amount == eur(20_00));
    assert!(house.log().iter().any(taken));
    let all = house.app.store.read(|r| r.allocations_of(id)).unwrap();
    let first = all[0].id;
    let settings = house.app.settings.clone();
    let undo = move |w: &mut WriteTx<'_>, scope: &_| payments::undo(w, scope, &settings, (id, first), "Wrong client");
    house.act(house.who.orla, undo).await.unwrap();
    assert_eq!(house.open(id), 999_99);
    let late = payments::NewReceipt {
        on: date(2026, 12, 2),
        ..house.receipt(house.who.marlow, 980_00, Apply::Default(vec![id]))
    };
    house.act(house.who.orla, move |w, scope| payments::record(w, scope, &late)).await.unwrap();
    assert_eq!(house.open(id), 19_99, "a day too late");
    assert!(house.verify().is_clean(), "{:?}", house.verify());
}

#[tokio::test]
async fn what_is_written_off_is_owed_no_longer_and_stands_on_the_statement() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = issued(&house, Terms::default()).await;
    house.pay(house.who.marlow, 900_00, vec![id]).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = format!("/desk/invoices/{id}");
    assert!(orla.get(&page).await.text().contains("Write off"));
    let path = format!("{page}/write-off");
    assert!(orla.get(&path).await.text().contains("value=\"100.00\""));
    for (amount, on, reason) in [("100.01", "2026-11-24", "Lost"), ("1", "2026-11-01", "Lost"), ("1", "2026-11-24", "")]
    {
        let refused = orla.post(&path, &[("amount", amount), ("on", on), ("reason", reason)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{amount} {on} {reason}");
    }
    let form = [("amount", "100.00"), ("on", "2026-11-24"), ("reason", "Not worth a letter")];
    assert_eq!(orla.post(&path, &form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(orla.post(&path, &form).await.status, StatusCode::SEE_OTHER, "pressed twice, written off once");
    let after = orla.get(&page).await.text();
    for words in ["Written off", "Not worth a letter", "€100.00"] {
        assert!(after.contains(words), "{words} in {after}");
    }
    assert!(orla.get("/desk/invoices?state=written-off").await.text().contains("HF-2026-0001"));
    let statement = format!("/desk/clients/{}/statement?from=2026-11-01&to=2026-12-31", house.who.marlow);
    let statement = orla.get(&statement).await.text();
    assert!(statement.contains("Written off"), "{statement}");
    assert!(house.verify().is_clean(), "{:?}", house.verify());
}

#[tokio::test]
async fn an_adjustment_that_is_neither_less_nor_plus_is_refused_at_its_field() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    orla.get(NEW).await;
    let marlow = house.who.marlow.to_string();
    for direction in ["", "sideways", "More"] {
        let fields = [
            ("client", marlow.as_str()),
            ("was", &marlow),
            ("issued", "2026-11-23"),
            ("due", "2026-12-23"),
            ("currency", "EUR"),
            ("l0.description", "Advice"),
            ("l0.quantity", "1"),
            ("l0.price", "100"),
            ("l0.vat", "S:23"),
            ("a0.direction", direction),
            ("a0.reason", "Postage"),
            ("a0.portion", "12.30"),
            ("a0.vat", "S:23"),
            ("do", "save"),
        ];
        let refused = orla.post(NEW, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{direction:?}");
        let page = refused.text();
        assert!(page.contains("Row 1: Choose whether it is less or plus."), "{direction:?}: {page}");
        assert!(page.contains("value=\"12.30\"") && page.contains("value=\"Postage\""), "{page}");
        let choice = between(&page, "name=\"a0.direction\"", "</select>");
        assert!(choice.contains("aria-invalid=\"true\"") && choice.contains(">Choose</option>"), "{choice}");
        let chosen = choice.contains("\"less\" selected") || choice.contains("\"more\" selected");
        assert!(!chosen, "neither is chosen for them: {choice}");
    }
    let scope = house.scope(house.who.orla);
    assert!(house.app.store.read(|r| invoices::drafts(r, &scope, None, 9)).unwrap().is_empty());
}
