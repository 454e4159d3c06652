//! Clients: the customer organisations that the firm bills.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::{ClientId, StaffId};
use super::language::Language;
use super::money::Currency;
pub use super::party::Party;
use super::terms::DueRule;

/// A customer organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Identifier.
    pub id: ClientId,
    /// Name, address and VAT identifier as they will be printed.
    pub party: Party,
    /// The firm's own reference for the client (a number in the accounting system); may be empty.
    pub reference: String,
    /// In which they are written to; `None` for the firm's.
    pub language: Option<Language>,
    /// Currency of new documents.
    pub currency: Currency,
    /// How the due date of new documents follows.
    pub terms: DueRule,
    /// Who looks after them.
    pub manager: Option<StaffId>,
    /// What staff should keep in mind; clients never see it.
    pub note: String,
    /// When they were added.
    pub since: Timestamp,
}
