//! Letters are queued in the commit of what causes them, each once under its key.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::super::found;
use super::copies::{LOOKS_AGAIN, as_copy, is_copy};
use super::people::{Addressee, Reached, addressee, concerned, recipients, writing};
use super::stop::withdraw;
use super::{about, daily};
use crate::domain::event::Event;
use crate::domain::firm::Firm;
use crate::domain::hold::is_hold;
use crate::domain::ids::LetterId;
use crate::domain::invoice::{Invoice, Kind};
use crate::domain::letter::{Letter, LetterState, Link, Purpose, answer_key, issue_key, quote_key, reminder_key};
use crate::domain::payment::Settled;
use crate::domain::person::{Contact, Person};
use crate::domain::quote::Quote;
use crate::domain::refusal::Refusal;
use crate::domain::reminder::{Planned, Policy};
use crate::domain::text::EmailAddress;
use crate::domain::wording::{LetterKind, Voice};
use crate::mail::letters_digest::Also;
use crate::mail::{letters as words, letters_own};
use crate::mutants::Mutant;
use crate::secrets::{self, TokenDigest};
use crate::store::invoices::Row;
use crate::store::prelude::*;

/// How long the same letter to the same person is not queued once more by hand.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(1);
/// Most of the newest letters that are looked through for it.
const LATELY_MAX: usize = 1_000;

/// Queues the letter that says that a document was issued, to everybody who gets it.
pub(in super::super) fn queue_issued(w: &mut WriteTx<'_>, invoice: &Invoice, today: Date) -> Result<(), ActError> {
    let firm = w.firm()?;
    let credited = match invoice.kind {
        Kind::CreditNote(of) => w.invoice(of)?.filter(|x| x.issue.is_some()),
        Kind::Invoice => None,
    };
    let row = Row { invoice: invoice.clone(), settled: Settled::default() };
    for contact in recipients(w, invoice)? {
        let firm = writing(w, &firm, Person::Contact(contact.id))?;
        let about = subject(&firm, &contact.name, &row, None, today);
        let text = match &credited {
            Some(of) => {
                let number = of.number().map_or("", |x| x.as_str());
                words::credit_note(&about, words::Credits { number, is_late_note: of.late.is_some() })
            }
            None => {
                let own = w.words_at(LetterKind::Issued, firm.locale.language(), w.now)?;
                letters_own::issued(&about, own.as_ref())
            }
        };
        let key = issue_key(invoice.id, Person::Contact(contact.id));
        let (purpose, link) = (Purpose::Issued(invoice.id), Some(Link::Document(invoice.id)));
        queue(w, &(&contact).into(), key, purpose, link, text)?;
    }
    Ok(())
}

/// Queues a reminder step to everybody whom it reaches, as `policy` has it; how many letters were queued.
pub(in super::super) fn queue_reminder(
    w: &mut WriteTx<'_>,
    row: &Row,
    (step, policy): (&Planned, &Policy),
    to: &Reached,
    today: Date,
) -> Result<usize, ActError> {
    let invoice = &row.invoice;
    let voice = Voice::of(policy, step.step, step.tone);
    let instalment = w.asked_instalment(row)?;
    for older in w.letters_about(invoice.id)? {
        if older.state.waits() && matches!(older.purpose, Purpose::Reminder(_, before) if before < step.step) {
            withdraw(w, older, "a later reminder took its place")?;
        }
    }
    let (firm, disputed) = (w.firm()?, disputed(w, row)?);
    let mut queued = 0;
    let purpose = Purpose::Reminder(invoice.id, step.step);
    let key = |to| reminder_key(invoice.id, instalment, step.step, to);
    for contact in &to.contacts {
        let firm = writing(w, &firm, Person::Contact(contact.id))?;
        let text = reminder_words(w, &subject(&firm, &contact.name, row, disputed, today), voice, w.now)?;
        let link = Some(Link::Document(invoice.id));
        queued +=
            usize::from(queue_or_again(w, &contact.into(), key(Person::Contact(contact.id)), purpose, link, text)?);
    }
    for (staff, first) in to.copies.iter().zip(to.contacts.first().into_iter().cycle()) {
        let theirs = writing(w, &firm, Person::Contact(first.id))?;
        let text = reminder_words(w, &subject(&theirs, &first.name, row, disputed, today), voice, w.now)?;
        let text = as_copy(w, &text, Some(invoice.client), &first.name)?;
        let to = Addressee { client: Some(invoice.client), ..Addressee::from(staff) };
        let key = key(Person::Staff(staff.id));
        // The client's link is theirs alone: a copy leads to the invoice on the desk.
        if queue_or_again(w, &to, key.clone(), purpose, None, text)? {
            queued += 1;
            let kept = w.letter_keyed(&key)?.map_or(Ok(None), |id| w.letter(id))?;
            // It goes when the letter that it is of went, with the words of that one.
            if let Some(copy) = kept {
                let next = w.now.saturating_add(LOOKS_AGAIN).ok();
                w.move_letter(&copy, &copy.state, next)?;
            }
        }
    }
    Ok(queued)
}

/// A reminder in the words that held `at` an instant: a letter in the outbox keeps those of when it was queued.
fn reminder_words(
    r: &impl Reader,
    about: &words::Subject<'_>,
    voice: Voice,
    at: Timestamp,
) -> Result<words::Text, StoreError> {
    let mut own = None;
    for kind in voice.kinds(about.due, about.today) {
        own = own.or(r.words_at(kind, about.firm.locale.language(), at)?);
    }
    Ok(letters_own::reminder(about, voice.tone, own.as_ref()))
}

/// Writes a waiting reminder's words again, with what is open `today`.
pub(in super::super) fn reword(
    w: &mut WriteTx<'_>,
    letter: Letter,
    row: &Row,
    voice: Voice,
    today: Date,
) -> Result<(), ActError> {
    reword_with(w, letter, row, voice, today, None)
}

/// As [`reword`], naming what is `also` open.
pub(super) fn reword_with(
    w: &mut WriteTx<'_>,
    letter: Letter,
    row: &Row,
    voice: Voice,
    today: Date,
    also: Option<&Also>,
) -> Result<(), ActError> {
    let firm = w.firm()?;
    let firm = writing(w, &firm, letter.to)?;
    let about = words::Subject { also, ..subject(&firm, &letter.to_name, row, disputed(w, row)?, today) };
    let words::Text { subject, text, html } = reminder_words(w, &about, voice, letter.queued)?;
    if (&subject, &text, &html) != (&letter.subject, &letter.text, &letter.html) {
        let reworded = Letter { subject, text, html, ..letter };
        w.move_letter(&reworded, &reworded.state, Some(w.now))?;
    }
    Ok(())
}

/// Queues the letter that says that a quote was sent, to everybody who gets letters and may see it. Its link is the
/// quote's own address, which asks for a sign-in.
pub(in super::super) fn queue_quote(w: &mut WriteTx<'_>, quote: &Quote, today: Date) -> Result<(), ActError> {
    let firm = w.firm()?;
    for contact in w.contacts_of(quote.client)? {
        if contact.rights.letters && contact.sees_billing(quote.client, quote.project) {
            let firm = writing(w, &firm, Person::Contact(contact.id))?;
            let text = words::quote_sent(&firm, &contact.name, quote, today);
            let key = quote_key(quote.id, quote.latest(), Person::Contact(contact.id));
            queue(w, &(&contact).into(), key, Purpose::Quote(quote.id), None, text)?;
        }
    }
    Ok(())
}

/// Queues the letter that says that a quote was answered by `contact`, to the firm's people whom it concerns.
pub(in super::super) fn queue_answered(w: &mut WriteTx<'_>, quote: &Quote, contact: &Contact) -> Result<(), ActError> {
    let firm = w.firm()?;
    let client = found(w.client(quote.client)?)?;
    for staff in concerned(w, quote, &client)? {
        let text = words::quote_answered(&firm, &staff.name, quote, &contact.name, &client.party.name);
        let key = answer_key(quote.id, quote.latest(), Person::Staff(staff.id));
        let to = Addressee { client: Some(quote.client), ..Addressee::from(&staff) };
        queue(w, &to, key, Purpose::QuoteAnswered(quote.id), None, text)?;
    }
    Ok(())
}

/// Queues a letter with a link to set a password.
pub(in super::super) fn queue_set_password(
    w: &mut WriteTx<'_>,
    person: Person,
    invited: bool,
) -> Result<LetterId, ActError> {
    let firm = w.firm()?;
    let to = found(addressee(w, person)?)?;
    let text = words::set_password(&*writing(w, &firm, person)?, &to.name, invited);
    let key = format!("set-password/{}", w.next("secret-letter")?);
    let link = if invited { Link::SetPassword } else { Link::Reset };
    queue_fresh(w, &to, key, Purpose::SetPassword, Some(link), text)
}

/// Queues a letter with a link and a code to sign in, for the browser whose request has this digest.
pub(in super::super) fn queue_sign_in(
    w: &mut WriteTx<'_>,
    person: Person,
    request: TokenDigest,
) -> Result<LetterId, ActError> {
    let firm = w.firm()?;
    let to = found(addressee(w, person)?)?;
    let text = words::sign_in(&*writing(w, &firm, person)?, &to.name);
    let key = format!("sign-in/{}", w.next("secret-letter")?);
    queue_fresh(w, &to, key, Purpose::SignIn, Some(Link::SignIn(request.0)), text)
}

/// Queues a letter that tells somebody of what happened, to the address `at`, or to where they are reached.
pub(in super::super) fn queue_notice(
    w: &mut WriteTx<'_>,
    person: Person,
    at: Option<&EmailAddress>,
    write: impl FnOnce(&str) -> words::Text,
) -> Result<(), ActError> {
    let mut to = found(addressee(w, person)?)?;
    if let Some(at) = at {
        to.address = at.clone();
    }
    let (key, text) = (format!("notice/{}", w.next("secret-letter")?), write(&to.name));
    queue(w, &to, key, Purpose::Notice, None, text).map(drop)
}

/// Queues a letter under a key that was never used, and gives its identifier.
fn queue_fresh(
    w: &mut WriteTx<'_>,
    to: &Addressee,
    key: String,
    purpose: Purpose,
    link: Option<Link>,
    words: words::Text,
) -> Result<LetterId, ActError> {
    queue(w, to, key, purpose, link, words)?;
    Ok(LetterId(w.last_in_series("letter")?))
}

/// Refuses when a letter about the same went to the same person a moment ago, as by two presses of a button. One that
/// failed or was withdrawn doesn't count.
pub(in super::super) fn not_lately(w: &WriteTx<'_>, to: Person, purpose: Purpose) -> Result<(), ActError> {
    for letter in w.letters(None, LATELY_MAX)? {
        if w.now.duration_since(letter.queued) >= AGAIN_AFTER {
            break;
        }
        let stands =
            !matches!(letter.state, LetterState::Failed(..) | LetterState::Bounced(..) | LetterState::Withdrawn(..));
        if stands && letter.to == to && letter.purpose == purpose {
            return Err(Refusal::SentLately.into());
        }
    }
    Ok(())
}

/// Queues one letter; false when its key was used before.
pub(super) fn queue(
    w: &mut WriteTx<'_>,
    to: &Addressee,
    key: String,
    purpose: Purpose,
    link: Option<Link>,
    words: words::Text,
) -> Result<bool, ActError> {
    if w.letter_keyed(&key)?.is_some() && !Mutant::NoKeys.is_on() {
        return Ok(false);
    }
    let letter = Letter {
        id: LetterId(w.next("letter")?),
        message_id: message_id(&key),
        key,
        to: to.person,
        to_name: to.name.clone(),
        to_address: to.address.clone(),
        client: to.client,
        purpose,
        link,
        subject: words.subject,
        text: words.text,
        html: words.html,
        // Found when it goes: what it follows may not have gone itself yet.
        follows: None,
        state: LetterState::Queued,
        attempts: 0,
        queued: w.now,
        with: None,
        carries: Vec::new(),
    };
    w.put_new_letter(&letter)?;
    let event =
        Event::LetterQueued { letter: letter.id, subject: letter.subject.clone(), to: to.address.to_string(), purpose };
    let _ = w.record(about(&letter), event)?;
    Ok(true)
}

/// As [`queue`], or once more the very letter of this key that only a hold took back: as it would be written now.
fn queue_or_again(
    w: &mut WriteTx<'_>,
    to: &Addressee,
    key: String,
    purpose: Purpose,
    link: Option<Link>,
    words: words::Text,
) -> Result<bool, ActError> {
    let Some(letter) = taken_back(w, &key)? else { return queue(w, to, key, purpose, link, words) };
    let words::Text { subject, text, html } = words;
    let (to_name, to_address, old) = (to.name.clone(), to.address.clone(), letter.state.clone());
    let (state, attempts, queued) = (LetterState::Queued, 0, w.now);
    let letter = Letter { to_name, to_address, link, subject, text, html, state, attempts, queued, ..letter };
    w.move_letter(&letter, &old, Some(queued))?;
    daily::forget_again(w, &letter)?;
    let (to, subject) = (to.address.to_string(), letter.subject.clone());
    let _ = w.record(about(&letter), Event::LetterQueued { letter: letter.id, subject, to, purpose })?;
    Ok(true)
}

/// The letter of a key that a hold alone took back.
fn taken_back(r: &impl Reader, key: &str) -> Result<Option<Letter>, StoreError> {
    let letter = r.letter_keyed(key)?.map_or(Ok(None), |id| r.letter(id))?;
    Ok(letter.filter(|x| matches!(&x.state, LetterState::Withdrawn(_, why) if is_hold(why))))
}

/// The steps of which a letter is out, of the instalment that is the next to be paid.
pub(in super::super) fn steps_out(r: &impl Reader, row: &Row) -> Result<BTreeSet<i16>, StoreError> {
    let instalment = r.asked_instalment(row)?;
    let out = r.letters_about(row.invoice.id)?.into_iter().filter(|x| x.state.is_out());
    let step = |x: Letter| match x.purpose {
        Purpose::Reminder(id, step) => Some(step).filter(|_| x.key == reminder_key(id, instalment, step, x.to)),
        _ => None,
    };
    Ok(out.filter_map(step).collect())
}

/// A letter of the instalment that is the next to be paid.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Written {
    pub step: i16,
    pub queued: Timestamp,
    /// Whether a hold alone took it back.
    pub taken_back: bool,
}

/// All letters to clients about the instalment that is the next to be paid.
pub(in super::super) fn written(r: &impl Reader, row: &Row) -> Result<Vec<Written>, StoreError> {
    let (instalment, mut out) = (r.asked_instalment(row)?, Vec::new());
    for letter in r.letters_about(row.invoice.id)? {
        let Purpose::Reminder(id, step) = letter.purpose else { continue };
        if letter.key == reminder_key(id, instalment, step, letter.to) && !is_copy(&letter) {
            let taken_back = taken_back(r, &letter.key)?.is_some();
            out.push(Written { step, queued: letter.queued, taken_back });
        }
    }
    Ok(out)
}

/// Those of the people whom a step reaches who have not had its letter yet.
pub(in super::super) fn yet_to_get(
    r: &impl Reader,
    row: &Row,
    step: i16,
    mut to: Reached,
) -> Result<Reached, StoreError> {
    let instalment = r.asked_instalment(row)?;
    let goes = |person: Person| {
        let key = reminder_key(row.invoice.id, instalment, step, person);
        Ok::<_, StoreError>(r.letter_keyed(&key)?.is_none() || taken_back(r, &key)?.is_some())
    };
    let (mut contacts, mut copies) = (Vec::new(), Vec::new());
    for contact in to.contacts {
        if goes(Person::Contact(contact.id))? {
            contacts.push(contact);
        }
    }
    for staff in to.copies {
        if goes(Person::Staff(staff.id))? {
            copies.push(staff);
        }
    }
    (to.contacts, to.copies) = (contacts, copies);
    Ok(to)
}

/// The part of an invoice that is disputed now, while the rest is not.
pub(super) fn disputed(r: &impl Reader, row: &Row) -> Result<Option<words::Disputed>, StoreError> {
    let open = row.open();
    let part = r.standing_dispute(row.invoice.id)?.map(|x| words::Disputed { amount: x.disputed(open), since: x.made });
    Ok(part.filter(|x| (1..open.minor).contains(&x.amount.minor)))
}

/// What a letter about a document says. What is disputed of instalments is of the earliest open ones, as the sums have
/// it: asked for is what is due of the others.
pub(super) fn subject<'a>(
    firm: &'a Firm,
    to: &'a str,
    row: &'a Row,
    disputed: Option<words::Disputed>,
    today: Date,
) -> words::Subject<'a> {
    let settled = row.settled.and(disputed.map_or(0, |x| x.amount.minor));
    let from_person = if firm.correspondent.is_empty() { &firm.party.name } else { &firm.correspondent };
    words::Subject {
        firm,
        to_name: to,
        invoice: &row.invoice,
        open: row.invoice.open(settled),
        disputed,
        asked: row.invoice.asked(settled, today),
        due: row.invoice.next_due(settled),
        today,
        from_person,
        also: None,
    }
}

/// The Message-ID's local part, from the key alone, so that every attempt carries the same.
pub(super) fn message_id(key: &str) -> String {
    secrets::sha256(key.as_bytes())[..16].iter().map(|b| format!("{b:02x}")).collect()
}
