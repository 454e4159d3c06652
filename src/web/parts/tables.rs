//! Tables: plain ones, ledgers, and the box that lets a wide one scroll on a phone.
//!
//! Must not know what a column means.

use maud::{Markup, html};

use super::Tone;

/// A column: its heading and how its cells sit.
#[derive(Clone, Copy, Debug)]
pub struct Col<'a> {
    label: &'a str,
    class: &'static str,
    head: bool,
}

impl<'a> Col<'a> {
    /// Words, to the left.
    pub const fn text(label: &'a str) -> Self {
        Self { label, class: "", head: false }
    }

    /// Words that name the row, to the left.
    pub const fn name(label: &'a str) -> Self {
        Self { label, class: "", head: true }
    }

    /// Short words that never break: dates, document numbers.
    pub const fn short(label: &'a str) -> Self {
        Self { label, class: "nw", head: false }
    }

    /// Numbers, to the right.
    pub const fn num(label: &'a str) -> Self {
        Self { label, class: "num", head: false }
    }

    /// Left out on a phone; say what it says elsewhere in the row, in `small.narrow`.
    #[must_use]
    pub const fn wide(self) -> Self {
        let class = match self.class.as_bytes() {
            b"num" => "num wide-only",
            b"nw" => "nw wide-only",
            _ => "wide-only",
        };
        Self { class, ..self }
    }
}

/// A row: as many cells as there are columns.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Colours what the row marks with `.t`.
    pub tone: Tone,
    /// Struck through: cancelled.
    pub void: bool,
    /// What is in it.
    pub cells: Vec<Markup>,
}

impl From<Vec<Markup>> for Row {
    fn from(cells: Vec<Markup>) -> Self {
        Self { cells, ..Self::default() }
    }
}

/// The line under the rows: a name over the first columns, then the last cells.
#[derive(Clone, Debug)]
pub struct Sum<'a> {
    /// `Owed on 21 November`.
    pub label: &'a str,
    /// Cells of the last columns, as many as are wanted.
    pub cells: Vec<Markup>,
}

/// A table. The caption is for those who hear the page.
pub fn table(caption: &str, cols: &[Col<'_>], rows: &[Row], sum: Option<&Sum<'_>>) -> Markup {
    html! {
        table {
            caption.vh { (caption) }
            thead { tr { @for col in cols { th.(col.class) scope="col" { (col.label) } } } }
            tbody { @for row in rows { (table_row(cols, row)) } }
            @if let Some(sum) = sum { tfoot { (sum_row(cols, sum)) } }
        }
    }
}

/// A table as an account book, on a sheet, with the red spine after its first column.
pub fn ledger(caption: &str, cols: &[Col<'_>], rows: &[Row], sum: Option<&Sum<'_>>) -> Markup {
    html! { div.ledger { (table(caption, cols, rows, sum)) } }
}

/// A wide table that scrolls sideways on a phone, by touch or keys.
pub fn scroller(label: &str, cols: &[Col<'_>], rows: &[Row], sum: Option<&Sum<'_>>) -> Markup {
    scroll(label, &table(label, cols, rows, sum))
}

/// The box that [`scroller`] uses, for hand-made tables.
pub fn scroll(label: &str, table: &Markup) -> Markup {
    html! { div.scroll tabindex="0" role="region" aria-label=(label) { (table) } }
}

/// A bill's sums, as (name, amount); the last is the total.
pub fn totals(lines: &[(String, String)]) -> Markup {
    let last = lines.len().saturating_sub(1);
    html! {
        table.totals {
            caption.vh { "Totals" }
            tbody {
                @for (at, (name, amount)) in lines.iter().enumerate() {
                    tr.sum[at == last] { th scope="row" { (name) } td.num { (amount) } }
                }
            }
        }
    }
}

fn table_row(cols: &[Col<'_>], row: &Row) -> Markup {
    html! {
        tr.(row.tone.class()).void[row.void] {
            @for (col, cell) in cols.iter().zip(&row.cells) {
                @if col.head { th.(col.class) scope="row" { (cell) } } @else { td.(col.class) { (cell) } }
            }
        }
    }
}

fn sum_row(cols: &[Col<'_>], sum: &Sum<'_>) -> Markup {
    let spanned = cols.len().saturating_sub(sum.cells.len());
    // On a phone the columns left out must not count, or the table grows a blank one.
    let narrow = cols.iter().take(spanned).filter(|col| !col.class.ends_with("wide-only")).count();
    let name = |class: &'static str, span: usize| html! { th.(class) scope="row" colspan=(span) { (sum.label) } };
    html! {
        tr.sum {
            @if narrow == spanned { (name("", spanned)) }
            @else { (name("wide-only", spanned)) (name("narrow", narrow)) }
            @for (col, cell) in cols.iter().skip(spanned).zip(&sum.cells) { td.(col.class) { (cell) } }
        }
    }
}
