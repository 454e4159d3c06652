//! What portal and desk share of a statement's PDF, so that both hand out the same.

use jiff::civil::Date;

use crate::documents::statement::{Account, statement_sheet};
use crate::documents::{Look, Sheet};
use crate::domain::anchor::AnchorCode;
use crate::domain::client::Party;
use crate::store::statement::Reckoned;

/// What is said of a period with more entries than a document may have pages for.
pub const TOO_LONG: &str = "This is too long for one PDF; choose a shorter period";

/// What stands before the log's anchor, on the page and on paper.
pub const ANCHOR_WORDS: &str = "Our activity log when this was made:";

/// The statement as a document.
pub fn sheet(
    look: &Look<'_>,
    buyer: &Party,
    accounts: &[Reckoned],
    (from, to): (Date, Date),
    anchor: AnchorCode,
) -> Sheet {
    let all: Vec<Account<'_>> = accounts
        .iter()
        .map(|r| Account { currency: r.currency, statement: &r.statement, ageing: Some(&r.ageing) })
        .collect();
    let mut sheet = statement_sheet(look, buyer, &all, from, to);
    sheet.footer.push(format!("{ANCHOR_WORDS} {anchor}"));
    sheet
}

/// Its name as a file.
pub fn file_name(from: Date, to: Date) -> String {
    format!("statement-{from}-to-{to}.pdf")
}
