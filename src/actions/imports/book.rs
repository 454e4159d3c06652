//! The clients that are here, by everything that a document or a table may call them.

use std::collections::HashMap;

use crate::domain::access::StaffScope;
use crate::domain::client::{Client, Party};
use crate::domain::ids::ClientId;
use crate::domain::party::Endpoint;
use crate::domain::person::Person;
use crate::domain::text::EmailAddress;
use crate::store::clients::fold;
use crate::store::prelude::*;

/// Clients read at once.
const PAGE: usize = 500;

/// Who is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// This client and no other.
    One(ClientId),
    /// Several are called so.
    Several,
    /// Nobody is.
    None,
}

/// The clients that somebody may see, by their names and numbers.
#[derive(Debug, Default)]
pub struct Book {
    by_vat: HashMap<String, Vec<ClientId>>,
    by_endpoint: HashMap<(String, String), Vec<ClientId>>,
    by_reference: HashMap<String, Vec<ClientId>>,
    by_name: HashMap<String, Vec<ClientId>>,
}

impl Book {
    /// Everybody in the scope.
    ///
    /// # Errors
    /// When the store fails.
    pub fn gather(reader: &impl Reader, scope: &StaffScope) -> Result<Self, StoreError> {
        let (mut book, mut after) = (Self::default(), None::<(String, ClientId)>);
        loop {
            let page = reader.clients_by_name("", after.as_ref().map(|(name, id)| (name.as_str(), *id)), PAGE)?;
            let Some(last) = page.last() else { return Ok(book) };
            after = Some((fold(&last.party.name), last.id));
            page.iter().filter(|x| scope.sees(x.id)).for_each(|x| book.add(x));
        }
    }

    /// One more.
    pub fn add(&mut self, client: &Client) {
        let Client { id, party, reference, .. } = client;
        let put = |map: &mut HashMap<String, Vec<ClientId>>, key: String| {
            if !key.is_empty() {
                map.entry(key).or_default().push(*id);
            }
        };
        put(&mut self.by_vat, bare(&party.vat_id));
        put(&mut self.by_reference, fold(reference));
        put(&mut self.by_name, called(&party.name));
        if !party.endpoint.is_empty() {
            self.by_endpoint.entry(key_of(&party.endpoint)).or_default().push(*id);
        }
    }

    /// Who a document's buyer is: by VAT number, electronic address, name.
    pub fn buyer(&self, buyer: &Party) -> Match {
        let vat = self.by_vat.get(&bare(&buyer.vat_id)).filter(|_| !buyer.vat_id.is_empty());
        let endpoint = || self.by_endpoint.get(&key_of(&buyer.endpoint)).filter(|_| !buyer.endpoint.is_empty());
        let found = match vat.or_else(endpoint) {
            Some(found) => one(found),
            None => self.named(&buyer.name),
        };
        // Several branches may have one VAT number; the name tells them apart.
        match (found, self.named(&buyer.name)) {
            (Match::Several, Match::One(id)) => Match::One(id),
            (found, _) => found,
        }
    }

    /// Who is called so: by reference, VAT number or name.
    pub fn called(&self, word: &str) -> Match {
        if word.trim().is_empty() {
            return Match::None;
        }
        let found = self.by_reference.get(&fold(word)).or_else(|| self.by_vat.get(&bare(word)));
        found.map_or_else(|| self.named(word), |found| one(found))
    }

    fn named(&self, name: &str) -> Match {
        self.by_name.get(&called(name)).map_or(Match::None, |found| one(found))
    }
}

fn one(found: &[ClientId]) -> Match {
    match found {
        [] => Match::None,
        [only] => Match::One(*only),
        _ => Match::Several,
    }
}

/// A VAT number without blanks and points.
fn bare(vat: &str) -> String {
    vat.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

fn key_of(endpoint: &Endpoint) -> (String, String) {
    (endpoint.scheme.to_ascii_uppercase(), endpoint.id.to_ascii_lowercase())
}

/// A name as it is compared: without capitals and with single blanks.
pub fn called(name: &str) -> String {
    fold(&name.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The client whose contact signs in with an address.
///
/// # Errors
/// When the store fails.
pub fn of_email(reader: &impl Reader, email: &str) -> Result<Option<ClientId>, StoreError> {
    let Ok(email) = EmailAddress::parse("", email) else { return Ok(None) };
    match reader.login(&email)? {
        Some(Person::Contact(id)) => Ok(reader.contact(id)?.map(|x| x.client)),
        _ => Ok(None),
    }
}
