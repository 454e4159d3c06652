//! All integration tests, in one binary: it links once.
#![expect(clippy::unwrap_used, reason = "a test that can't go on says where")]

mod browser;
mod desk;
mod house;
mod money;
mod scheduler;
mod store;
mod tidy;
mod walks;
mod year;
