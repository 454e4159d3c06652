//! Sensible beginnings for a new firm, by its time zone and address. All of it can be changed on the desk.

use rust_decimal::Decimal;

use crate::cli::Failure;
use crate::domain::client::Party;
use crate::domain::firm::{BankDetails, Firm, Locale, Paper, Series};
use crate::domain::money::Currency;
use crate::domain::number::Pattern;
use crate::domain::tax::{Vat, VatCategory};
use crate::domain::terms::DueRule;
use crate::domain::text::EmailAddress;

/// Days from issue to due date until the firm says otherwise.
const TERMS_DAYS: u16 = 30;
/// The firm's colour until it chooses one.
const COLOUR: &str = "#1f4e5f";

/// What a country usually has: VAT rates in tenths of a percent, the usual one first.
struct Country {
    code: &'static str,
    zones: &'static [&'static str],
    domain: &'static str,
    currency: &'static str,
    locale: Locale,
    rates: &'static [i64],
}

const COUNTRIES: &[Country] = &[
    country("IE", &["Europe/Dublin"], ".ie", "EUR", Locale::EnglishIreland, &[230, 135, 90, 0]),
    country("GB", &["Europe/London", "Europe/Belfast"], ".uk", "GBP", Locale::EnglishUk, &[200, 50, 0]),
    country("AT", &["Europe/Vienna"], ".at", "EUR", Locale::EnglishContinental, &[200, 130, 100, 0]),
    country("BE", &["Europe/Brussels"], ".be", "EUR", Locale::EnglishContinental, &[210, 120, 60, 0]),
    country("DE", &["Europe/Berlin", "Europe/Busingen"], ".de", "EUR", Locale::EnglishContinental, &[190, 70, 0]),
    country(
        "ES",
        &["Europe/Madrid", CANARY_ZONE, CEUTA_ZONE],
        ".es",
        "EUR",
        Locale::EnglishContinental,
        &[210, 100, 40, 0],
    ),
    country("FR", &["Europe/Paris"], ".fr", "EUR", Locale::EnglishContinental, &[200, 100, 55, 0]),
    country("IT", &["Europe/Rome"], ".it", "EUR", Locale::EnglishContinental, &[220, 100, 50, 0]),
    country("LU", &["Europe/Luxembourg"], ".lu", "EUR", Locale::EnglishContinental, &[170, 140, 80, 0]),
    country("NL", &["Europe/Amsterdam"], ".nl", "EUR", Locale::EnglishContinental, &[210, 90, 0]),
    country("PT", &["Europe/Lisbon"], ".pt", "EUR", Locale::EnglishContinental, &[230, 130, 60, 0]),
    country(
        "US",
        &["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"],
        ".us",
        "USD",
        Locale::EnglishUs,
        &[0],
    ),
];

/// The Canary Islands charge IGIC, Ceuta and Melilla IPSI, in place of VAT: rates in tenths of a percent.
const CANARY_ZONE: &str = "Atlantic/Canary";
const CANARY: [i64; 6] = [70, 30, 95, 150, 200, 0];
const CEUTA_ZONE: &str = "Africa/Ceuta";
const CEUTA: [i64; 6] = [40, 5, 10, 20, 80, 100];

fn rate(category: VatCategory, tenths: i64) -> Vat {
    Vat { category, rate: Decimal::new(tenths, 1).normalize() }
}

const fn country(
    code: &'static str,
    zones: &'static [&'static str],
    domain: &'static str,
    currency: &'static str,
    locale: Locale,
    rates: &'static [i64],
) -> Country {
    Country { code, zones, domain, currency, locale, rates }
}

/// The zone that was named (on the command line or in `TZ`), or UTC.
pub fn zone(given: Option<&str>) -> Result<String, Failure> {
    let Some(given) = given.map(|z| z.trim_start_matches(':')).filter(|z| !z.is_empty()) else {
        return Ok(system_zone().unwrap_or_else(|| "UTC".to_owned()));
    };
    match jiff::tz::TimeZone::get(given) {
        Ok(zone) => Ok(zone.iana_name().unwrap_or("UTC").to_owned()),
        Err(_) => Err(Failure::new(format!(
            "--zone \"{}\" is not a time zone. Use its IANA name, for example Europe/Dublin.",
            given.escape_debug()
        ))),
    }
}

/// The zone that this machine is set to.
fn system_zone() -> Option<String> {
    let link = std::fs::read_link("/etc/localtime").ok()?;
    let name = link.to_str()?.split_once("zoneinfo/")?.1.to_owned();
    jiff::tz::TimeZone::get(&name).ok()?;
    Some(name)
}

/// A person's name from the part before the @, to begin with: `mary.byrne` becomes `Mary Byrne`.
pub fn name(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let words = local.split(['.', '_', '-', '+']).filter(|w| !w.is_empty());
    let capital = |w: &str| {
        let mut letters = w.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    words.map(capital).collect::<Vec<_>>().join(" ")
}

/// The firm as it begins.
pub fn firm(name: &str, email: EmailAddress, zone: &str, host: &str) -> Result<Firm, Failure> {
    let country = COUNTRIES
        .iter()
        .find(|c| c.zones.contains(&zone))
        .or_else(|| COUNTRIES.iter().find(|c| host.ends_with(c.domain)));
    let locale = country.map_or(Locale::EnglishIreland, |c| c.locale);
    let rates = country.map_or([200, 0].as_slice(), |c| c.rates);
    let currency = country.and_then(|c| c.currency.parse::<Currency>().ok()).unwrap_or(Currency::EUR);
    let pattern = |text: &str| Pattern::parse("series", text).map_err(Failure::from);
    let series = Series {
        invoice: pattern("INV-{YYYY}-{0000}")?,
        credit_note: pattern("CN-{YYYY}-{0000}")?,
        quote: pattern("Q-{YYYY}-{0000}")?,
        receipt: pattern("R-{YYYY}-{0000}")?,
    };
    let code = country.map_or("", |c| c.code).to_owned();
    Ok(Firm {
        party: Party { name: name.to_owned(), country: code, ..Party::default() },
        trade: String::new(),
        registration: String::new(),
        email: Some(email),
        phone: String::new(),
        correspondent: String::new(),
        bank: BankDetails::default(),
        colour: COLOUR.to_owned(),
        logo: None,
        currency,
        terms: DueRule::Days(TERMS_DAYS),
        vat_rates: match zone {
            CANARY_ZONE => CANARY.map(|tenths| rate(VatCategory::Igic, tenths)).into(),
            CEUTA_ZONE => CEUTA.map(|tenths| rate(VatCategory::Ipsi, tenths)).into(),
            _ => rates.iter().map(|tenths| rate(VatCategory::Standard, *tenths)).collect(),
        },
        series,
        locale,
        language: Default::default(),
        paper: if locale == Locale::EnglishUs { Paper::Letter } else { Paper::A4 },
        quote_terms: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dublin_firm_begins_in_euro_with_irish_rates() {
        let email = EmailAddress::parse("owner", "mary.byrne@example.ie").unwrap();
        let firm = firm("Example LLP", email, "Europe/Dublin", "portal.example.com").unwrap();
        assert_eq!((firm.party.country.as_str(), firm.currency), ("IE", Currency::EUR));
        assert_eq!(firm.vat_rates[1].rate.to_string(), "13.5");
    }

    #[test]
    fn an_unknown_country_gets_a_plain_beginning() {
        let email = EmailAddress::parse("owner", "a@example.com").unwrap();
        let firm = firm("Example", email, "UTC", "127.0.0.1").unwrap();
        assert_eq!(firm.vat_rates.iter().map(|x| x.rate.to_string()).collect::<Vec<_>>(), ["20", "0"]);
    }

    #[test]
    fn a_firm_of_the_canary_islands_begins_with_igic() {
        let email = EmailAddress::parse("owner", "a@example.es").unwrap();
        let firm = firm("Ejemplo", email, "Atlantic/Canary", "portal.example.es").unwrap();
        assert_eq!(firm.vat_rates[0], Vat { category: VatCategory::Igic, rate: Decimal::from(7) });
        assert!(firm.vat_rates.iter().all(|x| x.category == VatCategory::Igic));
    }

    #[test]
    fn a_name_is_made_of_the_address() {
        assert_eq!(name("mary.o-brien@example.com"), "Mary O Brien");
        assert_eq!(name("owner@example.com"), "Owner");
    }

    #[test]
    fn a_zone_that_is_none_is_refused() {
        assert!(zone(Some("Mars/Olympus")).is_err());
        assert_eq!(zone(Some(":Europe/Madrid")).unwrap(), "Europe/Madrid");
    }
}
