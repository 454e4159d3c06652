//! Invoices and credit notes as a [`Sheet`].
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

pub use super::bill::Look;
use super::bill_lines::{period, section, vat_notes};
use super::sheet::{Column, Fact, Row, Section, Sheet, Table};
use crate::domain::client::Party;
use crate::domain::invoice::{Body, Invoice, Kind, days_between};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::tax::{Content, Totals};

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
    let mut payment = look.payment(seller, totals.payable(), reference, if reference.is_some() { note } else { "" });
    if let Some(payment) = payment.as_mut().filter(|_| !invoice.terms.instalments.is_empty()) {
        payment.heading = "Pay each instalment by bank transfer".to_owned();
    }
    let published = Content::default();
    let content = match &invoice.body {
        Body::Composed(content) => content,
        Body::Published(_) => &published,
    };
    let sum = if credit { "Total credited" } else { "Total" };
    let mut sections = vec![section(look.firm.locale, &invoice.title, content, totals, sum)];
    sections.extend(instalments(look, invoice));
    Sheet {
        number: reference.unwrap_or_default().to_owned(),
        facts: facts(look, invoice, number, project, credits),
        sections,
        notes: notes(look, seller, invoice, content, totals),
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
    facts.extend(invoice.quote.as_ref().map(|x| Fact::new("Our quote", x.number.as_str())));
    let references = &invoice.references;
    facts.push(Fact::new("Your reference", invoice.reference.as_str()));
    facts.push(Fact::new("Your order", references.order.as_str()));
    facts.push(Fact::new("Contract", references.contract.as_str()));
    facts.push(Fact::new("Your project", references.project.as_str()));
    facts.push(Fact::new("Attention", references.contact.as_str()));
    facts.extend(invoice.delivered.map(|x| Fact::new("Delivered", locale.date_long(x))));
    facts.extend(invoice.period.map(|x| Fact::new("Period", period(locale, x))));
    facts.push(Fact::new("Project", project.unwrap_or_default()));
    facts.retain(|x| !x.value.is_empty());
    facts
}

/// The instalments with their due dates; `None` where all is due at once.
fn instalments(look: &Look, invoice: &Invoice) -> Option<Section> {
    let (locale, all) = (look.firm.locale, &invoice.terms.instalments);
    if all.is_empty() || !invoice.is_invoice() {
        return None;
    }
    let rows = (1..).zip(all).map(|(n, x)| {
        let amount = locale.money(Money::new(x.amount, invoice.currency));
        Row { cells: vec![format!("Instalment {n}"), locale.date_long(x.due), amount], ..Row::default() }
    });
    let columns = vec![Column::text("Instalment"), Column::figures("Due"), Column::figures("Amount")];
    let table = Table { caption: "Instalments".to_owned(), columns, rows: rows.collect(), ..Table::default() };
    Some(Section { heading: "How it is paid".to_owned(), table, ..Section::default() })
}

fn notes(look: &Look, seller: &Party, invoice: &Invoice, content: &Content, totals: &Totals) -> Vec<String> {
    let mut notes = vec![invoice.note.clone()];
    if invoice.issue.as_ref().is_some_and(|x| x.elsewhere.is_some() && !x.is_pdf()) {
        notes.push("A copy, made of what another program recorded of this document.".to_owned());
    }
    notes.extend(vat_notes(look.firm.locale, content, totals, seller));
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
    let locale = look.firm.locale;
    let due = locale.date_long(invoice.due);
    let instalments = invoice.terms.instalments.len();
    if totals.payable > 0 && instalments > 0 {
        return format!("Please pay in {instalments} instalments, each by its date above.");
    }
    let mut out = match days_between(invoice.dated, invoice.due) {
        _ if totals.payable <= 0 => "There is nothing to pay.".to_owned(),
        1 => format!("Please pay within 1 day, by {due}."),
        days if days > 1 => format!("Please pay within {days} days, by {due}."),
        _ => "Please pay on receipt.".to_owned(),
    };
    if let Some((early, off)) = invoice.terms.early.and_then(|x| Some((x, x.off(totals.payable())?)))
        && let Some(rest) = totals.payable().minus(off).filter(|x| x.minor > 0)
    {
        let (percent, until) = (locale.percent(early.percent), locale.date_long(early.until));
        out.push_str(&format!(" Paid by {until}, it is {percent} less: {}.", locale.money(rest)));
    }
    out
}
