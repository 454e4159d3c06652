//! The PDFs of the demo's other system: the firm's accounting program, whose invoices look nothing like the portal's
//! own.

use jiff::Timestamp;

use super::firm::ClientPlan;
use crate::actions::invoices::Draft;
use crate::documents::{Brand, Column, Fact, Fonts, Meta, Recipient, Row, Section, Sheet, Table, Total, pdf};
use crate::domain::firm::Locale;
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::refusal::{FieldFault, Refusal};
use crate::domain::tax::totals;
use crate::store::ActError;

/// A colour that the portal's documents never have.
const COLOUR: [u8; 3] = [0x5a, 0x1e, 0x1e];

/// The PDF of a bill as the accounting program draws it.
///
/// # Errors
/// When it can't be drawn.
pub fn pdf_of(
    fonts: &Fonts,
    client: &ClientPlan,
    bill: &Draft,
    number: &DocumentNumber,
    at: Timestamp,
) -> Result<Vec<u8>, ActError> {
    let meta = Meta {
        title: format!("Tax invoice {number}"),
        author: "MatterLedger".to_owned(),
        created: at,
        document_id: number.to_string(),
    };
    pdf(&sheet(client, bill, number), fonts, &meta)
        .map_err(|e| Refusal::from(FieldFault::new("document", e.to_string())).into())
}

fn sheet(client: &ClientPlan, bill: &Draft, number: &DocumentNumber) -> Sheet {
    let locale = Locale::EnglishUk;
    let sum = totals(&bill.content, bill.currency);
    let money = |minor| locale.money(Money::new(minor, bill.currency));
    let (net, vat, gross) = sum.map_or((0, 0, 0), |t| (t.net, t.vat, t.gross));
    let rows = bill.content.lines.iter().map(|line| {
        let amount = line.amount(bill.currency).map_or(0, |m| m.minor);
        Row {
            cells: vec![
                line.description.clone(),
                format!("{} {}", line.quantity, line.unit.suffix()).trim().to_owned(),
                money(amount),
            ],
            ..Row::default()
        }
    });
    let mut recipient = vec![client.name.to_owned()];
    recipient.extend(client.party().lines());
    Sheet {
        language: "en-IE".to_owned(),
        title: "TAX INVOICE".to_owned(),
        number: number.to_string(),
        brand: Brand {
            colour: COLOUR,
            logo: None,
            firm: "HARBOUR & FINCH LLP".to_owned(),
            lines: vec!["Matter accounts".to_owned(), "9 Sir John’s Lane, Dublin 2".to_owned()],
        },
        recipient: Recipient { label: "Bill to".to_owned(), lines: recipient },
        facts: vec![
            Fact::new("Invoice no.", number.to_string()),
            Fact::new("Account", client.reference),
            Fact::new("Date", bill.dated.strftime("%d/%m/%Y").to_string()),
            Fact::new("Terms", bill.due.strftime("Net, by %d/%m/%Y").to_string()),
        ],
        sections: vec![Section {
            heading: bill.title.clone(),
            table: Table {
                caption: "Charges".to_owned(),
                columns: vec![Column::text("Narrative"), Column::figures("Units"), Column::figures("Charge")],
                rows: rows.collect(),
                main: 0,
            },
            totals: vec![
                Total::line("Net", money(net)),
                Total::line("VAT", money(vat)),
                Total::sum("TOTAL DUE", money(gross)),
            ],
            breakdown: None,
        }],
        notes: vec!["E&OE. Printed by MatterLedger 7.2.".to_owned()],
        ..Sheet::default()
    }
}
