//! Quotes: sending them in versions, and the client's answer.

mod answer;
mod send;

pub use answer::{Reply, answer, answerable, terms_digest};
pub use send::{Following, NewQuote, send, send_in, send_version, send_version_in};
