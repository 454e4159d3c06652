//! Disputes: raised by a contact or recorded by staff for the client, changed, passed on, and ended: upheld, rejected,
//! withdrawn, or settled when nothing is open any more. What was upheld is not asked for until a credit note of the
//! invoice says so: whoever pays it all the same, and has the money back, is not asked for it again.
//!
//! While all that is open of an invoice is disputed no reminder of it goes, and nobody looks at its steps; afterwards
//! the rule of downtime holds: the latest missed step goes, once. While a part is disputed, reminders ask for the rest;
//! of instalments for the first that is not disputed whole, by its own steps.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::anew::begin_anew;
use super::{author, found, late_notes, letters, notices, promises};
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar;
use crate::domain::dispute::{Answer, Dispute, Outcome, PER_INVOICE_MAX, Turn, Wish, any_words, words};
use crate::domain::event::{Actor, Event, LogEntry};
use crate::domain::hold::{ANOTHER_NEXT, DISPUTED, PART_DISPUTED};
use crate::domain::ids::{ClientId, DisputeId, InvoiceId, StaffId};
use crate::domain::invoice::{Invoice, Kind};
use crate::domain::money::Money;
use crate::domain::number::DocumentNumber;
use crate::domain::payment::Source;
use crate::domain::person::{Contact, Person, Role, Staff};
use crate::domain::refusal::{FieldFault, Refusal};
use crate::store::invoices::Row;
use crate::store::prelude::*;
use crate::store::scope::{ClientView, Pass};

/// The dispute that a form was drawn for: its identifier, and how often it had been changed.
pub type Seen = (DisputeId, u32);

/// Lines of an invoice's log that are looked through for what happened to its disputes.
const LOG_MAX: usize = 10_000;

/// A contact with the right to answer disputes an invoice. Whoever looks after the client is told, and looks into it.
///
/// # Errors
/// [`Refusal::NotFound`] when it is not theirs to see, [`Refusal::NotAllowed`] without the right, else as [`record`].
pub fn raise(
    w: &mut WriteTx<'_>,
    pass: Pass,
    number: &DocumentNumber,
    wish: &Wish,
    zone: &TimeZone,
) -> Result<Done<DisputeId>, ActError> {
    let (row, contact) = open_to(w, pass, number)?;
    let (dispute, done) = make(w, &row, Person::Contact(contact.id), wish, zone)?;
    notices::dispute(w, zone, &row.invoice, &dispute, notices::Told::Raised)?;
    Ok(done)
}

/// Staff record a dispute that the client raised with them. Whoever looks after the client is told, unless it is they.
///
/// # Errors
/// When the scope does not allow it, it is no issued invoice, nothing of it is open ([`Refusal::NothingOpen`]), a field
/// is to be mended, the same was said already ([`Refusal::Repeated`] with it), another dispute is open
/// ([`Refusal::DisputeOpen`]) or waits for its credit note ([`Refusal::DisputeAgreed`]), or it was disputed too often
/// ([`Refusal::DisputesFull`]).
pub fn record(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    invoice: InvoiceId,
    wish: &Wish,
    zone: &TimeZone,
) -> Result<Done<DisputeId>, ActError> {
    let row = seen(w, scope, invoice)?;
    let Actor::Staff(by) = w.by.actor else { return Err(Refusal::NotFound.into()) };
    let (dispute, done) = make(w, &row, Person::Staff(by), wish, zone)?;
    notices::dispute(w, zone, &row.invoice, &dispute, notices::Told::Raised)?;
    Ok(done)
}

/// A contact with the right to answer changes the open dispute that they saw. Whoever looks into it is told.
///
/// # Errors
/// As [`raise`]; [`Refusal::ChangedMeanwhile`] when it is not as they saw it.
pub fn change(
    w: &mut WriteTx<'_>,
    pass: Pass,
    number: &DocumentNumber,
    of: Seen,
    wish: &Wish,
    zone: &TimeZone,
) -> Result<Done<DisputeId>, ActError> {
    let (row, _) = open_to(w, pass, number)?;
    reword(w, &row, of, wish, zone)
}

/// Staff change the open dispute that they saw, for the client.
///
/// # Errors
/// As [`record`]; [`Refusal::ChangedMeanwhile`] when it is not as they saw it.
pub fn change_recorded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    invoice: InvoiceId,
    of: Seen,
    wish: &Wish,
    zone: &TimeZone,
) -> Result<Done<DisputeId>, ActError> {
    let row = seen(w, scope, invoice)?;
    reword(w, &row, of, wish, zone)
}

/// A contact with the right to answer withdraws the open dispute, whoever raised it. Whoever looks into it is told.
///
/// # Errors
/// [`Refusal::NotFound`] when the invoice is not theirs to see or has no open dispute, [`Refusal::NotAllowed`] without
/// the right.
pub fn withdraw(
    w: &mut WriteTx<'_>,
    pass: Pass,
    number: &DocumentNumber,
    zone: &TimeZone,
) -> Result<Done<()>, ActError> {
    let (row, _) = open_to(w, pass, number)?;
    take_back(w, &row, zone)
}

/// Staff withdraw the open dispute for the client.
///
/// # Errors
/// When the scope does not allow it, or no dispute is open.
pub fn withdraw_recorded(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    invoice: InvoiceId,
    zone: &TimeZone,
) -> Result<Done<()>, ActError> {
    let row = seen(w, scope, invoice)?;
    take_back(w, &row, zone)
}

/// Staff pass the open dispute on to somebody else of the firm, who is told.
///
/// # Errors
/// When the scope does not allow it, no dispute is open, or that person is not here or does not see the client.
pub fn pass_on(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    invoice: InvoiceId,
    to: StaffId,
    zone: &TimeZone,
) -> Result<Done<()>, ActError> {
    let row = seen(w, scope, invoice)?;
    let dispute = found(w.open_dispute(invoice)?)?;
    let sees = w.staff(to)?.is_some_and(|s| resolves(&s, row.invoice.client));
    if !sees {
        let message = "Choose somebody who works here and sees this client.";
        return Err(Refusal::from(FieldFault::new("with", message)).into());
    }
    let dispute = Dispute { with: to, ..dispute };
    w.put_dispute(&dispute)?;
    let done = tell(w, &dispute, Turn::Passed { to })?.done(());
    notices::dispute(w, zone, &row.invoice, &dispute, notices::Told::Passed)?;
    Ok(done)
}

/// Whether somebody of the firm can look into disputes of a client: is here, works on clients' matters, sees them.
pub fn resolves(staff: &Staff, client: ClientId) -> bool {
    StaffScope::of(staff).is_some_and(|scope| scope.sees(client) && scope.may(Act::Work).is_ok())
}

/// Who looks into a new dispute of a client: whoever looks after them, or else an owner.
fn resolver(w: &WriteTx<'_>, client: ClientId) -> Result<StaffId, ActError> {
    let after = letters::responsible(w, client)?.into_iter();
    let owners = w.all_staff()?.into_iter().filter(|s| s.role == Role::Owner);
    Ok(found(after.chain(owners).find(|s| resolves(s, client)).map(|x| x.id))?)
}

/// Staff agree with the open dispute, with words to the client or none. The client is told.
///
/// # Errors
/// When the scope does not allow it, no dispute is open, it is not as they saw it ([`Refusal::ChangedMeanwhile`]), or
/// the words are too long.
pub fn uphold(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    (invoice, of): (InvoiceId, Option<Seen>),
    typed: &str,
    zone: &TimeZone,
) -> Result<Done<()>, ActError> {
    let row = seen(w, scope, invoice)?;
    let words = any_words(typed).map_err(Refusal::from)?;
    answer(w, (&row, of), Outcome::Upheld(calendar::today(w.now, zone)), words, zone)
}

/// Staff do not agree with the open dispute, and say why. The client is told.
///
/// # Errors
/// As [`uphold`], and without words.
pub fn reject(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    (invoice, of): (InvoiceId, Option<Seen>),
    typed: &str,
    zone: &TimeZone,
) -> Result<Done<()>, ActError> {
    let row = seen(w, scope, invoice)?;
    let words = words(typed, "Say why, so that the client can follow it.").map_err(Refusal::from)?;
    answer(w, (&row, of), Outcome::Rejected(calendar::today(w.now, zone)), words, zone)
}

/// Staff note that nothing has to be credited of what they agreed on, or not by a credit note of this invoice: what is
/// open of it is asked for again.
///
/// # Errors
/// When the scope does not allow it, or no dispute that was upheld waits for a credit note.
pub fn close(w: &mut WriteTx<'_>, scope: &StaffScope, invoice: InvoiceId) -> Result<Done<()>, ActError> {
    let row = seen(w, scope, invoice)?;
    let dispute = found(w.agreed_dispute(invoice)?)?;
    Ok(finish(w, &row, dispute, false)?.done(()))
}

/// What was agreed is credited, or need not be: what is open is asked for again, and what late payment of it costs.
fn finish(w: &mut WriteTx<'_>, row: &Row, dispute: Dispute, credited: bool) -> Result<Recorded, ActError> {
    let dispute = Dispute { waits: false, ..dispute };
    put(w, row, &dispute)?;
    let recorded = tell(w, &dispute, Turn::Done { credited })?;
    plan_again(w, row)?;
    late_notes::looked_past(w, row.invoice.id)?;
    Ok(recorded)
}

/// The invoice and the contact, if this contact may dispute it.
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
    zone: &TimeZone,
) -> Result<(Dispute, Done<DisputeId>), ActError> {
    let (invoice, open) = (&row.invoice, row.open());
    if invoice.issue.is_none() || !invoice.is_invoice() {
        return Err(Refusal::NotIssued.into());
    }
    if open.minor <= 0 {
        return Err(Refusal::NothingOpen.into());
    }
    let (Wish { part, ground, words }, amount) = wish.check(invoice, open)?;
    let before = w.disputes_of_invoice(invoice.id)?;
    if let Some(old) = before.last().filter(|x| x.stands()) {
        if old.waits {
            return Err(Refusal::DisputeAgreed.into());
        }
        let same = (old.by, &old.part, old.ground, &old.words) == (by, &part, ground, &words);
        let why = if same { Refusal::Repeated(old.id.0) } else { Refusal::DisputeOpen(old.made) };
        return Err(why.into());
    }
    refuse_more(w, &before, matches!(by, Person::Staff(_)))?;
    let with = resolver(w, invoice.client)?;
    let (id, client, made) = (DisputeId(w.next("dispute")?), invoice.client, calendar::today(w.now, zone));
    let turn = Turn::Raised { part: part.clone(), ground, words: words.clone(), with };
    let (at, outcome, invoice) = (w.now, Outcome::Open, invoice.id);
    let (changes, waits, answer) = (0, false, None);
    let dispute = Dispute {
        id,
        client,
        invoice,
        by,
        at,
        made,
        part,
        amount,
        ground,
        words,
        with,
        changes,
        outcome,
        waits,
        answer,
    };
    put(w, row, &dispute)?;
    plan(w, row, &dispute)?;
    let done = tell(w, &dispute, turn)?.done(id);
    Ok((dispute, done))
}

fn reword(w: &mut WriteTx<'_>, row: &Row, of: Seen, wish: &Wish, zone: &TimeZone) -> Result<Done<DisputeId>, ActError> {
    let (Wish { part, ground, words }, amount) = wish.check(&row.invoice, row.open())?;
    let open = w.open_dispute(row.invoice.id)?;
    if let Some(same) = &open
        && (&same.part, same.ground, &same.words) == (&part, ground, &words)
    {
        return Err(Refusal::Repeated(same.id.0).into());
    }
    if w.agreed_dispute(row.invoice.id)?.is_some() {
        return Err(Refusal::DisputeAgreed.into());
    }
    let Some(old) = open.filter(|x| (x.id, x.changes) == of) else { return Err(Refusal::ChangedMeanwhile.into()) };
    // What staff change is their own affair.
    if !matches!(w.by.actor, Actor::Staff(_)) {
        refuse_more(w, &w.disputes_of_invoice(row.invoice.id)?, false)?;
    }
    let changes = old.changes.saturating_add(1);
    let turn = Turn::Changed { part: part.clone(), ground, words: words.clone() };
    let dispute = Dispute { part, amount, ground, words, changes, ..old };
    put(w, row, &dispute)?;
    plan(w, row, &dispute)?;
    // The rest may be late, and was looked past while all of it was disputed.
    late_notes::looked_past(w, row.invoice.id)?;
    let done = tell(w, &dispute, turn)?.done(dispute.id);
    notices::dispute(w, zone, &row.invoice, &dispute, notices::Told::Changed)?;
    Ok(done)
}

/// Refuses one more dispute of an invoice that `staff` recorded as often as can be, or one more dispute or change where
/// contacts did: each tells somebody by letter.
fn refuse_more(w: &WriteTx<'_>, before: &[Dispute], staff: bool) -> Result<(), ActError> {
    let raised = before.iter().filter(|x| matches!(x.by, Person::Staff(_)) == staff).count();
    let changes = before.iter().filter(|_| !staff).map(|x| usize::try_from(x.changes).unwrap_or(usize::MAX));
    let mut told = changes.fold(raised, usize::saturating_add);
    if told >= PER_INVOICE_MAX && !staff {
        told = raised.saturating_add(changed_by_contacts(w, before)?);
    }
    if told >= PER_INVOICE_MAX { Err(Refusal::DisputesFull(PER_INVOICE_MAX).into()) } else { Ok(()) }
}

/// How often contacts changed disputes of an invoice: a dispute counts the changes of all, and the log knows whose each
/// was.
fn changed_by_contacts(w: &WriteTx<'_>, before: &[Dispute]) -> Result<usize, StoreError> {
    let Some(invoice) = before.first().map(|x| x.invoice) else { return Ok(0) };
    let changed = |x: &&LogEntry| {
        let turned = matches!(x.event, Event::Dispute { turn: Turn::Changed { .. }, .. });
        turned && matches!(x.by.actor, Actor::Contact(_))
    };
    Ok(w.log_of_invoice(invoice, None, LOG_MAX)?.iter().filter(changed).count())
}

fn take_back(w: &mut WriteTx<'_>, row: &Row, zone: &TimeZone) -> Result<Done<()>, ActError> {
    let dispute = found(w.open_dispute(row.invoice.id)?)?;
    let today = calendar::today(w.now, zone);
    let done = end(w, row, Dispute { outcome: Outcome::Withdrawn(today), ..dispute.clone() })?;
    notices::dispute(w, zone, &row.invoice, &dispute, notices::Told::Withdrawn)?;
    Ok(done)
}

fn answer(
    w: &mut WriteTx<'_>,
    (row, of): (&Row, Option<Seen>),
    outcome: Outcome,
    words: String,
    zone: &TimeZone,
) -> Result<Done<()>, ActError> {
    let dispute = found(w.open_dispute(row.invoice.id)?)?;
    if of.is_some_and(|of| of != (dispute.id, dispute.changes)) {
        return Err(Refusal::ChangedMeanwhile.into());
    }
    let by = author(w);
    let waits = matches!(outcome, Outcome::Upheld(_));
    let dispute = Dispute { outcome, waits, answer: Some(Answer { by, words }), ..dispute };
    let done = end(w, row, dispute.clone())?;
    notices::answered(w, zone, &row.invoice, &dispute)?;
    Ok(done)
}

/// Ends a dispute as it says: reminders go on, and what late payment costs is asked for again.
fn end(w: &mut WriteTx<'_>, row: &Row, dispute: Dispute) -> Result<Done<()>, ActError> {
    put(w, row, &dispute)?;
    let words = dispute.answer.as_ref().map_or_else(String::new, |x| x.words.clone());
    let turn = match dispute.outcome {
        Outcome::Upheld(_) => Turn::Upheld { words },
        Outcome::Rejected(_) => Turn::Rejected { words },
        Outcome::Withdrawn(_) => Turn::Withdrawn,
        Outcome::Settled(_) => Turn::Settled,
        Outcome::Open => Turn::Reopened,
    };
    let done = tell(w, &dispute, turn)?.done(());
    plan(w, row, &dispute)?;
    late_notes::looked_past(w, row.invoice.id)?;
    Ok(done)
}

/// Keeps a dispute. Where another instalment is the next to be asked for by it, its reminders begin anew; what is
/// promised of the invoice is measured with what is asked for now.
fn put(w: &mut WriteTx<'_>, row: &Row, dispute: &Dispute) -> Result<(), ActError> {
    let due = w.asked_due(row)?;
    w.put_dispute(dispute)?;
    promises::measure(w, row.invoice.id)?;
    let disputed = dispute.stands() && w.asked_due(row)? > due;
    begin_anew(w, &row.invoice, due, if disputed { PART_DISPUTED } else { ANOTHER_NEXT })
}

/// Sees to the reminders of an invoice: while all that is open is disputed none waits and nobody looks; else the look
/// sorts out what is due, and whether something else holds.
fn plan(w: &mut WriteTx<'_>, row: &Row, dispute: &Dispute) -> Result<(), ActError> {
    let id = row.invoice.id;
    if dispute.holds(row.open()) {
        letters::withdraw_reminders(w, id, DISPUTED)?;
        return Ok(w.set_reminder(id, None)?);
    }
    plan_again(w, row)
}

/// Has the reminders of an invoice looked at at once: nobody looks while it is held, so that one that ends has it
/// looked at, whatever was planned.
fn plan_again(w: &mut WriteTx<'_>, row: &Row) -> Result<(), ActError> {
    let id = row.invoice.id;
    if row.open().minor > 0 && row.invoice.reminds() {
        let now = w.now;
        w.set_reminder(id, Some(now))?;
    }
    Ok(())
}

/// After more or less of an invoice is open than `before`, on the civil day `on`: its dispute is over, or open again,
/// and its reminders follow.
pub(super) fn moved(w: &mut WriteTx<'_>, before: &Row, on: Date) -> Result<(), ActError> {
    let Some(dispute) = w.newest_dispute(before.invoice.id)? else { return Ok(()) };
    if !dispute.waits && !matches!(dispute.outcome, Outcome::Open | Outcome::Settled(_)) {
        return Ok(());
    }
    let row = found(w.invoice_row(before.invoice.id)?)?;
    let outcome = dispute.now(row.open(), on);
    let dispute = match outcome == dispute.outcome {
        true => dispute,
        false => {
            let amount = match outcome {
                Outcome::Settled(_) => dispute.disputed(before.open()),
                _ => dispute.amount,
            };
            let turn = if outcome == Outcome::Open { Turn::Reopened } else { Turn::Settled };
            let dispute = Dispute { outcome, ..dispute };
            put(w, &row, &dispute)?;
            let _ = tell(w, &Dispute { amount, ..dispute.clone() }, turn)?;
            dispute
        }
    };
    if dispute.stands() { plan(w, &row, &dispute) } else { Ok(()) }
}

/// After a credit note came to count: what was agreed on of this very invoice is credited by it, if it was issued since
/// that was disputed. One of before is about something else.
pub(super) fn credited(w: &mut WriteTx<'_>, invoice: InvoiceId, note: &Invoice) -> Result<(), ActError> {
    let Some(dispute) = w.agreed_dispute(invoice)?.filter(|x| answers(note, x)) else { return Ok(()) };
    let row = found(w.invoice_row(invoice)?)?;
    finish(w, &row, dispute, true).map(drop)
}

/// Whether a credit note can be what was agreed on in a dispute.
fn answers(note: &Invoice, dispute: &Dispute) -> bool {
    let since = note.issue.as_ref().is_some_and(|x| x.at >= dispute.at);
    since && note.kind == Kind::CreditNote(dispute.invoice)
}

/// After a credit note of an invoice is gone that was brought in at `at`: where a dispute was over by that, what was
/// agreed on waits to be credited again, unless another credit note was applied since.
pub(super) fn uncredited(w: &mut WriteTx<'_>, invoice: InvoiceId, at: Timestamp) -> Result<(), ActError> {
    let upheld = |x: &Dispute| matches!(x.outcome, Outcome::Upheld(_)) && !x.waits;
    let Some(dispute) = w.newest_dispute(invoice)?.filter(upheld) else { return Ok(()) };
    let log = w.log_of_invoice(invoice, None, LOG_MAX)?;
    let last = log.iter().find_map(|x| over_by(&x.event, dispute.id).map(|credited| (x.at, credited)));
    if last != Some((at, true)) || is_answered(w, &dispute)? {
        return Ok(());
    }
    let (row, dispute) = (found(w.invoice_row(invoice)?)?, Dispute { waits: true, ..dispute });
    put(w, &row, &dispute)?;
    let _ = tell(w, &dispute, Turn::Reopened)?;
    plan(w, &row, &dispute)
}

/// Of an event which tells that nothing of a dispute has to be credited any more: whether it is.
fn over_by(event: &Event, of: DisputeId) -> Option<bool> {
    match event {
        Event::Dispute { dispute, turn: Turn::Done { credited }, .. } if *dispute == of => Some(*credited),
        _ => None,
    }
}

/// Whether a credit note that can be what was agreed on settles some of its invoice.
fn is_answered(w: &WriteTx<'_>, dispute: &Dispute) -> Result<bool, StoreError> {
    for allocation in w.allocations_of(dispute.invoice)? {
        let Source::Credit(id) = allocation.source else { continue };
        if w.invoice(id)?.is_some_and(|note| answers(&note, dispute)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Notes in the log what happened to a dispute, and how much of its invoice it was about then.
fn tell(w: &mut WriteTx<'_>, dispute: &Dispute, turn: Turn) -> Result<Recorded, ActError> {
    let Dispute { id, invoice, client, amount, .. } = *dispute;
    let amount = match turn {
        Turn::Settled | Turn::Done { .. } => amount,
        _ => now_disputed(w, dispute)?,
    };
    Ok(w.record(About::invoice(client, invoice), Event::Dispute { invoice, dispute: id, amount, turn })?)
}

/// How much is disputed now, or was when it ended.
fn now_disputed(w: &WriteTx<'_>, dispute: &Dispute) -> Result<Money, ActError> {
    let row = found(w.invoice_row(dispute.invoice)?)?;
    let open = Dispute { outcome: Outcome::Open, ..dispute.clone() };
    Ok(open.disputed(row.open()))
}
