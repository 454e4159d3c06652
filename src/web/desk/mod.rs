//! What staff see.

pub mod client;
pub mod client_form;
pub mod client_money;
pub mod client_people;
pub mod client_timeline;
pub mod clients;
pub mod contact_form;
pub mod contacts;
pub mod form;
pub mod moments;
pub mod names;
pub mod party_form;
pub mod projects;
pub mod standing;
pub mod today;
