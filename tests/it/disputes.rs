//! Disputes: what is disputed is not asked for, whole or in part, until somebody answers; on the portal and at the
//! desk.

mod again;
mod agreed;

use axum::http::StatusCode;
use counterfoil::actions::{disputes, invoices, late_payment, payments};
use counterfoil::domain::attention::Want;
use counterfoil::domain::dispute::{Dispute, Ground, Outcome, PER_INVOICE_MAX, Part, Turn, Wish};
use counterfoil::domain::event::{Actor, By, Event};
use counterfoil::domain::ids::{ContactId, DisputeId, InvoiceId};
use counterfoil::domain::late_interest::{RateFrom, YearlyRate};
use counterfoil::domain::number::DocumentNumber;
use counterfoil::domain::refusal::Refusal;
use counterfoil::domain::tax::Content;
use counterfoil::store::prelude::*;
use counterfoil::store::scope::Pass;
use jiff::civil::{Date, date};

use crate::auth::signed_in;
use crate::desk::desk_of;
use crate::house::{TestHouse, eur, line};

fn wish(part: Part) -> Wish {
    Wish { part, ground: Ground::Price, words: "We ordered two, not three.".to_owned() }
}

async fn raised_by(
    house: &TestHouse,
    contact: ContactId,
    number: &DocumentNumber,
    wish: Wish,
) -> Result<DisputeId, ActError> {
    let (by, zone, number) =
        (By { actor: Actor::Contact(contact), address: None }, crate::house::dublin(), number.clone());
    let pass = Pass { contact, only: None };
    house.app.store.write(by, house.app.now(), move |w| disputes::raise(w, pass, &number, &wish, &zone)).await
}

async fn recorded(house: &TestHouse, id: InvoiceId, wish: Wish) -> Result<DisputeId, ActError> {
    let zone = crate::house::dublin();
    house.act(house.who.tom, move |w, s| disputes::record(w, s, id, &wish, &zone)).await
}

async fn withdraw(house: &TestHouse, id: InvoiceId) {
    let zone = crate::house::dublin();
    house.act(house.who.tom, move |w, s| disputes::withdraw_recorded(w, s, id, &zone)).await.unwrap();
}

async fn reject(house: &TestHouse, id: InvoiceId) {
    let zone = crate::house::dublin();
    house
        .act(house.who.orla, move |w, s| disputes::reject(w, s, (id, None), "Three were delivered.", &zone))
        .await
        .unwrap();
}

fn newest(house: &TestHouse, id: InvoiceId) -> Dispute {
    house.app.store.read(|r| r.newest_dispute(id)).unwrap().unwrap()
}

fn wants(house: &TestHouse, id: InvoiceId) -> Option<Want> {
    house.app.store.read(|r| r.wants(id, house.app.now())).unwrap()
}

fn disputed_sum(house: &TestHouse) -> i64 {
    house.app.store.read(|r| r.disputed_totals(None)).unwrap().iter().map(|x| x.sum.minor).sum()
}

/// Reminders that go out at noon of a day, as Ana reads them.
async fn goes_on(house: &TestHouse, day: Date) -> usize {
    house.at(day, 12);
    let sent = house.tick().await.letters;
    house.claim_all();
    sent
}

fn turns(house: &TestHouse) -> Vec<Turn> {
    let turn = |event| if let Event::Dispute { turn, .. } = event { Some(turn) } else { None };
    house.log().into_iter().filter_map(turn).collect()
}

/// An invoice of lines of these amounts, issued by Orla.
async fn of_lines(house: &TestHouse, amounts: &[i64], due: Date) -> (InvoiceId, DocumentNumber) {
    let content = Content::of(amounts.iter().map(|minor| line(*minor)).collect());
    let draft = invoices::Draft { content, ..house.draft_of(house.who.marlow, 1, due) };
    let act = move |w: &mut WriteTx<'_>, s: &counterfoil::domain::access::StaffScope| {
        invoices::save_draft(w, s, None, &draft)
    };
    let id = house.act(house.who.orla, act).await.unwrap();
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    (id, invoices::issue(&house.app, by, &scope, id).await.unwrap())
}

#[tokio::test]
async fn while_all_of_it_is_disputed_no_reminder_goes_and_afterwards_the_latest_missed_one_does() {
    let house = TestHouse::new().await;
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    house.tick().await;
    house.claim_all();
    raised_by(&house, house.who.ana, &number, wish(Part::Whole)).await.unwrap();
    house.tick().await;
    let told = house.claim("orla@hartmann.example");
    assert!(told.text.contains("We ordered two, not three."), "{}", told.text);
    assert_eq!((wants(&house, id), disputed_sum(&house)), (Some(Want::Disputed), 100_00));
    for day in [date(2026, 11, 30), date(2026, 12, 7), date(2026, 12, 14), date(2026, 12, 30)] {
        assert_eq!(goes_on(&house, day).await, 0, "{day}");
    }
    reject(&house, id).await;
    assert_eq!(newest(&house, id).outcome, Outcome::Rejected(date(2026, 12, 30)));
    house.tick().await;
    let both = [house.claim("ana@marlow.example"), house.claim("ana@marlow.example")];
    assert!(both.iter().any(|x| x.text.contains("Three were delivered.")), "{both:?}");
    assert!(both.iter().any(|x| x.subject.contains("30 days late")), "{both:?}");
    house.claim_all();
    let sent = house.log().iter().filter(|e| matches!(e, Event::ReminderSuperseded { .. })).count();
    assert_eq!(sent, 3, "the others gave way to the latest one");
    assert_eq!(goes_on(&house, date(2026, 12, 31)).await, 0, "once");
    assert_eq!((wants(&house, id), disputed_sum(&house)), (None, 0));
}

#[tokio::test]
async fn a_reminder_that_waits_is_withdrawn_by_a_dispute_and_never_while_it_is_handed_over() {
    let house = TestHouse::new().await.heedless_of_mail();
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
    raised_by(&house, house.who.ana, &number, wish(Part::Whole)).await.unwrap();
    let why = "all that is open is disputed";
    let withdrawn = |e: &Event| matches!(e, Event::LetterWithdrawn { reason, .. } if reason == why);
    assert_eq!(house.log().iter().filter(|e| withdrawn(e)).count(), 1);
    let next = house.app.store.read(|r| r.looked_at(id)).unwrap();
    assert_eq!(next, None, "nobody looks meanwhile");
}

#[tokio::test]
async fn of_a_part_reminders_ask_for_the_rest_and_name_it_with_the_amounts_of_now() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, number) = of_lines(&house, &[60_00, 40_00], date(2026, 11, 25)).await;
    house.tick().await;
    raised_by(&house, house.who.ana, &number, wish(Part::Lines(vec![1]))).await.unwrap();
    house.claim_all();
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    house.at(date(2026, 11, 25), 12);
    house.tick().await;
    let text = one_line(&house.claim("ana@marlow.example").text);
    for words in [
        "Of the €100.00 that are open, €60.00 is not disputed.",
        "€40.00 of it has been disputed since 23 November 2026",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Part of the rest is paid: only what is left of it is asked for.
    house.pay(marlow, 50_00, vec![id]).await;
    house.at(date(2026, 12, 2), 12);
    house.tick().await;
    let letter = house.claim("ana@marlow.example");
    assert!(letter.subject.contains("€10.00"), "{}", letter.subject);
    assert!(one_line(&letter.text).contains("the undisputed €10.00"), "{}", letter.text);
    // The rest is paid: all that is open is disputed, and nothing goes.
    house.pay(marlow, 10_00, vec![id]).await;
    assert_eq!(goes_on(&house, date(2026, 12, 9)).await, 0);
    assert_eq!(disputed_sum(&house), 40_00);
    house.pay(marlow, 15_00, vec![id]).await;
    assert_eq!(disputed_sum(&house), 25_00, "no more than what is open");
    // All is paid: it is over, and open again when the bank takes the money back.
    let last = house.pay(marlow, 25_00, vec![id]).await;
    assert!(matches!(newest(&house, id).outcome, Outcome::Settled(_)) && wants(&house, id).is_none());
    assert_eq!(disputed_sum(&house), 0);
    let (settings, cause) = (house.app.settings.clone(), counterfoil::domain::payment::Cause::Returned);
    let back = payments::TakingBack { on: date(2026, 12, 9), cause, reason: String::new() };
    house.act(house.who.tom, move |w, s| payments::reverse(w, s, &settings, last, &back)).await.unwrap();
    assert_eq!((newest(&house, id).outcome, wants(&house, id)), (Outcome::Open, Some(Want::Disputed)));
    assert_eq!(disputed_sum(&house), 25_00);
    assert!(matches!(turns(&house).as_slice(), [Turn::Raised { .. }, Turn::Settled, Turn::Reopened]));
    assert_eq!(goes_on(&house, date(2026, 12, 16)).await, 0);
}

#[tokio::test]
async fn what_was_agreed_on_is_not_asked_for_until_it_is_credited_or_need_not_be() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let uphold = async |id: InvoiceId| {
        let zone = crate::house::dublin();
        house
            .act(house.who.orla, move |w, s| disputes::uphold(w, s, (id, None), "You are right.", &zone))
            .await
            .unwrap();
    };
    let (part, _) = of_lines(&house, &[60_00, 40_00], date(2026, 11, 25)).await;
    let (whole, _) = house.issue(marlow, 50_00, date(2026, 11, 25)).await;
    house.tick().await;
    recorded(&house, part, wish(Part::Lines(vec![1]))).await.unwrap();
    recorded(&house, whole, wish(Part::Whole)).await.unwrap();
    uphold(part).await;
    uphold(whole).await;
    house.tick().await;
    house.claim_all();
    assert!(newest(&house, part).waits && newest(&house, whole).waits && wants(&house, part) == Some(Want::Disputed));
    house.at(date(2026, 11, 25), 12);
    house.tick().await;
    let letter = house.claim("ana@marlow.example");
    assert!(letter.subject.contains("€60.00"), "the rest alone: {}", letter.subject);
    let again = recorded(&house, whole, wish(Part::Whole)).await;
    assert!(matches!(again, Err(ActError::Refused(Refusal::DisputeAgreed))), "{again:?}");

    // The credit note of the line ends the one, a word of staff the other: it is asked for again.
    let (by, scope) = (house.by(house.who.orla), house.scope(house.who.orla));
    let take = counterfoil::domain::credit::Take::Amounts(vec![(line(1).vat, 40_00)]);
    let crediting = invoices::Crediting { take, ..invoices::Crediting::rest(part, String::new()) };
    invoices::credit_part(&house.app, by, &scope, crediting).await.unwrap();
    house.act(house.who.tom, move |w, s| disputes::close(w, s, whole)).await.unwrap();
    let done = |x: &Turn| if let Turn::Done { credited } = x { Some(*credited) } else { None };
    assert_eq!(turns(&house).iter().filter_map(done).collect::<Vec<_>>(), [true, false]);
    assert_eq!((house.open(part), disputed_sum(&house), wants(&house, part)), (60_00, 0, None));
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 12, 2), 12);
    house.tick().await;
    let text = house.claim("ana@marlow.example").text;
    assert!(text.contains("€60.00") && text.contains("€50.00") && !text.contains("disputed"), "{text}");
}

#[tokio::test]
async fn a_letter_about_several_invoices_names_what_is_disputed_and_does_not_ask_for_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, due) = (house.who.marlow, date(2026, 11, 25));
    house.issue(marlow, 10_00, due).await;
    let part = house.publish(marlow, "P-1", 20_00, due).await;
    let (_, number) = house.issue(marlow, 30_00, due).await;
    house.tick().await;
    raised_by(&house, house.who.ana, &number, wish(Part::Whole)).await.unwrap();
    recorded(&house, part, wish(Part::Amount(5_00))).await.unwrap();
    house.claim_all();
    house.at(due, 9);
    house.tick().await;
    let text = house.claim("ana@marlow.example").text.split_whitespace().collect::<Vec<_>>().join(" ");
    let says = format!("Invoice {number} “Lease of Unit 4”: €30.00, disputed since 23 November, and not asked for.");
    for words in [says.as_str(), "€25.00 in all", "€15.00 to pay of €20.00", "€5.00 of it has been disputed since"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test]
async fn nobody_disputes_what_is_not_theirs_not_open_or_disputed_already() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, number) = house.issue(marlow, 100_00, date(2026, 11, 30)).await;
    let refused = |outcome: Result<DisputeId, ActError>| match outcome {
        Err(ActError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let of = |part| raised_by(&house, house.who.ana, &number, wish(part));
    let field = |refusal| match refusal {
        Refusal::Fields(faults) => faults.into_iter().map(|x| x.field).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(field(refused(of(Part::Amount(100_01)).await)), ["disputed"]);
    assert_eq!(field(refused(of(Part::Amount(0)).await)), ["disputed"]);
    assert_eq!(field(refused(of(Part::Lines(vec![])).await)), ["lines"]);
    assert_eq!(field(refused(of(Part::Lines(vec![7])).await)), ["lines"]);
    let wordless = Wish { words: " ".to_owned(), ..wish(Part::Whole) };
    assert_eq!(field(refused(raised_by(&house, house.who.ana, &number, wordless).await)), ["words"]);
    let peter = raised_by(&house, house.who.peter, &number, wish(Part::Whole)).await;
    assert_eq!(refused(peter), Refusal::NotAllowed, "without the right to answer");
    let sofia = raised_by(&house, house.who.sofia, &number, wish(Part::Whole)).await;
    assert_eq!(refused(sofia), Refusal::NotFound);

    let first = of(Part::Lines(vec![0])).await.unwrap();
    assert_eq!(newest(&house, id).part, Part::Whole, "all lines are the whole");
    assert_eq!(refused(of(Part::Whole).await), Refusal::Repeated(first.0));
    assert_eq!(refused(of(Part::Amount(50_00)).await), Refusal::DisputeOpen(date(2026, 11, 23)));
    house.pay(marlow, 100_00, vec![id]).await;
    assert_eq!(refused(of(Part::Whole).await), Refusal::NothingOpen);

    let (id, _) = house.issue(marlow, 100_00, date(2026, 11, 30)).await;
    for _ in 0..PER_INVOICE_MAX {
        recorded(&house, id, wish(Part::Whole)).await.unwrap();
        withdraw(&house, id).await;
    }
    assert_eq!(refused(recorded(&house, id, wish(Part::Whole)).await), Refusal::DisputesFull(PER_INVOICE_MAX));
}

#[tokio::test]
async fn a_late_payment_note_waits_until_the_dispute_of_all_of_it_is_over() {
    let house = TestHouse::new().await.heedless_of_mail();
    let mut policy = house.app.store.read(|r| r.late_payment()).unwrap();
    (policy.on, policy.by_itself, policy.after) = (true, true, 30);
    let rate = YearlyRate::parse("rate", "10.15").unwrap();
    policy.rates = vec![RateFrom { from: date(2026, 7, 1), rate }];
    let known = house.app.store.read(|r| r.late_payment_now()).unwrap().version;
    let act = move |w: &mut WriteTx<'_>, s: &counterfoil::domain::access::StaffScope| {
        late_payment::change(w, s, known, &policy, "as agreed")
    };
    house.act(house.who.orla, act).await.unwrap();
    let (id, _) = house.issue(house.who.marlow, 1_000_00, date(2026, 11, 24)).await;
    recorded(&house, id, wish(Part::Whole)).await.unwrap();
    let notes = || house.app.store.read(|r| r.late_notes_of(id)).unwrap().len();
    house.at(date(2027, 1, 10), 12);
    house.tick().await;
    assert_eq!(notes(), 0, "nothing is charged for what is disputed");
    withdraw(&house, id).await;
    house.tick().await;
    assert_eq!(notes(), 1, "it is asked for again once that is over");
}

#[tokio::test]
async fn a_contact_disputes_lines_on_the_page_and_a_refused_form_keeps_what_was_typed() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = of_lines(&house, &[60_00, 40_00, 20_00], date(2026, 11, 30)).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = format!("/invoices/{number}");
    let text = ana.get(&page).await.text();
    assert!(text.contains("Dispute this invoice") && text.contains("Which lines?"), "{text}");
    let post = format!("{page}/dispute");
    let bad = ana.post(&post, &[("lines", "1"), ("words", "the second was not delivered")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = bad.text();
    for words in ["Choose what is wrong", "the second was not delivered", "value=\"1\" checked"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("value=\"0\" checked"), "{text}");
    let fine = [("lines", "1"), ("ground", "delivery"), ("words", "the second was not delivered")];
    let done = ana.post(&post, &fine).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, page.as_str()));
    assert_eq!(ana.post(&post, &fine).await.status, StatusCode::SEE_OTHER, "pressed twice");
    let dispute = newest(&house, id);
    assert_eq!((dispute.part, dispute.amount, dispute.ground), (Part::Lines(vec![1]), eur(40_00), Ground::Delivery));
    let text = ana.get(&page).await.text();
    for words in [
        "You have disputed €40.00 of it since",
        "Orla Byrne is looking into it",
        "We ask for the other €80.00",
        "Withdraw the dispute",
        "You disputed €40.00 of this invoice. Orla Byrne looks into it.",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let (list, home) = (ana.get("/invoices").await.text(), ana.get("/").await.text());
    assert!(list.contains("Part disputed") && home.contains("Part disputed"), "{list}");

    // Another one is refused; the same one is changed by its own form, unless somebody else changed it.
    let other = [("ground", "price"), ("words", "all of it is wrong")];
    let second = ana.post(&post, &other).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(second.text().contains("disputed already, since 23 November 2026"), "{}", second.text());
    let seen = format!("{}-0", dispute.id);
    let change = [("seen", seen.as_str()), ("ground", "price"), ("words", "all of it is wrong")];
    assert_eq!(ana.post(&post, &change).await.status, StatusCode::SEE_OTHER);
    assert_eq!((newest(&house, id).part, newest(&house, id).changes), (Part::Whole, 1));
    let stale = [("seen", seen.as_str()), ("ground", "other"), ("words", "something else")];
    assert_eq!(ana.post(&post, &stale).await.status, StatusCode::CONFLICT);
    assert!(ana.get("/invoices").await.text().contains(">Disputed"));

    let gone = ana.post(&format!("{post}/withdrawal"), &[]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER);
    assert_eq!(ana.post(&format!("{post}/withdrawal"), &[]).await.status, StatusCode::SEE_OTHER, "pressed twice");
    let text = ana.get(&page).await.text();
    assert!(text.contains("It was withdrawn on") && text.contains("You withdrew the dispute."), "{text}");
    assert!(!text.contains("Withdraw the dispute"), "{text}");

    let mut peter = signed_in(&house, "peter@marlow.example").await;
    assert!(!peter.get(&page).await.text().contains("Dispute this invoice"), "without the right there is no form");
    assert_eq!(peter.post(&post, &fine).await.status, StatusCode::FORBIDDEN);
    let mut sofia = signed_in(&house, "sofia@kestrel.example").await;
    sofia.get("/account").await;
    assert_eq!(sofia.post(&post, &fine).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn staff_record_pass_on_and_answer_and_today_waits_for_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    let id = house.publish(house.who.marlow, "P-1", 100_00, date(2026, 11, 23)).await;
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let page = format!("/desk/invoices/{id}");
    assert!(tom.get(&page).await.text().contains("Record a dispute"));
    let form = format!("{page}/dispute");
    tom.get(&form).await;
    let bad = tom.post(&form, &[("disputed", "y"), ("words", "rang at noon")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.text().contains("Choose what is wrong") && bad.text().contains("rang at noon"), "{}", bad.text());
    let fine = [("disputed", "30"), ("ground", "quality"), ("words", "the glaze is cracked")];
    let done = tom.post(&form, &fine).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, page.as_str()));
    let text = tom.get(&page).await.text();
    for words in ["Part disputed since", "with Orla Byrne", "the glaze is cracked", "Tom Harbour recorded it"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    house.tick().await;
    assert!(house.claim("orla@hartmann.example").text.contains("the glaze is cracked"));
    let today = tom.get("/desk").await.text();
    for words in ["Disputed", "Not as agreed, or defective", "P-1", "Answer"] {
        assert!(today.contains(words), "{words}: {today}");
    }
    let snooze = format!("/desk/snooze/disputed-{id}");
    tom.get(&snooze).await;
    let later = tom.post(&snooze, &[("until", "2026-11-24"), ("reason", "the potter is away")]).await;
    assert_eq!(later.status, StatusCode::SEE_OTHER, "{}", later.text());
    assert!(!tom.get("/desk").await.text().contains("Not as agreed, or defective, since"));
    let client = tom.get(&format!("/desk/clients/{}", house.who.marlow)).await.text();
    let (list, reminders) = (tom.get("/desk/invoices").await.text(), tom.get("/desk/reminders").await.text());
    for text in [&client, &list, &reminders] {
        assert!(text.contains("Part disputed"), "{text}");
    }

    tom.get(&form).await;
    let nobody = tom.post(&format!("{form}/person"), &[("with", "99")]).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    let with = house.who.tom.to_string();
    assert_eq!(tom.post(&format!("{form}/person"), &[("with", &with)]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(newest(&house, id).with, house.who.tom);

    tom.get(&form).await;
    let unsaid = tom.post(&format!("{form}/answer"), &[("answer", "let us see")]).await;
    assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unsaid.text().contains("Choose whether you agree") && unsaid.text().contains("let us see"));
    let wordless = tom.post(&format!("{form}/answer"), &[("verdict", "reject"), ("answer", "")]).await;
    assert!(wordless.text().contains("Say why, so that the client can follow it."), "{}", wordless.text());
    let stale = [("seen", "1-7"), ("verdict", "uphold"), ("answer", "We glaze it again.")];
    let stale = tom.post(&format!("{form}/answer"), &stale).await;
    assert!(stale.text().contains("Somebody else changed this"), "what was changed since is looked at first");
    let agreed = [("verdict", "uphold"), ("answer", "We glaze it again.")];
    assert_eq!(tom.post(&format!("{form}/answer"), &agreed).await.status, StatusCode::SEE_OTHER);
    assert_eq!(tom.post(&format!("{form}/answer"), &agreed).await.status, StatusCode::SEE_OTHER, "pressed twice");
    assert_eq!(newest(&house, id).outcome, Outcome::Upheld(date(2026, 11, 23)));
    let text = tom.get(&page).await.text();
    assert!(text.contains("Tom Harbour agreed on") && text.contains("Credit it"), "{text}");
    house.tick().await;
    let to_ana = house.mail.letters_to("ana@marlow.example");
    assert_eq!(to_ana.iter().filter(|x| x.letter.text.contains("We glaze it again.")).count(), 1, "{to_ana:?}");
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let text = ana.get("/invoices/P-1").await.text();
    assert!(text.contains("Tom Harbour agreed on") && text.contains("We glaze it again."), "{text}");
}

#[tokio::test]
async fn what_is_disputed_is_seen_in_plan_score_report_and_receivables() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (first, _) = house.issue(marlow, 100_00, date(2026, 11, 30)).await;
    let (second, _) = house.issue(marlow, 50_00, date(2026, 11, 30)).await;
    recorded(&house, first, wish(Part::Whole)).await.unwrap();
    recorded(&house, second, wish(Part::Whole)).await.unwrap();
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get(&format!("/desk/invoices/{first}")).await.text();
    for words in ["Held: disputed since", "Nothing goes while all that is open is disputed."] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let outlook = orla.get("/desk/reminders").await.text();
    assert!(outlook.contains("Held: disputed since 23 November 2026, with Orla Byrne"), "{outlook}");
    let receivables = orla.get("/desk/receivables").await.text();
    for words in ["Without what is disputed", "€150.00"] {
        assert!(receivables.contains(words), "{words}: {receivables}");
    }
    let csv = orla.get("/desk/receivables.csv").await.text();
    assert!(csv.contains("Disputed") && csv.contains("\"150.00\",\"2\",\"0\",\"150.00\""), "{csv}");
    let dso = orla.get("/desk/receivables/dso.csv").await.text();
    assert!(dso.lines().next().unwrap().contains("Disputed"), "{dso}");

    house.at(date(2026, 12, 3), 9);
    reject(&house, first).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get(&format!("/desk/clients/{marlow}")).await.text();
    assert!(page.contains("1 of 2 disputes was rejected."), "{page}");
    let before = orla.get(&format!("/desk/clients/{marlow}/credit?on=2026-12-02")).await.text();
    assert!(before.contains("No dispute was rejected."), "as of the day before: {before}");
    let report = orla.get("/desk/fairness").await.text();
    assert!(report.contains("Held by a dispute"), "{report}");
}

#[tokio::test]
async fn a_credit_note_begins_with_what_was_agreed_on() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let mut orla = desk_of(&house, house.who.orla).await;
    let mut form_of = async |id: InvoiceId, part: Part| {
        recorded(&house, id, wish(part)).await.unwrap();
        let zone = crate::house::dublin();
        house
            .act(house.who.orla, move |w, s| disputes::uphold(w, s, (id, None), "Two were broken.", &zone))
            .await
            .unwrap();
        orla.get(&format!("/desk/invoices/{id}/credit")).await.text()
    };
    // What stands in a field.
    let value = |page: &str, name: &str| {
        let tag = page.split('<').find(|x| x.starts_with("input") && x.contains(&format!("name=\"{name}\""))).unwrap();
        tag.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let chosen = |page: &str, take: &str| {
        let radio = format!("value=\"{take}\" checked");
        assert!(page.contains(&radio) && page.contains("Two were broken."), "{take}: {page}");
    };
    let (lines, _) = of_lines(&house, &[60_00, 40_00], date(2026, 11, 25)).await;
    let page = form_of(lines, Part::Lines(vec![1])).await;
    chosen(&page, "lines");
    assert_eq!(["q0", "q1"].map(|name| value(&page, name)), ["", "1"]);
    let (part, _) = of_lines(&house, &[100_00], date(2026, 11, 25)).await;
    let page = form_of(part, Part::Amount(12_34)).await;
    chosen(&page, "amounts");
    assert_eq!(value(&page, "g0"), "12.34");
    let (whole, _) = house.issue(marlow, 50_00, date(2026, 11, 25)).await;
    chosen(&form_of(whole, Part::Whole).await, "rest");
    // Nothing is proposed where nothing was agreed on.
    let (plain, _) = house.issue(marlow, 50_00, date(2026, 11, 25)).await;
    let page = orla.get(&format!("/desk/invoices/{plain}/credit")).await.text();
    assert!(page.contains("value=\"rest\" checked") && !page.contains("Two were broken."), "{page}");
}
