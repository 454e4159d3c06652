//! Room.
pub mod tls;
