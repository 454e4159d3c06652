//! What of an accepted quote was invoiced, and the content of the invoice for the next part of it.
//!
//! A part is reckoned as a credit note of a part is ([`super::credit`]): what all invoices together take is rounded
//! once and the next one takes what that sum grows by. So the parts never exceed what was accepted and, when nothing is
//! left, are it to the last minor unit. Knows no store: whoever asks brings the invoices.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::credit::{Credited, GroupLeft, Take};
use super::firm::Locale;
use super::ids::QuoteId;
use super::invoice::{Body, Invoice};
use super::money::{Currency, Money};
use super::number::DocumentNumber;
use super::quote::Quote;
use super::refusal::{FieldFault, Refusal};
use super::tax::{Content, Totals};

/// Most decimals of a share in percent.
const PERCENT_DIGITS: u32 = 2;

/// What of an accepted quote an invoice charges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// All of it, at once.
    Whole,
    /// A share in percent of every VAT category and rate.
    Percent(Decimal),
    /// These lines of the quote, by number, counted from 1.
    Lines(Vec<u32>),
    /// All that was left.
    Rest,
}

/// That an invoice charges a part of an accepted quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromQuote {
    /// The quote.
    pub quote: QuoteId,
    /// Its number, as the invoice names it.
    pub number: DocumentNumber,
    /// What of it.
    pub part: Part,
}

/// What the line of a part by amount says, of the quote's number and for a share its percentage (`33.33`).
#[derive(Clone, Copy, Debug)]
pub struct PartWords {
    /// All that is left.
    pub rest: fn(&str) -> String,
    /// A share.
    pub share: fn(&str, &str) -> String,
    /// Some of its lines, where one of them is charged by amount.
    pub lines: fn(&str) -> String,
}

impl PartWords {
    /// In English.
    pub const ENGLISH: Self = Self {
        rest: |number| format!("What is left of quote {number}"),
        share: |percent, number| format!("{percent}% of quote {number}"),
        lines: |number| format!("Part of quote {number}"),
    };
}

/// A quote that was accepted, with what was invoiced of it.
#[derive(Clone, Debug)]
pub struct Billing {
    words: PartWords,
    locale: Locale,
    number: DocumentNumber,
    title: String,
    /// What was accepted: the lines chosen.
    content: Content,
    totals: Totals,
    /// The number in the quote of each of those lines.
    lines: Vec<u32>,
    /// What each invoice takes.
    taken: Vec<(Part, Content, Totals)>,
    /// What credit notes on those invoices gave back.
    given: Vec<(Content, Totals)>,
}

impl Billing {
    /// An accepted quote with the invoices that charge parts of it, drafts too; `None` for any other.
    pub fn of(quote: &Quote, invoices: &[Invoice]) -> Option<Self> {
        let (_, choice) = quote.accepted()?;
        let (version, options) = (&quote.current, &choice.options);
        let (content, totals) = (version.chosen(options), version.totals_with(options)?);
        let lines = version.chosen_lines(options);
        let mut taken = Vec::new();
        for invoice in invoices {
            let (Some(from), Body::Composed(content)) = (&invoice.quote, &invoice.body) else { continue };
            let totals = invoice.totals()?;
            // A draft that would give money back makes no room for others before it is issued.
            if invoice.issue.is_none() && totals.gross < 0 {
                continue;
            }
            taken.push((from.part.clone(), content.clone(), totals));
        }
        let (number, title) = (quote.number.clone(), version.title.clone());
        let (words, locale) = (PartWords::ENGLISH, Locale::EnglishIreland);
        Some(Self { words, locale, number, title, content, totals, lines, taken, given: Vec::new() })
    }

    /// As the lines of a part by amount are to say it, which stand on an invoice in its reader’s language.
    #[must_use]
    pub fn saying(self, words: PartWords) -> Self {
        Self { words, ..self }
    }

    /// With amounts written as whoever reads a refusal is used to.
    #[must_use]
    pub fn written(self, locale: Locale) -> Self {
        Self { locale, ..self }
    }

    /// With the credit notes that were issued on those invoices: what they gave back can be invoiced again. One of
    /// which only the amount is known gives nothing back, since its VAT is not known.
    pub fn with_credits(mut self, notes: &[Invoice]) -> Self {
        let composed = notes.iter().filter_map(|note| match &note.body {
            Body::Composed(content) => Some((content.clone(), note.totals()?)),
            Body::Published(_) => None,
        });
        self.given.extend(composed);
        self
    }

    /// Of all amounts.
    pub fn currency(&self) -> Currency {
        self.totals.currency
    }

    /// What was accepted, VAT included.
    pub fn total(&self) -> Money {
        self.money(self.totals.gross)
    }

    /// What was invoiced of it, VAT included, less what was credited.
    pub fn invoiced(&self) -> Money {
        let taken = self.taken.iter().fold(0_i64, |sum, x| sum.saturating_add(x.2.gross));
        self.money(self.given.iter().fold(taken, |sum, x| sum.saturating_sub(x.1.gross)))
    }

    /// What is left to invoice.
    pub fn left(&self) -> Money {
        self.money(self.total().minor.saturating_sub(self.invoiced().minor))
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency())
    }

    /// Whether nothing was invoiced yet, so that all of it can be at once.
    pub fn is_untouched(&self) -> bool {
        self.taken.is_empty()
    }

    /// Whether the next part may be a share in percent: no part was anything else.
    pub fn by_percent(&self) -> bool {
        self.left().minor > 0 && self.taken.iter().all(|x| matches!(x.0, Part::Percent(_)))
    }

    /// The lines that can be invoiced by themselves, with their numbers in the quote: those not yet invoiced, while no
    /// part was anything else.
    pub fn by_line(&self) -> Vec<(u32, &super::tax::Line)> {
        if self.left().minor <= 0 || !self.taken.iter().all(|x| matches!(x.0, Part::Lines(_))) {
            return Vec::new();
        }
        let taken = |line: u32| self.taken.iter().any(|x| matches!(&x.0, Part::Lines(all) if all.contains(&line)));
        let all = self.lines.iter().copied().zip(&self.content.lines);
        all.filter(|(number, _)| !taken(*number)).collect()
    }

    /// What was invoiced in percent so far.
    fn percent(&self) -> Decimal {
        let each = self.taken.iter().map(|x| if let Part::Percent(percent) = x.0 { percent } else { Decimal::ZERO });
        each.sum()
    }

    /// What an invoice for this part charges, and the part as it is kept: a part that takes the last of it takes all
    /// that is left, to the minor unit.
    ///
    /// # Errors
    /// A fault of the field `part`, `percent` or `line` when there is no such part, it comes to nothing, or it is more
    /// than is left.
    pub fn content(&self, part: &Part) -> Result<(Part, Content), Refusal> {
        if self.left().minor <= 0 {
            return Err(FieldFault::new("part", "All of this quote has been invoiced.").into());
        }
        match part {
            Part::Whole if self.is_untouched() => Ok((Part::Whole, self.content.clone())),
            Part::Whole | Part::Rest => self.rest(Part::Rest),
            Part::Percent(percent) => self.share(*percent),
            Part::Lines(lines) => self.some(lines),
        }
    }

    fn rest(&self, kept: Part) -> Result<(Part, Content), Refusal> {
        let says = (self.words.rest)(self.number.as_str());
        Ok((kept, self.reckoned(says)?.content(&Take::Rest)?))
    }

    fn share(&self, percent: Decimal) -> Result<(Part, Content), Refusal> {
        let whole = Decimal::ONE_HUNDRED;
        if percent <= Decimal::ZERO || percent > whole || percent.normalize().scale() > PERCENT_DIGITS {
            let message = "Enter a percentage above 0 and up to 100, with two decimals at most.";
            return Err(FieldFault::new("percent", message).into());
        }
        if !self.by_percent() {
            let message = "Other parts of this quote were invoiced by line; choose lines, or all that is left.";
            return Err(FieldFault::new("percent", message).into());
        }
        let says = (self.words.share)(&percent.normalize().to_string(), self.number.as_str());
        let reckoned = self.reckoned(says)?;
        let groups = reckoned.groups();
        if !self.fits(&groups, percent) {
            return Err(FieldFault::new("percent", self.share_left(&groups)).into());
        }
        if self.given.is_empty() && self.percent() + percent == whole && self.is_rest(&groups, percent) {
            return self.rest(Part::Percent(percent));
        }
        let within = |group: &GroupLeft, part: i64| match group.charged {
            ..0 => part.max(group.left),
            _ => part.min(group.left),
        };
        let amounts: Vec<_> =
            groups.iter().filter_map(|x| Some((x.vat, within(x, share_of(x.charged, percent)?)))).collect();
        if amounts.iter().all(|x| x.1 == 0) {
            return Err(FieldFault::new("percent", "This share comes to nothing; enter a larger one.").into());
        }
        Ok((Part::Percent(percent), reckoned.content(&Take::Amounts(amounts))?))
    }

    /// So much may a share differ from what is left and still be it: each part and each credit was rounded once.
    fn slack(&self) -> i64 {
        i64::try_from(self.taken.len() + self.given.len()).unwrap_or(i64::MAX).saturating_add(1)
    }

    /// Whether a share is left of each VAT category and rate.
    fn fits(&self, groups: &[GroupLeft], percent: Decimal) -> bool {
        groups.iter().all(|x| {
            let over =
                share_of(x.charged, percent).map(|part| part.saturating_sub(x.left).saturating_mul(x.charged.signum()));
            over.is_some_and(|over| over <= self.slack())
        })
    }

    /// Whether a share that fits leaves nothing but what rounding did.
    fn is_rest(&self, groups: &[GroupLeft], percent: Decimal) -> bool {
        let rest = |x: &GroupLeft| Some(x.left.saturating_sub(share_of(x.charged, percent)?).saturating_abs());
        groups.iter().all(|x| rest(x).is_some_and(|rest| rest <= self.slack()))
    }

    /// That a share is more than is left, and how much is: the largest share that fits.
    fn share_left(&self, groups: &[GroupLeft]) -> String {
        let (number, left, whole) = (&self.number, self.locale.money(self.left()), Decimal::ONE_HUNDRED);
        let by_shares = whole - self.percent();
        let most = if self.given.is_empty() && by_shares > Decimal::ZERO && self.fits(groups, by_shares) {
            by_shares
        } else {
            // What was changed in a draft or credited is of no percentage.
            let share = |x: &GroupLeft| Decimal::from(x.left).checked_mul(whole)?.checked_div(Decimal::from(x.charged));
            let shares = groups.iter().filter(|x| x.charged != 0).filter_map(share);
            let least = shares.min().unwrap_or(Decimal::ZERO);
            least.round_dp_with_strategy(PERCENT_DIGITS, RoundingStrategy::ToZero).max(Decimal::ZERO)
        };
        if most.is_zero() {
            return format!(
                "Of quote {number}, {left} is left, and no share of each VAT rate. Choose all that is left."
            );
        }
        let most = most.normalize();
        format!("{most}% of quote {number} is left, {left} in all. Enter {most} or less, or choose all that is left.")
    }

    fn some(&self, lines: &[u32]) -> Result<(Part, Content), Refusal> {
        let open: Vec<u32> = self.by_line().into_iter().map(|x| x.0).collect();
        if lines.is_empty() {
            return Err(FieldFault::new("line", "Choose at least one line.").into());
        }
        if lines.iter().any(|line| !open.contains(line)) {
            return Err(FieldFault::new("line", "Choose among the lines that were not invoiced yet.").into());
        }
        let mut lines = lines.to_vec();
        lines.sort_unstable();
        lines.dedup();
        if self.given.is_empty() && lines.len() == open.len() {
            return self.rest(Part::Lines(lines));
        }
        let place = |line: &u32| self.lines.iter().position(|x| x == line);
        let wanted = lines.iter().filter_map(place);
        let wanted = wanted.filter_map(|at| Some((at, self.content.lines.get(at)?.quantity))).collect();
        let says = (self.words.lines)(self.number.as_str());
        let content = self.reckoned(says)?.content(&Take::Lines(wanted));
        let content = content.map_err(|refusal| match refusal {
            Refusal::Fields(_) => {
                FieldFault::new("line", "More than is left would be charged; choose all that is left.").into()
            }
            other => other,
        });
        Ok((Part::Lines(lines), content?))
    }

    /// The quote with what was taken of it, whose parts that are no lines say `says` and what the quote is about.
    fn reckoned(&self, says: String) -> Result<Credited<'_>, Refusal> {
        let says = if self.title.is_empty() { says } else { format!("{says}: {}", self.title) };
        let parts = self.taken.iter().map(|x| (&x.1, &x.2));
        let whole = Credited::of_parts(&self.content, &self.totals, says, parts);
        let given = self.given.iter().map(|x| (&x.0, &x.1));
        whole.and_then(|x| x.given_back(given)).ok_or(Refusal::TryAgain)
    }

    /// Refuses an invoice that would, beside the others, charge more than was accepted: `gross` is its total with VAT.
    ///
    /// # Errors
    /// A fault of the field `lines`.
    pub fn check(&self, gross: Money) -> Result<(), FieldFault> {
        let left = self.left();
        if gross.currency == left.currency && gross.minor <= left.minor {
            return Ok(());
        }
        let message = format!(
            "Of the accepted quote {}, {left} is left to invoice; charge that or less. What is beyond it belongs on an \
             invoice of its own.",
            self.number,
            left = self.locale.money(left)
        );
        Err(FieldFault::new("lines", message))
    }
}

/// A share of an amount in minor units, rounded half away from zero.
fn share_of(charged: i64, percent: Decimal) -> Option<i64> {
    let exact = Decimal::from(charged).checked_mul(percent)?.checked_div(Decimal::ONE_HUNDRED)?;
    exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64()
}

#[cfg(test)]
#[path = "quote_billing_tests.rs"]
mod tests;
