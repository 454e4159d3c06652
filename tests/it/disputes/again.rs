//! What was agreed on and paid all the same, disputes of instalments and beside part payments, who is told, and what is
//! typed while a dispute is answered.

use axum::http::StatusCode;
use counterfoil::actions::invoices::{self, Crediting};
use counterfoil::actions::{disputes, late_payment, payments, people};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::attention::Want;
use counterfoil::domain::credit::Take;
use counterfoil::domain::dispute::{Outcome, PER_INVOICE_MAX, Part, Turn};
use counterfoil::domain::event::{Actor, By};
use counterfoil::domain::ids::{InvoiceId, ReceiptId};
use counterfoil::domain::late_interest::{RateFrom, YearlyRate};
use counterfoil::domain::number::DocumentNumber;
use counterfoil::domain::payment::{Cause, Source};
use counterfoil::domain::person::Role;
use counterfoil::domain::refusal::Refusal;
use counterfoil::domain::terms::{Instalment, Terms};
use counterfoil::store::prelude::*;
use counterfoil::store::scope::Pass;
use jiff::civil::date;

use super::{disputed_sum, goes_on, newest, of_lines, raised_by, recorded, reject, turns, wants, wish, withdraw};
use crate::auth::signed_in;
use crate::house::{TestHouse, dublin, eur, line};

pub(super) async fn uphold(house: &TestHouse, id: InvoiceId) {
    let act =
        move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::uphold(w, s, (id, None), "You are right.", &dublin());
    house.act(house.who.orla, act).await.unwrap();
}

pub(super) async fn credit(house: &TestHouse, of: InvoiceId, minor: i64) -> InvoiceId {
    let take = Take::Amounts(vec![(line(1).vat, minor)]);
    let crediting = Crediting { take, ..Crediting::rest(of, String::new()) };
    invoices::credit_part(&house.app, house.by(house.who.orla), &house.scope(house.who.orla), crediting).await.unwrap();
    let all = house.app.store.read(|r| {
        let of = r.invoice(of)?.unwrap();
        r.credit_notes_for(&of)
    });
    all.unwrap().last().unwrap().id
}

pub(super) async fn returned(house: &TestHouse, receipt: ReceiptId) {
    let (settings, on) = (house.app.settings.clone(), house.app.today());
    let back = payments::TakingBack { on, cause: Cause::Returned, reason: String::new() };
    house.act(house.who.tom, move |w, s| payments::reverse(w, s, &settings, receipt, &back)).await.unwrap();
}

pub(super) fn done(house: &TestHouse) -> Vec<bool> {
    turns(house).iter().filter_map(|x| if let Turn::Done { credited } = x { Some(*credited) } else { None }).collect()
}

/// What Ana reads, in one line.
pub(super) fn read(house: &TestHouse) -> String {
    house.claim("ana@marlow.example").text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An invoice of three instalments of €400.00, on 1 December, 12 January and 12 February.
pub(super) async fn in_instalments(house: &TestHouse) -> (InvoiceId, DocumentNumber) {
    let days = [date(2026, 12, 1), date(2027, 1, 12), date(2027, 2, 12)];
    let terms = Terms { instalments: days.map(|due| Instalment { due, amount: 400_00 }).to_vec(), early: None };
    let draft = invoices::Draft { terms, ..house.draft_of(house.who.marlow, 1_200_00, days[2]) };
    let orla = house.who.orla;
    let id = house.act(orla, move |w, s| invoices::save_draft(w, s, None, &draft)).await.unwrap();
    (id, invoices::issue(&house.app, house.by(orla), &house.scope(orla), id).await.unwrap())
}

#[tokio::test]
async fn what_was_agreed_on_and_paid_all_the_same_is_not_asked_for_when_the_money_goes_back() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (marlow, due) = (house.who.marlow, date(2026, 11, 25));
    let (id, number) = house.issue(marlow, 100_00, due).await;
    recorded(&house, id, wish(Part::Amount(40_00))).await.unwrap();
    uphold(&house, id).await;
    let receipt = house.pay(marlow, 100_00, vec![id]).await;
    let listed = |house: &TestHouse| house.app.store.read(|r| r.standing_disputes(None, 10)).unwrap().len();
    assert!(newest(&house, id).waits && done(&house).is_empty(), "nobody said that nothing has to be credited");
    assert_eq!((wants(&house, id), disputed_sum(&house), listed(&house)), (None, 0, 0), "nothing is open meanwhile");
    assert!(house.verify().is_clean(), "{:#?}", house.verify());
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let page = tom.get(&format!("/desk/invoices/{id}")).await.text();
    assert!(page.contains("€40.00 of it") && !page.contains("€0.00 of it"), "{page}");

    returned(&house, receipt).await;
    assert_eq!((wants(&house, id), disputed_sum(&house), listed(&house)), (Some(Want::Disputed), 40_00, 1));
    for path in ["/desk/invoices", "/desk/reminders"] {
        let list = tom.get(path).await.text();
        assert!(list.contains("Part to be credited") && !list.contains("Part disputed"), "{path}: {list}");
    }
    assert!(house.verify().is_clean(), "{:#?}", house.verify());
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 12, 2), 12);
    house.tick().await;
    let text = read(&house);
    assert!(text.contains("undisputed €60.00"), "{text}");

    // The credit of another invoice is no answer to it.
    let other = house.issue(marlow, 50_00, due).await.0;
    house.pay(marlow, 50_00, vec![other]).await;
    let theirs = credit(&house, other, 50_00).await;
    let today = house.app.today();
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| {
        payments::apply_more(w, s, Source::Credit(theirs), id, eur(5_00), today)
    };
    house.act(house.who.tom, act).await.unwrap();
    assert!(newest(&house, id).waits && done(&house).is_empty(), "{:?}", turns(&house));
    // Nor is it over where all is paid once more; the credit note says so.
    house.pay(marlow, 95_00, vec![id]).await;
    credit(&house, id, 40_00).await;
    assert_eq!((newest(&house, id).waits, done(&house)), (false, vec![true]));
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let text = ana.get(&format!("/invoices/{}", number.in_url())).await.text();
    assert!(text.contains("What we agreed on is credited."), "{text}");
    assert!(house.verify().is_clean(), "{:#?}", house.verify());
}

/// Late payment notes are drafted by themselves after thirty days.
async fn charge_late(house: &TestHouse) {
    let mut policy = house.app.store.read(|r| r.late_payment()).unwrap();
    (policy.on, policy.by_itself, policy.after) = (true, true, 30);
    let rate = YearlyRate::parse("rate", "10.15").unwrap();
    policy.rates = vec![RateFrom { from: date(2026, 7, 1), rate }];
    let known = house.app.store.read(|r| r.late_payment_now()).unwrap().version;
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| late_payment::change(w, s, known, &policy, "as agreed");
    house.act(house.who.orla, act).await.unwrap();
}

#[tokio::test]
async fn after_the_credit_note_of_what_was_agreed_late_payment_is_charged_by_itself() {
    let house = TestHouse::new().await.heedless_of_mail();
    charge_late(&house).await;
    let (id, _) = house.issue(house.who.marlow, 1_000_00, date(2026, 11, 24)).await;
    recorded(&house, id, wish(Part::Whole)).await.unwrap();
    uphold(&house, id).await;
    let notes = || house.app.store.read(|r| r.late_notes_of(id)).unwrap().len();
    house.at(date(2027, 1, 10), 12);
    house.tick().await;
    assert_eq!(notes(), 0, "nothing is charged for what is not asked for");
    credit(&house, id, 200_00).await;
    house.tick().await;
    assert_eq!(notes(), 1, "the rest is asked for again, and late");
}

#[tokio::test]
async fn late_payment_of_the_rest_is_charged_by_itself_once_less_than_all_is_disputed() {
    let house = TestHouse::new().await.heedless_of_mail();
    charge_late(&house).await;
    let (id, _) = house.issue(house.who.marlow, 1_000_00, date(2026, 11, 24)).await;
    let first = recorded(&house, id, wish(Part::Whole)).await.unwrap();
    let notes = || house.app.store.read(|r| r.late_notes_of(id)).unwrap().len();
    house.at(date(2027, 1, 10), 12);
    house.tick().await;
    assert_eq!(notes(), 0);
    let part = wish(Part::Amount(200_00));
    let act =
        move |w: &mut WriteTx<'_>, s: &StaffScope| disputes::change_recorded(w, s, id, (first, 0), &part, &dublin());
    house.act(house.who.tom, act).await.unwrap();
    house.tick().await;
    assert_eq!(notes(), 1, "the other 800.00 is late");
}

#[tokio::test]
async fn of_instalments_the_first_that_is_not_disputed_is_asked_for_on_its_own_days() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = in_instalments(&house).await;
    house.tick().await;
    recorded(&house, id, wish(Part::Amount(400_00))).await.unwrap();
    house.tick().await;
    house.claim_all();
    for day in [date(2026, 12, 1), date(2026, 12, 8), date(2026, 12, 31)] {
        assert_eq!(goes_on(&house, day).await, 0, "{day}: what is due is disputed");
    }
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = format!("/invoices/{}", number.in_url());
    let text = ana.get(&page).await.text();
    assert!(text.contains("Please pay €400.00 by Tuesday 12 January 2027."), "{text}");
    assert!(text.contains("Due in 12 days.") && !text.contains("Overdue") && !text.contains("note bad"), "{text}");
    let (home, list) = (ana.get("/").await.text(), ana.get("/invoices").await.text());
    for text in [&home, &list] {
        assert!(text.contains("Due in 12 days") && !text.contains("Overdue 30"), "{text}");
        assert!(!text.contains("was due on") && !text.contains("tag bad") && !text.contains("Part paid. "), "{text}");
    }
    let both = "€1,200.00 is open in all, in instalments and with what is disputed.";
    assert!(home.contains("<span class=\"vh\">To pay next </span>€400.00") && home.contains(both), "{home}");
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let plan = tom.get(&format!("/desk/invoices/{id}")).await.text();
    assert!(plan.contains("5 Jan"), "the plan follows it: {plan}");
    house.at(date(2027, 1, 5), 12);
    house.tick().await;
    let text = read(&house);
    for words in ["The instalment is €400.00", "12 January", "€400.00 of it has been disputed since"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Rejected when both are due: both are asked for, by the day of the first.
    house.at(date(2027, 1, 13), 12);
    house.tick().await;
    house.claim_all();
    reject(&house, id).await;
    house.at(date(2027, 1, 14), 12);
    house.tick().await;
    let all = house.unclaimed();
    let text = all.iter().map(|x| x.letter.text.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<String>();
    assert!(text.contains("€800.00") && text.contains("1 December 2026"), "{text}");
    house.claim_all();
    assert!(house.verify().is_clean(), "{:#?}", house.verify());
}

#[tokio::test]
async fn what_is_disputed_beside_a_part_payment_stays_that_amount() {
    let house = TestHouse::new().await.heedless_of_mail();
    let marlow = house.who.marlow;
    let (id, _) = house.issue(marlow, 100_00, date(2026, 11, 30)).await;
    let receipt = house.pay(marlow, 60_00, vec![id]).await;
    recorded(&house, id, wish(Part::Amount(40_00))).await.unwrap();
    assert_eq!((newest(&house, id).part, disputed_sum(&house)), (Part::Amount(40_00), 40_00));
    returned(&house, receipt).await;
    assert_eq!((house.open(id), disputed_sum(&house)), (100_00, 40_00), "what comes back is asked for");
}

#[tokio::test]
async fn nobody_is_told_of_a_dispute_who_may_not_see_its_client_any_more() {
    let house = TestHouse::new().await.heedless_of_mail();
    let who = house.who;
    let (id, number) = house.issue(who.marlow, 100_00, date(2026, 11, 30)).await;
    raised_by(&house, who.ana, &number, wish(Part::Whole)).await.unwrap();
    house.act(who.orla, move |w, s| disputes::pass_on(w, s, id, who.tom, &dublin())).await.unwrap();
    house.tick().await;
    house.claim_all();
    let tom = house.app.store.read(|r| r.staff(who.tom)).unwrap().unwrap();
    let narrowed = people::NewStaff {
        name: tom.name,
        email: tom.email,
        role: Role::Member,
        only_clients: Some(vec![who.kestrel]),
        active: true,
        invite: false,
    };
    house.act(who.orla, move |w, s| people::change_staff(w, s, &dublin(), who.tom, &narrowed)).await.unwrap();
    house.tick().await;
    house.claim_all();
    let (by, pass) = (By { actor: Actor::Contact(who.ana), address: None }, Pass { contact: who.ana, only: None });
    let act = move |w: &mut WriteTx<'_>| disputes::withdraw(w, pass, &number, &dublin());
    house.app.store.write(by, house.app.now(), act).await.unwrap();
    house.tick().await;
    let told: Vec<String> = house.unclaimed().iter().map(|x| x.letter.to_address.to_string()).collect();
    assert!(told.iter().all(|to| !to.contains("tom@")) && told.iter().any(|to| to.contains("orla@")), "{told:?}");
    house.claim_all();
}

#[tokio::test]
async fn contacts_can_not_use_up_what_staff_record() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    for _ in 0..PER_INVOICE_MAX {
        raised_by(&house, house.who.ana, &number, wish(Part::Whole)).await.unwrap();
        withdraw(&house, id).await;
    }
    let full = raised_by(&house, house.who.ana, &number, wish(Part::Whole)).await;
    assert!(matches!(full, Err(ActError::Refused(Refusal::DisputesFull(_)))), "{full:?}");
    recorded(&house, id, wish(Part::Whole)).await.unwrap();
    assert_eq!(newest(&house, id).outcome, Outcome::Open);
}

#[tokio::test]
async fn what_staff_correct_of_a_dispute_is_not_taken_off_what_contacts_may() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    let first = raised_by(&house, house.who.ana, &number, wish(Part::Whole)).await.unwrap();
    let part = |n: u32| wish(Part::Amount(10_00 + i64::from(n)));
    let most = u32::try_from(PER_INVOICE_MAX).unwrap();
    for n in 0..most {
        let act = move |w: &mut WriteTx<'_>, s: &StaffScope| {
            disputes::change_recorded(w, s, id, (first, n), &part(n), &dublin())
        };
        house.act(house.who.tom, act).await.unwrap();
    }
    withdraw(&house, id).await;
    let second = raised_by(&house, house.who.ana, &number, wish(Part::Whole)).await.unwrap();
    // They raised two; what they change themselves counts.
    let change = async |n: u32| {
        let (by, pass) = (By { actor: Actor::Contact(house.who.ana), address: None }, pass_of(&house));
        let of = number.clone();
        let act = move |w: &mut WriteTx<'_>| disputes::change(w, pass, &of, (second, n), &part(n), &dublin());
        house.app.store.write(by, house.app.now(), act).await
    };
    for n in 0..most - 2 {
        change(n).await.unwrap();
    }
    let full = change(most - 2).await;
    assert!(matches!(full, Err(ActError::Refused(Refusal::DisputesFull(_)))), "{full:?}");
}

fn pass_of(house: &TestHouse) -> Pass {
    Pass { contact: house.who.ana, only: None }
}

#[tokio::test]
async fn what_was_typed_while_the_firm_agreed_is_kept_in_sight() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    let first = raised_by(&house, house.who.ana, &number, wish(Part::Whole)).await.unwrap();
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    let page = format!("/invoices/{}", number.in_url());
    ana.get(&page).await;
    uphold(&house, id).await;
    let (post, seen) = (format!("{page}/dispute"), format!("{first}-0"));
    let typed = "The second box was broken as well, and the third came late.";
    let change = [("seen", seen.as_str()), ("ground", "quality"), ("words", typed)];
    for fields in [&change[..], &change[1..]] {
        let refused = ana.post(&post, fields).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        let text = refused.text();
        assert!(text.contains("waits for its credit note") && text.contains(typed), "{text}");
    }
    assert!(!ana.get(&page).await.text().contains("Dispute this invoice"), "there is nothing to send meanwhile");
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    tom.get("/desk").await;
    let refused = tom.post(&format!("/desk/invoices/{id}/dispute"), &change[1..]).await;
    assert!(refused.text().contains("waits for its credit note") && refused.text().contains(typed));
}

#[tokio::test]
async fn what_a_contact_typed_while_it_was_paid_or_without_the_right_is_kept_in_sight() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, number) = of_lines(&house, &[60_00, 40_00], date(2026, 11, 30)).await;
    let (page, typed) = (format!("/invoices/{}", number.in_url()), "The second box was broken,\nand the third <late>.");
    let dispute = [("lines", "1"), ("ground", "quality"), ("words", typed)];
    let promise = [("day", "2026-12-01"), ("amount", "100"), ("note", typed)];
    let kept = "<span class=\"pre\">The second box was broken,\nand the third &lt;late&gt;.</span>";
    let mut peter = signed_in(&house, "peter@marlow.example").await;
    peter.get(&page).await;
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    ana.get(&page).await;
    let first = raised_by(&house, house.who.ana, &number, wish(Part::Whole)).await.unwrap();
    house.pay(house.who.marlow, 100_00, vec![id]).await;
    let seen = format!("{first}-0");
    let change = [&[("seen", seen.as_str())][..], &dispute[..]].concat();
    for (path, fields, says) in [
        ("dispute", &dispute[..], "Not as agreed, or defective"),
        ("dispute", &change, "<dd>Advice</dd>"),
        ("promise", &promise, "2026-12-01"),
    ] {
        let refused = ana.post(&format!("{page}/{path}"), fields).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        let text = refused.text();
        for part in ["Nothing of this invoice is open any more.", "What you typed, not sent", kept, says] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("Send the dispute") && !text.contains("Promise this payment"), "{text}");
        let refused = peter.post(&format!("{page}/{path}"), fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(refused.text().contains(kept), "{}", refused.text());
    }
    assert!(!ana.get(&page).await.text().contains("What you typed"));
}

#[tokio::test]
async fn an_answer_to_a_dispute_that_ended_meanwhile_is_kept_in_sight() {
    let house = TestHouse::new().await.heedless_of_mail();
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    recorded(&house, id, wish(Part::Whole)).await.unwrap();
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    let (page, typed) = (format!("/desk/invoices/{id}"), "Three were signed for <here>.");
    let post = format!("{page}/dispute/answer");
    tom.get(&format!("{page}/dispute")).await;
    withdraw(&house, id).await;
    let refused = tom.post(&post, &[("verdict", "reject"), ("answer", typed)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = refused.text();
    for part in ["was not sent", "Withdrawn on", "You do not agree", "Three were signed for &lt;here&gt;."] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let nothing = tom.post(&post, &[("verdict", "uphold"), ("answer", "")]).await;
    assert_eq!((nothing.status, nothing.location()), (StatusCode::SEE_OTHER, page.as_str()), "nothing is lost");
    recorded(&house, id, wish(Part::Amount(1_00))).await.unwrap();
    for _ in 0..2 {
        let done = tom.post(&post, &[("verdict", "reject"), ("answer", typed)]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "pressed twice, answered once: {}", done.text());
    }
}
