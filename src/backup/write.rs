//! Writing a backup: one snapshot, in constant memory.

use std::io::{self, Write};

use jiff::Timestamp;

use super::beside::{Pieces, beside};
use super::drill::Facts;
use super::manifest::{END, FIELD_MAX, FRAMING, MAGIC, Manifest, Table, Tally};
use super::{BackupError, identity};
use crate::domain::ids::Digest;
use crate::store::dump;
use crate::store::prelude::*;

/// Rows between two calls of the progress callback.
const PROGRESS_ROWS: u64 = 256;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Length of the encrypted file.
    pub bytes: u64,
    /// SHA-256 of the encrypted file.
    pub digest: [u8; 32],
    /// Rows in it.
    pub rows: u64,
    /// What a file restored from it must agree in.
    pub facts: Facts,
}

/// Encrypts the snapshot to the recipients that it names itself, into `out`. `progress` gets (rows done, rows in all).
///
/// # Errors
/// When there is no recipient, or reading or writing fails; what went to `out` is then no backup.
pub fn write(
    tx: &ReadTx,
    taken: Timestamp,
    config: Option<String>,
    out: impl Write + Send,
    progress: impl FnMut(u64, u64),
) -> Result<Written, BackupError> {
    write_also(tx, taken, config, None, out, progress)
}

/// As [`write`], and encrypts it to one more identity, which is to be forgotten soon: see `drill.rs`.
///
/// # Errors
/// As [`write`].
pub fn write_also(
    tx: &ReadTx,
    taken: Timestamp,
    config: Option<String>,
    also: Option<&str>,
    out: impl Write + Send,
    mut progress: impl FnMut(u64, u64),
) -> Result<Written, BackupError> {
    // The data file's own recipients come first and must be there whoever else there is.
    let mut recipients = identity::recipients(&tx.backup_recipients()?)?;
    if let Some(also) = also {
        recipients.extend(identity::recipients(&[also.to_owned()])?);
    }
    let manifest = manifest(tx, taken, config)?;
    let encryptor = identity::encryptor(&recipients, &tx.sealed_identities()?)?;
    let mut outer = Tally::new(out);
    // Three threads: reading, sealing, and writing.
    let seal = |sealed: &mut Pieces| {
        let mut inner = encryptor.wrap_output(sealed).map_err(BackupError::from)?;
        beside(
            |pieces| stream(tx, &manifest, pieces, &mut progress),
            |piece| inner.write_all(piece).map_err(BackupError::from),
        )?;
        inner.finish().map(drop).map_err(BackupError::from)
    };
    beside(seal, |piece| outer.write_all(piece).map_err(BackupError::from))?;
    outer.flush().map_err(BackupError::from)?;
    Ok(Written { bytes: outer.bytes, digest: outer.digest(), rows: manifest.rows(), facts: Facts::of(tx)? })
}

/// As [`write`], in the clear: whoever takes it seals it, with a passphrase. What was written is told of that.
///
/// # Errors
/// When reading or writing fails.
pub fn write_clear(
    tx: &ReadTx,
    taken: Timestamp,
    config: Option<String>,
    out: impl Write + Send,
    mut progress: impl FnMut(u64, u64),
) -> Result<Written, BackupError> {
    let manifest = manifest(tx, taken, config)?;
    let mut out = Tally::new(out);
    beside(
        |pieces| stream(tx, &manifest, pieces, &mut progress),
        |piece| out.write_all(piece).map_err(BackupError::from),
    )?;
    out.flush().map_err(BackupError::from)?;
    Ok(Written { bytes: out.bytes, digest: out.digest(), rows: manifest.rows(), facts: Facts::of(tx)? })
}

/// What a backup of the snapshot says about itself.
pub(super) fn manifest(tx: &ReadTx, taken: Timestamp, config: Option<String>) -> Result<Manifest, BackupError> {
    let tables = dump::survey(tx)?.into_iter().map(|(name, rows)| Table { name, rows }).collect();
    let firm = tx.firm()?.party.name;
    let program = env!("CARGO_PKG_VERSION").to_owned();
    let anchor = tx.anchor()?;
    let (log_entries, log_head) = (anchor.count, Digest(anchor.link).to_string());
    Ok(Manifest { schema: crate::store::SCHEMA_VERSION, program, firm, taken, config, log_entries, log_head, tables })
}

/// A part of the stream that has ended.
pub(super) enum Part<'a> {
    /// What comes before the rows.
    Manifest,
    /// A row, of so many bytes.
    Row { table: &'a str, key: &'a [u8], bytes: u64 },
    /// All rows.
    Rows,
    /// Everything.
    Stream,
}

/// Where a stream goes.
pub(super) trait Sink: Write {
    /// Hears that a part has ended.
    ///
    /// # Errors
    /// What becomes the stream's own.
    fn ended(&mut self, _: Part<'_>) -> Result<(), BackupError> {
        Ok(())
    }
}

impl Sink for io::Sink {}
impl Sink for Pieces {}

impl<W: Sink> Sink for Tally<W> {
    fn ended(&mut self, part: Part<'_>) -> Result<(), BackupError> {
        self.inner.ended(part)
    }
}

impl<W: Sink> Sink for &mut W {
    fn ended(&mut self, part: Part<'_>) -> Result<(), BackupError> {
        (**self).ended(part)
    }
}

/// Writes the stream of `manifest.rs`; its digest.
pub(super) fn stream(
    tx: &ReadTx,
    manifest: &Manifest,
    out: impl Sink,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<[u8; 32], BackupError> {
    let text = serde_json::to_vec(manifest).map_err(|e| BackupError::Io(e.into()))?;
    stream_named(tx, &text, manifest.rows(), out, progress)
}

/// As [`stream`], with the text of a manifest that counts `all` rows.
pub(super) fn stream_named(
    tx: &ReadTx,
    text: &[u8],
    all: u64,
    out: impl Sink,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<[u8; 32], BackupError> {
    let mut out = Tally::new(out);
    put(&mut out, &[MAGIC, &FRAMING.to_be_bytes(), &length(text)?, text])?;
    out.ended(Part::Manifest)?;
    let mut done = 0_u64;
    dump::dump(tx, |table, key, value| {
        let before = out.bytes;
        put(&mut out, &[&length(key)?, &length(value)?, key, value])?;
        let bytes = out.bytes - before;
        out.ended(Part::Row { table, key, bytes })?;
        done += 1;
        if done.is_multiple_of(PROGRESS_ROWS) || done == all {
            progress(done, all);
        }
        Ok::<_, BackupError>(())
    })?;
    out.ended(Part::Rows)?;
    put(&mut out, &[END, &done.to_be_bytes()])?;
    let digest = out.digest();
    put(&mut out, &[&digest])?;
    out.flush().map_err(BackupError::from)?;
    out.ended(Part::Stream)?;
    if done == all {
        Ok(digest)
    } else {
        Err(BackupError::Damaged("the snapshot changed while it was read".to_owned()))
    }
}

fn put(out: &mut impl Write, parts: &[&[u8]]) -> Result<(), BackupError> {
    parts.iter().try_for_each(|bytes| out.write_all(bytes)).map_err(BackupError::from)
}

fn length(bytes: &[u8]) -> Result<[u8; 4], BackupError> {
    match u32::try_from(bytes.len()) {
        Ok(length) if bytes.len() <= FIELD_MAX => Ok(length.to_be_bytes()),
        _ => Err(BackupError::Io(io::Error::other("a stored record is too long for a backup"))),
    }
}
