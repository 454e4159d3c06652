//! Disputes: an invoice, some of its lines or a part of its amount that a client does not agree with; who looks into it
//! and what came of it.
//!
//! Knows no store. What is disputed of lines is gross, and all lines together are the whole invoice. At any moment it
//! is no more than what is open: what was paid or credited is disputed no longer.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::ids::{ClientId, DisputeId, InvoiceId, StaffId};
use super::invoice::{Body, Invoice};
use super::money::{Currency, Money};
use super::payment::Settled;
use super::person::Person;
use super::refusal::{Faults, FieldFault, Refusal};
use super::tax::{Line, Totals, Vat, VatGroup};
use super::text;

/// Most characters that say what is wrong, or answer it.
pub const WORDS_MAX: usize = 2_000;
/// Most disputes of one invoice that contacts raise, with all changes that they make, and most that staff record: none
/// can use up what the others have. Beyond it, talking is better than one more.
pub const PER_INVOICE_MAX: usize = 50;

/// Why something is disputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ground {
    /// A price or a quantity is wrong.
    Price,
    /// It did not come, or not all of it.
    Delivery,
    /// It is not as agreed, or has a defect.
    Quality,
    /// Nobody ordered it.
    NotOrdered,
    /// It was paid already.
    Paid,
    /// Anything else.
    Other,
}

impl Ground {
    /// All of them, in the order in which forms offer them.
    pub const ALL: [Self; 6] = [Self::Price, Self::Delivery, Self::Quality, Self::NotOrdered, Self::Paid, Self::Other];

    /// The word in a form and in exports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Delivery => "delivery",
            Self::Quality => "quality",
            Self::NotOrdered => "not-ordered",
            Self::Paid => "paid",
            Self::Other => "other",
        }
    }

    /// In a few words, as forms and lists say it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Price => "Price or quantity is wrong",
            Self::Delivery => "Not delivered, or incomplete",
            Self::Quality => "Not as agreed, or defective",
            Self::NotOrdered => "Not ordered",
            Self::Paid => "Paid already",
            Self::Other => "Something else",
        }
    }

    /// The ground as a form names it.
    ///
    /// # Errors
    /// Names the field `ground` when it is none.
    pub fn parse(typed: &str) -> Result<Self, FieldFault> {
        let found = Self::ALL.into_iter().find(|x| x.code() == typed.trim());
        found.ok_or_else(|| FieldFault::new("ground", "Choose what is wrong."))
    }
}

/// What of an invoice is disputed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// All of it.
    Whole,
    /// These of its lines, counted from 0, each once and in order.
    Lines(Vec<u32>),
    /// So much of it, in minor units.
    Amount(i64),
}

/// What became of a dispute, with the civil day on which it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Nobody has answered it.
    Open,
    /// The firm agreed.
    Upheld(Date),
    /// The firm did not agree, and said why.
    Rejected(Date),
    /// It was withdrawn.
    Withdrawn(Date),
    /// Nothing of the invoice is open any more.
    Settled(Date),
}

impl Outcome {
    /// In a word, as lists say it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Upheld(_) => "upheld",
            Self::Rejected(_) => "rejected",
            Self::Withdrawn(_) => "withdrawn",
            Self::Settled(_) => "settled",
        }
    }

    /// The day on which it came about; `None` while it is open.
    pub fn since(self) -> Option<Date> {
        match self {
            Self::Open => None,
            Self::Upheld(on) | Self::Rejected(on) | Self::Withdrawn(on) | Self::Settled(on) => Some(on),
        }
    }
}

/// A dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// Identifier.
    pub id: DisputeId,
    /// Whose.
    pub client: ClientId,
    /// Of which invoice.
    pub invoice: InvoiceId,
    /// The contact who raised it, or who of the firm recorded it for the client.
    pub by: Person,
    /// When it was raised.
    pub at: Timestamp,
    /// The firm's civil day on which it was.
    pub made: Date,
    /// What of the invoice, as it was said last.
    pub part: Part,
    /// How much that is, in the invoice's currency; above zero.
    pub amount: Money,
    /// Why.
    pub ground: Ground,
    /// In the words of whoever raised it. Both sides read them.
    pub words: String,
    /// Who of the firm looks into it.
    pub with: StaffId,
    /// How often part, ground or words were changed since; the activity log has what they were.
    pub changes: u32,
    /// What has become of it.
    pub outcome: Outcome,
    /// Of one that was upheld, whether what was agreed is still to be credited: until then it is not asked for.
    pub waits: bool,
    /// What the firm answered, and who; `None` while it has not, or where it had not to.
    pub answer: Option<Answer>,
}

/// The firm's answer to a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who gave it.
    pub by: StaffId,
    /// In words; may be empty where the dispute was upheld. Both sides read them.
    pub words: String,
}

impl Dispute {
    /// One to write about.
    #[cfg(test)]
    pub fn of_test() -> Self {
        use jiff::civil::date;
        Self {
            id: DisputeId(1),
            client: ClientId(1),
            invoice: InvoiceId(1),
            by: Person::Staff(StaffId(1)),
            at: Timestamp::UNIX_EPOCH,
            made: date(2026, 11, 12),
            part: Part::Amount(100),
            amount: Money::new(100, Currency::EUR),
            ground: Ground::Price,
            words: "Two, not three.".to_owned(),
            with: StaffId(1),
            changes: 0,
            outcome: Outcome::Open,
            waits: false,
            answer: None,
        }
    }

    /// Whether it waits for an answer.
    pub fn is_open(&self) -> bool {
        self.outcome == Outcome::Open
    }

    /// Whether what it is about is not asked for: it is open, or upheld and not credited yet.
    pub fn stands(&self) -> bool {
        self.is_open() || self.waits
    }

    /// How much of what is `open` of its invoice is disputed; nothing once it does not stand any more.
    pub fn disputed(&self, open: Money) -> Money {
        let minor = match self.part {
            _ if !self.stands() => 0,
            Part::Whole => open.minor,
            Part::Lines(_) | Part::Amount(_) => self.amount.minor.min(open.minor),
        };
        Money::new(minor.max(0), open.currency)
    }

    /// Whether all that is `open` of its invoice is disputed, so that no reminder of it goes.
    pub fn holds(&self, open: Money) -> bool {
        open.minor > 0 && self.disputed(open).minor >= open.minor
    }

    /// In short, where so much of its invoice is `open`: whether all of that is disputed, or a part; of what was agreed
    /// on, that it is to be credited.
    pub fn in_short(&self, open: Money) -> &'static str {
        match (self.waits, open.minor <= 0 || self.holds(open)) {
            (false, true) => "Disputed",
            (false, false) => "Part disputed",
            (true, true) => "To be credited",
            (true, false) => "Part to be credited",
        }
    }

    /// How much of what was agreed on the client has paid all the same, where nothing of its invoice is `open` after
    /// `settled`: its credit note gives them so much back. What was written off they never paid.
    pub fn overpaid(&self, open: Money, settled: Settled) -> Money {
        let agreed = self.amount.minor.saturating_sub(settled.written_off).min(settled.received);
        let minor = if self.waits && open.minor <= 0 { agreed.max(0) } else { 0 };
        Money::new(minor, open.currency)
    }

    /// What has become of it when so much of its invoice is open since `on`: settled when nothing is, open again when
    /// something is once more. What was answered or withdrawn stays so.
    pub fn now(&self, open: Money, on: Date) -> Outcome {
        match (self.outcome, open.minor > 0) {
            (Outcome::Open, false) => Outcome::Settled(on.max(self.made)),
            (Outcome::Settled(_), true) => Outcome::Open,
            (same, _) => same,
        }
    }

    /// Whether it had been rejected by the end of `day`.
    pub fn rejected_by(&self, day: Date) -> bool {
        matches!(self.outcome, Outcome::Rejected(on) if on <= day)
    }

    /// Which of its lines an invoice's dispute is about, by their names: "Glazing, Transport"; empty unless it is of
    /// lines.
    pub fn lines(&self, invoice: &Invoice) -> String {
        let (Part::Lines(lines), Body::Composed(content)) = (&self.part, &invoice.body) else { return String::new() };
        let named = lines.iter().filter_map(|at| content.lines.get(usize::try_from(*at).ok()?));
        named.map(Line::name).collect::<Vec<_>>().join(", ")
    }
}

/// What happened to a dispute, as the activity log keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each variant's line tells what its fields are")]
pub enum Turn {
    /// It was raised by a contact, or recorded by staff for the client.
    Raised { part: Part, ground: Ground, words: String, with: StaffId },
    /// Part, ground or words were changed to these.
    Changed { part: Part, ground: Ground, words: String },
    /// Somebody else looks into it from now on.
    Passed { to: StaffId },
    /// The firm agreed; its words may be empty.
    Upheld { words: String },
    /// The firm did not agree, for this reason.
    Rejected { words: String },
    /// It was withdrawn.
    Withdrawn,
    /// Nothing of the invoice is open any more.
    Settled,
    /// Something of the invoice is open again, and with it the dispute; or the credit note of what was agreed is gone.
    Reopened,
    /// What was agreed is credited, or need not be: what is open of the invoice is asked for again.
    Done { credited: bool },
}

/// What somebody wants to dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// What of the invoice.
    pub part: Part,
    /// Why.
    pub ground: Ground,
    /// In words.
    pub words: String,
}

impl Wish {
    /// The wish, tidied, and how much of `invoice` it is about, `open` of which is open. All lines, and all of its
    /// amount, are the whole.
    ///
    /// # Errors
    /// Names the fields `lines`, `disputed` and `words`, all at once.
    pub fn check(&self, invoice: &Invoice, open: Money) -> Result<(Self, Money), Refusal> {
        let mut faults = Faults::default();
        let found = faults.take_opt(self.part(invoice, open));
        let words = faults.take(words(&self.words, "Say what is wrong, so that it can be put right."));
        faults.check()?;
        let (part, amount) = found.ok_or(Refusal::TryAgain)?;
        Ok((Self { part, words, ..self.clone() }, amount))
    }

    fn part(&self, invoice: &Invoice, open: Money) -> Result<(Part, Money), FieldFault> {
        match &self.part {
            Part::Whole => Ok((Part::Whole, invoice.payable())),
            Part::Amount(minor) if *minor <= 0 => Err(FieldFault::new("disputed", "Enter an amount above zero.")),
            Part::Amount(minor) if *minor > open.minor => {
                Err(FieldFault::new("disputed", format!("That is more than the {open} still open.")))
            }
            // Of one that was paid in part it is that amount alone: what comes back is not disputed.
            Part::Amount(minor) if *minor == invoice.payable().minor => Ok((Part::Whole, invoice.payable())),
            Part::Amount(minor) => Ok((Part::Amount(*minor), Money::new(*minor, open.currency))),
            Part::Lines(lines) => of_lines(lines, invoice),
        }
    }
}

fn of_lines(lines: &[u32], invoice: &Invoice) -> Result<(Part, Money), FieldFault> {
    let fault = |message: &str| Err(FieldFault::new("lines", message));
    let Some(shares) = line_shares(invoice) else {
        return fault("This invoice has no lines here. Dispute all of it, or an amount.");
    };
    let mut chosen = lines.to_vec();
    chosen.sort_unstable();
    chosen.dedup();
    if chosen.is_empty() {
        return fault("Choose at least one line, or dispute the whole invoice.");
    }
    let mut sum = 0_i64;
    for at in &chosen {
        let share = usize::try_from(*at).ok().and_then(|at| shares.get(at));
        let Some(share) = share else { return fault("Choose lines of this invoice.") };
        sum = sum.saturating_add(share.minor);
    }
    if chosen.len() == shares.len() {
        return Ok((Part::Whole, invoice.payable()));
    }
    if sum <= 0 {
        return fault("These lines come to nothing. Choose those that charge something.");
    }
    let amount = Money::new(sum.min(invoice.payable().minor), invoice.currency);
    Ok((Part::Lines(chosen), amount))
}

/// Words that must be there, at the field `words`, at most [`WORDS_MAX`] characters; `missing` says what to do without.
///
/// # Errors
/// Names the field `words`.
pub fn words(typed: &str, missing: &str) -> Result<String, FieldFault> {
    let words = any_words(typed)?;
    if words.is_empty() { Err(FieldFault::new("words", missing)) } else { Ok(words) }
}

/// As [`words`], but they may be empty.
///
/// # Errors
/// Names the field `words` when they are too long.
pub fn any_words(typed: &str) -> Result<String, FieldFault> {
    let words = text::paragraph("words", typed)?;
    match words.chars().count() {
        ..=WORDS_MAX => Ok(words),
        _ => Err(FieldFault::new("words", format!("Shorten this to {WORDS_MAX} characters."))),
    }
}

/// What each line of an issued invoice comes to with its share of VAT, of allowances and charges, and of what was
/// prepaid or rounded: together what it asks for. `None` for a document without lines.
pub fn line_shares(invoice: &Invoice) -> Option<Vec<Money>> {
    let (Some(issue), Body::Composed(content)) = (&invoice.issue, &invoice.body) else { return None };
    let vats: Vec<Vat> = content.lines.iter().map(|x| x.vat).collect();
    let shares = shares(&issue.totals, &vats)?;
    Some(shares.into_iter().map(|minor| Money::new(minor, invoice.currency)).collect())
}

/// The gross of each line, in minor units. In each group of VAT the gross of its lines is spread over their nets
/// (BT-131), and what its allowances and charges come to over those that charge something: lines that nearly make up
/// for each other have no part of it many times their own. What is left then, likewise over all lines.
fn shares(totals: &Totals, vats: &[Vat]) -> Option<Vec<i64>> {
    let mut gross = totals.line_nets.clone();
    if gross.is_empty() || gross.len() != vats.len() {
        return None;
    }
    for group in &totals.groups {
        let of: Vec<usize> = (0..vats.len()).filter(|at| vats.get(*at) == Some(&group.vat)).collect();
        let nets: Vec<i64> = of.iter().filter_map(|at| totals.line_nets.get(*at)).copied().collect();
        let whole = group.base.checked_add(group.tax)?;
        let own = own_gross(group, &nets)?;
        let Some(mut parts) = spread(own, &nets) else { continue };
        add_spread(&mut parts, whole.checked_sub(own)?, &nets)?;
        for (at, part) in of.into_iter().zip(parts) {
            *gross.get_mut(at)? = part;
        }
    }
    let sum = gross.iter().try_fold(0_i64, |sum, x| sum.checked_add(*x))?;
    let left = totals.payable.checked_sub(sum)?;
    let weights = gross.clone();
    add_spread(&mut gross, left, &weights)?;
    Some(gross)
}

/// What the lines of a group come to with VAT, without its allowances and charges.
fn own_gross(group: &VatGroup, nets: &[i64]) -> Option<i64> {
    let net = nets.iter().try_fold(0_i64, |sum, x| sum.checked_add(*x))?;
    let tax = i128::from(group.tax).checked_mul(i128::from(net))?.checked_div(i128::from(group.base)).unwrap_or(0);
    net.checked_add(i64::try_from(tax).ok()?)
}

/// Adds `total` to the shares in proportion to those `weights` that are above zero; to the first where none is.
fn add_spread(shares: &mut [i64], total: i64, weights: &[i64]) -> Option<()> {
    let weights: Vec<i64> = weights.iter().map(|x| (*x).max(0)).collect();
    let Some(parts) = spread(total, &weights) else {
        let first = shares.first_mut()?;
        *first = first.checked_add(total)?;
        return Some(());
    };
    for (share, part) in shares.iter_mut().zip(parts) {
        *share = share.checked_add(part)?;
    }
    Some(())
}

/// `total` in proportion to `weights`: each part rounded down, spare units to the largest remainders. `None` where the
/// weights come to nothing.
fn spread(total: i64, weights: &[i64]) -> Option<Vec<i64>> {
    let whole = weights.iter().try_fold(0_i128, |sum, x| sum.checked_add(i128::from(*x)))?;
    if whole == 0 {
        return None;
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (at, weight) in weights.iter().enumerate() {
        let exact = i128::from(total).checked_mul(i128::from(*weight))?.checked_mul(whole.signum())?;
        parts.push(i64::try_from(exact.div_euclid(whole.abs())).ok()?);
        remainders.push((std::cmp::Reverse(exact.rem_euclid(whole.abs())), at));
    }
    remainders.sort_unstable();
    let sum = parts.iter().try_fold(0_i64, |sum, x| sum.checked_add(*x))?;
    let spare = usize::try_from(total.checked_sub(sum)?).ok()?;
    for (_, at) in remainders.iter().take(spare) {
        let part = parts.get_mut(*at)?;
        *part = part.checked_add(1)?;
    }
    Some(parts)
}

/// How many of these disputes, in a currency and raised from `from` to `on`, there were by `on`, and how many of them
/// had been rejected.
pub fn count(all: &[Dispute], currency: Currency, from: Date, on: Date) -> Count {
    let of = |x: &&Dispute| x.amount.currency == currency && (from..=on).contains(&x.made);
    let rejected = all.iter().filter(of).filter(|x| x.rejected_by(on)).count();
    Count { raised: all.iter().filter(of).count(), rejected }
}

/// How disputes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Count {
    /// Raised.
    pub raised: usize,
    /// Rejected.
    pub rejected: usize,
}

#[cfg(test)]
#[path = "dispute_tests.rs"]
mod tests;
