//! Disputes: how much of an invoice its lines come to, what of it is disputed at any moment, and what becomes of it.

use jiff::civil::date;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::domain::tax::{Adjustment, Content, Direction, Portion, VatCategory, totals};

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn line(price: i64, category: VatCategory, rate: i64) -> Line {
    let vat = Vat { category, rate: Decimal::from(rate) };
    Line {
        description: format!("At {price}"),
        quantity: Decimal::ONE,
        price: Decimal::new(price, 2),
        vat,
        ..Line::default()
    }
}

fn shares_of(content: &Content) -> (Vec<i64>, i64) {
    let totals = totals(content, Currency::EUR).unwrap();
    let vats: Vec<Vat> = content.lines.iter().map(|x| x.vat).collect();
    (shares(&totals, &vats).unwrap(), totals.payable)
}

#[test]
fn a_line_comes_to_its_net_and_its_part_of_the_vat_of_its_group() {
    use VatCategory::{OutOfScope, Standard};
    let lines = vec![line(10_000, Standard, 23), line(5_000, Standard, 23), line(6_500, OutOfScope, 0)];
    assert_eq!(shares_of(&Content::of(lines)), (vec![12_300, 6_150, 6_500], 24_950));
    // Three lines of 0.33 bear 0.20 of VAT: the spare cents go to the first of the largest remainders.
    let thirds = vec![line(33, Standard, 20); 3];
    assert_eq!(shares_of(&Content::of(thirds)), (vec![40, 40, 39], 119));
    // What was prepaid is taken off each line in proportion.
    let prepaid =
        Content { prepaid: 6_150, ..Content::of(vec![line(10_000, Standard, 23), line(5_000, Standard, 23)]) };
    assert_eq!(shares_of(&prepaid), (vec![8_200, 4_100], 12_300));
    // A line that gives something back has a share below zero.
    let back = vec![line(10_000, Standard, 23), line(-1_000, Standard, 23)];
    assert_eq!(shares_of(&Content::of(back)), (vec![12_300, -1_230], 11_070));
}

#[test]
fn an_allowance_is_shared_by_the_lines_of_its_rate_and_a_charge_at_another_rate_by_all() {
    use VatCategory::Standard;
    let vat = |rate: i64| Vat { category: Standard, rate: Decimal::from(rate) };
    let adjust = |direction, rate, minor| Adjustment {
        direction,
        reason: "agreed".to_owned(),
        portion: Portion::Amount(minor),
        vat: vat(rate),
    };
    let lines = vec![line(10_000, Standard, 20), line(10_000, Standard, 10)];
    let adjustments = vec![adjust(Direction::Allowance, 20, 1_000), adjust(Direction::Charge, 0, 229)];
    let (shares, payable) = shares_of(&Content { adjustments, ..Content::of(lines) });
    // 10,800 and 11,000, and of the 2.29 so much as each is of both.
    assert_eq!((shares, payable), (vec![10_913, 11_116], 22_029));
}

#[test]
fn lines_that_nearly_make_up_for_each_other_have_no_share_many_times_their_own() {
    use VatCategory::Standard;
    let charge = |rate: i64| Adjustment {
        direction: Direction::Charge,
        reason: "delivery".to_owned(),
        portion: Portion::Amount(1_000),
        vat: Vat { category: Standard, rate: Decimal::from(rate) },
    };
    for rate in [0, 23] {
        let lines = vec![line(10_000, Standard, 23), line(-9_900, Standard, 23)];
        let (shares, payable) = shares_of(&Content { adjustments: vec![charge(rate)], ..Content::of(lines) });
        let whole = if rate == 0 { 1_123 } else { 1_353 };
        assert_eq!((shares, payable), (vec![12_300 + whole - 123, -12_177], whole), "{rate}");
    }
}

#[test]
fn what_is_disputed_is_no_more_than_what_is_open_and_nothing_once_it_ended() {
    let part = Dispute { part: Part::Amount(6_000), amount: eur(6_000), ..Dispute::of_test() };
    let of = |open| part.disputed(eur(open)).minor;
    assert_eq!((of(10_000), of(6_000), of(2_500), of(0)), (6_000, 6_000, 2_500, 0));
    assert!(!part.holds(eur(6_001)) && part.holds(eur(6_000)) && part.holds(eur(1)) && !part.holds(eur(0)));
    let whole = Dispute { part: Part::Whole, ..part.clone() };
    assert!(whole.holds(eur(10_000)) && whole.disputed(eur(10_000)) == eur(10_000));
    let agreed = Dispute { outcome: Outcome::Upheld(date(2026, 11, 20)), waits: true, ..part.clone() };
    assert!(agreed.stands() && !agreed.is_open() && agreed.holds(eur(6_000)), "until it is credited");
    for outcome in [Outcome::Upheld, Outcome::Rejected, Outcome::Withdrawn, Outcome::Settled] {
        let ended = Dispute { outcome: outcome(date(2026, 11, 20)), ..whole.clone() };
        assert!(!ended.holds(eur(100)) && ended.disputed(eur(100)).minor == 0, "{ended:?}");
    }
}

#[test]
fn it_is_settled_while_nothing_is_open_and_what_was_answered_stays_answered() {
    let (made, day) = (Dispute::of_test().made, date(2026, 11, 20));
    let now = |outcome, open| Dispute { outcome, ..Dispute::of_test() }.now(eur(open), day);
    assert_eq!(now(Outcome::Open, 1), Outcome::Open);
    assert_eq!(now(Outcome::Open, 0), Outcome::Settled(day));
    assert_eq!(Dispute::of_test().now(eur(0), date(2026, 1, 1)), Outcome::Settled(made), "not before it was raised");
    assert_eq!(now(Outcome::Settled(day), 1), Outcome::Open);
    for ended in [Outcome::Upheld(made), Outcome::Rejected(made), Outcome::Withdrawn(made)] {
        assert_eq!((now(ended, 0), now(ended, 1)), (ended, ended));
    }
}

#[test]
fn words_are_needed_and_have_an_end() {
    let fault = |typed: &str| words(typed, "Say what is wrong.").unwrap_err();
    assert_eq!((fault(" ").message.as_str(), fault("").field.as_str()), ("Say what is wrong.", "words"));
    assert_eq!(words("  Two, not three. ", ""), Ok("Two, not three.".to_owned()));
    assert!(fault(&"x".repeat(WORDS_MAX + 1)).message.contains("2000"));
    assert_eq!(any_words(""), Ok(String::new()));
    assert_eq!(Ground::parse("nothing").unwrap_err().field, "ground");
    for ground in Ground::ALL {
        assert_eq!(Ground::parse(ground.code()), Ok(ground));
    }
}

#[test]
fn disputes_are_counted_by_currency_and_as_of_a_day() {
    let of = |made, outcome| Dispute { made, outcome, ..Dispute::of_test() };
    let day = |day| date(2026, 11, day);
    let all = [of(day(1), Outcome::Rejected(day(9))), of(day(5), Outcome::Open), of(day(20), Outcome::Open)];
    let on = |on| count(&all, Currency::EUR, date(2026, 1, 1), on);
    assert_eq!(on(day(8)), Count { raised: 2, rejected: 0 });
    assert_eq!(on(day(30)), Count { raised: 3, rejected: 1 });
    assert_eq!(count(&all, "JPY".parse().unwrap(), date(2026, 1, 1), day(30)), Count::default());
}

fn contents() -> impl Strategy<Value = Content> {
    let one = (-50_000_i64..500_000, prop::sample::select(vec![0_i64, 7, 19, 23]));
    let allowance = prop::option::of((0_i64..5_000, prop::sample::select(vec![0_i64, 7, 19])));
    (prop::collection::vec(one, 1..12), allowance, 0_i64..1_000).prop_map(|(lines, allowance, prepaid)| {
        let lines = lines.into_iter().map(|(price, rate)| line(price, VatCategory::Standard, rate)).collect();
        let adjustment = |(minor, rate): (i64, i64)| Adjustment {
            direction: Direction::Allowance,
            reason: "agreed".to_owned(),
            portion: Portion::Amount(minor),
            vat: Vat { category: VatCategory::Standard, rate: Decimal::from(rate) },
        };
        let adjustments = allowance.map(adjustment).into_iter().collect();
        Content { adjustments, prepaid, ..Content::of(lines) }
    })
}

proptest! {
    #[test]
    fn all_lines_together_are_the_whole_invoice(content in contents()) {
        let (shares, payable) = shares_of(&content);
        prop_assert_eq!(shares.len(), content.lines.len());
        prop_assert_eq!(shares.iter().sum::<i64>(), payable);
    }

    #[test]
    fn parts_are_within_a_unit_of_their_proportion(
        total in -1_000_000_i64..1_000_000,
        weights in prop::collection::vec(0_i64..100_000, 1..20),
    ) {
        let whole: i64 = weights.iter().sum();
        match spread(total, &weights) {
            None => prop_assert_eq!(whole, 0),
            Some(parts) => {
                prop_assert_eq!(parts.iter().sum::<i64>(), total);
                for (part, weight) in parts.iter().zip(&weights) {
                    let off = i128::from(*part) * i128::from(whole) - i128::from(total) * i128::from(*weight);
                    prop_assert!(off.abs() < i128::from(whole), "{} of {} for {}", part, total, weight);
                }
            }
        }
    }
}

#[test]
fn what_was_agreed_on_and_paid_is_owed_to_the_client() {
    let agreed = Dispute { waits: true, outcome: Outcome::Upheld(date(2026, 11, 20)), ..Dispute::of_test() };
    let settled = |received, written_off| Settled { received, written_off, ..Settled::default() };
    let owed = |open, settled| agreed.overpaid(eur(open), settled).minor;
    assert_eq!(owed(0, settled(1_000, 0)), 100);
    assert_eq!(owed(40, settled(960, 0)), 0, "what is open is not asked for in its place");
    assert_eq!(owed(0, settled(900, 100)), 0, "it was never paid");
    assert_eq!(owed(0, settled(970, 30)), 70);
    assert_eq!(owed(0, settled(60, 0)), 60, "the rest was credited before");
    let over = Dispute { waits: false, ..agreed.clone() };
    assert_eq!(over.overpaid(eur(0), settled(1_000, 0)).minor, 0);
}
