//! Late interest by hand-reckoned examples, and what holds for any invoice.

use super::*;
use crate::domain::money::Currency;
use crate::domain::score::Settlement;
use crate::domain::terms::{Instalment, Terms};
use jiff::Span;
use jiff::civil::date;
use proptest::prelude::*;

fn rate(text: &str) -> YearlyRate {
    YearlyRate::parse("rate", text).unwrap()
}

fn from(day: Date, text: &str) -> RateFrom {
    RateFrom { from: day, rate: rate(text) }
}

fn owed(payable: i64, due: Date, settled: Vec<Settlement>) -> Owed {
    let (invoice, currency, terms) = (InvoiceId(1), Currency::EUR, Terms::default());
    Owed { invoice, currency, dated: due, due, payable, terms, settled }
}

fn on(day: Date, amount: i64, how: How) -> Settlement {
    Settlement { on: day, until: None, amount, how }
}

/// From, to, open and interest of each stretch.
fn told(found: &Accrued) -> Vec<(Date, Date, i64, i64)> {
    found.stretches.iter().map(|x| (x.from, x.to, x.open, x.interest)).collect()
}

const DUE: Date = date(2026, 9, 30);

fn table() -> Vec<RateFrom> {
    vec![from(date(2026, 1, 1), "10.15"), from(date(2027, 1, 1), "10.5")]
}

#[test]
fn fifty_one_days_are_reckoned_as_the_example_on_paper() {
    let found = accrued(&owed(120_000, DUE, vec![]), &table(), &[], date(2026, 11, 20));
    // 1,200.00 × 10.15% × 51 ÷ 365 = 17.0186…
    assert_eq!(told(&found), [(date(2026, 10, 1), date(2026, 11, 20), 120_000, 1_702)]);
    assert_eq!((found.stretches[0].days(), found.days_late(), found.interest()), (51, 51, 1_702));
    assert_eq!(accrued(&owed(120_000, DUE, vec![]), &table(), &[], DUE), Accrued::default(), "due today is not late");
}

#[test]
fn another_rate_since_changes_nothing_on_the_days_that_were_charged() {
    let (whole, through) = (owed(120_000, DUE, vec![]), date(2026, 11, 20));
    let charged = accrued(&whole, &table(), &[], through).stretches;
    let other = [from(date(2026, 1, 1), "12"), from(date(2026, 10, 15), "13")];
    let rates = as_charged(&other, &charged);
    assert_eq!(accrued(&whole, &rates, &[], through).stretches, charged);
    assert_eq!(
        rates.iter().map(|x| x.from).collect::<Vec<_>>(),
        [date(2026, 1, 1), date(2026, 10, 1), date(2026, 11, 21)]
    );
    assert_eq!(rates[2].rate, rate("13"), "later days cost what they do now");
}

#[test]
fn a_payment_counts_from_the_end_of_its_day_and_a_rate_from_its_first() {
    let part = on(date(2026, 10, 10), 20_000, How::Paid);
    let rest = on(date(2027, 1, 5), 100_000, How::Paid);
    let found = accrued(&owed(120_000, DUE, vec![rest, part]), &table(), &[], date(2027, 3, 1));
    let days = |at: usize| found.stretches[at].days();
    assert_eq!((days(0), days(1), days(2)), (10, 82, 5));
    assert_eq!(told(&found)[0], (date(2026, 10, 1), date(2026, 10, 10), 120_000, 334));
    assert_eq!(told(&found)[1], (date(2026, 10, 11), date(2026, 12, 31), 100_000, 2_280));
    assert_eq!(told(&found)[2], (date(2027, 1, 1), date(2027, 1, 5), 100_000, 144));
    assert_eq!(found.late, Some((date(2026, 10, 1), date(2027, 1, 5))), "paid, nothing more accrues");
    let in_time = accrued(&owed(120_000, DUE, vec![on(DUE, 120_000, How::Paid)]), &table(), &[], date(2027, 3, 1));
    assert_eq!(in_time, Accrued::default());
}

#[test]
fn what_was_credited_was_never_owed_and_what_is_given_up_accrues_no_more() {
    let day = date(2026, 10, 31);
    let credit = on(date(2026, 12, 1), 20_000, How::Credited);
    let found = accrued(&owed(120_000, DUE, vec![credit]), &table(), &[], day);
    assert_eq!(told(&found), [(date(2026, 10, 1), day, 100_000, 862)]);
    let whole = on(date(2026, 12, 1), 120_000, How::Credited);
    assert_eq!(accrued(&owed(120_000, DUE, vec![whole]), &table(), &[], day), Accrued::default());
    let given_up = on(date(2026, 10, 5), 120_000, How::WrittenOff);
    assert_eq!(accrued(&owed(120_000, DUE, vec![given_up]), &table(), &[], day).days_late(), 5);
}

#[test]
fn each_instalment_is_late_from_its_own_day_and_money_covers_the_earliest() {
    let at = |month, amount| Instalment { due: date(2026, month, 15), amount };
    let terms = Terms { instalments: vec![at(1, 50_000), at(2, 30_000), at(3, 20_000)], early: None };
    let paid = on(date(2026, 2, 20), 50_000, How::Paid);
    let all = Owed { terms, ..owed(100_000, date(2026, 3, 15), vec![paid]) };
    let found = accrued(&all, &table(), &[], date(2026, 3, 17));
    let open: Vec<(Date, i64)> = found.stretches.iter().map(|x| (x.from, x.open)).collect();
    let expected = [
        (date(2026, 1, 16), 50_000),
        (date(2026, 2, 16), 80_000),
        (date(2026, 2, 21), 30_000),
        (date(2026, 3, 16), 50_000),
    ];
    assert_eq!(open, expected);
}

#[test]
fn what_was_charged_before_is_not_charged_again_and_a_day_between_is() {
    let owed = owed(120_000, DUE, vec![]);
    let stretch = |from, to, open| Stretch { from, to, open, rate: rate("10.15"), interest: 1 };
    let charged = [stretch(date(2026, 10, 1), date(2026, 10, 10), 120_000)];
    let found = accrued(&owed, &table(), &charged, date(2026, 10, 20));
    assert_eq!(told(&found), [(date(2026, 10, 11), date(2026, 10, 20), 120_000, 334)]);
    assert_eq!(found.days_late(), 20, "it was late all the same");
    let later = [stretch(date(2026, 10, 11), date(2026, 10, 20), 120_000)];
    let freed = accrued(&owed, &table(), &later, date(2026, 10, 22));
    assert_eq!(freed.stretches.len(), 2, "a note that fell away leaves its days to the next");
    assert!(accrued(&owed, &table(), &charged, date(2026, 10, 10)).stretches.is_empty());
    // Of 1,200 a debit of 800 stood while a note charged 400, and was returned since.
    let returned =
        accrued(&owed, &table(), &[stretch(date(2026, 10, 1), date(2026, 10, 10), 40_000)], date(2026, 10, 10));
    assert_eq!(told(&returned), [(date(2026, 10, 1), date(2026, 10, 10), 80_000, 222)]);
}

#[test]
fn days_late_are_those_of_one_run_and_a_rate_may_have_a_comma() {
    let days = [date(2026, 1, 15), date(2026, 2, 15), date(2026, 3, 15)];
    let instalments = days.map(|due| Instalment { due, amount: 10_000 }).to_vec();
    let each_a_day_late = days.map(|due| on(due.tomorrow().unwrap(), 10_000, How::Paid)).to_vec();
    let owed = owed(30_000, days[2], each_a_day_late);
    let owed = Owed { terms: Terms { instalments, early: None }, ..owed };
    assert_eq!(accrued(&owed, &table(), &[], date(2026, 4, 30)).days_late(), 1);
    assert_eq!((rate("8,125"), rate("10.15 %")), (rate("8.125"), rate("10,15")));
    assert!(YearlyRate::parse("rate", "8.1255").is_err() && YearlyRate::parse("rate", "0,0001").is_err());
}

#[test]
fn without_a_rate_nothing_accrues_but_it_is_late() {
    let found = accrued(&owed(120_000, DUE, vec![]), &[from(date(2026, 10, 6), "8")], &[], date(2026, 10, 10));
    assert_eq!((found.stretches[0].from, found.days_late()), (date(2026, 10, 6), 10));
    assert_eq!(accrued(&owed(120_000, DUE, vec![]), &[], &[], date(2026, 10, 10)).interest(), 0);
}

#[test]
fn minor_units_are_those_of_the_currency_and_halves_go_up() {
    // 100,000 yen at 8% for 30 days are 657.53 yen; 100.000 dinars 0.658.
    assert_eq!(interest(100_000, rate("8"), 30), 658);
    // Exactly half a unit: 365 × 50% × 1 ÷ 365.
    assert_eq!((interest(1, rate("50"), 365), interest(1, rate("49.999"), 365)), (1, 0));
    assert_eq!(interest(crate::domain::money::AMOUNT_MAX, rate("50"), 73_000), 10_000_000_000_000_000);
}

#[test]
fn rates_are_read_as_percent_a_year() {
    for (typed, shown) in [("10.15", "10.15"), (" 8,5 % ", "8.5"), ("0.001", "0.001"), ("50", "50")] {
        assert_eq!(YearlyRate::parse("rate", typed).unwrap().to_string(), shown, "{typed}");
    }
    for wrong in ["", "0", "-1", "50.001", "1.2345", "ten"] {
        assert!(YearlyRate::parse("rate", wrong).is_err(), "{wrong}");
    }
}

prop_compose! {
    fn any_owed()(
        payable in 1_i64..10_000_000,
        instalments in 1_i64..4,
        paid in prop::collection::vec((0_i64..400, 1_i64..5_000_000, 0_u8..3), 0..5),
    ) -> Owed {
        let mut left = payable;
        let settled = paid.into_iter().filter_map(|(days, amount, how)| {
            let amount = amount.min(left);
            left -= amount;
            let how = [How::Paid, How::Credited, How::WrittenOff][usize::from(how)];
            (amount > 0).then(|| on(DUE.saturating_add(Span::new().days(days - 60)), amount, how))
        }).collect();
        let each = payable / instalments;
        let amount = |n: i64| if n == instalments - 1 { payable - each * n } else { each };
        let due = |n: i64| DUE.saturating_add(Span::new().months(n));
        let parts = (0..instalments).map(|n| Instalment { due: due(n), amount: amount(n) });
        let instalments: Vec<Instalment> = parts.filter(|x| x.amount > 0).collect();
        let due = instalments.last().map_or(DUE, |x| x.due);
        Owed { terms: Terms { instalments, early: None }, ..owed(payable, due, settled) }
    }
}

/// What each day costs, exactly, in parts of a minor unit.
fn exact(found: &Accrued) -> i128 {
    let parts = |x: &Stretch| i128::from(x.open) * i128::from(x.rate.0) * i128::from(x.days());
    found.stretches.iter().map(parts).sum()
}

proptest! {
    #[test]
    fn it_grows_by_the_day_and_two_notes_charge_what_one_would(
        owed in any_owed(),
        first in 0_i64..500,
        more in 0_i64..500,
    ) {
        let day = |n: i64| DUE.saturating_add(Span::new().days(n));
        let (one, all) = (accrued(&owed, &table(), &[], day(first)), accrued(&owed, &table(), &[], day(first + more)));
        prop_assert!(one.interest() <= all.interest(), "monotone");
        let charged = &one.stretches;
        let rest = accrued(&owed, &table(), charged, day(first + more));
        // A stretch of which nothing was rounded away; those that cost less than half a unit are left to later.
        let lost = (100 * PER_PERCENT * YEAR_DAYS) * (all.stretches.len() + 2) as i128;
        prop_assert!((exact(&one) + exact(&rest) - exact(&all)).abs() <= lost, "additive over days");
        let pieces = (one.stretches.len() + rest.stretches.len() + all.stretches.len()) as i64;
        prop_assert!((one.interest() + rest.interest() - all.interest()).abs() <= pieces, "each is rounded once");
        for stretch in &rest.stretches {
            prop_assert!(charged.iter().all(|x| x.to < stretch.from || stretch.to < x.from), "no day twice");
        }
    }

    #[test]
    fn reckoned_by_the_rates_that_were_charged_it_is_what_was_charged(owed in any_owed(), days in 0_i64..500) {
        let through = DUE.saturating_add(Span::new().days(days));
        let charged = accrued(&owed, &table(), &[], through).stretches;
        prop_assert_eq!(accrued(&owed, &as_charged(&table(), &charged), &[], through).stretches, charged);
    }

    #[test]
    fn nothing_accrues_before_it_is_due_nor_on_more_than_was_owed(owed in any_owed(), days in 0_i64..500) {
        let through = DUE.saturating_add(Span::new().days(days));
        let found = accrued(&owed, &table(), &[], through);
        let credited: i64 = owed.settled.iter().filter(|x| x.how == How::Credited).map(|x| x.amount).sum();
        for x in &found.stretches {
            let due: i64 = owed.terms.instalments.iter().filter(|i| i.due < x.from).map(|i| i.amount).sum();
            prop_assert!(x.from > DUE && x.to <= through && x.from <= x.to);
            prop_assert!(x.open <= due && x.open <= owed.payable - credited, "{x:?}");
        }
        prop_assert!(found.stretches.is_sorted_by(|a, b| a.to < b.from));
    }
}
