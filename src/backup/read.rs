//! Reading a backup: every byte is checked, and nothing that it says is believed beyond named limits.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use super::BackupError;
use super::identity::Opener;
use super::manifest::{END, FIELD_MAX, FRAMING, MAGIC, MANIFEST_MAX, Manifest, Tally};
use crate::store::dump::Row;

/// Longest age header, in bytes: some dozens of recipients. Each one costs work before anything is proved.
pub(super) const HEADER_MAX: usize = 8 * 1024;
/// First bytes of a file that age encrypted.
pub(super) const AGE: &[u8] = b"age-encryption.org/v1\n";
/// Bytes of rows given on at once.
const BATCH_BYTES: usize = 1 << 20;
/// Rows given on at once.
const BATCH_ROWS: usize = 4_096;

/// A backup that was read to its end and found whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What it says about itself.
    pub manifest: Manifest,
    /// The same as it stands there: what is restored is compared by its bytes, whatever a later program would write.
    pub(super) text: Vec<u8>,
    /// SHA-256 of the stream within.
    pub digest: [u8; 32],
}

/// Where a backup is read from, as often as is needed.
pub trait Source {
    /// Its stream, decrypted, from the beginning.
    ///
    /// # Errors
    /// When it is not there, not a backup, or the identity does not open it.
    fn open<'s>(&'s self, identity: &'s Opener) -> Result<Box<dyn Read + 's>, BackupError>;
}

impl Source for Path {
    fn open<'s>(&'s self, identity: &'s Opener) -> Result<Box<dyn Read + 's>, BackupError> {
        opened(File::open(self).map_err(BackupError::Io)?, identity)
    }
}

impl Source for PathBuf {
    fn open<'s>(&'s self, identity: &'s Opener) -> Result<Box<dyn Read + 's>, BackupError> {
        self.as_path().open(identity)
    }
}

/// Reads all of a backup and checks framing, counts and digest. `progress` gets (rows done, rows in all).
///
/// # Errors
/// A sentence that says what is wrong with it; nothing was written anywhere.
pub fn check<S: Source + ?Sized>(
    source: &S,
    identity: &Opener,
    mut progress: impl FnMut(u64, u64),
) -> Result<Summary, BackupError> {
    check_while(source, identity, &mut |done, all| {
        progress(done, all);
        Ok(())
    })
}

/// As [`check`]; `progress` may break it off.
pub(super) fn check_while<S: Source + ?Sized>(
    source: &S,
    identity: &Opener,
    progress: &mut Progress<'_>,
) -> Result<Summary, BackupError> {
    each_batch(source, identity, &mut |_, _| Ok(()), progress)
}

/// Hears (rows done, rows in all), and may break off.
pub(super) type Progress<'a> = dyn FnMut(u64, u64) -> Result<(), BackupError> + 'a;

/// Takes rows of a table, in batches.
pub(super) type Take<'a> = dyn FnMut(&str, &[Row]) -> Result<(), BackupError> + 'a;

/// As [`check`], and gives the rows to `each`, table by table in batches.
pub(super) fn each_batch<S: Source + ?Sized>(
    source: &S,
    identity: &Opener,
    each: &mut Take<'_>,
    progress: &mut Progress<'_>,
) -> Result<Summary, BackupError> {
    each_batch_of(source.open(identity)?, each, progress)
}

/// As [`each_batch`], of what age has decrypted.
fn each_batch_of(plain: impl Read, each: &mut Take<'_>, progress: &mut Progress<'_>) -> Result<Summary, BackupError> {
    let mut stream = Tally::new(BufReader::with_capacity(BATCH_BYTES / 4, plain));
    let (manifest, text) = manifest(&mut stream)?;
    let (mut done, all) = (0_u64, manifest.rows());
    for table in &manifest.tables {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for left in (0..table.rows).rev() {
            let row = row(&mut stream)?;
            bytes += row.0.len() + row.1.len();
            batch.push(row);
            done += 1;
            if left == 0 || bytes >= BATCH_BYTES || batch.len() >= BATCH_ROWS {
                each(&table.name, &batch)?;
                (batch, bytes) = (Vec::new(), 0);
                progress(done, all)?;
            }
        }
    }
    let digest = end(&mut stream, done)?;
    Ok(Summary { manifest, text, digest })
}

/// As [`check`], of what age would have decrypted; `each` gets the rows. For `fuzz/`, which can't seal what it makes.
///
/// # Errors
/// As [`check`].
#[cfg(fuzzing)]
pub fn check_stream(plain: impl Read, each: &mut Take<'_>) -> Result<Summary, BackupError> {
    each_batch_of(plain, each, &mut |_, _| Ok(()))
}

/// What a file that age encrypted holds.
///
/// # Errors
/// When it is not such a file, asks for more than a backup does, or is not encrypted to this identity.
pub(super) fn opened<'r>(mut file: impl Read + 'r, identity: &Opener) -> Result<Box<dyn Read + 'r>, BackupError> {
    use age::DecryptError as E;
    let mut start = Vec::with_capacity(HEADER_MAX);
    file.by_ref().take(HEADER_MAX as u64).read_to_end(&mut start).map_err(BackupError::from)?;
    if !start.starts_with(AGE) {
        return Err(if AGE.starts_with(&start) { BackupError::CutShort } else { BackupError::NotABackup });
    }
    // The header's last line begins with three dashes; a longer header is not looked at.
    if !start.windows(5).any(|bytes| bytes == b"\n--- ") {
        return Err(if start.len() < HEADER_MAX { BackupError::CutShort } else { BackupError::NotABackup });
    }
    let file = BufReader::with_capacity(BATCH_BYTES / 4, io::Cursor::new(start).chain(file));
    let decryptor = age::Decryptor::new_buffered(file).map_err(|error| match error {
        E::Io(e) => broken(e),
        _ => BackupError::NotABackup,
    })?;
    match decryptor.decrypt(std::iter::once(identity as &dyn age::Identity)) {
        Ok(stream) => Ok(Box::new(stream)),
        // The latter for a passphrase.
        Err(E::NoMatchingKeys | E::DecryptionFailed) => Err(BackupError::OtherIdentity),
        Err(E::ExcessiveWork { .. }) => Err(BackupError::NotABackup),
        Err(E::Io(e)) => Err(broken(e)),
        Err(_) => Err(BackupError::Damaged("its header is not what was written".to_owned())),
    }
}

/// All of a short stream, and one byte more when it is longer than `max`.
pub(super) fn at_most(stream: impl Read, max: u64) -> Result<Vec<u8>, BackupError> {
    let mut out = Vec::new();
    stream.take(max.saturating_add(1)).read_to_end(&mut out).map_err(broken)?;
    Ok(out)
}

/// The manifest, of this schema or an earlier one, and its text.
fn manifest(stream: &mut impl Read) -> Result<(Manifest, Vec<u8>), BackupError> {
    // A file that ends within its first bytes, and was sealed so, was never a backup; a cut one is an error to read.
    let mut start = Vec::new();
    Read::take(&mut *stream, MAGIC.len() as u64).read_to_end(&mut start).map_err(broken)?;
    if start != MAGIC {
        return Err(BackupError::Foreign);
    }
    let framing = u32::from_be_bytes(take(stream)?);
    if framing != FRAMING {
        return Err(BackupError::Newer(format!("framing {framing}")));
    }
    let text = field(stream, MANIFEST_MAX)?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|_| damaged("its manifest can't be read"))?;
    match manifest.schema {
        0 => Err(damaged("its schema was never released")),
        1..=crate::store::SCHEMA_VERSION => Ok((manifest, text)),
        _ => Err(BackupError::Newer(manifest.program)),
    }
}

fn row(stream: &mut impl Read) -> Result<Row, BackupError> {
    let key = u32::from_be_bytes(take(stream)?) as usize;
    let value = u32::from_be_bytes(take(stream)?) as usize;
    Ok((bytes(stream, key, FIELD_MAX)?, bytes(stream, value, FIELD_MAX)?))
}

/// The end: totals, digest, and nothing after them.
fn end<R: Read>(stream: &mut Tally<R>, rows: u64) -> Result<[u8; 32], BackupError> {
    if take::<4>(stream)? != *END || u64::from_be_bytes(take(stream)?) != rows {
        return Err(damaged("its records are not as many as it says"));
    }
    let digest = stream.digest();
    if take::<32>(stream)? != digest {
        return Err(damaged("its digest doesn't match"));
    }
    match stream.read(&mut [0]).map_err(broken)? {
        0 => Ok(digest),
        _ => Err(damaged("something follows its end")),
    }
}

fn field(stream: &mut impl Read, max: usize) -> Result<Vec<u8>, BackupError> {
    let length = u32::from_be_bytes(take(stream)?) as usize;
    bytes(stream, length, max)
}

fn bytes(stream: &mut impl Read, length: usize, max: usize) -> Result<Vec<u8>, BackupError> {
    if length > max {
        return Err(damaged("a record in it is longer than any can be"));
    }
    let mut out = Vec::new();
    stream.take(length as u64).read_to_end(&mut out).map_err(broken)?;
    if out.len() == length { Ok(out) } else { Err(BackupError::CutShort) }
}

fn take<const N: usize>(stream: &mut impl Read) -> Result<[u8; N], BackupError> {
    let mut out = [0; N];
    stream.read_exact(&mut out).map_err(broken)?;
    Ok(out)
}

fn damaged(what: &str) -> BackupError {
    BackupError::Damaged(what.to_owned())
}

/// What an error while reading says about the backup.
pub(super) fn broken(error: io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => BackupError::CutShort,
        io::ErrorKind::InvalidData => damaged("it was altered or cut"),
        _ => BackupError::from(error),
    }
}
