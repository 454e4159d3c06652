//! What each VAT category needs: identifiers, a rate or none, a reason or none, and for intra-Community supplies a day
//! and a country.

use rust_decimal::Decimal;

use super::Case;
use crate::domain::country::in_eu;
use crate::domain::language::Language;
use crate::domain::tax::VatCategory as Category;

/// Identifiers of the rules of one category: identifiers needed, rate, reason.
struct Rules {
    parties: &'static str,
    rate: &'static str,
    reason: &'static str,
}

fn rules(category: Category) -> Rules {
    let of = |parties, rate, reason| Rules { parties, rate, reason };
    match category {
        Category::Standard => of("BR-S-02", "BR-S-05", "BR-S-10"),
        Category::Zero => of("BR-Z-02", "BR-Z-05", "BR-Z-10"),
        Category::Exempt => of("BR-E-02", "BR-E-05", "BR-E-10"),
        Category::ReverseCharge => of("BR-AE-02", "BR-AE-05", "BR-AE-10"),
        Category::IntraCommunity => of("BR-IC-02", "BR-IC-05", "BR-IC-10"),
        Category::Export => of("BR-G-02", "BR-G-05", "BR-G-10"),
        Category::OutOfScope => of("BR-O-02", "BR-O-05", "BR-O-10"),
        Category::Igic => of("BR-AF-02", "BR-AF-05", "BR-AF-10"),
        Category::Ipsi => of("BR-AG-02", "BR-AG-05", "BR-AG-10"),
    }
}

pub(super) fn check(case: &mut Case<'_>) {
    for category in Category::ALL {
        if case.content.vats().any(|vat| vat.category == category) {
            identifiers(case, category);
            rate(case, category);
            reason(case, category);
        }
    }
    alone(case);
    if case.content.vats().any(|vat| vat.category == Category::IntraCommunity) {
        delivery(case);
    }
}

fn identifiers(case: &mut Case<'_>, category: Category) {
    let rule = rules(category).parties;
    let lacks = |id: &str| id.trim().is_empty();
    let (seller, buyer) = (case.seller, case.buyer);
    let needs_vat = matches!(category, Category::IntraCommunity | Category::Export);
    if category != Category::OutOfScope && lacks(&seller.vat_id) && (needs_vat || lacks(&seller.legal_id)) {
        let what = match category {
            Category::Standard => "Charging VAT",
            Category::Zero => "A zero rate",
            Category::Exempt => "An exemption",
            Category::ReverseCharge => "A reverse charge",
            Category::IntraCommunity => "An intra-Community supply",
            Category::Igic => "Charging IGIC",
            Category::Ipsi => "Charging IPSI",
            Category::Export | Category::OutOfScope => "An export",
        };
        case.add(rule, "settings.vat_id", format!("{what} needs the firm’s VAT number; enter it in Settings."));
    }
    match category {
        Category::ReverseCharge if lacks(&buyer.vat_id) && lacks(&buyer.legal_id) => {
            case.add(rule, "client.vat_id", "A reverse charge needs the client’s VAT number, or its register number.");
        }
        Category::IntraCommunity if lacks(&buyer.vat_id) => {
            case.add(rule, "client.vat_id", "An intra-Community supply needs the client’s VAT number.");
        }
        _ => {}
    }
}

fn rate(case: &mut Case<'_>, category: Category) {
    let of_category = case.content.lines.iter().enumerate().filter(|x| x.1.vat.category == category);
    let fits = |rate: Decimal| rate.is_zero() != category.has_rates();
    let wrong: Vec<usize> = of_category.filter(|x| !fits(x.1.vat.rate)).map(|x| x.0).collect();
    for at in wrong {
        let words = if category.has_rates() { "Enter a rate above 0" } else { "Enter 0 as the rate" };
        case.add(
            rules(category).rate,
            format!("l{at}.vat"),
            format!("{words} in line {}, or choose another category.", at + 1),
        );
    }
}

fn reason(case: &mut Case<'_>, category: Category) {
    let why = case.content.exemption(category, Language::English, in_eu(&case.seller.country));
    let said = why.is_some_and(|x| !x.reason.trim().is_empty() || !x.code.trim().is_empty());
    let kept = said == category.needs_reason();
    let advice = format!("Say why no VAT is charged ({}).", category.words());
    case.require(kept, rules(category).reason, "exemptions", &advice);
}

/// What is not subject to VAT stands on a document of its own.
fn alone(case: &mut Case<'_>) {
    let mut vats = case.content.vats();
    let outside = case.content.vats().any(|vat| vat.category == Category::OutOfScope);
    if outside && vats.any(|vat| vat.category != Category::OutOfScope) {
        let advice = "What is outside the scope of VAT can’t stand beside lines with VAT; use two invoices.";
        case.add("BR-O-11", "lines", advice);
    }
}

fn delivery(case: &mut Case<'_>) {
    let dated = case.invoice.delivered.is_some() || case.invoice.period.is_some();
    let advice = "An intra-Community supply needs the day of delivery, or the period that is invoiced.";
    case.require(dated, "BR-IC-11", "delivered", advice);
    let placed = !case.buyer.country.is_empty();
    let advice = "An intra-Community supply needs the country that it went to: choose the client’s country.";
    case.require(placed, "BR-IC-12", "client.country", advice);
}
