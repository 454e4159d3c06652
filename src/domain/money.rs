//! Money: integer minor units with an ISO 4217 currency. Two currencies are never added, and nothing is ever a float.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};

use super::refusal::FieldFault;

/// Largest amount of a single document or payment, in minor units; sums of any realistic ledger stay within `i64`.
pub const AMOUNT_MAX: i64 = 100_000_000_000_000;

/// An ISO 4217 currency: its code, of which the minor unit's digits follow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Active ISO 4217 codes whose minor unit has two digits.
const TWO_DIGITS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD \
CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR \
ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN \
NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC \
SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG";
/// Those without a minor unit.
const NO_DIGITS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
/// Those whose minor unit has three digits.
const THREE_DIGITS: &str = "BHD IQD JOD KWD LYD OMR TND";

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Digits of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn digits(self) -> u32 {
        known_digits(self.0).unwrap_or(2)
    }

    /// Every known code, in alphabetical order.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = [TWO_DIGITS, NO_DIGITS, THREE_DIGITS]
            .iter()
            .flat_map(|x| x.split(' '))
            .filter_map(|x| x.parse().ok())
            .collect();
        all.sort();
        all
    }
}

/// Letters of the alphabet.
const LETTERS: usize = 26;
/// In [`DIGITS`]: no such currency.
const UNKNOWN: u8 = u8::MAX;
/// Digits of the minor unit by the three letters of a code. A table, since every amount that is read or written asks.
static DIGITS: [u8; LETTERS.pow(3)] =
    listed(THREE_DIGITS, 3, listed(NO_DIGITS, 0, listed(TWO_DIGITS, 2, [UNKNOWN; _])));

/// `table` with `digits` for each of `codes`, which are three capital letters and a blank each.
const fn listed(codes: &str, digits: u8, mut table: [u8; LETTERS.pow(3)]) -> [u8; LETTERS.pow(3)] {
    let (codes, mut at) = (codes.as_bytes(), 0);
    while at + 3 <= codes.len() {
        table[place([codes[at], codes[at + 1], codes[at + 2]])] = digits;
        at += 4;
    }
    table
}

/// Where three capital letters stand in [`DIGITS`].
const fn place([a, b, c]: [u8; 3]) -> usize {
    ((a - b'A') as usize * LETTERS + (b - b'A') as usize) * LETTERS + (c - b'A') as usize
}

fn known_digits(code: [u8; 3]) -> Option<u32> {
    if !code.iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    DIGITS.get(place(code)).filter(|x| **x != UNKNOWN).map(|x| u32::from(*x))
}

impl FromStr for Currency {
    type Err = FieldFault;

    fn from_str(text: &str) -> Result<Self, FieldFault> {
        let code = text.trim().to_ascii_uppercase();
        match <[u8; 3]>::try_from(code.as_bytes()) {
            Ok(bytes) if known_digits(bytes).is_some() => Ok(Self(bytes)),
            _ => Err(FieldFault::new("currency", "Use a three-letter ISO 4217 code, like EUR, GBP or USD.")),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(s)
    }
}

impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let bytes = <[u8; 3]>::deserialize(d)?;
        match known_digits(bytes) {
            Some(_) => Ok(Self(bytes)),
            None => Err(serde::de::Error::custom("unknown currency")),
        }
    }
}

/// An amount in minor units of a currency; may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Money {
    /// Minor units: cents of a euro, whole yen, thousandths of a dinar.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// `minor` units of `currency`.
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    pub fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The sum, or `None` for two currencies or an overflow.
    pub fn plus(self, other: Self) -> Option<Self> {
        (self.currency == other.currency).then_some(())?;
        Some(Self::new(self.minor.checked_add(other.minor)?, self.currency))
    }

    /// The difference, or `None` for two currencies or an overflow.
    pub fn minus(self, other: Self) -> Option<Self> {
        (self.currency == other.currency).then_some(())?;
        Some(Self::new(self.minor.checked_sub(other.minor)?, self.currency))
    }

    /// The nearest amount to an exact value in major units, halves away from zero; `None` beyond [`AMOUNT_MAX`].
    pub fn round(exact: Decimal, currency: Currency) -> Option<Self> {
        let scaled = exact.checked_mul(Decimal::from(10_i64.pow(currency.digits())))?;
        let minor = scaled.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()?;
        (minor.checked_abs()? <= AMOUNT_MAX).then_some(Self::new(minor, currency))
    }

    /// The exact value in major units.
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.minor, self.currency.digits())
    }

    /// Reads what a person typed: `4136.30`, `4 136,30`, `€4,136.30`, `4.136,30`. The last separator with at most the
    /// currency's digits behind it is the decimal one.
    ///
    /// # Errors
    /// Names `field` when the text is no amount, has more decimals than the currency, or is beyond [`AMOUNT_MAX`].
    pub fn parse(field: &str, input: &str, currency: Currency) -> Result<Self, FieldFault> {
        let wrong = || {
            let example = Money::new(413_630, currency);
            FieldFault::new(field, format!("Enter an amount in {currency}, like {}.", example.decimal()))
        };
        let exact = parse_decimal(input, currency.digits()).ok_or_else(wrong)?;
        if exact.normalize().scale() > currency.digits() {
            return Err(FieldFault::new(
                field,
                format!("{currency} has {} decimals; enter no more.", currency.digits()),
            ));
        }
        Self::round(exact, currency)
            .ok_or_else(|| FieldFault::new(field, "This amount is too large; check the digits."))
    }
}

impl fmt::Display for Money {
    /// For logs and refusals: `EUR 4136.30`. Pages format by locale.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.currency, self.decimal())
    }
}

/// Longest number that is read, in characters.
const NUMBER_MAX: usize = 32;

/// Reads a decimal number as people type it, with spaces, apostrophes, `.` or `,` as separators. A single separator
/// followed by three digits is a thousands separator only when `digits` (the usual decimals) is not 3 and a group fits;
/// `None` for anything that is not a number.
pub fn parse_decimal(input: &str, digits: u32) -> Option<Decimal> {
    let text = input.trim();
    if text.len() > NUMBER_MAX * 2 {
        return None;
    }
    let mut cleaned: String = text
        .chars()
        .filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '’' | '€' | '$' | '£' | '¥'))
        .map(|c| if c == '\u{2212}' { '-' } else { c })
        .collect();
    let last = cleaned.rfind(['.', ',']);
    if let Some(at) = last {
        let behind = cleaned.len() - at - 1;
        let separators = cleaned.matches(['.', ',']).count();
        let same = cleaned.matches(&cleaned[at..=at]).count();
        let grouping = behind == 3
            && ((separators > 1 && same == separators) || (separators == 1 && &cleaned[at..=at] == "," && digits != 3));
        let (whole, decimals) = cleaned.split_at(at);
        let whole = without_groups(whole)?;
        cleaned = if grouping { format!("{whole}{}", &decimals[1..]) } else { format!("{whole}.{}", &decimals[1..]) };
    }
    let plain = cleaned.strip_prefix('-').unwrap_or(&cleaned);
    let number = plain.chars().all(|c| c.is_ascii_digit() || c == '.') && plain.chars().any(|c| c.is_ascii_digit());
    (number && cleaned.len() <= NUMBER_MAX).then(|| Decimal::from_str(&cleaned).ok())?
}

/// The whole part without its thousands separators, which must all be alike and stand before groups of three.
fn without_groups(whole: &str) -> Option<String> {
    let mut groups = whole.trim_start_matches('-').split(['.', ',']);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    if !rest.is_empty() && (first.is_empty() || first.len() > 3 || rest.iter().any(|g| g.len() != 3)) {
        return None;
    }
    Some(whole.replace(['.', ','], ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, code: &str) -> Option<i64> {
        Money::parse("amount", text, code.parse().unwrap()).ok().map(|m| m.minor)
    }

    #[test]
    fn every_listed_currency_has_its_digits_and_no_other_is_known() {
        assert_eq!(Currency::all().len(), [TWO_DIGITS, NO_DIGITS, THREE_DIGITS].join(" ").split(' ').count());
        for (codes, digits) in [(TWO_DIGITS, 2), (NO_DIGITS, 0), (THREE_DIGITS, 3)] {
            assert!(codes.split(' ').all(|code| code.parse::<Currency>().unwrap().digits() == digits));
        }
        for unknown in ["", "EU", "EURO", "AAA", "ZZZ", "E€R", "123", "\u{0}\u{0}\u{0}"] {
            assert!(unknown.parse::<Currency>().is_err(), "{unknown}");
        }
        assert!(postcard::from_bytes::<Currency>(b"eur").is_err());
        assert_eq!(postcard::from_bytes::<Currency>(b"KWD").unwrap().digits(), 3);
    }

    #[test]
    fn amounts_are_read_as_people_type_them() {
        for (text, code, minor) in [
            ("4136.30", "EUR", 413_630),
            ("4 136,30", "EUR", 413_630),
            ("€4,136.30", "EUR", 413_630),
            ("4.136,30", "EUR", 413_630),
            ("1,234,567", "EUR", 123_456_700),
            ("4,136", "EUR", 413_600),
            ("0,5", "EUR", 50),
            (".5", "EUR", 50),
            ("−12.00", "EUR", -1_200),
            ("1200", "JPY", 1_200),
            ("1.234", "KWD", 1_234),
            ("7", "KWD", 7_000),
        ] {
            assert_eq!(read(text, code), Some(minor), "{text} {code}");
        }
        for (text, code) in [
            ("", "EUR"),
            ("abc", "EUR"),
            ("1e9", "EUR"),
            ("12.345", "EUR"),
            ("1.5", "JPY"),
            ("12,34,56", "EUR"),
            ("--5", "EUR"),
            ("99999999999999999999", "EUR"),
            ("NaN", "EUR"),
            (".", "EUR"),
        ] {
            assert_eq!(read(text, code), None, "{text} {code}");
        }
    }

    #[test]
    fn halves_round_away_from_zero() {
        let round = |text: &str| Money::round(text.parse().unwrap(), Currency::EUR).unwrap().minor;
        assert_eq!((round("0.005"), round("-0.005"), round("1.0049"), round("2.675")), (1, -1, 100, 268));
    }

    #[test]
    fn currencies_know_their_digits_and_do_not_mix() {
        let digits = |code: &str| code.parse::<Currency>().unwrap().digits();
        assert_eq!((digits("JPY"), digits("EUR"), digits("KWD")), (0, 2, 3));
        assert!("XXX".parse::<Currency>().is_err());
        assert!("€".parse::<Currency>().is_err());
        let (eur, usd) = (Money::new(1, Currency::EUR), Money::new(1, "USD".parse().unwrap()));
        assert_eq!(eur.plus(usd), None);
        assert_eq!(Money::new(i64::MAX, Currency::EUR).plus(eur), None);
    }
}
