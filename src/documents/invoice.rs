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
    let words = look.words();
    let (says, pay) = (&words.invoice, &words.pay);
    let (title, banner) = match invoice.late {
        _ if credit => (says.credit_note, says.credit_draft),
        Some(_) => (words.late.title, words.late.draft),
        None => (says.title, says.draft),
    };
    let reference = number.map(DocumentNumber::as_str);
    let mut payment =
        look.payment(seller, totals.payable(), reference, if reference.is_some() { pay.exactly } else { "" });
    if let Some(payment) = payment.as_mut().filter(|_| !invoice.terms.instalments.is_empty()) {
        payment.heading = pay.instalments.to_owned();
    }
    let published = Content::default();
    let content = match &invoice.body {
        Body::Composed(content) => content,
        Body::Published(_) => &published,
    };
    let sum = credit.then_some(says.total_credited);
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
    let (locale, words) = (look.firm.locale, look.words());
    let (sheet, names) = (&words.sheet, &words.invoice);
    let mut facts = Vec::new();
    facts.extend(number.map(|x| Fact::new(sheet.number, x.as_str())));
    facts.push(Fact::new(sheet.issued, locale.date_long(invoice.dated)));
    if invoice.is_invoice() {
        facts.push(Fact::new(names.due, locale.date_long(invoice.due)));
    }
    facts.extend(credits.map(|x| Fact::new(names.credits, x.as_str())));
    facts.extend(invoice.quote.as_ref().map(|x| Fact::new(names.quote, x.number.as_str())));
    let references = &invoice.references;
    facts.push(Fact::new(names.reference, invoice.reference.as_str()));
    facts.push(Fact::new(names.order, references.order.as_str()));
    facts.push(Fact::new(names.contract, references.contract.as_str()));
    facts.push(Fact::new(names.project, references.project.as_str()));
    facts.push(Fact::new(names.attention, references.contact.as_str()));
    facts.extend(invoice.delivered.map(|x| Fact::new(names.delivered, locale.date_long(x))));
    facts.extend(invoice.period.map(|x| Fact::new(names.period, period(locale, x))));
    facts.push(Fact::new(sheet.project, project.unwrap_or_default()));
    facts.retain(|x| !x.value.is_empty());
    facts
}

/// The instalments with their due dates; `None` where all is due at once.
fn instalments(look: &Look, invoice: &Invoice) -> Option<Section> {
    let (locale, words, all) = (look.firm.locale, &look.words().invoice, &invoice.terms.instalments);
    if all.is_empty() || !invoice.is_invoice() {
        return None;
    }
    let rows = (1_u32..).zip(all).map(|(n, x)| {
        let amount = locale.money(Money::new(x.amount, invoice.currency));
        Row { cells: vec![format!("{} {n}", words.instalment), locale.date_long(x.due), amount], ..Row::default() }
    });
    let amount = look.words().lines.amount;
    let columns = vec![Column::text(words.instalment), Column::figures(words.due), Column::figures(amount)];
    let table = Table { caption: words.instalments.to_owned(), columns, rows: rows.collect(), ..Table::default() };
    Some(Section { heading: words.how_paid.to_owned(), table, ..Section::default() })
}

fn notes(look: &Look, seller: &Party, invoice: &Invoice, content: &Content, totals: &Totals) -> Vec<String> {
    let mut notes = vec![invoice.note.clone()];
    if invoice.issue.as_ref().is_some_and(|x| x.elsewhere.is_some() && !x.is_pdf()) {
        notes.push(look.words().invoice.copy.to_owned());
    }
    notes.extend(vat_notes(look.firm.locale, content, totals, seller));
    let terms =
        if invoice.is_invoice() { terms(look, invoice, totals) } else { look.words().invoice.set_off.to_owned() };
    notes.push([terms, look.questions()].join(" ").trim().to_owned());
    notes.retain(|x| !x.trim().is_empty());
    notes
}

fn terms(look: &Look, invoice: &Invoice, totals: &Totals) -> String {
    let (locale, words) = (look.firm.locale, &look.words().invoice);
    let due = locale.date_long(invoice.due);
    let instalments = invoice.terms.instalments.len();
    if totals.payable > 0 && instalments > 0 {
        return (words.by_instalments)(instalments);
    }
    let mut out = match days_between(invoice.dated, invoice.due) {
        _ if totals.payable <= 0 => words.nothing.to_owned(),
        days if days > 0 => (words.within)(days, &due),
        _ => words.on_receipt.to_owned(),
    };
    if let Some((early, off)) = invoice.terms.early.and_then(|x| Some((x, x.off(totals.payable())?)))
        && let Some(rest) = totals.payable().minus(off).filter(|x| x.minor > 0)
    {
        let (percent, until) = (locale.percent(early.percent), locale.date_long(early.until));
        out.push(' ');
        out.push_str(&(words.early)(&until, &percent, &locale.money(rest)));
    }
    out
}
