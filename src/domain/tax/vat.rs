//! VAT categories and rates, and the reasons that EN 16931 wants where no VAT is charged.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::domain::language::Language;
use crate::domain::refusal::FieldFault;

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
    /// L: IGIC, the general indirect tax of the Canary Islands.
    Igic,
    /// M: IPSI, the tax on production, services and imports of Ceuta and Melilla.
    Ipsi,
}

impl VatCategory {
    /// All of them, in the order in which forms offer them.
    pub const ALL: [Self; 9] = [
        Self::Standard,
        Self::Zero,
        Self::Exempt,
        Self::ReverseCharge,
        Self::IntraCommunity,
        Self::Export,
        Self::OutOfScope,
        Self::Igic,
        Self::Ipsi,
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
            Self::Igic => "L",
            Self::Ipsi => "M",
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
            Self::Igic => "IGIC",
            Self::Ipsi => "IPSI",
        }
    }
}

/// A VAT category with its rate in percent (BT-151, BT-152).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Vat {
    /// The category.
    pub category: VatCategory,
    /// Percent, at most two decimals; above 0 for S, any for L and M, 0 for every other category.
    pub rate: Decimal,
}

/// Most digits behind the point of a VAT rate in percent (BT-152).
pub const RATE_DIGITS: u32 = 2;

impl Vat {
    /// A category with its rate.
    ///
    /// # Errors
    /// Names `field` when S, L or M has no rate above 0, a category without rates has one, or the rate is
    /// outside 0..=100.
    pub fn new(field: &str, category: VatCategory, rate: Decimal) -> Result<Self, FieldFault> {
        let rate = rate.normalize();
        let fault = |message: &str| Err(FieldFault::new(field, message));
        if rate.is_sign_negative() && !rate.is_zero() || rate > Decimal::ONE_HUNDRED || rate.scale() > RATE_DIGITS {
            return fault("Enter a rate from 0 to 100 with at most two decimals.");
        }
        match (category, rate.is_zero()) {
            (taxed, true) if taxed.has_rates() => fault("Enter the rate, or choose zero rated or another category."),
            (_, true) => Ok(Self { category, rate }),
            (taxed, false) if taxed.has_rates() => Ok(Self { category, rate }),
            (_, false) => fault("Only VAT, IGIC and IPSI have a rate; enter 0 for this one."),
        }
    }
}

/// Why a category charges no VAT (BT-120, BT-121).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exemption {
    /// Of which category.
    pub category: VatCategory,
    /// The sentence that the document prints (BT-120).
    pub reason: String,
    /// A code of the VATEX list (BT-121); may be empty.
    pub code: String,
}

impl VatCategory {
    /// Whether it is charged at rates of which there are several: VAT itself, and the taxes of the Canary Islands,
    /// Ceuta and Melilla. Their rate may be 0 by the text of BR-AF-05 and BR-AG-05, but not by the published checks for
    /// CII, so that none is 0 here: what is taxed at nothing is zero rated.
    pub fn has_rates(self) -> bool {
        matches!(self, Self::Standard | Self::Igic | Self::Ipsi)
    }

    /// Whether the breakdown needs a reason for this category (BR-E-10, BR-AE-10, BR-IC-10, BR-G-10, BR-O-10); S, Z, L
    /// and M must have none.
    pub fn needs_reason(self) -> bool {
        !(self.has_rates() || self == Self::Zero)
    }

    /// The usual reason of a category in a language, for a seller inside the EU or outside it; `None` where there must
    /// be none.
    pub fn usual_exemption(self, language: Language, seller_in_eu: bool) -> Option<Exemption> {
        let code = match self {
            Self::Standard | Self::Zero | Self::Igic | Self::Ipsi => return None,
            Self::Exempt => "",
            Self::ReverseCharge => "VATEX-EU-AE",
            Self::IntraCommunity => "VATEX-EU-IC",
            Self::Export => "VATEX-EU-G",
            Self::OutOfScope => "VATEX-EU-O",
        };
        let reason = match language {
            Language::English => self.reason(seller_in_eu),
            Language::German => self.reason_german(seller_in_eu),
        };
        Some(Exemption { category: self, reason: reason.to_owned(), code: code.to_owned() })
    }

    fn reason(self, seller_in_eu: bool) -> &'static str {
        match self {
            Self::Standard | Self::Zero | Self::Igic | Self::Ipsi => "",
            Self::Exempt => "Exempt from VAT.",
            Self::ReverseCharge => "Reverse charge: the customer accounts for the VAT.",
            Self::IntraCommunity => {
                "Intra-Community supply, exempt from VAT under Article 138 of Directive 2006/112/EC."
            }
            Self::Export if seller_in_eu => {
                "Export outside the EU, exempt from VAT under Article 146 of Directive 2006/112/EC."
            }
            Self::Export => "Export: no VAT is charged.",
            Self::OutOfScope => "Not subject to VAT.",
        }
    }

    /// As § 14a UStG and Article 226 of the Directive word them.
    fn reason_german(self, seller_in_eu: bool) -> &'static str {
        match self {
            Self::Standard | Self::Zero | Self::Igic | Self::Ipsi => "",
            Self::Exempt => "Von der Umsatzsteuer befreit.",
            Self::ReverseCharge => "Steuerschuldnerschaft des Leistungsempfängers (Reverse Charge).",
            Self::IntraCommunity => {
                "Steuerfreie innergemeinschaftliche Lieferung nach Artikel 138 der Richtlinie 2006/112/EG."
            }
            Self::Export if seller_in_eu => {
                "Steuerfreie Ausfuhrlieferung in ein Drittland nach Artikel 146 der Richtlinie 2006/112/EG."
            }
            Self::Export => "Ausfuhrlieferung: Es wird keine Umsatzsteuer berechnet.",
            Self::OutOfScope => "Nicht umsatzsteuerbar.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_taxes_have_rates_and_they_must_have_one() {
        let dec = |text: &str| text.parse::<Decimal>().unwrap();
        assert!(Vat::new("v", VatCategory::Standard, dec("23")).is_ok());
        assert!(Vat::new("v", VatCategory::Standard, dec("0")).is_err());
        assert!(Vat::new("v", VatCategory::Exempt, dec("23")).is_err());
        assert!(Vat::new("v", VatCategory::Standard, dec("-1")).is_err());
        assert!(Vat::new("v", VatCategory::Standard, dec("100.01")).is_err());
        assert!(Vat::new("v", VatCategory::ReverseCharge, dec("0")).is_ok());
        for island in [VatCategory::Igic, VatCategory::Ipsi] {
            assert!(Vat::new("v", island, dec("7")).is_ok() && Vat::new("v", island, dec("0")).is_err());
        }
    }

    #[test]
    fn a_reason_is_usual_exactly_where_one_is_needed() {
        for category in VatCategory::ALL {
            for language in Language::ALL {
                let usual = category.usual_exemption(language, true);
                assert_eq!(usual.is_some_and(|x| !x.reason.is_empty()), category.needs_reason(), "{category:?}");
            }
        }
    }
}
