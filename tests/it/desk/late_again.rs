//! Late payment notes by themselves where the day was looked past, of enough, and edited only where they may be; and
//! what a note would be after what was recorded since.

use axum::http::StatusCode;
use counterfoil::actions::invoices::{self, Draft};
use counterfoil::actions::payments::{self, Apply, NewReceipt};
use counterfoil::actions::{late_payment, waivers};
use counterfoil::domain::event::Event;
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::late_payment::LatePayment;
use counterfoil::domain::terms::{Instalment, Terms};
use counterfoil::store::prelude::*;
use jiff::civil::date;

use super::desk_of;
use super::late::{SETTING, charged, charging, issue, kept, make};
use crate::browser::hidden;
use crate::house::*;

fn drafts(house: &TestHouse, of: InvoiceId) -> Vec<InvoiceId> {
    let all = house.app.store.read(|r| r.late_notes_of(of)).unwrap();
    all.into_iter().filter(|x| x.issue.is_none()).map(|x| x.id).collect()
}

async fn discard(house: &TestHouse, note: InvoiceId) {
    house.act(house.who.tom, move |w, s| invoices::discard(w, s, note)).await.unwrap();
}

async fn change(house: &TestHouse, known: u32, policy: LatePayment) {
    house.act(house.who.orla, move |w, s| late_payment::change(w, s, known, &policy, "so")).await.unwrap();
}

#[tokio::test]
async fn what_is_late_already_is_drafted_too_however_it_came_about_and_once() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, kestrel) = (house.who.marlow, house.who.kestrel);
    let (old, _) = house.issue(marlow, 500_00, date(2026, 9, 30)).await;
    let (left_out, _) = house.issue(kestrel, 300_00, date(2026, 10, 5)).await;
    house.act(house.who.tom, move |w, s| late_payment::except(w, s, kestrel, "An old friend")).await.unwrap();
    let policy = LatePayment { after: 10, by_itself: true, ..charged() };
    change(&house, 0, policy.clone()).await;
    assert_eq!(house.tick().await.late_notes, 1, "switched on, what is late already is not left aside");
    let [note] = drafts(&house, old)[..] else { panic!("{:?}", drafts(&house, old)) };
    discard(&house, note).await;
    assert_eq!(house.tick().await.late_notes, 0);
    for (known, on) in [(1, false), (2, true)] {
        change(&house, known, LatePayment { on, ..policy.clone() }).await;
        assert_eq!(house.tick().await.late_notes, 0, "once, however often it is switched on");
    }
    // Published when it was late already.
    let published = house.publish(marlow, "EXT-7", 250_00, date(2026, 10, 20)).await;
    let (fresh, _) = house.issue(marlow, 260_00, date(2026, 11, 20)).await;
    assert_eq!(house.tick().await.late_notes, 1);
    assert_eq!((drafts(&house, published).len(), drafts(&house, fresh).len()), (1, 0), "the other is three days late");
    // Late when nothing was open of it.
    let (paid, _) = house.issue(marlow, 270_00, date(2026, 11, 12)).await;
    house.pay(marlow, 270_00, vec![paid]).await;
    house.at(date(2026, 11, 25), 9);
    assert_eq!(house.tick().await.late_notes, 0);
    let (settings, allocation) =
        (house.app.settings.clone(), house.app.store.read(|r| r.allocations_of(paid)).unwrap()[0].id);
    let undo = move |w: &mut WriteTx<'_>, s: &_| payments::undo(w, s, &settings, (paid, allocation), "not theirs");
    house.act(house.who.tom, undo).await.unwrap();
    assert_eq!(house.tick().await.late_notes, 1);
    // Left out until now.
    assert!(drafts(&house, left_out).is_empty());
    house.act(house.who.tom, move |w, s| late_payment::charge_again(w, s, kestrel)).await.unwrap();
    assert_eq!((house.tick().await.late_notes, house.tick().await.late_notes), (1, 0));
    assert_eq!(drafts(&house, left_out).len(), 1);
    let looks = house.app.store.read(|r| r.late_looks(date(2030, 1, 1), 10)).unwrap();
    assert!(looks.is_empty(), "nothing stays listed: {looks:?}");
    house.at(date(2026, 12, 1), 9);
    assert_eq!((house.tick().await.late_notes, drafts(&house, fresh).len()), (1, 1), "and the rest as ever");
}

#[tokio::test]
async fn an_invoice_that_is_late_by_another_due_date_now_is_looked_at_again() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, orla) = (house.who.marlow, house.who.orla);
    change(&house, 0, LatePayment { after: 10, by_itself: true, ..charged() }).await;
    let part = |day, amount| Instalment { due: date(2026, 10, day), amount };
    let terms = Terms { instalments: vec![part(1, 400_00), part(20, 600_00)], early: None };
    let draft = Draft { terms, dated: date(2026, 9, 20), ..house.draft_of(marlow, 1_000_00, date(2026, 10, 20)) };
    let id = house.act(orla, move |w, s| invoices::save_draft(w, s, None, &draft)).await.unwrap();
    issue(&house, id).await.unwrap();
    assert_eq!(house.tick().await.late_notes, 1);
    discard(&house, drafts(&house, id)[0]).await;
    assert_eq!(house.tick().await.late_notes, 0, "once for that day");
    house.pay(marlow, 400_00, vec![id]).await;
    assert_eq!(
        (house.tick().await.late_notes, house.tick().await.late_notes),
        (1, 0),
        "the second part is late as well"
    );
}

#[tokio::test]
async fn what_comes_to_less_than_the_least_amount_waits_until_it_has_grown() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, _) = house.issue(house.who.marlow, 1_200_00, date(2026, 10, 31)).await;
    let mut orla = desk_of(&house, house.who.orla).await;
    let page = orla.get(SETTING).await.text();
    assert!(page.contains("No draft by itself of less than this"), "{page}");
    let version = hidden(&page, "version");
    let typed = |least: &'static str| {
        [
            ("version", version.clone()),
            ("on", "yes".to_owned()),
            ("from_0", "2026-07-01".to_owned()),
            ("rate_0", "10.15".to_owned()),
            ("after", "1".to_owned()),
            ("by_itself", "on".to_owned()),
            ("least_0", least.to_owned()),
            ("least_currency_0", "EUR".to_owned()),
            ("reason", "Small sums are not worth a letter".to_owned()),
        ]
    };
    let refused = typed("0");
    let pairs: Vec<(&str, &str)> = refused.iter().map(|x| (x.0, x.1.as_str())).collect();
    let refused = orla.post(SETTING, &pairs).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Enter an amount above 0"), "{}", refused.text());
    let fine = typed("10.00");
    let pairs: Vec<(&str, &str)> = fine.iter().map(|x| (x.0, x.1.as_str())).collect();
    let saved = orla.post(SETTING, &pairs).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.text());
    let page = orla.get(SETTING).await.text();
    assert!(page.contains("No draft by itself of less than €10.00.") && page.contains("value=\"10.00\""), "{page}");
    let told = |e: &Event| matches!(e, Event::LatePaymentChanged { least, .. } if *least == [eur(10_00)]);
    assert!(house.log().iter().any(told), "the log says it");
    let policy = house.app.store.read(|r| r.late_payment()).unwrap();
    for (known, on) in [(1, false), (2, true)] {
        change(&house, known, LatePayment { on, ..policy.clone() }).await;
    }
    let bare = |e: &Event| matches!(e, Event::LatePaymentChanged { on: false, least, .. } if least.is_empty());
    assert!(house.log().iter().any(bare), "of no matter where nothing is drafted");

    // 1,200.00 × 10.15% × 30 ÷ 365 = 10.01, and 9.68 for a day less.
    assert_eq!(house.tick().await.late_notes, 0);
    let mut tom = desk_of(&house, house.who.tom).await;
    let page = tom.get(&format!("/desk/invoices/{id}")).await.text();
    assert!(page.contains("Make a late payment note"), "by hand it can be made: {page}");
    house.at(date(2026, 11, 29), 9);
    assert_eq!(house.tick().await.late_notes, 0);
    house.at(date(2026, 11, 30), 9);
    assert_eq!(house.tick().await.late_notes, 1);
    let [note] = drafts(&house, id)[..] else { panic!() };
    assert_eq!(kept(&house, note).payable(), eur(10_01));
}

#[tokio::test]
async fn of_a_draft_note_only_text_and_dates_are_edited() {
    let house = charging(charged()).await;
    let (id, number) = house.issue(house.who.marlow, 1_200_00, date(2026, 9, 30)).await;
    let note = make(&house, id).await;
    let mut tom = desk_of(&house, house.who.tom).await;
    let path = format!("/desk/invoices/{note}/edit");
    let page = tom.get(&path).await.text();
    assert!(page.contains("reckoned and not edited by hand") && page.contains("€58.02"), "{page}");
    for none in ["name=\"currency\"", "name=\"client\"", "name=\"project\"", "name=\"prepaid\""] {
        assert!(!page.contains(none), "{none}: {page}");
    }
    let before = kept(&house, note);
    let seen = hidden(&page, "seen");
    let fine = [
        ("seen", seen.as_str()),
        ("title", "Interest for the summer"),
        ("issued", "2026-11-24"),
        ("due", "2026-12-01"),
        ("note", "Please call if in doubt."),
        ("to", &house.who.ana.to_string()),
        ("do", "save"),
    ];
    for (name, value) in [("client", house.who.kestrel.to_string()), ("l0_price", "1.00".to_owned())] {
        let crafted: Vec<(&str, &str)> = fine.iter().copied().chain([(name, value.as_str())]).collect();
        let refused = tom.post(&path, &crafted).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        let text = refused.text();
        assert!(
            text.contains("are reckoned, and not edited by hand.") && text.contains("Interest for the summer"),
            "{text}"
        );
        assert_eq!(kept(&house, note), before, "{name}");
    }
    let early: Vec<(&str, &str)> =
        fine.iter().map(|x| if x.0 == "issued" { ("issued", "2026-11-22") } else { *x }).collect();
    let refused = tom.post(&path, &early).await;
    assert!(refused.text().contains("until 23 November 2026, so it is dated then or later"), "{}", refused.text());
    house.at(date(2026, 11, 23), 12);
    let mut tom = desk_of(&house, house.who.tom).await;
    tom.get(&path).await;
    let saved = tom.post(&path, &fine).await;
    assert_eq!(saved.location(), path, "{}", saved.text());
    let after = kept(&house, note);
    assert_eq!(
        (after.title.as_str(), after.due, after.dated),
        ("Interest for the summer", date(2026, 12, 1), date(2026, 11, 24))
    );
    assert_eq!((&after.body, &after.late, after.client), (&before.body, &before.late, before.client));
    let stale = tom.post(&path, &fine).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY, "drawn of what is there no longer");

    tom.get(&format!("/desk/invoices/{note}/discard")).await;
    tom.post(&format!("/desk/invoices/{note}/discard"), &[]).await;
    assert!(drafts(&house, id).is_empty());
    let page = tom.get(&format!("/desk/invoices/{id}")).await.text();
    assert!(page.contains("Make a late payment note"), "{number}: {page}");
}

#[tokio::test]
async fn a_note_tells_what_it_would_be_after_what_was_recorded_since() {
    let house = charging(charged()).await;
    let (marlow, orla) = (house.who.marlow, house.who.orla);
    let (id, number) = house.issue(marlow, 1_200_00, date(2026, 9, 30)).await;
    let note = make(&house, id).await;
    issue(&house, note).await.unwrap();
    let mut tom = desk_of(&house, house.who.tom).await;
    let (page, own) = (format!("/desk/invoices/{id}"), format!("/desk/invoices/{note}"));
    assert!(!tom.get(&own).await.text().contains("this note would be"));
    house.at(date(2026, 11, 24), 9);
    let new = NewReceipt { on: date(2026, 10, 10), ..house.receipt(marlow, 200_00, Apply::Default(vec![id])) };
    house.act(orla, move |w, s| payments::record(w, s, &new)).await.unwrap();
    // 1,200.00 for 10 days and 1,000.00 for 44, and 40.00: 55.58 in the place of 58.02.
    let mut tom = desk_of(&house, house.who.tom).await;
    let text = tom.get(&own).await.text();
    let says = "With the payment of 10 October recorded since, this note would be €55.58, €2.44 less.";
    assert!(text.contains(says) && text.contains("Credit the difference"), "{text}");
    let text = tom.get(&page).await.text();
    assert!(text.contains("Today it would be €55.58, €2.44 less") && text.contains("/credit?less=244"), "{text}");
    assert_eq!(kept(&house, note).payable(), eur(58_02), "nothing changes by itself");

    let credit = tom.get(&format!("{own}/credit?less=244")).await.text();
    assert_eq!(
        (hidden(&credit, "g0"), credit.contains("value=\"amounts\" checked")),
        ("2.44".to_owned(), true),
        "{credit}"
    );
    let once = hidden(&credit, "once");
    let typed = [("take", "amounts"), ("g0", "2.44"), ("use", "settle"), ("reason", "Paid earlier"), ("once", &once)];
    let done = tom.post(&format!("{own}/credit"), &typed).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    for path in [&own, &page] {
        let text = tom.get(path).await.text();
        assert!(!text.contains("would be"), "{text}");
    }

    // Taken back, the days cost more than a note says that was made while it was paid.
    let (other, _) = house.issue(marlow, 1_200_00, date(2026, 9, 30)).await;
    let new = NewReceipt { on: date(2026, 10, 10), ..house.receipt(marlow, 200_00, Apply::Default(vec![other])) };
    house.act(orla, move |w, s| payments::record(w, s, &new)).await.unwrap();
    let second = make(&house, other).await;
    issue(&house, second).await.unwrap();
    let allocation = house.app.store.read(|r| r.allocations_of(other)).unwrap()[0].id;
    let settings = house.app.settings.clone();
    let undo = move |w: &mut WriteTx<'_>, s: &_| payments::undo(w, s, &settings, (other, allocation), "not theirs");
    house.act(house.who.tom, undo).await.unwrap();
    let text = tom.get(&format!("/desk/invoices/{second}")).await.text();
    assert!(
        text.contains("recorded of") && text.contains(" more.") && text.contains("A further note charges the rest"),
        "{text}"
    );
    assert!(!text.contains("Credit the difference"));

    // Drafted, until something else is recorded.
    let third = make(&house, other).await;
    let says = format!("<a href=\"/desk/invoices/{third}/edit\">The draft of a further note</a>");
    let text = tom.get(&format!("/desk/invoices/{second}")).await.text();
    assert!(text.contains(&format!("{says} charges the rest.")) && !text.contains("Nothing charges"), "{text}");
    let new = NewReceipt { on: date(2026, 10, 20), ..house.receipt(marlow, 10_00, Apply::Default(vec![other])) };
    house.act(orla, move |w, s| payments::record(w, s, &new)).await.unwrap();
    let text = tom.get(&format!("/desk/invoices/{second}")).await.text();
    assert!(text.contains(&format!("{says} does not charge the rest, and can’t be issued as it is.")), "{text}");
    discard(&house, third).await;

    house.act(orla, move |w, s| late_payment::except(w, s, marlow, "an old friend")).await.unwrap();
    let text = tom.get(&format!("/desk/invoices/{second}")).await.text();
    assert!(text.contains("Nothing charges the rest as things stand.") && !text.contains("A further note"), "{text}");
    assert!(tom.get(&own).await.text().contains(number.as_str()));
    assert!(house.verify().faults.is_empty(), "{:?}", house.verify().faults);
}

#[tokio::test]
async fn a_note_before_that_is_credited_later_changes_nothing_of_what_a_note_asks_for() {
    let house = charging(charged()).await;
    let (marlow, orla) = (house.who.marlow, house.who.orla);
    let (id, _) = house.issue(marlow, 1_200_00, date(2026, 9, 30)).await;
    let first = make(&house, id).await;
    issue(&house, first).await.unwrap();
    house.at(date(2026, 12, 23), 9);
    let second = make(&house, id).await;
    issue(&house, second).await.unwrap();
    // 1,200.00 × 10.15% × 30 ÷ 365.
    assert_eq!(kept(&house, second).payable(), eur(10_01));
    let (by, scope) = (house.by(orla), house.scope(orla));
    invoices::credit(&house.app, by, &scope, first, "A courtesy".to_owned()).await.unwrap();
    let own = format!("/desk/invoices/{second}");
    let mut tom = desk_of(&house, house.who.tom).await;
    let text = tom.get(&own).await.text();
    assert!(!text.contains("would be"), "the days of the first were never asked for by this one: {text}");
    let on = date(2026, 11, 23);
    let new = NewReceipt { on, ..house.receipt(marlow, 1_200_00, Apply::Default(vec![id])) };
    house.act(orla, move |w, s| payments::record(w, s, &new)).await.unwrap();
    let text = tom.get(&own).await.text();
    let says = "this note would be €0.00, €10.01 less.";
    assert!(text.contains(says) && text.contains("Credit the difference"), "{text}");
}

/// A page without its tags.
fn words_of(page: &str) -> String {
    let text: String = page.split('<').filter_map(|x| x.split_once('>')).map(|x| x.1).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_late_payment_note_is_called_so_wherever_its_client_finds_it() {
    let house = charging(charged()).await;
    let (id, _) = house.issue(house.who.marlow, 1_200_00, date(2026, 9, 30)).await;
    let note = make(&house, id).await;
    let number = issue(&house, note).await.unwrap();
    house.tick().await;
    let issued = house.unclaimed().into_iter().find(|x| x.letter.subject.contains(&number)).unwrap().letter;
    assert!(issued.subject.starts_with("Late payment note "), "{}", issued.subject);
    assert!(!issued.text.contains("invoice"), "{}", issued.text);
    let mut ana = crate::auth::signed_in(&house, "ana@marlow.example").await;
    let name = format!("Late payment note {number}");
    for page in ["/", "/statement", "/statement?kind=open"] {
        let text = words_of(&ana.get(page).await.text());
        assert!(text.contains(&name) && !text.contains(&format!("Invoice {number}")), "{page}: {text}");
    }
    let receipt = house.pay(house.who.marlow, 1_00, vec![note]).await;
    let receipt = house.app.store.read(|r| r.receipt(receipt)).unwrap().unwrap().number;
    let text = words_of(&ana.get(&format!("/receipts/{receipt}")).await.text());
    assert!(text.contains(&name) && !text.contains(&format!("Invoice {number}")), "{text}");
    let today = house.app.today();
    house
        .act(house.who.orla, move |w, s| waivers::write_off(w, s, note, eur(57_02), today, "A courtesy"))
        .await
        .unwrap();
    let text = words_of(&ana.get("/statement").await.text());
    assert!(text.matches(&name).count() == 2 && text.contains("Written off"), "{text}");
    for file in ["/statement.csv", "/statement.html"] {
        let text = ana.get(file).await.text();
        assert!(text.to_lowercase().contains("late payment note"), "{file}: {text}");
    }
}
