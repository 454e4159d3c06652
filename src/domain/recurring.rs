//! Documents that come again and again: what they charge, when, and what a price becomes from a date on.
//!
//! A schedule keeps its anchor day and clamps to the month's end: 31 January, 28 February, 31 March. Each occurrence
//! has a period key, and whoever makes documents of it makes one for each key, however late. Knows no clock and no
//! store.

use std::collections::BTreeSet;

use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::calendar::wall_clock;
use super::firm::Locale;
use super::ids::{ClientId, ContactId, ProjectId, RecurringId, StaffId};
use super::invoice::{References, YEARS};
use super::money::{Currency, Money};
use super::refusal::Faults;
use super::tax::{Content, FINE_DIGITS, Period, totals};

/// Most changes of prices of one template.
pub const CHANGES_MAX: usize = 20;
/// The longest interval, in its unit.
pub const EVERY_MAX: u16 = 60;
/// Most documents that an end may ask for.
pub const COUNT_MAX: u32 = 1_200;
/// Occurrences that are looked through for the next ones; more than a schedule has within [`YEARS`].
const LOOKED_MAX: u32 = 12_000;

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Makes {
    /// Invoices.
    #[default]
    Invoice,
    /// Quotes.
    Quote,
}

/// What an interval is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Unit {
    /// Weeks.
    Week,
    /// Months.
    #[default]
    Month,
    /// Quarters.
    Quarter,
    /// Years.
    Year,
}

impl Unit {
    /// All of them, in the order in which forms offer them.
    pub const ALL: [Self; 4] = [Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// The word in forms; with an `s` for several.
    pub fn code(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// The unit of a form's word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|x| x.code() == code)
    }

    /// So many months; `None` for weeks.
    fn months(self) -> Option<i64> {
        match self {
            Self::Week => None,
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::Year => Some(12),
        }
    }
}

/// When it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum End {
    /// When somebody ends it.
    #[default]
    Never,
    /// With the last occurrence up to this day.
    On(Date),
    /// After so many.
    After(u32),
}

/// Which period an occurrence bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Covers {
    /// That which begins in the month of its date, or on its day for weeks.
    #[default]
    This,
    /// The one before that.
    Last,
    /// None is named.
    Nothing,
}

impl Covers {
    /// All of them, in the order in which forms offer them.
    pub const ALL: [Self; 3] = [Self::This, Self::Last, Self::Nothing];

    /// The word in forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::This => "this",
            Self::Last => "last",
            Self::Nothing => "nothing",
        }
    }

    /// The choice of a form's word.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|x| x.code() == code)
    }
}

/// When documents are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The first day on which one may be made.
    pub first: Date,
    /// The day of the month that is kept, 1 to 31; weeks keep the weekday of `first`.
    pub anchor: i8,
    /// Every so many.
    pub every: u16,
    /// Of what.
    pub unit: Unit,
    /// Until when.
    pub end: End,
    /// Which period each bills.
    pub covers: Covers,
}

/// One document to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// The day of it.
    pub date: Date,
    /// What makes it once: `2026-11`, `2026-W48`, `2026-Q4`, `2026`.
    pub key: String,
    /// The period that it bills.
    pub period: Option<Period>,
}

impl Schedule {
    /// The occurrences from `first` on, in order, up to the end.
    pub fn occurrences(&self) -> impl Iterator<Item = Occurrence> + '_ {
        let dates = (0..LOOKED_MAX).map_while(|n| self.nominal(i64::from(n))).filter(|x| *x >= self.first);
        let last = match self.end {
            End::On(last) => last,
            End::Never | End::After(_) => Date::MAX,
        };
        let count = match self.end {
            End::After(count) => usize::try_from(count).unwrap_or(usize::MAX),
            End::Never | End::On(_) => usize::MAX,
        };
        dates.take(count).take_while(move |x| *x <= last).map(|date| self.at(date))
    }

    /// The nth date, the first of which may lie before the schedule's first day.
    fn nominal(&self, n: i64) -> Option<Date> {
        let steps = n.checked_mul(i64::from(self.every.max(1)))?;
        let date = match self.unit.months() {
            None => self.first.checked_add(Span::new().try_weeks(steps).ok()?).ok()?,
            Some(months) => {
                let span = Span::new().try_months(steps.checked_mul(months)?).ok()?;
                let month = self.first.first_of_month().checked_add(span).ok()?;
                let day = self.anchor.clamp(1, month.days_in_month());
                month.checked_add(Span::new().days(i64::from(day) - 1)).ok()?
            }
        };
        YEARS.contains(&date.year()).then_some(date)
    }

    fn at(&self, date: Date) -> Occurrence {
        let key = match self.unit {
            Unit::Week => {
                let week = date.iso_week_date();
                format!("{:04}-W{:02}", week.year(), week.week())
            }
            Unit::Month => format!("{:04}-{:02}", date.year(), date.month()),
            Unit::Quarter => format!("{:04}-Q{}", date.year(), quarter(date)),
            Unit::Year => format!("{:04}", date.year()),
        };
        Occurrence { date, key, period: self.period(date) }
    }

    fn period(&self, date: Date) -> Option<Period> {
        let (long, back) = (i64::from(self.every.max(1)), i64::from(self.covers == Covers::Last));
        if self.covers == Covers::Nothing {
            return None;
        }
        let step = |steps: i64| match self.unit.months() {
            None => date.checked_add(Span::new().try_weeks(steps).ok()?).ok(),
            Some(months) => date.first_of_month().checked_add(Span::new().try_months(steps * months).ok()?).ok(),
        };
        let (from, next) = (step(-back * long)?, step((1 - back) * long)?);
        Some(Period { from, to: next.yesterday().ok()? })
    }

    /// Names what is wrong with it.
    pub fn check(&self, faults: &mut Faults) {
        if !YEARS.contains(&self.first.year()) {
            faults.add("issued", format!("Enter a date from {} to {}.", YEARS.start(), YEARS.end()));
        }
        if !(1..=EVERY_MAX).contains(&self.every) {
            faults.add("every", format!("Enter a whole number from 1 to {EVERY_MAX}."));
        }
        if !(1..=31).contains(&self.anchor) {
            faults.add("anchor", "Enter a day from 1 to 31; a shorter month takes its last.");
        }
        match self.end {
            End::On(last) if last < self.first => {
                faults.add("end_on", format!("The last day must be {} or later.", self.first));
            }
            End::After(count) if !(1..=COUNT_MAX).contains(&count) => {
                faults.add("end_after", format!("Enter a whole number from 1 to {COUNT_MAX}."));
            }
            _ => {}
        }
    }

    /// "every month on day 31", "every 2 weeks".
    pub fn words(&self) -> String {
        let interval = match self.every {
            1 => format!("every {}", self.unit.code()),
            n => format!("every {n} {}s", self.unit.code()),
        };
        match self.unit {
            Unit::Week => format!("{interval}, on {}", weekday(self.first)),
            _ => format!("{interval}, on day {}", self.anchor),
        }
    }
}

fn quarter(date: Date) -> i8 {
    (date.month() - 1) / 3 + 1
}

fn weekday(date: Date) -> String {
    date.strftime("%A").to_string()
}

/// What a price becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NewPrice {
    /// So many percent more, or less.
    Percent(Decimal),
    /// This price.
    Price(Decimal),
}

/// A change of prices from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceChange {
    /// For occurrences dated this day or later.
    pub from: Date,
    /// Of which line, from 1; of all when `None`.
    pub line: Option<u32>,
    /// To what.
    pub to: NewPrice,
}

/// Why a document could not be made; it is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Of which period.
    pub key: String,
    /// What is to be mended.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// A template with its schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurring {
    /// Identifier.
    pub id: RecurringId,
    /// For whom.
    pub client: ClientId,
    /// Invoices or quotes.
    pub makes: Makes,
    /// Filed under.
    pub project: Option<ProjectId>,
    /// What it is about; may hold placeholders.
    pub title: String,
    /// Currency of all amounts.
    pub currency: Currency,
    /// When.
    pub schedule: Schedule,
    /// Days from the date of a document to its due date, or of validity.
    pub days: u16,
    /// The buyer's reference.
    pub reference: String,
    /// Order, contract, and whose attention.
    pub references: References,
    /// Below the lines; may hold placeholders.
    pub note: String,
    /// What is charged; descriptions may hold placeholders.
    pub content: Content,
    /// Changes of prices, by date.
    pub changes: Vec<PriceChange>,
    /// Who gets letters; all with the right when empty.
    pub recipients: Vec<ContactId>,
    /// Whether documents are issued by themselves, or kept as drafts for approval.
    pub by_itself: bool,
    /// Only occurrences from this day on are made.
    pub since: Date,
    /// Since when nothing is made; `None` while it runs.
    pub paused: Option<Date>,
    /// Why the next one could not be made.
    pub trouble: Option<Trouble>,
    /// When the scheduler looks at it again.
    pub wake: Option<Timestamp>,
    /// Who saved it last.
    pub by: StaffId,
    /// When it was saved last.
    pub changed: Timestamp,
}

impl Recurring {
    /// Occurrences that were not made, in order.
    pub fn ahead<'a>(&'a self, made: &'a BTreeSet<String>) -> impl Iterator<Item = Occurrence> + 'a {
        self.schedule.occurrences().filter(|x| x.date >= self.since && !made.contains(&x.key))
    }

    /// The occurrence of a period key, also when something became of it.
    pub fn occurrence(&self, key: &str) -> Option<Occurrence> {
        self.schedule.occurrences().find(|x| x.key == key)
    }

    /// What an occurrence charges, with the prices of its day and its placeholders filled in a client's language.
    pub fn content_of(&self, occurrence: &Occurrence, locale: Locale) -> Content {
        let mut content = self.content.clone();
        for change in self.changes.iter().filter(|x| x.from <= occurrence.date) {
            for (n, line) in (1_u32..).zip(&mut content.lines) {
                if change.line.is_none_or(|x| x == n) {
                    line.price = changed(line.price, change.to, self.currency);
                }
            }
        }
        for line in &mut content.lines {
            line.description = filled(&line.description, occurrence, locale);
        }
        content
    }

    /// What an occurrence asks for; `None` beyond the limits of an amount.
    pub fn amount_of(&self, occurrence: &Occurrence) -> Option<Money> {
        totals(&self.content_of(occurrence, Locale::default()), self.currency).map(|x| x.payable())
    }

    /// The instant at which it is looked at for the next occurrence; `None` when none is ahead or it is paused.
    pub fn next_wake(&self, made: &BTreeSet<String>, at: jiff::civil::Time, zone: &TimeZone) -> Option<Timestamp> {
        let next = self.ahead(made).next().filter(|_| self.paused.is_none())?;
        Some(wall_clock(next.date, at, zone))
    }
}

fn changed(price: Decimal, to: NewPrice, currency: Currency) -> Decimal {
    let percent = match to {
        NewPrice::Price(price) => return price,
        NewPrice::Percent(percent) => percent,
    };
    // A price in whole cents stays one.
    let digits = price.normalize().scale().max(currency.digits()).min(FINE_DIGITS);
    let factor = Decimal::ONE.checked_add(percent.checked_div(Decimal::ONE_HUNDRED).unwrap_or_default());
    let exact = factor.and_then(|x| price.checked_mul(x)).unwrap_or(price).max(Decimal::ZERO);
    exact.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero).normalize()
}

/// The placeholders that a text may hold, with what each becomes.
pub const PLACEHOLDERS: [(&str, &str); 6] = [
    ("{month}", "the month in which the period begins: November"),
    ("{year}", "its year: 2026"),
    ("{quarter}", "its quarter: Q4"),
    ("{week}", "its week: W48"),
    ("{from}", "the period’s first day: 1 November 2026"),
    ("{to}", "the period’s last day: 30 November 2026"),
];

/// A text with its placeholders filled, as `locale` writes dates: of the period, or of the day where no period is
/// named.
pub fn filled(text: &str, occurrence: &Occurrence, locale: Locale) -> String {
    let (from, to) = occurrence.period.map_or((occurrence.date, occurrence.date), |x| (x.from, x.to));
    text.replace("{month}", locale.month(from))
        .replace("{year}", &from.year().to_string())
        .replace("{quarter}", &format!("Q{}", quarter(from)))
        .replace("{week}", &format!("W{:02}", from.iso_week_date().week()))
        .replace("{from}", &locale.date_long(from))
        .replace("{to}", &locale.date_long(to))
}

#[cfg(test)]
#[path = "recurring_tests.rs"]
mod tests;
