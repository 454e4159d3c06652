//! What every issued document gets, however it came about: its place, its event, its letters, its reminders.

use std::collections::BTreeSet;

use super::super::reminders::Rules;
use super::super::{disputes, found, late_notes, letters, payments};
use crate::app::Settings;
use crate::domain::calendar;
use crate::domain::event::{Actor, By, Event};
use crate::domain::ids::{FileRef, InvoiceId, StaffId};
use crate::domain::invoice::{Invoice, Kind};
use crate::domain::money::Money;
use crate::domain::payment::{Settled, Source};
use crate::domain::reminder;
use crate::store::prelude::*;

/// What every issued document gets: its place, its event, its allocation if it credits, its letters and reminders.
pub(super) fn complete(
    w: &mut WriteTx<'_>,
    invoice: &Invoice,
    event: Event,
    settings: &Settings,
) -> Result<Done<()>, ActError> {
    complete_holding(w, invoice, event, settings, false)
}

/// As [`complete`]; a credit note that is held settles nothing yet and stays as credit of the client.
pub(super) fn complete_holding(
    w: &mut WriteTx<'_>,
    invoice: &Invoice,
    event: Event,
    settings: &Settings,
    hold: bool,
) -> Result<Done<()>, ActError> {
    w.put_invoice(invoice)?;
    let recorded = w.record(About::invoice(invoice.client, invoice.id), event)?;
    match invoice.kind {
        Kind::CreditNote(of) => apply_credit(w, invoice, of, hold)?,
        Kind::Invoice => {
            begin_reminders(w, invoice, settings)?;
            late_notes::looked_past(w, invoice.id)?;
        }
    }
    let today = calendar::today(w.now, &settings.zone);
    letters::queue_issued(w, invoice, today)?;
    Ok(recorded.done(()))
}

/// Says when the reminders of a new invoice are looked at first.
pub(in super::super) fn begin_reminders(
    w: &mut WriteTx<'_>,
    invoice: &Invoice,
    settings: &Settings,
) -> Result<(), StoreError> {
    let due = invoice.next_due(Settled::default());
    let rules = Rules::now(w, &settings.zone)?.of(w, invoice, due)?;
    let plan = reminder::plan(due, &rules.policy, &rules.zone);
    let first = reminder::next_wake(&plan, w.now, &BTreeSet::new(), w.now);
    // Steps that fall before publication are looked at once, so that the log says that they were skipped.
    let first = first.or(Some(w.now)).filter(|_| invoice.payable().minor > 0 && invoice.reminds());
    w.set_reminder(invoice.id, first)
}

/// Settles the credited invoice with its credit note, as far as it is open and unless it is held; the rest is unapplied
/// credit.
fn apply_credit(w: &mut WriteTx<'_>, credit: &Invoice, of: InvoiceId, hold: bool) -> Result<(), ActError> {
    let row = found(w.invoice_row(of)?.filter(|r| r.invoice.client == credit.client))?;
    let part = if hold { 0 } else { row.open().minor.min(credit.payable().minor) };
    if part > 0 {
        let (source, amount) = (Source::Credit(credit.id), Money::new(part, credit.currency));
        let _ = payments::allocate(w, &row, source, amount, credit.dated, "")?;
    }
    if !hold || row.open().minor <= 0 {
        // Paid already: what was agreed on is credited all the same, whatever becomes of the credit.
        disputes::credited(w, of, credit)?;
    }
    w.put_unapplied(credit.client, Source::Credit(credit.id), credit.payable())?;
    Ok(())
}

/// Who issued, if a person of the firm did.
pub(in super::super) fn issued_by(by: &By) -> Option<StaffId> {
    match by.actor {
        Actor::Staff(id) => Some(id),
        _ => None,
    }
}

/// Keeps the bytes of a document.
pub(in super::super) fn keep_pdf(w: &mut WriteTx<'_>, bytes: &[u8], name: String) -> Result<FileRef, StoreError> {
    let digest = w.put_file(bytes)?;
    Ok(FileRef { digest, length: bytes.len() as u64, name, media_type: "application/pdf".to_owned() })
}
