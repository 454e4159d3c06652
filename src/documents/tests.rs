//! Tests of the room that need nothing but Rust.
