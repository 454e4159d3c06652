//! What late payment of an invoice costs: simple daily interest from the day after its due date (Directive 2011/7/EU,
//! Art. 3), in periods of one open amount and one rate.
//!
//! A pure function of what an invoice asked for, what settled it by civil day, a table of rates and a day. A payment
//! counts from the end of its day, so that what is paid ten days late costs ten days. What was credited was never owed
//! and costs nothing, whenever the credit note came; a payment that was taken back never came. A period is rounded
//! once, half away from zero. Of a day that a note charged before, only what was open beyond that costs anything.
//!
//! The Directive names a yearly rate and no day count. Here a year has 365 days, a leap year too, as public guidance on
//! statutory interest reckons the interest of a day ("divide by 365": GOV.UK, *Late commercial payments: charging
//! interest and debt recovery*). Knows no store.

use std::fmt;

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use super::ids::InvoiceId;
use super::invoice::days_between;
use super::money::parse_decimal;
use super::number::DocumentNumber;
use super::refusal::FieldFault;
use super::score::{How, Owed};

/// Days of a year, of every year.
const YEAR_DAYS: i128 = 365;
/// Parts of a percent in which a rate is kept.
const PER_PERCENT: i128 = 1_000;
/// Decimals of a rate in percent.
const RATE_DIGITS: u32 = 3;
/// The highest rate, in thousandths of a percent: 50% a year.
const RATE_MAX: u32 = 50_000;

/// A rate a year, in thousandths of a percent; above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct YearlyRate(u32);

impl YearlyRate {
    /// Reads percent a year, as in `10.15`.
    ///
    /// # Errors
    /// Names `field` when it is no number, not above 0, above 50, or has more than three decimals.
    pub fn parse(field: &str, typed: &str) -> Result<Self, FieldFault> {
        let wrong = || FieldFault::new(field, "Enter a rate above 0 and up to 50, with three decimals at most.");
        let percent = parse_decimal(typed.trim().trim_end_matches('%'), RATE_DIGITS).ok_or_else(wrong)?.normalize();
        if percent.scale() > RATE_DIGITS {
            return Err(wrong());
        }
        let parts = percent.checked_mul(Decimal::from(1_000)).and_then(|x| x.to_u32());
        parts.filter(|x| (1..=RATE_MAX).contains(x)).map(Self).ok_or_else(wrong)
    }

    /// In percent.
    pub fn percent(self) -> Decimal {
        Decimal::new(i64::from(self.0), RATE_DIGITS).normalize()
    }
}

impl fmt::Display for YearlyRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.percent().fmt(f)
    }
}

/// A rate that holds from a day on, until the next one does: the reference rate moves each half-year (Art. 2(6), 3(3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateFrom {
    /// The first day.
    pub from: Date,
    /// The rate.
    pub rate: YearlyRate,
}

/// Days, both inclusive, on which one amount was open at one rate, and what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// What was due and open, in minor units; above zero.
    pub open: i64,
    /// The rate.
    pub rate: YearlyRate,
    /// The interest, in minor units.
    pub interest: i64,
}

impl Stretch {
    /// How many days.
    pub fn days(&self) -> i32 {
        days_between(self.from, self.to).saturating_add(1)
    }
}

/// What a late payment note charges: the interest of some days of an invoice, and the fixed sum or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateCharge {
    /// The invoice that was paid late.
    pub of: InvoiceId,
    /// Its number.
    pub number: DocumentNumber,
    /// The day until which it was reckoned.
    pub until: Date,
    /// The days that it charges, the earliest first.
    pub stretches: Vec<Stretch>,
    /// The fixed sum (Art. 6(1)), in minor units, if it charges that.
    pub fixed: Option<i64>,
}

/// What accrued.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Accrued {
    /// With interest, the earliest first; without what was charged before.
    pub stretches: Vec<Stretch>,
    /// The first and the last of the longest unbroken run of days on which anything was late, charged before or not.
    pub late: Option<(Date, Date)>,
}

impl Accrued {
    /// The interest in all, in minor units.
    pub fn interest(&self) -> i64 {
        self.stretches.iter().fold(0_i64, |sum, x| sum.saturating_add(x.interest))
    }

    /// Days of the longest unbroken run of late ones; 0 when nothing was late.
    pub fn days_late(&self) -> i32 {
        self.late.map_or(0, length)
    }
}

/// Days from one to another, both among them.
fn length((first, last): (Date, Date)) -> i32 {
    days_between(first, last).saturating_add(1)
}

/// What late payment of an invoice cost until the end of `through`, without what was `charged` before.
pub fn accrued(owed: &Owed, rates: &[RateFrom], charged: &[Stretch], through: Date) -> Accrued {
    let (mut out, mut run) = (Accrued::default(), None::<(Date, Date)>);
    let starts = starts(owed, rates, charged, through);
    for (at, &from) in starts.iter().enumerate() {
        let next = starts.get(at + 1).and_then(|x| x.yesterday().ok());
        let to = next.unwrap_or(through);
        let open = open_on(owed, from);
        if open <= 0 {
            continue;
        }
        let now = match run {
            Some((first, last)) if last.tomorrow().ok() == Some(from) => (first, to),
            _ => (from, to),
        };
        run = Some(now);
        out.late = out.late.filter(|longest| length(*longest) > length(now)).or(run);
        let rate = rates.iter().rfind(|x| x.from <= from).map(|x| x.rate);
        let before = charged.iter().filter(|x| x.from <= from && from <= x.to);
        let open = before.fold(open, |open, x| open.saturating_sub(x.open));
        if let Some(rate) = rate.filter(|_| open > 0) {
            add(&mut out.stretches, Stretch { from, to, open, rate, interest: 0 });
        }
    }
    for stretch in &mut out.stretches {
        stretch.interest = interest(stretch.open, stretch.rate, stretch.days());
    }
    out.stretches.retain(|x| x.interest > 0);
    out
}

/// The rates by which `stretches` were charged, on their days; on all others those of a table.
pub fn as_charged(rates: &[RateFrom], stretches: &[Stretch]) -> Vec<RateFrom> {
    let charged = |day: Date| stretches.iter().any(|x| x.from <= day && day <= x.to);
    let mut out: Vec<RateFrom> = rates.iter().filter(|x| !charged(x.from)).copied().collect();
    for x in stretches {
        out.push(RateFrom { from: x.from, rate: x.rate });
        let Ok(from) = x.to.tomorrow() else { continue };
        let after = rates.iter().rfind(|x| x.from <= from).filter(|x| x.from != from && !charged(from));
        out.extend(after.map(|x| RateFrom { from, rate: x.rate }));
    }
    out.sort_by_key(|x| x.from);
    out
}

/// The days from which on something may be otherwise, in order: within them all is the same.
fn starts(owed: &Owed, rates: &[RateFrom], charged: &[Stretch], through: Date) -> Vec<Date> {
    let after = |day: Date| day.tomorrow().ok();
    let dues: Vec<Date> = owed.terms.instalments.iter().map(|x| x.due).chain([owed.due]).filter_map(after).collect();
    let Some(first) = dues.iter().min().copied() else { return Vec::new() };
    let settled = owed.settled.iter().filter(|x| x.how != How::Credited).filter_map(|x| after(x.on));
    let covered = charged.iter().flat_map(|x| [Some(x.from), after(x.to)]).flatten();
    let mut all: Vec<Date> = dues.iter().copied().chain(settled).chain(covered).collect();
    all.extend(rates.iter().map(|x| x.from));
    all.retain(|x| (first..=through).contains(x));
    all.sort_unstable();
    all.dedup();
    all
}

/// What was due before a day and open as it began, in minor units. What was credited was never owed.
fn open_on(owed: &Owed, day: Date) -> i64 {
    let stands = owed.settled.iter().filter(|x| x.until.is_none());
    let gone = stands.filter(|x| x.how == How::Credited || x.on < day);
    let open = gone.fold(owed.payable, |open, x| open.saturating_sub(x.amount));
    let parts = owed.terms.parts(open, owed.due);
    parts.iter().filter(|x| x.due < day).fold(0_i64, |sum, x| sum.saturating_add(x.amount))
}

/// Adds a stretch, as one with the last where nothing changed between them.
fn add(all: &mut Vec<Stretch>, next: Stretch) {
    match all.last_mut() {
        Some(last)
            if last.to.tomorrow().ok() == Some(next.from) && (last.open, last.rate) == (next.open, next.rate) =>
        {
            last.to = next.to;
        }
        _ => all.push(next),
    }
}

/// open × rate × days ÷ 100 ÷ 365, in minor units, half away from zero.
fn interest(open: i64, rate: YearlyRate, days: i32) -> i64 {
    let exact = i128::from(open) * i128::from(rate.0) * i128::from(days);
    let whole = 100 * PER_PERCENT * YEAR_DAYS;
    i64::try_from((2 * exact + whole) / (2 * whole)).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "late_interest_tests.rs"]
mod tests;
