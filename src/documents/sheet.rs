//! What a billing document says, in reading order: invoice, quote, credit note and statement alike.
//!
//! Pure data. Every string is already formatted for its reader; this file must not know amounts or dates.

use std::sync::Arc;

use crate::domain::language::Language;

/// The most pixels a logo may have on a side.
pub const MAX_LOGO_SIDE: u32 = 2_000;

/// One document. Empty strings and lists leave their part out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// BCP 47 language of the text ("en-IE"); "en" is assumed when empty.
    pub language: String,
    /// The words that stand around what it says: page numbers, names of its parts.
    pub speaks: Language,
    /// What it is: "Invoice", "Quote", "Credit note", "Statement".
    pub title: String,
    /// Its number, for the foot and the heads of further pages.
    pub number: String,
    /// Paper to print on.
    pub paper: Paper,
    /// Who sends it.
    pub brand: Brand,
    /// Who receives it.
    pub recipient: Recipient,
    /// Number, issued, due, your PO, project.
    pub facts: Vec<Fact>,
    /// Paragraphs before the tables.
    pub intro: Vec<String>,
    /// The tables: one for an invoice, one for each currency (and the ageing) for a statement.
    pub sections: Vec<Section>,
    /// Paragraphs after the tables.
    pub notes: Vec<String>,
    /// What whoever accepts the document agrees to.
    pub clauses: Option<Clauses>,
    /// How to pay, as a slip below a perforation.
    pub payment: Option<Payment>,
    /// Legal lines at the foot of every page.
    pub footer: Vec<String>,
    /// "DRAFT – not an invoice": a band on top and a mark across every page.
    pub banner: Option<String>,
}

/// Paper sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paper {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 8.5 × 11 in.
    Letter,
}

/// The sender's looks and letterhead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// Red, green, blue. Darkened where needed to stay readable on white.
    pub colour: [u8; 3],
    /// The firm's mark.
    pub logo: Option<Logo>,
    /// The firm's name.
    pub firm: String,
    /// Address, tax numbers, telephone.
    pub lines: Vec<String>,
}

/// An image file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// How `bytes` are coded.
    pub format: LogoFormat,
    /// The file.
    pub bytes: Arc<[u8]>,
}

/// Image formats that a logo may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoFormat {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
}

/// The addressee.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipient {
    /// "For".
    pub label: String,
    /// Name (drawn strong), address, tax number.
    pub lines: Vec<String>,
}

/// A label and its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// "Due".
    pub label: String,
    /// "27 November 2025".
    pub value: String,
}

impl Fact {
    /// A fact of two strings.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into() }
    }
}

/// A table with its totals, which stay together with its last row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// A heading above the table, or empty.
    pub heading: String,
    /// The lines.
    pub table: Table,
    /// The sums below it.
    pub totals: Vec<Total>,
    /// The tax breakdown below them.
    pub breakdown: Option<Table>,
}

/// Rows under headed columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What the table is ("Lines"); spoken, and shown above a breakdown.
    pub caption: String,
    /// Columns, first to last.
    pub columns: Vec<Column>,
    /// Rows, first to last. Cells beyond the columns are left out, missing ones are empty.
    pub rows: Vec<Row>,
    /// The column under whose cells [`Row::notes`] and [`Row::narrow`] stand.
    pub main: usize,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// "Amount".
    pub heading: String,
    /// Text at the start, figures at the end.
    pub align: Align,
    /// How wide it is.
    pub width: Width,
    /// Whether a phone leaves it out; its facts then belong in [`Row::narrow`].
    pub wide_only: bool,
}

impl Column {
    /// A column of text that takes what room is left.
    pub fn text(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), width: Width::Share(1), ..Self::default() }
    }

    /// A column of figures as wide as its contents.
    pub fn figures(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), align: Align::End, ..Self::default() }
    }

    /// The same column, left out on a phone.
    pub fn wide_only(self) -> Self {
        Self { wide_only: true, ..self }
    }
}

/// Which edge of a column its text keeps to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// The left one.
    #[default]
    Start,
    /// The right one, in tabular figures.
    End,
}

/// How wide a column is on paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Width {
    /// As wide as its widest cell.
    #[default]
    Fit,
    /// So many shares of the width that is left.
    Share(u16),
}

/// A row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// One string for each column.
    pub cells: Vec<String>,
    /// Small second lines under the main cell ([`Table::main`]).
    pub notes: Vec<String>,
    /// What a phone shows under the main cell in place of the columns it leaves out, or empty.
    pub narrow: String,
    /// Drawn strong (the opening and closing balance of a statement).
    pub strong: bool,
}

/// A line of the totals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// "VAT, 23% of 3,310.00".
    pub label: String,
    /// "761.30".
    pub value: String,
    /// The sum: one rule above, a double rule below.
    pub sum: bool,
}

impl Total {
    /// A line that leads to the sum.
    pub fn line(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { label: label.into(), value: value.into(), sum: false }
    }

    /// The sum.
    pub fn sum(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self { sum: true, ..Self::line(label, value) }
    }
}

/// Text under a heading of its own, at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clauses {
    /// "Terms".
    pub heading: String,
    /// Its paragraphs.
    pub texts: Vec<String>,
}

/// How to pay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// "Pay by bank transfer".
    pub heading: String,
    /// Account name, IBAN, BIC, reference.
    pub facts: Vec<Fact>,
    /// "Please use exactly this reference.", or empty.
    pub note: String,
    /// The same for a banking app.
    pub code: Option<Code>,
}

/// A square matrix code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// What is said in its place to whoever can't see it.
    pub says: String,
    /// Modules of a side.
    pub side: usize,
    /// Which modules are dark, row by row.
    pub dark: Vec<bool>,
}

impl Code {
    /// Dark modules as runs within a row: column, row, width.
    pub fn spots(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let rows = self.dark.chunks(self.side.max(1)).enumerate();
        rows.flat_map(|(y, row)| {
            let mut x = 0;
            row.chunk_by(|a, b| a == b).filter_map(move |run| {
                let (from, width) = (x, run.len());
                x += width;
                (run.first() == Some(&true)).then_some((from, y, width))
            })
        })
    }
}
