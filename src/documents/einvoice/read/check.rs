//! Whether a document agrees with its own sums: the rules BR-CO-10 to BR-CO-17 of EN 16931, and the sum of each VAT
//! group (BR-S-08 and its kin).
//!
//! What has no lines at all, as the profiles MINIMUM and BASIC WL, is held to what it does have.

use rust_decimal::{Decimal, RoundingStrategy};

use super::super::{Bill, Tax};
use super::{Fault, taken_off};
use crate::domain::money::Currency;

/// What a group may be off, for each line and allowance in it: a unit of the last decimal that amounts have, since some
/// programs round VAT line by line.
fn spare(currency: Currency) -> Decimal {
    Decimal::new(1, currency.digits().min(2))
}

/// Compares every sum with what it is the sum of.
///
/// # Errors
/// The first rule that is broken, with both figures.
pub fn check(bill: &Bill) -> Result<(), Fault> {
    let currency: Currency = bill.currency.parse().map_err(|_| {
        let code: String = bill.currency.chars().take(9).collect();
        Fault::whole(format!("BR-05: The currency {code:?} is unknown."))
    })?;
    let sums = Sums::of(bill)?;
    decimals(bill, currency)?;
    let lines = bill.lines.iter().try_fold(Decimal::ZERO, |sum, x| Some(sum + given(&x.net)?));
    let lines = lines.ok_or_else(|| Fault::whole("BR-24: A line has no amount."))?;
    if !bill.lines.is_empty() {
        equal("BR-CO-10", "The sum of the lines", sums.lines, "the lines add up to", lines)?;
    }
    let (allowances, charges) = adjusted(bill)?;
    if !bill.lines.is_empty() || !bill.adjustments.is_empty() {
        equal("BR-CO-11", "The sum of the allowances", sums.allowances, "the allowances add up to", allowances)?;
        equal("BR-CO-12", "The sum of the charges", sums.charges, "the charges add up to", charges)?;
    }
    if !bill.sums.lines.is_empty() {
        let net = sums.lines - sums.allowances + sums.charges;
        equal("BR-CO-13", "The total without VAT", sums.net, "lines, allowances and charges come to", net)?;
    }
    if !bill.groups.is_empty() {
        let vat = bill.groups.iter().filter_map(|x| given(&x.amount)).sum();
        equal("BR-CO-14", "The VAT", sums.vat, "its breakdown adds up to", vat)?;
    }
    equal("BR-CO-15", "The total with VAT", sums.gross, "net and VAT come to", sums.net + sums.vat)?;
    let payable = sums.gross - sums.prepaid + sums.rounding;
    equal("BR-CO-16", "The amount due", sums.payable, "total, prepaid and rounding come to", payable)?;
    bill.groups.iter().try_for_each(|group| {
        let (Some(base), Some(amount)) = (given(&group.base), given(&group.amount)) else {
            return Err(Fault::whole("BR-45, BR-46: A group of the VAT breakdown has no amounts."));
        };
        let parts = parts(bill, &group.tax);
        let spare = spare(currency) * Decimal::from(u32::try_from(parts.len()).unwrap_or(u32::MAX)).max(Decimal::ONE);
        let rate = given(&group.tax.rate).unwrap_or_default();
        let of = named(&group.tax);
        let exact = base * rate / Decimal::ONE_HUNDRED;
        let reckoned = exact.round_dp_with_strategy(currency.digits(), RoundingStrategy::MidpointAwayFromZero);
        near("BR-CO-17", &format!("The VAT of {of}"), amount, &format!("{rate}% of {base} is"), reckoned, spare)?;
        if bill.lines.is_empty() {
            return Ok(());
        }
        let sum = parts.into_iter().sum();
        near("BR-S-08", &format!("The taxable amount of {of}"), base, "what it is charged on adds up to", sum, spare)
    })
}

/// The sums as numbers; what is optional and absent is zero.
struct Sums {
    lines: Decimal,
    allowances: Decimal,
    charges: Decimal,
    net: Decimal,
    vat: Decimal,
    gross: Decimal,
    prepaid: Decimal,
    rounding: Decimal,
    payable: Decimal,
}

impl Sums {
    fn of(bill: &Bill) -> Result<Self, Fault> {
        let sums = &bill.sums;
        for (text, rule, what) in [
            (&sums.net, "BR-13", "The total without VAT"),
            (&sums.gross, "BR-14", "The total with VAT"),
            (&sums.payable, "BR-15", "The amount due"),
        ] {
            if text.is_empty() {
                return Err(Fault::whole(format!("{rule}: {what} is missing.")));
            }
        }
        let read = |text: &String| given(text).unwrap_or_default();
        Ok(Self {
            lines: read(&sums.lines),
            allowances: read(&sums.allowances),
            charges: read(&sums.charges),
            net: read(&sums.net),
            vat: read(&sums.vat),
            gross: read(&sums.gross),
            prepaid: read(&sums.prepaid),
            rounding: read(&sums.rounding),
            payable: read(&sums.payable),
        })
    }
}

fn given(text: &str) -> Option<Decimal> {
    text.parse().ok()
}

/// No amount has more decimals than its currency (BR-DEC-01 to BR-DEC-28), nor more digits than can be added up.
fn decimals(bill: &Bill, currency: Currency) -> Result<(), Fault> {
    let sums = &bill.sums;
    let whole = [
        &sums.lines,
        &sums.allowances,
        &sums.charges,
        &sums.net,
        &sums.vat,
        &sums.gross,
        &sums.prepaid,
        &sums.rounding,
        &sums.payable,
    ];
    let groups = bill.groups.iter().flat_map(|x| [&x.base, &x.amount]);
    let adjustments = bill.adjustments.iter().map(|x| &x.amount);
    let lines = bill.lines.iter().flat_map(|x| std::iter::once(&x.net).chain(x.changes.iter().map(|x| &x.amount)));
    let all = whole.into_iter().chain(groups).chain(adjustments).chain(lines);
    for figure in all.filter_map(|x| given(x)) {
        if figure.normalize().scale() > currency.digits() {
            let digits = currency.digits();
            return Err(Fault::whole(format!("BR-DEC: {figure} has more than the {digits} decimals of {currency}.")));
        }
        if figure.abs() > Decimal::from(1_000_000_000_000_i64) {
            return Err(Fault::whole(format!("The amount {figure} is too large.")));
        }
    }
    Ok(())
}

fn adjusted(bill: &Bill) -> Result<(Decimal, Decimal), Fault> {
    let (mut allowances, mut charges) = (Decimal::ZERO, Decimal::ZERO);
    for change in &bill.adjustments {
        let missing = || Fault::whole("BR-31, BR-36: An allowance or charge has no amount.");
        let amount = given(&change.amount).ok_or_else(missing)?;
        *(if change.charge { &mut charges } else { &mut allowances }) += amount;
    }
    Ok((allowances, charges))
}

/// What is charged within a group: lines, allowances below zero, charges.
fn parts(bill: &Bill, tax: &Tax) -> Vec<Decimal> {
    let alike = |x: &Tax| {
        x.category == tax.category && given(&x.rate).unwrap_or_default() == given(&tax.rate).unwrap_or_default()
    };
    let lines = bill.lines.iter().filter(|x| alike(&x.tax)).filter_map(|x| given(&x.net));
    let adjustments = bill.adjustments.iter().filter(|x| x.tax.as_ref().is_some_and(alike));
    lines.chain(adjustments.map(|x| -taken_off(std::slice::from_ref(x)))).collect()
}

fn named(tax: &Tax) -> String {
    format!("{} {}", tax.category, tax.rate).trim().to_owned()
}

fn equal(rule: &str, what: &str, stated: Decimal, why: &str, reckoned: Decimal) -> Result<(), Fault> {
    near(rule, what, stated, why, reckoned, Decimal::ZERO)
}

fn near(rule: &str, what: &str, stated: Decimal, why: &str, reckoned: Decimal, spare: Decimal) -> Result<(), Fault> {
    if (stated - reckoned).abs() <= spare {
        return Ok(());
    }
    Err(Fault::whole(format!("{rule}: {what} is {stated}, but {why} {reckoned}.")))
}
