//! What comes over the wire as text: forms and what is typed into them, and answers of mail servers.
#![no_main]

use counterfoil::domain::anchor::AnchorCode;
use counterfoil::domain::calendar::Zone;
use counterfoil::domain::money::{Currency, Money};
use counterfoil::domain::number::{DocumentNumber, Pattern};
use counterfoil::domain::tax::parse_number;
use counterfoil::domain::text::EmailAddress;
use counterfoil::mail::{check_address, read_answer};
use counterfoil::secrets::Token;
use counterfoil::web::auth::back::Back;
use counterfoil::web::forms::Fields;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    assert!(!read_answer(bytes).contains(char::is_control), "a control character got through");
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = (Token::parse(text), check_address(text));
    if let Some(back) = Back::parse(text) {
        let path = back.path();
        assert!(path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n']), "{path:?}");
    }
    typed(text);
    let Some(fields) = Fields::parse(text) else { return };
    for name in ["name", "amount", "due", "lines", ""] {
        typed(fields.get(name));
        fields.all(name).for_each(typed);
    }
});

/// What one field may hold, as each kind of thing that fields are read as.
fn typed(text: &str) {
    for currency in ["EUR", "JPY", "KWD"] {
        let currency: Currency = currency.parse().expect("a currency");
        if let Ok(amount) = Money::parse("amount", text, currency) {
            assert!(!amount.to_string().is_empty());
        }
    }
    if let Ok(number) = text.parse::<DocumentNumber>() {
        assert_eq!(number.to_string().parse(), Ok(number), "a number changes by being written");
    }
    if let Ok(code) = text.parse::<AnchorCode>() {
        assert_eq!(code.to_string().parse(), Ok(code), "a code changes by being written");
    }
    if let Ok(pattern) = Pattern::parse("pattern", text) {
        pattern.write(2026, 1).expect("a pattern that was taken gives numbers");
        let _ = (pattern.write(i16::MAX, u64::MAX), pattern.meets(&pattern, 2026));
    }
    let _ = (Zone::parse("zone", text), EmailAddress::parse("email", text));
    for digits in [0, 2, 4] {
        let _ = parse_number("quantity", text, digits);
    }
}
