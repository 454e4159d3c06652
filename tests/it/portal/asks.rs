//! What the portal asks for, and what not: of what is promised or disputed; and how an invoice is named.

use counterfoil::actions::{disputes, invoices, promises};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::dispute::{Ground, Part, Wish};
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::promise;
use counterfoil::domain::terms::{Instalment, Terms};
use counterfoil::store::prelude::*;
use jiff::civil::{Date, date};

use crate::auth::signed_in;
use crate::house::{TestHouse, dublin, eur};

const ANA: &str = "ana@marlow.example";

async fn dispute(house: &TestHouse, id: InvoiceId, part: Part, words: &str) {
    let wish = Wish { part, ground: Ground::Price, words: words.to_owned() };
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::record(w, s, id, &wish, &dublin());
    house.act(house.who.tom, act).await.unwrap();
}

async fn uphold(house: &TestHouse, id: InvoiceId) {
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::uphold(w, s, (id, None), "", &dublin());
    house.act(house.who.orla, act).await.unwrap();
}

async fn promise(house: &TestHouse, id: InvoiceId, day: Date, minor: i64) {
    let wish = promise::Wish { day, amount: eur(minor), note: String::new() };
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| promises::record(w, s, id, &wish, &dublin());
    house.act(house.who.tom, act).await.unwrap();
}

async fn pages(house: &TestHouse, number: &str) -> [String; 2] {
    let mut ana = signed_in(house, ANA).await;
    [ana.get(&format!("/invoices/{number}")).await.text(), ana.get("/").await.text()]
}

#[tokio::test]
async fn what_is_disputed_whole_is_asked_for_on_no_page() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = house.publish(house.who.marlow, "P-1", 1_000_00, date(2026, 11, 13)).await;
    let asks_on_page = ["was due on", "To pay", "Was due", "How to pay stands on the document", "Promise a payment"];
    let asks_at_home = ["To pay", "Was due", "See and pay", "tag bad", "t bad"];
    let [page, home] = pages(&house, "P-1").await;
    assert!(asks_on_page.iter().all(|x| page.contains(x)) && asks_at_home.iter().all(|x| home.contains(x)), "{home}");
    dispute(&house, id, Part::Whole, "1. the price\n2. the freight").await;
    for (state, label, words) in [
        ("Disputed.", "Open, and disputed", "You have disputed it since"),
        (
            "To be credited.",
            "Open, to be credited",
            "We agreed with your dispute of €1,000.00, and do not ask for that.",
        ),
    ] {
        let [page, home] = pages(&house, "P-1").await;
        for part in [state, label, words, "€1,000.00"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(home.contains(label) && home.contains("See the dispute"), "{home}");
        assert!(page.contains("<span class=\"pre\">1. the price\n2. the freight</span>"), "{page}");
        for part in asks_on_page {
            assert!(!page.contains(part), "{part}: {page}");
        }
        for part in asks_at_home {
            assert!(!home.contains(part), "{part}: {home}");
        }
        if state == "Disputed." {
            assert!(home.contains(">Disputed</"), "{home}");
            uphold(&house, id).await;
        } else {
            assert!(home.contains(">To be credited</") && !home.contains(">Disputed</"), "{home}");
        }
    }
}

#[tokio::test]
async fn of_what_is_disputed_in_part_home_asks_for_the_rest() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = house.publish(house.who.marlow, "P-1", 100_00, date(2026, 12, 11)).await;
    dispute(&house, id, Part::Amount(40_00), "the price").await;
    let [_, home] = pages(&house, "P-1").await;
    assert!(home.contains("<span class=\"vh\">To pay </span>€60.00"), "{home}");
    assert!(home.contains("€100.00 is open in all, with what is disputed."), "{home}");
    uphold(&house, id).await;
    let [_, home] = pages(&house, "P-1").await;
    let list = signed_in(&house, ANA).await.get("/invoices").await.text();
    assert!(home.contains("€100.00 is open in all, with what is to be credited."), "{home}");
    for text in [home, list] {
        assert!(text.contains("Part to be credited") && !text.contains("Part disputed"), "{text}");
    }
}

#[tokio::test]
async fn of_what_is_late_home_names_what_is_asked_for_alone() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, orla) = (house.who.marlow, house.who.orla);
    let part = house.publish(marlow, "P-1", 100_00, date(2026, 11, 13)).await;
    let whole = house.publish(marlow, "P-2", 50_00, date(2026, 11, 16)).await;
    dispute(&house, part, Part::Amount(99_00), "the price").await;
    dispute(&house, whole, Part::Whole, "the price").await;
    let [_, home] = pages(&house, "P-1").await;
    assert!(home.contains("Two invoices are open.") && home.contains("€1.00 was due on 13 November."), "{home}");
    assert!(!home.contains("overdue:"), "{home}");

    // Of instalments, those whose day was.
    house.pay(marlow, 150_00, vec![part, whole]).await;
    let days = [date(2026, 12, 1), date(2027, 1, 12), date(2027, 2, 12)];
    let terms = Terms { instalments: days.map(|due| Instalment { due, amount: 400_00 }).to_vec(), early: None };
    let draft = invoices::Draft { terms, ..house.draft_of(marlow, 1_200_00, days[2]) };
    let id = house.act(orla, move |w, s| invoices::save_draft(w, s, None, &draft)).await.unwrap();
    invoices::issue(&house.app, house.by(orla), &house.scope(orla), id).await.unwrap();
    for (today, late) in [(date(2026, 12, 31), "€400.00 was due on"), (date(2027, 1, 14), "€800.00 was due on")] {
        house.at(today, 9);
        let home = signed_in(&house, ANA).await.get("/").await.text();
        assert!(home.contains("owes <b>€1,200.00</b>") && home.contains(late), "{today}: {home}");
        let next = format!("<span class=\"vh\">To pay next </span>{}", &late[..9]);
        assert!(home.contains(&next) && home.contains("€1,200.00 is open in all, in instalments."), "{today}: {home}");
    }
}

#[tokio::test]
async fn a_promise_that_holds_is_told_calmly_and_one_that_was_not_kept_kindly() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = house.publish(house.who.marlow, "P-1", 100_00, date(2026, 11, 13)).await;
    promise(&house, id, date(2026, 12, 1), 60_00).await;
    let [page, home] = pages(&house, "P-1").await;
    let said = "€100.00 was due on Friday 13 November 2026. €60.00 is promised by Tuesday 1 December.";
    assert!(page.contains("Promised for 1 December.") && page.contains(said), "{page}");
    assert!(!page.contains("Overdue") && !page.contains("note bad") && !home.contains("bad\""), "{home}");
    assert!(home.contains("Promised for 1 December.") && !home.contains("You said"), "{home}");
    // Less than half holds nothing, and is no comfort.
    promise(&house, id, date(2026, 12, 1), 10_00).await;
    let [page, home] = pages(&house, "P-1").await;
    assert!(page.contains("Overdue 10 days.") && home.contains("tag bad"), "{page}");
    promise(&house, id, date(2026, 12, 1), 60_00).await;

    house.at(date(2026, 12, 5), 9);
    house.tick().await;
    let missed = "You said you would pay €60.00 by Tuesday 1 December. We haven’t seen the payment yet.";
    let [page, home] = pages(&house, "P-1").await;
    assert!(home.contains(missed) && home.contains("tag bad") && page.contains("Overdue 22 days."), "{home}");
    // What came late is not missed any more.
    house.pay(house.who.marlow, 60_00, vec![id]).await;
    let [_, home] = pages(&house, "P-1").await;
    assert!(home.contains("€40.00") && !home.contains("You said"), "{home}");
}

#[tokio::test]
async fn an_invoice_without_a_title_is_named_once() {
    let house = TestHouse::new().await.heedless_of_mail();
    let made = invoices::Publication {
        title: String::new(),
        ..house.publication(house.who.marlow, "A-3", 100_00, date(2026, 12, 11))
    };
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    invoices::publish(&house.app, by, &scope, made).await.unwrap();
    let mut ana = signed_in(&house, ANA).await;
    for address in ["/", "/invoices"] {
        let page = ana.get(address).await.text();
        assert!(page.contains("<a href=\"/invoices/A-3\">Invoice A-3</a>"), "{page}");
        assert!(!page.contains("<span class=\"nw\">A-3</span>"), "{page}");
    }
    let page = ana.get("/invoices/A-3").await.text();
    assert!(page.contains("<h1>Invoice A-3</h1>") && !page.contains("<p class=\"mut\">Invoice"), "{page}");
}

#[tokio::test]
async fn the_answer_to_an_earlier_dispute_is_still_read() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = house.publish(house.who.marlow, "P-1", 100_00, date(2026, 12, 11)).await;
    dispute(&house, id, Part::Amount(40_00), "We ordered two.").await;
    let reject = move |w: &mut WriteTx<'_>, s: &StaffScope| {
        disputes::reject(w, s, (id, None), "Three were\nordered by telephone.", &dublin())
    };
    house.act(house.who.orla, reject).await.unwrap();
    dispute(&house, id, Part::Whole, "Nobody rang you.").await;
    let [page, _] = pages(&house, "P-1").await;
    for part in [
        "Nobody rang you.",
        "We ordered two.",
        "€40.00 of it. Price or quantity is wrong",
        "Our answer: <span class=\"pre\">Three were\nordered by telephone.</span>",
        "Not agreed on",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}
