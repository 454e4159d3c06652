//! What programs that others wrote make of ours: a browser, a mail server, `age`, PDF readers. `tests/run` installs
//! them; without the feature `peers` nothing here is built.
#![expect(clippy::unwrap_used, reason = "a test that can't go on says where")]

mod access;
mod browser;
mod chromium;
mod corpus;
mod einvoices;
mod files;
mod imap;
mod languages;
mod looks;
mod mta;
mod pages;
mod program;
mod s3;
mod smtp;
mod speed;
mod visitor;
