//! Units of measure: a plain word in front of a code of UN/ECE Recommendation 20.

use serde::{Deserialize, Serialize};

/// A unit of measure: a plain word in front of its UN/ECE Recommendation 20 code (BT-130).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Unit {
    /// C62.
    #[default]
    Each,
    /// MIN.
    Minute,
    /// HUR.
    Hour,
    /// DAY.
    Day,
    /// WEE.
    Week,
    /// MON.
    Month,
    /// ANN.
    Year,
    /// LS.
    LumpSum,
    /// H87.
    Piece,
    /// SET.
    Set,
    /// PR.
    Pair,
    /// ZP.
    Page,
    /// MMT.
    Millimetre,
    /// MTR.
    Metre,
    /// KMT.
    Kilometre,
    /// SMI.
    Mile,
    /// MTK.
    SquareMetre,
    /// HAR.
    Hectare,
    /// MTQ.
    CubicMetre,
    /// GRM.
    Gram,
    /// KGM.
    Kilogram,
    /// TNE.
    Tonne,
    /// LTR.
    Litre,
    /// KWH.
    KilowattHour,
    /// 4L.
    Megabyte,
    /// E34.
    Gigabyte,
}

impl Unit {
    /// All of them, in the order in which forms offer them.
    pub const ALL: [Self; 26] = [
        Self::Each,
        Self::Minute,
        Self::Hour,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Year,
        Self::LumpSum,
        Self::Piece,
        Self::Set,
        Self::Pair,
        Self::Page,
        Self::Millimetre,
        Self::Metre,
        Self::Kilometre,
        Self::Mile,
        Self::SquareMetre,
        Self::Hectare,
        Self::CubicMetre,
        Self::Gram,
        Self::Kilogram,
        Self::Tonne,
        Self::Litre,
        Self::KilowattHour,
        Self::Megabyte,
        Self::Gigabyte,
    ];

    /// Code, word and suffix, side by side.
    fn entry(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Each => ("C62", "each", ""),
            Self::Minute => ("MIN", "minutes", "min"),
            Self::Hour => ("HUR", "hours", "h"),
            Self::Day => ("DAY", "days", "d"),
            Self::Week => ("WEE", "weeks", "wk"),
            Self::Month => ("MON", "months", "mo"),
            Self::Year => ("ANN", "years", "yr"),
            Self::LumpSum => ("LS", "fixed fee", ""),
            Self::Piece => ("H87", "pieces", "pcs"),
            Self::Set => ("SET", "sets", "sets"),
            Self::Pair => ("PR", "pairs", "pairs"),
            Self::Page => ("ZP", "pages", "pp."),
            Self::Millimetre => ("MMT", "mm", "mm"),
            Self::Metre => ("MTR", "metres", "m"),
            Self::Kilometre => ("KMT", "km", "km"),
            Self::Mile => ("SMI", "miles", "mi"),
            Self::SquareMetre => ("MTK", "m²", "m²"),
            Self::Hectare => ("HAR", "hectares", "ha"),
            Self::CubicMetre => ("MTQ", "m³", "m³"),
            Self::Gram => ("GRM", "grams", "g"),
            Self::Kilogram => ("KGM", "kg", "kg"),
            Self::Tonne => ("TNE", "tonnes", "t"),
            Self::Litre => ("LTR", "litres", "l"),
            Self::KilowattHour => ("KWH", "kWh", "kWh"),
            Self::Megabyte => ("4L", "MB", "MB"),
            Self::Gigabyte => ("E34", "GB", "GB"),
        }
    }

    /// The UN/ECE code.
    pub fn code(self) -> &'static str {
        self.entry().0
    }

    /// The unit of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|x| x.code() == code)
    }

    /// The word in forms.
    pub fn words(self) -> &'static str {
        self.entry().1
    }

    /// What follows a quantity on the document: `11.5 h`, nothing for single things and fixed fees.
    pub fn suffix(self) -> &'static str {
        self.entry().2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_has_a_code_and_a_word_of_its_own() {
        for unit in Unit::ALL {
            assert_eq!(Unit::from_code(unit.code()), Some(unit));
            assert_eq!(Unit::ALL.iter().filter(|x| x.words() == unit.words()).count(), 1, "{unit:?}");
        }
    }
}
