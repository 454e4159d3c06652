//! The portal over HTTP: listening, the layers every request passes, pages, their parts, and the files that style them.
//!
//! The only room that knows axum and hyper. Pages must not know how anything is stored; money and dates arrive there
//! already in words.

pub mod archive;
pub mod assets;
pub mod auth;
pub mod bundle;
pub mod bundle_choice;
pub mod certificate;
pub mod charts;
pub mod demo_mail;
pub mod desk;
pub mod dispute_form;
pub mod download;
pub mod forms;
mod gate;
pub mod guard;
pub mod layers;
pub mod listener;
pub mod month_file;
pub mod open_items;
pub mod page;
pub mod parts;
pub mod path;
mod patience;
pub mod portal;
pub mod problem;
mod promise_form;
mod redirect;
pub mod routes;
pub mod state;
pub mod statement_file;
mod stream;
pub mod throttle;
pub mod ticked;
pub mod tls;
mod upload;

pub use gate::ConnectionLimits;
