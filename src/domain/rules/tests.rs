//! Every rule broken once, and whole documents that break none.

use jiff::Timestamp;
use jiff::civil::date;
use rust_decimal::Decimal;

use super::*;
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::invoice::{Kind, References};
use crate::domain::money::Currency;
use crate::domain::tax::{Exemption, Line, Period, Vat, VatCategory};
use crate::domain::terms::Terms;

fn party(country: &str, vat_id: &str) -> Party {
    let [name, country, vat_id] = ["Somebody", country, vat_id].map(str::to_owned);
    Party { name, country, vat_id, ..Party::default() }
}

fn line(category: VatCategory, rate: i64) -> Line {
    let (description, vat) = ("Advice".to_owned(), Vat { category, rate: Decimal::from(rate) });
    Line { description, quantity: Decimal::ONE, price: Decimal::TEN, vat, ..Line::default() }
}

fn invoice(content: Content) -> Invoice {
    Invoice {
        id: InvoiceId(1),
        client: ClientId(1),
        project: None,
        kind: Kind::Invoice,
        title: "Lease".into(),
        currency: Currency::EUR,
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
    }
}

/// The rules that are broken, each with its field.
fn found(invoice: &Invoice, seller: &Party, buyer: &Party) -> Vec<(&'static str, String)> {
    broken(invoice, invoice.totals().as_ref(), seller, buyer).into_iter().map(|x| (x.rule, x.field)).collect()
}

fn rules(lines: Vec<Line>, seller: &Party, buyer: &Party) -> Vec<&'static str> {
    found(&invoice(Content::of(lines)), seller, buyer).into_iter().map(|x| x.0).collect()
}

#[test]
fn a_whole_document_breaks_nothing() {
    let (seller, buyer) = (party("IE", "IE3456789KH"), party("DE", "DE123456789"));
    use VatCategory as V;
    for category in [V::Zero, V::Exempt, V::ReverseCharge, V::Export, V::OutOfScope] {
        assert_eq!(rules(vec![line(category, 0)], &seller, &buyer), [""; 0], "{category:?}");
    }
    assert_eq!(rules(vec![line(V::Standard, 23), line(V::Zero, 0)], &seller, &buyer), [""; 0]);
    assert_eq!(rules(vec![line(V::Igic, 7), line(V::Zero, 0), line(V::Ipsi, 4)], &seller, &buyer), [""; 0]);
    let mut supply = invoice(Content::of(vec![line(V::IntraCommunity, 0)]));
    supply.period = Some(Period { from: supply.dated, to: supply.due });
    assert_eq!(found(&supply, &seller, &buyer), []);
}

#[test]
fn parties_are_named_with_the_page_to_mend_them_on() {
    let (nobody, whole) = (Party::default(), party("IE", "IE1"));
    let of =
        |seller: &Party, buyer: &Party| found(&invoice(Content::of(vec![line(VatCategory::Zero, 0)])), seller, buyer);
    let named = |x: &[(&'static str, String)]| x.iter().map(|x| format!("{} {}", x.0, x.1)).collect::<Vec<_>>();
    assert_eq!(
        named(&of(&nobody, &whole)),
        ["BR-06 settings.name", "BR-09 settings.country", "BR-CO-26 settings.vat_id", "BR-Z-02 settings.vat_id"]
    );
    assert_eq!(named(&of(&whole, &nobody)), ["BR-07 client.name", "BR-11 client.country"]);
    let odd = Party { endpoint: Endpoint { scheme: String::new(), id: "1".into() }, ..party("XX", "12") };
    assert_eq!(
        named(&of(&whole, &odd)),
        ["BR-CL-14 client.country", "BR-CO-09 client.vat_id", "BR-63 client.endpoint"]
    );
}

#[test]
fn each_category_has_its_own_needs() {
    use VatCategory as V;
    let (bare, whole) = (party("IE", ""), party("IE", "IE1"));
    let registered = Party { legal_id: "512684".into(), ..party("IE", "") };
    let none: [&str; 0] = [];
    assert_eq!(rules(vec![line(V::Standard, 23)], &bare, &whole), ["BR-CO-26", "BR-S-02"]);
    assert_eq!(rules(vec![line(V::Standard, 23)], &registered, &whole), none, "a tax number will do");
    assert_eq!(rules(vec![line(V::Igic, 7)], &bare, &whole), ["BR-CO-26", "BR-AF-02"]);
    assert_eq!(rules(vec![line(V::Ipsi, 4)], &bare, &whole), ["BR-CO-26", "BR-AG-02"]);
    assert_eq!(rules(vec![line(V::ReverseCharge, 0)], &whole, &bare), ["BR-AE-02"]);
    assert_eq!(rules(vec![line(V::ReverseCharge, 0)], &whole, &registered), none);
    assert_eq!(rules(vec![line(V::Export, 0)], &registered, &bare), ["BR-G-02"]);
    let nowhere = Party { country: String::new(), ..bare.clone() };
    let supply = rules(vec![line(V::IntraCommunity, 0)], &whole, &nowhere);
    assert_eq!(supply, ["BR-11", "BR-IC-02", "BR-IC-11", "BR-IC-12"]);
    assert_eq!(rules(vec![line(V::OutOfScope, 0), line(V::Zero, 0)], &whole, &bare), ["BR-O-11"]);
    assert_eq!(rules(vec![line(V::Standard, 0), line(V::Exempt, 5)], &whole, &bare), ["BR-S-05", "BR-E-05"]);
    assert_eq!(rules(vec![line(V::Igic, 0), line(V::Ipsi, 0)], &whole, &bare), ["BR-AF-05", "BR-AG-05"]);
}

#[test]
fn a_category_without_vat_says_why() {
    let (seller, buyer) = (party("IE", "IE1"), party("DE", ""));
    let empty = Exemption { category: VatCategory::Exempt, reason: " ".into(), code: String::new() };
    let content = Content { exemptions: vec![empty], ..Content::of(vec![line(VatCategory::Exempt, 0)]) };
    assert_eq!(found(&invoice(content), &seller, &buyer)[0].0, "BR-E-10");
}

#[test]
fn lines_are_named_by_their_number() {
    let (seller, buyer) = (party("IE", "IE1"), party("DE", ""));
    let odd = Line { description: " ".into(), price: -Decimal::ONE, ..line(VatCategory::Zero, 0) };
    let all = found(&invoice(Content::of(vec![line(VatCategory::Zero, 0), odd])), &seller, &buyer);
    assert_eq!(all, [("BR-25", "l1.description".to_owned()), ("BR-27", "l1.price".to_owned())]);
}

#[test]
fn sums_that_do_not_add_up_stop_a_document() {
    let (seller, buyer) = (party("IE", "IE1"), party("DE", ""));
    let invoice = invoice(Content::of(vec![line(VatCategory::Standard, 23)]));
    let whole = invoice.totals().unwrap();
    let of =
        |totals: Totals| broken(&invoice, Some(&totals), &seller, &buyer).iter().map(|x| x.rule).collect::<Vec<_>>();
    assert_eq!(of(whole.clone()), [""; 0]);
    assert_eq!(of(Totals { gross: whole.gross + 1, payable: whole.payable + 1, ..whole.clone() }), ["BR-CO-15"]);
    assert_eq!(of(Totals { payable: 0, ..whole.clone() }), ["BR-CO-16"]);
    assert_eq!(of(Totals { lines: 1, ..whole.clone() }), ["BR-CO-10", "BR-CO-13"]);
    let mut off = whole.clone();
    off.groups[0].tax += 2;
    assert_eq!(of(off), ["BR-CO-14", "BR-CO-17"]);
    let Err(Refusal::Fields(faults)) = check(&invoice, Some(&Totals { payable: 0, ..whole }), &seller, &buyer) else {
        panic!("taken")
    };
    assert!(faults[0].message.starts_with("BR-CO-16: "));
}

#[test]
fn three_decimals_fit_when_the_last_is_zero() {
    let dinar: Currency = "KWD".parse().unwrap();
    let of = |minor, currency| Totals::only(crate::domain::money::Money::new(minor, currency));
    assert!(fits_xml(&of(1_230, dinar)) && !fits_xml(&of(1_235, dinar)) && fits_xml(&of(1_235, Currency::EUR)));
    assert!(fits_xml(&of(7, "JPY".parse().unwrap())));
}
