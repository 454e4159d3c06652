//! The reminders of an invoice begin anew when another of its instalments is the next to be asked for: somebody paid, a
//! payment was taken back, or what is disputed is another part.
//!
//! Where that instalment was asked for before, what was done of its steps stays done: nobody is asked to call twice,
//! and the log does not tell of a letter that went that a later one took its place.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::letters::{self, Written};
use crate::domain::calendar;
use crate::domain::event::Event;
use crate::domain::ids::InvoiceId;
use crate::domain::invoice::Invoice;
use crate::store::invoices::Row;
use crate::store::letters::StepOutcome;
use crate::store::prelude::*;

/// Entries of an invoice's log that are read at once.
const LOGGED: usize = 100;

/// Begins the reminders of an invoice anew where another instalment than the one of `before` is the next to be asked
/// for now. `why` says it of letters that wait.
pub(super) fn begin_anew(w: &mut WriteTx<'_>, invoice: &Invoice, before: Date, why: &str) -> Result<(), ActError> {
    let id = invoice.id;
    let Some(row) = w.invoice_row(id)? else { return Ok(()) };
    let due = w.asked_due(&row)?;
    if due == before {
        return Ok(());
    }
    w.forget_steps(id)?;
    letters::withdraw_reminders(w, id, why)?;
    for (step, outcome) in done_before(w, &row, due)? {
        w.settle_again(id, step, outcome)?;
    }
    w.set_reminder(id, Some(w.now).filter(|_| invoice.reminds()))?;
    Ok(())
}

/// What became of the steps of the instalment that is due on `due`, when it was asked for before.
fn done_before(r: &impl Reader, row: &Row, due: Date) -> Result<BTreeMap<i16, StepOutcome>, StoreError> {
    let written = letters::written(r, row)?;
    let (since, last) = (written.iter().map(|x| x.queued).min(), written.iter().map(|x| x.step).max());
    // Without a letter nobody asked for it.
    let Some(since) = since else { return Ok(BTreeMap::new()) };
    let mut done = logged(r, row.invoice.id, due, since)?;
    done.extend(written.iter().map(|x| (x.step, StepOutcome::Sent)));
    // The last is still to go to those from whom a hold took it back.
    let misses = |x: &&Written| x.taken_back && Some(x.step) == last;
    for missed in written.iter().filter(misses) {
        done.remove(&missed.step);
    }
    Ok(done)
}

/// The steps that the log tells to have been settled without a letter, `since` an instant and once they fell.
fn logged(
    r: &impl Reader,
    invoice: InvoiceId,
    due: Date,
    since: Timestamp,
) -> Result<BTreeMap<i16, StepOutcome>, StoreError> {
    let (mut out, mut before) = (BTreeMap::new(), None);
    loop {
        let page = r.log_of_invoice(invoice, before, LOGGED)?;
        for entry in page.iter().take_while(|x| x.at >= since) {
            let Some((step, outcome)) = settled(&entry.event) else { continue };
            // A day is to spare for whoever lives ahead of UTC: instalments are further apart.
            let fell = due.saturating_add(i64::from(step).days()).saturating_sub(1.day());
            if calendar::today(entry.at, &TimeZone::UTC) >= fell {
                out.entry(step).or_insert(outcome);
            }
        }
        before = page.last().filter(|x| x.at >= since && page.len() == LOGGED).map(|x| x.sequence);
        if before.is_none() {
            return Ok(out);
        }
    }
}

fn settled(event: &Event) -> Option<(i16, StepOutcome)> {
    match event {
        Event::CallAskedFor { step, .. } => Some((*step, StepOutcome::Call)),
        Event::ReminderSuperseded { step, .. } => Some((*step, StepOutcome::Superseded)),
        Event::ReminderExpired { step, .. } => Some((*step, StepOutcome::Expired)),
        Event::ReminderSkipped { step, .. } => Some((*step, StepOutcome::Skipped)),
        _ => None,
    }
}
