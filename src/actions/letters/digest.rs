//! One letter for several reminders to one person: put together while it is handed over, out of the letters that wait,
//! each of which keeps its own key and shares the verdict.
//!
//! What is open is asked here once more, so that what was paid since is not in it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};

use super::along::along_of;
use super::hand_over::{Parcel, Sender, begin, looked_after_by, note_files, offer_stop, outgoing};
use super::people::{reach, writing};
use super::queue::{client_name, copied, disputed, message_id, subject};
use super::stop::{moot, withdraw};
use super::thread;
use crate::domain::calendar::today;
use crate::domain::grant::{DOCUMENT_DAYS, Grant, Opens};
use crate::domain::ids::{ClientId, InvoiceId, LetterId};
use crate::domain::invoice::Invoice;
use crate::domain::letter::{ANCHOR_SLOT, LINK_SLOT, Letter, LetterState, Purpose, link_slot};
use crate::domain::person::Person;
use crate::domain::promise::{Outcome, Promise, STAFF_DAYS, Terms};
use crate::domain::reminder::{Policy, Tone};
use crate::mail::letters_digest::{Entry, InDispute, Promised, digest, kind};
use crate::secrets::{Entropy, Token};
use crate::store::invoices::Row;
use crate::store::prelude::*;

/// Most invoices that one letter names; the others go in the next one.
pub const CARRIED_MAX: usize = 100;

/// Begins the hand-over of these reminders, all to one person about one client’s invoices, as one letter; `zone` is
/// that by whose clocks it reaches them. As [`begin`] when only one of them still wants to go.
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
        [only] => {
            let id = only.0.id;
            begin(w, id, entropy, sender)
        }
        _ => together(w, going, zone, entropy, sender),
    }
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
    let words = words(w, &going, zone)?;
    let message_id = shared_id(&going);
    let invoices: Vec<Invoice> = going.iter().map(|x| x.1.invoice.clone()).collect();
    let carried: Vec<LetterId> = going.iter().skip(1).map(|x| x.0.id).collect();
    let mut slots = Vec::new();
    let mut whole: Option<Letter> = None;
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
                letter.follows = thread::last_digest(w, &letter)?;
                (letter.subject, letter.text, letter.html) =
                    (words.subject.clone(), words.text.clone(), words.html.clone());
            }
        }
        w.move_letter(&letter, &old, None)?;
        whole.get_or_insert(letter);
    }
    let Some(lead) = whole else { return Ok(None) };
    let all = match (lead.to, lead.client) {
        (Person::Staff(_), Some(client)) => format!("{}/desk/clients/{client}", sender.url),
        _ => format!("{}/invoices", sender.url),
    };
    slots.extend([(LINK_SLOT.to_owned(), all), (ANCHOR_SLOT.to_owned(), w.anchor()?.code().to_string())]);
    let mut outgoing = outgoing(&lead, &w.firm()?, sender, &slots, w.now);
    outgoing.thread = thread::first_digest(w, &lead)?.map(|local| thread::beside(&outgoing.message_id, &local));
    let along = along_of(w, &lead, &invoices)?;
    note_files(w, &lead, &along, &mut outgoing)?;
    if let Some(answers_to) = looked_after_by(w, &lead)? {
        outgoing.reply_to = Some(answers_to);
    }
    offer_stop(w, &lead, entropy, sender, &mut outgoing)?;
    Ok(Some(Parcel { id: lead.id, outgoing, files: along.files }))
}

/// The words of the whole, true today.
fn words(w: &WriteTx<'_>, going: &[(Letter, Row)], zone: &TimeZone) -> Result<crate::mail::letters::Text, ActError> {
    let nothing = || StoreError::Broken("a letter of several reminders has none".to_owned());
    let (first, row) = going.first().ok_or_else(nothing)?;
    let (firm, policy, client) = (w.firm()?, w.policy()?, client_name(w, &row.invoice)?);
    let (firm, today) = (writing(w, &firm, first.to)?, today(w.now, zone));
    let entry = |(letter, row): &'_ (Letter, Row)| tone(&policy, letter).on(today, row.due());
    let asides = going.iter().map(|x| Ok((broken(w, &x.1)?, disputed(w, &x.1)?)));
    let asides = asides.collect::<Result<Vec<_>, StoreError>>()?;
    let entries: Vec<Entry<'_>> = going
        .iter()
        .zip(asides)
        .map(|(one, (broken, disputed))| {
            let about = subject(&firm, &first.to_name, &one.1, disputed, today);
            let about = if matches!(first.to, Person::Staff(_)) { copied(about, &client) } else { about };
            Entry { about, tone: entry(one), broken }
        })
        .collect();
    // As with one reminder, the words that held when it was queued: of several, the last of them.
    let queued = going.iter().map(|x| x.0.queued).max().unwrap_or(w.now);
    let own = match kind(&entries) {
        Some(kind) => w.words_at(kind, firm.locale.language(), queued)?,
        None => None,
    };
    let promised = promised(w, first, row.invoice.client, today)?;
    let disputed = disputed_whole(w, first, row.invoice.client)?;
    Ok(digest(&entries, &promised, &disputed, own.as_ref()).ok_or_else(nothing)?)
}

/// The promise of an invoice that was broken last, if what was promised has not come since either.
fn broken(r: &impl Reader, row: &Row) -> Result<Option<Promised>, StoreError> {
    let newest = r.newest_promise(row.invoice.id)?;
    let Some(broken) = newest.filter(|x| matches!(x.outcome, Outcome::Broken(_))) else { return Ok(None) };
    let came = broken.has_come(&r.settled_parts(row.invoice.id)?);
    Ok(Some(broken).filter(|_| !came).and_then(|x| named(&row.invoice, &x)))
}

/// The client's other invoices of which a payment is promised, as far as the reader may see them.
fn promised(r: &impl Reader, letter: &Letter, client: ClientId, today: Date) -> Result<Vec<Promised>, StoreError> {
    let reader = match letter.to {
        Person::Contact(id) => r.contact(id)?,
        Person::Staff(_) => None,
    };
    let mut out = Vec::new();
    // What is open was made within as many days as staff look ahead, and its grace.
    let from = today.saturating_sub(Span::new().days(STAFF_DAYS + Terms::GRACE_MAX));
    for promise in r.promises_of(client, from, today, CARRIED_MAX)?.iter().filter(|x| x.holds_on(today)) {
        let Some(invoice) = r.invoice(promise.invoice)? else { continue };
        if reader.as_ref().is_none_or(|x| x.sees_billing(client, invoice.project)) {
            out.extend(named(&invoice, promise));
        }
    }
    Ok(out)
}

/// The client's other invoices that are disputed whole, as far as the reader may see them.
fn disputed_whole(r: &impl Reader, letter: &Letter, client: ClientId) -> Result<Vec<InDispute>, StoreError> {
    let reader = match letter.to {
        Person::Contact(id) => r.contact(id)?,
        Person::Staff(_) => None,
    };
    let mut out = Vec::new();
    for dispute in r.standing_disputes(Some(client), CARRIED_MAX)? {
        let Some(row) = r.invoice_row(dispute.invoice)?.filter(|row| dispute.holds(row.open())) else { continue };
        if reader.as_ref().is_none_or(|x| x.sees_billing(client, row.invoice.project)) {
            let number = row.invoice.number().map(ToString::to_string);
            out.extend(number.map(|number| InDispute { number, since: dispute.made }));
        }
    }
    Ok(out)
}

fn named(invoice: &Invoice, promise: &Promise) -> Option<Promised> {
    let number = invoice.number()?.to_string();
    Some(Promised { number, is_late_note: invoice.late.is_some(), amount: promise.amount, day: promise.day })
}

/// How a reminder’s step speaks; one that the policy has no longer, politely.
fn tone(policy: &Policy, letter: &Letter) -> Tone {
    let Purpose::Reminder(_, offset) = letter.purpose else { return Tone::Overdue };
    policy.step(offset).map_or(Tone::at(offset, Tone::Overdue), |step| step.tone)
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

/// The Message-ID of the whole, from all the keys. One that they share already stays, also when some dropped out: the
/// same letter may be on its way.
fn shared_id(going: &[(Letter, Row)]) -> String {
    let first = going.first().map_or("", |x| x.0.message_id.as_str());
    if going.iter().all(|x| x.0.message_id == first) {
        return first.to_owned();
    }
    let mut keys: Vec<&str> = going.iter().map(|x| x.0.key.as_str()).collect();
    keys.sort_unstable();
    message_id(&keys.join("\n"))
}
