//! What a quote comes to with its options, and when a new version may follow.

use jiff::civil::date;
use rust_decimal::Decimal;

use super::*;
use crate::domain::tax::{Adjustment, Direction, Line, Portion, Vat, VatCategory};

fn vat(rate: i64) -> Vat {
    Vat { category: VatCategory::Standard, rate: Decimal::from(rate) }
}

fn line(name: &str, price: i64, rate: i64) -> Line {
    Line {
        description: name.into(),
        quantity: Decimal::ONE,
        price: Decimal::from(price),
        vat: vat(rate),
        ..Line::default()
    }
}

fn offered(options: &[u32]) -> Version {
    let lines = vec![line("Survey", 100, 23), line("Model", 40, 23), line("Drawings", 200, 23), line("Book", 30, 9)];
    let content = Content::of(lines);
    let sums = totals(&fixed(&content, options), Currency::EUR).unwrap();
    Version {
        title: String::new(),
        issued: date(2026, 11, 1),
        valid_until: date(2026, 11, 30),
        content,
        options: options.to_vec(),
        totals: sums,
        delivery: String::new(),
        note: String::new(),
        terms: String::new(),
        news: String::new(),
        seller: Party::default(),
        buyer: Party::default(),
        letterhead: Letterhead::default(),
        pdf: FileRef { digest: Digest([0; 32]), length: 0, name: String::new(), media_type: String::new() },
        at: Timestamp::UNIX_EPOCH,
        by: StaffId(1),
        answer: Answer::Open,
    }
}

#[test]
fn the_total_counts_what_was_chosen_and_nothing_else() {
    let version = offered(&[2, 4]);
    assert_eq!(version.totals.payable, 36_900);
    let chosen = |options: &[u32]| version.choose(options).map(|x| (x.0, x.1.payable));
    assert_eq!(chosen(&[]), Ok((vec![], 36_900)));
    assert_eq!(chosen(&[2, 1, 2]), Ok((vec![1, 2], 36_900 + 4_920 + 3_270)));
    assert_eq!(version.chosen_lines(&[2]), [1, 3, 4]);
    assert_eq!(version.totals_with_all().map(|x| x.payable), Some(45_090));
    assert_eq!((version.option_name(1), version.option_name(2), version.option_name(3)), ("Model", "Book", ""));
    for wrong in [&[0][..], &[3], &[1, 3]] {
        assert_eq!(chosen(wrong).unwrap_err().message, "Choose among the options of this quote.");
    }
    assert_eq!(offered(&[1, 2, 3, 4]).choose(&[]).unwrap_err().message, "Choose at least one option.");
    assert_eq!(offered(&[]).totals_with_all(), None);
}

#[test]
fn what_keeps_a_quote_from_being_sent_is_named() {
    let days = (date(2026, 11, 1), date(2026, 11, 30));
    let names = |content: &Content, options: &[u32], days| {
        let mut faults = Faults::default();
        check(&mut faults, content, options, Currency::EUR, days);
        match faults.check() {
            Err(Refusal::Fields(all)) => all.into_iter().map(|x| x.field).collect(),
            _ => Vec::new(),
        }
    };
    let content = offered(&[]).content;
    assert!(names(&content, &[2], days).is_empty());
    assert_eq!(names(&content, &[], (days.1, days.0)), ["valid_until"]);
    assert_eq!(names(&Content::default(), &[], days), ["lines"]);
    let off = Adjustment {
        direction: Direction::Allowance,
        portion: Portion::Amount(1_000),
        reason: "Loyalty".into(),
        vat: vat(9),
    };
    let reduced = Content { adjustments: vec![off], ..content };
    assert!(names(&reduced, &[2], days).is_empty());
    assert_eq!(names(&reduced, &[4], days), ["a0.vat"], "without that line there is nothing to reduce");
    let less = Content { lines: vec![Line { quantity: -Decimal::ONE, ..line("Back", 5, 23) }], ..Content::default() };
    assert_eq!(names(&less, &[], days), ["lines"]);
}

#[test]
fn versions_count_from_one_and_none_follows_an_accepted_one() {
    let mut quote = Quote {
        id: QuoteId(1),
        client: ClientId(1),
        project: None,
        number: "Q-1".parse().unwrap(),
        current: Version { title: "second".into(), ..offered(&[]) },
        older: vec![Version { title: "first".into(), ..offered(&[]) }],
    };
    assert_eq!(quote.versions().map(|x| (x.0, x.1.title.as_str())).collect::<Vec<_>>(), [(1, "first"), (2, "second")]);
    let title = |n| quote.version(n).map(|x| x.title.as_str());
    assert_eq!((title(0), title(1), title(2), title(3)), (None, Some("first"), Some("second"), None));
    assert_eq!(replaceable(&quote, 2), Ok(()));
    assert_eq!(replaceable(&quote, 1), Err(Refusal::ChangedMeanwhile));
    let given = Given {
        at: Timestamp::UNIX_EPOCH,
        contact: ContactId(1),
        name: "Ana".into(),
        address: None,
        pdf: Digest([0; 32]),
    };
    quote.current.answer = Answer::Declined(given.clone(), String::new());
    assert_eq!(replaceable(&quote, 2), Ok(()), "a declined one may be mended");
    let total = Money::new(1, Currency::EUR);
    quote.current.answer = Answer::Accepted(given, Choice { options: vec![], terms: Digest([0; 32]), total });
    assert_eq!(replaceable(&quote, 2), Err(Refusal::QuoteAnswered));
    quote.current.answer = Answer::Open;
    quote.older = vec![offered(&[]); VERSIONS_MAX - 1];
    assert_eq!(replaceable(&quote, 50), Err(Refusal::VersionsFull(VERSIONS_MAX)));
}
