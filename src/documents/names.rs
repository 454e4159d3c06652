//! Names of countries and currencies as documents print them, in English.
//!
//! A code that is not listed prints as itself, which is right if terse.

use crate::domain::money::Currency;

/// A currency's name after "in"; its code where the name is not known here.
pub(super) fn currency_name(currency: Currency) -> String {
    match currency.code() {
        "EUR" => "euro",
        "GBP" => "pounds sterling",
        "USD" => "US dollars",
        "CAD" => "Canadian dollars",
        "AUD" => "Australian dollars",
        "NZD" => "New Zealand dollars",
        "CHF" => "Swiss francs",
        "SEK" => "Swedish kronor",
        "DKK" => "Danish kroner",
        "NOK" => "Norwegian kroner",
        "PLN" => "Polish zloty",
        "CZK" => "Czech koruna",
        "JPY" => "Japanese yen",
        code => code,
    }
    .to_owned()
}

/// Members of the European Union, by code.
const EU: &str = "AT Austria|BE Belgium|BG Bulgaria|CY Cyprus|CZ Czechia|DE Germany|DK Denmark|EE Estonia|\
ES Spain|FI Finland|FR France|GR Greece|HR Croatia|HU Hungary|IE Ireland|IT Italy|LT Lithuania|LU Luxembourg|\
LV Latvia|MT Malta|NL Netherlands|PL Poland|PT Portugal|RO Romania|SE Sweden|SI Slovenia|SK Slovakia";
/// Others that invoices often go to.
const OTHERS: &str = "AE United Arab Emirates|AU Australia|BR Brazil|CA Canada|CH Switzerland|CN China|\
GB United Kingdom|HK Hong Kong|IL Israel|IN India|IS Iceland|JP Japan|KR South Korea|LI Liechtenstein|MX Mexico|\
NO Norway|NZ New Zealand|RS Serbia|SG Singapore|TR Türkiye|UA Ukraine|US United States|ZA South Africa";

fn named<'a>(list: &'a str, code: &str) -> Option<&'a str> {
    list.split('|').filter_map(|x| x.split_once(' ')).find(|(c, _)| c.eq_ignore_ascii_case(code)).map(|(_, name)| name)
}

/// Whether a country code is that of a member of the European Union.
pub(super) fn in_eu(code: &str) -> bool {
    named(EU, code).is_some()
}

/// The country's name, or its code where the name is not known here; `None` without a code.
pub(super) fn country_name(code: &str) -> Option<String> {
    let code = code.trim();
    let name = named(EU, code).or_else(|| named(OTHERS, code)).unwrap_or(code);
    (!code.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_have_names_and_others_stand_for_themselves() {
        assert_eq!(country_name("ie").as_deref(), Some("Ireland"));
        assert_eq!(country_name("GB").as_deref(), Some("United Kingdom"));
        assert_eq!(country_name("XK").as_deref(), Some("XK"));
        assert_eq!(country_name(" "), None);
        assert!(in_eu("DE") && !in_eu("GB") && !in_eu(""));
        assert_eq!(currency_name(Currency::EUR), "euro");
        assert_eq!(currency_name("KWD".parse().unwrap()), "KWD");
    }
}
