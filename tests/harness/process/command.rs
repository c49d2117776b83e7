//! How to start a program.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::{env, fs};

use anyhow::Context as _;

use super::Outflow;
use crate::must::must;
use crate::{PATIENCE, guard};

/// How to run `outflow`, in a folder of its own and without this process's `PG*` and `OUTFLOW*` variables.
#[derive(Debug)]
pub struct OutflowCommand {
    /// The working folder.
    folder: PathBuf,
    /// The process to be.
    command: Command,
}

impl OutflowCommand {
    /// A program without arguments.
    pub(super) fn new(program: &Path) -> Self {
        let folder = guard::folder("process");
        let mut command = Command::new(program);
        command.current_dir(&folder);
        for (name, _) in env::vars_os().filter(|(name, _)| is_configuration(name)) {
            command.env_remove(name);
        }
        Self { folder, command }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Writes the `outflow.toml` that the program finds in its working folder.
    #[must_use]
    pub fn config(self, toml: &str) -> Self {
        self.file("outflow.toml", toml)
    }

    /// Writes a file into the working folder.
    #[must_use]
    pub fn file(self, name: &str, content: &str) -> Self {
        must(fs::write(self.folder.join(name), content).context("cannot write a file"));
        self
    }

    /// The working folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The program's path, for a shell that starts it.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        PathBuf::from(self.command.get_program())
    }

    /// Starts the program and returns at once.
    #[track_caller]
    #[must_use]
    pub fn start(mut self) -> Outflow {
        let spawned = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", self.command.get_program().display()));
        Outflow::of(must(spawned), self.folder)
    }

    /// Runs the program to its end.
    ///
    /// # Panics
    /// If it has not ended after [`PATIENCE`].
    #[track_caller]
    #[must_use]
    pub fn run_to_end(self) -> Output {
        let process = self.start();
        let status = process.wait_exit(PATIENCE);
        Output {
            status,
            stdout: process.stdout(),
            stderr: process.stderr(),
        }
    }
}

/// What a program that has ended left.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Output {
    /// The exit code; none if a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }
}

/// Whether a variable would configure the program.
fn is_configuration(name: &OsString) -> bool {
    name.to_str()
        .is_some_and(|name| name.starts_with("PG") || name.starts_with("OUTFLOW"))
}
