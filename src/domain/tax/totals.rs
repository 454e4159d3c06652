//! The one function that every output's sums come from.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Content, Direction, Prices, Vat};
use crate::domain::money::{AMOUNT_MAX, Currency, Money};

/// One group of the VAT breakdown (BG-23).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VatGroup {
    /// Category and rate (BT-118, BT-119).
    pub vat: Vat,
    /// Taxable amount in minor units (BT-116).
    pub base: i64,
    /// Tax in minor units (BT-117).
    pub tax: i64,
}

/// The totals of a document (BG-22), in minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Of all amounts but one.
    pub currency: Currency,
    /// Net amount of each line (BT-131); empty for a published PDF.
    pub line_nets: Vec<i64>,
    /// Net amount of each allowance (BT-92) and charge (BT-99), both as a figure above zero.
    pub adjustment_nets: Vec<i64>,
    /// Sum of the lines' net amounts (BT-106).
    pub lines: i64,
    /// Sum of the allowances (BT-107).
    pub allowances: i64,
    /// Sum of the charges (BT-108).
    pub charges: i64,
    /// Total without VAT (BT-109).
    pub net: i64,
    /// VAT by category and rate, in a fixed order; empty for a published PDF, whose breakdown is its own matter.
    pub groups: Vec<VatGroup>,
    /// Total VAT (BT-110).
    pub vat: i64,
    /// Total with VAT (BT-112).
    pub gross: i64,
    /// Paid before (BT-113).
    pub prepaid: i64,
    /// What rounding the amount due added, or took (BT-114).
    pub rounding: i64,
    /// Amount due for payment (BT-115).
    pub payable: i64,
    /// Total VAT in the accounting currency (BT-111).
    pub accounting_vat: Option<Money>,
}

impl Totals {
    /// The amount due for payment.
    pub fn payable(&self) -> Money {
        Money::new(self.payable, self.currency)
    }

    /// The totals of a document of which only the amount due is known.
    pub fn only(payable: Money) -> Self {
        let minor = payable.minor;
        Self { lines: minor, net: minor, gross: minor, payable: minor, ..Self::zero(payable.currency) }
    }

    /// Whether the sums follow from their parts (BR-CO-10 to BR-CO-16), as they must of a document that was made
    /// elsewhere, whose sums are its own.
    pub fn hold(&self) -> bool {
        let add = |all: &[i64]| all.iter().try_fold(0_i64, |sum, x| sum.checked_add(*x));
        let lines = self.line_nets.is_empty() || add(&self.line_nets) == Some(self.lines);
        let taxes: Vec<i64> = self.groups.iter().map(|x| x.tax).collect();
        lines
            && add(&[self.lines, -self.allowances, self.charges]) == Some(self.net)
            && (taxes.is_empty() || add(&taxes) == Some(self.vat))
            && add(&[self.net, self.vat]) == Some(self.gross)
            && add(&[self.gross, -self.prepaid, self.rounding]) == Some(self.payable)
    }

    fn zero(currency: Currency) -> Self {
        Self {
            currency,
            line_nets: Vec::new(),
            adjustment_nets: Vec::new(),
            lines: 0,
            allowances: 0,
            charges: 0,
            net: 0,
            groups: Vec::new(),
            vat: 0,
            gross: 0,
            prepaid: 0,
            rounding: 0,
            payable: 0,
            accounting_vat: None,
        }
    }
}

/// The totals of what a document charges: the one function that feeds screen, PDF, CSV and XML. `None` beyond the
/// limits of an amount.
pub fn totals(content: &Content, currency: Currency) -> Option<Totals> {
    let parts = parts(content, currency)?;
    let (nets, groups) = grouped(content, &parts, currency)?;
    let (line_nets, signed) = nets.split_at_checked(content.lines.len())?;
    let mut out = Totals { groups, prepaid: content.prepaid, ..Totals::zero(currency) };
    out.lines = sum(line_nets.iter().copied())?;
    out.line_nets = line_nets.to_vec();
    for (adjustment, net) in content.adjustments.iter().zip(signed) {
        let (kept, total) = match adjustment.direction {
            Direction::Allowance => (net.checked_neg()?, &mut out.allowances),
            Direction::Charge => (*net, &mut out.charges),
        };
        out.adjustment_nets.push(kept);
        *total = total.checked_add(kept)?;
    }
    out.net = out.lines.checked_sub(out.allowances)?.checked_add(out.charges)?;
    out.vat = sum(out.groups.iter().map(|x| x.tax))?;
    out.gross = out.net.checked_add(out.vat)?;
    let due = out.gross.checked_sub(content.prepaid)?;
    out.rounding = content.takes.as_ref().map_or_else(|| rounding(due, content.round_to), |x| x.rounding);
    out.payable = due.checked_add(out.rounding)?;
    if let Some(other) = &content.accounting {
        let exact = Money::new(out.vat, currency).decimal().checked_mul(other.rate)?;
        out.accounting_vat = Some(Money::round(exact, other.currency)?);
    }
    let within = [out.lines, out.gross, out.prepaid, out.payable].into_iter().all(|x| x.abs() <= AMOUNT_MAX);
    within.then_some(out)
}

fn sum(amounts: impl IntoIterator<Item = i64>) -> Option<i64> {
    let sum = amounts.into_iter().try_fold(0_i64, i64::checked_add)?;
    (sum.checked_abs()? <= AMOUNT_MAX).then_some(sum)
}

/// The amounts of the lines, then of the adjustments (an allowance below zero), as the document's prices have them, in
/// minor units; `None` beyond the limits of an amount.
pub fn amounts(content: &Content, currency: Currency) -> Option<Vec<i64>> {
    Some(parts(content, currency)?.into_iter().map(|x| x.1).collect())
}

/// Lines, then adjustments, each with its VAT and its amount in the document's prices; an allowance is below zero.
fn parts(content: &Content, currency: Currency) -> Option<Vec<(Vat, i64)>> {
    let mut out: Vec<(Vat, i64)> = Vec::with_capacity(content.lines.len() + content.adjustments.len());
    for line in &content.lines {
        out.push((line.vat, line.amount(currency)?.minor));
    }
    for adjustment in &content.adjustments {
        let alike = out.iter().take(content.lines.len()).filter(|x| x.0 == adjustment.vat);
        let amount = adjustment.portion.of(sum(alike.map(|x| x.1))?, currency)?;
        out.push((
            adjustment.vat,
            match adjustment.direction {
                Direction::Allowance => amount.checked_neg()?,
                Direction::Charge => amount,
            },
        ));
    }
    Some(out)
}

/// The VAT of an amount in the document's prices: on top of a net amount, within a gross one. `None` beyond the limits
/// of an amount.
pub fn vat_within(prices: Prices, amount: i64, rate: Decimal, currency: Currency) -> Option<i64> {
    match prices {
        Prices::Net => on_top(amount, rate, currency),
        Prices::Gross => included(amount, rate),
    }
}

/// The net of each part, and the groups.
fn grouped(content: &Content, parts: &[(Vat, i64)], currency: Currency) -> Option<(Vec<i64>, Vec<VatGroup>)> {
    let stated: &[(Vat, i64)] = content.takes.as_ref().map_or(&[], |x| &x.vat);
    let mut nets: Vec<i64> = parts.iter().map(|x| x.1).collect();
    let mut vats: Vec<Vat> = Vec::new();
    for (vat, _) in parts {
        if !vats.contains(vat) {
            vats.push(*vat);
        }
    }
    vats.sort_by(|a, b| (a.category, b.rate).cmp(&(b.category, a.rate)));
    let mut groups = Vec::with_capacity(vats.len());
    for vat in vats {
        let of: Vec<usize> = (0..parts.len()).filter(|at| parts.get(*at).is_some_and(|x| x.0 == vat)).collect();
        let amounts: Vec<i64> = of.iter().filter_map(|at| parts.get(*at)).map(|x| x.1).collect();
        let whole = sum(amounts.iter().copied())?;
        let tax = match stated.iter().find(|x| x.0 == vat) {
            Some((_, tax)) => *tax,
            None => vat_within(content.prices, whole, vat.rate, currency)?,
        };
        groups.push(match content.prices {
            Prices::Net => VatGroup { vat, base: whole, tax },
            Prices::Gross => {
                let base = whole.checked_sub(tax)?;
                for (at, net) in of.into_iter().zip(spread(&amounts, base, vat.rate)?) {
                    *nets.get_mut(at)? = net;
                }
                VatGroup { vat, base, tax }
            }
        });
    }
    Some((nets, groups))
}

/// BT-117 = round(BT-116 × BT-119 / 100).
fn on_top(base: i64, rate: Decimal, currency: Currency) -> Option<i64> {
    let exact = Money::new(base, currency).decimal().checked_mul(rate)?;
    Some(Money::round(exact.checked_div(Decimal::ONE_HUNDRED)?, currency)?.minor)
}

/// A rate in hundredths of a percent, of which a rate has at most two decimals.
fn hundredths(rate: Decimal) -> Option<i128> {
    let scaled = rate.checked_mul(Decimal::ONE_HUNDRED)?.normalize();
    (scaled.scale() == 0 && !scaled.is_sign_negative()).then_some(scaled.mantissa())
}

/// The whole in hundredths of a percent.
const WHOLE: i128 = 10_000;

/// The VAT within a gross amount, rounded half away from zero. The base that is left reckons to the same VAT where any
/// base does; some gross amounts no base reckons to, and there BT-117 is one minor unit off.
fn included(gross: i64, rate: Decimal) -> Option<i64> {
    let rate = hundredths(rate)?;
    let (above, below) = (i128::from(gross).checked_mul(rate)?, WHOLE.checked_add(rate)?);
    let half_away = (above.abs().checked_mul(2)?.checked_add(below)?).checked_div(below.checked_mul(2)?)?;
    i64::try_from(half_away.checked_mul(above.signum())?).ok()
}

/// The nets of gross `amounts` that add up to `base`: each rounded down, spare units to the largest remainders. Where
/// VAT is stated, one unit may be spare beyond them all, or lack.
fn spread(amounts: &[i64], base: i64, rate: Decimal) -> Option<Vec<i64>> {
    let below = WHOLE.checked_add(hundredths(rate)?)?;
    let mut nets = Vec::with_capacity(amounts.len());
    let mut remainders = Vec::with_capacity(amounts.len());
    for (at, amount) in amounts.iter().enumerate() {
        let exact = i128::from(*amount).checked_mul(WHOLE)?;
        nets.push(i64::try_from(exact.div_euclid(below)).ok()?);
        remainders.push((std::cmp::Reverse(exact.rem_euclid(below)), at));
    }
    remainders.sort_unstable();
    let spare = base.checked_sub(sum(nets.iter().copied())?)?;
    let count = usize::try_from(spare.unsigned_abs()).ok()?;
    for (_, at) in remainders.iter().cycle().take(count) {
        let net = nets.get_mut(*at)?;
        *net = net.checked_add(spare.signum())?;
    }
    (sum(nets.iter().copied())? == base).then_some(nets)
}

/// What brings `due` to the nearest multiple of `step`, halves away from zero.
fn rounding(due: i64, step: u32) -> i64 {
    let step = i64::from(step);
    if step < 2 {
        return 0;
    }
    let over = due.abs() % step;
    let change = if over * 2 >= step { step - over } else { -over };
    if over == 0 { 0 } else { change * due.signum() }
}

#[cfg(test)]
#[path = "totals_tests.rs"]
mod tests;
