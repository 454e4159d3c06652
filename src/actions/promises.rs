//! Promises to pay: made by a contact or recorded by staff for the client, withdrawn, kept and broken.
//!
//! While one of enough is open no reminder of its invoice goes; afterwards the rule of downtime holds: the latest
//! missed step goes, once. An invoice has one open promise: a new one takes its place, and it stays in the history as
//! replaced.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{found, letters, notices};
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::event::{Actor, Event};
use crate::domain::hold::PROMISED;
use crate::domain::ids::{AllocationId, InvoiceId, PromiseId};
use crate::domain::invoice::Invoice;
use crate::domain::number::DocumentNumber;
use crate::domain::payment::Source;
use crate::domain::person::{Contact, Person};
use crate::domain::promise::{Outcome, PER_INVOICE_MAX, Promise, STAFF_DAYS, Wish};
use crate::domain::refusal::Refusal;
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::store::scope::{ClientView, Pass};

/// A contact with the right to answer promises to pay an invoice. Whoever looks after the client is told.
///
/// # Errors
/// [`Refusal::NotFound`] when it is not theirs to see, [`Refusal::NotAllowed`] without the right, else as [`record`].
pub fn promise(
    w: &mut WriteTx<'_>,
    pass: Pass,
    number: &DocumentNumber,
    wish: &Wish,
    zone: &TimeZone,
) -> Result<Done<PromiseId>, ActError> {
    let (row, contact) = open_to(w, pass, number)?;
    let days = w.policy()?.promises.days;
    let (promise, done) = make(w, &row, Person::Contact(contact.id), wish, (days, zone))?;
    notices::promise(w, zone, &contact, &row.invoice, &promise, notices::promised)?;
    Ok(done)
}

/// Staff record a promise that the client made to them, up to [`STAFF_DAYS`] ahead. However many contacts made, it can
/// be recorded.
///
/// # Errors
/// When the scope does not allow it, it is no issued invoice, nothing of it is open ([`Refusal::NothingOpen`]), a field
/// is to be mended, it was promised too often ([`Refusal::PromisesFull`]), or the same promise is open already
/// ([`Refusal::Repeated`] with it).
pub fn record(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    invoice: InvoiceId,
    wish: &Wish,
    zone: &TimeZone,
) -> Result<Done<PromiseId>, ActError> {
    let row = seen(w, scope, invoice)?;
    let Actor::Staff(by) = w.by.actor else { return Err(Refusal::NotFound.into()) };
    Ok(make(w, &row, Person::Staff(by), wish, (STAFF_DAYS, zone))?.1)
}

/// A contact with the right to answer withdraws the open promise of an invoice, whoever made it. Whoever looks after
/// the client is told.
///
/// # Errors
/// [`Refusal::NotFound`] when the invoice is not theirs to see or has no open promise, [`Refusal::NotAllowed`] without
/// the right.
pub fn withdraw(
    w: &mut WriteTx<'_>,
    pass: Pass,
    number: &DocumentNumber,
    zone: &TimeZone,
) -> Result<Done<()>, ActError> {
    let (row, contact) = open_to(w, pass, number)?;
    let (promise, done) = take_back(w, &row.invoice, zone)?;
    notices::promise(w, zone, &contact, &row.invoice, &promise, notices::promise_withdrawn)?;
    Ok(done)
}

/// Staff withdraw the open promise of an invoice for the client.
///
/// # Errors
/// When the scope does not allow it, or no promise is open.
pub fn withdraw_recorded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    invoice: InvoiceId,
    zone: &TimeZone,
) -> Result<Done<()>, ActError> {
    let row = seen(w, scope, invoice)?;
    Ok(take_back(w, &row.invoice, zone)?.1)
}

/// The invoice and the contact, if this contact may promise something about it.
fn open_to(w: &WriteTx<'_>, pass: Pass, number: &DocumentNumber) -> Result<(Row, Contact), ActError> {
    let view = found(ClientView::open(w, pass)?)?;
    let row = found(view.invoice(number)?.filter(|row| row.invoice.is_invoice()))?;
    let contact = view.contact().clone();
    if contact.rights.answer { Ok((row, contact)) } else { Err(Refusal::NotAllowed.into()) }
}

fn seen(w: &WriteTx<'_>, scope: &StaffScope, invoice: InvoiceId) -> Result<Row, ActError> {
    let row = found(w.invoice_row(invoice)?.filter(|r| scope.sees(r.invoice.client)))?;
    scope.may(Act::Work)?;
    Ok(row)
}

fn make(
    w: &mut WriteTx<'_>,
    row: &Row,
    by: Person,
    wish: &Wish,
    (days, zone): (u16, &TimeZone),
) -> Result<(Promise, Done<PromiseId>), ActError> {
    let (invoice, open, today) = (&row.invoice, row.open(), calendar::today(w.now, zone));
    if invoice.issue.is_none() || !invoice.is_invoice() {
        return Err(Refusal::NotIssued.into());
    }
    if open.minor <= 0 {
        return Err(Refusal::NothingOpen.into());
    }
    let Wish { day, amount, note } = wish.check(today, days, open, w.firm()?.locale)?;
    let before = w.promises_of_invoice(invoice.id)?;
    let replaced = before.last().filter(|x| x.runs_on(today));
    if let Some(same) = replaced.filter(|x| (x.by, x.day, x.amount, &x.note) == (by, day, amount, &note)) {
        return Err(Refusal::Repeated(same.id.0).into());
    }
    let mine = |x: &&Promise| matches!(x.by, Person::Staff(_)) == matches!(by, Person::Staff(_));
    if before.iter().filter(mine).count() >= PER_INVOICE_MAX {
        return Err(Refusal::PromisesFull(PER_INVOICE_MAX).into());
    }
    if let Some(old) = replaced {
        w.put_promise(&Promise { outcome: Outcome::Replaced(today), ..old.clone() })?;
    }
    let (replaces, held) = (replaced.is_some(), replaced.is_some_and(Promise::keeps_back));
    let id = PromiseId(w.next("promise")?);
    let (at, made, grace) = (w.now, today, w.policy()?.promises.grace);
    let (after, outcome, client) = (AllocationId(w.last_in_series("allocation")?), Outcome::Open, invoice.client);
    let (of, open) = (invoice.id, invoice.asked(w.unasked(row)?, day).minor);
    let promise = Promise { id, client, invoice: of, by, at, made, day, grace, amount, open, note, after, outcome };
    w.put_promise(&promise)?;
    if promise.is_enough() {
        letters::withdraw_reminders(w, of, PROMISED)?;
    } else if held {
        look_now(w, of)?;
    }
    let (last, note, invoice) = (promise.last(), promise.note.clone(), invoice.id);
    let event = Event::PaymentPromised { invoice, promise: id, amount, day, last, note, replaces };
    let done = w.record(About::invoice(client, invoice), event)?.done(id);
    Ok((promise, done))
}

fn take_back(w: &mut WriteTx<'_>, invoice: &Invoice, zone: &TimeZone) -> Result<(Promise, Done<()>), ActError> {
    let today = calendar::today(w.now, zone);
    let promise = found(w.newest_promise(invoice.id)?.filter(|x| x.runs_on(today)))?;
    w.put_promise(&Promise { outcome: Outcome::Withdrawn(today), ..promise.clone() })?;
    look_now(w, invoice.id)?;
    let Promise { id, amount, day, .. } = promise;
    let event = Event::PromiseWithdrawn { invoice: invoice.id, promise: id, amount, day };
    let done = w.record(About::invoice(invoice.client, invoice.id), event)?.done(());
    Ok((promise, done))
}

/// Has the reminders of an invoice looked at at once, because nothing is promised of it any more, or is again: the look
/// sorts out what is due, and whether something else holds.
fn look_now(w: &mut WriteTx<'_>, invoice: InvoiceId) -> Result<(), StoreError> {
    if w.looked_at(invoice)?.is_some() {
        let now = w.now;
        w.set_reminder(invoice, Some(now))?;
    }
    Ok(())
}

/// After more of an invoice was settled: promises that this keeps.
pub(super) fn paid(w: &mut WriteTx<'_>, invoice: &Invoice) -> Result<(), ActError> {
    // What more settles can't break anything, so that the day does not matter: none here has passed.
    review(w, invoice, Date::MIN)
}

/// After less of an invoice is settled: promises that were kept by what is gone.
pub(super) fn reopened(w: &mut WriteTx<'_>, invoice: &Invoice, zone: &TimeZone) -> Result<(), ActError> {
    let today = calendar::today(w.now, zone);
    review(w, invoice, today)?;
    measure(w, invoice.id)
}

/// After something of an invoice is disputed, or no longer, or its money went back: its open promise is measured with
/// what is asked for by its day now, and with what was paid since it was made. Whoever disputed nearly all of it and
/// promised half of the rest does not keep its reminders back once all of it is asked for.
pub(super) fn measure(w: &mut WriteTx<'_>, invoice: InvoiceId) -> Result<(), ActError> {
    let Some(before) = w.newest_promise(invoice)?.filter(Promise::is_open) else { return Ok(()) };
    let Some(row) = w.invoice_row(invoice)?.filter(|row| row.open().minor > 0) else { return Ok(()) };
    let asked = row.invoice.asked(w.unasked(&row)?, before.day).minor;
    let open = asked.saturating_add(paid_since(w, &before)?);
    if open == before.open {
        return Ok(());
    }
    let promise = Promise { open, ..before.clone() };
    w.put_promise(&promise)?;
    match (before.is_enough(), promise.is_enough()) {
        (false, true) => letters::withdraw_reminders(w, invoice, PROMISED),
        (true, false) => Ok(look_now(w, invoice)?),
        _ => Ok(()),
    }
}

/// What was paid of its invoice since a promise was made, in minor units. A credit note pays nothing.
fn paid_since(w: &WriteTx<'_>, promise: &Promise) -> Result<i64, StoreError> {
    let all = w.allocations_of(promise.invoice)?;
    let since = all.iter().filter(|x| x.id > promise.after && matches!(x.source, Source::Receipt(_)));
    Ok(since.fold(0_i64, |sum, x| sum.saturating_add(x.amount.minor)))
}

/// Reckons what has become of each promise of an invoice, and notes what changed with a line in the log.
fn review(w: &mut WriteTx<'_>, invoice: &Invoice, today: Date) -> Result<(), ActError> {
    let all = w.promises_of_invoice(invoice.id)?;
    if all.is_empty() {
        return Ok(());
    }
    let parts = w.settled_parts(invoice.id)?;
    let newest = all.last().map(|x| x.id);
    for promise in all {
        let outcome = match (promise.outcome, promise.now(&parts, today)) {
            // One is open at a time: what was promised since stands in its place.
            (Outcome::Kept(_), Outcome::Open) if Some(promise.id) != newest => Outcome::Replaced(today),
            // Time only goes on: what was broken is not open again by a day that is not asked.
            (Outcome::Broken(on), Outcome::Open) => Outcome::Broken(on),
            (_, outcome) => outcome,
        };
        change(w, promise, outcome)?;
    }
    Ok(())
}

/// Notes what has become of a promise, if that is another than was known.
fn change(w: &mut WriteTx<'_>, promise: Promise, outcome: Outcome) -> Result<(), ActError> {
    let (before, Promise { id, invoice, amount, day, client, .. }) = (promise.outcome, promise.clone());
    if before == outcome {
        return Ok(());
    }
    let holds = outcome == Outcome::Open && promise.is_enough();
    w.put_promise(&Promise { outcome, ..promise })?;
    if holds {
        letters::withdraw_reminders(w, invoice, PROMISED)?;
    }
    let promise = id;
    let event = match (before, outcome) {
        // Only the day moved.
        (Outcome::Kept(_), Outcome::Kept(_)) => return Ok(()),
        (_, Outcome::Kept(on)) => Event::PromiseKept { invoice, promise, amount, day, on },
        (_, Outcome::Broken(_)) => Event::PromiseBroken { invoice, promise, amount, day },
        (_, Outcome::Open) => Event::PromiseReopened { invoice, promise, amount, day },
        (_, Outcome::Replaced(_) | Outcome::Withdrawn(_)) => return Ok(()),
    };
    let _ = w.record(About::invoice(client, invoice), event)?;
    Ok(look_now(w, invoice)?)
}

/// Notes promises as broken whose day and grace have passed, at most `limit`; how many were looked at.
///
/// # Errors
/// When the store fails.
pub fn pass(w: &mut WriteTx<'_>, zone: &TimeZone, limit: usize) -> Result<usize, ActError> {
    let today = calendar::today(w.now, zone);
    let over = w.promises_over(today, limit)?;
    for id in &over {
        let promise = found(w.promise(*id)?)?;
        let parts = w.settled_parts(promise.invoice)?;
        let outcome = promise.now(&parts, today);
        change(w, promise, outcome)?;
    }
    Ok(over.len())
}
