//! A billing document that was made elsewhere, as it was read: from an e-invoice, or from a table of another program.
//!
//! Its sums are its own: whoever read it has checked that they add up, and they are kept as they are. Knows nothing of
//! the forms in which documents travel.

use jiff::civil::Date;

use super::client::Party;
use super::firm::BankDetails;
use super::invoice::References;
use super::money::Currency;
use super::number::DocumentNumber;
use super::tax::{Content, Period, Totals};

/// What was read of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// A credit note and no invoice.
    pub credit: bool,
    /// The number (BT-1).
    pub number: DocumentNumber,
    /// Date of issue (BT-2).
    pub dated: Date,
    /// Due date (BT-9), if it states one.
    pub due: Option<Date>,
    /// Currency (BT-5).
    pub currency: Currency,
    /// What it is about, where its maker says so apart.
    pub title: String,
    /// Free text (BT-22).
    pub note: String,
    /// The buyer's reference (BT-10).
    pub reference: String,
    /// Order, contract, project, whose attention.
    pub references: References,
    /// Day of delivery (BT-72).
    pub delivered: Option<Date>,
    /// Period (BG-14).
    pub period: Option<Period>,
    /// The number of the invoice that a credit note takes back (BT-25); may be empty.
    pub credits: String,
    /// Lines, allowances and charges, so that each line has the amount that the document gives it. Without lines the
    /// document states its sums alone.
    pub content: Content,
    /// The sums (BG-22).
    pub totals: Totals,
    /// Who charges (BG-4); `None` where the source does not say.
    pub seller: Option<Party>,
    /// To which account (BG-17); empty where it does not say.
    pub bank: BankDetails,
    /// Who is charged (BG-7).
    pub buyer: Party,
}
