//! Promises to pay: what keeps and breaks one, as of any day, and what a wish may be.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

const MADE: Date = date(2026, 11, 20);

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// Made on 20 November: 100 by the 28th, with 3 days of grace, after the allocation 10.
fn promise() -> Promise {
    Promise::of_test()
}

fn part(id: u64, on: Date, amount: i64) -> Part {
    Part { id: AllocationId(id), on, until: None, amount }
}

#[test]
fn it_is_kept_through_its_grace_and_broken_from_the_day_after() {
    let (last, after) = (date(2026, 12, 1), date(2026, 12, 2));
    let of = |parts: &[Part], day| promise().now(parts, day);
    assert_eq!(of(&[], last), Outcome::Open, "the last day counts whole");
    assert_eq!(of(&[], after), Outcome::Broken(after));
    assert_eq!(of(&[part(11, last, 100)], after), Outcome::Kept(last));
    assert_eq!(of(&[part(11, after, 100)], after), Outcome::Broken(after), "a day too late");
    assert_eq!(of(&[part(11, last, 99)], after), Outcome::Broken(after), "a cent too little");
    let two = [part(12, date(2026, 11, 27), 60), part(11, date(2026, 11, 25), 40)];
    assert_eq!(of(&two, MADE), Outcome::Kept(date(2026, 11, 27)), "when the last part of it came");
    assert_eq!(of(&[part(10, last, 100)], last), Outcome::Open, "what had settled before it was made");
    assert_eq!(of(&[part(11, date(2026, 11, 2), 100)], last), Outcome::Kept(MADE), "dated before, known after");
}

#[test]
fn what_ended_stays_so_and_was_open_before() {
    for ended in [Outcome::Replaced(date(2026, 11, 24)), Outcome::Withdrawn(date(2026, 11, 24))] {
        let promise = Promise { outcome: ended, ..promise() };
        let paid = [part(11, date(2026, 11, 25), 100)];
        assert_eq!(promise.now(&paid, date(2026, 12, 24)), ended);
        assert_eq!(promise.as_of(&paid, date(2026, 11, 23)), Outcome::Open);
        assert_eq!(promise.as_of(&paid, date(2026, 11, 24)), ended);
        assert!(!promise.holds_on(date(2026, 11, 24)), "nothing is kept back any more");
    }
}

#[test]
fn each_field_of_a_wish_is_named() {
    let open = eur(100);
    let wish = |day, minor, note: &str| Wish { day, amount: eur(minor), note: note.to_owned() };
    let far = date(2026, 12, 21);
    let long = "x".repeat(NOTE_MAX + 1);
    let refused = wish(far, 101, &long).check(MADE, 30, open, Locale::default()).unwrap_err();
    let Refusal::Fields(all) = refused else { panic!("{refused}") };
    let fields: Vec<&str> = all.iter().map(|x| x.field.as_str()).collect();
    assert_eq!(fields, ["day", "amount", "note"]);
    assert_eq!(wish(date(2026, 12, 20), 100, " soon ").check(MADE, 30, open, Locale::default()).unwrap().note, "soon");
    assert_eq!(wish(MADE, 1, "").check(MADE, 30, open, Locale::default()).unwrap().day, MADE, "today is a day too");
    assert!(wish(date(2026, 11, 19), 1, "").check(MADE, 30, open, Locale::default()).is_err(), "yesterday is none");
    assert!(wish(MADE, 0, "").check(MADE, 30, open, Locale::default()).is_err());
    let yen = Wish { amount: Money::new(1, "JPY".parse().unwrap()), ..wish(MADE, 1, "") };
    assert!(yen.check(MADE, 30, open, Locale::default()).is_err());
    assert_eq!(amount("", open).unwrap(), open, "an empty field is all of it");
    assert_eq!(amount("12.50", open).unwrap(), eur(1_250));
    assert_eq!(amount("x", open).unwrap_err().field, "amount");
    assert_eq!(day("2026-11-28").unwrap(), date(2026, 11, 28));
    assert_eq!(day("28.11.").unwrap_err().field, "day");
}

#[test]
fn terms_have_limits() {
    let fields = |terms: Terms| {
        let mut faults = Faults::default();
        terms.check(&mut faults);
        match faults.check() {
            Err(Refusal::Fields(all)) => all.into_iter().map(|x| x.field).collect(),
            _ => Vec::new(),
        }
    };
    assert!(fields(Terms::default()).is_empty());
    assert_eq!(fields(Terms { days: 0, grace: 15 }), ["promise_days", "promise_grace"]);
    assert_eq!(fields(Terms { days: 181, grace: 14 }), ["promise_days"]);
}

#[test]
fn only_one_of_half_or_more_keeps_reminders_back_and_each_runs_to_its_end() {
    let last = date(2026, 12, 1);
    for (amount, open, holds) in [(100, 100, true), (50, 100, true), (49, 100, false), (1, 2, true), (1, 3, false)] {
        let promise = Promise { amount: eur(amount), open, ..promise() };
        assert_eq!((promise.holds_on(last), promise.keeps_back(), promise.runs_on(last)), (holds, holds, true));
        let ended = Promise { outcome: Outcome::Withdrawn(MADE), ..promise };
        assert!(!ended.holds_on(MADE) && !ended.keeps_back() && !ended.runs_on(MADE));
    }
    assert!(!promise().holds_on(date(2026, 12, 2)) && !promise().runs_on(date(2026, 12, 2)));
}

#[test]
fn kept_and_broken_ones_are_counted_as_of_a_day() {
    let paid = vec![part(11, date(2026, 11, 28), 100)];
    let all = [
        Promised { promise: promise(), parts: paid },
        Promised { promise: promise(), parts: Vec::new() },
        Promised { promise: Promise { amount: Money::new(1, "JPY".parse().unwrap()), ..promise() }, parts: Vec::new() },
        Promised { promise: Promise { outcome: Outcome::Withdrawn(MADE), ..promise() }, parts: Vec::new() },
    ];
    let on = |day| count(&all, Currency::EUR, date(2026, 1, 1), day);
    assert_eq!(on(date(2026, 11, 19)), Count::default(), "none was made yet");
    assert_eq!(on(date(2026, 11, 27)), Count::default(), "none is decided");
    assert_eq!(on(date(2026, 12, 1)), Count { kept: 1, broken: 0 });
    assert_eq!(on(date(2026, 12, 2)), Count { kept: 1, broken: 1 });
    assert_eq!(count(&all, Currency::EUR, date(2026, 11, 21), date(2027, 1, 1)), Count::default(), "too long ago");
}

fn day_of(offset: i32) -> Date {
    MADE.saturating_add(Span::new().days(offset))
}

prop_compose! {
    fn parts()(
        rows in prop::collection::vec((1_u64..30, -10_i32..25, 1_i64..80, prop::option::of(0_i32..20)), 0..8),
    ) -> Vec<Part> {
        rows.into_iter()
            .map(|(id, on, amount, back)| Part {
                id: AllocationId(id),
                on: day_of(on),
                until: back.map(|days| day_of(on + days)),
                amount,
            })
            .collect()
    }
}

proptest! {
    #[test]
    fn it_is_kept_by_as_much_as_was_promised_in_time_and_by_nothing_else(parts in parts(), today in -1_i32..25) {
        let (promise, today) = (promise(), day_of(today));
        let current: Vec<Part> = parts.into_iter().filter(|x| x.until.is_none()).collect();
        let in_time = current.iter().filter(|x| x.id.0 > 10 && x.on <= date(2026, 12, 1));
        let enough = in_time.map(|x| x.amount).sum::<i64>() >= 100;
        match promise.now(&current, today) {
            Outcome::Kept(on) => prop_assert!(enough && (MADE..=promise.last()).contains(&on)),
            Outcome::Open => prop_assert!(!enough && today <= promise.last()),
            Outcome::Broken(on) => prop_assert!(!enough && today >= on && on == date(2026, 12, 2)),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn the_order_does_not_matter_and_more_never_breaks_it(parts in parts(), more in parts(), today in -1_i32..25) {
        let (promise, today) = (promise(), day_of(today));
        let current = |all: &[Part]| -> Vec<Part> { all.iter().filter(|x| x.until.is_none()).copied().collect() };
        let (few, mut many) = (current(&parts), current(&parts));
        let backwards: Vec<Part> = few.iter().rev().copied().collect();
        prop_assert_eq!(promise.now(&few, today), promise.now(&backwards, today));
        many.extend(current(&more));
        if let Outcome::Kept(on) = promise.now(&few, today) {
            let still = promise.now(&many, today);
            prop_assert!(matches!(still, Outcome::Kept(earlier) if earlier <= on), "{still:?}");
        }
    }

    #[test]
    fn what_is_dated_later_changes_nothing_of_an_earlier_day(parts in parts(), later in parts(), day in -1_i32..25) {
        let (promise, day) = (promise(), day_of(day));
        let mut all = parts.clone();
        all.extend(later.into_iter().filter(|x| x.on > day));
        prop_assert_eq!(promise.as_of(&parts, day), promise.as_of(&all, day));
        let not_back = |x: &Part| Part { until: x.until.filter(|until| *until <= day), ..*x };
        let before: Vec<Part> = parts.iter().map(not_back).collect();
        prop_assert_eq!(promise.as_of(&parts, day), promise.as_of(&before, day));
    }

    #[test]
    fn what_is_taken_back_never_keeps_it(parts in parts(), today in 12_i32..25) {
        let (promise, today) = (promise(), day_of(today));
        let back = |x: &Part| Part { until: Some(x.on), ..*x };
        let gone: Vec<Part> = parts.iter().map(back).collect();
        prop_assert_eq!(promise.as_of(&gone, today), Outcome::Broken(date(2026, 12, 2)));
        prop_assert!(!promise.holds_on(today));
    }
}
