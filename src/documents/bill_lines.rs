//! The lines, allowances, charges and sums of invoices, credit notes and quotes, and the sentences about VAT.
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

use rust_decimal::Decimal;

use super::sheet::{Column, Row, Section, Table, Total};
use super::words::{Words, words};
use crate::domain::client::Party;
use crate::domain::country::in_eu;
use crate::domain::firm::Locale;
use crate::domain::money::{Currency, Money};
use crate::domain::tax::{
    Adjustment, Content, Direction, Line, Period, Portion, Prices, Totals, Vat, VatCategory, VatGroup, amounts,
};

/// The lines with their totals. `sum` is what the total is called where that is not the usual word.
pub(super) fn section(locale: Locale, heading: &str, content: &Content, totals: &Totals, sum: Option<&str>) -> Section {
    Section {
        heading: heading.to_owned(),
        table: table(locale, content, totals),
        totals: sums(locale, content, totals, sum),
        ..Section::default()
    }
}

/// The lines of `content` that may be chosen, with what the document comes to with all of them.
pub(super) fn options(locale: Locale, content: &Content, numbers: &[u32], with_all: &Totals) -> Section {
    let words = words_of(locale);
    let mut table = table(locale, content, with_all);
    let rows = (1_u32..).zip(std::mem::take(&mut table.rows));
    table.rows = rows.filter(|x| numbers.contains(&x.0)).map(|x| x.1).collect();
    for (option, row) in (1_u32..).zip(&mut table.rows) {
        row.notes.insert(0, (words.quote.option)(&format!("{option}")));
    }
    table.caption = words.quote.options.to_owned();
    let total = (words.sheet.in_currency)(words.quote.with_all, &words.in_currency(&with_all.currency));
    let totals = vec![Total::line(total, locale.money(with_all.payable()))];
    Section { heading: words.quote.choose.to_owned(), table, totals, ..Section::default() }
}

/// Whether nothing of it is subject to VAT, so that the document need not speak of VAT at all.
fn without_vat(totals: &Totals) -> bool {
    totals.groups.iter().all(|x| x.vat.category == VatCategory::OutOfScope)
}

/// Whether the tax of the Canary Islands, or of Ceuta and Melilla, is charged, which is no VAT.
fn other_tax(totals: &Totals) -> bool {
    totals.groups.iter().any(|x| matches!(x.vat.category, VatCategory::Igic | VatCategory::Ipsi))
}

fn table(locale: Locale, content: &Content, totals: &Totals) -> Table {
    let lines = &content.lines;
    let discounts = lines.iter().any(|x| !x.discount.portion.is_zero());
    let vat = !without_vat(totals);
    let words = words_of(locale);
    let names = &words.lines;
    let (price_name, amount_name) = match content.prices {
        Prices::Gross if vat => (names.price_gross, names.amount_gross),
        _ => (names.price, names.amount),
    };
    let mut columns = vec![Column::text(names.description)];
    columns.extend([names.quantity, price_name].map(|x| Column::figures(x).wide_only()));
    columns.extend(discounts.then(|| Column::figures(names.discount).wide_only()));
    columns.extend(vat.then(|| {
        Column::figures(if other_tax(totals) { words.vat.column_other } else { words.vat.column }).wide_only()
    }));
    columns.push(Column::figures(amount_name));
    let rows = lines.iter().map(|line| {
        let mut cells = vec![line.name().to_owned(), quantity(locale, line)];
        cells.push(price(locale, line.price, totals.currency));
        cells.extend(discounts.then(|| discount(locale, line, totals.currency)));
        cells.extend(vat.then(|| vat_cell(locale, line.vat)));
        // Beyond the limits of an amount there are no totals either, so that no such line gets here.
        cells.push(line.amount(totals.currency).map_or_else(String::new, |x| locale.amount(x)));
        let narrow = narrow(locale, line, totals.currency, vat);
        Row { cells, notes: notes(locale, line), narrow, ..Row::default() }
    });
    Table { caption: names.caption.to_owned(), columns, rows: rows.collect(), ..Table::default() }
}

/// What stands in small print under a line.
fn notes(locale: Locale, line: &Line) -> Vec<String> {
    let mut out: Vec<String> = line.detail().lines().map(|x| x.trim().to_owned()).collect();
    out.extend(line.period.map(|x| period(locale, x)));
    let words = &words_of(locale).lines;
    let labelled = [(words.item, &line.item), (words.order_line, &line.order_line)];
    out.extend(labelled.into_iter().filter(|x| !x.1.is_empty()).map(|(label, text)| format!("{label} {text}")));
    if !line.discount.reason.is_empty() && !line.discount.portion.is_zero() {
        out.push((words.discount_for)(&line.discount.reason));
    }
    out.retain(|x| !x.is_empty());
    out
}

/// "1 October 2026 to 24 October 2026".
pub(super) fn period(locale: Locale, period: Period) -> String {
    (words_of(locale).sheet.period)(&locale.date_long(period.from), &locale.date_long(period.to))
}

fn sums(locale: Locale, content: &Content, totals: &Totals, sum: Option<&str>) -> Vec<Total> {
    let words = words_of(locale);
    let names = &words.lines;
    let amount = |minor| locale.amount(Money::new(minor, totals.currency));
    let mut out = adjusted(locale, content, totals);
    match content.prices {
        _ if without_vat(totals) => {}
        Prices::Net => {
            out.push(Total::line(if other_tax(totals) { names.net_other } else { names.net }, amount(totals.net)));
            let group = |x: &VatGroup| Total::line(group_label(locale, x, &amount(x.base)), amount(x.tax));
            out.extend(totals.groups.iter().map(group));
        }
        Prices::Gross => {
            let group =
                |x: &VatGroup| Total::line((names.included)(&group_label(locale, x, &amount(x.base))), amount(x.tax));
            out.extend(totals.groups.iter().map(group));
            out.push(Total::line(
                if other_tax(totals) { names.net_other } else { names.net_of_gross },
                amount(totals.net),
            ));
        }
    }
    if totals.prepaid != 0 || totals.rounding != 0 {
        let gross = if other_tax(totals) { names.gross_other } else { names.gross };
        let name = if without_vat(totals) { names.total } else { gross };
        out.push(Total::line(name, amount(totals.gross)));
    }
    if totals.prepaid != 0 {
        out.push(Total::line(names.prepaid, amount(totals.prepaid.saturating_neg())));
    }
    if totals.rounding != 0 {
        out.push(Total::line(names.rounding, amount(totals.rounding)));
    }
    let name = sum.unwrap_or(if totals.prepaid != 0 { names.left } else { names.total });
    let name = (words.sheet.in_currency)(name, &words.in_currency(&totals.currency));
    out.push(Total::sum(name, locale.money(totals.payable())));
    out
}

/// The lines' sum and what is taken off it or put on top, in the document's prices; nothing without adjustments.
fn adjusted(locale: Locale, content: &Content, totals: &Totals) -> Vec<Total> {
    let currency = totals.currency;
    if content.adjustments.is_empty() {
        return Vec::new();
    }
    let Some(all) = amounts(content, currency) else { return Vec::new() };
    let figure = |minor| locale.amount(Money::new(minor, currency));
    let lines = all.iter().take(content.lines.len()).fold(0_i64, |sum, x| sum.saturating_add(*x));
    let mut out = vec![Total::line(words_of(locale).lines.sum, figure(lines))];
    let adjustments = content.adjustments.iter().zip(all.iter().skip(content.lines.len()));
    let vat = content.vats().any(|x| content.vats().next().is_some_and(|first| first != x));
    out.extend(adjustments.map(|(x, minor)| Total::line(adjustment_label(locale, x, vat), figure(*minor))));
    out
}

fn adjustment_label(locale: Locale, x: &Adjustment, vat: bool) -> String {
    let usual = match x.direction {
        Direction::Allowance => words_of(locale).lines.allowance,
        Direction::Charge => words_of(locale).lines.charge,
    };
    let mut out = if x.reason.is_empty() { usual.to_owned() } else { x.reason.clone() };
    if let Portion::Percent(percent) = x.portion {
        out.push_str(&format!(", {}", locale.percent(percent)));
    }
    if vat {
        out.push_str(&format!(" ({})", vat_words(locale, x.vat)));
    }
    out
}

fn group_label(locale: Locale, group: &VatGroup, base: &str) -> String {
    (words_of(locale).vat.group)(group.vat.category, &locale.percent(group.vat.rate), base)
}

/// The sentences that the law wants for what is charged without VAT, in the order of the groups, and the VAT in the
/// accounting currency.
pub(super) fn vat_notes(locale: Locale, content: &Content, totals: &Totals, seller: &Party) -> Vec<String> {
    let sentence = |group: &VatGroup| {
        let category = group.vat.category;
        // What is outside the scope of VAT says nothing of it, unless somebody wrote a reason.
        let silent = category == VatCategory::OutOfScope && content.exemptions.iter().all(|x| x.category != category);
        content.exemption(category, locale.language(), in_eu(&seller.country)).filter(|_| !silent).map(|x| x.reason)
    };
    let mut out: Vec<String> = totals.groups.iter().filter_map(sentence).collect();
    if let (Some(other), Some(vat)) = (&content.accounting, totals.accounting_vat) {
        let on = locale.date_long(other.on);
        let (one, words) = (totals.currency, words_of(locale));
        let rate = format!("1 {one} = {} {}", locale.number(other.rate), other.currency);
        out.push((words.vat.accounting)(&locale.money(vat), &words.in_currency(&other.currency), &rate, &on));
    }
    out
}

fn quantity(locale: Locale, line: &Line) -> String {
    let (number, suffix) = (locale.number(line.quantity), (words_of(locale).lines.unit)(line.unit));
    if suffix.is_empty() { number } else { format!("{number}\u{a0}{suffix}") }
}

/// A unit price with at least the currency's decimals, and more where it has more.
fn price(locale: Locale, price: Decimal, currency: Currency) -> String {
    let price = price.normalize();
    match Money::round(price, currency) {
        Some(whole) if price.scale() <= currency.digits() => locale.amount(whole),
        _ => locale.number(price),
    }
}

fn discount(locale: Locale, line: &Line, currency: Currency) -> String {
    match line.discount.portion {
        portion if portion.is_zero() => String::new(),
        Portion::Percent(percent) => locale.percent(percent),
        Portion::Amount(minor) => locale.amount(Money::new(minor, currency)),
    }
}

fn vat_cell(locale: Locale, vat: Vat) -> String {
    match vat.category {
        VatCategory::Standard | VatCategory::Zero => locale.percent(vat.rate),
        other if other.has_rates() => {
            format!("{}\u{a0}{}", (words_of(locale).vat.cell)(other), locale.percent(vat.rate))
        }
        other => (words_of(locale).vat.cell)(other).to_owned(),
    }
}

/// A category or rate within a sentence: "VAT 23%".
fn vat_words(locale: Locale, vat: Vat) -> String {
    (words_of(locale).vat.words)(vat.category, &locale.percent(vat.rate))
}

fn words_of(locale: Locale) -> &'static Words {
    words(locale.language())
}

/// What a phone shows in place of the columns: "11.5 h at €220.00, VAT 23%".
fn narrow(locale: Locale, line: &Line, currency: Currency, vat: bool) -> String {
    let words = words_of(locale);
    let price = match Money::round(line.price, currency) {
        Some(whole) if line.price.normalize().scale() <= currency.digits() => locale.money(whole),
        _ => format!("{} {}", price(locale, line.price, currency), currency),
    };
    let mut out = (words.lines.at)(&quantity(locale, line), &price);
    if !line.discount.portion.is_zero() {
        out.push_str(&(words.lines.less)(&discount(locale, line, currency)));
    }
    if vat {
        out.push_str(&format!(", {}", vat_words(locale, line.vat)));
    }
    out
}
