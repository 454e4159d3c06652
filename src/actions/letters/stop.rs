//! When a letter should not go any more, and how it is withdrawn.

use super::about;
use super::people::addressee;
use super::{copies, posted, statements};
use crate::domain::access::StaffScope;
use crate::domain::event::Event;
use crate::domain::hold::is_hold;
use crate::domain::ids::InvoiceId;
use crate::domain::letter::{Letter, LetterState, Purpose, reminder_key};
use crate::domain::person::{Contact, Person};
use crate::store::prelude::*;

/// Why a reminder does not go to somebody who asked for none.
const UNWANTED: &str = "the recipient asked for no reminders";

/// Why a letter should not go any more: the stop rules, checked in the transaction that begins the hand-over.
pub(super) fn moot(w: &impl Reader, letter: &Letter) -> Result<Option<&'static str>, StoreError> {
    let Some(present) = addressee(w, letter.to)? else { return Ok(Some("the recipient was revoked")) };
    let secret = matches!(letter.purpose, Purpose::SignIn | Purpose::SetPassword);
    if secret && present.address != letter.to_address {
        return Ok(Some("the recipient's address changed since"));
    }
    if matches!(letter.purpose, Purpose::Posted(_)) {
        let nothing = posted::told(w, letter)?.is_empty();
        return Ok(nothing.then_some("what it told of was withdrawn, replaced or is no longer theirs to see"));
    }
    if let Purpose::Statement(id) = letter.purpose {
        return statements::moot(w, letter.to, id);
    }
    let Some(id) = letter.purpose.invoice() else { return Ok(None) };
    let Some(row) = w.invoice_row(id)? else { return Ok(Some("the document is gone")) };
    let sees = match letter.to {
        Person::Contact(id) => w.contact(id)?.is_some_and(|c| c.sees_billing(row.invoice.client, row.invoice.project)),
        Person::Staff(id) => {
            w.staff(id)?.is_some_and(|s| StaffScope::of(&s).is_some_and(|scope| scope.sees(row.invoice.client)))
        }
    };
    if !sees {
        return Ok(Some("the recipient may no longer see the document"));
    }
    if let (true, Person::Contact(contact)) = (letter.purpose.reminds(), letter.to)
        && w.stopped(contact)?.is_some()
    {
        return Ok(Some(UNWANTED));
    }
    let settled = matches!(letter.purpose, Purpose::Reminder(..)) && row.open().minor == 0;
    Ok(settled.then_some("nothing is open any more"))
}

/// Withdraws a waiting letter; the reason ends up in the log. A reminder that only a hold takes back counts as missed
/// from then on.
pub(in super::super) fn withdraw(w: &mut WriteTx<'_>, mut letter: Letter, reason: &str) -> Result<(), ActError> {
    let old = std::mem::replace(&mut letter.state, LetterState::Withdrawn(w.now, reason.to_owned()));
    w.move_letter(&letter, &old, None)?;
    let event =
        Event::LetterWithdrawn { letter: letter.id, to: letter.to_address.to_string(), reason: reason.to_owned() };
    let _ = w.record(about(&letter), event)?;
    if is_hold(reason) { miss(w, &letter) } else { Ok(()) }
}

/// Lets the step of a letter that a hold took back be due again: the look after the hold sorts out whether it goes, and
/// its key, that it goes to nobody twice. Not when a later step was settled since, which took its place.
fn miss(w: &mut WriteTx<'_>, letter: &Letter) -> Result<(), ActError> {
    let (Purpose::Reminder(id, step), Person::Contact(_)) = (letter.purpose, letter.to) else { return Ok(()) };
    let Some(row) = w.invoice_row(id)? else { return Ok(()) };
    let of_now = letter.key == reminder_key(id, w.asked_instalment(&row)?, step, letter.to);
    if of_now && w.reminder_steps(id)?.iter().all(|x| x.0 <= step) {
        w.forget_step(id, step)?;
        // Sets the look for the end of the hold.
        w.set_reminder(id, Some(w.now))?;
    }
    Ok(())
}

/// Withdraws the reminders of a document that still wait, for this reason. A hold lets copies go whose letter went.
pub(in super::super) fn withdraw_reminders(
    w: &mut WriteTx<'_>,
    invoice: InvoiceId,
    reason: &str,
) -> Result<(), ActError> {
    for letter in w.letters_about(invoice)? {
        let waits = letter.state.waits() && matches!(letter.purpose, Purpose::Reminder(..));
        if waits && !(is_hold(reason) && copies::is_of_what_went(w, &letter)?) {
            withdraw(w, letter, reason)?;
        }
    }
    Ok(())
}

/// Withdraws the reminders to a contact that still wait, because they want none.
pub(in super::super) fn withdraw_reminders_to(w: &mut WriteTx<'_>, contact: &Contact) -> Result<(), ActError> {
    for (open, _) in w.open_of(contact.client)? {
        for letter in w.letters_about(open.invoice)? {
            if letter.state.waits() && letter.purpose.reminds() && letter.to == Person::Contact(contact.id) {
                withdraw(w, letter, UNWANTED)?;
            }
        }
    }
    Ok(())
}
