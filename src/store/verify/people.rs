//! Staff, clients, contacts and projects; who signs in, and what was handed out to them.

use super::Check;
use crate::domain::client::Client;
use crate::domain::grant::{CodeRequest, Grant, Session};
use crate::domain::person::{Contact, Person, ProjectAccess, Staff};
use crate::domain::project::Project;
use crate::domain::text::EmailAddress;
use crate::store::accounts::person_key;
use crate::store::clients::{ClientReads, fold};
use crate::store::error::StoreError;
use crate::store::tables::*;
use crate::store::tx::Reader;
use redb::ReadableTable;

pub(super) fn check(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut logins = 0;
    let mut highest = 0;
    c.every("staff", STAFF, |c, key: u64, staff: Staff| {
        c.claim(staff.id.0 == key, || format!("The person of the firm at {key} says to be {}.", staff.id));
        highest = key;
        logins += u64::from(staff.active);
        signs_in(c, Person::Staff(staff.id), staff.active, &staff.email)
    })?;
    c.given("staff", highest)?;
    clients(c)?;
    contacts(c, &mut logins)?;
    projects(c)?;
    c.sized(LOGINS, logins)?;
    handed_out(c)
}

fn signs_in(c: &mut Check<'_>, person: Person, active: bool, email: &EmailAddress) -> Result<(), StoreError> {
    let found = c.r.table(LOGINS)?.get(email.folded().as_str())?.map(|x| x.value());
    let own = found == Some(person_key(person));
    c.claim(own == active, || match active {
        true => format!("{person:?} can't sign in with their own address."),
        false => format!("{person:?} was revoked, and their address still signs them in."),
    });
    Ok(())
}

fn clients(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut highest = 0;
    let count = c.every("clients", CLIENTS, |c, key: u64, client: Client| {
        highest = key;
        c.claim(client.id.0 == key, || format!("The client at {key} says to be {}.", client.id));
        let listed = c.has(CLIENTS_BY_NAME, (fold(&client.party.name).as_str(), key))?;
        c.claim(listed, || format!("Client {key} is missing from the list by name."));
        if let Some(manager) = client.manager {
            let known = c.has(STAFF, manager.0)?;
            c.claim(known, || format!("Client {key} is looked after by {manager}, who does not exist."));
        }
        Ok(())
    })?;
    c.given("client", highest)?;
    c.sized(CLIENTS_BY_NAME, count)
}

fn contacts(c: &mut Check<'_>, logins: &mut u64) -> Result<(), StoreError> {
    let mut highest = 0;
    let count = c.every("contacts", CONTACTS, |c, key: u64, contact: Contact| {
        highest = key;
        *logins += u64::from(contact.active);
        c.claim(contact.id.0 == key, || format!("The contact at {key} says to be {}.", contact.id));
        let client = c.has(CLIENTS, contact.client.0)?;
        c.claim(client, || format!("Contact {key} is at client {}, which does not exist.", contact.client));
        let listed = c.has(CONTACTS_OF_CLIENT, (contact.client.0, key))?;
        c.claim(listed, || format!("Contact {key} is missing from their client's list."));
        if let ProjectAccess::Only(some) = &contact.rights.projects {
            for &project in some {
                let own = c.r.project(project)?.is_some_and(|p| p.client == contact.client);
                c.claim(own, || format!("Contact {key} may see project {project}, which is not their client's."));
            }
        }
        signs_in(c, Person::Contact(contact.id), contact.active, &contact.email)
    })?;
    c.given("contact", highest)?;
    c.sized(CONTACTS_OF_CLIENT, count)
}

fn projects(c: &mut Check<'_>) -> Result<(), StoreError> {
    let mut highest = 0;
    let count = c.every("projects", PROJECTS, |c, key: u64, project: Project| {
        highest = key;
        c.claim(project.id.0 == key, || format!("The project at {key} says to be {}.", project.id));
        let client = c.has(CLIENTS, project.client.0)?;
        c.claim(client, || format!("Project {key} is of client {}, which does not exist.", project.client));
        let listed = c.has(PROJECTS_OF_CLIENT, (project.client.0, key))?;
        c.claim(listed, || format!("Project {key} is missing from its client's list."));
        Ok(())
    })?;
    c.given("project", highest)?;
    c.sized(PROJECTS_OF_CLIENT, count)
}

pub(super) fn exists(c: &Check<'_>, person: Person) -> Result<bool, StoreError> {
    match person {
        Person::Staff(id) => c.has(STAFF, id.0),
        Person::Contact(id) => c.has(CONTACTS, id.0),
    }
}

/// Password hashes, sessions, links and codes. They are not named in faults: a digest is no use to a reader.
fn handed_out(c: &mut Check<'_>) -> Result<(), StoreError> {
    c.rows(PASSWORDS, |c, (tag, id), hash| {
        let known = if tag == 0 { c.has(STAFF, id)? } else { c.has(CONTACTS, id)? };
        c.claim(known, || format!("A password is kept for {tag}/{id}, who does not exist."));
        c.claim(hash.starts_with("$argon2id$"), || format!("The password of {tag}/{id} is not hashed with Argon2id."));
        Ok(())
    })?;
    let sessions = c.every("sessions", SESSIONS, |c, digest: [u8; 32], session: Session| {
        let (tag, id) = person_key(session.person);
        let fine = c.has(SESSIONS_OF_PERSON, (tag, id, digest))? && exists(c, session.person)?;
        c.claim(fine, || format!("A session of {:?} is missing from their list.", session.person));
        Ok(())
    })?;
    c.sized(SESSIONS_OF_PERSON, sessions)?;
    let grants = c.every("links", GRANTS, |c, digest: [u8; 32], grant: Grant| {
        let (tag, id) = person_key(grant.person);
        let fine = c.has(GRANTS_OF_PERSON, (tag, id, digest))? && exists(c, grant.person)?;
        c.claim(fine, || format!("A link of {:?} is missing from their list.", grant.person));
        Ok(())
    })?;
    c.sized(GRANTS_OF_PERSON, grants)?;
    c.every("codes", CODES, |_, _: [u8; 32], _: CodeRequest| Ok(())).map(drop)
}
