//! What the firm charges for late payment, if it does: the yearly rates, the fixed sums, and from when a note is
//! offered. Off until somebody switches it on. Knows no store.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::Actor;
use super::firm::Locale;
use super::ids::{ClientId, StaffId};
use super::late_interest::RateFrom;
use super::money::{Currency, Money};
use super::refusal::Faults;

/// Most rates: two a year for thirty years.
pub const RATES_MAX: usize = 60;
/// Most fixed sums, one for each currency.
pub const FIXED_MAX: usize = 10;
/// Most least amounts, one for each currency.
pub const LEAST_MAX: usize = 10;
/// The largest fixed sum or least amount, in minor units: 40 EUR are some 16,000 HUF or 700,000 IDR, of two digits.
pub const FIXED_SUM_MAX: i64 = 100_000_000;
/// Most days past due before a note is offered.
pub const AFTER_MAX: u16 = 365;
/// The fixed sum of Art. 6(1) of the Directive, in cents.
const FORTY_EUROS: i64 = 4_000;

/// What is charged for late payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatePayment {
    /// Whether anything is.
    pub on: bool,
    /// The rates, by their first day.
    pub rates: Vec<RateFrom>,
    /// The fixed sum of an invoice by currency; none is charged in any other.
    pub fixed: Vec<Money>,
    /// From how many days past due a note is offered; at least one.
    pub after: u16,
    /// Whether a draft is made by itself then, once for each invoice.
    pub by_itself: bool,
    /// What a note comes to at least, by currency, before a draft is made by itself; any amount in any other.
    pub least: Vec<Money>,
}

impl LatePayment {
    /// As it is before anybody said anything: off.
    pub fn standard() -> Self {
        let fixed = vec![Money::new(FORTY_EUROS, Currency::EUR)];
        Self { on: false, rates: Vec::new(), fixed, after: 30, by_itself: false, least: Vec::new() }
    }

    /// The fixed sum in a currency.
    pub fn fixed_in(&self, currency: Currency) -> Option<Money> {
        self.fixed.iter().find(|x| x.currency == currency).copied()
    }

    /// What a note in a currency comes to at least before it is drafted by itself, in minor units; something, always.
    pub fn least_in(&self, currency: Currency) -> i64 {
        self.least.iter().find(|x| x.currency == currency).map_or(1, |x| x.minor.max(1))
    }

    /// Whether drafts are made by themselves.
    pub fn drafts(&self) -> bool {
        self.on && self.by_itself
    }

    /// Names what does not fit, as the form calls its fields.
    pub fn check(&self, faults: &mut Faults) {
        if self.on && self.rates.is_empty() {
            faults.add("rate_0", "Enter the rate that is charged, and from which day it holds.");
        }
        if self.rates.len() > RATES_MAX {
            faults.add("rate_0", format!("Keep {RATES_MAX} rates or fewer; leave the oldest out."));
        }
        if !self.rates.is_sorted_by(|a, b| a.from < b.from) {
            faults.add("from_0", "Two rates hold from the same day; leave one out.");
        }
        if self.fixed.len() > FIXED_MAX {
            faults.add("fixed_0", format!("Keep {FIXED_MAX} fixed sums or fewer."));
        }
        check_sums(faults, &self.fixed, ["fixed", "currency"], "fixed sum");
        if self.least.len() > LEAST_MAX {
            faults.add("least_0", format!("Keep {LEAST_MAX} least amounts or fewer."));
        }
        check_sums(faults, &self.least, ["least", "least_currency"], "least amount");
        if self.after == 0 || self.after > AFTER_MAX {
            faults.add("after", format!("Enter whole days from 1 to {AFTER_MAX}."));
        }
    }

    /// In a few sentences.
    pub fn told(&self, locale: Locale) -> Vec<String> {
        if !self.on {
            return vec!["Nothing is charged for late payment.".to_owned()];
        }
        let rate =
            |x: &RateFrom| format!("From {}: {} a year.", locale.date_long(x.from), locale.percent(x.rate.percent()));
        let mut out: Vec<String> = self.rates.iter().map(rate).collect();
        out.extend(self.fixed.iter().map(|x| format!("A fixed sum of {} for each invoice.", locale.money(*x))));
        let days = if self.after == 1 { "1 day".to_owned() } else { format!("{} days", self.after) };
        out.push(match self.by_itself {
            true => format!("{days} past due a draft is made by itself, which somebody looks through and issues."),
            false => format!("From {days} past due a note is offered on the invoice’s page."),
        });
        let least = self.least.iter().filter(|_| self.by_itself);
        out.extend(least.map(|x| format!("No draft by itself of less than {}.", locale.money(*x))));
        out
    }
}

/// Names sums that do not fit, at the fields of their rows: one for each currency, within the bounds.
fn check_sums(faults: &mut Faults, sums: &[Money], [amount, currency]: [&str; 2], what: &str) {
    for (at, sum) in sums.iter().enumerate() {
        if sums.iter().take(at).any(|x| x.currency == sum.currency) {
            faults.add(&format!("{currency}_{at}"), format!("There is one {what} in {} already.", sum.currency));
        }
        if sum.minor <= 0 || sum.minor > FIXED_SUM_MAX {
            let most = Money::new(FIXED_SUM_MAX, sum.currency);
            faults.add(&format!("{amount}_{at}"), format!("Enter an amount above 0 and up to {most}."));
        }
    }
}

/// What is charged for late payment as it was kept: versions are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatePaymentVersion {
    /// Counts from 1; 0 is before anybody said anything.
    pub version: u32,
    /// What is charged.
    pub policy: LatePayment,
    /// Who kept it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

impl LatePaymentVersion {
    /// Before anybody said anything.
    pub fn standard() -> Self {
        let by = Actor::Counterfoil("setup".to_owned());
        let reason = "Off, until somebody switches it on".to_owned();
        Self { version: 0, policy: LatePayment::standard(), by, at: Timestamp::UNIX_EPOCH, reason }
    }
}

/// A client who is charged nothing for late payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateException {
    /// Who.
    pub client: ClientId,
    /// Why, for colleagues.
    pub reason: String,
    /// Who said so.
    pub by: StaffId,
    /// Since when.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::late_interest::YearlyRate;
    use crate::domain::refusal::Refusal;
    use jiff::civil::date;

    fn faults(policy: &LatePayment) -> Vec<String> {
        let mut faults = Faults::default();
        policy.check(&mut faults);
        match faults.check() {
            Err(Refusal::Fields(all)) => all.into_iter().map(|x| x.field).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn it_is_off_and_switched_on_it_needs_a_rate() {
        let standard = LatePayment::standard();
        assert!(!standard.on && !standard.drafts() && faults(&standard).is_empty());
        assert_eq!(standard.fixed_in(Currency::EUR), Some(Money::new(4_000, Currency::EUR)));
        assert_eq!(standard.fixed_in("JPY".parse().unwrap()), None);
        assert_eq!(faults(&LatePayment { on: true, ..standard }), ["rate_0"]);
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        let rate = RateFrom { from: date(2026, 7, 1), rate: YearlyRate::parse("rate", "10.15").unwrap() };
        let fine = LatePayment { on: true, rates: vec![rate], ..LatePayment::standard() };
        assert!(faults(&fine).is_empty());
        assert_eq!(faults(&LatePayment { rates: vec![rate, rate], ..fine.clone() }), ["from_0"]);
        assert_eq!(faults(&LatePayment { after: 0, ..fine.clone() }), ["after"]);
        assert_eq!(faults(&LatePayment { after: AFTER_MAX + 1, ..fine.clone() }), ["after"]);
        let eur = |minor| Money::new(minor, Currency::EUR);
        let twice = LatePayment { fixed: vec![eur(1), eur(0)], ..fine.clone() };
        assert_eq!(faults(&twice), ["currency_1", "fixed_1"]);
        assert_eq!(faults(&LatePayment { fixed: vec![eur(FIXED_SUM_MAX + 1)], ..fine }), ["fixed_0"]);
    }
}
