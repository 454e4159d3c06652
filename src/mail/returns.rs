//! Where letters come back to, and how the last looks there went. Knows no clock: the caller says when it is.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::imap::ImapMailbox;

/// Where letters come back to.
#[derive(Clone, Debug)]
pub enum ReturnPlace {
    /// A Maildir, for this and nothing else.
    Maildir(PathBuf),
    /// A folder of a mailbox on a mail server, for this and nothing else.
    Imap(Arc<ImapMailbox>),
}

impl ReturnPlace {
    /// Where it is, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Maildir(path) => path.display().to_string(),
            Self::Imap(mailbox) => mailbox.place(),
        }
    }
}

/// Why what comes back can't be read at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoLook {
    /// When a look first failed.
    pub since: Timestamp,
    /// Why the last one did.
    pub reason: String,
    /// How many did, one after the other.
    pub count: u32,
}

/// How the last looks went. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Health {
    trouble: Arc<Mutex<Option<NoLook>>>,
    aside: Arc<AtomicU32>,
}

impl Health {
    /// A look failed; whether that, or the reason, is new.
    pub fn failed(&self, now: Timestamp, reason: &str) -> bool {
        let mut held = self.held();
        let before = held.take();
        let is_new = before.as_ref().is_none_or(|x| x.reason != reason);
        let (since, count) = before.map_or((now, 0), |x| (x.since, x.count));
        *held = Some(NoLook { since, reason: reason.to_owned(), count: count.saturating_add(1) });
        is_new
    }

    /// A look succeeded; the trouble that this ends.
    pub fn well(&self) -> Option<NoLook> {
        self.held().take()
    }

    /// The trouble, while there is one.
    pub fn trouble(&self) -> Option<NoLook> {
        self.held().clone()
    }

    /// A message was set aside: marked as seen, and not read.
    pub fn set_aside(&self) {
        self.aside.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were since the process began.
    pub fn aside(&self) -> u32 {
        self.aside.load(Ordering::Relaxed)
    }

    fn held(&self) -> MutexGuard<'_, Option<NoLook>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_new_once_and_lasts_from_its_first_time() {
        let (health, at) = (Health::default(), |second| Timestamp::from_second(second).unwrap());
        assert!(health.failed(at(10), "no connection"));
        assert!(!health.clone().failed(at(20), "no connection"));
        assert!(health.failed(at(30), "the sign-in failed"), "another reason is told");
        let trouble = health.trouble().unwrap();
        assert_eq!((trouble.since, trouble.count, &*trouble.reason), (at(10), 3, "the sign-in failed"));
        assert_eq!(health.well(), Some(trouble));
        assert_eq!((health.trouble(), health.well()), (None, None));
    }
}
