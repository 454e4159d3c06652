//! What portal and desk share of a published month-end statement: its files and how its rows read.
//!
//! Everything comes from what was frozen; the PDF is the bytes that are kept.

use jiff::tz::TimeZone;

use super::statement_file;
use crate::documents::statement::reckoned_sheet;
use crate::documents::{Logo, Look, Sheet, html_file};
use crate::domain::firm::{Firm, Locale};
use crate::domain::format::Format;
use crate::domain::ids::StatementId;
use crate::domain::monthly::{self, MonthStatement};
use crate::domain::sentence::balances;

/// The statement as a document.
pub fn sheet(firm: &Firm, logo: Option<Logo>, statement: &MonthStatement) -> Sheet {
    let firm = Firm { party: statement.seller.clone(), ..statement.letterhead.over(firm).into_owned() };
    let look = Look { firm: &firm, logo };
    reckoned_sheet(&look, &statement.buyer, &statement.accounts, statement.period(), &statement.anchor)
}

/// Its bytes in a format that is made of what was frozen, by the firm's days, which end in `zone`; `None` for the PDF
/// and for formats that it does not have.
pub fn made(
    (firm, logo): (&Firm, Option<Logo>),
    zone: &TimeZone,
    statement: &MonthStatement,
    format: Format,
) -> Option<Vec<u8>> {
    match format {
        Format::Csv => Some(statement_file::table(&statement.accounts, statement.period(), zone).into_bytes()),
        Format::Html => Some(html_file(&sheet(firm, logo, statement)).into_bytes()),
        _ => None,
    }
}

/// Its name as a file.
pub fn file_name(statement: &MonthStatement, format: Format) -> String {
    format!("statement-{}.{}", monthly::code(statement.month), format.ending())
}

/// Takes the last segment of its address apart: the identifier, and the format of the file that is meant.
pub fn id_and_format(segment: &str) -> Option<(StatementId, Option<Format>)> {
    let (id, format) = Format::split(segment);
    let parsed: StatementId = id.parse().ok()?;
    // An identifier has one spelling, so that a page has one address.
    (parsed.to_string() == id).then_some((parsed, format))
}

/// "€1,230.00 owed".
pub fn owed(statement: &MonthStatement, locale: Locale) -> String {
    balances(&statement.closing(), locale)
}
