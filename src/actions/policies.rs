//! The reminder policy: keeping a new version of it, and carrying a change out, invoice by invoice.
//!
//! What was sent stays sent, and nothing is sent late because of a change: steps of the new policy that fell before it
//! took effect are settled. Each invoice knows the version that its steps follow, so that it does not matter whether
//! the scheduler's round or its own next look comes first, or where a round was broken off.

use std::collections::BTreeSet;

use super::reminders::{self, Rules};
use super::{found, letters};
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::event::Event;
use crate::domain::ids::InvoiceId;
use crate::domain::letter::Purpose;
use crate::domain::policy::{Policy, PolicyVersion};
use crate::domain::refusal::{Faults, Refusal};
use crate::domain::reminder::{Overtaken, Planned, next_wake, overtaken, plan};
use crate::domain::text;
use crate::store::invoices::Row;
use crate::store::letters::StepOutcome;
use crate::store::prelude::*;

/// Keeps a new version of the policy, in the place of version `known`, with the reason. Its number.
///
/// # Errors
/// When the role does not allow it, somebody changed the policy meanwhile, nothing of it changes, a field is to be
/// mended, or the reason is missing.
pub fn change(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    known: u32,
    policy: &Policy,
    reason: &str,
) -> Result<Done<u32>, ActError> {
    scope.may(Act::Govern)?;
    let before = w.policy_now()?;
    if before.version != known {
        return Err(Refusal::ChangedMeanwhile.into());
    }
    let mut faults = Faults::default();
    policy.check(&mut faults);
    let policy = policy.clone().in_order();
    for id in policy.steps.iter().flat_map(|step| &step.copies) {
        if !w.staff(*id)?.is_some_and(|staff| staff.active) {
            faults.add("copies_0", "Somebody who was to get a copy is no longer with the firm. Choose again.");
        }
    }
    if policy == before.policy {
        faults.add("offset_0", "This is the policy as it is. Change something first.");
    }
    let reason = faults.take(text::required("reason", reason, text::LINE_MAX, "Say why, in a few words."));
    faults.check()?;
    keep(w, policy, &reason)
}

/// Keeps the policy of an older configuration as the first version of a data file that has none. Whether it did: the
/// standard policy holds without being kept.
///
/// # Errors
/// When the store fails.
pub fn begin(w: &mut WriteTx<'_>, policy: &Policy) -> Result<bool, ActError> {
    let now = w.policy_now()?;
    let fresh = now.version == 0 && now.policy != *policy;
    if fresh {
        let _ = keep(w, policy.clone().in_order(), "As the configuration had it")?;
    }
    Ok(fresh)
}

fn keep(w: &mut WriteTx<'_>, policy: Policy, reason: &str) -> Result<Done<u32>, ActError> {
    let version = w.policy_now()?.version.checked_add(1).ok_or(Refusal::TryAgain)?;
    let (by, at, reason) = (w.by.actor.clone(), w.now, reason.to_owned());
    w.put_policy(&PolicyVersion { version, policy, by, at, reason: reason.clone() })?;
    w.set_replanning(Some(InvoiceId(0)))?;
    Ok(w.record(About::FIRM, Event::PolicyChanged { version, reason })?.done(version))
}

/// Goes on carrying out a change of the policy, over `limit` more open invoices; how many were looked at, and 0 when
/// nothing is left to do.
///
/// # Errors
/// When the store fails.
pub fn replan(w: &mut WriteTx<'_>, rules: &Rules, limit: usize) -> Result<usize, ActError> {
    let Some(after) = w.replanning()? else { return Ok(0) };
    let some = w.open_after(Some(after), limit)?;
    for id in &some {
        let row = found(w.invoice_row(*id)?)?;
        let due = w.asked_due(&row)?;
        carry(w, &row, &rules.of(w, &row.invoice, due)?)?;
    }
    w.set_replanning(some.last().copied())?;
    Ok(some.len())
}

/// Brings an invoice's steps to the present version of the policy, if they are not there: settles what each change in
/// between settled, withdraws what waits of steps that are gone, and says when to look again.
///
/// # Errors
/// When the store fails.
pub fn carry(w: &mut WriteTx<'_>, row: &Row, rules: &Rules) -> Result<(), ActError> {
    let invoice = &row.invoice;
    let Some(published) = invoice.issue.as_ref().map(|x| x.at).filter(|_| invoice.reminds()) else { return Ok(()) };
    let from = w.policy_of(invoice.id, published)?;
    if from >= rules.version {
        return Ok(());
    }
    let (due, mut old) = (w.asked_due(row)?, version(w, from)?);
    for number in from + 1..=rules.version {
        let new = version(w, number)?;
        let new_plan = plan(due, &new.policy, &rules.zone);
        settle(w, row, &old.policy, &new, &new_plan)?;
        old = new;
    }
    withdraw_gone(w, invoice.id, &old.policy, from)?;
    w.set_policy_of(invoice.id, rules.version)?;
    wake(w, row, published, rules)
}

fn settle(
    w: &mut WriteTx<'_>,
    row: &Row,
    old: &Policy,
    new: &PolicyVersion,
    new_plan: &[Planned],
) -> Result<(), ActError> {
    let steps = w.reminder_steps(row.invoice.id)?;
    let sent = |x: &&(i16, StepOutcome)| matches!(x.1, StepOutcome::Sent | StepOutcome::Superseded | StepOutcome::Call);
    let mut went: BTreeSet<i16> = steps.iter().filter(sent).map(|x| x.0).collect();
    // Also where a hold took the letter back from others: nobody gets it twice.
    went.extend(letters::steps_out(w, row)?);
    for (step, why) in overtaken(old, &new.policy, new_plan, &went, new.at) {
        let reason = match why {
            Overtaken::Fell => "it fell before the policy was changed",
            Overtaken::Went => "it went already, on the day that the policy had before",
        };
        if steps.iter().all(|x| x.0 != step) {
            reminders::skip(w, &row.invoice, step, reason)?;
        }
    }
    Ok(())
}

/// Letters that wait of steps that the policy has no longer. A step that only moved goes, as it was about to.
fn withdraw_gone(w: &mut WriteTx<'_>, id: InvoiceId, policy: &Policy, from: u32) -> Result<(), ActError> {
    let old = version(w, from)?.policy;
    for letter in w.letters_about(id)? {
        let Purpose::Reminder(_, offset) = letter.purpose else { continue };
        let stays = |step: u16| policy.steps.iter().any(|x| x.id == step);
        let gone = policy.step(offset).is_none() && !old.step(offset).is_some_and(|x| stays(x.id));
        if letter.state.waits() && gone {
            letters::withdraw(w, letter, "the policy has this step no longer")?;
        }
    }
    Ok(())
}

fn wake(w: &mut WriteTx<'_>, row: &Row, published: jiff::Timestamp, rules: &Rules) -> Result<(), ActError> {
    let (id, now) = (row.invoice.id, w.now);
    if row.open().minor <= 0 {
        return Ok(());
    }
    if let Some(hold) = w.hold_on(&row.invoice, calendar::today(now, &rules.firm_zone))? {
        return Ok(w.set_reminder(id, hold.ends(&rules.policy, &rules.firm_zone))?);
    }
    let settled: BTreeSet<i16> = w.reminder_steps(id)?.into_iter().map(|x| x.0).collect();
    let plan = plan(w.asked_due(row)?, &rules.policy, &rules.zone);
    let due = plan.iter().any(|x| x.at <= now && !settled.contains(&x.step));
    let at = if due { Some(now) } else { next_wake(&plan, published, &settled, now) };
    Ok(w.set_reminder(id, at)?)
}

fn version(r: &impl Reader, number: u32) -> Result<PolicyVersion, ActError> {
    let gone = || StoreError::Broken(format!("version {number} of the reminder policy is not there"));
    Ok(r.policy_version(number)?.ok_or_else(gone)?)
}
