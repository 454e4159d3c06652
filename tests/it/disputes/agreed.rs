//! What was agreed on and is to be credited: of an invoice that is paid, by a credit note that stays as credit, by one
//! that is brought in, and by none.

use counterfoil::actions::imports::files::{NamedFile, intake};
use counterfoil::actions::imports::table::Reading;
use counterfoil::actions::imports::{self, Choices};
use counterfoil::actions::invoices::{self, Crediting};
use counterfoil::actions::{disputes, payments, waivers};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::attention::Want;
use counterfoil::domain::credit::Take;
use counterfoil::domain::dispute::{Part, Turn};
use counterfoil::domain::format::Format;
use counterfoil::domain::ids::{ImportId, InvoiceId};
use counterfoil::domain::money::Currency;
use counterfoil::domain::number::DocumentNumber;
use counterfoil::domain::payment::Source;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::date;

use super::again::{credit, done, in_instalments, read, returned, uphold};
use super::{disputed_sum, goes_on, newest, recorded, turns, wants, wish};
use crate::auth::signed_in;
use crate::house::{TestHouse, eur, line};

/// Credits so much of an invoice, and leaves all of it as credit of the client.
async fn credit_held(house: &TestHouse, of: InvoiceId, minor: i64) -> InvoiceId {
    let take = Take::Amounts(vec![(line(1).vat, minor)]);
    let crediting = Crediting { take, hold: true, ..Crediting::rest(of, String::new()) };
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    let number = invoices::credit_part(&house.app, by, &scope, crediting).await.unwrap();
    house.app.store.read(|r| r.invoice_numbered(&number)).unwrap().unwrap()
}

/// Brings a credit note of an invoice in, as another house with the same invoices wrote it.
async fn credit_brought(house: &TestHouse, of: &DocumentNumber, minor: i64) -> ImportId {
    let twin = TestHouse::seeded(7).await.heedless_of_mail();
    let theirs = loop {
        let (id, number) = twin.issue(twin.who.marlow, 100_00, date(2026, 11, 25)).await;
        if number == *of {
            break credit(&twin, id, minor).await;
        }
    };
    let note = twin.app.store.read(|r| r.invoice(theirs)).unwrap().unwrap();
    brought(house, "credit.xml", twin.exported(&note, Format::Ubl)).await
}

async fn brought(house: &TestHouse, name: &str, bytes: Vec<u8>) -> ImportId {
    let files = [NamedFile { name: name.to_owned(), bytes }];
    let intake = intake(&files, &Reading::default(), Currency::EUR, |_, _| {});
    let settings = house.app.settings.clone();
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| {
        imports::perform(w, s, &settings, &intake, Choices::default(), |_, _| {})
    };
    house.act(house.who.orla, act).await.unwrap().id
}

async fn undo(house: &TestHouse, import: ImportId) {
    let settings = house.app.settings.clone();
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| imports::undo(w, s, &settings, import, |_, _| {});
    house.act(house.who.orla, act).await.unwrap();
}

#[tokio::test]
async fn what_was_agreed_on_and_paid_stays_listed_and_can_be_credited_or_closed() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, due) = (house.who.marlow, date(2026, 11, 25));
    let kestrel = house.who.kestrel;
    let mut ids = Vec::new();
    for client in [marlow, kestrel] {
        let (id, _) = house.issue(client, 100_00, due).await;
        recorded(&house, id, wish(Part::Amount(40_00))).await.unwrap();
        uphold(&house, id).await;
        ids.push(id);
    }
    let [paid, waived] = ids[..] else { panic!("{ids:?}") };
    house.pay(marlow, 100_00, vec![paid]).await;
    house.pay(kestrel, 60_00, vec![waived]).await;
    let today = house.app.today();
    house.act(house.who.tom, move |w, s| waivers::write_off(w, s, waived, eur(40_00), today, "so")).await.unwrap();

    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let list = tom.get("/desk/reminders").await.text();
    for words in ["Paid, so owed to the client", "Nothing is open", "Agreed, and not credited yet", "€40.00"] {
        assert!(list.contains(words), "{words}: {list}");
    }
    let page = format!("/desk/invoices/{paid}");
    let text = tom.get(&page).await.text();
    for words in ["the client is owed €40.00 until it is credited", "Credit it", "No credit note is needed"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("Record a dispute") && !text.contains("It is not asked for"), "{text}");
    let form = tom.get(&format!("{page}/credit")).await.text();
    assert!(form.contains("value=\"amounts\" checked") && form.contains("You are right."), "{form}");
    assert_eq!(tom.get(&format!("{page}/dispute")).await.location(), format!("{page}#dispute"));
    let text = tom.get(&format!("/desk/invoices/{waived}")).await.text();
    assert!(text.contains("Nothing is open any more, and it is not credited yet."), "{text}");
    // Who sees some clients alone is told of theirs.
    let mut maeve = signed_in(&house, "maeve@hartmann.example").await;
    let list = maeve.get("/desk/reminders").await.text();
    assert!(list.contains("owed to the client") && !list.contains("Nothing is open"), "{list}");

    tom.get(&page).await;
    tom.post(&format!("{page}/dispute/end"), &[]).await;
    assert_eq!((newest(&house, paid).waits, done(&house)), (false, vec![false]));
    credit_held(&house, waived, 40_00).await;
    assert_eq!((newest(&house, waived).waits, done(&house)), (false, vec![false, true]));
    assert!(!tom.get("/desk/reminders").await.text().contains("not credited yet"));
    assert!(house.verify().is_clean(), "{:#?}", house.verify());
}

#[tokio::test]
async fn a_credit_note_of_what_was_paid_ends_it_whatever_becomes_of_the_credit() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, due) = (house.who.marlow, date(2026, 11, 25));
    for brought in [true, false] {
        let (id, number) = house.issue(marlow, 100_00, due).await;
        recorded(&house, id, wish(Part::Amount(40_00))).await.unwrap();
        uphold(&house, id).await;
        let receipt = house.pay(marlow, 100_00, vec![id]).await;
        if brought {
            credit_brought(&house, &number, 40_00).await;
        } else {
            credit_held(&house, id, 40_00).await;
        }
        assert!(!newest(&house, id).waits, "brought in: {brought}");
        // What goes back is asked for whole: the credit is the client's beside it.
        returned(&house, receipt).await;
        assert_eq!((wants(&house, id), disputed_sum(&house), house.open(id)), (None, 0, 100_00));
    }
    // While it is open, one that stays as credit is no answer to it.
    let (id, _) = house.issue(marlow, 100_00, due).await;
    recorded(&house, id, wish(Part::Amount(40_00))).await.unwrap();
    uphold(&house, id).await;
    credit_held(&house, id, 40_00).await;
    assert_eq!((newest(&house, id).waits, wants(&house, id)), (true, Some(Want::Disputed)));
    assert_eq!(done(&house), [true, true]);
    assert!(house.verify().is_clean(), "{:#?}", house.verify());
}

#[tokio::test]
async fn what_an_import_had_credited_waits_again_when_the_import_is_undone() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 25)).await;
    recorded(&house, id, wish(Part::Amount(40_00))).await.unwrap();
    uphold(&house, id).await;
    let import = credit_brought(&house, &number, 40_00).await;
    assert_eq!((newest(&house, id).waits, done(&house), house.open(id)), (false, vec![true], 60_00));
    undo(&house, import).await;
    assert_eq!((newest(&house, id).waits, house.open(id), disputed_sum(&house)), (true, 100_00, 40_00));
    assert_eq!(wants(&house, id), Some(Want::Disputed));
    assert!(matches!(turns(&house).last(), Some(Turn::Reopened)), "the log says it");
    assert!(house.verify().is_clean(), "{:#?}", house.verify());
    // What staff closed stays closed, whatever comes and goes.
    house.act(house.who.tom, move |w, s| disputes::close(w, s, id)).await.unwrap();
    let import = credit_brought(&house, &number, 40_00).await;
    undo(&house, import).await;
    assert_eq!((newest(&house, id).waits, done(&house)), (false, vec![true, false]));
    assert!(house.verify().is_clean(), "{:#?}", house.verify());
}

#[tokio::test]
async fn an_undone_payment_of_an_instalment_has_its_reminders_begin_anew() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = in_instalments(&house).await;
    house.tick().await;
    house.claim_all();
    let table = format!("Client,Invoice number,Amount,Date\nMarlow Ceramics,{number},400.00,2026-11-23\n");
    let import = brought(&house, "money.csv", table.into_bytes()).await;
    assert_eq!((house.open(id), goes_on(&house, date(2027, 1, 5)).await), (800_00, 1), "of the second");
    undo(&house, import).await;
    house.at(date(2027, 1, 6), 12);
    house.tick().await;
    let text = read(&house);
    assert!(text.contains("1 December 2026"), "the first is asked for, and late: {text}");
    assert_eq!(house.open(id), 1_200_00);
    assert!(house.verify().is_clean(), "{:#?}", house.verify());
}

#[tokio::test]
async fn a_credit_note_from_before_the_dispute_is_no_answer_to_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 11, 25)).await;
    let old = credit_held(&house, id, 20_00).await;
    house.later(SignedDuration::from_hours(1));
    recorded(&house, id, wish(Part::Amount(40_00))).await.unwrap();
    uphold(&house, id).await;
    let today = house.app.today();
    let apply = move |w: &mut WriteTx<'_>, s: &StaffScope| {
        payments::apply_more(w, s, Source::Credit(old), id, eur(20_00), today)
    };
    house.act(house.who.tom, apply).await.unwrap();
    assert_eq!((newest(&house, id).waits, house.open(id), disputed_sum(&house)), (true, 80_00, 40_00));
    credit(&house, id, 40_00).await;
    assert_eq!((newest(&house, id).waits, done(&house), house.open(id)), (false, vec![true], 40_00));
    assert!(house.verify().is_clean(), "{:#?}", house.verify());
}
