//! Stored forms: a version byte, then the postcard encoding of the type.
//!
//! The version is a promise: when the shape of a type changes, its version is raised here, the old shape is kept beside
//! it and read by `migrate`. Enum variants are only ever added at the end. `tests/it/store.rs` holds golden bytes of
//! every record, so that a changed shape can't pass unnoticed.

use serde::{Serialize, de::DeserializeOwned};

use super::error::StoreError;
use crate::domain::attention::Snooze;
use crate::domain::backup::SealedIdentities;
use crate::domain::backups::Backups;
use crate::domain::client::Client;
use crate::domain::credit_terms::CreditTerms;
use crate::domain::dispute::Dispute;
use crate::domain::document::Document;
use crate::domain::drop::Dropped;
use crate::domain::event::LogEntry;
use crate::domain::firm::Firm;
use crate::domain::grant::{CodeRequest, Grant, Session};
use crate::domain::import::Import;
use crate::domain::invoice::Invoice;
use crate::domain::late_payment::{LateException, LatePaymentVersion};
use crate::domain::letter::Letter;
use crate::domain::monthly::MonthStatement;
use crate::domain::pause::{Pause, Stopped};
use crate::domain::payment::{Allocation, Receipt, Refund};
use crate::domain::person::{Contact, Staff};
use crate::domain::policy::PolicyVersion;
use crate::domain::project::Project;
use crate::domain::promise::Promise;
use crate::domain::quote::Quote;
use crate::domain::recurring::Recurring;
use crate::domain::wording::Wording;

/// A type that is stored.
pub trait Record: Serialize + DeserializeOwned {
    /// Version of its shape.
    const VERSION: u8;
    /// Its name in errors.
    const NAME: &'static str;

    /// The stored form.
    fn encode(&self) -> Result<Vec<u8>, StoreError> {
        postcard::to_extend(self, vec![Self::VERSION]).map_err(|_| StoreError::Record(Self::NAME))
    }

    /// Reads the stored form; every byte must belong to it.
    ///
    /// # Errors
    /// [`StoreError::Record`] for another version or a broken form.
    fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let broken = StoreError::Record(Self::NAME);
        match bytes.split_first() {
            Some((version, rest)) if *version == Self::VERSION => match postcard::take_from_bytes(rest) {
                Ok((value, [])) => Ok(value),
                _ => Err(broken),
            },
            _ => Err(broken),
        }
    }
}

macro_rules! records {
    ($($type:ty = $name:literal v $version:literal;)+) => {$(
        impl Record for $type {
            const VERSION: u8 = $version;
            const NAME: &'static str = $name;
        }
    )+

        /// What is stored, in an order that only grows at its end: the name of each, and how its stored form is read
        /// and stored again; `None` of what is none.
        pub const ALL: &[(&str, fn(&[u8]) -> Option<Vec<u8>>)] = &[$((<$type as Record>::NAME, again::<$type>)),+];
    };
}

fn again<R: Record>(bytes: &[u8]) -> Option<Vec<u8>> {
    R::decode(bytes).ok()?.encode().ok()
}

records! {
    Firm = "firm" v 1;
    Staff = "staff" v 1;
    Client = "client" v 1;
    Contact = "contact" v 1;
    Project = "project" v 1;
    Invoice = "invoice" v 1;
    Quote = "quote" v 1;
    Document = "document" v 1;
    Receipt = "receipt" v 1;
    Allocation = "allocation" v 1;
    Refund = "refund" v 1;
    Recurring = "recurring" v 1;
    Letter = "letter" v 1;
    LogEntry = "event" v 1;
    Grant = "grant" v 1;
    CodeRequest = "code" v 1;
    Session = "session" v 1;
    Backups = "backups" v 1;
    SealedIdentities = "sealed identities" v 1;
    Import = "import" v 1;
    Dropped = "dropped file" v 1;
    Pause = "pause" v 1;
    Promise = "promise to pay" v 1;
    Dispute = "dispute" v 1;
    Stopped = "stop of reminders" v 1;
    MonthStatement = "month-end statement" v 1;
    PolicyVersion = "reminder policy" v 1;
    CreditTerms = "credit terms" v 1;
    Snooze = "snooze" v 1;
    Wording = "wording of a letter" v 1;
    LatePaymentVersion = "late payment" v 1;
    LateException = "exception from late payment" v 1;
}
