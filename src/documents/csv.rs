//! CSV that a spreadsheet opens as what it is: text, never a formula. RFC 4180, UTF-8.
//!
//! Tables in general, and the lines of an invoice, credit note or quote. The names of its columns are promised: none
//! changes its meaning, and new ones come at the end.

use super::einvoice::{Bill, Item};

/// The columns of a document: what the whole says stands in each row, so that files can be put one under the other.
/// Amounts and quantities are decimal numbers with a full stop, days are YYYY-MM-DD, codes those of EN 16931.
pub const COLUMNS: [&str; 37] = [
    "document", // invoice, credit note or quote
    "number",
    "issued",
    "due", // of a quote, the last day on which it can be accepted
    "currency",
    "seller",
    "seller_vat_id",
    "buyer",
    "buyer_vat_id",
    "buyer_reference",
    "order",
    "contract",
    "credits", // the invoice that a credit note takes back
    "note",
    "line",
    "item",
    "description",
    "item_number",
    "quantity",
    "unit", // UN/ECE Recommendation 20
    "price",
    "price_per", // for how many units the price is; empty for one
    "discount",
    "discount_percent",
    "net", // of the line
    "vat_category",
    "vat_rate",
    "period_from",
    "period_to",
    "allowances", // from here on of the whole document
    "charges",
    "total_net",
    "total_vat",
    "total",
    "prepaid",
    "payable",
    "optional", // yes for an option of a quote, which the totals leave out
];

/// A document with a row for each line. `kind` is what the first column says.
pub fn document(bill: &Bill, kind: &str) -> Csv {
    let mut csv = Csv::new(&COLUMNS);
    bill.lines.iter().for_each(|item| csv.row(&row(bill, kind, item)));
    csv
}

/// The rows of a document alone, for a table of many that is written piece by piece.
pub fn rows(bill: &Bill, kind: &str) -> String {
    bill.lines.iter().map(|item| line(&row(bill, kind, item))).collect()
}

/// The one row of a document of which only the whole is known.
pub fn whole(of: &[(&str, String)]) -> String {
    let cell = |name: &&str| of.iter().find(|x| x.0 == *name).map_or_else(String::new, |x| x.1.clone());
    line(&COLUMNS.iter().map(cell).collect::<Vec<_>>())
}

fn row(bill: &Bill, kind: &str, item: &Item) -> [String; 37] {
    let day = |day: Option<jiff::civil::Date>| day.map_or_else(String::new, |day| day.to_string());
    let sums = &bill.sums;
    let credits = bill.preceding.as_ref().map_or("", |x| &x.0);
    let (discount, percent) = discount(item);
    let text = [kind, &bill.number].map(str::to_owned);
    let [kind, number] = text;
    let rest: [&str; 23] = [
        &bill.currency,
        &bill.seller.name,
        &bill.seller.vat_id,
        &bill.buyer.name,
        &bill.buyer.vat_id,
        &bill.reference,
        &bill.order,
        &bill.contract,
        credits,
        &bill.note,
        &item.id,
        &item.name,
        &item.detail,
        &item.seller_item,
        &item.quantity,
        &item.unit,
        &item.price,
        &item.per,
        &discount,
        &percent,
        &item.net,
        &item.tax.category,
        &item.tax.rate,
    ];
    let totals = [&sums.allowances, &sums.charges, &sums.net, &sums.vat, &sums.gross, &sums.prepaid, &sums.payable];
    let period = [day(item.period.map(|x| x.0)), day(item.period.map(|x| x.1))];
    let mut cells = [kind, number, bill.dated.to_string(), day(bill.due)].into_iter();
    let mut all = cells.by_ref().chain(rest.map(str::to_owned)).chain(period).chain(totals.map(|x| x.clone()));
    let optional = if item.optional { "yes" } else { "" };
    std::array::from_fn(|_| all.next().unwrap_or_else(|| optional.to_owned()))
}

/// What is taken off a line, and its percentage: of several allowances and charges what they come to.
fn discount(item: &Item) -> (String, String) {
    match item.changes.as_slice() {
        [] => Default::default(),
        [only] if !only.charge => (only.amount.clone(), only.of.as_ref().map_or_else(String::new, |of| of.1.clone())),
        several => (super::einvoice::read::taken_off(several).to_string(), String::new()),
    }
}

/// A table in the making (RFC 4180, UTF-8 with a byte order mark, since spreadsheets ask for one).
pub struct Csv(String);

impl Csv {
    /// A table with these headings.
    pub fn new(headings: &[&str]) -> Self {
        let mut csv = Self("\u{feff}".to_owned());
        csv.row(headings);
        csv
    }

    /// Adds a row.
    pub fn row<T: AsRef<str>>(&mut self, cells: &[T]) {
        for (at, text) in cells.iter().enumerate() {
            if at > 0 {
                self.0.push(',');
            }
            cell(&mut self.0, text.as_ref());
        }
        self.0.push_str("\r\n");
    }

    /// The table so far.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The table as a file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

/// One row by itself, for tables that are written piece by piece.
pub fn line<T: AsRef<str>>(cells: &[T]) -> String {
    let mut csv = Csv(String::new());
    csv.row(cells);
    csv.0
}

/// Whether a text is a plain decimal number below zero, which no spreadsheet reckons with.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.matches('.').count() < 2
}

/// One cell, quoted. What a spreadsheet would take for a formula gets an apostrophe in front.
fn cell(out: &mut String, text: &str) {
    out.push('"');
    if !is_number(text) && text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{2212}', '＝', '＋', '－', '＠'])
    {
        out.push('\'');
    }
    for c in text.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_quotes_are_doubled() {
        let mut csv = Csv::new(&["Name"]);
        for text in ["=1+1", "+1", "-1+1", "-1.50", "@SUM(A1)", "\t=1", "a \"b\", c", "plain = 1"] {
            csv.row(&[text]);
        }
        let expected = "\u{feff}\"Name\"\r\n\"'=1+1\"\r\n\"'+1\"\r\n\"'-1+1\"\r\n\"-1.50\"\r\n\"'@SUM(A1)\"\r\n\"'\t=1\"\r\n\
                        \"a \"\"b\"\", c\"\r\n\"plain = 1\"\r\n";
        assert_eq!(csv.text(), expected);
    }

    #[test]
    fn every_column_is_documented() {
        let documented = include_str!("../../docs/formats.md");
        let missing: Vec<_> = COLUMNS.iter().filter(|name| !documented.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
