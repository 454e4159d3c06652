//! Clients, their contacts and projects.

use std::ops::Bound;

use redb::ReadableTable;

use super::error::StoreError;
use super::tables::{CLIENTS, CLIENTS_BY_NAME, CONTACTS, CONTACTS_OF_CLIENT, PROJECTS, PROJECTS_OF_CLIENT};
use super::tx::{Reader, WriteTx};
use crate::domain::client::Client;
use crate::domain::ids::{ClientId, ContactId, ProjectId};
use crate::domain::person::Contact;
use crate::domain::project::Project;

/// Most contacts or projects of one client that are listed.
pub const OF_CLIENT_MAX: usize = 1_000;

/// Reading clients, contacts and projects.
pub trait ClientReads: Reader {
    /// A client.
    fn client(&self, id: ClientId) -> Result<Option<Client>, StoreError> {
        self.record_at(CLIENTS, id.0)
    }

    /// Clients by name, from the one after `after` (folded name and id), at most `limit`; with `starts`, only those
    /// whose name starts with it.
    fn clients_by_name(
        &self,
        starts: &str,
        after: Option<(&str, ClientId)>,
        limit: usize,
    ) -> Result<Vec<Client>, StoreError> {
        let starts = fold(starts);
        let from = match after {
            Some((name, id)) => Bound::Excluded((name, id.0)),
            None => Bound::Included((starts.as_str(), 0)),
        };
        let mut ids = Vec::new();
        for row in self.table(CLIENTS_BY_NAME)?.range::<(&str, u64)>((from, Bound::Unbounded))? {
            let (key, ()) = (row?.0, ());
            let (name, id) = key.value();
            if !name.starts_with(&starts) || ids.len() == limit {
                break;
            }
            ids.push(ClientId(id));
        }
        ids.into_iter().filter_map(|id| self.client(id).transpose()).collect()
    }

    /// Other clients of exactly this client's name, capitals aside, at most `limit`.
    fn namesakes(&self, client: &Client, limit: usize) -> Result<Vec<ClientId>, StoreError> {
        let name = fold(&client.party.name);
        let table = self.table(CLIENTS_BY_NAME)?;
        let rows = table.range((name.as_str(), 0)..=(name.as_str(), u64::MAX))?;
        let ids = rows.map(|row| Ok(ClientId(row?.0.value().1)));
        ids.filter(|id| id.as_ref().map_or(true, |id| *id != client.id)).take(limit).collect()
    }

    /// A contact, also a revoked one.
    fn contact(&self, id: ContactId) -> Result<Option<Contact>, StoreError> {
        self.record_at(CONTACTS, id.0)
    }

    /// A client's contacts, revoked ones included, in the order in which they were added.
    fn contacts_of(&self, client: ClientId) -> Result<Vec<Contact>, StoreError> {
        let ids = second_keys(self, CONTACTS_OF_CLIENT, client.0)?;
        ids.into_iter().filter_map(|id| self.contact(ContactId(id)).transpose()).collect()
    }

    /// A project.
    fn project(&self, id: ProjectId) -> Result<Option<Project>, StoreError> {
        self.record_at(PROJECTS, id.0)
    }

    /// A client's projects, in the order in which they were added.
    fn projects_of(&self, client: ClientId) -> Result<Vec<Project>, StoreError> {
        let ids = second_keys(self, PROJECTS_OF_CLIENT, client.0)?;
        ids.into_iter().filter_map(|id| self.project(ProjectId(id)).transpose()).collect()
    }
}

impl<T: Reader + ?Sized> ClientReads for T {}

/// The second parts of the keys that start with `first`, ascending.
fn second_keys<R: Reader + ?Sized>(
    reader: &R,
    table: redb::TableDefinition<'static, (u64, u64), ()>,
    first: u64,
) -> Result<Vec<u64>, StoreError> {
    let table = reader.table(table)?;
    let rows = table.range((first, 0)..=(first, u64::MAX))?.take(OF_CLIENT_MAX);
    rows.map(|row| Ok(row?.0.value().1)).collect()
}

/// The form under which names are sorted and found.
pub fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

impl WriteTx<'_> {
    /// Keeps a client and its place in the list of names.
    pub fn put_client(&mut self, client: &Client) -> Result<(), StoreError> {
        if let Some(old) = self.client(client.id)? {
            self.change(CLIENTS_BY_NAME)?.remove((fold(&old.party.name).as_str(), client.id.0))?;
        }
        self.change(CLIENTS_BY_NAME)?.insert((fold(&client.party.name).as_str(), client.id.0), ())?;
        self.put(CLIENTS, client.id.0, client)
    }

    /// Keeps a contact; the address that signs them in is kept by `put_login`.
    pub fn put_contact(&mut self, contact: &Contact) -> Result<(), StoreError> {
        self.change(CONTACTS_OF_CLIENT)?.insert((contact.client.0, contact.id.0), ())?;
        self.put(CONTACTS, contact.id.0, contact)
    }

    /// Keeps a project.
    pub fn put_project(&mut self, project: &Project) -> Result<(), StoreError> {
        self.change(PROJECTS_OF_CLIENT)?.insert((project.client.0, project.id.0), ())?;
        self.put(PROJECTS, project.id.0, project)
    }
}
