//! When an invoice is to be paid: by a rule, in instalments, and with a discount for paying early.
//!
//! What was settled covers the earliest instalment first, so what is open of an invoice says which instalments are.

use jiff::{Span, civil::Date};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::money::Money;
use super::refusal::{Faults, FieldFault};

/// Most instalments of one invoice.
pub const INSTALMENTS_MAX: usize = 36;

/// Most days of a rule.
pub const DUE_DAYS_MAX: u16 = 365;

/// How a due date follows from the date of issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DueRule {
    /// So many days later.
    Days(u16),
    /// So many days after the end of the month of issue.
    MonthEnd(u16),
}

impl DueRule {
    /// The due date of a document of `dated`; that day itself at the end of the calendar.
    pub fn due(self, dated: Date) -> Date {
        let (from, days) = match self {
            Self::Days(days) => (dated, days),
            Self::MonthEnd(days) => (dated.last_of_month(), days),
        };
        from.checked_add(Span::new().days(i64::from(days))).unwrap_or(dated)
    }
}

impl Default for DueRule {
    fn default() -> Self {
        Self::Days(30)
    }
}

impl std::fmt::Display for DueRule {
    /// As forms take it: `30`, or `EOM 30` from the end of the month.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days}"),
            Self::MonthEnd(0) => f.write_str("EOM"),
            Self::MonthEnd(days) => write!(f, "EOM {days}"),
        }
    }
}

impl DueRule {
    /// Reads `30`, `EOM` or `EOM 30`.
    ///
    /// # Errors
    /// Names `field` when it is neither, or more than [`DUE_DAYS_MAX`] days.
    pub fn parse(field: &str, input: &str) -> Result<Self, FieldFault> {
        let text = input.trim().to_ascii_uppercase();
        let month_end = text.strip_prefix("EOM").map(|x| x.trim_start_matches([' ', '+']));
        let days = match month_end {
            Some("") => Some(0),
            rest => rest.unwrap_or(&text).parse::<u16>().ok().filter(|days| *days <= DUE_DAYS_MAX),
        };
        let rule = if month_end.is_some() { Self::MonthEnd } else { Self::Days };
        let message =
            format!("Enter whole days from 0 to {DUE_DAYS_MAX}, or EOM 30 for 30 days after the month’s end.");
        days.map(rule).ok_or_else(|| FieldFault::new(field, message))
    }
}

/// A part of the amount due with a due date of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instalment {
    /// By when.
    pub due: Date,
    /// How much, in minor units; above zero.
    pub amount: i64,
}

/// A discount for paying early (cash discount, Skonto).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyPayment {
    /// Percent of the amount due, above 0 and below 100.
    pub percent: Decimal,
    /// The last day of a payment that takes it.
    pub until: Date,
}

impl EarlyPayment {
    /// What is taken off `payable`, rounded; `None` beyond the limits of an amount.
    pub fn off(&self, payable: Money) -> Option<Money> {
        let exact = payable.decimal().checked_mul(self.percent)?.checked_div(Decimal::ONE_HUNDRED)?;
        Money::round(exact, payable.currency)
    }
}

/// Payment terms (BT-20) beyond the due date (BT-9).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Terms {
    /// The instalments, by due date, the last on the document's due date; empty when all is due at once.
    pub instalments: Vec<Instalment>,
    /// The discount for paying early; not together with instalments.
    pub early: Option<EarlyPayment>,
}

impl Terms {
    /// What is open, by due date: `open` of a document whose last due date is `due`. The latest instalments are open
    /// longest. Empty when nothing is.
    pub fn parts(&self, open: i64, due: Date) -> Vec<Instalment> {
        let mut left = open.max(0);
        let mut out = Vec::new();
        for x in self.instalments.iter().rev() {
            let amount = x.amount.min(left);
            if amount > 0 {
                out.push(Instalment { due: x.due, amount });
                left -= amount;
            }
        }
        if left > 0 {
            out.push(Instalment { due: self.instalments.first().map_or(due, |x| x.due), amount: left });
        }
        out.reverse();
        merge(out)
    }

    /// Names what does not fit a document of `dated` and `due` that asks for `payable`: dates in order, the sum of the
    /// instalments, and the discount.
    pub fn check(&self, faults: &mut Faults, dated: Date, due: Date, payable: Money) {
        self.check_instalments(faults, dated, due, payable);
        let Some(early) = &self.early else { return };
        if !self.instalments.is_empty() {
            faults.add(
                "early_percent",
                "Instalments and a discount for early payment don’t go together; use one of them.",
            );
        }
        if early.percent <= Decimal::ZERO || early.percent >= Decimal::ONE_HUNDRED {
            faults.add("early_percent", "Enter a percentage above 0 and below 100.");
        }
        if early.until < dated || early.until > due {
            faults.add("early_until", format!("Enter a day from {dated} to {due}, the dates of issue and payment."));
        }
    }

    fn check_instalments(&self, faults: &mut Faults, dated: Date, due: Date, payable: Money) {
        let Some(last) = self.instalments.last() else { return };
        if self.instalments.len() > INSTALMENTS_MAX {
            faults.add("instalments", format!("Use {INSTALMENTS_MAX} instalments or fewer."));
        }
        if self.instalments.iter().any(|x| x.amount <= 0) {
            faults.add("instalments", "Each instalment must be above zero.");
        }
        let ascending = self.instalments.is_sorted_by(|a, b| a.due < b.due);
        if !ascending || self.instalments.first().is_some_and(|x| x.due < dated) {
            faults.add("instalments", format!("The due dates must follow one another, from {dated} on."));
        }
        if last.due != due {
            faults.add("instalments", format!("The last instalment must be due on {due}, the document’s due date."));
        }
        let sum = self.instalments.iter().fold(0_i64, |sum, x| sum.saturating_add(x.amount));
        if sum != payable.minor {
            let sum = Money::new(sum, payable.currency);
            faults.add("instalments", format!("The instalments add up to {sum}, and {payable} is to be paid."));
        }
    }

    /// What a payment of `on` may leave out of `payable` by paying early.
    pub fn early_off(&self, payable: Money, on: Date) -> Option<Money> {
        self.early.filter(|x| on <= x.until).and_then(|x| x.off(payable)).filter(|x| x.minor > 0)
    }
}

/// Parts of the same day as one.
fn merge(parts: Vec<Instalment>) -> Vec<Instalment> {
    let mut out: Vec<Instalment> = Vec::with_capacity(parts.len());
    for part in parts {
        match out.last_mut().filter(|x| x.due == part.due) {
            Some(last) => last.amount = last.amount.saturating_add(part.amount),
            None => out.push(part),
        }
    }
    out
}

/// `payable` in `count` instalments as equal as they can be, spare minor units in the first, due monthly from `first`
/// on the same day of the month, or its last.
pub fn equal_instalments(payable: Money, count: u16, first: Date) -> Vec<Instalment> {
    let of = i64::from(count.max(1));
    let (each, spare) = (payable.minor / of, payable.minor % of);
    (0..of)
        .map(|at| Instalment {
            due: first.checked_add(Span::new().months(at)).unwrap_or(first),
            amount: each + i64::from(at < spare),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;
    use crate::domain::refusal::Refusal;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn three() -> Terms {
        let at = |month, amount| Instalment { due: date(2026, month, 15), amount };
        Terms { instalments: vec![at(1, 500), at(2, 300), at(3, 200)], early: None }
    }

    #[test]
    fn rules_count_from_the_day_or_from_the_end_of_its_month() {
        let on = date(2026, 1, 30);
        assert_eq!(DueRule::Days(30).due(on), date(2026, 3, 1));
        assert_eq!(DueRule::MonthEnd(0).due(on), date(2026, 1, 31));
        assert_eq!(DueRule::MonthEnd(30).due(on), date(2026, 3, 2));
        assert_eq!(DueRule::Days(1).due(Date::MAX), Date::MAX);
        for rule in [DueRule::Days(14), DueRule::MonthEnd(0), DueRule::MonthEnd(10)] {
            assert_eq!(DueRule::parse("terms", &rule.to_string()), Ok(rule));
        }
        assert_eq!(DueRule::parse("terms", " eom+15 "), Ok(DueRule::MonthEnd(15)));
        for wrong in ["", "-1", "366", "EOM x", "month"] {
            assert!(DueRule::parse("terms", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn money_covers_the_earliest_instalment_first() {
        let due = date(2026, 3, 15);
        let open = |minor| three().parts(minor, due).iter().map(|x| (x.due.month(), x.amount)).collect::<Vec<_>>();
        assert_eq!(open(1_000), [(1, 500), (2, 300), (3, 200)]);
        assert_eq!(open(600), [(1, 100), (2, 300), (3, 200)]);
        assert_eq!(open(500), [(2, 300), (3, 200)]);
        assert_eq!(open(1), [(3, 1)]);
        assert_eq!(open(0), []);
        let plain = Terms::default().parts(7, due);
        assert_eq!(plain, [Instalment { due, amount: 7 }]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let (dated, due) = (date(2026, 1, 1), date(2026, 3, 15));
        let eur = |minor| Money::new(minor, Currency::EUR);
        let faults = |terms: &Terms, payable| {
            let mut faults = Faults::default();
            terms.check(&mut faults, dated, due, eur(payable));
            match faults.check() {
                Err(Refusal::Fields(all)) => all.into_iter().map(|x| x.message).collect(),
                _ => Vec::new(),
            }
        };
        assert!(faults(&three(), 1_000).is_empty());
        assert!(faults(&three(), 999)[0].contains("add up to EUR 10.00"));
        let mut turned = three();
        turned.instalments.reverse();
        assert_eq!(faults(&turned, 1_000).len(), 2, "order and last date");
        let early = EarlyPayment { percent: Decimal::TWO, until: date(2026, 1, 10) };
        assert!(faults(&Terms { early: Some(early), ..Terms::default() }, 1_000).is_empty());
        assert_eq!(faults(&Terms { early: Some(early), ..three() }, 1_000).len(), 1);
        let late = EarlyPayment { percent: Decimal::ONE_HUNDRED, until: date(2026, 4, 1) };
        assert_eq!(faults(&Terms { early: Some(late), ..Terms::default() }, 1_000).len(), 2);
        assert_eq!(early.off(eur(413_630)), Some(eur(8_273)));
        let terms = Terms { early: Some(early), ..Terms::default() };
        assert_eq!(terms.early_off(eur(100), date(2026, 1, 10)), Some(eur(2)));
        assert_eq!(terms.early_off(eur(100), date(2026, 1, 11)), None);
    }

    proptest! {
        #[test]
        fn open_parts_add_up_and_equal_instalments_too(
            payable in 1_i64..1_000_000,
            count in 1_u16..36,
            open in 0_i64..1_000_000,
        ) {
            let instalments = equal_instalments(Money::new(payable, Currency::EUR), count, date(2026, 1, 31));
            prop_assert_eq!(instalments.iter().map(|x| x.amount).sum::<i64>(), payable);
            prop_assert!(instalments.is_sorted_by(|a, b| a.due < b.due && a.amount >= b.amount));
            let due = instalments.last().unwrap().due;
            let open = open.min(payable);
            let parts = Terms { instalments, early: None }.parts(open, due);
            prop_assert_eq!(parts.iter().map(|x| x.amount).sum::<i64>(), open);
            prop_assert!(parts.is_sorted_by(|a, b| a.due < b.due));
        }
    }
}
