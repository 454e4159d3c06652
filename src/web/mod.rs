//! The portal over HTTP: listening, the layers every request passes, pages, their parts, and the files that style them.
//!
//! The only room that knows axum and hyper. Pages must not know how anything is stored; money and dates arrive there
//! already in words.

pub mod assets;
pub mod charts;
mod gate;
pub mod layers;
pub mod listener;
pub mod page;
pub mod parts;
mod patience;
mod redirect;
pub mod tls;

pub use gate::ConnectionLimits;
