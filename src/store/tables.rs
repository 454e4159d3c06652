//! Every table of the data file, and the schema's version, on one screen.
//!
//! A `day` is a civil date as days since 1970-01-01, an `instant` milliseconds since then, a `person` a tag (0 staff,
//! 1 contact) with an identifier. Tables marked *index* can be rebuilt from the others, and `verify` compares them.

use redb::TableDefinition as T;

/// Version of the schema; raised with every change of shape, with one step in `migrate`.
pub const SCHEMA_VERSION: u32 = 1;

type Id = u64;
type Day = i32;
type Instant = i64;
type Bytes = &'static [u8];
type Name = &'static str;
type Hash = [u8; 32];
type Open = (Name, i64, i64);

/// Single values: schema version, firm, head and key of the activity chain, seed of the firm’s signing key, how far a
/// change of the reminder policy has got, whether PDFs go along with letters.
pub const META: T<Name, Bytes> = T::new("meta");
/// Last identifier or number given, per noun or series; under `once/`, what a form made that may be sent twice; under
/// `rate/`, when what was counted of a person is forgotten, in milliseconds, and their last letters; under `late/`, the
/// last due date, in days since 1970, of which late payment notes were drafted.
pub const SEQUENCES: T<Name, u64> = T::new("sequences");

pub const STAFF: T<Id, Bytes> = T::new("staff");
pub const CLIENTS: T<Id, Bytes> = T::new("clients");
/// *Index*: (folded name, client).
pub const CLIENTS_BY_NAME: T<(Name, Id), ()> = T::new("clients_by_name");
pub const CONTACTS: T<Id, Bytes> = T::new("contacts");
/// *Index*: (client, contact).
pub const CONTACTS_OF_CLIENT: T<(Id, Id), ()> = T::new("contacts_of_client");
pub const PROJECTS: T<Id, Bytes> = T::new("projects");
/// *Index*: (client, project).
pub const PROJECTS_OF_CLIENT: T<(Id, Id), ()> = T::new("projects_of_client");

/// Folded e-mail address to person.
pub const LOGINS: T<Name, (u8, Id)> = T::new("logins");
/// Person to password hash (PHC string).
pub const PASSWORDS: T<(u8, Id), Name> = T::new("passwords");
/// Token digest to session.
pub const SESSIONS: T<Hash, Bytes> = T::new("sessions");
/// *Index*: (person, token digest).
pub const SESSIONS_OF_PERSON: T<(u8, Id, Hash), ()> = T::new("sessions_of_person");
/// Token digest to grant.
pub const GRANTS: T<Hash, Bytes> = T::new("grants");
/// *Index*: (person, token digest).
pub const GRANTS_OF_PERSON: T<(u8, Id, Hash), ()> = T::new("grants_of_person");
/// Token digest of a browser's request to the code it waits for.
pub const CODES: T<Hash, Bytes> = T::new("codes");

pub const INVOICES: T<Id, Bytes> = T::new("invoices");
/// Number to invoice or credit note: what makes numbers unique.
pub const INVOICE_NUMBERS: T<Name, Id> = T::new("invoice_numbers");
/// *Index*: (date, invoice), issued ones.
pub const INVOICES_BY_DATE: T<(Day, Id), ()> = T::new("invoices_by_date");
/// *Index*: (client, date, invoice), issued ones.
pub const INVOICES_OF_CLIENT: T<(Id, Day, Id), ()> = T::new("invoices_of_client");
/// *Index*: (quote, invoice) of invoices that charge a part of an accepted quote, drafts too.
pub const INVOICES_OF_QUOTE: T<(Id, Id), ()> = T::new("invoices_of_quote");
/// *Index*: (invoice that was paid late, late payment note for it), drafts too.
pub const LATE_NOTES: T<(Id, Id), ()> = T::new("late_notes");
/// *Index*: (shelf, due date of the earliest open instalment, invoice) to (currency, open amount).
pub const SHELVES: T<(u8, Day, Id), (Name, i64)> = T::new("shelves");
/// *Index*: (client, shelf, due date, invoice) to (currency, open amount, what of it is open at that due date).
pub const CLIENT_SHELVES: T<(Id, u8, Day, Id), Open> = T::new("client_shelves");
/// *Index*: invoice to the (client, shelf, due date) under which the two above hold it.
pub const SHELF_OF: T<Id, (Id, u8, Day)> = T::new("shelf_of");
/// *Index*: (currency, due date) to (sum of open amounts and instalments, how many).
pub const OPEN_TOTALS: T<(Name, Day), (i64, u64)> = T::new("open_totals");
/// *Index*: client to by how many days they usually pay late, where it is not 0.
pub const HABITS: T<Id, i32> = T::new("habits");
/// *Index*: (currency, due date shifted by the client's habit) to (sum of open amounts and instalments, how many).
pub const EXPECTED: T<(Name, Day), (i64, u64)> = T::new("expected");
/// *Index*: (currency, client) to what is open.
pub const DEBTS: T<(Name, Id), i64> = T::new("debts");
/// *Index*: (currency, what is open, client).
pub const DEBTORS: T<(Name, i64, Id), ()> = T::new("debtors");
/// *Index*: (currency; client, or 0 for all of them; first day of the month) to (charged, credited, settled).
pub const MONTHS: T<(Name, Id, Day), (i64, i64, i64)> = T::new("months");

pub const QUOTES: T<Id, Bytes> = T::new("quotes");
/// Number to quote.
pub const QUOTE_NUMBERS: T<Name, Id> = T::new("quote_numbers");
/// *Index*: (date, quote).
pub const QUOTES_BY_DATE: T<(Day, Id), ()> = T::new("quotes_by_date");
/// *Index*: (client, date, quote).
pub const QUOTES_OF_CLIENT: T<(Id, Day, Id), ()> = T::new("quotes_of_client");

pub const RECEIPTS: T<Id, Bytes> = T::new("receipts");
/// Number to receipt.
pub const RECEIPT_NUMBERS: T<Name, Id> = T::new("receipt_numbers");
/// *Index*: (date, receipt).
pub const RECEIPTS_BY_DATE: T<(Day, Id), ()> = T::new("receipts_by_date");
/// *Index*: (client, date, receipt).
pub const RECEIPTS_OF_CLIENT: T<(Id, Day, Id), ()> = T::new("receipts_of_client");
/// (invoice, allocation).
pub const ALLOCATIONS: T<(Id, Id), Bytes> = T::new("allocations");
/// *Index*: (source tag, source, allocation) to invoice.
pub const ALLOCATIONS_OF_SOURCE: T<(u8, Id, Id), Id> = T::new("allocations_of_source");
/// *Index*: (client, source tag, source) of receipts and credits with something unapplied, to (currency, amount).
pub const UNAPPLIED: T<(Id, u8, Id), (Name, i64)> = T::new("unapplied");

pub const REFUNDS: T<Id, Bytes> = T::new("refunds");
/// *Index*: (client, date, refund).
pub const REFUNDS_OF_CLIENT: T<(Id, Day, Id), ()> = T::new("refunds_of_client");
/// *Index*: (source tag, source, refund).
pub const REFUNDS_OF_SOURCE: T<(u8, Id, Id), ()> = T::new("refunds_of_source");

pub const RECURRING: T<Id, Bytes> = T::new("recurring");
/// Template in 16 hexadecimal digits, `/` and period key, to (0 for a draft or invoice, 1 for a quote, 2 for one that
/// is never made, 3 for a quote that waits to be sent; its identifier): what makes a period once.
pub const RECURRING_MADE: T<Name, (u8, Id)> = T::new("recurring_made");
/// *Index*: (instant, template) of those that are to be looked at.
pub const RECURRING_DUE: T<(Instant, Id), ()> = T::new("recurring_due");

/// Month-end statements as they were published.
pub const STATEMENTS: T<Id, Bytes> = T::new("statements");
/// (client, first day of the month) to the statement that stands for it, 0 where none could be made: what makes a month
/// once.
pub const STATEMENT_MONTHS: T<(Id, Day), Id> = T::new("statement_months");
/// Client, or 0 for all that have no choice of their own, to when statements are published by themselves.
pub const STATEMENT_CHOICES: T<Id, u8> = T::new("statement_choices");

/// Digest to (length, content): content lies in `CHUNKS`, once per digest.
pub const FILES: T<Hash, (u64, Id)> = T::new("files");
/// (content, chunk number) to bytes.
pub const CHUNKS: T<(Id, u32), Bytes> = T::new("chunks");
/// *Index*: (digest, noun tag, identifier): what refers to a file.
pub const FILE_USES: T<(Hash, u8, Id), ()> = T::new("file_uses");
/// Content that is still arriving, to (client, bytes so far). No row outlives the process that wrote it.
pub const ARRIVING: T<Id, (Id, u64)> = T::new("arriving");
/// Content that nothing refers to any more, until its chunks are cleared away.
pub const LEFT_OVER: T<Id, ()> = T::new("left_over");

pub const DOCUMENTS: T<Id, Bytes> = T::new("documents");
/// *Index*: (client, project or 0, shelf, newest version, document).
pub const DOCUMENTS_OF_PROJECT: T<(Id, Id, u8, Instant, Id), ()> = T::new("documents_of_project");
/// *Index*: (client, shelf, newest version, document).
pub const DOCUMENTS_OF_CLIENT: T<(Id, u8, Instant, Id), ()> = T::new("documents_of_client");
/// *Index*: client, or 0 for all of them, to (bytes, versions) of documents.
pub const DOCUMENT_SIZES: T<Id, (u64, u64)> = T::new("document_sizes");

/// What was brought in at a time, and what was undone of it.
pub const IMPORTS: T<Id, Bytes> = T::new("imports");

/// Files from the drop folder, and what became of them.
pub const DROPS: T<Id, Bytes> = T::new("drops");
/// Digest to such a file: what makes that each is taken once.
pub const DROP_DIGESTS: T<Hash, Id> = T::new("drop_digests");
/// *Index*: those that wait for a person.
pub const DROPS_WAITING: T<Id, ()> = T::new("drops_waiting");

/// The activity log, by sequence.
pub const EVENTS: T<u64, Bytes> = T::new("events");
/// *Index*: (client, sequence).
pub const EVENTS_OF_CLIENT: T<(Id, u64), ()> = T::new("events_of_client");
/// *Index*: (invoice, sequence).
pub const EVENTS_OF_INVOICE: T<(Id, u64), ()> = T::new("events_of_invoice");
/// *Index*: entries that say where somebody was treated otherwise than the reminder policy has it.
pub const EXCEPTIONS: T<u64, ()> = T::new("exceptions");
/// *Index*: (document, sequence).
pub const EVENTS_OF_DOCUMENT: T<(Id, u64), ()> = T::new("events_of_document");
/// *Index*: (contact, document, version) to the sequence of their first visit to it.
pub const DOCUMENT_SEEN: T<(Id, Id, u32), u64> = T::new("document_seen");
/// (contact, document tag, document, hour): visits already logged in that hour.
pub const VISITS: T<(Id, u8, Id, i64), ()> = T::new("visits");

pub const LETTERS: T<Id, Bytes> = T::new("letters");
/// Key to letter: what makes sending once.
pub const LETTER_KEYS: T<Name, Id> = T::new("letter_keys");
/// *Index*: local part of the Message-ID to letter.
pub const MESSAGE_IDS: T<Name, Id> = T::new("message_ids");
/// Digest of a message that came back to what it was: what makes that each is taken once.
pub const RETURNED: T<Hash, u8> = T::new("returned");
/// *Index*: (urgency's tag, next attempt, letter) of those that wait.
pub const OUTBOX: T<(u8, Instant, Id), ()> = T::new("outbox");
/// *Index*: letter to its next attempt.
pub const OUTBOX_OF: T<Id, Instant> = T::new("outbox_of");
/// *Index*: (state tag, letter).
pub const LETTERS_BY_STATE: T<(u8, Id), ()> = T::new("letters_by_state");
/// *Index*: (invoice, letter).
pub const LETTERS_OF_INVOICE: T<(Id, Id), ()> = T::new("letters_of_invoice");
/// *Index*: (person, letter) of reminders that wait.
pub const REMINDERS_WAITING: T<(u8, Id, Id), ()> = T::new("reminders_waiting");
/// When the scheduler looks at an invoice's reminders again: (instant, invoice).
pub const REMINDERS_DUE: T<(Instant, Id), ()> = T::new("reminders_due");
/// *Index*: invoice to that instant.
pub const REMINDER_OF_INVOICE: T<Id, Instant> = T::new("reminder_of_invoice");
/// (invoice, step): steps that are settled, sent or not, with how.
pub const REMINDER_STEPS: T<(Id, i16), u8> = T::new("reminder_steps");
/// Version to the reminder policy of it. Rows are only ever added.
pub const POLICIES: T<Id, Bytes> = T::new("policies");
/// (letter, language, version) to the firm’s words of it. Rows are only ever added.
pub const WORDINGS: T<(u8, Id, Id), Bytes> = T::new("wordings");
/// Invoice to the version of the policy that its steps follow; without a row it is the one of its publication.
pub const POLICY_OF_INVOICE: T<Id, Id> = T::new("policy_of_invoice");
/// (client, invoice or 0 for all of them) to the pause of its reminders.
pub const PAUSES: T<(Id, Id), Bytes> = T::new("pauses");
/// Promises to pay.
pub const PROMISES: T<Id, Bytes> = T::new("promises");
/// *Index*: (invoice, promise).
pub const PROMISES_OF_INVOICE: T<(Id, Id), ()> = T::new("promises_of_invoice");
/// *Index*: (client, day on which it was made, promise).
pub const PROMISES_OF_CLIENT: T<(Id, Day, Id), ()> = T::new("promises_of_client");
/// *Index*: (day on which it is broken, promise) of those that are open.
pub const PROMISES_OPEN: T<(Day, Id), ()> = T::new("promises_open");
/// Disputes of invoices.
pub const DISPUTES: T<Id, Bytes> = T::new("disputes");
/// *Index*: (invoice, dispute).
pub const DISPUTES_OF_INVOICE: T<(Id, Id), ()> = T::new("disputes_of_invoice");
/// *Index*: (client, day on which it was raised, dispute).
pub const DISPUTES_OF_CLIENT: T<(Id, Day, Id), ()> = T::new("disputes_of_client");
/// *Index*: (client, or 0 for all of them; dispute) of those that stand: are open, or upheld and not credited yet.
pub const DISPUTES_OPEN: T<(Id, Id), ()> = T::new("disputes_open");
/// *Index*: invoice of which a dispute stands to (what is open of it, what of that is disputed).
pub const DISPUTED_OF: T<Id, (i64, i64)> = T::new("disputed_of");
/// *Index*: (currency; client, or 0 for all of them; due date) to (sum of disputed open amounts and instalments, how
/// many).
pub const DISPUTED: T<(Name, Id, Day), (i64, u64)> = T::new("disputed");
/// Contact to their wish for no reminders.
pub const STOPPED: T<Id, Bytes> = T::new("stopped");
/// *Index*: contacts whose wish staff have not noted yet.
pub const STOPPED_NEW: T<Id, ()> = T::new("stopped_new");

/// (client, or 0 for all of them; why; instant from which on; open invoice): who wants a person, one for each.
pub const ATTENTION: T<(Id, u8, Instant, Id), ()> = T::new("attention");
/// Open invoice to the (client, why, instant) under which it stands there.
pub const ATTENTION_OF: T<Id, (Id, u8, Instant)> = T::new("attention_of");
/// (kind, identifier) of something on Today to until when it is put off.
pub const SNOOZES: T<(u8, Id), Bytes> = T::new("snoozes");

/// Client to credit limit and hold.
pub const CREDIT_TERMS: T<Id, Bytes> = T::new("credit_terms");
/// *Index*: clients on hold.
pub const CREDIT_HOLDS: T<Id, ()> = T::new("credit_holds");

/// Version to what is charged for late payment. Rows are only ever added.
pub const LATE_PAYMENT: T<Id, Bytes> = T::new("late_payment");
/// Client to why they are charged nothing for late payment.
pub const LATE_EXCEPTIONS: T<Id, Bytes> = T::new("late_exceptions");
/// (day; 0 for an invoice, 1 for what is open of a client; its identifier): what is looked at from that day on for a
/// late payment note by itself, beside what becomes late enough. One of what is gone says nothing.
pub const LATE_LOOKS: T<(Day, u8, Id), ()> = T::new("late_looks");

/// Calls `$each` with every table, for creation, backup and verification.
#[macro_export]
macro_rules! every_table {
    ($each:ident) => {
        $crate::every_table!(@ $each: META SEQUENCES STAFF CLIENTS CLIENTS_BY_NAME CONTACTS CONTACTS_OF_CLIENT
            PROJECTS PROJECTS_OF_CLIENT LOGINS PASSWORDS SESSIONS SESSIONS_OF_PERSON GRANTS GRANTS_OF_PERSON CODES
            INVOICES INVOICE_NUMBERS INVOICES_BY_DATE INVOICES_OF_CLIENT INVOICES_OF_QUOTE SHELVES CLIENT_SHELVES
            SHELF_OF OPEN_TOTALS QUOTES QUOTE_NUMBERS QUOTES_BY_DATE QUOTES_OF_CLIENT RECEIPTS RECEIPT_NUMBERS
            RECEIPTS_BY_DATE RECEIPTS_OF_CLIENT ALLOCATIONS ALLOCATIONS_OF_SOURCE UNAPPLIED FILES CHUNKS FILE_USES
            ARRIVING LEFT_OVER REFUNDS REFUNDS_OF_CLIENT REFUNDS_OF_SOURCE RECURRING RECURRING_MADE RECURRING_DUE
            DOCUMENTS DOCUMENTS_OF_PROJECT DOCUMENTS_OF_CLIENT DOCUMENT_SIZES EVENTS EVENTS_OF_CLIENT
            EVENTS_OF_INVOICE EVENTS_OF_DOCUMENT DOCUMENT_SEEN VISITS IMPORTS DROPS DROP_DIGESTS DROPS_WAITING LETTERS
            LETTER_KEYS OUTBOX OUTBOX_OF LETTERS_BY_STATE LETTERS_OF_INVOICE REMINDERS_WAITING REMINDERS_DUE
            REMINDER_OF_INVOICE REMINDER_STEPS POLICIES POLICY_OF_INVOICE WORDINGS PAUSES STATEMENTS STATEMENT_MONTHS
            STATEMENT_CHOICES STOPPED STOPPED_NEW MESSAGE_IDS RETURNED
            CREDIT_TERMS CREDIT_HOLDS LATE_NOTES LATE_PAYMENT LATE_EXCEPTIONS LATE_LOOKS
            ATTENTION ATTENTION_OF SNOOZES
            PROMISES PROMISES_OF_INVOICE PROMISES_OF_CLIENT PROMISES_OPEN
            DISPUTES DISPUTES_OF_INVOICE DISPUTES_OF_CLIENT DISPUTES_OPEN DISPUTED_OF DISPUTED
            HABITS EXPECTED DEBTS DEBTORS MONTHS
            EXCEPTIONS)
    };
    (@ $each:ident: $($table:ident)+) => { $($each!($table);)+ };
}
