//! What portal and desk share of a statement: its kinds, and its files, so that both hand out the same.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::Markup;

use super::forms::Fields;
use super::parts::{self, Choice, Field};
use crate::documents::open_items::{open_items_csv, open_items_sheet};
use crate::documents::statement::{flag_restated, reckoned_sheet};
use crate::documents::{Csv, Look, Sheet};
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
            Self::Open(all) => open_items_sheet(look, buyer, all, to, anchor),
        };
        Sheet { payment: sheet.payment.filter(|_| to >= today), ..sheet }
    }

    /// As a table.
    pub fn csv(&self, (from, to): (Date, Date)) -> Csv {
        match self {
            Self::Forward(all) => table(all, (from, to)),
            Self::Open(all) => open_items_csv(all, to),
        }
    }
}

/// The columns of a statement's CSV; their names are promised, as those of `documents::csv` are.
const COLUMNS: [&str; 7] = ["currency", "date", "what", "number", "about", "amount", "balance"];

/// The statement as a table: opening balance, a row for each entry with its sign, closing balance.
pub fn table(accounts: &[Reckoned], (from, to): (Date, Date)) -> Csv {
    let mut csv = Csv::new(&COLUMNS);
    for account in accounts {
        let figure = |minor| Money::new(minor, account.currency).decimal().to_string();
        let (code, statement) = (account.currency.to_string(), &account.statement);
        let balance = |day: Date, what: &str, minor| {
            [code.clone(), day.to_string(), what.to_owned(), String::new(), String::new(), String::new(), figure(minor)]
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
        EntryKind::WrittenOff => "written off",
        EntryKind::Refund => "refund",
        EntryKind::RefundReturned => "refund returned",
    }
}

/// Its name as a file.
pub fn file_name(kind: Kind, (from, to): (Date, Date), format: Format) -> String {
    match kind {
        Kind::Forward => format!("statement-{from}-to-{to}.{}", format.ending()),
        Kind::Open => format!("open-items-{to}.{}", format.ending()),
    }
}
