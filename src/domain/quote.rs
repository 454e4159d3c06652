//! Quotes: what a client may accept until the end of the last day of validity, in versions under one number.
//!
//! Lines may be options: the client chooses some of them, and what was chosen is part of what was accepted.

use std::net::IpAddr;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::client::Party;
use super::firm::Letterhead;
use super::ids::{ClientId, ContactId, Digest, FileRef, ProjectId, QuoteId, StaffId};
use super::invoice::{YEARS, check_content};
use super::money::{Currency, Money};
use super::number::DocumentNumber;
use super::refusal::{Faults, FieldFault, Refusal};
use super::tax::{Content, Totals, totals};
use super::text;

/// Most versions of one quote.
pub const VERSIONS_MAX: usize = 50;

/// Longest reason for declining one, in characters.
pub const REASON_MAX: usize = 1_000;

/// What the client answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Nothing yet.
    Open,
    /// Accepted, with what was chosen.
    Accepted(Given, Choice),
    /// Declined, with the reason given.
    Declined(Given, String),
}

/// An answer as it was given: what stands for a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub contact: ContactId,
    /// Their name then.
    pub name: String,
    /// The network address of the request.
    pub address: Option<IpAddr>,
    /// The PDF that was answered.
    pub pdf: Digest,
}

/// What was accepted beside the document itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The options chosen, counted from 1 in the order in which the document lists them; ascending.
    pub options: Vec<u32>,
    /// The SHA-256 of the terms that were shown.
    pub terms: Digest,
    /// What it comes to with these options.
    pub total: Money,
}

/// A quote that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Identifier.
    pub id: QuoteId,
    /// For whom.
    pub client: ClientId,
    /// Filed under.
    pub project: Option<ProjectId>,
    /// Of the firm's own series; all versions have it.
    pub number: DocumentNumber,
    /// The version that counts.
    pub current: Version,
    /// Those before it, the oldest first; readable, and not to be accepted any more.
    pub older: Vec<Version>,
}

/// What was offered at a time; its bytes never change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What it is about, in a few words.
    pub title: String,
    /// Civil date of issue.
    pub issued: Date,
    /// Last civil day, in the firm's zone, on which it can be accepted.
    pub valid_until: Date,
    /// All that is offered, options too.
    pub content: Content,
    /// The lines that are options, by number, counted from 1; ascending.
    pub options: Vec<u32>,
    /// Of everything but the options.
    pub totals: Totals,
    /// When it would be delivered; may be empty.
    pub delivery: String,
    /// Free text below the lines.
    pub note: String,
    /// The terms that whoever accepts agrees to; may be empty.
    pub terms: String,
    /// What is new beside the version before; empty in the first.
    pub news: String,
    /// The firm as it was.
    pub seller: Party,
    /// The client as it was.
    pub buyer: Party,
    /// What else of the firm it shows, as it was.
    pub letterhead: Letterhead,
    /// The PDF.
    pub pdf: FileRef,
    /// When it was sent.
    pub at: Timestamp,
    /// By whom.
    pub by: StaffId,
    /// What the client said.
    pub answer: Answer,
}

/// The reason for which a quote is declined, trimmed: whoever declines one says why.
///
/// # Errors
/// A fault of the field `reason` when there is none, or more than [`REASON_MAX`] characters.
pub fn reason(typed: &str) -> Result<String, FieldFault> {
    let reason = text::paragraph("reason", typed)?;
    match reason.chars().count() {
        0 => Err(FieldFault::new("reason", "Say why, in a few words; it goes to us with your answer.")),
        1..=REASON_MAX => Ok(reason),
        _ => Err(FieldFault::new("reason", format!("Use {REASON_MAX} characters or fewer."))),
    }
}

impl Quote {
    /// The number of the version that counts, from 1.
    pub fn latest(&self) -> u32 {
        u32::try_from(self.older.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// A version by its number.
    pub fn version(&self, number: u32) -> Option<&Version> {
        if number == self.latest() {
            return Some(&self.current);
        }
        self.older.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// Every version with its number, the oldest first.
    pub fn versions(&self) -> impl Iterator<Item = (u32, &Version)> {
        (1..).zip(self.older.iter().chain(std::iter::once(&self.current)))
    }

    /// The name of a version's file.
    pub fn file_name(&self, version: u32, ending: &str) -> String {
        match version {
            1 => self.number.file_name(ending),
            _ => self.number.file_name(&format!("v{version}.{ending}")),
        }
    }

    /// Who accepted it, and what; only the version that counts can have been.
    pub fn accepted(&self) -> Option<(&Given, &Choice)> {
        match &self.current.answer {
            Answer::Accepted(given, choice) => Some((given, choice)),
            _ => None,
        }
    }

    /// Whether it waits for an answer: nobody gave one and, on `today`, somebody still can.
    pub fn waits(&self, today: Date) -> bool {
        self.current.answer == Answer::Open && !self.current.expired(today)
    }
}

impl Version {
    /// Whether nobody answered it and, on `today` in the firm's zone, nobody can any more: its last day counts whole.
    pub fn expired(&self, today: Date) -> bool {
        self.answer == Answer::Open && today > self.valid_until
    }

    /// Of all amounts.
    pub fn currency(&self) -> Currency {
        self.totals.currency
    }

    /// What is left with these options, counted from 1 among the options.
    pub fn chosen(&self, options: &[u32]) -> Content {
        let lines: Vec<u32> = (1..).zip(&self.options).filter(|x| options.contains(&x.0)).map(|x| *x.1).collect();
        without(&self.content, |line| self.options.contains(&line) && !lines.contains(&line))
    }

    /// The numbers of the lines that are left with these options.
    pub fn chosen_lines(&self, options: &[u32]) -> Vec<u32> {
        let option = |line: u32| (1..).zip(&self.options).find(|x| *x.1 == line).map(|x| x.0);
        let all = (1..).zip(&self.content.lines).map(|x| x.0);
        all.filter(|line| option(*line).is_none_or(|x| options.contains(&x))).collect()
    }

    /// What it comes to with these options; `None` beyond the limits of an amount.
    pub fn totals_with(&self, options: &[u32]) -> Option<Totals> {
        totals(&self.chosen(options), self.currency())
    }

    /// What it comes to with every option, where it has any.
    pub fn totals_with_all(&self) -> Option<Totals> {
        if self.options.is_empty() { None } else { totals(&self.content, self.currency()) }
    }

    /// The name of an option, counted from 1.
    pub fn option_name(&self, option: u32) -> &str {
        let place = |n: u32| usize::try_from(n).ok()?.checked_sub(1);
        let line = place(option).and_then(|at| self.options.get(at)).and_then(|line| place(*line));
        line.and_then(|at| self.content.lines.get(at)).map_or("", |line| line.name())
    }

    /// What a client chose, in order and without doubles, with what it comes to.
    ///
    /// # Errors
    /// A fault of the field `option` when one is none of these, or nothing would be left to order.
    pub fn choose(&self, options: &[u32]) -> Result<(Vec<u32>, Totals), FieldFault> {
        let mut options = options.to_vec();
        options.sort_unstable();
        options.dedup();
        let count = u32::try_from(self.options.len()).unwrap_or(u32::MAX);
        if options.iter().any(|x| *x == 0 || *x > count) {
            return Err(FieldFault::new("option", "Choose among the options of this quote."));
        }
        if self.chosen(&options).lines.is_empty() {
            return Err(FieldFault::new("option", "Choose at least one option."));
        }
        let sums = self.totals_with(&options).filter(|x| x.payable >= 0);
        let sums = sums.ok_or_else(|| FieldFault::new("option", "These options don’t go together; choose others."));
        sums.map(|sums| (options, sums))
    }
}

/// `content` without the lines that `leaves` names by number, counted from 1.
fn without(content: &Content, leaves: impl Fn(u32) -> bool) -> Content {
    let kept = (1..).zip(&content.lines).filter(|x| !leaves(x.0)).map(|x| x.1.clone());
    Content { lines: kept.collect(), ..content.clone() }
}

/// `content` without its options.
pub fn fixed(content: &Content, options: &[u32]) -> Content {
    without(content, |line| options.contains(&line))
}

/// Names what keeps a quote from being sent; the totals of what is not an option, if nothing does.
pub fn check(
    faults: &mut Faults,
    content: &Content,
    options: &[u32],
    currency: Currency,
    (issued, valid_until): (Date, Date),
) -> Option<Totals> {
    let years = format!("Enter a date from {} to {}.", YEARS.start(), YEARS.end());
    for (name, date) in [("issued", issued), ("valid_until", valid_until)] {
        if !YEARS.contains(&date.year()) {
            faults.add(name, years.clone());
        }
    }
    if valid_until < issued {
        faults.add("valid_until", format!("The last day must be the date of issue, {issued}, or later."));
    }
    if content.lines.is_empty() {
        faults.add("lines", "Add at least one line.");
        return None;
    }
    check_content(faults, content, currency);
    let fixed = fixed(content, options);
    for (at, adjustment) in content.adjustments.iter().enumerate() {
        if fixed.lines.iter().all(|line| line.vat != adjustment.vat) {
            faults.add(&format!("a{at}.vat"), "Choose the VAT of a line that is not optional.");
        }
    }
    let sums = totals(&fixed, currency).filter(|x| x.payable >= 0);
    if sums.is_none() || totals(content, currency).is_none_or(|x| x.payable < 0) {
        faults.add("lines", "The total is below zero or too large; check quantities and prices.");
        return None;
    }
    sums
}

/// Whether a new version may follow `quote`, whose last one was number `after` when it was written.
///
/// # Errors
/// [`Refusal::QuoteAnswered`] once it was accepted, [`Refusal::ChangedMeanwhile`] when there is a newer one, and
/// [`Refusal::VersionsFull`].
pub fn replaceable(quote: &Quote, after: u32) -> Result<(), Refusal> {
    if quote.accepted().is_some() {
        return Err(Refusal::QuoteAnswered);
    }
    if quote.latest() != after {
        return Err(Refusal::ChangedMeanwhile);
    }
    if quote.older.len() + 1 >= VERSIONS_MAX { Err(Refusal::VersionsFull(VERSIONS_MAX)) } else { Ok(()) }
}

#[cfg(test)]
#[path = "quote_tests.rs"]
mod tests;
