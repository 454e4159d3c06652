//! Statements of account and ageing: what a client owed, was charged, settled and owes, in one currency.
//!
//! Derived from the ledger each time, never stored. Knows no store: whoever asks brings the entries. The two views
//! agree: an ageing's total is the closing balance of a statement to the same day.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::calendar::today;
use super::ids::InvoiceId;
use super::invoice::days_between;
use super::money::Currency;
use super::number::DocumentNumber;
use super::payment::{Allocation, Cause, Method, Source};
use super::terms::Terms;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntryKind {
    /// Something was charged.
    Invoice,
    /// Something was taken back.
    CreditNote,
    /// Money arrived.
    Receipt,
    /// Money that had arrived was taken back.
    Reversal,
    /// A discount for early payment was taken.
    EarlyPayment,
    /// Something was given up.
    WrittenOff,
    /// Money was paid back.
    Refund,
    /// Money that had been paid back came back.
    RefundReturned,
    /// Late payment was charged, by a note of its own.
    LateNote,
    /// Of such a note, something was given up.
    LateNoteWrittenOff,
}

impl EntryKind {
    /// Whether it is a document that asks for money.
    pub fn charges(self) -> bool {
        matches!(self, Self::Invoice | Self::LateNote)
    }
}

/// How money moved, or why it was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// By this means.
    By(Method),
    /// For this cause.
    Because(Cause),
}

/// One line of a client's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Civil date on which it counts.
    pub date: Date,
    /// What it is.
    pub kind: EntryKind,
    /// The document to open; `None` for a receipt.
    pub invoice: Option<InvoiceId>,
    /// Of a payment, the number of its receipt.
    pub receipt: Option<DocumentNumber>,
    /// The document's number, or the payer's reference; may be empty.
    pub number: String,
    /// What it is about ("Lease of Unit 4", "Bank transfer").
    pub title: String,
    /// How or why, where that is one of the words that are known.
    pub way: Option<Way>,
    /// In minor units: above zero is owed, below zero is paid or credited.
    pub amount: i64,
    /// When it was recorded here.
    pub recorded_at: Timestamp,
}

impl Entry {
    /// Whether it was recorded only after `to` had ended, so that a statement made on that day did not have it and this
    /// one is restated.
    pub fn restates(&self, to: Date, zone: &TimeZone) -> bool {
        self.date <= to && today(self.recorded_at, zone) > to
    }
}

/// An entry within the period, and the balance after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The entry.
    pub entry: Entry,
    /// Balance after it, in minor units.
    pub balance: i64,
}

/// A balance-forward statement; amounts in minor units. `closing = opening + charged - settled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// Everything dated before the period.
    pub opening: i64,
    /// The period's entries, by date, then as recorded.
    pub rows: Vec<Row>,
    /// Invoices of the period.
    pub charged: i64,
    /// Receipts, credit notes, discounts and what was written off in the period, less what was taken back in it, as a
    /// figure above zero.
    pub settled: i64,
    /// The balance at the end of the period; the next statement's opening.
    pub closing: i64,
}

/// A client's account in one currency: the movements of a period, and the ageing as of its last day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reckoned {
    /// Of all amounts.
    pub currency: Currency,
    /// The movements.
    pub statement: Statement,
    /// How old the closing balance is.
    pub ageing: Ageing,
}

impl Reckoned {
    /// An account without a line.
    pub fn empty(currency: Currency) -> Self {
        let statement = balance_forward([], Date::MIN, Date::MAX);
        Self { currency, statement, ageing: Ageing::default() }
    }

    /// Whether anything stood, moved or stands on it.
    pub fn says_something(&self) -> bool {
        let Statement { opening, rows, closing, .. } = &self.statement;
        *opening != 0 || *closing != 0 || !rows.is_empty() || self.ageing != Ageing::default()
    }
}

/// The statement of `entries` (one client, one currency, any order) from `from` to `to`, both inclusive.
pub fn balance_forward(entries: impl IntoIterator<Item = Entry>, from: Date, to: Date) -> Statement {
    let mut opening = 0_i64;
    let mut within = Vec::new();
    for entry in entries {
        if entry.date < from {
            opening = opening.saturating_add(entry.amount);
        } else if entry.date <= to {
            within.push(entry);
        }
    }
    within.sort_by_key(|x| (x.date, x.recorded_at, x.kind, x.invoice));
    let mut out =
        Statement { opening, rows: Vec::with_capacity(within.len()), charged: 0, settled: 0, closing: opening };
    for entry in within {
        match entry.kind {
            kind if kind.charges() => out.charged = out.charged.saturating_add(entry.amount),
            _ => out.settled = out.settled.saturating_sub(entry.amount),
        }
        out.closing = out.closing.saturating_add(entry.amount);
        out.rows.push(Row { entry, balance: out.closing });
    }
    out
}

/// An issued invoice as the ageing sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The invoice.
    pub invoice: InvoiceId,
    /// Civil date of issue.
    pub dated: Date,
    /// Civil due date.
    pub due: Date,
    /// Amount due for payment, in minor units.
    pub amount: i64,
    /// Instalments and early payment.
    pub terms: Terms,
}

/// A receipt or credit note as the ageing sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Which.
    pub source: Source,
    /// Civil date on which it counts.
    pub dated: Date,
    /// In minor units, above zero.
    pub amount: i64,
    /// The civil date from which it counts no more, when it was taken back.
    pub until: Option<Date>,
}

impl Credit {
    /// Whether it counts on `day`.
    pub(super) fn counts(&self, day: Date) -> bool {
        self.dated <= day && self.until.is_none_or(|until| day < until)
    }
}

/// A refund as the ageing sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidBack {
    /// Out of which receipt or credit.
    pub source: Source,
    /// Civil date on which it counts; not before that of what it was paid out of.
    pub dated: Date,
    /// In minor units, above zero.
    pub amount: i64,
    /// The civil date from which it counts no more, when it came back.
    pub until: Option<Date>,
    /// When it was recorded here.
    pub recorded_at: Timestamp,
}

impl PaidBack {
    /// Whether it counts on `day`.
    pub(super) fn counts(&self, day: Date) -> bool {
        self.dated <= day && self.until.is_none_or(|until| day < until)
    }
}

/// A client's account in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Account {
    /// Issued invoices.
    pub charges: Vec<Charge>,
    /// Receipts and credit notes.
    pub credits: Vec<Credit>,
    /// What settled what, also what a receipt settled until it was taken back.
    pub allocations: Vec<Allocation>,
    /// What was paid back.
    pub refunds: Vec<PaidBack>,
}

/// An invoice with something open, or one of its instalments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenItem {
    /// The invoice.
    pub invoice: InvoiceId,
    /// Civil date of issue.
    pub dated: Date,
    /// By when it is due.
    pub due: Date,
    /// What is open of it, in minor units.
    pub open: i64,
}

impl Account {
    /// Invoices dated up to `to` with something open, each instalment by itself, using allocations dated up to `to`;
    /// the oldest due first.
    pub fn open_items(&self, to: Date) -> Vec<OpenItem> {
        let mut settled: BTreeMap<InvoiceId, i64> = BTreeMap::new();
        for a in self.counting(to) {
            let sum = settled.entry(a.invoice).or_default();
            *sum = sum.saturating_add(a.amount.minor);
        }
        let mut items: Vec<OpenItem> = self
            .charges
            .iter()
            .filter(|x| x.dated <= to)
            .flat_map(|x| {
                let open = x.amount.saturating_sub(settled.get(&x.invoice).copied().unwrap_or(0));
                let item = |due, open| OpenItem { invoice: x.invoice, dated: x.dated, due, open };
                x.terms.parts(open, x.due).into_iter().map(move |part| item(part.due, part.amount))
            })
            .collect();
        items.sort_by_key(|x| (x.due, x.invoice));
        items
    }

    /// Receipts and credits dated up to `to` that had not settled anything by then nor been paid back, in minor units.
    pub fn unapplied(&self, to: Date) -> i64 {
        let given = self.credits.iter().filter(|x| x.counts(to)).fold(0_i64, |sum, x| sum.saturating_add(x.amount));
        let back = self.refunds.iter().filter(|x| x.counts(to));
        let given = back.fold(given, |left, x| left.saturating_sub(x.amount));
        let applied = self.counting(to).filter(|a| !a.source.is_waived());
        applied.fold(given, |left, a| left.saturating_sub(a.amount.minor))
    }

    /// The ageing as of `on`.
    pub fn ageing(&self, on: Date) -> Ageing {
        Ageing::of(&self.open_items(on), self.unapplied(on), on)
    }

    /// Allocations that count on `to`: dated up to it, between documents that are; what was waived comes from none.
    pub(super) fn counting(&self, to: Date) -> impl Iterator<Item = &Allocation> {
        let charges: BTreeMap<InvoiceId, Date> = self.charges.iter().map(|x| (x.invoice, x.dated)).collect();
        let credits: Vec<Source> = self.credits.iter().filter(|x| x.counts(to)).map(|x| x.source).collect();
        let credits: std::collections::HashSet<Source> = credits.into_iter().collect();
        self.allocations.iter().filter(move |a| {
            let from = a.source.is_waived() || credits.contains(&a.source);
            a.on <= to && charges.get(&a.invoice).is_some_and(|x| *x <= to) && from
        })
    }
}

/// What is owed by days past due, in minor units; every open amount is in exactly one of the first five.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ageing {
    /// Not past due; due today is not overdue.
    pub current: i64,
    /// 1 to 30 days past due.
    pub d1_30: i64,
    /// 31 to 60 days.
    pub d31_60: i64,
    /// 61 to 90 days.
    pub d61_90: i64,
    /// Over 90 days.
    pub over_90: i64,
    /// Money and credits not applied to any invoice, as a figure above zero that the total deducts.
    pub unapplied: i64,
}

impl Ageing {
    /// Sorts open items into columns by the days from their due date to `on`.
    pub fn of(items: &[OpenItem], unapplied: i64, on: Date) -> Self {
        let mut out = Self { unapplied, ..Self::default() };
        for x in items {
            let column = match days_between(x.due, on) {
                ..=0 => &mut out.current,
                1..=30 => &mut out.d1_30,
                31..=60 => &mut out.d31_60,
                61..=90 => &mut out.d61_90,
                91.. => &mut out.over_90,
            };
            *column = column.saturating_add(x.open);
        }
        out
    }

    /// The part that is past due.
    pub fn overdue(&self) -> i64 {
        [self.d1_30, self.d31_60, self.d61_90, self.over_90].into_iter().fold(0, i64::saturating_add)
    }

    /// The balance: all columns less what is unapplied.
    pub fn total(&self) -> i64 {
        self.current.saturating_add(self.overdue()).saturating_sub(self.unapplied)
    }

    /// Column by column, of another client in the same currency.
    pub fn plus(self, other: Self) -> Self {
        Self {
            current: self.current.saturating_add(other.current),
            d1_30: self.d1_30.saturating_add(other.d1_30),
            d31_60: self.d31_60.saturating_add(other.d31_60),
            d61_90: self.d61_90.saturating_add(other.d61_90),
            over_90: self.over_90.saturating_add(other.over_90),
            unapplied: self.unapplied.saturating_add(other.unapplied),
        }
    }
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
