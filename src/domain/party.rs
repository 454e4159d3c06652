//! Parties: who stands on a document as seller or buyer, as EN 16931 takes them apart (BG-4, BG-7).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::refusal::FieldFault;

/// A party as printed on a document: frozen into it at issue.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Party {
    /// Legal name (BT-27, BT-44).
    pub name: String,
    /// Street, building and whatever stands before the town, one printed line each (BT-35, BT-36, BT-162; BT-50,
    /// BT-51, BT-163); an address that nobody took apart stands here whole.
    pub address: Vec<String>,
    /// Town (BT-37, BT-52); may be empty.
    pub city: String,
    /// Postcode (BT-38, BT-53); may be empty.
    pub postcode: String,
    /// County, state or province (BT-39, BT-54); may be empty.
    pub subdivision: String,
    /// ISO 3166-1 alpha-2 code (BT-40, BT-55); may be empty.
    pub country: String,
    /// VAT identifier (BT-31, BT-48); may be empty.
    pub vat_id: String,
    /// Identifier in a register of companies or taxpayers (BT-30, BT-47); may be empty.
    pub legal_id: String,
    /// Where electronic invoices are delivered (BT-34, BT-49).
    pub endpoint: Endpoint,
    /// Whom to turn to (BG-9); of the firm itself the letterhead says it (BG-6).
    pub contact: PartyContact,
}

/// An electronic address with its scheme; both empty when there is none.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Endpoint {
    /// Code of the list EAS ("0088", "EM").
    pub scheme: String,
    /// The address within the scheme.
    pub id: String,
}

/// Whom to turn to at a party; parts may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PartyContact {
    /// Person or department (BT-41, BT-56).
    pub name: String,
    /// Telephone (BT-42, BT-57).
    pub phone: String,
    /// E-mail address (BT-43, BT-58).
    pub email: String,
}

impl PartyContact {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.name.is_empty() && self.phone.is_empty() && self.email.is_empty()
    }
}

/// Countries that write the postcode behind the town.
const POSTCODE_LAST: &str = "AU CA GB HK IE IN JP NZ SG TH TW US XI ZA";

impl Party {
    /// The postal address as it is printed, one line each, without the country.
    pub fn lines(&self) -> Vec<String> {
        let last = POSTCODE_LAST.split(' ').any(|c| c == self.country);
        let filled = |parts: &[&str], by: &str| -> String {
            parts.iter().map(|x| x.trim()).filter(|x| !x.is_empty()).collect::<Vec<_>>().join(by)
        };
        let (city, code, part) = (self.city.as_str(), self.postcode.as_str(), self.subdivision.as_str());
        let town = match self.country.as_str() {
            "IE" => filled(&[city, part, code], ", "),
            "US" | "CA" | "AU" => filled(&[city, &filled(&[part, code], " ")], ", "),
            _ if last => filled(&[&filled(&[city, part], ", "), code], " "),
            _ => filled(&[&filled(&[code, city], " "), part], ", "),
        };
        let street = self.address.iter().map(|x| x.trim().to_owned());
        street.chain([town]).filter(|x| !x.is_empty()).collect()
    }

    /// Whether another postal address is printed.
    pub fn lives_elsewhere(&self, other: &Self) -> bool {
        let place = |p: &Self| (p.address.clone(), p.city.clone(), p.postcode.clone(), p.subdivision.clone());
        place(self) != place(other) || self.country != other.country
    }

    /// Whether it is identified otherwise for electronic invoices.
    pub fn is_reached_otherwise(&self, other: &Self) -> bool {
        self.legal_id != other.legal_id || self.endpoint != other.endpoint || self.contact != other.contact
    }
}

/// Schemes of electronic addresses that forms offer: codes of the list EAS with plain words. E-mail is none of
/// Peppol’s.
const SCHEMES: &str = "EM E-mail address|0088 GLN of GS1|0060 D-U-N-S number|0199 Legal Entity Identifier (LEI)|\
0151 Australia: ABN|9914 Austria: VAT number|9915 Austria: government order number|0208 Belgium: enterprise number|\
9925 Belgium: VAT number|9926 Bulgaria: VAT number|9934 Croatia: VAT number|9928 Cyprus: VAT number|\
9929 Czechia: VAT number|0184 Denmark: CVR number|0096 Denmark: P number|0198 Denmark: SE number|\
0191 Estonia: company code|9931 Estonia: VAT number|0213 Finland: VAT number|0216 Finland: OVT code|\
0212 Finland: organisation number|0002 France: SIREN|0009 France: SIRET|0225 France: CTC address|\
9957 France: VAT number|0204 Germany: Leitweg-ID|9930 Germany: VAT number|9933 Greece: VAT number|\
9910 Hungary: VAT number|0196 Iceland: kennitala|9935 Ireland: VAT number|0201 Italy: IPA code|\
0210 Italy: fiscal code|0211 Italy: VAT number|0188 Japan: corporate number|\
0221 Japan: qualified invoice issuer|0218 Latvia: registration number|9939 Latvia: VAT number|\
9936 Liechtenstein: VAT number|0200 Lithuania: legal entity code|9937 Lithuania: VAT number|\
9938 Luxembourg: VAT number|0230 Malaysia: tax number|9943 Malta: VAT number|0106 Netherlands: KvK number|\
0190 Netherlands: OIN|9944 Netherlands: VAT number|0192 Norway: organisation number|9945 Poland: VAT number|\
9946 Portugal: VAT number|9947 Romania: VAT number|9948 Serbia: VAT number|0195 Singapore: UEN|\
9950 Slovakia: VAT number|9949 Slovenia: VAT number|9920 Spain: VAT number|0007 Sweden: organisation number|\
0183 Switzerland: UID|9927 Switzerland: VAT number|9952 Türkiye: VAT number|\
0235 United Arab Emirates: tax number|9932 United Kingdom: VAT number|9959 United States: employer number";

/// Longest electronic address, in characters.
const ENDPOINT_MAX: usize = 100;
/// Longest identifier in a register, in characters.
pub const LEGAL_ID_MAX: usize = 50;
/// The scheme of e-mail addresses.
pub const EMAIL_SCHEME: &str = "EM";

/// Code and plain words of every scheme that forms offer.
pub fn schemes() -> impl Iterator<Item = (&'static str, &'static str)> {
    SCHEMES.split('|').filter_map(|x| x.split_once(' '))
}

impl Endpoint {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.id.is_empty()
    }

    /// Whether Peppol delivers to it.
    pub fn is_of_peppol(&self) -> bool {
        !self.is_empty() && self.scheme != EMAIL_SCHEME
    }

    /// This one, or else an e-mail address where there is one.
    pub fn or_email(&self, email: &str) -> Option<Cow<'_, Self>> {
        if !self.is_empty() {
            return Some(Cow::Borrowed(self));
        }
        let made = || Cow::Owned(Self { scheme: EMAIL_SCHEME.to_owned(), id: email.to_owned() });
        (!email.is_empty()).then(made)
    }

    /// Reads scheme and address; both may be empty.
    ///
    /// # Errors
    /// Names `endpoint_scheme` or `endpoint` when one is missing or not what it should be.
    pub fn parse(scheme: &str, id: &str) -> Result<Self, FieldFault> {
        let (scheme, id) = (scheme.trim().to_ascii_uppercase(), id.trim());
        let fault = |field: &str, message: &str| Err(FieldFault::new(field, message));
        match (scheme.is_empty(), id.is_empty()) {
            (_, true) => return Ok(Self::default()),
            (true, false) => return fault("endpoint_scheme", "Choose what kind of electronic address it is."),
            (false, false) => {}
        }
        if !schemes().any(|(code, _)| code == scheme) {
            return fault("endpoint_scheme", "Choose a kind of electronic address from the list.");
        }
        let plain = id.len() <= ENDPOINT_MAX && id.bytes().all(|b| b.is_ascii_graphic());
        if !plain || (scheme == EMAIL_SCHEME) != id.contains('@') {
            return fault("endpoint", "This is no address of the kind chosen; it has no blanks, and only e-mail an @.");
        }
        if scheme == "0088" && !is_gln(id) {
            return fault("endpoint", "A GLN has 13 digits, the last of which checks the others; this one does not.");
        }
        Ok(Self { scheme, id: id.to_owned() })
    }
}

/// Thirteen digits of which the last makes the weighted sum a multiple of ten (GS1 General Specifications 7.9).
fn is_gln(id: &str) -> bool {
    let sum = id.bytes().enumerate().map(|(n, b)| u32::from(b.wrapping_sub(b'0')) * if n % 2 == 0 { 1 } else { 3 });
    id.len() == 13 && id.bytes().all(|b| b.is_ascii_digit()) && sum.sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(country: &str, city: &str, postcode: &str, subdivision: &str) -> Party {
        let [country, city, postcode, subdivision] = [country, city, postcode, subdivision].map(str::to_owned);
        Party { address: vec!["1 Quay".to_owned()], country, city, postcode, subdivision, ..Party::default() }
    }

    #[test]
    fn an_address_is_printed_as_its_country_writes_it() {
        for (party, last) in [
            (party("IE", "Naas", "W91 PX3D", "Co. Kildare"), "Naas, Co. Kildare, W91 PX3D"),
            (party("GB", "London", "EC1Y 8LE", ""), "London EC1Y 8LE"),
            (party("US", "Austin", "78701", "TX"), "Austin, TX 78701"),
            (party("DE", "Köln", "50667", ""), "50667 Köln"),
            (party("IT", "Milano", "20121", "MI"), "20121 Milano, MI"),
            (party("JP", "Osaka", "540-0031", ""), "Osaka 540-0031"),
            (party("NL", "Delft", "", ""), "Delft"),
        ] {
            assert_eq!(party.lines(), ["1 Quay", last]);
        }
        assert_eq!(party("", "", "", "").lines(), ["1 Quay"]);
    }

    #[test]
    fn an_electronic_address_has_a_known_scheme_and_its_shape() {
        assert_eq!(Endpoint::parse("0088", "").unwrap(), Endpoint::default());
        assert!(Endpoint::parse("em", "ana@marlow.example").unwrap().id.contains('@'));
        assert!(Endpoint::parse("0088", "5790000435944").unwrap().is_of_peppol());
        assert!(!Endpoint::parse("EM", "a@b.example").unwrap().is_of_peppol());
        for (scheme, id, field) in [
            ("", "1", "endpoint_scheme"),
            ("7777", "1", "endpoint_scheme"),
            ("0088", "5790000435945", "endpoint"),
            ("EM", "nobody", "endpoint"),
            ("9935", "IE 1", "endpoint"),
            ("9935", "é", "endpoint"),
        ] {
            assert_eq!(Endpoint::parse(scheme, id).unwrap_err().field, field, "{scheme} {id}");
        }
    }

    #[test]
    fn a_mail_address_stands_in_for_an_electronic_one() {
        let own = Endpoint::parse("9935", "IE6388047V").unwrap();
        assert_eq!(own.or_email("a@b.example").unwrap().scheme, "9935");
        assert_eq!(Endpoint::default().or_email("a@b.example").unwrap().scheme, "EM");
        assert_eq!(Endpoint::default().or_email(""), None);
    }
}
