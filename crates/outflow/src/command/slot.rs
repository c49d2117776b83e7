//! `outflow slot`.

use crate::args::{Output, SlotCommand};
use crate::config::Config;
use crate::exit::{Exit, Failure};

/// Carries out one verb of `outflow slot`.
///
/// # Errors
/// [`Failure`] with the exit code of what went wrong.
pub(crate) async fn slot(
    _config: Config,
    _args: SlotCommand,
    _output: Output,
) -> Result<(), Failure> {
    Err(Failure::new(Exit::Bug, "`outflow slot` is not written yet"))
}
