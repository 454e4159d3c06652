//! The mail room: turns a letter into MIME bytes and hands it to a mail server, a folder or memory, and reads what
//! comes back.
//!
//! It says what became of each letter ([`Verdict`]) and nothing more: queues, retries and the texts of letters are
//! decided elsewhere. It must not know the store, the clock, or who the recipient is to the firm.

pub mod bounce;
mod dialog;
pub mod dkim;
mod headers;
pub mod imap;
mod imap_answer;
mod imap_dialog;
pub mod imap_walkthrough;
mod letter_html;
mod letter_words;
pub mod letters;
pub mod letters_digest;
mod letters_german;
pub mod letters_own;
pub mod letters_starters;
pub mod message;
#[cfg(test)]
mod message_tests;
pub mod notices;
pub mod notices_disputes;
mod notices_german;
mod pace;
mod reach;
mod reply;
pub mod resolve;
pub mod returns;
#[cfg(test)]
mod scripted_server;
pub mod settings;
mod smtp;
#[cfg(test)]
mod smtp_tests;
pub mod transport;
pub mod trust;
pub mod walkthrough;
#[cfg(test)]
mod walkthrough_tests;

#[cfg(fuzzing)]
pub use reply::read_answer;

pub use message::{Attachment, MessageError, Outgoing, check_address};
pub use settings::{Limits, Password, Security, SettingsError, SmtpSettings, Timeouts};
pub use smtp::SmtpMailer;
pub use transport::{FolderMailer, Kept, Line, Mailer, MemoryMailer, Moment, Still, Verdict, Waiting};
