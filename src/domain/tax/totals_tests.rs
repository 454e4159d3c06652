//! Tables and properties of the totals: EN 16931 by hand, BR-CO-10 to -17, and prices that include VAT.

use jiff::civil::date;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::domain::tax::{AccountingVat, Adjustment, Discount, Line, Portion, VatCategory};

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn vat(category: VatCategory, rate: &str) -> Vat {
    Vat { category, rate: dec(rate) }
}

fn line(quantity: &str, price: &str, discount: &str, category: VatCategory, rate: &str) -> Line {
    Line {
        quantity: dec(quantity),
        price: dec(price),
        discount: Discount::percent(dec(discount)),
        vat: vat(category, rate),
        ..Line::default()
    }
}

fn standard(price: &str, rate: &str) -> Line {
    line("1", price, "0", VatCategory::Standard, rate)
}

fn of(lines: &[Line], code: &str) -> Option<Totals> {
    totals(&Content::of(lines.to_vec()), code.parse().unwrap())
}

#[test]
fn totals_are_those_worked_out_by_hand() {
    use VatCategory::{OutOfScope, Standard};
    // The lease invoice: 11.5 h, a fixed fee, 1.5 h and an outlay without VAT.
    let lease = [
        line("11.5", "220", "0", Standard, "23"),
        line("1", "450", "0", Standard, "23"),
        line("1.5", "220", "0", Standard, "23"),
        line("1", "65", "0", OutOfScope, "0"),
    ];
    let t = of(&lease, "EUR").unwrap();
    assert_eq!((t.net, t.vat, t.gross, t.payable), (337_500, 76_130, 413_630, 413_630));
    assert_eq!(t.groups.iter().map(|g| (g.base, g.tax)).collect::<Vec<_>>(), [(331_000, 76_130), (6_500, 0)]);

    let cases: &[(&[Line], &str, i64, i64)] = &[
        // Three lines of 0.335 are rounded each (0.34), and VAT once on their sum.
        (&[standard("0.335", "20"), standard("0.335", "20"), standard("0.335", "20")], "EUR", 102, 20),
        // A discount of a third is rounded with the line, not before it.
        (&[line("3", "33.3333", "33.33", Standard, "19")], "EUR", 6_667, 1_267),
        // Taking something back at the same rate lowers the base before VAT is rounded.
        (&[line("1", "10.01", "0", Standard, "7"), line("-1", "10.00", "0", Standard, "7")], "EUR", 1, 0),
        // Yen have no minor unit; halves go away from zero.
        (&[standard("1005", "10")], "JPY", 1_005, 101),
        (&[line("-1", "1005", "0", Standard, "10")], "JPY", -1_005, -101),
        // Dinars have three digits.
        (&[standard("1.2345", "5")], "KWD", 1_235, 62),
        (&[line("1", "100", "100", Standard, "23")], "EUR", 0, 0),
        (&[], "EUR", 0, 0),
    ];
    for (lines, code, net, vat) in cases {
        let t = of(lines, code).unwrap();
        assert_eq!((t.net, t.vat), (*net, *vat), "{lines:?}");
    }
    let many = of(&vec![standard("0.335", "23"); 500], "EUR").unwrap();
    assert_eq!((many.net, many.vat, many.line_nets.len()), (17_000, 3_910, 500));
}

#[test]
fn allowances_charges_prepayment_and_rounding_come_in_their_order() {
    let adjust = |direction, portion| Adjustment {
        direction,
        portion,
        reason: "Agreed".into(),
        vat: vat(VatCategory::Standard, "23"),
    };
    let mut content = Content::of(vec![standard("100", "23"), standard("50", "23"), standard("40", "13.5")]);
    // Ten percent of the lines at 23%, and 12.34 for postage at the same rate.
    content.adjustments = vec![
        adjust(Direction::Allowance, Portion::Percent(dec("10"))),
        adjust(Direction::Charge, Portion::Amount(1_234)),
    ];
    content.prepaid = 10_000;
    content.round_to = 5;
    let t = totals(&content, Currency::EUR).unwrap();
    assert_eq!((t.lines, t.allowances, t.charges, t.net), (19_000, 1_500, 1_234, 18_734));
    assert_eq!(t.adjustment_nets, [1_500, 1_234]);
    assert_eq!(t.groups.iter().map(|g| (g.base, g.tax)).collect::<Vec<_>>(), [(14_734, 3_389), (4_000, 540)]);
    assert_eq!((t.gross, t.prepaid, t.rounding, t.payable), (22_663, 10_000, 2, 12_665));
    for (due, step, expected) in [(102, 5, -2), (-103, 5, -2), (105, 5, 0), (150, 100, 50), (-150, 100, -50), (7, 0, 0)]
    {
        assert_eq!(rounding(due, step), expected, "{due} to {step}");
    }
}

#[test]
fn gross_prices_keep_their_sum_to_the_cent() {
    let inclusive = |lines: Vec<Line>, code: &str| {
        let content = Content { prices: Prices::Gross, ..Content::of(lines) };
        totals(&content, code.parse().unwrap()).unwrap()
    };
    let t = inclusive(vec![standard("9.99", "23"), standard("9.99", "23"), standard("9.99", "23")], "EUR");
    assert_eq!((t.gross, t.vat, t.net), (2_997, 560, 2_437));
    assert_eq!(t.line_nets, [813, 812, 812], "8.12195 each: one spare cent");
    let t = inclusive(
        vec![standard("119", "19"), standard("107", "7"), line("-1", "11.9", "0", VatCategory::Standard, "19")],
        "EUR",
    );
    assert_eq!((t.gross, t.vat, t.line_nets), (21_410, 2_410, vec![10_000, 10_000, -1_000]));
    let t = inclusive(vec![standard("1100", "10")], "JPY");
    assert_eq!((t.gross, t.vat, t.net), (1_100, 100, 1_000));
    let t = inclusive(vec![line("2", "50", "0", VatCategory::ReverseCharge, "0")], "KWD");
    assert_eq!((t.gross, t.vat, t.line_nets), (100_000, 0, vec![100_000]));
}

#[test]
fn vat_is_stated_in_the_accounting_currency_at_its_rate() {
    let accounting = Some(AccountingVat { currency: Currency::EUR, rate: dec("0.0061"), on: date(2026, 11, 2) });
    let content = Content { accounting, ..Content::of(vec![standard("125000", "10")]) };
    let t = totals(&content, "JPY".parse().unwrap()).unwrap();
    assert_eq!((t.vat, t.accounting_vat), (12_500, Some(Money::new(7_625, Currency::EUR))));
}

#[test]
fn amounts_beyond_the_limit_give_no_totals() {
    assert_eq!(of(&[line("1000000000", "1000000000", "0", VatCategory::Standard, "23")], "EUR"), None);
    let many = vec![line("1000000", "999999", "0", VatCategory::Standard, "23"); 500];
    assert_eq!(of(&many, "EUR"), None);
    let content = Content { prepaid: i64::MAX, ..Content::of(vec![]) };
    assert_eq!(totals(&content, Currency::EUR), None);
}

const VATS: [(VatCategory, &str); 5] = [
    (VatCategory::Standard, "23"),
    (VatCategory::Standard, "13.5"),
    (VatCategory::Standard, "7.7"),
    (VatCategory::Zero, "0"),
    (VatCategory::OutOfScope, "0"),
];

fn a_line() -> impl Strategy<Value = Line> {
    let discount = prop_oneof![
        (0_i64..10_000).prop_map(|d| Portion::Percent(Decimal::new(d, 2))),
        (0_i64..500_000).prop_map(Portion::Amount),
    ];
    (-50_000_i64..50_000, 0_i64..5_000_000, discount, 0_usize..VATS.len()).prop_map(|(q, p, portion, v)| Line {
        quantity: Decimal::new(q, 2),
        price: Decimal::new(p, 4),
        discount: Discount { portion, reason: String::new() },
        vat: vat(VATS[v].0, VATS[v].1),
        ..Line::default()
    })
}

fn an_adjustment() -> impl Strategy<Value = Adjustment> {
    let portion = prop_oneof![
        (0_i64..10_000).prop_map(|d| Portion::Percent(Decimal::new(d, 2))),
        (0_i64..500_000).prop_map(Portion::Amount),
    ];
    (any::<bool>(), portion, 0_usize..VATS.len()).prop_map(|(up, portion, v)| Adjustment {
        direction: if up { Direction::Charge } else { Direction::Allowance },
        portion,
        reason: "Agreed".to_owned(),
        vat: vat(VATS[v].0, VATS[v].1),
    })
}

fn content(prices: Prices) -> impl Strategy<Value = Content> {
    let lines = prop::collection::vec(a_line(), 0..40);
    let adjustments = prop::collection::vec(an_adjustment(), 0..4);
    (lines, adjustments, 0_i64..100_000, 0_u32..120).prop_map(move |(lines, adjustments, prepaid, round_to)| Content {
        lines,
        adjustments,
        prices,
        prepaid,
        round_to,
        ..Content::default()
    })
}

/// BR-CO-10 to -16, and that the groups are those of lines and adjustments.
fn the_sums_hold(content: &Content, t: &Totals) -> Result<(), TestCaseError> {
    let by = |direction| {
        let nets = content.adjustments.iter().zip(&t.adjustment_nets);
        nets.filter(|x| x.0.direction == direction).map(|x| *x.1).sum::<i64>()
    };
    prop_assert_eq!(t.lines, t.line_nets.iter().sum::<i64>(), "BR-CO-10");
    prop_assert_eq!(t.allowances, by(Direction::Allowance), "BR-CO-11");
    prop_assert_eq!(t.charges, by(Direction::Charge), "BR-CO-12");
    prop_assert_eq!(t.net, t.lines - t.allowances + t.charges, "BR-CO-13");
    prop_assert_eq!(t.vat, t.groups.iter().map(|g| g.tax).sum::<i64>(), "BR-CO-14");
    prop_assert_eq!(t.gross, t.net + t.vat, "BR-CO-15");
    prop_assert_eq!(t.payable, t.gross - t.prepaid + t.rounding, "BR-CO-16");
    for group in &t.groups {
        let lines = content.lines.iter().zip(&t.line_nets).filter(|x| x.0.vat == group.vat).map(|x| *x.1);
        let adjusted = content.adjustments.iter().zip(&t.adjustment_nets).filter(|x| x.0.vat == group.vat);
        let adjusted = adjusted.map(|x| if x.0.direction == Direction::Charge { *x.1 } else { -*x.1 });
        prop_assert_eq!(group.base, lines.sum::<i64>() + adjusted.sum::<i64>(), "BR-S-08 and its like");
    }
    let step = i64::from(content.round_to);
    prop_assert!(step < 2 || t.payable % step == 0 && t.rounding.abs() * 2 <= step);
    Ok(())
}

/// How far BT-117 is from BT-116 × BT-119 / 100, in minor units.
fn off(group: &VatGroup) -> Decimal {
    (Decimal::new(group.base, 2) * group.vat.rate - Decimal::new(group.tax, 0)).abs()
}

proptest! {
    #[test]
    fn the_sums_of_en_16931_hold(content in content(Prices::Net)) {
        let t = totals(&content, Currency::EUR).unwrap();
        the_sums_hold(&content, &t)?;
        for g in &t.groups {
            prop_assert!(off(g) <= dec("0.5"), "BR-CO-17: {} of {} is not {}", g.vat.rate, g.base, g.tax);
        }
        for (line, net) in content.lines.iter().zip(&t.line_nets) {
            prop_assert_eq!(line.amount(Currency::EUR).unwrap().minor, *net);
            let whole = line.before_discount(Currency::EUR).unwrap().minor;
            prop_assert_eq!(whole - line.discounted(Currency::EUR).unwrap().minor, *net);
        }
        let mut turned = content.clone();
        turned.lines.reverse();
        let turned = totals(&turned, Currency::EUR).unwrap();
        prop_assert_eq!((turned.groups, turned.payable), (t.groups, t.payable));
    }

    #[test]
    fn included_vat_leaves_the_gross_as_it_is(content in content(Prices::Gross)) {
        let t = totals(&content, Currency::EUR).unwrap();
        the_sums_hold(&content, &t)?;
        let typed = parts(&content, Currency::EUR).unwrap();
        prop_assert_eq!(t.gross, typed.iter().map(|x| x.1).sum::<i64>(), "the gross is what the prices say");
        for g in &t.groups {
            prop_assert!(off(g) <= Decimal::ONE, "{} of {} is not {}", g.vat.rate, g.base, g.tax);
            let near = [g.tax - 1, g.tax + 1].map(|tax| VatGroup { base: g.base + g.tax - tax, tax, ..*g });
            let better = near.iter().any(|x| off(x) <= dec("0.5"));
            prop_assert!(off(g) <= dec("0.5") || !better, "BR-CO-17 where any base can keep it");
        }
        for (part, net) in typed.iter().zip(&t.line_nets) {
            let exact = Decimal::new(part.1, 0) * dec("100") / (dec("100") + part.0.rate);
            prop_assert!((Decimal::new(*net, 0) - exact).abs() < Decimal::ONE, "within a cent of its own share");
        }
    }
}
