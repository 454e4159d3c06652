//! Identifiers: one type per noun, so that no two can be mixed up. Given in sequence by the store, never reused.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub struct $name(pub u64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A client: a customer organisation.
    ClientId;
    /// A person at a client.
    ContactId;
    /// A person of the firm.
    StaffId;
    /// A project of a client.
    ProjectId;
    /// An invoice or a credit note, also while it is a draft without a number.
    InvoiceId;
    /// A quote.
    QuoteId;
    /// Money received.
    ReceiptId;
    /// The part of a receipt or credit that settles an invoice.
    AllocationId;
    /// Money paid back.
    RefundId;
    /// A promise to pay.
    PromiseId;
    /// A dispute of an invoice.
    DisputeId;
    /// A template from which documents come again and again.
    RecurringId;
    /// A document: any file, with versions.
    DocumentId;
    /// The bytes of a file as they lie in the store.
    ContentId;
    /// A letter: one e-mail to one person.
    LetterId;
    /// What was brought in from another program at a time.
    ImportId;
    /// A file from the drop folder.
    DropId;
    /// A month-end statement that was published.
    StatementId;
}

/// The SHA-256 of a file's bytes; content is stored once per digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Digest(pub [u8; 32]);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Digest {
    /// Reads what is displayed: 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut out = [0; 32];
        let nibble = |c: u8| char::from(c).to_digit(16).and_then(|n| u8::try_from(n).ok());
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        for (byte, [high, low]) in out.iter_mut().zip(pairs) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        (pairs.len() == out.len() && rest.is_empty()).then_some(Self(out))
    }
}

/// A stored file: what it holds and how it is offered for download.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileRef {
    /// Of the bytes.
    pub digest: Digest,
    /// Length in bytes.
    pub length: u64,
    /// The name offered for download, without a path.
    pub name: String,
    /// Our own media type for it, never the uploader's claim.
    pub media_type: String,
}
