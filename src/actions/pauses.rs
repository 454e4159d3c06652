//! Pausing reminders, of one invoice or of a whole client, until a day and for a reason; and going on before it.
//!
//! What was missed meanwhile follows the rule of downtime: afterwards the latest missed step goes, once.

use jiff::civil::Date;

use super::{found, letters};
use crate::app::Settings;
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::event::{Actor, Event};
use crate::domain::hold::PAUSED;
use crate::domain::ids::InvoiceId;
use crate::domain::pause::{Pause, Paused, last_day};
use crate::domain::refusal::Refusal;
use crate::domain::text;
use crate::store::prelude::*;

/// Pauses the reminders of `of` until the end of `until`; an earlier pause of the same is replaced. Reminders that
/// wait to be sent are withdrawn.
///
/// # Errors
/// When the scope does not allow it, what is to be paused is not there or not an issued invoice, the day has passed or
/// is too far ahead, or the reason is missing.
pub fn pause(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    settings: &Settings,
    of: Paused,
    until: Date,
    reason: &str,
) -> Result<Done<()>, ActError> {
    let about = visible(w, scope, of)?;
    scope.may(Act::Work)?;
    let Actor::Staff(by) = w.by.actor else { return Err(Refusal::NotFound.into()) };
    let until = last_day(until, calendar::today(w.now, &settings.zone)).map_err(Refusal::from)?;
    let reason = text::required("reason", reason, text::LINE_MAX, "Say why, in a few words.").map_err(Refusal::from)?;
    w.put_pause(&Pause { of, until, reason: reason.clone(), by, since: w.now })?;
    for invoice in concerned(w, of)? {
        letters::withdraw_reminders(w, invoice, PAUSED)?;
    }
    let Paused { client, invoice } = of;
    Ok(w.record(about, Event::RemindersPaused { client, invoice, until, reason })?.done(()))
}

/// Ends a pause before its day: reminders go on with the next look, which is at once.
///
/// # Errors
/// When the scope does not allow it, or nothing is paused.
pub fn go_on(w: &mut WriteTx<'_>, scope: &StaffScope, of: Paused) -> Result<Done<()>, ActError> {
    let about = visible(w, scope, of)?;
    scope.may(Act::Work)?;
    if !w.end_pause(of)? {
        return Err(Refusal::NotFound.into());
    }
    for invoice in concerned(w, of)? {
        // The look sorts out what is due, and whether another pause holds.
        w.set_reminder(invoice, Some(w.now))?;
    }
    let Paused { client, invoice } = of;
    Ok(w.record(about, Event::RemindersGoOn { client, invoice })?.done(()))
}

/// That what is paused is there and theirs to see.
fn visible(w: &WriteTx<'_>, scope: &StaffScope, of: Paused) -> Result<About, ActError> {
    let client = found(w.client(of.client)?.filter(|c| scope.sees(c.id)))?;
    let Some(id) = of.invoice else { return Ok(About::client(client.id)) };
    let invoice = found(w.invoice(id)?.filter(|i| i.client == client.id))?;
    if invoice.issue.is_none() || !invoice.is_invoice() {
        return Err(Refusal::NotIssued.into());
    }
    Ok(About::invoice(client.id, id))
}

/// The open invoices that it is about.
fn concerned(w: &WriteTx<'_>, of: Paused) -> Result<Vec<InvoiceId>, StoreError> {
    match of.invoice {
        Some(id) => Ok(w.invoice_row(id)?.filter(|row| row.open().minor > 0).map(|_| id).into_iter().collect()),
        None => Ok(w.open_of(of.client)?.into_iter().map(|(open, _)| open.invoice).collect()),
    }
}
