//! E-invoices for others to judge: every VAT category, allowances and charges, prepaid, several rates, negative lines,
//! nothing to pay, yen and dinars, prices with VAT in them, many lines, and credit notes.

use counterfoil::documents::einvoice::{Bill, Frozen, cii, ubl};
use counterfoil::documents::invoice::{Look, invoice_sheet};
use counterfoil::documents::{Fonts, Logo, Meta, Sheet, factur_x};
use counterfoil::domain::client::Party;
use counterfoil::domain::credit::{Credited, Take};
use counterfoil::domain::firm::{BankDetails, Firm, Letterhead, Locale, Paper, Series};
use counterfoil::domain::ids::{ClientId, Digest, FileRef, InvoiceId};
use counterfoil::domain::invoice::{Body, Invoice, Issue, Kind, References};
use counterfoil::domain::money::Currency;
use counterfoil::domain::number::Pattern;
use counterfoil::domain::party::{Endpoint, PartyContact};
use counterfoil::domain::rules;
use counterfoil::domain::tax::{
    AccountingVat, Adjustment, Content, Direction, Discount, Line, Period, Portion, Prices, Unit, Vat, VatCategory,
};
use counterfoil::domain::terms::{DueRule, EarlyPayment, Instalment, Terms};
use counterfoil::domain::text::EmailAddress;
use jiff::Timestamp;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

/// An issued document with its firm, and what it credits.
pub struct Case {
    pub name: &'static str,
    pub invoice: Invoice,
    pub credits: Option<Invoice>,
    pub firm: Firm,
}

impl Case {
    /// The document as it is drawn.
    pub fn sheet(&self, logo: Option<Logo>) -> Sheet {
        let issue = self.invoice.issue.as_ref().unwrap();
        let look = Look { firm: &self.firm, logo };
        let credits = self.credits.as_ref().and_then(Invoice::number);
        let (seller, buyer, number) = (&issue.seller, &issue.buyer, Some(&issue.number));
        invoice_sheet(&look, seller, buyer, &self.invoice, number, &issue.totals, None, credits)
    }

    /// The document as UBL, CII and Factur-X.
    pub fn files(&self) -> [(String, Vec<u8>); 3] {
        let issue = self.invoice.issue.as_ref().unwrap();
        let bill = Bill::of(&self.invoice, &Frozen::of(issue, self.credits.as_ref())).unwrap();
        assert!(bill.exact, "{}", self.name);
        let (seller, sheet) = (&issue.seller, self.sheet(None));
        let meta = Meta {
            title: self.name.to_owned(),
            author: seller.name.clone(),
            created: Timestamp::UNIX_EPOCH,
            document_id: issue.number.to_string(),
        };
        let xml = cii(&bill);
        let pdf = factur_x(&sheet, &Fonts::embedded(), &meta, xml.clone()).unwrap();
        let file = |ending: &str| format!("{}.{ending}", self.name);
        [(file("ubl.xml"), ubl(&bill).into_bytes()), (file("cii.xml"), xml.into_bytes()), (file("pdf"), pdf)]
    }
}

pub fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn day(day: i8) -> Date {
    date(2026, 11, day)
}

pub fn firm() -> Firm {
    let pattern = |text| Pattern::parse("series", text).unwrap();
    Firm {
        party: Party {
            name: "Harbour & Finch LLP".into(),
            address: vec!["9 Sir John’s Lane".into()],
            city: "Dublin 2".into(),
            postcode: "D02 AX07".into(),
            country: "IE".into(),
            vat_id: "IE3456789KH".into(),
            endpoint: Endpoint::parse("9935", "IE3456789KH").unwrap(),
            ..Party::default()
        },
        trade: "Solicitors".into(),
        registration: "Partners: M. Finch.\nRegulated by the Law Society <of Ireland>.".into(),
        email: EmailAddress::parse("email", "accounts@harbourfinch.example").ok(),
        phone: "01 555 0142".into(),
        correspondent: "Orla Byrne".into(),
        bank: BankDetails {
            account_name: "Harbour & Finch LLP".into(),
            iban: "IE29AIBK93115212345678".into(),
            bic: "AIBKIE2D".into(),
            ..BankDetails::default()
        },
        colour: "#1d5c63".into(),
        logo: None,
        currency: Currency::EUR,
        terms: DueRule::default(),
        vat_rates: vec![Vat { category: VatCategory::Standard, rate: dec("23") }],
        series: Series {
            invoice: pattern("HF-{YYYY}-{0000}"),
            credit_note: pattern("CN-{0000}"),
            quote: pattern("Q-{0000}"),
            receipt: pattern("R-{0000}"),
        },
        locale: Locale::EnglishIreland,
        language: Default::default(),
        paper: Paper::A4,
        quote_terms: String::new(),
    }
}

fn buyer() -> Party {
    Party {
        name: "Glasur GmbH & Co. <KG>".into(),
        address: vec!["Hinterhaus".into(), "Ofenstraße 3".into(), "2. Stock".into(), "Tür 7".into()],
        city: "Köln".into(),
        postcode: "50667".into(),
        country: "DE".into(),
        vat_id: "DE123456789".into(),
        legal_id: "HRB 1234".into(),
        contact: PartyContact { name: "Ana Ruiz".into(), phone: String::new(), email: "ana@glasur.example".into() },
        ..Party::default()
    }
}

fn line(quantity: &str, price: &str, category: VatCategory, rate: &str) -> Line {
    Line {
        description: "Advice \"in & out\" <of court>\nwith a second line".into(),
        quantity: dec(quantity),
        unit: Unit::Hour,
        price: dec(price),
        vat: Vat { category, rate: dec(rate) },
        ..Line::default()
    }
}

fn standard(quantity: &str, price: &str) -> Line {
    line(quantity, price, VatCategory::Standard, "23")
}

/// Issues what was wished, as issuing does: by the rules, with the sums of the one function.
pub fn case(
    name: &'static str,
    currency: &str,
    content: Content,
    wish: impl FnOnce(&mut Invoice, &mut Firm, &mut Party),
) -> Case {
    let (mut firm, mut buyer) = (firm(), buyer());
    let mut invoice = Invoice {
        id: InvoiceId(1),
        client: ClientId(1),
        project: None,
        kind: Kind::Invoice,
        title: "Lease of Unit 4".into(),
        currency: currency.parse().unwrap(),
        dated: day(1),
        due: day(30),
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
    wish(&mut invoice, &mut firm, &mut buyer);
    let totals = invoice.ready().unwrap_or_else(|why| panic!("{name}: {why}"));
    rules::check(&invoice, Some(&totals), &firm.party, &buyer).unwrap_or_else(|why| panic!("{name}: {why:?}"));
    invoice.issue = Some(Issue {
        number: "HF-2026-0001".parse().unwrap(),
        at: Timestamp::UNIX_EPOCH,
        by: None,
        pdf: FileRef { digest: Digest([0; 32]), length: 1, name: "a.pdf".into(), media_type: "application/pdf".into() },
        seller: firm.party.clone(),
        buyer,
        letterhead: Letterhead::of(&firm),
        totals,
        elsewhere: None,
    });
    Case { name, invoice, credits: None, firm }
}

fn plain(name: &'static str, currency: &str, lines: Vec<Line>) -> Case {
    case(name, currency, Content::of(lines), |_, _, _| {})
}

/// The credit note for all of a document.
fn credit(name: &'static str, of: Case) -> Case {
    let mut note = of.invoice.clone();
    note.kind = Kind::CreditNote(of.invoice.id);
    note.issue.as_mut().unwrap().number = "CN-0001".parse().unwrap();
    Case { name, invoice: note, credits: Some(of.invoice), firm: of.firm }
}

/// The credit notes that take a document back in these parts.
pub fn parts(name: &'static str, of: Case, takes: &[Take]) -> Vec<Case> {
    let mut notes: Vec<Invoice> = Vec::new();
    for (n, take) in (1..).zip(takes) {
        let content = Credited::of(&of.invoice, &notes).unwrap().content(take).unwrap();
        let (kind, body) = (Kind::CreditNote(of.invoice.id), Body::Composed(content));
        let mut note = Invoice { kind, body, issue: None, ..of.invoice.clone() };
        let issue = of.invoice.issue.clone().unwrap();
        let totals = note.ready().unwrap_or_else(|why| panic!("{name}: {why}"));
        rules::check(&note, Some(&totals), &issue.seller, &issue.buyer).unwrap_or_else(|why| panic!("{name}: {why:?}"));
        note.issue = Some(Issue { number: format!("CN-000{n}").parse().unwrap(), totals, ..issue });
        notes.push(note);
    }
    let case = |(n, invoice)| {
        let name: &'static str = Box::leak(format!("{name}-{n}").into_boxed_str());
        Case { name, invoice, credits: Some(of.invoice.clone()), firm: of.firm.clone() }
    };
    (1..).zip(notes).map(case).collect()
}

fn adjustment(direction: Direction, portion: Portion, vat: Vat) -> Adjustment {
    Adjustment { direction, portion, reason: "Volume & haste".into(), vat }
}

pub fn all() -> Vec<Case> {
    [categories(), amounts(), particulars(), credits(), german()].into_iter().flatten().collect()
}

fn categories() -> Vec<Case> {
    use VatCategory as V;
    let one = |category| vec![line("2", "150.50", category, "0")];
    vec![
        plain("standard", "EUR", vec![standard("11.5", "220"), standard("1", "450")]),
        plain("zero", "EUR", one(V::Zero)),
        plain("exempt", "EUR", one(V::Exempt)),
        plain("reverse-charge", "EUR", one(V::ReverseCharge)),
        case("intra-community", "EUR", Content::of(one(V::IntraCommunity)), |i, _, _| i.delivered = Some(day(2))),
        case("intra-community-period", "EUR", Content::of(one(V::IntraCommunity)), |i, _, _| {
            i.period = Some(Period { from: day(1), to: day(30) });
        }),
        plain("export", "EUR", one(V::Export)),
        plain("igic", "EUR", vec![line("3", "33.33", V::Igic, "7"), line("1", "10", V::Zero, "0")]),
        plain("ipsi", "EUR", vec![line("3", "33.33", V::Ipsi, "4")]),
        plain("igic-beside-exempt", "EUR", vec![line("1", "50", V::Igic, "3"), line("1", "20", V::Exempt, "0")]),
        plain("out-of-scope", "EUR", one(V::OutOfScope)),
        plain(
            "several-rates",
            "EUR",
            vec![
                standard("3", "33.3333"),
                line("1", "10.01", V::Standard, "13.5"),
                line("7", "0.0125", V::Standard, "9"),
                line("1", "20", V::Zero, "0"),
                line("1", "30", V::Exempt, "0"),
            ],
        ),
    ]
}

fn amounts() -> Vec<Case> {
    use VatCategory as V;
    let s = Vat { category: V::Standard, rate: dec("23") };
    let low = Vat { category: V::Standard, rate: dec("9") };
    let off = |portion| Line { discount: Discount { portion, reason: "Loyalty".into() }, ..standard("3", "33.33") };
    let lines = vec![standard("10", "100"), line("1", "50", V::Standard, "9")];
    let adjusted = Content {
        lines: lines.clone(),
        adjustments: vec![
            adjustment(Direction::Allowance, Portion::Percent(dec("5")), s),
            adjustment(Direction::Allowance, Portion::Amount(333), low),
            adjustment(Direction::Charge, Portion::Amount(1_999), s),
        ],
        ..Content::default()
    };
    let gross = Content {
        prices: Prices::Gross,
        lines: vec![standard("3", "19.99"), off(Portion::Percent(dec("7"))), standard("-1", "0.99")],
        adjustments: vec![adjustment(Direction::Charge, Portion::Amount(499), s)],
        ..Content::default()
    };
    let less = |prepaid, round_to| Content { lines: lines.clone(), prepaid, round_to, ..Content::default() };
    let accounting = AccountingVat { currency: Currency::EUR, rate: dec("1.1834"), on: day(1) };
    let abroad = Content { accounting: Some(accounting), ..Content::of(lines.clone()) };
    vec![
        case("allowances-charges", "EUR", adjusted, |_, _, _| {}),
        plain("discounts", "EUR", vec![off(Portion::Percent(dec("33.33"))), off(Portion::Amount(500))]),
        case("gross-prices", "EUR", gross, |_, _, _| {}),
        case("prepaid", "EUR", less(20_000, 0), |_, _, _| {}),
        case("prepaid-whole", "EUR", less(128_450, 0), |_, _, _| {}),
        case("rounded", "CHF", less(3, 5), |_, _, _| {}),
        case("accounting-currency", "GBP", abroad, |_, _, _| {}),
        plain(
            "negative-lines",
            "EUR",
            vec![standard("5", "100"), standard("-2", "100"), off(Portion::Percent(dec("10")))],
        ),
        plain(
            "negative-discounted",
            "EUR",
            vec![standard("5", "100"), Line { quantity: dec("-1"), ..off(Portion::Percent(dec("10"))) }],
        ),
        plain("zero-total", "EUR", vec![standard("1", "100"), standard("-1", "100")]),
        plain("free", "EUR", vec![standard("1", "0")]),
        plain("yen", "JPY", vec![line("3", "1005", V::Standard, "10"), line("1", "333.5", V::Standard, "8")]),
        plain("dinars", "KWD", vec![line("2", "10.5", V::Standard, "5"), line("1", "0.25", V::Zero, "0")]),
        plain(
            "many-lines",
            "EUR",
            (0..500).map(|n| standard("1.25", &format!("{}.{:02}", n % 90 + 1, n % 100))).collect(),
        ),
    ]
}

fn particulars() -> Vec<Case> {
    let lines = || Content::of(vec![standard("1", "1000")]);
    let period = |from, to| Some(Period { from: day(from), to: day(to) });
    let worked = Line { period: period(3, 9), item: "ADV-1".into(), order_line: "4".into(), ..standard("8", "95.5") };
    vec![
        case("references", "EUR", Content::of(vec![worked]), |i, _, _| {
            i.reference = "Dept. 7 & co".into();
            i.note = "Thank you.\nTwo lines.".into();
            let [order, contract, project, contact] = ["PO-7", "C-9", "Project X", "Ben Buyer"].map(str::to_owned);
            i.references = References { order, contract, project, contact };
            i.period = period(1, 30);
        }),
        case("peppol", "EUR", lines(), |i, _, buyer| {
            i.reference = "PO 7".into();
            buyer.endpoint = Endpoint::parse("9930", "DE123456789").unwrap();
        }),
        case("instalments", "EUR", lines(), |i, _, _| {
            let at = |of, amount| Instalment { due: day(of), amount };
            i.terms = Terms { instalments: vec![at(10, 100_000), at(30, 23_000)], early: None };
        }),
        case("early-payment", "EUR", lines(), |i, _, _| {
            i.terms.early = Some(EarlyPayment { percent: dec("2"), until: day(11) });
        }),
        case("no-bank", "USD", lines(), |_, firm, buyer| {
            firm.bank = BankDetails::default();
            *buyer = Party { name: "Osprey Inc.".into(), country: "US".into(), ..Party::default() };
        }),
        case("no-vat-number", "EUR", lines(), |_, firm, _| {
            firm.party.vat_id = String::new();
            firm.party.legal_id = "512684".into();
        }),
    ]
}

fn credits() -> Vec<Case> {
    use VatCategory as V;
    let period = Some(Period { from: day(1), to: day(30) });
    let supply = Content::of(vec![line("1", "70", V::IntraCommunity, "0")]);
    let mixed = Content {
        lines: vec![standard("2", "100"), standard("-1", "10")],
        adjustments: vec![adjustment(
            Direction::Allowance,
            Portion::Amount(999),
            Vat { category: V::Standard, rate: dec("23") },
        )],
        ..Content::default()
    };
    let of = |at, quantity: &str| Take::Lines(vec![(at, dec(quantity))]);
    let thirds = plain("of", "EUR", vec![standard("3", "0.335"), line("1", "20", V::Standard, "9")]);
    let adjusted = case("of", "EUR", mixed.clone(), |_, _, _| {});
    let gross = Content { prices: Prices::Gross, ..mixed.clone() };
    let yen = plain("of", "JPY", vec![line("3", "335", V::Standard, "10")]);
    let each = Vat { category: V::Standard, rate: dec("23") };
    let mut all = parts("credit-thirds", thirds, &[of(0, "1"), of(0, "1"), of(0, "1"), Take::Rest]);
    all.extend(parts("credit-part-adjusted", adjusted, &[of(0, "0.5"), Take::Rest]));
    all.extend(parts("credit-part-gross", case("of", "EUR", gross, |_, _, _| {}), &[of(0, "0.333"), Take::Rest]));
    all.extend(parts("credit-part-yen", yen, &[of(0, "1"), of(0, "1"), Take::Rest]));
    let amounts = plain("of", "EUR", vec![standard("10", "100")]);
    all.extend(parts("credit-amount", amounts, &[Take::Amounts(vec![(each, 12_345)]), Take::Rest]));
    all.extend([
        credit("credit-standard", plain("of", "EUR", vec![standard("11.5", "220")])),
        credit("credit-outside", plain("of", "EUR", vec![line("1", "70", V::OutOfScope, "0")])),
        credit("credit-reverse", plain("of", "EUR", vec![line("1", "70", V::ReverseCharge, "0")])),
        credit("credit-supply", case("of", "EUR", supply, |i, _, _| i.period = period)),
        credit("credit-yen", plain("of", "JPY", vec![line("3", "1005", V::Standard, "10")])),
        credit(
            "credit-mixed",
            case("of", "EUR", mixed, |i, _, _| {
                i.references.project = "Project X".into();
                i.reference = "PO 7".into();
            }),
        ),
    ]);
    all
}

/// Documents in German, of a firm and for a client who write German themselves.
pub fn german() -> Vec<Case> {
    use VatCategory as V;
    let of = |category, rate| Line {
        description: "Beratung zum Mietvertrag\nmit zweiter Zeile".into(),
        item: "B-17".into(),
        order_line: "4".into(),
        discount: Discount { portion: Portion::Percent(dec("5")), reason: "Treue".into() },
        ..line("2.5", "1220.50", category, rate)
    };
    let vat = Vat { category: V::Standard, rate: dec("19") };
    let change =
        |direction| Adjustment { reason: "Kulanz".into(), ..adjustment(direction, Portion::Amount(1_000), vat) };
    let whole = Content {
        lines: vec![of(V::Standard, "19"), of(V::Standard, "7"), of(V::Exempt, "0"), of(V::Zero, "0")],
        adjustments: vec![change(Direction::Allowance), change(Direction::Charge)],
        prepaid: 5_000,
        ..Content::default()
    };
    let gross = Content { prices: Prices::Gross, prepaid: 0, ..whole.clone() };
    let speak = |firm: &mut Firm| {
        firm.locale = Locale::German;
        (firm.trade, firm.registration) = ("Rechtsanwälte".into(), "Zugelassen in Dublin.".into());
        firm.email = EmailAddress::parse("email", "kanzlei@harbourfinch.example").ok();
    };
    let wish = |i: &mut Invoice, firm: &mut Firm, _: &mut Party| {
        speak(firm);
        i.title = "Mietvertrag Halle 4".into();
        i.period = Some(Period { from: day(1), to: day(20) });
        i.references = References { order: "B-1".into(), contract: "V-2".into(), ..References::default() };
    };
    let reverse = Content::of(vec![of(V::ReverseCharge, "0")]);
    let instalments = |i: &mut Invoice, firm: &mut Firm, buyer: &mut Party| {
        wish(i, firm, buyer);
        let at = |of, amount| Instalment { due: day(of), amount };
        i.terms = Terms { instalments: vec![at(10, 100_000), at(30, 189_869)], early: None };
    };
    let early = |i: &mut Invoice, firm: &mut Firm, buyer: &mut Party| {
        wish(i, firm, buyer);
        i.terms.early = Some(EarlyPayment { percent: dec("2"), until: day(11) });
    };
    vec![
        case("german", "EUR", whole, early),
        case("german-gross", "EUR", gross, wish),
        case("german-instalments", "EUR", reverse.clone(), instalments),
        credit("german-credit", case("of", "EUR", reverse, wish)),
    ]
}
