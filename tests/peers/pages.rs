//! Documents as rendered pages: drawn from fixed particulars, rendered by poppler and compared with the pages that are
//! kept in `tests/golden/pages`. A difference beyond anti-aliasing fails, and is shown in `target/pages`; pages that
//! are meant to look otherwise are kept anew with `COUNTERFOIL_BLESS=1`, after somebody has looked at them.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use counterfoil::documents::open_items::open_items_sheet;
use counterfoil::documents::quote::{Offer, quote_sheet};
use counterfoil::documents::receipt::{Beside, receipt_sheet};
use counterfoil::documents::statement::reckoned_sheet;
use counterfoil::documents::{Fonts, Logo, LogoFormat, Look, Meta, Sheet, pdf};
use counterfoil::domain::client::Party;
use counterfoil::domain::credit::Take;
use counterfoil::domain::firm::{Firm, Letterhead, Locale};
use counterfoil::domain::ids::{AllocationId, ClientId, Digest, FileRef, InvoiceId, ReceiptId, StaffId};
use counterfoil::domain::money::{Currency, Money};
use counterfoil::domain::open_items::{OpenItems, OpenLine};
use counterfoil::domain::payment::{Allocation, Method, Receipt, Settles, Source};
use counterfoil::domain::quote::{Answer, Version};
use counterfoil::domain::statement::{Ageing, Entry, EntryKind, Reckoned, balance_forward};
use counterfoil::domain::tax::{Content, Discount, Line, Period, Portion, Unit, Vat, VatCategory, totals};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use crate::corpus::{self, Case, case, dec, firm, parts};
use crate::program::succeeded;

/// Dots per inch: enough to see a letter out of its place.
const RESOLUTION: &str = "60";
/// How far a channel of a pixel may be off, for another version of the renderer.
const CHANNEL: u8 = 56;
/// How many pixels in ten thousand may be further off.
const PIXELS: usize = 6;

/// The work that bills are about: name, small print, quantity, unit, price.
const WORK: [(&str, &str, &str, Unit, &str); 7] = [
    ("Drafting and negotiating the lease", "1 to 24 October, M. Finch", "11.5", Unit::Hour, "220"),
    ("Title review and report", "Fixed fee, agreed on 29 September", "1", Unit::Each, "450"),
    ("Call with the landlord’s solicitors about repairs in clause 7", "22 October", "1.5", Unit::Hour, "220"),
    ("Land Registry search fees", "Paid for you, at cost", "1", Unit::Each, "65"),
    ("Review of the building survey", "With a note on the roof and the party wall", "3.25", Unit::Hour, "195"),
    ("Copies and courier", "", "4", Unit::Each, "12.5"),
    ("Meeting at your offices", "5 October, with the surveyor", "2", Unit::Hour, "220"),
];

fn lines(count: usize) -> Vec<Line> {
    let one = |n: usize| {
        let (name, note, quantity, unit, price) = &WORK[n % WORK.len()];
        let description = if note.is_empty() { (*name).to_owned() } else { format!("{name}\n{note}") };
        let vat = Vat { category: VatCategory::Standard, rate: dec(if n % 7 == 3 { "13.5" } else { "23" }) };
        Line { description, quantity: dec(quantity), unit: *unit, price: dec(price), vat, ..Line::default() }
    };
    (0..count).map(one).collect()
}

fn marlow() -> Party {
    Party {
        name: "Marlow Ceramics Ltd".into(),
        address: vec!["Unit 4, The Old Kiln".into()],
        city: "Dún Laoghaire".into(),
        postcode: "A96 X2C4".into(),
        country: "IE".into(),
        vat_id: "IE9876543W".into(),
        ..Party::default()
    }
}

fn invoice(name: &'static str, count: usize) -> Case {
    case(name, "EUR", Content::of(lines(count)), |invoice, _, buyer| {
        *buyer = marlow();
        invoice.reference = "PO 2217".into();
        invoice.note = "Outlays are charged at cost.".into();
    })
}

/// A mark of two bars and a disc.
fn logo(colour: [u8; 3]) -> Logo {
    const SIZE: (u32, u32) = (360, 96);
    let pixel = |x: u32, y: u32| {
        let (dx, dy) = (x.abs_diff(48), y.abs_diff(48));
        let bars = (110..340).contains(&x) && ((22..40).contains(&y) || (56..74).contains(&y) && x < 260);
        if dx * dx + dy * dy < 46 * 46 || bars { [colour[0], colour[1], colour[2], 255] } else { [0; 4] }
    };
    let pixels: Vec<u8> = (0..SIZE.1).flat_map(|y| (0..SIZE.0).flat_map(move |x| pixel(x, y))).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgba);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    Logo { format: LogoFormat::Png, bytes: Arc::from(bytes) }
}

fn branded() -> Sheet {
    let case = case("branded", "EUR", Content::of(lines(5)), |invoice, firm, buyer| {
        *buyer = marlow();
        invoice.period = Some(Period { from: date(2026, 10, 1), to: date(2026, 10, 31) });
        firm.colour = "#8a2d3b".into();
    });
    case.sheet(Some(logo([0x8a, 0x2d, 0x3b])))
}

fn yen() -> Sheet {
    let line = |description: &str, quantity, price| Line {
        description: description.into(),
        quantity: dec(quantity),
        price: dec(price),
        vat: Vat { category: VatCategory::OutOfScope, rate: dec("0") },
        ..Line::default()
    };
    let all = vec![line("Advice on the licence, October", "12", "38000"), line("Translation, 14 pages", "14", "6500")];
    case("yen", "JPY", Content::of(all), |invoice, _, buyer| {
        invoice.title = "Licence of the glaze process".into();
        *buyer = Party {
            name: "Kawase Toki K.K.".into(),
            address: vec!["2-14-5 Higashiyama".into()],
            city: "Nagoya".into(),
            postcode: "464-0807".into(),
            country: "JP".into(),
            ..Party::default()
        };
    })
    .sheet(None)
}

fn credit_note() -> Sheet {
    let take = Take::Lines(vec![(0, dec("3.5")), (5, dec("4"))]);
    let mut notes = parts("credit-note", invoice("of", 7), &[take]);
    let mut note = notes.remove(0);
    note.invoice.note = "Half a day was not needed, and the courier came free of charge.".into();
    note.sheet(None)
}

fn file() -> FileRef {
    FileRef { digest: Digest([0; 32]), length: 1, name: "a.pdf".into(), media_type: "application/pdf".into() }
}

/// A quote in German, its options as an advertising agency writes them: all quantities short, some prices long.
fn quote_german() -> Sheet {
    let line = |description: &str, quantity, unit, price| Line {
        description: description.into(),
        quantity: dec(quantity),
        unit,
        price: dec(price),
        vat: Vat { category: VatCategory::Standard, rate: dec("19") },
        ..Line::default()
    };
    let mut all = vec![
        line("Gestaltung der Webseite\nEntwurf, zwei Korrekturläufe, Umsetzung", "1", Unit::Each, "12800"),
        line("Fotografie in der Werkstatt", "2", Unit::Day, "1450"),
        line("Englische Fassung", "1", Unit::Each, "3200"),
        line("Pflege der Webseite im ersten Jahr", "4", Unit::Each, "890"),
    ];
    all[1].discount = Discount { portion: Portion::Percent(dec("7.5")), reason: "Mehrere Tage".into() };
    let content = Content::of(all);
    let mut charged = content.clone();
    charged.lines.truncate(2);
    let firm = Firm { locale: Locale::German, registration: "Zugelassen in Dublin.".into(), ..firm() };
    let version = Version {
        title: "Neue Webseite".into(),
        issued: date(2026, 11, 2),
        valid_until: date(2026, 11, 30),
        content,
        options: vec![3, 4],
        totals: totals(&charged, Currency::EUR).unwrap(),
        delivery: "Acht Wochen nach Ihrer Annahme".into(),
        note: "Reisekosten werden nach Aufwand berechnet.".into(),
        terms: "Die Hälfte ist mit der Annahme fällig, der Rest mit der Übergabe.".into(),
        news: String::new(),
        seller: firm.party.clone(),
        buyer: marlow(),
        letterhead: Letterhead::of(&firm),
        pdf: file(),
        at: Timestamp::UNIX_EPOCH,
        by: StaffId(1),
        answer: Answer::Open,
    };
    let look = Look { firm: &firm, logo: None };
    let number = "HF-Q-0032".parse().unwrap();
    quote_sheet(&look, &firm.party, &marlow(), &Offer::of(&number, 1, &version, None))
}

fn quote(firm: &Firm) -> Sheet {
    let mut all = lines(5);
    all[1].discount = Discount { portion: Portion::Percent(dec("10")), reason: "Old client".into() };
    let content = Content::of(all);
    let options = vec![4, 5];
    let mut charged = content.clone();
    charged.lines.truncate(3);
    let version = Version {
        title: "Lease of Unit 4".into(),
        issued: date(2026, 11, 2),
        valid_until: date(2026, 11, 30),
        content,
        options,
        totals: totals(&charged, Currency::EUR).unwrap(),
        delivery: "Within three weeks of your acceptance".into(),
        note: "Outlays are charged at cost.".into(),
        terms:
            "Our fees are due thirty days after each bill.\n\nEither side can end this with a month’s notice; what was \
                done until then is charged."
                .into(),
        news: String::new(),
        seller: firm.party.clone(),
        buyer: marlow(),
        letterhead: Letterhead::of(firm),
        pdf: file(),
        at: Timestamp::UNIX_EPOCH,
        by: StaffId(1),
        answer: Answer::Open,
    };
    let look = Look { firm, logo: None };
    let number = "HF-Q-0031".parse().unwrap();
    quote_sheet(&look, &firm.party, &marlow(), &Offer::of(&number, 2, &version, Some("Unit 4")))
}

fn statement(firm: &Firm) -> Sheet {
    let entry = |day: i8, kind, number: &str, title: &str, amount| Entry {
        date: date(2026, 10, day),
        kind,
        invoice: (kind != EntryKind::Receipt).then_some(InvoiceId(1)),
        receipt: None,
        number: number.to_owned(),
        title: title.to_owned(),
        way: None,
        amount,
        recorded_at: Timestamp::UNIX_EPOCH,
    };
    let before = Entry { date: date(2026, 9, 12), ..entry(1, EntryKind::Invoice, "HF-2026-0391", "Searches", 147_600) };
    let all = [
        before,
        entry(6, EntryKind::Invoice, "HF-2026-0412", "Lease of Unit 4", 413_630),
        entry(9, EntryKind::Receipt, "HF 391", "Received by bank transfer", -147_600),
        entry(15, EntryKind::CreditNote, "HF-CN-0021", "Half of it was not needed", -61_500),
        entry(28, EntryKind::Invoice, "HF-2026-0430", "Company secretary", 46_740),
    ];
    let (from, to): (Date, Date) = (date(2026, 10, 1), date(2026, 10, 31));
    let statement = balance_forward(all, from, to);
    let ageing = Ageing { current: 46_740, d1_30: 352_130, ..Ageing::default() };
    assert_eq!(ageing.total(), statement.closing);
    let account = Reckoned { currency: Currency::EUR, statement, ageing };
    let look = Look { firm, logo: None };
    reckoned_sheet(&look, &marlow(), &[account], (from, to), "4711-K7QD-93MX")
}

fn open_items(firm: &Firm) -> Sheet {
    type What = (Date, EntryKind, &'static str, &'static str, i64);
    let to = date(2026, 10, 31);
    let line = |(date, kind, number, title, amount): What, part, due, settled| OpenLine {
        entry: Entry {
            date,
            kind,
            invoice: (kind != EntryKind::Receipt).then_some(InvoiceId(1)),
            receipt: (kind == EntryKind::Receipt).then(|| "HF-R-0107".parse().unwrap()),
            number: number.to_owned(),
            title: title.to_owned(),
            way: None,
            amount,
            recorded_at: Timestamp::UNIX_EPOCH,
        },
        part,
        due,
        settled,
        open: amount - settled,
        settled_at: None,
        source: None,
    };
    let (invoice, second) = (EntryKind::Invoice, Some(date(2026, 11, 15)));
    let lease = (date(2026, 9, 6), invoice, "HF-2026-0412", "Lease of Unit 4", 413_630);
    let plan = (date(2026, 10, 15), invoice, "HF-2026-0430", "Company secretary", 46_740);
    let credit = (date(2026, 10, 15), EntryKind::CreditNote, "HF-CN-0021", "Half of it was not needed", -61_500);
    let paid = (date(2026, 10, 28), EntryKind::Receipt, "HF 430", "Received by bank transfer", -10_000);
    let lines = vec![
        line(lease, None, Some(date(2026, 10, 6)), 100_000),
        line(plan, Some((1, 2)), second, 0),
        line(credit, None, None, 0),
        line(paid, None, None, -4_000),
    ];
    let ageing = Ageing { current: 46_740, d1_30: 313_630, unapplied: 67_500, ..Ageing::default() };
    let account = OpenItems { currency: Currency::EUR, lines, ageing, later: Vec::new() };
    assert_eq!(account.total(), ageing.total());
    open_items_sheet(&Look { firm, logo: None }, &marlow(), &[account], (to, &TimeZone::UTC), "4711-K7QD-93MX")
}

fn receipt(firm: &Firm) -> Sheet {
    let (number, on) = ("HF-R-0107".parse().unwrap(), date(2026, 11, 5));
    let receipt = Receipt {
        id: ReceiptId(1),
        client: ClientId(1),
        number,
        payer: marlow(),
        payee: firm.party.clone(),
        amount: Money::new(500_000, Currency::EUR),
        on,
        method: Method::Transfer,
        reference: "HF 412 and 430".into(),
        at: Timestamp::UNIX_EPOCH,
        by: StaffId(1),
        reversed: None,
    };
    let part = |id, amount| Allocation {
        id: AllocationId(id),
        source: Source::Receipt(ReceiptId(1)),
        invoice: InvoiceId(id),
        amount: Money::new(amount, Currency::EUR),
        on,
        at: Timestamp::UNIX_EPOCH,
        reason: String::new(),
    };
    let of = |part, number: &str| Settles { part, number: number.parse().unwrap(), late_note: false };
    let parts = [of(part(1, 413_630), "HF-2026-0412"), of(part(2, 46_740), "HF-2026-0430")];
    let settles = Beside { parts: &parts, left: Money::new(39_630, Currency::EUR), on: date(2026, 11, 23) };
    receipt_sheet(&Look { firm, logo: None }, &receipt, &settles)
}

#[test]
fn pages_look_as_they_were_kept() {
    let (firm, mut german) = (firm(), corpus::german());
    let sheets = [
        ("invoice-long", invoice("long", 40).sheet(None)),
        ("invoice-branded", branded()),
        ("invoice-yen", yen()),
        ("invoice-german", german.remove(0).sheet(None)),
        ("credit-note-german", german.remove(german.len() - 1).sheet(None)),
        ("credit-note", credit_note()),
        ("quote", quote(&firm)),
        ("quote-german", quote_german()),
        ("statement", statement(&firm)),
        ("open-items", open_items(&firm)),
        ("receipt", receipt(&firm)),
    ];
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/pages");
    let shown = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    let (fonts, bless) = (Fonts::embedded(), std::env::var_os("COUNTERFOIL_BLESS").is_some());
    fs::create_dir_all(&kept).unwrap();
    let mut faults = Vec::new();
    for (name, sheet) in sheets {
        let now = rendered(&shown, name, &sheet, &fonts);
        if bless {
            kept_of(&kept, name).iter().for_each(|old| fs::remove_file(old).unwrap());
            for page in &now {
                fs::copy(page, kept.join(page.file_name().unwrap())).unwrap();
            }
        }
        let before = kept_of(&kept, name);
        if before.len() != now.len() {
            faults.push(format!("{name}: {} pages, and {} are kept", now.len(), before.len()));
        }
        for (now, before) in now.iter().zip(&before) {
            faults.extend(compared(now, before).err());
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_moved_line_is_seen() {
    let shown = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    let (fonts, firm) = (Fonts::embedded(), firm());
    let mut other = receipt(&firm);
    other.notes.insert(0, "A line more.".into());
    let before = rendered(&shown, "seen-before", &receipt(&firm), &fonts);
    let now = rendered(&shown, "seen-now", &other, &fonts);
    let fault = compared(&now[0], &before[0]).unwrap_err();
    assert!(fault.contains("see") && fault.contains("seen-now"), "{fault}");
}

/// The kept pages of a document, in their order.
fn kept_of(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|x| x.unwrap().path()).collect();
    let page = |path: &PathBuf| {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        stem.rsplit_once('-').is_some_and(|(of, n)| of == name && n.bytes().all(|b| b.is_ascii_digit()))
    };
    all.retain(page);
    all.sort();
    all
}

/// Draws and renders a document; its pages as files.
fn rendered(folder: &Path, name: &str, sheet: &Sheet, fonts: &Fonts) -> Vec<PathBuf> {
    fs::create_dir_all(folder).unwrap();
    kept_of(folder, name).iter().for_each(|old| fs::remove_file(old).unwrap());
    let meta = Meta {
        title: name.to_owned(),
        author: "Harbour & Finch LLP".to_owned(),
        created: Timestamp::UNIX_EPOCH,
        document_id: name.to_owned(),
    };
    let (file, stem) = (folder.join(format!("{name}.pdf")), folder.join(name));
    fs::write(&file, pdf(sheet, fonts, &meta).unwrap()).unwrap();
    let mut render = Command::new("pdftoppm");
    succeeded(render.args(["-png", "-r", RESOLUTION]).arg(&file).arg(&stem).output().unwrap());
    kept_of(folder, name)
}

struct Page {
    width: u32,
    height: u32,
    /// Three bytes for each.
    pixels: Vec<u8>,
}

fn read(path: &Path) -> Page {
    let mut reader = png::Decoder::new(BufReader::new(File::open(path).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight), "{path:?}");
    pixels.truncate(info.buffer_size());
    Page { width: info.width, height: info.height, pixels }
}

/// Compares two pages; what differs is drawn red on the page as it is now, beside it.
fn compared(now: &Path, before: &Path) -> Result<(), String> {
    let (page, kept) = (read(now), read(before));
    if (page.width, page.height) != (kept.width, kept.height) {
        return Err(format!("{}: another size", now.display()));
    }
    let (mut off, mut drawn) = (0, Vec::with_capacity(page.pixels.len()));
    for (a, b) in page.pixels.as_chunks::<3>().0.iter().zip(kept.pixels.as_chunks::<3>().0) {
        let differs = a.iter().zip(b).any(|(a, b)| a.abs_diff(*b) > CHANNEL);
        off += usize::from(differs);
        drawn.extend(if differs { [255, 0, 0] } else { a.map(|x| 128 + x / 2) });
    }
    let all = page.pixels.len() / 3;
    if off * 10_000 <= all * PIXELS {
        return Ok(());
    }
    let path = now.with_extension("differs.png");
    let mut encoder = png::Encoder::new(File::create(&path).unwrap(), page.width, page.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&drawn).unwrap();
    Err(format!("{}: {off} of {all} pixels differ; see {}", now.display(), path.display()))
}
