//! Credit notes in any order and of any kind: they never exceed the invoice, and all of them together are the invoice.

use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::domain::client::Party;
use crate::domain::firm::Letterhead;
use crate::domain::ids::{ClientId, Digest, FileRef, InvoiceId};
use crate::domain::invoice::{Issue, Kind, References};
use crate::domain::rules;
use crate::domain::tax::VatCategory;
use crate::domain::terms::Terms;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn vat(rate: &str) -> Vat {
    Vat { category: if rate == "0" { VatCategory::Zero } else { VatCategory::Standard }, rate: dec(rate) }
}

fn line(quantity: &str, price: &str, rate: &str) -> Line {
    let (quantity, price) = (dec(quantity), dec(price));
    Line { description: "Advice".into(), quantity, price, vat: vat(rate), ..Line::default() }
}

fn party() -> Party {
    Party { name: "Somebody".into(), country: "IE".into(), vat_id: "IE1".into(), ..Party::default() }
}

/// An issued document, if its totals are within the limits and fit to issue.
fn issued(id: u64, kind: Kind, content: Content, code: &str) -> Option<Invoice> {
    let pdf = FileRef { digest: Digest([0; 32]), length: 0, name: String::new(), media_type: String::new() };
    let draft = Invoice {
        id: InvoiceId(id),
        client: ClientId(1),
        project: None,
        kind,
        title: "Advice".into(),
        currency: code.parse().unwrap(),
        dated: date(2026, 11, 1),
        due: date(2026, 11, 30),
        terms: Terms::default(),
        reference: String::new(),
        references: References::default(),
        delivered: None,
        period: None,
        note: String::new(),
        body: Body::Composed(content),
        recipients: vec![],
        quote: None,
        late: None,
        issue: None,
        changed: Timestamp::UNIX_EPOCH,
    };
    let totals = draft.ready().ok()?;
    let issue = Issue {
        number: format!("HF-{id}").parse().unwrap(),
        at: Timestamp::UNIX_EPOCH,
        by: None,
        pdf,
        seller: party(),
        buyer: party(),
        letterhead: Letterhead::default(),
        totals,
        elsewhere: None,
    };
    Some(Invoice { issue: Some(issue), ..draft })
}

fn invoice(content: Content, code: &str) -> Invoice {
    issued(1, Kind::Invoice, content, code).unwrap()
}

/// Issues a credit note, if there is something in it to issue.
fn note(of: &Invoice, credits: &[Invoice], take: &Take) -> Result<Invoice, Refusal> {
    let content = Credited::of(of, credits).unwrap().content(take)?;
    let id = 2 + credits.len() as u64;
    let note = issued(id, Kind::CreditNote(of.id), content, of.currency.code()).ok_or(Refusal::NotAllowed)?;
    let broken = rules::broken(&note, note.totals().as_ref(), &party(), &party());
    assert_eq!(broken, [], "{note:?}");
    Ok(note)
}

fn of(invoice: &Invoice) -> &Totals {
    &invoice.issue.as_ref().unwrap().totals
}

fn payables(notes: &[Invoice]) -> Vec<i64> {
    notes.iter().map(|x| of(x).payable).collect()
}

/// Takes one after the other.
fn take_all(of: &Invoice, takes: &[Take]) -> Vec<Invoice> {
    let mut notes = Vec::new();
    for take in takes {
        let next = note(of, &notes, take).unwrap();
        notes.push(next);
    }
    notes
}

fn quantity(at: usize, quantity: &str) -> Take {
    Take::Lines(vec![(at, dec(quantity))])
}

#[test]
fn three_thirds_are_the_whole_to_the_cent() {
    // A unit at 0.335 is 0.34, three are 1.01; VAT is 0.07, 0.07 and 0.06.
    let whole = invoice(Content::of(vec![line("3", "0.335", "20")]), "EUR");
    assert_eq!((of(&whole).net, of(&whole).vat), (101, 20));
    let thirds = take_all(&whole, &[quantity(0, "1"), quantity(0, "1"), quantity(0, "1")]);
    let each: Vec<(i64, i64)> = thirds.iter().map(|x| (of(x).net, of(x).vat)).collect();
    assert_eq!(each, [(34, 7), (33, 6), (34, 7)]);
    assert!(note(&whole, &thirds, &Take::Rest).is_err(), "nothing is left");
    let Body::Composed(second) = &thirds[1].body else { panic!("composed") };
    assert_eq!(second.lines[0].price, dec("0.33"), "what a unit of the rest comes to");
}

#[test]
fn yen_and_dinars_are_exact() {
    let yen = invoice(Content::of(vec![line("3", "335", "10")]), "JPY");
    assert_eq!(payables(&take_all(&yen, &[quantity(0, "1"), Take::Rest])), [369, 737]);
    let dinar = invoice(Content::of(vec![line("3", "1.0005", "5")]), "KWD");
    let notes = take_all(&dinar, &[quantity(0, "2"), Take::Rest]);
    assert_eq!(payables(&notes).iter().sum::<i64>(), of(&dinar).payable);
}

#[test]
fn an_amount_of_a_rate_is_of_no_line_and_counts() {
    let whole = invoice(Content::of(vec![line("10", "100", "23"), line("1", "50", "9")]), "EUR");
    let first = take_all(&whole, &[Take::Amounts(vec![(vat("23"), 90_000)])]);
    assert_eq!((of(&first[0]).net, of(&first[0]).vat), (90_000, 20_700));
    let faults = |take| match note(&whole, &first, &take) {
        Err(Refusal::Fields(all)) => all.into_iter().map(|x| (x.field, x.message)).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let beyond = faults(quantity(0, "2"));
    assert_eq!(beyond, [("take".to_owned(), "At 23 VAT only EUR 100.00 is left to credit.".to_owned())]);
    assert_eq!(faults(Take::Amounts(vec![(vat("23"), 10_001)]))[0].0, "g0");
    assert_eq!(faults(quantity(0, "11"))[0].0, "q0");
    assert_eq!(faults(quantity(0, "-1"))[0].0, "q0");
    assert_eq!(faults(Take::Lines(vec![]))[0].0, "take");
    let rest = note(&whole, &first, &Take::Rest).unwrap();
    assert_eq!(of(&rest).gross, of(&whole).gross - of(&first[0]).gross);
}

#[test]
fn allowances_come_back_in_proportion_and_what_was_prepaid_last() {
    let adjustments = vec![Adjustment {
        direction: Direction::Allowance,
        portion: Portion::Percent(Decimal::TEN),
        reason: "Loyalty".into(),
        vat: vat("20"),
    }];
    let lines = vec![line("2", "100", "20")];
    let whole = invoice(Content { adjustments, prepaid: 5_000, ..Content::of(lines) }, "EUR");
    assert_eq!((of(&whole).gross, of(&whole).payable), (21_600, 16_600));
    let notes = take_all(&whole, &[quantity(0, "1"), quantity(0, "1")]);
    let each: Vec<_> = notes.iter().map(|x| (of(x).allowances, of(x).gross, of(x).payable)).collect();
    assert_eq!(each, [(1_000, 10_800, 10_800), (1_000, 10_800, 5_800)]);
}

#[test]
fn a_charge_at_a_rate_of_its_own_is_credited_by_amount() {
    let (direction, portion, reason) = (Direction::Charge, Portion::Amount(1), "Agreed".to_owned());
    let adjustments = vec![Adjustment { direction, portion, reason, vat: vat("20") }];
    let whole = invoice(Content { adjustments, ..Content::of(vec![line("1", "100", "23")]) }, "EUR");
    assert_eq!(payables(&take_all(&whole, &[quantity(0, "1"), Take::Rest])), [12_300, 1]);
}

#[test]
fn an_allowance_at_a_rate_of_its_own_is_not_left_behind() {
    let (direction, portion, reason) = (Direction::Allowance, Portion::Amount(205), "Agreed".to_owned());
    let adjustments = vec![Adjustment { direction, portion, reason, vat: vat("20") }];
    // 1,230 less 246: nine tenths of the line would be more than that, four fifths are just that.
    let whole = invoice(Content { adjustments, ..Content::of(vec![line("10", "100", "23")]) }, "JPY");
    assert_eq!(of(&whole).gross, 984);
    for too_much in ["9", "8"] {
        let refused = note(&whole, &[], &quantity(0, too_much));
        assert!(matches!(&refused, Err(Refusal::Fields(all)) if all[0].field == "take"), "{refused:?}");
    }
    let notes = take_all(&whole, &[quantity(0, "7"), Take::Rest]);
    assert_eq!(payables(&notes).iter().sum::<i64>(), 984);
    assert_eq!(sums(&notes).0.iter().map(|x| x.2).sum::<i64>(), of(&whole).vat);
}

/// Quantity, price, discount, rate of a line.
fn lines() -> impl Strategy<Value = Vec<Line>> {
    let rate = prop::sample::select(vec!["0", "7", "20", "23"]);
    let discount = prop_oneof![
        Just(Portion::default()),
        (1_i64..99).prop_map(|x| Portion::Percent(Decimal::from(x))),
        (1_i64..50).prop_map(Portion::Amount),
    ];
    let one =
        (-3_i64..50, 1_i64..40_000, discount, rate, 0_u32..4).prop_map(|(quantity, price, portion, rate, digits)| {
            let quantity = Decimal::new(if quantity == 0 { 1 } else { quantity }, digits.min(1));
            let discount = Discount { portion, reason: String::new() };
            Line {
                description: "Advice".into(),
                quantity,
                price: Decimal::new(price, digits),
                discount,
                vat: vat(rate),
                ..Line::default()
            }
        });
    prop::collection::vec(one, 1..5)
}

fn contents() -> impl Strategy<Value = Content> {
    let adjustment = (any::<bool>(), 1_i64..30, any::<bool>()).prop_map(|(charge, size, percent)| {
        let portion = if percent { Portion::Percent(Decimal::from(size)) } else { Portion::Amount(size) };
        let direction = if charge { Direction::Charge } else { Direction::Allowance };
        Adjustment { direction, portion, reason: "Agreed".into(), vat: vat("20") }
    });
    let gross = any::<bool>().prop_map(|x| if x { Prices::Gross } else { Prices::Net });
    let round = prop::sample::select(vec![0_u32, 5, 10]);
    (lines(), prop::collection::vec(adjustment, 0..3), gross, 0_i64..300, round).prop_map(
        |(lines, adjustments, prices, prepaid, round_to)| Content {
            lines,
            adjustments,
            prices,
            prepaid,
            round_to,
            ..Content::default()
        },
    )
}

/// What somebody may ask for: all, hundredths of lines, hundredths of the VAT groups.
fn wishes() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    prop::collection::vec((0_u8..8, prop::collection::vec(0_u8..120, 5)), 0..8)
}

fn as_take(of: &Credited<'_>, (kind, parts): &(u8, Vec<u8>)) -> Take {
    let part = |at: usize| Decimal::new(i64::from(parts.get(at).copied().unwrap_or(0)), 2);
    match kind {
        0 => Take::Rest,
        1..=5 => {
            let of_line = |(at, line): (usize, &Line)| (at, (line.quantity * part(at)).round_dp(4));
            Take::Lines(of.lines().iter().enumerate().map(of_line).collect())
        }
        _ => {
            let groups = of.groups().into_iter().enumerate();
            let of_group = |(at, x): (usize, GroupLeft)| (x.vat, share(x.charged, part(at), Decimal::ONE).unwrap());
            Take::Amounts(groups.map(of_group).collect())
        }
    }
}

/// Sums over credit notes: by group the base and VAT, then gross and payable.
fn sums(notes: &[Invoice]) -> (Vec<(Vat, i64, i64)>, i64, i64) {
    let mut groups: Vec<(Vat, i64, i64)> = Vec::new();
    for group in notes.iter().flat_map(|x| &of(x).groups) {
        match groups.iter_mut().find(|x| x.0 == group.vat) {
            Some(sum) => (sum.1, sum.2) = (sum.1 + group.base, sum.2 + group.tax),
            None => groups.push((group.vat, group.base, group.tax)),
        }
    }
    (groups, notes.iter().map(|x| of(x).gross).sum(), payables(notes).iter().sum())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, max_global_rejects: 20_000, ..ProptestConfig::default() })]
    #[test]
    fn no_sequence_of_credit_notes_exceeds_the_invoice_and_all_of_them_are_it(
        content in contents(),
        code in prop::sample::select(vec!["EUR", "JPY", "KWD"]),
        wishes in wishes(),
    ) {
        let whole = issued(1, Kind::Invoice, content, code);
        prop_assume!(whole.as_ref().is_some_and(|x| of(x).gross > 0));
        let whole = whole.unwrap();
        let mut notes: Vec<Invoice> = Vec::new();
        for wish in wishes.iter().chain([&(0, vec![])]) {
            let take = as_take(&Credited::of(&whole, &notes).unwrap(), wish);
            let left = Credited::of(&whole, &notes).unwrap().left();
            match note(&whole, &notes, &take) {
                Ok(next) => {
                    prop_assert!(of(&next).gross <= left, "{next:?}");
                    notes.push(next);
                }
                Err(refusal) => prop_assert!(take != Take::Rest || left == 0, "{refusal} with {left} left"),
            }
            let (groups, gross, payable) = sums(&notes);
            prop_assert!(gross <= of(&whole).gross && payable <= of(&whole).payable);
            for (vat, base, tax) in groups {
                let group = of(&whole).groups.iter().find(|x| x.vat == vat).unwrap();
                prop_assert!(base.abs() <= group.base.abs() + 1 && tax.abs() <= group.tax.abs(), "{vat:?}");
            }
            for (at, line) in Credited::of(&whole, &notes).unwrap().lines().iter().enumerate() {
                let left = Credited::of(&whole, &notes).unwrap().quantity_left(at);
                prop_assert!(left.is_zero() || left.is_sign_negative() == line.quantity.is_sign_negative());
            }
        }
        let (groups, gross, payable) = sums(&notes);
        prop_assert_eq!((gross, payable), (of(&whole).gross, of(&whole).payable));
        for group in of(&whole).groups.iter().filter(|x| x.base != 0) {
            prop_assert!(groups.contains(&(group.vat, group.base, group.tax)), "{:?} {:?}", groups, group);
        }
    }
}
