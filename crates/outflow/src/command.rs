//! The commands: one file a verb.

pub(crate) mod completions;
pub(crate) mod config;
mod confirm;
pub(crate) mod man;
pub(crate) mod publication;
pub(crate) mod run;
pub(crate) mod slot;
pub(crate) mod version;

use crate::exit::{Exit, Failure, Hint};

/// Answers for a command that a later version brings.
pub(crate) fn later(command: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("`outflow {command}` is not part of this version"),
    )
    .hint(Hint::LaterVersion)
}
