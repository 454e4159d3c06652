//! Quotes: sending them, and the client's answer.

mod answer;
mod send;

pub use answer::{REASON_MAX, Reply, answer};
pub use send::{NewQuote, send, send_in};
