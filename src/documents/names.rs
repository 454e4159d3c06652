//! Names of countries and currencies as documents print them, in English.
//!
//! A code that is not listed prints as itself, which is right if terse.

use crate::domain::country;
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

/// The country's name, or its code where the name is not known here; `None` without a code.
pub(super) fn country_name(code: &str) -> Option<String> {
    let code = code.trim();
    (!code.is_empty()).then(|| country::name(code).unwrap_or(code).to_owned())
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
        assert_eq!(currency_name(Currency::EUR), "euro");
        assert_eq!(currency_name("KWD".parse().unwrap()), "KWD");
    }
}
