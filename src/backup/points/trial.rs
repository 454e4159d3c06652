//! The restore drill of a point. The server can't open pieces of earlier nights; but each was read back, opened and
//! compared when it was written, and is still the same file, which `check::inspect` reads. So the drill opens what was
//! written for this point, takes the content of the others from the snapshot, where it has the same keyed name, and
//! restores the whole.

use std::io::Read;
use std::sync::{Arc, mpsc};

use super::super::BackupError;
use super::super::depot::Depot;
use super::super::drill::Trial;
use super::super::identity::Opener;
use super::super::read::Source;
use super::super::write::{manifest, stream};
use super::check::inspect;
use super::cut::{Cutter, Naming};
use super::open::{Pieces, piece};
use super::take::Taken;
use crate::domain::ids::Digest;
use crate::store::prelude::*;

/// Pieces that wait to be compared.
const AHEAD: usize = 2;

/// A point that was just taken.
pub struct PointTrial<'a> {
    /// Where it lies.
    pub depot: &'a dyn Depot,
    /// Of which snapshot.
    pub snapshot: &'a Arc<ReadTx>,
    /// The configuration that went along.
    pub config: Option<String>,
    /// How it was taken.
    pub taken: &'a Taken,
}

impl Source for PointTrial<'_> {
    fn open<'s>(&'s self, identity: &'s Opener) -> Result<Box<dyn Read + 's>, BackupError> {
        let content = self.content()?;
        let fetch = move |name: Digest, bytes: u64, key: &[u8; 32]| {
            let differs = || BackupError::Damaged("its pieces are not those of its snapshot".to_owned());
            let (held, content) = content.recv().map_err(|_| differs())??;
            if held != name {
                return Err(differs());
            }
            if self.taken.fresh.contains(&name) { piece(self.depot, identity, name, bytes, key) } else { Ok(content) }
        };
        Ok(Box::new(Pieces::begin(self.depot, self.taken.taken, identity, Box::new(fetch))?))
    }
}

type Content = mpsc::Receiver<Result<(Digest, Vec<u8>), BackupError>>;

impl PointTrial<'_> {
    /// The pieces of the snapshot, in order. Their thread ends with whoever reads them.
    fn content(&self) -> Result<Content, BackupError> {
        let (snapshot, naming) = (Arc::clone(self.snapshot), Naming::of(self.snapshot)?);
        let manifest = manifest(&snapshot, self.taken.taken, self.config.clone())?;
        let (send, receive) = mpsc::sync_channel(AHEAD);
        let cut = move || {
            let mut each =
                |name: Digest, bytes: &[u8]| send.send(Ok((name, bytes.to_vec()))).map_err(|_| BackupError::Stopped);
            let done = stream(&snapshot, &manifest, Cutter::new(&naming, &mut each), &mut |_, _| ());
            if let Err(error) = done {
                let _ = send.send(Err(error));
            }
        };
        let thread = std::thread::Builder::new().name("drill".to_owned()).spawn(cut);
        thread.map(|_| receive).map_err(BackupError::Io)
    }
}

impl Trial for PointTrial<'_> {
    fn read_back(&self, progress: &mut dyn FnMut(u64, u64) -> Result<(), BackupError>) -> Result<(), BackupError> {
        inspect(self.depot, self.snapshot, progress).map(drop)
    }
}
