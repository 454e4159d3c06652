//! Bank transfers: the reference that banks carry unharmed (ISO 11649) and the text of the QR code that banking apps
//! read (EPC069-12).
//!
//! Knows no picture of a code, only what stands in it.

use super::firm::BankDetails;
use super::money::{Currency, Money};

/// Longest reference of its own within a creditor reference.
const REFERENCE_MAX: usize = 21;
/// Longest name in a code, in characters.
const NAME_MAX: usize = 70;
/// Most that a code asks for: 999,999,999.99 euro.
const AMOUNT_MAX: i64 = 99_999_999_999;

/// The creditor reference of a document's number: `RF`, two check digits, and the number's letters and digits. `None`
/// where those are too many or none.
pub fn creditor_reference(number: &str) -> Option<String> {
    let own: String = number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    if own.is_empty() || own.len() > REFERENCE_MAX {
        return None;
    }
    let check = 98_u32.checked_sub(remainder_97(&format!("{own}RF00"))?)?;
    Some(format!("RF{check:02}{own}"))
}

/// Letters as 10 to 35 and digits as they are, modulo 97 (ISO 7064 MOD 97-10).
fn remainder_97(text: &str) -> Option<u32> {
    text.chars().try_fold(0_u32, |sum, c| {
        let digit = c.to_digit(36)?;
        Some((if digit < 10 { sum * 10 + digit } else { sum * 100 + digit }) % 97)
    })
}

/// A creditor reference in groups of four, as ISO 11649 prints it.
pub fn in_fours(text: &str) -> String {
    let letters: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// Whether transfers of `currency` to this account can carry a code: euro, an account, and the firm wants it.
pub fn takes_codes(bank: &BankDetails, currency: Currency) -> bool {
    currency == Currency::EUR && !bank.iban.is_empty() && !bank.without_code
}

/// What a banking app reads to fill in a transfer of `amount` with `reference`, which is a creditor reference; `None`
/// where no code can say it. Version 002, UTF-8: the BIC may be left out.
pub fn epc_text(bank: &BankDetails, payee: &str, amount: Money, reference: &str) -> Option<String> {
    if !takes_codes(bank, amount.currency) || !(1..=AMOUNT_MAX).contains(&amount.minor) {
        return None;
    }
    let name = if bank.account_name.is_empty() { payee } else { &bank.account_name };
    let name: String = name.chars().take(NAME_MAX).collect();
    let figure = format!("EUR{}", amount.decimal());
    Some(["BCD", "002", "1", "SCT", &bank.bic, name.trim(), &bank.iban, &figure, "", reference].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn creditor_references_have_the_check_digits_of_the_standard() {
        // The example of ISO 11649 and of Finance Finland's guide.
        assert_eq!(creditor_reference("539007547034").unwrap(), "RF18539007547034");
        assert_eq!(creditor_reference("2348-236").unwrap(), "RF332348236");
        let ours = creditor_reference("HF-2026-0001").unwrap();
        assert!(ours.ends_with("HF20260001"));
        assert_eq!(remainder_97(&format!("{}{}", &ours[4..], &ours[..4])), Some(1));
        assert_eq!(in_fours("RF18539007547034"), "RF18 5390 0754 7034");
        assert_eq!(creditor_reference("---"), None);
        assert_eq!(creditor_reference(&"9".repeat(22)), None);
    }

    #[test]
    fn a_code_says_account_amount_and_reference() {
        let bank = BankDetails {
            account_name: "Harbour & Finch LLP".into(),
            iban: "IE29AIBK93115212345678".into(),
            bic: "AIBKIE2D".into(),
            ..BankDetails::default()
        };
        let euro = |minor| Money::new(minor, Currency::EUR);
        let text = epc_text(&bank, "x", euro(413_630), "RF18539007547034").unwrap();
        let expected = "BCD\n002\n1\nSCT\nAIBKIE2D\nHarbour & Finch LLP\nIE29AIBK93115212345678\nEUR4136.30\n\n\
                        RF18539007547034";
        assert_eq!(text, expected);
        assert!(text.len() <= 331, "the most that a code may hold");
        let off = BankDetails { without_code: true, ..bank.clone() };
        assert_eq!(epc_text(&off, "x", euro(1), "RF"), None);
        assert_eq!(epc_text(&BankDetails::default(), "x", euro(1), "RF"), None);
        assert_eq!(epc_text(&bank, "x", euro(0), "RF"), None);
        assert_eq!(epc_text(&bank, "x", Money::new(1, "GBP".parse().unwrap()), "RF"), None);
    }
}
