//! What is printed on standard output: a reader that has gone ends the command quietly.

use std::io::{self, Write};

use serde_json::Value as Json;

use crate::exit::Failure;

/// Prints text as it is.
///
/// # Errors
/// [`Failure::output`].
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Prints bytes as they are.
///
/// # Errors
/// [`Failure::output`].
pub(crate) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(Failure::output)
}

/// Prints a JSON document.
///
/// # Errors
/// [`Failure::output`].
pub(crate) fn print_json(document: &Json) -> Result<(), Failure> {
    print(&format!("{document:#}\n"))
}
