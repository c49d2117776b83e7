//! The program as its users run it: a process with arguments, an environment, two streams and an exit code.

mod binary;
mod lines;
mod usage;

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use self::binary::binary;
pub use self::lines::Line;
use self::lines::Lines;
use crate::must::must;
use crate::wait::try_until;
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
            .context("cannot start outflow");
        let mut child = must(spawned);
        let lines = Lines::of([
            child.stdout.take().map(Into::into),
            child.stderr.take().map(Into::into),
        ]);
        Outflow {
            pid: child.id(),
            folder: self.folder,
            child: Mutex::new(child),
            lines,
        }
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

/// A running `outflow`. Killed when dropped.
#[derive(Debug)]
pub struct Outflow {
    /// Its process id.
    pid: u32,
    /// Its working folder.
    folder: PathBuf,
    /// The process.
    child: Mutex<Child>,
    /// What it has printed.
    lines: Lines,
}

impl Outflow {
    /// The program, to be given more arguments and started.
    #[must_use]
    pub fn command(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> OutflowCommand {
        Self::program(&must(binary())).args(arguments)
    }

    /// Another program in its place, run and watched in the same way: a rival in a benchmark.
    #[must_use]
    pub fn program(program: &Path) -> OutflowCommand {
        let folder = guard::folder("process");
        let mut command = Command::new(program);
        command.current_dir(&folder);
        for (name, _) in env::vars_os().filter(|(name, _)| is_configuration(name)) {
            command.env_remove(name);
        }
        OutflowCommand { folder, command }
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The working folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Waits for a line, of standard output or error, that contains this text, and returns it; lines from before the
    /// call count.
    ///
    /// # Panics
    /// At the deadline, or when the program ends without it, with all that it has printed.
    #[track_caller]
    pub fn wait_for_line(&self, text: &str, deadline: Duration) -> String {
        self.wait_for_line_after(0, text, deadline)
    }

    /// As [`wait_for_line`](Self::wait_for_line), among the lines after the first `seen`.
    ///
    /// # Panics
    /// As there.
    #[track_caller]
    pub fn wait_for_line_after(&self, seen: usize, text: &str, deadline: Duration) -> String {
        match self.lines.wait(seen, text, deadline) {
            Some(line) => line,
            None => panic!("no line with {text:?}:\n{}", self.lines.transcript()),
        }
    }

    /// How many lines it has printed so far: a mark for [`wait_for_line_after`](Self::wait_for_line_after), to be
    /// taken before the act.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.lines.all().len()
    }

    /// The lines that it has printed so far, in the order in which they were read.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.lines.all()
    }

    /// Standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.lines.text(Line::is_stdout)
    }

    /// Standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.lines.text(|line| !line.is_stdout())
    }

    /// Sends a signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let child = self.child();
        let sent = i32::try_from(child.id())
            .context("no process id")
            .and_then(|pid| kill(Pid::from_raw(pid), signal).context("cannot signal outflow"));
        must(sent);
    }

    /// Kills it with SIGKILL and waits for its end.
    #[track_caller]
    pub fn kill9(&self) {
        self.signal(Signal::SIGKILL);
        self.wait_exit(PATIENCE);
    }

    /// Asks it to stop with SIGTERM and waits for its end.
    #[track_caller]
    pub fn stop(&self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        self.wait_exit(PATIENCE)
    }

    /// Waits for its end; afterwards all that it printed is there.
    ///
    /// # Panics
    /// At the deadline, with all that it has printed.
    #[track_caller]
    pub fn wait_exit(&self, deadline: Duration) -> ExitStatus {
        let mut child = self.child();
        let ended = try_until(deadline, "outflow to end", || {
            child.try_wait().ok().flatten()
        });
        let status = must(ended.map_err(|late| late.context(self.lines.transcript())));
        self.lines.wait_closed();
        status
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn exited(&self) -> Option<ExitStatus> {
        self.child().try_wait().ok().flatten()
    }

    /// The process; a test that failed while holding it leaves it as it is.
    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Outflow {
    fn drop(&mut self) {
        let mut child = self.child();
        if !matches!(child.try_wait(), Ok(Some(_))) {
            drop(child.kill());
            drop(child.wait());
        }
        if std::thread::panicking() {
            eprintln!(
                "--- outflow {} printed:\n{}",
                self.pid,
                self.lines.transcript()
            );
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Whether a variable would configure the program.
fn is_configuration(name: &OsString) -> bool {
    name.to_str()
        .is_some_and(|name| name.starts_with("PG") || name.starts_with("OUTFLOW"))
}
