//! Lines, VAT and totals: the arithmetic of EN 16931, in one function that every output uses.
//!
//! A line's net amount (BT-131) is rounded once. VAT is computed per category and rate: BT-117 = round(BT-116 × BT-119
//! / 100). BT-109 = BT-106 − BT-107 + BT-108, BT-110 = ΣBT-117, BT-112 = BT-109 + BT-110, BT-115 = BT-112 − BT-113 +
//! BT-114. Where prices include VAT, a group's gross is the fixed point, its VAT is what that gross contains, and its
//! net the remainder, spread over the lines by largest remainder.

mod content;
mod line;
mod totals;
mod unit;
mod vat;

use rust_decimal::Decimal;

pub use self::content::{AccountingVat, Content, Prices, Takes};
pub use self::line::{Adjustment, Direction, Discount, Line, Period, Portion};
pub use self::totals::{Totals, VatGroup, amounts, totals, vat_within};
pub use self::unit::Unit;
pub use self::vat::{Exemption, RATE_DIGITS, Vat, VatCategory};
use super::money::parse_decimal;
use super::refusal::FieldFault;

/// Most lines of one document.
pub const LINES_MAX: usize = 1_000;
/// Most allowances and charges of one document.
pub const ADJUSTMENTS_MAX: usize = 20;
/// Most decimals of a unit price (BT-146) and of a quantity (BT-129).
pub const FINE_DIGITS: u32 = 4;
/// Most decimals of a rate of exchange.
pub const EXCHANGE_DIGITS: u32 = 6;

/// Reads a quantity, price, rate or discount: at most `digits` decimals, within ±10⁹.
///
/// # Errors
/// Names `field` when the text is no such number.
pub fn parse_number(field: &str, input: &str, digits: u32) -> Result<Decimal, FieldFault> {
    let number = parse_decimal(input, 2)
        .map(|x| x.normalize())
        .filter(|x| x.scale() <= digits && x.abs() <= Decimal::from(1_000_000_000));
    number.ok_or_else(|| FieldFault::new(field, format!("Enter a number with at most {digits} decimals, like 11.5.")))
}
