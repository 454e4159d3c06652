//! Incremental backups: points in a folder, which share the pieces that did not change between them.
//!
//! A backup is one stream (`manifest.rs`). Here it is cut into pieces at the ends of rows, where a keyed digest of the
//! row's key says so, so that a changed row changes the piece that it lies in and no other. The folder holds:
//!
//! | Name | What |
//! |---|---|
//! | `pieces/‹64 hex›.piece` | age file: one piece |
//! | `counterfoil-‹time›.point` | age file: which pieces, in order, make the stream of that time |
//! | `counterfoil-‹time›.pieces` | in the clear: which files that point needs, with lengths and SHA-256 |
//!
//! `age -d` of a point's pieces, one after the other, gives exactly what `age -d` gives of a whole backup. A piece is
//! called after HMAC-SHA256 of its content, with a key that belongs to the data file and to its recipients: the server
//! knows by it what is there already without being able to open it, and to others the name tells nothing. With other
//! recipients everything is written anew, so that each of them can open all of it.
//!
//! Order of work: pieces, each read back and opened before it counts; then the list; then the point, which is there
//! from then on. Removal goes the other way round, and a piece goes only when no list names it. So after a crash at any
//! step every point that is there has all that it needs.

mod check;
mod cut;
mod keep;
mod lists;
mod open;
mod take;
#[cfg(test)]
mod tests;
mod trial;

pub use check::{Standing, inspect, points};
pub use keep::{Thinned, thin_out};
pub use open::PointSource;
pub use take::{Job, Taken, take};
pub use trial::PointTrial;
