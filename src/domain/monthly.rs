//! Month-end statements: when they are published by themselves, for which month, and what one holds.
//!
//! Once published it stands as it is, like an invoice: what is recorded later for that month is shown beside it, and
//! a new one can take its place, but neither its figures nor its PDF ever change. Knows no clock and no store.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::client::Party;
use super::firm::Letterhead;
use super::ids::{ClientId, FileRef, StaffId, StatementId};
use super::money::Money;
use super::statement::Reckoned;

const MONTHS: i64 = 12;

/// When the statement of a month is published by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum When {
    /// Never.
    #[default]
    Never,
    /// Each month.
    Always,
    /// Each month in which something was open or moved.
    WhenMoved,
}

impl When {
    /// All of them, in the order in which forms offer them.
    pub const ALL: [Self; 3] = [Self::Never, Self::WhenMoved, Self::Always];

    /// The value in forms.
    pub fn code(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Always => "always",
            Self::WhenMoved => "moved",
        }
    }

    /// The reverse of [`When::code`].
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|x| x.code() == code)
    }

    /// What it is called.
    pub fn words(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Always => "each month",
            Self::WhenMoved => "each month in which something is open or moved",
        }
    }

    /// Whether a statement of `accounts` is to be published.
    pub fn wants(self, accounts: &[Reckoned]) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::WhenMoved => accounts.iter().any(Reckoned::says_something),
        }
    }
}

/// The first day of the last month that has ended by `today`.
pub fn last_ended(today: Date) -> Date {
    today.first_of_month().saturating_sub(Span::new().months(1))
}

/// A month as a count that goes up by one each month, from year 0; for a year before that it is 0.
pub fn count(month: Date) -> u64 {
    u64::try_from(i64::from(month.year()) * MONTHS + i64::from(month.month()) - 1).unwrap_or(0)
}

/// The first day of a month that was counted; `None` beyond the calendar.
pub fn counted(count: u64) -> Option<Date> {
    let count = i64::try_from(count).ok()?;
    let (year, month) = (i16::try_from(count / MONTHS).ok()?, i8::try_from(count % MONTHS + 1).ok()?);
    Date::new(year, month, 1).ok()
}

/// "October 2026".
pub fn words(month: Date) -> String {
    month.strftime("%B %Y").to_string()
}

/// "2026-10", as files are named and forms have it.
pub fn code(month: Date) -> String {
    month.strftime("%Y-%m").to_string()
}

/// The reverse of [`code`].
pub fn from_code(text: &str) -> Option<Date> {
    let month: Date = format!("{text}-01").parse().ok()?;
    (code(month) == text).then_some(month)
}

/// The statement of a month as it was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthStatement {
    /// Identifier.
    pub id: StatementId,
    /// Whose.
    pub client: ClientId,
    /// The first day of the month; the period is all of it.
    pub month: Date,
    /// When it was published.
    pub at: Timestamp,
    /// Who published it; `None` when it came by itself.
    pub by: Option<StaffId>,
    /// The firm as it was printed.
    pub seller: Party,
    /// The client as they were printed.
    pub buyer: Party,
    /// The rest of the firm that was printed.
    pub letterhead: Letterhead,
    /// The activity log when it was made, as the footer says it.
    pub anchor: String,
    /// The accounts, at least one, by currency.
    pub accounts: Vec<Reckoned>,
    /// The PDF.
    pub pdf: FileRef,
    /// The one that it took the place of.
    pub replaces: Option<StatementId>,
}

impl MonthStatement {
    /// The first and the last day, both inclusive.
    pub fn period(&self) -> (Date, Date) {
        (self.month, self.month.last_of_month())
    }

    /// What is owed at the end of the month, in each currency.
    pub fn closing(&self) -> Vec<Money> {
        self.accounts.iter().map(|x| Money::new(x.statement.closing, x.currency)).collect()
    }

    /// Whether `now` has other figures for the month: something that counts in it was recorded since.
    pub fn differs_from(&self, now: &[Reckoned]) -> bool {
        self.accounts != now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;
    use jiff::civil::date;

    #[test]
    fn months_are_counted_one_by_one_and_written_one_way() {
        for month in [date(2025, 12, 1), date(2026, 1, 1), date(2026, 10, 1)] {
            assert_eq!(counted(count(month)), Some(month));
            assert_eq!(from_code(&code(month)), Some(month));
        }
        assert_eq!(count(date(2026, 1, 31)), count(date(2025, 12, 1)) + 1);
        assert_eq!(last_ended(date(2026, 11, 1)), date(2026, 10, 1));
        assert_eq!(last_ended(date(2026, 1, 31)), date(2025, 12, 1));
        assert_eq!(words(date(2026, 10, 1)), "October 2026");
        for wrong in ["", "2026", "2026-13", "2026-1", "26-10", "2026-10-01", "+2026-10"] {
            assert_eq!(from_code(wrong), None, "{wrong}");
        }
        assert_eq!(counted(u64::MAX), None);
    }

    #[test]
    fn an_account_on_which_nothing_stands_is_published_only_when_all_are() {
        let quiet = [Reckoned::empty(Currency::EUR)];
        assert_eq!(When::ALL.map(|when| when.wants(&quiet)), [false, false, true]);
        let mut owing = Reckoned::empty(Currency::EUR);
        (owing.statement.opening, owing.statement.closing) = (100, 100);
        assert_eq!(When::ALL.map(|when| when.wants(&[owing.clone()])), [false, true, true]);
        let codes = When::ALL.map(|when| When::from_code(when.code()));
        assert_eq!(codes, When::ALL.map(Some));
    }
}
