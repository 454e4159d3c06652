//! The reminders of the coming days, over all invoices: what will go, to whom, and what will not, and why. Changes
//! nothing.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::letters::{Reached, reached, yet_to_get};
use super::outlook_people::{DUE_PASSED, by_clocks, soonest, waiting};
pub use super::outlook_people::{OneLetter, To, as_letters, of_letter};
use super::reminders::Rules;
use crate::app::Settings;
use crate::domain::calendar::today;
use crate::domain::forecast::{Fate, Foreseen, Subject, foresee};
use crate::domain::ids::{ClientId, InvoiceId};
use crate::domain::person::Person;
use crate::domain::policy::{Channel, Policy, PolicyVersion};
use crate::domain::reminder::{overtaken, plan};
use crate::store::invoices::Row;
use crate::store::letters::StepOutcome;
use crate::store::prelude::*;

/// Invoices that are looked at, and letters that wait; beyond them the outlook says that there are more.
pub const INVOICES_MAX: usize = 2_000;
/// Days within which what goes out next is looked for.
const SOON_DAYS: i64 = 60;

/// One step of one invoice.
#[derive(Clone, Debug)]
pub struct Coming {
    /// When: of what goes, by the clocks of those to whom it goes.
    pub at: Timestamp,
    /// The earliest at which it could go along with another letter to the same person: before `at` only of a letter
    /// that waits to be tried again.
    pub from: Timestamp,
    /// The invoice.
    pub row: Row,
    /// Days from the due date.
    pub step: i16,
    /// Whether letters go.
    pub goes: bool,
    /// To whom, when letters go: those to whom it goes at this time.
    pub to: Vec<To>,
    /// To whom, or why not.
    pub words: String,
    /// The day on which it falls, and why it goes on another one.
    pub moved: Option<(Date, String)>,
    /// What becomes of the step.
    pub fate: Fate,
    /// Whether its letter waits in the outbox already.
    pub waits: bool,
}

/// What lies ahead, soonest first.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    /// Step by step.
    pub coming: Vec<Coming>,
    /// Whether more invoices or letters wait than were looked at.
    pub more: bool,
    /// Whether letters are held back since a restore or a leap of the clock: none goes before an owner lets them.
    pub held: bool,
}

/// What the reminders do between now and `until`, for the clients that `sees` lets through.
///
/// # Errors
/// When the store fails.
pub fn outlook(
    r: &impl Reader,
    settings: &Settings,
    now: Timestamp,
    until: Timestamp,
    sees: impl Fn(ClientId) -> bool,
) -> Result<Outlook, StoreError> {
    let rules = Rules::now(r, &settings.zone)?;
    let due = r.reminders_ahead(INVOICES_MAX + 1)?;
    let more = due.len() > INVOICES_MAX && due.last().is_some_and(|last| last.0 <= until);
    let (mut coming, more_wait) = waiting(r, &rules, (now, until), INVOICES_MAX, &sees)?;
    let soon = due.into_iter().take(INVOICES_MAX).take_while(|look| look.0 <= until).map(|look| look.1);
    // Nobody looks at what is disputed whole, until that is over.
    let disputed = r.standing_disputes(None, INVOICES_MAX)?.into_iter().map(|x| x.invoice);
    for id in soon.chain(disputed).collect::<BTreeSet<InvoiceId>>() {
        let Some(row) = r.invoice_row(id)?.filter(|row| sees(row.invoice.client)) else { continue };
        coming.extend(of_invoice(r, &rules, &row, now, until)?);
    }
    coming.sort_by_key(key);
    Ok(Outlook { coming, more: more || more_wait, held: r.sending_held()? })
}

/// As [`outlook`], of one client alone: reads their invoices and the letters that wait for their people, nobody else's.
///
/// # Errors
/// When the store fails.
pub fn outlook_of(
    r: &impl Reader,
    settings: &Settings,
    now: Timestamp,
    until: Timestamp,
    client: ClientId,
) -> Result<Outlook, StoreError> {
    let rules = Rules::now(r, &settings.zone)?;
    let (mut coming, mut looked, mut more) = (Vec::new(), 0, false);
    let contacts = r.contacts_of(client)?.into_iter().map(|x| Person::Contact(x.id));
    for to in contacts.chain(r.all_staff()?.into_iter().map(|x| Person::Staff(x.id))) {
        for letter in r.reminders_waiting_for(to)?.iter().filter(|x| x.client == Some(client)) {
            coming.extend(of_letter(r, &rules, letter, now)?.filter(|x| x.at <= until));
        }
    }
    for (open, _) in r.open_of(client)? {
        let looks = r.looked_at(open.invoice)?.is_some_and(|next| next <= until);
        if !looks && r.standing_dispute(open.invoice)?.is_none() {
            continue;
        }
        looked += 1;
        if looked > INVOICES_MAX {
            more = true;
            break;
        }
        let Some(row) = r.invoice_row(open.invoice)? else { continue };
        coming.extend(of_invoice(r, &rules, &row, now, until)?);
    }
    coming.sort_by_key(key);
    Ok(Outlook { coming, more, held: r.sending_held()? })
}

/// The soonest of what lies ahead, as far as `looks` next looks at invoices and as many letters that wait tell of it:
/// enough for the first few letters, whatever else is stored.
///
/// # Errors
/// When the store fails.
pub fn soon(
    r: &impl Reader,
    settings: &Settings,
    now: Timestamp,
    looks: usize,
    sees: impl Fn(ClientId) -> bool,
) -> Result<Outlook, StoreError> {
    let rules = Rules::now(r, &settings.zone)?;
    let mut due = r.reminders_ahead(looks + 1)?;
    // What comes after the first look that is not read may be behind others.
    let known = due.get(looks).map(|x| x.0.max(now));
    due.truncate(looks);
    let far = now.saturating_add(SignedDuration::from_hours(24 * SOON_DAYS)).unwrap_or(Timestamp::MAX);
    let until = known.unwrap_or(far).min(far);
    let (mut coming, rest) = soonest(r, &rules, (now, until), looks, &sees)?;
    let until = rest.unwrap_or(until).min(until);
    coming.retain(|x| x.at <= until);
    for (_, id) in due {
        let Some(row) = r.invoice_row(id)?.filter(|row| sees(row.invoice.client)) else { continue };
        coming.extend(of_invoice(r, &rules, &row, now, until)?);
    }
    coming.sort_by_key(key);
    Ok(Outlook { coming, more: known.is_some() || rest.is_some(), held: r.sending_held()? })
}

/// The order in which it happens.
fn key(x: &Coming) -> (Timestamp, ClientId, InvoiceId, i16) {
    (x.at, x.row.invoice.client, x.row.invoice.id, x.step)
}

/// What the reminders of one invoice do between now and `until`.
///
/// # Errors
/// When the store fails.
pub fn of_invoice(
    r: &impl Reader,
    rules: &Rules,
    row: &Row,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Coming>, StoreError> {
    let invoice = &row.invoice;
    let due = r.asked_due(row)?;
    let rules = &rules.of(r, invoice, due)?;
    let (policy, zone) = (&rules.policy, &rules.zone);
    let Some(published) = invoice.issue.as_ref().map(|i| i.at).filter(|_| row.open().minor > 0 && invoice.reminds())
    else {
        return Ok(Vec::new());
    };
    let settled = settled_under(r, rules, row, published)?;
    let hold = r.hold_on(invoice, today(now, &rules.firm_zone))?;
    let over = hold.as_ref().and_then(|hold| hold.ends(policy, &rules.firm_zone)).unwrap_or(Timestamp::MAX);
    let held = |at: Timestamp| (hold.is_some() && at < over).then_some(over);
    let failing = rules.failing(r, row, now)?;
    let holds = |step: i16| failing.iter().all(|x| x.0 != step);
    let plan = plan(due, policy, zone);
    let subject = Subject { plan: &plan, published, due, settled, holds: &holds, held: &held };
    let locale = r.firm()?.locale;
    let reason = hold.as_ref().map_or(String::new(), |hold| hold.words(locale));
    let mut out = Vec::new();
    for seen in foresee(subject, now, until, zone, policy) {
        let mut to = match policy.step(seen.step).filter(|_| seen.fate == Fate::Goes) {
            Some(step) => reached(r, invoice, step)?,
            None => Reached::default(),
        };
        // Of a step that fell before now some may have had it, and a hold took it back from others.
        if !to.contacts.is_empty() && plan.iter().any(|x| x.step == seen.step && x.at <= now) {
            to = yet_to_get(r, row, seen.step, to)?;
            if to.contacts.is_empty() {
                continue;
            }
        }
        let why = failing.iter().find(|x| x.0 == seen.step).map_or("", |x| x.1);
        let by = policy.step(seen.step).map_or(Channel::Letter, |step| step.by);
        let told = told(row, seen, (&to, by), if seen.fate == Fate::Unmet { why } else { &reason });
        if told.goes {
            // What a hold or a standstill puts off goes whenever that ends: then no day off is the reason.
            let whole = Coming { moved: policy.moved(due, seen.step), ..told };
            let apart = by_clocks(rules, (&whole, due), &to, locale, today(now, &rules.firm_zone));
            out.extend(apart.into_iter().filter(|x| x.at <= until));
        } else {
            out.push(told);
        }
    }
    Ok(out)
}

/// The steps of an invoice that are settled under the rules: those that are, and those that changes of the policy
/// settle when they are carried out.
fn settled_under(r: &impl Reader, rules: &Rules, row: &Row, published: Timestamp) -> Result<BTreeSet<i16>, StoreError> {
    let steps = r.reminder_steps(row.invoice.id)?;
    let sent = |x: &&(i16, StepOutcome)| matches!(x.1, StepOutcome::Sent | StepOutcome::Superseded | StepOutcome::Call);
    let went: BTreeSet<i16> = steps.iter().filter(sent).map(|x| x.0).collect();
    let mut settled: BTreeSet<i16> = steps.iter().map(|x| x.0).collect();
    let due = r.asked_due(row)?;
    let mut carry = |old: &Policy, new: &Policy, at: Timestamp| {
        let new_plan = plan(due, new, &rules.zone);
        settled.extend(overtaken(old, new, &new_plan, &went, at).into_iter().map(|x| x.0));
    };
    let from = r.policy_of(row.invoice.id, published)?;
    let mut old = r.policy_version(from)?.unwrap_or_else(PolicyVersion::standard);
    for number in from + 1..=rules.version {
        let Some(new) = r.policy_version(number)? else { continue };
        carry(&old.policy, &new.policy, new.at);
        old = new;
    }
    if let Some(changed) = rules.tried {
        carry(&old.policy, &rules.policy, changed);
    }
    Ok(settled)
}

fn told(row: &Row, seen: Foreseen, (to, by): (&Reached, Channel), reason: &str) -> Coming {
    let goes = seen.fate == Fate::Goes && by == Channel::Letter && !to.contacts.is_empty();
    let words = match seen.fate {
        Fate::Goes if by == Channel::Call => "Staff are asked to call".to_owned(),
        // Said by the clocks of each.
        Fate::Goes if goes => String::new(),
        Fate::Goes => "Not sent: nobody at the client gets reminders".to_owned(),
        Fate::Held => reason.to_owned(),
        Fate::Superseded => "Not sent: a later one is due too".to_owned(),
        Fate::Expired => DUE_PASSED.to_owned(),
        Fate::BeforePublication => "Not sent: it would fall before the invoice was published".to_owned(),
        Fate::Unmet => format!("Not sent, as things stand: {reason}"),
    };
    let (at, from, step, fate) = (seen.at, seen.at, seen.step, seen.fate);
    Coming { at, from, row: row.clone(), step, goes, to: Vec::new(), words, moved: None, fate, waits: false }
}
