//! The payer score: its bounds, what moves it, and that it can be made again.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::domain::dispute::Outcome;
use crate::domain::ids::AllocationId;
use crate::domain::promise::{Part, Promise};
use crate::domain::terms::Instalment;

const ON: Date = date(2026, 11, 27);

fn back(days: i64) -> Date {
    ON.saturating_sub(Span::new().days(days))
}

fn paid(on: Date, amount: i64) -> Settlement {
    Settlement { on, until: None, amount, how: How::Paid }
}

/// An invoice due `days` before the day, of 30 days.
fn due(id: u64, days: i64, payable: i64, settled: Vec<Settlement>) -> Owed {
    Owed {
        invoice: InvoiceId(id),
        currency: Currency::EUR,
        dated: back(days + 30),
        due: back(days),
        payable,
        terms: Terms::default(),
        settled,
    }
}

fn facts(owed: Vec<Owed>) -> Facts {
    Facts { owed, promises: Vec::new(), disputes: Vec::new(), since: Some(back(1_000)) }
}

#[test]
fn whoever_always_pays_in_time_has_a_hundred() {
    let all = facts(vec![due(1, 300, 100, vec![paid(back(301), 100)]), due(2, 30, 100, vec![paid(back(30), 100)])]);
    let score = score(&all, ON).unwrap();
    assert_eq!((score.points, score.invoices), (100, 2));
    assert_eq!(score.reasons.iter().map(|x| x.matter).collect::<Vec<_>>(), Matter::ALL);
    assert_eq!(score.reasons[0].sentence, "100% of what was due on 2 invoices was paid by its due date.");
    assert_eq!(suggested_limit(&all, &score, Currency::EUR, ON), Some(Money::new(50, Currency::EUR)));
}

#[test]
fn whoever_never_pays_has_next_to_nothing() {
    let all = Facts { since: None, ..facts(vec![due(1, 200, 100, vec![]), due(2, 150, 100, vec![])]) };
    let got = score(&all, ON).unwrap();
    assert_eq!(got.points, 30, "nothing but that it is not getting worse, and that nothing was promised or disputed");
    assert_eq!(got.reasons[1].sentence, "On average, weighted by amount, payments are 120 days late.");
}

/// A promise of 100 made 30 days before the day, by 20 days before it, and what settled its invoice.
fn promised(settled: Option<i64>) -> Promised {
    let of = Promise { made: back(30), day: back(20), ..Promise::of_test() };
    let part = |days| Part { id: AllocationId(11), on: back(days), until: None, amount: 100 };
    Promised { promise: of, parts: settled.map(part).into_iter().collect() }
}

#[test]
fn broken_promises_cost_points_and_none_cost_nothing() {
    let paid_late = vec![due(1, 25, 100, vec![paid(back(25), 100)])];
    let of = |promises: Vec<Promised>, on| {
        let score = score(&Facts { promises, ..facts(paid_late.clone()) }, on).unwrap();
        let reason = score.reasons.into_iter().find(|x| x.matter == Matter::Promises).unwrap();
        (reason.points, reason.sentence)
    };
    let told = |points, words: &str| (points, words.to_owned());
    assert_eq!(of(vec![], ON), told(10, "No promise to pay was broken."));
    assert_eq!(of(vec![promised(None)], ON), told(0, "The promise to pay was broken."));
    assert_eq!(of(vec![promised(None)], back(17)), told(10, "No promise to pay was broken."), "its grace counts");
    assert_eq!(of(vec![promised(Some(18))], ON), told(10, "The promise to pay was kept."));
    assert_eq!(of(vec![promised(Some(16)), promised(Some(20))], ON), told(5, "1 of 2 promises to pay was broken."));
    let both = vec![promised(Some(18)), promised(Some(20))];
    assert_eq!(of(both, ON), told(10, "All 2 promises to pay were kept."));
}

#[test]
fn rejected_disputes_cost_points_from_their_day_on_and_others_cost_nothing() {
    let in_time = vec![due(1, 25, 100, vec![paid(back(25), 100)])];
    let of = |outcomes: &[Outcome], on| {
        let dispute = |outcome: &Outcome| Dispute { made: back(20), outcome: *outcome, ..Dispute::of_test() };
        let disputes = outcomes.iter().map(dispute).collect();
        let score = score(&Facts { disputes, ..facts(in_time.clone()) }, on).unwrap();
        let reason = score.reasons.into_iter().find(|x| x.matter == Matter::Disputes).unwrap();
        (reason.points, reason.sentence)
    };
    let told = |points, words: &str| (points, words.to_owned());
    let (rejected, upheld) = (Outcome::Rejected(back(10)), Outcome::Upheld(back(10)));
    assert_eq!(of(&[], ON), told(5, "Nothing was disputed."));
    let fair = [Outcome::Open, upheld, Outcome::Withdrawn(back(9)), Outcome::Settled(back(9))];
    assert_eq!(of(&fair, ON), told(5, "No dispute was rejected."));
    assert_eq!(of(&[rejected], ON), told(3, "The dispute was rejected."));
    assert_eq!(of(&[rejected], back(11)), told(5, "No dispute was rejected."), "as of the day before");
    assert_eq!(of(&[rejected], back(21)), told(5, "Nothing was disputed."));
    assert_eq!(of(&[rejected, upheld, rejected, rejected], ON), told(0, "3 of 4 disputes were rejected."));
    assert_eq!(of(&[rejected, upheld], ON), told(3, "1 of 2 disputes was rejected."));
}

#[test]
fn nothing_is_said_while_nothing_is_due_or_paid() {
    assert_eq!(score(&facts(vec![]), ON), None);
    assert_eq!(score(&facts(vec![due(1, -10, 100, vec![])]), ON), None);
    assert_eq!(score(&facts(vec![due(1, 0, 100, vec![])]), ON), None, "due today is not overdue");
    assert_eq!(score(&facts(vec![due(1, 800, 100, vec![])]), ON), None, "before the 24 months");
}

#[test]
fn credits_say_nothing_and_what_was_given_up_was_never_paid() {
    let credit = Settlement { how: How::Credited, ..paid(back(90), 100) };
    assert_eq!(score(&facts(vec![due(1, 100, 100, vec![credit])]), ON), None);
    let lost = Settlement { how: How::WrittenOff, ..credit };
    let slices = due(1, 100, 100, vec![lost]).slices(ON);
    assert_eq!(slices, [Slice { due: back(100), amount: 100, paid: None }]);
}

#[test]
fn a_payment_that_came_back_counts_until_then_and_no_longer() {
    let bounced = Settlement { until: Some(back(5)), ..paid(back(20), 100) };
    let all = facts(vec![due(1, 20, 100, vec![bounced])]);
    assert_eq!(score(&all, back(6)).unwrap().points, 100);
    assert!(score(&all, back(5)).unwrap().points < 60);
}

#[test]
fn money_covers_the_earliest_instalment_first() {
    let instalments = vec![Instalment { due: back(60), amount: 40 }, Instalment { due: back(30), amount: 60 }];
    let terms = Terms { instalments, early: None };
    let owed = Owed { terms, ..due(1, 30, 100, vec![paid(back(60), 50), paid(back(10), 50)]) };
    let slice = |due, amount, paid| Slice { due: back(due), amount, paid: Some(back(paid)) };
    assert_eq!(owed.slices(ON), [slice(60, 40, 60), slice(30, 10, 60), slice(30, 50, 10)]);
}

#[test]
fn the_worst_paid_currency_stands_and_limits_have_two_figures() {
    let yen = Owed { currency: "JPY".parse().unwrap(), ..due(2, 90, 100, vec![]) };
    let all = facts(vec![due(1, 90, 12_345_600, vec![paid(back(91), 12_345_600)]), yen]);
    let score = score(&all, ON).unwrap();
    assert_eq!(score.currency.code(), "JPY");
    assert_eq!((two_figures(0), two_figures(99), two_figures(12_345)), (0, 99, 12_000));
    let limit = suggested_limit(&all, &score, Currency::EUR, ON).unwrap();
    assert!(limit.minor <= 12_345_600 / 4 && limit.minor % 10_000 == 0, "{limit:?}");
    assert_eq!(suggested_limit(&all, &score, "USD".parse().unwrap(), ON), None);
}

/// Invoices as (days since due, amount, days between due date and payment if any).
fn history() -> impl Strategy<Value = Vec<Owed>> {
    let one = (-30_i64..690, 1_i64..1_000_000, prop::option::of(-30_i64..200));
    prop::collection::vec(one, 1..12).prop_map(|all| {
        let owed = |(id, (days, amount, late)): (usize, (i64, i64, Option<i64>))| {
            let settled = late.map(|late| paid(back(days - late), amount)).into_iter().collect();
            due(id as u64, days, amount, settled)
        };
        all.into_iter().enumerate().map(owed).collect()
    })
}

fn without_trend(score: &Score) -> u32 {
    score.reasons.iter().filter(|x| x.matter != Matter::Trend).map(|x| u32::from(x.points)).sum()
}

proptest! {
    #[test]
    fn points_are_their_reasons_and_within_bounds(owed in history(), days in 0_i64..2_000) {
        let all = Facts { since: Some(back(days)), ..facts(owed) };
        if let Some(score) = score(&all, ON) {
            prop_assert!(score.points <= 100);
            prop_assert_eq!(u32::from(score.points), score.reasons.iter().map(|x| u32::from(x.points)).sum::<u32>());
            prop_assert!(score.reasons.iter().all(|x| x.points <= x.matter.most() && x.sentence.ends_with('.')));
            let limit = suggested_limit(&all, &score, Currency::EUR, ON).map_or(0, |x| x.minor);
            prop_assert!(limit >= 0);
        }
    }

    #[test]
    fn what_is_dated_later_changes_no_earlier_score(owed in history(), later in history(), days in 1_i64..300) {
        let day = back(days);
        let known = facts(owed.clone());
        let mut more = owed;
        for x in &mut more {
            x.settled.retain(|s| s.on <= day);
            x.settled.push(Settlement { on: ON, until: None, amount: 1, how: How::Paid });
        }
        more.retain(|x| x.dated <= day);
        more.extend(later.into_iter().filter(|x| x.dated > day));
        prop_assert_eq!(score(&known, day), score(&facts(more), day));
    }

    #[test]
    fn paying_sooner_never_costs_points(owed in history(), at in any::<prop::sample::Index>(), sooner in 1_i64..100) {
        let before = facts(owed.clone());
        let mut after = owed;
        let at = at.index(after.len());
        let (amount, due) = (after[at].payable, after[at].due);
        let by = after[at].settled.first().map_or(ON, |x| x.on);
        after[at].settled = vec![paid(by.saturating_sub(Span::new().days(sooner)).min(ON), amount)];
        let (Some(was), Some(is)) = (score(&before, ON), score(&facts(after), ON)) else { return Ok(()) };
        prop_assert!(without_trend(&is) >= without_trend(&was));
        // The trend compares: only what is recent makes it better by being paid sooner.
        if due > ON.saturating_sub(Span::new().months(RECENT_MONTHS)) {
            let trend = |x: &Score| x.reasons[2].points;
            let both = |x: &Score| x.reasons[2].sentence.contains("six months");
            prop_assert!(both(&is) != both(&was) || trend(&is) >= trend(&was));
        }
    }

    #[test]
    fn a_longer_relationship_never_costs_points(owed in history(), days in 0_i64..1_000, more in 0_i64..1_000) {
        let of = |days| score(&Facts { since: Some(back(days)), ..facts(owed.clone()) }, ON).map(|x| x.points);
        prop_assert!(of(days + more) >= of(days));
    }
}
