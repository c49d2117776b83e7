//! The built binary, as a user meets it: help, errors, exit codes, configuration.

mod command;
mod config;
mod help;
mod samples;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Makes a command line of the binary, in an environment of its own.
fn outflow(line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outflow"));
    command
        .args(line)
        .env_clear()
        .current_dir(samples())
        .stdin(Stdio::null());
    command
}

/// The folder of configuration samples.
fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/config")
}

/// What a command printed and how it ended.
struct Ended {
    /// Standard output.
    out: String,
    /// Standard error.
    err: String,
    /// The exit code.
    code: Option<i32>,
}

/// Runs a command to its end.
fn end(mut command: Command) -> Ended {
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
