//! Sessions and links: what a secret that was handed out allows, and until when.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::InvoiceId;
use super::person::Person;

/// How long a sign-in link and its code work.
pub const SIGN_IN_MINUTES: i64 = 15;
/// How long a link to set a password works: 3 days for an invitation.
pub const SET_PASSWORD_HOURS: i64 = 72;
/// How long a link works that somebody asked for because the password is lost.
pub const RESET_MINUTES: i64 = 30;
/// How long a document's link works.
pub const DOCUMENT_DAYS: i64 = 90;
/// How long the link at the end of a reminder stops them: longer than anybody keeps a letter unread.
pub const STOP_DAYS: i64 = 400;
/// How often a code may be tried.
pub const CODE_TRIES: u8 = 5;
/// A session ends after this much time without a request …
pub const IDLE_MINUTES: i64 = 60;
/// … and in any case after this.
pub const SESSION_HOURS: i64 = 12;
/// A session's last use is written down at most this often.
pub const TOUCH_MINUTES: i64 = 5;

/// What a link opens; a link for one purpose never serves another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Opens {
    /// One document, until it expires or is revoked.
    Document(InvoiceId),
    /// A session, once.
    SignIn,
    /// The password form, once.
    SetPassword,
    /// As [`Opens::SignIn`], from a letter that also held a code for the browser whose request has this digest: link
    /// and code are spent together.
    SignInOf([u8; 32]),
    /// The page, and the one click, that stop the reminders to this person. Signs nobody in and is never spent.
    StopReminders,
}

/// A link that was handed out; found by its token's digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// For whom.
    pub person: Person,
    /// What.
    pub opens: Opens,
    /// Until when, exclusive.
    pub expires: Timestamp,
}

/// A six-digit code that waits for the browser that asked for it; found by that browser's cookie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRequest {
    /// For whom; `None` when the address was unknown, so that the answer can be the same.
    pub person: Option<Person>,
    /// SHA-256 of the request's secret and the code, once the letter drew it.
    pub code: Option<[u8; 32]>,
    /// Wrong tries so far.
    pub tries: u8,
    /// Until when, exclusive.
    pub expires: Timestamp,
}

/// How somebody signed in, which bounds what the session reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Strength {
    /// With a password: everything.
    Password,
    /// With a mailed link or code: everything but the account's settings.
    Mailed,
    /// With a document's link: that document only.
    Document(InvoiceId),
}

/// A signed-in browser; found by its cookie's digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who.
    pub person: Person,
    /// How.
    pub strength: Strength,
    /// Since when. As numbers, like the log's: every request reads its session.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub since: Timestamp,
    /// Last use, to within [`TOUCH_MINUTES`].
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub used: Timestamp,
}

impl Session {
    /// Whether the session still holds at `now`.
    pub fn alive(&self, now: Timestamp) -> bool {
        now.duration_since(self.used) < SignedDuration::from_mins(IDLE_MINUTES)
            && now.duration_since(self.since) < SignedDuration::from_hours(SESSION_HOURS)
    }

    /// Whether its last use should be written down again.
    pub fn wants_touch(&self, now: Timestamp) -> bool {
        now.duration_since(self.used) >= SignedDuration::from_mins(TOUCH_MINUTES)
    }
}
