//! Runs the binary in an environment of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Makes a command line of the binary, among the samples and without any variable.
pub(crate) fn outflow(line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outflow"));
    command
        .args(line)
        .env_clear()
        .current_dir(samples())
        .stdin(Stdio::null());
    command
}

/// The folder of configuration samples.
pub(crate) fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/config")
}

/// What a command printed and how it ended.
pub(crate) struct Ended {
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
    /// The exit code.
    pub(crate) code: Option<i32>,
}

/// Runs a command to its end.
pub(crate) fn end(mut command: Command) -> Ended {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended {
        out: text(stdout),
        err: text(stderr),
        code: status.code(),
    }
}
