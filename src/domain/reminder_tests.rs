//! Tables and properties of reminders: weekends, publication, downtime, windows, daylight saving.

use super::*;
use crate::domain::calendar::Zone;
use jiff::{
    SignedDuration, Span,
    civil::{date, time},
};
use proptest::prelude::*;

fn dublin() -> Zone {
    Zone::parse("zone", "Europe/Dublin").unwrap()
}

fn at(text: &str) -> Timestamp {
    let (day, clock) = text.split_once(' ').unwrap();
    wall_clock(day.parse().unwrap(), clock.parse().unwrap(), &dublin())
}

fn local(instant: Timestamp) -> String {
    dublin().to_datetime(instant).strftime("%Y-%m-%d %H:%M").to_string()
}

/// The review of an invoice under the standard policy in Dublin.
fn look(due: Date, published: &str, settled: &[i16], now: &str) -> Review {
    let (policy, zone) = (Policy::standard(), dublin());
    let plan = plan(due, &policy, &zone);
    review(&plan, at(published), due, &settled.iter().copied().collect(), at(now), &zone, &policy)
}

/// Send, superseded, expired, skipped, wake: what a table can hold.
type Shown = (Option<(i16, Tone)>, Vec<i16>, Vec<i16>, Vec<i16>, Option<String>);

fn shown(review: &Review) -> Shown {
    (
        review.send.map(|x| (x.step, x.tone)),
        review.superseded.clone(),
        review.expired.clone(),
        review.skipped.clone(),
        review.wake.map(local),
    )
}

#[test]
fn the_standard_plan_of_a_friday_is_a_week_before_on_the_day_and_after() {
    let got: Vec<_> = plan(date(2026, 11, 27), &Policy::standard(), &dublin())
        .iter()
        .map(|x| (x.step, x.tone, local(x.at)))
        .collect();
    let want = [
        (-7, Tone::Upcoming, "2026-11-20 08:00"),
        (0, Tone::DueToday, "2026-11-27 08:00"),
        (7, Tone::Overdue, "2026-12-04 08:00"),
        (14, Tone::Firm, "2026-12-11 08:00"),
        (30, Tone::Final, "2026-12-28 08:00"), // the 27th is a Sunday
    ];
    assert_eq!(got, want.map(|(step, tone, at)| (step, tone, at.to_owned())));
}

#[test]
fn a_due_date_at_the_weekend_rolls_back_before_it_and_forward_after_it() {
    for day in [28, 29] {
        let got: Vec<_> = plan(date(2026, 11, day), &Policy::standard(), &dublin())
            .iter()
            .map(|x| (x.step, x.tone, local(x.at)))
            .collect();
        let last = if day == 28 { "2026-12-28 08:00" } else { "2026-12-29 08:00" };
        let want = [
            (-7, Tone::Upcoming, "2026-11-20 08:00"),
            (0, Tone::Overdue, "2026-11-30 08:00"), // on Monday it is not due today any more
            (7, Tone::Overdue, "2026-12-07 08:00"),
            (14, Tone::Firm, "2026-12-14 08:00"),
            (30, Tone::Final, last),
        ];
        assert_eq!(got, want.map(|(step, tone, at)| (step, tone, at.to_owned())));
    }
}

#[test]
fn the_wall_clock_stays_at_eight_across_daylight_saving() {
    // Clocks go back on 25 October 2026 and forward on 28 March 2027.
    for due in [date(2026, 10, 28), date(2027, 3, 31)] {
        for x in plan(due, &Policy::standard(), &dublin()) {
            assert!(local(x.at).ends_with(" 08:00"), "{due} {}", x.step);
        }
    }
    // A policy inside the gap sends at its end. Sundays have no sending, so a zone that changes on a weekday.
    let cairo = Zone::parse("zone", "Africa/Cairo").unwrap();
    let policy = Policy { at: time(0, 30, 0, 0), ..Policy::standard() };
    let due = date(2026, 4, 24);
    let step = plan(due, &policy, &cairo).into_iter().find(|x| x.step == 0).unwrap();
    assert_eq!(cairo.to_datetime(step.at).strftime("%F %T").to_string(), "2026-04-24 01:00:00");
    assert!(policy.sends_at(step.at, &cairo));
    assert!(!policy.sends_at(step.at - SignedDuration::from_secs(1), &cairo));
}

#[test]
fn reviews_follow_the_catch_up_rule() {
    let due = date(2026, 11, 27);
    let published = "2026-10-28 10:00";
    type Row =
        (&'static [i16], &'static str, Option<(i16, Tone)>, &'static [i16], &'static [i16], Option<&'static str>);
    let table: &[Row] = &[
        // On time.
        (&[], "2026-10-28 10:00", None, &[], &[], Some("2026-11-20 08:00")),
        (&[], "2026-11-20 07:59", None, &[], &[], Some("2026-11-20 08:00")),
        (&[], "2026-11-20 08:00", Some((-7, Tone::Upcoming)), &[], &[], Some("2026-11-27 08:00")),
        (&[-7], "2026-11-20 08:00", None, &[], &[], Some("2026-11-27 08:00")),
        (&[-7], "2026-11-27 08:00", Some((0, Tone::DueToday)), &[], &[], Some("2026-12-04 08:00")),
        // Hours late, still in the window; a minute after it; over the weekend.
        (&[], "2026-11-20 17:59", Some((-7, Tone::Upcoming)), &[], &[], Some("2026-11-27 08:00")),
        (&[], "2026-11-20 18:00", None, &[], &[], Some("2026-11-23 08:00")),
        (&[], "2026-11-21 12:00", None, &[], &[], Some("2026-11-23 08:00")),
        (&[], "2026-11-23 08:00", Some((-7, Tone::Upcoming)), &[], &[], Some("2026-11-27 08:00")),
        (&[], "2026-11-26 09:00", Some((-7, Tone::Upcoming)), &[], &[], Some("2026-11-27 08:00")),
        // Down until the day itself: the week's notice is superseded by today's.
        (&[], "2026-11-27 09:00", Some((0, Tone::DueToday)), &[-7], &[], Some("2026-12-04 08:00")),
        // Down past it: notice before the due date expires, and nothing says "due today".
        (&[], "2026-11-28 09:00", None, &[], &[-7], Some("2026-11-30 08:00")),
        (&[], "2026-11-30 09:00", Some((0, Tone::Overdue)), &[], &[-7], Some("2026-12-04 08:00")),
        (&[-7], "2026-12-04 07:00", None, &[], &[], Some("2026-12-04 08:00")),
        (&[-7], "2026-12-04 08:00", Some((7, Tone::Overdue)), &[0], &[], Some("2026-12-11 08:00")),
        // Down for weeks: one letter.
        (&[], "2026-12-15 11:00", Some((14, Tone::Firm)), &[0, 7], &[-7], Some("2026-12-28 08:00")),
        (&[-7, 0], "2027-03-01 08:00", Some((30, Tone::Final)), &[7, 14], &[], None),
        (&[-7, 0, 7, 14, 30], "2027-03-01 08:00", None, &[], &[], None),
        // A step older than one that went is never sent after it.
        (&[-7, 7], "2026-12-04 09:00", None, &[0], &[], Some("2026-12-11 08:00")),
        // A coming step that staff skipped beforehand supersedes nothing.
        (&[-7, 7], "2026-11-27 09:00", Some((0, Tone::DueToday)), &[], &[], Some("2026-12-11 08:00")),
    ];
    for (settled, now, send, superseded, expired, wake) in table {
        let got = look(due, published, settled, now);
        let want = (*send, superseded.to_vec(), expired.to_vec(), vec![], wake.map(str::to_owned));
        assert_eq!(shown(&got), want, "{now} after {settled:?}");
    }
}

#[test]
fn steps_before_publication_are_skipped_and_those_at_its_instant_are_not() {
    let due = date(2026, 11, 27);
    type Row = (&'static str, &'static [i16], Option<i16>, Option<&'static str>);
    let table: &[Row] = &[
        ("2026-11-20 07:59", &[], None, Some("2026-11-20 08:00")),
        ("2026-11-20 08:00", &[], Some(-7), Some("2026-11-27 08:00")),
        ("2026-11-20 08:01", &[-7], None, Some("2026-11-27 08:00")),
        ("2026-11-27 10:00", &[-7, 0], None, Some("2026-12-04 08:00")),
        // Published when long overdue: no "past due" letter the morning after.
        ("2026-12-09 16:00", &[-7, 0, 7], None, Some("2026-12-11 08:00")),
        // The 30th day is a Sunday and rolls to Monday; published in between, it is still skipped.
        ("2026-12-27 12:00", &[-7, 0, 7, 14, 30], None, None),
        ("2027-05-01 12:00", &[-7, 0, 7, 14, 30], None, None),
    ];
    for (published, skipped, send, wake) in table {
        let got = look(due, published, &[], published);
        assert_eq!(got.skipped, *skipped, "{published}");
        assert_eq!(got.send.map(|x| x.step), *send, "{published}");
        assert_eq!(got.wake.map(local).as_deref(), *wake, "{published}");
        assert!(got.superseded.is_empty() && got.expired.is_empty());
    }
}

#[test]
fn a_before_due_step_rolled_to_friday_is_skipped_when_published_after_it() {
    // Due Sunday the 29th: the week before is Sunday the 22nd, rolled to Friday the 20th.
    let got = look(date(2026, 11, 29), "2026-11-20 10:00", &[], "2026-11-20 10:00");
    assert_eq!((got.send, got.skipped), (None, vec![-7]));
}

#[test]
fn a_late_notice_may_still_go_on_the_due_date_and_says_so() {
    let mut policy = Policy::standard();
    policy.steps.truncate(1);
    policy.steps[0].offset = -3;
    let (due, zone) = (date(2026, 11, 27), dublin());
    let plan = plan(due, &policy, &zone);
    let on = |now| review(&plan, at("2026-11-01 10:00"), due, &BTreeSet::new(), at(now), &zone, &policy);
    assert_eq!(on("2026-11-27 12:00").send.map(|x| x.tone), Some(Tone::DueToday));
    assert_eq!(on("2026-11-27 18:30").wake.map(local).as_deref(), Some("2026-11-30 08:00"));
    let later = on("2026-11-30 08:00");
    assert_eq!((later.send, later.expired, later.wake), (None, vec![-3], None));
}

#[test]
fn a_policy_without_a_window_or_at_the_end_of_time_sends_nothing_and_ends() {
    let policy = Policy { window_end: time(7, 0, 0, 0), ..Policy::standard() };
    assert!(!policy.sends_at(at("2026-11-20 08:00"), &dublin()));
    assert_eq!(policy.next_opening(Timestamp::MAX, &dublin()), None);
    assert_eq!(plan(Date::MAX, &Policy::standard(), &dublin()).len(), 5);
    assert_eq!(plan(Date::MIN, &Policy::standard(), &dublin()).len(), 5);
}

/// Lives through an invoice's life, looking when woken but for `outages` (from, to in hours), and tells what went when.
fn live(due: Date, published: Timestamp, outages: &[(i64, i64)], zone: &Zone) -> Vec<(i16, Timestamp, &'static str)> {
    let policy = Policy::standard();
    let plan = plan(due, &policy, zone);
    let (mut settled, mut told, mut now) = (BTreeSet::new(), Vec::new(), published);
    loop {
        for (from, to) in outages {
            let (from, to) =
                (published + SignedDuration::from_hours(*from), published + SignedDuration::from_hours(*to));
            if (from..to).contains(&now) {
                now = to;
            }
        }
        let got = review(&plan, published, due, &settled, now, zone, &policy);
        let ends = [("superseded", &got.superseded), ("expired", &got.expired), ("skipped", &got.skipped)];
        told.extend(ends.iter().flat_map(|(word, steps)| steps.iter().map(|s| (*s, now, *word))));
        told.extend(got.send.map(|x| (x.step, now, "sent")));
        settled.extend(told.iter().map(|x| x.0));
        match got.wake {
            Some(wake) => {
                assert!(wake > now, "time goes on");
                now = wake;
            }
            None => return told,
        }
    }
}

proptest! {
    #[test]
    fn every_step_ends_exactly_once_whatever_the_downtime(
        day in 0_i32..2_000, lead in -40_i32..60, minutes in 0_i64..1_440, place in 0_usize..4,
        outages in prop::collection::vec((0_i64..2_000, 1_i64..900), 0..4),
    ) {
        let zone = Zone::parse("zone", ["Europe/Dublin", "America/New_York", "Pacific/Apia", "Africa/Cairo"][place]).unwrap();
        let due = date(2026, 1, 1) + Span::new().days(day);
        let midnight = wall_clock(due - Span::new().days(lead), time(0, 0, 0, 0), &zone);
        let published = midnight + SignedDuration::from_mins(minutes);
        let outages: Vec<(i64, i64)> = outages.into_iter().map(|(from, long)| (from, from + long)).collect();
        let told = live(due, published, &outages, &zone);
        let policy = Policy::standard();

        let mut steps: Vec<i16> = told.iter().map(|x| x.0).collect();
        steps.sort_unstable();
        prop_assert_eq!(steps, vec![-7, 0, 7, 14, 30]);
        let sent: Vec<_> = told.iter().filter(|x| x.2 == "sent").collect();
        prop_assert!(sent.windows(2).all(|x| x[0].0 < x[1].0 && x[0].1 < x[1].1));
        for x in plan(due, &policy, &zone) {
            let (_, when, word) = *told.iter().find(|t| t.0 == x.step).unwrap();
            prop_assert_eq!(word == "skipped", x.nominal.min(x.at) < published);
            if word == "sent" {
                prop_assert!(policy.sends_at(when, &zone) && when >= x.at && when >= published);
                prop_assert!(x.step >= 0 || today(when, &zone) <= due);
            }
            if outages.is_empty() && word != "skipped" {
                prop_assert_eq!((word, when), ("sent", x.at));
            }
            if word == "superseded" {
                prop_assert!(told.iter().any(|t| t.0 > x.step && t.2 != "skipped" && t.1 >= x.at));
            }
            if word == "expired" {
                prop_assert!(x.step < 0 && today(when, &zone) > due);
            }
        }
    }
}

#[test]
fn a_step_whose_condition_fails_gives_way_to_the_latest_missed_before_it() {
    let (policy, zone, due) = (Policy::standard(), dublin(), date(2026, 11, 27));
    let plan = plan(due, &policy, &zone);
    let settled = BTreeSet::from([-7, 0]);
    let on = |now: &str, holds: &dyn Fn(i16) -> bool| {
        review_if(&plan, at("2026-10-28 10:00"), due, &settled, at(now), &zone, &policy, holds)
    };
    let found = on("2026-12-14 09:00", &|step| step != 14);
    assert_eq!((found.send.map(|x| x.step), found.unmet, found.superseded), (Some(7), vec![14], vec![]));
    // Outside the window nothing is judged yet.
    assert_eq!(on("2026-12-12 09:00", &|step| step != 14).unmet, Vec::<i16>::new());
    let none = on("2026-12-14 09:00", &|_| false);
    assert_eq!((none.send, none.unmet, none.wake.map(local).as_deref()), (None, vec![14, 7], Some("2026-12-28 08:00")));
    assert_eq!(on("2026-12-14 09:00", &|_| true).send.map(|x| x.step), Some(14));
}

#[test]
fn a_change_settles_what_fell_before_it_and_what_went_at_another_place() {
    let (old, zone, due) = (Policy::standard(), dublin(), date(2026, 11, 30));
    let mut new = old.clone();
    new.steps.retain(|x| x.offset != 14);
    new.steps[2].offset = 10;
    for (id, offset) in [(11, 3), (12, 11)] {
        new.steps.push(Step { id, offset, ..new.steps[2].clone() });
    }
    let new = new.in_order();
    let planned = plan(due, &new, &zone);
    let on =
        |went: &[i16], changed: &str| overtaken(&old, &new, &planned, &went.iter().copied().collect(), at(changed));
    use Overtaken::{Fell, Went};
    assert_eq!(on(&[-7, 0, 7], "2026-12-09 12:00"), [(3, Fell), (10, Went)]);
    assert_eq!(on(&[-7, 0], "2026-12-05 12:00"), [(3, Fell)], "what moved and did not go yet goes at its new place");
    assert_eq!(on(&[], "2026-11-20 12:00"), [], "all ahead");
    assert_eq!(on(&[-7, 0, 7, 14], "2027-02-01 12:00"), [(3, Fell), (10, Went), (11, Fell)]);
}
