//! What portal and desk share of a statement: its kinds, and its files, so that both hand out the same.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::Markup;

use super::forms::Fields;
use super::parts::{self, Choice, Field};
use crate::documents::open_items::{open_items_csv, open_items_sheet};
use crate::documents::statement::{flag_restated, reckoned_sheet};
use crate::documents::{Csv, Look, Sheet};
use crate::domain::calendar::today;
use crate::domain::client::Party;
use crate::domain::format::Format;
use crate::domain::money::Money;
use crate::domain::open_items::OpenItems;
use crate::domain::refusal::FieldFault;
use crate::domain::statement::{EntryKind, Reckoned};

/// Which statement is asked for (`?kind=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Every movement from one day to another, the balance brought forward.
    #[default]
    Forward,
    /// What is open as of the last day; the first day counts for nothing.
    Open,
}

impl Kind {
    /// The kind of a query; without one, the balance brought forward.
    ///
    /// # Errors
    /// Names `kind` when it is none of them.
    pub fn read(query: &Fields) -> Result<Self, FieldFault> {
        match query.get("kind").trim() {
            "" | "forward" => Ok(Self::Forward),
            "open" => Ok(Self::Open),
            _ => Err(FieldFault::new("kind", "Choose balance forward or open items.")),
        }
    }

    /// What stands in the query.
    pub fn code(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Open => "open",
        }
    }

    /// The query of this kind from one day to another.
    pub fn query(self, (from, to): (Date, Date)) -> String {
        match self {
            Self::Forward => format!("from={from}&to={to}"),
            Self::Open => format!("kind=open&to={to}"),
        }
    }
}

/// The choice between the kinds, in a form whose days are `from` and `to`.
pub fn kind_choice(field: &Field<'_>) -> Markup {
    let choices = [Choice::new("forward", "Balance forward"), Choice::new("open", "Open items (on the day in To)")];
    parts::select(field, &choices)
}

/// What is said of a period with more entries than a document may have pages for.
pub const TOO_LONG: &str = "This is too long for one PDF; choose a shorter period";

/// What stands before the log's anchor on the page.
pub const ANCHOR_WORDS: &str = "Our activity log when this was made:";

/// At which field it is said.
pub fn too_long_at(kind: Kind) -> &'static str {
    match kind {
        Kind::Forward => "from",
        Kind::Open => "to",
    }
}

/// A client's accounts as a statement of some kind says them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// The movements.
    Forward(Vec<Reckoned>),
    /// What is open.
    Open(Vec<OpenItems>),
}

impl Accounts {
    /// As a document, made `now` by the clocks of `zone`. One of a day that has passed asks for nothing: what was open
    /// then may have been paid since.
    pub fn sheet(
        &self,
        look: &Look,
        buyer: &Party,
        (from, to): (Date, Date),
        (today, zone): (Date, &TimeZone),
        anchor: &str,
    ) -> Sheet {
        let sheet = match self {
            Self::Forward(all) => {
                let mut sheet = reckoned_sheet(look, buyer, all, (from, to), anchor);
                flag_restated(&mut sheet, look, all, (to, zone));
                sheet
            }
            Self::Open(all) => open_items_sheet(look, buyer, all, (to, zone), anchor),
        };
        Sheet { payment: sheet.payment.filter(|_| to >= today), ..sheet }
    }

    /// As a table; the firm's days end in `zone`.
    pub fn csv(&self, (from, to): (Date, Date), zone: &TimeZone) -> Csv {
        match self {
            Self::Forward(all) => table(all, (from, to), zone),
            Self::Open(all) => open_items_csv(all, (to, zone)),
        }
    }
}

/// The columns of a statement's CSV; their names are promised, as those of `documents::csv` are.
const COLUMNS: [&str; 8] = [
    "currency",
    "date",
    "what",
    "number",
    "about",
    "amount",
    "balance",
    "recorded_later", // the day on which an entry was recorded, where that was after the last day
];

/// The statement as a table: opening balance, a row for each entry with its sign, closing balance. What was recorded
/// only after the last day, which ends in `zone`, says when.
pub fn table(accounts: &[Reckoned], (from, to): (Date, Date), zone: &TimeZone) -> Csv {
    let mut csv = Csv::new(&COLUMNS);
    for account in accounts {
        let figure = |minor| Money::new(minor, account.currency).decimal().to_string();
        let (code, statement) = (account.currency.to_string(), &account.statement);
        let balance = |day: Date, what: &str, minor| {
            let mut cells: [String; COLUMNS.len()] = Default::default();
            [cells[0], cells[1], cells[2], cells[6]] = [code.clone(), day.to_string(), what.to_owned(), figure(minor)];
            cells
        };
        csv.row(&balance(from, "opening balance", statement.opening));
        for row in &statement.rows {
            let entry = &row.entry;
            csv.row(&[
                code.clone(),
                entry.date.to_string(),
                kind(entry.kind).to_owned(),
                entry.number.clone(),
                entry.title.clone(),
                figure(entry.amount),
                figure(row.balance),
                if entry.restates(to, zone) { today(entry.recorded_at, zone).to_string() } else { String::new() },
            ]);
        }
        csv.row(&balance(to, "closing balance", statement.closing));
    }
    csv
}

/// What an entry is called.
fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Invoice => "invoice",
        EntryKind::CreditNote => "credit note",
        EntryKind::Receipt => "payment",
        EntryKind::Reversal => "payment taken back",
        EntryKind::EarlyPayment => "discount for early payment",
        EntryKind::WrittenOff | EntryKind::LateNoteWrittenOff => "written off",
        EntryKind::Refund => "refund",
        EntryKind::RefundReturned => "refund returned",
        EntryKind::LateNote => "late payment note",
    }
}

/// Its name as a file.
pub fn file_name(kind: Kind, (from, to): (Date, Date), format: Format) -> String {
    match kind {
        Kind::Forward => format!("statement-{from}-to-{to}.{}", format.ending()),
        Kind::Open => format!("open-items-{to}.{}", format.ending()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Currency;
    use crate::domain::statement::{Entry, balance_forward};
    use jiff::civil::date;

    #[test]
    fn a_table_says_what_was_recorded_after_its_last_day_and_its_columns_are_documented() {
        let documented = include_str!("../../docs/formats.md");
        let missing: Vec<_> = COLUMNS.iter().filter(|name| !documented.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let (from, to) = (date(2026, 6, 1), date(2026, 6, 30));
        let entry = |number: &str, at: &str| Entry {
            date: to,
            kind: EntryKind::Receipt,
            invoice: None,
            receipt: None,
            number: number.to_owned(),
            title: String::new(),
            way: None,
            amount: -100,
            recorded_at: at.parse().unwrap(),
        };
        let entries = [entry("in time", "2026-06-30T23:59:59Z"), entry("late", "2026-07-01T00:00:00Z")];
        let statement = balance_forward(entries, from, to);
        let account = Reckoned { statement, ..Reckoned::empty(Currency::EUR) };
        let table = table(&[account], (from, to), &TimeZone::UTC);
        let rows: Vec<&str> = table.text().lines().collect();
        let ends = |row: usize| rows[row].rsplit(',').next().unwrap();
        assert_eq!([0, 1, 2, 3, 4].map(ends), ["\"recorded_later\"", "\"\"", "\"\"", "\"2026-07-01\"", "\"\""]);
    }
}
