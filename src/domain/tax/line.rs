//! Lines, and what is taken off or put on top of them.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Unit, Vat};
use crate::domain::money::{Currency, Money};

/// From one civil day to another, both inclusive (BG-14, BG-26).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Period {
    /// The first day (BT-73, BT-134).
    pub from: Date,
    /// The last day (BT-74, BT-135); not before the first.
    pub to: Date,
}

/// A part of an amount: so much of a hundred, or so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Portion {
    /// Percent, 0 to 100, at most two decimals.
    Percent(Decimal),
    /// Minor units of the document's currency.
    Amount(i64),
}

impl Portion {
    /// What it is of `base`, in minor units, rounded once; `None` beyond the limits of an amount.
    pub fn of(self, base: i64, currency: Currency) -> Option<i64> {
        match self {
            Self::Amount(minor) => Some(minor),
            Self::Percent(percent) => {
                let exact = Money::new(base, currency).decimal().checked_mul(percent)?;
                Some(Money::round(exact.checked_div(Decimal::ONE_HUNDRED)?, currency)?.minor)
            }
        }
    }

    /// Whether it is nothing of anything.
    pub fn is_zero(self) -> bool {
        match self {
            Self::Percent(percent) => percent.is_zero(),
            Self::Amount(minor) => minor == 0,
        }
    }
}

impl Default for Portion {
    fn default() -> Self {
        Self::Percent(Decimal::ZERO)
    }
}

/// What is taken off a line (BG-27).
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Discount {
    /// Percent of quantity × price (BT-138), or an amount (BT-136).
    pub portion: Portion,
    /// Why (BT-139); may be empty, then it is a discount.
    pub reason: String,
}

impl Discount {
    /// So many percent, for no stated reason.
    pub fn percent(percent: Decimal) -> Self {
        Self { portion: Portion::Percent(percent), reason: String::new() }
    }
}

/// One line of a billing document (BG-25), in the document's [`super::Prices`].
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Line {
    /// What was done or delivered: its first line is the item's name (BT-153), further ones its description (BT-154).
    pub description: String,
    /// How many units (BT-129); negative to take something back.
    pub quantity: Decimal,
    /// Of what (BT-130).
    pub unit: Unit,
    /// Price of one unit in major units of the document's currency, up to four decimals (BT-146), not negative.
    pub price: Decimal,
    /// What is taken off quantity × price.
    pub discount: Discount,
    /// VAT category and rate (BT-151, BT-152).
    pub vat: Vat,
    /// When it was done (BG-26).
    pub period: Option<Period>,
    /// The seller's item number (BT-155); may be empty.
    pub item: String,
    /// The line of the buyer's order (BT-132); may be empty.
    pub order_line: String,
}

impl Line {
    /// The item's name (BT-153).
    pub fn name(&self) -> &str {
        self.description.lines().next().unwrap_or_default().trim()
    }

    /// What else is said of it (BT-154); may be empty.
    pub fn detail(&self) -> &str {
        self.description.split_once('\n').map_or("", |x| x.1.trim())
    }

    /// Quantity × price, rounded; `None` beyond the limits of an amount.
    pub fn before_discount(&self, currency: Currency) -> Option<Money> {
        Money::round(self.quantity.checked_mul(self.price)?, currency)
    }

    /// The line's amount in the document's prices, rounded once: without VAT this is BT-131, with VAT included
    /// [`super::Totals::line_nets`] has that. `None` beyond the limits of an amount.
    pub fn amount(&self, currency: Currency) -> Option<Money> {
        let whole = self.quantity.checked_mul(self.price)?;
        match self.discount.portion {
            Portion::Amount(minor) => Money::round(whole, currency)?.minus(Money::new(minor, currency)),
            Portion::Percent(percent) => {
                let kept = Decimal::ONE_HUNDRED.checked_sub(percent)?.checked_div(Decimal::ONE_HUNDRED)?;
                Money::round(whole.checked_mul(kept)?, currency)
            }
        }
    }

    /// What the discount comes to (BT-136), so that [`Line::before_discount`] less this is [`Line::amount`].
    pub fn discounted(&self, currency: Currency) -> Option<Money> {
        self.before_discount(currency)?.minus(self.amount(currency)?)
    }
}

/// Whether an [`Adjustment`] lowers or raises what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Direction {
    /// An allowance (BG-20).
    #[default]
    Allowance,
    /// A charge (BG-21).
    Charge,
}

/// An allowance or charge on the whole document, in the document's [`super::Prices`].
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Adjustment {
    /// Which of the two.
    pub direction: Direction,
    /// An amount (BT-92, BT-99), or percent (BT-94, BT-101) of the lines that have the same VAT (BT-93, BT-100): of a
    /// document with two rates each has an adjustment of its own.
    pub portion: Portion,
    /// Why (BT-97, BT-104); not empty on an issued document (BR-33, BR-38).
    pub reason: String,
    /// VAT category and rate (BT-95 and BT-96, BT-102 and BT-103).
    pub vat: Vat,
}
