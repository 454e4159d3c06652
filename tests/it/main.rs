//! All integration tests, in one binary: it links once.
#![expect(clippy::unwrap_used, reason = "a test that can't go on says where")]
#![expect(clippy::inconsistent_digit_grouping, reason = "cents stand apart: 100_00 is a hundred euros")]

mod along;
mod auth;
mod backups;
mod bounces;
mod browser;
mod cli;
mod desk;
mod digest;
mod disputes;
mod drops;
mod einvoices;
mod evidence;
mod faults;
mod files;
mod fuzz;
mod gates;
mod handover;
mod held;
mod hostile;
mod house;
mod imports;
mod instalments;
mod mailbox;
mod money;
mod months;
mod numbers;
mod outbox;
mod portal;
mod promises;
mod recurring;
mod restored;
mod scheduler;
mod store;
mod tidy;
mod turns;
mod walks;
mod wordings;
mod year;
