//! `outflow completions`.

use clap_complete::{Shell, generate};

use crate::args::Args;
use crate::exit::Failure;
use crate::output;

/// Prints the script that teaches a shell our commands and options.
///
/// # Errors
/// [`Failure::output`].
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    // Into memory: the generator panics where its writer fails, as a closed pipe does.
    let mut script = Vec::new();
    generate(shell, &mut Args::clap(), "outflow", &mut script);
    output::print_bytes(&script)
}
