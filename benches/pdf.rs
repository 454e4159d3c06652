//! Medians for drawing one page and three pages. `cargo bench --bench pdf -- DIR` also writes the pages there, to look
//! at.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use counterfoil::documents::{
    Brand, Column, Fact, Fonts, Logo, LogoFormat, Meta, Payment, Recipient, Row, Section, Sheet, Table, Total, html,
    pdf,
};

const ROUNDS: usize = 100;

fn main() {
    let fonts = Fonts::embedded();
    let cold = timed(|| drop(pdf(&invoice(5), &fonts, &meta())));
    report("1 page, cold", cold);
    for (name, rows) in [("1 page, 5 lines", 5), ("3 pages, 40 lines", 40)] {
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|i| {
                let mut sheet = invoice(rows);
                sheet.number = format!("HF-2025-{i:04}");
                timed(|| drop(pdf(&sheet, &fonts, &meta())))
            })
            .collect();
        times.sort_unstable();
        report(name, times[ROUNDS / 2]);
    }
    if let Some(dir) = std::env::args().skip(1).find(|a| !a.starts_with('-')).map(PathBuf::from) {
        write(&dir);
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
fn report(name: &str, time: Duration) {
    println!("{name:20} {:7} µs", time.as_micros());
}

/// Samples for the eye: every feature of the layout, and what breaks layouts. Uses `logo.png` and `fallback.ttf` of
/// the folder if they are there.
fn write(dir: &std::path::Path) {
    let fallback = std::fs::read(dir.join("fallback.ttf")).ok();
    let fonts = fallback.map_or_else(Fonts::embedded, |b| Fonts::with_fallback(b).expect("a font"));
    let logo = std::fs::read(dir.join("logo.png")).ok();
    let logo = logo.map(|b| Logo { format: LogoFormat::Png, bytes: Arc::from(b) });
    let with_logo = |mut sheet: Sheet| {
        sheet.brand.logo = logo.clone();
        sheet
    };
    let draft =
        Sheet { banner: Some("DRAFT – not an invoice".into()), number: String::new(), ..with_logo(invoice(5)) };
    let mut hard = invoice(3);
    hard.sections[0].table.rows[0].cells[0] = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(120);
    hard.sections[0].table.rows[1].cells[0] =
        "Ελληνικά, Кириллица, Łódź, ₹ € → 日本語 🙂 \u{202e}evil\u{202c} עברית".into();
    hard.sections[0].table.rows[2].cells[4] = "999,999,999,999,999,999,999.99".into();
    let sheets = [
        ("one", with_logo(invoice(4))),
        ("three", invoice(40)),
        ("draft", draft),
        ("hard", hard),
        ("long", invoice(500)),
        ("statement", statement()),
        ("letter", Sheet { paper: counterfoil::documents::Paper::Letter, ..with_logo(invoice(20)) }),
    ];
    for (name, sheet) in sheets {
        let bytes = pdf(&sheet, &fonts, &meta()).expect("the samples are drawable");
        std::fs::write(dir.join(name).with_extension("pdf"), bytes).expect("the folder can be written");
        std::fs::write(dir.join(name).with_extension("html"), html(&sheet).into_string())
            .expect("the folder can be written");
    }
}

fn meta() -> Meta {
    Meta {
        title: "Invoice HF-2025-0412".into(),
        author: "Harbour & Finch LLP".into(),
        created: jiff::Timestamp::UNIX_EPOCH,
        document_id: "HF-2025-0412".into(),
    }
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}

fn invoice(lines: usize) -> Sheet {
    let work = [
        ("Drafting and negotiating the lease", "1 to 24 October, M. Finch", "11.5 h", "220.00", "2,530.00"),
        ("Title review and report", "Fixed fee, agreed 29 September", "1", "450.00", "450.00"),
        (
            "Call with the landlord’s solicitors about the repairing obligations in clause 7",
            "22 October",
            "1.5 h",
            "220.00",
            "330.00",
        ),
        ("Land Registry search fees", "Paid for you, at cost", "1", "65.00", "65.00"),
    ];
    let row = |i: usize| {
        let (what, note, quantity, rate, amount) = work[i % work.len()];
        Row { cells: strings(&[what, quantity, rate, "23%", amount]), notes: strings(&[note]), ..Row::default() }
    };
    let columns = vec![
        Column::text("What we did"),
        Column::figures("Quantity").wide_only(),
        Column::figures("Rate").wide_only(),
        Column::figures("VAT").wide_only(),
        Column::figures("Amount"),
    ];
    let totals = vec![
        Total::line("Fees", "3,310.00"),
        Total::line("VAT, 23% of 3,310.00", "761.30"),
        Total::line("Outlays, no VAT", "65.00"),
        Total::sum("Total in euro", "€4,136.30"),
    ];
    let table = Table { caption: "Lines".into(), columns, rows: (0..lines).map(row).collect(), ..Table::default() };
    Sheet {
        language: "en-IE".into(),
        title: "Invoice".into(),
        number: "HF-2025-0412".into(),
        brand: Brand {
            colour: [0x1d, 0x5c, 0x63],
            firm: "Harbour & Finch LLP".into(),
            lines: strings(&["Solicitors, 9 Sir John’s Lane, Dublin 2", "VAT IE 3456789 KH"]),
            ..Brand::default()
        },
        recipient: Recipient {
            label: "For".into(),
            lines: strings(&[
                "Marlow Ceramics Ltd",
                "Unit 2, Kiln Yard, Ringsend Road",
                "Dublin 4, D04 X2R6",
                "VAT IE 6388047 V",
            ]),
        },
        facts: vec![
            Fact::new("Number", "HF-2025-0412"),
            Fact::new("Issued", "28 October 2025"),
            Fact::new("Due", "27 November 2025"),
            Fact::new("Your PO", "7731"),
            Fact::new("Project", "Alder Wharf lease"),
        ],
        intro: strings(&["Dear Ana, here is our invoice for the lease of Unit 4, Alder Wharf."]),
        sections: vec![Section { table, totals, ..Section::default() }],
        notes: strings(&[
            "Please pay within 30 days. If anything here is unclear, reply to the e-mail it came with. Thank you.",
        ]),
        payment: Some(Payment {
            heading: "Pay by bank transfer".into(),
            facts: vec![
                Fact::new("Account name", "Harbour & Finch LLP"),
                Fact::new("IBAN", "IE29 AIBK 9311 5212 3456 78"),
                Fact::new("BIC", "AIBKIE2D"),
                Fact::new("Reference", "HF-2025-0412"),
            ],
            note: "Please use exactly this reference, so that your payment finds this invoice.".into(),
            ..Payment::default()
        }),
        footer: strings(&[
            "Harbour & Finch LLP, registered in Ireland, OC 301234. Regulated by the Law Society of Ireland.",
            "Partners: M. Finch, J. Harbour",
        ]),
        ..Sheet::default()
    }
}

fn statement() -> Sheet {
    let columns = || ["Date", "Document"].into_iter().map(|h| Column { heading: h.into(), ..Column::text(h) });
    let table = Table {
        caption: "Movements".into(),
        columns: columns().chain([Column::figures("Amount"), Column::figures("Balance")]).collect(),
        rows: vec![
            Row {
                cells: strings(&["1 October 2025", "Opening balance", "", "1,000.00"]),
                strong: true,
                ..Row::default()
            },
            Row {
                cells: strings(&["28 October 2025", "Invoice HF-2025-0412", "4,136.30", "5,136.30"]),
                ..Row::default()
            },
            Row {
                cells: strings(&["30 October 2025", "Payment, thank you", "−1,000.00", "4,136.30"]),
                ..Row::default()
            },
        ],
        ..Table::default()
    };
    let ageing = Table {
        caption: "How old it is".into(),
        columns: ["Current", "1–30", "31–60", "61–90", "Over 90"].into_iter().map(Column::figures).collect(),
        rows: vec![Row { cells: strings(&["4,136.30", "0.00", "0.00", "0.00", "0.00"]), ..Row::default() }],
        ..Table::default()
    };
    let section = |heading: &str| Section {
        heading: heading.into(),
        table: table.clone(),
        totals: vec![Total::sum("You owe", "€4,136.30")],
        breakdown: Some(ageing.clone()),
    };
    Sheet {
        title: "Statement".into(),
        number: String::new(),
        sections: vec![section("Euro"), section("Pound sterling")],
        payment: None,
        ..invoice(0)
    }
}
