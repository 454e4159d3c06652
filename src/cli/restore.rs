//! Placeholder.
use super::Failure;
/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {}
pub fn run(_: Args) -> Result<(), Failure> {
    Err(Failure::new("Not in this build."))
}
