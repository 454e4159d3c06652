//! Imports: what comes in from other programs, as a whole or not at all, tried first, undone as a whole.

use std::io::Write;
use std::time::Instant;

use counterfoil::actions::imports::columns::Listing;
use counterfoil::actions::imports::files::{NamedFile, intake};
use counterfoil::actions::imports::intake::Intake;
use counterfoil::actions::imports::table::{DateOrder, Reading};
use counterfoil::actions::imports::{self, Brought, Choices, Report};
use counterfoil::actions::invoices;
use counterfoil::actions::payments::{self, Apply};
use counterfoil::documents::einvoice::{Bill, Frozen, cii, ubl};
use counterfoil::documents::{self, offered, rendition};
use counterfoil::domain::firm::Locale;
use counterfoil::domain::format::Format;
use counterfoil::domain::ids::ImportId;
use counterfoil::domain::invoice::Invoice;
use counterfoil::domain::money::Currency;
use counterfoil::store::prelude::*;
use jiff::civil::date;

use crate::einvoices::samples;
use crate::house::*;

fn files(named: &[(&str, &[u8])]) -> Vec<NamedFile> {
    named.iter().map(|(name, bytes)| NamedFile { name: (*name).to_owned(), bytes: bytes.to_vec() }).collect()
}

fn read_as(reading: &Reading, named: &[(&str, &[u8])]) -> Intake {
    intake(&files(named), reading, Currency::EUR, |_, _| {})
}

fn read(named: &[(&str, &[u8])]) -> Intake {
    read_as(&Reading::default(), named)
}

impl TestHouse {
    fn look(&self, intake: &Intake, choices: Choices) -> Report {
        let scope = self.scope(self.who.orla);
        self.app.store.read(|r| imports::look(r, &scope, intake, choices)).unwrap()
    }

    async fn import(&self, intake: Intake, choices: Choices) -> Result<Brought, ActError> {
        let settings = self.app.settings.clone();
        let act =
            move |w: &mut WriteTx<'_>, scope: &_| imports::perform(w, scope, &settings, &intake, choices, |_, _| {});
        self.act(self.who.orla, act).await
    }

    async fn undo(&self, id: ImportId) -> Result<(), ActError> {
        let settings = self.app.settings.clone();
        self.act(self.who.orla, move |w, scope| imports::undo(w, scope, &settings, id, |_, _| {})).await
    }

    fn numbered(&self, number: &str) -> Option<Invoice> {
        let number = number.parse().unwrap();
        self.app
            .store
            .read(|r| Ok::<_, StoreError>(r.invoice_numbered(&number)?.map(|id| r.invoice(id))))
            .unwrap()
            .map(|x| x.unwrap().unwrap())
    }

    fn clients(&self) -> Vec<String> {
        let all = self.app.store.read(|r| r.clients_by_name("", None, 1_000)).unwrap();
        all.into_iter().map(|x| x.party.name).collect()
    }

    /// The document as UBL and CII, as this house exports it.
    pub(crate) fn exported(&self, invoice: &Invoice, format: Format) -> Vec<u8> {
        let read = |r: &ReadTx| {
            let issue = invoice.issue.as_ref().unwrap();
            let firm = r.firm()?;
            let parties = (&issue.seller, &issue.buyer);
            let sheet = invoices::sheet(r, &firm, parties, invoice, Some(&issue.number), &issue.totals)?;
            let (credits, original) = (invoices::credited(r, invoice)?, invoices::original(r, issue)?);
            Ok::<_, StoreError>(rendition(format, invoice, credits.as_ref(), &sheet, original.as_deref()))
        };
        self.app.store.read(read).unwrap().unwrap()
    }
}

fn refusal(done: Result<impl std::fmt::Debug, ActError>) -> String {
    match done.unwrap_err() {
        ActError::Refused(why) => why.to_string(),
        other => panic!("{other}"),
    }
}

/// Texts of everything that was remarked, the grave ones marked.
fn said(report: &Report) -> String {
    report
        .remarks
        .iter()
        .map(|x| format!("{}{} {} {}: {}\n", if x.grave { "!" } else { "" }, x.file, x.row, x.column, x.message))
        .collect()
}

#[tokio::test]
async fn what_is_exported_comes_in_elsewhere_and_goes_out_again_as_the_same_bytes() {
    let home = TestHouse::new().await.heedless_of_mail();
    let (id, number) = home.issue(home.who.marlow, 1_230_45, date(2026, 12, 23)).await;
    let invoice = home.numbered(number.as_str()).unwrap();
    let (by, scope) = (home.by(home.who.orla), home.scope(home.who.orla));
    let credit = invoices::credit(&home.app, by, &scope, id, "Wrong unit".to_owned()).await.unwrap();
    let credit = home.numbered(credit.as_str()).unwrap();
    for (format, name) in [(Format::Ubl, "xml"), (Format::Cii, "cii.xml")] {
        let away = TestHouse::seeded(2).await;
        let written = [&invoice, &credit].map(|x| home.exported(x, format));
        let names = [format!("a.{name}"), format!("b.{name}")];
        // Given the wrong way round, the credit note still finds its invoice.
        let intake = read(&[(&names[1], &written[1]), (&names[0], &written[0])]);
        let report = away.look(&intake, Choices::default());
        assert_eq!((said(&report).as_str(), report.count.invoices, report.count.credits), ("", 1, 1));
        assert_eq!(report.count.sums["EUR"], [1_230_45, 1_230_45, 0]);
        away.import(intake, Choices::default()).await.unwrap();
        for (original, written) in [&invoice, &credit].into_iter().zip(&written) {
            let there = away.numbered(original.number().unwrap().as_str()).unwrap();
            assert_eq!(there.payable(), original.payable());
            assert_eq!(there.client, away.who.marlow, "known by its name");
            assert_eq!(&away.exported(&there, format), written, "the same bytes go out again");
            // Written in the other vocabulary it says what it said at home.
            let other = if format == Format::Ubl { Format::Cii } else { Format::Ubl };
            let again = away.exported(&there, other);
            let at_home = home.exported(original, other);
            assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(at_home).unwrap());
        }
        assert_eq!(away.open(away.numbered(number.as_str()).unwrap().id), 0, "credited as at home");
    }
}

#[tokio::test]
async fn a_factur_x_keeps_its_pdf_and_gives_its_xml() {
    let home = TestHouse::new().await.heedless_of_mail();
    let (_, number) = home.issue(home.who.marlow, 99_00, date(2026, 12, 23)).await;
    let invoice = home.numbered(number.as_str()).unwrap();
    let issue = invoice.issue.as_ref().unwrap();
    let pdf = home.app.store.read(|r| r.file(issue.pdf.digest)).unwrap().unwrap();
    let away = TestHouse::seeded(2).await;
    away.import(read(&[("x.pdf", &pdf)]), Choices::default()).await.unwrap();
    let there = away.numbered(number.as_str()).unwrap();
    assert_eq!(there.issue.as_ref().unwrap().pdf.digest, issue.pdf.digest);
    let bill = Bill::of(&invoice, &Frozen::of(issue, None)).unwrap();
    assert_eq!(away.exported(&there, Format::Cii), cii(&bill).into_bytes());
    assert_eq!(away.exported(&there, Format::Ubl), ubl(&bill).into_bytes());
    assert!(offered(&there).contains(&Format::Csv));
}

#[tokio::test]
async fn history_sends_no_letter_and_reminds_nobody_unless_that_is_chosen() {
    let table = "Invoice number,Client,Date,Due date,Item,Quantity,Price\nOLD-1,Marlow Ceramics,2026-09-01,2026-12-01,Advice,1,100.00\n";
    for remind in [false, true] {
        let house = TestHouse::new().await;
        house.import(read(&[("old.csv", table.as_bytes())]), Choices { remind, ..Choices::default() }).await.unwrap();
        house.tick().await;
        for days in 1..40 {
            house.at(date(2026, 11, 23).checked_add(jiff::Span::new().days(days)).unwrap(), 10);
            house.tick().await;
        }
        let letters = house.claim_all();
        assert_eq!(letters > 0, remind, "{letters} letters");
        // Money that comes and goes starts no reminders either.
        let old = house.numbered("OLD-1").unwrap();
        let receipt = house.pay(house.who.marlow, 100_00, vec![old.id]).await;
        let allocation = house.app.store.read(|r| r.allocations_of(old.id)).unwrap().remove(0).id;
        let settings = house.app.settings.clone();
        house
            .act(house.who.orla, move |w, scope| payments::undo(w, scope, &settings, (old.id, allocation), "x"))
            .await
            .unwrap();
        let _ = receipt;
        let due = house.app.store.read(|r| r.reminders_ahead(9)).unwrap();
        assert!(remind || due.is_empty());
    }
}

#[tokio::test]
async fn all_of_it_comes_in_or_nothing_and_what_cant_can_be_left_out() {
    let house = TestHouse::new().await;
    let table = "Invoice number,Client,Date,Item,Quantity,Price,Total\n\
                 A-1,Newcomer Ltd,2026-09-01,Advice,2,50.00,100.00\n\
                 A-2,Newcomer Ltd,2026-09-01,Advice,2,50.00,99.00\n\
                 A-3,Newcomer Ltd,soon,Advice,2,50.00,\n\
                 \n\
                 A-4,Newcomer Ltd,2026-09-01,Advice,two,50.00,\n";
    let intake = read(&[("t.csv", table.as_bytes())]);
    let before = house.clients();
    let report = house.look(&intake, Choices::default());
    let told = said(&report);
    assert!(told.contains("!t.csv 3 Total: It says EUR 99.00, but the lines come to EUR 100.00."), "{told}");
    assert!(told.contains("!t.csv 4 Date: \"soon\" is no date."), "{told}");
    assert!(told.contains("!t.csv 6 Quantity: \"two\" is no number."), "{told}");
    assert_eq!((report.grave(), report.count.invoices, report.count.clients), (3, 1, 1));
    let why = refusal(house.import(intake.clone(), Choices::default()).await);
    assert!(why.contains("t.csv, row 3: It says EUR 99.00"), "{why}");
    assert_eq!(house.clients(), before, "nothing came in");
    let brought = house.import(intake.clone(), Choices { leave_out: true, ..Choices::default() }).await.unwrap();
    assert_eq!(brought.words, "1 client, 1 document");
    assert!(house.numbered("A-1").is_some() && house.numbered("A-2").is_none());
    // The same files again are recognised, whatever is to be left out.
    let again = house.import(intake, Choices { leave_out: true, ..Choices::default() }).await;
    assert!(refusal(again).contains("imported already"));
    let strict = Choices { add_clients: false, ..Choices::default() };
    let other = read(&[("u.csv", b"Invoice number,Client,Date,Item,Quantity,Price\nB-1,Nobody,2026-09-01,x,1,1\n")]);
    assert!(said(&house.look(&other, strict)).contains("!u.csv 2 client: No client is called \"Nobody\"."));
}

#[tokio::test]
async fn an_import_is_undone_until_something_is_built_on_it() {
    let house = TestHouse::new().await.heedless_of_mail();
    let before = (house.clients(), house.app.store.read(|r| r.receipts(None, 99)).unwrap());
    let (mine, _) = house.issue(house.who.marlow, 500_00, date(2026, 12, 23)).await;
    let own = house.app.store.read(|r| r.invoice(mine)).unwrap().unwrap().number().unwrap().to_string();
    let clients = "Name,City,First name,Last name,Email\nFrost & Co,Cork,Ida,Frost,ida@frost.example\n";
    let invoices_csv = "Invoice number,Client,Date,Item,Quantity,Price\nF-1,Frost & Co,2026-09-01,Advice,1,80.00\nF-2,Frost & Co,2026-09-02,Advice,1,20.00\n";
    let money = format!(
        "Client,Invoice number,Amount,Date\n,F-1,80.00,2026-10-01\n,F-2,25.00,2026-10-02\nMarlow Ceramics,{own},500.00,2026-11-23\n"
    );
    let all =
        || read(&[("c.csv", clients.as_bytes()), ("i.csv", invoices_csv.as_bytes()), ("p.csv", money.as_bytes())]);
    let report = house.look(&all(), Choices::default());
    assert!(
        said(&report).contains("EUR 5.00 of it is more than is open of F-2; it stays on account."),
        "{}",
        said(&report)
    );
    let brought = house.import(all(), Choices::default()).await.unwrap();
    assert_eq!(brought.words, "1 client, 1 contact, 2 documents, 3 payments");
    assert_eq!((house.open(mine), house.open(house.numbered("F-2").unwrap().id)), (0, 0));
    assert!(house.verify().is_clean());
    house.undo(brought.id).await.unwrap();
    assert!(house.verify().is_clean(), "{:?}", house.verify().faults);
    assert_eq!(house.open(mine), 500_00, "what it had paid is open again");
    assert_eq!((house.clients(), house.app.store.read(|r| r.receipts(None, 99)).unwrap()), before);
    assert!(house.numbered("F-1").is_none());
    let twice = refusal(house.undo(brought.id).await);
    assert!(twice.contains("undone already, on 23 November 2026 by Orla Byrne."), "{twice}");
    let mut orla = crate::desk::desk_of(&house, house.who.orla).await;
    let page = orla.get(&format!("/desk/imports/{}", brought.id)).await.text();
    assert!(page.contains("It was undone already.") && page.contains("By Orla Byrne, "), "{page}");
    let pressed = orla.post(&format!("/desk/imports/{}/undo", brought.id), &[]).await;
    assert_eq!(pressed.location(), format!("/desk/imports/{}", brought.id));
    assert!(refusal(house.undo(ImportId(99)).await).contains("nothing here"), "one that never was");
    let frost = |house: &TestHouse| house.numbered("F-1").unwrap();

    // A payment, a letter, a look by the client, a number that followed: each keeps it from being undone.
    let second = house.import(all(), Choices::default()).await.unwrap();
    let credit = house.pay(frost(&house).client, 1_00, vec![]).await;
    let why = refusal(house.undo(second.id).await);
    assert!(why.contains("the client Frost & Co made a payment since"), "{why}");
    let _ = credit;

    let house = TestHouse::seeded(3).await.heedless_of_mail();
    let only = read(&[("i.csv", invoices_csv.as_bytes())]);
    let third = house.import(only, Choices::default()).await.unwrap();
    let paid = frost(&house);
    let receipt = house.receipt(paid.client, 10_00, Apply::Default(vec![paid.id]));
    house.act(house.who.orla, move |w, scope| payments::record(w, scope, &receipt)).await.unwrap();
    assert!(refusal(house.undo(third.id).await).contains("F-1 was paid or credited since"));

    let house = TestHouse::seeded(4).await.heedless_of_mail();
    let series =
        "Invoice number,Client,Date,Item,Quantity,Price\nHF-2026-0001,Marlow Ceramics,2026-09-01,Advice,1,80.00\n";
    let fourth = house.import(read(&[("s.csv", series.as_bytes())]), Choices::default()).await.unwrap();
    let (_, number) = house.issue(house.who.marlow, 1_00, date(2026, 12, 23)).await;
    assert_eq!(number.as_str(), "HF-2026-0002", "the series goes on after it");
    assert!(refusal(house.undo(fourth.id).await).contains("the series has gone on after HF-2026-0001"));
}

/// Sums of the invoices that came in, by number.
fn sums(house: &TestHouse, number: &str) -> (i64, i64, i64) {
    let totals = house.numbered(number).unwrap().issue.unwrap().totals;
    (totals.net, totals.vat, totals.payable)
}

#[tokio::test]
async fn exports_of_quickbooks_xero_and_invoice_ninja_are_recognised() {
    let house = TestHouse::new().await;
    let quickbooks = "*InvoiceNo,*Customer,*InvoiceDate,*DueDate,Terms,Location,Memo,Item(Product/Service),\
        ItemDescription,ItemQuantity,ItemRate,*ItemAmount,*ItemTaxCode,ItemTaxAmount,Currency,Service Date\n\
        QT-47,James Wood,16/04/2026,16/05/2026,,,,Stone,\"Works, Brink Farm\",4.5,185.00,832.50,20.0% S,166.50,GBP,\n\
        QT-47,,,,,,,Labour,Skilled,12,400.00,4800.00,20.0% S,960.00,GBP,\n";
    let xero = "*ContactName,EmailAddress,POAddressLine1,POAddressLine2,POCity,POPostalCode,POCountry,\
        *InvoiceNumber,Reference,*InvoiceDate,*DueDate,Total,InventoryItemCode,*Description,*Quantity,*UnitAmount,\
        Discount,*AccountCode,*TaxType,TaxAmount,Currency\n\
        City Agency,ap@city.example,L4,14 Quay,Wellington,6012,New Zealand,\
        INV-0041,P/O 8,14/01/2026,24/01/2026,,BOOK,Fish,1,19.95,10,200,15% GST on Income,,NZD\n\
        City Agency,,,,,,,INV-0041,P/O 8,14/01/2026,24/01/2026,,,Consulting,2.5,120,,200,15% GST on Income,,NZD\n";
    let ninja = "\"Invoice Ninja v4.5.17\",,,\n,,,\nINVOICES,,,\n\
        Client,Email,Invoice Number,Amount,Paid,PO Number,Status,Invoice Date,Due Date,Discount,\
        Item Product,Item Notes,Item Cost,Item Quantity\n\
        Marlow Ceramics,ana@x.example,1,$13.50,$5.01,PO 9,Partial,2019-11-25,2019-10-20,,et,Ad neque,1.35,10\n\
        Marlow Ceramics,ana@x.example,2,$26.67,,,Paid,2019-11-25,2019-12-20,,a,b,8.89,3\n\
        Marlow Ceramics,ana@x.example,2,$26.67,,,Paid,2019-11-25,2019-12-20,,a,b,8.89,3\n";
    let ninja_money = "\"Invoice Ninja\",,,\n,,,\nPayments,,,\nClient,Invoice Number,Amount,Date\n\
        Marlow Ceramics,1,$13.50 ,10/20/2019\n\
        Marlow Ceramics,2,$20.00 ,2/9/2020\n";
    let intake = read(&[
        ("q.csv", quickbooks.as_bytes()),
        ("x.csv", xero.as_bytes()),
        ("n.csv", ninja.as_bytes()),
        ("p.csv", ninja_money.as_bytes()),
    ]);
    let listings: Vec<_> = intake.tables.iter().map(|x| x.listing).collect();
    let invoices = Some(Listing::Invoices);
    assert_eq!(listings, [invoices, invoices, invoices, Some(Listing::Payments)]);
    let report = house.look(&intake, Choices::default());
    assert_eq!(report.grave(), 0, "{}", said(&report));
    assert!(said(&report).contains("n.csv 5 Due Date: It is before the date of the invoice"), "{}", said(&report));
    assert!(said(&report).contains("n.csv 6 Invoice Number: A row stands in it more than once"), "{}", said(&report));
    house.import(intake, Choices::default()).await.unwrap();
    assert_eq!(sums(&house, "QT-47"), (5_632_50, 1_126_50, 6_759_00));
    // 19.95 less ten percent is 17.96, and 300.00: 15% of 317.96 is 47.69.
    assert_eq!(sums(&house, "INV-0041"), (317_96, 47_69, 365_65));
    assert_eq!(sums(&house, "1"), (13_50, 0, 13_50));
    assert_eq!(sums(&house, "2"), (26_67, 0, 26_67));
    assert_eq!(house.open(house.numbered("1").unwrap().id), 0);
    assert_eq!(house.open(house.numbered("2").unwrap().id), 6_67);
    let quick = house.numbered("QT-47").unwrap();
    assert_eq!((quick.dated, quick.due), (date(2026, 4, 16), date(2026, 5, 16)));
    assert_eq!(quick.issue.as_ref().unwrap().pdf.media_type, documents::CSV);
    assert!(!offered(&quick).contains(&Format::Ubl), "a table says too little for an e-invoice");
    let xero = house.numbered("INV-0041").unwrap();
    let client = house.app.store.read(|r| r.client(xero.client)).unwrap().unwrap();
    assert_eq!((client.party.city.as_str(), client.party.country.as_str()), ("Wellington", "NZ"));
    assert_eq!(client.party.address, ["L4", "14 Quay"]);
    // The copy that is drawn of it says what it is.
    let pdf = house.app.store.read(|r| invoices::pdf_of(&house.app, r, &quick)).unwrap().unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
}

#[tokio::test]
async fn dates_that_can_be_read_two_ways_are_asked_about() {
    let house = TestHouse::new().await;
    let table = b"Client,Amount,Date\nMarlow Ceramics,10.00,02/03/2026\n";
    let unclear = read(&[("p.csv", table)]);
    assert!(unclear.tables[0].dates_unclear);
    assert!(
        said(&house.look(&unclear, Choices::default())).contains("It can’t be told whether day or month stands first")
    );
    for (order, day) in [(DateOrder::DayFirst, date(2026, 3, 2)), (DateOrder::MonthFirst, date(2026, 2, 3))] {
        let house = TestHouse::new().await;
        let clear = read_as(&Reading { dates: Some(order), ..Reading::default() }, &[("p.csv", table)]);
        house.import(clear, Choices::default()).await.unwrap();
        assert_eq!(house.app.store.read(|r| r.receipts(None, 9)).unwrap()[0].on, day);
    }
}

#[tokio::test]
async fn what_another_firm_issued_is_refused_unless_it_is_wanted() {
    let Some(folder) = samples() else { return };
    let house = TestHouse::new().await;
    let bytes = std::fs::read(folder.join("invoices/03_ubl-tc434-example5.xml")).unwrap();
    let intake = read(&[("a.xml", &bytes)]);
    let told = said(&house.look(&intake, Choices::default()));
    assert!(told.contains("!a.xml 0 seller: It was issued by SellerCompany, not by Hartmann & Finch LLP."), "{told}");
    house.import(intake, Choices { any_seller: true, ..Choices::default() }).await.unwrap();
    let there = house.numbered("TOSL110").unwrap();
    assert_eq!((there.payable().minor, there.currency.code()), (2_337_50, "DKK"));
    assert_eq!(there.issue.unwrap().seller.name, "SellerCompany");
}

#[tokio::test]
async fn samples_of_other_programs_come_in_with_the_totals_that_they_state() {
    let Some(folder) = samples() else { return };
    let house = TestHouse::new().await.heedless_of_mail();
    let at = |name: &str| std::fs::read(folder.join("csv").join(name)).unwrap();
    let names = ["in-clients.csv", "in-invoice.csv", "qbo-invoices-global.csv", "xero-sales-invoice-template.csv"];
    let all: Vec<(&str, Vec<u8>)> = names.iter().map(|x| (*x, at(x))).collect();
    let given: Vec<(&str, &[u8])> = all.iter().map(|x| (x.0, x.1.as_slice())).collect();
    let intake = read(&given);
    let report = house.look(&intake, Choices::default());
    assert!(report.count.invoices > 100, "{:?}\n{}", report.count, said(&report));
    // What is stated twice or adds up to something else is told row by row; the rest comes in.
    house.import(intake, Choices { leave_out: true, ..Choices::default() }).await.unwrap();
    assert_eq!(sums(&house, "QT-2026-0047"), (5_632_50, 1_126_50, 6_759_00));
    assert_eq!(sums(&house, "INV-0041"), (317_96, 47_69, 365_65));
    assert_eq!(sums(&house, "1"), (13_50, 0, 13_50));
    let american = read(&[("us.csv", &at("qbo-invoices-us.csv"))]);
    house.import(american, Choices::default()).await.unwrap();
    assert_eq!(sums(&house, "1001"), (1_080_40, 0, 1_080_40));
    let money = read(&[("in-payments.csv", &at("in-payments.csv"))]);
    let report = house.look(&money, Choices::default());
    assert!(
        report.count.payments > 300,
        "{:?}\n{}",
        report.count,
        said(&report).lines().take(20).collect::<Vec<_>>().join("\n")
    );
    house.import(money, Choices { leave_out: true, ..Choices::default() }).await.unwrap();
}

#[tokio::test]
async fn thousands_of_rows_come_in_at_once() {
    let rows: usize = std::env::var("COUNTERFOIL_IMPORT_ROWS").ok().and_then(|x| x.parse().ok()).unwrap_or(1_000);
    let house = TestHouse::new().await.heedless_of_mail();
    let mut table = String::from("Invoice number,Client,Date,Due date,Item,Quantity,Price,Tax\n");
    for n in 0..rows {
        table.push_str(&format!(
            "BIG-{n},Client {},2026-{:02}-01,2026-12-01,Advice,2,{}.50,23%\n",
            n % 200,
            n % 9 + 1,
            n % 700
        ));
    }
    #[expect(clippy::disallowed_methods, reason = "what is measured is real time")]
    let begun = Instant::now();
    let intake = read(&[("big.csv", table.as_bytes())]);
    let brought = house.import(intake, Choices::default()).await.unwrap();
    let mut err = std::io::stderr();
    writeln!(err, "{rows} rows in {:?}", begun.elapsed()).unwrap();
    assert_eq!(brought.words, format!("200 clients, {} documents", Locale::EnglishIreland.count(rows as u64)));
    let of = house.numbered("BIG-7").unwrap().client;
    assert_eq!(house.app.store.read(|r| r.invoices_dated(of, date(2026, 12, 31))).unwrap().len(), rows.div_ceil(200));
    house.undo(brought.id).await.unwrap();
    assert!(house.numbered("BIG-7").is_none());
}
