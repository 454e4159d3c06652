//! Copies of reminders for the firm's people: the very letter that went to the client, called a copy. Its links lead to
//! the desk and sign nobody in.
//!
//! A copy waits until the letter that it is of went, and falls away when that does not go.

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::daily;
use super::digest::shared_id;
use super::hand_over::{Parcel, Sender, outgoing};
use super::people::reach;
use super::stop::{moot, withdraw};
use crate::domain::ids::{ClientId, InvoiceId, LetterId};
use crate::domain::letter::{
    ALL_SLOT, ALSO_MAX, ANCHOR_SLOT, LINK_SLOT, Letter, LetterState, Purpose, link_slot, person_key,
};
use crate::domain::person::Person;
use crate::mail::letters::{Text, copy};
use crate::store::prelude::*;

/// How long after a look the next one is, should nobody tell that the letter went.
pub(super) const LOOKS_AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// Whether a letter is a copy of a reminder.
pub fn is_copy(letter: &Letter) -> bool {
    matches!((letter.purpose, letter.to), (Purpose::Reminder(..), Person::Staff(_)))
}

/// What a copy is of.
enum Original {
    /// It went: the letter that carried it.
    Went(Box<Letter>),
    /// It may still go.
    Waits,
    /// It does not go.
    Gone,
}

/// Whether the keys of two letters of reminders are of the same step, to different people.
pub(in crate::actions) fn same_step(a: &Letter, b: &Letter) -> bool {
    let step = |x: &Letter| x.key.rsplit_once('/').map(|x| x.0.to_owned());
    step(a) == step(b)
}

fn original(r: &impl Reader, copy: &Letter) -> Result<Original, StoreError> {
    let Some(invoice) = copy.purpose.invoice() else { return Ok(Original::Gone) };
    let mut waits = false;
    for letter in r.letters_about(invoice)? {
        if !matches!(letter.to, Person::Contact(_)) || !same_step(&letter, copy) {
            continue;
        }
        if letter.state.is_out() {
            let lead = letter.with.map_or(Ok(None), |lead| r.letter(lead))?;
            return Ok(Original::Went(Box::new(lead.unwrap_or(letter))));
        }
        waits |= letter.state.waits() || matches!(letter.state, LetterState::Sending(_));
    }
    Ok(if waits { Original::Waits } else { Original::Gone })
}

/// Whether a letter is a copy of one that went: it asks for nothing, so that it goes whatever holds the
/// invoice since.
pub(in super::super) fn is_of_what_went(r: &impl Reader, letter: &Letter) -> Result<bool, StoreError> {
    Ok(is_copy(letter) && matches!(original(r, letter)?, Original::Went(_)))
}

/// Has the copies of a letter that went looked at at once.
pub(super) fn wake(w: &mut WriteTx<'_>, went: &Letter) -> Result<(), StoreError> {
    let (Person::Contact(_), Purpose::Reminder(invoice, _)) = (went.to, went.purpose) else { return Ok(()) };
    let now = w.now;
    for letter in w.letters_about(invoice)? {
        if letter.state.waits() && is_copy(&letter) && same_step(&letter, went) {
            w.move_letter(&letter, &letter.state, Some(now))?;
        }
    }
    Ok(())
}

/// Begins the hand-over of a copy, together with the others of the same letter to the same person; `None` when it does
/// not go now.
///
/// # Errors
/// When the store fails.
pub fn begin_copy(
    w: &mut WriteTx<'_>,
    letter: Letter,
    zone: &TimeZone,
    sender: &Sender,
) -> Result<Option<Parcel>, ActError> {
    if w.held_since()?.is_some() {
        return Ok(None);
    }
    if let Some(reason) = moot(w, &letter)? {
        withdraw(w, letter, reason)?;
        return Ok(None);
    }
    let of = match original(w, &letter)? {
        Original::Went(of) => *of,
        Original::Gone => {
            withdraw(w, letter, "the letter that it is a copy of did not go")?;
            return Ok(None);
        }
        Original::Waits => {
            let next = w.now.saturating_add(LOOKS_AGAIN).ok();
            w.move_letter(&letter, &letter.state, next)?;
            return Ok(None);
        }
    };
    let policy = w.policy_now()?.policy;
    if let Some(until) = daily::waits_until(w, &letter, &policy, w.now, zone)? {
        w.move_letter(&letter, &letter.state, Some(until))?;
        return Ok(None);
    }
    let mut going = beside(w, &letter, &of)?;
    going.insert(0, letter);
    hand_over(w, going, &of, sender).map(Some)
}

/// The other copies for the same person that wait of the same letter, found by their keys: many more may wait of
/// others.
fn beside(r: &impl Reader, copy: &Letter, of: &Letter) -> Result<Vec<Letter>, StoreError> {
    let mut out = Vec::new();
    for id in std::iter::once(&of.id).chain(&of.carries) {
        let Some(part) = r.letter(*id)? else { continue };
        let Some((step, _)) = part.key.rsplit_once('/') else { continue };
        let Some(id) = r.letter_keyed(&format!("{step}/{}", person_key(copy.to)))? else { continue };
        let Some(other) = r.letter(id)?.filter(|x| x.id != copy.id && x.state.waits()) else { continue };
        let same = matches!(original(r, &other)?, Original::Went(x) if x.id == of.id);
        if same && moot(r, &other)?.is_none() {
            out.push(other);
        }
    }
    out.sort_by_key(|x| x.id);
    Ok(out)
}

/// Marks them as sending, the first as the one that carries the others, with the words of the letter that they are of.
fn hand_over(w: &mut WriteTx<'_>, going: Vec<Letter>, of: &Letter, sender: &Sender) -> Result<Parcel, ActError> {
    let message_id = shared_id(w, going.iter())?;
    let carried: Vec<LetterId> = going.iter().skip(1).map(|x| x.id).collect();
    let words = words(w, of)?;
    let mut whole: Option<Letter> = None;
    for mut letter in going {
        reach(w, &mut letter)?;
        let old = std::mem::replace(&mut letter.state, LetterState::Sending(w.now));
        letter.attempts += 1;
        letter.message_id.clone_from(&message_id);
        match &whole {
            Some(lead) => (letter.with, letter.carries) = (Some(lead.id), Vec::new()),
            None => {
                (letter.with, letter.carries) = (None, carried.clone());
                letter.follows = super::thread::of_invoice(w, &letter)?;
                (letter.subject, letter.text, letter.html) =
                    (words.subject.clone(), words.text.clone(), words.html.clone());
            }
        }
        w.move_letter(&letter, &old, None)?;
        whole.get_or_insert(letter);
    }
    let lead = whole.ok_or_else(|| StoreError::Broken("a copy is of no letter".to_owned()))?;
    daily::note_begun(w, &lead)?;
    let slots = slots(w, of, sender)?;
    let outgoing = outgoing(&lead, &w.firm()?, sender, &slots, w.now);
    Ok(Parcel { id: lead.id, outgoing, files: Vec::new(), named: Vec::new() })
}

/// The words of the letter, called a copy.
fn words(r: &impl Reader, of: &Letter) -> Result<Text, StoreError> {
    let (subject, text, html) = (of.subject.clone(), of.text.clone(), of.html.clone());
    as_copy(r, &Text { subject, text, html }, of.client, &of.to_name)
}

/// Words to somebody at a client, as a copy for the firm's people.
pub(super) fn as_copy(r: &impl Reader, of: &Text, client: Option<ClientId>, to_name: &str) -> Result<Text, StoreError> {
    let client = client.map_or(Ok(None), |id| r.client(id))?.map_or_else(String::new, |x| x.party.name);
    Ok(copy(&r.firm()?, of, &client, to_name))
}

/// Where the links of a letter lead in its copy: of each invoice that it asked for to that, of all else to the client.
fn slots(r: &impl Reader, of: &Letter, sender: &Sender) -> Result<Vec<(String, String)>, StoreError> {
    let client = of.client.map_or_else(|| sender.url.clone(), |id| format!("{}/desk/clients/{id}", sender.url));
    let page = |id: InvoiceId| format!("{}/desk/invoices/{id}", sender.url);
    let mut asked: Vec<String> = of.purpose.invoice().map(page).into_iter().collect();
    for id in &of.carries {
        asked.extend(r.letter(*id)?.and_then(|x| x.purpose.invoice()).map(page));
    }
    let action = if of.carries.is_empty() { asked.pop() } else { None };
    let places = (0..asked.len() + ALSO_MAX).map(|n| (link_slot(n), asked.get(n).unwrap_or(&client).clone()));
    let anchor = (ANCHOR_SLOT.to_owned(), r.anchor()?.code().to_string());
    let action = (LINK_SLOT.to_owned(), action.unwrap_or_else(|| client.clone()));
    Ok(places.chain([action, (ALL_SLOT.to_owned(), client.clone()), anchor]).collect())
}
