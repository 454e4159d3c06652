//! The stream inside a backup's age encryption. Big endian throughout.
//!
//! | Bytes | What |
//! |---|---|
//! | 16 | `COUNTERFOIL-BKP\n` |
//! | 4 | version of this framing, 1 |
//! | 4 + n | length and text of the manifest, JSON: schema, program, when taken, configuration, tables with row counts
//! |
//! | 8 + k + v, repeated | per table in the manifest's order, per row: lengths of key and value (4 bytes each), key,
//! value |
//! | 4 | `END\n` |
//! | 8 | rows in all |
//! | 32 | SHA-256 of everything before |
//!
//! No path and no file name outside the configuration’s text is in it: there is nothing that a restore could be led
//! astray by. docs/backups.md says the same to whoever has the file and not this program.

use std::io::{self, Read, Write};

use crate::domain::anchor::Anchor;
use crate::domain::ids::Digest;
use jiff::Timestamp;

use serde::{Deserialize, Serialize};

/// First bytes.
pub(super) const MAGIC: &[u8; 16] = b"COUNTERFOIL-BKP\n";
/// What follows the last row.
pub(super) const END: &[u8; 4] = b"END\n";
/// Version of the framing.
pub(super) const FRAMING: u32 = 1;
/// Longest manifest, in bytes.
pub(super) const MANIFEST_MAX: usize = 1 << 20;
/// Longest key or value, in bytes; the store's own stay far below.
pub(super) const FIELD_MAX: usize = 64 << 20;

/// What a backup says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the tables' shapes.
    pub schema: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// The firm's name.
    pub firm: String,
    /// When the snapshot was taken.
    pub taken: Timestamp,
    /// The configuration at that time, as text; it holds no secrets.
    pub config: Option<String>,
    /// Entries of the activity log.
    pub log_entries: u64,
    /// The link of the last one, hexadecimal; with their number it is the log's anchor.
    pub log_head: String,
    /// Tables in their order, with their numbers of rows.
    pub tables: Vec<Table>,
}

/// A table of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
}

impl Manifest {
    /// The activity log's anchor at that time; `None` when the manifest's is none.
    pub fn anchor(&self) -> Option<Anchor> {
        let link = Digest::from_hex(&self.log_head)?;
        Some(Anchor { count: self.log_entries, link: link.0 })
    }

    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().fold(0, |sum, table| sum.saturating_add(table.rows))
    }
}

/// Counts and digests what passes, in either direction.
pub(super) struct Tally<T> {
    pub inner: T,
    pub bytes: u64,
    digest: ring::digest::Context,
}

impl<T> Tally<T> {
    pub fn new(inner: T) -> Self {
        Self { inner, bytes: 0, digest: ring::digest::Context::new(&ring::digest::SHA256) }
    }

    /// SHA-256 of what passed so far.
    pub fn digest(&self) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(self.digest.clone().finish().as_ref());
        out
    }

    fn note(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.digest.update(bytes);
    }
}

impl<W: Write> Write for Tally<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.inner.write(bytes)?;
        self.note(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Tally<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(out)?;
        self.note(&out[..got]);
        Ok(got)
    }
}
