//! What our own writers write is read as it was; what others may write is read, or refused with a sentence.

use super::*;
use crate::documents::einvoice::{Group, Item, Sums, Tax, Trader, Transfer, cii, ubl};
use jiff::civil::date;
use proptest::prelude::*;

fn tax(category: &str, rate: &str) -> Tax {
    Tax { category: category.into(), rate: rate.into() }
}

fn item(id: &str, quantity: &str, net: &str, tax: Tax) -> Item {
    Item {
        id: id.into(),
        quantity: quantity.into(),
        unit: "HUR".into(),
        net: net.into(),
        price: "10.00".into(),
        name: format!("Work <{id}> & more"),
        tax,
        ..Item::default()
    }
}

/// A document with something in every place that both vocabularies know.
fn full(credit: bool) -> Bill {
    let trader = |name: &str, vat: &str| Trader {
        id: "4711".into(),
        name: name.into(),
        vat_id: vat.into(),
        tax_id: "T-1".into(),
        legal_id: "R-1".into(),
        endpoint: Some(("9935".into(), vat.into())),
        address: ["1 Quay".into(), "Floor 2".into(), "Yard".into()],
        city: "Naas".into(),
        postcode: "W91".into(),
        subdivision: "Kildare".into(),
        country: "IE".into(),
        contact: ["Ana".into(), "01".into(), "ana@marlow.example".into()],
        ..Trader::default()
    };
    let change = |charge, amount: &str, tax| super::Change {
        charge,
        amount: amount.into(),
        of: Some(("100.00".into(), amount.trim_end_matches(".00").into())),
        reason: "Because".into(),
        tax,
    };
    let discounted = Item {
        changes: vec![change(false, "5.00", None), change(true, "1.00", None)],
        per: "2".into(),
        detail: "More\nof it".into(),
        seller_item: "A-1".into(),
        order_line: "7".into(),
        period: Some((date(2026, 10, 1), date(2026, 10, 31))),
        ..item("1", "20.5", "96.00", tax("S", "23"))
    };
    let group = |tax: Tax, base: &str, amount: &str, reason: &str| Group {
        tax,
        base: base.into(),
        amount: amount.into(),
        reason: reason.into(),
        reason_code: if reason.is_empty() { "" } else { "VATEX-EU-AE" }.into(),
    };
    Bill {
        credit,
        code: if credit { "381" } else { "380" }.into(),
        peppol: false,
        exact: true,
        number: "HF-1".into(),
        dated: date(2026, 11, 1),
        due: Some(date(2026, 12, 1)),
        currency: "EUR".into(),
        accounting: Some(("DKK".into(), "150.07".into())),
        note: "Lease\nThank you".into(),
        reference: "PO 7".into(),
        order: "O-1".into(),
        contract: "C-1".into(),
        project: "P-1".into(),
        preceding: Some(("HF-0".into(), Some(date(2026, 9, 1)))),
        period: Some((date(2026, 10, 1), date(2026, 10, 31))),
        delivered: Some(date(2026, 10, 30)),
        deliver_to: "DE".into(),
        seller: Trader { legal_form: "Partners: M. Finch".into(), ..trader("Harbour & Finch", "IE1") },
        buyer: trader("Marlow", "DE2"),
        transfer: Some(Transfer {
            code: "58".into(),
            reference: "RF18".into(),
            iban: "IE29AIBK93115212345678".into(),
            name: "Client account".into(),
            bic: "AIBKIE2D".into(),
        }),
        terms: "Payable soon.".into(),
        adjustments: vec![change(false, "10.00", Some(tax("S", "23"))), change(true, "3.00", Some(tax("AE", "0")))],
        groups: vec![
            group(tax("S", "23"), "86.00", "19.78", ""),
            group(tax("AE", "0"), "53.00", "0.00", "Reverse charge"),
        ],
        sums: Sums {
            lines: "146.00".into(),
            allowances: "10.00".into(),
            charges: "3.00".into(),
            net: "139.00".into(),
            vat: "19.78".into(),
            gross: "158.78".into(),
            prepaid: "8.80".into(),
            rounding: "0.02".into(),
            payable: "150.00".into(),
        },
        lines: vec![discounted, item("2", "-5", "50.00", tax("AE", "0"))],
    }
}

#[test]
fn what_we_write_is_read_as_it_was() {
    for credit in [false, true] {
        let bill = full(credit);
        assert_eq!(read(ubl(&bill).as_bytes()), Ok((Syntax::Ubl, bill.clone())));
        assert_eq!(read(cii(&bill).as_bytes()), Ok((Syntax::Cii, bill.clone())));
    }
    let peppol = Bill { peppol: true, ..full(false) };
    assert_eq!(read(ubl(&peppol).as_bytes()).unwrap().1, peppol);
}

#[test]
fn a_sum_that_disagrees_is_named_with_its_rule() {
    let with = |change: fn(&mut Bill)| {
        let mut bill = full(false);
        change(&mut bill);
        [read(ubl(&bill).as_bytes()), read(cii(&bill).as_bytes())].map(|x| x.unwrap_err().to_string())
    };
    type Case = (fn(&mut Bill), &'static str);
    let cases: [Case; 12] = [
        (
            |x| x.sums.lines = "147.00".into(),
            "BR-CO-10: The sum of the lines is 147.00, but the lines add up to 146.00.",
        ),
        (|x| x.lines[1].net = "49.99".into(), "BR-CO-10"),
        (|x| x.sums.allowances = "9.99".into(), "BR-CO-11"),
        (|x| x.sums.charges = "3.01".into(), "BR-CO-12"),
        (|x| x.sums.net = "139.01".into(), "BR-CO-13"),
        (|x| x.sums.vat = "19.77".into(), "BR-CO-14"),
        (|x| x.sums.gross = "158.77".into(), "BR-CO-15: The total with VAT is 158.77, but net and VAT come to 158.78."),
        (|x| x.sums.payable = "150.01".into(), "BR-CO-16"),
        (|x| x.sums.prepaid = String::new(), "BR-CO-16"),
        (
            |x| {
                (x.groups[0].amount, x.sums.vat) = ("19.80".into(), "19.80".into());
                (x.sums.gross, x.sums.payable) = ("158.80".into(), "150.02".into());
                x.groups[0].tax.rate = "24".into();
            },
            "BR-CO-17: The VAT of S 24 is 19.80, but 24% of 86.00 is 20.64.",
        ),
        (|x| x.groups[1].base = "54.00".into(), "BR-S-08"),
        (|x| x.sums.payable = "150.001".into(), "BR-DEC"),
    ];
    for (change, sentence) in cases {
        for told in with(change) {
            assert!(told.starts_with(sentence), "{told} / {sentence}");
        }
    }
}

/// Half a yen goes up, and a yen is what a line may be off; a cent of a euro is no yen.
#[test]
fn sums_in_yen_are_held_to_whole_yen() {
    let yen = |vat: i64| {
        let (tax, gross) = (tax("S", "10"), (1_005 + vat).to_string());
        Bill {
            currency: "JPY".into(),
            accounting: None,
            adjustments: vec![],
            groups: vec![Group { tax: tax.clone(), base: "1005".into(), amount: vat.to_string(), ..Group::default() }],
            sums: Sums {
                lines: "1005".into(),
                net: "1005".into(),
                vat: vat.to_string(),
                gross: gross.clone(),
                payable: gross,
                ..Sums::default()
            },
            lines: vec![item("1", "1", "1005", tax)],
            ..full(false)
        }
    };
    for (vat, taken) in [(99, false), (100, true), (101, true), (102, true), (103, false)] {
        assert_eq!(read(ubl(&yen(vat)).as_bytes()).is_ok(), taken, "{vat}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_named_with_element_and_line() {
    let ubl = |from: &str, to: &str| {
        let text = ubl(&full(false)).replace("><", ">\n<");
        assert!(text.contains(from), "{from}");
        read(text.replace(from, to).as_bytes()).unwrap_err().to_string()
    };
    assert_eq!(ubl("<cbc:ID>HF-1</cbc:ID>", ""), "Line 2, Invoice: BR-02: The number is missing (ID).");
    assert!(ubl("2026-11-01<", "2026-02-30<").starts_with("Line 5, IssueDate: This is no date"));
    assert!(ubl(">150.00<", ">1e9<").contains("PayableAmount: \"1e9\" is no number."));
    assert!(ubl("currencyID=\"EUR\">150.00", "currencyID=\"USD\">150.00").contains("It is in \"USD\""));
    assert!(ubl(">EUR<", ">EUX<").contains("BR-05") || ubl(">EUR<", ">EUX<").contains("EUX"));
    assert!(ubl(">true<", ">maybe<").contains("ChargeIndicator: Neither true nor false."));
    let cii = |from: &str, to: &str| {
        let text = cii(&full(false));
        assert!(text.contains(from), "{from}");
        read(text.replace(from, to).as_bytes()).unwrap_err().to_string()
    };
    assert!(cii(">20261101<", ">2026-11-01<").contains("DateTimeString: This is no date such as 20261127."));
    assert!(cii("format=\"102\">20261101", "format=\"610\">20261101").contains("no date"));
    assert!(cii("<ram:Name>Marlow</ram:Name>", "").contains("BR-07: The buyer’s name is missing"));
}

#[test]
fn hostile_xml_is_refused_and_nothing_is_expanded() {
    let told = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
    let invoice = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2";
    let open = format!("<Invoice xmlns=\"{invoice}\">");
    let laughs = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]>{open}<ID>&b;</ID></Invoice>"
    );
    assert!(told(&laughs).contains("DOCTYPE"), "{}", told(&laughs));
    assert!(told("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x/>").contains("DOCTYPE"));
    assert!(told(&format!("{open}<ID>&b;</ID></Invoice>")).contains("entity &b; is unknown"));
    let deep = format!("{open}{}", "<Note>".repeat(100_000));
    assert!(told(&deep).contains("nested deeper than 32"));
    let foreign = format!("{open}{}", "<x:y xmlns:x=\"urn:x\">".repeat(100_000));
    assert!(told(&foreign).contains("nested deeper than 32"));
    let wide = format!("{open}<Note a=\"{}\"/></Invoice>", "x".repeat(100_000));
    assert!(told(&wide).contains("attributes are longer"));
    let many: String = (0..100).map(|n| format!(" a{n}=\"\"")).collect();
    assert!(told(&format!("{open}<Note{many}/></Invoice>")).contains("more than 64 attributes"));
    assert!(told(&format!("{open}<Note>{}</Note></Invoice>", "x".repeat(70_000))).contains("text is longer"));
    assert!(told(&format!("{open}{}</Invoice>", "<Note/>".repeat(200_001))).contains("more than 200000 elements"));
    assert!(told(&format!("{open}</Invoice>{open}</Invoice>")).contains("second root"));
    assert!(told(&open).contains("ends in the middle"));
    assert!(told(&format!("{open}<ID></Invoice>")).contains("not well-formed"));
    assert!(told("").contains("ends in the middle"));
    assert!(told("<Invoice/>").contains("no invoice in UBL"));
    assert!(told("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>").contains("UTF-8"));
    let latin = read(b"<?xml version=\"1.0\"?>\n<a>\xe9</a>").unwrap_err();
    assert_eq!((latin.line, latin.message.contains("UTF-8")), (2, true));
    assert!(read(&vec![b' '; tree::BYTES_MAX + 1]).unwrap_err().message.contains("larger than 32 MiB"));
}

#[test]
fn attachments_comments_and_other_vocabularies_are_passed_over() {
    let plain = ubl(&full(false));
    let attached = format!(
        "<cac:AdditionalDocumentReference><cbc:ID>x</cbc:ID><cac:Attachment><cbc:EmbeddedDocumentBinaryObject>{}\
         </cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>\
         <!-- <cbc:ID>no</cbc:ID> --><x:Extra xmlns:x=\"urn:x\"><x:ID>no &amp; no</x:ID></x:Extra><cac:AccountingSupplier",
        "QUJD".repeat(50_000)
    );
    let text = plain.replacen("<cac:AccountingSupplier", &attached, 1);
    assert_eq!(read(text.as_bytes()).unwrap().1, full(false));
    let marked =
        [b"\xef\xbb\xbf".to_vec(), plain.replace("Harbour &amp; Finch", "Harbour &#38; <![CDATA[Finch]]>").into()];
    assert_eq!(read(&marked.concat()).unwrap().1, full(false));
}

proptest! {
    /// Whatever is cut, repeated or overwritten: a sentence or a document, never a panic.
    #[test]
    fn any_damage_is_answered(
        at in 0_usize..9_000,
        with in proptest::collection::vec(any::<u8>(), 0..9),
        cut in 0_usize..40,
    ) {
        let mut bytes = ubl(&full(false)).into_bytes();
        let at = at.min(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, with);
        if let Err(fault) = read(&bytes) {
            prop_assert!(!fault.to_string().is_empty());
        }
    }

    /// Export, import, export: the same bytes, with any texts and figures.
    #[test]
    fn export_import_export_is_the_identity(
        name in "[a-zA-Zé&<>\"' ]{1,40}",
        quantity in 1_u32..100_000,
        cents in 0_i64..10_000_000,
        rate in 1_u32..30,
        credit in any::<bool>(),
    ) {
        let net = Decimal::new(cents, 2);
        let vat = (net * Decimal::from(rate) / Decimal::ONE_HUNDRED).round_dp_with_strategy(
            2, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        let mut vat = vat;
        vat.rescale(2);
        let gross = net + vat;
        let tax = tax("S", &rate.to_string());
        let name = if name.trim().is_empty() { "x".to_owned() } else { name };
        let line = Item { name: name.clone(), ..item("1", &quantity.to_string(), &net.to_string(), tax.clone()) };
        let bill = Bill {
            lines: vec![line],
            adjustments: vec![],
            groups: vec![Group { tax, base: net.to_string(), amount: vat.to_string(), ..Group::default() }],
            sums: Sums {
                lines: net.to_string(),
                net: net.to_string(),
                vat: vat.to_string(),
                gross: gross.to_string(),
                payable: gross.to_string(),
                ..Sums::default()
            },
            buyer: Trader { name, ..full(credit).buyer },
            ..full(credit)
        };
        for written in [ubl(&bill), cii(&bill)] {
            let (syntax, back) = read(written.as_bytes()).unwrap();
            prop_assert_eq!(match syntax { Syntax::Ubl => ubl(&back), Syntax::Cii => cii(&back) }, written);
        }
    }
}
