//! What staff see.

pub mod today;
