//! Days sales outstanding, simple and by countback, month by month.
//!
//! Out of what was charged, credited and settled in each month; integers throughout, days in tenths. Knows no store.

use jiff::civil::Date;

use super::invoice::days_between;

/// Months that the simple figure sets its receivables against.
const SIMPLE_MONTHS: usize = 3;
/// Months that a countback goes back at most.
const COUNTBACK_MONTHS: usize = 24;

/// What happened in a month, in minor units of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// Its first day.
    pub first: Date,
    /// Invoices dated in it.
    pub charged: i64,
    /// Credit notes dated in it.
    pub credited: i64,
    /// What settled invoices in it, by payment, credit or waiver.
    pub settled: i64,
}

impl Month {
    fn sales(&self) -> i64 {
        self.charged.saturating_sub(self.credited).max(0)
    }

    /// Days of the month up to `today`.
    fn days(&self, today: Date) -> i64 {
        i64::from(days_between(self.first, self.first.last_of_month().min(today))) + 1
    }
}

/// The figures at a month's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dso {
    /// The month's first day.
    pub month: Date,
    /// What was open at its end, in minor units.
    pub receivables: i64,
    /// Receivables by the sales of three months, times their days, in tenths of a day; `None` without sales.
    pub simple: Option<i64>,
    /// Days whose sales the receivables are, the newest months first, in tenths; `None` beyond two years.
    pub countback: Option<i64>,
}

/// The figures of the last `count` months up to the one of `today`, oldest first. `months` are all there ever were, in
/// any order; those in which nothing happened may be missing.
pub fn by_month(months: &[Month], today: Date, count: usize) -> Vec<Dso> {
    let known = back_from(months, today, count);
    let mut out: Vec<Dso> = (0..count.min(known.len())).map(|at| figures(months, &known[at..], today, 0)).collect();
    out.reverse();
    out
}

/// The figures of this month so far, as if so much of what is open, in minor units, were not: what is disputed.
pub fn without(months: &[Month], today: Date, disputed: i64) -> Dso {
    figures(months, &back_from(months, today, 1), today, disputed)
}

/// The months back from that of `today`, the newest first, without a gap: `count` of them and what a countback needs.
fn back_from(months: &[Month], today: Date, count: usize) -> Vec<Month> {
    let mut ends: Vec<Date> = vec![today.first_of_month()];
    while ends.len() < count + COUNTBACK_MONTHS {
        match ends.last().and_then(|first| first.yesterday().ok()) {
            Some(day) => ends.push(day.first_of_month()),
            None => break,
        }
    }
    let empty = |first| Month { first, charged: 0, credited: 0, settled: 0 };
    ends.iter().map(|first| months.iter().find(|m| m.first == *first).copied().unwrap_or(empty(*first))).collect()
}

/// The figures at the end of the first of `back`, which are months without a gap, the newest first; `less` of what is
/// open is left out.
fn figures(all: &[Month], back: &[Month], today: Date, less: i64) -> Dso {
    let month = back.first().map_or(today, |m| m.first);
    let till = all.iter().filter(|m| m.first <= month);
    let open = till.fold(0_i64, |sum, m| sum.saturating_add(m.charged).saturating_sub(m.settled));
    let open = open.saturating_sub(less).max(0);
    let recent = back.iter().take(SIMPLE_MONTHS);
    let (sales, days) = recent.fold((0, 0), |(sales, days), m| (sales + i128::from(m.sales()), days + m.days(today)));
    let simple = (sales > 0).then(|| rounded(i128::from(open) * i128::from(days) * 10, sales));
    let simple = simple.map(|x| i64::try_from(x).unwrap_or(i64::MAX));
    Dso { month, receivables: open, simple, countback: countback(open, back, today) }
}

/// A part of what is above zero, to the nearest whole.
fn rounded(part: i128, whole: i128) -> i128 {
    (part * 2 + whole) / (whole * 2)
}

fn countback(open: i64, back: &[Month], today: Date) -> Option<i64> {
    let (mut left, mut tenths) = (open, 0_i64);
    for month in back.iter().take(COUNTBACK_MONTHS) {
        let (sales, days) = (month.sales(), month.days(today) * 10);
        if left < sales {
            let part = rounded(i128::from(days) * i128::from(left), i128::from(sales));
            return Some(tenths + i64::try_from(part).unwrap_or(0));
        }
        // Without anything left, months without sales add nothing.
        if left == 0 {
            return Some(tenths);
        }
        left -= sales;
        tenths += days;
    }
    (left == 0).then_some(tenths)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn month(month: i8, charged: i64, settled: i64) -> Month {
        Month { first: date(2026, month, 1), charged, credited: 0, settled }
    }

    #[test]
    fn what_is_disputed_is_left_out_of_this_month_alone() {
        let months = [month(9, 1_000, 1_000), month(10, 1_000, 500), month(11, 1_000, 0)];
        let today = date(2026, 11, 30);
        let (all, without) = (by_month(&months, today, 12), super::without(&months, today, 500));
        let last = all.last().unwrap();
        assert_eq!((last.receivables, without.receivables, without.month), (1_500, 1_000, last.month));
        assert_eq!((last.countback, without.countback), (Some(455), Some(300)));
        assert!(without.simple < last.simple);
        assert_eq!(super::without(&months, today, 9_999).receivables, 0, "never below nothing");
        assert_eq!(super::without(&months, today, 0), *last);
    }

    #[test]
    fn receivables_are_set_against_sales_and_counted_back_over_months() {
        // At the end of November 1,500 are open: all of November's 1,000, and half of October's.
        let months = [month(9, 1_000, 1_000), month(10, 1_000, 500), month(11, 1_000, 0)];
        let all = by_month(&months, date(2026, 11, 30), 12);
        let now = all.last().unwrap();
        assert_eq!((all.len(), now.month, now.receivables), (12, date(2026, 11, 1), 1_500));
        assert_eq!(now.simple, Some(1_500 * 91 * 10 / 3_000), "91 days of three months");
        assert_eq!(now.countback, Some(300 + 155), "30 days, and half of 31");
        let october = &all[10];
        assert_eq!((october.receivables, october.countback), (500, Some(155)));
        assert_eq!(all[0].simple, None, "without sales there is nothing to divide by");
        assert_eq!(all[0].countback, Some(0));
    }

    #[test]
    fn the_month_that_is_not_over_counts_its_days_until_today() {
        let all = by_month(&[month(11, 1_000, 500)], date(2026, 11, 10), 1);
        assert_eq!((all[0].simple, all[0].countback), (Some(500 * 71 * 10 / 1_000), Some(50)));
    }

    #[test]
    fn what_is_older_than_two_years_of_sales_has_no_countback() {
        assert_eq!(
            by_month(&[Month { first: date(2020, 1, 1), ..month(1, 9, 0) }], date(2026, 11, 30), 1)[0].countback,
            None
        );
    }

    proptest! {
        #[test]
        fn owing_more_never_counts_back_to_fewer_days(
            sales in prop::collection::vec(1_i64..1_000, 12),
            settled in 0_i64..500,
            more in 0_i64..500,
        ) {
            let of = |settled: i64| {
                let paid = |at| if at == 1 { settled } else { 0 };
                let months: Vec<Month> = (1..).zip(&sales).map(|(at, charged)| month(at, *charged, paid(at))).collect();
                by_month(&months, date(2026, 12, 31), 1)[0].countback.unwrap_or(i64::MAX)
            };
            prop_assert!(of(settled) >= of(settled + more));
        }
    }
}
