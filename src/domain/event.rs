//! Events: the lines of the activity log. Each change commits with at least one.
//!
//! Evidence has five words that are never swapped: published, handed to the mail server, opened, downloaded,
//! acknowledged. What staff look at is a preview and never counts as the client.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::attention::Item;
use super::dispute::Turn;
use super::format::Format;
use super::ids::{
    ClientId, ContactId, Digest, DisputeId, DocumentId, ImportId, InvoiceId, LetterId, ProjectId, PromiseId, QuoteId,
    ReceiptId, RecurringId, RefundId, StaffId, StatementId,
};
use super::language::Language;
use super::letter::Purpose;
use super::money::Money;
use super::number::DocumentNumber;
use super::payment::Cause;
use super::wording::LetterKind;

/// What [`Event::ContactChanged`] says of somebody whose access was revoked and who has it again.
pub const ADMITTED: &str = "let in again";

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// A person of the firm.
    Staff(StaffId),
    /// A person at a client.
    Contact(ContactId),
    /// Somebody who has not signed in.
    Visitor,
    /// The process itself: a job's name.
    Counterfoil(String),
    /// The command line on the server's machine.
    CommandLine,
}

/// Who did it and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// Network address of the request, if there was one.
    pub address: Option<std::net::IpAddr>,
}

impl By {
    /// The process itself.
    pub fn job(name: &str) -> Self {
        Self { actor: Actor::Counterfoil(name.to_owned()), address: None }
    }

    /// The command line.
    pub fn command_line() -> Self {
        Self { actor: Actor::CommandLine, address: None }
    }
}

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entrance {
    /// With a password.
    Password,
    /// With a mailed link.
    Link,
    /// With a mailed code.
    Code,
    /// With a document's link.
    DocumentLink,
}

/// What happened. New kinds are added at the end: the stored form counts them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each variant's line tells what its fields are")]
pub enum Event {
    /// The data file was made.
    FirmSetUp { name: String },
    /// The firm's particulars changed.
    FirmChanged { what: String },
    /// A person joined the firm.
    StaffAdded { staff: StaffId, name: String, role: String },
    /// Their particulars, role or clients changed.
    StaffChanged { staff: StaffId, name: String, what: String },
    /// A client was added.
    ClientAdded { client: ClientId, name: String },
    /// A client's particulars changed.
    ClientChanged { client: ClientId, what: String },
    /// A person at a client was added.
    ContactAdded { contact: ContactId, name: String },
    /// Their particulars or rights changed.
    ContactChanged { contact: ContactId, name: String, what: String },
    /// They see and get nothing from now on.
    ContactRevoked { contact: ContactId, name: String },
    /// A project was added.
    ProjectAdded { project: ProjectId, name: String },
    /// A draft was saved.
    DraftSaved { invoice: InvoiceId, total: Money },
    /// A draft was thrown away.
    DraftDiscarded { invoice: InvoiceId },
    /// A document composed here was issued: published in the client's area.
    InvoiceIssued { invoice: InvoiceId, number: DocumentNumber, total: Money, digest: Digest },
    /// A PDF of the accounting system was published in the client's area.
    InvoicePublished { invoice: InvoiceId, number: DocumentNumber, total: Money, digest: Digest },
    /// A credit note was issued.
    CreditNoteIssued { credit: InvoiceId, number: DocumentNumber, total: Money, digest: Digest, of: InvoiceId },
    /// A version of a quote was sent.
    QuoteSent { quote: QuoteId, version: u32, number: DocumentNumber, total: Money, digest: Digest },
    /// Money arrived.
    ReceiptRecorded { receipt: ReceiptId, number: DocumentNumber, amount: Money },
    /// A receipt or credit settled part of an invoice.
    Allocated { invoice: InvoiceId, amount: Money, left_open: Money },
    /// An allocation was taken back.
    AllocationUndone { invoice: InvoiceId, amount: Money, reason: String },
    /// A letter was queued.
    LetterQueued { letter: LetterId, subject: String, to: String, purpose: Purpose },
    /// Handed to the mail server, which took it. Not proof of reading.
    LetterAccepted { letter: LetterId, to: String, response: String, purpose: Purpose },
    /// The mail server asked to wait.
    LetterDeferred { letter: LetterId, to: String, reason: String },
    /// The mail server refused for good, or the letter was given up.
    LetterFailed { letter: LetterId, to: String, reason: String },
    /// Nobody knows whether it went.
    LetterUncertain { letter: LetterId, to: String, reason: String },
    /// Staff decided about an uncertain or failed letter.
    LetterDecided { letter: LetterId, to: String, decision: String, reason: String },
    /// A queued letter was withdrawn before sending.
    LetterWithdrawn { letter: LetterId, to: String, reason: String },
    /// A reminder step was not sent because a later one was due too.
    ReminderSuperseded { invoice: InvoiceId, step: i16 },
    /// A reminder before the due date was not sent because the due date had passed.
    ReminderExpired { invoice: InvoiceId, step: i16 },
    /// A reminder step was not sent, for this reason.
    ReminderSkipped { invoice: InvoiceId, step: i16, reason: String },
    /// Somebody signed in.
    SignedIn { entrance: Entrance },
    /// A sign-in was refused; the address as typed, cut.
    SignInRefused { address: String, reason: String },
    /// Somebody signed out.
    SignedOut,
    /// A sign-in or password link was asked for.
    LinkRequested { address: String },
    /// Somebody set a password.
    PasswordSet,
    /// A client's contact opened a document, signed in: evidence.
    Opened { invoice: InvoiceId, digest: Digest },
    /// A client's contact downloaded a document, in this format: evidence. The digest is that of its PDF, which is the
    /// document whatever the format.
    Downloaded { invoice: InvoiceId, digest: Digest, format: Format },
    /// Staff looked at an issued document; no evidence of anything.
    StaffPreviewed { invoice: InvoiceId },
    /// Staff downloaded an issued document; no evidence of anything.
    StaffDownloaded { invoice: InvoiceId, format: Format },
    /// A client's contact opened a quote.
    QuoteOpened { quote: QuoteId, version: u32, digest: Digest },
    /// A client's contact downloaded a quote.
    QuoteDownloaded { quote: QuoteId, version: u32, digest: Digest, format: Format },
    /// A client's contact opened their statement.
    StatementOpened,
    /// A backup was made.
    BackupMade { bytes: u64, digest: Digest },
    /// This data file was restored from a backup.
    Restored { taken: Timestamp },
    /// A client's contact accepted a quote, as this PDF, on terms of this digest and with these options.
    QuoteAccepted { quote: QuoteId, version: u32, digest: Digest, terms: Digest, options: Vec<u32>, total: Money },
    /// A client's contact declined a quote, as this PDF, with the reason given.
    QuoteDeclined { quote: QuoteId, version: u32, digest: Digest, reason: String },
    /// Letters held back since a restore may go.
    SendingReleased,
    /// A client's contact downloaded their statement from one day to another: evidence.
    StatementDownloaded { from: Date, to: Date, digest: Digest, format: Format },
    /// Staff downloaded a client's statement; no evidence of anything.
    StaffStatementDownloaded { from: Date, to: Date, format: Format },
    /// A backup that was due could not be made.
    BackupFailed { reason: String },
    /// There is no backup since this instant, which is too long.
    BackupLate { since: Timestamp },
    /// The backup of this instant was restored on trial and holds what it should.
    DrillPassed { taken: Timestamp, rows: u64 },
    /// The backup of this instant could not be restored on trial.
    DrillFailed { taken: Timestamp, reason: String },
    /// After a restore, the last numbers given were stated, and numbers are given again.
    NumbersStated { last: String },
    /// A document's certificate of delivery was made, as this file; no evidence of anything.
    CertificateMade { invoice: InvoiceId, digest: Digest },
    /// Everything was written out as an archive that anybody can read.
    Exported { documents: u64 },
    /// A receipt was taken back, as of this day.
    ReceiptReversed { receipt: ReceiptId, amount: Money, on: Date, cause: Cause, reason: String },
    /// What a receipt that was taken back had settled of an invoice is open again.
    PaymentTakenBack { invoice: InvoiceId, receipt: ReceiptId, amount: Money, left_open: Money, cause: Cause },
    /// What was open of an invoice was given up, for this reason.
    WrittenOff { invoice: InvoiceId, amount: Money, left_open: Money, reason: String },
    /// The discount for early payment was taken on an invoice.
    EarlyPaymentTaken { invoice: InvoiceId, amount: Money, left_open: Money },
    /// A version of a document was posted, for the contacts who may see it.
    DocumentPosted { document: DocumentId, version: u32, title: String, digest: Digest, bytes: u64 },
    /// A document was withdrawn: contacts see it no more.
    DocumentWithdrawn { document: DocumentId, title: String, reason: String },
    /// The bytes of a withdrawn document were erased.
    DocumentErased { document: DocumentId, title: String, bytes: u64 },
    /// A client's contact opened the page of a document's version, signed in: evidence.
    DocumentOpened { document: DocumentId, version: u32, title: String, digest: Digest },
    /// A client's contact downloaded a document's version: evidence.
    DocumentDownloaded { document: DocumentId, version: u32, title: String, digest: Digest },
    /// Staff downloaded a document's version; no evidence of anything.
    StaffDocumentDownloaded { document: DocumentId, version: u32, title: String },
    /// A document that was made elsewhere was brought in by an import: it stands in the client's area from now on.
    DocumentImported { invoice: InvoiceId, number: DocumentNumber, total: Money, digest: Digest },
    /// An import was made: all that it brought stands above.
    ImportMade { import: ImportId, what: String },
    /// An import was undone: what it had brought is gone.
    ImportUndone { import: ImportId, what: String },
    /// A file from the drop folder waits for a person, for this reason.
    DropWaits { name: String, reason: String },
    /// A file from the drop folder was refused.
    DropRefused { name: String, reason: String },
    /// Staff downloaded a quote; no evidence of anything.
    StaffQuoteDownloaded { quote: QuoteId, version: u32, format: Format },
    /// A draft was made that charges a part of an accepted quote.
    QuoteBilled { quote: QuoteId, invoice: InvoiceId, total: Money },
    /// Money was paid back to the client, as of this day.
    Refunded { refund: RefundId, amount: Money, on: Date },
    /// A refund came back or never went out, and counts no longer as of this day.
    RefundReturned { refund: RefundId, amount: Money, on: Date, reason: String },
    /// A recurring template was saved.
    RecurringSaved { recurring: RecurringId, title: String, schedule: String },
    /// It makes nothing until it is resumed.
    RecurringPaused { recurring: RecurringId, title: String },
    /// It goes on; so many occurrences of the pause are never made.
    RecurringResumed { recurring: RecurringId, title: String, skipped: u32 },
    /// A document of it was made, for this period.
    RecurringMade { recurring: RecurringId, title: String, key: String, total: Money, issued: bool },
    /// A document of it could not be made, for this reason; it is tried again.
    RecurringFailed { recurring: RecurringId, title: String, key: String, reason: String },
    /// Reminders were paused, of one invoice or of all of a client, until the end of a day.
    RemindersPaused { client: ClientId, invoice: Option<InvoiceId>, until: Date, reason: String },
    /// A pause was ended before its day.
    RemindersGoOn { client: ClientId, invoice: Option<InvoiceId> },
    /// A client's contact opened a receipt, signed in: evidence.
    ReceiptOpened { receipt: ReceiptId, number: DocumentNumber },
    /// A client's contact downloaded a receipt, as this file: evidence.
    ReceiptDownloaded { receipt: ReceiptId, number: DocumentNumber, digest: Digest, format: Format },
    /// Staff downloaded a receipt; no evidence of anything.
    StaffReceiptDownloaded { receipt: ReceiptId, number: DocumentNumber, format: Format },
    /// An owner downloaded the identity of this recipient of backups, as a passphrase seals it.
    IdentityDownloaded { recipient: String },
    /// The statement of a month was published in the client's area, as this PDF, with these closing balances.
    MonthPublished { statement: StatementId, month: Date, digest: Digest, closing: Vec<Money> },
    /// The statement of a month could not be made by itself, for this reason.
    MonthFailed { month: Date, reason: String },
    /// A client's contact opened the page of a month's statement, signed in: evidence.
    MonthOpened { statement: StatementId, month: Date, digest: Digest },
    /// A client's contact downloaded a month's statement: evidence. The digest is that of its PDF.
    MonthDownloaded { statement: StatementId, month: Date, digest: Digest, format: Format },
    /// Staff downloaded a month's statement; no evidence of anything.
    StaffMonthDownloaded { statement: StatementId, month: Date, format: Format },
    /// Staff took the documents of a list along as one file: all of a client's or of a month where one is named.
    RegisterTaken { format: Format, client: Option<ClientId>, month: Option<Date> },
    /// The reminder policy was changed: this version holds from now on, for this reason.
    PolicyChanged { version: u32, reason: String },
    /// Somebody left out a document of a recurring template: none is made for that period.
    RecurringSkipped { recurring: RecurringId, title: String, key: String },
    /// A contact is sent no reminders from now on: by the link in a letter, without a reason, or as staff noted it.
    ContactStopped { contact: ContactId, name: String, reason: String },
    /// Reminders go to that contact again, for this reason.
    ContactResumed { contact: ContactId, name: String, reason: String },
    /// Staff know that a contact wants no reminders, and leave it so.
    StopNoted { contact: ContactId, name: String },
    /// A letter that the mail server had taken came back: some server on the way could not deliver it, and said so.
    LetterBounced { letter: LetterId, to: String, reason: String },
    /// How much a client may owe was set, or that there is no limit, for this reason.
    CreditLimitSet { client: ClientId, limit: Option<Money>, reason: String },
    /// A client was put on hold: nothing is issued to them, for this reason.
    CreditHeld { client: ClientId, reason: String },
    /// The hold was lifted.
    CreditHoldLifted { client: ClientId },
    /// An invoice was issued although its client owes more than they may with it; whoever issued it was warned.
    CreditLimitExceeded { client: ClientId, invoice: InvoiceId, limit: Money, owed: Money },
    /// Something on Today was put off until the end of a day, for this reason.
    PutOff { item: Item, until: Date, reason: String },
    /// It is shown again before its day.
    ShownAgain { item: Item },
    /// A client's contact downloaded their open items as of a day: evidence.
    OpenItemsDownloaded { on: Date, digest: Digest, format: Format },
    /// Staff downloaded a client's open items; no evidence of anything.
    StaffOpenItemsDownloaded { on: Date, format: Format },
    /// The firm chose words of its own for a letter in a language, or went back to ours.
    LetterWorded { letter: LetterKind, language: Language, own: bool },
    /// The machine's clock leapt: letters are held back until an owner lets them go.
    ClockLeapt { from: jiff::Timestamp, to: jiff::Timestamp },
    /// A step of the policy asks staff to call.
    CallAskedFor { invoice: InvoiceId, step: i16 },
    /// Staff called about an invoice: whether they reached anybody, and what came of it.
    Called { invoice: InvoiceId, reached: bool, said: String },
    /// A payment was promised by a day, and is waited for until the last one: by a contact, or recorded by staff for
    /// the client. It may take the place of an open promise.
    PaymentPromised {
        invoice: InvoiceId,
        promise: PromiseId,
        amount: Money,
        day: Date,
        last: Date,
        note: String,
        replaces: bool,
    },
    /// An open promise was withdrawn.
    PromiseWithdrawn { invoice: InvoiceId, promise: PromiseId, amount: Money, day: Date },
    /// What was promised is settled, in time, since this day.
    PromiseKept { invoice: InvoiceId, promise: PromiseId, amount: Money, day: Date, on: Date },
    /// The day and its grace passed, and what was promised is not settled.
    PromiseBroken { invoice: InvoiceId, promise: PromiseId, amount: Money, day: Date },
    /// What had kept a promise settles the invoice no longer, and its day has not passed.
    PromiseReopened { invoice: InvoiceId, promise: PromiseId, amount: Money, day: Date },
    /// What is charged for late payment was changed, or switched on or off, for this reason.
    LatePaymentChanged { version: u32, on: bool, least: Vec<Money>, reason: String },
    /// A draft of a late payment note was made, reckoned until a day.
    LateNoteDrafted { note: InvoiceId, of: InvoiceId, total: Money, until: Date },
    /// A client is charged nothing for late payment, for this reason.
    LateExcepted { client: ClientId, reason: String },
    /// They are charged again, as everybody is.
    LateExceptionEnded { client: ClientId },
    /// Something happened to a dispute of an invoice, of so much of it.
    Dispute { invoice: InvoiceId, dispute: DisputeId, amount: Money, turn: Turn },
}

/// One line of the activity log, a link of the hash chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Counts from 1 without gaps.
    pub sequence: u64,
    /// When. Stored as a number: the log is read line by line, and a text would have to be parsed each time.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub at: Timestamp,
    /// Who and from where.
    pub by: By,
    /// The client concerned.
    pub client: Option<ClientId>,
    /// The invoice concerned.
    pub invoice: Option<InvoiceId>,
    /// What.
    pub event: Event,
    /// The link of the entry before; zeros for the first.
    pub previous: [u8; 32],
}

impl LogEntry {
    /// The contact's visit to a document's version that it proves.
    pub fn visit_to_document(&self) -> Option<(ContactId, DocumentId, u32)> {
        match (&self.by.actor, &self.event) {
            (
                Actor::Contact(contact),
                Event::DocumentOpened { document, version, .. } | Event::DocumentDownloaded { document, version, .. },
            ) => Some((*contact, *document, *version)),
            _ => None,
        }
    }
}

/// The groups that the log can be filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Issue, credit, receipts, allocations.
    Money,
    /// Letters and reminders.
    Mail,
    /// Opens and downloads.
    Visits,
    /// Sign-ins.
    SignIns,
    /// Clients, contacts, staff, firm, documents, backups.
    Settings,
}

impl Topic {
    /// All of them, in the order in which the filter offers them.
    pub const ALL: [Self; 5] = [Self::Money, Self::Mail, Self::Visits, Self::SignIns, Self::Settings];

    /// The word in the filter's query.
    pub fn code(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Mail => "mail",
            Self::Visits => "visits",
            Self::SignIns => "sign-ins",
            Self::Settings => "settings",
        }
    }
}

impl Event {
    /// The document that it is about.
    pub fn document(&self) -> Option<DocumentId> {
        use Event as E;
        match self {
            E::DocumentPosted { document, .. }
            | E::DocumentWithdrawn { document, .. }
            | E::DocumentErased { document, .. }
            | E::DocumentOpened { document, .. }
            | E::DocumentDownloaded { document, .. }
            | E::StaffDocumentDownloaded { document, .. } => Some(*document),
            _ => None,
        }
    }

    /// The group it belongs to.
    pub fn topic(&self) -> Topic {
        use Event as E;
        match self {
            E::DraftSaved { .. }
            | E::DraftDiscarded { .. }
            | E::InvoiceIssued { .. }
            | E::InvoicePublished { .. }
            | E::CreditNoteIssued { .. }
            | E::QuoteSent { .. }
            | E::ReceiptRecorded { .. }
            | E::Allocated { .. }
            | E::AllocationUndone { .. }
            | E::ReceiptReversed { .. }
            | E::PaymentTakenBack { .. }
            | E::WrittenOff { .. }
            | E::EarlyPaymentTaken { .. }
            | E::Refunded { .. }
            | E::RefundReturned { .. }
            | E::RecurringSaved { .. }
            | E::RecurringPaused { .. }
            | E::RecurringResumed { .. }
            | E::RecurringMade { .. }
            | E::RecurringFailed { .. }
            | E::RecurringSkipped { .. }
            | E::QuoteAccepted { .. }
            | E::QuoteDeclined { .. }
            | E::DocumentImported { .. }
            | E::MonthPublished { .. }
            | E::MonthFailed { .. }
            | E::CreditLimitSet { .. }
            | E::CreditHeld { .. }
            | E::CreditHoldLifted { .. }
            | E::CreditLimitExceeded { .. }
            | E::PaymentPromised { .. }
            | E::PromiseWithdrawn { .. }
            | E::PromiseKept { .. }
            | E::PromiseBroken { .. }
            | E::PromiseReopened { .. }
            | E::LatePaymentChanged { .. }
            | E::LateNoteDrafted { .. }
            | E::LateExcepted { .. }
            | E::LateExceptionEnded { .. }
            | E::Dispute { .. }
            | E::QuoteBilled { .. } => Topic::Money,
            E::LetterQueued { .. }
            | E::LetterAccepted { .. }
            | E::LetterDeferred { .. }
            | E::LetterFailed { .. }
            | E::LetterBounced { .. }
            | E::LetterUncertain { .. }
            | E::LetterDecided { .. }
            | E::LetterWithdrawn { .. }
            | E::ReminderSuperseded { .. }
            | E::ReminderExpired { .. }
            | E::ReminderSkipped { .. }
            | E::RemindersPaused { .. }
            | E::RemindersGoOn { .. }
            | E::CallAskedFor { .. }
            | E::Called { .. }
            | E::ContactStopped { .. }
            | E::ContactResumed { .. }
            | E::StopNoted { .. }
            | E::PolicyChanged { .. }
            | E::LetterWorded { .. }
            | E::PutOff { .. }
            | E::ShownAgain { .. }
            | E::SendingReleased
            | E::ClockLeapt { .. } => Topic::Mail,
            E::Opened { .. }
            | E::Downloaded { .. }
            | E::StaffPreviewed { .. }
            | E::StaffDownloaded { .. }
            | E::QuoteOpened { .. }
            | E::QuoteDownloaded { .. }
            | E::StatementOpened
            | E::StatementDownloaded { .. }
            | E::StaffStatementDownloaded { .. }
            | E::OpenItemsDownloaded { .. }
            | E::StaffOpenItemsDownloaded { .. }
            | E::DocumentOpened { .. }
            | E::DocumentDownloaded { .. }
            | E::StaffDocumentDownloaded { .. }
            | E::StaffQuoteDownloaded { .. }
            | E::ReceiptOpened { .. }
            | E::ReceiptDownloaded { .. }
            | E::StaffReceiptDownloaded { .. }
            | E::MonthOpened { .. }
            | E::MonthDownloaded { .. }
            | E::StaffMonthDownloaded { .. }
            | E::RegisterTaken { .. }
            | E::CertificateMade { .. } => Topic::Visits,
            E::SignedIn { .. } | E::SignInRefused { .. } | E::SignedOut | E::LinkRequested { .. } | E::PasswordSet => {
                Topic::SignIns
            }
            E::FirmSetUp { .. }
            | E::FirmChanged { .. }
            | E::StaffAdded { .. }
            | E::StaffChanged { .. }
            | E::ClientAdded { .. }
            | E::ClientChanged { .. }
            | E::ContactAdded { .. }
            | E::ContactChanged { .. }
            | E::ContactRevoked { .. }
            | E::ProjectAdded { .. }
            | E::BackupMade { .. }
            | E::BackupFailed { .. }
            | E::BackupLate { .. }
            | E::DrillPassed { .. }
            | E::DrillFailed { .. }
            | E::NumbersStated { .. }
            | E::DocumentPosted { .. }
            | E::DocumentWithdrawn { .. }
            | E::DocumentErased { .. }
            | E::Restored { .. }
            | E::ImportMade { .. }
            | E::ImportUndone { .. }
            | E::DropWaits { .. }
            | E::DropRefused { .. }
            | E::Exported { .. }
            | E::IdentityDownloaded { .. } => Topic::Settings,
        }
    }
}
