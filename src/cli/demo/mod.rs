//! demo
pub mod accounting;
pub mod firm;
pub mod plan;
pub mod story;
pub mod work;

/// Options of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Serves the example firm.
///
/// # Errors
/// Always, until the example firm is served.
pub fn run(_: Args) -> Result<(), super::Failure> {
    Err(super::Failure::new("the example firm is not served yet"))
}
