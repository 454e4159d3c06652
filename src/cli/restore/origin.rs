//! Where a backup is read from: a file, or an item of a folder or a bucket.

use std::fs::File;
use std::path::PathBuf;

use jiff::Timestamp;

use super::super::Failure;
use crate::backup::header::Header;
use crate::backup::points::PointSource;
use crate::backup::whole::WholeSource;
use crate::backup::{BackupError, Depot, FolderDepot, Source};
use crate::config::Config;
use crate::domain::backup::{Item, stamped};

/// Options that name it.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct OriginArgs {
    /// The backup, or a folder of backups
    #[arg(long, value_name = "FILE|DIR", required_unless_present = "s3")]
    from: Option<PathBuf>,
    /// Instead, the bucket that the section [s3] of this configuration names
    #[arg(long, value_name = "CONFIG", conflicts_with = "from")]
    s3: Option<PathBuf>,
    /// Which one of a folder or bucket, such as 2026-11-22T031500Z; `counterfoil backup list` shows what there is
    /// [default: the newest]
    #[arg(long, value_name = "TIME")]
    point: Option<String>,
}

/// Where the backup is read from.
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// An item of a folder or a bucket.
    Kept(Box<dyn Depot>, Item),
}

impl Origin {
    /// Finds it.
    ///
    /// # Errors
    /// When there is none, or its place can't be read.
    pub fn of(args: &OriginArgs) -> Result<Self, Failure> {
        let point = args.point.as_deref();
        let depot: Box<dyn Depot> = match (&args.s3, &args.from) {
            (Some(config), _) => Box::new(super::super::backup::bucket(&Config::load(config)?)?),
            (None, Some(from)) if from.is_dir() => Box::new(FolderDepot::at(from)),
            (None, Some(from)) if point.is_none() => return Ok(Self::File(from.clone())),
            (None, Some(from)) => {
                return Err(Failure::new(format!("{} is no folder, so that it has no points.", from.display())));
            }
            (None, None) => return Err(Failure::new("Name the backup with --from, or its bucket with --s3.")),
        };
        let mut all: Vec<(Timestamp, Item)> =
            depot.items()?.into_iter().filter_map(|(item, _)| restorable(item)).collect();
        all.sort();
        let wanted =
            point.map_or_else(|| all.last(), |text| all.iter().find(|(taken, _)| stamped(text) == Some(*taken)));
        match (wanted, point) {
            (Some((_, item)), _) => Ok(Self::Kept(depot, *item)),
            (None, None) => {
                Err(Failure::new("There are no backups in it that bear the names which `backup` gives them."))
            }
            (None, Some(text)) => {
                let text = text.escape_debug();
                Err(Failure::new(format!("It holds nothing of {text}. `counterfoil backup list` shows what there is.")))
            }
        }
    }

    /// What its header says.
    ///
    /// # Errors
    /// When it can't be read, or is no file that age encrypted.
    pub fn header(&self) -> Result<Header, Failure> {
        let read = match self {
            Self::File(path) => File::open(path).map_err(BackupError::Io).and_then(Header::read),
            Self::Kept(depot, item) => depot.open(*item).map_err(BackupError::from).and_then(Header::read),
        };
        read.map_err(|error| self.about(error))
    }

    /// To read it from.
    pub fn source(&self) -> Box<dyn Source + '_> {
        match self {
            Self::File(path) => Box::new(path.clone()),
            Self::Kept(depot, Item::Point(taken)) => Box::new(PointSource::new(&**depot, *taken)),
            Self::Kept(depot, item) => Box::new(WholeSource { depot: &**depot, item: *item }),
        }
    }

    /// What went wrong, with its name.
    pub fn about(&self, error: BackupError) -> Failure {
        match (self, error) {
            (Self::File(path), BackupError::Io(e)) => Failure::file(path, &e),
            (Self::File(path), other) => Failure::new(format!("{}: {}", path.display(), Failure::from(other))),
            (Self::Kept(depot, item), BackupError::Io(e)) => depot.about(*item, e).into(),
            (Self::Kept(..), other @ (BackupError::Far(..) | BackupError::At(..))) => other.into(),
            (Self::Kept(_, item), other) => Failure::new(format!("{item}: {}", Failure::from(other))),
        }
    }
}

fn restorable(item: Item) -> Option<(Timestamp, Item)> {
    match item {
        Item::Whole(taken) | Item::Point(taken) => Some((taken, item)),
        Item::List(_) | Item::Piece(_) => None,
    }
}
