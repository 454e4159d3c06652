//! Staff and contacts: adding, changing, revoking.

use jiff::{Timestamp, tz::TimeZone};

use super::notices::{self, Joined};
use super::{found, letters, reminders};
use crate::domain::access::{Act, StaffScope};
use crate::domain::calendar::Zone;
use crate::domain::event::{ADMITTED, Event};
use crate::domain::format::Format;
use crate::domain::ids::{ClientId, ContactId, StaffId};
use crate::domain::language::Language;
use crate::domain::letter::Purpose;
use crate::domain::person::{Contact, Person, Rights, Role, Staff};
use crate::domain::refusal::Refusal;
use crate::domain::text::EmailAddress;
use crate::store::prelude::*;
use crate::store::scope::{ClientView, Pass};

/// What the log says of somebody who was mailed a link to set a password.
const INVITED: &str = "invited to set a password";

/// A person of the firm as a form gives it.
#[derive(Clone, Debug)]
pub struct NewStaff {
    /// Full name.
    pub name: String,
    /// Signs in with it.
    pub email: EmailAddress,
    /// What they may do.
    pub role: Role,
    /// For a member: the only clients they may see.
    pub only_clients: Option<Vec<ClientId>>,
    /// Whether they may sign in.
    pub active: bool,
    /// Whether a letter invites them to set a password.
    pub invite: bool,
}

/// A contact as a form gives it.
#[derive(Clone, Debug)]
pub struct NewContact {
    /// Full name.
    pub name: String,
    /// Their part.
    pub title: String,
    /// Letters go there; signs in with it.
    pub email: EmailAddress,
    /// Telephone; may be empty.
    pub phone: String,
    /// In which they are written to; `None` for the client's.
    pub language: Option<Language>,
    /// By whose clocks letters reach them; `None` for the firm's.
    pub zone: Option<Zone>,
    /// What they may do.
    pub rights: Rights,
    /// Whether they answer for the account.
    pub leads: bool,
    /// Whether a letter invites them to set a password.
    pub invite: bool,
}

/// Adds a person to the firm; every owner is told by letter.
///
/// # Errors
/// When the role does not allow it or the address is taken.
pub fn add_staff(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    zone: &TimeZone,
    new: &NewStaff,
) -> Result<Done<StaffId>, ActError> {
    notices::staff(w, zone, Joined::Added, &new.name)?;
    found_staff(w, scope, new)
}

/// As [`add_staff`] while a firm is set up: nobody is told.
///
/// # Errors
/// As [`add_staff`].
pub fn found_staff(w: &mut WriteTx<'_>, scope: &StaffScope, new: &NewStaff) -> Result<Done<StaffId>, ActError> {
    scope.may(Act::Govern)?;
    check_free(w, &new.email, None)?;
    let id = StaffId(w.next("staff")?);
    let staff = as_staff(id, new, w.now);
    w.put_staff(&staff)?;
    if staff.active {
        w.put_login(Person::Staff(id), None, &staff.email)?;
    }
    let (name, role) = (staff.name.clone(), staff.role.words().to_owned());
    let recorded = w.record(About::FIRM, Event::StaffAdded { staff: id, name, role })?;
    if new.invite {
        letters::queue_set_password(w, Person::Staff(id), true)?;
    }
    Ok(recorded.done(id))
}

fn as_staff(id: StaffId, new: &NewStaff, since: Timestamp) -> Staff {
    let NewStaff { name, email, role, only_clients, active, .. } = new.clone();
    Staff { id, name, email, role, only_clients, active, since }
}

/// Changes a person of the firm. A new role or address, or leaving, ends their sessions; a new address is told to both,
/// and every owner is told of it, as of somebody who becomes one. The password of whoever leaves is forgotten, and
/// somebody who comes back sets another.
///
/// # Errors
/// When the role does not allow it, the address is taken, or nobody would be left as an owner.
pub fn change_staff(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    zone: &TimeZone,
    id: StaffId,
    new: &NewStaff,
) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    let old = found(w.staff(id)?)?;
    check_free(w, &new.email, Some(Person::Staff(id)))?;
    let staff = as_staff(id, new, old.since);
    let owns = |s: &Staff| s.active && s.role == Role::Owner;
    if owns(&old) && !owns(&staff) && !w.all_staff()?.iter().any(|s| s.id != id && owns(s)) {
        return Err(Refusal::LastOwner.into());
    }
    w.put_staff(&staff)?;
    relogin(w, Person::Staff(id), &old.email, &staff.email, staff.active)?;
    if !staff.active || staff.role != old.role || staff.email != old.email || staff.only_clients != old.only_clients {
        w.shut_out(Person::Staff(id))?;
    }
    if !old.active || !staff.active {
        w.remove_password_hash(Person::Staff(id))?;
    }
    if old.active && staff.active && other(&old.email, &staff.email) {
        notices::address_changed(w, zone, Person::Staff(id), &old.email)?;
    }
    if owns(&staff) && !owns(&old) {
        notices::staff(w, zone, Joined::Owner, &staff.name)?;
    } else if staff.active && (other(&old.email, &staff.email) || !old.active) {
        let what = if old.active { Joined::Address } else { Joined::Back };
        notices::staff(w, zone, what, &staff.name)?;
    }
    let what = if staff.active { format!("role {}", staff.role.words()) } else { "left the firm".to_owned() };
    Ok(w.record(About::FIRM, Event::StaffChanged { staff: id, name: staff.name, what })?.done(()))
}

/// A contact chooses the format in which documents are offered to them first.
///
/// # Errors
/// [`Refusal::NotFound`] when their access was ended.
pub fn prefer_format(w: &mut WriteTx<'_>, pass: Pass, format: Option<Format>) -> Result<Done<()>, ActError> {
    let contact = found(ClientView::open(w, pass)?)?.contact().clone();
    let contact = Contact { format, ..contact };
    w.put_contact(&contact)?;
    let event =
        Event::ContactChanged { contact: contact.id, name: contact.name, what: "format of documents".to_owned() };
    Ok(w.record(About::client(contact.client), event)?.done(()))
}

/// Adds a contact to a client.
///
/// # Errors
/// When the scope does not allow it, the address is taken, or a project is not the client's.
pub fn add_contact(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    client: ClientId,
    new: &NewContact,
) -> Result<Done<ContactId>, ActError> {
    found(w.client(client)?)?;
    scope.may_for(Act::Work, client)?;
    check_free(w, &new.email, None)?;
    check_projects(w, client, &new.rights)?;
    let id = ContactId(w.next("contact")?);
    let contact = as_contact(id, client, new, true, w.now);
    w.put_contact(&contact)?;
    w.put_login(Person::Contact(id), None, &contact.email)?;
    if contact.zone.is_some() {
        reminders::look_again(w, client)?;
    }
    let recorded = w.record(About::client(client), Event::ContactAdded { contact: id, name: contact.name })?;
    if new.invite {
        letters::queue_set_password(w, Person::Contact(id), true)?;
    }
    Ok(recorded.done(id))
}

fn as_contact(id: ContactId, client: ClientId, new: &NewContact, active: bool, since: Timestamp) -> Contact {
    let NewContact { name, title, email, phone, language, zone, rights, leads, .. } = new.clone();
    Contact { id, client, name, title, email, phone, language, zone, format: None, rights, leads, active, since }
}

/// Changes a contact. New rights or another address end their sessions and links; of another address both are told.
/// Somebody revoked stays so; see [`admit_contact`].
///
/// # Errors
/// When the scope does not allow it, the address is taken, or a project is not the client's.
pub fn change_contact(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    zone: &TimeZone,
    id: ContactId,
    new: &NewContact,
) -> Result<Done<()>, ActError> {
    let old = found(w.contact(id)?)?;
    scope.may_for(Act::Work, old.client)?;
    if old.active {
        check_free(w, &new.email, Some(Person::Contact(id)))?;
    }
    check_projects(w, old.client, &new.rights)?;
    let contact = Contact { format: old.format, ..as_contact(id, old.client, new, old.active, old.since) };
    w.put_contact(&contact)?;
    relogin(w, Person::Contact(id), &old.email, &contact.email, contact.active)?;
    let what = if contact.rights == old.rights { "particulars" } else { "rights" };
    if contact.rights != old.rights || contact.email != old.email {
        w.shut_out(Person::Contact(id))?;
    }
    if old.active && other(&old.email, &contact.email) {
        notices::address_changed(w, zone, Person::Contact(id), &old.email)?;
    }
    if old.zone != contact.zone {
        reminders::look_again(w, old.client)?;
    }
    let event = Event::ContactChanged { contact: id, name: contact.name, what: what.to_owned() };
    let recorded = w.record(About::client(old.client), event)?;
    if new.invite && contact.active {
        letters::queue_set_password(w, Person::Contact(id), true)?;
    }
    Ok(recorded.done(()))
}

/// Mails a contact a link to set a password.
///
/// # Errors
/// When the scope does not allow it, they were revoked, or such a letter went to them within the last minute.
pub fn invite_contact(w: &mut WriteTx<'_>, scope: &StaffScope, id: ContactId) -> Result<Done<()>, ActError> {
    let contact = found(w.contact(id)?)?;
    scope.may_for(Act::Work, contact.client)?;
    found(contact.active.then_some(()))?;
    letters::not_lately(w, Person::Contact(id), Purpose::SetPassword)?;
    letters::queue_set_password(w, Person::Contact(id), true)?;
    let event = Event::ContactChanged { contact: id, name: contact.name, what: INVITED.to_owned() };
    Ok(w.record(About::client(contact.client), event)?.done(()))
}

/// Mails a person of the firm a link to set a password.
///
/// # Errors
/// When the role does not allow it, they left, or such a letter went to them within the last minute.
pub fn invite_staff(w: &mut WriteTx<'_>, scope: &StaffScope, id: StaffId) -> Result<Done<()>, ActError> {
    scope.may(Act::Govern)?;
    let staff = found(w.staff(id)?.filter(|s| s.active))?;
    letters::not_lately(w, Person::Staff(id), Purpose::SetPassword)?;
    letters::queue_set_password(w, Person::Staff(id), true)?;
    let event = Event::StaffChanged { staff: id, name: staff.name, what: INVITED.to_owned() };
    Ok(w.record(About::FIRM, event)?.done(()))
}

/// Lets a contact in again whose access was revoked, with the rights that they have now and without a password.
///
/// # Errors
/// When the scope does not allow it, they were not revoked, or their address signs in somebody else by now.
pub fn admit_contact(w: &mut WriteTx<'_>, scope: &StaffScope, id: ContactId) -> Result<Done<()>, ActError> {
    let old = found(w.contact(id)?)?;
    scope.may_for(Act::Work, old.client)?;
    found((!old.active).then_some(()))?;
    check_free(w, &old.email, Some(Person::Contact(id)))?;
    let contact = Contact { active: true, ..old };
    w.put_contact(&contact)?;
    w.put_login(Person::Contact(id), None, &contact.email)?;
    w.remove_password_hash(Person::Contact(id))?;
    w.shut_out(Person::Contact(id))?;
    let event = Event::ContactChanged { contact: id, name: contact.name, what: ADMITTED.to_owned() };
    Ok(w.record(About::client(contact.client), event)?.done(()))
}

/// Takes everything away from a contact, at once: sessions and links end, the password is forgotten, letters that wait
/// are withdrawn when their turn comes. Somebody revoked before is left so.
///
/// # Errors
/// When the scope does not allow it.
pub fn revoke_contact(w: &mut WriteTx<'_>, scope: &StaffScope, id: ContactId) -> Result<Done<()>, ActError> {
    let mut contact = found(w.contact(id)?)?;
    scope.may_for(Act::Work, contact.client)?;
    let person = Person::Contact(id);
    contact.active = false;
    w.put_contact(&contact)?;
    relogin(w, person, &contact.email, &contact.email, false)?;
    w.remove_password_hash(person)?;
    w.shut_out(Person::Contact(id))?;
    let event = Event::ContactRevoked { contact: id, name: contact.name };
    Ok(w.record(About::client(contact.client), event)?.done(()))
}

/// Whether two addresses sign in differently.
fn other(old: &EmailAddress, new: &EmailAddress) -> bool {
    old.folded() != new.folded()
}

fn check_free(w: &WriteTx<'_>, email: &EmailAddress, own: Option<Person>) -> Result<(), ActError> {
    match w.login(email)? {
        Some(other) if Some(other) != own => Err(Refusal::EmailTaken(email.to_string()).into()),
        _ => Ok(()),
    }
}

fn check_projects(w: &WriteTx<'_>, client: ClientId, rights: &Rights) -> Result<(), ActError> {
    if let crate::domain::person::ProjectAccess::Only(some) = &rights.projects {
        for &project in some {
            found(w.project(project)?.filter(|p| p.client == client))?;
        }
    }
    Ok(())
}

fn relogin(
    w: &mut WriteTx<'_>,
    person: Person,
    old: &EmailAddress,
    new: &EmailAddress,
    active: bool,
) -> Result<(), StoreError> {
    let held = w.login(old)? == Some(person);
    if active {
        w.put_login(person, held.then_some(old), new)
    } else if held {
        w.remove_login(old)
    } else {
        Ok(())
    }
}
