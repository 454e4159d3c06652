//! Invoices and credit notes as EN 16931: one description in the terms of the standard ([`Bill`]), written as UBL 2.1
//! and as CII D16B, and read from either.
//!
//! What is written is made from what issuing froze and from nothing else; every amount comes from
//! [`Totals`](crate::domain::tax::Totals). Reckons nothing but whether what others wrote adds up.

mod cii;
mod from;
mod peppol;
pub mod read;
mod taken;
mod ubl;
mod xml;

use jiff::civil::Date;

pub use cii::cii;
pub use from::Frozen;
pub use taken::{is_xml, of_pdf, of_xml};
pub use ubl::ubl;

/// What an invoice or credit note says, in the terms of EN 16931. Empty strings leave their term out; amounts,
/// quantities and percentages are finished decimal numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Whether it gives back (381) and does not ask for money (380).
    pub credit: bool,
    /// What exactly it is, by its code (BT-3).
    pub code: String,
    /// Whether the rules of Peppol BIS Billing 3.0 are kept too (BT-23, BT-24).
    pub peppol: bool,
    /// Whether every amount has at most the two decimals that the standard knows. Without this it can't be written as
    /// XML.
    pub exact: bool,
    /// Number (BT-1).
    pub number: String,
    /// Date of issue (BT-2).
    pub dated: Date,
    /// Due date (BT-9).
    pub due: Option<Date>,
    /// Currency (BT-5).
    pub currency: String,
    /// Accounting currency and the VAT in it (BT-6, BT-111).
    pub accounting: Option<(String, String)>,
    /// Note (BT-22).
    pub note: String,
    /// Buyer's reference (BT-10).
    pub reference: String,
    /// Purchase order (BT-13).
    pub order: String,
    /// Contract (BT-12).
    pub contract: String,
    /// Project (BT-11).
    pub project: String,
    /// The invoice that is credited: number, and date where it is told (BT-25, BT-26).
    pub preceding: Option<(String, Option<Date>)>,
    /// Invoicing period (BT-73, BT-74).
    pub period: Option<(Date, Date)>,
    /// Day of delivery (BT-72).
    pub delivered: Option<Date>,
    /// Country that was delivered to (BT-80).
    pub deliver_to: String,
    /// Who charges (BG-4).
    pub seller: Trader,
    /// Who is charged (BG-7).
    pub buyer: Trader,
    /// How to pay (BG-16).
    pub transfer: Option<Transfer>,
    /// Payment terms in words (BT-20).
    pub terms: String,
    /// Allowances and charges on the whole (BG-20, BG-21).
    pub adjustments: Vec<Change>,
    /// The VAT breakdown (BG-23).
    pub groups: Vec<Group>,
    /// The sums (BG-22).
    pub sums: Sums,
    /// The lines (BG-25).
    pub lines: Vec<Item>,
}

/// A party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trader {
    /// Some identifier where there is no better one (BT-29, BT-46).
    pub id: String,
    /// Name (BT-27, BT-44).
    pub name: String,
    /// VAT identifier (BT-31, BT-48).
    pub vat_id: String,
    /// The seller's number with the tax office where there is no VAT identifier (BT-32).
    pub tax_id: String,
    /// In a register (BT-30, BT-47).
    pub legal_id: String,
    /// What else the law wants said of the seller (BT-33).
    pub legal_form: String,
    /// Scheme and electronic address (BT-34, BT-49).
    pub endpoint: Option<(String, String)>,
    /// At most three lines before the town (BT-35, BT-36, BT-162).
    pub address: [String; 3],
    /// Town (BT-37, BT-52).
    pub city: String,
    /// Postcode (BT-38, BT-53).
    pub postcode: String,
    /// County (BT-39, BT-54).
    pub subdivision: String,
    /// Country (BT-40, BT-55).
    pub country: String,
    /// Whom to turn to (BT-41, BT-56), by telephone (BT-42, BT-57) and e-mail (BT-43, BT-58).
    pub contact: [String; 3],
}

/// A transfer to the seller's account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// 58 for SEPA, 30 for any other (BT-81).
    pub code: String,
    /// What to quote (BT-83).
    pub reference: String,
    /// Account (BT-84).
    pub iban: String,
    /// Its name (BT-85).
    pub name: String,
    /// Its bank (BT-86).
    pub bic: String,
}

/// Category code and rate; O has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tax {
    /// BT-118, BT-151, BT-95, BT-102.
    pub category: String,
    /// BT-119, BT-152, BT-96, BT-103; empty for O.
    pub rate: String,
}

/// An allowance or charge, of the whole or of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// A charge and not an allowance.
    pub charge: bool,
    /// Amount (BT-92, BT-99, BT-136).
    pub amount: String,
    /// Of what it is a percentage, and how many percent; both or none.
    pub of: Option<(String, String)>,
    /// Why (BT-97, BT-104, BT-139).
    pub reason: String,
    /// VAT of one on the whole.
    pub tax: Option<Tax>,
}

/// A group of the VAT breakdown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Category and rate (BT-118, BT-119).
    pub tax: Tax,
    /// Taxable amount (BT-116).
    pub base: String,
    /// VAT (BT-117).
    pub amount: String,
    /// Why there is none (BT-120).
    pub reason: String,
    /// The same as a code (BT-121).
    pub reason_code: String,
}

/// The sums; those that are zero and optional are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// BT-106.
    pub lines: String,
    /// BT-107.
    pub allowances: String,
    /// BT-108.
    pub charges: String,
    /// BT-109.
    pub net: String,
    /// BT-110.
    pub vat: String,
    /// BT-112.
    pub gross: String,
    /// BT-113.
    pub prepaid: String,
    /// BT-114.
    pub rounding: String,
    /// BT-115.
    pub payable: String,
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// BT-126.
    pub id: String,
    /// BT-129.
    pub quantity: String,
    /// BT-130.
    pub unit: String,
    /// BT-131.
    pub net: String,
    /// BT-146.
    pub price: String,
    /// For how many units that is, if not for one (BT-149).
    pub per: String,
    /// BT-153.
    pub name: String,
    /// BT-154.
    pub detail: String,
    /// BT-155.
    pub seller_item: String,
    /// BT-132.
    pub order_line: String,
    /// BG-26.
    pub period: Option<(Date, Date)>,
    /// BG-27, BG-28.
    pub changes: Vec<Change>,
    /// BT-151, BT-152.
    pub tax: Tax,
    /// Whether it is an option of a quote, which its sums leave out.
    pub optional: bool,
}
