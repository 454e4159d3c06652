//! Of which kind a statement is, and from when to when it goes: reading it, and the periods that are offered.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::format::Format;
use crate::domain::refusal::FieldFault;
use crate::web::forms::{Fields, date_within_years};
use crate::web::statement_file::Kind;

/// Whole months before the present one in the period that is shown first.
const MONTHS_BEFORE: i32 = 2;
const MONTHS_OF_QUARTER: i8 = 3;

/// A kind, and two civil dates, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Balance forward, or open items as of the last day.
    pub kind: Kind,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
}

impl Period {
    /// The period of a query; without dates, the present month and those just before it.
    ///
    /// # Errors
    /// Every field to mend.
    pub fn read(query: &Fields, today: Date) -> Result<Self, Vec<FieldFault>> {
        let usual = Self::usual(today);
        let mut faults = Vec::new();
        let kind = Kind::read(query).unwrap_or_else(|fault| {
            faults.push(fault);
            Kind::default()
        });
        let mut one = |name: &str, usual: Date| {
            let typed = query.get(name).trim();
            let read = if typed.is_empty() { Ok(usual) } else { date_within_years(name, typed) };
            read.unwrap_or_else(|fault| {
                faults.push(fault);
                usual
            })
        };
        let to = one("to", usual.to);
        let before = usual.from.min(to.first_of_month());
        // Open items need no first day, whatever stands in its field.
        let from = if kind == Kind::Open { before } else { one("from", before) };
        if faults.is_empty() && from > to {
            faults.push(FieldFault::new("to", "The last day must be the first day or later."));
        }
        if faults.is_empty() { Ok(Self { kind, from, to }) } else { Err(faults) }
    }

    fn usual(today: Date) -> Self {
        let first = today.first_of_month();
        Self { kind: Kind::Forward, from: first.checked_sub(MONTHS_BEFORE.months()).unwrap_or(first), to: today }
    }

    /// The periods that the page offers, each to today at the latest.
    pub fn offered(today: Date) -> Vec<(String, Self)> {
        let first = |month: i8| Date::new(today.year(), month, 1).unwrap_or(today);
        let quarter = (today.month() - 1) / MONTHS_OF_QUARTER * MONTHS_OF_QUARTER + 1;
        let last_year = today.year() - 1;
        let forward = |from, to| Self { kind: Kind::Forward, from, to };
        let whole = Date::new(last_year, 1, 1).and_then(|from| Ok(forward(from, Date::new(last_year, 12, 31)?)));
        let mut all = vec![
            ("This month".to_owned(), forward(today.first_of_month(), today)),
            ("This quarter".to_owned(), forward(first(quarter), today)),
            (today.year().to_string(), forward(first(1), today)),
        ];
        all.extend(whole.ok().map(|period| (last_year.to_string(), period)));
        all.push(("Open today".to_owned(), Self { kind: Kind::Open, ..forward(today, today) }));
        all
    }

    /// The address of the statement of this period.
    pub fn address(&self) -> String {
        format!("/statement?{}", self.kind.query(self.span()))
    }

    /// The address of its file.
    pub fn file(&self, format: Format) -> String {
        format!("/statement.{}?{}", format.ending(), self.kind.query(self.span()))
    }

    /// As the form's fields.
    pub fn as_fields(&self) -> Fields {
        let kind = self.kind.code().to_owned();
        Fields::of([("kind", kind), ("from", self.from.to_string()), ("to", self.to.to_string())])
    }

    /// First and last day.
    pub fn span(&self) -> (Date, Date) {
        (self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;

    #[test]
    fn a_period_is_read_or_each_bad_date_is_named() {
        let today = day(2026, 11, 23);
        let read = |from: &str, to: &str| Period::read(&Fields::of([("from", from), ("to", to)]), today);
        assert_eq!(read("", "").unwrap().span(), (day(2026, 9, 1), today));
        assert_eq!(read("2026-01-01", "31.3.2026").unwrap().span(), (day(2026, 1, 1), day(2026, 3, 31)));
        assert_eq!(read("", "2020-05-20").unwrap().from, day(2020, 5, 1));
        let named = |from: &str, to: &str| {
            read(from, to).unwrap_err().into_iter().map(|f| f.field).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(named("x", "9999-01-01"), "to from");
        assert_eq!(named("2026-02-01", "2026-01-01"), "to");
        let of_kind =
            |kind: &str| Period::read(&Fields::of([("kind", kind), ("from", "x"), ("to", "2026-01-31")]), today);
        let open = of_kind("open").unwrap();
        assert_eq!(open.address(), "/statement?kind=open&to=2026-01-31", "the first day counts for nothing");
        assert_eq!(of_kind("closed").unwrap_err().first().map(|f| f.field.as_str()), Some("kind"));
    }

    #[test]
    fn the_offered_periods_start_where_their_names_say() {
        let offered = Period::offered(day(2026, 11, 23));
        let from: Vec<String> = offered.iter().map(|(words, p)| format!("{words} {} {}", p.from, p.to)).collect();
        assert_eq!(
            from,
            [
                "This month 2026-11-01 2026-11-23",
                "This quarter 2026-10-01 2026-11-23",
                "2026 2026-01-01 2026-11-23",
                "2025 2025-01-01 2025-12-31",
                "Open today 2026-11-23 2026-11-23",
            ]
        );
    }
}
