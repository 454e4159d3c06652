//! Promises to pay: a day and an amount of one invoice, and whether they were kept, out of what settled it.
//!
//! Knows no store. What counts towards a promise was recorded after it was made, and counts on a day no later than the
//! promised one and its grace: so a payment that was recorded late still keeps it, and one that was taken back does
//! not. However an invoice is settled counts, by money, credit or what the firm gives up: then nobody waits for it.
//!
//! One of at least half of what is asked for by its day keeps the reminders of its invoice back. One of less is kept,
//! shown and judged as any other, and holds nothing: a cent must not buy a month of quiet.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::firm::Locale;
use super::ids::{AllocationId, ClientId, InvoiceId, PromiseId};
use super::money::{Currency, Money};
use super::payment::Allocation;
use super::person::Person;
use super::refusal::{Faults, FieldFault, Refusal};
use super::text;

/// The furthest day that staff record, in days from today.
pub const STAFF_DAYS: u16 = 366;
/// Most characters of a note.
pub const NOTE_MAX: usize = 500;
/// Most promises of one invoice that contacts make, and most that staff record: neither can use up what the others
/// have. Beyond it, talking is better than one more.
pub const PER_INVOICE_MAX: usize = 50;

/// What an open promise keeps back, after the terms in words.
pub const HOLDS: &str =
    "until then no reminder of them goes, unless less than half of what is asked for by then was promised";

/// What the reminder policy says of promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The furthest day that contacts promise by themselves, in days from today.
    pub days: u16,
    /// Days after the promised one on which a payment is still in time: a transfer takes some.
    pub grace: u16,
}

impl Default for Terms {
    fn default() -> Self {
        Self { days: 30, grace: 3 }
    }
}

impl Terms {
    /// The most that [`Terms::days`] may be.
    pub const DAYS_MAX: u16 = 180;
    /// The most that [`Terms::grace`] may be.
    pub const GRACE_MAX: u16 = 14;

    /// Whether they can be kept, at the fields `promise_days` and `promise_grace` of a form.
    pub fn check(self, faults: &mut Faults) {
        if !(1..=Self::DAYS_MAX).contains(&self.days) {
            faults.add("promise_days", format!("Enter whole days, from 1 to {}.", Self::DAYS_MAX));
        }
        if self.grace > Self::GRACE_MAX {
            faults.add("promise_grace", format!("Enter whole days, from 0 to {}.", Self::GRACE_MAX));
        }
    }

    /// In a line: "up to 30 days ahead, kept when the money comes within 3 days after it".
    pub fn words(self) -> String {
        let days = |n: u16| if n == 1 { "1 day".to_owned() } else { format!("{n} days") };
        format!("up to {} ahead, kept when the money comes within {} after the day", days(self.days), days(self.grace))
    }
}

/// What became of a promise, with the civil day on which it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Its day and grace have not passed.
    Open,
    /// What was promised is settled since this day.
    Kept(Date),
    /// Its day and grace passed; broken from this day on.
    Broken(Date),
    /// While it was open another one took its place.
    Replaced(Date),
    /// While it was open it was withdrawn.
    Withdrawn(Date),
}

impl Outcome {
    /// In a word, as lists say it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Kept(_) => "kept",
            Self::Broken(_) => "broken",
            Self::Replaced(_) => "replaced",
            Self::Withdrawn(_) => "withdrawn",
        }
    }

    /// The day on which it came about; `None` while it is open.
    pub fn since(self) -> Option<Date> {
        match self {
            Self::Open => None,
            Self::Kept(on) | Self::Broken(on) | Self::Replaced(on) | Self::Withdrawn(on) => Some(on),
        }
    }
}

/// A promise to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// Identifier.
    pub id: PromiseId,
    /// Whose.
    pub client: ClientId,
    /// Of which invoice.
    pub invoice: InvoiceId,
    /// The contact who made it, or who of the firm recorded it for the client.
    pub by: Person,
    /// When it was made.
    pub at: Timestamp,
    /// The firm's civil day on which it was.
    pub made: Date,
    /// By which civil day it is paid.
    pub day: Date,
    /// Days after it on which a payment is still in time, as they were when it was made.
    pub grace: u16,
    /// How much, in the invoice's currency; above zero and no more than was open.
    pub amount: Money,
    /// What is asked for of the invoice by that day, in minor units: neither what is disputed nor instalments that are
    /// due later. As things stood when it was made; where something was disputed since, or no longer, or money went
    /// back, as they stood then, and with what was paid since it was made.
    pub open: i64,
    /// In the words of whoever made it; may be empty. Both sides read it.
    pub note: String,
    /// The last allocation given before it was made: only what settled later counts.
    pub after: AllocationId,
    /// What has become of it, as the last change or the last look found it.
    pub outcome: Outcome,
}

/// A part of an invoice that was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The allocation.
    pub id: AllocationId,
    /// Civil date on which it counts.
    pub on: Date,
    /// The civil date from which it counts no more, when the payment was taken back.
    pub until: Option<Date>,
    /// In minor units, above zero.
    pub amount: i64,
}

impl Part {
    /// Of an allocation, which stands until `until`.
    pub fn of(allocation: &Allocation, until: Option<Date>) -> Self {
        Self { id: allocation.id, on: allocation.on, until, amount: allocation.amount.minor }
    }

    fn counts(&self, day: Date) -> bool {
        self.on <= day && self.until.is_none_or(|until| day < until)
    }
}

impl Promise {
    /// One to write about.
    #[cfg(test)]
    pub fn of_test() -> Self {
        use crate::domain::ids::StaffId;
        use jiff::civil::date;
        Self {
            id: PromiseId(1),
            client: ClientId(1),
            invoice: InvoiceId(1),
            by: Person::Staff(StaffId(1)),
            at: Timestamp::UNIX_EPOCH,
            made: date(2026, 11, 20),
            day: date(2026, 11, 28),
            grace: 3,
            amount: Money::new(100, Currency::EUR),
            open: 100,
            note: String::new(),
            after: AllocationId(10),
            outcome: Outcome::Open,
        }
    }

    /// The last civil day, in the firm's zone, on which a payment keeps it. Until then no reminder goes, if it is of
    /// [enough](Promise::is_enough).
    pub fn last(&self) -> Date {
        self.day.saturating_add(Span::new().days(self.grace))
    }

    /// The civil day on which it is broken, unless it was kept.
    pub fn breaks(&self) -> Date {
        self.last().saturating_add(Span::new().days(1))
    }

    /// Whether it is open as kept.
    pub fn is_open(&self) -> bool {
        self.outcome == Outcome::Open
    }

    /// Whether it is open on `day`. Ends by itself: nothing has to happen.
    pub fn runs_on(&self, day: Date) -> bool {
        self.is_open() && day <= self.last()
    }

    /// Whether so much was promised that reminders wait for it: half of what is asked for by its
    /// day, or more.
    pub fn is_enough(&self) -> bool {
        self.amount.minor.saturating_mul(2) >= self.open
    }

    /// Whether it is open as kept, and reminders wait for it.
    pub fn keeps_back(&self) -> bool {
        self.is_open() && self.is_enough()
    }

    /// Whether it keeps reminders back on `day`.
    pub fn holds_on(&self, day: Date) -> bool {
        self.runs_on(day) && self.is_enough()
    }

    /// What had become of it by the end of `day`, from what settled the invoice; whatever is dated later changes
    /// nothing.
    pub fn as_of(&self, parts: &[Part], day: Date) -> Outcome {
        match self.outcome {
            ended @ (Outcome::Replaced(on) | Outcome::Withdrawn(on)) if on <= day => ended,
            _ => self.reckoned(parts, day, day),
        }
    }

    /// What has become of it on `today`, with all that settles the invoice now, whatever its date. What ended stays
    /// ended.
    pub fn now(&self, parts: &[Part], today: Date) -> Outcome {
        match self.outcome {
            ended @ (Outcome::Replaced(_) | Outcome::Withdrawn(_)) => ended,
            _ => self.reckoned(parts, Date::MAX, today),
        }
    }

    /// Whether what was promised has come by now, in time or not.
    pub fn has_come(&self, parts: &[Part]) -> bool {
        let since = parts.iter().filter(|x| x.id > self.after && x.counts(Date::MAX));
        since.fold(0_i64, |sum, x| sum.saturating_add(x.amount)) >= self.amount.minor
    }

    /// Out of what counts on `seen`, on `day`.
    fn reckoned(&self, parts: &[Part], seen: Date, day: Date) -> Outcome {
        let in_time = |x: &&Part| x.id > self.after && x.on <= self.last() && x.counts(seen);
        let mut parts: Vec<&Part> = parts.iter().filter(in_time).collect();
        parts.sort_by_key(|x| x.on);
        let mut sum = 0_i64;
        for part in parts {
            sum = sum.saturating_add(part.amount);
            if sum >= self.amount.minor {
                return Outcome::Kept(part.on.max(self.made));
            }
        }
        if day > self.last() { Outcome::Broken(self.breaks()) } else { Outcome::Open }
    }
}

/// What somebody wants to promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// By which civil day.
    pub day: Date,
    /// How much.
    pub amount: Money,
    /// A note; may be empty.
    pub note: String,
}

impl Wish {
    /// The wish, its note tidied, if it can be kept on `today`, at most `days` ahead and of no more than `open`, as
    /// `locale` writes it.
    ///
    /// # Errors
    /// Names the fields `day`, `amount` and `note`, all at once.
    pub fn check(&self, today: Date, days: u16, open: Money, locale: Locale) -> Result<Self, Refusal> {
        let mut faults = Faults::default();
        let latest = today.saturating_add(Span::new().days(days));
        if self.day < today {
            faults.add("day", "This day has passed. Enter today or a later day.");
        } else if self.day > latest {
            faults
                .add("day", format!("Enter a day until {}, at most {days} days ahead.", latest.strftime("%-d %B %Y")));
        }
        if self.amount.currency != open.currency {
            faults.add("amount", format!("Enter an amount in {}.", open.currency));
        } else if self.amount.minor <= 0 {
            faults.add("amount", "Enter an amount above zero.");
        } else if self.amount.minor > open.minor {
            faults.add("amount", format!("That is more than the {} still open.", locale.money(open)));
        }
        let note = faults.take(note(&self.note));
        faults.check()?;
        Ok(Self { note, ..self.clone() })
    }
}

/// The amount as typed; all that is open where the field is empty.
///
/// # Errors
/// Names the field `amount` when it is none.
pub fn amount(typed: &str, open: Money) -> Result<Money, FieldFault> {
    if typed.trim().is_empty() { Ok(open) } else { Money::parse("amount", typed, open.currency) }
}

/// The day as typed.
///
/// # Errors
/// Names the field `day` when it is none.
pub fn day(typed: &str) -> Result<Date, FieldFault> {
    typed.trim().parse().map_err(|_| FieldFault::new("day", "Enter a date."))
}

fn note(typed: &str) -> Result<String, FieldFault> {
    let note = text::paragraph("note", typed)?;
    match note.chars().count() {
        ..=NOTE_MAX => Ok(note),
        _ => Err(FieldFault::new("note", format!("Shorten this to {NOTE_MAX} characters."))),
    }
}

/// How promises went, counted in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Count {
    /// Kept.
    pub kept: usize,
    /// Broken.
    pub broken: usize,
}

/// A promise with what settled its invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised {
    /// The promise.
    pub promise: Promise,
    /// What settled its invoice, in any order.
    pub parts: Vec<Part>,
}

/// How the promises in a currency that were made from `from` to `on` had gone by `on`.
pub fn count(all: &[Promised], currency: Currency, from: Date, on: Date) -> Count {
    let of = |x: &&Promised| x.promise.amount.currency == currency && (from..=on).contains(&x.promise.made);
    let mut count = Count::default();
    for one in all.iter().filter(of) {
        match one.promise.as_of(&one.parts, on) {
            Outcome::Kept(_) => count.kept += 1,
            Outcome::Broken(_) => count.broken += 1,
            // Put off or taken back once its day had passed: it was not kept.
            Outcome::Replaced(day) | Outcome::Withdrawn(day) if day > one.promise.day => count.broken += 1,
            Outcome::Open | Outcome::Replaced(_) | Outcome::Withdrawn(_) => {}
        }
    }
    count
}

#[cfg(test)]
#[path = "promise_tests.rs"]
mod tests;
