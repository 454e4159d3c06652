//! Who letters go to: those who may see the document and want letters.

use crate::domain::ids::ClientId;
use crate::domain::invoice::Invoice;
use crate::domain::person::{Contact, Person};
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

/// Somebody as they are now; `None` when they were revoked.
pub(super) fn addressee(w: &WriteTx<'_>, person: Person) -> Result<Option<Addressee>, StoreError> {
    Ok(match person {
        Person::Staff(id) => w.staff(id)?.filter(|s| s.active).map(|s| Addressee {
            person,
            name: s.name,
            address: s.email,
            client: None,
        }),
        Person::Contact(id) => w.contact(id)?.filter(|c| c.active).as_ref().map(Addressee::from),
    })
}
