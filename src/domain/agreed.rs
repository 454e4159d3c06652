//! What a credit note is to take back of what the firm agreed on in a dispute: a proposal, which whoever issues it may
//! change.
//!
//! Knows neither store nor form. What a credit note comes to is [`credit`](super::credit)'s.

use rust_decimal::Decimal;

use super::credit::{Credited, GroupLeft, Take};
use super::dispute::{Dispute, Part};
use super::money::Money;
use super::tax::Prices;

/// The lines that were disputed, as far as they are left; the amount, where one rate of VAT is left to take it from;
/// else all that is left. `None` where it can't be told, as for an amount at several rates.
pub fn proposed(dispute: &Dispute, credited: &Credited<'_>) -> Option<Take> {
    match &dispute.part {
        Part::Whole => Some(Take::Rest),
        Part::Lines(lines) => {
            let places = lines.iter().filter_map(|x| usize::try_from(*x).ok());
            let left = places.map(|at| (at, credited.quantity_left(at))).filter(|x| !x.1.is_zero());
            let lines: Vec<(usize, Decimal)> = left.collect();
            (!lines.is_empty()).then_some(Take::Lines(lines))
        }
        Part::Amount(minor) => {
            let groups = credited.groups();
            let left: Vec<&GroupLeft> = groups.iter().filter(|x| x.left != 0).collect();
            let [group] = left.as_slice() else { return None };
            if group.left < 0 {
                return None;
            }
            let amount = Money::new(*minor, credited.currency());
            let stated = stated(amount, group, credited.prices())?;
            Some(Take::Amounts(vec![(group.vat, stated.minor.min(group.left))]))
        }
    }
}

/// An amount with VAT as a credit note at this rate states it: without, where the invoice's prices are without.
fn stated(amount: Money, group: &GroupLeft, prices: Prices) -> Option<Money> {
    if prices == Prices::Gross {
        return Some(amount);
    }
    let gross = Decimal::ONE.checked_add(group.vat.rate.checked_div(Decimal::ONE_HUNDRED)?)?;
    Money::round(amount.decimal().checked_div(gross)?, amount.currency)
}

#[cfg(test)]
mod tests {
    use super::super::money::Currency;
    use super::super::tax::{Vat, VatCategory};
    use super::*;

    #[test]
    fn an_amount_is_stated_as_the_invoice_states_its_prices() {
        let eur = Currency::EUR;
        let group = |rate| GroupLeft {
            vat: Vat { category: VatCategory::Standard, rate: Decimal::from(rate) },
            charged: 50_000,
            left: 50_000,
        };
        let of = |minor, rate, prices| stated(Money::new(minor, eur), &group(rate), prices).unwrap().minor;
        assert_eq!(of(12_300, 23, Prices::Net), 10_000);
        assert_eq!(of(10_000, 23, Prices::Net), 8_130, "81.30 and 18.70 of VAT");
        assert_eq!(of(12_300, 23, Prices::Gross), 12_300);
        assert_eq!(of(12_300, 0, Prices::Net), 12_300);
    }
}
