//! Counterfoil, a client extranet that a firm hosts itself.
//!
//! The rooms from top to bottom; a room may use those below it, never those above or beside it:
//!
//! `cli` › `web | scheduler` › `actions | backup` › `app` › `store | documents | mail` › `domain`
//!
//! `config`, `clock`, `secrets` and `mutants` are leaves that any room but `domain` may use. `tests/it/tidy.rs` holds
//! the rule.

pub mod actions;
pub mod app;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod documents;
pub mod domain;
pub mod mail;
pub mod mutants;
pub mod scheduler;
pub mod secrets;
pub mod store;
pub mod web;
