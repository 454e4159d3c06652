//! The payer score: how a client pays, from 0 to 100, out of what was charged and what settled it.
//!
//! A pure function of one client's records and a day: whatever is dated later changes nothing, so that the score of any
//! day can be reckoned again. Each currency is reckoned apart and the lowest score stands. Knows no store, and nothing
//! of it is for the client's eyes. What is dated earlier but recorded later counts, as it does in a statement.

use jiff::Span;
use jiff::civil::Date;

use super::dispute::{self, Dispute};
use super::ids::InvoiceId;
use super::invoice::days_between;
use super::money::{Currency, Money};
use super::promise::{self, Count, Promised};
use super::terms::Terms;

/// Months before the day that are looked at.
pub const MONTHS: i32 = 24;
/// Months before the day that the trend compares with those before them.
const RECENT_MONTHS: i32 = 6;
/// Most days late that one amount counts: later than very late is not told apart.
const LATE_MAX: i32 = 120;
/// Average days late, in tenths, from which on there are no points for it.
const LATE_ZERO: i128 = 600;
/// By how many tenths of a day the recent months must be worse for no points.
const TREND_ZERO: i128 = 300;
/// Months that full points for the age of the relationship take.
const AGE_FULL: i32 = 24;

/// How an amount was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Paid, or taken as a discount for paying early.
    Paid,
    /// Credited: says nothing of how they pay.
    Credited,
    /// Given up: never paid.
    WrittenOff,
}

/// A part of an invoice that was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Civil date on which it counts.
    pub on: Date,
    /// The civil date from which it counts no more, when the payment was taken back.
    pub until: Option<Date>,
    /// In minor units, above zero.
    pub amount: i64,
    /// How.
    pub how: How,
}

impl Settlement {
    fn counts(&self, day: Date) -> bool {
        self.on <= day && self.until.is_none_or(|until| day < until)
    }
}

/// An issued invoice and what settled it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The invoice.
    pub invoice: InvoiceId,
    /// Its currency.
    pub currency: Currency,
    /// Civil date of issue.
    pub dated: Date,
    /// Civil due date.
    pub due: Date,
    /// Amount due for payment, in minor units.
    pub payable: i64,
    /// Instalments.
    pub terms: Terms,
    /// What settled it, in any order.
    pub settled: Vec<Settlement>,
}

/// What a score is reckoned from: of one client alone.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Facts {
    /// Issued invoices.
    pub owed: Vec<Owed>,
    /// Promises to pay, with what settled their invoices.
    pub promises: Vec<Promised>,
    /// Disputes of their invoices.
    pub disputes: Vec<Dispute>,
    /// Since when there are dealings with them, if it is known.
    pub since: Option<Date>,
}

/// A part of an invoice by when it was due and when it was paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// By when.
    pub due: Date,
    /// In minor units, above zero.
    pub amount: i64,
    /// When; `None` while it is not, and for what was given up.
    pub paid: Option<Date>,
}

impl Slice {
    /// Civil days late by `on`, 0 for what was paid in time; `None` while it is neither due nor paid.
    fn late(&self, on: Date) -> Option<i32> {
        match self.paid {
            Some(paid) => Some(days_between(self.due, paid).clamp(0, LATE_MAX)),
            None => Some(days_between(self.due, on)).filter(|late| *late > 0).map(|late| late.min(LATE_MAX)),
        }
    }
}

impl Owed {
    /// Its parts as of `on`: what was settled covers the earliest instalment first. What was credited is left out.
    pub fn slices(&self, on: Date) -> Vec<Slice> {
        let mut settled: Vec<Settlement> = self.settled.iter().filter(|x| x.counts(on)).copied().collect();
        settled.sort_by_key(|x| x.on);
        let mut parts = self.terms.parts(self.payable, self.due).into_iter();
        let (mut part, mut out) = (parts.next(), Vec::new());
        for x in settled {
            let mut left = x.amount;
            while let Some(open) = part.as_mut().filter(|_| left > 0) {
                let amount = open.amount.min(left);
                let paid = (x.how == How::Paid).then_some(x.on);
                if x.how != How::Credited && amount > 0 {
                    out.push(Slice { due: open.due, amount, paid });
                }
                (left, open.amount) = (left - amount, open.amount - amount);
                if open.amount <= 0 {
                    part = parts.next();
                }
            }
        }
        let open = part.into_iter().chain(parts);
        out.extend(open.filter(|x| x.amount > 0).map(|x| Slice { due: x.due, amount: x.amount, paid: None }));
        out
    }
}

/// What points are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// The share that was paid by its due date.
    OnTime,
    /// By how many days payments are late.
    DaysLate,
    /// Whether that gets better or worse.
    Trend,
    /// The share of promises to pay that was kept.
    Promises,
    /// Whether disputes were raised that the firm rejected.
    Disputes,
    /// How long they have been a client.
    Age,
}

impl Matter {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 6] = [Self::OnTime, Self::DaysLate, Self::Trend, Self::Promises, Self::Disputes, Self::Age];

    /// The most points that there are for it; together a hundred.
    pub fn most(self) -> u8 {
        match self {
            Self::OnTime => 35,
            Self::DaysLate => 30,
            Self::Trend => 15,
            Self::Promises => 10,
            Self::Disputes | Self::Age => 5,
        }
    }
}

/// Points, and the sentence that says what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What for.
    pub matter: Matter,
    /// How many, at most [`Matter::most`].
    pub points: u8,
    /// In words.
    pub sentence: String,
}

/// A client's score on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    /// From 0 to 100: the sum of the points.
    pub points: u8,
    /// Of which currency's invoices: of several, the one that was paid worst.
    pub currency: Currency,
    /// How many invoices were due or paid.
    pub invoices: usize,
    /// What the points are for.
    pub reasons: Vec<Reason>,
}

/// The first civil day that is looked at for the score of `on`.
pub fn from(on: Date) -> Date {
    on.saturating_sub(Span::new().months(MONTHS))
}

/// The score on `on`, the lowest of all currencies; `None` while nothing has been due or paid.
pub fn score(facts: &Facts, on: Date) -> Option<Score> {
    let mut currencies: Vec<Currency> = facts.owed.iter().map(|x| x.currency).collect();
    currencies.sort();
    currencies.dedup();
    currencies.into_iter().filter_map(|currency| score_in(facts, currency, on)).min_by_key(|score| score.points)
}

fn score_in(facts: &Facts, currency: Currency, on: Date) -> Option<Score> {
    let window = from(on)..=on;
    let mut known: Vec<(Slice, i32)> = Vec::new();
    let mut invoices = 0;
    for owed in facts.owed.iter().filter(|x| x.currency == currency && window.contains(&x.dated)) {
        let judged: Vec<_> = owed.slices(on).into_iter().filter_map(|x| Some((x, x.late(on)?))).collect();
        invoices += usize::from(!judged.is_empty());
        known.extend(judged);
    }
    if known.is_empty() {
        return None;
    }
    let promises = promise::count(&facts.promises, currency, *window.start(), on);
    let disputes = dispute::count(&facts.disputes, currency, *window.start(), on);
    let reasons = vec![
        on_time(&known, invoices),
        days_late(&known),
        trend(&known, on),
        kept(promises),
        rejected(disputes),
        age(facts.since, on),
    ];
    let points = reasons.iter().fold(0_u8, |sum, x| sum.saturating_add(x.points)).min(100);
    Some(Score { points, currency, invoices, reasons })
}

/// `most` points for a share of `whole`, rounded down.
fn points(matter: Matter, part: i128, whole: i128) -> u8 {
    let most = i128::from(matter.most());
    let points = if whole <= 0 { 0 } else { part.clamp(0, whole).saturating_mul(most) / whole };
    u8::try_from(points).unwrap_or(matter.most())
}

fn sum(slices: impl Iterator<Item = i64>) -> i128 {
    slices.map(i128::from).fold(0, i128::saturating_add)
}

fn on_time(known: &[(Slice, i32)], invoices: usize) -> Reason {
    let whole = sum(known.iter().map(|x| x.0.amount));
    let part = sum(known.iter().filter(|x| x.1 == 0).map(|x| x.0.amount));
    let of = if invoices == 1 { "1 invoice".to_owned() } else { format!("{invoices} invoices") };
    let percent = part.saturating_mul(100) / whole.max(1);
    let sentence = format!("{percent}% of what was due on {of} was paid by its due date.");
    Reason { matter: Matter::OnTime, points: points(Matter::OnTime, part, whole), sentence }
}

/// Average days late, weighted by amount, in tenths of a day; `None` of nothing.
fn average(known: impl Iterator<Item = (i64, i32)>) -> Option<i128> {
    let (days, whole) = known.fold((0_i128, 0_i128), |(days, whole), (amount, late)| {
        let amount = i128::from(amount);
        (days.saturating_add(amount * i128::from(late)), whole.saturating_add(amount))
    });
    (whole > 0).then(|| days.saturating_mul(20).saturating_add(whole) / whole.saturating_mul(2))
}

fn tenths(tenths: i128) -> String {
    match (tenths / 10, tenths % 10) {
        (1, 0) => "1 day".to_owned(),
        (days, 0) => format!("{days} days"),
        (days, rest) => format!("{days}.{rest} days"),
    }
}

fn days_late(known: &[(Slice, i32)]) -> Reason {
    let late = average(known.iter().map(|x| (x.0.amount, x.1))).unwrap_or(0);
    let sentence = match late {
        0 => "On average payments are not late.".to_owned(),
        late => format!("On average, weighted by amount, payments are {} late.", tenths(late)),
    };
    let left = LATE_ZERO.saturating_sub(late);
    Reason { matter: Matter::DaysLate, points: points(Matter::DaysLate, left, LATE_ZERO), sentence }
}

fn trend(known: &[(Slice, i32)], on: Date) -> Reason {
    let recent = on.saturating_sub(Span::new().months(RECENT_MONTHS));
    let of = |newer: bool| average(known.iter().filter(|x| (x.0.due > recent) == newer).map(|x| (x.0.amount, x.1)));
    let (points, sentence) = match (of(false), of(true)) {
        (Some(before), Some(now)) => {
            let sentence = match now.cmp(&before) {
                std::cmp::Ordering::Greater => {
                    format!("The last six months are {} worse than before.", tenths(now - before))
                }
                std::cmp::Ordering::Equal => "The last six months are as good as those before.".to_owned(),
                std::cmp::Ordering::Less => {
                    format!("The last six months are {} better than before.", tenths(before - now))
                }
            };
            (points(Matter::Trend, TREND_ZERO.saturating_sub((now - before).max(0)), TREND_ZERO), sentence)
        }
        // Without anything to compare with, the days themselves stand for the trend.
        (None, Some(only)) | (Some(only), None) => {
            let sentence = "There are not enough months to compare; the days late count once more.".to_owned();
            (points(Matter::Trend, LATE_ZERO.saturating_sub(only), LATE_ZERO), sentence)
        }
        (None, None) => (0, "Nothing was due yet.".to_owned()),
    };
    Reason { matter: Matter::Trend, points, sentence }
}

/// Whoever promised nothing, or whose promises are all open, loses nothing.
fn kept(count: Count) -> Reason {
    let Count { kept, broken } = count;
    let all = kept.saturating_add(broken);
    let sentence = match (kept, broken) {
        (0, 0) => "No promise to pay was broken.".to_owned(),
        (1, 0) => "The promise to pay was kept.".to_owned(),
        (_, 0) => format!("All {all} promises to pay were kept."),
        (0, 1) => "The promise to pay was broken.".to_owned(),
        (_, 1) => format!("1 of {all} promises to pay was broken."),
        _ => format!("{broken} of {all} promises to pay were broken."),
    };
    let (part, whole) = if all == 0 { (1, 1) } else { (kept, all) };
    let wide = |n: usize| i128::try_from(n).unwrap_or(i128::MAX);
    Reason { matter: Matter::Promises, points: points(Matter::Promises, wide(part), wide(whole)), sentence }
}

/// Each dispute that was rejected costs two points, up to all of them. One that was upheld was the firm's mistake, and
/// one that was withdrawn cost nobody an answer: neither costs anything.
fn rejected(count: dispute::Count) -> Reason {
    let dispute::Count { raised, rejected } = count;
    let sentence = match (raised, rejected) {
        (0, _) => "Nothing was disputed.".to_owned(),
        (_, 0) => "No dispute was rejected.".to_owned(),
        (1, _) => "The dispute was rejected.".to_owned(),
        (_, 1) => format!("1 of {raised} disputes was rejected."),
        _ => format!("{rejected} of {raised} disputes were rejected."),
    };
    let cost = u8::try_from(rejected.saturating_mul(2)).unwrap_or(u8::MAX);
    Reason { matter: Matter::Disputes, points: Matter::Disputes.most().saturating_sub(cost), sentence }
}

fn age(since: Option<Date>, on: Date) -> Reason {
    let months = since.filter(|x| *x <= on).map_or(0, |since| months_between(since, on));
    let sentence = match months {
        0 => "A client for less than a month.".to_owned(),
        1 => "A client for 1 month.".to_owned(),
        AGE_FULL.. => format!("A client for {} years or longer.", AGE_FULL / 12),
        months => format!("A client for {months} months."),
    };
    Reason { matter: Matter::Age, points: points(Matter::Age, months.into(), AGE_FULL.into()), sentence }
}

fn months_between(from: Date, to: Date) -> i32 {
    let months = (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month()) - i32::from(from.month());
    months - i32::from(to.day() < from.day())
}

/// A credit limit that suits a score: so much of three months of what was charged in the last twelve as the score says
/// in percent, to two figures, never up. `None` where nothing was charged in this currency.
pub fn suggested_limit(facts: &Facts, score: &Score, currency: Currency, on: Date) -> Option<Money> {
    let year_ago = on.saturating_sub(Span::new().years(1));
    let within = |x: &&Owed| x.currency == currency && x.dated > year_ago && x.dated <= on;
    let charged = sum(facts.owed.iter().filter(within).map(|x| x.payable));
    let limit = charged.saturating_mul(i128::from(score.points)) / 400;
    (charged > 0).then(|| Money::new(two_figures(i64::try_from(limit).unwrap_or(i64::MAX)), currency))
}

/// The amount with all but its first two figures zero.
fn two_figures(amount: i64) -> i64 {
    let mut unit = 1_i64;
    while amount / unit >= 100 {
        unit = unit.saturating_mul(10);
    }
    amount / unit * unit
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
