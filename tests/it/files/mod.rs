//! Documents and their files: arriving, cut off, kept once, limited, seen, served, withdrawn, erased.

mod arriving;
mod seen;
