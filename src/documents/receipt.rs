//! Receipts for payments as a [`Sheet`].
//!
//! What came in, from whom, when and how never changes; what it settles is said as of a day. Formats what the domain
//! has reckoned; must not reckon anything itself.

use jiff::civil::Date;

use super::bill::Look;
use super::names::currency_name;
use super::sheet::{Column, Fact, Row, Section, Sheet, Table, Total};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::payment::{Allocation, Receipt};
use crate::domain::text::capital;

/// What a receipt says beside itself.
#[derive(Clone, Copy, Debug)]
pub struct Settles<'a> {
    /// What it settles, or had settled until it was taken back, with the numbers of those invoices.
    pub parts: &'a [(Allocation, DocumentNumber)],
    /// What of it is not applied to anything.
    pub left: Money,
    /// As of which day.
    pub on: Date,
}

/// The sheet of a receipt; one that was taken back is void and says so.
pub fn receipt_sheet(look: &Look, receipt: &Receipt, settles: &Settles) -> Sheet {
    let locale = look.firm.locale;
    let amount = locale.money(receipt.amount);
    let mut facts = vec![
        Fact::new("Number", receipt.number.as_str()),
        Fact::new("Received", locale.date_long(receipt.on)),
        Fact::new("By", capital(receipt.method.words())),
        Fact::new("Reference", receipt.reference.as_str()),
        Fact::new("Amount", amount.as_str()),
    ];
    facts.retain(|x| !x.value.is_empty());
    let mut notes = match &receipt.reversed {
        None => vec![format!("We received {amount} from {}. Thank you.", receipt.payer.name)],
        Some(back) => vec![format!(
            "This payment was {}; from {} on it settles nothing, and this receipt is void.",
            back.cause.words(),
            locale.date_long(back.on)
        )],
    };
    notes.push(look.questions());
    Sheet {
        number: receipt.number.to_string(),
        facts,
        sections: vec![section(look, receipt, settles)],
        notes,
        banner: receipt.reversed.is_some().then(|| "VOID – this payment was taken back".to_owned()),
        ..look.sheet("Receipt", &receipt.payee, &receipt.payer)
    }
}

fn section(look: &Look, receipt: &Receipt, settles: &Settles) -> Section {
    let (locale, back) = (look.firm.locale, receipt.reversed.is_some());
    let on = locale.date_long(settles.on);
    let rows: Vec<Row> = settles
        .parts
        .iter()
        .map(|(part, number)| Row {
            cells: vec![format!("Invoice {number}"), locale.date_long(part.on), locale.amount(part.amount)],
            ..Row::default()
        })
        .collect();
    let columns = vec![Column::text("Invoice"), Column::figures("Applied"), Column::figures("Amount")];
    let table = match rows.is_empty() {
        true => Table::default(),
        false => Table { caption: "What it settles".to_owned(), columns, rows, ..Table::default() },
    };
    let heading = match (back, settles.parts.is_empty()) {
        (true, true) => "It had settled nothing".to_owned(),
        (true, false) => "What it had settled".to_owned(),
        (false, true) => format!("On {on} it is on your account"),
        (false, false) => format!("What it settles, as of {on}"),
    };
    let mut totals = Vec::new();
    if !back {
        totals.push(Total::line("Not applied yet, on your account", locale.amount(settles.left)));
        let name = format!("Received in {}", currency_name(receipt.amount.currency));
        totals.push(Total::sum(name, locale.money(receipt.amount)));
    }
    Section { heading, table, totals, ..Section::default() }
}
