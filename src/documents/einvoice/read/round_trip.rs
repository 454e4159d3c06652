//! Any document that can be composed here, written as UBL and CII, read back and written again: the same document, and
//! the same bytes.

use jiff::civil::{Date, date};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Syntax, read};
use crate::documents::einvoice::{Bill, Frozen, cii, ubl};
use crate::domain::client::Party;
use crate::domain::firm::{BankDetails, Letterhead};
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::invoice::{Body, Invoice, Kind, References};
use crate::domain::money::Currency;
use crate::domain::tax::{
    AccountingVat, Adjustment, Content, Direction, Discount, Line, Period, Portion, Prices, Unit, Vat, VatCategory,
    totals,
};
use crate::domain::terms::Terms;

/// Text as people write it: with what XML must mask, and never blank around it.
const TEXT: &str = "[A-Za-zÄé&<>\"'][A-Za-z0-9é&<>\"' ]{0,24}[a-z0-9]";
const MAYBE: &str = "([A-Z][A-Za-z0-9&-]{1,12})?";
/// The currencies, of no, two and three decimals.
const CURRENCIES: [&str; 4] = ["EUR", "USD", "JPY", "KWD"];
/// Categories with a rate; the others have none.
const RATED: [(VatCategory, &str); 5] = [
    (VatCategory::Standard, "23"),
    (VatCategory::Standard, "13.5"),
    (VatCategory::Standard, "7.7"),
    (VatCategory::Igic, "7"),
    (VatCategory::Ipsi, "0.5"),
];
const UNRATED: [VatCategory; 6] = [
    VatCategory::Zero,
    VatCategory::Exempt,
    VatCategory::ReverseCharge,
    VatCategory::IntraCommunity,
    VatCategory::Export,
    VatCategory::OutOfScope,
];

fn a_vat(rated: bool) -> impl Strategy<Value = Vat> {
    (0..if rated { RATED.len() + UNRATED.len() } else { UNRATED.len() }).prop_map(move |n| {
        match n.checked_sub(UNRATED.len()) {
            Some(n) => Vat { category: RATED[n].0, rate: RATED[n].1.parse().unwrap() },
            None => Vat { category: UNRATED[n], rate: Decimal::ZERO },
        }
    })
}

fn a_portion() -> impl Strategy<Value = Portion> {
    prop_oneof![
        Just(Portion::default()),
        (0_i64..=10_000).prop_map(|x| Portion::Percent(Decimal::new(x, 2))),
        (0_i64..50_000).prop_map(|x| Portion::Amount(x * 10)),
    ]
}

fn a_period() -> impl Strategy<Value = Option<Period>> {
    let day = |n: i64| date(2026, 1, 1).checked_add(jiff::Span::new().days(n)).unwrap();
    option::of((0_i64..300, 0_i64..60).prop_map(move |(from, days)| Period { from: day(from), to: day(from + days) }))
}

/// A line; `fine` ones have every decimal there is, the others come to whole hundredths in any currency.
fn a_line(fine: bool) -> impl Strategy<Value = Line> {
    let figures = (-50_000_i64..50_000, 0_i64..5_000_000, a_portion(), 0..Unit::ALL.len(), a_vat(fine));
    let texts = (TEXT, option::of(TEXT), MAYBE, MAYBE, MAYBE, a_period());
    (figures, texts).prop_map(move |((quantity, price, portion, unit, vat), texts)| {
        let (name, detail, reason, item, order_line, period) = texts;
        let portion = if fine { portion } else { Portion::default() };
        Line {
            description: detail.map_or(name.clone(), |detail| format!("{name}\n{detail}")),
            quantity: if fine { Decimal::new(quantity, 2) } else { Decimal::from(quantity / 100) },
            unit: Unit::ALL[unit],
            price: Decimal::new(price, if fine { 4 } else { 2 }),
            discount: Discount { portion, reason },
            vat,
            period,
            item,
            order_line,
        }
    })
}

fn an_adjustment(fine: bool) -> impl Strategy<Value = Adjustment> {
    (any::<bool>(), a_portion(), TEXT, a_vat(fine)).prop_map(move |(charge, portion, reason, vat)| Adjustment {
        direction: if charge { Direction::Charge } else { Direction::Allowance },
        portion: if fine { portion } else { Portion::Amount(12_340) },
        reason,
        vat,
    })
}

/// What is charged, in a currency.
fn charged() -> impl Strategy<Value = (Currency, Content)> {
    (0..CURRENCIES.len()).prop_flat_map(|n| {
        let currency: Currency = CURRENCIES[n].parse().unwrap();
        // Amounts in thousandths can't be written as XML (BR-DEC-23), so dinars come in hundredths.
        let fine = currency.digits() <= 2;
        let whole = (vec(a_line(fine), 1..12), vec(an_adjustment(fine), 0..5));
        let rest = (any::<bool>(), 0_i64..10_000, prop_oneof![Just(0_u32), Just(5), Just(100)], any::<bool>());
        (whole, rest).prop_map(move |((lines, adjustments), (gross, prepaid, round_to, stated))| {
            let (accounting, rate) = (if currency == Currency::EUR { "DKK" } else { "EUR" }, Decimal::new(74_604, 4));
            let accounting = AccountingVat { currency: accounting.parse().unwrap(), rate, on: date(2026, 11, 2) };
            let content = Content {
                lines,
                adjustments,
                prices: if gross { Prices::Gross } else { Prices::Net },
                prepaid: prepaid * 10,
                round_to: if fine { round_to } else { 0 },
                accounting: stated.then_some(accounting),
                ..Content::default()
            };
            (currency, content)
        })
    })
}

fn party(name: String, country: &str, address: Vec<String>) -> Party {
    Party {
        name,
        address,
        city: "Dún Laoghaire".into(),
        postcode: "A96 X2C4".into(),
        country: country.into(),
        vat_id: format!("{country}9876543"),
        legal_id: "R-17".into(),
        ..Party::default()
    }
}

fn letterhead() -> Letterhead {
    let bank = BankDetails { iban: "IE29AIBK93115212345678".into(), bic: "AIBKIE2D".into(), ..BankDetails::default() };
    Letterhead { phone: "01 555 0142".into(), registration: "Partners: A & B".into(), bank, ..Letterhead::default() }
}

prop_compose! {
    /// A document in the terms of the standard.
    fn a_bill()(
        (currency, content) in charged(),
        (title, note, reference, order, contract, project, contact) in
            (TEXT, option::of(TEXT), MAYBE, MAYBE, MAYBE, MAYBE, MAYBE),
        (seller, buyer, street) in (TEXT, TEXT, vec(TEXT, 0..4)),
        (period, delivered, credit) in (a_period(), any::<bool>(), any::<bool>()),
    ) -> Option<Bill> {
        let (on, due): (Date, Date) = (date(2026, 11, 2), date(2026, 12, 2));
        let totals = totals(&content, currency)?;
        let invoice = |kind, body| Invoice {
            id: InvoiceId(1),
            client: ClientId(1),
            project: None,
            kind,
            title: title.clone(),
            currency,
            dated: on,
            due,
            terms: Terms::default(),
            reference: reference.clone(),
            references: References {
                order: order.clone(), contract: contract.clone(), project: project.clone(), contact: contact.clone(),
            },
            delivered: delivered.then_some(on),
            period,
            note: note.clone().unwrap_or_default(),
            body,
            recipients: Vec::new(),
            quote: None,
            late: None,
            issue: None,
            changed: jiff::Timestamp::UNIX_EPOCH,
        };
        let kind = if credit { Kind::CreditNote(InvoiceId(2)) } else { Kind::Invoice };
        let frozen = Frozen {
            number: &"HF-2026-0001".parse().unwrap(),
            seller: &party(seller, "IE", vec!["1 Quay".into()]),
            buyer: &party(buyer, "DE", street),
            letterhead: &letterhead(),
            totals: &totals,
            credits: None,
        };
        Bill::of(&invoice(kind, Body::Composed(content)), &frozen)
    }
}

proptest! {
    #[test]
    fn any_document_of_ours_is_read_as_it_was_written(bill in a_bill()) {
        let bill = bill.unwrap();
        prop_assert!(bill.exact);
        let (ours, theirs) = (ubl(&bill), cii(&bill));
        let (syntax, from_ubl) = read(ours.as_bytes()).map_err(|fault| TestCaseError::fail(format!("{fault}\n{ours}")))?;
        prop_assert_eq!(syntax, Syntax::Ubl);
        prop_assert_eq!(&from_ubl, &bill);
        let (syntax, from_cii) =
            read(theirs.as_bytes()).map_err(|fault| TestCaseError::fail(format!("{fault}\n{theirs}")))?;
        prop_assert_eq!(syntax, Syntax::Cii);
        // CII has no place for the mark of Peppol.
        prop_assert_eq!(&Bill { peppol: bill.peppol, ..from_cii }, &bill);
        prop_assert_eq!((ubl(&from_ubl), cii(&from_ubl)), (ours, theirs));
    }
}
