//! Reminders: what the policy says for one invoice, now.
//!
//! A step is settled and its letters queued in one commit; the key (invoice, step, recipient) makes each letter once.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::letters;
use crate::app::Settings;
use crate::domain::calendar;
use crate::domain::event::Event;
use crate::domain::ids::{InvoiceId, LetterId};
use crate::domain::invoice::Invoice;
use crate::domain::letter::Purpose;
use crate::domain::reminder::{Policy, next_wake, plan, review};
use crate::store::letters::StepOutcome;
use crate::store::prelude::*;

/// Looks at an invoice's reminders: queues the step that is due, notes those that are not sent, and says when to look
/// again. How many letters were queued.
///
/// # Errors
/// When the store fails.
pub fn look(w: &mut WriteTx<'_>, id: InvoiceId, policy: &Policy, zone: &TimeZone) -> Result<usize, ActError> {
    let Some(row) = w.invoice_row(id)?.filter(|r| r.open().minor > 0) else {
        w.set_reminder(id, None)?;
        return Ok(0);
    };
    let Some(published) = row.invoice.issue.as_ref().map(|i| i.at) else { return Ok(0) };
    if !row.invoice.reminds() {
        w.set_reminder(id, None)?;
        return Ok(0);
    }
    if let Some(pause) = w.pause_on(&row.invoice, calendar::today(w.now, zone))? {
        // Nothing is settled meanwhile: what was missed is sorted out when the pause is over.
        w.set_reminder(id, pause.ends(policy, zone))?;
        return Ok(0);
    }
    let settled: BTreeSet<i16> = w.reminder_steps(id)?.into_iter().map(|x| x.0).collect();
    let plan = plan(row.due(), policy, zone);
    let found = review(&plan, published, row.due(), &settled, w.now, zone, policy);
    for &step in &found.skipped {
        note(
            w,
            &row.invoice,
            step,
            StepOutcome::Skipped,
            Event::ReminderSkipped {
                invoice: id,
                step,
                reason: "it would have fallen before the invoice was published".to_owned(),
            },
        )?;
    }
    for &step in &found.superseded {
        note(w, &row.invoice, step, StepOutcome::Superseded, Event::ReminderSuperseded { invoice: id, step })?;
    }
    for &step in &found.expired {
        note(w, &row.invoice, step, StepOutcome::Expired, Event::ReminderExpired { invoice: id, step })?;
    }
    let mut queued = 0;
    if let Some(step) = &found.send {
        let today = calendar::today(w.now, zone);
        queued = letters::queue_reminder(w, &row, step, today)?;
        if letters::recipients(w, &row.invoice)?.is_empty() {
            let (step, reason) = (step.step, "nobody at the client gets reminders".to_owned());
            note(w, &row.invoice, step, StepOutcome::Skipped, Event::ReminderSkipped { invoice: id, step, reason })?;
        } else {
            w.settle_step(id, step.step, StepOutcome::Sent)?;
        }
    }
    w.set_reminder(id, found.wake)?;
    Ok(queued)
}

/// Goes on with an invoice that is open again. Steps that fell while nothing was open of it are not caught up: whoever
/// had paid, or seemed to, is not reminded in arrears of it.
///
/// # Errors
/// When the store fails.
pub fn resume(w: &mut WriteTx<'_>, invoice: &Invoice, settings: &Settings) -> Result<(), ActError> {
    let Some(published) = invoice.issue.as_ref().filter(|_| invoice.reminds()).map(|i| i.at) else { return Ok(()) };
    let mut settled: BTreeSet<i16> = w.reminder_steps(invoice.id)?.into_iter().map(|x| x.0).collect();
    let due = invoice.next_due(w.settled(invoice.id)?);
    let plan = plan(due, &settings.policy, &settings.zone);
    let now = w.now;
    for missed in plan.iter().filter(|x| x.at <= now) {
        if settled.insert(missed.step) {
            let reason = "nothing was open when it fell".to_owned();
            let event = Event::ReminderSkipped { invoice: invoice.id, step: missed.step, reason };
            note(w, invoice, missed.step, StepOutcome::Skipped, event)?;
        }
    }
    let next = next_wake(&plan, published, &settled, w.now);
    w.set_reminder(invoice.id, next)?;
    Ok(())
}

/// Before a letter is handed over: whether it may go now. A reminder goes inside a sending window only, never speaks of
/// a coming due date once it has passed, and says what is open now, not what was when it was queued.
///
/// # Errors
/// When the store fails.
pub fn renew(w: &mut WriteTx<'_>, id: LetterId, policy: &Policy, zone: &TimeZone) -> Result<bool, ActError> {
    let Some(letter) = w.letter(id)?.filter(|l| l.state.waits()) else { return Ok(false) };
    let Purpose::Reminder(invoice, step) = letter.purpose else { return Ok(true) };
    // What is settled or gone is withdrawn where the hand-over begins.
    let Some(row) = w.invoice_row(invoice)?.filter(|r| r.open().minor > 0) else { return Ok(true) };
    let (due, today) = (row.due(), calendar::today(w.now, zone));
    if step < 0 && today > due {
        letters::withdraw(w, letter, "the due date has passed")?;
        return Ok(false);
    }
    if w.pause_on(&row.invoice, today)?.is_some() {
        letters::withdraw(w, letter, "its reminders are paused")?;
        return Ok(false);
    }
    if !policy.sends_at(w.now, zone) {
        let opening = policy.next_opening(w.now, zone);
        w.move_letter(&letter, &letter.state, opening)?;
        return Ok(false);
    }
    if let Some(planned) = plan(due, policy, zone).into_iter().find(|x| x.step == step) {
        letters::reword(w, letter, &row, planned.tone.on(today, due), today)?;
    }
    Ok(true)
}

fn note(w: &mut WriteTx<'_>, invoice: &Invoice, step: i16, outcome: StepOutcome, event: Event) -> Result<(), ActError> {
    w.settle_step(invoice.id, step, outcome)?;
    let _ = w.record(About::invoice(invoice.client, invoice.id), event)?;
    Ok(())
}
