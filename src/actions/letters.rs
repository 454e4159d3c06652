//! The outbox: queueing letters with what causes them, handing them over one at a time, and deciding about those of
//! which nobody knows.
//!
//! A hand-over is committed as begun before anything is sent, and its outcome after. A process that dies in between
//! leaves the letter *sending*; at the next start it is uncertain, and a reminder is then never sent again by itself.

use jiff::Timestamp;
use jiff::civil::Date;

use super::found;
use crate::app::Settings;
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::Event;
use crate::domain::firm::Firm;
use crate::domain::grant::{
    CodeRequest, DOCUMENT_DAYS, Grant, Opens, RESET_MINUTES, SET_PASSWORD_HOURS, SIGN_IN_MINUTES,
};
use crate::domain::ids::{ContactId, InvoiceId, LetterId};
use crate::domain::invoice::{Invoice, Kind};
use crate::domain::letter::{
    ATTEMPTS_MAX, CODE_SLOT, LINK_SLOT, Letter, LetterState, Link, Purpose, issue_key, quote_key, reminder_key,
};
use crate::domain::money::Money;
use crate::domain::person::{Contact, Person};
use crate::domain::quote::Quote;
use crate::domain::refusal::Refusal;
use crate::domain::reminder::Planned;
use crate::domain::text::EmailAddress;
use crate::mail::{Outgoing, Verdict, letters as words};
use crate::secrets::{self, Entropy, Token, TokenDigest};
use crate::store::letters::{LetterShelf, retry_at};
use crate::store::prelude::*;

/// Somebody that a letter goes to.
struct Addressee {
    person: Person,
    name: String,
    address: EmailAddress,
    client: Option<crate::domain::ids::ClientId>,
}

impl From<&Contact> for Addressee {
    fn from(c: &Contact) -> Self {
        Self { person: Person::Contact(c.id), name: c.name.clone(), address: c.email.clone(), client: Some(c.client) }
    }
}

/// Who gets the letters about a document: those named, or all, of the contacts who may see it and want letters.
pub fn recipients(reader: &impl Reader, invoice: &Invoice) -> Result<Vec<Contact>, StoreError> {
    let mut all = reader.contacts_of(invoice.client)?;
    all.retain(|c| {
        c.sees_billing(invoice.client, invoice.project)
            && if invoice.recipients.is_empty() { c.rights.letters } else { invoice.recipients.contains(&c.id) }
    });
    Ok(all)
}

/// Who may see a document once it is issued.
pub fn audience(reader: &impl Reader, invoice: &Invoice) -> Result<Vec<Contact>, StoreError> {
    let mut all = reader.contacts_of(invoice.client)?;
    all.retain(|c| c.sees_billing(invoice.client, invoice.project));
    Ok(all)
}

/// Queues the letter that says that a document was issued, to everybody who gets it.
pub(super) fn queue_issued(w: &mut WriteTx<'_>, invoice: &Invoice, today: Date) -> Result<(), ActError> {
    let firm = w.firm()?;
    let credited = match invoice.kind {
        Kind::CreditNote(of) => w.invoice(of)?.and_then(|x| x.number().cloned()),
        Kind::Invoice => None,
    };
    for contact in recipients(w, invoice)? {
        let about = subject(&firm, &contact.name, invoice, invoice.payable(), today);
        let text = match &credited {
            Some(of) => words::credit_note(&about, of.as_str()),
            None => words::issued(&about),
        };
        let key = issue_key(invoice.id, Person::Contact(contact.id));
        let (purpose, link) = (Purpose::Issued(invoice.id), Some(Link::Document(invoice.id)));
        queue(w, &(&contact).into(), key, purpose, link, text)?;
    }
    Ok(())
}

/// Queues a reminder step to everybody who gets it; how many letters that were not queued before.
pub(super) fn queue_reminder(
    w: &mut WriteTx<'_>,
    invoice: &Invoice,
    open: Money,
    step: &Planned,
    today: Date,
) -> Result<usize, ActError> {
    for older in w.letters_about(invoice.id)? {
        if older.state.waits() && matches!(older.purpose, Purpose::Reminder(_, before) if before < step.step) {
            withdraw(w, older, "a later reminder took its place")?;
        }
    }
    let firm = w.firm()?;
    let mut queued = 0;
    for contact in recipients(w, invoice)? {
        let text = words::reminder(&subject(&firm, &contact.name, invoice, open, today), step.tone);
        let key = reminder_key(invoice.id, step.step, Person::Contact(contact.id));
        let (purpose, link) = (Purpose::Reminder(invoice.id, step.step), Some(Link::Document(invoice.id)));
        queued += usize::from(queue(w, &(&contact).into(), key, purpose, link, text)?);
    }
    Ok(queued)
}

fn subject<'a>(firm: &'a Firm, to: &'a str, invoice: &'a Invoice, open: Money, today: Date) -> words::Subject<'a> {
    let from_person = if firm.correspondent.is_empty() { &firm.party.name } else { &firm.correspondent };
    words::Subject { firm, to_name: to, invoice, open, today, from_person }
}

/// Queues the letter that says that a quote was sent, to everybody who gets letters and may see it. Its link is the
/// quote's own address, which asks for a sign-in.
pub(super) fn queue_quote(w: &mut WriteTx<'_>, quote: &Quote, today: Date) -> Result<(), ActError> {
    let firm = w.firm()?;
    for contact in w.contacts_of(quote.client)? {
        if contact.rights.letters && contact.sees_billing(quote.client, quote.project) {
            let text = words::quote_sent(&firm, &contact.name, quote, today);
            let key = quote_key(quote.id, Person::Contact(contact.id));
            queue(w, &(&contact).into(), key, Purpose::Quote(quote.id), None, text)?;
        }
    }
    Ok(())
}

/// Queues a letter with a link to set a password.
pub(super) fn queue_set_password(w: &mut WriteTx<'_>, person: Person, invited: bool) -> Result<LetterId, ActError> {
    let firm = w.firm()?;
    let to = found(addressee(w, person)?)?;
    let text = words::set_password(&firm, &to.name, invited);
    let key = format!("set-password/{}", w.next("secret-letter")?);
    let link = if invited { Link::SetPassword } else { Link::Reset };
    queue_fresh(w, &to, key, Purpose::SetPassword, Some(link), text)
}

/// Queues a letter with a link and a code to sign in, for the browser whose request has this digest.
pub(super) fn queue_sign_in(w: &mut WriteTx<'_>, person: Person, request: TokenDigest) -> Result<LetterId, ActError> {
    let firm = w.firm()?;
    let to = found(addressee(w, person)?)?;
    let text = words::sign_in(&firm, &to.name);
    let key = format!("sign-in/{}", w.next("secret-letter")?);
    queue_fresh(w, &to, key, Purpose::SignIn, Some(Link::SignIn(request.0)), text)
}

fn addressee(w: &WriteTx<'_>, person: Person) -> Result<Option<Addressee>, StoreError> {
    Ok(match person {
        Person::Staff(id) => w.staff(id)?.filter(|s| s.active).map(|s| Addressee {
            person,
            name: s.name,
            address: s.email,
            client: None,
        }),
        Person::Contact(id) => w.contact(id)?.filter(|c| c.active).as_ref().map(Addressee::from),
    })
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

/// Queues one letter; false when its key was used before.
fn queue(
    w: &mut WriteTx<'_>,
    to: &Addressee,
    key: String,
    purpose: Purpose,
    link: Option<Link>,
    words: words::Text,
) -> Result<bool, ActError> {
    if w.letter_keyed(&key)?.is_some() {
        return Ok(false);
    }
    let follows = match purpose.invoice() {
        Some(id) => w.letters_about(id)?.iter().find(|l| l.to == to.person).map(|l| l.message_id.clone()),
        None => None,
    };
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
        follows,
        state: LetterState::Queued,
        attempts: 0,
        queued: w.now,
    };
    w.put_new_letter(&letter)?;
    let event =
        Event::LetterQueued { letter: letter.id, subject: letter.subject.clone(), to: to.address.to_string(), purpose };
    let _ = w.record(about(&letter), event)?;
    Ok(true)
}

/// The Message-ID's local part, from the key alone, so that every attempt carries the same.
fn message_id(key: &str) -> String {
    secrets::sha256(key.as_bytes())[..16].iter().map(|b| format!("{b:02x}")).collect()
}

fn about(letter: &Letter) -> About {
    About { client: letter.client, invoice: letter.purpose.invoice() }
}

/// A letter ready to be handed over, with the secrets that were drawn for it.
#[derive(Debug)]
pub struct Parcel {
    /// The letter.
    pub id: LetterId,
    /// What goes out.
    pub outgoing: Outgoing,
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
}

impl Sender {
    /// As the configuration has it.
    pub fn of(settings: &Settings) -> Self {
        Self { url: settings.url.clone(), from: settings.from.clone(), reply_to: settings.reply_to.clone() }
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
    let held = w.held_since()?;
    let goes = |l: &Letter| l.state.waits() && held.is_none_or(|since| l.goes_while_held(since));
    let Some(mut letter) = w.letter(id)?.filter(goes) else { return Ok(None) };
    if let Some(reason) = moot(w, &letter)? {
        withdraw(w, letter, reason)?;
        return Ok(None);
    }
    // A document's letter goes to where the person is reached now.
    if let Some(to) = addressee(w, letter.to)? {
        letter.to_address = to.address;
    }
    let (link, code) = draw(w, &letter, entropy, sender)?;
    let old = std::mem::replace(&mut letter.state, LetterState::Sending(w.now));
    letter.attempts += 1;
    w.move_letter(&letter, &old, None)?;
    let firm = w.firm()?;
    Ok(Some(Parcel { id, outgoing: outgoing(&letter, &firm, sender, &link, &code, w.now) }))
}

/// Why a letter should not go any more: the stop rules, checked in the transaction that begins the hand-over.
fn moot(w: &WriteTx<'_>, letter: &Letter) -> Result<Option<&'static str>, StoreError> {
    let Some(present) = addressee(w, letter.to)? else { return Ok(Some("the recipient was revoked")) };
    let secret = matches!(letter.purpose, Purpose::SignIn | Purpose::SetPassword);
    if secret && present.address != letter.to_address {
        return Ok(Some("the recipient's address changed since"));
    }
    let Some(id) = letter.purpose.invoice() else { return Ok(None) };
    let Some(row) = w.invoice_row(id)? else { return Ok(Some("the document is gone")) };
    let Person::Contact(contact) = letter.to else { return Ok(None) };
    if !w.contact(contact)?.is_some_and(|c| c.sees_billing(row.invoice.client, row.invoice.project)) {
        return Ok(Some("the recipient may no longer see the document"));
    }
    let settled = matches!(letter.purpose, Purpose::Reminder(..)) && row.open().minor == 0;
    Ok(settled.then_some("nothing is open any more"))
}

/// Writes a waiting reminder's words again, with what is open `today`.
pub(super) fn reword(
    w: &mut WriteTx<'_>,
    letter: Letter,
    invoice: &Invoice,
    open: Money,
    tone: crate::domain::reminder::Tone,
    today: Date,
) -> Result<(), ActError> {
    let firm = w.firm()?;
    let words::Text { subject, text, html } =
        words::reminder(&subject(&firm, &letter.to_name, invoice, open, today), tone);
    if (&subject, &text, &html) != (&letter.subject, &letter.text, &letter.html) {
        let reworded = Letter { subject, text, html, ..letter };
        w.move_letter(&reworded, &reworded.state, Some(w.now))?;
    }
    Ok(())
}

pub(super) fn withdraw(w: &mut WriteTx<'_>, mut letter: Letter, reason: &str) -> Result<(), ActError> {
    let old = std::mem::replace(&mut letter.state, LetterState::Withdrawn(w.now, reason.to_owned()));
    w.move_letter(&letter, &old, None)?;
    let event =
        Event::LetterWithdrawn { letter: letter.id, to: letter.to_address.to_string(), reason: reason.to_owned() };
    let _ = w.record(about(&letter), event)?;
    Ok(())
}

/// Withdraws the reminders of a document that still wait, because it was settled.
pub(super) fn withdraw_reminders(w: &mut WriteTx<'_>, invoice: InvoiceId) -> Result<(), ActError> {
    for letter in w.letters_about(invoice)? {
        if letter.state.waits() && matches!(letter.purpose, Purpose::Reminder(..)) {
            withdraw(w, letter, "nothing is open any more")?;
        }
    }
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
    let minutes = |n: i64| jiff::SignedDuration::from_mins(n);
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
    let quote = match letter.purpose {
        Purpose::Quote(id) => w.quote(id)?,
        _ => None,
    };
    Ok(quote.map_or(sender.url.clone(), |q| format!("{}/quotes/{}", sender.url, q.number.in_url())))
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
pub(super) fn code_digest(request: TokenDigest, code: &str) -> [u8; 32] {
    secrets::hmac_sha256(&request.0, code.as_bytes())
}

fn outgoing(letter: &Letter, firm: &Firm, sender: &Sender, link: &str, code: &str, now: Timestamp) -> Outgoing {
    let domain = sender.from.1.rsplit_once('@').map_or("localhost", |x| x.1);
    let spaced = if code.len() == 6 { format!("{} {}", &code[..3], &code[3..]) } else { code.to_owned() };
    let answers_to = sender.reply_to.clone().or_else(|| firm.email.as_ref().map(ToString::to_string));
    let fill = |text: &str| text.replace(LINK_SLOT, link).replace(CODE_SLOT, &spaced);
    Outgoing {
        message_id: format!("{}@{domain}", letter.message_id),
        from_name: sender.from.0.clone(),
        from_address: sender.from.1.clone(),
        reply_to: answers_to.map(|address| (firm.party.name.clone(), address)),
        to_name: letter.to_name.clone(),
        to_address: letter.to_address.to_string(),
        subject: letter.subject.clone(),
        text: fill(&letter.text),
        html: Some(fill(&letter.html)),
        in_reply_to: letter.follows.as_ref().map(|id| format!("{id}@{domain}")),
        auto_submitted: true,
        list_unsubscribe: None,
        attachments: Vec::new(),
        date: now,
    }
}

/// Ends a hand-over with the mail server's verdict.
///
/// # Errors
/// When the letter is unknown or the store fails.
pub fn finish(w: &mut WriteTx<'_>, id: LetterId, verdict: &Verdict) -> Result<Done<()>, ActError> {
    let mut letter = found(w.letter(id)?.filter(|l| matches!(l.state, LetterState::Sending(_))))?;
    let to = letter.to_address.to_string();
    let (state, event, due) = match verdict {
        Verdict::Accepted { response, server } => {
            let response = format!("{server}: {response}");
            let event = Event::LetterAccepted { letter: id, to, response: response.clone(), purpose: letter.purpose };
            (LetterState::Accepted(w.now, response), event, None)
        }
        Verdict::Deferred { reason } if letter.attempts < ATTEMPTS_MAX => {
            let event = Event::LetterDeferred { letter: id, to, reason: reason.clone() };
            (LetterState::Deferred(w.now, reason.clone()), event, Some(retry_at(w.now, letter.attempts)))
        }
        Verdict::Uncertain { reason } => uncertain(&letter, w.now, reason),
        Verdict::Deferred { reason } | Verdict::Refused { reason } | Verdict::Poison { reason } => {
            let event = Event::LetterFailed { letter: id, to, reason: reason.clone() };
            (LetterState::Failed(w.now, reason.clone()), event, None)
        }
    };
    let old = std::mem::replace(&mut letter.state, state);
    w.move_letter(&letter, &old, due)?;
    Ok(w.record(about(&letter), event)?.done(()))
}

/// What becomes of a letter that may or may not have gone: what somebody waits for is tried again, a reminder is not.
fn uncertain(letter: &Letter, now: Timestamp, reason: &str) -> (LetterState, Event, Option<Timestamp>) {
    let (to, reason) = (letter.to_address.to_string(), reason.to_owned());
    if letter.purpose.repeatable() && letter.attempts < ATTEMPTS_MAX {
        let event = Event::LetterDeferred { letter: letter.id, to, reason: reason.clone() };
        (LetterState::Deferred(now, reason), event, Some(retry_at(now, letter.attempts)))
    } else {
        let event = Event::LetterUncertain { letter: letter.id, to, reason: reason.clone() };
        (LetterState::Uncertain(now, reason), event, None)
    }
}

/// At start: what a crash left in mid-send is uncertain. How many there were.
///
/// # Errors
/// When the store fails.
pub fn recover(w: &mut WriteTx<'_>) -> Result<usize, ActError> {
    let stuck = w.letters_on(LetterShelf::Sending, None, usize::MAX)?;
    for letter in &stuck {
        let reason = "the server stopped while this letter was being handed over";
        let (state, event, due) = uncertain(letter, w.now, reason);
        let moved = Letter { state, ..letter.clone() };
        w.move_letter(&moved, &letter.state, due)?;
        let _ = w.record(about(letter), event)?;
    }
    Ok(stuck.len())
}

/// Lets letters go that were held back since a restore.
///
/// # Errors
/// When the role does not allow it, or nothing is held back.
pub fn release_sending(w: &mut WriteTx<'_>, scope: &StaffScope) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    if !w.sending_held()? {
        return Err(Refusal::NotFound.into());
    }
    w.hold_sending(None)?;
    Ok(w.record(About::FIRM, Event::SendingReleased)?.done(()))
}

/// What staff decide about a letter that failed or of which nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Try again, with the same Message-ID, to the recipient's present address.
    SendAgain,
    /// Leave it.
    Leave,
}

/// Decides about a failed or uncertain letter.
///
/// # Errors
/// When the scope does not allow it, or the letter is in another state.
pub fn decide(w: &mut WriteTx<'_>, scope: &StaffScope, id: LetterId, decision: Decision) -> Result<Done<()>, ActError> {
    let mut letter = found(w.letter(id)?.filter(|l| l.client.is_none_or(|c| scope.sees(c))))?;
    scope.may(Act::Work)?;
    if !matches!(letter.state, LetterState::Failed(..) | LetterState::Uncertain(..)) {
        return Err(Refusal::LetterSettled.into());
    }
    if let Some(to) = addressee(w, letter.to)? {
        letter.to_address = to.address;
    }
    let (state, due, words) = match decision {
        Decision::SendAgain => {
            letter.attempts = 0;
            (LetterState::Queued, Some(w.now), "send again")
        }
        Decision::Leave => (LetterState::Withdrawn(w.now, "left as it is".to_owned()), None, "leave it"),
    };
    let old = std::mem::replace(&mut letter.state, state);
    w.move_letter(&letter, &old, due)?;
    let event = Event::LetterDecided { letter: id, to: letter.to_address.to_string(), decision: words.to_owned() };
    Ok(w.record(about(&letter), event)?.done(()))
}

/// Most letters to one person that are left at once.
const LEAVE_MAX: usize = 1_000;

/// Leaves every failed letter to the person that a failed letter is to: a wrong address fails again and again.
///
/// # Errors
/// As [`decide`].
pub fn leave_all(w: &mut WriteTx<'_>, scope: &StaffScope, id: LetterId) -> Result<Done<()>, ActError> {
    let done = decide(w, scope, id, Decision::Leave)?;
    let to = found(w.letter(id)?)?.to;
    for letter in w.letters_on(LetterShelf::Failed, None, LEAVE_MAX)? {
        if letter.to == to {
            let _ = decide(w, scope, letter.id, Decision::Leave)?;
        }
    }
    Ok(done)
}

/// Sends an issue letter again to one contact, as a new letter.
///
/// # Errors
/// When the scope does not allow it, the document is a draft, or the contact may not see it.
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
    let firm = w.firm()?;
    let text = words::issued(&subject(&firm, &to.name, &row.invoice, row.open(), today));
    let key = format!("{}/again-{}", issue_key(invoice, Person::Contact(contact)), w.next("letter-again")?);
    queue(w, &(&to).into(), key, Purpose::Issued(invoice), Some(Link::Document(invoice)), text)?;
    let event =
        Event::LetterDecided { letter: LetterId(0), to: to.email.to_string(), decision: "send again".to_owned() };
    Ok(w.record(About::invoice(row.invoice.client, invoice), event)?.done(()))
}
