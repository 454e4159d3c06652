//! What most invoices do without, while one is being written: the buyer's order and contact, delivery and period,
//! prices that include VAT, reasons for what charges none, and VAT in another currency.
//!
//! Knows no store and no route.

use maud::{Markup, html};

use super::invoice_typed::{optional_date, period, rare};
use crate::domain::invoice::{Invoice, References};
use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::refusal::{Faults, FieldFault};
use crate::domain::tax::{
    AccountingVat, Content, EXCHANGE_DIGITS, Exemption, Period, Prices, VatCategory, parse_number,
};
use crate::domain::text;
use crate::web::forms::{self, Fields};
use crate::web::parts::{self, Choice, Field, FieldError, Icon, Input};
use jiff::civil::Date;

const GROSS: &str = "gross";
/// The fields of the first section, and of the second beside the reasons.
const REFERENCES: [&str; 7] =
    ["order", "contract", "buyer_project", "attention", "delivered", "period_from", "period_to"];
const VAT: [&str; 4] = ["prices", "accounting_currency", "accounting_rate", "accounting_on"];

/// What the buyer calls it, and when it was done.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// Order, contract, whose attention.
    pub references: References,
    /// The day of delivery.
    pub delivered: Option<Date>,
    /// The period that is invoiced.
    pub period: Option<Period>,
}

/// The circumstances and the VAT particulars of a kept draft, as (name, value) pairs.
pub fn pairs_of(draft: &Invoice, content: &Content) -> Vec<(String, String)> {
    let x = &draft.references;
    let day = |date: Option<Date>| date.map_or(String::new(), |x| x.to_string());
    let other = content.accounting.as_ref();
    let out = [
        ("order", x.order.clone()),
        ("contract", x.contract.clone()),
        ("buyer_project", x.project.clone()),
        ("attention", x.contact.clone()),
        ("delivered", day(draft.delivered)),
        ("period_from", day(draft.period.map(|x| x.from))),
        ("period_to", day(draft.period.map(|x| x.to))),
        ("accounting_currency", other.map_or(String::new(), |x| x.currency.to_string())),
        ("accounting_rate", other.map_or(String::new(), |x| x.rate.normalize().to_string())),
        ("accounting_on", day(other.map(|x| x.on))),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    out.into_iter().chain(vat_pairs(content)).collect()
}

/// Whether prices include VAT and why some have none, of kept content, as (name, value) pairs.
pub fn vat_pairs(content: &Content) -> Vec<(String, String)> {
    let prices = if content.prices == Prices::Gross { GROSS.to_owned() } else { String::new() };
    let reasons = content.exemptions.iter().map(|x| (reason_name(x.category), x.reason.clone()));
    std::iter::once(("prices".to_owned(), prices)).chain(reasons).collect()
}

/// Reads the circumstances; what is wrong goes to `faults`.
pub fn circumstances(fields: &Fields, faults: &mut Faults) -> Circumstances {
    let mut line = |name: &str| faults.take(text::line(name, fields.get(name), text::LINE_MAX));
    let references = References {
        order: line("order"),
        contract: line("contract"),
        project: line("buyer_project"),
        contact: line("attention"),
    };
    let delivered = faults.take(optional_date("delivered", fields.get("delivered")));
    let period = faults.take(period("period_to", fields.get("period_from"), fields.get("period_to")));
    Circumstances { references, delivered, period }
}

/// Whether prices include VAT.
///
/// # Errors
/// Names `prices` when that is none of the two.
pub fn prices(fields: &Fields) -> Result<Prices, FieldFault> {
    match fields.get("prices") {
        "" => Ok(Prices::Net),
        GROSS => Ok(Prices::Gross),
        _ => Err(FieldFault::new("prices", "Choose whether prices include VAT.")),
    }
}

/// Reads the reasons that were written in place of the usual ones.
pub fn exemptions(fields: &Fields, faults: &mut Faults) -> Vec<Exemption> {
    let needs = VatCategory::ALL.into_iter().filter(|x| x.needs_reason());
    let read = |category: VatCategory| {
        let name = reason_name(category);
        let reason = faults.take(text::line(&name, fields.get(&name), text::LINE_MAX));
        let usual = category.usual_exemption(Language::English, true)?;
        (!reason.is_empty() && reason != usual.reason).then_some(Exemption { reason, ..usual })
    };
    needs.filter_map(read).collect()
}

/// Reads the VAT in the accounting currency; none while its currency is empty.
pub fn accounting(fields: &Fields, currency: Currency, faults: &mut Faults) -> Option<AccountingVat> {
    let typed = fields.get("accounting_currency").trim();
    if typed.is_empty() {
        return None;
    }
    let other = typed
        .parse::<Currency>()
        .map_err(|f| crate::domain::refusal::FieldFault { field: "accounting_currency".to_owned(), ..f });
    let other = faults.take_opt(other);
    if other == Some(currency) {
        faults.add("accounting_currency", "This is the document’s own currency; leave it empty.");
    }
    let rate = faults.take_opt(parse_number("accounting_rate", fields.get("accounting_rate"), EXCHANGE_DIGITS));
    if rate.is_some_and(|x| x <= rust_decimal::Decimal::ZERO) {
        faults.add("accounting_rate", "Enter a rate above zero.");
    }
    let on = faults.take_opt(forms::date_within_years("accounting_on", fields.get("accounting_on")));
    Some(AccountingVat { currency: other?, rate: rate?, on: on? })
}

fn reason_name(category: VatCategory) -> String {
    format!("reason_{}", category.code())
}

fn any(fields: &Fields, names: &[&str]) -> bool {
    names.iter().any(|name| !fields.get(name).trim().is_empty())
}

/// The section of references, delivery and period.
pub fn draw_circumstances(fields: &Fields, errors: &[FieldError]) -> Markup {
    let field = |name: &'static str, label: &'static str| {
        Field::new(name, label).value(fields.get(name)).errors(errors).optional()
    };
    let body = html! {
        div.grid4 {
            (parts::input(&field("order", "Purchase order"), Input::Text))
            (parts::input(&field("contract", "Contract"), Input::Text))
            (parts::input(&field("buyer_project", "Client’s project"), Input::Text))
            (parts::input(&field("attention", "For the attention of"), Input::Text))
            (parts::date(&field("delivered", "Delivered on"), None, None))
            (parts::date(&field("period_from", "Period from"), None, None))
            (parts::date(&field("period_to", "Period to"), None, None))
        }
    };
    rare(Icon::File, "Order, contact, delivery, period", any(fields, &REFERENCES), body)
}

/// The section of VAT: prices, reasons and, of an invoice, the accounting currency. Reasons are asked for the
/// categories of `used`.
pub fn draw_vat(fields: &Fields, used: &[VatCategory], invoice: bool, errors: &[FieldError]) -> Markup {
    let prices = [Choice::new("", "Without VAT"), Choice::new(GROSS, "VAT included")];
    let field = |name: &'static str, label: &'static str| {
        Field::new(name, label).value(fields.get(name)).errors(errors).optional()
    };
    let needs = VatCategory::ALL.into_iter().filter(|x| x.needs_reason());
    let reasons: Vec<(String, String, VatCategory)> = needs
        .map(|x| (reason_name(x), format!("Why: {}", x.words()), x))
        .filter(|(name, _, x)| used.contains(x) || !fields.get(name).trim().is_empty())
        .collect();
    let body = html! {
        div.grid4 {
            (parts::select(&Field::new("prices", "Prices are").value(fields.get("prices")).errors(errors), &prices))
            @if invoice {
                (parts::input(&field("accounting_currency", "State the VAT in"), Input::Text))
                (parts::input(&field("accounting_rate", "Rate for 1"), Input::Text))
                (parts::date(&field("accounting_on", "Rate of"), None, None))
            }
            @for (name, label, category) in &reasons {
                @let usual = category.usual_exemption(Language::English, true).map_or(String::new(), |x| x.reason);
                @let hint = format!("Printed instead of: {usual}");
                (parts::input(&Field::new(name, label).class("g2").value(fields.get(name)).errors(errors).hint(&hint).optional(), Input::Text))
            }
        }
    };
    let open = any(fields, &VAT) || reasons.iter().any(|x| !fields.get(&x.0).trim().is_empty());
    let summary = if invoice { "VAT included, reasons, another currency" } else { "VAT included, reasons" };
    rare(Icon::Bank, summary, open, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_of_no_known_kind_are_named() {
        let read = |typed: &'static str| prices(&Fields::of([("prices", typed)]));
        assert_eq!((read(""), read(GROSS)), (Ok(Prices::Net), Ok(Prices::Gross)));
        assert_eq!(read("both").unwrap_err().field, "prices");
    }
}
