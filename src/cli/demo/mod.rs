//! `counterfoil demo`: an example firm to look around in.

use super::Failure;

/// Options of `counterfoil demo`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Serves the example firm.
///
/// # Errors
/// Always, in this build.
pub fn run(_: Args) -> Result<(), Failure> {
    Err(Failure::new("This build has no demo."))
}
