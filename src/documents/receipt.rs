//! Receipts for payments as a [`Sheet`], and as a table for programs.
//!
//! What came in, from whom, when and how never changes; what it settles is said as of a day. Formats what the domain
//! has reckoned; must not reckon anything itself.

use jiff::civil::Date;

use super::bill::Look;
use super::csv::Csv;
use super::sheet::{Column, Fact, Row, Section, Sheet, Table, Total};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::payment::{Receipt, Settles};
use crate::domain::statement::EntryKind;

/// What a receipt says beside itself.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// What it settles, or had settled until it was taken back.
    pub parts: &'a [Settles],
    /// What of it is not applied to anything.
    pub left: Money,
    /// As of which day.
    pub on: Date,
}

/// The columns of its CSV; their names are promised, as those of [`super::csv`] are.
pub const COLUMNS: [&str; 13] = [
    "document", // receipt
    "number",
    "received",
    "method",
    "reference",
    "currency",
    "payer",
    "payee",
    "total",
    "taken_back", // the day from which it is void; empty otherwise
    "invoice",    // from here on what it settles, or had settled; empty for what is not applied
    "applied",
    "amount",
];

/// A receipt as a table: a row for each invoice that it settles, or had settled, and one for what is not applied.
pub fn receipt_csv(receipt: &Receipt, settles: &Beside<'_>) -> Csv {
    let figure = |money: Money| money.decimal().to_string();
    let whole = [
        "receipt".to_owned(),
        receipt.number.to_string(),
        receipt.on.to_string(),
        receipt.method.words().to_owned(),
        receipt.reference.clone(),
        receipt.amount.currency.to_string(),
        receipt.payer.name.clone(),
        receipt.payee.name.clone(),
        figure(receipt.amount),
        receipt.reversed.as_ref().map_or_else(String::new, |back| back.on.to_string()),
    ];
    let mut csv = Csv::new(&COLUMNS);
    let mut row = |of: [String; 3]| csv.row(&[whole.as_slice(), of.as_slice()].concat());
    for Settles { part, number, .. } in settles.parts {
        row([number.to_string(), part.on.to_string(), figure(part.amount)]);
    }
    if settles.parts.is_empty() || settles.left.minor != 0 {
        row([String::new(), String::new(), figure(settles.left)]);
    }
    csv
}

/// The sheet of a receipt; one that was taken back is void and says so.
pub fn receipt_sheet(look: &Look, receipt: &Receipt, settles: &Beside<'_>) -> Sheet {
    let (locale, words) = (look.firm.locale, look.words());
    let (sheet, says) = (&words.sheet, &words.receipt);
    let amount = locale.money(receipt.amount);
    let mut facts = vec![
        Fact::new(sheet.number, receipt.number.as_str()),
        Fact::new(says.received, locale.date_long(receipt.on)),
        Fact::new(says.by, (says.method)(receipt.method)),
        Fact::new(words.pay.reference, receipt.reference.as_str()),
        Fact::new(says.amount, amount.as_str()),
    ];
    facts.retain(|x| !x.value.is_empty());
    let mut notes = match &receipt.reversed {
        None => vec![(says.thanks)(&amount, &receipt.payer.name)],
        Some(back) => vec![(says.taken_back)(back.cause, &locale.date_long(back.on))],
    };
    notes.push(look.questions());
    Sheet {
        number: receipt.number.to_string(),
        facts,
        sections: vec![section(look, receipt, settles)],
        notes,
        banner: receipt.reversed.is_some().then(|| says.void.to_owned()),
        ..look.sheet(says.title, &receipt.payee, &receipt.payer)
    }
}

fn section(look: &Look, receipt: &Receipt, settles: &Beside<'_>) -> Section {
    let (locale, back) = (look.firm.locale, receipt.reversed.is_some());
    let (words, on) = (look.words(), locale.date_long(settles.on));
    let says = &words.receipt;
    let rows: Vec<Row> = settles
        .parts
        .iter()
        .map(|Settles { part, number, late_note }| Row {
            cells: vec![called(look, number, *late_note), locale.date_long(part.on), locale.amount(part.amount)],
            ..Row::default()
        })
        .collect();
    let columns = vec![Column::text(says.invoice), Column::figures(says.applied), Column::figures(says.amount)];
    let table = match rows.is_empty() {
        true => Table::default(),
        false => Table { caption: says.caption.to_owned(), columns, rows, ..Table::default() },
    };
    let heading = match (back, settles.parts.is_empty()) {
        (true, true) => says.settled_nothing.to_owned(),
        (true, false) => says.had_settled.to_owned(),
        (false, true) => (says.on_account)(&on),
        (false, false) => (says.settles)(&on),
    };
    let mut totals = Vec::new();
    if !back {
        totals.push(Total::line(says.not_applied, locale.amount(settles.left)));
        let name = (words.sheet.in_currency)(says.sum, &words.in_currency(&receipt.amount.currency));
        totals.push(Total::sum(name, locale.money(receipt.amount)));
    }
    Section { heading, table, totals, ..Section::default() }
}

/// "Invoice HF-2026-0001", "Late payment note HF-2026-0002".
fn called(look: &Look, number: &DocumentNumber, late_note: bool) -> String {
    let words = look.words();
    match late_note {
        true => (words.statement.entry)(EntryKind::LateNote, number.as_str()),
        false => format!("{} {number}", words.receipt.invoice),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_column_is_documented() {
        let documented = include_str!("../../docs/formats.md");
        let missing: Vec<_> = super::COLUMNS.iter().filter(|name| !documented.contains(&format!("`{name}`"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
