//! What a party prints about itself, read from a form: VAT identifier, bank details, brand colour.
//!
//! Shapes and check digits only; whether a country, a bank or an account exists is not asked of anybody.

use super::country;
use super::firm::BankDetails;
use super::refusal::{Faults, FieldFault};
use super::text::{LINE_MAX, line, paragraph, required};

/// Longest VAT identifier without its separators.
pub const VAT_ID_MAX: usize = 20;
/// Most lines of a postal address.
pub const ADDRESS_LINES_MAX: usize = 6;
/// Shortest and longest IBAN (ISO 13616).
const IBAN_LENGTH: std::ops::RangeInclusive<usize> = 15..=34;

/// A VAT identifier in capitals without blanks, dots and hyphens, its country in front; may be empty.
///
/// # Errors
/// Names `field` when it is too long, holds anything but letters and digits, or lacks its country (BR-CO-09).
pub fn vat_id(field: &str, input: &str) -> Result<String, FieldFault> {
    let id = squeezed(input);
    if id.len() > VAT_ID_MAX || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let message = format!("Use letters and digits only, at most {VAT_ID_MAX}, like IE6388047V.");
        return Err(FieldFault::new(field, message));
    }
    if !id.is_empty() && !country::leads_vat_id(&id) {
        let message = "Begin with the two letters of its country, like IE6388047V; Greece’s are EL. A number without \
            them belongs under Register number.";
        return Err(FieldFault::new(field, message));
    }
    Ok(id)
}

/// A postal address, one printed line each; may be empty.
///
/// # Errors
/// Names `field` when it has too many or too long lines, or characters that deceive.
pub fn address(field: &str, input: &str) -> Result<Vec<String>, FieldFault> {
    let text = paragraph(field, input)?;
    let lines = text.lines().map(str::trim).filter(|x| !x.is_empty());
    let lines = lines.map(|x| line(field, x, LINE_MAX)).collect::<Result<Vec<_>, _>>()?;
    let message = format!("Use {ADDRESS_LINES_MAX} lines or fewer.");
    if lines.len() <= ADDRESS_LINES_MAX { Ok(lines) } else { Err(FieldFault::new(field, message)) }
}

/// An IBAN without blanks; may be empty.
///
/// # Errors
/// Names `field` when its shape or check digits are wrong (ISO 7064 MOD 97-10).
pub fn iban(field: &str, input: &str) -> Result<String, FieldFault> {
    let iban = squeezed(input);
    if iban.is_empty() || (has_iban_shape(&iban) && remainder_97(&iban) == Some(1)) {
        return Ok(iban);
    }
    Err(FieldFault::new(
        field,
        "This is not a valid IBAN; two characters may be swapped. Check it against your bank’s.",
    ))
}

/// A BIC of 8 or 11 characters (ISO 9362); may be empty.
///
/// # Errors
/// Names `field` when its shape is wrong.
pub fn bic(field: &str, input: &str) -> Result<String, FieldFault> {
    let bic = squeezed(input);
    let bytes = bic.as_bytes();
    let fine = matches!(bytes.len(), 8 | 11)
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes.get(4..6).is_some_and(|x| x.iter().all(u8::is_ascii_alphabetic));
    if fine || bic.is_empty() {
        Ok(bic)
    } else {
        Err(FieldFault::new(field, "A BIC has 8 or 11 letters and digits, like AIBKIE2D."))
    }
}

/// Bank details: all empty, or at least a name and an IBAN. Adds what is wrong to `faults`, under `account_name`,
/// `iban` and `bic`.
pub fn bank(faults: &mut Faults, account_name: &str, iban_typed: &str, bic_typed: &str) -> BankDetails {
    let iban = faults.take(iban("iban", iban_typed));
    let bic = faults.take(bic("bic", bic_typed));
    let name = if iban_typed.trim().is_empty() {
        line("account_name", account_name, LINE_MAX)
    } else {
        required("account_name", account_name, LINE_MAX, "Enter the name of the account that the IBAN belongs to.")
    };
    if iban_typed.trim().is_empty() && !bic_typed.trim().is_empty() {
        faults.add("iban", "Enter the IBAN that the BIC belongs to.");
    }
    BankDetails { account_name: faults.take(name), iban, bic, ..BankDetails::default() }
}

/// A colour as `#rrggbb`, in small letters.
///
/// # Errors
/// Names `field` when it is no such colour.
pub fn colour(field: &str, input: &str) -> Result<String, FieldFault> {
    let text = input.trim().to_ascii_lowercase();
    if rgb(&text).is_some() { Ok(text) } else { Err(FieldFault::new(field, "Use a colour like #1f4e5f.")) }
}

/// The three parts of a `#rrggbb` colour.
pub fn rgb(text: &str) -> Option<[u8; 3]> {
    let hex = text.strip_prefix('#').filter(|x| x.len() == 6 && x.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

/// Whether white text can be read on a colour: its perceived lightness in thousandths (ITU-R BT.601) is below half.
pub fn is_dark([r, g, b]: [u8; 3]) -> bool {
    u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114 < 128_000
}

fn squeezed(input: &str) -> String {
    input.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '.' | '-')).collect::<String>().trim().to_ascii_uppercase()
}

fn has_iban_shape(iban: &str) -> bool {
    let bytes = iban.as_bytes();
    IBAN_LENGTH.contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_alphanumeric)
        && bytes.iter().take(2).all(u8::is_ascii_alphabetic)
        && bytes.iter().skip(2).take(2).all(u8::is_ascii_digit)
}

/// The first four characters put at the end, letters as 10 to 35, modulo 97.
fn remainder_97(iban: &str) -> Option<u32> {
    let (head, tail) = iban.split_at_checked(4)?;
    tail.chars().chain(head.chars()).try_fold(0_u32, |sum, c| {
        let digit = c.to_digit(36)?;
        Some((if digit < 10 { sum * 10 + digit } else { sum * 100 + digit }) % 97)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ibans_are_checked_by_shape_and_remainder() {
        let right = [
            "IE29 AIBK 9311 5212 3456 78",
            "de89370400440532013000",
            "GB29-NWBK-6016-1331-9268-19",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "",
        ];
        for text in right {
            assert!(iban("iban", text).is_ok(), "{text}");
        }
        assert_eq!(iban("iban", " IE29 AIBK 9311 5212 3456 78 ").unwrap(), "IE29AIBK93115212345678");
        let long = "IE29".repeat(10);
        let wrong = [
            "IE29 AIBK 9311 5212 3456 87",
            "IE92AIBK93115212345678",
            "IE29AIBK9311",
            "1229AIBK93115212345678",
            "IE29AIBK9311521234567é",
            "IE29 AIBK\n9311 5212 3456 78",
            "DROP TABLE",
            &long,
        ];
        for text in wrong {
            assert!(iban("iban", text).is_err(), "{text}");
        }
    }

    #[test]
    fn bics_and_vat_identifiers_have_their_shapes() {
        for (text, kept) in [("aibkie2d", "AIBKIE2D"), ("DEUT DE FF 500", "DEUTDEFF500"), ("", "")] {
            assert_eq!(bic("bic", text).unwrap(), kept);
        }
        for text in ["AIBKIE2", "AIBK1E2D", "AIBKIE2DX", "ÄIBKIE2"] {
            assert!(bic("bic", text).is_err(), "{text}");
        }
        assert_eq!(vat_id("vat", "CHE-123.456.789 MWST").unwrap(), "CHE123456789MWST");
        for text in ["IE6388047V<b>", "123456789012345678901", "12-3456789", "X1", "IE\r\n1", "DE１２３"] {
            assert!(vat_id("vat", text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_account_needs_its_name_and_all_faults_are_named_at_once() {
        let mut faults = Faults::default();
        bank(&mut faults, "", "IE29AIBK93115212345679", "X");
        let super::super::refusal::Refusal::Fields(all) = faults.check().unwrap_err() else { panic!("fields") };
        assert_eq!(all.iter().map(|x| x.field.as_str()).collect::<Vec<_>>(), ["iban", "bic", "account_name"]);
        let mut faults = Faults::default();
        assert_eq!(bank(&mut faults, "", "", ""), BankDetails::default());
        assert!(faults.is_empty());
    }

    #[test]
    fn addresses_keep_their_lines_and_colours_their_shape() {
        assert_eq!(
            address("address", " 9 Sir John’s Lane \r\n\r\nDublin 2").unwrap(),
            ["9 Sir John’s Lane", "Dublin 2"]
        );
        assert!(address("address", &"x\n".repeat(7)).is_err());
        assert!(address("address", "Dublin\u{202E}2").is_err());
        assert_eq!(colour("colour", " #1F4E5F ").unwrap(), "#1f4e5f");
        for text in ["1f4e5f", "#1f4e5", "#1f4e5g", "red;}", "#é4e5"] {
            assert!(colour("colour", text).is_err(), "{text}");
        }
        assert!(is_dark([0x1f, 0x4e, 0x5f]) && !is_dark([0xff, 0xee, 0x00]));
    }
}
