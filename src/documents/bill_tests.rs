//! Invoices, credit notes, quotes and statements as sheets: what they say, to the word.

use jiff::{Timestamp, civil::date};
use rust_decimal::Decimal;

use super::invoice::invoice_sheet;
use super::quote::{Offer, quote_sheet};
use super::statement::{Account, flag_restated, reckoned_sheet, statement_sheet};
use super::*;
use crate::domain::client::Party;
use crate::domain::firm::{BankDetails, Firm, Locale, Series};
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::invoice::{Body, Invoice, Kind, References};
use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::number::{DocumentNumber, Pattern};
use crate::domain::quote::fixed;
use crate::domain::statement::{Ageing, Entry, EntryKind, Reckoned, balance_forward};
use crate::domain::tax::{Content, Discount, Line, Totals, Unit, Vat, VatCategory, totals};
use crate::domain::terms::{DueRule, Terms};
use crate::domain::text::EmailAddress;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn firm() -> Firm {
    let pattern = |text| Pattern::parse("pattern", text).unwrap();
    Firm {
        party: Party {
            name: "Harbour & Finch LLP".into(),
            address: vec!["9 Sir John’s Lane".into()],
            city: "Dublin 2".into(),
            country: "IE".into(),
            vat_id: "IE3456789KH".into(),
            ..Party::default()
        },
        trade: "Solicitors".into(),
        registration:
            "Registered in Ireland, OC 301234. Regulated by the Law Society of Ireland.\nPartners: M. Finch, \
                       J. Harbour"
                .into(),
        email: EmailAddress::parse("email", "accounts@harbourfinch.example").ok(),
        phone: "01 555 0142".into(),
        correspondent: "Orla Byrne in accounts".into(),
        bank: BankDetails {
            account_name: "Harbour & Finch LLP".into(),
            iban: "IE29AIBK93115212345678".into(),
            bic: "AIBKIE2D".into(),
            ..BankDetails::default()
        },
        colour: "#1d5c63".into(),
        logo: None,
        currency: Currency::EUR,
        terms: DueRule::Days(30),
        vat_rates: vec![Vat { category: VatCategory::Standard, rate: dec("23") }],
        series: Series {
            invoice: pattern("HF-{YYYY}-{0000}"),
            credit_note: pattern("CN-{0000}"),
            quote: pattern("Q-{0000}"),
            receipt: pattern("R-{0000}"),
        },
        locale: Locale::EnglishIreland,
        language: Default::default(),
        paper: crate::domain::firm::Paper::A4,
        quote_terms: String::new(),
    }
}

fn buyer() -> Party {
    Party {
        name: "Marlow Ceramics Ltd".into(),
        address: vec!["Unit 2, Kiln Yard".into(), "Ringsend Road".into()],
        city: "Dublin 4".into(),
        postcode: "D04 X2R6".into(),
        country: "IE".into(),
        vat_id: "IE6388047V".into(),
        ..Party::default()
    }
}

fn line(description: &str, quantity: &str, unit: Unit, price: &str, vat: &str) -> Line {
    let (category, rate) = if vat == "0" { (VatCategory::OutOfScope, "0") } else { (VatCategory::Standard, vat) };
    Line {
        description: description.into(),
        quantity: dec(quantity),
        unit,
        price: dec(price),
        vat: Vat { category, rate: dec(rate) },
        ..Line::default()
    }
}

fn lease() -> Vec<Line> {
    vec![
        line("Drafting and negotiating the lease\n1 to 24 October, M. Finch", "11.5", Unit::Hour, "220", "23"),
        line("Title review and report\nFixed fee, agreed 29 September", "1", Unit::LumpSum, "450", "23"),
        line("Call with the landlord’s solicitors\n22 October", "1.5", Unit::Hour, "220", "23"),
        line("Land Registry search fees\nPaid for you, at cost", "1", Unit::Each, "65", "0"),
    ]
}

fn invoice(lines: Vec<Line>) -> Invoice {
    Invoice {
        id: InvoiceId(1),
        client: ClientId(1),
        project: None,
        kind: Kind::Invoice,
        title: "Lease of Unit 4, Alder Wharf".into(),
        currency: Currency::EUR,
        dated: date(2025, 10, 28),
        due: date(2025, 11, 27),
        terms: Terms::default(),
        reference: "PO 7731".into(),
        references: References::default(),
        delivered: None,
        period: None,
        note: String::new(),
        body: Body::Composed(Content::of(lines)),
        recipients: vec![],
        quote: None,
        late: None,
        issue: None,
        changed: Timestamp::UNIX_EPOCH,
    }
}

fn number(text: &str) -> DocumentNumber {
    text.parse().unwrap()
}

fn sheet_of(invoice: &Invoice, number: Option<&DocumentNumber>, credits: Option<&DocumentNumber>) -> Sheet {
    let firm = firm();
    let totals = invoice.totals().unwrap();
    let look = Look { firm: &firm, logo: None };
    invoice_sheet(&look, &firm.party, &buyer(), invoice, number, &totals, Some("Alder Wharf lease"), credits)
}

fn pairs(facts: &[Fact]) -> Vec<(&str, &str)> {
    facts.iter().map(|x| (x.label.as_str(), x.value.as_str())).collect()
}

fn sums(section: &Section) -> Vec<(&str, &str)> {
    section.totals.iter().map(|x| (x.label.as_str(), x.value.as_str())).collect()
}

fn headings(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|x| x.heading.as_str()).collect()
}

#[test]
fn the_lease_invoice_says_what_the_design_shows() {
    let sheet = sheet_of(&invoice(lease()), Some(&number("HF-2025-0412")), None);
    assert_eq!((sheet.title.as_str(), sheet.number.as_str(), &sheet.banner), ("Invoice", "HF-2025-0412", &None));
    assert_eq!(
        pairs(&sheet.facts),
        [
            ("Number", "HF-2025-0412"),
            ("Issued", "28 October 2025"),
            ("Due", "27 November 2025"),
            ("Your reference", "PO 7731"),
            ("Project", "Alder Wharf lease"),
        ]
    );
    let section = &sheet.sections[0];
    assert_eq!(headings(&section.table), ["Description", "Quantity", "Price", "VAT", "Amount"]);
    let rows = &section.table.rows;
    assert_eq!(rows[0].cells, ["Drafting and negotiating the lease", "11.5\u{a0}h", "220.00", "23%", "2,530.00"]);
    assert_eq!(rows[0].notes, ["1 to 24 October, M. Finch"]);
    assert_eq!(rows[0].narrow, "11.5\u{a0}h at €220.00, VAT 23%");
    assert_eq!((rows[3].cells[3].as_str(), rows[3].narrow.as_str()), ("None", "1 at €65.00, no VAT"));
    assert_eq!(
        sums(section),
        [
            ("Total before VAT", "3,375.00"),
            ("VAT, 23% of 3,310.00", "761.30"),
            ("No VAT on 65.00", "0.00"),
            ("Total in euro", "€4,136.30"),
        ]
    );
    let payment = sheet.payment.unwrap();
    assert_eq!(
        pairs(&payment.facts),
        [
            ("Account name", "Harbour & Finch LLP"),
            ("IBAN", "IE29 AIBK 9311 5212 3456 78"),
            ("BIC", "AIBKIE2D"),
            ("Reference", "HF-2025-0412"),
            ("Structured reference", "RF35 HF20 2504 12"),
        ]
    );
    assert_eq!(payment.code.unwrap().side, 41);
    assert_eq!(payment.heading, "Pay €4,136.30 by bank transfer");
    assert!(sheet.notes[0].starts_with("Please pay within 30 days, by 27 November 2025. If anything here is unclear,"));
}

#[test]
fn a_draft_says_so_and_has_no_number_to_pay_with() {
    let sheet = sheet_of(&invoice(lease()), None, None);
    assert_eq!(sheet.banner.as_deref(), Some("DRAFT – not an invoice"));
    assert_eq!(sheet.number, "");
    assert!(sheet.facts.iter().all(|x| x.label != "Number"));
    assert!(sheet.payment.unwrap().facts.iter().all(|x| x.label != "Reference"));
}

#[test]
fn a_discount_has_its_column_only_where_one_is_given() {
    let mut lines = lease();
    lines[0].discount = Discount::percent(dec("12.5"));
    lines[1].vat.rate = dec("13.5");
    let sheet = sheet_of(&invoice(lines), Some(&number("A-1")), None);
    let section = &sheet.sections[0];
    assert_eq!(headings(&section.table), ["Description", "Quantity", "Price", "Discount", "VAT", "Amount"]);
    assert_eq!((section.table.rows[0].cells[3].as_str(), section.table.rows[1].cells[3].as_str()), ("12.5%", ""));
    assert_eq!(section.table.rows[0].narrow, "11.5\u{a0}h at €220.00, less 12.5%, VAT 23%");
    assert!(sums(section).contains(&("VAT, 13.5% of 450.00", "60.75")));
}

#[test]
fn a_firm_without_vat_does_not_speak_of_it() {
    let sheet = sheet_of(&invoice(vec![line("Work", "1", Unit::Each, "10", "0")]), Some(&number("A-1")), None);
    assert_eq!(headings(&sheet.sections[0].table), ["Description", "Quantity", "Price", "Amount"]);
    assert_eq!(sums(&sheet.sections[0]), [("Total in euro", "€10.00")]);
}

#[test]
fn what_is_charged_without_vat_has_the_sentence_the_law_wants() {
    let table = [
        (VatCategory::ReverseCharge, "Reverse charge", "Reverse charge: the customer accounts for the VAT."),
        (VatCategory::Exempt, "Exempt", "Exempt from VAT."),
        (VatCategory::IntraCommunity, "Intra-EU", "Article 138"),
        (VatCategory::Export, "Export", "Article 146"),
    ];
    for (category, cell, sentence) in table {
        let mut work = line("Work", "1", Unit::Each, "10", "0");
        work.vat = Vat { category, rate: Decimal::ZERO };
        let sheet = sheet_of(&invoice(vec![work]), Some(&number("A-1")), None);
        assert_eq!(sheet.sections[0].table.rows[0].cells[3], cell);
        assert!(sheet.notes.iter().any(|x| x.contains(sentence)), "{:?}", sheet.notes);
    }
}

#[test]
fn the_taxes_of_the_canary_islands_and_of_ceuta_go_by_their_names() {
    let taxed =
        |category, rate| Line { vat: Vat { category, rate: dec(rate) }, ..line("Work", "1", Unit::Each, "100", "23") };
    let lines = vec![taxed(VatCategory::Igic, "7"), taxed(VatCategory::Igic, "0"), taxed(VatCategory::Ipsi, "4")];
    let sheet = sheet_of(&invoice(lines), Some(&number("A-1")), None);
    let section = &sheet.sections[0];
    assert_eq!(headings(&section.table)[3], "Tax");
    assert_eq!(section.table.rows[0].cells[3], "IGIC\u{a0}7%");
    let said = sums(section);
    for line in [("Total before tax", "300.00"), ("IGIC, 7% of 100.00", "7.00"), ("IPSI, 4% of 100.00", "4.00")] {
        assert!(said.contains(&line), "{said:?}");
    }
    assert!(sheet.notes.iter().all(|x| !x.contains("xempt")), "no reason may stand (BR-AF-10, BR-AG-10)");
}

#[test]
fn totals_are_printed_as_given() {
    let firm = firm();
    let given = Totals { net: 1, gross: 2, payable: 3, ..totals(&Content::of(lease()), Currency::EUR).unwrap() };
    let look = Look { firm: &firm, logo: None };
    let sheet = invoice_sheet(&look, &firm.party, &buyer(), &invoice(lease()), None, &given, None, None);
    let sums = sums(&sheet.sections[0]);
    assert_eq!((sums[0].1, sums.last().unwrap().1), ("0.01", "€0.03"));
}

#[test]
fn a_credit_note_names_its_invoice_and_asks_for_nothing() {
    let credit = Invoice { kind: Kind::CreditNote(InvoiceId(1)), ..invoice(lease()) };
    let sheet = sheet_of(&credit, Some(&number("HF-CN-0019")), Some(&number("HF-2025-0412")));
    assert_eq!((sheet.title.as_str(), &sheet.payment), ("Credit note", &None));
    assert!(pairs(&sheet.facts).contains(&("Credits invoice", "HF-2025-0412")));
    assert!(sheet.facts.iter().all(|x| x.label != "Due"));
    assert_eq!(sums(&sheet.sections[0]).last().unwrap().0, "Total credited in euro");
    assert!(sheet.notes.iter().all(|x| !x.contains("Please pay")));
}

#[test]
fn terms_read_well_for_every_number_of_days() {
    for (due, said) in [
        (date(2025, 10, 28), "Please pay on receipt."),
        (date(2025, 10, 29), "Please pay within 1 day, by 29 October 2025."),
        (date(2025, 11, 11), "Please pay within 14 days, by 11 November 2025."),
    ] {
        let sheet = sheet_of(&Invoice { due, ..invoice(lease()) }, Some(&number("A-1")), None);
        assert!(sheet.notes.iter().any(|x| x.starts_with(said)), "{:?}", sheet.notes);
    }
    let free = invoice(vec![line("Gift", "1", Unit::Each, "0", "23")]);
    let sheet = sheet_of(&free, Some(&number("A-1")), None);
    assert_eq!(sheet.payment, None);
    assert!(sheet.notes[0].starts_with("There is nothing to pay."));
}

#[test]
fn prices_keep_their_fine_decimals_and_countries_stand_where_they_differ() {
    let sheet = sheet_of(&invoice(vec![line("Copies", "1000", Unit::Each, "0.0125", "23")]), None, None);
    assert_eq!(sheet.sections[0].table.rows[0].cells[1..3], ["1,000", "0.0125"]);
    assert!(!sheet.brand.lines.contains(&"Ireland".to_owned()));
    let firm = firm();
    let abroad = Party { country: "de".into(), ..buyer() };
    let bill = invoice(lease());
    let look = Look { firm: &firm, logo: None };
    let sheet = invoice_sheet(&look, &firm.party, &abroad, &bill, None, &bill.totals().unwrap(), None, None);
    assert!(sheet.brand.lines.contains(&"Ireland".to_owned()));
    assert!(sheet.recipient.lines.contains(&"Germany".to_owned()));
}

#[test]
fn a_quote_says_until_when_it_stands() {
    let firm = firm();
    let content = Content::of(lease());
    let sums = totals(&content, Currency::EUR).unwrap();
    let name = number("Q-0007");
    let offer = Offer {
        number: Some(&name),
        version: 1,
        title: "Lease of Unit 5",
        issued: date(2025, 11, 1),
        valid_until: date(2025, 11, 30),
        content: &content,
        options: &[],
        totals: &sums,
        with_all: None,
        delivery: "",
        note: "",
        terms: "",
        project: None,
    };
    let look = Look { firm: &firm, logo: None };
    let sheet = quote_sheet(&look, &firm.party, &buyer(), &offer);
    assert_eq!((sheet.title.as_str(), &sheet.payment, &sheet.banner), ("Quote", &None, &None));
    assert!(pairs(&sheet.facts).contains(&("Valid until", "30 November 2025")));
    assert!(sheet.notes[0].starts_with("This offer stands until the end of 30 November 2025."));
    let draft = quote_sheet(&look, &firm.party, &buyer(), &Offer { number: None, ..offer.clone() });
    assert_eq!(draft.banner.as_deref(), Some("DRAFT – not a quote"));

    let without = totals(&fixed(&content, &[3, 4]), Currency::EUR).unwrap();
    let (options, totals, with_all) = (&[3, 4][..], &without, Some(sums.clone()));
    let more = Offer { version: 2, options, totals, with_all, terms: "Half first.\n\nThe rest after.", ..offer };
    let sheet = quote_sheet(&look, &firm.party, &buyer(), &more);
    assert!(pairs(&sheet.facts).contains(&("Version", "2, in place of version 1")));
    assert_eq!(sheet.clauses.as_ref().unwrap().texts, ["Half first.", "The rest after."]);
    let rows = |at: usize| sheet.sections[at].table.rows.iter().map(|x| x.cells[0].as_str()).collect::<Vec<_>>();
    assert_eq!(rows(0), ["Drafting and negotiating the lease", "Title review and report"]);
    assert_eq!(rows(1), ["Call with the landlord’s solicitors", "Land Registry search fees"]);
    assert_eq!(sheet.sections[1].table.rows[1].notes[0], "Option 2");
    let locale = firm.locale;
    assert_eq!(sums_of(&sheet, 0), locale.money(without.payable()));
    assert_eq!(sums_of(&sheet, 1), locale.money(sums.payable()));
}

fn sums_of(sheet: &Sheet, section: usize) -> String {
    sheet.sections[section].totals.last().unwrap().value.clone()
}

fn entry(day: jiff::civil::Date, kind: EntryKind, number: &str, title: &str, amount: i64) -> Entry {
    let (number, title) = (number.into(), title.into());
    Entry {
        date: day,
        kind,
        invoice: None,
        receipt: None,
        number,
        title,
        way: None,
        amount,
        recorded_at: Timestamp::UNIX_EPOCH,
    }
}

fn account_of_marlow() -> Vec<Entry> {
    use EntryKind::{CreditNote, Invoice, Receipt};
    vec![
        entry(date(2025, 8, 1), Invoice, "HF-2025-0338", "Advice", 147_600),
        entry(date(2025, 9, 17), Invoice, "HF-2025-0361", "Supply agreement, first draft", 307_500),
        entry(date(2025, 10, 1), Receipt, "HF-2025-0338", "bank transfer", -147_600),
        entry(date(2025, 10, 28), Invoice, "HF-2025-0412", "Lease of Unit 4, Alder Wharf", 413_630),
        entry(date(2025, 11, 5), CreditNote, "HF-CN-0019", "A call charged twice", -18_450),
    ]
}

fn statement_with(entries: Vec<Entry>) -> Sheet {
    let firm = firm();
    let (from, to) = (date(2025, 9, 1), date(2025, 11, 21));
    let statement = balance_forward(entries, from, to);
    let ageing = Ageing { current: 413_630, d31_60: 289_050, ..Ageing::default() };
    let account = Account { currency: Currency::EUR, statement: &statement, ageing: Some(&ageing) };
    statement_sheet(&Look { firm: &firm, logo: None }, &buyer(), &[account], from, to)
}

#[test]
fn an_entry_that_was_recorded_after_the_period_says_so_and_when() {
    let zone = jiff::tz::TimeZone::get("Europe/Dublin").unwrap();
    let (from, to) = (date(2025, 9, 1), date(2025, 11, 21));
    let mut entries = account_of_marlow();
    // The last instant of the period, by the firm's clocks, and the first after it.
    entries[1].recorded_at = "2025-11-21T23:59:59Z".parse().unwrap();
    entries[2].recorded_at = "2025-11-22T00:00:00Z".parse().unwrap();
    let statement = balance_forward(entries, from, to);
    let account = Reckoned { currency: Currency::EUR, statement, ageing: Ageing::default() };
    for (language, said) in
        [(Language::English, "Recorded on 22 November 2025"), (Language::German, "Erfasst am 22. November 2025")]
    {
        let firm = firm().speaking(Some(language)).into_owned();
        let look = Look { firm: &firm, logo: None };
        let accounts = [account.clone()];
        let mut sheet = reckoned_sheet(&look, &buyer(), &accounts, (from, to), "4711-K7QD-93MX");
        flag_restated(&mut sheet, &look, &accounts, (to, &zone));
        let notes: Vec<_> = sheet.sections[0].table.rows.iter().map(|row| row.notes.last().cloned()).collect();
        assert_eq!(notes[2].as_deref(), Some(said));
        assert_eq!(notes.iter().flatten().filter(|note| note.as_str() == said).count(), 1);
    }
}

#[test]
fn a_statement_leads_from_opening_to_closing() {
    let sheet = statement_with(account_of_marlow());
    let section = &sheet.sections[0];
    assert_eq!(section.table.rows[0].cells, ["1 Sep", "Opening balance", "", "", "1,476.00"]);
    assert_eq!(section.table.rows[2].cells, ["1 Oct", "Payment, thank you", "", "−1,476.00", "3,075.00"]);
    assert_eq!(section.table.rows[2].notes, ["Bank transfer, HF-2025-0338"]);
    assert_eq!(
        sums(section),
        [
            ("Balance before 1 September", "1,476.00"),
            ("Charged", "7,211.30"),
            ("Paid or credited", "−1,660.50"),
            ("Owed on 21 November", "€7,026.80"),
        ]
    );
    assert_eq!(section.breakdown.as_ref().unwrap().rows[0].cells[..3], ["4,136.30", "0.00", "2,890.50"]);
    assert!(sheet.payment.is_some());
    assert_eq!(sheet.number, "1 Sep 2025 to 21 Nov 2025", "every page says its period");
    let html = html(&sheet).into_string();
    assert!(html.contains("Invoice HF-2025-0361<small>Supply agreement, first draft</small>"), "{html}");
}

#[test]
fn a_balance_in_the_client_s_favour_is_said_and_not_asked_for() {
    let sheet = statement_with(vec![entry(date(2025, 10, 1), EntryKind::Receipt, "", "", -5_000)]);
    assert_eq!(sums(&sheet.sections[0]).last(), Some(&("In your favour on 21 November", "€50.00")));
    assert_eq!(sheet.payment, None);
    assert!(sheet.sections[0].table.rows[1].notes.is_empty());
}

#[test]
fn names_that_look_like_markup_stay_text() {
    let mut bill = invoice(vec![line("<script>alert(1)</script>\n<b>", "1", Unit::Each, "1", "23")]);
    bill.title = "</h2><img src=x>".into();
    let html = html(&sheet_of(&bill, None, None)).into_string();
    assert!(!html.contains("<script>") && !html.contains("<img"), "{html}");
}
