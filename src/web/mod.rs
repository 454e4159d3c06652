//! The portal over HTTP: listening, the layers every request passes, pages.
//!
//! The only room that knows axum and hyper.

mod gate;
pub mod layers;
pub mod listener;
mod patience;
mod redirect;
pub mod tls;

pub use gate::ConnectionLimits;
