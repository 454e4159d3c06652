//! `counterfoil backup list`: what a folder or a bucket of backups holds, told without opening any of it.

use std::path::PathBuf;

use super::super::{Failure, terminal};
use super::bucket;
use crate::backup::points::{self, Standing};
use crate::backup::{Depot, FolderDepot};
use crate::config::Config;
use crate::domain::backup::Item;

/// Options of `counterfoil backup list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder
    #[arg(value_name = "DIR", required_unless_present = "s3")]
    folder: Option<PathBuf>,
    /// The bucket that the section [s3] of this configuration names
    #[arg(long, value_name = "CONFIG", conflicts_with = "folder")]
    s3: Option<PathBuf>,
}

/// Prints a line for each backup, oldest first: its time, its size, and what it is.
///
/// # Errors
/// When the place can't be read.
pub fn run(args: &Args) -> Result<(), Failure> {
    let depot: Box<dyn Depot> = match (&args.s3, &args.folder) {
        (Some(config), _) => Box::new(bucket(&Config::load(config)?)?),
        (None, Some(folder)) => Box::new(FolderDepot::at(folder)),
        (None, None) => return Err(Failure::new("Name a folder, or a configuration with --s3.")),
    };
    let whole = |(item, bytes)| match item {
        Item::Whole(taken) => Some((taken, format!("{bytes} bytes, whole: {item}"))),
        _ => None,
    };
    let mut all: Vec<_> = depot.items()?.into_iter().filter_map(whole).collect();
    all.extend(points::points(&*depot)?.into_iter().map(|point| (point.taken, words(&point))));
    all.sort();
    if all.is_empty() {
        return Err(Failure::new(
            "There are no backups that bear the names of `backup --folder`, `--s3` or the night. Any other file is \
             restored by its own name.",
        ));
    }
    all.iter().for_each(|(taken, words)| terminal::say(&format!("{}  {words}", taken.strftime("%Y-%m-%dT%H%M%SZ"))));
    Ok(())
}

fn words(point: &Standing) -> String {
    match point.needs {
        Some((bytes, pieces)) => {
            format!("{bytes} bytes in {pieces} pieces, {} of them in no earlier point: a point", point.added)
        }
        None => "a point whose list is missing or can't be read; a restore may work all the same".to_owned(),
    }
}
