//! From an older schema to this one: one transaction per step, each of which raises the version it leaves behind.
//!
//! A copy of the file is kept beside it first. A crash leaves the file before or after a step, and the next start goes
//! on from there. A newer schema is refused untouched.

use std::fmt;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use redb::{Database, WriteTransaction};

use super::crypt::{self, FileDisk, OpenError};
use super::error::StoreError;
use super::keys::Secret;
use super::tables::{META, SCHEMA_VERSION};
use super::{Store, writer};
use crate::secrets::Entropy;

/// The engine's cache meanwhile, in bytes.
const CACHE: usize = 16 << 20;

/// One step from a version to the next.
#[derive(Clone, Copy)]
pub struct Step {
    /// The version it begins with; it leaves the next one.
    pub from: u32,
    /// Changes what the file holds. The version is not its business.
    pub run: fn(&WriteTransaction) -> Result<(), StoreError>,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Step from {}", self.from)
    }
}

/// A schema and the way to it.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// Its version.
    pub version: u32,
    /// One for every earlier version, in order.
    pub steps: &'static [Step],
}

/// The schema of this program. The first released one has no way to it.
pub const CURRENT: Schema = Schema { version: SCHEMA_VERSION, steps: &[] };

/// Why a file could not be taken along.
#[derive(Debug)]
pub enum MigrationError {
    /// The copy could not be made; nothing was changed.
    Copy(PathBuf, io::Error),
    /// The file, or its copy, can't be opened.
    Open(PathBuf, OpenError),
    /// A step failed; the copy is whole, and the file as after the step before.
    Step(StoreError),
}

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copy(path, error) => write!(
                f,
                "The data file is of an earlier version, and the copy that is kept of it first could not be made as {}: \
                 {error}. Nothing was changed.",
                path.display()
            ),
            Self::Open(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Step(error) => write!(f, "The data file could not be taken to this version: {error}."),
        }
    }
}

impl std::error::Error for MigrationError {}

/// Keeps a copy of the file at `path`, whose schema is `found`, and takes it to `schema`. Where the copy lies.
///
/// # Errors
/// See [`MigrationError`].
pub fn bring_up(
    path: &Path,
    secret: &Secret,
    found: u32,
    schema: &Schema,
    entropy: &Entropy,
    progress: impl FnMut(u32, u32),
) -> Result<PathBuf, MigrationError> {
    let copy = copy_of(path, found);
    keep(path, &copy)?;
    reads(&copy, secret, schema, entropy)?;
    bring_up_new(path, secret, schema, entropy, progress)?;
    Ok(copy)
}

/// As [`bring_up`], without a copy: of a file that a restore makes and that nobody uses yet. Nothing to do with one
/// that is of `schema`.
///
/// # Errors
/// See [`MigrationError`].
pub fn bring_up_new(
    path: &Path,
    secret: &Secret,
    schema: &Schema,
    entropy: &Entropy,
    progress: impl FnMut(u32, u32),
) -> Result<(), MigrationError> {
    let opened = crypt::open(path, secret, entropy).map_err(|e| MigrationError::Open(path.to_owned(), e))?;
    Store::migrate(opened.backend, CACHE, schema, progress).map_err(MigrationError::Step)
}

/// Where the copy of a file lies: beside it, named after its schema.
fn copy_of(path: &Path, found: u32) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".schema-{found}"));
    path.with_file_name(name)
}

/// Copies a closed file byte for byte, locked meanwhile; the copy appears whole or not at all.
fn keep(path: &Path, copy: &Path) -> Result<(), MigrationError> {
    let _held = FileDisk::open(path).map_err(|e| MigrationError::Open(path.to_owned(), e))?;
    let folder = copy.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let copied = || -> io::Result<()> {
        let mut unfinished = tempfile::Builder::new()
            .prefix(".counterfoil-")
            .suffix(".unfinished")
            .permissions(Permissions::from_mode(crypt::FILE_MODE))
            .tempfile_in(folder)?;
        io::copy(&mut File::open(path)?, &mut unfinished)?;
        unfinished.as_file().sync_all()?;
        unfinished.persist(copy).map_err(|e| e.error)?;
        File::open(folder)?.sync_all()
    };
    copied().map_err(|e| MigrationError::Copy(copy.to_owned(), e))
}

/// Makes sure that the copy opens, as what it is.
fn reads(copy: &Path, secret: &Secret, schema: &Schema, entropy: &Entropy) -> Result<(), MigrationError> {
    let opened = crypt::open(copy, secret, entropy).map_err(|e| MigrationError::Open(copy.to_owned(), e))?;
    match Store::open_as(opened.backend, CACHE, false, schema) {
        Err(StoreError::OlderSchema { .. }) => Ok(()),
        Err(error) => Err(MigrationError::Step(error)),
        Ok(_) => Err(MigrationError::Copy(copy.to_owned(), io::Error::other("it is not what was copied"))),
    }
}

/// Whether the file's version `found` is this schema's.
///
/// # Errors
/// [`StoreError::NewerSchema`], [`StoreError::OlderSchema`].
pub(super) fn check(found: u32, schema: &Schema) -> Result<(), StoreError> {
    let known = schema.version;
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(StoreError::NewerSchema { found, known }),
        std::cmp::Ordering::Less => Err(StoreError::OlderSchema { found, known }),
    }
}

/// Takes the file from version `found` to the schema's; `progress` gets (version reached, version wanted).
///
/// # Errors
/// When a step fails; the file is then as after the step before.
pub(super) fn run(
    database: &Database,
    found: u32,
    schema: &Schema,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<(), StoreError> {
    for version in found..schema.version {
        let step = schema.steps.iter().find(|step| step.from == version);
        let step = step.ok_or(StoreError::OlderSchema { found: version, known: schema.version })?;
        let tx = writer::begin(database)?;
        (step.run)(&tx)?;
        tx.open_table(META)?.insert("schema", (version + 1).to_be_bytes().as_slice())?;
        tx.commit()?;
        progress(version + 1, schema.version);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use redb::{ReadableTable, TableDefinition};

    use super::*;

    const PLANTED: TableDefinition<'static, u64, u64> = TableDefinition::new("planted");

    fn first(tx: &WriteTransaction) -> Result<(), StoreError> {
        // It must find nothing of itself: a step that was cut off left nothing.
        let mut table = tx.open_table(PLANTED)?;
        assert!(table.first()?.is_none());
        table.insert(1, 10)?;
        Ok(())
    }

    fn second(tx: &WriteTransaction) -> Result<(), StoreError> {
        let mut table = tx.open_table(PLANTED)?;
        assert!(table.insert(2, 20)?.is_none());
        Ok(())
    }

    fn broken(tx: &WriteTransaction) -> Result<(), StoreError> {
        second(tx)?;
        Err(StoreError::Broken("planted".to_owned()))
    }

    const WHOLE: Schema = Schema { version: 3, steps: &[Step { from: 1, run: first }, Step { from: 2, run: second }] };
    const CUT: Schema = Schema { version: 3, steps: &[Step { from: 1, run: first }, Step { from: 2, run: broken }] };

    fn key() -> Secret {
        Secret::KeyFile([7; 32].into())
    }

    fn opened_as(path: &Path, schema: &Schema) -> Result<Store, StoreError> {
        let opened = crypt::open(path, &key(), &Entropy::seeded(1)).unwrap();
        Store::open_as(opened.backend, CACHE, false, schema)
    }

    #[test]
    fn a_file_of_an_older_schema_is_copied_and_then_taken_along_step_by_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("firm.counterfoil");
        let entropy = Entropy::seeded(2);
        crypt::create(&path, &[key()], crypt::Cipher::for_this_machine(), &entropy).unwrap();
        drop(opened_as(&path, &CURRENT).unwrap());
        // Without the steps, it is refused and left as it is, but for what opening writes.
        assert!(matches!(opened_as(&path, &WHOLE), Err(StoreError::OlderSchema { found: 1, known: 3 })));
        // Cut off in the second step: the first one stands, and the copy is the file as it was.
        assert!(bring_up(&path, &key(), 1, &CUT, &entropy, |_, _| ()).is_err());
        assert!(matches!(opened_as(&copy_of(&path, 1), &WHOLE), Err(StoreError::OlderSchema { found: 1, .. })));
        assert!(matches!(opened_as(&path, &WHOLE), Err(StoreError::OlderSchema { found: 2, .. })));
        // The next start goes on from there.
        bring_up(&path, &key(), 2, &WHOLE, &entropy, |_, _| ()).unwrap();
        drop(opened_as(&path, &WHOLE).unwrap());
        // The earlier program refuses what it does not know, and says what it needs.
        let refused = opened_as(&path, &CURRENT).unwrap_err().to_string();
        assert!(refused.contains("one that knows schema 3"), "{refused}");
        assert!(
            !std::fs::read_dir(folder.path())
                .unwrap()
                .any(|e| { e.unwrap().file_name().to_string_lossy().ends_with(".unfinished") })
        );
    }

    #[test]
    fn a_copy_that_can_not_be_made_stops_everything() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("firm.counterfoil");
        let entropy = Entropy::seeded(2);
        crypt::create(&path, &[key()], crypt::Cipher::for_this_machine(), &entropy).unwrap();
        drop(opened_as(&path, &CURRENT).unwrap());
        std::fs::create_dir(copy_of(&path, 1)).unwrap();
        std::fs::write(copy_of(&path, 1).join("in the way"), "x").unwrap();
        assert!(bring_up(&path, &key(), 1, &WHOLE, &entropy, |_, _| ()).is_err());
        assert!(matches!(opened_as(&path, &WHOLE), Err(StoreError::OlderSchema { found: 1, .. })));
    }
}
