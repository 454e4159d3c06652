//! Who can sign in and what is handed out to them: staff, logins, password hashes, sessions, links and codes.
//!
//! Secrets are looked up by their digests; none is stored.

use jiff::Timestamp;
use redb::{ReadableTable, TableDefinition};

use super::error::StoreError;
use super::records::Record;
use super::tables::{CODES, GRANTS, GRANTS_OF_PERSON, LOGINS, PASSWORDS, SESSIONS, SESSIONS_OF_PERSON, STAFF};
use super::tx::{Reader, WriteTx};
use crate::domain::grant::{CodeRequest, Grant, Opens, Session};
use crate::domain::ids::{ContactId, StaffId};
use crate::domain::person::{Person, Staff};
use crate::domain::text::EmailAddress;
use crate::secrets::TokenDigest;

/// Most secrets cleared away in one go, so that housekeeping stays short.
const SWEEP_MAX: usize = 5_000;

/// Reading accounts.
pub trait AccountReads: Reader {
    /// A person of the firm, also one who left.
    fn staff(&self, id: StaffId) -> Result<Option<Staff>, StoreError> {
        self.record_at(STAFF, id.0)
    }

    /// Everybody of the firm, in the order in which they were added.
    fn all_staff(&self) -> Result<Vec<Staff>, StoreError> {
        let table = self.table(STAFF)?;
        table.iter()?.map(|row| Staff::decode(row?.1.value())).collect()
    }

    /// Whom an address signs in.
    fn login(&self, email: &EmailAddress) -> Result<Option<Person>, StoreError> {
        let found = self.table(LOGINS)?.get(email.folded().as_str())?.map(|row| row.value());
        Ok(found.map(person_of))
    }

    /// The password hash of a person, if they set one.
    fn password_hash(&self, person: Person) -> Result<Option<String>, StoreError> {
        Ok(self.table(PASSWORDS)?.get(person_key(person))?.map(|row| row.value().to_owned()))
    }

    /// The session of a cookie.
    fn session(&self, digest: TokenDigest) -> Result<Option<Session>, StoreError> {
        by_digest(self, SESSIONS, digest)
    }

    /// The grant of a link.
    fn grant(&self, digest: TokenDigest) -> Result<Option<Grant>, StoreError> {
        by_digest(self, GRANTS, digest)
    }

    /// The code that a browser waits for.
    fn code_request(&self, digest: TokenDigest) -> Result<Option<CodeRequest>, StoreError> {
        by_digest(self, CODES, digest)
    }
}

impl<T: Reader + ?Sized> AccountReads for T {}

fn by_digest<R: Record, T: Reader + ?Sized>(
    reader: &T,
    table: TableDefinition<'static, [u8; 32], &'static [u8]>,
    digest: TokenDigest,
) -> Result<Option<R>, StoreError> {
    reader.table(table)?.get(digest.0)?.map(|bytes| R::decode(bytes.value())).transpose()
}

pub(super) fn person_key(person: Person) -> (u8, u64) {
    match person {
        Person::Staff(id) => (0, id.0),
        Person::Contact(id) => (1, id.0),
    }
}

fn person_of((tag, id): (u8, u64)) -> Person {
    if tag == 0 { Person::Staff(StaffId(id)) } else { Person::Contact(ContactId(id)) }
}

impl WriteTx<'_> {
    /// Keeps a person of the firm; the address that signs them in is kept by `put_login`.
    pub fn put_staff(&mut self, staff: &Staff) -> Result<(), StoreError> {
        self.put(STAFF, staff.id.0, staff)
    }

    /// Makes `email` sign in `person`, in place of their `old` address.
    pub fn put_login(
        &mut self,
        person: Person,
        old: Option<&EmailAddress>,
        email: &EmailAddress,
    ) -> Result<(), StoreError> {
        let mut table = self.change(LOGINS)?;
        if let Some(old) = old {
            table.remove(old.folded().as_str())?;
        }
        table.insert(email.folded().as_str(), person_key(person))?;
        Ok(())
    }

    /// Frees the address of somebody who may no longer sign in.
    pub fn remove_login(&mut self, email: &EmailAddress) -> Result<(), StoreError> {
        self.change(LOGINS)?.remove(email.folded().as_str())?;
        Ok(())
    }

    /// Keeps a password hash.
    pub fn put_password_hash(&mut self, person: Person, hash: &str) -> Result<(), StoreError> {
        self.change(PASSWORDS)?.insert(person_key(person), hash)?;
        Ok(())
    }

    /// Forgets the password of somebody, so that nothing signs them in by it.
    pub fn remove_password_hash(&mut self, person: Person) -> Result<(), StoreError> {
        self.change(PASSWORDS)?.remove(person_key(person))?;
        Ok(())
    }

    /// Keeps a session under its cookie's digest.
    pub fn put_session(&mut self, digest: TokenDigest, session: &Session) -> Result<(), StoreError> {
        let (tag, id) = person_key(session.person);
        self.change(SESSIONS)?.insert(digest.0, session.encode()?.as_slice())?;
        self.change(SESSIONS_OF_PERSON)?.insert((tag, id, digest.0), ())?;
        Ok(())
    }

    /// Ends a session.
    pub fn remove_session(&mut self, digest: TokenDigest, person: Person) -> Result<(), StoreError> {
        let (tag, id) = person_key(person);
        self.change(SESSIONS)?.remove(digest.0)?;
        self.change(SESSIONS_OF_PERSON)?.remove((tag, id, digest.0))?;
        Ok(())
    }

    /// Ends every session of a person and revokes every link and code they hold, but for the one that stops reminders:
    /// it opens nothing, and a letter that was sent must keep its word.
    pub fn shut_out(&mut self, person: Person) -> Result<(), StoreError> {
        for digest in digests_of(self, SESSIONS_OF_PERSON, person)? {
            self.remove_session(digest, person)?;
        }
        for digest in digests_of(self, GRANTS_OF_PERSON, person)? {
            if self.grant(digest)?.is_none_or(|grant| grant.opens != Opens::StopReminders) {
                self.remove_grant(digest, person)?;
            }
        }
        // Codes live for minutes, so there are few, and no index by person.
        for (digest, _) in ended::<CodeRequest, _>(self, CODES, |c| c.person == Some(person))? {
            self.remove_code_request(digest)?;
        }
        Ok(())
    }

    /// Keeps a grant under its link's digest.
    pub fn put_grant(&mut self, digest: TokenDigest, grant: &Grant) -> Result<(), StoreError> {
        let (tag, id) = person_key(grant.person);
        self.change(GRANTS)?.insert(digest.0, grant.encode()?.as_slice())?;
        self.change(GRANTS_OF_PERSON)?.insert((tag, id, digest.0), ())?;
        Ok(())
    }

    /// Spends or revokes a link.
    pub fn remove_grant(&mut self, digest: TokenDigest, person: Person) -> Result<(), StoreError> {
        let (tag, id) = person_key(person);
        self.change(GRANTS)?.remove(digest.0)?;
        self.change(GRANTS_OF_PERSON)?.remove((tag, id, digest.0))?;
        Ok(())
    }

    /// Spends every link of a person that opens this.
    pub fn remove_grants_that_open(&mut self, person: Person, opens: Opens) -> Result<(), StoreError> {
        for digest in digests_of(self, GRANTS_OF_PERSON, person)? {
            if self.grant(digest)?.is_some_and(|g| g.opens == opens) {
                self.remove_grant(digest, person)?;
            }
        }
        Ok(())
    }

    /// Keeps the code that a browser waits for.
    pub fn put_code_request(&mut self, digest: TokenDigest, request: &CodeRequest) -> Result<(), StoreError> {
        self.change(CODES)?.insert(digest.0, request.encode()?.as_slice())?;
        Ok(())
    }

    /// Spends a code.
    pub fn remove_code_request(&mut self, digest: TokenDigest) -> Result<(), StoreError> {
        self.change(CODES)?.remove(digest.0)?;
        Ok(())
    }

    /// Clears away sessions, links and codes that have ended by `now`; how many.
    pub fn sweep_accounts(&mut self, now: Timestamp) -> Result<usize, StoreError> {
        let sessions = ended::<Session, _>(self, SESSIONS, |s| !s.alive(now))?;
        let grants = ended::<Grant, _>(self, GRANTS, |g| g.expires <= now)?;
        let codes = ended::<CodeRequest, _>(self, CODES, |c| c.expires <= now)?;
        let count = sessions.len() + grants.len() + codes.len();
        for (digest, session) in sessions {
            self.remove_session(digest, session.person)?;
        }
        for (digest, grant) in grants {
            self.remove_grant(digest, grant.person)?;
        }
        for (digest, _) in codes {
            self.remove_code_request(digest)?;
        }
        Ok(count)
    }
}

fn digests_of(
    reader: &impl Reader,
    table: TableDefinition<'static, (u8, u64, [u8; 32]), ()>,
    person: Person,
) -> Result<Vec<TokenDigest>, StoreError> {
    let (tag, id) = person_key(person);
    let table = reader.table(table)?;
    table.range((tag, id, [0; 32])..=(tag, id, [255; 32]))?.map(|row| Ok(TokenDigest(row?.0.value().2))).collect()
}

fn ended<R: Record, T: Reader>(
    reader: &T,
    table: TableDefinition<'static, [u8; 32], &'static [u8]>,
    over: impl Fn(&R) -> bool,
) -> Result<Vec<(TokenDigest, R)>, StoreError> {
    let mut out = Vec::new();
    for row in reader.table(table)?.iter()? {
        let (key, value) = row?;
        let record = R::decode(value.value())?;
        if over(&record) {
            out.push((TokenDigest(key.value()), record));
        }
        if out.len() == SWEEP_MAX {
            break;
        }
    }
    Ok(out)
}
