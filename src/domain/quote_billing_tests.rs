//! The parts of an accepted quote sum to the whole, whatever the shares, the lines, the prices and the currency.

use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::domain::client::Party;
use crate::domain::firm::{Letterhead, Locale};
use crate::domain::ids::{ClientId, ContactId, Digest, FileRef, InvoiceId, StaffId};
use crate::domain::invoice::{Kind, References};
use crate::domain::quote::{Answer, Choice, Given, Version};
use crate::domain::tax::{Adjustment, Direction, Line, Portion, Prices, Vat, VatCategory, totals};
use crate::domain::terms::Terms;

/// Tenths of a percent.
const RATES: [i64; 4] = [0, 90, 135, 230];

fn vat(rate: i64) -> Vat {
    let category = if rate == 0 { VatCategory::Zero } else { VatCategory::Standard };
    Vat { category, rate: Decimal::new(rate, 1) }
}

fn line(quantity: i64, price: Decimal, rate: i64) -> Line {
    Line { description: "Work".into(), quantity: Decimal::new(quantity, 1), price, vat: vat(rate), ..Line::default() }
}

fn accepted(content: Content, currency: Currency) -> Option<Quote> {
    let sums = totals(&content, currency)?;
    let given = Given {
        at: Timestamp::UNIX_EPOCH,
        contact: ContactId(1),
        name: "Ana".into(),
        address: None,
        pdf: Digest([0; 32]),
    };
    let choice = Choice { options: vec![], terms: Digest([0; 32]), total: sums.payable() };
    let current = Version {
        title: "Kiln room".into(),
        issued: date(2026, 11, 1),
        valid_until: date(2026, 11, 30),
        content,
        options: vec![],
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
        answer: Answer::Accepted(given, choice),
    };
    let number = "Q-1".parse().ok()?;
    Some(Quote { id: QuoteId(1), client: ClientId(1), project: None, number, current, older: vec![] })
}

fn invoice(quote: &Quote, part: Part, content: Content) -> Invoice {
    let from = FromQuote { quote: quote.id, number: quote.number.clone(), part };
    Invoice {
        id: InvoiceId(1),
        client: quote.client,
        project: None,
        kind: Kind::Invoice,
        title: String::new(),
        currency: quote.current.currency(),
        dated: date(2026, 12, 1),
        due: date(2026, 12, 31),
        terms: Terms::default(),
        reference: String::new(),
        references: References::default(),
        delivered: None,
        period: None,
        note: String::new(),
        body: Body::Composed(content),
        recipients: vec![],
        quote: Some(from),
        late: None,
        issue: None,
        changed: Timestamp::UNIX_EPOCH,
    }
}

/// Invoices these parts one after the other, those that come to nothing left out.
fn invoiced(quote: &Quote, parts: &[Part]) -> Vec<Invoice> {
    let mut all = Vec::new();
    for part in parts {
        let billing = Billing::of(quote, &all).unwrap();
        if let Ok((kept, content)) = billing.content(part) {
            let next = invoice(quote, kept, content);
            billing.check(Money::new(next.totals().unwrap().gross, quote.current.currency())).unwrap();
            all.push(next);
        }
    }
    all
}

fn content() -> Content {
    Content {
        lines: vec![
            line(10, Decimal::new(100_001, 2), 230),
            line(30, Decimal::new(3_333, 2), 230),
            line(10, Decimal::new(9_999, 2), 90),
        ],
        adjustments: vec![Adjustment {
            direction: Direction::Allowance,
            portion: Portion::Amount(500),
            reason: "Old client".into(),
            vat: vat(230),
        }],
        ..Content::default()
    }
}

#[test]
fn a_draft_that_would_give_money_back_makes_no_room_for_others() {
    let quote = accepted(content(), Currency::EUR).unwrap();
    let whole = Billing::of(&quote, &[]).unwrap().left();
    let back = Content { lines: vec![line(10, Decimal::new(-500_000, 2), 230)], ..Content::default() };
    let draft = invoice(&quote, Part::Percent(Decimal::from(30)), back);
    assert!(draft.totals().unwrap().gross < 0);
    let billing = Billing::of(&quote, &[draft]).unwrap();
    assert_eq!(billing.left(), whole);
    let (_, rest) = billing.content(&Part::Rest).unwrap();
    assert_eq!(totals(&rest, Currency::EUR).unwrap().gross, whole.minor);
}

#[test]
fn a_deposit_a_second_share_and_the_rest_are_the_quote_to_the_cent_by_vat_rate() {
    let quote = accepted(content(), Currency::EUR).unwrap();
    let whole = quote.current.totals.clone();
    let percent = |n: i64| Part::Percent(Decimal::from(n));
    let all = invoiced(&quote, &[percent(30), percent(30), Part::Rest]);
    let sums: Vec<Totals> = all.iter().map(|x| x.totals().unwrap()).collect();
    assert_eq!(sums.iter().map(|x| x.gross).sum::<i64>(), whole.gross);
    for group in &whole.groups {
        let of = |pick: fn(&crate::domain::tax::VatGroup) -> i64| {
            sums.iter().flat_map(|x| &x.groups).filter(|x| x.vat == group.vat).map(pick).sum::<i64>()
        };
        assert_eq!((of(|x| x.base), of(|x| x.tax)), (group.base, group.tax), "{:?}", group.vat);
    }
    let Body::Composed(first) = &all[0].body else { panic!() };
    assert_eq!(first.lines[0].description, "30% of quote Q-1: Kiln room");
    assert_eq!(first.lines.len(), 2, "a line for each VAT rate");
    let done = Billing::of(&quote, &all).unwrap();
    assert_eq!((done.left().minor, done.content(&Part::Rest).is_err()), (0, true));
}

#[test]
fn each_line_is_invoiced_once_and_ways_are_not_mixed() {
    let quote = accepted(content(), Currency::EUR).unwrap();
    let first = invoiced(&quote, &[Part::Lines(vec![2])]);
    let billing = Billing::of(&quote, &first).unwrap();
    assert_eq!(billing.by_line().iter().map(|x| x.0).collect::<Vec<_>>(), [1, 3]);
    let fault = |part: Part| match billing.content(&part) {
        Err(Refusal::Fields(all)) => (all[0].field.clone(), all[0].message.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(Part::Lines(vec![2])).1, "Choose among the lines that were not invoiced yet.");
    assert_eq!(fault(Part::Lines(vec![])).1, "Choose at least one line.");
    assert_eq!(fault(Part::Percent(Decimal::TEN)).0, "percent");
    assert!(billing.check(Money::new(billing.left().minor + 1, Currency::EUR)).is_err());
    let shared = invoiced(&quote, &[Part::Percent(Decimal::TEN)]);
    assert!(Billing::of(&quote, &shared).unwrap().by_line().is_empty());
    for wrong in ["0", "-1", "100.01", "0.001"] {
        let percent = wrong.parse().unwrap();
        assert!(Billing::of(&quote, &[]).unwrap().content(&Part::Percent(percent)).is_err(), "{wrong}");
    }
}

#[test]
fn a_share_of_more_than_is_left_is_refused_with_what_is() {
    let quote = accepted(content(), Currency::EUR).unwrap();
    let third = invoiced(&quote, &[Part::Percent("33.33".parse().unwrap())]);
    let billing = Billing::of(&quote, &third).unwrap();
    for more in ["90", "66.68", "100"] {
        let Err(Refusal::Fields(faults)) = billing.content(&Part::Percent(more.parse().unwrap())) else { panic!() };
        let left = Locale::EnglishIreland.money(billing.left());
        let says =
            format!("66.67% of quote Q-1 is left, {left} in all. Enter 66.67 or less, or choose all that is left.");
        assert_eq!((faults[0].field.as_str(), &faults[0].message), ("percent", &says));
    }
    let (_, rest) = billing.content(&Part::Percent("66.67".parse().unwrap())).unwrap();
    let rest = invoice(&quote, Part::Rest, rest);
    assert_eq!(rest.totals().unwrap().gross, billing.left().minor, "the last share is the rest to the cent");

    // A draft that charges less than its share leaves more, and the next share is what it says.
    let mut less = third;
    let Body::Composed(charged) = &mut less[0].body else { panic!() };
    charged.lines.iter_mut().for_each(|x| x.price = (x.price / Decimal::TEN).round_dp(2));
    // As a draft is that was saved with other amounts.
    charged.takes = None;
    let billing = Billing::of(&quote, &less).unwrap();
    let (_, next) = billing.content(&Part::Percent("66.67".parse().unwrap())).unwrap();
    let next = invoice(&quote, Part::Rest, next).totals().unwrap().gross;
    let whole = quote.current.totals.gross;
    assert!((next - whole * 6_667 / 10_000).abs() <= 2 && next < billing.left().minor, "{next} of {whole}");
}

/// A credit note on an invoice that takes these amounts back.
fn credit(of: &Invoice, amounts: Vec<(Vat, i64)>) -> Option<Invoice> {
    let (Body::Composed(content), sums) = (&of.body, of.totals()?) else { return None };
    let note =
        Credited::of_parts(content, &sums, "Credit".into(), []).unwrap().content(&Take::Amounts(amounts)).ok()?;
    Some(Invoice { kind: Kind::CreditNote(of.id), quote: None, body: Body::Composed(note), ..of.clone() })
}

#[test]
fn what_was_credited_of_an_invoice_can_be_invoiced_again() {
    let quote = accepted(content(), Currency::EUR).unwrap();
    let whole = quote.current.totals.gross;
    let all = invoiced(&quote, &[Part::Percent(Decimal::from(50)), Part::Percent(Decimal::from(50))]);
    assert_eq!(Billing::of(&quote, &all).unwrap().left().minor, 0);
    let note = credit(&all[1], vec![(vat(230), 10_000)]).unwrap();
    let billing = Billing::of(&quote, &all).unwrap().with_credits(std::slice::from_ref(&note));
    assert_eq!((billing.left().minor, billing.invoiced().minor), (12_300, whole - 12_300));
    let Err(Refusal::Fields(faults)) = billing.content(&Part::Percent(Decimal::ONE)) else { panic!() };
    assert_eq!(faults[0].field, "percent");
    assert!(faults[0].message.contains("no share of each VAT rate"), "it was credited of one: {}", faults[0].message);
    let (kept, rest) = billing.content(&Part::Rest).unwrap();
    let rest = invoice(&quote, kept, rest);
    assert_eq!((rest.totals().unwrap().net, rest.totals().unwrap().gross), (10_000, 12_300));
    let done: Vec<Invoice> = all.into_iter().chain([rest]).collect();
    assert_eq!(Billing::of(&quote, &done).unwrap().with_credits(&[note]).left().minor, 0);
}

proptest! {
    #[test]
    fn a_share_is_refused_when_it_is_more_than_is_left_and_only_then(
        prices in prop::collection::vec((10_000_000_i64..90_000_000, prop::sample::select(RATES.to_vec())), 1..4),
        shares in prop::collection::vec(1_i64..6_000, 0..5),
        next in 1_i64..=10_000,
    ) {
        let lines = prices.iter().map(|(price, rate)| line(10, Decimal::new(*price, 2), *rate)).collect();
        let quote = accepted(Content::of(lines), Currency::EUR).unwrap();
        let parts: Vec<Part> = shares.iter().map(|x| Part::Percent(Decimal::new(*x, 2))).collect();
        let all = invoiced(&quote, &parts);
        let taken: i64 = all.iter().map(|x| match x.quote.as_ref().map(|q| &q.part) {
            Some(Part::Percent(percent)) => (percent * Decimal::ONE_HUNDRED).to_i64().unwrap(),
            other => panic!("{other:?}"),
        }).sum();
        prop_assert!(taken <= 10_000);
        let billing = Billing::of(&quote, &all).unwrap();
        if taken < 10_000 {
            let made = billing.content(&Part::Percent(Decimal::new(next, 2)));
            prop_assert_eq!(made.is_ok(), taken + next <= 10_000, "{} of {}: {:?}", next, taken, made.err());
        }
    }

    #[test]
    fn shares_less_what_was_credited_and_the_rest_are_the_whole(
        lines in prop::collection::vec((1_i64..60, 1_i64..90_000, prop::sample::select(RATES.to_vec())), 1..5),
        shares in prop::collection::vec(500_i64..5_000, 1..4),
        back in prop::collection::vec(1_i64..100, 4),
        gross in any::<bool>(),
    ) {
        let all: Vec<Line> = lines.iter().map(|(q, p, rate)| line(*q, Decimal::new(*p, 2), *rate)).collect();
        let prices = if gross { Prices::Gross } else { Prices::Net };
        let quote = accepted(Content { lines: all, prices, ..Content::default() }, Currency::EUR).unwrap();
        let parts: Vec<Part> = shares.iter().map(|x| Part::Percent(Decimal::new(*x, 2))).collect();
        let mut all = invoiced(&quote, &parts);
        let mut notes = Vec::new();
        for (of, percent) in all.iter().zip(&back) {
            let Body::Composed(content) = &of.body else { continue };
            let charged = content.vats().zip(crate::domain::tax::amounts(content, Currency::EUR).unwrap());
            notes.extend(credit(of, charged.map(|(vat, x)| (vat, x * percent / 100)).collect()));
        }
        let billing = Billing::of(&quote, &all).unwrap().with_credits(&notes);
        let (kept, content) = billing.content(&Part::Rest).unwrap();
        all.push(invoice(&quote, kept, content));
        let sum = |pick: fn(&Totals) -> i64| {
            let of = |x: &[Invoice]| x.iter().map(|x| pick(&x.totals().unwrap())).sum::<i64>();
            of(&all) - of(&notes)
        };
        let whole = &quote.current.totals;
        prop_assert_eq!(sum(|x| x.gross), whole.gross);
        prop_assert_eq!(sum(|x| x.net), whole.net);
        prop_assert_eq!(sum(|x| x.vat), whole.vat);
    }

    #[test]
    fn parts_never_exceed_the_whole_and_all_of_them_are_it(
        code in prop::sample::select(vec!["EUR", "JPY", "KWD"]),
        gross in any::<bool>(),
        lines in prop::collection::vec((1_i64..60, 1_i64..90_000, prop::sample::select(RATES.to_vec())), 1..6),
        shares in prop::collection::vec(1_i64..9_000, 0..8),
        off in 0_i64..400,
        by_line in any::<bool>(),
    ) {
        let currency: Currency = code.parse().unwrap();
        let price = |minor: i64| Decimal::new(minor, currency.digits());
        let all: Vec<Line> = lines.iter().map(|(q, p, rate)| line(*q, price(*p), *rate)).collect();
        let adjustment = Adjustment {
            direction: Direction::Allowance,
            portion: Portion::Percent(Decimal::new(off, 1)),
            reason: "Less".into(),
            vat: all[0].vat,
        };
        let prices = if gross { Prices::Gross } else { Prices::Net };
        let content = Content { lines: all, adjustments: vec![adjustment], prices, ..Content::default() };
        let quote = accepted(content, currency).unwrap();
        let parts: Vec<Part> = if by_line {
            (1..=u32::try_from(lines.len()).unwrap()).map(|n| Part::Lines(vec![n])).collect()
        } else {
            shares.iter().map(|x| Part::Percent(Decimal::new(*x, 2))).chain([Part::Rest]).collect()
        };
        let all = invoiced(&quote, &parts);
        let sums: Vec<Totals> = all.iter().map(|x| x.totals().unwrap()).collect();
        let whole = &quote.current.totals;
        let mut running = 0;
        for x in &sums {
            running += x.gross;
            prop_assert!(running <= whole.gross);
        }
        prop_assert_eq!(running, whole.gross);
        prop_assert_eq!(sums.iter().map(|x| x.payable).sum::<i64>(), whole.payable);
        prop_assert_eq!(sums.iter().map(|x| x.net).sum::<i64>(), whole.net);
        prop_assert_eq!(sums.iter().map(|x| x.vat).sum::<i64>(), whole.vat);
    }
}
