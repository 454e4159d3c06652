//! What a composed document charges: lines, allowances and charges, and how they are to be reckoned.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Adjustment, Exemption, Line, Vat, VatCategory};
use crate::domain::language::Language;
use crate::domain::money::Currency;

/// Whether prices are without VAT or include it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Prices {
    /// Without VAT: the net is the fixed point, VAT comes on top of each group.
    #[default]
    Net,
    /// VAT included: the gross is the fixed point, and the net what is left of it.
    Gross,
}

/// VAT stated in the seller's accounting currency too, where the document has another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountingVat {
    /// The accounting currency (BT-6).
    pub currency: Currency,
    /// Units of it for one unit of the document's currency, above zero.
    pub rate: Decimal,
    /// Of which day the rate is.
    pub on: Date,
}

/// What a composed document charges.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Content {
    /// The lines (BG-25).
    pub lines: Vec<Line>,
    /// Allowances and charges on the whole (BG-20, BG-21).
    pub adjustments: Vec<Adjustment>,
    /// Whether prices and amounts above include VAT.
    pub prices: Prices,
    /// Paid before the document was issued, in minor units (BT-113); no receipt here.
    pub prepaid: i64,
    /// The amount due is rounded to a multiple of so many minor units (BT-114): 5 for Swiss francs in cash; 0 or 1 for
    /// none.
    pub round_to: u32,
    /// Reasons that differ from the usual ones, at most one for each category (BT-120, BT-121).
    pub exemptions: Vec<Exemption>,
    /// The VAT in the accounting currency (BT-111).
    pub accounting: Option<AccountingVat>,
    /// Of a credit note made here: what of the invoice it takes back.
    pub takes: Option<Takes>,
}

/// What of an invoice a credit note takes back. Its VAT and rounding are stated and not reckoned anew, so that several
/// credit notes add up to the invoice to the last minor unit.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Takes {
    /// Which line of the invoice each line takes back; `None` for an amount of its VAT category and rate.
    pub lines: Vec<Option<u32>>,
    /// Which allowance or charge of the invoice each of the note's own takes back.
    pub adjustments: Vec<u32>,
    /// VAT by category and rate, in minor units (BT-117).
    pub vat: Vec<(Vat, i64)>,
    /// What rounding the amount due takes back, in minor units (BT-114).
    pub rounding: i64,
}

impl Content {
    /// Lines at prices without VAT and nothing else.
    pub fn of(lines: Vec<Line>) -> Self {
        Self { lines, ..Self::default() }
    }

    /// Every VAT category and rate that is used, line by line, then adjustment by adjustment.
    pub fn vats(&self) -> impl Iterator<Item = Vat> + '_ {
        self.lines.iter().map(|x| x.vat).chain(self.adjustments.iter().map(|x| x.vat))
    }

    /// The reason why `category` charges no VAT: the document's own, or the usual one in its language.
    pub fn exemption(&self, category: VatCategory, language: Language, seller_in_eu: bool) -> Option<Exemption> {
        let own = self.exemptions.iter().find(|x| x.category == category && category.needs_reason());
        own.cloned().or_else(|| category.usual_exemption(language, seller_in_eu))
    }
}
