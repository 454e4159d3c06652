//! Signing in and out: what turns a password, a link or a code into a session.
//!
//! Passwords are hashed and checked by the caller, outside any transaction, since that takes long; the act checks that
//! nothing changed meanwhile. No act here says whether an address is known.

use jiff::{SignedDuration, tz::TimeZone};

use super::{found, letters, notices, rates};
use crate::domain::event::{Actor, Entrance, Event};
use crate::domain::grant::{
    CODE_TRIES, CodeRequest, Grant, Opens, SET_PASSWORD_HOURS, SIGN_IN_MINUTES, Session, Strength,
};
use crate::domain::ids::{ClientId, StaffId};
use crate::domain::person::Person;
use crate::domain::refusal::Refusal;
use crate::domain::text::EmailAddress;
use crate::secrets::{self, TokenDigest};
use crate::store::prelude::*;

/// Longest part of a typed address that the log keeps, in characters.
const LOGGED_MAX: usize = 80;

/// Whether somebody may still sign in, and whose client they are.
fn active(w: &WriteTx<'_>, person: Person) -> Result<(Actor, Option<ClientId>), ActError> {
    let gone = Refusal::LinkExpired;
    Ok(match person {
        Person::Staff(id) => {
            w.staff(id)?.filter(|s| s.active).ok_or(gone)?;
            (Actor::Staff(id), None)
        }
        Person::Contact(id) => {
            let contact = w.contact(id)?.filter(|c| c.active).ok_or(gone)?;
            (Actor::Contact(id), Some(contact.client))
        }
    })
}

/// Begins a session under the digest of a fresh token.
fn begin(
    w: &mut WriteTx<'_>,
    person: Person,
    entrance: Entrance,
    strength: Strength,
    digest: TokenDigest,
) -> Result<Recorded, ActError> {
    let (actor, client) = active(w, person)?;
    w.by.actor = actor;
    w.put_session(digest, &Session { person, strength, since: w.now, used: w.now })?;
    let invoice = match strength {
        Strength::Document(id) => Some(id),
        Strength::Password | Strength::Mailed => None,
    };
    Ok(w.record(About { client, invoice }, Event::SignedIn { entrance })?)
}

/// Signs somebody in whose password was checked against `hash`.
///
/// # Errors
/// [`Refusal::LinkExpired`] when they were revoked or changed the password meanwhile.
pub fn with_password(
    w: &mut WriteTx<'_>,
    person: Person,
    hash: &str,
    digest: TokenDigest,
) -> Result<Done<()>, ActError> {
    if w.password_hash(person)?.as_deref() != Some(hash) {
        return Err(Refusal::LinkExpired.into());
    }
    Ok(begin(w, person, Entrance::Password, Strength::Password, digest)?.done(()))
}

/// Logs a refused sign-in. `address` is what was typed.
///
/// # Errors
/// When the store fails.
pub fn refused(w: &mut WriteTx<'_>, address: &str, reason: &str) -> Result<Done<()>, ActError> {
    let event = Event::SignInRefused { address: logged(address), reason: reason.to_owned() };
    Ok(w.record(About::FIRM, event)?.done(()))
}

fn logged(address: &str) -> String {
    let clean = |c: &char| !c.is_control() && !crate::domain::text::is_deceptive(*c);
    address.chars().filter(clean).take(LOGGED_MAX).collect()
}

/// Whom an address signs in, if they still may: somebody who left is as unknown as anybody else.
fn signs_in(w: &WriteTx<'_>, email: &EmailAddress) -> Result<Option<Person>, ActError> {
    let Some(person) = w.login(email)? else { return Ok(None) };
    match active(w, person) {
        Ok(_) => Ok(Some(person)),
        Err(ActError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Asks for a sign-in letter. The browser waits under the digest of its request, whether the address is known or not;
/// what it waited for `before` is over. Codes for other browsers stay: anybody can ask in somebody's name.
///
/// # Errors
/// When the store fails.
pub fn ask_sign_in(
    w: &mut WriteTx<'_>,
    email: &EmailAddress,
    request: TokenDigest,
    before: Option<TokenDigest>,
) -> Result<Done<()>, ActError> {
    let person = signs_in(w, email)?;
    if let Some(before) = before {
        w.remove_code_request(before)?;
    }
    let expires = w.now.saturating_add(SignedDuration::from_mins(SIGN_IN_MINUTES)).unwrap_or(w.now);
    w.put_code_request(request, &CodeRequest { person, code: None, tries: 0, expires })?;
    let sent = match person {
        Some(to) => rates::letter(w, rates::Kind::SignIn, to, |w| letters::queue_sign_in(w, to, request))?,
        None => true,
    };
    asked(w, email, sent)
}

/// Logs that a letter was asked for, or that it was one too many. Whoever asked is told the same.
fn asked(w: &mut WriteTx<'_>, email: &EmailAddress, sent: bool) -> Result<Done<()>, ActError> {
    let address = logged(email.as_str());
    let event = if sent {
        Event::LinkRequested { address }
    } else {
        Event::SignInRefused { address, reason: "too many letters were asked for".to_owned() }
    };
    Ok(w.record(About::FIRM, event)?.done(()))
}

/// Asks for a letter to set a new password.
///
/// # Errors
/// When the store fails.
pub fn ask_password(w: &mut WriteTx<'_>, email: &EmailAddress) -> Result<Done<()>, ActError> {
    let sent = match signs_in(w, email)? {
        Some(to) => rates::letter(w, rates::Kind::Reset, to, |w| letters::queue_set_password(w, to, false))?,
        None => true,
    };
    asked(w, email, sent)
}

/// Grants a link with which a person of the firm sets a password, for the command line to hand over. Only the digest of
/// its token is kept; it works once, for [`SET_PASSWORD_HOURS`].
///
/// # Errors
/// [`Refusal::NotFound`] when there is no such person or they left.
pub fn grant_password_link(w: &mut WriteTx<'_>, staff: StaffId, link: TokenDigest) -> Result<Done<()>, ActError> {
    let staff = found(w.staff(staff)?.filter(|s| s.active))?;
    let expires = w.now.saturating_add(SignedDuration::from_hours(SET_PASSWORD_HOURS)).unwrap_or(w.now);
    w.put_grant(link, &Grant { person: Person::Staff(staff.id), opens: Opens::SetPassword, expires })?;
    Ok(w.record(About::FIRM, Event::LinkRequested { address: logged(staff.email.as_str()) })?.done(()))
}

/// What a code attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeTry {
    /// Signed in.
    Right,
    /// Wrong; this many tries are left.
    Wrong(u8),
}

/// Tries a six-digit code for the browser that asked. A wrong try is counted, for the request and for its person, which
/// is why it is not a refusal. After too many at one person no code is right, and the answer does not tell.
///
/// # Errors
/// [`Refusal::LinkExpired`] when nothing waits, the code is spent or the time is over.
pub fn with_code(
    w: &mut WriteTx<'_>,
    request: TokenDigest,
    code: &str,
    digest: TokenDigest,
) -> Result<Done<CodeTry>, ActError> {
    let waiting = w.code_request(request)?.filter(|c| c.expires > w.now && c.tries < CODE_TRIES);
    let waiting = waiting.ok_or(Refusal::LinkExpired)?;
    let given = letters::code_digest(request, code);
    let taken = waiting.person.map_or(Ok(true), |person| rates::takes_codes(w, person))?;
    let right = taken && waiting.code.is_some_and(|known| secrets::same_secret(&known, &given));
    if let (true, Some(person)) = (right, waiting.person) {
        spend(w, person, request)?;
        return Ok(begin(w, person, Entrance::Code, Strength::Mailed, digest)?.done(CodeTry::Right));
    }
    if let Some(person) = waiting.person {
        rates::wrong_code(w, person)?;
    }
    let tries = waiting.tries + 1;
    w.put_code_request(request, &CodeRequest { tries, ..waiting })?;
    let event = Event::SignInRefused { address: String::new(), reason: "wrong code".to_owned() };
    Ok(w.record(About::FIRM, event)?.done(CodeTry::Wrong(CODE_TRIES - tries)))
}

/// Spends a sign-in letter: its code, and its link, of every attempt to send it.
fn spend(w: &mut WriteTx<'_>, person: Person, request: TokenDigest) -> Result<(), StoreError> {
    w.remove_code_request(request)?;
    w.remove_grants_that_open(person, Opens::SignInOf(request.0))
}

/// Signs in with a link, on POST only: a sign-in link is spent, a document's link stays until it expires. What the
/// session opens.
///
/// # Errors
/// [`Refusal::LinkExpired`] for an unknown, spent or expired link, or one for another purpose.
pub fn with_link(
    w: &mut WriteTx<'_>,
    link: TokenDigest,
    digest: TokenDigest,
) -> Result<Done<(Person, Strength)>, ActError> {
    let grant = w.grant(link)?.filter(|g| g.expires > w.now).ok_or(Refusal::LinkExpired)?;
    let (strength, entrance) = match grant.opens {
        Opens::Document(id) => (Strength::Document(id), Entrance::DocumentLink),
        Opens::SignIn | Opens::SignInOf(_) => (Strength::Mailed, Entrance::Link),
        Opens::SetPassword | Opens::StopReminders => return Err(Refusal::LinkExpired.into()),
    };
    active(w, grant.person)?;
    match grant.opens {
        Opens::SignIn => w.remove_grant(link, grant.person)?,
        Opens::SignInOf(request) => spend(w, grant.person, TokenDigest(request))?,
        Opens::Document(_) | Opens::SetPassword | Opens::StopReminders => {}
    }
    Ok(begin(w, grant.person, entrance, strength, digest)?.done((grant.person, strength)))
}

/// Sets a password with a link: spends it, ends every session and link of that person, tells them by letter, and signs
/// nobody in.
///
/// # Errors
/// [`Refusal::LinkExpired`] as for [`with_link`].
pub fn set_password(
    w: &mut WriteTx<'_>,
    zone: &TimeZone,
    link: TokenDigest,
    hash: &str,
) -> Result<Done<Person>, ActError> {
    let grant =
        w.grant(link)?.filter(|g| g.expires > w.now && g.opens == Opens::SetPassword).ok_or(Refusal::LinkExpired)?;
    let (actor, client) = active(w, grant.person)?;
    w.by.actor = actor;
    w.put_password_hash(grant.person, hash)?;
    end_sign_ins(w, grant.person)?;
    notices::password_set(w, zone, grant.person)?;
    Ok(w.record(About { client, invoice: None }, Event::PasswordSet)?.done(grant.person))
}

/// Changes the password of somebody signed in whose present one was checked against `old`; every other session ends,
/// `digest` takes the place of the present one, and a letter tells them.
///
/// # Errors
/// [`Refusal::LinkExpired`] when the password changed meanwhile.
pub fn change_password(
    w: &mut WriteTx<'_>,
    zone: &TimeZone,
    person: Person,
    (old, new): (&str, &str),
    digest: TokenDigest,
) -> Result<Done<()>, ActError> {
    if w.password_hash(person)?.as_deref() != Some(old) {
        return Err(Refusal::LinkExpired.into());
    }
    let (actor, client) = active(w, person)?;
    w.by.actor = actor;
    w.put_password_hash(person, new)?;
    end_sign_ins(w, person)?;
    w.put_session(digest, &Session { person, strength: Strength::Password, since: w.now, used: w.now })?;
    notices::password_set(w, zone, person)?;
    Ok(w.record(About { client, invoice: None }, Event::PasswordSet)?.done(()))
}

/// Ends sessions and links; documents already mailed can be reached again by signing in.
fn end_sign_ins(w: &mut WriteTx<'_>, person: Person) -> Result<(), ActError> {
    Ok(w.shut_out(person)?)
}

/// Ends the session that a browser had before, once the session `new` stands; signing in always begins a fresh one.
///
/// # Errors
/// When the store fails.
pub fn leave(w: &mut WriteTx<'_>, old: Option<TokenDigest>, new: TokenDigest) -> Result<(), ActError> {
    let Some(old) = old.filter(|old| *old != new) else { return Ok(()) };
    if let (Some(_), Some(session)) = (w.session(new)?, w.session(old)?) {
        w.remove_session(old, session.person)?;
    }
    Ok(())
}

/// Signs out.
///
/// # Errors
/// When there is no such session.
pub fn sign_out(w: &mut WriteTx<'_>, digest: TokenDigest) -> Result<Done<()>, ActError> {
    let session = found(w.session(digest)?)?;
    w.remove_session(digest, session.person)?;
    let client = match session.person {
        Person::Contact(id) => w.contact(id)?.map(|c| c.client),
        Person::Staff(_) => None,
    };
    Ok(w.record(About { client, invoice: None }, Event::SignedOut)?.done(()))
}

/// Notes a session's use; housekeeping, at most every few minutes.
///
/// # Errors
/// When the store fails.
pub fn touch(w: &mut WriteTx<'_>, digest: TokenDigest) -> Result<(), ActError> {
    if let Some(session) = w.session(digest)? {
        w.put_session(digest, &Session { used: w.now, ..session })?;
    }
    Ok(())
}
