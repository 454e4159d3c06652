//! Handing a letter over, committed as begun before anything is sent, and its outcome after.
//!
//! A process that dies in between leaves the letter *sending*; at the next start it is uncertain, and a reminder is
//! then never sent again by itself.

use jiff::{SignedDuration, Timestamp};

use super::super::found;
use super::along::{ATTACHED_MAX, Along, along};
use super::people::{reach, responsible, writing};
use super::posted;
use super::queue::message_id;
use super::stop::{moot, withdraw};
use super::{about, copies, daily, thread};
use crate::app::Settings;
use crate::domain::event::Event;
use crate::domain::firm::Firm;
use crate::domain::grant::{
    CodeRequest, DOCUMENT_DAYS, Grant, Opens, RESET_MINUTES, SET_PASSWORD_HOURS, SIGN_IN_MINUTES, STOP_DAYS,
};
use crate::domain::ids::{FileRef, InvoiceId, LetterId};
use crate::domain::letter::{ANCHOR_SLOT, ATTEMPTS_MAX, CODE_SLOT, LINK_SLOT, Letter, LetterState, Link, Purpose};
use crate::domain::person::Person;
use crate::domain::refusal::Refusal;
use crate::mail::letters::{noting_files, offering_stop};
use crate::mail::{Outgoing, Verdict};
use crate::secrets::{self, Entropy, Token, TokenDigest};
use crate::store::letters::{LetterShelf, retry_at};
use crate::store::prelude::*;

/// A letter ready to be handed over, with the secrets that were drawn for it.
#[derive(Debug)]
pub struct Parcel {
    /// The letter.
    pub id: LetterId,
    /// What goes out, without the files.
    pub outgoing: Outgoing,
    /// Names and files that go along, to be read by [`attach`](super::attach).
    pub files: Vec<(String, FileRef)>,
    /// Invoices that it names beside those that it asks for.
    pub named: Vec<InvoiceId>,
}

/// Where letters come from and where their links lead.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Public address of this portal.
    pub url: String,
    /// Name and address.
    pub from: (String, String),
    /// Where answers go; the firm's own address when there is none.
    pub reply_to: Option<String>,
    /// Where letters come back to that can't be delivered; the sender's address when there is none.
    pub return_path: Option<String>,
}

impl Sender {
    /// As the configuration has it.
    pub fn of(settings: &Settings) -> Self {
        Self {
            url: settings.url.clone(),
            from: settings.from.clone(),
            reply_to: settings.reply_to.clone(),
            return_path: settings.bounces.as_ref().and_then(|b| b.return_path.clone()),
        }
    }
}

/// Begins a hand-over: checks once more that the letter should go, draws its link and code, and marks it as sending.
/// `None` when it does not wait any more, was withdrawn because its reason is gone, or sending is held back.
///
/// # Errors
/// When the store fails.
pub fn begin(
    w: &mut WriteTx<'_>,
    id: LetterId,
    entropy: &Entropy,
    sender: &Sender,
) -> Result<Option<Parcel>, ActError> {
    begin_with(w, id, entropy, sender, Vec::new())
}

/// As [`begin`], with links that were drawn for other slots of its text.
pub(super) fn begin_with(
    w: &mut WriteTx<'_>,
    id: LetterId,
    entropy: &Entropy,
    sender: &Sender,
    links: Vec<(String, String)>,
) -> Result<Option<Parcel>, ActError> {
    let held = w.held_since()?;
    let goes = |l: &Letter| l.state.waits() && held.is_none_or(|since| l.goes_while_held(since));
    let Some(mut letter) = w.letter(id)?.filter(goes) else { return Ok(None) };
    if let Some(reason) = moot(w, &letter)? {
        withdraw(w, letter, reason)?;
        return Ok(None);
    }
    if matches!(letter.purpose, Purpose::Posted(_)) {
        letter = found(posted::refreshed(w, &letter)?)?;
    }
    reach(w, &mut letter)?;
    letter.follows = thread::of_invoice(w, &letter)?;
    // One that was to go with others, and was not taken, leaves them their Message-ID.
    if letter.purpose.reminds() && !daily::is_again(w, id)? {
        letter.message_id = message_id(&letter.key);
    }
    let along = along(w, &letter)?;
    let (link, code) = draw(w, &letter, entropy, sender)?;
    let old = std::mem::replace(&mut letter.state, LetterState::Sending(w.now));
    letter.attempts += 1;
    (letter.with, letter.carries) = (None, Vec::new());
    w.move_letter(&letter, &old, None)?;
    let (firm, anchor) = (w.firm()?, w.anchor()?.code().to_string());
    if letter.purpose.reminds() {
        daily::note_begun(w, &letter)?;
    }
    let own = [(LINK_SLOT, link), (CODE_SLOT, spaced(&code)), (ANCHOR_SLOT, anchor)];
    let slots: Vec<(String, String)> =
        own.map(|(slot, words)| (slot.to_owned(), words)).into_iter().chain(links).collect();
    let mut outgoing = outgoing(&letter, &firm, sender, &slots, w.now);
    if let Some(answers_to) = looked_after_by(w, &letter)? {
        outgoing.reply_to = Some(answers_to);
    }
    note_files(w, &letter, &along, &mut outgoing)?;
    offer_stop(w, &letter, entropy, sender, &mut outgoing)?;
    Ok(Some(Parcel { id, outgoing, files: along.files, named: Vec::new() }))
}

/// Whoever looks after the client that a letter goes to: name and address for answers. `None` where nobody does, and
/// for letters about an account, which the firm answers for.
pub(super) fn looked_after_by(w: &WriteTx<'_>, letter: &Letter) -> Result<Option<(String, String)>, StoreError> {
    let about_account = matches!(letter.purpose, Purpose::SignIn | Purpose::SetPassword | Purpose::Notice);
    let (Person::Contact(_), Some(client), false) = (letter.to, letter.client, about_account) else { return Ok(None) };
    if w.client(client)?.is_none_or(|c| c.manager.is_none()) {
        return Ok(None);
    }
    match responsible(w, client)?.as_slice() {
        [one] => Ok(Some((one.name.clone(), one.email.to_string()))),
        _ => Ok(None),
    }
}

/// Says in the letter what goes along with it, and what would have been too large.
pub(super) fn note_files(
    w: &WriteTx<'_>,
    letter: &Letter,
    along: &Along,
    outgoing: &mut Outgoing,
) -> Result<(), StoreError> {
    let names: Vec<String> = along.files.iter().map(|x| x.0.clone()).collect();
    if names.is_empty() && along.linked.is_empty() {
        return Ok(());
    }
    let firm = w.firm()?;
    let html = outgoing.html.take().unwrap_or_default();
    let parts = (outgoing.text.as_str(), html.as_str());
    let (text, html) = noting_files(&*writing(w, &firm, letter.to)?, parts, &names, &along.linked, ATTACHED_MAX);
    (outgoing.text, outgoing.html) = (text, Some(html));
    Ok(())
}

/// Draws the link that stops reminders, for mail programs (RFC 8058) and at the letter's end; kept as a digest.
pub(super) fn offer_stop(
    w: &mut WriteTx<'_>,
    letter: &Letter,
    entropy: &Entropy,
    sender: &Sender,
    outgoing: &mut Outgoing,
) -> Result<(), ActError> {
    if !letter.purpose.reminds() || !matches!(letter.to, Person::Contact(_)) {
        return Ok(());
    }
    let token = Token::draw(entropy);
    let lasts = SignedDuration::from_hours(STOP_DAYS * 24);
    let expires = w.now.saturating_add(lasts).unwrap_or(Timestamp::MAX);
    w.put_grant(token.digest(), &Grant { person: letter.to, opens: Opens::StopReminders, expires })?;
    let link = format!("{}/reminders/stop/{}", sender.url, token.reveal());
    let firm = w.firm()?;
    let html = outgoing.html.take().unwrap_or_default();
    let (text, html) = offering_stop(&*writing(w, &firm, letter.to)?, (&outgoing.text, &html), &link);
    (outgoing.text, outgoing.html) = (text, Some(html));
    // The header is for https alone; a portal without it is one on this very machine.
    outgoing.list_unsubscribe = Some(link).filter(|link| link.starts_with("https://"));
    Ok(())
}

/// Draws the letter's link and code and keeps what they open, as digests.
fn draw(
    w: &mut WriteTx<'_>,
    letter: &Letter,
    entropy: &Entropy,
    sender: &Sender,
) -> Result<(String, String), ActError> {
    let Some(link) = letter.link else { return Ok((plain_link(w, letter, sender)?, String::new())) };
    let token = Token::draw(entropy);
    let minutes = |n: i64| SignedDuration::from_mins(n);
    let (opens, lasts, path) = match link {
        Link::Document(id) => (Opens::Document(id), minutes(DOCUMENT_DAYS * 24 * 60), "sign-in/link"),
        Link::SignIn(request) => (Opens::SignInOf(request), minutes(SIGN_IN_MINUTES), "sign-in/link"),
        Link::SetPassword => (Opens::SetPassword, minutes(SET_PASSWORD_HOURS * 60), "password"),
        Link::Reset => (Opens::SetPassword, minutes(RESET_MINUTES), "password"),
    };
    let expires =
        w.now.saturating_add(lasts).map_err(|_| StoreError::Broken("the clock is out of range".to_owned()))?;
    w.put_grant(token.digest(), &Grant { person: letter.to, opens, expires })?;
    let code = match link {
        Link::SignIn(request) => draw_code(w, TokenDigest(request), entropy)?,
        Link::Document(_) | Link::SetPassword | Link::Reset => String::new(),
    };
    Ok((format!("{}/{path}/{}", sender.url, token.reveal()), code))
}

/// The address of a letter without a link of its own: what it is about, behind a sign-in.
fn plain_link(w: &WriteTx<'_>, letter: &Letter, sender: &Sender) -> Result<String, ActError> {
    let url = &sender.url;
    Ok(match letter.purpose {
        Purpose::Quote(id) => w.quote(id)?.map(|q| format!("{url}/quotes/{}", q.number.in_url())),
        Purpose::Posted(_) => match posted::told(w, letter)?.as_slice() {
            [only] => Some(format!("{url}/documents/{}/v/{}", only.id, only.current())),
            _ => Some(format!("{url}/documents")),
        },
        Purpose::Statement(id) => Some(format!("{url}/statements/{id}")),
        Purpose::QuoteAnswered(id) => Some(format!("{url}/desk/quotes/{id}")),
        Purpose::Reminder(id, _) => Some(format!("{url}/desk/invoices/{id}")),
        _ => None,
    }
    .unwrap_or_else(|| url.clone()))
}

/// Draws the code for a browser's request, which starts to count from now.
fn draw_code(w: &mut WriteTx<'_>, request: TokenDigest, entropy: &Entropy) -> Result<String, ActError> {
    let code = secrets::draw_code(entropy);
    if let Some(waiting) = w.code_request(request)? {
        w.put_code_request(request, &CodeRequest { code: Some(code_digest(request, &code)), ..waiting })?;
    }
    Ok(code)
}

/// What is stored of a code: bound to the request, so that it is of no use to another browser.
pub(in super::super) fn code_digest(request: TokenDigest, code: &str) -> [u8; 32] {
    secrets::hmac_sha256(&request.0, code.as_bytes())
}

fn spaced(code: &str) -> String {
    if code.len() == 6 { format!("{} {}", &code[..3], &code[3..]) } else { code.to_owned() }
}

pub(super) fn outgoing(
    letter: &Letter,
    firm: &Firm,
    sender: &Sender,
    slots: &[(impl AsRef<str>, String)],
    now: Timestamp,
) -> Outgoing {
    let domain = sender.from.1.rsplit_once('@').map_or("localhost", |x| x.1);
    let answers_to = sender.reply_to.clone().or_else(|| firm.email.as_ref().map(ToString::to_string));
    let fill =
        |text: &str| slots.iter().fold(text.to_owned(), |text, (slot, words)| text.replace(slot.as_ref(), words));
    Outgoing {
        message_id: format!("{}@{domain}", letter.message_id),
        from_name: sender.from.0.clone(),
        from_address: sender.from.1.clone(),
        return_path: sender.return_path.clone(),
        reply_to: answers_to.map(|address| (firm.party.name.clone(), address)),
        to_name: letter.to_name.clone(),
        to_address: letter.to_address.to_string(),
        subject: letter.subject.clone(),
        text: fill(&letter.text),
        html: Some(fill(&letter.html)),
        thread: Vec::new(),
        in_reply_to: letter.follows.as_ref().map(|id| format!("{id}@{domain}")),
        auto_submitted: true,
        list_unsubscribe: None,
        attachments: Vec::new(),
        date: now,
    }
}

/// Ends a hand-over with the mail server's verdict, which those share that went along. `chance` spreads
/// the next attempts of letters that wait together.
///
/// # Errors
/// When the letter is unknown or the store fails.
pub fn finish(w: &mut WriteTx<'_>, id: LetterId, verdict: &Verdict, chance: u64) -> Result<Done<()>, ActError> {
    let sending = |l: &Letter| matches!(l.state, LetterState::Sending(_));
    let letter = found(w.letter(id)?.filter(sending))?;
    for other in letter.carries.clone() {
        if let Some(along) = w.letter(other)?.filter(|l| l.with == Some(id) && sending(l)) {
            let _ = end(w, along, verdict, chance)?;
        }
    }
    if matches!(verdict, Verdict::Accepted { .. }) {
        thread::remember(w, &letter)?;
    }
    if let (Verdict::Accepted { .. } | Verdict::Uncertain { .. }, LetterState::Sending(at)) = (verdict, &letter.state) {
        daily::note_went(w, &letter, *at)?;
    }
    end(w, letter, verdict, chance)
}

fn end(w: &mut WriteTx<'_>, mut letter: Letter, verdict: &Verdict, chance: u64) -> Result<Done<()>, ActError> {
    let id = letter.id;
    let to = letter.to_address.to_string();
    let (state, event, due) = match verdict {
        Verdict::Accepted { response, server } => {
            let response = format!("{server}: {response}");
            let event = Event::LetterAccepted { letter: id, to, response: response.clone(), purpose: letter.purpose };
            (LetterState::Accepted(w.now, response), event, None)
        }
        Verdict::Deferred { reason } if letter.attempts < ATTEMPTS_MAX => {
            let event = Event::LetterDeferred { letter: id, to, reason: reason.clone() };
            (LetterState::Deferred(w.now, reason.clone()), event, Some(retry_at(w.now, letter.attempts, chance)))
        }
        Verdict::Uncertain { reason } => uncertain(&letter, w.now, reason, chance),
        Verdict::Deferred { reason } | Verdict::Refused { reason } | Verdict::Poison { reason } => {
            let event = Event::LetterFailed { letter: id, to, reason: reason.clone() };
            (LetterState::Failed(w.now, reason.clone()), event, None)
        }
    };
    let old = std::mem::replace(&mut letter.state, state);
    w.move_letter(&letter, &old, due)?;
    if matches!(letter.state, LetterState::Accepted(..) | LetterState::Uncertain(..)) {
        copies::wake(w, &letter)?;
    }
    Ok(w.record(about(&letter), event)?.done(()))
}

/// Sets a letter aside whose hand-over can't even begin, with the reason, so that it keeps no other waiting and staff
/// see it.
///
/// # Errors
/// [`Refusal::LetterSettled`](crate::domain::refusal::Refusal) when it does not wait, or when the store fails.
pub fn quarantine(w: &mut WriteTx<'_>, id: LetterId, reason: &str) -> Result<Done<()>, ActError> {
    let mut letter = found(w.letter(id)?)?;
    if !letter.state.waits() {
        return Err(Refusal::LetterSettled.into());
    }
    let old = std::mem::replace(&mut letter.state, LetterState::Failed(w.now, reason.to_owned()));
    w.move_letter(&letter, &old, None)?;
    let (to, reason) = (letter.to_address.to_string(), reason.to_owned());
    Ok(w.record(about(&letter), Event::LetterFailed { letter: id, to, reason })?.done(()))
}

/// What becomes of a letter that may or may not have gone: what somebody waits for is tried again, a reminder is not.
fn uncertain(letter: &Letter, now: Timestamp, reason: &str, chance: u64) -> (LetterState, Event, Option<Timestamp>) {
    let (to, reason) = (letter.to_address.to_string(), reason.to_owned());
    if letter.purpose.repeatable() && letter.attempts < ATTEMPTS_MAX {
        let event = Event::LetterDeferred { letter: letter.id, to, reason: reason.clone() };
        (LetterState::Deferred(now, reason), event, Some(retry_at(now, letter.attempts, chance)))
    } else {
        let event = Event::LetterUncertain { letter: letter.id, to, reason: reason.clone() };
        (LetterState::Uncertain(now, reason), event, None)
    }
}

/// At start: what a crash left in mid-send is uncertain. How many there were.
///
/// # Errors
/// When the store fails.
pub fn recover(w: &mut WriteTx<'_>, entropy: &Entropy) -> Result<usize, ActError> {
    let stuck = w.letters_on(LetterShelf::Sending, None, usize::MAX)?;
    for letter in &stuck {
        let reason = "the server stopped while this letter was being handed over";
        let (state, event, due) = uncertain(letter, w.now, reason, entropy.below(u64::MAX));
        if let LetterState::Sending(at) = letter.state {
            daily::note_went(w, letter, at)?;
        }
        let moved = Letter { state, ..letter.clone() };
        w.move_letter(&moved, &letter.state, due)?;
        let _ = w.record(about(letter), event)?;
    }
    Ok(stuck.len())
}
