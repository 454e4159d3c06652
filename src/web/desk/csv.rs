//! CSV that a spreadsheet opens as what it is: text, never a formula.

use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

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

    /// A download under `name`, which is ASCII without quotes.
    pub fn into_download(self, name: &str) -> Response {
        let disposition = format!("attachment; filename=\"{name}\"");
        let headers = [
            (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (CONTENT_DISPOSITION, disposition),
            (CACHE_CONTROL, "no-store".to_owned()),
        ];
        (headers, self.0).into_response()
    }
}

/// One row by itself, for tables that are written piece by piece.
pub fn line<T: AsRef<str>>(cells: &[T]) -> String {
    let mut csv = Csv(String::new());
    csv.row(cells);
    csv.0
}

/// One cell, quoted. What a spreadsheet would take for a formula gets an apostrophe in front.
fn cell(out: &mut String, text: &str) {
    out.push('"');
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{2212}', '＝', '＋', '－', '＠']) {
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
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "a \"b\", c", "plain = 1"] {
            csv.row(&[text]);
        }
        let expected = "\u{feff}\"Name\"\r\n\"'=1+1\"\r\n\"'+1\"\r\n\"'-1\"\r\n\"'@SUM(A1)\"\r\n\"'\t=1\"\r\n\
                        \"a \"\"b\"\", c\"\r\n\"plain = 1\"\r\n";
        assert_eq!(csv.text(), expected);
    }
}
