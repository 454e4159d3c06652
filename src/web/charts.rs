//! Charts: bars across in percent, down in pixels, so that text never scales. Attributes and classes only.
//!
//! Must not know money: heights are whole numbers of any unit, and every value arrives with its words. The arithmetic
//! is in hundredths of a percent and tenths of a pixel, whole numbers too.

use maud::{Markup, html};

use crate::web::parts;

/// One age of what is owed.
#[derive(Clone, Debug)]
pub struct Age {
    /// `1–30 days late`.
    pub label: String,
    /// Where its invoices are listed; empty for no link.
    pub href: String,
    /// Its size in minor units; negative counts as nothing.
    pub size: i64,
    /// Its size in words: `24,415.50`.
    pub amount: String,
    /// How many invoices.
    pub count: usize,
}

/// One column of a column chart.
#[derive(Clone, Debug)]
pub struct Column {
    /// Under it: `24 Nov`.
    pub label: String,
    /// Its size; negative counts as nothing.
    pub size: i64,
    /// Over it, short: `4.8`. Empty for none.
    pub short: String,
    /// In the table: `4,797.00`.
    pub amount: String,
}

/// One row of a table of bars.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it is of.
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Its size; negative counts as nothing.
    pub size: i64,
    /// Its figures in words, one for each column.
    pub cells: Vec<String>,
}

/// Colours of the ages, youngest first; further ages share the last.
const AGES: [&str; 5] = ["f0", "f1", "f2", "f3", "f4"];
/// A hundred percent.
const WHOLE: i64 = 10_000;
const BAR_HEIGHT: &str = "14";
/// The column chart, in tenths of a pixel: the line that columns stand on, and the most that one rises over it.
const FLOOR: i64 = 1_680;
const RISE: i64 = 1_460;
/// From how many columns on every other label is left out on a phone.
const CROWDED: usize = 7;

/// What is owed by age: one bar, each age its share of the whole.
pub fn ageing_bar(ages: &[Age]) -> Markup {
    let whole = ages.iter().map(|age| age.size.max(0)).fold(0, i64::saturating_add);
    let mut before = 0_i64;
    let parts: Vec<_> = ages
        .iter()
        .enumerate()
        .map(|(at, age)| {
            let from = share(before, whole);
            before = before.saturating_add(age.size.max(0));
            (shade(at), from, share(before, whole) - from)
        })
        .collect();
    html! {
        svg.bar height=(BAR_HEIGHT) role="img" aria-label=(spoken(ages, whole)) {
            desc { (spoken(ages, whole)) }
            @for (class, from, width) in parts {
                @if width > 0 { rect.(class) x=(percent(from)) width=(percent(width)) height="100%" {} }
            }
        }
    }
}

/// What is owed by age: a table with a bar in each row, the largest as long as its column.
pub fn ageing_table(ages: &[Age], total: &str) -> Markup {
    let whole = ages.iter().map(|age| age.size.max(0)).fold(0, i64::saturating_add);
    let largest = ages.iter().map(|age| age.size).max().unwrap_or(0);
    let invoices: usize = ages.iter().map(|age| age.count).sum();
    let table = html! {
        table.bars {
            caption.vh { "What is owed, by age" }
            thead {
                tr {
                    th scope="col" { "Age" } td {}
                    @for name in ["Amount", "Share", "Invoices"] { th.num scope="col" { (name) } }
                }
            }
            tbody {
                @for (at, age) in ages.iter().enumerate() {
                    tr {
                        th scope="row" {
                            @if age.href.is_empty() { (age.label) } @else { a href=(age.href) { (age.label) } }
                        }
                        td.barcell {
                            svg.bar height=(BAR_HEIGHT) aria-hidden="true" {
                                rect.(shade(at)) width=(percent(share(age.size, largest))) height="100%" {}
                            }
                        }
                        td.num { (age.amount) }
                        td.num.mut { (rounded(share(age.size, whole))) "%" }
                        td.num.mut { (age.count) }
                    }
                }
            }
            tfoot {
                tr.sum { th scope="row" { "Total" } td {} td.num { (total) } td {} td.num { (invoices) } }
            }
        }
    };
    parts::scroll("Ageing table", &table)
}

/// A table with a bar in each row, the largest as long as its column. `first` heads the rows, `cols` their figures.
pub fn bars(caption: &str, first: &str, cols: &[&str], bars: &[Bar]) -> Markup {
    let largest = bars.iter().map(|bar| bar.size).max().unwrap_or(0);
    let table = html! {
        table.bars {
            caption.vh { (caption) }
            thead { tr { th scope="col" { (first) } td {} @for name in cols { th.num scope="col" { (name) } } } }
            tbody {
                @for bar in bars {
                    tr {
                        th scope="row" { @if bar.href.is_empty() { (bar.label) } @else { a href=(bar.href) { (bar.label) } } }
                        td.barcell {
                            svg.bar height=(BAR_HEIGHT) aria-hidden="true" {
                                rect.f1 width=(percent(share(bar.size, largest))) height="100%" {}
                            }
                        }
                        @for cell in &bar.cells { td.num { (cell) } }
                    }
                }
            }
        }
    };
    parts::scroll(caption, &table)
}

/// Columns by week or month, and the same as a table below. `id` is unique on the page; `heading_id` names the heading
/// that titles the chart; `said` is its point in a sentence; `head` names the table's two columns.
pub fn columns(id: &str, heading_id: &str, said: &str, head: (&str, &str), columns: &[Column]) -> Markup {
    let largest = columns.iter().map(|column| column.size).max().unwrap_or(0);
    let step = WHOLE / i64::try_from(columns.len().max(1)).unwrap_or(WHOLE);
    html! {
        figure {
            svg.chart height="190" role="img" aria-labelledby={ (heading_id) " " (id) } {
                desc id=(id) { (said) }
                @for y in [FLOOR - RISE, FLOOR - RISE / 2] {
                    line.grid x1="0%" x2="100%" y1=(tenths(y)) y2=(tenths(y)) {}
                }
                @for (at, column) in (0_i64..).zip(columns) { (bar(at, step, column, largest, columns.len())) }
                line.base x1="0%" x2="100%" y1=(tenths(FLOOR)) y2=(tenths(FLOOR)) {}
            }
        }
        details.more.small {
            summary { "As a table" }
            table {
                thead { tr { th scope="col" { (head.0) } th.num scope="col" { (head.1) } } }
                tbody {
                    @for column in columns { tr { th scope="row" { (column.label) } td.num { (column.amount) } } }
                }
            }
        }
    }
}

/// Two counts of one month or week, side by side.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Under them, short: `Nov`.
    pub label: String,
    /// In the table, with the year.
    pub long: String,
    /// The first and the second.
    pub counts: [usize; 2],
}

/// Pairs of columns, a legend over them, and the same as a table below. `names` are of the first, the second, and of
/// what the rows are; otherwise as [`columns`].
pub fn pairs(id: &str, heading_id: &str, said: &str, names: [&str; 3], pairs: &[Pair]) -> Markup {
    let size = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let largest = pairs.iter().flat_map(|pair| pair.counts).map(size).max().unwrap_or(0);
    let step = WHOLE / i64::try_from(pairs.len().max(1)).unwrap_or(WHOLE);
    let height = |count: usize| share(size(count), largest) * RISE / WHOLE;
    html! {
        figure {
            p.row.small aria-hidden="true" {
                span.key { svg { rect.f1 width="100%" height="100%" {} } (names[0]) }
                span.key { svg { rect.fb width="100%" height="100%" {} } (names[1]) }
            }
            svg.chart height="190" role="img" aria-labelledby={ (heading_id) " " (id) } {
                desc id=(id) { (said) }
                @for y in [FLOOR - RISE, FLOOR - RISE / 2] {
                    line.grid x1="0%" x2="100%" y1=(tenths(y)) y2=(tenths(y)) {}
                }
                @for (at, pair) in (0_i64..).zip(pairs) {
                    @for (class, nth, count) in [("f1", 0, pair.counts[0]), ("fb", 1, pair.counts[1])] {
                        @if height(count) > 0 {
                            rect.(class) x=(percent(at * step + step / 6 + nth * step / 3)) width=(percent(step / 3))
                                y=(tenths(FLOOR - height(count))) height=(tenths(height(count))) {}
                        }
                    }
                    text.alt[pairs.len() >= CROWDED && at % 2 == 1] x=(percent(at * step + step / 2)) y="186"
                        text-anchor="middle" { (pair.label) }
                }
                line.base x1="0%" x2="100%" y1=(tenths(FLOOR)) y2=(tenths(FLOOR)) {}
            }
        }
        details.more.small {
            summary { "As a table" }
            table {
                thead { tr { th scope="col" { (names[2]) } th.num scope="col" { (names[0]) } th.num scope="col" { (names[1]) } } }
                tbody {
                    @for pair in pairs {
                        tr { th scope="row" { (pair.long) } @for count in pair.counts { td.num { (count) } } }
                    }
                }
            }
        }
    }
}

fn bar(at: i64, step: i64, column: &Column, largest: i64, of: usize) -> Markup {
    let middle = percent(at * step + step / 2);
    let height = share(column.size, largest) * RISE / WHOLE;
    let top = FLOOR - height;
    let alternate = of >= CROWDED && at % 2 == 1;
    html! {
        @if height > 0 {
            rect.fb x=(percent(at * step + step / 5)) width=(percent(step * 3 / 5))
                y=(tenths(top)) height=(tenths(height)) {}
        }
        @if !column.short.is_empty() {
            text.v x=(middle) y=(tenths(top - 50)) text-anchor="middle" { (column.short) }
        }
        text.alt[alternate] x=(middle) y="186" text-anchor="middle" { (column.label) }
    }
}

fn spoken(ages: &[Age], whole: i64) -> String {
    let said: Vec<_> = ages
        .iter()
        .filter(|age| age.size > 0)
        .map(|age| format!("{}% {}", rounded(share(age.size, whole)), lowered(&age.label)))
        .collect();
    if said.is_empty() { "Nothing is owed".to_owned() } else { said.join(", ") }
}

fn lowered(label: &str) -> String {
    let mut letters = label.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn shade(at: usize) -> &'static str {
    AGES.get(at).copied().unwrap_or("f4")
}

/// `part` of `whole` in hundredths of a percent, between nothing and all of it.
fn share(part: i64, whole: i64) -> i64 {
    if whole <= 0 || part <= 0 {
        return 0;
    }
    let share = i128::from(part) * i128::from(WHOLE) / i128::from(whole);
    i64::try_from(share).unwrap_or(WHOLE).min(WHOLE)
}

fn percent(hundredths: i64) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

fn rounded(hundredths: i64) -> i64 {
    (hundredths + 50) / 100
}

fn tenths(pixels: i64) -> String {
    format!("{}.{}", pixels / 10, pixels % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age(label: &str, size: i64) -> Age {
        Age { label: label.to_owned(), href: String::new(), size, amount: size.to_string(), count: 1 }
    }

    #[test]
    fn the_ages_of_a_bar_fill_it_exactly() {
        let bar = ageing_bar(&[age("Not due yet", 524_330), age("1–30 days late", 202_950), age("Over 90", 1)]);
        let bar = bar.into_string();
        assert!(bar.contains(r#"<rect class="f0" x="0.00%" width="72.09%" height="100%">"#), "{bar}");
        assert!(bar.contains("72% not due yet, 28% 1–30 days late, 0% over 90"), "{bar}");
    }

    #[test]
    fn nothing_owed_is_said_and_divides_by_nothing() {
        assert!(ageing_bar(&[age("Not due yet", 0), age("Late", -5)]).into_string().contains("Nothing is owed"));
        assert!(ageing_table(&[], "0.00").into_string().contains("Total"));
        assert!(!columns("c", "h", "None.", ("Week", "In"), &[]).into_string().contains("<rect"));
    }

    #[test]
    fn a_column_chart_has_a_table_that_says_the_same() {
        let week = Column { label: "24 Nov".into(), size: i64::MAX, short: "4.8".into(), amount: "4,797.00".into() };
        let chart = columns("c", "h", "Highest <now>.", ("Week of", "Expected"), &[week]).into_string();
        assert!(chart.contains("Highest &lt;now&gt;.") && chart.contains("<td class=\"num\">4,797.00</td>"), "{chart}");
        assert!(!chart.contains("style"));
    }

    #[test]
    fn pairs_stand_side_by_side_and_say_the_same_in_a_table() {
        let pair = Pair { label: "Nov".into(), long: "November 2026".into(), counts: [2, 4] };
        let chart = pairs("p", "h", "More.", ["Went", "Would have gone", "Month"], &[pair]).into_string();
        assert!(chart.contains(r#"x="16.66%" width="33.33%" y="95.0" height="73.0""#), "{chart}");
        assert!(chart.contains(r#"x="49.99%" width="33.33%" y="22.0" height="146.0""#), "{chart}");
        assert!(chart.contains(r#"November 2026</th><td class="num">2</td><td class="num">4</td>"#), "{chart}");
    }
}
