//! Rows of a table as invoices: those of one number are one invoice, and its head is what its first row says, or the
//! first that says it.

use std::collections::HashMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::columns::Field;
use super::intake::{DocumentRow, Entry, Remark, What};
use super::rows::{Row, entry, terms};
use super::table::{DateOrder, Reading, Table, number, percent};
use crate::documents::{self, Csv};
use crate::domain::firm::BankDetails;
use crate::domain::incoming::Incoming;
use crate::domain::invoice::References;
use crate::domain::money::{Currency, Money};
use crate::domain::number::DocumentNumber;
use crate::domain::tax::{
    Content, Discount, FINE_DIGITS, LINES_MAX, Line, Period, Prices, RATE_DIGITS, Totals, Unit, Vat, VatCategory,
    totals,
};
use crate::domain::text;

/// The invoices of a table. `fallback` is the currency where neither the table nor whoever reads it says one.
pub(super) fn invoices(
    table: &Table,
    file: &Arc<str>,
    reading: &Reading,
    order: Option<DateOrder>,
    fallback: Currency,
    remarks: &mut Vec<Remark>,
) -> Vec<Entry> {
    let mut groups: Vec<Vec<&(u32, Vec<String>)>> = Vec::new();
    let mut by_number: HashMap<String, usize> = HashMap::new();
    for row in &table.rows {
        let number = table.cell(&row.1, Field::Number).to_ascii_uppercase();
        // Some programs write the head once and leave the number out of further lines.
        let at = match by_number.get(&number).copied().filter(|_| !number.is_empty()) {
            Some(at) => at,
            None if number.is_empty() && !groups.is_empty() => groups.len() - 1,
            None => {
                groups.push(Vec::new());
                by_number.insert(number, groups.len() - 1);
                groups.len() - 1
            }
        };
        if let Some(group) = groups.get_mut(at) {
            group.push(row);
        }
    }
    let mut out = Vec::with_capacity(groups.len());
    for group in groups {
        let mut rows: Vec<Row<'_>> = group.into_iter().map(|row| Row::new(table, file, row, order)).collect();
        let read = invoice(&mut rows, reading, fallback);
        if let (Some(document), Some(first)) = (read, rows.first()) {
            out.push(entry(first, What::Document(Box::new(document))));
        }
        remarks.extend(rows.into_iter().flat_map(|row| row.remarks));
    }
    out
}

/// The first text that any of the rows has of a field.
fn first(rows: &[Row<'_>], field: Field) -> usize {
    rows.iter().position(|x| !x.text(field).is_empty()).unwrap_or_default()
}

fn invoice(rows: &mut [Row<'_>], reading: &Reading, fallback: Currency) -> Option<DocumentRow> {
    let place = |rows: &[Row<'_>], field| first(rows, field);
    let head = rows.first_mut()?;
    let text = head.text(Field::Number);
    let number = head.take(Field::Number, text.parse::<DocumentNumber>())?;
    let at = place(rows, Field::Dated);
    let dated = rows.get_mut(at)?.date(Field::Dated, true);
    let at = place(rows, Field::Due);
    let due = rows.get_mut(at)?.date(Field::Due, false);
    let at = place(rows, Field::Currency);
    let currency = rows.get_mut(at)?.currency(Field::Currency).ok()?.or(reading.currency).unwrap_or(fallback);
    let at = place(rows, Field::Client);
    let buyer = rows.get_mut(at)?.party()?;
    if buyer.name.is_empty() {
        rows.first_mut()?.note(Field::Client, true, "The client’s name is missing.");
        return None;
    }
    let dated = dated?;
    let due = due.or_else(|| terms(&rows.first()?.text(Field::Terms)).map(|x| x.due(dated)));
    if due.is_some_and(|x| x < dated) {
        rows.first_mut()?.note(
            Field::Due,
            false,
            format!("It is before the date of the invoice, {dated}; that date is taken."),
        );
    }
    let content = Content { prices: if reading.gross { Prices::Gross } else { Prices::Net }, ..Content::default() };
    let lines: Option<Vec<(Line, Option<i64>)>> =
        rows.iter_mut().take(LINES_MAX + 1).map(|row| line(row, currency)).collect();
    let lines = lines?;
    if lines.len() > LINES_MAX {
        rows.first_mut()?.note(Field::Number, true, format!("It has more than {LINES_MAX} lines."));
        return None;
    }
    let (lines, taxes): (Vec<Line>, Vec<Option<i64>>) = lines.into_iter().unzip();
    let content = Content { lines, ..content };
    let sums = totals(&content, currency).map(|sums| taxed(sums, &content, &taxes));
    let Some(sums) = sums else {
        rows.first_mut()?.note(Field::Number, true, "Its total is too large; check quantities and prices.");
        return None;
    };
    let (content, sums) = agreed(rows, content, sums, reading)?;
    if sums.payable < 0 {
        rows.first_mut()?.note(Field::Total, true, "It is below zero. Credit the invoice that it takes back by hand.");
        return None;
    }
    let note = text::paragraph("", &rows.get(place(rows, Field::Note))?.text(Field::Note));
    let at = place(rows, Field::Order);
    let order = rows.get_mut(at)?.line(Field::Order)?;
    let at = place(rows, Field::Reference);
    let reference = rows.get_mut(at)?.line(Field::Reference)?;
    let at = place(rows, Field::Email);
    let email = rows.get_mut(at)?.line(Field::Email)?;
    let note = rows.first_mut()?.take(Field::Note, note)?;
    let incoming = Incoming {
        credit: false,
        number,
        dated,
        due: due.map(|x| x.max(dated)),
        currency,
        title: String::new(),
        note,
        reference,
        references: References { order, ..References::default() },
        delivered: None,
        period: None,
        credits: String::new(),
        content,
        totals: sums,
        seller: None,
        bank: BankDetails::default(),
        buyer,
    };
    let client = incoming.buyer.name.clone();
    Some(DocumentRow { incoming, bytes: original(rows), media_type: documents::CSV, client, email })
}

/// The rows as a small table of their own: what the invoice was read from.
fn original(rows: &[Row<'_>]) -> Vec<u8> {
    let Some(first) = rows.first() else { return Vec::new() };
    let mut table = Csv::new(&first.table.headings.iter().map(String::as_str).collect::<Vec<_>>());
    for row in rows {
        table.row(row.cells);
    }
    table.into_bytes()
}

/// A line, and the VAT that its row states for it.
fn line(row: &mut Row<'_>, currency: Currency) -> Option<(Line, Option<i64>)> {
    let figure = |row: &mut Row<'_>, field: Field| {
        let text = row.text(field);
        let read = number(&text);
        if read.is_none() && !text.is_empty() {
            row.note(field, true, format!("{text:?} is no number."));
            return Err(());
        }
        Ok(read)
    };
    let quantity = figure(row, Field::Quantity).ok()?;
    let price = figure(row, Field::Price).ok()?;
    let amount = figure(row, Field::LineAmount).ok()?;
    let discount = figure(row, Field::Discount).ok()?.unwrap_or_default();
    let tax = figure(row, Field::TaxAmount).ok()?;
    let total = figure(row, Field::Total).ok()?;
    let words = [row.text(Field::Item), row.text(Field::Description)];
    let description = words.iter().filter(|x| !x.is_empty()).cloned().collect::<Vec<_>>().join("\n");
    let description = text::paragraph("", &description);
    let description = row.take(Field::Description, description)?;
    let done = row.date(Field::ServiceDate, false);
    let (quantity, price) = match (quantity, price, amount) {
        (Some(quantity), Some(price), _) => (quantity, price),
        (_, _, Some(amount)) => (Decimal::ONE, amount),
        (None, Some(price), None) => (Decimal::ONE, price),
        // A table of heads alone has one line for each invoice, at its total.
        (_, None, None) => (Decimal::ONE, total.unwrap_or_default()),
    };
    let (quantity, price) = if price.is_sign_negative() { (-quantity, -price) } else { (quantity, price) };
    let (quantity, price) = (quantity.normalize(), price.normalize());
    for (field, figure) in [(Field::Quantity, quantity), (Field::Price, price)] {
        if figure.scale() > FINE_DIGITS || figure.abs() > Decimal::from(1_000_000_000) {
            row.note(field, true, format!("{figure} has more than {FINE_DIGITS} decimals or is too large."));
            return None;
        }
    }
    let discount = discount.normalize();
    if discount.is_sign_negative() || discount > Decimal::ONE_HUNDRED || discount.scale() > RATE_DIGITS {
        row.note(Field::Discount, true, format!("{discount} is no percentage from 0 to 100."));
        return None;
    }
    let unset = description.is_empty();
    let line = Line {
        description: if unset { "As invoiced".to_owned() } else { description },
        quantity,
        unit: Unit::Each,
        price,
        discount: Discount::percent(discount),
        period: done.map(|x| Period { from: x, to: x }),
        ..Line::default()
    };
    let net = line.amount(currency)?;
    if let Some(stated) = amount.and_then(|x| Money::round(x, currency)).filter(|x| *x != net) {
        row.note(Field::LineAmount, true, format!("It says {stated}, but quantity, price and discount come to {net}."));
        return None;
    }
    let tax = tax.and_then(|x| Money::round(x, currency)).map(|x| x.minor);
    let vat = vat(row, net, tax)?;
    Some((Line { vat, ..line }, tax))
}

/// Category and rate: from the percentage in the tax's name, or else from the VAT that the row states.
fn vat(row: &mut Row<'_>, net: Money, tax: Option<i64>) -> Option<Vat> {
    let name = row.text(Field::Tax);
    let rate = percent(&name).or_else(|| number(&name).filter(|_| !name.contains(char::is_alphabetic)));
    let stated = tax.filter(|x| *x != 0 && net.minor != 0).map(|x| {
        (Decimal::from(x) * Decimal::ONE_HUNDRED / Decimal::from(net.minor)).round_dp(RATE_DIGITS.min(1)).normalize()
    });
    let lower = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|x| lower.contains(x));
    let rate = rate.or(stated).unwrap_or_default().normalize();
    let category = match () {
        () if has(&["igic"]) && !rate.is_zero() => VatCategory::Igic,
        () if has(&["ipsi"]) && !rate.is_zero() => VatCategory::Ipsi,
        () if !rate.is_zero() => VatCategory::Standard,
        () if has(&["reverse"]) => VatCategory::ReverseCharge,
        () if has(&["exempt"]) => VatCategory::Exempt,
        () if has(&["zero", "0%", "0.0%"]) => VatCategory::Zero,
        () if has(&["export"]) => VatCategory::Export,
        () => VatCategory::OutOfScope,
    };
    let read = Vat::new("", category, rate);
    row.take(Field::Tax, read)
}

/// The sums with the VAT that the rows state, where all lines of a group state it.
fn taxed(mut sums: Totals, content: &Content, stated: &[Option<i64>]) -> Totals {
    if content.prices == Prices::Gross {
        return sums;
    }
    for group in &mut sums.groups {
        let of = content.lines.iter().zip(stated).filter(|x| x.0.vat == group.vat).map(|x| *x.1);
        if let Some(tax) =
            of.sum::<Option<i64>>().filter(|x| (x - group.tax).abs() <= i64::try_from(stated.len()).unwrap_or(1))
        {
            group.tax = tax;
        }
    }
    sums.vat = sums.groups.iter().map(|x| x.tax).sum();
    sums.gross = sums.net.saturating_add(sums.vat);
    sums.payable = sums.gross.saturating_sub(sums.prepaid);
    sums
}

/// Compares the total that the table states with what the lines come to.
fn agreed(rows: &mut [Row<'_>], content: Content, sums: Totals, reading: &Reading) -> Option<(Content, Totals)> {
    let currency = sums.currency;
    let text = rows.first()?.text(Field::Total);
    let Some(stated) = number(&text).and_then(|x| Money::round(x, currency)) else { return Some((content, sums)) };
    if stated.minor == sums.payable {
        return Some((content, sums));
    }
    if reading.trust_totals {
        let vat = Vat { category: VatCategory::OutOfScope, rate: Decimal::ZERO };
        let names: Vec<String> = content.lines.iter().map(|x| x.name().to_owned()).take(20).collect();
        let description = format!("As invoiced\n{}", names.join("\n"));
        let line = Line { description, quantity: Decimal::ONE, price: stated.decimal(), vat, ..Line::default() };
        let content = Content::of(vec![line]);
        let sums = totals(&content, currency)?;
        rows.first_mut()?.note(
            Field::Total,
            false,
            format!("Its lines don’t come to {stated}; they became one line of that."),
        );
        return Some((content, sums));
    }
    // Some exports repeat a row: then the total is that of the rows without their repetitions.
    let lines = unrepeated(rows, &content);
    let without = Content { lines, ..content.clone() };
    if let Some(less) = totals(&without, currency).filter(|x| x.payable == stated.minor) {
        rows.first_mut()?.note(
            Field::Number,
            false,
            "A row stands in it more than once; the total counts it once, and so does this.",
        );
        return Some((without, less));
    }
    let comes = sums.payable();
    rows.first_mut()?.note(Field::Total, true, format!("It says {stated}, but the lines come to {comes}."));
    None
}

fn unrepeated(rows: &[Row<'_>], content: &Content) -> Vec<Line> {
    let mut seen: Vec<&[String]> = Vec::new();
    let mut out = Vec::new();
    for (row, line) in rows.iter().zip(&content.lines) {
        if !seen.contains(&row.cells) {
            seen.push(row.cells);
            out.push(line.clone());
        }
    }
    out
}
