//! Who letters go to: those who may see the document and want letters.

use std::borrow::Cow;

use crate::domain::access::StaffScope;
use crate::domain::client::Client;
use crate::domain::firm::Firm;
use crate::domain::ids::ClientId;
use crate::domain::invoice::Invoice;
use crate::domain::letter::{Letter, Purpose};
use crate::domain::person::{Contact, Person, Role, Staff};
use crate::domain::policy::{Policy, Reach, Step};
use crate::domain::quote::Quote;
use crate::domain::text::EmailAddress;
use crate::store::prelude::*;

/// Who gets the letters about a document: those named, or all, of the contacts who may see it and want letters.
pub fn recipients(reader: &impl Reader, invoice: &Invoice) -> Result<Vec<Contact>, StoreError> {
    let mut all = reader.contacts_of(invoice.client)?;
    all.retain(|c| {
        c.sees_billing(invoice.client, invoice.project)
            && if invoice.recipients.is_empty() { c.rights.letters } else { invoice.recipients.contains(&c.id) }
    });
    Ok(all)
}

/// Whom a reminder step of an invoice reaches.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// At the client, each once.
    pub contacts: Vec<Contact>,
    /// Of the firm's people, who get a copy.
    pub copies: Vec<Staff>,
}

impl Reached {
    /// Whom it reaches, in words: "Ana Ruiz, Ken Sato (by the clocks of Asia/Tokyo); a copy to Orla Byrne".
    pub fn words(&self) -> String {
        let names = |all: Vec<&str>| all.join(", ");
        let name = |c: &Contact| match &c.zone {
            Some(zone) => format!("{} (by the clocks of {zone})", c.name),
            None => c.name.clone(),
        };
        let mut words = self.contacts.iter().map(name).collect::<Vec<_>>().join(", ");
        if !self.copies.is_empty() {
            let copies = names(self.copies.iter().map(|s| s.name.as_str()).collect());
            words.push_str(&format!("; a copy to {copies}"));
        }
        words
    }
}

/// Whom `step` reaches: who gets the invoice's letters, who answers for the account, or both, but for those who want no
/// reminders; and copies to staff who are still here and see the client. Without somebody at the client there are no
/// copies either.
pub fn reached(reader: &impl Reader, invoice: &Invoice, step: &Step) -> Result<Reached, StoreError> {
    let billing = reminded(reader, recipients(reader, invoice)?)?;
    let mut contacts = match step.to {
        Reach::Billing => billing,
        Reach::Lead | Reach::Both => {
            let mut leads = reader.contacts_of(invoice.client)?;
            leads.retain(|c| c.leads && c.sees_billing(invoice.client, invoice.project));
            let leads = reminded(reader, leads)?;
            match step.to {
                Reach::Lead if leads.is_empty() => billing,
                Reach::Both => billing.into_iter().chain(leads).collect(),
                Reach::Lead | Reach::Billing => leads,
            }
        }
    };
    contacts.sort_by_key(|c| c.id);
    contacts.dedup_by_key(|c| c.id);
    let mut copies = Vec::new();
    for id in step.copies.iter().filter(|_| !contacts.is_empty()) {
        let sees = |s: &Staff| StaffScope::of(s).is_some_and(|scope| scope.sees(invoice.client));
        copies.extend(reader.staff(*id)?.filter(sees));
    }
    Ok(Reached { contacts, copies })
}

/// Everybody at the client whom a step of the policy may reach about an invoice, some perhaps twice.
pub fn reachable(reader: &impl Reader, invoice: &Invoice, policy: &Policy) -> Result<Vec<Contact>, StoreError> {
    let mut all = recipients(reader, invoice)?;
    if policy.steps.iter().any(|step| step.to != Reach::Billing) {
        let leads = reader.contacts_of(invoice.client)?;
        all.extend(leads.into_iter().filter(|c| c.leads && c.sees_billing(invoice.client, invoice.project)));
    }
    Ok(all)
}

/// Those of `all` who have not asked for no reminders.
fn reminded(reader: &impl Reader, all: Vec<Contact>) -> Result<Vec<Contact>, StoreError> {
    let mut out = Vec::with_capacity(all.len());
    for contact in all {
        if reader.stopped(contact.id)?.is_none() {
            out.push(contact);
        }
    }
    Ok(out)
}

/// Who may see a document once it is issued.
pub fn audience(reader: &impl Reader, invoice: &Invoice) -> Result<Vec<Contact>, StoreError> {
    let mut all = reader.contacts_of(invoice.client)?;
    all.retain(|c| c.sees_billing(invoice.client, invoice.project));
    Ok(all)
}

/// Somebody that a letter goes to.
pub(super) struct Addressee {
    pub(super) person: Person,
    pub(super) name: String,
    pub(super) address: EmailAddress,
    pub(super) client: Option<ClientId>,
}

impl From<&Contact> for Addressee {
    fn from(c: &Contact) -> Self {
        Self { person: Person::Contact(c.id), name: c.name.clone(), address: c.email.clone(), client: Some(c.client) }
    }
}

impl From<&Staff> for Addressee {
    fn from(s: &Staff) -> Self {
        Self { person: Person::Staff(s.id), name: s.name.clone(), address: s.email.clone(), client: None }
    }
}

/// The firm's people whom a client's answer concerns: who sent the quote and who looks after the client, of those that
/// are still here and see the client; the owners if that is nobody.
pub(super) fn concerned(reader: &impl Reader, quote: &Quote, client: &Client) -> Result<Vec<Staff>, StoreError> {
    let all = reader.all_staff()?;
    let sees = |s: &&Staff| StaffScope::of(s).is_some_and(|scope| scope.sees(client.id));
    let near = |s: &&Staff| s.id == quote.current.by || Some(s.id) == client.manager;
    let named: Vec<Staff> = all.iter().filter(sees).filter(near).cloned().collect();
    if !named.is_empty() {
        return Ok(named);
    }
    Ok(all.into_iter().filter(|s| s.active && s.role == Role::Owner).collect())
}

/// Who looks after a client, if they are still here and see it; else the owners.
pub(in super::super) fn responsible(reader: &impl Reader, client: ClientId) -> Result<Vec<Staff>, StoreError> {
    let manager = reader.client(client)?.and_then(|c| c.manager);
    let manager = manager.map(|id| reader.staff(id)).transpose()?.flatten();
    match manager.filter(|s| StaffScope::of(s).is_some_and(|scope| scope.sees(client))) {
        Some(one) => Ok(vec![one]),
        None => Ok(reader.all_staff()?.into_iter().filter(|s| s.active && s.role == Role::Owner).collect()),
    }
}

/// Somebody as they are now; `None` when they were revoked.
pub(super) fn addressee(w: &impl Reader, person: Person) -> Result<Option<Addressee>, StoreError> {
    Ok(match person {
        Person::Staff(id) => w.staff(id)?.filter(|s| s.active).as_ref().map(Addressee::from),
        Person::Contact(id) => w.contact(id)?.filter(|c| c.active).as_ref().map(Addressee::from),
    })
}

/// The firm as it writes to somebody: in the language of the contact, else of their client, else its own; to its own
/// people in the desk's.
pub(in super::super) fn writing<'f>(r: &impl Reader, firm: &'f Firm, to: Person) -> Result<Cow<'f, Firm>, StoreError> {
    let Person::Contact(id) = to else { return Ok(Cow::Borrowed(firm)) };
    let Some(contact) = r.contact(id)? else { return Ok(firm.speaking(None)) };
    let language = match contact.language {
        None => r.client(contact.client)?.and_then(|x| x.language),
        own => own,
    };
    Ok(firm.speaking(language))
}

/// A document's letter goes to where the person is reached now; a notice to the address that it is about.
pub(super) fn reach(w: &WriteTx<'_>, letter: &mut Letter) -> Result<(), StoreError> {
    if letter.purpose != Purpose::Notice
        && let Some(to) = addressee(w, letter.to)?
    {
        letter.to_address = to.address;
    }
    Ok(())
}
