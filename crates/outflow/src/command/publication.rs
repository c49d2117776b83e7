//! `outflow publication`.

use crate::args::{Output, PublicationCommand};
use crate::config::Config;
use crate::exit::{Exit, Failure};

/// Carries out one verb of `outflow publication`.
///
/// # Errors
/// [`Failure`] with the exit code of what went wrong.
pub(crate) async fn publication(
    _config: Config,
    _args: PublicationCommand,
    _output: Output,
) -> Result<(), Failure> {
    Err(Failure::new(
        Exit::Bug,
        "`outflow publication` is not written yet",
    ))
}
