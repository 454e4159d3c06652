//! What invoices, credit notes, quotes and statements have in common: letterhead, addressee, lines, totals, VAT
//! sentences and how to pay.
//!
//! Formats what the domain has reckoned; must not reckon anything itself.

use rust_decimal::Decimal;

use super::code::code;
use super::names::{country_name, currency_name};
use super::sheet::{Brand, Code, Column, Fact, Logo, Paper, Payment, Recipient, Row, Section, Sheet, Table, Total};
use crate::domain::client::Party;
use crate::domain::country::in_eu;
use crate::domain::firm::{self, BankDetails, Firm, Locale};
use crate::domain::money::{Currency, Money};
use crate::domain::tax::{Line, Portion, Totals, Vat, VatCategory, VatGroup};
use crate::domain::transfer::{creditor_reference, epc_text, in_fours, takes_codes};

/// The colour of a firm that has not chosen one, as on the pages.
const COLOUR: [u8; 3] = [0x1d, 0x4d, 0x5e];

/// The firm's looks: letterhead, colour, logo, paper and locale.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    /// Whose documents they are.
    pub firm: &'a Firm,
    /// The bytes of the firm's logo.
    pub logo: Option<Logo>,
}

impl Look<'_> {
    /// A sheet with letterhead, addressee and foot, and nothing said yet.
    pub(super) fn sheet(&self, title: &str, seller: &Party, buyer: &Party) -> Sheet {
        let firm = self.firm;
        Sheet {
            language: firm.locale.tag().to_owned(),
            title: title.to_owned(),
            paper: match firm.paper {
                firm::Paper::A4 => Paper::A4,
                firm::Paper::Letter => Paper::Letter,
            },
            brand: Brand {
                colour: colour(&firm.colour).unwrap_or(COLOUR),
                logo: self.logo.clone(),
                firm: seller.name.clone(),
                lines: self.letterhead(seller, buyer),
            },
            recipient: recipient(seller, buyer),
            footer: firm.registration.lines().filter(|x| !x.trim().is_empty()).map(str::to_owned).collect(),
            ..Sheet::default()
        }
    }

    fn letterhead(&self, seller: &Party, buyer: &Party) -> Vec<String> {
        let firm = self.firm;
        let mut lines = vec![firm.trade.clone(), seller.lines().join(", ")];
        lines.extend(abroad(seller, buyer));
        let email = firm.email.as_ref().map_or("", |x| x.as_str());
        lines.push(filled([firm.phone.as_str(), email]).join("  ·  "));
        lines.push(filled([vat_id(seller), legal_id(seller)]).join("  ·  "));
        lines.retain(|x| !x.trim().is_empty());
        lines
    }

    /// How to pay `amount` by transfer; `None` when the firm's bank is not known or nothing is to be paid.
    pub(super) fn payment(
        &self,
        seller: &Party,
        amount: Money,
        reference: Option<&str>,
        note: &str,
    ) -> Option<Payment> {
        let bank = &self.firm.bank;
        if bank.iban.trim().is_empty() || amount.minor <= 0 {
            return None;
        }
        let name = if bank.account_name.is_empty() { &seller.name } else { &bank.account_name };
        let mut facts = vec![Fact::new("Account name", name), Fact::new("IBAN", in_fours(&bank.iban))];
        facts.extend(Some(&bank.bic).filter(|x| !x.is_empty()).map(|x| Fact::new("BIC", x)));
        facts.extend(reference.map(|x| Fact::new("Reference", x)));
        let structured = reference.filter(|_| takes_codes(bank, amount.currency)).and_then(creditor_reference);
        facts.extend(structured.as_ref().map(|x| Fact::new("Structured reference", in_fours(x))));
        let code = structured.and_then(|x| transfer_code(bank, &seller.name, amount, &x));
        let scan = if code.is_some() { "Most banking apps fill all of this in from the code." } else { "" };
        Some(Payment {
            heading: format!("Pay {} by bank transfer", self.firm.locale.money(amount)),
            facts,
            note: filled([note, scan]).join(" "),
            code,
        })
    }

    /// "Questions? Ask Orla Byrne in accounts, 01 555 0142, accounts@firm.example."; empty when there is nobody to
    /// name.
    pub(super) fn questions(&self) -> String {
        let firm = self.firm;
        let email = firm.email.as_ref().map_or("", |x| x.as_str());
        let ways = filled([firm.correspondent.as_str(), firm.phone.as_str(), email]).join(", ");
        match (ways.is_empty(), firm.correspondent.is_empty()) {
            (true, _) => String::new(),
            (_, true) => format!("If anything here is unclear, ask us: {ways}."),
            _ => format!("If anything here is unclear, ask {ways}."),
        }
    }
}

/// The code that fills in a transfer with a structured reference, for page and paper.
pub fn transfer_code(bank: &BankDetails, payee: &str, amount: Money, reference: &str) -> Option<Code> {
    code(&epc_text(bank, payee, amount, reference)?, "QR code of this transfer, for banking apps")
}

/// The lines with their totals. `sum` is what the total is called ("Total").
pub(super) fn section(locale: Locale, heading: &str, lines: &[Line], totals: &Totals, sum: &str) -> Section {
    Section {
        heading: heading.to_owned(),
        table: table(locale, lines, totals),
        totals: sums(locale, totals, sum),
        ..Section::default()
    }
}

/// Whether nothing of it is subject to VAT, so that the document need not speak of VAT at all.
fn without_vat(totals: &Totals) -> bool {
    totals.groups.iter().all(|x| x.vat.category == VatCategory::OutOfScope)
}

fn table(locale: Locale, lines: &[Line], totals: &Totals) -> Table {
    let discounts = lines.iter().any(|x| !x.discount.portion.is_zero());
    let vat = !without_vat(totals);
    let mut columns = vec![Column::text("Description")];
    columns.extend(["Quantity", "Price"].map(|x| Column::figures(x).wide_only()));
    columns.extend(discounts.then(|| Column::figures("Discount").wide_only()));
    columns.extend(vat.then(|| Column::figures("VAT").wide_only()));
    columns.push(Column::figures("Amount"));
    let rows = lines.iter().map(|line| {
        let mut said = line.description.lines().map(str::trim).filter(|x| !x.is_empty());
        let mut cells = vec![said.next().unwrap_or_default().to_owned(), quantity(locale, line)];
        cells.push(price(locale, line.price, totals.currency));
        cells.extend(discounts.then(|| discount(locale, line, totals.currency)));
        cells.extend(vat.then(|| vat_cell(locale, line.vat)));
        // Beyond the limits of an amount there are no totals either, so that no such line gets here.
        cells.push(line.amount(totals.currency).map_or_else(String::new, |x| locale.amount(x)));
        let narrow = narrow(locale, line, totals.currency, vat);
        Row { cells, notes: said.map(str::to_owned).collect(), narrow, ..Row::default() }
    });
    Table { caption: "Lines".to_owned(), columns, rows: rows.collect(), ..Table::default() }
}

fn sums(locale: Locale, totals: &Totals, sum: &str) -> Vec<Total> {
    let amount = |minor| locale.amount(Money::new(minor, totals.currency));
    let mut out = Vec::new();
    if !without_vat(totals) {
        out.push(Total::line("Total before VAT", amount(totals.net)));
        out.extend(totals.groups.iter().map(|x| Total::line(group_label(locale, x, &amount(x.base)), amount(x.tax))));
    }
    out.push(Total::sum(format!("{sum} in {}", currency_name(totals.currency)), locale.money(totals.payable())));
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

/// The sentences that the law wants for what is charged without VAT, in the order of the groups.
pub(super) fn vat_notes(totals: &Totals, seller: &Party) -> Vec<String> {
    let sentence = |group: &VatGroup| match group.vat.category {
        VatCategory::Standard | VatCategory::Zero | VatCategory::OutOfScope => None,
        VatCategory::Exempt => Some("Exempt from VAT."),
        VatCategory::ReverseCharge => Some("Reverse charge: the customer accounts for the VAT."),
        VatCategory::IntraCommunity => {
            Some("Intra-Community supply, exempt from VAT under Article 138 of Directive 2006/112/EC.")
        }
        VatCategory::Export if in_eu(&seller.country) => {
            Some("Export outside the EU, exempt from VAT under Article 146 of Directive 2006/112/EC.")
        }
        VatCategory::Export => Some("Export: no VAT is charged."),
    };
    totals.groups.iter().filter_map(sentence).map(str::to_owned).collect()
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
        let words = match line.vat.category {
            VatCategory::Standard | VatCategory::Zero => format!("VAT {}", locale.percent(line.vat.rate)),
            VatCategory::OutOfScope => "no VAT".to_owned(),
            VatCategory::Exempt => "exempt from VAT".to_owned(),
            VatCategory::ReverseCharge => "reverse charge".to_owned(),
            VatCategory::IntraCommunity => "intra-Community supply".to_owned(),
            VatCategory::Export => "export".to_owned(),
        };
        out.push_str(&format!(", {words}"));
    }
    out
}

fn recipient(seller: &Party, buyer: &Party) -> Recipient {
    let mut lines = vec![buyer.name.clone()];
    lines.extend(Some(&buyer.contact.name).filter(|x| !x.is_empty()).map(|x| format!("For the attention of {x}")));
    lines.extend(buyer.lines());
    lines.extend(abroad(buyer, seller));
    lines.push(vat_id(buyer));
    lines.push(legal_id(buyer));
    lines.retain(|x| !x.trim().is_empty());
    Recipient { label: "For".to_owned(), lines }
}

/// The country of `party` when `other` is in another one and the address does not end with it.
fn abroad(party: &Party, other: &Party) -> Option<String> {
    if party.country.eq_ignore_ascii_case(&other.country) {
        return None;
    }
    let name = country_name(&party.country)?;
    let said = party.lines().last().is_some_and(|x| x.to_lowercase().ends_with(&name.to_lowercase()));
    (!said).then_some(name)
}

fn vat_id(party: &Party) -> String {
    if party.vat_id.trim().is_empty() { String::new() } else { format!("VAT {}", party.vat_id.trim()) }
}

fn legal_id(party: &Party) -> String {
    if party.legal_id.is_empty() { String::new() } else { format!("Register number {}", party.legal_id) }
}

fn filled<T: AsRef<str>>(parts: impl IntoIterator<Item = T>) -> Vec<String> {
    parts.into_iter().map(|x| x.as_ref().trim().to_owned()).filter(|x| !x.is_empty()).collect()
}

fn colour(text: &str) -> Option<[u8; 3]> {
    let hex = text.strip_prefix('#').filter(|x| x.len() == 6 && x.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let [_, red, green, blue] = u32::from_str_radix(hex, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}
