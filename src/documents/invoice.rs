//! Invoices and credit notes as a [`Sheet`].
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

pub use super::bill::Look;
use super::bill::{section, vat_notes};
use super::sheet::{Fact, Section, Sheet};
use crate::domain::client::Party;
use crate::domain::invoice::{Body, Invoice, Kind, days_between};
use crate::domain::number::DocumentNumber;
use crate::domain::tax::Totals;

/// The sheet of an invoice or credit note. Without a `number` it is a draft and says so; `credits` is the number of the
/// invoice that a credit note takes back; `totals` are printed as they are.
#[expect(clippy::too_many_arguments, reason = "what issuing freezes, piece by piece")]
pub fn invoice_sheet(
    look: &Look,
    seller: &Party,
    buyer: &Party,
    invoice: &Invoice,
    number: Option<&DocumentNumber>,
    totals: &Totals,
    project: Option<&str>,
    credits: Option<&DocumentNumber>,
) -> Sheet {
    let credit = matches!(invoice.kind, Kind::CreditNote(_));
    let title = if credit { "Credit note" } else { "Invoice" };
    let banner = if credit { "DRAFT – not a credit note" } else { "DRAFT – not an invoice" };
    let reference = number.map(DocumentNumber::as_str);
    let note = "Please use exactly this reference, so that your payment finds this invoice.";
    let payment = look.payment(seller, totals.payable(), reference, if reference.is_some() { note } else { "" });
    Sheet {
        number: reference.unwrap_or_default().to_owned(),
        facts: facts(look, invoice, number, project, credits),
        sections: vec![lines(look, invoice, totals, if credit { "Total credited" } else { "Total" })],
        notes: notes(look, seller, invoice, totals),
        payment: payment.filter(|_| !credit),
        banner: number.is_none().then(|| banner.to_owned()),
        ..look.sheet(title, seller, buyer)
    }
}

fn facts(
    look: &Look,
    invoice: &Invoice,
    number: Option<&DocumentNumber>,
    project: Option<&str>,
    credits: Option<&DocumentNumber>,
) -> Vec<Fact> {
    let locale = look.firm.locale;
    let mut facts = Vec::new();
    facts.extend(number.map(|x| Fact::new("Number", x.as_str())));
    facts.push(Fact::new("Issued", locale.date_long(invoice.dated)));
    if invoice.is_invoice() {
        facts.push(Fact::new("Due", locale.date_long(invoice.due)));
    }
    facts.extend(credits.map(|x| Fact::new("Credits invoice", x.as_str())));
    facts.push(Fact::new("Your reference", invoice.reference.as_str()));
    facts.push(Fact::new("Project", project.unwrap_or_default()));
    facts.retain(|x| !x.value.is_empty());
    facts
}

fn lines(look: &Look, invoice: &Invoice, totals: &Totals, sum: &str) -> Section {
    let lines = match &invoice.body {
        Body::Composed(content) => content.lines.as_slice(),
        Body::Published(_) => &[],
    };
    section(look.firm.locale, &invoice.title, lines, totals, sum)
}

fn notes(look: &Look, seller: &Party, invoice: &Invoice, totals: &Totals) -> Vec<String> {
    let mut notes = vec![invoice.note.clone()];
    notes.extend(vat_notes(totals, seller));
    let terms = if invoice.is_invoice() {
        terms(look, invoice, totals)
    } else {
        "There is nothing to pay: this amount counts against what you owe.".to_owned()
    };
    notes.push([terms, look.questions()].join(" ").trim().to_owned());
    notes.retain(|x| !x.trim().is_empty());
    notes
}

fn terms(look: &Look, invoice: &Invoice, totals: &Totals) -> String {
    let due = look.firm.locale.date_long(invoice.due);
    match days_between(invoice.dated, invoice.due) {
        _ if totals.payable <= 0 => "There is nothing to pay.".to_owned(),
        1 => format!("Please pay within 1 day, by {due}."),
        days if days > 1 => format!("Please pay within {days} days, by {due}."),
        _ => "Please pay on receipt.".to_owned(),
    }
}
