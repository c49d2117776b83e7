//! `outflow run`.

use crate::args::RunArgs;
use crate::config::Config;
use crate::exit::{Exit, Failure};

/// Streams events until it is stopped, or caught up.
///
/// # Errors
/// [`Failure`] with the exit code of what went wrong.
pub(crate) async fn run(_config: Config, _args: RunArgs) -> Result<(), Failure> {
    Err(Failure::new(Exit::Bug, "`outflow run` is not written yet"))
}
