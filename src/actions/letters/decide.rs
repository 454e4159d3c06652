//! What staff decide about letters: those that failed, those of which nobody knows, those held back.

use jiff::civil::Date;

use super::super::found;
use super::people::{reach, writing};
use super::queue::{not_lately, queue, subject};
use super::{about, daily};
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::Event;
use crate::domain::ids::{ContactId, InvoiceId, LetterId};
use crate::domain::letter::{Letter, LetterState, Link, Purpose, issue_key};
use crate::domain::person::Person;
use crate::domain::refusal::Refusal;
use crate::domain::wording::LetterKind;
use crate::mail::letters_own;
use crate::store::letters::LetterShelf;
use crate::store::prelude::*;

/// Most letters to one person that are left at once.
const LEAVE_MAX: usize = 1_000;

/// What staff decide about a letter that failed or of which nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again, with the same Message-ID, to the recipient's present address.
    SendAgain,
    /// Leave it.
    Leave,
}

/// Decides about a letter that failed, came back, or of which nobody knows, and with it about those that went as one
/// with it.
///
/// # Errors
/// When the scope does not allow it, or the letter is in another state.
pub fn decide(w: &mut WriteTx<'_>, scope: &StaffScope, id: LetterId, decision: Decision) -> Result<Done<()>, ActError> {
    let done = decide_one(w, scope, id, decision)?;
    for other in together(w, id)? {
        if w.letter(other)?.is_some_and(|l| undecided(&l)) {
            let _ = decide_one(w, scope, other, decision)?;
        }
    }
    Ok(done)
}

/// The other letters that went as one with a letter.
fn together(w: &WriteTx<'_>, id: LetterId) -> Result<Vec<LetterId>, ActError> {
    let letter = found(w.letter(id)?)?;
    let Some(lead) = letter.with else { return Ok(letter.carries) };
    let carried = w.letter(lead)?.map_or_else(Vec::new, |lead| lead.carries);
    // One that was carried, and whose carrier went by itself since, is alone.
    let all = if carried.contains(&id) { carried.into_iter().chain([lead]).collect() } else { Vec::new() };
    Ok(all)
}

fn undecided(letter: &Letter) -> bool {
    letter.state.wants_decision()
}

fn decide_one(w: &mut WriteTx<'_>, scope: &StaffScope, id: LetterId, decision: Decision) -> Result<Done<()>, ActError> {
    let mut letter = found(w.letter(id)?.filter(|l| l.client.map_or(scope.only().is_none(), |c| scope.sees(c))))?;
    scope.may(Act::Work)?;
    if !undecided(&letter) {
        return Err(Refusal::LetterSettled.into());
    }
    reach(w, &mut letter)?;
    let (state, due, words) = match decision {
        Decision::SendAgain => {
            letter.attempts = 0;
            daily::note_again(w, &letter)?;
            (LetterState::Queued, Some(w.now), "send again")
        }
        Decision::Leave => (LetterState::Withdrawn(w.now, "left as it is".to_owned()), None, "leave it"),
    };
    let old = std::mem::replace(&mut letter.state, state);
    w.move_letter(&letter, &old, due)?;
    let (to, decision) = (letter.to_address.to_string(), words.to_owned());
    let event = Event::LetterDecided { letter: id, to, decision, reason: why(&old) };
    Ok(w.record(about(&letter), event)?.done(()))
}

/// What was to be decided about, as the log keeps it.
fn why(state: &LetterState) -> String {
    match state {
        LetterState::Failed(_, said) => format!("it was not delivered: {said}"),
        LetterState::Bounced(_, said) => format!("it came back: {said}"),
        LetterState::Uncertain(_, said) => format!("nobody knew whether it went: {said}"),
        _ => String::new(),
    }
}

/// Leaves every letter that failed or came back to the person that such a letter is to: a wrong address fails again and
/// again.
///
/// # Errors
/// As [`decide`].
pub fn leave_all(w: &mut WriteTx<'_>, scope: &StaffScope, id: LetterId) -> Result<Done<()>, ActError> {
    let done = decide(w, scope, id, Decision::Leave)?;
    let to = found(w.letter(id)?)?.to;
    for shelf in [LetterShelf::Failed, LetterShelf::Bounced] {
        for letter in w.letters_on(shelf, None, LEAVE_MAX)? {
            if letter.to == to && w.letter(letter.id)?.is_some_and(|l| undecided(&l)) {
                let _ = decide(w, scope, letter.id, Decision::Leave)?;
            }
        }
    }
    Ok(done)
}

/// Sends an issue letter again to one contact, as a new letter.
///
/// # Errors
/// When the scope does not allow it, the document is a draft, the contact may not see it, or such a letter went to them
/// within the last minute.
pub fn send_again(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    invoice: InvoiceId,
    contact: ContactId,
    today: Date,
) -> Result<Done<()>, ActError> {
    let row = found(w.invoice_row(invoice)?.filter(|r| scope.sees(r.invoice.client)))?;
    scope.may(Act::Work)?;
    if row.invoice.issue.is_none() {
        return Err(Refusal::NotIssued.into());
    }
    let to = found(w.contact(contact)?.filter(|c| c.sees_billing(row.invoice.client, row.invoice.project)))?;
    not_lately(w, Person::Contact(contact), Purpose::Issued(invoice))?;
    let firm = w.firm()?;
    let firm = writing(w, &firm, Person::Contact(contact))?;
    let own = w.words_at(LetterKind::Issued, firm.locale.language(), w.now)?;
    let text = letters_own::issued(&subject(&firm, &to.name, &row, None, today), own.as_ref());
    let key = format!("{}/again-{}", issue_key(invoice, Person::Contact(contact)), w.next("letter-again")?);
    queue(w, &(&to).into(), key, Purpose::Issued(invoice), Some(Link::Document(invoice)), text)?;
    let (to, decision) = (to.email.to_string(), "send again".to_owned());
    let event = Event::LetterDecided {
        letter: LetterId(0),
        to,
        decision,
        reason: "asked for on the document’s page".to_owned(),
    };
    Ok(w.record(About::invoice(row.invoice.client, invoice), event)?.done(()))
}

/// Lets letters go that were held back since a restore or a leap of the clock: [`super::super::restored`] asks which.
///
/// # Errors
/// When the role does not allow it, or nothing is held back.
pub(in super::super) fn release_sending(w: &mut WriteTx<'_>, scope: &StaffScope) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    if !w.sending_held()? {
        return Err(Refusal::NotFound.into());
    }
    w.hold_sending(None)?;
    w.note_leap(None)?;
    Ok(w.record(About::FIRM, Event::SendingReleased)?.done(()))
}
