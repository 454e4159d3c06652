//! The calendar of reminders: working days, public holidays of a country and from a file, and the clocks of whoever is
//! written to.

use axum::http::StatusCode;
use counterfoil::actions::{people, policies};
use counterfoil::domain::access::StaffScope;
use counterfoil::domain::calendar::Zone;
use counterfoil::domain::ids::ContactId;
use counterfoil::domain::policy::Policy;
use counterfoil::store::prelude::*;
use jiff::SignedDuration;
use jiff::civil::{Date, Weekday, date};

use crate::auth::signed_in;
use crate::gates::world::multipart;
use crate::hostile::forms::forms_of;
use crate::house::{TestHouse, dublin, new_contact, rights};

const PAGE: &str = "/desk/reminders/policy";

async fn change(house: &TestHouse, edit: impl FnOnce(&mut Policy)) {
    let kept = house.app.store.read(|r| r.policy_now()).unwrap();
    let mut policy = kept.policy;
    edit(&mut policy);
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| policies::change(w, s, kept.version, &policy, "tried it");
    house.act(house.who.orla, act).await.unwrap();
}

fn off(policy: &mut Policy, day: Date, name: &str) {
    policy.days.holidays.insert(day, name.to_owned());
}

pub(super) async fn by_clocks_of(house: &TestHouse, contact: ContactId, zone: &str) {
    let old = house.app.store.read(|r| r.contact(contact)).unwrap().unwrap();
    let new = people::NewContact {
        name: old.name,
        title: old.title,
        email: old.email,
        phone: old.phone,
        language: old.language,
        zone: Some(Zone::parse("zone", zone).unwrap()),
        rights: old.rights,
        leads: old.leads,
        invite: false,
    };
    let act = move |w: &mut WriteTx<'_>, s: &StaffScope| people::change_contact(w, s, &dublin(), contact, &new);
    house.act(house.who.orla, act).await.unwrap();
}

/// Lives until a day, an hour at a time; when letters left, by Dublin's clocks.
async fn live(house: &TestHouse, until: Date) -> Vec<String> {
    let mut out = Vec::new();
    while dublin().to_datetime(house.app.now()).date() <= until {
        house.tick().await;
        let at = dublin().to_datetime(house.app.now()).strftime("%Y-%m-%d %H:%M").to_string();
        out.extend((0..house.claim_all()).map(|_| at.clone()));
        house.later(SignedDuration::from_hours(1));
    }
    out
}

#[tokio::test]
async fn a_holiday_moves_steps_and_the_pages_say_why() {
    let house = TestHouse::new().await;
    change(&house, |policy| {
        off(policy, date(2026, 12, 8), "Feast of the Conception");
        off(policy, date(2026, 12, 24), "Christmas Eve");
    })
    .await;
    let (id, number) = house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    house.issue(house.who.kestrel, 100_00, date(2026, 12, 31)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let moved = "moved from Tuesday 8 December: Feast of the Conception";
    let page = orla.get(&format!("/desk/invoices/{id}")).await.text();
    assert!(page.contains(moved), "{page}");
    let ahead = orla.get("/desk/reminders").await.text();
    assert!(ahead.contains(&moved.replace("moved", "Moved")) && ahead.contains(number.as_str()), "{ahead}");
    let went = live(&house, date(2026, 12, 23)).await;
    // The week before the 31st would be the 24th.
    let days = ["2026-11-23 09:00", "2026-11-23 09:00", "2026-11-24 08:00", "2026-12-01 08:00", "2026-12-09 08:00"];
    assert_eq!(went[..5], days);
    assert_eq!(went[5..], ["2026-12-15 08:00", "2026-12-23 08:00"]);
}

#[tokio::test]
async fn a_changed_calendar_moves_only_what_was_not_sent() {
    let house = TestHouse::new().await;
    house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    let went = live(&house, date(2026, 12, 7)).await;
    assert_eq!(went, ["2026-11-23 09:00", "2026-11-24 08:00", "2026-12-01 08:00"]);
    // The 24th of November was a holiday after all: nothing goes again. The 15th of December comes to be one.
    change(&house, |policy| {
        off(policy, date(2026, 11, 24), "Too late");
        off(policy, date(2026, 12, 15), "In time");
        let week = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Friday];
        let holidays = std::mem::take(&mut policy.days.holidays);
        policy.days = counterfoil::domain::working_days::WorkingDays::new(week, holidays);
    })
    .await;
    assert_eq!(live(&house, date(2026, 12, 20)).await, ["2026-12-08 08:00", "2026-12-16 08:00"]);
}

#[tokio::test]
async fn a_letter_that_waits_does_not_go_on_a_day_that_became_a_holiday() {
    let house = TestHouse::new().await;
    house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
    live(&house, date(2026, 11, 30)).await;
    house.at(date(2026, 12, 1), 8);
    house.mail.answer_next(counterfoil::mail::Verdict::Deferred { reason: "busy".to_owned() });
    house.tick().await;
    change(&house, |policy| off(policy, date(2026, 12, 1), "A sudden one")).await;
    assert_eq!(live(&house, date(2026, 12, 2)).await, ["2026-12-02 08:00"]);
}

#[tokio::test]
async fn letters_come_when_it_is_morning_where_they_are_read() {
    for (zone, first) in [
        ("America/New_York", "2026-12-01 13:00"),
        ("Asia/Tokyo", "2026-11-30 23:00"),
        ("Pacific/Auckland", "2026-11-30 19:00"),
        ("Pacific/Honolulu", "2026-12-01 18:00"),
        ("Europe/Dublin", "2026-12-01 08:00"),
    ] {
        let house = TestHouse::new().await;
        house.issue(house.who.marlow, 100_00, date(2026, 12, 1)).await;
        live(&house, date(2026, 11, 29)).await;
        by_clocks_of(&house, house.who.ana, zone).await;
        let went = live(&house, date(2026, 12, 1)).await;
        assert_eq!(went, [first], "{zone}");
        let letters = house.app.store.read(|r| r.letters(None, 1)).unwrap();
        assert!(letters[0].subject.starts_with("Due today"), "{zone}: {}", letters[0].subject);
    }
}

#[tokio::test]
async fn a_calendar_file_fills_the_form_and_nothing_is_kept_before_it_is_looked_through() {
    let house = TestHouse::new().await;
    house.issue(house.who.marlow, 100_00, date(2026, 12, 11)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let file = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\n\
        BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20201218\r\nRRULE:FREQ=YEARLY\r\n\
        SUMMARY:Founder’s Day\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:2\r\nDTSTART:20261201T100000Z\r\nSUMMARY:Stand-up\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let ask = format!("{PAGE}/holidays");
    orla.get(&ask).await;
    let token = orla.token().to_owned();
    let shown = multipart(&mut orla, &ask, &[("csrf", &token)], Some(file.as_bytes())).await;
    let text = shown.text();
    assert_eq!(shown.status, StatusCode::OK, "{text}");
    for part in [
        "The file has 11 holidays",
        "Stand-up: it is at a time of day",
        "2026-12-18 Founder’s Day",
        "something changes for",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(house.app.store.read(|r| r.policy_now()).unwrap().version, 0, "nothing is kept yet");
    let edit = format!("{PAGE}/edit");
    let mut form = forms_of(&text).into_iter().find(|f| f.action == edit).unwrap();
    form.set("reason", "The year ahead");
    form.set("do", "save");
    let kept = orla.post(&edit, &form.pairs()).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text());
    let page = orla.get(PAGE).await.text();
    for part in ["Friday 18 December", "Founder’s Day", "18 December 2036", "Added: 11 public holidays"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let none = multipart(&mut orla, &ask, &[("csrf", &token)], Some(b"%PDF-1.7")).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text().contains("This is no calendar file"));
    let mut none = forms_of(&orla.get(&edit).await.text()).into_iter().find(|f| f.action == edit).unwrap();
    none.fields.retain(|x| x.name != "weekdays");
    none.set("holidays", "2026-12-25 Christmas\nBoxing Day");
    none.set("do", "check");
    let refused = orla.post(&edit, &none.pairs()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Line 2: begin it with a date"), "{}", refused.text());
}

#[tokio::test]
async fn a_country_s_holidays_fill_the_form_and_are_kept_with_the_policy() {
    let house = TestHouse::new().await;
    house.issue(house.who.marlow, 100_00, date(2026, 12, 11)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let (ask, edit) = (format!("{PAGE}/holidays"), format!("{PAGE}/edit"));
    let page = orla.get(&ask).await.text();
    assert!(page.contains("<option value=\"Ireland\" selected"), "the firm’s own country: {page}");
    let country = format!("{ask}/country");
    let none = orla.post(&country, &[("country", "Atlantis")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(none.text().contains("Choose a country from the list"));
    let shown = orla.post(&country, &[("country", "Ireland")]).await;
    let text = shown.text();
    assert_eq!(shown.status, StatusCode::OK, "{text}");
    for part in ["public holidays of Ireland until 2036", "2027-03-17", "something changes for"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(house.app.store.read(|r| r.policy_now()).unwrap().version, 0, "nothing is kept yet");
    let mut form = forms_of(&text).into_iter().find(|f| f.action == edit).unwrap();
    form.set("reason", "Public holidays");
    form.set("do", "save");
    assert_eq!(orla.post(&edit, &form.pairs()).await.status, StatusCode::SEE_OTHER);
    let kept = house.app.store.read(|r| r.policy_now()).unwrap().policy.days;
    assert!(!kept.works(date(2026, 12, 25)) && !kept.works(date(2027, 3, 17)) && kept.works(date(2026, 12, 24)));
    // In place of them, another country's.
    let shown = orla.post(&country, &[("country", "Germany"), ("replace", "on")]).await.text();
    assert!(shown.contains("2027-10-03") && !shown.contains("2027-03-17"), "{shown}");
}

#[tokio::test]
async fn before_an_invoice_goes_out_its_plan_follows_the_clocks_of_whoever_gets_its_reminders() {
    let house = TestHouse::new().await.heedless_of_mail();
    let draft = house.draft(house.who.marlow, 100_00, date(2026, 12, 23)).await;
    let mut orla = signed_in(&house, "orla@hartmann.example").await;
    let preview = format!("/desk/invoices/{draft}/preview");
    let edit = format!("/desk/invoices/{draft}/edit");
    for page in [orla.get(&preview).await.text(), orla.get(&edit).await.text()] {
        let plan = page.split("id=\"then\"").nth(1).unwrap();
        assert!(plan.contains("16 Dec") && !plan.contains("15 Dec"), "{plan}");
    }
    // Eight in the morning in Auckland is the evening before in Dublin.
    by_clocks_of(&house, house.who.ana, "Pacific/Auckland").await;
    for page in [orla.get(&preview).await.text(), orla.get(&edit).await.text()] {
        let plan = page.split("id=\"then\"").nth(1).unwrap();
        assert!(plan.contains("15 Dec") && !plan.contains("16 Dec"), "{plan}");
    }
    let (by, scope) = (house.by(house.who.tom), house.scope(house.who.tom));
    counterfoil::actions::invoices::issue(&house.app, by, &scope, draft).await.unwrap();
    let (settings, now) = (&house.app.settings, house.app.now());
    let until = now + SignedDuration::from_hours(24 * 25);
    let all =
        house.app.store.read(|r| counterfoil::actions::outlook::outlook(r, settings, now, until, |_| true)).unwrap();
    assert_eq!(dublin().to_datetime(all.coming[0].at).to_string(), "2026-12-15T19:00:00", "as the scheduler does it");
}

#[tokio::test]
async fn where_it_is_still_the_day_before_a_reminder_waits_for_the_morning() {
    let house = TestHouse::new().await;
    let new = new_contact("Nell York", "nell@marlow.example", rights(true, true, true));
    let marlow = house.who.marlow;
    let add = move |w: &mut WriteTx<'_>, s: &StaffScope| people::add_contact(w, s, marlow, &new);
    let nell = house.act(house.who.orla, add).await.unwrap();
    by_clocks_of(&house, house.who.ana, "Pacific/Auckland").await;
    by_clocks_of(&house, nell, "America/New_York").await;
    house.issue(marlow, 100_00, date(2026, 12, 23)).await;
    house.tick().await;
    assert_eq!(house.claim_all(), 2);
    // Eight in the morning of the 16th in Auckland: two in the afternoon of the 15th in New York, when letters go.
    house.at(date(2026, 12, 15), 19);
    house.tick().await;
    house.claim("ana@marlow.example");
    assert_eq!(house.unclaimed().len(), 0, "a week before is the 16th in New York too");
    house.at(date(2026, 12, 16), 12);
    house.tick().await;
    assert_eq!(house.unclaimed().len(), 0);
    house.at(date(2026, 12, 16), 13);
    house.tick().await;
    house.claim("nell@marlow.example");
}
