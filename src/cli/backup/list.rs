//! `counterfoil backup list`: what a folder of backups holds, told without opening any of it.

use std::path::PathBuf;

use super::super::{Failure, terminal};
use crate::backup::points::{self, Standing};
use crate::backup::{Depot, FolderDepot};
use crate::domain::backup::Item;

/// Options of `counterfoil backup list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Prints a line for each backup, oldest first: its time, its size, and what it is.
///
/// # Errors
/// When the folder can't be read.
pub fn run(args: &Args) -> Result<(), Failure> {
    let depot = FolderDepot::reading(&args.folder);
    let whole = |(item, bytes)| match item {
        Item::Whole(taken) => Some((taken, format!("{bytes} bytes, whole: {item}"))),
        _ => None,
    };
    let mut all: Vec<_> = depot.items()?.into_iter().filter_map(whole).collect();
    all.extend(points::points(&depot)?.into_iter().map(|point| (point.taken, words(&point))));
    all.sort();
    if all.is_empty() {
        return Err(Failure::new(format!("{} holds no backups.", args.folder.display())));
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
