//! Lines, VAT and totals: the arithmetic of EN 16931, in one function that every output uses.
//!
//! A line's net amount (BT-131) is rounded once. VAT is computed per category and rate: BT-117 = round(BT-116 × BT-119
//! / 100). BT-110 = ΣBT-117, BT-112 = BT-109 + BT-110, BT-115 = BT-112 − BT-113.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::money::{Currency, Money, parse_decimal};
use super::refusal::FieldFault;

/// Most lines of one document.
pub const LINES_MAX: usize = 1_000;
/// Most decimals of a unit price (BT-146) and of a quantity (BT-129).
pub const FINE_DIGITS: u32 = 4;

/// VAT category code (UNTDID 5305, the subset of EN 16931).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum VatCategory {
    /// S: standard or reduced rate.
    #[default]
    Standard,
    /// Z: zero rated.
    Zero,
    /// E: exempt.
    Exempt,
    /// AE: reverse charge, the buyer accounts for VAT.
    ReverseCharge,
    /// K: intra-Community supply.
    IntraCommunity,
    /// G: export outside the EU.
    Export,
    /// O: outside the scope of VAT.
    OutOfScope,
}

impl VatCategory {
    /// All of them, in the order in which forms offer them.
    pub const ALL: [Self; 7] = [
        Self::Standard,
        Self::Zero,
        Self::Exempt,
        Self::ReverseCharge,
        Self::IntraCommunity,
        Self::Export,
        Self::OutOfScope,
    ];

    /// The code of EN 16931.
    pub fn code(self) -> &'static str {
        match self {
            Self::Standard => "S",
            Self::Zero => "Z",
            Self::Exempt => "E",
            Self::ReverseCharge => "AE",
            Self::IntraCommunity => "K",
            Self::Export => "G",
            Self::OutOfScope => "O",
        }
    }

    /// The category of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|x| x.code() == code)
    }

    /// Plain words for forms and documents.
    pub fn words(self) -> &'static str {
        match self {
            Self::Standard => "VAT",
            Self::Zero => "Zero rated",
            Self::Exempt => "Exempt from VAT",
            Self::ReverseCharge => "Reverse charge",
            Self::IntraCommunity => "Intra-Community supply",
            Self::Export => "Export",
            Self::OutOfScope => "No VAT",
        }
    }
}

/// A VAT category with its rate in percent (BT-151, BT-152).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Vat {
    /// The category.
    pub category: VatCategory,
    /// Percent, at most two decimals; 0 for every category but S.
    pub rate: Decimal,
}

/// Most digits behind the point of a VAT rate in percent (BT-152).
pub const RATE_DIGITS: u32 = 2;

impl Vat {
    /// A category with its rate.
    ///
    /// # Errors
    /// Names `field` when S has no rate above 0, another category has one, or the rate is outside 0..=100.
    pub fn new(field: &str, category: VatCategory, rate: Decimal) -> Result<Self, FieldFault> {
        let rate = rate.normalize();
        let fault = |message: &str| Err(FieldFault::new(field, message));
        if rate.is_sign_negative() && !rate.is_zero() || rate > Decimal::ONE_HUNDRED || rate.scale() > RATE_DIGITS {
            return fault("Enter a rate from 0 to 100 with at most two decimals.");
        }
        match (category, rate.is_zero()) {
            (VatCategory::Standard, true) => fault("Enter the VAT rate, or choose a category without VAT."),
            (VatCategory::Standard, false) | (_, true) => Ok(Self { category, rate }),
            (_, false) => fault("Only the category VAT has a rate; enter 0 for this one."),
        }
    }
}

/// A unit of measure: a plain word in front of its UN/ECE Recommendation 20 code (BT-130).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Unit {
    /// C62.
    #[default]
    Each,
    /// HUR.
    Hour,
    /// DAY.
    Day,
    /// MON.
    Month,
    /// KMT.
    Kilometre,
    /// MTK.
    SquareMetre,
    /// KGM.
    Kilogram,
    /// LTR.
    Litre,
    /// LS.
    LumpSum,
}

impl Unit {
    /// All of them, in the order in which forms offer them.
    pub const ALL: [Self; 9] = [
        Self::Each,
        Self::Hour,
        Self::Day,
        Self::Month,
        Self::Kilometre,
        Self::SquareMetre,
        Self::Kilogram,
        Self::Litre,
        Self::LumpSum,
    ];

    /// The UN/ECE code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Each => "C62",
            Self::Hour => "HUR",
            Self::Day => "DAY",
            Self::Month => "MON",
            Self::Kilometre => "KMT",
            Self::SquareMetre => "MTK",
            Self::Kilogram => "KGM",
            Self::Litre => "LTR",
            Self::LumpSum => "LS",
        }
    }

    /// The unit of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|x| x.code() == code)
    }

    /// The word in forms.
    pub fn words(self) -> &'static str {
        match self {
            Self::Each => "each",
            Self::Hour => "hours",
            Self::Day => "days",
            Self::Month => "months",
            Self::Kilometre => "km",
            Self::SquareMetre => "m²",
            Self::Kilogram => "kg",
            Self::Litre => "litres",
            Self::LumpSum => "fixed fee",
        }
    }

    /// What follows a quantity on the document: `11.5 h`, nothing for pieces and fixed fees.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Each | Self::LumpSum => "",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Month => "mo",
            Self::Kilometre => "km",
            Self::SquareMetre => "m²",
            Self::Kilogram => "kg",
            Self::Litre => "l",
        }
    }
}

/// One line of a billing document, net of VAT.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Line {
    /// What was done or delivered (BT-153).
    pub description: String,
    /// How many units (BT-129); negative to take something back.
    pub quantity: Decimal,
    /// Of what (BT-130).
    pub unit: Unit,
    /// Price of one unit in major units of the document's currency (BT-146), not negative.
    pub price: Decimal,
    /// Discount in percent of quantity × price, 0 to 100.
    pub discount: Decimal,
    /// VAT category and rate.
    pub vat: Vat,
}

impl Line {
    /// The net amount (BT-131), rounded once; `None` beyond the limits of an amount.
    pub fn net(&self, currency: Currency) -> Option<Money> {
        let gross = self.quantity.checked_mul(self.price)?;
        let kept = Decimal::ONE_HUNDRED.checked_sub(self.discount)?.checked_div(Decimal::ONE_HUNDRED)?;
        Money::round(gross.checked_mul(kept)?, currency)
    }
}

/// One group of the VAT breakdown (BG-23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VatGroup {
    /// Category and rate (BT-118, BT-119).
    pub vat: Vat,
    /// Taxable amount in minor units (BT-116).
    pub base: i64,
    /// Tax in minor units (BT-117).
    pub tax: i64,
}

/// The totals of a document (BG-22), in minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Of all amounts.
    pub currency: Currency,
    /// Sum of the lines' net amounts (BT-106), here also the total without VAT (BT-109).
    pub net: i64,
    /// VAT by category and rate, in a fixed order; empty for a published PDF, whose breakdown is its own matter.
    pub groups: Vec<VatGroup>,
    /// Total VAT (BT-110).
    pub vat: i64,
    /// Total with VAT (BT-112).
    pub gross: i64,
    /// Amount due for payment (BT-115).
    pub payable: i64,
}

impl Totals {
    /// The amount due for payment.
    pub fn payable(&self) -> Money {
        Money::new(self.payable, self.currency)
    }

    /// The totals of a document of which only the amount due is known.
    pub fn only(payable: Money) -> Self {
        let minor = payable.minor;
        Self { currency: payable.currency, net: minor, groups: Vec::new(), vat: 0, gross: minor, payable: minor }
    }
}

/// The totals of `lines`: the one function that feeds screen, PDF, CSV and XML. `None` beyond the limits of an amount.
pub fn totals(lines: &[Line], currency: Currency) -> Option<Totals> {
    let mut groups: Vec<VatGroup> = Vec::new();
    let mut net = Money::zero(currency);
    for line in lines {
        let amount = line.net(currency)?;
        net = net.plus(amount)?;
        match groups.iter_mut().find(|g| g.vat == line.vat) {
            Some(group) => group.base = group.base.checked_add(amount.minor)?,
            None => groups.push(VatGroup { vat: line.vat, base: amount.minor, tax: 0 }),
        }
    }
    groups.sort_by(|a, b| (a.vat.category, b.vat.rate).cmp(&(b.vat.category, a.vat.rate)));
    let mut vat = Money::zero(currency);
    for group in &mut groups {
        let exact = Money::new(group.base, currency).decimal().checked_mul(group.vat.rate)?;
        group.tax = Money::round(exact.checked_div(Decimal::ONE_HUNDRED)?, currency)?.minor;
        vat = vat.plus(Money::new(group.tax, currency))?;
    }
    let gross = net.plus(vat)?;
    (gross.minor.checked_abs()? <= super::money::AMOUNT_MAX).then_some(Totals {
        currency,
        net: net.minor,
        groups,
        vat: vat.minor,
        gross: gross.minor,
        payable: gross.minor,
    })
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn line(quantity: &str, price: &str, discount: &str, category: VatCategory, rate: &str) -> Line {
        Line {
            quantity: dec(quantity),
            price: dec(price),
            discount: dec(discount),
            vat: Vat { category, rate: dec(rate) },
            ..Line::default()
        }
    }

    #[test]
    fn totals_are_those_worked_out_by_hand() {
        use VatCategory::{OutOfScope, Standard};
        let eur = Currency::EUR;
        // The lease invoice: 11.5 h, a fixed fee, 1.5 h and an outlay without VAT.
        let lease = [
            line("11.5", "220", "0", Standard, "23"),
            line("1", "450", "0", Standard, "23"),
            line("1.5", "220", "0", Standard, "23"),
            line("1", "65", "0", OutOfScope, "0"),
        ];
        let t = totals(&lease, eur).unwrap();
        assert_eq!((t.net, t.vat, t.gross, t.payable), (337_500, 76_130, 413_630, 413_630));
        assert_eq!(t.groups.iter().map(|g| (g.base, g.tax)).collect::<Vec<_>>(), [(331_000, 76_130), (6_500, 0)]);

        let cases: &[(&[Line], &str, i64, i64)] = &[
            // Three lines of 0.335 are rounded each (0.34), and VAT once on their sum.
            (
                &[
                    line("1", "0.335", "0", Standard, "20"),
                    line("1", "0.335", "0", Standard, "20"),
                    line("1", "0.335", "0", Standard, "20"),
                ],
                "EUR",
                102,
                20,
            ),
            // A discount of a third is rounded with the line, not before it.
            (&[line("3", "33.3333", "33.33", Standard, "19")], "EUR", 6_667, 1_267),
            // Taking something back at the same rate lowers the base before VAT is rounded.
            (&[line("1", "10.01", "0", Standard, "7"), line("-1", "10.00", "0", Standard, "7")], "EUR", 1, 0),
            // Yen have no minor unit; halves go away from zero.
            (&[line("1", "1005", "0", Standard, "10")], "JPY", 1_005, 101),
            (&[line("-1", "1005", "0", Standard, "10")], "JPY", -1_005, -101),
            // Dinars have three digits.
            (&[line("1", "1.2345", "0", Standard, "5")], "KWD", 1_235, 62),
            (&[], "EUR", 0, 0),
        ];
        for (lines, code, net, vat) in cases {
            let t = totals(lines, code.parse().unwrap()).unwrap();
            assert_eq!((t.net, t.vat), (*net, *vat), "{lines:?}");
        }
    }

    #[test]
    fn amounts_beyond_the_limit_give_no_totals() {
        assert_eq!(totals(&[line("1000000000", "1000000000", "0", VatCategory::Standard, "23")], Currency::EUR), None);
        let many = vec![line("1000000", "999999", "0", VatCategory::Standard, "23"); 500];
        assert_eq!(totals(&many, Currency::EUR), None);
    }

    #[test]
    fn only_the_standard_category_has_a_rate() {
        assert!(Vat::new("v", VatCategory::Standard, dec("23")).is_ok());
        assert!(Vat::new("v", VatCategory::Standard, dec("0")).is_err());
        assert!(Vat::new("v", VatCategory::Exempt, dec("23")).is_err());
        assert!(Vat::new("v", VatCategory::Standard, dec("-1")).is_err());
        assert!(Vat::new("v", VatCategory::Standard, dec("100.01")).is_err());
        assert!(Vat::new("v", VatCategory::ReverseCharge, dec("0")).is_ok());
    }

    proptest! {
        /// BR-CO-10, -13, -14, -15, -16, -17 hold for any lines.
        #[test]
        fn the_sums_of_en_16931_hold(rows in prop::collection::vec(
            (-50_000_i64..50_000, 0_i64..5_000_000, 0_i64..10_000, 0_usize..4),
            0..40,
        )) {
            let vats = [(VatCategory::Standard, "23"), (VatCategory::Standard, "13.5"), (VatCategory::Zero, "0"), (VatCategory::OutOfScope, "0")];
            let lines: Vec<Line> = rows.iter().map(|&(q, p, d, v)| Line {
                quantity: Decimal::new(q, 2), price: Decimal::new(p, 4), discount: Decimal::new(d, 2),
                vat: Vat { category: vats[v].0, rate: dec(vats[v].1) }, ..Line::default()
            }).collect();
            let t = totals(&lines, Currency::EUR).unwrap();
            prop_assert_eq!(t.net, lines.iter().map(|l| l.net(Currency::EUR).unwrap().minor).sum::<i64>());
            prop_assert_eq!(t.net, t.groups.iter().map(|g| g.base).sum::<i64>());
            prop_assert_eq!(t.vat, t.groups.iter().map(|g| g.tax).sum::<i64>());
            prop_assert_eq!(t.gross, t.net + t.vat);
            for g in &t.groups {
                let exact = Decimal::new(g.base, 2) * g.vat.rate;
                let off = (exact - Decimal::new(g.tax, 0)).abs();
                prop_assert!(off <= dec("0.5"), "{} of {} is not {}", g.vat.rate, g.base, g.tax);
            }
            let mut turned = lines.clone();
            turned.reverse();
            prop_assert_eq!(totals(&turned, Currency::EUR).unwrap(), t);
        }
    }
}
