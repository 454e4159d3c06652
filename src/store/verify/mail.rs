//! Letters, the outbox, and where each invoice's reminders stand.

use super::{Check, people};
use crate::domain::letter::Letter;
use crate::domain::pause::{Pause, Stopped};
use crate::domain::policy::PolicyVersion;
use crate::domain::wording::{Wording, Words};
use crate::store::accounts::person_key;
use crate::store::clients::ClientReads;
use crate::store::error::StoreError;
use crate::store::invoices::InvoiceReads;
use crate::store::letters::{LetterReads, shelf, waits_as_reminder};
use crate::store::returned::Returned;
use crate::store::tables::*;
use crate::store::tx::Reader;
use crate::store::wordings;
use redb::ReadableTable;

/// Highest tag of how a step was settled.
const OUTCOME_MAX: u8 = 4;

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let (mut highest, mut waiting, mut about, mut reminders_waiting) = (0, 0, 0, 0);
    let letters = c.every("letters", LETTERS, |c, key: u64, letter: Letter| {
        highest = key;
        c.claim(letter.id.0 == key, || format!("The letter at {key} says to be {}.", letter.id));
        let keyed = c.r.table(LETTER_KEYS)?.get(letter.key.as_str())?.map(|x| x.value());
        c.claim(keyed == Some(key), || format!("The key of letter {key} leads to {keyed:?}."));
        let led = c.r.letter_of_message(&letter.message_id)?;
        let same = match led {
            Some(id) => c.r.letter(id)?.is_some_and(|x| x.message_id == letter.message_id),
            None => false,
        };
        // One that was carried goes by its carrier, which may have gone on in another letter since.
        let same = same || led.is_some() && led == letter.with;
        c.claim(same, || format!("The Message-ID of letter {key} leads to {led:?}."));
        let listed = c.has(LETTERS_BY_STATE, (shelf(&letter.state) as u8, key))?;
        c.claim(listed, || format!("Letter {key} is missing from the list of those {}.", letter.state.words()));
        if let Some(invoice) = letter.purpose.invoice() {
            about += 1;
            let listed = c.has(LETTERS_OF_INVOICE, (invoice.0, key))? && c.has(INVOICES, invoice.0)?;
            c.claim(listed, || format!("Letter {key} is missing from the list of its invoice {invoice}."));
        }
        let ((tag, person), waits) = (person_key(letter.to), waits_as_reminder(&letter));
        reminders_waiting += u64::from(waits);
        let listed = c.has(REMINDERS_WAITING, (tag, person, key))?;
        c.claim(listed == waits, || {
            format!("Letter {key} is among the reminders that wait: {listed}; it waits: {waits}.")
        });
        let known = people::exists(c, letter.to)?;
        c.claim(known, || format!("Letter {key} is for {:?}, who does not exist.", letter.to));
        waiting += u64::from(letter.state.waits());
        due(c, &letter)
    })?;
    c.given("letter", highest)?;
    c.sized(LETTER_KEYS, letters)?;
    c.rows(RETURNED, |c, _: [u8; 32], what: u8| {
        c.claim(what <= Returned::MAX, || "A message that came back was of no known kind.".to_owned());
        Ok(())
    })?;
    c.sized(LETTERS_BY_STATE, letters)?;
    c.sized(LETTERS_OF_INVOICE, about)?;
    c.sized(REMINDERS_WAITING, reminders_waiting)?;
    c.sized(OUTBOX, waiting)?;
    c.sized(OUTBOX_OF, waiting)?;
    reminders(c)
}

/// A letter that waits has a next attempt, and only such a one.
fn due(c: &mut Check<'_>, letter: &Letter) -> Result<(), StoreError> {
    let (id, waits) = (letter.id.0, letter.state.waits());
    let at = c.r.table(OUTBOX_OF)?.get(id)?.map(|x| x.value());
    let listed = match at {
        Some(at) => c.has(OUTBOX, (letter.purpose.urgency() as u8, at, id))?,
        None => false,
    };
    c.claim(listed == waits, || format!("Letter {id} is in the outbox: {listed}; it waits: {waits}."));
    Ok(())
}

fn reminders(c: &mut Check<'_>) -> Result<(), StoreError> {
    let looks = c.rows(REMINDERS_DUE, |c, (at, invoice), ()| {
        let kept = c.r.table(REMINDER_OF_INVOICE)?.get(invoice)?.map(|x| x.value());
        let fine = kept == Some(at) && c.has(INVOICES, invoice)?;
        c.claim(fine, || format!("The next look at the reminders of invoice {invoice} is kept twice or for nothing."));
        Ok(())
    })?;
    c.sized(REMINDER_OF_INVOICE, looks)?;
    c.rows(REMINDER_STEPS, |c, (invoice, step), outcome| {
        let fine = outcome <= OUTCOME_MAX && c.has(INVOICES, invoice)?;
        c.claim(fine, || format!("The reminder step {step} of invoice {invoice} can't be right."));
        Ok(())
    })?;
    policies(c)?;
    words(c)?;
    pauses(c)?;
    stopped(c)
}

fn stopped(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut new = 0;
    c.every("stops of reminders", STOPPED, |c, key: u64, stop: Stopped| {
        let known = stop.contact.0 == key && c.r.contact(stop.contact)?.is_some_and(|x| x.client == stop.client);
        c.claim(known, || format!("The stop of reminders to contact {key} is of nobody."));
        new += u64::from(!stop.noted);
        let listed = c.has(STOPPED_NEW, key)?;
        c.claim(listed != stop.noted, || format!("The stop of reminders to contact {key} waits under Today wrongly."));
        Ok(())
    })?;
    c.sized(STOPPED_NEW, new)
}

fn policies(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut last = 0;
    c.every("versions of the reminder policy", POLICIES, |c, key: u64, one: PolicyVersion| {
        let follows = key == last + 1 && u64::from(one.version) == key;
        c.claim(follows, || format!("Version {key} of the reminder policy says to be {}.", one.version));
        last = key;
        Ok(())
    })?;
    c.rows(POLICY_OF_INVOICE, |c, invoice, version| {
        let fine = version <= last && c.has(INVOICES, invoice)?;
        c.claim(fine, || format!("The reminders of invoice {invoice} follow version {version} of the policy."));
        Ok(())
    })?;
    Ok(())
}

/// Each letter's words in each language have versions without a gap, and can be filled.
fn words(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut last = (0, 0, 0);
    c.every("words of letters", WORDINGS, |c, (tag, of, version): (u8, u64, u64), one: Wording| {
        let before = if (last.0, last.1) == (tag, of) { last.2 } else { 0 };
        let named = wordings::shelf(one.kind, one.language) == (tag, of) && u64::from(one.version) == version;
        let fit = one
            .words
            .as_ref()
            .is_none_or(|x| Words::read(one.kind, &x.subject, &x.opening, &x.closing).as_ref() == Ok(x));
        c.claim(named && fit && version == before + 1, || {
            format!("Version {version} of the words of {} in {} can’t be right.", one.kind.words(), one.language.name())
        });
        last = (tag, of, version);
        Ok(())
    })?;
    Ok(())
}

fn pauses(c: &mut Check<'_>) -> Result<(), StoreError> {
    c.every("pauses", PAUSES, |c, (client, invoice): (u64, u64), pause: Pause| {
        let named = (pause.of.client.0, pause.of.invoice.map_or(0, |id| id.0)) == (client, invoice);
        let known = match pause.of.invoice {
            Some(id) => c.r.invoice(id)?.is_some_and(|x| x.client == pause.of.client),
            None => c.has(CLIENTS, client)?,
        };
        c.claim(named && known, || {
            format!("The pause of reminders of client {client}, invoice {invoice}, is of nothing.")
        });
        Ok(())
    })?;
    Ok(())
}
