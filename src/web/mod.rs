//! What people see over HTTP: pages, their parts, and the files that style them.
//!
//! Must not know how anything is stored; money and dates arrive here already in words.

pub mod assets;
pub mod charts;
pub mod page;
pub mod parts;
