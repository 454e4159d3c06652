//! A [`Sheet`] as HTML: the article that a portal page shows, in the classes of the design's stylesheet.
//!
//! Knows nothing of the page around it. Payment facts are left to the page, which puts them beside the amount.

use maud::{Markup, Render, html as markup};

use super::sheet::{Align, Column, Row, Section, Sheet, Table, Total};
use super::words::words;

/// The `.bill` article of `sheet`.
pub fn html(sheet: &Sheet) -> Markup {
    let logo = if sheet.brand.logo.is_some() {
        markup! { span.logo {} }
    } else {
        Markup::default()
    };
    article(sheet, &logo)
}

/// The article with the firm's mark as `logo`.
pub(super) fn article(sheet: &Sheet, logo: &Markup) -> Markup {
    let name = [sheet.title.as_str(), &sheet.number].join(" ");
    let lang = (!sheet.language.is_empty()).then_some(&sheet.language);
    markup! {
        article.bill aria-label=(name.trim()) lang=[lang] {
            @if let Some(banner) = &sheet.banner { div.note.warn { div { strong { (banner) } } } }
            (head(sheet, logo))
            (parties(sheet))
            @for text in sheet.intro.iter().filter(|t| !t.is_empty()) { p { (Lines(text)) } }
            @for part in &sheet.sections { (section(sheet, part, !sheet.intro.is_empty())) }
            @for text in sheet.notes.iter().filter(|t| !t.is_empty()) { p.small.mut.bill-n { (Lines(text)) } }
            @if let Some(clauses) = &sheet.clauses {
                h2.gap-y { (clauses.heading) }
                @for text in &clauses.texts { p.small.bill-n { (Lines(text)) } }
            }
            @if !sheet.footer.is_empty() { p.small.mut.bill-n { (broken(sheet.footer.iter().map(String::as_str))) } }
        }
    }
}

fn head(sheet: &Sheet, logo: &Markup) -> Markup {
    let brand = &sheet.brand;
    markup! {
        header.bill-h.gap-y[sheet.banner.is_some()] {
            div.row {
                (logo)
                div {
                    p.serif.firm-n { (brand.firm) }
                    @if !brand.lines.is_empty() { p.small.mut { (broken(brand.lines.iter().map(String::as_str))) } }
                }
            }
            p.bill-t { (sheet.title) }
        }
    }
}

fn parties(sheet: &Sheet) -> Markup {
    let recipient = &sheet.recipient;
    markup! {
        div.cols.two.bill-m {
            div {
                @if !recipient.label.is_empty() { p.lbl { (recipient.label) } }
                @if let Some((name, rest)) = recipient.lines.split_first() {
                    p { b { (name) } @for line in rest { br; (line) } }
                }
            }
            @if !sheet.facts.is_empty() {
                dl.dl { @for fact in &sheet.facts {
                    dt { (fact.label) }
                    dd { @if fact.value == sheet.number { span.nw { (fact.value) } } @else { (Lines(&fact.value)) } }
                } }
            }
        }
    }
}

fn section(sheet: &Sheet, section: &Section, apart: bool) -> Markup {
    markup! {
        @if !section.heading.is_empty() { h2.gap-y { (section.heading) } }
        (table(&section.table, true, apart))
        @if !section.totals.is_empty() { (totals(words(sheet.speaks).sheet.totals, &section.totals)) }
        @if let Some(breakdown) = &section.breakdown {
            // On a phone its columns are more than fit: it scrolls, by keyboard too.
            div.scroll tabindex="0" role="region" aria-label=(breakdown.caption) { (table(breakdown, false, true)) }
        }
    }
}

fn table(table: &Table, hide_caption: bool, apart: bool) -> Markup {
    markup! {
        @if !table.columns.is_empty() {
            table.gap-y[apart] {
                @if !table.caption.is_empty() { caption.vh[hide_caption].lbl[!hide_caption] { (table.caption) } }
                thead { tr { @for column in &table.columns {
                    th.num[figures(column)].wide-only[column.wide_only] scope="col" { (column.heading) }
                } } }
                tbody { @for row in &table.rows { (cells(table, row)) } }
            }
        }
    }
}

fn cells(table: &Table, row: &Row) -> Markup {
    markup! {
        tr.sum[row.strong] { @for (i, column) in table.columns.iter().enumerate() {
            td.num[figures(column)].wide-only[column.wide_only] {
                (Lines(row.cells.get(i).map_or("", String::as_str)))
                @if i == table.main {
                    @for note in &row.notes { small { (note) } }
                    @if !row.narrow.is_empty() { small.narrow { (row.narrow) } }
                }
            }
        } }
    }
}

fn totals(caption: &str, totals: &[Total]) -> Markup {
    markup! {
        table.totals {
            caption.vh { (caption) }
            tbody { @for total in totals {
                tr.sum[total.sum] { th scope="row" { (total.label) } td.num { (total.value) } }
            } }
        }
    }
}

fn figures(column: &Column) -> bool {
    column.align == Align::End
}

/// A text whose lines stay apart; drawn in place, since every cell of a table is one.
struct Lines<'a>(&'a str);

impl Render for Lines<'_> {
    fn render_to(&self, page: &mut String) {
        for (i, line) in self.0.split('\n').enumerate() {
            if i > 0 {
                markup! { br; }.render_to(page);
            }
            line.render_to(page);
        }
    }
}

fn broken<'a>(lines: impl Iterator<Item = &'a str>) -> Markup {
    markup! { @for (i, line) in lines.enumerate() { @if i > 0 { br; } (line) } }
}
