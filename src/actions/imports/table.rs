//! Tables of other programs (CSV): split into cells, headings found, dates and numbers read.
//!
//! Everything has a limit. What stands above the headings, as some programs write it, is passed over.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::columns::{Field, Listing, listing_of, recognised};
use crate::domain::money::parse_decimal;

/// Most rows of one table.
pub const ROWS_MAX: usize = 100_000;
/// Most columns.
pub const COLUMNS_MAX: usize = 200;
/// Longest cell, in bytes.
pub const CELL_MAX: usize = 32_768;
/// Rows in which the headings are looked for.
const HEAD_ROWS: usize = 10;

/// In which order days and months are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// 27/11/2026.
    DayFirst,
    /// 11/27/2026.
    MonthFirst,
}

impl DateOrder {
    /// The order of a form's word.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "dmy" => Some(Self::DayFirst),
            "mdy" => Some(Self::MonthFirst),
            _ => None,
        }
    }
}

/// How a table is to be read, where its headings and cells don't say it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What it lists; told from its headings when `None`.
    pub listing: Option<Listing>,
    /// What columns hold, by heading; `None` for nothing. Others are as their heading says.
    pub columns: Vec<(String, Option<Field>)>,
    /// In which order days and months are written, where it can't be told.
    pub dates: Option<DateOrder>,
    /// Whether prices include VAT.
    pub gross: bool,
    /// The currency of amounts without one; the client's when `None`.
    pub currency: Option<crate::domain::money::Currency>,
    /// Where the lines of an invoice don't come to its total, the total is right.
    pub trust_totals: bool,
}

/// A row's cells, with its number in the file.
pub type Numbered = (u32, Vec<String>);

/// A table with its columns understood.
#[derive(Clone, Debug)]
pub struct Table {
    /// What it lists.
    pub listing: Listing,
    /// Its headings.
    pub headings: Vec<String>,
    /// What each column holds.
    pub columns: Vec<Option<Field>>,
    /// Its rows, each with its number in the file.
    pub rows: Vec<Numbered>,
}

/// Splits a table and finds its headings.
///
/// # Errors
/// A sentence with the row, where there is one.
pub fn parse(bytes: &[u8], reading: &Reading) -> Result<Table, (u32, String)> {
    let text = decode(bytes)?;
    let rows = split(&text)?;
    let found = rows.iter().take(HEAD_ROWS).enumerate().find_map(|(at, (_, cells))| {
        let listing = reading.listing.or_else(|| listing_of(cells))?;
        let columns = columns(listing, cells, reading);
        let whole = listing.needed().iter().all(|x| columns.contains(&Some(*x)));
        whole.then_some((at, listing, columns))
    });
    let Some((at, listing, columns)) = found else { return Err(unknown(&rows, reading)) };
    let mut rows = rows.into_iter().skip(at);
    let headings = rows.next().map(|x| x.1).unwrap_or_default();
    let rows = rows.filter(|(_, cells)| cells.iter().any(|x| !x.is_empty())).collect();
    Ok(Table { listing, headings, columns, rows })
}

/// The headings of a table whose columns nobody understood yet, so that a person can say what they hold.
pub fn headings(bytes: &[u8]) -> Vec<String> {
    let rows = decode(bytes).and_then(|text| split(&text)).unwrap_or_default();
    let widest = rows
        .iter()
        .take(HEAD_ROWS)
        .max_by_key(|(n, x)| (x.iter().filter(|x| !x.is_empty()).count(), std::cmp::Reverse(*n)));
    widest.map(|x| x.1.clone()).unwrap_or_default()
}

fn columns(listing: Listing, headings: &[String], reading: &Reading) -> Vec<Option<Field>> {
    let mut columns = recognised(listing, headings);
    for (heading, field) in &reading.columns {
        for (at, _) in headings.iter().enumerate().filter(|x| x.1 == heading) {
            if let Some(column) = columns.get_mut(at) {
                *column = *field;
            }
        }
    }
    columns
}

fn unknown(rows: &[(u32, Vec<String>)], reading: &Reading) -> (u32, String) {
    if rows.is_empty() {
        return (0, "The table is empty.".to_owned());
    }
    let listing = reading.listing.map_or_else(
        || "Say what it lists (clients, contacts, invoices or payments)".to_owned(),
        |x| {
            let needed: Vec<&str> = x.needed().iter().map(|x| x.word()).collect();
            format!("A table of {} needs the columns {}; say which they are", x.word(), needed.join(", "))
        },
    );
    (1, format!("Its headings are not understood. {listing}."))
}

/// UTF-8, or else Windows' Western European characters, in which older programs write.
fn decode(bytes: &[u8]) -> Result<String, (u32, String)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.contains(&0) {
        return Err((0, "This is no text. Save the table as CSV in UTF-8.".to_owned()));
    }
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| western(*b)).collect(),
    })
}

/// A byte of Windows-1252.
fn western(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH.get(usize::from(byte - 0x80)).copied().unwrap_or('?'),
        _ => char::from(byte),
    }
}

fn split(text: &str) -> Result<Vec<Numbered>, (u32, String)> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let at = u32::try_from(rows.len() + 1).unwrap_or(u32::MAX);
        let record = record.map_err(|error| (at, format!("This row can’t be read: {error}.")))?;
        let line = record.position().map_or(at, |x| line_of(text, x.byte(), x.line()));
        if rows.len() == ROWS_MAX {
            return Err((line, format!("The table has more than {ROWS_MAX} rows. Divide it.")));
        }
        if record.len() > COLUMNS_MAX {
            return Err((line, format!("This row has more than {COLUMNS_MAX} columns.")));
        }
        if record.iter().any(|x| x.len() > CELL_MAX) {
            return Err((line, format!("A cell of this row is longer than {CELL_MAX} bytes.")));
        }
        rows.push((line, record.iter().map(|x| unguarded(x.trim()).to_owned()).collect()));
    }
    Ok(rows)
}

/// The line of a row: empty lines before it count as its own to the reader, and not to whoever looks for it.
fn line_of(text: &str, byte: u64, line: u64) -> u32 {
    let rest = usize::try_from(byte).ok().and_then(|at| text.as_bytes().get(at..)).unwrap_or_default();
    let empty = rest.iter().take_while(|b| matches!(b, b'\n' | b'\r')).filter(|b| **b == b'\n').count() as u64;
    u32::try_from(line.saturating_add(empty)).unwrap_or(u32::MAX)
}

/// Without the apostrophe that keeps a spreadsheet from reckoning a cell, as we write it ourselves.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => cell,
    }
}

/// What separates the cells: whichever of the usual ones stands most often in the first lines.
fn delimiter(text: &str) -> u8 {
    let head: Vec<&str> = text.lines().take(HEAD_ROWS).collect();
    let count = |c: char| head.iter().map(|x| x.matches(c).count()).sum::<usize>();
    let best =
        [(b',', count(',')), (b';', count(';')), (b'\t', count('\t'))].into_iter().max_by_key(|x| (x.1, x.0 == b','));
    best.map_or(b',', |x| x.0)
}

impl Table {
    /// The cell of a field in a row; of a repeated field its filled cells, one line each.
    pub fn cell(&self, row: &[String], field: Field) -> String {
        let cells = self.columns.iter().zip(row).filter(|x| *x.0 == Some(field)).map(|x| x.1.as_str());
        let filled: Vec<&str> = cells.filter(|x| !x.is_empty()).collect();
        if field.is_repeated() { filled.join("\n") } else { filled.first().copied().unwrap_or_default().to_owned() }
    }

    /// The heading of the column that holds a field; the field's own words when none does.
    pub fn heading(&self, field: Field) -> String {
        let at = self.columns.iter().position(|x| *x == Some(field));
        at.and_then(|at| self.headings.get(at)).cloned().unwrap_or_else(|| field.words().to_owned())
    }

    /// In which order its dates write day and month: what was said, or what only one order can be.
    pub fn order(&self, said: Option<DateOrder>) -> Option<DateOrder> {
        let dates = [Field::Dated, Field::Due, Field::ServiceDate];
        let cells = self.rows.iter().flat_map(|(_, row)| dates.map(|field| self.cell(row, field)));
        let mut seen = None;
        for (first, second, _) in cells.filter_map(|x| three(&x)) {
            match (first > 12, second > 12) {
                (true, false) => seen = Some(DateOrder::DayFirst),
                (false, true) => seen = Some(DateOrder::MonthFirst),
                _ => {}
            }
        }
        said.or(seen)
    }
}

impl Table {
    /// Whether some date could be of either order.
    pub fn has_unclear_dates(&self) -> bool {
        let dates = [Field::Dated, Field::Due, Field::ServiceDate];
        let mut cells = self.rows.iter().flat_map(|(_, row)| dates.map(|field| self.cell(row, field)));
        cells.any(|x| is_unclear(&x))
    }
}

/// The numbers of `27/11/2026`, `27.11.26` or `27-11-2026`, the year last.
fn three(text: &str) -> Option<(i16, i16, i16)> {
    let mut parts = text.trim().split(['/', '.', '-', ' ']).map(|x| x.parse::<i16>());
    let (a, b, c) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    (parts.next().is_none() && (1..=31).contains(&a) && (1..=31).contains(&b)).then_some((a, b, c))
}

/// Whether a date could be read two ways.
pub fn is_unclear(text: &str) -> bool {
    three(text).is_some() && date(text, None).is_none()
}

/// A date as programs write it; `None` for anything else, and where the order of day and month can't be told.
pub fn date(text: &str, order: Option<DateOrder>) -> Option<Date> {
    let text = text.trim();
    let iso = text.get(..10).and_then(|x| x.parse::<Date>().ok());
    if iso.is_some() && text.get(10..).is_none_or(|x| x.is_empty() || x.starts_with(['T', ' '])) {
        return iso;
    }
    if let Some((first, second, year)) = three(text) {
        let year = if year < 100 { year + 2_000 } else { year };
        let order = order.or((first == second).then_some(DateOrder::DayFirst))?;
        let (day, month) = if order == DateOrder::DayFirst { (first, second) } else { (second, first) };
        return Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    }
    let words = text.replace(',', "");
    ["%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%Y/%m/%d", "%Y%m%d"]
        .into_iter()
        .find_map(|form| Date::strptime(form, &words).ok())
}

/// A number as programs write it, with a currency's sign or code around it, or in brackets when it is below zero.
pub fn number(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let (text, negative) = match text.strip_prefix('(').and_then(|x| x.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let bare: String = text.chars().filter(|c| !c.is_alphabetic()).collect();
    let number = parse_decimal(bare.trim(), 2)?;
    Some(if negative { -number } else { number })
}

/// The percentage that a tax's name has in it: `20.0% S`, `15% GST on Income`.
pub fn percent(text: &str) -> Option<Decimal> {
    let at = text.find('%')?;
    let before = text.get(..at)?.trim_end();
    let other = |c: char| !(c.is_ascii_digit() || c == '.' || c == ',');
    let start = before.char_indices().rev().find(|x| other(x.1)).map_or(0, |(at, c)| at + c.len_utf8());
    let digits = before.get(start..)?;
    parse_decimal(digits, 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil;

    #[test]
    fn dates_are_read_as_programs_write_them() {
        let day = civil::date(2026, 11, 5);
        for text in [
            "2026-11-05",
            "2026-11-05T00:00:00",
            "5 November 2026",
            "05 Nov 2026",
            "Nov 5, 2026",
            "2026/11/05",
            "20261105",
        ] {
            assert_eq!(date(text, None), Some(day), "{text}");
        }
        assert_eq!(date("05/11/2026", Some(DateOrder::DayFirst)), Some(day));
        assert_eq!(date("11/5/26", Some(DateOrder::MonthFirst)), Some(day));
        assert_eq!(date("05.11.2026", None), None, "day or month first?");
        assert_eq!(date("05/05/2026", None), Some(civil::date(2026, 5, 5)));
        for wrong in ["", "soon", "31/31/2026", "2026-13-01", "1/2", "99999999999"] {
            assert_eq!(date(wrong, Some(DateOrder::DayFirst)), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_and_percentages_too() {
        let dec = |text: &str| text.parse::<Decimal>().unwrap();
        for (text, value) in [
            ("$-142.85", "-142.85"),
            ("$13.50 ", "13.50"),
            ("(10.00)", "-10.00"),
            ("EUR 1,234.50", "1234.50"),
            ("10.00000000", "10.00000000"),
        ] {
            assert_eq!(number(text), Some(dec(value)), "{text}");
        }
        assert_eq!(number("none"), None);
        assert_eq!(percent("20.0% S"), Some(dec("20.0")));
        assert_eq!(percent("15% GST on Income"), Some(dec("15")));
        assert_eq!(percent("GST “5 %”"), Some(dec("5")));
        assert_eq!(percent("No VAT"), None);
        assert_eq!(percent("é%"), None);
    }

    #[test]
    fn a_table_is_found_below_what_stands_above_it() {
        let text = "\"Invoice Ninja v4\",\"\",\"\"\n,,\nCLIENTS,,\nName,VAT number,City\n\"A, B\",X1,\"Two\nlines\"\n,,\n'=C,X2,D\n";
        let table = parse(text.as_bytes(), &Reading::default()).unwrap();
        assert_eq!((table.listing, table.rows.len()), (Listing::Clients, 2));
        assert_eq!(table.cell(&table.rows[0].1, Field::Client), "A, B");
        assert_eq!(table.rows[0].0, 5);
        assert_eq!(table.cell(&table.rows[1].1, Field::Client), "=C");
        assert_eq!(parse("Name;City\nÄ;B\n".as_bytes(), &Reading::default()).unwrap().rows[0].1, ["Ä", "B"]);
        assert_eq!(
            parse(b"Name,City\nM\xfcller,K\xf6ln\n", &Reading::default()).unwrap().rows[0].1,
            ["Müller", "Köln"]
        );
    }

    #[test]
    fn what_a_column_holds_can_be_said() {
        let text = "Kunde,Betrag,Tag\nA,1,2026-01-01\n";
        assert!(parse(text.as_bytes(), &Reading::default()).unwrap_err().1.contains("Say what it lists"));
        let say = |heading: &str, field| (heading.to_owned(), Some(field));
        let columns = vec![say("Kunde", Field::Client), say("Betrag", Field::Amount), say("Tag", Field::Dated)];
        let reading = Reading { listing: Some(Listing::Payments), columns, ..Reading::default() };
        assert_eq!(parse(text.as_bytes(), &reading).unwrap().rows.len(), 1);
        assert_eq!(headings(text.as_bytes()), ["Kunde", "Betrag", "Tag"]);
        let wide = "x,".repeat(300);
        assert!(parse(wide.as_bytes(), &reading).unwrap_err().1.contains("200 columns"));
        assert!(parse(b"a\0b", &reading).unwrap_err().1.contains("no text"));
    }
}
