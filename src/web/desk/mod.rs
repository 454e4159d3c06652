//! What staff see.

pub mod names;
pub mod today;
