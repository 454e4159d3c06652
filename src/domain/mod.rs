//! Pure rules: what an invoice, a payment, a right or a reminder is, and what may happen to it.
//!
//! Knows no disk, no clock, no randomness and no network: `today` and `now` are arguments. Imports no other room.

pub mod access;
pub mod anchor;
pub mod backup;
pub mod backups;
pub mod calendar;
pub mod certificate;
pub mod client;
pub mod country;
pub mod credit;
pub mod document;
pub mod drop;
pub mod event;
pub mod file_type;
pub mod firm;
pub mod format;
pub mod grant;
pub mod ids;
pub mod import;
pub mod incoming;
pub mod invoice;
pub mod letter;
pub mod locale;
pub mod money;
pub mod number;
pub mod numbering;
pub mod particulars;
pub mod party;
pub mod password;
pub mod payment;
pub mod person;
pub mod project;
pub mod quote;
pub mod quote_billing;
pub mod rate;
pub mod recurring;
pub mod refusal;
pub mod reminder;
pub mod rules;
pub mod sentence;
pub mod statement;
pub mod tax;
pub mod terms;
pub mod text;
pub mod transfer;
