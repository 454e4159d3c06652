//! Countries: the codes of ISO 3166-1 with their English names, as forms offer and documents print them.
//!
//! Must not know who is in which country, nor what follows from it but membership of the European Union.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::refusal::FieldFault;

/// Code and name of each, by name; XI is what EN 16931 adds for goods from Northern Ireland.
const ALL: &str = "AF Afghanistan|AX Åland Islands|AL Albania|DZ Algeria|AS American Samoa|AD Andorra|AO Angola|AI Anguilla|\
AQ Antarctica|AG Antigua and Barbuda|AR Argentina|AM Armenia|AW Aruba|AU Australia|AT Austria|AZ Azerbaijan|\
BS Bahamas|BH Bahrain|BD Bangladesh|BB Barbados|BY Belarus|BE Belgium|BZ Belize|BJ Benin|BM Bermuda|BT Bhutan|\
BO Bolivia|BA Bosnia and Herzegovina|BW Botswana|BV Bouvet Island|BR Brazil|IO British Indian Ocean Territory|\
VG British Virgin Islands|BN Brunei|BG Bulgaria|BF Burkina Faso|BI Burundi|CV Cabo Verde|KH Cambodia|\
CM Cameroon|CA Canada|BQ Caribbean Netherlands|KY Cayman Islands|CF Central African Republic|TD Chad|CL Chile|\
CN China|CX Christmas Island|CC Cocos Islands|CO Colombia|KM Comoros|CG Congo (Brazzaville)|CD Congo (Kinshasa)|\
CK Cook Islands|CR Costa Rica|CI Côte d’Ivoire|HR Croatia|CU Cuba|CW Curaçao|CY Cyprus|CZ Czechia|DK Denmark|\
DJ Djibouti|DM Dominica|DO Dominican Republic|EC Ecuador|EG Egypt|SV El Salvador|GQ Equatorial Guinea|\
ER Eritrea|EE Estonia|SZ Eswatini|ET Ethiopia|FK Falkland Islands|FO Faroe Islands|FJ Fiji|FI Finland|FR France|\
GF French Guiana|PF French Polynesia|TF French Southern Territories|GA Gabon|GM Gambia|GE Georgia|DE Germany|\
GH Ghana|GI Gibraltar|GR Greece|GL Greenland|GD Grenada|GP Guadeloupe|GU Guam|GT Guatemala|GG Guernsey|\
GN Guinea|GW Guinea-Bissau|GY Guyana|HT Haiti|HM Heard Island and McDonald Islands|HN Honduras|HK Hong Kong|\
HU Hungary|IS Iceland|IN India|ID Indonesia|IR Iran|IQ Iraq|IE Ireland|IM Isle of Man|IL Israel|IT Italy|\
JM Jamaica|JP Japan|JE Jersey|JO Jordan|KZ Kazakhstan|KE Kenya|KI Kiribati|KW Kuwait|KG Kyrgyzstan|LA Laos|\
LV Latvia|LB Lebanon|LS Lesotho|LR Liberia|LY Libya|LI Liechtenstein|LT Lithuania|LU Luxembourg|MO Macao|\
MG Madagascar|MW Malawi|MY Malaysia|MV Maldives|ML Mali|MT Malta|MH Marshall Islands|MQ Martinique|\
MR Mauritania|MU Mauritius|YT Mayotte|MX Mexico|FM Micronesia|MD Moldova|MC Monaco|MN Mongolia|ME Montenegro|\
MS Montserrat|MA Morocco|MZ Mozambique|MM Myanmar|NA Namibia|NR Nauru|NP Nepal|NL Netherlands|NC New Caledonia|\
NZ New Zealand|NI Nicaragua|NE Niger|NG Nigeria|NU Niue|NF Norfolk Island|KP North Korea|MK North Macedonia|\
XI Northern Ireland (for goods)|MP Northern Mariana Islands|NO Norway|OM Oman|PK Pakistan|PW Palau|PS Palestine|\
PA Panama|PG Papua New Guinea|PY Paraguay|PE Peru|PH Philippines|PN Pitcairn|PL Poland|PT Portugal|\
PR Puerto Rico|QA Qatar|RE Réunion|RO Romania|RU Russia|RW Rwanda|BL Saint Barthélemy|SH Saint Helena|\
KN Saint Kitts and Nevis|LC Saint Lucia|MF Saint Martin (French part)|PM Saint Pierre and Miquelon|\
VC Saint Vincent and the Grenadines|WS Samoa|SM San Marino|ST Sao Tome and Principe|SA Saudi Arabia|SN Senegal|\
RS Serbia|SC Seychelles|SL Sierra Leone|SG Singapore|SX Sint Maarten (Dutch part)|SK Slovakia|SI Slovenia|\
SB Solomon Islands|SO Somalia|ZA South Africa|GS South Georgia|KR South Korea|SS South Sudan|ES Spain|\
LK Sri Lanka|SD Sudan|SR Suriname|SJ Svalbard and Jan Mayen|SE Sweden|CH Switzerland|SY Syria|TW Taiwan|\
TJ Tajikistan|TZ Tanzania|TH Thailand|TL Timor-Leste|TG Togo|TK Tokelau|TO Tonga|TT Trinidad and Tobago|\
TN Tunisia|TR Türkiye|TM Turkmenistan|TC Turks and Caicos Islands|TV Tuvalu|UM US Minor Outlying Islands|\
VI US Virgin Islands|UG Uganda|UA Ukraine|AE United Arab Emirates|GB United Kingdom|US United States|UY Uruguay|\
UZ Uzbekistan|VU Vanuatu|VA Vatican City|VE Venezuela|VN Vietnam|WF Wallis and Futuna|EH Western Sahara|\
YE Yemen|ZM Zambia|ZW Zimbabwe";

/// The same in German, in the same order.
const GERMAN: &str = "AF Afghanistan|AX Åland|AL Albanien|DZ Algerien|AS Amerikanisch-Samoa|AD Andorra|AO Angola|\
AI Anguilla|AQ Antarktis|AG Antigua und Barbuda|AR Argentinien|AM Armenien|AW Aruba|AU Australien|AT Österreich|\
AZ Aserbaidschan|BS Bahamas|BH Bahrain|BD Bangladesch|BB Barbados|BY Belarus|BE Belgien|BZ Belize|BJ Benin|\
BM Bermuda|BT Bhutan|BO Bolivien|BA Bosnien und Herzegowina|BW Botsuana|BV Bouvetinsel|BR Brasilien|\
IO Britisches Territorium im Indischen Ozean|VG Britische Jungferninseln|BN Brunei|BG Bulgarien|BF Burkina Faso|\
BI Burundi|CV Cabo Verde|KH Kambodscha|CM Kamerun|CA Kanada|BQ Karibische Niederlande|KY Kaimaninseln|\
CF Zentralafrikanische Republik|TD Tschad|CL Chile|CN China|CX Weihnachtsinsel|CC Kokosinseln|CO Kolumbien|\
KM Komoren|CG Kongo (Brazzaville)|CD Kongo (Kinshasa)|CK Cookinseln|CR Costa Rica|CI Côte d’Ivoire|HR Kroatien|\
CU Kuba|CW Curaçao|CY Zypern|CZ Tschechien|DK Dänemark|DJ Dschibuti|DM Dominica|DO Dominikanische Republik|\
EC Ecuador|EG Ägypten|SV El Salvador|GQ Äquatorialguinea|ER Eritrea|EE Estland|SZ Eswatini|ET Äthiopien|\
FK Falklandinseln|FO Färöer|FJ Fidschi|FI Finnland|FR Frankreich|GF Französisch-Guayana|PF Französisch-Polynesien|\
TF Französische Süd- und Antarktisgebiete|GA Gabun|GM Gambia|GE Georgien|DE Deutschland|GH Ghana|GI Gibraltar|\
GR Griechenland|GL Grönland|GD Grenada|GP Guadeloupe|GU Guam|GT Guatemala|GG Guernsey|GN Guinea|GW Guinea-Bissau|\
GY Guyana|HT Haiti|HM Heard und McDonaldinseln|HN Honduras|HK Hongkong|HU Ungarn|IS Island|IN Indien|ID Indonesien|\
IR Iran|IQ Irak|IE Irland|IM Isle of Man|IL Israel|IT Italien|JM Jamaika|JP Japan|JE Jersey|JO Jordanien|\
KZ Kasachstan|KE Kenia|KI Kiribati|KW Kuwait|KG Kirgisistan|LA Laos|LV Lettland|LB Libanon|LS Lesotho|LR Liberia|\
LY Libyen|LI Liechtenstein|LT Litauen|LU Luxemburg|MO Macau|MG Madagaskar|MW Malawi|MY Malaysia|MV Malediven|ML Mali|\
MT Malta|MH Marshallinseln|MQ Martinique|MR Mauretanien|MU Mauritius|YT Mayotte|MX Mexiko|FM Mikronesien|MD Moldau|\
MC Monaco|MN Mongolei|ME Montenegro|MS Montserrat|MA Marokko|MZ Mosambik|MM Myanmar|NA Namibia|NR Nauru|NP Nepal|\
NL Niederlande|NC Neukaledonien|NZ Neuseeland|NI Nicaragua|NE Niger|NG Nigeria|NU Niue|NF Norfolkinsel|KP Nordkorea|\
MK Nordmazedonien|XI Nordirland (für Waren)|MP Nördliche Marianen|NO Norwegen|OM Oman|PK Pakistan|PW Palau|\
PS Palästina|PA Panama|PG Papua-Neuguinea|PY Paraguay|PE Peru|PH Philippinen|PN Pitcairninseln|PL Polen|PT Portugal|\
PR Puerto Rico|QA Katar|RE Réunion|RO Rumänien|RU Russland|RW Ruanda|BL Saint-Barthélemy|SH St. Helena|\
KN St. Kitts und Nevis|LC St. Lucia|MF Saint-Martin (französischer Teil)|PM Saint-Pierre und Miquelon|\
VC St. Vincent und die Grenadinen|WS Samoa|SM San Marino|ST São Tomé und Príncipe|SA Saudi-Arabien|SN Senegal|\
RS Serbien|SC Seychellen|SL Sierra Leone|SG Singapur|SX Sint Maarten (niederländischer Teil)|SK Slowakei|\
SI Slowenien|SB Salomonen|SO Somalia|ZA Südafrika|GS Südgeorgien|KR Südkorea|SS Südsudan|ES Spanien|LK Sri Lanka|\
SD Sudan|SR Suriname|SJ Spitzbergen und Jan Mayen|SE Schweden|CH Schweiz|SY Syrien|TW Taiwan|TJ Tadschikistan|\
TZ Tansania|TH Thailand|TL Timor-Leste|TG Togo|TK Tokelau|TO Tonga|TT Trinidad und Tobago|TN Tunesien|TR Türkei|\
TM Turkmenistan|TC Turks- und Caicosinseln|TV Tuvalu|UM Kleinere Amerikanische Überseeinseln|\
VI Amerikanische Jungferninseln|UG Uganda|UA Ukraine|AE Vereinigte Arabische Emirate|GB Vereinigtes Königreich|\
US Vereinigte Staaten|UY Uruguay|UZ Usbekistan|VU Vanuatu|VA Vatikanstadt|VE Venezuela|VN Vietnam|\
WF Wallis und Futuna|EH Westsahara|YE Jemen|ZM Sambia|ZW Simbabwe";

/// Members of the European Union.
const EU: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";

/// Code and name of every country, by name.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    ALL.split('|').filter_map(|x| x.split_once(' '))
}

/// The name of a country; `None` for a code that is none.
pub fn name(code: &str) -> Option<&'static str> {
    // Documents to other countries ask for every page, so the list is not read each time.
    static BY_CODE: LazyLock<ByCode> = LazyLock::new(|| by_code(ALL));
    found(&BY_CODE, code)
}

/// The German name of a country; `None` for a code that is none.
pub fn german_name(code: &str) -> Option<&'static str> {
    static BY_CODE: LazyLock<ByCode> = LazyLock::new(|| by_code(GERMAN));
    found(&BY_CODE, code)
}

type ByCode = HashMap<&'static [u8], &'static str>;

fn by_code(list: &'static str) -> ByCode {
    list.split('|').filter_map(|x| x.split_once(' ')).map(|(code, name)| (code.as_bytes(), name)).collect()
}

fn found(names: &ByCode, code: &str) -> Option<&'static str> {
    let code: [u8; 2] = code.trim().as_bytes().try_into().ok()?;
    names.get(code.to_ascii_uppercase().as_slice()).copied()
}

/// Whether a code is that of a member of the European Union; Northern Ireland counts, as it does for goods.
pub fn in_eu(code: &str) -> bool {
    EU.split(' ').chain(["XI"]).any(|c| c.eq_ignore_ascii_case(code.trim()))
}

/// The code before a VAT identifier that is also one before a VAT number of a country: ISO 3166, and EL for Greece
/// (BR-CO-09).
pub fn leads_vat_id(id: &str) -> bool {
    id.get(..2)
        .is_some_and(|code| code == "EL" || (name(code).is_some() && code.bytes().all(|b| b.is_ascii_uppercase())))
}

/// Reads a code in any case, or a country's name; may be empty.
///
/// # Errors
/// Names `field` when there is no such country.
pub fn parse(field: &str, input: &str) -> Result<String, FieldFault> {
    let text = input.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let known = all().find(|(code, name)| code.eq_ignore_ascii_case(text) || name.eq_ignore_ascii_case(text));
    let fault = || FieldFault::new(field, "Choose a country, or give its two-letter code, like IE or DE.");
    known.map(|(code, _)| code.to_owned()).ok_or_else(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_iso_3166_and_names_stand_once() {
        assert_eq!(all().count(), 250);
        for (code, name) in all() {
            assert!(code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()), "{code}");
            assert_eq!(all().filter(|x| x.0 == code || x.1 == name).count(), 1, "{code} {name}");
        }
        assert_eq!((name("ie"), name("XK"), name("")), (Some("Ireland"), None, None));
        let german: Vec<&str> = all().filter_map(|(code, _)| german_name(code)).collect();
        assert_eq!((german.len(), GERMAN.split('|').count()), (250, 250), "a name for each, and none beside");
        assert_eq!((german_name("ie"), german_name("CH")), (Some("Irland"), Some("Schweiz")));
        assert!(in_eu("de") && in_eu("XI") && !in_eu("GB") && !in_eu(""));
    }

    #[test]
    fn a_country_is_read_by_code_or_name_and_nothing_else() {
        assert_eq!(parse("c", " ie ").unwrap(), "IE");
        assert_eq!(parse("c", "germany").unwrap(), "DE");
        assert_eq!(parse("c", "").unwrap(), "");
        for wrong in ["IRL", "I", "12", "Éi", "XX", "UK"] {
            assert!(parse("c", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_vat_identifier_begins_with_a_country() {
        assert!(["IE6388047V", "EL123", "CHE123456789MWST", "XI1"].iter().all(|id| leads_vat_id(id)));
        assert!(["", "I", "123456", "ie6388047V", "UK1", "É1"].iter().all(|id| !leads_vat_id(id)));
    }
}
