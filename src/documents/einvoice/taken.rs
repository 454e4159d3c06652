//! A [`Bill`] that was read, in the terms of the domain: what it says becomes an [`Incoming`] document.
//!
//! A line that our own form of lines can't say exactly (a price with many decimals, a charge on a line) becomes one of
//! quantity 1 with its net amount as price, and its small print says what it was.

use rust_decimal::Decimal;

use super::super::embedded::{Hidden, embedded_xml};
use super::read::{read, taken_off};
use super::{Bill, Change, Item, Tax, Trader};
use crate::domain::client::Party;
use crate::domain::firm::BankDetails;
use crate::domain::incoming::Incoming;
use crate::domain::invoice::{References, YEARS};
use crate::domain::money::{Currency, Money};
use crate::domain::party::{Endpoint, PartyContact};
use crate::domain::refusal::{Faults, FieldFault, Refusal};
use crate::domain::tax::{
    ADJUSTMENTS_MAX, Adjustment, Content, Direction, Discount, Exemption, FINE_DIGITS, LINES_MAX, Line, Period,
    Portion, RATE_DIGITS, Totals, Unit, Vat, VatCategory, VatGroup,
};
use crate::domain::text::{self, LINE_MAX};

impl Bill {
    /// What it says, in the terms of the domain.
    ///
    /// # Errors
    /// Every field that is beyond what can be kept here, with its rule or limit.
    pub fn taken(&self) -> Result<Incoming, Refusal> {
        let mut faults = Faults::default();
        let taken = taken(self, &mut faults);
        faults.check()?;
        taken.ok_or(Refusal::TryAgain)
    }
}

/// What a PDF says of itself in the XML inside it; `None` where there is none that can be read as EN 16931.
///
/// # Errors
/// The sentence that refuses it: its sums disagree, something is beyond what can be kept, or it unpacks to too much.
pub fn of_pdf(pdf: &[u8]) -> Result<Option<Incoming>, String> {
    let xml = match embedded_xml(pdf) {
        Ok(Some(xml)) => xml,
        Err(Hidden::Bomb) => return Err(Hidden::Bomb.to_string()),
        // What can't be looked into is a PDF like any other.
        Ok(None) | Err(Hidden::Locked | Hidden::Broken) => return Ok(None),
    };
    match read(&xml) {
        Ok((_, bill)) => bill.taken().map(Some).map_err(|refusal| format!("The e-invoice inside this PDF: {refusal}")),
        Err(fault) if fault.element == "CrossIndustryDocument" => Ok(None),
        Err(fault) => Err(format!("The e-invoice inside this PDF can’t be taken. {fault}")),
    }
}

/// Whether bytes are meant as XML, whatever they are called.
pub fn is_xml(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start().starts_with(b"<")
}

/// What an e-invoice in UBL or CII without a PDF around it says.
///
/// # Errors
/// The sentence that refuses it.
pub fn of_xml(xml: &[u8]) -> Result<Incoming, String> {
    match read(xml) {
        Ok((_, bill)) => bill.taken().map_err(|refusal| format!("The e-invoice can’t be taken: {refusal}")),
        Err(fault) => Err(format!("This XML can’t be taken as an e-invoice. {fault}")),
    }
}

fn taken(bill: &Bill, faults: &mut Faults) -> Option<Incoming> {
    let currency: Currency = faults.take_opt(bill.currency.parse())?;
    let number = faults.take_opt(bill.number.parse());
    let years = format!("Enter a date from {} to {}.", YEARS.start(), YEARS.end());
    for (field, day) in [("issued", Some(bill.dated)), ("due", bill.due)] {
        if day.is_some_and(|x| !YEARS.contains(&x.year())) {
            faults.add(field, years.clone());
        }
    }
    let content = content(bill, currency, faults);
    let totals = totals(bill, currency, faults);
    let seller = party("seller", &bill.seller, faults);
    let buyer = party("buyer", &bill.buyer, faults);
    let mut line = |field: &str, text: &str| faults.take_opt(text::line(field, text, LINE_MAX));
    let references = References {
        order: line("order", &bill.order)?,
        contract: line("contract", &bill.contract)?,
        project: line("project", &bill.project)?,
        contact: String::new(),
    };
    let (reference, credits) = (line("reference", &bill.reference)?, line("of", preceding(bill))?);
    let note = faults.take_opt(text::paragraph("note", &bill.note))?;
    let transfer = bill.transfer.as_ref();
    let of_bank = |text: fn(&super::Transfer) -> &String| transfer.map(text).cloned().unwrap_or_default();
    Some(Incoming {
        credit: bill.credit,
        number: number?,
        dated: bill.dated,
        due: bill.due,
        currency,
        title: String::new(),
        note,
        reference,
        references,
        delivered: bill.delivered,
        period: bill.period.map(|(from, to)| Period { from, to }).filter(|x| x.from <= x.to),
        credits,
        content: content?,
        totals: totals?,
        seller: Some(seller?),
        bank: BankDetails {
            account_name: of_bank(|x| &x.name),
            iban: of_bank(|x| &x.iban).replace(' ', ""),
            bic: of_bank(|x| &x.bic),
            without_code: false,
        },
        buyer: buyer?,
    })
}

fn preceding(bill: &Bill) -> &str {
    bill.preceding.as_ref().map_or("", |x| x.0.as_str())
}

/// A party with what it was identified by; an identifier of no better kind stands as register number.
fn party(field: &str, of: &Trader, faults: &mut Faults) -> Option<Party> {
    let mut line = |text: &str| faults.take_opt(text::line(field, text, LINE_MAX));
    let legal = [&of.legal_id, &of.tax_id, &of.id].into_iter().find(|x| !x.is_empty());
    let endpoint = of.endpoint.clone().unwrap_or_default();
    let mut address = Vec::new();
    for part in &of.address {
        address.push(line(part)?);
    }
    address.retain(|x| !x.is_empty());
    let [name, phone, email] = &of.contact;
    Some(Party {
        name: line(&of.name)?,
        address,
        city: line(&of.city)?,
        postcode: line(&of.postcode)?,
        subdivision: line(&of.subdivision)?,
        country: line(&of.country)?.to_ascii_uppercase(),
        vat_id: line(&of.vat_id)?,
        legal_id: line(legal.map_or("", String::as_str))?,
        endpoint: Endpoint { scheme: line(&endpoint.0)?, id: line(&endpoint.1)? },
        contact: PartyContact { name: line(name)?, phone: line(phone)?, email: line(email)? },
    })
}

fn content(bill: &Bill, currency: Currency, faults: &mut Faults) -> Option<Content> {
    if bill.lines.len() > LINES_MAX {
        faults.add("lines", format!("It has {} lines; at most {LINES_MAX} can be kept.", bill.lines.len()));
    }
    if bill.adjustments.len() > ADJUSTMENTS_MAX {
        faults.add("adjustments", format!("It has more than {ADJUSTMENTS_MAX} allowances and charges."));
    }
    let mut content =
        Content { prepaid: minor(&bill.sums.prepaid, currency).unwrap_or_default(), ..Content::default() };
    for (at, item) in bill.lines.iter().take(LINES_MAX).enumerate() {
        content.lines.push(faults.take_opt(line(item, currency, &format!("line {}", at + 1)))?);
    }
    for change in bill.adjustments.iter().take(ADJUSTMENTS_MAX) {
        content.adjustments.push(faults.take_opt(adjustment(change, currency))?);
    }
    for group in bill.groups.iter().filter(|x| !x.reason.is_empty() || !x.reason_code.is_empty()) {
        let category = faults.take_opt(vat("vat", &group.tax))?.category;
        if content.exemptions.iter().all(|x| x.category != category) {
            let reason = faults.take_opt(text::paragraph("exemption", &group.reason))?;
            let code = faults.take_opt(text::line("exemption", &group.reason_code, LINE_MAX))?;
            content.exemptions.push(Exemption { category, reason, code });
        }
    }
    Some(content)
}

fn number(text: &str) -> Option<Decimal> {
    text.parse::<Decimal>().ok().map(|x| x.normalize())
}

/// An amount that was checked to have no more decimals than its currency; nothing is zero.
fn minor(text: &str, currency: Currency) -> Option<i64> {
    if text.is_empty() { Some(0) } else { Money::round(number(text)?, currency).map(|x| x.minor) }
}

fn vat(field: &str, tax: &Tax) -> Result<Vat, FieldFault> {
    let shown: String = tax.category.chars().take(9).collect();
    let unknown = || FieldFault::new(field, format!("The VAT category {shown:?} is none of S, Z, E, AE, K, G and O."));
    let category = VatCategory::from_code(&tax.category).ok_or_else(unknown)?;
    let rate = number(&tax.rate).unwrap_or_default();
    if rate.scale() > RATE_DIGITS {
        return Err(FieldFault::new(field, format!("The VAT rate {rate} has more than {RATE_DIGITS} decimals.")));
    }
    Vat::new(field, category, rate)
}

fn adjustment(change: &Change, currency: Currency) -> Result<Adjustment, FieldFault> {
    let amount =
        minor(&change.amount, currency).ok_or_else(|| FieldFault::new("adjustments", "An amount is too large."))?;
    let vat = vat("adjustments", change.tax.as_ref().unwrap_or(&Tax::default()))?;
    let (direction, amount) = direction(change.charge, amount);
    let reason = text::line("adjustments", &change.reason, LINE_MAX)?;
    Ok(Adjustment { direction, portion: Portion::Amount(amount), reason, vat })
}

/// A charge below zero is an allowance, and the other way round.
fn direction(charge: bool, amount: i64) -> (Direction, i64) {
    let direction = if charge == (amount >= 0) { Direction::Charge } else { Direction::Allowance };
    (direction, amount.saturating_abs())
}

fn line(item: &Item, currency: Currency, field: &str) -> Result<Line, FieldFault> {
    let net = minor(&item.net, currency).ok_or_else(|| FieldFault::new(field, "Its amount is too large."))?;
    let description = text::paragraph(field, [item.name.trim(), item.detail.trim()].join("\n").trim())?;
    let whole = Line {
        description,
        vat: vat(field, &item.tax)?,
        period: item.period.map(|(from, to)| Period { from, to }).filter(|x| x.from <= x.to),
        item: text::line(field, &item.seller_item, LINE_MAX)?,
        order_line: text::line(field, &item.order_line, LINE_MAX)?,
        ..Line::default()
    };
    Ok(exactly(item, &whole, net, currency).unwrap_or_else(|| lump(item, whole, Money::new(net, currency))))
}

/// The line as quantity, unit, price and discount, if these give its net amount.
fn exactly(item: &Item, whole: &Line, net: i64, currency: Currency) -> Option<Line> {
    let (quantity, unit) = (number(&item.quantity)?, Unit::from_code(&item.unit)?);
    let per = if item.per.is_empty() { Decimal::ONE } else { number(&item.per)? };
    let price = number(&item.price)?.checked_div(per)?.normalize();
    let fine = |x: Decimal| x.scale() <= FINE_DIGITS;
    if !fine(price) || !fine(quantity) || price.is_sign_negative() {
        return None;
    }
    let off = Money::round(taken_off(&item.changes), currency)?.minor;
    let percent = match item.changes.as_slice() {
        [only] if !only.charge => only.of.as_ref().and_then(|of| number(&of.1)).filter(|x| x.scale() <= RATE_DIGITS),
        _ => None,
    };
    let reason = item.changes.first().map_or_else(String::new, |x| x.reason.chars().take(LINE_MAX).collect());
    let portions = percent.map(Portion::Percent).into_iter().chain([Portion::Amount(off)]);
    let lines = portions.filter(|_| off >= 0).map(|portion| Line {
        quantity,
        unit,
        price,
        discount: if off == 0 { Discount::default() } else { Discount { portion, reason: reason.clone() } },
        ..whole.clone()
    });
    lines.into_iter().find(|x| x.amount(currency).is_some_and(|x| x.minor == net))
}

/// The line as one thing at its net amount; below its description what it was.
fn lump(item: &Item, whole: Line, net: Money) -> Line {
    let per = if item.per.is_empty() { String::new() } else { format!(" per {}", item.per) };
    let was = format!("{} {} at {}{per}", item.quantity, item.unit, item.price);
    let description = [whole.description.as_str(), was.trim()].join("\n");
    let one = if net.minor < 0 { -Decimal::ONE } else { Decimal::ONE };
    Line { description, quantity: one, price: net.decimal().abs().normalize(), ..whole }
}

fn totals(bill: &Bill, currency: Currency, faults: &mut Faults) -> Option<Totals> {
    let sums = &bill.sums;
    let mut read = |text: &str| {
        let amount = minor(text, currency);
        faults.take_opt(amount.ok_or_else(|| FieldFault::new("amount", "An amount is too large.")))
    };
    let net = read(&sums.net)?;
    let line_nets = bill.lines.iter().map(|x| read(&x.net)).collect::<Option<Vec<i64>>>()?;
    let parts: Vec<(Direction, i64)> =
        bill.adjustments.iter().map(|x| Some(direction(x.charge, read(&x.amount)?))).collect::<Option<_>>()?;
    let of = |wanted| parts.iter().filter(move |x| x.0 == wanted).fold(0_i64, |sum, x| sum.saturating_add(x.1));
    let (allowances, charges) = (of(Direction::Allowance), of(Direction::Charge));
    let lines = if bill.lines.is_empty() {
        net.saturating_add(allowances).saturating_sub(charges)
    } else {
        line_nets.iter().sum()
    };
    let (vat_sum, gross, prepaid) = (read(&sums.vat)?, read(&sums.gross)?, read(&sums.prepaid)?);
    let (rounding, payable) = (read(&sums.rounding)?, read(&sums.payable)?);
    let mut groups = Vec::with_capacity(bill.groups.len());
    for group in &bill.groups {
        let (base, tax) = (read(&group.base)?, read(&group.amount)?);
        groups.push((&group.tax, base, tax));
    }
    let groups =
        groups.into_iter().map(|(of, base, tax)| Some(VatGroup { vat: faults.take_opt(vat("vat", of))?, base, tax }));
    let groups = groups.collect::<Option<Vec<_>>>()?;
    let accounting_vat = bill.accounting.as_ref().and_then(|(code, vat)| {
        let other: Currency = code.parse().ok()?;
        Some(Money::new(minor(vat, other)?, other))
    });
    Some(Totals {
        currency,
        line_nets,
        adjustment_nets: parts.into_iter().map(|x| x.1).collect(),
        lines,
        allowances,
        charges,
        net,
        groups,
        vat: vat_sum,
        gross,
        prepaid,
        rounding,
        payable,
        accounting_vat,
    })
}
