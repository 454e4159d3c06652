//! Quotes: what a client may accept until the end of the last day of validity.

use std::net::IpAddr;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::client::Party;
use super::ids::{ClientId, ContactId, Digest, FileRef, ProjectId, QuoteId, StaffId};
use super::number::DocumentNumber;
use super::tax::{Line, Totals};

/// What the client answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Nothing yet.
    Open,
    /// Accepted.
    Accepted(Given),
    /// Declined, with the reason given; may be empty.
    Declined(Given, String),
}

/// An answer as it was given: what stands for a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub contact: ContactId,
    /// Their name then.
    pub name: String,
    /// The network address of the request.
    pub address: Option<IpAddr>,
    /// The PDF that was answered.
    pub pdf: Digest,
}

/// A quote that was sent; its bytes never change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Identifier.
    pub id: QuoteId,
    /// For whom.
    pub client: ClientId,
    /// Filed under.
    pub project: Option<ProjectId>,
    /// Of the firm's own series.
    pub number: DocumentNumber,
    /// What it is about, in a few words.
    pub title: String,
    /// Civil date of issue.
    pub issued: Date,
    /// Last civil day, in the firm's zone, on which it can be accepted.
    pub valid_until: Date,
    /// What is offered.
    pub lines: Vec<Line>,
    /// Of the lines.
    pub totals: Totals,
    /// Free text below the lines.
    pub note: String,
    /// The firm as it was.
    pub seller: Party,
    /// The client as it was.
    pub buyer: Party,
    /// The PDF.
    pub pdf: FileRef,
    /// When it was sent.
    pub at: Timestamp,
    /// By whom.
    pub by: StaffId,
    /// What the client said.
    pub answer: Answer,
}

impl Quote {
    /// Whether nobody answered it and, on `today` in the firm's zone, nobody can any more: its last day counts whole.
    pub fn expired(&self, today: Date) -> bool {
        self.answer == Answer::Open && today > self.valid_until
    }
}
