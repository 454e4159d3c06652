//! Letters that say that something happened: queued with the change they tell of, or not at all.

use jiff::tz::TimeZone;

use super::disputes::resolves;
use super::letters::{queue_notice, recipients, responsible, writing};
use crate::domain::backups::Trouble;
use crate::domain::dispute::Dispute;
use crate::domain::event::Actor;
use crate::domain::firm::Firm;
use crate::domain::ids::ClientId;
use crate::domain::invoice::Invoice;
use crate::domain::person::{Contact, Person, Role};
use crate::domain::promise::Promise;
use crate::domain::text::EmailAddress;
use crate::mail::letters::Text;
use crate::mail::notices::{self as words, Happened, Said};
use crate::mail::notices_disputes as disputed;
use crate::store::prelude::*;

pub(super) use words::{Joined, promise_withdrawn, promised};

/// Tells somebody that their password was set.
pub(super) fn password_set(w: &mut WriteTx<'_>, zone: &TimeZone, person: Person) -> Result<(), ActError> {
    tell(w, zone, person, None, words::password_set)
}

/// Tells somebody who may sign in that they do so with another address now, at both.
pub(super) fn address_changed(
    w: &mut WriteTx<'_>,
    zone: &TimeZone,
    person: Person,
    old: &EmailAddress,
) -> Result<(), ActError> {
    tell(w, zone, person, Some(old), words::address_was_this)?;
    tell(w, zone, person, None, words::address_is_now_this)
}

/// Tells every owner that the bank details changed.
pub(super) fn bank_changed(w: &mut WriteTx<'_>, zone: &TimeZone) -> Result<(), ActError> {
    tell_owners(w, zone, words::bank_changed)
}

/// Tells every owner that the firm's letters name another way to reach it.
pub(super) fn reached_otherwise(w: &mut WriteTx<'_>, zone: &TimeZone) -> Result<(), ActError> {
    tell_owners(w, zone, words::reached_otherwise)
}

/// Tells every owner that the people of the firm changed: `name` joined, came back, became an owner or has another
/// address.
pub(super) fn staff(w: &mut WriteTx<'_>, zone: &TimeZone, what: Joined, name: &str) -> Result<(), ActError> {
    tell_owners(w, zone, |firm, to, happened| words::staff_changed(firm, to, happened, what, name))
}

fn tell_owners(
    w: &mut WriteTx<'_>,
    zone: &TimeZone,
    wording: impl Fn(&Firm, &str, &Happened<'_>) -> Text,
) -> Result<(), ActError> {
    for staff in w.all_staff()? {
        if staff.active && staff.role == Role::Owner {
            tell(w, zone, Person::Staff(staff.id), None, &wording)?;
        }
    }
    Ok(())
}

/// Tells every owner that something is wrong with the backups.
pub(super) fn backup_trouble(w: &mut WriteTx<'_>, zone: &TimeZone, trouble: &Trouble) -> Result<(), ActError> {
    let (firm, at) = (w.firm()?, w.now);
    for staff in w.all_staff()? {
        if staff.active && staff.role == Role::Owner {
            queue_notice(w, Person::Staff(staff.id), None, |name| {
                words::backup_trouble(&firm, name, (at, zone), trouble)
            })?;
        }
    }
    Ok(())
}

/// Tells whoever looks after a client that a contact of it wants no reminders.
pub(super) fn reminders_stopped(w: &mut WriteTx<'_>, zone: &TimeZone, contact: &Contact) -> Result<(), ActError> {
    let client = client_name(w, contact.client)?;
    for staff in responsible(w, contact.client)? {
        tell(w, zone, Person::Staff(staff.id), None, |firm, to, happened| {
            words::reminders_stopped(firm, to, happened, &contact.name, &client)
        })?;
    }
    Ok(())
}

/// Tells whoever looks after a client what a contact of it did with a promise to pay an invoice, as `wording` says it:
/// [`promised`] or [`promise_withdrawn`].
pub(super) fn promise(
    w: &mut WriteTx<'_>,
    zone: &TimeZone,
    contact: &Contact,
    invoice: &Invoice,
    promise: &Promise,
    wording: impl Fn(&Firm, &str, &Happened<'_>, Said<'_>) -> Text,
) -> Result<(), ActError> {
    let client = client_name(w, contact.client)?;
    let number = invoice.number().map_or_else(String::new, ToString::to_string);
    let said = Said { contact: &contact.name, client: &client, invoice: &number, promise };
    for staff in responsible(w, contact.client)? {
        tell(w, zone, Person::Staff(staff.id), None, |firm, to, happened| wording(firm, to, happened, said))?;
    }
    Ok(())
}

/// What whoever looks into a dispute is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It was raised.
    Raised,
    /// What is disputed was changed.
    Changed,
    /// It was withdrawn.
    Withdrawn,
    /// It is theirs now.
    Passed,
}

/// Tells whoever looks into a dispute of it, unless they did it themselves.
pub(super) fn dispute(
    w: &mut WriteTx<'_>,
    zone: &TimeZone,
    invoice: &Invoice,
    dispute: &Dispute,
    told: Told,
) -> Result<(), ActError> {
    let wording = match told {
        Told::Raised => disputed::raised,
        Told::Changed => disputed::changed,
        Told::Withdrawn => disputed::withdrawn,
        Told::Passed => disputed::passed,
    };
    let (client, lines) = (client_name(w, dispute.client)?, dispute.lines(invoice));
    let number = invoice.number().map_or_else(String::new, ToString::to_string);
    let whole = dispute.holds(invoice.open(w.settled(invoice.id)?));
    let said = disputed::Said { client: &client, invoice: &number, lines: &lines, dispute, whole };
    let here = w.staff(dispute.with)?.filter(|s| resolves(s, dispute.client));
    // Whoever looked into it may have left, or sees other clients now.
    let to = here.map_or_else(|| responsible(w, dispute.client), |one| Ok(vec![one]))?;
    for staff in to.into_iter().filter(|x| w.by.actor != Actor::Staff(x.id)).collect::<Vec<_>>() {
        tell(w, zone, Person::Staff(staff.id), None, |firm, to, happened| wording(firm, to, happened, said))?;
    }
    Ok(())
}

/// Tells the client what became of a dispute: the contact who raised it, or who gets the letters about the invoice.
pub(super) fn answered(
    w: &mut WriteTx<'_>,
    zone: &TimeZone,
    invoice: &Invoice,
    dispute: &Dispute,
) -> Result<(), ActError> {
    let by = match dispute.by {
        Person::Contact(id) => w.contact(id)?.filter(|c| c.sees_billing(invoice.client, invoice.project)),
        Person::Staff(_) => None,
    };
    let to = by.map_or_else(|| recipients(w, invoice), |one| Ok(vec![one]))?;
    let number = invoice.number().map_or_else(String::new, ToString::to_string);
    let said = disputed::Said { client: "", invoice: &number, lines: "", dispute, whole: false };
    for contact in to {
        tell(w, zone, Person::Contact(contact.id), None, |firm, to, happened| {
            disputed::answered(firm, to, happened, said)
        })?;
    }
    Ok(())
}

fn client_name(w: &WriteTx<'_>, client: ClientId) -> Result<String, StoreError> {
    Ok(w.client(client)?.map_or_else(String::new, |c| c.party.name))
}

fn tell(
    w: &mut WriteTx<'_>,
    zone: &TimeZone,
    to: Person,
    at: Option<&EmailAddress>,
    wording: impl Fn(&Firm, &str, &Happened<'_>) -> Text,
) -> Result<(), ActError> {
    let (firm, who) = (w.firm()?, who(w)?);
    let happened = Happened { at: w.now, zone, who: &who, from: w.by.address };
    let firm = writing(w, &firm, to)?;
    queue_notice(w, to, at, |name| wording(&firm, name, &happened))
}

/// Who acts, by name.
fn who(w: &WriteTx<'_>) -> Result<String, StoreError> {
    let name = match w.by.actor {
        Actor::Staff(id) => w.staff(id)?.map(|s| s.name),
        Actor::Contact(id) => w.contact(id)?.map(|c| c.name),
        Actor::Visitor | Actor::Counterfoil(_) => None,
        Actor::CommandLine => Some("Somebody at the server itself".to_owned()),
    };
    Ok(name.unwrap_or_else(|| "Somebody".to_owned()))
}
