//! What portal and desk share of a statement's files, so that both hand out the same.

use jiff::civil::Date;

use crate::documents::Csv;
use crate::domain::format::Format;
use crate::domain::money::Money;
use crate::domain::statement::{EntryKind, Reckoned};

/// What is said of a period with more entries than a document may have pages for.
pub const TOO_LONG: &str = "This is too long for one PDF; choose a shorter period";

/// What stands before the log's anchor on the page.
pub const ANCHOR_WORDS: &str = "Our activity log when this was made:";

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
pub fn file_name((from, to): (Date, Date), format: Format) -> String {
    format!("statement-{from}-to-{to}.{}", format.ending())
}
