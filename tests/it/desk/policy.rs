//! The reminder policy: changing it on the desk with its effect shown first, versions, and what a change does to what
//! was and was not sent.

use axum::http::StatusCode;
use counterfoil::actions::reminders::Rules;
use counterfoil::actions::{people, policies, policy_past};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::event::{By, Event};
use counterfoil::domain::ids::InvoiceId;
use counterfoil::domain::letter::Purpose;
use counterfoil::domain::money::{Currency, Money};
use counterfoil::domain::policy::{Channel, Condition, Policy, Reach, ScoreBand, Step};
use counterfoil::domain::reminder::Tone;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::{Date, date};

use crate::auth::signed_in;
use crate::hostile::forms::forms_of;
use crate::house::{TestHouse, dublin, new_contact, rights};

const PAGE: &str = "/desk/reminders/policy";

async fn change(house: &TestHouse, edit: impl FnOnce(&mut Policy)) -> u32 {
    let kept = house.app.store.read(|r| r.policy_now()).unwrap();
    let mut policy = kept.policy;
    edit(&mut policy);
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, kept.version, &policy, "tried it");
    house.act(house.who.orla, act).await.unwrap()
}

fn step(id: u16, offset: i16) -> Step {
    let (to, copies, only) = (Reach::Billing, Vec::new(), Condition::default());
    Step { id, offset, tone: Tone::at(offset, Tone::Overdue), by: Channel::Letter, to, copies, only }
}

/// Lives until a day; the reminders that left: (day, step, who).
async fn live(house: &TestHouse, until: Date) -> Vec<(Date, i16, String)> {
    let mut out = Vec::new();
    let mut last = house.app.store.read(|r| r.letters(None, 1)).unwrap().first().map_or(0, |l| l.id.0);
    while dublin().to_datetime(house.app.now()).date() <= until {
        house.tick().await;
        house.claim_all();
        let new = house.app.store.read(|r| r.letters(None, 50)).unwrap();
        for letter in new.iter().rev().filter(|l| l.id.0 > last) {
            if let (Purpose::Reminder(_, step), "accepted") = (letter.purpose, letter.state.words()) {
                out.push((dublin().to_datetime(house.app.now()).date(), step, letter.to_address.to_string()));
            }
        }
        last = new.first().map_or(last, |l| l.id.0);
        house.later(SignedDuration::from_hours(4));
    }
    out
}

fn skipped(house: &TestHouse) -> Vec<(i16, String)> {
    let of = |e| if let Event::ReminderSkipped { step, reason, .. } = e { Some((step, reason)) } else { None };
    house.log().into_iter().filter_map(of).collect()
}

#[tokio::test]
async fn a_change_sends_nothing_late_and_nothing_twice() {
    let house = TestHouse::new().await;
    house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    let ana = || "ana@marlow.example".to_owned();
    let went = live(&house, date(2026, 12, 8)).await;
    assert_eq!(went, [(date(2026, 11, 30), 0, ana()), (date(2026, 12, 7), 7, ana())]);
    // On the 9th: the step of 7 days moves to 10, one of 3 days and one of 11 come, and the one of 14 goes.
    change(&house, |policy| {
        policy.steps.retain(|x| x.offset != 14);
        for x in policy.steps.iter_mut().filter(|x| x.offset == 7) {
            x.offset = 10;
        }
        policy.steps.extend([step(11, 3), step(12, 11)]);
    })
    .await;
    let went = live(&house, date(2027, 1, 31)).await;
    assert_eq!(went, [(date(2026, 12, 11), 11, ana()), (date(2026, 12, 30), 30, ana())]);
    let told = skipped(&house);
    assert!(told.contains(&(3, "it fell before the policy was changed".to_owned())), "{told:?}");
    assert!(told.iter().any(|x| x.0 == 10 && x.1.starts_with("it went already")), "{told:?}");
}

#[tokio::test]
async fn a_step_is_added_behind_the_last_one_of_an_invoice_whose_reminders_were_over() {
    let house = TestHouse::new().await;
    house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    live(&house, date(2027, 1, 20)).await;
    assert_eq!(house.app.store.read(|r| r.reminders_ahead(9)).unwrap(), []);
    change(&house, |policy| policy.steps.extend([step(11, 45), step(12, 60)])).await;
    let went: Vec<(Date, i16)> = live(&house, date(2027, 3, 1)).await.into_iter().map(|x| (x.0, x.1)).collect();
    // The 45th day, 8 January, is past.
    assert_eq!(went, [(date(2027, 1, 25), 60)]);
}

#[tokio::test]
async fn a_change_is_carried_out_wherever_it_was_broken_off() {
    let house = TestHouse::new().await;
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(house.issue(house.who.marlow, 100_00 + n, date(2026, 11, 30)).await.0);
    }
    live(&house, date(2026, 12, 4)).await;
    change(&house, |policy| policy.steps.push(step(11, 2))).await;
    let batch = |w: &mut WriteTx<'_>| {
        let rules = Rules::now(w, &dublin())?;
        policies::replan(w, &rules, 3)
    };
    let version = |id: InvoiceId| house.app.store.read(|r| r.policy_of(id, house.app.now())).unwrap();
    assert_eq!(house.app.store.housekeep(house.app.now(), batch).await.unwrap(), 3);
    assert_eq!(house.app.store.read(|r| r.replanning()).unwrap(), Some(ids[2]));
    // A second change before the first is through, then one round of the scheduler.
    change(&house, |policy| policy.steps.push(step(12, 20))).await;
    house.tick().await;
    assert_eq!(house.app.store.read(|r| r.replanning()).unwrap(), None);
    for id in &ids {
        assert_eq!(version(*id), 2);
        let steps = house.app.store.read(|r| r.reminder_steps(*id)).unwrap();
        assert_eq!(steps.iter().filter(|x| x.0 == 2).count(), 1, "settled by the first change");
        assert!(steps.iter().all(|x| x.0 != 20), "ahead");
    }
    assert_eq!(skipped(&house).iter().filter(|x| x.0 == 2).count(), 7, "told once of each");
}

#[tokio::test]
async fn a_letter_that_waits_of_a_step_that_is_gone_is_withdrawn() {
    let house = TestHouse::new().await;
    let (id, _) = house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    house.tick().await;
    house.claim_all();
    house.at(date(2026, 11, 24), 8);
    let look = move |w: &mut WriteTx<'_>| {
        let rules = Rules::now(w, &dublin())?;
        counterfoil::actions::reminders::look(w, id, &rules)
    };
    assert_eq!(house.app.store.housekeep(house.app.now(), look).await.unwrap(), 1);
    change(&house, |policy| policy.steps.retain(|x| x.offset != 0)).await;
    assert_eq!(house.tick().await.letters, 0);
    assert!(
        house.log().iter().any(|e| matches!(e, Event::LetterWithdrawn { reason, .. } if reason.contains("policy")))
    );
}

#[tokio::test]
async fn conditions_and_recipients_of_a_step_are_kept_to() {
    let house = TestHouse::new().await;
    let (marlow, tom) = (house.who.marlow, house.who.tom);
    let lead = people::NewContact {
        leads: true,
        ..new_contact("Paula Marlow", "paula@marlow.example", rights(true, true, false))
    };
    house.act(house.who.orla, move |w, s| people::add_contact(w, s, marlow, &lead)).await.unwrap();
    change(&house, |policy| {
        policy.steps[2].only.over = Some(Money::new(500_00, Currency::EUR));
        policy.steps[3].to = Reach::Lead;
        policy.steps[3].copies = vec![tom];
        policy.steps[4].only.unopened = true;
    })
    .await;
    let (_, number) = house.issue(marlow, 100_00, date(2026, 11, 24)).await;
    let went = live(&house, date(2026, 12, 14)).await;
    let told: Vec<(i16, &str)> = went.iter().map(|x| (x.1, x.2.as_str())).collect();
    assert_eq!(told, [(0, "ana@marlow.example"), (14, "paula@marlow.example"), (14, "tom@hartmann.example")]);
    let copy = house.app.store.read(|r| r.letters(None, 9)).unwrap();
    let copy = copy.iter().find(|l| l.to_address.to_string().starts_with("tom@")).unwrap();
    assert!(copy.text.contains("This is your copy of a letter to Marlow") && copy.link.is_none(), "{}", copy.text);
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    assert_eq!(ana.get(&format!("/invoices/{}", number.in_url())).await.status, StatusCode::OK);
    assert_eq!(live(&house, date(2027, 1, 5)).await, []);
    let told = skipped(&house);
    assert!(told.contains(&(7, "too little is open for this step".to_owned())), "{told:?}");
    assert!(told.contains(&(30, "the invoice was opened".to_owned())), "{told:?}");
}

#[tokio::test]
async fn a_step_for_a_band_of_scores_goes_to_those_who_pay_so_and_the_time_machine_sees_it() {
    let house = TestHouse::new().await;
    let (marlow, kestrel) = (house.who.marlow, house.who.kestrel);
    // Marlow pays nothing; of what Kestrel owes nearly all is paid in time.
    house.issue(marlow, 100_00, date(2026, 11, 24)).await;
    let (paid, _) = house.issue(kestrel, 10_000_00, date(2026, 11, 24)).await;
    house.issue(kestrel, 10_00, date(2026, 11, 24)).await;
    house.pay(kestrel, 10_000_00, vec![paid]).await;
    let slow = |policy: &mut Policy| {
        policy.steps.retain(|x| [0, 14, 30].contains(&x.offset));
        policy.steps[1].only.score = Some(ScoreBand { from: 0, to: 49 });
        policy.steps[2].only.score = Some(ScoreBand { from: 50, to: 100 });
    };
    change(&house, slow).await;
    let kate = house.app.store.read(|r| r.contacts_of(kestrel)).unwrap()[0].email.to_string();
    let went = live(&house, date(2026, 12, 28)).await;
    let told = |step| went.iter().filter(|x| x.1 == step).map(|x| x.2.as_str()).collect::<Vec<_>>();
    assert_eq!((told(14), told(30)), (vec!["ana@marlow.example"], vec![kate.as_str()]), "{went:?}");
    let outside = "the client’s payer score is outside the step’s band".to_owned();
    let skipped = skipped(&house);
    assert!(skipped.contains(&(14, outside.clone())) && skipped.contains(&(30, outside)), "{skipped:?}");
    // The same policy over what was: what went is what would have gone.
    let past = house.app.store.read(|r| {
        let policy = r.policy_now()?.policy;
        policy_past::past(r, &dublin(), &policy, house.app.now(), |_| true)
    });
    let past = past.unwrap();
    assert!(past.changed.is_empty() && past.did() == went.len(), "{past:?}, {went:?}");
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get(PAGE).await.text();
    assert!(page.contains("only to clients with a payer score 0 to 49"), "{page}");
    let edit = format!("{PAGE}/edit");
    let mut form = forms_of(&orla.get(&edit).await.text()).into_iter().find(|f| f.action == edit).unwrap();
    assert_eq!(form.fields.iter().find(|f| f.name == "score_to_1").unwrap().value, "49");
    form.set("do", "check");
    for (from, to, fault) in
        [("60", "40", "the lower one first"), ("x", "", "from 0 to 100"), ("", "101", "from 0 to 100")]
    {
        form.set("score_from_1", from);
        form.set("score_to_1", to);
        let refused = orla.post(&edit, &form.pairs()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{from} {to}");
        assert!(refused.text().contains(fault), "{from} {to}");
    }
}

#[tokio::test]
async fn a_step_by_telephone_waits_on_today_until_the_call_is_noted() {
    let house = TestHouse::new().await;
    change(&house, |policy| {
        policy.steps.retain(|x| [0, 14, 30].contains(&x.offset));
        policy.steps[1].by = Channel::Call;
    })
    .await;
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 11, 24)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let ahead = orla.get("/desk/reminders").await.text();
    assert!(ahead.contains("Staff are asked to call"), "{ahead}");
    let days = |went: Vec<(Date, i16, String)>| went.into_iter().map(|x| x.1).collect::<Vec<_>>();
    assert_eq!(days(live(&house, date(2026, 12, 7)).await), [0]);
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    assert!(!orla.get("/desk").await.text().contains("Calls to make"));
    assert_eq!(days(live(&house, date(2026, 12, 8)).await), [0_i16; 0], "no letter goes in its place");
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let call = format!("/desk/invoices/{id}/call");
    let page = orla.get("/desk").await.text();
    assert!(page.contains("Calls to make") && page.contains(&call) && page.contains("15 days"), "{page}");
    // That the client looks at it is no call.
    let mut ana = signed_in(&house, "ana@marlow.example").await;
    ana.get(&format!("/invoices/{}", number.in_url())).await;
    assert!(orla.get("/desk").await.text().contains(&call));
    let form = orla.get(&call).await.text();
    assert!(form.contains("€100.00 is open") && form.contains("Nobody answered"), "{form}");
    let bare = orla.post(&call, &[("reached", "no"), ("said", " ")]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bare.text().contains("Say what came of it"), "{}", bare.text());
    let done = orla.post(&call, &[("reached", "no"), ("said", "the line was busy")]).await;
    assert_eq!(done.location(), format!("/desk/invoices/{id}"));
    assert!(!orla.get("/desk").await.text().contains("Calls to make"));
    let page = orla.get(&format!("/desk/invoices/{id}")).await.text();
    for part in ["Staff were asked to call", "and reached nobody", "the line was busy"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let mut seen = signed_in(&house, "ana@marlow.example").await;
    let own = seen.get(&format!("/invoices/{}", number.in_url())).await.text();
    assert!(!own.contains("busy") && !own.contains("asked to call"), "{own}");
    assert_eq!(days(live(&house, date(2026, 12, 24)).await), [30], "the next step is a letter again");
    // Paid, nobody is to call any more.
    let (paid, _) = house.issue(house.who.kestrel, 50_00, date(2026, 12, 24)).await;
    live(&house, date(2027, 1, 7)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    assert!(orla.get("/desk").await.text().contains(&format!("/desk/invoices/{paid}/call")));
    house.pay(house.who.kestrel, 50_00, vec![paid]).await;
    assert!(!orla.get("/desk").await.text().contains("Calls to make"));
    let late = orla.post(&format!("/desk/invoices/{paid}/call"), &[("reached", "yes"), ("said", "x")]).await;
    assert!(late.status == StatusCode::UNPROCESSABLE_ENTITY && late.text().contains("Nothing is open"));
    assert!(house.verify().faults.is_empty(), "{:?}", house.verify().faults);
}

#[tokio::test]
async fn the_desk_shows_the_effect_before_it_keeps_a_policy() {
    let house = TestHouse::new().await;
    house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let edit = format!("{PAGE}/edit");
    let page = orla.get(&edit).await.text();
    let mut form = forms_of(&page).into_iter().find(|f| f.action == edit).unwrap();
    form.set("offset_2", "5");
    form.set("do", "check");
    let shown = orla.post(&edit, &form.pairs()).await;
    assert_eq!(shown.status, StatusCode::OK);
    let text = shown.text();
    for part in ["Of 1 open invoice, something changes for", "Changed: 5 days after it was due", "Keep this policy"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(house.app.store.read(|r| r.policy_now()).unwrap().version, 0, "nothing is kept yet");
    let mut form = forms_of(&text).into_iter().find(|f| f.action == edit).unwrap();
    form.set("do", "save");
    let refused = orla.post(&edit, &form.pairs()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "without a reason");
    form.set("reason", "Five days are enough");
    // Changed after it was looked at: the effect of that is shown first.
    form.set("offset_2", "6");
    let again = orla.post(&edit, &form.pairs()).await;
    assert_eq!(again.status, StatusCode::OK);
    assert!(again.text().contains("Changed: 6 days after it was due"));
    let mut form = forms_of(&again.text()).into_iter().find(|f| f.action == edit).unwrap();
    form.set("do", "save");
    let kept = orla.post(&edit, &form.pairs()).await;
    assert_eq!((kept.status, kept.location()), (StatusCode::SEE_OTHER, PAGE));
    let text = orla.get(PAGE).await.text();
    for part in
        ["Version 1: Five days are enough", "Orla Byrne", "before: 7 days after it was due", "6 days after it was due"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    let stale = orla.post(&edit, &form.pairs()).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY, "somebody kept one meanwhile");
    let mut tom = signed_in(&house, "tom@hartmann.example").await;
    assert!(!tom.get(PAGE).await.text().contains("Change the policy"));
    assert_eq!(tom.get(&edit).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn rows_come_and_go_without_a_script_and_faults_are_named() {
    let house = TestHouse::new().await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let edit = format!("{PAGE}/edit");
    let form = |text: &str| forms_of(text).into_iter().find(|f| f.action == edit).unwrap();
    let mut one = form(&orla.get(&edit).await.text());
    one.set("do", "add");
    let mut two = form(&orla.post(&edit, &one.pairs()).await.text());
    two.set("offset_5", "0");
    two.set("do", "remove-0");
    let mut three = form(&orla.post(&edit, &two.pairs()).await.text());
    assert_eq!((three.get("offset_0"), three.get("offset_4"), three.get("offset_5")), ("0", "0", ""));
    three.set("do", "check");
    let refused = orla.post(&edit, &three.pairs()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Two steps can’t fall on the same day"));
}

#[tokio::test]
async fn the_configuration_is_read_once_as_the_first_version() {
    let house = TestHouse::new().await;
    let early = Policy { at: jiff::civil::time(7, 30, 0, 0), ..Policy::standard() };
    let begin = move |w: &mut WriteTx<'_>| {
        w.by = By::job("setup");
        policies::begin(w, &early)
    };
    assert!(house.app.store.housekeep(house.app.now(), begin.clone()).await.unwrap());
    assert!(!house.app.store.housekeep(house.app.now(), begin).await.unwrap(), "once");
    let standard = |w: &mut WriteTx<'_>| policies::begin(w, &Policy::standard());
    assert!(!house.app.store.housekeep(house.app.now(), standard).await.unwrap());
    assert_eq!(house.app.store.read(|r| r.policy()).unwrap().at, jiff::civil::time(7, 30, 0, 0));
}

/// The time machine: what lies behind, under the policy that was kept, is what went; under another it has other days.
#[tokio::test]
async fn the_last_year_under_the_kept_policy_is_what_went_and_under_another_it_differs() {
    let house = TestHouse::new().await;
    house.issue(house.who.marlow, 100_00, date(2026, 11, 30)).await;
    let (paid, _) = house.issue(house.who.marlow, 200_00, date(2026, 12, 1)).await;
    live(&house, date(2026, 12, 10)).await;
    house.pay(house.who.marlow, 200_00, vec![paid]).await;
    live(&house, date(2027, 1, 20)).await;
    let past = |policy: &Policy| {
        let all = |_| true;
        house.app.store.read(|r| policy_past::past(r, &dublin(), policy, house.app.now(), all)).unwrap()
    };
    let kept = past(&Policy::standard());
    assert_eq!((kept.invoices, kept.changed.len(), kept.more), (2, 0, false), "{:?}", kept.changed);
    assert!(kept.did() > 4 && kept.did() == kept.would(), "{:?}", kept.months);
    assert_eq!(kept.months.len(), 13);

    let mut other = Policy::standard();
    other.steps.retain(|x| x.offset != 14);
    other.steps.extend([step(11, 3), step(12, 40)]);
    let tried = past(&other.in_order());
    assert_eq!(tried.changed.len(), 2);
    let of = |id: InvoiceId| tried.changed.iter().find(|x| x.row.invoice.id == id).unwrap();
    let days = |all: &[(i16, Date)]| all.iter().map(|x| x.0).collect::<Vec<_>>();
    assert_eq!(
        (days(&of(paid).before), days(&of(paid).after)),
        (vec![-7, 0, 7], vec![-7, 0, 3, 7]),
        "nothing after payment"
    );
    let open = tried.changed.iter().find(|x| x.row.invoice.id != paid).unwrap();
    assert_eq!(days(&open.after), [0, 3, 7, 30, 40]);
    assert_eq!(open.after[1].1, date(2026, 12, 3));

    let mut unopened = Policy::standard();
    unopened.steps.iter_mut().for_each(|x| x.only.over = Some(Money::new(150_00, Currency::EUR)));
    let tried = past(&unopened);
    assert_eq!(tried.would(), 3, "of the large one, until it was paid");

    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let page = orla.get("/desk/reminders/policy/past").await.text();
    assert!(page.contains("Of 2 invoices") && page.contains("It differs for 0."), "{page}");
}
