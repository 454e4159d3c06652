//! What staff see.

pub mod account;
pub mod client;
pub mod client_form;
pub mod client_money;
pub mod client_people;
pub mod client_statement;
pub mod client_timeline;
pub mod clients;
pub mod confirm;
pub mod contact_form;
pub mod contacts;
pub mod form;
pub mod logo;
pub mod moments;
pub mod names;
pub mod party_form;
pub mod projects;
pub mod settings;
pub mod settings_form;
pub mod staff;
pub mod staff_form;
pub mod standing;
pub mod today;
