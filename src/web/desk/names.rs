//! Names for the sentences of the log, looked up in a snapshot and each read once.
//!
//! Decides nothing about who may read a line; whoever asks has checked that.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use super::client_choice::mark;
use crate::domain::access::StaffScope;
use crate::domain::client::Client;
use crate::domain::ids::{ClientId, ContactId, InvoiceId, QuoteId, StaffId};
use crate::domain::sentence::Names;
use crate::store::prelude::*;

/// Clients of one name that are looked at; whoever sees none of so many is not told of more.
const NAMESAKES_MAX: usize = 100;

/// The names of one snapshot. What can't be read or is gone still has something printable.
pub struct NamesOf<'a, R> {
    reader: &'a R,
    /// Among whose clients one is told from another of its name.
    among: Option<&'a StaffScope>,
    staff: Cache<StaffId, String>,
    contacts: Cache<ContactId, String>,
    clients: Cache<ClientId, String>,
    documents: Cache<InvoiceId, Document>,
    quotes: Cache<QuoteId, String>,
}

#[derive(Clone)]
struct Document {
    number: String,
    credit_note: bool,
    draft: bool,
}

type Cache<K, V> = RefCell<HashMap<K, V>>;

impl<'a, R: Reader> NamesOf<'a, R> {
    /// The names in `reader`.
    pub fn new(reader: &'a R) -> Self {
        Self {
            reader,
            among: None,
            staff: Cache::default(),
            contacts: Cache::default(),
            clients: Cache::default(),
            documents: Cache::default(),
            quotes: Cache::default(),
        }
    }

    /// The same, for lists in which two clients of one name stand: among those that `scope` sees they are told apart.
    pub fn among(reader: &'a R, scope: &'a StaffScope) -> Self {
        Self { among: Some(scope), ..Self::new(reader) }
    }

    /// A client's name.
    pub fn client(&self, id: ClientId) -> String {
        once(&self.clients, id, || match self.reader.client(id).ok().flatten() {
            Some(client) if self.shares_name(&client) => format!("{} ({})", client.party.name, mark(&client)),
            Some(client) => client.party.name,
            None => "a client".to_owned(),
        })
    }

    /// Whether another client of the same name is seen too.
    fn shares_name(&self, client: &Client) -> bool {
        let Some(scope) = self.among else { return false };
        let others = self.reader.namesakes(client, NAMESAKES_MAX).unwrap_or_default();
        others.into_iter().any(|id| scope.sees(id))
    }

    /// Whether the document is a draft, or gone.
    pub fn is_draft(&self, id: InvoiceId) -> bool {
        self.document_of(id).draft
    }

    fn document_of(&self, id: InvoiceId) -> Document {
        once(&self.documents, id, || {
            let found = self.reader.invoice(id).ok().flatten();
            let number = found.as_ref().and_then(|i| i.number().map(ToString::to_string));
            Document {
                draft: number.is_none(),
                number: number.unwrap_or_else(|| "a draft".to_owned()),
                credit_note: found.is_some_and(|i| !i.is_invoice()),
            }
        })
    }
}

/// The value kept under `key`, read the first time.
fn once<K: Eq + Hash, V: Clone>(cache: &Cache<K, V>, key: K, read: impl FnOnce() -> V) -> V {
    match cache.borrow_mut().entry(key) {
        Entry::Occupied(kept) => kept.get().clone(),
        Entry::Vacant(free) => free.insert(read()).clone(),
    }
}

impl<R: Reader> Names for NamesOf<'_, R> {
    fn staff(&self, id: StaffId) -> String {
        once(&self.staff, id, || {
            let found = self.reader.staff(id).ok().flatten();
            found.map_or_else(|| "Somebody of the firm".to_owned(), |s| s.name)
        })
    }

    fn contact(&self, id: ContactId) -> String {
        once(&self.contacts, id, || {
            let found = self.reader.contact(id).ok().flatten();
            found.map_or_else(|| "Somebody at the client".to_owned(), |c| c.name)
        })
    }

    fn document(&self, id: InvoiceId) -> String {
        self.document_of(id).number
    }

    fn quote(&self, id: QuoteId) -> String {
        once(&self.quotes, id, || {
            let found = self.reader.quote(id).ok().flatten();
            found.map_or_else(|| "a quote".to_owned(), |q| q.number.to_string())
        })
    }

    fn is_credit_note(&self, id: InvoiceId) -> bool {
        self.document_of(id).credit_note
    }
}
