//! One letter for several reminders to one person: put together while it is handed over, out of the letters that wait,
//! each of which keeps its own key and shares the verdict.
//!
//! What is open is asked here once more, so that what was paid since is not in it.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::along::along_of;
use super::also::{AlsoOpen, also_open};
use super::hand_over::{Parcel, Sender, begin_with, looked_after_by, note_files, offer_stop, outgoing};
use super::people::{reach, writing};
use super::queue::{disputed, message_id, reword_with, subject};
use super::stop::{moot, withdraw};
use super::{daily, thread};
use crate::domain::calendar::today;
use crate::domain::grant::{DOCUMENT_DAYS, Grant, Opens};
use crate::domain::ids::{InvoiceId, LetterId};
use crate::domain::invoice::Invoice;
use crate::domain::letter::{ALL_SLOT, ANCHOR_SLOT, LINK_SLOT, Letter, LetterState, Purpose, link_slot};
use crate::domain::promise::{Outcome, Promise};
use crate::domain::reminder::{Policy, Tone};
use crate::domain::wording::Voice;
use crate::mail::letters::Text;
use crate::mail::letters_digest::{Also, Entry, Promised, digest, kind};
use crate::secrets::{Entropy, Token};
use crate::store::invoices::Row;
use crate::store::prelude::*;

/// Most invoices that one letter names; the others go in the next one.
pub const CARRIED_MAX: usize = 100;

/// Begins the hand-over of these reminders, all to one person about one client’s invoices, as one letter; `zone` is
/// that by whose clocks it reaches them. Each by itself when only one of them still wants to go.
///
/// # Errors
/// When the store fails.
pub fn begin_together(
    w: &mut WriteTx<'_>,
    ids: &[LetterId],
    zone: &TimeZone,
    entropy: &Entropy,
    sender: &Sender,
) -> Result<Option<Parcel>, ActError> {
    // No reminder goes while letters are held back since a restore.
    if w.held_since()?.is_some() {
        return Ok(None);
    }
    let mut going = Vec::new();
    for &id in ids {
        let Some(letter) = w.letter(id)?.filter(|x| x.state.waits()) else { continue };
        match (moot(w, &letter)?, row_of(w, &letter)?) {
            (Some(reason), _) => withdraw(w, letter, reason)?,
            (None, Some(row)) => going.push((letter, row)),
            (None, None) => {}
        }
    }
    match going.as_slice() {
        [] => Ok(None),
        [(letter, row)] => alone(w, letter.clone(), row, zone, entropy, sender),
        _ => together(w, going, zone, entropy, sender),
    }
}

/// One reminder by itself, with its own words, which name what else is open.
fn alone(
    w: &mut WriteTx<'_>,
    letter: Letter,
    row: &Row,
    zone: &TimeZone,
    entropy: &Entropy,
    sender: &Sender,
) -> Result<Option<Parcel>, ActError> {
    let (id, today) = (letter.id, today(w.now, zone));
    let asked = BTreeSet::from([row.invoice.id]);
    let firm = w.firm()?;
    let found = also_open(w, &*writing(w, &firm, letter.to)?, &letter, row.invoice.client, &asked, today)?;
    if found.ids.is_empty() {
        return begin_with(w, id, entropy, sender, Vec::new());
    }
    let mut links = vec![(ALL_SLOT.to_owned(), format!("{}/invoices", sender.url))];
    for (n, other) in found.ids.iter().enumerate() {
        links.push((link_slot(n), link(w, &letter, *other, entropy, sender)?));
    }
    let policy = w.policy()?;
    let voice = voice(&policy, &letter, w.asked_due(row)?, today);
    reword_with(w, letter, row, voice, today, Some(&found.also))?;
    let parcel = begin_with(w, id, entropy, sender, links)?;
    Ok(parcel.map(|parcel| Parcel { named: found.ids, ..parcel }))
}

fn row_of(r: &impl Reader, letter: &Letter) -> Result<Option<Row>, StoreError> {
    letter.purpose.invoice().map_or(Ok(None), |id| r.invoice_row(id))
}

/// Marks all of them as sending, the first as the one that carries the others, with the words of the whole.
fn together(
    w: &mut WriteTx<'_>,
    mut going: Vec<(Letter, Row)>,
    zone: &TimeZone,
    entropy: &Entropy,
    sender: &Sender,
) -> Result<Option<Parcel>, ActError> {
    going.sort_by_key(|(letter, row)| (row.due(), letter.id));
    let found = others(w, &going, zone)?;
    let words = words(w, &going, &found.also, zone)?;
    let message_id = shared_id(w, going.iter().map(|x| &x.0))?;
    let invoices: Vec<Invoice> = going.iter().map(|x| x.1.invoice.clone()).collect();
    let carried: Vec<LetterId> = going.iter().skip(1).map(|x| x.0.id).collect();
    let mut slots = Vec::new();
    let (mut whole, mut own_threads): (Option<Letter>, _) = (None, Vec::new());
    for (n, (mut letter, row)) in going.into_iter().enumerate() {
        slots.push((link_slot(n), link(w, &letter, row.invoice.id, entropy, sender)?));
        reach(w, &mut letter)?;
        let old = std::mem::replace(&mut letter.state, LetterState::Sending(w.now));
        letter.attempts += 1;
        letter.message_id.clone_from(&message_id);
        match &whole {
            Some(lead) => (letter.with, letter.carries) = (Some(lead.id), Vec::new()),
            None => {
                (letter.with, letter.carries) = (None, carried.clone());
                own_threads = thread::of_invoices(w, &letter, invoices.iter().map(|x| x.id))?;
                letter.follows = thread::last_digest(w, &letter)?.or_else(|| own_threads.pop());
                (letter.subject, letter.text, letter.html) =
                    (words.subject.clone(), words.text.clone(), words.html.clone());
            }
        }
        w.move_letter(&letter, &old, None)?;
        whole.get_or_insert(letter);
    }
    let Some(lead) = whole else { return Ok(None) };
    daily::note_begun(w, &lead)?;
    for (n, other) in (slots.len()..).zip(&found.ids) {
        slots.push((link_slot(n), link(w, &lead, *other, entropy, sender)?));
    }
    let all = format!("{}/invoices", sender.url);
    slots.extend([(LINK_SLOT.to_owned(), all), (ANCHOR_SLOT.to_owned(), w.anchor()?.code().to_string())]);
    let mut outgoing = outgoing(&lead, &w.firm()?, sender, &slots, w.now);
    let first = thread::first_digest(w, &lead)?;
    own_threads.retain(|local| Some(local) != first.as_ref());
    let threads = first.into_iter().chain(own_threads);
    outgoing.thread = threads.map(|local| thread::beside(&outgoing.message_id, &local)).collect();
    let along = along_of(w, &lead, &invoices)?;
    note_files(w, &lead, &along, &mut outgoing)?;
    if let Some(answers_to) = looked_after_by(w, &lead)? {
        outgoing.reply_to = Some(answers_to);
    }
    offer_stop(w, &lead, entropy, sender, &mut outgoing)?;
    Ok(Some(Parcel { id: lead.id, outgoing, files: along.files, named: found.ids }))
}

/// What else is open of the client.
fn others(w: &WriteTx<'_>, going: &[(Letter, Row)], zone: &TimeZone) -> Result<AlsoOpen, StoreError> {
    let Some((first, row)) = going.first() else { return Ok(AlsoOpen::default()) };
    let (firm, asked) = (w.firm()?, going.iter().map(|x| x.1.invoice.id).collect());
    also_open(w, &*writing(w, &firm, first.to)?, first, row.invoice.client, &asked, today(w.now, zone))
}

/// The words of the whole, true today.
fn words(w: &WriteTx<'_>, going: &[(Letter, Row)], also: &Also, zone: &TimeZone) -> Result<Text, ActError> {
    let nothing = || StoreError::Broken("a letter of several reminders has none".to_owned());
    let (first, _) = going.first().ok_or_else(nothing)?;
    let (firm, policy) = (w.firm()?, w.policy()?);
    let (firm, today) = (writing(w, &firm, first.to)?, today(w.now, zone));
    let asides = going.iter().map(|x| Ok((broken(w, &x.1)?, disputed(w, &x.1)?)));
    let asides = asides.collect::<Result<Vec<_>, StoreError>>()?;
    let entries: Vec<Entry<'_>> = going
        .iter()
        .zip(asides)
        .map(|(one, (broken, disputed))| {
            let about = subject(&firm, &first.to_name, &one.1, disputed, today);
            Entry { about, tone: voice(&policy, &one.0, about.due, today).tone, broken }
        })
        .collect();
    // As with one reminder, the words that held when it was queued: of several, the last of them.
    let queued = going.iter().map(|x| x.0.queued).max().unwrap_or(w.now);
    let own = match kind(&entries) {
        Some(kind) => w.words_at(kind, firm.locale.language(), queued)?,
        None => None,
    };
    Ok(digest(&entries, also, own.as_ref()).ok_or_else(nothing)?)
}

/// The promise of an invoice that was broken last, if what was promised has not come since either.
fn broken(r: &impl Reader, row: &Row) -> Result<Option<Promised>, StoreError> {
    let newest = r.newest_promise(row.invoice.id)?;
    let Some(broken) = newest.filter(|x| matches!(x.outcome, Outcome::Broken(_))) else { return Ok(None) };
    let came = broken.has_come(&r.settled_parts(row.invoice.id)?);
    Ok(Some(broken).filter(|_| !came).map(|x| promise_of(&x)))
}

/// A promise as a letter names it.
pub(super) fn promise_of(promise: &Promise) -> Promised {
    Promised { amount: promise.amount, day: promise.day }
}

/// How a reminder’s step speaks today; one that the policy has no longer, politely.
fn voice(policy: &Policy, letter: &Letter, due: Date, today: Date) -> Voice {
    let Purpose::Reminder(_, offset) = letter.purpose else { return Voice { tone: Tone::Overdue, step: None } };
    let tone = policy.step(offset).map_or(Tone::at(offset, Tone::Overdue), |step| step.tone);
    Voice::of(policy, offset, tone.on(today, due))
}

/// The link to one of the invoices: for the client a door to that document alone, for staff the desk.
fn link(
    w: &mut WriteTx<'_>,
    letter: &Letter,
    invoice: InvoiceId,
    entropy: &Entropy,
    sender: &Sender,
) -> Result<String, ActError> {
    if letter.link.is_none() {
        return Ok(format!("{}/desk/invoices/{invoice}", sender.url));
    }
    let token = Token::draw(entropy);
    let lasts = SignedDuration::from_hours(DOCUMENT_DAYS * 24);
    let expires =
        w.now.saturating_add(lasts).map_err(|_| StoreError::Broken("the clock is out of range".to_owned()))?;
    w.put_grant(token.digest(), &Grant { person: letter.to, opens: Opens::Document(invoice), expires })?;
    Ok(format!("{}/sign-in/link/{}", sender.url, token.reveal()))
}

/// The Message-ID of the whole, from all the keys: of the same letters always the same one. What staff said be sent
/// again keeps one that all of it shares, also when some dropped out: the same letter may have arrived. What was
/// deferred was not taken, and the others that bore its Message-ID may go with it.
pub(super) fn shared_id<'l>(
    r: &impl Reader,
    going: impl Iterator<Item = &'l Letter> + Clone,
) -> Result<String, StoreError> {
    if let Some(first) = going.clone().next()
        && daily::is_again(r, first.id)?
        && going.clone().all(|x| x.message_id == first.message_id)
    {
        return Ok(first.message_id.clone());
    }
    let mut keys: Vec<&str> = going.map(|x| x.key.as_str()).collect();
    keys.sort_unstable();
    Ok(message_id(&keys.join("\n")))
}
