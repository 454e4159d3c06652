//! The lines, allowances, charges and sums of invoices, credit notes and quotes, and the sentences about VAT.
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

use rust_decimal::Decimal;

use super::names::currency_name;
use super::sheet::{Column, Row, Section, Table, Total};
use crate::domain::client::Party;
use crate::domain::country::in_eu;
use crate::domain::firm::Locale;
use crate::domain::money::{Currency, Money};
use crate::domain::tax::{
    Adjustment, Content, Direction, Line, Period, Portion, Prices, Totals, Vat, VatCategory, VatGroup, amounts,
};

/// The lines with their totals. `sum` is what the total is called ("Total").
pub(super) fn section(locale: Locale, heading: &str, content: &Content, totals: &Totals, sum: &str) -> Section {
    Section {
        heading: heading.to_owned(),
        table: table(locale, content, totals),
        totals: sums(locale, content, totals, sum),
        ..Section::default()
    }
}

/// The lines of `content` that may be chosen, with what the document comes to with all of them.
pub(super) fn options(locale: Locale, content: &Content, numbers: &[u32], with_all: &Totals) -> Section {
    let mut table = table(locale, content, with_all);
    let rows = (1_u32..).zip(std::mem::take(&mut table.rows));
    table.rows = rows.filter(|x| numbers.contains(&x.0)).map(|x| x.1).collect();
    for (option, row) in (1..).zip(&mut table.rows) {
        row.notes.insert(0, format!("Option {option}"));
    }
    table.caption = "Options".to_owned();
    let total = format!("Total with every option, in {}", currency_name(with_all.currency));
    let totals = vec![Total::line(total, locale.money(with_all.payable()))];
    Section { heading: "Options: choose when you accept".to_owned(), table, totals, ..Section::default() }
}

/// Whether nothing of it is subject to VAT, so that the document need not speak of VAT at all.
fn without_vat(totals: &Totals) -> bool {
    totals.groups.iter().all(|x| x.vat.category == VatCategory::OutOfScope)
}

fn table(locale: Locale, content: &Content, totals: &Totals) -> Table {
    let lines = &content.lines;
    let discounts = lines.iter().any(|x| !x.discount.portion.is_zero());
    let vat = !without_vat(totals);
    let (price_name, amount_name) = match content.prices {
        Prices::Gross if vat => ("Price incl. VAT", "Amount incl. VAT"),
        _ => ("Price", "Amount"),
    };
    let mut columns = vec![Column::text("Description")];
    columns.extend(["Quantity", price_name].map(|x| Column::figures(x).wide_only()));
    columns.extend(discounts.then(|| Column::figures("Discount").wide_only()));
    columns.extend(vat.then(|| Column::figures("VAT").wide_only()));
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
    Table { caption: "Lines".to_owned(), columns, rows: rows.collect(), ..Table::default() }
}

/// What stands in small print under a line.
fn notes(locale: Locale, line: &Line) -> Vec<String> {
    let mut out: Vec<String> = line.detail().lines().map(|x| x.trim().to_owned()).collect();
    out.extend(line.period.map(|x| period(locale, x)));
    let labelled = [("Item", &line.item), ("Your order line", &line.order_line)];
    out.extend(labelled.into_iter().filter(|x| !x.1.is_empty()).map(|(label, text)| format!("{label} {text}")));
    if !line.discount.reason.is_empty() && !line.discount.portion.is_zero() {
        out.push(format!("Discount: {}", line.discount.reason));
    }
    out.retain(|x| !x.is_empty());
    out
}

/// "1 October 2026 to 24 October 2026".
pub(super) fn period(locale: Locale, period: Period) -> String {
    format!("{} to {}", locale.date_long(period.from), locale.date_long(period.to))
}

fn sums(locale: Locale, content: &Content, totals: &Totals, sum: &str) -> Vec<Total> {
    let amount = |minor| locale.amount(Money::new(minor, totals.currency));
    let mut out = adjusted(locale, content, totals);
    match content.prices {
        _ if without_vat(totals) => {}
        Prices::Net => {
            out.push(Total::line("Total before VAT", amount(totals.net)));
            let group = |x: &VatGroup| Total::line(group_label(locale, x, &amount(x.base)), amount(x.tax));
            out.extend(totals.groups.iter().map(group));
        }
        Prices::Gross => {
            let group = |x: &VatGroup| {
                Total::line(format!("Included: {}", group_label(locale, x, &amount(x.base))), amount(x.tax))
            };
            out.extend(totals.groups.iter().map(group));
            out.push(Total::line("Total without VAT", amount(totals.net)));
        }
    }
    if totals.prepaid != 0 || totals.rounding != 0 {
        let name = if without_vat(totals) { "Total" } else { "Total with VAT" };
        out.push(Total::line(name, amount(totals.gross)));
    }
    if totals.prepaid != 0 {
        out.push(Total::line("Paid already", amount(totals.prepaid.saturating_neg())));
    }
    if totals.rounding != 0 {
        out.push(Total::line("Rounding", amount(totals.rounding)));
    }
    let name = if totals.prepaid != 0 && sum == "Total" { "Left to pay" } else { sum };
    out.push(Total::sum(format!("{name} in {}", currency_name(totals.currency)), locale.money(totals.payable())));
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
    let mut out = vec![Total::line("Sum of the lines", figure(lines))];
    let adjustments = content.adjustments.iter().zip(all.iter().skip(content.lines.len()));
    let vat = content.vats().any(|x| content.vats().next().is_some_and(|first| first != x));
    out.extend(adjustments.map(|(x, minor)| Total::line(adjustment_label(locale, x, vat), figure(*minor))));
    out
}

fn adjustment_label(locale: Locale, x: &Adjustment, vat: bool) -> String {
    let usual = match x.direction {
        Direction::Allowance => "Discount",
        Direction::Charge => "Surcharge",
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
    match group.vat.category {
        VatCategory::Standard => format!("VAT, {} of {base}", locale.percent(group.vat.rate)),
        VatCategory::Zero => format!("Zero rated, 0% of {base}"),
        VatCategory::Exempt => format!("Exempt from VAT, {base}"),
        VatCategory::ReverseCharge => format!("Reverse charge, {base}"),
        VatCategory::IntraCommunity => format!("Intra-Community supply, {base}"),
        VatCategory::Export => format!("Export, {base}"),
        VatCategory::OutOfScope => format!("No VAT on {base}"),
    }
}

/// The sentences that the law wants for what is charged without VAT, in the order of the groups, and the VAT in the
/// accounting currency.
pub(super) fn vat_notes(locale: Locale, content: &Content, totals: &Totals, seller: &Party) -> Vec<String> {
    let sentence = |group: &VatGroup| {
        let category = group.vat.category;
        // What is outside the scope of VAT says nothing of it, unless somebody wrote a reason.
        let silent = category == VatCategory::OutOfScope && content.exemptions.iter().all(|x| x.category != category);
        content.exemption(category, in_eu(&seller.country)).filter(|_| !silent).map(|x| x.reason)
    };
    let mut out: Vec<String> = totals.groups.iter().filter_map(sentence).collect();
    if let (Some(other), Some(vat)) = (&content.accounting, totals.accounting_vat) {
        let on = locale.date_long(other.on);
        let (one, rate) = (totals.currency, locale.number(other.rate));
        out.push(format!(
            "The VAT is {} in {}, at 1 {one} = {rate} {} on {on}.",
            locale.money(vat),
            currency_name(other.currency),
            other.currency
        ));
    }
    out
}

fn quantity(locale: Locale, line: &Line) -> String {
    let (number, suffix) = (locale.number(line.quantity), line.unit.suffix());
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
        VatCategory::Exempt => "Exempt".to_owned(),
        VatCategory::ReverseCharge => "Reverse charge".to_owned(),
        VatCategory::IntraCommunity => "Intra-EU".to_owned(),
        VatCategory::Export => "Export".to_owned(),
        VatCategory::OutOfScope => "None".to_owned(),
    }
}

/// A category or rate within a sentence: "VAT 23%".
fn vat_words(locale: Locale, vat: Vat) -> String {
    match vat.category {
        VatCategory::Standard | VatCategory::Zero => format!("VAT {}", locale.percent(vat.rate)),
        VatCategory::OutOfScope => "no VAT".to_owned(),
        VatCategory::Exempt => "exempt from VAT".to_owned(),
        VatCategory::ReverseCharge => "reverse charge".to_owned(),
        VatCategory::IntraCommunity => "intra-Community supply".to_owned(),
        VatCategory::Export => "export".to_owned(),
    }
}

/// What a phone shows in place of the columns: "11.5 h at €220.00, VAT 23%".
fn narrow(locale: Locale, line: &Line, currency: Currency, vat: bool) -> String {
    let price = match Money::round(line.price, currency) {
        Some(whole) if line.price.normalize().scale() <= currency.digits() => locale.money(whole),
        _ => format!("{} {}", price(locale, line.price, currency), currency),
    };
    let mut out = format!("{} at {price}", quantity(locale, line));
    if !line.discount.portion.is_zero() {
        out.push_str(&format!(", less {}", discount(locale, line, currency)));
    }
    if vat {
        out.push_str(&format!(", {}", vat_words(locale, line.vat)));
    }
    out
}
