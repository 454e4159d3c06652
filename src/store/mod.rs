//! The data file: what is kept, and how it is kept from others. The only room that knows redb.

pub mod crypt;
pub mod keys;
