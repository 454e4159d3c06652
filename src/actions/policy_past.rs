//! The time machine: what a policy would have sent over the last year, beside what went. Changes nothing.
//!
//! Each invoice of the year is looked at by the scheduler's own rule, from its publication until nothing was open of
//! it, instalment by instalment, by the clocks of those who get its reminders, with what was open of it, whether it had
//! been opened and what the score was *then*. Pauses and standstills of then are not in it, so that a policy is seen by
//! itself; what went shows them, and [`policy_why`](super::policy_why) names them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::letters::reachable;
use super::policy_effect::{Changed, Going};
use super::reminders::{Rules, clocks_of};
use crate::domain::calendar::today;
use crate::domain::event::{Event, LogEntry};
use crate::domain::forecast::{Fate, Subject, foresee};
use crate::domain::ids::ClientId;
use crate::domain::invoice::Invoice;
use crate::domain::letter::{Letter, LetterState, Purpose, instalment_of};
use crate::domain::money::Money;
use crate::domain::payment::Allocation;
use crate::domain::policy::{Asked, Channel, Policy};
use crate::domain::reminder::plan;
use crate::domain::score::{self, Facts};
use crate::store::invoices::{Filter, Row};
use crate::store::prelude::*;

/// Invoices of the year that are looked at, the newest first.
pub const INVOICES_MAX: usize = 2_000;
/// Invoices read at once.
const PAGE: usize = 200;
/// Entries of an invoice's log that are read to see when letters went that came back or were sent again.
const LOG_MAX: usize = 500;
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
    let rules = Rules { policy: Arc::new(policy.clone()), ..Rules::now(r, zone)? };
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
            let Some([did, would]) = of_invoice(r, &rules, &row, payers.get(&client), now)? else { continue };
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
    rules: &Rules,
    row: &Row,
    payer: Option<&Facts>,
    now: Timestamp,
) -> Result<Option<[Vec<Going>; 2]>, StoreError> {
    let invoice = &row.invoice;
    let Some(published) = invoice.issue.as_ref().filter(|_| invoice.is_invoice() && invoice.reminds()).map(|i| i.at)
    else {
        return Ok(None);
    };
    let policy = &rules.policy;
    let settlements = r.allocations_of(invoice.id)?;
    let people = reachable(r, invoice, policy)?;
    let opened = if policy.steps.iter().any(|x| x.only.unopened) { r.first_opened(invoice.id)? } else { None };
    let mut would: Vec<Going> = Vec::new();
    for (due, from, until) in stretches(invoice, &settlements, published, now) {
        let zone = &rules.by_the_clocks_of(&people, due).zone;
        let plan = plan(due, policy, zone);
        let holds = |offset: i16| {
            let step = policy.step(offset).zip(plan.iter().find(|x| x.step == offset));
            step.is_none_or(|(step, planned)| {
                let open = Money::new(open_at(invoice, &settlements, planned.at), invoice.currency);
                let opened = opened.is_some_and(|at| at <= planned.at);
                let day = || today(planned.at, &rules.firm_zone);
                let score = step.only.score.and(payer).and_then(|facts| score::score(facts, day()));
                step.only.fails(Asked { open, opened, score: score.map(|score| score.points) }).is_none()
            })
        };
        let subject = Subject { plan: &plan, published, due, settled: BTreeSet::new(), holds: &holds, held: &|_| None };
        let by_letter = |offset| policy.step(offset).is_none_or(|step| step.by == Channel::Letter);
        let seen = foresee(subject, from, until, zone, policy);
        let goes = seen.iter().filter(|x| x.fate == Fate::Goes && by_letter(x.step));
        would.extend(goes.map(|x| (x.step, today(x.at, zone))));
    }
    would.sort_unstable_by_key(|x| (x.1, x.0));
    Ok(Some([went(r, &rules.firm_zone, row)?, would]))
}

/// What was open of an invoice at an instant, in minor units.
fn open_at(invoice: &Invoice, settlements: &[Allocation], at: Timestamp) -> i64 {
    let paid = settlements.iter().filter(|x| x.at <= at).map(|x| x.amount.minor);
    invoice.payable().minor.saturating_sub(paid.fold(0, i64::saturating_add)).max(0)
}

/// The due dates by which an invoice was reminded of, one after the other: that of the instalment that was the next to
/// be paid, since when and until when. Nothing once nothing was open any more.
fn stretches(
    invoice: &Invoice,
    settlements: &[Allocation],
    published: Timestamp,
    now: Timestamp,
) -> Vec<(Date, Timestamp, Timestamp)> {
    let next = |at| invoice.terms.parts(open_at(invoice, settlements, at), invoice.due).first().map(|x| x.due);
    let mut times: Vec<Timestamp> = settlements.iter().map(|x| x.at).filter(|at| *at > published).collect();
    times.sort_unstable();
    let mut out = Vec::new();
    let mut since = next(published).map(|due| (due, published));
    for at in times {
        match (since, next(at)) {
            (Some((due, _)), Some(then)) if due == then => {}
            (before, then) => {
                out.extend(before.map(|(due, from)| (due, from, at)));
                since = then.map(|due| (due, at));
            }
        }
    }
    out.extend(since.map(|(due, from)| (due, from, now)));
    out
}

/// The steps whose letters went, whatever came of them, each once of each instalment, on the day of the first by the
/// clocks of whoever got it.
fn went(r: &impl Reader, zone: &TimeZone, row: &Row) -> Result<Vec<Going>, StoreError> {
    let mut first: BTreeMap<(Option<Date>, i16), (Timestamp, Date)> = BTreeMap::new();
    let mut log: Option<Vec<LogEntry>> = None;
    for letter in r.letters_about(row.invoice.id)? {
        let Purpose::Reminder(_, step) = letter.purpose else { continue };
        let zone = clocks_of(r, letter.to, zone)?;
        let at = match letter.state {
            LetterState::Accepted(at, _) if today(at, &zone) == today(letter.queued, &zone) => Some(at),
            // Another day may be that of a second time; the log has the first.
            _ => {
                let known = log.take().map_or_else(|| r.log_of_invoice(row.invoice.id, None, LOG_MAX), Ok)?;
                went_at(&letter, log.insert(known))
            }
        };
        let Some(at) = at else { continue };
        let day = today(at, &zone);
        let known = first.entry((instalment_of(&letter.key), step)).or_insert((at, day));
        *known = (at, day).min(*known);
    }
    let mut out: Vec<Going> = first.into_iter().map(|((_, step), (_, day))| (step, day)).collect();
    out.sort_unstable_by_key(|x| (x.1, x.0));
    Ok(out)
}

/// When a letter went, or may have gone: also one that came back since, was sent again, or was left as it is.
fn went_at(letter: &Letter, log: &[LogEntry]) -> Option<Timestamp> {
    let of_log = log.iter().rev().find_map(|x| match &x.event {
        Event::LetterAccepted { letter: of, .. } | Event::LetterUncertain { letter: of, .. } if *of == letter.id => {
            Some(x.at)
        }
        _ => None,
    });
    of_log.or(match letter.state {
        LetterState::Accepted(at, _) | LetterState::Uncertain(at, _) | LetterState::Bounced(at, _) => Some(at),
        _ => None,
    })
}
