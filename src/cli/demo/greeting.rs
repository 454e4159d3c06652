//! What the demo says when it is ready: where it is and who can sign in, for people and for programs.
//!
//! Who can sign in is read from the data file, so that it is right for an earlier demo too.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

use super::firm::PASSWORD;
use super::folder::{CONFIG_FILE, IDENTITY_FILE};
use crate::cli::Failure;
use crate::domain::person::{Contact, Person, ProjectAccess};
use crate::secrets;
use crate::store::prelude::*;

/// Most clients whose contacts are named.
const CLIENTS_NAMED: usize = 12;

/// Somebody who can sign in with a password.
#[derive(Clone, Debug, serde::Serialize, PartialEq, Eq)]
pub struct Someone {
    /// Full name.
    pub name: String,
    /// `owner`, or what a contact may do.
    pub role: String,
    /// Their client's name; `None` for staff.
    pub client: Option<String>,
    /// Signs in with it.
    pub email: String,
    /// With this; `None` when they changed it.
    pub password: Option<String>,
}

/// What is announced.
#[derive(Debug, serde::Serialize)]
pub struct Greeting<'a> {
    /// Where the portal is.
    pub url: &'a str,
    /// PEM file of the self-signed certificate.
    pub certificate: Option<&'a Path>,
    /// The data folder.
    pub data: &'a Path,
    /// Who can sign in.
    pub people: &'a [Someone],
}

/// The hash of the first of the staff's passwords: just after the firm was made, everybody's.
///
/// # Errors
/// When the file can't be read.
pub fn first_hash(store: &Store) -> Result<Option<String>, Failure> {
    Ok(store.read(|r| match r.all_staff()?.first() {
        Some(staff) => r.password_hash(Person::Staff(staff.id)),
        None => Ok(None),
    })?)
}

/// Everybody who has a password: the staff, and the contacts of the first clients by name. `hash` is that of the
/// demo's password, where it is known.
///
/// # Errors
/// When the file can't be read.
pub fn people(store: &Store, hash: Option<String>) -> Result<Vec<Someone>, Failure> {
    let found: Vec<(Person, Someone)> = store.read(|r| {
        let mut all = Vec::new();
        for staff in r.all_staff()?.into_iter().filter(|s| s.active) {
            let (name, email, role) = (staff.name, staff.email.to_string(), staff.role.words().to_owned());
            all.push((Person::Staff(staff.id), Someone { name, role, client: None, email, password: None }));
        }
        for client in r.clients_by_name("", None, CLIENTS_NAMED)? {
            for contact in r.contacts_of(client.id)?.into_iter().filter(|c| c.active) {
                let role = may(&contact);
                let (name, email) = (contact.name, contact.email.to_string());
                let client = Some(client.party.name.clone());
                all.push((Person::Contact(contact.id), Someone { name, role, client, email, password: None }));
            }
        }
        Ok::<_, StoreError>(all)
    })?;
    let mut known: HashMap<String, bool> = hash.into_iter().map(|hash| (hash, true)).collect();
    let mut out = Vec::new();
    for (person, someone) in found {
        let Some(hash) = store.read(|r| r.password_hash(person))? else { continue };
        // Nearly all share one hash, and checking takes long.
        let same = *known.entry(hash).or_insert_with_key(|hash| secrets::verify_password(hash, PASSWORD));
        out.push(Someone { password: same.then(|| PASSWORD.to_owned()), ..someone });
    }
    Ok(out)
}

/// What a contact may do, in a few words.
fn may(contact: &Contact) -> String {
    let rights = &contact.rights;
    let mut words = Vec::new();
    match (rights.billing, &rights.projects) {
        (false, _) => words.push("sees no bills"),
        (true, ProjectAccess::All) => words.push("sees bills"),
        (true, ProjectAccess::Only(_)) => words.push("sees bills of some projects"),
    }
    if rights.answer {
        words.push("answers");
    }
    if rights.letters {
        words.push("gets letters");
    }
    words.join(", ")
}

/// The greeting as one line of JSON.
///
/// # Errors
/// When a path is not UTF-8.
pub fn as_json(greeting: &Greeting<'_>) -> Result<String, Failure> {
    serde_json::to_string(greeting).map_err(|e| Failure::new(format!("The answer can't be written as JSON: {e}.")))
}

/// The greeting as a table.
pub fn as_table(greeting: &Greeting<'_>, temporary: bool) -> String {
    let mut out = String::new();
    let url = greeting.url;
    let at = |name: &str| greeting.data.join(name).display().to_string();
    let (config, identity) = (at(CONFIG_FILE), at(IDENTITY_FILE));
    let keep = if temporary { "removed at the end" } else { "kept" };
    let _ = writeln!(out, "\n  The portal   {url}  (your browser will warn: the certificate is self-signed)");
    let _ = writeln!(out, "  Its letters  {url}/demo/mail");
    let _ = writeln!(out, "  Its data     {}  ({keep})", greeting.data.display());
    let _ = writeln!(out, "  Back it up   counterfoil backup --config {config} --to FILE  (opened by {identity})");
    let _ = writeln!(out, "  Password     {PASSWORD}  (the same for everybody)\n");
    let width = |of: fn(&Someone) -> &str| greeting.people.iter().map(|p| of(p).chars().count()).max().unwrap_or(0);
    let (names, emails) = (width(|p| &p.name), width(|p| &p.email));
    let mut group: Option<&Option<String>> = None;
    for person in greeting.people {
        if group != Some(&person.client) {
            let _ = writeln!(out, "  {}", person.client.as_deref().unwrap_or("Staff"));
            group = Some(&person.client);
        }
        let changed = if person.password.is_none() { "  (changed the password)" } else { "" };
        let _ = writeln!(out, "    {:names$}  {:emails$}  {}{changed}", person.name, person.email, person.role);
    }
    let _ = write!(out, "\n  Ctrl+C ends the demo.");
    out
}
