//! An import: what was brought in from another program at a time, so that it can be undone as a whole.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::firm::Locale;
use super::ids::{Digest, ImportId, StaffId};

/// Identifiers that were given one after the other, all in one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Given {
    /// The first of them.
    pub first: u64,
    /// How many.
    pub count: u64,
}

impl Given {
    /// Counts one more in.
    pub fn add(&mut self, id: u64) {
        if self.count == 0 {
            self.first = id;
        }
        self.count += 1;
    }

    /// Every one of them.
    pub fn ids(self) -> impl DoubleEndedIterator<Item = u64> {
        self.first..self.first.saturating_add(self.count)
    }

    /// Whether it is one of them.
    pub fn has(self, id: u64) -> bool {
        self.first <= id && id - self.first < self.count
    }
}

/// When an import was undone, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// When.
    pub at: Timestamp,
    /// By whom; 0 for the command line.
    pub by: StaffId,
}

/// What was brought in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Identifier.
    pub id: ImportId,
    /// When.
    pub at: Timestamp,
    /// By whom; 0 for the command line.
    pub by: StaffId,
    /// From which files, in a few words.
    pub files: String,
    /// The SHA-256 over the files' own, so that the same files are recognised.
    pub digest: Digest,
    /// Clients added.
    pub clients: Given,
    /// Contacts added.
    pub contacts: Given,
    /// Invoices and credit notes.
    pub documents: Given,
    /// Payments.
    pub receipts: Given,
    /// The log's last line of it.
    pub until: u64,
    /// Whether it was undone.
    pub undone: Option<Undone>,
}

impl Import {
    /// How many things it brought.
    pub fn size(&self) -> u64 {
        let all = [self.clients, self.contacts, self.documents, self.receipts];
        all.iter().fold(0, |sum, x| sum.saturating_add(x.count))
    }

    /// "12 invoices, 3 payments"; what there is none of is not said.
    pub fn words(&self, locale: Locale) -> String {
        let one = |given: Given, one: &str, many: &str| match given.count {
            0 => None,
            1 => Some(format!("1 {one}")),
            n => Some(format!("{} {many}", locale.count(n))),
        };
        let all = [
            one(self.clients, "client", "clients"),
            one(self.contacts, "contact", "contacts"),
            one(self.documents, "document", "documents"),
            one(self.receipts, "payment", "payments"),
        ];
        let said: Vec<String> = all.into_iter().flatten().collect();
        if said.is_empty() { "nothing".to_owned() } else { said.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_is_counted() {
        let mut given = Given::default();
        assert_eq!((given.ids().count(), given.has(0)), (0, false));
        (7..10).for_each(|id| given.add(id));
        assert_eq!(given.ids().collect::<Vec<_>>(), [7, 8, 9]);
        assert!(given.has(7) && given.has(9) && !given.has(6) && !given.has(10));
    }
}
