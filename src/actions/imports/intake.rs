//! What was read of the files that are to be brought in, before anything is compared with what is kept.
//!
//! Knows no store: reading takes long, and is done outside the transaction.

use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::domain::client::Party;
use crate::domain::ids::Digest;
use crate::domain::incoming::Incoming;
use crate::domain::language::Language;
use crate::domain::money::Currency;
use crate::domain::payment::Method;
use crate::domain::terms::DueRule;

/// A line of the report: where, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The file's name.
    pub file: Arc<str>,
    /// The row of a table, or the line of an XML; 0 for the whole.
    pub row: u32,
    /// The column's heading or the field; may be empty.
    pub column: String,
    /// Whether it keeps what it is about from being brought in.
    pub grave: bool,
    /// What is wrong or worth knowing.
    pub message: String,
}

/// A client as a row gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRow {
    /// Name, address, VAT number.
    pub party: Party,
    /// The other program's own reference.
    pub reference: String,
    /// Language, if it says one that there is here.
    pub language: Option<Language>,
    /// Currency, if it says one.
    pub currency: Option<Currency>,
    /// Payment terms, if it says some.
    pub terms: Option<DueRule>,
    /// A note.
    pub note: String,
    /// The contact in the same row.
    pub contact: Option<ContactRow>,
}

/// A contact as a row gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRow {
    /// Whose, by name, reference or VAT number; empty within a client's own row.
    pub client: String,
    /// Full name.
    pub name: String,
    /// Their part.
    pub title: String,
    /// E-mail address as written.
    pub email: String,
    /// Telephone.
    pub phone: String,
    /// Language, if it says one that there is here; within a client's own row it is the client's.
    pub language: Option<Language>,
}

/// An invoice or credit note with what it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRow {
    /// What it says.
    pub incoming: Incoming,
    /// What it was read from: a PDF, XML, or the rows of a table.
    pub bytes: Vec<u8>,
    /// Which of them.
    pub media_type: &'static str,
    /// Whom its table calls its client, where the buyer's name may be a reference.
    pub client: String,
    /// An address of somebody at the client.
    pub email: String,
}

/// Money received as a row gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    /// From whom, by name, reference or VAT number; may be empty where it names an invoice.
    pub client: String,
    /// The invoice that it settles; may be empty.
    pub number: String,
    /// How much.
    pub amount: Decimal,
    /// In which currency; the invoice's or the client's when it doesn't say.
    pub currency: Option<Currency>,
    /// When.
    pub on: Date,
    /// How.
    pub method: Method,
    /// The payer's reference.
    pub reference: String,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A client.
    Client(Box<ClientRow>),
    /// A contact.
    Contact(ContactRow),
    /// An invoice or credit note.
    Document(Box<DocumentRow>),
    /// Money received.
    Payment(PaymentRow),
}

/// One thing to be brought in, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file's name.
    pub file: Arc<str>,
    /// The row of a table; 0 for a file that is one document.
    pub row: u32,
    /// What.
    pub what: What,
}

/// Everything that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intake {
    /// The files in a few words.
    pub files: String,
    /// The SHA-256 over those of the files.
    pub digest: Digest,
    /// Rows of tables and documents that were read.
    pub rows: usize,
    /// What is to be brought in.
    pub entries: Vec<Entry>,
    /// What could not be read, or was read with a doubt.
    pub remarks: Vec<Remark>,
    /// The tables as they were understood, for the form that says what their columns hold.
    pub tables: Vec<Understood>,
}

impl Intake {
    /// What was understood, without what is to be brought in.
    #[must_use]
    pub fn without_rows(self) -> Self {
        Self { entries: Vec::new(), remarks: Vec::new(), ..self }
    }
}

/// How a table was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Understood {
    /// The file's name.
    pub file: Arc<str>,
    /// What it lists, if that is known.
    pub listing: Option<super::columns::Listing>,
    /// Headings and what their columns hold.
    pub columns: Vec<(String, Option<super::columns::Field>)>,
    /// Whether the order of day and month could not be told from its dates.
    pub dates_unclear: bool,
}
