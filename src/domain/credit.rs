//! What of an invoice can still be credited, and the content of the credit note that takes a part of it back.
//!
//! Amounts are cumulative: what all credit notes together took of a line, of a VAT category and rate and of the whole
//! is rounded once, and a note takes what that sum grows by. So the sum of any sequence of credit notes never exceeds
//! the invoice and, when nothing is left, is the invoice to the last minor unit. Knows no store: whoever asks brings
//! the credit notes that were issued.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use super::invoice::{Body, Invoice};
use super::money::{Currency, Money};
use super::refusal::{Faults, FieldFault, Refusal};
use super::tax::{
    Adjustment, Content, Direction, Discount, Line, Portion, Prices, Takes, Totals, Vat, amounts, vat_within,
};

/// Most decimals of the price of a line that takes a rounded rest back.
const PRICE_DIGITS: u32 = 14;

/// What a credit note is to take back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Take {
    /// All that is left.
    Rest,
    /// So much of these lines, by their place; allowances and charges in proportion.
    Lines(Vec<(usize, Decimal)>),
    /// Amounts by VAT category and rate, in minor units, in the invoice's prices.
    Amounts(Vec<(Vat, i64)>),
}

/// One VAT category and rate of an invoice, in minor units, in the invoice's prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupLeft {
    /// Category and rate.
    pub vat: Vat,
    /// What the invoice charges at it.
    pub charged: i64,
    /// What of it was not credited.
    pub left: i64,
}

/// An issued invoice and what was credited of it.
#[derive(Clone, Debug)]
pub struct Credited<'a> {
    content: &'a Content,
    currency: Currency,
    totals: &'a Totals,
    /// What a line says that is a part by amount.
    says: String,
    /// Lines, then allowances and charges, as the invoice charges them.
    parts: Vec<(Vat, i64)>,
    taken: Taken,
}

/// What all credit notes together took, in minor units.
#[derive(Clone, Debug, Default)]
struct Taken {
    quantities: Vec<Decimal>,
    parts: Vec<i64>,
    /// By amount, of no line.
    amounts: bool,
    groups: Vec<(Vat, i64, i64)>,
    gross: i64,
    prepaid: i64,
    rounding: i64,
    /// By credit notes of the firm's accounting system, of which only the amount is known.
    elsewhere: i64,
}

impl<'a> Credited<'a> {
    /// An issued invoice that was composed here, with the credit notes issued for it; `None` for any other.
    pub fn of(invoice: &'a Invoice, credits: &[Invoice]) -> Option<Self> {
        let (Body::Composed(content), Some(issue), true) = (&invoice.body, &invoice.issue, invoice.is_invoice()) else {
            return None;
        };
        let mut this = Self::whole(content, &issue.totals, format!("Credit of a part of {}", issue.number))?;
        credits.iter().try_for_each(|note| this.add(note))?;
        Some(this)
    }

    /// As its lines are to say it, in the reader’s language.
    #[must_use]
    pub fn saying(self, says: String) -> Self {
        Self { says, ..self }
    }

    /// Any content with the parts that were taken of it, each with its totals; a line of a part by amount says `says`.
    pub fn of_parts<'p>(
        content: &'a Content,
        totals: &'a Totals,
        says: String,
        parts: impl IntoIterator<Item = (&'p Content, &'p Totals)>,
    ) -> Option<Self> {
        let mut this = Self::whole(content, totals, says)?;
        parts.into_iter().try_for_each(|(content, totals)| this.take(content, totals))?;
        Some(this)
    }

    /// With what was given back of those parts again: by VAT, since it may be of any line.
    pub fn given_back<'p>(mut self, notes: impl IntoIterator<Item = (&'p Content, &'p Totals)>) -> Option<Self> {
        for (content, totals) in notes {
            self.taken.amounts = true;
            for (vat, amount) in content.vats().zip(amounts(content, self.currency)?) {
                let group = self.taken.groups.iter_mut().find(|x| x.0 == vat)?;
                group.1 = group.1.checked_sub(amount)?;
            }
            for of in &totals.groups {
                let group = self.taken.groups.iter_mut().find(|x| x.0 == of.vat)?;
                group.2 = group.2.checked_sub(of.tax)?;
            }
            let taken = &mut self.taken;
            taken.gross = taken.gross.checked_sub(totals.gross)?;
            taken.prepaid = taken.prepaid.checked_sub(totals.prepaid)?;
            taken.rounding = taken.rounding.checked_sub(totals.rounding)?;
        }
        Some(self)
    }

    /// With nothing taken.
    fn whole(content: &'a Content, totals: &'a Totals, says: String) -> Option<Self> {
        let parts: Vec<(Vat, i64)> = content.vats().zip(amounts(content, totals.currency)?).collect();
        let taken = Taken {
            quantities: vec![Decimal::ZERO; content.lines.len()],
            parts: vec![0; parts.len()],
            groups: totals.groups.iter().map(|g| (g.vat, 0, 0)).collect(),
            ..Taken::default()
        };
        Some(Self { content, currency: totals.currency, totals, says, parts, taken })
    }

    /// Counts a credit note that was issued.
    fn add(&mut self, note: &Invoice) -> Option<()> {
        let totals = &note.issue.as_ref()?.totals;
        let Body::Composed(content) = &note.body else {
            self.taken.elsewhere = self.taken.elsewhere.checked_add(totals.payable)?;
            return Some(());
        };
        self.take(content, totals)
    }

    fn take(&mut self, content: &Content, totals: &Totals) -> Option<()> {
        let takes = content.takes.clone().unwrap_or_default();
        // What does not say which lines it takes, takes amounts.
        self.taken.amounts |= takes.lines.len() != content.lines.len();
        let each = amounts(content, self.currency)?;
        let (lines, adjustments) = each.split_at_checked(content.lines.len())?;
        for ((line, of), amount) in content.lines.iter().zip(&takes.lines).zip(lines) {
            let Some(at) = of.map(|x| x as usize) else {
                self.taken.amounts = true;
                continue;
            };
            let quantity = self.taken.quantities.get_mut(at)?;
            *quantity = quantity.checked_add(line.quantity)?;
            let part = self.taken.parts.get_mut(at)?;
            *part = part.checked_add(*amount)?;
        }
        for (at, amount) in takes.adjustments.iter().zip(adjustments) {
            let part = self.taken.parts.get_mut(self.content.lines.len() + *at as usize)?;
            *part = part.checked_add(*amount)?;
        }
        for (vat, amount) in content.vats().zip(&each) {
            let group = self.taken.groups.iter_mut().find(|x| x.0 == vat)?;
            group.1 = group.1.checked_add(*amount)?;
        }
        for of in &totals.groups {
            let group = self.taken.groups.iter_mut().find(|x| x.0 == of.vat)?;
            group.2 = group.2.checked_add(of.tax)?;
        }
        let taken = &mut self.taken;
        taken.gross = taken.gross.checked_add(totals.gross)?;
        taken.prepaid = taken.prepaid.checked_add(totals.prepaid)?;
        taken.rounding = taken.rounding.checked_add(totals.rounding)?;
        Some(())
    }

    /// What is left of the invoice's total with VAT, in minor units.
    pub fn left(&self) -> i64 {
        self.totals.gross.saturating_sub(self.taken.gross).saturating_sub(self.taken.elsewhere).max(0)
    }

    /// The invoice's total with VAT, in minor units.
    pub fn gross(&self) -> i64 {
        self.totals.gross
    }

    /// The invoice's currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether the invoice's prices include VAT.
    pub fn prices(&self) -> Prices {
        self.content.prices
    }

    /// Whether something is left to credit.
    pub fn is_left(&self) -> bool {
        self.left() > 0
    }

    /// How much of the line at `at` was not credited.
    pub fn quantity_left(&self, at: usize) -> Decimal {
        let whole = self.content.lines.get(at).map_or(Decimal::ZERO, |x| x.quantity);
        whole - self.taken.quantities.get(at).copied().unwrap_or_default()
    }

    /// What of the line's amount was not credited, in minor units, in the invoice's prices.
    pub fn amount_left(&self, at: usize) -> i64 {
        let whole = self.parts.get(at).map_or(0, |x| x.1);
        whole.saturating_sub(self.taken.parts.get(at).copied().unwrap_or(0))
    }

    /// What is left of each VAT category and rate.
    pub fn groups(&self) -> Vec<GroupLeft> {
        let charged = |vat| self.parts.iter().filter(|x| x.0 == vat).fold(0_i64, |sum, x| sum.saturating_add(x.1));
        let left = |&(vat, taken, _): &(Vat, i64, i64)| {
            let charged = charged(vat);
            GroupLeft { vat, charged, left: charged.saturating_sub(taken) }
        };
        self.taken.groups.iter().map(left).collect()
    }

    /// The invoice's lines.
    pub fn lines(&self) -> &'a [Line] {
        &self.content.lines
    }

    /// What a credit note that takes this back charges.
    ///
    /// # Errors
    /// Every field that asks for more than is left or for nothing: `q0` and on for lines, `g0` and on for amounts by
    /// VAT, `take` for the whole.
    pub fn content(&self, take: &Take) -> Result<Content, Refusal> {
        if !self.is_left() {
            return Err(Refusal::MoreThanOpen(Money::zero(self.currency)));
        }
        let mut note = match take {
            Take::Rest => self.rest()?,
            Take::Lines(wanted) => self.by_line(wanted)?,
            Take::Amounts(wanted) => self.by_amount(wanted)?,
        };
        self.state(&mut note, matches!(take, Take::Lines(_))).map(|()| note.content)
    }

    /// All that is left: line by line, or by amount where some was credited by amount.
    fn rest(&self) -> Result<Note, Refusal> {
        let by_amount = || {
            let each = self.groups().into_iter().filter(|x| x.left != 0).map(|x| (x.vat, x.left));
            self.by_amount(&each.collect::<Vec<_>>())
        };
        if self.taken.amounts || self.taken.elsewhere > 0 {
            return by_amount();
        }
        let mut note = Note::of(self.content);
        for (at, line) in self.content.lines.iter().enumerate() {
            let (quantity, target) = (self.quantity_left(at), self.amount_left(at));
            if !quantity.is_zero() || target != 0 {
                note.line(Some(at), self.shaped(at, line, quantity, target)?);
            }
        }
        for at in 0..self.content.adjustments.len() {
            self.adjust(&mut note, at, self.amount_left(self.content.lines.len() + at));
        }
        // A document needs a line, and a charge at a rate of its own may be all that is left.
        if note.content.lines.is_empty() { by_amount() } else { Ok(note) }
    }

    fn by_line(&self, wanted: &[(usize, Decimal)]) -> Result<Note, Refusal> {
        let (mut faults, mut note) = (Faults::default(), Note::of(self.content));
        for (at, quantity) in wanted.iter().filter(|x| !x.1.is_zero()) {
            let (field, left) = (format!("q{at}"), self.quantity_left(*at));
            let Some(line) = self.content.lines.get(*at) else { return Err(Refusal::NotFound) };
            let beyond = quantity.is_sign_negative() != line.quantity.is_sign_negative() || quantity.abs() > left.abs();
            if beyond || note.has(*at) {
                let left = left.normalize();
                faults.add(&field, format!("Line {}: {left} is left to credit; enter that or less.", at + 1));
                continue;
            }
            let cumulative = self.taken.quantities.get(*at).and_then(|x| x.checked_add(*quantity));
            let whole = self.parts.get(*at).map_or(0, |x| x.1);
            let reached = cumulative.and_then(|x| share(whole, x, line.quantity));
            let taken = self.taken.parts.get(*at).copied().unwrap_or(0);
            let target = reached.and_then(|x| x.checked_sub(taken)).ok_or(Refusal::TryAgain)?;
            match self.shaped(*at, line, *quantity, target) {
                Ok(shaped) => note.line(Some(*at), shaped),
                Err(fault) => faults.add(&field, fault.message),
            }
        }
        if note.content.lines.is_empty() && faults.is_empty() {
            faults.add("take", "Enter for at least one line how much of it is credited.");
        }
        faults.check()?;
        for (at, adjustment) in self.content.adjustments.iter().enumerate() {
            let target = self.in_proportion(at, adjustment, &note).ok_or(Refusal::TryAgain)?;
            self.adjust(&mut note, at, target);
        }
        Ok(note)
    }

    fn by_amount(&self, wanted: &[(Vat, i64)]) -> Result<Note, Refusal> {
        let mut note = Note::of(self.content);
        for (vat, amount) in wanted.iter().filter(|x| x.1 != 0) {
            let quantity = Decimal::from(amount.signum());
            let price = Money::new(*amount, self.currency).decimal().abs();
            let description = self.says.clone();
            note.line(None, Line { description, quantity, price, vat: *vat, ..Line::default() });
        }
        if note.content.lines.is_empty() {
            return Err(FieldFault::new("take", "Enter at least one amount to credit.").into());
        }
        Ok(note)
    }

    /// What an allowance or charge gives back beside the lines of `note`: in proportion to what was then credited of
    /// the lines of its VAT.
    fn in_proportion(&self, at: usize, adjustment: &Adjustment, note: &Note) -> Option<i64> {
        let (of, lines) = (self.content.lines.len().checked_add(at)?, self.content.lines.len());
        let charged = self.parts.iter().take(lines).filter(|x| x.0 == adjustment.vat).map(|x| x.1).sum::<i64>();
        let before = self.parts.iter().zip(&self.taken.parts).take(lines).filter(|x| x.0.0 == adjustment.vat);
        let before = before.map(|x| *x.1).sum::<i64>();
        let mut now = 0_i64;
        for line in note.content.lines.iter().filter(|x| x.vat == adjustment.vat) {
            now = now.checked_add(line.amount(self.currency)?.minor)?;
        }
        let (whole, taken) = (self.parts.get(of)?.1, *self.taken.parts.get(of)?);
        if charged == 0 {
            return Some(0);
        }
        share(whole, Decimal::from(before.checked_add(now)?), Decimal::from(charged))?.checked_sub(taken)
    }

    fn adjust(&self, note: &mut Note, at: usize, target: i64) {
        let Some(adjustment) = self.content.adjustments.get(at).filter(|_| target != 0) else { return };
        let direction = if target < 0 { Direction::Allowance } else { Direction::Charge };
        let portion = Portion::Amount(target.saturating_abs());
        note.adjustment(at, Adjustment { direction, portion, ..adjustment.clone() });
    }

    /// The line at `at` with another quantity and exactly `target` as its amount: at its own price and discount where
    /// that gives it, else at what a unit of the rest comes to.
    fn shaped(&self, at: usize, line: &Line, quantity: Decimal, target: i64) -> Result<Line, FieldFault> {
        let currency = self.currency;
        let plain = Line { quantity, ..line.clone() };
        let gives = |x: &Line| x.amount(currency).is_some_and(|x| x.minor == target);
        if gives(&plain) {
            return Ok(plain);
        }
        if !line.discount.portion.is_zero()
            && let Some(off) = plain.before_discount(currency).and_then(|x| x.minor.checked_sub(target))
            && off >= 0
        {
            let discount = Discount { portion: Portion::Amount(off), ..line.discount.clone() };
            return Ok(Line { discount, ..plain });
        }
        let exact = Money::new(target, currency).decimal().checked_div(quantity).filter(|x| !x.is_sign_negative());
        let priced = exact.into_iter().flat_map(|exact| {
            let nearest = move |digits| exact.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
            let from = line.price.scale().max(currency.digits());
            (from..=PRICE_DIGITS).map(move |digits| nearest(digits).normalize())
        });
        let mut priced = priced.map(|price| Line { price, discount: Discount::default(), ..plain.clone() });
        let message =
            || format!("Line {}: so much can’t be credited by itself; credit all that is left of it.", at + 1);
        priced.find(gives).ok_or_else(|| FieldFault::new(&format!("q{at}"), message()))
    }

    /// States VAT, prepaid amount and rounding, and refuses more than is left.
    fn state(&self, note: &mut Note, lines: bool) -> Result<(), Refusal> {
        let each = amounts(&note.content, self.currency).ok_or(Refusal::TryAgain)?;
        let (mut faults, mut gross, mut all) = (Faults::default(), self.taken.gross, true);
        for (at, group) in self.groups().into_iter().enumerate() {
            let mine = note.content.vats().zip(&each).filter(|x| x.0 == group.vat);
            let (count, sum) = mine.fold((0, 0_i64), |(n, sum), x| (n + 1, sum.saturating_add(*x.1)));
            if count == 0 {
                all &= group.left == 0;
                continue;
            }
            let reached = group.charged.saturating_sub(group.left).saturating_add(sum);
            all &= reached == group.charged;
            if !within(reached, group.charged) {
                let left = Money::new(group.left, self.currency);
                let field = if lines { "take".to_owned() } else { format!("g{at}") };
                faults.add(&field, format!("At {} VAT only {left} is left to credit.", group.vat.rate.normalize()));
                continue;
            }
            let before = self.taken.groups.get(at).map_or(0, |x| x.2);
            let tax = self.tax_of(group, reached).ok_or(Refusal::TryAgain)?.saturating_sub(before);
            note.takes().vat.push((group.vat, tax));
            let more = if self.content.prices == Prices::Net { sum.saturating_add(tax) } else { sum };
            gross = gross.saturating_add(more);
        }
        if faults.is_empty() && gross.saturating_add(self.taken.elsewhere) > self.totals.gross {
            let left = Money::new(self.left(), self.currency);
            faults.add("take", format!("Only {left} is left to credit, VAT included."));
        }
        // An allowance at a rate of its own makes the total less than what is charged at the others: taken of those
        // alone, it would be used up while the VAT of both rates is still stated wrongly.
        if faults.is_empty() && gross == self.totals.gross && !all && self.taken.elsewhere == 0 {
            faults.add(
                "take",
                "That is the whole total, but not all of each VAT rate. Credit less, or all that is left.",
            );
        }
        faults.check()?;
        self.settle(note, gross);
        Ok(())
    }

    /// The VAT of what was credited of a group, of all of which it is what the invoice states.
    fn tax_of(&self, group: GroupLeft, reached: i64) -> Option<i64> {
        let whole = self.totals.groups.iter().find(|x| x.vat == group.vat)?.tax;
        if reached == group.charged {
            return Some(whole);
        }
        let tax = vat_within(self.content.prices, reached, group.vat.rate, self.currency)?;
        Some(if whole < 0 { tax.clamp(whole, 0) } else { tax.clamp(0, whole) })
    }

    /// What was paid before the invoice comes back last, and its rounding with the last of it.
    fn settle(&self, note: &mut Note, gross: i64) {
        let t = self.totals;
        let prepaid = gross.saturating_sub(t.gross.saturating_sub(t.prepaid)).max(0);
        let due = gross.saturating_sub(prepaid);
        let rounding = if gross == t.gross { t.rounding } else { t.payable.saturating_sub(due).min(0) };
        note.content.prepaid = prepaid.saturating_sub(self.taken.prepaid);
        note.takes().rounding = rounding.saturating_sub(self.taken.rounding);
    }
}

/// A credit note's content in the making.
struct Note {
    content: Content,
}

impl Note {
    fn of(invoice: &Content) -> Self {
        let takes = Some(Takes::default());
        let content =
            Content { lines: Vec::new(), adjustments: Vec::new(), prepaid: 0, round_to: 0, takes, ..invoice.clone() };
        Self { content }
    }

    fn takes(&mut self) -> &mut Takes {
        self.content.takes.get_or_insert_default()
    }

    fn has(&self, at: usize) -> bool {
        let takes = self.content.takes.as_ref();
        takes.is_some_and(|x| x.lines.iter().any(|of| of.is_some_and(|of| of as usize == at)))
    }

    fn line(&mut self, of: Option<usize>, line: Line) {
        self.content.lines.push(line);
        self.takes().lines.push(of.and_then(|at| u32::try_from(at).ok()));
    }

    fn adjustment(&mut self, of: usize, adjustment: Adjustment) {
        self.content.adjustments.push(adjustment);
        self.takes().adjustments.extend(u32::try_from(of));
    }
}

/// Whether `reached` lies between nothing and `whole`, which may be below zero.
fn within(reached: i64, whole: i64) -> bool {
    if whole < 0 { (whole..=0).contains(&reached) } else { (0..=whole).contains(&reached) }
}

/// `whole` × `part` / `of` in minor units, rounded half away from zero; all of it for all of it.
fn share(whole: i64, part: Decimal, of: Decimal) -> Option<i64> {
    if part == of {
        return Some(whole);
    }
    let exact = Decimal::from(whole).checked_mul(part)?.checked_div(of)?;
    exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()
}

#[cfg(test)]
#[path = "credit_tests.rs"]
mod tests;
