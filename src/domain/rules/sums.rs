//! Whether the sums are those that EN 16931 asks for: a guard behind the one function that makes them, so that an error
//! in it stops a document and is not frozen into one.

use rust_decimal::Decimal;

use super::Case;
use crate::domain::money::Money;
use crate::domain::tax::Totals;

/// Most decimals of an amount (BR-DEC-01 to BR-DEC-28).
const DECIMALS: u32 = 2;
/// Minor units that a VAT amount may be off, where prices include VAT and no base reckons to the gross.
const OFF: u64 = 1;
/// As much again where it is stated, so that several credit notes add up to their invoice.
const OFF_STATED: u64 = 2;

/// Whether every amount can be written with the two decimals that EN 16931 knows: always, unless the currency has three
/// and the last is used. A document that can’t goes out without XML.
pub fn fits_xml(totals: &Totals) -> bool {
    let digits = totals.currency.digits();
    let step = 10_i64.pow(digits.saturating_sub(DECIMALS));
    let sums = [totals.lines, totals.net, totals.vat, totals.gross, totals.prepaid, totals.rounding, totals.payable];
    let groups = totals.groups.iter().flat_map(|g| [g.base, g.tax]);
    let parts = totals.line_nets.iter().chain(&totals.adjustment_nets).copied();
    let accounting =
        totals.accounting_vat.is_none_or(|x| x.minor % 10_i64.pow(x.currency.digits().saturating_sub(DECIMALS)) == 0);
    accounting && sums.into_iter().chain(groups).chain(parts).all(|minor| minor % step == 0)
}

pub(super) fn check(case: &mut Case<'_>, totals: &Totals) {
    let t = totals;
    let taxes = sum(t.groups.iter().map(|g| g.tax));
    let bases = sum(t.groups.iter().map(|g| g.base));
    let adjustments = t.allowances.checked_add(t.charges);
    let net = t.lines.checked_sub(t.allowances).and_then(|x| x.checked_add(t.charges));
    let due = t.gross.checked_sub(t.prepaid).and_then(|x| x.checked_add(t.rounding));
    let off = if case.content.takes.is_some() { OFF_STATED } else { OFF };
    for (kept, rule) in [
        (sum(t.line_nets.iter().copied()) == Some(t.lines), "BR-CO-10"),
        (sum(t.adjustment_nets.iter().copied()) == adjustments, "BR-CO-11"),
        (net == Some(t.net) && bases == Some(t.net), "BR-CO-13"),
        (taxes == Some(t.vat), "BR-CO-14"),
        (t.net.checked_add(t.vat) == Some(t.gross), "BR-CO-15"),
        (due == Some(t.payable), "BR-CO-16"),
        (t.groups.iter().all(|g| is_vat_of(t, g.base, g.tax, g.vat.rate, off)), "BR-CO-17"),
        (!t.groups.is_empty(), "BR-CO-18"),
    ] {
        case.require(kept, rule, "lines", "The sums do not add up. Please report this; the document was not issued.");
    }
}

fn sum(mut amounts: impl Iterator<Item = i64>) -> Option<i64> {
    amounts.try_fold(0_i64, i64::checked_add)
}

/// BT-117 = BT-116 × BT-119 / 100, within `off` minor units.
fn is_vat_of(totals: &Totals, base: i64, tax: i64, rate: Decimal, off: u64) -> bool {
    let base = Money::new(base, totals.currency).decimal();
    let exact = base.checked_mul(rate).and_then(|x| x.checked_div(Decimal::ONE_HUNDRED));
    let reckoned = exact.and_then(|x| Money::round(x, totals.currency));
    reckoned.is_some_and(|x| x.minor.abs_diff(tax) <= off)
}
