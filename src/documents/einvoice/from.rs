//! A [`Bill`] of what issuing freezes.

use rust_decimal::Decimal;

use super::super::words::words;
use super::{Bill, Change, Group, Item, Sums, Tax, Trader, Transfer};
use crate::domain::client::Party;
use crate::domain::country::in_eu;
use crate::domain::firm::Letterhead;
use crate::domain::invoice::{Body, Invoice, Issue, Kind};
use crate::domain::money::{Currency, Money};
use crate::domain::number::DocumentNumber;
use crate::domain::rules;
use crate::domain::tax::{Content, Direction, Line, Portion, Prices, Totals, Vat, VatCategory};
use crate::domain::transfer::{creditor_reference, takes_codes};

/// What issuing freezes beside the document itself.
#[derive(Clone, Copy, Debug)]
pub struct Frozen<'a> {
    /// The number (BT-1).
    pub number: &'a DocumentNumber,
    /// The firm (BG-4).
    pub seller: &'a Party,
    /// The client (BG-7).
    pub buyer: &'a Party,
    /// What else is said of the firm (BG-6, BG-17, BT-33).
    pub letterhead: &'a Letterhead,
    /// The sums (BG-22).
    pub totals: &'a Totals,
    /// The invoice that a credit note takes back (BG-3).
    pub credits: Option<&'a Invoice>,
}

impl<'a> Frozen<'a> {
    /// Of an issued document; `credits` is the invoice that it takes back.
    pub fn of(issue: &'a Issue, credits: Option<&'a Invoice>) -> Self {
        let Issue { number, seller, buyer, letterhead, totals, .. } = issue;
        Self { number, seller, buyer, letterhead, totals, credits }
    }
}

impl Bill {
    /// The document in the terms of EN 16931; `None` for a published PDF, whose content is not known here.
    pub fn of(invoice: &Invoice, frozen: &Frozen<'_>) -> Option<Self> {
        let Body::Composed(content) = &invoice.body else { return None };
        Some(made(invoice, content, frozen))
    }
}

fn made(invoice: &Invoice, content: &Content, frozen: &Frozen<'_>) -> Bill {
    let (seller, buyer) = traders(content, frozen);
    let preceding = frozen.credits.and_then(|x| Some((x.number()?.to_string(), Some(x.dated))));
    let has = |category| content.vats().any(|vat| vat.category == category);
    let mut bill = Bill {
        credit: !invoice.is_invoice(),
        code: if invoice.is_invoice() { "380" } else { "381" }.to_owned(),
        peppol: false,
        exact: rules::fits_xml(frozen.totals),
        number: frozen.number.to_string(),
        dated: invoice.dated,
        due: Some(invoice.due).filter(|_| invoice.is_invoice()),
        currency: invoice.currency.to_string(),
        accounting: frozen.totals.accounting_vat.map(|x| (x.currency.to_string(), money(x))),
        note: note(invoice),
        reference: invoice.reference.clone(),
        order: invoice.references.order.clone(),
        contract: invoice.references.contract.clone(),
        project: invoice.references.project.clone(),
        preceding,
        period: invoice.period.map(|x| (x.from, x.to)),
        delivered: invoice.delivered,
        deliver_to: if has(VatCategory::IntraCommunity) { buyer.country.clone() } else { String::new() },
        seller,
        buyer,
        transfer: transfer(invoice, frozen),
        terms: terms(invoice, frozen),
        adjustments: adjustments(content, frozen.totals),
        groups: groups(content, frozen),
        sums: sums(content, frozen.totals),
        lines: content.lines.iter().enumerate().map(|(at, line)| item(content, frozen, at, line)).collect(),
    };
    if !bill.buyer.contact[0].is_empty() || !invoice.references.contact.is_empty() {
        let named = Some(&invoice.references.contact).filter(|x| !x.is_empty());
        bill.buyer.contact[0] = named.unwrap_or(&bill.buyer.contact[0]).clone();
    }
    bill.peppol = super::peppol::is_met(&bill);
    bill
}

/// An amount as the standard writes it: of three decimals the last goes where it is a zero.
fn money(amount: Money) -> String {
    let mut figure = amount.decimal();
    if figure.scale() > 2 {
        figure = figure.normalize();
        if figure.scale() < 2 {
            figure.rescale(2);
        }
    }
    figure.to_string()
}

fn number(figure: Decimal) -> String {
    figure.normalize().to_string()
}

fn note(invoice: &Invoice) -> String {
    [invoice.title.trim(), invoice.note.trim()].into_iter().filter(|x| !x.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Where nothing is subject to VAT no VAT identifier may stand (BR-O-02); another names the seller then (BR-CO-26).
fn traders(content: &Content, frozen: &Frozen<'_>) -> (Trader, Trader) {
    let outside = content.vats().any(|vat| vat.category == VatCategory::OutOfScope);
    let (head, firm) = (frozen.letterhead, frozen.seller);
    let email = head.email.as_ref().map_or("", |x| x.as_str());
    let mut seller = trader(firm, email, [head.correspondent.as_str(), &head.phone, email]);
    seller.legal_form = head.registration.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut buyer = trader(frozen.buyer, &frozen.buyer.contact.email, {
        let contact = &frozen.buyer.contact;
        [contact.name.as_str(), &contact.phone, &contact.email]
    });
    if outside {
        if seller.legal_id.is_empty() {
            seller.id = std::mem::take(&mut seller.vat_id);
        }
        (seller.vat_id, buyer.vat_id) = (String::new(), String::new());
    } else if seller.vat_id.is_empty() {
        seller.tax_id.clone_from(&seller.legal_id);
    }
    (seller, buyer)
}

fn trader(party: &Party, email: &str, contact: [&str; 3]) -> Trader {
    let mut lines = party.address.iter();
    let [first, second] = [lines.next(), lines.next()].map(|x| x.cloned().unwrap_or_default());
    let rest = lines.cloned().collect::<Vec<_>>().join(", ");
    Trader {
        name: party.name.clone(),
        vat_id: party.vat_id.clone(),
        legal_id: party.legal_id.clone(),
        endpoint: party.endpoint.or_email(email).map(|x| (x.scheme.clone(), x.id.clone())),
        address: [first, second, rest],
        city: party.city.clone(),
        postcode: party.postcode.clone(),
        subdivision: party.subdivision.clone(),
        country: party.country.clone(),
        contact: contact.map(str::to_owned),
        ..Trader::default()
    }
}

/// Only for what is to be paid, to an account that is known.
fn transfer(invoice: &Invoice, frozen: &Frozen<'_>) -> Option<Transfer> {
    let bank = &frozen.letterhead.bank;
    if !invoice.is_invoice() || bank.iban.is_empty() {
        return None;
    }
    let structured = takes_codes(bank, invoice.currency).then(|| creditor_reference(frozen.number.as_str())).flatten();
    Some(Transfer {
        code: if invoice.currency == Currency::EUR { "58" } else { "30" }.to_owned(),
        reference: structured.unwrap_or_else(|| frozen.number.to_string()),
        iban: bank.iban.clone(),
        name: if bank.account_name.is_empty() { &frozen.seller.name } else { &bank.account_name }.clone(),
        bic: bank.bic.clone(),
    })
}

fn terms(invoice: &Invoice, frozen: &Frozen<'_>) -> String {
    let says = &words(frozen.letterhead.locale.language()).invoice;
    if let Kind::CreditNote(_) = invoice.kind {
        let of = frozen.credits.and_then(Invoice::number).map_or_else(String::new, |x| format!(" {x}"));
        return (says.xml_set_off)(&of);
    }
    let amount = |minor| format!("{} {}", invoice.currency, money(Money::new(minor, invoice.currency)));
    let parts = invoice.terms.instalments.iter().map(|x| (says.xml_instalment)(&amount(x.amount), &x.due.to_string()));
    let early = invoice.terms.early.iter().map(|x| (says.xml_early)(&number(x.percent), &x.until.to_string()));
    let all: Vec<String> = parts.chain(early).collect();
    if all.is_empty() { (says.xml_due)(&invoice.due.to_string()) } else { all.join(" ") }
}

fn tax(vat: Vat) -> Tax {
    let rate = if vat.category == VatCategory::OutOfScope { String::new() } else { number(vat.rate) };
    Tax { category: vat.category.code().to_owned(), rate }
}

fn groups(content: &Content, frozen: &Frozen<'_>) -> Vec<Group> {
    let in_eu = in_eu(&frozen.seller.country);
    let amount = |minor| money(Money::new(minor, frozen.totals.currency));
    let made = frozen.totals.groups.iter().map(|group| {
        let why = content.exemption(group.vat.category, frozen.letterhead.locale.language(), in_eu);
        let (reason, reason_code) = why.map_or_else(Default::default, |x| (x.reason, x.code));
        Group { tax: tax(group.vat), base: amount(group.base), amount: amount(group.tax), reason, reason_code }
    });
    made.collect()
}

fn adjustments(content: &Content, totals: &Totals) -> Vec<Change> {
    let pairs = content.adjustments.iter().zip(&totals.adjustment_nets);
    let made = pairs.map(|(adjustment, net)| Change {
        charge: adjustment.direction == Direction::Charge,
        amount: money(Money::new(*net, totals.currency)),
        of: None,
        reason: adjustment.reason.clone(),
        tax: Some(tax(adjustment.vat)),
    });
    made.collect()
}

fn sums(content: &Content, totals: &Totals) -> Sums {
    let amount = |minor| money(Money::new(minor, totals.currency));
    let unless_zero = |minor| if minor == 0 { String::new() } else { amount(minor) };
    let has = |direction| content.adjustments.iter().any(|x| x.direction == direction);
    Sums {
        lines: amount(totals.lines),
        allowances: if has(Direction::Allowance) { amount(totals.allowances) } else { String::new() },
        charges: if has(Direction::Charge) { amount(totals.charges) } else { String::new() },
        net: amount(totals.net),
        vat: amount(totals.vat),
        gross: amount(totals.gross),
        prepaid: unless_zero(totals.prepaid),
        rounding: unless_zero(totals.rounding),
        payable: amount(totals.payable),
    }
}

fn item(content: &Content, frozen: &Frozen<'_>, at: usize, line: &Line) -> Item {
    let totals = frozen.totals;
    let net = Money::new(totals.line_nets.get(at).copied().unwrap_or_default(), totals.currency);
    let usual = words(frozen.letterhead.locale.language()).lines.discount;
    let discount = discount(content, line, totals.currency, usual);
    let as_it_is = content.prices == Prices::Net && (line.discount.portion.is_zero() || discount.is_some());
    // Where the standard's price times quantity would not come to the net, the net is the price of the whole quantity.
    let (price, per) = match as_it_is {
        true => (number(line.price), String::new()),
        false if line.quantity.is_zero() => ("0".to_owned(), String::new()),
        false => (money(Money::new(net.minor.saturating_abs(), net.currency)), number(line.quantity.abs())),
    };
    Item {
        id: (at + 1).to_string(),
        quantity: number(line.quantity),
        unit: line.unit.code().to_owned(),
        net: money(net),
        price,
        per,
        name: line.name().to_owned(),
        detail: line.detail().to_owned(),
        seller_item: line.item.clone(),
        order_line: line.order_line.clone(),
        period: line.period.map(|x| (x.from, x.to)),
        changes: discount.into_iter().collect(),
        tax: tax(line.vat),
        optional: false,
    }
}

/// A line's discount where the standard can say it: of a net price, above zero, in whole hundredths.
fn discount(content: &Content, line: &Line, currency: Currency, usual: &str) -> Option<Change> {
    if content.prices == Prices::Gross || line.discount.portion.is_zero() {
        return None;
    }
    let (whole, off) = (line.before_discount(currency)?, line.discounted(currency)?);
    if off.minor <= 0 || currency.digits() > 2 {
        return None;
    }
    let of = match line.discount.portion {
        Portion::Percent(percent) => Some((money(whole), number(percent))),
        Portion::Amount(_) => None,
    };
    let reason = if line.discount.reason.is_empty() { usual } else { &line.discount.reason };
    Some(Change { charge: false, amount: money(off), of, reason: reason.to_owned(), tax: None })
}
