//! The time machine: what a policy would have sent over the last year, beside what went. Changes nothing.
//!
//! Each invoice of the year is looked at by the scheduler's own rule, from its publication until nothing was open of
//! it, with what was open of it, whether it had been opened and what the score was *then*. Pauses and standstills of
//! then are left out, so that a policy is seen by itself; what went shows them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::policy_effect::{Changed, Going};
use crate::domain::calendar::today;
use crate::domain::forecast::{Fate, Subject, foresee};
use crate::domain::ids::ClientId;
use crate::domain::letter::{LetterState, Purpose};
use crate::domain::money::Money;
use crate::domain::payment::Settled;
use crate::domain::policy::{Asked, Channel, Policy};
use crate::domain::reminder::plan;
use crate::domain::score::{self, Facts};
use crate::store::invoices::{Filter, Row};
use crate::store::prelude::*;

/// Invoices of the year that are looked at, the newest first.
pub const INVOICES_MAX: usize = 2_000;
/// Invoices read at once.
const PAGE: usize = 200;
/// How far it looks back.
const MONTHS: i8 = 12;

/// Reminders of one calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// Its first day.
    pub first: Date,
    /// Those that went.
    pub did: usize,
    /// Those that would have gone.
    pub would: usize,
}

/// A year under a policy.
#[derive(Clone, Debug)]
pub struct Past {
    /// Invoices dated before this day are not looked at.
    pub from: Date,
    /// How many were looked at.
    pub invoices: usize,
    /// Month by month, the oldest first, up to this one; reminders, each step of each invoice once.
    pub months: Vec<Month>,
    /// Invoices of which something else went than would have gone, the newest first.
    pub changed: Vec<Changed>,
    /// Whether the year holds more invoices than were looked at.
    pub more: bool,
}

impl Past {
    /// Reminders that went.
    pub fn did(&self) -> usize {
        self.months.iter().map(|x| x.did).sum()
    }

    /// Reminders that would have gone.
    pub fn would(&self) -> usize {
        self.months.iter().map(|x| x.would).sum()
    }
}

/// The year before `now` under `policy`, of the clients that `sees` lets through.
///
/// # Errors
/// When the store fails.
pub fn past(
    r: &impl Reader,
    zone: &TimeZone,
    policy: &Policy,
    now: Timestamp,
    sees: impl Fn(ClientId) -> bool,
) -> Result<Past, StoreError> {
    let day = today(now, zone);
    let from = day.saturating_sub(Span::new().months(MONTHS)).first_of_month();
    let mut out = Past { from, invoices: 0, months: Vec::new(), changed: Vec::new(), more: false };
    let mut months: BTreeMap<Date, Month> = BTreeMap::new();
    let mut first = from;
    while first <= day {
        months.insert(first, Month { first, did: 0, would: 0 });
        first = first.saturating_add(Span::new().months(1));
    }
    let asks_score = policy.steps.iter().any(|step| step.only.score.is_some());
    let mut payers: HashMap<ClientId, Facts> = HashMap::new();
    let mut after = None;
    'pages: loop {
        let page = r.invoice_page(None, Filter::All, day, after, PAGE)?;
        for row in page.rows {
            if row.invoice.dated < from {
                break 'pages;
            }
            if !sees(row.invoice.client) {
                continue;
            }
            let client = row.invoice.client;
            if asks_score && let (false, Some(known)) = (payers.contains_key(&client), r.client(client)?) {
                payers.insert(client, r.payer_facts_from(&known, score::from(from), day, zone)?);
            }
            let Some([did, would]) = of_invoice(r, zone, policy, &row, payers.get(&client), now)? else { continue };
            if out.invoices == INVOICES_MAX {
                out.more = true;
                break 'pages;
            }
            out.invoices += 1;
            let count = |all: &[Going], add: fn(&mut Month), months: &mut BTreeMap<Date, Month>| {
                all.iter().for_each(|going| months.get_mut(&going.1.first_of_month()).map_or((), add));
            };
            count(&did, |month| month.did += 1, &mut months);
            count(&would, |month| month.would += 1, &mut months);
            if did != would {
                out.changed.push(Changed { row, before: did, after: would });
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    out.months = months.into_values().collect();
    Ok(out)
}

/// What went of one invoice and what would have gone; `None` of what is no invoice, was not issued, or is not reminded
/// of.
fn of_invoice(
    r: &impl Reader,
    zone: &TimeZone,
    policy: &Policy,
    row: &Row,
    payer: Option<&Facts>,
    now: Timestamp,
) -> Result<Option<[Vec<Going>; 2]>, StoreError> {
    let invoice = &row.invoice;
    let Some(published) = invoice.issue.as_ref().filter(|_| invoice.is_invoice() && invoice.reminds()).map(|i| i.at)
    else {
        return Ok(None);
    };
    let settlements = r.allocations_of(invoice.id)?;
    let settled_at = settlements.iter().map(|x| x.at).max().filter(|_| row.open().minor == 0);
    let until = settled_at.unwrap_or(now).min(now);
    let due = invoice.next_due(Settled::default());
    let plan = plan(due, policy, zone);
    let opened = if policy.steps.iter().any(|x| x.only.unopened) { r.first_opened(invoice.id)? } else { None };
    let holds = |offset: i16| {
        let step = policy.step(offset).zip(plan.iter().find(|x| x.step == offset));
        step.is_none_or(|(step, planned)| {
            let paid = settlements.iter().filter(|x| x.at <= planned.at).map(|x| x.amount.minor);
            let open = invoice.payable().minor.saturating_sub(paid.fold(0, i64::saturating_add));
            let opened = opened.is_some_and(|at| at <= planned.at);
            let score = step.only.score.and(payer).and_then(|facts| score::score(facts, today(planned.at, zone)));
            let open = Money::new(open, invoice.currency);
            step.only.fails(Asked { open, opened, score: score.map(|score| score.points) }).is_none()
        })
    };
    let subject = Subject { plan: &plan, published, due, settled: BTreeSet::new(), holds: &holds, held: &|_| None };
    let seen = foresee(subject, published, until, zone, policy);
    let by_letter = |offset| policy.step(offset).is_none_or(|step| step.by == Channel::Letter);
    let would = seen
        .iter()
        .filter(|x| x.fate == Fate::Goes && by_letter(x.step))
        .map(|x| (x.step, today(x.at, zone)))
        .collect();
    Ok(Some([went(r, zone, row)?, would]))
}

/// The steps whose letters a mail server took, each once, on the day of the first.
fn went(r: &impl Reader, zone: &TimeZone, row: &Row) -> Result<Vec<Going>, StoreError> {
    let mut first: BTreeMap<i16, Timestamp> = BTreeMap::new();
    for letter in r.letters_about(row.invoice.id)? {
        if let (Purpose::Reminder(_, step), LetterState::Accepted(at, _)) = (letter.purpose, letter.state) {
            let known = first.entry(step).or_insert(at);
            *known = at.min(*known);
        }
    }
    Ok(first.into_iter().map(|(step, at)| (step, today(at, zone))).collect())
}
