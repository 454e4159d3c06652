//! Letters: e-mails that are queued in the data file and sent by the scheduler.
//!
//! A letter is keyed; the same key is never queued twice. Its text is frozen when queued, but for the link and code
//! that are drawn while it is sent, so that no secret lies in the outbox.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::{ClientId, DocumentId, InvoiceId, LetterId, QuoteId, StatementId};
use super::person::Person;
use super::text::EmailAddress;

/// Stands in a letter's text where its link goes.
pub const LINK_SLOT: &str = "[[link]]";
/// Stands in a letter about one invoice where the link to all that are open goes.
pub const ALL_SLOT: &str = "[[all]]";
/// Most open invoices that a letter names beside those that it asks for; the others are counted.
pub const ALSO_MAX: usize = 20;
/// Stands in a letter of several documents where the link to one of them goes, by its place.
pub fn link_slot(place: usize) -> String {
    format!("[[link-{place}]]")
}
/// Stands in a letter's text where its six-digit code goes.
pub const CODE_SLOT: &str = "[[code]]";
/// Stands in a letter's text where the activity log's anchor goes.
pub const ANCHOR_SLOT: &str = "[[anchor]]";

/// What the letter's link opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Link {
    /// One document, for as long as the grant lasts.
    Document(InvoiceId),
    /// The portal or desk, once and soon; comes with a code for the browser that asked, named by its request's digest.
    SignIn([u8; 32]),
    /// The page that sets a password, once: an invitation.
    SetPassword,
    /// The same, and soon: somebody lost theirs.
    Reset,
}

/// Why the letter exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// A document was issued or published.
    Issued(InvoiceId),
    /// A reminder: days from the due date.
    Reminder(InvoiceId, i16),
    /// Somebody asked to sign in.
    SignIn,
    /// Somebody was invited, or asked to set a new password.
    SetPassword,
    /// A quote was sent.
    Quote(QuoteId),
    /// A client answered a quote: for the firm's own people.
    QuoteAnswered(QuoteId),
    /// Something happened to an account or to the firm, and this says so.
    Notice,
    /// Documents were posted; the first of those that the letter tells of.
    Posted(DocumentId),
    /// A month-end statement was published.
    Statement(StatementId),
}

impl Purpose {
    /// The invoice it is about.
    pub fn invoice(self) -> Option<InvoiceId> {
        match self {
            Self::Issued(id) | Self::Reminder(id, _) => Some(id),
            Self::SignIn
            | Self::SetPassword
            | Self::Quote(_)
            | Self::QuoteAnswered(_)
            | Self::Notice
            | Self::Posted(_)
            | Self::Statement(_) => None,
        }
    }

    /// Before which others it goes.
    pub fn urgency(self) -> Urgency {
        match self {
            Self::SignIn | Self::SetPassword | Self::Notice => Urgency::Awaited,
            Self::Issued(_) | Self::Quote(_) | Self::QuoteAnswered(_) | Self::Posted(_) => Urgency::News,
            Self::Reminder(..) | Self::Statement(_) => Urgency::Bulk,
        }
    }

    /// Whether its reader may stop letters like this: what asks for money, not what tells of a document or of the
    /// account.
    pub fn reminds(self) -> bool {
        matches!(self, Self::Reminder(..))
    }

    /// Whether the letter may be sent again by itself when it is unknown whether the first arrived. A reminder may not
    /// (at most once); what a person is waiting for may (at least once, same Message-ID).
    pub fn repeatable(self) -> bool {
        !matches!(self, Self::Reminder(..))
    }
}

/// Which letters go before which. The tag is the stored form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Urgency {
    /// Somebody waits for it, or should know it at once: to sign in, to set a password, and notices of what people did,
    /// as that an account changed or how a dispute was answered.
    Awaited = 0,
    /// News of a document.
    News = 1,
    /// What goes to everybody on one morning: reminders and statements.
    Bulk = 2,
}

impl Urgency {
    /// All of them, the first to go first.
    pub const ALL: [Self; 3] = [Self::Awaited, Self::News, Self::Bulk];
}

/// Where a letter stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LetterState {
    /// Waiting for its turn.
    Queued,
    /// Being handed over since this instant; found at start, it means a crash in mid-send.
    Sending(Timestamp),
    /// The mail server took it, with these words. Not yet proof that anybody read it.
    Accepted(Timestamp, String),
    /// The mail server asked to wait, or could not be reached; will be tried again.
    Deferred(Timestamp, String),
    /// Refused for good, or given up.
    Failed(Timestamp, String),
    /// Nobody knows whether it went: staff decide.
    Uncertain(Timestamp, String),
    /// Withdrawn before sending, with the reason ("paid in the meantime").
    Withdrawn(Timestamp, String),
    /// Taken by the mail server and then returned, with the words of the server that could not deliver it.
    Bounced(Timestamp, String),
}

impl LetterState {
    /// The word for filters and tags.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending(_) => "sending",
            Self::Accepted(..) => "accepted",
            Self::Deferred(..) => "deferred",
            Self::Failed(..) => "failed",
            Self::Uncertain(..) => "uncertain",
            Self::Withdrawn(..) => "withdrawn",
            Self::Bounced(..) => "bounced",
        }
    }

    /// Whether staff have to decide what becomes of it.
    pub fn wants_decision(&self) -> bool {
        matches!(self, Self::Failed(..) | Self::Uncertain(..) | Self::Bounced(..))
    }

    /// Whether it left, or may have.
    pub fn is_out(&self) -> bool {
        matches!(self, Self::Accepted(..) | Self::Bounced(..) | Self::Uncertain(..))
    }

    /// Whether the outbox still has to act.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Queued | Self::Deferred(..))
    }
}

/// Attempts after which a deferred letter is given up: about four days, as mail servers themselves keep trying.
pub const ATTEMPTS_MAX: u32 = 28;
/// The longest wait between two attempts.
pub const RETRY_MAX: SignedDuration = SignedDuration::from_hours(6);

/// When a letter deferred after `attempts` tries is tried again; see [`backoff`].
pub fn retry_after(attempts: u32, chance: u64) -> SignedDuration {
    backoff(attempts, RETRY_MAX, chance)
}

/// The wait after so many failures in a row: 1, 2, 4 … minutes, at most `most`, of which `chance` takes up to a half
/// away, so that letters that failed together don't all come back together.
pub fn backoff(failures: u32, most: SignedDuration, chance: u64) -> SignedDuration {
    let minutes = 1_i64 << failures.saturating_sub(1).min(9);
    let whole = SignedDuration::from_mins(minutes).min(most);
    let half = whole.as_millis() / 2;
    let kept = half.saturating_mul(i128::from(chance)) / i128::from(u64::MAX);
    SignedDuration::from_millis(i64::try_from(half.saturating_add(kept)).unwrap_or(i64::MAX))
}

/// One e-mail to one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Identifier.
    pub id: LetterId,
    /// Unique; for a reminder (invoice, step, recipient).
    pub key: String,
    /// To whom.
    pub to: Person,
    /// Their name when it was queued.
    pub to_name: String,
    /// Their address when it was queued.
    pub to_address: EmailAddress,
    /// Their client; `None` for staff.
    pub client: Option<ClientId>,
    /// Why.
    pub purpose: Purpose,
    /// What the link opens.
    pub link: Option<Link>,
    /// Subject.
    pub subject: String,
    /// Plain text, with slots.
    pub text: String,
    /// HTML, with slots.
    pub html: String,
    /// Local part of the Message-ID, derived from the key: the same for every attempt.
    pub message_id: String,
    /// Local part of the Message-ID that this one follows, from when it goes: the letters about one invoice are a
    /// thread of their own, and so are those about several.
    pub follows: Option<String>,
    /// Where it stands.
    pub state: LetterState,
    /// Hand-overs tried so far.
    pub attempts: u32,
    /// When it was queued.
    pub queued: Timestamp,
    /// The letter that it went along in, when several went to one person as one.
    pub with: Option<LetterId>,
    /// The letters that go along in this one: they share its verdict.
    pub carries: Vec<LetterId>,
}

impl Letter {
    /// Its text with `words` where links go.
    pub fn without_links(&self, words: &str) -> String {
        let places = (0..=self.carries.len() + ALSO_MAX).map(link_slot);
        let slots = places.chain([LINK_SLOT.to_owned(), ALL_SLOT.to_owned()]);
        slots.fold(self.text.clone(), |text, slot| text.replace(&slot, words))
    }

    /// Whether it goes although letters are held back since a restore or a leap of the clock: somebody waits
    /// for it, and it was queued since, so that it can't have gone before.
    pub fn goes_while_held(&self, since: Timestamp) -> bool {
        self.purpose.urgency() == Urgency::Awaited && self.queued >= since
    }
}

/// The key of a reminder: exactly one letter per invoice, step and recipient.
pub fn reminder_key(invoice: InvoiceId, instalment: Option<Date>, step: i16, to: Person) -> String {
    let of = instalment.map_or(String::new(), |due| format!("{due}/"));
    format!("reminder/{invoice}/{of}{step}/{}", person_key(to))
}

/// The due date of the instalment that a reminder's key names; `None` of one about an invoice that is due at once.
pub fn instalment_of(key: &str) -> Option<Date> {
    key.split('/').nth(2)?.parse().ok()
}

/// The key of an issue letter.
pub fn issue_key(invoice: InvoiceId, to: Person) -> String {
    format!("issued/{invoice}/{}", person_key(to))
}

/// The key of the letter about a version of a quote.
pub fn quote_key(quote: QuoteId, version: u32, to: Person) -> String {
    format!("quote/{quote}/{version}/{}", person_key(to))
}

/// The key of a letter that says that a version of a quote was answered.
pub fn answer_key(quote: QuoteId, version: u32, to: Person) -> String {
    format!("answered/{quote}/{version}/{}", person_key(to))
}

/// The key of a letter about posted documents: by the first that it tells of.
pub fn posted_key(document: DocumentId, version: u32, to: Person) -> String {
    format!("posted/{document}/{version}/{}", person_key(to))
}

/// The key of a letter about a month-end statement.
pub fn statement_key(statement: StatementId, to: Person) -> String {
    format!("statement/{statement}/{}", person_key(to))
}

/// A person in a key.
pub fn person_key(person: Person) -> String {
    match person {
        Person::Staff(id) => format!("staff-{id}"),
        Person::Contact(id) => format!("contact-{id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_and_is_bounded() {
        let minutes = |chance| (1..=12).map(|n| retry_after(n, chance).as_mins()).collect::<Vec<i64>>();
        assert_eq!(minutes(u64::MAX), [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]);
        assert_eq!(minutes(0), [0, 1, 2, 4, 8, 16, 32, 64, 128, 180, 180, 180]);
        let whole: SignedDuration = (1..ATTEMPTS_MAX).map(|n| retry_after(n, u64::MAX / 2)).sum();
        assert!((72..=120).contains(&whole.as_hours()), "a server may be down over a long weekend: {whole:?}");
    }

    #[test]
    fn the_key_of_a_reminder_names_its_instalment() {
        let due = jiff::civil::date(2026, 12, 1);
        let key = |of| reminder_key(InvoiceId(7), of, -7, Person::Staff(crate::domain::ids::StaffId(2)));
        assert_eq!((instalment_of(&key(Some(due))), instalment_of(&key(None))), (Some(due), None));
    }

    #[test]
    fn letters_that_failed_together_come_back_apart() {
        let waits: std::collections::BTreeSet<_> =
            (0..100).map(|n| retry_after(5, u64::MAX / 100 * n).as_millis()).collect();
        assert_eq!(waits.len(), 100);
    }
}
