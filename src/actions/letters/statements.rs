//! The letter that says that the statement of a month was published, to each contact who may see the whole account and
//! wants letters. Its link is the statement's own address, which asks for a sign-in.

use jiff::Timestamp;

use super::people::{Addressee, writing};
use super::queue::queue;
use crate::domain::ids::{ClientId, StatementId};
use crate::domain::letter::{Purpose, statement_key};
use crate::domain::monthly::MonthStatement;
use crate::domain::person::{Contact, Person, ProjectAccess};
use crate::mail::letters as words;
use crate::store::prelude::*;

/// Queues the letters about a statement, to go at `at`.
pub(in super::super) fn queue_statement(
    w: &mut WriteTx<'_>,
    statement: &MonthStatement,
    at: Timestamp,
) -> Result<(), ActError> {
    let (firm, closing) = (w.firm()?, statement.closing());
    for contact in w.contacts_of(statement.client)? {
        if !contact.rights.letters || !sees(&contact, statement.client) {
            continue;
        }
        let firm = writing(w, &firm, Person::Contact(contact.id))?;
        let text = words::statement(&firm, &contact.name, statement.month, &closing, statement.replaces.is_some());
        let key = statement_key(statement.id, Person::Contact(contact.id));
        queue(w, &Addressee::from(&contact), key.clone(), Purpose::Statement(statement.id), None, text)?;
        let letter = w.letter_keyed(&key)?.map(|id| w.letter(id)).transpose()?.flatten();
        if let Some(letter) = letter.filter(|_| at > w.now) {
            w.move_letter(&letter, &letter.state, Some(at))?;
        }
    }
    Ok(())
}

/// Why the letter about a statement should not go any more.
pub(super) fn moot(w: &impl Reader, to: Person, id: StatementId) -> Result<Option<&'static str>, StoreError> {
    let Some(statement) = w.month_statement(id)? else { return Ok(Some("the statement is gone")) };
    if w.statement_month(statement.client, statement.month)?.flatten() != Some(id) {
        return Ok(Some("another statement took its place"));
    }
    let Person::Contact(contact) = to else { return Ok(None) };
    let may = w.contact(contact)?.is_some_and(|c| sees(&c, statement.client));
    Ok((!may).then_some("the recipient may no longer see the account"))
}

fn sees(contact: &Contact, client: ClientId) -> bool {
    contact.sees_billing(client, None) && contact.rights.projects == ProjectAccess::All
}
