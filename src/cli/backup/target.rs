//! Where a backup goes: a file, a folder or a bucket that keeps some, or standard output. It appears whole or not at
//! all.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::super::protocol::Backup;
use super::super::unfinished::Unfinished;
use super::super::{Failure, terminal};
use crate::backup::drill::{FileTrial, Trial};
use crate::backup::folder::{self, Part};
use crate::backup::pace::{Paced, Rate};
use crate::backup::passphrase::{Passphrase, Sealing};
use crate::backup::s3::S3Depot;
use crate::backup::whole::{self, WholeSource, WholeTrial};
use crate::backup::{Begun, Depot, FolderDepot, Sealed, unfinished};
use crate::domain::backup::{Item, Keep, second};

/// Stands for standard output.
const STANDARD_OUTPUT: &str = "-";

/// What the options name.
pub enum Place {
    /// A file, and whether it may be replaced.
    File(PathBuf, bool),
    /// A folder, and what it keeps; everything when nothing is said.
    Folder(PathBuf, Option<Keep>),
    /// A bucket, and what it keeps.
    Bucket(S3Depot, Option<Keep>),
    /// Standard output.
    Output,
}

impl Place {
    /// A file's name, or `-`.
    ///
    /// # Errors
    /// When it is there and may not be replaced, or bytes would go to a terminal.
    pub fn file(to: PathBuf, replace: bool) -> Result<Self, Failure> {
        if to.as_os_str() == STANDARD_OUTPUT {
            return match io::stdout().is_terminal() {
                true => Err(Failure::new("A backup is no text to look at. Send it on: … --to - > FILE")),
                false => Ok(Self::Output),
            };
        }
        if !replace && to.symlink_metadata().is_ok() {
            let to = to.display();
            return Err(Failure::new(format!("{to} is there already. Choose another name, or add --replace.")));
        }
        Ok(Self::File(to, replace))
    }

    /// A folder of this machine near it, for a drill.
    pub fn beside(&self) -> PathBuf {
        match self {
            Self::File(to, _) => match to.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                Some(parent) => parent.to_owned(),
                None => PathBuf::from("."),
            },
            Self::Folder(folder, _) => folder.clone(),
            Self::Bucket(..) | Self::Output => PathBuf::from("."),
        }
    }
}

/// A backup on its way.
pub struct Target {
    place: Place,
    taken: Timestamp,
    to: PathBuf,
    out: Layer,
    bytes: u64,
}

/// What arrives is sealed already, or sealed here, with a passphrase.
enum Layer {
    Sealed(Paced<Out>),
    Sealing(Box<Sealing<Paced<Out>>>),
}

enum Out {
    Part(Part, Unfinished),
    Far(Box<dyn Begun>),
    Output(File),
}

impl Target {
    /// Begins to write a backup taken at this instant; with a passphrase, what arrives is sealed with it.
    ///
    /// # Errors
    /// When the place can't be written.
    pub fn begin(
        place: Place,
        taken: Timestamp,
        rate: Option<Rate>,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, Failure> {
        let taken = second(taken);
        let (to, out) = match &place {
            Place::File(to, _) => (to.clone(), part(to)?),
            Place::Folder(folder, _) => {
                for left in unfinished::sweep_backups(folder) {
                    let left = left.display();
                    terminal::say(&format!("{left} was left by a backup that was interrupted, and is removed."));
                }
                let to = folder::place(folder, taken);
                (to.clone(), part(&to)?)
            }
            Place::Bucket(depot, _) => {
                let to = PathBuf::from(Item::Whole(taken).to_string());
                (to, Out::Far(depot.begin(Item::Whole(taken))?))
            }
            Place::Output => {
                let out = io::stdout().as_fd().try_clone_to_owned().map_err(|e| Failure::new(format!("{e}.")))?;
                (PathBuf::from(STANDARD_OUTPUT), Out::Output(File::from(out)))
            }
        };
        let out = Paced::new(out, rate);
        let out = match passphrase {
            Some(words) => Layer::Sealing(Box::new(words.seal(out)?)),
            None => Layer::Sealed(out),
        };
        Ok(Self { place, taken, to, out, bytes: 0 })
    }

    /// Where it goes, for sentences.
    pub fn path(&self) -> &Path {
        &self.to
    }

    /// Puts it in place, if it is what was sent.
    ///
    /// # Errors
    /// When something else arrived, or the system refuses.
    pub fn keep(self, sent: &Backup) -> Result<Kept, Failure> {
        // The digest is of what was sent: it is compared with what lies there, by a drill or when it is read back.
        if self.bytes != sent.bytes {
            return Err(Failure::new("What arrived is not what the server sent, so nothing was kept. Try again."));
        }
        let failed = |e| Failure::file(&self.to, &e);
        let (out, sealed) = match self.out {
            Layer::Sealed(out) => (out, Sealed { bytes: sent.bytes, digest: sent.digest }),
            Layer::Sealing(sealing) => sealing.finish().map_err(failed)?,
        };
        match out.into_inner() {
            Out::Output(mut out) => out.flush().map_err(failed)?,
            Out::Far(begun) => begun.keep()?,
            Out::Part(part, watch) => {
                watch.complete();
                part.keep(matches!(self.place, Place::File(_, true))).map_err(failed)?;
            }
        }
        Ok(Kept { place: self.place, to: self.to, taken: self.taken, sealed })
    }
}

/// A backup that is in its place.
#[must_use = "its folder may hold older ones"]
pub struct Kept {
    place: Place,
    to: PathBuf,
    taken: Timestamp,
    sealed: Sealed,
}

impl Kept {
    /// The file, as it lies there.
    pub fn sealed(&self) -> Sealed {
        self.sealed
    }

    /// Removes what its folder no longer keeps.
    ///
    /// # Errors
    /// When the system refuses; the backup is there all the same.
    pub fn thin_out(&self) -> Result<(), Failure> {
        let gone = match &self.place {
            Place::Folder(folder, Some(keep)) => whole::thin_out(&FolderDepot::at(folder), self.taken, *keep)?,
            Place::Bucket(depot, Some(keep)) => whole::thin_out(depot, self.taken, *keep)?,
            _ => return Ok(()),
        };
        gone.iter().for_each(|item| terminal::say(&format!("{item} is no longer kept.")));
        Ok(())
    }

    /// What a drill reads.
    pub fn trial(&self) -> Box<dyn Trial + '_> {
        match &self.place {
            Place::Bucket(depot, _) => Box::new(WholeTrial {
                source: WholeSource { depot, item: Item::Whole(self.taken) },
                sealed: self.sealed,
            }),
            _ => Box::new(FileTrial { path: &self.to, bytes: self.sealed.bytes, digest: self.sealed.digest.0 }),
        }
    }

    /// Reads back what lies elsewhere, before it counts.
    ///
    /// # Errors
    /// When it is not what was sent.
    pub fn read_back(&self) -> Result<(), Failure> {
        match &self.place {
            Place::Bucket(..) => Ok(self.trial().read_back(&mut |_, _| Ok(()))?),
            _ => Ok(()),
        }
    }
}

fn part(to: &Path) -> Result<Out, Failure> {
    let part = Part::beside(to).map_err(|e| Failure::file(to.parent().unwrap_or(to), &e))?;
    let watch = Unfinished::watch(part.path())?;
    Ok(Out::Part(part, watch))
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = match &mut self.out {
            Layer::Sealed(out) => out.write(bytes),
            Layer::Sealing(sealing) => sealing.write(bytes),
        }?;
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Layer::Sealed(out) => out.flush(),
            Layer::Sealing(sealing) => sealing.flush(),
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Part(part, _) => part.write(bytes),
            Self::Far(begun) => begun.write(bytes),
            Self::Output(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Part(part, _) => part.flush(),
            Self::Far(begun) => begun.flush(),
            Self::Output(out) => out.flush(),
        }
    }
}
