//! Clients and their projects.

use super::found;
use crate::domain::access::{Act, StaffScope};
use crate::domain::client::{Client, Party};
use crate::domain::event::Event;
use crate::domain::ids::{ClientId, ProjectId, StaffId};
use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::project::Project;
use crate::domain::refusal::Refusal;
use crate::domain::terms::DueRule;
use crate::store::prelude::*;

/// A client as a form gives it.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Name, address, VAT identifier.
    pub party: Party,
    /// The firm's own reference; may be empty.
    pub reference: String,
    /// In which they are written to; `None` for the firm's.
    pub language: Option<Language>,
    /// Currency of new documents.
    pub currency: Currency,
    /// Days from issue to due date.
    pub terms: DueRule,
    /// Who looks after them.
    pub manager: Option<StaffId>,
    /// What staff should keep in mind.
    pub note: String,
}

/// Adds a client. A member who sees only some clients can't add others.
///
/// # Errors
/// When the scope does not allow it.
pub fn add(w: &mut WriteTx<'_>, scope: &StaffScope, new: &NewClient) -> Result<Done<ClientId>, ActError> {
    scope.may(Act::Work)?;
    if scope.only().is_some() {
        return Err(Refusal::NotAllowed.into());
    }
    let id = ClientId(w.next("client")?);
    w.put_client(&as_client(id, new, w.now))?;
    let name = new.party.name.clone();
    Ok(w.record(About::client(id), Event::ClientAdded { client: id, name })?.done(id))
}

fn as_client(id: ClientId, new: &NewClient, since: jiff::Timestamp) -> Client {
    let NewClient { party, reference, language, currency, terms, manager, note } = new.clone();
    Client { id, party, reference, language, currency, terms, manager, note, since }
}

/// Changes a client. Issued documents keep what they were issued with.
///
/// # Errors
/// When the scope does not allow it.
pub fn change(w: &mut WriteTx<'_>, scope: &StaffScope, id: ClientId, new: &NewClient) -> Result<Done<()>, ActError> {
    let old = found(w.client(id)?)?;
    scope.may_for(Act::Work, id)?;
    let client = as_client(id, new, old.since);
    w.put_client(&client)?;
    let what = changes(&old, &client);
    Ok(w.record(About::client(id), Event::ClientChanged { client: id, what })?.done(()))
}

/// The changed fields in words, for the log.
fn changes(old: &Client, new: &Client) -> String {
    let all = [
        (old.party.name != new.party.name, "name"),
        (old.party.lives_elsewhere(&new.party), "address"),
        (old.party.vat_id != new.party.vat_id, "VAT identifier"),
        (old.party.is_reached_otherwise(&new.party), "register number, electronic address or contact"),
        (old.terms != new.terms, "terms"),
        (old.currency != new.currency, "currency"),
        (old.language != new.language, "language"),
        (old.manager != new.manager, "who looks after them"),
        (old.reference != new.reference, "reference"),
        (old.note != new.note, "note"),
    ];
    let changed: Vec<&str> = all.iter().filter(|x| x.0).map(|x| x.1).collect();
    if changed.is_empty() { "nothing".to_owned() } else { changed.join(", ") }
}

/// Adds a project to a client.
///
/// # Errors
/// When the scope does not allow it.
pub fn add_project(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    client: ClientId,
    name: &str,
) -> Result<Done<ProjectId>, ActError> {
    found(w.client(client)?)?;
    scope.may_for(Act::Work, client)?;
    let id = ProjectId(w.next("project")?);
    w.put_project(&Project { id, client, name: name.to_owned(), open: true })?;
    Ok(w.record(About::client(client), Event::ProjectAdded { project: id, name: name.to_owned() })?.done(id))
}

/// Renames a project, closes it for new documents or opens it again.
///
/// # Errors
/// When the scope does not allow it.
pub fn change_project(
    w: &mut WriteTx<'_>,
    scope: &StaffScope,
    id: ProjectId,
    name: &str,
    open: bool,
) -> Result<Done<ClientId>, ActError> {
    let old = found(w.project(id)?)?;
    let client = old.client;
    scope.may_for(Act::Work, client)?;
    let what = match (old.name == name, old.open, open) {
        (false, ..) => format!("project {} is now {name}", old.name),
        (true, true, false) => format!("project {name} closed"),
        (true, false, true) => format!("project {name} opened again"),
        (true, ..) => format!("nothing of the project {name}"),
    };
    w.put_project(&Project { name: name.to_owned(), open, ..old })?;
    Ok(w.record(About::client(client), Event::ClientChanged { client, what })?.done(client))
}
