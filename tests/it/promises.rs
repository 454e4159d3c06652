//! Promises to pay: they keep reminders back until their day and grace have passed, and are kept, broken, replaced or
//! withdrawn; on the portal and at the desk.

use axum::http::StatusCode;
use counterfoil::actions::payments::TakingBack;
use counterfoil::actions::{disputes, invoices, payments, policies, promises};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::dispute;
use counterfoil::domain::event::{Actor, By, Event};
use counterfoil::domain::ids::{ContactId, InvoiceId, PromiseId};
use counterfoil::domain::number::DocumentNumber;
use counterfoil::domain::payment::Cause;
use counterfoil::domain::promise::{Outcome, PER_INVOICE_MAX, Promise, Terms, Wish};
use counterfoil::domain::refusal::Refusal;
use counterfoil::domain::terms::{Instalment, Terms as InvoiceTerms};
use counterfoil::store::prelude::*;
use counterfoil::store::scope::Pass;
use jiff::civil::{Date, date};

use crate::auth::signed_in;
use crate::house::{TestHouse, eur};

fn wish(day: Date, minor: i64) -> Wish {
    Wish { day, amount: eur(minor), note: "after our own client paid".to_owned() }
}

async fn made_by(
    house: &TestHouse,
    contact: ContactId,
    number: &DocumentNumber,
    wish: Wish,
) -> Result<PromiseId, ActError> {
    let (by, zone, number) =
        (By { actor: Actor::Contact(contact), address: None }, crate::house::dublin(), number.clone());
    let pass = Pass { contact, only: None };
    house.app.store.write(by, house.app.now(), move |w| promises::promise(w, pass, &number, &wish, &zone)).await
}

async fn recorded(house: &TestHouse, id: InvoiceId, wish: Wish) -> Result<PromiseId, ActError> {
    let zone = crate::house::dublin();
    house.act(house.who.tom, move |w, s| promises::record(w, s, id, &wish, &zone)).await
}

fn all(house: &TestHouse, id: InvoiceId) -> Vec<Promise> {
    house.app.store.read(|r| r.promises_of_invoice(id)).unwrap()
}

fn newest(house: &TestHouse, id: InvoiceId) -> Outcome {
    all(house, id).last().unwrap().outcome
}

/// Steps of the reminders that go out at noon of a day.
async fn goes_on(house: &TestHouse, day: Date) -> usize {
    house.at(day, 12);
    let sent = house.tick().await.letters;
    house.claim_all();
    sent
}

fn count(house: &TestHouse, of: impl Fn(&Event) -> bool) -> usize {
    house.log().iter().filter(|e| of(e)).count()
}

#[tokio::test]
async fn while_a_promise_is_open_no_reminder_goes_and_afterwards_the_latest_missed_one_does() {
    let house = TestHouse::new().await;
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    house.tick().await;
    house.claim_all();
    made_by(&house, house.who.ana, &number, wish(date(2026, 12, 11), 100_00)).await.unwrap();
    house.tick().await;
    assert!(house.claim_all() > 0, "whoever looks after the client is told");
    // The steps of 30 November and 7 and 14 December fall into it: its grace ends on the 14th.
    for day in [date(2026, 11, 30), date(2026, 12, 7), date(2026, 12, 12), date(2026, 12, 14)] {
        assert_eq!(goes_on(&house, day).await, 0, "{day}");
        assert_eq!(newest(&house, id), Outcome::Open, "{day}");
    }
    assert_eq!(goes_on(&house, date(2026, 12, 15)).await, 1);
    assert_eq!(newest(&house, id), Outcome::Broken(date(2026, 12, 15)));
    assert_eq!(count(&house, |e| matches!(e, Event::PromiseBroken { .. })), 1);
    assert_eq!(count(&house, |e| matches!(e, Event::ReminderSuperseded { .. })), 2, "the others gave way to it");
    assert_eq!(goes_on(&house, date(2026, 12, 16)).await, 0, "once");
}

#[tokio::test]
async fn a_reminder_that_waits_is_withdrawn_by_a_promise() {
    let house = TestHouse::new().await;
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 11, 24), 8);
    let zone = house.app.settings.zone.clone();
    let look = move |w: &mut WriteTx<'_>| {
        let rules = counterfoil::actions::reminders::Rules::now(w, &zone)?;
        counterfoil::actions::reminders::look(w, id, &rules)
    };
    assert_eq!(house.app.store.housekeep(house.app.now(), look).await.unwrap(), 1);
    made_by(&house, house.who.ana, &number, wish(date(2026, 12, 1), 50_00)).await.unwrap();
    let why = "a payment is promised";
    assert_eq!(count(&house, |e| matches!(e, Event::LetterWithdrawn { reason, .. } if reason == why)), 1);
    house.tick().await;
    house.claim("orla@hartmann.example");
}

#[tokio::test]
async fn what_was_promised_is_kept_by_money_in_time_however_late_it_is_recorded() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 11, 24)).await;
    house.pay(marlow, 10_00, vec![id]).await;
    recorded(&house, id, wish(date(2026, 11, 28), 60_00)).await.unwrap();
    assert_eq!(newest(&house, id), Outcome::Open, "what was paid before does not count");
    house.at(date(2026, 12, 2), 12);
    house.tick().await;
    assert_eq!(newest(&house, id), Outcome::Broken(date(2026, 12, 2)));
    let wants = |house: &TestHouse| house.app.store.read(|r| r.wants(id, house.app.now())).unwrap();
    assert_eq!(wants(&house), Some(counterfoil::domain::attention::Want::Broken));

    // It came on the last day of grace, and is recorded now.
    house.at(date(2026, 12, 3), 12);
    let apply = counterfoil::actions::payments::Apply::Default(vec![id]);
    let late =
        counterfoil::actions::payments::NewReceipt { on: date(2026, 12, 1), ..house.receipt(marlow, 60_00, apply) };
    let receipt = house.act(house.who.tom, move |w, s| payments::record(w, s, &late)).await.unwrap();
    assert_eq!(newest(&house, id), Outcome::Kept(date(2026, 12, 1)));
    assert_eq!(wants(&house), None, "nobody has to ask any more");
    assert_eq!(count(&house, |e| matches!(e, Event::PromiseKept { .. })), 1);

    // The bank takes it back: broken again, in the same commit.
    let settings = house.app.settings.clone();
    let back = TakingBack { on: date(2026, 12, 3), cause: Cause::Returned, reason: String::new() };
    house.act(house.who.tom, move |w, s| payments::reverse(w, s, &settings, receipt, &back)).await.unwrap();
    assert_eq!(newest(&house, id), Outcome::Broken(date(2026, 12, 2)));
    assert_eq!(wants(&house), Some(counterfoil::domain::attention::Want::Broken));
    house.pay(marlow, 90_00, vec![id]).await;
    assert_eq!(newest(&house, id), Outcome::Broken(date(2026, 12, 2)), "paid too late is broken");
    assert_eq!(wants(&house), None, "and nothing is left to ask for");
}

#[tokio::test]
async fn a_payment_taken_back_in_time_opens_the_promise_again_and_it_holds_again() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, number) = house.issue(marlow, 100_00, date(2026, 11, 24)).await;
    made_by(&house, house.who.ana, &number, wish(date(2026, 12, 4), 100_00)).await.unwrap();
    house.at(date(2026, 11, 26), 12);
    let receipt = house.pay(marlow, 100_00, vec![id]).await;
    assert!(matches!(newest(&house, id), Outcome::Kept(_)));
    house.at(date(2026, 11, 27), 12);
    let settings = house.app.settings.clone();
    let back = TakingBack { on: date(2026, 11, 27), cause: Cause::Returned, reason: String::new() };
    house.act(house.who.tom, move |w, s| payments::reverse(w, s, &settings, receipt, &back)).await.unwrap();
    assert_eq!(newest(&house, id), Outcome::Open);
    assert_eq!(count(&house, |e| matches!(e, Event::PromiseReopened { .. })), 1);
    house.at(date(2026, 12, 7), 23);
    house.tick().await;
    assert_eq!(newest(&house, id), Outcome::Open, "the last day of grace counts whole");
    house.at(date(2026, 12, 8), 0);
    house.tick().await;
    assert_eq!(newest(&house, id), Outcome::Broken(date(2026, 12, 8)));
}

#[tokio::test]
async fn a_new_promise_takes_the_place_of_the_open_one_and_a_withdrawn_one_holds_nothing() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    let (ana, today) = (house.who.ana, date(2026, 11, 23));
    made_by(&house, ana, &number, wish(date(2026, 11, 27), 100_00)).await.unwrap();
    let again = made_by(&house, ana, &number, wish(date(2026, 11, 27), 100_00)).await;
    assert!(matches!(again, Err(ActError::Refused(Refusal::Repeated(_)))), "sent twice: {again:?}");
    made_by(&house, ana, &number, wish(date(2026, 12, 4), 40_00)).await.unwrap();
    let outcomes: Vec<Outcome> = all(&house, id).iter().map(|x| x.outcome).collect();
    assert_eq!(outcomes, [Outcome::Replaced(today), Outcome::Open]);
    let zone = crate::house::dublin();
    house.act(house.who.tom, move |w, s| promises::withdraw_recorded(w, s, id, &zone)).await.unwrap();
    assert_eq!(newest(&house, id), Outcome::Withdrawn(today));
    house.tick().await;
    house.claim_all();
    assert_eq!(goes_on(&house, date(2026, 11, 24)).await, 1, "reminders go on");
    for n in 2..PER_INVOICE_MAX {
        made_by(&house, ana, &number, wish(date(2026, 12, 1), n as i64)).await.unwrap();
    }
    let full = |x: Result<PromiseId, ActError>| matches!(x, Err(ActError::Refused(Refusal::PromisesFull(_))));
    assert!(full(made_by(&house, ana, &number, wish(date(2026, 12, 1), 100)).await));
    // What a contact used up, staff still may record; and the other way round.
    for n in 0..PER_INVOICE_MAX {
        recorded(&house, id, wish(date(2026, 12, 1), 1 + n as i64)).await.unwrap();
    }
    assert!(full(recorded(&house, id, wish(date(2026, 12, 1), 100)).await));
}

#[tokio::test]
async fn a_promise_of_less_than_half_is_shown_and_judged_and_holds_no_reminders() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    house.tick().await;
    house.claim_all();
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = format!("/invoices/{}", number.in_url());
    assert!(ana.get(&page).await.text().contains("if it is at least half of what we ask for by then"));
    let cent = [("day", "2026-12-11"), ("amount", "49.99"), ("note", "")];
    assert_eq!(ana.post(&format!("{page}/promise"), &cent).await.status, StatusCode::SEE_OTHER);
    let text = ana.get(&page).await.text();
    assert!(text.contains("€49.99 is promised by") && text.contains("we still send reminders"), "{text}");
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let text = tom.get(&format!("/desk/invoices/{id}")).await.text();
    assert!(text.contains("less than half of what was asked for by then, so reminders of the invoice go on"), "{text}");
    let policy = tom.get("/desk/reminders/policy").await.text();
    assert!(policy.contains("unless less than half of what is asked for by then was promised"), "{policy}");
    house.tick().await;
    let told = house.claim("orla@hartmann.example").text;
    assert!(told.contains("It is less than half of what is asked for by then"), "{told}");
    house.claim_all();
    assert_eq!(goes_on(&house, date(2026, 11, 30)).await, 1, "the reminder of the due date goes");
    // Half of it holds; put in the place of that, less holds nothing again.
    made_by(&house, house.who.ana, &number, wish(date(2026, 12, 11), 50_00)).await.unwrap();
    house.claim_all();
    let before = house.tick().await.letters;
    house.claim_all();
    assert!(before > 0, "whoever looks after the client is told");
    assert_eq!(goes_on(&house, date(2026, 12, 7)).await, 0);
    made_by(&house, house.who.ana, &number, wish(date(2026, 12, 12), 1)).await.unwrap();
    assert_eq!(goes_on(&house, date(2026, 12, 8)).await, 2, "the missed step, and that a promise was made");
    // Broken is broken, however little it was.
    goes_on(&house, date(2026, 12, 17)).await;
    assert_eq!(newest(&house, id), Outcome::Broken(date(2026, 12, 16)));
    assert!(house.verify().faults.is_empty(), "{:?}", house.verify().faults);
}

#[tokio::test]
async fn a_promise_is_measured_with_what_is_asked_for_once_a_dispute_is_over() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, ana) = (house.who.marlow, house.who.ana);
    let open_of = |id| all(&house, id).last().map(|x| (x.open, x.keeps_back()));
    let (id, number) = house.issue(marlow, 1_000_00, date(2026, 11, 30)).await;
    let other = house.issue(marlow, 500_00, date(2026, 11, 30)).await.0;
    house.tick().await;
    let nearly = |minor| dispute::Wish {
        part: dispute::Part::Amount(minor),
        ground: dispute::Ground::Price,
        words: "too much".to_owned(),
    };
    let zone = crate::house::dublin();
    let (of, wished) = (number.clone(), nearly(999_98));
    let (by, pass) = (By { actor: Actor::Contact(ana), address: None }, Pass { contact: ana, only: None });
    let act = move |w: &mut WriteTx<'_>| disputes::raise(w, pass, &of, &wished, &zone);
    house.app.store.write(by, house.app.now(), act).await.unwrap();
    made_by(&house, ana, &number, wish(date(2026, 12, 20), 1)).await.unwrap();
    assert_eq!(open_of(id), Some((2, true)), "half of what is not disputed");
    house.tick().await;
    house.claim_all();
    let zone = crate::house::dublin();
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::reject(w, s, (id, None), "as agreed", &zone);
    house.act(house.who.orla, act).await.unwrap();
    assert_eq!(open_of(id), Some((1_000_00, false)), "a cent of all");
    house.tick().await;
    house.claim_all();

    // The same where money that had paid nearly all of it goes back.
    let receipt = house.pay(marlow, 499_98, vec![other]).await;
    made_by(&house, ana, &house_number(&house, other), wish(date(2026, 12, 20), 1)).await.unwrap();
    assert_eq!(open_of(other), Some((2, true)));
    let settings = house.app.settings.clone();
    let back = TakingBack { on: date(2026, 11, 23), cause: Cause::Returned, reason: String::new() };
    house.act(house.who.tom, move |w, s| payments::reverse(w, s, &settings, receipt, &back)).await.unwrap();
    assert_eq!(open_of(other), Some((500_00, false)));
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 11, 30), 12);
    house.tick().await;
    let text = house.claim("ana@marlow.example").text;
    assert!(text.contains("€1,000.00") && text.contains("€500.00"), "{text}");
    house.claim_all();
    assert!(house.verify().faults.is_empty(), "{:?}", house.verify().faults);
}

fn house_number(house: &TestHouse, id: InvoiceId) -> DocumentNumber {
    house.app.store.read(|r| r.invoice(id)).unwrap().unwrap().number().unwrap().clone()
}

#[tokio::test]
async fn a_promise_of_what_is_left_beside_a_dispute_holds_and_what_was_paid_of_it_counts() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    house.tick().await;
    made_by(&house, house.who.ana, &number, wish(date(2026, 12, 11), 40_00)).await.unwrap();
    let open_of = || all(&house, id).last().map(|x| (x.open, x.keeps_back()));
    assert_eq!(open_of(), Some((100_00, false)));
    let zone = crate::house::dublin();
    let part = |minor| dispute::Wish {
        part: dispute::Part::Amount(minor),
        ground: dispute::Ground::Price,
        words: "two, not three".to_owned(),
    };
    let wished = part(60_00);
    house.act(house.who.tom, move |w, s| disputes::record(w, s, id, &wished, &zone)).await.unwrap();
    assert_eq!(open_of(), Some((40_00, true)), "all that is asked for");
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let text = ana.get(&format!("/invoices/{}", number.in_url())).await.text();
    assert!(text.contains("€40.00 is promised by") && !text.contains("we still send reminders"), "{text}");
    house.tick().await;
    house.claim_all();
    assert_eq!(goes_on(&house, date(2026, 11, 30)).await, 0);
    // Some of it is paid, and the dispute is over: what is left of the promise is measured beside that.
    house.pay(house.who.marlow, 30_00, vec![id]).await;
    let zone = crate::house::dublin();
    house.act(house.who.tom, move |w, s| disputes::withdraw_recorded(w, s, id, &zone)).await.unwrap();
    assert_eq!(open_of(), Some((100_00, false)), "70.00 is asked for, and 30.00 was paid");
    house.tick().await;
    assert!(house.claim_all() > 0, "reminders go on");
    assert!(house.verify().faults.is_empty(), "{:?}", house.verify().faults);
}

#[tokio::test]
async fn a_call_about_a_broken_promise_takes_it_off_today_as_its_outcome_says() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 23)).await;
    recorded(&house, id, wish(date(2026, 11, 27), 100_00)).await.unwrap();
    house.at(date(2026, 12, 1), 9);
    house.tick().await;
    let call = format!("/desk/invoices/{id}/call");
    let called = |house: &TestHouse| count(house, |e| matches!(e, Event::Called { .. }));
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    assert!(tom.get("/desk").await.text().contains("Promises broken"));
    let once = crate::browser::hidden(&tom.get(&call).await.text(), "once");
    let nobody = [("reached", "no"), ("said", "the line was busy"), ("once", once.as_str())];
    for _ in 0..2 {
        assert_eq!(tom.post(&call, &nobody).await.location(), format!("/desk/invoices/{id}"));
    }
    assert_eq!(called(&house), 1, "sent twice, noted once");
    assert!(!tom.get("/desk").await.text().contains("Promises broken"));
    house.at(date(2026, 12, 2), 10);
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    assert!(tom.get("/desk").await.text().contains("Promises broken"), "nobody answered: it comes again the next day");
    let once = crate::browser::hidden(&tom.get(&call).await.text(), "once");
    tom.post(&call, &[("reached", "yes"), ("said", "paid on Friday"), ("once", &once)]).await;
    assert_eq!(called(&house), 2);
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    ana.get(&format!("/invoices/{}", number.in_url())).await;
    house.at(date(2026, 12, 3), 12);
    house.tick().await;
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    assert!(!tom.get("/desk").await.text().contains("Promises broken"), "whatever happens since");
    house.at(date(2027, 1, 20), 12);
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let today = tom.get("/desk").await.text();
    assert!(today.contains(number.as_str()), "without a reaction it wants somebody again: {today}");
    assert!(house.verify().faults.is_empty(), "{:?}", house.verify().faults);
}

#[tokio::test]
async fn nobody_promises_what_is_not_theirs_not_open_or_beyond_the_policy() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 12, 24)).await;
    let day = date(2026, 12, 1);
    let refused = |outcome: Result<PromiseId, ActError>| match outcome {
        Err(ActError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(made_by(&house, house.who.sofia, &number, wish(day, 1)).await), Refusal::NotFound);
    assert_eq!(refused(made_by(&house, house.who.peter, &number, wish(day, 1)).await), Refusal::NotAllowed);
    let fields = |refusal: Refusal| match refusal {
        Refusal::Fields(all) => all.into_iter().map(|x| x.field).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let far = wish(date(2026, 12, 24), 100_01);
    assert_eq!(fields(refused(made_by(&house, house.who.ana, &number, far).await)), ["day", "amount"]);
    recorded(&house, id, wish(date(2026, 12, 24), 100_00)).await.unwrap();
    let too_far = wish(date(2027, 12, 24), 100_00);
    assert_eq!(fields(refused(recorded(&house, id, too_far).await)), ["day"], "staff look ahead for a year");
    house.pay(house.who.marlow, 100_00, vec![id]).await;
    assert_eq!(refused(recorded(&house, id, wish(day, 1)).await), Refusal::NothingOpen);
    let scoped = house.act(house.who.maeve, {
        let zone = crate::house::dublin();
        let (other, _) = house.issue(house.who.kestrel, 1_00, date(2026, 12, 24)).await;
        move |w, s| promises::record(w, s, other, &wish(day, 1), &zone)
    });
    assert_eq!(refused(scoped.await), Refusal::NotFound);
}

#[tokio::test]
async fn a_contact_promises_on_the_page_and_a_refused_form_keeps_what_was_typed() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = format!("/invoices/{number}");
    let text = ana.get(&page).await.text();
    assert!(text.contains("Promise a payment") && text.contains("Until 23 December 2026"), "{text}");
    let post = format!("{page}/promise");
    let typed = [("day", "2026-11-01"), ("amount", "100.01"), ("note", "when the kiln is sold")];
    let bad = ana.post(&post, &typed).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = bad.text();
    for words in
        ["This day has passed", "more than the €100.00 still open", "when the kiln is sold", "100.01", "2026-11-01"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let fine = [("day", "2026-12-01"), ("amount", ""), ("note", "when the kiln is sold")];
    let done = ana.post(&post, &fine).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, page.as_str()));
    let twice = ana.post(&post, &fine).await;
    assert_eq!(twice.status, StatusCode::SEE_OTHER, "pressed twice");
    assert_eq!(all(&house, id).len(), 1);
    let text = ana.get(&page).await.text();
    for words in ["€100.00 is promised by", "Withdraw the promise", "You promised €100.00 by 1 December 2026."] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let (list, home) = (ana.get("/invoices").await.text(), ana.get("/").await.text());
    assert!(list.contains("Promised for 1 December") && home.contains("Promised for 1 December"), "{list}");

    house.tick().await;
    let letter = house.claim("orla@hartmann.example");
    let told = letter.text.clone();
    assert!(told.contains("promised") && told.contains("when the kiln is sold"), "{told}");

    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let text = tom.get(&format!("/desk/invoices/{id}")).await.text();
    for words in ["€100.00 promised by", "when the kiln is sold", "Held: promise until", "Ana Ruiz promised it"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let outlook = tom.get("/desk/reminders").await.text();
    for words in ["Held: promise until 4 December 2026", "Held until 4 December"] {
        assert!(outlook.contains(words), "{words}: {outlook}");
    }

    let gone = ana.post(&format!("{post}/withdrawal"), &[]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER);
    assert_eq!(ana.post(&format!("{post}/withdrawal"), &[]).await.status, StatusCode::SEE_OTHER, "pressed twice");
    assert_eq!(newest(&house, id), Outcome::Withdrawn(date(2026, 11, 23)));
    let text = ana.get(&page).await.text();
    assert!(text.contains("You withdrew the promise of €100.00") && !text.contains("Withdraw the promise"), "{text}");

    let mut peter = signed_in(&house, "peter@marlow.example").await;
    assert!(!peter.get(&page).await.text().contains("Promise a payment"), "without the right there is no form");
    assert_eq!(peter.post(&post, &fine).await.status, StatusCode::FORBIDDEN);
    let mut sofia = signed_in(&house, "sofia@kestrel.example").await;
    sofia.get("/account").await;
    assert_eq!(sofia.post(&post, &fine).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn staff_record_what_they_were_told_and_today_tells_what_was_broken() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 23)).await;
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let page = format!("/desk/invoices/{id}");
    assert!(tom.get(&page).await.text().contains("Record a promise"));
    tom.get(&format!("{page}/promise")).await;
    let bad = tom.post(&format!("{page}/promise"), &[("day", "x"), ("amount", "y"), ("note", "rang at noon")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.text().contains("Enter a date.") && bad.text().contains("rang at noon"), "{}", bad.text());
    let fine = [("day", "2026-11-27"), ("amount", "80"), ("note", "rang at noon")];
    let done = tom.post(&format!("{page}/promise"), &fine).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, page.as_str()));
    let text = tom.get(&page).await.text();
    assert!(text.contains("Tom Harbour recorded it on 23 November"), "{text}");
    assert!(!tom.get("/desk").await.text().contains("Promises broken"));

    house.at(date(2026, 12, 1), 9);
    house.tick().await;
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let text = tom.get("/desk").await.text();
    for words in ["Promises broken", "€80.00 was promised by 27 November", number.as_str(), "New promise"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let snooze = format!("/desk/snooze/broken-{id}");
    tom.get(&snooze).await;
    let later = tom.post(&snooze, &[("until", "2026-12-02"), ("reason", "their bookkeeper is away")]).await;
    assert_eq!(later.status, StatusCode::SEE_OTHER, "{}", later.text());
    assert!(!tom.get("/desk").await.text().contains("New promise"));
    house.at(date(2026, 12, 3), 9);
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    tom.get(&page).await;
    assert!(tom.get("/desk").await.text().contains("New promise"), "it is shown again by itself");

    let new = [("day", "2026-12-10"), ("amount", "100"), ("note", "")];
    tom.post(&format!("{page}/promise"), &new).await;
    assert!(!tom.get("/desk").await.text().contains("Promises broken"), "it leaves by itself");
    tom.post(&format!("{page}/promise/withdrawal"), &[]).await;
    let again = tom.post(&format!("{page}/promise/withdrawal"), &[]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "pressed twice");
    let outcomes: Vec<&str> = all(&house, id).iter().map(|x| x.outcome.words()).collect();
    assert_eq!(outcomes, ["broken", "withdrawn"]);
}

#[tokio::test]
async fn a_letter_about_several_invoices_names_what_was_promised_and_does_not_ask_for_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, due) = (house.who.marlow, date(2026, 11, 25));
    for minor in [10_00, 20_00] {
        house.issue(marlow, minor, due).await;
    }
    let (id, number) = house.issue(marlow, 30_00, due).await;
    house.tick().await;
    made_by(&house, house.who.ana, &number, wish(date(2026, 12, 4), 30_00)).await.unwrap();
    house.claim_all();
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    house.at(due, 9);
    house.tick().await;
    let text = one_line(&house.claim("ana@marlow.example").text);
    let says = format!("Also open: Invoice {number} “Lease of Unit 4”: €30.00, promised by 4 December.");
    assert!(text.contains(&says) && text.contains("€30.00 in all") && !text.contains("€60.00"), "{text}");

    house.at(date(2026, 12, 8), 9);
    house.tick().await;
    house.claim_all();
    assert_eq!(newest(&house, id), Outcome::Broken(date(2026, 12, 8)));
    house.at(date(2026, 12, 9), 9);
    house.tick().await;
    let text = one_line(&house.claim("ana@marlow.example").text);
    assert!(text.contains("You promised €30.00 by 4 December 2026."), "{text}");
    assert!(text.contains("€60.00"), "it is asked for again: {text}");
}

#[tokio::test]
async fn the_policy_says_how_far_ahead_and_how_long_after_and_the_score_tells_what_was_broken() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 23)).await;
    let policy = house.app.store.read(|r| r.policy_now()).unwrap();
    let mut tighter = policy.policy.clone();
    tighter.promises = Terms { days: 5, grace: 0 };
    let known = policy.version;
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, known, &tighter, "too long");
    house.act(house.who.orla, act).await.unwrap();
    let ana = house.who.ana;
    assert!(made_by(&house, ana, &number, wish(date(2026, 11, 29), 1_00)).await.is_err(), "six days ahead");
    made_by(&house, ana, &number, wish(date(2026, 11, 28), 1_00)).await.unwrap();
    house.at(date(2026, 11, 29), 12);
    house.tick().await;
    assert_eq!(newest(&house, id), Outcome::Broken(date(2026, 11, 29)), "without any grace");

    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let marlow = house.who.marlow;
    let page = orla.get(&format!("/desk/clients/{marlow}")).await.text();
    for words in ["The promise to pay was broken.", "Promise of 28 November broken"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let before = orla.get(&format!("/desk/clients/{marlow}/credit?on=2026-11-28")).await.text();
    assert!(before.contains("No promise to pay was broken."), "as of the day before: {before}");
    let report = orla.get("/desk/fairness").await.text();
    assert!(report.contains("Held by a promise") && report.contains("Ana Ruiz promised €1.00"), "{report}");
    let rules = orla.get("/desk/reminders/policy").await.text();
    assert!(rules.contains("up to 5 days ahead, kept when the money comes within 0 days after the day"), "{rules}");
    assert!(rules.contains("; before: up to 30 days ahead"), "{rules}");
}

#[tokio::test]
async fn a_promise_of_what_is_asked_for_holds_however_much_else_is_open() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, orla) = (house.who.marlow, house.who.orla);
    let at = |month, amount| Instalment { due: date(2027, month, 10), amount };
    let terms = InvoiceTerms { instalments: (1..=12).map(|month| at(month, 100_00)).collect(), early: None };
    let draft = invoices::Draft { terms, ..house.draft_of(marlow, 1_200_00, date(2027, 12, 10)) };
    let id = house.act(orla, move |w, s| invoices::save_draft(w, s, None, &draft)).await.unwrap();
    invoices::issue(&house.app, house.by(orla), &house.scope(orla), id).await.unwrap();
    recorded(&house, id, wish(date(2027, 1, 20), 100_00)).await.unwrap();
    assert!(all(&house, id).last().unwrap().is_enough(), "the instalment that is due by then");
    recorded(&house, id, wish(date(2027, 4, 20), 100_00)).await.unwrap();
    assert!(!all(&house, id).last().unwrap().is_enough(), "one of four");

    let (part, _) = house.issue(marlow, 100_00, date(2026, 11, 30)).await;
    let wrong = dispute::Wish {
        part: dispute::Part::Amount(60_00),
        ground: dispute::Ground::Price,
        words: "Two, not three.".to_owned(),
    };
    let zone = crate::house::dublin();
    house.act(orla, move |w, s| disputes::record(w, s, part, &wrong, &zone)).await.unwrap();
    recorded(&house, part, wish(date(2026, 12, 4), 40_00)).await.unwrap();
    assert!(all(&house, part).last().unwrap().is_enough(), "all that is not disputed");
}
