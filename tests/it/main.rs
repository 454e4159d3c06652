//! All integration tests, in one binary: it links once.
#![expect(clippy::unwrap_used, reason = "a test that can't go on says where")]

mod auth;
mod browser;
mod desk;
mod house;
mod money;
mod portal;
mod scheduler;
mod store;
mod tidy;
mod walks;
mod year;
