//! Tests of the room that need nothing but Rust.

use jiff::Timestamp;

use super::fonts::Weight;
use super::layout::{Draw, Laid, lay_out};
use super::shape::Shaped;
use super::*;

fn meta() -> Meta {
    Meta {
        title: "Invoice A-1".into(),
        author: "Firm & Söhne".into(),
        created: Timestamp::UNIX_EPOCH,
        document_id: "A-1".into(),
    }
}

fn sheet(rows: usize) -> Sheet {
    let row = |i: usize| Row {
        cells: vec![format!("Line {i}"), "1,234.50".into()],
        notes: vec!["at cost".into()],
        ..Row::default()
    };
    let columns = vec![Column::text("What"), Column::figures("Amount").wide_only()];
    let table = Table { caption: "Lines".into(), columns, rows: (0..rows).map(row).collect(), ..Table::default() };
    let totals = vec![Total::line("Net", "1.00"), Total::sum("Total", "€1.00")];
    Sheet {
        title: "Invoice".into(),
        number: "A-1".into(),
        brand: Brand { firm: "Firm".into(), ..Brand::default() },
        sections: vec![Section { table, totals, ..Section::default() }],
        ..Sheet::default()
    }
}

fn draw(sheet: &Sheet) -> Vec<u8> {
    pdf(sheet, &Fonts::embedded(), &meta()).expect("the sheet is drawable")
}

fn laid(sheet: &Sheet) -> Laid {
    lay_out(sheet, &Fonts::embedded(), None).expect("the sheet fits")
}

fn texts(laid: &Laid, page: usize) -> Vec<&str> {
    let text = |m: &'_ super::layout::Mark| matches!(m.draw, Draw::Text { .. });
    laid.pages[page]
        .iter()
        .filter(|m| text(m))
        .filter_map(|m| if let Draw::Text { line, .. } = &m.draw { Some(line.text.as_str()) } else { None })
        .collect()
}

fn wrap(text: &str, ems: f32) -> Vec<String> {
    let fonts = Fonts::embedded();
    let lines = Shaped::new(&fonts, text, Weight::Regular, false).wrap(&fonts, ems);
    lines.iter().map(|l| l.text.clone()).collect()
}

#[test]
fn equal_input_gives_equal_bytes() {
    assert_eq!(draw(&sheet(40)), draw(&sheet(40)));
}

#[test]
fn the_file_is_a_tagged_archival_pdf_in_its_language() {
    let bytes = draw(&Sheet { language: "en-IE".into(), ..sheet(2) });
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.starts_with("%PDF-1.7"));
    for part in ["/StructTreeRoot", "/Lang(en-IE)", "<pdfaid:part>3", "<pdfuaid:part>1", "Invoice A-1", "/Scope/Column"]
    {
        assert!(text.contains(part), "{part} is missing");
    }
}

#[test]
fn factur_x_says_what_is_inside_and_every_object_is_where_the_table_says() {
    let payment = Payment { heading: "Pay".into(), code: code("BCD", "Scan"), ..Payment::default() };
    let sheet = Sheet { payment: Some(payment), ..sheet(2) };
    let bytes = factur_x(&sheet, &Fonts::embedded(), &meta(), "<xml/>".to_owned()).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let said = "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>";
    for part in [said, "<pdfaSchema:prefix>fx", "/AFRelationship/Alternative", "factur-x.xml"] {
        assert!(text.contains(part), "{part} is missing");
    }
    let find = |mark: &[u8], from: usize| bytes[from..].windows(mark.len()).position(|x| x == mark).unwrap() + from;
    let start = find(b"startxref\n", 0) + 10;
    let digits = bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count();
    let number = |at: usize, n: usize| std::str::from_utf8(&bytes[at..at + n]).unwrap().parse::<usize>().unwrap();
    let table = number(start, digits);
    assert!(bytes[table..].starts_with(b"xref\n0 "));
    let first = find(b"\n", table + 5) + 1;
    let rows = (first..).step_by(20).take_while(|row| matches!(bytes[row + 17], b'n' | b'f'));
    let mut objects = 0;
    for (n, row) in rows.enumerate().filter(|x| bytes[x.1 + 17] == b'n') {
        assert!(bytes[number(row, 10)..].starts_with(format!("{n} 0 obj").as_bytes()), "object {n}");
        objects += 1;
    }
    assert!(objects > 10);
}

#[test]
fn an_empty_sheet_is_one_page() {
    let laid = laid(&Sheet::default());
    assert_eq!(laid.pages.len(), 1);
    draw(&Sheet::default());
    draw(&sheet(0));
}

#[test]
fn five_hundred_rows_take_numbered_pages_that_each_repeat_the_head() {
    let laid = laid(&sheet(500));
    let count = laid.pages.len();
    assert!(count > 15, "{count} pages");
    for page in 0..count {
        let texts = texts(&laid, page);
        assert!(texts.contains(&format!("A-1  ·  Page {} of {count}", page + 1).as_str()));
        assert!(texts.contains(&"What"), "page {page} has no table head");
    }
}

#[test]
fn the_totals_are_never_parted_from_the_last_row() {
    for rows in 1..60 {
        let laid = laid(&sheet(rows));
        let last = texts(&laid, laid.pages.len() - 1);
        assert!(last.contains(&"€1.00"));
        assert!(last.contains(&format!("Line {}", rows - 1).as_str()), "{rows} rows");
    }
}

#[test]
fn nothing_is_drawn_outside_the_page() {
    let mut sheet = sheet(3);
    sheet.sections[0].table.rows[0].cells = vec!["ÄW".repeat(2_500), "9".repeat(900)];
    sheet.sections[0].table.columns.extend((0..30).map(|i| Column::figures(format!("Column {i}"))));
    sheet.sections[0].totals[0] = Total::line("x".repeat(300), "8".repeat(300));
    sheet.footer = vec!["Registered office ".repeat(400)];
    sheet.recipient.lines = vec!["A line of an address".into(); 200];
    let laid = laid(&sheet);
    for mark in laid.pages.iter().flatten() {
        let width = match &mark.draw {
            Draw::Text { line, size, .. } => line.width * size,
            Draw::Rule { length, .. } => *length,
            _ => 0.0,
        };
        assert!(mark.x > -0.01 && mark.x + width < laid.size.0 + 0.01, "{} + {width}", mark.x);
        assert!(mark.y > 0.0 && mark.y + mark.height < laid.size.1, "{} + {}", mark.y, mark.height);
    }
    draw(&sheet);
}

#[test]
fn no_text_is_lost_between_pages() {
    let words: Vec<String> = (0..3_000).map(|i| format!("w{i}")).collect();
    let laid = laid(&Sheet { notes: vec![words.join(" ")], ..sheet(1) });
    let drawn: Vec<&str> = (0..laid.pages.len()).flat_map(|p| texts(&laid, p)).collect();
    let drawn = drawn.join(" ");
    let drawn: Vec<&str> = drawn.split_whitespace().filter(|w| w.starts_with('w')).collect();
    assert_eq!(drawn, words);
}

#[test]
fn lines_break_after_spaces_and_inside_words_only_when_they_must() {
    assert_eq!(wrap("one two three", 4.5), ["one two ", "three"]);
    assert_eq!(wrap("one\ntwo", 50.0), ["one", "two"]);
    let parts = wrap(&"m".repeat(100), 8.0);
    assert!(parts.len() > 5 && parts.iter().all(|p| p.len() < 12));
    assert_eq!(parts.concat(), "m".repeat(100));
    assert_eq!(wrap("iiii", 0.0).len(), 4, "one character a line at the least");
}

#[test]
fn characters_that_reorder_or_hide_text_are_left_out() {
    assert_eq!(wrap("a\u{202e}b\u{2066}c\u{0}d\u{feff}e\tf", 50.0), ["abcde f"]);
}

#[test]
fn characters_without_a_glyph_are_boxes_and_keep_their_text() {
    let mut odd = sheet(1);
    odd.sections[0].table.rows[0].cells[0] = "日本語 🙂 עברית ar\u{301} \u{e000} \u{10ffff}".into();
    odd.title = "請求書".into();
    draw(&odd);
    let lines = wrap("日本", 50.0);
    assert_eq!(lines, ["日本"]);
}

#[test]
fn a_fallback_must_be_a_font() {
    assert_eq!(Fonts::with_fallback(b"not a font".to_vec()).err(), Some(DocumentError::Font));
    let inter = include_bytes!("../../assets/fonts/Inter-Regular.otf").to_vec();
    let fonts = Fonts::with_fallback(inter).expect("a font");
    assert!(pdf(&sheet(1), &fonts, &meta()).is_ok());
}

#[test]
fn a_logo_must_be_an_image_of_bearable_size() {
    let mut wrong = sheet(1);
    wrong.brand.logo = Some(Logo { format: LogoFormat::Png, bytes: b"\x89PNG".as_slice().into() });
    assert!(matches!(pdf(&wrong, &Fonts::embedded(), &meta()), Err(DocumentError::Logo(_))));
}

#[test]
fn html_escapes_and_hides_what_a_phone_has_no_room_for() {
    let mut sheet = Sheet { banner: Some("DRAFT".into()), ..sheet(1) };
    sheet.sections[0].table.rows[0].cells[0] = "<script>".into();
    sheet.sections[0].table.rows[0].narrow = "1 at 5".into();
    let text = html(&sheet).into_string();
    for part in ["&lt;script&gt;", "wide-only", "<small class=\"narrow\">1 at 5</small>", "<tr class=\"sum\">", "DRAFT"]
    {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(!text.contains("style="));
}

#[test]
fn a_bright_brand_is_darkened_and_a_dark_one_is_left_alone() {
    use super::pdf::readable;
    assert_eq!(readable([0x1d, 0x5c, 0x63]), [0x1d, 0x5c, 0x63]);
    let [r, g, b] = readable([0xff, 0xe6, 0x00]);
    assert!(r > b && g > b && r < 0x90, "{r} {g} {b} is still a dark yellow");
    assert!(readable([0xff; 3])[0] < 0x78);
}

#[test]
fn a_document_beyond_the_page_limit_is_refused() {
    let endless = Sheet { notes: vec!["a\n".repeat(60_000)], ..Sheet::default() };
    let refused = pdf(&endless, &Fonts::embedded(), &meta());
    assert_eq!(refused, Err(DocumentError::TooManyPages(1_000)));
}
