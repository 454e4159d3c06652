//! Contacts who want no reminders: by the one click that a reminder offers, or as staff note it; until staff lift it.
//!
//! Whatever else goes to them stays as it is: issued documents, quotes, sign-in letters.

use jiff::tz::TimeZone;

use super::{author, found, letters, notices};
use crate::domain::access::{Act, StaffScope};
use crate::domain::event::Event;
use crate::domain::grant::Opens;
use crate::domain::ids::ContactId;
use crate::domain::pause::Stopped;
use crate::domain::person::{Contact, Person};
use crate::domain::refusal::Refusal;
use crate::domain::text;
use crate::secrets::TokenDigest;
use crate::store::prelude::*;

/// The contact whose reminders this link stops.
///
/// # Errors
/// [`Refusal::LinkExpired`] for an unknown or expired link, one for another purpose, or of somebody who was revoked.
pub fn of_link(r: &impl Reader, link: TokenDigest, now: jiff::Timestamp) -> Result<Contact, ActError> {
    let grant = r.grant(link)?.filter(|g| g.expires > now && g.opens == Opens::StopReminders);
    let contact = match grant.map(|g| g.person) {
        Some(Person::Contact(id)) => r.contact(id)?.filter(|c| c.active),
        _ => None,
    };
    Ok(contact.ok_or(Refusal::LinkExpired)?)
}

/// Stops the reminders to whom the link was sent, and tells whoever looks after the client. The link stays as it was:
/// mail programs may post it more than once.
///
/// # Errors
/// As [`of_link`]; [`Refusal::TryAgain`] when they are stopped already.
pub fn by_link(w: &mut WriteTx<'_>, zone: &TimeZone, link: TokenDigest) -> Result<Done<()>, ActError> {
    let contact = of_link(w, link, w.now)?;
    let stopped = stop(w, &contact, None, String::new())?;
    notices::reminders_stopped(w, zone, &contact)?;
    Ok(stopped.done(()))
}

/// Notes that a contact wants no reminders, as they told somebody of the firm.
///
/// # Errors
/// When the scope does not allow it, the reason is missing, or they are stopped already.
pub fn by_staff(w: &mut WriteTx<'_>, scope: &StaffScope, id: ContactId, reason: &str) -> Result<Done<()>, ActError> {
    let contact = visible(w, scope, id)?;
    let (by, why) = (author(w), self::reason(reason)?);
    Ok(stop(w, &contact, Some(by), why)?.done(()))
}

/// Lets reminders go to a contact again, from the next one on.
///
/// # Errors
/// When the scope does not allow it, the reason is missing, or they are not stopped.
pub fn lift(w: &mut WriteTx<'_>, scope: &StaffScope, id: ContactId, reason: &str) -> Result<Done<()>, ActError> {
    let contact = visible(w, scope, id)?;
    let reason = self::reason(reason)?;
    if !w.end_stopped(id)? {
        return Err(Refusal::TryAgain.into());
    }
    let event = Event::ContactResumed { contact: id, name: contact.name, reason };
    Ok(w.record(About::client(contact.client), event)?.done(()))
}

/// Staff know of a contact's wish and leave it so: it no longer waits under Today.
///
/// # Errors
/// When the scope does not allow it, or nothing waits to be noted.
pub fn note(w: &mut WriteTx<'_>, scope: &StaffScope, id: ContactId) -> Result<Done<()>, ActError> {
    let contact = visible(w, scope, id)?;
    let stopped = w.stopped(id)?.filter(|s| !s.noted).ok_or(Refusal::TryAgain)?;
    w.put_stopped(&Stopped { noted: true, ..stopped })?;
    Ok(w.record(About::client(contact.client), Event::StopNoted { contact: id, name: contact.name })?.done(()))
}

fn stop(
    w: &mut WriteTx<'_>,
    contact: &Contact,
    by: Option<crate::domain::ids::StaffId>,
    reason: String,
) -> Result<Recorded, ActError> {
    if w.stopped(contact.id)?.is_some() {
        return Err(Refusal::TryAgain.into());
    }
    let noted = by.is_some();
    let (id, client) = (contact.id, contact.client);
    w.put_stopped(&Stopped { contact: id, client, by, reason: reason.clone(), since: w.now, noted })?;
    letters::withdraw_reminders_to(w, contact)?;
    let event = Event::ContactStopped { contact: id, name: contact.name.clone(), reason };
    Ok(w.record(About::client(client), event)?)
}

fn visible(w: &WriteTx<'_>, scope: &StaffScope, id: ContactId) -> Result<Contact, ActError> {
    let contact = found(w.contact(id)?.filter(|c| scope.sees(c.client)))?;
    scope.may(Act::Work)?;
    Ok(contact)
}

/// The reason that staff give.
///
/// # Errors
/// Names the field `reason` when it is missing or no line of text.
pub fn reason(reason: &str) -> Result<String, Refusal> {
    text::required("reason", reason, text::LINE_MAX, "Say why, in a few words.").map_err(Refusal::from)
}
